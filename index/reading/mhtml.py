"""PURE: a web page saved whole by a browser (.mhtml, .mht) -> a Draft, by the reader of HTML."""

from __future__ import annotations

from email.message import Message
from urllib.parse import urlsplit

from index.errors import ReadError
from index.reading.draft import Draft
from index.reading.htmltext import read_html
from index.reading.mime import characters, charset, content, header, inline_parts, parse_mime

_HTML = frozenset(("text/html", "application/xhtml+xml"))
_LARGEST = 20 * 1024 * 1024


def read_mhtml(data: bytes) -> Draft:
    """The article of a saved page. Its address is the page's own word for it, else where it was saved from.

    The day the page was saved is not the day it was published, so the archive's date is not used.
    Raises ReadError for what is no saved page.
    """
    message = parse_mime(data)
    pages = [part for part in inline_parts(message) if part.get_content_type() in _HTML]
    if not pages:
        raise ReadError("there is no web page in it; save the page again, as .html")
    saved_from = header(message, "Snapshot-Content-Location")
    page = _main_page(message, pages, saved_from)
    written = content(page)
    if len(written) > _LARGEST:
        raise ReadError(f"its page has {len(written) // 2**20:,} MB; one article may have {_LARGEST // 2**20} MB as HTML")
    if charset(page) not in ("", "utf-8"):
        written = characters(page).encode("utf-8", "replace")
    draft = read_html(written)
    places = (saved_from, header(page, "Content-Location"), header(message, "Content-Location"))
    url = next((place for place in places if urlsplit(place).scheme in ("http", "https")), "")
    return draft.filled_from(Draft("", title=header(message, "Subject"), url=url))


def _main_page(message: Message, pages: list[Message], saved_from: str) -> Message:
    """The page itself among the pages of its frames."""
    start = str(message.get_param("start") or "").strip("<>")
    for page in pages:
        if start and header(page, "Content-ID").strip("<>") == start:
            return page
    for page in pages:
        if saved_from and header(page, "Content-Location") == saved_from:
            return page
    return pages[0]
