"""PURE: the lines of typeset pages -> paragraphs: running heads and page numbers out, broken words whole again."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from index.reading.blocks import ends_sentence, join_lines, letters, size
from index.reading.characters import normalise
from index.reading.columns import SPANNING, Line, Page

_BULLET = re.compile(r"[•◦▪‣●○■–*-]\s+\S|\(?\d{1,3}[.)]\s+\S")
_HYPHENATED = re.compile(r"[^\W\d_]{2,}[-\u2010\u00ad]$")
_COMPOUND = re.compile(r"[^\W_]+[-\u2010]$")
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|p\.|s\.)?\s*[-–—|]?\s*\d{1,4}\s*[-–—|]?(?:\s*(?:/|of|von|de|sur)\s*\d{1,4})?", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
# First halves of words that are written as one although both halves are words: without, therefore, understand.
_WRITTEN_AS_ONE = frozenset(
    "after all any back down ever every fore hand head here home house how land life man mean more news night not off out "
    "over play post school sea some sub sun super there thing through time trans under what when where who with wood work "
    "world".split()
)
_EDGE_ROWS = 3
_LONGEST_WORD = 80
_APART = 1.6


def without_running_heads(pages: Sequence[Page]) -> list[Page]:
    """Each page without its number and without what most pages begin or end with, wherever the file has it."""
    rows = [_rows(page.lines) for page in pages]
    seen: Counter[tuple[bool, str]] = Counter()
    places: dict[tuple[bool, str], list[float]] = defaultdict(list)
    for page in rows:
        for top, row in _edge_rows(page):
            for line in row:
                places[top, _key(line.text)].append(line.y)
        seen.update({(top, _key(line.text)) for top, row in _edge_rows(page) for line in row})

    def repeats(top: bool, line: Line, detached: bool) -> bool:
        key = top, _key(line.text)
        times = seen[key]
        if times < 2 or not key[1]:
            return False
        if times >= 3 and times > 0.5 * len(pages):
            return True
        # Left and right pages have heads of their own, and a short article has few; but at one height, and apart.
        level = line.height > 0 and sum(1 for y in places[key] if abs(y - line.y) <= 3.0) >= 0.8 * times
        return detached and level and times > 0.3 * len(pages) and (times >= 3 or len(pages) <= 4)

    kept = (_trimmed(page.lines, page_rows, repeats) for page, page_rows in zip(pages, rows, strict=True))
    return [replace(page, lines=lines) for page, lines in zip(pages, kept, strict=True)]


def paragraphs(pages: Sequence[list[Line]]) -> list[str]:
    """The paragraphs of the pages' lines, in order; one that goes on over a column or a page is one."""
    lines = [(number, line) for number, page in enumerate(pages) for line in page]
    joined: list[list[str]] = []
    words = _Words(line.text for _, line in lines)
    widths = _Widths(pages)
    before: tuple[int, Line] | None = None
    blank = False
    for number, line in lines:
        text = _said(line)
        if not text:
            blank = True
            continue
        if before is None:
            joined.append([text])
        else:
            parted = before[0] != number or _is_elsewhere(before[1], line)
            goes_on = not (blank and not parted) and _continues(before[1], line, widths, parted=parted)
            if goes_on:
                joined[-1].append(text)
            else:
                joined.append([text])
        before, blank = (number, line), False
    return [normalise(_joined(paragraph, words)) for paragraph in joined]


def headline(pages: Sequence[list[Line]]) -> str:
    """What the first page says in the largest letters before its text begins; "" when no line is so much larger."""
    first = next((page for page in pages if page), [])
    heights = sorted(line.height for page in pages for line in page)
    body = heights[len(heights) // 2] if heights else 0.0
    largest = max((line.height for line in first[:12]), default=0.0)
    if not body or largest < 1.3 * body:
        return ""
    start = next(at for at, line in enumerate(first) if line.height == largest)
    said = []
    for line in first[start : start + 4]:
        if abs(line.height - largest) > 0.05 * largest:
            break
        said.append(_said(line))
    title = _joined(said, _Words(())) if said else ""
    return title if 1 < len(title) <= 200 and sum(1 for char in title if char.isalpha()) >= 3 else ""


class _Words:
    """The words that stand whole within the lines of a document: what a broken one may be compared with."""

    def __init__(self, lines: Iterator[str] | Sequence[str]) -> None:
        self._counted: Counter[str] = Counter()
        for line in lines:
            found = list(_WORD.finditer(line))
            for at, match in enumerate(found):
                # The last word of a line may be half of one, and so may the first.
                if at == len(found) - 1 and line.rstrip().endswith(("-", "\u2010", "\u00ad")):
                    continue
                word = match[0].lower().replace("\u2010", "-")
                self._counted[word] += 1

    def keeps_hyphen(self, first: str, rest: str) -> bool:
        """Whether "first-" at a line's end and "rest" below it are a word with a hyphen, by what else the text says."""
        whole, compound = self._counted[first + rest], self._counted[f"{first}-{rest}"]
        if whole or compound:
            return compound > whole
        # Both halves are words of the text by themselves: a compound, if none that is written as one.
        alone = self._counted[first] and self._counted[rest] > 1
        return bool(alone) and len(first) >= 3 and len(rest) >= 3 and first not in _WRITTEN_AS_ONE


class _Widths:
    """How wide a full line is, in letters: of a column, of a page, of lines that run over columns."""

    def __init__(self, pages: Sequence[list[Line]]) -> None:
        sizes: dict[int, list[float]] = defaultdict(list)
        lefts: dict[tuple[int, int], list[float]] = defaultdict(list)
        gaps: list[float] = []
        for number, page in enumerate(pages):
            before: Line | None = None
            for line in page:
                if len(line.text) > 20:
                    sizes[min(line.column, 1)].append(size(line.text.strip()))
                lefts[number, line.column].append(line.x)
                if before and before.column == line.column and before.y > line.y and before.height == line.height:
                    gaps.append((before.y - line.y) / max(line.height, 0.1))
                before = line
        self._full = {kind: sorted(found)[int(0.8 * (len(found) - 1))] for kind, found in sizes.items()}
        self._left = {place: sorted(found)[len(found) // 4] for place, found in lefts.items()}
        self.leading = sorted(gaps)[len(gaps) // 3] if gaps else 0.0

    def full(self, line: Line) -> float:
        """The size of a full line where `line` stands, 0 when not known."""
        return self._full.get(min(line.column, 1), 0.0)


def _is_elsewhere(before: Line, line: Line) -> bool:
    """Whether `line` stands in another column; the last line over all columns is often as short as one of them."""
    beneath = 0 < before.y - line.y < 2 * line.height and before.column == SPANNING
    return before.column != line.column and not beneath


def _continues(before: Line, line: Line, widths: _Widths, *, parted: bool) -> bool:
    """Whether `line` goes on with the paragraph that `before` belongs to. `parted`: by a page's or a column's end."""
    said, text = _said(before), _said(line)
    if before.height and line.height and abs(before.height - line.height) > 0.08 * max(before.height, line.height):
        return False
    if _BULLET.match(text):
        return False
    if _HYPHENATED.search(said[-_LONGEST_WORD:]) and text[:1].islower():
        return True
    if before.bold != line.bold:
        return False
    full = size(said) > 0.75 * widths.full(before)
    if parted:
        return not ends_sentence(said) and (text[:1].islower() or full)
    if line.height and before.y > line.y:
        gap = (before.y - line.y) / line.height
        if widths.leading and gap > 1.35 * widths.leading and gap > widths.leading + 0.25:
            return False
        # A first line is indented; the lines of a set-off quotation all are.
        if ends_sentence(said) and 0.7 * line.height < line.x - before.x < 6 * line.height:
            return False
    return full if ends_sentence(said) else full or text[:1].islower()


def _joined(lines: list[str], words: _Words) -> str:
    joined = lines[0]
    for line in lines[1:]:
        end = joined[-_LONGEST_WORD:]
        if _HYPHENATED.search(end) and line[:1].islower():
            first = re.split(r"[\W\d_]", end[:-1])[-1].lower()
            # "state-of-the-" is broken at a hyphen of its own.
            at_compound = end[: -len(first) - 1].endswith(("-", "\u2010")) and end[-1] != "\u00ad"
            rest = (_WORD.match(line) or re.match("", line))[0].split("-")[0].lower()  # type: ignore[index]
            keeps = joined[-1] != "\u00ad" and (at_compound or words.keeps_hyphen(first, rest))
            joined = (joined[:-1] + "-" if keeps else joined[:-1]) + line
        elif _COMPOUND.search(end) and line[:1].isalnum():
            # "Anglo-" and "Saxon", "COVID-" and "19".
            joined += line
        else:
            joined = join_lines((joined, line))
    return joined


def _said(line: Line) -> str:
    return " ".join(line.text.split())


def _rows(page: Sequence[Line]) -> list[list[Line]]:
    """The lines of a page by their height on it, from above; as they come where that is not known."""
    written = [line for line in page if line.text.strip()]
    if any(line.height == 0 for line in written):
        return [[line] for line in written]
    rows: list[list[Line]] = []
    for line in sorted(written, key=lambda one: -one.y):
        if rows and rows[-1][0].y - line.y <= 2.0:
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _edge_rows(rows: list[list[Line]]) -> Iterator[tuple[bool, list[Line]]]:
    """(whether it is at the top, row) for the rows in which running heads and feet stand."""
    yield from ((True, row) for row in rows[:_EDGE_ROWS])
    yield from ((False, row) for row in rows[-_EDGE_ROWS:])


def _trimmed(page: Sequence[Line], rows: list[list[Line]], repeats: Callable[[bool, Line, bool], bool]) -> tuple[Line, ...]:
    dropped: set[int] = set()
    for top in (True, False):
        edge = rows[: _EDGE_ROWS + 1] if top else rows[: -_EDGE_ROWS - 2 : -1]
        gaps = [abs(row[0].y - inner[0].y) / max(row[0].height, 1.0) for row, inner in pairwise(edge)]
        for at, row in enumerate(edge[:_EDGE_ROWS]):
            detached = any(gap >= _APART for gap in gaps[at:])
            furniture = [line for line in row if repeats(top, line, detached) or _PAGE_NUMBER.fullmatch(line.text.strip())]
            dropped.update(id(line) for line in furniture)
            # Beneath a line of the text there are no more heads.
            if len(furniture) < len(row):
                break
    return tuple(line for line in page if id(line) not in dropped)


def _key(text: str) -> str:
    return re.sub(r"\d+", "", letters(text)) or re.sub(r"\d+", "0", "".join(text.split()))
