"""PURE: HTML -> blocks, from any tree of HTML elements and from the tree that trafilatura makes of one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from index.reading.blocks import IMAGE, LINK_END, LINK_START, Block, render, size
from index.reading.boilerplate import article_blocks
from index.reading.characters import normalise

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_UNREAD = frozenset((
    "script", "style", "noscript", "template", "svg", "head", "iframe", "button", "select", "option",
    "input", "textarea", "nav", "object", "math", "canvas",
))  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)} | {"head": 2}
_ITEMS = frozenset({"li", "item", "dt", "dd"})
_ROWS, _CELLS = frozenset({"tr", "row"}), frozenset({"td", "th", "cell"})
_BLOCKS = frozenset((
    "p", "div", "section", "article", "main", "header", "footer", "aside", "blockquote", "quote", "figure",
    "figcaption", "ul", "ol", "dl", "list", "table", "caption", "form", "details", "summary", "center",
    "address", "hr", "body", "html", "fieldset",
))  # fmt: skip
_PARTING = _BLOCKS | _ROWS | _CELLS
_LINKS = frozenset({"a", "ref"})


def clean_html(markup: str, title: str = "") -> str:
    """The article in a piece of HTML, judged by its structure."""
    tree = parse(markup)
    return "" if tree is None else render(article_blocks(list(blocks_of_tree(tree)), title))


def parse(markup: str) -> HtmlElement | None:
    """The tree of a page or of a piece of one, or None when there is nothing in it. Reads nothing else."""
    from lxml import etree
    from lxml import html as lxml_html

    try:
        parser = lxml_html.HTMLParser(no_network=True, recover=True, encoding="utf-8", remove_pis=True)
        return lxml_html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def blocks_of_tree(tree: HtmlElement) -> Iterator[Block]:
    """The blocks of an HTML tree, or of the tree trafilatura makes of one, without recursion."""
    from lxml import etree

    writing = _Writing()
    unread = 0
    for event, node in etree.iterwalk(tree, events=("start", "end")):
        if not isinstance(node.tag, str):
            if event == "end" and not unread:
                writing.say(node.tail)
            continue
        tag = node.tag.lower()
        if event == "start":
            unread += _is_unread(tag, node) and node is not tree
            if not unread:
                yield from writing.start(tag, node)
                writing.say(node.text)
            continue
        if not unread:
            yield from writing.end(tag, node)
        unread -= _is_unread(tag, node) and node is not tree
        if not unread and node is not tree:
            writing.say(node.tail)
    yield from writing.flush()


def _is_unread(tag: str, node: HtmlElement) -> bool:
    # trafilatura calls its headings <head rend="h2">.
    return tag in _UNREAD and not (tag == "head" and node.get("rend"))


class _Writing:
    """The block that is being written while a tree is walked."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.kind: str = "paragraph"
        self.level = 0
        self.mark = ""
        self.tight = False
        self.cells: list[str] | None = None
        self.preformatted = 0

    def say(self, text: str | None) -> None:
        if text:
            self.parts.append(text)

    def start(self, tag: str, node: HtmlElement) -> Iterator[Block]:
        if tag in _LINKS:
            self.parts.append(LINK_START)
        elif tag in ("img", "graphic"):
            self.parts.append(IMAGE)
        elif tag in ("br", "lb"):
            if self.cells is None and not self.preformatted:
                yield from self.flush()
                self.tight = True
            else:
                self.parts.append("\n" if self.preformatted else " ")
        elif tag in _ROWS and self.cells is None and not _is_layout(node):
            yield from self.flush()
            self.cells = []
        elif self.cells is not None:
            self.parts.append(" " if tag in _PARTING or tag in _ITEMS else "")
        elif tag in _HEADINGS:
            yield from self.flush()
            self.kind, self.level = "heading", _HEADINGS[tag]
            if tag == "head" and (rend := (node.get("rend") or "")[-1:]).isdecimal():
                self.level = int(rend)
        elif tag in _ITEMS:
            yield from self.flush()
            self.kind, self.mark = "item", "•"
        elif tag == "pre" or (tag == "code" and "\n" in (node.text or "")):
            yield from self.flush()
            self.preformatted += 1
        elif tag in _PARTING and not (tag == "p" and self.kind == "item" and not self.is_open()):
            yield from self.flush()

    def end(self, tag: str, node: HtmlElement) -> Iterator[Block]:
        if tag in _LINKS:
            self.parts.append(LINK_END)
        elif tag in _ROWS and self.cells is not None:
            yield from self.flush_row()
        elif self.cells is not None:
            if tag in _CELLS:
                self.cells.append(" ".join("".join(self.parts).split()))
                self.parts = []
        elif tag == "pre" or (tag == "code" and self.preformatted):
            yield from self.flush()
            self.preformatted = max(0, self.preformatted - 1)
        elif tag in _PARTING or tag in _HEADINGS or tag in _ITEMS:
            yield from self.flush()

    def is_open(self) -> bool:
        return any(part.strip() for part in self.parts)

    def flush(self) -> Iterator[Block]:
        written = normalise_marked("".join(self.parts))
        kind, level, mark, tight = self.kind, self.level, self.mark, self.tight
        self.parts = []
        if not written.strip():
            return
        self.kind, self.level, self.mark, self.tight = "paragraph", 0, "", False
        if self.preformatted:
            for at, line in enumerate(written.strip("\n").split("\n")):
                yield Block.of("code", line, tight=at > 0)
        else:
            yield Block.of(kind, written, level=level, mark=mark, tight=tight)  # type: ignore[arg-type]

    def flush_row(self) -> Iterator[Block]:
        marks = LINK_START + LINK_END + IMAGE + " "
        cells = [normalise_marked(cell) for cell in self.cells or () if cell.strip(marks)]
        self.cells, self.parts = None, []
        if any(size(cell) > 200 for cell in cells):
            yield from (Block.of("paragraph", cell) for cell in cells)
        elif cells:
            yield Block.of("row", (": " if len(cells) == 2 else " | ").join(cells))


def normalise_marked(text: str) -> str:
    """`normalise`, keeping the marks of links and images."""
    parts = re.split("([\x02\x03\x04])", text)
    return "".join(part if part in (LINK_START, LINK_END, IMAGE) else _keep_ends(part) for part in parts)


def _keep_ends(part: str) -> str:
    if not part.strip():
        return part[:1]
    before = " " if part[0].isspace() else ""
    return before + normalise(part) + (" " if part[-1].isspace() else "")


def _is_layout(row: HtmlElement) -> bool:
    """Whether a table row lays a page out: it holds blocks of its own and more text than values have."""
    if not row.xpath("boolean(.//p or .//div or .//table or .//h1 or .//h2 or .//ul)"):
        return False
    return len(row.xpath("string()")) > 400
