"""PURE. Questions to start from, taken from the collection itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from index.types import Article


def suggestions(articles: Sequence[Article], answers: Callable[[str], bool], n: int) -> list[str]:
    return []
