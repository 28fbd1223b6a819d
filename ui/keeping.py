"""EDGE. The page's conversations and the store: what is asked is kept, and what was kept is shown again.

A store that fails never stops the chat: what goes wrong comes back as a sentence to show.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from index.errors import DatelineError, NotFoundError
from ui.conversation import Conversation, Exchange, Thread, restored

if TYPE_CHECKING:
    from rag.conversations import Conversations, OwnConversations
    from rag.kept import Conversation as KeptConversation
    from rag.kept import Summary

log = logging.getLogger(__name__)

LISTED = 200
LONGEST_KEPT = 20_000
NO_COOKIE = "This browser takes no cookies, so what you ask here is gone when the page is closed."
NOT_KEPT = "This could not be kept. The server's log tells why; asking goes on without it."


class Keeping:
    """The kept conversations of whoever asks, as the page needs them."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations
        self._tasks: set[asyncio.Task[str]] = set()

    def own(self, owner: str) -> OwnConversations | None:
        """The conversations of an owner; None for a reader who cannot be told from others."""
        return self._conversations.of(owner) if owner else None

    def notice(self) -> str:
        """What is to be known of the store itself."""
        return self._conversations.notice

    def listed(self, owner: str, words: str = "") -> list[Summary]:
        """The newest conversations, or those in which the words stand. Raises DatelineError."""
        own = self.own(owner)
        if own is None:
            return []
        return own.search(words, LISTED) if words.strip() else own.recent(LISTED)

    def opened(self, owner: str, id: str) -> tuple[list[Exchange], Thread]:
        """A kept conversation, as the page shows it. Raises NotFoundError, ConversationsError."""
        own = self.own(owner)
        if own is None:
            raise NotFoundError(NO_COOKIE)
        kept = own.load(id)
        return exchanges(kept), Thread(owner, kept.id)

    def begin_keeping(self, thread: Thread, exchange: Exchange, instead: Exchange | None = None) -> asyncio.Task[str]:
        """`keep`, begun, and carried through even when the page is closed meanwhile."""
        task = asyncio.ensure_future(self.keep(thread, exchange, instead))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def keep(self, thread: Thread, exchange: Exchange, instead: Exchange | None = None) -> str:
        """Keep an exchange, in the place of another if one is given; returns a sentence when that cannot be."""
        if len(exchange.question) > LONGEST_KEPT:
            return ""  # it was refused for its length, and is no use to anyone
        own = self.own(thread.owner)
        if own is None:
            return NO_COOKIE
        async with thread.order:
            if thread.deleted:
                return ""
            try:
                await asyncio.to_thread(self._keep, own, thread, exchange, instead)
            except DatelineError as error:
                return str(error)
            except Exception:
                log.exception("An exchange could not be kept.")
                return NOT_KEPT
        return ""

    @staticmethod
    def _keep(own: OwnConversations, thread: Thread, exchange: Exchange, instead: Exchange | None) -> None:
        replaced = instead.id if instead and thread.id else ""
        if not thread.id:
            thread.id = own.begin()
        try:
            id = own.add(thread.id, exchange.question, exchange.answer, note=exchange.note, instead_of=replaced)
        except NotFoundError:
            # It was deleted elsewhere meanwhile: what is asked from now on makes another one.
            replaced, thread.id = "", own.begin()
            id = own.add(thread.id, exchange.question, exchange.answer, note=exchange.note)
        before = instead.others if instead and replaced else ()
        exchange.id, exchange.others = id, (*before, id)

    def rate(self, owner: str, exchange: Exchange) -> None:
        """Keep the exchange's thumb and word. Raises DatelineError."""
        own = self.own(owner)
        if own is not None and exchange.id:
            own.rate(exchange.id, exchange.thumb, exchange.word)


def exchanges(kept: KeptConversation) -> list[Exchange]:
    """What there is to show of a kept conversation."""
    return [restored(exchange, turn) for turn, exchange in enumerate(kept.exchanges, start=1)]


def show(conversation: Conversation, shown: list[Exchange], thread: Thread) -> None:
    """Have a reader's page show this conversation from now on; an answer still being written belongs to the one before."""
    conversation.start_over()
    conversation.exchanges.extend(shown)
    conversation.thread = thread
