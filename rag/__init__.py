"""THINK: a question in, a checked answer out.

import rag

with rag.open_chat() as chat:
    chat.add("seeds")
    print(chat.ask("How many mines were cleared in Kherson?").text)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from index.catalogue import Entry, Listing, Overview, Version
from index.errors import DatelineError
from index.types import Article, Failure, Hit, Passage, Progress, Report
from rag.types import Answer, Citation, Claim, ClaimChecked, Event, Status, Token, Turn, Verdict, Withdrawn

if TYPE_CHECKING:
    from rag.chat import Chat
    from rag.find_quote import FoundQuote
    from rag.open import doctor, open_chat, rebuild
    from rag.verify import check

__all__ = [
    "Answer",
    "Article",
    "Chat",
    "Citation",
    "Claim",
    "ClaimChecked",
    "DatelineError",
    "Entry",
    "Event",
    "Failure",
    "FoundQuote",
    "Hit",
    "Listing",
    "Overview",
    "Passage",
    "Progress",
    "Report",
    "Status",
    "Token",
    "Turn",
    "Verdict",
    "Version",
    "Withdrawn",
    "check",
    "doctor",
    "open_chat",
    "rebuild",
]

_LAZY = {
    "Chat": "rag.chat",
    "FoundQuote": "rag.find_quote",
    "check": "rag.verify",
    "doctor": "rag.open",
    "open_chat": "rag.open",
    "rebuild": "rag.open",
}


def __getattr__(name: str) -> Any:
    # The command line's --help and programs that want only the types need not wait for numpy.
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'rag' has no attribute {name!r}")
