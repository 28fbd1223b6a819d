"""The page: its rooms side by side with the panel, and what they tell one another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from index.errors import DatelineError
from ui import ask_tab, clients, library_tab, quote_tab, render, sources, theme
from ui.adding import Desk
from ui.conversation import APOLOGY
from ui.panel import Panel
from ui.shelf import Shelf

if TYPE_CHECKING:
    from rag.chat import Chat

log = logging.getLogger(__name__)

TOGETHER = 8
SIGN_OUT = '<form method="post" action="/logout"><button>Sign out</button></form>'


def build(chat: Chat, *, sign_out: bool = False, folders: Sequence[Path] = (), removing: bool = True) -> gr.Blocks:
    """The page for a `rag.Chat`. It is served by `ui.serve`, which also brings style and script limits.

    `folders` are those of this machine that may be read for the page; `removing` says whether articles and watched feeds
    can be removed through it.
    """
    shelf = Shelf(chat)
    desk = Desk()
    reading = Panel(chat, shelf, removing=removing)

    async def refresh() -> AsyncIterator[tuple[str, str, Any]]:
        """Yields (masthead, start, whether to look again soon): what is there, then with questions."""
        try:
            known = await asyncio.to_thread(shelf.overview)
            head = render.masthead(render.collection(known))
            soon = gr.Timer(active=not known.articles)
            if shelf.known_questions() is None:
                yield head, render.start(known.articles, []), soon
            yield head, render.start(known.articles, await asyncio.to_thread(shelf.questions)), soon
        except DatelineError as error:
            yield render.masthead(), render.failure(str(error)), gr.skip()
        except Exception:
            log.exception("The collection could not be listed.")
            yield render.masthead(), render.failure(APOLOGY), gr.skip()

    with gr.Blocks(
        title="Dateline",
        analytics_enabled=False,
        fill_width=True,
        fill_height=True,
        delete_cache=(3600, 86400),
    ) as page:
        while_empty = gr.Timer(3, active=False)
        with gr.Row(elem_id="masthead"):
            masthead = gr.HTML(render.masthead(), elem_id="name", js_on_load=None, apply_default_css=False)
            gr.HTML(theme.HISTORY_BUTTON, elem_id="history-way", js_on_load=None, apply_default_css=False)
            new_chat = gr.Button("New chat", elem_id="new-chat", size="sm", scale=0)
            if sign_out:
                gr.HTML(SIGN_OUT, elem_id="sign-out", js_on_load=None, apply_default_css=False)
        # Drawn further down, but told of in what comes before.
        panel = gr.HTML(sources.EMPTY, elem_id="panel", js_on_load=theme.script("page"), apply_default_css=False, render=False)
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="rooms"), gr.Tabs(elem_id="tabs"):
                with gr.Tab("Ask", id="ask-tab", elem_id="room-ask"):
                    ask = ask_tab.build(chat, page, new_chat, panel, together=TOGETHER)
                with gr.Tab("Library", id="library-tab", elem_id="room-library") as tab:
                    library = library_tab.build(chat, tab, shelf, desk, folders, together=TOGETHER, removing=removing)
                with gr.Tab("Find a quote", id="quote-tab", elem_id="room-quote"):
                    quote_tab.build(chat, shelf, together=TOGETHER)
            with gr.Column(elem_id="sources"):
                panel.render()

        collection = [masthead, ask.start, while_empty]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": TOGETHER}
        panel.select(reading.open, [ask.conversation], [panel], trigger_mode="multiple", **quiet)
        removed = panel.delete(reading.remove, None, [panel], **quiet)
        # One after the other: what begins while another ends may be lost, because the server closes the stream of both then and
        # Gradio's page takes it for open still.
        changes = (*library.changes, removed)
        shown = [event.then(library.show, None, [library.filters, library.entries], **quiet) for event in changes]
        for event in (*ask.events, *shown):
            event.then(refresh, None, collection, **quiet)
        while_empty.tick(refresh, None, collection, **quiet)
        clients.build(chat, together=TOGETHER)
    page.queue(max_size=200, default_concurrency_limit=TOGETHER)
    return page
