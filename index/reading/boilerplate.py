"""PURE: which blocks of a page are the article, and which are menus, notices and lists of links.

Judged by structure: how much of a block is links, whether it holds sentences, what stands around it. The
few phrases below only settle what structure leaves open. Prose is never dropped for being short: in
doubt a block stays.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from index.reading.blocks import Block, ends_sentence, holds_sentence, letters, size, words


class Label(Enum):
    """What a block looks like, taken by itself."""

    PROSE = auto()
    SENTENCE = auto()
    SHORT = auto()
    DATA = auto()
    LINKS = auto()
    CHROME = auto()


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_CHROME = _any_of(
    r"share|share (?:this|on|via|article|story|page)\b.{0,30}|(?:share ){2,}.*|tweet|\d+ (?:shares?|likes?)",
    r"(?:e-?mail|print|save|pin)(?: this.{0,20})?|(?:continue )?read(?:ing)? more.{0,20}|click to .{0,40}",
    r"(?:sign|log) ?(?:in|up|out)(?: .{0,25})?|subscribe(?: .{0,25})?|register|my account|log in to reply",
    r"newsletters?|get (?:the|our) .{0,30}newsletter|follow us.{0,30}|follow|download (?:the|our) app",
    r"(?:skip|jump) to .{0,25}|menu|main menu|open menu|toggle .{0,25}|search|close|cancel|loading.{0,5}",
    r"home|back to top|site ?map|rss|faqs?|careers|contact(?: us)?|about us|advertise(?: with us)?",
    r"(?:\d+ )?comments?(?: ?\(?\d+\)?)?|leave a (?:comment|reply)|reply|tags|filed under|categories",
    r"related (?:stories|articles|posts|content|topics|news|reading|coverage)|trending(?: now)?|up next",
    r"(?:most|more) (?:read|popular|viewed|from .{0,40})|recommended(?: for you)?|what to read next",
    r"you (?:may|might) also (?:like|be interested in).{0,20}|(?:older|newer) posts",
    r"(?:next|previous)(?: (?:article|post|page|story))?|image \d+.{0,80}|play(?: video)?",
    r"listen(?: to .{0,20})?",
    r"advertisement|advertising|sponsored(?: .{0,25})?|sponsor|promoted(?: .{0,20})?|ad",
    r"privacy(?: policy)?|terms (?:of|and|&) .{0,25}|cookies?(?: .{0,20})?|all rights reserved",
    r"(?:accept|reject|allow|manage)(?: all)?(?: cookies)?",
    # the same words in some of the languages that pages are most often written in
    r"anzeige|werbung|teilen|weiterlesen|mehr lesen|anmelden|kommentare?|datenschutz|impressum",
    r"publicité|partager|lire la suite|lire aussi.{0,60}|s.abonner|commentaires|mentions légales",
    r"publicidad|compartir|leer más|suscríbete|iniciar sesión|comentarios|aviso legal",
    r"pubblicità|condividi|leggi anche.{0,60}|реклама|поделиться|читать далее|войти|подписаться|комментарии",
    r"广告|分享|登录|阅读更多|広告|シェア|続きを読む|ログイン|إعلان|شارك|تسجيل الدخول|اقرأ المزيد",
)
_NOTICE_WORD = _any_of(r"©|\(c\)|copyright|rights reserved|wayback machine")
_NOTICE = _any_of(
    r"the wayback machine - .*|all rights reserved\W{0,3}",
    r"(?:copyright|©|\(c\))\s*(?:©|\(c\))?\s*\d{4}.{0,200}",
    r".{0,160}\b(?:copyright|inc|llc|ltd|gmbh|corp|company)\b.{0,160}\ball rights reserved.{0,120}",
    r".{0,160}©\s*(?:copyright\s*)?\d{4}.{0,160}|.{0,160}©.{0,160}all rights reserved.{0,120}",
)
_COOKIE = _any_of(
    r"\bcookies?\b|\bcookie-?richtlinie\b",
    r"\bprivacy policy\b.*\bterms of\b",
    r"\bterms of\b.*\bprivacy policy\b",
)
_SITE_SPEAKS = _any_of(
    r"\b(?:we|our|us|this (?:web)?site|wir|unsere?|nous|ce site|nuestr[oa]s?|este sitio)\b",
    r"\bby (?:continuing|subscribing|signing)\b",
)
_SPEAKS_TO_YOU = _any_of(r"\b(?:you|your|sie|ihre?|vous|votre|usted)\b")
_PROMPT = _any_of(
    r"(?:sign up|subscribe|sign in|log in|register|enter your e-?mail|click here|follow us|like us"
    r"|please (?:enable|turn on)|get (?:the|our) (?:latest|best|daily|weekly)|already (?:have|a)|new to)\b"
    r".{0,160}"
    r"\b(?:newsletters?|inbox|e-?mails?|account|subscri\w+|updates|alerts|notifications|facebook|twitter|app"
    r"|javascript|log ?in)\b",
    r"your browser .{0,120}|(?:please )?enable javascript.{0,120}|you must be logged in.{0,80}",
    r"by (?:signing|subscribing).{0,240}",
)
_SITE_WORD = _any_of(
    r"©|copyright|privacy|terms|contact|about|log ?in|sign|cookie|rss|facebook|twitter|instagram|youtube",
    r"site ?map|advertis|careers|impressum|datenschutz|mentions|confidentialité|contacto|privacidad",
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_BYLINE = _any_of(r"(?:(?:posted|published|written|reported|story)\s+)?(?:by|von|par|por|door)\s+[^\W\d_]|автор\b|作者|記者")
_DAY = _any_of(
    rf"\b{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}\b",
    rf"\b\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH},?\s+\d{{4}}\b",
    r"\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b|\b\d{1,2}[-/.]\d{1,2}[-/.]\d{4}\b|\d{4}年\s?\d{1,2}月\s?\d{1,2}日",
)
_PAGE_TITLE = re.compile(r"\s+[|–—·»:•/-]+\s+")
_PROSE_SIZE = 80


def article_blocks(blocks: list[Block], title: str = "") -> list[Block]:
    """The blocks of the article, in order, without those that are the page around it."""
    blocks = [block for block in blocks if block.text and any(char.isalnum() for char in block.text)]
    labels = [label(block) for block in blocks]
    kept = _without_repeats(blocks, labels, _judge(blocks, labels, title))
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
    # "Log in to the console." is a step that an article tells; the button has no full stop.
    bare = text.strip(" :…»›>|-–•").lower()
    if words(text) <= 12 and not bare.endswith((".", "。")) and _CHROME.fullmatch(bare):
        return Label.CHROME
    if size(text) < 300 and _NOTICE_WORD.search(text) and _NOTICE.fullmatch(text):
        return Label.CHROME
    if block.kind == "row":
        return Label.LINKS if density > 0.8 and not any(char.isdigit() for char in text) else Label.DATA
    if block.kind == "code":
        return Label.DATA
    if density > 0.5 and (free < 25 or density > 0.8):
        told = ends_sentence(text) and block.links <= 2
        one_sentence = told and (words(text) >= 8 or (density < 0.8 and words(text) >= 5))
        return Label.SENTENCE if one_sentence and block.kind != "heading" else Label.LINKS
    if block.links >= 3 and density > 0.65:
        return Label.LINKS
    if block.kind == "heading" and not (ends_sentence(text) and words(text) >= 6):
        return Label.SHORT
    if holds_sentence(text):
        if free >= _PROSE_SIZE:
            return Label.PROSE
        if ends_sentence(text) and words(text) >= (3 if block.links else 2):
            return Label.SENTENCE
    if block.kind == "item" and not block.links and words(text) >= 9:
        return Label.SENTENCE
    # Long text without any mark: verse, tables that lost their lines, scripts whose marks are unknown here.
    return Label.PROSE if free >= 2.5 * _PROSE_SIZE else Label.SHORT


def _under_title(blocks: list[Block], labels: list[Label], title: str) -> list[int]:
    """Where the lines between a page's headline and its first prose stand: its standfirst and byline."""
    wanted = letters(title)
    found: list[int] = []
    for at, block in enumerate(blocks):
        if not wanted or not says_title(block.text, wanted):
            continue
        until = next((n for n in range(at + 1, min(at + 14, len(blocks))) if labels[n] is Label.PROSE), at)
        found.extend(range(at + 1, until))
    return found


def _is_byline(blocks: list[Block], at: int) -> bool:
    """Whether a line names who wrote the article or when: "By Jane Roe", a day, a name over a day."""
    text = blocks[at].text
    if words(text) > 14:
        return False
    if _BYLINE.match(text) or _DAY.search(text):
        return True
    name = blocks[at].links == 1 and 2 <= words(text) <= 4 and not any(char.isdigit() for char in text)
    return name and at + 1 < len(blocks) and words(blocks[at + 1].text) <= 14 and bool(_DAY.search(blocks[at + 1].text))


def _judge(blocks: list[Block], labels: list[Label], title: str) -> list[bool]:
    count = len(blocks)
    kept = [found in (Label.PROSE, Label.SENTENCE, Label.DATA) for found in labels]
    pages_links = Label.LINKS in labels
    page = (Label.LINKS, Label.CHROME)
    # A sentence that is nothing but a link is a headline when more links stand beside it.
    for at, block in enumerate(blocks):
        if labels[at] is Label.SENTENCE and block.link_density > 0.8:
            beside = [other for other in (at - 1, at + 1) if 0 <= other < count]
            kept[at] = not any(labels[n] in page or blocks[n].link_density > 0.8 for n in beside)
    outside = _outside(blocks, labels)
    for at, block in enumerate(blocks):
        if labels[at] not in (Label.PROSE, Label.SENTENCE):
            continue
        beside_page = (at > 0 and labels[at - 1] in page) or (at + 1 < count and labels[at + 1] in page)
        if (_asks_consent(block.text) and (at in outside or beside_page)) or (_is_prompt(block.text) and beside_page):
            kept[at] = False
            labels[at] = Label.CHROME
    before = _nearest(labels)
    after = _nearest(labels[::-1])[::-1]
    start = 0
    while start < count:
        if labels[start] is not Label.SHORT:
            start += 1
            continue
        end = start
        while end < count and labels[end] is Label.SHORT:
            end += 1
        if pages_links:
            _judge_run(blocks, range(start, end), before[start], after[end - 1], kept)
        else:
            kept[start:end] = [not _is_menu(blocks, labels, start, end)] * (end - start)
        start = end
    for at in _under_title(blocks, labels, title):
        said = labels[at] is Label.SHORT and blocks[at].kind == "paragraph" and _says_something(blocks[at])
        if said or (labels[at] in (Label.SHORT, Label.LINKS) and _is_byline(blocks, at)):
            kept[at] = True
    _keep_introduced_lists(blocks, labels, kept)
    return kept


def _keep_introduced_lists(blocks: list[Block], labels: list[Label], kept: list[bool]) -> None:
    """Keep the entries of a list that a sentence of the article introduces, also when they are links."""
    for at, block in enumerate(blocks[:-1]):
        introduces = kept[at] and block.text.endswith((":", "：")) and block.kind != "heading"
        if introduces and block.link_density < 0.5 and words(block.text) >= 4:
            entry = at + 1
            while entry < len(blocks) and blocks[entry].kind == "item" and labels[entry] is not Label.CHROME:
                kept[entry] = True
                entry += 1


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


def _is_menu(blocks: list[Block], labels: list[Label], start: int, end: int) -> bool:
    """Whether a run of short lines is a menu, in a text whose links are not known."""
    while start and labels[start - 1] is Label.CHROME:
        start -= 1
    while end < len(labels) and labels[end] is Label.CHROME:
        end += 1
    if end - start < 5 or not all(_is_menu_entry(blocks[at].text) for at in range(start, end)):
        return False
    # A list of names may well end an article; there only what sites call their pages makes it a menu.
    site = sum(1 for at in range(start, end) if _SITE_WORD.search(blocks[at].text))
    return (start == 0 and end < len(blocks)) or (end == len(blocks) and start > 0 and site >= 2)


def _judge_run(blocks: list[Block], run: range, left: Label | None, right: Label | None, kept: list[bool]) -> None:
    """Decide on a run of short blocks, from what stands on either side of it (None: the page's edge)."""
    start, end = run.start, run.stop
    if left in _TEXT and right in _TEXT:
        for at in run:
            kept[at] = True
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


def _outside(blocks: list[Block], labels: list[Label]) -> set[int]:
    """Where the page's first and last words stand: before and after everything that is plainly prose."""
    prose = [at for at, found in enumerate(labels) if found is Label.PROSE and not _asks_consent(blocks[at].text)]
    if not prose:
        return set()
    return {*range(prose[0]), *range(prose[-1] + 1, len(blocks))}


def _asks_consent(text: str) -> bool:
    """Whether a site speaks to its reader about cookies or its terms, rather than a writer about them."""
    if size(text) > 900 or not _COOKIE.search(text):
        return False
    site = len(_SITE_SPEAKS.findall(text))
    return site >= 1 and site + len(_SPEAKS_TO_YOU.findall(text)) >= 2


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
        if key in seen and ((labels[at] is Label.SHORT and block.kind != "item") or size(key) > 40):
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
