"""How adding, searching and asking grow with the collection, beside the plain LlamaIndex way in the same run.

    python tests/bench/speed.py [FOLDER] [--sizes 1000,10000,100000] [--work FOLDER] [--json OUT] [--plot OUT.svg]

FOLDER (or the environment variable DATELINE_BENCH) holds web_news/TOPIC_articles.jsonl.gz; it is skipped without. The
articles are Dateline's reading of those, repeated to the size asked for with CHANGED of the words of each repetition
drawn anew from all; each gets one of OUTLETS outlets and a day of DAYS. Their vectors are synthetic, because embedding
100,000 passages takes half an hour: real ones of real passages, with noise of NOISE of their length, so that they
lie in clusters as real ones do. Questions are embedded for real.

Each system is filled and measured in processes of its own:

- Dateline: `Chat.add`, `Chat.search` (ten hits) and `Chat.ask`, with no filter, a tenth of the days, one outlet, and both;
- LlamaIndex: the same passages as nodes in a VectorStoreIndex over ChromaVectorStore with the same vectors, and in a
  BM25Retriever with its stemmer, both otherwise as they come; the retrievers alone and their QueryFusionRetriever.

"Bare" is what nobody can go below: embedding the question, plus one query of Chroma's collection, plus one of
the lexical index, for as many passages as Dateline takes from each. Memory is the process's resident set after its
questions, libraries and embedder included; opening is from nothing loaded but the libraries to the first answer of a search.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

CHANGED, NOISE = 0.15, 0.5
OUTLETS, DAYS, FIRST_DAY = 25, 1000, date(2020, 1, 1)
QUESTIONS, ASKED, HITS = 300, 60, 10
TENTH = {"since": FIRST_DAY + timedelta(days=500), "until": FIRST_DAY + timedelta(days=599)}
FILTERS: dict[str, dict[str, Any]] = {
    "none": {},
    "a tenth of the days": TENTH,
    "one outlet of 25": {"outlet": "Outlet 7"},
    "both": {**TENTH, "outlet": "Outlet 7"},
}


# -- what both systems are given -------------------------------------------------------------------


def prepare(folder: Path, work: Path) -> None:
    """Read the articles once, and the questions; embed enough passages to take vectors from."""
    import gzip

    from index.chunk import chunk, embedded_text
    from index.minilm import MiniLM, token_counter
    from index.read import read
    from index.types import Article

    rows, questions = [], []
    for path in sorted((folder / "web_news").glob("*_articles.jsonl.gz")):
        rows += [item for item in read(path) if isinstance(item, Article)]
        with gzip.open(str(path).replace("_articles", "_questions"), "rt", encoding="utf-8") as lines:
            questions += [json.loads(line)["question"] for line in lines]
    count = token_counter()
    dice = random.Random(1)
    dice.shuffle(rows)
    texts = [embedded_text(article, passage, count) for article in rows for passage in chunk(article, count)]
    model = MiniLM()
    np.save(work / "vectors.npy", model.embed_passages(dice.sample(texts, min(2000, len(texts)))))
    model.close()
    dice.shuffle(questions)
    (work / "questions.json").write_text(json.dumps(questions[:QUESTIONS]))
    words = [word for article in rows for word in article.text.split(" ") if word.strip() == word]
    with (work / "articles.jsonl").open("w", encoding="utf-8") as out:
        for article in rows:
            out.write(json.dumps({"title": article.title, "text": article.text}) + "\n")
    (work / "words.json").write_text(json.dumps(dice.sample(words, min(200_000, len(words)))))


def articles(work: Path, passages: int) -> Iterator[Any]:
    """Articles of about so many passages in all, the first ones as they are and their repetitions changed."""
    from index.chunk import chunk
    from index.minilm import token_counter
    from index.types import Article

    rows = [json.loads(line) for line in (work / "articles.jsonl").read_text(encoding="utf-8").splitlines()]
    words = json.loads((work / "words.json").read_text())
    count, dice, made, number = token_counter(), random.Random(2), 0, 0
    while made < passages:
        row = rows[number % len(rows)]
        text = row["text"]
        if number >= len(rows):
            text = " ".join(word if dice.random() > CHANGED else dice.choice(words) for word in text.split(" "))
        article = Article(
            id=f"s{number:06}", title=row["title"], text=text, source=f"s{number:06}", outlet=f"Outlet {number % OUTLETS}",
            published=FIRST_DAY + timedelta(days=number * 7919 % DAYS), sha256=f"{number:064}",
        )  # fmt: skip
        cut = chunk(article, count)
        yield replace(article), cut
        made += len(cut)
        number += 1


class Vectors:
    """A vector for a text: that of a real passage, with noise; the same for the same text."""

    def __init__(self, work: Path) -> None:
        self._real = np.load(work / "vectors.npy")

    def of(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors, (texts, dimension)."""
        seeds = [zlib.crc32(text.encode()) for text in texts]
        noise = np.stack([np.random.default_rng(seed).standard_normal(self._real.shape[1]) for seed in seeds])
        noise *= NOISE / np.linalg.norm(noise, axis=1, keepdims=True)
        vectors = self._real[[seed % len(self._real) for seed in seeds]] + noise
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


# -- Dateline --------------------------------------------------------------------------------------


def dateline_index(work: Path, home: Path) -> Any:
    """Dateline's index, whose passages get synthetic vectors."""
    from index.index import Index
    from index.minilm import MiniLM

    vectors = Vectors(work)

    class Synthetic(MiniLM):
        def embed_passages(self, texts: Sequence[str]) -> Any:
            return vectors.of(texts)

    return Index(home, Synthetic())


def fill_dateline(work: Path, home: Path, passages: int) -> dict[str, Any]:
    """Add the articles, from a file."""
    source = home.parent / f"{home.name}.jsonl"
    with source.open("w", encoding="utf-8") as out:
        for article, _ in articles(work, passages):
            row = {"id": article.id, "title": article.title, "text": article.text, "outlet": article.outlet}
            out.write(json.dumps({**row, "published": article.published.isoformat()}) + "\n")
    phases: dict[str, float] = {}
    with dateline_index(work, home) as index:
        begun = before = time.perf_counter()

        def tell(progress: Any) -> None:
            nonlocal before
            now = time.perf_counter()
            phases[progress.phase] = phases.get(progress.phase, 0.0) + now - before
            before = now

        index.add([source], tell=tell)
        seconds = time.perf_counter() - begun
        count = index.library.passage_count()
    source.unlink()
    return {"passages": count, "seconds": seconds, "phases": phases, "disk": disk(home)}


def measure_dateline(work: Path, home: Path, _: int) -> dict[str, Any]:
    """Open it, search, ask."""
    import chromadb  # noqa: F401
    import tantivy  # noqa: F401

    from index import words
    from index.filter import Filter
    from index.minilm import MiniLM
    from rag.chat import Chat
    from rag.retrieve import POOL

    questions = json.loads((work / "questions.json").read_text())
    reader = MiniLM()
    begun = time.perf_counter()
    index = dateline_index(work, home)
    chat = Chat(index, reader)
    chat.search(questions[0], HITS)
    opened = time.perf_counter() - begun
    chat.ask(questions[0])
    found: dict[str, Any] = {"open": opened}
    asked = questions[1:]
    for question in asked[:20]:
        chat.search(question, HITS)
    generation = index._vectors._generation

    def timed_apart(question: str) -> Iterator[tuple[str, Callable[[], Any]]]:
        yield "embedding", lambda: index.embedder.embed_query(question)
        vector = index.embedder.embed_query(question)
        yield "Chroma", lambda: generation.nearest(vector, POOL)
        yield "words", lambda: index._lexical.search(words.content_terms(question), POOL, Filter())

    parts: dict[str, list[float]] = {"bare": []}
    for question in asked:
        whole = 0.0
        for name, run in timed_apart(question):
            spent = timed(run)
            parts.setdefault(name, []).append(spent)
            whole += spent
        parts["bare"].append(whole)
        # In turn with what it is compared with: the machine's moods strike both.
        index.embed_query.cache_clear()
        parts.setdefault("search", []).append(timed(lambda question=question: chat.search(question, HITS)))
    found["parts"] = {name: percentiles(values) for name, values in parts.items()}
    found["filters"] = {}
    for name, only in FILTERS.items():
        chat.search(asked[0], HITS, **only)
        index.embed_query.cache_clear()
        found["filters"][name] = percentiles([timed(lambda q=q, only=only: chat.search(q, HITS, **only)) for q in asked])
    index.embed_query.cache_clear()
    found["ask"] = percentiles([timed(lambda q=q: chat.ask(q)) for q in asked[:ASKED]])
    found["memory"] = resident()
    chat.close()
    return found


# -- LlamaIndex ------------------------------------------------------------------------------------


def llama_parts(home: Path) -> tuple[Any, Any]:
    """Chroma's collection and LlamaIndex's store on it."""
    import chromadb
    from chromadb.config import Settings
    from llama_index.vector_stores.chroma import ChromaVectorStore

    client = chromadb.PersistentClient(str(home / "chroma"), settings=Settings(anonymized_telemetry=False))
    collection = client.get_or_create_collection("passages")
    return collection, ChromaVectorStore(chroma_collection=collection)


def questions_embedding() -> Any:
    """The built-in embedder as a LlamaIndex embedding."""
    from index.llama_embedding import MiniLMEmbedding

    return MiniLMEmbedding()


def fill_llama(work: Path, home: Path, passages: int) -> dict[str, Any]:
    """The same passages as nodes with the same vectors, into both of its indexes."""
    import bm25s  # noqa: F401
    from llama_index.core import StorageContext, VectorStoreIndex
    from llama_index.core.schema import TextNode
    from llama_index.retrievers.bm25 import BM25Retriever

    vectors, nodes = Vectors(work), []
    for article, cut in articles(work, passages):
        metadata = {"title": article.title, "outlet": article.outlet, "published": int(article.published.strftime("%Y%m%d"))}
        for passage, vector in zip(cut, vectors.of([passage.text for passage in cut]), strict=True):
            nodes.append(TextNode(id_=passage.id, text=passage.text, metadata=metadata, embedding=vector.tolist()))
    begun = time.perf_counter()
    _, store = llama_parts(home)
    context = StorageContext.from_defaults(vector_store=store)
    made = VectorStoreIndex([], storage_context=context, embed_model=questions_embedding())
    for start in range(0, len(nodes), 5000):  # Chroma takes at most 5,461 at once
        made.insert_nodes(nodes[start : start + 5000])
    dense = time.perf_counter() - begun
    BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=HITS).persist(str(home / "bm25"))
    seconds = time.perf_counter() - begun
    return {
        "passages": len(nodes),
        "seconds": seconds,
        "dense seconds": dense,
        "disk": disk(home),
        "chroma disk": disk(home / "chroma"),
    }


def measure_llama(work: Path, home: Path, _: int) -> dict[str, Any]:
    """Open both, retrieve."""
    from llama_index.core import VectorStoreIndex
    from llama_index.core.llms import MockLLM
    from llama_index.core.retrievers import QueryFusionRetriever
    from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters
    from llama_index.retrievers.bm25 import BM25Retriever

    questions = json.loads((work / "questions.json").read_text())
    embedding = questions_embedding()
    embedding.get_query_embedding("warm")
    begun = time.perf_counter()
    _, store = llama_parts(home)
    index = VectorStoreIndex.from_vector_store(store, embed_model=embedding)
    dense = index.as_retriever(similarity_top_k=HITS)
    lexical = BM25Retriever.from_persist_dir(str(home / "bm25"))
    fusion = QueryFusionRetriever(
        [dense, lexical], similarity_top_k=HITS, num_queries=1, mode="reciprocal_rerank", use_async=False, llm=MockLLM()
    )
    fusion.retrieve(questions[0])
    found: dict[str, Any] = {"open": time.perf_counter() - begun}
    asked = questions[1:]
    for retriever in (dense, lexical, fusion):
        for question in asked[:20]:
            retriever.retrieve(question)
    retrievers = {"dense": dense, "lexical": lexical, "fusion": fusion}
    found["parts"] = {
        name: percentiles([timed(lambda q=q, r=r: r.retrieve(q)) for q in asked]) for name, r in retrievers.items()
    }
    found["filters"] = {}
    for name, only in FILTERS.items():
        conditions = []
        if "since" in only:
            first, last = (int(only[end].strftime("%Y%m%d")) for end in ("since", "until"))
            conditions.append(MetadataFilter(key="published", value=first, operator=FilterOperator.GTE))
            conditions.append(MetadataFilter(key="published", value=last, operator=FilterOperator.LTE))
        if "outlet" in only:
            conditions.append(MetadataFilter(key="outlet", value=only["outlet"]))
        filters = MetadataFilters(filters=conditions) if conditions else None
        retriever = index.as_retriever(similarity_top_k=HITS, filters=filters)
        retriever.retrieve(asked[0])
        found["filters"][name] = percentiles([timed(lambda q=q, r=retriever: r.retrieve(q)) for q in asked])
    found["memory"] = resident()
    return found


# -- figures ---------------------------------------------------------------------------------------


def timed(run: Callable[[], Any]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    run()
    return (time.perf_counter() - begun) * 1000


def percentiles(values: Sequence[float]) -> list[float]:
    """Median, 95th and 99th percentile."""
    return [round(float(value), 2) for value in np.percentile(values, (50, 95, 99))]


def resident() -> float:
    """Megabytes of memory that this process holds; 0 where that cannot be read."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def disk(folder: Path) -> float:
    """Megabytes of files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


STEPS: dict[str, Callable[[Path, Path, int], dict[str, Any]]] = {
    "fill dateline": fill_dateline,
    "measure dateline": measure_dateline,
    "fill llama": fill_llama,
    "measure llama": measure_llama,
}


def apart(step: str, work: Path, home: Path, size: int) -> dict[str, Any]:
    """Run a step in a process of its own."""
    command = [sys.executable, __file__, "--step", step, "--work", str(work), "--home", str(home), "--sizes", str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{step} at {size}: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def told(figures: dict[int, dict[str, dict[str, Any]]]) -> str:
    """The tables."""
    lines = [
        "| passages | system | added a second | MB on disk | kB a passage | opens in s | MB of memory |",
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for size, systems in figures.items():
        for name, of in systems.items():
            lines.append(
                f"| {size:,} | {name} | {of['passages'] / of['seconds']:.0f} | {of['disk']:.0f} | "
                f"{of['disk'] * 1000 / of['passages']:.1f} | {of['open']:.2f} | {of['memory']:.0f} |"
            )
    lines += ["", "| passages | ms: median, 95th, 99th percentile | Dateline | LlamaIndex |", "| ---: | --- | ---: | ---: |"]
    for size, systems in figures.items():
        ours, theirs = systems["Dateline"], systems.get("LlamaIndex")

        def row(what: str, mine: Sequence[float] | None, other: Sequence[float] | None, size: int = size) -> str:
            return f"| {size:,} | {what} | {_spelled(mine)} | {_spelled(other)} |"

        for part in ("embedding", "Chroma", "words", "bare"):
            lines.append(row(f"bare: {part}" if part != "bare" else "bare, together", ours["parts"][part], None))
        plain = theirs["parts"] if theirs else {}
        lines.append(row("search (theirs: by meaning)", ours["parts"]["search"], plain.get("dense")))
        lines.append(row("search (theirs: by words)", None, plain.get("lexical")))
        lines.append(row("search (theirs: both, fused)", ours["parts"]["search"], plain.get("fusion")))
        for name in FILTERS:
            other = theirs["filters"][name] if theirs else None
            lines.append(row(f"search, filter: {name} (theirs: by meaning)", ours["filters"][name], other))
        lines.append(row("ask, without a model", ours["ask"], None))
    return "\n".join(lines)


def _spelled(values: Sequence[float] | None) -> str:
    return ", ".join(f"{value:.1f}" for value in values) if values else ""


def plot(figures: dict[int, dict[str, dict[str, Any]]], out: Path) -> str:
    """Draw latency against size; says what was done."""
    try:
        pyplot = importlib.import_module("matplotlib.pyplot")
    except ImportError:
        return f"{out} is not drawn: matplotlib is not installed (pip install matplotlib)"
    pyplot.switch_backend("Agg")
    figure, panel = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    sizes = list(figures)
    lines: list[tuple[str, str, str, Callable[[dict[str, Any]], Any]]] = [
        ("Dateline: search", "#b3402a", "-", lambda of: of["Dateline"]["parts"]["search"]),
        ("Dateline: search, one outlet", "#b3402a", "--", lambda of: of["Dateline"]["filters"]["one outlet of 25"]),
        ("embedding + Chroma + words, bare", "#c3cad3", "-", lambda of: of["Dateline"]["parts"]["bare"]),
        ("LlamaIndex: fused", "#43566b", "-", lambda of: of["LlamaIndex"]["parts"]["fusion"]),
        ("LlamaIndex: by meaning, one outlet", "#43566b", "--", lambda of: of["LlamaIndex"]["filters"]["one outlet of 25"]),
    ]
    for name, colour, style, take in lines:
        if all(name.startswith("Dateline") or "LlamaIndex" in of or "bare" in name for of in figures.values()):
            panel.plot(sizes, [take(of)[0] for of in figures.values()], style, color=colour, marker="o", label=name)
    panel.set_xscale("log")
    panel.set_ylim(bottom=0)
    panel.set_xticks(sizes, [f"{size:,}" for size in sizes], minor=False)
    panel.set_xlabel("passages")
    panel.set_ylabel("median, milliseconds")
    panel.spines[["top", "right"]].set_visible(False)
    panel.legend(frameon=False, fontsize=8)
    figure.savefig(out, metadata={"Date": None} if out.suffix == ".svg" else None)
    return f"{out} drawn"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", help="holds web_news/; else the variable DATELINE_BENCH")
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--work", type=Path, help="keep what is made here; what is there is used again")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--step", choices=list(STEPS), help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    if given.step:
        print(json.dumps(STEPS[given.step](given.work, given.home, sizes[0])))
        return
    folder = given.folder or os.environ.get("DATELINE_BENCH", "")
    if not folder or not (Path(folder) / "web_news").is_dir():
        print("speed is skipped: no folder with web_news/ is given (name one, or set DATELINE_BENCH)")
        return
    systems = {"Dateline": "dateline"}
    if all(map(_there, ("llama_index.vector_stores.chroma", "llama_index.retrievers.bm25"))):
        systems["LlamaIndex"] = "llama"
    else:
        print("LlamaIndex is left out: pip install llama-index-vector-stores-chroma llama-index-retrievers-bm25")
    with tempfile.TemporaryDirectory() as made:
        work = given.work or Path(made)
        work.mkdir(parents=True, exist_ok=True)
        if not (work / "words.json").exists():
            prepare(Path(folder), work)
        figures: dict[int, dict[str, dict[str, Any]]] = {}
        for size in sizes:
            figures[size] = {}
            for name, step in systems.items():
                home = work / f"{step}-{size}"
                filled = work / f"{step}-{size}.json"
                if not filled.exists():
                    shutil.rmtree(home, ignore_errors=True)
                    home.mkdir()
                    filled.write_text(json.dumps(apart(f"fill {step}", work, home, size)))
                figures[size][name] = {**json.loads(filled.read_text()), **apart(f"measure {step}", work, home, size)}
                print(f"{name} at {size:,}: done", flush=True)
        print(f"\n{told(figures)}")
        if given.json:
            given.json.write_text(json.dumps(figures, indent=1) + "\n")
        if given.plot:
            print(f"\n{plot(figures, given.plot)}")


def _there(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    main()
