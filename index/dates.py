"""PURE. Dates as numbers, and the dates that a text names.

The dates that an article without one names at its head tell when it was probably written. That is evidence for ranking
only: it is never shown, and never becomes the article's date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from index.words import is_stop_word

HEAD = 600
"""Characters of an article in which its dateline stands, if it has one."""

_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# ASCII alone: where case is ignored, an old print's long s is otherwise an s to the pattern, and none to `_NAMES`.
_MONTH = (
    r"(?P<name>(?a:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?))\b\.?"
)
_YEAR = r"(?P<year>(?:19|20)\d\d)\b"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_WITH_DAY = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_MONTH}\s+{_DAY},?\s+(?:at\s+\S+\s+)?{_YEAR}",
        rf"\b{_DAY}\.?\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}",
        r"\b(?P<year>(?:19|20)\d\d)[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)",
        r"(?<![\d/.])(?P<one>\d{1,2})[/.](?P<two>\d{1,2})[/.](?P<year>(?:19|20)\d\d)\b",
    )
)
_MONTH_OF_YEAR = re.compile(rf"\b{_MONTH}\s+(?:of\s+)?{_YEAR}", re.IGNORECASE)
_YEAR_ALONE = re.compile(rf"(?<![\d$€£.,]){_YEAR}(?![.,]?\d)")
_IN_ADDRESS = re.compile(r"/(?P<year>(?:19|20)\d\d)[-/](?P<month>0[1-9]|1[0-2])(?:[-/]|\b)")


UNDATED, LAST_DAY = 0, 99_999_999
"""The day number of an article without a date, and one that no date exceeds."""


def day_number(written: str | None) -> int:
    """ "2022-11-13" -> 20221113; None -> UNDATED."""
    return int(written.replace("-", "")) if written else UNDATED


MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
ALSO_WORDS = frozenset(("march", "may", "august"))
"""Months whose names are ordinary words, too."""
_A_MONTH = re.compile(rf"\b(?:{'|'.join(MONTHS)})\b", re.IGNORECASE)
_DAY_OR_YEAR = r"(?:\d{1,2}(?:st|nd|rd|th)?|(?:1[5-9]|20)\d\d)\b"
_BEFORE_MONTH = re.compile(
    rf"\b(?:{_DAY_OR_YEAR}(?: of)?|in|since|until|till|during|last|next|early|late|mid|of)[\s-]+\Z", re.IGNORECASE
)
_AFTER_MONTH = re.compile(rf",?\s+{_DAY_OR_YEAR}")
_ARTICLE_BEFORE = re.compile(r"\b(?:the|an?)\s+\Z", re.IGNORECASE)
_NAME_BEFORE = re.compile(r"\b([A-Z][\w’'-]*)\s+\Z")
_NEAR = 40
"""Characters before a month in which stands what tells it from another word."""


class Month(NamedTuple):
    """A month of a year; 0 stands for the whole year."""

    year: int
    month: int


def named(text: str) -> list[Month]:
    """The months and years that a question names, each once: "in May 2014, and again in 2016" names two."""
    found: dict[Month, None] = {}
    taken: list[tuple[int, int]] = []
    for pattern in (*_WITH_DAY, _MONTH_OF_YEAR, _YEAR_ALONE):
        for match in pattern.finditer(text):
            if not any(start < match.end() and match.start() < end for start, end in taken):
                taken.append(match.span())
                found.update(dict.fromkeys(_months(match)))
    return list(found)


def months_named(text: str) -> list[tuple[str, int]]:
    """The months that a text names, in small letters, and where each begins: "Why did they march?" names none, nor does
    "the march on Selma", nor "Theresa May"."""
    return [
        (match.group().lower(), match.start())
        for match in _A_MONTH.finditer(text)
        if match.group().lower() not in ALSO_WORDS or _is_meant(match, text)
    ]


def _is_meant(match: re.Match[str], text: str) -> bool:
    """Is a month meant by a word that may be another one?"""
    before = text[max(0, match.start() - _NEAR) : match.start()]
    if _BEFORE_MONTH.search(before) or _AFTER_MONTH.match(text, match.end()):
        return True
    begins = not before.strip() or before.rstrip()[-1] in ".!?:“\"«„'‘"
    forename = _NAME_BEFORE.search(before)
    named = forename is not None and not is_stop_word(forename[1])
    return match.group()[0].isupper() and not (begins or named or _ARTICLE_BEFORE.search(before))


def datelines(text: str, url: str, published: date | None) -> list[Month]:
    """When an article may have been written: its date, or else the full dates at its head and in its address."""
    if published is not None:
        return [Month(published.year, published.month)]
    found: dict[Month, None] = {}
    for match in _IN_ADDRESS.finditer(url):
        found[Month(int(match["year"]), int(match["month"]))] = None
    for pattern in _WITH_DAY:
        for match in pattern.finditer(text, 0, HEAD):
            found.update(dict.fromkeys(_months(match)))
    return list(found)


def _months(match: re.Match[str]) -> Iterator[Month]:
    parts = match.groupdict()
    year = int(parts["year"])
    if parts.get("name"):
        yield Month(year, _NAMES.index(parts["name"][:3].lower()) + 1)
    elif parts.get("month"):
        if 1 <= int(parts["month"]) <= 12:
            yield Month(year, int(parts["month"]))
    elif parts.get("one"):
        # 3/4/2015 is a day in March or in April: whichever is meant, it is one of the two.
        yield from (Month(year, month) for month in {int(parts["one"]), int(parts["two"])} if 1 <= month <= 12)
    else:
        yield Month(year, 0)
