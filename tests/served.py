"""The real server on a free port of this machine, and articles for it."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

Result = TypeVar("Result")

TEXT = (
    "Kherson has been retaken. So far 2,000 mines have been cleared in Kherson, the mayor said on Saturday. "
    "The river port stays closed until the spring."
)
ARTICLES: list[dict[str, Any]] = [
    {"id": "wire/kherson?1", "title": "Kherson clears its mines", "text": TEXT, "url": "https://news.example/kherson",
     "outlet": "The Wire", "author": "Olha Bondar", "published": "2022-11-13"},
    {"id": "b", "title": "Bread prices rise", "text": "Bread costs a third more than last year, the bakers of Lyon say.",
     "url": "", "outlet": "Le Pain", "author": "", "published": "2023-02-01"},
    {"id": "c", "title": "A long letter", "text": "A letter about lighthouses and their keepers. " * 450,
     "url": "", "outlet": "the wire", "author": "", "published": None},
]  # fmt: skip
QUESTION = "How many mines have been cleared in Kherson?"


def articles(folder: Path) -> Path:
    """A file with the articles above."""
    file = folder / "news.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in ARTICLES), encoding="utf-8")
    return file


class Served:
    """A chat behind the real server, on a free port, in a thread of its own."""

    def __init__(self, chat: Any, host: str = "127.0.0.1", **options: Any) -> None:
        from ui.serve import address, listen, server

        self.chat = chat
        listening = listen(host, 0)
        self.url = address(host, listening.getsockname()[1])
        answering = threading.Event()
        self.server = server(chat, host=host, started=answering.set, **options)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listening]}, daemon=True)
        self.thread.start()
        assert answering.wait(60), "the page did not come up"

    def close(self, *, chat: bool = True) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        if chat:
            self.chat.close()


def posted(url: str, values: Any, **headers: str) -> socket.socket:
    """A connection on which JSON has just been posted, to be read or hung up."""
    place, body = urlsplit(url), json.dumps(values).encode()
    given = {"host": place.netloc, "content-type": "application/json", "content-length": str(len(body)), **headers}
    lines = [f"POST {place.path} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in given.items()), "", ""]
    connection = socket.create_connection((place.hostname, place.port), timeout=10)
    connection.sendall("\r\n".join(lines).encode() + body)
    return connection


def in_a_loop(work: Coroutine[Any, Any, Result]) -> Result:
    """What a coroutine gives, run in a loop and a thread of its own: browser tests leave a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def until(true: Callable[[], Any], seconds: float = 10) -> bool:
    """Wait until it is true; False when that takes longer."""
    begun = time.monotonic()
    while not true():
        if time.monotonic() - begun > seconds:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def serving(chat: Any, **options: Any) -> Iterator[Served]:
    """The chat behind the real server while inside; the chat stays open."""
    served = Served(chat, **options)
    try:
        yield served
    finally:
        served.close(chat=False)
