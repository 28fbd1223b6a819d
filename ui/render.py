"""PURE. Messages, answers and notices as HTML.

Everything that was written by anyone else (articles, titles, questions, models, file names) passes
through `html.escape` here or in `ui.sources`, and nothing of it is read as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from html import escape
from pathlib import PurePath

from index.catalogue import Overview
from index.types import Article, Progress, Report
from rag.types import Answer, Citation, Claim

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
VERDICTS = {
    "partly": "partly supported",
    "unsupported": "not supported by the articles",
    "contradicted": "contradicted by the articles",
}
PHASES = {
    "waiting": "Waiting",
    "fetching": "Fetching pages",
    "reading": "Reading articles",
    "embedding": "Indexing passages",
    "publishing": "Publishing",
}
SNIPPET = 240
LISTED = 40


def day(value: date) -> str:
    """A date as an English newspaper prints it: 13 November 2022."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def marker_id(turn: int, number: int) -> str:
    """The id that a marker links to: turn and citation number, both from 1."""
    return f"src-{turn}-{number}"


def shorten(text: str, limit: int = SNIPPET) -> str:
    """The text on one line, cut at a word to about `limit` characters, with an ellipsis when cut."""
    line = " ".join(text[: limit * 4].split())
    if len(line) <= limit and len(text) <= limit * 4:
        return line
    return line[:limit].rsplit(" ", 1)[0].rstrip(" ,;:.") + " …"


def headline(article: Article) -> str:
    """The article's title; where it has none, its file's name (not its folder, which is the server's) or its URL."""
    return article.title or (article.source if "://" in article.source else PurePath(article.source).name)


def attribution(article: Article) -> str:
    """The article's title, outlet and date as HTML, as far as they are known."""
    parts = [f"<cite>{escape(headline(article))}</cite>"]
    parts += [escape(article.outlet)] if article.outlet else []
    parts += [f'<span class="day">{day(article.published)}</span>'] if article.published else []
    return ", ".join(parts)


def paragraphs(text: str) -> str:
    """Plain text as HTML paragraphs."""
    return "".join(f"<p>{escape(part.strip())}</p>" for part in text.split("\n\n") if part.strip())


def question(text: str) -> str:
    """A reader's question as a message."""
    return f'<h2 class="asked">{escape(text)}</h2>'


def working(status: str, so_far: str) -> str:
    """An answer that is still being written: its text as far as it has come, or what is being done."""
    if so_far:
        return f'<div class="answer writing"><p class="so-far">{escape(so_far)}</p></div>'
    return f'<div class="answer writing"><p class="status">{escape(status)}</p></div>'


def stopped(so_far: str) -> str:
    """An answer that its reader stopped, with what had come of it."""
    text = f'<p class="so-far">{escape(so_far)}</p>' if so_far else ""
    return f'<div class="answer stopped">{text}<p class="note">Stopped before the answer was complete.</p></div>'


def kept(note: str) -> str:
    """What was kept of an exchange that had no answer: why there was none."""
    return f'<div class="answer stopped"><p class="note">{escape(note or "No answer came about.")}</p></div>'


def failure(message: str, so_far: str = "") -> str:
    """A failure, told to its reader, below what had come of the answer.

    Distinct from an answer and from "the articles do not say".
    """
    text = f'<p class="so-far">{escape(so_far)}</p>' if so_far else ""
    return f'{text}<div class="failure"><p class="label">This did not work</p><p class="so-far">{escape(message)}</p></div>'


def answer(value: Answer, turn: int) -> str:
    """A whole answer as a message, its markers linking to `#src-{turn}-{number}`."""
    if value.answered:
        body = "".join(f"<p>{' '.join(group)}</p>" for group in _grouped(value.claims, turn))
        return f'<div class="answer">{body}{_notice(value)}{_searched(value, turn)}</div>'
    # What follows the first paragraph is the nearest passages as Markdown; they are shown from the citations.
    body = paragraphs(value.text.partition("\n\n")[0]) + _readings(value, turn) + _nearest(value, turn)
    return f'<div class="answer unanswered">{body}{_notice(value)}{_searched(value, turn)}</div>'


def _notice(value: Answer) -> str:
    """Who wrote the answer, when a model did, and what else must be known of it."""
    written = value.writer == "model" and value.claims
    by = f"Written by {value.model}, each sentence checked against its source." if written else ""
    return "".join(f'<p class="note">{escape(said)}</p>' for said in (value.notice, by) if said)


def _grouped(claims: Iterable[Claim], turn: int) -> list[list[str]]:
    groups: list[list[str]] = []
    for one in claims:
        if one.lead or one.opens or not groups:
            groups.append([])
        groups[-1].append(claim(one, turn))
    return groups


def claim(value: Claim, turn: int) -> str:
    """One claim: what introduces it, its words (in quotation marks when quoted), its markers, its verdict."""
    words = emphasised(value.text, value.emphasis)
    if value.verdict.label == "quoted":
        # A quotation inside the quotation is kept from touching our own marks by a hair space.
        before = "“\u200a" if value.text[:1] in "“\"'‘«" else "“"
        after = "\u200a”" if value.text[-1:] in "”\"'’»" else "”"
        words = f'<q>{before}<span class="words">{words}</span>{after}</q>'
    else:
        doubt = f" {value.verdict.label}" if value.verdict.label in VERDICTS else ""
        words = f'<span class="words{doubt}">{words}</span>'
    markers = "".join(marker(citation, turn) for citation in value.citations)
    return f"{_lead(value)}{words}{markers}{_verdict(value)}"


def _lead(value: Claim) -> str:
    if not value.lead:
        return ""
    title = value.citations[0].article.title if value.citations else ""
    if title and value.lead.startswith(title):
        return f'<span class="lead"><cite>{escape(title)}</cite>{escape(value.lead[len(title) :])}</span> '
    return f'<span class="lead">{escape(value.lead)}</span> '


def _verdict(value: Claim) -> str:
    if value.verdict.told:
        return f' <span class="verdict told">[in the article: {escape(value.verdict.told)}]</span>'
    said = VERDICTS.get(value.verdict.label)
    if not said:
        return ""
    reasons = "; ".join(value.verdict.reasons)
    # What the source says instead is told, not left to whoever hovers over the words.
    told = f"{said}: {value.verdict.reasons[0]}" if value.verdict.label == "contradicted" and value.verdict.reasons else said
    return f' <span class="verdict {value.verdict.label}" title="{escape(reasons)}">[{escape(told)}]</span>'


def emphasised(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text as HTML with the (start, end) spans in bold; spans that overlap or lie outside are cut."""
    pieces, at = [], 0
    for start, end in sorted(spans):
        start, end = max(start, at), min(end, len(text))
        if start < end:
            pieces += [escape(text[at:start]), f"<strong>{escape(text[start:end])}</strong>"]
            at = end
    return "".join(pieces) + escape(text[at:])


def marker(citation: Citation, turn: int) -> str:
    """A citation's marker: a link whose title is the quote."""
    said = escape(f"{headline(citation.article)}: “{shorten(citation.quote)}”")
    # The word joiner keeps the marker on the line of the word it belongs to.
    target = marker_id(turn, citation.number)
    return f'\u2060<a href="#{target}" class="cite" title="{said}">[{citation.number}]</a>'


def _nearest(value: Answer, turn: int) -> str:
    if not value.citations:
        return ""
    items = "".join(
        f'<li><q>“{escape(shorten(one.quote))}”</q>{marker(one, turn)}<span class="from">{attribution(one.article)}</span></li>'
        for one in value.citations
    )
    return f'<p class="label">The nearest passages</p><ul class="nearest">{items}</ul>'


def _readings(value: Answer, turn: int) -> str:
    """The questions one of which may have been meant, to be asked by a click."""
    readings: tuple[str, ...] = getattr(value, "readings", ())
    items = "".join(
        f'<li><button type="button" class="do" id="do-{turn}-reading-{place}">{escape(reading)}</button></li>'
        for place, reading in enumerate(readings)
    )
    return f'<ul class="asks readings">{items}</ul>' if items else ""


def _searched(value: Answer, turn: int) -> str:
    if " ".join(value.searched.split()) == " ".join(value.question.split()) or not value.searched:
        return ""
    edit = f'<button type="button" class="do" id="do-{turn}-search">Edit and search again</button>'
    return f'<p class="note searched">Searched for: {escape(value.searched)} {edit}</p>'


def collection(known: Overview) -> str:
    """One line on what the collection is: how many articles, from when to when, from whom."""
    if not known.articles:
        return "No articles yet"
    parts = [counted(known.articles, "article")]
    if known.first and known.last:
        span = day(known.first) if known.first == known.last else f"{day(known.first)} – {day(known.last)}"
        parts.append(span if known.dated == known.articles else f"{known.dated:,} of them dated {span}")
    outlets = [name for name, _ in known.outlets]
    if outlets:
        shown = outlets if len(outlets) <= 3 else [*outlets[:2], f"{len(outlets) - 2:,} more outlets"]
        names = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
        parts.append(f"from {names}")
    return ", ".join(parts)


def counted(count: int, noun: str) -> str:
    """A number of things in words: 1 article, 2,000 articles."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def masthead(line: str = "") -> str:
    """The page's head: its name, and one line on the collection (escaped here)."""
    return f'<a class="skip" href="#question">Skip to the question</a><h1>Dateline</h1><p class="collection">{escape(line)}</p>'


def start(articles: int, questions: Sequence[str]) -> str:
    """What an empty conversation shows: questions to start from, or how to fill an empty collection."""
    if not articles:
        return (
            '<div class="start empty"><h2>There are no articles yet</h2>'
            "<p>Drop files, paste a text, or give the address of a page or a feed:</p>"
            '<p><button type="button" class="primary" data-tab="library">Add articles</button></p>'
            "<p>Or fill the collection in a terminal:</p>"
            "<pre>dateline add FOLDER</pre>"
            "<p>This page notices by itself when they are in.</p></div>"
        )
    buttons = "".join(
        f'<li><button type="button" class="suggestion" data-question="{one}">{one}</button></li>'
        for one in map(escape, questions)
    )
    offered = f'<p class="label">Questions to start from</p><ul class="suggestions">{buttons}</ul>' if buttons else ""
    return (
        '<div class="start"><h2>Ask the articles</h2>'
        "<p>Every sentence of an answer is shown with the exact words that support it, "
        f"who published them and when.</p>{offered}</div>"
    )


def progress(value: Progress) -> str:
    """How far adding has come, with a bar once the total is known."""
    phase = PHASES.get(value.phase, value.phase)
    said = f"{phase}: {value.done:,} of {value.total:,}" if value.total else f"{phase}: {value.done:,}"
    said += f", {value.rate:,.0f} a second" if value.rate >= 1 else ""
    said += f", about {duration(value.left)} left" if value.left is not None and value.left >= 1 else ""
    bar = (
        f'<progress aria-label="{escape(phase)}" max="{value.total}" value="{min(value.done, value.total)}"></progress>'
        if value.total
        else ""
    )
    note = f'<p class="note">{escape(value.note)}</p>' if value.note else ""
    # Not a live region: a screen reader would speak of nothing else. What came of it is told once, by `added`.
    return f'<div class="adding"><p>{escape(said)}</p>{bar}{note}</div>'


def duration(seconds: float) -> str:
    """Seconds in words for a person: 40 seconds, 3 minutes, 2 hours."""
    for size, unit in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {unit}" + ("" if count == 1 else "s")
    return "a moment"


def added(report: Report, titles: dict[str, str]) -> str:
    """What an `add` did: titles by what became of them, and what could not be read and why.

    `titles` maps article ids to titles; an id it lacks is shown as it is.
    """
    groups = (
        ("Added", [titles.get(one, one) for one in report.added]),
        ("Changed", [titles.get(one, one) for one in report.changed]),
        ("Already there, unchanged", [titles.get(one, one) for one in report.unchanged]),
        ("Removed", [titles.get(one, one) for one in report.removed]),
    )
    html = "".join(_listed(f"{name} ({len(items)})", items) for name, items in groups if items)
    if report.failed:
        reasons = [f"{PurePath(one.source).name or one.source}: {one.reason}" for one in report.failed]
        html += _listed(f"Not added ({len(reasons)})", reasons, "failed")
    return f'<div class="added" role="status">{html or "<p>There was nothing to add.</p>"}</div>'


def _listed(heading: str, items: Sequence[str], kind: str = "") -> str:
    rows = "".join(f"<li>{escape(shorten(item))}</li>" for item in items[:LISTED])
    more = f"<li>and {len(items) - LISTED:,} more</li>" if len(items) > LISTED else ""
    return f'<p class="label {kind}">{escape(heading)}</p><ul class="{kind}">{rows}{more}</ul>'
