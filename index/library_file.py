"""EDGE. The library's file: SQLite, its tables, a connection for each thread, and the words for a damaged one."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from index.errors import IndexDamagedError
from index.reading.characters import whole_characters

SCHEMA = 2

DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"""SQLite's codes for a file that is not, or no longer, a database."""

_TABLES = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles(
  id TEXT PRIMARY KEY,
  origin TEXT NOT NULL,              -- the resolved path or URL it came from; `source` is as the user wrote it
  current INTEGER                    -- the version that answers; NULL until the first one is complete
) WITHOUT ROWID;
CREATE INDEX articles_by_origin ON articles(origin);
CREATE TABLE versions(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  article TEXT NOT NULL REFERENCES articles(id),
  state TEXT NOT NULL CHECK (state IN ('current', 'past')),
  added TEXT NOT NULL,               -- when it was read, UTC
  sha256 TEXT NOT NULL, source TEXT NOT NULL, url TEXT NOT NULL, title TEXT NOT NULL, outlet TEXT NOT NULL,
  author TEXT NOT NULL, published TEXT, language TEXT NOT NULL, text TEXT NOT NULL,
  months TEXT NOT NULL,              -- when it may have been written, as "2022-11 2022-10": evidence, never shown
  parts INTEGER NOT NULL DEFAULT 0,  -- how many passages the current version has
  centre BLOB                        -- the mean of their vectors, a unit vector as float16; NULL without passages
);
CREATE INDEX versions_by_article ON versions(article);
CREATE INDEX versions_by_sha256 ON versions(sha256);
CREATE INDEX versions_by_day ON versions(state, published);
CREATE TABLE passages(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  version INTEGER NOT NULL REFERENCES versions(number),
  start INTEGER NOT NULL, "end" INTEGER NOT NULL,
  vector BLOB NOT NULL,              -- float16, little-endian
  terms BLOB NOT NULL                -- the keys of the words of its heading, 0, those of its own; uint32, little-endian
);
CREATE INDEX passages_by_version ON passages(version);
"""
# Made when they are missing: there are libraries from before web addresses were fetched.
_VISITS = """
CREATE TABLE IF NOT EXISTS visits(
  url TEXT PRIMARY KEY,              -- a web address as it was asked for
  answered TEXT NOT NULL, etag TEXT NOT NULL, modified TEXT NOT NULL, kind TEXT NOT NULL, stamp TEXT NOT NULL,
  at TEXT NOT NULL                   -- when it was fetched, UTC
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS visits_gave(
  url TEXT NOT NULL REFERENCES visits(url) ON DELETE CASCADE,
  origin TEXT NOT NULL,              -- as in articles
  PRIMARY KEY (url, origin)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS visits_gave_by_origin ON visits_gave(origin);
"""
# Holds all that a list sorts and filters by, so that no text is read for it.
_LISTED = "CREATE INDEX IF NOT EXISTS versions_listed ON versions(state, published, title, outlet, article)"


class LibraryFile:
    """The database at `path`, made with its folder if it is not there. Safe to share between threads.

    Readers always see whole states, also while another thread or process writes. Only the holder of the writer lock
    (`index.lock`) may write.

    Raises IndexDamagedError when the file is not a database that can be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._open: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._guard = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._naming_damage():
            self._create_if_new()

    def close(self) -> None:
        """Close every connection. The file cannot be used afterwards."""
        with self._guard:
            for _, connection in self._open:
                connection.close()
            self._open.clear()

    def read(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """The rows that a statement gives. Halves of surrogate pairs in the values stand for no character, and find nothing."""
        whole = [whole_characters(value) if isinstance(value, str) else value for value in values]
        with self._naming_damage():
            return self._connection().execute(sql, whole)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it happens, or nothing. Inside another one of this thread it is a part of that."""
        connection = self._connection()
        if connection.in_transaction:
            yield connection
            return
        with self._naming_damage():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self.path, timeout=30, isolation_level=None, check_same_thread=False, cached_statements=64
            )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA cache_size = -32000")
            connection.create_function("casefold", 1, str.casefold, deterministic=True)
            self._local.connection = connection
            with self._guard:
                # Those of threads that have ended are no use to anyone: a server with a thread a request has thousands.
                ended = [known for thread, known in self._open if not thread.is_alive()]
                self._open = [one for one in self._open if one[0].is_alive()]
                self._open.append((threading.current_thread(), connection))
            for known in ended:
                known.close()
        return connection

    def _create_if_new(self) -> None:
        names = "'meta', 'visits', 'versions_listed'"
        there = {row[0] for row in self.read(f"SELECT name FROM sqlite_master WHERE name IN ({names})")}
        if len(there) == 3:
            return
        with self.writing() as connection:
            # Asked again inside the transaction: another process may have been quicker.
            if not connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'meta'").fetchone()[0]:
                _create(connection, _TABLES)
                connection.executemany("INSERT INTO meta(key, value) VALUES (?, ?)", [("schema", str(SCHEMA)), ("state", "0")])
            _create(connection, _VISITS)
            _create(connection, _LISTED)

    @contextmanager
    def _naming_damage(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise
            if error.sqlite_errorcode & 0xFF not in DAMAGE:
                raise IndexDamagedError(
                    f"The library {self.path} cannot be reached ({error}). See that the disk is not full, that the folder may "
                    "be written to and that the program has not too many files open. The articles are not touched by this."
                ) from error
            raise IndexDamagedError(
                f"The library {self.path} cannot be read ({error}). Run `dateline doctor` for what is wrong; if it cannot "
                f"be mended, move the folder {self.path.parent} away and add the articles again."
            ) from error


def _create(connection: sqlite3.Connection, tables: str) -> None:
    for statement in tables.split(";\n"):
        if statement.strip():
            connection.execute(statement)
