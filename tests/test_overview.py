"""Questions that ask for no one thing: what is told of a topic, what is new, and which of them say nothing at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import rag
from rag.condense import condense
from rag.question import asks_for_everything, parse, topic_of

ARTICLES = {
    "bridge-opens": (
        "The bridge of Oberau is open",
        "2021-05-03",
        "By Our Staff\n\nThe mayor of Oberau opened the new bridge over the river Sill on Monday. It had cost 4 million euros. "
        "The old bridge had been closed because its piers had cracked. A choir of forty children sang for an hour.",
    ),
    "bridge-closed": (
        "Cracks close the bridge of Oberau",
        "2019-11-20",
        "Oberau has bad news. Engineers found deep cracks in two piers of the bridge, and the town closed it to all traffic. "
        "Lorries must take the road over the pass until further notice.",
    ),
    "bears": (
        "Three bears seen above the valley",
        "2020-08-01",
        "Hikers have photographed three brown bears on the slopes above the valley of the Sill. A ranger asked people to keep "
        "their dogs on the lead. Nobody in Oberau was in danger, he said.",
    ),
    "no-date": ("A choir sings in Matrei", "", "The choir of Matrei sang in the new hall on Sunday. The hall has 300 seats."),
}


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rag.Chat]:
    folder = tmp_path_factory.mktemp("articles")
    for name, (title, published, body) in ARTICLES.items():
        dated = f"date: {published}\n" if published else ""
        (folder / f"{name}.md").write_text(f"---\ntitle: {title}\n{dated}outlet: Sill Post\n---\n\n{body}\n", encoding="utf-8")
    with rag.open_chat(folder / "data") as opened:
        opened.add(*sorted(folder.glob("*.md")))
        yield opened


def quotes(answer: rag.Answer) -> list[str]:
    assert all(one.article.text[one.start : one.end] == one.quote for one in answer.citations)
    return [one.quote for one in answer.citations]


@pytest.mark.parametrize(
    "question",
    [
        "Tell me about the bridge of Oberau",
        "what happened to the bridge in Oberau?",
        "Oberau bridge",
        "Any news on the Oberau bridge?",
    ],
)
def test_a_topic_is_answered_with_the_beginnings_of_its_articles(chat: rag.Chat, question: str) -> None:
    answer = chat.ask(question)
    assert answer.answered and not answer.readings
    told = " ".join(quotes(answer))
    assert "opened the new bridge over the river Sill on Monday." in told
    assert "Engineers found deep cracks" in told, "a first sentence that tells little brings the second along"
    assert "By Our Staff" not in told and "bears" not in told


def test_the_latest_begins_with_the_newest(chat: rag.Chat) -> None:
    answer = chat.ask("What is the latest on the bridge of Oberau?")
    assert answer.citations[0].article.title == "The bridge of Oberau is open"
    assert [one.article.title for one in chat.ask("Tell me about bears").citations][:1] == ["Three bears seen above the valley"]


@pytest.mark.parametrize(
    "question", ["What's new?", "What’s the latest news?", "Summarise the articles", "what are these articles about?"]
)
def test_whoever_asks_for_everything_gets_the_newest_articles(chat: rag.Chat, question: str) -> None:
    answer = chat.ask(question)
    assert answer.answered
    titles = [one.article.title for one in answer.citations]
    assert titles[:3] == [
        "The bridge of Oberau is open",
        "Three bears seen above the valley",
        "Cracks close the bridge of Oberau",
    ]


def test_what_is_new_is_asked_of_everything_in_a_conversation_too(chat: rag.Chat) -> None:
    history = [
        rag.Turn("user", "How much did the bridge of Oberau cost?"),
        rag.Turn("assistant", "It had cost 4 million euros. [1]"),
    ]
    assert chat.ask("Any news?", history).searched == "Any news?"


@pytest.mark.parametrize("question", ["More", "Tell me more", "Tell me about it", "why?", "Who?"])
def test_who_names_no_topic_is_told_so(chat: rag.Chat, question: str) -> None:
    answer = chat.ask(question)
    assert not answer.answered and answer.text.startswith("It is not said about what")
    assert not answer.citations


@pytest.mark.parametrize(
    "question", ["Tell me about Innsbruck", "What happened in Paris?", "What happened in Oberau in 1999?", "wolves"]
)
def test_what_no_article_is_about_is_not_told(chat: rag.Chat, question: str) -> None:
    answer = chat.ask(question)
    assert not answer.answered and answer.text.startswith("The articles do not say")


def test_another_topic_in_the_place_of_the_last_one_is_offered_by_itself(chat: rag.Chat) -> None:
    history = [
        rag.Turn("user", "How much did the bridge of Oberau cost?"),
        rag.Turn("assistant", "It had cost 4 million euros. [1]"),
    ]
    answer = chat.ask("What about Matrei?", history)
    assert not answer.answered and answer.readings == ("Tell me about Matrei",)
    assert "Matrei" in answer.notice
    assert chat.ask("Tell me about Matrei", history).answered
    assert chat.ask("What about Paris?", history).readings == ()


@pytest.mark.parametrize("question", ["Tell me about the choir", "What happened in Oberau?", "what is known about the bears?"])
@pytest.mark.parametrize("before", ["What's new?", "How much did the bridge of Oberau cost?", "Who sang in Matrei?"])
def test_a_topic_of_its_own_is_not_mixed_with_what_was_said_before(chat: rag.Chat, before: str, question: str) -> None:
    history = [rag.Turn("user", before), rag.Turn("assistant", chat.ask(before).text)]
    alone, answer = chat.ask(question), chat.ask(question, history)
    assert answer.answered and quotes(answer) == quotes(alone) and not answer.notice


def test_he_is_whom_one_asked_to_be_told_of() -> None:
    answer = "“Vladimir Putin and Ebrahim Raisi spoke to each other by telephone.” [1]"
    history = [rag.Turn("user", "Tell me about Raisi"), rag.Turn("assistant", answer)]
    assert condense(history, "Who is he?").searched.startswith("Who is Raisi?")


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("And what about Kherson?", "Kherson"),
        ("Tell me about the mural", "mural"),
        ("so, any news from Belarus today?", "Belarus today"),
        ("nuclear weapons", "nuclear weapons"),
        ("Who is Banksy?", ""),
        ("What new tool did Valve give players?", ""),
        ("How many mines were cleared?", ""),
        ("What's new?", ""),
        ("why?", ""),
    ],
)
def test_the_topic_is_what_is_named(text: str, topic: str) -> None:
    assert topic_of(text) == topic
    assert (parse(text).kind == "overview") == bool(topic or asks_for_everything(text) or text == "why?")
