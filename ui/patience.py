"""PURE. Who has failed too often must wait: twice as long each time, up to a limit."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

FORGOTTEN_AFTER = 900.0
"""Seconds without an attempt after which earlier ones do not count."""

REMEMBERED = 10_000
"""Keys that are remembered at most; the longest unseen goes first."""


class Patience:
    """Counts attempts by key (an address, a name). An attempt counts as failed until it is forgiven.

    The first `free` failures cost nothing; then 1, 2, 4, ... seconds must pass before the next attempt, at most `longest`.
    """

    def __init__(self, free: int, longest: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = free
        self._longest = longest
        self._clock = clock
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, key: str) -> float:
        """The seconds until this key may try again; 0 when it may now."""
        count, last = self._failed.get(key, (0, 0.0))
        since = self._clock() - last
        if count <= self._free or since > FORGOTTEN_AFTER:
            return 0.0
        return max(0.0, min(2.0 ** min(count - self._free - 1, 20), self._longest) - since)

    def attempt(self, key: str) -> None:
        """Count an attempt. Counted before it is known whether it fails, so that many at once gain nothing."""
        count, last = self._failed.pop(key, (0, 0.0))
        now = self._clock()
        self._failed[key] = (1 if now - last > FORGOTTEN_AFTER else count + 1, now)
        while len(self._failed) > REMEMBERED:
            self._failed.popitem(last=False)

    def forgive(self, key: str) -> None:
        """Forget the attempts of this key: the last one was right."""
        self._failed.pop(key, None)
