"""The list of watched feeds, and the thread that looks at them: what is due, what came, what is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from served import until

from index.errors import IndexBusyError
from index.types import Failure, Report
from rag import DatelineError
from rag.feeds import MOST_FEEDS, MOST_REASONS, UNEXPECTED, Feed, Feeds, Watcher
from rag.watch import Look

A, B = "https://news.example/feed.xml", "https://other.example/rss"


class Clock:
    now = datetime(2022, 11, 13, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def feeds(tmp_path: Path, clock: Clock) -> Feeds:
    return Feeds(tmp_path / "data", clock=clock)


def test_a_feed_is_due_at_once_and_then_after_its_time(feeds: Feeds, clock: Clock) -> None:
    assert feeds.all() == [] and feeds.take() is None
    feeds.add(A, 3600)
    clock.wait(1)
    feeds.add(B, 900)
    taken = [feeds.take(), feeds.take(), feeds.take()]
    assert [one and one.url for one in taken] == [A, B, None], "the one that waited longest first, each once"
    assert all(feed.looking for feed in feeds.all())
    clock.wait(900)
    assert (feed := feeds.take()) and feed.url == B
    clock.wait(2699)
    assert (feed := feeds.take()) and feed.url == B
    clock.wait(1)
    assert (feed := feeds.take()) and feed.url == A


def test_what_a_look_gave_is_kept(tmp_path: Path, feeds: Feeds, clock: Clock) -> None:
    feeds.add(A, 3600)
    feeds.take()
    clock.wait(30)
    failed = tuple(Failure(f"https://news.example/{n}", "it is gone") for n in range(20))
    feeds.note(Look(A, Report(added=("a1", "a2"), changed=("a3",), failed=failed), "", 7200.0, 1))
    (feed,) = Feeds(tmp_path / "data").all()
    assert (feed.added, feed.changed, feed.unread, feed.failures, feed.looking) == (2, 1, 20, 1, False)
    assert feed.looked == clock.now and feed.due == clock.now + timedelta(seconds=7200)
    assert len(feed.failed) == MOST_REASONS and feed.failed[0] == "https://news.example/0: it is gone"
    assert Feed.from_dict(json.loads(json.dumps(feed.to_dict()))) == feed


def test_a_look_that_is_asked_for_comes_at_once(feeds: Feeds, clock: Clock) -> None:
    feeds.add(A, 3600)
    assert feeds.take() and not feeds.take()
    feeds.look_now(A)
    feeds.note(Look(A, Report(), "", 3600.0))
    assert feeds.take(), "also when another one was going on"


def test_adding_again_changes_the_time_and_removing_forgets(feeds: Feeds) -> None:
    feeds.add(A, 3600)
    assert feeds.add("https://www.news.example/feed.xml/", 900).url == A
    assert [(feed.url, feed.every) for feed in feeds.all()] == [(A, 900)]
    assert feeds.remove(A).url == A and feeds.all() == []
    feeds.note(Look(A, Report(), "", 1.0))
    assert feeds.all() == [], "what was removed while it was looked at stays removed"
    with pytest.raises(DatelineError, match="not among the watched"):
        feeds.remove(A)


@pytest.mark.parametrize("url", ["news.example", "file:///etc/passwd", "https://user:pw@news.example/", "", "javascript:1"])
def test_what_is_no_address_is_refused(feeds: Feeds, url: str) -> None:
    with pytest.raises(DatelineError, match="cannot be watched"):
        feeds.add(url, 3600)


def test_too_seldom_is_refused(feeds: Feeds) -> None:
    for every in (float("inf"), 1e12):
        with pytest.raises(DatelineError, match="a year"):
            feeds.add("https://news.example/feed", every)
    assert feeds.all() == []


def test_too_often_and_too_many_are_refused(feeds: Feeds) -> None:
    for every in (59.0, float("nan"), -1.0):
        with pytest.raises(DatelineError, match="too often"):
            feeds.add(A, every)
    for number in range(MOST_FEEDS):
        feeds.add(f"https://news.example/{number}", 3600)
    with pytest.raises(DatelineError, match="Remove one first"):
        feeds.add(A, 3600)
    assert feeds.add("https://news.example/0", 900).every == 900


@pytest.mark.parametrize("content", ["", "{}", "[1]", '[{"url": "x"}]', '{"a": 1}', "nonsense"])
def test_a_damaged_list_is_told_and_not_overwritten(tmp_path: Path, content: str) -> None:
    (tmp_path / "feeds.json").write_text(content)
    feeds = Feeds(tmp_path)
    if content == "{}":
        assert feeds.all() == []
        return
    for act in (feeds.all, feeds.take, lambda: feeds.add(A, 3600)):
        with pytest.raises(DatelineError, match=r"feeds\.json cannot be read"):
            act()
    assert (tmp_path / "feeds.json").read_text() == content


def test_the_watcher_looks_and_survives_whatever_comes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def add(url: str) -> Report:
        if url == B:
            raise ZeroDivisionError
        if "busy" in url:
            raise IndexBusyError("Another process is writing.")
        return Report(added=("a1",))

    feeds = Feeds(tmp_path)
    with Watcher(add, feeds):
        for url in (B, "https://busy.example/", A):
            feeds.add(url, 3600)
        assert until(lambda: all(feed.looked for feed in feeds.all()), 30)
    bug, busy, fine = feeds.all()
    assert bug.error == UNEXPECTED and "ZeroDivisionError" in caplog.text
    assert (busy.error, busy.failures) == ("Another process is writing.", 1)
    assert (fine.added, fine.error, fine.failures) == (1, "", 0)
    feeds.look_now(A)
    due = feeds.take()
    assert due is not None and due.url == A, "nothing is looked at once it is stopped"
