"""PURE. What stands under an answer: what can be done with it, and questions to go on with.

A message's HTML keeps ids and classes but no data attributes: what a button does is in its id, `do-TURN-WHAT-WHICH`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from index.address import followable
from rag.kept import without_claims
from rag.types import Answer, Citation

if TYPE_CHECKING:
    from ui.conversation import Exchange

LONGEST_WORD = 2_000
_ID = re.compile(r"do-(?P<turn>\d{1,6})-(?P<what>[a-z]{1,12})(?:-(?P<which>\d{1,4}))?")


def parse(id: str) -> tuple[int, str, int]:
    """(turn, what, which) of a button's id; (0, "", 0) for what is none."""
    match = _ID.fullmatch(id)
    return (int(match["turn"]), match["what"], int(match["which"] or 0)) if match else (0, "", 0)


def under(exchange: Exchange, turn: int, *, last: bool) -> str:
    """The foot of an answer that is whole, stopped or failed; only the `last` one has questions to go on with."""
    answer = exchange.answer
    doing = []
    if answer is not None:
        doing.append(_button(turn, "copy", "Copy with sources"))
        for what, name in (("up", "Good answer"), ("down", "Bad answer")):
            doing.append(_button(turn, what, name, f"thumb{' on' if exchange.thumb == what else ''}", icon=True))
    doing.append(_button(turn, "retry", "Ask again"))
    doing.append(_button(turn, "edit", "Edit question"))
    if len(exchange.others) > 1:
        doing.append(_branches(exchange, turn))
    foot = f'<div class="doing" role="group" title="What to do with answer {turn}">{"".join(doing)}</div>'
    if answer is not None:
        foot += _why(exchange, turn)
        foot += f'<pre class="plain" id="plain-{turn}" hidden>{escape(plain(answer))}</pre>'
    if last and exchange.next:
        foot += f'<p class="label">Ask next</p>{_asks(turn, exchange.next)}'
    return f'<div class="foot">{foot}</div>'


def plain(answer: Answer) -> str:
    """Question, answer and sources as plain text, to be pasted anywhere."""
    if answer.claims:
        said = ""
        for claim in answer.claims:
            words = f"“{claim.text}”" if claim.verdict.label == "quoted" else claim.text
            markers = "".join(f"[{citation.number}]" for citation in claim.citations)
            doubt = {"partly": "partly supported", "unsupported": "not supported", "contradicted": "contradicted"}.get(
                claim.verdict.label, ""
            )
            parts = [part for part in (claim.lead, words, markers, f"({doubt} by the articles)" if doubt else "") if part]
            said += ("\n\n" if claim.lead or claim.opens else " ") + " ".join(parts)
    else:
        said = "\n".join(without_claims(answer))
    parts = [answer.question, said.strip()]
    if answer.notice:
        parts.append(answer.notice)
    if answer.citations:
        heading = "Sources" if answer.answered else "The nearest passages"
        parts.append("\n".join([f"{heading}:", *(_source(citation) for citation in answer.citations)]))
    return "\n\n".join(parts)


def _source(citation: Citation) -> str:
    from ui.render import day, headline

    article = citation.article
    about = [headline(article), article.outlet, day(article.published) if article.published else "", followable(article.url)]
    quote = " ".join(citation.quote.split())
    return f"[{citation.number}] “{quote}” {', '.join(' '.join(part.split()) for part in about if part)}"


def _button(turn: int, what: str, name: str, kind: str = "", *, icon: bool = False) -> str:
    said = f'<span class="heard">{name}</span>' if icon else name
    return f'<button type="button" class="do {what} {kind}" id="do-{turn}-{what}" title="{name}">{said}</button>'


def _branches(exchange: Exchange, turn: int) -> str:
    """The way to what was asked and answered at this place before, or instead."""
    count = len(exchange.others)
    at = exchange.others.index(exchange.id) if exchange.id in exchange.others else count - 1

    def step(to: int, name: str, sign: str) -> str:
        off = "" if 0 <= to < count else " disabled"
        return (
            f'<button type="button" class="do step" id="do-{turn}-branch-{max(to, 0)}" title="{name}"{off}>'
            f'<span class="heard">{name}</span>{sign}</button>'
        )

    return (
        f'<span class="branches">{step(at - 1, "Earlier version", "‹")}<span>{at + 1} of {count}</span>'
        f"{step(at + 1, 'Later version', '›')}</span>"
    )


def _why(exchange: Exchange, turn: int) -> str:
    if not exchange.wondering:
        return f'<p class="note why">“{escape(exchange.word)}”</p>' if exchange.word else ""
    ask = "What was good?" if exchange.thumb == "up" else "What was wrong?"
    return (
        f'<p class="why"><label for="why-{turn}">{ask}</label> '
        f'<input type="text" class="word" id="why-{turn}" maxlength="{LONGEST_WORD}" autocomplete="off" '
        f'value="{escape(exchange.word)}" placeholder="A word is enough"> '
        f'<button type="button" class="do keep" id="do-{turn}-word">Keep</button></p>'
    )


def _asks(turn: int, questions: Iterable[str]) -> str:
    items = "".join(
        f'<li><button type="button" class="do" id="do-{turn}-next-{place}">{escape(question)}</button></li>'
        for place, question in enumerate(questions)
    )
    return f'<ul class="asks">{items}</ul>'
