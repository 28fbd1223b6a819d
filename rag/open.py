"""EDGE. The composition root: settings -> index -> chat. The only place that puts the parts together."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.doctor import Diagnosis, examine
from index.embed import Embedder, LlamaIndexEmbedder, open_embedder
from index.errors import IndexMismatchError, NotFoundError, SettingsError
from index.fetch import Fetcher
from index.index import Index
from index.library import Library
from index.library_file import SCHEMA
from index.minilm import MiniLM, minilm
from index.types import Progress
from rag.chat import Chat
from rag.conversations import FILE, Conversations
from rag.llm import DEFAULT_MODEL, ChatModel, given_chat_model, open_chat_model
from rag.opinion import open_opinion
from rag.rerank import LlamaIndexReranker, Reranker, open_reranker
from rag.settings import Settings, load
from rag.verify import Checker
from rag.write import Author

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.llms import LLM
    from llama_index.core.postprocessor.types import BaseNodePostprocessor

    from rag.recheck import Verification

log = logging.getLogger(__name__)

Tell = Callable[[Progress], None]

QUOTE = "quote"
"""What CHAT_MODEL is set to for quotations although there is a key."""


def open_chat(
    data_dir: str | Path | None = None,
    *,
    embedder: str | BaseEmbedding | None = None,
    reranker: str | BaseNodePostprocessor | None = None,
    llm: LLM | None = None,
    fetcher: Fetcher | None = None,
    **settings: Any,
) -> Chat:
    """A chat over the articles in a data folder, which is made when it is not there yet.

    Settings come from the environment and `.env`; keywords override them (`data_dir`,
    `openai_base_url`, ...: the fields of `rag.settings.Settings`). `embedder` is a setting such as
    "minilm" or any LlamaIndex embedding, `reranker` one such as "onnx:FOLDER" or any LlamaIndex node postprocessor
    that reorders, `llm` any LlamaIndex LLM, which then writes whatever the settings say, `fetcher` gets web addresses
    (otherwise one made with the setting ALLOWED_HOSTS). Close the chat, or use it as a context manager.

    Raises SettingsError, ModelFilesError, IndexMismatchError (names the command that rebuilds) and
    IndexDamagedError.
    """
    if isinstance(reranker, str):
        settings = {**settings, "reranker": reranker}
    given = _load(data_dir, embedder, settings)
    second: Reranker | None
    second = open_reranker(given.reranker) if reranker is None or isinstance(reranker, str) else LlamaIndexReranker(reranker)
    model = given_chat_model(llm) if llm is not None else _chat_model(given)
    opinion = open_opinion(given.verifier, model)
    index = _open_index(given, embedder, check_stamp=True, fetcher=fetcher)
    reader = index.embedder if isinstance(index.embedder, MiniLM) else minilm()
    author = Author(model, Checker(reader), given.unsupported, opinion) if model is not None else None
    return Chat(index, reader, second, author, Conversations(index.data_dir / FILE, index.library))


def _chat_model(settings: Settings) -> ChatModel | None:
    """The model that the settings name; None when answers are to be quotations."""
    key, url, name = settings.openai_api_key.get_secret_value(), settings.openai_base_url, settings.chat_model
    if name == QUOTE or not (name or key or url):
        return None
    if not name and url:
        if settings.embedder.startswith("openai:"):
            return None  # key and server are there for the embedder
        raise SettingsError(
            f"OPENAI_BASE_URL is {url!r}, but which of that server's models writes answers is not set. Set CHAT_MODEL to "
            f"its name, or to {QUOTE} to answer by quoting."
        )
    if not key and not url:
        raise SettingsError(
            f"CHAT_MODEL is {name!r}, which needs OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own. Without a "
            "model, Dateline answers by quoting."
        )
    return open_chat_model(
        name or DEFAULT_MODEL,
        api_key=key,
        base_url=url,
        temperature=settings.chat_temperature,
        timeout=settings.chat_timeout,
        retries=settings.chat_retries,
        context_window=settings.context_window,
    )


def rebuild(
    data_dir: str | Path | None = None,
    *,
    progress: Tell | None = None,
    embedder: str | BaseEmbedding | None = None,
    **settings: Any,
) -> int:
    """Make the index of a data folder again from the articles it holds; returns the number of passages.

    Vectors are computed again only when the embedder or the rule for passages has changed.
    Raises what `open_chat` does but IndexMismatchError, and IndexBusyError, EmbeddingError.
    """
    given = _load(data_dir, embedder, settings)
    with _open_index(given, embedder, check_stamp=False) as index:
        return index.rebuild(tell=progress or _silent)


def doctor(
    data_dir: str | Path | None = None,
    *,
    repair: bool = False,
    embedder: str | BaseEmbedding | None = None,
    **settings: Any,
) -> Diagnosis:
    """Look an index over; with `repair`, rebuild it first when something was wrong."""
    given = _load(data_dir, embedder, settings)
    diagnosis = examine(given.data_dir)
    if repair and not diagnosis.ok:
        rebuild(given.data_dir, embedder=embedder, **settings)
        diagnosis = examine(given.data_dir)
    return diagnosis


def open_conversations(data_dir: str | Path | None = None, **settings: Any) -> Conversations:
    """The conversations kept in a data folder, without its articles: citations have their quotes, and no texts around them."""
    return Conversations(_load(data_dir, None, settings).data_dir / FILE)


def verify_export(file: str | Path, data_dir: str | Path | None = None, **settings: Any) -> Verification:
    """Check an exported conversation (.md, .html, .json) against the articles of a data folder, citation by citation.

    Raises ExportError when the file is no export, NotFoundError when the folder holds no articles, IndexMismatchError,
    IndexDamagedError.
    """
    from rag.recheck import verify

    path = _load(data_dir, None, settings).data_dir / "library.db"
    if not path.exists():
        raise NotFoundError(
            f"There is no collection in {path.parent} to check against. Name the folder of the one that was asked with "
            "--data-dir."
        )
    library = Library(path)
    try:
        if library.meta("schema") != str(SCHEMA):
            raise IndexMismatchError(
                f"The index in {path.parent} was made by another version of Dateline. Verify with that one, or move the folder "
                "away and add the articles again."
            )
        return verify(Path(file), library)
    finally:
        library.close()


def _load(data_dir: str | Path | None, embedder: str | BaseEmbedding | None, settings: dict[str, Any]) -> Settings:
    return load(data_dir=data_dir, embedder=embedder if isinstance(embedder, str) else None, **settings)


def _open_index(
    settings: Settings, embedder: str | BaseEmbedding | None, *, check_stamp: bool, fetcher: Fetcher | None = None
) -> Index:
    made: Embedder
    if embedder is None or isinstance(embedder, str):
        made = open_embedder(
            settings.embedder,
            api_key=settings.openai_api_key.get_secret_value(),
            base_url=settings.openai_base_url,
        )
    else:
        made = LlamaIndexEmbedder(embedder)
    fetcher = fetcher or Fetcher(allowed_hosts=settings.allowed_hosts.split(","))
    return Index(Path(settings.data_dir), made, check_stamp=check_stamp, fetcher=fetcher)


def _silent(progress: Progress) -> None:
    pass
