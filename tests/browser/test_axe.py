"""What axe finds wrong with the page for those who use it by keyboard, by ear or in large print: nothing serious."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Served
from fake_chat import FakeChat
from on_page import BRIDGE, HARBOUR, MARKERS, ask, flat, follow
from test_library import room, written
from test_login import locked  # noqa: F401

pytestmark = pytest.mark.slow

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def axe() -> Any:
    sync = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: make install-dev")
    return sync.Axe()


def faults(axe: Any, page: Any) -> list[str]:
    """What it finds of serious or critical impact: the rule, and the part that breaks it."""
    return [
        f"{one['id']}: {flat(node['html'])[:200]} {flat(node['failureSummary'])[:300]}"
        for one in axe.run(page).response["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.fixture(scope="module")
def held(serve: Callable[..., Served], tmp_path_factory: pytest.TempPathFactory) -> Served:
    chat = FakeChat(tmp_path_factory.mktemp("axe"), [BRIDGE, HARBOUR], written, next=["What opens on Tuesday?"])
    return serve(chat)


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_room(axe: Any, held: Served, open_page: Open, scheme: str, width: int) -> None:
    page = open_page(held, scheme=scheme, width=width)
    found = {"start": faults(axe, page)}
    ask(page, "bridge")
    page.wait_for_selector("#messages ul.asks")
    found["answer"] = faults(axe, page)
    follow(page, page.locator(MARKERS).first)
    found["panel"] = faults(axe, page)
    if width == 360:
        page.click("#panel .close")
    room(page, "library")
    page.click("#add > .label-wrap")
    for way in ("files", "addresses", "text", "folder"):
        page.click(f"#ways [data-tab-id={way}]")
        found[way] = faults(axe, page)
    page.click("#watched > .label-wrap")
    page.wait_for_selector("#feeds .nothing")
    page.click("#entries .entry >> nth=0")
    page.click("#panel .ask-remove")
    found["library"] = faults(axe, page)
    if width == 360:
        page.click("#panel .close")
    room(page, "quote")
    page.fill("#remembered textarea", "The bridge reopened on Monday")
    page.click("#find-quote")
    page.wait_for_selector("#found .quotes")
    found["quote"] = faults(axe, page)
    assert {place: told for place, told in found.items() if told} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_signing_in(axe: Any, browser: Any, locked: Served, scheme: str) -> None:  # noqa: F811
    context = browser.new_context(color_scheme=scheme)
    try:
        page = context.new_page()
        page.goto(locked.url)
        page.wait_for_selector("#who")
        assert faults(axe, page) == []
    finally:
        context.close()


def test_it_is_awake(axe: Any, held: Served, open_page: Open) -> None:
    page = open_page(held)
    page.eval_on_selector("#start", "part => part.insertAdjacentHTML('beforeend', '<button></button>')")
    page.eval_on_selector("#start p", "part => { part.style.color = 'var(--rule)'; }")
    assert {told.partition(":")[0] for told in faults(axe, page)} == {"button-name", "color-contrast"}
