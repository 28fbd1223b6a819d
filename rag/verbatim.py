"""PURE. Do a sentence's words stand in its source as they are, and what does the source say around them?

Words taken out of a longer sentence can lose what makes them true: "The minister denied that the bridge is open" does not say
that the bridge is open, nor does "If the bridge is open, ...", "Few believe that ..." or "The road to the bridge is open". So
what stands directly before and after them in their sentence is looked at. Each rule is narrow, a list of words at the very
place where the quotation was cut; how often each is met stands in docs/measurements.md.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from index.words import is_stop_word
from rag.narrowing import narrows

_PAUSES = frozenset(",;:)—–")
QUOTES = "“”\"'‘’«» "

WORD_FOR_WORD = "word for word in the article"
"""The reason of a sentence whose words stand there as they are."""

SHOWN = 6
"""Words of what stands around a quotation that a reason shows."""

LOOKED_AT = 400
"""Characters before and after a quotation that are looked at, within its sentence: an endless one costs no more."""

SAY = (
    r"(?:said|says?|saying|told|tells?|added|adds?|announced?|announces|reported|reports?|wrote|writes?|explained|explains?|"
    r"confirmed|confirms?|stated|states|noted|notes|found|shows?|showed)"
)
_SUPPOSE = (
    r"(?:believe[sd]?|believing|thinks?|thought|hope[sd]?|hoping|fear(?:s|ed)?|fearing|suspect(?:s|ed)?|suspecting|claim(?:s|ed)?|"
    r"claiming|allege[sd]?|alleging|suggest(?:s|ed)?|suggesting|assume[sd]?|assuming|expect(?:s|ed)?|expecting|guess(?:es|ed)?|"
    r"predict(?:s|ed)?|imagine[sd]?|pretend(?:s|ed)?|rumou?r(?:s|ed)?|speculat(?:e|es|ed|ion)|wonder(?:s|ed)?|joke[sd]?|"
    r"belief|suspicion|allegation|accusation|rumour|idea|notion|suggestion|possibility|risk|danger|theory|threat|prospect|chance|"
    r"possible|likely|unlikely)"
)
_DENY = r"(?:den(?:y|ies|ied|ying|ials?)|disput(?:e|es|ed|ing)|refut(?:e|es|ed|ing)|reject(?:s|ed|ing)?|dismiss(?:es|ed|ing)?)"
_UNTRUE = r"(?:(?:not|n't|never)\s+(?:true|correct|the\s+case)|untrue|false|a\s+(?:lie|myth|hoax))"
_NOT = (
    r"(?:\b(?:not|no(?!\s+doubt)|never|nobody|none|(?<!a\s)few|hardly|(?<!no\s)doubt(?:s|ed|ful)?|without|neither|nor|cannot|"
    r"refuse[sd]?)|n't)"
)
_IF = r"(?:if|unless|whether|lest|suppose|supposing|assuming|provided|in\s+case|on\s+condition|as\s+though)"

_THEN = r"(?:\s+(?:[\w'’-]+\s+){0,4}that)?$"
"""From the word that governs a clause to the clause: at once, or by way of "that"."""

SAYS_SO = (
    r"^(?:[\w.'’-]+\s+){{1,5}}{verb}\s*(?:$|[,.;:\"]|on\b|in\b|at\b|to\b|last\b|yesterday|today)"
    r"|^{verb}\s+(?:[\w.'’-]+\s+){{0,3}}[\w.'’-]+\s*(?:$|[,.;:\"])"
)
"""From the clause to whoever says it: ", Kyiv says." and ", said the minister."."""

_DENIED_BEFORE = re.compile(rf"\b{_DENY}{_THEN}|\b{_UNTRUE}{_THEN}")
_DENIED_AFTER = re.compile(
    rf"^(?:and\s+|but\s+)?(?:which|this|that|it|an?\s+\w+)\b[^.;]{{0,50}}\b(?:{_DENY}|{_UNTRUE})\b"
    rf"|^(?:is|was|are|were)\s+(?:\w+ly\s+)?(?:{_DENY}|{_UNTRUE}|wrong)\b"
    rf"|^[^.;]{{0,50}}\b{_DENY}\s+(?:by|it|this|that|the\s+(?:claim|report|accusation|charge|allegation)s?)\b"
)
_NOT_BEFORE = re.compile(rf"{_NOT}(?:(?:\s+[\w'’-]+){{0,6}}\s+that)?$|\b(?:fewer|less)\s+than$|\bnot\s+all(?:\s+of)?$")
_SUPPOSED_BEFORE = re.compile(rf"\b{_SUPPOSE}{_THEN}")
_SUPPOSED_AFTER = re.compile(SAYS_SO.format(verb=_SUPPOSE))
_IF_BEFORE = re.compile(rf"(?:\b{_IF}|^(?:should|had|were))(?:\s+that)?$|^(?:{_IF}|should|had|were)\b[^;:]*,$")
_IF_AFTER = re.compile(rf"^(?:but\s+)?(?:only\s+|even\s+)?{_IF}\b")
_ANOTHER_AND = re.compile(rf"\b(?:{_DENY}|{_UNTRUE}|{_IF})\b[^,;:]*\b(?:and|or)(?:\s+that)?$")
_CUT = re.compile(
    r"\b(?:of|for|by|with|from|to|in|on|at|about|against|between|under|over|into|near|behind|beside|without|among|towards?)$"
)
_TURNED = re.compile(
    r"\b(?:former|ex|acting|deputy|vice|alleged|suspected|supposed|so-called|fake|failed|attempted|planned|proposed|almost)[\s-]*$"
)
"""Words without which what follows is another thing."""
_SAID_BEFORE = re.compile(rf"\b(?!add){SAY}{_THEN}|\badd(?:s|ed)\s+that$|\b{SAY}\s*[,:]$|^according\s+to\b[^;:]*,$")
_SAID_AFTER = re.compile(rf"^according\s+to\b|{SAYS_SO.format(verb=SAY)}")
_AND = re.compile(r"^(?:and|but|or|which|who|where|when|while|because|as|after|before|though|although|so)\b")

_LONGER_NUMBER = re.compile(
    r"[.,:]\d|[\s-]*(?:%|per\s?cent|percentage|hundred|thousand|million|billion|trillion|dozen|bn\b|mn?\b|k\b)"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How words stand in their source. `denied` and `doubted` say why the source does not bear them out, in words, and are ""
    when it does; `told` is what has somebody say them there, in the source's words, and "" when the article tells them
    itself."""

    denied: str = ""
    doubted: str = ""
    told: str = ""


def standing(said: str, sentences: Sequence[str]) -> Standing | None:
    """How the words of `said` stand in the sentences of a source (taken in a row), at the place that bears them out best.

    None when they do not stand there. Capitals, kinds of quotation marks, white space and the last full stop are no difference.
    """
    words = folded(said).strip(QUOTES).rstrip(".")
    if len(words.split()) < 2:
        return None
    around = [_standing(one, words) for one in _places(words, sentences)]
    return min(around, key=lambda one: (bool(one.denied), bool(one.doubted), bool(one.told)), default=None)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where words stand: what is before and after them in their sentence, as it is written there, with what they begin, and
    whether a comma or a dash parts them from what comes after."""

    before: str
    first: str
    after: str
    parted: bool

    @property
    def begins(self) -> bool:
        """Does a sentence begin with them, though nothing parts it from the one before ("The", "He")?"""
        return self.first[:1].isupper() and is_stop_word(self.first)


def folded(text: str) -> str:
    """A text in small letters, with plain quotation marks and single blanks."""
    return " ".join(text.casefold().replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"').split())


def _places(words: str, sentences: Sequence[str]) -> Iterator[_Place]:
    """Each place in the sentences where the words stand."""
    written = [sentence.split() for sentence in sentences]
    plain = [folded(sentence) for sentence in sentences]
    starts = list(accumulate((len(one) + 1 for one in plain), initial=0))[:-1]
    whole = " ".join(plain)
    at = whole.find(words)
    while at >= 0:
        end = at + len(words)
        if _is_whole(words, whole[max(0, at - 2) : at], whole[end : end + 16]):
            first, last = bisect_right(starts, at) - 1, bisect_left(starts, end) - 1
            # Folding changes letters, but no number of words.
            before = whole.count(" ", starts[first], at)
            after = whole.count(" ", end, starts[last] + len(plain[last]))
            yield _Place(
                " ".join(written[first][:before]),
                written[first][before].strip(QUOTES),
                " ".join(written[last][len(written[last]) - after :]),
                whole[end : end + 1] in _PAUSES,
            )
        at = whole.find(words, end)


def _is_whole(words: str, before: str, after: str) -> bool:
    """Do they begin and end where a word and a number do, given the characters around them?"""
    if before[-1:].isalnum() or after[:1].isalnum():
        return False
    if words[0].isdigit() and len(before) > 1 and before[-1] in ".," and before[-2].isdigit():
        return False
    return not (words[-1].isdigit() and _LONGER_NUMBER.match(after))


def _standing(place: _Place, words: str) -> Standing:
    """What is left out before and after some words says of them."""
    lead = folded(place.before).rstrip(QUOTES + "([")
    lead = lead if len(lead) < LOOKED_AT else f"... {lead[-LOOKED_AT:]}"
    tail = folded(place.after).lstrip(QUOTES + ",)]—–-").rstrip(QUOTES + ".!?")[:LOOKED_AT]
    front, rest = f"“{last_words(place.before)}”", f"“{first_words(place.after)}”"
    if lead:
        if _DENIED_BEFORE.search(lead):
            return Standing(denied=f"the source has {front} before these words")
        rules = (_NOT_BEFORE, _IF_BEFORE, _SUPPOSED_BEFORE, _ANOTHER_AND, _TURNED)
        if any(rule.search(lead) for rule in rules) or (_CUT.search(lead) and not place.begins):
            return Standing(doubted=f"the source has {front} before these words, which is left out")
    coordinate = _AND.search(tail)
    narrowed = not place.parted and narrows(words, tail)
    if narrowed or _DENIED_AFTER.search(tail) or _IF_AFTER.search(tail) or (not coordinate and _SUPPOSED_AFTER.search(tail)):
        return Standing(doubted=f"the source goes on with {rest}, which is left out")
    if lead and _SAID_BEFORE.search(lead):
        return Standing(told=f"{front[:-1]} …”")
    if not coordinate and _SAID_AFTER.search(tail):
        return Standing(told=f"“… {rest[1:]}")
    return Standing()


def last_words(text: str) -> str:
    """What a text ends with, as a reader is shown it."""
    words = text.strip(QUOTES).split()
    return ("… " if len(words) > SHOWN else "") + " ".join(words[-SHOWN:])


def first_words(text: str) -> str:
    """What a text begins with, as a reader is shown it."""
    words = text.strip(QUOTES + ".,").split()
    return " ".join(words[:SHOWN]).rstrip(",;:") + (" …" if len(words) > SHOWN else "")
