"""EDGE. The library: one SQLite file that holds everything and is the truth.

Articles, their versions, and the passages of the current version with their vectors and the keys of
their words. Whatever else lies in the data folder, both indexes included, can be made again from it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from index import catalogue, words
from index.address import followable
from index.catalogue import Entry, Listing, Overview, Query, Version
from index.chunk import heading
from index.dates import Month, datelines, day_number
from index.errors import NotFoundError
from index.library_file import LibraryFile
from index.records import Candidate, Filed, IndexedWords, Origin, Visit
from index.types import Article, Passage

_ARTICLE = "v.article, v.title, v.text, v.source, v.url, v.outlet, v.author, v.published, v.language, v.sha256"
_WITHOUT_TEXT = _ARTICLE.replace("v.text", "''")
_STORED = np.dtype("<f2")

Vectors = NDArray[np.float32]
T = TypeVar("T", int, str)


class Library:
    """The library database of one data folder. Safe to share between threads.

    Readers always see whole states, and only the holder of the writer lock (`index.lock`) may write. Raises
    IndexDamagedError when the file is not a database that can be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = LibraryFile(path)

    def close(self) -> None:
        """Close every connection. The library cannot be used afterwards."""
        self._file.close()

    # -- stamp and state ---------------------------------------------------------------------

    def meta(self, key: str) -> str | None:
        """A value noted about the index, or None."""
        row = self._file.read("SELECT value FROM meta WHERE key = ?", [key]).fetchone()
        return str(row[0]) if row else None

    def set_meta(self, values: Mapping[str, str]) -> None:
        """Note values about the index, all at once."""
        with self.writing() as connection:
            _set_meta(connection, values)

    def state(self) -> int:
        """A number that grows whenever what can be found changes, in whatever process."""
        return int(self.meta("state") or 0)

    # -- reading -----------------------------------------------------------------------------

    def articles(self, limit: int = -1) -> list[Article]:
        """Every article's current version (or the first `limit`), newest first; undated ones last, by title."""
        rows = self._file.read(
            f"SELECT {_ARTICLE} FROM versions v WHERE v.state = 'current' ORDER BY {catalogue.ordered('newest')} LIMIT ?",
            [limit],
        )
        return [_article(row) for row in rows]

    def openings(self, limit: int) -> list[str]:
        """The ids of the first passages of the newest articles, as many, undated ones last."""
        rows = self._file.read(
            "SELECT p.id FROM versions v JOIN passages p ON p.version = v.number WHERE v.state = 'current' "
            "AND p.number = (SELECT number FROM passages WHERE version = v.number ORDER BY start LIMIT 1) "
            f"ORDER BY {catalogue.ordered('newest')} LIMIT ?",
            [limit],
        )
        return [str(row[0]) for row in rows]

    def article(self, article_id: str) -> Article:
        """The current version of one article. Raises NotFoundError."""
        rows = self._file.read(f"SELECT {_ARTICLE} FROM versions v WHERE v.article = ? AND v.state = 'current'", [article_id])
        row = rows.fetchone()
        if row is None:
            raise _not_found(article_id)
        return _article(row)

    def fingerprinted(self, article_id: str, sha256: str) -> tuple[Article, bool] | None:
        """An article as it was when it had this fingerprint, and whether it is so still; None when that is not held."""
        row = self._file.read(
            f"SELECT v.state, {_ARTICLE} FROM versions v WHERE v.article = ? AND v.sha256 = ? "
            "ORDER BY v.state = 'current' DESC, v.number DESC LIMIT 1",
            [article_id, sha256],
        ).fetchone()
        return (_article(row[1:]), row[0] == "current") if row else None

    def recognised(self, article_id: str, sha256: str, url: str) -> Article | None:
        """The current version of the article with this id; else of one that has or had this fingerprint, or has this URL.

        The id is not enough for what another library says of an article: each gives its own to one that was edited.
        """
        for where, value in (
            ("v.article = ?", article_id),
            ("v.article IN (SELECT article FROM versions WHERE sha256 = ?)", sha256),
            ("v.url = ?", url),
        ):
            found = self._file.read(
                f"SELECT {_ARTICLE} FROM versions v WHERE v.state = 'current' AND {where} AND ? <> '' LIMIT 1", [value, value]
            )
            if row := found.fetchone():
                return _article(row)
        return None

    def holding(self, words: str, limit: int) -> list[Article]:
        """Up to `limit` articles whose current text holds these words as they are; reads every text there is."""
        rows = self._file.read(
            f"SELECT {_ARTICLE} FROM versions v WHERE v.state = 'current' AND instr(v.text, ?) LIMIT ?", [words, limit]
        )
        return [_article(row) for row in rows]

    def listing(self, query: Query, holding: Sequence[int] = ()) -> Listing:
        """One page of the articles that the query chooses, without their texts.

        `holding` are the numbers of the versions in which the words searched for stand. Raises KeyError for an unknown order.
        """
        query = catalogue.bounded(query)
        order = catalogue.ordered(query.order)
        where, values = catalogue.conditions(query, json.dumps([int(number) for number in holding]))
        total = int(self._file.read(f"SELECT count(*) FROM versions v WHERE {where}", values).fetchone()[0])
        rows = self._file.read(
            f"SELECT {_WITHOUT_TEXT}, v.added, (SELECT min(w.added) FROM versions w WHERE w.article = v.article), "
            "(SELECT count(*) FROM versions w WHERE w.article = v.article) "
            f"FROM (SELECT v.number FROM versions v WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?) page "
            f"JOIN versions v ON v.number = page.number ORDER BY {order}",
            [*values, query.limit, query.offset],
        )
        entries = [
            Entry(_article(row[:-3]), datetime.fromisoformat(row[-2]), datetime.fromisoformat(row[-3]), row[-1]) for row in rows
        ]
        return Listing(tuple(entries), total)

    def overview(self) -> Overview:
        """The collection in figures."""
        count, dated, first, last = self._file.read(
            "SELECT count(*), count(published), min(published), max(published) FROM versions WHERE state = 'current'"
        ).fetchone()
        outlets = self._file.read(
            "SELECT outlet, count(*) FROM versions WHERE state = 'current' AND outlet <> '' GROUP BY outlet"
        ).fetchall()
        first, last = (date.fromisoformat(day) if day else None for day in (first, last))
        return Overview(count, dated, first, last, catalogue.by_number(outlets))

    def versions(self, article_id: str) -> list[Version]:
        """Every version of an article, the newest first, without their texts. Raises NotFoundError."""
        self._known(article_id)
        rows = self._file.read(
            f"SELECT {_WITHOUT_TEXT}, v.added, v.state FROM versions v WHERE v.article = ? ORDER BY v.number", [article_id]
        ).fetchall()
        versions = [
            Version(number, _article(row[:-2]), datetime.fromisoformat(row[-2]), row[-1] == "current")
            for number, row in enumerate(rows, 1)
        ]
        return versions[::-1]

    def version(self, article_id: str, number: int) -> Article:
        """One version of an article, from 1, the oldest, with its text. Raises NotFoundError."""
        self._known(article_id)
        row = self._file.read(
            f"SELECT {_ARTICLE} FROM versions v WHERE v.article = ? ORDER BY v.number LIMIT 1 OFFSET ?",
            [article_id, max(0, number - 1)],
        ).fetchone()
        if row is None or number < 1:
            raise NotFoundError(f"The article {article_id!r} has no version {number}.")
        return _article(row)

    def _known(self, article_id: str) -> None:
        if self._file.read("SELECT 1 FROM articles WHERE id = ? AND current IS NOT NULL", [article_id]).fetchone() is None:
            raise _not_found(article_id)

    def article_count(self) -> int:
        """How many articles can answer."""
        return int(self._file.read("SELECT count(*) FROM versions WHERE state = 'current'").fetchone()[0])

    def passage_count(self) -> int:
        """How many passages can be found."""
        return int(self._file.read("SELECT count(*) FROM passages").fetchone()[0])

    def origins(self) -> list[Origin]:
        """What is known of every article's origin."""
        rows = self._file.read(
            "SELECT a.id, a.origin, v.sha256 FROM articles a JOIN versions v ON v.number = a.current ORDER BY a.id"
        )
        return [Origin(*row) for row in rows]

    def visit(self, url: str) -> Visit | None:
        """What is remembered of a web address, or None when it has not been fetched."""
        row = self._file.read(
            "SELECT url, answered, etag, modified, kind, stamp, at FROM visits WHERE url = ?", [url]
        ).fetchone()
        if row is None:
            return None
        gave = self._file.read(
            "SELECT g.origin, a.id FROM visits_gave g LEFT JOIN articles a ON a.origin = g.origin AND a.current IS NOT NULL "
            "WHERE g.url = ?",
            [url],
        ).fetchall()
        url, answered, etag, modified, kind, stamp, at = row
        origins = tuple(dict.fromkeys(origin for origin, _ in gave))
        articles = tuple(article_id for _, article_id in gave if article_id is not None)
        return Visit(url, answered, etag, modified, kind, stamp, datetime.fromisoformat(at), origins, articles)

    def passages(self, ids: Sequence[str]) -> dict[str, tuple[Passage, Article]]:
        """The passages with these ids that can still be found, each with its article."""
        found: dict[str, tuple[Passage, Article]] = {}
        articles: dict[int, Article] = {}
        for some, marks in _in_batches(ids):
            places = self._file.read(
                f'SELECT p.id, p.version, p.start, p."end" FROM passages p WHERE p.id IN ({marks})', some
            ).fetchall()
            missing = sorted({version for _, version, _, _ in places} - articles.keys())
            for row in self._file.read(
                f"SELECT v.number, {_ARTICLE} FROM versions v WHERE v.number IN ({','.join('?' * len(missing))})",
                missing,
            ):
                articles[row[0]] = _article(row[1:])
            for passage_id, version, begin, end in places:
                article = articles.get(version)
                if article is not None:  # else: replaced between the two reads
                    found[passage_id] = (Passage(passage_id, article.id, begin, end, article.text[begin:end]), article)
        return found

    def live(self, ids: Sequence[str]) -> set[str]:
        """Those of the passage ids that can still be found."""
        found: set[str] = set()
        for some, marks in _in_batches(ids):
            found.update(row[0] for row in self._file.read(f"SELECT id FROM passages WHERE id IN ({marks})", some))
        return found

    def candidates(self, ids: Sequence[str]) -> list[Candidate]:
        """What is kept of the passages with these ids that can still be found, each once, in no order."""
        return [
            _candidate(row)
            for some, marks in _in_batches(ids)
            for row in self._file.read(
                "SELECT p.id, v.article, p.vector, p.terms, v.parts, v.centre, v.months FROM passages p "
                f"JOIN versions v ON v.number = p.version WHERE p.id IN ({marks})",
                some,
            )
        ]

    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The numbers of all passages in their order, and of each the number of the version it belongs to."""
        rows = self._file.read("SELECT number, version FROM passages ORDER BY number").fetchall()
        pairs = np.array(rows, np.int64).reshape(len(rows), 2)
        return pairs[:, 0], pairs[:, 1]

    def ids(self, numbers: Sequence[int]) -> dict[int, str]:
        """The ids of the passages with these numbers that can still be found."""
        found: dict[int, str] = {}
        for some, marks in _in_batches(numbers):
            found.update(self._file.read(f"SELECT number, id FROM passages WHERE number IN ({marks})", some))
        return found

    def numbers(self) -> set[int]:
        """The numbers of all passages that can be found."""
        return {row[0] for row in self._file.read("SELECT number FROM passages")}

    def indexed_words(self, after: int = 0, batch: int = 2000) -> Iterator[list[IndexedWords]]:
        """What the lexical index holds of the passages with higher numbers, in batches, in order of their numbers."""
        while True:
            rows = self._file.read(
                "SELECT p.number, p.terms, v.published, v.outlet FROM passages p JOIN versions v ON v.number = p.version "
                "WHERE p.number > ? ORDER BY p.number LIMIT ?",
                [after, batch],
            ).fetchall()
            if not rows:
                return
            after = rows[-1][0]
            yield [IndexedWords(number, terms, day_number(day), outlet) for number, terms, day, outlet in rows]

    def last_passage(self) -> int:
        """The highest passage number given so far; passages added later have higher ones."""
        row = self._file.read("SELECT max(number) FROM passages").fetchone()
        return int(row[0] or 0)

    def passage_ids(self, *, upto: int | None = None) -> list[str]:
        """The ids of all passages, or of those with numbers up to one, in order of their numbers."""
        limit = upto if upto is not None else self.last_passage()
        return [row[0] for row in self._file.read("SELECT id FROM passages WHERE number <= ? ORDER BY number", [limit])]

    def filed_vectors(self, after: int = 0, batch: int = 5000) -> Iterator[tuple[list[Filed], Vectors]]:
        """The passages with higher numbers, in batches in order of their numbers, with their unit vectors (n, dimension)."""
        while True:
            rows = self._file.read(
                "SELECT p.number, p.id, v.published, v.outlet, p.vector FROM passages p "
                "JOIN versions v ON v.number = p.version WHERE p.number > ? ORDER BY p.number LIMIT ?",
                [after, batch],
            ).fetchall()
            if not rows:
                return
            after = rows[-1][0]
            stored = np.frombuffer(b"".join(row[-1] for row in rows), _STORED).reshape(len(rows), -1)
            yield (
                [Filed(number, passage_id, day_number(day), outlet) for number, passage_id, day, outlet, _ in rows],
                (stored.astype(np.float32)),
            )

    def vectors_by_id(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """The unit vectors of these passages, each of shape (dimension,)."""
        found: dict[str, Vectors] = {}
        for some, marks in _in_batches(ids):
            for passage_id, vector in self._file.read(f"SELECT id, vector FROM passages WHERE id IN ({marks})", some):
                found[passage_id] = np.frombuffer(vector, _STORED).astype(np.float32)
        return found

    def described_vectors(
        self, after: int, upto: int, batch: int = 500
    ) -> Iterator[tuple[list[str], Vectors, list[dict[str, Any]]]]:
        """Batches of (ids, vectors, metadata) of the passages numbered in (after, upto], for the vector index."""
        while True:
            rows = self._file.read(
                'SELECT p.number, p.id, p.vector, p.start, p."end", v.article, v.title, v.outlet, v.published, v.source, '
                "v.url FROM passages p JOIN versions v ON v.number = p.version WHERE p.number > ? AND p.number <= ? "
                "ORDER BY p.number LIMIT ?",
                [after, upto, batch],
            ).fetchall()
            if not rows:
                return
            after = rows[-1][0]
            stored = np.frombuffer(b"".join(row[2] for row in rows), _STORED).reshape(len(rows), -1)
            yield [row[1] for row in rows], stored.astype(np.float32), [_described(row[3:]) for row in rows]

    def check(self) -> list[str]:
        """What is wrong with the database, in words; empty when nothing is."""
        problems = [f"SQLite reports: {row[0]}" for row in self._file.read("PRAGMA integrity_check(5)") if str(row[0]) != "ok"]
        if problems:
            return problems
        orphans = self._file.read(
            "SELECT count(*) FROM passages p LEFT JOIN versions v ON v.number = p.version AND v.state = 'current' "
            "WHERE v.number IS NULL"
        ).fetchone()[0]
        if orphans:
            problems.append(f"{orphans} passages belong to no current article")
        return problems

    # -- writing -----------------------------------------------------------------------------

    def writing(self) -> AbstractContextManager[sqlite3.Connection]:
        """A transaction: see `LibraryFile.writing`."""
        return self._file.writing()

    def put(
        self,
        read: Sequence[tuple[Article, str, list[Passage], Vectors]],
        before_commit: Callable[[int], None] = lambda last: None,
    ) -> None:
        """Store complete articles: (article, origin, passages, their vectors (n, dimension)).

        One transaction: from its end on the new versions answer, until then the old ones do. `before_commit` is called
        inside it with the highest passage number there was before.
        """
        with self.writing() as connection:
            last = self.last_passage()
            for article, origin, passages, vectors in read:
                self._retire(connection, article.id)
                connection.execute(
                    "INSERT INTO articles(id, origin, current) VALUES (?, ?, NULL) "
                    "ON CONFLICT(id) DO UPDATE SET origin = excluded.origin",
                    [article.id, origin],
                )
                version = connection.execute(
                    "INSERT INTO versions(article, state, added, sha256, source, url, title, outlet, author, published, "
                    "language, text, months) VALUES (?, 'current', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [article.id, _now(), article.sha256, article.source, article.url, article.title, article.outlet,
                     article.author, article.published.isoformat() if article.published else None, article.language,
                     article.text, _months(article)],
                ).lastrowid  # fmt: skip
                connection.execute("UPDATE articles SET current = ? WHERE id = ?", [version, article.id])
                self._insert_passages(connection, version or 0, article, passages, vectors)
            before_commit(last)
            _bump(connection)

    def move(self, article_id: str, origin: str, source: str) -> None:
        """Note that an unchanged article is now read from somewhere else."""
        with self.writing() as connection:
            connection.execute("UPDATE articles SET origin = ? WHERE id = ?", [origin, article_id])
            connection.execute("UPDATE versions SET source = ? WHERE article = ? AND state = 'current'", [source, article_id])

    def remember(self, visits: Sequence[Visit]) -> None:
        """Note what was fetched; call it once the articles it gave are stored."""
        with self.writing() as connection:
            for visit in visits:
                connection.execute("DELETE FROM visits WHERE url = ?", [visit.url])
                connection.execute(
                    "INSERT INTO visits(url, answered, etag, modified, kind, stamp, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [visit.url, visit.answered, visit.etag, visit.modified, visit.kind, visit.stamp, visit.at.isoformat()],
                )
                connection.executemany(
                    "INSERT OR IGNORE INTO visits_gave(url, origin) VALUES (?, ?)",
                    [(visit.url, origin) for origin in visit.origins],
                )

    def remove(self, article_ids: Sequence[str]) -> None:
        """Remove articles with all their versions, passages, words and visits, leaving no trace in the file.

        What a web address gave before is forgotten with them, so that adding it again brings it back.
        """
        with self.writing() as connection:
            for article_id in article_ids:
                self._retire(connection, article_id)
                connection.execute(
                    "DELETE FROM visits WHERE url IN (SELECT g.url FROM visits_gave g JOIN articles a ON a.origin = g.origin "
                    "WHERE a.id = ?)",
                    [article_id],
                )
                connection.execute("DELETE FROM versions WHERE article = ?", [article_id])
                connection.execute("DELETE FROM articles WHERE id = ?", [article_id])
            _bump(connection)
        self._file.read("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def analyse_again(self, stamp: Mapping[str, str]) -> None:
        """Make the keys of every passage's words again from its text, with a new stamp, in one transaction."""
        with self.writing() as connection:
            rows = connection.execute(
                f'SELECT {_ARTICLE}, p.number, p.start, p."end" FROM passages p JOIN versions v ON v.number = p.version'
            )
            for row in rows.fetchall():
                article, (number, start, end) = _article(row[:-3]), row[-3:]
                terms = words.stored_terms(heading(article), article.text[start:end])
                connection.execute("UPDATE passages SET terms = ? WHERE number = ?", [terms, number])
            _set_meta(connection, stamp)
            _bump(connection)

    def replace_passages(self, made: Sequence[tuple[Article, list[Passage], Vectors]], stamp: Mapping[str, str]) -> None:
        """Put new passages and vectors in the place of all there are, with a new stamp, in one transaction."""
        with self.writing() as connection:
            connection.execute("DELETE FROM passages")
            for article, passages, vectors in made:
                row = connection.execute("SELECT current FROM articles WHERE id = ?", [article.id]).fetchone()
                self._insert_passages(connection, row[0], article, passages, vectors)
            _set_meta(connection, stamp)
            _bump(connection)

    def _insert_passages(
        self,
        connection: sqlite3.Connection,
        version: int,
        article: Article,
        passages: Sequence[Passage],
        vectors: Vectors,
    ) -> None:
        head = heading(article)
        connection.executemany(
            'INSERT INTO passages(id, version, start, "end", vector, terms) VALUES (?, ?, ?, ?, ?, ?)',
            [
                [passage.id, version, passage.start, passage.end, stored, words.stored_terms(head, passage.text)]
                for passage, stored in zip(passages, map(_stored, vectors), strict=True)
            ],
        )
        connection.execute(
            "UPDATE versions SET parts = ?, centre = ? WHERE number = ?",
            [len(passages), _stored(_centre(vectors)) if len(passages) else None, version],
        )

    def _retire(self, connection: sqlite3.Connection, article_id: str) -> None:
        """Turn the current version of an article into a past one: its text stays, its passages go."""
        row = connection.execute("SELECT number FROM versions WHERE article = ? AND state = 'current'", [article_id]).fetchone()
        if row is None:
            return
        connection.execute("DELETE FROM passages WHERE version = ?", row)
        connection.execute("UPDATE versions SET state = 'past', parts = 0, centre = NULL WHERE number = ?", row)
        connection.execute("UPDATE articles SET current = NULL WHERE id = ?", [article_id])


def _stored(vector: Vectors) -> bytes:
    """A unit vector as the library keeps it: half precision, which moves a cosine by less than 0.001."""
    return bytes(vector.astype(_STORED).tobytes())


def _centre(vectors: Vectors) -> Vectors:
    mean: Vectors = vectors.mean(axis=0)
    length = float(np.linalg.norm(mean))
    return mean / np.float32(length or 1.0)


def _in_batches(ids: Sequence[T], size: int = 500) -> Iterator[tuple[list[T], str]]:
    """Ids or numbers in batches that SQLite takes as parameters, each with its placeholders."""
    for start in range(0, len(ids), size):
        some = list(ids[start : start + size])
        yield some, ",".join("?" * len(some))


def _article(row: Sequence[Any]) -> Article:
    article_id, title, text, source, url, outlet, author, published, language, sha256 = row
    return Article(
        id=article_id, title=title, text=text, source=source, url=followable(url), outlet=outlet, author=author,
        published=date.fromisoformat(published) if published else None, language=language, sha256=sha256,
    )  # fmt: skip


def _not_found(article_id: str) -> NotFoundError:
    return NotFoundError(f"No article has the id {article_id!r}. The command `dateline articles` lists them with their ids.")


def _described(row: Sequence[Any]) -> dict[str, Any]:
    """What someone who opens the vector index with Chroma alone is told of a passage."""
    start, end, article, title, outlet, published, source, url = row
    described = {"article": article, "start": start, "end": end, "title": title, "outlet": outlet, "source": source}
    if url:
        described["url"] = url
    if published:
        described["published"] = int(published.replace("-", ""))  # 20221113: Chroma compares only numbers
    return described


def _candidate(row: Sequence[Any]) -> Candidate:
    passage_id, article_id, vector, terms, parts, centre, months = row
    keys = np.frombuffer(terms, words.KEY)
    edge = int(np.argmin(keys))  # where the 0 stands
    return Candidate(
        id=passage_id,
        article_id=article_id,
        vector=np.frombuffer(vector, _STORED),
        heading=keys[:edge],
        body=keys[edge + 1 :],
        parts=parts,
        centre=np.frombuffer(centre, _STORED),
        months=tuple(Month(int(month[:4]), int(month[5:])) for month in months.split()),
    )


def _months(article: Article) -> str:
    found = datelines(article.text, article.url, article.published)
    return " ".join(f"{month.year:04}-{month.month:02}" for month in found)


def _set_meta(connection: sqlite3.Connection, values: Mapping[str, str]) -> None:
    connection.executemany("INSERT OR REPLACE INTO meta(key, value) VALUES (?, ?)", list(values.items()))


def _bump(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'state'")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
