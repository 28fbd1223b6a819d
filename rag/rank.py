"""PURE. How well passages fit a query: what their words, their meaning and their article say for them, weighed.

Reciprocal rank fusion knows two ranks of a passage and nothing else. Here each passage that one of the two searches offers
is looked at beside the query: which of its telling words it holds, how close together, which of its names, what
its headline and the rest of its article say. Everything comes from what the index keeps (numbers for words, vectors), so
a hundred passages take a few milliseconds. The evidence is weighed by a linear model that was fitted on our own questions
(`ranking.json`, made by tests/bench/fit_ranking.py).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from index.dates import Month, named
from index.records import Candidate
from index.words import content_terms, key
from rag.question import parse

RANK_OFFSET = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009)."""

NEAR = 3
"""Words from one word of the query to the next within which a passage has them side by side."""

WINDOW = 30
"""Words in a row, about a sentence, that should hold as much of the query as possible."""

EVIDENCE = (
    "bm25",  # its BM25 as a share of the best one's, 0 when the lexical search does not offer it
    "cosine",  # its vector's cosine with the query's
    "word rank", "vector rank",  # 1 / (1 + its place) in the search by words, by meaning
    "word fusion", "vector fusion",  # the same as reciprocal rank fusion counts it
    "in heading",  # the share of the query's weight, by rarity, that its heading holds,
    "in passage",  # that its heading or its own words hold,
    "in window",  # that one run of WINDOW of its words holds,
    "in article",  # and that its article's passages found hold together
    "side by side",  # the share of neighbours in the query that are neighbours in it
    "names",  # the share of the query's names, by rarity, that it or its heading holds; 1 without names
    "article centre",  # the cosine of its article's centre with the query
    "article length",  # the logarithm of how many passages its article has: a long one has more chances
    "article word", "article meaning",  # the best fusion and the best cosine of its article's other passages found
    "in month", "in year",  # was its article written when the query says? 0 when either names no time
    "years apart",  # how far it is from the nearest time that the query says: a fifth for each year, at most 1
)  # fmt: skip

Ranking = Sequence[tuple[str, float]]
Features = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: the keys of its telling words in order, each one's rarity (idf), whether it is part of a name,
    its vector (dimension,), and the times it names."""

    keys: NDArray[np.uint32]
    rarity: NDArray[np.float64]
    named: NDArray[np.bool_]
    vector: NDArray[np.float32]
    months: tuple[Month, ...]


@dataclass(frozen=True, slots=True)
class RankingModel:
    """The weight of each kind of evidence, and what makes the sum a probability."""

    weights: Mapping[str, float]
    bias: float

    def scores(self, features: Features) -> NDArray[np.float64]:
        """How likely each passage's article is to answer, in (0, 1), for rows as `weigh` gives them."""
        weights = np.array([self.weights.get(name, 0.0) for name in EVIDENCE])
        return np.asarray(1.0 / (1.0 + np.exp(-(features @ weights + self.bias))))


@lru_cache(maxsize=1)
def ranking_model() -> RankingModel:
    """The fitted weights that ship with the package."""
    text = resources.files("rag").joinpath("ranking.json").read_text(encoding="utf-8")
    return RankingModel(**json.loads(text))


def query(
    text: str, vector: NDArray[np.float32], frequency: Callable[[Iterable[str]], Mapping[str, int]], passages: int
) -> Query:
    """Take a query apart; `frequency` tells in how many of the `passages` terms stand."""
    terms = content_terms(text)
    found = frequency(terms)
    names = {word.term for word in parse(text).names}
    return Query(
        np.array([key(term) for term in terms], np.uint32),
        np.array([math.log((passages + 1) / (found[term] + 0.5)) for term in terms]),
        np.array([term in names for term in terms], np.bool_),
        vector,
        tuple(named(text)),
    )


def weigh(asked: Query, candidates: Sequence[Candidate], by_words: Ranking, by_meaning: Ranking) -> Features:
    """The evidence for each candidate, of shape (candidates, len(EVIDENCE))."""
    count = len(candidates)
    table = {name: np.zeros(count) for name in EVIDENCE}
    ids = [candidate.id for candidate in candidates]
    best = max((score for _, score in by_words), default=0.0) or 1.0
    bm25 = {passage_id: score / best for passage_id, score in by_words}
    table["bm25"] = np.array([bm25.get(passage_id, 0.0) for passage_id in ids])
    for name, ranking in (("word", by_words), ("vector", by_meaning)):
        places = {passage_id: place for place, (passage_id, _) in enumerate(ranking)}
        rank = np.array([places.get(passage_id, np.inf) for passage_id in ids])
        table[f"{name} rank"] = 1.0 / (1.0 + rank)
        table[f"{name} fusion"] = (RANK_OFFSET + 1) / (RANK_OFFSET + 1 + rank)
    table["cosine"] = _cosines([candidate.vector for candidate in candidates], asked.vector)
    table["article centre"] = _cosines([candidate.centre for candidate in candidates], asked.vector)
    table["article length"] = np.log([candidate.parts for candidate in candidates])

    articles, article = np.unique([candidate.article_id for candidate in candidates], return_inverse=True)
    fused = (table["word fusion"] + table["vector fusion"]) / 2
    table["article word"] = _best_other(fused, article, len(articles))
    table["article meaning"] = _best_other(table["cosine"], article, len(articles))
    _weigh_times(asked.months, candidates, table)
    _weigh_words(asked, candidates, article, len(articles), table)
    return np.column_stack([table[name] for name in EVIDENCE])


def _weigh_times(asked: Sequence[Month], candidates: Sequence[Candidate], table: dict[str, Features]) -> None:
    for place, candidate in enumerate(candidates):
        near = [
            (month.year == written.year and month.month in (0, written.month), -min(abs(month.year - written.year), 5))
            for month in asked
            for written in candidate.months
        ]
        if near:
            in_month, years = max(near)
            table["in month"][place] = in_month
            table["in year"][place] = years == 0
            table["years apart"][place] = -years / 5


def _weigh_words(
    asked: Query, candidates: Sequence[Candidate], article: NDArray[np.intp], articles: int, table: dict[str, Features]
) -> None:
    if not len(asked.keys):
        table["names"][:] = 1.0
        return
    keys, first, which = np.unique(asked.keys, return_index=True, return_inverse=True)
    rarity, named = asked.rarity[first], asked.named[first]
    total = float(rarity.sum()) or 1.0

    _, head_owner, head_term = _found([candidate.heading for candidate in candidates], keys, gap=0)
    # All passages in one row, with room between them that no window reaches across.
    row, owner, term = _found([candidate.body for candidate in candidates], keys, gap=WINDOW)
    heading, body = (np.zeros((len(candidates), len(keys)), np.bool_) for _ in range(2))
    hits = np.flatnonzero(term >= 0)
    heading[head_owner[head_term >= 0], head_term[head_term >= 0]] = True
    body[owner[hits], term[hits]] = True
    held = heading | body
    table["in heading"] = heading @ rarity / total
    table["in passage"] = held @ rarity / total
    together = np.zeros((articles, len(keys)), np.bool_)
    np.logical_or.at(together, article, held)
    table["in article"] = (together @ rarity / total)[article]
    names = float(rarity[named].sum())
    table["names"] = held[:, named] @ rarity[named] / names if names else np.ones(len(candidates))

    # The share of the query in the best window: for each word found, what the WINDOW from it on holds.
    if len(hits):
        at = np.zeros((len(keys), row + 1), np.int32)
        for number in range(len(keys)):
            np.cumsum(term == number, out=at[number, 1:])
        end = np.minimum(hits + WINDOW, row)
        inside = (at[:, end] - at[:, hits]) > 0
        np.maximum.at(table["in window"], owner[hits], rarity @ inside / total)

    pairs = np.zeros((len(keys), len(keys)))
    for one, other in pairwise(which):
        if one != other:
            pairs[one, other] = rarity[one] + rarity[other]
    if whole := float(pairs.sum()):
        met: dict[tuple[int, int, int], float] = {}
        for distance in range(1, NEAR + 1):
            for place in hits[hits < row - distance]:
                after = term[place + distance]
                if after >= 0 and (weight := pairs[term[place], after]):
                    met[int(owner[place]), int(term[place]), int(after)] = weight
        for (passage, _, _), weight in met.items():
            table["side by side"][passage] += weight / whole


def _found(
    texts: Sequence[NDArray[np.uint32]], keys: NDArray[np.uint32], gap: int
) -> tuple[int, NDArray[np.intp], NDArray[np.intp]]:
    """Texts laid in a row with gaps between them: its length, to which text each place belongs, and which of the
    (sorted) keys stands there, -1 for none of them."""
    sizes = np.array([len(text) + gap for text in texts])
    row = np.zeros(int(sizes.sum()), np.uint32)
    for start, text in zip(np.cumsum(sizes) - sizes, texts, strict=True):
        row[start : start + len(text)] = text
    term = np.searchsorted(keys, row)
    term[term == len(keys)] = 0
    term[keys[term] != row] = -1
    return len(row), np.repeat(np.arange(len(texts)), sizes), term


def _cosines(vectors: Sequence[NDArray[np.float16]], asked: NDArray[np.float32]) -> Features:
    return np.asarray(np.array(vectors, np.float32) @ asked, np.float64)


def _best_other(values: Features, group: NDArray[np.intp], groups: int) -> Features:
    """For each member of a group the best value among the others; 0 for one that is alone."""
    order = np.argsort(-values, kind="stable")
    first, second = np.zeros(groups), np.zeros(groups)
    leader = np.full(groups, -1)
    for place in order:
        owner = group[place]
        if leader[owner] < 0:
            leader[owner], first[owner] = place, values[place]
        elif not second[owner]:
            second[owner] = values[place]
    return np.where(leader[group] == np.arange(len(values)), second[group], first[group])
