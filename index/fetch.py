"""EDGE. A web address -> what it answers with: politely, and never from inside the operator's own network.

Polite: robots.txt is obeyed, one host is asked for one thing at a time with a pause after it, and a site that asks for
rest gets it. Guarded: redirects are followed here and each is checked, names are looked up here and every address of the
answer is checked (`index.address`, `index.connection`), and nothing may be larger or take longer than is set.
"""

from __future__ import annotations

import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from index import robots
from index.address import WEB_PORTS, Address, AllowedHosts, is_ip, join, parse_address, why_refused
from index.errors import AddressRefusedError, FetchError, RobotsRefusedError
from index.robots import ALL_ALLOWED, Robots, parse_robots
from index.unpack import PACKINGS, Unpacker, too_large

if TYPE_CHECKING:
    import httpcore

log = logging.getLogger(__name__)

AGENT = "dateline"
"""The name by which a robots.txt can speak to Dateline."""

USER_AGENT = "Dateline/0.1 (fetches articles for its reader; obeys robots.txt)"

LARGEST = 20 * 1024 * 1024
"""Bytes of one answer, unpacked."""

MOST_REDIRECTS = 10
ROBOTS_SECONDS = 3600.0
LONGEST_PAUSE = 30.0
"""How long a robots.txt is believed, and the longest Crawl-delay of one that is kept to."""

REST_SECONDS, LONGEST_REST = 60.0, 24 * 3600.0
FAILURES_IN_A_ROW = 3
"""How long a host is left alone that asked for fewer requests without saying how long, or that did not answer so often in a
row; and the most that one can ask for."""

MOST_HOSTS = 500
"""Hosts whose robots.txt is remembered; and from how many on those are forgotten that may be asked again."""

TYPES = frozenset((
    "", "text/html", "application/xhtml+xml", "text/plain", "text/markdown", "text/x-markdown",
    "application/pdf", "application/x-pdf", "application/epub+zip", "message/rfc822", "multipart/related",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/xml", "text/xml",
    "application/json", "application/feed+json", "text/json", "application/x-ndjson", "application/jsonl",
    "application/gzip", "application/x-gzip", "application/octet-stream", "binary/octet-stream",
))  # fmt: skip
"""The content types that may hold articles, or lists of them. Others are refused before they are loaded."""

Resolve = Callable[[str, int], Sequence[str]]
"""A host's name and a port -> its addresses, as text. Raises OSError when there are none."""

_REDIRECTS = (301, 302, 303, 307, 308)
_ACCEPT = (
    "text/html,application/xhtml+xml,application/rss+xml,application/atom+xml,application/feed+json,application/xml;q=0.9,"
    "application/pdf;q=0.8,*/*;q=0.5"
)
_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server said of its answer, so that it can say "unchanged" the next time. `url` is the one that answered."""

    url: str
    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer. `url` answered in the end; `kind` is its content type ("text/html"), `charset` what that names, or "".

    `unchanged`: the server says that what it gave with the validators still holds; `body` is then empty.
    """

    url: str
    body: bytes
    kind: str = ""
    charset: str = ""
    etag: str = ""
    modified: str = ""
    unchanged: bool = False


def resolve(host: str, port: int) -> list[str]:
    """The addresses that this machine's resolver knows for a host. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


@dataclass(slots=True)
class _Host:
    """What must be kept in mind of a host between two requests; times on the monotonic clock."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    ready: float = 0.0
    rest: float = 0.0
    why: str = ""
    failures: int = 0

    @property
    def waited_for(self) -> bool:
        """Is it being asked, or not to be asked yet?"""
        return self.turn.locked() or max(self.ready, self.rest) > time.monotonic()


class Fetcher:
    """Fetches web addresses. Safe to share between threads; keep it, for it remembers what sites asked for.

    `allowed_hosts` are exempt from the guard by their names ("localhost:8000"). Raises AddressRefusedError when one of
    them is no host's name.
    """

    def __init__(
        self,
        *,
        allowed_hosts: Iterable[str] = (),
        resolve: Resolve = resolve,
        pause: float = 1.0,
        timeout: float = 15.0,
        deadline: float = 60.0,
        largest: int = LARGEST,
    ) -> None:
        """`pause` seconds pass between two requests to one host; `timeout` is for connecting and for every silence,
        `deadline` for one address with all its redirects; `largest` bytes are taken at most."""
        self._allowed = AllowedHosts.of(allowed_hosts)
        self._resolve = resolve
        self._pause = pause
        self._timeout = timeout
        self._deadline = deadline
        self._largest = largest
        self._guard = threading.Lock()
        self._hosts: dict[str, _Host] = {}
        self._robots: dict[str, tuple[float, Robots]] = {}
        self._context: ssl.SSLContext | None = None

    def fetch(self, url: str, known: Validators | None = None) -> Fetched:
        """What `url` answers with, or that it is `unchanged` since the answer that `known` came with.

        Raises FetchError, whose words say why not: the address is refused, robots.txt asks not to, there is no such
        page, it is too large, not of a kind that is read, too slow, or could not be reached.
        """
        return self._follow(parse_address(url), known=known, largest=self._largest, obey=True)

    # -- following ---------------------------------------------------------------------------

    def _follow(self, address: Address, *, known: Validators | None, largest: int, obey: bool) -> Fetched:
        been: set[str] = set()
        left = self._deadline
        for _ in range(MOST_REDIRECTS + 1):
            if str(address) in been:
                raise FetchError("it redirects in a circle")
            been.add(str(address))
            self._check(address)
            rules = self._robots_of(address) if obey else ALL_ALLOWED
            if not rules.allows(address.target):
                raise RobotsRefusedError(f"the robots.txt of {address.authority} asks programs not to fetch it")
            same = known if known is not None and known.url == str(address) else None
            with self._turn(address, rules.delay) as host:
                begun = time.monotonic()
                answer = self._ask(address, host, same, largest, begun + left, any_kind=not obey)
                left -= time.monotonic() - begun
            if isinstance(answer, Fetched):
                return answer
            address = join(address, answer)
        raise FetchError(f"it redirects more than {MOST_REDIRECTS} times")

    def _check(self, address: Address) -> None:
        """Refuse what can be refused before a name is looked up."""
        if address not in self._allowed and is_ip(address.host) and (kind := why_refused(address.host)):
            raise AddressRefusedError(f"it leads to {kind}, from where nothing is fetched. {_how_to_allow(address)}")
        if address not in self._allowed and address.port not in WEB_PORTS:
            usual = ", ".join(map(str, WEB_PORTS))
            raise AddressRefusedError(
                f"port {address.port} is not one of those that pages are fetched from ({usual}). {_how_to_allow(address)}"
            )

    def _addresses(self, address: Address) -> Sequence[str]:
        """The addresses that may be connected to for `address`; all of what its name stands for, or an error."""
        try:
            found = [address.host] if is_ip(address.host) else self._resolve(address.host, address.port)
        except (OSError, UnicodeError):
            raise FetchError(f"there is no host {address.host}, or its name could not be looked up", later=True) from None
        if address in self._allowed:
            return found
        for one in found:
            # One bad address of several is enough: whoever mixes them in hopes that the other one is looked at.
            if kind := why_refused(one):
                raise AddressRefusedError(
                    f"{address.host} leads to {one}, {kind}, from where nothing is fetched. {_how_to_allow(address)}"
                )
        return found

    # -- manners -----------------------------------------------------------------------------

    @contextmanager
    def _turn(self, address: Address, delay: float = 0.0) -> Iterator[_Host]:
        """Wait for a host's turn; while it lasts nobody else asks it for anything."""
        with self._guard:
            if len(self._hosts) >= MOST_HOSTS:
                self._hosts = {name: one for name, one in self._hosts.items() if one.waited_for}
            host = self._hosts.setdefault(address.host, _Host())
        with host.turn:
            now = time.monotonic()
            if host.rest > now:
                raise FetchError(f"{host.why}; it is left alone for another {host.rest - now:,.0f} seconds", later=True)
            time.sleep(max(0.0, host.ready - now))
            try:
                yield host
            finally:
                host.ready = time.monotonic() + max(self._pause, min(delay, LONGEST_PAUSE))

    def _robots_of(self, address: Address) -> Robots:
        site = f"{address.scheme}://{address.authority}"
        with self._guard:
            until, rules = self._robots.get(site, (0.0, ALL_ALLOWED))
        if until > time.monotonic():
            return rules
        try:
            said = self._follow(parse_address(f"{site}/robots.txt"), known=None, largest=robots.LONGEST, obey=False)
            rules = parse_robots(said.body.decode("utf-8", "replace"), AGENT)
        except AddressRefusedError:
            raise
        except FetchError as error:
            # No robots.txt: everything may be fetched. One that cannot be had just now: nothing may, RFC 9309 says.
            if error.later and error.status:
                raise FetchError(f"its robots.txt could not be had: {error}", later=True) from None
            if error.later:
                raise
            rules = ALL_ALLOWED
        with self._guard:
            while len(self._robots) >= MOST_HOSTS:
                del self._robots[next(iter(self._robots))]
            self._robots[site] = (time.monotonic() + ROBOTS_SECONDS, rules)
        return rules

    # -- one request -------------------------------------------------------------------------

    def _ask(
        self, address: Address, host: _Host, known: Validators | None, largest: int, until: float, *, any_kind: bool
    ) -> Fetched | str:
        """One request: an answer, or the link that it redirects to."""
        import httpcore

        from index.connection import CheckedBackend

        log.debug("fetching %s", address)
        backend = CheckedBackend(lambda name, port: self._addresses(address), until)
        tls = self._tls() if address.scheme == "https" else None
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self._timeout)
        url = httpcore.URL(
            scheme=address.scheme.encode(), host=address.host.encode(), port=address.port, target=address.target.encode()
        )
        headers = [(name.encode(), value.encode()) for name, value in _headers(address, known).items()]
        try:
            with (
                httpcore.ConnectionPool(ssl_context=tls, network_backend=backend, max_keepalive_connections=0) as pool,
                pool.stream("GET", url, headers=headers, extensions={"timeout": timeouts}) as response,
            ):
                host.failures = 0
                said = _said(response)
                if response.status in _REDIRECTS and said.get("location"):
                    return said["location"]
                if response.status == 304 and known is not None:
                    return Fetched(str(address), b"", etag=known.etag, modified=known.modified, unchanged=True)
                if response.status != 200:
                    raise self._refusal(response.status, said, host)
                return _answer(address, said, response, largest, any_kind=any_kind)
        except httpcore.TimeoutException:
            self._did_not_answer(host)
            raise FetchError("it took too long to answer", later=True) from None
        except httpcore.ConnectError as error:
            self._did_not_answer(host)
            raise _unreachable(address, error) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
            raise FetchError(f"the connection broke off, or it does not speak HTTP ({_short(error)})", later=True) from None

    def _refusal(self, status: int, said: Mapping[str, str], host: _Host) -> FetchError:
        text, later = f"the site answered with status {status} instead of a page", False
        if status == 429 or (status == 503 and "retry-after" in said):
            rest = min(_seconds(said.get("retry-after", "")), LONGEST_REST)
            host.rest, host.why = time.monotonic() + rest, "the site asked for fewer requests"
            text, later = f"the site asks for fewer requests ({status}); it is left alone for {rest:,.0f} seconds", True
        elif status == 404:
            text = "there is no such page (404)"
        elif status == 410:
            text = "there is no such page any more (410)"
        elif status in (401, 402, 403, 407, 451):
            text = f"the site does not let it be read just like that ({status})"
        elif status in (408, 425) or status >= 500:
            text, later = f"the site's server failed ({status})", True
        return FetchError(text, later=later, status=status)

    def _did_not_answer(self, host: _Host) -> None:
        host.failures += 1
        if host.failures >= FAILURES_IN_A_ROW:
            host.failures = 0
            host.rest, host.why = time.monotonic() + REST_SECONDS, f"it did not answer {FAILURES_IN_A_ROW} times in a row"

    def _tls(self) -> ssl.SSLContext:
        with self._guard:
            if self._context is None:
                import httpcore

                self._context = httpcore.default_ssl_context()
            return self._context


def _headers(address: Address, known: Validators | None) -> dict[str, str]:
    headers = {
        "Host": address.authority,
        "User-Agent": USER_AGENT,
        "Accept": _ACCEPT,
        "Accept-Encoding": "gzip, deflate",
        "Connection": "close",
    }
    if known is not None and known.etag:
        headers["If-None-Match"] = known.etag
    if known is not None and known.modified:
        headers["If-Modified-Since"] = known.modified
    return headers


def _said(response: httpcore.Response) -> dict[str, str]:
    """The headers, by their names in lower case; of several of one name the first."""
    said: dict[str, str] = {}
    for name, value in response.headers:
        said.setdefault(name.decode("latin-1").lower(), _text(value))
    return said


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8").strip()
    except UnicodeDecodeError:
        return value.decode("latin-1").strip()


def _answer(address: Address, said: Mapping[str, str], response: httpcore.Response, largest: int, *, any_kind: bool) -> Fetched:
    kind = said.get("content-type", "").partition(";")[0].strip().lower()
    if not any_kind and kind not in TYPES:
        raise FetchError(f"it is of the type {kind[:60]!r}, which holds no article that can be read")
    packing = said.get("content-encoding", "").lower()
    if packing == "identity":
        packing = ""
    if packing and packing not in PACKINGS:
        raise FetchError(f"it is packed as {packing[:40]!r}, which was not asked for")
    length = said.get("content-length", "")
    if length.isdecimal() and int(length) > largest and not any_kind:
        raise too_large(largest)
    unpacker = Unpacker(packing, largest)
    parts: list[bytes] = []
    try:
        parts.extend(unpacker.unpack(piece) for piece in response.iter_stream())
        unpacker.end()
    except FetchError:
        # Of a robots.txt that is too long the beginning holds, RFC 9309 says.
        if not any_kind:
            raise
    charset = _CHARSET.search(said.get("content-type", ""))
    return Fetched(
        url=str(address),
        body=b"".join(parts),
        kind=kind,
        charset=charset[1] if charset else "",
        etag=_validator(said.get("etag", "")),
        modified=_validator(said.get("last-modified", "")),
    )


def _validator(value: str) -> str:
    # It is sent back as it came: what cannot stand in a header is not kept.
    return value if len(value) <= 1000 and value.isascii() and value.isprintable() else ""


def _unreachable(address: Address, error: Exception) -> FetchError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return FetchError(f"the certificate of {address.host} is not valid ({cause.verify_message})")
        if isinstance(cause, ssl.SSLError):
            return FetchError(f"no secure connection to {address.authority} came about ({cause.reason or 'TLS failed'})")
        cause = cause.__cause__ or cause.__context__
    return FetchError(f"{address.authority} could not be reached ({_short(error)})", later=True)


def _seconds(retry_after: str) -> float:
    """How long a Retry-After header, which names seconds or a moment, asks to wait."""
    if retry_after.isdecimal():
        return float(retry_after[:9])
    try:
        moment = parsedate_to_datetime(retry_after)
    except (ValueError, TypeError, IndexError, OverflowError):
        return REST_SECONDS
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def _how_to_allow(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"Whoever runs Dateline can allow it: ALLOWED_HOSTS={host}:{address.port}"
