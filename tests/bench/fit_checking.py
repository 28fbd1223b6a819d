"""Fits what `rag.check` weighs with: rag/following.npz, a network that reads, and rag/checking.json.

    python tests/bench/fit_checking.py FOLDER --models FOLDER [--indexes FOLDER] [--lessons FILE] [--write]

FOLDER is what faithfulness.py takes; its sentences are what is fitted on: those of QAGS and FRANK (each sentence of a
summary counts by the share of it that is right), and our own claims, the gists aside. The network begins as the reader
(rag/reader.npz), and is first fitted on sentences altered by rule (altered.py) of articles that none of these are about; then
once for each part of the articles on the others, and once on all. What comes last is a logistic regression over the numbers
of `rag.support` and the network's score of articles it has not seen, of which no number that speaks for support may count
against it, or the other way round. All figures printed are of articles on which neither was fitted. "Supported" is from the
lowest probability at which RIGHT of the sentences of QAGS and FRANK that it is said of are, "partly" from PARTLY of that.

--models gets what was fitted without each part, by which faithfulness.py judges articles that were not fitted on, and
networks that lie there already are not fitted again; --lessons keeps what was read, which takes ten minutes; --indexes where
the collections that are altered are indexed. Takes half an hour on two cores that multiply bfloat16 (AMX), far longer
on others. Needs PyTorch, which Dateline does not.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from altered import altered, is_plain
from changed import DROPPED, ChangedModel
from faithfulness import CLAIMS, OUR_GISTS, Checked, all_of, auc
from lessons import kept, side_by_side
from reading import collection_index
from regression import regression
from torch import nn
from torch.nn import functional

from index.minilm import DIMENSION, MiniLM
from rag.fitted import LEAST, MOST, stored_weights
from rag.following import beside
from rag.support import AGAINST, OF_COPIES, OF_REWRITINGS, ReadSentence, closest, read, read_as_one, support
from rag.verify import FOLLOWS

PARTS = 3
"""Parts of the articles, of which one is left out at a time."""

NOWHERE = -1
"""The part of what was altered by rule: nothing is measured on it."""

WEIGHT = {"qags_cnndm": 1.0, "qags_xsum_part": 2.0, "frank_cnndm": 0.6, "frank_bbc": 1.0}
"""How much a sentence of a source counts; for the network one of our own counts 0.7, of a pair 1, and for the regression
OWN: they were written to mislead whoever counts words."""

OWN, RIDGE = 0.1, 0.1
ALTERED, ALTERED_OF_PASSAGE = 9, 3
"""Sentences of a web page, and of an encyclopedia's passage, that are altered."""

FAR = 40
"""Sentences of other articles from which one may get an ending."""

INNER, BATCH, ROUNDS, RATE, RATE_OF_ALTERED, DECAY = 64, 32, 2, 4e-4, 5e-4, 0.01
RIGHT, PARTLY = 0.95, 0.5
LONGEST = 9_000
"""Characters of an article that are read."""


@dataclass(slots=True)
class Lesson:
    """A sentence beside its evidence: the tokens of both (n,) and those of the sentence (n,), which share of it is right;
    and of one that something is measured on, which thing it is part of, how far it is copied, and the numbers."""

    source: str
    part: int
    ids: np.ndarray
    own: np.ndarray
    share: float
    thing: int = NOWHERE
    copied: float = 0.0
    numbers: dict[str, float] = field(default_factory=dict)


class Network(ChangedModel):
    """`rag.following.Following`, to be fitted."""

    def __init__(self) -> None:
        super().__init__()
        self.marks = nn.Linear(DIMENSION, 1)
        self.score = nn.Sequential(
            nn.Linear(3 * DIMENSION + 1, INNER), nn.GELU(approximate="tanh"), nn.Dropout(DROPPED), nn.Linear(INNER, 1)
        )

    @property
    def layers_on_it(self) -> dict[str, nn.Module]:
        """What stands on the changed model, by name."""
        return {"marks": self.marks, "score": self.score}

    def forward(self, ids: torch.Tensor, own: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Scores (pairs,) of padded pairs."""
        h = self.states(ids, own, real)
        worst = -torch.logsumexp((-self.marks(h)[..., 0]).masked_fill(~own, -1e4), 1).clamp(LEAST, MOST)
        mean = (h * own[..., None]).sum(1) / own.sum(1, keepdim=True).clamp(min=1)
        most = h.masked_fill(~own[..., None], -50.0).max(1).values
        return self.score(torch.cat([h[:, 0], mean, most, worst[:, None]], -1))[:, 0]


def lessons_of(things: Sequence[Checked]) -> list[Lesson]:
    """What there is to learn of things that somebody judged, read by the built-in embedder."""
    model = MiniLM()
    by_evidence: dict[tuple[str, ...], list[int]] = {}
    for n, thing in enumerate(things):
        by_evidence.setdefault(thing.evidence, []).append(n)
    found: list[list[Lesson]] = [[] for _ in things]

    def learn(some: tuple[tuple[str, ...], list[int]]) -> None:
        evidence = [one for text in some[0] for one in read(model, text[:LONGEST])]
        for n in some[1] if evidence else ():
            thing = things[n]
            for sentence in thing.sentences:
                said = read_as_one(model, " ".join(sentence.split()))
                if said is not None and said.terms:
                    lesson = lesson_of(thing.source, part_of(thing), said, evidence, thing.share)
                    shared = support(said, evidence)
                    lesson.thing, lesson.copied, lesson.numbers = n, shared.copied, shared.numbers
                    found[n].append(lesson)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(learn, by_evidence.items()))
    return [lesson for some in found for lesson in some]


def lesson_of(source: str, part: int, said: ReadSentence, evidence: Sequence[ReadSentence], share: float) -> Lesson:
    """A sentence beside those of its evidence that are closest to it."""
    joined = beside(said, closest(said, evidence))
    return Lesson(source, part, joined.ids.astype(np.uint16), joined.own, share)


def part_of(thing: Checked) -> int:
    """Which part it belongs to: that of its article."""
    return zlib.crc32(thing.article.encode()) % PARTS


def altered_lessons(data: Path, indexes: Path) -> list[Lesson]:
    """What there is to learn of sentences altered by rule: of web pages that no claim is about, and of an encyclopedia."""
    texts = [*((text, ALTERED) for text in pages(data, indexes)), *((text, ALTERED_OF_PASSAGE) for text in passages(data))]
    model, dice = MiniLM(), random.Random(0)
    elsewhere: list[str] = []
    found: list[Lesson] = []
    dice.shuffle(texts)
    for text, most in texts:
        evidence = read(model, text[:LONGEST])
        sentences = [one.text for one in evidence]
        for one in altered(sentences, elsewhere[-FAR:], most, dice):
            said = read_as_one(model, one.text)
            rest = evidence[: one.place] + evidence[one.place + 1 :] if one.without else evidence
            if said is not None and said.terms and rest:
                found.append(lesson_of("altered", NOWHERE, said, rest, one.share))
        elsewhere += [sentence for sentence in sentences if is_plain(sentence)][:6]
    return found


def pages(data: Path, indexes: Path) -> Iterator[str]:
    """The texts of the web pages that none of our claims is about."""
    claimed = {json.loads(line)["article"] for line in CLAIMS.read_text(encoding="utf-8").splitlines()}
    for collection in ("culture", "nature", "technology"):
        with collection_index(collection, data, indexes / collection) as chat:
            yield from (article.text for article in chat.articles() if article.id not in claimed)


def passages(data: Path) -> Iterator[str]:
    """The passages of encyclopedias."""
    for name in ("follow_ups/passages", "abstention/clapnq_passages"):
        with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            yield from (json.loads(line)["text"] for line in lines)


def padded(lessons: Sequence[Lesson]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pairs as tensors of one length, and which of their tokens are real."""
    longest = max(len(one.ids) for one in lessons)
    ids, own, real = (np.zeros((len(lessons), longest), kind) for kind in (np.int64, np.bool_, np.bool_))
    for n, one in enumerate(lessons):
        length = len(one.ids)
        ids[n, :length], own[n, :length], real[n, :length] = one.ids, one.own, True
    return torch.from_numpy(ids), torch.from_numpy(own), torch.from_numpy(real)


def fit_network(network: Network, lessons: Sequence[Lesson], rounds: int, rate: float, seed: int) -> Network:
    """A network fitted further on these lessons."""
    torch.manual_seed(seed)
    dice = random.Random(seed)
    steps = int(rounds * len(lessons) / BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1, pct_start=0.1)
    waiting: list[list[Lesson]] = []
    total, begun = 0.0, time.monotonic()
    network.train()
    for step in range(1, steps + 1):
        if not waiting:
            order = dice.sample(list(lessons), len(lessons))
            for start in range(0, len(order), 32 * BATCH):  # alike in length, so that little is padding
                group = sorted(order[start : start + 32 * BATCH], key=lambda one: len(one.ids))
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
        if step % 100 == 0:
            print(f"{seed}: step {step} of {steps}, loss {total / 100:.3f}, {time.monotonic() - begun:.0f} s", flush=True)
            total = 0.0
    return network.eval()


def scores_of(network: Network, lessons: Sequence[Lesson]) -> np.ndarray:
    """The network's scores."""
    order = sorted(range(len(lessons)), key=lambda n: len(lessons[n].ids))
    scores = np.zeros(len(lessons))
    with torch.no_grad():
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]
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

    def stored(self) -> dict[str, Any]:
        """As `rag.verify.Weights` takes them."""
        return {
            "copied": {name: round(weight, 4) for (name, of_copies), weight in self.of.items() if of_copies},
            "rewritten": {name: round(weight, 4) for (name, of_copies), weight in self.of.items() if not of_copies},
            "gate": round(self.gate, 4),
            "bias": round(self.bias, 4),
        }


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


def begun_from(stored: Path) -> Network:
    """A network that begins as what is stored; layers on the states that are not of its shape begin anew."""
    network = Network()
    weights = stored_weights(stored)
    network.begin_from(weights)
    for name, layer in network.layers_on_it.items():
        mine = {key: weights.get(f"{name}.{key}") for key in layer.state_dict()}
        if all(value is not None and value.shape == layer.state_dict()[key].shape for key, value in mine.items()):
            layer.load_state_dict({key: torch.from_numpy(value) for key, value in mine.items()})
    return network


def save(network: Network, target: Path) -> None:
    """Write its weights."""
    target.parent.mkdir(parents=True, exist_ok=True)
    stored: Any = network.stored(**network.layers_on_it)
    np.savez(target, **stored)


def networks(lessons: Sequence[Lesson], models: Path) -> list[Path]:
    """The networks of all parts but one, and of all, in a folder; what is there already is not fitted again."""
    package = Path(__file__).resolve().parents[2] / "rag"
    first = models / "begun.npz"
    files = [models / ("all.npz" if part == PARTS else f"without-{part}.npz") for part in range(PARTS + 1)]

    def begin() -> None:
        some = [one for one in lessons if one.part == NOWHERE]
        save(fit_network(begun_from(package / "reader.npz"), some, 1, RATE_OF_ALTERED, PARTS + 1), first)

    def fit_part(part: int) -> None:
        some = [one for one in lessons if one.part not in (NOWHERE, part)]
        save(fit_network(begun_from(first), some, ROUNDS, RATE, part), files[part])

    torch.set_num_threads(1)
    missing = [part for part, file in enumerate(files) if not file.is_file()]
    if missing and not first.is_file() and not side_by_side([begin]):
        raise SystemExit("the network of altered sentences was not fitted")
    if not side_by_side([partial(fit_part, part) for part in missing]):
        raise SystemExit("not all networks were fitted")
    return files


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--indexes", type=Path)
    parser.add_argument("--lessons", type=Path)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    things = [one for one in all_of(arguments.data) if one.source != OUR_GISTS]
    with tempfile.TemporaryDirectory() as made:
        everything = kept(
            arguments.lessons,
            lambda: lessons_of(things) + altered_lessons(arguments.data, arguments.indexes or Path(made)),
        )
    files = networks(everything, arguments.models)
    lessons = [one for one in everything if one.part != NOWHERE]
    follows = np.zeros(len(lessons))
    for part in range(PARTS):
        mine = [n for n, one in enumerate(lessons) if one.part == part]
        follows[mine] = scores_of(begun_from(files[part]).eval(), [lessons[n] for n in mine])
    report("network", follows, lessons, things)
    raw = {name: np.array([one.numbers[name] for one in lessons]) for name in dict.fromkeys(OF_COPIES + OF_REWRITINGS)}
    raw[FOLLOWS] = follows
    centre = {name: float(np.median(values)) for name, values in raw.items()}
    spread = {name: float(values.std()) + 1e-6 for name, values in raw.items()}
    copied = np.array([one.copied for one in lessons])
    numbers = Numbers({name: (values - centre[name]) / spread[name] for name, values in raw.items()}, copied)
    y = np.array([one.share for one in lessons])
    shares = np.array([WEIGHT.get(one.source, OWN) for one in lessons])
    parts = np.array([one.part for one in lessons])
    scores, left_out = np.zeros(len(lessons)), [dict[str, Weights]() for _ in range(PARTS)]
    for label, network in (("counting", False), ("reading", True)):
        for part, found in enumerate(left_out):
            found[label] = fit_numbers(numbers, parts != part, y, shares, network=network)
            scores[parts == part] = found[label].probabilities(numbers)[parts == part]
        report(label, scores, lessons, things)
    supported, called = threshold(scores, lessons)
    print(f"supported from {supported:.3f}: {called:.2f} of QAGS's and FRANK's sentences, {RIGHT} of them right")

    def model_of(weights: dict[str, Weights]) -> str:
        model = {
            "centre": {name: round(value, 4) for name, value in centre.items()},
            "spread": {name: round(value, 4) for name, value in spread.items()},
            **{label: of.stored() for label, of in weights.items()},
            "supported": round(supported, 3),
            "partly": round(PARTLY * supported, 3),
        }
        return json.dumps(model, indent=1) + "\n"

    for part, weights in enumerate(left_out):
        (arguments.models / f"without-{part}.json").write_text(model_of(weights), encoding="utf-8")
    everywhere = np.full(len(lessons), fill_value=True)
    model = model_of(
        {
            label: fit_numbers(numbers, everywhere, y, shares, network=network)
            for label, network in (("counting", False), ("reading", True))
        }
    )
    print(model)
    if arguments.write:
        package = Path(__file__).resolve().parents[2] / "rag"
        shutil.copyfile(files[PARTS], package / "following.npz")
        (package / "checking.json").write_text(model, encoding="utf-8")


if __name__ == "__main__":
    main()
