"""Is this sentence supported by these words? -> Verdict with reasons.

What sentence and evidence have in common (`rag.support`), and what a small network makes of the two (`rag.following`), is
weighed by a logistic model (`checking.json`, fitted by tests/bench/fit_checking.py), whose probability is the score. Numbers,
names, negations and hedges that do not fit are reasons of their own: with one of them, no sentence is called supported.
Deterministic; no network but that one.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.minilm import MiniLM, minilm
from index.words import is_stop_word, located_terms
from rag.attribution import reported
from rag.conflicts import conflict, misplaced, not_done, other_speaker, other_title
from rag.following import Following, following
from rag.quantities import unexplained
from rag.shortened import FEWEST, is_shortened, is_widened
from rag.support import (
    ReadSentence,
    Support,
    closest,
    hedges,
    known_quantities,
    missing_names,
    nearness,
    other_number,
    read,
    read_as_one,
    says_not,
    support,
)
from rag.types import Label, Verdict
from rag.verbatim import QUOTES, WORD_FOR_WORD, Standing, standing

FOLLOWS = "follows"
"""What the network's score is called beside the numbers."""

SAME_MATTER, SAME_WORDS = 0.5, 0.7
"""Share of its telling words that one sentence must have, for another number there to contradict it, or a "not" to raise a
doubt; and for another day or the opposite word to contradict it."""

SHORTENED = 0.92
"""How likely a sentence is supported that is one of the source with something left out, with nothing against it, and which is
not unlikely otherwise: so many of 448 were, on articles that nothing was fitted on (docs/measurements.md)."""

OWN_WORDS = 0.5
"""Share of a sentence's telling words that must stand in the words cited themselves: the headline, the outlet and the date
explain a name, and prove nothing."""

BORROWED = 2
"""Words of a sentence, names aside, from which it says what the headline says and the words cited do not."""

SUPPORTED = "its words, names and numbers stand in the source, and belong together there"

_MARKER = re.compile(r"\s*\[\d{1,3}(?:\s*[,–-]\s*\d{1,3})*\]")
_FINITE = re.compile(
    r"^(?:am|is|are|was|were|be|been|has|have|had|do|does|did|will|would|can|could|may|might|must|shall|should)$|['’](?:s|re|m|ve|d|ll|t)$",
    re.IGNORECASE,
)
"""Verbs that tell nothing by themselves, and make a sentence of two names all the same."""
_STOPS = (".", "!", "?", "…", "。", "！", "？", "।", "؟", "۔")


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each number of `rag.support.support` counts of copied sentences, and of rewritten ones."""

    copied: Mapping[str, float]
    rewritten: Mapping[str, float]
    gate: float
    bias: float


@dataclass(frozen=True, slots=True)
class CheckingModel:
    """What the numbers are weighed with once `centre` is taken from each and it is divided by `spread`: `counting` weighs
    them alone, `reading` them and what the network makes of the sentence; and the probabilities from which a label is given."""

    centre: Mapping[str, float]
    spread: Mapping[str, float]
    counting: Weights
    reading: Weights
    supported: float
    partly: float

    def probability(self, shared: Support, follows: float | None = None) -> float:
        """How likely the evidence supports the sentence, in (0, 1); `follows` is what the network makes of it, if asked."""
        weighed = self.counting if follows is None else self.reading
        numbers = shared.numbers if follows is None else {**shared.numbers, FOLLOWS: follows}
        total = weighed.bias + weighed.gate * (shared.copied - 0.5)
        for share, weights in ((shared.copied, weighed.copied), (1 - shared.copied, weighed.rewritten)):
            total += share * sum(
                weight * (numbers[name] - self.centre[name]) / self.spread[name] for name, weight in weights.items()
            )
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


def checking_model_from(stored: Traversable | Path) -> CheckingModel:
    """The model whose weights are stored in a JSON file."""
    values = json.loads(stored.read_text(encoding="utf-8"))
    return CheckingModel(**values | {name: Weights(**values[name]) for name in ("counting", "reading")})


@lru_cache(maxsize=1)
def checking_model() -> CheckingModel:
    """The model that ships, read once, when it is first needed."""
    return checking_model_from(files("rag").joinpath("checking.json"))


class Checker:
    """Checks sentences against texts that it has read. Safe to share between threads."""

    def __init__(self, model: MiniLM, fitted: CheckingModel | None = None, network: Following | None = None) -> None:
        self._model = model
        self._fitted = fitted or checking_model()
        self._given = network

    def warm(self) -> None:
        """Load the network now, which the first verdict would wait for: 0.3 s."""
        _ = self._network

    @property
    def _network(self) -> Following:
        """The network: only who checks a sentence needs it, not whoever opens a chat."""
        return self._given or following()

    def read(self, text: str) -> list[ReadSentence]:
        """The sentences of a text that is to be evidence: about 20 ms for 200 tokens."""
        return read(self._model, _whole(text))

    def read_one(self, sentence: str) -> ReadSentence | None:
        """A sentence that is to be checked, markers taken out; None when nothing is left of it."""
        said = " ".join(_MARKER.sub("", sentence).split())
        found = read_as_one(self._model, _whole(said))
        return found if found is not None and found.terms else None

    def nearness(self, said: ReadSentence, sentences: Sequence[ReadSentence]) -> NDArray[np.float32]:
        """How near each sentence comes to what was said, of shape (sentences,)."""
        return nearness(said, sentences)

    def glance(self, said: ReadSentence, evidence: Sequence[ReadSentence], context: Sequence[ReadSentence] = ()) -> float:
        """How likely the evidence, which is not empty, supports what was said, by what they have in common alone: 1 ms."""
        return self._fitted.probability(support(said, [*evidence, *context]))

    def verdict(self, said: ReadSentence, evidence: Sequence[ReadSentence], context: Sequence[ReadSentence] = ()) -> Verdict:
        """Whether the evidence supports what was said. No evidence supports nothing.

        `context` is what whoever reads the evidence knows besides: it explains words and names, and is not quoted.
        """
        return self.verdicts(said, [(evidence, context)])[0]

    def verdicts(
        self,
        said: ReadSentence,
        evidence: Sequence[tuple[Sequence[ReadSentence], Sequence[ReadSentence]]],
        read: Sequence[bool] | None = None,
    ) -> list[Verdict]:
        """The verdict by each of several pieces of evidence, each with its context; they are read at once.

        Of `read`, one for each, those that are False are not read, and judged by what they have in common with the sentence.
        """
        there = [standing(said.text, [one.text for one in cited]) for cited, _ in evidence]
        plain = [_at_sight(said, bool(cited), stands) for (cited, _), stands in zip(evidence, there, strict=True)]
        reading = [seen is None and (read is None or read[n]) for n, seen in enumerate(plain)]
        pairs = [
            (said, closest(said, [*cited, *context]))
            for (cited, context), asked in zip(evidence, reading, strict=True)
            if asked
        ]
        follows = iter(self._network.scores(pairs))
        return [
            seen or self._weighed(said, cited, context, next(follows) if asked else None, stands)
            for (cited, context), stands, seen, asked in zip(evidence, there, plain, reading, strict=True)
        ]

    def _weighed(
        self,
        said: ReadSentence,
        cited: Sequence[ReadSentence],
        context: Sequence[ReadSentence],
        follows: float | None,
        stands: Standing | None,
    ) -> Verdict:
        """The verdict on a sentence by what the network made of it beside its evidence, if it read both, and how its words
        stand there."""
        evidence = [*cited, *context]
        score = round(self._fitted.probability(support(said, evidence), follows), 3)
        nearest = evidence[int(nearness(said, evidence).argmax())]
        alike = _share_of(said, [nearest])
        denied = conflict(said.text, nearest.text) if alike >= SAME_MATTER else ""
        if alike >= SAME_MATTER and (numbers := other_number(said, evidence)):
            told, source = numbers
            denied, alike = f"the source says {source.written} {source.thing}, the sentence says {told.written}", 1.0
        if denied and alike >= SAME_WORDS:
            return Verdict("contradicted", min(score, 0.1), (denied,))
        reasons = ["it is no whole sentence: there is nothing that could be checked"] if _is_fragment(said) else []
        if stands and stands.doubted:
            reasons.append(stands.doubted)
        borrowed = _of_context(said, cited, context) - _names(said)
        if len(borrowed) >= BORROWED or (context and _share_of(said, cited) < OWN_WORDS <= _share_of(said, evidence)):
            reasons.append("only the headline, the outlet or the date says it")
        reasons += _faults(said, evidence, nearest, denied)
        known = _of_context(said, cited, context) & _names(said)
        if not (stands and stands.doubted) and any(is_widened(said.text, one.text, known) for one in cited):
            reasons.append("it leaves out what narrows it in the source")
        # What is shortened leaves out what does not matter and adds nothing: then it is enough that it is not unlikely.
        shortened = score >= self._fitted.partly and any(is_shortened(said.text, one.text, known) for one in cited)
        if shortened and not reasons:
            score = max(score, SHORTENED)
        if not reasons and (shortened or score >= self._fitted.supported):
            nearest = cited[int(nearness(said, cited).argmax())]
            return _vouched("supported", score, SUPPORTED, reported(said.text, nearest.text))
        if not reasons:
            reasons.append(_why(said, evidence))
        return Verdict("partly" if score >= self._fitted.partly else "unsupported", score, tuple(reasons))


def _at_sight(said: ReadSentence, cited: bool, stands: Standing | None) -> Verdict | None:
    """The verdict where none needs to be weighed: without evidence, and where the sentence stands there word for word."""
    if not cited:
        return Verdict("unsupported", 0.0, ("no words are cited",))
    if stands is None or stands.doubted or _is_fragment(said):
        return None
    if stands.denied:
        return Verdict("contradicted", 0.05, (stands.denied,))
    return _vouched("quoted", 1.0, WORD_FOR_WORD, stands.told)


def _vouched(label: Label, score: float, reason: str, told: str) -> Verdict:
    return Verdict(label, score, (reason, f"the source has somebody say it: {told}") if told else (reason,), told)


def _faults(said: ReadSentence, evidence: Sequence[ReadSentence], nearest: ReadSentence, denied: str) -> list[str]:
    """What of a sentence the evidence lacks, or its nearest sentence tells otherwise, in words; `denied` is among it."""
    found = [f"the source does not name {name}" for name in missing_names(said, evidence)]
    found += [f"the source does not say {one.written}" for one in unexplained(said.quantities, known_quantities(evidence))]
    found += [denied] if denied else []
    if other := other_title(said.text, [one.text for one in evidence]):
        found.append(other)
    if _share_of(said, [nearest]) < SAME_MATTER:
        return found
    found += filter(None, (rule(said.text, nearest.text) for rule in (other_speaker, misplaced)))
    if says_not(said.text) != says_not(nearest.text):
        found.append("one of them says that something is not so, the other does not")
    if hedges(nearest.text) and not hedges(said.text):
        found.append("the source tells it as a claim, a plan or a possibility")
    elif not says_not(said.text) and (undone := not_done(said.text, nearest.text)):
        found.append(undone)
    return found


@lru_cache(maxsize=1)
def _shared_checker() -> Checker:
    return Checker(minilm())


def check(sentence: str, evidence: Sequence[str]) -> Verdict:
    """Whether a sentence is supported by the evidence texts, with reasons for a person.

    Markers such as [1] in the sentence are not part of it. Deterministic, no network. An empty sentence, or no evidence, is
    `unsupported`. `score` is the probability that it is supported, as far as that can be told.
    """
    checker = _shared_checker()
    said = checker.read_one(sentence)
    if said is None:
        return Verdict("unsupported", 0.0, ("there is nothing to support",))
    return checker.verdict(said, [one for text in evidence for one in checker.read(text)])


def _is_fragment(said: ReadSentence) -> bool:
    """Is it a heading, a bare name, a date or a piece: no telling word but names and numbers, or few and no full stop?"""
    plain = said.text.strip(QUOTES)
    words = [plain[start:end] for _, start, end in located_terms(plain)]
    telling = [word for word in words if not is_stop_word(word)]
    bare = all(word[0].isupper() or word[0].isdigit() for word in telling)
    if plain.endswith(_STOPS):
        return bare and not any(_FINITE.search(word) for word in words)
    return bare or len(telling) < FEWEST


def _share_of(said: ReadSentence, evidence: Sequence[ReadSentence]) -> float:
    """The share of its telling words that stand in the evidence."""
    there = frozenset().union(*(one.terms for one in evidence))
    return sum(term in there for term in said.telling) / max(1, len(said.telling))


def _of_context(said: ReadSentence, cited: Sequence[ReadSentence], context: Sequence[ReadSentence]) -> frozenset[str]:
    """Its telling words that the headline, the outlet or the date has, and not the words cited."""
    here = {term for one in cited for term in one.terms}
    return frozenset(term for one in context for term in one.terms if term in said.telling and term not in here)


def _names(said: ReadSentence) -> frozenset[str]:
    """Its words that begin with a capital or are numbers."""
    return frozenset(term for term, start, _ in located_terms(said.text) if not said.text[start].islower())


def _whole(text: str) -> str:
    """The text with halves of characters, which no tokenizer takes, replaced; as long as before."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _why(said: ReadSentence, evidence: Sequence[ReadSentence]) -> str:
    """What a sentence lacks that has no other fault, in words."""
    here = {term for one in evidence for term in one.terms}
    lacking = [word for word in dict.fromkeys(said.telling) if word not in here]
    if not lacking:
        return "the source has its words, but perhaps not together"
    share = 1 - len(lacking) / len(set(said.telling))
    return f"the source has {share:.0%} of the sentence's telling words"
