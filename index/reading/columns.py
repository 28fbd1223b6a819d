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
    edges = [_edges(page) for page in pages]
    known = [found for found in edges if found]
    width = _letter_width([(page, found) for page, found in zip(pages, edges, strict=True) if found])
    ordered = []
    for page, found in zip(pages, edges, strict=True):
        # The last page of an article may have three lines in its second column: too few to show that it is one.
        edge = found or next((other for other in known if _fits(page, other)), ())
        ordered.append(_by_column(page, edge, width) if edge else list(page.lines))
    return ordered


def _edges(page: Page) -> tuple[float, ...]:
    """Where the columns of a page begin, from the left; empty when it has but one."""
    if not 2 * _FEWEST_ROWS <= len(page.lines) <= _MOST_LINES or all(line.height == 0 for line in page.lines):
        return ()
    begun = dict(_clusters(sorted((run.x, number) for number, line in enumerate(page.lines) for run in line.runs)))
    least = max(_FEWEST_ROWS, 0.08 * len(page.lines))
    rows = {x: rows for x, rows in begun.items() if rows >= least}
    if not rows:
        return ()
    chosen = [min(rows)]
    for x in sorted(rows, key=lambda place: (-rows[place], place)):
        apart = all(abs(x - other) >= _NARROWEST for other in chosen)
        if apart and _is_gutter(page, x) and _is_prose(page, tuple(sorted((*chosen, x)))):
            chosen.append(x)
    edges = tuple(sorted(_leftmost(x, begun, page) for x in chosen))
    return edges if len(edges) > 1 else ()


def _clusters(starts: list[tuple[float, int]]) -> Iterator[tuple[float, int]]:
    """(place, number of lines with a run that begins there) for every place at which one begins."""
    first = last = 0
    places = sorted({x for x, _ in starts})
    # Places that differ by less than can be seen are one.
    distinct = [x for at, x in enumerate(places) if at == 0 or x - places[at - 1] > 0.05 * _NEAR]
    for x in distinct:
        while first < len(starts) and starts[first][0] < x - _NEAR / 2:
            first += 1
        last = max(first, last)
        while last < len(starts) and starts[last][0] <= x + _NEAR / 2:
            last += 1
        yield x, len({number for _, number in starts[first:last]})


def _is_gutter(page: Page, x: float) -> bool:
    """Whether hardly any run begins just left of `x`, as within a column words do."""
    strip = max(6.0, 0.8 * _body_height(page))
    inside = sum(1 for line in page.lines for run in line.runs if x - strip < run.x < x - _NEAR)
    beginning = sum(1 for line in page.lines for run in line.runs if abs(run.x - x) <= _NEAR)
    # Words of one line that happen to begin below each other have a word just before them, and no gutter.
    pairs = (pair for line in page.lines for pair in pairwise(line.runs))
    words = [before for before, run in pairs if abs(run.x - x) <= _NEAR and before.x < x - _NEAR]
    words = [word for word in words if size(word.text.strip()) <= _LONGEST_WORD]
    near = sum(1 for word in words if x - word.x < (_USUAL_WIDTH * size(word.text.strip()) + 0.8) * _body_height(page))
    return inside <= 1 + 0.1 * beginning and near <= 1 + 0.2 * beginning


def _leftmost(x: float, begun: dict[float, int], page: Page) -> float:
    """The left edge of a column that was found by its indented lines."""
    near = sorted(place for place, rows in begun.items() if x - 3 * _body_height(page) <= place < x and rows >= 2)
    return next((place for place in near[:20] if _is_gutter(page, place)), x)


def _is_prose(page: Page, edges: tuple[float, ...]) -> bool:
    """Whether every column holds lines of prose, rather than the cells of a table."""
    sizes: list[list[float]] = [[] for _ in edges]
    for line in page.lines:
        for column, runs in _split(line.runs, edges):
            sizes[column].append(size("".join(run.text for run in runs).strip()))
    return all(len(found) >= 2 and sorted(found)[len(found) // 2] >= _PROSE_SIZE for found in sizes)


def _fits(page: Page, edges: tuple[float, ...]) -> bool:
    starts = [run.x for line in page.lines for run in line.runs]
    left = sum(1 for x in starts if abs(x - edges[0]) <= _NEAR)
    others = [sum(1 for x in starts if abs(x - edge) <= _NEAR) for edge in edges[1:]]
    return left >= 1 and others[0] >= 1 and all(_is_gutter(page, edge) for edge in edges[1:])


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


def _body_height(page: Page) -> float:
    heights = sorted(line.height for line in page.lines)
    return heights[len(heights) // 2] if heights else 10.0
