"""The Library tab: what is where, and which part of the page tells what to `ui.stocking`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ui import folders, library, theme
from ui.adding import Desk
from ui.shelf import Shelf
from ui.stocking import Stocking

if TYPE_CHECKING:
    from rag.chat import Chat

LOOK_SECONDS = 3.0
"""How often an open list of watched feeds is brought up to date."""

HOW_TO_ADD = (
    "<p>Text, Markdown, web pages (HTML, MHTML), PDF, Word, EPUB, e-mails and mailboxes, JSON or JSON lines, also what "
    "LlamaIndex and Chroma export; all but PDF, Word and EPUB also gzipped. "
    "A file with the name of an earlier one takes its place.</p>"
)
HOW_TO_FETCH = (
    "<p>Pages, feeds (RSS, Atom, JSON) and sitemaps, one address a line; of feeds and sitemaps, the articles they list are "
    "fetched, politely: one page at a time, and only what a site’s robots.txt allows.</p>"
)
SCHEDULES = [(said[:1].upper() + said[1:], seconds) for seconds, said in library.SCHEDULES.items()]


@dataclass(frozen=True, slots=True)
class LibraryTab:
    """The tab's parts that others set anew, and the events after which the collection is another."""

    filters: gr.HTML
    entries: gr.HTML
    changes: Sequence[Any]
    show: Callable[[], Awaitable[tuple[Any, Any]]]


def build(
    chat: Chat, tab: gr.Tab, shelf: Shelf, desk: Desk, allowed: Sequence[Path], *, together: int, removing: bool
) -> LibraryTab:
    """Lay out the tab, inside of its `gr.Tab`. `allowed` are the folders that may be read for the page, none where it
    answers to other machines; `together` is how many readers are served at once; `removing`: whether a watched feed can be
    removed."""
    stocking = Stocking(chat, shelf, desk, allowed, removing=removing)
    with gr.Column(elem_id="library"):
        with gr.Accordion("Add articles", open=False, elem_id="add", elem_classes="drawer"):
            with gr.Tabs(elem_id="ways"):
                with gr.Tab("Files", id="files"):
                    gr.HTML(HOW_TO_ADD, elem_classes="hint", js_on_load=None, apply_default_css=False)
                    # No file_types: what cannot be read is refused by name and with its reason, like anywhere else.
                    files = gr.File(label="Files to add", show_label=False, file_count="multiple", height=104, elem_id="files")
                with gr.Tab("Web addresses", id="addresses"):
                    gr.HTML(HOW_TO_FETCH, elem_classes="hint", js_on_load=None, apply_default_css=False)
                    addresses = gr.Textbox(
                        label="Addresses", lines=2, max_lines=8, placeholder="https://…", elem_id="addresses"
                    )
                    fetch = gr.Button("Fetch", variant="primary", elem_id="fetch")
                with gr.Tab("Text", id="text"):
                    text = gr.Textbox(label="Text of the article", lines=6, max_lines=14, elem_id="pasted")
                    with gr.Row(elem_classes="fields"):
                        title = gr.Textbox(label="Title (optional)", elem_id="pasted-title")
                        outlet = gr.Textbox(label="Outlet (optional)", elem_id="pasted-outlet")
                        day = gr.Textbox(label="Date (optional)", placeholder="2022-11-13", elem_id="pasted-day")
                        url = gr.Textbox(label="Link (optional)", placeholder="https://…", elem_id="pasted-url")
                    paste = gr.Button("Add the text", variant="primary", elem_id="paste")
                with gr.Tab("Folder", id="folder"):
                    gr.HTML(_about_folders(allowed), elem_classes="hint", js_on_load=None, apply_default_css=False)
                    folder = gr.Textbox(label="Path of a folder", elem_id="folder", visible=bool(allowed))
                    walk = gr.Button("Add the folder", variant="primary", elem_id="walk", visible=bool(allowed))
            refusal = gr.HTML("", elem_id="refusal", js_on_load=None, apply_default_css=False)
            outcome = gr.HTML("", elem_id="outcome", js_on_load=None, apply_default_css=False)
        with gr.Accordion("Watched feeds", open=False, elem_id="watched", elem_classes="drawer") as drawer:
            with gr.Row(elem_classes="fields"):
                feed = gr.Textbox(label="Address of a feed, sitemap or page", placeholder="https://…", elem_id="feed")
                every = gr.Dropdown(SCHEDULES, value=3600.0, label="Look at it", elem_id="every", filterable=False)
            begin = gr.Button("Watch it", variant="primary", elem_id="begin-watching")
            feed_refusal = gr.HTML("", elem_id="feed-refusal", js_on_load=None, apply_default_css=False)
            watched = gr.HTML("", elem_id="feeds", js_on_load=theme.script("feeds"), apply_default_css=False)
        filters = gr.HTML("", elem_id="filters", js_on_load=theme.script("library"), apply_default_css=False)
        entries = gr.HTML("", elem_id="entries", js_on_load=None, apply_default_css=False)
    looking = gr.Timer(LOOK_SECONDS, active=False)

    # -- what happens ------------------------------------------------------------------------

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": together}
    views = [outcome, refusal]
    pasted = [text, title, outlet, day, url]
    filters.submit(stocking.choose, None, [entries], trigger_mode="multiple", **quiet)
    changes = [
        files.upload(stocking.add_files, [files], [*views, files], **quiet),
        gr.on([fetch.click, addresses.submit], stocking.add_addresses, [addresses], [*views, addresses], **quiet),
        paste.click(stocking.add_text, pasted, [*views, *pasted], **quiet),
        gr.on([walk.click, folder.submit], stocking.add_folder, [folder], [*views, folder], **quiet),
    ]
    # In this order: Gradio's page begins the second only when the first is over.
    tab.select(stocking.show, None, [filters, entries], **quiet)
    changes.append(tab.select(stocking.resume, None, views, **quiet))
    gr.on([begin.click, feed.submit], stocking.watch_feed, [feed, every], [watched, feed_refusal, feed], **quiet)
    watched.select(stocking.act_on_feed, None, [watched, feed_refusal], **quiet)
    drawer.expand(lambda: (stocking.list_feeds(), gr.Timer(active=True)), None, [watched, looking], **quiet)
    drawer.collapse(lambda: gr.Timer(active=False), None, [looking], **quiet)
    looking.tick(stocking.list_feeds, None, [watched], **quiet)
    return LibraryTab(filters, entries, changes, stocking.show)


def _about_folders(allowed: Sequence[Path]) -> str:
    if not allowed:
        return (
            "<p>Folders are read for the page only where Dateline listens to its own machine alone and is allowed some (by "
            "ALLOWED_FOLDERS). In a terminal: <code>dateline add FOLDER</code></p>"
        )
    return (
        "<p>A folder of this machine, with those inside of it; hidden ones are left out. Allowed is what lies in "
        f"{escape(folders.described(list(allowed)))}.</p>"
    )
