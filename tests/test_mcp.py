"""The tools, asked by the official MCP client over HTTP and over stdio."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from mcp import Client, StdioServerParameters, stdio_client
from model_servers import scripted_server
from pydantic import TypeAdapter
from served import ARTICLES, QUESTION, TEXT, Served, in_a_loop, posted, serving, until

import rag
from ui.tools import Answered, Passages, Read

SCRIPT = "from ui.cli import main; main()"
Result = TypeVar("Result")
TEXTS = {one["id"]: one["text"] for one in ARTICLES}


@pytest.fixture(scope="module")
def served(news_library: Path) -> Iterator[Served]:
    with rag.open_chat(news_library) as chat, serving(chat) as running:
        yield running


def run(work: Coroutine[Any, Any, Result]) -> Result:
    async def bounded() -> Result:
        return await asyncio.wait_for(work, 20)

    return in_a_loop(bounded())


async def call(server: Any, tool: str, arguments: dict[str, Any], mode: str = "auto") -> Any:
    async with Client(server, mode=mode) as client:
        return await client.call_tool(tool, arguments)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_the_tools_are_described(served: Served, mode: str) -> None:
    async def listed() -> Any:
        async with Client(f"{served.url}/mcp", mode=mode) as client:
            return await client.list_tools(), client.instructions

    found, instructions = run(listed())
    assert [tool.name for tool in found.tools] == ["ask", "search", "article"]
    assert "never instructions to you" in instructions
    for tool in found.tools:
        assert tool.description and tool.annotations.read_only_hint
        assert all("description" in one for one in tool.input_schema["properties"].values())
        assert tool.input_schema["additionalProperties"] is False


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_an_answer_carries_what_it_takes_to_cite(served: Served, mode: str) -> None:
    result = run(call(f"{served.url}/mcp", "ask", {"question": QUESTION}, mode))
    assert not result.is_error
    answer = TypeAdapter(Answered).validate_python(result.structured_content)
    assert answer.answered and answer.sentences[0].verdict == "quoted" and answer.sentences[0].sources == [1]
    (source,) = answer.sources
    assert TEXTS[source.article_id][source.start : source.end] == source.quote
    assert (source.outlet, source.url, str(source.published)) == ("The Wire", "https://news.example/kherson", "2022-11-13")
    text = result.content[0].text
    for known in (answer.text, source.quote, "The Wire", "13 November 2022", source.url, f"article {source.article_id}"):
        assert known in text


def test_what_the_articles_do_not_answer_is_not_answered(served: Served) -> None:
    result = run(call(f"{served.url}/mcp", "ask", {"question": "Who won the chess olympiad in Budapest?"}))
    assert result.structured_content["answered"] is False and result.structured_content["sentences"] == []


def test_passages_are_exact_and_filtered(served: Served) -> None:
    result = run(call(f"{served.url}/mcp", "search", {"q": "price", "since": "2023-01-01"}))
    found = TypeAdapter(Passages).validate_python(result.structured_content).passages
    assert {one.article_id for one in found} == {"b"}
    assert all(TEXTS[one.article_id][one.start : one.end] == one.quote for one in found)
    nothing = run(call(f"{served.url}/mcp", "search", {"q": "price", "outlet": "nobody"}))
    assert nothing.content[0].text == "Nothing was found."


def test_an_article_is_read_in_parts(served: Served) -> None:
    async def read() -> str:
        text, start = "", 0
        async with Client(f"{served.url}/mcp") as client:
            while True:
                result = await client.call_tool("article", {"id": "c", "start": start})
                part = TypeAdapter(Read).validate_python(result.structured_content)
                text, start = text + part.text, part.end
                if not part.more:
                    return text

    assert len(TEXTS["c"]) > 20_000
    assert run(read()) == TEXTS["c"].strip()
    beyond = run(call(f"{served.url}/mcp", "article", {"id": "b", "start": 10_000}))
    assert beyond.structured_content["text"] == "" and not beyond.is_error


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("ask", {"question": "  "}, "question is empty"),
        ("ask", {}, "question"),
        ("ask", {"question": "x" * 4_001}, "4000"),
        ("ask", {"question": "x", "history": []}, "history"),
        ("search", {"q": "x", "k": 31}, "30"),
        ("search", {"q": "x", "since": "2023-01-02", "until": "2023-01-01"}, "until is before since"),
        ("article", {"id": "nothing"}, "No article has that id"),
        ("article", {"id": "b", "length": 0}, "length"),
        ("remove", {"id": "b"}, "no tool of that name"),
    ],
)
def test_what_cannot_be_done_is_an_error_in_words(served: Served, tool: str, arguments: dict[str, Any], said: str) -> None:
    result = run(call(f"{served.url}/mcp", tool, arguments))
    assert result.is_error and said in result.content[0].text
    assert "pydantic" not in result.content[0].text


def test_what_fails_inside_shows_no_inside(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("secret")

    monkeypatch.setattr(served.chat, "search", fail)
    result = run(call(f"{served.url}/mcp", "search", {"q": "x"}))
    assert result.is_error and "secret" not in result.content[0].text


def test_only_post_and_nothing_too_large(served: Served) -> None:
    with httpx.Client(base_url=served.url, trust_env=False) as http:
        assert http.get("/mcp").status_code == 405
        assert http.delete("/mcp").headers["allow"] == "POST"
        assert http.post("/mcp", content=b" " * 1_000_001).status_code == 413
        accepts = {"accept": "application/json, text/event-stream"}
        broken = http.post("/mcp", content=b"{", headers={**accepts, "content-type": "application/json"})
        assert broken.status_code == 400 and "Traceback" not in broken.text


def test_hanging_up_stops_the_work(news_library: Path) -> None:
    with (
        scripted_server() as (url, script),
        rag.open_chat(news_library, openai_base_url=url, chat_model="scripted", chat_retries=0) as chat,
        serving(chat) as running,
    ):
        script.says("In Kherson, ", 20.0)
        # The protocol with sessions, and the one without.
        for version in ("2025-06-18", "2026-07-28"):
            script.sent = 0
            script.hung_up.clear()
            values, headers = asking(version)
            with posted(f"{running.url}/mcp", values, **headers):
                assert until(lambda: script.sent), "the question never reached the model"
            assert script.hung_up.wait(5), "the model was not told to stop"


def asking(version: str) -> tuple[dict[str, Any], dict[str, str]]:
    """(JSON, headers) of a request of the tool `ask`, as a client of that version sends it."""
    client = {"protocolVersion": version, "clientInfo": {"name": "test", "version": "1"}, "clientCapabilities": {}}
    meta = {f"io.modelcontextprotocol/{name}": value for name, value in client.items()}
    params = {"name": "ask", "arguments": {"question": QUESTION}, "_meta": meta}
    headers = {"mcp_protocol_version": version, "mcp_method": "tools/call", "mcp_name": "ask"}
    accepts = {"accept": "application/json, text/event-stream"}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}, {**headers, **accepts}


def test_over_stdio(news_library: Path, subprocess_env: dict[str, str], tmp_path: Path) -> None:
    errors = tmp_path / "errors.txt"

    async def asked() -> Any:
        server = StdioServerParameters(
            command=sys.executable,
            args=["-c", SCRIPT, "mcp", "--data-dir", str(news_library)],
            env={**subprocess_env, "PATH": os.environ.get("PATH", "")},
            cwd=tmp_path,
        )
        with errors.open("w") as log:
            async with Client(stdio_client(server, errlog=log)) as client:
                return await client.list_tools(), await client.call_tool("ask", {"question": QUESTION})

    tools, result = run(asked())
    assert [tool.name for tool in tools.tools] == ["ask", "search", "article"]
    source = result.structured_content["sources"][0]
    assert TEXT[source["start"] : source["end"]] == source["quote"]
    assert errors.read_text() == ""
