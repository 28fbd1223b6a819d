"""EDGE: the pages of a PDF -> lines with their places, by pypdf's text visitor."""

from __future__ import annotations

import math
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from index.errors import ReadError
from index.reading.characters import normalise
from index.reading.columns import Line, Page, Run

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

_LONGEST_TEXT = 20_000_000
_MOST_OPERATIONS = 2_000_000
_MOVES = frozenset((b"Td", b"TD", b"Tm", b"T*", b"BT"))
_SHOWS = frozenset((b"Tj", b"TJ"))
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
"""One shape for two or three letters, which a typesetter puts and nobody types."""

_UNSEEN = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
_Matrix = Sequence[float]


def pages_of(reader: PdfReader) -> Iterator[Page]:
    """The pages of a PDF as they are written in it, each a Page of lines in the file's own order.

    Raises ReadError when the text is far longer than articles are.
    """
    total = 0
    for page in reader.pages:
        lines = _lines(page)
        total += sum(len(run.text) for line in lines for run in line.runs)
        if total > _LONGEST_TEXT:
            raise ReadError(f"its text is longer than {_LONGEST_TEXT:,} characters; split it into its articles")
        yield Page(tuple(lines), *_sides(page))


def _sides(page: PageObject) -> tuple[float, float]:
    try:
        return float(page.mediabox.left), float(page.mediabox.right)
    except (ValueError, TypeError, IndexError, KeyError):
        return 0.0, 612.0


def _lines(page: PageObject) -> list[Line]:
    found: list[tuple[str, float, float, float, bool, bool]] = []

    def visit(text: str, cm: _Matrix, tm: _Matrix, font: Any, size: float) -> None:
        if not text:
            return
        x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
        y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        across = tm[0] * cm[0] + tm[1] * cm[2]
        up = tm[0] * cm[1] + tm[1] * cm[3]
        height = abs(size) * math.hypot(tm[2] * cm[0] + tm[3] * cm[2], tm[2] * cm[1] + tm[3] * cm[3])
        name = str(font.get("/BaseFont", "")) if hasattr(font, "get") else ""
        text = text.translate(_LIGATURES)
        found.append((text, x, y, height, "bold" in name.lower() or "black" in name.lower(), abs(up) > abs(across)))

    _part_runs(page)
    whole = (page.extract_text(visitor_text=visit) or "").translate(_LIGATURES)
    said = "".join(text for text, *_ in found)
    places = [number for one in found for number in one[1:4]]
    if len("".join(said.split())) < 0.9 * len("".join(whole.split())) or not all(math.isfinite(place) for place in places):
        # The visitor was not told everything: then the text without its places is worth more.
        return [Line((Run(line, 0.0),), 0.0, 0.0) for line in normalise(whole).split("\n")]
    turned = sum(len(text) for text, *_, rotated in found if rotated)
    if turned and turned <= min(400, 0.1 * len(said)):
        # A line up the margin (an archive's mark, a watermark) is not part of what the page says.
        found = [one for one in found if not one[-1]]
    return _joined(found)


def _joined(found: list[tuple[str, float, float, float, bool, bool]]) -> list[Line]:
    lines: list[Line] = []
    runs: list[tuple[str, float, float, float, bool]] = []

    def finish() -> None:
        if runs:
            longest = max(runs, key=lambda run: len(run[0].strip()))
            bold = all(run[4] for run in runs if run[0].strip())
            lines.append(Line(tuple(Run(run[0], run[1]) for run in runs), runs[0][2], longest[3], bold))
            runs.clear()

    for text, x, y, height, bold, _ in found:
        for at, part in enumerate(text.split("\n")):
            if at:
                finish()
            if part.strip():
                runs.append((part, x, y, height, bold))
            elif part and runs:
                last = runs[-1]
                runs[-1] = (last[0] + part, *last[1:])
    finish()
    return lines


def _part_runs(page: PageObject) -> None:
    """Make pypdf tell of each run of text that the page places, instead of whole lines of them, and of none that stands for
    something unseen.

    It tells what it has when a font is chosen; so the font in use is chosen again before each placed run.
    A browser that prints a soft hyphen draws a blank, and marks it with what is meant ("ActualText").
    """
    from pypdf.generic import ArrayObject, ContentStream, NameObject

    contents = page.get("/Contents")
    if contents is None:
        return
    try:
        stream = ContentStream(contents.get_object(), page.pdf, "bytes")
        if len(stream.operations) > _MOST_OPERATIONS:
            return
    except (ValueError, TypeError, AttributeError, KeyError):
        return
    font: list[Any] | None = None
    kept: list[list[Any] | None] = []
    moved = False
    unseen: list[bool] = []
    parted: list[tuple[Any, bytes]] = []
    for operands, operator in stream.operations:
        if operator == b"q":
            kept.append(font)
        elif operator == b"Q" and kept:
            font = kept.pop()
        elif operator == b"Tf" and isinstance(operands, list) and len(operands) == 2:
            font = list(operands)
        elif operator in (b"BDC", b"BMC"):
            unseen.append(_is_unseen(operands))
        elif operator == b"EMC" and unseen:
            unseen.pop()
        elif operator in _MOVES:
            moved = True
        elif operator in _SHOWS and any(unseen):
            continue
        elif operator in _SHOWS:
            if moved and font:
                parted.append((ArrayObject(font), b"Tf"))
            moved = False
        parted.append((operands, operator))
    stream.operations = parted
    page[NameObject("/Contents")] = stream


def _is_unseen(operands: Any) -> bool:
    """Is what a marked piece of a page stands for of no width: a soft hyphen, a zero-width blank?"""
    stated = operands[1].get("/ActualText") if len(operands) == 2 and hasattr(operands[1], "get") else None
    if isinstance(stated, bytes):
        stated = stated.decode("utf-16" if stated[:2] in (BOM_UTF16_BE, BOM_UTF16_LE) else "latin-1", errors="replace")
    return isinstance(stated, str) and bool(stated) and _UNSEEN.issuperset(stated)
