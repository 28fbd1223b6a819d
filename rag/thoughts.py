"""PURE. What a model thinks aloud before it answers, told apart from the answer.

    "<think>The user asks about mines.</think>\\n\\nThey were cleared. [1]"  ->  "They were cleared. [1]"

The opening tag may be missing: many templates put it into the prompt, so that the text begins with the thoughts. What
stands before a closing tag is then known for thoughts only when that comes.
"""

from __future__ import annotations

import re

LONGEST = 60_000
"""Characters of a model that still thinks, after which it is stopped."""

_NAME = r"(?:think(?:ing)?|thoughts?|reasoning)"
_OPENS = re.compile(rf"<{_NAME}>|\[THINK\]", re.IGNORECASE)
_CLOSES = re.compile(rf"</{_NAME}>|\[/THINK\]", re.IGNORECASE)
_LONGEST_TAG = 16
_ALOUD = re.compile(
    r"\s*(?:okay|ok|alright|all right|hmm+|wait|let me|let['’]s|the user|we need to|i need to|i should|"
    r"(?:so|first|now),? (?:i|we|let|the user))\b",
    re.IGNORECASE,
)
"""How models begin that think aloud, and hardly ever an answer from passages."""


class Spoken:
    """A model's text as it comes in, and where in it the answer begins: behind the last closing tag."""

    def __init__(self) -> None:
        self.raw = ""
        self.begins = 0

    def add(self, piece: str) -> None:
        """Take the next piece."""
        looked_at = len(self.raw) - _LONGEST_TAG
        self.raw += piece
        for closing in _CLOSES.finditer(self.raw, max(self.begins, looked_at)):
            self.begins = closing.end()

    def answer(self, *, done: bool) -> str:
        """The answer so far, or all of it; empty while the model thinks, or seems to."""
        text = self.raw[self.begins :].lstrip()
        if not done and not self.begins and _ALOUD.match(text):
            return ""
        opening = _OPENS.search(text)
        return text[: opening.start()] if opening else text

    @property
    def endless(self) -> bool:
        """Has it thought for too long?"""
        return len(self.raw) > LONGEST


def without_thoughts(text: str) -> str:
    """A whole text of a model without what it thought; empty if it did nothing else."""
    spoken = Spoken()
    spoken.add(text)
    return spoken.answer(done=True)
