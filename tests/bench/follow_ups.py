"""How well follow-up questions find their passages when searched as `rag.condense` makes them, beside simpler ways.

    python tests/bench/follow_ups.py [FOLDER] [--indexes FOLDER] [--standing N] [--ask] [--misses N] [--json OUT]

FOLDER (or the environment variable DATELINE_BENCH) holds follow_ups/passages.jsonl.gz, tasks.jsonl.gz and
rewrites.jsonl.gz, and, for the questions that stand alone, web_news/TOPIC_articles.jsonl.gz with TOPIC_questions.jsonl.gz; see
retrieval.py, whose indexes are used when --indexes says where they are kept.

All ways search the same index through `Chat.search`:

- last turn: the question as typed;
- last two, all turns: the reader's last two, or all, messages joined;
- human: the rewrite that a person made of the conversation, where there is one;
- Dateline: the question as searched (`Answer.searched`), without a model.

nDCG@5 counts passages, each one that is looked for the same; its mean is over the tasks that some passage answers, with 95 %
intervals from a bootstrap over tasks, paired for the differences. The tasks are shown in two halves as well, by conversation:
what misses were looked at while the rules were made are of the first half only (--misses prints those of that half).

Questions that stand alone are N of web_news, each with the two turns of an unrelated conversation before it: how many are
searched letter for letter as they stand, and whether their articles are found as well as without the history. With --ask
every task is asked, too: of how many underspecified ones the answer asks back, and of how many others.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from retrieval import FOLLOW_UPS, RESAMPLES, SEED, bootstrap, lines_of, opened, plain, table, topics_in

import rag
from rag.condense import condense
from rag.types import Turn

K = 5
FETCHED = 20
STANDING_TOPIC = "nature"

Task = dict[str, Any]


def spoken(task: Task) -> list[str]:
    """What the reader typed before the question."""
    return [message["content"] for message in task["history"] if message["role"] == "user"]


def searched(task: Task) -> str:
    """The question as Dateline searches it."""
    return condense([Turn.of(message) for message in task["history"]], plain_spaces(task["question"])).searched


def plain_spaces(text: str) -> str:
    return " ".join(text.split())


WAYS: dict[str, Callable[[Task], str]] = {
    "last turn": lambda task: task["question"],
    "last two turns": lambda task: " ".join([*spoken(task), task["question"]][-2:]),
    "all turns": lambda task: " ".join([*spoken(task), task["question"]]),
    "Dateline": searched,
}
JOINED = ("last two turns", "all turns")


def half(task: Task) -> int:
    """0 or 1, by conversation."""
    return zlib.crc32(task["id"].split("<::>")[0].encode()) % 2


def ndcg(found: Sequence[str], gold: frozenset[str]) -> float:
    """Normalised discounted cumulative gain of the first K."""
    gained = sum(1 / math.log2(place + 2) for place, one in enumerate(found[:K]) if one in gold)
    return gained / sum(1 / math.log2(place + 2) for place in range(min(K, len(gold))))


class Search:
    """The articles that a chat finds for a query, best first; remembered."""

    def __init__(self, chat: rag.Chat) -> None:
        self._chat = chat
        self._known: dict[str, list[str]] = {}

    def __call__(self, query: str) -> list[str]:
        query = plain_spaces(query)[:4000]
        if query not in self._known:
            hits = self._chat.search(query, FETCHED)
            self._known[query] = list(dict.fromkeys(hit.article.id for hit in hits))
        return self._known[query]


def scores(search: Search, tasks: Sequence[Task], way: Callable[[Task], str]) -> np.ndarray:
    """nDCG@5 of each task."""
    return np.array([ndcg(search(way(task)), frozenset(task["article_ids"])) for task in tasks])


def interval(values: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of a mean."""
    drawn = np.random.default_rng(SEED).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def groups(tasks: Sequence[Task]) -> dict[str, np.ndarray]:
    """Which tasks belong to which group."""
    follows = np.array([bool(task["history"]) for task in tasks])
    halves = np.array([half(task) for task in tasks])
    leans = np.array([searched(task) != plain_spaces(task["question"]) for task in tasks])
    return {
        "all": np.ones(len(tasks), bool),
        "with a history": follows,
        "first half": follows & (halves == 0),
        "second half": follows & (halves == 1),
        "found to lean": leans,
        "second half, found to lean": leans & (halves == 1),
        "found to stand alone": follows & ~leans,
    }


def quality(search: Search, tasks: Sequence[Task]) -> tuple[str, dict[str, Any]]:
    """The figures by group and way, as a table and as values."""
    values = {name: scores(search, tasks, way) for name, way in WAYS.items()}
    rows, told = [], {}
    for name, among in groups(tasks).items():
        if not among.any():
            continue
        means = {way: float(found[among].mean()) for way, found in values.items()}
        best = max(JOINED, key=lambda way: means[way])
        difference = values["Dateline"][among] - values[best][among]
        low, high = bootstrap(difference)
        relative = float(difference.mean()) / means[best]
        of = interval(values["Dateline"][among])
        rows.append(
            [name, str(int(among.sum())), *(f"{means[way]:.3f}" for way in WAYS), f"{of[0]:.3f} to {of[1]:.3f}",
             f"{best}: {100 * relative:+.1f} % ({low:+.3f} to {high:+.3f})"]
        )  # fmt: skip
        told[name] = {
            "tasks": int(among.sum()),
            **means,
            "interval": of,
            "best": best,
            "relative": relative,
            "low": low,
            "high": high,
        }
    return table(["tasks", "number", *WAYS, "Dateline, 95 %", "beside the best joined"], rows), told


def human(search: Search, tasks: Sequence[Task], rewrites: Path) -> str:
    """The same on the tasks whose conversation a person rewrote, and how near Dateline comes to all rewrites in words."""
    known = {tuple(map(plain, one["turns"])): one["human_rewrite"] for one in lines_of(rewrites)}
    pairs = [(task, rewrite) for task in tasks if (rewrite := known.get(tuple(map(plain, [*spoken(task), task["question"]]))))]
    if not pairs:
        return "no task has a human rewrite"
    written = {task["id"]: rewrite for task, rewrite in pairs}
    among = [task for task, _ in pairs]
    ways = {**WAYS, "human": lambda task: written[task["id"]]}
    return f"{len(among)} tasks with a human rewrite: " + ", ".join(
        f"{name} {scores(search, among, way).mean():.3f}" for name, way in ways.items()
    )


def standing(folder: Path, kept: Path | None, tasks: Sequence[Task], number: int) -> str:
    """How questions that stand alone fare behind a conversation about something else."""
    topic = next((topic for topic in topics_in(folder) if topic.name == STANDING_TOPIC), None)
    if topic is None:
        return f"{STANDING_TOPIC} is not there"
    everything = [
        question for found in topics_in(folder) if found.name != FOLLOW_UPS for question in found.questions if question.text
    ]
    lot = random.Random(SEED)
    histories = [[Turn.of(message) for message in task["history"][:2]] for task in tasks if len(task["history"]) >= 2]
    drawn = lot.sample(everything, min(number, len(everything)))
    altered = [question.text for question in drawn if condense(lot.choice(histories), question.text).searched != question.text]
    told = f"{len(drawn)} questions of web_news that stand alone: {len(drawn) - len(altered)} searched letter for letter"
    with opened(topic, kept) as (chat, _):
        search = Search(chat)
        own = [(question, condense(lot.choice(histories), question.text).searched) for question in topic.questions]
        before = np.array([ndcg(search(question.text), question.gold) for question, _ in own])
        after = np.array([ndcg(search(text), question.gold) for question, text in own])
    told += f"\n{len(own)} of them, about {topic.name}: nDCG@5 {before.mean():.3f} alone, {after.mean():.3f} behind the history"
    return "\n".join([told, *(f"altered: {text}" for text in altered)])


def asked_back(chat: rag.Chat, tasks: Sequence[Task]) -> str:
    """Of how many tasks of each kind the answer asks back."""
    number, noticed = Counter(), Counter()
    for task in tasks:
        number[task["answerability"]] += 1
        noticed[task["answerability"]] += bool(chat.ask(plain_spaces(task["question"]), task["history"]).readings)
    return "asked back: " + ", ".join(f"{kind} {noticed[kind]} of {number[kind]}" for kind in sorted(number))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--indexes", type=Path, help="keep the indexes here, one folder for each topic")
    parser.add_argument("--standing", type=int, default=300, metavar="N")
    parser.add_argument("--ask", action="store_true")
    parser.add_argument("--misses", type=int, default=0, metavar="N")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    folder = given.folder or Path(os.environ.get("DATELINE_BENCH", "bench"))
    topic = next((topic for topic in topics_in(folder) if topic.name == FOLLOW_UPS), None) if folder.is_dir() else None
    if topic is None:
        print(f"follow_ups is skipped: {folder} holds no {FOLLOW_UPS}/")
        return
    tasks = list(lines_of(folder / FOLLOW_UPS / "tasks.jsonl.gz"))
    answered = [task for task in tasks if task["article_ids"]]
    try:
        with opened(topic, given.indexes) as (chat, _):
            search = Search(chat)
            shown, told = quality(search, answered)
            print(shown)
            print(f"\n{human(search, answered, folder / FOLLOW_UPS / 'rewrites.jsonl.gz')}")
            first = [task for task in answered if half(task) == 0 and task["history"]]
            worst = sorted(zip(scores(search, first, searched), range(len(first)), strict=True))[: given.misses]
            for score, n in worst:
                print(f"\n{score:.2f} {spoken(first[n])[-2:]}\n     {first[n]['question']}\n     {searched(first[n])}")
            if given.ask:
                print(f"\n{asked_back(chat, tasks)}")
        if given.standing:
            print(f"\n{standing(folder, given.indexes, tasks, given.standing)}")
    except rag.DatelineError as error:
        sys.exit(str(error))
    if given.json:
        given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
