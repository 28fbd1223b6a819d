"""Which file formats are read, by their names, and what reads each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from index.errors import ReadError
from index.reading.characters import decode
from index.reading.clean import headline_and_text
from index.reading.docxtext import read_docx
from index.reading.draft import Draft
from index.reading.epub import records_of_epub
from index.reading.frontmatter import read_markdown
from index.reading.htmltext import read_html
from index.reading.mail import read_mail
from index.reading.mailbox import records_of_mailbox
from index.reading.mhtml import read_mhtml
from index.reading.pdftext import read_pdf
from index.reading.records import records_of_json, records_of_lines

Holds = Literal["one", "several"]
Records = Iterator[tuple[str, Draft | ReadError]]


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: the endings of its names, how large a file may be, and what reads it.

    Exactly one of three does: `reader` a file that is one article, `records` a file that holds several,
    `stream` one that holds so many that it is never in memory as a whole (`largest` is 0 then).
    `begins` is what every file of the format begins with, where that tells it from others.
    """

    name: str
    endings: tuple[str, ...]
    largest: int
    packed: bool = True
    begins: bytes = b""
    reader: Callable[[bytes], Draft] | None = None
    records: Callable[[bytes], Records] | None = None
    stream: Callable[[BinaryIO], Records] | None = None

    @property
    def holds(self) -> Holds:
        """How many articles a file of this format may hold."""
        return "one" if self.reader else "several"


def _read_plain(data: bytes) -> Draft:
    headline, text = headline_and_text(decode(data))
    return Draft(text, title=headline)


MB = 1024 * 1024
FORMATS: tuple[Format, ...] = (
    Format("plain text", (".txt", ".text"), 20 * MB, reader=_read_plain),
    Format("Markdown", (".md", ".markdown"), 20 * MB, reader=lambda data: read_markdown(decode(data))),
    Format("HTML", (".html", ".htm", ".xhtml"), 20 * MB, reader=read_html),
    Format("saved web page", (".mhtml", ".mht"), 100 * MB, reader=read_mhtml),
    Format("PDF", (".pdf",), 100 * MB, packed=False, begins=b"%PDF-", reader=read_pdf),
    Format("Word", (".docx",), 100 * MB, packed=False, begins=b"PK", reader=read_docx),
    Format("EPUB", (".epub",), 200 * MB, packed=False, begins=b"PK", records=records_of_epub),
    Format("e-mail", (".eml",), 50 * MB, reader=read_mail),
    Format("mailbox", (".mbox",), 0, stream=records_of_mailbox),
    Format("JSON", (".json",), 100 * MB, records=records_of_json),
    Format("JSON Lines", (".jsonl", ".ndjson"), 0, stream=records_of_lines),
)
_ADVICE = {
    ".doc": "save it as .docx", ".odt": "save it as .docx", ".rtf": "save it as .docx",
    ".pages": "save it as .docx", ".csv": "save its rows as .jsonl",
    ".mobi": "convert it to .epub", ".azw3": "convert it to .epub", ".azw": "convert it to .epub",
    ".msg": "save it as .eml", ".webarchive": "save the page as .html", ".xml": "save it as .html or .jsonl",
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
    """Whether a file of this name may hold more than one article, as JSON Lines, EPUBs and mailboxes do."""
    found = format_of(path)
    return found is not None and found.holds != "one"


def why_unread(given: str) -> str:
    """Why a file of this name is not read, and what to do about it."""
    ending = Path(given.lower().removesuffix(".gz")).suffix
    known = ", ".join(kind for found in FORMATS for kind in found.endings)
    unpacked = [found.endings[0] for found in FORMATS if not found.packed]
    kind = f"{ending} files are" if ending else "files without an ending are"
    advice = f"; {_ADVICE[ending]}" if ending in _ADVICE else ""
    return f"{kind} not read here{advice}. Read are {known}, and all but {_listed(unpacked)} also as .gz"


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
