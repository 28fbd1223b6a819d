"""The words of the lexical index: how a text becomes terms, and how terms are asked for.

The index itself is an SQLite FTS5 table inside the library, so that a passage's words appear and
disappear in the same transaction as the passage. It is given terms, not text: the same analysis
then serves the question, the index and the keyless writer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import Stemmer

ANALYSIS = "snowball-en-v1"
"""Names how text becomes terms; the index is stamped with it."""

TABLE = """CREATE VIRTUAL TABLE words USING fts5(
  heading, body, content='', tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co M*' tokenchars '.'")"""
VOCABULARY = "CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, 'row')"
HEADING_WEIGHT, BODY_WEIGHT = 1.0, 1.0

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


def match_expression(asked: Sequence[str]) -> str:
    """The FTS5 expression that finds a passage holding any of the terms; empty for no terms."""
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in dict.fromkeys(asked) if term)


def indexed(texts: Iterable[str]) -> str:
    """The terms of texts, as one string for the FTS5 table."""
    return " ".join(term for text in texts for term in terms(text))


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
