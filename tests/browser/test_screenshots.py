"""The pictures in docs/, of the starter collection, taken when they are asked for: DATELINE_SCREENSHOTS=1 make test"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Served
from on_page import MARKERS, ask, follow
from test_library import room

DOCS = Path(__file__).resolve().parents[2] / "docs"

pytestmark = pytest.mark.skipif(os.environ.get("DATELINE_SCREENSHOTS") != "1", reason="takes the pictures in docs/ on demand")


def test_take_pictures_of_the_rooms(seeds: Served, open_page: Callable[..., Any]) -> None:
    page = open_page(seeds, width=1280, height=760)
    ask(page, "How many mines have been cleared?")
    ask(page, "Did Iran supply drones to Russia?")
    follow(page, page.locator(MARKERS).first)
    page.mouse.move(0, 0)
    page.screenshot(path=DOCS / "screenshot.png")
    room(page, "library")
    page.screenshot(path=DOCS / "library.png")

    page = open_page(seeds, width=1280, height=760, scheme="dark")
    room(page, "quote")
    page.fill("#remembered textarea", "2,000 mines were cleared")
    page.click("#find-quote")
    page.wait_for_selector("#found .quotes")
    page.locator("#found button").first.click()
    page.wait_for_selector("#panel mark")
    page.screenshot(path=DOCS / "quote.png")
