"""A small network that reads a sentence beside the words it rests on: does the one follow from the other?

It stands on the states that the built-in embedder gives the tokens of both (`rag.support.ReadSentence`), each read by itself,
so that evidence is read once for any number of sentences. Each token of the sentence is compared with the one of the
evidence that is likest to it; then all attend to each other in two layers. The weights, `following.npz`, are made by
`tests/bench/fit_checking.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.support import ReadSentence
from rag.transformer import Array, Weights, attended, gelu, normalised, stored_weights

HEADS = 4
WIDTH = 384
SAID_WINDOW, EVIDENCE_WINDOW = 64, 130
"""Tokens of the sentence and of its evidence that are looked at."""


def beside(said: ReadSentence, evidence: Sequence[ReadSentence]) -> tuple[Array, Array, NDArray[np.int64], int]:
    """What the network sees of n tokens of the sentence and m of its evidence, one after the other.

    Their states (n + m, 768), how each is met by the other text (n + m, 3: the best cosine by the last and by the middle
    state, and whether the same token stands there), for each of the sentence's tokens the likest of the evidence (n,), and n.
    """
    own = np.concatenate([said.middle, said.last], axis=1)[:SAID_WINDOW]
    theirs = np.concatenate([np.concatenate([one.middle, one.last], axis=1) for one in evidence])[:EVIDENCE_WINDOW]
    ids = np.concatenate([one.ids for one in evidence])[:EVIDENCE_WINDOW]
    if not len(theirs):
        theirs, ids = np.zeros((1, 2 * WIDTH), np.float32), np.zeros(1, np.int64)
    late = own[:, WIDTH:] @ theirs[:, WIDTH:].T
    middle = own[:, :WIDTH] @ theirs[:, :WIDTH].T
    same = (said.ids[: len(own), None] == ids[None]).astype(np.float32)
    met = np.concatenate([np.stack([m.max(axis) for m in (late, middle, same)], axis=1) for axis in (1, 0)])
    return np.concatenate([own, theirs]).astype(np.float32), met.astype(np.float32), (late + middle).argmax(axis=1), len(own)


class Following:
    """The network. Made once, by `following`; safe to share between threads."""

    def __init__(self, weights: Weights) -> None:
        self._w = weights
        self._layers = sum(name.endswith("in_proj_weight") for name in weights)

    def score(self, said: ReadSentence, evidence: Sequence[ReadSentence]) -> float:
        """The log of the odds that the sentence follows, for a reader who knows nothing else."""
        w = self._w
        states, met, likest, n = beside(said, evidence)
        both = np.concatenate(
            [
                normalised(states[:, :WIDTH]) * w["n1.weight"] + w["n1.bias"],
                normalised(states[:, WIDTH:]) * w["n2.weight"] + w["n2.bias"],
            ],
            axis=1,
        )
        h = both @ w["proj.weight"].T + w["proj.bias"]
        own, partner = h[:n], h[n + likest]
        compared = np.concatenate([own, partner, own - partner, own * partner], axis=1)
        h[:n] += gelu(np.asarray(compared @ w["cmp.0.weight"].T + w["cmp.0.bias"], np.float32))
        parts = np.repeat(np.array([0, 1]), [n, len(h) - n])
        h = h + w["part.weight"][parts] + met @ w["met.weight"].T + w["met.bias"]
        for layer in range(self._layers):
            h = attended(np.asarray(h, np.float32), w, f"layers.{layer}.", HEADS)
        h = normalised(np.asarray(h, np.float32)) * w["out.weight"] + w["out.bias"]
        own = h[:n]
        doubts = -(own @ w["tok.weight"][0] + w["tok.bias"][0])
        worst = -np.clip(doubts.max() + np.log(np.exp(doubts - doubts.max()).sum()), -20, 20)
        pooled = np.concatenate([own.mean(0), own.max(0), [worst, met[:n, 0].mean()]], dtype=np.float32)
        inner = gelu(np.asarray(pooled @ w["head.0.weight"].T + w["head.0.bias"], np.float32))
        return float(inner @ w["head.3.weight"][0] + w["head.3.bias"][0])


def following_from(stored: Traversable | Path) -> Following:
    """The network whose weights are stored in a .npz file."""
    return Following(stored_weights(stored))


@lru_cache(maxsize=1)
def following() -> Following:
    """The network that ships, loaded once, when it is first needed."""
    return following_from(files("rag").joinpath("following.npz"))
