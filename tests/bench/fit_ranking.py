"""Fits rag/ranking.json: what counts how much when passages are ranked for a query.

    python tests/bench/fit_ranking.py FOLDER [--indexes FOLDER] [--write]

FOLDER is the public data that the questions of reading.py are about. Weights are fitted on our own questions about
technology, nature and newspaper articles, on the questions of an encyclopedia, and on the public ones that
web_news has for technology and nature (each counting OFFICIAL times); nothing of culture is used, so that
retrieval.py can confirm on it.

The model is a conditional logit: of the best passage of an article that answers and those of RIVALS others, best by
fusion at first and by the model itself in a second round, the first is to be chosen. Its sum is then made a probability by
a logistic regression over the ten articles found first. The figures are MRR@10 and recall@10 by article, of each group of
questions by weights fitted on the collections that it is not from.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from reading import ENCYCLOPEDIA, collection_index, fitting_arguments, questions_of
from regression import conditional_logit, regression

from rag import rank
from rag.chat import Chat
from rag.retrieve import POOL

FITTED = ("technology", "nature", "frank", ENCYCLOPEDIA)
WITH_OFFICIAL = ("technology", "nature")
OFFICIAL = 3.0
RIVALS = 20
RIDGE = 1e-4
FUSION = [rank.EVIDENCE.index("word fusion"), rank.EVIDENCE.index("vector fusion")]


@dataclass(frozen=True, slots=True)
class Group:
    """Questions that are reported together."""

    collection: str
    name: str
    weight: float


@dataclass(slots=True)
class Lesson:
    """A question with the evidence for each passage found, its article, whether that answers, and the plain fusion."""

    group: Group
    features: np.ndarray
    articles: np.ndarray
    right: np.ndarray
    fused: np.ndarray
    wanted: int


def asked_of(collection: str, folder: Path) -> Iterator[tuple[Group, str, set[str]]]:
    """The questions of a collection that are answered, with the articles that answer."""
    ours = Group(collection, "ours", 1.0)
    for asked in questions_of(collection, folder):
        if asked.answers:
            yield ours, asked.question, {asked.article}
    if collection in WITH_OFFICIAL:
        with gzip.open(folder / "web_news" / f"{collection}_questions.jsonl.gz", "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                name = "summary" if row["type"] == "summary" else "facts"
                yield Group(collection, name, OFFICIAL), row["question"], set(row["article_ids"])


def lesson(chat: Chat, group: Group, question: str, wanted: set[str]) -> Lesson | None:
    """What is found for one question; None when nothing is."""
    index = chat._index
    by_words, by_meaning = index.search_words(question, POOL), index.search_vectors(question, POOL)
    candidates = index.candidates(list(dict.fromkeys([passage for passage, _ in [*by_words, *by_meaning]])))
    if not candidates:
        return None
    query = rank.query(question, index.embed_query(question), index.document_frequency, index.library.passage_count())
    features = rank.weigh(query, candidates, by_words, by_meaning)
    return Lesson(
        group,
        features,
        np.array([candidate.article_id for candidate in candidates]),
        np.array([candidate.article_id in wanted for candidate in candidates]),
        features[:, FUSION].sum(axis=1),
        len(wanted),
    )


def best_of_articles(one: Lesson, scores: np.ndarray) -> list[int]:
    """The place of each article's best passage, best article first."""
    seen: dict[str, int] = {}
    for place in np.argsort(-scores, kind="stable"):
        seen.setdefault(one.articles[place], int(place))
    return list(seen.values())


def fit(lessons: list[Lesson]) -> rank.RankingModel:
    """Weights and bias from these questions."""
    weights = np.zeros(len(rank.EVIDENCE))
    for turn in range(2):
        choices, shares = [], []
        for one in lessons:
            places = best_of_articles(one, one.features @ weights if turn else one.fused)
            good = [place for place in places if one.right[place]]
            bad = [place for place in places if not one.right[place]][:RIVALS]
            choices += [one.features[[place, *bad]] for place in good if bad]
            shares += [one.group.weight / len(good) for _ in good if bad]
        weights = conditional_logit(choices, shares, ridge=RIDGE)
    found = [(one, place) for one in lessons for place in best_of_articles(one, one.features @ weights)[:10]]
    sums = np.array([[one.features[place] @ weights] for one, place in found])
    right = np.array([float(one.right[place]) for one, place in found])
    slope, bias = regression(sums, right, np.ones(len(right)), bias=True, ridge=0.0)
    named = dict(zip(rank.EVIDENCE, (float(weight * slope[0]) for weight in weights), strict=True))
    return rank.RankingModel(named, bias)


def figures(lessons: list[Lesson], model: rank.RankingModel | None) -> str:
    """MRR@10 and recall@10 by article; plain fusion's without a model."""
    reciprocal, recall = [], []
    for one in lessons:
        places = best_of_articles(one, model.scores(one.features) if model else one.fused)[:10]
        right = [bool(one.right[place]) for place in places]
        reciprocal.append(1 / (right.index(True) + 1) if any(right) else 0.0)
        recall.append(sum(right) / one.wanted)
    return f"{np.mean(reciprocal):.3f} {np.mean(recall):.3f}"


def main() -> None:
    arguments = fitting_arguments()
    lessons: list[Lesson] = []
    with tempfile.TemporaryDirectory() as folder:
        for collection in FITTED:
            with collection_index(collection, arguments.data, (arguments.indexes or Path(folder)) / collection) as chat:
                found = [lesson(chat, *asked) for asked in asked_of(collection, arguments.data)]
            lessons += [one for one in found if one is not None]
            print(f"{collection}: {len(lessons)} questions so far", flush=True)
    print("left-out collection, group, questions: fusion's MRR@10 and recall@10, the model's")
    for group in dict.fromkeys(one.group for one in lessons):
        model = fit([one for one in lessons if one.group.collection != group.collection])
        mine = [one for one in lessons if one.group == group]
        print(f"{group.collection:12} {group.name:8} {len(mine):5}  {figures(mine, None)}  {figures(mine, model)}")
    model = fit(lessons)
    for name, weight in model.weights.items():
        print(f"{name:16} {weight:8.3f}")
    if arguments.write:
        target = Path(__file__).resolve().parents[2] / "rag" / "ranking.json"
        rounded = {name: round(weight, 4) for name, weight in model.weights.items()}
        target.write_text(json.dumps({"weights": rounded, "bias": round(model.bias, 4)}, indent=1) + "\n")


if __name__ == "__main__":
    main()
