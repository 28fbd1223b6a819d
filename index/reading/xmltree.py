"""PURE: XML from a stranger -> a tree: no entity of its own is expanded, no other file or address is read."""

from __future__ import annotations

import re
from html.entities import html5
from typing import Any

from index.errors import ReadError
from index.reading.characters import decode

_DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,200}?\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[<>]{0,1000}(?:\[.{0,20000}?\]\s*)?>", re.DOTALL)
_PROLOGUE = 4000
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,30});")
_OF_XML = frozenset(("amp", "lt", "gt", "quot", "apos"))


def parse_xml(data: bytes) -> Any:
    """The root of an XML file, its elements and attributes named without their namespaces.

    The named characters of HTML (`&nbsp;`) are understood, as EPUB chapters use them. Raises ReadError.
    """
    from lxml import etree

    text = _NAMED.sub(_character, _without_doctype(_DECLARATION.sub("", decode(data))))
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ReadError("it is not valid XML") from error
    for element in root.iter(etree.Element):
        element.tag = local(str(element.tag)).lower()
        for name, value in element.items():
            if name.startswith("{") and element.get(local(name)) is None:
                element.set(local(name), value)
    return root


def local(name: str) -> str:
    """A name without its namespace: "{http://…}title" is "title"."""
    return name.rpartition("}")[2]


def _without_doctype(text: str) -> str:
    # What a document type declares is entities, and nothing that is read here needs any.
    start = text.find("<!DOCTYPE", 0, _PROLOGUE)
    declared = _DOCTYPE.match(text, start) if start >= 0 else None
    return text[:start] + text[declared.end() :] if declared else text


def _character(match: re.Match[str]) -> str:
    return match[0] if match[1] in _OF_XML else html5.get(f"{match[1]};", match[0])
