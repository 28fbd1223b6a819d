"""How near two English words are in meaning, from a small table that ships with Dateline.

The table (`word_vectors.npz`, 1.8 MB) was made from the built-in embedder by
`tests/bench/make_word_vectors.py`; looking a word up costs a microsecond where embedding it costs
a thousand. Words it does not have are near nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

NEAR, SAME = 0.32, 0.75
"""Cosines below the first say nothing (one word in two hundred pairs with a random one above it);
from the second on, words mean the same ("phone" and "telephone": .73, "cost" and "price": .70)."""


class WordVectors:
    """Unit vectors of common English words."""

    def __init__(self) -> None:
        stored = np.load(BytesIO(files("rag").joinpath("word_vectors.npz").read_bytes()))
        self._row = {word: row for row, word in enumerate(str(stored["words"]).split("\n"))}
        vectors = stored["vectors"].astype(np.float32)
        self._vectors: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def knows(self, word: str) -> bool:
        """Is this a word of the table?"""
        return word.lower() in self._row

    def nearness(self, words: Sequence[str], others: Sequence[str]) -> NDArray[np.float32]:
        """For each word, in [0, 1], how near in meaning the nearest of the others is; shape (len(words),)."""
        rows = [self._row.get(word.lower(), -1) for word in words]
        columns = [row for word in others if (row := self._row.get(word.lower(), -1)) >= 0]
        if not columns or not rows:
            return np.zeros(len(rows), np.float32)
        cosines = (self._vectors[rows] @ self._vectors[columns].T).max(axis=1)
        near = np.clip((cosines - NEAR) / (SAME - NEAR), 0.0, 1.0)
        return np.asarray(np.where(np.array(rows) < 0, 0.0, near), np.float32)


@lru_cache(maxsize=1)
def word_vectors() -> WordVectors:
    """The table, read once, when it is first needed."""
    return WordVectors()
