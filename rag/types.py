"""The values of a conversation: answers, their claims and citations, and the events of a stream.

Pure values, JSON both ways. The invariant that everything here serves: for each citation,
`citation.article.text[citation.start:citation.end] == citation.quote`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from index.types import Article, Hit

Label = Literal["quoted", "supported", "partly", "unsupported", "contradicted"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Is a sentence supported by the words it cites?

    `score` in [0, 1] is how sure the check is that the words support the sentence; `reasons`
    say why, in words for a person. `told` is what has somebody say it in the article, in its words ("“Kyiv said that …”"),
    where the sentence tells it as a fact; else it is empty.
    """

    label: Label
    score: float
    reasons: tuple[str, ...] = ()
    told: str = ""

    def to_dict(self) -> dict[str, Any]:
        """This verdict as JSON-serialisable values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The verdict that `to_dict` wrote."""
        return cls(values["label"], float(values["score"]), tuple(values["reasons"]), values.get("told", ""))


@dataclass(frozen=True, slots=True)
class Citation:
    """A marker's target: the exact words, and where they stand in their article.

    `article.text[start:end] == quote`; making one that breaks this raises ValueError, unless the
    article came without its text. `number` is the marker as shown, from 1, unique in its answer.
    """

    number: int
    article: Article
    start: int
    end: int
    quote: str

    def __post_init__(self) -> None:
        if self.article.text and self.article.text[self.start : self.end] != self.quote:
            raise ValueError(f"Citation [{self.number}] does not stand at {self.start}:{self.end} of {self.article.id!r}.")

    def to_dict(self, *, texts: bool = True) -> dict[str, Any]:
        """This citation as JSON-serialisable values; without `texts` the article's text is left out."""
        article = self.article if texts else self.article.without_text()
        return {
            "number": self.number,
            "article": article.to_dict(),
            "start": self.start,
            "end": self.end,
            "quote": self.quote,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The citation that `to_dict` wrote."""
        return cls(**{**values, "article": Article.from_dict(values["article"])})


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer (or the few that only make sense together), with its evidence.

    `text` carries no markers. `lead` introduces it when it is a quotation: plain words such as
    "Kherson after the retreat, Dateline seeds, 13 November 2022:"; it is empty for a claim that
    continues the one before. `emphasis` holds (start, end) spans of `text` that are the answer
    itself, for bold type. `opens` when a paragraph of a model's text begins with it.
    """

    text: str
    citations: tuple[Citation, ...]
    verdict: Verdict
    lead: str = ""
    emphasis: tuple[tuple[int, int], ...] = ()
    opens: bool = False

    def to_dict(self, *, texts: bool = True) -> dict[str, Any]:
        """This claim as JSON-serialisable values; without `texts` the articles' texts are left out."""
        return {
            "text": self.text,
            "citations": [citation.to_dict(texts=texts) for citation in self.citations],
            "verdict": self.verdict.to_dict(),
            "lead": self.lead,
            "emphasis": [list(span) for span in self.emphasis],
            "opens": self.opens,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The claim that `to_dict` wrote."""
        return cls(
            text=values["text"],
            citations=tuple(Citation.from_dict(citation) for citation in values["citations"]),
            verdict=Verdict.from_dict(values["verdict"]),
            lead=values["lead"],
            emphasis=tuple((start, end) for start, end in values["emphasis"]),
            opens=values["opens"],
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """A question's answer, whole: what was asked and searched, what is claimed, and on what words.

    `text` is the answer as Markdown with its markers. `answered` is False when the articles do
    not answer: then `claims` is empty, `text` says so, and `citations` are the nearest passages.
    `writer` is "quote" for the keyless one and "model" for a model, whose name is `model`; `tokens_in` and `tokens_out` are
    what its server counted, None where it did not. `first_token` (what a reader waited for the first word) and `elapsed`
    are in seconds. `notice` says what else a reader must know: why a model's answer is not shown, what was
    left out, or that the history was. `searched` is the question as searched, with what it lacked of the conversation.
    `readings` are whole questions, one of which may have been meant: with them `answered` is False, and `text` asks back.
    """

    question: str
    searched: str
    text: str
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    answered: bool
    writer: str
    elapsed: float
    first_token: float = 0.0
    model: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    notice: str = ""
    readings: tuple[str, ...] = ()

    def to_dict(self, *, texts: bool = True) -> dict[str, Any]:
        """This answer as JSON-serialisable values; without `texts` the articles' texts are left out."""
        return {
            "question": self.question,
            "searched": self.searched,
            "text": self.text,
            "claims": [claim.to_dict(texts=texts) for claim in self.claims],
            "citations": [citation.to_dict(texts=texts) for citation in self.citations],
            "hits": [hit.to_dict(texts=texts) for hit in self.hits],
            "answered": self.answered,
            "writer": self.writer,
            "elapsed": self.elapsed,
            "first_token": self.first_token,
            "model": self.model,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "notice": self.notice,
            "readings": list(self.readings),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The answer that `to_dict` wrote."""
        return cls(
            **{
                **values,
                "claims": tuple(Claim.from_dict(claim) for claim in values["claims"]),
                "citations": tuple(Citation.from_dict(citation) for citation in values["citations"]),
                "hits": tuple(Hit.from_dict(hit) for hit in values["hits"]),
                "readings": tuple(values.get("readings", ())),
            }
        )


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation so far; `role` is "user" or "assistant"."""

    role: str
    content: str

    @classmethod
    def of(cls, message: Turn | Mapping[str, Any]) -> Turn:
        """A turn from a turn, or from a mapping with `role` and `content`, as chat APIs have them."""
        if isinstance(message, Turn):
            return message
        return cls(role=str(message["role"]), content=str(message["content"]))


@dataclass(frozen=True, slots=True)
class Status:
    """Event: what is being done now, in a few words for a person."""

    text: str


@dataclass(frozen=True, slots=True)
class Token:
    """Event: the next piece of the answer's text; the pieces since the last `Withdrawn`, joined, are `Answer.text`."""

    text: str


@dataclass(frozen=True, slots=True)
class ClaimChecked:
    """Event: one more claim is complete and checked."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Event: the pieces and claims so far do not count, and why, in words for a person; what counts follows."""

    reason: str


Event = Status | Token | ClaimChecked | Withdrawn | Answer
"""What `Chat.stream` yields; an `Answer` is always the last."""
