"""EDGE. A second opinion on a sentence that the built-in check is not sure of: the chat model's, or an entailment model's.

Off unless the setting VERIFIER names one. It is asked about such sentences only, after the built-in check.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Sequence
from typing import Protocol

from index.errors import ModelError, SettingsError
from index.onnx_models import OnnxEntailment
from rag.llm import ChatModel
from rag.prompts import second_opinion
from rag.thoughts import Spoken

log = logging.getLogger(__name__)

LONGEST = 200
"""Characters of an opinion, thoughts aside: whoever goes on explains himself, or worse."""

_OPENS = re.compile(r"\W*(?:(?:the )?answer(?: is)?\W+)?(yes|no)\b", re.IGNORECASE)
_ENDS = re.compile(r"\b(yes|no)\W*\Z", re.IGNORECASE)


class Opinion(Protocol):
    """Says how likely texts support a sentence. `name` is for the reasons that a reader sees."""

    name: str

    def support(self, sentence: str, evidence: Sequence[str], stop: threading.Event) -> float | None:
        """A probability in [0, 1], or None when there is none to be had. Raises nothing."""
        ...


def open_opinion(setting: str, model: ChatModel | None) -> Opinion | None:
    """The second opinion that a setting names: None for "", the chat model's for "model" (None without one), that of an
    entailment model for "onnx:FOLDER" or "onnx:NAME".

    Raises SettingsError for another setting, or a model that cannot be loaded.
    """
    if setting == "model":
        return ModelOpinion(model) if model is not None else None
    if not setting:
        return None
    kind, _, name = setting.partition(":")
    if kind != "onnx" or not name:
        raise SettingsError(
            f"VERIFIER is {setting!r}. It can be model, onnx: and the folder or name of an entailment model, as in "
            "onnx:Xenova/nli-deberta-v3-xsmall, or empty."
        )
    return EntailmentOpinion(OnnxEntailment(name), setting)


class ModelOpinion:
    """The chat model, asked for yes or no."""

    def __init__(self, model: ChatModel) -> None:
        self.name = model.name
        self._model = model

    def support(self, sentence: str, evidence: Sequence[str], stop: threading.Event) -> float | None:
        """See `Opinion.support`: 1 for yes, 0 for no."""
        spoken, found = Spoken(), None
        pieces = self._model.stream(second_opinion(sentence, evidence), stop)
        try:
            for piece in pieces:
                if not isinstance(piece, str):
                    continue
                spoken.add(piece)
                said = spoken.answer(done=False)
                if (found := _OPENS.match(said)) and len(said) > found.end():
                    break
                if len(said) > LONGEST or spoken.endless:
                    return None
            else:
                # A "no" somewhere in between ("there is no mention of a date, but") is no opinion.
                said = spoken.answer(done=True)
                found = _OPENS.match(said) or _ENDS.search(said)
        except ModelError:
            return None  # the log has it; the first opinion stands
        finally:
            pieces.close()
        return None if found is None else float(found[1].lower() == "yes")


class EntailmentOpinion:
    """A cross-encoder trained to tell what follows from a text."""

    def __init__(self, model: OnnxEntailment, name: str) -> None:
        self.name = name
        self._model = model

    def support(self, sentence: str, evidence: Sequence[str], stop: threading.Event) -> float | None:
        """See `Opinion.support`."""
        try:
            return float(self._model.entailment([(" ".join(evidence), sentence)])[0])
        except Exception:  # onnxruntime raises many kinds
            log.warning("The verifier %s failed.", self.name, exc_info=True)
            return None
