"""Fits rag/answering.json: which sentence answers a question best, and whether it answers it at all.

    python tests/bench/fit_answering.py FOLDER --readers FOLDER [--indexes FOLDER] [--write]

FOLDER is the public data that the questions of reading.py are about, --readers what fit_reader.py left there: a question is
judged by the reader that was fitted without it. Indexes are kept in --indexes, so that another run need not make them
again. A candidate sentence is right when it holds something that answers.

Both models are logistic regressions (Newton's method, with a ridge): the ranking one over differences
between right and wrong candidates of one question, the answering one over the best candidate of each
question, answerable and not weighing the same. The figures are of articles that the weights were not
fitted on, a third left out at a time. The threshold is the lowest at which, on those, so many of the
questions without an answer are refused.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from reading import COLLECTIONS, ENCYCLOPEDIA, FOLDS, Asked, collection_index, fitting_arguments, place_of_answer, questions_of
from regression import regression

from rag.answering import RANKING, Model, answering_features
from rag.chat import HITS, Chat
from rag.quote import MOST_QUOTATIONS, NEARLY_AS_GOOD, Weighed, weigh
from rag.reader import Reader, reader_from
from rag.retrieve import retrieve

REFUSED = 0.51
"""Share of the questions without an answer that must be refused. From .6 on, plain questions ("What did she say?") are, too."""

MOST = 400
"""Questions of one collection, drawn by lot: two dozen weights need no more."""

Row = tuple[Asked, list[Weighed], list[bool]]


def rows_of(chat: Chat, questions: list[Asked], readers: list[Reader]) -> Iterator[Row]:
    """Each question with its candidates and which of them are right."""
    index = chat._index
    for asked in questions:
        hits = retrieve(index, asked.question, HITS)
        _, candidates = weigh(
            asked.question,
            hits,
            chat._reader,
            readers[asked.fold],
            index.document_frequency,
            index.library.passage_count(),
            index.cosines(asked.question, [hit.passage.id for hit in hits]),
        )
        right = [place_of_answer(asked, one.sentence.article.id, one.sentence.text) is not None for one in candidates]
        yield asked, candidates, right


def fit(rows: list[Row]) -> Model:
    """Both models, fitted on these rows; the threshold is left at 0.5."""
    differences = []
    for asked, candidates, right in rows:
        if not asked.answers:
            continue
        values = np.array([[c.evidence.features[name] for name in RANKING] for c in candidates]).reshape(-1, len(RANKING))
        good = [n for n, (c, r) in enumerate(zip(candidates, right, strict=True)) if r and not c.evidence.missing]
        bad = [n for n, r in enumerate(right) if not r]
        for n in good:
            differences += [(values[n] - values[other], 1 / (len(good) * len(bad))) for other in bad]
    x = np.array([value for value, _ in differences])
    shares = np.array([share for _, share in differences])
    weights, _ = regression(np.vstack([x, -x]), np.repeat([1.0, 0.0], len(x)), np.tile(shares, 2), bias=False)
    ranking = dict(zip(RANKING, (float(w) for w in weights), strict=True))
    model = Model(ranking, {}, 0.0, 0.5)
    examples = []
    for row in rows:
        asked, candidates, right = row
        if asked.answers and not any(r and not c.evidence.missing for c, r in zip(candidates, right, strict=True)):
            continue  # the right sentence was not found: nothing to learn from
        best = ranked(row, model)
        if best:
            examples.append((best[0][1], bool(asked.answers)))
    names = list(examples[0][0])
    x = np.array([[values[name] for name in names] for values, _ in examples])
    y = np.array([float(label) for _, label in examples])
    shares = np.where(y > 0, 0.5 / y.sum(), 0.5 / (len(y) - y.sum()))
    # Every feature is made so that more of it speaks for an answer. Where the data is too little to tell
    # apart features that go together, some come out the other way round: those are dropped, worst first.
    while True:
        weights, bias = regression(x, y, shares, bias=True)
        wrong = [
            (weight * x[:, n].std(), n)
            for n, (name, weight) in enumerate(zip(names, weights, strict=True))
            if weight * (-1 if name == "no_phrase" else 1) < 0
        ]
        if not wrong:
            return Model(ranking, dict(zip(names, (float(w) for w in weights), strict=True)), bias, 0.5)
        worst = max(wrong, key=lambda pair: abs(pair[0]))[1]
        names.pop(worst)
        x = np.delete(x, worst, axis=1)


def ranked(row: Row, model: Model) -> list[tuple[float, dict[str, float], bool]]:
    """A question's candidates that lack nothing, best first: (rank, features of answering, right)."""
    _, candidates, right = row
    evidence = [candidate.evidence for candidate in candidates]
    found = [
        (rank, answering_features(candidate.evidence, evidence), r)
        for candidate, r in zip(candidates, right, strict=True)
        if not candidate.evidence.missing
        for rank in [model.rank(candidate.evidence)]
    ]
    return sorted(found, key=lambda item: -item[0])


def outcome(row: Row, model: Model) -> tuple[bool, float, bool]:
    """Of one question: can it be answered, the best candidate's probability, is one that would be quoted right?"""
    found = [(model.probability(features), right) for _, features, right in ranked(row, model)]
    best = max((probability for probability, _ in found), default=0.0)
    quoted = [right for probability, right in found if probability >= NEARLY_AS_GOOD * best][:MOST_QUOTATIONS]
    return bool(row[0].answers), best, any(quoted)


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
    arguments = fitting_arguments(readers=True)
    readers = [reader_from(arguments.readers / f"without-{part}.npz") for part in range(FOLDS)]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for collection in (*COLLECTIONS, ENCYCLOPEDIA):
            questions = questions_of(collection, arguments.data)
            drawn = random.Random(0).sample(questions, min(MOST, len(questions)))
            with collection_index(collection, arguments.data, (arguments.indexes or Path(folder)) / collection) as chat:
                rows += rows_of(chat, drawn, readers)
    outcomes: list[tuple[str, tuple[bool, float, bool]]] = []
    for part in range(FOLDS):
        model = fit([row for row in rows if row[0].fold != part])
        outcomes += [(row[0].collection, outcome(row, model)) for row in rows if row[0].fold == part]
    pooled = [found for _, found in outcomes]
    steps = (float(value) for value in np.linspace(0.02, 0.98, 97))
    threshold = next(at for at in steps if figures(pooled, at)[2] >= REFUSED)
    for name in (*COLLECTIONS, ENCYCLOPEDIA, "all"):
        some = pooled if name == "all" else [found for collection, found in outcomes if collection == name]
        right, answered, refused = figures(some, threshold)
        print(
            f"{name:12} {len(some):4} questions: answered right {right:.2f}, answered {answered:.2f}, "
            f"refused {refused:.2f}, AUC {auc(some):.3f}"
        )
    for share in (0.6, 0.7, 0.8, 0.9):
        at = next(at for at in np.linspace(0.0, 1.0, 101) if figures(pooled, float(at))[2] >= share)
        print(f"refused {share:.1f} at {at:.2f}: answered right {figures(pooled, float(at))[0]:.2f}")
    model = fit(rows)
    print(f"threshold {threshold:.2f}, bias {model.bias:.2f}")
    print({name: round(weight, 2) for name, weight in model.ranking.items()})
    print({name: round(weight, 2) for name, weight in model.answering.items()})
    if arguments.write:
        target = Path(__file__).resolve().parents[2] / "rag" / "answering.json"
        stored = {
            "fitted_by": "tests/bench/fit_answering.py",
            "fitted_on": {name: sum(row[0].collection == name for row in rows) for name in (*COLLECTIONS, ENCYCLOPEDIA)},
            "threshold": round(threshold, 3),
            "bias": round(model.bias, 4),
            "ranking": {name: round(weight, 4) for name, weight in model.ranking.items()},
            "answering": {name: round(weight, 4) for name, weight in model.answering.items()},
        }
        target.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
