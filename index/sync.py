"""Sources -> articles -> passages -> vectors -> the library; skips what is unchanged."""

from __future__ import annotations

import errno
import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from index.address import is_web_address
from index.chunk import CountTokens, chunk, embedded_text
from index.embed import Embedder, Vectors
from index.errors import EmbeddingError
from index.lexical import LexicalIndex
from index.library import Library
from index.read import read
from index.reading.formats import holds_many
from index.types import Article, Failure, Passage, Progress, Report

BATCH_PASSAGES = 256
"""Articles are stored together until they have this many passages: a few seconds of embedding, so
that little is lost to a kill and new articles answer soon."""

Tell = Callable[[Progress], None]
Read = Callable[[str | Path], Iterable[tuple[Article, str] | Failure]]
"""A source -> its articles, each with its origin: what it is known again by (`origin_of` for files)."""
Chunked = tuple[Article, str, list[Passage]]

# What says that a file is not there, or cannot be under such a name. Any other error says nothing of it.
_GONE = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL))


@dataclass(slots=True)
class _Books:
    """What is known of every article, kept up to date during one sync."""

    by_origin: dict[str, str] = field(default_factory=dict)  # origin -> article id
    sha256: dict[str, str] = field(default_factory=dict)  # article id -> fingerprint of what is stored
    origin: dict[str, str] = field(default_factory=dict)  # article id -> origin
    seen: set[str] = field(default_factory=set)  # article ids met in this sync, be it as a copy at another origin
    given: set[str] = field(default_factory=set)  # article ids met in this sync at their own origin
    copies: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # article id -> (source, origin) of its copies

    def note(self, article: Article, origin: str) -> None:
        old = self.origin.get(article.id)
        if old is not None and self.by_origin.get(old) == article.id:
            del self.by_origin[old]
        self.by_origin[origin] = article.id
        self.origin[article.id] = origin
        self.sha256[article.id] = article.sha256
        self.met(article.id)

    def met(self, article_id: str) -> None:
        self.seen.add(article_id)
        self.given.add(article_id)


@dataclass(slots=True)
class _Found:
    """The report in the making."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)


def from_files(source: str | Path) -> Iterator[tuple[Article, str] | Failure]:
    """The articles of a file or a folder, each with its origin."""
    for item in read(source):
        yield item if isinstance(item, Failure) else (item, origin_of(item))


def sync(
    library: Library,
    lexical: LexicalIndex,
    embedder: Embedder,
    count_tokens: CountTokens,
    sources: Sequence[str | Path],
    *,
    read: Read = from_files,
    prune: bool = False,
    dimension: int = 0,
    tell: Tell = lambda progress: None,
    stamp: Callable[[int], None] = lambda dimension: None,
) -> Report:
    """Bring the library and the lexical index up to the sources, as `read` gives them. Call it holding the writer lock.

    With `prune`, articles that came from a source and are no longer in it are removed: only those
    whose file is gone, or whose line is gone from a file that was read without a failure, and
    nothing at all for a source in which no article was found. `dimension` is the index's, 0 when
    it has none yet; `stamp` is told it before the first vectors are stored.

    Raises EmbeddingError when the embedder fails; what was stored before that stays.
    """
    books = _Books()
    for known in library.origins():
        books.by_origin[known.origin] = known.article_id
        books.origin[known.article_id] = known.origin
        books.sha256[known.article_id] = known.sha256
    found = _Found()
    meter = _Meter(tell)

    def store(batch: list[Chunked]) -> None:
        nonlocal dimension
        texts = [embedded_text(article, passage, count_tokens) for article, _, passages in batch for passage in passages]
        vectors = embed(embedder, texts, dimension, meter.embedded)
        if not dimension and len(vectors):
            dimension = int(vectors.shape[1])
            stamp(dimension)
        rows, place = [], 0
        for article, origin, passages in batch:
            rows.append((article, origin, passages, vectors[place : place + len(passages)]))
            place += len(passages)
        library.put(rows, before_commit=lexical.follow)

    batch: list[Chunked] = []
    for source in sources:
        for article, origin in _wanted(library, read(source), books, found):
            passages = chunk(article, count_tokens)
            batch.append((article, origin, passages))
            meter.chunked(len(passages))
            if meter.waiting >= BATCH_PASSAGES:
                store(batch)
                batch = []
    if batch:
        store(batch)
    if prune:
        # Once all are read: what is gone from one source may have gone to another.
        for source in sources:
            found.removed.extend(_vanished(source, books, found))
    if found.removed:
        library.remove(found.removed)
        lexical.settle(anew=True)
    return Report(tuple(found.added), tuple(found.changed), tuple(found.unchanged), tuple(found.removed), tuple(found.failed))


def embed(embedder: Embedder, texts: Sequence[str], dimension: int, done: Callable[[int], None]) -> Vectors:
    """The vectors of texts, a few at a time so that `done` can be told how many more there are.

    Raises EmbeddingError when they are not of the index's dimension (0: not known yet).
    """
    import numpy as np

    parts = []
    for start in range(0, len(texts), 64):
        vectors = embedder.embed_passages(texts[start : start + 64])
        if dimension and vectors.shape[1] != dimension:
            raise EmbeddingError(
                f"The embedder {embedder.name} gave vectors of {vectors.shape[1]} numbers, but this index holds vectors of "
                f"{dimension}. Run: dateline rebuild"
            )
        parts.append(vectors)
        done(len(vectors))
    return np.concatenate(parts) if parts else np.zeros((0, dimension), np.float32)


def _wanted(
    library: Library, items: Iterable[tuple[Article, str] | Failure], books: _Books, found: _Found
) -> Iterator[tuple[Article, str]]:
    """The articles of one source that must be stored, each with its origin; the rest is only noted."""
    for one in items:
        if isinstance(one, Failure):
            found.failed.append(one)
            continue
        item, origin = one
        known = books.by_origin.get(origin)
        if known is None and item.id in books.origin:
            home = books.origin[item.id]
            if books.sha256[item.id] == item.sha256:
                if item.id not in books.given and not _exists(home):
                    library.move(item.id, origin, item.source)
                    books.note(item, origin)
                else:
                    # Its id is not given by this: what stands at its own origin may have changed.
                    books.seen.add(item.id)
                    books.copies.setdefault(item.id, []).append((item.source, origin))
                found.unchanged.append(item.id)
                continue
            if not item.id.startswith("a" + item.sha256[:16]):
                if _exists(home) and home != origin:
                    found.failed.append(
                        Failure(
                            item.source,
                            f"its id {item.id!r} already belongs to another article, from {home}. Give it another id, or "
                            f"remove that one: dateline remove {item.id}",
                        )
                    )
                    continue
            else:
                # The first version of an article that has changed since, met again somewhere else.
                again = hashlib.sha256(f"{item.sha256}\0{origin}".encode()).hexdigest()
                item = replace(item, id=f"a{again[:16]}")
        elif known is not None:
            if books.sha256[known] == item.sha256:
                books.met(known)
                found.unchanged.append(known)
                continue
            if known in books.given:
                found.failed.append(
                    Failure(item.source, f"the id {item.id!r} is given twice, to different articles; the first was kept.")
                )
                continue
            item = replace(item, id=known)
        copies = books.copies.pop(known, []) if known is not None else []
        before = library.article(item.id) if copies else item
        (found.changed if item.id in books.origin else found.added).append(item.id)
        books.note(item, origin)
        yield item, origin
        # What were copies of it still hold the old words: another article's by now.
        for _ in copies:
            found.unchanged.remove(item.id)
        yield from _wanted(library, [(replace(before, source=at), copy) for at, copy in copies], books, found)


def origin_of(article: Article) -> str:
    """Where an article came from, so that it is known again: the resolved file, with its id if the file holds many."""
    path = Path(article.source)
    file = path.resolve()
    if not holds_many(path):
        return str(file)
    # What a link leads to may have a name that says nothing, as in a store of blobs; the link's own name says what it holds.
    return f"{file if holds_many(file) else path.parent.resolve() / path.name}#{article.id}"


def _exists(origin: str) -> bool:
    # What is gone from the web is not looked for there: its article stays where it was first read.
    return is_web_address(origin) or _is_there(_file_of(origin)) or _is_there(origin)


def _file_of(origin: str) -> str:
    """The file that an origin names: all of it, or what stands before the id when that file holds many."""
    # A "#" may stand in the name of any file, and in an id.
    ends = (place for place, char in enumerate(origin) if char == "#")
    return next((origin[:end] for end in ends if holds_many(origin[:end])), origin)


def _is_there(path: str) -> bool:
    """Whether a file is there; one in a folder that may not be looked into counts as there."""
    try:
        Path(path).stat()
    except OSError as error:
        return error.errno not in _GONE
    except ValueError:
        return False
    return True


def _resolved(path: str | Path) -> Path:
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError, ValueError):
        # A link that leads back to itself, or a name that is none: nothing was read from there.
        return Path(path).absolute()


def _vanished(source: str | Path, books: _Books, found: _Found) -> list[str]:
    """The ids of articles that came from this source and are gone from it; none when that is not certain."""
    root = str(_resolved(source))
    inside = [
        article_id
        for article_id, origin in books.origin.items()
        if origin == root or origin.startswith((f"{root}#", f"{root}/", f"{root}\\"))
    ]
    if not any(article_id in books.seen for article_id in inside):
        return []  # an empty or failed source
    # A failure names the file, or the file and a place in it: "news.json, article 3". File names may have commas too.
    named = {
        failure.source[:end]
        for failure in found.failed
        for end in (*(comma.start() for comma in re.finditer(", ", failure.source)), len(failure.source))
    }
    failed = {_resolved(name) for name in named}
    gone = []
    for article_id in inside:
        origin = books.origin[article_id]
        file = _file_of(origin)
        # A folder that could not be looked into says nothing of the files in it.
        if article_id in books.seen or not failed.isdisjoint((Path(file), *Path(file).parents)):
            continue
        if not _is_there(origin):
            gone.append(article_id)
    for article_id in gone:
        del books.by_origin[books.origin.pop(article_id)]
        del books.sha256[article_id]
    return gone


class _Meter:
    """Turns what was done into Progress, with a rate and the time left."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._begun = 0.0
        self._done = self._total = 0

    @property
    def waiting(self) -> int:
        """Passages cut and not embedded yet."""
        return self._total - self._done

    def chunked(self, passages: int) -> None:
        self._total += passages
        self._say("reading" if not self._done else "embedding")

    def embedded(self, passages: int) -> None:
        self._done += passages
        self._say("embedding")

    def _say(self, phase: str) -> None:
        now = time.monotonic()
        if phase == "embedding" and not self._begun:
            self._begun = now
        passed = now - self._begun if self._begun else 0.0
        rate = self._done / passed if passed > 0.2 else 0.0
        left = (self._total - self._done) / rate if rate else None
        self._tell(Progress(phase, self._done, self._total, rate, left))
