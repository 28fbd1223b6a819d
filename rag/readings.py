"""PURE. A question that can be read in several ways is asked back about, with the readings that the articles allow.

"Who is the minister?" where the articles speak of the ministers of two countries, "What happened there?" where no place was
named. Nothing is asked back where one reading is clearly ahead of the others, or where the question names what it is about.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from index.words import content_terms, terms
from rag.answering import fitted_model
from rag.condense import Condensed, may_be_person
from rag.countries import same_country
from rag.leaning import content, leaning, names_in
from rag.quote import Considered, Draft, Piece, escaped

MOST = 4
"""Readings that are offered."""

OPENING = 1_500
"""Characters from an article's beginning that may name what it is about."""

NEARLY_AS_LIKELY = 0.5
"""A reading counts beside the best one when what speaks for it is at least this share as likely to answer."""

_HAVE_NAMES = frozenset(
    "minister president chancellor king queen prince princess mayor governor senator ambassador spokesman spokeswoman spokesperson "
    "secretary commander general chairman chairwoman director chief leader premier judge bishop pope coach captain player actor actress "
    "singer artist author writer painter scientist company firm bank airline party union club team university school college hospital "
    "newspaper agency ministry court city town village country state county region province island river lake mountain district capital "
    "airport port station bridge dam plant stadium museum church cathedral theatre film movie series season episode book novel song album "
    "band game language animal breed species planet ship train hurricane storm earthquake flood fire eruption war battle treaty election "
    "festival tournament championship chain restaurant hotel building tower law drug vaccine disease virus drone missile office flag anthem currency".split()
)
"""Nouns of which there are many, each with a name, so that "the" before one alone says which only to who knows."""

_NO_NOUN = (
    r"is are was were year week month day time morning evening night summer winter spring autumn fall season century decade "
    r"means? happen\w* the a an he she it they there we you who which in on at of to for from by one all it true right so "
    r"correct wrong not still too more really much many has have had will would can could should may might do does did"
).split()
"""What after "this" says that it stands for itself, or that the noun is a time: then it points at nothing unnamed."""
_ENDS_NOUN = (
    r"is are was were of in on at to for from by and or that which who has have had will would can could should may might do "
    r"does did \w+ly"
).split()
"""What no longer belongs to the noun, for which two words may stand."""
_THIS = re.compile(
    r"\b(?P<all>(?:this|these|that|those) (?P<noun>"
    rf"(?!(?:{'|'.join(_NO_NOUN)})\b)[\w-]+(?: (?!(?:{'|'.join(_ENDS_NOUN)})\b)[a-z][\w-]+)?))",
    re.IGNORECASE,
)
_THE = re.compile(r"\bthe (?=(?P<noun>[\w-]+(?: [\w-]+){0,2}))", re.IGNORECASE)
_TOLD_APART = re.compile(
    r"(?:\s+(?:of|in|at|on|for|from|that|who|which|between|against|about|to|with|behind|near|under|during|where|whose)\b)",
    re.IGNORECASE,
)
_PLACES_ANOTHER = re.compile(
    r"\b(?:the|an?) (?:[\w-]+ ){1,3}(?:on|at|in|near|behind|under|inside|above|beside|outside|over) $", re.IGNORECASE
)
"""Words before a noun that only says where another one is, as in "the picture on the building"."""
_MADE = re.compile(
    r" (?:was |is |has been |becomes |became )?(?:re-?)?(?:elected|named|appointed|made|new|chosen)(?: as)?(?: new)? ",
    re.IGNORECASE,
)
_WHO_IS = re.compile(r"^(?:who|what) (?:is|was|are|were)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pointer:
    """Words of a question that point at something it does not name: where they stand, the noun's terms, and how."""

    start: int
    end: int
    noun: str
    kind: str


@dataclass(frozen=True, slots=True)
class Readings:
    """What to ask back: the questions to choose from, and the text that offers them."""

    questions: tuple[str, ...]
    draft: Draft


def readings(condensed: Condensed, said: Sequence[str], considered: Considered) -> Readings | None:
    """The readings of a question that the articles allow, when there are several that are about equally likely.

    `said` is the conversation so far, `considered` what was found for the question.
    """
    question = condensed.question
    if condensed.given:
        return None
    pointer = points(question, said, lacking=condensed.lacking)
    if pointer is None:
        return None
    likely = _candidates(pointer, question, considered)
    if len(likely) < 2:
        return None
    best = max(likely.values())
    alike = [written for written, value in likely.items() if value >= NEARLY_AS_LIKELY * best]
    questions = tuple(dict.fromkeys(question[: pointer.start] + one + question[pointer.end :] for one in alike))[:MOST]
    if len(questions) < 2:
        return None
    pointed = question[pointer.start : pointer.end]
    text = f"Who or what is meant by “{escaped(pointed)}”? The articles speak of several:\n"
    listed = "".join(f"\n- {escaped(one)}" for one in questions)
    return Readings(questions, Draft((Piece(text), Piece(listed)), (), (), answered=False))


def points(question: str, said: Sequence[str], *, lacking: bool) -> Pointer | None:
    """The words of a question that point at something which neither it nor the conversation names; None if there are none."""
    known = {term for text in said for term in terms(text)}
    for match in _THIS.finditer(question):
        nouns = content_terms(match["noun"])
        if match["all"].split()[0].lower() in ("that", "those") and not _is_pointing(question, match.start()):
            continue
        if not known.intersection(nouns):
            end = _end_of_noun(question, match.start("noun"), match.end("noun"))
            return Pointer(match.start("all"), end, question[match.start("noun") : end], "this")
    if any(not _is_common_name(question[start:end]) for start, end in names_in(question)):
        return None
    for match in _THE.finditer(question):
        words = match["noun"].split()
        for place, word in enumerate(words):
            if word.lower().removesuffix("s") in _HAVE_NAMES:
                end = match.start("noun") + len(" ".join(words[: place + 1]))
                told_apart = _TOLD_APART.match(question[end:]) or _PLACES_ANOTHER.search(question[: match.start()])
                if not told_apart and not known.intersection(terms(word)):
                    return Pointer(match.start(), end, " ".join(words[: place + 1]), "the")
                break
    if lacking:
        found = leaning(question)
        offset = question.rfind(found.rest)
        for span, kind in ((found.person, "person"), (found.there, "place")):
            if span and offset >= 0:
                return Pointer(span[0] + offset, span[1] + offset, "", kind)
    return None


def _end_of_noun(question: str, start: int, end: int) -> int:
    """Where the noun ends: with the last of its first words that have names, as "restaurant" in "fast food chain restaurant"."""
    first = re.match(r"[\w-]+", question[start:])
    if first and first.group().lower().removesuffix("s") in _HAVE_NAMES:
        end = start + first.end()
    for match in list(re.finditer(r"[\w-]+", question[start:]))[:4]:
        between = question[start : start + match.end()]
        if match.group().lower().removesuffix("s") in _HAVE_NAMES and re.fullmatch(r"[\w -]+", between):
            end = max(end, start + match.end())
    return end


def _is_pointing(question: str, start: int) -> bool:
    return bool(re.search(r"\b(?:in|of|at|on|for|from|about|with|is|was|did|does)\s$", question[:start], re.IGNORECASE))


def _is_common_name(name: str) -> bool:
    """Is this but a common noun written large, such as "Prime Minister"?"""
    return name.split()[-1].lower() in _HAVE_NAMES


def _candidates(pointer: Pointer, question: str, considered: Considered) -> dict[str, float]:
    """What may stand in the pointer's place, as written there, by how likely what it stands with is to answer."""
    asked = set(terms(question))
    threshold = fitted_model().threshold
    found: dict[str, float] = {}
    shown: dict[str, str] = {}
    for one in considered.candidates:
        sentence = one.sentence
        opening = f"{sentence.article.title}. {sentence.article.text[:OPENING]}"
        for written, name in _named(pointer, question, [f"{sentence.lead_in} {sentence.text}", sentence.passage, opening]):
            if set(terms(name)) <= asked:
                continue
            key = shown.setdefault(_same(name), written)
            found[key] = max(found.get(key, 0.0), max(one.probability, 0.01))
            break
    best = max(found.values(), default=0.0)
    if best < threshold and pointer.kind == "the":
        # Nothing found answers: that the articles do not say is truer than to ask on.
        return found if best >= 0.5 * threshold else {}
    return found


def _same(name: str) -> str:
    """A key that is the same for names of one country, and for a person with and without the first name."""
    for word in name.lower().replace("’", "'").removesuffix("'s").split():
        if alike := same_country().get(word):
            return min(alike)
    return terms(name)[-1] if terms(name) else name.lower()


def _named(pointer: Pointer, question: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    """(what is written in the pointer's place, the name in it) for the names that a text gives what is pointed at, best first."""
    if pointer.kind == "person":
        return [(name, name) for text in texts[:2] for name in _names(text) if " " in name and may_be_person(name)]
    if pointer.kind == "place":
        places = re.compile(r"\b(?:in|near|around|outside|into) (?:the (?:\w+ of )?)?$")
        return [
            (f"in {text[start:end]}", text[start:end])
            for text in texts[:2]
            for start, end in names_in(text)
            if places.search(text[:start])
        ]
    heads = [word[:-1] if word.endswith("s") else word for word in pointer.noun.lower().split()]
    stem = re.escape(heads[-1])
    who_is = bool(_WHO_IS.search(question))
    found: list[tuple[str, str]] = []
    for text in texts:
        spans = names_in(text)
        for start, end in spans:
            said = text[start:end].lower().split()
            if (
                len(said) > 1
                and "of" not in said
                and not set(said) <= {*heads, "the", "office"}
                and (said[-1] in heads or (said[0] in heads and not who_is))
            ):
                found.append((text[start:end], text[start:end]))
        for match in re.finditer(rf"\b{stem}(?:s|es)?\b", text, re.IGNORECASE):
            for start, end in spans:
                name, between = text[start:end], text[match.end() : start]
                before = text[end : match.start()]
                if match.end() <= start and re.fullmatch(r" (?:of|for|in) (?:the )?", between):
                    found.append((f"the {pointer.noun} of {name}", name))
                elif end <= match.start() and re.fullmatch(r"(?:['’]s?)? (?:[a-z-]+ ){0,2}", before):
                    owned = before.startswith(("'", "’"))
                    if not owned and before.strip():
                        # "Aud Hansen elected mayor": the words between belong to no noun.
                        if _MADE.fullmatch(before) and not who_is:
                            found.append((name, name))
                        continue
                    written = f"{name}{'’s' if owned else ''} {pointer.noun}" if owned else f"the {name} {pointer.noun}"
                    if owned or _is_of_country(name) or pointer.kind == "this" or not who_is:
                        found.append((written, name))
                elif (not who_is and match.end() <= start and re.fullmatch(r",? (?:called |named )?", between)) or (
                    not who_is
                    and end <= match.start()
                    and re.fullmatch(r",? (?:is|was|are|were|has been|became)?,? ?an? (?:[\w-]+ ){0,4}", before)
                ):
                    found.append((name, name))
    if not found and pointer.kind == "this":
        counted = Counter(_names(texts[-1]))
        found = [(name, name) for name, times in counted.most_common(1) if times >= 2]
    return found


def _is_of_country(name: str) -> bool:
    return name.lower() in same_country()


def _names(text: str) -> list[str]:
    return [text[start:end] for start, end in names_in(text) if content(text[start:end])]
