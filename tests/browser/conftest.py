"""A real Chromium in front of the real page; a page that shows an error or looks elsewhere fails its test."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fake_chat import FakeChat
from served import Served

from index.types import Article
from rag.types import Answer

ROOT = Path(__file__).resolve().parents[2]
SEEDS = sorted((ROOT / "seeds").glob("*.md"))
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOW = "Get both with `pip install playwright` and `apt install chromium`, or name one in DATELINE_CHROMIUM."


def chromium() -> str | None:
    """The path of a Chromium on this machine."""
    return os.environ.get("DATELINE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def missing() -> str:
    """Why the browser cannot be driven here, or an empty string."""
    if importlib.util.find_spec("playwright") is None:
        return f"playwright is not installed. {HOW}"
    return "" if chromium() else f"there is no Chromium. {HOW}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    why = missing()
    for item in items:
        if "open_page" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            if why and os.environ.get("CI_REQUIRE_BROWSER") != "1":
                item.add_marker(pytest.mark.skip(reason=f"Browser tests were skipped: {why}"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", []) if report.longrepr]
    ours = [reason for reason in skipped if "Browser tests were skipped" in reason]
    if ours:
        terminalreporter.write_line(f"{len(ours)} tests: {ours[0].removeprefix('Skipped: ')}", yellow=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    why = missing()
    if why:
        pytest.fail(f"The browser tests are required here, but {why}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[..., Served]]:
    """Serve a chat until the end of the file."""
    running: list[Served] = []

    def start(chat: Any, **options: Any) -> Served:
        running.append(Served(chat, **options))
        return running[-1]

    yield start
    for served in running:
        served.close()


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The real thing: the starter collection, asked without a key."""
    import rag

    chat = rag.open_chat(data_dir=tmp_path_factory.mktemp("seeds"))
    report = chat.add(*SEEDS)
    assert report.added and not report.failed, str(report)
    served = Served(chat)
    yield served
    served.close()


@pytest.fixture(scope="session")
def answered(seeds: Served) -> list[dict[str, Any]]:
    """Three of the starter collection's questions, each with the phrase that its answer quotes."""
    lines = (ROOT / "seeds" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    found: list[dict[str, Any]] = []
    for one in map(json.loads, filter(str.strip, lines)):
        answer = seeds.chat.ask(one["question"]) if one.get("phrase") else None
        if answer and any(one["phrase"] in claim.text for claim in answer.claims):
            found.append(one)
        if len(found) == 3:
            return found
    pytest.fail("the engine answers fewer than three of the starter collection's questions")


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(FakeChat(tmp_path_factory.mktemp("stage")))
    yield served
    served.close()


@pytest.fixture
def fake(stage: Served) -> Callable[..., Served]:
    """The one server of a `FakeChat`, with the given articles and answers from now on."""

    def start(articles: list[Article], answers: Callable[[str], Answer] | None = None, **options: Any) -> Served:
        stage.chat.__init__(stage.chat.data_dir, articles, answers, **options)
        return stage

    return start


@dataclass
class Watch:
    """What a browser page did that it should not have done."""

    url: str
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    left: bool = False
    """Set while the page is closed or loaded anew: what is under way then breaks off, which is no error."""

    def on(self, page: Any) -> None:
        page.on("request", self._request)
        page.on("console", lambda said: self._error(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self._error(str(error)))
        page.on("dialog", self._dialog)

    def _error(self, text: str) -> None:
        if not self.left:
            self.errors.append(text)

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.url + "/", "data:", "blob:")):
            self.foreign.append(request.url)

    def _dialog(self, dialog: Any) -> None:
        self.errors.append(f"a dialog opened: {dialog.message}")
        dialog.dismiss()


@pytest.fixture(scope="session")
def context(browser: Any) -> Iterator[Any]:
    # One for all tests: what a page loads from a server is loaded once, as with a reader who returns.
    shared = browser.new_context()
    shared.set_default_timeout(30_000)
    yield shared
    shared.close()


@pytest.fixture
def open_page(context: Any) -> Iterator[Callable[..., Any]]:
    """Open a served page; afterwards no console error and no request to another host may have been."""
    opened: list[tuple[Any, Watch]] = []

    def start(served: Served, path: str = "/", width: int = 1280, height: int = 800, scheme: str = "light") -> Any:
        page, watch = context.new_page(), Watch(served.url)
        opened.append((page, watch))
        page.watch = watch
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        watch.on(page)
        page.goto(served.url + path)
        page.wait_for_selector("#start .start, #start .failure")
        return page

    yield start
    for page, watch in opened:
        watch.left = True
        page.close()
    for _, watch in opened:
        assert watch.foreign == [], "the page reached for another host"
        assert watch.errors == [], "the page had errors"
