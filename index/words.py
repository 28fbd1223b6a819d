"""PURE. Words: how a text becomes terms, and terms the keys that are kept of a passage.

The same analysis serves the question, the lexical index and the keyless writer. A key is a number that
stands for a term: a passage's words, as numbers in order, take a fraction of its text, are compared by the
hundred thousand, and make the lexical index again in seconds.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import Stemmer

ANALYSIS = "snowball-en-crc32-v2"
"""Names how text becomes terms and keys; the index is stamped with it."""

KEY = np.dtype("<u4")

# Words that say nothing about what a text is about. Kept short: "not", "no" and numbers stay.
STOP_WORDS = frozenset(
    "a about an and any are aren't as at be because been before being but by can could did do does doing for from had "
    "has have having he her here hers him his how i if in into is it its itself just let may me might more most must "
    "my of on or other our ours out over own shall she should so some such than that the their theirs them then there "
    "these they this those through to too us very was we were what when where which while who whom whose why will "
    "with would you your yours s t ll ve re d".split()
)

_TERM = re.compile(r"(?P<acronym>\b(?:[^\W\d_]\.){2,})|(?P<number>\d+(?:[.,]\d+)*)|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)?)")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\u0e00-\u0eff]")


class Term(NamedTuple):
    """A term of a text, and where the words it was made of stand in it."""

    term: str
    start: int
    end: int


def terms(text: str) -> list[str]:
    """The terms of a text, in order, stop words included: folded, stemmed, numbers made plain."""
    return [term.term for term in located_terms(text)]


def content_terms(text: str) -> list[str]:
    """The terms of a text without stop words; with them when there is nothing else."""
    found = list(located_terms(text))
    telling = [term.term for term in found if not is_stop_word(text[term.start : term.end])]
    return telling or [term.term for term in found]


def is_stop_word(word: str) -> bool:
    """Is this word, as written, one that says nothing about what a text is about?"""
    return word.lower().replace("’", "'") in STOP_WORDS and word not in {"US", "IT", "WHO"}


def located_terms(text: str) -> Iterator[Term]:
    """The terms of a text with their places.

    Scripts that are written without spaces (Chinese, Japanese, Thai; Korean for its endings)
    become overlapping pairs of characters.
    """
    for match in _TERM.finditer(text):
        start, end = match.span()
        word = match.group()
        if match["number"]:
            yield Term(_plain_number(word), start, end)
        elif match["acronym"]:
            yield Term(_folded(word.replace(".", "")), start, end)
        elif _WIDE.search(word):
            if len(word) == 1:
                yield Term(word, start, end)
            for offset in range(len(word) - 1):
                yield Term(word[offset : offset + 2], start + offset, start + offset + 2)
        else:
            yield Term(_stem(_folded(word)), start, end)


@lru_cache(maxsize=65_536)
def key(term: str) -> int:
    """The number that stands for a term, 1 to 2**32 - 1.

    Two terms of a collection with 500,000 may share one: about 30 pairs do, which costs a search nothing that shows.
    """
    return zlib.crc32(term.encode()) or 1


def stored_terms(heading: str, body: str) -> bytes:
    """What is kept of a passage's words: the keys of its heading's terms, 0, those of its own; uint32, little-endian."""
    return np.array([*map(key, terms(heading)), 0, *map(key, terms(body))], KEY).tobytes()


def _plain_number(written: str) -> str:
    """ "2,000" and "2.000" -> "2000"; "7.7" and "7,7" -> "7.7"."""
    groups = re.split(r"[.,]", written)
    if len(groups) > 1 and all(len(group) == 3 for group in groups[1:]) and len(groups[0]) <= 3:
        return "".join(groups)
    return ".".join(groups)


@lru_cache(maxsize=65_536)
def _folded(word: str) -> str:
    """Lower case, without accents and without a possessive ending."""
    lowered = word.lower().replace("’", "'")
    if lowered.endswith("'s"):
        lowered = lowered[:-2]
    lowered = lowered.replace("'", "")
    if lowered.isascii():
        return lowered
    decomposed = unicodedata.normalize("NFD", lowered)
    latin = "".join(char for char in decomposed if not "\u0300" <= char <= "\u036f")
    return unicodedata.normalize("NFC", latin)


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    # A stemmer object is not safe to share between threads; making one costs microseconds, and
    # the cache makes it rare.
    return str(Stemmer.Stemmer("english").stemWord(word))
