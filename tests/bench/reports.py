"""Checks claims about made-up reports, right and wrong ones, and says what each was called.

    python tests/bench/reports.py [CLAIMS] [--wrong]

CLAIMS is a file of lines {"report", "text", "claims": [{"claim", "label": "right" or "wrong", "kind"}]}, by default
report_claims.jsonl beside this. With --wrong each is printed of which the check thinks what its label denies: wrong ones
that are vouched for, right ones that are called contradicted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter
from pathlib import Path

import rag

LABELS = ("quoted", "supported", "partly", "unsupported", "contradicted")


def main() -> None:
    """Check them all, and print a table by label and kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("claims", nargs="?", type=Path, default=Path(__file__).with_name("report_claims.jsonl"))
    parser.add_argument("--wrong", action="store_true")
    options = parser.parse_args()
    called: dict[str, Counter[str]] = {}
    seconds = []
    rag.check("It is warm.", ["It is warm."])
    for line in options.claims.read_text(encoding="utf-8").splitlines():
        report = json.loads(line)
        for one in report["claims"]:
            begun = time.perf_counter()
            verdict = rag.check(one["claim"], [report["text"]])
            seconds.append(time.perf_counter() - begun)
            kinds = (one["label"], f"right, {one['kind']}") if one["label"] == "right" else ("wrong",)
            for kind in kinds:
                called.setdefault(kind, Counter())[verdict.label] += 1
            vouched = verdict.label in ("quoted", "supported")
            if options.wrong and (vouched if one["label"] == "wrong" else verdict.label == "contradicted"):
                print(f"{one['label']}, {one['kind']}: {one['claim']}\n    {verdict.label}: {'; '.join(verdict.reasons)}")
    print(f"{'':24s}" + "".join(f"{label:>14s}" for label in LABELS))
    for kind in sorted(called):
        print(f"{kind:24s}" + "".join(f"{called[kind][label]:14d}" for label in LABELS))
    print(f"median {statistics.median(seconds) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
