"""One reader's conversation, and how the events of an answer become what is on the page.

Knows nothing of Gradio: it turns `chat.astream` into a sequence of views, slow enough for a page.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from index.errors import DatelineError
from rag.types import Answer, Citation, Event, Status, Token, Turn, Withdrawn
from ui import actions, render, sources

if TYPE_CHECKING:
    from rag.chat import Chat
    from rag.kept import Exchange as KeptExchange
    from rag.kept import Standing, Thumb

log = logging.getLogger(__name__)

THROTTLE = 0.05
LONGEST_QUESTION = 4_000
APOLOGY = (
    "Something went wrong inside Dateline; it has nothing to do with what the articles say. "
    "The server's log tells what it was. Asking again may work."
)


LEFT = "The page was closed before the answer was complete."
STOPPED = "Stopped before the answer was complete."


@dataclass(slots=True)
class Exchange:
    """A question and what came of it: HTML for the page, `text` for the history, citations for the panel.

    `id`, `standings`, `thumb`, `word` and `others` are those of the kept exchange; `id` is empty while it is not kept.
    `note` says why there is no `answer`. `wondering` while the reader is asked why the thumb, `next` holds the questions
    to go on with. `keeping` ends with a sentence when it could not be kept.
    """

    question: str
    html: str = ""
    text: str = ""
    citations: tuple[Citation, ...] = ()
    done: bool = False
    failed: bool = False
    answer: Answer | None = None
    note: str = ""
    id: str = ""
    standings: tuple[Standing, ...] = ()
    thumb: Thumb = ""
    word: str = ""
    others: tuple[str, ...] = ()
    wondering: bool = False
    next: tuple[str, ...] = ()
    keeping: asyncio.Task[str] | None = None


def restored(kept: KeptExchange, turn: int) -> Exchange:
    """A kept exchange as it is shown at its turn (from 1)."""
    answer = kept.answer
    return Exchange(
        kept.question,
        render.answer(answer, turn) if answer else render.kept(kept.note),
        answer.text if answer else "",
        answer.citations if answer else (),
        done=True,
        answer=answer,
        note=kept.note,
        id=kept.id,
        standings=kept.standings,
        thumb=kept.thumb,
        word=kept.word,
        others=kept.others,
    )


@dataclass(slots=True)
class Thread:
    """Where a conversation is kept: its id, empty until it has an exchange, and whose it is.

    `deleted` on this page: an answer that was being written then is not kept either.
    """

    owner: str = ""
    id: str = ""
    deleted: bool = False
    order: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class Conversation:
    """What one reader asked and was told. `stop` is set while an answer is being written.

    `editing` is the turn (from 1) that the next question takes the place of, 0 for none, and `draft` what was being typed
    before. `told` holds what the reader need not be told twice, `words` what the list of kept conversations is searched for.
    """

    exchanges: list[Exchange] = field(default_factory=list)
    stop: asyncio.Event | None = None
    thread: Thread = field(default_factory=Thread)
    editing: int = 0
    draft: str = ""
    told: set[str] = field(default_factory=set)
    words: str = ""

    def start_over(self) -> None:
        """Forget everything; an answer that is still being written is stopped and belongs nowhere."""
        if self.stop is not None:
            self.stop.set()
            self.stop = None
        self.exchanges.clear()
        self.thread = Thread(self.thread.owner)
        self.editing, self.draft = 0, ""

    def holds(self, exchange: Exchange) -> bool:
        """Is this exchange still part of the conversation?"""
        return any(one is exchange for one in self.exchanges)

    def history(self) -> list[Turn]:
        """The completed exchanges, as `chat.astream` takes them."""
        turns = []
        for exchange in self.exchanges:
            if exchange.text:
                turns += [Turn("user", exchange.question), Turn("assistant", exchange.text)]
        return turns

    def messages(self) -> list[dict[str, str]]:
        """Every exchange as chat messages of HTML."""
        said = []
        for turn, exchange in enumerate(self.exchanges, start=1):
            under = actions.under(exchange, turn, last=turn == len(self.exchanges)) if exchange.done else ""
            said.append({"role": "user", "content": render.question(exchange.question)})
            said.append({"role": "assistant", "content": exchange.html + under})
        return said

    def turn(self, number: int) -> Exchange | None:
        """The exchange of a turn (from 1), if there is such a one."""
        return self.exchanges[number - 1] if 0 < number <= len(self.exchanges) else None

    def source(self, turn: int, number: int = 0, *, whole: bool = False) -> str:
        """The panel for a citation of a turn (both from 1), the first if none is named; the empty one for what there is not."""
        exchange = self.turn(turn)
        if exchange is None:
            return sources.EMPTY
        return sources.source(
            exchange.citations,
            turn,
            number or (exchange.citations[0].number if exchange.citations else 0),
            whole=whole,
            claims=exchange.answer.claims if exchange.answer else (),
            standings=exchange.standings,
        )

    def last_source(self) -> str:
        """The panel as it is after the last answer: at the first words it cites."""
        return self.source(len(self.exchanges))


async def ask(chat: Chat, conversation: Conversation, question: str, instead: int = 0) -> AsyncGenerator[Exchange, None]:
    """Ask, and yield the new last exchange of the conversation each time its view changes.

    With `instead` it takes the place of that turn (from 1), and what followed that one is no longer shown.

    At most one view in `THROTTLE` seconds, the first at once, the last when the answer is whole,
    stopped (`conversation.stop` was set) or failed. Closing this generator stops the answer too.
    """
    status = "Searching the articles …"
    if instead:
        del conversation.exchanges[instead - 1 :]
    exchange = Exchange(question, render.working(status, ""))
    turn = len(conversation.exchanges) + 1
    history = conversation.history()
    conversation.exchanges.append(exchange)
    conversation.stop = stop = asyncio.Event()
    so_far = ""
    try:
        if len(question) > LONGEST_QUESTION:
            raise DatelineError(
                f"The question has {len(question):,} characters; at most {LONGEST_QUESTION:,} can be asked. "
                "Shorten it and ask again."
            )
        yield exchange
        shown = time.monotonic()
        async with aclosing(_until(stop, chat.astream(question, history=history))) as events:
            async for event in events:
                if isinstance(event, Answer):
                    exchange.html = render.answer(event, turn)
                    exchange.answer = event
                    exchange.text = event.text
                    exchange.citations = event.citations
                    break
                if isinstance(event, Token):
                    so_far += event.text
                elif isinstance(event, Withdrawn):
                    so_far, status = "", event.reason
                elif isinstance(event, Status):
                    status = event.text
                if event is None or time.monotonic() - shown >= THROTTLE:
                    html = render.working(status, so_far)
                    if html != exchange.html:
                        exchange.html = html
                        shown = time.monotonic()
                        yield exchange
            else:
                exchange.html, exchange.note = render.stopped(so_far), STOPPED
    except DatelineError as error:
        exchange.html, exchange.failed, exchange.note = render.failure(str(error), so_far), True, str(error)
    except Exception:
        log.exception("A question could not be answered.")
        exchange.html, exchange.failed, exchange.note = render.failure(APOLOGY, so_far), True, APOLOGY
    finally:
        if exchange.answer is None and not exchange.note:
            exchange.note = LEFT
        if conversation.stop is stop:
            conversation.stop = None
    exchange.done = True
    yield exchange


async def _until(stop: asyncio.Event, events: AsyncIterator[Event]) -> AsyncGenerator[Event | None, None]:
    """The events until `stop` is set, with a None whenever none came for `THROTTLE` seconds."""
    stopping: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
    coming: asyncio.Future[Any] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(events))
            await asyncio.wait({coming, stopping}, timeout=THROTTLE, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                return
            if not coming.done():
                yield None
                continue
            try:
                event: Event = coming.result()
            except StopAsyncIteration:
                raise RuntimeError("The stream ended without an Answer.") from None
            coming = None
            yield event
    finally:
        # An async generator cannot be closed while it runs: what is awaited is cancelled first.
        for waiting in (stopping, coming):
            if waiting is not None:
                waiting.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await waiting
        closing = getattr(events, "aclose", None)
        if closing is not None:
            await closing()
