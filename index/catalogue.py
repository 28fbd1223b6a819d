"""PURE. What a list of the collection asks for and is given: articles without their texts, a page at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, get_args

from index.types import Article

Order = Literal["newest", "oldest", "title", "outlet", "added"]
ORDERS: tuple[Order, ...] = get_args(Order)

MOST_LISTED = 500
"""Articles on one page of a list, at most."""

_ORDERS = {
    # NULL comes last when days descend; said so, rather than by IS NULL, the index on days gives the order.
    "newest": "v.published DESC, v.title COLLATE NOCASE, v.article",
    "oldest": "v.published IS NULL, v.published, v.title COLLATE NOCASE, v.article",
    "title": "v.title = '', v.title COLLATE NOCASE, v.published DESC, v.article",
    "outlet": "v.outlet = '', v.outlet COLLATE NOCASE, v.published DESC, v.title COLLATE NOCASE, v.article",
    "added": "(SELECT min(w.number) FROM versions w WHERE w.article = v.article) DESC",
}


@dataclass(frozen=True, slots=True)
class Query:
    """Which articles a list shows, in which order, and which page of them.

    `search` holds words that must all stand in the article, or a part of its title; `since`, `until` and `outlet` are as in
    `index.filter.Filter`; `source` is an article's source, exactly.
    """

    search: str = ""
    since: date | None = None
    until: date | None = None
    outlet: str | None = None
    source: str = ""
    order: Order = "newest"
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """An article as a list shows it, without its text. `added` is when its first version was read, `changed` when this one
    was (UTC); `versions` is how many there are, with this one."""

    article: Article
    added: datetime
    changed: datetime
    versions: int

    def to_dict(self) -> dict[str, Any]:
        """This entry as JSON-serialisable values, the article's among them."""
        return {
            **self.article.to_dict(),
            "added": self.added.isoformat(),
            "changed": self.changed.isoformat(),
            "versions": self.versions,
        }


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list, and how many articles there are on all pages."""

    entries: tuple[Entry, ...]
    total: int

    def to_dict(self) -> dict[str, Any]:
        """This page as JSON-serialisable values."""
        return {"total": self.total, "articles": [entry.to_dict() for entry in self.entries]}


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an article, without its text: `number` from 1, the oldest; `current` is the one that answers."""

    number: int
    article: Article
    added: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """The collection in figures: how many articles, how many of them dated, from when to when, and from whom.

    `outlets` are (name, articles), the most frequent first; articles that name none are not among them.
    """

    articles: int = 0
    dated: int = 0
    first: date | None = None
    last: date | None = None
    outlets: tuple[tuple[str, int], ...] = ()


def overview(articles: Iterable[Article]) -> Overview:
    """The overview of articles that are at hand."""
    known = list(articles)
    days = sorted(article.published for article in known if article.published)
    outlets = Counter(article.outlet for article in known if article.outlet)
    return Overview(len(known), len(days), days[0] if days else None, days[-1] if days else None, by_number(outlets.items()))


def by_number(counts: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """(name, number) pairs, the largest number first, equal ones by name."""
    return tuple(sorted(counts, key=lambda pair: (-pair[1], pair[0].casefold())))


def bounded(query: Query) -> Query:
    """The query with a page that can be had: its limit in 1 to MOST_LISTED, its offset not negative."""
    return replace(query, limit=max(1, min(query.limit, MOST_LISTED)), offset=max(0, query.offset))


def ordered(order: str) -> str:
    """What SQL orders versions `v` by. Raises KeyError for an order there is not."""
    return _ORDERS[order]


def conditions(query: Query, holding: str) -> tuple[str, list[Any]]:
    """What SQL chooses versions `v` by, with its parameters.

    `holding`: the numbers of the versions that hold the words searched for, as a JSON list.
    """
    where, values = ["v.state = 'current'"], []
    if query.since:
        where.append("v.published >= ?")
        values.append(query.since.isoformat())
    if query.until:
        where.append("v.published <= ?")
        values.append(query.until.isoformat())
    if query.outlet:
        where.append("casefold(v.outlet) = ?")
        values.append(query.outlet.casefold())
    if query.source:
        where.append("v.source = ?")
        values.append(query.source)
    if sought := " ".join(query.search.split()):
        where.append("(v.title LIKE ? ESCAPE '\\' OR v.number IN (SELECT value FROM json_each(?)))")
        escaped = sought.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values.extend([f"%{escaped}%", holding])
    return " AND ".join(where), values
