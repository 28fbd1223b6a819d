"""What the collection is, looked up no more often than it is cheap to."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from index.types import Article

if TYPE_CHECKING:
    from rag.chat import Chat

SHARE = 20
"""Listing may take one twentieth of the time: what took a second is good for twenty."""


class Shelf:
    """The articles of a `rag.Chat` and questions to start from, shared by everyone who looks."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._articles: list[Article] = []
        self._questions: list[str] = []
        self._of: list[str] = []
        self._good_until = 0.0

    def articles(self) -> list[Article]:
        """The articles, without their texts."""
        with self._lock:
            begun = time.monotonic()
            if begun >= self._good_until:
                self._articles = [article.without_text() for article in self._chat.articles()]
                self._good_until = time.monotonic() + SHARE * (time.monotonic() - begun)
            return self._articles

    def known_questions(self) -> list[str] | None:
        """The questions to start from, or None when finding them would take time."""
        return self._questions if self._of == [article.id for article in self._articles] else None

    def questions(self) -> list[str]:
        """Up to four questions that the articles answer."""
        articles = self.articles()
        with self._asking:
            ids = [article.id for article in articles]
            if ids != self._of:
                # Each may be tried before it is offered: once for all readers.
                self._questions = self._chat.suggestions(4) if ids else []
                self._of = ids
            return self._questions

    def changed(self) -> None:
        """Look again at the next occasion, however long it takes."""
        self._good_until = 0.0
