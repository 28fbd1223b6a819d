"""An EPUB -> Drafts: one for each chapter of a book, one for each article of a magazine or a newspaper.

    mimetype, META-INF/container.xml  ->  the package (.opf)  ->  its spine  ->  chapters, titled by its contents

A chapter that was cut into several files is one article again, and a file with several chapters is several. Covers,
title pages, tables of contents and lists of links are no articles.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from index.errors import ReadError
from index.reading.archive import Archive
from index.reading.blocks import Block, holds_sentence, letters, render, size
from index.reading.boilerplate import Label, label
from index.reading.characters import decode, one_line
from index.reading.dates import stated_date
from index.reading.draft import Draft
from index.reading.htmlblocks import blocks_of_tree, parse
from index.reading.xmltree import parse_xml

_LARGEST_PART = 20 * 1024 * 1024
_MOST_CHAPTERS = 5_000
_FRONT_MATTER = re.compile(
    r"cover|title-?page|half-?title-?page|toc|landmarks|page-list|loi|lot|copyright-page|copyright|nav|index|colophon",
    re.IGNORECASE,
)
_PERIODICAL = re.compile(r"periodical|magazine|newspaper|journal issue", re.IGNORECASE)
_MADE_BY = re.compile(r"calibre.{0,40}|unknown|none|n/?a|anonymous", re.IGNORECASE)
_DOWNLOADED = re.compile(r"this article was downloaded by calibre from\b.{0,2000}", re.IGNORECASE)
_ISSUE = re.compile(r"\s*\[[^\[\]]{3,60}\]\s*$")
_PLACE = "\ue006"
_PLACED = re.compile(f"{_PLACE}(\\d{{1,6}})")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of the table of contents: the place it points at, what it says, how deep it stands."""

    fragment: str
    title: str
    depth: int


@dataclass(frozen=True, slots=True)
class _Package:
    """What the package file says: the publication, its files in reading order and the table of contents."""

    stated: Draft
    periodical: bool
    spine: tuple[str, ...]
    contents: dict[str, list[_Entry]]


@dataclass(slots=True)
class _Chapter:
    """A chapter in the making."""

    place: str
    title: str = ""
    blocks: list[Block] = field(default_factory=list)
    stated: Draft = field(default_factory=lambda: Draft(""))


def records_of_epub(data: bytes) -> Iterator[tuple[str, Draft | ReadError]]:
    """Each article of an EPUB, with what it is called in it ('chapter "The flood"').

    Raises ReadError for what is no EPUB, is damaged or locked, or has no chapter with a text.
    """
    archive = Archive(data, "an .epub")
    package = _package(archive)
    nothing = True
    several = False
    waiting: tuple[str, Draft] | None = None
    for found in _chapters(archive, package):
        if isinstance(found, tuple):
            nothing = False
            yield found
            continue
        draft = _draft(found, package)
        if not draft.text:
            continue
        nothing = False
        # Whether a book has one chapter or many is known at the second, and the first one's title waits for it.
        if waiting:
            several = True
            yield waiting[0], _titled(waiting[1], package, several=True)
        waiting = f'chapter "{draft.title}"' if draft.title else found.place, draft
    if waiting:
        yield waiting[0], _titled(waiting[1], package, several=several)
    if nothing:
        raise ReadError("it holds no chapter with a text; a book of pictures has no words that could be read")


def _draft(chapter: _Chapter, package: _Package) -> Draft:
    blocks = [block for block in chapter.blocks if not _is_furniture(block)]
    headings = [block.text for block in blocks[:4] if block.kind == "heading"]
    title = one_line(chapter.title) or next(iter(headings), "")
    while blocks and blocks[0].kind == "heading" and letters(blocks[0].text) and letters(blocks[0].text) in letters(title):
        blocks.pop(0)
    if not any(holds_sentence(block.text) for block in blocks) and sum(size(block.text) for block in blocks) < 300:
        return Draft("")
    linked = sum(block.linked for block in blocks)
    if linked > 0.5 * sum(size(block.text) for block in blocks) and sum(block.links for block in blocks) >= 3:
        return Draft("")
    return replace(chapter.stated, text=render(blocks), title=title)


def _titled(draft: Draft, package: _Package, *, several: bool) -> Draft:
    """The chapter with what the publication states of itself; a book's chapter is named after the book too."""
    book = package.stated.title
    title = draft.title
    if not package.periodical and book and letters(book) not in letters(title):
        title = f"{book}: {title}" if title and several else book
    elif not title:
        title = book
    return replace(draft, title=title).filled_from(package.stated)


def _is_furniture(block: Block) -> bool:
    if not any(char.isalnum() for char in block.text) or _DOWNLOADED.fullmatch(block.text):
        return True
    return bool(block.links) and block.kind != "heading" and label(block) in (Label.LINKS, Label.CHROME)


# --- the package ------------------------------------------------------------------------------------------


def _package(archive: Archive) -> _Package:
    path = _package_path(archive)
    root = _parsed_part(archive, path)
    _refuse_locked(archive)
    folder = posixpath.dirname(path)
    items: dict[str, tuple[str, str]] = {}
    for item in root.iter("item"):
        inside = _inside(folder, item.get("href", ""))
        if inside:
            items[item.get("id", "")] = (inside, item.get("properties", ""))
    listed = [(ref.get("idref", ""), ref.get("linear", "yes")) for ref in root.iter("itemref")]
    if not listed:
        raise ReadError("it is an EPUB whose package lists no chapters")
    skipped = {inside for inside, properties in items.values() if "nav" in properties.split()}
    skipped |= {
        _inside(folder, ref.get("href", ""))
        for ref in root.iter("reference")
        if _FRONT_MATTER.fullmatch(ref.get("type", "").removeprefix("other."))
    }
    chapters = (items[idref][0] for idref, linear in listed if linear != "no" and idref in items)
    # Each file once: a spine that names one file a million times is no book.
    spine = tuple(dict.fromkeys(chapter for chapter in chapters if chapter not in skipped))[:_MOST_CHAPTERS]
    if not spine:
        # Some one-file books call their only file the start of the text, the cover and the contents at once.
        spine = tuple(dict.fromkeys(items[idref][0] for idref, _ in listed if idref in items))[:1]
    stated, periodical = _stated(root)
    return _Package(stated, periodical, spine, _contents(archive, root, items))


def _package_path(archive: Archive) -> str:
    if "META-INF/container.xml" in archive:
        for rootfile in _parsed_part(archive, "META-INF/container.xml").iter("rootfile"):
            path = _inside("", rootfile.get("full-path", ""))
            if path in archive:
                return path
        raise ReadError("it is a damaged EPUB: its container names no package that is in it")
    packages = [name for name in archive.parts if name.lower().endswith(".opf")]
    if len(packages) != 1:
        raise ReadError("it is a ZIP archive but no EPUB: it has no META-INF/container.xml")
    return packages[0]


def _refuse_locked(archive: Archive) -> None:
    """Raise when the chapters are encrypted. Fonts often are, by a publisher's habit; that hides no words."""
    if "META-INF/encryption.xml" not in archive:
        return
    for reference in _parsed_part(archive, "META-INF/encryption.xml").iter("cipherreference"):
        if urlsplit(reference.get("URI", "")).path.lower().endswith((".xhtml", ".html", ".htm", ".xml")):
            raise ReadError("it is locked by a shop's copy protection (DRM); only a copy without it can be read")


def _stated(root: Any) -> tuple[Draft, bool]:
    """(what the publication states of itself, whether it is a magazine or a newspaper)."""
    metadata = next(root.iter("metadata"), root)
    said: dict[str, list[Any]] = defaultdict(list)
    for element in metadata.iter():
        if isinstance(element.tag, str):
            said[element.tag].append(element)

    def words(tag: str) -> list[str]:
        found = (one_line("".join(element.itertext())) for element in said[tag])
        return [one for one in found if one and not _MADE_BY.fullmatch(one)][:20]

    metas = {meta.get("name", ""): meta.get("content", "") for meta in said["meta"]}
    kinds = [metas.get("calibre:publication_type", ""), *words("type"), *words("identifier"), *words("source")]
    periodical = any(_PERIODICAL.search(kind) or re.search(r"\bissn\b", kind, re.IGNORECASE) for kind in kinds)
    title = next(iter(words("title")), "")
    publisher = next(iter(words("publisher")), "")
    name = _ISSUE.sub("", title) if periodical else ""
    published = None
    # Unmarked, a date is the publication's; marked, only that event counts, never its making or changing.
    for wanted in ("publication", "original-publication", ""):
        days = (stated_date(one_line(element.text or "")) for element in said["date"] if element.get("event", "") == wanted)
        published = published or next((day for day in days if day), None)
    authors = [
        one_line("".join(creator.itertext())) for creator in said["creator"] if creator.get("role", "aut") in ("aut", "")
    ]
    named = [author for author in authors if author and not _MADE_BY.fullmatch(author) and author != name][:20]
    language = next(iter(words("language")), "").replace("_", "-")[:35]
    stated = Draft(
        "",
        title=title,
        outlet=publisher or name,
        author=", ".join(dict.fromkeys(named)),
        published=published,
        language="" if language.lower() in ("und", "zxx") else language,
    )
    return stated, periodical


def _contents(archive: Archive, root: Any, items: dict[str, tuple[str, str]]) -> dict[str, list[_Entry]]:
    """The table of contents by the file it points into: an EPUB 3's navigation, else an EPUB 2's NCX."""
    navigation = [inside for inside, properties in items.values() if "nav" in properties.split()]
    listed = [inside for inside, _ in items.values() if inside.lower().endswith(".ncx")]
    for path in (*navigation, *listed):
        found: dict[str, list[_Entry]] = defaultdict(list)
        try:
            tree = _parsed_part(archive, path)
        except ReadError:
            # A book without its table of contents still has its chapters.
            continue
        for href, title, depth in _entries(tree):
            inside = _inside(posixpath.dirname(path), href)
            if inside:
                found[inside].append(_Entry(unquote(urlsplit(href).fragment), one_line(title), depth))
        if found:
            return found
    return {}


def _entries(tree: Any) -> Iterator[tuple[str, str, int]]:
    for point in tree.iter("navpoint"):
        content = next(point.iterchildren("content"), None)
        said = next(point.iterchildren("navlabel"), None)
        if content is not None and said is not None:
            depth = sum(1 for _ in point.iterancestors("navpoint"))
            yield content.get("src", ""), "".join(said.itertext()), depth
    navs = list(tree.iter("nav"))
    for nav in [nav for nav in navs if "toc" in nav.get("type", "").split()] or navs[:1]:
        for link in nav.iter("a"):
            depth = sum(1 for _ in link.iterancestors("ol"))
            yield link.get("href", ""), "".join(link.itertext()), depth


# --- the chapters -----------------------------------------------------------------------------------------


def _chapters(archive: Archive, package: _Package) -> Iterator[_Chapter | tuple[str, ReadError]]:
    """The chapters in reading order, and the files of the spine that could not be read."""
    current: _Chapter | None = None
    for path in package.spine:
        try:
            tree = _chapter_tree(archive, path)
        except ReadError as error:
            yield path, error
            continue
        if _is_front_matter(tree):
            continue
        entries = _starts(package.contents.get(path, []), tree)
        blocks = list(blocks_of_tree(tree))
        stated = _stated_by_chapter(tree)
        opens_later = _opens_later(blocks)
        title = entries[0].title if entries and not opens_later else ""
        # A long chapter is often cut into files, and the contents know only the first.
        cut = bool(package.contents) and not entries and not any(block.kind == "heading" for block in blocks[:3])
        if current is None or not (cut or opens_later):
            if current:
                yield current
            current = _Chapter(path, title, stated=stated)
        for block in blocks:
            placed = _PLACED.fullmatch(block.text)
            if placed is None:
                current.blocks.append(block)
            elif int(placed[1]) < len(entries):
                if current.blocks:
                    yield current
                    current = _Chapter(path, stated=stated)
                current.title = entries[int(placed[1])].title
    if current:
        yield current


def _opens_later(blocks: list[Block]) -> bool:
    """Whether a file begins with the end of the chapter before: there is text above the first place marked in it."""
    first = next((at for at, block in enumerate(blocks) if _PLACED.fullmatch(block.text)), 0)
    return any(block.kind != "heading" and size(block.text) > 80 for block in blocks[:first])


def _starts(entries: list[_Entry], tree: Any) -> list[_Entry]:
    """The entries at which a chapter of this file begins, their places marked in the tree.

    Entries deeper than the file's first are the sections of a chapter and begin none.
    """
    starts = [entry for entry in entries if entry.depth <= entries[0].depth]
    starts = list({entry.fragment: entry for entry in reversed(starts)}.values())[::-1]
    wanted = {entry.fragment: number for number, entry in enumerate(starts) if entry.fragment}
    # One place alone at the top of a file is the file.
    if not wanted:
        return starts[:1]
    places = [element for element in tree.iter() if isinstance(element.tag, str) and element.get("id") in wanted]
    for place in places:
        number = wanted.pop(place.get("id"), None)
        if number is None or place.getparent() is None or place.tag in ("body", "html", "head"):
            continue
        while _begins_its_parent(place):
            place = place.getparent()
        mark = place.makeelement("p")
        mark.text = f"{_PLACE}{number}"
        place.addprevious(mark)
    return starts


def _begins_its_parent(element: Any) -> bool:
    parent = element.getparent()
    return parent.tag not in ("body", "html") and parent[0] is element and not (parent.text or "").strip()


def _chapter_tree(archive: Archive, path: str) -> Any:
    data = archive.read(path, _LARGEST_PART)
    try:
        tree = parse_xml(data)
    except ReadError:
        tree = parse(re.sub(r"\A\s*<\?xml[^>]{0,200}\?>", "", decode(data).replace("\x00", "")))
    if tree is None:
        raise ReadError("it is empty")
    _drop_references(tree)
    return tree


def _drop_references(tree: Any) -> None:
    """Take out the numbers of notes and of printed pages, which would stand in the middle of sentences."""
    numbered = "noteref", "pagebreak", "doc-noteref", "doc-pagebreak"
    for element in list(tree.iter("a", "span", "sup", "div", "hr")):
        kinds = f"{element.get('type', '')} {element.get('epub:type', '')} {element.get('role', '')}".split()
        said = "".join(element.itertext()).strip()
        by_look = element.tag == "sup" and element.find(".//a") is not None and re.fullmatch(r"\[?[\d*†‡]{1,4}\]?", said)
        if (any(kind in numbered for kind in kinds) and len(said) <= 12) or by_look:
            tail = element.tail
            element.clear()
            element.tail = tail


def _is_front_matter(tree: Any) -> bool:
    body = next(tree.iter("body"), tree)
    sections = [body, *list(body)] if len(body) == 1 else [body]
    kinds = " ".join(f"{part.get('type', '')} {part.get('epub:type', '')}" for part in sections if isinstance(part.tag, str))
    return any(_FRONT_MATTER.fullmatch(kind) for kind in kinds.split())


def _stated_by_chapter(tree: Any) -> Draft:
    """The author, day and address that an article of a magazine states in its own head."""
    metas = {meta.get("name", "").lower(): meta.get("content", "") for meta in tree.iter("meta")}
    author = one_line(metas.get("author", ""))
    days = (stated_date(metas.get(name)) for name in ("date", "dc.date", "dcterms.date", "dc.date.issued"))
    links = (link.get("href", "") for link in tree.iter("a") if link.get("rel") == "calibre-downloaded-from")
    url = next((link for link in links if urlsplit(link).scheme in ("http", "https")), "")
    return Draft(
        "",
        url=one_line(url),
        author="" if _MADE_BY.fullmatch(author) else author,
        published=next((day for day in days if day), None),
    )


def _parsed_part(archive: Archive, path: str) -> Any:
    try:
        return parse_xml(archive.read(path, _LARGEST_PART))
    except ReadError as error:
        raise ReadError(f"it is a damaged EPUB: {path[:80]}: {error}") from error


def _inside(folder: str, href: str) -> str:
    """The part of the archive that `href` names from `folder`, or "" when it points anywhere else."""
    try:
        target = urlsplit(href)
    except ValueError:
        return ""
    path = posixpath.normpath(posixpath.join(folder, unquote(target.path))) if target.path else ""
    outside = target.scheme or target.netloc or path.startswith(("/", "..")) or "\\" in path or "\x00" in path
    return "" if outside or path == "." else path
