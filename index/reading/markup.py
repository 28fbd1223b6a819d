"""PURE: Markdown, with the HTML that stands in it, -> blocks.

Not a full Markdown parser: it keeps every readable word, whatever the mark-up around it, and takes time
in proportion to the text's length, also on hostile input.
"""

from __future__ import annotations

import html
import re

from index.reading.blocks import IMAGE, LINK_END, LINK_START, Block, ends_sentence, join_lines, size
from index.reading.characters import normalise

# Stands for a forced line break until the lines are read; private use, taken out of the source before.
_BREAK = "\ue001"
_PRIVATE = re.compile("[\ue000-\ue005]")
_HARD_BREAK = re.compile(r"(?<! ) {2,}\n(?=[^\n])|(?<!\\)\\\n(?=[^\n])")
_TARGET = r"\(\s*+(?:<[^<>\n]*>|(?:[^()\s]|\([^()\s]*\))*)(?:\s++(?:\"[^\n]{0,400}?\"|'[^\n]{0,400}?'))?\s*+\)"
_IMAGE = re.compile(rf"!\[(?:[^\[\]]|\[[^\[\]]*\])*\](?:{_TARGET}|\[[^\[\]\n]*\])")
_LINK = re.compile(rf"(?<!\\)\[((?:[^\[\]]|\[[^\[\]]*\]){{0,4000}})\]{_TARGET}")
_REFERENCE = re.compile(r"^ {0,3}\[(?!\^)([^\[\]\n]{1,200})\]:[ ]*\S+(?:[ ]+[\"'(][^\n]*)?$", re.MULTILINE)
_REFERRED = re.compile(r"\[([^\[\]\n]{1,400})\]\[([^\[\]\n]{0,200})\]")
_ANCHOR = re.compile(r"<a(?:\s[^<>]{0,4000})?>([^<>]{0,2000})</a>", re.IGNORECASE)
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^\s<>]{1,2000})>")
_BARE_URL = re.compile(r"(?<![\w(/])https?://[^\s<>\x02\x03]{1,2000}")
_TAG = re.compile(
    r"</?(?:a|abbr|article|aside|b|big|blockquote|body|button|caption|center|cite|code|col|colgroup|dd|del|details|div"
    r"|dl|dt|em|embed|figcaption|figure|font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|kbd|label"
    r"|li|main|mark|nav|nobr|object|ol|option|p|picture|pre|q|s|samp|section|select|small|source|span|strike|strong"
    r"|sub|summary|sup|svg|table|tbody|td|tfoot|th|thead|time|tr|tt|u|ul|var|video|wbr)(?:\s[^<>]{0,4000})?/?>",
    re.IGNORECASE,
)
_PARTING_TAG = re.compile(
    r"</?(?:article|aside|blockquote|center|dd|div|dl|dt|figure|figcaption|footer|form|h[1-6]|header|hr|li|main|nav|ol"
    r"|p|pre|section|table|tr|ul)(?:\s[^<>]{0,4000})?/?>",
    re.IGNORECASE,
)
_BR = re.compile(r"<br\s*/?>", re.IGNORECASE)
_PAIR = re.compile(r"<([a-z][a-z0-9]{0,10})(?:\s[^<>]{0,1000})?>([^<>]{0,1000})</\1\s{0,4}>", re.IGNORECASE)
_NESTED = 5
"""Tags within tags of a title that are taken off."""
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# Page readers lose the space after a link or a stressed word; "bus" + "es" and "Kherson" + "'s" had none.
_LOST_SPACE = r"(?=[^\W\d_])(?!(?:s|es|ed|er|ers|ing|ly|n|en|d|ish|ian|ians|al|ne|nen|t|th)\b)"
_AFTER_LINK = re.compile(rf"(?<=\w)\x03(?:{_LOST_SPACE}|(?=\d)|(?=\x02))")
_LINK_TO_LINK = re.compile(r"\x03\x02")
_STRONG = re.compile(r"(?<!\\)(\*\*\*|\*\*|~~)(?=[^\s*])([^*\n]{1,2000}?)(?<=[^\s\\])\1")
_STRONG_LOW = re.compile(r"(?<![\\\w])(___|__)(?=[^\s_])([^\n]{1,2000}?)(?<=[^\s\\_])\1(?!\w)")
_STRESS = re.compile(r"(?<![\\*\w])\*(?=[^\s*])([^*\n]{1,2000}?)(?<=[^\s\\])\*(?![*\w])")
_GLUED = re.compile(
    r"(?<![\\\w*_])(\*{1,3}_{0,2}|_{1,3}\*{0,3})(?=[^\s*_])([^*_\n]{3,200}?)(?<=[^\s\\*_])(_{0,3}\*{0,3})(?<=[*_])LOST".replace(
        "LOST", _LOST_SPACE
    )
)
_STRESS_LOW = re.compile(r"(?<![\\_\w])_(?=[^\s_])([^_\n]{1,2000}?)(?<=[^\s\\])_(?![_\w])")
_INTRAWORD = re.compile(r"(?<=\w)\*\*(?=\w)|\*\*(?=\w)|(?<=[\w.,!?:;”’\"')])\*\*")
_CODE = re.compile(r"(?<!`)(`++)([^`\n]{1,2000})\1(?!`)")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|~<>\"'$&])")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ ]+|$|(?=[^\s#\d]))")
_ITEM = re.compile(r"\s*(?:([-*+•◦▪‣·●○])|(\d{1,3})[.)])\s+(?=\S)")
_CHECKBOX = re.compile(r"\[[ xX]\]\s*")
_QUOTE = re.compile(r"\s{0,3}(?:>\s?)+")
_RULE = frozenset("-*_=~+# ")
_TABLE_RULE = frozenset("-:| +=")
_LINE_OF_VERSE = 50


def blocks_of_markdown(text: str) -> list[Block]:
    """The blocks of a Markdown text, without its mark-up; what was linked stays counted."""
    text = _PRIVATE.sub("", text).replace("\r\n", "\n")
    for opening, closing in (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>")):
        text = _without(text, opening, closing)
    text = _BR.sub(_BREAK + "\n", _HARD_BREAK.sub(_BREAK + "\n", text))
    text = _mark_links(_without_private_breaks(normalise(text)))
    reader = _Lines()
    for line in _PARTING_TAG.sub("\n\n", text).split("\n"):
        reader.read(line)
    return reader.finish()


def plain_words(text: str) -> str:
    """A title without the tags that belong together ("<i>Titanic</i> found").

    Others are words of it ("Why <b> beats <strong>").
    """
    for _ in range(_NESTED):
        plain = _PAIR.sub(r"\2", text)
        if plain == text:
            break
        text = plain
    return " ".join(_ENTITY.sub(_entity, _BR.sub(" ", text)).split())


def _without_private_breaks(text: str) -> str:
    # normalise() has taken the trailing spaces; a break directly before a blank line parts nothing.
    return text.replace(_BREAK + "\n\n", "\n\n")


def _without(text: str, opening: str, closing: str) -> str:
    lowered = text.lower()
    start = lowered.find(opening)
    if start < 0 or len(lowered) != len(text):
        return text
    parts, position = [], 0
    while start >= 0:
        end = lowered.find(closing, start + len(opening))
        if end < 0:
            break
        parts.append(text[position:start])
        position = end + len(closing)
        start = lowered.find(opening, position)
    parts.append(text[position:])
    return "".join(parts)


def _mark_links(text: str) -> str:
    text = _IMAGE.sub(IMAGE, text)
    text = _LINK.sub(lambda match: _linked(match[1]), text)
    names = {match[1].casefold() for match in _REFERENCE.finditer(text)}
    if names:
        text = _REFERENCE.sub("", text)
        text = _REFERRED.sub(lambda match: _linked(match[1]) if (match[2] or match[1]).casefold() in names else match[0], text)
    text = _ANCHOR.sub(lambda match: _linked(match[1]), text)
    text = _AUTOLINK.sub(lambda match: _linked(match[1].removeprefix("mailto:")), text)
    return _BARE_URL.sub(lambda match: _linked(match[0]), text)


def _linked(text: str) -> str:
    # A link may reach over several lines; each line carries its own marks, so that lines can be read alone.
    lines = text.replace(LINK_START, "").replace(LINK_END, "").split("\n")
    marked = [_mark_line(line) if line.strip() else line for line in lines]
    return "\n".join(marked) if any(line.strip() for line in lines) else LINK_START + LINK_END


def _mark_line(line: str) -> str:
    opening = _HEADING.match(line) or _ITEM.match(line)
    at = opening.end() if opening else 0
    return f"{line[:at]}{LINK_START}{line[at:]}{LINK_END}"


def _inline(text: str) -> str:
    if "`" in text:
        text = _CODE.sub(r"\2", text)
    if "<" in text:
        text = _TAG.sub("", text)
    if LINK_END in text:
        text = _LINK_TO_LINK.sub("\x03 \x02", _AFTER_LINK.sub("\x03 ", text))
    if "*" in text or "_" in text:
        text = _GLUED.sub(r"\2 ", text)
    if "*" in text or "~~" in text:
        text = _STRESS.sub(r"\1", _STRONG.sub(r"\2", text))
        text = _INTRAWORD.sub("", text)
    if "_" in text:
        text = _STRESS_LOW.sub(r"\1", _STRONG_LOW.sub(r"\2", text))
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text)
    if "&" in text:
        text = _ENTITY.sub(_entity, text)
    return text


def _entity(match: re.Match[str]) -> str:
    # An entity may stand for a space, a control or an invisible character.
    return normalise(html.unescape(match[0])) or " "


class _Lines:
    """Reads line after line and gathers blocks; the state of one pass over one text."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.open: list[str] = []
        self.open_kind: str = ""
        self.open_mark = ""
        self.tight = False
        self.broken = False
        self.fenced = False
        self.in_table = False
        self.after_blank = True

    def read(self, raw: str) -> None:
        if raw.lstrip().startswith(("```", "~~~")):
            self.close()
            self.fenced = not self.fenced
            return
        if self.fenced:
            if raw.strip():
                self.blocks.append(Block.of("code", raw.replace(_BREAK, ""), tight=not self.after_blank))
            self.after_blank = not raw.strip()
            return
        breaks = raw.endswith(_BREAK)
        line = raw.replace(_BREAK, "")
        quoted = _QUOTE.match(line)
        line = line[quoted.end() :] if quoted else line
        stripped = line.strip()
        if not stripped:
            self.close()
            self.after_blank, self.in_table = True, False
            return
        if len(stripped) >= 3 and _RULE.issuperset(stripped):
            self.rule(stripped)
        elif self.row(stripped):
            pass
        elif heading := _HEADING.match(line):
            self.close()
            self.add("heading", line[heading.end() :].rstrip("# "), level=len(heading[1]))
        elif item := _ITEM.match(line):
            self.close()
            rest = _CHECKBOX.sub("", line[item.end() :], count=1) if item[1] else line[item.end() :]
            if heading := _HEADING.match(rest):
                rest = rest[heading.end() :]
            self.open, self.open_kind, self.open_mark = [rest], "item", f"{item[2]}." if item[2] else "•"
        else:
            self.text(line, stripped)
        self.broken = breaks
        if breaks and self.open:
            self.close()
            self.tight = True
        self.after_blank = False

    def text(self, line: str, stripped: str) -> None:
        if self.open and self.verse(self.open[-1], stripped):
            self.close()
            self.tight = True
        if not self.open:
            self.open_kind, self.open_mark = "paragraph", ""
        self.open.append(stripped)

    def verse(self, before: str, line: str) -> bool:
        # Two short lines, the first without an end of sentence, are lines of a menu, a verse or an address
        # rather than a paragraph that was wrapped.
        short = size(before) < _LINE_OF_VERSE and size(line) < _LINE_OF_VERSE
        return short and not ends_sentence(before) and not line[:1].islower()

    def rule(self, line: str) -> None:
        level = {"=": 1, "-": 2}.get(line[0], 0)
        underlines = bool(self.open) and not (ends_sentence(self.open[-1]) and size(self.open[-1]) > 100)
        if underlines and self.open_kind == "paragraph" and level and len(set(line)) == 1:
            *before, last = self.open
            self.open = before
            self.close()
            self.add("heading", last, level=level)
            return
        self.close()
        # A page's own title, as page readers write it: a line, a blank line, a row of "=".
        if line[0] == "=" and self.blocks and len(self.blocks) <= 2 and self.blocks[-1].kind == "paragraph":
            last_block = self.blocks.pop()
            self.blocks.append(Block("heading", last_block.text, last_block.linked, last_block.links, level=1))

    def row(self, line: str) -> bool:
        if "|" not in line:
            return False
        if _TABLE_RULE.issuperset(line) and "-" in line:
            if self.open and self.open_kind == "paragraph" and "|" in self.open[-1]:
                header = self.open.pop()
                self.close()
                self.add_row(header)
            self.in_table = True
            return True
        if (line.startswith("|") and line.count("|") >= 2) or self.in_table:
            self.close()
            self.add_row(line)
            return True
        return False

    def add_row(self, line: str) -> None:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        cells = [cell for cell in cells if cell.strip(LINK_START + LINK_END + " ")]
        if not cells:
            return
        # A table that only lays a page out holds paragraphs, not values.
        if max(size(cell) for cell in cells) > 200:
            for cell in cells:
                self.add("paragraph", cell)
            return
        self.add("row", (": " if len(cells) == 2 else " | ").join(cells))

    def add(self, kind: str, marked: str, *, level: int = 0, mark: str = "") -> None:
        block = Block.of(kind, _inline(marked), level=level, tight=self.tight, mark=mark)  # type: ignore[arg-type]
        self.tight = False
        if block.text or block.images or block.links:
            self.blocks.append(block)

    def close(self) -> None:
        if self.open:
            self.add(self.open_kind, join_lines(self.open), mark=self.open_mark)
        self.open, self.open_kind, self.open_mark = [], "", ""

    def finish(self) -> list[Block]:
        self.close()
        return self.blocks
