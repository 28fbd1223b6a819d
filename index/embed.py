"""EDGE. The embedders: one small port, the built-in model, and any LlamaIndex embedding.

The index asks for two things only, vectors of passages and the vector of a question. The built-in
model answers that without loading LlamaIndex, which costs two seconds; everything else, OpenAI's
embeddings included, is a LlamaIndex `BaseEmbedding` behind the same port.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import EmbeddingError, SettingsError
from index.minilm import minilm
from index.redact import key_sent, redacted, traceback_without

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding

log = logging.getLogger(__name__)

Vectors = NDArray[np.float32]
OPENAI_URL = "https://api.openai.com/v1"


class Embedder(Protocol):
    """What the index asks of an embedder. `name` goes into the index's stamp."""

    name: str

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of shape (len(texts), dimension). Raises EmbeddingError."""
        ...

    def embed_query(self, text: str) -> Vectors:
        """The unit vector of a question, of shape (dimension,). Raises EmbeddingError."""
        ...

    def close(self) -> None:
        """Release what the embedder holds."""
        ...


def open_embedder(setting: str, *, api_key: str = "", base_url: str = "") -> Embedder:
    """The embedder that a setting names.

    "minilm" is the built-in one. "openai:MODEL" asks OpenAI, or, with `base_url`, any server that
    speaks its API. "onnx:MODEL" runs a model on this machine, from a folder or by name. Raises SettingsError for
    another setting, a missing key, or a model that cannot be loaded.
    """
    if setting == "minilm":
        return minilm()
    kind, _, model = setting.partition(":")
    if kind == "onnx" and model:
        from index.onnx_models import OnnxEmbedder

        return OnnxEmbedder(model)
    if kind != "openai" or not model:
        raise SettingsError(
            f"EMBEDDER is {setting!r}. It can be minilm, openai:MODEL such as openai:text-embedding-3-small (with "
            "OPENAI_BASE_URL for another server), or onnx:MODEL (a folder, or a name on the hub)."
        )
    if not api_key and not base_url:
        raise SettingsError(
            f"EMBEDDER is {setting!r}, which needs OPENAI_API_KEY. Set it in .env, or set EMBEDDER=minilm to work without "
            "a key."
        )
    from llama_index.embeddings.openai_like import OpenAILikeEmbedding

    model_ = OpenAILikeEmbedding(
        model_name=model,
        api_base=base_url or OPENAI_URL,
        api_key=api_key or NO_KEY,
        embed_batch_size=64,
        max_retries=2,
        timeout=60.0,
    )
    return LlamaIndexEmbedder(model_, name=setting)


NO_KEY = "none"
"""What servers without keys are sent: they still want the header."""


class LlamaIndexEmbedder:
    """Any LlamaIndex embedding, as the index asks for it; vectors are normalised here."""

    def __init__(self, model: BaseEmbedding, name: str = "") -> None:
        self.name = name or f"{type(model).__name__}:{model.model_name}"
        self._model = model
        key = str(getattr(model, "api_key", None) or "")
        self._key = "" if key == NO_KEY else key

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed_passages`."""
        if not texts:
            return np.zeros((0, 0), np.float32)
        try:
            vectors = self._model.get_text_embedding_batch(list(texts))
        except Exception as error:  # each provider has errors of its own
            raise self._failure(error) from None
        return self._unit(vectors, len(texts))

    def embed_query(self, text: str) -> Vectors:
        """See `Embedder.embed_query`."""
        try:
            vector = self._model.get_query_embedding(text)
        except Exception as error:
            raise self._failure(error) from None
        return np.asarray(self._unit([vector], 1)[0], np.float32)

    def close(self) -> None:
        """Nothing to release: the model belongs to whoever made it."""

    def _unit(self, vectors: Sequence[Sequence[float]], count: int) -> Vectors:
        array = np.asarray(vectors, np.float32)
        if array.ndim != 2 or array.shape[0] != count or not np.isfinite(array).all():
            raise EmbeddingError(
                f"The embedder {self.name} gave vectors that cannot be used (shape {array.shape} for {count} texts)."
            )
        lengths = np.linalg.norm(array, axis=1, keepdims=True)
        if not (lengths > 0).all():
            raise EmbeddingError(f"The embedder {self.name} gave a vector of zeros, which has no direction to compare.")
        return np.asarray(array / lengths, np.float32)

    def _failure(self, error: Exception) -> EmbeddingError:
        # The error is not chained: it may hold the key. The log has it, without.
        log.warning("The embedder %s failed.\n%s", self.name, traceback_without(error, self._key))
        said = redacted(str(error), self._key, key_sent(error))[:300]
        return EmbeddingError(
            f"The embedder {self.name} failed: {type(error).__name__}: {said}. Check OPENAI_API_KEY, "
            "OPENAI_BASE_URL and the network; what was already added stays."
        )
