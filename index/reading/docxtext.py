"""A Word document (.docx) -> a Draft: paragraphs, headings, lists and table cells in order."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from index.errors import ReadError
from index.reading.archive import Archive
from index.reading.blocks import Block, render, size
from index.reading.characters import normalise, one_line
from index.reading.clean import without_title
from index.reading.draft import Draft
from index.reading.pdftext import stated_author, stated_title

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING_STYLE = re.compile(r"(?:heading|berschrift|überschrift|titre|titolo|título|ttulo) ?(\d)", re.IGNORECASE)
_CONTENTS_STYLE = re.compile(r"toc ?\d|toc ?heading|verzeichnis ?\d", re.IGNORECASE)
_WRAPPERS = frozenset(f"{_W}{name}" for name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag"))
# Deleted and moved-away text is no longer in the document; pictures and fields have no words of their own.
_SKIPPED = frozenset(f"{_W}{name}" for name in ("del", "moveFrom", "drawing", "pict", "instrText", "object", "rPr", "pPr"))


def read_docx(data: bytes) -> Draft:
    """The article in a .docx. Raises ReadError for one that is damaged, empty, or unpacks to far too much.

    The day a document was created is not the day its article was published: `published` stays None.
    """
    _check_archive(data)
    from docx import Document
    from docx.opc.exceptions import PackageNotFoundError

    try:
        document = Document(BytesIO(data))
    except (PackageNotFoundError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ReadError(f"it is not a Word document that can be read: {one_line(str(error))[:160]}") from error
    styles = {style.style_id: _kind_of_style(style) for style in document.styles if style.style_id}
    found = list(_blocks(document.element.body, styles))
    stated = _properties(document)
    titled = next((block.text for kind, block in found[:5] if kind == "title"), "")
    title = stated.title or titled
    text = without_title(render(block for _, block in found), title)
    if not any(char.isalnum() for char in text):
        raise ReadError("it holds no text")
    return Draft(text, title=title).filled_from(stated)


def _properties(document: Any) -> Draft:
    """What the document's properties say of it; nothing when they are damaged, which costs no word of its text."""
    try:
        properties = document.core_properties
        return Draft(
            "",
            title=stated_title(properties.title),
            author=stated_author(properties.author),
            language=one_line(properties.language or "")[:35],
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return Draft("")


def _check_archive(data: bytes) -> None:
    archive = Archive(data, "a .docx")
    if "word/document.xml" not in archive and "[Content_Types].xml" not in archive:
        raise ReadError("it is a ZIP archive but no Word document")


def _blocks(body: Any, styles: dict[str, str]) -> Iterator[tuple[str, Block]]:
    """(what the paragraph's style says it is, block) for a document's body, content controls included."""
    waiting = list(body)[::-1]
    while waiting:
        element = waiting.pop()
        if element.tag == f"{_W}p":
            yield from _paragraph(element, styles)
        elif element.tag == f"{_W}tbl":
            yield from _table(element, styles)
        elif element.tag in _WRAPPERS:
            waiting.extend(list(element)[::-1])


def _paragraph(element: Any, styles: dict[str, str]) -> Iterator[tuple[str, Block]]:
    style_id = next(iter(element.xpath("./w:pPr/w:pStyle/@w:val")), "")
    style = styles.get(style_id, style_id)
    if _CONTENTS_STYLE.match(style):
        return
    lines = [" ".join(line.split()) for line in normalise(_text(element)).split("\n")]
    lines = [line for line in lines if line]
    if not lines:
        return
    if style.lower() in ("title", "titel", "titre"):
        yield "title", Block("heading", " ".join(lines), level=1)
    elif match := _HEADING_STYLE.match(style):
        yield "heading", Block("heading", " ".join(lines), level=int(match[1]))
    elif element.xpath("boolean(./w:pPr/w:numPr)") or style.lower().startswith("list "):
        yield "item", Block("item", " ".join(lines), mark="•")
    else:
        for at, line in enumerate(lines):
            yield "paragraph", Block("paragraph", line, tight=at > 0)


def _table(table: Any, styles: dict[str, str]) -> Iterator[tuple[str, Block]]:
    for row in _within(table, "tr"):
        cells = list(_within(row, "tc"))
        if row.xpath("boolean(.//w:tbl)"):
            # A table within a table lays the page out: its cells are read one after the other.
            for cell in cells:
                yield from _blocks(cell, styles)
            continue
        said = []
        for cell in cells:
            paragraphs = [" ".join(normalise(_text(part)).split()) for part in cell.iter(f"{_W}p")]
            said.append([part for part in paragraphs if part])
        said = [cell for cell in said if cell]
        if any(size(part) > 200 for cell in said for part in cell):
            yield from (("paragraph", Block("paragraph", part)) for cell in said for part in cell)
        elif said:
            words = [" ".join(cell) for cell in said]
            yield "row", Block("row", (": " if len(words) == 2 else " | ").join(words))


def _within(element: Any, name: str) -> Iterator[Any]:
    """The rows of a table or the cells of a row, content controls and tracked changes around them opened."""
    waiting = list(element)[::-1]
    while waiting:
        child = waiting.pop()
        if child.tag == f"{_W}{name}":
            yield child
        elif child.tag in _WRAPPERS:
            waiting.extend(list(child)[::-1])


def _kind_of_style(style: Any) -> str:
    """What a paragraph style is called, or the heading it was made from when its own name says nothing."""
    name = str(style.name or "")
    based = style
    for _ in range(10):
        if based is None or _HEADING_STYLE.match(str(based.name or "")):
            break
        based = getattr(based, "base_style", None)
    return str(based.name) if based is not None and not _CONTENTS_STYLE.match(name) else name


def _text(paragraph: Any) -> str:
    parts: list[str] = []
    waiting = list(paragraph)[::-1]
    while waiting:
        element = waiting.pop()
        if element.tag in _SKIPPED or not isinstance(element.tag, str):
            continue
        name = element.tag.removeprefix(_W)
        if name == "t":
            parts.append(element.text or "")
        elif name in ("tab", "ptab"):
            parts.append(" ")
        elif name in ("br", "cr"):
            parts.append("\n")
        elif name == "noBreakHyphen":
            parts.append("-")
        else:
            waiting.extend(list(element)[::-1])
    return "".join(parts)
