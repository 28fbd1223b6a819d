"""PURE. What is told of a topic: the beginnings of the articles that are about it.

Who asks "What happened in Kherson?" or "Tell me about the mural" asks for no one thing. A news article says first what it is
about, so its first sentences answer, provided that it is about the topic: that its headline or its beginning names it whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from index.chunk import spelled_date
from index.sentences import Span, sentence_spans
from index.types import Article, Hit
from index.words import content_terms, terms
from rag.evidence import Sentence
from rag.injection import is_order, orders
from rag.question import Question, asks_for_everything

ARTICLES, SENTENCES = 3, 3
"""Articles of which the first sentence is taken, and sentences of the one that comes first."""

WORDS = 4
"""Words of a topic: a longer one asks for some one thing after all."""

BEGINNING = 1_500
"""Characters of an article in which its first sentences stand."""

TELLING, TELLS_ENOUGH = 4, 7
"""Telling words from which a sentence is one, and no byline, and from which it says what its article is about."""

_LATEST = re.compile(r"\b(?:latest|newest|recent|recently|new|news|now)\b", re.IGNORECASE)
_ENDS = re.compile(r"[.!?…。！？][\"'”’»)\]」』]*$")


def beginnings(question: Question, hits: Sequence[Hit]) -> list[Sentence]:
    """The beginnings of the articles that are about the question's topic, in the order in which they are worth quoting: of each
    its first sentence (with the second, when that one tells little), those with the topic in their headline first or, when
    that is asked for, the newest; then more of the article that comes first.

    None when no article is about it, or when the topic is a long one, or none. For whoever asks for everything, all are.
    """
    wanted = {word.term for word in question.words}
    times = {*question.years, *question.months}
    if len(wanted) > WORDS or not (wanted or times or asks_for_everything(question.text)):
        return []
    found: dict[str, tuple[Article, list[Span], bool]] = {}
    for hit in hits:
        article = hit.article
        if article.id not in found:
            spans = _first_sentences(article.text)
            headline = set(terms(article.title))
            opening = " ".join(article.text[start:end] for start, end in spans[:2])
            dated = f"{article.title} {opening} {spelled_date(article.published)}".lower()
            if spans and wanted <= headline.union(terms(opening)) and all(time in dated for time in times):
                found[article.id] = (article, spans, wanted <= headline)
    about = sorted(found.values(), key=lambda one: not one[2])
    if _LATEST.search(question.text):
        about.sort(key=lambda one: one[0].published or date.min, reverse=True)
    firsts = [_sentence(article, spans[0]) for article, spans, _ in about[:ARTICLES]]
    more = [_sentence(article, span) for article, spans, _ in about[:1] for span in spans[1:]]
    return firsts + more


def _first_sentences(text: str) -> list[Span]:
    """Those of an article, headings, bylines and what speaks to machines aside; the first together with the second when it
    tells little."""
    planted = orders(text[:BEGINNING])
    whole = [
        span for span in sentence_spans(text[:BEGINNING]) if _ENDS.search(text[slice(*span)]) and not is_order(*span, planted)
    ]
    spans = [span for span in whole if _telling(text, span) >= TELLING][:SENTENCES]
    if len(spans) > 1 and _telling(text, spans[0]) < TELLS_ENOUGH:
        spans[:2] = [(spans[0][0], spans[1][1])]
    return spans


def _telling(text: str, span: Span) -> int:
    return len(content_terms(text[slice(*span)]))


def _sentence(article: Article, span: Span) -> Sentence:
    return Sentence(article, *span, (), 0, article.text[slice(*span)])
