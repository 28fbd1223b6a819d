"""How likely a sentence answers a question: a logistic regression over the numbers of `rag.evidence`.

The weights stand in `answering.json`, beside how and on what they were fitted
(`tests/bench/fit_answering.py`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from rag.evidence import FEATURES


@dataclass(frozen=True, slots=True)
class Model:
    """Weights in the order of `FEATURES`, and the probability from which a sentence counts as an answer."""

    weights: tuple[float, ...]
    bias: float
    threshold: float

    def probability(self, features: Sequence[float]) -> float:
        """The probability, in [0, 1], that a sentence with these features answers."""
        total = self.bias + sum(weight * value for weight, value in zip(self.weights, features, strict=True))
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


@lru_cache(maxsize=1)
def fitted_model() -> Model:
    """The model that ships, read once, when it is first needed."""
    stored = json.loads(files("rag").joinpath("answering.json").read_text(encoding="utf-8"))
    return Model(
        tuple(float(stored["weights"][name]) for name in FEATURES), float(stored["bias"]), float(stored["threshold"])
    )
