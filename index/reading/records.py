"""JSON and JSON Lines -> Drafts: one object, a list of them, {"articles": [...]}, or one a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from index.errors import ReadError
from index.reading.characters import decode
from index.reading.clean import clean_markup, clean_plain, has_markup, without_title
from index.reading.draft import Draft
from index.reading.frontmatter import fields
from index.reading.htmlblocks import clean_html

_TEXT_FIELDS = ("text", "content", "body")
_HTML = re.compile(r"</(?:p|div|li|h[1-6]|tr)\s*>|<(?:p|br)\b[^<>]{0,200}>", re.IGNORECASE)
_LONG = 300
_BOM = b"\xef\xbb\xbf"
LONGEST_LINE = 20 * 1024 * 1024
"""Bytes of one line of JSON Lines, which is one article."""


class NoTextError(ReadError):
    """A record is an object without a text. `wordy`: it has a long string that may be one by another name."""

    def __init__(self, item: dict[Any, Any]) -> None:
        named = ", ".join(str(name)[:30] for name in list(item)[:8]) or "none"
        super().__init__(f'it has no "text" (nor "content" or "body"); its fields are: {named}')
        self.wordy = any(isinstance(value, str) and len(value) >= _LONG for value in item.values())


def records_of_json(data: bytes) -> Iterator[tuple[str, Draft | ReadError]]:
    """Each article of a JSON file, with where it stands in it ("" or "article 3"). Raises ReadError."""
    value = _parsed(decode(data))
    if isinstance(value, dict) and isinstance(value.get("articles"), list):
        value = value["articles"]
    if isinstance(value, list):
        if not value:
            raise ReadError("its list of articles is empty")
        for number, item in enumerate(value, 1):
            yield f"article {number}", _record(item)
    else:
        yield "", _record(value)


def records_of_lines(stream: BinaryIO) -> Iterator[tuple[str, Draft | ReadError]]:
    """Each article of a JSON Lines stream, with its line ("line 12"); never more than a line in memory."""
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        where = f"line {number}"
        if number == 1:
            if line.startswith((b"\xff\xfe", b"\xfe\xff")):
                yield (
                    where,
                    ReadError("it is UTF-16; JSON Lines are read as UTF-8. Save it as UTF-8 and add it again"),
                )
                return
            line = line.removeprefix(_BOM)
        if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            _skip_line(stream)
            yield (
                where,
                ReadError(f"the line is longer than {LONGEST_LINE // 2**20} MB, too long for one article"),
            )
            continue
        if not line.strip(b" \t\r\n\x00"):
            continue
        try:
            yield where, _record(_parsed(decode(line)))
        except ReadError as error:
            yield where, error


def _skip_line(stream: BinaryIO) -> None:
    while (piece := stream.readline(2**20)) and not piece.endswith(b"\n"):
        pass


def _parsed(text: str) -> Any:
    try:
        return json.loads(text.lstrip("\ufeff").replace("\x00", ""))
    except json.JSONDecodeError as error:
        raise ReadError(f"it is not valid JSON: {error.msg} at character {error.pos + 1}") from error
    except RecursionError as error:
        raise ReadError("its JSON is nested too deeply") from error
    except ValueError as error:
        raise ReadError(f"it is not valid JSON: {error}") from error


def _record(item: object) -> Draft | ReadError:
    if not isinstance(item, dict):
        return ReadError(f"it is not a JSON object with a text, but {_kind(item)}")
    written = next((item[name] for name in _TEXT_FIELDS if item.get(name)), None)
    if isinstance(written, list) and all(isinstance(part, str) for part in written):
        written = "\n\n".join(written)
    if written is None:
        return NoTextError(item)
    if not isinstance(written, str):
        return ReadError(f"its text is not a string but {_kind(written)}")
    draft = fields(item)
    text = readable(written, draft.title)
    if not text:
        return ReadError("its text is empty")
    return Draft(text).filled_from(draft)


def readable(written: str, title: str) -> str:
    """The readable text in a record's text, which may be plain, Markdown or HTML."""
    if len(_HTML.findall(written[:200_000])) >= 2 and "](" not in written:
        text = clean_html(written, title)
    elif has_markup(written):
        text = clean_markup(written, title)
    else:
        text = clean_plain(written)
    return without_title(text, title)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
