"""Fits rag/leaning.json: does a question lean on what was said before it?

    python tests/bench/fit_follow_ups.py [--write] [--misses]

Fitted on the conversations of follow_up_questions.jsonl ({conversation, kind, history, question, stands_alone}), and on
questions of reading_questions.jsonl, which stand alone, each with another before it, of the same article or of another one.
A logistic regression (Newton's method, with a ridge); the figures are of conversations that it was not fitted on, a fifth
left out at a time. Which words a question carries from its history was set by hand, on the same conversations.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import numpy as np
from regression import regression

from rag.leaning import AGAINST, FEATURES, LEANS_FROM, leaning

HERE = Path(__file__).resolve().parent
FOLDS = 5
STANDING = 600
"""Questions that are taken of reading_questions.jsonl, drawn by lot."""


def conversations() -> list[tuple[str, str, int, bool, np.ndarray]]:
    """(kind, question, fold, leans, features) of each question that its writer gave a history."""
    found = []
    for line in (HERE / "follow_up_questions.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        said = [turn["content"] for turn in reversed(row["history"])]
        leans = row["stands_alone"] not in row["question"]
        found.append((row["kind"], row["question"], row["conversation"] % FOLDS, leans, values(row["question"], said)))
    return found


def standing() -> list[tuple[str, str, int, bool, np.ndarray]]:
    """The same of questions that stand alone, whatever was asked before."""
    by_article: dict[str, list[str]] = {}
    for line in (HERE / "reading_questions.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        by_article.setdefault(row["article"], []).append(row["question"])
    lot = random.Random(0)
    articles = sorted(by_article)
    found = []
    for n in range(STANDING):
        article = lot.choice(articles)
        question = lot.choice(by_article[article])
        before = lot.choice(by_article[article if n % 2 else lot.choice(articles)])
        found.append(("standing", question, n % FOLDS, False, values(question, [before])))
    return found


def values(question: str, said: list[str]) -> np.ndarray:
    """The features of a question as a row."""
    features = leaning(question, said).features
    return np.array([features[name] for name in FEATURES])


def fit(rows: list[tuple[str, str, int, bool, np.ndarray]]) -> tuple[np.ndarray, float]:
    """Weights and bias; the questions that only stand alone count half.

    What leaning words are seen with speaks for leaning. Where the data is too little to tell apart features that go together,
    some come out the other way round: those are dropped, worst first.
    """
    x = np.array([row[4] for row in rows])
    y = np.array([float(row[3]) for row in rows])
    shares = np.array([0.5 if row[0] == "standing" else 1.0 for row in rows])
    kept = list(range(len(FEATURES)))
    while True:
        found, bias = regression(x[:, kept], y, shares, bias=True)
        wrong = [
            (abs(weight) * x[:, n].std(), n)
            for weight, n in zip(found, kept, strict=True)
            if weight * (-1 if FEATURES[n] in AGAINST else 1) < 0
        ]
        if not wrong:
            weights = np.zeros(len(FEATURES))
            weights[kept] = found
            return weights, bias
        kept.remove(max(wrong)[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--misses", action="store_true")
    arguments = parser.parse_args()
    rows = [*conversations(), *standing()]
    told: list[tuple[str, bool, float]] = []
    for fold in range(FOLDS):
        weights, bias = fit([row for row in rows if row[2] != fold])
        for kind, question, _, leans, x in (row for row in rows if row[2] == fold):
            likely = float(1 / (1 + np.exp(-(x @ weights + bias)))) if kind != "change" else float(leans)
            told.append((kind, leans, likely))
            if arguments.misses and leans != (likely >= LEANS_FROM):
                print(f"{likely:.2f} {kind:10} {question}")
    for at in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7):
        leaning_right = np.mean([likely >= at for _, leans, likely in told if leans])
        own = np.mean([likely < at for kind, leans, likely in told if not leans and kind != "standing"])
        others = np.mean([likely < at for kind, _, likely in told if kind == "standing"])
        print(f"from {at:.1f}: leaning noticed {leaning_right:.3f}, left alone {own:.3f} of ours, {others:.3f} of the others")
    weights, bias = fit(rows)
    print({name: round(float(weight), 2) for name, weight in zip(FEATURES, weights, strict=True)}, round(bias, 2))
    if arguments.write:
        stored = {
            "fitted_by": "tests/bench/fit_follow_ups.py",
            "bias": round(bias, 4),
            "weights": {name: round(float(weight), 4) for name, weight in zip(FEATURES, weights, strict=True)},
        }
        target = HERE.parents[1] / "rag" / "leaning.json"
        target.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
