"""The page: what is where, and what happens when something is typed, dropped or clicked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from index.errors import DatelineError
from index.types import Progress, Report
from ui import history, render, sources, theme, uploads
from ui.asking import PARTS, Asking
from ui.conversation import APOLOGY, Conversation
from ui.shelf import Shelf

if TYPE_CHECKING:
    from rag.chat import Chat

log = logging.getLogger(__name__)

TOGETHER = 8
HOW_TO_ADD = (
    "<p>Text, Markdown, web pages (HTML, MHTML), PDF, Word, EPUB, e-mails and mailboxes, JSON or JSON lines, also what "
    "LlamaIndex and Chroma export; all but PDF, Word and EPUB also gzipped. "
    "A file with the name of an earlier one takes its place.</p>"
)
SIGN_OUT = '<form method="post" action="/logout"><button>Sign out</button></form>'
START_SCRIPT = """
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-question]');
  if (button) trigger('select', {question: button.dataset.question});
});
"""


def build(chat: Chat, *, sign_out: bool = False) -> gr.Blocks:
    """The page for a `rag.Chat`. It is served by `ui.serve`, which also brings style and script limits."""

    shelf = Shelf(chat)
    asking = Asking(chat)

    async def refresh() -> AsyncIterator[tuple[str, str, Any]]:
        """Yields (masthead, start, whether to look again soon): what is there, then with questions."""
        try:
            articles = await asyncio.to_thread(shelf.articles)
            head = render.masthead(render.collection(articles))
            soon = gr.Timer(active=not articles)
            if shelf.known_questions() is None:
                yield head, render.start(articles, []), soon
            yield head, render.start(articles, await asyncio.to_thread(shelf.questions)), soon
        except DatelineError as error:
            yield render.masthead(), render.failure(str(error)), gr.skip()
        except Exception:
            log.exception("The collection could not be listed.")
            yield render.masthead(), render.failure(APOLOGY), gr.skip()

    async def add(files: list[str] | None) -> AsyncIterator[tuple[Any, ...]]:
        """Yields (what happens, the file drop)."""
        if not files:
            yield gr.skip(), gr.skip()
            return
        yield render.progress(Progress("reading", 0, 0)), gr.skip()
        try:
            async for html in _adding(chat, [Path(file) for file in files]):
                yield html, gr.skip()
        except DatelineError as error:
            yield render.failure(str(error)), None
        except Exception:
            log.exception("Files could not be added.")
            yield render.failure(APOLOGY), None
        else:
            shelf.changed()
            yield gr.skip(), None

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
            # Ask: the way to the kept conversations.
            gr.HTML(theme.HISTORY_BUTTON, elem_id="history-way", js_on_load=None, apply_default_css=False)
            new_chat = gr.Button("New chat", elem_id="new-chat", size="sm", scale=0)
            if sign_out:
                gr.HTML(SIGN_OUT, elem_id="sign-out", js_on_load=None, apply_default_css=False)
        with gr.Accordion("Add articles", open=False, elem_id="add"):
            gr.HTML(HOW_TO_ADD, elem_id="how-to-add", js_on_load=None, apply_default_css=False)
            # No file_types: what cannot be read is refused by name and with its reason, like anywhere else.
            files = gr.File(label="Files to add", show_label=False, file_count="multiple", height=104, elem_id="files")
            outcome = gr.HTML("", elem_id="outcome", js_on_load=None, apply_default_css=False)
        with gr.Row(elem_id="desk"):
            # Ask: the kept conversations.
            with gr.Column(elem_id="history"):
                find = gr.Textbox(
                    label="Search conversations",
                    show_label=False,
                    container=False,
                    placeholder="Search conversations",
                    lines=1,
                    max_lines=1,
                    max_length=500,
                    elem_id="find",
                )
                kept = gr.HTML(
                    history.listing([], ""), elem_id="kept", js_on_load=theme.script("history.js"), apply_default_css=False
                )
            with gr.Column(elem_id="conversation"):
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
                # Ask: what is done with an answer, and what is to be told of it.
                notice = gr.HTML("", elem_id="notice", js_on_load=theme.script("asking.js"), apply_default_css=False)
                download = gr.HTML(
                    {},
                    elem_id="download",
                    html_template="<span hidden></span>",
                    js_on_load=theme.script("download.js"),
                    apply_default_css=False,
                )
                opened = gr.Textbox("", visible=False)
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
            with gr.Column(elem_id="sources"):
                panel = gr.HTML(sources.EMPTY, elem_id="panel", js_on_load=theme.script(), apply_default_css=False)

        collection = [masthead, start, while_empty]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        # Ask: the outputs of every handler of `Asking`, in the order of PARTS.
        view = [messages, panel, box, ask_button, stop_button, kept, notice, download, opened]
        assert len(view) == len(PARTS)
        asks: dict[str, Any] = {"concurrency_limit": TOGETHER, "concurrency_id": "ask", **quiet}
        # "multiple": what is still going on for one answer must not swallow what is done with the next.
        does: dict[str, Any] = {"concurrency_limit": TOGETHER, "trigger_mode": "multiple", **quiet}
        asked = gr.on([box.submit, ask_button.click], asking.respond, [box, conversation, opened], view, **asks)
        suggested = start.select(asking.ask_to_start, [conversation, opened], view, **asks)
        again = notice.submit(asking.ask_again, [conversation, opened], view, **asks)
        stop_button.click(asking.stop, [conversation], None, queue=False, **quiet)
        panel.select(asking.open_source, [conversation], [panel], **does)
        notice.select(asking.act, [box, conversation, opened], view, **does)
        begun = new_chat.click(asking.start_over, [conversation], view, **does)
        chosen = kept.select(asking.choose, [conversation], view, **does)
        chosen.then(asking.suggest, [conversation], view, **does)
        find.change(asking.look, [find, conversation], view, **{**does, "trigger_mode": "always_last"})
        page.load(asking.look, [find, conversation], view, **does)
        dropped = files.upload(add, [files], [outcome, files], concurrency_limit=1, **quiet)
        for event in (asked, suggested, again):
            event.then(asking.give_back, [box, conversation], [box], **does)
            event.then(asking.after, [conversation], view, **does)
        for event in (asked, suggested, again, dropped, begun):
            event.then(refresh, None, collection, concurrency_limit=TOGETHER, **quiet)
        page.load(refresh, None, collection, concurrency_limit=TOGETHER, **quiet)
        while_empty.tick(refresh, None, collection, concurrency_limit=TOGETHER, **quiet)
    page.queue(max_size=200, default_concurrency_limit=TOGETHER)
    return page


async def _adding(chat: Chat, files: list[Path]) -> AsyncIterator[str]:
    """Add the files in a thread and yield HTML: progress while it works, at last what was done."""
    latest: list[Progress] = []

    def work() -> tuple[Report, dict[str, str]]:
        with uploads.kept(files, Path(chat.data_dir) / "uploads") as (copies, discard):
            report: Report = chat.add(*copies, progress=latest.append)
            discard(Path(failure.source) for failure in report.failed)
        named = (*report.added, *report.changed, *report.unchanged)[: render.LISTED * 3]
        return report, {one: render.headline(chat.article(one)) for one in named}

    working = asyncio.ensure_future(asyncio.to_thread(work))
    shown = None
    while not working.done():
        await asyncio.wait({working}, timeout=0.1)
        if latest and latest[-1] is not shown:
            shown = latest[-1]
            del latest[:-1]
            yield render.progress(shown)
    report, titles = await working
    yield render.added(report, titles)
