"""A PDF -> a Draft: its lines joined into paragraphs, its title and author from its properties."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from index.errors import ReadError
from index.reading.blocks import ends_sentence, join_lines, letters, size
from index.reading.characters import normalise, one_line
from index.reading.clean import without_title
from index.reading.draft import Draft

if TYPE_CHECKING:
    from pypdf import PdfReader

_LONGEST_TEXT = 20_000_000
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
_BULLET = re.compile(r"[•◦▪‣●○■–*-]\s+\S|\(?\d{1,3}[.)]\s+\S")
_HYPHENATED = re.compile(r"[^\W\d_]{2,}[-\u2010]$")
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|p\.)?\s*[-–—]?\s*\d{1,4}\s*[-–—]?(?:\s*(?:/|of|von|de|sur)\s*\d{1,4})?", re.IGNORECASE
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
        pages = list(_pages(reader))
        title, author = _properties(reader)
    except ReadError:
        raise
    except DependencyError as error:
        raise ReadError("it is encrypted in a way that is not read here; save an unencrypted copy") from error
    except PdfReadError as error:
        raise ReadError(f"it is damaged and cannot be read as a PDF: {one_line(str(error))[:160]}") from error
    text = text_of_pages(pages)
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


def _pages(reader: PdfReader) -> Iterator[list[str]]:
    total = 0
    for page in reader.pages:
        text = normalise(page.extract_text() or "")
        total += len(text)
        if total > _LONGEST_TEXT:
            raise ReadError(f"its text is longer than {_LONGEST_TEXT:,} characters; split it into its articles")
        yield text.split("\n")


def text_of_pages(pages: list[list[str]]) -> str:
    """Paragraphs from the lines of pages: running heads and page numbers out, broken words whole again."""
    lines: list[str] = []
    for page in _without_running_heads(pages):
        lines.extend(" ".join(line.split()) for line in page)
        lines.append("\f")
    whole_words = {word.lower() for line in lines for word in re.findall(r"[^\W\d_]+-[^\W\d_]+", line)}
    widths = sorted(size(line) for line in lines if len(line) > 20)
    width = widths[int(0.8 * (len(widths) - 1))] if widths else 0.0
    paragraphs: list[list[str]] = []
    open_paragraph = False
    page_ended = False
    for line in lines:
        if line == "\f":
            page_ended = True
            continue
        if not line:
            # A blank line at the end of a page is the page's, not the paragraph's.
            open_paragraph = open_paragraph and page_ended
            continue
        before = paragraphs[-1][-1] if paragraphs else ""
        if open_paragraph and _continues(before, line, width, across_pages=page_ended):
            paragraphs[-1].append(line)
        else:
            paragraphs.append([line])
        open_paragraph, page_ended = True, False
    return "\n\n".join(_joined(paragraph, whole_words) for paragraph in paragraphs)


def _continues(before: str, line: str, width: float, *, across_pages: bool) -> bool:
    if _BULLET.match(line):
        return False
    if _HYPHENATED.search(before) and line[:1].islower():
        return True
    if across_pages:
        return not ends_sentence(before) and (line[:1].islower() or size(before) > 0.75 * width)
    full = size(before) > 0.75 * width
    return full if ends_sentence(before) else full or line[:1].islower()


def _joined(lines: list[str], whole_words: set[str]) -> str:
    joined = lines[0]
    for line in lines[1:]:
        broken = _HYPHENATED.search(joined)
        if broken and line[:1].islower():
            first = re.split(r"[^\w]", line, maxsplit=1)[0]
            whole = f"{broken[0][:-1]}-{first}".lower()
            joined = (joined if whole in whole_words else joined[:-1]) + line
        else:
            joined = join_lines((joined, line))
    return joined


def _without_running_heads(pages: list[list[str]]) -> Iterator[list[str]]:
    """Each page without its number and without the line that most pages begin or end with."""
    trimmed = [[line for line in page if line.strip()] and page for page in pages]
    edges = Counter(key for page in trimmed for key in {_key(page, 0), _key(page, -1)} if key)
    often = {key for key, times in edges.items() if times >= 3 and times > 0.5 * len(pages)}
    for page in trimmed:
        lines = list(page)
        for at in (0, -1):
            for _ in range(2):
                while lines and not lines[at].strip():
                    lines.pop(at)
                if lines and (_key(lines, at) in often or _PAGE_NUMBER.fullmatch(lines[at].strip())):
                    lines.pop(at)
        yield lines


def _key(page: list[str], at: int) -> str:
    lines = [line for line in page if line.strip()]
    return re.sub(r"\d+", "", letters(lines[at])) if lines else ""
