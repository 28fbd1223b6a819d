"""PURE: RSS, Atom and JSON feeds, and sitemaps -> the addresses they list, with what they say of each.

A feed is hostile input like any other: no entity of its own is ever expanded and nothing else is ever loaded, because
a document type is taken out before the XML is read, and one that declares something is refused.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from html.entities import html5
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from index.errors import ReadError
from index.reading.characters import decode, one_line, whole_characters
from index.reading.clean import clean_plain, without_title
from index.reading.dates import stated_date
from index.reading.draft import Draft
from index.reading.htmlblocks import clean_html, parse

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

MOST_LISTED, MOST_ITEMS = 50_000, 2_000
"""What is looked at of one file: addresses of a sitemap (the most it may have), items of a feed (far more than they have)."""

_ROOTS = ("rss", "rdf", "feed", "urlset", "sitemapindex")
# Possessive and atomic: a page of comments must not be tried in every way that comments can be told apart.
_BEFORE = r"(?>\s|<\?[^>]*\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)*+"
_ROOT = re.compile(rf"\A\ufeff?{_BEFORE}<(?:[\w.-]+:)?({'|'.join(_ROOTS)})[\s>/]", re.IGNORECASE | re.DOTALL)
_HEAD = 8_192
_CHARSET = re.compile(rb"\A[^<]{0,8}<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,400}\?>", re.IGNORECASE)
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(\[)?[^\[>]*>?", re.IGNORECASE)
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{0,31});")
_OF_XML = ("amp", "lt", "gt", "quot", "apos")
_TAG = re.compile(r"<[A-Za-z/!]")
_ATOM_XHTML = "{http://www.w3.org/1999/xhtml}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a feed or a sitemap lists.

    `link` is its address, as written but complete, or ""; `key` what the feed knows it by. `blurb` is what the feed itself
    says of it: a text (often a summary, or ""), a title, a day, names. `stamp` changes when what the feed says changes.
    """

    link: str
    key: str
    blurb: Draft
    stamp: str


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed or a sitemap lists, newest first as far as it says; `sitemaps` is what a sitemap index lists."""

    title: str
    entries: tuple[Entry, ...] = ()
    sitemaps: tuple[str, ...] = ()


def read_feed(data: bytes, url: str, charset: str = "") -> Feed | None:
    """The feed or sitemap that `data` is, or None when it is neither; `url` is where it came from.

    Raises ReadError for one that cannot be read, or that declares entities of its own.
    """
    if data[:200].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _json_feed(data, url)
    declared = _CHARSET.match(data[:400])
    head = data[:_HEAD]
    if b"<" not in head and b"<\x00" not in head:
        return None
    try:
        if not _ROOT.match(decode(head, declared=declared[1].decode("ascii") if declared else charset)):
            return None
        text = decode(data, declared=declared[1].decode("ascii") if declared else charset)
    except ReadError:
        return None
    root = _tree(text)
    return _sitemap(root, url) if _name(root) in ("urlset", "sitemapindex") else _xml_feed(root, url)


def _tree(text: str) -> Element:
    from lxml import etree

    text = _DECLARATION.sub("", text.lstrip("\ufeff").replace("\x00", ""))
    doctype = _DOCTYPE.search(text[:_HEAD])
    if doctype and (doctype[1] or not doctype[0].endswith(">")):
        raise ReadError("it declares entities of its own, as no feed needs to; it was left")
    if doctype:
        text = text.replace(doctype[0], "", 1)
    # With the document type its entities are gone: those of HTML, which feeds like to use, become their characters.
    text = _ENTITY.sub(_plain_entity, text)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True, remove_comments=True,
        remove_pis=True, encoding="utf-8",
    )  # fmt: skip
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ReadError(f"it is a feed whose XML cannot be read: {one_line(str(error))[:120]}") from None
    if root is None:
        raise ReadError("it is a feed whose XML cannot be read")
    return root


def _plain_entity(found: re.Match[str]) -> str:
    if found[1] in _OF_XML:
        return found[0]
    char = html5.get(f"{found[1]};", "")
    return html.escape(char) if char else f"&amp;{found[1]};"


# -- RSS and Atom ------------------------------------------------------------------------------


def _xml_feed(root: Element, url: str) -> Feed:
    channel = next((child for child in root if _name(child) == "channel"), root)
    title = one_line(_markless(_said(channel, "title")))
    base = urljoin(url, _base(root))
    # RSS 1.0 has its items beside the channel, the others inside it.
    items = [node for node in root.iter() if _name(node) in ("item", "entry")][:MOST_ITEMS]
    language = _said(channel, "language") or _attribute(root, "lang")
    return Feed(
        title, _newest_first([_entry(item, base, Draft("", outlet=title, language=_tag_of(language))) for item in items])
    )


def _entry(item: Element, base: str, feed: Draft) -> Entry:
    title = one_line(_markless(_said(item, "title")))
    day = stated_date(_said(item, "published", "issued", "pubDate", "date")) or stated_date(_said(item, "updated", "modified"))
    link = _link(item, urljoin(base, _base(item)))
    full = _text(next(_children(item, "encoded"), None), title) or _text(next(_children(item, "content"), None), title)
    brief = _text(next(_children(item, "description", "summary"), None), title)
    key = one_line(_said(item, "guid", "id")) or link
    blurb = replace(
        feed, text=max(full, brief, key=len), title=title, author=_authors(item), published=day, url=link
    )  # fmt: skip
    stated = (_said(item, "updated", "modified", "pubDate", "date", "published"), title, blurb.text)
    return Entry(link, key or _stamp(*stated), blurb, _stamp(*stated))


def _link(item: Element, base: str) -> str:
    """Where an entry leads: Atom's alternate link, RSS's link, or its guid when that is an address."""
    for link in _children(item, "origLink"):  # what FeedBurner puts its own address in the place of
        if written := (link.text or "").strip():
            return _joined(base, written)
    for link in _children(item, "link"):
        if link.get("rel", "alternate") == "alternate" and (written := (link.get("href") or link.text or "").strip()):
            return _joined(base, written)
    for guid in _children(item, "guid"):
        written = (guid.text or "").strip()
        if guid.get("isPermaLink", "true").lower() != "false" and written.startswith(("http://", "https://")):
            return written
    about = next((value for name, value in item.attrib.items() if str(name).endswith("}about")), "")
    return str(about) if str(about).startswith(("http://", "https://")) else ""


def _authors(item: Element) -> str:
    names = []
    for node in _children(item, "author", "creator"):
        name = one_line(_said(node, "name") or (node.text or ""))
        # RSS wants an e-mail address there, often with the name in brackets after it.
        if found := re.fullmatch(r"\S+@\S+\s*\((.+)\)", name):
            name = found[1]
        if name and not re.fullmatch(r"\S+@\S+", name):
            names.append(name)
    return ", ".join(dict.fromkeys(names))


def _text(node: Element | None, title: str) -> str:
    """The readable text of an element that may hold plain text, HTML as text, or HTML itself."""
    if node is None:
        return ""
    if len(node):
        from lxml import etree

        for inner in node.iter():
            if isinstance(inner.tag, str):
                inner.tag = inner.tag.removeprefix(_ATOM_XHTML)
        return _readable("".join([node.text or "", *(etree.tostring(child, encoding="unicode") for child in node)]), title)
    return _readable(node.text or "", title)


def _readable(written: str, title: str) -> str:
    if not _TAG.search(written):
        return without_title(clean_plain(html.unescape(written)), title)
    # A blurb is short, and what is left out of a page (links, lists) may be all it has.
    text = clean_html(written, title) or clean_plain(_markless(written))
    return without_title(text, title)


def _markless(written: str) -> str:
    """Text without its tags."""
    if not _TAG.search(written):
        return html.unescape(written)
    tree = parse(written)
    return "" if tree is None else str(tree.text_content())


# -- sitemaps ----------------------------------------------------------------------------------


def _sitemap(root: Element, url: str) -> Feed:
    listed = [node for node in root if _name(node) in ("url", "sitemap")][:MOST_LISTED]
    # ISO 8601: the same order as text and as time, near enough for what to take first.
    listed.sort(key=lambda node: _said(node, "publication_date") or _said(node, "lastmod"), reverse=True)
    if _name(root) == "sitemapindex":
        return Feed("", sitemaps=tuple(_joined(url, _said(node, "loc")) for node in listed if _said(node, "loc")))
    return Feed("", tuple(_listed(node, url) for node in listed if _said(node, "loc")))


def _listed(node: Element, url: str) -> Entry:
    link = _joined(url, _said(node, "loc"))
    news = next(_children(node, "news"), None)
    blurb = Draft("", url=link)
    if news is not None:
        publication = next(_children(news, "publication"), None)
        blurb = replace(
            blurb,
            title=one_line(_said(news, "title")),
            published=stated_date(_said(news, "publication_date")),
            outlet="" if publication is None else one_line(_said(publication, "name")),
            language="" if publication is None else _tag_of(_said(publication, "language")),
        )
    return Entry(link, link, blurb, _stamp(_said(node, "lastmod"), str(blurb.published), blurb.title))


# -- JSON feeds --------------------------------------------------------------------------------


def _json_feed(data: bytes, url: str) -> Feed | None:
    if b"jsonfeed.org/version" not in data.replace(b"\\/", b"/"):
        return None
    try:
        feed = json.loads(decode(data).lstrip("\ufeff"))
    except (ValueError, RecursionError, ReadError):
        return None
    if not isinstance(feed, dict) or "jsonfeed.org/version" not in str(feed.get("version")):
        return None
    title = one_line(_string(feed, "title"))
    known = Draft("", outlet=title, language=_tag_of(_string(feed, "language")), author=_json_authors(feed))
    listed = feed.get("items")
    items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return Feed(title, _newest_first([_json_entry(item, url, known) for item in items[:MOST_ITEMS]]))


def _json_entry(item: dict[str, Any], url: str, feed: Draft) -> Entry:
    title = one_line(_string(item, "title"))
    link = _string(item, "url") or _string(item, "external_url")
    link = _joined(url, link) if link else ""
    text = _readable(_string(item, "content_html"), title) or clean_plain(_string(item, "content_text"))
    blurb = replace(
        feed,
        text=text or clean_plain(_string(item, "summary")),
        title=title,
        url=link,
        author=_json_authors(item) or feed.author,
        published=stated_date(_string(item, "date_published")) or stated_date(_string(item, "date_modified")),
    )
    stamp = _stamp(_string(item, "date_modified"), _string(item, "date_published"), title, blurb.text)
    return Entry(link, one_line(str(item.get("id") or link or stamp))[:1000], blurb, stamp)


def _json_authors(item: dict[str, Any]) -> str:
    authors = item.get("authors") if isinstance(item.get("authors"), list) else [item.get("author")]
    names = [one_line(_string(author, "name")) for author in authors or [] if isinstance(author, dict)]
    return ", ".join(dict.fromkeys(name for name in names if name))


def _string(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    # Half a character, as JSON can have, could be neither fetched nor stored.
    return whole_characters(value) if isinstance(value, str) else ""


# -- trees -------------------------------------------------------------------------------------


def _name(node: Element) -> str:
    """An element's name without its namespace, in lower case for the roots' sake; "" for what is no element."""
    tag = node.tag
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""


def _children(node: Element, *names: str) -> Iterator[Element]:
    """The children of these names, in the order of the names."""
    for name in names:
        yield from (child for child in node if _name(child) == name.lower())


def _said(node: Element, *names: str) -> str:
    """The text of the first child of one of these names that has some, also where it stands one level deeper (news:news)."""
    for child in _children(node, *names):
        if text := "".join(child.itertext()).strip():
            return text
    for news in _children(node, "news"):
        return _said(news, *names)
    return ""


def _attribute(node: Element, name: str) -> str:
    return next((str(value) for key, value in node.attrib.items() if str(key).rpartition("}")[2] == name), "")


def _base(node: Element) -> str:
    return _attribute(node, "base").strip()


def _joined(base: str, link: str) -> str:
    try:
        return urljoin(base, link.strip())
    except ValueError:
        return link.strip()


def _tag_of(language: str) -> str:
    language = language.strip().replace("_", "-")
    return language if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}", language) else ""


def _newest_first(entries: list[Entry]) -> tuple[Entry, ...]:
    """By day where every entry has one; else the order is the feed's, which is usually the same."""
    if all(entry.blurb.published for entry in entries):
        entries = sorted(entries, key=lambda entry: entry.blurb.published or date.min, reverse=True)
    return tuple(entries)


def _stamp(*stated: str) -> str:
    return hashlib.sha256("\0".join(stated).encode("utf-8", "replace")).hexdigest()[:16]
