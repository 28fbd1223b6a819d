"""PURE. Questions to start from, and to go on with, taken from the articles themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from index.sentences import sentence_spans
from index.types import Article, Hit
from index.words import content_terms
from rag.inquire import Posed, inquire
from rag.leaning import names_in
from rag.types import Answer

OPENING = 40
"""Sentences of an article that questions to start from are made of."""

ENOUGH = 2
"""Questions about the articles of an answer beside which none about others are offered."""

SPOKEN_OF = 2
"""Times that a name stands in what was found of an article, from which on it is worth asking about."""


def suggestions(articles: Sequence[Article], answers: Callable[[str], bool], n: int) -> list[str]:
    """Up to n questions about the articles, of different kinds and articles where it can be.

    `answers` says whether the articles answer a question; only such are offered.
    """
    queues = [list(_questions(article.text)) for article in articles]
    chosen: list[str] = []
    used: set[str] = set()
    tries = 0
    while len(chosen) < n and any(queues) and tries < 6 * n:
        for queue in queues:
            if not queue or len(chosen) == n:
                continue
            kind, question = queue.pop(0)
            if question in chosen or kind in used:
                continue
            tries += 1
            if answers(question):
                chosen.append(question)
                used.add(kind)
                if len(used) == 3:
                    used.clear()
    return chosen


def next_questions(answer: Answer, asked: Sequence[str], told: Callable[[str, Hit], bool], n: int) -> list[str]:
    """Up to n questions that go on from an answer, about what its articles tell and it did not say, of different kinds where it
    can be.

    Of the passages found those of the articles that it cites come first, then those that share a name with it; of an answer
    that cites none, those with a word of the question in their headline. `asked` are those asked before, none of which comes
    again; `told` says whether a passage answers a question.
    """
    known = {_plain(question) for question in (*asked, answer.question, answer.searched)}
    chosen: list[str] = []
    kinds: Counter[str] = Counter()
    for articles in _nearest(answer):
        if len(chosen) >= ENOUGH:
            break
        queues = [_questions_of(answer, [hit for hit in answer.hits if hit.article.id == article]) for article in articles]
        # One of each article, then a second of each; of an article one of a kind that did not come yet, while there is one.
        while any(queues) and len(chosen) < n:
            for queue in filter(None, queues):
                if len(chosen) == n:
                    break
                posed, hit = queue.pop(min(range(len(queue)), key=lambda place: (kinds[queue[place][0].kind], place)))
                plain = _plain(posed.question)
                if plain not in known and told(posed.question, hit):
                    chosen.append(posed.question)
                    kinds[posed.kind] += 1
                known.add(plain)
    return chosen


def _nearest(answer: Answer) -> tuple[list[str], list[str]]:
    """The articles that questions may be made of, by their ids: those to be asked first, and the others."""
    cited = list(dict.fromkeys(citation.article.id for citation in answer.citations if answer.answered))
    named, asked = _names(f"{answer.question} {answer.text}"), frozenset(content_terms(answer.question))
    others = [
        hit.article.id
        for hit in answer.hits
        if (named & _names(hit.passage.text) if cited else asked.intersection(content_terms(hit.article.title)))
    ]
    return cited, [article for article in dict.fromkeys(others) if article not in cited]


def _names(text: str) -> frozenset[str]:
    return frozenset(text[start:end] for start, end in names_in(text))


def _questions_of(answer: Answer, hits: Sequence[Hit]) -> list[tuple[Posed, Hit]]:
    """The questions that the passages of an article suggest, best first."""
    told = [(posed, hit) for hit in hits for posed in _unsaid(answer, hit)]
    return told + [(Posed("about", f"What is known about {name}?"), hit) for name, hit in _spoken_of(answer, hits)]


def _unsaid(answer: Answer, hit: Hit) -> Iterator[Posed]:
    """What the sentences of a passage that the answer did not quote suggest."""
    base, text = hit.passage.start, hit.passage.text
    for start, end in sentence_spans(text):
        if not any(
            citation.article.id == hit.article.id and base + start < citation.end and citation.start < base + end
            for citation in answer.citations
        ):
            yield from inquire(text[start:end])


def _spoken_of(answer: Answer, hits: Sequence[Hit]) -> Iterator[tuple[str, Hit]]:
    """The names of two words or more that the passages of an article have again and again, and the answer has not."""
    said = f"{answer.question} {answer.text}"
    texts = " ".join(hit.passage.text for hit in hits)
    for hit in hits:
        for start, end in names_in(hit.passage.text):
            name = hit.passage.text[start:end]
            if " " in name and "\n" not in name and name not in said and texts.count(name) >= SPOKEN_OF:
                yield name, hit


def _plain(question: str) -> str:
    return " ".join(re.findall(r"\w+", question.casefold()))


def _questions(text: str) -> Iterator[tuple[str, str]]:
    """Questions that an article's own sentences suggest: (kind, question)."""
    for start, end in sentence_spans(text)[:OPENING]:
        for posed in inquire(text[start:end]):
            yield posed.kind, posed.question
