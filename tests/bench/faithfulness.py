"""How well `rag.check` tells sentences that their source supports from those that it does not, beside counting words.

    python tests/bench/faithfulness.py [FOLDER] [--most 400]

FOLDER (or the environment variable DATELINE_BENCH) holds faithfulness/qags_cnndm.jsonl.gz and qags_xsum_part.jsonl.gz
({article, sentence, supported} a line), faithfulness/frank_valid.jsonl.gz ({dataset, article, summary, factuality}) and
web_news/TOPIC_articles.jsonl.gz, which the claims of claims.jsonl are about. Those are our own: {collection, article, claim,
label, kind, evidence}, the evidence as places in the article's text with its white space folded. Those of
newswire_claims.jsonl are about the articles of QAGS and FRANK (`article`: the CRC-32 of the text): {article, claim, label,
kind, pair}, the claim in pieces, each a text of ours or the place of words that it takes from the article; the two claims
of a pair differ in one thing. A sentence of QAGS, a summary or a claim on newswire is checked against the whole article,
another claim against the sentences that it names. A summary counts as its worst sentence, and as supported when all of it
was judged right.

AUC is how often a supported sentence scores above one that is not. The baselines count words: the share of the sentence's
words that the source has, of its pairs of neighbouring words, and of those the share that one sentence of the source has.
"Right when supported" is the share of truth among what is called supported or quoted, "called" how many of all are.
At most --most of a source are drawn by lot.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import rag
from index.sentences import sentence_spans
from index.words import terms

CLAIMS = Path(__file__).with_name("claims.jsonl")
NEWSWIRE = Path(__file__).with_name("newswire_claims.jsonl")


@dataclass(frozen=True, slots=True)
class Checked:
    """Something written about a source: its sentences, what they should be checked against, and which share of it is right.

    `article` tells articles apart, `pair` the two claims that differ in one thing from others.
    """

    source: str
    sentences: tuple[str, ...]
    evidence: tuple[str, ...]
    share: float
    article: str
    pair: str = ""

    @property
    def right(self) -> bool:
        """Is all of it right?"""
        return self.share > 0.99


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    """The values of a file of JSON lines; none when it is not there."""
    if path.is_file():
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text."""
    return tuple(text[start:end] for start, end in sentence_spans(text)) or (text,)


def all_of(folder: Path) -> Iterator[Checked]:
    """Everything there is to check."""
    newswire: dict[str, str] = {}

    def known(article: str) -> str:
        newswire.setdefault(f"{zlib.crc32(article.encode()):08x}", article)
        return article[:200]

    for name in ("qags_cnndm", "qags_xsum_part"):
        for row in lines_of(folder / "faithfulness" / f"{name}.jsonl.gz"):
            yield Checked(name, (row["sentence"],), (row["article"],), float(row["supported"]), known(row["article"]))
    for row in lines_of(folder / "faithfulness" / "frank_valid.jsonl.gz"):
        article = known(row["article"])
        yield Checked(f"frank_{row['dataset']}", sentences(row["summary"]), (row["article"],), row["factuality"], article)
    for row in map(json.loads, NEWSWIRE.read_text(encoding="utf-8").splitlines()):
        if row["article"] in newswire:
            article = newswire[row["article"]]
            folded = " ".join(article.split())
            claim = "".join(piece if isinstance(piece, str) else folded[piece[0] : piece[1]] for piece in row["claim"])
            pair = f"{row['article']} {row['pair']}" if "pair" in row else ""
            source = "our pairs on newswire" if pair else "our claims on newswire"
            yield Checked(source, (claim,), (article,), float(row["label"] == "supported"), article[:200], pair)
    texts = {
        (topic, row["id"]): " ".join(row["text"].split())
        for topic in ("culture", "nature", "technology")
        for row in lines_of(folder / "web_news" / f"{topic}_articles.jsonl.gz")
    }
    for row in map(json.loads, CLAIMS.read_text(encoding="utf-8").splitlines()):
        text = texts.get((row["collection"], row["article"]))
        if text is not None:
            evidence = tuple(text[start:end] for start, end in row["evidence"])
            yield Checked(
                "our claims on web pages", (row["claim"],), evidence, float(row["label"] == "supported"), row["article"]
            )


def share(of: Sequence[Any], among: Sequence[Any]) -> float:
    """The share of the one that the other has."""
    known = set(among)
    return sum(item in known for item in of) / max(1, len(of))


def pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    """Neighbours."""
    return list(pairwise(words))


BASELINES: dict[str, Callable[[str, Sequence[str]], float]] = {
    "words": lambda said, evidence: share(terms(said), terms(" ".join(evidence))),
    "pairs": lambda said, evidence: share(pairs(terms(said)), pairs(terms(" ".join(evidence)))),
    "pairs of one sentence": lambda said, evidence: max(
        share(pairs(terms(said)), pairs(terms(one))) for text in evidence for one in sentences(text)
    ),
}


def auc(scores: Sequence[float], right: Sequence[bool]) -> float:
    """How often a right one scores above a wrong one; ties count half."""
    yes = np.array([score for score, truth in zip(scores, right, strict=True) if truth])
    no = np.array([score for score, truth in zip(scores, right, strict=True) if not truth])
    if not len(yes) or not len(no):
        return float("nan")
    return float((yes[:, None] > no).mean() + 0.5 * (yes[:, None] == no).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", default=os.environ.get("DATELINE_BENCH", ""))
    parser.add_argument("--most", type=int, default=400)
    given = parser.parse_args()
    if not given.folder or not (Path(given.folder) / "faithfulness").is_dir():
        print("faithfulness is skipped: no folder with faithfulness/ is given (name one, or set DATELINE_BENCH)")
        return
    by_source: dict[str, list[Checked]] = {}
    for one in all_of(Path(given.folder)):
        by_source.setdefault(one.source, []).append(one)
    names = "".join(f" {name} |" for name in BASELINES)
    print(f"| source | n | rag.check |{names} called supported | right when supported | ms a sentence |")
    print("| --- | ---: | ---: |" + " ---: |" * (len(BASELINES) + 3))
    for source, found in by_source.items():
        drawn = random.Random(1).sample(found, min(given.most, len(found)))
        begun = time.perf_counter()
        verdicts = [[rag.check(said, one.evidence) for said in one.sentences] for one in drawn]
        spent = (time.perf_counter() - begun) / sum(map(len, verdicts)) * 1000
        right = [one.right for one in drawn]
        scores = [min(verdict.score for verdict in of) for of in verdicts]
        called = [all(verdict.label in ("quoted", "supported") for verdict in of) for of in verdicts]
        plain = [
            auc([min(rate(said, one.evidence) for said in one.sentences) for one in drawn], right)
            for rate in BASELINES.values()
        ]
        precise = np.mean([truth for truth, yes in zip(right, called, strict=True) if yes]) if any(called) else float("nan")
        cells = [auc(scores, right), *plain, float(np.mean(called)), float(precise)]
        print(f"| {source} | {len(drawn)} | " + " | ".join(f"{cell:.3f}" for cell in cells) + f" | {spent:.1f} |", flush=True)


if __name__ == "__main__":
    main()
