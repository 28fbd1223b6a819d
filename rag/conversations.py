"""EDGE. Conversations that outlive the process: whose they are, what was asked in them, and what was answered.

    mine = chat.conversations.of(signed_in("alice"))
    id = mine.begin()
    mine.add(id, question, answer)
    mine.load(id).exchanges[0].answer.citations     # with their articles' texts as they were when cited

Who holds the conversations of one owner can reach those alone: every question to the file names the owner.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import secrets
import sqlite3
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import DatelineError, NotFoundError
from rag.conversation_file import ConversationFile
from rag.kept import Conversation, Exchange, Summary, Thumb, from_json, said, to_json
from rag.types import Answer

if TYPE_CHECKING:
    from index.library import Library

log = logging.getLogger(__name__)

FILE = "conversations.db"

TITLE = 80
"""Characters of a title made of a question."""

LONGEST_TITLE, LONGEST_WORD, LONGEST_QUESTION, LONGEST_SEARCH = 200, 2_000, 20_000, 500
"""Characters."""

SECRET = 32
"""Characters, at least, of what tells one anonymous browser from all others."""

_COUNTED = """
SELECT c.id, c.title, c.begun, c.changed, (SELECT count(*) FROM exchanges e WHERE e.conversation = c.number), c.owner
FROM conversations c
"""


def signed_in(name: str) -> str:
    """The owner that a signed-in user's name stands for; no browser's secret can stand for the same."""
    if not name.strip():
        raise DatelineError("A signed-in user has a name; this one is empty.")
    return f"user:{name}"


def browser(secret: str) -> str:
    """The owner that an anonymous browser's secret stands for. The secret itself is kept nowhere.

    Take one from `new_secret`; raises DatelineError for one that is short enough to be guessed.
    """
    if len(secret) < SECRET:
        raise DatelineError(
            f"A browser's secret has {len(secret)} characters; at least {SECRET} are needed, or it could be guessed. Take one "
            "from new_secret()."
        )
    return f"browser:{hashlib.sha256(secret.encode('utf-8', 'replace')).hexdigest()[:32]}"


def new_secret() -> str:
    """A secret for a browser that has none yet: 43 characters that cannot be guessed."""
    return secrets.token_urlsafe(32)


class Conversations:
    """The conversations kept in one data folder. Safe to share between threads, and between processes.

    Nothing is read or made before it is needed, and nothing that goes wrong here stops the chat: methods raise
    ConversationsError when the file cannot be used. With a `library`, citations are loaded with their articles' texts.
    """

    def __init__(self, path: Path, library: Library | None = None) -> None:
        self._file = ConversationFile(path)
        self._library = library

    @property
    def notice(self) -> str:
        """What a person should know of the file: that it was damaged, and where it is now. Mostly empty."""
        return self._file.notice

    def of(self, owner: str) -> OwnConversations:
        """The conversations of one owner: `signed_in(name)`, `browser(secret)`, or any other text of yours that names one."""
        if not owner.strip():
            raise DatelineError("Conversations belong to someone, and the owner given is empty.")
        return OwnConversations(self._file, self._library, _clean(owner))

    def everyones(self) -> OwnConversations:
        """All conversations, whoever they belong to: for whoever keeps the server, never for a page."""
        return OwnConversations(self._file, self._library, None)


class OwnConversations:
    """The conversations of one owner. Ids of others' are not found, as if there were none."""

    def __init__(self, file: ConversationFile, library: Library | None, owner: str | None) -> None:
        self._file = file
        self._library = library
        self._owner = owner

    # -- whole conversations -----------------------------------------------------------------

    def begin(self, title: str = "") -> str:
        """Begin a conversation; returns its id. Without a title it gets its first question for one.

        It is listed once it has an exchange.
        """
        if self._owner is None:
            raise DatelineError("A conversation belongs to someone: begin it with of(owner).")
        id, now = secrets.token_hex(16), _now()
        values = [id, self._owner, _title(title, LONGEST_TITLE), now, now]
        long_ago = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="microseconds")

        def work(connection: sqlite3.Connection) -> None:
            # Begun and left: a page that is only looked at begins one each time.
            connection.execute("DELETE FROM conversations WHERE last IS NULL AND changed < ?", [long_ago])
            connection.execute("INSERT INTO conversations(id, owner, title, begun, changed) VALUES (?, ?, ?, ?, ?)", values)

        self._file.writing(work)
        return id

    def recent(self, limit: int = -1) -> list[Summary]:
        """The conversations (or the first `limit`) that have exchanges, the one added to last first."""
        where, owner = self._mine()

        def work(connection: sqlite3.Connection) -> list[Summary]:
            rows = connection.execute(
                f"{_COUNTED} WHERE c.last IS NOT NULL AND {where} ORDER BY c.changed DESC, c.number DESC LIMIT ?",
                [*owner, limit],
            )
            return [self._summary(row) for row in rows]

        return self._file.reading(work, [])

    def search(self, words: str, limit: int = 50) -> list[Summary]:
        """The conversations with an exchange, or a title, in which all of these words stand (or begin words), best first.

        `found` shows where. Case and accents do not matter.
        """
        # Composed, as an accent that is a character of its own would end the word.
        wanted = re.findall(r"\w+", unicodedata.normalize("NFC", _clean(words[:LONGEST_SEARCH])))
        if not wanted:
            return []
        where, owner = self._mine()
        match = " ".join(f'"{word}"*' for word in wanted)

        def work(connection: sqlite3.Connection) -> list[Summary]:
            found = connection.execute(
                "SELECT e.conversation, snippet(words, -1, '', '', ' … ', 24) FROM words "
                "JOIN exchanges e ON e.number = words.rowid JOIN conversations c ON c.number = e.conversation "
                f"WHERE words MATCH ? AND {where} ORDER BY words.rank",
                [match, *owner],
            )
            places: dict[int, str] = {}
            for number, place in found:
                places.setdefault(number, " ".join(place.split()))
            titled = connection.execute(
                f"SELECT c.number, c.title FROM conversations c WHERE c.last IS NOT NULL AND {where}", owner
            )
            bare = [_bare(word) for word in wanted]
            for number, title in titled:
                if number not in places and all(word in _bare(title) for word in bare):
                    places[number] = ""
            return [
                self._summary(connection.execute(f"{_COUNTED} WHERE c.number = ?", [number]).fetchone(), place)
                for number, place in list(places.items())[:limit]
            ]

        return self._file.reading(work, [])

    def load(self, conversation: str) -> Conversation:
        """A whole conversation, along the branch chosen last. Raises NotFoundError."""

        def work(connection: sqlite3.Connection) -> tuple[Any, dict[int, Any]]:
            number = self._number(connection, conversation)
            head = connection.execute("SELECT id, title, begun, changed, last FROM conversations WHERE number = ?", [number])
            rows = connection.execute(
                "SELECT number, id, after, question, answer, asked, note, thumb, word FROM exchanges WHERE conversation = ? "
                "ORDER BY number",
                [number],
            )
            return head.fetchone(), {row[0]: row[1:] for row in rows}

        kept = self._file.reading(work, None)
        if kept is None:
            raise _no_conversation(conversation)
        (id, title, begun, changed, last), rows = kept
        places: dict[int | None, list[str]] = {}
        for row in rows.values():
            places.setdefault(row[1], []).append(row[0])
        path = []
        while last is not None:
            path.append(rows[last])
            last = rows[last][1]
        exchanges = tuple(self._exchange(row, tuple(places[row[1]])) for row in reversed(path))
        return Conversation(id, title, begun, changed, exchanges)

    def export(self, conversation: str, form: str) -> str:
        """A whole conversation as a file's text: `form` is "md", "html" or "json". Raises NotFoundError."""
        from rag.export import FORMATS
        from rag.record import record

        if form not in FORMATS:
            raise DatelineError(f"There is no export as {form!r}; there are {', '.join(FORMATS)}.")
        return FORMATS[form](record(self.load(conversation)))

    def rename(self, conversation: str, title: str) -> None:
        """Give a conversation another title. Raises NotFoundError."""
        new = _title(title, LONGEST_TITLE)
        if not new:
            raise DatelineError("The new title is empty. Type a few words that say what the conversation is about.")

        def work(connection: sqlite3.Connection) -> None:
            number = self._number(connection, conversation)
            connection.execute("UPDATE conversations SET title = ? WHERE number = ?", [new, number])

        self._file.writing(work)

    def delete(self, conversation: str) -> None:
        """Delete a conversation with everything in it; nothing of it stays in the file. Raises NotFoundError."""

        def work(connection: sqlite3.Connection) -> None:
            _delete(connection, "c.number = ?", [self._number(connection, conversation)])

        self._file.wiping(work)

    def delete_all(self) -> int:
        """Delete all conversations there are of this owner; returns how many."""
        where, owner = self._mine()
        return self._file.wiping(lambda connection: _delete(connection, where, owner))

    # -- exchanges ---------------------------------------------------------------------------

    def add(
        self, conversation: str, question: str, answer: Answer | None = None, *, note: str = "", instead_of: str = ""
    ) -> str:
        """Keep an exchange, after the last one of the conversation; returns its id.

        With `instead_of`, the id of an exchange of this conversation, it takes that one's place: a question that was edited,
        or asked again. That one and what followed it stay, as a branch of their own that `choose` leads back to and
        `delete_exchange` removes. `answer` is None when none came about, and `note` says why. Raises NotFoundError.
        """
        asked, id, now = _clean(question), secrets.token_hex(16), _now()
        if len(asked) > LONGEST_QUESTION:
            raise DatelineError(f"The question has {len(asked):,} characters; at most {LONGEST_QUESTION:,} are kept.")
        words = _clean(said(answer)) if answer else ""
        values = json.dumps(to_json(answer), separators=(",", ":")) if answer else None

        def work(connection: sqlite3.Connection) -> None:
            number = self._number(connection, conversation)
            title, after = connection.execute("SELECT title, last FROM conversations WHERE number = ?", [number]).fetchone()
            if instead_of:
                after = connection.execute(
                    "SELECT after FROM exchanges WHERE number = ?", [self._exchange_number(connection, instead_of, number)]
                ).fetchone()[0]
            last = connection.execute(
                "INSERT INTO exchanges(id, conversation, after, asked, question, said, answer, note) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [id, number, after, now, asked, words, values, _clean(note)],
            ).lastrowid
            connection.execute(
                "UPDATE conversations SET title = ?, changed = ?, last = ? WHERE number = ?",
                [title or _title(asked, TITLE), now, last, number],
            )

        self._file.writing(work)
        return id

    def choose(self, exchange: str) -> None:
        """Go back to the branch that leads through an exchange, to its latest end. Raises NotFoundError."""

        def work(connection: sqlite3.Connection) -> None:
            number = self._exchange_number(connection, exchange)
            connection.execute(
                "UPDATE conversations SET last = (WITH RECURSIVE below(number) AS (VALUES (?) UNION ALL SELECT e.number FROM "
                "exchanges e JOIN below ON e.after = below.number) SELECT max(number) FROM below WHERE number NOT IN "
                "(SELECT after FROM exchanges WHERE after IS NOT NULL)) "
                "WHERE number = (SELECT conversation FROM exchanges WHERE number = ?)",
                [number, number],
            )

        self._file.writing(work)

    def delete_exchange(self, exchange: str) -> None:
        """Delete an exchange and what followed it; nothing of it stays in the file. Raises NotFoundError."""

        def work(connection: sqlite3.Connection) -> None:
            number = self._exchange_number(connection, exchange)
            conversation, after = connection.execute(
                "SELECT conversation, after FROM exchanges WHERE number = ?", [number]
            ).fetchone()
            below = connection.execute(
                "WITH RECURSIVE below(number) AS (VALUES (?) UNION ALL SELECT e.number FROM exchanges e JOIN below "
                "ON e.after = below.number) SELECT number FROM below ORDER BY number DESC",
                [number],
            ).fetchall()
            # The last first, so that none takes others with it: SQLite follows such a chain for 1,000 links, then fails.
            connection.executemany("DELETE FROM exchanges WHERE number = ?", below)
            connection.execute(
                "UPDATE conversations SET last = coalesce((SELECT number FROM exchanges WHERE number = last), ?, "
                "(SELECT max(number) FROM exchanges WHERE conversation = ?)) WHERE number = ?",
                [after, conversation, conversation],
            )

        self._file.wiping(work)

    def rate(self, exchange: str, thumb: Thumb, word: str = "") -> None:
        """Keep with an answer whether it was good ("up"), bad ("down") or neither, and a word why. Raises NotFoundError."""
        if thumb not in ("up", "down", ""):
            raise DatelineError(f"A thumb is up, down or empty, not {thumb!r}.")
        why = _clean(word).strip()
        if len(why) > LONGEST_WORD:
            raise DatelineError(f"The word why has {len(why):,} characters; at most {LONGEST_WORD:,} are kept. Say it shorter.")

        def work(connection: sqlite3.Connection) -> None:
            number = self._exchange_number(connection, exchange)
            connection.execute("UPDATE exchanges SET thumb = ?, word = ? WHERE number = ?", [thumb, why, number])

        self._file.writing(work)

    # -- inside ------------------------------------------------------------------------------

    def _mine(self) -> tuple[str, list[str]]:
        """The condition that a row of `conversations c` is this owner's, and its values."""
        return ("1", []) if self._owner is None else ("c.owner = ?", [self._owner])

    def _number(self, connection: sqlite3.Connection, conversation: str) -> int:
        where, owner = self._mine()
        row = connection.execute(
            f"SELECT c.number FROM conversations c WHERE c.id = ? AND {where}", [_clean(conversation), *owner]
        ).fetchone()
        if row is None:
            raise _no_conversation(conversation)
        return int(row[0])

    def _exchange_number(self, connection: sqlite3.Connection, exchange: str, conversation: int | None = None) -> int:
        where, owner = self._mine()
        row = connection.execute(
            "SELECT e.number, e.conversation FROM exchanges e JOIN conversations c ON c.number = e.conversation "
            f"WHERE e.id = ? AND {where}",
            [_clean(exchange), *owner],
        ).fetchone()
        if row is None or (conversation is not None and row[1] != conversation):
            raise NotFoundError(f"No exchange has the id {exchange!r}. It may have been deleted.")
        return int(row[0])

    def _summary(self, row: Any, found: str = "") -> Summary:
        id, title, begun, changed, count, owner = row
        return Summary(id, title, begun, changed, count, found, owner if self._owner is None else "")

    def _exchange(self, row: Any, others: tuple[str, ...]) -> Exchange:
        id, _, question, values, asked, note, thumb, word = row
        if values is None:
            return Exchange(id, question, None, asked, note, thumb, word, (), others)
        try:
            answer, standings = from_json(json.loads(values), self._library.fingerprinted if self._library else _no_version)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            log.exception("The answer of exchange %s cannot be read.", id)
            unread = "The answer that was kept cannot be read."
            return Exchange(id, question, None, asked, f"{note} {unread}".strip(), thumb, word, (), others)
        return Exchange(id, question, answer, asked, note, thumb, word, standings, others)


def _delete(connection: sqlite3.Connection, where: str, values: list[Any]) -> int:
    """Delete the conversations `c` for which `where` holds, with their exchanges; returns how many they were."""
    # Untied first: an exchange takes those after it with it, and SQLite follows such a chain for 1,000 links, then fails.
    connection.execute(
        "UPDATE exchanges SET after = NULL WHERE after IS NOT NULL AND "
        f"conversation IN (SELECT c.number FROM conversations c WHERE {where})",
        values,
    )
    return connection.execute(f"DELETE FROM conversations AS c WHERE {where}", values).rowcount


def _no_conversation(id: str) -> NotFoundError:
    return NotFoundError(f"No conversation has the id {id!r}. It may have been deleted.")


def _no_version(article_id: str, sha256: str) -> None:
    return None


def _clean(text: str) -> str:
    """`text` as SQLite takes it: halves of surrogate pairs and NULs become U+FFFD."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _bare(text: str) -> str:
    """`text` without case and accents."""
    return "".join(char for char in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(char))


def _title(text: str, most: int) -> str:
    line = " ".join(_clean(text[: most * 8]).split())
    if len(line) <= most:
        return line
    return line[: most - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
