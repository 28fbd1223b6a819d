"""PURE. What a model writes, as it comes in: the words that may be shown, its sentences, the passages each points to.

    "The [1] mines were cleared. [2, 3] Then"  ->  "The mines were cleared." of passages 1, 2, 3;  "Then"

Markers come in every form that models use. They, and Markdown's signs, are taken out of the words: the answer gets markers
of its own once a sentence has been checked. What may yet become a marker is held back until it is told apart, so that
what is shown of a beginning is always a beginning of what is shown of the whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from index.sentences import sentence_spans

_PASSAGE = r"(?:source|passage|doc|ref|excerpt|citation)"
_ALSO_NEWS = r"(?:article|document|reference)"
"""Laws and treaties have articles, too: outside square brackets such a word points to a passage only after one of `_CUE`."""
_WORD = rf"(?:{_PASSAGE}|{_ALSO_NEWS})s?"
_CUE = r"(?:\baccording[ \t]{1,3}to|\breported[ \t]{1,3}(?:in|by)|(?<=[(\[])see(?:[ \t]{1,3}also)?)[ \t]{1,3}"
_AND = r"[ \t]{0,3}(?:&|\band\b)[ \t]{0,3}"
_COMMA = r"[ \t]{0,3}(?:[,;&][ \t]{0,3}(?:and\b[ \t]{0,3})?|\band\b[ \t]{0,3})"
_NUMBER = r"\d{1,3}(?:[-–—]\d{1,3})?"
_LONGEST = 200
"""Characters between brackets that may be a marker: as many can be held back."""


def _list(word: str) -> str:
    one = rf"(?:{word}[ \t]{{0,3}}(?:[:#][ \t]{{0,3}})?)?#?\^?\d{{1,3}}(?:[ \t]{{0,3}}[-–—][ \t]{{0,3}}\d{{1,3}})?"
    return rf"{one}(?:{_COMMA}{one})*"


_SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_MARKER = re.compile(
    rf"(?P<bracket>[\[【](?=[^\]】\n]{{0,{_LONGEST}}}[\]】])[ \t]*(?P<in_bracket>{_list(_WORD)})[ \t]*"
    r"(?:†[^\]】\n]{0,40})?[\]】](?:\([^)\s]{0,300}\))?)"
    rf"|(?P<round>\((?=[^()\n]{{0,{_LONGEST}}}\))[ \t]*(?P<in_round>{_list(_PASSAGE + 's?')})[ \t]*\))"
    rf"|(?P<super>(?<=[\w.,;:!?”\"’)])[{_SUPERSCRIPT}]+(?:[,˒ ]?[{_SUPERSCRIPT}]+)*)"
    # "Source 1, 3 people" tells of three people, "Sources 1, 3" of two sources.
    rf"|(?P<named>(?P<cue>{_CUE})?\b(?<!['’]s[ \t])(?:the[ \t]{{1,3}})?(?:{_PASSAGE}|(?(cue){_ALSO_NEWS}|(?!)))(?P<plural>s)?"
    rf"[ \t]{{1,3}}#?(?P<in_named>(?>{_NUMBER}(?:(?(plural){_COMMA}|{_AND}){_NUMBER}){{0,20}}))"
    r"\b(?![.–—-]?\d|[ \t]{1,3}of\b))",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"(\d{1,3})(?:\s*[-–—]\s*(\d{1,3}))?")
_UNITS = re.compile(r"(?:^|[\s\d])(?:[kcmd]?m|km|ft|in|mi|yd|sq)$", re.IGNORECASE)
_LINE_START = re.compile(r"(?m)^(?:[ \t]*(?:#{1,6}[ \t]+|[-•–]+[ \t]+|\d{1,2}[.)][ \t]+|>[ \t]*))+")
_SIGNS = re.compile(r"\*+|`+|(?<!\w)_{1,2}(?=\w)|(?<=\w)_{1,2}(?!\w)")
_HELD = re.compile(
    rf"[\[【](?:{_WORD}|and\b|[\d \t,;&#:^–—-])*(?:†[^\]】\n]*)?\Z"  # a bracket that is not closed yet
    rf"|\((?:{_PASSAGE}s?|and\b|[\d \t,;&#:^–—-])*\Z"
    rf"|(?:\bthe[ \t]{{1,3}})?\b{_WORD}(?:and\b|[\d \t,;&#–—-])*\Z"
    rf"|\bthe\Z",
    re.IGNORECASE,
)
"""What may yet become a marker. One that stands before it has been told apart by it."""
_BEGUN = re.compile(r"(?:\A|(?<=\n))(?:[ \t]*(?:[-•–#>]+|\d{1,2}[.)]?))+\Z")
"""The signs of a list, before its first word."""
_HALF = re.compile(r"[\[【]#?\d{1,3}(?:[\d \t,;&–—-]|and\b){0,60}\Z")
"""A marker that its text ends in the middle of."""
_HELD_BACK = 2 * _LONGEST
"""Characters at the end that are looked at for what is held back."""
_OPENED = re.compile(r"(?<![\s\[【(“\"‘'«•–—-])[\s\[【(“\"‘'«•–—-]+\Z")
"""What may open the next sentence: where the last one ends is known only with what follows. It is looked for from the first
of such signs alone, or a text of nothing else would take the square of its length."""
_DIGITS = str.maketrans(_SUPERSCRIPT, "0123456789")
_MOST = 40
"""Numbers of one marker that are taken: [1-999] is nonsense."""


@dataclass(frozen=True, slots=True)
class Written:
    """A sentence of a model's text: where it stands in the words shown, and the numbers of passages that it points to,
    each once, in the order they came. `opens` when a paragraph begins with it."""

    start: int
    end: int
    markers: tuple[int, ...]
    opens: bool


@dataclass(frozen=True, slots=True)
class Text:
    """What may be shown of a model's text so far. Of `sentences` the last may still be going on."""

    words: str
    sentences: tuple[Written, ...]


def parse(raw: str, names: Sequence[str], *, done: bool) -> Text:
    """A model's text so far, or, when it is `done`, all of it.

    `names` are what the passages are called when the text speaks of "Source 2": of the n-th the n-th name. A number in
    round brackets or after such a word points to a passage only when there are that many; others stay words.
    """
    raw = _printable(raw)
    if not done:
        # The last word may go on; a marker may follow what looks complete.
        raw = raw[: max(raw.rfind(" "), raw.rfind("\n")) + 1]
    raw = _SIGNS.sub("", raw)
    if done:
        raw = raw.rstrip()
        if half := _HALF.search(raw, max(0, len(raw) - _HELD_BACK)):
            raw = raw[: half.start()].rstrip()
    else:
        raw = raw.rstrip(" \t")
        for unsure in (_HELD, _BEGUN):
            if held := unsure.search(raw, max(0, len(raw) - _HELD_BACK)):
                raw = raw[: held.start()].rstrip(" \t")
    raw = _LINE_START.sub("", raw)
    pieces: list[str] = []
    marks: list[tuple[int, list[int]]] = []
    length = at = 0
    for match in _MARKER.finditer(raw):
        numbers = _numbers(match)
        if not _points(match, numbers, len(names), raw):
            continue
        before = raw[at : match.start()]
        named = ""
        if match["named"]:
            known = list(dict.fromkeys(names[number - 1] for number in numbers))
            named = (match["cue"] or "") + (known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}")
        else:
            before = before.rstrip(" \t")
        pieces += [before, named]
        length += len(before) + len(named)
        marks.append((length, numbers))
        at = match.end()
        if not named and (not before or before.endswith("\n")):
            at += len(raw[at:]) - len(raw[at:].lstrip(" \t"))
    pieces.append(raw[at:])
    words = "".join(pieces)
    words = words.rstrip() if done else _OPENED.sub("", words)
    return Text(words, _sentences(words, marks))


def _sentences(words: str, marks: Sequence[tuple[int, list[int]]]) -> tuple[Written, ...]:
    spans = sentence_spans(words)
    pointed: list[list[int]] = [[] for _ in spans]
    for place, numbers in marks:
        earlier = [n for n, (start, _) in enumerate(spans) if start < place]
        owner = earlier[-1] if earlier else 0
        if owner + 1 < len(spans) and earlier and "\n" in words[spans[owner][1] : place]:
            owner += 1
        if spans:
            pointed[owner] += numbers
    return tuple(
        Written(start, end, tuple(dict.fromkeys(pointed[n])), n == 0 or "\n" in words[spans[n - 1][1] : start])
        for n, (start, end) in enumerate(spans)
    )


def _numbers(match: re.Match[str]) -> list[int]:
    inside = match["in_bracket"] or match["in_round"] or match["in_named"]
    if inside is None:
        groups = re.findall(rf"[{_SUPERSCRIPT}]+", match["super"])
        return [int(group.translate(_DIGITS)) for group in groups][:_MOST]
    found: list[int] = []
    for first, last in _NUMBERS.findall(inside):
        found += range(int(first), int(last or first) + 1)
    return found[:_MOST]


def _points(match: re.Match[str], numbers: Sequence[int], count: int, raw: str) -> bool:
    """Is this a marker? In square brackets whatever it points to, elsewhere only to a passage that there is."""
    if match["bracket"]:
        return True
    if match["super"] and _UNITS.search(raw[max(0, match.start() - 6) : match.start()]):
        return False
    return bool(numbers) and all(1 <= number <= count for number in numbers)


def _printable(text: str) -> str:
    """Without control characters, line ends aside, and without signs that turn the direction of writing."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") or c in "\u200c\u200d")
