"""PURE. Does what is left out of a sentence narrow what is left?

"It is the first strike since 2014" is not the first strike, "either Brandt or Sato" is not Sato, "9,000 a year" are not 9,000,
and "during outbreaks" is when pupils might be kept out of school. Without such words a sentence says more than its source.
"""

from __future__ import annotations

import re

LOOKED_AT = 200
"""Characters around the place that are looked at."""

_ALL = (
    r"(?:only|sole|all|every|each|any|no|none|most|few|fewest|least|first|last|largest|biggest|greatest|highest|lowest|"
    r"oldest|youngest|longest|shortest|fastest|strongest|weakest|best|worst|deadliest|busiest|richest|poorest|earliest|smallest|"
    r"heaviest|hottest|coldest|closest|nearest|tallest|deepest|widest)"
)
_TIME = r"(?:time|day|night|week|weekend|month|year|decade|century|season|spring|summer|autumn|winter|minute|hour)s?"
_VERB = (
    r"(?:is|are|was|were|be|been|has|have|had|does|did|do|will|would|can|could|may|might|must|should|said|says|told|\w{2,}ed|came|"
    r"went|took|made|got|gave|left|began|fell|rose|won|lost|met|saw|held|hit|put|set|cut|ran|led|sent)"
)
_AMONG = re.compile(rf"\b{_ALL}\b(?!\s+{_TIME}\b)(?:\s+(?!{_VERB}\b)[\w'’%-]+){{0,6}}$", re.IGNORECASE)
"""From "the first" or "all" on there is only what they belong to."""
_SCOPE = re.compile(
    r"^(?:since|in|of|outside|among|under|from|within|for|to|who|that|whose|other\s+than|except)\b", re.IGNORECASE
)
_RESTRICTED = re.compile(rf"\b{_ALL}(?:\s+of)?(?:\s+(?:the|its|their|his|her|our))?$", re.IGNORECASE)
_ANOTHER = re.compile(r"\beither\b|^(?:\w+\s+){0,3}or\b|\bor$", re.IGNORECASE)
_RATE = re.compile(
    r"^(?:an?|per|each|every)\s+(?:second|minute|hour|day|night|week|month|quarter|season|year|head|person|capita|child|household"
    r"|tonne|ton|kilo|litre|liter|square)\b|^(?:annually|yearly|monthly|weekly|daily|hourly|apiece|each)\b",
    re.IGNORECASE,
)
_CASE = re.compile(
    r"^(?:except|unless|provided|other\s+than|apart\s+from|excluding|as\s+long\s+as|so\s+long\s+as|in\s+case|in\s+the\s+event)\b",
    re.IGNORECASE,
)
_MAY = re.compile(r"\b(?:may|might|can|could|will|would|shall|should|must|won['’]t)\b", re.IGNORECASE)
_OCCASION = re.compile(r"^(?:(?:but\s+|and\s+)?only\b|during\b|once\b|without\b)", re.IGNORECASE)
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|dozen|hundred|thousand|million|billion)s?\b", re.IGNORECASE
)


def narrows(before: str, left_out: str) -> bool:
    """Does what is `left_out` of a sentence narrow what stands `before` it, which is kept?

    Between them there is no comma: "the first, in Lyon" is the first without Lyon.
    """
    kept, gone = before[-LOOKED_AT:].rstrip(), left_out.lstrip()[:LOOKED_AT].rstrip()
    if not gone:
        return False
    return bool(
        (_AMONG.search(kept) and _SCOPE.search(gone))
        or _RESTRICTED.search(kept)
        or _ANOTHER.search(gone)
        or (_NUMBER.search(kept) and _RATE.search(gone))
        or _CASE.search(gone)
        or (_MAY.search(kept) and _OCCASION.search(gone))
    )
