"""PURE. A sentence of an article -> questions that it answers.

"The bridge was closed on Monday because it leaned" becomes "Why was the bridge closed?", and "The council sold the hall in May"
"When did the council sell the hall?". Only plain sentences are turned, those that begin with what they are about; what one
denies becomes no question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from index.dates import MONTHS
from rag.meaning import word_vectors
from rag.question import WEEKDAYS

LONGEST = 90
"""Characters of a question that is offered."""

SUBJECT_WORDS, DONE_WORDS = 6, 8
"""Words of what a question is about, and of what is asked of it, at most: longer ones read badly."""


@dataclass(frozen=True, slots=True)
class Posed:
    """A question, and what it asks for: "why", "when", "where", "cost", "count", "said" or "who"."""

    kind: str
    question: str


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

_NOT_IN_SUBJECT = frozenset(
    "that which who whom whose what when where while if because as but and or nor than not no said says told to it "
    "he she they there this these those".split()
)
_CLAUSE = re.compile(
    rf"^(?P<subject>(?:(?:The|A|An) )?[\w’'-]+(?: [\w’'-]+){{0,{SUBJECT_WORDS}}}?) "
    r"(?P<verb>is|are|was|were|has|have|had|will|would|can|must) (?P<rest>[^;:!?\"“”()]+)\.$"
)
_BASES = """
    became become, began begin, bought buy, brought bring, broke break, built build, came come, chose choose, died die,
    drew draw, fell fall, flew fly, fought fight, found find, gave give, got get, held hold, kept keep, killed kill,
    left leave, lost lose, made make, met meet, ran run, rose rise, sank sink, sent send, shot shoot, signed sign, sold
    sell, spent spend, stole steal, struck strike, swore swear, took take, threw throw, went go, withdrew withdraw, won
    win, wrote write
"""
"""Verbs that do not bend like others, and a few that do, each before its base."""
_PAST: dict[str, str] = dict(pair.split() for pair in _BASES.split(","))
_DID = re.compile(
    rf"^(?P<subject>(?:(?:The|A|An) )?[\w’'-]+(?: [\w’'-]+){{0,{SUBJECT_WORDS}}}?) "
    rf"(?P<verb>{'|'.join(_PAST)}|[a-z]{{3,}}ed) (?P<rest>[^;:!?\"“”()]+)\.$"
)
_NO_BASE = frozenset(
    "said added told announced warned explained argued claimed need indeed exceed proceed succeed hundred".split()
)
_PARTICIPLE = re.compile(
    r"^(?:been |being )?(?:\w+ly )?(?:\w{2,}ed|held|built|found|made|taken|given|sent|shot|hit|cut|put|sold|won|begun|brought"
    r"|bought|caught|fought|kept|left|paid|seen|shown|sunk|spent|stolen|struck|thrown|known|grown|drawn|driven|chosen|broken|forbidden"
    r"|freed|set|lost|torn|flown|written|rebuilt|withdrawn)\b"
)
_TO_COME = re.compile(r"^(?:be \w+|[a-z]{3,})\b")
_BECAUSE = re.compile(r",? because (?:of )?\w")
_WHEN = re.compile(
    rf",? (?:on|in|since|until|at the end of|early in|late in) (?:(?:early|late|mid)[ -])?(?:\d{{1,2}} )?"
    rf"(?:{'|'.join(day.title() for day in WEEKDAYS)}|{'|'.join(month.title() for month in MONTHS)}|(?:1[89]|20)\d\d)\b"
)
_WHERE = re.compile(
    r" (?:in|at|near|outside) (?:the )?(?:[a-z]+ (?:of|town of) )?"
    rf"(?!(?:{'|'.join(name.title() for name in (*WEEKDAYS, *MONTHS))}|Spring|Summer|Autumn|Fall|Winter|TV)\b)[A-Z][\w’'-]+"
)
_COST = re.compile(r"^cost (?:about |around |some |only |at least |up to )?(?:[$€£¥]|\d)")
_DENIED = re.compile(r"\b(?:not|never|no|nobody|none|neither|nor|cannot|hardly)\b|n['’]t\b", re.IGNORECASE)


def inquire(sentence: str) -> Iterator[Posed]:
    """Questions that a sentence answers, those that ask for one thing of it first."""
    sentence = " ".join(sentence.split())
    for posed in (*_of_a_clause(sentence), *_of_people(sentence)):
        if len(posed.question) <= LONGEST:
            yield posed


def _of_a_clause(sentence: str) -> Iterator[Posed]:
    clause = _CLAUSE.match(sentence) or _DID.match(sentence)
    if clause is None or _DENIED.search(sentence) or not _is_subject(clause["subject"]):
        return
    subject, verb, rest = clause["subject"], clause["verb"], clause["rest"]
    subject = subject[0].lower() + subject[1:] if re.match(r"(?:The|A|An) ", subject) else subject
    if verb in ("will", "would", "can") and _COST.match(rest):
        yield Posed("cost", f"How much {verb} {subject} cost?")
    if clause.re is _DID:
        base = _base(verb)
        verb, rest, fits = "did", f"{base} {rest}", bool(base)
    else:
        fits = bool((_TO_COME if verb in ("will", "would", "can", "must") else _PARTICIPLE).match(rest))
    if not fits:
        return
    for kind, word, adjunct in (("why", "Why", _BECAUSE), ("when", "When", _WHEN), ("where", "Where", _WHERE)):
        found = adjunct.search(rest)
        done = rest[: found.start()] if found else ""
        words = len(done.split())
        if not words or words > DONE_WORDS or "," in done or (kind != "why" and verb in ("has", "have", "had")):
            continue
        if words > 1 or verb != "did":
            # "When did the council decide?" does not say what.
            yield Posed(kind, f"{word} {verb} {subject} {done}?")


def _base(past: str) -> str:
    """The verb without the ending of the past ("stop" of "stopped"); empty when that cannot be told."""
    if past in _PAST or past in _NO_BASE:
        return _PAST.get(past, "")
    stem = past[:-2]
    known = word_vectors()
    if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "lsfz":
        return stem[:-1]
    if stem.endswith("i"):
        return stem[:-1] + "y"
    return next((base for base in (f"{stem}e", stem) if known.knows(base)), "")


def _is_subject(text: str) -> bool:
    """Does it begin with an article, or is it a name?"""
    words = text.split()
    if _NOT_IN_SUBJECT.intersection(text.lower().split()):
        return False
    return words[0] in ("The", "A", "An") or (all(word[0].isupper() for word in words) and len(words) > 1)


def _of_people(sentence: str) -> Iterator[Posed]:
    if counted := _COUNTED.search(sentence):
        yield Posed("count", f"How many {counted['things']} {counted['done']}?")
    if speaker := _SPEAKER.search(sentence):
        yield from _about_a_person("said", "What did {} say?", speaker["after"] or speaker["before"])
    if titled := _TITLED.search(sentence):
        yield from _about_a_person("who", "Who is {}?", titled["name"])


def _about_a_person(kind: str, question: str, name: str) -> Iterator[Posed]:
    """The question with the person's name in it, without the office; none for a body such as a ministry."""
    person = name
    while office := _OF_OFFICE.match(person):
        person = person[office.end() :]
    if " " in person and not _BODY.search(person):
        yield Posed(kind, question.format(person))
