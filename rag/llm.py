"""EDGE. The chat model: any LlamaIndex LLM, streamed so that it can be stopped at once.

OpenAI and servers that speak its API are LlamaIndex's `OpenAILike`. Streams run on an event loop of their own, in one thread,
because only an asynchronous request can be given up while nothing comes: whoever reads here reads from a queue.
"""

from __future__ import annotations

import asyncio
import json
import logging
import queue
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from index.errors import ModelError
from index.redact import key_sent, redacted, traceback_without

if TYPE_CHECKING:
    from llama_index.core.llms import LLM, ChatMessage, ChatResponse

log = logging.getLogger(__name__)

OPENAI_URL = "https://api.openai.com/v1"
DEFAULT_MODEL = "gpt-4.1-mini"
"""What writes at OpenAI itself when CHAT_MODEL does not say."""

AHEAD = 200
"""Pieces that are taken from a model before they are read: a model that never ends fills no memory."""

Made = tuple["LLM", Callable[[], Awaitable[None]]]
"""An LLM, and what ends every request of it."""

LOOKS = 0.05
"""Seconds between two looks whether to stop."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a model."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens in and out, as the server counted them."""

    tokens_in: int
    tokens_out: int


class ChatModel:
    """A chat model that streams. Safe to share between threads; close it.

    `name` is the model's, for people; `context_window` is in tokens, `timeout` in seconds. `make` makes an LLM for one request,
    and what ends it: LlamaIndex closes a stream that is given up only when its garbage is collected. `key` is what no error
    and no log may hold.
    """

    def __init__(
        self, make: Callable[[], Made], *, name: str, context_window: int, timeout: float = 60.0, key: str = ""
    ) -> None:
        self.name = name
        self.context_window = context_window
        self._make = make
        self._timeout = timeout
        self._key = key
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def stream(self, messages: Sequence[Message], stop: threading.Event) -> Generator[str | Usage, None, None]:
        """The model's text as it comes, and at the end its usage where the server tells it.

        Setting `stop`, or closing the generator, gives the request up within a tenth of a second. Raises ModelError, also
        when the model is closed meanwhile, and behind the last piece of a text that its server cut off.
        """
        found: queue.SimpleQueue[str | Usage | BaseException | None] = queue.SimpleQueue()
        running = self._started(self._pump(messages, found))
        try:
            while not stop.is_set():
                try:
                    piece = found.get(timeout=LOOKS)
                except queue.Empty:
                    if running.done() and found.empty():
                        raise self._closed() from None
                    continue
                if piece is None:
                    return
                if isinstance(piece, ModelError):
                    raise piece
                if isinstance(piece, BaseException):
                    # Not from it: it may hold the key, and is in the log, without.
                    raise self._failure(piece) from None
                yield piece
        finally:
            running.cancel()

    def complete(self, messages: Sequence[Message], stop: threading.Event) -> str:
        """The model's whole text. Raises ModelError."""
        return "".join(piece for piece in self.stream(messages, stop) if isinstance(piece, str))

    def warm(self) -> None:
        """Load what the first question needs. Nothing is sent."""
        import llama_index.llms.openai_like  # noqa: F401

    def close(self) -> None:
        """Give up what is still being streamed."""
        with self._lock:
            loop, self._loop = self._loop, None
            thread, self._thread = self._thread, None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(timeout=5)

    def _started(self, work: Coroutine[Any, Any, None]) -> Future[None]:
        # Under the lock: a loop that is closed between being got and being given work never does it, and never says so.
        with self._lock:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_run, args=(loop,), name="chat-model", daemon=True)
                self._thread.start()
                self._loop = loop
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _pump(self, messages: Sequence[Message], found: queue.SimpleQueue[str | Usage | BaseException | None]) -> None:
        """Put what the model says into the queue, then None, or what went wrong."""
        usage: Usage | None = None
        ended = ""
        try:
            llm, end = await asyncio.to_thread(self._make)
            try:
                async for response in _responses(llm, _llama_messages(messages)):
                    if response.delta:
                        found.put(response.delta)
                    while found.qsize() > AHEAD:
                        await asyncio.sleep(LOOKS)  # whoever reads is behind: the rest may wait at its server
                    usage = _usage(response) or usage
                    ended = _ended(response) or ended
            finally:
                await end()
            if usage is not None:
                found.put(usage)
            found.put(self._cut_off(ended))
        except asyncio.CancelledError:
            found.put(self._closed())
            raise
        except BaseException as error:  # whatever it is, whoever waits at the queue must learn of it
            found.put(error)

    def _closed(self) -> ModelError:
        return ModelError(f"The model {self.name} was closed before it had finished.", "other")

    def _cut_off(self, ended: str) -> ModelError | None:
        """What a text suffered whose server says why it ended; None for one that came to its end."""
        if ended == "length":
            return ModelError(
                f"What the model {self.name} wrote was cut off at its server's limit of length. Set that limit higher.",
                "length",
            )
        if ended == "content_filter":
            return ModelError(f"What the model {self.name} wrote was cut off by its server's content filter.", "request")
        return None

    def _failure(self, error: BaseException) -> ModelError:
        log.warning("The model %s failed.\n%s", self.name, traceback_without(error, self._key))
        return explained(error, self.name, self._timeout, key=self._key)


def open_chat_model(
    model: str,
    *,
    api_key: str = "",
    base_url: str = "",
    temperature: float = 0.0,
    timeout: float = 60.0,
    retries: int = 2,
    context_window: int = 16_000,
) -> ChatModel:
    """The model of that name at OpenAI, or at the server of `base_url`.

    `timeout` is in seconds, for a connection and for each wait between two pieces; `retries` count before the first piece.
    Nothing is sent yet.
    """

    def make() -> Made:
        import httpx
        from llama_index.llms.openai_like import OpenAILike

        client = httpx.AsyncClient(timeout=timeout, follow_redirects=True)
        llm: LLM = OpenAILike(
            model=model,
            api_base=base_url or OPENAI_URL,
            api_key=api_key or "none",  # servers without keys still want the header
            is_chat_model=True,
            context_window=context_window,
            temperature=temperature,
            timeout=timeout,
            max_retries=retries,
            async_http_client=client,
            additional_kwargs={"stream_options": {"include_usage": True}},
        )
        return llm, client.aclose

    return ChatModel(make, name=model, context_window=context_window, timeout=timeout, key=api_key)


def given_chat_model(llm: LLM) -> ChatModel:
    """A chat model around a LlamaIndex LLM that somebody made."""
    known = llm.metadata

    async def end() -> None:
        """Nothing: the model belongs to whoever made it."""

    name = known.model_name or type(llm).__name__
    key = getattr(llm, "api_key", None)
    window = max(1024, known.context_window)
    return ChatModel(lambda: (llm, end), name=name, context_window=window, key=key if isinstance(key, str) else "")


def explained(error: BaseException, model: str, timeout: float, *, key: str = "") -> ModelError:
    """What went wrong with a model, in a sentence that says what to do: each kind of failure has its own.

    A server's own words are quoted in part; they never hold the key, which is taken out of them.
    """
    import httpx
    import openai

    said = _said(error, key)
    if isinstance(error, openai.AuthenticationError):
        return ModelError(f"The key for the model {model} was refused{said}. Check OPENAI_API_KEY.", "key")
    if isinstance(error, openai.PermissionDeniedError):
        return ModelError(f"This key may not use the model {model}{said}. Choose another CHAT_MODEL, or another key.", "key")
    if isinstance(error, openai.NotFoundError):
        return ModelError(f"The server knows no model {model!r}{said}. Check CHAT_MODEL and OPENAI_BASE_URL.", "model")
    if isinstance(error, openai.RateLimitError):
        if "quota" in said or "billing" in said:
            return ModelError(f"The quota of this key is used up{said}. Add credit, or use another key.", "quota")
        return ModelError(f"The model {model} has too many requests just now{said}. Wait a minute and ask again.", "busy")
    if isinstance(error, (openai.APITimeoutError, httpx.TimeoutException, TimeoutError)):
        return ModelError(
            f"The model {model} said nothing for {timeout:g} seconds. Ask again, or set CHAT_TIMEOUT higher.", "timeout"
        )
    if isinstance(error, openai.BadRequestError):
        if "context" in said:
            return ModelError(
                f"The passages were too long for the model {model}{said}. Set CONTEXT_WINDOW to what it can read.", "length"
            )
        return ModelError(f"The model {model} refused the request{said}. Check CHAT_MODEL and CHAT_TEMPERATURE.", "request")
    if isinstance(error, openai.InternalServerError):
        return ModelError(f"The server of the model {model} failed{said}. Ask again later.", "server")
    broke_off = (httpx.RemoteProtocolError, httpx.ReadError, json.JSONDecodeError, openai.APIError)
    if isinstance(error, (openai.APIConnectionError, httpx.ConnectError)):
        return ModelError(
            f"The server of the model {model} could not be reached. Check the network and OPENAI_BASE_URL.", "network"
        )
    if isinstance(error, broke_off):
        return ModelError(f"The model {model} broke off, or sent what could not be read{said}. Ask again.", "broken")
    return ModelError(f"The model {model} failed: {type(error).__name__}{said}. The log tells more.", "other")


def _said(error: BaseException, key: str) -> str:
    """What the server said, as far as fit for a sentence: " (...)", or nothing."""
    body = getattr(error, "body", None)
    words = body.get("message") or body.get("code") if isinstance(body, dict) else None
    if not isinstance(words, str):
        return ""
    code = body.get("code") if isinstance(body, dict) else None
    if isinstance(code, str) and code not in words:
        words = f"{words} {code}"
    shown = " ".join(redacted(words, key, key_sent(error)).split())[:200].rstrip(" .")
    return f" ({shown})" if shown else ""


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
    tasks = asyncio.all_tasks(loop)
    if tasks:
        # What was just given up is closing its connection, which a second cancelling would keep it from.
        loop.run_until_complete(asyncio.wait(tasks, timeout=0.5))
    for task in tasks:
        task.cancel()
    with suppress(Exception):
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    with suppress(Exception):
        loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


async def _responses(llm: LLM, messages: list[ChatMessage]) -> AsyncGenerator[Any, None]:
    """The responses of a streaming chat. A `CustomLLM` has no asynchronous one worth the name: it is read in a thread."""
    from llama_index.core.llms import CustomLLM

    if not isinstance(llm, CustomLLM):
        stream = await llm.astream_chat(messages)
        try:
            async for response in stream:
                yield response
        finally:
            # Closed here, not by the garbage collector: closing ends the request.
            if closing := getattr(stream, "aclose", None):
                await closing()
        return
    events = iter(llm.stream_chat(messages))

    def step() -> ChatResponse | None:
        return next(events, None)

    while True:
        found: ChatResponse | None = await asyncio.to_thread(step)
        if found is None:
            return
        yield found


def _llama_messages(messages: Sequence[Message]) -> list[ChatMessage]:
    from llama_index.core.llms import ChatMessage, MessageRole

    return [ChatMessage(role=MessageRole(message.role), content=message.content) for message in messages]


def _ended(response: Any) -> str:
    """Why a text ended, in OpenAI's words: "stop", "length", "content_filter"; empty while it goes on, or if nobody says."""
    choices = getattr(response.raw, "choices", None)
    reason = getattr(choices[0], "finish_reason", None) if isinstance(choices, list) and choices else None
    return reason if isinstance(reason, str) else ""


def _usage(response: Any) -> Usage | None:
    told = response.additional_kwargs or {}
    if "prompt_tokens" in told and "completion_tokens" in told:
        return Usage(int(told["prompt_tokens"]), int(told["completion_tokens"]))
    return None
