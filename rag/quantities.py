"""PURE. The numbers in a text, whatever way they are written, and whether two of them can be the same.

    "about 7.7 million people"  ->  7,700,000 people, rounded        "one in three", "33%", "a third"  ->  33.3 %

A number may be told more roughly than its source has it: 7.7 million stands for 7,684,000, "about 2,000" for 1,950,
"dozens" for 40. The other way round it is invented.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen".split()
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
NUMBER_WORDS = {word: float(n) for n, word in enumerate(_UNITS)} | {word: 10.0 * (n + 2) for n, word in enumerate(_TENS)}
_SCALE = {
    "hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "mn": 1e6, "billion": 1e9, "bn": 1e9, "b": 1e9,
    "trillion": 1e12, "tn": 1e12,
}  # fmt: skip
_PARTS = {"half": 50.0, "third": 100 / 3, "quarter": 25.0, "fifth": 20.0, "tenth": 10.0}
_ROUGH_WORDS = {"couple": (2, 2), "dozen": (12, 12), "dozens": (24, 99), "scores": (40, 199), "hundreds": (200, 999),
                "thousands": (2_000, 99_999), "millions": (2e6, 9.99e8)}  # fmt: skip

# ASCII alone: where case is ignored, an old print's long s is otherwise an s to the pattern, and none to the tables.
_WORD = f"(?a:{'|'.join(sorted(NUMBER_WORDS, key=len, reverse=True))})"
_BIG = f"(?a:{'|'.join(sorted(_SCALE, key=len, reverse=True))})"
_QUANTITY = re.compile(
    rf"""
    (?P<about>\b(?:about|around|some|roughly|nearly|almost|approximately|an?\ estimated|more\ than|over|at\ least|up\ to|
        less\ than|under|fewer\ than|close\ to|just|only)\s+)?
    (?P<money>[$€£¥]\s?|\b(?:us|a|c)\$\s?)?
    (?:
        (?P<in>\b(?:one|two|three|four|nine|\d+)\s+(?:in|out\s+of)\s+(?:every\s+)?(?:{_WORD}|\d+)\b)
      | (?P<share>\b(?:(?P<times>an?|one|two|three|four)[\s-]+)?(?P<part>(?a:half|thirds?|quarters?|fifths?|tenths?))\s+of\b
            |\bhalf\b(?=\s+(?:the|a|an|its|their|all)\b))
      | (?P<rough>\b(?:(?a:a\s+couple\s+of|an?\s+dozen|dozens|scores|hundreds|thousands|millions))\b)
      | (?<![\w.,])(?P<digits>\d+(?:,\d{{3}})+(?:\.\d+)?|(?<!\d,\ )\d{{1,3}},\ \d{{3}}(?=\ [a-z-])|\d+(?:\.\d+)?)
            (?P<ordinal>st|nd|rd|th)?(?:[\s-]?(?P<scale>{_BIG})\b)?
      | \b(?P<words>an?\s+(?=hundred|thousand|million|billion)|(?:{_WORD}))
            (?P<more>(?:[\s-]*(?:and\s+)?\b(?:{_WORD}|(?a:hundred|thousand|million|billion|trillion))\b)*)
    )
    (?P<percent>\s*(?:%|per\s?cent\b|percentage\s+points?\b))?
    """,
    re.IGNORECASE | re.VERBOSE,
)
_THING = re.compile(r"[\s-]*(?P<thing>[^\W\d_]{3,})")
_NOT_THINGS = frozenset("and the for from with that were was are has have had who which than but not per cent".split())


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text: between `low` and `high` (equal when it is written exactly), and between `least` and `most` where a
    word such as "about" loosens it; `beyond` is 1 for "more than" it, -1 for "less than" or "up to" it, else 0; of a kind
    ("%", "money", "ordinal", or "" for a count or a measure), of which thing (the next word, lower case, or ""), and the words
    it is written in."""

    low: float
    high: float
    least: float
    most: float
    kind: str
    thing: str
    written: str
    start: int
    end: int
    beyond: int = 0


def quantities(text: str) -> list[Quantity]:
    """The numbers of a text, in order."""
    found = []
    for match in _QUANTITY.finditer(text):
        span = _range(match)
        if span is None:
            continue
        low, high, kind = span
        about = match["about"].split()[0].lower() if match["about"] and kind != "ordinal" else ""
        least, most = _loosened(about, low, high) if about else (low, high)
        beyond = 1 if about == "more" else -1 if about in ("less", "under", "fewer", "up") else 0
        after = _THING.match(text, match.end())
        thing = after["thing"].lower() if after else ""
        start = match.end("about") if match["about"] else match.start()
        written = match.group().strip()
        thing = "" if thing in _NOT_THINGS else thing
        found.append(Quantity(low, high, least, most, kind, thing, written, start, match.end(), beyond))
    return found


def can_be(told: Quantity, source: Quantity) -> bool:
    """Can the told number stand for the source's? Kinds must fit, and the source, as it is written, must lie where the told
    one, rounded and loosened as it is told, can come from: "6 percent" is neither "7 percent" nor, told more exactly, "6.4"."""
    if told.kind != source.kind and {told.kind, source.kind} != {"", "money"}:
        return False
    if told.low == source.low and told.high == source.high:
        # "More than 2,000" is not said by "2,000", nor is "2,000" by "up to 2,000".
        return not (told.beyond and told.beyond != source.beyond) and not (source.beyond < 0 and told.beyond == 0)
    return told.least <= (source.low + source.high) / 2 <= told.most


def unexplained(told: Iterable[Quantity], known: Sequence[Quantity]) -> list[Quantity]:
    """The told numbers that no known one can stand behind. "One" is as often no number as one."""
    return [one for one in told if one.written.lower() != "one" and not any(can_be(one, source) for source in known)]


def _range(match: re.Match[str]) -> tuple[float, float, str] | None:
    """(low, high, kind) of what was matched; None for what is no number after all."""
    kind = "%" if match["percent"] else "money" if match["money"] else ""
    if match["in"]:
        told = re.findall(r"\w+", match["in"].lower())
        part, whole = _value(told[0]), _value(told[-1])
        if not part or not whole or part >= whole:
            return None
        share = 100 * part / whole
        return share - 1.5, share + 1.5, "%"
    if match["share"]:
        part = _PARTS[(match["part"] or "half").lower().rstrip("s") if match["part"] != "half" else "half"]
        times = NUMBER_WORDS.get((match["times"] or "").lower(), 1.0)
        share = part * times
        return share - 1.5, share + 1.5, "%"
    if match["rough"]:
        low, high = _ROUGH_WORDS[match["rough"].lower().split()[-1] if "of" not in match["rough"].lower() else "couple"]
        return float(low), float(high), kind
    if match["digits"]:
        written = match["digits"].replace(",", "").replace(" ", "")
        value = float(written)
        if match["ordinal"]:
            return value, value, "ordinal"
        decimals = len(written.partition(".")[2])
        scale = _SCALE.get((match["scale"] or "").lower(), 1.0)
        # What is written in millions, or with a decimal, was rounded there.
        slack = 0.5 * 10**-decimals * scale if scale > 1 or (decimals and kind == "%") or (kind == "%") else 0.0
        return value * scale - slack, value * scale + slack, kind
    spelled = _spelled(match["words"], match["more"] or "")
    if spelled is None:
        return None
    return spelled, spelled, kind


def _spelled(first: str, more: str) -> float | None:
    total, current = (
        0.0,
        1.0 if first.lower().startswith("a") and first.lower().strip() in ("a", "an") else _value(first.strip()),
    )
    if current is None:
        return None
    for word in re.findall(r"[a-z]+", more.lower()):
        if word == "and":
            continue
        if word == "hundred":
            current *= 100
        elif word in _SCALE:
            total, current = total + current * _SCALE[word], 0.0
        else:
            current += NUMBER_WORDS[word]
    return total + current


def _value(word: str) -> float | None:
    word = word.lower().replace(",", "")
    return float(word) if word.isdigit() else NUMBER_WORDS.get(word)


def _loosened(about: str, low: float, high: float) -> tuple[float, float]:
    """What a word before a number makes of it: "about 2,000" is within a tenth, "more than 2,000" up to a half more."""
    if about in ("more", "over", "at"):
        return low, high * 1.5
    if about in ("less", "under", "fewer", "up"):
        return low * 0.5, high
    if about in ("nearly", "almost"):
        return low * 0.9, high
    if about in ("just", "only"):
        return low, high
    size = max(abs(low), abs(high))
    slack = 0.1 * size if size >= 10 else 0.5
    return low - slack, high + slack
