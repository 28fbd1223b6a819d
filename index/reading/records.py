"""JSON and JSON Lines -> Drafts: one object, a list of them, {"articles": [...]}, or one a line.

What LlamaIndex and Chroma write is read too: a docstore, nodes and documents, `collection.get()`; see index.reading.pieces.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

from index.errors import ReadError
from index.reading.characters import decode
from index.reading.clean import clean_markup, clean_plain, has_markup, without_title
from index.reading.draft import Draft
from index.reading.frontmatter import fields
from index.reading.htmlblocks import clean_html
from index.reading.pieces import Piece, by_whole, joined, piece_of

_TEXT_FIELDS = ("text", "content", "body")
_HTML = re.compile(r"</(?:p|div|li|h[1-6]|tr)\s*>|<(?:p|br)\b[^<>]{0,200}>", re.IGNORECASE)
_LONG = 300
_BOM = b"\xef\xbb\xbf"
_LISTS = ("articles", "documents", "nodes", "docs")
_MOST_PIECES = 300_000_000
_MOST_STATED = 50
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
    value = _listed(_parsed(decode(data)))
    if isinstance(value, list):
        if not value:
            raise ReadError("its list of articles is empty")
        yield from _records((f"article {number}", item) for number, item in enumerate(value, 1))
    else:
        yield from _records([("", value)])


def records_of_lines(stream: BinaryIO) -> Iterator[tuple[str, Draft | ReadError]]:
    """Each article of a JSON Lines stream, with its line ("line 12").

    Never more than a line is in memory, but for the pieces of articles that were cut into chunks: the others of an
    article may stand anywhere.
    """
    yield from _records(_lines(stream))


def _lines(stream: BinaryIO) -> Iterator[tuple[str, Any]]:
    """(line, what it holds), or the ReadError in its place."""
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
            yield where, _parsed(decode(line))
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


def _listed(value: Any) -> Any:
    """The records in a JSON value: a list, or the value itself when it is one record."""
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("docstore/data"), dict):
        return list(value["docstore/data"].values())
    if isinstance(value.get("ids"), list) and ("documents" in value or "embeddings" in value):
        return _of_collection(value)
    for name in _LISTS:
        items = value.get(name)
        if isinstance(items, list) and all(isinstance(item, dict) for item in items) and not _has_text(value):
            return items
    return value


def _of_collection(value: dict[str, Any]) -> list[Any]:
    """The records of what Chroma's `collection.get()` returns. Raises ReadError when its lists do not belong together."""
    ids, texts, metadatas = value["ids"], value.get("documents"), value.get("metadatas")
    if any(isinstance(one, list) for one in ids):
        raise ReadError(
            "it is the result of a search (collection.query), which holds only the nearest pieces of articles; "
            "write collection.get() to a file instead"
        )
    if not isinstance(texts, list):
        raise ReadError('it is a Chroma collection without texts; write it with include=["documents", "metadatas"]')
    if not isinstance(metadatas, list):
        metadatas = [None] * len(ids)
    if not len(ids) == len(texts) == len(metadatas):
        lengths = f"{len(ids)} ids, {len(texts)} documents and {len(metadatas)} metadatas"
        raise ReadError(f"it is a Chroma collection with {lengths}: which belongs to which cannot be known")
    rows = zip(ids, texts, metadatas, strict=True)
    return [{"id": identity, "document": text, "metadata": stated or {}} for identity, text, stated in rows]


def _has_text(value: dict[str, Any]) -> bool:
    return any(value.get(name) for name in _TEXT_FIELDS)


def _records(items: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Draft | ReadError]]:
    """The articles in the records; those that were cut into pieces come last, whole again."""
    waiting: list[tuple[str, Piece]] = []
    entire: set[str] = set()
    length = 0
    for where, item in items:
        if isinstance(item, ReadError):
            yield where, item
            continue
        piece = piece_of(item) if isinstance(item, dict) else None
        if piece is None:
            yield where, _record(item)
        elif piece.whole is None:
            entire.add(piece.id)
            yield where, _of_pieces([piece])
        else:
            length += len(piece.text)
            if length > _MOST_PIECES:
                yield where, ReadError("too many pieces of articles in one file; write each collection to a file of its own")
                return
            waiting.append((where, piece))
    places = {id(piece): where for where, piece in waiting}
    # A document that is here as a whole needs no pieces.
    for pieces in by_whole([piece for _, piece in waiting if piece.document not in entire]):
        where = places[id(pieces[0])]
        if joined(pieces):
            yield where, _of_pieces(pieces)
            continue
        # Nothing tells their order. Each is true by itself; together, in a wrong order, they would not be.
        for piece in pieces:
            yield places[id(piece)], _of_pieces([piece], alone=True)
        said = f"these {len(pieces)} pieces of one document do not say in which order they stand; each was read by itself"
        yield where, ReadError(said)


def _of_pieces(pieces: Sequence[Piece], *, alone: bool = False) -> Draft | ReadError:
    """The article that the pieces of one whole make. `alone`: a piece that stays one, as its place is not known."""
    written, missing = joined(pieces) or ("", False)
    if len(written) > LONGEST_LINE:
        return ReadError(f"its pieces make a text of {len(written):,} characters, too long for one article")
    stated = Draft("")
    for piece in pieces[:_MOST_STATED]:
        stated = stated.filled_from(fields(piece.stated))
    whole = pieces[0].whole
    own = pieces[0].id if len(pieces) == 1 else ""
    identity = whole[1] if whole and whole[0] == "document" and not alone else own
    text = readable(written, stated.title)
    if not text:
        return ReadError("its text is empty")
    notes = ("pieces of it are missing from the file; what is there was read",) if missing and not alone else ()
    return Draft(text, id=identity, notes=notes).filled_from(stated)


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
