"""The public API, as a program uses it: real index, real embedder, the starter collection."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from served import in_a_loop

import rag
from index.errors import NotFoundError
from rag import Answer, Chat, ClaimChecked, DatelineError, Status, Token, Turn

SEEDS = Path(__file__).resolve().parent.parent / "seeds"


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    with rag.open_chat(tmp_path_factory.mktemp("chat")) as opened:
        report = opened.add(SEEDS)
        assert len(report.added) == 14 and not report.failed
        yield opened


def assert_exact(answer: Answer) -> None:
    for citation in answer.citations:
        assert citation.article.text[citation.start : citation.end] == citation.quote
    assert [citation.number for citation in answer.citations] == list(range(1, len(answer.citations) + 1))
    for hit in answer.hits:
        assert hit.article.text[hit.passage.start : hit.passage.end] == hit.passage.text


def test_an_answer_is_quoted_attributed_and_cited(chat: Chat) -> None:
    answer = chat.ask("How many mines have been cleared in Kherson?")
    assert_exact(answer)
    assert answer.answered and answer.writer == "quote" and answer.elapsed > 0
    claim = answer.claims[0]
    assert "2,000 mines" in claim.text and claim.verdict.label == "quoted"
    assert claim.text == claim.citations[0].quote
    assert [claim.text[start:end] for start, end in claim.emphasis] == ["2,000 mines"]
    assert claim.lead == "Kherson is Ukrainian again, and the search for mines goes on, Dateline seeds, 12 November 2022:"
    assert answer.text.startswith(
        "*Kherson is Ukrainian again, and the search for mines goes on*, Dateline seeds, 12 November 2022: “"
    )
    assert "**2,000 mines**" in answer.text and "[1]" in answer.text
    assert 1 <= len(answer.claims) <= 4 and all(claim.citations for claim in answer.claims)


def test_another_city_is_not_answered_with_this_one(chat: Chat) -> None:
    for question in ("How many mines have been cleared in Kharkiv?", "how many mines were cleared in mariupol"):
        answer = chat.ask(question)
        assert not answer.answered and not answer.claims
        assert answer.text.startswith("The articles do not say.")
        assert "The nearest passages:" in answer.text and answer.citations
        assert_exact(answer)


def test_another_year_is_not_answered_with_this_one(chat: Chat) -> None:
    assert chat.ask("What did Iran say about the drones in November 2022?").answered
    assert not chat.ask("What did Iran say about the drones in November 2019?").answered


def test_a_sentence_that_leans_brings_its_neighbour(chat: Chat) -> None:
    answer = chat.ask("Who said that there is a time for everything?")
    assert answer.answered
    assert any("Medvedev" in claim.text for claim in answer.claims)


def test_the_stream_is_the_answer_in_pieces(chat: Chat) -> None:
    events = list(chat.stream("Why does Russia attack power stations?", history=[{"role": "user", "content": "Hello"}]))
    answer = events[-1]
    assert isinstance(answer, Answer) and isinstance(events[0], Status)
    assert "".join(event.text for event in events if isinstance(event, Token)) == answer.text
    assert tuple(event.claim for event in events if isinstance(event, ClaimChecked)) == answer.claims
    assert sum(isinstance(event, Answer) for event in events) == 1


def test_sync_and_async_say_the_same(chat: Chat) -> None:
    question = "Which river did people cross by boat?"

    async def both() -> tuple[Answer, list[rag.Event]]:
        return await chat.aask(question), [event async for event in chat.astream(question)]

    answer, events = in_a_loop(both())
    last = events[-1]
    assert isinstance(last, Answer)
    assert answer.text == chat.ask(question).text == last.text


def test_an_async_stream_can_be_closed_half_way(chat: Chat) -> None:
    async def first() -> rag.Event:
        events = chat.astream("Who is Banksy?")
        event = await anext(events)
        await events.aclose()
        return event

    assert isinstance(in_a_loop(first()), Status)
    assert chat.ask("Who is Banksy?").hits


def test_answers_are_json_both_ways(chat: Chat) -> None:
    for question in ("Who is Iran's foreign minister?", "What is the price of wheat in Chicago?"):
        answer = chat.ask(question)
        assert Answer.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer
        light = json.dumps(answer.to_dict(texts=False))
        assert all(hit.article.text not in light for hit in answer.hits)


def test_search_finds_what_only_one_of_the_two_finds(chat: Chat) -> None:
    index = chat._index
    lexical = {passage for passage, _ in index.search_words("Mohajer", 50)}
    assert lexical and chat.search("Mohajer", k=3)[0].passage.id in lexical
    by_meaning = "Explosive devices made harmless"
    assert chat.search(by_meaning, k=3)[0].article.title.startswith("Kherson is Ukrainian again")


def test_search_filters_by_date_and_outlet(chat: Chat) -> None:
    day = date(2022, 11, 12)
    hits = chat.search("Kherson", k=50, since=day, until=day)
    assert hits and all(hit.article.published == day for hit in hits)
    assert chat.search("Kherson", since=date(2023, 1, 1)) == []
    assert chat.search("Kherson", outlet="DATELINE SEEDS")
    assert chat.search("Kherson", outlet="Another Outlet") == []
    assert len(chat.search("Kherson", k=3)) == 3


def test_as_a_llama_index_retriever_offsets_are_exact(chat: Chat) -> None:
    nodes = chat.as_retriever(k=5).retrieve("drones from Iran")
    assert len(nodes) == 5
    for found in nodes:
        article = chat.article(found.node.ref_doc_id or "")
        node = found.node
        assert article.text[node.start_char_idx : node.end_char_idx] == node.get_content()
        assert node.metadata["title"] == article.title
    assert [found.score for found in nodes] == sorted((found.score or 0 for found in nodes), reverse=True)


def conversation(chat: Chat, *questions: str) -> list[Answer]:
    """The answers to questions that are asked one after the other."""
    history: list[Turn] = []
    answers = []
    for question in questions:
        answers.append(chat.ask(question, history))
        history += [Turn("user", question), Turn("assistant", answers[-1].text)]
    return answers


def test_a_follow_up_is_searched_with_what_it_lacks(chat: Chat) -> None:
    first, who, other, back = conversation(
        chat, "How many mines have been cleared in Kherson?", "Who said that?", "And in Mykolaiv?", "No, I meant Kherson."
    )
    assert first.searched == first.question and who.question == "Who said that?"
    assert who.searched == "Who said that? (mines have been cleared in Kherson)"
    assert who.answered and any("Zelensky" in claim.text for claim in who.claims)
    assert other.searched == "How many mines have been cleared in Mykolaiv?"
    assert not other.answered and "None of them mentions Mykolaiv" in other.text
    assert back.answered and back.searched == first.searched and "2,000 mines" in back.text
    for answer in (first, who, other, back):
        assert_exact(answer)


def test_a_pronoun_is_the_person_whom_the_answer_named(chat: Chat) -> None:
    minister, dismissed = conversation(chat, "Who is Iran's foreign minister?", "What did he dismiss?")
    assert minister.answered and "Abdullahian" in minister.text
    assert dismissed.searched == "What did Hussein Amir Abdullahian dismiss?"
    assert dismissed.answered and "all reports to the contrary" in dismissed.text


def test_a_question_that_stands_alone_is_answered_as_without_a_history(chat: Chat) -> None:
    history = [Turn("user", "How many mines have been cleared in Kherson?"), Turn("assistant", "2,000 mines.")]
    for question in ("What did Banksy paint in Borodianka?", "Who is the president of Iran?", "how old is dmitry medvedev"):
        alone, after = chat.ask(question), chat.ask(question, history)
        assert after.searched == question
        assert (after.text, after.citations) == (alone.text, alone.citations)


def test_a_question_with_several_readings_is_asked_back_about(tmp_path: Path) -> None:
    for country, name in (("Norland", "Ada Brandt"), ("Sudmark", "Olaf Keller")):
        (tmp_path / f"{country}.txt").write_text(
            f"{country} changes its tariffs\n\nThe trade minister of {country}, {name}, announced new tariffs on steel.\n"
        )
    with rag.open_chat(tmp_path / "data") as chat:
        chat.add(tmp_path / "Norland.txt", tmp_path / "Sudmark.txt")
        answer = chat.ask("Who is the trade minister?")
        assert not answer.answered and not answer.claims and len(answer.readings) == 2
        assert set(answer.readings) == {f"Who is the trade minister of {country}?" for country in ("Norland", "Sudmark")}
        assert all(reading in answer.text for reading in answer.readings)
        assert Answer.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer
        for reading in answer.readings:
            clear = chat.ask(reading)
            assert clear.answered and not clear.readings
        history = [Turn("user", "What did Norland's trade minister announce?"), Turn("assistant", "New tariffs on steel.")]
        assert not chat.ask("Who is the trade minister?", history).readings
        chat.remove(next(article.id for article in chat.articles() if "Sudmark" in article.title))
        only = chat.ask("Who is the trade minister?")
        assert only.answered and not only.readings and "Ada Brandt" in only.text


@pytest.mark.slow
def test_nothing_that_is_answered_rightly_is_asked_back_about(chat: Chat) -> None:
    for line in (SEEDS / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        assert not chat.ask(json.loads(line)["question"]).readings


def test_a_question_is_not_refused_for_words_that_it_was_given(chat: Chat) -> None:
    asked = 'Who said "There is a time for everything"?'
    alone = chat.ask(asked)
    changed = chat.ask(asked, history=[Turn("user", "How many mines have been cleared in Kharkiv?"), Turn("assistant", "No.")])
    assert alone.answered and changed.searched == asked
    assert changed.text == alone.text and not alone.notice
    assert "mines have been cleared in Kharkiv" in changed.notice and "by itself" in changed.notice


def test_what_points_at_what_was_said_is_never_asked_by_itself(chat: Chat) -> None:
    history = [Turn("user", "What did the king of Norway say?"), Turn("assistant", "The articles do not say.")]
    for question in ("How many of them have been cleared?", "And in Kherson?", "Where did he say it?"):
        assert "by itself" not in chat.ask(question, history=history).notice


@pytest.mark.parametrize("question", ["", "   ", "\0", "x" * 5000])
def test_a_question_that_cannot_be_asked_is_refused_in_words(chat: Chat, question: str) -> None:
    with pytest.raises(DatelineError, match="question"):
        chat.ask(question)


def test_a_history_of_something_else_is_refused_before_anything_is_searched(chat: Chat) -> None:
    with pytest.raises(KeyError):
        chat.ask("Who is Banksy?", history=[{"who": "me"}])
    assert chat.ask("Who is Banksy?", history=[Turn("user", "Hello"), Turn("assistant", "Hello.")]).hits


@pytest.mark.parametrize(
    "question",
    [
        "?!?",
        "日本の首相は誰ですか",
        "'; DROP TABLE articles; --",
        'AND OR NOT NEAR("',
        "<img src=x onerror=alert(1)>",
        "* * *",
        "How many mines\udfff were cleared?",
        "What happened in ſept 2022?",
    ],
)
def test_odd_questions_are_answered_or_refused_but_never_break(chat: Chat, question: str) -> None:
    assert_exact(chat.ask(question))


def test_half_a_character_names_no_outlet_and_no_article(chat: Chat, caplog: pytest.LogCaptureFixture) -> None:
    assert chat.search("mines", outlet="caf\udce9") == []
    assert chat.listing(outlet="\ud800").total == 0
    with pytest.raises(NotFoundError):
        chat.article("\ud800")
    assert "damaged" not in caplog.text


def test_thanks_ask_for_nothing(chat: Chat) -> None:
    history = [rag.Turn("user", "Who is Banksy?"), rag.Turn("assistant", chat.ask("Who is Banksy?").text)]
    answer = chat.ask("Thank you!", history)
    assert not answer.answered and answer.text == "Ask me about the articles." and not answer.hits


def test_what_about_another_matter_is_told_by_itself(chat: Chat) -> None:
    history = [
        rag.Turn("user", "How many books were lost in the library?"),
        rag.Turn("assistant", "“About 14,000 books were lost.” [1]"),
    ]
    answer = chat.ask("What about the mural?", history)
    assert answer.answered and "mural" in answer.citations[0].article.title


def test_suggestions_can_be_answered(chat: Chat) -> None:
    offered = chat.suggestions(4)
    assert len(offered) == len(set(offered)) == 4
    assert all(chat.ask(question).answered for question in offered)


def test_an_empty_collection_says_how_to_fill_it(tmp_path: Path) -> None:
    with rag.open_chat(tmp_path / "empty") as chat:
        answer = chat.ask("Who is Banksy?")
        assert not answer.answered and "dateline add" in answer.text
        assert chat.suggestions() == [] and chat.articles() == [] and chat.search("x") == []


def test_article_text_stays_text_in_the_markdown_of_an_answer(tmp_path: Path) -> None:
    (tmp_path / "evil.txt").write_text(
        "A *bold* headline [9]\n\nThe mayor of Oberau opened ![x](http://evil.example/a.png) the <b>bridge</b> on Monday [7].\n"
    )
    with rag.open_chat(tmp_path / "data") as chat:
        chat.add(tmp_path / "evil.txt")
        answer = chat.ask("Who opened the bridge of Oberau?")
    assert_exact(answer)
    assert answer.citations
    assert "![" not in answer.text and "<b>" not in answer.text and " [7]" not in answer.text


@pytest.mark.slow
def test_two_threads_ask_while_one_adds(tmp_path: Path) -> None:
    problems: list[BaseException] = []
    with rag.open_chat(tmp_path / "data") as chat:
        chat.add(SEEDS / "kherson-demining.md")
        done = threading.Event()

        def ask() -> None:
            try:
                while not done.is_set():
                    assert "2,000" in chat.ask("How many mines have been cleared in Kherson?").text
            except BaseException as problem:
                problems.append(problem)

        askers = [threading.Thread(target=ask) for _ in range(2)]
        for asker in askers:
            asker.start()
        chat.add(SEEDS)
        done.set()
        for asker in askers:
            asker.join()
    assert not problems


def test_removing_an_article_removes_its_answers(tmp_path: Path) -> None:
    with rag.open_chat(tmp_path / "data") as chat:
        chat.add(SEEDS)
        article = next(article for article in chat.articles() if article.title.startswith("Banksy"))
        assert chat.remove(article.id) == article
        assert not chat.ask("What did Banksy paint in Borodianka?").answered
        with pytest.raises(DatelineError, match=article.id):
            chat.article(article.id)
