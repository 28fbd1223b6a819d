"""PURE. Keys taken out of what is told and logged: servers repeat in their errors what they were sent."""

from __future__ import annotations

import json
import traceback

HIDDEN = "..."


def redacted(text: str, *keys: str) -> str:
    """A text with something else in the place of keys, also of those whose signs are escaped in it."""
    for key in keys:
        for written in {key, repr(key)[1:-1], json.dumps(key)[1:-1]} - {""}:
            text = text.replace(written, HIDDEN)
    return text


def key_sent(error: BaseException) -> str:
    """The key that a failed request was sent with, as far as it is known; else empty."""
    try:
        request = getattr(error, "request", None)
    except RuntimeError:  # httpx, of an error without one
        return ""
    header = request.headers.get("authorization", "") if request is not None else ""
    return str(header).removeprefix("Bearer ").strip()


def traceback_without(error: BaseException, *keys: str) -> str:
    """The traceback of an error for the log, without keys."""
    return redacted("".join(traceback.format_exception(error)).rstrip(), *keys, key_sent(error))
