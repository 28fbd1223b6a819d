from __future__ import annotations
from dataclasses import dataclass
from rag.types import Claim, Citation, Verdict
from index.sentences import sentence_spans

@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    claim: Claim | None = None

@dataclass(frozen=True, slots=True)
class Draft:
    pieces: tuple[Piece, ...]
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    answered: bool

def write(question, hits, embed, frequency):
    if not hits:
        return Draft((Piece("The articles do not say."),), (), (), False)
    h = hits[0]
    s, e = sentence_spans(h.passage.text)[0]
    a, b = h.passage.start + s, h.passage.start + e
    c = Citation(1, h.article, a, b, h.article.text[a:b])
    lead = f"{h.article.title}, {h.article.outlet}:"
    claim = Claim(c.quote, (c,), Verdict("quoted", 1.0), lead)
    return Draft((Piece(f"*{h.article.title}*, {h.article.outlet}: "), Piece(f"“{c.quote}” [1]", claim)), (claim,), (c,), True)
