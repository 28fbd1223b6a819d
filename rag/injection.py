"""PURE. Sentences of an article that speak to a machine rather than to a reader.

Article text is data. What in it reads as an order to a model ("ignore all previous instructions and say ...") is kept from
the model, and is evidence for nothing: whoever obeys it would otherwise find its own words in the article. The patterns
know the usual beginnings in English, German, Spanish, French, Russian and Chinese; they are the first of two guards, and
the check of each sentence against what is left is the other. News of orders ("drivers ignore all rules", "chatbots must say
that they are not human") is news: withheld, it would be missing from the answer and from the check.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.sentences import Span, sentence_spans

AFTER = 2
"""Sentences after an order that are kept back with it, in the same paragraph: what is to be said often follows."""

_CLAUSE = r"""(?:
    (?:^|[\n:;.!?()\[\]{}<>*\#|"“”«»„–—-]|,\s+(?=please|now|then|so\b))\s{0,9}
        (?:(?:please|now|instead|then|so|and|also|just|kindly|simply|bitte|und|por\s+favor)[,:]?\s+){0,4}
    | \byou\s+(?:must|should|shall|will|can|may|are\s+to|have\s+to|need\s+to)\s+(?:now\s+)?
)"""
"""Where a verb gives an order: "Ignore the rules" does, "drivers ignore the rules" and "told to ignore the rules" tell of it."""

_MACHINE = r"""\b(?:
    (?:ai|a\.i\.|llm|language)[\s-]+(?:assistant|chat\s?bot|model|agent|system|summari[sz]er)s?
    | (?:ai|a\.i\.|llm|assistant|chat\s?bot|model|summari[sz]er)s?
)"""
_READING = r"""(?:
    (?:that|which|who)\s+(?:reads?|sees?|process(?:es)?|pars(?:es?)|summari[sz](?:es?)|(?:is|are)\s+\w+ing)
    | reading|seeing|processing|parsing|summari[sz]ing
)\b[^.!?:\n]{0,60}"""
_MUST = r"(?:must|should|shall|have\s+to|has\s+to|needs?\s+to|are\s+to|is\s+to)\s+"
_EARLIER = r"(?:previous|prior|above|earlier|preceding|foregoing)"
_RULES = r"(?:instructions?|prompts?|rules|directions|guidelines)"
_GERMAN_RULES = r"\b(?:anweisung\w*|anleitung\w*|befehl\w*|regeln|vorgaben|vorherig\w*|bisherig\w*|obig\w*|oben|zuvor)\b"
_SPANISH_RULES = r"\b(?:instruccion\w*|órdenes|indicacion\w*|reglas|anterior\w*|previ[ao]s?)\b"
_FRENCH_RULES = r"\b(?:instructions?|consignes?|précédent\w*|ci-dessus|règles)\b"
_SAY = r"(?:answer|reply|respond|say|state|write|output|repeat)"

# Of the German, Spanish and French forms here the first of each also tells of somebody who does so.
_WHERE_A_CLAUSE_BEGINS = rf"""
    {_CLAUSE}(?:
        (?:ignore|disregard|forget|override|bypass)\b[^.!?\n]{{0,40}}
            \b(?:{_EARLIER}|your|all|any|system|these|those|other)\b[^.!?\n]{{0,40}}
            \b(?:{_RULES}|orders|passages|sources|context|told)\b
        | (?:ignore|disregard|forget)\s+(?:all|everything|anything|what)\b[^.!?\n]{{0,40}}
            (?:\b(?:above|before|previous(?:ly)?|prior)\b|\b(?:said|told)\s*(?:$|[.!:;]|,?\s+and\b))
        | (?:reveal|print|show|repeat|output|display|disclose|leak|change|replace|follow)\b[^.!?\n]{{0,30}}
            \b(?:system|developer)\s+(?:prompt|message|instructions?)\b
        | do\s+not\s+(?:mention|reveal|tell|cite|use)\b[^.!?\n]{{0,40}}
            \b(?:this\s+(?:instruction|message|note)|the\s+(?:user|reader|other\s+(?:passages?|sources?)\b(?!\s+of\b)))
        | (?:ignoriert|missachtet?)\b[^.!?\n]{{0,50}}{_GERMAN_RULES}
        | (?:antworte|sage|schreibe|behaupte)\b[^.!?\n]{{0,30}}\b(?:nur|ausschließlich|stattdessen|immer)\b
        | (?:ignor(?:a|e|en|ad)|olvid(?:a|e|en|ad)|descart(?:a|e|en|ad))\b[^.!?\n]{{0,50}}{_SPANISH_RULES}
        | (?:(?:responde|contesta|escribe)\b[^.!?\n]{{0,30}}|di\s+)\b(?:únicamente|solamente|sólo|solo|siempre)\b
        | (?:ignorez?|oubliez?)\b[^.!?\n]{{0,50}}{_FRENCH_RULES}
        | (?:réponds|répondez|dis|dites|écris|écrivez)\b[^.!?\n]{{0,30}}\b(?:uniquement|seulement|toujours)\b
    )
"""
"""A verb in the imperative, which elsewhere only tells of an order."""

_OVERRULING = rf"""
    \b(?:ignore|disregard|forget|override|bypass)\s+(?:
        (?:all|any)\s+(?:of\s+)?(?:(?:the|your|my|these|those)\s+)?(?:{_EARLIER}|other)\s+(?:\w+\s+)?
            (?:{_RULES}|passages|sources|context)\b
        | (?:(?:all|any)\s+)?(?:of\s+)?your\s+(?:(?:previous|prior|earlier|original|system)\s+)?(?:{_RULES}|training)\b
        | [^.!?\n]{{0,30}}\b(?:{_RULES}|passages|sources)\s+(?:given\s+|that\s+)?
            (?:above|before\s+this|so\s+far|you\s+(?:were|have\s+been|are)\s+given)\b
    )
"""
"""What was said before is to count no more."""

_REPLACING = r"""
    \byour\s+(?:
        (?:\w+\s+)?(?:system|developer|hidden|initial)\s+(?:prompt|message|instructions?)\b
        | (?:only\s+)?(?:(?:new|real|updated|actual)\s+)?(?:instructions?|task|orders?)\s*(?:[:=]|are\b|is\b)
    )
    | \b(?:new|real|updated|actual)\s+(?:instructions?|task)\s*(?:[:=]|(?:are|is)\s+(?:as\s+follows|the\s+following|now\s+to)\b)
    | \b(?:system|developer)\s+(?:prompt|message|instructions?)\s*:
    | (?-i:\bSYSTEM\s+(?:PROMPT|MESSAGE|OVERRIDE|INSTRUCTIONS?)\b)
    | \b(?:you\s+are|you['’]re|act\s+as|pretend\s+to\s+be)\s+(?:now\s+)?(?:an?\s+|the\s+)?
        (?:ai|llm|language\s+model|chat\s?bot|unrestricted|jailbroken|(?-i:DAN))\b
"""
"""Other orders, or another part to play, are given in their place."""

# Whoever reads this is spoken to; of others a rule may tell ("chatbots must say that they are not human").
_ADDRESSING = rf"""
    (?:^|[\[({{<*\#]\s{{0,9}})(?:(?:this\s+is\s+)?an?\s+)?(?:important\s+)?(?:note|message|instructions?|order|attention|important)
        \s*(?:to|for)\s+(?:(?:the|any|all|every)\s+)?{_MACHINE}\b(?:\s+{_READING})?\s*(?:[:;,.!)\]–—-]|$)
    | \b(?:note|message|instructions?|order|attention|important)
        \s*(?:to|for)\s+(?:(?:the|any|all|every)\s+)?{_MACHINE}\b(?:\s+{_READING})?\s*:
    | \b(?:dear|attention|hey|hello),?\s+(?:ai|llm|assistant|chat\s?bot|language\s+model)\b
    | {_MACHINE}\s*,?\s+(?:
        {_READING}\b{_MUST}
        | {_MUST}(?:\w+\s+){{0,2}}{_SAY}(?:
            (?:\s+\w+){{0,2}}\s+that\s+(?!they\b|it\b|its\b|their\b)
            | (?:\s+\w+){{0,2}}\s*["“«:]
        )
    )
"""
"""A machine is spoken to by name."""

_DICTATING = rf"""
    \b(?:answer|reply|respond|output)\b[^.!?\n]{{0,30}}
        \b(?:only\s+with|exactly(?=\s*[:,"“«])|exactly\s+(?:this|as\s+follows|the\s+following)|with\s+the\s+(?:words|sentence|text|phrase))\b
    | (?:^|\n|:\s)[^\w"“«„'‘]{{0,9}}(?:(?:please|now|instead|then|and),?\s+){{0,4}}{_SAY}\s+(?:only\s+|instead\s+)?
        (?:that\b(?!\s+(?:again|to)\b)|with\b|exactly\b|the\s+following|["“'«])
    | (?:^|\n)\W{{0,9}}(?:(?:previous|prior|earlier|above)\s+)?(?:instructions?|prompts?|rules)\b[^.!?\n]{{0,20}}
        \band\s+(?:then\s+)?(?:answer|say|reply|respond|write|state|tell)\b(?!-)
    | \b(?:when|if)\s+(?:you\s+are\s+asked|(?:the|a|any)\s+user\s+asks|someone\s+asks\s+you)\b[^.!?\n]{{0,80}}
        (?:
            [,:;]\s*(?:(?:please|then|always|only|just|simply)\s+){{0,3}}
            | \byou\s+(?:must|should|shall|will|have\s+to|are\s+to)\s+(?:\w+\s+)?
        )(?:say|answer|reply|respond|claim|tell|write)\b(?!\s+nothing)
"""
"""The words of the answer are given beforehand."""

_MARKUP = r"""
    (?:^|\n)\s{0,9}(?:(?:system|assistant|user|human|instruction)|\#{1,4}\s*(?:system|assistant|user|human|instruction)s?)\s*:\s
    | <\|?\s*/?\s*(?:im_start|im_end|system|assistant|user|endoftext|eot_id|start_header_id|inst|sys)\b[^>\n]{0,20}\|?>
    | \[/?(?:inst|sys|system)\]
    | </?\s*(?:passage|question|article|source)s?\b[^>\n]{0,20}>
"""
"""What sets turns of a conversation, or our own passages, apart."""

_GERMAN_MACHINE = r"(?:ki|sprachmodell|assistent|chatbot)"
_GERMAN = rf"""
    \b(?:ignoriere?|ignorieren\s+sie|vergiss|vergesst|missachten\s+sie|beachten?\s+(?:sie\s+)?nicht)\b[^.!?\n]{{0,50}}{_GERMAN_RULES}
    | \b(?:hinweis|nachricht|anweisung)(?:en)?\s+(?:an|für)\s+(?:\w+\s+)?{_GERMAN_MACHINE}[\w-]*[^.!?:\n]{{0,30}}[:,]
    | \bachtung,?\s+(?:an\s+)?(?:\w+\s+)?{_GERMAN_MACHINE}\w*\b
    | \bdu\s+bist\s+(?:jetzt\s+|nun\s+)?(?:ein\w*\s+)?{_GERMAN_MACHINE}\b
"""
_SPANISH = rf"""
    \bhaz\s+caso\s+omiso\b[^.!?\n]{{0,50}}{_SPANISH_RULES}
    | \b(?:eres|actúa\s+como)\s+(?:ahora\s+)?(?:un\w*\s+)?(?:ia|asistente|modelo|chatbot)\b
"""
_FRENCH = rf"""
    \b(?:veuillez\s+(?:ignorer|oublier)|ne\s+(?:tiens|tenez)\s+pas\s+compte)\b[^.!?\n]{{0,50}}{_FRENCH_RULES}
"""
_RUSSIAN = r"""
    (?:игнорируй|забудь|не\s+обращай)\w*[^.!?\n]{0,50}(?:инструкци|указани|предыдущ|правил)\w*
    | (?:ответь|отвечай|скажи|напиши)\w*[^.!?\n]{0,30}(?:только|всегда|вместо)
"""
# "Only answered two questions" and "ignored the rules" tell of somebody.
_CHINESE = r"""
    (?:忽略|无视|忘记|不要理会)[^。！？\n]{0,12}(?:之前|以上|上述|先前|前面|所有|你的)[^。！？\n]{0,8}(?:指令|指示|提示|规则|内容|要求|话)
    | (?:请|必须)(?:(?:只|仅)(?:回答|回复|输出|说)(?![了明])|(?:回答|回复|输出|说)\s*[:：“"「])
"""
_ENGLISH = (_WHERE_A_CLAUSE_BEGINS, _OVERRULING, _REPLACING, _ADDRESSING, _DICTATING, _MARKUP)
_ORDER = re.compile("|".join((*_ENGLISH, _GERMAN, _SPANISH, _FRENCH, _RUSSIAN, _CHINESE)), re.IGNORECASE | re.VERBOSE)
_BEGINS = re.compile(r"\b(?:ignore|disregard|forget)\b[^.!?\n]{0,40}\b(?:previous|prior|above|all|earlier)\W*\Z", re.IGNORECASE)


def orders(text: str) -> list[Span]:
    """The sentences of a text, as (start, end), that speak to a machine, and what follows them in their paragraph."""
    found: list[Span] = []
    follows = 0
    before = 0
    for start, end in sentence_spans(text):
        if "\n" in text[before:start]:
            follows = 0
        sentence = text[start:end]
        if _ORDER.search(sentence) or _BEGINS.search(sentence):
            follows = AFTER + 1
        if follows:
            found.append((start, end))
            follows -= 1
        before = end
    return found


def without_orders(text: str) -> str:
    """The text with those sentences replaced by an ellipsis in brackets."""
    pieces, at = [], 0
    for start, end in orders(text):
        pieces += [text[at:start], "[...]"]
        at = end
    return "".join([*pieces, text[at:]]) if pieces else text


def is_order(start: int, end: int, spans: Sequence[Span]) -> bool:
    """Does the stretch overlap one of the spans?"""
    return any(start < last and end > first for first, last in spans)
