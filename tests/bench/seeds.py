"""Asks a collection its questions, and says how many are answered right, by kind.

    python tests/bench/seeds.py [COLLECTION [QUESTIONS]] [--in-conversation]

COLLECTION is a file or folder of articles (seeds/ by default), QUESTIONS a file of lines {"question", "kind",
"phrase", "phrases"?}; a question of kind "none" has no answer in the collection. Right means that one of the
phrases stands in a quoted, cited span; for "none", that nothing is answered. With --in-conversation each is asked
after another question of the file, drawn by lot, as by somebody who has gone on to another matter.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rag

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Result:
    """How one question fared: what was asked, the answer, whether it is right, and the seconds it took."""

    asked: dict[str, Any]
    answer: rag.Answer
    right: bool
    seconds: float


def ask_all(collection: Path, questions: Path, *, in_conversation: bool = False) -> list[Result]:
    """Every question of the file, asked of a new index of the collection."""
    results = []
    asking = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    lot = random.Random(0)
    with tempfile.TemporaryDirectory() as folder, rag.open_chat(folder) as chat:
        failed = chat.add(collection).failed
        if failed:
            sys.exit("\n".join(map(str, failed)))
        chat.warm()
        for asked in asking:
            history = []
            if in_conversation:
                before = lot.choice([other for other in asking if other is not asked])["question"]
                history = [rag.Turn("user", before), rag.Turn("assistant", chat.ask(before).text)]
            begun = time.perf_counter()
            answer = chat.ask(asked["question"], history)
            results.append(Result(asked, answer, is_right(asked, answer), time.perf_counter() - begun))
    return results


def is_right(asked: dict[str, Any], answer: rag.Answer) -> bool:
    """Is a phrase that answers inside a cited quotation; or, where there is none, is nothing answered?"""
    if asked["kind"] == "none":
        return not answer.answered
    return answer.answered and any(_holds(asked, citation.quote) for citation in answer.citations)


def begins_right(asked: dict[str, Any], answer: rag.Answer) -> bool:
    """Is such a phrase inside the first quotation?"""
    return answer.answered and _holds(asked, answer.citations[0].quote)


def _holds(asked: dict[str, Any], quote: str) -> bool:
    phrases = [" ".join(phrase.split()).lower() for phrase in [asked["phrase"], *asked.get("phrases", [])]]
    return any(phrase in " ".join(quote.split()).lower() for phrase in phrases)


def main() -> None:
    parser = argparse.ArgumentParser(description="Ask a collection its questions.")
    parser.add_argument("collection", nargs="?", type=Path, default=ROOT / "seeds")
    parser.add_argument("questions", nargs="?", type=Path, default=ROOT / "seeds" / "questions.jsonl")
    parser.add_argument("--in-conversation", action="store_true")
    arguments = parser.parse_args()
    results = ask_all(arguments.collection, arguments.questions, in_conversation=arguments.in_conversation)
    right, asked = Counter(), Counter()
    for result in results:
        asked[result.asked["kind"]] += 1
        right[result.asked["kind"]] += result.right
        if not result.right:
            print(f"{result.asked['kind']:9} {result.asked['question']}\n          {result.answer.text[:200]!r}")
    print()
    for kind in asked:
        print(f"{kind:9} {right[kind]:3} of {asked[kind]}")
    can = [result for result in results if result.asked["kind"] != "none"]
    none = [result for result in results if result.asked["kind"] == "none"]
    print(
        f"answerable {sum(r.right for r in can)} of {len(can)} right ({sum(r.answer.answered for r in can)} answered), "
        f"{sum(begins_right(r.asked, r.answer) for r in can)} by the first quotation; "
        f"unanswerable {sum(not r.right for r in none)} of {len(none)} answered"
    )
    seconds = sorted(result.seconds for result in results)
    print(
        f"ask: median {1000 * statistics.median(seconds):.0f} ms, "
        f"95th percentile {1000 * seconds[int(0.95 * len(seconds))]:.0f} ms"
    )


if __name__ == "__main__":
    main()
