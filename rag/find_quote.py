"""PURE. Where remembered words stand in an article: word for word, but for their typography, or with small slips.

A place is found in three steps, each only when the one before found none: the words as they are; the words without regard
to case, white space and the shapes of quotation marks and dashes; and the best alignment of the two word by word, where a
word of a different form costs little and another word, one missing or one too many costs more.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from index import words
from index.sentences import sentence_spans
from index.types import Article, Passage

How = Literal["exact", "same", "near"]
"""Word for word; but for case, white space and typography; or nearly."""

NEAR = 0.65
"""The likeness from which words count as nearly the same."""

LEAST_WORDS = 3
"""Fewer words than these are only found as they are: almost any two are "near" something."""

AROUND = 3_000
"""Characters before and after a passage in which an alignment is looked for."""

LONG = 50_000
"""Characters of an article from which on only what lies around its passages is looked through."""

SHARED = 0.35
"""The share of the words that a stretch of text must hold for an alignment to be worth its time."""

ALIGNED = 30
"""Passages in which an alignment is looked for."""

MOST_DIFFERENCES = 6

_SLIP, _SMALL, _OTHER = 1, 2, 4
"""What a word of a different form costs; what one that says nothing by itself ("the") does when it is missing or too many; and
what any other does, or another in its place."""

_RANK = {"exact": 0, "same": 1, "near": 2}
_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W_]+(?:['’][^\W_]+)*")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_LEFT_OUT = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")
_SHAPES = str.maketrans(
    dict.fromkeys("“”„‟«»″＂", '"') | dict.fromkeys("‘’‚‛‹›′`´", "'") | dict.fromkeys("‐‑‒–—―−", "-") | {"…": "..."}
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where words stand in a text: its span, how they were found, and how like they are, in (0, 1]."""

    start: int
    end: int
    how: How
    likeness: float


@dataclass(frozen=True, slots=True)
class FoundQuote:
    """Remembered words in an article: `article.text[start:end] == quote`, always.

    `sentence` is the span of the sentences that hold them. `likeness` is 1.0 unless `how` is "near"; `differences` then say,
    in words for a person, where the two differ.
    """

    article: Article
    start: int
    end: int
    quote: str
    sentence: tuple[int, int]
    how: How
    likeness: float
    differences: tuple[str, ...] = ()

    def to_dict(self, *, texts: bool = True) -> dict[str, Any]:
        """This as JSON-serialisable values; without `texts` the article's text is left out."""
        article = self.article if texts else self.article.without_text()
        start, end = self.sentence
        return {
            "article": article.to_dict(),
            "start": self.start,
            "end": self.end,
            "quote": self.quote,
            "sentence": {"start": start, "end": end, "text": self.article.text[start:end]},
            "how": self.how,
            "likeness": self.likeness,
            "differences": list(self.differences),
        }


def find(wanted: str, candidates: Sequence[tuple[Passage, Article]], k: int = 10) -> list[FoundQuote]:
    """The best k places of the words among passages that may hold them, one an article: word for word first, then the
    likest, and of those the newest. Of `candidates`, the likeliest come first; nearly the same words are looked for only in
    the first ALIGNED of those that hold no others."""
    wanted = trimmed(wanted)
    if not any(char.isalnum() for char in wanted):
        return []
    best: dict[str, FoundQuote] = {}
    seen: set[tuple[str, int]] = set()
    for passage, article in candidates:
        first, last = _window(article.text, passage)
        if article.id not in best and (article.id, first) not in seen:
            seen.add((article.id, first))
            if place := _verbatim(wanted, article.text, first, last):
                best[article.id] = _found(wanted, article, place)
    others = [(passage, article) for passage, article in candidates if article.id not in best]
    for passage, article in others[:ALIGNED]:
        near = _near(wanted, article.text, max(0, passage.start - AROUND), min(len(article.text), passage.end + AROUND))
        known = best.get(article.id)
        if near and (known is None or near.likeness > known.likeness):
            best[article.id] = _found(wanted, article, near)
    return sorted(best.values(), key=_order)[:k]


def telling(wanted: str, frequency: Callable[[Iterable[str]], Mapping[str, int]], most: int = 32) -> str:
    """The words to search for passages with: those whose terms stand in the fewest, but in some, in their order."""
    terms = list(words.located_terms(wanted))
    found = frequency({term.term for term in terms})
    rarest = sorted((count, term) for term, count in found.items() if count)[:most]
    chosen = {term for _, term in rarest}
    return " ".join(wanted[term.start : term.end] for term in terms if term.term in chosen)


def trimmed(wanted: str) -> str:
    """The words without white space and a pair of quotation marks around them."""
    wanted = wanted.replace("\0", " ").strip()
    shaped = wanted.translate(_SHAPES)
    if len(wanted) > 2 and len(shaped) == len(wanted) and shaped[0] in "\"'" and shaped[-1] in "\"'":
        return wanted[1:-1].strip()
    return wanted


def locate(wanted: str, text: str) -> Place | None:
    """Where the words stand in a text, or nearly the same ones. None when nowhere."""
    wanted = trimmed(wanted)
    if not any(char.isalnum() for char in wanted):
        return None
    return _verbatim(wanted, text, 0, len(text)) or _near(wanted, text, 0, len(text))


def differences(wanted: str, quote: str) -> tuple[str, ...]:
    """Where remembered words and those of the article differ, in words for a person; at most a few."""
    remembered, there = [m.group() for m in _words(wanted)], [m.group() for m in _words(quote)]
    said = []
    matcher = difflib.SequenceMatcher(None, [_plain(w) for w in remembered], [_plain(w) for w in there], autojunk=False)
    for what, i, j, k, m in matcher.get_opcodes():
        mine, theirs = " ".join(remembered[i:j]), " ".join(there[k:m])
        if what == "replace":
            said.append(f"“{theirs}” for your “{mine}”")
        elif what == "delete":
            said.append(f"your “{mine}” is not there")
        elif what == "insert":
            said.append(f"“{theirs}” stands there too")
    more = len(said) - MOST_DIFFERENCES
    return (*said[:MOST_DIFFERENCES], f"and {more} more") if more > 0 else tuple(said)


def _order(found: FoundQuote) -> tuple[int, float, int]:
    return _RANK[found.how], -found.likeness, -(found.article.published.toordinal() if found.article.published else 0)


def _found(wanted: str, article: Article, place: Place) -> FoundQuote:
    quote = article.text[place.start : place.end]
    said = differences(wanted, quote) if place.how == "near" else ()
    sentence = _sentence(article.text, place.start, place.end)
    return FoundQuote(article, place.start, place.end, quote, sentence, place.how, place.likeness, said)


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The span of the sentences that hold text[start:end]."""
    first, last = max(0, start - AROUND), min(len(text), end + AROUND)
    held = [(first + a, first + b) for a, b in sentence_spans(text[first:last]) if first + b > start and first + a < end]
    return (min(start, held[0][0]), max(end, held[-1][1])) if held else (start, end)


def _window(text: str, passage: Passage) -> tuple[int, int]:
    if len(text) <= LONG:
        return 0, len(text)
    return max(0, passage.start - AROUND), min(len(text), passage.end + AROUND)


def _verbatim(wanted: str, text: str, first: int, last: int) -> Place | None:
    """The words in text[first:last] as they are, or but for their typography."""
    at = text.find(wanted, first, last)
    while at >= 0:
        if _whole_words(text, at, at + len(wanted)):
            return Place(at, at + len(wanted), "exact", 1.0)
        at = text.find(wanted, at + 1, last)
    same = _same(wanted, text[first:last])
    return same and Place(first + same[0], first + same[1], "same", 1.0)


def _whole_words(text: str, start: int, end: int) -> bool:
    """Does the span neither begin nor end inside of a word?"""

    def inside(at: int) -> bool:
        both = text[max(0, at - 1) : at + 1]
        return len(both) == 2 and both.isalnum() and not _WIDE.search(both)

    return not (start and inside(start)) and not inside(end)


def _same(wanted: str, text: str) -> tuple[int, int] | None:
    """The span of the words in the text, both folded."""
    if _flat(wanted) not in _flat(text):
        return None  # told without working out where each character stood
    sought, _ = _folded(wanted)
    sought = sought.strip()
    folded, places = _folded(text)
    at = folded.find(sought) if sought else -1
    while at >= 0:
        start, end = places[at], places[at + len(sought) - 1] + 1
        if _whole_words(text, start, end):
            return start, end
        at = folded.find(sought, at + 1)
    return None


def _flat(text: str) -> str:
    """What `_folded` gives, without the places."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", _LEFT_OUT.sub("", text)).casefold().translate(_SHAPES)
    return " ".join(plain.lower().split())


def _folded(text: str) -> tuple[str, list[int]]:
    """A text without what does not matter, and for each of its characters where it stood in `text`."""
    pieces: list[str] = []
    places: list[int] = []
    blank = True
    for place, char in enumerate(text):
        if char.isspace():
            if not blank:
                pieces.append(" ")
                places.append(place)
            blank = True
            continue
        if char.isascii():
            folded = char.lower()
        elif _LEFT_OUT.match(char):
            continue
        else:
            folded = unicodedata.normalize("NFKC", char).casefold().translate(_SHAPES)
        blank = False
        pieces.append(folded)
        places.extend([place] * len(folded))
    return "".join(pieces), places


def _words(text: str) -> list[re.Match[str]]:
    """The words of a text; in scripts without spaces every character is one."""
    if _WIDE.search(text):
        return list(re.finditer(rf"{_WIDE.pattern}|{_WORD.pattern}", text))
    return list(_WORD.finditer(text))


def _plain(word: str) -> str:
    return _folded(word)[0].replace("'", "")


def _near(wanted: str, text: str, first: int, last: int) -> Place | None:
    """The stretch of text[first:last] that is likest to the words, when it is like enough."""
    mine = [_plain(match.group()) for match in _words(wanted)]
    places = _words(text[first:last])
    theirs = [_plain(match.group()) for match in places]
    if len(mine) < LEAST_WORDS or not theirs:
        return None
    vocabulary = _Vocabulary(theirs)
    if vocabulary.shared(mine) < SHARED:
        return None
    cost, begin, end = _aligned(mine, theirs, vocabulary)
    likeness = 1 - cost / sum(map(_weight, mine))
    if likeness < NEAR or begin >= end:
        return None
    return Place(first + places[begin].start(), first + places[end - 1].end(), "near", round(likeness, 3))


def _aligned(mine: Sequence[str], theirs: Sequence[str], vocabulary: _Vocabulary) -> tuple[int, int, int]:
    """(cost, first, last): the stretch theirs[first:last] that all of `mine` can be turned into at the least cost.

    Sellers' algorithm, with prices of `vocabulary`, that of theirs. Each cell holds the cost, and in its lower bits where its
    stretch begins, so that the smaller of two cells is the cheaper one, and a row is worked out at once.
    """
    numbers = np.array([vocabulary.numbers[word] for word in theirs], np.int64)
    beside = np.arange(len(theirs) + 1, dtype=np.int64)
    one = 1 << 32
    row: NDArray[np.int64] = beside.copy()  # nothing matched yet, at no cost, beginning anywhere
    weights = np.array([0, *map(_weight, theirs)], np.int64)
    skipped = weights.cumsum() * one
    costs: dict[str, NDArray[np.int64]] = {}
    for word in mine:
        if word not in costs:
            costs[word] = vocabulary.prices(word)[numbers] * one
        follow = np.empty_like(row)
        missing = _weight(word) * one
        follow[0] = row[0] + missing
        follow[1:] = np.minimum(row[:-1] + costs[word], row[1:] + missing)
        # To skip a word of theirs costs the same whatever came before: the running minimum of what that leaves.
        row = np.minimum.accumulate(follow - skipped) + skipped
    least = row >> 32
    last = len(theirs) - int(np.argmin(least[::-1]))  # of the cheapest the last: another word rather than none
    return int(row[last] >> 32), int(row[last] & (one - 1)), last


def _weight(word: str) -> int:
    return _SMALL if words.is_stop_word(word) else _OTHER


class _Vocabulary:
    """The different words of a stretch of text, and what it costs to take another word for each of them."""

    def __init__(self, theirs: Sequence[str]) -> None:
        self.numbers = {word: number for number, word in enumerate(dict.fromkeys(theirs))}
        self._weights = np.array([_weight(word) for word in self.numbers], np.int64)
        self._digits = np.array([word[:1].isdigit() for word in self.numbers], bool)
        self._forms: dict[tuple[str, ...], list[int]] = {}
        self._ends: dict[tuple[int, str, int], list[tuple[str, int]]] = {}
        for word, number in self.numbers.items():
            if not self._digits[number]:
                self._forms.setdefault(_stemmed(word), []).append(number)
                for end in _ends(word, len(word)):
                    self._ends.setdefault(end, []).append((word, number))

    def shared(self, mine: Sequence[str]) -> float:
        """The share of the weight of `mine` whose words stand here, in whatever form."""
        known = sum(_weight(word) for word in mine if word in self.numbers or _stemmed(word) in self._forms)
        return known / sum(map(_weight, mine))

    def prices(self, word: str) -> NDArray[np.int64]:
        """What it costs to take the word for each of these."""
        prices = np.maximum(self._weights, _weight(word))
        if word[:1].isdigit():
            prices[:] = _OTHER  # one digit is another number
        else:
            prices[self._forms.get(_stemmed(word), [])] = _SLIP
            for size in range(len(word) - 1, len(word) + 2):
                for end in _ends(word, size):
                    for other, number in self._ends.get(end, ()):
                        if _one_slip(word, other):
                            prices[number] = _SLIP
        if word in self.numbers:
            prices[self.numbers[word]] = 0
        return prices


def _ends(word: str, size: int) -> list[tuple[int, str, int]]:
    """One of these is also another word's of that size which is one slip away: its first or its last letter is the same."""
    return [(size, word[:1], 0), (size, word[-1:], 1)]


def _stemmed(word: str) -> tuple[str, ...]:
    return tuple(words.terms(word))


def _one_slip(word: str, other: str) -> bool:
    """Do two words of four letters or more differ by one letter too few, too many, wrong, or two in the wrong order?"""
    if abs(len(word) - len(other)) > 1 or min(len(word), len(other)) < 4:
        return False
    same = 0
    shorter = min(len(word), len(other))
    while same < shorter and word[same] == other[same]:
        same += 1
    rest, others = word[same:], other[same:]
    if len(rest) == len(others):
        return rest[1:] == others[1:] or (rest[:2] == others[:2][::-1] and rest[2:] == others[2:])
    return rest[1:] == others if len(rest) > len(others) else rest == others[1:]
