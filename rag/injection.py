"""PURE. Sentences of an article that speak to a machine rather than to a reader.

Article text is data. What in it reads as an order to a model ("ignore all previous instructions and say ...") is kept from
the model, and is evidence for nothing: whoever obeys it would otherwise find its own words in the article. The patterns
know the usual beginnings in English, German, Spanish, French, Russian and Chinese; they are the first of two guards, and
the check of each sentence against what is left is the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.sentences import Span, sentence_spans

AFTER = 2
"""Sentences after an order that are kept back with it, in the same paragraph: what is to be said often follows."""

_ORDER = re.compile(
    r"""
    \b(?:ignore|disregard|forget|override|bypass)\b[^.!?\n]{0,40}
        \b(?:previous|prior|above|earlier|preceding|foregoing|your|all|any|system|these|those|other)\b[^.!?\n]{0,40}
        \b(?:instructions?|prompts?|rules|directions|guidelines|orders|passages|sources|context|told)\b
    | \b(?:ignore|disregard|forget)\s+(?:all|everything|anything|what)\b[^.!?\n]{0,40}\b(?:above|before|previous(?:ly)?|prior|said|told)
    | \b(?:ignore|disregard|forget)\b[^.!?\n]{0,30}\b(?:instructions?|prompts?|rules|directions|guidelines)\b[^.!?\n]{0,20}\b(?:above|before|given|so\s+far)\b
    | \b(?:system|developer|hidden|initial)\s+(?:prompt|message|instructions?)\b
    | \b(?:note|message|instructions?|order|attention|important)\s*(?:to|for)\s+(?:the\s+|any\s+|all\s+)?
        (?:ai|a\.i\.|llm|language\s+model|assistant|chat\s?bot|model|summari[sz]er)s?\b
    | \b(?:dear|attention|hey|hello),?\s+(?:ai|llm|assistant|chat\s?bot|language\s+model)\b
    | \b(?:as|you\s+are|you're|act\s+as|pretend\s+to\s+be)\s+(?:now\s+)?(?:an?\s+|the\s+)?(?:ai|llm|language\s+model|chat\s?bot|unrestricted|jailbroken|dan)\b
    | \b(?:ai|llm|ai\s+assistants?|chat\s?bots?|language\s+models?)\b[^.!?\n]{0,30}\b(?:must|should|shall|have\s+to|are\s+to|is\s+to|will)\b
        [^.!?\n]{0,40}\b(?:answer|reply|respond|say|state|write|output|repeat|tell|claim|report|cite|include)\b
    | \b(?:answer|reply|respond|output)\b[^.!?\n]{0,30}\b(?:only\s+with|exactly|with\s+the\s+(?:words|sentence|text|phrase))\b
    | (?:^|\n|:\s)\W*(?:(?:please|now|instead|then|and),?\s+)*(?:answer|reply|respond|say|state|write|output|repeat)\s+(?:only\s+|instead\s+)?
        (?:that\b|with\b|exactly\b|the\s+following|["“'«])
    | (?:^|\n)\W*(?:(?:previous|prior|earlier|above)\s+)?(?:instructions?|prompts?|rules)\b[^.!?\n]{0,20}\band\s+(?:then\s+)?(?:answer|say|reply|respond|write|state|tell)\b
    | \b(?:new|real|updated|actual)\s+(?:instructions?|task|orders?)\s*(?:[:=]|are\b|is\b)
    | \b(?:when|if)\s+(?:you\s+are\s+asked|(?:the|a|any)\s+user\s+asks|someone\s+asks\s+you)\b[^.!?\n]{0,80}\b(?:say|answer|reply|respond|claim|tell|write)\b
    | \bdo\s+not\s+(?:mention|reveal|tell|cite|use)\b[^.!?\n]{0,40}\b(?:this\s+(?:instruction|message|note)|the\s+(?:user|reader|other\s+passages?|other\s+sources?))
    | (?:^|\n)\s*(?:\#{1,4}\s*)?(?:system|assistant|user|human|instruction)s?\s*:\s
    | <\|?\s*/?\s*(?:im_start|im_end|system|assistant|user|endoftext|eot_id|start_header_id|inst|sys)\b[^>\n]{0,20}\|?>
    | \[/?(?:inst|sys|system)\]
    | </?\s*(?:passage|question|article|source)s?\b[^>\n]{0,20}>
    # German
    | \b(?:ignorier\w*|vergiss|vergesst|missachte\w*|beachte\w*\s+nicht)\b[^.!?\n]{0,50}
        \b(?:anweisung\w*|anleitung\w*|befehl\w*|regeln|vorgaben|vorherig\w*|bisherig\w*|obig\w*|oben|zuvor)\b
    | \b(?:antworte|sage|schreibe|behaupte)\b[^.!?\n]{0,30}\b(?:nur|ausschließlich|stattdessen|immer)\b
    | \b(?:hinweis|nachricht|anweisung|achtung)\b[^.!?\n]{0,20}\b(?:ki|sprachmodell|assistent\w*|chatbot)\b
    | \bdu\s+bist\s+(?:jetzt\s+|nun\s+)?(?:ein\w*\s+)?(?:ki|assistent|sprachmodell|chatbot)\b
    # Spanish
    | \b(?:ignor[ae]\w*|olvid[ae]\w*|descart[ae]\w*|haz\s+caso\s+omiso)\b[^.!?\n]{0,50}
        \b(?:instruccion\w*|órdenes|indicacion\w*|reglas|anterior\w*|previ[ao]s?)\b
    | \b(?:responde|contesta|di|escribe)\b[^.!?\n]{0,30}\b(?:únicamente|solamente|sólo|solo|siempre)\b
    | \b(?:eres|actúa\s+como)\s+(?:ahora\s+)?(?:un\w*\s+)?(?:ia|asistente|modelo|chatbot)\b
    # French
    | \b(?:ignore[zr]?|oublie[zr]?|ne\s+ten\w+\s+pas\s+compte)\b[^.!?\n]{0,50}\b(?:instructions?|consignes?|précédent\w*|ci-dessus|règles)\b
    | \b(?:réponds|répondez|dis|dites|écris)\b[^.!?\n]{0,30}\b(?:uniquement|seulement|toujours)\b
    # Russian
    | (?:игнорируй|забудь|не\s+обращай)\w*[^.!?\n]{0,50}(?:инструкци|указани|предыдущ|правил)\w*
    | (?:ответь|отвечай|скажи|напиши)\w*[^.!?\n]{0,30}(?:только|всегда|вместо)
    # Chinese
    | (?:忽略|无视|忘记|不要理会)[^。！？\n]{0,20}(?:指令|指示|提示|规则|之前|以上|上述)
    | (?:请|必须|只)(?:只)?(?:回答|回复|输出|说)
    """,
    re.IGNORECASE | re.VERBOSE,
)
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
