"""PURE. How much may be worked on at once, in all and for one reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from index.errors import DatelineError

RETRY_AFTER = 2
"""Seconds after which those turned away may come again."""


class BusyError(DatelineError):
    """No room for one more: `status` is 503 when the server is full, 429 when this reader has enough."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class Room:
    """Places for work that costs something. Used in one event loop."""

    def __init__(self, places: int, each: int) -> None:
        self._places = places
        self._each = each
        self._taken: Counter[str] = Counter()

    @contextmanager
    def place(self, reader: str) -> Iterator[None]:
        """A place while inside; `reader` is whoever shares theirs, and empty for one who need not share. Raises BusyError."""
        if self._taken.total() >= self._places:
            raise BusyError(f"Dateline is working on {self._places} requests of this kind already. Try again in a moment.", 503)
        if reader and self._taken[reader] >= self._each:
            raise BusyError(f"You have {self._each} requests of this kind being worked on already. Wait for one of them.", 429)
        self._taken[reader] += 1
        try:
            yield
        finally:
            self._taken[reader] -= 1
            if not self._taken[reader]:
                del self._taken[reader]


@dataclass(frozen=True, slots=True)
class Rooms:
    """Places for questions, each of which may take a model's time and a thread, and for what is looked up meanwhile."""

    asking: Room
    looking: Room
