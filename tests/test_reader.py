"""The reader: a question and a sentence side by side."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from index.minilm import ASKED_WINDOW, WINDOW, MiniLM
from rag.reader import ASKED, BEFORE, OWN, TITLE, UNREAD, Judgement, meeting, reader


@pytest.fixture(scope="module")
def minilm() -> Iterator[MiniLM]:
    model = MiniLM()
    yield model
    model.close()


def judged(minilm: MiniLM, question: str, sentence: str) -> Judgement:
    """What the reader makes of a sentence that stands alone."""
    asked, reading = minilm.read([question, sentence])
    return reader().judge(asked, minilm.read_beside(asked, [reading])[0], reading, 0, 0)


ANSWERS = [
    (
        "How many boats sank in the harbour?",
        "Seven boats sank in the harbour on Tuesday.",
        "The harbour has been there since 1820.",
    ),
    ("Who opened the new library?", "The new library was opened by Maria Lopez.", "The new library has ten thousand books."),
    ("When did the bridge collapse?", "The bridge collapsed on 4 March 2019.", "The bridge was built by a firm from Leeds."),
    (
        "Why was the match called off?",
        "The match was called off because of fog.",
        "The match would have been the third this week.",
    ),
    (
        "Where was the painting found?",
        "Police found the painting in a barn near Ghent.",
        "The painting is worth two million euros.",
    ),
]


@pytest.mark.parametrize(("question", "right", "wrong"), ANSWERS)
def test_a_sentence_that_answers_is_above_one_that_only_shares_the_subject(
    minilm: MiniLM, question: str, right: str, wrong: str
) -> None:
    assert judged(minilm, question, right).score > judged(minilm, question, wrong).score


def test_it_is_surer_of_an_answer_in_it_where_there_is_one(minilm: MiniLM) -> None:
    question, right, wrong = ANSWERS[1]
    assert 0 < judged(minilm, question, wrong).marked < judged(minilm, question, right).marked < 1


def test_it_judges_alike_whenever_it_is_asked(minilm: MiniLM) -> None:
    assert judged(minilm, *ANSWERS[0][:2]) == judged(minilm, *ANSWERS[0][:2])


def test_each_token_knows_which_part_it_belongs_to_and_what_it_meets(minilm: MiniLM) -> None:
    asked, reading = minilm.read(["Who sang?", "A night out. It was late. Ann sang."])
    beside = minilm.read_beside(asked, [reading])[0]
    assert beside.shape == (len(asked.ids) + len(reading.ids), 768)
    parts, met = meeting(asked, reading, len(beside), 13, 26)
    assert [parts.tolist().count(part) for part in (ASKED, TITLE, BEFORE, OWN)] == [3, 4, 4, 3]
    assert met.shape == (len(beside), 4)
    assert met[1, 2] == 1.0  # "sang" stands in the sentence, too
    assert met[0, 2] == 0.0


def test_texts_of_any_length_are_read_as_far_as_the_window_goes(minilm: MiniLM) -> None:
    asked, reading = minilm.read(["why " * 400, "word " * 400])
    beside = minilm.read_beside(asked, [reading])[0]
    assert len(beside) == WINDOW - 3
    parts, _ = meeting(asked, reading, len(beside), 0, 0)
    assert parts.tolist().count(OWN) == WINDOW - 3 - ASKED_WINDOW
    assert reader().judge(asked, beside, reading, 0, 0) != UNREAD
    beyond = reader().judge(asked, beside, reading, 0, 1_900)
    assert beyond == UNREAD  # the sentence itself was cut away
