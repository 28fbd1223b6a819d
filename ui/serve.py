"""EDGE. The page, the API and the tools on one port, behind one guard."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ui.access import Access, AddressError, loopback

if TYPE_CHECKING:
    from rag.chat import Chat
    from ui.guard import App

__all__ = ["AddressError", "address", "application", "listen", "loopback", "serve", "server", "show"]

log = logging.getLogger(__name__)

LARGEST_FILE = "100mb"
ASKS, ASKS_EACH = 8, 4
"""Questions of programs that are worked on at once: in all, and of one account or address."""

LOOKS, LOOKS_EACH = 100, 50
"""Searches and the like: those that find no thread wait for one."""

THREADS = 32
"""Threads for what takes time: the questions of programs, as many of the page, and what is looked up meanwhile."""

QUEUE_EVERY = 0.01
"""Seconds between two looks into the page's queue: what a question waits at most, when nothing else is asked."""


def serve(
    chat: Chat,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    access: Access | None = None,
    open_browser: bool = False,
    folders: Sequence[Path] = (),
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the page, the API and the tools for a `rag.Chat` until interrupted.

    `access` says who may come in; by default whoever sits at this machine. `folders` are those that may be read for the
    page, where it is for this machine alone. `ready` is called with the page's URL once it answers; port 0 takes a free
    one. Raises AddressError when host and port cannot be had, and when others could come in there and nothing says that
    they may.
    """
    access = access or Access()
    access.check(host)
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
        server(chat, host=host, access=access, folders=folders, started=started).run(sockets=[listening])
    finally:
        if warming.is_alive():
            warming.join(timeout=10)  # the caller closes the chat, and it is still reading


def server(
    chat: Chat,
    *,
    host: str,
    access: Access | None = None,
    folders: Sequence[Path] = (),
    started: Callable[[], None] | None = None,
) -> Any:
    """The `uvicorn.Server` for the page, not yet running; `started` is called once it answers. Raises AddressError."""
    import uvicorn

    from rag.feeds import Feeds, Watcher

    access = access or Access()
    access.check(host)
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

    if access.open and access.accounts is None:
        log.warning("Anyone who can reach this machine on %s can ask, and add articles.", host)
    config = uvicorn.Config(
        # A factory, so that Gradio is built inside the running loop; outside it leaves one open.
        lambda: application(chat, host=host, access=access, folders=folders),
        factory=True,
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    return Server(config)


def application(chat: Chat, *, host: str = "127.0.0.1", access: Access | None = None, folders: Sequence[Path] = ()) -> App:
    """The page at /, the API at /api and the tools at /mcp, as one ASGI application. Call it inside the running loop."""
    access = access or Access()
    temporary = Path(chat.data_dir) / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    # Gradio reads these from the environment, the first when it is imported. Without the second it
    # imports pandas at the first question, and makes a table of the last thousands at each.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(10**12)
    os.environ["GRADIO_TEMP_DIR"] = str(temporary.resolve())

    import fastapi
    import gradio as gr
    from starlette.routing import Route

    from ui import api, login, theme
    from ui.app import build
    from ui.cookie import with_secret
    from ui.guard import Guard
    from ui.readers import Readers
    from ui.room import Room, Rooms
    from ui.sessions import Sessions
    from ui.tools import Endpoint, Tools

    rooms = Rooms(Room(ASKS, ASKS_EACH), Room(LOOKS, LOOKS_EACH))
    endpoint = Endpoint(Tools(chat, rooms))
    sessions = Sessions(Path(chat.data_dir)) if access.accounts is not None else None
    readers = Readers(access.accounts, sessions) if access.accounts is not None and sessions is not None else None

    @contextlib.asynccontextmanager
    async def running(_: fastapi.FastAPI) -> AsyncIterator[None]:
        # asyncio's own has six threads on a small machine: as many slow answers would hold up every search.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="dateline"))
        async with endpoint.running():
            yield
        if sessions is not None:
            sessions.close()

    app = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=running)
    app.add_api_route("/health", lambda: api.health(chat), include_in_schema=False)
    app.router.routes.append(Route("/mcp", endpoint))
    app.router.routes.extend(login.routes(readers) if readers else [])
    programs = api.api(chat, rooms)
    app.router.routes.append(Route("/api", programs))  # a mount does not answer to its own name
    app.mount("/api", programs)
    page = build(
        chat,
        sign_out=readers is not None,
        folders=folders if access.alone(host) else (),
        removing=access.removing,
    )
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        # Gradio gives the name to what it calls: `gr.Request.username`.
        auth_dependency=(lambda request: request.scope.get("reader")) if readers else None,
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
    # Gradio looks into its empty queue a thousand times a second, which lets no processor rest.
    queue = page._queue
    queue.sleep_when_free = queue.progress_update_sleep_when_free = QUEUE_EVERY
    # Who signs in is known by the account: a secret of the browser's own would outlive the signing out.
    return Guard(app if readers else with_secret(app), host=host, access=access, readers=readers)


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
