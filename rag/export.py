"""PURE. A conversation as a file to keep or to send: Markdown, one HTML page, or JSON.

All three carry the same record (`rag.record`), in Markdown and HTML as a comment that no reader sees, so that
`dateline verify` can check any of them. Questions, articles and models are hostile input: nothing of theirs is markup here,
and nothing that a file shows is fetched from anywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from html import escape

from index.chunk import spelled_date
from rag.record import Entry, Record, Sentence, Source
from rag.terminal import line

OPENING, CLOSING = "<!-- dateline-record", "-->"

VERDICTS = {
    "quoted": "word for word in the article",
    "supported": "supported by these words",
    "partly": "partly supported",
    "unsupported": "not supported by the articles",
    "contradicted": "contradicted by the articles",
}
NEAREST = "a passage that comes near; the answer does not rest on it"
THUMBS = {"up": "a good answer", "down": "a bad answer"}

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1.05rem/1.55 Georgia, "Times New Roman", serif; max-width: 42rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin-bottom: 0.2rem; }
h2 { font-size: 1.25rem; line-height: 1.3; margin-top: 2.5rem; }
h3 { font-size: 1rem; margin-bottom: 0.3rem; }
.small { font-size: 0.85rem; opacity: 0.8; overflow-wrap: anywhere; }
.doubt { font-style: italic; }
ol { list-style: none; padding: 0; }
li { margin: 0 0 1.2rem; break-inside: avoid; }
blockquote { margin: 0.3rem 0; padding-left: 0.8rem; border-left: 3px solid; }
a { color: inherit; }
@media print { body { max-width: none; margin: 0; font-size: 11pt; } h2, h3 { break-after: avoid; } }
"""


def as_json(record: Record) -> str:
    """The record as JSON. In ASCII: the same bytes in every locale, and nothing in it can steer a terminal."""
    return json.dumps(record.model_dump(mode="json"), indent=2) + "\n"


def as_markdown(record: Record) -> str:
    """The record as Markdown, to be read as it is or rendered."""
    return "\n\n".join([*_markdown(record), _comment(record)]) + "\n"


def as_html(record: Record) -> str:
    """The record as one HTML page that needs nothing else: no script, no style sheet, no picture, no font."""
    title = escape(line(record.title) or "A conversation")
    head = (
        '<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>"
    )
    body = "\n".join([f"<h1>{title}</h1>", f'<p class="small">{escape(_dates(record))}</p>', *_pages(record)])
    return f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n{_comment(record)}\n</body>\n</html>\n'


def _comment(record: Record) -> str:
    """The record as a comment in HTML or Markdown, which nothing inside can close."""
    values = json.dumps(record.model_dump(mode="json"), separators=(",", ":"))
    for sign in "<>&":
        values = values.replace(sign, f"\\u{ord(sign):04x}")
    return f"{OPENING}\n{values.replace('--', '-' + chr(92) + 'u002d')}\n{CLOSING}"


def _dates(record: Record) -> str:
    count = len(record.exchanges)
    return (
        f"A conversation with Dateline, begun {_moment(record.begun)}, {count} question{'' if count == 1 else 's'}. "
        f"Exported {_moment(record.exported)}. The quotations can be checked with: dateline verify"
    )


def _moment(when: str) -> str:
    return f"{when[:10]} {when[11:16]} UTC"


# -- what all formats say ---------------------------------------------------------------------


def _paragraphs(sentences: Sequence[Sentence]) -> Iterator[list[Sentence]]:
    group: list[Sentence] = []
    for sentence in sentences:
        if group and (sentence.lead or sentence.opens):
            yield group
            group = []
        group.append(sentence)
    if group:
        yield group


def _words(sentence: Sentence) -> str:
    text = line(sentence.text)
    return f"“{text}”" if sentence.verdict == "quoted" else text


def _doubt(sentence: Sentence) -> str:
    if sentence.verdict in ("quoted", "supported"):
        return f"(in the article: {line(sentence.told)})" if sentence.told else ""
    reasons = "; ".join(line(reason) for reason in sentence.reasons)
    return f"({VERDICTS[sentence.verdict]}{': ' if reasons else ''}{reasons})"


def _title(source: Source) -> str:
    return line(source.title) or line(source.file) or "Untitled article"


def _credits(source: Source) -> str:
    parts = (line(source.outlet), line(source.author), spelled_date(source.published))
    return "".join(f", {part}" for part in parts if part)


def _place(source: Source) -> str:
    verdict = ", ".join(VERDICTS[label] for label in source.verdicts) or NEAREST
    where = f"Article {line(source.article)}, characters {source.start} to {source.end}"
    return f"{verdict[:1].upper()}{verdict[1:]}. {where}, version {line(source.sha256)[:16] or 'unknown'}."


def _remarks(entry: Entry) -> list[str]:
    searched = line(entry.searched)
    said = [f"Asked {_moment(entry.asked)}"]
    if entry.writer == "model":
        said[0] += f", answered by {line(entry.model) or 'a model'}"
    if searched and searched != line(entry.question):
        said.append(f"Searched for: {searched}")
    if entry.note:
        said.append(line(entry.note))
    if entry.thumb or entry.word:
        said.append("Rated " + ": ".join(part for part in (THUMBS.get(entry.thumb, "with a word"), line(entry.word)) if part))
    return said


# -- Markdown ---------------------------------------------------------------------------------


def _markdown(record: Record) -> Iterator[str]:
    yield f"# {_md(record.title) or 'A conversation'}"
    yield _md(_dates(record))
    for number, entry in enumerate(record.exchanges, start=1):
        yield f"## {number}. {_md(entry.question)}"
        for group in _paragraphs(entry.sentences):
            yield " ".join(_md_sentence(sentence) for sentence in group)
        if entry.said:
            yield _md(entry.said)
        if entry.sources:
            yield f"### Sources of answer {number}" if entry.sentences else f"### Passages near question {number}"
        for source in entry.sources:
            yield _md_source(source)
        yield "  \n".join(_md(remark) for remark in _remarks(entry))


def _md_sentence(sentence: Sentence) -> str:
    parts = [_md(sentence.lead), _md(_words(sentence))]
    if sentence.sources:
        parts.append(" ".join(f"\\[{number}\\]" for number in sentence.sources))
    if doubt := _doubt(sentence):
        parts.append(f"*{_md(doubt)}*")
    return " ".join(part for part in parts if part)


def _md_source(source: Source) -> str:
    rows = [f"- \\[{source.number}\\] **{_md(_title(source))}**{_md(_credits(source))}"]
    if source.link:
        rows.append(f"  <{_address(source.link)}>")
    rows.append(f"  > “{_md(source.quote)}”")
    rows.append(f"  {_md(_place(source))}")
    return "\n\n".join(rows)


def _md(text: str) -> str:
    """Text as Markdown on one line, in which no sign of it means anything, wherever on the line it stands."""
    flat = line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    flat = re.sub(r"([\\`*_{}\[\]|~$^])", r"\\\1", flat)
    flat = re.sub(r"(?<=[A-Za-z]):(?=//)|(?<=\bwww)\.", r"\\\g<0>", flat, flags=re.IGNORECASE)  # no links made of bare words
    return re.sub(r"\A(?:([#+=:-])|(\d{1,9})([.)]))", lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}\\{m[3]}", flat)


def _address(link: str) -> str:
    """An address inside <>, in Markdown."""
    return re.sub(r"[<>\\\s]", lambda match: f"%{ord(match[0]):02X}", line(link))


# -- HTML -------------------------------------------------------------------------------------


def _pages(record: Record) -> Iterator[str]:
    for number, entry in enumerate(record.exchanges, start=1):
        yield f"<h2>{number}. {escape(line(entry.question))}</h2>"
        for group in _paragraphs(entry.sentences):
            yield f"<p>{' '.join(_html_sentence(sentence, number) for sentence in group)}</p>"
        if entry.said:
            yield f"<p>{escape(line(entry.said))}</p>"
        if entry.sources:
            heading = "Sources" if entry.sentences else "The nearest passages"
            items = "\n".join(_html_source(source, number) for source in entry.sources)
            yield f"<h3>{heading}</h3>\n<ol>\n{items}\n</ol>"
        yield f'<p class="small">{"<br>".join(escape(remark) for remark in _remarks(entry))}</p>'


def _html_sentence(sentence: Sentence, turn: int) -> str:
    parts = [escape(line(sentence.lead)), escape(_words(sentence))]
    parts += [f'<a href="#source-{turn}-{number}">[{number}]</a>' for number in sentence.sources]
    if doubt := _doubt(sentence):
        parts.append(f'<span class="doubt">{escape(doubt)}</span>')
    return " ".join(part for part in parts if part)


def _html_source(source: Source, turn: int) -> str:
    address = escape(line(source.link))
    link = f'<div class="small"><a href="{address}" rel="noopener noreferrer">{address}</a></div>' if address else ""
    return (
        f'<li id="source-{turn}-{source.number}">[{source.number}] <cite>{escape(_title(source))}</cite>'
        f"{escape(_credits(source))}{link}<blockquote>“{escape(line(source.quote))}”</blockquote>"
        f'<div class="small">{escape(_place(source))}</div></li>'
    )


FORMATS = {"md": as_markdown, "html": as_html, "json": as_json}
"""What makes a file of a record, by the ending of its name."""
