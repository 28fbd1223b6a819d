"""PURE. The parts of a small transformer, in numpy: what fitted networks are run with, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Weights = Mapping[str, Array]


def attended(h: Array, w: Weights, at: str, heads: int) -> Array:
    """One layer (attention, then two linear ones, each after a normalisation) over tokens of shape (n, d).

    The weights are named as `torch.nn.TransformerEncoderLayer` names them, after `at`.
    """
    x = normalised(h) * w[at + "norm1.weight"] + w[at + "norm1.bias"]
    n, d = x.shape
    q, k, v = (
        part.reshape(n, heads, d // heads).transpose(1, 0, 2)
        for part in np.split(x @ w[at + "self_attn.in_proj_weight"].T + w[at + "self_attn.in_proj_bias"], 3, axis=1)
    )
    weights = q @ k.transpose(0, 2, 1) / np.sqrt(d // heads, dtype=np.float32)
    weights = np.exp(weights - weights.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    mixed = (weights @ v).transpose(1, 0, 2).reshape(n, d)
    h = h + mixed @ w[at + "self_attn.out_proj.weight"].T + w[at + "self_attn.out_proj.bias"]
    x = normalised(h) * w[at + "norm2.weight"] + w[at + "norm2.bias"]
    x = gelu(np.asarray(x @ w[at + "linear1.weight"].T + w[at + "linear1.bias"], np.float32))
    return np.asarray(h + x @ w[at + "linear2.weight"].T + w[at + "linear2.bias"], np.float32)


def normalised(x: Array) -> Array:
    """Rows with mean 0 and variance 1."""
    centred = x - x.mean(-1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred * centred).mean(-1, keepdims=True) + 1e-5), np.float32)


def gelu(x: Array) -> Array:
    """The tanh form of the Gaussian error linear unit (Hendrycks and Gimpel 2016)."""
    return np.asarray(0.5 * x * (1 + np.tanh(np.float32(0.7978845608) * (x + np.float32(0.044715) * x * x * x))), np.float32)


def stored_weights(stored: Traversable | Path) -> dict[str, Array]:
    """The weights in a .npz file, in single precision."""
    with stored.open("rb") as file, np.load(file, allow_pickle=False) as weights:
        return {name: weights[name].astype(np.float32) for name in weights.files}
