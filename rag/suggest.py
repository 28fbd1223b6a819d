"""PURE. Questions to start from, taken from the collection itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from index.sentences import sentence_spans
from index.types import Article

_NAME = r"(?!The |In |On |At |But |And |If |When |For )[A-Z][a-zà-ÿ’'-]+(?: [A-Z][a-zà-ÿ’'-]+){1,2}"
_OF_OFFICE = re.compile(
    r"^(?:President|Minister|Prime|Secretary|Senator|Governor|General|Chancellor|King|Queen|Pope|Mr|Mrs|Ms|Dr)\b ?"
)
_BODY = re.compile(
    r"\b(?:Ministry|Department|Council|Party|Nations|Office|Committee|Union|Bank|Company|Agency|Staff|Games|Studios|Executive|Officer|Times|News|Corp|Inc|Group|Team|Institute|Center|Centre|Police|Army|University|House|Court)\b"
)
_VERB = "said|says|announced|warned|told|explained|argued|claimed|added"
_SPEAKER = re.compile(rf"(?:\b(?:{_VERB}) (?P<after>{_NAME})|(?P<before>{_NAME}) (?:{_VERB})\b)")
_COUNTED = re.compile(
    r"(?:\d[\d.,]*(?: (?:million|billion|thousand))?) (?P<things>[a-z]+s|people|children|men|women)"
    r" (?P<done>(?:have|had|has) been [a-z]+ed|(?:were|are|was) [a-z]+ed)\b"
)
_TITLED = re.compile(
    rf"\b(?:[Mm]inister|[Pp]resident|[Ss]pokes(?:man|woman)|[Ss]ecretary|[Aa]rtist|[Dd]irector|[Cc]hief) (?P<name>{_NAME})"
)
LONGEST = 90


def suggestions(articles: Sequence[Article], answers: Callable[[str], bool], n: int) -> list[str]:
    """Up to n questions about the articles, of different kinds and articles where it can be.

    `answers` says whether the articles answer a question; only such are offered.
    """
    queues = [list(_questions(article)) for article in articles]
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


def _questions(article: Article) -> Iterator[tuple[str, str]]:
    """Questions that the article's own sentences suggest: (kind, question)."""
    for start, end in sentence_spans(article.text)[:40]:
        sentence = article.text[start:end]
        if counted := _COUNTED.search(sentence):
            yield from _short("count", f"How many {counted['things']} {counted['done']}?")
        if speaker := _SPEAKER.search(sentence):
            yield from _about_a_person("said", "What did {} say?", speaker["after"] or speaker["before"])
        if titled := _TITLED.search(sentence):
            yield from _about_a_person("who", "Who is {}?", titled["name"])


def _about_a_person(kind: str, question: str, name: str) -> Iterator[tuple[str, str]]:
    """The question with the person's name in it, without the office; none for a body such as a ministry."""
    person = name
    while office := _OF_OFFICE.match(person):
        person = person[office.end() :]
    if " " in person and not _BODY.search(person):
        yield from _short(kind, question.format(person))


def _short(kind: str, question: str) -> Iterator[tuple[str, str]]:
    if len(question) <= LONGEST:
        yield kind, question
