"""How fast articles are added, beside the bare embedder on the same texts in the same run.

    python tests/bench/adding.py SOURCE

Prints passages a second of `Chat.add` and of the embedder alone, and their ratio. The embedder's texts are
those that the add embedded.
"""

from __future__ import annotations

import sys
import tempfile
import time

from index.chunk import chunk, embedded_text
from index.minilm import MiniLM, token_counter
from index.read import read
from index.types import Article
from rag.open import open_chat


def main() -> None:
    source = sys.argv[1]
    count = token_counter()
    texts = [
        embedded_text(article, passage, count)
        for article in read(source)
        if isinstance(article, Article)
        for passage in chunk(article, count)
    ]
    model = MiniLM()
    model.embed_passages(texts[:50])
    begun = time.perf_counter()
    for start in range(0, len(texts), 64):
        model.embed_passages(texts[start : start + 64])
    bare = len(texts) / (time.perf_counter() - begun)
    model.close()
    with tempfile.TemporaryDirectory() as folder, open_chat(folder) as chat:
        begun = time.perf_counter()
        report = chat.add(source)
        seconds = time.perf_counter() - begun
        passages = chat._index.library.passage_count()
    adding = passages / seconds
    print(
        f"{report}: {passages} passages in {seconds:.1f} s, {adding:.1f} a second; "
        f"the embedder alone {bare:.1f}; ratio {adding / bare:.2f}"
    )


if __name__ == "__main__":
    main()
