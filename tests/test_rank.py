"""Ranking: each kind of evidence says what it should, and the whole is better than the two searches by rank alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np
import pytest

from index import words
from index.dates import Month, datelines, named
from index.records import Candidate
from rag import rank

QUERY = "Who reopened the Salt Bridge in May 2021?"


def vector(*numbers: float) -> np.ndarray:
    made = np.array(numbers, np.float32)
    return made / np.linalg.norm(made)


def frequency(terms: Iterable[str]) -> dict[str, int]:
    return {term: {"bridg": 9, "salt": 3, "reopen": 2}.get(term, 1) for term in terms}


def candidate(passage: str, body: str, heading: str = "", article: str = "", **more: object) -> Candidate:
    stored = np.frombuffer(words.stored_terms(heading, body), words.KEY)
    edge = int(np.argmin(stored))
    given = {"vector": vector(1, 0), "centre": vector(1, 0), "parts": 1, "months": (), **more}
    return Candidate(passage, article or passage, heading=stored[:edge], body=stored[edge + 1 :], **given)  # type: ignore[arg-type]


def weighed(*candidates: Candidate, by_words: rank.Ranking = (), by_meaning: rank.Ranking = ()) -> list[dict[str, float]]:
    query = rank.query(QUERY, vector(1, 0), frequency, 100)
    rows = rank.weigh(query, candidates, by_words, by_meaning)
    return [dict(zip(rank.EVIDENCE, row, strict=True)) for row in rows.tolist()]


def test_words_in_the_heading_and_the_passage_count_by_their_rarity() -> None:
    both, body, rare, common, nothing = weighed(
        candidate("1", "It was reopened.", "Salt Bridge"),
        candidate("2", "The Salt Bridge was reopened."),
        candidate("3", "It was reopened."),
        candidate("4", "A bridge."),
        candidate("5", "Nothing of the kind."),
    )
    assert both["in passage"] == body["in passage"] > rare["in passage"] > common["in passage"] > nothing["in passage"] == 0
    assert both["in heading"] > 0 == body["in heading"]
    assert body["names"] == both["names"] == 1 and rare["names"] == 0


def test_words_close_together_count_more() -> None:
    filler = "and then came many other words of no interest at all " * 4
    close, far, turned = weighed(
        candidate("1", f"The Salt Bridge reopened. {filler}"),
        candidate("2", f"Salt {filler} bridge {filler} reopened."),
        candidate("3", "A bridge of salt reopened."),
    )
    assert close["in window"] == close["in passage"] == far["in passage"] > far["in window"]
    assert close["side by side"] > turned["side by side"] and far["side by side"] == 0


def test_a_window_does_not_reach_into_the_next_passage() -> None:
    one, other = weighed(candidate("1", "salt"), candidate("2", "bridge reopened"))
    assert one["in window"] == one["in passage"] and other["in window"] == other["in passage"]


def test_an_articles_passages_speak_for_each_other() -> None:
    ranking = [("1", 4.0), ("2", 2.0)]
    first, second, alone = weighed(
        candidate("1", "The Salt Bridge.", article="a", parts=3, vector=vector(1, 1)),
        candidate("2", "It reopened in May.", article="a", parts=3),
        candidate("3", "The Salt Bridge.", article="b"),
        by_words=ranking,
    )
    assert first["in article"] == second["in article"] > alone["in article"]
    assert first["article word"] == pytest.approx(61 / 62 / 2) and alone["article word"] == 0
    assert first["article meaning"] == pytest.approx(1.0, abs=1e-3) and second["article meaning"] == pytest.approx(
        0.5**0.5, abs=1e-3
    )
    assert first["article length"] == pytest.approx(np.log(3)) and alone["article length"] == 0


def test_ranks_and_scores() -> None:
    first, second, unknown = weighed(
        candidate("1", "a"), candidate("2", "b", vector=vector(0, 1)), candidate("3", "c"),
        by_words=[("1", 4.0), ("2", 1.0)], by_meaning=[("2", 0.9)],
    )  # fmt: skip
    assert (first["bm25"], second["bm25"], unknown["bm25"]) == (1.0, 0.25, 0.0)
    assert (first["word rank"], second["word rank"], unknown["word rank"]) == (1.0, 0.5, 0.0)
    assert (first["vector fusion"], second["vector fusion"]) == (0.0, 1.0)
    assert first["cosine"] == pytest.approx(1.0, abs=1e-3) and second["cosine"] == pytest.approx(0.0, abs=1e-3)


def test_what_was_written_when_the_query_says_is_preferred() -> None:
    times = [(Month(2021, 5),), (Month(2021, 6),), (Month(2023, 5),), ()]
    may, june, later, unknown = weighed(*(candidate(str(number), "x", months=time) for number, time in enumerate(times)))
    assert (may["in month"], may["in year"], may["years apart"]) == (1, 1, 0)
    assert (june["in month"], june["in year"], june["years apart"]) == (0, 1, 0)
    assert (later["in month"], later["in year"], later["years apart"]) == (0, 0, 0.4)
    assert (unknown["in month"], unknown["in year"], unknown["years apart"]) == (0, 0, 0)


@pytest.mark.parametrize("text", ["", "?", "the of and"])
def test_queries_without_telling_words_are_weighed_too(text: str) -> None:
    query = rank.query(text, vector(1, 0), frequency, 100)
    rows = rank.weigh(query, [candidate("1", "Anything."), candidate("2", "")], [], [("1", 1.0)])
    assert rows.shape == (2, len(rank.EVIDENCE)) and np.isfinite(rows).all()


def test_the_shipped_weights_name_every_kind_of_evidence_and_give_probabilities() -> None:
    model = rank.ranking_model()
    assert tuple(model.weights) == rank.EVIDENCE
    scores = model.scores(np.vstack([np.zeros(len(rank.EVIDENCE)), np.ones(len(rank.EVIDENCE))]))
    assert ((scores > 0) & (scores < 1)).all()


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("What was sold in February 2011?", [(2011, 2)]),
        ("on 3 May 2014, and again in 2016", [(2014, 5), (2016, 0)]),
        ("since Sept. 9th, 2001", [(2001, 9)]),
        ("2022-11-13", [(2022, 11)]),
        ("the 2012 season and the 2013 one", [(2012, 0), (2013, 0)]),
        ("why may 2,011 ships and $2010 matter", []),
        ("", []),
    ],
)
def test_times_that_a_question_names(text: str, months: list[tuple[int, int]]) -> None:
    assert sorted(named(text)) == sorted(months)


def test_datelines() -> None:
    head = "By A. Writer\nPublished 18/01/2011\n\nThe shop opened on March 3, 2009."
    assert datelines(head, "", date(2020, 2, 1)) == [(2020, 2)]
    assert set(datelines(head, "https://example.org/2011/01/shop", None)) == {(2011, 1), (2009, 3)}
    assert datelines("x" * 700 + " 3 March 2009", "", None) == []
    assert set(datelines("On 3/4/2015 it rained.", "", None)) == {(2015, 3), (2015, 4)}
