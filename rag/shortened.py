"""PURE. Is a sentence one of its source with something left out, and nothing without which it says something else?

Words copied in their order add nothing; but "He is charged with orchestrating the murder" does not say that he is charged with
the murder, nor "The wife of the mayor has filed for divorce" that the mayor has. So what is left out may not be the thing that
a preposition belongs to, the beginning of the subject, the one end of a clause and the other of the next, a number beside
another number, or a word such as "formerly" or "almost". What this is worth stands in docs/measurements.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

from index.words import Term, is_stop_word, located_terms
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
    "formerly former almost nearly allegedly reportedly perhaps only likely possibly potentially if whether until "
    "unless".split()
)
"""Without these a sentence says more than with them."""

_BRACKETS = re.compile(r"\([^()]*\)")
_BREAK = re.compile(r"[,–—]|\s-\s")


def is_shortened(said: str, source: str, known: Collection[str] = ()) -> bool:
    """Does the sentence say what the sentence of its source says, with words left out?

    `known` are terms that need not stand there: what the reader knows from elsewhere.
    """
    words, there = _not_known(said, known), list(located_terms(source))
    telling = [term for term in words if not is_stop_word(_written(said, term))]
    if len(telling) < FEWEST or max(len(words), len(there)) > LONGEST:
        return False
    places: dict[str, list[int]] = {}
    for place, term in enumerate(there):
        places.setdefault(term.term, []).append(place)
    numbers = any(_written(said, term)[0].isdigit() for term in words)

    @cache
    def may_go(before: int, place: int, breaks: int) -> bool:
        return _may_go(source, there, before, place, breaks, numbers)

    reached, end = {-1}, 0
    for term in words:
        written, breaks, end = _written(said, term), _breaks(said[end : term.start]), term.end
        found = {
            place
            for place in places.get(term.term, ())
            if _owns(written) == _owns(_written(source, there[place]))
            for before in (-1, *range(max(0, place - LONGEST_GAP - 1), place))
            if before in reached and may_go(before, place, breaks)
        }
        if written.lower() in _SPARED:
            found |= reached
        if not found:
            return False
        reached = found
    return True


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


def _may_go(source: str, there: list[Term], before: int, place: int, breaks: int, numbers: bool) -> bool:
    """May what stands in the source between two of its words (before the first there is none, -1) be left out?

    `breaks` are the commas and dashes that the sentence itself has there; does it tell `numbers`?
    """
    left_out = [_written(source, term).lower() for term in there[before + 1 : place]]
    telling = [word for word in left_out if word not in _SPARED]
    if before < 0:
        return not telling or (telling[-1] not in _PREPOSITIONS and not _is_part(left_out))
    if not left_out:
        return True
    between = _BRACKETS.sub(" ", source[there[before].end : there[place].start])
    more = _breaks(between) - breaks
    if more % 2 or re.search("[;:]", between):
        return False
    if numbers and any(word[0].isdigit() for word in left_out) and not _JOINING.isdisjoint(left_out):
        return False
    if not _TURNS.isdisjoint(left_out) or says_not(between) or (more <= 0 and not _OTHER_CLAUSE.isdisjoint(left_out)):
        return False
    if not telling:
        return True
    if telling[-1] in _PREPOSITIONS or _owns(telling[-1]) or _written(source, there[place]).lower() == "of":
        return False
    last = _written(source, there[before]).lower()
    if last in _PREPOSITIONS:
        return len(telling) <= AFTER_PREPOSITION and all(
            word not in _PREPOSITIONS and not word.endswith("ing") for word in telling
        )
    return last not in _JOINING


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
