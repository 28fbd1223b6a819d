"""PURE. Is a name in a text: as itself, by another name for the same country, or spelled a little otherwise?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from index.types import Article
from index.words import located_terms, terms
from rag.countries import same_country
from rag.meaning import word_vectors
from rag.question import Word

TOPIC_TIMES = 3
OPENING = 300
"""How often an article says a name that it is about; and the characters from its start that say what it is about."""

FORMS_OF_ADDRESS = frozenset("mr mrs ms miss dr sir dame lord lady prof professor judge capt captain gen general".split())

SHORT_FOR = {
    "us": "united states",
    "usa": "united states",
    "uk": "united kingdom",
    "un": "united nations",
    "eu": "european union",
}


@dataclass(frozen=True, slots=True)
class Analysed:
    """A text's terms and words, for many questions about it."""

    terms: frozenset[str]
    words: tuple[str, ...]

    def names(self, word: Word) -> float:
        """Is this name in the text: 1 as itself, 0.9 by another name for the same country, 0.85 spelled a little otherwise."""
        if word.term in self.terms:
            return 1.0
        folded = word.text.lower().replace("’", "'").removesuffix("'s").replace(".", "")
        others = same_country().get(folded)
        if others:
            return 0.9 if any(other in others for other in self.words) else 0.0
        if len(word.term) >= 5 and any(_spelled_alike(word.term, term) for term in self.terms if term[0] == word.term[0]):
            return 0.85
        return 0.0


def is_topic(word: Word, article: Article) -> bool:
    """Does the article open with this name or another for the same country, or come back to it again and again?"""
    name = word.text.lower().replace("’", "'").removesuffix("'s")
    text = _lowered(article.text)
    alike = same_country().get(name, frozenset((name,)))
    return any(len(one) > 2 and (one in text[:OPENING] or text.count(one) >= TOPIC_TIMES) for one in alike)


def goes_by_surname(first: Word, last: Word, text: str) -> bool:
    """Does the text call by the surname alone whom a question gives a first name, too ("Mr Salmond")?

    Not when it puts another first name before the surname: that is somebody else.
    """
    surname = last.text.replace("’", "'").removesuffix("'s")
    before = re.findall(rf"(?:(\w[\w’'-]*\.?)\s+)?\b{re.escape(surname)}\b", text, re.IGNORECASE)
    called = [word for word in before if word[:1].isupper() and not word_vectors().knows(word.rstrip(".").lower())]
    return bool(before) and all(
        word.lower() == first.text.lower() or word.lower().rstrip(".") in FORMS_OF_ADDRESS for word in called
    )


@lru_cache(maxsize=64)
def _lowered(text: str) -> str:
    return text.lower()


@lru_cache(maxsize=4096)
def analysed(text: str) -> Analysed:
    """A text taken apart; remembered, because each of its sentences is looked at with the same neighbours."""
    folded = [
        text[start:end].lower().replace("’", "'").removesuffix("'s").replace(".", "") for _, start, end in located_terms(text)
    ]
    short = [name for name, full in SHORT_FOR.items() if full in " ".join(folded)]
    return Analysed(frozenset([*terms(text), *short]), tuple(dict.fromkeys([*folded, *short])))


@lru_cache(maxsize=65_536)
def _spelled_alike(one: str, other: str) -> bool:
    """Two spellings of one name: "Zelensky" and "Zelenskyy". At most one letter in five differs."""
    if abs(len(one) - len(other)) > 2 or min(len(one), len(other)) < 5:
        return False
    return _edits(one, other) <= (1 if max(len(one), len(other)) < 9 else 2) and one[:2] == other[:2]


def _edits(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        last, row[0] = row[0], i
        for j, b in enumerate(other, start=1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]
