"""Looks an index over and says what is wrong, in words, each with its remedy. Changes nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.errors import DatelineError
from index.lexical import whole
from index.library import Library
from index.publish import is_published
from index.vectors import FOLDER, GENERATION, DamagedError, Generation


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: is it well, what was seen, and what to do when it is not."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that was looked at."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Is everything well?"""
        return all(check.ok for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """This diagnosis as JSON-serialisable values."""
        return {"ok": self.ok, "checks": [asdict(check) for check in self.checks]}


def examine(data_dir: Path) -> Diagnosis:
    """Look over the index of a data folder: library, lexical index, vector index, leftovers."""
    path = data_dir / "library.db"
    if not path.exists():
        return Diagnosis((Check("library", True, f"there is no index in {data_dir} yet", "dateline add FOLDER"),))
    checks: list[Check] = []
    try:
        library = Library(path)
    except DatelineError as error:
        return Diagnosis((Check("library", False, str(error), f"move {data_dir} away and add the articles again"),))
    try:
        problems = library.check()
        counted = f"{library.article_count()} articles, {library.passage_count()} passages"
        checks.append(Check("library", not problems, "; ".join(problems) or counted, "dateline rebuild" if problems else ""))
        stamp = {name: library.meta(name) for name in ("embedder", "dimension", "chunks", "analysis", "schema")}
        checks.append(Check("stamp", True, json.dumps(stamp)))
        wrong = whole(library, data_dir)
        checks.append(
            Check("lexical index", not wrong, wrong or "sound and complete", "dateline doctor --repair" if wrong else "")
        )
        checks.append(_vector_index(library, data_dir / FOLDER))
        name = library.meta(GENERATION) or ""
        left = sorted(folder.name for folder in (data_dir / FOLDER).glob("gen-*") if folder.name != name)
        checks.append(
            Check(
                "leftovers",
                True,
                f"unfinished folders, removed at the next add: {', '.join(left)}" if left else "none",
            )
        )
    except DatelineError as error:
        checks.append(Check("library", False, str(error), f"move {data_dir} away and add the articles again"))
    finally:
        library.close()
    return Diagnosis(tuple(checks))


def _vector_index(library: Library, folder: Path) -> Check:
    name, dimension = library.meta(GENERATION) or "", int(library.meta("dimension") or 0)
    remedy = "dateline doctor --repair"
    if library.passage_count() == 0:
        return Check("vector index", True, "empty, as the library is")
    if not name:
        return Check("vector index", False, "none was published; searching compares every passage", remedy)
    try:
        Generation(folder / name, dimension).close()
    except DamagedError as error:
        return Check("vector index", False, f"{error}; searching compares every passage until it is rebuilt", remedy)
    if not is_published(library):
        return Check("vector index", False, f"{name} is sound but behind the library; nothing is missed", remedy)
    return Check("vector index", True, f"{name} is sound and complete")
