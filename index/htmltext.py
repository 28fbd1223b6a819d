"""PURE: an HTML page -> a Draft. The main text by trafilatura; a date only where the page states one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from index.blocks import IMAGE, LINK_END, LINK_START, Block, render, size
from index.boilerplate import article_blocks
from index.characters import decode, normalise, one_line
from index.clean import without_title
from index.dates import stated_date
from index.draft import Draft

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_CHARSET = re.compile(rb"<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_XML_CHARSET = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_PUBLISHED = (
    "article:published_time", "article:published", "og:published_time", "og:article:published_time",
    "datepublished", "rnews:datepublished", "date_published", "publish_date", "publishdate",
    "publish-date", "publication_date", "publication-date", "pubdate", "article.published", "published",
    "originalpublicationdate", "sailthru.date", "parsely-pub-date", "cxenseparse:recs:publishtime",
    "citation_publication_date", "citation_date", "dc.date.issued", "dcterms.issued", "dc.date",
    "dc.date.created", "dcterms.date", "dcterms.created", "date",
)  # fmt: skip
_ARTICLE_TYPE = re.compile(
    r"article|posting|report|review|claimreview|webpage|podcast|broadcast", re.IGNORECASE
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
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


def read_html(data: bytes) -> Draft:
    """The article of an HTML page. Raises ReadError when `data` is no text; `text` may come out empty."""
    match = _CHARSET.search(data[:4096]) or _XML_CHARSET.search(data[:400])
    page = decode(data, declared=match[1].decode("ascii") if match else "")
    # lxml refuses a str with an encoding declaration, and the declaration no longer holds.
    page = re.sub(r"\A\s*<\?xml[^>]{0,200}\?>", "", page.replace("\x00", ""))
    tree = _tree(page)
    if tree is None:
        return Draft("")
    stated = _stated(tree, page)
    return Draft(without_title(_main_text(page, tree, stated.title), stated.title)).filled_from(stated)


def clean_html(markup: str, title: str = "") -> str:
    """The article in a piece of HTML, judged by its structure."""
    tree = _tree(markup)
    return "" if tree is None else render(article_blocks(list(_blocks(tree)), title))


def _tree(markup: str) -> HtmlElement | None:
    from lxml import etree
    from lxml import html as lxml_html

    try:
        parser = lxml_html.HTMLParser(no_network=True, recover=True, encoding="utf-8", remove_pis=True)
        return lxml_html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def _main_text(page: str, tree: HtmlElement, title: str) -> str:
    from trafilatura import bare_extraction

    found = bare_extraction(
        page, include_comments=False, include_tables=True, include_links=False, include_formatting=True
    )
    body = getattr(found, "body", None)
    blocks = list(_blocks(body)) if body is not None else []
    text = render(article_blocks(blocks, title))
    return text or render(article_blocks(list(_blocks(tree)), title))


def _stated(tree: HtmlElement, page: str) -> Draft:
    """What the page says of itself: everything of a Draft but the text."""
    from trafilatura import extract_metadata

    # trafilatura dates a page by guessing from its address and its text; its date is not used.
    found = extract_metadata(page, date_config={"extensive_search": False, "original_date": True})
    linked_data = list(_linked_data(tree))
    url = _web_address(tree) or _http(found.url or "")
    outlet = one_line(found.sitename or "")
    if not outlet or outlet == urlsplit(url).hostname:
        outlet = _publisher(linked_data) or outlet.removeprefix("www.")
    return Draft(
        text="",
        title=one_line(found.title or ""),
        url=url,
        outlet=outlet,
        author=one_line((found.author or "").replace("; ", ", ")),
        published=_published(tree, linked_data),
        language=_language(tree),
    )


def _http(url: str) -> str:
    url = url.strip()
    return url if urlsplit(url).scheme in ("http", "https") else ""


def _web_address(tree: HtmlElement) -> str:
    places = ('//link[@rel="canonical"]/@href', '//meta[@property="og:url"]/@content')
    base = next(iter(tree.xpath("//base/@href")), "")
    for place in places:
        for href in tree.xpath(place):
            try:
                if url := _http(urljoin(str(base), str(href).strip())):
                    return url
            except ValueError:
                continue
    return ""


def _language(tree: HtmlElement) -> str:
    places = (
        "//html/@lang",
        "//html/@*[local-name()='lang']",
        '//meta[@http-equiv="content-language"]/@content',
    )
    for place in places:
        for said in tree.xpath(place):
            if match := _LANGUAGE.fullmatch(str(said).strip()):
                return match[0].replace("_", "-")
    return ""


def _published(tree: HtmlElement, linked_data: list[dict[str, Any]]) -> date | None:
    """The day the page says it was published: linked data, then meta, then a marked-up time."""
    for item in linked_data:
        if day := stated_date(item.get("datePublished")):
            return day
    stated: dict[str, date] = {}
    for meta in tree.xpath("//meta[@content]"):
        for attribute in ("property", "name", "itemprop"):
            name = (meta.get(attribute) or "").strip().lower()
            if name in _PUBLISHED and (day := stated_date(meta.get("content"))):
                stated.setdefault(name, day)
    for name in _PUBLISHED:
        if name in stated:
            return stated[name]
    marked = '//*[@itemprop="datePublished" or @pubdate]'
    for element in tree.xpath(marked):
        if day := stated_date(element.get("datetime") or element.get("content") or element.text_content()):
            return day
    # Any other <time> is the article's own only if the page names no second day: teasers and comments have
    # theirs.
    days = {
        stated_date(value)
        for value in tree.xpath("//time[not(ancestor::aside or ancestor::footer)]/@datetime")
    }
    days -= {None}
    return days.pop() if len(days) == 1 else None


def _linked_data(tree: HtmlElement) -> Iterator[dict[str, Any]]:
    """The articles among a page's JSON-LD objects."""
    for script in tree.xpath('//script[contains(@type, "ld+json")]')[:20]:
        try:
            waiting: list[Any] = [json.loads((script.text or "").strip(), strict=False)]
        except (ValueError, RecursionError):
            continue
        for _ in range(1000):
            if not waiting:
                break
            item = waiting.pop(0)
            if isinstance(item, list):
                waiting.extend(item)
            elif isinstance(item, dict):
                if _ARTICLE_TYPE.search(str(item.get("@type", ""))[:200]):
                    yield item
                waiting.extend(
                    item[key] for key in ("@graph", "mainEntity", "mainEntityOfPage") if key in item
                )


def _publisher(linked_data: list[dict[str, Any]]) -> str:
    for item in linked_data:
        publisher = item.get("publisher")
        if isinstance(publisher, dict) and isinstance(publisher.get("name"), str):
            return one_line(publisher["name"])
    return ""


def _blocks(tree: HtmlElement) -> Iterator[Block]:
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
