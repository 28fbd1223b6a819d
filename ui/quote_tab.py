"""The tab "Find a quote": words that someone remembers, and where they stand."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import gradio as gr

from index.errors import DatelineError
from ui import quotes, render
from ui.conversation import APOLOGY
from ui.shelf import Shelf

if TYPE_CHECKING:
    from rag.chat import Chat

log = logging.getLogger(__name__)

PLACES = 20
ABOUT = (
    "<h2>Find a quote</h2><p>Paste words that you remember. They are found word for word, also in another typography, and else "
    "where nearly the same words stand.</p>"
)


def build(chat: Chat, shelf: Shelf, *, together: int) -> None:
    """Lay out the tab, inside of its `gr.Tab`."""

    async def find(text: str) -> str:
        try:
            found = await asyncio.to_thread(chat.find_quote, text if isinstance(text, str) else "", PLACES)
            overview = await asyncio.to_thread(shelf.overview)
            return quotes.results(found, collection=overview.articles)
        except DatelineError as error:
            return render.failure(str(error))
        except Exception:
            log.exception("A quote could not be looked for.")
            return render.failure(APOLOGY)

    with gr.Column(elem_id="finder"):
        gr.HTML(ABOUT, elem_classes="hint", js_on_load=None, apply_default_css=False)
        box = gr.Textbox(label="The words", lines=3, max_lines=10, elem_id="remembered", submit_btn=False)
        button = gr.Button("Find", variant="primary", elem_id="find-quote")
        found = gr.HTML("", elem_id="found", js_on_load=None, apply_default_css=False)
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": together}
    gr.on([button.click, box.submit], find, [box], [found], **quiet)
