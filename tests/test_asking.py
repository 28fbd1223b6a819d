"""The pure parts of the Ask side: what stands under an answer, the list, the cookie, and questions to go on with."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from served import in_a_loop

from index.types import Article, Hit, Passage
from rag.conversations import browser, new_secret, signed_in
from rag.inquire import inquire
from rag.kept import Summary
from rag.suggest import next_questions
from rag.types import Answer, Citation, Claim, Verdict
from ui import actions, history, sources
from ui.conversation import Exchange
from ui.cookie import NAME, owner, with_secret
from ui.readers import session_in

TEXT = "The bridge reopened on Monday. Minister Ada Byron said that 12 cranes were repaired. It rained."
ARTICLE = Article(
    "a1", "The bridge <i>", TEXT, "bridge.md", url="https://news.example/b", outlet="Post", published=date(2022, 11, 13)
)
QUOTE = "The bridge reopened on Monday."
CITED = Citation(1, ARTICLE, 0, len(QUOTE), QUOTE)


def answer(question: str = "When?", *labels: str) -> Answer:
    claims = tuple(Claim(QUOTE, (CITED,), Verdict(label, 1.0), "") for label in labels or ("quoted",))  # type: ignore[arg-type]
    hits = (Hit(Passage("p1", "a1", 0, len(TEXT), TEXT), ARTICLE, 1.0),)
    return Answer(question, question, QUOTE, claims, (CITED,), hits, True, "quote", 0.1)


def exchange(**known: Any) -> Exchange:
    return Exchange("When?", "<p>", done=True, answer=answer(), id="x1", others=("x1",), **known)


# What stands under an answer


@pytest.mark.parametrize(
    ("id", "parsed"),
    [
        ("do-3-up", (3, "up", 0)),
        ("do-12-branch-4", (12, "branch", 4)),
        ("do--up", (0, "", 0)),
        ("do-1-up-x", (0, "", 0)),
        ("do-1-up\n", (0, "", 0)),
        ("do-1234567-up", (0, "", 0)),
        ("", (0, "", 0)),
    ],
)
def test_a_buttons_id_says_what_it_does(id: str, parsed: tuple[int, str, int]) -> None:
    assert actions.parse(id) == parsed


def test_every_button_can_be_read_back() -> None:
    several = exchange(next=("What next?",), thumb="up", wondering=True)
    several.others = ("x0", "x1", "x2")
    ids = re.findall(r'<button[^>]* id="([^"]+)"', actions.under(several, 2, last=True))
    assert [actions.parse(id)[1:] for id in ids] == [
        ("copy", 0), ("up", 0), ("down", 0), ("retry", 0), ("edit", 0), ("branch", 0), ("branch", 2), ("word", 0), ("next", 0),
    ]  # fmt: skip
    assert "2 of 3" in actions.under(several, 2, last=True)


def test_only_the_last_answer_has_questions_to_go_on_with() -> None:
    one = exchange(next=("What <b>next</b>?",))
    assert "What &lt;b&gt;next&lt;/b&gt;?" in actions.under(one, 1, last=True)
    assert "next" not in actions.under(one, 1, last=False)


def test_what_failed_can_be_asked_again_but_not_rated() -> None:
    html = actions.under(Exchange("When?", done=True, note="Stopped."), 1, last=True)
    assert "do-1-retry" in html and "do-1-edit" in html
    assert "do-1-up" not in html and "do-1-copy" not in html


def test_a_word_why_is_only_text() -> None:
    asked = actions.under(exchange(thumb="down", word='"><b>', wondering=True), 1, last=True)
    assert 'value="&quot;&gt;&lt;b&gt;"' in asked and "What was wrong?" in asked
    assert "“&quot;&gt;&lt;b&gt;”" in actions.under(exchange(thumb="down", word='"><b>'), 1, last=True)


def test_a_copy_has_quotes_outlets_dates_and_links() -> None:
    assert actions.plain(answer()) == (
        "When?\n\n“The bridge reopened on Monday.” [1]\n\nSources:\n"
        "[1] “The bridge reopened on Monday.” The bridge <i>, Post, 13 November 2022, https://news.example/b"
    )


def test_a_copy_says_what_is_not_supported() -> None:
    assert "[1] (not supported by the articles)" in actions.plain(answer("When?", "unsupported"))


# The list


def test_the_list_escapes_titles_and_marks_the_open_one() -> None:
    one = Summary("a" * 32, "<script>", "2022-11-13T10:00:00+00:00", "2022-11-13T10:00:00+00:00", 1, "found <b>")
    other = Summary("b" * 32, "", "2022-11-13T10:00:00+00:00", "2022-11-12T10:00:00+00:00", 1_200)
    html = history.listing([one, other], "a" * 32)
    assert "<script>" not in html and "<b>" not in html and "&lt;script&gt;" in html
    assert html.count("aria-current") == 1 and f'data-open="{"a" * 32}"' in html
    assert "13 November 2022" in html and "1 question<" in html and "1,200 questions" in html and "Untitled" in html


def test_the_list_says_why_it_is_empty() -> None:
    assert "kept here" in history.listing([], "")
    assert "Nothing" in history.listing([], "", "mines")
    assert "It &lt;broke&gt;." in history.listing([], "", failure="It <broke>.")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("How many mines?", "How-many-mines.md"),
        ("../../etc/passwd", "etc-passwd.md"),
        ("«Ré»", "Ré.md"),
        ("?!", "conversation.md"),
        ("x" * 200, "x" * 60 + ".md"),
    ],
)
def test_an_export_is_called_after_its_title(title: str, name: str) -> None:
    assert history.file_name(title, "md") == name


# The panel


def test_the_panel_says_how_the_cited_version_stands() -> None:
    gone = Citation(1, ARTICLE.without_text(), 0, len(QUOTE), QUOTE)
    assert "no longer held" in (html := sources.source([gone], 1, 1, standings=["gone"]))
    assert f'<mark class="current" tabindex="-1">{QUOTE}</mark>' in html
    assert "has changed since" in sources.source([CITED], 1, 1, standings=["earlier"])
    assert "standing" not in sources.source([CITED], 1, 1, standings=["current"])
    assert "standing" not in sources.source([CITED], 1, 1)


# The cookie


def cookie(*, scheme: str = "http", method: str = "GET", kind: str = "text/html; charset=utf-8", sent: str = "") -> str:
    """What a page is sent along with."""
    headers: dict[bytes, bytes] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind.encode())]})

    async def send(message: Any) -> None:
        headers.update(message.get("headers", ()))

    async def receive() -> Any:
        return {}

    scope = {"type": "http", "method": method, "scheme": scheme, "headers": [(b"cookie", sent.encode())] if sent else []}

    async def answered() -> None:
        await with_secret(app)(scope, receive, send)

    in_a_loop(answered())
    if b"set-cookie" in headers:
        assert headers[b"cache-control"] == b"no-store"
    return headers.get(b"set-cookie", b"").decode()


def test_a_browser_gets_a_secret_that_no_script_can_read() -> None:
    given = cookie()
    assert re.fullmatch(r"dateline=[\w-]{43}; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax", given)
    assert cookie() != given
    assert cookie(scheme="https").startswith("__Host-dateline=") and cookie(scheme="https").endswith("; Secure")


def test_a_browser_keeps_the_secret_it_has() -> None:
    secret = new_secret()
    assert cookie(sent=f"other=1; dateline={secret}").startswith(f"dateline={secret};")
    assert "guessed" not in cookie(sent="dateline=guessed")


# What others on the same host may have set: a browser sends it along, as it is.
ODD = ['prefs={"a":1}', "name=Jane Doe", "x=a[b]", "ké=1", 'a="x y"', "u=café", "alone", "=nameless", "a=b=c", "path=/"]


@pytest.mark.parametrize("odd", ODD)
def test_whatever_others_on_the_host_have_set(odd: str) -> None:
    secret = new_secret()
    for together in (f"{odd}; dateline={secret}", f"dateline={secret}; {odd}", f"{odd};dateline={secret};{odd}"):
        assert cookie(sent=together).startswith(f"dateline={secret};")
        assert session_in(together.replace("dateline=", "dateline-7860="), "localhost:7860") == secret


def test_only_pages_carry_it() -> None:
    assert cookie(kind="application/json") == "" and cookie(method="POST") == ""


def test_whose_a_request_is() -> None:
    secret = new_secret()

    def asked(username: str | None = None, **cookies: str) -> Any:
        return SimpleNamespace(username=username, cookies=cookies)

    assert owner(asked(dateline=secret)) == browser(secret)
    assert owner(asked(**{f"__Host-{NAME}": secret, NAME: new_secret()})) == browser(secret)
    assert owner(asked("alice", dateline=secret)) == signed_in("alice")
    assert owner(asked(dateline="short")) == owner(asked()) == owner(None) == ""


# Questions to go on with


def test_questions_come_from_what_was_not_said_and_are_tried() -> None:
    tried: list[str] = []

    def told(question: str, hit: Hit) -> bool:
        tried.append(question)
        return "cranes" not in question

    assert next_questions(answer(), ["who is ada byron"], told, 3) == ["What did Ada Byron say?"]
    assert tried == ["How many cranes were repaired?", "What did Ada Byron say?"]


def test_questions_are_about_the_article_that_was_cited() -> None:
    one = answer()
    elsewhere = replace(ARTICLE, id="a2", text="The hall was sold in May because it leaned.")
    other = Hit(Passage("p2", "a2", 0, len(elsewhere.text), elsewhere.text), elsewhere, 2.0)
    both = replace(one, hits=(other, *one.hits))
    assert next_questions(both, [], lambda *_: True, 3) == [
        "How many cranes were repaired?",
        "What did Ada Byron say?",
        "Who is Ada Byron?",
    ]
    refused = replace(both, claims=(), citations=(), answered=False, question="What is the price of gold?")
    assert next_questions(refused, [], lambda *_: True, 3) == []


@pytest.mark.parametrize(
    ("sentence", "questions"),
    [
        (
            "The old hall was sold in May 2019 because it leaned.",
            ["Why was the old hall sold in May 2019?", "When was the old hall sold?"],
        ),
        ("The council stopped the work on Monday.", ["When did the council stop the work?"]),
        ("Anna Weber hoped for rain in Lyon.", ["Where did Anna Weber hope for rain?"]),
        ("A single ticket will cost 12 crowns.", ["How much will a single ticket cost?"]),
        ("The council decided on Monday.", []),
        ("The hall was not sold in May.", []),
        ("He was sold a horse in May.", []),
        ("The man who was here was seen in May.", []),
        ("What happened was seen in May.", []),
    ],
)
def test_a_sentence_is_turned_into_what_it_answers(sentence: str, questions: list[str]) -> None:
    assert [posed.question for posed in inquire(sentence)] == questions


def test_no_question_comes_twice() -> None:
    one = answer("What did Ada Byron say?")
    found = next_questions(one, [], lambda *_: True, 3)
    assert found == ["How many cranes were repaired?", "Who is Ada Byron?"]
    assert next_questions(one, found, lambda *_: True, 3) == []
    assert len(next_questions(one, [], lambda *_: True, 1)) == 1
