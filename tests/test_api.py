"""The API, over a real socket with a real client: what it gives, what it refuses, and that it stops when nobody listens."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import gradio_client
import httpx
import pytest
from model_servers import Script, scripted_server
from served import ARTICLES, QUESTION, TEXT, Served, posted, serving, until

import rag
from index.errors import EmbeddingError, IndexBusyError, IndexDamagedError
from rag import Answer, Article, Chat, Claim, Hit, Status, Token
from ui import guard
from ui.access import Access
from ui.api import Listing
from ui.room import BusyError, Room

JSON = {"content-type": "application/json"}
SSE = {"accept": "text/event-stream"}


@pytest.fixture(scope="module")
def served(news_library: Path) -> Iterator[Served]:
    with rag.open_chat(news_library) as chat, serving(chat) as running:
        yield running


@pytest.fixture
def chat(served: Served) -> Chat:
    return served.chat


@pytest.fixture(scope="module")
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=10, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def slow(news_library: Path) -> Iterator[tuple[httpx.Client, Script]]:
    """The server with a model that writes for as long as the test says."""
    with (
        scripted_server() as (url, script),
        rag.open_chat(news_library, openai_base_url=url, chat_model="scripted", chat_retries=0) as chat,
        serving(chat) as running,
        httpx.Client(base_url=running.url, timeout=10, trust_env=False) as client,
    ):
        yield client, script


def events(response: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


# --- what it gives ----------------------------------------------------------------------------------------


def test_an_answer_is_the_same_as_in_python(http: httpx.Client, chat: Chat) -> None:
    response = http.post("/api/ask", json={"question": QUESTION, "history": [{"role": "user", "content": "Hello"}]})
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    answer, same = Answer.from_dict(response.json()), chat.ask(QUESTION)
    assert (answer.text, answer.answered, answer.writer) == (same.text, True, "quote")
    assert [claim.verdict for claim in answer.claims] == [claim.verdict for claim in same.claims]
    (cited,) = answer.citations
    assert TEXT[cited.start : cited.end] == cited.quote
    assert (cited.article.outlet, str(cited.article.published), cited.article.url) == (
        "The Wire",
        "2022-11-13",
        "https://news.example/kherson",
    )
    assert cited.article.text == ""


def test_texts_come_when_asked_for_and_folders_never(http: httpx.Client, news_library: Path) -> None:
    response = http.post("/api/ask", json={"question": QUESTION, "texts": True})
    answer = Answer.from_dict(response.json())
    assert answer.citations[0].article.text == TEXT
    assert answer.citations[0].article.source == "news.jsonl"
    for path in ("/api/articles", "/api/articles/b", "/api/search?q=bread"):
        assert str(news_library.parent) not in http.get(path).text
    assert str(news_library.parent) not in response.text


def test_a_question_the_articles_do_not_answer(http: httpx.Client) -> None:
    answer = http.post("/api/ask", json={"question": "Who won the chess olympiad in Budapest?"}).json()
    assert answer["answered"] is False and answer["claims"] == []


def test_events_come_in_order_and_the_answer_last(http: httpx.Client) -> None:
    with http.stream("POST", "/api/ask", json={"question": QUESTION}, headers=SSE) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert "content-length" not in response.headers
        told = list(events(response))
    names = [name for name, _ in told]
    assert names[0] == "status" and names[-1] == "answer" and {"token", "claim"} <= set(names)
    assert names.count("answer") == 1
    answer = Answer.from_dict(told[-1][1])
    assert "".join(values["text"] for name, values in told if name == "token") == answer.text
    assert [Claim.from_dict(values) for name, values in told if name == "claim"] == list(answer.claims)


def test_what_a_model_wrote_is_withdrawn_when_it_breaks_off(slow: tuple[httpx.Client, Script]) -> None:
    client, script = slow
    script.says("In Kherson, 2,000 mines ", None)
    with client.stream("POST", "/api/ask", json={"question": QUESTION}, headers=SSE) as response:
        told = list(events(response))
    names = [name for name, _ in told]
    assert names.index("withdrawn") < names.index("answer") == len(names) - 1
    assert told[-1][1]["writer"] == "quote" and told[-1][1]["notice"]


def test_search_by_get_and_by_post(http: httpx.Client, chat: Chat) -> None:
    found = http.get("/api/search", params={"q": "mines in Kherson", "k": 2}).json()
    assert found == http.post("/api/search", json={"q": "mines in Kherson", "k": 2}).json()
    hits = [Hit.from_dict(hit) for hit in found["hits"]]
    assert [hit.passage for hit in hits] == [hit.passage for hit in chat.search("mines in Kherson", 2)]
    assert TEXT[hits[0].passage.start : hits[0].passage.end] == hits[0].passage.text


def test_search_keeps_to_days_and_outlet(http: httpx.Client) -> None:
    def ids(**chosen: str) -> set[str]:
        return {hit["article"]["id"] for hit in http.get("/api/search", params={"q": "price", **chosen}).json()["hits"]}

    assert ids(since="2023-01-01") == {"b"}
    assert ids(until="2022-12-31") == {"wire/kherson?1"}
    assert ids(outlet="THE WIRE") == {"wire/kherson?1", "c"}
    assert ids(outlet="nobody") == set()


def test_articles_come_in_pages_without_their_texts(http: httpx.Client, chat: Chat) -> None:
    pages = [http.get("/api/articles", params={"offset": offset, "limit": 2}).json() for offset in (0, 2, 4)]
    assert [page["total"] for page in pages] == [3, 3, 3]
    listed = [article for page in pages for article in page["articles"]]
    assert [one["id"] for one in listed] == [one.id for one in chat.articles()]
    assert {one["text"] for one in listed} == {""}
    assert http.get("/api/articles", params={"outlet": "The wire"}).json()["total"] == 2
    assert http.get("/api/articles", params={"since": "2022-11-13", "until": "2022-11-13"}).json()["total"] == 1


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"outlet": ""}, ["b", "wire/kherson?1", "c"]),
        ({"order": "oldest"}, ["wire/kherson?1", "b", "c"]),
        ({"order": "title"}, ["c", "b", "wire/kherson?1"]),
        ({"search": "third bakers"}, ["b"]),
        ({"search": "long LETT"}, ["c"]),
        ({"search": "mines", "outlet": "Le Pain"}, []),
    ],
)
def test_the_list_is_searched_and_sorted(http: httpx.Client, asked: dict[str, str], ids: list[str]) -> None:
    assert [one["id"] for one in http.get("/api/articles", params=asked).json()["articles"]] == ids


def test_the_list_is_what_its_description_says(http: httpx.Client) -> None:
    page = http.get("/api/articles", params={"limit": 1}).json()
    Listing.model_validate(page)
    described = http.get("/api/openapi.json").json()["components"]["schemas"]
    assert set(page) == set(described["Listing"]["properties"])
    assert set(page["articles"][0]) == set(described["Listed"]["properties"])


def test_an_article_is_whole_whatever_its_id(http: httpx.Client) -> None:
    article = Article.from_dict(http.get(f"/api/articles/{quote(ARTICLES[0]['id'], safe='')}").json())
    assert (article.id, article.text, article.author) == ("wire/kherson?1", TEXT, "Olha Bondar")
    assert http.get(f"/api/articles/{quote(ARTICLES[0]['id'], safe='/')}").status_code == 200


def test_health_says_whether_the_index_can_be_read(
    http: httpx.Client, chat: Chat, monkeypatch: pytest.MonkeyPatch, news_library: Path
) -> None:
    assert http.get("/health").json() == {"status": "ok", "index": "readable"}
    monkeypatch.setattr(chat, "listing", fails(IndexDamagedError(f"{news_library} is damaged")))
    response = http.get("/health")
    assert response.status_code == 503 and str(news_library) not in response.text


def test_it_describes_itself_without_another_host(http: httpx.Client) -> None:
    described = http.get("/api/openapi.json").json()
    assert set(described["paths"]) == {"/ask", "/search", "/articles", "/articles/{id}"}
    assert described["servers"] == [{"url": "/api"}]
    assert {"Answer", "Claim", "Citation", "Hit", "Listing"} <= set(described["components"]["schemas"])
    for operation in (one for path in described["paths"].values() for one in path.values()):
        assert {"200", "401", "422", "429", "503"} <= set(operation["responses"])
    for path in ("/api/docs", "/api/redoc", "/docs", "/redoc", "/openapi.json"):
        assert http.get(path).status_code == 404


# --- what it refuses --------------------------------------------------------------------------------------

ASK = {"question": QUESTION}


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "said"),
    [
        ("POST", "/api/ask", {"json": {"question": " "}}, 400, "question is empty"),
        ("POST", "/api/ask", {"json": {"question": "\0"}}, 400, "question is empty"),
        ("POST", "/api/ask", {"json": {"question": " "}, "headers": SSE}, 400, "question is empty"),
        ("POST", "/api/ask", {"content": b"{", "headers": JSON}, 400, "not JSON"),
        ("POST", "/api/ask", {"content": b"\xff", "headers": JSON}, 400, "not JSON"),
        ("POST", "/api/ask", {"content": b"[" * 90_000, "headers": JSON}, 400, "not JSON"),
        ("POST", "/api/ask", {"data": {"question": "x"}}, 415, "application/json"),
        ("POST", "/api/ask", {"content": json.dumps(ASK), "headers": {"content-type": "text/plain"}}, 415, "application/json"),
        ("POST", "/api/ask", {"json": {}}, 422, "question"),
        ("POST", "/api/ask", {"json": [1]}, 422, "cannot be used"),
        ("POST", "/api/ask", {"json": {"question": "x" * 4_001}}, 422, "4000"),
        ("POST", "/api/ask", {"json": {**ASK, "k": 3}}, 422, "k: "),
        ("POST", "/api/ask", {"content": b'{"question": "\\ud800"}', "headers": JSON}, 422, "question"),
        ("POST", "/api/ask", {"json": {**ASK, "history": [{"role": "system", "content": "x"}]}}, 422, "history.0.role"),
        ("POST", "/api/ask", {"json": {**ASK, "history": [{"role": "user", "content": "x"}] * 101}}, 422, "history"),
        ("POST", "/api/ask", {"json": {**ASK, "history": [{"role": "user", "content": "x" * 20_001}]}}, 422, "20000"),
        ("POST", "/api/ask", {"content": b"x" * 1_000_001}, 413, "1,000,000 bytes"),
        ("GET", "/api/search", {}, 422, "q: "),
        ("GET", "/api/search?q=", {}, 400, "question is empty"),
        ("GET", "/api/search?q=a&k=0", {}, 422, "k: "),
        ("GET", "/api/search?q=a&k=101", {}, 422, "100"),
        ("GET", "/api/search?q=a&since=yesterday", {}, 422, "since: "),
        ("GET", "/api/search?q=a&since=2022-02-01&until=2022-01-01", {}, 422, "until is before since"),
        ("GET", "/api/search?q=a&outle=x", {}, 422, "outle: "),
        ("GET", "/api/articles?limit=201", {}, 422, "limit"),
        ("GET", "/api/articles?offset=-1", {}, 422, "offset"),
        ("GET", "/api/articles?order=size", {}, 422, "order"),
        ("GET", "/api/articles?search=" + "x" * 501, {}, 422, "search"),
        ("GET", "/api/articles/nothing", {}, 404, "No article has that id"),
        ("GET", "/api/nothing", {}, 404, "/api/openapi.json"),
        ("GET", "/api", {}, 404, "/api/openapi.json"),
        ("GET", "/api/ask", {}, 405, "GET"),
        ("DELETE", "/api/articles/b", {}, 405, "DELETE"),
    ],
)  # fmt: skip
def test_a_refusal_is_a_status_and_a_sentence(
    http: httpx.Client, method: str, path: str, sent: dict[str, Any], status: int, said: str
) -> None:
    response = http.request(method, path, **sent)
    assert response.status_code == status, response.text
    assert list(response.json()) == ["error"] and said in response.json()["error"]
    assert "Traceback" not in response.text and "pydantic" not in response.text
    assert "default-src" in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/api/ask", {}, 200),
        ("POST", "/api/ask", {"origin": "http://SELF"}, 200),
        ("POST", "/api/ask", {"origin": "null", "sec-fetch-site": "same-origin"}, 200),
        ("POST", "/api/ask", {"origin": "null"}, 403),
        ("POST", "/api/ask", {"origin": "http://["}, 403),
        ("GET", "/api/search?q=mines", {"origin": "http://[::1"}, 403),
        ("GET", "/health", {"origin": "http://["}, 200),
        ("POST", "/api/ask", {"origin": "https://evil.example"}, 403),
        ("POST", "/api/ask", {"origin": "http://127.0.0.1:1"}, 403),
        ("POST", "/api/ask", {"origin": "null", "sec-fetch-site": "cross-site"}, 403),
        ("POST", "/api/ask", {"sec-fetch-site": "cross-site"}, 403),
        ("POST", "/mcp", {"origin": "https://evil.example"}, 403),
        ("GET", "/api/search?q=mines", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403),
        ("GET", "/api/search?q=mines", {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}, 403),
        ("GET", "/api/search?q=mines", {"origin": "https://evil.example"}, 403),
        ("GET", "/api/search?q=mines", {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}, 200),
        # A link that somebody follows: no page gets to read what it shows.
        (
            "GET", "/api/search?q=mines",
            {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, 200,
        ),
        (
            "GET", "/api/articles",
            {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, 403,
        ),
        ("GET", "/api/articles", {"host": "evil.example"}, 421),
        ("POST", "/mcp", {"host": "evil.example"}, 421),
        ("GET", "/health", {"host": "evil.example"}, 421),
        ("GET", "/api/articles", {"host": "localhost:1"}, 200),
        ("OPTIONS", "/api/ask", {"origin": "https://evil.example", "access-control-request-method": "POST"}, 403),
    ],
)  # fmt: skip
def test_another_sites_page_gets_nothing(
    http: httpx.Client, served: Served, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    headers = {name: value.replace("SELF", urlsplit(served.url).netloc) for name, value in headers.items()}
    response = http.request(method, path, headers=headers, json=ASK if method == "POST" else None)
    assert response.status_code == status, response.text
    assert not [name for name in response.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    ("bound", "names", "answered", "refused"),
    [
        ("127.0.0.1", "", ["localhost", "127.0.0.1", "::1"], ["10.0.0.1", "evil.example", "", socket.gethostname()]),
        ("127.0.0.1", "news.example.org", ["news.example.org", "NEWS.example.org."], ["example.org", "x.news.example.org"]),
        ("0.0.0.0", "", ["10.0.0.1", "fe80::1", socket.gethostname(), "localhost"], ["evil.example", "", "x"]),
        ("news.lan", "", ["news.lan", "10.0.0.1"], ["evil.example"]),
    ],
)
def test_the_names_it_answers_to(bound: str, names: str, answered: list[str], refused: list[str]) -> None:
    access = Access(open=True, names=frozenset(filter(None, [names])))
    assert all(access.answers_to(bound, name) for name in answered)
    assert not any(access.answers_to(bound, name) for name in refused)


def fails(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "status", "said", "again"),
    [
        (IndexBusyError("Process 7 is writing."), 503, "Process 7", True),
        (EmbeddingError("The embedder is away."), 503, "embedder", True),
        (IndexDamagedError("/srv/secret/library.db is damaged"), 503, "The index cannot be used", False),
        (RuntimeError("secret"), 500, "went wrong inside Dateline", False),
    ],
)
def test_what_fails_inside_is_told_apart_and_shows_no_inside(
    http: httpx.Client,
    chat: Chat,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    status: int,
    said: str,
    again: bool,
) -> None:
    monkeypatch.setattr(chat, "search", fails(error))
    response = http.get("/api/search?q=a")
    assert response.status_code == status and said in response.json()["error"]
    assert "secret" not in response.text
    assert ("retry-after" in response.headers) == again
    # It is logged once the answer is out.
    assert until(lambda: "Traceback" in caplog.text, 5 if status == 500 else 0.1) == (status == 500)


@pytest.mark.parametrize(("error", "status"), [(RuntimeError("secret"), 500), (EmbeddingError("It is away."), 503)])
def test_a_stream_that_fails_half_way_ends_with_an_error(
    http: httpx.Client, chat: Chat, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    async def astream(*_: Any, **__: Any) -> Any:
        yield Status("Searching")
        raise error

    monkeypatch.setattr(chat, "astream", astream)
    with http.stream("POST", "/api/ask", json=ASK, headers=SSE) as response:
        told = list(events(response))
    assert [name for name, _ in told] == ["status", "error"]
    assert told[-1][1]["status"] == status and "secret" not in told[-1][1]["error"]


@pytest.mark.parametrize("busy", [False, True], ids=["silent", "endless"])
def test_a_stream_that_takes_too_long_ends_with_an_error(
    http: httpx.Client, chat: Chat, monkeypatch: pytest.MonkeyPatch, busy: bool
) -> None:
    async def astream(*_: Any, **__: Any) -> Any:
        yield Status("Searching")
        while True:
            await asyncio.sleep(0.02 if busy else 30)
            yield Token("Hello")

    monkeypatch.setattr(chat, "astream", astream)
    monkeypatch.setattr("ui.api.LONGEST_ANSWERING", 0.3)
    with http.stream("POST", "/api/ask", json=ASK, headers=SSE) as response:
        told = list(events(response))
    assert (told[0][0], told[-1][0], told[-1][1]["status"]) == ("status", "error", 503)
    assert "given up" in told[-1][1]["error"]


def test_a_request_that_does_not_arrive_is_given_up(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SLOWEST_BODY", 0.2)
    place = urlsplit(served.url)
    with socket.create_connection((place.hostname, place.port), timeout=5) as slow:
        slow.sendall(f"POST /api/ask HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: 100\r\n\r\nx".encode())
        assert slow.recv(100).startswith(b"HTTP/1.1 408")


def test_a_body_without_a_length_is_measured_as_it_comes(http: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(200):
            yield b" " * 10_000

    assert http.post("/api/ask", content=endless()).status_code == 413


# --- how much at once, and when to stop -------------------------------------------------------------------


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
def test_hanging_up_stops_the_work(slow: tuple[httpx.Client, Script], accept: str) -> None:
    client, script = slow
    script.says("In Kherson, ", 20.0, "nothing more.")
    script.sent = 0
    script.hung_up.clear()
    with posted(str(client.base_url.join("/api/ask")), ASK, accept=accept):
        assert until(lambda: script.sent), "the question never reached the model"
    assert script.hung_up.wait(5), "the model was not told to stop"


@pytest.mark.slow
def test_too_many_at_once_are_told_when_to_come_again(slow: tuple[httpx.Client, Script]) -> None:
    client, script = slow
    script.says("In Kherson, ", 20.0)
    script.hung_up.clear()
    with ExitStack() as asking:
        for _ in range(8):
            response = asking.enter_context(client.stream("POST", "/api/ask", json=ASK, headers=SSE))
            assert response.status_code == 200
        for headers in (SSE, {}):
            refused = client.post("/api/ask", json=ASK, headers=headers)
            assert refused.status_code == 503 and "8 requests" in refused.json()["error"]
            assert int(refused.headers["retry-after"]) > 0
        # What is quick goes on.
        assert client.get("/api/articles").status_code == 200
        assert client.get("/health").status_code == 200
    script.says("In Kherson, 2,000 mines have been cleared [1].")
    assert until(lambda: client.post("/api/ask", json=ASK).status_code == 200), "the places were not given back"


def test_a_reader_leaves_room_for_others() -> None:
    room = Room(places=3, each=2)
    with room.place("anna"), room.place("anna"):
        with pytest.raises(BusyError) as refused, room.place("anna"):
            pass
        assert refused.value.status == 429
        with room.place("ben"), pytest.raises(BusyError) as refused, room.place("cem"):
            pass
        assert refused.value.status == 503
    with room.place("anna"):
        pass


def test_a_question_leaves_no_trace_in_the_log(http: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "ui")
    http.post("/api/ask", json={"question": "What of lighthouses?"})
    assert "lighthouses" not in "".join(record.getMessage() for record in caplog.records if record.name.startswith("ui"))


def test_the_documents_python_runs(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    document = (Path(__file__).resolve().parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", document, re.MULTILINE | re.DOTALL)
    exec(program.replace("http://127.0.0.1:7860", served.url), {})
    said = capsys.readouterr().out
    assert "So far 2,000 mines have been cleared in Kherson, the mayor said on Saturday. - The Wire 2022-11-13" in said
    assert said.count("{'text': 'Searching 3 articles'}") == 1


def test_the_document_names_every_address_and_status(http: httpx.Client) -> None:
    document = (Path(__file__).resolve().parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
    described = http.get("/api/openapi.json").json()["paths"]
    assert all(f"/api{path}`" in document for path in described)
    statuses = {status for path in described.values() for one in path.values() for status in one["responses"]}
    told = document.partition("### When something is wrong")[2]
    assert all(status in told for status in statuses - {"200"})


def test_gradios_client_asks(served: Served, chat: Chat, network_attempts: list[str]) -> None:
    client = gradio_client.Client(served.url, verbose=False, analytics_enabled=False)
    try:
        answer = client.predict(QUESTION, api_name="/ask")
        history = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": answer["text"]}]
        again = client.predict("What happened then?", history, api_name="/ask")
        with pytest.raises(Exception, match="The question is empty"):
            client.predict(" ", api_name="/ask")
        with pytest.raises(Exception, match="This request cannot be used"):
            client.predict("Who?", [{"role": "pope", "content": "x"}], api_name="/ask")
    finally:
        client.close()
    assert answer["answered"] and answer["text"] == chat.ask(QUESTION).text
    assert again["searched"] == chat.ask("What happened then?", history).searched != "What happened then?"
    network_attempts.clear()  # the client asks its maker's site about itself; the server does not
