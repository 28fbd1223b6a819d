"""What happens in the Library room: articles are looked for and added, and feeds are watched."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from index.address import is_web_address
from index.catalogue import Query
from index.errors import DatelineError
from index.types import Failure, Report
from rag.feeds import Feeds
from ui import folders, library, render, uploads
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

_HOST = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?(?:[/?#]\S*)?$", re.IGNORECASE)
"""A host's name as people write it, with what may follow."""

Update = Any
"""A new value for a component, or `gr.skip()`."""


class Stocking:
    """The handlers, for a `rag.Chat`. Takes and yields what the page wires in `ui.library_tab`.

    `allowed` are the folders that may be read for the page; `removing` says whether a watched feed can be removed.
    """

    def __init__(self, chat: Chat, shelf: Shelf, desk: Desk, allowed: Sequence[Path], *, removing: bool) -> None:
        self._chat = chat
        self._shelf = shelf
        self._desk = desk
        self._allowed = allowed
        self._removing = removing
        self._feeds = Feeds(Path(chat.data_dir))
        self._kept = Path(chat.data_dir) / uploads.FOLDER

    # -- the list ----------------------------------------------------------------------------

    async def show(self) -> tuple[Update, Update]:
        """Returns (filters, entries): the filters anew, upon which the page asks for the articles that fit them."""
        try:
            overview = await asyncio.to_thread(self._shelf.overview)
            return library.filters(overview.outlets, stamp=time.time_ns()), gr.skip()
        except DatelineError as error:
            return gr.skip(), render.failure(str(error))
        except Exception:
            log.exception("The articles could not be listed.")
            return gr.skip(), render.failure(APOLOGY)

    def _page_of(self, query: Query) -> str:
        found = self._chat.listing(
            search=query.search,
            since=query.since,
            until=query.until,
            outlet=query.outlet,
            order=query.order,
            limit=query.limit,
            offset=query.offset,
        )
        if not found.entries and found.total:
            return self._page_of(replace(query, offset=(found.total - 1) // query.limit * query.limit))  # the last page is gone
        return library.listing(found, query, collection=found.total or self._shelf.overview().articles)

    async def choose(self, event: gr.EventData) -> Update:
        """Returns entries, with the number that the page gave its question."""
        told = sent(event)
        try:
            html = await asyncio.to_thread(self._page_of, library.query_of(told, PAGE))
        except DatelineError as error:
            html = render.failure(str(error))
        except Exception:
            log.exception("The articles could not be listed.")
            html = render.failure(APOLOGY)
        return library.answer_to(told.get("asked", ""), html)

    # -- adding ------------------------------------------------------------------------------

    async def _add(self, what: str, add: Callable[[Tell], Report], boxes: int) -> AsyncIterator[tuple[Update, ...]]:
        """Yields (outcome, refusal, then so many boxes, emptied at last if nothing failed: else it can be put right)."""
        reports: list[Report] = []
        left = (gr.skip(),) * boxes

        def work(tell: Tell) -> str:
            reports.append(add(tell))
            return told(self._chat, reports[-1])

        try:
            job = self._desk.begin(what, work, APOLOGY)
        except DatelineError as error:
            yield gr.skip(), render.failure(str(error)), *left
            return
        async for outcome, refusal in self._watch(job):
            yield outcome, refusal, *left
        well = any(not report.failed for report in reports)
        yield gr.skip(), gr.skip(), *(("",) * boxes if well else left)

    async def _watch(self, job: Job) -> AsyncIterator[tuple[Update, Update]]:
        async for html in follow(job):
            yield html, ""
        self._shelf.changed()

    async def resume(self) -> AsyncIterator[tuple[Update, Update]]:
        """What is being added while the page is opened goes on being told. Yields (outcome, refusal)."""
        job = self._desk.running
        if job is None:
            yield gr.skip(), gr.skip()
            return
        async for view in self._watch(job):
            yield view

    async def add_files(self, files: list[str] | None) -> AsyncIterator[tuple[Update, ...]]:
        """Yields (outcome, refusal, the file drop)."""
        if not files:
            yield (gr.skip(),) * 3
            return

        def add(tell: Tell) -> Report:
            with uploads.kept([Path(file) for file in files], self._kept) as (copies, discard):
                report = self._chat.add(*copies, progress=tell)
                discard(Path(failure.source) for failure in report.failed)
            return report

        async for view in self._add(render.counted(len(files), "file"), add, 0):
            yield *view, gr.skip()
        yield gr.skip(), gr.skip(), None

    async def add_addresses(self, written: str) -> AsyncIterator[tuple[Update, ...]]:
        """Yields (outcome, refusal, the box)."""
        try:
            addresses, failed = addresses_in(str(written or ""))
        except DatelineError as error:
            yield gr.skip(), render.failure(str(error)), gr.skip()
            return
        what = render.counted(len(addresses), "web page") if len(addresses) > 1 else render.shorten(addresses[0], 120)

        def add(tell: Tell) -> Report:
            report = self._chat.add(*addresses, progress=tell)
            return replace(report, failed=(*failed, *report.failed))

        async for view in self._add(what, add, 1):
            yield view

    async def add_text(self, text: str, title: str, outlet: str, day: str, url: str) -> AsyncIterator[tuple[Update, ...]]:
        """Yields (outcome, refusal, then the five boxes)."""
        said = {"title": title, "outlet": outlet, "published": day, "url": url}
        given = {name: value if isinstance(value, str) else "" for name, value in said.items()}

        def add(tell: Tell) -> Report:
            with uploads.pasted(text if isinstance(text, str) else "", self._kept, **given) as file:
                return self._chat.add(file, progress=tell)

        async for view in self._add("A pasted text", add, 5):
            yield view

    async def add_folder(self, written: str, request: gr.Request) -> AsyncIterator[tuple[Update, ...]]:
        """Yields (outcome, refusal, the box)."""
        try:
            client = request.client.host if request and request.client else ""
            folders.check_reader(client, dict(request.headers), is_loopback=loopback(client))
            folder = await asyncio.to_thread(
                folders.check_folder, written if isinstance(written, str) else "", self._allowed, Path(self._chat.data_dir)
            )
        except DatelineError as error:
            yield gr.skip(), render.failure(str(error)), gr.skip()
            return
        async for view in self._add(f"The folder {folder.name}", lambda tell: self._chat.add(folder, progress=tell), 1):
            yield view

    # -- watched feeds -----------------------------------------------------------------------

    def list_feeds(self) -> str:
        """The list of watched feeds as it is now, as HTML."""
        try:
            return library.feeds(self._feeds.all(), removing=self._removing)
        except DatelineError as error:
            return render.failure(str(error))

    async def watch_feed(self, url: str, every: float) -> tuple[Update, Update, Update]:
        """Returns (list, refusal, box)."""
        try:
            if every not in library.SCHEDULES:
                raise DatelineError("Choose how often the feed is to be looked at.")
            await asyncio.to_thread(self._feeds.add, url if isinstance(url, str) else "", float(every))
        except DatelineError as error:
            return gr.skip(), render.failure(str(error)), gr.skip()
        return self.list_feeds(), "", ""

    async def act_on_feed(self, event: gr.EventData) -> tuple[Update, Update]:
        """Returns (list, refusal)."""
        told = sent(event)
        acts = {"look": self._feeds.look_now, **({"forget": self._feeds.remove} if self._removing else {})}
        act = acts.get(told.get("act", ""))
        try:
            if act is not None:
                await asyncio.to_thread(act, told.get("url", ""))
        except DatelineError as error:
            return self.list_feeds(), render.failure(str(error))
        return self.list_feeds(), ""


def told(chat: Chat, report: Report) -> str:
    """What adding did, with the titles of the first articles."""
    named = (*report.added, *report.changed, *report.unchanged)[: render.LISTED * 3]
    titles = {}
    for one in named:
        with suppress(DatelineError):  # removed meanwhile
            titles[one] = render.headline(chat.article(one))
    return render.added(report, titles)


def addresses_in(written: str) -> tuple[list[str], list[Failure]]:
    """The web addresses that were written, one a line, and what of it is none.

    A host without a scheme ("news.example/story") is taken for https; where addresses lead is checked when they are fetched.
    Raises DatelineError where none is written, or too many are.
    """
    found: list[str] = []
    failed: list[Failure] = []
    for line in dict.fromkeys(one.strip() for one in written.splitlines() if one.strip()):
        if is_web_address(line):
            found.append(line)
        elif _HOST.match(line):
            found.append(f"https://{line}")
        else:
            failed.append(Failure(render.shorten(line, 120), "it is no web address: such begin with http:// or https://"))
    if not found:
        raise DatelineError(
            f"{failed[0].source!r} is no web address: it must begin with http:// or https://."
            if failed
            else "Write the address of a page, a feed or a sitemap."
        )
    if len(found) > MOST_ADDRESSES:
        raise DatelineError(
            f"These are {len(found):,} addresses; at most {MOST_ADDRESSES} can be added at once. A sitemap may list them."
        )
    return found, failed
