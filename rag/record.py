"""PURE. What an exported conversation says, as values: made of a kept one, and read back strictly.

An exported file is what `dateline verify` is given, from whomever: what is read here has the right types and sizes, and
nothing else in it, or is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from index.errors import ExportError
from index.types import Article
from rag.kept import Conversation, Exchange, Thumb, without_claims
from rag.types import Answer, Citation, Claim, Label

FORMAT: Literal["dateline conversation"] = "dateline conversation"
VERSION: Literal[2] = 2
"""Grows when a record has other fields, and when the Markdown or HTML made of one changes: what a file shows is compared with
what its record makes, and an older one must not be taken for an edited one."""

MOST_EXCHANGES, MOST_SOURCES = 5_000, 500

Line = Annotated[str, Field(max_length=4_000)]
Words = Annotated[str, Field(max_length=2_000_000)]
When = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\+00:00$")]
Offset = Annotated[int, Field(ge=0, le=2**40)]
Number = Annotated[int, Field(ge=1, le=1_000_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Source(_Strict):
    """What a marker stands for: words, where they stand, and what is said of their article.

    `article` is its id in the library, `sha256` the fingerprint of the version that was cited, `link` an http or https
    address or empty, `file` the name of the file it was read from where there is no link. `verdicts` are those of the
    sentences that cite it; none for a passage that is only near.
    """

    number: Number
    quote: Annotated[Words, Field(min_length=1)]
    start: Offset
    end: Offset
    article: Line
    sha256: Line
    title: Line
    outlet: Line
    author: Line
    published: date | None
    link: Line
    file: Line
    verdicts: Annotated[tuple[Label, ...], Field(max_length=8)]


class Sentence(_Strict):
    """A sentence of an answer: what introduces it, its words, the numbers of its sources, and what the check found."""

    lead: Line
    text: Words
    opens: bool
    sources: Annotated[tuple[Number, ...], Field(max_length=MOST_SOURCES)]
    verdict: Label
    score: Annotated[float, Field(ge=0, le=1)]
    reasons: Annotated[tuple[Line, ...], Field(max_length=50)]
    told: Line


class Entry(_Strict):
    """A question and its answer. `said` is all there is to read of one without sentences; `note` what else to know."""

    asked: When
    question: Words
    searched: Words
    answered: bool
    writer: Line
    model: Line
    said: Words
    note: Words
    thumb: Thumb
    word: Words
    sentences: Annotated[tuple[Sentence, ...], Field(max_length=5_000)]
    sources: Annotated[tuple[Source, ...], Field(max_length=MOST_SOURCES)]


class Record(_Strict):
    """A conversation as exported; times are UTC."""

    format: Literal["dateline conversation"] = FORMAT
    version: Literal[2] = VERSION
    title: Line
    begun: When
    exported: When
    exchanges: Annotated[tuple[Entry, ...], Field(max_length=MOST_EXCHANGES)]


def record(conversation: Conversation, exported: datetime | None = None) -> Record:
    """What there is to export of a conversation; `exported` is the moment to stamp on it, otherwise now."""
    return Record(
        title=_sound(conversation.title),
        begun=_when(datetime.fromisoformat(conversation.begun)),
        exported=_when(exported or datetime.now(UTC)),
        exchanges=tuple(_entry(exchange) for exchange in conversation.exchanges),
    )


def parse(json: str) -> Record:
    """The record that was written as this JSON. Raises ExportError, which says what is wrong with it."""
    try:
        return Record.model_validate_json(json)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])[:200]
        if place == "version":
            raise ExportError(
                f"This export has another version than {VERSION}, the one that this version of Dateline reads. Verify it with "
                "the version that wrote it."
            ) from None
        what = f"{place}: {first['msg']}" if place else str(first["msg"])
        raise ExportError(
            f"This is not a conversation as Dateline exports it ({what}). Export it again, or verify the file as it "
            "was exported."
        ) from None


def link(article: Article) -> str:
    """The address of an article when it is one that a browser may open: http or https, with a host; else empty."""
    for address in (article.url, article.source):
        try:
            parts = urlsplit(address)
            if parts.scheme in ("http", "https") and parts.hostname and re.fullmatch(r"[^\s\x00-\x20\x7f]{1,4000}", address):
                return address
        except ValueError:
            continue
    return ""


def about(article: Article) -> dict[str, Any]:
    """What an export says of an article beside its words: the fields of a `Source` with the same names."""
    return {
        "title": _short(article.title),
        "outlet": _short(article.outlet),
        "author": _short(article.author),
        "published": article.published,
        "link": link(article),
    }


def _entry(exchange: Exchange) -> Entry:
    answer = exchange.answer
    if answer is None:
        return Entry(
            asked=_when(datetime.fromisoformat(exchange.asked)), question=_sound(exchange.question), searched="",
            answered=False, writer="", model="", said="", note=_sound(exchange.note), thumb=exchange.thumb,
            word=_sound(exchange.word), sentences=(), sources=(),
        )  # fmt: skip
    return Entry(
        asked=_when(datetime.fromisoformat(exchange.asked)),
        question=_sound(exchange.question),
        searched=_sound(answer.searched),
        answered=answer.answered,
        writer=_sound(answer.writer),
        model=_sound(answer.model),
        said="" if answer.claims else _said(answer),
        note=_sound(" ".join(part for part in (answer.notice, exchange.note) if part)),
        thumb=exchange.thumb,
        word=_sound(exchange.word),
        sentences=tuple(_sentence(claim) for claim in answer.claims),
        sources=tuple(_source(citation, answer) for citation in _cited(answer)),
    )


def _said(answer: Answer) -> str:
    paragraph, *readings = without_claims(answer)
    return "\n".join([_plain(_sound(paragraph)), *(_sound(reading) for reading in readings)])


def _cited(answer: Answer) -> Iterable[Citation]:
    found = {citation.number: citation for claim in answer.claims for citation in claim.citations}
    found |= {citation.number: citation for citation in answer.citations}
    return [found[number] for number in sorted(found)]


def _sentence(claim: Claim) -> Sentence:
    return Sentence(
        lead=_sound(claim.lead)[:4_000],
        text=_sound(claim.text),
        opens=claim.opens,
        sources=tuple(dict.fromkeys(citation.number for citation in claim.citations)),
        verdict=claim.verdict.label,
        score=min(max(claim.verdict.score, 0.0), 1.0),
        reasons=tuple(_sound(reason)[:4_000] for reason in claim.verdict.reasons[:50]),
        told=_sound(claim.verdict.told)[:4_000],
    )


def _source(citation: Citation, answer: Answer) -> Source:
    article = citation.article
    labels = [claim.verdict.label for claim in answer.claims if any(one.number == citation.number for one in claim.citations)]
    return Source(
        number=citation.number,
        quote=_sound(citation.quote),
        start=citation.start,
        end=citation.end,
        article=_sound(article.id),
        sha256=_sound(article.sha256),
        # The name of its file alone: the folder is this machine's business.
        file="" if link(article) else _short(re.split(r"[\\/]", article.source)[-1]),
        **about(article),
        verdicts=tuple(dict.fromkeys(labels)),
    )


def _short(text: str) -> str:
    return _sound(text)[:4_000]


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _plain(markdown: str) -> str:
    """Markdown without its emphasis and escapes, for a sentence or two."""
    return re.sub(r"\\(\W)|(?<!\\)\*{1,3}", lambda match: match.group(1) or "", markdown)


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
