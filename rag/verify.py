"""PURE. Is this sentence supported by these words? -> Verdict with reasons.

A first version: verbatim words, numbers, names and the share of telling words. It knows no paraphrase
beyond near words, and says `partly` when it cannot tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from index.sentences import sentence_spans
from index.words import is_stop_word, located_terms, terms
from rag.countries import same_country
from rag.meaning import word_vectors
from rag.types import Verdict

SUPPORTED, PARTLY = 0.8, 0.45
"""Shares of a sentence's telling words that its evidence must hold."""

_MARKER = re.compile(r"\s*\[\d{1,3}(?:\s*[,–-]\s*\d{1,3})*\]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NEGATION = re.compile(r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|denie[sd]|deny|denying|\w+n['’]t)\b", re.I)


def check(sentence: str, evidence: Sequence[str]) -> Verdict:
    """Whether a sentence is supported by the evidence texts, with reasons for a person.

    Markers such as [1] in the sentence are not part of it. Deterministic, no network. An empty
    sentence, or no evidence, is `unsupported`.
    """
    said = _plain(_MARKER.sub("", sentence)).strip("“”\"'‘’ ")
    texts = [text for text in evidence if text.strip()]
    if not said or not texts:
        return Verdict("unsupported", 0.0, ("there is nothing to support",) if not said else ("no words are cited",))
    if any(said.rstrip(".") in _plain(text) for text in texts):
        return Verdict("quoted", 1.0, ("word for word in the article",))
    sentences = [text[start:end] for text in texts for start, end in sentence_spans(text)]
    return max((_against(said, _plain(text)) for text in [*sentences, *texts, " ".join(texts)]), key=_rank)


def _rank(verdict: Verdict) -> tuple[int, float]:
    order = ("unsupported", "partly", "contradicted", "supported", "quoted")
    return order.index(verdict.label), verdict.score


def _against(said: str, text: str) -> Verdict:
    reasons = list(_missing_names(said, text))
    contradiction = next(_other_numbers(said, text), "")
    missing_numbers = [n for n in _numbers(said) if n not in set(_numbers(text))]
    share = _share(said, text)
    if contradiction and share >= PARTLY:
        return Verdict("contradicted", round(0.2 * share, 3), (contradiction,))
    reasons += [f"the passage does not say {number}" for number in missing_numbers]
    one_sentence = len(sentence_spans(text)) == 1
    if one_sentence and bool(_NEGATION.search(said)) != bool(_NEGATION.search(text)) and share >= PARTLY:
        reasons.append("one of them says that something is not so, the other does not")
    if share < SUPPORTED:
        reasons.append(f"the passage has {share:.0%} of the sentence's telling words")
    score = share * 0.6 ** len([reason for reason in reasons if "telling words" not in reason])
    if score >= SUPPORTED and not reasons:
        return Verdict("supported", round(score, 3), ("its names, numbers and words stand in the passage",))
    return Verdict("partly" if score >= PARTLY else "unsupported", round(score, 3), tuple(reasons))


def _share(said: str, text: str) -> float:
    """The share of the sentence's telling words that the text has, near words counting in part."""
    words = [(term, said[start:end]) for term, start, end in located_terms(said) if not is_stop_word(said[start:end])]
    if not words:
        return 0.0
    here = set(terms(text))
    others = [text[start:end] for _, start, end in located_terms(text)]
    near = word_vectors().nearness([word for _, word in words], others)
    return sum(1.0 if term in here else 0.8 * float(n) for (term, _), n in zip(words, near, strict=True)) / len(words)


def _missing_names(said: str, text: str) -> Iterator[str]:
    here = set(terms(text))
    words = {text[start:end].lower() for _, start, end in located_terms(text)}
    for term, start, end in located_terms(said):
        word = said[start:end]
        if start and word[0].isupper() and term not in here and not (same_country().get(word.lower(), frozenset()) & words):
            yield f"the passage does not name {word}"


def _other_numbers(said: str, text: str) -> Iterator[str]:
    """Where both give a number of the same thing, and not the same number."""
    known = set(_numbers(text))
    counted = {thing: number for number, thing in _counted(text)}
    for number, thing in _counted(said):
        if number not in known and thing in counted:
            yield f"the passage says {counted[thing]} {thing}, the sentence says {number}"


def _counted(text: str) -> Iterator[tuple[str, str]]:
    for match in re.finditer(r"(\d+(?:[.,]\d+)*)\s+([^\W\d_]{3,})", text):
        yield _value(match.group(1)), match.group(2).lower()


def _numbers(text: str) -> Iterator[str]:
    return (_value(number) for number in _NUMBER.findall(text))


def _value(written: str) -> str:
    return written.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+", written) else written


def _plain(text: str) -> str:
    return " ".join(text.replace("’", "'").split())
