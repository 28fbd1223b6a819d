"""Does Dateline say so when the articles do not answer? On questions with and without an answer in one collection.

    python tests/bench/abstention.py FOLDER

FOLDER holds clapnq_passages.jsonl.gz ({id, title, text} a line, all indexed together) and
clapnq_questions.jsonl.gz ({question, answerable, selected_sentences, passage_id} a line). An answerable
question is right when a quotation shares most of its terms with one of the selected sentences. The weights of
answering were fitted on five in six of these questions: fit_answering.py tells how they do on those left out.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
from pathlib import Path

import rag
from index.words import content_terms

SHARED = 0.7
"""Share of a selected sentence's terms that a quotation must have to count as that sentence."""


def main() -> None:
    folder = Path(sys.argv[1])
    with gzip.open(folder / "clapnq_questions.jsonl.gz", "rt", encoding="utf-8") as lines:
        questions = [json.loads(line) for line in lines]
    refused_none = refused_can = right = 0
    with tempfile.TemporaryDirectory() as data_dir, rag.open_chat(data_dir) as chat:
        chat.add(folder / "clapnq_passages.jsonl.gz")
        for asked in questions:
            answer = chat.ask(asked["question"])
            if not asked["answerable"]:
                refused_none += not answer.answered
                continue
            refused_can += not answer.answered
            right += answer.answered and any(
                says(citation.quote, sentence) for citation in answer.citations for sentence in asked["selected_sentences"]
            )
    can = sum(asked["answerable"] for asked in questions)
    none = len(questions) - can
    print(f"answerable: {can - refused_can} of {can} answered, {right} with a sentence that was selected")
    print(f"unanswerable: {refused_none} of {none} refused")
    print(f"refusals: precision {refused_none / max(1, refused_none + refused_can):.2f}, recall {refused_none / none:.2f}")


def says(quote: str, sentence: str) -> bool:
    """Is this quotation that sentence, but for tokenisation?"""
    wanted = set(content_terms(sentence))
    return len(wanted & set(content_terms(quote))) >= SHARED * max(1, len(wanted))


if __name__ == "__main__":
    main()
