"""PURE. Names and passwords: what is kept of a password, and whether one is right.

What is kept is `scrypt.N.r.p.SALT.HASH`: no character in it means anything to a shell, to a `.env` file or to YAML.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from index.errors import SettingsError

SHORTEST, LONGEST = 10, 1024
"""Characters of a password."""

COST, BLOCK, LANES = 2**15, 8, 3
"""scrypt's N, r and p: about a fifth of a second, and 32 MB, on an ordinary machine."""

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._@+-]{0,62}[A-Za-z0-9])?")
_INLINE = re.compile(r":\s*scrypt\.")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a password: scrypt's cost, the salt and the hash."""

    cost: int
    block: int
    lanes: int
    salt: bytes
    digest: bytes

    @classmethod
    def of(cls, password: str) -> Self:
        """A new password, with a salt of its own."""
        salt = secrets.token_bytes(16)
        return cls(COST, BLOCK, LANES, salt, _scrypt(password, COST, BLOCK, LANES, salt))

    @classmethod
    def parse(cls, text: str) -> Self:
        """What `str` wrote. Raises ValueError, also for costs that no machine should be made to pay."""
        kind, cost, block, lanes, salt, digest = text.split(".")
        made = cls(int(cost), int(block), int(lanes), _bytes(salt), _bytes(digest))
        if kind != "scrypt" or made.cost < 2**14 or made.cost & (made.cost - 1) or made.block < 1 or made.lanes < 1:
            raise ValueError("not a hash that may be used")
        if made.cost * made.block * 128 > 2**28 or made.lanes > 16 or len(made.salt) < 8 or len(made.digest) < 32:
            raise ValueError("not a hash that may be used")
        return made

    def __str__(self) -> str:
        return f"scrypt.{self.cost}.{self.block}.{self.lanes}.{_text(self.salt)}.{_text(self.digest)}"

    def is_for(self, password: str) -> bool:
        """Is this the password? Takes the same time whether it is or not."""
        return hmac.compare_digest(_scrypt(password, self.cost, self.block, self.lanes, self.salt), self.digest)

    @property
    def seal(self) -> str:
        """Changes when the password does; tells nothing of it."""
        return hashlib.sha256(str(self).encode()).hexdigest()[:16]


class Accounts:
    """Who has an account: names, and what is kept of their passwords."""

    def __init__(self, kept: Mapping[str, Kept]) -> None:
        self._kept = dict(kept)
        # Somebody who is not there is looked for as long as somebody who is.
        self._nobody = Kept(COST, BLOCK, LANES, secrets.token_bytes(16), secrets.token_bytes(32))

    @classmethod
    def read(cls, setting: str) -> Self | None:
        """The accounts that DATELINE_AUTH names: `name:hash`, comma or line after line, or a file of such lines.

        None when it is empty. Raises SettingsError, which repeats neither a hash nor what may be a password.
        """
        if not setting.strip():
            return None
        where, text = "DATELINE_AUTH", setting
        if ":" not in setting or not _INLINE.search(setting):
            where, text = _file(setting.strip())
        kept: dict[str, Kept] = {}
        for number, line in enumerate(re.split(r"[\n,]", text), start=1):
            entry = line.partition("#")[0].strip()
            if not entry:
                continue
            name, _, written = entry.partition(":")
            if not NAME.fullmatch(name.strip()):
                raise SettingsError(f"Entry {number} of {where} does not begin with a name and a colon. {HOW}")
            if name.strip().casefold() in (one.casefold() for one in kept):
                raise SettingsError(f"{where} has two entries for {name.strip()}. Keep one of them.")
            try:
                kept[name.strip()] = Kept.parse(written.strip())
            except ValueError:
                raise SettingsError(f"The entry of {name.strip()} in {where} holds no hash of a password. {HOW}") from None
        if not kept:
            raise SettingsError(f"{where} holds no account. {HOW}")
        return cls(kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, name: object) -> bool:
        return name in self._kept

    def check(self, name: str, password: str) -> bool:
        """Is this the password of that name? Takes as long for a name that nobody has."""
        kept = self._kept.get(name)
        right = (kept or self._nobody).is_for(password)
        return right and kept is not None

    def seal(self, name: str) -> str:
        """The seal of a name's password; empty when nobody has that name."""
        kept = self._kept.get(name)
        return kept.seal if kept else ""


HOW = "Each entry is name:hash, as the command `dateline password NAME` prints it."


def _file(setting: str) -> tuple[str, str]:
    path = Path(setting).expanduser()
    try:
        return str(path), path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        # With a colon in it, it may well be a name and a password that somebody wrote there as they are.
        what = f", {setting!r}," if ":" not in setting else ""
        why = getattr(error, "strerror", None) or "it is not text"
        raise SettingsError(
            f"DATELINE_AUTH{what} is neither a list of accounts nor a file that can be read ({why}). {HOW}"
        ) from None


def _scrypt(password: str, cost: int, block: int, lanes: int, salt: bytes) -> bytes:
    # Keyboards differ in how they put an accent on a letter.
    typed = unicodedata.normalize("NFC", password[:LONGEST]).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(typed, salt=salt, n=cost, r=block, p=lanes, maxmem=2**29, dklen=32)


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
