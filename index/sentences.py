"""PURE. Where the sentences of a text begin and end, as offsets into it.

A line break always ends a sentence: reading keeps one paragraph, heading or list item a line.
"""

from __future__ import annotations

import re
from itertools import pairwise

Span = tuple[int, int]

_CLOSERS = "\"'”’»›)\\]」』）】"
# A run of stops is taken as one, from its first: tried from each of its places, a long one would take hours.
_END = re.compile(
    rf"(?<![.!?…])(?P<stop>[.!?…]++)[{_CLOSERS}]*(?:(?=\s)|(?P<glued>(?=[\"“‘(]?[^\W\d_])))|(?P<wide>[。！？．]+)[{_CLOSERS}]*|(?P<line>\n)"
)
_OPENERS = re.compile(r"[\s\"'“‘«‹(\[「『（【•*–—-]*")

# Before a name: the full stop after one of these never ends a sentence.
_TITLES = frozenset(
    "mr mrs ms mx dr prof gen maj col lt sgt capt cpl pvt adm cmdr brig sen rep gov pres rev hon fr sr st mt ft "
    "supt insp det sec amb messrs mme mlle herr frau sra".split()
)
# Inside a sentence as a rule; a capitalised function word behind one still begins a new sentence.
_ABBREVIATIONS = frozenset(
    "inc ltd co corp plc bros jr v vs no nos approx est dept univ assn ave blvd etc e.g i.e cf al ed eds pp vol fig art "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun a.m p.m a.d b.c".split()
)
_STARTERS = frozenset(
    "the a an in on at by for from with as he she it its they we you this that these those there but and or if "
    "when while after before since however his her their our what who why how where".split()
)
# Where white space was lost ("in Tokyo.And it"), a whole word stands on either side, unlike in an address or in "Amazon.Com".
_GLUED_BEFORE = re.compile(r"(?:^|[\s\"'“‘’(-])[^\W\d_]+[^\W\d_A-Z]{2}$")
_GLUED_AFTER = re.compile(r"[\"“‘(]?(?!(?:Com|Org|Net|Co|Io|Js)\b)(?:[^\W\d_][^\W\d_A-Z]+|[IA])(?=[,;:'’\s])")
_WORD_BEFORE = re.compile(r"[^\s(\[\"“‘'«]+$")
_WORD_AFTER = re.compile(r"[^\W\d_]+")


def sentence_spans(text: str) -> list[Span]:
    """The sentences of `text` in order, each as (start, end) without surrounding white space.

    Spans never overlap and together hold every character of `text` that is not white space.
    """
    borders = [0]
    for match in _END.finditer(text):
        if match["stop"] is None or (
            (match["glued"] is None or _is_glued(text, match.start(), match.end()))
            and _ends_sentence(text, match.start(), match["stop"], match.end())
        ):
            borders.append(match.end())
    borders.append(len(text))
    spans = (trimmed(text, start, end) for start, end in pairwise(borders))
    return [(start, end) for start, end in spans if start < end]


def trimmed(text: str, start: int, end: int) -> Span:
    """The span without white space at its ends; empty, at `start`, when there is nothing else."""
    piece = text[start:end]
    lead = len(piece) - len(piece.lstrip())
    return (start + lead, start + len(piece.rstrip())) if piece.strip() else (start, start)


def _ends_sentence(text: str, at: int, stop: str, end: int) -> bool:
    """Does the stop that stands at `at` (with its closing marks until `end`) end a sentence?"""
    opened = _OPENERS.match(text, end)
    after = opened.end() if opened else end
    if after >= len(text) or "\n" in text[end:after]:
        return True
    follower = text[after]
    if follower in ".,;:!?…":
        return False
    word_end = at
    if stop == "." and text[max(0, at - 1) : at].isspace():
        lead = text[max(0, at - 20) : at]
        word_end -= len(lead) - len(lead.rstrip())
        if text[max(0, word_end - 1) : word_end] == ".":
            return False  # ". . ." leaves words out
    elif follower.islower():  # after a stop that is set apart, as in text cut into words, a small letter may begin a sentence
        return False
    if stop[0] in "!?":
        return True
    if "…" in stop or len(stop) > 1:
        return at == 0 or not text[at - 1].isspace()  # "that … Iranian" leaves words out; "He left… Then" ends
    before = _WORD_BEFORE.search(text, max(0, word_end - 20), word_end)
    word = before.group() if before else ""
    bare = word.lower()
    next_word = _WORD_AFTER.match(text, after)
    starts_new = bool(next_word) and next_word.group().lower() in _STARTERS if next_word else False
    if bare in _TITLES:
        return False
    if len(word) == 1 and word.isupper():
        return starts_new  # an initial: "J. Smith"
    if bare in _ABBREVIATIONS:
        return starts_new and bare not in {"v", "vs", "e.g", "i.e", "cf", "no", "nos"}
    if "." in bare and len(bare.replace(".", "")) <= 3 and bare.replace(".", "").isalpha():
        return starts_new  # "U.S."
    return True


def _is_glued(text: str, at: int, end: int) -> bool:
    """Do two sentences meet at the stop `at` (with its closing marks until `end`), where no white space is?"""
    return bool(_GLUED_AFTER.match(text, end) and _GLUED_BEFORE.search(text[max(0, at - 30) : at]))
