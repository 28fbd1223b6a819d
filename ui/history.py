"""PURE. The list of kept conversations as HTML, and what a file is called that one is exported to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from html import escape
from typing import TYPE_CHECKING

from ui.render import day

if TYPE_CHECKING:
    from rag.kept import Summary

FORMS = {"md": ("Markdown", "text/markdown"), "html": ("HTML", "text/html"), "json": ("JSON", "application/json")}
"""What a conversation can be exported as: (name for a person, media type)."""


def listing(summaries: Sequence[Summary], opened: str, words: str = "", failure: str = "", more: bool = False) -> str:
    """The list, newest first, or what a search found; `opened` is the id of the conversation that is shown.

    `failure` is said instead of a list that cannot be had; `more` says that there are older ones.
    """
    if failure:
        body = f'<p class="note" role="status">{escape(failure)}</p>'
    elif summaries:
        body = f"<ul>{''.join(_item(one, opened) for one in summaries)}</ul>"
        body += '<p class="note">Older ones are found by searching.</p>' if more else ""
    elif words.strip():
        body = '<p class="note" role="status">Nothing that was asked or answered has these words.</p>'
    else:
        body = '<p class="note">What you ask is kept here, for you alone.</p>'
    leave = '<button type="button" class="leave">Close</button>'
    return f'<nav class="kept" aria-label="Kept conversations" data-open="{escape(opened)}">{leave}{body}</nav>'


def _item(one: Summary, opened: str) -> str:
    id, title = escape(one.id), escape(one.title or "Untitled")
    when = date.fromisoformat(one.changed[:10])
    count = f"{one.count:,} question{'' if one.count == 1 else 's'}"
    found = f'<span class="found">{escape(one.found)}</span>' if one.found else ""
    current = ' aria-current="true"' if one.id == opened else ""
    exports = "".join(_button(form, id, f"Export as {name}") for form, (name, _) in FORMS.items())
    return (
        f'<li><button type="button" class="title" data-do="open" data-id="{id}"{current}><span class="name">{title}</span>'
        f'<span class="when"><time datetime="{escape(one.changed)}">{day(when)}</time> · {count}</span>{found}</button>'
        f'<details class="more"><summary data-do="more" data-id="{id}" aria-label="Rename, export, delete: {title}">⋯</summary>'
        f'<div class="menu" role="group" aria-label="{title}">{_button("rename", id, "Rename …")}{exports}'
        f"{_button('delete', id, 'Delete …')}</div></details></li>"
    )


def _button(do: str, id: str, name: str) -> str:
    return f'<button type="button" data-do="{do}" data-id="{id}">{name}</button>'


def notice(text: str, editing: int = 0) -> str:
    """The line above the question box: what must be known, or which question is being edited; mostly empty."""
    if editing:
        return (
            f'<p class="editing">Question {editing} is being edited. Asking it begins another branch, and this one is kept. '
            '<button type="button" class="cancel">Leave it as it was</button></p>'
        )
    return f'<p class="told">{escape(text)}</p>' if text else ""


def file_name(title: str, form: str) -> str:
    """A file name for an export, of the title's letters and digits."""
    name = re.sub(r"\W+", "-", title)[:60].strip("-_")
    return f"{name or 'conversation'}.{form}"
