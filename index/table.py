"""Every passage's vector in memory, with its day and outlet: for exact searches among those that pass a filter.

Chroma's own filters cost more the fewer passages pass. Here the few that pass are compared one by one, which is exact
and takes milliseconds; 100,000 vectors of 384 numbers take 154 MB and a second to read, at the first search that needs
them. The table only grows while passages are added; what was removed since is for the caller to drop.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.filter import Filter
from index.library import Library, Vectors

MOST_DEAD = 0.1
"""The share of rows for passages that are gone from which the table is read again."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The table: for each row its passage's number and id, vector, day (YYYYMMDD) and the number of its outlet."""

    numbers: NDArray[np.int64]
    ids: list[str]
    row: dict[str, int]
    vectors: Vectors
    days: NDArray[np.int64]
    outlets: NDArray[np.int64]
    outlet: dict[str, int]

    def passing(self, only: Filter) -> NDArray[np.bool_]:
        """Which rows pass the filter."""
        mask = np.ones(len(self.ids), np.bool_)
        if only.dated:
            first, last = only.days()
            mask &= (self.days >= first) & (self.days <= last)
        if only.outlet:
            mask &= self.outlets == self.outlet.get(only.outlet.casefold(), -1)
        return mask

    def nearest(self, vector: Vectors, k: int, mask: NDArray[np.bool_]) -> list[tuple[str, float]]:
        """The k rows of the mask nearest to a unit vector: (passage id, cosine), best first."""
        places = np.flatnonzero(mask)
        cosines = (self.vectors if len(places) == len(self.ids) else self.vectors[places]) @ vector
        best = np.argpartition(-cosines, k - 1)[:k] if k < len(places) else np.arange(len(places))
        best = best[np.argsort(-cosines[best], kind="stable")]
        return [(self.ids[places[n]], float(cosines[n])) for n in best]


class VectorTable:
    """The rows of a library, kept up with it. Safe to share between threads."""

    def __init__(self, library: Library, dimension: int) -> None:
        self._library = library
        self._guard = threading.Lock()
        self._state = -1
        self._dimension = dimension
        self._rows = self._empty()

    def rows(self) -> Rows:
        """All passages there are, and perhaps some that have been removed since."""
        with self._guard:
            state = self._library.state()
            if state != self._state:
                grown = self._grown(self._rows)
                if len(grown.ids) - self._library.passage_count() > MOST_DEAD * len(grown.ids):
                    grown = self._grown(self._empty())
                self._rows, self._state = grown, state
            return self._rows

    def _empty(self) -> Rows:
        none = np.zeros(0, np.int64)
        return Rows(none, [], {}, np.zeros((0, self._dimension), np.float32), none, none, {})

    def _grown(self, old: Rows) -> Rows:
        ids, outlet = list(old.ids), dict(old.outlet)
        numbers, days, outlets, vectors = [old.numbers], [old.days], [old.outlets], [old.vectors]
        for filed, some in self._library.filed_vectors(int(old.numbers[-1]) if len(old.numbers) else 0):
            numbers.append(np.array([one.number for one in filed]))
            days.append(np.array([one.day for one in filed]))
            outlets.append(np.array([outlet.setdefault(one.outlet.casefold(), len(outlet)) for one in filed]))
            vectors.append(some)
            ids += [one.id for one in filed]
        if len(vectors) == 1:
            return old
        row = {passage_id: place for place, passage_id in enumerate(ids)}
        return Rows(
            np.concatenate(numbers), ids, row, np.concatenate(vectors), np.concatenate(days), np.concatenate(outlets), outlet
        )
