"""The Library tab: what is where, and what happens when articles are looked for, added, watched or removed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from index.address import is_web_address
from index.catalogue import Query
from index.errors import DatelineError
from index.types import Report
from rag.feeds import Feeds
from ui import folders, library, render, theme, uploads
from ui.access import loopback
from ui.adding import Desk, Job, Tell, follow
from ui.conversation import APOLOGY
from ui.event_data import sent
from ui.shelf import Shelf

if TYPE_CHECKING:
    from rag.chat import Chat

log = logging.getLogger(__name__)

PAGE = 50
"""Articles on one page of the list."""

MOST_ADDRESSES = 50
"""Addresses that are added at once."""

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

Update = Any
"""A new value for a component, or `gr.skip()`."""


@dataclass(frozen=True, slots=True)
class LibraryTab:
    """The tab's parts that others set anew, and the events after which the collection is another."""

    filters: gr.HTML
    entries: gr.HTML
    changes: Sequence[Any]
    show: Callable[[], Awaitable[tuple[Update, Update]]]


def build(
    chat: Chat, tab: gr.Tab, shelf: Shelf, desk: Desk, allowed: Sequence[Path], *, together: int, removing: bool
) -> LibraryTab:
    """Lay out the tab, inside of its `gr.Tab`. `allowed` are the folders that may be read for the page, none where it
    answers to other machines; `together` is how many readers are served at once; `removing`: whether a watched feed can be
    removed."""
    feeds = Feeds(Path(chat.data_dir))
    kept = Path(chat.data_dir) / uploads.FOLDER

    # -- the list ----------------------------------------------------------------------------

    async def show() -> tuple[Update, Update]:
        """Returns (filters, entries): the filters anew, upon which the page asks for the articles that fit them."""
        try:
            overview = await asyncio.to_thread(shelf.overview)
            return library.filters(overview.outlets, stamp=time.time_ns()), gr.skip()
        except DatelineError as error:
            return gr.skip(), render.failure(str(error))
        except Exception:
            log.exception("The articles could not be listed.")
            return gr.skip(), render.failure(APOLOGY)

    def page_of(query: Query) -> str:
        found = chat.listing(
            search=query.search,
            since=query.since,
            until=query.until,
            outlet=query.outlet,
            order=query.order,
            limit=query.limit,
            offset=query.offset,
        )
        if not found.entries and found.total:
            return page_of(replace(query, offset=(found.total - 1) // query.limit * query.limit))  # the last page is gone
        return library.listing(found, query, collection=found.total or shelf.overview().articles)

    async def choose(event: gr.EventData) -> Update:
        """Returns entries, with the number that the page gave its question."""
        told = sent(event)
        try:
            html = await asyncio.to_thread(page_of, library.query_of(told, PAGE))
        except DatelineError as error:
            html = render.failure(str(error))
        except Exception:
            log.exception("The articles could not be listed.")
            html = render.failure(APOLOGY)
        return library.answer_to(told.get("asked", ""), html)

    # -- adding ------------------------------------------------------------------------------

    async def run(what: str, work: Callable[[Tell], str]) -> AsyncIterator[tuple[Update, Update]]:
        """Yields (outcome, refusal)."""
        try:
            job = desk.begin(what, work, APOLOGY)
        except DatelineError as error:
            yield gr.skip(), render.failure(str(error))
            return
        async for view in watch(job):
            yield view

    async def watch(job: Job) -> AsyncIterator[tuple[Update, Update]]:
        async for html in follow(job):
            yield html, ""
        shelf.changed()

    async def resume() -> AsyncIterator[tuple[Update, Update]]:
        """What is being added while the page is opened goes on being told. Yields (outcome, refusal)."""
        job = desk.running
        if job is None:
            yield gr.skip(), gr.skip()
            return
        async for view in watch(job):
            yield view

    async def add_files(files: list[str] | None) -> AsyncIterator[tuple[Update, Update, Update]]:
        """Yields (outcome, refusal, the file drop)."""
        if not files:
            yield (gr.skip(),) * 3
            return

        def work(tell: Tell) -> str:
            with uploads.kept([Path(file) for file in files], kept) as (copies, discard):
                report = chat.add(*copies, progress=tell)
                discard(Path(failure.source) for failure in report.failed)
            return told(chat, report)

        async for outcome, refusal in run(render.counted(len(files), "file"), work):
            yield outcome, refusal, gr.skip()
        yield gr.skip(), gr.skip(), None

    async def add_addresses(written: str) -> AsyncIterator[tuple[Update, Update, Update]]:
        """Yields (outcome, refusal, the box)."""
        addresses = list(dict.fromkeys(line.strip() for line in str(written or "").splitlines() if line.strip()))
        refused = refuse_addresses(addresses)
        if refused:
            yield gr.skip(), render.failure(refused), gr.skip()
            return
        async for outcome, refusal in run(
            render.counted(len(addresses), "web page") if len(addresses) > 1 else render.shorten(addresses[0], 120),
            lambda tell: told(chat, chat.add(*addresses, progress=tell)),
        ):
            yield outcome, refusal, gr.skip()
        yield gr.skip(), gr.skip(), ""

    async def add_text(text: str, title: str, outlet: str, day: str, url: str) -> AsyncIterator[tuple[Update, ...]]:
        """Yields (outcome, refusal, then the five boxes)."""
        said = {"title": title, "outlet": outlet, "published": day, "url": url}
        given = {name: value if isinstance(value, str) else "" for name, value in said.items()}
        failed = False

        def work(tell: Tell) -> str:
            nonlocal failed
            failed = True
            with uploads.pasted(text if isinstance(text, str) else "", kept, **given) as file:
                report = chat.add(file, progress=tell)
            failed = bool(report.failed)
            return told(chat, report)

        started = False
        async for outcome, refusal in run("A pasted text", work):
            started = started or not refusal
            yield outcome, refusal, *(gr.skip(),) * 5
        yield gr.skip(), gr.skip(), *(("",) * 5 if started and not failed else (gr.skip(),) * 5)

    async def add_folder(written: str, request: gr.Request) -> AsyncIterator[tuple[Update, Update, Update]]:
        """Yields (outcome, refusal, the box)."""
        try:
            client = request.client.host if request and request.client else ""
            folders.check_reader(client, dict(request.headers), is_loopback=loopback(client))
            folder = await asyncio.to_thread(
                folders.check_folder, written if isinstance(written, str) else "", allowed, Path(chat.data_dir)
            )
        except DatelineError as error:
            yield gr.skip(), render.failure(str(error)), gr.skip()
            return
        async for outcome, refusal in run(
            f"The folder {folder.name}", lambda tell: told(chat, chat.add(folder, progress=tell))
        ):
            yield outcome, refusal, gr.skip()
        yield gr.skip(), gr.skip(), ""

    # -- watched feeds -----------------------------------------------------------------------

    def list_feeds() -> str:
        try:
            return library.feeds(feeds.all(), removing=removing)
        except DatelineError as error:
            return render.failure(str(error))

    async def watch_feed(url: str, every: float) -> tuple[Update, Update, Update]:
        """Returns (list, refusal, box)."""
        try:
            if every not in library.SCHEDULES:
                raise DatelineError("Choose how often the feed is to be looked at.")
            await asyncio.to_thread(feeds.add, url if isinstance(url, str) else "", float(every))
        except DatelineError as error:
            return gr.skip(), render.failure(str(error)), gr.skip()
        return list_feeds(), "", ""

    async def act_on_feed(event: gr.EventData) -> tuple[Update, Update]:
        """Returns (list, refusal)."""
        told = sent(event)
        acts = {"look": feeds.look_now, **({"forget": feeds.remove} if removing else {})}
        act = acts.get(told.get("act", ""))
        try:
            if act is not None:
                await asyncio.to_thread(act, told.get("url", ""))
        except DatelineError as error:
            return list_feeds(), render.failure(str(error))
        return list_feeds(), ""

    # -- what is where -----------------------------------------------------------------------

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
    filters.submit(choose, None, [entries], trigger_mode="multiple", **quiet)
    changes = [
        files.upload(add_files, [files], [*views, files], **quiet),
        gr.on([fetch.click, addresses.submit], add_addresses, [addresses], [*views, addresses], **quiet),
        paste.click(add_text, pasted, [*views, *pasted], **quiet),
        gr.on([walk.click, folder.submit], add_folder, [folder], [*views, folder], **quiet),
    ]
    # In this order: Gradio's page begins the second only when the first is over.
    tab.select(show, None, [filters, entries], **quiet)
    changes.append(tab.select(resume, None, views, **quiet))
    gr.on([begin.click, feed.submit], watch_feed, [feed, every], [watched, feed_refusal, feed], **quiet)
    watched.select(act_on_feed, None, [watched, feed_refusal], **quiet)
    drawer.expand(lambda: (list_feeds(), gr.Timer(active=True)), None, [watched, looking], **quiet)
    drawer.collapse(lambda: gr.Timer(active=False), None, [looking], **quiet)
    looking.tick(list_feeds, None, [watched], **quiet)
    return LibraryTab(filters, entries, changes, show)


def told(chat: Chat, report: Report) -> str:
    """What adding did, with the titles of the first articles."""
    named = (*report.added, *report.changed, *report.unchanged)[: render.LISTED * 3]
    titles = {}
    for one in named:
        with suppress(DatelineError):  # removed meanwhile
            titles[one] = render.headline(chat.article(one))
    return render.added(report, titles)


def refuse_addresses(addresses: Sequence[str]) -> str:
    """Why these addresses are not fetched, or an empty string. Where they lead is checked when they are."""
    if not addresses:
        return "Write the address of a page, a feed or a sitemap."
    if len(addresses) > MOST_ADDRESSES:
        return (
            f"These are {len(addresses):,} addresses; at most {MOST_ADDRESSES} can be added at once. A sitemap may list them."
        )
    for address in addresses:
        if not is_web_address(address):
            return f"{render.shorten(address, 120)!r} is no web address: it must begin with http:// or https://."
    return ""


def _about_folders(allowed: Sequence[Path]) -> str:
    from html import escape

    if not allowed:
        return (
            "<p>Folders are read for the page only where Dateline listens to its own machine alone and is allowed some (by "
            "ALLOWED_FOLDERS). In a terminal: <code>dateline add FOLDER</code></p>"
        )
    return (
        "<p>A folder of this machine, with those inside of it; hidden ones are left out. Allowed is what lies in "
        f"{escape(folders.described(list(allowed)))}.</p>"
    )
