"""Models that a user has: an embedder and a cross-encoder from folders, any LlamaIndex reranker, and what goes wrong."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rag
from index.embed import open_embedder
from index.errors import IndexMismatchError, RerankerError, SettingsError
from index.minilm import MODEL, MODEL_SHA256, TOKENIZER, TOKENIZER_SHA256, MiniLM, checked_file
from rag.opinion import open_opinion

STORIES = {
    "ferry.md": "# The ferry\n\nThe ferry to Bornholm was late on Monday because of fog.",
    "tram.md": "# The tram\n\nThe tram to the harbour was late, and nobody waited for the tram.",
    "owl.md": "# An owl\n\nAn owl was seen in the harbour.",
}


@pytest.fixture
def stories(tmp_path: Path) -> Path:
    folder = tmp_path / "stories"
    folder.mkdir()
    for name, text in STORIES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """The built-in model, laid out as a hub lays out an export."""
    folder = tmp_path / "model"
    (folder / "onnx").mkdir(parents=True)
    (folder / "onnx" / "model.onnx").write_bytes(checked_file(*MODEL, MODEL_SHA256))
    described(folder)
    return folder


def described(folder: Path) -> None:
    """What lies beside a model: its tokenizer, and what that needs to know."""
    (folder / "tokenizer.json").write_bytes(checked_file(*TOKENIZER, TOKENIZER_SHA256))
    (folder / "config.json").write_text(json.dumps({"hidden_size": 384, "pad_token_id": 0}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 256, "pad_token": "[PAD]"}))
    (folder / "special_tokens_map.json").write_text(
        json.dumps({"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"})
    )


@pytest.fixture
def cross_encoder(tmp_path: Path) -> Path:
    """A cross-encoder whose score is how many words query and passage share: a real ONNX model of a few operations."""
    onnx = pytest.importorskip("onnx")
    make, kind = onnx.helper, onnx.TensorProto
    inputs = [
        make.make_tensor_value_info(name, kind.INT64, ["b", "n"]) for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    constants = [
        make.make_tensor("special", kind.INT64, [], [103]),
        make.make_tensor("two", kind.INT64, [1], [2]),
        make.make_tensor("one", kind.INT64, [1], [1]),
        make.make_tensor("axes", kind.INT64, [2], [1, 2]),
        make.make_tensor("unit", kind.FLOAT, [], [1.0]),
    ]
    nodes = [
        make.make_node("Greater", ["input_ids", "special"], ["is_word"]),
        make.make_node("Cast", ["is_word"], ["word"], to=kind.FLOAT),
        make.make_node("Cast", ["attention_mask"], ["real"], to=kind.FLOAT),
        make.make_node("Cast", ["token_type_ids"], ["second"], to=kind.FLOAT),
        make.make_node("Sub", ["unit", "second"], ["first"]),
        make.make_node("Mul", ["word", "real"], ["live"]),
        make.make_node("Mul", ["live", "first"], ["asked"]),
        make.make_node("Mul", ["live", "second"], ["told"]),
        make.make_node("Unsqueeze", ["input_ids", "two"], ["down"]),
        make.make_node("Unsqueeze", ["input_ids", "one"], ["across"]),
        make.make_node("Equal", ["down", "across"], ["is_same"]),
        make.make_node("Cast", ["is_same"], ["same"], to=kind.FLOAT),
        make.make_node("Unsqueeze", ["asked", "one"], ["asked_row"]),
        make.make_node("Unsqueeze", ["told", "two"], ["told_column"]),
        make.make_node("MatMul", ["asked_row", "same"], ["met"]),
        make.make_node("MatMul", ["met", "told_column"], ["shared"]),
        make.make_node("Squeeze", ["shared", "two"], ["logits"]),
    ]
    output = make.make_tensor_value_info("logits", kind.FLOAT, ["b", 1])
    graph = make.make_graph(nodes, "shared_words", inputs, [output], constants)
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
    folder = tmp_path / "cross"
    folder.mkdir()
    onnx.save(model, str(folder / "model.onnx"))
    described(folder)
    return folder


@pytest.mark.slow
def test_an_embedder_from_a_folder_gives_the_vectors_of_its_model(exported: Path, stories: Path, tmp_path: Path) -> None:
    embedder, built_in = open_embedder(f"onnx:{exported}"), MiniLM()
    for text in ("The ferry was late.", "x"):
        vector = embedder.embed_query(text)
        assert float(np.linalg.norm(vector)) == pytest.approx(1.0, abs=1e-5)
        assert float(vector @ built_in.embed_query(text)) > 0.99
    assert embedder.embed_passages([]).shape == (0, 0)
    built_in.close()
    with rag.open_chat(tmp_path / "data", embedder=f"onnx:{exported}") as chat:
        chat.add(stories)
        assert chat.search("bird at the port")[0].article.title == "An owl"
    with pytest.raises(IndexMismatchError, match="onnx:"):
        rag.open_chat(tmp_path / "data")


def test_a_cross_encoder_from_a_folder_has_the_last_word(cross_encoder: Path, stories: Path, tmp_path: Path) -> None:
    query = "tram tram tram Bornholm"
    with rag.open_chat(tmp_path / "data", reranker=f"onnx:{cross_encoder}") as chat:
        chat.add(stories)
        hits = chat.search(query)
        assert hits[0].article.title == "The tram" and len(hits) == 3
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        # Three times "tram" in the query, twice in the text and once in the headline: nine; the logistic function of it.
        assert hits[0].score == pytest.approx(1 / (1 + np.exp(-9)), abs=1e-4)
        assert hits[-1].score == pytest.approx(0.5, abs=1e-6)
        assert len(chat.search(query, k=1)) == 1
        assert chat.ask("When was the ferry to Bornholm late?").answered


def test_any_llamaindex_reranker_reorders_and_loses_nothing(stories: Path, tmp_path: Path) -> None:
    from llama_index.core.postprocessor.types import BaseNodePostprocessor

    class Shortest(BaseNodePostprocessor):
        def _postprocess_nodes(self, nodes: list[Any], query_bundle: Any = None) -> list[Any]:
            return sorted(nodes, key=lambda found: len(found.node.get_content()))[:1]

    class Broken(BaseNodePostprocessor):
        def _postprocess_nodes(self, nodes: list[Any], query_bundle: Any = None) -> list[Any]:
            raise ConnectionError("no answer from the model")

    with rag.open_chat(tmp_path / "data", reranker=Shortest()) as chat:
        chat.add(stories)
        hits = chat.search("What was late?")
        assert hits[0].article.title == "An owl" and len(hits) == 3
        assert [hit.score for hit in hits] == [0.75, 0.5, 0.25]
    with (
        rag.open_chat(tmp_path / "data", reranker=Broken()) as chat,
        pytest.raises(RerankerError, match="no answer from the model"),
    ):
        chat.search("What was late?")


@pytest.mark.parametrize("setting", ["embedder", "reranker"])
def test_a_model_that_cannot_be_loaded_is_named(setting: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "config.json").write_text(json.dumps({"hidden_size": 384}))
    with pytest.raises(SettingsError, match=rf"{setting.upper()} is 'onnx:.*empty'.*\.onnx"):
        rag.open_chat(tmp_path / "data", **{setting: f"onnx:{tmp_path / 'empty'}"})
    with pytest.raises(SettingsError, match=f"{setting.upper()} cannot be 'magic'"):
        rag.open_chat(tmp_path / "data", **{setting: "magic"})


def test_a_name_is_fetched_from_the_hub_and_a_failure_says_so(tmp_path: Path, network_attempts: list[str]) -> None:
    with pytest.raises(SettingsError, match="EMBEDDER is 'onnx:someone/some-model', but that model cannot be loaded"):
        rag.open_chat(tmp_path / "data", embedder="onnx:someone/some-model")
    assert set(network_attempts) == {"huggingface.co"}
    network_attempts.clear()


@pytest.fixture
def entailment(tmp_path: Path) -> Path:
    """An entailment model of a few operations: what follows is what holds a rare word."""
    onnx = pytest.importorskip("onnx")
    make, kind = onnx.helper, onnx.TensorProto
    inputs = [make.make_tensor_value_info("input_ids", kind.INT64, ["b", "n"])]
    output = make.make_tensor_value_info("logits", kind.FLOAT, ["b", 3])
    ten = make.make_tensor("ten", kind.FLOAT, [1, 1], [10.0])
    zero = make.make_tensor("zero", kind.FLOAT, [1, 2], [0.0, 0.0])
    columns = make.make_tensor("columns", kind.INT64, [1], [1])
    nodes = [
        make.make_node("Cast", ["input_ids"], ["ids"], to=kind.FLOAT),
        make.make_node("ReduceMax", ["ids", "columns"], ["most"], keepdims=1),
        make.make_node("Greater", ["most", "limit"], ["long"]),
        make.make_node("Cast", ["long"], ["yes"], to=kind.FLOAT),
        make.make_node("Mul", ["yes", "ten"], ["score"]),
        make.make_node("Mul", ["most", "nothing"], ["none"]),
        make.make_node("Concat", ["none", "score", "none"], ["logits"], axis=1),
    ]
    limit = make.make_tensor("limit", kind.FLOAT, [1, 1], [20_000.0])
    nothing = make.make_tensor("nothing", kind.FLOAT, [1, 1], [0.0])
    graph = make.make_graph(nodes, "entailment", inputs, [output], [ten, zero, columns, limit, nothing])
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 18)], ir_version=9)
    folder = tmp_path / "entailment"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    described(folder)
    (folder / "config.json").write_text(json.dumps({"id2label": {"0": "contradiction", "1": "entailment", "2": "neutral"}}))
    return folder


def test_an_entailment_model_gives_a_second_opinion(entailment: Path) -> None:
    opinion = open_opinion(f"onnx:{entailment}", None)
    assert opinion is not None
    # The tokenizer gives rare words high numbers: "skeletons" is 24,365.
    rare = opinion.support("It holds skeletons.", ["In the cellar there are skeletons."], threading.Event())
    common = opinion.support("It is a cat.", ["There is a cat."], threading.Event())
    assert rare is not None and common is not None
    assert rare > 0.9 > 0.5 > common


def test_an_entailment_model_must_say_which_output_means_it(entailment: Path) -> None:
    (entailment / "config.json").write_text(json.dumps({"id2label": {"0": "joy", "1": "anger", "2": "fear"}}))
    with pytest.raises(SettingsError, match="joy, anger, fear"):
        open_opinion(f"onnx:{entailment}", None)
    with pytest.raises(SettingsError, match="VERIFIER"):
        open_opinion("onnx:" + str(entailment / "nothing"), None)
    with pytest.raises(SettingsError, match="VERIFIER"):
        open_opinion("magic", None)
