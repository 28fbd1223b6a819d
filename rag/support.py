"""PURE. What a sentence has in common with the words it rests on, as numbers: the evidence that `rag.verify` weighs.

Words that somebody copied stand there in the same order; of words that somebody rewrote, each has one near it in meaning.
Which of the two is at hand, the share of neighbouring words that stand there too tells ("copied"): the numbers are weighed
apart for copies and for rewritings, because what shows a copy to be true says nothing of a rewriting, and the other way
round (measured in docs/measurements.md).

A text is read once, in its context, by the built-in embedder: from then on, comparing costs a few matrix products.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index.minilm import WINDOW, MiniLM, Reading
from index.sentences import sentence_spans
from index.words import is_stop_word, located_terms
from rag.countries import same_country
from rag.quantities import Quantity, quantities, unexplained

Array = NDArray[np.float32]
T = TypeVar("T")

TOGETHER = 900
"""Characters of a text that are read as one, whole sentences: about 200 tokens, so that a "he" is read with his name."""

COPIED, STEEPNESS = 0.55, 0.12
"""Share of neighbouring words from which a sentence counts as copied rather than rewritten, and how gradually."""

OF_COPIES = (
    "pairs of one sentence", "triples of one sentence", "triples", "in one place", "runs", "weakest run", "neighbours",
    "weakest", "numbers",
)  # fmt: skip
OF_REWRITINGS = (
    "telling words", "same words", "nearest", "weakest", "weakest in the middle", "neighbours", "numbers", "names",
)  # fmt: skip
AGAINST = ("numbers", "names")
"""What is weighed of a copied sentence, what of a rewritten one, and what of it speaks against support: how many numbers and
names are missing. The others are shares and cosines."""

CLOSEST, ADDING, LEAST_ADDED = 3, 0.8, 0.1
"""Sentences that are read beside the one that is checked; how much it counts that one has words which those chosen before
lack, and the share of words that a further one must add."""

_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|denie[sd]|deny|denying|refus(?:e|es|ed|ing)|fail(?:s|ed|ing)?|"
    r"reject(?:s|ed|ing)?|cannot|\w+n['’ ]t)\b",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?:(?-i:may)|might|could|would|plan(?:s|ned|ning)?|expect(?:s|ed)?|likely|reported(?:ly)?|alleged(?:ly)?|accuse[sd]?"
    r"|claim(?:s|ed)?|"
    r"suggest(?:s|ed)?|hope[sd]?|rumou?r(?:s|ed)?|possibl[ey]|want(?:s|ed)?|intend(?:s|ed)?|propose[sd]?|considering|if"
    r"|unless)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ReadSentence:
    """A sentence as it is compared: its place in the text it was read in; its terms, those that tell something, and its words
    in lower case; its terms by two and by three; its numbers; and of its n tokens the unit vectors after the embedder's last
    and after its fourth layer (n, 384), their numbers in the vocabulary (n,), and which of them tell something."""

    start: int
    end: int
    text: str
    terms: tuple[str, ...]
    telling: tuple[str, ...]
    words: frozenset[str]
    pairs: frozenset[tuple[str, ...]]
    triples: frozenset[tuple[str, ...]]
    quantities: tuple[Quantity, ...]
    last: Array
    middle: Array
    ids: NDArray[np.int64]
    tells: NDArray[np.bool_]


def read(model: MiniLM, text: str) -> list[ReadSentence]:
    """The sentences of a text, each read in its context."""
    found: list[ReadSentence] = []
    groups: list[list[tuple[int, int]]] = []
    for span in sentence_spans(text):
        if groups and span[1] - groups[-1][0][0] <= TOGETHER:
            groups[-1].append(span)
        else:
            groups.append([span])
    readings = model.read([text[group[0][0] : group[-1][1]] for group in groups])
    for group, reading in zip(groups, readings, strict=True):
        offset = group[0][0]
        starts = np.array([start for start, _ in reading.offsets], np.int64) + offset
        for start, end in group:
            first, last = int(np.searchsorted(starts, start)), int(np.searchsorted(starts, end))
            if first == last and last >= WINDOW - 2 - 1:
                # Beyond the window (a group of one endless sentence, or of another script): read by itself.
                alone = model.read([text[start:end]])[0]
                found.append(_sentence(text, start, end, alone, start, 0, len(alone.ids)))
            else:
                found.append(_sentence(text, start, end, reading, offset, first, last))
    return found


def read_as_one(model: MiniLM, text: str) -> ReadSentence | None:
    """A text read as one sentence, whatever stops are in it; None when it is empty."""
    if not text.strip():
        return None
    alone = model.read([text])[0]
    return _sentence(text, 0, len(text), alone, 0, 0, len(alone.ids))


def _sentence(text: str, start: int, end: int, reading: Reading, offset: int, first: int, last: int) -> ReadSentence:
    own = text[start:end]
    located = list(located_terms(own))
    telling = tuple(term for term, a, b in located if not is_stop_word(own[a:b]))
    places = [(start + a, start + b) for _, a, b in located if not is_stop_word(own[a:b])]
    tells = np.zeros(last - first, np.bool_)
    for n in range(first, last):
        a, b = reading.offsets[n][0] + offset, reading.offsets[n][1] + offset
        tells[n - first] = any(a < y and b > x for x, y in places)
    terms = tuple(term for term, _, _ in located)
    at = slice(first, last)
    told = tells if tells.any() else ~tells
    return ReadSentence(
        start,
        end,
        own,
        terms,
        telling or terms,
        frozenset(own[a:b].lower() for _, a, b in located),
        frozenset(pairwise(terms)),
        frozenset(_triples(terms)),
        tuple(quantities(own)),
        reading.tokens[at],
        reading.middle[at],
        reading.ids[at],
        told,
    )


def nearness(said: ReadSentence, sentences: Sequence[ReadSentence]) -> Array:
    """How near each sentence comes, for a first choice: the words of the other that it has, and the likeness of its tokens."""
    if not sentences:
        return np.zeros(0, np.float32)
    words = np.array([_share(said.telling, one.terms) for one in sentences], np.float32)
    likeness = _best_of_each(said.last, [one.last for one in sentences])[said.tells].mean(axis=0)
    return np.asarray(words + likeness, np.float32)


def closest(said: ReadSentence, evidence: Sequence[ReadSentence]) -> list[ReadSentence]:
    """The few sentences of the evidence that say most of what was said, in their order: the likest, then those that add to it.

    A word counts the more, the fewer of the sentences have it.
    """
    if len(evidence) <= 1:
        return list(evidence)
    telling = set(said.telling)
    sets = [telling & set(one.terms) for one in evidence]
    weight = {term: math.log(1 + len(evidence) / (sum(term in one for one in sets) + 0.5)) for term in telling}
    total = sum(weight.values()) or 1.0
    likeness = (
        _best_of_each(said.last, [one.last for one in evidence]).mean(axis=0) if len(said.last) else np.zeros(len(evidence))
    )
    likely = [sum(weight[term] for term in one) / total + float(like) for one, like in zip(sets, likeness, strict=True)]
    chosen: list[int] = []
    covered: set[str] = set()
    while len(chosen) < min(CLOSEST, len(evidence)):
        adds = {n: sum(weight[term] for term in sets[n] - covered) / total for n in range(len(evidence)) if n not in chosen}
        best = max(adds, key=lambda n: likely[n] + ADDING * adds[n])
        if chosen and adds[best] < LEAST_ADDED:
            break
        chosen.append(best)
        covered |= sets[best]
    return [evidence[n] for n in sorted(chosen)]


@dataclass(frozen=True, slots=True)
class Support:
    """How far a sentence is copied rather than rewritten, in (0, 1), and the numbers named in OF_COPIES and OF_REWRITINGS."""

    copied: float
    numbers: dict[str, float]


def support(said: ReadSentence, evidence: Sequence[ReadSentence]) -> Support:
    """What a sentence has in common with the sentences it rests on (at least one)."""
    whole = frozenset().union(*(one.terms for one in evidence))
    pairs, triples = list(pairwise(said.terms)), _triples(said.terms)
    neighbouring = _share(pairs, frozenset().union(*(one.pairs for one in evidence)))
    late = _best_of_each(said.last, [one.last for one in evidence])[said.tells]
    middle = _best_of_each(said.middle, [one.middle for one in evidence])[said.tells]
    run, weakest_run = _runs(said, evidence)
    numbers = {
        "pairs of one sentence": max(_share(pairs, one.pairs) for one in evidence),
        "triples of one sentence": max(_share(triples, one.triples) for one in evidence),
        "triples": _share(triples, frozenset().union(*(one.triples for one in evidence))),
        # What one sentence lacks of what all of them give together: a sentence joined from what does not belong together.
        "in one place": float(middle.mean(axis=0).max() - middle.max(axis=1).mean()),
        "runs": run,
        "weakest run": weakest_run,
        "neighbours": _neighbours(middle),
        "telling words": _share(said.telling, whole),
        "same words": float(np.isin(said.ids, np.concatenate([one.ids for one in evidence]))[said.tells].mean()),
        "nearest": float(late.max(axis=1).mean()),
        "weakest": _weakest(late.max(axis=1)),
        "weakest in the middle": _weakest(middle.max(axis=1)),
        "numbers": float(len(unexplained(said.quantities, known_quantities(evidence)))),
        "names": float(len(missing_names(said, evidence))),
    }
    return Support(1 / (1 + math.exp(-(neighbouring - COPIED) / STEEPNESS)), numbers)


def missing_names(said: ReadSentence, evidence: Sequence[ReadSentence]) -> list[str]:
    """The names in a sentence, its first word aside, that the evidence does not have; a country's people stand for it."""
    here = frozenset().union(*(one.terms for one in evidence))
    words = frozenset().union(*(one.words for one in evidence))
    missing = []
    for term, start, end in located_terms(said.text):
        word = said.text[start:end]
        if start and word[0].isupper() and term not in here and not is_stop_word(word) and not word[0].isdigit():
            folded = word.lower().replace("’", "'").removesuffix("'s")
            if not same_country().get(folded, frozenset()) & words:
                missing.append(word)
    return missing


def known_quantities(evidence: Sequence[ReadSentence]) -> list[Quantity]:
    """The numbers of the evidence."""
    return [quantity for one in evidence for quantity in one.quantities]


def other_number(said: ReadSentence, evidence: Sequence[ReadSentence]) -> tuple[Quantity, Quantity] | None:
    """A number of the sentence and another one that the evidence gives of the same thing, where nothing explains the first."""
    known = known_quantities(evidence)
    for told in unexplained(said.quantities, known):
        for source in known:
            if told.kind == source.kind and told.thing and told.thing.rstrip("s") == source.thing.rstrip("s"):
                return told, source
    return None


def says_not(text: str) -> bool:
    """Does it say that something is not so?"""
    return bool(_NEGATION.search(text))


def hedges(text: str) -> bool:
    """Does it tell a plan, a claim or a possibility?"""
    return bool(_HEDGE.search(text))


def _best_of_each(said: Array, others: Sequence[Array]) -> Array:
    """For each token said, its best cosine with a token of each of the others: (tokens, others)."""
    lengths = [len(other) for other in others]
    filled = [n for n, length in enumerate(lengths) if length]
    best = np.zeros((len(said), len(others)), np.float32)
    if filled and len(said):
        cosines = said @ np.concatenate([others[n] for n in filled]).T
        starts = np.cumsum([0, *(lengths[n] for n in filled)])[:-1]
        best[:, filled] = np.maximum.reduceat(cosines, starts, axis=1)
    return best


def _runs(said: ReadSentence, evidence: Sequence[ReadSentence]) -> tuple[float, float]:
    """How well three tokens in a row are met by three in a row: the mean, and of two in a row the mean of the worst three."""
    others = [one.middle for one in evidence if len(one.middle)]
    if len(said.middle) < 3 or not others:
        return 0.0, 0.0
    cosines = said.middle @ np.concatenate(others).T
    if cosines.shape[1] < 3:
        return 0.0, 0.0
    two = np.minimum(cosines[:-1, :-1], cosines[1:, 1:])
    three = np.minimum(two[:-1, :-1], two[1:, 1:])
    return float(three.max(axis=1).mean()), _weakest(two.max(axis=1))


def _neighbours(best: Array) -> float:
    """How well one sentence meets both of two telling tokens that are two apart: (tokens, sentences) -> mean."""
    if len(best) < 3:
        return float(best.max(axis=1).mean()) if len(best) else 0.0
    return float(np.minimum(best[:-2], best[2:]).max(axis=1).mean())


def _weakest(best: Array) -> float:
    return float(np.sort(best)[:3].mean()) if len(best) else 0.0


def _share(of: Sequence[T], among: Collection[T]) -> float:
    return sum(item in among for item in of) / len(of) if of else 0.0


def _triples(words: Sequence[str]) -> list[tuple[str, ...]]:
    return list(zip(words, words[1:], words[2:], strict=False))
