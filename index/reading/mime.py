"""PURE: a MIME message (an e-mail, a saved web page) -> its parts, decoded; headers as the words they encode."""

from __future__ import annotations

import binascii
import codecs
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message

from index.errors import ReadError
from index.reading.characters import charset as known_charset
from index.reading.characters import decode, kind_of_binary, one_line

_MOST_PARTS = 2_000
_LONGEST_HEADER = 4_000


def parse_mime(data: bytes) -> Message:
    """The message in `data`. Raises ReadError for a binary and for what has no headers."""
    if kind := kind_of_binary(data):
        raise ReadError(f"it seems to be {kind}, not a message")
    # A mailbox line, a byte order mark or blank lines may stand before the first header.
    data = data.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n")
    if data.startswith((b"From ", b">From ")):
        data = data.partition(b"\n")[2]
    try:
        message = message_from_bytes(data)
    except (MessageError, ValueError, IndexError, LookupError) as error:
        raise ReadError("its headers are damaged") from error
    if not any(message.get(name) for name in ("From", "Subject", "Date", "Content-Type", "MIME-Version")):
        raise ReadError("it has none of the headers that a message has (From, Subject, Content-Type)")
    return message


def inline_parts(message: Message) -> Iterator[Message]:
    """The parts that a reader sees in the message itself, in order: no attachment and no attached message."""
    waiting = [message]
    for _ in range(_MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop()
        if part.get_content_maintype() == "message" or _is_attached(part):
            continue
        inside = part.get_payload() if part.is_multipart() else None
        if isinstance(inside, list):
            waiting.extend(one for one in reversed(inside) if isinstance(one, Message))
        else:
            yield part


def content(part: Message) -> bytes:
    """What a part holds, its transfer encoding undone as far as it can be."""
    try:
        found = part.get_payload(decode=True)
    except (ValueError, LookupError, binascii.Error, AssertionError):
        found = None
    return found if isinstance(found, bytes) else b""


def charset(part: Message) -> str:
    """The charset a part says it has, or "" when it says none or one that is unknown."""
    try:
        return known_charset(str(part.get_content_charset() or ""))
    except (LookupError, ValueError, TypeError):
        return ""


def characters(part: Message) -> str:
    """The text of a part, whatever charset it is really in. Raises ReadError when no charset makes it readable."""
    return decode(content(part), declared=charset(part))


def header(message: Message, name: str) -> str:
    """A header as one line of words, its encoded words decoded; "" when it is missing."""
    written = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
    # Bytes that are no ASCII, which should not be there, come as surrogates.
    said = _decoded(str(written)[:_LONGEST_HEADER].encode("utf-8", "surrogateescape"), None)
    said = " ".join(said.split())
    try:
        pieces = decode_header(said)
    except (MessageError, ValueError, binascii.Error):
        return one_line(said)
    words = (piece if isinstance(piece, str) else _decoded(piece, encoding) for piece, encoding in pieces)
    return one_line("".join(words))


def _decoded(piece: bytes, encoding: str | None) -> str:
    for name in (known_charset(encoding or "utf-8"), "utf-8", "cp1252"):
        try:
            return piece.decode(name)
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return piece.decode("utf-8", "replace")


def _is_attached(part: Message) -> bool:
    try:
        return part.get_content_disposition() == "attachment" or bool(part.get_filename())
    except (ValueError, LookupError, TypeError):
        return False
