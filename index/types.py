"""The values that flow out of the index: articles, their passages, and ranked hits.

Pure values: they know nothing of storage, models or screens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Article:
    """One article as it was read: its text and what its source says about it.

    `text` is the readable text, cleaned of menus and markup; every offset in Dateline counts
    characters (Unicode code points) of it. `source` is the path or URL as given to `add`.
    Fields the source did not state are empty (`""`, or `None` for `published`): never guessed.
    `sha256` is the hex digest of everything a reader is shown, see `index.read.fingerprint`.
    """

    id: str
    title: str
    text: str
    source: str
    url: str = ""
    outlet: str = ""
    author: str = ""
    published: date | None = None
    language: str = ""
    sha256: str = ""

    def to_dict(self) -> dict[str, Any]:
        """This article as JSON-serialisable values; `published` as an ISO date or None."""
        values = asdict(self)
        values["published"] = self.published.isoformat() if self.published else None
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The article that `to_dict` wrote."""
        published = values.get("published")
        return cls(**{**values, "published": date.fromisoformat(published) if published else None})

    def without_text(self) -> Self:
        """The same article with an empty text, for answers that are sent without their articles."""
        return replace(self, text="")


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of one article: `article.text[start:end] == text`, always."""

    id: str
    article_id: str
    start: int
    end: int
    text: str

    def to_dict(self) -> dict[str, Any]:
        """This passage as JSON-serialisable values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The passage that `to_dict` wrote."""
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question, with its article and a score (higher is better).

    Scores order the hits of one search; they are not comparable between searches.
    """

    passage: Passage
    article: Article
    score: float

    def to_dict(self, *, texts: bool = True) -> dict[str, Any]:
        """This hit as JSON-serialisable values; without `texts` the article's text is left out."""
        article = self.article if texts else self.article.without_text()
        return {"passage": self.passage.to_dict(), "article": article.to_dict(), "score": self.score}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The hit that `to_dict` wrote."""
        return cls(
            passage=Passage.from_dict(values["passage"]),
            article=Article.from_dict(values["article"]),
            score=float(values["score"]),
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """A source, or a part of one, that could not be read, and why, in words for a person."""

    source: str
    reason: str

    def __str__(self) -> str:
        return f"{self.source}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Report:
    """What an `add` did. Ids of articles by what became of them, and what could not be read."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """This report as JSON-serialisable values."""
        return asdict(self)

    def __str__(self) -> str:
        counts = ("added", "changed", "unchanged", "removed", "failed")
        said = [f"{len(getattr(self, name))} {name}" for name in counts if getattr(self, name)]
        return ", ".join(said) or "nothing to add"


def together(reports: Sequence[Report]) -> Report:
    """One report of several, an article that several speak of only once: as what became of it first."""
    if len(reports) == 1:
        return reports[0]
    said: set[str] = set()
    counts: dict[str, list[str]] = {"added": [], "changed": [], "removed": [], "unchanged": []}
    for name, ids in counts.items():
        for article_id in (one for report in reports for one in getattr(report, name)):
            if article_id not in said:
                said.add(article_id)
                ids.append(article_id)
    failed = tuple(failure for report in reports for failure in report.failed)
    return Report(**{name: tuple(ids) for name, ids in counts.items()}, failed=failed)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an `add` or a rebuild has come.

    `phase` is one of "fetching", "reading", "embedding", "publishing". `done` and `total` count passages
    (articles while reading, web addresses while fetching); `total` grows while sources are still being read and is 0 when not
    known yet. `rate` is in units a second, `left` in seconds, None when not known yet. `note`
    is a line worth telling a person, often empty.
    """

    phase: str
    done: int
    total: int
    rate: float = 0.0
    left: float | None = None
    note: str = ""
