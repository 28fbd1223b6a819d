"""PURE. Is a sentence of a model about what the articles do not say?

Such a sentence can hardly be read in any article. Alone it means that the articles do not answer; beside others it is told for
what it is. News has sentences of the same shape ("The documents do not show that the minister knew"): what an article does
say is for the check to tell, which comes first.
"""

from __future__ import annotations

import re

LONGEST = 400
"""Characters of a sentence that are looked at: it opens with what does not say, and soon says so."""

_LEAD = r"\W*(?:unfortunately,? |sorry,? (?:but )?|based on [^,]{0,60}, )?"
_WHICH = r"(?:the|these|those|this|any|none of the|neither of the|your)"
_OURS = r"(?:given|provided|available|above|supplied)"
_THING = r"(?:articles?|passages?|sources?|texts?|documents?|excerpts?|context|information)"
_NOTHING = r"no (?:information|mention|answer)\b"
_TELL = (
    r"(?:address|answers?|clarify|confirm|contain|cover|describe|details?|discuss|explain|give|identify|include|indicate|"
    r"information|list|mention|name|offer|provide|refer|report|reveal|say|show|specify|speak|state|suggest|talk|tell)"
)
_TOLD = (
    r"(?:about|available|clear|clearly|enough|given|included|mentioned|provided|related|relevant|said|specified|stated|"
    r"sufficient)"
)
_TELLS_NOT = (
    rf"\b(?:(?:do(?:es)? not|don['’]t|doesn['’]t|did not|didn['’]t|cannot|can['’]t|could not|never)(?: \w+){{0,4}} {_TELL}"
    rf"|(?:is|are|was|were)(?: not|n['’]t)(?: \w+)? {_TOLD}"
    rf"|says? nothing|{_NOTHING})\b"
)
_SILENCE = re.compile(
    rf"^{_LEAD}"
    rf"(?:(?:{_WHICH} (?:{_OURS} )?|{_OURS} ){_THING}\b[^.]{{0,60}}?{_TELLS_NOT}"
    # Sources and documents without an article are whom and what news is about as well.
    rf"|{_THING}(?: (?:about|for|of|on|regarding) [^.]{{0,60}}?)? {_TELLS_NOT}"
    rf"|none of the (?:{_OURS} )?(?:articles|passages|sources)\b"
    r"|there (?:is|are|was) (?:no|not)\b[^.]{0,40}\b(?:information|mention|answer|passages?|articles?|sources?)"
    rf"|{_NOTHING}"
    r"|it (?:is|was) not (?:mentioned|stated|said|specified|clear)"
    # Within quotation marks somebody else speaks.
    r"|(?<![\"“„‘'«])i (?:cannot|can['’]t|could not|am unable to|do not|don['’]t)\b[^.]{0,30}"
    r"\b(?:answer|find|know|say|help|see|provide|determine|assist))",
    re.IGNORECASE,
)
_MAY_BE_SILENCE = re.compile(
    r"^\W*(?:unfortunately|sorry|based(?:\W+on\b|\W*$)|none|neither|no\b|i\b"
    rf"|(?:{_WHICH}\W+)?(?:{_OURS}\W+)?{_THING}\b|(?:{_WHICH}(?:\W+{_OURS})?|{_OURS})\W*$"
    r"|(?:there(?:\W+(?:is|are|was))?|it(?:\W+(?:is|was))?)(?:\W+(?:no|not)\b|\W*$))",
    re.IGNORECASE,
)


def is_silence(sentence: str) -> bool:
    """Does a whole sentence say that the articles, or whoever writes, cannot say something?"""
    return bool(_SILENCE.search(" ".join(sentence.split())[:LONGEST]))


def may_become_silence(beginning: str) -> bool:
    """Could the beginning of a sentence, whole words of it, go on to say so? It is not shown until it is told apart."""
    return bool(_MAY_BE_SILENCE.match(" ".join(beginning.split())[:LONGEST]))
