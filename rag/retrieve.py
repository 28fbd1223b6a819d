"""Dense and lexical search, fused: the passages that answer, best first."""

from __future__ import annotations

from collections.abc import Sequence

from index.index import EVERYTHING, Index
from index.library import Filter
from index.types import Hit

POOL = 50
"""How many passages each of the two searches offers."""

RANK_OFFSET = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009)."""

Ranking = Sequence[tuple[str, float]]


def retrieve(index: Index, query: str, k: int, only: Filter = EVERYTHING) -> list[Hit]:
    """The best k passages for a query that pass the filter, best first.

    What only one of the two searches finds is found. A hit's score is in (0, 1]: 1 when both put
    it first.
    """
    if k <= 0 or not query.strip():
        return []
    pool = max(POOL, 2 * k)
    ranked = fuse([index.search_words(query, pool, only), index.search_vectors(query, pool, only)])
    return index.hits(ranked[:k])


def fuse(rankings: Sequence[Ranking]) -> list[tuple[str, float]]:
    """PURE. One ranking out of several, by reciprocal rank: (passage id, score in (0, 1]), best first."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for place, (passage_id, _) in enumerate(ranking, start=1):
            scores[passage_id] = scores.get(passage_id, 0.0) + (RANK_OFFSET + 1) / (RANK_OFFSET + place)
    best = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(passage_id, score / len(rankings)) for passage_id, score in best]
