"""EDGE. Models that a user has, exported to ONNX: from a local folder, or by a name on the Hugging Face hub.

A folder holds what the hub has of such a model: `onnx/model.onnx` (or another .onnx file), tokenizer.json, and, where there
are any, tokenizer_config.json (its longest input) and 1_Pooling/config.json (how sentence-transformers makes one vector of
many). They run with what the built-in model runs with; fastembed, which does the same, cannot be installed beside this
Gradio (its huggingface-hub is below 2, Gradio's is 2.4).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from index.embed import Vectors
from index.errors import EmbeddingError, SettingsError

WANTED = ("tokenizer.json", "*config.json", "1_Pooling/config.json", "onnx/model.onnx", "model.onnx")
"""What is fetched of a model on the hub."""

LONGEST = 512
"""Tokens read of a text when the model does not say."""

BATCH = 8

T = TypeVar("T")


class OnnxModel:
    """A transformer and its tokenizer. Raises FileNotFoundError, ValueError or onnxruntime's errors when it is none."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        files = [folder / "onnx" / "model.onnx", folder / "model.onnx", *sorted(folder.rglob("*.onnx"))]
        model = next((file for file in files if file.is_file()), None)
        if model is None or not (folder / "tokenizer.json").is_file():
            raise FileNotFoundError(f"{folder} lacks {'tokenizer.json' if model else 'an .onnx file'}")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._inputs = {given.name for given in self._session.get_inputs()}
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        longest = _config(folder / "tokenizer_config.json").get("model_max_length", LONGEST)
        self._tokenizer.enable_truncation(int(min(longest, LONGEST)))
        padding = self._tokenizer.padding or {}
        self._tokenizer.enable_padding(pad_id=padding.get("pad_id", 0), pad_token=padding.get("pad_token", "[PAD]"))

    def run(self, texts: Sequence[str] | Sequence[tuple[str, str]]) -> list[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """The model's first output for each batch of texts, or of pairs read as one, with the mask of real tokens."""
        found = []
        for start in range(0, len(texts), BATCH):
            encodings = self._tokenizer.encode_batch(list(texts[start : start + BATCH]))
            mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)
            given = {
                "input_ids": np.array([encoding.ids for encoding in encodings], np.int64),
                "attention_mask": mask,
                "token_type_ids": np.array([encoding.type_ids for encoding in encodings], np.int64),
            }
            output = self._session.run(None, {name: value for name, value in given.items() if name in self._inputs})[0]
            found.append((np.asarray(output, np.float32), mask))
        return found


class OnnxEmbedder:
    """An embedding model: its token vectors' mean, or the first of them if its pooling says so, as unit vectors.

    `name` goes into the index's stamp, so the same folder must be given again. Raises SettingsError when the model cannot
    be loaded.
    """

    def __init__(self, model: str) -> None:
        self.name = f"onnx:{model}"
        folder = loaded("EMBEDDER", self.name, lambda: _folder(model))
        self._model = loaded("EMBEDDER", self.name, lambda: OnnxModel(folder))
        pooling = loaded("EMBEDDER", self.name, lambda: _config(folder / "1_Pooling" / "config.json"))
        self._first = bool(pooling.get("pooling_mode_cls_token"))

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """See `index.embed.Embedder.embed_passages`."""
        if not texts:
            return np.zeros((0, 0), np.float32)
        try:
            pooled = np.vstack([self._pooled(*batch) for batch in self._model.run(texts)])
        except Exception as error:  # onnxruntime raises many kinds
            raise EmbeddingError(
                f"The embedder {self.name} failed: {type(error).__name__}: {str(error)[:300]}. Set EMBEDDER to another one and "
                "run: dateline rebuild"
            ) from error
        lengths = np.linalg.norm(pooled, axis=1, keepdims=True)
        if not np.isfinite(pooled).all() or not (lengths > 0).all():
            raise EmbeddingError(f"The embedder {self.name} gave a vector that has no direction to compare.")
        return np.asarray(pooled / lengths, np.float32)

    def embed_query(self, text: str) -> Vectors:
        """See `index.embed.Embedder.embed_query`."""
        return np.asarray(self.embed_passages([text])[0], np.float32)

    def close(self) -> None:
        """Nothing to release."""

    def _pooled(self, output: NDArray[np.float32], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        if output.ndim == 2:  # pooled by the model itself
            return output
        if self._first:
            return np.asarray(output[:, 0])
        real = mask[..., None].astype(np.float32)
        return np.asarray((output * real).sum(axis=1) / real.sum(axis=1).clip(min=1))


class OnnxCrossEncoder:
    """A model that reads query and passage as one and gives a score. Raises SettingsError when it cannot be loaded."""

    def __init__(self, model: str) -> None:
        self._model = loaded("RERANKER", f"onnx:{model}", lambda: OnnxModel(_folder(model)))

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """How well each text fits the query, on the model's own scale, of shape (texts,). Of several outputs the last."""
        batches = self._model.run([(query, text) for text in texts])
        return np.concatenate([output.reshape(len(mask), -1)[:, -1] for output, mask in batches]).astype(np.float64)


class OnnxEntailment:
    """A model that reads a text and a sentence as one and tells whether the sentence follows.

    Which of its outputs means that, its config.json says (`id2label`: an entry that begins with "entail"); of a model with
    one output, the logistic function of it. Raises SettingsError when it cannot be loaded or has no such output.
    """

    def __init__(self, model: str) -> None:
        folder = loaded("VERIFIER", f"onnx:{model}", lambda: _folder(model))
        self._model = loaded("VERIFIER", f"onnx:{model}", lambda: OnnxModel(folder))
        labels = loaded("VERIFIER", f"onnx:{model}", lambda: _config(folder / "config.json").get("id2label", {}))
        entails = [int(number) for number, label in labels.items() if str(label).lower().startswith("entail")]
        if len(labels) > 1 and not entails:
            named = ", ".join(map(str, labels.values()))
            raise SettingsError(
                f"VERIFIER is {f'onnx:{model}'!r}, but none of that model's outputs ({named}) means that a text entails one."
            )
        self._entails = entails[0] if entails else 0

    def entailment(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """The probability that each text entails the sentence beside it, of shape (pairs,)."""
        batches = [output.reshape(len(mask), -1).astype(np.float64) for output, mask in self._model.run(pairs)]
        logits = np.concatenate(batches)
        if logits.shape[1] == 1:
            return np.asarray(1 / (1 + np.exp(-logits[:, 0].clip(-30, 30))))
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(shares[:, self._entails] / shares.sum(axis=1))


def loaded(setting: str, value: str, load: Callable[[], T]) -> T:
    """What `load` gives. Raises SettingsError, which names setting and value, for whatever that raises."""
    try:
        return load()
    except Exception as error:  # the hub, tokenizers and onnxruntime raise many kinds
        raise SettingsError(
            f"{setting} is {value!r}, but that model cannot be loaded ({type(error).__name__}: {str(error)[:300]}). It must be "
            "a folder that holds an ONNX model and its tokenizer.json, or the name of one on the Hugging Face hub."
        ) from error


def _folder(model: str) -> Path:
    """The folder of that name, else that of the model fetched from the hub (once: it is kept in the hub's cache)."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(model, allow_patterns=list(WANTED)))


def _config(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
