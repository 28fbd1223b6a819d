"""PURE. Questions to start from, and to go on with, taken from the articles themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from index.sentences import sentence_spans
from index.types import Article, Hit
from rag.types import Answer

_NAME = r"(?!The |In |On |At |But |And |If |When |For )[A-Z][a-zà-ÿ’'-]+(?: [A-Z][a-zà-ÿ’'-]+){1,2}"
_OF_OFFICE = re.compile(
    r"^(?:President|Minister|Prime|Secretary|Senator|Governor|General|Chancellor|King|Queen|Pope|Mr|Mrs|Ms|Dr)\b ?"
)
_BODY = re.compile(
    r"\b(?:Ministry|Department|Council|Party|Nations|Office|Committee|Union|Bank|Company|Agency|Staff|Games|Studios"
    r"|Executive|Officer|Times|News|Corp|Inc|Group|Team|Institute|Center|Centre|Police|Army|University|House|Court)\b"
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
    """Up to n questions that the passages found for an answer suggest, about what it did not say already.

    `asked` are those asked before, none of which comes again; `told` says whether a passage answers a question.
    """
    quoted: dict[str, list[tuple[int, int]]] = {}
    for citation in answer.citations if answer.answered else ():
        quoted.setdefault(citation.article.id, []).append((citation.start, citation.end))
    known = {_plain(question) for question in (*asked, answer.question, answer.searched)}
    queues = []
    for hit in answer.hits:
        spans, base, text = quoted.get(hit.article.id, []), hit.passage.start, hit.passage.text
        unsaid = [
            text[start:end]
            for start, end in sentence_spans(text)
            if not any(base + start < until and since < base + end for since, until in spans)
        ]
        queues.append([(question, hit) for sentence in unsaid for _, question in _suggested(sentence)])
    chosen: list[str] = []
    # One of each passage, then a second of each: the nearest passages first, but not all of one.
    for turn in range(max(map(len, queues), default=0)):
        for question, hit in (queue[turn] for queue in queues if turn < len(queue)):
            if len(chosen) == n:
                return chosen
            plain = _plain(question)
            if plain not in known and told(question, hit):
                chosen.append(question)
            known.add(plain)
    return chosen


def _plain(question: str) -> str:
    return " ".join(re.findall(r"\w+", question.casefold()))


def _questions(text: str) -> Iterator[tuple[str, str]]:
    """Questions that an article's own sentences suggest: (kind, question)."""
    for start, end in sentence_spans(text)[:40]:
        yield from _suggested(text[start:end])


def _suggested(sentence: str) -> Iterator[tuple[str, str]]:
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
