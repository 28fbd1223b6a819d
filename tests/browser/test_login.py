"""The page that asks for name and password, in a browser: by keyboard alone, in light and dark, and out again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fake_chat import FakeChat
from served import Served

from ui.access import Access
from ui.passwords import Accounts, Kept

PASSWORD = "a quiet Tuesday"


@pytest.fixture(scope="module")
def locked(serve: Callable[..., Served], tmp_path_factory: pytest.TempPathFactory) -> Served:
    accounts = Accounts.read(f"anna:{Kept.of(PASSWORD)}")
    return serve(FakeChat(tmp_path_factory.mktemp("locked")), access=Access(accounts))


def seen(page: Any, selector: str, style: str) -> str:
    return str(page.eval_on_selector(selector, f"one => getComputedStyle(one).{style}"))


@pytest.mark.browser
def test_signing_in_and_out_by_keyboard(open_page: Any, browser: Any, locked: Served) -> None:
    context = browser.new_context()
    page, foreign, errors = context.new_page(), list[str](), list[str]()
    page.on("request", lambda one: None if one.url.startswith((locked.url + "/", "data:")) else foreign.append(one.url))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.set_default_timeout(30_000)
    try:
        page.goto(f"{locked.url}/?from=a-letter")
        assert page.title() == "Sign in · Dateline"
        page.keyboard.type("anna")
        page.keyboard.press("Tab")
        page.keyboard.type("not the password")
        page.keyboard.press("Enter")
        page.wait_for_selector("[role=alert]")
        # The browser itself tells of a status that is no success.
        assert len(errors) == 1 and "401" in errors.pop()
        assert page.eval_on_selector(":focus", "one => one.id") == "password"
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("#start .start")
        assert page.url == f"{locked.url}/?from=a-letter"
        assert context.cookies()[0]["httpOnly"] and context.cookies()[0]["sameSite"] == "Lax"
        page.set_viewport_size({"width": 360, "height": 640})
        assert page.eval_on_selector("#sign-out button", "one => one.getBoundingClientRect().right") <= 360
        assert page.eval_on_selector("#name", "one => one.getBoundingClientRect().width") > 100
        page.focus("#sign-out button")
        page.keyboard.press("Enter")
        page.wait_for_selector("#who")
        assert context.cookies() == []
        page.go_back()
        page.wait_for_selector("#who")
    finally:
        context.close()
    assert foreign == [] and errors == []


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_telephone_and_is_readable(open_page: Any, browser: Any, locked: Served, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 640}, color_scheme=scheme)
    page = context.new_page()
    try:
        page.goto(f"{locked.url}/login")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        ink, paper = (seen(page, "body", style) for style in ("color", "backgroundColor"))
        assert (brightness(ink) > brightness(paper)) == (scheme == "dark")
        assert abs(brightness(ink) - brightness(paper)) > 150
    finally:
        context.close()


def brightness(colour: str) -> float:
    """Of `rgb(1, 2, 3)`: from 0 to 255."""
    return sum(map(int, colour.removeprefix("rgb(").rstrip(")").split(","))) / 3
