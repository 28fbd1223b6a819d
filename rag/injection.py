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
_MACHINE = r"""\b(?:(?:ai|a\.i\.|llm|language)[\s-]+(?:assistant|chat\s?bot|model|agent|system|summari[sz]er)s?
    |(?:ai|a\.i\.|llm|assistant|chat\s?bot|model|summari[sz]er)s?)"""
_READING = r"""(?:(?:that|which|who)\s+(?:reads?|sees?|process(?:es)?|pars(?:es?)|summari[sz](?:es?)|(?:is|are)\s+\w+ing)
    |reading|seeing|processing|parsing|summari[sz]ing)\b[^.!?:\n]{0,60}"""
_MUST = r"(?:must|should|shall|have\s+to|has\s+to|needs?\s+to|are\s+to|is\s+to)\s+"

_ORDER = re.compile(
    r"""
    CLAUSE(?:
        (?:ignore|disregard|forget|override|bypass)\b[^.!?\n]{0,40}
            \b(?:previous|prior|above|earlier|preceding|foregoing|your|all|any|system|these|those|other)\b[^.!?\n]{0,40}
            \b(?:instructions?|prompts?|rules|directions|guidelines|orders|passages|sources|context|told)\b
        | (?:ignore|disregard|forget)\s+(?:all|everything|anything|what)\b[^.!?\n]{0,40}
            (?:\b(?:above|before|previous(?:ly)?|prior)\b|\b(?:said|told)\s*(?:$|[.!:;]|,?\s+and\b))
        | (?:reveal|print|show|repeat|output|display|disclose|leak|change|replace|follow)\b[^.!?\n]{0,30}\b(?:system|developer)\s+(?:prompt|message|instructions?)\b
        | do\s+not\s+(?:mention|reveal|tell|cite|use)\b[^.!?\n]{0,40}\b(?:this\s+(?:instruction|message|note)|the\s+(?:user|reader|other\s+(?:passages?|sources?)\b(?!\s+of\b)))
        # German, Spanish, French: the first also tell of somebody who does so
        | (?:ignoriert|missachtet?)\b[^.!?\n]{0,50}\b(?:anweisung\w*|anleitung\w*|befehl\w*|regeln|vorgaben|vorherig\w*|bisherig\w*|obig\w*|oben|zuvor)\b
        | (?:antworte|sage|schreibe|behaupte)\b[^.!?\n]{0,30}\b(?:nur|ausschließlich|stattdessen|immer)\b
        | (?:ignor(?:a|e|en|ad)|olvid(?:a|e|en|ad)|descart(?:a|e|en|ad))\b[^.!?\n]{0,50}\b(?:instruccion\w*|órdenes|indicacion\w*|reglas|anterior\w*|previ[ao]s?)\b
        | (?:(?:responde|contesta|escribe)\b[^.!?\n]{0,30}|di\s+)\b(?:únicamente|solamente|sólo|solo|siempre)\b
        | (?:ignorez?|oubliez?)\b[^.!?\n]{0,50}\b(?:instructions?|consignes?|précédent\w*|ci-dessus|règles)\b
        | (?:réponds|répondez|dis|dites|écris|écrivez)\b[^.!?\n]{0,30}\b(?:uniquement|seulement|toujours)\b
    )
    | \b(?:ignore|disregard|forget|override|bypass)\s+(?:
        (?:all|any)\s+(?:of\s+)?(?:(?:the|your|my|these|those)\s+)?(?:previous|prior|above|earlier|preceding|foregoing|other)\s+(?:\w+\s+)?
            (?:instructions?|prompts?|rules|directions|guidelines|passages|sources|context)\b
        | (?:(?:all|any)\s+)?(?:of\s+)?your\s+(?:(?:previous|prior|earlier|original|system)\s+)?(?:instructions?|prompts?|rules|directions|guidelines|training)\b
        | [^.!?\n]{0,30}\b(?:instructions?|prompts?|rules|directions|guidelines|passages|sources)\s+(?:given\s+|that\s+)?
            (?:above|before\s+this|so\s+far|you\s+(?:were|have\s+been|are)\s+given)\b
    )
    | \byour\s+(?:(?:\w+\s+)?(?:system|developer|hidden|initial)\s+(?:prompt|message|instructions?)\b
        | (?:only\s+)?(?:(?:new|real|updated|actual)\s+)?(?:instructions?|task|orders?)\s*(?:[:=]|are\b|is\b))
    | \b(?:system|developer)\s+(?:prompt|message|instructions?)\s*:
    | (?-i:\bSYSTEM\s+(?:PROMPT|MESSAGE|OVERRIDE|INSTRUCTIONS?)\b)
    | (?:^|[\[({<*\#]\s{0,9})(?:(?:this\s+is\s+)?an?\s+)?(?:important\s+)?(?:note|message|instructions?|order|attention|important)\s*(?:to|for)\s+(?:(?:the|any|all|every)\s+)?
        MACHINE\b(?:\s+READING)?\s*(?:[:;,.!)\]–—-]|$)
    | \b(?:note|message|instructions?|order|attention|important)\s*(?:to|for)\s+(?:(?:the|any|all|every)\s+)?MACHINE\b(?:\s+READING)?\s*:
    | \b(?:dear|attention|hey|hello),?\s+(?:ai|llm|assistant|chat\s?bot|language\s+model)\b
    | \b(?:you\s+are|you['’]re|act\s+as|pretend\s+to\s+be)\s+(?:now\s+)?(?:an?\s+|the\s+)?(?:ai|llm|language\s+model|chat\s?bot|unrestricted|jailbroken|(?-i:DAN))\b
    # Whoever reads this is spoken to; of others a rule may tell ("chatbots must say that they are not human").
    | MACHINE\s*,?\s+(?:
        READING\bMUST
        | MUST(?:\w+\s+){0,2}(?:answer|reply|respond|say|state|write|output|repeat)(?:(?:\s+\w+){0,2}\s+that\s+(?!they\b|it\b|its\b|their\b)|(?:\s+\w+){0,2}\s*["“«:])
    )
    | \b(?:answer|reply|respond|output)\b[^.!?\n]{0,30}\b(?:only\s+with|exactly(?=\s*[:,"“«])|exactly\s+(?:this|as\s+follows|the\s+following)|with\s+the\s+(?:words|sentence|text|phrase))\b
    | (?:^|\n|:\s)[^\w"“«„'‘]{0,9}(?:(?:please|now|instead|then|and),?\s+){0,4}(?:answer|reply|respond|say|state|write|output|repeat)\s+(?:only\s+|instead\s+)?
        (?:that\b(?!\s+(?:again|to)\b)|with\b|exactly\b|the\s+following|["“'«])
    | (?:^|\n)\W{0,9}(?:(?:previous|prior|earlier|above)\s+)?(?:instructions?|prompts?|rules)\b[^.!?\n]{0,20}\band\s+(?:then\s+)?(?:answer|say|reply|respond|write|state|tell)\b(?!-)
    | \b(?:new|real|updated|actual)\s+(?:instructions?|task)\s*(?:[:=]|(?:are|is)\s+(?:as\s+follows|the\s+following|now\s+to)\b)
    | \b(?:when|if)\s+(?:you\s+are\s+asked|(?:the|a|any)\s+user\s+asks|someone\s+asks\s+you)\b[^.!?\n]{0,80}
        (?:[,:;]\s*(?:(?:please|then|always|only|just|simply)\s+){0,3}|\byou\s+(?:must|should|shall|will|have\s+to|are\s+to)\s+(?:\w+\s+)?)(?:say|answer|reply|respond|claim|tell|write)\b(?!\s+nothing)
    | (?:^|\n)\s{0,9}(?:(?:system|assistant|user|human|instruction)|\#{1,4}\s*(?:system|assistant|user|human|instruction)s?)\s*:\s
    | <\|?\s*/?\s*(?:im_start|im_end|system|assistant|user|endoftext|eot_id|start_header_id|inst|sys)\b[^>\n]{0,20}\|?>
    | \[/?(?:inst|sys|system)\]
    | </?\s*(?:passage|question|article|source)s?\b[^>\n]{0,20}>
    # German
    | \b(?:ignoriere?|ignorieren\s+sie|vergiss|vergesst|missachten\s+sie|beachten?\s+(?:sie\s+)?nicht)\b[^.!?\n]{0,50}
        \b(?:anweisung\w*|anleitung\w*|befehl\w*|regeln|vorgaben|vorherig\w*|bisherig\w*|obig\w*|oben|zuvor)\b
    | \b(?:hinweis|nachricht|anweisung)(?:en)?\s+(?:an|für)\s+(?:\w+\s+)?(?:ki|sprachmodell|assistent|chatbot)[\w-]*[^.!?:\n]{0,30}[:,]
    | \bachtung,?\s+(?:an\s+)?(?:\w+\s+)?(?:ki|sprachmodell|assistent|chatbot)\w*\b
    | \bdu\s+bist\s+(?:jetzt\s+|nun\s+)?(?:ein\w*\s+)?(?:ki|assistent|sprachmodell|chatbot)\b
    # Spanish
    | \bhaz\s+caso\s+omiso\b[^.!?\n]{0,50}\b(?:instruccion\w*|órdenes|indicacion\w*|reglas|anterior\w*|previ[ao]s?)\b
    | \b(?:eres|actúa\s+como)\s+(?:ahora\s+)?(?:un\w*\s+)?(?:ia|asistente|modelo|chatbot)\b
    # French
    | \b(?:veuillez\s+(?:ignorer|oublier)|ne\s+(?:tiens|tenez)\s+pas\s+compte)\b[^.!?\n]{0,50}\b(?:instructions?|consignes?|précédent\w*|ci-dessus|règles)\b
    # Russian
    | (?:игнорируй|забудь|не\s+обращай)\w*[^.!?\n]{0,50}(?:инструкци|указани|предыдущ|правил)\w*
    | (?:ответь|отвечай|скажи|напиши)\w*[^.!?\n]{0,30}(?:только|всегда|вместо)
    # Chinese: "only answered two questions" and "ignored the rules" tell of somebody
    | (?:忽略|无视|忘记|不要理会)[^。！？\n]{0,12}(?:之前|以上|上述|先前|前面|所有|你的)[^。！？\n]{0,8}(?:指令|指示|提示|规则|内容|要求|话)
    | (?:请|必须)(?:(?:只|仅)(?:回答|回复|输出|说)(?![了明])|(?:回答|回复|输出|说)\s*[:：“"「])
    """.replace("CLAUSE", _CLAUSE)
    .replace("MACHINE", _MACHINE)
    .replace("READING", _READING)
    .replace("MUST", _MUST),
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
