"""Which words of which passage support a sentence: markers -> Citations, each an exact span.

A marker is a claim like any other. The words shown for it are the narrowest run of sentences in its passage that supports
the sentence best. When another of the given passages supports what the marked one does not, the sentence is cited to that
one, and its reasons say so; a sentence without markers is cited to what supports it, if anything does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from index.chunk import spelled_date
from index.types import Hit
from rag.injection import is_order, orders, without_orders
from rag.support import ReadSentence
from rag.types import Citation, Verdict
from rag.verify import Checker

LONGEST_RUN = 3
"""Sentences of one citation."""

TRIED = 3
"""Sentences of a passage, those likest to the sentence that is checked, around which a run is looked for; and passages,
likewise, that are tried where no marker names one."""

READ = 2
"""Stretches of a passage that are read beside the sentence, of those that seem likeliest at a glance: each takes 10 ms."""

WORTH = 0.05
"""What a further sentence or passage must add to the score to be cited too."""

HOPE = 0.5
"""How likely a passage must seem at a glance for a sentence that was not marked with it to be read beside it: of 374 sentences
that were supported or quoted none seemed less likely than .64."""

_RANK = {"unsupported": 0, "contradicted": 1, "partly": 2, "supported": 3, "quoted": 4}
GOOD = ("supported", "quoted")
NOTHING_CITED = Verdict("unsupported", 0.0, ("no words are cited",))


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that the writer was given, by its number from 1, with its sentences as the checker reads them.

    `read[n]` is the sentence at `spans[n]` of the article. What speaks to machines is not among them, and parts a passage
    in two of the same number, so that sentences in a row are neighbours in the article too. `context` is what else is known
    of it, its headline, outlet and date: whoever reads the passage knows them, so they explain names without being quoted.
    """

    number: int
    hit: Hit
    spans: tuple[tuple[int, int], ...]
    read: tuple[ReadSentence, ...]
    context: tuple[ReadSentence, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Sentences first..last of a source, in a row."""

    source: Source
    first: int
    last: int

    @property
    def sentences(self) -> tuple[ReadSentence, ...]:
        """The sentences themselves."""
        return self.source.read[self.first : self.last + 1]

    def wider(self) -> list[Stretch]:
        """With one sentence more, before or after."""
        found = ((self.first - 1, self.last), (self.first, self.last + 1))
        return [Stretch(self.source, a, b) for a, b in found if a >= 0 and b < len(self.source.read)]


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a source, and what is known of it as evidence."""

    stretch: Stretch
    verdict: Verdict


def read_sources(hits: Sequence[Hit], checker: Checker) -> list[Source]:
    """The passages of the hits, read sentence by sentence."""
    found = []
    for number, hit in enumerate(hits, start=1):
        text, offset = hit.passage.text, hit.passage.start
        article = hit.article
        known = [without_orders(article.title), article.outlet, spelled_date(article.published)]
        context = tuple(checker.read(". ".join(part for part in known if part)))
        kept_back = orders(text)
        stretches: list[list[ReadSentence]] = [[]]
        for one in checker.read(text):
            if is_order(one.start, one.end, kept_back):
                stretches.append([])
            else:
                stretches[-1].append(one)
        for stretch in stretches:
            spans = tuple((offset + one.start, offset + one.end) for one in stretch)
            found.append(Source(number, hit, spans, tuple(stretch), context))
    return found


def cite(
    words: str, markers: Sequence[int], sources: Sequence[Source], checker: Checker
) -> tuple[Verdict, tuple[Citation, ...]]:
    """The verdict on a sentence of an answer, and its citations (numbered from 1, for the caller to number anew).

    `markers` are numbers of sources; those of none are dropped.
    """
    said = checker.read_one(words)
    if said is None:
        return Verdict("unsupported", 0.0, ("there is nothing to support",)), ()
    marked = [source for source in sources if source.number in markers]
    others = [source for source in sources if source.number not in markers]
    runs, verdict = _best_runs(said, marked, checker)
    if verdict.label in GOOD:
        return verdict, _citations(runs)
    elsewhere, found = _best_runs(said, _likest(said, others, checker), checker, hope=HOPE)
    if found.label in GOOD:
        if not marked:
            named = "its source was not named, and was found"
            return replace(found, reasons=(*found.reasons, named)), _citations(elsewhere)
        titles = dict.fromkeys(f"“{source.hit.article.title or 'Untitled article'}”" for source in marked)
        pointed = " and ".join(list(titles)[:2])
        moved = f"it was marked as from {pointed}, which does not say it"
        return replace(found, reasons=(*found.reasons, moved)), _citations(elsewhere)
    if not marked:
        reasons = ("no source is named for it", *found.reasons)
        if found.label == "contradicted":
            return replace(found, reasons=reasons), _citations(elsewhere)
        return Verdict("unsupported", min(found.score, 0.3), reasons), ()
    return verdict, _citations(runs)


def _likest(said: ReadSentence, sources: Sequence[Source], checker: Checker) -> list[Source]:
    """The sources whose likest sentence is likest to what was said."""
    return sorted(sources, key=lambda source: -max(checker.nearness(said, source.read), default=0.0))[:TRIED]


def _best_runs(said: ReadSentence, sources: Sequence[Source], checker: Checker, hope: float = 0.0) -> tuple[list[Run], Verdict]:
    """The best run of one source, and of further ones where the runs together support the sentence better; and the verdict by
    all of them. What seems less likely at a glance than `hope` is not read: it is judged by what it has in common alone."""
    likely = {stretch: seems for source in sources for stretch, seems in _likely_stretches(said, source, checker).items()}
    evidence = [(one.sentences, one.source.context) for one in likely]
    verdicts = checker.verdicts(said, evidence, [seems >= hope for seems in likely.values()])
    judged = [Run(one, verdict) for one, verdict in zip(likely, verdicts, strict=True)]
    runs = [_best([run for run in judged if run.stretch.source is source]) for source in sources if source.read]
    runs.sort(key=lambda run: _order(run.verdict), reverse=True)
    if not runs:
        return [], NOTHING_CITED
    if runs[0].verdict.label in GOOD:
        # A second passage that says the same is a second source for it.
        return [run for place, run in enumerate(runs) if not place or run.verdict.label in GOOD], runs[0].verdict
    chosen, verdict = runs[:1], runs[0].verdict
    for run in runs[1:TRIED]:
        sentences = [one for some in (*chosen, run) for one in some.stretch.sentences]
        context = [one for some in (*chosen, run) for one in some.stretch.source.context]
        if checker.glance(said, sentences, context) < hope:
            continue
        together = checker.verdict(said, sentences, context)
        if together.score >= verdict.score + WORTH and together.label != "contradicted":
            chosen.append(run)
            verdict = together
    return chosen, verdict


def _likely_stretches(said: ReadSentence, source: Source, checker: Checker) -> dict[Stretch, float]:
    """The few stretches of a source that seem, at a glance, to support a sentence best, and how likely: which is so, reading
    them tells."""
    nearness = checker.nearness(said, source.read)
    likely: dict[Stretch, float] = {}
    for seed in sorted(range(len(source.read)), key=lambda n: -nearness[n])[:TRIED]:
        stretch = Stretch(source, seed, seed)
        likely[stretch] = checker.glance(said, stretch.sentences, source.context)
        while stretch.last - stretch.first + 1 < LONGEST_RUN:
            wider = {one: checker.glance(said, one.sentences, source.context) for one in stretch.wider()}
            better = max(wider, key=lambda one: wider[one], default=stretch)
            if better is stretch or wider[better] < likely[stretch] + WORTH:
                break
            likely[better], stretch = wider[better], better
    return {one: likely[one] for one in sorted(likely, key=lambda one: -likely[one])[:READ]}


def _best(runs: Sequence[Run]) -> Run:
    """Of runs of one source, the one that supports a sentence best; of several that support it, the narrowest."""
    good = [run for run in runs if run.verdict.label in GOOD]
    if good:
        return min(good, key=lambda run: (run.stretch.last - run.stretch.first, -run.verdict.score))
    return max(runs, key=lambda run: _order(run.verdict))


def _order(verdict: Verdict) -> tuple[int, float]:
    return _RANK[verdict.label], verdict.score


def _citations(runs: Sequence[Run]) -> tuple[Citation, ...]:
    found = []
    for number, run in enumerate(runs, start=1):
        source = run.stretch.source
        article = source.hit.article
        start, end = source.spans[run.stretch.first][0], source.spans[run.stretch.last][1]
        found.append(Citation(number, article, start, end, article.text[start:end]))
    return tuple(found)
