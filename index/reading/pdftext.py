"""A PDF -> a Draft: its lines joined into paragraphs, its title and author from its properties."""

from __future__ import annotations

import logging
import re
from io import BytesIO
from typing import TYPE_CHECKING

from index.errors import ReadError
from index.reading.characters import one_line
from index.reading.clean import without_title
from index.reading.columns import in_reading_order
from index.reading.draft import Draft
from index.reading.pdfpages import pages_of
from index.reading.typeset import headline, paragraphs, without_running_heads

if TYPE_CHECKING:
    from pypdf import PdfReader

_NO_TITLE = re.compile(
    r"untitled.{0,20}|microsoft (?:word|powerpoint|excel)\b.{0,200}"
    r"|(?:(?:powerpoint )?presentation|(?:word |new )?document|slide|title|none|null) ?\d*"
    r"|\S{0,200}\.(?:docx?|pdf|indd|qxd|tex|dvi|rtf|odt|pptx?|xlsx?|html?)",
    re.IGNORECASE,
)
_NO_AUTHOR = re.compile(
    r"microsoft(?: office)?(?: user)?|(?:windows )?user\d*|admin(?:istrator)?|owner|unknown|author|none|null"
    r"|python-docx|default|pc|hp|dell|anonymous",
    re.IGNORECASE,
)


def read_pdf(data: bytes) -> Draft:
    """The article in a PDF. Raises ReadError for one that is locked, damaged, or holds only pictures.

    The day a PDF was made is not the day its article was published, so `published` stays None.
    """
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PdfReadError

    # pypdf tells the terminal of every flaw it mends; what a person should know is in the error.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise ReadError("it is locked with a password; save a copy without one and add that")
        pages = list(pages_of(reader))
        title, author = _properties(reader)
    except ReadError:
        raise
    except DependencyError as error:
        raise ReadError("it is encrypted in a way that is not read here; save an unencrypted copy") from error
    except PdfReadError as error:
        raise ReadError(f"it is damaged and cannot be read as a PDF: {one_line(str(error))[:160]}") from error
    lines = in_reading_order(without_running_heads(pages))
    text = "\n\n".join(paragraphs(lines))
    title = title or headline(lines)
    if not any(char.isalnum() for char in text):
        raise ReadError("it holds no text, only pictures of pages; run text recognition (OCR) on it first")
    return Draft(without_title(text, title), title=title, author=author)


def stated_title(value: object) -> str:
    """A document's title property, or "" when it is what a program put there by itself."""
    title = one_line(str(value or ""))
    return "" if _NO_TITLE.fullmatch(title) or not any(char.isalpha() for char in title) else title


def stated_author(value: object) -> str:
    """A document's author property, or "" when it is what a program put there by itself."""
    author = one_line(str(value or ""))
    return "" if _NO_AUTHOR.fullmatch(author) else author


def _properties(reader: PdfReader) -> tuple[str, str]:
    try:
        properties = reader.metadata
        return (stated_title(properties.title), stated_author(properties.author)) if properties else ("", "")
    except (ValueError, TypeError, AttributeError, KeyError):
        return "", ""
