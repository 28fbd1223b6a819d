"""Remembered words: found as they are, in another typography, with small slips; and not found when they stand nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import rag
from index.types import Article, Passage
from rag import Chat, DatelineError
from rag.find_quote import FoundQuote, differences, find, locate, telling, trimmed

TEXT = (
    "The bridge reopened on Monday, the mayor said. “It’s been closed for a year – at last it’s over,” she added.\n\n"
    "Nobody was hurt in the eleven weeks of repairs. The works cost 20,000 crowns… The tunnel is to close."
)


def found(wanted: str, text: str = TEXT) -> tuple[str, str] | None:
    place = locate(wanted, text)
    return (place.how, text[place.start : place.end]) if place else None


@pytest.mark.parametrize("wanted", ["The bridge reopened on Monday", "eleven weeks", "20,000 crowns…", "year", TEXT])
def test_words_as_they_are(wanted: str) -> None:
    assert found(wanted) == ("exact", wanted)


@pytest.mark.parametrize(
    ("wanted", "stands"),
    [
        ("the BRIDGE reopened on monday", "The bridge reopened on Monday"),
        ("it's been closed for a year - at last it's over", "It’s been closed for a year – at last it’s over"),
        ("\"It's been   closed\nfor a year", "“It’s been closed for a year"),
        ("over,” she added. Nobody was hurt", "over,” she added.\n\nNobody was hurt"),
        ("20,000 crowns...", "20,000 crowns…"),
        ("Nobody was h\u00adurt in the\u200b eleven weeks", "Nobody was hurt in the eleven weeks"),
    ],
)
def test_words_in_another_typography(wanted: str, stands: str) -> None:
    assert found(wanted) == ("same", stands)


@pytest.mark.parametrize(
    ("wanted", "stands"),
    [
        ("the bridge was reopened on Monday, the mayor says", "The bridge reopened on Monday, the mayor said"),
        ("nobody hurt in eleven week of repiars", "Nobody was hurt in the eleven weeks of repairs"),
        ("Nobody was hurt during the eleven weeks of the repairs", "Nobody was hurt in the eleven weeks of repairs"),
        ("The works costed 20,000 crowns", "The works cost 20,000 crowns"),
    ],
)
def test_words_with_slips(wanted: str, stands: str) -> None:
    assert found(wanted) == ("near", stands)


@pytest.mark.parametrize(
    "wanted",
    [
        "The harbour opened on Friday, the minister wrote",
        "ear",
        "ridge reopened",
        "mayor repairs crowns",
        "on the of a in",
        "twenty crowns",
        "?!",
        "",
    ],
)
def test_words_that_stand_nowhere(wanted: str) -> None:
    assert found(wanted) is None


def test_another_number_is_told() -> None:
    assert found("The works cost 2,000 crowns") == ("near", "The works cost 20,000 crowns")
    assert differences("The works cost 2,000 crowns", "The works cost 20,000 crowns") == ("“20,000” for your “2,000”",)
    assert differences("a b", "a x b") == ("“x” stands there too",)
    assert differences("a x b", "a b") == ("your “x” is not there",)
    assert differences("A “b”", "a b") == ()
    assert len(differences(" ".join(f"a{n} x" for n in range(20)), " ".join(f"b{n} x" for n in range(20)))) == 7


def test_a_wide_script() -> None:
    text = "首相は月曜日に橋を開通させた。けが人はいなかった。"
    assert found("橋を開通", text) == ("exact", "橋を開通")
    assert found("首相は火曜日に橋を開通させた", text) == ("near", "首相は月曜日に橋を開通させた")


def test_marks_around_the_words_do_not_count() -> None:
    assert trimmed(" “It is over” \n") == "It is over"
    assert trimmed("'tis over") == "'tis over"
    assert trimmed("”") == "”"


def article(id: str, text: str, published: date | None = None) -> tuple[Passage, Article]:
    return Passage(f"p{id}", id, 0, len(text), text), Article(id, id, text, f"{id}.txt", published=published)


def places(result: list[FoundQuote]) -> list[tuple[str, str]]:
    for one in result:
        assert one.article.text[one.start : one.end] == one.quote
        begin, end = one.sentence
        assert begin <= one.start < one.end <= end
    return [(one.article.id, one.how) for one in result]


def test_word_for_word_comes_first_and_the_newest_of_equal_ones() -> None:
    candidates = [
        article("near", "Nobody was harmed in the eleven weeks of repairs."),
        article("old", TEXT, date(2020, 1, 1)),
        article("shape", "“nobody was HURT in the eleven weeks” it said."),
        article("undated", TEXT),
        article("new", TEXT, date(2021, 1, 1)),
        article("none", "Something else entirely is told here."),
    ]
    result = find("Nobody was hurt in the eleven weeks", candidates)
    assert places(result) == [("new", "exact"), ("old", "exact"), ("undated", "exact"), ("shape", "same"), ("near", "near")]
    assert result[-1].differences == ("“harmed” for your “hurt”",)
    assert TEXT[slice(*result[0].sentence)] == "Nobody was hurt in the eleven weeks of repairs."
    assert places(find("Nobody was hurt in the eleven weeks", candidates, 2)) == [("new", "exact"), ("old", "exact")]


def test_a_long_article_is_looked_through_around_its_passages() -> None:
    text = "\n\n".join(f"Paragraph {number} says nothing that matters to anyone." for number in range(5_000)) + "\n\n" + TEXT
    at = text.index("Nobody")
    long = Article("long", "long", text, "long.txt")
    passage = Passage("p", "long", at, at + 40, text[at : at + 40])
    for wanted in ("eleven weeks of repairs", "Eleven Weeks of Repairs", "nobody hurt in eleven week of repiars"):
        (one,) = find(wanted, [(passage, long)])
        assert one.start >= at and one.article.text[one.start : one.end] == one.quote


def test_the_rarest_words_are_searched_for() -> None:
    known = {"bridg": 3, "the": 90, "monday": 1}
    assert telling("The bridge of Monday", lambda terms: {t: known.get(t, 0) for t in terms}, most=2) == "bridge Monday"


# Through the real index


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    folder = tmp_path_factory.mktemp("quotes")
    seeds = Path(__file__).resolve().parent.parent / "seeds"
    with rag.open_chat(folder) as opened:
        opened.add(seeds)
        yield opened


def some_sentences(chat: Chat) -> Iterator[tuple[str, str]]:
    from index.sentences import sentence_spans

    for one in chat.articles():
        spans = [(start, end) for start, end in sentence_spans(one.text) if end - start > 40]
        for start, end in (spans[0], spans[-1], spans[len(spans) // 2]):
            yield one.id, one.text[start:end]


def test_every_sentence_is_found_where_it_stands(chat: Chat) -> None:
    for id, sentence in some_sentences(chat):
        first = chat.find_quote(sentence)[0]
        assert (first.article.id, first.how, first.quote) == (id, "exact", sentence)


def test_a_sentence_with_two_slips_is_found(chat: Chat) -> None:
    for id, sentence in some_sentences(chat):
        words = sentence.upper().split()
        del words[len(words) // 2]
        words[1] += "x"
        first = chat.find_quote(" ".join(words))[0]
        assert (first.article.id, first.how) == (id, "near"), sentence


def test_what_was_never_written_is_not_found(chat: Chat) -> None:
    assert chat.find_quote("The penguins of Aarhus elected a new harbour master on Thursday") == []
    for empty in ("", " \n", "\0"):
        with pytest.raises(DatelineError, match="no words to look for"):
            chat.find_quote(empty)
    with pytest.raises(DatelineError, match="at most 4,000"):
        chat.find_quote("x" * 5_000)
    assert chat.find_quote("?!") == []


def test_what_is_found_is_json(chat: Chat) -> None:
    _, sentence = next(some_sentences(chat))
    values: dict[str, Any] = json.loads(json.dumps(chat.find_quote(sentence)[0].to_dict(texts=False)))
    assert values["quote"] == sentence == values["sentence"]["text"] and values["article"]["text"] == ""
