"""PURE. The values of conversations that are kept, and how an answer becomes JSON that stays readable.

Article texts are not kept with an answer: the library has them. What is kept of them is what was cited, word for word,
with its place and the fingerprint of the version it was cited from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from index.types import Article, Hit, Passage
from rag.types import Answer, Citation, Claim, Turn, Verdict

Thumb = Literal["up", "down", ""]
Standing = Literal["current", "earlier", "gone"]
"""How the version that was cited stands in the library: it is the article's current one; it is an earlier one, whose text
is still held; or it is not held any more, and the quote is all there is."""

FindVersion = Callable[[str, str], tuple[Article, bool] | None]
"""(article id, sha256) -> the article as it was then, and whether it is so still; None when the library does not hold it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer, as kept.

    `answer` is None when none came about; then `note` says why (the reader stopped it, a failure). `asked` is when, in
    UTC, as ISO 8601. `standings` are those of `answer.citations`, one for each: a citation whose version is gone has an
    empty `article.text`. `others` are the ids of the exchanges asked at the same place of the conversation, before or
    instead, oldest first, this one included.
    """

    id: str
    question: str
    answer: Answer | None
    asked: str
    note: str = ""
    thumb: Thumb = ""
    word: str = ""
    standings: tuple[Standing, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """A conversation in a list: `changed` is when it was last added to (UTC, ISO 8601), `count` its exchanges.

    In the results of a search `found` shows where the words stand. `owner` is told to the server's keeper only.
    """

    id: str
    title: str
    begun: str
    changed: str
    count: int
    found: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A whole conversation, from its first exchange to its last, along the branch that was chosen last."""

    id: str
    title: str
    begun: str
    changed: str
    exchanges: tuple[Exchange, ...]

    def history(self) -> list[Turn]:
        """The answered exchanges, as `Chat.ask` takes them."""
        return [
            turn
            for exchange in self.exchanges
            if exchange.answer is not None
            for turn in (Turn("user", exchange.question), Turn("assistant", exchange.answer.text))
        ]


_ARTICLE = Article("", "", "", "")
_CITATION = Citation(1, _ARTICLE, 0, 0, "")
_ANSWER = Answer(
    question="",
    searched="",
    text="",
    claims=(Claim("", (_CITATION,), Verdict("unsupported", 0.0)),),
    citations=(_CITATION,),
    hits=(Hit(Passage("", "", 0, 0, ""), _ARTICLE, 0.0),),
    answered=False,
    writer="",
    elapsed=0.0,
)


def to_json(answer: Answer) -> dict[str, Any]:
    """An answer as it is kept: without the texts of its articles and of the passages found, which can be read again."""
    values = answer.to_dict(texts=False)
    for hit in values["hits"]:
        hit["passage"]["text"] = ""
    return values


def from_json(values: dict[str, Any], find: FindVersion) -> tuple[Answer, tuple[Standing, ...]]:
    """The answer that `to_json` kept, now or in another version of Dateline, and how each of its citations stands.

    Fields that it did not have then are empty, fields that there are no more are passed over. Texts are filled in where
    `find` has the version that was cited and the words stand in it; hits whose version is gone are left out.
    """
    values = _shaped(values, _ANSWER.to_dict())
    versions: dict[tuple[str, str], tuple[Article, bool] | None] = {}

    def version(article: dict[str, Any]) -> tuple[Article, bool] | None:
        key = article["id"], article["sha256"]
        if key not in versions:
            versions[key] = find(*key)
        return versions[key]

    def fill(citation: dict[str, Any]) -> Standing:
        found = version(citation["article"])
        if found is None or found[0].text[citation["start"] : citation["end"]] != citation["quote"]:
            return "gone"
        citation["article"]["text"] = found[0].text
        return "current" if found[1] else "earlier"

    hits = []
    for hit in values["hits"]:
        passage, found = hit["passage"], version(hit["article"])
        if found is not None:
            hit["article"]["text"] = found[0].text
            passage["text"] = found[0].text[passage["start"] : passage["end"]]
            hits.append(hit)
    values["hits"] = hits
    for claim in values["claims"]:
        for citation in claim["citations"]:
            fill(citation)
    standings = tuple(fill(citation) for citation in values["citations"])
    return Answer.from_dict(values), standings


def said(answer: Answer) -> str:
    """The words of an answer, without markers and Markdown, for searching in."""
    if answer.claims:
        return "\n".join(f"{claim.lead} {claim.text}".strip() for claim in answer.claims)
    return "\n".join(without_claims(answer))


def without_claims(answer: Answer) -> tuple[str, ...]:
    """What an answer without claims says: its first paragraph, as Markdown, and the questions it asks back with, as they are.

    The rest of its text is the nearest passages, which are among its citations.
    """
    return answer.text.partition("\n\n")[0], *answer.readings


def _shaped(values: Any, pattern: Any) -> Any:
    """`values` with the keys of `pattern`, whose own value stands where there is none; so in every list and mapping."""
    if isinstance(pattern, dict):
        return {
            key: _shaped(values.get(key, [] if isinstance(inner, list) else inner), inner) for key, inner in pattern.items()
        }
    if isinstance(pattern, list) and pattern and isinstance(pattern[0], dict):
        return [_shaped(value, pattern[0]) for value in values]
    return values
