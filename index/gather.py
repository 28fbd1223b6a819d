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
from index.reading.characters import kind_of_binary, one_line, whole_characters
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
    seen: set[str] = field(default_factory=set)

    def say(self, note: str = "") -> None:
        self.tell(Progress("fetching", self.done, self.total, note=note))

    def step(self) -> None:
        self.done += 1
        self.total = max(self.total, self.done)
        self.say()


@dataclass(slots=True)
class _Listing:
    """What came of a feed's entries so far. `settled`: none of them is worth asking for again while the feed is the same."""

    origins: list[str] = field(default_factory=list)
    settled: bool = True


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
        same: list[str] = []
        wanted: list[tuple[Entry, str, Visit | None]] = []
        for entry in feed.entries:
            link, visit = self._known(entry)
            place = identity(parse_address(link)) if link else entry.key
            if place in course.seen:
                continue
            course.seen.add(place)
            if visit is not None and visit.stamp == entry.stamp and _now() - visit.at < LOOK_AGAIN:
                same.extend(visit.articles)
                listing.origins.extend(visit.origins)
            elif len(wanted) < course.left:
                wanted.append((entry, link, visit))
            else:
                course.over += 1
        course.left -= len(wanted)
        course.total = course.done + len(wanted)
        if same:
            yield Gathered(same=tuple(dict.fromkeys(same)))
        course.say()
        for entry, link, visit in wanted:
            yield self._entry(url, entry, link, visit, listing)
            course.step()
        # Whoever asks with these and hears "unchanged" looks no further: only once nothing is left to be had.
        if listing.settled and not course.over:
            yield Gathered(visits=(_visit(url, answer, "feed", "", listing.origins),))

    def _known(self, entry: Entry) -> tuple[str, Visit | None]:
        """The address of an entry, or "" when it has none that could be fetched, and what is remembered of it."""
        try:
            link = str(parse_address(entry.link))
        except FetchError:
            return "", None
        return link, self._recall(link)

    def _entry(self, feed: str, entry: Entry, link: str, visit: Visit | None, listing: _Listing) -> Gathered:
        """The article behind one entry, or its blurb."""
        try:
            if not link:
                raise FetchError("its feed gives no address for it that can be fetched")
            answer = self._fetched(link, visit)
            if visit is not None and answer.unchanged:
                listing.origins.extend(visit.origins)
                return Gathered(same=visit.articles, visits=(replace(visit, stamp=entry.stamp, at=_now()),))
            if _feed(answer) is not None:
                raise ReadError("it is a feed or a sitemap, not an article")
            gathered = _page(link, link, answer, visit, entry)
        except (FetchError, ReadError) as error:
            later = isinstance(error, FetchError) and error.later
            listing.settled = listing.settled and not later
            return _instead(feed, entry, link, visit, str(error), listing, later=later)
        articles = [article for article, _ in gathered.found]
        if not articles:
            reason = "; ".join(failure.reason for failure in gathered.failed)
            return _instead(feed, entry, link, visit, reason, listing, later=False)
        if len(articles) == 1 and len(entry.blurb.text) > 2 * len(articles[0].text):
            # A page that only a browser's programs fill, or one that asks for money or consent first.
            short = f"its page holds only {len(articles[0].text):,} characters of text"
            return _instead(feed, entry, link, visit, short, listing, later=False)
        listing.origins.extend(origin for _, origin in gathered.found)
        return gathered


def _instead(
    feed: str, entry: Entry, link: str, visit: Visit | None, reason: str, listing: _Listing, *, later: bool
) -> Gathered:
    """What is made of an entry whose page could not be had: nothing when the page was had once, else its blurb."""
    place = link or whole_characters(entry.link) or f"{feed}, entry {one_line(entry.key)[:80]}"
    # With its stamp it counts as dealt with until the feed says something new of it.
    stamp = "" if later else entry.stamp
    if visit is not None and visit.kind == "page" and visit.articles:
        listing.origins.extend(visit.origins)
        kept = Failure(place, f"{reason}; what it said before is kept")
        return Gathered(failed=(kept,), visits=(replace(visit, stamp=stamp, at=_now()),))
    if not any(char.isalnum() for char in entry.blurb.text):
        tried = (Visit(link, link, "", "", "nothing", stamp, _now()),) if link else ()
        return Gathered(failed=(Failure(place, reason),), visits=tried)
    blurb = entry.blurb
    article = Article(
        id="", title=blurb.title, text=blurb.text, source=feed, url=link, outlet=blurb.outlet, author=blurb.author,
        published=blurb.published, language=blurb.language,
    )  # fmt: skip
    # Its origin is within its feed: no feed can put its words in the place of another site's article.
    origin = f"{identity(parse_address(feed))}{_ENTRY}{entry.key}"
    listing.origins.append(origin)
    return Gathered(
        found=((_with_id(article), origin),),
        failed=(Failure(place, f"{reason}; what its feed says of it was added instead"),) if entry.link else (),
        visits=(Visit(link, link, "", "", "blurb", stamp, _now(), (origin,)),) if link else (),
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
    body = answer.body
    if answer.charset and not kind_of_binary(body) and not body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        # UTF-8 shows itself; servers that name a Latin one for it are many.
        for encoding in ("utf-8", answer.charset):
            try:
                return codecs.BOM_UTF8 + body.removeprefix(codecs.BOM_UTF8).decode(encoding).encode("utf-8", "replace")
            except (LookupError, UnicodeError, ValueError):
                continue
    return body


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
