"""PURE: a source's text -> an article's text: readable prose, paragraphs parted by a blank line."""

from __future__ import annotations

import re

from index.reading.blocks import Block, ends_sentence, holds_sentence, join_lines, letters, render, size, words
from index.reading.boilerplate import article_blocks
from index.reading.characters import normalise
from index.reading.dates import stated_date
from index.reading.markup import blocks_of_markdown

_BULLET = re.compile(r"[-*+•◦▪‣·●○–]\s+\S|\d{1,3}[.)]\s+\S|[a-z]\)\s")
_MARKUP = re.compile(
    r"(?P<link>!?\[[^\[\]\n]{0,300}\]\((?:https?:|mailto:|/|#|javascript:)|\[!\[)"
    r"|(?P<heading>^ {0,3}#{1,6} \S)"
    r"|(?P<rule>^[^\n]{3,200}\n(?:={4,}|-{4,})$)|(?P<row>^\|(?:[ :]?-{3,}[ :]?\|)+)"
    r"|(?P<strong>(?<![\w*])\*\*[^\s*][^*\n]{0,200}\*\*(?!\w))"
    r"|(?P<tag></?(?:p|br|div|li|ul|h[1-6]|strong|em|span|td)\b[^<>\n]{0,200}>|<a\s[^<>\n]{0,300}>)",
    re.MULTILINE | re.IGNORECASE,
)
_SAMPLE = 200_000
# Runs and what joins them have no sign in common: of a line of underscores there is one way to read it, not millions.
_SLUG = re.compile(r"(?=[^\n]*[-_\d])[^\W_]+(?:[-_./]+[^\W_]+)+|[0-9a-f]{12,}")
_NOT_A_HEADLINE = re.compile(
    r"(?:by|von|par|por|di|de|published|updated|posted|source|photo|image|url|https?:)\b", re.IGNORECASE
)
_WIDEST_WRAP = 120


def clean_markup(text: str, title: str = "") -> str:
    """The article in a Markdown text: no mark-up, no menus, notices or lists of links.

    `title` is left out where the text begins by repeating it.
    """
    return render(article_blocks(blocks_of_markdown(text), title))


def first_heading(text: str) -> str:
    """The first heading of a Markdown text when it stands before any prose, else ""."""
    for block in blocks_of_markdown(text[:_SAMPLE])[:12]:
        if block.kind == "heading" and block.text:
            return block.text
        if block.kind in ("paragraph", "item") and holds_sentence(block.text) and size(block.text) > 80:
            break
    return ""


def has_markup(text: str) -> bool:
    """Whether a text is Markdown or HTML rather than plain text that happens to hold a star or two."""
    found: dict[str, int] = {}
    for match in _MARKUP.finditer(text[:_SAMPLE]):
        kind = match.lastgroup or ""
        found[kind] = found.get(kind, 0) + 1
        if found.get("link") or found.get("row") or len(found) >= 2 or found[kind] >= 2:
            return True
    return False


def clean_plain(text: str) -> str:
    """A plain text with its hard-wrapped lines joined, and without the few lines that are no article."""
    return _render_plain(_paragraphs(normalise(text)))


def headline_and_text(text: str) -> tuple[str, str]:
    """(headline, cleaned text) of a plain text. The headline is "" when the text does not begin with one."""
    paragraphs = _paragraphs(normalise(text))
    headline = _headline(paragraphs)
    if headline:
        paragraphs = paragraphs[1:]
        # The address of a page is its headline without the marks, and often stands under it.
        if _is_shorn_headline(paragraphs[0], headline):
            paragraphs = paragraphs[1:]
    return headline, _render_plain(paragraphs)


def without_title(text: str, title: str) -> str:
    """`text` without a first line that is the title again, if anything else remains."""
    first, _, rest = text.partition("\n")
    return rest.lstrip("\n") if title and rest.strip() and letters(first) == letters(title) else text


def _render_plain(paragraphs: list[str]) -> str:
    if len(paragraphs) > 1 and _is_slug(paragraphs[-1]):
        paragraphs = paragraphs[:-1]
    lines = [line for paragraph in paragraphs for line in paragraph.split("\n")]
    blocks = [Block("item" if _BULLET.match(line) else "paragraph", line) for line in lines]
    still = {block.text for block in article_blocks(blocks)}
    kept = ("\n".join(line for line in paragraph.split("\n") if line in still) for paragraph in paragraphs)
    return "\n\n".join(paragraph for paragraph in kept if paragraph)


def _paragraphs(text: str) -> list[str]:
    groups = [group.split("\n") for group in re.split(r"\n(?:[ \t]*\n)+", text) if group.strip()]
    width = _wrap_width(groups)
    found: list[str] = []
    for group in groups:
        lines = [" ".join(line.split()) for line in group]
        lines = [line for line in lines if line]
        found.extend(_unwrapped(lines, width))
    return found


def _wrap_width(groups: list[list[str]]) -> float:
    """The width at which the text was wrapped, in characters, or 0 when it was not."""
    full = [len(line.strip()) for group in groups for line in group[:-1]]
    if not full:
        return 0
    if any(length > _WIDEST_WRAP for length in full):
        wide = sum(1 for length in full if length > _WIDEST_WRAP)
        if wide > 0.1 * len(full):
            return 0
    full = sorted(length for length in full if length <= _WIDEST_WRAP)
    width = full[int(0.9 * (len(full) - 1))] if full else 0
    # Wrapped lines are nearly all about as long as each other; lines of verse or of a list are not.
    near = sum(1 for length in full if length >= 0.75 * width)
    return width if width >= 40 and near >= 0.5 * len(full) else 0


def _unwrapped(lines: list[str], width: float) -> list[str]:
    """The paragraphs of one group of lines, each with the line breaks that are not wrapping."""
    paragraphs: list[list[list[str]]] = []
    for at, line in enumerate(lines):
        before = lines[at - 1] if at else ""
        if at and _continues(before, line, width):
            paragraphs[-1][-1].append(line)
        elif at and not _starts_paragraph(before, line):
            paragraphs[-1].append([line])
        else:
            paragraphs.append([[line]])
    return ["\n".join(join_lines(wrapped) for wrapped in paragraph) for paragraph in paragraphs]


def _continues(before: str, line: str, width: float) -> bool:
    if _BULLET.match(line):
        return False
    # A wrapped line ends where its next word would not have fitted any more.
    first_word = 1 if size(line) > 1.2 * len(line) else len(line.split(" ", 1)[0])
    return bool(width) and len(before) <= _WIDEST_WRAP and len(before) + 1 + first_word > 0.9 * width


def _starts_paragraph(before: str, line: str) -> bool:
    if _BULLET.match(line) or _BULLET.match(before):
        return False
    return ends_sentence(before) and max(size(before), size(line)) > 80


def _is_slug(line: str) -> bool:
    return len(line) <= 80 and bool(_SLUG.fullmatch(line)) and "." not in line and not ends_sentence(line)


def _headline(paragraphs: list[str]) -> str:
    """The first paragraph, when it is a headline: short, no sentence, with an article under it."""
    if len(paragraphs) < 2:
        return ""
    first, following = paragraphs[0], paragraphs[1:]
    if "\n" in first or not 2 <= words(first) <= 25 or size(first) > 160:
        return ""
    if _BULLET.match(first) or _NOT_A_HEADLINE.match(first) or stated_date(first) or _is_slug(first):
        return ""
    if first.rstrip("\"'”’»)").endswith((".", "。", "।", ":", "：", ",", "،", ";")) and not first.endswith("..."):
        return ""
    return first if any(size(line) > 1.5 * size(first) and holds_sentence(line) for line in following[:4]) else ""


def _is_shorn_headline(line: str, headline: str) -> bool:
    ours, theirs = letters(line), letters(headline)
    return len(ours) >= 0.5 * len(theirs) and theirs.startswith(ours) and not ends_sentence(line)
