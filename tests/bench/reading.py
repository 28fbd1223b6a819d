"""The questions that the reader and the weights of answering are fitted on, with the candidates found for each.

The questions are our own (reading_questions.jsonl beside this file: {collection, article, question, kind, answers}); the
articles they are about stay in a folder of public data, and the file holds but places in their texts: `sentence` is
where something stands that answers, `phrase` the answer itself, as (start, end) in the article's text with its white
space folded to single spaces. A question without answers is one that its collection does not answer.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.chunk import chunk, heading
from index.index import Index
from index.types import Hit
from index.words import terms
from rag.chat import Chat
from rag.open import open_chat
from rag.quote import Frequency

QUESTIONS = Path(__file__).with_name("reading_questions.jsonl")
COLLECTIONS = ("culture", "nature", "technology", "frank")
NEWSWIRE = "newswire"
"""A collection that the reader is not fitted on: half of its questions are not answered, though its articles tell of the very
people and events. What is measured on it tells how far the reader is from telling such apart."""
ENCYCLOPEDIA = "clapnq"
"""A collection with questions of its own, on which the reader is not fitted either: the weights of answering are, so
that they hold for other texts than news, and for questions typed into a search box."""
FOLDS = 3
"""Parts of the questions, whole articles each, of which one is left out at a time."""

NEWSWIRE_FILES = ("qags_cnndm.jsonl.gz", "qags_xsum_part.jsonl.gz")
_SHARING = re.compile(r"^Share this with[A-Za-z ]*?(?:LinkedIn|Pinterest)?Copy this link")
_SECTION = re.compile(r"^(?:Last updated on .{0,40}? )?(?:From the section\w+)")
_GLUED = re.compile(r"(?<=[a-z0-9][.!?])([\"”]?)(?=[\"“]?[A-Z][a-z’']*[ ,])")


@dataclass(frozen=True, slots=True)
class Answering:
    """Something that answers a question, in words: a sentence, and the answer in it ("" when it is all of it)."""

    sentence: str
    phrase: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the file, with the words that answer it."""

    collection: str
    article: str
    question: str
    kind: str
    answers: tuple[Answering, ...]

    @property
    def fold(self) -> int:
        """Which part it belongs to: that of its article."""
        return zlib.crc32(f"{self.collection}/{self.article}".encode()) % FOLDS


def articles_of(collection: str, folder: Path | str) -> Iterator[dict[str, Any]]:
    """The articles of a collection as rows of a JSONL source: {id, title, text}."""
    if collection == ENCYCLOPEDIA:
        yield from _lines(Path(folder, "abstention", "clapnq_passages.jsonl.gz"))
        return
    if collection == NEWSWIRE:
        articles = {row["article"] for name in NEWSWIRE_FILES for row in _lines(Path(folder, "faithfulness", name))}
        for article in sorted(articles):
            yield {"id": f"{zlib.crc32(article.encode()):08x}", "title": "", "text": " ".join(article.split())}
        return
    if collection != "frank":
        yield from _lines(Path(folder, "web_news", f"{collection}_articles.jsonl.gz"))
        return
    seen = set()
    for row in _lines(Path(folder, "faithfulness", "frank_valid.jsonl.gz")):
        # The articles were scraped without their paragraphs: sentences stand glued together.
        text = _SECTION.sub("", _SHARING.sub("", " ".join(row["article"].split())))
        text = _GLUED.sub("\\1\n\n", text)
        if text not in seen and 120 <= len(text.split()) <= 1500:
            seen.add(text)
            yield {"id": f"frank-{len(seen):03}", "title": "", "text": text}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def questions_of(collection: str, folder: Path | str) -> list[Asked]:
    """The questions on a collection, with the words that answer them."""
    if collection == ENCYCLOPEDIA:
        return [
            Asked(
                collection,
                row["passage_id"],
                row["question"],
                "other",
                tuple(Answering(s, "") for s in row["selected_sentences"]),
            )
            for row in _lines(Path(folder, "abstention", "clapnq_questions.jsonl.gz"))
        ]
    texts = {row["id"]: " ".join(row["text"].split()) for row in articles_of(collection, folder)}
    found = []
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["collection"] != collection:
            continue
        text = texts[row["article"]]
        answers = tuple(
            Answering(text[slice(*answer["sentence"])], text[slice(*answer["phrase"])] if answer["phrase"] else "")
            for answer in row["answers"]
        )
        found.append(Asked(collection, row["article"], row["question"], row["kind"], answers))
    return found


def place_of_answer(asked: Asked, article: str, text: str) -> tuple[int, int] | None:
    """Where a candidate sentence holds the answer, (0, 0) when it does as a whole, None when it does not answer.

    A phrase counts in the article that was asked about only, since elsewhere it may mean another thing.
    """
    own = " ".join(text.split()).lower()
    for answer in asked.answers:
        sentence, phrase = answer.sentence.lower(), answer.phrase.lower()
        whole = sentence in own
        part = own in sentence and phrase in own and len(own) > SHORTEST
        if (whole or part) and (article == asked.article or len(sentence) > SHORTEST):
            at = text.lower().find(phrase) if phrase else -1
            return (at, at + len(phrase)) if at >= 0 else (0, 0)
    return None


def left_out(index: Index, asked: Asked, hits: Sequence[Hit]) -> tuple[list[Hit], Frequency]:
    """What would be found, and in how many passages terms would stand, were the articles that answer not there.

    Most questions that nobody's articles answer are of this kind: nobody made them up to mislead, the article is not there.
    """
    answering = {asked.article: None} | {
        hit.article.id: None for hit in hits if place_of_answer(asked, hit.article.id, hit.passage.text) is not None
    }
    articles = {hit.article.id: hit.article for hit in hits if hit.article.id in answering}
    gone = Counter(
        term
        for article in articles.values()
        for passage in chunk(article, index._counter())
        for term in set(terms(f"{heading(article)} {passage.text}"))
    )

    def frequency(wanted: Sequence[str]) -> dict[str, int]:
        return {term: max(0, count - gone[term]) for term, count in index.document_frequency(wanted).items()}

    return [hit for hit in hits if hit.article.id not in answering], frequency


SHORTEST = 30
"""Characters from which the same words in another article, or a part of the sentence, count as the same statement."""


@contextmanager
def collection_index(collection: str, folder: Path, data_dir: Path) -> Iterator[Chat]:
    """A chat over a collection's articles, indexed in `data_dir` unless they are there already."""
    with open_chat(data_dir) as chat, tempfile.TemporaryDirectory() as made:
        source = Path(made, f"{collection}.jsonl")
        rows = [json.dumps(row, ensure_ascii=False) for row in articles_of(collection, folder)]
        source.write_text("\n".join(rows) + "\n", encoding="utf-8")
        if not chat.articles():
            chat.add(source)
        yield chat


def fitting_arguments(*also: str, required: Sequence[str] = ()) -> argparse.Namespace:
    """What the scripts that fit are told: `data`, the folder of public data; `indexes`, where to keep indexes, or None;
    `write`, whether the weights go into the package; and the paths that they ask for beside these, None where not `required`
    and not given: `readers`, the folder of the fitted readers; `lessons` or `rows`, the file that keeps what was read."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    for name in ("indexes", *also):
        parser.add_argument(f"--{name}", type=Path, default=None, required=name in required)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()
