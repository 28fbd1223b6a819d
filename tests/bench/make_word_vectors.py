"""Makes rag/word_vectors.npz: what each common English word means, as the built-in embedder sees it.

    python tests/bench/make_word_vectors.py

Every whole word of the embedder's own vocabulary is embedded by itself; the mean and the strongest
common directions are taken away (they say "this is a single word", not what it means), the rest is
projected on its principal directions and kept as bytes. After Model2Vec (Minish Lab, 2024) and "All-but-the-Top"
(Mu and Viswanath, 2018). Deterministic; takes about a minute.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from index.minilm import MiniLM, load_tokenizer

DIMENSION = 96
COMMON_DIRECTIONS = 2
TARGET = Path(__file__).resolve().parents[2] / "rag" / "word_vectors.npz"


def main() -> None:
    vocabulary = load_tokenizer().get_vocab()
    words = sorted(word for word in vocabulary if word.isascii() and word.isalpha() and len(word) > 2)
    vectors = MiniLM().embed_passages(words).astype(np.float64)
    vectors -= vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(vectors, full_matrices=False)
    kept = vectors @ directions[COMMON_DIRECTIONS : COMMON_DIRECTIONS + DIMENSION].T
    kept /= np.linalg.norm(kept, axis=1, keepdims=True)
    np.savez_compressed(
        TARGET, words=np.array("\n".join(words)), vectors=np.rint(kept * 127 / np.abs(kept).max()).astype(np.int8)
    )
    print(f"{len(words)} words, {TARGET.stat().st_size / 1e6:.1f} MB, {TARGET}")


if __name__ == "__main__":
    main()
