"""What the page sends along with an event, whoever wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio as gr


def sent(event: gr.EventData) -> dict[str, str]:
    """The strings among what came with an event; everything else, however it came, is left out."""
    data = getattr(event, "_data", None)
    if not isinstance(data, dict):
        return {}
    return {name: value for name, value in data.items() if isinstance(name, str) and isinstance(value, str)}
