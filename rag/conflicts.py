"""PURE. Where a sentence and the one nearest to it in its source cannot both be so: another day, the opposite, another speaker,
done and not done yet.

Each rule is narrow: it speaks only of what one sentence says and the other denies in the same words. What it costs and brings
stands in docs/measurements.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from index.dates import MONTHS, months_named
from index.words import is_stop_word, terms
from rag.countries import same_country
from rag.quantities import Quantity, can_be, quantities

_OPPOSITES = """
rise rises rose risen rising increase increases increased increasing grow grows grew grown climb climbs climbed |
 fall falls fell fallen falling decrease decreases decreased drop drops dropped decline declines declined plunged shrank
open opens opened reopened reopen | close closes closed closing shut shuts
win wins won winning | lose loses lost losing
allow allows allowed permitted permit | ban bans banned forbid forbids forbidden prohibited barred bar
accept accepts accepted approve approved agreed | reject rejects rejected refuse refuses refused vetoed
guilty convicted | acquitted cleared innocent
alive survived survive survives | dead died dies killed kill
support supports supported backed backs | oppose opposes opposed against
arrive arrives arrived arriving enter entered | leave leaves left leaving departed withdrew
begin begins began start starts started launched | end ends ended stop stops stopped finish finished
increased extended lengthened | cut cuts reduced shortened
north northern | south southern
east eastern | west western
before | after afterwards later
first | last
buy buys bought | sell sells sold
hired appointed | fired sacked dismissed resigned
more | less fewer
higher | lower
older | younger
majority | minority
early | late
success successful succeeded | failure failed unsuccessful
gain gains gained | loss losses
true | false
legal lawful | illegal unlawful
safe | unsafe dangerous
"""

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_A_TIME = (
    r"(?:second|minute|hour|day|night|morning|afternoon|evening|week|weekend|fortnight|month|quarter|season|spring|summer|autumn|"
    rf"fall|winter|year|decade|century|centurie|{'|'.join((*_DAYS, *MONTHS))})s?"
)
_NO_OPPOSITE = re.compile(
    rf"\blast\s+(?:[\w-]+\s+)?{_A_TIME}\b|\bat\s+last\b|\b(?:no|not|nothing|never)\s+(?:fewer|less|more)\b|\bmore\s+or\s+less\b",
    re.IGNORECASE,
)
"""Words that stand in the list of opposites and mean something else here: "last year" does not deny "first"."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][a-z]+)?")
_SAID = r"(?:said|says|say|told|tells|added|adds|announced|claimed|claims|warned|warns|insisted|wrote|tweeted|explained)"
_SPEAKER = re.compile(
    rf"(?P<before>(?:[A-Z][\w.’'-]+\s+){{0,2}}[A-Z][\w.’'-]+)(?:,[^,]{{0,60}},)?\s+(?:has\s+|had\s+|also\s+)?{_SAID}\b"
    rf"|\b{_SAID}\s+(?P<after>(?:[A-Z][\w.’'-]+\s+){{0,2}}[A-Z][\w.’'-]+)"
    r"|\b[Aa]ccording\s+to\s+(?P<source>(?:[A-Z][\w.’'-]+\s+){0,2}[A-Z][\w.’'-]+)"
)
_TO_COME = (
    "will shall would may might can could should must won't won’t cannot",
    """is are was were be due set about supposed meant designed expected scheduled likely ready willing ought has have had
    plan plans planned planning want wants wanted intend intends intended aim aims aimed hope hopes hoped seek seeks seeking
    sought try tries tried trying attempt attempts attempted threaten threatens threatened promise promises promised vow vows
    vowed pledge pledges pledged agree agrees agreed decide decides decided ask asks asked urge urges urged order orders ordered
    need needs needed refuse refuses refused fail fails failed
    proposal proposals bid effort efforts step goal intention deal""",
)
"""Words after which a verb tells what is not done: directly, and with "to"."""
_PLANNED = re.compile(
    rf"\b(?:(?:{'|'.join(_TO_COME[0].split())})|(?:{'|'.join(_TO_COME[1].split())})\s+to)\s+"
    r"(?:(?:not|also|now|soon|then|only|be|have|\w+ly)\s+){0,2}(?P<verb>[a-z]+)",
    re.IGNORECASE,
)
_DONE = re.compile(r"\b(?P<verb>[a-z]+(?<!e)ed)\b", re.IGNORECASE)
_RANK = (
    r"(?:(?:[Ff]ormer|[Aa]cting|[Dd]eputy|[Vv]ice|[Ff]irst|[Pp]rime|[Ff]oreign|[Dd]efen[cs]e|[Ff]inance|[Ii]nterior|[Hh]ealth"
    r"|[Ee]x)[\s-]+)*"
)
_TITLE = re.compile(
    rf"\b(?P<title>{_RANK}(?:[Pp]resident|[Cc]hancellor|[Mm]inister|[Pp]remier|[Mm]ayor|[Gg]overnor|[Ss]enator|[Ss]ecretary|"
    r"[Aa]mbassador|[Gg]eneral|[Cc]olonel|[Mm]ajor|[Cc]aptain|[Ll]ieutenant|[Ss]ergeant|[Aa]dmiral|[Jj]udge|[Jj]ustice|"
    r"[Pp]rosecutor|[Pp]rofessor|[Dd]r|[Kk]ing|[Qq]ueen|[Pp]rince|[Pp]rincess|[Pp]ope|[Bb]ishop|[Aa]rchbishop|[Cc]ardinal|"
    r"[Cc]oach|[Mm]anager|[Cc]hairman|[Cc]hairwoman|[Dd]irector|[Ss]pokesman|[Ss]pokeswoman|[Cc]hief\s+[Ee]xecutive))\s+"
    r"(?P<name>(?:[A-Z][\w’'-]+\s+){0,2}[A-Z][\w’'-]+)"
)
"""A title and the name behind it."""
_NOT_THE_SAME = frozenset("former acting deputy vice ex".split())
"""Words of a title without which it is another one."""
_DIRECTION = re.compile(r"\b(to|from|by)\s+(?:\w+\s+(?:than\s+)?)?$", re.IGNORECASE)
_NO_SPEAKERS = frozenset("the a an it he she they we i in on at but and as this that there these who".split())


def conflict(said: str, nearest: str) -> str:
    """Why a sentence and the one of its source that is nearest to it cannot both be so, in words; "" when nothing shows it."""
    for times in (_days, _months):
        told, known = times(said), times(nearest)
        if told and known and not set(told) & set(known):
            return f"the source says {known[0].title()}, the sentence says {told[0].title()}"
    said, nearest = _NO_OPPOSITE.sub(" ", said), _NO_OPPOSITE.sub(" ", nearest)
    mine, theirs = _words(said), _words(nearest)
    for one, other in _opposed():
        for here, there in ((one, other), (other, one)):
            if mine & here and not mine & there and theirs & there and not theirs & here:
                return f"the source says “{_first(nearest, there)}”, the sentence says “{_first(said, here)}”"
    return ""


def other_speaker(said: str, nearest: str) -> str:
    """Why the sentence has another one say it than its source, in words; "" when nothing shows it."""
    mine, theirs = _speakers(said), _speakers(nearest)
    if not mine or not theirs:
        return ""
    known = {word for name in theirs for word in _words(name)} | _words(nearest)
    for name in mine:
        words = _words(name) - _NO_SPEAKERS
        if words and not words & known and not any(same_country().get(word, frozenset()) & known for word in words):
            return f"the source has {theirs[0]} say it, the sentence has {name}"
    return ""


def other_title(said: str, source: Sequence[str]) -> str:
    """Why the sentence gives somebody another title than its source, in words; "" when nothing shows it."""
    known: dict[str, list[str]] = {}
    for text in source:
        for match in _TITLE.finditer(text):
            known.setdefault(_surname(match["name"]), []).append(" ".join(match["title"].split()))
    for match in _TITLE.finditer(said):
        theirs = known.get(_surname(match["name"]), [])
        mine = frozenset(_words(match["title"]))
        if theirs and not any(
            mine == words or (mine < words and not words - mine & _NOT_THE_SAME) for words in map(_words, theirs)
        ):
            return f"the source says {theirs[0]} {match['name']}, the sentence says {match['title']} {match['name']}"
    return ""


def misplaced(said: str, source: str) -> str:
    """Why a number of the sentence has another place in its source ("from 6" for "to 6"), in words; else ""."""
    there = [(one, _direction(source, one)) for one in quantities(source)]
    for told in quantities(said):
        mine = _direction(said, told)
        theirs = [(one, direction) for one, direction in there if can_be(told, one)]
        if mine and theirs and all(direction and direction != mine for _, direction in theirs):
            return f"the source says “{theirs[0][1]} {theirs[0][0].written}”, the sentence says “{mine} {told.written}”"
    return ""


def _direction(text: str, number: Quantity) -> str:
    """ "to", "from" or "by" before a number, else ""."""
    found = _DIRECTION.search(text[max(0, number.start - 25) : number.start])
    return found[1].lower() if found else ""


def _surname(name: str) -> str:
    return name.split()[-1].lower().replace("’", "'").removesuffix("'s")


def not_done(said: str, nearest: str) -> str:
    """Why what the sentence tells as done is not done by its source, in words; "" when nothing shows it."""
    planned, known = _planned(nearest), _done(nearest)
    undone = [verb for verb in _done(said) if verb in planned and verb not in known]
    return f"the source says “{planned[undone[0]]}”, the sentence says “{_done(said)[undone[0]]}”" if undone else ""


def _planned(text: str) -> dict[str, str]:
    """The verbs, by their stems, that tell what is to come or was not done, with the words that say so."""
    found = {}
    for match in _PLANNED.finditer(text):
        if not is_stop_word(match["verb"]):
            found[terms(match["verb"])[0]] = match[0]
    return found


def _done(text: str) -> dict[str, str]:
    """The verbs, by their stems, that have the form of what is done, those aside that tell what is to come."""
    found = {terms(match["verb"])[0]: match[0] for match in _DONE.finditer(text)}
    return {verb: written for verb, written in found.items() if verb not in _planned(text)}


def _speakers(text: str) -> list[str]:
    found = []
    for match in _SPEAKER.finditer(text):
        name = match["before"] or match["after"] or match["source"]
        if name.lower() not in _NO_SPEAKERS:
            found.append(name)
    return found


def _days(text: str) -> list[str]:
    words = _words(text)
    return [day for day in _DAYS if day in words]


def _months(text: str) -> list[str]:
    return [month for month, _ in months_named(text)]


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower().replace("’", "'").removesuffix("'s") for word in _WORD.findall(text))


def _first(text: str, among: frozenset[str]) -> str:
    return next(str(word) for word in _WORD.findall(text) if word.lower().replace("’", "'").removesuffix("'s") in among)


@lru_cache(maxsize=1)
def _opposed() -> list[tuple[frozenset[str], frozenset[str]]]:
    rows = re.sub(r"\|\s*\n", "| ", _OPPOSITES.strip()).splitlines()
    return [(frozenset(one.split()), frozenset(other.split())) for one, _, other in (row.partition("|") for row in rows)]


def opposites() -> dict[str, frozenset[str]]:
    """Words, in small letters, with those that say the opposite."""
    found: dict[str, frozenset[str]] = {}
    for pair in _opposed():
        for ones, others in (pair, pair[::-1]):
            found |= {word: found.get(word, frozenset()) | others for word in ones}
    return found
