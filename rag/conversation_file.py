"""EDGE. The file that conversations are kept in: SQLite, its tables, and what is done when it is damaged.

Every piece of work has a connection of its own: conversations are written at the pace at which people ask, so that
opening one (under a millisecond) is cheaper than keeping track of one for each thread, and a file that another process
has put in the place of a damaged one is simply the file from then on.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

from index.errors import ConversationsError

log = logging.getLogger(__name__)

SCHEMA = 1
APPLICATION = 0x44744C6E
"""Stamped on the file, so that no other program's database is taken for one of ours."""

WAIT = 30
"""Seconds to wait for another writer."""

_TABLES = """
CREATE TABLE conversations(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,           -- random, so that it cannot be guessed
  owner TEXT NOT NULL,
  title TEXT NOT NULL,
  begun TEXT NOT NULL, changed TEXT NOT NULL,
  last INTEGER                       -- the exchange that the chosen branch ends with
);
CREATE INDEX conversations_by_owner ON conversations(owner, changed);
CREATE TABLE exchanges(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  conversation INTEGER NOT NULL REFERENCES conversations(number) ON DELETE CASCADE,
  after INTEGER REFERENCES exchanges(number) ON DELETE CASCADE,
  asked TEXT NOT NULL,
  question TEXT NOT NULL,
  said TEXT NOT NULL,                -- the answer's words, to search in
  answer TEXT,                       -- JSON, see rag.kept; NULL when none came about
  note TEXT NOT NULL,
  thumb TEXT NOT NULL DEFAULT '' CHECK (thumb IN ('', 'up', 'down')),
  word TEXT NOT NULL DEFAULT ''
);
CREATE INDEX exchanges_by_conversation ON exchanges(conversation);
CREATE INDEX exchanges_by_place ON exchanges(after);
CREATE VIRTUAL TABLE words USING fts5(
  question, said, content='exchanges', content_rowid='number', tokenize='unicode61 remove_diacritics 2'
);
CREATE TRIGGER exchange_added AFTER INSERT ON exchanges BEGIN
  INSERT INTO words(rowid, question, said) VALUES (new.number, new.question, new.said);
END;
CREATE TRIGGER exchange_deleted AFTER DELETE ON exchanges BEGIN
  INSERT INTO words(words, rowid, question, said) VALUES ('delete', old.number, old.question, old.said);
END;
"""
_SAVED = {
    "conversations": "number, id, owner, title, begun, changed, last",
    "exchanges": "number, id, conversation, after, asked, question, said, answer, note, thumb, word",
}

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class ConversationFile:
    """The database at `path`, made when it is first needed. Safe to share between threads, and between processes.

    Making one touches nothing and never fails. A damaged file is moved aside, what can be read of it goes into a new one,
    and `notice` says so, as does the log.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notice = ""

    def reading(self, work: Work[T], otherwise: T) -> T:
        """What `work` makes of the file, all of it of one moment; `otherwise` when nothing was ever kept."""
        return self._mending(lambda: self._once(work, "BEGIN")) if self.path.exists() else otherwise

    def writing(self, work: Work[T]) -> T:
        """Do `work` in a transaction: all of it happens, or nothing."""
        return self._mending(lambda: self._once(work, "BEGIN IMMEDIATE"))

    def wiping(self, work: Work[T]) -> T:
        """`writing`, after which what it deleted is in the file no more: not in free pages, not in the log."""

        def wipe(connection: sqlite3.Connection) -> T:
            done = work(connection)
            # Until its segments are merged, the index of words still holds those of what was deleted.
            connection.execute("INSERT INTO words(words) VALUES ('optimize')")
            return done

        done = self.writing(wipe)
        with self._connected() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return done

    # -- inside ------------------------------------------------------------------------------

    def _once(self, work: Work[T], begin: str) -> T:
        with self._connected() as connection:
            connection.execute(begin)
            try:
                done = work(connection)
            except BaseException:
                with suppress(sqlite3.Error):  # SQLite rolls back by itself after some errors
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            return done

    def _mending(self, once: Callable[[], T]) -> T:
        try:
            try:
                return once()
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._mend()
            return once()
        except (sqlite3.Error, OSError) as error:
            raise ConversationsError(
                f"The conversations in {self.path} cannot be reached ({error}). Answers are not affected. See that the disk is "
                "not full and that the folder may be written to; if it goes on, move that file away: a new one is begun."
            ) from error

    def _connected(self) -> closing[sqlite3.Connection]:
        if not self.path.exists():
            self._prepare()
        connection = _connect(self.path)
        try:
            if _stamp(connection) != (APPLICATION, SCHEMA):
                connection.close()
                self._prepare()
                connection = _connect(self.path)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
        return closing(connection)

    def _lock(self) -> FileLock:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self.path.with_suffix(".lock"), thread_local=False, timeout=WAIT)

    def _prepare(self) -> None:
        """Make the file when there is none. Raises ConversationsError when a newer version of Dateline has made it."""
        with self._lock():
            try:
                self._create()
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._begin_anew()

    def _create(self) -> None:
        # What people asked is nobody else's business; the log beside the file gets the same rights.
        self.path.touch(mode=0o600)
        with closing(_connect(self.path)) as connection:
            application, schema = _stamp(connection)
            if application == APPLICATION and schema > SCHEMA:
                raise ConversationsError(
                    f"The conversations in {self.path} were written by a newer version of Dateline (layout {schema}; this one "
                    f"reads {SCHEMA}). They stay as they are. Use that version, or move the file away to begin a new one."
                )
            if (application, schema) == (APPLICATION, SCHEMA):
                return
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise _NotOursError("it is a database, but not of conversations")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(
                f"BEGIN; {_TABLES} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA}; COMMIT;"
            )

    def _mend(self) -> None:
        """Put right what is damaged, unless another process has just done so."""
        with self._lock():
            try:
                with closing(_connect(self.path)) as connection:
                    sound = connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
                    if sound and _stamp(connection) == (APPLICATION, SCHEMA):
                        connection.execute("INSERT INTO words(words) VALUES ('rebuild')")
                        return
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
            self._begin_anew()

    def _begin_anew(self) -> None:
        moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
        aside = self.path.with_name(f"{self.path.stem}.damaged-{moment}{self.path.suffix}")
        for end in ("-wal", "-shm", ""):  # the file last: until it is gone, its log must not be taken for a new one's
            with suppress(FileNotFoundError):
                self.path.with_name(self.path.name + end).replace(aside.with_name(aside.name + end))
        self._create()
        saved = self._save_from(aside)
        self.notice = (
            f"The file of conversations was damaged. It was moved to {aside}, and a new one begun, with "
            f"{saved:,} exchange{'' if saved == 1 else 's'} that could be read. Delete the damaged one when it is not needed."
        )
        log.warning(self.notice)

    def _save_from(self, aside: Path) -> int:
        """Take over what can be read of a damaged file; returns the number of exchanges."""
        with suppress(sqlite3.Error), closing(_connect(self.path)) as into, closing(_connect(aside)) as source:
            into.execute("BEGIN IMMEDIATE")
            for table, columns in _SAVED.items():
                marks = ",".join("?" * len(columns.split(",")))
                for order in ("ASC", "DESC"):  # up to the damage from either side
                    with suppress(sqlite3.Error):
                        for row in source.execute(f"SELECT {columns} FROM {table} ORDER BY number {order}"):
                            with suppress(sqlite3.Error):  # one bad row costs itself only
                                into.execute(f"INSERT OR IGNORE INTO {table}({columns}) VALUES ({marks})", row)
            into.execute("DELETE FROM exchanges WHERE conversation NOT IN (SELECT number FROM conversations)")
            into.execute("UPDATE exchanges SET after = NULL WHERE after NOT IN (SELECT number FROM exchanges)")
            into.execute(
                "UPDATE conversations SET last = (SELECT max(number) FROM exchanges WHERE conversation = conversations.number) "
                "WHERE last IS NULL OR last NOT IN (SELECT number FROM exchanges)"
            )
            into.execute("COMMIT")
            return int(into.execute("SELECT count(*) FROM exchanges").fetchone()[0])
        return 0


class _NotOursError(sqlite3.DatabaseError):
    """The file is something else than a file of conversations."""


def _connect(path: Path) -> sqlite3.Connection:
    # mode=rw: a file that has just been moved away must not come back empty.
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=WAIT, isolation_level=None, check_same_thread=False
    )


def _stamp(connection: sqlite3.Connection) -> tuple[int, int]:
    return (
        int(connection.execute("PRAGMA application_id").fetchone()[0]),
        int(connection.execute("PRAGMA user_version").fetchone()[0]),
    )


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    if isinstance(error, _NotOursError):
        return True
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
