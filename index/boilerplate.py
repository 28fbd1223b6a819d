"""PURE: which blocks of a page are the article, and which are menus, notices and lists of links.

Judged by structure: how much of a block is links, whether it holds sentences, what stands around it. The
few phrases below only settle what structure leaves open. Prose is never dropped for being short: in
doubt a block stays.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from index.blocks import Block, ends_sentence, holds_sentence, letters, size, words


class Label(Enum):
    """What a block looks like, taken by itself."""

    PROSE = auto()
    SENTENCE = auto()
    SHORT = auto()
    DATA = auto()
    LINKS = auto()
    CHROME = auto()


_CHROME = re.compile(
    r"share|share (?:this|on|via|article|story|page)\b.{0,30}|(?:share ){2,}.*|tweet|(?:e-?mail|print|save|pin)(?: this.{0,20})?"
    r"|(?:continue )?read(?:ing)? more.{0,20}|(?:sign|log) ?(?:in|up|out)(?: .{0,25})?|subscribe(?: .{0,25})?|register|my account"
    r"|(?:skip|jump) to .{0,25}|follow us.{0,30}|follow|menu|main menu|search|close|cancel|open menu|toggle .{0,25}|loading.{0,5}"
    r"|(?:\d+ )?comments?(?: ?\(?\d+\)?)?|\d+ (?:comments?|shares?|likes?)|leave a (?:comment|reply)|log in to reply|reply"
    r"|related (?:stories|articles|posts|content|topics|news|reading|coverage)|(?:most|more) (?:read|popular|viewed|from .{0,40})"
    r"|trending(?: now)?|filed under|tags|categories|you (?:may|might) also (?:like|be interested in).{0,20}|what to read next"
    r"|recommended(?: for you)?|up next|(?:advertisement|advertising|sponsored(?: .{0,25})?|sponsor|promoted(?: .{0,20})?|ad)"
    r"|newsletters?|get (?:the|our) .{0,30}newsletter|privacy(?: policy)?|terms (?:of|and|&) .{0,25}|cookies?(?: .{0,20})?"
    r"|(?:accept|reject|allow|manage)(?: all)?(?: cookies)?|contact(?: us)?|about us|back to top|site ?map|rss|faqs?|home|careers"
    r"|advertise(?: with us)?|all rights reserved|(?:next|previous)(?: (?:article|post|page|story))?|(?:older|newer) posts"
    r"|image \d+.{0,80}|click to .{0,40}|play(?: video)?|listen(?: to .{0,20})?|download (?:the|our) app"
    # the same words in some of the languages that pages are most often written in
    r"|anzeige|werbung|teilen|weiterlesen|mehr lesen|anmelden|kommentare?|datenschutz|impressum|zum inhalt springen"
    r"|publicité|partager|lire la suite|lire aussi.{0,60}|s.abonner|se connecter|commentaires|mentions légales"
    r"|publicidad|compartir|leer más|suscríbete|iniciar sesión|comentarios|aviso legal|pubblicità|condividi|leggi anche.{0,60}"
    r"|реклама|поделиться|читать далее|войти|подписаться|комментарии|广告|分享|登录|阅读更多|広告|シェア|続きを読む|ログイン"
    r"|إعلان|شارك|تسجيل الدخول|اقرأ المزيد",
    re.IGNORECASE,
)
_NOTICE = re.compile(
    r"the wayback machine - .*|(?:copyright|©|\(c\))\s*(?:©|\(c\))?\s*(?:\d{4}|by\b).{0,200}|.{0,80}©.{0,120}"
    r"|.{0,160}all rights reserved\.?.{0,120}",
    re.IGNORECASE,
)
_COOKIE = re.compile(r"\bcookies?\b|\bconsent\b|\bcookies?richtlinie\b", re.IGNORECASE)
_SPEAKS_TO_YOU = re.compile(
    r"\b(?:we|our|us|you|your|this (?:web)?site(?: uses)?|wir|unsere?|sie|ihre?|nous|vous|votre|ce site|nuestr[oa]s?|usted"
    r"|este sitio)\b",
    re.IGNORECASE,
)
_PROMPT = re.compile(
    r"(?:sign up|subscribe|sign in|log in|register|enter your e-?mail|click here|follow us|like us|please (?:enable|turn on)"
    r"|get (?:the|our) (?:latest|best|daily|weekly)|already (?:have|a)|new to)\b"
    r".{0,160}\b(?:newsletters?|inbox|e-?mails?|account|subscri\w+|updates|alerts|notifications|facebook|twitter|app|javascript|log ?in)\b"
    r"|your browser .{0,120}|(?:please )?enable javascript.{0,120}|you must be logged in.{0,80}|by (?:signing|subscribing).{0,240}",
    re.IGNORECASE,
)
_SITE_WORD = re.compile(
    r"©|copyright|privacy|terms|contact|about|log ?in|sign|cookie|rss|facebook|twitter|instagram|youtube|site ?map|advertis|careers"
    r"|impressum|datenschutz|mentions|confidentialité|contacto|privacidad",
    re.IGNORECASE,
)
_PAGE_TITLE = re.compile(r"\s+[|–—·»:•/-]+\s+")
_PROSE_SIZE = 80


def article_blocks(blocks: list[Block], title: str = "") -> list[Block]:
    """The blocks of the article, in order, without those that are the page around it."""
    blocks = [block for block in blocks if block.text and any(char.isalnum() for char in block.text)]
    labels = [label(block) for block in blocks]
    kept = _without_repeats(blocks, labels, _judge(blocks, labels, _under_title(blocks, labels, title)))
    if not any(kept):
        # Nothing looked like an article: then whatever is not links is what the page has to say.
        kept = [found not in (Label.LINKS, Label.CHROME) for found in labels]
    if not any(kept):
        kept = [True] * len(blocks)
    chosen = [block for block, keep in zip(blocks, kept, strict=True) if keep]
    return _without_empty_headings(_without_titles(chosen, title))


def label(block: Block) -> Label:
    """What `block` looks like, taken by itself."""
    text, density = block.text, block.link_density
    free = size(text) - block.linked
    if words(text) <= 12 and _CHROME.fullmatch(text.strip(" :.…»›>|-–•").lower()):
        return Label.CHROME
    if size(text) < 300 and _NOTICE.fullmatch(text):
        return Label.CHROME
    if block.kind == "row":
        return Label.LINKS if density > 0.8 and not any(char.isdigit() for char in text) else Label.DATA
    if block.kind == "code":
        return Label.DATA
    if density > 0.5 and (free < 25 or density > 0.8):
        one_sentence = block.links == 1 and ends_sentence(text) and words(text) >= 8
        return Label.SENTENCE if one_sentence and block.kind != "heading" else Label.LINKS
    if block.links >= 3 and density > 0.65:
        return Label.LINKS
    if block.kind == "heading" and not (ends_sentence(text) and words(text) >= 6):
        return Label.SHORT
    if holds_sentence(text):
        if free >= _PROSE_SIZE:
            return Label.PROSE
        if ends_sentence(text) and words(text) >= 3:
            return Label.SENTENCE
    # Long text without any mark: verse, tables that lost their lines, scripts whose marks are unknown here.
    return Label.PROSE if free >= 2.5 * _PROSE_SIZE else Label.SHORT


def _under_title(blocks: list[Block], labels: list[Label], title: str) -> range:
    """Where the lines between a page's headline and its first prose stand: its standfirst and byline."""
    wanted = letters(title)
    first_prose = next((at for at, found in enumerate(labels) if found is Label.PROSE), 0)
    said = [at for at in range(first_prose) if wanted and says_title(blocks[at].text, wanted)]
    return range(max(said[-1] + 1, first_prose - 8), first_prose) if said and said[-1] > 1 else range(0)


def _judge(blocks: list[Block], labels: list[Label], under_title: range) -> list[bool]:
    count = len(blocks)
    kept = [found in (Label.PROSE, Label.SENTENCE, Label.DATA) for found in labels]
    pages_links = Label.LINKS in labels
    before = _nearest(labels)
    after = _nearest(labels[::-1])[::-1]
    page = (Label.LINKS, Label.CHROME)
    # A sentence that is nothing but a link is a headline when more links stand beside it.
    for at, block in enumerate(blocks):
        if labels[at] is Label.SENTENCE and block.link_density > 0.8:
            beside = [other for other in (at - 1, at + 1) if 0 <= other < count]
            kept[at] = not any(labels[n] in page or blocks[n].link_density > 0.8 for n in beside)
    for at, block in enumerate(blocks):
        if labels[at] not in (Label.PROSE, Label.SENTENCE):
            continue
        outside = at == 0 or at + 1 == count
        beside_page = (at > 0 and labels[at - 1] in page) or (at + 1 < count and labels[at + 1] in page)
        if (_asks_consent(block.text) and (outside or beside_page)) or (_is_prompt(block.text) and beside_page):
            kept[at] = False
    start = 0
    while start < count:
        if labels[start] is not Label.SHORT:
            start += 1
            continue
        end = start
        while end < count and labels[end] is Label.SHORT:
            end += 1
        _judge_run(blocks, start, end, before[start], after[end - 1], kept, pages_links)
        start = end
    for at in under_title:
        if labels[at] is Label.SHORT and blocks[at].kind == "paragraph" and _says_something(blocks[at]):
            kept[at] = True
    return kept


def _nearest(labels: list[Label]) -> list[Label | None]:
    """For each block the label of the nearest block before it that is not SHORT, or None at the edge."""
    nearest: list[Label | None] = []
    last: Label | None = None
    for found in labels:
        nearest.append(last)
        if found is not Label.SHORT:
            last = found
    return nearest


_TEXT = (Label.PROSE, Label.SENTENCE, Label.DATA)


def _judge_run(
    blocks: list[Block], start: int, end: int, left: Label | None, right: Label | None, kept: list[bool], links: bool
) -> None:
    """Decide on a run of short blocks, from what stands on either side of it (None: the page's edge)."""
    run = range(start, end)
    if left in _TEXT and right in _TEXT:
        for at in run:
            kept[at] = True
        return
    if not links:
        menu = end - start >= 5 and all(_is_menu_entry(blocks[at].text) for at in run)
        site = sum(1 for at in run if _SITE_WORD.search(blocks[at].text))
        dropped = menu and ((left is None and right is not None) or (right is None and left is not None and site >= 2))
        for at in run:
            kept[at] = not dropped
        return
    # Between text and links: what stands next to the text belongs to it if it says something, that is if
    # it is a heading over the text, an entry of a list the text begins, or a line with more than a label.
    for at in reversed(run):
        block = blocks[at]
        if right in _TEXT and (at + 1 == end or kept[at + 1]) and end - at <= 4:
            kept[at] = block.kind == "heading" or _says_something(block)
    for at in run:
        block = blocks[at]
        if left in _TEXT and (at == start or kept[at - 1]) and block.kind != "heading":
            kept[at] = kept[at] or _says_something(block) or (block.kind == "item" and not block.links)


def _says_something(block: Block) -> bool:
    digits = any(char.isdigit() for char in block.text)
    return block.link_density <= 0.5 and (words(block.text) >= 5 or (digits and words(block.text) >= 2))


def _is_menu_entry(text: str) -> bool:
    return words(text) <= 3 and not any(char.isdigit() for char in text) and not ends_sentence(text)


def _asks_consent(text: str) -> bool:
    return size(text) <= 700 and bool(_COOKIE.search(text)) and len(_SPEAKS_TO_YOU.findall(text)) >= 2


def _is_prompt(text: str) -> bool:
    return size(text) < 260 and bool(_PROMPT.match(text))


def _without_repeats(blocks: list[Block], labels: list[Label], kept: list[bool]) -> list[bool]:
    seen: set[str] = set()
    for at, block in enumerate(blocks):
        if not kept[at] or block.kind in ("row", "code"):
            continue
        # What a page says three times over (a teaser, a quote set large) the article says once; a short
        # line may come back, as a refrain or an answer does.
        key = block.text.casefold()
        if key in seen and (labels[at] is Label.SHORT and block.kind != "item" or size(key) > 40):
            kept[at] = False
        seen.add(key)
    return kept


def _without_titles(blocks: list[Block], title: str) -> list[Block]:
    wanted = letters(title)
    if not wanted:
        return blocks
    first_prose = next((at for at, block in enumerate(blocks) if label(block) is Label.PROSE), len(blocks))
    return [block for at, block in enumerate(blocks) if at > first_prose or not says_title(block.text, wanted)]


def says_title(text: str, wanted: str) -> bool:
    """Whether a line is the title again, alone or with the site's name; `wanted` is `letters(title)`."""
    if abs(len(text) - len(wanted)) > 160:
        return False
    if letters(text) == wanted:
        return True
    parts = _PAGE_TITLE.split(text)
    heads = (" ".join(parts[:end]) for end in range(1, len(parts)))
    return len(parts) > 1 and len(parts[-1]) <= 60 and any(letters(head) == wanted for head in heads)


def _without_empty_headings(blocks: list[Block]) -> list[Block]:
    """Drop headings with nothing under them, as remain of sections that were lists of links."""
    kept: list[Block] = []
    level_below: int | None = 0
    for block in reversed(blocks):
        if block.kind == "heading":
            says_nothing = not (ends_sentence(block.text) and words(block.text) >= 6)
            if level_below is not None and block.level >= level_below and says_nothing:
                continue
            level_below = block.level
        else:
            level_below = None
        kept.append(block)
    kept.reverse()
    return kept if kept else blocks
