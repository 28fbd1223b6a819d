"""Fits rag/reader.npz: what the embedder's model must change to read a question and a sentence as one, and what it then tells.

    python tests/bench/fit_reader.py FOLDER --readers FOLDER [--indexes FOLDER] [--lessons FILE] [--write]

FOLDER is the public data that the questions of reading.py are about. The network is fitted once for each part of the
questions, on the others, and once on all; --readers gets the former as without-N.npz, by which fit_answering.py judges
questions that a reader has not seen, and the latter as all.npz; parts that lie there already are not fitted again. --lessons
keeps what was read, which takes half an hour; --write puts the network of all in its place in the package. Takes an hour
for the four on two cores that multiply bfloat16 (AMX), far longer on others. Needs PyTorch, which Dateline does not.

The model's own matrices stay as they are; each gets a change of low rank (Hu et al. 2021), its other weights are fitted as
they stand, all for one epoch after another. One step takes a few questions, each with the sentences found for it. The loss is
that of choosing among these and "none of them" (a softmax with a zero for none): minus the log of the share of those that
answer, or of none for a question without an answer; and, with half the weight, the cross-entropy of each token being part
of the answer, in sentences that answer. Questions that are answered, but by no sentence found, teach nothing and are left
out. Each answered question is also asked of the other articles, none of which answers it, so that a score tells by itself
when nothing is to the point.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from changed import DROPPED, ChangedModel
from lessons import kept, side_by_side
from reading import (
    COLLECTIONS,
    FOLDS,
    NEWSWIRE,
    Asked,
    collection_index,
    fitting_arguments,
    left_out,
    place_of_answer,
    questions_of,
)
from torch import nn
from torch.nn import functional

from index.joint import join
from index.minilm import DIMENSION
from index.types import Hit
from rag.chat import HITS, Chat
from rag.evidence import read_closely
from rag.fitted import LEAST, MOST
from rag.quote import Frequency, shortlist
from rag.reader import meeting
from rag.retrieve import retrieve

CANDIDATES = 7
"""Sentences of a question that the network may see."""

RIGHT, LIKELIEST, OTHERS = 2, 3, 1
"""Of these, at most so many that answer, and of the others the likeliest by their words and some more by lot, a step."""

ABSENT = 0.4
"""Share of the questions asked without the articles that answer them that a round takes: easier than those made to mislead."""

WIDE = 2
"""Times as many hits as an answer looks at, so that enough are left when the articles that answer are not there."""

INNER = 64
"""The width of the layer that scores."""

STEP, ROUNDS, DECAY = 16, 2, 0.01
RATE, RATE_OF_SCORE = 5e-4, 5e-4
TOGETHER = 16
"""Pairs of about the same length that are read at once."""


@dataclass(slots=True)
class Pair:
    """A question and one sentence as one: its tokens (n,), those of the sentence itself (n,), how both meet when read alone
    (4,); does the sentence answer, and which tokens are the answer (None when no phrase of it is)."""

    ids: np.ndarray
    own: np.ndarray
    met: np.ndarray
    right: bool
    answer: np.ndarray | None


@dataclass(slots=True)
class Lesson:
    """A question with the sentences found for it; `absent` when these are of other articles than those that answer it."""

    asked: Asked
    pairs: list[Pair]
    absent: bool = False


class Network(ChangedModel):
    """`rag.reader.Reader`, to be fitted."""

    def __init__(self) -> None:
        super().__init__()
        self.marks = nn.Linear(DIMENSION, 1)
        self.score = nn.Sequential(
            nn.Linear(2 * DIMENSION + 5, INNER), nn.GELU(approximate="tanh"), nn.Dropout(DROPPED), nn.Linear(INNER, 1)
        )

    def forward(
        self, ids: torch.Tensor, own: torch.Tensor, met: torch.Tensor, real: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores (pairs,) and marks (pairs, tokens) of padded pairs."""
        h = self.states(ids, own, real)
        marks = self.marks(h)[..., 0]
        total = torch.logsumexp(marks.masked_fill(~own, -1e4), 1).clamp(LEAST, MOST)
        mean = (h * own[..., None]).sum(1) / own.sum(1, keepdim=True).clamp(min=1)
        return self.score(torch.cat([h[:, 0], mean, total[:, None], met], -1))[:, 0], marks


def read_all(data: Path, indexes: Path | None) -> list[Lesson]:
    """The lessons of every collection, two of them read at a time."""
    with tempfile.TemporaryDirectory() as made, ProcessPoolExecutor(2) as pool:
        every = (*COLLECTIONS, NEWSWIRE)
        reading = [pool.submit(_read_one, collection, data, indexes or Path(made)) for collection in every]
        return [lesson for one in reading for lesson in one.result()]


def _read_one(collection: str, data: Path, indexes: Path) -> list[Lesson]:
    with collection_index(collection, data, indexes / collection) as chat:
        lessons = list(lessons_of(chat, questions_of(collection, data)))
    print(f"{collection}: {len(lessons)} questions read", flush=True)
    return lessons


def lessons_of(chat: Chat, questions: list[Asked]) -> Iterator[Lesson]:
    """What the network sees of each question; of one that is answered also what would be found without the articles that do."""
    index = chat._index
    for asked in questions:
        wide = retrieve(index, asked.question, WIDE * HITS)
        cosines = index.cosines(asked.question, [hit.passage.id for hit in wide])
        pairs = pairs_of(chat, asked, wide[:HITS], index.document_frequency, cosines)
        answered = any(pair.right for pair in pairs)
        if pairs and answered == bool(asked.answers):
            yield Lesson(asked, pairs)
        if asked.answers:
            others, frequency = left_out(index, asked, wide)
            unanswered = replace(asked, answers=())
            if pairs := pairs_of(chat, unanswered, others[:HITS], frequency, cosines):
                yield Lesson(unanswered, pairs, absent=True)


def pairs_of(chat: Chat, asked: Asked, hits: Sequence[Hit], frequency: Frequency, cosines: Mapping[str, float]) -> list[Pair]:
    """A question with each of the sentences found for it."""
    model = chat._reader
    question, found = shortlist(asked.question, hits, frequency, chat._index.library.passage_count(), cosines)
    excerpts = [read_closely(evidence.sentence) for evidence in found[:CANDIDATES]]
    if not excerpts:
        return []
    heard, *readings = model.read([question.text, *(excerpt.text for excerpt in excerpts)])
    pairs = []
    for evidence, excerpt, reading in zip(found, excerpts, readings, strict=False):
        joined = join(heard.ids, reading.ids, [start >= excerpt.own for start, _ in reading.offsets])
        if not joined.own.any():
            continue
        sentence = evidence.sentence
        place = place_of_answer(asked, sentence.article.id, sentence.text)
        answer = None
        if place and place[1]:
            start, end = excerpt.own + place[0], excerpt.own + place[1]
            answer = np.zeros(len(joined.ids), np.bool_)
            answer[joined.first + 2 : -1] = [a < end and b > start for a, b in reading.offsets[: joined.second]]
        pairs.append(Pair(joined.ids, joined.own, meeting(heard, reading, joined), place is not None, answer))
    return pairs


def fit(lessons: list[Lesson], seed: int) -> Network:
    """A network fitted on these lessons."""
    torch.manual_seed(seed)
    dice = random.Random(seed)
    network = Network()
    steps = int(ROUNDS * len(one_round(lessons, dice)) / STEP)
    scoring = [*network.marks.parameters(), *network.score.parameters()]
    known = {id(parameter) for parameter in scoring}
    changing = [parameter for parameter in network.parameters() if id(parameter) not in known]
    optimiser = torch.optim.AdamW(
        [{"params": changing, "lr": RATE}, {"params": scoring, "lr": RATE_OF_SCORE}], weight_decay=DECAY
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [RATE, RATE_OF_SCORE], total_steps=steps + 1, pct_start=0.1)
    waiting: list[Lesson] = []
    begun, total = time.monotonic(), 0.0
    network.train()
    for step in range(1, steps + 1):
        if len(waiting) < STEP:
            waiting = one_round(lessons, dice)
        taken, waiting = waiting[:STEP], waiting[STEP:]
        loss = loss_of(network, [drawn(lesson, dice) for lesson in taken])
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        total += float(loss.detach())
        if step % 50 == 0:
            print(f"part {seed}: step {step} of {steps}, loss {total / 50:.3f}, {time.monotonic() - begun:.0f} s", flush=True)
            total = 0.0
    return network.eval()


def one_round(lessons: list[Lesson], dice: random.Random) -> list[Lesson]:
    """What one round looks at, in an order by lot: of the questions that other articles do not answer only a share."""
    absent = [lesson for lesson in lessons if lesson.absent]
    taken = [lesson for lesson in lessons if not lesson.absent] + dice.sample(absent, int(ABSENT * len(absent)))
    return dice.sample(taken, len(taken))


def drawn(lesson: Lesson, dice: random.Random) -> list[Pair]:
    """The pairs of a question that one step looks at."""
    right = [pair for pair in lesson.pairs if pair.right][:RIGHT]
    wrong = [pair for pair in lesson.pairs if not pair.right]
    return right + wrong[:LIKELIEST] + dice.sample(wrong[LIKELIEST:], min(OTHERS, len(wrong[LIKELIEST:])))


def judged(network: Network, pairs: list[Pair]) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Scores (pairs,) and the marks of each one's tokens. Those alike in length are read together: little is padding."""
    order = sorted(range(len(pairs)), key=lambda n: len(pairs[n].ids))
    scores, marks = [torch.zeros(())] * len(pairs), [torch.zeros(0)] * len(pairs)
    for start in range(0, len(order), TOGETHER):
        some = order[start : start + TOGETHER]
        found, marked = network(*padded([pairs[n] for n in some]))
        for place, n in enumerate(some):
            scores[n], marks[n] = found[place], marked[place, : len(pairs[n].ids)]
    return torch.stack(scores), marks


def loss_of(network: Network, questions: list[list[Pair]]) -> torch.Tensor:
    """The loss of some questions, each with its pairs."""
    scores, marks = judged(network, [pair for pairs in questions for pair in pairs])
    chosen, marked, place = [], [], 0
    for pairs in questions:
        mine = torch.cat([torch.zeros(1), scores[place : place + len(pairs)]])
        shares = functional.log_softmax(mine, 0)
        right = [n + 1 for n, pair in enumerate(pairs) if pair.right]
        chosen.append(-torch.logsumexp(shares[right], 0) if right else -shares[0])
        for n, pair in enumerate(pairs):
            if pair.answer is not None:
                told = torch.from_numpy(pair.answer[pair.own]).float()
                marked.append(functional.binary_cross_entropy_with_logits(marks[place + n][pair.own], told))
        place += len(pairs)
    loss = torch.stack(chosen).mean()
    return loss + 0.5 * torch.stack(marked).mean() if marked else loss


def padded(pairs: list[Pair]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pairs as tensors of one length, and which of their tokens are real."""
    longest = max(len(pair.ids) for pair in pairs)
    ids, own, real = (np.zeros((len(pairs), longest), kind) for kind in (np.int64, np.bool_, np.bool_))
    for n, pair in enumerate(pairs):
        length = len(pair.ids)
        ids[n, :length], own[n, :length], real[n, :length] = pair.ids, pair.own, True
    met = np.stack([pair.met for pair in pairs]).astype(np.float32)
    return torch.from_numpy(ids), torch.from_numpy(own), torch.from_numpy(met), torch.from_numpy(real)


def report(name: str, network: Network, lessons: list[Lesson]) -> None:
    """Print how well it does on questions: is its first sentence right; are answerable ones above the others?"""
    with torch.no_grad():
        scores = [judged(network, lesson.pairs)[0].numpy() for lesson in lessons]
    can = [(score, lesson) for score, lesson in zip(scores, lessons, strict=True) if lesson.asked.answers]
    best = np.array([score.max() for score, _ in can])
    first = np.mean([lesson.pairs[int(score.argmax())].right for score, lesson in can])

    def above(absent: bool) -> float:
        not_ = [n for n, lesson in enumerate(lessons) if not lesson.asked.answers and lesson.absent == absent]
        return float((best[:, None] > np.array([scores[n].max() for n in not_])[None]).mean())

    print(
        f"{name}: {len(lessons)} questions, first sentence right {first:.3f}, AUC {above(False):.3f}, "
        f"against what other articles say {above(True):.3f}",
        flush=True,
    )


def main() -> None:
    arguments = fitting_arguments("readers", "lessons", required=["readers"])
    arguments.readers.mkdir(parents=True, exist_ok=True)
    everything = kept(arguments.lessons, lambda: read_all(arguments.data, arguments.indexes))
    lessons = [lesson for lesson in everything if lesson.asked.collection != NEWSWIRE]
    torch.set_num_threads(1)
    files = [arguments.readers / ("all.npz" if part == FOLDS else f"without-{part}.npz") for part in range(FOLDS + 1)]

    def fit_part(part: int) -> None:
        network = fit([lesson for lesson in lessons if lesson.asked.fold != part], part)
        stored: Any = network.stored(marks=network.marks, score=network.score)
        np.savez(files[part], **stored)
        if part < FOLDS:
            report(f"left out: part {part}", network, [lesson for lesson in lessons if lesson.asked.fold == part])
        else:
            report(f"left out: {NEWSWIRE}", network, [one for one in everything if one.asked.collection == NEWSWIRE])

    well = side_by_side([partial(fit_part, part) for part, file in enumerate(files) if not file.is_file()])
    if arguments.write and well:
        shutil.copyfile(files[FOLDS], Path(__file__).resolve().parents[2] / "rag" / "reader.npz")
    sys.exit(not well)


if __name__ == "__main__":
    main()
