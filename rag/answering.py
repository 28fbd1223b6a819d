"""Which sentence answers a question best, and whether it answers it at all: two small linear models.

Both read the numbers of `rag.evidence`. The first orders the sentences; the second says how likely it
is that one answers, from its own numbers and what they are worth for this question. The weights stand
in `answering.json`; `tests/bench/fit_answering.py` fits them, and says on what.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from rag.evidence import Evidence

RANKING = (
    "words_here", "weakest_word", "names", "phrase", "no_phrase", "counted", "passage_rank", "aligned", "aligned_here",
    "weakest_aligned", "weakest_aligned_here", "aligned_back", "judged", "marked",
)  # fmt: skip
ANSWERING = (
    "words", "words_here", "weakest_name", "phrase", "no_phrase", "counted", "aligned", "aligned_here", "weakest_aligned",
    "weakest_aligned_here", "aligned_back", "judged", "marked",
)  # fmt: skip
SURE = 0.95
"""The probability that a sentence answers which holds the very words that the question quotes."""


@dataclass(frozen=True, slots=True)
class Model:
    """The weights of both models by feature, and the probability from which a sentence counts as an answer."""

    ranking: Mapping[str, float]
    answering: Mapping[str, float]
    bias: float
    threshold: float

    def rank(self, evidence: Evidence) -> float:
        """How good an answer a sentence is, beside others for the same question: higher is better."""
        return sum(weight * evidence.features[name] for name, weight in self.ranking.items())

    def probability(self, features: Mapping[str, float]) -> float:
        """The probability, in [0, 1], that a sentence answers, from `answering_features`."""
        total = self.bias + sum(weight * features[name] for name, weight in self.answering.items())
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


def answering_features(evidence: Evidence, others: Sequence[Evidence]) -> dict[str, float]:
    """The numbers from which the second model tells whether a sentence answers; `others` are all candidates."""
    own = evidence.features
    return {
        **{name: own[name] for name in ANSWERING},
        "best_aligned": max(other.features["aligned"] for other in others),
        "best_judged": max(other.features["judged"] for other in others),
        "not_lacking": sum(not other.missing for other in others) / len(others),
        "names_near": float(own["weakest_name"] > 0.85),
    }


@lru_cache(maxsize=1)
def fitted_model() -> Model:
    """The model that ships, read once, when it is first needed."""
    stored = json.loads(files("rag").joinpath("answering.json").read_text(encoding="utf-8"))
    return Model(stored["ranking"], stored["answering"], float(stored["bias"]), float(stored["threshold"]))
