"""Where sentences begin and end, and that passages are exact slices in any script."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date

import pytest

from index.chunk import MAX_TOKENS, chunk, embedded_text, heading
from index.minilm import WINDOW, token_counter
from index.sentences import sentence_spans
from index.types import Article


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rained. Then it stopped.", ["It rained.", "Then it stopped."]),
        ("Mr. Smith met Dr. Jones. They spoke.", ["Mr. Smith met Dr. Jones.", "They spoke."]),
        ("The U.S. Senate voted. It passed.", ["The U.S. Senate voted.", "It passed."]),
        ("He lives in the U.S. The rest stayed.", ["He lives in the U.S.", "The rest stayed."]),
        ("It cost 7.7 million. Nobody paid.", ["It cost 7.7 million.", "Nobody paid."]),
        ("“Go!” she said. He went.", ["“Go!” she said.", "He went."]),
        ("“We are glad.” The crowd cheered.", ["“We are glad.”", "The crowd cheered."]),
        ("It is that … Ivan who left. So be it.", ["It is that … Ivan who left.", "So be it."]),
        ("A headline\n\nA sentence. And one", ["A headline", "A sentence.", "And one"]),
        ("今日は雨です。明日は晴れ。", ["今日は雨です。", "明日は晴れ。"]),
        ("In Roe v. Wade it ruled. In 2022 it did not.", ["In Roe v. Wade it ruled.", "In 2022 it did not."]),
        ("On Feb. 24 it began. It goes on.", ["On Feb. 24 it began.", "It goes on."]),
        ("J. K. Rowling wrote it. Why? Because.", ["J. K. Rowling wrote it.", "Why?", "Because."]),
        (
            "A singer from Tokyo.And it goes:“I have a pen.I have it.” He left!They wept.",
            ["A singer from Tokyo.", "And it goes:“I have a pen.", "I have it.”", "He left!", "They wept."],
        ),
        (
            "Ask Amazon.Com, Node.Js, U.S.A or Ann.Lee@example.org. Or St.Louis.",
            ["Ask Amazon.Com, Node.Js, U.S.A or Ann.Lee@example.org.", "Or St.Louis."],
        ),
        (
            "ms moon moved in 2012 . the actress , mr . lee says , left . . . perhaps .",
            ["ms moon moved in 2012 .", "the actress , mr . lee says , left . . . perhaps ."],
        ),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize("run", ["." * 50_000, "!?…" * 15_000, '."' * 25_000, "。" * 50_000])
def test_a_run_of_stops_takes_no_time(run: str) -> None:
    began = time.process_time()
    assert "".join(sentences(f"It cost a{run}5 then.")).startswith("It cost a")
    assert time.process_time() - began < 2


TORTURE = {
    "repeated": "The same sentence comes again. " * 300,
    "no spaces": "x" * 5_000,
    "no spaces, many words": "word-" * 3_000,
    "cjk": "昨日、東京で大きな地震がありました。" * 80,
    "arabic": "قالت الوزارة إن عدد الألغام بلغ ألفين. " * 60,
    "thai": "ประเทศไทยมีประชากรประมาณเจ็ดสิบล้านคน" * 40,
    "emoji": "👩‍👩‍👧 families 🇺🇦 marched! " * 90,
    "one long sentence": "and then " * 900 + "it ended.",
    "lists": "Items:\n\n" + "\n".join(f"• item number {n} of the list" for n in range(200)),
    "pictures in base64": "A chart of it: " + "iVBORw0KGgo" * 4_000 + " shows the fall.",
    "endless words": ", ".join(["x" * 150] * 300) + " and tools.",
    "astral": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 is wide. " * 50,
}


@pytest.mark.parametrize("name", TORTURE)
def test_passages_are_exact_slices_within_the_window(name: str) -> None:
    text = TORTURE[name].strip()
    article = Article(id="a1", title="A headline of the usual length, with a date", text=text, source="x.txt")
    count = token_counter()
    passages = chunk(article, count)
    assert all(text[passage.start : passage.end] == passage.text for passage in passages)
    assert max(count([passage.text for passage in passages])) <= MAX_TOKENS
    assert max(len(passage.text) for passage in passages) <= 2_200
    assert max(count([embedded_text(article, passage, count) for passage in passages])) + 2 <= WINDOW
    # Nothing is lost, nothing is there twice, and every passage can be told from the others.
    kept = "".join(passage.text for passage in passages)
    assert "".join(kept.split()) == "".join(text.split())
    assert len({passage.id for passage in passages}) == len(passages)


def test_paragraphs_stay_together_where_they_fit() -> None:
    first = " ".join(f"Sentence {n} of the first paragraph has a few words." for n in range(12))
    second = " ".join(f"Sentence {n} of the second paragraph has a few words." for n in range(12))
    article = Article(id="a1", title="", text=f"{first}\n\n{second}", source="x.txt")
    assert [passage.text for passage in chunk(article, token_counter())] == [first, second]


def test_a_headline_without_end_leaves_room_for_the_passage() -> None:
    article = Article(id="a1", title="Headline " * 400, text="A sentence of the article.", source="x.txt")
    count = token_counter()
    (passage,) = chunk(article, count)
    embedded = embedded_text(article, passage, count)
    assert embedded.endswith("A sentence of the article.") and count([embedded])[0] + 2 <= WINDOW


def test_a_title_that_is_a_whole_text_is_not_stored_with_every_passage() -> None:
    article = Article(id="a1", title="word another " * 20_000, text="A sentence of the article.", source="x.txt")
    assert len(heading(article)) <= 500
    ordinary = replace(article, title="A headline", published=date(2022, 3, 4))
    assert heading(ordinary) == "A headline. 4 March 2022"
    assert [passage.id for passage in chunk(ordinary, token_counter())] == ["p18bbbcec23096fa96fe7"]
