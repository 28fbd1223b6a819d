"""What the library hands out of its passages besides their words: for ranking them, and for making the two indexes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.dates import Month


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is kept of a passage, without its text: enough to tell how well it fits a query.

    `vector` and `centre` (the mean of its article's passages) are unit vectors of shape (dimension,) in half
    precision; `heading` and `body` hold the keys of its words in order (`index.words.key`), `parts` is the number of its
    article's passages, `months` when that may have been written (`index.dates.datelines`).
    """

    id: str
    article_id: str
    vector: NDArray[np.float16]
    heading: NDArray[np.uint32]
    body: NDArray[np.uint32]
    parts: int
    centre: NDArray[np.float16]
    months: tuple[Month, ...]


class IndexedWords(NamedTuple):
    """What the lexical index is given of a passage; `day` as `index.dates.day_number` gives it."""

    number: int
    terms: bytes
    day: int
    outlet: str


class Filed(NamedTuple):
    """What the filters of a search by meaning need of a passage; `day` as above."""

    number: int
    id: str
    day: int
    outlet: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an article came from, as stored: used to tell a changed article from a new one."""

    article_id: str
    origin: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Visit:
    """What is remembered of a web address that was fetched, so that asking again costs little.

    `url` is the address as asked for, `answered` the one that answered in the end, with its `etag` and `modified` ("" when
    it gave none). `kind` is "page" or "feed" (sitemaps too), or, where the page could not be had, "blurb" or "nothing": what
    was taken in its place. `stamp` is what the feed that listed it said of it then (`index.reading.feeds.Entry`); `origins`
    the origins of the articles it gave, `articles` the ids of those that are in the library; `at` when (UTC).
    """

    url: str
    answered: str
    etag: str
    modified: str
    kind: str
    stamp: str
    at: datetime
    origins: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
