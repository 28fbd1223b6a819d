"""PURE: a date as a source states it -> a `date`, or None when it is not certainly one.

Nothing is guessed: "11/12/2022" may be November or December, so it is no date here.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?![\d])")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?\d{4,6}Z?)?$")
_EAST_ASIAN = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"((?a:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?))\.?"
)
_DAY_FIRST = re.compile(rf"(?:\w{{3,9}},?\s+)?(\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH},?\s+(\d{{4}})\b", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"(?:\w{{3,9}},?\s+)?{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})\b", re.IGNORECASE)
# Seconds since 1970: from 1980 on, so that a year, a day or a counter is never taken for a moment.
_FIRST_SECOND, _LAST_SECOND = 315_532_800, 4_102_444_800
# There was no newspaper before. The years that Iran (1401) and Thailand (2565) count lie outside of what is plausible.
_FIRST_YEAR = 1600


def stated_date(value: object) -> date | None:
    """The calendar day `value` states, or None.

    Takes dates, datetimes (the day as written, in the zone it was written in), ISO 8601, RFC 2822,
    "12 November 2022", "November 12, 2022", 2022年11月12日, and seconds or milliseconds since 1970 (UTC). A day before
    1600 or after next year is none.
    """
    if isinstance(value, datetime):
        return _plausible(value.date())
    if isinstance(value, date):
        return _plausible(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _from_number(value)
    if isinstance(value, str):
        return _from_text(value.strip()[:80])
    return None


def _from_number(value: float) -> date | None:
    if _FIRST_SECOND * 1000 <= value <= _LAST_SECOND * 1000:
        value = value / 1000
    if _FIRST_SECOND <= value <= _LAST_SECOND:
        return _plausible(datetime.fromtimestamp(value, UTC).date())
    if isinstance(value, int) and 1000_01_01 <= value <= 2999_12_31:
        return _day(value // 10000, value // 100 % 100, value % 100)
    return None


def _from_text(text: str) -> date | None:
    if text.isdecimal() and text.isascii() and len(text) in (8, 9, 10, 13):
        return _from_number(int(text))
    for pattern in (_ISO, _COMPACT, _EAST_ASIAN):
        if match := pattern.match(text):
            year, month, day = (int(part) for part in match.groups())
            return _day(year, month, day)
    if match := _DAY_FIRST.match(text):
        return _day(int(match[3]), _MONTHS.index(match[2][:3].lower()) + 1, int(match[1]))
    if match := _MONTH_FIRST.match(text):
        return _day(int(match[3]), _MONTHS.index(match[1][:3].lower()) + 1, int(match[2]))
    if re.match(r"[A-Za-z]{3},? \d", text):
        try:
            return _plausible(parsedate_to_datetime(text).date())
        except (ValueError, TypeError, IndexError):
            return None
    return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return _plausible(date(year, month, day))
    except ValueError:
        return None


def _plausible(day: date) -> date | None:
    # 0001-01-01 and 1970-01-01 are what programs write when they mean "no date".
    return day if _FIRST_YEAR <= day.year <= datetime.now(UTC).year + 1 and day != date(1970, 1, 1) else None
