"""How well `rag.check` tells sentences that their source supports from those that it does not, beside counting words.

    python tests/bench/faithfulness.py [FOLDER] [--models FOLDER] [--most 400]

FOLDER (or the environment variable DATELINE_BENCH) holds faithfulness/qags_cnndm.jsonl.gz and qags_xsum_part.jsonl.gz
({article, sentence, supported} a line), faithfulness/frank_valid.jsonl.gz ({dataset, article, summary, factuality}) and
web_news/TOPIC_articles.jsonl.gz, which the claims of claims.jsonl are about. Those are our own: {collection, article, claim,
label, kind, evidence}, the evidence as places in the article's text with its white space folded. Those of
newswire_claims.jsonl and newswire_gists.jsonl are about the articles of QAGS and FRANK (`article`: the CRC-32 of the text):
{article, claim, label, kind, pair}, the claim in pieces, each a text of ours or the place of words that it takes from the
article; the two claims of a pair differ in one thing; a gist sums an article up, or much of it, in wholly other words. A
sentence of QAGS, a summary or a claim on newswire is checked against the whole article, another claim against the sentences
that it names. A summary counts as its worst sentence, and as supported when all of it was judged right.

AUC is how often a supported sentence scores above one that is not. The baselines count words: the share of the sentence's
words that the source has, of its pairs of neighbouring words, and of those the share that one sentence of the source has.
"Supported" tells how many of all are called so (or quoted) and how many of those are right, "unsupported" and
"contradicted" the same of those that are not. "Calibration" is how far the scores are from the truth, on average over ten
bins of equal size. At most --most of a source are drawn by lot.

The weights that ship were fitted on these articles. --models names a folder of what fit_checking.py fitted without each
part of them, by which each is judged here; without it, the figures flatter.
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
from index.minilm import MiniLM
from index.sentences import sentence_spans
from index.words import terms
from rag.following import following_from
from rag.verify import Checker, checking_model_from

CLAIMS = Path(__file__).with_name("claims.jsonl")
NEWSWIRE = Path(__file__).with_name("newswire_claims.jsonl")
GISTS = Path(__file__).with_name("newswire_gists.jsonl")
OUR_GISTS = "our gists of newswire"
"""Their source, on which nothing is fitted: what was so fitted told them and our claims better, and summaries of XSum's kind
worse (docs/measurements.md)."""


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
    ours = [(line, "our claims on newswire") for line in NEWSWIRE.read_text(encoding="utf-8").splitlines()]
    ours += [(line, OUR_GISTS) for line in GISTS.read_text(encoding="utf-8").splitlines()]
    for row, source in ((json.loads(line), source) for line, source in ours):
        if row["article"] in newswire:
            article = newswire[row["article"]]
            folded = " ".join(article.split())
            claim = "".join(piece if isinstance(piece, str) else folded[piece[0] : piece[1]] for piece in row["claim"])
            pair = f"{row['article']} {row['pair']}" if "pair" in row else ""
            source = "our pairs on newswire" if pair else source
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


def checkers_of(models: Path | None) -> Callable[[Checked], Checker]:
    """What judges a thing: the model that has not seen its article, or the one that ships."""
    embedder = MiniLM()
    if models is None:
        shipped = Checker(embedder)
        return lambda thing: shipped
    parts = sorted(models.glob("without-*.npz"))
    judges = []
    for stored in parts:
        judges.append(Checker(embedder, checking_model_from(stored.with_suffix(".json")), following_from(stored)))
    return lambda thing: judges[zlib.crc32(thing.article.encode()) % len(judges)]


def calibration(scores: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """The expected calibration error over bins of equal size (Naeini et al. 2015)."""
    order = np.argsort(scores)
    told, truth = np.array(scores)[order], np.array(right, float)[order]
    gaps = [
        len(some) * abs(told[some].mean() - truth[some].mean())
        for some in np.array_split(np.arange(len(order)), bins)
        if len(some)
    ]
    return float(sum(gaps) / len(order))


def called(verdicts: Sequence[Sequence[rag.Verdict]], right: Sequence[bool], labels: Sequence[str], *, truth: bool) -> str:
    """How many are called one of these labels (all sentences, or for `truth` False any), and how many of those are that."""
    some = all if truth else any
    found = [some(verdict.label in labels for verdict in of) for of in verdicts]
    if not any(found):
        return "0 | –"
    correct = np.mean([one == truth for one, yes in zip(right, found, strict=True) if yes])
    return f"{np.mean(found):.2f} | {correct:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", default=os.environ.get("DATELINE_BENCH", ""))
    parser.add_argument("--models", type=Path)
    parser.add_argument("--most", type=int, default=400)
    given = parser.parse_args()
    if not given.folder or not (Path(given.folder) / "faithfulness").is_dir():
        print("faithfulness is skipped: no folder with faithfulness/ is given (name one, or set DATELINE_BENCH)")
        return
    by_source: dict[str, list[Checked]] = {}
    for one in all_of(Path(given.folder)):
        by_source.setdefault(one.source, []).append(one)
    judge = checkers_of(given.models)
    names = "".join(f" {name} |" for name in BASELINES)
    print(
        f"| source | n | rag.check |{names} supported | right | unsupported | right | contradicted | right | calibration | "
        "ms a sentence |"
    )
    print("| --- | ---: | ---: |" + " ---: |" * (len(BASELINES) + 8))
    for source, found in by_source.items():
        drawn = random.Random(1).sample(found, min(given.most, len(found)))
        verdicts: list[list[rag.Verdict]] = []
        spent, count = 0.0, 0
        for one in drawn:
            checker = judge(one)
            evidence = [sentence for text in one.evidence for sentence in checker.read(text)]
            begun = time.perf_counter()
            said = [checker.read_one(sentence) for sentence in one.sentences]
            verdicts.append([checker.verdict(sentence, evidence) for sentence in said if sentence is not None])
            spent += time.perf_counter() - begun
            count += len(said)
        kept = [n for n, of in enumerate(verdicts) if of]
        drawn, verdicts = [drawn[n] for n in kept], [verdicts[n] for n in kept]
        right = [one.right for one in drawn]
        scores = [min(verdict.score for verdict in of) for of in verdicts]
        plain = [
            auc([min(rate(said, one.evidence) for said in one.sentences) for one in drawn], right)
            for rate in BASELINES.values()
        ]
        cells = " | ".join(f"{cell:.3f}" for cell in (auc(scores, right), *plain))
        labels = " | ".join(
            (
                called(verdicts, right, ("quoted", "supported"), truth=True),
                called(verdicts, right, ("unsupported",), truth=False),
                called(verdicts, right, ("contradicted",), truth=False),
            )
        )
        gap = calibration(scores, right)
        print(f"| {source} | {len(drawn)} | {cells} | {labels} | {gap:.2f} | {1000 * spent / max(1, count):.1f} |", flush=True)


if __name__ == "__main__":
    main()
