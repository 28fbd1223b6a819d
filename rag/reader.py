"""Reads a question and a sentence as one: how well does the one answer the other?

It is the built-in embedder's model, its weights a little changed so that it reads two texts as one (`index.joint`), and two
small layers on its states: how well the sentence answers, and how likely each of its tokens is part of the answer itself. Both
are fitted by `tests/bench/fit_reader.py` and stand in `reader.npz`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.joint import Joined, join
from index.minilm import Reading
from rag.fitted import Weights, joint_model, scored, stored_weights, summed

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the reader makes of one candidate sentence.

    `score` is higher the better it answers: the log of the odds against no sentence answering, for a reader who knows
    nothing else. `marked` is how likely, in (0, 1), the likeliest of its tokens is part of the answer itself.
    """

    score: float
    marked: float


UNREAD = Judgement(-8.0, 0.0)
"""Of a candidate that was not read, or cut away by the embedder's window: as bad as the worst."""


def meeting(asked: Reading, text: Reading, joined: Joined) -> Array:
    """How the text meets the question when each is read alone, (4,): the mean over the question's tokens of the best cosine
    with one of the text, by its last and by its middle state; the share of them that stand in it; and the first within the
    sentence itself."""
    heard, length = joined.first, joined.second
    mine = joined.own[heard + 2 : -1]
    if not heard or not mine.any():
        return np.zeros(4, np.float32)
    late = asked.tokens[:heard] @ text.tokens[:length].T
    middle = asked.middle[:heard] @ text.middle[:length].T
    same = asked.ids[:heard, None] == text.ids[None, :length]
    best = (late.max(1), middle.max(1), same.max(1), late[:, mine].max(1))
    return np.array([values.mean() for values in best], np.float32)


class Reader:
    """The network. Made once, by `reader`; safe to share between threads."""

    def __init__(self, weights: Weights) -> None:
        self._model, self._w = joint_model(weights)

    def judge(self, asked: Reading, texts: Sequence[tuple[Reading, int]]) -> list[Judgement]:
        """How well candidates answer what was asked.

        Each is a text (headline, sentence before and the sentence) read alone, and where in it the sentence itself begins.
        """
        joined = [join(asked.ids, text.ids, [start >= own for start, _ in text.offsets]) for text, own in texts]
        states = self._model.read(joined)
        return [self._judge(asked, *one) for one in zip((text for text, _ in texts), joined, states, strict=True)]

    def _judge(self, asked: Reading, text: Reading, joined: Joined, states: Array) -> Judgement:
        if not joined.first or not joined.own.any():
            return UNREAD
        w = self._w
        own = states[joined.own]
        marks = own @ w["marks.weight"][0] + w["marks.bias"][0]
        pooled = np.concatenate([states[0], own.mean(0), [summed(marks)], meeting(asked, text, joined)], dtype=np.float32)
        return Judgement(scored(pooled, w), float(1.0 / (1.0 + np.exp(-marks.max()))))


def reader_from(stored: Traversable | Path) -> Reader:
    """The network whose weights are stored in a .npz file."""
    return Reader(stored_weights(stored))


@lru_cache(maxsize=1)
def reader() -> Reader:
    """The reader that ships, loaded once, when it is first needed."""
    return reader_from(files("rag").joinpath("reader.npz"))
