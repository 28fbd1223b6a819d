"""PURE. An article -> its passages: runs of whole sentences, each an exact slice of the text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date

from index.sentences import Span, sentence_spans, trimmed
from index.types import Article, Passage

CHUNK_RULE = "sentences-200-v2"
"""Names how passages are cut; the index is stamped with it. Change it whenever the cutting of readable text changes."""

MAX_TOKENS = 200
CHARACTERS_A_TOKEN = 10
"""What a token holds at most: to the embedder's tokenizer a word of a hundred characters and more, such as a picture in
base64, is a single unknown one, whatever its length. Of readable text it holds four or five."""

HEADING_TOKENS = 48
"""Room for the headline and date that go to the embedder with each passage: with the model's two
marker tokens, 200 + 48 + 2 stays below the 256 that all-MiniLM-L6-v2 reads."""

LONGEST_TITLE = 500
"""Characters of a title that are in its heading, which is stored with every passage: a "title" may be a whole text."""

CountTokens = Callable[[Sequence[str]], list[int]]


def chunk(article: Article, count_tokens: CountTokens) -> list[Passage]:
    """The passages of an article, in order, not overlapping, of at most 200 tokens and some 2,000 characters each.

    Paragraphs stay together where they fit; a paragraph that is too long is cut between
    sentences, and a sentence that is too long between words. `count_tokens` gives the number of
    tokens of each text, as the embedder counts them.
    """
    text = article.text
    pieces = list(_pieces(text, count_tokens))
    passages: list[Passage] = []
    for start, end in _packed(text, pieces):
        body = text[start:end]
        digest = hashlib.sha256(f"{article.id}\0{start}\0{heading(article)}\0{body}".encode()).hexdigest()
        passages.append(Passage(id=f"p{digest[:20]}", article_id=article.id, start=start, end=end, text=body))
    return passages


def heading(article: Article) -> str:
    """What goes along with each passage to the embedder and the lexical index: headline and date."""
    return ". ".join(part for part in (article.title[:LONGEST_TITLE].rstrip(), spelled_date(article.published)) if part)


def embedded_text(article: Article, passage: Passage, count_tokens: CountTokens) -> str:
    """The text whose vector stands for the passage: the heading, cut to its room, then the words."""
    head = heading(article)
    while head and count_tokens([head])[0] > HEADING_TOKENS:
        head = head[: len(head) * 3 // 4].rsplit(" ", 1)[0] if " " in head else head[: len(head) * 3 // 4]
    return f"{head}\n{passage.text}" if head else passage.text


def spelled_date(day: date | None) -> str:
    """A date as it is written in a text, "13 November 2022"; empty for None."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if day else ""


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _pieces(text: str, count_tokens: CountTokens) -> Iterator[tuple[Span, int]]:
    """Sentences with their token counts; those over the limit cut further."""
    spans = sentence_spans(text)
    for span, tokens in zip(spans, _sizes(text, spans, count_tokens), strict=True):
        if tokens <= MAX_TOKENS:
            yield span, tokens
        else:
            yield from _cut(text, span, count_tokens)


def _sizes(text: str, spans: Sequence[Span], count_tokens: CountTokens) -> list[int]:
    """How many tokens each span counts as."""
    counts = count_tokens([text[start:end] for start, end in spans])
    return [max(tokens, (end - start) // CHARACTERS_A_TOKEN) for (start, end), tokens in zip(spans, counts, strict=True)]


def _cut(text: str, span: Span, count_tokens: CountTokens) -> Iterator[tuple[Span, int]]:
    """A run without a sentence end, in pieces of at most the limit, between words where it has words."""
    words = [(span[0] + match.start(), span[0] + match.end()) for match in re.finditer(r"\S+\s*", text[span[0] : span[1]])]
    start, total = span[0], 0
    for (word_start, word_end), tokens in zip(words, _sizes(text, words, count_tokens), strict=True):
        if total and total + tokens > MAX_TOKENS:
            yield trimmed(text, start, word_start), total
            start, total = word_start, 0
        if tokens > MAX_TOKENS:
            # No white space to cut at (a script without it, or rubbish). No token is shorter than
            # a character, so this many characters are never more tokens than the limit.
            for offset in range(word_start, word_end, MAX_TOKENS):
                yield trimmed(text, offset, min(offset + MAX_TOKENS, word_end)), MAX_TOKENS
            start = word_end
            continue
        total += tokens
    if total:
        yield trimmed(text, start, span[1]), total


def _packed(text: str, pieces: list[tuple[Span, int]]) -> Iterator[Span]:
    """Runs of pieces of at most the limit; a paragraph that fits whole is not begun in a full run."""
    paragraphs: list[list[tuple[Span, int]]] = []
    for piece in pieces:
        previous_end = paragraphs[-1][-1][0][1] if paragraphs else -1
        if paragraphs and "\n" not in text[previous_end : piece[0][0]]:
            paragraphs[-1].append(piece)
        else:
            paragraphs.append([piece])
    run: list[Span] = []
    total = 0
    for paragraph in paragraphs:
        size = sum(tokens for _, tokens in paragraph)
        if run and total + size > MAX_TOKENS and (size <= MAX_TOKENS or total > MAX_TOKENS // 2):
            yield run[0][0], run[-1][1]
            run, total = [], 0
        for span, tokens in paragraph:
            if run and total + tokens > MAX_TOKENS:
                yield run[0][0], run[-1][1]
                run, total = [], 0
            run.append(span)
            total += tokens
    if run:
        yield run[0][0], run[-1][1]
