"""The keyless writer: answers by quoting the one to four sentences of the articles that answer.

Every word of an answer outside its attributions stands in an article, and each quotation is cited.
It finds the candidates, has them weighed (`rag.evidence`, `rag.answering`), and edits: nothing
twice, what leans on its neighbour comes with it, and no answer when nothing found answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from index.chunk import spelled_date
from index.minilm import MiniLM
from index.sentences import Span
from index.types import Article, Hit
from index.words import content_terms
from rag.answering import SURE, answering_features, fitted_model
from rag.evidence import (
    Evidence,
    Sentence,
    examine,
    read_closely,
    recognise_names,
    sentences_of,
    weigh_words,
    with_judgement,
    with_reading,
)
from rag.expect import certain_phrase
from rag.injection import orders
from rag.overview import beginnings
from rag.question import Question, parse
from rag.reader import Reader, reader
from rag.types import Citation, Claim, Verdict
from rag.verbatim import WORD_FOR_WORD

READ_CLOSELY, JUDGED = 12, 6
"""Candidates that are compared with the question token by token, and the best of them, which the reader reads as one with it:
the one costs about 6 ms each, the other 8."""

MOST_SENTENCES, MOST_QUOTATIONS = 4, 3
NEARLY_AS_GOOD = 0.6
"""A further sentence is quoted when it is at least this share as likely to answer as the best one."""

SAME_WORDS, LIKE_WORDS, SAME_MEANING = 0.75, 0.3, 0.86
"""Two sentences say the same from this share of common terms on, or from the second when what was read of
them has at least this cosine."""

TELLING = 4
"""Terms from which the words that two quotations share are no accident."""

QUOTES_IT = 100.0
"""Added to the rank of a sentence that holds what the question quotes: no other is a better answer."""

NEAREST = 3
REFUSAL = "The articles do not say."
ABOUT_WHAT = "It is not said about what: name a person, a place or a thing."
ASK = "Ask me about the articles."
EMPTY = "There are no articles yet. Add some with `dateline add FOLDER`, or on the page."

Vectors = NDArray[np.float32]
Frequency = Callable[[Sequence[str]], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the answer's text, and the claim that is complete with it, if one is."""

    text: str
    claim: Claim | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What the writer wrote: the text in pieces, the claims and their citations; no claims when not answered."""

    pieces: tuple[Piece, ...]
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    answered: bool


@dataclass(frozen=True, slots=True)
class Weighed:
    """A candidate sentence with its evidence, its rank among the others (higher is better), its probability
    of answering, and the vector of what was read closely."""

    evidence: Evidence
    rank: float
    probability: float
    vector: Vectors

    @property
    def sentence(self) -> Sentence:
        """The sentence itself."""
        return self.evidence.sentence


@dataclass(frozen=True, slots=True)
class Considered:
    """A question taken apart and what was found for it, weighed: the candidates, best first, those that lack something
    asked for last."""

    question: Question
    candidates: tuple[Weighed, ...]

    @property
    def likeliest(self) -> float:
        """The probability, in [0, 1], that one of the candidates answers; 0 when each lacks something asked for."""
        return max((one.probability for one in self.candidates if not one.evidence.missing), default=0.0)

    @property
    def answers(self) -> bool:
        """Is one of them likely enough to answer?"""
        return self.likeliest >= fitted_model().threshold

    @property
    def of_a_topic(self) -> bool:
        """Are they beginnings of articles about what the question names?"""
        return any(one.evidence.begins for one in self.candidates)

    def strongest_first(self, hits: Sequence[Hit]) -> list[Hit]:
        """The hits in the order of their best candidates, those without one last."""
        places: dict[str, int] = {}
        for place, one in enumerate(self.candidates):
            places.setdefault(one.sentence.passage, place)
        return sorted(hits, key=lambda hit: places.get(hit.passage.text, len(self.candidates)))


def consider(
    asked: str, hits: Sequence[Hit], model: MiniLM, frequency: Frequency, passages: int, cosines: Mapping[str, float]
) -> Considered:
    """The sentences of the hits, weighed as answers to a question.

    `model` reads texts token by token, `frequency` tells in how many of the collection's `passages` each term stands,
    `cosines` the nearness of each hit's passage (by id) to the question.
    """
    question, candidates = weigh(asked, hits, model, reader(), frequency, passages, cosines)
    return Considered(question, tuple(candidates))


def empty() -> Draft:
    """What there is to say where there are no articles."""
    return Draft((Piece(EMPTY),), (), (), answered=False)


def thanked() -> Draft:
    """What there is to say to thanks or a greeting, which asks for nothing."""
    return Draft((Piece(ASK),), (), (), answered=False)


def write(considered: Considered, frequency: Frequency) -> Draft:
    """The answer in quotations, or, when nothing is likely enough to answer, that the articles do not say."""
    chosen = choose(considered.candidates, fitted_model().threshold)
    return _answer(considered.question, chosen) if chosen else refuse(considered, frequency)


def shortlist(
    asked: str, hits: Sequence[Hit], frequency: Frequency, passages: int, cosines: Mapping[str, float]
) -> tuple[Question, list[Evidence]]:
    """The question taken apart, and the sentences worth reading closely, the likeliest by their words first."""
    parsed = parse(asked)
    counts = frequency([word.term for word in parsed.words])
    question = recognise_names(parsed, hits, counts)
    weights = weigh_words(question, counts, passages)
    near = [cosines.get(hit.passage.id, 0.0) for hit in hits]
    if question.kind == "overview":
        begun = beginnings(question, hits)
        if begun or not (question.words or question.years or question.months):
            return question, [replace(examine(question, sentence, weights, 1.0), begins=True) for sentence in begun]
    found = [examine(question, sentence, weights, near[sentence.rank]) for sentence in sentences_of(hits)]
    found.sort(key=lambda evidence: -evidence.quick)
    return question, list(islice(_told_to_readers(found), READ_CLOSELY))


def _told_to_readers(found: Sequence[Evidence]) -> Iterator[Evidence]:
    """Those of the sentences, in their order, that do not speak to a machine: who plants an order in an article shall not find
    it shown as what the article says."""
    spoken: dict[str, list[Span]] = {}
    for evidence in found:
        sentence = evidence.sentence
        if sentence.passage not in spoken:
            spoken[sentence.passage] = orders(sentence.passage)
        planted = [sentence.passage[start:end] for start, end in spoken[sentence.passage]]
        if sentence.text in planted:
            continue
        article = sentence.article.text
        before = tuple(span for span in sentence.before if article[slice(*span)] not in planted)
        yield replace(evidence, sentence=replace(sentence, before=before)) if before != sentence.before else evidence


def weigh(
    asked: str,
    hits: Sequence[Hit],
    model: MiniLM,
    judge: Reader,
    frequency: Frequency,
    passages: int,
    cosines: Mapping[str, float],
) -> tuple[Question, list[Weighed]]:
    """The question taken apart, and the best candidates, best first; those that lack something asked for last."""
    question, found = shortlist(asked, hits, frequency, passages, cosines)
    if not found:
        return question, []
    excerpts = [read_closely(evidence.sentence) for evidence in found]
    heard, *readings = model.read([question.text, *(excerpt.text for excerpt in excerpts)])
    found = [
        with_reading(evidence, question, heard, reading, excerpt.own)
        for evidence, reading, excerpt in zip(found, readings, excerpts, strict=True)
    ]
    fitted = fitted_model()
    best = sorted(range(len(found)), key=lambda n: (bool(found[n].missing), -fitted.rank(found[n])))[:JUDGED]
    judgements = judge.judge(heard, [(readings[n], excerpts[n].own) for n in best])
    for n, judgement in zip(best, judgements, strict=True):
        found[n] = with_judgement(found[n], judgement)
    weighed = []
    for place, (evidence, reading) in enumerate(zip(found, readings, strict=True)):
        rank = fitted.rank(evidence)
        probability = fitted.probability(answering_features(evidence, found))
        if evidence.quotes or evidence.begins:
            rank, probability = rank + QUOTES_IT, max(probability, SURE)
        if evidence.begins:
            rank = QUOTES_IT - place
        weighed.append(Weighed(evidence, rank, probability, reading.vector))
    weighed.sort(key=lambda candidate: (bool(candidate.evidence.missing), -candidate.rank))
    return question, weighed


def choose(candidates: Sequence[Weighed], threshold: float) -> list[Weighed]:
    """PURE. The candidates to quote, best first; none when not one is likely enough to answer.

    What lacks a name, a year or a month of the question never answers it, however likely else.
    """
    fit = [candidate for candidate in candidates if not candidate.evidence.missing]
    likeliest = max((candidate.probability for candidate in fit), default=0.0)
    if not fit or likeliest < threshold:
        return []
    fit = _to_the_point([candidate for candidate in fit if candidate.probability >= threshold])
    chosen: list[Weighed] = []
    room = MOST_SENTENCES
    for candidate in fit:
        if len(chosen) == MOST_QUOTATIONS:
            break
        if candidate.probability < NEARLY_AS_GOOD * likeliest:
            continue
        size = 1 + len(leaned_on(candidate.sentence))
        if size > room or any(_says_the_same(candidate, other) for other in chosen):
            continue
        chosen.append(candidate)
        room -= size
    return chosen


def _to_the_point(likely: list[Weighed]) -> list[Weighed]:
    """Where some hold the very thing asked for (that number of things; such a phrase, in what will be quoted), only those."""

    def holds(candidate: Weighed, feature: str) -> bool:
        value = candidate.evidence.features[feature]
        return value >= 0.9 or (feature == "phrase" and value > 0 and bool(leaned_on(candidate.sentence)))

    for feature in ("counted", "phrase"):
        likely = [candidate for candidate in likely if holds(candidate, feature)] or likely
    return likely


def _says_the_same(one: Weighed, other: Weighed) -> bool:
    shared = _shared_words(one.sentence.text, other.sentence.text)
    if shared >= SAME_WORDS or (shared >= LIKE_WORDS and float(one.vector @ other.vector) >= SAME_MEANING):
        return True
    if one.sentence.article.id == other.sentence.article.id:
        return any(span[0] <= one.sentence.start < span[1] for span in leaned_on(other.sentence))
    # The same report in another outlet: what either brings along would be read twice.
    return any(
        _shared_words(mine, theirs) >= SAME_WORDS and len(content_terms(mine)) >= TELLING
        for mine in _quotation(one.sentence)
        for theirs in _quotation(other.sentence)
    )


def _shared_words(one: str, other: str) -> float:
    mine, others = set(content_terms(one)), set(content_terms(other))
    return len(mine & others) / max(1, min(len(mine), len(others)))


def _quotation(sentence: Sentence) -> list[str]:
    """The sentences that quoting this one takes."""
    spans = [*leaned_on(sentence), (sentence.start, sentence.end)]
    return [sentence.article.text[start:end] for start, end in spans]


# -- what leans on its neighbour -----------------------------------------------------------------

_LEANS = re.compile(
    r"^[\"“‘«(•\s–—-]*(?:(?:and|but|so|or|yet|then|instead|also|besides|moreover|however|nevertheless|still|rather|meanwhile|therefore|thus|"
    r"according to|for|after|before|with|by|in|of|on|at|to|from|since|until|when|while|as|if|although|though|only)[,\s]+)*"
    r"(?:he|she|it|they|his|her|its|their|him|them|this|these|that|those|such|both|neither|either|another|others?|"
    r"some of them|the (?:same|latter|former|other)|"
    r"one of (?:them|these)|there|here|the two|all of (?:them|this))\b",
    re.IGNORECASE,
)
_SAID_BY_PRONOUN = re.compile(r"[”\"’,]\s*(?:he|she|it|they)\s\w+|[”\"’,]\s*\w+\s(?:he|she|they)\b", re.IGNORECASE)
_DEFINITE = re.compile(r"^[\"“‘«(•\s–—-]*The (?:[a-z-]+ )?[a-z-]+")
_PROPER_INSIDE = re.compile(r"(?<=[\w,;:] )[A-Z][\w’'-]+")
_WHOLE_QUOTE = re.compile(r"^[“\"«].*[”\"»]$", re.DOTALL)
_ENDS = re.compile(r"[.!?…。！？][\"'”’»)\]」』]*$")


def leaned_on(sentence: Sentence) -> list[Span]:
    """PURE. The sentences before this one without which it cannot be understood, in order; often none."""
    text, spans = sentence.article.text, [*sentence.before, (sentence.start, sentence.end)]
    needed: list[Span] = []
    for place in range(len(spans) - 1, 0, -1):
        if not _leans(text[spans[place][0] : spans[place][1]]):
            break
        before = spans[place - 1]
        if not _ENDS.search(text[before[0] : before[1]]):
            break  # a heading or a caption, not a sentence
        needed.insert(0, before)
    return needed


def _leans(sentence: str) -> bool:
    if _LEANS.search(sentence) or _SAID_BY_PRONOUN.search(sentence) or _WHOLE_QUOTE.match(sentence):
        return True
    return bool(_DEFINITE.match(sentence)) and not _PROPER_INSIDE.search(sentence)


# -- the answer ----------------------------------------------------------------------------------


def _answer(question: Question, chosen: Sequence[Weighed]) -> Draft:
    claims: list[Claim] = []
    pieces: list[Piece] = []
    for group in _by_article(chosen):
        if pieces:
            pieces.append(Piece("\n\n"))
        quoted: set[int] = set()
        for place, candidate in enumerate(group):
            sentence = candidate.sentence
            needed = _not_quoted(leaned_on(sentence), quoted)
            start = needed[0][0] if needed else sentence.start
            quoted.update(begin for begin, _ in [*needed, (sentence.start, sentence.end)])
            citation = _citation(len(claims) + 1, sentence.article, (start, sentence.end))
            bold = certain_phrase(question, sentence.text, candidate.evidence.spans)
            offset = sentence.start - start
            emphasis = ((bold[0] + offset, bold[1] + offset),) if bold else ()
            lead = "" if place else attribution(sentence.article)
            verdict = Verdict("quoted", 1.0, (WORD_FOR_WORD,))
            claim = Claim(citation.quote, (citation,), verdict, lead, emphasis)
            claims.append(claim)
            pieces.append(Piece(f"{_marked_title(sentence.article)} " if lead else " "))
            pieces.append(Piece(f"{_quoted(claim)} [{citation.number}]", claim))
    return Draft(tuple(pieces), tuple(claims), tuple(c for claim in claims for c in claim.citations), answered=True)


def _not_quoted(needed: Sequence[Span], quoted: Collection[int]) -> list[Span]:
    """Of sentences in a row that one leans on, those after the last that was quoted already."""
    known = [place for place, (start, _) in enumerate(needed) if start in quoted]
    return list(needed[known[-1] + 1 :] if known else needed)


def _by_article(chosen: Sequence[Weighed]) -> list[list[Weighed]]:
    """The chosen sentences by article, the best one's first; of each article the best sentence first, for it is what was asked,
    then the others as they stand in it."""
    groups: dict[str, list[Weighed]] = {}
    for candidate in chosen:
        groups.setdefault(candidate.sentence.article.id, []).append(candidate)
    return [[group[0], *sorted(group[1:], key=lambda one: one.sentence.start)] for group in groups.values()]


def refuse(considered: Considered, frequency: Frequency) -> Draft:
    """That the articles do not say, which names of the question none of them mentions, and the nearest passages."""
    question, candidates = considered.question, considered.candidates
    unsaid = set.intersection(*(set(candidate.evidence.missing) for candidate in candidates)) if candidates else set()
    lacking = [word for word in question.names if word.text in unsaid and not frequency([word.term]).get(word.term)]
    said = REFUSAL if question.words or candidates else ABOUT_WHAT
    if lacking:
        said += f" None of them mentions {_listed([escaped(word.text) for word in lacking])}."
    pieces = [Piece(said)]
    nearest: list[Sentence] = []
    for candidate in sorted(candidates, key=lambda candidate: -candidate.rank):
        if all(candidate.sentence.passage != sentence.passage for sentence in nearest):
            nearest.append(candidate.sentence)
    citations = []
    if nearest:
        pieces.append(Piece("\n\nThe nearest passages:"))
    for number, sentence in enumerate(nearest[:NEAREST], start=1):
        citation = _citation(number, sentence.article, (sentence.start, sentence.end))
        citations.append(citation)
        pieces.append(Piece(f"\n\n- {_marked_title(sentence.article)} “{escaped(citation.quote)}” [{number}]"))
    return Draft(tuple(pieces), (), tuple(citations), answered=False)


def _citation(number: int, article: Article, span: Span) -> Citation:
    return Citation(number, article, span[0], span[1], article.text[span[0] : span[1]])


def attribution(article: Article) -> str:
    """Who published a quotation, where and when: "Title, Outlet, 13 November 2022:"."""
    return ", ".join(_credits(article, article.title or "Untitled article")) + ":"


def _marked_title(article: Article) -> str:
    title = f"*{escaped(article.title)}*" if article.title else "Untitled article"
    return ", ".join([title, *(escaped(part) for part in _credits(article, "")[1:])]) + ":"


def _credits(article: Article, title: str) -> list[str]:
    return [title, *(part for part in (article.outlet, spelled_date(article.published)) if part)]


def _quoted(claim: Claim) -> str:
    text, parts, place = claim.text, [], 0
    for start, end in claim.emphasis:
        parts += [escaped(text[place:start]), "**", escaped(text[start:end]), "**"]
        place = end
    return "“" + "".join([*parts, escaped(text[place:])]) + "”"


def escaped(text: str) -> str:
    """Words of an article inside Markdown: they stay words, whatever signs they hold."""
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", " ".join(text.split("\n")))


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
