"""How well Dateline's search finds articles, beside its two halves alone and their plain fusion, on the same passages.

    python tests/bench/retrieval.py [FOLDER] [--topics nature,technology] [--indexes FOLDER] [--misses N]
                                    [--json OUT] [--plot OUT.svg]

FOLDER (or the environment variable DATELINE_BENCH) holds web_news/TOPIC_articles.jsonl.gz ({id, title, url, text} a
line) with TOPIC_questions.jsonl.gz ({id, question, type, article_ids} a line), each topic an index of its own; and
follow_ups/passages.jsonl.gz ({id, title, text}) with tasks.jsonl.gz ({id, history, question, kind, article_ids}) and
rewrites.jsonl.gz ({id, turns, human_rewrite}). What is not there is skipped.

Four methods search the passages that Dateline cut, in Dateline's own index, in one run:

- BM25: the lexical index alone, `Index.search_words`: tantivy's bm25 (k1 1.2, b 0.75) over headline and passage, each word
  folded and stemmed, without stop words, no field weighing more than another;
- MiniLM: the default embedder alone in Chroma, `Index.search_vectors`, cosine;
- RRF: those two fused by plain reciprocal rank (constant 60, the first 50 of each). The fusion is written here, so that
  it stays what it is whatever becomes of Dateline's;
- Dateline: `Chat.search`.

An article's place is that of its best passage. Recall is the share of a question's articles found, its mean over
questions; the reciprocal rank is that of the first of them, 0 beyond the tenth. Dateline is compared with the best of
the other three in that group and figure, with 95 % intervals from a paired bootstrap over questions. "Misses found" is
the share of what that best misses among ten that Dateline finds; "net" takes off what only the other finds.

A follow-up is searched as its human rewrite where there is one, else as its last turn as it stands. With --indexes the
indexes are kept there, a folder for each topic, and another run embeds nothing; remove them to measure a change in how
articles are read. --misses prints the questions on which Dateline does worst; they quote the articles.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import rag
from index.index import Index

ARTICLES = 10
"""Articles that are ranked for each question."""

FETCHED = 50
"""Passages asked for at first; more only to have enough articles."""

RANK_OFFSET = 60
RESAMPLES = 10_000
SEED = 20_240_229

EMBEDDER = "minilm"
BASELINES = ("BM25", "MiniLM", "RRF")
OURS = "Dateline"
METHODS = (*BASELINES, OURS)

FOLLOW_UPS = "follow_ups"
ALL = "all topics"
FACTS = "single-fact + multi_fact"
FACT_TYPES = ("single-fact", "multi_fact")

Passages = list[str]
Search = Callable[[str, int], Passages]


# -- the questions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question:
    """What is searched for, its type, and the ids of the articles that hold the answer."""

    id: str
    text: str
    type: str
    gold: frozenset[str]


@dataclass(frozen=True, slots=True)
class Topic:
    """A file of articles, and the questions on them."""

    name: str
    articles: Path
    questions: tuple[Question, ...]


def topics_in(folder: Path) -> Iterator[Topic]:
    """The topics of a folder, smallest first; the follow-ups last."""
    news = (path for place in (folder / "web_news", folder) for path in place.glob("*_articles.jsonl.gz"))
    found = {path.name.removesuffix("_articles.jsonl.gz"): path for path in news}
    for name, articles in sorted(found.items(), key=lambda pair: pair[1].stat().st_size):
        asked = articles.with_name(f"{name}_questions.jsonl.gz")
        if asked.is_file():
            questions = (Question(q["id"], q["question"], q["type"], frozenset(q["article_ids"])) for q in lines_of(asked))
            yield Topic(name, articles, tuple(question for question in questions if question.gold))
    passages = folder / FOLLOW_UPS / "passages.jsonl.gz"
    if passages.is_file() and passages.with_name("tasks.jsonl.gz").is_file():
        yield Topic(FOLLOW_UPS, passages, tuple(follow_ups(passages.parent)))


def follow_ups(folder: Path) -> Iterator[Question]:
    """The last questions of conversations, those that some passage answers."""
    rewritten: dict[str | tuple[str, ...], str] = {}
    rewrites = folder / "rewrites.jsonl.gz"
    for rewrite in lines_of(rewrites) if rewrites.is_file() else ():
        # The same conversation may have another id there, but its turns are the same.
        rewritten[rewrite["id"]] = rewritten[tuple(map(plain, rewrite["turns"]))] = rewrite["human_rewrite"]
    for task in lines_of(folder / "tasks.jsonl.gz"):
        said = [message["content"] for message in task["history"] if message["role"] == "user"]
        turns = tuple(map(plain, [*said, task["question"]]))
        text = rewritten.get(task["id"]) or rewritten.get(turns) or task["question"]
        kind = task["kind"][0] if task["history"] else "First turn"
        if task["article_ids"]:
            yield Question(task["id"], text, kind.lower(), frozenset(task["article_ids"]))


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def plain(text: str) -> str:
    """A text on one line, lower case; to compare texts."""
    return " ".join(text.lower().split())


# -- the searches ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Result:
    """The first articles that each method found for a question, best first, and the first passage of Dateline's."""

    topic: str
    question: Question
    found: dict[str, list[str]]
    first: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A topic searched: the results, the titles by article id, and the sizes and seconds to print."""

    topic: Topic
    results: list[Result]
    titles: dict[str, str]
    passages: int
    seconds: float


def searches(chat: rag.Chat, index: Index) -> dict[str, Search]:
    """The four methods: each takes a query and a number of passages, and gives passage ids, best first."""

    def lexical(query: str, k: int) -> Passages:
        return [passage for passage, _ in index.search_words(query, k)]

    def dense(query: str, k: int) -> Passages:
        return [passage for passage, _ in index.search_vectors(query, k)]

    def fused(query: str, k: int) -> Passages:
        return reciprocal_rank_fusion([lexical(query, k), dense(query, k)])

    def ours(query: str, k: int) -> Passages:
        return [hit.passage.id for hit in chat.search(query, k)]

    return dict(zip(METHODS, (lexical, dense, fused, ours), strict=True))


def reciprocal_rank_fusion(rankings: Iterable[Passages]) -> Passages:
    """PURE. One ranking out of several (Cormack, Clarke and Buettcher, SIGIR 2009); ties by id."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for place, passage in enumerate(ranking, start=1):
            scores[passage] = scores.get(passage, 0.0) + 1 / (RANK_OFFSET + place)
    return sorted(scores, key=lambda passage: (-scores[passage], passage))


class ArticleOf:
    """Which article a passage is of; remembered, because the index reads the article's whole text to say so."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._known: dict[str, str] = {}

    def __call__(self, passages: Passages) -> list[str]:
        unknown = [passage for passage in passages if passage not in self._known]
        for passage, (_, article) in self._index.passages(unknown).items():
            self._known[passage] = article.id
        return [self._known[passage] for passage in passages if passage in self._known]


def first_articles(search: Search, query: str, articles_of: ArticleOf, most: int) -> list[str]:
    """The first ARTICLES articles that a search finds.

    When its first passages are of fewer articles, more are asked for and only appended: how deep
    one looks then never changes what stands on top. `most` is the number of passages there are.
    """
    articles: dict[str, None] = {}
    k = FETCHED
    while True:
        articles.update(dict.fromkeys(articles_of(search(query, k))))
        if len(articles) >= ARTICLES or k >= most:
            return list(articles)[:ARTICLES]
        k *= 2


def measure(topic: Topic, kept: Path | None) -> Measured:
    """Every question of a topic, searched by every method."""
    begun = time.perf_counter()
    with opened(topic, kept) as (chat, titles):
        index, results = chat._index, []
        articles_of, most = ArticleOf(index), index.library.passage_count()
        methods = searches(chat, index)
        for question in topic.questions:
            found = {name: first_articles(search, question.text, articles_of, most) for name, search in methods.items()}
            first = index.passages(methods[OURS](question.text, FETCHED)[:1])
            text = next((passage.text for passage, _ in first.values()), "")
            results.append(Result(topic.name, question, found, text))
        return Measured(topic, results, titles, most, time.perf_counter() - begun)


@contextmanager
def opened(topic: Topic, kept: Path | None) -> Iterator[tuple[rag.Chat, dict[str, str]]]:
    """A chat over the topic's articles, made unless it is kept, and the titles by article id."""
    with tempfile.TemporaryDirectory() as made:
        data_dir = kept / topic.name if kept else Path(made)
        with rag.open_chat(data_dir, embedder=EMBEDDER) as chat:
            wanted = {line["id"] for line in lines_of(topic.articles)}
            titles = {article.id: article.title for article in chat.articles()}
            if titles.keys() - wanted:
                sys.exit(f"{data_dir} holds other articles than {topic.articles.name}; remove it, or give another --indexes")
            if wanted - titles.keys():
                print(f"{topic.name}: {chat.add(topic.articles)}", file=sys.stderr)
                titles = {article.id: article.title for article in chat.articles()}
            chat.warm()
            yield chat, titles


# -- the figures -----------------------------------------------------------------------------------


def reciprocal_rank(found: Sequence[str], gold: frozenset[str]) -> float:
    """1 / place of the first article that was looked for; 0 when none was found."""
    return next((1 / place for place, article in enumerate(found, start=1) if article in gold), 0.0)


def recall(found: Sequence[str], gold: frozenset[str], k: int) -> float:
    """The share of the articles looked for that stand among the first k."""
    return len(gold.intersection(found[:k])) / len(gold)


METRICS: dict[str, Callable[[Sequence[str], frozenset[str]], float]] = {
    "MRR@10": reciprocal_rank,
    "hit@1": lambda found, gold: float(bool(gold.intersection(found[:1]))),
    "recall@5": lambda found, gold: recall(found, gold, 5),
    "recall@10": lambda found, gold: recall(found, gold, 10),
}
COMPARED = ("MRR@10", "recall@10")


@dataclass(frozen=True, slots=True)
class Difference:
    """Dateline less the best baseline in one figure, with a 95 % interval; `relative` to that baseline."""

    best: str
    difference: float
    low: float
    high: float
    relative: float


@dataclass(frozen=True, slots=True)
class Group:
    """Some questions together: their figures by metric and method.

    `missed` is the share of articles that the best baseline misses among ten, a mean over questions
    like recall, `found` what of it Dateline finds, `lost` what only that baseline finds.
    """

    topic: str
    type: str
    questions: int
    figures: dict[str, dict[str, float]]
    differences: dict[str, Difference]
    missed: float
    found: float
    lost: float


def grouped(results: Sequence[Result]) -> Iterator[tuple[str, str, list[Result]]]:
    """(topic, type, results): each topic whole, by type, and its facts pooled; then the same over all topics of news."""
    names = list(dict.fromkeys(result.topic for result in results))
    news = [name for name in names if name != FOLLOW_UPS]
    for name in [*news, *([ALL] if len(news) > 1 else []), *(name for name in names if name == FOLLOW_UPS)]:
        among = [result for result in results if result.topic in (news if name == ALL else [name])]
        yield name, "all", among
        for kind in dict.fromkeys(result.question.type for result in among):
            yield name, kind, [result for result in among if result.question.type == kind]
        facts = [result for result in among if result.question.type in FACT_TYPES]
        if facts:
            yield name, FACTS, facts


def summed_up(topic: str, kind: str, results: Sequence[Result]) -> Group:
    """The figures of some questions."""
    values = {
        metric: {
            method: np.array([measured(result.found[method], result.question.gold) for result in results]) for method in METHODS
        }
        for metric, measured in METRICS.items()
    }
    figures = {metric: {method: float(v.mean()) for method, v in by.items()} for metric, by in values.items()}
    differences = {}
    for metric in COMPARED:
        best = max(BASELINES, key=lambda method: figures[metric][method])
        difference = figures[metric][OURS] - figures[metric][best]
        low, high = bootstrap(values[metric][OURS] - values[metric][best])
        relative = difference / figures[metric][best] if figures[metric][best] else 0.0
        differences[metric] = Difference(best, difference, low, high, relative)
    missed = found = lost = 0.0
    for result in results:
        gold = result.question.gold
        theirs, here = (gold.intersection(result.found[method]) for method in (differences["recall@10"].best, OURS))
        missed += len(gold - theirs) / len(gold) / len(results)
        found += len(here - theirs) / len(gold) / len(results)
        lost += len(theirs - here) / len(gold) / len(results)
    return Group(topic, kind, len(results), figures, differences, missed, found, lost)


def bootstrap(differences: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float]:
    """The 95 % interval of the mean of paired differences, questions drawn with replacement."""
    drawn = np.random.default_rng(SEED).integers(0, len(differences), (RESAMPLES, len(differences)))
    low, high = np.percentile(differences[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


# -- what is shown ---------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Sequence[Sequence[str]], words: int = 2) -> str:
    """A Markdown table; the first `words` columns hold words, the others figures."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if column < words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * width if column < words else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join([line(head), line(rule), *map(line, rows)])


def quality(groups: Sequence[Group], metrics: Sequence[str]) -> str:
    """The table of the four methods' figures, the best of each group in bold."""
    rows = []
    for group in groups:
        cells = []
        for metric in metrics:
            figures = group.figures[metric]
            written = {method: share(figures[method]) for method in METHODS}
            best = share(max(figures.values()))
            cells += [f"**{cell}**" if cell == best else cell for cell in written.values()]
        rows.append([group.topic, group.type, str(group.questions), *cells])
    return table(["topic", "type", "questions", *(f"{metric} {method}" for metric in metrics for method in METHODS)], rows)


def comparison(groups: Sequence[Group]) -> str:
    """The table of Dateline less the best of the others, with intervals."""
    rows = []
    for group in groups:
        cells = []
        for metric in COMPARED:
            d = group.differences[metric]
            cells += [d.best, f"{signed(d.difference)} [{signed(d.low)}, {signed(d.high)}]", f"{100 * d.relative:+.1f} %"]
        found = f"{100 * group.found / group.missed:.0f} %" if group.missed else "none missed"
        net = f"{100 * (group.found - group.lost) / group.missed:+.0f} %" if group.missed else ""
        rows.append([group.topic, group.type, str(group.questions), *cells, found, net])
    compared = [cell for metric in COMPARED for cell in (f"best in {metric}", f"{OURS} less that [95 %]", "relative")]
    return table(["topic", "type", "questions", *compared, "misses found", "net"], rows)


def share(figure: float) -> str:
    return f"{figure:.3f}".removeprefix("0") if figure < 1 else f"{figure:.3f}"


def signed(figure: float) -> str:
    return f"{figure:+.3f}".replace("0.", ".", 1)


def worst(results: Sequence[Result], n: int) -> list[Result]:
    """The n questions on which Dateline does worst: nothing found, then found late, then not all found."""
    missed = [result for result in results if _how_well(result) < (1.0, 1.0)]
    return sorted(missed, key=_how_well)[:n]


def _how_well(result: Result) -> tuple[float, float]:
    found, gold = result.found[OURS], result.question.gold
    return reciprocal_rank(found, gold), len(gold.intersection(found)) / min(len(gold), ARTICLES)


def told(result: Result, titles: dict[str, str]) -> str:
    """A miss, to read: the question, where each method has the articles looked for, and what stood first."""
    question = result.question
    lines = [f"[{result.topic}, {question.type}, {question.id}] {readable(question.text)}"]
    for article in sorted(question.gold):
        places = ", ".join(
            f"{method} {found.index(article) + 1 if article in found else '-'}" for method, found in result.found.items()
        )
        lines.append(f"  wanted: {readable(titles.get(article, 'not in the index'), 90)} ({article}; {places})")
    first = next(iter(result.found[OURS]), "")
    lines.append(f"  first:  {readable(titles.get(first, 'nothing'), 90)} ({first}): {readable(result.first, 240)}")
    return "\n".join(lines)


def readable(text: str, most: int = 1_000) -> str:
    """A text on one line, cut, without what could steer a terminal."""
    line = "".join(char for char in " ".join(text.split()) if char.isprintable())
    return line if len(line) <= most else line[: most - 1] + "…"


def as_json(measured: Sequence[Measured], groups: Sequence[Group]) -> dict[str, Any]:
    """All figures, and what each method found for each question, as JSON-serialisable values."""
    return {
        "methods": METHODS,
        "resamples": RESAMPLES,
        "seed": SEED,
        "topics": [
            {"name": m.topic.name, "articles": len(m.titles), "passages": m.passages, "seconds": round(m.seconds, 1)}
            for m in measured
        ],
        "groups": [
            {
                "topic": group.topic,
                "type": group.type,
                "questions": group.questions,
                "figures": group.figures,
                "differences": {
                    metric: {
                        "best": d.best,
                        "difference": d.difference,
                        "interval": [d.low, d.high],
                        "relative": d.relative,
                    }
                    for metric, d in group.differences.items()
                },
                "missed_by_best": group.missed,
                "of_that_found": group.found,
                "found_by_best_only": group.lost,
            }
            for group in groups
        ],
        "questions": [
            {
                "topic": result.topic,
                "id": result.question.id,
                "type": result.question.type,
                "searched": result.question.text,
                "article_ids": sorted(result.question.gold),
                "found": result.found,
            }
            for m in measured
            for result in m.results
        ],
    }


def plot(groups: Sequence[Group], out: Path) -> str:
    """Draw quality by method into a file; says what was done. Facts stand for a topic, where it has any."""
    try:
        pyplot = importlib.import_module("matplotlib.pyplot")
    except ImportError:
        return f"{out} is not drawn: matplotlib is not installed (pip install matplotlib)"
    shown = {group.topic: group for group in groups if group.type == "all"}
    shown.update({group.topic: group for group in groups if group.type == FACTS})
    pyplot.switch_backend("Agg")
    figure, panels = pyplot.subplots(1, len(COMPARED), figsize=(5.5 * len(COMPARED), 4), sharey=True, layout="constrained")
    width = 0.8 / len(METHODS)
    for panel, metric in zip(panels, COMPARED, strict=True):
        for number, (method, colour) in enumerate(zip(METHODS, ("#c3cad3", "#9aa7b5", "#6c7d90", "#b3402a"), strict=True)):
            places = [place + (number - (len(METHODS) - 1) / 2) * width for place in range(len(shown))]
            heights = [group.figures[metric][method] for group in shown.values()]
            bars = panel.bar(places, heights, 0.92 * width, label=method, color=colour)
            panel.bar_label(bars, [share(height) for height in heights], fontsize=6.5, padding=1)
        panel.set_title(metric)
        panel.set_xticks(range(len(shown)), [f"{name}\n{group.questions} questions" for name, group in shown.items()])
        panel.set_ylim(0, 1.05)
        panel.spines[["top", "right"]].set_visible(False)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(METHODS), frameon=False)
    figure.savefig(out, dpi=150, metadata={"Date": None} if out.suffix == ".svg" else None)
    return f"{out} drawn"


# -- the command -----------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", help="holds web_news/ and follow_ups/; else the variable DATELINE_BENCH")
    parser.add_argument("--topics", default="", help="only these, with commas between them; follow_ups is one of them")
    parser.add_argument("--indexes", type=Path, help="keep the indexes here")
    parser.add_argument("--misses", type=int, default=0, help="print so many of the questions on which Dateline does worst")
    parser.add_argument("--json", type=Path, help="write all figures here")
    parser.add_argument("--plot", type=Path, help="draw quality by method here (.svg or .png)")
    given = parser.parse_args()
    folder = given.folder or os.environ.get("DATELINE_BENCH", "")
    if not folder or not Path(folder).is_dir():
        why = f"there is no folder {folder}" if folder else "no folder of questions is given"
        print(f"retrieval is skipped: {why} (name one, or set DATELINE_BENCH)")
        return
    topics = list(topics_in(Path(folder)))
    chosen = [name.strip() for name in given.topics.split(",") if name.strip()]
    unknown = set(chosen) - {topic.name for topic in topics}
    if unknown:
        parser.error(f"{folder} has no {', '.join(sorted(unknown))}; it has {', '.join(t.name for t in topics) or 'nothing'}")
    topics = [topic for topic in topics if topic.name in chosen or not chosen]
    if not topics:
        print(f"retrieval is skipped: {folder} holds neither web_news/ nor {FOLLOW_UPS}/")
        return
    measured = []
    for topic in topics:
        try:
            measured.append(measure(topic, given.indexes))
        except rag.DatelineError as error:
            sys.exit(f"{topic.name}: {error}")
    results = [result for m in measured for result in m.results]
    groups = [summed_up(*group) for group in grouped(results)]
    for m in measured:
        absent = len(set().union(*(q.gold for q in m.topic.questions)) - m.titles.keys())
        print(
            f"{m.topic.name}: {len(m.results)} questions, {len(m.titles)} articles, {m.passages} passages; {m.seconds:.0f} s"
            + (f"; {absent} articles that are looked for could not be read" if absent else "")
        )
    for shown in (quality(groups, COMPARED), quality(groups, ("hit@1", "recall@5")), comparison(groups)):
        print(f"\n{shown}")
    titles = {article: title for m in measured for article, title in m.titles.items()}
    for result in worst(results, given.misses):
        print(f"\n{told(result, titles)}")
    if given.json:
        given.json.write_text(json.dumps(as_json(measured, groups), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if given.plot:
        print(f"\n{plot(groups, given.plot)}")


if __name__ == "__main__":
    main()
