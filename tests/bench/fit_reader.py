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
of the answer, in sentences that answer. Questions that are answered, but by no sentence found, teach nothing and are left out.
"""

from __future__ import annotations

import math
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

from index.joint import join
from index.minilm import DIMENSION, MODEL, MODEL_SHA256, checked_file
from index.onnx_weights import weights_in
from rag.chat import HITS, Chat
from rag.evidence import read_closely
from rag.quote import shortlist
from rag.reader import LEAST, MOST, OF_MODEL, meeting
from rag.retrieve import retrieve

CANDIDATES = 7
"""Sentences of a question that the network may see."""

RIGHT, LIKELIEST, OTHERS = 2, 3, 1
"""Of these, at most so many that answer, and of the others the likeliest by their words and some more by lot, a step."""

LAYERS, HEADS, INNER = 6, 12, 64
"""Of the embedder's model; and the width of the layer that scores."""

RANK, SCALE = 16, 2.0
"""Of the change of each matrix, and what it is multiplied by."""

STEP, ROUNDS, DROPPED, DECAY = 16, 2, 0.1, 0.01
RATE, RATE_OF_SCORE = 5e-4, 5e-4
TOGETHER = 16
"""Pairs of about the same length that are read at once."""

EMBEDDINGS = "inner.embeddings."
LAYER = "inner.encoder.layer."
"""What the model's file calls its weights; its matrices have numbers for names, in the order of `MATRICES`."""

MATRICES = ("query", "key", "value", "mixed", "up", "down")
BIASES = {
    "query": "attention.self.query.bias",
    "key": "attention.self.key.bias",
    "value": "attention.self.value.bias",
    "mixed": "attention.output.dense.bias",
    "up": "intermediate.dense.bias",
    "down": "output.dense.bias",
}
NORMS = {"first": "attention.output.LayerNorm", "second": "output.LayerNorm"}


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
    """A question with the sentences found for it."""

    asked: Asked
    pairs: list[Pair]


class Changed(nn.Module):
    """A linear layer whose matrix (in, out) stays, and to which a product of two small ones is added."""

    def __init__(self, matrix: torch.Tensor, bias: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("matrix", matrix.T.to(torch.bfloat16))
        self.bias = nn.Parameter(bias)
        inputs, outputs = matrix.shape
        self.a = nn.Parameter(torch.randn(RANK, inputs) / math.sqrt(inputs))
        self.b = nn.Parameter(torch.zeros(outputs, RANK))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Of shape (..., in) to (..., out)."""
        added = functional.linear(functional.linear(x, self.a.to(x.dtype)), SCALE * self.b.to(x.dtype))
        return functional.linear(x, self.matrix, self.bias.to(x.dtype)) + added


class Layer(nn.Module):
    """One layer of the embedder's model."""

    def __init__(self, matrices: list[torch.Tensor], weights: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.parts = nn.ModuleDict(
            {name: Changed(matrix, weights[BIASES[name]]) for name, matrix in zip(MATRICES, matrices, strict=True)}
        )
        self.norms = nn.ParameterDict({f"{n}_{w}": weights[f"{NORMS[n]}.{w}"] for n in NORMS for w in ("weight", "bias")})

    def forward(self, h: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """States (texts, tokens, 384), with what is added to attention for tokens that are none."""
        heads = [self.parts[name](h).unflatten(-1, (HEADS, -1)).transpose(1, 2).float() for name in ("query", "key", "value")]
        mixed = functional.scaled_dot_product_attention(*heads, attn_mask=hidden).transpose(1, 2).flatten(2)
        h = self.normalised(h + self.parts["mixed"](mixed.to(h.dtype)), "first")
        more = self.parts["down"](functional.gelu(self.parts["up"](h)))
        return self.normalised(h + functional.dropout(more, DROPPED, self.training), "second")

    def normalised(self, h: torch.Tensor, norm: str) -> torch.Tensor:
        """The layer's first or second normalisation."""
        weight, bias = (self.norms[f"{norm}_{which}"].to(h.dtype) for which in ("weight", "bias"))
        return functional.layer_norm(h, (DIMENSION,), weight, bias, 1e-12)


class Network(nn.Module):
    """`rag.reader.Reader`, to be fitted."""

    def __init__(self) -> None:
        super().__init__()
        found = {name: torch.from_numpy(value.copy()) for name, value in weights_in(checked_file(*MODEL, MODEL_SHA256)).items()}

        def whole(name: str) -> torch.Tensor:
            return found[f"{name}_q"].float() * found[f"{name}_scale"]

        self.names = [name.removesuffix("_q") for name in found if name.startswith("val_") and name.endswith("_q")]
        self.register_buffer("words", whole(f"{EMBEDDINGS}word_embeddings.weight"))
        self.register_buffer("places", whole(f"{EMBEDDINGS}position_embeddings.weight"))
        self.kinds = nn.Parameter(found[f"{EMBEDDINGS}token_type_embeddings.weight"])
        self.begin = nn.LayerNorm(DIMENSION, eps=1e-12)
        self.begin.weight.data, self.begin.bias.data = (found[f"{EMBEDDINGS}LayerNorm.{w}"] for w in ("weight", "bias"))
        self.layers = nn.ModuleList()
        for layer in range(LAYERS):
            at = f"{LAYER}{layer}."
            own = {name.removeprefix(at): value for name, value in found.items() if name.startswith(at)}
            names = self.names[layer * len(MATRICES) : (layer + 1) * len(MATRICES)]
            self.layers.append(Layer([whole(name) for name in names], own))
        self.marks = nn.Linear(DIMENSION, 1)
        self.score = nn.Sequential(
            nn.Linear(2 * DIMENSION + 5, INNER), nn.GELU(approximate="tanh"), nn.Dropout(DROPPED), nn.Linear(INNER, 1)
        )

    def forward(
        self, ids: torch.Tensor, own: torch.Tensor, met: torch.Tensor, real: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores (pairs,) and marks (pairs, tokens) of padded pairs."""
        h = self.begin(self.words[ids] + self.places[: ids.shape[1]] + self.kinds[own.long()]).to(torch.bfloat16)
        hidden = torch.zeros(real.shape).masked_fill(~real, -1e4)[:, None, None, :]
        for layer in self.layers:
            h = layer(h, hidden)
        h = h.float()
        marks = self.marks(h)[..., 0]
        total = torch.logsumexp(marks.masked_fill(~own, -1e4), 1).clamp(LEAST, MOST)
        mean = (h * own[..., None]).sum(1) / own.sum(1, keepdim=True).clamp(min=1)
        return self.score(torch.cat([h[:, 0], mean, total[:, None], met], -1))[:, 0], marks

    def stored(self) -> dict[str, np.ndarray]:
        """The weights as `rag.reader` takes them, in half precision."""
        weights: dict[str, torch.Tensor] = {
            f"{OF_MODEL}{EMBEDDINGS}token_type_embeddings.weight": self.kinds,
            f"{OF_MODEL}{EMBEDDINGS}LayerNorm.weight": self.begin.weight,
            f"{OF_MODEL}{EMBEDDINGS}LayerNorm.bias": self.begin.bias,
        }
        names = iter(self.names)
        for n, layer in enumerate(self.layers):
            for name in MATRICES:
                part, stored_as = layer.parts[name], next(names)
                weights[f"{OF_MODEL}{stored_as}.a"], weights[f"{OF_MODEL}{stored_as}.b"] = part.a, SCALE * part.b
                weights[f"{OF_MODEL}{LAYER}{n}.{BIASES[name]}"] = part.bias
            for norm, stored_as in NORMS.items():
                for which in ("weight", "bias"):
                    weights[f"{OF_MODEL}{LAYER}{n}.{stored_as}.{which}"] = layer.norms[f"{norm}_{which}"]
        weights |= {f"marks.{name}": value for name, value in self.marks.state_dict().items()}
        weights |= {f"score.{name}": value for name, value in self.score.state_dict().items()}
        return {name: value.detach().numpy().astype(np.float16) for name, value in weights.items()}


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
        for evidence, excerpt, reading in zip(found, excerpts, readings, strict=False):
            joined = join(heard, reading, excerpt.own)
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
        answered = any(pair.right for pair in pairs)
        if pairs and answered == bool(asked.answers):
            yield Lesson(asked, pairs)


def fit(lessons: list[Lesson], seed: int) -> Network:
    """A network fitted on these lessons."""
    torch.manual_seed(seed)
    dice = random.Random(seed)
    network = Network()
    steps = int(ROUNDS * len(lessons) / STEP)
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
            waiting = dice.sample(lessons, len(lessons))
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
    none = np.array([score.max() for score, lesson in zip(scores, lessons, strict=True) if not lesson.asked.answers])
    first = np.mean([lesson.pairs[int(score.argmax())].right for score, lesson in can])
    above = (best[:, None] > none[None]).mean()
    print(f"{name}: {len(lessons)} questions, first sentence right {first:.3f}, AUC {above:.3f}", flush=True)


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
                stored: Any = network.stored()
                np.savez(files[part], **stored)
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
