"""PURE: the blocks a text is made of (headings, paragraphs, list items, table rows) and text from them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["heading", "paragraph", "item", "row", "code"]

# A link's visible text stands between these two while a block is being built. Clean text has no control
# characters, so nothing a source says can be mistaken for them.
LINK_START, LINK_END, IMAGE = "\x02", "\x03", "\x04"
_MARKS = re.compile("[\x02\x03\x04]")
_LINKED = re.compile("\x02([^\x02\x03]*)\x03")
_IDEOGRAPHS = re.compile("[\u2e80-\u2fdf\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SENTENCE_END = re.compile("[.!?…。！？｡؟۔।॥։።፧]['\"’”»›)\\]）」』】]*$")
_SENTENCE_BREAK = re.compile("[.!?…؟۔।॥։።፧]['\"’”»)\\]]*\\s|[。！？]")
_NO_SPACE = f"{_IDEOGRAPHS.pattern[:-1]}，。、！？；：「」『』（）《》“”]"
_NO_SPACE_BEFORE = re.compile(f"{_NO_SPACE}$")
_NO_SPACE_AFTER = re.compile(f"^{_NO_SPACE}")


@dataclass(frozen=True, slots=True)
class Block:
    """One heading, paragraph, list item, table row or line of code.

    `linked` is how much of the text stood inside links (in the units of `size`), `links` and `images`
    count them. `tight` says that only a line break, no blank line, parted it from the block before.
    `mark` is the bullet or number of a list item.
    """

    kind: Kind
    text: str
    linked: float = 0.0
    links: int = 0
    images: int = 0
    level: int = 0
    tight: bool = False
    mark: str = ""

    @classmethod
    def of(cls, kind: Kind, marked: str, *, level: int = 0, tight: bool = False, mark: str = "") -> Block:
        """A block from a text in which links and images are still marked."""
        linked = sum(size(part.strip()) for part in _LINKED.findall(marked)) if LINK_START in marked else 0.0
        text = _MARKS.sub("", marked)
        text = text.rstrip() if kind == "code" else " ".join(text.split())
        return cls(kind, text, linked, marked.count(LINK_START), marked.count(IMAGE), level, tight, mark)

    @property
    def link_density(self) -> float:
        """How much of the text is links, 0 to 1."""
        return min(1.0, self.linked / max(1.0, size(self.text)))


def size(text: str) -> float:
    """The length of `text` in letters of an alphabet: an ideograph says as much as two and a half."""
    return len(text) if text.isascii() else len(text) + 1.5 * len(_IDEOGRAPHS.findall(text))


def words(text: str) -> float:
    """About how many words `text` has, in scripts with and without spaces."""
    return len(text.split()) if text.isascii() else len(text.split()) + len(_IDEOGRAPHS.findall(text)) / 2


def ends_sentence(text: str) -> bool:
    """Whether `text` ends with a mark that ends a sentence, closing quotes and brackets aside."""
    return bool(_SENTENCE_END.search(text[-12:]))


def holds_sentence(text: str) -> bool:
    """Whether some sentence ends inside or at the end of `text`."""
    return ends_sentence(text) or bool(_SENTENCE_BREAK.search(text))


def join_lines(lines: Iterable[str]) -> str:
    """One line from several: with a space between them, except in scripts that have none."""
    parts: list[str] = []
    for line in lines:
        if not line:
            continue
        if parts:
            last = parts[-1]
            parts.append("" if _NO_SPACE_BEFORE.search(last) and _NO_SPACE_AFTER.match(line) else " ")
        parts.append(line)
    return "".join(parts)


def letters(text: str) -> str:
    """Only the letters and digits of `text`, case folded: what two spellings of one headline share."""
    return "".join(char for char in text.casefold() if char.isalnum())


def render(blocks: Iterable[Block]) -> str:
    """The blocks as text: a blank line between paragraphs, a line break within lists and tables."""
    lines: list[str] = []
    before: Block | None = None
    for block in blocks:
        if before is not None:
            together = block.kind == before.kind and block.kind in ("item", "row", "code")
            lines.append("\n" if block.tight or together else "\n\n")
        lines.append(f"{block.mark} {block.text}" if block.mark else block.text)
        before = block
    return "".join(lines)
