"""PURE. The panel: one article with the cited words highlighted, what the check says of them, and its versions.

Offsets count Unicode code points, JavaScript counts UTF-16 units: so the text is cut here, and the
page only ever gets finished pieces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from html import escape
from itertools import pairwise
from urllib.parse import urlsplit

from index.address import followable
from index.catalogue import Version
from index.types import Article
from rag.kept import Standing
from rag.types import Citation, Claim
from rag.verbatim import WORD_FOR_WORD
from ui import library
from ui.render import attribution, counted, day, headline, marker_id, shorten

WINDOW = 20_000
BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
NEW_LINE = re.compile(r"\n\s*")

CHECKED = {
    "quoted": ("“”", "Quoted word for word"),
    "supported": ("✓", "Supported by these words"),
    "partly": ("~", "Only partly supported by these words"),
    "unsupported": ("?", "Not supported by these words"),
    "contradicted": ("≠", "Contradicted by these words"),
}
"""What each verdict is called, and a sign for it, so that it is not told by colour alone."""

ASK_REMOVE = '<button type="button" class="ask-remove" aria-expanded="false">Remove …</button>'
EMPTY = (
    '<div class="source none"><p class="label">Sources</p>'
    "<p>Follow a marker such as <b>[1]</b> in an answer, and the article opens here at the very words. "
    "The articles of the library open here too.</p></div>"
)


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
    citations: Sequence[Citation],
    turn: int,
    number: int,
    *,
    whole: bool = False,
    claims: Sequence[Claim] | None = None,
    standings: Sequence[Standing] = (),
) -> str:
    """The panel for citation `number` of a turn: its article, every cited run of it marked.

    The current run's marks have the class `current`. `whole` shows all of a long article, else it
    is cut to a window around the quote. `claims` are the answer's, whose verdicts on what cites it are told; none for an
    answer that the articles do not give. An unknown number gives the empty panel. `standings` say of each
    citation how the version that was cited stands in the library; none for what was answered just now.
    """
    places = {citation.number: place for place, citation in enumerate(citations)}
    if number not in places:
        return EMPTY
    place = places[number]
    current = citations[place]
    target = marker_id(turn, number)
    runs = [
        (one.start, one.end, one.number == number)
        for one in citations
        if one.article.id == current.article.id and one.article.text == current.article.text
    ]
    checked = "" if claims is None else _checked(claims, number)
    told = STANDINGS.get(standings[place] if place < len(standings) else "", "")
    head = _head(current.article) + (f'<p class="standing">{told}</p>' if told else "")
    if current.article.text:
        text = _text(current.article.text, runs, (current.start, current.end), target, whole)
    else:
        text = f'<p><mark class="current" tabindex="-1">{escape(current.quote)}</mark></p>'
    return _panel("Source", target, _bar(citations, turn, place) + checked, head, text)


def article(
    value: Article,
    versions: Sequence[Version],
    *,
    number: int = 0,
    place: tuple[int, int] | None = None,
    whole: bool = False,
    removing: bool = True,
) -> str:
    """The panel for an article of the library: its current version, or an earlier one by its number.

    `place` is marked in it; it must lie within the text. `versions` are all of the article's, the newest first.
    `removing` offers to remove it.
    """
    shown = next((one for one in versions if (one.number == number if number else one.current)), None)
    earlier = shown is not None and not shown.current
    current = f"quote/{place[0]}/{place[1]}/{value.id}" if place else library.opening(value.id, number)
    bar = (
        '<header class="bar"><button type="button" class="close" aria-label="Back to the list">Back</button>'
        f'<p class="label">{"An earlier version" if earlier else "Article"}</p>'
        f"{ASK_REMOVE if removing else ''}</header>{_removal(value) if removing else ''}"
    )
    known = f'<p class="read">Taken in on {_moment(shown.added)}</p>' if shown else ""
    note = '<p class="note">This text has been replaced by a newer one and answers no more.</p>' if earlier else ""
    runs = [(*place, True)] if place else []
    text = _text(value.text, runs, place or (0, 0), current, whole)
    return _panel("Article", current, bar, _head(value) + known + _versions(versions, shown) + note, text)


def removed(value: Article, *, copy: bool) -> str:
    """The panel after an article was removed; `copy`: the file that was added on the page went with it."""
    if copy:
        file = "The copy that was kept of what was added on the page was deleted too."
    elif "://" in value.source:
        file = "A watched feed that still lists it may bring it back."
    else:
        file = "The file it was read from stays where it is."
    return (
        '<div class="source none" role="status"><p class="label">Removed</p>'
        f"<p>{attribution(value)}, with its passages and earlier versions.</p><p>{file}</p></div>"
    )


def trouble(message: str) -> str:
    """The panel when what was asked for could not be done."""
    return f'<div class="source none" role="alert"><p class="label">This did not work</p><p>{escape(message)}</p></div>'


def _panel(name: str, current: str, before: str, head: str, text: str) -> str:
    return (
        f'<section class="source" aria-label="{name}" data-current="{escape(current)}">'
        f'{before}<article>{head}<div class="text" dir="auto">{text}</div></article></section>'
    )


def _head(article: Article) -> str:
    kicker = " · ".join(part for part in (escape(article.outlet), day(article.published) if article.published else "") if part)
    head = f'<p class="kicker">{kicker}</p>' if kicker else ""
    head += f'<h2 tabindex="-1">{escape(headline(article))}</h2>'
    head += f'<p class="byline">{escape(article.author)}</p>' if article.author else ""
    address = followable(article.url)
    if address:
        shown = escape(urlsplit(address).hostname or "")
        head += (
            f'<p class="original"><a href="{escape(address)}" target="_blank" '
            f'rel="noopener noreferrer nofollow">Read the original at {shown}</a></p>'
        )
    return head


def _checked(claims: Sequence[Claim], number: int) -> str:
    """What the check says of the sentences that cite this citation."""
    citing = [claim for claim in claims if any(citation.number == number for citation in claim.citations)]
    # What these words do not bear out stands first: further down, nobody would see it.
    citing.sort(key=lambda claim: -list(CHECKED).index(claim.verdict.label))
    if not claims:
        return '<p class="check note">The articles do not answer the question; these words are only near to it.</p>'
    return "".join(map(_check, citing))


def _check(claim: Claim) -> str:
    verdict = claim.verdict
    sign, name = CHECKED[verdict.label]
    sentence, score = "", ""
    if verdict.label != "quoted":
        sentence = f'<p class="sentence">The answer says: “{escape(shorten(claim.text, 400))}”</p>'
        score = f' <span class="score">probability that they support it: {verdict.score:.0%}</span>'
    # That it is word for word there, the finding says already.
    listed = "".join(f"<li>{escape(reason)}</li>" for reason in verdict.reasons if reason != WORD_FOR_WORD)
    reasons = f"<ul>{listed}</ul>" if listed else ""
    return (
        f'<aside class="check {verdict.label}" aria-label="What the check says">'
        f'<p class="finding"><span class="sign" aria-hidden="true">{sign}</span> {name}{score}</p>{sentence}{reasons}</aside>'
    )


def _versions(versions: Sequence[Version], shown: Version | None) -> str:
    if len(versions) < 2:
        return ""
    current, empty = ' aria-current="true"', ""
    rows = "".join(
        f'<li><button type="button" data-open="{escape(library.opening(one.article.id, 0 if one.current else one.number))}"'
        f"{current if one is shown else empty}>"
        f"Version {one.number}{', the current one' if one.current else ''}</button> of {_moment(one.added)}</li>"
        for one in versions
    )
    return f'<details class="versions"><summary>{counted(len(versions), "version")}</summary><ol reversed>{rows}</ol></details>'


def _moment(when: datetime) -> str:
    return f"{day(when.date())}, {when:%H:%M} UTC"


def _removal(article: Article) -> str:
    """The question that stands before a removal; the page's script shows and hides it."""
    title = escape(shorten(headline(article), 120))
    return (
        '<div class="removal" role="group" aria-label="Remove this article?" hidden>'
        f"<p>Remove <cite>{title}</cite> from the collection, with its earlier versions? It will not be found any more. "
        "This cannot be undone.</p>"
        f'<p><button type="button" class="remove" data-id="{escape(article.id)}">Remove it</button> '
        '<button type="button" class="keep">Keep it</button></p></div>'
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


def _text(text: str, runs: Sequence[tuple[int, int, bool]], focus: tuple[int, int], go: str, whole: bool) -> str:
    """The text with its (start, end, current) runs marked, all of it or a window around the focus."""
    first, last = (0, len(text)) if whole else window(len(text), *focus)
    body = "".join(f"<p>{_marked(text, start, end, runs)}</p>" for start, end in _paragraphs(text, first, last))
    if (first, last) == (0, len(text)):
        return body
    more = (
        f'<p class="more"><button type="button" class="whole" data-go="{escape(go)}">Show the whole article</button> '
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
