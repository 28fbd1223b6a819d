"""What holds for every test: no network beyond this machine, no settings of the developer's."""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Run

ROOT = Path(__file__).resolve().parent.parent

SETTINGS = (
    "ALLOWED_FOLDERS", "ALLOWED_HOSTS", "CONTEXT_WINDOW", "DATA_DIR", "DATELINE_AUTH", "DATELINE_NAMES", "DATELINE_OPEN",
    "EMBEDDER", "HOST", "LOG_LEVEL", "PORT", "UNSUPPORTED", "VERIFIER",
)  # fmt: skip
PREFIXES = ("CHAT_", "OPENAI_", "CHROMA_", "GRADIO_")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")

_attempts: list[str] = []


LONGEST = ("test_page.py", "test_write.py", "test_index.py", "test_seeds.py", "test_chat.py", "test_cli.py", "test_feeds.py")
"""Files that take a quarter of a minute and more. They begin first, or one process is left with one of them at the end."""


class NetworkShutError(RuntimeError):
    """A test reached for a machine other than this one."""


def _is_here(host: object) -> bool:
    """Whether a host is this machine; names other than its own are not, as asking for them is traffic."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
    if name.lower().rstrip(".") in ("", "localhost", socket.gethostname().lower()):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _is_literal(host: object) -> bool:
    try:
        ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return True


def _shut_network(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        # Unix sockets have a path for an address; a connected socket sends to None.
        if not isinstance(address, tuple) or _is_here(address[0]):
            return
        target = f"{address[0]}:{address[1]}"
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        if _is_here(arguments[0]) or _is_literal(arguments[0]):
            return
        target = str(arguments[0])
    else:
        return
    _attempts.append(target)
    raise NetworkShutError(f"Tests talk to this machine only, and something reached for {target}.")


def pytest_configure(config: pytest.Config) -> None:
    # An audit hook rather than a patched socket class: it also sees what is called from C.
    sys.addaudithook(_shut_network)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(scope="session", autouse=True)
def _no_developer_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Session fixtures too see no setting of the developer's: not the environment, not a `.env`."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.upper() in SETTINGS + PROXIES or name.upper().startswith(PREFIXES):
                patch.delenv(name)
        patch.chdir(tmp_path_factory.mktemp("cwd"))
        yield


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test stands in its own empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def network_attempts() -> Iterator[list[str]]:
    """The hosts beyond this machine that were reached for; a test that expects some clears them.

    They fail the test even where the program under test made the best of the error.
    """
    _attempts.clear()
    yield _attempts
    if _attempts:
        pytest.fail(f"The test reached beyond this machine: {', '.join(sorted(set(_attempts)))}")


@pytest.fixture(scope="session")
def news_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the articles of `served`, for tests that change nothing of them."""
    from served import ARTICLES, articles

    import rag

    folder = tmp_path_factory.mktemp("library")
    with rag.open_chat(folder) as chat:
        report = chat.add(articles(tmp_path_factory.mktemp("news")))
    assert len(report.added) == len(ARTICLES)
    return folder


@pytest.fixture
def subprocess_env() -> dict[str, str]:
    """The environment for a Python that is started by a test and imports this tree."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """A command as it is typed, run in this process, for speed."""
    from ui import cli

    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in ("", "index", "rag", "ui")}

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dateline", *arguments])
        with pytest.raises(SystemExit) as exit:
            cli.main()
        output = capsys.readouterr()
        return int(exit.value.code or 0), output.out, output.err

    yield run
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
