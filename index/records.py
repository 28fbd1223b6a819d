"""What the library hands out of its passages besides their words: for ranking them, and for making the two indexes."""

from __future__ import annotations

from dataclasses import dataclass
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
