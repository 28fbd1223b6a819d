"""EDGE. The composition root: settings -> index -> chat. The only place that puts the parts together."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.doctor import Diagnosis, examine
from index.embed import Embedder, LlamaIndexEmbedder, open_embedder
from index.index import Index
from index.minilm import MiniLM
from index.types import Progress
from rag.chat import Chat
from rag.rerank import LlamaIndexReranker, Reranker, open_reranker
from rag.settings import Settings, load

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.postprocessor.types import BaseNodePostprocessor

log = logging.getLogger(__name__)

Tell = Callable[[Progress], None]


def open_chat(
    data_dir: str | Path | None = None,
    *,
    embedder: str | BaseEmbedding | None = None,
    reranker: str | BaseNodePostprocessor | None = None,
    **settings: Any,
) -> Chat:
    """A chat over the articles in a data folder, which is made when it is not there yet.

    Settings come from the environment and `.env`; keywords override them (`data_dir`,
    `openai_base_url`, ...: the fields of `rag.settings.Settings`). `embedder` is a setting such as
    "minilm" or any LlamaIndex embedding, `reranker` one such as "onnx:FOLDER" or any LlamaIndex node postprocessor
    that reorders. Close the chat, or use it as a context manager.

    Raises SettingsError, ModelFilesError, IndexMismatchError (names the command that rebuilds) and
    IndexDamagedError.
    """
    if isinstance(reranker, str):
        settings = {**settings, "reranker": reranker}
    given = _load(data_dir, embedder, settings)
    second: Reranker | None
    second = open_reranker(given.reranker) if reranker is None or isinstance(reranker, str) else LlamaIndexReranker(reranker)
    index = _open_index(given, embedder, check_stamp=True)
    return Chat(index, index.embedder if isinstance(index.embedder, MiniLM) else MiniLM(), second)


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


def _load(data_dir: str | Path | None, embedder: str | BaseEmbedding | None, settings: dict[str, Any]) -> Settings:
    return load(data_dir=data_dir, embedder=embedder if isinstance(embedder, str) else None, **settings)


def _open_index(settings: Settings, embedder: str | BaseEmbedding | None, *, check_stamp: bool) -> Index:
    made: Embedder
    if embedder is None or isinstance(embedder, str):
        made = open_embedder(
            settings.embedder,
            api_key=settings.openai_api_key.get_secret_value(),
            base_url=settings.openai_base_url,
        )
    else:
        made = LlamaIndexEmbedder(embedder)
    return Index(Path(settings.data_dir), made, check_stamp=check_stamp)


def _silent(progress: Progress) -> None:
    pass
