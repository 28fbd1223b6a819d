"""The index of one data folder: articles in, ranked passages out.

Puts together the library (the truth), the vector index and the lexical index, and keeps the rules
that hold between them: one writer, a stamp that says what made the index, and repair by itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import publish, words
from index.address import is_web_address
from index.catalogue import Listing, Query
from index.chunk import CHUNK_RULE, CountTokens, chunk, embedded_text
from index.embed import Embedder, Vectors
from index.errors import IndexMismatchError
from index.fetch import Fetcher
from index.filter import Filter
from index.gather import Gathered, Gatherer
from index.lexical import LexicalIndex
from index.library import Library
from index.library_file import SCHEMA
from index.lock import writer_lock
from index.records import Candidate
from index.sync import Read, Tell, embed, from_files, sync
from index.types import Article, Failure, Hit, Passage, Progress, Report, together
from index.vectors import FOLDER, VectorIndex

log = logging.getLogger(__name__)

EVERYTHING = Filter()

REMEMBERED = 16
"""Queries whose vectors are kept: one question asks for its own several times."""

BATCH_PAGES, BATCH_SECONDS = 20, 30.0
"""What was fetched is stored after so many pages or so long, whichever comes first: a kill loses no more."""

WAIT_SECONDS = 300.0
"""How long what was fetched waits for another writer to finish, before it is given up."""

SPARE = 20
"""More passages are asked of the lexical index than are wanted: some may just have been removed."""


class Index:
    """Everything Dateline remembers, in one data folder. Safe to share between threads.

    Searching works while articles are added, by this process or another, and sees them as soon as
    they are complete. Close it, or use it as a context manager.

    Raises IndexMismatchError when the folder's index was made with another embedder or by other
    rules, unless `check_stamp` is False, and IndexDamagedError when its library cannot be read.
    """

    def __init__(self, data_dir: Path, embedder: Embedder, *, check_stamp: bool = True, fetcher: Fetcher | None = None) -> None:
        """`fetcher` gets web addresses; without one a Fetcher that allows no host beyond the public ones."""
        self.data_dir = data_dir
        self.embedder = embedder
        self._fetcher = fetcher or Fetcher()
        self.library = Library(data_dir / "library.db")
        if check_stamp:
            try:
                self._check_stamp()
            except IndexMismatchError:
                self.library.close()
                raise
        self._lexical = LexicalIndex(self.library, data_dir)
        self.embed_query = lru_cache(maxsize=REMEMBERED)(embedder.embed_query)
        """The unit vector of a query, of shape (dimension,); that of the latest ones is remembered."""
        self._count_tokens: CountTokens | None = None
        self._vectors: VectorIndex | None = None
        self._opening = threading.Lock()
        self._places: tuple[int, NDArray[np.int64], NDArray[np.int64]] | None = None
        self._repairing = ""

    # -- searching ---------------------------------------------------------------------------

    def search_vectors(self, query: str, k: int, only: Filter = EVERYTHING) -> list[tuple[str, float]]:
        """The k passages nearest in meaning to the query: (passage id, cosine), best first."""
        vectors = self._open_vectors()
        if vectors is None or k <= 0:
            return []
        found = vectors.search(self.embed_query(query), k, only)
        self._repair(vectors.damage)
        return found

    def cosines(self, query: str, ids: Sequence[str]) -> dict[str, float]:
        """How near in meaning these passages are to the query: cosines by passage id."""
        vectors = self.library.vectors_by_id(ids)
        if not vectors:
            return {}
        asked = self.embed_query(query)
        return {passage_id: float(vector @ asked) for passage_id, vector in vectors.items()}

    def search_words(self, query: str, k: int, only: Filter = EVERYTHING) -> list[tuple[str, float]]:
        """The k passages that share the most telling words with the query: (passage id, BM25), best first."""
        if k <= 0:
            return []
        found = self._lexical.search(words.content_terms(query), k + SPARE, only)
        self._repair(self._lexical.damage)
        ids = self.library.ids([number for number, _ in found])
        return [(ids[number], score) for number, score in found if number in ids][:k]

    def listing(self, query: Query) -> Listing:
        """One page of the articles that the query chooses, without their texts. Raises KeyError for an unknown order."""
        return self.library.listing(query, self._versions_with(words.content_terms(query.search)))

    def _versions_with(self, terms: Sequence[str]) -> list[int]:
        """The numbers of the versions in which every one of the terms stands, wherever."""
        if not terms:
            return []
        state = self.library.state()
        if self._places is None or self._places[0] != state:
            self._places = state, *self.library.places()
        _, numbers, versions = self._places
        found: set[int] | None = None
        for term in dict.fromkeys(terms):
            of_term = set(versions[np.isin(numbers, self._lexical.holding(term))].tolist())
            found = of_term if found is None else found & of_term
            if not found:
                break
        self._repair(self._lexical.damage)
        return sorted(found or ())

    def document_frequency(self, terms: Iterable[str]) -> dict[str, int]:
        """In how many passages each term (`index.words.terms`) stands."""
        return self._lexical.document_frequency(terms)

    def candidates(self, ids: Sequence[str]) -> list[Candidate]:
        """What is kept of these passages for ranking them, of those that can (still) be found."""
        return self.library.candidates(ids)

    def passages(self, ids: Sequence[str]) -> dict[str, tuple[Passage, Article]]:
        """The passages with these ids that can (still) be found, each with its article."""
        return self.library.passages(ids)

    def hits(self, ranked: Sequence[tuple[str, float]]) -> list[Hit]:
        """Hits for ranked (passage id, score) pairs, in the same order."""
        found = self.passages([passage_id for passage_id, _ in ranked])
        return [Hit(*found[passage_id], score) for passage_id, score in ranked if passage_id in found]

    def newest(self, k: int) -> list[Hit]:
        """The first passages of the k newest articles, undated ones last; no search, so that each scores 0."""
        return self.hits([(passage_id, 0.0) for passage_id in self.library.openings(k)])

    def warm(self) -> None:
        """Load what the first search needs, so that it need not wait."""
        self.search_vectors("warm", 1)

    # -- writing -----------------------------------------------------------------------------

    def add(self, sources: Sequence[str | Path], *, prune: bool = False, tell: Tell = lambda progress: None) -> Report:
        """Read sources (files, folders, web addresses of pages, feeds and sitemaps) into the index. Adding again embeds
        only what is new.

        See `index.sync.sync` for `prune`, which takes away nothing that came from the web. `tell` is called with each
        Progress, from this thread. While addresses are fetched others may write: what came is stored now and then.
        Raises IndexBusyError when another process (or thread) is writing, EmbeddingError when the
        embedder fails; articles stored before that stay, and answer.
        """
        addresses = [source for source in sources if is_web_address(source)]
        reports = []
        if len(addresses) < len(sources) or not sources:
            files = [source for source in sources if not is_web_address(source)]
            with writer_lock(self.data_dir, "adding articles"):
                reports.append(self._sync(files, from_files, prune, tell))
                self._publish(tell)
        for batch in self._gathered([str(address) for address in addresses], tell):
            reports.append(self._keep(batch, tell))
        if any(report.added or report.changed for report in reports) and addresses:
            with writer_lock(self.data_dir, "adding articles", wait=WAIT_SECONDS):
                self._publish(tell)
        return together(reports)

    def remove(self, article_ids: Sequence[str]) -> list[Article]:
        """Remove articles from all three: library, vector index, lexical index. Returns what they were.

        Raises NotFoundError, before anything is removed, when one is not there; IndexBusyError.
        """
        with writer_lock(self.data_dir, "removing articles"):
            articles = [self.library.article(article_id) for article_id in article_ids]
            self.library.remove([article.id for article in articles])
            self._lexical.settle(anew=True)
            self._publish(lambda progress: None)
        return articles

    def rebuild(self, *, tell: Tell = lambda progress: None) -> int:
        """Make everything again from the articles' texts; returns the number of passages.

        Vectors are computed again only when the embedder or the way passages are cut has changed.
        The old state answers until the new one is complete. Raises IndexBusyError, EmbeddingError.
        """
        with writer_lock(self.data_dir, "rebuilding the index"):
            wanted, found = self._wanted_stamp(), self._found_stamp()
            if any(found.get(name) != wanted[name] for name in ("embedder", "chunks")):
                self._embed_again(tell)
            elif found.get("analysis") != wanted["analysis"]:
                self.library.analyse_again(wanted)
            if self.library.passage_count():
                self.library.set_meta(wanted)
            self._publish(tell, anew=True)
        return self.library.passage_count()

    def close(self) -> None:
        """Close files and threads. The index cannot be used afterwards."""
        if self._vectors is not None:
            self._vectors.close()
        self._lexical.close()
        self.library.close()
        self.embedder.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- inside ------------------------------------------------------------------------------

    def _sync(self, sources: Sequence[str | Path], read: Read, prune: bool, tell: Tell) -> Report:
        """Bring the library up to the sources. Call it holding the writer lock."""
        self._check_stamp()  # another process may have stamped the new index since it was opened
        return sync(
            self.library,
            self._lexical,
            self.embedder,
            self._counter(),
            sources,
            read=read,
            prune=prune,
            dimension=self._dimension(),
            tell=tell,
            stamp=self._stamp,
        )

    def _gathered(self, addresses: Sequence[str], tell: Tell) -> Iterator[list[Gathered]]:
        """What the addresses give, in batches that are worth taking the lock for."""
        gatherer = Gatherer(self._fetcher, self.library.visit, tell)
        for address in addresses:
            batch: list[Gathered] = []
            since = time.monotonic()
            for gathered in gatherer.gather(address):
                batch.append(gathered)
                if len(batch) >= BATCH_PAGES or time.monotonic() - since > BATCH_SECONDS:
                    yield batch
                    batch, since = [], time.monotonic()
            if batch:
                yield batch

    def _keep(self, batch: Sequence[Gathered], tell: Tell) -> Report:
        """Store what was gathered, and only then remember that it was."""
        items: list[tuple[Article, str] | Failure] = []
        for gathered in batch:
            items.extend(gathered.found)
            items.extend(gathered.failed)
        visits = [visit for gathered in batch for visit in gathered.visits]
        same = tuple(article_id for gathered in batch for article_id in gathered.same)
        report = Report(failed=tuple(item for item in items if isinstance(item, Failure)))
        if len(items) > len(report.failed) or visits:
            with writer_lock(self.data_dir, "adding articles", wait=WAIT_SECONDS):
                report = self._sync(["the web"], lambda _: items, False, tell)
                self.library.remember(visits)
        return together([report, Report(unchanged=same)])

    def _embed_again(self, tell: Tell) -> None:
        count, articles = self._counter(), self.library.articles()
        cut = [(article, chunk(article, count)) for article in articles]
        total = sum(len(passages) for _, passages in cut)
        made: list[tuple[Article, list[Passage], Vectors]] = []
        done = dimension = 0
        for article, passages in cut:
            texts = [embedded_text(article, passage, count) for passage in passages]
            vectors = embed(self.embedder, texts, dimension, lambda _: None)
            dimension = dimension or (int(vectors.shape[1]) if len(vectors) else 0)
            made.append((article, passages, vectors))
            done += len(passages)
            tell(Progress("embedding", done, total))
        self.library.replace_passages(made, {**self._wanted_stamp(), "dimension": str(dimension)})

    def _publish(self, tell: Tell, *, anew: bool = False) -> None:
        self._lexical.settle(anew=anew)
        if not anew and publish.is_published(self.library):
            return

        def say(done: int, total: int) -> None:
            tell(Progress("publishing", done, total))

        publish.publish(self.library, self.data_dir, say, anew=anew)

    def _repair(self, damage: str) -> None:
        """Start a repair in the background, once for each damage."""
        if damage and damage != self._repairing:
            self._repairing = damage
            publish.start_repair(self.data_dir)

    def _open_vectors(self) -> VectorIndex | None:
        """The vector index, once there is something in it."""
        with self._opening:  # two threads' first searches must not open it twice
            if self._vectors is None:
                dimension = self._dimension()
                if not dimension:
                    return None
                self._check_stamp()
                self._vectors = VectorIndex(self.library, self.data_dir / FOLDER, dimension)
            return self._vectors

    def _counter(self) -> CountTokens:
        if self._count_tokens is None:
            from index.minilm import token_counter

            self._count_tokens = token_counter()
        return self._count_tokens

    def _dimension(self) -> int:
        return int(self.library.meta("dimension") or 0)

    def _wanted_stamp(self) -> dict[str, str]:
        return {
            "embedder": self.embedder.name,
            "chunks": CHUNK_RULE,
            "analysis": words.ANALYSIS,
            "schema": str(SCHEMA),
        }

    def _found_stamp(self) -> dict[str, str]:
        names = self._wanted_stamp()
        return {name: value for name in names if (value := self.library.meta(name)) is not None}

    def _stamp(self, dimension: int) -> None:
        self.library.set_meta({**self._wanted_stamp(), "dimension": str(dimension)})

    def _check_stamp(self) -> None:
        found, wanted = self._found_stamp(), self._wanted_stamp()
        if found.get("schema") != wanted["schema"]:
            raise IndexMismatchError(
                f"The index in {self.data_dir} has the layout number {found.get('schema')}, this version of Dateline reads "
                f"number {wanted['schema']}. Use the version that made it, or move the folder away and add the articles again."
            )
        if not self.library.meta("dimension"):
            return  # nothing was embedded yet
        said = {"embedder": "EMBEDDER", "chunks": "the rule for passages", "analysis": "the analysis of words"}
        different = [
            f"it was made with {found.get(name)}, but {said[name]} is {wanted[name]}"
            for name in said
            if found.get(name) != wanted[name]
        ]
        if different:
            raise IndexMismatchError(
                f"The index in {self.data_dir} does not fit the settings: {'; '.join(different)}. Run: dateline rebuild (it "
                "makes the index again from the articles it holds), or set it back."
            )
