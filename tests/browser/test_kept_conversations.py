"""Kept conversations in a real Chromium, and what is done with an answer that is there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Served, Watch
from fake_chat import FakeChat, article, cite, quoting
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
    marked,
    unnamed,
)

from index.errors import DatelineError
from index.types import Article
from rag.types import Answer, Claim, Status, Token, Verdict, Withdrawn

pytestmark = pytest.mark.slow

Open = Callable[..., Any]
Serve = Callable[..., Served]
TITLES = "#kept button.title"


class Fake(FakeChat):
    """As the library has them: versions that are not held any more, and earlier ones."""

    gone: frozenset[str] = frozenset()
    earlier: frozenset[str] = frozenset()

    def fingerprinted(self, id: str, sha256: str) -> tuple[Article, bool] | None:
        found = super().fingerprinted(id, sha256)
        return None if found is None or id in self.gone else (found[0], id not in self.earlier)


@pytest.fixture(scope="module")
def own_context(browser: Any) -> Iterator[Any]:
    own = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    own.set_default_timeout(30_000)
    yield own
    own.close()


@pytest.fixture
def context(own_context: Any) -> Any:
    """Another reader in each test, so that what one asked is not in the list of the next; the scripts are loaded once."""
    own_context.clear_cookies()
    return own_context


@pytest.fixture(scope="module")
def kept(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Served:
    return serve(Fake(tmp_path_factory.mktemp("kept")))


@pytest.fixture
def served(kept: Served) -> Served:
    """One server for all, whose chat begins anew: but for its conversations, which the page holds on to."""
    chat = kept.chat
    folder, conversations = chat.data_dir, chat.conversations
    vars(chat).clear()
    chat.conversations = conversations
    chat.__init__(folder, [BRIDGE, HARBOUR], bridge_answers)
    return kept


def listed(page: Any, count: int) -> list[str]:
    """The titles in the list, once there are so many."""
    page.wait_for_function("n => document.querySelectorAll('#kept li').length === n", arg=count)
    return page.locator("#kept .name").all_inner_texts()


def shown(page: Any) -> list[str]:
    return page.locator("#messages .asked").all_inner_texts()


def reload(page: Any, count: int) -> None:
    """Load the page again, and wait for so many questions."""
    page.watch.left = True
    page.reload()
    page.watch.left = False
    page.wait_for_function("n => document.querySelectorAll('#messages .asked').length === n", arg=count)


def menu(page: Any, title: str, do: str) -> None:
    item = page.locator("#kept li", has_text=title)
    item.locator("summary").click()
    item.locator(f"[data-do={do}]").click()


# Kept, and there again


def test_a_conversation_is_there_again_after_a_reload_and_a_restart(served: Served, serve: Serve, open_page: Open) -> None:
    page = open_page(served)
    ask(page, "bridge")
    ask(page, "the harbour")
    assert listed(page, 1) == ["bridge"]
    page.wait_for_function("/^#c=[0-9a-f]{32}$/.test(location.hash)")
    reload(page, 2)
    assert shown(page) == ["bridge", "the harbour"]
    follow(page, page.locator('#messages a[href="#src-1-2"]'))
    assert marked(page) == "Traffic 🚦 flows again."
    assert page.locator("#panel .standing").count() == 0
    follow(page, page.locator('#messages a[href="#src-2-1"]'))
    assert page.inner_text("#panel h2") == "The harbour"

    again = serve(Fake(served.chat.data_dir, [BRIDGE, HARBOUR], bridge_answers))
    later = open_page(again)
    assert listed(later, 1) == ["bridge"] and shown(later) == []
    later.click(TITLES)
    later.wait_for_selector("#messages .asked")
    ask(later, "and then?")
    assert shown(later) == ["bridge", "the harbour", "and then?"]
    assert [turn.content for turn in again.chat.histories[-1]][::2] == ["bridge", "the harbour"]
    assert listed(later, 1) == ["bridge"]


def test_a_page_that_outlives_its_server_goes_on_where_it_was(served: Served, open_page: Open) -> None:
    page = open_page(served)
    ask(page, "bridge")
    listed(page, 1)
    # What the server held of this page is gone, as after a restart that the page did not notice.
    from ui.conversation import Conversation

    states = [value for value in _objects(Conversation) if value.exchanges and value.exchanges[0].question == "bridge"]
    assert states
    for state in states:
        state.exchanges.clear()
        state.thread.id = ""
    ask(page, "the harbour")
    assert shown(page) == ["bridge", "the harbour"]
    assert listed(page, 1) == ["bridge"]


def _objects(kind: type) -> list[Any]:
    import gc

    return [one for one in gc.get_objects() if type(one) is kind]


def test_new_chats_are_listed_newest_first_and_opened(served: Served, open_page: Open) -> None:
    page = open_page(served)
    assert "What you ask is kept here" in page.inner_text("#kept")
    ask(page, "bridge")
    listed(page, 1)
    page.click("#new-chat")
    page.wait_for_selector("#start .start")
    page.wait_for_function("location.hash === ''")
    ask(page, "the harbour")
    assert listed(page, 2) == ["the harbour", "bridge"]
    assert page.locator(f"{TITLES}[aria-current]").inner_text().startswith("the harbour")
    assert "Today, " in page.locator("#kept .when").first.inner_text()
    page.locator(TITLES).nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#messages .asked')?.innerText === 'bridge'")
    page.wait_for_selector(f"{TITLES}[aria-current]:has-text('bridge')")
    page.wait_for_function("document.activeElement.matches('button.title[aria-current]')")
    assert page.inner_text("#panel h2") == "The bridge reopens"
    assert listed(page, 2) == ["the harbour", "bridge"], "looking at one does not make it newer"


def test_two_people_never_see_each_others(served: Served, browser: Any, open_page: Open) -> None:
    mine = open_page(served)
    ask(mine, "bridge, in confidence")
    listed(mine, 1)
    mine.wait_for_function("location.hash")
    address = mine.evaluate("location.hash")
    cookie = mine.context.cookies()[0]
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax" and len(cookie["value"]) == 43
    assert mine.evaluate("document.cookie") == ""

    other = browser.new_context()
    try:
        page = other.new_page()
        watch = Watch(served.url)
        watch.on(page)
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(f"{served.url}/{address}")
        page.wait_for_selector("#notice .told")
        assert "No conversation has the id" in page.inner_text("#notice")
        assert shown(page) == [] and page.locator("#kept li").count() == 0
        page.fill("#find textarea, #find input", "confidence")
        page.wait_for_function("document.querySelector('#kept')?.innerText.includes('Nothing')")
        assert "confidence" not in page.inner_text("#kept")
        ask(page, "the harbour")
        page.fill("#find textarea, #find input", "")
        assert listed(page, 1) == ["the harbour"]
        assert other.cookies()[0]["value"] != cookie["value"]
        assert watch.errors == []
    finally:
        other.close()
    reload(mine, 1)
    assert listed(mine, 1) == ["bridge, in confidence"]


def test_a_browser_without_cookies_is_answered_and_told_once(served: Served, open_page: Open) -> None:
    page = open_page(served)
    page.context.clear_cookies()
    ask(page, "bridge")
    page.wait_for_selector("#notice .told")
    assert "takes no cookies" in page.inner_text("#notice")
    ask(page, "the harbour")
    page.wait_for_timeout(400)
    assert page.locator("#notice .told").count() == 0 and page.locator("#kept li").count() == 0


def test_a_store_that_fails_never_stops_the_chat(serve: Serve, open_page: Open, tmp_path: Path) -> None:
    (tmp_path / "conversations.db").mkdir()
    page = open_page(serve(Fake(tmp_path, [BRIDGE, HARBOUR], bridge_answers)))
    ask(page, "bridge")
    page.wait_for_selector("#notice .told")
    assert "conversations.db" in page.inner_text("#notice")
    ask(page, "the harbour")
    page.wait_for_timeout(400)
    assert page.locator("#notice .told").count() == 0, "it is said once"
    assert shown(page) == ["bridge", "the harbour"]
    page.click("#do-1-up")
    page.wait_for_selector("#do-1-up.on")


def test_stopped_failed_and_abandoned_questions_are_kept(served: Served, open_page: Open) -> None:
    chat = served.chat
    page = open_page(served)
    chat.tokens, chat.pause = ["one ", "two "] * 200, 0.03
    ask(page, "stopped", wait="#messages .writing .so-far")
    page.click("#stop")
    page.wait_for_selector("#messages .stopped")
    listed(page, 1)

    def fail(question: str) -> Answer:
        raise DatelineError("The model does not answer. Start it.")

    chat.tokens, chat.answers = (), fail
    ask(page, "failed", wait="#messages .failure")
    page.wait_for_function("document.querySelector('#kept .when').innerText.includes('2 questions')")
    chat.tokens, chat.answers = ["one "] * 400, bridge_answers
    ask(page, "abandoned", wait="#messages .writing .so-far")
    page.close()
    page = open_page(served)
    page.click(f"{TITLES}:has-text('stopped'):has-text('3 questions')")
    page.wait_for_selector("#messages .asked:has-text('abandoned')")
    assert shown(page) == ["stopped", "failed", "abandoned"]
    assert page.locator("#messages .stopped .note").all_inner_texts() == [
        "Stopped before the answer was complete.",
        "The model does not answer. Start it.",
        "The page was closed before the answer was complete.",
    ]
    chat.tokens = ()
    page.click("#do-3-retry")
    page.wait_for_selector("#messages .bot-row:last-of-type .cite")
    page.wait_for_function("document.querySelector('#messages .branches')?.innerText.includes('2 of 2')")


def test_what_became_of_a_cited_article_is_told(served: Served, open_page: Open) -> None:
    page = open_page(served)
    ask(page, "bridge")
    listed(page, 1)
    served.chat.gone, served.chat.earlier = frozenset({HARBOUR.id}), frozenset({BRIDGE.id})
    reload(page, 1)
    follow(page, page.locator(MARKERS).first)
    assert "has changed since" in page.inner_text("#panel .standing")
    assert marked(page) == "The bridge reopened on Monday."
    follow(page, page.locator('#messages a[href="#src-1-3"]'))
    assert "no longer held" in page.inner_text("#panel .standing")
    assert marked(page) == "The harbour opens on Tuesday at noon."


# The list


def test_rename_search_export_and_delete(served: Served, open_page: Open) -> None:
    page = open_page(served)
    ask(page, "bridge")
    listed(page, 1)
    page.click("#new-chat")
    page.wait_for_selector("#start .start")
    ask(page, "the harbour")
    listed(page, 2)

    menu(page, "bridge", "rename")
    page.wait_for_selector("dialog[open] input")
    assert page.input_value("dialog input") == "bridge"
    page.fill("dialog input", "The reopening <b>")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{TITLES}:has-text('The reopening <b>')")

    page.fill("#find textarea, #find input", "traffic flow")
    page.wait_for_function("document.querySelectorAll('#kept li').length === 1")
    assert "Traffic" in page.inner_text("#kept .found")
    assert page.evaluate("document.activeElement.closest('#find') !== null"), "the focus stays where one types"
    page.fill("#find textarea, #find input", "")
    listed(page, 2)

    for form, name in (("md", "The-reopening-b.md"), ("html", "The-reopening-b.html"), ("json", "The-reopening-b.json")):
        with page.expect_download() as coming:
            menu(page, "The reopening", form)
        assert coming.value.suggested_filename == name
        text = Path(coming.value.path()).read_text(encoding="utf-8")
        assert "The bridge reopened on Monday." in text and "https://news.example/bridge" in text
        if form == "json":
            assert json.loads(text)["exchanges"][0]["sources"][0]["start"] == 0

    menu(page, "the harbour", "delete")
    page.wait_for_selector("dialog[open]")
    assert "the harbour" in page.inner_text("dialog") and "cannot be brought back" in page.inner_text("dialog")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    assert len(listed(page, 2)) == 2
    menu(page, "the harbour", "delete")
    page.click("dialog button[type=submit]")
    assert listed(page, 1) == ["The reopening <b>"]
    page.wait_for_selector("#start .start")
    assert shown(page) == [] and page.evaluate("location.hash") == ""
    page.wait_for_function("document.activeElement.closest('#kept, #find') !== null")


def test_what_is_deleted_elsewhere_is_gone_on_with_as_another(served: Served, open_page: Open) -> None:
    page, elsewhere = open_page(served), open_page(served)
    ask(page, "bridge")
    listed(page, 1)
    reload(elsewhere, 0)
    listed(elsewhere, 1)
    menu(elsewhere, "bridge", "delete")
    elsewhere.click("dialog button[type=submit]")
    listed(elsewhere, 0)
    ask(page, "the harbour")
    page.wait_for_function("document.querySelector('#kept .name')?.innerText === 'the harbour'")
    assert shown(page) == ["bridge", "the harbour"] and page.locator("#notice .told").count() == 0


def test_what_is_deleted_while_it_is_answered_does_not_come_back(served: Served, open_page: Open) -> None:
    page = open_page(served)
    ask(page, "bridge")
    listed(page, 1)
    served.chat.tokens, served.chat.pause = ["one "] * 400, 0.03
    ask(page, "slowly", wait="#messages .writing .so-far")
    menu(page, "bridge", "delete")
    page.click("dialog button[type=submit]")
    listed(page, 0)
    page.wait_for_selector("#start .start")
    page.wait_for_timeout(500)
    page.fill("#find textarea, #find input", "slowly")
    page.wait_for_function("document.querySelector('#kept')?.innerText.includes('Nothing')")


def test_a_phone_gets_the_list_as_a_menu(served: Served, open_page: Open) -> None:
    page = open_page(served, width=360, height=740)
    ask(page, "bridge")
    assert not page.is_visible("#history")
    way = page.locator("#show-history")
    assert way.get_attribute("aria-expanded") == "false" and way.get_attribute("aria-controls") == "history"
    way.click()
    page.wait_for_selector("#history", state="visible")
    assert way.get_attribute("aria-expanded") == "true"
    assert page.evaluate("document.getElementById('conversation').inert") is True
    page.wait_for_function("document.activeElement.closest('#find') !== null")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Escape")
    page.wait_for_selector("#history", state="hidden")
    page.wait_for_function("document.activeElement.id === 'show-history'")
    page.click("#new-chat")
    page.wait_for_selector("#start .start")
    way.click()
    page.click(TITLES)
    page.wait_for_selector("#messages .asked")
    page.wait_for_selector("#history", state="hidden")
    assert page.evaluate("document.getElementById('conversation').inert") is False


# Under an answer


def test_copy_with_sources(served: Served, open_page: Open) -> None:
    page = open_page(served)
    ask(page, "bridge")
    page.click("#do-1-copy")
    page.wait_for_selector("#do-1-copy:has-text('Copied')")
    text = page.evaluate("navigator.clipboard.readText()").replace("\r\n", "\n")
    assert text.startswith("bridge\n\nThe bridge reopens, The Example: “The bridge reopened on Monday.” [1]")
    assert (
        "[1] “The bridge reopened on Monday.” The bridge reopens, The Example, 13 November 2022, https://news.example/bridge"
        in text
    )
    assert "[3] “The harbour opens on Tuesday at noon.” The harbour, Port Post" in text
    page.wait_for_function("document.querySelector('#notice ~ .heard, [role=status].heard').textContent.includes('Copied')")


def test_a_thumb_and_a_word_why_are_kept(served: Served, open_page: Open) -> None:
    page = open_page(served)
    ask(page, "bridge")
    page.wait_for_selector("#kept li")
    down = page.locator("#do-1-down")
    assert down.get_attribute("aria-pressed") == "false"
    down.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'why-1'")
    page.keyboard.type('old <b> "figure"')
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'do-1-down'")
    assert page.inner_text("#messages .note.why") == '“old <b> "figure"”'
    reload(page, 1)
    page.wait_for_selector("#do-1-down[aria-pressed=true]")
    assert page.inner_text("#messages .note.why") == '“old <b> "figure"”'
    page.click("#do-1-up")
    page.wait_for_selector("#do-1-up[aria-pressed=true]")
    assert page.get_attribute("#do-1-down", "aria-pressed") == "false"
    page.click("#do-1-up")
    page.wait_for_selector("#do-1-up[aria-pressed=false]")
    assert page.locator("#messages .why").count() == 0


def test_an_edited_question_begins_a_branch_and_both_stay(served: Served, open_page: Open) -> None:
    page = open_page(served)
    ask(page, "bridge")
    ask(page, "and the harbour")
    page.wait_for_function("document.querySelector('#kept .when')?.innerText.includes('2 questions')")
    page.fill(BOX, "a draft")
    page.click("#do-1-edit")
    page.wait_for_selector("#notice .editing")
    page.wait_for_function("document.activeElement.matches('#question textarea')")
    assert page.input_value(BOX) == "bridge"
    page.click("#notice .cancel")
    page.wait_for_selector("#notice .editing", state="detached")
    page.wait_for_function("document.querySelector('#question textarea').value === 'a draft'")
    page.click("#do-1-edit")
    page.wait_for_selector("#notice .editing")
    page.fill(BOX, "the harbour instead")
    page.press(BOX, "Enter")
    page.wait_for_selector("#messages .branches")
    assert shown(page) == ["the harbour instead"]
    assert served.chat.histories[-1] == []
    assert "2 of 2" in page.inner_text("#messages .branches")
    page.click("#do-1-branch-0")
    page.wait_for_function("document.querySelectorAll('#messages .asked').length === 2")
    assert shown(page) == ["bridge", "and the harbour"] and "1 of 2" in page.inner_text("#messages .branches")
    reload(page, 2)
    page.locator("#messages .branches button").nth(1).click()
    page.wait_for_function("document.querySelectorAll('#messages .asked').length === 1")
    page.click("#do-1-retry")
    page.wait_for_function("document.querySelector('#messages .branches')?.innerText.includes('3 of 3')")
    assert shown(page) == ["the harbour instead"]


def test_questions_to_go_on_with_come_after_the_answer_and_are_asked_by_a_click(served: Served, open_page: Open) -> None:
    served.chat.next = ["What of the <b>harbour</b>?", "bridge"]
    page = open_page(served)
    ask(page, "bridge")
    button = page.wait_for_selector("#do-1-next-0")
    assert button.inner_text() == "What of the <b>harbour</b>?"
    assert page.locator("#messages ul.asks button").count() == 1, "never the question just asked"
    button.click()
    page.wait_for_function("document.querySelectorAll('#messages .asked').length === 2")
    page.wait_for_selector(DONE)
    assert shown(page)[-1] == "What of the <b>harbour</b>?"
    page.wait_for_function("document.activeElement.matches('#question textarea')")
    assert page.locator("#messages ul.asks").count() == 0


def test_questions_to_go_on_with_are_slow_and_nobody_waits(served: Served, open_page: Open) -> None:
    chat = served.chat

    def slowly(*_: Any, **__: Any) -> list[str]:
        time.sleep(1.5)
        return ["Too late?"]

    chat.next_questions = slowly
    page = open_page(served)
    ask(page, "bridge")
    assert page.locator("#do-1-next-0").count() == 0
    listed(page, 1)
    ask(page, "the harbour")
    page.wait_for_selector("#do-2-next-0")
    assert page.locator("#messages ul.asks").count() == 1, "only the last answer has them"


@dataclass(frozen=True, slots=True)
class AskingBack(Answer):
    readings: tuple[str, ...] = ()


def test_readings_are_offered_and_asked(served: Served, open_page: Open) -> None:
    asks_back = "Which one do you mean?"

    def answers(question: str) -> Answer:
        if question != "when?":
            return bridge_answers(question)
        readings = ("When did the bridge reopen?", "When does the harbour open? <i>")
        return AskingBack(question, question, asks_back, (), (), (), False, "quote", 0.01, readings=readings)

    served.chat.answers = answers
    page = open_page(served)
    ask(page, "when?")
    assert asks_back in page.inner_text(DONE)
    buttons = page.locator("#messages ul.readings button")
    assert buttons.all_inner_texts() == ["When did the bridge reopen?", "When does the harbour open? <i>"]
    buttons.nth(1).click()
    page.wait_for_function("document.querySelectorAll('#messages .asked').length === 2")
    assert shown(page)[-1] == "When does the harbour open? <i>"


def test_the_question_as_searched_can_be_edited(served: Served, open_page: Open) -> None:
    def answers(question: str) -> Answer:
        return replace(bridge_answers(question), searched="When does the bridge reopen?" if question == "when?" else question)

    served.chat.answers = answers
    page = open_page(served)
    ask(page, "when?")
    assert "Searched for: When does the bridge reopen?" in page.inner_text(DONE)
    page.click("#do-1-search")
    page.wait_for_selector("#notice .editing")
    assert page.input_value(BOX) == "When does the bridge reopen?"
    page.keyboard.type(" And the harbour?")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#messages .asked')?.innerText.includes('harbour')")
    page.wait_for_selector(DONE)
    assert shown(page) == ["When does the bridge reopen? And the harbour?"]
    assert page.locator("#messages .searched").count() == 0


# What a model writes


def checked_answers(question: str) -> Answer:
    first, second = cite(1, BRIDGE, "The bridge reopened on Monday."), cite(2, HARBOUR, "The harbour opens on Tuesday at noon.")
    claims = (
        Claim("The bridge reopened on a Monday.", (first,), Verdict("supported", 0.9)),
        Claim("It cost a million.", (), Verdict("unsupported", 0.1, ("no passage mentions a cost",))),
        Claim(
            "The harbour opens on Friday.",
            (second,),
            Verdict("contradicted", 0.0, ("the passage says Tuesday, the sentence says Friday",)),
        ),
    )
    text = "The bridge reopened on a Monday. [1] It cost a million. The harbour opens on Friday. [2]"
    return Answer(
        question, question, text, claims, (first, second), (), True, "model", 1.0, model="a-model", notice="One note."
    )


def test_what_streams_and_is_withdrawn_and_what_is_not_supported(served: Served, open_page: Open) -> None:
    served.chat.script = [
        Status("Searching"),
        Token("The bridge fell "),
        Token("into the river."),
        Withdrawn("The model stopped answering. Answered by quoting instead."),
        Status("Reading"),
        Token("The bridge reopened"),
        Token(" on a Monday"),
        Token("."),
    ]
    served.chat.pause, served.chat.answers = 0.7, checked_answers
    page = open_page(served)
    page.fill(BOX, "bridge")
    page.press(BOX, "Enter")
    page.wait_for_function("document.querySelector('#messages .so-far')?.innerText.includes('into the river')")
    page.wait_for_function("document.querySelector('#messages .status')?.innerText.includes('Answered by quoting')")
    assert page.locator("#messages .so-far").count() == 0
    page.wait_for_function(
        """document.querySelector('#messages .so-far')?.innerText.startsWith('The bridge reopened')
           && !document.querySelector('#messages .foot')""",
    )
    page.wait_for_selector(DONE)
    said = flat(page.inner_text(DONE))
    assert "river" not in said
    assert "It cost a million. [not supported by the articles]" in said
    assert "[contradicted by the articles: the passage says Tuesday, the sentence says Friday]" in said
    assert "One note." in said and "Written by a-model" in said
    page.wait_for_selector("#kept li")
    served.chat.script = ()
    reload(page, 1)
    assert flat(page.inner_text(DONE)) == said


# Hostile text, sizes, colours, speed


def test_hostile_text_is_only_text_in_the_list_and_under_an_answer(serve: Serve, open_page: Open, tmp_path: Path) -> None:
    chat = Fake(tmp_path, [HOSTILE], lambda question: quoting(question, [cite(1, HOSTILE, PAYLOAD)]), next=[f"Next {PAYLOAD}"])
    page = open_page(serve(chat))
    ask(page, PAYLOAD)
    page.wait_for_selector("#do-1-next-0")
    assert page.inner_text("#do-1-next-0") == f"Next {PAYLOAD}"
    page.wait_for_selector("#kept li")
    page.fill("#find textarea, #find input", "window hacked")
    page.wait_for_selector("#kept .found")
    page.locator("#kept summary").click()
    page.click("#kept [data-do=delete]")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    with page.expect_download() as coming:
        page.locator("#kept summary").click()
        page.click("#kept [data-do=html]")
    assert "<script>" not in Path(coming.value.path()).read_text(encoding="utf-8")
    reload(page, 1)
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None
    for place in ("#messages", "#kept", "#notice", "dialog"):
        assert page.locator(f"{place} :is(img, script, iframe)").count() == 0
    assert page.locator("#messages a:not(.cite), #kept a").count() == 0


def test_ids_that_a_page_makes_up_reach_nothing(served: Served, open_page: Open) -> None:
    page = open_page(served)
    ask(page, "bridge")
    listed(page, 1)
    page.evaluate("location.hash = '#c=' + 'f'.repeat(32)")
    page.wait_for_selector("#notice .told")
    assert shown(page) == ["bridge"]
    for id in ("do-9-up", "do-1-branch-7", "do-1-next-3", "do-1-nothing"):
        page.evaluate(
            """id => {
              const button = document.createElement('button');
              button.className = 'do';
              button.id = id;
              document.querySelector('#messages .foot').append(button);
              button.click();
              button.remove();
            }""",
            id,
        )
    page.wait_for_timeout(500)
    assert shown(page) == ["bridge"] and page.locator("#messages .failure").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_is_readable(serve: Serve, open_page: Open, tmp_path: Path, scheme: str) -> None:
    wide = article(1, "W" * 300, "x" * 400 + " end.", outlet="O" * 80)
    chat = Fake(tmp_path, [wide], lambda question: quoting(question, [cite(1, wide, "x" * 400)]), next=["n" * 200])
    page = open_page(serve(chat), scheme=scheme)
    ask(page, "z" * 400)
    page.wait_for_selector("#do-1-next-0")
    page.click("#do-1-down")
    page.wait_for_selector("#why-1")
    page.click("#do-1-edit")
    page.wait_for_selector("#notice .editing")
    over = "s => { const part = document.querySelector(s); return part.scrollWidth - part.clientWidth; }"
    for width in (2560, 1280, 768, 360):
        page.set_viewport_size({"width": width, "height": 800})
        if width < 1181 and not page.is_visible("#history"):
            page.click("#show-history")
            page.wait_for_selector("#history", state="visible")
        for place in ("html", "#history", "#kept", "#messages [role=log]", "#notice", "#masthead", "#composer"):
            assert page.evaluate(over, place) <= 0, (width, place)
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1280, "height": 800})
    for place in ("#do-1-copy", "#do-1-next-0", "#do-1-down", "#notice p", "#notice .cancel", "#kept .name", "#kept .when"):
        assert contrast(page, place) >= 4.5, place


def test_everything_has_a_name_and_a_role(served: Served, open_page: Open) -> None:
    served.chat.next = ["What next?"]
    page = open_page(served)
    ask(page, "bridge")
    page.wait_for_selector("#do-1-next-0")
    page.click("#do-1-up")
    page.wait_for_selector("#why-1")
    assert unnamed(page) == []
    assert page.locator("nav[aria-label='Kept conversations']").count() == 1
    assert page.locator("[role=group][aria-label='What to do with answer 1']").count() == 1


def test_an_answer_is_on_the_page_within_300_ms(served: Served, open_page: Open) -> None:
    """What the page adds to the engine's time; of three, the quickest, for the machine may have other things to do."""
    page = open_page(served)
    took = []
    for number in range(1, 4):
        page.fill(BOX, f"bridge {number}")
        took.append(
            page.evaluate(
                """number => new Promise(resolve => {
                  const begun = performance.now();
                  const answers = () => document.querySelectorAll('#messages .answer:not(.writing)').length;
                  const watching = new MutationObserver(() => {
                    if (answers() !== number) return;
                    watching.disconnect();
                    resolve(performance.now() - begun);
                  });
                  watching.observe(document.getElementById('conversation'), {childList: true, subtree: true});
                  const box = document.querySelector('#question textarea');
                  box.dispatchEvent(new KeyboardEvent('keypress', {key: 'Enter', bubbles: true}));
                })""",
                number,
            )
        )
        listed(page, 1)
    assert min(took) < 300, took


def test_the_real_engine_answers_the_questions_that_it_offers(seeds: Served, open_page: Open) -> None:
    question = "How many mines have been cleared?"
    answer = seeds.chat.ask(question)
    offered = seeds.chat.next_questions(answer, [question], within=60)
    assert offered and question not in offered
    assert all(seeds.chat.ask(one).answered for one in offered)
    assert seeds.chat.next_questions(answer, [question, *offered], within=0) == []
    page = open_page(seeds)
    ask(page, question)
    page.wait_for_function("document.querySelector('#kept .name')?.innerText === 'How many mines have been cleared?'")
    reload(page, 1)
    follow(page, page.locator(MARKERS).first)
    assert "2,000 mines" in marked(page) and page.locator("#panel .standing").count() == 0
