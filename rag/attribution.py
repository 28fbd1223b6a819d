"""PURE. Who does a source have say what it tells, where a sentence that is made of it tells the same as a fact?

"Kyiv said that the city had been shelled" reports; "The city had been shelled" tells. Nobody is misquoted there, but the
reader of news wants to know whose word it is, and is shown it.
"""

from __future__ import annotations

import re

from index.words import is_stop_word, located_terms
from rag.verbatim import SAY, first_words

STATED = 0.7
"""Share of a sentence's telling words that must stand in what somebody is said to say, and not beside it."""

_A_NAME = r"[^,;:.“”\"]"
_LEAD = re.compile(
    rf"^(?:according\s+to\s{_A_NAME}{{2,80}},"
    rf"|{_A_NAME}{{2,60}}(?:,[^,;:]{{2,60}},)?\s"
    rf"(?:{SAY}(?:\s+[\w'’-]+){{0,6}}?\s+that|(?:said|says?|added|told\s+[\w'’-]+)(?:\s+(?:on\s+)?\w+day)?))(?=\s)",
    re.IGNORECASE,
)
"""The beginning of a sentence that reports: "Police in Kherson said on Monday that"."""

_TAIL = re.compile(
    rf"[,”\"’]\s*(?:according\s+to\s[^;]{{2,80}}|{SAY}\s[^;“\"]{{2,80}}"
    rf"|(?:[\w.'’-]+\s+){{1,6}}{SAY}(?:\s(?:[^,;“\"]|,(?=\s\d)){{0,50}})?)$",
    re.IGNORECASE,
)
"""Its end: ", a spokeswoman said on Monday"."""

_AMID = re.compile(rf",\s+(?P<who>(?:[\w.'’-]+\s+){{1,5}}{SAY}),\s", re.IGNORECASE)
"""Its middle: "In future, he said, Russia would ..."."""

_TELLS_ITSELF = re.compile(rf"\b{SAY}\b|\baccording\s+to\b|\bin\s+the\s+words\s+of\b", re.IGNORECASE)
_GOES_ON = re.compile(r"[,;]\s+(?:and|but|while|although|though|as|which)\s", re.IGNORECASE)


def reported(said: str, source: str) -> str:
    """The words of the sentence `source` that have somebody say what the sentence `said` tells as a fact, as a reader is shown
    them ("“Kyiv said that …”"); "" when `said` tells who says it, or the source tells it itself."""
    if _TELLS_ITSELF.search(said):
        return ""
    source = source.strip(' ."”’')
    if lead := _LEAD.search(source):
        stated = source[lead.end() :]
        if (on := _GOES_ON.search(stated)) and on.start() > 0:
            stated = stated[: on.start()]
        return f"“{lead[0]} …”" if _is_in(said, stated) else ""
    if tail := _TAIL.search(source):
        who = tail[0].lstrip(',”"’ ')
        return f"“… {first_words(who)}”" if _is_in(said, source[: tail.start()]) else ""
    if amid := _AMID.search(source):
        return f"“… {amid['who']} …”" if _is_in(said, f"{source[: amid.start()]} {source[amid.end() :]}") else ""
    return ""


def _is_in(said: str, stated: str) -> bool:
    telling = {term.term for term in located_terms(said) if not is_stop_word(said[term.start : term.end])}
    there = {term.term for term in located_terms(stated)}
    return bool(telling) and len(telling & there) >= STATED * len(telling)
