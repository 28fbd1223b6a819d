"""Which file formats are read, by their names, and what reads each."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from index.reading.characters import decode
from index.reading.clean import headline_and_text
from index.reading.docxtext import read_docx
from index.reading.draft import Draft
from index.reading.frontmatter import read_markdown
from index.reading.htmltext import read_html
from index.reading.pdftext import read_pdf

Holds = Literal["one", "several", "lines"]


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: the endings of its names, how many articles a file holds, and how large one may be."""

    name: str
    endings: tuple[str, ...]
    holds: Holds
    largest: int
    packed: bool = True
    reader: Callable[[bytes], Draft] | None = None


def _read_plain(data: bytes) -> Draft:
    headline, text = headline_and_text(decode(data))
    return Draft(text, title=headline)


MB = 1024 * 1024
FORMATS: tuple[Format, ...] = (
    Format("plain text", (".txt", ".text"), "one", 20 * MB, reader=_read_plain),
    Format("Markdown", (".md", ".markdown"), "one", 20 * MB, reader=lambda data: read_markdown(decode(data))),
    Format("HTML", (".html", ".htm"), "one", 20 * MB, reader=read_html),
    Format("PDF", (".pdf",), "one", 100 * MB, packed=False, reader=read_pdf),
    Format("Word", (".docx",), "one", 100 * MB, packed=False, reader=read_docx),
    Format("JSON", (".json",), "several", 100 * MB),
    Format("JSON Lines", (".jsonl", ".ndjson"), "lines", 0),
)
_ADVICE = {
    ".doc": "save it as .docx", ".odt": "save it as .docx", ".rtf": "save it as .docx",
    ".pages": "save it as .docx", ".epub": "save its chapters as .html", ".csv": "save its rows as .jsonl",
    ".xml": "save it as .html or .jsonl", ".xhtml": "save it as .html",
    ".zip": "unpack it and add the folder", ".tar": "unpack it and add the folder",
}  # fmt: skip


def format_of(path: str | Path) -> Format | None:
    """The format that a file's name says it has, a final `.gz` aside; None when it is none of ours."""
    name = os.fspath(path).lower()
    packed = name.endswith(".gz")
    stem = name.removesuffix(".gz")
    found = next((known for known in FORMATS if stem.endswith(known.endings)), None)
    return found if found and (found.packed or not packed) else None


def holds_many(path: str | Path) -> bool:
    """Whether a file of this name may hold more than one article (JSON and JSON Lines)."""
    found = format_of(path)
    return found is not None and found.holds != "one"


def why_unread(given: str) -> str:
    """Why a file of this name is not read, and what to do about it."""
    ending = Path(given.lower().removesuffix(".gz")).suffix
    known = ", ".join(kind for found in FORMATS for kind in found.endings)
    kind = f"{ending} files are" if ending else "files without an ending are"
    advice = f"; {_ADVICE[ending]}" if ending in _ADVICE else ""
    return f"{kind} not read here{advice}. Read are {known}, and all but .pdf and .docx also as .gz"
