"""What the scripts that fit share: lessons that are read once, and networks that are fitted side by side."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

Lesson = TypeVar("Lesson")


def kept(file: Path | None, make: Callable[[], list[Lesson]]) -> list[Lesson]:
    """What a file of our own holds, or, once and for the next time, what `make` gives; without a file, that."""
    if file is not None and file.is_file():
        return list(pickle.loads(file.read_bytes()))
    lessons = make()
    if file is not None:
        file.write_bytes(pickle.dumps(lessons, protocol=5))
    return lessons


def side_by_side(jobs: Sequence[Callable[[], None]]) -> bool:
    """Do each in a process of its own, as many at once as there are processors; have all ended well?

    The processes share what was read before: nothing is copied to them. PyTorch gains little from a second thread here.
    """
    waiting, running, well = list(jobs), set[int](), True
    while waiting or running:
        if waiting and len(running) < (os.cpu_count() or 1):
            job = waiting.pop(0)
            process = os.fork()
            if not process:
                job()
                os._exit(0)
            running.add(process)
            continue
        process, status = os.wait()
        running.discard(process)
        well = well and status == 0
    return well
