"""Fits what `rag.check` weighs with: rag/following.npz, a small network that reads, and rag/checking.json.

    python tests/bench/fit_checking.py FOLDER [--models FOLDER] [--lessons FILE] [--write]

FOLDER is what faithfulness.py takes; its sentences are what is fitted on: those of QAGS and FRANK (each sentence of a
summary counts by the share of it that is right), and our own claims. The network is fitted first, once for each part of the
articles on the others, and once on all; then a logistic regression over the numbers of `rag.support` and the network's score
of articles it has not seen, of which no number that speaks for support may count against it, or the other way round. All
figures printed are of articles on which neither was fitted. "Supported" is from the lowest probability at which RIGHT of the
sentences of QAGS and FRANK that it is said of are, "partly" from PARTLY of that. --models gets what was fitted without each
part, by which faithfulness.py judges articles that were not fitted on, and networks that lie there already are not fitted
again; --lessons keeps what was read, which takes minutes.
Needs PyTorch, which Dateline does not.
"""

from __future__ import annotations

import argparse
import json
import random
import time
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from faithfulness import Checked, all_of, auc
from lessons import kept
from regression import regression
from torch import nn
from torch.nn import functional

from index.minilm import MiniLM
from rag.following import HEADS, WIDTH, beside
from rag.support import AGAINST, OF_COPIES, OF_REWRITINGS, closest, read, read_as_one, support
from rag.verify import FOLLOWS

PARTS = 3
"""Parts of the articles, of which one is left out at a time."""

WEIGHT = {"qags_cnndm": 0.7, "qags_xsum_part": 1.5, "frank_cnndm": 0.4, "frank_bbc": 0.7}
"""How much a sentence of a source counts for the network; one of our own counts 0.7, of a pair 1."""

WEIGHT_OF_NUMBERS = {"qags_cnndm": 1.0, "qags_xsum_part": 2.0, "frank_cnndm": 0.6, "frank_bbc": 1.0}
"""The same for the regression; one of our own counts OWN: they were written to mislead whoever counts words."""

OWN, RIDGE = 0.01, 0.1
SIZE, LAYERS, BATCH, ROUNDS, RATE, DECAY, DROPPED = 64, 2, 32, 3, 2e-3, 0.05, 0.25
RIGHT, PARTLY = 0.95, 0.5
LONGEST = 9_000
"""Characters of an article that are read."""


@dataclass(slots=True)
class Lesson:
    """A sentence beside its evidence: what the network sees of it, the numbers, which share of it is right."""

    source: str
    part: int
    thing: int
    states: np.ndarray
    met: np.ndarray
    likest: np.ndarray
    own: int
    copied: float
    numbers: dict[str, float]
    share: float


class Network(nn.Module):
    """`rag.following.Following`, to be fitted: its parameters have the same names."""

    def __init__(self) -> None:
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.proj, self.part, self.met = nn.Linear(2 * WIDTH, SIZE), nn.Embedding(2, SIZE), nn.Linear(3, SIZE)
        self.drop = nn.Dropout(DROPPED)
        self.cmp = nn.Sequential(nn.Linear(4 * SIZE, SIZE), nn.GELU())
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(SIZE, HEADS, 2 * SIZE, 0.1, activation="gelu", batch_first=True, norm_first=True)
            for _ in range(LAYERS)
        )
        self.out, self.tok = nn.LayerNorm(SIZE), nn.Linear(SIZE, 1)
        self.head = nn.Sequential(nn.Linear(2 * SIZE + 2, 48), nn.GELU(), nn.Dropout(0.2), nn.Linear(48, 1))

    def forward(
        self, states: torch.Tensor, met: torch.Tensor, parts: torch.Tensor, real: torch.Tensor, likest: torch.Tensor
    ) -> torch.Tensor:
        """Scores (pairs,) of padded pairs: `parts` is 0 for tokens of the sentence, 1 for those of its evidence."""
        h = self.drop(self.proj(torch.cat([self.n1(states[..., :WIDTH]), self.n2(states[..., WIDTH:])], -1)))
        own = (parts == 0) & real
        most = likest.shape[1]
        places = (own.sum(1)[:, None] + likest).clamp(max=h.shape[1] - 1)
        partner = torch.gather(h, 1, places[..., None].expand(-1, -1, h.shape[-1]))
        mine = h[:, :most]
        compared = self.cmp(torch.cat([mine, partner, mine - partner, mine * partner], -1)) * own[:, :most, None]
        h = torch.cat([mine + compared, h[:, most:]], 1) + self.part(parts) + self.met(met)
        for layer in self.layers:
            h = layer(h, src_key_padding_mask=~real)
        h = self.out(h)
        worst = -torch.logsumexp(-self.tok(h)[..., 0].masked_fill(~own, 1e4), 1).clamp(-20, 20)
        count = own.sum(1, keepdim=True)
        pooled = [
            (h * own[..., None]).sum(1) / count,
            h.masked_fill(~own[..., None], -50.0).max(1).values,
            worst[:, None],
            (met[..., :1] * own[..., None]).sum(1) / count,
        ]
        return self.head(torch.cat(pooled, -1))[:, 0]


def lessons_of(things: Sequence[Checked]) -> list[Lesson]:
    """What there is to learn, read by the built-in embedder."""
    model = MiniLM()
    by_evidence: dict[tuple[str, ...], list[int]] = {}
    for n, thing in enumerate(things):
        by_evidence.setdefault(thing.evidence, []).append(n)
    found: list[list[Lesson]] = [[] for _ in things]
    begun = time.monotonic()

    def learn(some: tuple[tuple[str, ...], list[int]]) -> None:
        evidence = [one for text in some[0] for one in read(model, text[:LONGEST])]
        for n in some[1] if evidence else ():
            for sentence in things[n].sentences:
                said = read_as_one(model, " ".join(sentence.split()))
                if said is None or not said.terms:
                    continue
                states, met, likest, own = beside(said, closest(said, evidence))
                seen = states.astype(np.float16), met.astype(np.float16), likest, own
                shared = support(said, evidence)
                part = part_of(things[n])
                found[n].append(Lesson(things[n].source, part, n, *seen, shared.copied, shared.numbers, things[n].share))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(learn, by_evidence.items()))
    print(f"{len(things)} read, {time.monotonic() - begun:.0f} s", flush=True)
    return [lesson for some in found for lesson in some]


def part_of(thing: Checked) -> int:
    """Which part it belongs to: that of its article."""
    return zlib.crc32(thing.article.encode()) % PARTS


def padded(lessons: Sequence[Lesson]) -> tuple[torch.Tensor, ...]:
    """Pairs as tensors of one length, and which of their tokens are real."""
    longest, most = max(len(one.states) for one in lessons), max(one.own for one in lessons)
    states = np.zeros((len(lessons), longest, 2 * WIDTH), np.float32)
    met, parts = np.zeros((len(lessons), longest, 3), np.float32), np.ones((len(lessons), longest), np.int64)
    real, likest = np.zeros((len(lessons), longest), bool), np.zeros((len(lessons), most), np.int64)
    for n, one in enumerate(lessons):
        length = len(one.states)
        states[n, :length], met[n, :length], real[n, :length] = one.states, one.met, True
        parts[n, : one.own], likest[n, : one.own] = 0, one.likest
    return tuple(map(torch.from_numpy, (states, met, parts, real, likest)))


def fit_network(lessons: Sequence[Lesson], seed: int) -> Network:
    """A network fitted on these lessons."""
    torch.manual_seed(seed)
    dice = random.Random(seed)
    network = Network()
    steps = int(ROUNDS * len(lessons) / BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1, pct_start=0.1)
    waiting: list[list[Lesson]] = []
    total, begun = 0.0, time.monotonic()
    for step in range(1, steps + 1):
        if not waiting:
            order = dice.sample(list(lessons), len(lessons))
            for start in range(0, len(order), 32 * BATCH):  # alike in length, so that little is padding
                group = sorted(order[start : start + 32 * BATCH], key=lambda one: len(one.states))
                waiting += [group[at : at + BATCH] for at in range(0, len(group), BATCH)]
            dice.shuffle(waiting)
        batch = waiting.pop()
        told = torch.tensor([0.02 + 0.96 * one.share for one in batch])
        weights = torch.tensor([WEIGHT.get(one.source, 1.0 if "pairs" in one.source else 0.7) for one in batch])
        scores = network(*padded(batch))
        loss = (functional.binary_cross_entropy_with_logits(scores, told, reduction="none") * weights).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        total += float(loss.detach())
        if step % 200 == 0:
            print(f"step {step} of {steps}, loss {total / 200:.3f}, {time.monotonic() - begun:.0f} s", flush=True)
            total = 0.0
    return network.eval()


def scores_of(network: Network, lessons: Sequence[Lesson]) -> np.ndarray:
    """The network's scores."""
    order = sorted(range(len(lessons)), key=lambda n: len(lessons[n].states))
    scores = np.zeros(len(lessons))
    with torch.no_grad():
        for start in range(0, len(order), 64):
            some = order[start : start + 64]
            scores[some] = network(*padded([lessons[n] for n in some])).numpy()
    return scores


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the regression sees of each lesson: `columns` of standardised numbers by name, and how far it is copied."""

    columns: dict[str, np.ndarray]
    copied: np.ndarray

    def design(self, weighed: Sequence[tuple[str, bool]]) -> np.ndarray:
        """One column for each number and whether it is weighed of copies or of rewritings, and the gate's."""
        gates = {True: self.copied, False: 1 - self.copied}
        return np.column_stack([*(self.columns[name] * gates[of_copies] for name, of_copies in weighed), self.copied - 0.5])


@dataclass(frozen=True, slots=True)
class Weights:
    """What each number counts of copies (True) and of rewritings (False), the gate and the bias."""

    of: dict[tuple[str, bool], float]
    gate: float
    bias: float

    def probabilities(self, numbers: Numbers) -> np.ndarray:
        """What the regression says of each lesson."""
        total = numbers.design(list(self.of)) @ [*self.of.values(), self.gate] + self.bias
        return np.asarray(1 / (1 + np.exp(-total)))


def fit_numbers(numbers: Numbers, of: np.ndarray, y: np.ndarray, shares: np.ndarray, *, network: bool = True) -> Weights:
    """Weights fitted on the lessons `of`, none of which has the wrong sign; of `network`, with its score."""
    weighed = [(name, True) for name in OF_COPIES] + [(name, False) for name in OF_REWRITINGS]
    weighed += [(FOLLOWS, True), (FOLLOWS, False)] if network else []
    while True:
        found, bias = regression(numbers.design(weighed)[of], y[of], shares[of], bias=True, ridge=RIDGE)
        right = [one for one, weight in zip(weighed, found[:-1], strict=True) if (weight < 0) == (one[0] in AGAINST)]
        if len(right) == len(weighed):
            return Weights(dict(zip(weighed, found[:-1].tolist(), strict=True)), float(found[-1]), bias)
        weighed = right


def report(name: str, scores: np.ndarray, lessons: Sequence[Lesson], things: Sequence[Checked]) -> None:
    """Print the AUC by source; a thing counts as its worst sentence."""
    worst: dict[int, float] = {}
    for one, score in zip(lessons, scores, strict=True):
        worst[one.thing] = min(worst.get(one.thing, np.inf), float(score))
    cells = []
    for source in dict.fromkeys(thing.source for thing in things):
        mine = [n for n in worst if things[n].source == source]
        cells.append(f"{source} {auc([worst[n] for n in mine], [things[n].right for n in mine]):.3f}")
    pairs: dict[str, dict[bool, float]] = {}
    for n, score in worst.items():
        if things[n].pair:
            pairs.setdefault(things[n].pair, {})[things[n].right] = score
    ordered = [pair[True] > pair[False] for pair in pairs.values() if len(pair) == 2]
    print(
        f"{name}: {', '.join(cells)}; of two that differ in one thing, the right one first {np.mean(ordered):.3f}", flush=True
    )


def threshold(scores: np.ndarray, lessons: Sequence[Lesson]) -> tuple[float, float]:
    """The lowest probability from which RIGHT of QAGS and FRANK are right, and how many of them that is."""
    mine = [n for n, one in enumerate(lessons) if one.source in WEIGHT]
    order = sorted(mine, key=lambda n: -scores[n])
    truth = np.cumsum([lessons[n].share for n in order]) / np.arange(1, len(order) + 1)
    enough = [n for n in range(20, len(order)) if truth[n] >= RIGHT]
    last = enough[-1] if enough else 20
    return float(scores[order[last]]), (last + 1) / len(order)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", type=Path)
    parser.add_argument("--lessons", type=Path)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    things = list(all_of(arguments.data))
    lessons = kept(arguments.lessons, lambda: lessons_of(things))
    follows = np.zeros(len(lessons))
    for part in range(PARTS):
        network = network_of(arguments.models, f"without-{part}", [one for one in lessons if one.part != part], part)
        mine = [n for n, one in enumerate(lessons) if one.part == part]
        follows[mine] = scores_of(network, [lessons[n] for n in mine])
        report(f"network, part {part}", follows[mine], [lessons[n] for n in mine], things)
    report("network", follows, lessons, things)
    raw = {name: np.array([one.numbers[name] for one in lessons]) for name in dict.fromkeys(OF_COPIES + OF_REWRITINGS)}
    raw[FOLLOWS] = follows
    centre = {name: float(np.median(values)) for name, values in raw.items()}
    spread = {name: float(values.std()) + 1e-6 for name, values in raw.items()}
    copied = np.array([one.copied for one in lessons])
    numbers = Numbers({name: (values - centre[name]) / spread[name] for name, values in raw.items()}, copied)
    y = np.array([one.share for one in lessons])
    shares = np.array([WEIGHT_OF_NUMBERS.get(one.source, OWN) for one in lessons])
    parts = np.array([one.part for one in lessons])
    left_out: list[Weights] = []
    for label, network in (("numbers alone", False), ("numbers and network", True)):
        scores, left_out = np.zeros(len(lessons)), []
        for part in range(PARTS):
            left_out.append(fit_numbers(numbers, parts != part, y, shares, network=network))
            scores[parts == part] = left_out[-1].probabilities(numbers)[parts == part]
        report(label, scores, lessons, things)
    supported, called = threshold(scores, lessons)
    print(f"supported from {supported:.3f}: {called:.2f} of QAGS's and FRANK's sentences, {RIGHT} of them right")

    def model_of(weights: Weights) -> dict[str, Any]:
        return {
            "centre": {name: round(value, 4) for name, value in centre.items()},
            "spread": {name: round(value, 4) for name, value in spread.items()},
            "copied": {name: round(weight, 4) for (name, of_copies), weight in weights.of.items() if of_copies},
            "rewritten": {name: round(weight, 4) for (name, of_copies), weight in weights.of.items() if not of_copies},
            "gate": round(weights.gate, 4),
            "bias": round(weights.bias, 4),
            "supported": round(supported, 3),
            "partly": round(PARTLY * supported, 3),
        }

    if arguments.models:
        for part, weights in enumerate(left_out):
            (arguments.models / f"without-{part}.json").write_text(json.dumps(model_of(weights)), encoding="utf-8")
    model = json.dumps(model_of(fit_numbers(numbers, shares > 0, y, shares)), indent=1) + "\n"
    print(model)
    if arguments.write:
        package = Path(__file__).resolve().parents[2] / "rag"
        save(network_of(arguments.models, "all", lessons, PARTS), package / "following.npz")
        (package / "checking.json").write_text(model, encoding="utf-8")


def network_of(models: Path | None, name: str, lessons: Sequence[Lesson], seed: int) -> Network:
    """The network that lies in a folder under that name, or a new one, which is put there."""
    stored = models / f"{name}.npz" if models else None
    if stored is not None and stored.is_file():
        network = Network()
        with np.load(stored) as weights:
            network.load_state_dict({key: torch.from_numpy(weights[key].astype(np.float32)) for key in weights.files})
        return network.eval()
    network = fit_network(lessons, seed)
    if stored is not None:
        save(network, stored)
    return network


def save(network: Network, target: Path) -> None:
    """Write its weights, in half precision."""
    target.parent.mkdir(parents=True, exist_ok=True)
    np.savez(target, **{name: value.numpy().astype(np.float16) for name, value in network.state_dict().items()})


if __name__ == "__main__":
    main()
