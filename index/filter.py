"""PURE. Which articles may answer: a filter on their dates and outlet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from index.dates import LAST_DAY, UNDATED, day_number


@dataclass(frozen=True, slots=True)
class Filter:
    """Which articles may answer: published in [since, until], both ends included, by that outlet.

    The outlet is compared without regard to case; None and "" are any. An article without a date passes no date filter.
    """

    since: date | None = None
    until: date | None = None
    outlet: str | None = None

    def __bool__(self) -> bool:
        return self.since is not None or self.until is not None or bool(self.outlet)

    def days(self) -> tuple[int, int]:
        """The first and the last day that passes (`index.dates.day_number`); undated articles are before the first."""
        first = day_number(self.since.isoformat()) if self.since else UNDATED + 1
        return first, day_number(self.until.isoformat()) if self.until else LAST_DAY

    @property
    def dated(self) -> bool:
        """Does it ask for a date?"""
        return self.since is not None or self.until is not None
