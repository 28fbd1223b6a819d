"""PURE. Is a sentence one of its source with something left out, and nothing without which it says something else?

Words copied in their order add nothing; but "He is charged with orchestrating the murder" does not say that he is charged with
the murder, nor "The wife of the mayor has filed for divorce" that the mayor has. So what is left out may not be the thing that
a preposition belongs to, the beginning of the subject, the one end of a clause and the other of the next, a number beside
another number, or a word such as "formerly" or "almost". What this is worth stands in docs/measurements.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache

from index.words import Term, is_stop_word, located_terms
from rag.narrowing import narrows
from rag.quantities import NUMBER_WORDS
from rag.support import says_not

FEWEST = 3
"""Telling words that a sentence must have for their order to mean anything."""

LONGEST_GAP, AFTER_PREPOSITION = 8, 2
"""Words that may be left out in one place, and telling ones directly after a preposition ("in northern France")."""

LONGEST = 250
"""Words of a sentence; of a longer one nothing is said."""

_PREPOSITIONS = frozenset(
    "of in to from by with for at on about against between under over into near behind without among towards after before "
    "during since until than as via per upon through across around".split()
)
_JOINING = _PREPOSITIONS | {"and", "or"}
_SPARED = frozenset(
    "the a an this that these those its his her their our has have had is are was were been be it he she they also who "
    "which".split()
)
"""Words that the sentence may have though its source does not."""

_ARTICLES = frozenset({"the", "a", "an"})
_OTHER_CLAUSE = frozenset("who which that when where whose because while".split())
_TURNS = frozenset(
    "formerly former ex acting deputy vice alleged suspected supposed fake failed attempted planned proposed almost nearly "
    "allegedly reportedly perhaps only likely possibly potentially if whether until unless".split()
)
"""Without these a sentence says more than with them."""

_BRACKETS = re.compile(r"\([^()]*\)")
_BREAK = re.compile(r"[,–—]|\s-\s")


def is_shortened(said: str, source: str, known: Collection[str] = ()) -> bool:
    """Does the sentence say what the sentence of its source says, with words left out?

    `known` are terms that need not stand there: what the reader knows from elsewhere.
    """
    aligned = _aligned(said, source, known)
    return aligned is not None and aligned.stands(_may_go, _may_end)


def is_widened(said: str, source: str, known: Collection[str] = ()) -> bool:
    """Are the sentence's words those of the sentence of its source, in their order, without something that narrows them?"""
    aligned = _aligned(said, source, known)
    return aligned is not None and aligned.stands(_always, _always) and not aligned.stands(_narrows_nothing, _may_end)


@dataclass(frozen=True, slots=True)
class _Gap:
    """What of a source stands between two of its words, `before` (-1 is its beginning) and `place` (their number its end).

    The sentence has `breaks` there, commas and dashes, and tells `numbers` or not.
    """

    source: str
    there: Sequence[Term]
    before: int
    place: int
    breaks: int
    numbers: bool

    @property
    def left_out(self) -> list[str]:
        """Its words, in small letters."""
        return [_written(self.source, term).lower() for term in self.there[self.before + 1 : self.place]]

    @property
    def between(self) -> str:
        """All of it, as it is written, but what stands in brackets."""
        end = self.there[self.place].start if self.place < len(self.there) else len(self.source)
        return _BRACKETS.sub(" ", self.source[len(self.kept) : end])

    @property
    def kept(self) -> str:
        """The source before it."""
        return self.source[: self.there[self.before].end] if self.before >= 0 else ""

    @property
    def last(self) -> str:
        """The word before it, in small letters."""
        return _written(self.source, self.there[self.before]).lower() if self.before >= 0 else ""


@dataclass(frozen=True, slots=True)
class _Aligned:
    """A source, and for each word of a sentence how it is written, the breaks before it, and where the source has it."""

    source: str
    there: Sequence[Term]
    words: Sequence[tuple[str, int, Sequence[int]]]

    def stands(self, may_go: Callable[[_Gap], bool], may_end: Callable[[_Gap], bool]) -> bool:
        """Are the words in the source in their order, with nothing left out between and after them but what may go?"""
        numbers = any(written[0].isdigit() for written, *_ in self.words)

        @cache
        def goes(before: int, place: int, breaks: int) -> bool:
            return may_go(_Gap(self.source, self.there, before, place, breaks, numbers))

        reached = {-1}
        for written, breaks, places in self.words:
            found = {
                place
                for place in places
                for before in (-1, *range(max(0, place - LONGEST_GAP - 1), place))
                if before in reached and goes(before, place, breaks)
            }
            if written.lower() in _SPARED:
                found |= reached
            if not found:
                return False
            reached = found
        return any(may_end(_Gap(self.source, self.there, place, len(self.there), 0, numbers)) for place in reached)


def _aligned(said: str, source: str, known: Collection[str]) -> _Aligned | None:
    """Where the words of a sentence stand in a source; None when there are too few of them to tell, or too many."""
    words, there = _not_known(said, known), list(located_terms(source))
    telling = [term for term in words if not is_stop_word(_written(said, term))]
    if len(telling) < FEWEST or max(len(words), len(there)) > LONGEST:
        return None
    places: dict[str, list[int]] = {}
    for place, term in enumerate(there):
        places.setdefault(term.term, []).append(place)
    found, end = [], 0
    for term in words:
        written = _written(said, term)
        same = [at for at in places.get(term.term, ()) if _owns(written) == _owns(_written(source, there[at]))]
        found.append((written, _breaks(said[end : term.start]), same))
        end = term.end
    return _Aligned(source, there, found)


def _not_known(said: str, known: Collection[str]) -> list[Term]:
    """The words of a sentence, those aside that are known, with the preposition and the article before them ("in the Alps")."""
    words: list[Term] = []
    for term in located_terms(said):
        if term.term not in known:
            words.append(term)
            continue
        while words and _written(said, words[-1]).lower() in _PREPOSITIONS | _ARTICLES:
            words.pop()
    return words


def _always(_: _Gap) -> bool:
    return True


def _may_end(gap: _Gap) -> bool:
    """May the sentence end where its source goes on like this?"""
    return not narrows(gap.kept, gap.between)


def _narrows_nothing(gap: _Gap) -> bool:
    """Is nothing left out here that narrows what stands before it or behind it?"""
    telling = [word for word in gap.left_out if word not in _SPARED]
    if gap.before < 0:
        return not telling or telling[-1] not in _TURNS
    return not telling or not (narrows(gap.kept, gap.between) or telling[-1] in _TURNS)


def _may_go(gap: _Gap) -> bool:
    """May what stands there be left out, and the sentence says no other thing?"""
    left_out = gap.left_out
    telling = [word for word in left_out if word not in _SPARED]
    if gap.before < 0:
        return not telling or not (telling[-1] in _PREPOSITIONS | _TURNS or _is_part(left_out))
    if not left_out:
        return True
    more = _breaks(gap.between) - gap.breaks
    if more % 2 or re.search("[;:]", gap.between):
        return False
    if (
        gap.numbers
        and any(word[0].isdigit() or word in NUMBER_WORDS for word in left_out)
        and not _JOINING.isdisjoint(left_out)
    ):
        return False
    if not _TURNS.isdisjoint(left_out) or says_not(gap.between) or (more <= 0 and not _OTHER_CLAUSE.isdisjoint(left_out)):
        return False
    if not telling:
        return True
    if narrows(gap.kept, gap.between):
        return False
    if telling[-1] in _PREPOSITIONS or _owns(telling[-1]) or _written(gap.source, gap.there[gap.place]).lower() == "of":
        return False
    if gap.last in _PREPOSITIONS:
        return len(telling) <= AFTER_PREPOSITION and all(
            word not in _PREPOSITIONS and not word.endswith("ing") for word in telling
        )
    return gap.last not in _JOINING


def _is_part(left_out: list[str]) -> bool:
    """Does what is left out before a noun say that only a part of it is meant ("two of the five", "most of the young")?"""
    if "of" not in left_out:
        return False
    whole = left_out[len(left_out) - left_out[::-1].index("of") :]
    return _ARTICLES.isdisjoint(whole[1:])  # "on the night of Monday the" has an article of its own


def _breaks(text: str) -> int:
    """The commas and dashes in a text."""
    return len(_BREAK.findall(text))


def _written(text: str, term: Term) -> str:
    return text[term.start : term.end]


def _owns(word: str) -> bool:
    """Does it have the ending of an owner ("Germany's")?"""
    return word.endswith(("'s", "’s", "s'", "s’"))
