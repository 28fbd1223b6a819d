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
from rag.types import Answer, Citation, Claim, Event, Status, Token, Turn, Withdrawn
from ui import render

if TYPE_CHECKING:
    from rag.chat import Chat

log = logging.getLogger(__name__)

THROTTLE = 0.05
LONGEST_QUESTION = 4_000
APOLOGY = (
    "Something went wrong inside Dateline; it has nothing to do with what the articles say. "
    "The server's log tells what it was. Asking again may work."
)


@dataclass(slots=True)
class Exchange:
    """A question and what came of it: HTML for the page, `text` for the history, citations for the panel."""

    question: str
    html: str = ""
    text: str = ""
    citations: tuple[Citation, ...] = ()
    claims: tuple[Claim, ...] = ()
    done: bool = False
    failed: bool = False


@dataclass(slots=True)
class Conversation:
    """What one reader asked and was told. `stop` is set while an answer is being written."""

    exchanges: list[Exchange] = field(default_factory=list)
    stop: asyncio.Event | None = None

    def start_over(self) -> None:
        """Forget everything; an answer that is still being written is stopped and belongs nowhere."""
        if self.stop is not None:
            self.stop.set()
            self.stop = None
        self.exchanges.clear()

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
        for exchange in self.exchanges:
            said.append({"role": "user", "content": render.question(exchange.question)})
            said.append({"role": "assistant", "content": exchange.html})
        return said

    def citations(self, turn: int) -> tuple[Citation, ...]:
        """The citations of a turn (from 1); none for a turn there is not."""
        return self.exchanges[turn - 1].citations if 0 < turn <= len(self.exchanges) else ()

    def claims(self, turn: int) -> tuple[Claim, ...]:
        """The claims of a turn (from 1), whose verdicts the panel tells; none for a turn there is not."""
        return self.exchanges[turn - 1].claims if 0 < turn <= len(self.exchanges) else ()


async def ask(chat: Chat, conversation: Conversation, question: str) -> AsyncGenerator[Exchange, None]:
    """Ask, and yield the new last exchange of the conversation each time its view changes.

    At most one view in `THROTTLE` seconds, the first at once, the last when the answer is whole,
    stopped (`conversation.stop` was set) or failed. Closing this generator stops the answer too.
    """
    status = "Searching the articles …"
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
                    exchange.text = event.text
                    exchange.citations = event.citations
                    exchange.claims = event.claims
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
                exchange.html = render.stopped(so_far)
    except DatelineError as error:
        exchange.html, exchange.failed = render.failure(str(error), so_far), True
    except Exception:
        log.exception("A question could not be answered.")
        exchange.html, exchange.failed = render.failure(APOLOGY, so_far), True
    finally:
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
