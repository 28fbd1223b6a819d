"""A model's thoughts, told apart from its answer however they come in."""

from __future__ import annotations

import time

import pytest

from rag.thoughts import Spoken, without_thoughts


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        ("It rained. [1]", "It rained. [1]"),
        ("<think>So [3] it is.</think>It rained.", "It rained."),
        ("\n<THINKING>\nHm.\n</THINKING>\n\nIt rained.", "It rained."),
        ("Okay, rain.</think>\n\nIt rained.", "It rained."),
        ("<think>One.</think>Two.</think>It rained.", "It rained."),
        ("[THINK]Rain?[/THINK]It rained.", "It rained."),
        ("It rained.<think>Or did it?", "It rained."),
        ("<think>Rain", ""),
        ("Rain?</think>", ""),
        ("", ""),
    ],
)
def test_the_answer_is_what_stands_behind_the_thoughts(raw: str, answer: str) -> None:
    assert without_thoughts(raw) == answer
    for size in (1, 3, 7):
        spoken = Spoken()
        for start in range(0, len(raw), size):
            spoken.add(raw[start : start + size])
        assert spoken.answer(done=True) == answer


def test_what_begins_like_thoughts_waits_for_its_end() -> None:
    spoken = Spoken()
    spoken.add("Okay, the user asks ")
    assert spoken.answer(done=False) == "" and spoken.answer(done=True) == "Okay, the user asks "
    spoken.add("about rain.</think>Okay")
    assert spoken.answer(done=False) == "Okay"


@pytest.mark.parametrize("piece", ["<think>", "<", " ", "[", "</thin"])
def test_long_thoughts_are_read_in_passing(piece: str) -> None:
    spoken = Spoken()
    begun = time.perf_counter()
    spoken.add("<think>")
    for _ in range(5_000):
        spoken.add(piece)
        spoken.answer(done=False)
    assert time.perf_counter() - begun < 5
