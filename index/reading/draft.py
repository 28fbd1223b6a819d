"""What a format's reader makes of one article, before it has an id and a source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date


@dataclass(frozen=True, slots=True)
class Draft:
    """One article as its format states it. What it does not state is "" or None.

    `notes` are things the reader could not use and a person should hear of.
    """

    text: str
    title: str = ""
    id: str = ""
    url: str = ""
    outlet: str = ""
    author: str = ""
    published: date | None = None
    language: str = ""
    notes: tuple[str, ...] = ()

    def filled_from(self, other: Draft) -> Draft:
        """This draft, with every empty field taken from `other`."""
        names = ("title", "id", "url", "outlet", "author", "published", "language", "notes")
        return replace(self, **{name: getattr(other, name) for name in names if not getattr(self, name)})
