"""The question as searched when there is a model: the model writes it anew from the history, and is not believed blindly.

What it writes is taken when it is one question that names nobody and nothing which neither the history nor the question does;
otherwise the words decide (`rag.condense`).
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Sequence
from contextlib import closing

from index.errors import ModelError
from index.words import terms
from rag.condense import Condensed
from rag.leaning import content, names_in
from rag.llm import ChatModel, Message
from rag.prompts import rewriting
from rag.silence import is_silence
from rag.thoughts import Spoken, without_thoughts
from rag.types import Turn

log = logging.getLogger(__name__)

LONGEST = 400
"""Characters of a rewritten question."""

STANDS_ALONE = 0.1
"""How likely, at most, a question leans for no model to be asked about it."""

_BEFORE = re.compile(r"^\s*(?:[\w -]{0,40}\b(?:question|query|search(?:ed)?)\b[\w -]{0,20}:\s*)?", re.IGNORECASE)
_MARKER = re.compile(r"\[\d+\]|</?\w+[^>]*>")


def rewritten(history: Sequence[Turn], question: str, keyless: Condensed, model: ChatModel, stop: threading.Event) -> Condensed:
    """The question as the model rewrote it, or `keyless`, what the words gave, where it failed or is not to be believed.

    It is not asked where nothing was said before, or where the question hardly leans.
    """
    if not any(turn.role == "user" for turn in history) or keyless.likely <= STANDS_ALONE:
        return keyless
    try:
        written = one_question(_written(rewriting(history, question), model, stop))
    except ModelError as error:
        log.warning("The question was not rewritten: %s", error)
        return keyless
    if not is_faithful(written, history, question) or (written == question and keyless.leans):
        return keyless
    return Condensed(written, leans=keyless.leans or written != question, likely=keyless.likely)


def _written(messages: Sequence[Message], model: ChatModel, stop: threading.Event) -> str:
    """What the model writes; empty when that is far too long to be one question. Raises ModelError."""
    spoken = Spoken()
    with closing(model.stream(messages, stop)) as pieces:
        for piece in pieces:
            if isinstance(piece, str):
                spoken.add(piece)
            if spoken.endless or len(spoken.answer(done=False)) > 2 * LONGEST:
                return ""
    return spoken.raw


def one_question(text: str) -> str:
    """PURE. What a model wrote, without thoughts, labels and quotation marks; empty if it is more than a question."""
    lines = [line.strip() for line in _BEFORE.sub("", without_thoughts(text), count=1).strip().splitlines() if line.strip()]
    if len(lines) != 1 or len(lines[0]) > LONGEST or _MARKER.search(lines[0]):
        return ""
    return re.sub(r"^[\"“'`*]+|[\"”'`*]+$", "", lines[0]).strip()


def is_faithful(written: str, history: Sequence[Turn], question: str) -> bool:
    """PURE. Is this the question, with nothing in it that was not said: no name, no number, and not a subject of its own?"""
    if not written or is_silence(written):
        return False
    said = {term for text in (question, *(turn.content for turn in history)) for term in terms(text)}
    for start, end in names_in(written):
        if any(term not in said for term in terms(written[start:end])):
            return False
    if any(term not in said for term in terms(written) if any(char.isdigit() for char in term)):
        return False
    kept, own = {term for term, *_ in content(written)}, {term for term, *_ in content(question)}
    return bool(kept) and (not own or len(own & kept) >= 0.5 * len(own))
