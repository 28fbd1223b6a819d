"""EDGE. Files a reader drops on the page are kept under the data folder, under names that are safe."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST_NAME = 120
FORBIDDEN = frozenset('<>:"/\\|?*')
RESERVED = frozenset(["con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))])


def safe_name(name: str) -> str:
    """A file name that stays in its folder on any system, as close to `name` as can be.

    Folders, control and format characters, characters some system forbids and leading dots go;
    the extension stays.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(
        "-" if letter in FORBIDDEN else letter
        for letter in unicodedata.normalize("NFC", last)
        if unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    ).strip(" .")
    stem, dot, suffix = kept.rpartition(".")
    if not dot:
        stem, suffix = kept, ""
    if stem.split(".")[0].casefold() in RESERVED or not stem:
        stem = f"article-{stem}".rstrip("-")
    ending = dot + suffix[:16]
    while len((stem + ending).encode()) > LONGEST_NAME:
        stem = stem[:-1]
    return stem + ending


@contextmanager
def kept(files: Iterable[Path], folder: Path) -> Iterator[tuple[list[Path], Callable[[Iterable[Path]], None]]]:
    """Copy the files into the folder; gives the copies, and what discards those that were of no use.

    A file that was there under the same name is replaced, whole or not at all: it is a newer
    version of that source. Two files of one call never share a copy. Only copies that replaced
    nothing are ever discarded; an exception inside discards all of those.
    """
    folder.mkdir(parents=True, exist_ok=True)
    copies: list[Path] = []
    new: set[Path] = set()
    taken: set[str] = set()

    def discard(paths: Iterable[Path]) -> None:
        for path in new.intersection(paths):
            path.unlink(missing_ok=True)

    try:
        for file in files:
            copy = folder / _untaken(safe_name(file.name), taken)
            taken.add(copy.name.casefold())
            partial = folder / f".{copy.name}.part"
            shutil.copyfile(file, partial)
            if not copy.exists():
                new.add(copy)
            partial.replace(copy)
            copies.append(copy)
        yield copies, discard
    except BaseException:
        discard(copies)
        raise


def _untaken(name: str, taken: set[str]) -> str:
    stem, suffix = Path(name).stem, Path(name).suffix
    count = 1
    while name.casefold() in taken:
        count += 1
        name = f"{stem} ({count}){suffix}"
    return name
