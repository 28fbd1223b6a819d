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
    from rag.conversations import Conversations, browser, new_secret, signed_in
    from rag.find_quote import FoundQuote
    from rag.open import doctor, open_chat, open_conversations, rebuild, verify_export
    from rag.verify import check

__all__ = [
    "Answer",
    "Article",
    "Chat",
    "Citation",
    "Claim",
    "ClaimChecked",
    "Conversations",
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
    "browser",
    "check",
    "doctor",
    "new_secret",
    "open_chat",
    "open_conversations",
    "rebuild",
    "signed_in",
    "verify_export",
]

_LAZY = {
    "Chat": "rag.chat",
    "Conversations": "rag.conversations",
    "FoundQuote": "rag.find_quote",
    "browser": "rag.conversations",
    "check": "rag.verify",
    "doctor": "rag.open",
    "new_secret": "rag.conversations",
    "open_chat": "rag.open",
    "open_conversations": "rag.open",
    "rebuild": "rag.open",
    "signed_in": "rag.conversations",
    "verify_export": "rag.open",
}


def __getattr__(name: str) -> Any:
    # The command line's --help and programs that want only the types need not wait for numpy.
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'rag' has no attribute {name!r}")
