"""Dateline's search as a LlamaIndex `BaseRetriever`, so that other programs can stand on its index."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode

from index.types import Hit


class DatelineRetriever(BaseRetriever):
    """Retrieves passages as nodes with exact offsets: `article.text[start_char_idx:end_char_idx] == text`.

    A node's id is the passage's, its source node is the article's id; title, outlet, date, URL
    and source are in its metadata.
    """

    def __init__(self, search: Callable[[str], list[Hit]]) -> None:
        super().__init__()
        self._search = search

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [node(hit) for hit in self._search(query_bundle.query_str)]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def node(hit: Hit) -> NodeWithScore:
    """A hit as a LlamaIndex node with its score."""
    article, passage = hit.article, hit.passage
    metadata = {
        "title": article.title,
        "outlet": article.outlet,
        "author": article.author,
        "published": article.published.isoformat() if article.published else None,
        "url": article.url,
        "source": article.source,
    }
    text = TextNode(
        id_=passage.id,
        text=passage.text,
        start_char_idx=passage.start,
        end_char_idx=passage.end,
        metadata={name: value for name, value in metadata.items() if value},
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=article.id)},
    )
    return NodeWithScore(node=text, score=hit.score)
