"""EDGE. Who is signed in: sessions of browsers and tokens of programs, in the data folder, so that they outlive a restart.

Of each only a digest is kept: whoever reads the file cannot use what is in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import sqlite3
import threading
import time
from pathlib import Path
from typing import Literal

from index.errors import DatelineError

FILE = "sessions.db"
DAYS = 30
"""How long a browser stays signed in. A token of a program holds until it is revoked."""

TOKEN = "dateline_"
"""What a token begins with, so that people and programs that look for leaked secrets know it."""

Kind = Literal["page", "token"]


class Sessions:
    """The sessions and tokens of one data folder. Safe to share between threads and processes; close it."""

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        path = data_dir / FILE
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS sessions(digest BLOB PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, "
                "seal TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID"
            )
        except sqlite3.DatabaseError as error:
            raise DatelineError(
                f"{path} cannot be read ({error}). Delete it: everybody then signs in again, and needs new tokens."
            ) from None

    def begin(self, name: str, seal: str, kind: Kind = "page") -> str:
        """A new session or token; returns its secret, which is not kept."""
        secret = (TOKEN if kind == "token" else "") + secrets.token_urlsafe(32)
        until = time.time() + DAYS * 86_400 if kind == "page" else float("inf")
        with self._lock:
            self._connection.execute("DELETE FROM sessions WHERE until < ?", [time.time()])
            self._connection.execute(
                "INSERT INTO sessions(digest, kind, name, seal, until) VALUES (?, ?, ?, ?, ?)",
                [_digest(secret), kind, name, seal, until],
            )
        return secret

    def find(self, secret: str, kind: Kind) -> tuple[str, str] | None:
        """The name and the seal that a secret was given to, or None when it does not hold (any more)."""
        with self._lock:
            row = self._connection.execute(
                "SELECT name, seal FROM sessions WHERE digest = ? AND kind = ? AND until > ?",
                [_digest(secret), kind, time.time()],
            ).fetchone()
        return (str(row[0]), str(row[1])) if row else None

    def end(self, secret: str) -> None:
        """End the session with this secret."""
        with self._lock:
            self._connection.execute("DELETE FROM sessions WHERE digest = ?", [_digest(secret)])

    def revoke(self, name: str) -> int:
        """End every token of a name; returns how many there were."""
        with self._lock:
            return self._connection.execute("DELETE FROM sessions WHERE name = ? AND kind = 'token'", [name]).rowcount

    def close(self) -> None:
        """Close the file. The sessions in it stay."""
        with self._lock:
            self._connection.close()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
