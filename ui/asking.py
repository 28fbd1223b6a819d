"""What happens in the Ask room: questions, answers and what is done with them, and the kept conversations.

Every handler finds out anew whose conversations it may touch, from the request: nothing that a page sends along decides that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import gradio as gr

from index.errors import DatelineError
from ui import actions, history, sources
from ui.conversation import APOLOGY, Conversation, Exchange, ask
from ui.cookie import owner
from ui.event_data import sent
from ui.keeping import LISTED, Keeping, exchanges, show

if TYPE_CHECKING:
    from rag.chat import Chat

log = logging.getLogger(__name__)

PARTS = ("messages", "panel", "box", "ask", "stop", "kept", "notice", "download", "open")
"""What the handlers may change, in the order in which the page wires their outputs."""

View = tuple[Any, ...]


def view(**parts: Any) -> View:
    """What a handler yields: a value for each of `PARTS`, those that are not named left alone."""
    unknown = set(parts) - set(PARTS)
    assert not unknown, unknown
    return tuple(parts.get(name, gr.skip()) for name in PARTS)


class Asking:
    """The handlers, for a `rag.Chat`. Takes and yields what the page wires in `ui.ask_tab`; `open` is the open
    conversation's id, as the page remembers it when the server does not."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._keeping = Keeping(chat.conversations)

    # -- asking ------------------------------------------------------------------------------

    async def respond(self, question: str, conversation: Conversation, open: str, request: gr.Request) -> AsyncIterator[View]:
        """Ask what was typed: the view while the answer comes about, then whole."""
        async with aclosing(self._respond(question, conversation, open, request, conversation.editing)) as views:
            async for one in views:
                yield one

    async def _respond(
        self, question: str, conversation: Conversation, open: str, request: gr.Request, turn: int
    ) -> AsyncGenerator[View, None]:
        question = question.strip() if isinstance(question, str) else ""
        if not question or conversation.stop is not None:
            yield view()
            return
        await self._mine(conversation, open, request)
        instead = conversation.turn(turn)
        conversation.editing, conversation.draft = 0, ""
        thread, asked = conversation.thread, None
        emptied: dict[str, Any] = {"box": "", "notice": ""}
        try:
            async with aclosing(ask(self._chat, conversation, question, turn if instead else 0)) as asking:
                async for exchange in asking:
                    asked = exchange
                    messages = conversation.messages()
                    if not conversation.holds(exchange):
                        # Another conversation was begun meanwhile: it is shown, and nothing of the old one.
                        yield view(messages=messages)
                        return
                    if not exchange.done:
                        yield view(messages=messages, ask=gr.Button(visible=False), stop=gr.Button(visible=True), **emptied)
                        emptied = {}  # what is typed from now on is the next question
                        continue
                    shown = {"panel": conversation.last_source()} if exchange.citations else {}
                    yield view(
                        messages=messages, ask=gr.Button(visible=True), stop=gr.Button(visible=False), **shown, **emptied
                    )
        finally:
            # Also when the reader closed the page: it is found in the list when they come back.
            if asked is not None:
                asked.keeping = self._keeping.begin_keeping(thread, asked, instead)

    async def ask_again(
        self, conversation: Conversation, open: str, request: gr.Request, event: gr.EventData
    ) -> AsyncIterator[View]:
        """Ask what a button under an answer says: the same again, another reading, a question to go on with."""
        await self._mine(conversation, open, request)
        turn, what, which = actions.parse(sent(event).get("id", ""))
        exchange = conversation.turn(turn)
        question, editing = "", 0
        if exchange is not None and what == "retry":
            question, editing = exchange.question, turn
        elif exchange is not None:
            readings = getattr(exchange.answer, "readings", ()) if what == "reading" else exchange.next
            question = readings[which] if which < len(readings) else ""
        async with aclosing(self._respond(question, conversation, open, request, editing)) as views:
            async for one in views:
                yield one

    async def ask_to_start(
        self, conversation: Conversation, open: str, request: gr.Request, event: gr.EventData
    ) -> AsyncIterator[View]:
        """Ask one of the questions to start from."""
        async with aclosing(self._respond(sent(event).get("question", ""), conversation, open, request, 0)) as views:
            async for one in views:
                yield one

    async def after(self, typed: str, conversation: Conversation, request: gr.Request) -> AsyncIterator[View]:
        """What follows an answer that is shown: it is in the list, and there are questions to go on with.

        A question that failed is given back, to be asked again, unless the next one is being typed already.
        """
        exchange = conversation.exchanges[-1] if conversation.exchanges else None
        if exchange is not None and exchange.failed and not typed:
            yield view(box=exchange.question)
        if exchange is None or exchange.keeping is None:
            yield view()
            return
        suggesting = asyncio.ensure_future(asyncio.to_thread(self._next, conversation, exchange))
        coming: set[asyncio.Future[Any]] = {exchange.keeping, suggesting}
        while coming:
            # A store that is slow, or waits for another process, is no reason for the questions to wait.
            done, coming = await asyncio.wait(coming, return_when=asyncio.FIRST_COMPLETED)
            shown: dict[str, Any] = {}
            if suggesting in done:
                exchange.next = suggesting.result()
            if exchange.keeping in done:
                shown = {"kept": await self._list(conversation, request), "open": conversation.thread.id}
                told = self._once(conversation, exchange.keeping.result() or self._keeping.notice())
                if told and not conversation.editing:
                    shown["notice"] = history.notice(told)
            if self._at(conversation, exchange) and (exchange.next or len(exchange.others) > 1):
                shown["messages"] = conversation.messages()
            yield view(**shown)

    async def suggest(self, conversation: Conversation) -> View:
        """Questions to go on with, for a conversation that was opened."""
        exchange = conversation.exchanges[-1] if conversation.exchanges else None
        if exchange is None or not exchange.done:
            return view()
        exchange.next = await asyncio.to_thread(self._next, conversation, exchange)
        return view(messages=conversation.messages()) if exchange.next and self._at(conversation, exchange) else view()

    def _next(self, conversation: Conversation, exchange: Exchange) -> tuple[str, ...]:
        if exchange.answer is None or exchange.next:
            return exchange.next
        asked = [one.question for one in conversation.exchanges]
        try:
            return tuple(self._chat.next_questions(exchange.answer, asked))
        except Exception:
            log.exception("Questions to go on with could not be made.")
            return ()

    @staticmethod
    def _at(conversation: Conversation, exchange: Exchange) -> bool:
        """Is this exchange the last one shown, and nothing asked after it?"""
        return bool(conversation.exchanges) and conversation.exchanges[-1] is exchange and conversation.stop is None

    async def stop(self, conversation: Conversation) -> None:
        """Stop the answer that is being written."""
        if conversation.stop is not None:
            conversation.stop.set()

    async def start_over(self, conversation: Conversation, request: gr.Request) -> View:
        """Begin another conversation."""
        conversation.start_over()
        return view(kept=await self._list(conversation, request), **blank())

    # -- what stands under an answer -----------------------------------------------------------

    async def act(self, typed: str, conversation: Conversation, open: str, request: gr.Request, event: gr.EventData) -> View:
        """A thumb, a word why, a question to edit, another branch."""
        if sent(event).get("id", "") == "cancel":
            draft, conversation.editing, conversation.draft = conversation.draft, 0, ""
            return view(box=draft, notice="")
        await self._mine(conversation, open, request)
        turn, what, which = actions.parse(sent(event).get("id", ""))
        exchange = conversation.turn(turn)
        if exchange is None or not exchange.done:
            return view()
        if what in ("edit", "search"):
            if not conversation.editing:
                conversation.draft = typed if isinstance(typed, str) else ""
            conversation.editing = turn
            text = exchange.answer.searched if what == "search" and exchange.answer else exchange.question
            return view(box=text, notice=history.notice("", turn))
        if what in ("up", "down", "word"):
            return await self._rate(conversation, exchange, what, sent(event).get("word", ""))
        if what == "branch" and conversation.stop is None and which < len(exchange.others):
            return await self._branch(conversation, exchange.others[which])
        return view()

    async def _rate(self, conversation: Conversation, exchange: Exchange, what: str, word: str) -> View:
        before = exchange.thumb, exchange.word, exchange.wondering
        if what == "word":
            exchange.word, exchange.wondering = word[: actions.LONGEST_WORD].strip(), False
        elif exchange.thumb == what:
            exchange.thumb, exchange.word, exchange.wondering = "", "", False
        else:
            exchange.thumb, exchange.wondering = ("up" if what == "up" else "down"), True
        try:
            await asyncio.to_thread(self._keeping.rate, conversation.thread.owner, exchange)
        except DatelineError as error:
            exchange.thumb, exchange.word, exchange.wondering = before
            return view(notice=history.notice(str(error)))
        except Exception:
            log.exception("A thumb could not be kept.")
            exchange.thumb, exchange.word, exchange.wondering = before
            return view(notice=history.notice(APOLOGY))
        return view(messages=conversation.messages())

    async def _branch(self, conversation: Conversation, exchange: str) -> View:
        own = self._keeping.own(conversation.thread.owner)
        if own is None or not conversation.thread.id:
            return view()
        try:
            await asyncio.to_thread(own.choose, exchange)
            kept = await asyncio.to_thread(own.load, conversation.thread.id)
        except DatelineError as error:
            return view(notice=history.notice(str(error)))
        except Exception:
            log.exception("A branch could not be shown.")
            return view(notice=history.notice(APOLOGY))
        show(conversation, exchanges(kept), conversation.thread)
        return view(messages=conversation.messages(), panel=conversation.last_source(), notice="")

    # -- the list ----------------------------------------------------------------------------

    async def look(self, words: str, conversation: Conversation, request: gr.Request) -> View:
        """The list as it is now, for the words that are searched."""
        conversation.words = words if isinstance(words, str) else ""
        return view(kept=await self._list(conversation, request))

    async def choose(self, conversation: Conversation, request: gr.Request, event: gr.EventData) -> View:
        """Open, rename, delete or export a kept conversation."""
        do, id, who = sent(event).get("do", ""), sent(event).get("id", ""), owner(request)
        own = self._keeping.own(who)
        if own is None or not id:
            return view(kept=await self._list(conversation, request))
        changed: dict[str, Any] = {}
        try:
            if do == "open":
                shown, thread = await asyncio.to_thread(self._keeping.opened, who, id)
                show(conversation, shown, thread)
                changed = {**blank(), "messages": conversation.messages(), "panel": conversation.last_source(), "open": id}
            elif do == "rename":
                await asyncio.to_thread(own.rename, id, sent(event).get("title", ""))
            elif do == "delete":
                thread = conversation.thread
                async with thread.order:
                    await asyncio.to_thread(own.delete, id)
                    thread.deleted = thread.id == id
                if thread.deleted:
                    conversation.start_over()
                    changed = blank()
            elif do in history.FORMS:
                text = await asyncio.to_thread(own.export, id, do)
                title = (await asyncio.to_thread(own.load, id)).title
                file = {"name": history.file_name(title, do), "type": history.FORMS[do][1], "text": text}
                return view(download=file)
        except DatelineError as error:
            changed = {"notice": history.notice(str(error)), "open": conversation.thread.id}
        except Exception:
            log.exception("A kept conversation could not be reached.")
            changed = {"notice": history.notice(APOLOGY), "open": conversation.thread.id}
        return view(kept=await self._list(conversation, request), **changed)

    async def _list(self, conversation: Conversation, request: gr.Request) -> str:
        words = conversation.words
        try:
            summaries = await asyncio.to_thread(self._keeping.listed, owner(request), words)
        except DatelineError as error:
            return history.listing([], conversation.thread.id, failure=str(error))
        except Exception:
            log.exception("The kept conversations could not be listed.")
            return history.listing([], conversation.thread.id, failure=APOLOGY)
        return history.listing(summaries, conversation.thread.id, words, more=len(summaries) == LISTED)

    # -- whose it is -------------------------------------------------------------------------

    async def _mine(self, conversation: Conversation, open: str, request: gr.Request) -> None:
        """Make sure that what is in memory is the conversation that the page shows, and its reader's own."""
        who = owner(request)
        if conversation.thread.owner != who:
            if conversation.thread.owner:
                conversation.start_over()
            conversation.thread.owner = who
        # The server was started anew, or forgot who had not been heard of for long.
        if open and isinstance(open, str) and not conversation.thread.id and not conversation.exchanges:
            try:
                shown, thread = await asyncio.to_thread(self._keeping.opened, who, open)
                show(conversation, shown, thread)
            except Exception as error:
                log.info("The open conversation cannot be gone on with: %s", error)

    @staticmethod
    def _once(conversation: Conversation, sentence: str) -> str:
        """The sentence, the first time that this reader is to be told it."""
        if not sentence or sentence in conversation.told:
            return ""
        conversation.told.add(sentence)
        return sentence


def blank() -> dict[str, Any]:
    """The parts of a page on which nothing was asked yet."""
    free = {"ask": gr.Button(visible=True), "stop": gr.Button(visible=False)}
    return {"messages": [], "panel": sources.EMPTY, "box": "", "notice": "", "open": "", **free}
