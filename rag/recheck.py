"""Is what an exported conversation quotes still what the articles say? A file -> its record -> a finding for each citation.

A file comes from anyone. It is read within limits and strictly; what it shows a reader must be what its record makes, so
that nobody is shown other words than those that were checked; and what it says of an article is checked with the words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from index.errors import ExportError
from index.types import Article
from rag import export
from rag.record import Record, Source, about, parse

if TYPE_CHECKING:
    from index.library import Library

LARGEST = 50 * 2**20
"""Bytes of a file that is read."""

MOST_COMPARED = 300
"""Words of a quote that are looked for where the whole of it does not stand."""

NEAR = 0.5
"""The share of words in common from which other words are what became of a quote."""

ELSEWHERE = 3
"""Other articles, at most, that are named as holding a quote."""

SEARCHES = 100
"""Quotes of articles that are gone, at most, that are looked for in all others: each reads the whole library."""

Outcome = Literal["holds", "moved", "changed", "gone"]

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a citation.

    "holds": it stands word for word at its place; "moved": elsewhere in its article, at `start` and `end` now; "changed":
    `now` are the words there that come nearest; "gone": its article is not there, or says nothing like it. `turn` and
    `number` are those of its exchange and marker, from 1. `wrong` says where the file tells other things of the article than
    the library, `note` what else to know.
    """

    turn: int
    number: int
    outcome: Outcome
    title: str
    article: str
    quote: str
    start: int | None = None
    end: int | None = None
    now: str = ""
    wrong: tuple[str, ...] = ()
    note: str = ""

    @property
    def ok(self) -> bool:
        """Is it as the file says, word for word?"""
        return self.outcome == "holds" and not self.wrong


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of everything that an exported conversation cites. `altered` says how the file was edited, if it was."""

    title: str
    exported: str
    findings: tuple[Finding, ...]
    altered: str = ""

    @property
    def ok(self) -> bool:
        """Does all of it hold, in a file as it was exported?"""
        return not self.altered and all(finding.ok for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """This as JSON-serialisable values."""
        return {"ok": self.ok, **asdict(self)}


def verify(path: Path, library: Library) -> Verification:
    """Check an exported file against a library. Raises ExportError when it is none, and IndexDamagedError."""
    record, shown = read(_bytes(path))
    altered = difference(record, shown) if shown is not None else ""
    return Verification(record.title, record.exported, tuple(check(record, library)), altered)


def read(data: bytes) -> tuple[Record, str | None]:
    """The record of an exported file, and what it shows a reader: all its text, or None for JSON. Raises ExportError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ExportError(
            "This file is not UTF-8 text, as every exported conversation is. Verify the file as exported."
        ) from None
    if text.lstrip()[:1] == "{":
        return parse(text), None
    records = text.count(export.OPENING)
    if records != 1:
        found = "holds no record" if not records else f"holds {records:,} records"
        raise ExportError(
            f"This file {found} of a conversation; an exported one holds one, in a comment at its end. Editors and mail "
            "programs may have taken it out: verify the file as it was exported."
        )
    values = text.partition(export.OPENING)[2].partition(export.CLOSING)[0]
    return parse(values), text


def difference(record: Record, shown: str) -> str:
    """How the text of a Markdown or HTML file differs from what its record makes, in a sentence; empty when it does not."""
    html = shown.lstrip()[:9].lower() == "<!doctype"
    made = export.as_html(record) if html else export.as_markdown(record)
    if _lines(made) == _lines(shown):
        return ""
    for number, (expected, found) in enumerate(zip_longest(_lines(made), _lines(shown), fillvalue=""), start=1):
        if expected != found:
            at = next((n for n, (a, b) in enumerate(zip(expected, found, strict=False)) if a != b), 0)
            return (
                f"The file was edited after it was exported: line {number} has “{_around(found, at)}” where its record makes "
                f"“{_around(expected, at)}”. Only the record was checked."
            )
    return ""


def check(record: Record, library: Library) -> list[Finding]:
    """What became of each citation of a record, in its order."""
    articles: dict[tuple[str, str, str], Article | None] = {}
    searches = 0
    findings = []
    for turn, entry in enumerate(record.exchanges, start=1):
        for source in entry.sources:
            key = source.article, source.sha256, source.link
            if key not in articles:
                articles[key] = library.recognised(*key)
            article = articles[key]
            searches += article is None
            finding = _check(source, article, library, elsewhere=searches <= SEARCHES)
            findings.append(replace(finding, turn=turn))
    return findings


def _check(source: Source, article: Article | None, library: Library, *, elsewhere: bool) -> Finding:
    if article is None:
        held = library.holding(source.quote, ELSEWHERE) if elsewhere else []
        note = "Its article is not in the collection."
        if held:
            note += f" The same words stand in {' and in '.join(f'“{one.title}” ({one.id})' for one in held)}."
        return _finding(source, "gone", source.article, note=note)
    version = library.fingerprinted(article.id, source.sha256)
    wrong = _wrong(source, version[0] if version else article)
    notes = []
    if article.id != source.article:
        notes.append(f"The article is here under the id {article.id}.")
    start, text = source.start, article.text
    if text[start : source.end] == source.quote:
        if article.sha256 != source.sha256:
            notes.append("The article has changed, but not these words.")
        return _finding(source, "holds", article.id, (start, source.end), wrong=wrong, note=" ".join(notes))
    if version and not version[1] and version[0].text[start : source.end] == source.quote:
        notes.append("The version that was cited is still held, and has them at their place.")
    place = _nearest_place(text, source.quote, start)
    if place is not None:
        span = place, place + len(source.quote)
        return _finding(source, "moved", article.id, span, wrong=wrong, note=" ".join(notes))
    near = nearest_words(text, source.quote)
    if near is None:
        notes.insert(0, "Its article is there, but says nothing like it.")
        return _finding(source, "gone", article.id, wrong=wrong, note=" ".join(notes))
    return _finding(source, "changed", article.id, near, now=text[near[0] : near[1]], wrong=wrong, note=" ".join(notes))


def nearest_words(text: str, quote: str) -> tuple[int, int] | None:
    """Where the words of `text` stand that come nearest to those of a quote: (start, end), or None when none come near."""
    wanted = [match.group().casefold() for match in _WORD.finditer(quote)][:MOST_COMPARED]
    found = list(_WORD.finditer(text))
    if not wanted or not found:
        return None
    words = [match.group().casefold() for match in found]
    # First the stretch with most words in common, in one pass; only that is then compared word by word, which is slow.
    size = len(wanted)
    first = _fullest(words, Counter(wanted), size)
    low, high = max(0, first - size // 2), min(len(words), first + size + size // 2)
    matcher = SequenceMatcher(None, wanted, words[low:high], autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    if not blocks:
        return None
    start = max(low, low + blocks[0].b - blocks[0].a)
    end = min(high, low + blocks[-1].b + blocks[-1].size + size - blocks[-1].a - blocks[-1].size)
    if 2 * sum(block.size for block in blocks) / (size + end - start) < NEAR:
        return None
    closing = re.compile(r"[^\w\s]*").match(text, found[end - 1].end())
    return found[start].start(), closing.end() if closing else found[end - 1].end()


def _fullest(words: Sequence[str], wanted: Counter[str], size: int) -> int:
    """Where the run of `size` words begins that has most of the wanted ones."""
    inside: Counter[str] = Counter()
    common = best = place = 0
    for end, word in enumerate(words):
        inside[word] += 1
        common += inside[word] <= wanted[word]
        if end >= size:
            left = words[end - size]
            common -= inside[left] <= wanted[left]
            inside[left] -= 1
        if common > best:
            best, place = common, max(0, end - size + 1)
    return place


def _nearest_place(text: str, quote: str, start: int) -> int | None:
    """Where a quote stands in a text, the place nearest to `start`."""
    before, after = text.rfind(quote, 0, start + len(quote)), text.find(quote, start)
    places = [place for place in (before, after) if place >= 0]
    return min(places, key=lambda place: abs(place - start)) if places else None


def _wrong(source: Source, article: Article) -> tuple[str, ...]:
    return tuple(
        f"{name}: “{getattr(source, name) or ''}” in the file, “{value or ''}” in the collection"
        for name, value in about(article).items()
        if getattr(source, name) != value
    )


def _finding(
    source: Source,
    outcome: Outcome,
    article: str,
    span: tuple[int, int] | None = None,
    *,
    now: str = "",
    wrong: tuple[str, ...] = (),
    note: str = "",
) -> Finding:
    start, end = span or (None, None)
    return Finding(0, source.number, outcome, source.title, article, source.quote, start, end, now, wrong, note)


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            what = "is a folder or a device, not a file" if path.exists() else "is not there"
            raise ExportError(f"{path} {what}. Give a conversation as it was exported: .md, .html or .json.")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise ExportError(f"{path} cannot be read ({error}).") from error
    if len(data) > LARGEST:
        raise ExportError(f"{path} has more than {LARGEST // 2**20} MB, which no exported conversation has. It was not read.")
    return data


def _lines(text: str) -> list[str]:
    """Without what editors change unasked: line ends, spaces before them, empty lines at the end."""
    return [row.rstrip() for row in text.removeprefix("\ufeff").rstrip().replace("\r\n", "\n").split("\n")]


def _around(row: str, at: int, width: int = 40) -> str:
    return ("…" if at > width else "") + row[max(0, at - width) : at + width] + ("…" if len(row) > at + width else "")
