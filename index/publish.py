"""EDGE. Builds the next generation of the vector index, in a process of its own.

`publish` is called by whoever holds the writer lock; the work is done by this module run as a
program, so that Chroma's adding never freezes the caller, and a hang or a crash of it is seen as
one. A generation is built under a working name, closed, opened again, verified, renamed, and only
then named in the library: a kill at any point leaves the published one as it was.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import queue
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from index.errors import DatelineError, IndexBusyError, IndexDamagedError
from index.lexical import LexicalIndex
from index.library import Library
from index.lock import writer_lock
from index.vectors import (
    COLLECTION,
    FOLDER,
    GENERATION,
    DamagedError,
    Generation,
    Manifest,
    check_files,
    chroma_client,
    graph_files,
)

log = logging.getLogger(__name__)

EF_SEARCH = 200
"""Candidates kept while searching: recall@10 of .994 on 20,000 news passages, against .983 at Chroma's
default of 100, for 0.5 ms more."""

WHILE_ADDING = {"sync_threshold": 1000, "batch_size": 100}
WHEN_DONE = {"sync_threshold": 1, "batch_size": 1}
"""After how many rows Chroma writes its graph out; the first are its defaults."""

VERIFIED = 2000
FOUND = 0.999
MOST_LOST = 0.02
"""Passages looked up before a generation is published; the cosine from which one has found itself (vectors are
kept in half precision); and the share that may be lost to the graph, and is then searched one by one."""

ADD_BATCH = 500
STALL_SECONDS = 300.0
REBUILD_SHARE = 0.25
"""Build from nothing rather than edit a copy when more than this share of it is dead or new."""

ROOM_PER_VECTOR = 4096
"""Bytes of upper-level links a vector may have in a sound graph: a poisoned one has been seen at terabytes."""


def is_published(library: Library) -> bool:
    """Does the published generation hold the library's passages, all of them and no others?"""
    return (library.meta("published_state") or "") == str(library.state()) and (
        bool(library.meta(GENERATION)) or library.passage_count() == 0
    )


def publish(library: Library, data_dir: Path, progress: Callable[[int, int], None], *, anew: bool = False) -> None:
    """Bring the vector index up to the library's state and publish it. Call it holding the writer lock.

    `progress` is told (passages done, passages in all). `anew` builds from nothing. Raises
    IndexDamagedError when no sound generation could be built; the library is whole all the same,
    and searching goes on without Chroma.
    """
    state = library.state()
    folder = data_dir / FOLDER
    if library.passage_count() == 0:
        library.set_meta({GENERATION: "", "published_state": str(state)})
        _clear(folder, keep="")
        return
    number = int(library.meta("generation_number") or 0) + 1
    library.set_meta({"generation_number": str(number)})
    name = f"gen-{number}"
    failure = _build_apart(data_dir, name, progress, anew=anew)
    if failure and not anew:
        log.warning("The vector index could not be brought up to date (%s); building it from nothing.", failure)
        failure = _build_apart(data_dir, name, progress, anew=True)
    if failure:
        _clear(folder, keep=library.meta(GENERATION) or "")
        raise IndexDamagedError(
            f"The vector index in {folder} could not be built ({failure}). The articles are safe and can be searched, more "
            "slowly. Run `dateline doctor` to see what is wrong, `dateline rebuild` to try again."
        )
    library.set_meta({GENERATION: name, "published_state": str(state)})
    _clear(folder, keep=name)


def start_repair(data_dir: Path) -> None:
    """Start a process that rebuilds the vector index and outlives this one, unless another is at it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "index.publish", str(data_dir.resolve()), "--repair"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=_environment(), start_new_session=True,
    )  # fmt: skip
    # Somebody must ask how it ended, or it stays in the process table for as long as this one lives.
    threading.Thread(target=process.wait, name="repair", daemon=True).start()


def _build_apart(data_dir: Path, name: str, progress: Callable[[int, int], None], *, anew: bool) -> str:
    """Run the builder as a process; "" when it succeeded, else what went wrong."""
    command = [sys.executable, "-m", "index.publish", str(data_dir.resolve()), "--build", name]
    process = subprocess.Popen(
        [*command, "--anew"] if anew else command,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_environment(),
    )  # fmt: skip
    lines: queue.Queue[str | None] = queue.Queue()
    errors: list[str] = []
    readers = [
        threading.Thread(target=_pump, args=(process.stdout, lines.put), daemon=True),
        threading.Thread(target=_pump, args=(process.stderr, lambda line: errors.append(line or "")), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        while (line := lines.get(timeout=STALL_SECONDS)) is not None:
            done, total = json.loads(line)
            progress(done, total)
        process.wait(timeout=STALL_SECONDS)
    except (queue.Empty, subprocess.TimeoutExpired):
        return f"it made no progress for {STALL_SECONDS:.0f} seconds"
    except ValueError:
        return "the builder said something that is not progress"
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for reader, stream in zip(readers, (process.stdout, process.stderr), strict=True):
            reader.join(timeout=5)
            if stream is not None:
                stream.close()
    if process.returncode:
        last = [line.strip() for line in errors if line.strip()]
        return last[-1][:300] if last else f"the builder ended with code {process.returncode}"
    return ""


def _pump(stream: Any, take: Callable[[str | None], None]) -> None:
    for line in stream:
        take(line)
    take(None)


def _environment() -> dict[str, str]:
    """The builder finds this package wherever the caller found it."""
    here = str(Path(__file__).resolve().parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])}


def _clear(folder: Path, keep: str) -> None:
    """Delete every generation but one, finished or not."""
    for old in folder.glob("gen-*"):
        if old.name != keep:
            shutil.rmtree(old, ignore_errors=True)


# -- in the builder's process --------------------------------------------------------------------


def build(library: Library, data_dir: Path, name: str, *, anew: bool, progress: Callable[[int, int], None]) -> None:
    """Build, verify and rename one generation. Raises DamagedError when it is not sound."""
    folder = data_dir / FOLDER
    working = folder / f"{name}.building"
    shutil.rmtree(working, ignore_errors=True)
    working.parent.mkdir(parents=True, exist_ok=True)
    upto = library.last_passage()
    base = None if anew else _base(library, folder, upto)
    embedder, dimension = library.meta("embedder") or "", int(library.meta("dimension") or 0)
    if base is None:
        working.mkdir()
        dropped = 0
        _fill(library, working, embedder, dimension, 0, upto, progress)
    else:
        old, dead = base
        shutil.copytree(folder / (library.meta(GENERATION) or ""), working)
        (working / "manifest.json").unlink()
        dropped = old.dropped + len(dead)
        _edit(library, working, dead, old.upto, upto, progress)
    _settle(working)
    expected = library.passage_ids(upto=upto)
    manifest = Manifest(embedder, dimension, len(expected), upto, dropped, graph_files(working), [])
    _verify(library, working, manifest).write(working)
    working.replace(folder / name)


def _base(library: Library, folder: Path, upto: int) -> tuple[Manifest, list[str]] | None:
    """The published generation as something to edit a copy of, with its dead ids; None when it is no use."""
    name = library.meta(GENERATION) or ""
    if not name:
        return None
    try:
        manifest = Manifest.read(folder / name)
        check_files(folder / name, manifest)
    except DamagedError:
        return None
    expected = library.passage_ids(upto=manifest.upto)
    new = library.passage_count() - len(expected)
    client = chroma_client(folder / name)
    try:
        held = client.get_collection(COLLECTION, embedding_function=None).get(include=[])["ids"]
    finally:
        client.close()
    dead = sorted(set(held) - set(expected))
    if len(held) - len(dead) != len(expected):
        return None  # it lacks some
    stale = manifest.dropped + len(dead) + new
    return None if stale > REBUILD_SHARE * max(1, manifest.count) else (manifest, dead)


def _fill(
    library: Library, folder: Path, embedder: str, dimension: int, after: int, upto: int,
    progress: Callable[[int, int], None],
) -> None:  # fmt: skip
    client = chroma_client(folder)
    try:
        collection = client.create_collection(
            COLLECTION,
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine", "ef_search": EF_SEARCH}},
            metadata={"made_by": "dateline", "embedder": embedder, "dimension": dimension},
        )
        _add(library, collection, after, upto, progress)
    finally:
        client.close()


def _edit(library: Library, folder: Path, dead: list[str], after: int, upto: int, progress: Callable[[int, int], None]) -> None:
    client = chroma_client(folder)
    try:
        collection = client.get_collection(COLLECTION, embedding_function=None)
        collection.modify(configuration={"hnsw": WHILE_ADDING})
        for start in range(0, len(dead), ADD_BATCH):
            collection.delete(ids=dead[start : start + ADD_BATCH])
        _add(library, collection, after, upto, progress)
    finally:
        client.close()


def _add(library: Library, collection: Any, after: int, upto: int, progress: Callable[[int, int], None]) -> None:
    total = len(library.passage_ids(upto=upto)) - (len(library.passage_ids(upto=after)) if after else 0)
    done = 0
    for ids, vectors, metadata in library.described_vectors(after, upto, ADD_BATCH):
        collection.upsert(ids=ids, embeddings=vectors, metadatas=metadata)
        done += len(ids)
        progress(done, total)


def _settle(folder: Path) -> None:
    """Have Chroma write its whole graph out and forget its log, then give freed pages back.

    Chroma keeps the last rows in a log until there are enough to write. A generation is never added
    to again, so they would be replayed at each opening, and a removed article's would stay there.
    """
    client = chroma_client(folder)
    client.get_collection(COLLECTION, embedding_function=None).modify(configuration={"hnsw": WHEN_DONE})
    client.close()  # the new threshold holds from the next opening on, and the first search makes use of it
    client = chroma_client(folder)
    try:
        collection = client.get_collection(COLLECTION, embedding_function=None)
        first = collection.get(limit=1, include=["embeddings"])
        collection.query(query_embeddings=first["embeddings"], n_results=1, include=[])
    finally:
        client.close()
    with closing(sqlite3.connect(folder / "chroma.sqlite3", isolation_level=None)) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _verify(library: Library, folder: Path, manifest: Manifest) -> Manifest:
    """Open it again as a reader would, and find its own vectors in it: all of them, or a large sample.

    Returns the manifest with the ids that the graph does not lead to: among many near copies, a graph
    may lose the way to what is unlike them. More than a few are no such thing, and raise DamagedError.
    """
    manifest.write(folder)
    for links in folder.glob("*/link_lists.bin"):
        if links.stat().st_size > ROOM_PER_VECTOR * max(manifest.count, 1000):
            raise DamagedError(f"its graph has grown out of all proportion ({links.stat().st_size} bytes)")
    generation = Generation(folder, manifest.dimension)
    try:
        ids = library.passage_ids(upto=manifest.upto)
        sample = library.vectors_by_id(ids[:: max(1, len(ids) // VERIFIED)])
        lost = [
            passage_id
            for passage_id, vector in sample.items()
            if not (found := generation.nearest(vector, 1)) or found[0][1] < FOUND
        ]
    finally:
        generation.close()
    if len(lost) > max(3, MOST_LOST * len(sample)):
        raise DamagedError(f"it does not find {len(lost)} of {len(sample)} passages by their own vectors")
    return replace(manifest, apart=lost)


def main() -> int:
    """The builder's entry: 0 when a generation was built (or another process is at it), 1 when not."""
    parser = argparse.ArgumentParser(prog="python -m index.publish")
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--build", metavar="NAME", default="")
    parser.add_argument("--anew", action="store_true")
    parser.add_argument("--repair", action="store_true")
    arguments = parser.parse_args()
    library = Library(arguments.data_dir / "library.db")

    def tell(done: int, total: int) -> None:
        sys.stdout.write(json.dumps([done, total]) + "\n")
        sys.stdout.flush()

    try:
        if arguments.repair:
            with writer_lock(arguments.data_dir, "rebuilding the vector index"):
                LexicalIndex(library, arguments.data_dir).settle(anew=True)
                publish(library, arguments.data_dir, lambda done, total: None, anew=True)
        else:
            build(library, arguments.data_dir, arguments.build, anew=arguments.anew, progress=tell)
    except IndexBusyError:
        return 0
    except (DamagedError, DatelineError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except Exception as error:  # Chroma raises many kinds; the caller wants one line
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    finally:
        library.close()
    return 0


if __name__ == "__main__":
    # All is written and closed by now. Taking Chroma's modules down would take as long as building a small generation.
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
