"""The reader: a question and a sentence read as one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from index.joint import FIRST_WINDOW, join
from index.minilm import WINDOW, MiniLM
from rag.reader import UNREAD, Judgement, meeting, reader


@pytest.fixture(scope="module")
def minilm() -> Iterator[MiniLM]:
    model = MiniLM()
    yield model
    model.close()


def judged(minilm: MiniLM, question: str, sentence: str) -> Judgement:
    """What the reader makes of a sentence that stands alone."""
    asked, reading = minilm.read([question, sentence])
    return reader().judge(asked, [(reading, 0)])[0]


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


def test_many_candidates_are_judged_as_each_alone(minilm: MiniLM) -> None:
    asked, *readings = minilm.read([ANSWERS[0][0], *ANSWERS[0][1:]])
    together = reader().judge(asked, [(reading, 0) for reading in readings])
    assert together == [judged(minilm, ANSWERS[0][0], sentence) for sentence in ANSWERS[0][1:]]
    assert reader().judge(asked, []) == []


def test_the_sentence_itself_is_told_from_what_leads_up_to_it(minilm: MiniLM) -> None:
    text = "A night out. It was late. Ann sang."
    asked, reading = minilm.read(["Who sang?", text])
    joined = join(asked.ids, reading.ids, [start >= text.index("Ann") for start, _ in reading.offsets])
    assert (joined.first, joined.second, len(joined.ids)) == (3, 11, 3 + 11 + 3)
    assert [n for n, own in enumerate(joined.own) if own] == [13, 14, 15]
    met = meeting(asked, reading, joined)
    assert met.shape == (4,)
    assert met[2] == pytest.approx(1 / 3)  # "sang" stands there, too, "who" and "?" do not
    assert reader().judge(asked, [(reading, 0)]) != reader().judge(asked, [(reading, text.index("Ann"))])


def test_texts_of_any_length_are_read_as_far_as_the_window_goes(minilm: MiniLM) -> None:
    asked, reading = minilm.read(["why " * 400, "word " * 400])
    joined = join(asked.ids, reading.ids, [True] * len(reading.ids))
    assert len(joined.ids) == WINDOW
    assert (joined.first, joined.second) == (FIRST_WINDOW, WINDOW - 3 - FIRST_WINDOW)
    whole, beyond = reader().judge(asked, [(reading, 0), (reading, 1_900)])
    assert whole != UNREAD
    assert beyond == UNREAD  # the sentence itself was cut away


def test_an_empty_question_is_met_by_nothing(minilm: MiniLM) -> None:
    asked, reading = minilm.read(["", "Ann sang."])
    assert reader().judge(asked, [(reading, 0)]) == [UNREAD]
