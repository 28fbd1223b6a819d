"""PURE. The library as HTML: its filters, a page of its articles, and the feeds that are watched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from html import escape

from index.catalogue import Entry, Listing, Query
from rag.feeds import Feed
from ui.render import counted, day, duration, headline, shorten

ORDER_NAMES = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "title": "Title",
    "outlet": "Outlet",
    "added": "Last added first",
}
SCHEDULES = {900.0: "every 15 minutes", 3600.0: "every hour", 86_400.0: "every day"}
MOST_OUTLETS = 500
"""Outlets to choose from; the others are found by searching."""


def filters(outlets: Sequence[tuple[str, int]], *, stamp: int = 0) -> str:
    """The form that chooses among the articles; what is typed in it is read by the page's script.

    Another `stamp` makes it another form: the script then asks for the articles again, with what was typed.
    """
    names = "".join(
        f'<option value="{escape(name)}">{escape(shorten(name, 60))} ({count:,})</option>'
        for name, count in outlets[:MOST_OUTLETS]
    )
    orders = "".join(f'<option value="{name}">{said}</option>' for name, said in ORDER_NAMES.items())
    return (
        f'<form class="filters" data-stamp="{stamp}" '
        'role="search" aria-label="Articles">'
        '<div class="top"><label>Search <input type="search" name="search" maxlength="500" autocomplete="off" '
        'placeholder="Words in titles and texts"></label><button type="reset">Clear</button></div>'
        f'<label>Outlet <select name="outlet"><option value="">All outlets</option>{names}</select></label>'
        '<label>From <input type="date" name="since"></label>'
        '<label>To <input type="date" name="until"></label>'
        f'<label>Order <select name="order">{orders}</select></label>'
        "</form>"
    )


def listing(value: Listing, query: Query, *, collection: int) -> str:
    """One page of the articles; `collection` is how many there are without the query's filters."""
    if not value.total:
        if not collection:
            return '<p class="nothing" role="status">There are no articles yet. Add some above.</p>'
        return '<p class="nothing" role="status">No article fits. Search for less, or clear the filters.</p>'
    if not value.entries:
        return (
            '<p class="nothing" role="status">There are fewer articles by now. '
            '<button type="button" data-offset="0">To the first page</button></p>'
        )
    first, last = query.offset + 1, query.offset + len(value.entries)
    said = f"{first:,} – {last:,} of {counted(value.total, 'article')}" if value.total > last or first > 1 else ""
    said = said or counted(value.total, "article")
    rows = "".join(map(entry, value.entries))
    return (
        f'<p class="count" role="status">{said}</p><ol class="entries" start="{first}">{rows}</ol>'
        f"{_pages(query.offset, query.limit, value.total)}"
    )


def answer_to(asked: str, html: str) -> str:
    """A page of the list as the answer to the page's question of that number."""
    return f'<div data-asked="{int(asked) if asked.isdecimal() and len(asked) < 10 else 0}">{html}</div>'


def entry(value: Entry) -> str:
    """One article of the list: its title, which opens it, and what is known of it."""
    article = value.article
    parts = [escape(shorten(article.outlet, 80))] if article.outlet else []
    parts += [f'<span class="day">{day(article.published)}</span>'] if article.published else ["no date"]
    parts += [f'<span class="day">added {day(value.added.date())}</span>']
    parts += [counted(value.versions, "version")] if value.versions > 1 else []
    return (
        f'<li><button type="button" class="entry" data-open="{escape(opening(article.id))}">'
        f"{escape(shorten(headline(article), 200))}</button>"
        f'<p class="meta">{" · ".join(parts)}</p></li>'
    )


def opening(article_id: str, version: int = 0) -> str:
    """What the page sends to have an article opened, or one of its versions (from 1)."""
    return f"version/{version}/{article_id}" if version else f"article/{article_id}"


def _pages(offset: int, limit: int, total: int) -> str:
    if total <= limit and not offset:
        return ""
    page, pages = offset // limit + 1, -(-total // limit)

    def step(to: int, name: str) -> str:
        state = f'data-offset="{(to - 1) * limit}"' if 1 <= to <= pages else "disabled"
        return f'<button type="button" {state}>{name}</button>'

    return (
        f'<nav class="pages" aria-label="Pages of the list">{step(page - 1, "Previous")}'
        f"<span>Page {page:,} of {pages:,}</span>{step(page + 1, 'Next')}</nav>"
    )


def feeds(watched: Sequence[Feed], now: datetime | None = None, *, removing: bool = True) -> str:
    """The watched feeds: when each was last looked at, what came, what failed, and what can be done with it."""
    if not watched:
        return '<p class="nothing">No feed is watched yet.</p>'
    rows = "".join(_feed(feed, now or datetime.now(UTC), removing) for feed in watched)
    return f'<ul class="feeds">{rows}</ul>'


def _feed(feed: Feed, now: datetime, removing: bool) -> str:
    url = escape(feed.url)
    schedule = SCHEDULES.get(feed.every, f"every {duration(feed.every)}")
    parts = [schedule]
    if feed.looking:
        parts.append("being looked at now")
    elif feed.looked is None:
        parts.append("to be looked at in a moment")
    if feed.looked is not None:
        parts.append(f"looked at {_ago(now, feed.looked)}")
        if not feed.looking:
            parts.append(f"again in {duration(max(0.0, (feed.due - now).total_seconds()))}")
    came = ""
    if feed.looked is not None and not feed.error and not feed.failures:
        news = [f"{feed.added:,} new"] if feed.added else []
        news += [f"{feed.changed:,} changed"] if feed.changed else []
        came = f'<p class="meta">The last look: {", ".join(news) or "nothing new"}.</p>'
    trouble = ""
    if feed.error or feed.failed:
        said = [feed.error] if feed.error else list(feed.failed)
        more = feed.unread - len(feed.failed)
        items = "".join(f"<li>{escape(shorten(one, 400))}</li>" for one in said) + (
            f"<li>and {more:,} more</li>" if more > 0 else ""
        )
        heading = "It could not be looked at" if feed.failures else counted(feed.unread, "page") + " could not be had"
        trouble = f'<details class="trouble"><summary>{heading}</summary><ul>{items}</ul></details>'
    name = escape(shorten(feed.url, 80))
    remove = f'<button type="button" data-act="forget" data-url="{url}" aria-label="Watch {name} no longer">Remove</button>'
    return (
        f'<li><p class="feed">{url}</p><p class="meta">{" · ".join(parts)}</p>{came}{trouble}'
        f'<p class="acts"><button type="button" data-act="look" data-url="{url}" aria-label="Look now at {name}">'
        f"Look now</button>{remove if removing else ''}</p></li>"
    )


def _ago(now: datetime, then: datetime) -> str:
    passed = (now - then).total_seconds()
    return "just now" if passed < 5 else f"{duration(passed)} ago"


def query_of(sent: dict[str, str], page: int) -> Query:
    """The query that the form and the pages of the list ask for; what cannot be read of it counts as not given."""
    order = sent.get("order", "")
    offset = sent.get("offset", "")
    return Query(
        search=sent.get("search", "")[:500],
        since=_day(sent.get("since", "")),
        until=_day(sent.get("until", "")),
        outlet=sent.get("outlet", "")[:2000] or None,
        order=order if order in ORDER_NAMES else "newest",  # type: ignore[arg-type]
        offset=min(int(offset), 10**9) if offset.isdecimal() and len(offset) < 12 else 0,
        limit=page,
    )


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        return None
