"""PURE: an e-mail, as newsletters are -> a Draft: its subject the title, its sender the outlet, its day the date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from email.utils import parseaddr
from typing import Any

from index.errors import ReadError
from index.reading.blocks import Block, render, size
from index.reading.boilerplate import article_blocks
from index.reading.characters import one_line
from index.reading.clean import clean_plain, without_title
from index.reading.dates import stated_date
from index.reading.draft import Draft
from index.reading.htmlblocks import blocks_of_tree, parse
from index.reading.mime import characters, header, inline_parts, parse_mime

_PASSED_ON = re.compile(r"(?:(?:fwd?|wg|tr|rv|doorst|re|aw)\s*:\s*)+", re.IGNORECASE)
_FORWARDED = re.compile(
    r"[-_\s]*(?:begin )?(?:forwarded message|original message|weitergeleitete nachricht|ursprüngliche nachricht"
    r"|message transféré|mensaje reenviado)[-_:\s]*",
    re.IGNORECASE,
)
_FIELDS = {
    "from": "from", "von": "from", "de": "from", "date": "date", "sent": "date", "datum": "date", "gesendet": "date",
    "envoyé": "date", "fecha": "date", "subject": "subject", "betreff": "subject", "objet": "subject", "asunto": "subject",
    "to": "to", "an": "to", "à": "to", "para": "to", "cc": "to", "kopie": "to", "reply-to": "to",
}  # fmt: skip
_FIELD = re.compile(rf"[*_]*({'|'.join(_FIELDS)})[*_]*\s?:[*_]*\s*(.*)", re.IGNORECASE | re.DOTALL)
_CLUTTER = re.compile(
    r"\bunsubscribe\b|\b(?:manage|update|change|edit) (?:your )?(?:e-?mail )?(?:preferences|subscriptions?|settings|profile)\b"
    r"|\b(?:view|read|open|see) (?:it|this|the)?\b.{0,30}\b(?:in|on) (?:your |a |the )?(?:web )?(?:browser|web|app)\b"
    r"|\b(?:having )?trouble (?:viewing|reading)\b"
    r"|\byou(?:.re| are| have) (?:receiving|received|getting|subscribed|signed up)\b"
    r"|\bthis (?:e-?mail|message|newsletter) was sent\b|\badd us to your address book\b|\bforward(?:ed)? (?:this|to a friend)\b"
    r"|\bsent from my \w+|\bno longer (?:wish|want) to receive\b"
    r"|\b(?:abmelden|abbestellen|abbestellung)\b|\bim browser (?:an)?(?:sehen|zeigen|öffnen)\b"
    r"|\bse désabonner\b|\bdésinscri\w+|\bdans (?:votre|un) navigateur\b|\bdarse de baja\b|\ben (?:su|tu|el) navegador\b",
    re.IGNORECASE,
)
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|max-height\s*:\s*0|font-size\s*:\s*[01](?:px|pt)?\s*(?:;|$)",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)
_LONGEST_CLUTTER = 400


@dataclass(frozen=True, slots=True)
class _Passed:
    """What stands above a message that was passed on: who sent it first, when, and under which subject."""

    sender: str = ""
    day: str = ""
    subject: str = ""


def read_mail(data: bytes) -> Draft:
    """The article in an e-mail; what is attached to it is left alone. Raises ReadError when it has no words of its own.

    Of a message that was passed on, the first sender, day and subject are taken where it states them.
    """
    message = parse_mime(data)
    try:
        blocks, passed = _best(message)
    except ReadError as error:
        raise ReadError(f"its text cannot be read: {error}") from error
    title = _subject(one_line(passed.subject)) or _subject(header(message, "Subject"))
    text = without_title(render(_without_clutter(blocks, title)), title)
    if not any(char.isalnum() for char in text):
        has = "only attachments; save the one you want and add that file" if message.is_multipart() else "no text"
        raise ReadError(f"the message itself holds {has}")
    name, address = parseaddr(passed.sender or header(message, "From"))
    return Draft(
        text,
        title=title,
        outlet=one_line(name).strip("\"' ") or one_line(address),
        published=stated_date(one_line(passed.day)) if passed.day else stated_date(header(message, "Date")),
        language=header(message, "Content-Language").partition(",")[0].strip().replace("_", "-")[:35],
    )


def _subject(said: str) -> str:
    passed_on = _PASSED_ON.match(said)
    return said[passed_on.end() :] if passed_on else said


def _best(message: Message) -> tuple[list[Block], _Passed]:
    """The message's blocks from its HTML, or from its plain text where that says clearly more."""
    parts = list(inline_parts(message))
    pages = [part for part in parts if part.get_content_type() in ("text/html", "application/xhtml+xml")]
    plain = [part for part in parts if part.get_content_type() == "text/plain"]
    of_html, passed = _passed_on([block for part in pages for block in _html_blocks(characters(part))])
    of_plain, passed_plain = _passed_on([block for part in plain for block in _plain_blocks(characters(part))])
    # Plain text is longer by its addresses and rules, often enough; it says more where it is longer by far.
    if sum(size(block.text) for block in of_html) >= 0.7 * sum(size(block.text) for block in of_plain):
        return of_html, passed
    return of_plain, passed_plain


def _html_blocks(page: str) -> list[Block]:
    tree = parse(page.replace("\x00", ""))
    if tree is None:
        return []
    for element in list(tree.iter("div", "span", "p", "td", "tr", "table", "a", "preheader")):
        if element.get("hidden") is not None or _HIDDEN.search(element.get("style", "")[:500]):
            _drop(element)
    _open_layout(tree)
    return list(blocks_of_tree(tree))


def _open_layout(tree: Any) -> None:
    """Turn the tables that lay a letter out, as nearly all in letters do, into plain divisions."""
    for row in list(tree.iter("tr")):
        cells = list(row.iterchildren("td", "th"))
        if len(cells) < 2 or next(row.iter("p", "div", "table", "h1", "h2", "h3", "ul", "img"), None) is not None:
            for element in (row, *cells):
                element.tag = "div"


def _drop(element: Any) -> None:
    tail = element.tail
    element.clear()
    element.tail = tail


def _plain_blocks(text: str) -> list[Block]:
    text = text.replace("\r\n", "\n")
    signatures = list(_SIGNATURE.finditer(text))
    if signatures and len(text) - signatures[-1].end() < 1_000:
        text = text[: signatures[-1].start()]
    head, line, rest = _cut_at_forwarding(text)
    blocks = _paragraphs(head)
    if line:
        # The lines over a message that was passed on are no wrapped paragraph.
        top, _, body = rest.lstrip("\n").partition("\n\n")
        blocks += [Block("paragraph", line.strip())]
        blocks += [Block("paragraph", " ".join(said.split())) for said in top.split("\n") if said.strip()]
        blocks += _paragraphs(body)
    return blocks


def _cut_at_forwarding(text: str) -> tuple[str, str, str]:
    lines = text.split("\n")
    for at, line in enumerate(lines[:200]):
        if len(line) < 100 and _FORWARDED.fullmatch(line):
            return "\n".join(lines[:at]), line, "\n".join(lines[at + 1 :])
    return text, "", ""


def _paragraphs(text: str) -> list[Block]:
    cleaned = re.sub(r"[<(\[]https?://[^\s<>]{1,2000}[>)\]]", "", text)
    blocks: list[Block] = []
    for paragraph in clean_plain(cleaned).split("\n\n"):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        blocks.extend(Block("paragraph", line, tight=at > 0) for at, line in enumerate(lines))
    return blocks


def _passed_on(blocks: list[Block]) -> tuple[list[Block], _Passed]:
    """The blocks under the head of a message that was passed on, and what that head says."""
    heads = (at for at, block in enumerate(blocks[:30]) if len(block.text) < 100 and _FORWARDED.fullmatch(block.text))
    start = next(heads, None)
    # Who passes an article on may say a word about it, but who writes one does not begin with another's head.
    if start is None or sum(size(block.text) for block in blocks[:start]) > 600:
        return blocks, _Passed()
    said: dict[str, str] = {}
    end = start + 1
    for end in range(start + 1, min(start + 12, len(blocks) + 1)):
        match = _FIELD.fullmatch(blocks[end].text) if end < len(blocks) and len(blocks[end].text) < 1_000 else None
        if match is None:
            break
        said.setdefault(_FIELDS.get(match[1].casefold(), ""), match[2].strip(" *_"))
    passed = _Passed(said.get("from", ""), re.sub(r"\s+(?:at|um|à)\s+\d.*$", "", said.get("date", "")), said.get("subject", ""))
    return blocks[end:], passed


def _without_clutter(blocks: list[Block], title: str) -> list[Block]:
    """The article's blocks without what every issue says of itself: how to see it, to leave it, whose it is."""
    clutter = [at for at, block in enumerate(blocks) if size(block.text) < _LONGEST_CLUTTER and _CLUTTER.search(block.text)]
    total = sum(size(block.text) for block in blocks)
    end = len(blocks)
    for at in clutter:
        below = sum(size(block.text) for block in blocks[at:])
        if below < min(1_500.0, 0.35 * total):
            end = at
            break
    dropped = {at for at in clutter if _is_clutter(blocks[at])}
    return article_blocks([block for at, block in enumerate(blocks[:end]) if at not in dropped], title)


def _is_clutter(block: Block) -> bool:
    """Whether a block that speaks of leaving or viewing says nothing else: one that is linked, or short."""
    return block.links > 0 or size(block.text) < 160
