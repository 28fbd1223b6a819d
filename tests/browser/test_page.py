"""The page in a real Chromium: what a reader sees and does.

The engine is the real one with the starter collection, except where a test needs an article, an
error or a slowness that it does not have.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import SEEDS, Served
from fake_chat import article, cite, quoting
from on_page import (
    BOX,
    BRIDGE,
    DONE,
    HARBOUR,
    HOSTILE,
    MARKERS,
    PAYLOAD,
    ask,
    bridge_answers,
    contrast,
    flat,
    follow,
    in_view,
    luminance,
    marked,
    unnamed,
)

from index.errors import DatelineError
from rag.types import Answer

Open = Callable[..., Any]
Fake = Callable[..., Served]


# The whole way, with the real engine


Asked = list[dict[str, Any]]


def test_ask_and_follow_a_marker_to_the_very_words(seeds: Served, open_page: Open, answered: Asked) -> None:
    one = answered[0]
    page = open_page(seeds)
    ask(page, one["question"])
    assert one["phrase"] in flat(page.inner_text(DONE))
    markers = page.locator(MARKERS)
    assert markers.count() >= 1
    for place in range(markers.count()):
        link = markers.nth(place)
        follow(page, link)
        quotes = [flat(text) for text in page.locator(f"{DONE} .words").all_inner_texts()]
        assert marked(page) and any(marked(page) in quote for quote in quotes)
        page.wait_for_function("document.activeElement.matches('mark.current')")
        assert in_view(page)
        assert link.get_attribute("aria-current") == "true"
        assert page.locator("#messages a[aria-current]").count() == 1
        known = {a.title: a for a in seeds.chat.articles()}[page.inner_text("#panel h2")]
        kicker = page.inner_text("#panel .kicker")
        assert known.outlet in kicker
        if known.published:
            assert str(known.published.year) in kicker
        assert marked(page) in flat(known.text)


def test_a_marker_of_an_earlier_turn_keeps_its_words(seeds: Served, open_page: Open, answered: Asked) -> None:
    first, second = answered[0], answered[2]
    page = open_page(seeds)
    ask(page, first["question"])
    link = page.locator(MARKERS).first
    follow(page, link)
    words, title = marked(page), page.inner_text("#panel h2")
    ask(page, second["question"])
    page.wait_for_selector('#panel [data-current^="src-2-"]')
    assert marked(page) != words
    follow(page, page.locator('#messages a[href="#src-1-1"]'))
    assert (marked(page), page.inner_text("#panel h2")) == (words, title)


def test_what_the_articles_do_not_say_is_told_calmly(seeds: Served, open_page: Open) -> None:
    page = open_page(seeds)
    ask(page, "What did Banksy paint in Paris?")
    assert page.locator(f"{DONE}.unanswered").count() == 1
    assert page.locator("#messages .failure").count() == 0
    assert flat(page.inner_text(f"{DONE} > p:first-child"))
    if page.locator(MARKERS).count():
        follow(page, page.locator(MARKERS).first)
        assert marked(page)


def test_questions_to_start_from_are_asked_by_a_click(seeds: Served, open_page: Open) -> None:
    page = open_page(seeds)
    assert "14 articles" in page.inner_text("#name .collection")
    assert "Dateline seeds" in page.inner_text("#name .collection")
    page.wait_for_selector("button.suggestion")
    suggestions = page.locator("button.suggestion")
    assert suggestions.count() == 4
    question = suggestions.first.inner_text()
    suggestions.first.click()
    page.wait_for_selector(f"{DONE}:not(.unanswered)")
    assert page.inner_text("#messages .asked") == question
    page.click("#new-chat")
    page.wait_for_selector("button.suggestion")
    assert page.locator("#messages .message-row").count() == 0
    page.wait_for_selector("#panel .none")


@pytest.mark.slow
def test_an_empty_collection_says_how_and_works_once_filled(
    serve: Callable[..., Served], open_page: Open, tmp_path: Path
) -> None:
    import rag

    served = serve(rag.open_chat(data_dir=tmp_path / "data"))
    page = open_page(served)
    assert "dateline add" in page.inner_text("#start")
    assert "No articles yet" in page.inner_text("#name")
    with rag.open_chat(data_dir=tmp_path / "data") as elsewhere:
        elsewhere.add(*SEEDS)
    page.wait_for_selector("#start .start:not(.empty)")
    assert "14 articles" in page.inner_text("#name")
    ask(page, "How many mines have been cleared?")
    assert "2,000 mines" in flat(page.inner_text(DONE))


@pytest.mark.slow
def test_dropped_files_are_added_and_can_be_asked_about(serve: Callable[..., Served], open_page: Open, tmp_path: Path) -> None:
    import rag

    good = tmp_path / "lighthouse.md"
    good.write_text(
        "---\ntitle: The lighthouse of Skagen\noutlet: Harbour Gazette\ndate: 2021-05-04\n---\n\n"
        "The lighthouse of Skagen was relit on Tuesday. Its lamp has a range of 23 nautical miles.\n",
        encoding="utf-8",
    )
    bad = tmp_path / "empty.txt"
    bad.write_bytes(b"")
    served = serve(rag.open_chat(data_dir=tmp_path / "data"))
    page = open_page(served)
    page.click("#start button[data-tab=library]")
    page.wait_for_selector('#add > .label-wrap[aria-expanded="true"]')
    page.set_input_files("#files input[type=file]", [str(good), str(bad)])
    page.wait_for_selector("#outcome .adding")
    page.wait_for_selector("#outcome .added", timeout=20_000)
    told = page.inner_text("#outcome")
    assert "The lighthouse of Skagen" in told and "empty.txt" in told
    assert [file.name for file in (tmp_path / "data" / "uploads").iterdir()] == ["lighthouse.md"]
    assert [Path(one.source).name for one in served.chat.articles()] == ["lighthouse.md"]
    page.wait_for_function("document.querySelector('#name').innerText.includes('1 article')")
    page.click("[data-tab-id=ask-tab]")
    ask(page, "What is the range of the lamp?")
    assert "23 nautical miles" in page.inner_text(DONE)

    page.click("[data-tab-id=library-tab]")
    page.set_input_files("#files input[type=file]", [str(good)])
    page.wait_for_function("document.querySelector('#outcome').innerText.toLowerCase().includes('unchanged')")


# While an answer is written


def test_stop_keeps_what_has_come_and_closes_the_stream(fake: Fake, open_page: Open) -> None:
    served = fake([BRIDGE], bridge_answers, tokens=["one ", "two ", "three "] * 100, pause=0.03)
    page = open_page(served)
    ask(page, "slowly", wait="#messages .writing .so-far")
    page.wait_for_selector("#stop")
    page.click("#stop")
    page.wait_for_selector("#messages .stopped")
    said = page.inner_text("#messages .stopped")
    assert said.startswith("one two") and "Stopped" in said
    assert served.chat.closed == 1
    page.wait_for_selector("#ask")
    page.wait_for_function("document.activeElement.matches('#question textarea')")
    served.chat.tokens = ()
    ask(page, "again")
    assert page.locator(MARKERS).count() == 3
    assert served.chat.histories[-1] == [], "a stopped answer is no history"
    ask(page, "and again")
    assert served.chat.histories[-1][0].content == "again"


def test_a_reader_who_leaves_stops_the_stream(fake: Fake, open_page: Open) -> None:
    served = fake([BRIDGE], bridge_answers, tokens=["word "] * 400, pause=0.03)
    page = open_page(served)
    ask(page, "slowly", wait="#messages .writing .so-far")
    page.close()
    for _ in range(100):
        if served.chat.closed:
            break
        time.sleep(0.05)
    assert served.chat.closed == 1


@pytest.mark.slow
def test_nothing_of_the_old_conversation_arrives_in_a_new_one(fake: Fake, open_page: Open) -> None:
    served = fake([BRIDGE], bridge_answers, tokens=["word "] * 30, pause=0.03)
    page = open_page(served)
    ask(page, "slowly", wait="#messages .writing .so-far")
    page.click("#new-chat")
    page.wait_for_selector("#start .start")
    page.wait_for_selector("#ask")
    page.wait_for_timeout(600)
    assert page.locator("#messages .message-row").count() == 0 and served.chat.closed == 1
    served.chat.tokens = ()
    ask(page, "again")
    assert page.locator("#messages .asked").all_inner_texts() == ["again"]
    assert served.chat.histories[-1] == []


def test_text_that_streams_is_shown_as_it_is(fake: Fake, open_page: Open) -> None:
    served = fake(
        [BRIDGE],
        bridge_answers,
        tokens=["<b>bold</b> ", "![x](http://e.example/x.png) ", "${1+1} ", *["…"] * 4],
        pause=0.3,
    )
    page = open_page(served)
    page.fill(BOX, "hostile tokens")
    page.press(BOX, "Enter")
    page.wait_for_function("document.querySelector('#messages .so-far')?.innerText.includes('${1+1}')")
    assert page.inner_text("#messages .so-far").startswith("<b>bold</b> ![x](http://e.example/x.png)")
    page.keyboard.type("the next question")
    page.wait_for_selector(DONE)
    page.wait_for_selector("#ask")
    assert page.input_value(BOX) == "the next question"


@pytest.mark.slow
def test_readers_do_not_wait_for_each_other_and_see_only_their_own(fake: Fake, open_page: Open) -> None:
    served = fake([BRIDGE], bridge_answers, tokens=["word "] * 20, pause=0.1)
    pages = [open_page(served) for _ in range(2)]
    for number, page in enumerate(pages):
        page.fill(BOX, f"question {number}")
        page.press(BOX, "Enter")
    for number, page in enumerate(pages):
        page.wait_for_selector(DONE)
        assert page.locator("#messages .asked").all_inner_texts() == [f"question {number}"]
    assert served.chat.at_once == 2


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DatelineError("The server at 127.0.0.1:1 does not answer. Start it."), "does not answer. Start it."),
        (RuntimeError("secret detail"), "Something went wrong inside Dateline"),
    ],
)
def test_a_failure_is_told_as_one_and_keeps_the_question(
    fake: Fake, open_page: Open, error: Exception, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(question: str) -> Answer:
        raise error

    page = open_page(fake([BRIDGE], fail))
    ask(page, "What is it?", wait="#messages .failure")
    assert said in page.inner_text("#messages .failure")
    assert "secret detail" not in page.inner_text("#messages")
    assert page.locator("#messages .unanswered").count() == 0
    page.wait_for_function("document.querySelector('#question textarea').value === 'What is it?'")
    assert ("secret detail" in caplog.text) is isinstance(error, RuntimeError)


def test_a_question_that_is_too_long_is_refused_with_the_limit(fake: Fake, open_page: Open) -> None:
    page = open_page(fake([BRIDGE], bridge_answers))
    ask(page, "x" * 5000, wait="#messages .failure")
    assert "5,000 characters; at most 4,000" in page.inner_text("#messages .failure")


# Hostile text


def test_hostile_text_is_only_text(fake: Fake, open_page: Open) -> None:
    served = fake([HOSTILE], lambda question: quoting(question, [cite(1, HOSTILE, PAYLOAD)]))
    page = open_page(served)
    assert PAYLOAD in page.inner_text("button.suggestion")
    question = f"Question {PAYLOAD}"
    ask(page, question)
    follow(page, page.locator(MARKERS).first)
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None
    assert page.inner_text("#messages .asked") == question
    assert page.inner_text(f"{DONE} .words") == PAYLOAD
    assert page.inner_text("#panel h2") == HOSTILE.title
    assert page.inner_text("#panel .byline") == HOSTILE.author
    assert marked(page) == PAYLOAD
    assert "<iframe src=http://evil.example></iframe>" in page.inner_text("#panel .text")
    for place in ("#messages", "#panel", "#start", "#name"):
        assert page.locator(f"{place} :is(img, script, iframe)").count() == 0
    assert page.locator("#panel a, #messages a:not(.cite)").count() == 0
    assert page.evaluate("[...document.links].every(a => a.hash || a.href.startsWith(location.origin))")


@pytest.mark.slow
def test_hostile_text_through_the_real_engine(serve: Callable[..., Served], open_page: Open, tmp_path: Path) -> None:
    import json

    import rag

    source = tmp_path / "hostile.jsonl"
    payload = "<img src=x onerror=alert(1)> ${alert(2)} {{3}} ![p](http://evil.example/p.png)"
    line = {"id": "h1", "title": f"Zebra {payload}", "url": "javascript:alert(1)", "outlet": payload}
    line["text"] = f"The zebra {payload} escaped from the zoo of Aarhus on Monday. Nobody was hurt."
    source.write_text(json.dumps(line) + "\n", encoding="utf-8")
    chat = rag.open_chat(data_dir=tmp_path / "data")
    chat.add(source)
    page = open_page(serve(chat))
    ask(page, "When did the zebra escape from the zoo of Aarhus?")
    follow(page, page.locator(MARKERS).first)
    assert "${alert(2)} {{3}}" in page.inner_text("#panel h2")
    assert page.locator("#panel :is(img, a)").count() == 0 and page.locator("#messages img").count() == 0


# Reading


def test_previous_and_next_go_through_the_citations(fake: Fake, open_page: Open) -> None:
    page = open_page(fake([BRIDGE, HARBOUR], bridge_answers))
    ask(page, "bridge")
    follow(page, page.locator(MARKERS).first)
    assert page.is_disabled('#panel [aria-label="Previous citation"]')
    assert page.locator("#panel mark").all_inner_texts() == [
        "The bridge reopened on Monday.",
        "Traffic 🚦 flows again.",
    ]
    seen = [marked(page)]
    for target in ("src-1-2", "src-1-3"):
        page.click('#panel [aria-label="Next citation"]')
        page.wait_for_selector(f'#panel [data-current="{target}"]')
        seen.append(marked(page))
    assert seen == [
        "The bridge reopened on Monday.",
        "Traffic 🚦 flows again.",
        "The harbour opens on Tuesday at noon.",
    ]
    assert page.is_disabled('#panel [aria-label="Next citation"]')
    assert page.get_attribute('#messages a[href="#src-1-3"]', "aria-current") == "true"
    page.click('#panel [aria-label="Previous citation"]')
    page.wait_for_selector('#panel [data-current="src-1-2"]')
    link = page.locator("#panel .original a")
    assert link.get_attribute("href") == BRIDGE.url
    assert (link.get_attribute("target"), link.get_attribute("rel")) == (
        "_blank",
        "noopener noreferrer nofollow",
    )
    assert "13 November 2022" in page.inner_text("#panel .kicker")
    assert page.locator(MARKERS).first.get_attribute("title").endswith("“The bridge reopened on Monday.”")


@pytest.mark.slow
def test_a_megabyte_of_article_does_not_freeze_the_page(fake: Fake, open_page: Open) -> None:
    filler = "says nothing that matters to anyone. 🚦 " * 12
    text = "\n\n".join(f"Paragraph {number} {filler}" for number in range(2_200))
    long = article(1, "A long read", text)
    assert len(text) > 1_000_000
    quote = "Paragraph 1500 says nothing that matters to anyone."
    page = open_page(fake([long], lambda question: quoting(question, [cite(1, long, quote)])))
    ask(page, "long")
    began = time.monotonic()
    follow(page, page.locator(MARKERS).first)
    page.wait_for_function("document.activeElement.matches('mark.current')")
    assert time.monotonic() - began < 1
    assert marked(page) == quote and in_view(page)
    assert len(page.inner_text("#panel .text")) < 25_000
    page.locator("#panel .whole").first.click()
    page.wait_for_function("document.querySelectorAll('#panel .text p').length === 2200")
    page.wait_for_function("document.activeElement.matches('mark.current')")
    assert marked(page) == quote and in_view(page)


def test_the_keyboard_alone_is_enough(fake: Fake, open_page: Open) -> None:
    page = open_page(fake([BRIDGE, HARBOUR], bridge_answers))
    focused = "document.activeElement"
    page.wait_for_function(f"{focused}.matches('#question textarea')")
    page.keyboard.type("first line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    assert page.locator("#messages .message-row").count() == 0
    page.keyboard.press("Enter")
    page.wait_for_selector(DONE)
    assert page.inner_text("#messages .asked") == "first line\nsecond line"
    # What can be done with the answer stands between its words and the question box.
    for _ in range(9):
        page.keyboard.press("Shift+Tab")
        if page.evaluate(f"{focused}.getAttribute('href') === '#src-1-2'"):
            break
    else:
        pytest.fail("the second marker is not reached by Shift+Tab from the question")
    outline = page.evaluate(f"getComputedStyle({focused}).outlineStyle")
    assert outline == "solid"
    # Its quote is shown, and stays when the conversation is scrolled to it.
    page.wait_for_selector("#tip:not([hidden])")
    page.locator("#messages").evaluate("one => one.dispatchEvent(new Event('scroll'))")
    assert page.locator("#tip").is_visible() and page.inner_text("#tip p")
    page.keyboard.press("Enter")
    page.wait_for_function(f"{focused}.matches('mark.current')")
    assert marked(page) == "Traffic 🚦 flows again."
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(f"{focused}.getAttribute('aria-label')") == "Next citation"
    page.keyboard.press("Enter")
    page.wait_for_selector('#panel [data-current="src-1-3"]')
    page.keyboard.press("Escape")
    assert page.evaluate(f"{focused}.getAttribute('href')") == "#src-1-3"


@pytest.mark.slow
def test_escape_is_heard_while_an_article_takes_anothers_place(fake: Fake, open_page: Open) -> None:
    page = open_page(fake([BRIDGE, HARBOUR], bridge_answers))
    ask(page, "bridge")
    follow(page, page.locator(MARKERS).nth(1))
    page.wait_for_function("document.activeElement.matches('mark.current')")
    # Frames that come late: the article is drawn, and the focus that stood in the one before is nowhere yet.
    page.evaluate("window.requestAnimationFrame = late => setTimeout(late, 400)")
    page.evaluate("window.cancelAnimationFrame = late => clearTimeout(late)")
    page.locator("#panel [aria-label='Next citation']").click()
    page.wait_for_selector('#panel [data-current="src-1-3"]')
    page.keyboard.press("Escape")
    to_marker = "document.activeElement.getAttribute('href') === '#src-1-3'"
    page.wait_for_function(to_marker, timeout=300)
    page.wait_for_timeout(500)
    assert page.evaluate(to_marker), "what arrived late took the focus of whoever had left"


def test_everything_that_can_be_pressed_has_a_name(fake: Fake, open_page: Open) -> None:
    page = open_page(fake([BRIDGE, HARBOUR], bridge_answers))
    ask(page, "bridge")
    assert unnamed(page) == []
    log = page.locator("#messages [role=log]")
    assert log.get_attribute("aria-live") == "polite"
    page.wait_for_function("!document.querySelector('#messages [data-testid][aria-label]')")


# Sizes and colours


def test_a_phone_gets_the_source_as_a_sheet(fake: Fake, open_page: Open) -> None:
    served = fake([BRIDGE, HARBOUR], bridge_answers)
    page = open_page(served, width=360, height=740)

    def fits() -> bool:
        return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))

    assert fits()
    ask(page, "bridge")
    assert fits() and not page.is_visible("#sources")
    second = page.locator(MARKERS).nth(1)
    second.click()
    page.wait_for_function("document.activeElement.matches('mark.current')")
    assert page.is_visible("#sources") and in_view(page) and fits()
    assert marked(page) == "Traffic 🚦 flows again."
    assert page.evaluate("document.getElementById('rooms').inert") is True
    page.click("#panel .close")
    assert not page.is_visible("#sources")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#src-1-2"
    page.keyboard.press("Enter")
    page.wait_for_selector("#sources", state="visible")
    page.keyboard.press("Escape")
    page.wait_for_selector("#sources", state="hidden")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#src-1-2"
    assert page.evaluate("document.getElementById('rooms').inert") is False


def test_nothing_runs_out_of_the_page(fake: Fake, open_page: Open) -> None:
    wide = article(1, "W" * 300, f"{'x' * 500} https://news.example/{'y' * 400} end.", outlet="O" * 80)
    page = open_page(fake([wide], lambda question: quoting(question, [cite(1, wide, "x" * 500)])))
    ask(page, "z" * 400)
    over = "s => { const part = document.querySelector(s); return part.scrollWidth - part.clientWidth; }"
    for width in (2560, 1280, 768, 360):
        page.set_viewport_size({"width": width, "height": 800})
        page.locator(MARKERS).first.click()
        page.wait_for_function("document.activeElement.matches('mark.current')")
        for place in ("html", "#sources", "#messages [role=log]", "#masthead", "#composer"):
            assert page.evaluate(over, place) <= 0, (width, place)
        page.keyboard.press("Escape")


@pytest.mark.parametrize(("path", "scheme"), [("/", "dark"), pytest.param("/?__theme=dark", "light", marks=pytest.mark.slow)])
def test_dark_is_dark_and_readable(fake: Fake, open_page: Open, path: str, scheme: str) -> None:
    page = open_page(fake([BRIDGE, HARBOUR], bridge_answers), path, scheme=scheme)
    ask(page, "bridge")
    follow(page, page.locator(MARKERS).first)
    for place in (
        DONE,
        f"{DONE} .lead",
        "#panel .text",
        "#panel mark.current",
        "#panel .kicker",
        BOX,
        "#name h1",
        "#ask",
    ):
        assert contrast(page, place) >= 4.5, place
    assert luminance(page, "#conversation") < 0.1 and luminance(page, "#sources") < 0.1


def test_light_is_light_and_readable(fake: Fake, open_page: Open) -> None:
    page = open_page(fake([BRIDGE, HARBOUR], bridge_answers))
    ask(page, "bridge")
    follow(page, page.locator(MARKERS).first)
    for place in (
        DONE,
        f"{DONE} .lead",
        MARKERS,
        "#panel .text",
        "#panel mark.current",
        "#panel .kicker",
        BOX,
        "#ask",
    ):
        assert contrast(page, place) >= 4.5, place
    assert luminance(page, "#conversation") > 0.8


@pytest.mark.slow
def test_the_page_is_painted_within_two_seconds(seeds: Served, browser: Any) -> None:
    """In a browser that has never been here; of three, the quickest, for the machine may have other things to do."""
    took = []
    for _ in range(3):
        context = browser.new_context()
        try:
            page = context.new_page()
            page.goto(seeds.url)
            page.wait_for_selector("#start .start")
            took.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        finally:
            context.close()
    assert min(took) < 2_000, took


def test_a_low_window_shows_the_conversation(fake: Fake, open_page: Open) -> None:
    page = open_page(fake([BRIDGE, HARBOUR], bridge_answers))
    ask(page, "bridge")
    for width, height in ((320, 256), (740, 360)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.locator("#messages").evaluate("one => one.getBoundingClientRect().height") > 180
        page.locator("#question textarea").scroll_into_view_if_needed()
        assert page.locator("#question textarea").evaluate("one => one.getBoundingClientRect().bottom <= innerHeight")


def test_arrows_go_from_tab_to_tab(fake: Fake, open_page: Open) -> None:
    page = open_page(fake([BRIDGE, HARBOUR], bridge_answers))
    page.get_by_role("tab", name="Ask").focus()
    for key, name in (
        ("ArrowRight", "Library"),
        ("ArrowRight", "Find a quote"),
        ("ArrowRight", "Ask"),
        ("ArrowLeft", "Find a quote"),
    ):
        page.keyboard.press(key)
        page.wait_for_function(f"document.activeElement.innerText === '{name}'")
        assert page.inner_text("[role=tab][aria-selected=true] >> nth=0") == name
