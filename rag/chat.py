"""The pipeline, readable as the diagram: question -> condense -> retrieve -> weigh -> a model writes, or quote -> answer.

A `Chat` holds no conversation: the history comes with each question.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.catalogue import ORDERS, Listing, Order, Overview, Query, Version
from index.errors import DatelineError
from index.filter import Filter
from index.index import Index
from index.minilm import MiniLM
from index.reading.characters import whole_characters
from index.types import Article, Hit, Progress, Report
from rag import find_quote, quote
from rag import reader as judging
from rag.condense import Condensed, condense
from rag.conversations import FILE, Conversations
from rag.find_quote import FoundQuote
from rag.leaning import is_thanks
from rag.question import asks_for_everything, opens_a_topic, topic_of
from rag.readings import readings
from rag.rerank import Reranker
from rag.retrieve import retrieve
from rag.rewrite import rewritten
from rag.suggest import next_questions, suggestions
from rag.types import Answer, ClaimChecked, Event, Status, Token, Turn, Withdrawn

if TYPE_CHECKING:
    from rag.llama_retriever import DatelineRetriever
    from rag.write import Author

HITS = 12
"""Passages that are read for an answer."""

SHOWN = 8
"""Of these, passages that a model is given, as far as they fit its window."""

ASK_FROM = 0.12
"""How likely, at least, one of the sentences found answers, for a model to be asked at all."""

ALONE = "Nothing answers it together with what was said before ({}): this answers the question by itself."
"""Said of the answer to a question as it was typed, when with the words of its history it had none."""

OFFERED = "Of {} the articles do tell."
"""Said where a question with another topic in the place of the last one's has no answer; the question about it is offered."""

MAY_HOLD = 80
"""Passages that are looked through for remembered words."""

SUGGEST_FROM = 30
"""Articles, the newest, that questions to start from are taken from."""

LONGEST_QUESTION = 4_000
"""Characters. A longer one is refused rather than cut without a word."""

History = Sequence[Turn | Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Found:
    """What a question was searched as, what was found, what there is to answer with, and what the answer must say of that."""

    condensed: Condensed
    hits: list[Hit]
    considered: quote.Considered
    notice: str = ""

    @property
    def asked(self) -> str:
        """The question as searched."""
        return self.condensed.searched


class Chat:
    """Asks the articles of one data folder. Safe to share between threads.

    Open one with `rag.open_chat`; close it, or use it as a context manager.
    """

    def __init__(
        self,
        index: Index,
        reader: MiniLM,
        reranker: Reranker | None = None,
        author: Author | None = None,
        conversations: Conversations | None = None,
    ) -> None:
        """`reader` reads sentences closely, for the keyless writer and for the check, whatever embedder the index uses.

        `author` is the model that writes, and how what it writes is treated; without one, answers are quotations.
        `conversations` is where a page keeps what was asked, otherwise a file in the index's folder.
        """
        self.conversations = conversations or Conversations(index.data_dir / FILE, index.library)
        """What was asked and answered, by owner (`rag.conversations`). Asking keeps nothing by itself."""
        self._reranker = reranker
        self._index = index
        self._reader = reader
        self._author = author

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
        return self._stream(question, history, threading.Event())

    def _stream(self, question: str, history: History, stop: threading.Event) -> Generator[Event, None, None]:
        begun = time.perf_counter()
        typed = _checked(question)
        turns = [Turn.of(turn) for turn in history]  # refused here rather than half-way, if one is not a turn
        condensed = condense(turns, typed)
        if self._author is not None and not is_thanks(typed):
            condensed = rewritten(turns, typed, condensed, self._author.model, stop)
        count = self._index.library.article_count()
        yield Status(f"Searching {count:,} article{'' if count == 1 else 's'}")
        if not self._index.library.passage_count() or is_thanks(typed):
            draft = quote.thanked() if self._index.library.passage_count() else quote.empty()
            yield from _told(draft, question, condensed.searched, [], begun)
            return
        found = yield from self._find(typed, condensed)
        said = [turn.content for turn in turns]
        if not asks_for_everything(found.asked) and (several := readings(found.condensed, said, found.considered)):
            yield from _told(several.draft, question, found.asked, found.hits, begun, readings=several.questions)
        elif self._author is None or found.considered.likeliest < ASK_FROM:
            # Where nothing comes near an answer, a model would only be tempted.
            offered = () if found.considered.answers else self._offered(found.condensed, typed)
            notice = OFFERED.format(topic_of(typed)) if offered else found.notice
            draft = quote.write(found.considered, self._index.document_frequency)
            yield from _told(draft, question, found.asked, found.hits, begun, notice=notice, readings=offered)
        else:
            yield from self._written(self._author, question, found, begun, stop)

    def _find(self, typed: str, condensed: Condensed) -> Generator[Event, None, _Found]:
        """What is found with a question as it was condensed, or as it was typed, if that serves it better."""
        asked = condensed.searched
        everything = asks_for_everything(asked)
        hits = self._index.newest(HITS) if everything else retrieve(self._index, asked, HITS, reranker=self._reranker)
        yield Status("Reading what was found")
        considered = self._consider(asked, hits)
        opens = bool(condensed.given and opens_a_topic(typed)) and not considered.of_a_topic
        apart = condensed.whole or bool(topic_of(typed))
        if opens or (apart and condensed.given and not considered.answers):
            # What it was given may be of another matter: "The articles do not say" is not said for words nobody asked with.
            as_typed = retrieve(self._index, typed, HITS, reranker=self._reranker)
            alone = self._consider(typed, as_typed)
            if alone.of_a_topic or (alone.answers and not considered.answers):
                notice = "" if alone.of_a_topic else ALONE.format(condensed.given)
                return _Found(Condensed(typed), as_typed, alone, notice)
        return _Found(condensed, hits, considered)

    def _written(
        self, author: Author, question: str, found: _Found, begun: float, stop: threading.Event
    ) -> Generator[Event, None, None]:
        """What a model makes of what was found; what quotations do, where it fails."""
        asked, hits, frequency = found.asked, found.hits, self._index.document_frequency
        outcome = yield from author.write(asked, found.considered.strongest_first(hits)[:SHOWN], stop)
        told: dict[str, Any] = {
            "model": author.name,
            "tokens_in": outcome.usage.tokens_in if outcome.usage else None,
            "tokens_out": outcome.usage.tokens_out if outcome.usage else None,
        }
        if outcome.failure:
            failed = f"{outcome.failure} Answered by quoting instead."
            yield Withdrawn(failed)
            noted = f"{found.notice} {failed}".strip()
            yield from _told(quote.write(found.considered, frequency), question, asked, hits, begun, notice=noted, **told)
        elif not outcome.answered:
            refusal = quote.refuse(found.considered, frequency)
            yield from _told(refusal, question, asked, hits, begun, writer="model", **told)
        else:
            yield Answer(
                question=question,
                searched=asked,
                text=outcome.text,
                claims=outcome.claims,
                citations=outcome.citations,
                hits=tuple(hits),
                answered=True,
                writer="model",
                elapsed=time.perf_counter() - begun,
                first_token=outcome.first_token - begun,
                notice=f"{found.notice} {outcome.notice}".strip(),
                **told,
            )

    async def aask(self, question: str, history: History = ()) -> Answer:
        """`ask`, without blocking the event loop."""
        return await asyncio.to_thread(self.ask, question, history)

    async def astream(self, question: str, history: History = ()) -> AsyncIterator[Event]:
        """`stream`, without blocking the event loop. Closing it stops the work at its next step."""
        stop, running = threading.Event(), threading.Lock()
        events = self._stream(question, history, stop)

        def advance() -> Event | None:
            with running:
                return None if stop.is_set() else next(events, None)

        def close() -> None:
            with running:
                events.close()

        try:
            while (event := await asyncio.to_thread(advance)) is not None:
                yield event
        finally:
            # A generator cannot be closed while a thread runs a step of it, which a cancelled wait leaves running: a thread
            # waits for that. A model's step ends when it sees `stop`.
            stop.set()
            asyncio.get_running_loop().run_in_executor(None, close)

    def search(
        self,
        query: str,
        k: int = 10,
        since: date | None = None,
        until: date | None = None,
        outlet: str | None = None,
    ) -> list[Hit]:
        """The best k passages for a query, best first; at most one search, no writing.

        `since` and `until` (dates, both included) and `outlet` (compared without regard to case; None or ""
        for any) choose among articles; an article without a date passes no date filter.
        """
        return retrieve(self._index, _checked(query), k, Filter(since, until, outlet), self._reranker)

    def find_quote(self, text: str, k: int = 10) -> list[FoundQuote]:
        """Where remembered words stand, k places at most, one an article: word for word first, then those that differ in
        case or typography, then nearly the same ones, the likest first.

        For each, `article.text[start:end] == quote`. Raises DatelineError for an empty or endless text.
        """
        wanted = " ".join(text.replace("\0", " ").split())
        if not wanted:
            raise DatelineError("There are no words to look for. Paste those that you remember.")
        if len(wanted) > LONGEST_QUESTION:
            raise DatelineError(
                f"The text has {len(wanted):,} characters; at most {LONGEST_QUESTION:,} can be looked for. Take a part of it."
            )
        asked = find_quote.telling(wanted, self._index.document_frequency)
        ranked = self._index.search_words(asked, MAY_HOLD)
        found = self._index.passages([passage_id for passage_id, _ in ranked])
        return find_quote.find(text, [found[passage_id] for passage_id, _ in ranked if passage_id in found], k)

    def as_retriever(self, k: int = 10) -> DatelineRetriever:
        """The search as a LlamaIndex retriever, whose nodes carry exact offsets."""
        from rag.llama_retriever import DatelineRetriever

        return DatelineRetriever(lambda query: self.search(query, k))

    def suggestions(self, n: int = 4) -> list[str]:
        """Up to n questions to start from, taken from the articles, each of which quotations of them answer."""

        def answered(question: str) -> bool:
            return self._quotes(question, retrieve(self._index, question, HITS, reranker=self._reranker))

        return suggestions(self._index.library.articles(limit=SUGGEST_FROM), answered, n)

    def next_questions(self, answer: Answer, asked: Sequence[str] = (), n: int = 3, within: float = 0.25) -> list[str]:
        """Up to n questions to go on with, taken from the passages found for an answer, which these answer.

        None of those `asked` already. Each is tried, by quoting and never by a model, as long as `within` seconds last.
        """
        until = time.perf_counter() + within

        def told(question: str, hit: Hit) -> bool:
            return time.perf_counter() < until and self._quotes(question, [hit])

        return next_questions(answer, asked, told, n)

    def _consider(self, asked: str, hits: Sequence[Hit]) -> quote.Considered:
        index = self._index
        cosines = index.cosines(asked, [hit.passage.id for hit in hits])
        return quote.consider(asked, hits, self._reader, index.document_frequency, index.library.passage_count(), cosines)

    def _offered(self, condensed: Condensed, typed: str) -> tuple[str, ...]:
        """What else may have been meant by a question such as "What about Kherson?" that was taken as the last one with
        another topic: what is told of that topic, if anything is."""
        topic = topic_of(typed)
        if condensed.searched == typed or condensed.given or not topic:
            return ()
        question = f"Tell me about {topic}"
        return (question,) if self._quotes(question, retrieve(self._index, question, HITS, reranker=self._reranker)) else ()

    def _quotes(self, question: str, hits: Sequence[Hit]) -> bool:
        """Do quotations of the hits answer it? No model is asked."""
        return quote.write(self._consider(question, hits), self._index.document_frequency).answered

    # -- the collection ----------------------------------------------------------------------

    def add(self, *sources: str | Path, prune: bool = False, progress: Callable[[Progress], None] | None = None) -> Report:
        """Read files, folders and web addresses into the collection; what is unchanged is not embedded again.

        An address, as text, is that of a page, a feed or a sitemap; of the last two, the articles they list
        are added. With `prune`, articles whose file (or line) is gone from these sources are removed; an
        empty or unreadable source prunes nothing, and an address never does. `progress` is called with
        each Progress. Sources that could not be read are in the report, each with its reason. Raises
        IndexBusyError when another process is writing, EmbeddingError when the embedder fails.
        """
        return self._index.add(sources, prune=prune, tell=progress or _silent)

    def articles(self) -> list[Article]:
        """Every article, newest first, undated ones last, with their texts; `listing` gives a page of them without."""
        return self._index.library.articles()

    def listing(
        self,
        *,
        search: str = "",
        since: date | None = None,
        until: date | None = None,
        outlet: str | None = None,
        source: str = "",
        order: Order = "newest",
        limit: int = 50,
        offset: int = 0,
    ) -> Listing:
        """One page of the articles, without their texts, and how many there are on all pages.

        `search` holds words that must all stand in an article, or a part of its title; `since`, `until`, `outlet` are as in
        `search`; `source` is that of the articles wanted; `order` is "newest", "oldest", "title", "outlet" or "added".
        `limit` is at most 500. Raises DatelineError for another order and for an endless search.
        """
        if len(search) > LONGEST_QUESTION:
            raise DatelineError(f"What is searched for has {len(search):,} characters; at most {LONGEST_QUESTION:,} can be.")
        if order not in ORDERS:
            raise DatelineError(f"{order!r} is no order of articles. Choose one of {', '.join(ORDERS)}.")
        return self._index.listing(Query(search.replace("\0", " "), since, until, outlet, source, order, offset, limit))

    def overview(self) -> Overview:
        """The collection in figures: how many articles, from when to when, and from which outlets."""
        return self._index.library.overview()

    def outlets(self) -> list[tuple[str, int]]:
        """The outlets by name, each with how many articles it published, the most frequent first."""
        return list(self.overview().outlets)

    def article(self, article_id: str, version: int | None = None) -> Article:
        """One article, or one of its earlier versions (from 1, the oldest). Raises NotFoundError."""
        library = self._index.library
        return library.article(article_id) if version is None else library.version(article_id, version)

    def versions(self, article_id: str) -> list[Version]:
        """Every version of an article, the newest first, without their texts. Raises NotFoundError."""
        return self._index.library.versions(article_id)

    def remove(self, article_id: str) -> Article:
        """Remove an article without a trace; returns what it was. Raises NotFoundError, IndexBusyError."""
        return self._index.remove([article_id])[0]

    def warm(self) -> None:
        """Load what the first question needs, so that it need not wait."""
        self._index.warm()
        judging.reader()
        if self._author is not None:
            self._author.warm()

    def close(self) -> None:
        """Close the index. The chat cannot be used afterwards."""
        if self._author is not None:
            self._author.close()
        self._index.close()
        self._reader.close()

    def __enter__(self) -> Chat:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _told(
    draft: quote.Draft, question: str, asked: str, hits: Sequence[Hit], begun: float, *, writer: str = "quote", **told: Any
) -> Generator[Event, None, None]:
    """What a draft says, piece by piece, and the answer made of it."""
    first_token = time.perf_counter() - begun
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
        writer=writer,
        elapsed=time.perf_counter() - begun,
        first_token=first_token,
        **told,
    )


def _checked(question: str) -> str:
    asked = " ".join(whole_characters(question).replace("\0", " ").split())
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
