"""Weights found and changed inside a serialised model."""

from __future__ import annotations

import random

import numpy as np
import pytest

from index.minilm import MODEL, MODEL_SHA256, checked_file
from index.onnx_weights import changed, weights_in


@pytest.fixture(scope="module")
def model() -> bytes:
    return checked_file(*MODEL, MODEL_SHA256)


def test_the_weights_of_the_embedder_are_found(model: bytes) -> None:
    weights = weights_in(model)
    assert len(weights) == 160
    assert weights["inner.embeddings.word_embeddings.weight_q"].shape == (30522, 384)
    assert weights["inner.embeddings.word_embeddings.weight_q"].dtype == np.int8
    assert weights["inner.encoder.layer.0.intermediate.dense.bias"].shape == (1536,)
    assert not weights["inner.encoder.layer.0.intermediate.dense.bias"].flags.writeable  # of bytes


def test_no_change_changes_nothing(model: bytes) -> None:
    assert changed(model, {}) == model
    nothing = {"val_49.a": np.zeros((2, 384), np.float32), "val_49.b": np.zeros((384, 2), np.float32)}
    assert changed(model, nothing) == model


def test_a_change_of_low_rank_is_added_and_rounded_by_columns(model: bytes) -> None:
    dice = np.random.default_rng(1)
    a, b = dice.normal(size=(3, 384)).astype(np.float32), 0.02 * dice.normal(size=(1536, 3)).astype(np.float32)
    before, after = weights_in(model), weights_in(changed(model, {"val_109.a": a, "val_109.b": b}))

    def whole(weights: dict[str, np.ndarray]) -> np.ndarray:
        return weights["val_109_q"] * weights["val_109_scale"]

    wanted = whole(before) + (b @ a).T
    assert np.abs(whole(after) - wanted).max() <= after["val_109_scale"].max() / 2 + 1e-6
    assert np.abs(whole(after) - whole(before)).max() > 0.02
    assert np.array_equal(after["val_118_q"], before["val_118_q"])


def test_a_weight_is_replaced_by_its_name(model: bytes) -> None:
    name = "inner.embeddings.LayerNorm.bias"
    after = weights_in(changed(model, {name: np.arange(384, dtype=np.float32)}))
    assert after[name].tolist() == list(range(384))


def test_what_does_not_fit_the_model_is_refused(model: bytes) -> None:
    with pytest.raises(KeyError, match="no_such"):
        changed(model, {"no_such": np.zeros(1, np.float32)})
    with pytest.raises(ValueError, match="broadcast"):
        changed(model, {"inner.embeddings.LayerNorm.bias": np.zeros(7, np.float32)})


def test_bytes_that_are_no_model_are_refused_as_such(model: bytes) -> None:
    assert weights_in(b"") == {}
    dice = random.Random(1)
    refused = 0
    for cut in (3, 1_000, 22_000_000):
        with pytest.raises(ValueError, match="model ends"):
            weights_in(model[:cut])
    for _ in range(300):
        try:
            weights_in(dice.randbytes(dice.randrange(1, 60)))
        except ValueError:
            refused += 1
    assert refused > 200
