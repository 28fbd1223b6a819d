"""A mailbox (.mbox) -> Drafts, one for each message; never more than a message in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from index.errors import ReadError
from index.reading.draft import Draft
from index.reading.mail import read_mail

LARGEST_MESSAGE = 50 * 1024 * 1024
_LONGEST_LINE = 1024 * 1024
# A body may have a line that begins with "From "; the line over a message has a time in it as well.
_BEGINS = re.compile(rb"From [^\r\n]{0,300}\d{1,2}:\d{2}")
_ESCAPED = re.compile(rb">+From ")


def records_of_mailbox(stream: BinaryIO) -> Iterator[tuple[str, Draft | ReadError]]:
    """Each message of a mailbox, with its place in it ("message 3"). Raises ReadError when it is no mailbox."""
    number = 0
    for message in _messages(stream):
        number += 1
        where = f"message {number}"
        if message is None:
            yield where, ReadError(f"it is larger than {LARGEST_MESSAGE // 2**20} MB, too much for one message")
            continue
        try:
            yield where, read_mail(message)
        except ReadError as error:
            yield where, error
        except RecursionError:
            yield where, ReadError("its parts are nested too deeply")


def _messages(stream: BinaryIO) -> Iterator[bytes | None]:
    """The bytes of each message, None for one that is too large."""
    lines: list[bytes] = []
    length = 0
    blank = True
    begun = False
    while line := stream.readline(_LONGEST_LINE):
        if blank and _BEGINS.match(line):
            if begun:
                yield b"".join(lines) if length <= LARGEST_MESSAGE else None
            begun, blank, length, lines = True, False, 0, []
            continue
        if not begun:
            if not line.strip():
                continue
            raise ReadError('it is no mailbox: it does not begin with a line like "From name@example Tue May 19 08:30:00 2020"')
        blank = not line.strip(b"\r\n")
        length += len(line)
        if length <= LARGEST_MESSAGE:
            lines.append(line[1:] if _ESCAPED.match(line) else line)
        else:
            lines.clear()
    if begun:
        yield b"".join(lines) if length <= LARGEST_MESSAGE else None
