"""Reads a sentence and the words it rests on as one: does the one follow from the other?

Like the reader (`rag.reader`) it is the built-in embedder's model, changed so that it reads two texts as one, and two small
layers on its states: of each token of the sentence, how well the evidence bears it out, and of the whole, whether it follows.
Fitted by `tests/bench/fit_checking.py`; the weights stand in `following.npz`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.joint import Joined, join
from rag.fitted import Array, Weights, joint_model, scored, stored_weights, summed
from rag.support import ReadSentence

SAID_WINDOW, EVIDENCE_WINDOW = 64, 160
"""Tokens of the sentence and of its evidence that are read."""


def beside(said: ReadSentence, evidence: Sequence[ReadSentence]) -> Joined:
    """The evidence and then the sentence, as one text."""
    theirs = np.concatenate([one.ids for one in evidence]) if evidence else np.zeros(0, np.int64)
    own = said.ids[:SAID_WINDOW]
    return join(theirs, own, [True] * len(own), EVIDENCE_WINDOW)


class Following:
    """The network. Made once, by `following`; safe to share between threads."""

    def __init__(self, weights: Weights) -> None:
        self._model, self._w = joint_model(weights)

    def scores(self, pairs: Sequence[tuple[ReadSentence, Sequence[ReadSentence]]]) -> list[float]:
        """For each sentence and its evidence the log of the odds that it follows, for a reader who knows nothing else.

        About 10 ms for each.
        """
        joined = [beside(said, evidence) for said, evidence in pairs]
        return [self._score(text.own, states) for text, states in zip(joined, self._model.read(joined), strict=True)]

    def _score(self, own: NDArray[np.bool_], states: Array) -> float:
        mine = states[own]
        if not len(mine):
            return 0.0
        borne_out = mine @ self._w["marks.weight"][0] + self._w["marks.bias"][0]
        pooled = np.concatenate([states[0], mine.mean(0), mine.max(0), [-summed(-borne_out)]], dtype=np.float32)
        return scored(pooled, self._w)


def following_from(stored: Traversable | Path) -> Following:
    """The network whose weights are stored in a .npz file."""
    return Following(stored_weights(stored))


@lru_cache(maxsize=1)
def following() -> Following:
    """The network that ships, loaded once, when it is first needed."""
    return following_from(files("rag").joinpath("following.npz"))
