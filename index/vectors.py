"""EDGE. The vector index: Chroma, as read-only generations derived from the library.

Chroma on disk serves one process, can be poisoned by a kill in mid-write, and holds the
interpreter lock while it adds. So nobody writes where somebody reads: a process of its own
(`index.publish`) builds each new state in a new folder `vectors/gen-N`, verifies it, and only
then is it published, by one value in the library. Readers swap to it at their next search.
Passages newer than the published generation are compared one by one, so nothing is ever missing;
if a generation turns out to be damaged, all are, until it has been built again.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.filter import Filter
from index.library import Library
from index.table import VectorTable

log = logging.getLogger(__name__)

FOLDER = "vectors"
COLLECTION = "passages"
GENERATION = "generation"
"""The library's meta key that names the published generation."""

EXACT = 10_000
"""So many passages that pass a filter are compared one by one (8,000 in 1.4 ms); of more, the graph's neighbours are taken."""

MARGIN = 1.5
"""How many times more neighbours are asked for than would be enough if those that pass lay evenly among them."""

SPARE = 20
"""Passages more than are wanted: some may have been changed or removed since."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation holds, written into its folder when it was verified.

    `upto` is the highest passage number in it, `dropped` how many vectors were deleted since it
    was last built from nothing, `files` the size and CRC-32 of each file of the vector graph, `apart`
    the ids that the graph does not lead to.
    """

    embedder: str
    dimension: int
    count: int
    upto: int
    dropped: int
    files: dict[str, list[int]]
    apart: list[str]

    def write(self, folder: Path) -> None:
        """Write it into a generation's folder."""
        (folder / "manifest.json").write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest of a generation's folder. Raises DamagedError."""
        try:
            return cls(**json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise DamagedError(f"{folder.name} has no readable manifest ({error})") from error


class DamagedError(Exception):
    """A generation is not what its manifest says. Never shown to a user: the library rebuilds it."""


class Generation:
    """One published generation, open for reading. Raises DamagedError when it is not sound."""

    def __init__(self, folder: Path, dimension: int) -> None:
        self.folder = folder
        self.manifest = Manifest.read(folder)
        if self.manifest.dimension != dimension:
            raise DamagedError(f"{folder.name} holds vectors of {self.manifest.dimension} numbers, not {dimension}")
        check_files(folder, self.manifest)
        self._client = chroma_client(folder)
        try:
            self._collection = self._client.get_collection(COLLECTION, embedding_function=None)
            self._check_lookups()
        except DamagedError:
            self._client.close()
            raise
        except Exception as error:  # Chroma raises many kinds for a folder it cannot read
            self._client.close()
            raise DamagedError(f"{folder.name} cannot be opened ({type(error).__name__}: {error})") from error

    def nearest(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """The k passages nearest to a unit vector: (passage id, cosine), best first."""
        k = min(k, self.manifest.count)
        if k <= 0:
            return []
        found = self._collection.query(query_embeddings=[vector], n_results=k, include=["distances"])
        distances = (found["distances"] or [[]])[0]
        return [(passage_id, 1.0 - distance) for passage_id, distance in zip(found["ids"][0], distances, strict=True)]

    def holds(self, ids: Sequence[str]) -> int:
        """How many of these passages are in it."""
        return len(self._collection.get(ids=list(ids), include=[])["ids"])

    def close(self) -> None:
        """Close it; searching it afterwards fails."""
        self._client.close()

    def _check_lookups(self) -> None:
        """A few of its vectors must find themselves: a lost graph still counts its rows."""
        sample = self._collection.get(limit=8, include=["embeddings"])
        ids, vectors = sample["ids"], sample["embeddings"]
        if not ids or vectors is None:
            raise DamagedError(f"{self.folder.name} gives no vectors back")
        found = [self.nearest(np.asarray(vector, np.float32), 1) for vector in vectors]
        if sum(bool(nearest) and nearest[0][1] >= 0.99 for nearest in found) < len(ids) / 2:
            raise DamagedError(f"{self.folder.name} does not find its own vectors")


class VectorIndex:
    """Nearest passages to a vector: the published generation, and what is newer than it.

    Safe to share between threads. It never fails because Chroma does: what a damaged generation
    held is then searched exactly, from the library, and `damage` says what was found.
    """

    def __init__(self, library: Library, folder: Path, dimension: int) -> None:
        self._library = library
        self._folder = folder
        self._dimension = dimension
        self._table = VectorTable(library, dimension)
        self._guard = threading.RLock()
        self._generation: Generation | None = None
        self._name = ""
        self._users: dict[Generation, int] = {}
        self._fresh: tuple[tuple[int, str], list[str], Vectors] | None = None
        self.damage = ""

    def search(self, vector: Vectors, k: int, only: Filter) -> list[tuple[str, float]]:
        """The k passages nearest to a unit vector that pass the filter: (passage id, cosine), best first."""
        with self._in_use() as (generation, fresh_ids, fresh):
            rows, mask, share = None, None, 1.0
            if only or generation is None:
                rows = self._table.rows()
                mask = rows.passing(only)
                passing = int(mask.sum())
                if generation is None or passing <= EXACT:
                    return self._live(rows.nearest(vector, k + SPARE, mask))[:k]
                share = passing / len(mask)
            asked = min(generation.manifest.count, round(k / share * (MARGIN if only else 1)) + SPARE)
            try:
                near = generation.nearest(vector, asked)
            except Exception as error:
                self._give_up(generation, f"{type(error).__name__}: {error}")
                return self.search(vector, k, only)
            if len(fresh_ids):
                cosines = fresh @ vector
                near += [(fresh_ids[place], float(cosines[place])) for place in np.argsort(-cosines)[:asked]]
            if rows is not None and mask is not None:
                near = [pair for pair in near if (place := rows.row.get(pair[0])) is not None and mask[place]]
            found = self._live(sorted(dict(near).items(), key=lambda pair: -pair[1]))[:k]
            if len(found) < k and asked < generation.manifest.count:
                # Those that pass lie far off, or many have changed.
                rows = rows or self._table.rows()
                found = self._live(rows.nearest(vector, k + SPARE, rows.passing(only)))[:k]
            return found

    def _live(self, ranked: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
        live = self._library.live([passage_id for passage_id, _ in ranked])
        return [pair for pair in ranked if pair[0] in live]

    def holds(self, ids: Sequence[str]) -> int:
        """How many of these passages the published generation has."""
        with self._in_use() as (generation, _, _):
            return generation.holds(ids) if generation is not None else 0

    def close(self) -> None:
        """Close the generation in use."""
        with self._guard:
            self._retire(self._generation)
            self._generation, self._name, self._fresh = None, "", None

    @contextmanager
    def _in_use(self) -> Iterator[tuple[Generation | None, list[str], Vectors]]:
        """The generation to search, which stays open meanwhile, and the passages that are newer or apart, with vectors."""
        with self._guard:
            name = self._library.meta(GENERATION) or ""
            if name != self._name:
                self._swap(name)
            generation = self._generation
            state = (self._library.state(), self._name if generation else "")
            if self._fresh is None or self._fresh[0] != state:
                self._fresh = (state, *self._newer(generation))
            _, fresh_ids, fresh = self._fresh
            if generation is not None:
                self._users[generation] = self._users.get(generation, 0) + 1
        try:
            yield generation, fresh_ids, fresh
        finally:
            if generation is not None:
                with self._guard:
                    self._users[generation] -= 1
                    if generation is not self._generation:
                        self._retire(generation)

    def _newer(self, generation: Generation | None) -> tuple[list[str], Vectors]:
        """The passages that a generation does not lead to: newer than it, or apart. None of them without a generation,
        because then all are compared."""
        if generation is None:
            return [], np.zeros((0, self._dimension), np.float32)
        ids: list[str] = []
        parts: list[Vectors] = [np.zeros((0, self._dimension), np.float32)]
        for filed, vectors in self._library.filed_vectors(generation.manifest.upto):
            ids += [one.id for one in filed]
            parts.append(vectors)
        for passage_id, vector in self._library.vectors_by_id(generation.manifest.apart).items():
            ids.append(passage_id)
            parts.append(vector[None])
        return ids, np.concatenate(parts)

    def _retire(self, generation: Generation | None) -> None:
        """Close a generation that is no longer the one to search, once no search uses it. Call it holding the guard.

        Under the guard because Chroma counts its open folders in a table that two threads must not change at once.
        """
        if generation is not None and not self._users.get(generation):
            self._users.pop(generation, None)
            generation.close()

    def _swap(self, name: str) -> None:
        old, self._generation, self._name = self._generation, None, name
        self._retire(old)
        if not name:
            return
        try:
            self._generation = Generation(self._folder / name, self._dimension)
            self.damage = ""
        except DamagedError as error:
            if (self._library.meta(GENERATION) or "") != name:
                return  # replaced by a newer one while it was being opened
            self._note(str(error))

    def _give_up(self, generation: Generation, why: str) -> None:
        with self._guard:
            if self._generation is generation:
                self._generation = None
                self._note(f"{generation.folder.name} failed in a search ({why})")

    def _note(self, damage: str) -> None:
        self.damage = damage
        log.warning(
            "The vector index is damaged: %s. It is rebuilt from the library by itself; until then searches "
            "compare every passage, which is exact but slower.",
            damage,
        )


def chroma_client(folder: Path) -> Any:
    """A Chroma client on a folder: no telemetry, no settings from files lying around."""
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))


def graph_files(folder: Path) -> dict[str, list[int]]:
    """Size and CRC-32 of each file of the vector graph, by name relative to the generation's folder.

    Only of a graph that Chroma has written out: below its threshold of 1,000 rows the graph is
    made anew from the database at each opening, and its files are scratch.
    """
    files = {}
    for written in sorted(folder.glob("*/index_metadata.pickle")):
        for path in sorted(written.parent.iterdir()):
            crc = 0
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    crc = zlib.crc32(block, crc)
            files[path.relative_to(folder).as_posix()] = [path.stat().st_size, crc]
    return files


def row_count(folder: Path) -> int:
    """How many rows a closed generation's database has, read without Chroma, which may hang on a bad one."""
    path = folder / "chroma.sqlite3"
    if not path.is_file():
        raise DamagedError(f"{folder.name} has no database")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            return int(connection.execute("SELECT count(*) FROM embeddings").fetchone()[0])
    except sqlite3.Error as error:
        raise DamagedError(f"{folder.name} has a database that cannot be read ({error})") from error


def check_files(folder: Path, manifest: Manifest) -> None:
    """Raise DamagedError unless a generation's files are those that were verified when it was made."""
    if row_count(folder) != manifest.count:
        raise DamagedError(f"{folder.name} does not hold the {manifest.count} passages its manifest says")
    found = graph_files(folder)
    for name, expected in manifest.files.items():
        if found.get(name) != expected:
            raise DamagedError(f"{folder.name} has a file that is missing or altered: {name}")
