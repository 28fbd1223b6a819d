"""EDGE. What a reader drops or pastes on the page is kept under the data folder, under names that are safe."""

from __future__ import annotations

import json
import shutil
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import DatelineError
from index.reading.dates import stated_date

FOLDER = "uploads"
"""In the data folder."""

LONGEST_NAME = 120
LONGEST_TEXT = 2_000_000
"""Characters of a text that is pasted."""

LONGEST_FIELD = 2_000
"""Characters of what is said of it."""

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


@contextmanager
def pasted(text: str, folder: Path, *, title: str = "", outlet: str = "", published: str = "", url: str = "") -> Iterator[Path]:
    """Keep a text as a file of its own, with what is said of it; an exception inside discards it.

    As JSON: whatever stands in the text, it is not taken for markup or front matter. Raises DatelineError for a text that is
    empty or endless, a date that is none and an address that cannot be followed.
    """
    if not any(char.isalnum() for char in text):
        raise DatelineError("There is no text to add. Paste the article's text.")
    if len(text) > LONGEST_TEXT:
        most = f"at most {LONGEST_TEXT:,} can be pasted. Save it as a file and add that."
        raise DatelineError(f"The text has {len(text):,} characters; {most}")
    said = {"title": title, "outlet": outlet, "published": published, "url": url}
    said = {name: " ".join(value.split()) for name, value in said.items() if value.strip()}
    for name, value in said.items():
        if len(value) > LONGEST_FIELD:
            raise DatelineError(f"What is given as {name} has {len(value):,} characters; at most {LONGEST_FIELD:,} can be.")
    if published.strip():
        day = stated_date(said["published"])
        if day is None:
            raise DatelineError(f"{said['published'][:80]!r} is not a day such as 2022-11-13 or 13 November 2022.")
        said["published"] = day.isoformat()
    if url.strip() and not said["url"].lower().startswith(("http://", "https://")):
        raise DatelineError(f"{said['url'][:200]!r} is no web address: it must begin with http:// or https://.")
    content = json.dumps({**said, "text": text}, ensure_ascii=False)
    content = content.encode("utf-8", "replace").decode("utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    name = safe_name(" ".join((title or text[:80]).split())[:80].rstrip(".") + ".json")
    file = _own_file(folder, name, content.encode())
    there = file.exists()
    file.write_bytes(content.encode())
    try:
        yield file
    except BaseException:
        if not there:
            file.unlink(missing_ok=True)
        raise


def forget(source: str, folder: Path) -> bool:
    """Delete the copy that an article was read from, when it is one of those kept here; was it?"""
    file = Path(source)
    if "://" in source or file.resolve().parent != folder.resolve() or not file.is_file():
        return False
    file.unlink(missing_ok=True)
    return True


def _own_file(folder: Path, name: str, content: bytes) -> Path:
    """A file of that name, or nearly, that is not there yet or holds just this."""
    stem, count = Path(name).stem, 1
    file = folder / name
    while file.exists() and file.read_bytes() != content:
        count += 1
        file = folder / f"{stem} ({count}).json"
    return file


def _untaken(name: str, taken: set[str]) -> str:
    stem, suffix = Path(name).stem, Path(name).suffix
    count = 1
    while name.casefold() in taken:
        count += 1
        name = f"{stem} ({count}){suffix}"
    return name
