"""EDGE. Who is asking: a browser by its session, a program by a token, or either by name and password."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import ipaddress
import secrets
import time
from collections import OrderedDict
from urllib.parse import urlsplit

from index.errors import DatelineError
from ui.cookie import sent
from ui.passwords import LONGEST, Accounts
from ui.patience import Patience
from ui.sessions import DAYS, TOKEN, Sessions

AT_ONCE = 2
"""Passwords that are checked at the same time; each takes 32 MB and a core."""

WAITING = 16
"""Attempts that may wait for that; more are turned away."""

BELIEVED_FOR = 300.0
"""Seconds for which a name and password that were right are not computed again."""


class TooOftenError(DatelineError):
    """Too many attempts; `seconds` until the next may be made."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, round(seconds + 0.5))
        super().__init__(f"Too many attempts to sign in. Try again in {self.seconds} s.")


class Readers:
    """The people who have accounts, as they come in. Lives in one event loop."""

    def __init__(self, accounts: Accounts, sessions: Sessions) -> None:
        self.accounts = accounts
        self._sessions = sessions
        # An address is slowed down soon and long; a name, which anybody may type, late and shortly.
        self._addresses = Patience(free=5, longest=60)
        self._names = Patience(free=20, longest=20)
        self._checking = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._key = secrets.token_bytes(32)
        self._believed: OrderedDict[bytes, tuple[str, float]] = OrderedDict()

    async def sign_in(self, name: str, password: str, address: str) -> str | None:
        """The secret of a new session, or None when name and password do not belong together. Raises TooOftenError."""
        if not await self._right(name, password, address):
            return None
        return self._sessions.begin(name, self.accounts.seal(name))

    def sign_out(self, secret: str) -> None:
        """End a session."""
        self._sessions.end(secret)

    async def who(self, authorization: str, cookies: str, host: str, address: str) -> str | None:
        """The name of who sends these headers, or None. Raises TooOftenError."""
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self._holder(given.strip(), token=True)
        if scheme.lower() == "basic":
            return await self._basic(given.strip(), address)
        secret = session_in(cookies, host)
        return self._holder(secret, token=False) if secret else None

    def _holder(self, secret: str, *, token: bool) -> str | None:
        if token != secret.startswith(TOKEN):
            return None
        found = self._sessions.find(secret, "token" if token else "page")
        # A changed password, or an account that is gone, ends what was begun under it.
        if found and hmac.compare_digest(self.accounts.seal(found[0]).encode(), found[1].encode()):
            return found[0]
        return None

    async def _basic(self, given: str, address: str) -> str | None:
        known = hmac.digest(self._key, given.encode("utf-8", "replace"), hashlib.sha256)
        name, until = self._believed.get(known, ("", 0.0))
        if time.monotonic() < until:
            return name
        try:
            name, colon, password = base64.b64decode(given, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, ValueError):
            return None
        if not colon or not await self._right(name, password, address):
            return None
        self._believed[known] = (name, time.monotonic() + BELIEVED_FOR)
        while len(self._believed) > 256:
            self._believed.popitem(last=False)
        return name

    async def _right(self, name: str, password: str, address: str) -> bool:
        address, name_key = _network(address), name[:64]
        wait = max(self._addresses.wait(address), self._names.wait(name_key))
        if wait or self._waiting >= WAITING:
            raise TooOftenError(wait)
        self._addresses.attempt(address)
        self._names.attempt(name_key)
        self._waiting += 1
        try:
            async with self._checking:
                right = len(password) <= LONGEST and await asyncio.to_thread(self.accounts.check, name, password)
        finally:
            self._waiting -= 1
        if right:
            self._addresses.forgive(address)
            self._names.forgive(name_key)
        return right


def cookie_name(host: str) -> str:
    """The session cookie's name for a Host header: cookies know no ports, and there may be a Dateline on each."""
    try:
        return f"dateline-{urlsplit(f'//{host}').port or 0}"
    except ValueError:
        return "dateline-0"


def session_in(cookies: str, host: str) -> str:
    """The session's secret in a Cookie header, or an empty string."""
    return sent(cookies).get(cookie_name(host), "")


def set_session(secret: str, host: str, *, https: bool) -> str:
    """The Set-Cookie header that gives a browser its session; an empty secret takes it away."""
    lasts = f"Max-Age={DAYS * 86_400 if secret else 0}"
    return f"{cookie_name(host)}={secret}; Path=/; {lasts}; HttpOnly; SameSite=Lax" + ("; Secure" if https else "")


def _network(address: str) -> str:
    """What stands for one household or attacker: an IPv4 address, or the first half of an IPv6 one."""
    try:
        there = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((there, 64), strict=False)) if there.version == 6 else address
