"""Who a source has say what a sentence tells as a fact: it is shown, wherever the sentence is."""

from __future__ import annotations

import time

import pytest

import rag
from rag.attribution import reported
from rag.types import Verdict

TOLD = [
    ("The city had been shelled.", "Kyiv said that the city had been shelled overnight.", "Kyiv said that …"),
    ("Three men were arrested.", "Police said on Monday three men were arrested.", "Police said on Monday …"),
    ("Three men were arrested.", "Three men were arrested, a spokeswoman said on Monday.", "… a spokeswoman said on Monday"),
    ("Three men were arrested.", "“Three men were arrested,” said Anna Roth, the mayor.", "… said Anna Roth, the mayor"),
    ("Three men were arrested.", "According to the ministry, three men were arrested.", "According to the ministry, …"),
    ("Russia would use all means.", "In future, he said, Russia would be prepared to use all means.", "… he said …"),
    ("Costs rose.", "The study, published on Monday, showed that costs rose.", "The study, published on Monday, showed that …"),
]


@pytest.mark.parametrize(("said", "source", "told"), TOLD)
def test_who_says_it_is_found_before_and_behind(said: str, source: str, told: str) -> None:
    assert reported(said, source) == f"“{told}”"


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("Three men were arrested, police said.", "Three men were arrested, police said."),
        ("According to police, three men were arrested.", "Police said that three men were arrested."),
        ("The fire was out by noon.", "Police said three men were arrested, but the fire was out by noon."),
        ("The company found a new site.", "The company found a new site near the river."),
        ("Anna Roth runs the museum.", "Anna Roth runs the museum, which opened in May."),
        ("", ""),
    ],
)
def test_what_tells_it_itself_and_what_the_article_tells_has_none(said: str, source: str) -> None:
    assert reported(said, source) == ""


def test_a_verdict_tells_it() -> None:
    evidence = ["The mayor said on Friday that the old bridge over the Aare will be closed for repairs until October."]
    copied = rag.check("The old bridge over the Aare will be closed for repairs until October.", evidence)
    assert copied.label == "quoted" and "The mayor said on Friday that" in copied.told
    assert any(copied.told in reason for reason in copied.reasons)
    shortened = rag.check("The old bridge over the Aare will be closed until October.", evidence)
    assert shortened.label == "supported" and "The mayor said on Friday that" in shortened.told
    whole = rag.check("The mayor said that the old bridge over the Aare will be closed for repairs until October.", evidence)
    assert whole.label in ("quoted", "supported") and not whole.told
    assert Verdict.from_dict(copied.to_dict()) == copied


@pytest.mark.parametrize("piece", ["said ", "a, ", "“", "according to ", "x said, ", "who, which "])
def test_endless_sentences_take_no_time(piece: str) -> None:
    begun = time.perf_counter()
    reported("The bridge is closed.", piece * 20_000)
    assert time.perf_counter() - begun < 2
