"""Two texts read as one by the built-in embedder's model, the weights of which were changed to read so.

The embedder was made to give near texts near vectors, each read by itself. Read as one, a question and a sentence take each
other in from the first layer on, which tells far more of how the one answers the other; but the model must have learnt
that. What it learnt is a small change to its weights (`index.onnx_weights.changed`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.minilm import LAST, MODEL, MODEL_SHA256, WINDOW, checked_file, session_of
from index.onnx_weights import changed

BEGIN, END = 101, 102
"""The marker tokens of the embedder's vocabulary: before a text, and after each."""

FIRST_WINDOW = WINDOW // 2
"""Tokens of the first text that are read, unless another limit is set: room is left for the second."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Two texts as one: the n tokens' numbers in the vocabulary, marker tokens included, of how many of them the first text
    and of how many the second consists, and which belong to the part of the second that is asked about (n,)."""

    ids: NDArray[np.int64]
    first: int
    second: int
    own: NDArray[np.bool_]


def join(first: NDArray[np.int64], second: NDArray[np.int64], own: Sequence[bool], room: int = FIRST_WINDOW) -> Joined:
    """Two texts as one, given as their tokens' numbers in the vocabulary, (n,) and (m,).

    The first is cut to `room` tokens, the second to what the window leaves. `own` says of each token of the second whether
    it belongs to the part that is asked about, (m,).
    """
    first = first[:room]
    second = second[: WINDOW - 3 - len(first)]
    ids = np.array([BEGIN, *first, END, *second, END], np.int64)
    mine = np.zeros(len(ids), np.bool_)
    mine[len(first) + 2 : -1] = own[: len(second)]
    return Joined(ids, len(first), len(second), mine)


class JointModel:
    """The changed model. Safe to share between threads; takes 0.3 s to make, and 130 MB."""

    def __init__(self, change: Mapping[str, NDArray[np.float32]]) -> None:
        self._session: Any = session_of(bytes(changed(checked_file(*MODEL, MODEL_SHA256), change)))
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="read")

    def read(self, texts: Sequence[Joined]) -> list[NDArray[np.float32]]:
        """The states of each one's tokens after the last layer, of shape (n, 384), marker tokens included."""
        if len(texts) == 1:
            return [self._states(texts[0])]  # without the way to another thread and back
        return list(self._threads.map(self._states, texts))

    def _states(self, text: Joined) -> NDArray[np.float32]:
        ids = text.ids[None]
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": text.own[None].astype(np.int64)}
        return np.asarray(self._session.run((LAST,), inputs)[0][0], np.float32)
