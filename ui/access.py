"""PURE. Who may come in, and by which names the server is called: decided before it listens."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from index.errors import DatelineError
from ui.passwords import Accounts

if TYPE_CHECKING:
    from rag.settings import Settings

EVERY = ("", "0.0.0.0", "::")


class AddressError(DatelineError):
    """The page cannot be served on the host and port that were asked for."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may come in: people with accounts, or (`open`) everybody; by default whoever sits at this machine.

    `names` are host names that the server answers to besides its own.
    """

    accounts: Accounts | None = None
    open: bool = False
    names: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What the settings say. Raises SettingsError when the accounts cannot be read."""
        names = frozenset(filter(None, settings.dateline_names.split(",")))
        return cls(Accounts.read(settings.dateline_auth.get_secret_value()), settings.dateline_open, names)

    def check(self, host: str) -> None:
        """Raises AddressError where others could come in and nothing says that they may."""
        if self.accounts is not None or self.open or (loopback(host) and not self.names):
            return
        what = f"listens on {host or 'every address'}" if not loopback(host) else f"answers to {', '.join(sorted(self.names))}"
        raise AddressError(
            f"Without accounts only this machine may read the articles, and HOST or DATELINE_NAMES asks for more: Dateline "
            f"then {what}. Make accounts with `dateline password NAME` and put what it prints into DATELINE_AUTH; or set "
            "DATELINE_OPEN=yes if everybody who can reach this machine may read, ask and add. Left out, HOST is 127.0.0.1."
        )

    def alone(self, host: str) -> bool:
        """Is a server on that host for whoever sits at this machine, and for nobody else?"""
        return loopback(host) and not self.names and not self.open and self.accounts is None

    @property
    def removing(self) -> bool:
        """May who comes in remove articles? Where everybody comes in they may read, ask and add, and no more."""
        return self.accounts is not None or not self.open

    def answers_to(self, bound: str, name: str) -> bool:
        """Does a server bound to that host answer to this name in a Host header (without its port)?

        Another site may give its own name this machine's address (DNS rebinding), but it cannot make a browser
        send a name that is not its own: an address, or a name from here.
        """
        name = name.lower().rstrip(".")
        if loopback(name) or name in self.names:
            return True
        if loopback(bound):
            return False
        machine = socket.gethostname().lower()
        own = {machine, f"{machine}.local", machine.partition(".")[0]} | ({bound.lower()} if bound not in EVERY else set())
        return bool(name) and (name in own or _is_address(name))


def name_in(host: str) -> str:
    """The name in a Host header, without its port and brackets."""
    with contextlib.suppress(ValueError):
        return urlsplit(f"//{host}").hostname or ""
    return ""


def loopback(host: str) -> bool:
    """Is this the name or address of this very machine, reachable from nowhere else?"""
    if host.lower().rstrip(".") == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def _is_address(name: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(name))
    return False
