"""Fits rag/reader.npz: the small network that reads a question and a sentence side by side.

    python tests/bench/fit_reader.py FOLDER --readers FOLDER [--indexes FOLDER] [--lessons FILE] [--write]

FOLDER is the public data that the questions of reading.py are about. The network is fitted once for each part of the
questions, on the others, and once on all; --readers gets the former as without-N.npz, by which fit_answering.py judges
questions that a reader has not seen, and the latter as all.npz; parts that lie there already are not fitted again. --lessons
keeps what was read, which takes half an hour; --write puts the network of all in its place in the package. Needs PyTorch,
which Dateline does not.

One step takes a few questions, each with the sentences found for it. The loss is that of choosing among these and "none of
them" (a softmax with a zero for none): minus the log of the share of those that answer, or of none for a question without an
answer; and, with half the weight, the cross-entropy of each token being part of the answer, in sentences that answer.
Questions that are answered, but by no sentence found, teach nothing and are left out.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lessons import kept
from reading import COLLECTIONS, FOLDS, Asked, collection_index, fitting_arguments, place_of_answer, questions_of
from torch import nn
from torch.nn import functional

from rag.chat import HITS, Chat
from rag.evidence import read_closely
from rag.quote import shortlist
from rag.reader import ASKED, HEADS, OWN, WIDTH, meeting
from rag.retrieve import retrieve

CANDIDATES = 7
"""Sentences of a question that the network may see."""

RIGHT, LIKELIEST, OTHERS = 3, 6, 1
"""Of these, at most so many that answer, and of the others the likeliest by their words and some more by lot, a step."""

SIZE, LAYERS = 64, 2
STEP, RATE, DECAY, ROUNDS, DROPPED = 8, 1e-3, 0.05, 1.5, 0.2


@dataclass(slots=True)
class Pair:
    """A question beside one sentence: states of the tokens (n, 768), their parts and how they are met; does the sentence
    answer, and which of its tokens are the answer (None when no phrase of it is)."""

    states: np.ndarray
    parts: np.ndarray
    met: np.ndarray
    right: bool
    answer: np.ndarray | None


@dataclass(slots=True)
class Lesson:
    """A question with the sentences found for it."""

    asked: Asked
    pairs: list[Pair]


class Network(nn.Module):
    """`rag.reader.Reader`, to be fitted: its parameters have the same names."""

    def __init__(self) -> None:
        super().__init__()
        self.middle, self.last = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.proj = nn.Linear(2 * WIDTH, SIZE)
        self.part, self.met = nn.Embedding(4, SIZE), nn.Linear(4, SIZE)
        self.drop = nn.Dropout(DROPPED)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(SIZE, HEADS, 2 * SIZE, 0.0, activation="gelu", batch_first=True, norm_first=True)
            for _ in range(LAYERS)
        )
        self.out, self.marks = nn.LayerNorm(SIZE), nn.Linear(SIZE, 1)
        self.score = nn.Sequential(nn.Linear(3 * SIZE + 2, SIZE), nn.GELU(), nn.Dropout(DROPPED), nn.Linear(SIZE, 1))

    def forward(
        self, states: torch.Tensor, parts: torch.Tensor, met: torch.Tensor, real: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores (pairs,) and marks (pairs, tokens) of padded pairs."""
        both = torch.cat([self.middle(states[..., :WIDTH]), self.last(states[..., WIDTH:])], -1)
        h = self.drop(self.proj(both) + self.part(parts) + self.met(met))
        for layer in self.layers:
            h = layer(h, src_key_padding_mask=~real)
        h = self.out(h)
        marks = self.marks(h)[..., 0]
        asked, own = (parts == ASKED) & real, (parts == OWN) & real
        pooled = [
            mean(h, asked),
            mean(h, own),
            h.masked_fill(~own[..., None], -50.0).max(1).values,
            torch.logsumexp(marks.masked_fill(~own, -1e4), 1).clamp(-20, 20)[:, None],
            mean(met[..., :1], asked),
        ]
        return self.score(torch.cat(pooled, -1))[:, 0], marks


def mean(values: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """The mean over the tokens where it holds."""
    return (values * where[..., None]).sum(1) / where.sum(1, keepdim=True).clamp(min=1)


def read_all(data: Path, indexes: Path | None) -> list[Lesson]:
    """The lessons of every collection, two of them read at a time."""
    with tempfile.TemporaryDirectory() as made, ProcessPoolExecutor(2) as pool:
        reading = [pool.submit(_read_one, collection, data, indexes or Path(made)) for collection in COLLECTIONS]
        return [lesson for one in reading for lesson in one.result()]


def _read_one(collection: str, data: Path, indexes: Path) -> list[Lesson]:
    with collection_index(collection, data, indexes / collection) as chat:
        lessons = list(lessons_of(chat, questions_of(collection, data)))
    print(f"{collection}: {len(lessons)} questions read", flush=True)
    return lessons


def lessons_of(chat: Chat, questions: list[Asked]) -> Iterator[Lesson]:
    """What the network sees of each question."""
    index, model = chat._index, chat._reader
    for asked in questions:
        hits = retrieve(index, asked.question, HITS)
        cosines = index.cosines(asked.question, [hit.passage.id for hit in hits])
        question, found = shortlist(asked.question, hits, index.document_frequency, index.library.passage_count(), cosines)
        excerpts = [read_closely(evidence.sentence) for evidence in found[:CANDIDATES]]
        if not excerpts:
            continue
        heard, *readings = model.read([question.text, *(excerpt.text for excerpt in excerpts)])
        pairs = []
        for evidence, excerpt, reading, beside in zip(
            found, excerpts, readings, model.read_beside(heard, readings), strict=False
        ):
            parts, met = meeting(heard, reading, len(beside), excerpt.before, excerpt.own)
            if not (parts == OWN).any():
                continue
            sentence = evidence.sentence
            place = place_of_answer(asked, sentence.article.id, sentence.text)
            answer = None
            if place and place[1]:
                start, end = excerpt.own + place[0], excerpt.own + place[1]
                asked_tokens = int((parts == ASKED).sum())
                told = [a < end and b > start for a, b in reading.offsets[: len(parts) - asked_tokens]]
                answer = np.array([False] * asked_tokens + told)
            pairs.append(Pair(beside.astype(np.float16), parts, met.astype(np.float16), place is not None, answer))
        answered = any(pair.right for pair in pairs)
        if pairs and answered == bool(asked.answers):
            yield Lesson(asked, pairs)


def fit(lessons: list[Lesson], seed: int) -> Network:
    """A network fitted on these lessons."""
    torch.manual_seed(seed)
    dice = random.Random(seed)
    network = Network()
    steps = int(ROUNDS * len(lessons) / STEP)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1, pct_start=0.1)
    waiting: list[Lesson] = []
    begun, total = time.monotonic(), 0.0
    network.train()
    for step in range(1, steps + 1):
        if len(waiting) < STEP:
            waiting = dice.sample(lessons, len(lessons))
        taken, waiting = waiting[:STEP], waiting[STEP:]
        loss = loss_of(network, [drawn(lesson, dice) for lesson in taken])
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        total += float(loss.detach())
        if step % 100 == 0:
            print(f"part {seed}: step {step} of {steps}, loss {total / 100:.3f}, {time.monotonic() - begun:.0f} s", flush=True)
            total = 0.0
    return network.eval()


def drawn(lesson: Lesson, dice: random.Random) -> list[Pair]:
    """The pairs of a question that one step looks at."""
    right = [pair for pair in lesson.pairs if pair.right][:RIGHT]
    wrong = [pair for pair in lesson.pairs if not pair.right]
    return right + wrong[:LIKELIEST] + dice.sample(wrong[LIKELIEST:], min(OTHERS, len(wrong[LIKELIEST:])))


def loss_of(network: Network, questions: list[list[Pair]]) -> torch.Tensor:
    """The loss of some questions, each with its pairs."""
    scores, marks = network(*padded([pair for pairs in questions for pair in pairs]))
    chosen, marked, place = [], [], 0
    for pairs in questions:
        mine = torch.cat([torch.zeros(1), scores[place : place + len(pairs)]])
        shares = functional.log_softmax(mine, 0)
        right = [n + 1 for n, pair in enumerate(pairs) if pair.right]
        chosen.append(-torch.logsumexp(shares[right], 0) if right else -shares[0])
        for n, pair in enumerate(pairs):
            if pair.answer is not None:
                own = torch.from_numpy(pair.parts == OWN)
                told = torch.from_numpy(pair.answer[pair.parts == OWN]).float()
                marked.append(functional.binary_cross_entropy_with_logits(marks[place + n, : len(pair.parts)][own], told))
        place += len(pairs)
    loss = torch.stack(chosen).mean()
    return loss + 0.5 * torch.stack(marked).mean() if marked else loss


def padded(pairs: list[Pair]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pairs as tensors of one length, and which of their tokens are real."""
    longest = max(len(pair.parts) for pair in pairs)
    states = np.zeros((len(pairs), longest, 2 * WIDTH), np.float32)
    parts, met = np.zeros((len(pairs), longest), np.int64), np.zeros((len(pairs), longest, 4), np.float32)
    real = np.zeros((len(pairs), longest), bool)
    for n, pair in enumerate(pairs):
        length = len(pair.parts)
        states[n, :length], parts[n, :length], met[n, :length], real[n, :length] = pair.states, pair.parts, pair.met, True
    return torch.from_numpy(states), torch.from_numpy(parts), torch.from_numpy(met), torch.from_numpy(real)


def report(name: str, network: Network, lessons: list[Lesson]) -> None:
    """Print how well it does on questions: is its first sentence right; are answerable ones above the others?"""
    with torch.no_grad():
        scores = [network(*padded(lesson.pairs))[0].numpy() for lesson in lessons]
    can = [(score, lesson) for score, lesson in zip(scores, lessons, strict=True) if lesson.asked.answers]
    best = np.array([score.max() for score, _ in can])
    none = np.array([score.max() for score, lesson in zip(scores, lessons, strict=True) if not lesson.asked.answers])
    first = np.mean([lesson.pairs[int(score.argmax())].right for score, lesson in can])
    above = (best[:, None] > none[None]).mean()
    print(f"{name}: {len(lessons)} questions, first sentence right {first:.3f}, AUC {above:.3f}", flush=True)


def save(network: Network, target: Path) -> None:
    """Write its weights, in half precision."""
    weights: dict[str, Any] = {name: value.numpy().astype(np.float16) for name, value in network.state_dict().items()}
    np.savez(target, **weights)


def main() -> None:
    arguments = fitting_arguments(readers=True, lessons=True)
    arguments.readers.mkdir(parents=True, exist_ok=True)
    lessons = kept(arguments.lessons, lambda: read_all(arguments.data, arguments.indexes))
    # A process a part: they share what was read above, and PyTorch gains little from more than one thread here.
    torch.set_num_threads(1)
    files = [arguments.readers / ("all.npz" if part == FOLDS else f"without-{part}.npz") for part in range(FOLDS + 1)]
    waiting = [part for part, file in enumerate(files) if not file.is_file()]
    running: set[int] = set()
    failed = False
    while waiting or running:
        if waiting and len(running) < (os.cpu_count() or 1):
            part = waiting.pop(0)
            process = os.fork()
            if not process:
                network = fit([lesson for lesson in lessons if lesson.asked.fold != part], part)
                save(network, files[part])
                if part < FOLDS:
                    report(f"left out: part {part}", network, [lesson for lesson in lessons if lesson.asked.fold == part])
                os._exit(0)
            running.add(process)
            continue
        process, status = os.wait()
        running.discard(process)
        failed = failed or status != 0
    if arguments.write and not failed:
        shutil.copyfile(files[FOLDS], Path(__file__).resolve().parents[2] / "rag" / "reader.npz")
    sys.exit(failed)


if __name__ == "__main__":
    main()
