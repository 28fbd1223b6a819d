"""PURE. Does a question stand alone, or lean on what was said before it?

What a question leans with is seen in its words: pronouns without a noun, ellipses, corrections, a definite noun without its
name. A logistic model weighs them (`leaning.json`, fitted by tests/bench/fit_follow_ups.py on questions of our own).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

from index.dates import MONTHS
from index.words import is_stop_word, located_terms
from rag.countries import same_country
from rag.meaning import word_vectors
from rag.question import FRAME, WEEKDAYS

Opening = Literal["", "and", "about", "correction", "change"]
"""How a question ties itself to what was said: "and in May?", "what about May?", "no, I meant May", "something else:"."""

LEANS_FROM = 0.5
"""From which probability on a question is searched with words of its history."""

SURELY = 0.9
MANY = 6
"""Telling words of a question from which on a noun alone, known as it may be, is not what it leans with."""

ENOUGH = 3
"""Telling words from which on a question with a verb and a name of its own asks something whole."""

LIGHT = frozenset(
    "get gets got getting make makes made take takes took taken go goes went gone going give gives gave given put come comes came "
    "know knows knew think thinks thought want wants wanted need needs needed use used using look looks find found see seen let "
    "try tell told talk ask asked like yes yeah ok okay sure please thanks thank sorry oh ah wow hi hello hey lot lots bit else "
    "only already again back now still ever never always sometimes well good great nice really actually maybe perhaps many much "
    "one ones other others another same different everything something anything nothing everyone someone anyone exactly first "
    "example instance not no nor last next old up down off away nearly almost people thing things way ways".split()
)
"""Words that tell little of what a conversation is about, beside those of `index.words` and `rag.question`."""

ELSEWHERE = frozenset(
    "und aber oder wer wen wem was wann wo wie wieso warum weshalb welche welcher welches ist sind war hat haben der die das ein eine "
    "et mais ou qui que quoi quand où comment pourquoi combien quel quelle est sont le les une des quién qué cuándo dónde cómo "
    "cuántos cuál por el los las chi che cosa quando dove come perché quanto quale il gli quem como onde quantos och men vem vad när var "
    "hur maar wie wat wanneer waar hoe waarom и а но кто что когда где как почему сколько какой та але хто що коли де як чому скільки "
    "kto co kiedy gdzie jak dlaczego ile".split()
)
"""Small words of other languages, which would pass for names and telling words; none of them is an English word that tells."""

_ACK = re.compile(
    r"^\W*(?:(?:thank you|thanks|thx|ok|okay|i see|i understand|understood|great|good|nice|wow|cool|interesting|fine|sure"
    r"|yes|yeah|"
    r"hm+|oh|ah|well|right|please|excellent|perfect|got it|never mind|don't worry|hello|hi|hey)\b"
    r"(?: (?:so|very) much| a lot| for (?:that|this|the (?:answer|information|help)))?(?:\s*[,.!;:–—-]+\s*|\s+(?=(?:so|and"
    r"|but|then)\b)|$))+",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"^(?:(?:and |so |but )?(?:now )?(?:to )?(?:something|anything) (?:else|different|new|completely different)|by the way"
    r"|btw|(?:a )?change of (?:subject|topic)|"
    r"(?:a |on a |on an?other |to change the |let's change the |an?other |a different |new |different )+(?:topic|subject"
    r"|question|matter|theme|note)|"
    r"moving on|let's (?:talk about|move on|turn to|switch)|(?:i have )?(?:an?other|a new) question|forget (?:it|that"
    r"|about that))\b\s*(?P<after>[:,.!;–—-]+)?\s*",
    re.IGNORECASE,
)
_CORRECTION = re.compile(
    r"^(?:(?:no|nope|oops|sorry|pardon|wrong|not that(?: one)?|correction|rather|actually|wait)\b[\s,.!;:–—-]*)*"
    r"(?:(?:i|you) (?:really |actually )?(?:meant|mean|wanted|was asking about|was talking about|said)\b(?: to (?:say"
    r"|ask)(?: about)?)?|make (?:that|it)\b|i(?:'m| am) (?:asking|talking) about\b|"
    r"correction(?: to|:)?|instead\b)[\s,:]*",
    re.IGNORECASE,
)
_NO = re.compile(
    # "No mines were found" and "No one has" correct nothing.
    r"^(?:(?:no(?=\s*[,.!;:–—-]|\s+(?:i|not|the|in|on|at|it|we|that|this|sorry)\b|\s+\S+\s*$)|nope|oops|sorry|wrong"
    r"|pardon)\b[\s,.!;:–—-]+)+(?:not [\w' -]{2,40}?[,;–—-]+\s*)?(?:but )?",
    re.IGNORECASE,
)
_NOT_BUT = re.compile(r"^not (?:in |the )?[\w' -]{2,40}?(?:,| but)\s+(?:but )?", re.IGNORECASE)
_ABOUT = re.compile(
    r"^(?:(?:and|so|then|but|ok|okay|or)\b[\s,]*)*(?:what|how) about\b\s*|^(?:and )?(?:what|how) (?:is|was|are|were) (?:it"
    r"|things) (?=(?:in|at|for|with)\b)",
    re.IGNORECASE,
)
_AND = re.compile(
    r"^(?:(?:and|but|so(?! (?:far|long|many|much)\b)|then|or|also|plus|because(?! of\b)|und|aber|oder|et|mais|och|и|а|но|та"
    r"|але)\b[\s,]*)+|^[¿]?y\s+|^e\s+(?=(?:in|a|nel|em|no|na)\b)",
    re.IGNORECASE,
)
_AND_ELSEWHERE = re.compile(
    r"^(?:und|aber|oder|et|mais|ou|alors|y|e|pero|pues|ma|mas|och|en|maar|oraz|ale|и|а|но|та|і|але|ve|και)\s+"
    r"|^[ai]\s+(?=(?:co|kto|kiedy|gdzie|jak|dlaczego|ile|czy|w|we|na|z)\b)"
    r"|^(?:warum|wieso|weshalb|wer|wann|wo|pourquoi|qui|quand|où|por qué|quién|cuándo|dónde|perché|chi|quando|dove|por quê"
    r"|quem|waarom|wie|почему|зачем|кто|когда|где|чому|хто|коли|де|dlaczego|kto|kiedy|gdzie|neden)\s*\W*$"
    r"|^(?:为什么|為什麼|那|和|なぜ|どうして|왜)",
    re.IGNORECASE,
)
_WH = r"who|whom|whose|what|which|when|where|why|how"
_AUX = (
    r"is|are|was|were|be|been|am|do|does|did|has|have|had|can|could|will|would|should|may|might|must|"
    r"isn't|aren't|wasn't|weren't|don't|doesn't|didn't|can't|won't|hasn't|haven't"
)
_AUX_WORD = re.compile(rf"\b(?:{_AUX})\b", re.IGNORECASE)
_CLAUSE = re.compile(
    rf"\b(?:{_WH}|{_AUX}|what's|who's|where's|how's|there's|it's|that's|i'm|i've)\b"
    r"|^(?:please )?(?:show|give|tell|list|name|describe|explain|find|summari[sz]e|compare|define|narrate|say|search)\b",
    re.IGNORECASE,
)
_WHO_DID = re.compile(r"\b(?:who|what|which \w+) \w+ed\b", re.IGNORECASE)
_PERSON = re.compile(r"\b(?:he|she|him|his|her|hers|himself|herself)\b", re.IGNORECASE)
_MANY = re.compile(r"\b(?:they|them|their|theirs|themselves)\b", re.IGNORECASE)
_IT = re.compile(r"\b(?:it|its|itself)\b", re.IGNORECASE)
_EXPLETIVE = re.compile(
    r"\bit(?:'s| is| was| be)? (?:\w+ly )?(?:true|possible|likely|unlikely|clear|known|important|necessary|legal|illegal"
    r"|allowed|worth|said|reported|thought|expected|believed|easy|hard|difficult|raining|late|early|time)\b"
    r"|\b(?:is|was|be|isn't|wasn't) it (?:not )?(?:\w+ly )?(?:true|possible|likely|clear|known|important|necessary|legal"
    r"|illegal|allowed|worth|said|reported|thought|expected|believed|easy|hard|difficult|right|fair|safe|okay"
    r"|ok)\b(?= (?:that|to|for|if|when)\b)"
    r"|\bit (?:takes?|took|will take|would take|costs?|cost)\b.{0,40}\bto\b|\b(?:does|did|will|would) it (?:take|cost|mean"
    r"|matter|feel|look like)\b.{0,40}\b(?:to|when|if|that)\b|\bwhat time is it\b|\bhow is it (?:that|possible)\b",
    re.IGNORECASE,
)
_DEMONSTRATIVE = re.compile(
    rf"\b(?:this|these|those)(?=\s*(?:[?.,;!]|$|(?:{_AUX}|mean|means|happen|happened|in|at|on|by|for|to|and|or|with|come|came"
    r"|affect|work)\b))"
    rf"|\bthat(?=\s*(?:[?.,;!]|$))|^that\b|\b(?:{_AUX}|about|of|after|before|by|for|with|like|from|since|than|to|into|on|why"
    rf"|how)\s+that(?=\s*(?:[?.,;!]|$|(?:{_AUX}|mean|happen|much|many|long|in|true|so|the|correct|right|possible|more|less"
    r"|enough|all|still|really|too|at|a|an)\b))"
    r"|\bthat's\b|\bsuch (?:a |an )?(?:thing|things|case|cases)\b|\bdo(?:es)? so\b|\bsays? so\b",
    re.IGNORECASE,
)
_POINTED = re.compile(
    r"\b(?:this|these|those|such|said)\s+(?!(?:is|are|was|were|year|years|week|weeks|month|months|morning|evening|afternoon"
    r"|autumn|fall|winter|spring|summer|season|time|century|decade|weekend|who|that|a|an|in|of|to)\b)[a-z][\w-]+"
    r"|\b(?:of|in|about|at|by|on|for|with|after|before|was|is|did|does|to|from)\s+that\s+(?!(?:the|a|an|is|are|was|were|he"
    r"|she|it|they|there|we|you|i|in|of|to|much|many|long|true|so|more|all|still|really|too|at|day)\b)[a-z][\w-]+",
    re.IGNORECASE,
)
_THERE = re.compile(r"\bthere\b", re.IGNORECASE)
_EXISTENTIAL = re.compile(rf"\bthere(?:'s| (?:{_AUX}|any|enough|to be)\b)|\b(?:{_AUX})\s+there\b|\bout there\b", re.IGNORECASE)
_TIME = re.compile(
    r"\b(?:then|since|afterwards?|thereafter|back then|at (?:the|that) time|that (?:day|year|month|week|night)|meanwhile"
    r"|beforehand|(?:a|one|the) (?:day|week|month|year)s? (?:earlier|later|before|after)|after(?: that)?(?=\W*$)"
    r"|before(?: that)?(?=\W*$))\b",
    re.IGNORECASE,
)
_BEGINS_THEN = re.compile(r"^(?:so )?then\b", re.IGNORECASE)
_ELSE = re.compile(
    r"\belse\b|\b(?:others?|another)\b|\b(?:some|any|no|how many|how much) more\b|\bthe (?:same|former|latter|rest|second"
    r"|third|other|others)\b|\b(?:too|as well|instead|again|either|otherwise|similarly|likewise)(?=\W*$)|\bboth\b"
    r"|\bneither\b|\bfor (?:example|instance)\b|\blike what\b|\bsuch as\W*$",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"\b(?:which|this|that|the|another|an?y|new|old|first|second|last|other)\s+ones?\b|\bwhich of (?:them|these|those)\b"
    r"|\bones\b|\bof (?:them|these|those|which)\b",
    re.IGNORECASE,
)
_COUNT_OF_WHAT = re.compile(
    rf"\bhow many(?: (?:more|exactly|of (?:it|them|those|these|that)))?\s*(?:[?.,;!]|$|(?:{_AUX}|there|in|at|on|from|since"
    r"|so far)\b)|\bhow much(?: (?:more|exactly))?\s*(?:[?.,;!]|$|(?:is|was|of it|of that|in|at|from|since|so far)\b)",
    re.IGNORECASE,
)
_SURE = re.compile(
    r"^(?:are you sure|(?:is|was) (?:that|this) (?:true|right|correct|all|it))\b|^really\W*$|^(?:can|could) you (?:clarify"
    r"|elaborate|explain)\W*$|^tell me more\b|^go on\b|\bmore (?:details?|about (?:it|that|this))\b|^(?:i|you) (?:say|said"
    r"|see|heard|meant?)\b",
    re.IGNORECASE,
)
_DEFINITE = re.compile(
    r"\bthe (?:\d+ )?((?:(?!(?:the|of|in|to|and|for|that|is|are|was|were|did|do|does|has|have|had|will|with|from|by|at|on"
    r"|new|same|other|first|last|most|best|world|year)\b)[a-z][\w-]*\s?){1,3})(?P<after>\W*\b(?:of|in|at|on|for|from|that"
    r"|who|which|between|against|about|to|behind|with)\b)?"
)
_DEFINED = re.compile(
    r"^(?:what|who)(?: is|'s| are| was| were| does)(?: an?)?(?! (?:the|this|that|it|its|his|her"
    r"|their)\b)(?: [\w.#+-]+){1,2}(?: mean)?\W*$",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"^(?:(?:in|at|from|by|for|to|of|on|with|since|until|till|after|before|under|per|during|about|between|near)\b\s*)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_](?:[\w’'&.-]*\w)?")
_JOINED = re.compile(r"\s(?:(?:of|the|de|del|della|du|la|van|von|der|bin|al|v\.)\s){0,2}")
_OPENS = re.compile(r"(?:^|[.!?:“\"«„(\n‘*–—-])\s*$")

FEATURES = (
    "and", "about", "correction", "person", "many", "it", "it after", "this", "pointed", "there", "time", "else", "one",
    "count of what", "bare", "verbless", "fragment", "asked again", "definite", "definite known", "unnamed", "unnamed related",
    "names", "names known", "words", "short", "known", "all known", "year", "defined",
)  # fmt: skip
"""What is seen of a question, each about 0 to 1; "known" is what its history holds too, "related" is near that in meaning."""

MARKS = ("and", "person", "many", "it", "this", "there", "time", "one", "count of what", "asked again")
"""Features that are words which point at something outside, however much else a question says."""

ELLIPSES = ("about", "correction", "it after", "pointed", "else", "verbless", "fragment")
"""Further features of a question in which something was left out, or is pointed at."""

AGAINST = ("names", "words", "names known", "year", "defined")
"""Features that speak for standing alone; all others speak for leaning."""


@dataclass(frozen=True, slots=True)
class Leaning:
    """How a question leans on what was said: `features` by name, `likely` that it does, in [0, 1].

    `opening` is how it ties itself to it and `rest` what follows that; `person` and `there` are spans, in `rest`, of what
    stands for a person and for a place; `hard` when its words mean nothing without something that was said, `whole` when
    none of them points at that, nor anything is left out: it leans, if it does, by asking of no one by name.
    """

    features: Mapping[str, float]
    likely: float
    opening: Opening
    rest: str
    person: tuple[int, int] | None
    there: tuple[int, int] | None
    hard: bool
    whole: bool


def names_in(text: str, known: frozenset[str] = frozenset()) -> list[tuple[int, int]]:
    """Where names stand in a text: runs of capitals, not the capital of a sentence's common first word.

    `known` are names, in lower case, that count also where they are written small; countries and capitals always do.
    """
    found: list[tuple[int, int]] = []
    last_end = -1
    for match in _WORD.finditer(text) if not text.isupper() else ():
        start, end = match.span()
        if text[start:end].endswith(("'s", "’s")):
            end -= 2
        follows = bool(found) and found[-1][1] == last_end and bool(_JOINED.fullmatch(text[last_end:start]))
        number = follows and text[start:end].isdigit() and end - start < 4
        if not number and not (text[start].isupper() and _is_name(text[start:end], text, start, follows)):
            continue
        if follows:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
        last_end = match.end() if match.end() == end else -1
    small = text.islower()  # whoever writes no capitals gives names none either
    for term in located_terms(text):
        written = text[term.start : term.end].lower().removesuffix("'s").removesuffix("’s")
        unheard = (
            small
            and written not in ELSEWHERE
            and len(written) > 3
            and written.isascii()
            and written.isalpha()
            and not _is_common(written)
        )
        if len(written) > 2 and (unheard or written in known or written in same_country()):
            end = term.start + len(written)
            if not any(start < end and term.start < stop for start, stop in found):
                found.append((term.start, end))
    return sorted(found)


def _is_common(word: str) -> bool:
    known = word_vectors()
    return any(
        known.knows(form) for form in (word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("ed"))
    ) or (is_stop_word(word) or word in FRAME or word in LIGHT)


def _is_name(word: str, text: str, start: int, follows: bool) -> bool:
    """Is a word with a capital a name, or part of one? At a sentence's start a capital tells nothing."""
    lower = word.lower()
    if len(word) > 1 and word.isupper():
        return lower not in ("who", "what", "why", "how", "when")
    if lower in MONTHS or lower in WEEKDAYS or word == "I" or "'" in word[:3]:
        return False
    if is_stop_word(word):
        return False
    if follows or not _OPENS.search(text[:start]):
        return True
    if lower in ELSEWHERE:
        return False
    if lower in FRAME or lower in LIGHT or (lower not in same_country() and _is_common(lower)):
        following = _WORD.match(text[start + len(word) :].lstrip(" "))
        return (
            following is not None
            and following.group()[0].isupper()
            and not is_stop_word(following.group())
            and lower not in FRAME
        )
    return True


def content(text: str) -> list[tuple[str, str, int, int]]:
    """The telling words of a text: (term, as written, start, end)."""
    found = []
    for term, start, end in located_terms(text):
        written = text[start:end]
        lower = written.lower().replace("’", "'").removesuffix("'s")
        upper = len(written) > 1 and written.isupper()
        if "n't" in lower or (not upper and (is_stop_word(lower) or lower in FRAME or lower in LIGHT or lower in ELSEWHERE)):
            continue
        found.append((term, written, start, end))
    return found


def is_thanks(question: str) -> bool:
    """Is this no question at all, but thanks, a greeting, a yes?"""
    match = _ACK.match(question.strip())
    return match is not None and match.end() == len(question.strip())


def stripped(question: str) -> str:
    """A question without the thanks before it."""
    match = _ACK.match(question)
    rest = question[match.end() :] if match else question
    return rest if content(rest) or _CLAUSE.search(rest) else (rest or question)


def opening(question: str) -> tuple[Opening, str]:
    """How a question ties itself to what was said, and the rest of it."""
    text = stripped(question).strip()
    change = _CHANGE.match(text)
    if change and text[change.end() :].strip(" ?!."):
        announced = change["after"] and "talk about" not in change.group().lower() and "turn to" not in change.group().lower()
        return "change", text[change.end() :] if announced else text
    for pattern in (_CORRECTION, _NO, _NOT_BUT):
        match = pattern.match(text)
        if match and match.end() and text[match.end() :].strip(" ?!."):
            return "correction", text[match.end() :]
    for kind, pattern in (("about", _ABOUT), ("and", _AND)):
        match = pattern.match(text)
        if match and match.end() and text[match.end() :].strip(" ?!."):
            return ("about" if kind == "about" else "and"), text[match.end() :]
    return "", text


def leaning(question: str, said: Sequence[str] = (), names: frozenset[str] = frozenset()) -> Leaning:
    """Take apart how a question leans on what was `said` before, latest first; `names` are those that were said."""
    opened, rest = opening(question)
    words = content(rest)
    spans = names_in(rest, names)
    in_names = [any(start <= word[2] < end for start, end in spans) for word in words]
    plain = [word for word, named in zip(words, in_names, strict=True) if not named]
    before = {term for text in said for term, *_ in content(text)}
    known = [word for word in words if word[0] in before]
    name_terms = [{term.term for term in located_terms(rest[start:end])} for start, end in spans]
    known_names = sum(bool(terms & before) for terms in name_terms)
    first_name = min((start for start, _ in spans), default=len(rest))

    comma = rest.find(",")

    def free(pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The first match that no name of the question stands before, nor soon after ("In his review, what did Wood praise?")."""
        match = pattern.search(rest)
        if match is None or match.start() > first_name:
            return None
        announced = match.start() < comma and any(start > comma for start, _ in spans)
        return None if announced else match

    person, many = free(_PERSON), free(_MANY)
    it = free(_IT) if not _EXPLETIVE.search(rest) else None
    there = _THERE.search(rest) if not _EXISTENTIAL.search(rest) and not _place_before(rest, spans) else None
    this = _DEMONSTRATIVE.search(rest)
    definite = [match for match in _DEFINITE.finditer(rest) if not match["after"]]
    definite_terms = {term for match in definite for term, *_ in content(match.group(1))}
    clause = bool(_CLAUSE.search(rest))
    near = _relatedness([word[1] for word in plain if word[0] not in before], said)
    elsewhere = bool(_AND_ELSEWHERE.search(rest)) and (opened != "" or len(words) <= 4)
    tail = bool(_TAIL.match(rest)) and not clause
    nouns_before = bool(it and any(word[3] <= it.start() for word in words))
    many_before = bool(many and any(word[3] <= many.start() for word in words))
    features = {
        "and": float(opened == "and" or elsewhere),
        "about": float(opened == "about"),
        "correction": float(opened == "correction"),
        "person": float(bool(person)),
        "many": (0.5 if many_before else 1.0) if many else 0.0,
        "it": float(bool(it) and not nouns_before),
        "it after": float(bool(it) and nouns_before),
        "this": float(bool(this)),
        "pointed": float(bool(_POINTED.search(rest))),
        "there": float(bool(there)),
        "time": float(bool(_TIME.search(rest)) and not _BEGINS_THEN.search(rest)),
        "else": float(bool(_ELSE.search(rest))),
        "one": float(bool(_ONE.search(rest))),
        "count of what": float(bool(_COUNT_OF_WHAT.search(rest))),
        "bare": float(not words),
        "verbless": float(clause and len(plain) <= 2 and not spans and not _AUX_WORD.search(rest)),
        "fragment": float((not clause and len(words) <= 4) or tail),
        "asked again": float(bool(_SURE.search(rest))),
        "definite": min(2, len(definite)) / 2 * (not spans),
        "definite known": float(bool(definite_terms & before)) * (not spans),
        "unnamed": float(not spans),
        "unnamed related": (not spans) * near,
        "names": min(3, len(spans)) / 3,
        "names known": float(known_names > 0),
        "words": min(5, len(words)) / 5,
        "short": float(len(words) <= 1),
        "known": len(known) / len(words) if words and not spans else 0.0,
        "all known": float(bool(words) and not spans and len(known) == len(words)),
        "defined": float(bool(_DEFINED.search(rest))),
        "year": float(bool(re.search(r"\b(?:1[5-9]|20)\d\d\b", rest))),
    }
    says_it_all = bool(spans) and len(words) >= ENOUGH and bool(_AUX_WORD.search(rest) or _WHO_DID.search(rest))
    likely = _bounded(leaning_model().probability(features), features, opened, telling=len(words), says_it_all=says_it_all)
    hard = not spans and any(
        features[name] == 1 for name in ("person", "many", "it", "this", "there", "one", "bare", "and", "about")
    )
    whole = not opened and not any(features[name] for name in (*MARKS, *ELLIPSES))
    return Leaning(
        features, likely, opened, rest, person.span() if person else None, there.span() if there else None, hard, whole
    )


def _bounded(likely: float, features: Mapping[str, float], opened: str, *, telling: int, says_it_all: bool) -> float:
    """How likely a question leans, within what its form alone decides; `telling` is the number of its telling words."""
    pointing = any(features[name] == 1 for name in MARKS if name != "and")
    if opened == "change":
        return 0.0
    if opened != "about" and says_it_all and not pointing:
        return min(likely, 0.9 * LEANS_FROM)  # "But how many mines were cleared in Kherson?" needs nothing of what was said
    if opened in ("about", "correction") or features["person"] or features["many"] == 1:
        return max(likely, SURELY)  # as it stands it asks nothing, or of nobody
    if telling >= MANY and not pointing and features["and"] != 1:
        return min(likely, 0.9 * LEANS_FROM)  # much is said in it, and no word of it points at anything
    return likely


def _place_before(text: str, spans: Sequence[tuple[int, int]]) -> bool:
    """Does the question name a place itself, that "there" stands for ("in Kherson ... there")?"""
    there = _THERE.search(text)
    return there is not None and any(
        start < there.start() and re.search(r"\b(?:in|at|to|from|near|of)\s(?:the\s)?$", text[:start], re.IGNORECASE)
        for start, _ in spans
    )


def _relatedness(words: Sequence[str], said: Sequence[str]) -> float:
    """How near in meaning the nearest of these words is to what was said, in [0, 1]."""
    others = [written for text in said[:3] for _, written, *_ in content(text)]
    return float(max(word_vectors().nearness(words, others), default=0.0)) if words and others else 0.0


@dataclass(frozen=True, slots=True)
class LeaningModel:
    """The weight of each feature, and the bias."""

    weights: Mapping[str, float]
    bias: float

    def probability(self, features: Mapping[str, float]) -> float:
        """How likely a question of these features leans on what was said, in (0, 1)."""
        total = self.bias + sum(self.weights.get(name, 0.0) * value for name, value in features.items())
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


@lru_cache(maxsize=1)
def leaning_model() -> LeaningModel:
    """The fitted weights that ship with the package."""
    stored = json.loads(files("rag").joinpath("leaning.json").read_text(encoding="utf-8"))
    return LeaningModel(stored["weights"], float(stored["bias"]))
