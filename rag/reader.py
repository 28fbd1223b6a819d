"""A small network that reads a question and a sentence side by side: how well does one answer the other?

It stands on the built-in embedder, which reads both texts as one: the states of their tokens are
projected to a small space, told how well each token is met by the other text, and attend to each
other in two more layers. What comes out is how well the sentence answers, and how likely it holds
a phrase that is the answer. The weights, `reader.npz`, are made by `tests/bench/fit_reader.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.minilm import ASKED_WINDOW, Reading
from rag.transformer import attended, gelu, normalised, stored_weights

Array = NDArray[np.float32]

HEADS = 4
ASKED, TITLE, BEFORE, OWN = range(4)
"""The parts of what is read, each with an embedding of its own: the question, and the headline, the sentences before and
the sentence itself of a candidate."""

WIDTH = 384
"""Numbers of one layer's state of a token."""


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


def meeting(asked: Reading, reading: Reading, tokens: int, before: int, own: int) -> tuple[NDArray[np.int64], Array]:
    """Of the tokens of question and candidate, read as one: the part each belongs to, and how the other text meets it.

    The second, of shape (tokens, 4), holds for each token the best cosine with one of the other text, by its last and by
    its middle state when read alone; whether the same token stands there; and for the question's tokens the best
    cosine within the sentence itself, for the candidate's whether they are of the sentence itself.
    """
    heard = min(len(asked.ids), ASKED_WINDOW)
    length = tokens - heard
    starts = [start for start, _ in reading.offsets[:length]]
    parts = np.array([TITLE if start < before else OWN if start >= own else BEFORE for start in starts], np.int64)
    mine = parts == OWN
    parts = np.concatenate([np.full(heard, ASKED, np.int64), parts])
    if not mine.any() or not heard:
        return parts, np.zeros((tokens, 4), np.float32)
    late = asked.tokens[:heard] @ reading.tokens[:length].T
    middle = asked.middle[:heard] @ reading.middle[:length].T
    same = (asked.ids[:heard, None] == reading.ids[None, :length]).astype(np.float32)
    met = [
        np.stack([late.max(1), middle.max(1), same.max(1), late[:, mine].max(1)], 1),
        np.stack([late.max(0), middle.max(0), same.max(0), mine.astype(np.float32)], 1),
    ]
    return parts, np.concatenate(met).astype(np.float32)


class Reader:
    """The network. Made once, by `reader`; safe to share between threads."""

    def __init__(self, weights: dict[str, Array]) -> None:
        self._w = weights
        self._layers = sum(name.endswith("in_proj_weight") for name in weights)

    def judge(self, asked: Reading, beside: Array, reading: Reading, before: int, own: int) -> Judgement:
        """How well a candidate answers what was asked.

        `reading` is of the candidate alone (headline, sentences before and the sentence, as one text), `beside` of question
        and candidate as one (`MiniLM.read_beside`); in the candidate's text the sentences before begin at `before`, and
        the sentence itself at `own`.
        """
        parts, met = meeting(asked, reading, len(beside), before, own)
        heard = int((parts == ASKED).sum())
        mine = parts[heard:] == OWN
        if not mine.any() or not heard:
            return UNREAD
        w = self._w
        states = np.concatenate(
            [
                normalised(beside[:, :WIDTH]) * w["middle.weight"] + w["middle.bias"],
                normalised(beside[:, WIDTH:]) * w["last.weight"] + w["last.bias"],
            ],
            axis=1,
        )
        h = states @ w["proj.weight"].T + w["proj.bias"] + w["part.weight"][parts] + met @ w["met.weight"].T + w["met.bias"]
        for layer in range(self._layers):
            h = attended(h, w, f"layers.{layer}.", HEADS)
        h = normalised(h) * w["out.weight"] + w["out.bias"]
        question, sentence = h[:heard], h[heard:][mine]
        marks = sentence @ w["marks.weight"][0] + w["marks.bias"][0]
        total = np.clip(marks.max() + np.log(np.exp(marks - marks.max()).sum()), -20, 20)
        pooled = np.concatenate(
            [question.mean(0), sentence.mean(0), sentence.max(0), [total, met[:heard, 0].mean()]], dtype=np.float32
        )
        inner = gelu(np.asarray(pooled @ w["score.0.weight"].T + w["score.0.bias"], np.float32))
        score = float(inner @ w["score.3.weight"][0] + w["score.3.bias"][0])
        return Judgement(score, float(1.0 / (1.0 + np.exp(-marks.max()))))


def reader_from(stored: Traversable | Path) -> Reader:
    """The network whose weights are stored in a .npz file."""
    return Reader(stored_weights(stored))


@lru_cache(maxsize=1)
def reader() -> Reader:
    """The reader that ships, loaded once, when it is first needed."""
    return reader_from(files("rag").joinpath("reader.npz"))
