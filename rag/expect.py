"""PURE. The phrases of a sentence that are of the kind a question asks for: a number, a date, a name, a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from index.dates import MONTHS
from index.sentences import Span
from index.words import STOP_WORDS, located_terms, terms
from rag.countries import same_country
from rag.meaning import word_vectors
from rag.question import WEEKDAYS, Kind, Question

_SMALL = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|"
    "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
)
_SCALE = "hundreds?|thousands?|millions?|billions?|trillions?|dozens?|score"
_NUMBER = (
    rf"(?:\d+(?:[.,]\d+)*(?:\s?(?:st|nd|rd|th)\b)?(?:\s(?:{_SCALE})\b)?"
    rf"|\b(?:{_SMALL})(?:[- ](?:{_SMALL}))?(?:\s(?:{_SCALE}))?\b"
    rf"|\b(?:a |several |many |tens of |hundreds of )?(?:{_SCALE})\b"
    r"|\bhalf\b|\b(?:once|twice)\b)"
)
_MONTH = "|".join(MONTHS) + r"|jan\.?|feb\.?|mar\.?|apr\.?|aug\.?|sept?\.?|oct\.?|nov\.?|dec\.?"
_WHOLE_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
_DAY = "|".join(WEEKDAYS)
_UNIT = (
    r"(?:kilomet(?:er|re)s?|km|met(?:er|re)s?|miles?|feet|foot|ft|inch(?:es)?|cent[iI]?met(?:er|re)s?|cm|mm|millimet(?:er|re)s?|"
    r"kilograms?|kilos?|kg|tons?|tonnes?|pounds?|lbs?|grams?|lit(?:er|re)s?|acres?|hectares?|degrees?|°\s?[CF]?|mph|km/h|knots|"
    r"hours?|minutes?|seconds?|days?|weeks?|months?|years?|square|cubic|watts?|megawatts?|gigawatts?|hertz|volts?|magnitude|"
    r"light-years?)"
)
_OF_A_COUNTRY = r"(?:(?:US|U\.S\.|Canadian|Australian|New Zealand|Hong Kong|Singapore|Swiss|Swedish|Norwegian|Danish|Czech|Turkish|Mexican)\s)?"
_CURRENCY = (
    r"dollars?|euros?|pounds?|cents?|pence|penny|quid|bucks|yen|yuan|renminbi|r(?:o?u)bles?|kope(?:c?k|yk)as?|rupees?|rupiah|ringgit|"
    r"francs?|hryvnias?|pesos?|won|crowns?|kron(?:e|er|a|or|ur)|korun[ay]?|z[lł]ot(?:y|ys|ies)|forints?|lei|lev[as]?|liras?|rand|rials?|"
    r"riyals?|dinars?|dirhams?|shekels?|baht|dong|naira|shillings?|cedis?|birr|reais|real|bol[ií]vars?|soles|taka|tenge|lari|manats?|"
    r"kyats?|guilders?|guineas?|bitcoins?|USD|EUR|GBP|CHF|SEK|NOK|DKK|PLN|CZK|HUF|RUB|UAH|TRY|JPY|CNY|INR|CAD|AUD|NZD|ZAR|BRL|MXN"
)
_PURPOSE = (
    "help|make|force|protect|prevent|avoid|stop|allow|drive|keep|support|get|reduce|increase|ensure|defend|guard|assist|push|bring|"
    "give|provide|create|save|raise|improve|show|encourage"
)
LOOKED_AT = 1_000
"""Characters of a sentence in which phrases are looked for. Longer ones are none; the patterns take time by the square."""

_PATTERNS: dict[Kind, re.Pattern[str]] = {
    "count": re.compile(_NUMBER, re.IGNORECASE),
    "money": re.compile(
        rf"(?:[$€£¥₹]|US\$|USD|EUR|GBP)\s?\d[\d.,]*(?:\s?(?:{_SCALE}|m|bn|k)\b)?"
        rf"|{_NUMBER}[\s-]?{_OF_A_COUNTRY}(?:{_CURRENCY})\b",
        re.IGNORECASE,
    ),
    "share": re.compile(
        rf"{_NUMBER}\s?(?:%|per ?cent|percent\w*|percentage points?)"
        r"|\b(?:a|one|two|three|nearly a|about a)[- ](?:half|third|quarter|fifth|tenth|sixth|eighth)s?\b|\bhalf\b"
        rf"|\b(?:one|two|three|four|nine)\b[\w ]{{0,24}}\b(?:in|out of)\b (?:{_SMALL}|\d+)"
        r"|\b(?:most|majority|all) of\b",
        re.IGNORECASE,
    ),
    "measure": re.compile(rf"(?:{_NUMBER}|\ba (?:few|couple of)|\bseveral)[\s-](?:\w+\s)?{_UNIT}\b", re.IGNORECASE),
    "duration": re.compile(
        rf"(?:{_NUMBER}|\ban?|\ba (?:few|couple of)|\bseveral|\bmany)[\s-](?:\w+\s)?"
        r"(?:seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|decades?|centur(?:y|ies))\b",
        re.IGNORECASE,
    ),
    "age": re.compile(
        rf"\b(?:aged?|age of)\s{_NUMBER}|{_NUMBER}[\s-]years?[\s-]old\b"
        r"|(?:(?<=\bhe is )|(?<=\bshe is )|(?<=\bhe was )|(?<=\bshe was )|(?<=\bturned )|(?<=\bturns ))\d\d?\b(?! years)"
        r"|,\s\d\d?,|\(\d\d?\)|\bborn\b.{0,40}\d{4}",
        re.IGNORECASE,
    ),
    "date": re.compile(
        rf"(?:(?:{_DAY}),?\s+)?(?:(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th)?(?:\sof)?\s+(?:{_MONTH})|\b(?:{_MONTH})\s+\d{{1,2}}(?:st|nd|rd|th)?\b)"
        r"(?:,?\s+\d{4})?"
        rf"|\b(?:early |late |mid-?|the end of |the beginning of )?(?:{_WHOLE_MONTH})\b(?:,?\s+\d{{4}})?"
        r"|\b(?:1[5-9]|20)\d\d(?:s|\s?[-–]\s?\d{2,4})?\b"
        rf"|\b(?:{_DAY})\b(?:\s(?:morning|afternoon|evening|night))?"
        r"|\b(?:last|this|next|earlier this)\s(?:year|month|week|spring|summer|autumn|fall|winter|night)\b"
        r"|\b(?:today|yesterday|tomorrow|tonight)\b"
        r"|\b(?:\w+|\d+)\s(?:years|months|weeks|days)\s(?:ago|earlier|later)\b",
        re.IGNORECASE,
    ),
    "reason": re.compile(
        r"\b(?:because|since|due to|owing to|thanks to|as a result|so that|in order to|in order that|aim(?:ed|ing|s)? (?:of|to|at|is|was)"
        rf"|to (?:{_PURPOSE})"
        r"|intended to|meant to|designed to|reasons?|caused by|in view of|in response to|after|as (?:it|he|she|they)\b|for fear"
        r"|fears? of|out of|expects?|suggest\w*|therefore|led to|which is why|for the purpose|on account of|given|over)\b",
        re.IGNORECASE,
    ),
    "list": re.compile(r"[^,;:]+(?:, [^,;]+)+,? (?:and|or) [^,;.]+|\b[\w-]+ (?:and|or) [\w-]+|: [^.]+,", re.IGNORECASE),
}
_CAPITAL = r"(?:[A-ZÀ-ÖØ-Þ][\w’'-]*|(?:[A-Z]\.)+)"
_PROPER = re.compile(rf"{_CAPITAL}(?:\s(?:(?:of|the|de|del|van|von|bin|al|der|and|for)\s(?:the\s)?(?={_CAPITAL}))?{_CAPITAL})*")
_SOMEBODY = re.compile(
    rf"\b(?i:an?|another|several|\d+|{_SMALL})\s(?:[\w-]+\s){{0,3}}?(?:m[ae]n|wom[ae]n|boys?|girls?|teenagers?|brothers?|sisters?|couple|"
    r"pensioners?|gunm[ae]n|suspects?|students?|pupils?|teachers?|drivers?|officers?|soldiers?|doctors?|nurses?|workers?|employees?)\b"
    r"(?:\sof\s\d\d?\b|\sfrom\s[A-Z][\w’'-]+)?",
)
"""Whom an article names no nearer ("a man of 34")."""
_PLACE_BEFORE = re.compile(r"\b(?:in|at|near|outside|inside|into|across|throughout|around)\s(?:the\s)?$", re.IGNORECASE)
_NOT_NAMES = frozenset(MONTHS) | frozenset(WEEKDAYS)


def phrases(question: Question, sentence: str) -> list[Span]:
    """Where the sentence holds phrases of the asked kind that the question does not itself hold; often none.

    For kinds without a form of their own ("other", "yes-no") there are none.
    """
    if question.kind == "place":
        return list(_names(question, sentence))
    if question.kind == "person":
        return [*_names(question, sentence), *(match.span() for match in _SOMEBODY.finditer(sentence, 0, LOOKED_AT))]
    pattern = _PATTERNS.get(question.kind)
    if pattern is None:
        return []
    asked = set(terms(question.text))
    found = []
    for match in pattern.finditer(sentence, 0, LOOKED_AT):
        said = [term for term in terms(match.group()) if term not in STOP_WORDS]
        if question.kind in ("reason", "list") or not said or not all(term in asked for term in said):
            found.append(match.span())
    if question.kind == "count":
        found = [span for span in found if not _is_part_of_date(sentence, span)]
    return found


def _names(question: Question, sentence: str) -> Iterator[Span]:
    asked = set(terms(question.text))
    for match in _PROPER.finditer(sentence, 0, LOOKED_AT):
        words = [word for word in terms(match.group()) if word not in STOP_WORDS]
        first_word = match.group().split()[0].lower().rstrip(".,")
        start = match.start()
        if _opens_sentence(sentence, start) and first_word in STOP_WORDS:
            # "The Kremlin", "In Kyiv": the capital belongs to the sentence, not to the name.
            start += len(match.group().split()[0]) + 1
            words = [word for word in terms(sentence[start : match.end()]) if word not in STOP_WORDS]
        if start >= match.end() or not words or all(word in asked for word in words):
            continue
        if sentence[start : match.end()].lower() in _NOT_NAMES:
            continue
        if question.kind == "person" and all(_is_of_a_country(word) for word in sentence[start : match.end()].split()):
            continue  # "Kyiv", "the Ukrainians": no one in particular
        yield start, match.end()


def _is_of_a_country(word: str) -> bool:
    return word.strip(".,;:").lower().replace("’", "'").removesuffix("'s").replace(".", "") in same_country()


def _opens_sentence(sentence: str, start: int) -> bool:
    return not sentence[:start].strip(" \"'“‘«(•–—-")


def _is_part_of_date(sentence: str, span: Span) -> bool:
    """Is this number a day or a year rather than a count?"""
    around = sentence[max(0, span[0] - 12) : span[1] + 12]
    written = sentence[span[0] : span[1]]
    if re.fullmatch(r"(?:1[89]|20)\d\d", written) and not re.match(r"\s\w+s\b", sentence[span[1] :]):
        return True
    return bool(re.fullmatch(r"\d{1,2}(?:st|nd|rd|th)?", written)) and bool(
        re.search(rf"{re.escape(written)}\s+(?:{_MONTH})\b|\b(?:{_MONTH})\s+{re.escape(written)}\b", around, re.IGNORECASE)
    )


_STRONG_REASON = re.compile(
    r"\b(?:because|due to|owing to|in order to|so that|as a result of|for fear of|in view of|with the aim of|out of fear)\b[^;:.!?]*",
    re.IGNORECASE,
)
_ENUMERATION = re.compile(
    r"(?:the |an? )?[\w’'-]+(?: [\w’'-]+){0,3}(?:, [\w’'-]+(?: [\w’'-]+){0,3})+,? (?:and|or) (?:the |an? )?[\w’'-]+(?: [\w’'-]+)?"
)


def certain_phrase(question: Question, sentence: str, spans: Sequence[Span]) -> Span | None:
    """The one phrase of the sentence that is the answer itself, for bold type; None when it is not certain."""
    if question.kind == "reason":
        found = [match.span() for match in _STRONG_REASON.finditer(sentence, 0, LOOKED_AT)]
        return _without_end(sentence, found[0]) if len(found) == 1 else None
    if question.kind == "list":
        found = [match.span() for match in _ENUMERATION.finditer(sentence, 0, LOOKED_AT)]
        return found[0] if len(found) == 1 else None
    if question.kind == "count":
        return _counted(question, sentence, spans)
    if question.kind in ("person", "place"):
        spans = [span for span in spans if not _is_doubtful(question, sentence, span)]
    return spans[0] if len(spans) == 1 else None


def _is_doubtful(question: Question, sentence: str, span: Span) -> bool:
    """Does a name have its capital from the sentence ("Several"), or is it a place's, where a person is asked for?"""
    start, end = span
    if question.kind == "person" and _PLACE_BEFORE.search(sentence[:start]):
        return True
    word = sentence[start:end]
    return " " not in word and _opens_sentence(sentence, start) and word_vectors().knows(word.lower().rstrip(".,"))


def _counted(question: Question, sentence: str, spans: Sequence[Span]) -> Span | None:
    """The number that stands right before what was to be counted, with it; the only number when nothing is named."""
    fits = []
    for start, end in spans:
        following = re.match(r"(?:[ -][\w’'-]+){1,3}", sentence[end:])
        if following:
            for term in located_terms(following.group()):
                if term.term in question.head:
                    fits.append((start, end + term.end))
                    break
    if len(fits) == 1:
        return fits[0]
    return spans[0] if len(spans) == 1 and not question.head else None


def _without_end(sentence: str, span: Span) -> Span:
    return span[0], span[0] + len(sentence[span[0] : span[1]].rstrip(' ,"”’'))
