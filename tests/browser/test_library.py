"""The Library, finding a quote, and what the panel tells, in a real Chromium: what a reader sees and does."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import SEEDS, Served
from fake_chat import FakeChat, article, cite
from fake_site import Site
from on_page import (
    BRIDGE,
    HARBOUR,
    HOSTILE,
    MARKERS,
    PAYLOAD,
    ask,
    bridge_answers,
    contrast,
    flat,
    follow,
    luminance,
    marked,
    unnamed,
)
from served import until

import rag
from index.index import Index
from rag.feeds import Feeds
from rag.types import Answer, Claim, Verdict
from ui.access import Access

pytestmark = pytest.mark.slow

Open = Callable[..., Any]
Serve = Callable[..., Served]

FILLER = "The town has a mill, a river and a railway station that nobody uses any more on Sundays."
LONG_PAGE = (
    "<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title>"
    '<meta property="og:site_name" content="The River Post"></head><body><article><h1>{title}</h1><p>{lead}</p>'
    "<p>Traffic had been sent through the old tunnel since the storm of 3 March, which tore away two of the six pylons.</p>"
    "</article></body></html>"
)
RSS = (
    '<?xml version="1.0"?><rss version="2.0"><channel><title>River Post</title><item><title>Bridge</title>'
    "<link>{link}</link><description>In short.</description></item></channel></rss>"
)


def room(page: Any, name: str) -> None:
    """Go to a room of the page, and wait until it is there."""
    page.click(f"#tabs [data-tab-id={name}-tab]")
    there = {"library": "#entries :is(.entry, .nothing)", "quote": "#remembered textarea", "ask": "#question textarea"}
    page.wait_for_selector(there[name])


def titles(page: Any) -> list[str]:
    return [flat(text) for text in page.locator("#entries .entry").all_inner_texts()]


def wait_count(page: Any, said: str) -> None:
    page.wait_for_function("s => document.querySelector('#entries')?.innerText.includes(s)", arg=said)


def open_add(page: Any, way: str) -> None:
    """Open the drawer for adding, at one of its ways."""
    room(page, "library")
    if page.get_attribute("#add > .label-wrap", "aria-expanded") != "true":
        page.click("#add > .label-wrap")
    page.click(f"#ways [data-tab-id={way}]")


def added(page: Any) -> str:
    page.wait_for_selector("#outcome .added")
    return flat(page.inner_text("#outcome"))


@pytest.fixture(scope="module")
def town(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Served:
    """A hundred and twenty articles, one of which has changed, and one of which has an id that looks like markup."""
    folder = tmp_path_factory.mktemp("town")
    file = folder / "town.jsonl"
    lines = [
        {
            "id": f"t{n}",
            "title": f"Report {n:03}",
            "text": f"Report number {n} of the town. {FILLER}",
            "outlet": "The Post" if n % 3 else "Evening Herald",
            "published": date(2021, 1 + n // 28, 1 + n % 28).isoformat(),
        }
        for n in range(118)
    ]
    lines.append({"id": "h/\"><b> 'x", "title": "A zebra", "text": f"A zebra ran. {FILLER}"})
    changing = {"id": "bridge", "title": "The bridge", "outlet": "The Post", "published": "2020-05-05"}
    chat = rag.open_chat(data_dir=folder / "data")
    for state in ("closed for repairs", "open to traffic"):
        text = f"The bridge is {state} today.\n\n{FILLER}"
        file.write_text("".join(json.dumps(one) + "\n" for one in [*lines, {**changing, "text": text}]), encoding="utf-8")
        report = chat.add(file)
    assert report.changed == ("bridge",)
    return serve(chat)


@pytest.fixture
def empty(serve: Serve, tmp_path: Path) -> Served:
    (tmp_path / "articles").mkdir()
    return serve(rag.open_chat(data_dir=tmp_path / "data"), folders=[tmp_path / "articles"])


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        running.put(
            "/bridge", LONG_PAGE.format(title="Bridge reopens", lead="The northern bridge reopened after eleven weeks.")
        )
        running.put("/feed.xml", RSS.format(link=running.url("/bridge")), kind="application/rss+xml")
        yield running


@pytest.fixture
def fetching(serve: Serve, tmp_path: Path, site: Site) -> Served:
    return serve(rag.open_chat(data_dir=tmp_path / "data", fetcher=site.fetcher()))


# The list


def test_the_list_is_paged_and_never_all_in_the_page(town: Served, open_page: Open) -> None:
    page = open_page(town)
    room(page, "library")
    wait_count(page, "1 – 50 of 120 articles")
    assert len(titles(page)) == 50 and titles(page)[0] == "Report 117"
    page.click("#entries .pages button:has-text('Next')")
    wait_count(page, "51 – 100 of 120")
    page.click("#entries .pages button:has-text('Next')")
    wait_count(page, "101 – 120 of 120")
    assert len(titles(page)) == 20 and "Page 3 of 3" in page.inner_text("#entries .pages")
    assert page.is_disabled("#entries .pages button:has-text('Next')")
    assert page.evaluate("document.activeElement.name") == "search", "the keyboard stays in the library"
    page.click("#entries .pages button:has-text('Previous')")
    wait_count(page, "51 – 100 of 120")


def test_sorting_searching_and_filtering(town: Served, open_page: Open) -> None:
    page = open_page(town)
    room(page, "library")
    form = "#filters [name={}]".format
    page.select_option(form("order"), "oldest")
    page.wait_for_function("document.querySelector('#entries .entry').innerText === 'The bridge'")
    page.select_option(form("order"), "title")
    page.wait_for_function("document.querySelector('#entries .entry').innerText === 'A zebra'")
    page.select_option(form("outlet"), "Evening Herald")
    wait_count(page, "40 articles")
    page.fill(form("since"), "2021-02-01")
    page.fill(form("until"), "2021-02-28")
    wait_count(page, "9 articles")
    page.fill(form("search"), "number 30")
    wait_count(page, "1 article")
    assert titles(page) == ["Report 030"]
    page.fill(form("search"), "submarine")
    wait_count(page, "No article fits")
    page.click("#filters [type=reset]")
    wait_count(page, "1 – 50 of 120")
    page.fill(form("search"), "traffic")
    wait_count(page, "1 article")
    assert titles(page) == ["The bridge"], "texts are searched too"


def test_an_article_opens_with_its_earlier_versions(town: Served, open_page: Open) -> None:
    page = open_page(town)
    room(page, "library")
    page.fill("#filters [name=search]", "traffic")
    wait_count(page, "1 article")
    assert "2 versions" in page.inner_text("#entries .meta")
    page.focus("#entries .entry")
    page.keyboard.press("Enter")
    page.wait_for_selector('#panel [data-current="article/bridge"]')
    page.wait_for_function("document.activeElement.matches('#panel h2')")
    assert page.get_attribute("#entries .entry", "aria-current") == "true"
    assert "The bridge is open to traffic today." in page.inner_text("#panel .text")
    assert flat(page.inner_text("#panel .kicker")) == "The Post · 5 May 2020"
    page.click("#panel .versions summary")
    page.click("#panel .versions button:has-text('Version 1')")
    page.wait_for_selector('#panel [data-current="version/1/bridge"]')
    page.wait_for_function("document.querySelector('#panel .text')?.innerText.includes('closed for repairs')")
    assert "answers no more" in page.inner_text("#panel .note")
    page.keyboard.press("Escape")
    page.wait_for_function("document.activeElement.matches('#entries .entry, #filters *, #tabs button, #question textarea')")


def test_hostile_articles_are_only_text(fake: Callable[..., Served], open_page: Open) -> None:
    page = open_page(fake([HOSTILE]))
    room(page, "library")
    assert titles(page)[0].startswith("Title <img src=x onerror")
    assert page.locator("#filters option").nth(1).text_content().startswith("Outlet <img src=x")
    page.click("#entries .entry")
    page.wait_for_selector("#panel article")
    assert page.inner_text("#panel h2") == HOSTILE.title
    page.click("#panel .ask-remove")
    assert "<script>" in page.inner_text("#panel .removal")
    room(page, "quote")
    page.fill("#remembered textarea", PAYLOAD)
    page.click("#find-quote")
    page.wait_for_selector("#found .quotes")
    page.click("#found [data-open]")
    page.wait_for_selector("#panel mark.current")
    assert page.inner_text("#found mark") == PAYLOAD and marked(page) == PAYLOAD
    assert page.evaluate("window.hacked") is None
    for place in ("#library", "#finder", "#panel"):
        assert page.locator(f"{place} .html-container :is(img, script, iframe)").count() == 0


def test_an_id_may_look_like_anything(town: Served, open_page: Open) -> None:
    page = open_page(town)
    room(page, "library")
    page.fill("#filters [name=search]", "zebra")
    wait_count(page, "1 article")
    page.click("#entries .entry")
    page.wait_for_function("document.querySelector('#panel h2')?.innerText === 'A zebra'")
    assert page.get_attribute("#entries .entry", "aria-current") == "true"


# Removing


def test_removing_asks_first_and_says_what_went(serve: Serve, open_page: Open, tmp_path: Path) -> None:
    chat = rag.open_chat(data_dir=tmp_path / "data")
    chat.add(*SEEDS[:3])
    page = open_page(serve(chat))
    room(page, "library")
    wait_count(page, "3 articles")
    title = titles(page)[1]
    page.locator("#entries .entry").nth(1).click()
    page.wait_for_selector("#panel .ask-remove")
    page.click("#panel .ask-remove")
    page.wait_for_function("document.activeElement.matches('#panel .keep')")
    assert page.get_attribute("#panel .ask-remove", "aria-expanded") == "true"
    assert title in flat(page.inner_text("#panel .removal"))
    page.keyboard.press("Enter")
    assert page.is_hidden("#panel .removal") and chat.overview().articles == 3
    page.click("#panel .ask-remove")
    page.click("#panel button.remove")
    page.wait_for_selector("#panel [role=status]")
    told = flat(page.inner_text("#panel"))
    assert title in told and "stays where it is" in told
    wait_count(page, "2 articles")
    assert title not in titles(page) and chat.overview().articles == 2
    page.wait_for_function("document.querySelector('#name').innerText.includes('2 articles')")


def test_where_everybody_comes_in_nothing_is_removed(serve: Serve, open_page: Open, tmp_path: Path) -> None:
    served = serve(FakeChat(tmp_path, [BRIDGE]), access=Access(open=True))
    Feeds(tmp_path).add("https://news.example/feed.xml", 10**6)
    page = open_page(served)
    room(page, "library")
    page.click("#watched > .label-wrap")
    page.wait_for_selector("#feeds [data-act=look]")
    assert page.locator("#feeds [data-act=forget]").count() == 0
    page.click("#entries .entry")
    page.wait_for_selector("#panel article")
    assert page.locator("#panel .ask-remove, #panel .removal").count() == 0
    for place, forged in (
        ("#panel article", f'<button class="remove" data-id="{BRIDGE.id}">Remove it</button>'),
        ("#feeds .acts", '<button data-act="forget" data-url="https://news.example/feed.xml">Remove</button>'),
    ):
        page.eval_on_selector(place, "(part, html) => part.insertAdjacentHTML('beforeend', html)", forged)
    page.click("#feeds [data-act=forget]")
    page.click("#panel button.remove")
    page.wait_for_selector("#panel [role=alert]")
    assert "nothing can be removed" in page.inner_text("#panel")
    assert served.chat.held == [BRIDGE] and len(Feeds(tmp_path).all()) == 1


def test_what_is_not_there_any_more_is_told(town: Served, open_page: Open) -> None:
    page = open_page(town)
    forge(page, "article/gone")
    page.wait_for_selector("#panel [role=alert]")
    assert "No article has the id 'gone'" in page.inner_text("#panel")


def forge(page: Any, sent: str) -> None:
    """Follow something that asks to have this opened, which may be none of ours."""
    page.evaluate(
        """sent => {
          const button = document.createElement('button');
          button.dataset.open = sent;
          document.getElementById('rooms').append(button);
          button.click();
          button.remove();
        }""",
        sent,
    )


# Adding


def test_a_text_is_pasted_found_and_removed_without_a_trace(empty: Served, open_page: Open, tmp_path: Path) -> None:
    page = open_page(empty)
    page.click("#start button[data-tab=library]")
    page.wait_for_selector('#add > .label-wrap[aria-expanded="true"]')
    open_add(page, "text")
    page.click("#paste")
    page.wait_for_selector("#outcome .failure")
    assert "There is no text to add" in page.inner_text("#outcome")
    page.fill("#pasted textarea", "The lighthouse of Skagen was relit on Tuesday. Its lamp has a range of 23 nautical miles.")
    page.fill("#pasted-title :is(input, textarea)", "The lighthouse")
    page.fill("#pasted-day :is(input, textarea)", "2021-13-45")
    page.click("#paste")
    page.wait_for_function("document.querySelector('#outcome').innerText.includes('not a day')")
    assert page.input_value("#pasted-title :is(input, textarea)") == "The lighthouse", "nothing has to be typed again"
    page.fill("#pasted-day :is(input, textarea)", "2021-05-04")
    page.click("#paste")
    assert "The lighthouse" in added(page)
    wait_count(page, "1 article")
    page.wait_for_function("document.querySelector('#pasted textarea').value === ''")
    (kept,) = (tmp_path / "data" / "uploads").iterdir()
    page.click("#entries .entry")
    page.wait_for_selector("#panel .ask-remove")
    assert "4 May 2021" in page.inner_text("#panel .kicker")
    page.click("#panel .ask-remove")
    page.click("#panel button.remove")
    page.wait_for_selector("#panel [role=status]")
    assert "deleted too" in page.inner_text("#panel") and not kept.exists()


def test_a_page_and_a_feed_are_fetched_and_failures_say_why(fetching: Served, open_page: Open, site: Site) -> None:
    page = open_page(fetching)
    open_add(page, "addresses")
    for written, why in (("", "Write the address"), ("file:///etc/passwd", "no web address")):
        page.fill("#addresses textarea", written)
        page.click("#fetch")
        page.wait_for_function("s => document.querySelector('#refusal').innerText.includes(s)", arg=why)
    page.fill("#addresses textarea", "\n".join([site.url("/feed.xml"), site.url("/gone"), "http://127.0.0.1:1/"]))
    page.click("#fetch")
    told = added(page)
    assert "Bridge reopens" in told and "Not added (2)" in told.replace("NOT ADDED", "Not added")
    assert "404" in told and page.inner_text("#refusal").strip() == ""
    wait_count(page, "1 article")
    page.click("#entries .entry")
    page.wait_for_selector("#panel .original a")
    assert page.get_attribute("#panel .original a", "href") == site.url("/bridge")


def test_a_folder_is_read_when_it_is_allowed_and_else_refused(empty: Served, open_page: Open, tmp_path: Path) -> None:
    (tmp_path / "articles" / "one.txt").write_text(f"A note\n\nThe mill burned down. {FILLER}\n", encoding="utf-8")
    (tmp_path / "secret").mkdir()
    page = open_page(empty)
    open_add(page, "folder")
    assert str(tmp_path / "articles") in flat(page.inner_text("#ways"))
    for refused in ("/etc", str(tmp_path / "secret"), str(tmp_path / "articles" / ".." / "secret")):
        page.fill("#folder :is(input, textarea)", refused)
        page.click("#walk")
        page.wait_for_function(
            "s => document.querySelector('#refusal').innerText.includes(s)", arg=f"{refused} may not be read"
        )
    page.fill("#folder :is(input, textarea)", str(tmp_path / "articles"))
    page.click("#walk")
    assert "A note" in added(page)
    wait_count(page, "1 article")


def test_a_page_that_others_can_reach_reads_no_folders(town: Served, open_page: Open) -> None:
    page = open_page(town)
    open_add(page, "folder")
    assert "ALLOWED_FOLDERS" in page.inner_text("#ways") and page.locator("#folder, #walk").count() == 0


def test_progress_is_told_a_second_add_is_refused_and_a_reload_follows(
    empty: Served, open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = threading.Event()
    add = Index.add

    def slowly(self: Index, sources: Any, *, tell: Any, **options: Any) -> Any:
        tell(rag.Progress("embedding", 30, 120, 12.0, 7.5))
        going.wait(60)
        return add(self, sources, tell=tell, **options)

    monkeypatch.setattr(Index, "add", slowly)
    page, other = open_page(empty), open_page(empty)
    open_add(page, "text")
    page.fill("#pasted textarea", f"The mill burned down. {FILLER}")
    page.click("#paste")
    page.wait_for_selector("#outcome progress")
    assert "30 of 120, 12 a second, about 8 seconds left" in flat(page.inner_text("#outcome"))
    open_add(other, "text")
    other.wait_for_selector("#outcome progress")  # what is going on is told here too
    other.fill("#pasted textarea", f"The river rose. {FILLER}")
    other.click("#paste")
    other.wait_for_selector("#refusal .failure")
    assert "A pasted text is being added since" in other.inner_text("#refusal")
    assert other.input_value("#pasted textarea").startswith("The river rose")
    going.set()
    assert "The mill burned" in added(page) and "The mill burned" in added(other)
    wait_count(other, "1 article")


# Watched feeds


def test_a_feed_is_watched_looked_at_and_forgotten(fetching: Served, open_page: Open, site: Site, tmp_path: Path) -> None:
    page = open_page(fetching)
    room(page, "library")
    page.click("#watched > .label-wrap")
    page.wait_for_selector("#feeds .nothing")
    page.fill("#feed :is(input, textarea)", "news.example")
    page.click("#begin-watching")
    page.wait_for_selector("#feed-refusal .failure")
    page.fill("#feed :is(input, textarea)", site.url("/feed.xml"))
    page.click("#begin-watching")
    page.wait_for_function("document.querySelector('#feeds').innerText.includes('every hour')")
    page.wait_for_function("document.querySelector('#feeds').innerText.includes('1 new')")
    assert fetching.chat.overview().articles == 1 and page.inner_text("#feed-refusal").strip() == ""
    assert "https" not in page.inner_text("#feeds .meta") and "again in" in page.inner_text("#feeds .meta")
    asked = len(site.paths())
    page.click("#feeds button:has-text('Look now')")
    assert until(lambda: len(site.paths()) > asked, 20)
    page.click("#feeds button:has-text('Remove')")
    page.wait_for_selector("#feeds .nothing")
    assert json.loads((tmp_path / "data" / "feeds.json").read_text()) == []


# Finding a quote


def test_remembered_words_are_found_and_open_at_the_place(seeds: Served, open_page: Open) -> None:
    page = open_page(seeds)
    one = seeds.chat.articles()[2]
    sentence = re.split(r"(?<=[.!?])\s", one.text)[1]
    room(page, "quote")
    for words, how in ((sentence, "Word for word"), (sentence.upper(), "The same words"), (sentence[:-20] + "x", "Nearly")):
        page.fill("#remembered textarea", words)
        page.click("#find-quote")
        page.wait_for_function("s => document.querySelector('#found .label')?.textContent.startsWith(s)", arg=how)
        assert one.title in page.inner_text("#found .from")
        page.locator("#found [data-open]").first.click()
        page.wait_for_selector('#panel [data-current^="quote/"]')
        page.wait_for_function("document.activeElement.matches('#panel mark.current')")
        assert page.inner_text("#panel h2") == one.title
        assert marked(page) and marked(page) in flat(one.text)
    page.fill("#remembered textarea", "The penguins of Aarhus elected a new harbour master")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#found').innerText.includes('none of the articles')")
    page.fill("#remembered textarea", "  ")
    page.click("#find-quote")
    page.wait_for_selector("#found .failure")
    assert "Paste those that you remember" in page.inner_text("#found")


def test_a_place_that_is_none_opens_the_article_unmarked(seeds: Served, open_page: Open) -> None:
    page = open_page(seeds)
    id = seeds.chat.articles()[0].id
    for sent in (f"quote/5/99999999/{id}", f"quote/9/3/{id}"):
        forge(page, sent)
        page.wait_for_selector(f'#panel [data-current="article/{id}"]')
        assert page.locator("#panel mark").count() == 0
        page.click("#new-chat")
        page.wait_for_selector("#panel .none")


def test_the_kept_conversations_are_in_the_room_where_one_asks(fake: Callable[..., Served], open_page: Open) -> None:
    page = open_page(fake([BRIDGE, HARBOUR], bridge_answers))
    way = "#show-history"
    for width, listed in ((1280, "true"), (360, "false")):
        page.set_viewport_size({"width": width, "height": 740})
        room(page, "ask")
        page.wait_for_selector(f'{way}[aria-expanded="{listed}"]')
        room(page, "library")
        page.wait_for_selector(f'{way}[aria-expanded="false"]')
        page.click(way)
        page.wait_for_selector(f'{way}[aria-expanded="true"]')
        page.wait_for_selector("#history #kept", state="visible")
        page.keyboard.press("Escape")
    room(page, "library")
    page.click("#new-chat")
    page.wait_for_function("document.activeElement.matches('#question textarea')")


# The panel and the quote of a marker


def written(question: str) -> Answer:
    """A model's answer, with every verdict."""
    first, second = cite(1, BRIDGE, "The bridge reopened on Monday."), cite(2, HARBOUR, "The harbour opens on Tuesday at noon.")
    claims = (
        Claim("The bridge is open again.", (first,), Verdict("supported", 0.93, ("“again” follows from “reopened”",))),
        Claim("The harbour opens in the morning.", (second,), Verdict("partly", 0.41, ("noon is not in the morning",))),
        Claim("Ships will queue.", (), Verdict("unsupported", 0.05)),
        Claim("It was closed for ten years.", (first,), Verdict("contradicted", 0.02, ("the article says a year",))),
    )
    return Answer(question, question, "…", claims, (first, second), (), True, "model", 0.1, model="test")


def test_the_panel_tells_the_verdict_and_doubt_is_seen_without_colour(fake: Callable[..., Served], open_page: Open) -> None:
    page = open_page(fake([BRIDGE, HARBOUR], written))
    ask(page, "bridge")
    follow(page, page.locator(MARKERS).first)
    checks = [flat(text) for text in page.locator("#panel .check").all_inner_texts()]
    assert len(checks) == 2, "two sentences rest on these words"
    # What they do not bear out stands first.
    assert "Contradicted" in checks[0] and "the article says a year" in checks[0]
    assert "Supported by these words" in checks[1] and "93%" in checks[1] and "“again” follows" in checks[1]
    page.click('#panel [aria-label="Next citation"]')
    page.wait_for_selector('#panel [data-current="src-1-2"]')
    assert "Only partly supported" in page.inner_text("#panel .check")
    styles = page.evaluate(
        "[...document.querySelectorAll('#messages .words')].map(w => getComputedStyle(w).textDecorationStyle + "
        "' ' + getComputedStyle(w).textDecorationLine)"
    )
    assert styles == ["solid none", "dashed underline", "wavy underline", "double underline"]
    assert "[not supported by the articles]" in page.inner_text("#messages")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.reload()
        page.wait_for_selector(MARKERS)
        follow(page, page.locator(MARKERS).first)
        for place in (
            "#messages .verdict.partly",
            "#messages .verdict.contradicted",
            "#panel .check .finding",
            "#panel .score",
        ):
            assert contrast(page, place) >= 4.5, (scheme, place)


def test_a_markers_quote_is_shown_to_pointer_and_keyboard(fake: Callable[..., Served], open_page: Open) -> None:
    page = open_page(fake([BRIDGE, HARBOUR], bridge_answers))
    ask(page, "bridge")
    link = page.locator(MARKERS).nth(1)
    link.hover()
    page.wait_for_selector("#tip", state="visible")
    assert page.inner_text("#tip") == "The bridge reopens: “Traffic 🚦 flows again.”"
    assert link.get_attribute("title") is None and link.get_attribute("aria-describedby") == "tip"
    page.hover("#tip")
    page.wait_for_timeout(400)
    assert page.is_visible("#tip"), "it can be pointed at"
    page.mouse.move(5, 400)
    page.wait_for_selector("#tip", state="hidden")
    assert link.get_attribute("title").endswith("flows again.”")
    page.focus("#question textarea")
    while not page.evaluate("document.activeElement.matches('a.cite, body')"):  # past what stands under the answer
        page.keyboard.press("Shift+Tab")
    page.wait_for_selector("#tip", state="visible")
    assert "harbour opens" in page.inner_text("#tip")
    page.keyboard.press("Escape")
    assert page.is_hidden("#tip") and page.evaluate("document.activeElement.matches('a.cite')")
    place = page.evaluate("(() => { const t = document.getElementById('tip'); return t.getAttribute('role'); })()")
    assert place == "tooltip"


def test_a_finger_sees_the_quote_first_and_opens_it_then(fake: Callable[..., Served], browser: Any) -> None:
    served = fake([BRIDGE, HARBOUR], bridge_answers)
    context = browser.new_context(has_touch=True, viewport={"width": 360, "height": 740})
    try:
        page = context.new_page()
        page.goto(served.url)
        page.wait_for_selector("#start .start")
        ask(page, "bridge")
        link = page.locator(MARKERS).nth(1)
        link.evaluate("one => { one.title += ' and it flows'.repeat(30); }")
        link.tap()
        page.wait_for_selector("#tip button", state="visible")
        assert page.is_hidden("#sources") and "Traffic" in page.inner_text("#tip")
        box = page.locator("#tip").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 360
        page.tap("#tip button")
        page.wait_for_selector("#sources", state="visible")
        assert marked(page) == "Traffic 🚦 flows again." and page.is_hidden("#tip")
        page.tap("#panel .close")
        link.tap()
        link.tap()
        page.wait_for_selector("#sources", state="visible")
    finally:
        context.close()


# Sizes, colours, names


@pytest.mark.parametrize("name", ["library", "quote"])
def test_the_rooms_fit_every_width(town: Served, open_page: Open, name: str) -> None:
    page = open_page(town)
    room(page, name)
    if name == "library":
        open_add(page, "text")
        page.click("#watched > .label-wrap")
        page.wait_for_selector("#feeds .nothing")
    else:
        page.fill("#remembered textarea", "Report number 7 of the town")
        page.click("#find-quote")
        page.wait_for_selector("#found .quotes")
    for width in (2560, 1280, 900, 768, 360):
        page.set_viewport_size({"width": width, "height": 800})
        for place in ("html", "#rooms", "#library" if name == "library" else "#finder"):
            over = page.evaluate("s => { const p = document.querySelector(s); return p.scrollWidth - p.clientWidth; }", place)
            assert over <= 0, (width, place)


def test_on_a_phone_no_tab_hides_in_a_menu(town: Served, open_page: Open) -> None:
    page = open_page(town, width=320, height=740)
    open_add(page, "files")
    for tabs, names in (
        ("#tabs", ["Ask", "Library", "Find a quote"]),
        ("#ways", ["Files", "Web addresses", "Text", "Folder"]),
    ):
        shown = page.locator(f"{tabs} > .tab-wrapper [role=tab]")
        assert shown.all_inner_texts() == names
        box = shown.last.bounding_box()
        assert box["x"] + box["width"] <= 320


def test_on_a_phone_an_article_is_a_sheet_over_the_list(town: Served, open_page: Open) -> None:
    page = open_page(town, width=360, height=740)
    room(page, "library")
    page.locator("#entries .entry").nth(3).click()
    page.wait_for_selector("#sources", state="visible")
    page.wait_for_function("document.activeElement.matches('#panel h2')")
    assert page.evaluate("document.getElementById('rooms').inert") is True
    page.click("#panel .close")
    page.wait_for_selector("#sources", state="hidden")
    assert page.evaluate("document.activeElement.innerText") == "Report 114"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_rooms_are_readable_in_light_and_dark(town: Served, open_page: Open, scheme: str) -> None:
    page = open_page(town, scheme=scheme)
    open_add(page, "addresses")
    page.click("#entries .entry")
    page.wait_for_selector("#panel article")
    for place in (
        "#entries .entry",
        "#entries .meta",
        "#entries .count",
        "#filters label",
        "#filters input",
        "#filters select",
        "#tabs [role=tab][aria-selected=true]",
        "#tabs [role=tab][aria-selected=false]",
        "#add > .label-wrap",
        "#fetch",
        "#panel .read",
        "#panel .ask-remove",
    ):
        assert contrast(page, place) >= 4.5, place
    assert (luminance(page, "#library") < 0.1) is (scheme == "dark")


def test_everything_in_the_rooms_has_a_name_and_a_role(town: Served, open_page: Open) -> None:
    page = open_page(town)
    for way in ("files", "addresses", "text"):
        open_add(page, way)
        assert unnamed(page) == []
    page.click("#watched > .label-wrap")
    page.click("#entries .entry")
    page.wait_for_selector("#panel article")
    assert unnamed(page) == []
    room(page, "quote")
    page.fill("#remembered textarea", "Report number 7 of the town")
    page.click("#find-quote")
    page.wait_for_selector("#found .quotes")
    assert unnamed(page) == []
    roles = page.evaluate("[...document.querySelectorAll('#tabs > .tab-wrapper [role=tab]')].map(t => t.innerText)")
    assert roles == ["Ask", "Library", "Find a quote"]
    assert page.get_attribute("#filters form", "role") == "search"
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(p => p.id).filter(id => id)")
    ours = [id for id in ids if id in ("add", "entries", "filters", "panel", "tip", "found", "feeds", "outcome")]
    assert len(ours) == len(set(ours))


def test_a_long_article_of_the_library_is_cut_until_it_is_wanted(fake: Callable[..., Served], open_page: Open) -> None:
    long = article(1, "A long read", "\n\n".join(f"Paragraph {n} says nothing that matters to anyone." for n in range(2_000)))
    page = open_page(fake([long]))
    room(page, "library")
    page.click("#entries .entry")
    page.wait_for_selector("#panel .whole")
    assert len(page.inner_text("#panel .text")) < 25_000
    page.locator("#panel .whole").first.click()
    page.wait_for_function("document.querySelectorAll('#panel .text p').length === 2000")
