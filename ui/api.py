"""The same answers for programs: JSON over HTTP, and server-sent events while an answer comes about.

What goes wrong is `{"error": "a sentence for a person"}` with a fitting status; nothing else of it leaves this machine.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar

from fastapi import FastAPI, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.exceptions import HTTPException

from index.catalogue import Order
from index.errors import (
    DatelineError,
    EmbeddingError,
    IndexBusyError,
    IndexDamagedError,
    IndexMismatchError,
    ModelError,
    ModelFilesError,
    NotFoundError,
    RerankerError,
)
from index.types import Article, Hit
from rag.chat import LONGEST_QUESTION
from rag.types import Answer, ClaimChecked, Event, Status, Token, Withdrawn
from ui.access import loopback
from ui.guard import APOLOGY, Receive, Scope, Send, caller
from ui.room import RETRY_AFTER, BusyError, Room, Rooms

if TYPE_CHECKING:
    from rag.chat import Chat

log = logging.getLogger(__name__)

TURNS = 100
LONGEST_TURN = 20_000
LONGEST_ANSWERING = 600.0
"""Seconds after which an answer that has not come, or that nobody takes, is given up."""

STILL_THERE = 15.0
"""Seconds of silence after which a stream says that it goes on, so that what stands between does not cut it."""

STATUSES = {
    400: "This cannot be asked: the question is empty, or the JSON cannot be read.",
    401: "No account, or the wrong one.",
    403: "Another site's page asked.",
    404: "There is no such article, or no such address.",
    413: "The request is too large.",
    415: "The body is not application/json.",
    422: "A field is missing, unknown or out of bounds.",
    429: "Too many questions of this reader at once, or too many attempts to sign in; Retry-After says when to come again.",
    500: "A fault inside Dateline.",
    503: "Too many questions at once, or the index, the embedder or the model is not to be had; perhaps with Retry-After.",
}
ABOUT = """
Questions to a collection of articles. Each sentence of an answer names the exact words that support it:
`article.text[start:end] == quote`, counted in Unicode code points. Where the server has accounts, send a token
(`Authorization: Bearer`) or name and password (`Basic`).
"""

Result = TypeVar("Result")


class Bounded(BaseModel):
    """What comes in: a field that is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class Message(Bounded):
    """One message of the conversation so far."""

    role: Literal["user", "assistant"]
    content: str = Field(max_length=LONGEST_TURN)


class Ask(Bounded):
    """A question."""

    question: str = Field(max_length=LONGEST_QUESTION, description="One question, in any words.")
    history: list[Message] = Field([], max_length=TURNS, description="The conversation before it, oldest first.")
    texts: bool = Field(False, description="Whether each cited article comes with its whole text.")


class Chosen(Bounded):
    """Which articles are meant."""

    since: date | None = Field(None, description="Published on this day or later, as in 2022-11-01.")
    until: date | None = Field(None, description="Published on this day or earlier.")
    outlet: str | None = Field(None, max_length=200, description="Published by this outlet; capitals do not matter.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.until < self.since:
            raise ValueError("until is before since")
        return self


class Search(Chosen):
    """A search for passages."""

    q: str = Field(max_length=LONGEST_QUESTION, description="Words, or a question.")
    k: int = Field(10, ge=1, le=100, description="How many passages at most.")


class Page(Chosen):
    """Which page of the list of articles."""

    search: str = Field("", max_length=500, description="Words that all stand in an article, or a part of its title.")
    order: Order = Field("newest", description="What the list is sorted by.")
    offset: int = Field(0, ge=0, le=100_000_000, description="How many to pass over.")
    limit: int = Field(50, ge=1, le=200, description="How many at most.")


class Found(BaseModel):
    """Passages, best first, each with its article (less the article's text)."""

    hits: list[Hit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Article):
    """An article as the list has it: its text is empty; `added` is when it was first read, `changed` when its present
    version was."""

    added: datetime
    changed: datetime
    versions: int


class Listing(BaseModel):
    """A page of the list of articles; `total` is how many there are on all pages."""

    total: int
    articles: list[Listed]


class Failed(BaseModel):
    """What went wrong, in words for a person."""

    error: str


class Health(BaseModel):
    """Whether the server can answer."""

    status: Literal["ok"] = "ok"
    index: Literal["readable"] = "readable"


def api(chat: Chat, rooms: Rooms) -> FastAPI:
    """The API for a `rag.Chat`, to be mounted at /api; `rooms` are for how much it may work on at once."""
    app = FastAPI(
        title="Dateline",
        description=ABOUT.strip(),
        version=version(),
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses={status: {"model": Failed, "description": what} for status, what in STATUSES.items()},
    )
    app.add_exception_handler(HTTPException, _http_failed)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(DatelineError, _failed)
    app.add_exception_handler(TimeoutError, _failed)
    app.add_exception_handler(Exception, _broke)
    events = "With `Accept: text/event-stream`: status, token, claim, withdrawn, at last answer; or error."

    @app.post(
        "/ask",
        summary="Ask a question",
        response_model=None,
        responses={200: {"model": Answer, "description": events, "content": {"text/event-stream": {}}}},
    )
    async def ask(asked: Ask, request: Request) -> Response:
        if "text/event-stream" in request.headers.get("accept", ""):
            return AnswerStream(chat, asked, rooms.asking)
        with rooms.asking.place(sharer(request.scope)):
            answer = await _while_there(request, whole(chat, asked))
        return JSONResponse(answer_dict(answer, texts=asked.texts))

    async def find(wanted: Search, request: Request) -> Response:
        with rooms.looking.place(sharer(request.scope)):
            hits = await asyncio.to_thread(chat.search, wanted.q, wanted.k, wanted.since, wanted.until, wanted.outlet)
        return JSONResponse({"hits": [_public(hit.to_dict(texts=False)) for hit in hits]})

    found: dict[str, Any] = {"response_model": None, "responses": {200: {"model": Found}}}

    @app.get("/search", summary="Find passages", **found)
    async def search(wanted: Annotated[Search, Query()], request: Request) -> Response:
        return await find(wanted, request)

    @app.post("/search", summary="Find passages, asked in JSON", **found)
    async def search_by_post(wanted: Search, request: Request) -> Response:
        return await find(wanted, request)

    @app.get("/articles", summary="List the articles", response_model=None, responses={200: {"model": Listing}})
    async def articles(page: Annotated[Page, Query()], request: Request) -> Response:
        with rooms.looking.place(sharer(request.scope)):
            listing = await asyncio.to_thread(chat.listing, **dict(page))
        return JSONResponse(_public(listing.to_dict()))

    # A given id may hold anything, slashes too.
    @app.get("/articles/{id:path}", summary="One article, whole", response_model=None, responses={200: {"model": Article}})
    async def article(id: Annotated[str, Path(max_length=2_000)], request: Request) -> Response:
        with rooms.looking.place(sharer(request.scope)):
            found = await asyncio.to_thread(chat.article, id)
        return JSONResponse(_public({"article": found.to_dict()})["article"])

    return app


def health(chat: Chat) -> JSONResponse:
    """Whether the index can be read; tells strangers nothing else."""
    try:
        chat.listing(limit=1)
    except Exception as error:
        log.error("The index cannot be read: %s", error)
        return JSONResponse({"error": "The index cannot be read. The server's log tells why."}, 503)
    return JSONResponse(Health().model_dump())


async def whole(chat: Chat, asked: Ask) -> Answer:
    """The answer to a question. Unlike `aask`, cancelling it stops the work."""
    async with asyncio.timeout(LONGEST_ANSWERING), aclosing(_events(chat, asked)) as events:
        async for event in events:
            if isinstance(event, Answer):
                return event
    raise AssertionError("a stream ended without an answer")


class AnswerStream(Response):
    """The events of an answer, sent as they come; when the reader hangs up, the work stops."""

    media_type = "text/event-stream"

    def __init__(self, chat: Chat, asked: Ask, room: Room) -> None:
        self._chat = chat
        self._asked = asked
        self._room = room
        self.status_code = 200
        self.background = None
        self.body = b""
        self.init_headers({"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events. Raises what keeps the first of them from coming about."""
        with self._room.place(sharer(scope)):
            async with aclosing(_events(self._chat, self._asked)) as events:
                hung_up = asyncio.ensure_future(gone(receive))
                try:
                    # What is not read cannot be told that it took too long.
                    async with asyncio.timeout(LONGEST_ANSWERING + STILL_THERE):
                        await self._send(events, hung_up, send)
                finally:
                    hung_up.cancel()

    async def _send(self, events: AsyncGenerator[Event, None], hung_up: asyncio.Future[None], send: Send) -> None:
        # Nothing is sent before the first event: a question that cannot be asked gets its status.
        begun = False
        coming: asyncio.Future[Any] | None = None
        until = time.monotonic() + LONGEST_ANSWERING
        try:
            while True:
                coming = coming or asyncio.ensure_future(anext(events))
                patience = min(STILL_THERE, max(0.0, until - time.monotonic()))
                await asyncio.wait([coming, hung_up], timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                if hung_up.done():
                    return
                try:
                    event = coming.result() if coming.done() else None
                    if time.monotonic() >= until and not isinstance(event, Answer):
                        raise TimeoutError
                    piece = self._told(event) if event is not None else b": still there\n\n"
                except StopAsyncIteration:
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                    return
                except Exception as error:
                    if not begun:
                        raise
                    failure = _failure(error)
                    piece = _sse("error", {"error": failure.sentence, "status": failure.status})
                    await send({"type": "http.response.body", "body": piece, "more_body": False})
                    return
                coming = None if coming.done() else coming
                if not begun:
                    await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                    begun = True
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            if coming is not None and not coming.done():
                # An async generator cannot be closed while it runs.
                coming.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await coming

    def _told(self, event: Event) -> bytes:
        match event:
            case Status(text):
                return _sse("status", {"text": text})
            case Token(text):
                return _sse("token", {"text": text})
            case ClaimChecked(claim):
                return _sse("claim", _public(claim.to_dict(texts=self._asked.texts)))
            case Withdrawn(reason):
                return _sse("withdrawn", {"reason": reason})
            case Answer():
                return _sse("answer", answer_dict(event, texts=self._asked.texts))
        return b""


def answer_dict(answer: Answer, *, texts: bool) -> dict[str, Any]:
    """An answer as JSON-serialisable values, as it leaves this machine."""
    return _public(answer.to_dict(texts=texts))


async def _events(chat: Chat, asked: Ask) -> AsyncGenerator[Event, None]:
    history = [message.model_dump() for message in asked.history]
    async with aclosing(chat.astream(asked.question, history=history)) as events:  # type: ignore[type-var]
        async for event in events:
            yield event


async def _while_there(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of the work, which is stopped when the one who asked hangs up."""
    working, hung_up = asyncio.ensure_future(work), asyncio.ensure_future(gone(request.receive))
    try:
        await asyncio.wait([working, hung_up], return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise HTTPException(499, "Nobody is there any more.")
        return working.result()
    finally:
        hung_up.cancel()
        working.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await working


async def gone(receive: Receive) -> None:
    """Wait until the one who asked hangs up; the request's body has been received already."""
    while (await receive())["type"] != "http.disconnect":
        pass


def sharer(scope: Scope) -> str:
    """Who shares the server with others: an account, or an address that is not this machine's own."""
    reader: str | None = scope.get("reader")
    address = caller(scope)
    return reader or ("" if loopback(address) else address)


def _public(values: dict[str, Any]) -> dict[str, Any]:
    """The same values, in which an article's source is a file's name or a URL: the folders are the server's."""
    for name, value in values.items():
        if name in ("article", "articles"):
            for article in value if name == "articles" else [value]:
                if "://" not in article["source"]:
                    article["source"] = PurePath(article["source"]).name
        elif isinstance(value, dict):
            _public(value)
        elif isinstance(value, list):
            for one in value:
                if isinstance(one, dict):
                    _public(one)
    return values


def _sse(event: str, values: dict[str, Any]) -> bytes:
    return f"event: {event}\ndata: {json.dumps(values)}\n\n".encode()


class Failure:
    """A failure as it is told: a status, a sentence, and when to come again."""

    def __init__(self, status: int, sentence: str, retry_after: int | None = None) -> None:
        self.status = status
        self.sentence = sentence
        self.retry_after = retry_after

    def response(self) -> JSONResponse:
        """It as JSON."""
        headers = {"retry-after": str(self.retry_after)} if self.retry_after else None
        return JSONResponse({"error": self.sentence}, self.status, headers)


def _failure(error: Exception) -> Failure:
    match error:
        case BusyError():
            return Failure(error.status, str(error), RETRY_AFTER)
        case NotFoundError():
            return Failure(404, "No article has that id. GET /api/articles lists them with their ids.")
        case TimeoutError():
            return Failure(503, f"The answer took longer than {LONGEST_ANSWERING:.0f} s and was given up.", RETRY_AFTER)
        case IndexBusyError() | EmbeddingError() | RerankerError() | ModelError():
            return Failure(503, str(error), RETRY_AFTER)
        case IndexDamagedError() | IndexMismatchError() | ModelFilesError():
            log.error("%s", error)
            return Failure(503, "The index cannot be used as it is. The server's log tells what to do.")
        case DatelineError():
            return Failure(400, str(error))
    log.error("A question could not be answered.", exc_info=error)
    return Failure(500, APOLOGY)


def said_of(error: Exception) -> str:
    """What a person is told of an error; one that is no DatelineError is logged with its traceback."""
    if isinstance(error, ValidationError):
        return _sentence(error.errors(include_url=False, include_input=False))
    return _failure(error).sentence


def _sentence(problems: Any) -> str:
    said = []
    for problem in problems[:3]:
        where = ".".join(str(part) for part in problem["loc"] if part not in ("body", "query", "path"))
        what = str(problem["msg"]).removeprefix("Value error, ")
        said.append(f"{where}: {what[:1].lower()}{what[1:]}" if where else what)
    return f"This request cannot be used. {'; '.join(said)[:600]}."


async def _failed(_: Request, error: Exception) -> Response:
    return _failure(error).response()


async def _broke(_: Request, error: Exception) -> Response:
    # Logged where it ends up, with its traceback: see ui.guard.
    return Failure(500, APOLOGY).response()


async def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = error.errors()
    if any(problem["type"] == "json_invalid" for problem in problems):
        return Failure(400, "The body is not JSON that can be read.").response()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and kind != "application/json":
        return Failure(415, "Send the request as JSON, with Content-Type: application/json.").response()
    return Failure(422, _sentence(problems)).response()


async def _http_failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    told = {
        404: "There is nothing at this address. /api/openapi.json lists what there is.",
        405: f"This address does not take {request.method}. /api/openapi.json lists what does.",
        400: "The body is not JSON that can be read.",
    }
    return JSONResponse({"error": told.get(error.status_code, str(error.detail))}, error.status_code, error.headers)


def version() -> str:
    """Dateline's version, where it is installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("dateline")
    except PackageNotFoundError:
        return "0"
