"""Fitted networks as they are stored: a change of the embedder's model, and small layers on its states, run in numpy."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.joint import JointModel

Array = NDArray[np.float32]
Weights = Mapping[str, Array]

OF_MODEL = "model:"
"""What the names of changes to the embedder's weights begin with."""

LEAST, MOST = -20.0, 20.0
"""Bounds of the summed odds of tokens, as the networks were fitted with them."""


def stored_weights(stored: Traversable | Path) -> dict[str, Array]:
    """The weights in a .npz file, in single precision."""
    with stored.open("rb") as file, np.load(file, allow_pickle=False) as weights:
        return {name: weights[name].astype(np.float32) for name in weights.files}


def joint_model(weights: Weights) -> tuple[JointModel, Weights]:
    """The changed model among some weights, and those of the layers on it."""
    change = {name.removeprefix(OF_MODEL): weight for name, weight in weights.items() if name.startswith(OF_MODEL)}
    return JointModel(change), {name: weight for name, weight in weights.items() if not name.startswith(OF_MODEL)}


def scored(pooled: Array, w: Weights) -> float:
    """What the two layers named "score" make of what was pooled of a text's states."""
    inner = gelu(np.asarray(pooled @ w["score.0.weight"].T + w["score.0.bias"], np.float32))
    return float(inner @ w["score.3.weight"][0] + w["score.3.bias"][0])


def summed(odds: Array) -> float:
    """The log of the sum of odds that are given as logs, kept within bounds."""
    return float(np.clip(odds.max() + np.log(np.exp(odds - odds.max()).sum()), LEAST, MOST))


def gelu(x: Array) -> Array:
    """The tanh form of the Gaussian error linear unit (Hendrycks and Gimpel 2016)."""
    return np.asarray(0.5 * x * (1 + np.tanh(np.float32(0.7978845608) * (x + np.float32(0.044715) * x * x * x))), np.float32)
