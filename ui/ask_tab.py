"""The Ask tab: what is where, and which part of the page tells what to `ui.asking`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from ui import history, theme
from ui.asking import PARTS, Asking
from ui.conversation import Conversation

if TYPE_CHECKING:
    from rag.chat import Chat


@dataclass(frozen=True, slots=True)
class AskTab:
    """The tab's parts that others set or read: the questions to start from, the reader's conversation, and the events after
    which the collection is looked at again."""

    start: gr.HTML
    conversation: gr.State
    events: Sequence[Any]


def build(chat: Chat, page: gr.Blocks, new_chat: gr.Button, panel: gr.HTML, *, together: int) -> AskTab:
    """Lay out the tab, inside of its `gr.Tab`. `together` is how many readers are served at once."""
    asking = Asking(chat)
    conversation = gr.State(Conversation())
    with gr.Row(elem_id="asking"):
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
            kept = gr.HTML(history.listing([], ""), elem_id="kept", js_on_load=theme.script("history"), apply_default_css=False)
        with gr.Column(elem_id="conversation"):
            start = gr.HTML("", elem_id="start", js_on_load=theme.script("start"), apply_default_css=False)
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
            # What is done with an answer, and what is to be told of it.
            notice = gr.HTML("", elem_id="notice", js_on_load=theme.script("asking"), apply_default_css=False)
            download = gr.HTML(
                {},
                elem_id="download",
                html_template="<span hidden></span>",
                js_on_load=theme.script("download"),
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
                ask = gr.Button("Ask", variant="primary", elem_id="ask", scale=0, min_width=88)
                stop = gr.Button("Stop", elem_id="stop", visible=False, scale=0, min_width=88)

    # The outputs of every handler of `Asking`, in the order of PARTS.
    view = [messages, panel, box, ask, stop, kept, notice, download, opened]
    assert len(view) == len(PARTS)
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": together}
    asks = {"concurrency_id": "ask", **quiet}
    # "multiple": what is still going on for one answer must not swallow what is done with the next.
    does = {"trigger_mode": "multiple", **quiet}
    questions = [
        gr.on([box.submit, ask.click], asking.respond, [box, conversation, opened], view, **asks),
        start.select(asking.ask_to_start, [conversation, opened], view, **asks),
        notice.submit(asking.ask_again, [conversation, opened], view, **asks),
    ]
    stop.click(asking.stop, [conversation], None, queue=False, show_progress="hidden", api_visibility="private")
    notice.select(asking.act, [box, conversation, opened], view, **does)
    begun = new_chat.click(asking.start_over, [conversation], view, **does)
    chosen = kept.select(asking.choose, [conversation], view, **does)
    chosen.then(asking.suggest, [conversation], view, **does)
    find.change(asking.look, [find, conversation], view, **{**does, "trigger_mode": "always_last"})
    looked = page.load(asking.look, [find, conversation], view, **does)
    followed = [event.then(asking.after, [box, conversation], view, **does) for event in questions]
    return AskTab(start, conversation, [*followed, begun, looked])
