"""PURE: an HTML page -> a Draft. The main text by trafilatura; a date only where the page states one."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from index.reading.blocks import ends_sentence, letters, render
from index.reading.boilerplate import article_blocks
from index.reading.characters import decode, one_line
from index.reading.clean import without_title
from index.reading.dates import stated_date
from index.reading.draft import Draft
from index.reading.htmlblocks import blocks_of_tree, parse

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
_ARTICLE_TYPE = re.compile(r"article|posting|report|review|claimreview|webpage|podcast|broadcast", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
# Above this many characters trafilatura's second opinions cost seconds.
_LONG_PAGE = 1_000_000
_DATA_URL = re.compile(r"data:[\w/+.-]{1,80};base64,[A-Za-z0-9+/=]{200,}")
_CHANGED = re.compile(
    r"updat|modif|revis|\bedited|\bcorrect(?:ed|ion)|aktuali[sz]|actuali[sz]|aggiorn|atualiz|mis à jour|обновл", re.IGNORECASE
)
_ISSUED = re.compile(r"publish|posted|entry-date|issued|created", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"related|teaser|recommend|promo|sidebar|popular|trending|latest|comment|more-|read-?(?:more|next|also)|most-?read",
    re.IGNORECASE,
)
_MOST_TIMES = 100
_LONGEST_BYLINE = 120
_TITLE_END = re.compile(r"\s+[|–—·»-]\s+")


def read_html(data: bytes) -> Draft:
    """The article of an HTML page. Raises ReadError when `data` is no text; `text` may come out empty."""
    match = _CHARSET.search(data[:4096]) or _XML_CHARSET.search(data[:400])
    page = decode(data, declared=match[1].decode("ascii") if match else "")
    # lxml refuses a str with an encoding declaration, and the declaration no longer holds.
    page = re.sub(r"\A\s*<\?xml[^>]{0,200}\?>", "", page.replace("\x00", ""))
    page = _DATA_URL.sub("", page)
    tree = parse(page)
    if tree is None:
        return Draft("")
    stated = _stated(tree, page)
    return Draft(without_title(_main_text(page, tree, stated.title), stated.title)).filled_from(stated)


def _main_text(page: str, tree: HtmlElement, title: str) -> str:
    from trafilatura import bare_extraction

    # They tell the terminal of every page they find empty; an empty page is a failure of its own here.
    for name in ("trafilatura", "htmldate"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    found = bare_extraction(
        page,
        fast=len(page) > _LONG_PAGE,
        include_comments=False,
        include_tables=True,
        include_links=False,
        include_formatting=True,
    )
    body = getattr(found, "body", None)
    blocks = list(blocks_of_tree(body)) if body is not None else []
    text = render(article_blocks(blocks, title))
    return text or render(article_blocks(list(blocks_of_tree(tree)), title))


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
        title=_title(tree, one_line(found.title or "")),
        url=url,
        outlet=outlet,
        author=one_line((found.author or "").replace("; ", ", ")),
        published=_published(tree, linked_data),
        language=_language(tree),
    )


def _title(tree: HtmlElement, found: str) -> str:
    """The headline: what the page says to others, else the heading that its <title> agrees with."""
    shared = tree.xpath('//meta[@property="og:title" or @name="twitter:title"]/@content')
    whole = one_line(tree.xpath("string(//title)"))
    if shared or not whole or letters(found) in letters(whole):
        return found
    headings = [one_line(heading.text_content()) for heading in tree.xpath("//h1")[:10]]
    agreeing = (heading for heading in headings if heading and letters(whole).startswith(letters(heading)))
    return next(agreeing, "") or _TITLE_END.split(whole)[0]


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
    times = tree.xpath("//time[@datetime][not(ancestor::aside or ancestor::footer or ancestor::nav or ancestor::figure)]")
    main = _holders(tree.iter("h1"))
    linked = _holders(one for one in tree.iter("h2", "h3", "h4") if one.find(".//a") is not None or one.getparent().tag == "a")
    days = {stated_date(time.get("datetime")) for time in times[:_MOST_TIMES] if _may_be_of_publication(time, main, linked)}
    days -= {None}
    return days.pop() if len(days) == 1 else None


def _may_be_of_publication(time: HtmlElement, main: set[HtmlElement], linked: set[HtmlElement]) -> bool:
    """Whether a <time> may say when its page was published: it is no change, no teaser's and no day that prose tells of.

    `main` are the elements around a main heading, which no teaser is; `linked` those around a heading that is a link.
    """
    names, shown = _names(time), one_line(time.text_content()[:200])
    if not _ISSUED.search(names) and _CHANGED.search(f"{names} {_label(time)} {shown}"):
        return False
    around = [one for one in time.iterancestors() if one not in main]
    if any(_ELSEWHERE.search(_names(one)) or (one.tag in ("article", "li") and one in linked) for one in around):
        return False
    block = next((one for one in around if one.tag in ("p", "li", "blockquote", "td", "dd")), None)
    said = one_line(block.text_content()) if block is not None else shown
    return said == shown or (len(said) <= _LONGEST_BYLINE and not ends_sentence(said))


def _holders(elements: Iterable[HtmlElement]) -> set[HtmlElement]:
    """Every element around one of these."""
    found: set[HtmlElement] = set()
    for element in elements:
        for holder in element.iterancestors():
            if holder in found:
                break
            found.add(holder)
    return found


def _label(time: HtmlElement) -> str:
    """The words right before a <time>, as in "Updated: "."""
    previous, parent = time.getprevious(), time.getparent()
    if previous is None:
        return (parent.text or "") if parent is not None else ""
    return (previous.tail or "").strip() or previous.text_content()[-40:]


def _names(element: HtmlElement) -> str:
    """What an element is named by whoever made the page."""
    return " ".join(element.get(name) or "" for name in ("class", "id", "itemprop"))


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
                waiting.extend(item[key] for key in ("@graph", "mainEntity", "mainEntityOfPage") if key in item)


def _publisher(linked_data: list[dict[str, Any]]) -> str:
    for item in linked_data:
        publisher = item.get("publisher")
        if isinstance(publisher, dict) and isinstance(publisher.get("name"), str):
            return one_line(publisher["name"])
    return ""
