"""The built-in embedder as a LlamaIndex `BaseEmbedding`, for LlamaIndex programs."""

from __future__ import annotations

import asyncio
from typing import Any

from llama_index.core.base.embeddings.base import BaseEmbedding
from pydantic import PrivateAttr

from index.minilm import MiniLM, minilm


class MiniLMEmbedding(BaseEmbedding):
    """all-MiniLM-L6-v2 on this machine: unit vectors of 384 numbers, no network, no key.

    Raises ModelFilesError when the model's files are missing or altered.
    """

    _model: MiniLM = PrivateAttr()

    def __init__(self, **fields: Any) -> None:
        fields.setdefault("model_name", "all-MiniLM-L6-v2-int8")
        fields.setdefault("embed_batch_size", 64)
        super().__init__(**fields)
        self._model = minilm()

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex serialises it."""
        return "MiniLMEmbedding"

    def _get_text_embedding(self, text: str) -> list[float]:
        return [float(number) for number in self._model.embed_query(text)]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return [[float(number) for number in vector] for vector in self._model.embed_passages(texts)]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return await asyncio.to_thread(self._get_query_embedding, query)

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return await asyncio.to_thread(self._get_text_embedding, text)
