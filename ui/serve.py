"""EDGE. The page on a port: refuses what it should not answer, and says what it may load."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import logging
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from index.errors import DatelineError

if TYPE_CHECKING:
    from rag.chat import Chat

log = logging.getLogger(__name__)

LARGEST_FILE = "100mb"
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

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class AddressError(DatelineError):
    """The page cannot be served on the host and port that were asked for."""


def serve(
    chat: Chat,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    open_browser: bool = False,
    folders: Sequence[Path] = (),
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the page for a `rag.Chat` until interrupted.

    `ready` is called with the page's URL once it answers; port 0 takes a free one. `folders` are those that may be
    read for the page, when `host` is a loopback one. Raises AddressError when host and port cannot be had.
    """
    listening = listen(host, port)
    url = address(host, listening.getsockname()[1])

    # What the first question needs is loaded while its reader still looks at the page.
    warming = threading.Thread(target=chat.warm, daemon=True)

    def started() -> None:
        warming.start()
        if ready:
            ready(url)
        if open_browser:
            show(url)

    try:
        server(chat, host=host, folders=folders, started=started).run(sockets=[listening])
    finally:
        if warming.is_alive():
            warming.join(timeout=10)  # the caller closes the chat, and it is still reading


def server(chat: Chat, *, host: str, folders: Sequence[Path] = (), started: Callable[[], None] | None = None) -> Any:
    """The `uvicorn.Server` for the page, not yet running; `started` is called once it answers."""
    import uvicorn

    from rag.feeds import Feeds, Watcher

    watcher = Watcher(chat.add, Feeds(Path(chat.data_dir)))

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            watcher.start()
            if self.started and started:
                threading.Thread(target=started, daemon=True).start()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # A page that is open holds a stream for as long as it is: cutting it off is no error.
            said = logging.getLogger("uvicorn.error")
            level = said.level
            said.setLevel(logging.CRITICAL)
            try:
                await super().shutdown(sockets=sockets)
                watcher.stop()
            finally:
                said.setLevel(level)

    if not loopback(host):
        log.warning("Anyone who can reach this machine on %s can ask, and add articles.", host)
    config = uvicorn.Config(
        # A factory, so that Gradio is built inside the running loop; outside it leaves one open.
        lambda: application(chat, host=host, folders=folders),
        factory=True,
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    return Server(config)


def application(chat: Chat, *, host: str = "127.0.0.1", folders: Sequence[Path] = ()) -> App:
    """The page as an ASGI application. On a loopback host it answers to loopback names only."""
    temporary = Path(chat.data_dir) / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    # Gradio reads these from the environment, the first when it is imported. Without the second it
    # imports pandas at the first question, and makes a table of the last thousands at each.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(10**12)
    os.environ["GRADIO_TEMP_DIR"] = str(temporary.resolve())

    import fastapi
    import gradio as gr

    from ui import theme
    from ui.app import build

    app = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    gr.mount_gradio_app(
        app,
        build(chat, folders=folders if loopback(host) else ()),
        path="/",
        theme=theme.theme(),
        head=theme.head(),
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        blocked_paths=[],
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        max_file_size=LARGEST_FILE,
        show_error=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
    )
    return guarded(app, only_loopback=loopback(host))


def guarded(app: App, *, only_loopback: bool) -> App:
    """The app behind its headers, and behind a check of who is spoken to and from where.

    A page elsewhere may point its own host name at this machine (DNS rebinding) or post forms
    here; the first shows in `Host`, the second in `Origin`.
    """

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        origin = headers.get(b"origin", b"").decode("latin-1")
        if only_loopback and not loopback(_name(host)):
            await _refuse(scope, send, 421, "This page answers to http://localhost and http://127.0.0.1 only.")
            return
        if origin and scope.get("method") not in SAFE_METHODS and urlsplit(origin).netloc != host:
            await _refuse(scope, send, 403, "Another site's page may not do this.")
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        await app(scope, receive, send_with_headers)

    return guard


async def _refuse(scope: Scope, send: Send, status: int, reason: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = reason.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _name(host: str) -> str:
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


def address(host: str, port: int) -> str:
    """The URL to open; a host that stands for every address is shown as 127.0.0.1."""
    shown = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown.strip("[]") and "[" not in shown else f"http://{shown}:{port}"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; raises AddressError, in words for a person, when that cannot be."""
    if not 0 <= port <= 65_535:
        raise AddressError(f"{port} is no port. Choose one from 1024 to 65535 with --port.")
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise AddressError(f"{host}:{port} is no address to serve on ({error}). Give another --host or --port.") from None
    listening = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise AddressError(_why(error, host, port)) from None
    listening.setblocking(False)
    return listening


def _why(error: Exception, host: str, port: int) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return (
            f"Port {port} is already taken on {host}, perhaps by another Dateline. "
            f"Stop that program, or choose another port with --port {port + 1}."
        )
    if number == errno.EACCES:
        return f"This system does not let you use port {port}. Choose one above 1023 with --port."
    if number == errno.EADDRNOTAVAIL:
        return f"This machine has no address {host}. Use --host 127.0.0.1, or an address of this machine."
    return f"{host}:{port} cannot be served on ({error}). Choose another with --host or --port."


def show(url: str) -> None:
    """Open the URL in a browser where there is one with a window; elsewhere nothing happens."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    with contextlib.suppress(webbrowser.Error):
        webbrowser.open(url)
