"""Which folders of this machine a reader of the page may have read.

Whoever reaches the page can have the server read what the server's user may read. So a folder is read for the page only when
the server listens to this machine alone, nothing stands between it and the browser, and its operator allows the folder:
the one Dateline was started in, unless ALLOWED_FOLDERS names others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from index.errors import DatelineError

PASSED_ON = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""Headers that tell of a server in between, and so of readers elsewhere."""


class FolderRefusedError(DatelineError):
    """A folder that is not read for the page."""


def by_default(started_in: Path, home: Path) -> list[Path]:
    """The folders that are allowed when none are named: the one Dateline was started in, but neither a whole home nor disk."""
    folder = started_in.resolve()
    return [] if folder in (home.resolve(), Path(folder.anchor)) else [folder]


def check_reader(client: str, headers: Mapping[str, str], *, is_loopback: bool) -> None:
    """Raise FolderRefusedError unless the reader sits at this machine, as far as can be seen.

    `is_loopback`: the address that the request came from is one of this machine alone.
    """
    if not is_loopback or any(name in headers for name in PASSED_ON):
        raise FolderRefusedError(
            "Folders are read only for a browser on the machine that Dateline runs on. Drop the files on the page instead, or "
            "run there: dateline add FOLDER"
        )


def check_folder(written: str, allowed: Sequence[Path], data_dir: Path) -> Path:
    """The folder or file that a reader wrote, links followed. Raises FolderRefusedError, in the same words whether or not
    there is such a folder, when it is not one that may be read."""
    written = written.strip().strip("\"'")
    if not written:
        raise FolderRefusedError("Write the path of a folder, such as /home/ada/articles.")
    if not allowed:
        raise FolderRefusedError(
            "No folder may be read for the page. Its operator can allow some with ALLOWED_FOLDERS; or run: dateline add FOLDER"
        )
    try:
        path = Path(written).expanduser().resolve()
    except (OSError, RuntimeError, ValueError):
        raise FolderRefusedError(f"{written[:200]!r} is not a path.") from None
    roots = [root.resolve() for root in allowed]
    root = next((root for root in roots if path.is_relative_to(root)), None)
    hidden = root is None or any(part.startswith(".") for part in path.relative_to(root).parts)
    if hidden or path.is_relative_to(data_dir.resolve()):
        raise FolderRefusedError(
            f"{written[:200]} may not be read for the page; what lies in {described(roots)} may, but for what is hidden there. "
            "Its operator can allow more with ALLOWED_FOLDERS; or run: dateline add FOLDER"
        )
    if not path.exists():
        raise FolderRefusedError(f"There is no folder {written[:200]}.")
    return path


def described(folders: Sequence[Path]) -> str:
    """The folders in words: "/a, /b and /c"."""
    names = [str(folder) for folder in folders]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
