"""PURE. Is a sentence of a model about what the articles do not say?

Such a sentence cannot be read in any article. Alone it means that the articles do not answer; beside others it is told for
what it is, and not checked.
"""

from __future__ import annotations

import re

_SILENCE = re.compile(
    r"^\W*(?:unfortunately,?\s+|sorry,?\s+(?:but\s+)?|based on [^,]{0,60},\s*)?"
    r"(?:(?:the|these|those|this|any|none of the|neither of the|your)?\s*(?:given|provided|available|above|supplied)?\s*"
    r"(?:articles?|passages?|sources?|texts?|documents?|excerpts?|context|information)\b[^.]{0,60}?"
    r"\b(?:do(?:es)? not|don['’]t|doesn['’]t|did not|is not|are not|cannot|never|says? nothing|no (?:information|mention|answer))"
    r"|none of the (?:articles|passages|sources)\b"
    r"|there (?:is|are|was) (?:no|not)\b[^.]{0,40}\b(?:information|mention|answer|passages?|articles?|sources?)"
    r"|no (?:information|mention|answer)\b"
    r"|it (?:is|was) not (?:mentioned|stated|said|specified|clear)"
    r"|i (?:cannot|can['’]t|could not|am unable to|do not|don['’]t)\b[^.]{0,30}\b(?:answer|find|know|say|help|see|provide|determine|assist))",
    re.IGNORECASE,
)
_MAY_BE_SILENCE = re.compile(
    r"^\W*(?:unfortunately|sorry|based on|the (?:articles|passages|sources|text|given|provided)|these|none|neither|there (?:is|are)|"
    r"no\b|it (?:is|was) not|i\b)",
    re.IGNORECASE,
)


def is_silence(sentence: str) -> bool:
    """Does a whole sentence say that the articles, or whoever writes, cannot say something?"""
    return bool(_SILENCE.search(sentence))


def may_become_silence(beginning: str) -> bool:
    """Could the beginning of a sentence go on to say so? It is not shown until it is told apart."""
    return bool(_MAY_BE_SILENCE.match(beginning))
