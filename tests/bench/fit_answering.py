"""Fits rag/answering.json: how likely a sentence answers a question, from the numbers of rag.evidence.

    python tests/bench/fit_answering.py DATA [--write]

DATA holds one folder per collection: `index/` (a Dateline data folder) and `questions.jsonl`, lines of
{"question", "phrase", "phrases"?, "sentences"?, "article"?}: a candidate sentence is right when it holds
one of the phrases (in the article named, if one is), or shares most of its terms with one of the sentences.
A question with neither is one that the collection does not answer.

The weights come from logistic regression (Newton's method, ridge 1e-2) over all candidates of the
questions, each question weighing the same; figures are of questions the weights were not fitted on:
the collections are left out one at a time. Then the threshold is chosen on the pooled left-out
figures, where refusing right and answering right balance best (their harmonic mean).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from index.words import content_terms
from rag.answering import Model
from rag.evidence import FEATURES
from rag.open import open_chat
from rag.quote import Weighed, weigh
from rag.retrieve import retrieve

RIDGE = 1e-2
Row = tuple[Any, list[Weighed], list[bool]]


def rows_of(folder: Path) -> Iterator[Row]:
    """Each question with its candidates and which of them are right."""
    with open_chat(folder / "index") as chat:
        index = chat._index
        for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines():
            asked = json.loads(line)
            hits = retrieve(index, asked["question"], 12)
            _, candidates = weigh(
                asked["question"], hits, index.embedder.embed_passages, index.library.document_frequency,
                index.library.passage_count(), index.cosines(asked["question"], [hit.passage.id for hit in hits]),
            )  # fmt: skip
            yield asked, candidates, [is_right(asked, candidate) for candidate in candidates]


def is_right(asked: dict[str, Any], candidate: Weighed) -> bool:
    """Does this sentence answer, as far as the data says?"""
    sentence = candidate.sentence
    text = " ".join(sentence.text.split()).lower()
    phrases = [phrase for phrase in [asked.get("phrase", ""), *asked.get("phrases", [])] if phrase]
    if phrases:
        return any(" ".join(phrase.split()).lower() in text for phrase in phrases) and (
            asked.get("article") in (None, "", sentence.article.id) or len(phrases) > 1
        )
    mine = set(content_terms(sentence.text))
    return any(
        len(mine & set(content_terms(said))) >= 0.7 * max(1, len(set(content_terms(said))))
        for said in asked.get("sentences", [])
    )


def answerable(asked: dict[str, Any]) -> bool:
    return bool(asked.get("phrase") or asked.get("sentences"))


def fit(rows: list[Row]) -> tuple[np.ndarray, float]:
    """Weights and bias of a logistic regression over the rows' candidates."""
    features, labels, shares = [], [], []
    for asked, candidates, right in rows:
        kept = [(c.evidence.features, r) for c, r in zip(candidates, right, strict=True) if not c.evidence.missing]
        if not kept or (answerable(asked) and not any(r for _, r in kept)):
            continue  # retrieval's fault: nothing to learn from
        for values, is_it in kept:
            features.append([*values, 1.0])
            labels.append(float(is_it))
            shares.append(1.0 / len(kept) if not is_it else 2.0 / sum(r for _, r in kept) / 3)
    x, y, w = np.array(features), np.array(labels), np.array(shares)
    w *= len(w) / w.sum()
    scale = np.maximum(x.std(axis=0), 1e-6)
    scale[-1] = 1.0
    x = x / scale
    theta = np.zeros(x.shape[1])
    penalty = np.full(x.shape[1], RIDGE * len(y))
    penalty[-1] = 0.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ theta))
        gradient = x.T @ (w * (p - y)) + penalty * theta
        hessian = (x.T * (w * p * (1 - p))) @ x + np.diag(penalty + 1e-9)
        step = np.linalg.solve(hessian, gradient)
        theta -= step
        if np.abs(step).max() < 1e-8:
            break
    theta /= scale
    return theta[:-1], float(theta[-1])


def outcome(row: Row, weights: np.ndarray, bias: float) -> tuple[bool, float, bool]:
    """Of one question: can it be answered, the best candidate's probability, is one of the best three right?"""
    asked, candidates, right = row
    model = Model(tuple(weights), bias, 0.5)
    scored = sorted(
        ((model.probability(c.evidence.features), r) for c, r in zip(candidates, right, strict=True) if not c.evidence.missing),
        reverse=True,
    )
    best = scored[0][0] if scored else 0.0
    return answerable(asked), best, any(r for p, r in scored[:3] if p >= 0.6 * best)


def figures(outcomes: list[tuple[bool, float, bool]], threshold: float) -> tuple[float, float, float]:
    """Shares: answerable ones answered right, answerable ones answered at all, unanswerable ones refused."""
    can = [(best, right) for is_answerable, best, right in outcomes if is_answerable]
    not_ = [best for is_answerable, best, _ in outcomes if not is_answerable]
    return (
        float(np.mean([best >= threshold and right for best, right in can])) if can else float("nan"),
        float(np.mean([best >= threshold for best, _ in can])) if can else float("nan"),
        float(np.mean([best < threshold for best in not_])) if not_ else float("nan"),
    )


def auc(outcomes: list[tuple[bool, float, bool]]) -> float:
    """How often an answerable question's best candidate is above an unanswerable one's."""
    can = np.array([best for is_answerable, best, _ in outcomes if is_answerable])
    not_ = np.array([best for is_answerable, best, _ in outcomes if not is_answerable])
    return float((can[:, None] > not_[None, :]).mean()) if len(can) and len(not_) else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    collections = {
        folder.name: list(rows_of(folder)) for folder in sorted(arguments.data.iterdir()) if (folder / "questions.jsonl").exists()
    }
    pooled: list[tuple[bool, float, bool]] = []
    left_out = {}
    for name, rows in collections.items():
        others = [row for other, some in collections.items() if other != name for row in some]
        if not others:
            others = rows
        weights, bias = fit(others)
        left_out[name] = [outcome(row, weights, bias) for row in rows]
        pooled += left_out[name]
    def balance(at: float) -> float:
        right, _, refused = figures(pooled, at)
        return 2 * right * refused / (right + refused)
    threshold = max((float(value) for value in np.linspace(0.02, 0.98, 97)), key=balance)
    for name, outcomes in {**left_out, "all": pooled}.items():
        right, answered, refused = figures(outcomes, threshold)
        print(f"{name:12} {len(outcomes):4} questions: answered right {right:.2f}, answered {answered:.2f}, refused {refused:.2f}, AUC {auc(outcomes):.3f}")
    weights, bias = fit([row for rows in collections.values() for row in rows])
    print(f"threshold {threshold:.2f}, bias {bias:.2f}", {name: round(float(w), 2) for name, w in zip(FEATURES, weights, strict=True)})
    if arguments.write:
        target = Path(__file__).resolve().parents[2] / "rag" / "answering.json"
        stored = {
            "fitted_by": "tests/bench/fit_answering.py",
            "fitted_on": {name: len(rows) for name, rows in collections.items()},
            "threshold": round(threshold, 3),
            "bias": round(bias, 4),
            "weights": {name: round(float(w), 4) for name, w in zip(FEATURES, weights, strict=True)},
        }
        target.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
