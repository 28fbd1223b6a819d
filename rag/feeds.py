"""EDGE. The feeds that are watched: a list in the data folder, and the thread that looks at those that are due.

    feeds = Feeds(chat.data_dir);  feeds.add("https://example.org/feed.xml", every=3600)
    with Watcher(chat.add, feeds): ...

The list is one small JSON file. Whoever takes a feed from it to look at it moves its next look on first, under a lock, so that
of several processes over one folder only one looks, and a look that a kill ends is made again at its next time.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from filelock import FileLock

from index.address import identity, parse_address
from index.errors import DatelineError, FetchError
from index.types import Report
from rag.watch import LEAST, Look, look

log = logging.getLogger(__name__)

FILE, LOCK = "feeds.json", "feeds.lock"
SELDOM = 365 * 86_400.0
"""Seconds between two looks, at most."""

MOST_FEEDS = 200
MOST_REASONS = 10
"""Reasons of one look that are kept."""

LOOK_SECONDS = 1.0
"""How often the list is looked at for feeds that are due."""

UNEXPECTED = "Something went wrong inside Dateline; its log tells what. It is looked at again at its next time."


@dataclass(frozen=True, slots=True)
class Feed:
    """A watched feed, and what the last look at it gave; times are in UTC, `every` in seconds.

    `looking`: a look has begun and is not over. `failed` holds the reasons, at most MOST_REASONS of all `unread`; `error` is
    what ended the look, `failures` how often in a row the feed itself could not be had.
    """

    url: str
    every: float
    due: datetime
    looking: bool = False
    looked: datetime | None = None
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    unread: int = 0
    failed: tuple[str, ...] = ()
    error: str = ""
    failures: int = 0

    def to_dict(self) -> dict[str, Any]:
        """This feed as JSON-serialisable values."""
        return {**asdict(self), "due": self.due.isoformat(), "looked": self.looked.isoformat() if self.looked else None}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The feed that `to_dict` wrote."""
        looked = values["looked"]
        times = {"due": datetime.fromisoformat(values["due"]), "looked": datetime.fromisoformat(looked) if looked else None}
        return cls(**{**values, **times, "failed": tuple(values["failed"])})


class Feeds:
    """The watched feeds of a data folder. Safe to share between threads and processes.

    Raises DatelineError when its file cannot be read or written.
    """

    def __init__(self, data_dir: Path, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file = data_dir / FILE
        self._lock = data_dir / LOCK
        self._clock = clock

    def all(self) -> list[Feed]:
        """The feeds, as they were added."""
        try:
            return [Feed.from_dict(values) for values in json.loads(self._file.read_text(encoding="utf-8"))]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise DatelineError(
                f"The list of watched feeds in {self._file} cannot be read ({error}). Put it right, or move it away and add "
                "the feeds again."
            ) from None

    def add(self, url: str, every: float) -> Feed:
        """Watch a feed from now on, at once and then every so many seconds; one that is watched gets the new time.

        Raises DatelineError for an address that cannot be fetched, a time too short or too long, and a list too long.
        """
        try:
            address = parse_address(url)
        except FetchError as error:
            raise DatelineError(f"{url.strip()[:200]!r} cannot be watched: {error}.") from None
        if not every >= LEAST:
            raise DatelineError(f"Every {every:g} seconds is too often for the sites; {LEAST:g} is the least.")
        if every > SELDOM:
            raise DatelineError(f"Every {every:g} seconds is hardly ever; {SELDOM:g}, a year, is the most.")
        feed = Feed(str(address), every, self._clock())
        with self._changing() as feeds:
            for place, known in enumerate(feeds):
                if _identity(known.url) == identity(address):
                    feed = feeds[place] = replace(known, every=every, due=feed.due)
                    return feed
            if len(feeds) >= MOST_FEEDS:
                raise DatelineError(f"{MOST_FEEDS} feeds are watched already, and no more can be. Remove one first.")
            feeds.append(feed)
        return feed

    def remove(self, url: str) -> Feed:
        """Watch a feed no longer; returns what it was. Its articles stay. Raises DatelineError when it is not watched."""
        with self._changing() as feeds:
            for place, known in enumerate(feeds):
                if known.url == url:
                    return feeds.pop(place)
        raise DatelineError(f"{url[:200]} is not among the watched feeds.")

    def look_now(self, url: str) -> None:
        """Make a feed due."""
        with self._changing() as feeds:
            for place, known in enumerate(feeds):
                if known.url == url:
                    feeds[place] = replace(known, due=self._clock())

    def take(self) -> Feed | None:
        """The feed that has been due longest, to be looked at by the caller; None when none is due."""
        if not any(feed.due <= self._clock() for feed in self.all()):
            return None  # without the lock, as it is nearly always
        with self._changing() as feeds:
            now = self._clock()
            due = [place for place, feed in enumerate(feeds) if feed.due <= now]
            if not due:
                return None
            place = min(due, key=lambda place: feeds[place].due)
            taken = replace(feeds[place], due=now + timedelta(seconds=feeds[place].every), looking=True)
            feeds[place] = taken
            return taken

    def note(self, seen: Look) -> None:
        """Keep what a look gave, unless its feed was removed meanwhile."""
        with self._changing() as feeds:
            for place, known in enumerate(feeds):
                if known.url == seen.feed:
                    feeds[place] = _noted(known, seen, self._clock())

    @contextmanager
    def _changing(self) -> Iterator[list[Feed]]:
        """The list, written again when the block ends well."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self._lock, timeout=10, thread_local=False):
                feeds = self.all()
                yield feeds
                written = self._file.with_suffix(".part")
                written.write_text(json.dumps([feed.to_dict() for feed in feeds], indent=1), encoding="utf-8")
                os.replace(written, self._file)  # noqa: PTH105
        except OSError as error:
            raise DatelineError(f"The list of watched feeds in {self._file} cannot be written ({error}).") from None


def _noted(feed: Feed, seen: Look, now: datetime) -> Feed:
    # Who asked for a look while another was going on gets one more.
    due = feed.due if feed.due <= now else now + timedelta(seconds=seen.again)
    report = seen.report
    return replace(
        feed,
        due=due,
        looking=False,
        looked=now,
        added=len(report.added),
        changed=len(report.changed),
        unchanged=len(report.unchanged),
        unread=len(report.failed),
        failed=tuple(str(failure) for failure in report.failed[:MOST_REASONS]),
        error=seen.error,
        failures=seen.failures,
    )


def _identity(url: str) -> str:
    try:
        return identity(parse_address(url))
    except FetchError:
        return url


class Watcher:
    """Looks at the feeds that are due, one after the other, in a thread of its own, from `start` to `stop`."""

    def __init__(self, add: Callable[[str], Report], feeds: Feeds) -> None:
        self._add = add
        self._feeds = feeds
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="watching feeds", daemon=True)
        self._thread.start()

    def stop(self, wait: float = 10.0) -> None:
        """Begin no other look, and wait so many seconds for the one that is going on."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(wait)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        said = ""
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                while (feed := self._feeds.take()) and not self._stopping.is_set():
                    self._feeds.note(self._look(feed))
                said = ""
            except DatelineError as error:
                if str(error) != said:  # once, not every second
                    log.warning("%s", error)
                said = str(error)
            except Exception:
                # One bad entry of a list that was edited by hand is no reason to watch none of them any more.
                if said != UNEXPECTED:
                    log.exception("Watching the feeds failed.")
                said = UNEXPECTED

    def _look(self, feed: Feed) -> Look:
        try:
            return look(self._add, feed.url, feed.every, feed.failures)
        except Exception:
            # Whoever leaves a page running for weeks wants its feeds to be watched after a bad night of the disk's.
            log.exception("Looking at %s failed.", feed.url)
            return Look(feed.url, Report(), UNEXPECTED, feed.every, feed.failures)
