"""Dense and lexical search, weighed together: the passages that answer, best first."""

from __future__ import annotations

from index.filter import Filter
from index.index import EVERYTHING, Index
from index.types import Hit
from rag import rank
from rag.rerank import SHOWN, Reranker

POOL = 100
"""How many passages each of the two searches offers."""


def retrieve(index: Index, query: str, k: int, only: Filter = EVERYTHING, reranker: Reranker | None = None) -> list[Hit]:
    """The best k passages for a query that pass the filter, best first.

    What only one of the two searches finds is found. A hit's score, in (0, 1), is how likely its article is to answer.
    A reranker orders the first of them anew, and gives scores of its own. Raises RerankerError.
    """
    if k <= 0 or not query.strip():
        return []
    pool = max(POOL, 2 * k)
    by_words = index.search_words(query, pool, only)
    by_meaning = index.search_vectors(query, pool, only)
    candidates = index.candidates(list(dict.fromkeys([passage for passage, _ in [*by_words, *by_meaning]])))
    if not candidates:
        return []
    asked = rank.query(query, index.embed_query(query), index.document_frequency, index.library.passage_count())
    scores = rank.ranking_model().scores(rank.weigh(asked, candidates, by_words, by_meaning))
    best = sorted(zip(scores.tolist(), (candidate.id for candidate in candidates), strict=True), key=_best_first)
    wanted = k if reranker is None else max(k, SHOWN)
    hits = index.hits([(passage_id, score) for score, passage_id in best[:wanted]])
    return hits if reranker is None else reranker.rerank(query, hits)[:k]


def _best_first(scored: tuple[float, str]) -> tuple[float, str]:
    score, passage_id = scored
    return -score, passage_id
