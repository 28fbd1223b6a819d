"""A ZIP archive from a stranger: opened within bounds, its parts read by name, nothing ever written to disk."""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO

from index.errors import ReadError

MOST_UNPACKED = 300 * 1024 * 1024
"""Bytes that all parts of one archive may have together."""
_MOST_PARTS = 20_000
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError)


class Archive:
    """The parts of a ZIP archive held in memory.

    Raises ReadError when `data` is no archive, or one that unpacks to more than a document can need.
    `kind` is what the file's name says it is, as in "a .docx".
    """

    def __init__(self, data: bytes, kind: str) -> None:
        try:
            self._file = zipfile.ZipFile(BytesIO(data))
            parts = self._file.infolist()
        except _DAMAGED as error:
            raise ReadError(f"it is damaged: {kind} is a ZIP archive, and this one cannot be opened") from error
        if len(parts) > _MOST_PARTS:
            raise ReadError(f"it has {len(parts):,} parts, more than a document can need; it was not opened")
        # A part never gives more bytes than it states here: zipfile stops there.
        unpacked = sum(part.file_size for part in parts)
        if unpacked > MOST_UNPACKED:
            raise ReadError(f"it unpacks to {unpacked // 2**20:,} MB, more than a document can need; it was not opened")
        self.parts = {part.filename: part for part in parts}

    def __contains__(self, name: str) -> bool:
        return name in self.parts

    def read(self, name: str, largest: int) -> bytes:
        """The bytes of one part. Raises ReadError when it is missing, damaged, locked or larger than `largest`."""
        part = self.parts.get(name)
        if part is None:
            raise ReadError(f"its part {_shown(name)} is missing")
        if part.flag_bits & 0x1:
            raise ReadError("it is locked with a password; save a copy without one and add that")
        if part.file_size > largest:
            raise ReadError(f"its part {_shown(name)} has {part.file_size // 2**20:,} MB, too much for an article")
        try:
            return self._file.read(part)
        except (*_DAMAGED, RuntimeError) as error:
            raise ReadError(f"its part {_shown(name)} is damaged") from error


def _shown(name: str) -> str:
    return "".join(char for char in name if char.isprintable())[:80] or "without a name"
