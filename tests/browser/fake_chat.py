"""A chat that answers as it is told, for tests where the real one is too quick or too good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from index.catalogue import Entry, Listing, Overview, Version, overview
from index.types import Article, Failure, Passage, Progress, Report
from rag.conversations import Conversations
from rag.find_quote import FoundQuote, find
from rag.types import Answer, Citation, Claim, Event, Status, Token, Verdict

READ = datetime(2022, 11, 14, 9, 30, tzinfo=UTC)
QUOTED = Verdict("quoted", 1.0)


def article(number: int, title: str, text: str, **known: Any) -> Article:
    """An article with what is known of it."""
    id = f"a{number}-{hash((title, text)):x}"
    return Article(id=id, title=title, text=text, source=f"a{number}.md", **known)


def cite(number: int, source: Article, quote: str) -> Citation:
    """A citation of the quote's first place in the article."""
    start = source.text.index(quote)
    return Citation(number, source, start, start + len(quote), quote)


def quoting(question: str, citations: Sequence[Citation], leads: bool = True) -> Answer:
    """An answer that quotes each citation in its order."""
    claims = tuple(
        Claim(
            one.quote,
            (one,),
            QUOTED,
            f"{one.article.title}, {one.article.outlet or 'unknown'}:" if leads else "",
        )
        for one in citations
    )
    text = " ".join(f"“{one.quote}” [{one.number}]" for one in citations)
    return Answer(question, question, text, claims, tuple(citations), (), True, "quote", 0.01)


class FakeChat:
    """The public methods of `rag.Chat` that the page uses; `answers` makes the answer to a question.

    `pause` is waited between `tokens`, or between the events of a `script` where one is given; `closed` counts streams that
    were closed before their end, `at_once` is the most that were under way together.
    `next` are the questions to go on with. Conversations are really kept.
    """

    def __init__(
        self,
        data_dir: Path,
        articles: Sequence[Article] = (),
        answers: Callable[[str], Answer] | None = None,
        tokens: Sequence[str] = (),
        pause: float = 0.0,
        script: Sequence[Event] = (),
        next: Sequence[str] = (),
    ) -> None:
        self.data_dir = data_dir
        self.held = list(articles)
        self.answers = answers
        self.tokens = tokens
        self.pause = pause
        self.script = script
        self.next = next
        # One for as long as the fake is served: the page holds on to it.
        self.conversations: Conversations = getattr(self, "conversations", None) or Conversations(
            data_dir / "conversations.db",
            self,  # type: ignore[arg-type]
        )
        self.closed = self.under_way = self.at_once = 0
        self.histories: list[list[Any]] = []

    def warm(self) -> None:
        pass

    def close(self) -> None:
        pass

    def articles(self) -> list[Article]:
        return list(self.held)

    def overview(self) -> Overview:
        return overview(self.held)

    def listing(self, search: str = "", source: str = "", limit: int = 50, offset: int = 0, **_: Any) -> Listing:
        chosen = [one for one in self.held if search.lower() in one.title.lower() and source in ("", one.source)]
        entries = [Entry(one.without_text(), READ, READ, 1) for one in chosen[offset : offset + limit]]
        return Listing(tuple(entries), len(chosen))

    def versions(self, id: str) -> list[Version]:
        return [Version(1, self.article(id).without_text(), READ, True)]

    def article(self, id: str, version: int | None = None) -> Article:
        return next(one for one in self.held if one.id == id)

    def fingerprinted(self, id: str, sha256: str) -> tuple[Article, bool] | None:
        """As the library has it: an article that is still held is the one that was cited."""
        return next(((one, True) for one in self.held if one.id == id), None)

    def remove(self, id: str) -> Article:
        gone = self.article(id)
        self.held.remove(gone)
        return gone

    def find_quote(self, text: str, k: int = 10) -> list[FoundQuote]:
        return find(text, [(Passage(one.id, one.id, 0, len(one.text), one.text), one) for one in self.held], k)

    def next_questions(self, answer: Answer, asked: Sequence[str] = (), n: int = 3, within: float = 0.25) -> list[str]:
        return [question for question in self.next if question not in asked][:n]

    def suggestions(self, n: int = 4) -> list[str]:
        return [f"What does “{one.title}” say?" for one in self.held][:n]

    def add(self, *paths: Any, progress: Callable[[Progress], None] | None = None) -> Report:
        if progress:
            progress(Progress("reading", 1, 1))
        return Report(failed=tuple(Failure(str(path), "this chat reads nothing") for path in paths))

    async def astream(self, question: str, history: Sequence[Any] = ()) -> AsyncIterator[Event]:
        self.histories.append(list(history))
        finished = False
        self.under_way += 1
        self.at_once = max(self.at_once, self.under_way)
        try:
            yield Status("Searching the articles …")
            for event in self.script or [Token(token) for token in self.tokens]:
                await asyncio.sleep(self.pause)
                yield event
            assert self.answers is not None
            answer = self.answers(question)
            finished = True
            yield answer
        finally:
            self.under_way -= 1
            self.closed += not finished
