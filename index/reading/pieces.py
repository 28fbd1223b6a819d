"""PURE: what LlamaIndex, LangChain and Chroma store of an article, pieces of its text, -> the whole article again.

Such programs cut a text into overlapping chunks. A reader wants the article: the chunks of one document are put in order
and joined where they say of which document they are and in which order they stand. Where they do not say, each is left
as it is; nothing is put together by guessing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from index.reading.blocks import ends_sentence

_LONGEST_OVERLAP = 4_000
_LEAST_OVERLAP = 16
_WHITE_SPACE_GAP = 8
_LONGEST_NODE = 5_000_000
_FILES = ("file_path", "file_name", "filename", "source")
_DOCUMENTS = ("ref_doc_id", "doc_id", "document_id", "parent_doc_id")
_NUMBERS = ("chunk_index", "chunk_number", "chunk_id", "chunk", "chunk_seq", "seq", "position")
_PAGES = ("page_label", "page", "page_number")
_DOCUMENT_FILES = frozenset(
    ".pdf .txt .text .md .markdown .html .htm .xhtml .mhtml .docx .doc .odt .rtf .epub .json .jsonl .csv .pptx .xlsx .eml"
    .split()
)  # fmt: skip
_OF_ARTICLES = ("title", "headline", "url", "link", "outlet", "publisher", "author", "authors", "published", "date", "language")
_SOURCE, _PREVIOUS, _NEXT, _PARENT = "1", "2", "3", "4"


@dataclass(frozen=True, slots=True)
class Piece:
    """A text as a program stored it, the fields stated of it, and where it says it belongs.

    `document` and `file` name the whole it is a piece of, "" when it does not say; `page`, `start` and `number` its
    place in that whole, `previous`, `next` and `parent` its neighbours by id.
    """

    text: str
    id: str
    stated: Mapping[str, Any]
    document: str = ""
    file: str = ""
    page: int | None = None
    start: int | None = None
    number: int | None = None
    previous: str = ""
    next: str = ""
    parent: str = ""

    @property
    def whole(self) -> tuple[str, str] | None:
        """What the piece is one of several of, or None when it says nothing of the kind."""
        # A file's pages are documents of their own to the programs that read it, and one article to a reader.
        if self.file and self.page is not None:
            return "file", self.file
        if self.document:
            return "document", self.document
        if self.file and (self.start is not None or self.number is not None):
            return "file", self.file
        return None


def piece_of(item: Mapping[str, Any]) -> Piece | None:
    """The piece in a stored record: a LlamaIndex node or document, a LangChain document, a line of a Chroma export.

    None for any other object, as an article in JSON is.
    """
    for wrapper in ("__data__", "node"):
        inside = item.get(wrapper)
        if isinstance(inside, dict):
            item = inside
    metadata: Mapping[str, Any] = next(
        (item[name] for name in ("metadata", "extra_info") if isinstance(item.get(name), dict)), {}
    )
    text = _text(item)
    if text is None or not ({"id_", "relationships", "page_content", "document", "text_resource"} & item.keys() or metadata):
        return None
    node = _node(metadata)
    related = next((one for one in (item.get("relationships"), node.get("relationships")) if isinstance(one, dict)), {})
    start = next((place for source in (item, node) if (place := _number(source.get("start_char_idx"))) is not None), None)
    document = _related(related, _SOURCE) or next(
        (said for source in (item, metadata) for name in _DOCUMENTS if (said := _name(source.get(name)))), ""
    )
    file = next((said for name in _FILES if _is_path(said := _name(metadata.get(name)))), "")
    own = _name(item.get("id_")) or _name(item.get("id")) or _name(node.get("id_"))
    return Piece(
        text=text,
        id=own,
        stated={**_stated(metadata, file), **{name: value for name, value in item.items() if name in _OF_ARTICLES and value}},
        # A whole document names itself, or nothing.
        document="" if document == own else document,
        file=file,
        page=next((page for name in _PAGES if (page := _number(metadata.get(name))) is not None), None),
        start=start if start is not None else _number(metadata.get("start_index")),
        number=next((number for name in _NUMBERS if (number := _number(metadata.get(name))) is not None), None),
        previous=_related(related, _PREVIOUS),
        next=_related(related, _NEXT),
        parent=_related(related, _PARENT),
    )


def joined(pieces: Sequence[Piece]) -> tuple[str, bool] | None:
    """(the text of the pieces of one whole, whether some of it is missing), or None when nothing tells their order."""
    pieces = _leaves(pieces)
    text, missing = "", False
    pages: dict[int, list[Piece]] = defaultdict(list)
    for piece in pieces:
        pages[piece.page if piece.page is not None else -1].append(piece)
    for _, page in sorted(pages.items()):
        ordered = _in_order(page)
        if ordered is None:
            return None
        part, lost = _concatenated(ordered)
        missing = missing or lost
        text = _appended(text, part) if text else part
    return text, missing


def by_whole(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The pieces of each whole, in the order in which the wholes are first met."""
    found: dict[tuple[str, str], list[Piece]] = {}
    for piece in pieces:
        found.setdefault(piece.whole or ("", piece.id), []).append(piece)
    return list(found.values())


def _leaves(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """The pieces without those that are part of another one that is here, and without exact copies."""
    ids = {piece.id for piece in pieces if piece.id}
    outer = [piece for piece in pieces if piece.parent not in ids or not piece.parent]
    return list({(piece.id, piece.text, piece.start, piece.page): piece for piece in outer}.values())


def _in_order(pieces: list[Piece]) -> list[Piece] | None:
    if len(pieces) == 1:
        return pieces
    if chain := _chained(pieces):
        return chain
    for places in ([piece.start for piece in pieces], [piece.number for piece in pieces]):
        known = [place for place in places if place is not None]
        if len(known) == len(pieces) == len(set(known)):
            return [piece for _, piece in sorted(zip(known, pieces, strict=True), key=lambda pair: pair[0])]
    # Pieces that overlap one after the other prove by it that the file has them in order.
    overlapping = (_overlap(before.text, after.text) for before, after in pairwise(pieces))
    return pieces if all(overlapping) else None


def _chained(pieces: list[Piece]) -> list[Piece]:
    """The pieces in the order of who follows whom; empty when that does not lead through all of them."""
    by_id = {piece.id: piece for piece in pieces if piece.id}
    followed = {piece.previous: piece.id for piece in pieces if piece.previous in by_id}
    followed.update({piece.id: piece.next for piece in pieces if piece.next in by_id})
    later = set(followed.values())
    first = [identity for identity in by_id if identity not in later]
    if len(by_id) != len(pieces) or len(first) != 1:
        return []
    chain, at = [by_id[first[0]]], first[0]
    while at in followed and len(chain) < len(pieces):
        at = followed[at]
        chain.append(by_id[at])
    return chain if len(chain) == len(pieces) else []


def _concatenated(pieces: list[Piece]) -> tuple[str, bool]:
    parts = [pieces[0].text]
    place = pieces[0].start
    # What a page or a text begins with is stripped; more than that is a piece that is not here.
    missing = (place or 0) > 200
    tail = pieces[0].text
    for before, piece in pairwise(pieces):
        added = None
        if piece.start is not None and before.start is not None:
            shared = before.start + len(before.text) - piece.start
            if shared > 0 and before.start <= piece.start and before.text.endswith(piece.text[:shared]):
                added = piece.text[shared:]
            elif shared <= 0:
                missing = missing or -shared > _WHITE_SPACE_GAP
                parting = "" if shared == 0 else "\n\n" if -shared >= 2 and ends_sentence(tail) else " "
                added = parting + piece.text
        if added is None:
            shared = _overlap(tail, piece.text)
            added = piece.text[shared:] if shared else _parting(tail) + piece.text
        parts.append(added)
        tail = (tail + added)[-_LONGEST_OVERLAP:]
    return "".join(parts), missing


def _appended(text: str, more: str) -> str:
    return text.rstrip() + _parting(text.rstrip()) + more.lstrip()


def _parting(before: str) -> str:
    return "\n\n" if ends_sentence(before.rstrip()) else " "


def _overlap(before: str, after: str) -> int:
    """How many characters `after` begins with that `before` ends with; 0 for fewer than could not be chance."""
    tail, head = before[-_LONGEST_OVERLAP:], after[:_LEAST_OVERLAP]
    if len(head) < _LEAST_OVERLAP:
        return 0
    at = tail.find(head)
    while at >= 0:
        if after.startswith(tail[at:]):
            return len(tail) - at
        at = tail.find(head, at + 1)
    return 0


def _text(item: Mapping[str, Any]) -> str | None:
    resource = item.get("text_resource")
    if isinstance(resource, dict) and isinstance(resource.get("text"), str):
        return str(resource["text"])
    return next((item[name] for name in ("text", "page_content", "document") if isinstance(item.get(name), str)), None)


def _node(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node that LlamaIndex puts, as JSON, into the metadata of what it stores in Chroma."""
    written = metadata.get("_node_content")
    if not isinstance(written, str) or len(written) > _LONGEST_NODE:
        return {}
    try:
        node = json.loads(written)
    except (ValueError, RecursionError):
        return {}
    return node if isinstance(node, dict) else {}


def _stated(metadata: Mapping[str, Any], file: str) -> Mapping[str, Any]:
    """The fields that speak of the article: a path is no outlet, and a file's name is a title for want of one."""
    said = {name: value for name, value in metadata.items() if not (name == "source" and _is_path(_name(value)))}
    if file and not any(isinstance(said.get(name), str) and said[name].strip() for name in ("title", "headline")):
        said["title"] = PurePosixPath(file.replace("\\", "/")).name
    # "id" in the metadata is whatever its maker counted.
    said.pop("id", None)
    return said


def _related(related: Mapping[str, Any], kind: str) -> str:
    found = related.get(kind)
    return _name(found.get("node_id")) if isinstance(found, dict) else ""


def _name(value: object) -> str:
    return value.strip()[:500] if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isdecimal() and len(value) <= 9:
        return int(value)
    return value if isinstance(value, int) and value >= 0 else None


def _is_path(said: str) -> bool:
    """Whether a source names a file, rather than an outlet or an address."""
    path = PurePosixPath(said.replace("\\", "/"))
    return "://" not in said and (path.suffix.lower() in _DOCUMENT_FILES or said.startswith(("/", "./", "../")))
