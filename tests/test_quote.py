"""The keyless writer on articles made for the purpose, through the public door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest

import rag
from index.minilm import MiniLM
from index.sentences import sentence_spans
from rag import Answer

Ask = Callable[[dict[str, str], str], Answer]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Asks a question of a collection of articles: name -> text, whose first line is the headline."""
    chats: dict[tuple[tuple[str, str], ...], rag.Chat] = {}
    with ExitStack() as stack:

        def chat_of(articles: dict[str, str]) -> rag.Chat:
            folder = tmp_path_factory.mktemp("articles")
            for name, text in articles.items():
                headline, body = text.split("\n", 1)
                (folder / f"{name}.md").write_text(
                    f"---\ntitle: {headline}\noutlet: {name.title()}\n---\n\n{body}\n", encoding="utf-8"
                )
            chat = stack.enter_context(rag.open_chat(folder / "data"))
            chat.add(*(folder / f"{name}.md" for name in articles))
            return chat

        def answer(articles: dict[str, str], question: str) -> Answer:
            known = tuple(articles.items())
            if known not in chats:
                chats[known] = chat_of(articles)
            return chats[known].ask(question)

        yield answer


BRIDGE = """A bridge for Oberau
The mayor of Oberau, Anna Berg, opened the new bridge on 3 May 2021. She said that it had cost 4 million euros. The old one \
was closed because its piers had cracked.

The choir sang for an hour. Children had painted 120 flags."""


def test_a_sentence_that_leans_brings_its_neighbour_along(ask: Ask) -> None:
    answer = ask({"post": BRIDGE}, "How much did the bridge of Oberau cost?")
    claim = next(claim for claim in answer.claims if "4 million euros" in claim.text)
    assert claim.text.startswith("The mayor of Oberau, Anna Berg")
    assert [claim.text[start:end] for start, end in claim.emphasis] == ["4 million euros"]


@pytest.mark.parametrize(
    ("question", "phrase"),
    [
        ("How many flags did children paint?", "120 flags"),
        ("When was the bridge of Oberau opened?", "3 May 2021"),
        ("Why was the old bridge closed?", "because its piers had cracked"),
        ("Who opened the bridge?", "Anna Berg"),
    ],
)
def test_what_was_asked_for_is_quoted(ask: Ask, question: str, phrase: str) -> None:
    answer = ask({"post": BRIDGE}, question)
    assert answer.answered and any(phrase in citation.quote for citation in answer.citations)


@pytest.mark.parametrize(
    "question",
    [
        "How much did the bridge of Unterau cost?",
        "When was the bridge of Oberau opened by Karl Holm?",
        "What happened in Oberau in 2017?",
        "How old is Anna Berg?",
        "Who won the football match in Oberau?",
    ],
)
def test_what_was_not_said_is_not_answered(ask: Ask, question: str) -> None:
    answer = ask({"post": BRIDGE}, question)
    assert not answer.answered and answer.text.startswith("The articles do not say.")


def test_what_is_quoted_without_a_word_says_nothing(ask: Ask) -> None:
    assert not ask({"post": BRIDGE}, 'What does "?? !!" mean in Leeds?').answered


PROTEST = """Students in the streets
Thousands of students marched through Lindau on Friday because the state had doubled their fees.

The march was led by Greta Sommer, who studies law."""


@pytest.mark.parametrize(
    ("question", "phrase"),
    [("Why did students march in Lindau?", "doubled their fees"), ("Who led the march in Lindau?", "Greta Sommer")],
)
def test_a_march_need_not_be_a_month(ask: Ask, question: str, phrase: str) -> None:
    answer = ask({"post": PROTEST}, question)
    assert answer.answered and any(phrase in citation.quote for citation in answer.citations)


MINISTER = """A minister opens a school
The new school in Leiten was opened on 5 June 2022. It has room for 300 pupils.

Minister {name} said that the school had cost 9 million euros."""


def test_whom_an_article_calls_by_the_surname_may_be_asked_for_by_both_names(ask: Ask) -> None:
    answer = ask({"post": MINISTER.format(name="Holm")}, "What did Karl Holm say that the school in Leiten had cost?")
    assert answer.answered and any("9 million euros" in citation.quote for citation in answer.citations)


def test_somebody_else_of_the_same_surname_is_somebody_else(ask: Ask) -> None:
    answer = ask({"post": MINISTER.format(name="Yngve Holm")}, "What did Karl Holm say that the school in Leiten had cost?")
    assert not answer.answered and "Karl" in answer.text


def test_one_report_in_two_outlets_is_quoted_once(ask: Ask) -> None:
    answer = ask({"post": BRIDGE, "gazette": BRIDGE.replace("A bridge for", "New bridge in")}, "When was the bridge opened?")
    assert answer.answered
    assert sum("3 May 2021" in claim.text for claim in answer.claims) == 1


def test_no_sentence_stands_in_two_quotations(ask: Ask) -> None:
    for question in (
        "What did the mayor say of the bridge?",
        "What happened in Oberau?",
        "What is known of the bridge of Oberau?",
    ):
        answer = ask({"post": BRIDGE}, question)
        spans = sorted((citation.start, citation.end) for citation in answer.citations)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
        assert sum(len(sentence_spans(claim.text)) for claim in answer.claims) <= 4


def test_what_nobody_mentions_is_named(ask: Ask) -> None:
    answer = ask({"post": BRIDGE}, "Did Karl Holm open the bridge?")
    assert "None of them mentions Karl or Holm." in answer.text


def test_the_writer_reads_with_the_built_in_model_whatever_embedder_is_used(tmp_path: Path) -> None:
    from llama_index.core.embeddings import MockEmbedding

    (tmp_path / "post.txt").write_text(BRIDGE.replace("\n", "\n\n", 1), encoding="utf-8")
    with rag.open_chat(tmp_path / "data", embedder=MockEmbedding(embed_dim=8)) as chat:
        assert len(chat.add(tmp_path / "post.txt").added) == 1
        assert isinstance(chat._reader, MiniLM)
        assert "120 flags" in chat.ask("How many flags did children paint?").text.replace("**", "")
    with pytest.raises(rag.DatelineError, match="dateline rebuild"):
        rag.open_chat(tmp_path / "data")
