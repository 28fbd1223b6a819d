"""What says that the articles do not say, and what news says in the same shape."""

from __future__ import annotations

import time

import pytest

from rag.silence import is_silence, may_become_silence

SILENT = (
    "The articles do not say.",
    "The article does not say who won.",
    "This article does not mention the price.",
    "The documents do not say who won.",
    "The context does not mention it.",
    "The provided context does not directly answer the question.",
    "Unfortunately, the passages do not mention how many.",
    "Sorry, but the sources cannot tell.",
    "Based on the passages, there is no information about it.",
    "Based on what is given, it is not stated.",
    "There is no information on that.",
    "There are no passages about it.",
    "No information about it is given.",
    "None of the articles mentions it.",
    "Neither of the articles says no information about it.",
    "It is not mentioned.",
    "It was not specified.",
    "I cannot find it.",
    "I don’t know.",
    "Information about the price is not given.",
    "The available information is not enough.",
    "Available articles do not mention it.",
    "Those texts never mention it.",
    "Your articles do not say.",
    "Any text says nothing.",
    "Sources do not say who won.",
    "The passages do not appear to mention it.",
    "The articles do not have any information on that.",
    "None of the provided passages helps.",
)


@pytest.mark.parametrize("sentence", SILENT)
def test_silence_is_known_and_none_of_it_is_shown_before(sentence: str) -> None:
    assert is_silence(sentence)
    words = sentence.split(" ")
    for count in range(1, len(words) + 1):
        assert may_become_silence(" ".join(words[:count])), words[:count]


@pytest.mark.parametrize(
    "sentence",
    [
        "Sources close to President Moreau said on Tuesday that he is not going to resign.",
        "Sources in the palace told the paper that the king is not ill.",
        "The information was never passed to the police, the inquiry found.",
        "The documents were found in a house that is not hers.",
        "This information reached the army, which did not act on it.",
        "“I do not know who did it,” the mayor said.",
        "It rained.",
        "There are 20 mines, and not one was found.",
    ],
)
def test_news_about_sources_and_documents_is_no_silence(sentence: str) -> None:
    assert not is_silence(sentence)


@pytest.mark.parametrize(
    "beginning", ["It rained", "It is raining", "There are 20", "The mines", "These mines", "Based in Kherson"]
)
def test_what_cannot_become_silence_is_shown_at_once(beginning: str) -> None:
    assert not may_become_silence(beginning)


@pytest.mark.parametrize("text", ["“" + " " * 4_000 + "It rained.", "the" + " " * 4_000 + "x", "“" * 4_000, "the given " * 400])
def test_no_text_takes_long(text: str) -> None:
    begun = time.perf_counter()
    is_silence(text)
    may_become_silence(text)
    assert time.perf_counter() - begun < 0.2
