"""EDGE. What every request passes before anything answers it: by which name, from whose page, who, and how much.

A pure ASGI application around the others, so that streams pass it piece by piece.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import quote, urlsplit

from ui.access import Access, loopback, name_in
from ui.readers import Readers, TooOftenError

log = logging.getLogger(__name__)

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "frame-src 'none'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_PATHS = frozenset({"/health", "/login"})
"""What is answered without an account. Everything else, files included, is not."""

LARGEST_BODY = 1_000_000
"""Bytes of a request to the API or a tool."""

LARGEST_FORM = 16_384
SLOWEST_BODY = 30.0
"""Seconds that such a request may take to arrive."""

APOLOGY = (
    "Something went wrong inside Dateline; it has nothing to do with what the articles say. The server's log tells what it was."
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]


class Guard:
    """An ASGI application in front of another. Without `readers` nobody needs an account.

    What it lets through knows who asks: `scope["reader"]` is an account's name, or None.
    """

    def __init__(
        self, app: App, *, host: str = "127.0.0.1", access: Access | None = None, readers: Readers | None = None
    ) -> None:
        self._app = app
        self._host = host
        self._access = access or Access()
        self._readers = readers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = _Headers(scope)
        program = _of_programs(scope["path"])
        refusal = self._stranger(scope, headers, program) or await self._nobody(scope, headers, program)
        if refusal:
            await refusal.send(scope, send, as_json=program)
            return
        sending = _Sending(send, private=self._readers is not None, program=program)
        limit = _limit(scope)
        if limit is not None:
            body = await _body(headers, receive, limit)
            if isinstance(body, Refusal):
                await body.send(scope, send, as_json=program)
                return
            receive = _again(body, receive)
        try:
            await self._app(scope, receive, sending)
        except Exception:
            if not program:
                raise
            log.exception("A request to %s failed.", scope["path"].split("/")[1])
            if not sending.begun:
                await Refusal(500, APOLOGY).send(scope, send, as_json=True)

    def _stranger(self, scope: Scope, headers: _Headers, program: bool) -> Refusal | None:
        """Another name for this machine, or another site's page."""
        host = headers["host"]
        if not self._access.answers_to(self._host, name_in(host)):
            if loopback(self._host):
                here = "This page answers to http://localhost and http://127.0.0.1 only"
                return Refusal(421, f"{here}, unless DATELINE_NAMES names another.")
            return Refusal(421, "This server does not answer to that name. If it is to, add the name to DATELINE_NAMES.")
        safe = scope.get("method") in SAFE_METHODS
        origin, site = headers["origin"], headers["sec-fetch-site"]
        # A browser tells the truth here, and says "null" for the origin of a form on a page that sends no referrer.
        same = _place(origin) == host if origin and origin != "null" else site == "same-origin" or not origin
        elsewhere = site in ("cross-site", "same-site")
        followed = safe and headers["sec-fetch-mode"] == "navigate" and headers["sec-fetch-dest"] == "document"
        if (not safe or program) and (not same or elsewhere) and not followed:
            return Refusal(403, "Another site's page may not do this.")
        return None

    async def _nobody(self, scope: Scope, headers: _Headers, program: bool) -> Refusal | None:
        """Somebody without an account, where one is needed."""
        scope["reader"] = None
        if self._readers is None or scope["path"] in OPEN_PATHS:
            return None
        try:
            scope["reader"] = await self._readers.who(
                headers["authorization"], headers["cookie"], headers["host"], caller(scope)
            )
        except TooOftenError as error:
            return Refusal(429, str(error), [(b"retry-after", str(error.seconds).encode())])
        if scope["reader"] is not None:
            return None
        if program:
            how = "Send a token, which `dateline token NAME` makes (Authorization: Bearer TOKEN), or name and password (Basic)."
            asks = [(b"www-authenticate", b"Bearer"), (b"www-authenticate", b'Basic realm="Dateline", charset="UTF-8"')]
            return Refusal(401, how, asks)
        if scope["type"] == "http" and scope["method"] == "GET" and "text/html" in headers["accept"]:
            back = scope["path"] + ("?" + scope["query_string"].decode("latin-1") if scope["query_string"] else "")
            to = "/login" if back == "/" else f"/login?next={quote(back, safe='')}"
            return Refusal(303, "Sign in first.", [(b"location", to.encode("ascii")), (b"cache-control", b"no-store")])
        return Refusal(401, "Sign in first.")


class Refusal:
    """A status and a sentence for a person."""

    def __init__(self, status: int, reason: str, headers: Iterable[Header] = ()) -> None:
        self.status = status
        self.reason = reason
        self._headers = tuple(headers)

    async def send(self, scope: Scope, send: Send, *, as_json: bool) -> None:
        """Send it, as `{"error": "..."}` or as text; a web socket is closed."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        body = json.dumps({"error": self.reason}).encode() if as_json else self.reason.encode()
        kind = b"application/json" if as_json else b"text/plain; charset=utf-8"
        length = str(len(body)).encode()
        headers = [(b"content-type", kind), (b"content-length", length), *self._headers, *HEADERS]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class _Headers:
    """A request's headers as text by lower-case name; empty for one that is not there."""

    def __init__(self, scope: Scope) -> None:
        self._raw: list[Header] = scope["headers"]

    def __getitem__(self, name: str) -> str:
        wanted = name.encode()
        joint = "; " if name == "cookie" else ", "
        return joint.join(value.decode("latin-1") for key, value in self._raw if key == wanted)


class _Sending:
    """`send`, which adds what every response carries and remembers whether one has begun."""

    def __init__(self, send: Send, *, private: bool, program: bool) -> None:
        self._send = send
        self._private = private
        self._program = program
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            given = {name.lower(): value for name, value in message.get("headers", ())}
            # Of two policies both hold; a page may well tell its own server where it was.
            more = [header for header in HEADERS if header[0] != b"referrer-policy" or header[0] not in given]
            page = given.get(b"content-type", b"").startswith((b"text/html", b"application/json"))
            if (self._program or (self._private and page)) and b"cache-control" not in given:
                more.append((b"cache-control", b"no-store"))
            message["headers"] = [*message.get("headers", ()), *more]
        await self._send(message)


def caller(scope: Scope) -> str:
    """The address that a request came from, or an empty string."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _place(origin: str) -> str | None:
    """The host and port that an origin names; None for what is no origin."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _of_programs(path: str) -> bool:
    return path in ("/api", "/mcp") or path.startswith(("/api/", "/mcp/"))


def _limit(scope: Scope) -> int | None:
    if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
        return None
    if _of_programs(scope["path"]):
        return LARGEST_BODY
    return LARGEST_FORM if scope["path"] in ("/login", "/logout") else None


async def _body(headers: _Headers, receive: Receive, limit: int) -> bytes | Refusal:
    """The whole body, unless it is too large or too slow."""
    too_large = Refusal(413, f"The request is larger than {limit:,} bytes. Send less at once.", [(b"connection", b"close")])
    length = headers["content-length"]
    if length.isdecimal() and int(length) > limit:
        return too_large
    body = bytearray()
    try:
        async with asyncio.timeout(SLOWEST_BODY):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return Refusal(400, "The request broke off.")
                body += message.get("body", b"")
                if len(body) > limit:
                    return too_large
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return Refusal(408, "The request did not arrive in time.", [(b"connection", b"close")])


def _again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body that was read already, and then what comes after it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
