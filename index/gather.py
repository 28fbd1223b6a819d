"""A web address -> the articles behind it: a page, a feed or a sitemap, told apart by what they hold.

    Gatherer(fetcher, library.visit).gather("https://example.org/feed.xml")  ->  Gathered, Gathered, ...

Nothing is stored here, and nothing here needs the writer lock: fetching is slow, and others may write meanwhile.
"""

from __future__ import annotations

import codecs
import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from index.address import identity, parse_address, same_site
from index.errors import DatelineError, FetchError, ReadError
from index.fetch import LARGEST, Fetched, Fetcher, Validators
from index.read import fingerprint, read
from index.reading.characters import decode_as, kind_of_binary, one_line, whole_characters
from index.reading.feeds import Entry, Feed, read_feed
from index.reading.formats import format_of, holds_many
from index.records import Visit
from index.types import Article, Failure, Progress
from index.unpack import gunzip

log = logging.getLogger(__name__)

MOST_ARTICLES = 50
"""New pages of one feed or sitemap that are fetched at once; adding it again takes the next ones."""

MOST_SITEMAPS = 10
"""Sitemaps of a sitemap index that are looked into, the newest first."""

LOOK_AGAIN = timedelta(days=1)
"""After how long a page is asked for again whose feed still says the same of it."""

_ENDINGS = {
    "text/html": ".html", "application/xhtml+xml": ".html", "text/markdown": ".md", "text/x-markdown": ".md",
    "application/pdf": ".pdf", "application/x-pdf": ".pdf", "application/json": ".json", "text/json": ".json",
    "application/x-ndjson": ".jsonl", "application/jsonl": ".jsonl", "application/epub+zip": ".epub",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "message/rfc822": ".eml", "multipart/related": ".mhtml",
}  # fmt: skip
_ENTRY = "#entry:"
"""Between the identity of a feed and what it knows an entry by, in the origin of a blurb."""

Recall = Callable[[str], Visit | None]
Tell = Callable[[Progress], None]
Found = tuple[Article, str]
"""An article and its origin: what it is known again by."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What one address gave: new or changed `found` articles, the ids of those that are the `same` as before, what
    `failed`, and the `visits` to remember once the articles are stored."""

    found: tuple[Found, ...] = ()
    same: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()
    visits: tuple[Visit, ...] = ()


@dataclass(slots=True)
class _Course:
    """How far the gathering of one source has come: its progress, and how many more pages it may fetch."""

    tell: Tell
    left: int
    done: int = 0
    total: int = 1
    over: int = 0  # entries that were left for another time
    seen: dict[str, set[str]] = field(default_factory=dict)  # for every place what its entries are told apart by

    def say(self, note: str = "") -> None:
        self.tell(Progress("fetching", self.done, self.total, note=note))

    def step(self) -> None:
        self.done += 1
        self.total = max(self.total, self.done)
        self.say()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An entry to be had: its address, or "" when it has none that could be fetched, and what is remembered of it.

    `shared`: an entry before it has the same address, so that what the feed says of this one is all there is of it.
    """

    entry: Entry
    link: str
    visit: Visit | None
    shared: bool = False

    @property
    def fetched(self) -> bool:
        return bool(self.link) and not self.shared

    @property
    def as_before(self) -> bool:
        """Whether it was had, and its feed says nothing new of it."""
        return self.visit is not None and self.visit.stamp == self.entry.stamp

    @property
    def turn(self) -> tuple[bool, bool, bool, float]:
        """Sorts first what was never had, then what the feed says something new of; of these what was had longest ago."""
        return not self.link, self.visit is not None, self.as_before, self.visit.at.timestamp() if self.visit else 0.0


@dataclass(slots=True)
class _Listing:
    """What came of a feed's entries so far. `settled`: none of them is worth asking for again while the feed is the same.

    `ends` are the places that entries were led to from another address, each with the titles (or addresses) of those entries.
    """

    origins: list[str] = field(default_factory=list)
    settled: bool = True
    ends: dict[str, set[str]] = field(default_factory=dict)

    def noted(self, gathered: Gathered) -> Gathered:
        """What came of an entry, noted as what the feed gives."""
        self.origins.extend(origin for _, origin in gathered.found)
        self.origins.extend(origin for visit in gathered.visits for origin in visit.origins)
        return gathered

    def led(self, visit: Visit | None, entry: Entry) -> str:
        """Where an entry's address led to, when that is another place than its own; else ""."""
        if visit is None:
            return ""
        end = identity(parse_address(visit.answered))
        if end == identity(parse_address(visit.url)):
            return ""
        self.ends.setdefault(end, set()).add(entry.blurb.title or visit.url)
        return end


class Gatherer:
    """Gathers articles with one fetcher; `recall` says what is remembered of an address (`index.library.Library.visit`)."""

    def __init__(self, fetcher: Fetcher, recall: Recall, tell: Tell = lambda progress: None) -> None:
        self._fetcher = fetcher
        self._recall = recall
        self._tell = tell

    def gather(self, source: str) -> Iterator[Gathered]:
        """What `source` gives, piece by piece. What cannot be had is a Failure in one of them; nothing is raised for it."""
        course = _Course(self._tell, MOST_ARTICLES)
        course.say()
        try:
            url = str(parse_address(source))
            yield from self._source(source, url, course, within_index=False)
        except (FetchError, ReadError) as error:
            yield Gathered(failed=(Failure(source, str(error)),))
        if course.over:
            more = f"{source} lists {course.over:,} more; add it again for the next {min(course.over, MOST_ARTICLES):,}."
            course.say(more)

    def _source(self, source: str, url: str, course: _Course, *, within_index: bool) -> Iterator[Gathered]:
        visit = self._recall(url)
        answer = self._fetched(url, visit)
        course.step()
        if visit is not None and answer.unchanged:
            yield Gathered(same=visit.articles, visits=(replace(visit, at=_now()),))
            return
        answer = _unpacked(answer)
        feed = _feed(answer)
        if feed is None and within_index:
            raise ReadError("a sitemap index lists it, but it is no sitemap")
        if feed is None:
            yield _page(source, url, answer, visit)
        elif feed.sitemaps and within_index:
            raise ReadError("it is a sitemap index inside of another one")
        elif feed.sitemaps:
            yield from self._sitemaps(feed.sitemaps[:MOST_SITEMAPS], course)
        elif not feed.entries:
            raise ReadError("it lists no articles")
        else:
            yield from self._entries(url, answer, feed, course)

    def _fetched(self, url: str, visit: Visit | None) -> Fetched:
        with _foreseen(url):
            return self._fetcher.fetch(url, _validators(visit))

    def _sitemaps(self, sitemaps: tuple[str, ...], course: _Course) -> Iterator[Gathered]:
        course.total += len(sitemaps)
        for url in sitemaps:
            try:
                yield from self._source(url, str(parse_address(url)), course, within_index=True)
            except (FetchError, ReadError) as error:
                course.step()
                yield Gathered(failed=(Failure(url, str(error)),))

    # -- feeds -------------------------------------------------------------------------------

    def _entries(self, url: str, answer: Fetched, feed: Feed, course: _Course) -> Iterator[Gathered]:
        listing = _Listing()
        same: list[Visit] = []
        due: list[_Wanted] = []
        for entry in feed.entries:
            one = self._wanted(entry, course)
            if one is None:
                continue
            listing.led(one.visit, entry)
            if one.visit is not None and one.as_before and _now() - one.visit.at < LOOK_AGAIN:
                same.append(one.visit)
            else:
                due.append(one)
        wanted, had = _affordable(due, course)
        same.extend(had)
        course.total = course.done + len(wanted)
        if same:
            articles = tuple(dict.fromkeys(article for visit in same for article in visit.articles))
            listing.origins.extend(origin for visit in same for origin in visit.origins)
            yield Gathered(same=articles)
        course.say()
        led: list[tuple[_Wanted, Gathered, str]] = []
        for one in wanted:
            gathered = self._entry(url, one, listing)
            end = listing.led(gathered.visits[0], one.entry) if gathered.found and gathered.visits else ""
            # An entry of this feed may have that address for its own: then it is the same article twice.
            if end and end not in course.seen:
                led.append((one, gathered, end))
            else:
                yield listing.noted(gathered)
            course.step()
        for one, gathered, end in led:
            if len(listing.ends[end]) > 1:
                # A page that asks for consent, for money or for a name, or the front page in the place of what is gone.
                reason = f"it leads to {gathered.visits[0].answered}, as other entries of its feed do"
                gathered = _instead(url, one, reason, later=False, answered=gathered.visits[0].answered)
            yield listing.noted(gathered)
        # Whoever asks with these and hears "unchanged" looks no further: only once nothing is left to be had.
        if listing.settled and not course.over:
            yield Gathered(visits=(_visit(url, answer, "feed", "", listing.origins),))

    def _wanted(self, entry: Entry, course: _Course) -> _Wanted | None:
        """What there is to have of an entry; None when its place had its turn, and it says nothing that is not told there."""
        try:
            link = str(parse_address(entry.link))
            # Read again: encoded it may be too long.
            place = identity(parse_address(link))
        except FetchError:
            link, place = "", entry.key
        apart = _apart(entry, place)
        if place not in course.seen:
            course.seen[place] = apart
            return _Wanted(entry, link, self._recall(link) if link else None)
        if not link or not _says_something(entry) or not apart.isdisjoint(course.seen[place]):
            return None
        course.seen[place] |= apart
        return _Wanted(entry, link, None, shared=True)

    def _entry(self, feed: str, one: _Wanted, listing: _Listing) -> Gathered:
        """The article behind one entry, or its blurb."""
        entry, link, visit = one.entry, one.link, one.visit
        if one.shared:
            return Gathered(found=(_told(feed, entry, link),))
        try:
            if not link:
                raise FetchError("its feed gives no address for it that can be fetched")
            answer = self._fetched(link, visit)
            if visit is not None and answer.unchanged:
                return Gathered(same=visit.articles, visits=(replace(visit, stamp=entry.stamp, at=_now()),))
            if _feed(answer) is not None:
                raise ReadError("it is a feed or a sitemap, not an article")
            gathered = _page(link, link, answer, visit, entry)
        except (FetchError, ReadError) as error:
            later = isinstance(error, FetchError) and error.later
            listing.settled = listing.settled and not later
            return _instead(feed, one, str(error), later=later)
        articles = [article for article, _ in gathered.found]
        if not articles:
            return _instead(feed, one, "; ".join(failure.reason for failure in gathered.failed), later=False)
        if len(articles) == 1 and len(entry.blurb.text) > 2 * len(articles[0].text):
            # A page that only a browser's programs fill, or one that asks for money or consent first.
            return _instead(feed, one, f"its page holds only {len(articles[0].text):,} characters of text", later=False)
        return gathered


def _affordable(due: list[_Wanted], course: _Course) -> tuple[list[_Wanted], list[Visit]]:
    """What there is room for this time, in the order of the feed; and of the rest the visits of what was had once."""
    # What nothing is fetched for costs nothing, unless there is nothing to be had of it either.
    costly = sorted((one for one in due if one.fetched or not _says_something(one.entry)), key=lambda one: one.turn)
    taken, rest = costly[: course.left], costly[course.left :]
    left_out = {id(one) for one in rest}
    course.left -= len(taken)
    course.over += sum(one.fetched and not one.as_before for one in rest)
    had = [one.visit for one in rest if one.visit is not None and one.as_before]
    return [one for one in due if id(one) not in left_out], had


def _says_something(entry: Entry) -> bool:
    return any(char.isalnum() for char in entry.blurb.text)


def _apart(entry: Entry, place: str) -> set[str]:
    """What tells an entry apart from another one with the same address: what its feed knows it by, its title, and its text.

    One that shares any of these is the same story, listed twice.
    """
    key = entry.key
    try:
        if identity(parse_address(key)) == place:
            # Only another spelling of the address, in which the part of the page is all that may make a difference.
            key = entry.link.partition("#")[2]
    except FetchError:
        pass
    return {f"{kind}:{said}" for kind, said in (("key", key), ("title", entry.blurb.title), ("text", entry.blurb.text)) if said}


def _told(feed: str, entry: Entry, link: str) -> Found:
    """What a feed itself says of an entry, as an article."""
    blurb = entry.blurb
    article = Article(
        id="", title=blurb.title, text=blurb.text, source=feed, url=link, outlet=blurb.outlet, author=blurb.author,
        published=blurb.published, language=blurb.language,
    )  # fmt: skip
    # Its origin is within its feed: no feed can put its words in the place of another site's article.
    return _with_id(article), f"{identity(parse_address(feed))}{_ENTRY}{entry.key}"


def _instead(feed: str, one: _Wanted, reason: str, *, later: bool, answered: str = "") -> Gathered:
    """What is made of an entry whose page could not be had: nothing when the page was had once, else its blurb.

    `answered` is where its address led to instead.
    """
    entry, link, visit = one.entry, one.link, one.visit
    place = link or whole_characters(entry.link) or f"{feed}, entry {one_line(entry.key)[:80]}"
    # With its stamp it counts as dealt with until the feed says something new of it.
    stamp = "" if later else entry.stamp
    if visit is not None and visit.kind == "page" and visit.articles:
        kept = Failure(place, f"{reason}; what it said before is kept")
        return Gathered(failed=(kept,), visits=(replace(visit, stamp=stamp, at=_now()),))
    if not _says_something(entry):
        tried = (Visit(link, answered or link, "", "", "nothing", stamp, _now()),) if link else ()
        return Gathered(failed=(Failure(place, reason),), visits=tried)
    article, origin = _told(feed, entry, link)
    return Gathered(
        found=((article, origin),),
        failed=(Failure(place, f"{reason}; what its feed says of it was added instead"),) if entry.link else (),
        visits=(Visit(link, answered or link, "", "", "blurb", stamp, _now(), (origin,)),) if link else (),
    )


def _page(source: str, url: str, answer: Fetched, visit: Visit | None, entry: Entry | None = None) -> Gathered:
    """The articles of one answer that is no feed; `url` is what was asked for."""
    ending = _ending(answer)
    items: list[Article | Failure]
    # Through a file, so that whatever is read from a disk is read from the web, by the same door and the same checks.
    with tempfile.TemporaryDirectory(prefix="dateline-") as folder:
        file = Path(folder, f"page{ending}")
        file.write_bytes(_as_utf8(answer) if ending in (".html", ".md", ".txt") else answer.body)
        with _foreseen(url):
            items = list(read(file))
    found: list[Found] = []
    failed: list[Failure] = []
    for item in items:
        if isinstance(item, Failure):
            failed.append(Failure(item.source.replace(str(file), source), item.reason))
            continue
        article = _mended(item, source, answer, entry)
        origin = identity(parse_address(answer.url))
        if holds_many(file):
            origin = f"{origin}#{article.id}"
        elif visit is not None and len(visit.origins) == 1 and _ENTRY in visit.origins[0]:
            # It was a feed's blurb at first, and stays that article.
            origin = visit.origins[0]
        found.append((article, origin))
    # Not of a page that failed: it would be "unchanged" the next time, and never be read.
    stamp = entry.stamp if entry is not None else ""
    visits = (_visit(url, answer, "page", stamp, [origin for _, origin in found]),) if found and not failed else ()
    return Gathered(found=tuple(found), failed=tuple(failed), visits=visits)


def _mended(article: Article, source: str, answer: Fetched, entry: Entry | None) -> Article:
    """An article with what is known of it beside its page: its address, and what its feed says where the page does not."""
    # A page may say of itself that it is another site's; a reader must be led to where these words stand.
    url = article.url if article.url and same_site(article.url, answer.url) else answer.url
    own_id = "" if article.id == f"a{article.sha256[:16]}" else article.id
    article = replace(article, source=source, url=url, id=own_id)
    if entry is not None:
        names = ("title", "outlet", "author", "published", "language")
        article = replace(article, **{name: getattr(entry.blurb, name) for name in names if not getattr(article, name)})
    return _with_id(article)


def _with_id(article: Article) -> Article:
    digest = fingerprint(article)
    return replace(article, sha256=digest, id=article.id or f"a{digest[:16]}")


def _ending(answer: Fetched) -> str:
    """The ending that a file of this answer would have, by its content type, its address and its first bytes."""
    path = answer.url.partition("?")[0].lower().removesuffix(".gz")
    named = Path(path.rpartition("/")[2]).suffix
    ending = _ENDINGS.get(answer.kind, "")
    if answer.body[:1024].lstrip().startswith(b"%PDF-"):
        return ".pdf"
    if not ending:
        # text/plain, application/octet-stream, XML, or nothing at all: servers that do not know what they have.
        ending = named if format_of(path) else ""
    if not ending and answer.kind in ("application/xml", "text/xml"):
        ending = ".html"
    if not ending and (kind := kind_of_binary(answer.body)):
        raise ReadError(f"it seems to be {kind}, not an article")
    if not ending:
        begins = answer.body[:1000].lower()
        if b"<html" in begins or b"<!doctype html" in begins:
            ending = ".html"
        elif answer.kind in ("text/plain", ""):
            ending = ".txt"
        else:
            raise ReadError(f"it is of the type {answer.kind!r}, and neither its name nor what it holds says what that is")
    if format_of(f"page{ending}") is None:
        raise ReadError(f"{ending} files are not read here")
    return ending


def _as_utf8(answer: Fetched) -> bytes:
    """The text with the encoding that its server names, which pages rely on, turned into one that names itself."""
    try:
        text = decode_as(answer.body, answer.charset) if answer.charset else None
    except ReadError:
        text = None  # reading it as a file says what it is
    # Without, the page itself may still name one that fits.
    return answer.body if text is None else codecs.BOM_UTF8 + text.encode("utf-8", "replace")


def _feed(answer: Fetched) -> Feed | None:
    """The feed or sitemap that an answer is, or None. Raises ReadError for one that cannot be read."""
    with _foreseen(answer.url):
        return read_feed(answer.body, answer.url, answer.charset)


@contextmanager
def _foreseen(url: str) -> Iterator[None]:
    """What goes wrong inside becomes a ReadError, unless it is told already.

    A hostile site may make what reads its answer fail in any way; the other pages and sources must still be had.
    """
    try:
        yield
    except DatelineError:
        raise
    except Exception as error:
        log.info("%s could not be read", url, exc_info=True)
        raise ReadError(f"what the site answers could not be understood ({type(error).__name__})") from None


def _unpacked(answer: Fetched) -> Fetched:
    """An answer that is a gzip file, as large sitemaps are, unpacked."""
    if not answer.body.startswith(b"\x1f\x8b"):
        return answer
    return replace(answer, body=gunzip(answer.body, LARGEST), kind="")


def _validators(visit: Visit | None) -> Validators | None:
    """What to ask with, so as to hear "unchanged": nothing when what the address gave is not there (any more)."""
    if visit is None or visit.kind not in ("page", "feed") or not visit.articles or not (visit.etag or visit.modified):
        return None
    return Validators(visit.answered, visit.etag, visit.modified)


def _visit(url: str, answer: Fetched, kind: str, stamp: str, origins: list[str]) -> Visit:
    return Visit(url, answer.url, answer.etag, answer.modified, kind, stamp, _now(), tuple(dict.fromkeys(origins)))


def _now() -> datetime:
    return datetime.now(UTC)
