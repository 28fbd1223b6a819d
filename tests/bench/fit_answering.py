"""Fits rag/answering.json: which sentence answers a question best, and whether it answers it at all.

    python tests/bench/fit_answering.py FOLDER [--readers FOLDER] [--indexes FOLDER] [--rows FILE] [--write]

FOLDER is the public data that the questions of reading.py are about. Indexes are kept in --indexes and what was read in
--rows, so that another run need not make them again. A candidate sentence is right when it holds something that answers.

Both models are logistic regressions (Newton's method, with a ridge). The ranking one, over differences between right and wrong
candidates of one question, is fitted when --readers names what fit_reader.py left there, on the collections that the reader was
fitted on, a question being judged by the reader that was fitted without it; otherwise it stays as it is.

The answering one is fitted on newswire, which no reader has seen: scores of what it was fitted on are too sure. It is over the
best candidate of each question, those with an answer and those without weighing the same. Two kinds of questions have none.
Those written to mislead name the people and things of an article and ask what it does not tell. And each answered question is
asked again of the other articles, as if those that answer it were not there: that is what somebody meets who asks a
collection about something else. The figures are of articles that the weights were not fitted on, a third left out at a time,
and of an encyclopedia, which they were not fitted on at all. The threshold is the highest at which, of the former, so many of
the questions are answered that a sentence found answers.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from lessons import kept
from reading import (
    COLLECTIONS,
    ENCYCLOPEDIA,
    FOLDS,
    NEWSWIRE,
    Asked,
    collection_index,
    fitting_arguments,
    left_out,
    place_of_answer,
    questions_of,
)
from regression import regression

from rag.answering import RANKING, Model, answering_features
from rag.chat import HITS, Chat
from rag.quote import MOST_QUOTATIONS, NEARLY_AS_GOOD, Weighed, weigh
from rag.reader import Reader, reader, reader_from
from rag.retrieve import retrieve

UNSEEN = (NEWSWIRE, ENCYCLOPEDIA)
"""The collections that the reader was not fitted on: news, and questions typed into a search box."""

RANKED = (*COLLECTIONS, ENCYCLOPEDIA)
"""Those that the ranking is fitted on."""

TARGET = Path(__file__).resolve().parents[2] / "rag" / "answering.json"

ANSWERED = 0.9
"""Share of the questions with an answer among what was found that must be answered, rightly or not."""

ABSENT = 0.2
"""What questions whose articles are not there weigh among those without an answer: they are told apart more easily."""

MOST, MOST_RANKED = 1500, 400
"""Questions of one collection, drawn by lot, for each model: so few weights need no more."""


@dataclass(frozen=True, slots=True)
class Row:
    """A question, the candidates found for it, and which of them answer; `absent` when those are of other articles."""

    asked: Asked
    candidates: list[Weighed]
    right: list[bool]
    absent: bool

    @property
    def kind(self) -> str:
        """Whether it has an answer, and if not, why."""
        return "absent" if self.absent else "answered" if self.asked.answers else "misleading"

    @property
    def found(self) -> bool:
        """Is one of the candidates that lack nothing an answer?"""
        return any(r and not c.evidence.missing for c, r in zip(self.candidates, self.right, strict=True))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question: its kind, whether an answer was found, how likely its best candidate is, and whether one
    of those that would be quoted answers."""

    kind: str
    found: bool
    likeliest: float
    right: bool


def read_all(
    collections: Sequence[str], most: int, judge: Callable[[Asked], Reader], data: Path, indexes: Path | None
) -> list[Row]:
    """The rows of collections, each question judged by its reader."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for collection in collections:
            questions = questions_of(collection, data)
            drawn = random.Random(0).sample(questions, min(most, len(questions)))
            with collection_index(collection, data, (indexes or Path(folder)) / collection) as chat:
                rows += rows_of(chat, drawn, judge)
    return rows


def rows_of(chat: Chat, questions: list[Asked], judge: Callable[[Asked], Reader]) -> Iterator[Row]:
    """Each question, and each with an answer once more without the articles that answer it."""
    index = chat._index
    passages = index.library.passage_count()
    for asked in questions:
        wide = retrieve(index, asked.question, 2 * HITS)
        cosines = index.cosines(asked.question, [hit.passage.id for hit in wide])
        given = (chat._reader, judge(asked))
        _, candidates = weigh(asked.question, wide[:HITS], *given, index.document_frequency, passages, cosines)
        right = [place_of_answer(asked, one.sentence.article.id, one.sentence.text) is not None for one in candidates]
        yield Row(asked, candidates, right, absent=False)
        if asked.answers:
            others, frequency = left_out(index, asked, wide)
            if others:
                _, candidates = weigh(asked.question, others[:HITS], *given, frequency, passages, cosines)
                yield Row(asked, candidates, [False] * len(candidates), absent=True)


def fit(rows: list[Row], ranking: Mapping[str, float]) -> Model:
    """Both models, the answering one fitted on these rows; the threshold is left at 0.5."""
    model = Model(ranking, {}, 0.0, 0.5)
    examples = []
    for row in rows:
        if row.kind == "answered" and not row.found:
            continue  # the right sentence was not found: nothing to learn from
        best = ranked(row, model)
        if best:
            examples.append((best[0][1], row.kind))
    counts = {kind: sum(one == kind for _, one in examples) for kind in ("answered", "misleading", "absent")}
    weighing = {"answered": 0.5, "misleading": 0.5 * (1 - ABSENT), "absent": 0.5 * ABSENT}
    shares = np.array([weighing[kind] / counts[kind] for _, kind in examples])
    names = list(examples[0][0])
    x = np.array([[values[name] for name in names] for values, _ in examples])
    y = np.array([float(kind == "answered") for _, kind in examples])
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


def fitted_ranking(rows: list[Row]) -> dict[str, float]:
    """The weights by which right candidates stand above wrong ones of the same question."""
    differences = []
    for row in rows:
        if row.kind != "answered":
            continue
        values = np.array([[c.evidence.features[name] for name in RANKING] for c in row.candidates]).reshape(-1, len(RANKING))
        good = [n for n, (c, r) in enumerate(zip(row.candidates, row.right, strict=True)) if r and not c.evidence.missing]
        bad = [n for n, r in enumerate(row.right) if not r]
        for n in good:
            differences += [(values[n] - values[other], 1 / (len(good) * len(bad))) for other in bad]
    x = np.array([value for value, _ in differences])
    shares = np.array([share for _, share in differences])
    weights, _ = regression(np.vstack([x, -x]), np.repeat([1.0, 0.0], len(x)), np.tile(shares, 2), bias=False)
    return dict(zip(RANKING, (float(w) for w in weights), strict=True))


def ranked(row: Row, model: Model) -> list[tuple[float, dict[str, float], bool]]:
    """A question's candidates that lack nothing, best first: (rank, features of answering, right)."""
    evidence = [candidate.evidence for candidate in row.candidates]
    found = [
        (model.rank(candidate.evidence), answering_features(candidate.evidence, evidence), right)
        for candidate, right in zip(row.candidates, row.right, strict=True)
        if not candidate.evidence.missing
    ]
    return sorted(found, key=lambda item: -item[0])


def outcome(row: Row, model: Model) -> Outcome:
    """What becomes of a question."""
    found = [(model.probability(features), right) for _, features, right in ranked(row, model)]
    best = max((probability for probability, _ in found), default=0.0)
    quoted = [right for probability, right in found if probability >= NEARLY_AS_GOOD * best][:MOST_QUOTATIONS]
    return Outcome(row.kind, row.found, best, any(quoted))


def auc(outcomes: list[Outcome], kind: str) -> float:
    """How often the best candidate of a question with an answer is above that of one without, of this kind."""
    can = np.array([one.likeliest for one in outcomes if one.kind == "answered"])
    not_ = np.array([one.likeliest for one in outcomes if one.kind == kind])
    return float((can[:, None] > not_[None, :]).mean()) if len(can) and len(not_) else float("nan")


def told(name: str, outcomes: list[Outcome], threshold: float) -> str:
    """A line for people: shares of questions answered and refused at a threshold."""
    can = [one for one in outcomes if one.kind == "answered"]
    parts = [
        f"{name:12} {len(can):4} with an answer:",
        f"answered right {np.mean([one.right and one.likeliest >= threshold for one in can]):.2f},",
        f"answered {np.mean([one.likeliest >= threshold for one in can]):.2f};",
    ]
    for kind in ("misleading", "absent"):
        not_ = [one.likeliest for one in outcomes if one.kind == kind]
        parts.append(f"{len(not_)} {kind}: refused {np.mean(np.array(not_) < threshold):.2f}, AUC {auc(outcomes, kind):.3f};")
    return " ".join(parts)


def main() -> None:
    arguments = fitting_arguments("rows", "readers")
    ranking: dict[str, float] = json.loads(TARGET.read_text(encoding="utf-8"))["ranking"]
    if arguments.readers:
        readers = [reader_from(arguments.readers / f"without-{part}.npz") for part in range(FOLDS)]
        ranking = fitted_ranking(
            read_all(RANKED, MOST_RANKED, lambda asked: readers[asked.fold], arguments.data, arguments.indexes)
        )
    every = kept(arguments.rows, lambda: read_all(UNSEEN, MOST, lambda asked: reader(), arguments.data, arguments.indexes))
    rows = [row for row in every if row.asked.collection == NEWSWIRE]
    outcomes: list[Outcome] = []
    for part in range(FOLDS):
        model = fit([row for row in rows if row.asked.fold != part], ranking)
        outcomes += [outcome(row, model) for row in rows if row.asked.fold == part]
    found = sorted(one.likeliest for one in outcomes if one.kind == "answered" and one.found)
    threshold = round(found[int((1 - ANSWERED) * len(found))], 2)
    model = fit(rows, ranking)
    for at in sorted({threshold, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6}):
        print(told(f"left out, {at:.2f}", outcomes, at))
    elsewhere = [outcome(row, model) for row in every if row.asked.collection == ENCYCLOPEDIA]
    print(told(f"{ENCYCLOPEDIA}, {threshold:.2f}", elsewhere, threshold))
    print(f"threshold {threshold:.2f}, bias {model.bias:.2f}")
    print({name: round(weight, 2) for name, weight in model.ranking.items()})
    print({name: round(weight, 2) for name, weight in model.answering.items()})
    if arguments.write:
        stored = {
            "fitted_by": "tests/bench/fit_answering.py",
            "threshold": threshold,
            "bias": round(model.bias, 4),
            "ranking": {name: round(weight, 4) for name, weight in model.ranking.items()},
            "answering": {name: round(weight, 4) for name, weight in model.answering.items()},
        }
        TARGET.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
