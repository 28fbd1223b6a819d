"""Feeds looked at again and again: which one is due, and how long to leave alone one that fails."""

from __future__ import annotations

import heapq
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from index.errors import DatelineError
from index.types import Report

EVERY, LEAST = 15 * 60.0, 60.0
"""Seconds between two looks at a feed, usually and at least."""

MOST = 12 * 3600.0
"""Seconds that a failing feed is left alone at most; each failure in a row doubles them."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one feed: its report, or the `error` that ended it; `again` is in how many seconds the next one is.

    `failures` is how often in a row the feed itself could not be had, with this time.
    """

    feed: str
    report: Report
    error: str
    again: float
    failures: int = 0


def look(add: Callable[[str], Report], feed: str, every: float, failures: int = 0) -> Look:
    """Add a feed that has failed so many times in a row before; the next look is the later the more often it has.

    A DatelineError becomes part of the Look; others are bugs and are raised.
    """
    error = ""
    report = Report()
    try:
        report = add(feed)
    except DatelineError as failure:
        error = str(failure)
    failed = bool(error) or any(one.source == feed for one in report.failed)
    failures = failures + 1 if failed else 0
    again = max(every, min(MOST, every * 2 ** min(failures, 20)))
    return Look(feed, report, error, again, failures)


def watch(
    add: Callable[[str], Report],
    feeds: Sequence[str],
    every: float = EVERY,
    *,
    once: bool = False,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Look]:
    """Add each feed when it is due, `every` so many seconds, for ever or `once`; every look is yielded.

    A feed that fails is asked less and less often until it works again, and never keeps the others waiting. Of errors,
    DatelineErrors become part of a Look; others are bugs and end the watch.
    """
    begun = clock()
    failures = dict.fromkeys(feeds, 0)
    due = [(begun, number, feed) for number, feed in enumerate(failures)]
    while due:
        when, number, feed = heapq.heappop(due)
        sleep(max(0.0, when - clock()))
        seen = look(add, feed, every, failures[feed])
        failures[feed] = seen.failures
        yield seen
        if not once:
            heapq.heappush(due, (clock() + seen.again, number, feed))


def seconds(written: str) -> float:
    """The length of time that "90s", "15m", "2h", "1h30m" or "1d" is, in seconds. Raises ValueError."""
    text = re.sub(r"\s", "", written.lower())
    if not re.fullmatch(r"(?:\d{1,6}[smhd])+", text):
        raise ValueError(f"{written!r} is not a length of time such as 15m, 2h or 1h30m.")
    return float(sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)([smhd])", text)))
