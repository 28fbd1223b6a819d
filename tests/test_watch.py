"""Watching feeds: which is due when, and how failing ones are left alone. On a clock of the tests' own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import pytest

from index.errors import IndexBusyError
from index.types import Failure, Report
from rag.watch import LEAST, MOST, Look, seconds, watch


class Clock:
    """Time that passes only by sleeping."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


def looks(add: Callable[[str], Report], feeds: list[str], many: int, every: float = 600.0) -> list[tuple[float, Look]]:
    """The first looks, each with its moment."""
    clock = Clock()
    watching = watch(add, feeds, every, clock=clock, sleep=clock.sleep)
    return [(clock.now - 1000, look) for look in islice(watching, many)]


def test_every_feed_in_its_turn() -> None:
    seen = looks(lambda feed: Report(added=(feed,)), ["a", "b", "a"], 5)
    assert [(moment, look.feed) for moment, look in seen] == [(0, "a"), (0, "b"), (600, "a"), (600, "b"), (1200, "a")]
    assert all(look.again == 600 and look.report.added == (look.feed,) and not look.error for _, look in seen)


def test_a_feed_that_fails_is_asked_less_and_less_until_it_works_again() -> None:
    broken = True

    def add(feed: str) -> Report:
        return Report(failed=(Failure(feed if feed == "a" and broken else "a page of it", "no"),))

    seen = looks(add, ["a", "b"], 40)
    moments = [moment for moment, look in seen if look.feed == "a"]
    assert moments[:4] == [0, 1200, 3600, 8400]
    assert [look.again for _, look in seen if look.feed == "b"] == [600] * (40 - len(moments))
    clock = Clock()
    watching = watch(add, ["a"], 600, clock=clock, sleep=clock.sleep)
    assert [next(watching).again for _ in range(12)][-1] == MOST
    broken = False
    assert next(watching).again == 600


def test_errors_become_part_of_a_look_and_bugs_do_not() -> None:
    def busy(feed: str) -> Report:
        raise IndexBusyError("Another process is writing.")

    ((_, look),) = looks(busy, ["a"], 1)
    assert (look.error, look.again, look.report) == ("Another process is writing.", 1200, Report())
    with pytest.raises(ZeroDivisionError):
        looks(lambda feed: 1 / 0, ["a"], 1)  # type: ignore[arg-type,return-value]


def test_once_is_once() -> None:
    assert [look.feed for look in watch(lambda feed: Report(), ["a", "b"], once=True)] == ["a", "b"]


def test_a_long_pause_is_never_shortened_by_the_limit() -> None:
    assert looks(lambda feed: Report(failed=(Failure(feed, "no"),)), ["a"], 1, every=2 * MOST)[0][1].again == 2 * MOST


def test_lengths_of_time() -> None:
    assert [seconds(text) for text in ("90s", "15m", "2h", "1h30m", "1d", " 1M ")] == [90, 900, 7200, 5400, 86_400, LEAST]
    for text in ("", "15", "m", "1.5h", "-1m", "15 minutes", "1e9s"):
        with pytest.raises(ValueError, match="is not a length of time such as 15m"):
            seconds(text)
