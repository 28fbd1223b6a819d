"""What a question asks for, and the phrases of a sentence that are of that kind."""

from __future__ import annotations

import pytest

from rag.expect import certain_phrase, phrases
from rag.question import parse


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many bridges were built?", "count"),
        ("What is the population of Oslo?", "count"),
        ("how much did the tower cost", "money"),
        ("What share of voters stayed at home?", "share"),
        ("How old is the mayor?", "age"),
        ("How long did the strike last?", "duration"),
        ("how tall is the tower", "measure"),
        ("When did it rain?", "date"),
        ("In which year was the dam built?", "date"),
        ("Who opened the museum?", "person"),
        ("Which minister resigned?", "person"),
        ("where is the museum", "place"),
        ("Which river did they cross?", "place"),
        ("Why did the bank close?", "reason"),
        ("What is the purpose of the visit?", "reason"),
        ("Did the bank close when it rained?", "yes-no"),
        ("Which types of train were ordered?", "list"),
        ("What happened at the harbour?", "overview"),
        ("What did the captain of the ship see?", "other"),
        ("What did Ned Price say?", "other"),
        ("What does Mr Cost want?", "other"),
    ],
)
def test_the_kind_of_answer(question: str, kind: str) -> None:
    assert parse(question).kind == kind


def test_names_are_told_by_their_capitals_where_the_writer_uses_them() -> None:
    question = parse("How many mines did Zelensky's army clear in Kherson in November 2022?")
    assert {word.text for word in question.names} == {"Zelensky's", "Kherson"}
    assert question.years == ("2022",) and question.months == ("november",)
    assert {word.term for word in question.words} >= {"mine", "armi", "clear"}
    assert not parse("how many mines were cleared in kherson").names
    assert not parse("HOW MANY MINES WERE CLEARED").names


@pytest.mark.parametrize(
    ("question", "months"),
    [
        ("What happened in march?", ("march",)),
        ("what was said on 3 may", ("may",)),
        ("What did she promise before May?", ("may",)),
        ("Was August hot in Rome?", ("august",)),
        ("What did Theresa May promise?", ()),
        ("Who resigned at the end of August?", ("august",)),
        ("Was the March 2022 vote delayed?", ("march",)),
        ("what happened in june", ("june",)),
        ("Why did students march in Paris?", ()),
        ("Who led the march in Selma?", ()),
        ("Who led the March on Rome?", ()),
        ("May the deputies vote again?", ()),
        ("which ministers may resign?", ()),
        ("Who belongs to that august body?", ()),
    ],
)
def test_a_month_is_told_from_a_word_like_it(question: str, months: tuple[str, ...]) -> None:
    assert parse(question).months == months


def test_what_is_no_month_is_a_word_to_be_found() -> None:
    assert "march" in {word.term for word in parse("Why did students march in Paris?").words}


@pytest.mark.parametrize(
    ("question", "sentence", "bold"),
    [
        ("How many mines were cleared?", "On 5 May 2,000 mines were cleared by 40 men.", "2,000 mines"),
        ("When did it open?", "The museum opened on 3 May 2021.", "3 May 2021"),
        ("Who opened it?", "It was opened by Anna Berg in spring.", "Anna Berg"),
        ("Why did it close?", "It closed because the roof leaked.", "because the roof leaked"),
        ("What percentage voted?", "Some 43 per cent voted.", "43 per cent"),
        ("How much did it cost?", "It cost $7.7 million in 2020.", "$7.7 million"),
        ("How old is she?", "She is 61 years old.", "61 years old"),
        ("How much will the ticket cost?", "A ticket will cost 12 crowns instead of 9.", "12 crowns"),
        ("How much does it cost?", "It costs 4.5 million Swedish kronor.", "4.5 million Swedish kronor"),
        ("Who was arrested?", "A man of 34 has been arrested.", "A man of 34"),
        ("Who was arrested?", "In Vardheim two young women from Oslo were arrested.", "two young women from Oslo"),
    ],
)
def test_the_phrase_that_answers_is_found_where_it_is_certain(question: str, sentence: str, bold: str) -> None:
    asked = parse(question)
    span = certain_phrase(asked, sentence, phrases(asked, sentence))
    assert span is not None and sentence[span[0] : span[1]] == bold


def test_a_contraction_is_no_name() -> None:
    assert [word.text for word in parse("I'd like to know where Ann's bakery is.").names] == ["Ann's"]


def test_a_country_or_its_people_are_no_person() -> None:
    asked = parse("Who painted the gymnast?")
    assert phrases(asked, "The town stands for the way Ukrainians resist, north of Kyiv.") == []
    sentence = "The work by Anna Berg stands north of Kyiv."
    assert [sentence[start:end] for start, end in phrases(asked, sentence)] == ["Anna Berg"]


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Who painted it?", "Several works were left on walls in Borodianka."),
        ("Where is it?", "Fishermen blocked the way to it."),
    ],
)
def test_what_may_be_no_name_is_not_certain(question: str, sentence: str) -> None:
    asked = parse(question)
    assert certain_phrase(asked, sentence, phrases(asked, sentence)) is None


def test_two_candidates_are_not_certain() -> None:
    asked = parse("Who met?")
    sentence = "In the morning Anna Berg met Karl Holm."
    assert certain_phrase(asked, sentence, phrases(asked, sentence)) is None
