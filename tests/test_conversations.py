"""Kept conversations: whose they are, what stays of them, and what happens to the file they lie in."""

from __future__ import annotations

import json
import logging
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import rag
from index.errors import ConversationsError, NotFoundError
from index.types import Article, Hit, Passage
from rag.conversations import FILE, Conversations, OwnConversations, browser, new_secret, signed_in
from rag.types import Answer, Citation, Claim, Turn, Verdict

HEAD = "---\ntitle: The ferry\ndate: 2022-11-13\n---\n\n"
TEXT = "The ferry sails on Monday. A ticket costs 40 euros. Nobody was hurt."


def article(id: str = "ferry", text: str = TEXT) -> Article:
    return Article(
        id, "The ferry", text, "ferry.md", "https://news.example/ferry", "The River Post", "A. Writer", date(2022, 11, 13)
    )


def answer_to(question: str, about: Article | None = None, span: tuple[int, int] = (27, 51)) -> Answer:
    cited = about or article()
    quote = cited.text[span[0] : span[1]]
    citation = Citation(1, cited, *span, quote)
    claim = Claim(quote, (citation,), Verdict("quoted", 1.0, ("word for word",)), "The ferry:", ((2, 8),))
    hit = Hit(Passage("p1", cited.id, 0, len(cited.text), cited.text), cited, 0.5)
    return Answer(question, question, f"“{quote}” [1]", (claim,), (citation,), (hit,), True, "quote", 0.1)


@pytest.fixture
def kept(tmp_path: Path) -> Conversations:
    return Conversations(tmp_path / FILE)


@pytest.fixture
def alice(kept: Conversations) -> OwnConversations:
    return kept.of(signed_in("alice"))


@pytest.fixture
def bob(kept: Conversations) -> OwnConversations:
    return kept.of(signed_in("bob"))


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


# --- keeping and finding ------------------------------------------------------------------------------


def test_a_conversation_is_kept(alice: OwnConversations, tmp_path: Path) -> None:
    id = alice.begin()
    first = alice.add(id, "What does the ferry cost?", answer_to("What does the ferry cost?"))
    alice.add(id, "And the bus?", None, note="Stopped by its reader.")
    again = Conversations(tmp_path / FILE).of(signed_in("alice")).load(id)
    assert again.title == "What does the ferry cost?"
    assert [exchange.question for exchange in again.exchanges] == ["What does the ferry cost?", "And the bus?"]
    assert again.exchanges[0].id == first
    assert again.exchanges[1].answer is None
    assert again.exchanges[1].note == "Stopped by its reader."
    answer = again.exchanges[0].answer
    assert answer is not None
    assert answer.claims[0].verdict == Verdict("quoted", 1.0, ("word for word",))
    assert answer.claims[0].emphasis == ((2, 8),)
    (citation,) = answer.citations
    assert (citation.quote, citation.start, citation.end) == ("A ticket costs 40 euros.", 27, 51)
    assert citation.article == article().without_text()
    assert again.history() == [Turn("user", "What does the ferry cost?"), Turn("assistant", answer.text)]


def test_article_texts_are_not_kept(alice: OwnConversations, tmp_path: Path) -> None:
    alice.add(alice.begin(), "What does it cost?", answer_to("What does it cost?"))
    assert b"A ticket costs 40 euros." in everything_in(tmp_path)
    assert b"Nobody was hurt." not in everything_in(tmp_path)


def test_the_list_is_newest_first_and_leaves_out_what_was_only_begun(alice: OwnConversations) -> None:
    one, _, two = alice.begin(), alice.begin(), alice.begin()
    alice.add(one, "First?", answer_to("First?"))
    alice.add(two, "Second?", answer_to("Second?"))
    assert [(s.title, s.count) for s in alice.recent()] == [("Second?", 1), ("First?", 1)]
    alice.add(one, "Third?", answer_to("Third?"))
    assert [(s.title, s.count) for s in alice.recent()] == [("First?", 2), ("Second?", 1)]
    assert len(alice.recent(limit=1)) == 1


def test_titles(alice: OwnConversations) -> None:
    id = alice.begin()
    alice.add(id, "How many\nmines  were " + "very " * 40 + "quickly cleared?", answer_to("x"))
    title = alice.load(id).title
    assert title.startswith("How many mines were very")
    assert title.endswith("very…")
    assert len(title) <= 80
    alice.rename(id, "  Mines\nnear Kherson ")
    assert alice.load(id).title == "Mines near Kherson"
    with pytest.raises(rag.DatelineError, match="empty"):
        alice.rename(id, " \n")
    alice.add(id, "Another?", answer_to("Another?"))
    assert alice.load(id).title == "Mines near Kherson"


def test_search(alice: OwnConversations) -> None:
    ferry, tea = alice.begin(), alice.begin()
    alice.add(ferry, "What does the ferry to Odesa cost?", answer_to("x"))
    alice.add(tea, "Où est le thé « Ґанок »?", None)
    alice.rename(tea, "Breakfast")

    def found(words: str) -> list[str]:
        return [summary.id for summary in alice.search(words)]

    assert found("ODESA ferry") == [ferry]
    assert found("tick euros") == [ferry]  # the answer's words, and beginnings
    assert found("the") == [tea, ferry] or found("the") == [ferry, tea]
    assert found("ґанок") == [tea]
    assert found("breakf") == [tea]
    assert found("ferry tea") == []
    assert "40 euros" in alice.search("euros")[0].found


@pytest.mark.parametrize("title", ["Café, Überblick", "Cafe\N{COMBINING ACUTE ACCENT}, U\N{COMBINING DIAERESIS}berblick"])
@pytest.mark.parametrize("words", ["cafe", "CAFÉ", "uber cafe", "u\N{COMBINING DIAERESIS}berbl"])
def test_accents_do_not_matter_in_titles_and_in_questions(alice: OwnConversations, title: str, words: str) -> None:
    renamed, asked = alice.begin(), alice.begin()
    alice.add(renamed, "Is it so?", None)
    alice.rename(renamed, title)
    alice.add(asked, title, None)
    alice.rename(asked, "Another")
    assert {one.id for one in alice.search(words)} == {renamed, asked}


@pytest.mark.parametrize(
    "words", ["", "   ", '"', "AND", "NOT ferry*", "question:x", "(((", "NEAR(a b)", "x" * 9000, "\0", "^a", "\ud800"]
)
def test_no_search_breaks(alice: OwnConversations, words: str) -> None:
    alice.add(alice.begin(), "ferry", None)
    assert isinstance(alice.search(words), list)


def test_thumbs_and_a_word_why(alice: OwnConversations) -> None:
    id = alice.begin()
    exchange = alice.add(id, "What?", answer_to("What?"))
    alice.rate(exchange, "down", " the price is old ")
    loaded = alice.load(id).exchanges[0]
    assert (loaded.thumb, loaded.word) == ("down", "the price is old")
    alice.rate(exchange, "")
    assert alice.load(id).exchanges[0].thumb == ""
    with pytest.raises(rag.DatelineError, match="sideways"):
        alice.rate(exchange, "sideways")  # type: ignore[arg-type]
    with pytest.raises(rag.DatelineError, match="shorter"):
        alice.rate(exchange, "up", "x" * 5000)


def test_a_question_edited_and_asked_again_branches(alice: OwnConversations) -> None:
    id = alice.begin()

    def questions() -> list[str]:
        return [exchange.question for exchange in alice.load(id).exchanges]

    alice.add(id, "one", None)
    two = alice.add(id, "two", None)
    three = alice.add(id, "three", None)
    edited = alice.add(id, "two, edited", None, instead_of=two)
    assert questions() == ["one", "two, edited"]
    assert alice.load(id).exchanges[1].others == (two, edited)
    alice.add(id, "four", None)
    assert questions() == ["one", "two, edited", "four"]
    alice.choose(two)
    assert questions() == ["one", "two", "three"]
    alice.choose(edited)
    assert questions() == ["one", "two, edited", "four"]
    alice.delete_exchange(edited)
    assert questions() == ["one"]
    alice.choose(three)
    assert questions() == ["one", "two", "three"]
    alice.delete_exchange(alice.load(id).exchanges[0].id)
    assert alice.load(id).exchanges == ()
    assert alice.recent() == []


def test_the_first_question_can_be_edited_too(alice: OwnConversations) -> None:
    id = alice.begin()
    first = alice.add(id, "first", None)
    alice.add(id, "second", None)
    alice.add(id, "first, edited", None, instead_of=first)
    assert [exchange.question for exchange in alice.load(id).exchanges] == ["first, edited"]


def test_hostile_text_is_kept_as_text(alice: OwnConversations) -> None:
    nasty = "'; DROP TABLE exchanges; -- \0 \ud800 \u202e </script>"
    id = alice.begin(nasty)
    alice.rate(alice.add(id, nasty, answer_to(nasty), note=nasty), "up", nasty)
    exchange = alice.load(id).exchanges[0]
    assert exchange.question.startswith("'; DROP TABLE exchanges; -- ")
    assert alice.search("drop table")[0].id == id
    with pytest.raises(rag.DatelineError, match=r"90,000 characters"):
        alice.add(id, "x" * 90_000)


# --- whose ---------------------------------------------------------------------------------------------


def test_two_people_never_see_each_others(alice: OwnConversations, bob: OwnConversations) -> None:
    id = alice.begin()
    exchange = alice.add(id, "What did the secret ferry cost?", answer_to("x"))
    before = alice.load(id)
    own = bob.begin()
    mine = bob.add(own, "bob's", None)
    attempts: list[Callable[[], Any]] = [
        lambda: bob.load(id),
        lambda: bob.rename(id, "stolen"),
        lambda: bob.delete(id),
        lambda: bob.add(id, "smuggled"),
        lambda: bob.add(own, "borrowed", instead_of=exchange),
        lambda: bob.rate(exchange, "down", "no"),
        lambda: bob.choose(exchange),
        lambda: bob.delete_exchange(exchange),
    ]
    for attempt in attempts:
        with pytest.raises(NotFoundError):
            attempt()
    assert [one.id for one in bob.recent()] == [own]
    assert bob.search("secret ferry") == []
    assert bob.delete_all() == 1
    assert alice.load(id) == before
    with pytest.raises(NotFoundError):
        alice.rate(mine, "up")


def test_what_is_anothers_and_what_is_not_there_sound_the_same(alice: OwnConversations, bob: OwnConversations) -> None:
    id = alice.begin()
    with pytest.raises(NotFoundError) as anothers:
        bob.load(id)
    with pytest.raises(NotFoundError) as nobodys:
        bob.load("f" * 32)
    assert str(anothers.value).replace(id, "") == str(nobodys.value).replace("f" * 32, "")


def test_an_exchange_takes_no_place_in_another_conversation(alice: OwnConversations) -> None:
    one, two = alice.begin(), alice.begin()
    exchange = alice.add(one, "one", None)
    with pytest.raises(NotFoundError):
        alice.add(two, "two", None, instead_of=exchange)


def test_a_browser_cannot_pass_for_a_user_nor_be_guessed(kept: Conversations, tmp_path: Path) -> None:
    secret = new_secret()
    assert len(secret) >= 43
    assert secret != new_secret()
    kept.of(browser(secret)).add(kept.of(browser(secret)).begin(), "mine", None)
    assert [one.title for one in kept.of(browser(secret)).recent()] == ["mine"]
    for owner in (signed_in(secret), browser(new_secret()), signed_in(browser(secret)), secret):
        assert kept.of(owner).recent() == []
    assert secret.encode() not in everything_in(tmp_path)
    for short in ("", "alice", "x" * 31):
        with pytest.raises(rag.DatelineError, match="guessed"):
            browser(short)
    with pytest.raises(rag.DatelineError):
        kept.of("  ")
    with pytest.raises(rag.DatelineError):
        signed_in(" ")


def test_whoever_keeps_the_server_sees_all_and_begins_none(
    kept: Conversations, alice: OwnConversations, bob: OwnConversations
) -> None:
    alice.add(alice.begin(), "a ferry", None)
    bob.add(bob.begin(), "b ferry", None)
    assert [(one.owner, one.title) for one in kept.everyones().recent()] == [("user:bob", "b ferry"), ("user:alice", "a ferry")]
    assert len(kept.everyones().search("ferry")) == 2
    assert alice.recent()[0].owner == ""
    with pytest.raises(rag.DatelineError, match="belongs"):
        kept.everyones().begin()


def test_ids_are_random(alice: OwnConversations) -> None:
    ids = {alice.begin() for _ in range(20)}
    assert len(ids) == 20
    assert all(len(id) == 32 and int(id, 16) for id in ids)


def test_others_on_the_machine_cannot_read_the_file(alice: OwnConversations, tmp_path: Path) -> None:
    alice.begin()
    if sys.platform != "win32":
        assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


# --- deleting ------------------------------------------------------------------------------------------


def test_deleting_leaves_no_trace(alice: OwnConversations, tmp_path: Path) -> None:
    other = alice.begin()
    alice.add(other, "an innocent question", None)
    id = alice.begin("Quokkaburra title")
    exchange = alice.add(
        id, "Where is the zanzibarred wombat?", answer_to("x", article(text="Xylophonic llamas. " + TEXT), (0, 18))
    )
    alice.rate(exchange, "up", "because of mumblecore")
    alice.add(id, "And the zanzibarred one?", None, instead_of=exchange)
    traces = (b"zanzibarred", b"uokkaburra", b"ylophonic", b"mumblecore", id.encode(), exchange.encode())
    assert all(trace in everything_in(tmp_path) for trace in traces)
    with closing(sqlite3.connect(tmp_path / FILE)) as someone_else:
        someone_else.execute("SELECT count(*) FROM exchanges").fetchall()  # who has it open keeps its log from going by itself
        alice.delete(id)
        assert not [trace for trace in traces if trace in everything_in(tmp_path)]
    assert [one.id for one in alice.recent()] == [other]
    assert alice.search("innocent")
    with pytest.raises(NotFoundError):
        alice.load(id)
    with pytest.raises(NotFoundError):
        alice.delete(id)


def test_deleting_an_exchange_leaves_no_trace(alice: OwnConversations, tmp_path: Path) -> None:
    id = alice.begin("Title")
    alice.add(id, "kept", None)
    alice.delete_exchange(alice.add(id, "zanzibarred", None))
    assert b"zanzibarred" not in everything_in(tmp_path)
    assert [exchange.question for exchange in alice.load(id).exchanges] == ["kept"]


@pytest.mark.parametrize("way", ["delete", "delete_all", "delete_exchange"])
def test_a_conversation_of_any_length_can_be_deleted(alice: OwnConversations, tmp_path: Path, way: str) -> None:
    other, id = alice.begin(), alice.begin("Title")
    alice.add(other, "an innocent question", None)
    first = alice.add(id, "zanzibarred", None)
    edited = alice.add(id, "before it was edited", None)
    alice.add(id, "edited", None, instead_of=edited)
    with closing(sqlite3.connect(tmp_path / FILE)) as file, file:
        conversation, last = file.execute("SELECT conversation, number FROM exchanges ORDER BY number DESC").fetchone()
        many = [(last + n, f"x{n}", conversation, last + n - 1, f"mumblecore {n}") for n in range(1, 1_501)]
        file.executemany(
            "INSERT INTO exchanges(number, id, conversation, after, asked, question, said, note) "
            "VALUES (?, ?, ?, ?, '2022-01-01T00:00:00.000000+00:00', ?, '', '')",
            many,
        )
        file.execute("UPDATE conversations SET last = ? WHERE number = ?", [last + 1_500, conversation])
    assert len(alice.load(id).exchanges) == 1_502
    match way:
        case "delete":
            alice.delete(id)
        case "delete_all":
            assert alice.delete_all() == 2
        case "delete_exchange":
            alice.delete_exchange("x7")
            assert [exchange.id for exchange in alice.load(id).exchanges][-1] == "x6"
            alice.delete_exchange(first)
            assert alice.load(id).exchanges == ()
    assert [one.id for one in alice.recent()] == ([] if way == "delete_all" else [other])
    assert not [word for word in (b"zanzibarred", b"mumblecore", b"edited") if word in everything_in(tmp_path)]


# --- several at once, and kills --------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from rag.conversations import Conversations
mine = Conversations(Path(sys.argv[1])).of(sys.argv[2])
id = mine.begin()
for n in range(int(sys.argv[3])):
    mine.add(id, f"{sys.argv[2]} {n}", None)
    print(id, n, flush=True)
"""


def writer(path: Path, owner: str, count: int, env: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), owner, str(count)]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)


def test_two_processes_and_four_threads_write_at_once(
    kept: Conversations, tmp_path: Path, subprocess_env: dict[str, str]
) -> None:
    # None of them finds a file there: making it is part of the race.
    processes = [writer(tmp_path / FILE, owner, 40, subprocess_env) for owner in ("p1", "p2")]
    failures: list[BaseException] = []

    def write(owner: str) -> None:
        try:
            mine = kept.of(owner)
            id = mine.begin()
            for n in range(40):
                mine.add(id, f"{owner} {n}", None)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=[f"t{n}"]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert failures == []
    for owner in ("p1", "p2", "t0", "t1", "t2", "t3"):
        mine = kept.of(owner)
        (only,) = mine.recent()
        assert [one.question for one in mine.load(only.id).exchanges] == [f"{owner} {n}" for n in range(40)]
    assert not list(tmp_path.glob("*damaged*"))


def test_a_kill_in_the_middle_loses_nothing_that_was_kept(
    kept: Conversations, tmp_path: Path, subprocess_env: dict[str, str]
) -> None:
    for round in range(3):
        process = writer(tmp_path / FILE, f"victim{round}", 100_000, subprocess_env)
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(5)]
        time.sleep(0.01 * round)
        process.kill()
        told += process.stdout.read().splitlines()
        process.wait()
        process.stdout.close()
        assert process.returncode == (-signal.SIGKILL if sys.platform != "win32" else 1)
        whole = [row for row in told if len(row.split()) == 2]
        exchanges = kept.of(f"victim{round}").load(whole[0].split()[0]).exchanges
        assert len(exchanges) >= len(whole)
        assert [one.question for one in exchanges] == [f"victim{round} {n}" for n in range(len(exchanges))]
    assert kept.notice == ""
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.execute("INSERT INTO words(words, rank) VALUES ('integrity-check', 1)")


# --- the file ------------------------------------------------------------------------------------------


def test_nothing_is_made_before_it_is_needed(alice: OwnConversations, tmp_path: Path) -> None:
    assert alice.recent() == []
    assert alice.search("x") == []
    with pytest.raises(NotFoundError):
        alice.load("x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"not a database at all" * 500, b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_damaged_file_is_moved_aside(
    kept: Conversations, alice: OwnConversations, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert alice.recent() == []
    id = alice.begin()
    alice.add(id, "still here", None)
    assert alice.load(id).exchanges[0].question == "still here"
    (aside,) = tmp_path.glob("conversations.damaged-*.db")
    assert aside.read_bytes() == content
    assert "was damaged" in kept.notice
    assert str(aside) in kept.notice
    assert kept.notice in caplog.text


def test_what_can_be_read_of_a_damaged_file_is_saved(alice: OwnConversations, kept: Conversations, tmp_path: Path) -> None:
    ids = [alice.begin() for _ in range(40)]
    for n, id in enumerate(ids):
        alice.add(id, f"question {n}", answer_to(f"question {n} " + "filling " * 100))
    path = tmp_path / FILE
    data = bytearray(path.read_bytes())
    at = data.index(b"question 20") // 4096 * 4096
    data[at : at + 4096] = b"\xa5" * 4096
    path.write_bytes(data)
    saved = 0
    for id in ids:
        with suppress(NotFoundError):
            saved += len(alice.load(id).exchanges)
    assert "was damaged" in kept.notice
    assert 20 <= saved < 40
    alice.add(alice.begin(), "and on it goes", None)
    assert alice.search("goes")


def test_a_damaged_index_of_words_is_made_again(alice: OwnConversations, kept: Conversations, tmp_path: Path) -> None:
    alice.add(alice.begin("Title"), "the ferry", None)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("DELETE FROM words_data WHERE id > 10")
        connection.commit()
    assert len(alice.search("ferry")) == 1
    assert kept.notice == ""
    assert not list(tmp_path.glob("*damaged*"))


def test_a_foreign_database_is_moved_aside(alice: OwnConversations, kept: Conversations, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("CREATE TABLE recipes(text)")
        connection.commit()
    alice.add(alice.begin(), "mine", None)
    assert len(alice.recent()) == 1
    (aside,) = tmp_path.glob("conversations.damaged-*.db")
    with closing(sqlite3.connect(aside)) as connection:
        assert connection.execute("SELECT count(*) FROM recipes").fetchone() == (0,)


def test_a_newer_file_is_left_alone(alice: OwnConversations, tmp_path: Path) -> None:
    alice.add(alice.begin(), "kept", None)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("PRAGMA user_version = 99")
    for attempt in (alice.recent, alice.begin):
        with pytest.raises(ConversationsError, match="newer version"):
            attempt()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("PRAGMA user_version = 1")
    assert len(alice.recent()) == 1


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    mine = Conversations(tmp_path / "file" / FILE).of("x")
    assert mine.recent() == []
    with pytest.raises(ConversationsError, match="Answers are not affected"):
        mine.begin()
    (tmp_path / FILE).mkdir()
    with pytest.raises(ConversationsError):
        Conversations(tmp_path / FILE).of("x").recent()


def test_a_file_that_vanishes_is_made_anew(alice: OwnConversations, kept: Conversations, tmp_path: Path) -> None:
    path = tmp_path / FILE
    alice.add(alice.begin(), "gone", None)
    with closing(sqlite3.connect(path)) as someone_else:
        someone_else.execute("SELECT count(*) FROM exchanges").fetchall()
        alice.add(alice.begin(), "in the log", None)
        log = path.with_name(f"{FILE}-wal").read_bytes()
    path.unlink()
    path.with_name(f"{FILE}-wal").write_bytes(log)
    assert alice.recent() == []
    alice.add(alice.begin(), "new", None)
    assert [one.title for one in alice.recent()] == ["new"]
    assert kept.notice == ""


# --- answers of other versions ----------------------------------------------------------------------------


def rewrite(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        values = json.loads(connection.execute("SELECT answer FROM exchanges").fetchone()[0])
        connection.execute("UPDATE exchanges SET answer = ?", [json.dumps(change(values))])
        connection.commit()


def without(values: dict[str, Any]) -> dict[str, Any]:
    """As an early version might have kept it: without what came later."""
    for name in ("notice", "tokens_in", "tokens_out", "model", "first_token", "hits", "elapsed"):
        del values[name]
    for claim in values["claims"]:
        del claim["opens"], claim["emphasis"], claim["verdict"]["reasons"]
    for citation in (*values["citations"], *values["claims"][0]["citations"]):
        del citation["article"]["language"], citation["article"]["author"]
    return values


def test_old_rows_stay_readable(alice: OwnConversations, tmp_path: Path) -> None:
    id = alice.begin()
    alice.add(id, "q", answer_to("q"))
    rewrite(tmp_path / FILE, without)
    answer = alice.load(id).exchanges[0].answer
    assert answer is not None
    assert (answer.notice, answer.tokens_in, answer.hits) == ("", None, ())
    assert answer.claims[0].verdict == Verdict("quoted", 1.0)
    assert answer.citations[0].article.author == ""
    assert answer.citations[0].quote == "A ticket costs 40 euros."


def test_rows_of_a_newer_version_are_readable(alice: OwnConversations, tmp_path: Path) -> None:
    id = alice.begin()
    alice.add(id, "q", answer_to("q"))

    def more(values: dict[str, Any]) -> dict[str, Any]:
        values["moods"] = [{"text": "or did you mean"}]
        values["citations"][0]["colour"] = values["citations"][0]["article"]["mood"] = "blue"
        values["claims"][0]["verdict"]["weight"] = 3
        return values

    rewrite(tmp_path / FILE, more)
    assert alice.load(id).exchanges[0].answer == replace(
        answer_to("q"),
        hits=(),
        claims=tuple(
            replace(claim, citations=tuple(replace(c, article=c.article.without_text()) for c in claim.citations))
            for claim in answer_to("q").claims
        ),
        citations=tuple(replace(c, article=c.article.without_text()) for c in answer_to("q").citations),
    )


@pytest.mark.parametrize(
    "value", [[], {}, "text", {"claims": 3}, {"claims": [4]}, {"citations": [{"number": "x", "article": None}]}]
)
def test_an_answer_that_cannot_be_read_costs_itself_only(alice: OwnConversations, tmp_path: Path, value: Any) -> None:
    id = alice.begin()
    alice.add(id, "first", answer_to("first"))
    rewrite(tmp_path / FILE, lambda _: value)
    alice.add(id, "second", answer_to("second"))
    one, two = alice.load(id).exchanges
    assert one.question == "first"
    assert one.answer is None or one.answer.text == ""
    assert two.answer is not None


# --- with the library ---------------------------------------------------------------------------------------


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[rag.Chat]:
    news = tmp_path / "news"
    news.mkdir()
    (news / "ferry.md").write_text(HEAD + TEXT, encoding="utf-8")
    with rag.open_chat(tmp_path / "data") as chat:
        chat.add(news)
        yield chat


def test_citations_belong_to_their_turn(chat: rag.Chat, tmp_path: Path) -> None:
    mine = chat.conversations.of(signed_in("alice"))
    assert not (tmp_path / "data" / FILE).exists()
    id = mine.begin()
    answer = chat.ask("What does a ticket for the ferry cost?")
    assert answer.answered
    mine.add(id, answer.question, answer)
    loaded = mine.load(id).exchanges[0]
    assert loaded.answer == answer
    assert set(loaded.standings) == {"current"}

    (tmp_path / "news" / "ferry.md").write_text(
        "---\ntitle: The ferry\ndate: 2022-11-13\n---\n\nAfter the storm much is new. " + TEXT.replace("40", "55"),
        encoding="utf-8",
    )
    assert len(chat.add(tmp_path / "news").changed) == 1
    later = mine.load(id).exchanges[0]
    assert later.answer == answer
    assert set(later.standings) == {"earlier"}
    second = chat.ask("What does a ticket for the ferry cost?")
    mine.add(id, second.question, second)
    both = mine.load(id).exchanges
    assert [set(exchange.standings) for exchange in both] == [{"earlier"}, {"current"}]
    assert "40 euros" in answer.citations[0].quote
    assert "55 euros" in second.citations[0].quote

    chat.remove(answer.citations[0].article.id)
    gone = mine.load(id).exchanges[0]
    assert set(gone.standings) == {"gone"}
    assert gone.answer is not None
    assert [(c.quote, c.article.title, c.article.text) for c in gone.answer.citations] == [
        (c.quote, "The ferry", "") for c in answer.citations
    ]
    assert gone.answer.hits == ()
