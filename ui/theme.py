"""The look: Gradio's own parts in the page's colours, system fonts only, light and dark."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

HISTORY_BUTTON = '<button type="button" id="show-history" aria-controls="history" aria-expanded="false">Conversations</button>'
HERE = Path(__file__).parent
SANS = ["-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Liberation Sans", "Arial", "sans-serif"]
MONO = ["ui-monospace", "SF Mono", "Menlo", "Consolas", "Liberation Mono", "monospace"]


def theme() -> gr.themes.Base:
    """Gradio's plainest theme, its colours taken from the variables of page.css."""
    base = gr.themes.Base(font=SANS, font_mono=MONO, radius_size="sm", text_size="md")
    colours = {
        "body_background_fill": "var(--paper)",
        "body_text_color": "var(--ink)",
        "body_text_color_subdued": "var(--faint)",
        "background_fill_primary": "var(--paper)",
        "background_fill_secondary": "var(--sheet)",
        "block_background_fill": "transparent",
        "block_border_color": "var(--rule)",
        "block_label_text_color": "var(--faint)",
        "border_color_primary": "var(--rule)",
        "border_color_accent": "var(--accent)",
        "color_accent_soft": "var(--sheet)",
        "input_background_fill": "var(--sheet)",
        "input_border_color": "var(--edge)",
        "input_border_color_focus": "var(--accent)",
        "input_placeholder_color": "var(--faint)",
        "button_primary_background_fill": "var(--accent)",
        "button_primary_background_fill_hover": "var(--accent-deep)",
        "button_primary_border_color": "var(--accent)",
        "button_primary_text_color": "var(--on-accent)",
        "button_secondary_background_fill": "transparent",
        "button_secondary_background_fill_hover": "var(--sheet)",
        "button_secondary_border_color": "var(--edge)",
        "button_secondary_text_color": "var(--ink)",
        "link_text_color": "var(--accent)",
        "link_text_color_hover": "var(--accent-deep)",
    }
    light_and_dark = {name + mode: value for name, value in colours.items() for mode in ("", "_dark")}
    return base.set(
        color_accent="var(--accent)",
        block_border_width="0px",
        block_shadow="none",
        block_padding="0",
        button_transition="none",
        input_shadow="none",
        input_shadow_focus="none",
        **{name: value for name, value in light_and_dark.items() if hasattr(base, name)},
    )


def head() -> str:
    """What goes into the page's head: its style, inline so that it is there before anything is painted."""
    style = "\n".join((HERE / name).read_text(encoding="utf-8") for name in ("page.css", "asking.css"))
    return f'<meta name="referrer" content="no-referrer"><style>{style}</style>'


def script(name: str) -> str:
    """A part's script ("page" is the panel's), run by Gradio with `element`, `trigger`, `props` and `watch`."""
    return "\n".join((HERE / f"{one}.js").read_text(encoding="utf-8") for one in ("shared", name))
