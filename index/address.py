"""PURE: a web address as someone wrote it -> what may be asked for. Nothing here touches the network.

An address is read once, here, and what was read is what is connected to: no second parser may read it differently.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

from index.errors import AddressRefusedError

LONGEST = 4_000
"""Characters of an address."""

WEB_PORTS = (80, 443, 8080, 8443)
"""What may be asked for where nobody allowed more: on other ports other services listen, which a request might disturb."""

_WEB = re.compile(r"\s*https?://", re.IGNORECASE)
_PARTS = re.compile(r"(https?)://([^/?#]*)([^#]*)", re.IGNORECASE | re.DOTALL)
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{0,6}))?")
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Halves of surrogate pairs too, which JSON can spell and no encoding knows.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_PORT_OF = {"http": 80, "https": 443}
# As in RFC 3986, with "%" because what is encoded already stays as it is.
_KEPT = "/%:@!$&'()*+,;=~?-._"
_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|dclid|msclkid|mc_cid|mc_eid|igshid|yclid|at_medium|at_campaign|ocid|cmpid", re.I)

_REFUSED_V4 = tuple(
    (ipaddress.IPv4Network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "an address of this machine"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "an address inside a provider's network"),
        ("127.0.0.0/8", "an address of this machine"),
        # Where clouds answer with the keys of the machine: 169.254.169.254.
        ("169.254.0.0/16", "a link-local address"),
        ("168.63.129.16/32", "a cloud's own address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "an address for examples"),
        ("192.88.99.0/24", "a reserved address"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "an address for measurements"),
        ("198.51.100.0/24", "an address for examples"),
        ("203.0.113.0/24", "an address for examples"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
    )
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    (ipaddress.IPv6Network(network), kind)
    for network, kind in (
        ("::/127", "an address of this machine"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a private address"),
        ("fc00::/7", "a private address"),
        ("ff00::/8", "a multicast address"),
        # Teredo, 6to4 and their like carry another address inside.
        ("2001::/23", "a reserved address"),
        ("2002::/16", "an address with another one inside"),
        ("2001:db8::/32", "an address for examples"),
        ("3fff::/20", "an address for examples"),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Address:
    """A web address, taken apart. `host` is ASCII, in lower case, without brackets; `target` is path and query, encoded."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The host as an address or a Host header has it, with the port where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORT_OF[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """The hosts that an operator allows by name, wherever they lead: each with a port, or None for every port."""

    hosts: frozenset[tuple[str, int | None]] = frozenset()

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        """From names such as "news.internal", "localhost:8000" or "[::1]:8000". Raises AddressRefusedError."""
        return cls(frozenset(_allowed(name.strip()) for name in names if name.strip()))

    def __contains__(self, address: Address) -> bool:
        return (address.host, None) in self.hosts or (address.host, address.port) in self.hosts


def is_web_address(source: str | Path) -> bool:
    """Whether a source is to be fetched: text that begins with http:// or https://."""
    return isinstance(source, str) and _WEB.match(source) is not None


def followable(url: str) -> str:
    """The url if a reader may follow it (http or https, with a host, nothing unseen in it), else an empty string.

    What an article names as its address is whatever its writer put there.
    """
    if any(ord(letter) <= 32 or letter == "\\" for letter in url):
        return ""
    try:
        parts = urlsplit(url)
        return url if parts.scheme in ("http", "https") and parts.hostname else ""
    except ValueError:
        return ""


def parse_address(written: str) -> Address:
    """The address that `written` is. Raises AddressRefusedError for what is none, or hides what it is."""
    written = written.strip()
    if len(written) > LONGEST:
        raise AddressRefusedError(f"the address is longer than {LONGEST:,} characters")
    if _UNSEEN.search(written):
        raise AddressRefusedError("the address has characters in it that cannot be seen")
    parts = _PARTS.match(written)
    if parts is None:
        raise AddressRefusedError("only addresses that begin with http:// or https:// are fetched")
    scheme, authority, target = parts[1].lower(), parts[2], parts[3]
    if "@" in authority:
        raise AddressRefusedError("the address holds a user name or a password, which are not sent")
    found = _AUTHORITY.fullmatch(authority)
    if found is None or not found[1]:
        raise AddressRefusedError("the address names no host")
    port = int(found[2]) if found[2] else _PORT_OF[scheme]
    if not 1 <= port <= 65535:
        raise AddressRefusedError(f"{found[2]} is not a port")
    return Address(scheme, _host(found[1]), port, _target(target))


def join(base: Address, link: str) -> Address:
    """The address that a link on the page at `base` leads to. Raises AddressRefusedError."""
    try:
        return parse_address(urljoin(str(base), link.strip()))
    except ValueError:
        raise AddressRefusedError("the link is not an address") from None


def identity(address: Address) -> str:
    """The same text for every spelling of one page's address: without www, tracking parameters and a final slash."""
    path, _, query = address.target.partition("?")
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if not _TRACKING.fullmatch(name)]
    usual = Address("https", address.host.removeprefix("www."), address.port if address.port not in (80, 443) else 443, "")
    return f"{usual}{path.rstrip('/')}{'?' if kept else ''}{urlencode(kept)}"


def same_site(one: str, other: str) -> bool:
    """Whether two addresses are of one site, by their hosts: `www.`, `m.` and `amp.` aside."""

    def site(url: str) -> str:
        try:
            return re.sub(r"\A(?:www|m|mobile|amp)\.", "", (urlsplit(url).hostname or "").lower())
        except ValueError:
            return ""

    return bool(site(one)) and site(one) == site(other)


def is_ip(host: str) -> bool:
    """Whether a host is an address rather than a name."""
    return ":" in host or host.replace(".", "").isdecimal()


def why_refused(ip: str) -> str:
    """What kind of address `ip` is that nothing may be fetched from ("a private address"); "" when it is a public one."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return "not an address"
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id:
            return "a link-local address"
        inside = address.ipv4_mapped
        if inside is None and address in _NAT64:
            inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inside is None:
            refused = next((kind for network, kind in _REFUSED_V6 if address in network), "")
            return refused or ("" if address in _GLOBAL_V6 else "a reserved address")
        address = inside
    return next((kind for network, kind in _REFUSED_V4 if address in network), "")


def _host(written: str) -> str:
    if written.startswith("["):
        try:
            address = ipaddress.IPv6Address(written[1:-1])
        except ValueError:
            raise AddressRefusedError(f"{written[:80]} is not an address of version 6") from None
        if address.scope_id:
            raise AddressRefusedError("the address names a network interface of this machine")
        return address.compressed
    name = written
    if not name.isascii():
        import idna

        try:
            # As browsers do it: full-width letters and dots become the plain ones before anything is checked.
            name = idna.encode(name, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise AddressRefusedError(f"{written[:80]!r} is not a host's name") from None
    name = name.lower().removesuffix(".")
    if not _NAME.fullmatch(name) or len(name) > 253:
        raise AddressRefusedError(f"{written[:80]!r} is not a host's name")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError:
            # 2130706433, 0x7f.1 and 0177.0.0.1 are 127.0.0.1 to some programs and something else to others.
            raise AddressRefusedError(f"the host {written[:80]} is a number in an unusual spelling") from None
    return name


def _target(written: str) -> str:
    path, mark, query = written.partition("?")
    kept: list[str] = []
    for part in path.split("/")[1:]:
        if part == "..":
            del kept[-1:]
        elif part != ".":
            kept.append(part)
    if path.endswith(("/.", "/..")):
        kept.append("")
    return quote("/" + "/".join(kept), safe=_KEPT.replace("?", "")) + mark + quote(query, safe=_KEPT)


def _allowed(name: str) -> tuple[str, int | None]:
    found = _AUTHORITY.fullmatch(name)
    if found is None or not found[1]:
        raise AddressRefusedError(f"{name!r} is not a host's name")
    if found[2] is not None and not (found[2] and 1 <= int(found[2]) <= 65535):
        raise AddressRefusedError(f"{name!r} has no port after its colon")
    return _host(found[1]), int(found[2]) if found[2] else None
