"""What happens in the panel: it opens what was cited and the library's articles, and removes one of these."""

from __future__ import annotations

import asyncio
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from index.errors import DatelineError
from ui import sources, uploads
from ui.conversation import APOLOGY, Conversation
from ui.event_data import sent
from ui.shelf import Shelf

if TYPE_CHECKING:
    from rag.chat import Chat

log = logging.getLogger(__name__)

MARKER = re.compile(r"src-(\d{1,6})-(\d{1,6})")
OPENED = re.compile(
    r"(?:article|version/(?P<version>\d{1,9})|quote/(?P<start>\d{1,12})/(?P<end>\d{1,12}))/(?P<id>.+)", re.DOTALL
)
"""What the page sends to have an article opened: `ui.library.opening`, `ui.quotes.opening`."""


class Panel:
    """The panel's handlers, for a `rag.Chat`. `removing`: whether articles can be removed through the page."""

    def __init__(self, chat: Chat, shelf: Shelf, *, removing: bool) -> None:
        self._chat = chat
        self._shelf = shelf
        self._removing = removing

    async def open(self, conversation: Conversation, event: gr.EventData) -> Any:
        """The panel for the marker that was followed, of this turn or any earlier one, or for an article of the library."""
        told = sent(event)
        asked, whole = told.get("id", ""), told.get("whole") == "yes"
        if match := MARKER.fullmatch(asked):
            return conversation.source(int(match[1]), int(match[2]), whole=whole)
        if match := OPENED.fullmatch(asked):
            return await self._tried(self._article, match, whole)
        return gr.skip()

    async def remove(self, event: gr.EventData) -> Any:
        """The panel once an article was removed, or why it was not."""
        return await self._tried(self._take_away, sent(event).get("id", ""))

    async def _tried(self, work: Any, *given: Any) -> str:
        try:
            return str(await asyncio.to_thread(work, *given))
        except DatelineError as error:
            return sources.trouble(str(error))
        except Exception:
            log.exception("The panel could not be filled.")
            return sources.trouble(APOLOGY)

    def _article(self, opened: re.Match[str], whole: bool) -> str:
        """An article, one of its versions, or a place in it."""
        id, number = opened["id"], int(opened["version"] or 0)
        value, versions = self._chat.article(id, version=number or None), self._chat.versions(id)
        place = (int(opened["start"]), int(opened["end"])) if opened["start"] else None
        if place and not place[0] < place[1] <= len(value.text):
            place = None
        return sources.article(value, versions, number=number, place=place, whole=whole, removing=self._removing)

    def _take_away(self, id: str) -> str:
        if not self._removing:
            raise DatelineError("Everybody may read and add here, so nothing can be removed through the page.")
        gone = self._chat.remove(id)
        self._shelf.changed()
        # What was dropped or pasted here goes with its last article: removing is meant to leave no trace.
        last = not self._chat.listing(source=gone.source, limit=1).total
        return sources.removed(gone, copy=last and uploads.forget(gone.source, Path(self._chat.data_dir) / uploads.FOLDER))
