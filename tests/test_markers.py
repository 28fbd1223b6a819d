"""A model's text as it comes in: markers of every form, sentences, and nothing shown that is taken back."""

from __future__ import annotations

import random
import time

import pytest

from rag.markers import parse

NAMES = ("The River Post", "Harbour News", "“An owl”")


def told(raw: str) -> list[tuple[str, tuple[int, ...]]]:
    text = parse(raw, NAMES, done=True)
    return [(text.words[one.start : one.end], one.markers) for one in text.sentences]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("It rained [1].", [("It rained.", (1,))]),
        ("It rained. [1]", [("It rained.", (1,))]),
        ("It rained.[1] It snowed.[2]", [("It rained.", (1,)), ("It snowed.", (2,))]),
        ("It rained [1, 2].", [("It rained.", (1, 2))]),
        ("It rained [1-3].", [("It rained.", (1, 2, 3))]),
        ("It rained [1][3], they said [1].", [("It rained, they said.", (1, 3))]),
        ("It rained【2】.", [("It rained.", (2,))]),
        ("It rained【2†source】.", [("It rained.", (2,))]),
        ("It rained (1).", [("It rained.", (1,))]),
        ("It rained.¹ It snowed.² ³", [("It rained.", (1,)), ("It snowed.", (2, 3))]),
        ("It rained [Source 2].", [("It rained.", (2,))]),
        ("It rained [Sources 1 and 2].", [("It rained.", (1, 2))]),
        ("It rained [Passage 1, Passage 3].", [("It rained.", (1, 3))]),
        ("It rained [^1].", [("It rained.", (1,))]),
        ("It rained [2](http://a.example/x).", [("It rained.", (2,))]),
        ("[1] It rained.", [("It rained.", (1,))]),
        ("It rained.\n[2] It snowed.", [("It rained.", ()), ("It snowed.", (2,))]),
        ("According to Source 1, it rained.", [("According to The River Post, it rained.", (1,))]),
        ("As passages 1 and 2 say, it rained.", [("As The River Post and Harbour News say, it rained.", (1, 2))]),
        ("It rained [9].", [("It rained.", (9,))]),
        ("It rained [1, 2, and 3].", [("It rained.", (1, 2, 3))]),
        ("It rained (1, and 2).", [("It rained.", (1, 2))]),
        ("It rained (Source 1 and Source 2).", [("It rained.", (1, 2))]),
        (f"It rained [{', '.join(f'Source {n}' for n in range(1, 10))}].", [("It rained.", tuple(range(1, 10)))]),
        (
            "According to Sources 1, 2, and 3, it rained.",
            [("According to The River Post, Harbour News and “An owl”, it rained.", (1, 2, 3))],
        ),
        ("Sources 1-2 say so.", [("The River Post and Harbour News say so.", (1, 2))]),
        ("According to Source 1, 3 people left.", [("According to The River Post, 3 people left.", (1,))]),
        ("According to Article 2, it rained.", [("According to Harbour News, it rained.", (2,))]),
        ("It rained (see Document 2).", [("It rained (see Harbour News).", (2,))]),
        (
            "It rained, as reported in the articles 1 and 2.",
            [("It rained, as reported in The River Post and Harbour News.", (1, 2))],
        ),
        ("It rained [Article 2].", [("It rained.", (2,))]),
        ("NATO's Article 3 was invoked [1].", [("NATO's Article 3 was invoked.", (1,))]),
        ("The clause (Article 3) was invoked [1].", [("The clause (Article 3) was invoked.", (1,))]),
        ("Article 3 of the convention forbids it [1].", [("Article 3 of the convention forbids it.", (1,))]),
        ("According to Article 3 of the treaty, it must.", [("According to Article 3 of the treaty, it must.", ())]),
        ("A paper cited document 3 as proof [1].", [("A paper cited document 3 as proof.", (1,))]),
        ("The Post’s source 2 was paid [1].", [("The Post’s source 2 was paid.", (1,))]),
        ("- It rained [1]\n- It **snowed** [2]", [("It rained", (1,)), ("It snowed", (2,))]),
        ("It rained [1]. Nobody was hurt [1, ", [("It rained.", (1,)), ("Nobody was hurt", ())]),
        ("Dr. Ada Low (30) left in (2022) [1].", [("Dr. Ada Low (30) left in (2022).", (1,))]),
        ("It covers 20 km² of land [1].", [("It covers 20 km² of land.", (1,))]),
        ("Article 9 [sic] of the law [a b] holds.", [("Article 9 [sic] of the law [a b] holds.", ())]),
        ("It rained\u202e\x1b[31m [1].", [("It rained[31m.", (1,))]),
        ("", []),
    ],
)
def test_markers_are_read_and_taken_out(raw: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert told(raw) == expected


def test_a_marker_of_a_huge_range_is_bounded() -> None:
    assert len(told("It rained [1-999].")[0][1]) <= 60


PARTS = (
    "It rained", "The mines", " were cleared", ".", " ", "\n", "\n\n", " [1]", "[2, 3]", " (1)", " (30)", "【3】",
    " [Source 2]", "¹", " the", " According to Source 1,", " passages 1 and 2", "- ", "**", "# ", " Dr.", " said",
    "1. ", "[", "(", " [x y", "](http://a)", "“Yes.”",
    " 2,000", " Sources", "!", "_a_", "`", " article 7 of", "*", "the ",
    "The passage 2", "passage", " [Source",
    " and", " and 3", ",", " 2", ")", "]", " (Source 1 and Source 2)", " [1, 2, and 3]", " (1, and 2)",
    " According to Article 2", " of the", " (see", "’s Article 3", " Sources 1, 2, and 3,",
    " [Source 1, Passage 2, Document 3]", " (Article 3)", "-3", "   ",
)  # fmt: skip


def test_what_is_shown_of_a_beginning_is_a_beginning_of_what_is_shown() -> None:
    dice = random.Random(16)
    for _ in range(400):
        raw = "".join(dice.choice(PARTS) for _ in range(dice.randint(1, 14)))
        whole = parse(raw, NAMES, done=True)
        for length in range(len(raw)):
            part = parse(raw[:length], NAMES, done=False)
            assert whole.words.startswith(part.words.rstrip()), (raw, raw[:length])
            complete = part.sentences[:-1]
            assert [(s.start, s.end) for s in complete] == [(s.start, s.end) for s in whole.sentences[: len(complete)]], raw[
                :length
            ]
            assert "[1]" not in part.words and "【" not in part.words


def test_a_passage_that_is_named_again_and_again_is_shown_as_it_comes() -> None:
    text = parse("The passage 2\n\n" * 300, NAMES, done=False)
    assert text.words.count("Harbour News") == 300 and len(text.sentences) == 300


@pytest.mark.parametrize(
    "raw",
    [
        "It is closed until Monday (1 and 2). Nobody was hurt [1].",
        "It rained (Source 1 and Source 2). Nobody was hurt.",
        "It rained (passage 1, passage 2 and passage 3). Nobody was hurt.",
        f"It rained [{', '.join(f'Source {n}' for n in range(1, 15))}]. Nobody was hurt.",
        f"It rained [{', '.join(f'Source {n}' for n in range(1, 40))}]. Nobody was hurt.",
        f"It rained ({'1, ' * 150}1). Nobody was hurt.",
        f"As sources {'1, ' * 150}and 2 say, nobody was hurt.",
        "It rained [1, 2, and 3]. According to Sources 1, 2, and 3, nobody was hurt.",
        "According to Article 3 of the treaty, and to Article 2, nobody was hurt.",
        "It rained [2†lines 1 to 4 of it]. Nobody was hurt.",
    ],
)
def test_what_was_shown_is_never_taken_back(raw: str) -> None:
    shown = ""
    for length in range(len(raw)):
        words = parse(raw[:length], NAMES, done=False).words
        assert words.startswith(shown)
        shown = words
    assert parse(raw, NAMES, done=True).words.startswith(shown)


@pytest.mark.parametrize(
    "piece", ["[", "(", "[1, ", "(1 and ", "source ", "[source ", "the ", "according to ", " ", "1,", "¹ "]
)
def test_a_text_of_beginnings_alone_is_read_fast(piece: str) -> None:
    began = time.perf_counter()
    for start in ("", "[", "(source", "sources 1"):
        for done in (True, False):
            parse(f"x {start}{piece * (40_000 // len(piece))}x ", NAMES, done=done)
    assert time.perf_counter() - began < 6.0


def test_half_a_marker_is_never_shown() -> None:
    for raw in ("It rained [1", "It rained [", "It rained [Source", "It rained (1", "It rained 【1", "It rained [1, "):
        assert parse(raw, NAMES, done=False).words in ("It rained", "It")
