"""EDGE. One writer at a time: a file lock whose refusal says who has it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import IndexBusyError


@contextmanager
def writer_lock(data_dir: Path, doing: str, *, wait: float = 0.0) -> Iterator[None]:
    """Hold the right to write to an index; `doing` tells others what for ("adding articles").

    `wait` is how many seconds to wait for another writer to finish. The operating system lets go
    of the lock when its holder dies, however it dies. Raises IndexBusyError.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    # Its own FileLock object each time, so that two threads exclude each other as processes do.
    lock = FileLock(data_dir / "writer.lock", thread_local=False)
    note = data_dir / "writer.json"
    try:
        lock.acquire(timeout=wait)
    except Timeout:
        raise IndexBusyError(
            f"The index in {data_dir} is being written to by {_holder(note)}. Try again when that is done; asking works "
            "meanwhile."
        ) from None
    try:
        holder = {
            "process": os.getpid(),
            "command": Path(sys.argv[0]).name if sys.argv else "",
            "doing": doing,
            "since": datetime.now().astimezone().isoformat(timespec="seconds"),
        }
        note.write_text(json.dumps(holder), encoding="utf-8")
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _holder(note: Path) -> str:
    try:
        holder = json.loads(note.read_text(encoding="utf-8"))
        return f"process {holder['process']} ({holder['command']}, {holder['doing']} since {holder['since'][11:19]})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
