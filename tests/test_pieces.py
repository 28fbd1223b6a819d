from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import Document
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import BaseNode, MetadataMode

from index.read import read
from index.types import Article, Failure


def story(name: str) -> str:
    return "\n\n".join(
        " ".join(f"Of {name} it is told in part {part}, sentence {number}, what befell the bridge." for number in range(8))
        for part in range(4)
    )


def stated(name: str) -> dict[str, Any]:
    return {
        "file_name": f"{name}.txt", "title": f"About {name}", "author": "Ada Moor", "date": "2020-05-19",
        "url": f"https://n.example/{name}", "creation_date": "2021-01-01",
    }  # fmt: skip


def nodes(*names: str) -> list[BaseNode]:
    documents = [Document(text=story(name), metadata=stated(name), id_=f"doc-{name}") for name in names]
    return SentenceSplitter(chunk_size=160, chunk_overlap=40).get_nodes_from_documents(documents)


def put(folder: Path, value: object, name: str = "a.json") -> Path:
    path = folder / name
    path.write_text(
        "\n".join(json.dumps(line) for line in value) if name.endswith("l") and isinstance(value, list) else json.dumps(value)
    )
    return path


def articles(path: Path) -> list[Article]:
    found = list(read(path))
    assert all(isinstance(item, Article) for item in found), [str(item) for item in found if isinstance(item, Failure)]
    return [item for item in found if isinstance(item, Article)]


def in_chroma(found: Iterable[BaseNode]) -> dict[str, Any]:
    """What `collection.get()` gives of nodes that LlamaIndex stored in Chroma."""
    from llama_index.core.vector_stores.utils import node_to_metadata_dict

    found = list(found)
    return {
        "ids": [node.node_id for node in found],
        "embeddings": None,
        "documents": [node.get_content(MetadataMode.NONE) for node in found],
        "uris": None,
        "data": None,
        "metadatas": [node_to_metadata_dict(node, remove_text=True, flat_metadata=True) for node in found],
        "included": ["metadatas", "documents"],
    }


def shapes(found: list[BaseNode]) -> dict[str, tuple[str, object]]:
    mixed = random.Random(4).sample(found, len(found))
    dumped = [node.to_dict() for node in mixed]
    chroma = in_chroma(mixed)
    lines = [
        {"id": one, "document": text, "metadata": metadata}
        for one, text, metadata in zip(chroma["ids"], chroma["documents"], chroma["metadatas"], strict=True)
    ]
    bare = [
        {
            "page_content": node.get_content(MetadataMode.NONE),
            "metadata": {
                **node.metadata,
                "source": f"/x/{node.metadata['file_name']}",
                "start_index": node.to_dict()["start_char_idx"],
            },
        }
        for node in mixed
    ]
    return {
        "nodes, one a line": ("a.jsonl", dumped),
        "a list of nodes": ("a.json", dumped),
        "a list under a name": ("a.json", {"nodes": dumped}),
        "found with a score": ("a.jsonl", [{"node": node, "score": 0.5} for node in dumped]),
        "a docstore": ("a.json", {"docstore/data": {node["id_"]: {"__data__": node, "__type__": "1"} for node in dumped}}),
        "a Chroma collection": ("a.json", chroma),
        "a Chroma collection, one a line": ("a.jsonl", lines),
        "LangChain's documents": ("a.jsonl", bare),
        "without neighbours": ("a.json", [{**node, "relationships": {"1": node["relationships"]["1"]}} for node in dumped]),
        "without places": ("a.json", [{**node, "start_char_idx": None, "end_char_idx": None} for node in dumped]),
    }


@pytest.mark.parametrize("shape", list(shapes(nodes("x"))))
def test_the_pieces_of_an_article_become_the_article(tmp_path: Path, shape: str) -> None:
    name, value = shapes(nodes("storm", "tunnel"))[shape]
    found = sorted(articles(put(tmp_path, value, name)), key=lambda article: article.title)
    assert [article.text for article in found] == [story("storm"), story("tunnel")]
    assert [article.title for article in found] == ["About storm", "About tunnel"]
    assert {(one.author, one.published, one.outlet) for one in found} == {("Ada Moor", date(2020, 5, 19), "")}
    assert found[0].url == "https://n.example/storm"
    if "LangChain" not in shape:
        assert [article.id for article in found] == ["doc-storm", "doc-tunnel"]


def test_whole_documents_are_articles(tmp_path: Path) -> None:
    documents = [Document(text=story(name), metadata=stated(name), id_=f"doc-{name}") for name in ("storm", "tunnel")]
    dumped = [document.to_dict() for document in documents]
    assert "text_resource" in dumped[0]
    assert [one.text for one in articles(put(tmp_path, dumped))] == [story("storm"), story("tunnel")]
    both = [*dumped, *(node.to_dict() for node in nodes("storm"))]
    assert [one.id for one in articles(put(tmp_path, both))] == ["doc-storm", "doc-tunnel"]


def test_the_pages_of_a_file_become_one_article(tmp_path: Path) -> None:
    def page(number: int, text: str) -> dict[str, Any]:
        return {"id_": f"p{number}", "text": text, "metadata": {"page_label": str(number), "file_name": "report.pdf"}}

    pages = [page(10, "It ends on the tenth page."), page(2, "goes on here. A new one."), page(1, "It begins and")]
    (article,) = articles(put(tmp_path, pages))
    assert article.text == "It begins and goes on here. A new one.\n\nIt ends on the tenth page."
    assert article.title == "report.pdf"


def test_chunks_that_are_numbered_or_overlap_are_put_in_order(tmp_path: Path) -> None:
    text = story("storm")
    pieces = [text[at : at + 300] for at in range(0, len(text) - 60, 240)]
    numbered = [{"text": piece, "metadata": {"doc_id": "d", "chunk_index": at}} for at, piece in enumerate(pieces)]
    assert [one.text for one in articles(put(tmp_path, numbered[::-1]))] == [text]
    bare = [{"text": piece, "metadata": {"doc_id": "d"}} for piece in pieces]
    assert [one.text for one in articles(put(tmp_path, bare))] == [text]


def test_chunks_whose_order_is_not_known_are_not_put_together(tmp_path: Path) -> None:
    texts = ["The bridge is open.", "The tunnel is closed.", "The harbour is calm."]
    value = {"ids": ["a", "b", "c"], "documents": texts, "metadatas": [{"doc_id": "d"}] * 3}
    found = list(read(put(tmp_path, value)))
    assert [(one.id, one.text) for one in found if isinstance(one, Article)] == list(zip("abc", texts, strict=True))
    (failure,) = [one for one in found if isinstance(one, Failure)]
    assert "in which order" in failure.reason


def test_an_outlet_that_many_share_joins_nothing(tmp_path: Path) -> None:
    value = {
        "ids": ["a", "b"],
        "documents": ["The bridge is open.", "The tunnel is closed."],
        "metadatas": [{"source": "The Harbour News"}, {"source": "news/b.html"}],
    }
    first, second = articles(put(tmp_path, value))
    assert (first.outlet, first.title) == ("The Harbour News", "")
    assert (second.outlet, second.title) == ("", "b.html")


def test_pieces_that_are_missing_are_told(tmp_path: Path) -> None:
    dumped = [node.to_dict() for node in nodes("storm")]
    article, failure = read(put(tmp_path, dumped[:2] + dumped[4:]))
    assert isinstance(article, Article)
    assert "missing" in str(failure)
    assert article.text.startswith(story("storm")[:200])
    assert article.text.endswith(story("storm")[-200:])


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"ids": [["a"]], "documents": [["x"]], "distances": [[0.1]]}, "collection.query"),
        ({"ids": ["a", "b"], "documents": ["x"], "metadatas": [{}, {}]}, "2 ids, 1 documents and 2 metadatas"),
        ({"ids": ["a"], "documents": None, "embeddings": [[0.1]]}, "without texts"),
        ({"ids": [], "documents": [], "metadatas": []}, "empty"),
        ({"ids": ["a"], "documents": [None], "metadatas": [None]}, "text"),
    ],
)
def test_what_cannot_be_an_export_is_refused_in_words(tmp_path: Path, value: object, says: str) -> None:
    (failure,) = read(put(tmp_path, value))
    assert isinstance(failure, Failure)
    assert says in failure.reason


def test_articles_with_metadata_of_their_own_are_what_they_were(tmp_path: Path) -> None:
    one = {"id": "1", "title": "Bridge reopens", "text": story("x"), "metadata": {"tags": ["a"], "author": "Ada Moor"}}
    (article,) = articles(put(tmp_path, [one], "a.jsonl"))
    assert (article.id, article.title, article.author, article.text) == ("1", "Bridge reopens", "Ada Moor", story("x"))


def test_hostile_pieces_do_no_harm(tmp_path: Path) -> None:
    ring = [
        {"id_": str(at), "text": f"Sentence {at}.", "relationships": {
            "1": {"node_id": "d"}, "2": {"node_id": str((at - 1) % 500)}, "3": {"node_id": str((at + 1) % 500)}}}
        for at in range(500)
    ]  # fmt: skip
    assert len([one for one in read(put(tmp_path, ring)) if isinstance(one, Article)]) == 500
    same = [{"text": "a" * 4_000, "metadata": {"doc_id": "d"}} for _ in range(50)]
    assert list(read(put(tmp_path, same)))
    odd: list[Any] = [
        {"text": "x.", "relationships": [], "metadata": {"_node_content": "[" * 10_000, "page": True, "source": 3}},
        {"text": "y.", "relationships": {"1": 3}, "metadata": {"_node_content": "{", "start_index": -1, "chunk": "１"}},
        {"text_resource": {"text": 3}, "metadata": {}},
        {"id": {"a": 1}, "document": "z.", "metadata": None},
    ]
    found = list(read(put(tmp_path, odd, "a.jsonl")))
    assert len(found) == 4
    assert [one.text for one in found if isinstance(one, Article)] == ["x.", "y.", "z."]
