"""What the collection is, looked up no more often than it is cheap to."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from index.catalogue import Overview

if TYPE_CHECKING:
    from rag.chat import Chat

SHARE = 20
"""Counting may take one twentieth of the time: what took a second is good for twenty."""

TAKEN_FROM = 30
"""Articles, the newest, whose change may change the questions to start from."""


class Shelf:
    """What a `rag.Chat` holds, in figures, and questions to start from, shared by everyone who looks."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._overview = Overview()
        self._newest: list[str] = []
        self._questions: list[str] = []
        self._of: list[str] = []
        self._good_until = 0.0

    def overview(self) -> Overview:
        """The collection in figures."""
        with self._lock:
            begun = time.monotonic()
            if begun >= self._good_until:
                self._overview = self._chat.overview()
                self._newest = [entry.article.id for entry in self._chat.listing(limit=TAKEN_FROM).entries]
                self._good_until = time.monotonic() + SHARE * (time.monotonic() - begun)
            return self._overview

    def known_questions(self) -> list[str] | None:
        """The questions to start from, or None when finding them would take time."""
        return self._questions if self._of == self._newest else None

    def questions(self) -> list[str]:
        """Up to four questions that the articles answer."""
        self.overview()
        with self._asking:
            newest = self._newest
            if newest != self._of:
                # Each may be tried before it is offered: once for all readers.
                self._questions = self._chat.suggestions(4) if newest else []
                self._of = newest
            return self._questions

    def changed(self) -> None:
        """Look again at the next occasion, however long it takes."""
        self._good_until = 0.0
