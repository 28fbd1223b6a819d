"""EDGE. A second, slower look at the passages found: a cross-encoder that the user has, or a LlamaIndex reranker.

Off unless the setting RERANKER, or `open_chat(reranker=...)`, names one. What it says replaces Dateline's own order of the
passages it is shown; which passages those are stays the search's choice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from index.errors import RerankerError, SettingsError
from index.redact import key_sent, redacted, traceback_without
from index.types import Hit

if TYPE_CHECKING:
    from llama_index.core.postprocessor.types import BaseNodePostprocessor

    from index.onnx_models import OnnxCrossEncoder

log = logging.getLogger(__name__)

SHOWN = 30
"""Passages that a reranker is shown, at least."""


class Reranker(Protocol):
    """Puts hits in another order. `name` is for errors."""

    name: str

    def rerank(self, query: str, hits: Sequence[Hit]) -> list[Hit]:
        """The hits, best first, with scores in (0, 1). Raises RerankerError."""
        ...


def open_reranker(setting: str) -> Reranker | None:
    """The reranker that a setting names: None for "", a cross-encoder for "onnx:FOLDER" or "onnx:NAME".

    Raises SettingsError for another setting, or a model that cannot be loaded.
    """
    if not setting:
        return None
    kind, _, model = setting.partition(":")
    if kind != "onnx" or not model:
        raise SettingsError(
            f"RERANKER is {setting!r}. It can be onnx: and a cross-encoder's folder or name, as in "
            "onnx:Xenova/ms-marco-MiniLM-L-6-v2, or empty."
        )
    from index.onnx_models import OnnxCrossEncoder

    return CrossEncoder(OnnxCrossEncoder(model), setting)


class CrossEncoder:
    """A model that reads query and passage as one."""

    def __init__(self, model: OnnxCrossEncoder, name: str) -> None:
        self.name = name
        self._model = model

    def rerank(self, query: str, hits: Sequence[Hit]) -> list[Hit]:
        """See `Reranker.rerank`: by the logistic function of the model's score."""
        texts = [f"{hit.article.title}\n{hit.passage.text}".strip() for hit in hits]
        try:
            scores = self._model.scores(query, texts)
        except Exception as error:  # onnxruntime raises many kinds
            raise _failure(self.name, error) from None
        if len(scores) != len(hits) or not np.isfinite(scores).all():
            raise _failure(self.name, ValueError(f"{len(scores)} scores for {len(hits)} passages, or some that are no numbers"))
        return _ordered(hits, 1 / (1 + np.exp(-scores.clip(-30, 30))))


class LlamaIndexReranker:
    """Any LlamaIndex node postprocessor that reorders. What it leaves out comes after what it keeps, in the old order."""

    def __init__(self, model: BaseNodePostprocessor) -> None:
        self.name = type(model).__name__
        self._model = model

    def rerank(self, query: str, hits: Sequence[Hit]) -> list[Hit]:
        """See `Reranker.rerank`. Scores fall evenly with the place: each model has a scale of its own."""
        from rag.llama_retriever import node

        try:
            kept = self._model.postprocess_nodes([node(hit) for hit in hits], query_str=query)
            ids = list(dict.fromkeys(found.node.node_id for found in kept))
        except Exception as error:  # each model has errors of its own
            raise _failure(self.name, error, str(getattr(self._model, "api_key", None) or "")) from None
        by_id = {hit.passage.id: hit for hit in hits}
        order = [by_id[found] for found in ids if found in by_id]
        order += [hit for hit in hits if hit.passage.id not in set(ids)]
        return [replace(hit, score=(len(order) - place) / (len(order) + 1)) for place, hit in enumerate(order)]


def _ordered(hits: Sequence[Hit], scores: np.ndarray[Any, Any]) -> list[Hit]:
    return [replace(hits[place], score=float(scores[place])) for place in np.argsort(-scores, kind="stable")]


def _failure(name: str, error: Exception, key: str = "") -> RerankerError:
    # Not to be chained: a hosted model's error may hold the key. The log has it, without.
    log.warning("The reranker %s failed.\n%s", name, traceback_without(error, key))
    said = redacted(str(error), key, key_sent(error))[:300]
    return RerankerError(
        f"The reranker {name} failed: {type(error).__name__}: {said}. Leave RERANKER empty to search without it."
    )
