"""PURE. What a question asks for: the kind of answer, the names that must be in it, its telling words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from index.dates import ALSO_WORDS, MONTHS, months_named
from index.words import STOP_WORDS, Term, located_terms

Kind = Literal[
    "count",
    "money",
    "share",
    "measure",
    "age",
    "duration",
    "date",
    "person",
    "place",
    "reason",
    "list",
    "yes-no",
    "overview",
    "other",
]

_RULES: tuple[tuple[Kind, str], ...] = (
    (
        "yes-no",
        r"^(?:and |so |but )?(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|might|isn't"
        r"|aren't|didn't|doesn't)\b",
    ),
    (
        "reason",
        r"\bwhy\b|\bhow come\b|\bwhat (?:is|are|was|were)\b.{0,40}\b(?:reasons?|purpose|motive|aim|goal)s?\b"
        r"|^for what (?:reason|purpose)|\bwhat (?:caused|led to|prompted|made)\b"
        r"|\bwhat\b.{0,60}\b(?:meant|intended|supposed) (?:for|to)\b|\bwhat\b[^?]{1,80}\bfor\s*\??$",
    ),
    ("age", r"\bhow old\b|\bwhat age\b|\bage of\b"),
    (
        "money",
        r"\bhow much (?:money|did .* (?:cost|pay|spend|earn|make|sell|raise)|does .* cost|was (?:paid|spent))"
        r"|\bwhat (?:is|was|does|did|were|are)\b.*\b(?:price|cost|salary|budget|revenue|fee|fine)\b"
        r"|\bhow much\b.*\b(?:cost|pay|paid|worth|spend|spent)\b",
    ),
    (
        "share",
        r"\bwhat (?:percentage|per cent|percent|share|proportion|fraction|part of)\b"
        r"|\bhow (?:large|big) a (?:share|part|proportion)\b",
    ),
    (
        "duration",
        r"\bhow long (?:did|has|have|was|were|is|will|does|ago|before|after)\b"
        r"|\bfor how (?:long|many (?:years|months|weeks|days|hours))\b"
        r"|\bhow many (?:years|months|weeks|days|hours|minutes)\b",
    ),
    (
        "measure",
        r"\bhow (?:far|tall|high|deep|wide|heavy|fast|long|hot|cold)\b"
        r"|\bwhat (?:is|was) the (?:distance|height|length|depth|width|weight|speed|temperature|size|area)\b",
    ),
    (
        "count",
        r"\bhow (?:many|much|big|large|often|numerous)\b"
        r"|\b(?:what|which)\b.{0,12}\b(?:number|figure|total|count|population|amount|rate|score)s?\b|^(?:the )?number of\b"
        r"|\bhow (?:\w+ ){0,2}(?:many|much)\b",
    ),
    (
        "date",
        r"\bwhen\b|\b(?:what|which)(?: \w+)? (?:year|month|day|date|weekday|week|time|century|decade|season)\b"
        r"|\bon (?:what|which) (?:\w+ )?(?:day|date)|\bsince when\b|\bwhat was the date\b|\bhow recently\b",
    ),
    (
        "place",
        r"\bwhere\b"
        r"|\b(?:what|which)(?: \w+){0,2} (?:city|cities|town|towns|village|country|countries|river|region|regions|place"
        r"|places|suburb|street|state|county|province|district|continent|island|location|locations|parts?|venue|stadium)\b",
    ),
    (
        "person",
        r"\bwho(?:m|se)?\b"
        r"|\b(?:what|which)(?: [\w-]+){0,2} (?:man|woman|person|official|officials|minister|president|artist|spokesman"
        r"|spokeswoman|spokesperson|leader|leaders|author|writer|actor|actress|singer|director|member|players?|coach"
        r"|scientist|researcher|politician|general|chief|chairman|founder|ceo|judge|lawyer|agency|organi[sz]ation|company"
        r"|ministry|group|party|team|body)\b|\bwhat (?:is|was|are|were) the names? of\b",
    ),
    (
        "list",
        r"^(?:list|name)\b"
        r"|\b(?:what|which)(?: [\w-]+){0,3} (?:types|kinds|sorts|models|things|items|measures|steps|utilities|points"
        r"|features|factors|areas|reasons|weapons|drones|areas|fields|topics|subjects)\b",
    ),
)
_COMPILED = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _RULES)

_OVERVIEW = re.compile(
    r"^(?:(?:so|and|please|ok|hi|hello)[,\s]+)*(?:(?:can|could|would) you )?(?:please )?(?:"
    r"what(?:'s| is| has| was| have| are)? (?:just |recently )?(?:happened|happening|been happening|been going on|going on|"
    r"new(?= (?:about|on|in|with|from|at)\b|\s*\??$)|(?:the )?latest(?: news)?|the news|the situation|(?:there )?to know|known|changed|became|become)"
    r"|tell me (?:(?:more |something |everything |all )?(?:about|of)|more)|give me (?:an? |the )?(?:short |brief |quick )?(?:overview|summary)"
    r"|(?:an? )?(?:overview|summary) of|summari[sz]e|sum up|what about|how about"
    r"|what (?:do|can|does|did) (?:you|we|they|i|the articles?) (?:know|say|have|tell|report|learn)(?: me)?"
    r"|(?:is there )?any(?:thing|(?: \w+)? news)|(?:the )?(?:latest|recent|new) (?:news|developments)|(?:the )?news|more"
    r"|(?:why|when|where|who|what|which|how(?: many| much| long| come)?|since when)(?=\W*$)"
    r")(?: (?:about|on|of|in|to|with|from|at|around|regarding|concerning|for))?\b",
    re.IGNORECASE,
)
"""What asks for no one thing, up to the topic."""
_EVERYTHING = re.compile(
    r"(?:what(?:'s| is|s)? (?:new|the (?:latest )?news|the latest|going on|happening)|(?:any|the|latest) news|what happened"
    r"|(?:summari[sz]e|sum up|(?:an? )?(?:summary|overview)(?: of)?|give me (?:an? )?(?:summary|overview)(?: of)?)"
    r"(?: (?:everything|it all|(?:all )?(?:of )?(?:the|these|your|my) (?:articles|news|collection)))?"
    r"|what (?:are|do) (?:the|these|your|my) articles (?:about|say|tell)|what is (?:in )?(?:the|this|your|my) collection(?: about)?"
    r"|what do you (?:know|have))(?: (?:today|now|lately|recently|this week))?\W*",
    re.IGNORECASE,
)
"""What asks for all there is."""
_WHATEVER = re.compile(r"\bnews?\b|\blatest\b|\barticles\b|\bcollection\b|\beverything\b", re.IGNORECASE)
_LINK = re.compile(r"^\W*(?:(?:and|or|so|but|in|on|at|about|of|for|the)\s+)*", re.IGNORECASE)
_IN_PLACE = re.compile(r"^\W*(?:(?:so|and|but|or|ok)\W+)*(?:what|how) about\b", re.IGNORECASE)
_TOPIC_ALONE = 3
"""Words up to which a name or a thing, typed without a question, is a topic."""

# Words that frame a question and need not be in what answers it.
FRAME = frozenset(
    "how many much what which who whom whose when where why did does do is are was were be been being has have had will would can could "
    "should may might shall say said says tell told according called known "
    "number figure total amount count percentage percent share proportion year month day date weekday week time kind kinds type types "
    "sort sorts long far big large often come mean means happen happened happens there any some exactly please reason reasons purpose "
    "account view version term terms word words thing things ever also still yet now currently actually really article articles news "
    "report reports place places".split()
)
_ORDERS = re.compile(
    r"^(?:please )?(?:(?:can|could) you )?(?:show|give|tell|list|name|describe|explain|find)\b(?: me)?", re.IGNORECASE
)
_NAME = re.compile(r"(?:[^\W\d_][\w'’]*(?:-[\w'’]+)*|(?:[A-Z]\.){2,})")
_QUOTED = re.compile(r"[\"“”«»„]([^\"“”«»„]{3,})[\"“”«»„]")
_CONTRACTED = re.compile(r"'(?:s|d|m|ve|ll|re)$")
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_SURELY_MONTHS = frozenset(MONTHS) - ALSO_WORDS
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the question that what answers it should say, too.

    `name` is True for a proper name: no other name will do in its place. `places` are its terms' places
    in the question.
    """

    text: str
    term: str
    name: bool
    places: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question, taken apart.

    `cased` is whether its writer uses capitals; `words` are its telling words, `head` the terms right
    after "how many" or "which", `quoted` what stands in quotation marks.
    """

    text: str
    kind: Kind
    cased: bool
    words: tuple[Word, ...]
    head: tuple[str, ...]
    years: tuple[str, ...]
    months: tuple[str, ...]
    quoted: tuple[str, ...]

    @property
    def names(self) -> tuple[Word, ...]:
        """The proper names it holds."""
        return tuple(word for word in self.words if word.name)


def parse(text: str) -> Question:
    """Take a question apart."""
    topic = _topic_from(text)
    cased = _is_cased(text)
    kind: Kind = "overview" if topic is not None else _kind(_unnamed(text) if cased else text)
    years = tuple(dict.fromkeys(_YEAR.findall(text)))
    words: dict[str, Word] = {}
    month_at = {start: month for month, start in months_named(text)}
    order = _ORDERS.match(text)
    framed = topic if topic is not None else order.end() if order else 0
    for term, start, end in located_terms(text):
        written = text[start:end]
        if end <= framed:
            continue
        lower = _CONTRACTED.sub("", written.lower().replace("’", "'"))
        if lower.endswith("n't") or lower in years or (lower in STOP_WORDS and not _is_acronym(written)):
            continue
        named = cased and written[0].isupper() and (not _begins_sentence(text, start) or _is_acronym(written))
        named = named and lower not in _SURELY_MONTHS and lower not in WEEKDAYS
        if lower in FRAME and not named:
            continue
        if start in month_at:
            continue
        places = (*words[term].places, Term(term, start, end)) if term in words else (Term(term, start, end),)
        named = named or any(char.isdigit() for char in written)
        words[term] = replace(words.get(term, Word(written, term, named)), places=places)
    months = tuple(month for month in MONTHS if month in month_at.values())
    return Question(text, kind, cased, tuple(words.values()), _head(text), years, months, tuple(_QUOTED.findall(text)))


def asks_for_everything(text: str) -> bool:
    """Does it ask what there is, of whatever topic ("What's new?")?"""
    return bool(_EVERYTHING.fullmatch(text.replace("’", "'").strip()))


def topic_of(text: str) -> str:
    """The topic of a question that asks for no one thing, as it is written ("And what about Kherson?" -> "Kherson"); else ""."""
    asked = parse(text)
    if asked.kind != "overview" or not asked.words:
        return ""
    return _LINK.sub("", text[_topic_from(text) :]).strip(" ?!.,")


def opens_a_topic(text: str) -> str:
    """The topic that a question names as its own ("Tell me about the mural"); "" where it may as well be put in the place of the
    last one's ("What about the mural?", "the mural")."""
    explicit = _OVERVIEW.match(text.replace("’", "'"))
    return topic_of(text) if explicit and not _IN_PLACE.match(text) else ""


def asks_what_is_new(text: str) -> bool:
    """Does it ask for everything in so many words, whatever was spoken of before ("Any news?", not "What happened?")?"""
    return asks_for_everything(text) and bool(_WHATEVER.search(text))


def _unnamed(text: str) -> str:
    """The question with its names made unreadable: "What did Ned Price say?" asks for no price."""
    return re.sub(r"(?<=[\w,;:’'] )[A-Z][\w’'-]*", "-", text)


def _kind(text: str) -> Kind:
    return next((kind for kind, pattern in _COMPILED if pattern.search(text)), "other")


def _topic_from(text: str) -> int | None:
    """Where the topic begins of a question that asks for no one thing; None for any other."""
    if asks_for_everything(text):
        return len(text)
    found = _OVERVIEW.match(text.replace("’", "'"))
    if found and _kind(text[found.end() :]) == "other":
        return found.end()
    written = [text[start:end].lower() for _, start, end in located_terms(text)]
    alone = 0 < len(written) <= _TOPIC_ALONE and not any(word in FRAME for word in written)
    return 0 if alone and _kind(text) == "other" and not _ORDERS.match(text) else None


def _is_cased(text: str) -> bool:
    """Does its writer use capitals as English does, so that they tell names? Not in "WHO IS BANKSY", nor in "who is banksy"."""
    words: list[str] = _NAME.findall(text)
    capital = sum(word[0].isupper() for word in words)
    return 0 < capital <= max(1, 0.75 * len(words))


def _is_acronym(written: str) -> bool:
    return len(written) > 1 and written.isupper()


def _begins_sentence(text: str, start: int) -> bool:
    before = text[:start].rstrip()
    return not before or before[-1] in ".!?:“\"«„'‘"


_HEAD = re.compile(
    r"\b(?:who (?:is|was|are|were) the|how (?:many|much)|which|what(?: kinds? of| types? of| sorts? of)?|number of"
    r"|(?:percentage|share|proportion|part) of)\s+((?:[\w'’-]+\s+){0,4}[\w'’-]+)",
    re.IGNORECASE,
)
_VERBS = frozenset("is are was were do does did has have had will would can could should may might".split())


def _head(text: str) -> tuple[str, ...]:
    """Terms of what is asked for: "artillery pieces" in "How many artillery pieces are due?"."""
    match = _HEAD.search(text)
    if not match:
        return ()
    noun: list[str] = []
    for word in match.group(1).split():
        if word.lower() in _VERBS:
            break
        noun.append(word)
    return tuple(term.term for term in located_terms(" ".join(noun)) if term.term not in STOP_WORDS and term.term not in FRAME)
