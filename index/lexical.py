"""EDGE. The lexical index: BM25 by tantivy, derived from the library.

It holds numbers only: a passage's number, the keys of its words (`index.words.key`), its day, and a key of its
outlet, so a filter holds inside the search. New passages are in it before the library's transaction ends, so
whatever can be found is found here too; passages that the library no longer has may stand in it for a while, and are
dropped from what it finds. It lives in a folder `lexical/gen-N`, named in the library; when something was removed, or
a kill has left it incomplete, it is made again beside the old one from the keys that the library keeps, at tens of
thousands of passages a second.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index import words
from index.errors import IndexDamagedError
from index.filter import Filter
from index.library import Library
from index.reading.characters import whole_characters

log = logging.getLogger(__name__)

FOLDER = "lexical"
GENERATION = "lexical"
"""The library's meta key that names the folder in use."""

HEAP = 64_000_000
"""Bytes that a writer may hold before it writes a segment."""


class UnreadableError(Exception):
    """tantivy cannot read or write a folder. Never shown to a user: the library makes the index again."""


class LexicalIndex:
    """The words of all passages. Safe to share between threads; only the holder of the writer lock may write."""

    def __init__(self, library: Library, data_dir: Path) -> None:
        self._library = library
        self._folder = data_dir / FOLDER
        self._guard = threading.Lock()
        self._seen = ("", -1)  # the folder's name and the library's state when it was last looked at
        self._index: Any = None
        self.damage = ""

    def search(self, terms: Sequence[str], k: int, only: Filter) -> list[tuple[int, float]]:
        """The best k passages that hold any of the terms and pass the filter: (passage number, BM25 > 0), best first.

        Among them may be passages that the library no longer has.
        """
        index = self._opened()
        if index is None or k <= 0 or not terms:
            return []
        try:
            with _tantivy():
                return self._search(index, terms, k, only)
        except UnreadableError as error:
            self._give_up(index, error)
            return []

    def _search(self, index: Any, terms: Sequence[str], k: int, only: Filter) -> list[tuple[int, float]]:
        import tantivy

        asked = [(tantivy.Occur.Should, _term(index, "words", _hex(term))) for term in dict.fromkeys(terms)]
        query = tantivy.Query.boolean_query(asked)
        if only:
            passing = [(tantivy.Occur.Must, tantivy.Query.const_score_query(one, 0.0)) for one in _conditions(index, only)]
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), *passing])
        searcher = index.searcher()
        found = searcher.search(query, k, count=False).hits
        numbers = searcher.fast_field_values("number", [address for _, address in found])
        return [(int(number), float(score)) for number, (score, _) in zip(numbers, found, strict=True)]

    def holding(self, term: str) -> NDArray[np.int64]:
        """The numbers of all passages that hold a term, in no order; some the library may no longer have."""
        index = self._opened()
        if index is None:
            return np.zeros(0, np.int64)
        try:
            with _tantivy():
                searcher = index.searcher()
                count = int(searcher.doc_freq("words", _hex(term)))
                found = searcher.search(_term(index, "words", _hex(term)), count, count=False).hits if count else []
                numbers = searcher.fast_field_values("number", [address for _, address in found])
                return np.array(numbers, np.int64)
        except UnreadableError as error:
            self._give_up(index, error)
            return np.zeros(0, np.int64)

    def document_frequency(self, terms: Iterable[str]) -> dict[str, int]:
        """In how many passages each term stands; 0 for a term that no passage has."""
        index = self._opened()
        asked = dict.fromkeys(terms, 0)
        if index is None:
            return asked
        try:
            with _tantivy():
                searcher = index.searcher()
                return {term: int(searcher.doc_freq("words", _hex(term))) for term in asked}
        except UnreadableError as error:
            self._give_up(index, error)
            return asked

    def close(self) -> None:
        """Let go of its files."""
        with self._guard:
            self._index, self._seen = None, ("", -1)

    # -- writing -----------------------------------------------------------------------------

    def follow(self, last: int) -> None:
        """Take in the passages with higher numbers than `last`. Call it inside the transaction that stores them.

        Should that transaction fail, they stand here for nothing, and are replaced by the next that get their numbers.
        """
        name = self._library.meta(GENERATION) or ""
        if name:
            try:
                _write(self._folder / name, self._library, after=last)
                return
            except UnreadableError as error:
                log.warning("The lexical index in %s cannot be written (%s); it is made again.", self._folder / name, error)
        self._make_anew(name)

    def settle(self, *, anew: bool = False) -> None:
        """Make it hold the library's passages and no others; with `anew`, from nothing, so that no trace of others stays."""
        name = self._library.meta(GENERATION) or ""
        folder = self._folder / name
        if anew or not name or not self._made_whole(folder):
            folder = self._make_anew(name)
        for old in self._folder.glob("gen-*"):
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)

    def _make_anew(self, name: str) -> Path:
        """Build the generation after the one of that name from nothing, and name it in the library."""
        folder = self._folder / f"gen-{int(name.removeprefix('gen-') or 0) + 1}"
        shutil.rmtree(folder, ignore_errors=True)
        try:
            _write(folder, self._library, after=0)
        except UnreadableError as error:
            raise IndexDamagedError(
                f"The lexical index in {folder} could not be written ({error}). The articles stored before are safe. Look "
                "whether the disk is full or the folder is read-only, then try again."
            ) from error
        self._library.set_meta({GENERATION: folder.name})
        return folder

    def _made_whole(self, folder: Path) -> bool:
        """Delete what the library no longer has; does it then hold the library's passages and no others?"""
        expected = self._library.numbers()
        try:
            with _tantivy():
                index = _open(folder)
                held = _numbers(index)
                dead = set(held) - expected
                if dead:
                    writer = index.writer(HEAP, 1)
                    for number in dead:
                        writer.delete_documents_by_term("number", number)
                    writer.commit()
                    writer.wait_merging_threads()
                return len(held) == len(dead) + len(expected)
        except UnreadableError as error:
            log.warning("The lexical index in %s cannot be read (%s); it is made again.", folder, error)
            return False

    def _opened(self) -> Any:
        """tantivy's index in its present state, or None when there is nothing in it."""
        with self._guard:
            wanted = (self._library.meta(GENERATION) or "", self._library.state())
            if wanted != self._seen:
                name, _ = wanted
                try:
                    with _tantivy():
                        if self._index is None or name != self._seen[0]:
                            self._index = _open(self._folder / name) if name else None
                        else:
                            self._index.reload()
                        held = self._index.searcher().num_docs if self._index else 0
                    lacking = self._library.passage_count() - held
                    self._note(f"{lacking} passages or more are not in it" if lacking > 0 else "")
                except UnreadableError as error:
                    self._index = None
                    if (self._library.meta(GENERATION) or "") == name:  # else: replaced while it was being opened
                        self._note(f"{self._folder / name} cannot be read ({error})")
                self._seen = wanted
            return self._index

    def _give_up(self, index: Any, error: UnreadableError) -> None:
        with self._guard:
            if self._index is index:
                self._index = None
                self._note(f"{self._folder / self._seen[0]} failed in a search ({error})")

    def _note(self, damage: str) -> None:
        self.damage = damage
        if damage:
            log.warning(
                "The lexical index is damaged: %s. It is rebuilt from the library by itself; until then those passages "
                "are found by their meaning only.",
                damage,
            )


def whole(library: Library, data_dir: Path) -> str:
    """What is wrong with the lexical index, in words; empty when it holds every passage of the library."""
    name = library.meta(GENERATION) or ""
    if not library.passage_count():
        return ""
    try:
        with _tantivy():
            held = set(_numbers(_open(data_dir / FOLDER / name))) if name else set()
    except UnreadableError as error:
        return f"{name} cannot be read ({error})"
    missing = len(library.numbers() - held)
    return f"it lacks {missing} of {library.passage_count()} passages" if missing else ""


@contextmanager
def _tantivy() -> Iterator[None]:
    """What tantivy raises inside becomes an UnreadableError."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise UnreadableError(str(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        # A panic of Rust, over bytes that were altered behind a sound checksum: pyo3 keeps it apart from Exception.
        raise UnreadableError(f"it panicked: {error}") from error


def _numbers(index: Any) -> list[int]:
    """The numbers of the passages in it."""
    import tantivy

    searcher = index.searcher()
    if not searcher.num_docs:
        return []
    everything = searcher.search(tantivy.Query.all_query(), searcher.num_docs, count=False).hits
    return [int(number) for number in searcher.fast_field_values("number", [address for _, address in everything])]


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("number", indexed=True, fast=True)
    builder.add_integer_field("day", indexed=True, fast=True)
    builder.add_text_field("outlet", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("words", tokenizer_name="keys", index_option="freq")
    return builder.build()


def _open(folder: Path) -> Any:
    """tantivy's index in a folder. Raises ValueError or OSError when there is none that can be read."""
    import tantivy

    return _knowing_keys(tantivy.Index.open(str(folder)))


def _knowing_keys(index: Any) -> Any:
    import tantivy

    index.register_tokenizer("keys", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    return index


def _write(folder: Path, library: Library, after: int) -> None:
    """Put the library's passages with higher numbers into a folder's index. Raises UnreadableError."""
    import tantivy

    with _tantivy():
        folder.mkdir(parents=True, exist_ok=True)
        index = _knowing_keys(tantivy.Index(_schema(), path=str(folder)))
        writer = index.writer(HEAP, 1)
        # What a transaction that was never finished may have left behind.
        strays = tantivy.Query.range_query(index.schema, "number", tantivy.FieldType.Integer, after + 1, 2**62)
        writer.delete_documents_by_query(strays)
        for batch in library.indexed_words(after):
            for passage in batch:
                writer.add_document(
                    tantivy.Document(
                        number=passage.number,
                        day=passage.day,
                        outlet=[_hex(passage.outlet.casefold())],
                        words=[_spelled(passage.terms)],
                    )
                )
        writer.commit()
        writer.wait_merging_threads()


def _conditions(index: Any, only: Filter) -> list[Any]:
    import tantivy

    conditions = []
    if only.dated:
        first, last = only.days()
        conditions.append(tantivy.Query.range_query(index.schema, "day", tantivy.FieldType.Integer, first, last))
    if only.outlet:
        conditions.append(_term(index, "outlet", _hex(only.outlet.casefold())))
    return conditions


def _term(index: Any, field: str, value: str) -> Any:
    import tantivy

    return tantivy.Query.term_query(index.schema, field, value)


def _hex(text: str) -> str:
    return np.array([words.key(whole_characters(text))], words.KEY).tobytes().hex()


def _spelled(terms: bytes) -> str:
    """The keys of a passage as tantivy is given them: eight letters each, without the 0 that ends the heading."""
    return terms.hex(" ", 4).replace("00000000 ", "", 1)
