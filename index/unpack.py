"""PURE: packed bytes -> the bytes they stand for, and never more of them than asked for."""

from __future__ import annotations

import zlib

from index.errors import FetchError

PACKINGS = ("gzip", "x-gzip", "deflate")
"""What `Unpacker` can undo, as HTTP names it."""

_EITHER = 47  # zlib's sign for "gzip or zlib, see the header"
_BARE = -15


class Unpacker:
    """Undoes one packing, piece by piece. Raises FetchError when what comes out is more than `largest` bytes."""

    def __init__(self, packing: str, largest: int) -> None:
        """`packing` is "" (nothing to undo) or one of PACKINGS."""
        self._left = largest
        self._largest = largest
        self._packing = packing
        self._work = zlib.decompressobj(_EITHER) if packing else None
        self._begun = False
        self._after = b""  # what came after the end, too little yet to tell what it is

    def unpack(self, piece: bytes) -> bytes:
        """The bytes that `piece` adds."""
        out = piece if self._work is None else self._inflate(piece)
        self._left -= len(out)
        if self._left < 0:
            raise too_large(self._largest)
        return out

    def end(self) -> None:
        """Say that nothing more comes. Raises FetchError when something is missing."""
        if self._work is not None and self._begun and not self._work.eof:
            raise FetchError("the answer is cut short: its packed text does not end", later=True)

    def _inflate(self, piece: bytes) -> bytes:
        assert self._work is not None
        parts: list[bytes] = []
        got = 0
        while got <= self._left:
            if self._work.eof:
                piece, self._after = self._after + piece, b""
                if len(piece) < 2:
                    self._after = piece
                    break
                if not piece.startswith(b"\x1f\x8b"):
                    break  # padding
                # A gzip file may be several in a row.
                self._work = zlib.decompressobj(_EITHER)
            if not piece:
                break
            try:
                part = self._work.decompress(piece, self._left - got + 1)
            except zlib.error as error:
                if self._packing == "deflate" and not self._begun:
                    # Half of all servers mean by "deflate" what has no header.
                    self._work, self._begun = zlib.decompressobj(_BARE), True
                    continue
                raise FetchError(f"the answer is packed wrongly ({error})") from None
            self._begun = True
            parts.append(part)
            got += len(part)
            piece = self._work.unused_data if self._work.eof else self._work.unconsumed_tail
        return b"".join(parts)


def too_large(largest: int) -> FetchError:
    """The error for what is larger than `largest` bytes."""
    most = f"{largest / 2**20:,.0f} MB" if largest >= 2**20 else f"{largest:,} bytes"
    return FetchError(f"it is larger than {most}, the most that is fetched of one address; save it and add the file")


def gunzip(data: bytes, largest: int) -> bytes:
    """What a gzip file holds. Raises FetchError when that is more than `largest` bytes, or damaged."""
    unpacker = Unpacker("gzip", largest)
    out = unpacker.unpack(data)
    unpacker.end()
    return out
