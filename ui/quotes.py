"""PURE. Where remembered words stand, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rag.find_quote import FoundQuote
from ui.render import attribution, counted, shorten

HOW = {"exact": "Word for word", "same": "The same words, in another typography", "near": "Nearly the same words"}
LONGEST_SENTENCE = 1_200


def results(found: Sequence[FoundQuote], *, collection: int) -> str:
    """The places, the surest first, each with its sentence and what opens it there."""
    if not found:
        said = (
            "These words stand in none of the articles, nor do nearly the same ones."
            if collection
            else "There are no articles yet."
        )
        return f'<p class="nothing" role="status">{said}</p>'
    exact = sum(one.how != "near" for one in found)
    near = len(found) - exact
    parts = [f"found in {counted(exact, 'article')}"] if exact else ["not found word for word"]
    parts += [f"nearly the same words in {counted(near, 'article')}"] if near else []
    rows = "".join(map(_result, found))
    heading = ", ".join(parts)
    return f'<p class="count" role="status">{heading[:1].upper()}{heading[1:]}</p><ol class="quotes">{rows}</ol>'


def opening(one: FoundQuote) -> str:
    """What the page sends to have the article opened at the place."""
    return f"quote/{one.start}/{one.end}/{one.article.id}"


def _result(one: FoundQuote) -> str:
    begin, end = one.sentence
    text = one.article.text
    before, words, after = text[begin : one.start], one.quote, text[one.end : end]
    if end - begin > LONGEST_SENTENCE:
        before, words, after = "", shorten(words, LONGEST_SENTENCE), ""
    how = HOW[one.how] + (f", {one.likeness:.0%} alike" if one.how == "near" else "")
    told = f'<p class="note">{escape("; ".join(one.differences))}</p>' if one.differences else ""
    return (
        f'<li class="{one.how}"><p class="label">{how}</p>'
        f'<blockquote dir="auto">{escape(before)}<mark>{escape(words)}</mark>{escape(after)}</blockquote>{told}'
        f'<p class="from">{attribution(one.article)}</p>'
        f'<button type="button" data-open="{escape(opening(one))}">Open it in the article</button></li>'
    )
