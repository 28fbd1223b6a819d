"""A file or a folder -> its articles.

    read("news/")  ->  Article, Article, Failure, Article, ...

Nothing here raises for bad input: what cannot be read is a Failure that says why, and the rest goes on.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import logging
import os
import re
import stat
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

from index.address import followable
from index.errors import ReadError
from index.reading.characters import kind_of_binary, one_line
from index.reading.draft import Draft
from index.reading.formats import FORMATS, MB, Format, format_of, why_unread
from index.reading.records import NoTextError
from index.types import Article, Failure

log = logging.getLogger(__name__)

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:/{1,2}")
# Text packs to a fifth or a tenth of its size. What packs a hundredfold is not articles.
_MOST_WAITING = 10_000
_MOST_TIMES, _FREE_OF_TIMES = 200, 16 * MB


def read(source: str | Path) -> Iterator[Article | Failure]:
    """The articles of a file or, in the order of their names, of every readable file under a folder.

    Article.source is the file's path, beginning with `source` as given. Hidden files, files of unknown
    kinds and folders behind links are left out without a word, unless they are `source` itself. Lazy.
    """
    given = str(source)
    try:
        yield from _read_given(given)
    except OSError as error:
        yield Failure(_name(given), _os_reason(error))
    except ValueError as error:
        # A NUL in a path is a ValueError, not an OSError.
        yield Failure(_name(given), f"it is not a path: {error}")


def fingerprint(article: Article) -> str:
    """The sha256, in hex, of everything a reader is shown of `article`: all but its id and its source."""
    shown = (
        article.title,
        article.text,
        article.url,
        article.outlet,
        article.author,
        article.published.isoformat() if article.published else "",
        article.language,
    )
    return hashlib.sha256(json.dumps(shown, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()


def _read_given(given: str) -> Iterator[Article | Failure]:
    if not given.strip():
        yield Failure(given, "it is empty; give a file or a folder")
    elif _URL.match(given):
        yield Failure(
            _name(given),
            "it is an address, and of those only http:// and https:// ones are fetched, given as text rather than as a path",
        )
    elif Path(given).is_dir():
        yield from _read_folder(given)
    elif not os.path.lexists(given):
        yield Failure(_name(given), "there is no such file or folder")
    elif found := format_of(given):
        yield from _read_file(given, found)
    else:
        yield Failure(_name(given), why_unread(given))


def _read_folder(given: str) -> Iterator[Article | Failure]:
    root = given.rstrip("/" if os.sep == "/" else "/\\") or given
    nothing = True
    waiting = [(root, root if root != "/" else "")]
    while waiting:
        path, shown = waiting.pop()
        if found := (format_of(path) if path != root else None):
            nothing = False
            yield from _read_file(path, found, shown)
            continue
        try:
            with os.scandir(path) as entries:
                inside = sorted((entry for entry in entries if _is_wanted(entry)), key=lambda entry: entry.name)
        except OSError as error:
            nothing = False
            yield Failure(_name(shown), _os_reason(error))
            continue
        waiting.extend((entry.path, f"{shown}/{entry.name}") for entry in reversed(inside))
    if nothing:
        known = ", ".join(kind for found in FORMATS for kind in found.endings)
        yield Failure(_name(given), f"the folder holds no file that can be read ({known})")


def _is_wanted(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith("."):
        return False
    try:
        # A folder behind a link may lead out of the collection or back into itself.
        if entry.is_dir(follow_symlinks=False):
            return True
        return format_of(entry.name) is not None and not entry.is_dir()
    except OSError:
        return format_of(entry.name) is not None


def _read_file(path: str, found: Format, shown: str | None = None) -> Iterator[Article | Failure]:
    """The articles of one file; `shown` is its name in articles and failures when not `path`."""
    source = _name(path if shown is None else shown)
    try:
        # Looked at before it is opened: opening a pipe would wait for ever.
        facts = Path(path).stat()
        if not stat.S_ISREG(facts.st_mode):
            raise ReadError("it is not a file but a folder, a pipe or a device")
        if facts.st_size == 0:
            raise ReadError("it is empty")
        packed = path.lower().endswith(".gz")
        with Path(path).open("rb") as file:
            stream = cast("BinaryIO", io.BufferedReader(_Unpacked(file, facts.st_size))) if packed else file
            if found.stream:
                _check_stream(stream, found)
                yield from _read_records(found.stream(stream), source, named=shown is None)
                return
            data = _whole(stream, found, facts.st_size, packed=packed)
        _check_whole(data, found)
        if found.records:
            yield from _read_records(found.records(data), source, named=shown is None)
        elif found.reader:
            yield from _published_as(_read_one(found.reader(data)), source)
    except ReadError as error:
        yield Failure(source, str(error))
    except (OSError, EOFError, zlib.error) as error:
        yield Failure(source, _os_reason(error))
    except (RecursionError, MemoryError):
        yield Failure(source, "it is nested too deeply or too large to be read")
    except Exception as error:
        # A format's reader may fail in any way on a hostile file; the other files must still be read.
        log.info("reading %s failed", source, exc_info=True)
        said = one_line(str(error))[:200] or type(error).__name__
        yield Failure(source, f"it could not be read as {found.name}: {said}")


def _check_whole(data: bytes, found: Format) -> None:
    """Raise ReadError when a file is empty or plainly of another format than its name says."""
    begins = data[:1024].find(found.begins)
    # A PDF may have a few bytes before it begins.
    if begins < 0 or (begins and found.name != "PDF"):
        seems = kind_of_binary(data)
        raise ReadError(f"it is named {found.endings[0]} but {f'seems to be {seems}' if seems else f'is no {found.name} file'}")
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        raise ReadError("it is empty: there is nothing in it but white space")


def _check_stream(stream: BinaryIO, found: Format) -> None:
    first = stream.peek(512)[:512] if isinstance(stream, io.BufferedReader) else b""
    if kind := kind_of_binary(first):
        raise ReadError(f"it seems to be {kind}, not {found.name}")


def _read_one(draft: Draft) -> Draft:
    if not any(char.isalnum() for char in draft.text):
        if draft.title:
            raise ReadError("it holds a title but no text")
        raise ReadError("no text of an article was found in it")
    return draft


def _read_records(records: Iterator[tuple[str, Draft | ReadError]], source: str, *, named: bool) -> Iterator[Article | Failure]:
    """The articles among a file's records. `named`: the file itself was asked for, not its folder."""
    waiting: list[Failure] = []
    only_others, nothing, wordy = True, True, False
    for where, record in records:
        nothing = False
        if only_others and isinstance(record, NoTextError) and len(waiting) < _MOST_WAITING:
            waiting.append(Failure(f"{source}, {where}" if where else source, str(record)))
            wordy = wordy or record.wordy
            continue
        only_others = False
        yield from waiting
        waiting.clear()
        yield from _published_as(record, source, where)
    if nothing:
        raise ReadError("it is empty: there is no article in it")
    # Settings and lists of other things are JSON too. In a folder they are files of an unknown kind, unless
    # they hold texts under a name that is not known here.
    if waiting and not named and not wordy:
        log.info("%s holds no articles: %s", source, waiting[0].reason)
    elif len(waiting) == 1:
        yield waiting[0]
    elif waiting:
        yield Failure(source, f"none of its {len(waiting)} records is an article: of the first, {waiting[0].reason}")


def _published_as(record: Draft | ReadError, source: str, where: str = "") -> Iterator[Article | Failure]:
    place = f"{source}, {where}" if where else source
    if isinstance(record, ReadError):
        yield Failure(place, str(record))
        return
    yield _article(record, source)
    yield from (Failure(place, note) for note in record.notes)


def _article(draft: Draft, source: str) -> Article:
    article = Article(
        id="",
        title=draft.title,
        text=draft.text,
        source=source,
        url=followable(draft.url),
        outlet=draft.outlet,
        author=draft.author,
        published=draft.published,
        language=draft.language,
    )
    digest = fingerprint(article)
    return replace(article, sha256=digest, id=one_line(draft.id) or f"a{digest[:16]}")


def _whole(stream: BinaryIO, found: Format, size: int, *, packed: bool) -> bytes:
    """All of a file, unless that is more than its format may have."""
    if packed or size <= found.largest:
        data = stream.read(found.largest + 1)
        if len(data) <= found.largest:
            return data
        size = max(size, len(data))
    largest = found.largest // MB
    unpacked = " unpacked" if packed else ""
    if found.name == "JSON":
        advice = "save it as .jsonl, one article a line, which may have any size"
        raise ReadError(f"it is larger than {largest} MB{unpacked}; {advice}")
    if found.holds == "several":
        raise ReadError(f"it has {size / MB:,.0f} MB; {found.name} files are read up to {largest} MB")
    has = f"more than {largest}" if packed else f"{size / MB:,.0f}"
    raise ReadError(
        f"it has {has} MB{unpacked}; one article may have {largest} MB as {found.name}. "
        "Split it into its articles, or save them as .jsonl, one a line"
    )


class _Unpacked(io.RawIOBase):
    """A gzip file's contents, stopped when they are far more than articles can be."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        super().__init__()
        if file.read(2) != b"\x1f\x8b":
            raise ReadError("its name ends in .gz but it is no gzip file")
        file.seek(0)
        self._most = max(_FREE_OF_TIMES, _MOST_TIMES * size)
        self._file = gzip.GzipFile(fileobj=file)
        self._read = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` with the next unpacked bytes; the number of them."""
        count = self._file.readinto(buffer)
        self._read += count
        if self._read > self._most:
            raise ReadError(f"it unpacks to more than {_MOST_TIMES} times its size, as no articles do; it was left")
        return count


def _os_reason(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return "you are not allowed to read it"
    if isinstance(error, FileNotFoundError):
        return "there is no such file (a link may lead nowhere)"
    if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
        return f"the gzip file is damaged or cut short: {one_line(str(error))[:120]}"
    said = getattr(error, "strerror", None) or str(error)
    return f"it could not be opened: {one_line(str(said))[:160]}"


def _name(path: str) -> str:
    # A file name need not be text; a source must be, or it can be neither stored nor shown.
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
