"""A web site of this machine's own, for the tests of fetching: it answers what a test has put there, and notes who asked."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from index.fetch import Fetcher

NAME = "news.test"


@dataclass
class Asked:
    """One request, with the moments it began and ended."""

    path: str
    headers: dict[str, str]
    begun: float
    ended: float = 0.0


@dataclass
class Page:
    """What is answered: a body with its status and headers, or whatever `act` does with the connection."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    act: Callable[[BaseHTTPRequestHandler], None] | None = None


class Site:
    """A site at `http://news.test:PORT`, a name that only the resolver of `fetcher` knows. Use it as a context manager."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[Asked] = []
        self.names: dict[str, list[str]] = {NAME: ["127.0.0.1"]}
        self.looked_up: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site._answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a fetcher that hangs up in the middle is what some tests are about

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str, host: str = NAME) -> str:
        return f"http://{host}:{self.port}{path}"

    def put(self, path: str, body: str | bytes = b"", kind: str = "text/html", status: int = 200, **headers: str) -> str:
        """Answer `path` with this from now on, with an ETag of its own; returns its address."""
        content = body.encode() if isinstance(body, str) else body
        said = {"Content-Type": kind, "ETag": f'"{hashlib.md5(content).hexdigest()}"'}
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = Page(content, status, {name: value for name, value in said.items() if value})
        return self.url(path)

    def act(self, path: str, act: Callable[[BaseHTTPRequestHandler], None]) -> str:
        self.pages[path] = Page(act=act)
        return self.url(path)

    def resolve(self, host: str, port: int) -> list[str]:
        self.looked_up.append(host)
        if host not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self.names[host]

    def fetcher(self, **options: Any) -> Fetcher:
        """A fetcher that finds this site, and is allowed to go there."""
        options = {"allowed_hosts": [f"{NAME}:{self.port}"], "resolve": self.resolve, "pause": 0.0, "timeout": 2.0, **options}
        return Fetcher(**options)

    def paths(self) -> list[str]:
        """What was asked for since the last call of `forget`, robots.txt aside."""
        return [asked.path for asked in self.asked if asked.path != "/robots.txt"]

    def forget(self) -> None:
        self.asked.clear()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        asked = Asked(request.path, {name.lower(): value for name, value in request.headers.items()}, time.monotonic())
        self.asked.append(asked)
        page = self.pages.get(request.path, Page(status=404))
        if page.act:
            page.act(request)
            request.close_connection = True
        elif page.status == 200 and asked.headers.get("if-none-match", "-") == page.headers.get("ETag"):
            request.send_response(304)
            request.end_headers()
        else:
            request.send_response(page.status)
            for name, value in {"Content-Length": str(len(page.body)), **page.headers}.items():
                request.send_header(name, value)
            request.end_headers()
            request.wfile.write(page.body)
        asked.ended = time.monotonic()
