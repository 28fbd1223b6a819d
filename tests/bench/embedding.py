"""Which way of running the built-in embedder is fastest here, and how the shipped one and LlamaIndex's pipeline compare.

    python tests/bench/embedding.py [FOLDER] [--texts 400]

FOLDER (or the environment variable DATELINE_BENCH) holds web_news/nature_articles.jsonl.gz; the starter collection is
used without. All ways embed the same passages, in turn, ROUNDS times; the best round of each counts, in texts a second.
"Batches of N" are padded to their longest text; "sorted" means by length first. Processes and threads share the texts
evenly. LlamaIndex's pipeline is an IngestionPipeline over the same model with the batches that its embeddings have by
default.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from index.chunk import chunk, embedded_text
from index.minilm import LAST, MODEL, MODEL_SHA256, WINDOW, MiniLM, checked_file, load_tokenizer, token_counter
from index.read import read
from index.types import Article

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 3
Embed = Callable[[Sequence[str]], Any]


def passages(source: Path, count: int) -> list[str]:
    """The texts that an add would embed, so many of them by lot."""
    counter = token_counter()
    articles = [item for item in read(source) if isinstance(item, Article)]
    texts = [embedded_text(article, passage, counter) for article in articles for passage in chunk(article, counter)]
    return random.Random(1).sample(texts, min(count, len(texts)))


class Batches:
    """The model run on padded batches, with so many threads for each run."""

    def __init__(self, size: int, threads: int, by_length: bool = False) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            checked_file(*MODEL, MODEL_SHA256), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = load_tokenizer()
        self._tokenizer.enable_truncation(WINDOW)
        self._tokenizer.enable_padding()
        self._size, self._by_length = size, by_length

    def __call__(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Mean-pooled vectors, batch by batch."""
        order = sorted(texts, key=len) if self._by_length else list(texts)
        return [self._run(order[start : start + self._size]) for start in range(0, len(order), self._size)]

    def _run(self, texts: Sequence[str]) -> np.ndarray:
        encodings = self._tokenizer.encode_batch(list(texts))
        mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)
        given = {
            "input_ids": np.array([encoding.ids for encoding in encodings], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        states = np.asarray(self._session.run([LAST], given)[0])
        real = mask[..., None]
        vectors = (states * real).sum(axis=1) / real.sum(axis=1)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def shared(texts: Sequence[str], *, run: Embed, workers: int) -> None:
    """Texts dealt out to threads."""
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(run, (texts[start::workers] for start in range(workers))))


def in_process(texts: Sequence[str]) -> int:
    """What a process of its own does: one text a run, on one thread."""
    Batches(1, 1)(texts)
    return len(texts)


def processes(texts: Sequence[str], *, workers: int) -> None:
    """Texts dealt out to processes, each of which loads the model."""
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(in_process, (list(texts[start::workers]) for start in range(workers))))


def pipeline() -> Embed:
    """LlamaIndex's IngestionPipeline with this model as an embedding and its default batches."""
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.ingestion import IngestionPipeline
    from llama_index.core.schema import TextNode

    run = Batches(10_000, 0)

    class Plain(BaseEmbedding):
        def _get_text_embedding(self, text: str) -> list[float]:
            return list(run([text])[0][0].tolist())

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return [vector.tolist() for vector in run(texts)[0]]

        def _get_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

    made = IngestionPipeline(transformations=[Plain()], disable_cache=True)
    return lambda texts: made.run(nodes=[TextNode(text=text) for text in texts])


def ways() -> Iterator[tuple[str, Embed]]:
    """What is compared, by name."""
    cores = os.cpu_count() or 1
    model = MiniLM()
    yield "as shipped", model.embed_passages
    yield "one text a run, one thread", Batches(1, 1)
    yield f"one text a run, {cores} threads a run", Batches(1, cores)
    yield f"one text a run, {cores} threads apart", partial(shared, run=Batches(1, 1), workers=cores)
    yield f"one text a run, {cores} processes", partial(processes, workers=cores)
    for size in (4, 10, 32):
        yield f"batches of {size}, {cores} threads a run", Batches(size, cores)
        yield f"batches of {size} sorted, {cores} threads apart", partial(shared, run=Batches(size, 1, True), workers=cores)
    yield "LlamaIndex's pipeline", pipeline()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", default=os.environ.get("DATELINE_BENCH", ""))
    parser.add_argument("--texts", type=int, default=400)
    given = parser.parse_args()
    source = Path(given.folder, "web_news", "nature_articles.jsonl.gz")
    texts = passages(source if given.folder and source.exists() else ROOT / "seeds", given.texts)
    compared = list(ways())
    best = dict.fromkeys((name for name, _ in compared), 0.0)
    for _, embed in compared:
        embed(texts[:8])
    for _ in range(ROUNDS):
        for name, embed in compared:
            begun = time.perf_counter()
            embed(texts)
            best[name] = max(best[name], len(texts) / (time.perf_counter() - begun))
    fastest, plain = max(best.values()), best["LlamaIndex's pipeline"]
    print(f"{len(texts)} texts\n")
    print("| way | texts a second | of the fastest | of LlamaIndex's pipeline |\n| --- | ---: | ---: | ---: |")
    for name, rate in sorted(best.items(), key=lambda pair: -pair[1]):
        print(f"| {name} | {rate:.1f} | {rate / fastest:.2f} | {rate / plain:.2f} |")


if __name__ == "__main__":
    main()
