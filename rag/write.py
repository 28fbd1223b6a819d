"""The writer that has a model: its text is shown as it comes, and each sentence checked as soon as it is whole.

    question, hits -> model -> parse -> cite and verify, sentence by sentence -> the same kind of claims as quoting gives

Nothing that the check does not support is called supported, whatever marker stands behind it; and when nothing is, what
was shown is withdrawn, and whoever called falls back on quotations.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

from index.errors import ModelError
from index.types import Article, Hit
from rag.cite import Source, cite, read_sources
from rag.llm import ChatModel, Usage
from rag.markers import Text, Written, parse
from rag.opinion import Opinion
from rag.prompts import writing
from rag.quote import escaped
from rag.silence import is_silence, may_become_silence
from rag.thoughts import Spoken
from rag.types import Citation, Claim, ClaimChecked, Status, Token, Verdict, Withdrawn
from rag.verify import Checker

Policy = Literal["flag", "drop", "strict"]

LONGEST = 8_000
"""Characters of an answer, thoughts aside, from which on a model is stopped: some never stop by themselves."""

REPEATED = 3
"""Sentences that a model may say again, which are not shown again, before it is stopped."""

ASTRAY = 8
"""Sentences in a row of which the articles support none, not even in part, after which a model is stopped: it no longer
answers from them."""

BAD: dict[str, str] = {
    "partly": "only partly supported",
    "unsupported": "not supported by the articles",
    "contradicted": "contradicted by the articles",
}
"""What the text says after a sentence of these labels."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. `failure` is empty when the claims may be shown (or, without any, when the model found that the
    articles do not answer: `answered` is False); else it says why not."""

    text: str = ""
    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    answered: bool = False
    notice: str = ""
    failure: str = ""
    usage: Usage | None = None
    first_token: float = 0.0
    """When the model's first piece came, by `time.perf_counter`."""


@dataclass(frozen=True, slots=True)
class Author:
    """The model that writes, what checks it, what happens to a sentence that the articles do not support, and who is asked
    for a second opinion where the check is not sure."""

    model: ChatModel
    checker: Checker
    policy: Policy = "flag"
    opinion: Opinion | None = None

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    def write(
        self, asked: str, hits: Sequence[Hit], stop: threading.Event
    ) -> Generator[Status | Token | ClaimChecked | Withdrawn, None, Outcome]:
        """See `write`."""
        return write(asked, hits, self.model, self.checker, policy=self.policy, opinion=self.opinion, stop=stop)

    def warm(self) -> None:
        """Load what the first question needs."""
        self.model.warm()
        self.checker.warm()

    def close(self) -> None:
        """Give up what is being written."""
        self.model.close()


def write(
    asked: str,
    hits: Sequence[Hit],
    model: ChatModel,
    checker: Checker,
    *,
    policy: Policy,
    opinion: Opinion | None,
    stop: threading.Event,
) -> Generator[Status | Token | ClaimChecked | Withdrawn, None, Outcome]:
    """Have the model answer from the hits, best first, and check what it says. Raises nothing for a model that fails.

    `opinion` is asked about sentences that the check is not sure of. Setting `stop` ends everything.
    """
    messages, count = writing(asked, hits, model.context_window)
    names = [_name(hit.article) for hit in hits[:count]]
    first_token = 0.0
    usage: Usage | None = None
    failure = ""
    spoken, begins, said, too_long = Spoken(), 0, "", False
    yield Status(f"{model.name} is writing")
    with ThreadPoolExecutor(1, thread_name_prefix="read-sources") as reading:
        # The passages are read for the check while the model reads them too.
        sources = reading.submit(read_sources, hits[:count], checker)

        def check(written: Written, words: str) -> Claim:
            return _checked(written, words, sources.result(), checker, opinion, stop)

        page = _Page(check, policy)
        pieces = model.stream(messages, stop)
        try:
            for piece in pieces:
                if isinstance(piece, Usage):
                    usage = piece
                    continue
                first_token = first_token or time.perf_counter()
                spoken.add(piece)
                if spoken.begins != begins:
                    # What came so far were thoughts whose opening tag the model's template swallowed.
                    begins = spoken.begins
                    if page.begun:
                        yield Withdrawn("That was what the model thought. Its answer follows.")
                    page = _Page(check, policy)
                said = spoken.answer(done=False)
                yield from page.advance(parse(said, names, done=False), done=False)
                too_long = len(said) > LONGEST or spoken.endless
                if page.spoilt or page.circling or page.astray or too_long:
                    break
        except ModelError as error:
            failure = str(error)
        finally:
            pieces.close()
        if not (page.spoilt or page.circling or page.astray or too_long or failure or stop.is_set()):
            said = spoken.answer(done=True)
            too_long = len(said) > LONGEST
            # Of a text that broke off, the last sentence is not one.
            yield from page.advance(parse(said[:LONGEST], names, done=not too_long), done=not too_long)
    if spoken.raw.strip() and not said and not failure:
        failure = "The model thought, and wrote no answer."
    stopped = page.circling or page.astray or too_long
    outcome = page.outcome(failure, cut=stopped)
    if not outcome.failure and page.unfinished:
        yield Withdrawn("The last sentence was not finished, and is left out.")
        yield from page.told
    return replace(outcome, usage=usage, first_token=first_token)


class _Page:
    """What is shown of a model's text: keeps how far it has come, so that each piece is shown once."""

    def __init__(self, check: Callable[[Written, str], Claim], policy: Policy) -> None:
        self.spoilt = False
        self._check = check
        self._policy = policy
        self._shown = self._sentences = self._dropped = 0
        self._told: list[Token | ClaimChecked] = []
        self._whole = 0
        self._claims: list[Claim] = []
        self._citations: dict[tuple[str, int, int], Citation] = {}
        self._silent: list[str] = []
        self._said: set[str] = set()
        self._repeated = self._unsupported = 0

    @property
    def astray(self) -> bool:
        """Is nothing that the model has written of late supported?"""
        return self._unsupported >= ASTRAY

    @property
    def circling(self) -> bool:
        """Has the model begun to say the same again and again?"""
        return self._repeated >= REPEATED

    @property
    def begun(self) -> bool:
        """Was anything shown?"""
        return bool(self._told)

    @property
    def told(self) -> tuple[Token | ClaimChecked, ...]:
        """What was shown of sentences that were finished."""
        return tuple(self._told[: self._whole])

    @property
    def unfinished(self) -> bool:
        """Was the beginning of a sentence shown that did not become whole?"""
        return len(self._told) > self._whole

    def advance(self, text: Text, *, done: bool) -> Generator[Token | ClaimChecked, None, None]:
        """Show what has come since, and check the sentences that have become whole."""
        whole = text.sentences if done else text.sentences[:-1]
        for written in whole[self._sentences :]:
            words = text.words[written.start : written.end]
            self._sentences += 1
            if _folded(words) in self._said:
                self._repeated += 1
                self._shown = written.end
                continue
            self._said.add(_folded(words))
            silent = is_silence(words)
            if self._policy == "flag" and not silent:
                yield from self._show(text, written, written.end)
            claim = self._check(written, words)
            if silent and claim.verdict.label in ("partly", "unsupported"):
                # That the articles do not say something cannot be read in them: told at the end, if nothing else is.
                self._silent.append(words)
                self._shown = written.end
                continue
            bad = claim.verdict.label in BAD
            self._unsupported = self._unsupported + 1 if claim.verdict.label in ("unsupported", "contradicted") else 0
            if bad and self._policy == "strict":
                self.spoilt = True
                return
            if bad and self._policy == "drop":
                self._dropped += 1
                self._shown = written.end
                continue
            yield from self._show(text, written, written.end)
            claim = replace(claim, citations=tuple(map(self._numbered, claim.citations)))
            yield self._token(_after(claim))
            self._claims.append(claim)
            checked = ClaimChecked(claim)
            self._told.append(checked)
            self._whole = len(self._told)
            yield checked
            if self.astray:
                return
        if self._policy == "flag" and not done and text.sentences and len(text.sentences) > self._sentences:
            going_on = text.sentences[-1]
            words = text.words[going_on.start : going_on.end]
            if not may_become_silence(words) and not any(said.startswith(_folded(words)) for said in self._said):
                yield from self._show(text, going_on, len(text.words))

    def outcome(self, failure: str, *, cut: bool) -> Outcome:
        """What has come of it in the end."""
        good = any(claim.verdict.label in ("quoted", "supported") for claim in self._claims)
        if self.spoilt:
            return Outcome(failure="A sentence that the model wrote is not supported by the articles.")
        if not good and failure:
            return Outcome(failure=failure)
        if not self._claims and not self._dropped:
            return Outcome(failure="" if self._silent else "The model wrote nothing.")
        if not good:
            return Outcome(failure="Nothing that the model wrote is supported by the articles.")
        notices = []
        if self._dropped:
            some = "One sentence was" if self._dropped == 1 else f"{self._dropped} sentences were"
            notices.append(f"{some} left out because the articles do not support {'it' if self._dropped == 1 else 'them'}.")
        if failure:
            notices.append(f"{failure} The answer is not complete.")
        if cut:
            why = (
                f"{ASTRAY} sentences in a row were not in the articles"
                if self.astray
                else "it went on and on, or round and round"
            )
            notices.append(f"The model was stopped: {why}.")
        notices += [f"The model added: {silence}" for silence in self._silent]
        text = "".join(piece.text for piece in self.told if isinstance(piece, Token))
        return Outcome(text, tuple(self._claims), tuple(self._citations.values()), True, " ".join(notices))

    def _show(self, text: Text, written: Written, until: int) -> Generator[Token, None, None]:
        start = max(self._shown, written.start)
        if until <= start:
            return
        between = "" if not self._told or start > written.start else "\n\n" if written.opens else " "
        self._shown = until
        yield self._token(between + escaped(text.words[start:until]))

    def _token(self, text: str) -> Token:
        token = Token(text)
        self._told.append(token)
        return token

    def _numbered(self, citation: Citation) -> Citation:
        """The citation under its number; words that were cited before keep theirs."""
        place = (citation.article.id, citation.start, citation.end)
        return self._citations.setdefault(place, replace(citation, number=len(self._citations) + 1))


def _checked(
    written: Written,
    words: str,
    sources: Sequence[Source],
    checker: Checker,
    opinion: Opinion | None,
    stop: threading.Event,
) -> Claim:
    verdict, citations = cite(words, written.markers, sources, checker)
    if opinion is not None and verdict.label == "partly" and citations and not is_silence(words):
        verdict = _reconsidered(verdict, words, [citation.quote for citation in citations], opinion, stop)
    return Claim(words, citations, verdict, opens=written.opens)


def _reconsidered(verdict: Verdict, words: str, evidence: Sequence[str], opinion: Opinion, stop: threading.Event) -> Verdict:
    """The verdict after a second opinion, which may also have none."""
    likely = opinion.support(words, evidence, stop)
    if likely is None:
        return verdict
    said = f"{opinion.name}, asked for a second opinion, says that the words {'do' if likely >= 0.5 else 'do not'} support it"
    return Verdict("supported" if likely >= 0.5 else "unsupported", round(likely, 3), (said, *verdict.reasons))


def _after(claim: Claim) -> str:
    """What stands behind a checked sentence: its markers, and what is wrong with it, or who says it."""
    markers = "".join(f"[{citation.number}]" for citation in claim.citations)
    told = BAD.get(claim.verdict.label, "")
    if told and claim.verdict.label == "contradicted" and claim.verdict.reasons:
        told = f"{told}: {escaped(claim.verdict.reasons[0])}"
    if claim.verdict.told:
        told = f"in the article: {escaped(claim.verdict.told)}"
    return f"{' ' if markers else ''}{markers}{f' *({told})*' if told else ''}"


def _folded(words: str) -> str:
    return " ".join(words.casefold().split())


def _name(article: Article) -> str:
    """What an article is called in a sentence."""
    return article.outlet or (f"“{article.title}”" if article.title else "one article")
