"""Numbers in words and digits, and which of them can stand for which."""

from __future__ import annotations

import pytest

from rag.quantities import quantities, unexplained


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("About a third of the voters came.", "33% of the voters came."),
        ("About a third of the voters came.", "34.2 per cent came"),
        ("One in three came.", "33 percent came"),
        ("7.7 million people fled.", "7,684,000 people fled."),
        ("Two thousand mines were found.", "2,000 mines"),
        ("2,000 mines were found.", "about 2,000 mines"),
        ("About 2,000 mines were found.", "1,950 mines"),
        ("Dozens were hurt.", "40 people were hurt"),
        ("Nearly $2bn was paid.", "$1.9 billion"),
        ("£1.5m was paid.", "£1,500,000"),
        ("More than 300 drones came.", "some 400 drones"),
        ("More than 300 drones came.", "more than 300 drones"),
        ("They won 3-1.", "They won 3-1 in the final."),
        ("1,056 matches were played.", "He played 1, 056 matches."),
        ("8 percent left.", "7.5 percent left"),
        ("One in five left.", "one in every five left"),
        ("An eight-game ban.", "He was banned for eight games."),
        ("A hundred houses burned.", "100 houses"),
        ("Half of them left.", "50% left"),
        ("One of them left.", "They left."),
        ("A boy of forty-five days.", "45 days"),
    ],
)
def test_what_can_be_the_same(said: str, source: str) -> None:
    assert unexplained(quantities(said), quantities(source)) == []


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("20,000 mines were found.", "2,000 mines"),
        ("2,000 mines were found.", "1,950 mines"),
        ("A quarter of the voters came.", "33% came"),
        ("7.7 million people fled.", "7.2 million people"),
        ("In 2016 they left.", "In 2017 they left."),
        ("Hundreds were hurt.", "40 people were hurt"),
        ("The 3rd man left.", "three men"),
        ("5 people left.", "5% left"),
        ("6 percent left.", "7 percent left."),
        ("6.4 percent left.", "6 percent left."),
        ("60 people left.", "Dozens of people left."),
        ("More than 300 drones came.", "300 drones"),
        ("300 drones came.", "up to 300 drones"),
        ("Dozens came.", "nobody counted"),
    ],
)
def test_what_cannot_be_the_same(said: str, source: str) -> None:
    assert len(unexplained(quantities(said), quantities(source))) == 1


def test_each_knows_its_words_and_its_thing() -> None:
    text = "He saw two thousand mines and 40 boats, 12% of all."
    found = quantities(text)
    assert [(one.thing, text[one.start : one.end].strip()) for one in found] == [
        ("mines", "two thousand"),
        ("boats", "40"),
        ("", "12%"),
    ]


@pytest.mark.parametrize("text", ["twenty-ſix men", "a tenth of the houſes", "two fıfths of", "ſcores", "six ın ſixteen"])
def test_letters_that_only_look_like_ours_are_no_numbers_words(text: str) -> None:
    for written in (text, text.upper()):
        assert all(one.written.isascii() or one.written[0].isdigit() for one in quantities(written))


def test_any_text_can_be_read() -> None:
    for text in (
        "",
        "1" * 400,
        "one in one",
        "half half of",
        "a a million",
        "٣ ½ ² 1e9 0x1f",
        "zero in zero",
        "9" * 50 + "." + "9" * 50,
    ):
        unexplained(quantities(text), quantities(text))
