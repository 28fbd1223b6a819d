"""PURE. Sentences of articles altered by rule: shortened they still follow from their article, otherwise they no longer do.

A network that tells the two apart must have seen many of both, more than anyone writes; that rules can make them, Kryscinski
et al. (2020) showed. What is wrong with a model's sentence is mostly one of these: another name, number or day, who did what to
whom, a "not", the opposite, the beginning of one sentence with the end of another. The rules know no grammar: some of what they
make is odd, and a little of it mislabelled.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.conflicts import opposites

FOLLOWS, FOLLOWS_NOT = 0.98, 0.04
"""What a sentence is told to be: rules are not always right."""

NEAR = 8
"""Sentences before and after one, from which others' names, numbers and endings are taken."""

SHORTENED, BARED, JOINED = 0.75, 0.12, 0.08
"""How often a sentence is shortened before anything else; how often it is laid beside its article without it, which does not
support it then; and how often it is joined to the next one."""

_NAME = re.compile(r"(?<![.!?“\"] )(?<!^)\b[A-Z][\w’'-]*[a-zA-Z](?: (?:of |the |de |van )?[A-Z][\w’'-]*\w)*")
_NO_NAMES = frozenset("The It He She They This That In On But And I If When We You His Her Their Mr Mrs Ms".split())
_WORDS_OF_NUMBERS = "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred dozen".split()
_NUMBER = re.compile(rf"\b\d[\d,.]*\d\b|\b\d+\b|\b(?:{'|'.join(_WORDS_OF_NUMBERS)})\b")
_HELPERS = re.compile(r"\b(?:is|was|are|were|has|have|had|will|would|can|could|should|may|must)\b")
_NOT = re.compile(r"\b(?:not|never) |n[’']t\b")
_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_DATE = re.compile(rf"\b(?:{'|'.join(_MONTHS + _DAYS)})\b")
_HINGES = frozenset(
    "is was are were has have had will would said says after when who that to in by for with against on at from because".split()
)
_PAIRS = (
    "he she, his her, him her, man woman, men women, father mother, son daughter, brother sister, husband wife, with without, "
    "all some, many few, most few, always never, inside outside, above below, young old, new old, million billion, day week, "
    "week month, month year, dead injured, killed injured, good bad, strong weak, public private, home away, long short"
)
_ASIDE = re.compile(
    r", (?!and |or |but )[^,\"“”]{5,90},(?= (?:is|was|are|were|has|have|had|will|would|said|says|can|could|[a-z]+ed|[a-z]+s)\b)"
)
_TAIL = re.compile(
    r",? (?:which|who|where|while|as|after|but|and|with|including|because|following|when|in order|despite|amid) [^\"“”]{8,}$"
)
_LEAD = re.compile(r"(?!If|Unless|Until|Without)[A-Z][^,\"“”]{3,60}, (?=(?:the|a|an|he|she|they|it|we|[A-Z])\b)")


@dataclass(frozen=True, slots=True)
class Altered:
    """A text made from the sentence at a place of an article; the share of it that is right; and whether the article is to be
    read without that sentence."""

    text: str
    place: int
    share: float
    without: bool = False


@dataclass(frozen=True, slots=True)
class Around:
    """What a rule may take from elsewhere: names, numbers and sentences nearby, and sentences of other articles."""

    names: Sequence[str]
    numbers: Sequence[str]
    near: Sequence[str]
    far: Sequence[str]


def altered(sentences: Sequence[str], far: Sequence[str], most: int, dice: random.Random) -> Iterator[Altered]:
    """From at most so many of an article's sentences, what follows from them and what does not."""
    whole = [n for n, one in enumerate(sentences) if is_plain(one)]
    for n in dice.sample(whole, min(most, len(whole))):
        nearby = [sentences[m] for m in whole if m != n and abs(m - n) <= NEAR]
        names = [match.group() for one in nearby for match in _names(one)]
        around = Around(names, [number for one in nearby for number in _NUMBER.findall(one)], nearby, far)
        text = shortened(sentences[n], dice) if dice.random() < SHORTENED else sentences[n]
        kind = dice.random()
        if kind < BARED:
            yield Altered(text, n, FOLLOWS_NOT, without=True)
        elif kind < BARED + JOINED and n + 1 in whole:
            yield Altered(f"{text} {shortened(sentences[n + 1], dice)}", n, FOLLOWS)
        else:
            yield Altered(text, n, FOLLOWS)
        for begun in (text, sentences[n])[: dice.choice((1, 2))]:
            if falsified := false(begun, around, dice):
                yield Altered(falsified, n, FOLLOWS_NOT)


def is_plain(sentence: str) -> bool:
    """Is it a whole sentence of a usual length, mostly words?"""
    letters = sum(character.isalpha() or character == " " for character in sentence)
    return (
        6 <= len(sentence.split()) <= 45
        and sentence[0].isupper()
        and sentence[-1] in '.!?"”'
        and letters > 0.85 * len(sentence)
    )


def shortened(sentence: str, dice: random.Random) -> str:
    """A sentence without an aside, its beginning or its end, as long as five words are left."""
    text = sentence
    for _ in range(dice.choice((1, 1, 2))):
        cuts = [
            re.sub(r"\s*\([^()]*\)", "", text, count=1),
            _ASIDE.sub("", text, 1),
            _TAIL.sub("", text, 1),
            _LEAD.sub("", text, 1),
        ]
        cuts = [cut for cut in cuts if cut != text and len(cut.split()) >= 5]
        if not cuts:
            break
        text = dice.choice(cuts)
    return _finished(text)


def false(sentence: str, around: Around, dice: random.Random) -> str | None:
    """What a sentence does not say, by one of the rules; None when none of some that are tried applies."""
    rules, shares = zip(*_RULES, strict=True)
    for rule in dice.choices(rules, shares, k=6):
        text = rule(sentence, around, dice)
        if text and text != sentence:
            return str(text)
    return None


def _other_name(sentence: str, around: Around, dice: random.Random) -> str | None:
    here, words = _names(sentence), set(sentence.lower().split())
    if not here:
        return None
    match = dice.choice(here)
    others = [
        name
        for name in around.names
        if not words & set(name.lower().split()) and abs(len(name.split()) - len(match.group().split())) <= 1
    ]
    return _instead(sentence, match, dice.choice(others)) if others else None


def _names_exchanged(sentence: str, around: Around, dice: random.Random) -> str | None:
    here = _names(sentence)
    if len(here) < 2:
        return None
    first, second = sorted(dice.sample(here, 2), key=lambda match: match.start())
    between = sentence[first.end() : second.start()]
    if set(first.group().split()) & set(second.group().split()) or re.fullmatch(r"(?:,| and| or|\s)*", between):
        return None
    return sentence[: first.start()] + second.group() + between + first.group() + sentence[second.end() :]


def _other_number(sentence: str, around: Around, dice: random.Random) -> str | None:
    here = list(_NUMBER.finditer(sentence))
    if not here:
        return None
    match = dice.choice(here)
    number = match.group()
    others = [one for one in around.numbers if one not in sentence and one[0].isdigit() == number[0].isdigit()]
    if others and dice.random() < 0.6:
        return _instead(sentence, match, dice.choice(others))
    if number.isdigit():
        value = int(number)
        near = value < 100 or 1900 < value < 2100
        changed = (
            abs(value + dice.choice((-3, -2, -1, 1, 2, 3, 5))) if near else int(value * dice.choice((0.5, 0.7, 1.3, 2, 3)))
        )
        return _instead(sentence, match, str(changed))
    return _instead(sentence, match, dice.choice(_WORDS_OF_NUMBERS)) if number in _WORDS_OF_NUMBERS else None


def _denied(sentence: str, around: Around, dice: random.Random) -> str | None:
    if match := _NOT.search(sentence):
        return " ".join(_instead(sentence, match, " ").split())
    match = _HELPERS.search(sentence)
    return _instead(sentence, match, f"{match.group()} {dice.choice(('not', 'not', 'never'))}") if match else None


def _opposite(sentence: str, around: Around, dice: random.Random) -> str | None:
    against = _against()
    here = [match for match in re.finditer(r"\b[a-z]+\b", sentence) if match.group() in against]
    if not here:
        return None
    match = dice.choice(here)
    return _instead(sentence, match, dice.choice(against[match.group()]))


def _other_date(sentence: str, around: Around, dice: random.Random) -> str | None:
    here = list(_DATE.finditer(sentence))
    if not here:
        return None
    match = dice.choice(here)
    return _instead(sentence, match, dice.choice(_MONTHS if match.group() in _MONTHS else _DAYS))


def _ending_of_a_neighbour(sentence: str, around: Around, dice: random.Random) -> str | None:
    return _with_ending_of(sentence, around.near, dice)


def _ending_from_elsewhere(sentence: str, around: Around, dice: random.Random) -> str | None:
    return _with_ending_of(sentence, around.far, dice)


_RULES: tuple[tuple[Callable[[str, Around, random.Random], str | None], float], ...] = (
    (_other_name, 3),
    (_names_exchanged, 1.5),
    (_other_number, 2),
    (_denied, 1),
    (_opposite, 2),
    (_other_date, 1),
    (_ending_of_a_neighbour, 3),
    (_ending_from_elsewhere, 1.5),
)
"""The rules, and how often each is tried: mistakes of models in writing are oftenest of names and of endings (FRANK)."""


def _with_ending_of(sentence: str, others: Sequence[str], dice: random.Random) -> str | None:
    """Its beginning up to a small word and the end of another sentence from the same small word."""
    words = sentence.split()
    for other in dice.sample(list(others), min(8, len(others))):
        theirs = other.split()
        hinges = [(a, b) for a in _hinges(words) for b in _hinges(theirs) if words[a].lower() == theirs[b].lower()]
        if hinges:
            a, b = dice.choice(hinges)
            text = " ".join(words[:a] + theirs[b:])
            if text not in sentence and text not in other:
                return _finished(text)
    return None


@lru_cache(maxsize=1)
def _against() -> dict[str, list[str]]:
    """Words with those that say the opposite, or at least another thing."""
    found = {word: sorted(others) for word, others in opposites().items()}
    for one, other in (pair.split() for pair in _PAIRS.split(", ")):
        found.setdefault(one, []).append(other)
        found.setdefault(other, []).append(one)
    return found


def _hinges(words: Sequence[str]) -> list[int]:
    return [n for n in range(2, len(words) - 2) if words[n].lower() in _HINGES]


def _names(sentence: str) -> list[re.Match[str]]:
    return [match for match in _NAME.finditer(sentence) if match.group().split()[0] not in _NO_NAMES]


def _instead(sentence: str, match: re.Match[str], text: str) -> str:
    return sentence[: match.start()] + text + sentence[match.end() :]


def _finished(text: str) -> str:
    text = " ".join(text.split()).strip(" ,;:-–—")
    return text[:1].upper() + text[1:] + ("" if text[-1:] in tuple('.!?”"') else ".")
