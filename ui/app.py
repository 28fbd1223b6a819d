"""The page: what is where, and what happens when something is typed or clicked."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from index.errors import DatelineError
from ui import library_tab, quote_tab, render, sources, theme, uploads
from ui.adding import Desk
from ui.conversation import APOLOGY, Conversation, ask
from ui.event_data import sent
from ui.shelf import Shelf

if TYPE_CHECKING:
    from rag.chat import Chat

log = logging.getLogger(__name__)

TOGETHER = 8
MARKER = re.compile(r"src-(\d{1,6})-(\d{1,6})")
OPENED = re.compile(
    r"(?:article|version/(?P<version>\d{1,9})|quote/(?P<start>\d{1,12})/(?P<end>\d{1,12}))/(?P<id>.+)", re.DOTALL
)
"""What the page sends to have an article opened: `ui.library.opening`, `ui.quotes.opening`."""
START_SCRIPT = """
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-question]');
  if (button) trigger('select', {question: button.dataset.question});
});
"""


def build(chat: Chat, *, folders: Sequence[Path] = ()) -> gr.Blocks:
    """The page for a `rag.Chat`. It is served by `ui.serve`, which also brings style and script limits.

    `folders` are those of this machine that may be read for the page; none unless it answers to this machine alone.
    """

    shelf = Shelf(chat)
    desk = Desk()

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

    async def respond(question: str, conversation: Conversation) -> AsyncIterator[tuple[Any, ...]]:
        """Yields (messages, panel, question box, ask button, stop button)."""
        question = question.strip() if isinstance(question, str) else ""
        if not question or conversation.stop is not None:
            yield (gr.skip(),) * 5
            return
        turn = len(conversation.exchanges) + 1
        busy = gr.Button(visible=False), gr.Button(visible=True)
        free = gr.Button(visible=True), gr.Button(visible=False)
        emptied: Any = ""
        async with aclosing(ask(chat, conversation, question)) as asking:
            async for exchange in asking:
                messages = conversation.messages()
                if not conversation.holds(exchange):
                    # A new conversation was begun meanwhile: it is shown, and nothing of the old one.
                    yield messages, *(gr.skip(),) * 4
                    return
                if not exchange.done:
                    yield messages, gr.skip(), emptied, *busy
                    emptied = gr.skip()  # what is typed from now on is the next question
                    continue
                cited = exchange.citations
                yield (
                    messages,
                    sources.source(cited, turn, cited[0].number, claims=exchange.claims) if cited else gr.skip(),
                    emptied,
                    *free,
                )

    async def respond_to_suggestion(conversation: Conversation, event: gr.EventData) -> AsyncIterator[tuple[Any, ...]]:
        async for view in respond(sent(event).get("question", ""), conversation):
            yield view

    def give_back(typed: str, conversation: Conversation) -> Any:
        """A question that failed, to be asked again, unless the next one is being typed already."""
        last = conversation.exchanges[-1] if conversation.exchanges else None
        return last.question if last and last.failed and not typed else gr.skip()

    async def stop(conversation: Conversation) -> None:
        if conversation.stop is not None:
            conversation.stop.set()

    async def open_source(conversation: Conversation, event: gr.EventData) -> Any:
        """The panel for the marker that was followed, of this turn or any earlier one, or for an article of the library."""
        told = sent(event)
        asked, whole = told.get("id", ""), told.get("whole") == "yes"
        match = MARKER.fullmatch(asked)
        if match:
            turn, number = int(match[1]), int(match[2])
            claims = conversation.claims(turn)
            return sources.source(conversation.citations(turn), turn, number, whole=whole, claims=claims)
        opened = OPENED.fullmatch(asked)
        if not opened:
            return gr.skip()
        try:
            return await asyncio.to_thread(article, opened, whole=whole)
        except DatelineError as error:
            return sources.trouble(str(error))
        except Exception:
            log.exception("An article could not be shown.")
            return sources.trouble(APOLOGY)

    def article(opened: re.Match[str], *, whole: bool) -> str:
        """The panel for an article, one of its versions, or a place in it."""
        id, number = opened["id"], int(opened["version"] or 0)
        value, versions = chat.article(id, version=number or None), chat.versions(id)
        place = (int(opened["start"]), int(opened["end"])) if opened["start"] else None
        if place and not place[0] < place[1] <= len(value.text):
            place = None
        return sources.article(value, versions, number=number, place=place, whole=whole)

    async def remove(event: gr.EventData) -> Any:
        """The panel once an article was removed, or why it was not."""
        try:
            return await asyncio.to_thread(take_away, sent(event).get("id", ""))
        except DatelineError as error:
            return sources.trouble(str(error))
        except Exception:
            log.exception("An article could not be removed.")
            return sources.trouble(APOLOGY)

    def take_away(id: str) -> str:
        gone = chat.remove(id)
        shelf.changed()
        # What was dropped or pasted here goes with its last article: removing is meant to leave no trace.
        last = not chat.listing(source=gone.source, limit=1).total
        return sources.removed(gone, copy=last and uploads.forget(gone.source, Path(chat.data_dir) / uploads.FOLDER))

    async def start_over(conversation: Conversation) -> tuple[Any, ...]:
        conversation.start_over()
        return [], sources.EMPTY, "", gr.Button(visible=True), gr.Button(visible=False)

    with gr.Blocks(
        title="Dateline",
        analytics_enabled=False,
        fill_width=True,
        fill_height=True,
        delete_cache=(3600, 86400),
    ) as page:
        conversation = gr.State(Conversation())
        while_empty = gr.Timer(3, active=False)
        with gr.Row(elem_id="masthead"):
            masthead = gr.HTML(render.masthead(), elem_id="name", js_on_load=None, apply_default_css=False)
            new_chat = gr.Button("New chat", elem_id="new-chat", size="sm", scale=0)
        # Drawn further down, but told of in what comes before.
        panel = gr.HTML(sources.EMPTY, elem_id="panel", js_on_load=theme.script("page"), apply_default_css=False, render=False)
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="rooms"), gr.Tabs(elem_id="tabs"):
                with gr.Tab("Ask", id="ask-tab", elem_id="room-ask"), gr.Column(elem_id="conversation"):
                    start = gr.HTML("", elem_id="start", js_on_load=START_SCRIPT, apply_default_css=False)
                    messages = gr.Chatbot(
                        [],
                        elem_id="messages",
                        label="Conversation",
                        show_label=False,
                        container=False,
                        height="100%",
                        layout="panel",
                        buttons=[],
                        render_markdown=False,
                        latex_delimiters=[],
                        group_consecutive_messages=False,
                        feedback_options=None,
                    )
                    with gr.Row(elem_id="composer"):
                        box = gr.Textbox(
                            label="Your question",
                            show_label=False,
                            container=False,
                            placeholder="Ask the articles a question",
                            lines=1,
                            max_lines=6,
                            autofocus=True,
                            scale=1,
                            elem_id="question",
                        )
                        ask_button = gr.Button("Ask", variant="primary", elem_id="ask", scale=0, min_width=88)
                        stop_button = gr.Button("Stop", elem_id="stop", visible=False, scale=0, min_width=88)
                with gr.Tab("Library", id="library-tab", elem_id="room-library") as tab:
                    library = library_tab.build(chat, tab, shelf, desk, folders, together=TOGETHER)
                with gr.Tab("Find a quote", id="quote-tab", elem_id="room-quote"):
                    quote_tab.build(chat, shelf, together=TOGETHER)
            with gr.Column(elem_id="sources"):
                panel.render()

        collection = [masthead, start, while_empty]
        shown = [library.filters, library.entries]
        view = [messages, panel, box, ask_button, stop_button]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        asked = gr.on(
            [box.submit, ask_button.click],
            respond,
            [box, conversation],
            view,
            concurrency_limit=TOGETHER,
            concurrency_id="ask",
            **quiet,
        )
        suggested = start.select(
            respond_to_suggestion,
            [conversation],
            view,
            concurrency_limit=TOGETHER,
            concurrency_id="ask",
            **quiet,
        )
        stop_button.click(stop, [conversation], None, queue=False, **quiet)
        panel.select(open_source, [conversation], [panel], concurrency_limit=TOGETHER, **quiet)
        begun = new_chat.click(start_over, [conversation], view, **quiet)
        removed = panel.delete(remove, None, [panel], concurrency_limit=TOGETHER, **quiet)
        for event in (asked, suggested):
            event.then(give_back, [box, conversation], [box], concurrency_limit=TOGETHER, **quiet)
        for event in (*library.changes, removed):
            event.then(library.show, None, shown, concurrency_limit=TOGETHER, **quiet)
        for event in (asked, suggested, begun, *library.changes, removed):
            event.then(refresh, None, collection, concurrency_limit=TOGETHER, **quiet)
        page.load(refresh, None, collection, concurrency_limit=TOGETHER, **quiet)
        while_empty.tick(refresh, None, collection, concurrency_limit=TOGETHER, **quiet)
    page.queue(max_size=200, default_concurrency_limit=TOGETHER)
    return page
