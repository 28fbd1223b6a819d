"""A chat model by itself: closing it, and what of its failures is told and logged."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from model_servers import scripted_server

from index.errors import ModelError
from rag.llm import Message, open_chat_model

ASK = [Message("user", "How many mines?")]


def test_closing_a_model_ends_whoever_reads_from_it() -> None:
    with scripted_server() as (url, script), ThreadPoolExecutor(3) as readers:
        script.says("In Kherson ", 60.0)
        model = open_chat_model("scripted", base_url=url, retries=0)
        stop = threading.Event()
        reading = [readers.submit(lambda: list(model.stream(ASK, stop))) for _ in range(3)]
        until = time.monotonic() + 30
        while script.sent < 3 and time.monotonic() < until:
            time.sleep(0.02)
        model.close()
        try:
            for one in reading:
                with pytest.raises(ModelError, match="The model scripted was closed before it had finished"):
                    one.result(timeout=5)
        finally:
            stop.set()
        script.says("Two thousand.")
        assert model.complete(ASK, threading.Event()) == "Two thousand.", "it is opened again by whoever asks"
        model.close()


def test_closing_a_model_at_any_moment_leaves_nobody_waiting() -> None:
    with scripted_server() as (url, script), ThreadPoolExecutor(4) as readers:
        script.says("In Kherson ", 60.0)
        model = open_chat_model("scripted", base_url=url, retries=0)
        model.warm()
        stop = threading.Event()
        reading = [readers.submit(lambda: list(model.stream(ASK, stop))) for _ in range(4)]
        try:
            until = time.monotonic() + 10
            while not all(one.done() for one in reading) and time.monotonic() < until:
                model.close()
            assert all(isinstance(one.exception(timeout=0), ModelError) for one in reading)
        finally:
            stop.set()
            model.close()


@pytest.mark.parametrize("key", ["sk-very-secret", "sk-'very\\-secret", "sk-very\nsecret", "“sk-very-secret”"])
def test_a_failure_is_logged_with_its_traceback_and_without_the_key(key: str, caplog: pytest.LogCaptureFixture) -> None:
    with scripted_server() as (url, script), caplog.at_level(logging.DEBUG, logger="rag"):
        script.refuses(401, f"Incorrect API key provided: {key}. Find yours elsewhere.", "invalid_api_key")
        model = open_chat_model("scripted", api_key=key, base_url=url, retries=0)
        with pytest.raises(ModelError) as failed:
            model.complete(ASK, threading.Event())
        model.close()
    assert "Traceback (most recent call last)" in caplog.text and "openai" in caplog.text
    for told in (caplog.text, str(failed.value), repr(failed.value.__cause__)):
        assert "very" not in told and "secret" not in told
