"""PDFs written by hand, so that a test says where each line stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Put:
    """A line of text placed on a page."""

    x: float
    y: float
    text: str
    size: float = 10.0
    font: str = "F1"


def pdf(pages: Sequence[Sequence[str]], properties: str = "") -> bytes:
    """A PDF with the given lines on its pages."""
    return _document((f"/F1 11 Tf 13 TL 60 760 Td {' T* '.join(map(_shown, lines))}" for lines in pages), properties)


def placed_pdf(pages: Sequence[Iterable[Put]], properties: str = "", *, relative: bool = False) -> bytes:
    """A PDF with the given lines in the given order, each page in one text object.

    `relative`: each line is placed by how far it is from the one before, as many programs write them.
    """
    return _document((_placed(page, relative) for page in pages), properties)


def drawn_pdf(content: str) -> bytes:
    """A PDF of one page with the given content stream in its one text object."""
    return _document([content], "")


def _placed(page: Iterable[Put], relative: bool) -> str:
    said, at = [], (0.0, 0.0)
    for put in page:
        moved = f"{put.x - at[0]:.2f} {put.y - at[1]:.2f} Td" if relative else f"1 0 0 1 {put.x:.2f} {put.y:.2f} Tm"
        said.append(f"/{put.font} {put.size} Tf {moved} {_shown(put.text)}")
        at = put.x, put.y
    return " ".join(said)


def _shown(line: str) -> str:
    escaped = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"({escaped}) Tj"


def _document(texts: Iterable[str], properties: str) -> bytes:
    """A PDF of pages with one text object each."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    for font in ("Times-Roman", "Times-Bold"):
        objects.append(f"<< /Type /Font /Subtype /Type1 /BaseFont /{font} /Encoding /WinAnsiEncoding >>")
    kids = []
    for text in texts:
        stream = f"BT {text} ET"
        objects.append(f"<< /Length {len(stream.encode('cp1252'))} >>\nstream\n{stream}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R"
            " /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    objects.append(f"<< {properties} >>")
    written = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(written))
        written += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    trailer = f"<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>"
    head = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n"
    return written + f"{head}{table}trailer\n{trailer}\nstartxref\n{len(written)}\n%%EOF".encode()
