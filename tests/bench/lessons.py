"""What is fitted on takes long to read: kept in a file, it is read once."""

from __future__ import annotations

import pickle
from collections.abc import Callable
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
