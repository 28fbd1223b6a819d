"""Two sentences that cannot both be so, and two that can."""

from __future__ import annotations

import pytest

from rag.conflicts import conflict, other_speaker


@pytest.mark.parametrize(
    ("said", "source", "told"),
    [
        ("The ferry sails on Tuesday.", "The ferry sails on Monday.", "Monday"),
        ("The bridge opened in May last year, in June.", "The bridge opened in July.", "July"),
        ("Prices rose in the city.", "Prices fell in the city.", "“fell”"),
        ("The bridge is open.", "The bridge stays closed.", "“closed”"),
        ("The court rejected the plan.", "The court approved the plan.", "“approved”"),
        ("He was fired in spring.", "He was appointed in spring.", "“appointed”"),
        ("They left before the storm.", "They left after the storm.", "“after”"),
        ("Thousands marched in March.", "Thousands marched in January.", "January"),
        ("The strike began on 3 August.", "The strike began on 3 May.", "May"),
        ("By May, the plant had closed.", "By June, the plant had closed.", "June"),
        ("It was the first attack of last week.", "It was the last attack of the week.", "“last”"),
        ("More than 20 people were hurt.", "Fewer than 20 people were hurt.", "“Fewer”"),
    ],
)
def test_conflicts_are_told(said: str, source: str, told: str) -> None:
    assert told in conflict(said, source)


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("The ferry sails on Monday.", "The ferry sails on Monday and Tuesday."),
        ("The ferry sails.", "The ferry sails on Monday."),
        ("Prices rose, then fell.", "Prices fell."),
        ("The museum opened.", "The museum opened after the old one had closed."),
        ("", ""),
        (
            "Thousands will march against the pension reform in Paris.",
            "Thousands will protest against the pension reform in Paris in January, unions said.",
        ),
        ("The march on Selma drew thousands.", "In April, the march on Selma drew thousands."),
        ("Russia may withdraw its troops.", "Russia said in June that it may withdraw its troops."),
        ("May they rest, the bishop said.", "In October the bishop said that they may rest."),
        ("Theresa May said the plan was dead.", "In July Theresa May said the plan was dead."),
        ("The august body met in Rome.", "In June the august body met in Rome."),
        ("The company first opened its office with 20 staff.", "Last year the company opened its office with 20 staff."),
        ("The first attack came at dawn.", "The attack came at dawn last Tuesday."),
        ("It was the first attack.", "It was an attack as in the last two years."),
        ("More than 20 people were injured.", "No fewer than 20 people were injured, police said."),
        ("Fewer than 20 people were injured.", "No more than 20 people were injured, police said."),
    ],
)
def test_what_may_both_be_so_is_no_conflict(said: str, source: str) -> None:
    assert conflict(said, source) == ""


def test_another_speaker_is_told() -> None:
    assert "Marta Lind" in other_speaker("Boris Johnson said the bridge was safe.", "Marta Lind said the bridge was safe.")
    assert other_speaker("Lind said the bridge was safe.", "Marta Lind, the engineer, said the bridge was safe.") == ""
    assert other_speaker("Iran said it was safe.", "Tehran said it was safe.") == ""
    assert other_speaker("The bridge is safe.", "Marta Lind said the bridge was safe.") == ""
