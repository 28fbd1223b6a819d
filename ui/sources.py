"""PURE. The panel: one article with the cited words highlighted.

Offsets count Unicode code points, JavaScript counts UTF-16 units: so the text is cut here, and the
page only ever gets finished pieces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from urllib.parse import urlsplit

from rag.kept import Standing
from rag.types import Citation
from ui.render import day, headline, marker_id

WINDOW = 20_000
BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
NEW_LINE = re.compile(r"\n\s*")

EMPTY = (
    '<div class="source none"><p class="label">Sources</p>'
    "<p>Follow a marker such as <b>[1]</b> in an answer, "
    "and the article opens here at the very words.</p></div>"
)


def web_address(url: str) -> str:
    """The url if a reader may follow it (http or https, with a host), else an empty string."""
    if any(ord(letter) <= 32 or letter == "\\" for letter in url):
        return ""
    try:
        parts = urlsplit(url)
        return url if parts.scheme in ("http", "https") and parts.hostname else ""
    except ValueError:
        return ""


def window(length: int, start: int, end: int, size: int = WINDOW) -> tuple[int, int]:
    """The (start, end) to show of a text of `length` characters, about `size`, around start:end."""
    if length <= size:
        return 0, length
    spare = max(0, size - (end - start)) // 2
    first = max(0, min(start - spare, length - size))
    return first, min(length, max(end, first + size))


STANDINGS = {
    "earlier": "The article has changed since. This is the version that was cited.",
    "gone": "The version that was cited is no longer held here, and these words of it are all that was kept.",
}


def source(
    citations: Sequence[Citation], turn: int, number: int, *, whole: bool = False, standings: Sequence[Standing] = ()
) -> str:
    """The panel for citation `number` of a turn: its article, every cited run of it marked.

    The current run's marks have the class `current`. `whole` shows all of a long article, else it
    is cut to a window around the quote. An unknown number gives the empty panel. `standings` say of each
    citation how the version that was cited stands in the library; none for what was answered just now.
    """
    places = {citation.number: place for place, citation in enumerate(citations)}
    if number not in places:
        return EMPTY
    place = places[number]
    current = citations[place]
    article = current.article
    kicker = " · ".join(part for part in (escape(article.outlet), day(article.published) if article.published else "") if part)
    head = f'<p class="kicker">{kicker}</p>' if kicker else ""
    head += f"<h2>{escape(headline(article))}</h2>"
    head += f'<p class="byline">{escape(article.author)}</p>' if article.author else ""
    address = web_address(article.url)
    if address:
        shown = escape(urlsplit(address).hostname or "")
        head += (
            f'<p class="original"><a href="{escape(address)}" target="_blank" '
            f'rel="noopener noreferrer nofollow">Read the original at {shown}</a></p>'
        )
    told = STANDINGS.get(standings[place] if place < len(standings) else "", "")
    head += f'<p class="standing">{told}</p>' if told else ""
    return (
        f'<section class="source" aria-label="Source" data-current="{marker_id(turn, number)}">'
        f"{_bar(citations, turn, place)}"
        f'<article>{head}<div class="text" dir="auto">{_text(citations, current, turn, whole)}</div>'
        "</article></section>"
    )


def _bar(citations: Sequence[Citation], turn: int, place: int) -> str:
    def step(to: int, name: str, sign: str) -> str:
        if 0 <= to < len(citations):
            target = marker_id(turn, citations[to].number)
            return f'<button type="button" class="step" data-go="{target}" aria-label="{name}">{sign}</button>'
        return f'<button type="button" class="step" disabled aria-label="{name}">{sign}</button>'

    return (
        '<header class="bar"><button type="button" class="close" aria-label="Back to the answer">Back</button>'
        f'<p class="label">Source [{citations[place].number}] of {len(citations)}</p>'
        f"{step(place - 1, 'Previous citation', '‹')}{step(place + 1, 'Next citation', '›')}</header>"
    )


def _text(citations: Sequence[Citation], current: Citation, turn: int, whole: bool) -> str:
    text = current.article.text
    if not text:
        return f'<p><mark class="current" tabindex="-1">{escape(current.quote)}</mark></p>'
    first, last = (0, len(text)) if whole else window(len(text), current.start, current.end)
    runs = [
        (one.start, one.end, one.number == current.number)
        for one in citations
        if one.article.id == current.article.id and one.article.text == text
    ]
    body = "".join(f"<p>{_marked(text, start, end, runs)}</p>" for start, end in _paragraphs(text, first, last))
    if (first, last) == (0, len(text)):
        return body
    go = marker_id(turn, current.number)
    more = (
        f'<p class="more"><button type="button" class="whole" data-go="{go}">Show the whole article</button> '
        f"<span>{last - first:,} of {len(text):,} characters are shown.</span></p>"
    )
    return f"{more if first else ''}{body}{more}"


def _paragraphs(text: str, first: int, last: int) -> list[tuple[int, int]]:
    """Spans of text[first:last] between blank lines, or between lines where it has no blank ones."""
    shown = text[first:last]
    breaks = BLANK_LINE if BLANK_LINE.search(shown.strip()) else NEW_LINE
    spans, at = [], first
    for gap in breaks.finditer(shown):
        spans.append((at, first + gap.start()))
        at = first + gap.end()
    spans.append((at, last))
    return [(start, end) for start, end in spans if text[start:end].strip()]


def _marked(text: str, start: int, end: int, runs: Sequence[tuple[int, int, bool]]) -> str:
    """text[start:end] as HTML, cut where a cited run begins or ends, so that runs may overlap."""
    cuts = sorted({start, end} | {cut for run in runs for cut in run[:2] if start < cut < end})
    pieces = []
    for left, right in pairwise(cuts):
        over = [run for run in runs if run[0] <= left and right <= run[1]]
        words = escape(text[left:right])
        if any(is_current for _, _, is_current in over):
            pieces.append(f'<mark class="current" tabindex="-1">{words}</mark>')
        else:
            pieces.append(f"<mark>{words}</mark>" if over else words)
    return "".join(pieces)
