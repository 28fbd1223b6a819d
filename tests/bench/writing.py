"""What a weak model's answers are worth: Dateline's, and LlamaIndex's CitationQueryEngine's with the same model and passages.

    python tests/bench/writing.py [FOLDER] [--most 100] [--alone] [--model FILE] [--log FILE]

The model is SmolLM2-135M-Instruct in llama.cpp's server (tests/model_servers.py), which invents freely, or any other of which
--model gives the GGUF file. The questions are those of the starter collection and, where FOLDER (or DATELINE_BENCH) holds
web_news/, as many single facts of its three collections, half of each. Counted are markers that lead to no passage, sentences
that stand there as said by the articles (without a doubt told beside them), answers of the model that are kept, and what
checking adds to the time that the model takes. --alone leaves the CitationQueryEngine out, and with it half of the time. --log
gets every such sentence with the words it is cited to, to be read by a person: whether a sentence that is shown as supported
is so, nothing here decides.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rag
from index.sentences import sentence_spans
from rag.llm import ChatModel, Message, Usage

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from model_servers import MODEL, llama_server

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
MARKER = re.compile(r"\[(\d+)\]")
PASSAGES = 8


@dataclass
class Count:
    """What one way of writing came to."""

    answers: int = 0
    kept: int = 0
    refused: int = 0
    markers: int = 0
    nowhere: int = 0
    sentences: int = 0
    cited: int = 0
    vouched: int = 0
    seconds: list[float] = field(default_factory=list)
    checking: list[float] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)


class TimedModel:
    """A chat model that notes when its last piece was read: what comes after is what the checking adds to its time."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self.over = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def stream(self, messages: Sequence[Message], stop: threading.Event) -> Generator[str | Usage, None, None]:
        yield from self._model.stream(messages, stop)
        self.over = time.perf_counter()


def questions_of(folder: Path | None, most: int) -> Iterator[tuple[Path | None, list[str]]]:
    """(collection, questions); None stands for the starter collection."""
    asked = [json.loads(line)["question"] for line in (SEEDS / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    pages = sorted(folder.glob("web_news/*_articles.jsonl.gz")) if folder else []
    half = most // 2 if pages else most
    yield None, random.Random(1).sample(asked, min(half, len(asked)))
    left = most - half
    for place, articles in enumerate(pages):
        with gzip.open(str(articles).replace("_articles", "_questions"), "rt", encoding="utf-8") as lines:
            facts = [row["question"] for row in map(json.loads, lines) if row["type"] == "single-fact"]
        share = min(-(-left // (len(pages) - place)), len(facts))
        left -= share
        yield articles, random.Random(1).sample(facts, share)


def dateline(chat: rag.Chat, model: TimedModel, question: str, count: Count) -> None:
    """Ask Dateline, and count."""
    model.over, begun = 0.0, time.perf_counter()
    answer = chat.ask(question)
    ended = time.perf_counter()
    count.answers += 1
    count.seconds.append(ended - begun)
    count.refused += not answer.answered
    if model.over:  # an endless answer is cut off before, and not every question is the model's to answer
        count.checking.append(ended - model.over)
    if answer.writer != "model" or not answer.claims:
        return
    count.kept += 1
    known = {citation.number: citation for citation in answer.citations}
    for number in map(int, MARKER.findall(answer.text)):
        count.markers += 1
        cited = known.get(number)
        count.nowhere += cited is None or cited.article.text[cited.start : cited.end] != cited.quote
    for claim in answer.claims:
        count.sentences += 1
        count.cited += bool(claim.citations)
        if claim.verdict.label in ("supported", "quoted"):
            count.vouched += 1
            told(count, "Dateline", question, claim.text, [citation.quote for citation in claim.citations])


def told(count: Count, who: str, question: str, sentence: str, quotes: Sequence[str]) -> None:
    """Keep a sentence that is shown as said by the articles."""
    count.log.append({"who": who, "question": question, "sentence": sentence, "quotes": list(quotes)})


def citation_engine(engine: Any, question: str, count: Count) -> None:
    """Ask LlamaIndex's engine, and count."""
    begun = time.perf_counter()
    response = engine.query(question)
    count.answers += 1
    count.seconds.append(time.perf_counter() - begun)
    text, nodes = str(response).strip(), response.source_nodes
    if not text or text == "Empty Response":
        count.refused += 1
        return
    count.kept += 1
    for number in map(int, MARKER.findall(text)):
        count.markers += 1
        count.nowhere += not 1 <= number <= len(nodes)
    for start, end in sentence_spans(text):
        sentence = text[start:end]
        numbers = [number for number in map(int, MARKER.findall(sentence)) if 1 <= number <= len(nodes)]
        count.sentences += 1
        count.cited += bool(numbers)
        count.vouched += 1  # nothing of it is shown as doubtful
        quotes = [nodes[number - 1].node.get_content()[:600] for number in numbers]
        told(count, "CitationQueryEngine", question, sentence, quotes)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", default=os.environ.get("DATELINE_BENCH", ""))
    parser.add_argument("--most", type=int, default=100)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--log", type=Path)
    given = parser.parse_args()
    from llama_index.core.query_engine import CitationQueryEngine
    from llama_index.llms.openai_like import OpenAILike

    ours, theirs = Count(), Count()
    name = given.model.stem if given.model else MODEL
    with tempfile.TemporaryDirectory() as folder, llama_server(Path(folder) / "llama.log", given.model) as url:
        for place, (collection, questions) in enumerate(questions_of(Path(given.folder) if given.folder else None, given.most)):
            with rag.open_chat(Path(folder) / str(place), openai_base_url=url, chat_model=name, chat_timeout=600) as chat:
                chat.add(collection or SEEDS)
                assert chat._author is not None
                timed = TimedModel(chat._author.model)
                object.__setattr__(chat._author, "model", timed)
                llm = OpenAILike(
                    model=name, api_base=url, api_key="none", is_chat_model=True, context_window=8_000, timeout=600,
                    max_tokens=400, temperature=0.0,
                )  # fmt: skip
                engine = CitationQueryEngine(retriever=chat.as_retriever(PASSAGES), llm=llm, citation_chunk_size=512)
                for question in questions:
                    dateline(chat, timed, question, ours)
                    if not given.alone:
                        citation_engine(engine, question, theirs)
                    print(f"\r{ours.answers} questions", end="", file=sys.stderr, flush=True)
    print("\n| | Dateline | CitationQueryEngine |\n| --- | ---: | ---: |")
    for name, value in (
        ("questions", lambda one: one.answers),
        ("answers of the model that are shown", lambda one: one.kept),
        ("questions refused", lambda one: one.refused),
        ("sentences shown", lambda one: one.sentences),
        ("of these with a marker that leads to a passage", lambda one: one.cited),
        ("shown as said by the articles, without a doubt", lambda one: one.vouched),
        ("markers", lambda one: one.markers),
        ("markers that lead nowhere", lambda one: one.nowhere),
        ("median seconds an answer", lambda one: f"{statistics.median(one.seconds or [0]):.1f}"),
        ("median ms that checking adds", lambda one: f"{1000 * statistics.median(one.checking or [0]):.0f}"),
    ):
        print(f"| {name} | {value(ours)} | {value(theirs)} |")
    if given.log:
        given.log.write_text("".join(json.dumps(row) + "\n" for row in [*ours.log, *theirs.log]), encoding="utf-8")


if __name__ == "__main__":
    main()
