"""PURE: the placed lines of a page -> the order in which they are read, column by column.

    headline over the whole page          1
    left column        right column       2   4
    left column        right column       3   5
    a heading over the whole page         6
    left column        right column       7   8

A page without columns stays in the order its file has. Columns are found by where runs of text begin, as a PDF does not
tell where they end.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from index.reading.blocks import size

_NEAR = 2.0
_NARROWEST = 80.0
_FEWEST_ROWS = 4
_PROSE_SIZE = 18.0
_LONGEST_WORD = 20
_USUAL_WIDTH = 0.48
_MOST_LINES = 3_000
_MOST_KNOWN = 4
SPANNING = -1
"""The column of a line that runs over several columns."""


@dataclass(frozen=True, slots=True)
class Run:
    """Text that a page places as one, and where it begins, in points from the left."""

    text: str
    x: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page: its runs, its base line (points from below) and its height (0 when not known).

    `column` is 0 on a page without columns, else 1, 2, ... from the left or SPANNING.
    """

    runs: tuple[Run, ...]
    y: float
    height: float
    bold: bool = False
    column: int = 0

    @property
    def text(self) -> str:
        """The words of the line."""
        return "".join(run.text for run in self.runs)

    @property
    def x(self) -> float:
        """Where the line begins, in points from the left."""
        return self.runs[0].x


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of one page and its left and right edge."""

    lines: tuple[Line, ...]
    left: float = 0.0
    right: float = 612.0


def in_reading_order(pages: Sequence[Page]) -> list[list[Line]]:
    """For each page its lines in reading order; those of a page with columns know their column."""
    starts = [_Starts(page) for page in pages]
    edges = [_edges(page, begun) for page, begun in zip(pages, starts, strict=True)]
    known = [found for found, _ in Counter(found for found in edges if found).most_common(_MOST_KNOWN)]
    width = _letter_width([(page, found) for page, found in zip(pages, edges, strict=True) if found])
    ordered = []
    for page, begun, found in zip(pages, starts, edges, strict=True):
        # The last page of an article may have three lines in its second column: too few to show that it is one.
        edge = found or next((other for other in known if begun.fit(other)), ())
        ordered.append(_by_column(page, edge, width) if edge else list(page.lines))
    return ordered


class _Starts:
    """Where the runs of a page begin, from the left."""

    def __init__(self, page: Page) -> None:
        self.known = 0 < len(page.lines) <= _MOST_LINES and any(line.height for line in page.lines)
        heights = sorted(line.height for line in page.lines)
        self.height = heights[len(heights) // 2] if heights else 0.0
        placed = [(run.x, number, at) for number, line in enumerate(page.lines) for at, run in enumerate(line.runs)]
        placed.sort()
        self._places = [x for x, _, _ in placed]
        self._lines = [number for _, number, _ in placed]
        self._before = [page.lines[number].runs[at - 1] if at else None for _, number, at in placed]

    def rows(self) -> dict[float, int]:
        """The number of lines with a run that begins there, for every place at which one begins."""
        found: dict[float, int] = {}
        last = -math.inf
        for x in self._places:
            # Places that differ by less than can be seen are one.
            if x - last > 0.05 * _NEAR:
                found[x] = len(set(self._lines[self._at(x - _NEAR / 2) : self._after(x + _NEAR / 2)]))
                last = x
        return found

    def is_gutter(self, x: float) -> bool:
        """Whether hardly any run begins just left of `x`, as within a column words do."""
        strip = max(6.0, 0.8 * self.height)
        inside = self._at(x - _NEAR) - self._after(x - strip)
        first, end = self._at(x - _NEAR), self._after(x + _NEAR)
        # Words of one line that happen to begin below each other have a word just before them, and no gutter.
        near = 0
        for before in self._before[first:end]:
            if before is not None and before.x < x - _NEAR:
                word = size(before.text.strip())
                near += word <= _LONGEST_WORD and x - before.x < (_USUAL_WIDTH * word + 0.8) * self.height
        return inside <= 1 + 0.1 * (end - first) and near <= 1 + 0.2 * (end - first)

    def leftmost(self, x: float, rows: dict[float, int]) -> float:
        """The left edge of a column that was found by its indented lines."""
        near = sorted(place for place, times in rows.items() if x - 3 * self.height <= place < x and times >= 2)
        return next((place for place in near[:20] if self.is_gutter(place)), x)

    def fit(self, edges: tuple[float, ...]) -> bool:
        """Whether the page may have columns that begin at `edges`: lines do, and there are gutters."""
        begins = [self._after(edge + _NEAR) > self._at(edge - _NEAR) for edge in edges[:2]]
        return self.known and all(begins) and all(self.is_gutter(edge) for edge in edges[1:])

    def _at(self, x: float) -> int:
        return bisect_left(self._places, x)

    def _after(self, x: float) -> int:
        return bisect_right(self._places, x)


def _edges(page: Page, starts: _Starts) -> tuple[float, ...]:
    """Where the columns of a page begin, from the left; empty when it has but one."""
    if not starts.known or len(page.lines) < 2 * _FEWEST_ROWS:
        return ()
    rows = starts.rows()
    least = max(_FEWEST_ROWS, 0.08 * len(page.lines))
    often = {x: times for x, times in rows.items() if times >= least}
    if not often:
        return ()
    chosen = [min(often)]
    for x in sorted(often, key=lambda place: (-often[place], place)):
        apart = all(abs(x - other) >= _NARROWEST for other in chosen)
        if apart and starts.is_gutter(x) and _is_prose(page, tuple(sorted((*chosen, x)))):
            chosen.append(x)
    edges = tuple(sorted(starts.leftmost(x, rows) for x in chosen))
    return edges if len(edges) > 1 else ()


def _is_prose(page: Page, edges: tuple[float, ...]) -> bool:
    """Whether every column holds lines of prose, rather than the cells of a table."""
    sizes: list[list[float]] = [[] for _ in edges]
    for line in page.lines:
        for column, runs in _split(line.runs, edges):
            sizes[column].append(size("".join(run.text for run in runs).strip()))
    return all(len(found) >= 2 and sorted(found)[len(found) // 2] >= _PROSE_SIZE for found in sizes)


def _split(runs: Sequence[Run], edges: tuple[float, ...]) -> Iterator[tuple[int, list[Run]]]:
    """The runs of one line by the column in which they begin."""
    current: list[Run] = []
    before = 0
    for run in runs:
        column = max((at for at, edge in enumerate(edges) if run.x >= edge - _NEAR), default=0)
        if current and column != before:
            yield before, current
            current = []
        current.append(run)
        before = column
    if current:
        yield before, current


def _by_column(page: Page, edges: tuple[float, ...], width: float) -> list[Line]:
    rows: dict[int, list[Line]] = {}
    for line in page.lines:
        rows.setdefault(round(line.y), []).append(line)
    lines: list[Line] = []
    for line in page.lines:
        beside = [other for y in range(round(line.y) - 3, round(line.y) + 4) for other in rows.get(y, ())]
        if _spans(line, edges, width, beside):
            lines.append(replace(line, column=SPANNING))
        else:
            lines.extend(replace(line, runs=tuple(runs), column=column + 1) for column, runs in _split(line.runs, edges))
    # From above, the lines over all columns cut the page into bands, and a band is read column by column.
    cuts = sorted({line.y for line in lines if line.column == SPANNING}, reverse=True)
    ordered: list[Line] = []
    for above, below in pairwise([float("inf"), *cuts, float("-inf")]):
        for column in range(1, len(edges) + 1):
            ordered.extend(_downwards([line for line in lines if line.column == column and below < line.y <= above]))
        ordered.extend(line for line in lines if line.column == SPANNING and line.y == below)
    return ordered


def _downwards(lines: list[Line]) -> list[Line]:
    """The lines of a column from above; as the file has them when that is nearly so (an initial hangs lower)."""
    steps = [before.y >= line.y for before, line in pairwise(lines)]
    return lines if sum(steps) >= 0.9 * len(steps) else sorted(lines, key=lambda line: -line.y)


def _spans(line: Line, edges: tuple[float, ...], width: float, beside: list[Line]) -> bool:
    """Whether a line runs from one column over the next: it is long, and nothing begins beside it there."""
    column = max((at for at, edge in enumerate(edges) if line.x >= edge - _NEAR), default=0)
    if column == len(edges) - 1:
        return False
    following = edges[column + 1]
    if _crosses_word_by_word(line, following, width):
        return True
    if any(run.x >= following - _NEAR for other in beside for run in other.runs):
        return False
    end = line.x + width * line.height * size(line.text.strip())
    return end > following + 0.25 * (following - edges[column])


def _crosses_word_by_word(line: Line, following: float, width: float) -> bool:
    """Whether a line that is placed word by word goes on over a gutter as if there were none."""
    for before, after in pairwise(line.runs):
        if before.x < following - _NEAR and after.x > following - _NEAR:
            word = size(before.text.strip())
            return word <= _LONGEST_WORD and after.x - (before.x + width * line.height * word) < 0.8 * line.height
    return False


def _letter_width(pages: Sequence[tuple[Page, tuple[float, ...]]]) -> float:
    """The width of a letter in heights of the type, measured by the last columns, over which nothing runs."""
    widths = []
    for page, edges in pages:
        last = [
            size("".join(run.text for run in runs).strip()) * line.height
            for line in page.lines
            for column, runs in _split(line.runs, edges)
            if column == len(edges) - 1
        ]
        full = sorted(last)[int(0.9 * (len(last) - 1))] if last else 0.0
        width = page.right - (edges[0] - page.left) - edges[-1]
        if full and width > 0:
            widths.append(min(0.65, max(0.35, width / full)))
    return sorted(widths)[len(widths) // 2] if widths else _USUAL_WIDTH
