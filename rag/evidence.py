"""PURE. The sentences that might answer a question, and how well each does, as numbers.

The numbers feed one small fitted model (`rag.answering`): they say how much of the question a
sentence and what it leans on cover, whether the names and dates of the question are there, whether
it holds a phrase of the asked kind, and how near it is in meaning.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from index.chunk import spelled_date
from index.minilm import Reading
from index.sentences import Span, sentence_spans
from index.types import Article, Hit
from index.words import located_terms
from rag.countries import same_country
from rag.expect import phrases
from rag.meaning import word_vectors
from rag.names import analysed, goes_by_surname, is_topic
from rag.question import Question, Word
from rag.reader import UNREAD, Judgement

NAMED_AROUND, NAMED_IN_PASSAGE, NAMED_AS_TOPIC, BY_SURNAME = 0.9, 0.35, 0.6, 0.9
SAID_AROUND, SAID_IN_PASSAGE = 0.7, 0.5
"""What a name counts for that stands not in the sentence but in its headline or the sentences before it,
elsewhere in the passage (perhaps in another matter), or as what the whole article is about, or of which the sentence says
but the surname; and what other words count for around it and in the passage."""

KIND_NOUN = 0.4
LIGHT_VERBS = frozenset(
    "go goes going went gone get gets getting got gotten come comes coming came make makes making made take takes taking "
    "took taken give gives giving gave given put puts use uses using used find finds finding found keep keeps kept become "
    "becomes became begin begins began start starts started try tries tried want wants wanted need needs "
    "needed look looks looked".split()
)
"""Verbs of so many meanings that they tell little."""

NOT_OF_NAMES = ("ed", "ing", "ers", "ors", "ly", "tion", "ness", "ment", "ise", "ises", "our", "ours")
DATELINE = 300
"""Characters from the start of an article where its own date may stand."""

LOOKS_BACK = 2
"""Sentences before one whose names count as said in it: what "he" and "the city" mean stands there."""

FEATURES = (
    "words", "words_here", "weakest_word", "names", "weakest_name", "phrase", "no_phrase", "counted",
    "passage_rank", "aligned", "aligned_here", "weakest_aligned", "weakest_aligned_here", "aligned_back", "judged", "marked",
)  # fmt: skip
"""What is known of a sentence, each from 0 to 1 (cosines may be a little below 0).

From its words: the share of the question's plain words (by weight) that it or what it leans on holds, and that it
holds itself, and the worst match among them; the share of the question's names, and the worst; does it hold a phrase of
the asked kind, does it lack one; does a number stand right before what is to be counted; how early its passage was found.

From reading both closely, token by token (the late interaction of ColBERT, Khattab and Zaharia 2020, with the tokens of
the built-in embedder): the mean over the question's tokens of the best cosine with a token of the sentence and what
precedes it, and of the sentence alone; the worst telling word, and the worst plain word in the sentence alone; and the
mean over the sentence's tokens of the best cosine with one of the question.

From the reader (`rag.reader`), which reads both as one: a tenth of its score, and how likely the likeliest token
is part of the answer."""

READ_TOKENS = ("aligned", "aligned_here", "weakest_aligned", "weakest_aligned_here", "aligned_back")

NEEDS_PHRASE = {"age": "an age", "money": "a sum of money", "measure": "a measure"}
"""Kinds that no sentence answers without a phrase of that kind in it."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a hit's passage: where it stands in its article, and the sentences before it."""

    article: Article
    start: int
    end: int
    before: tuple[Span, ...]
    rank: int
    passage: str

    @property
    def text(self) -> str:
        """The sentence, verbatim."""
        return self.article.text[self.start : self.end]

    @property
    def lead_in(self) -> str:
        """The sentences before it that it may lean on, as one text; may be empty."""
        return self.article.text[self.before[0][0] : self.before[-1][1]] if self.before else ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence with what was found out about it.

    `missing` is what must be in an answer and is not in it: names, years and months of the question,
    a phrase of the asked kind where none will do without. `spans` are its phrases of the asked kind,
    `features` the numbers named by `FEATURES`; `quotes` is whether it holds words that the question
    quotes; `quick` is a first guess from words alone; `begins` is whether it is the beginning of an article about
    the topic of a question that asks for no one thing.
    """

    sentence: Sentence
    features: Mapping[str, float]
    missing: tuple[str, ...]
    spans: tuple[Span, ...]
    quotes: bool
    quick: float
    begins: bool = False


def sentences_of(hits: Sequence[Hit]) -> list[Sentence]:
    """The sentences of the hits' passages, best passage first, no place twice."""
    found: list[Sentence] = []
    seen: set[tuple[str, int]] = set()
    for rank, hit in enumerate(hits):
        article, passage = hit.article, hit.passage
        spans = [(passage.start + start, passage.start + end) for start, end in sentence_spans(passage.text)]
        earlier = _spans_before(article.text, passage.start)
        for place, (start, end) in enumerate(spans):
            if (article.id, start) in seen or not any(char.isalpha() for char in article.text[start:end]):
                continue
            seen.add((article.id, start))
            before = (earlier + spans[:place])[-LOOKS_BACK:]
            found.append(Sentence(article, start, end, tuple(before), rank, passage.text))
    return found


def _spans_before(text: str, start: int) -> list[Span]:
    """The last sentences before a place, from a window that is large enough for two."""
    begin = max(0, start - 1200)
    spans = [(begin + a, begin + b) for a, b in sentence_spans(text[begin:start])]
    return spans[-LOOKS_BACK:] if begin == 0 else spans[1:][-LOOKS_BACK:]


def weigh_words(question: Question, frequency: Mapping[str, int], passages: int) -> dict[str, float]:
    """How much each word of the question tells, in (0, 1]: the rarer in the collection, the more.

    The noun after "which" or "what" names the kind of answer ("which river"), which an answer rarely says.
    """
    most = math.log(passages + 1.0) or 1.0
    weights = {}
    for word in question.words:
        rarity = math.log((passages + 1) / (frequency.get(word.term, 0) + 1)) / most
        weights[word.term] = 1.0 if word.name else 0.3 + 0.7 * max(0.0, rarity)
        if word.term in question.head and not word.name and question.kind in ("person", "place", "list", "date"):
            weights[word.term] *= KIND_NOUN
    return weights


def recognise_names(question: Question, hits: Sequence[Hit], frequency: Mapping[str, int]) -> Question:
    """The question with names marked that its writer did not capitalise, having used no capitals.

    A word is a name when the passages found write it with a capital inside sentences, always if it
    is a common word, more often than not if it is none; and when it is no common word and not in the
    collection at all.
    """
    capital: dict[str, int] = {}
    small: dict[str, int] = {}
    asked = {word.term for word in question.words}
    for hit in hits:
        text = hit.passage.text
        for start, end in sentence_spans(text):
            found = list(located_terms(text[start:end]))
            if sum(text[start + at].isupper() for _, at, _ in found) > 0.5 * len(found):
                continue  # a headline, where capitals tell nothing
            for place, (term, at, _) in enumerate(found):
                if place and term in asked:
                    counts = capital if text[start + at].isupper() else small
                    counts[term] = counts.get(term, 0) + 1
    known = word_vectors()

    def is_name(word: Word) -> bool:
        if word.name or word.text.lower() in same_country():
            return True
        if question.cased or word.term in question.head:
            return False  # its writer uses capitals and gave it none; or it says what kind of thing is asked for
        if known.knows(word.text):
            return capital.get(word.term, 0) >= 2 and not small.get(word.term)
        # Not a common word: written with a capital here, or not written here at all.
        unheard = len(word.text) > 2 and not word.text.endswith(NOT_OF_NAMES) and not frequency.get(word.term)
        return capital.get(word.term, 0) > small.get(word.term, 0) or unheard

    return replace(question, words=tuple(replace(word, name=is_name(word)) for word in question.words))


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What is read closely of a sentence: the headline, the sentence before and the sentence, as one text, and where in
    it the sentence itself begins."""

    text: str
    own: int


def read_closely(sentence: Sentence) -> Excerpt:
    """The text that is read closely."""
    before = sentence.article.text[slice(*sentence.before[-1])] if sentence.before else ""
    text = f"{sentence.article.title}. " if sentence.article.title else ""
    text += f"{before} " if before else ""
    return Excerpt(text + sentence.text, len(text))


def with_reading(evidence: Evidence, question: Question, asked: Reading, reading: Reading, own_from: int) -> Evidence:
    """The evidence with what reading question and sentence token by token tells; `reading` is of
    its excerpt (`read_closely`), in which the sentence itself begins at `own_from`."""
    cosines = asked.tokens @ reading.tokens.T
    own = [place for place, (start, _) in enumerate(reading.offsets) if start >= own_from]
    if not len(asked.tokens) or not own:
        return evidence  # cut away by the model's window, or nothing to compare
    best, best_here = cosines.max(axis=1), cosines[:, own].max(axis=1)
    said = [place for place, (start, end) in enumerate(asked.offsets) if question.text[start:end].isalnum()]
    words, here = [], []
    for word in question.words:
        places = [
            place
            for place, (start, end) in enumerate(asked.offsets)
            if any(start < found.end and end > found.start for found in word.places)
        ]
        if places:
            words.append(float(best[places].mean()))
            if not word.name:
                here.append(float(best_here[places].mean()))
    read = (
        float(best[said].mean()) if said else 1.0,
        float(best_here[said].mean()) if said else 1.0,
        min(words, default=1.0),
        min(here, default=1.0),
        float(cosines[:, own].max(axis=0).mean()),
    )
    return replace(evidence, features={**evidence.features, **dict(zip(READ_TOKENS, read, strict=True))})


def with_judgement(evidence: Evidence, judgement: Judgement) -> Evidence:
    """The evidence with what the reader makes of the sentence."""
    told = {"judged": judgement.score / 10, "marked": judgement.marked}
    return replace(evidence, features={**evidence.features, **told})


def examine(question: Question, sentence: Sentence, weights: Mapping[str, float], passage_meaning: float) -> Evidence:
    """What the words of a sentence say; what reading it closely tells is still 0, see `with_reading`.

    `passage_meaning` is the cosine of its passage with the question, for the first guess.
    """
    here = analysed(sentence.text)
    around = analysed(sentence.lead_in)
    title = analysed(sentence.article.title)
    passage = analysed(sentence.passage)
    missing: list[str] = []
    matched: dict[str, float] = {}
    matched_here: dict[str, float] = {}
    plain = [word for word in question.words if not word.name]
    near_here = dict(zip([w.term for w in plain], word_vectors().nearness([w.text for w in plain], here.words), strict=True))
    near_around = dict(
        zip(
            [w.term for w in plain],
            word_vectors().nearness([w.text for w in plain], around.words + title.words),
            strict=True,
        )
    )
    for word in question.words:
        if word.name:
            in_here, in_around = here.names(word), max(around.names(word), title.names(word))
            value = max(in_here, NAMED_AROUND * in_around)
            if not value:
                value = max(NAMED_IN_PASSAGE * passage.names(word), NAMED_AS_TOPIC * is_topic(word, sentence.article))
            if not value and _by_surname(question, word, sentence):
                value = BY_SURNAME
            if not value:
                missing.append(word.text)
        else:
            in_here = 1.0 if word.term in here.terms else 0.9 * float(near_here[word.term])
            near = 1.0 if word.term in around.terms or word.term in title.terms else 0.9 * float(near_around[word.term])
            value = max(in_here, SAID_AROUND * near, SAID_IN_PASSAGE * (word.term in passage.terms))
            if question.kind == "overview" and not any(word.term in text.terms for text in (here, around, title, passage)):
                missing.append(word.text)  # of a topic, nothing that is merely near it tells
        matched[word.term], matched_here[word.term] = value, in_here
    published = sentence.article.published
    when = analysed(f"{sentence.article.text[:DATELINE]} {spelled_date(published)}")
    missing += [
        said for said in (*question.years, *question.months)
        if not any(said in text.words for text in (here, around, title, passage, when))
    ]  # fmt: skip
    for quoted in question.quoted:
        if " " in quoted.strip() and not _says(f"{sentence.lead_in} {sentence.passage}", quoted):
            missing.append(quoted)
    spans = tuple(phrases(question, sentence.text))
    phrase = 1.0 if spans else 0.7 * bool(phrases(question, sentence.lead_in))
    quotes = any(_says(sentence.text, quoted) for quoted in question.quoted if " " in quoted.strip())
    if question.kind in NEEDS_PHRASE and not phrase:
        missing.append(NEEDS_PHRASE[question.kind])
    typed = question.kind not in ("other", "overview", "yes-no")
    telling = [word for word in plain if word.text.lower() not in LIGHT_VERBS]
    words = _share({word.term: matched[word.term] for word in telling}, weights)
    words_here = _share({word.term: matched_here[word.term] for word in telling}, weights)
    names = _share({word.term: matched[word.term] for word in question.words if word.name}, weights)
    features = {
        "words": words,
        "words_here": words_here,
        "weakest_word": min((matched[word.term] for word in telling), default=1.0),
        "names": names,
        "weakest_name": min((matched[word.term] for word in question.words if word.name), default=1.0),
        "phrase": phrase if typed else 0.0,
        "no_phrase": 1.0 - phrase if typed else 0.0,
        "counted": _counted(question, sentence.text, spans),
        "passage_rank": 1.0 / (1.0 + sentence.rank),
        **dict.fromkeys(READ_TOKENS, 0.0),
        "judged": UNREAD.score / 10,
        "marked": UNREAD.marked,
    }
    quick = words + names + 0.5 * words_here + 0.4 * features["phrase"] - 0.3 * len(missing)
    quick += 0.1 * features["passage_rank"] + 0.5 * passage_meaning
    return Evidence(sentence, features, tuple(missing), spans, quotes, quick)


def _counted(question: Question, text: str, spans: Sequence[Span]) -> float:
    """How near what is asked to be counted is to the words right after a number; 0.5 when nothing is to be counted."""
    if question.kind != "count" or not question.head:
        return 0.5
    heads = [word.text for word in question.words if word.term in question.head]
    best = 0.0
    for _, end in spans:
        following = text[end : end + 40].split("\n")[0]
        places = list(located_terms(following))[:3]
        if any(place.term in question.head for place in places):
            return 1.0
        nearness = word_vectors().nearness(heads, [following[place.start : place.end] for place in places])
        best = max([best, *(0.9 * float(value) for value in nearness)])
    return best


def _by_surname(question: Question, word: Word, sentence: Sentence) -> bool:
    """Is this the first name of somebody whom the sentence, or what it leans on, calls by the surname?"""
    following = [
        other
        for other in question.names
        for place in word.places
        if any(question.text[place.end : after.start].isspace() for after in other.places if after.start > place.end)
    ]
    text = f"{sentence.article.title} {sentence.lead_in} {sentence.text}"
    return any(goes_by_surname(word, other, text) for other in following)


def _share(values: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The weighted mean of how well words are matched; 1 when there are none to match."""
    total = sum(weights[term] for term in values)
    return sum(weights[term] * value for term, value in values.items()) / total if total else 1.0


def _says(text: str, quoted: str) -> bool:
    """Does a text hold these words in this order, whatever the punctuation and case?"""
    plain = re.sub(r"\W+", " ", quoted).strip().lower()
    return plain != "" and plain in re.sub(r"\W+", " ", text).lower()
