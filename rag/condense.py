"""PURE. A question and what was said before it -> the question as searched.

A question that stands alone is left as it is, letter for letter. One that leans gets what it lacks: a new item takes the
place of the old one ("And in Mykolaiv?"), a person's name that of the pronoun, and otherwise the names, numbers and topic words
of the latest turns stand in brackets behind it. Each earlier question is resolved in its turn, so that a topic lasts
as long as questions lean on it and ends with the first that does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from index.dates import MONTHS
from index.words import is_stop_word, located_terms
from rag.countries import same_country
from rag.leaning import LEANS_FROM, Leaning, content, is_thanks, leaning, names_in, opening, stripped
from rag.meaning import word_vectors
from rag.question import WEEKDAYS, asks_what_is_new, opens_a_topic
from rag.silence import is_silence
from rag.types import Turn

TURNS = 16
"""The latest messages of a conversation that are read."""

LONGEST_TURN = 3_000
"""Characters that are read of a message."""

LONGEST_PHRASE = 80
"""Characters of a phrase from which on it is none."""

MOST_WORDS = 9
"""Words that a question is given at most."""

AGO = (1.0, 0.3, 0.1)
"""What a word counts that stands in the last question, the one before, and the one before that."""

FROM_ANSWERS = 6
GIVEN = 0.8
"""What remains of that for a word that the question did not say but was given."""

NAMED, SHARED = 0.35, 0.6
"""Added for a name, and for a phrase that shares a word with the question."""

AGAIN, MOST_AGAIN = 0.2, 0.6
"""Added for each further message that says it, and at most: what is said again and again is what they talk about."""

CARRIED_FROM, CARRIED_BESIDE = 0.9, 1.9
"""What a phrase must count to be carried, and what beside a name that has taken the place of "he" or "she"."""

RELATED = 0.45
"""How near in meaning a new item must be to the old one whose place it takes, when neither is a name."""


@dataclass(frozen=True, slots=True)
class Condensed:
    """The question as searched: `question`, and in brackets behind it what else it was `given`.

    `likely` is how likely it leans on what was said, in [0, 1], `leans` whether that was taken to be so, `lacking` whether
    it does and nothing was said that it could lean on, and `whole` whether it could as well be meant as it stands.
    """

    question: str
    given: str = ""
    leans: bool = False
    lacking: bool = False
    likely: float = 0.0
    whole: bool = False

    @property
    def searched(self) -> str:
        """All of it."""
        return f"{self.question} ({self.given})" if self.given else self.question


@dataclass(frozen=True, slots=True)
class Context:
    """What was said, latest first: the questions, each as resolved, the answers that answered, and all messages."""

    asked: tuple[Condensed, ...] = ()
    answers: tuple[str, ...] = ()
    said: tuple[str, ...] = ()

    def names(self) -> frozenset[str]:
        """The names that were said, word by word, in lower case."""
        spoken = [*(one.searched for one in self.asked[:3]), *self.answers[:3]]
        return frozenset(
            word.lower()
            for text in spoken
            for start, end in names_in(text)
            for word in text[start:end].split()
            if len(word) > 2
        )


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words of a turn that belong together, where they stand in its `text`, and what they count."""

    text: str
    start: int
    end: int
    terms: tuple[str, ...]
    name: bool
    count: float = 0.0
    place: int = 0

    @property
    def written(self) -> str:
        """The words."""
        return self.text[self.start : self.end]


def condense(history: Sequence[Turn], question: str) -> Condensed:
    """The question as searched, without a model. `history` is in the order in which it was said."""
    context = Context()
    for turn in history[-TURNS:]:
        text = " ".join(turn.content[:LONGEST_TURN].split())
        if not text:
            continue
        if turn.role == "user":
            context = _with_question(context, text)
        elif turn.role == "assistant":
            answer = "" if _refuses(text) else _said(_of_nobody_else(text, context))
            context = replace(context, answers=(answer, *context.answers), said=(answer, *context.said))
    return _resolved(question, context)


def _with_question(context: Context, text: str) -> Context:
    opened, rest = opening(text)
    if opened == "change":
        return Context((Condensed(rest),), said=(rest,))
    if asks_what_is_new(text):
        return Context()  # what was spoken of before is over, and nothing is spoken of yet
    if not content(stripped(text)) and context.asked:
        return context  # "Thank you!", "Why?": the topic stays what it is
    resolved = Condensed(text) if opens_a_topic(text) else _resolved(text, context)
    if resolved.given and opened == "about" and content(rest):
        # "What about the hospital?" has a topic, and what comes after is about that.
        resolved = Condensed(text)
    return replace(context, asked=(resolved, *context.asked), said=(text, *context.said))


def _resolved(question: str, context: Context) -> Condensed:
    if asks_what_is_new(question) or (not content(question) and is_thanks(question)):
        return Condensed(question)
    if (topic := opens_a_topic(question)) and names_in(f"of {topic}"):
        return Condensed(question)  # "Tell me about Kherson"
    said = [text for pair in _pairs(context) for text in pair if text]
    found = leaning(question, said, context.names())
    if found.opening == "change":
        return Condensed(found.rest)
    if found.likely < LEANS_FROM:
        return Condensed(question, likely=found.likely)
    if not context.asked:
        return Condensed(question, leans=True, lacking=found.hard, likely=found.likely)
    condensed = _in_its_place(found, context) or _completed(question, found, context)
    return replace(condensed, leans=True, likely=found.likely, whole=found.whole)


def _pairs(context: Context) -> Iterable[tuple[str, str]]:
    answers = [*context.answers, *[""] * len(context.asked)]
    return zip((one.searched for one in context.asked), answers, strict=False)


# -- a new item in the place of the old one --------------------------------------------------------

_PREPOSITION = re.compile(
    r"^(?P<preposition>in|on|at|from|for|of|to|by|about|with|against|near|during|since|until|after|before|between"
    r"|under)\s+(?:the\s+)?",
    re.IGNORECASE,
)
_ITEM_END = re.compile(r"(?:\s*(?:,\s*)?\b(?:too|as well|then|instead|please|though))?[\s?!.]*$", re.IGNORECASE)
_TIME_WORD = re.compile(
    rf"\b(?:(?:early|late|mid)[ -])?(?:{'|'.join(MONTHS)}|{'|'.join(WEEKDAYS)})\b(?: \d{{1,2}}(?:st|nd|rd"
    r"|th)?\b)?(?:,? (?:1[5-9]|20)\d\d)?"
    r"|\b(?:1[5-9]|20)\d\d\b|\b(?:last|this|next) (?:year|month|week|spring|summer|autumn|fall|winter)\b|\b(?:yesterday"
    r"|today|tomorrow)\b",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"\b(?:how (?:many|much)|which|what)\s+(?P<head>[^\W\d_][\w-]*(?: [a-z][\w-]+){0,2}?)(?=\s+(?:are|is|was|were|do|does"
    r"|did|has|have|had|can|will|would|live|lives|in|on|of|from)\b)",
    re.IGNORECASE,
)


def _in_its_place(found: Leaning, context: Context) -> Condensed | None:
    """The last question with a new item in the place of the old one; None when this is not asked, or cannot be done."""
    if found.opening not in ("and", "about", "correction") and not found.features["fragment"]:
        return None
    end = _ITEM_END.search(found.rest)
    item = re.sub(r"^(?:maybe|rather|perhaps|only|just)\s+", "", found.rest[: end.start() if end else None].strip())
    if (
        not item
        or not (content(item) or _TIME_WORD.search(item))
        or len(item.split()) > 6
        or found.features["verbless"]
        or not _is_item(item)
    ):
        return None
    preposition = _PREPOSITION.match(item)
    lead = preposition["preposition"].lower() if preposition else ""
    bare = item[preposition.end() :] if preposition else re.sub(r"^the\s+", "", item, flags=re.IGNORECASE)
    possessive = bool(re.search(r"['’]s?$", bare))
    bare = re.sub(r"['’]s?$", "", bare)
    new = f"of {bare}"  # a capital at the beginning would tell nothing
    named = sum(end - start for start, end in names_in(new, context.names())) >= 0.6 * len(bare)
    for one in context.asked[:2]:
        last = one.question
        span: tuple[int, int] | None
        if time := _TIME_WORD.fullmatch(bare):
            return Condensed(_with_time(last, lead or "in" * bare[0].isdigit(), time.group()), one.given)
        if named:
            whole = found.opening or lead or found.rest.rstrip().endswith("?")
            span = (_old_name(last, bare, lead, possessive, context) or (None if lead else _pronoun(last))) if whole else None
        else:
            span = _old_noun(last, bare, lead) if lead or found.opening else None
        if span:
            span = span[0], _end_of_old(last, span[1], bare)
            return Condensed(last[: span[0]] + bare + last[span[1] :], "" if names_in(last) else one.given)
    return None


def _end_of_old(last: str, end: int, new: str) -> int:
    """Where what is replaced ends: with the noun after it where the new item brings it along ("the Brenner dam")."""
    noun = re.match(r"\s+([\w-]+)", last[end:])
    return end + noun.end() if noun and " " in new and new.split()[-1].lower() == noun[1].lower() else end


def _pronoun(last: str) -> tuple[int, int] | None:
    found = re.search(r"\b(?:it|he|she|they|him|them)\b", last, re.IGNORECASE)
    return found.span() if found and not _A_FACT.search(last[: found.end()]) else None


_A_FACT = re.compile(
    r"\b(?:den(?:y|ies|ied)|admit(?:s|ted)?|confirm(?:s|ed)?|say|says|said|do|does|did|explain(?:s|ed)?|know|knows|knew|doubt(?:s|ed)?|"
    r"believe[sd]?|mean|means|meant|happen(?:ed)?)\s+it$",
    re.IGNORECASE,
)
"""Here "it" is what was said to be so, whose place no thing takes."""


def _is_item(text: str) -> bool:
    """Is this a thing alone, not a clause?"""
    words = text.lower().split()
    return not any(word.strip("?,.!") in _NOT_ITEM for word in words)


_NOT_ITEM = frozenset(
    "who whom what which when where why how is are was were do does did has have had can could will would should might it they he she "
    "this that these those there them him her his its their i we you not if because any some other others else exactly such same more "
    "past future present really sure true yes no ok okay right maybe perhaps indeed please".split()
)


def _with_time(last: str, lead: str, time: str) -> str:
    old = list(_TIME_WORD.finditer(last))
    if not old:
        end = re.search(r"[\s?!.]*$", last)
        at = end.start() if end else len(last)
        return f"{last[:at]}{f' {lead}' if lead else ''} {time}{last[at:]}"
    start, stop = old[-1].span()
    return last[:start] + time + last[stop:]


def _old_name(last: str, new: str, lead: str, possessive: bool, context: Context) -> tuple[int, int] | None:
    """The name of the last question whose place a new one takes: of the same kind, after the same preposition."""
    spans = names_in(last, context.names())
    spans = [span for span in spans if last[slice(*span)].lower() != new.lower()]
    if not spans:
        return None

    def fits(span: tuple[int, int]) -> float:
        start, end = span
        before = re.search(r"(?:\b(\w+)\s+)?(?:the\s+)?$", last[:start], re.IGNORECASE)
        word = (before[1] or "").lower() if before else ""
        alike = _is_country(last[start:end]) == _is_country(new)
        places = ("in", "at", "from", "near", "to", "of", "for")
        return (
            2.0 * (bool(lead) and word == lead)
            + 1.0 * (bool(lead) and word != lead and word in places and lead in places)
            + 1.5 * alike
            + 1.5 * (possessive and bool(re.match(r"['’]s?\b", last[end:])))
            + 0.5 * (not lead and word not in ("in", "at", "on", "from"))
            - 0.1 * spans.index(span)
        )

    best = max(spans, key=fits)
    return best if fits(best) >= (1.0 if len(spans) == 1 else 1.4) or (len(spans) == 1 and not lead) else None


def _is_country(name: str) -> bool:
    return any(word.lower().removesuffix("'s") in same_country() for word in name.split())


def _old_noun(last: str, new: str, lead: str) -> tuple[int, int] | None:
    """The common noun of the last question whose place a new one takes: the one that is nearest in meaning."""
    names = names_in(last)
    words = [
        (written, start, end)
        for _, written, start, end in content(last)
        if not any(a <= start < b for a, b in names) and written.isalpha()
    ]
    if lead:
        words = [word for word in words if re.search(rf"\b{lead}\s+(?:the\s+)?(?:\w+\s)?$", last[: word[1]], re.IGNORECASE)]
    head = new.split()[-1]
    known = word_vectors()
    forms = [head, head.removesuffix("s"), head.removesuffix("es")]
    near = [float(max(known.nearness(forms, [written, written.removesuffix("s")]), default=0.0)) for written, _, _ in words]
    asked = _HEAD.search(last)
    if asked and not lead:
        # "How many elephants ...?" "And rhinos?": what is counted is what changes.
        near = [
            value + 0.35 * (asked.start("head") <= start < asked.end("head"))
            for value, (_, start, _) in zip(near, words, strict=True)
        ]
    if not words or max(near) < (0.3 if lead else RELATED):
        return None
    _, start, end = words[near.index(max(near))]
    if asked and asked.start("head") <= start < asked.end("head"):
        return asked.span("head")
    return start, end


# -- what it lacks, behind it ----------------------------------------------------------------------


def _completed(question: str, found: Leaning, context: Context) -> Condensed:
    """The question with the person's name for the pronoun, and what else it lacks."""
    text, enough = question.strip(), CARRIED_FROM
    offset = text.rfind(found.rest.strip()) if found.rest.strip() else -1
    if found.person and offset >= 0 and (person := _person(context)):
        lead = len(found.rest) - len(found.rest.lstrip())
        start, end = (place + offset - lead for place in found.person)
        word = text[start:end].lower()
        owned = word in ("his", "hers") or (word == "her" and bool(re.match(r"\s+[\w-]", text[end:])))
        text = text[:start] + person + ("'s" if owned else "") + text[end:]
        enough = CARRIED_FROM if any(found.features[mark] for mark in _BESIDE) else CARRIED_BESIDE
    return Condensed(text, _lacking(text, context, enough))


_BESIDE = ("and", "about", "many", "it", "it after", "this", "there", "time", "else", "one", "bare")
"""What else a question may lean with beside "he" or "she"."""


def _person(context: Context) -> str:
    """Who was spoken of last, as far as can be told; empty if nobody was."""
    for asked, answer in zip(context.asked, [*context.answers, *[""] * len(context.asked)], strict=False):
        own, given = asked.question, asked.given
        people = [[text[a:b] for a, b in names_in(text) if may_be_person(text[a:b])] for text in (own, answer, given)]
        full = [[name for name in names if " " in name] for names in people]
        subjects = [own[a:b] for a, b in names_in(own) if own[a:b] in people[0] and _SUBJECT.search(own[:a])]
        if _WHO.match(own) and not full[1]:
            # Whom the articles call by one name alone.
            spans = [
                (a, b) for a, b in names_in(answer) if may_be_person(answer[a:b]) and not _AFTER_PLACE_WORD.search(answer[:a])
            ]
            full[1] = [answer[a:b] for a, b in spans]
        for names in (full[0], subjects, *full[1:]):
            if names:
                return names[0]
    return ""


_AFTER_PLACE_WORD = re.compile(r"\b(?:in|at|near|from|of|to|on|outside)\s(?:the\s)?$", re.IGNORECASE)
_SUBJECT = re.compile(
    r"(?:^|\b(?:is|are|was|were|did|does|do|has|have|had|can|could|will|would|should|may|might|mr|mrs|ms|dr|president"
    r"|minister|about)\.?\s+)$",
    re.IGNORECASE,
)
_NO_PERSON = frozenset(
    "ministry department council party nations office committee union bank company agency staff games studios times news corp inc group "
    "team institute center centre police army university house court league cup prize olympics airport river lake city state street "
    "station church cathedral act law war world organization organisation association federation society museum hospital school "
    "college royal congress parliament senate cloud service services supreme song contest city valley island islands storm hurricane "
    "north south east west san new los las saint st mount hotel tower bridge canal sea ocean american".split()
)


def may_be_person(name: str) -> bool:
    """Could this name be a person's? Not when it says what else it is, or names a country."""
    words = name.lower().replace("’", "'").split()
    if name.isupper() or words[0] in same_country() or words[0] == "the":
        return False
    return not any(word in _NO_PERSON or any(char.isdigit() for char in word) for word in words)


def _lacking(text: str, context: Context, enough: float) -> str:
    """What of the history a question gets, as it was written there; often several phrases, with commas between them."""
    own = {term.term for term in located_terms(text)}
    asked = {term for term, *_ in content(text)}
    said = [{term.term for term in located_terms(message)} for message in context.said]
    counted: dict[tuple[str, ...], Phrase] = {}
    names = context.names()
    for ago, (one, answer) in enumerate(zip(context.asked, [*context.answers, *[""] * len(context.asked)], strict=False)):
        last = AGO[min(ago, len(AGO) - 1)]
        for place, (count, source) in enumerate(((last, one.question), (GIVEN * last, one.given), (0.0, answer))):
            for phrase in phrases(source, names):
                if (
                    len(phrase.written) > LONGEST_PHRASE
                    or set(phrase.terms) <= own
                    or phrase.terms in counted
                    or (source is answer and not phrase.name)
                ):
                    continue
                again = min(
                    MOST_AGAIN, AGAIN * max(0, sum(all(term in message for term in phrase.terms) for message in said) - 1)
                )
                count_of = count + NAMED * phrase.name + SHARED * bool(asked.intersection(phrase.terms)) + again
                if source is answer:
                    count_of = again  # only where nothing else names what they talk about, see below
                counted[phrase.terms] = replace(phrase, count=count_of, place=3 * ago + place)
        if not one.leans and counted:
            break  # what they talked about before is over
    weighed = list(counted.values())
    kept = _best([phrase for phrase in weighed if phrase.count >= enough], own)
    if kept and not any(phrase.name for phrase in kept) and not names_in(text):
        # Nothing was named in the questions: the name that was said most often is what they are about.
        kept += sorted(
            (phrase for phrase in weighed if phrase.name and phrase.place < FROM_ANSWERS),
            key=lambda phrase: (-phrase.count, phrase.place),
        )[:1]
    return _joined(kept)


def _best(chosen: list[Phrase], own: set[str]) -> list[Phrase]:
    kept: list[Phrase] = []
    room = MOST_WORDS
    said = set(own)
    for phrase in sorted(chosen, key=lambda phrase: -phrase.count):
        if set(phrase.terms) <= said or len(phrase.terms) > room:
            continue
        kept.append(phrase)
        said.update(phrase.terms)
        room -= len(phrase.terms)
    return kept


def _joined(kept: Sequence[Phrase]) -> str:
    """Phrases in the order of their turns, latest first; what stood side by side in one keeps the small words between."""
    pieces: list[str] = []
    last: Phrase | None = None
    for phrase in sorted(kept, key=lambda phrase: (phrase.place, phrase.start)):
        between = phrase.text[last.end : phrase.start] if last and last.place == phrase.place else ""
        if last and last.place == phrase.place and last.end <= phrase.start and _small(between):
            pieces[-1] += between + phrase.written
        else:
            pieces.append(phrase.written)
        last = phrase
    return ", ".join(pieces)


def _small(between: str) -> bool:
    words = re.findall(r"[\w'’]+", between)
    return (
        len(words) <= 3
        and not re.search(r"[.!?;:()\[\]“”\"*]", between)
        and all(is_stop_word(word) for word in words if word not in ("'s", "’s", "s"))
    )


def phrases(text: str, names: frozenset[str] = frozenset()) -> list[Phrase]:
    """The names of a text, and its runs of telling words between them, in order."""
    spans = names_in(text, names)
    found = [
        Phrase(text, start, end, tuple(term.term for term in located_terms(text[start:end])), name=True) for start, end in spans
    ]
    run: list[tuple[str, str, int, int]] = []
    words = [word for word in content(text) if not any(start <= word[2] < end for start, end in spans)]
    for word in [*words, None]:
        if run and (word is None or text[run[-1][3] : word[2]].strip(" -") or word[2] - run[-1][3] > 1):
            found.append(Phrase(text, run[0][2], run[-1][3], tuple(term for term, *_ in run), name=False))
            run = []
        if word is not None:
            run.append(word)
    return sorted((phrase for phrase in found if phrase.terms), key=lambda phrase: phrase.start)


# -- what an answer said ---------------------------------------------------------------------------

_BOLD = re.compile(r"\*\*(?P<phrase>[^*]+)\*\*")
_UNNAMED = re.compile(r"(?:an?|another|several|some|\d+|two|three|four|five|six|seven|eight|nine|ten)\b", re.IGNORECASE)
_WHO = re.compile(r"^(?:\w+ ){0,2}who(?:m|se)?\b", re.IGNORECASE)


def _of_nobody_else(answer: str, context: Context) -> str:
    """An answer to "who", as far as it speaks of who it was: where that is nobody by name ("**A man of 34** has been arrested"),
    "he" is none of the others in it."""
    bold = _BOLD.search(answer)
    if bold is None or not context.asked or not _WHO.search(context.asked[0].question) or not _UNNAMED.match(bold["phrase"]):
        return answer
    end = answer.find("[", bold.end())
    return answer[:end] if end > 0 else answer


_CREDIT = re.compile(r"(?<=\*), [^“”]{0,80}?: (?=“)|(?<=\*): (?=“)")
_MARKUP = re.compile(r"\s*\[\d+\]|\*\*|\\(?=[\\`*_\[\]<>])")
_REFUSALS = re.compile(
    r"^\W*(?:the articles do not say|(?:i'?m |i am )?(?:sorry|unfortunately)|i (?:do not|don't|cannot|can't|am unable"
    r"|am not)|ask me)\b|\bi (?:do not|don't) have (?:that|any|enough|specific|this)?\s*(?:\w+ )?information\b",
    re.IGNORECASE,
)


def _said(answer: str) -> str:
    """What an answer said, with its articles' titles, without markers, outlets and dates."""
    return _MARKUP.sub("", _CREDIT.sub(": ", answer)).replace("*", "")


def _refuses(answer: str) -> bool:
    return bool(_REFUSALS.search(answer[:200])) or is_silence(answer[:300])
