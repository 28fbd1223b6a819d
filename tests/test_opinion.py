"""A chat model asked for a second opinion: what is a yes, what is a no, and what is neither."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from model_servers import Script, scripted_server

from rag.llm import open_chat_model
from rag.opinion import Opinion, open_opinion


@pytest.fixture(scope="module")
def asked() -> Iterator[tuple[Opinion, Script]]:
    with scripted_server() as (url, script):
        model = open_chat_model("scripted", base_url=url, retries=0)
        opinion = open_opinion("model", model)
        assert opinion is not None
        yield opinion, script
        model.close()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("yes", 1.0),
        ("**No**, it does not.", 0.0),
        ("Answer: yes", 1.0),
        ("The passage names no day, but it follows: yes.", 1.0),
        ("<think>\nThere is no date in it, so I compare the rest. It fits.\n</think>\n\nyes", 1.0),
        ("<think>" + "There is no date in it. " * 40 + "</think>Yes.", 1.0),
        ("Okay, there is no date in it. " * 20 + "It does not fit.\n</think>\n\nno", 0.0),
        ("<think>There is no date in it.", None),
        ("There is no date in it, which may or may not matter.", None),
        ("Well. " * 200 + "yes", None),
        ("", None),
    ],
)
def test_an_opinion_is_what_a_model_says_and_not_what_it_thinks(
    asked: tuple[Opinion, Script], said: str, expected: float | None
) -> None:
    opinion, script = asked
    script.says(*[f"{word} " for word in said.split(" ")])
    assert opinion.support("Mines were cleared.", ["They cleared the mines."], threading.Event()) == expected
