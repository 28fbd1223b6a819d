"""The pipeline, readable as the diagram: question -> retrieve -> quote -> answer.

A `Chat` holds no conversation: the history comes with each question.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import DatelineError
from index.filter import Filter
from index.index import Index
from index.minilm import MiniLM
from index.types import Article, Hit, Progress, Report
from rag import quote
from rag.rerank import Reranker
from rag.retrieve import retrieve
from rag.suggest import suggestions
from rag.types import Answer, ClaimChecked, Event, Status, Token, Turn

if TYPE_CHECKING:
    from rag.llama_retriever import DatelineRetriever

HITS = 12
"""Passages that are read for an answer."""

SUGGEST_FROM = 30
"""Articles, the newest, that questions to start from are taken from."""

LONGEST_QUESTION = 4_000
"""Characters. A longer one is refused rather than cut without a word."""

History = Sequence[Turn | Mapping[str, Any]]


class Chat:
    """Asks the articles of one data folder. Safe to share between threads.

    Open one with `rag.open_chat`; close it, or use it as a context manager.
    """

    def __init__(self, index: Index, reader: MiniLM, reranker: Reranker | None = None) -> None:
        """`reader` reads sentences closely for the keyless writer, whatever embedder the index uses."""
        self._reranker = reranker
        self._index = index
        self._reader = reader

    @property
    def data_dir(self) -> Path:
        """The folder that holds everything."""
        return self._index.data_dir

    # -- asking ------------------------------------------------------------------------------

    def ask(self, question: str, history: History = ()) -> Answer:
        """The answer to a question, whole. Raises DatelineError for an empty or endless question."""
        for event in self.stream(question, history):
            if isinstance(event, Answer):
                return event
        raise AssertionError("a stream ended without an answer")

    def stream(self, question: str, history: History = ()) -> Generator[Event, None, None]:
        """The answer as it comes about: Status, Token and ClaimChecked events, then the Answer, last.

        Closing the generator stops the work. Raises what `ask` raises, at the first step.
        """
        begun = time.perf_counter()
        asked = _checked(question)
        for turn in history:
            Turn.of(turn)  # refused here rather than half-way, if it is not a turn
        count = self._index.library.article_count()
        yield Status(f"Searching {count:,} article{'' if count == 1 else 's'}")
        hits = retrieve(self._index, asked, HITS, reranker=self._reranker)
        yield Status("Reading what was found")
        draft = quote.write(
            asked,
            hits,
            self._reader,
            self._index.document_frequency,
            self._index.library.passage_count(),
            self._index.cosines(asked, [hit.passage.id for hit in hits]),
        )
        for piece in draft.pieces:
            yield Token(piece.text)
            if piece.claim is not None:
                yield ClaimChecked(piece.claim)
        yield Answer(
            question=question,
            searched=asked,
            text="".join(piece.text for piece in draft.pieces),
            claims=draft.claims,
            citations=draft.citations,
            hits=tuple(hits),
            answered=draft.answered,
            writer="quote",
            elapsed=time.perf_counter() - begun,
        )

    async def aask(self, question: str, history: History = ()) -> Answer:
        """`ask`, without blocking the event loop."""
        return await asyncio.to_thread(self.ask, question, history)

    async def astream(self, question: str, history: History = ()) -> AsyncIterator[Event]:
        """`stream`, without blocking the event loop. Closing it stops the work at its next step."""
        events = self.stream(question, history)
        step: asyncio.Future[Event | None] | None = None
        try:
            while True:
                step = asyncio.ensure_future(asyncio.to_thread(next, events, None))
                event = await asyncio.shield(step)
                if event is None:
                    return
                yield event
        finally:
            # A generator cannot be closed while a thread runs a step of it.
            if step is not None and not step.done():
                step.add_done_callback(lambda _: events.close())
            else:
                events.close()

    def search(
        self,
        query: str,
        k: int = 10,
        since: date | None = None,
        until: date | None = None,
        outlet: str | None = None,
    ) -> list[Hit]:
        """The best k passages for a query, best first; at most one search, no writing.

        `since` and `until` (dates, both included) and `outlet` (compared without regard to case)
        choose among articles; an article without a date passes no date filter.
        """
        return retrieve(self._index, _checked(query), k, Filter(since, until, outlet), self._reranker)

    def as_retriever(self, k: int = 10) -> DatelineRetriever:
        """The search as a LlamaIndex retriever, whose nodes carry exact offsets."""
        from rag.llama_retriever import DatelineRetriever

        return DatelineRetriever(lambda query: self.search(query, k))

    def suggestions(self, n: int = 4) -> list[str]:
        """Up to n questions to start from, taken from the articles, each of which they answer."""
        return suggestions(self._index.library.articles(limit=SUGGEST_FROM), lambda question: self.ask(question).answered, n)

    # -- the collection ----------------------------------------------------------------------

    def add(self, *sources: str | Path, prune: bool = False, progress: Callable[[Progress], None] | None = None) -> Report:
        """Read files and folders into the collection; what is unchanged is not embedded again.

        With `prune`, articles whose file (or line) is gone from these sources are removed; an
        empty or unreadable source prunes nothing. `progress` is called with each Progress. Sources
        that could not be read are in the report, each with its reason. Raises IndexBusyError when
        another process is writing, EmbeddingError when the embedder fails.
        """
        return self._index.add(sources, prune=prune, tell=progress or _silent)

    def articles(self) -> list[Article]:
        """Every article, newest first, undated ones last."""
        return self._index.library.articles()

    def article(self, article_id: str) -> Article:
        """One article. Raises NotFoundError."""
        return self._index.library.article(article_id)

    def remove(self, article_id: str) -> Article:
        """Remove an article without a trace; returns what it was. Raises NotFoundError, IndexBusyError."""
        return self._index.remove([article_id])[0]

    def warm(self) -> None:
        """Load what the first question needs, so that it need not wait."""
        self._index.warm()

    def close(self) -> None:
        """Close the index. The chat cannot be used afterwards."""
        self._index.close()
        self._reader.close()

    def __enter__(self) -> Chat:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _checked(question: str) -> str:
    asked = " ".join(question.replace("\0", " ").split())
    if not asked:
        raise DatelineError("The question is empty. Type what you want to know about the articles.")
    if len(asked) > LONGEST_QUESTION:
        raise DatelineError(
            f"The question has {len(asked):,} characters; at most {LONGEST_QUESTION:,} can be searched. Ask it in fewer words, "
            "or add the long text as an article."
        )
    return asked


def _silent(progress: Progress) -> None:
    pass
