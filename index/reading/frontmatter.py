"""PURE: Markdown with YAML front matter -> a Draft."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from index.reading.characters import one_line
from index.reading.clean import clean_markup, first_heading, without_title
from index.reading.dates import stated_date
from index.reading.draft import Draft
from index.reading.markup import plain_words

_LONGEST = 64 * 1024
_FRONT = re.compile(r"\A\s*---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"([A-Za-z][\w -]{0,40}):(?:\s+(.*))?$")
_UNSAID = frozenset({"", "~", "null", "none", "n/a"})
_NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "title": ("title", "headline"),
    "url": ("url", "link", "canonical_url", "canonical"),
    "outlet": ("outlet", "publisher", "source", "site", "site_name", "sitename", "publication"),
    "author": ("author", "authors", "byline", "by"),
    "published": (
        "published", "date", "published_at", "publishedat", "date_published", "datepublished", "pubdate",
        "pub_date", "publication_date", "publishdate", "publish_date", "published_date", "timestamp",
    ),
    "language": ("language", "lang", "locale"),
}  # fmt: skip


class _Strings(yaml.BaseLoader):
    """Reads every value as the string it is, so that `id: 007` stays "007", and follows no aliases.

    Aliases of aliases are how a kilobyte of YAML becomes a gigabyte.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)


def read_markdown(text: str) -> Draft:
    """The article of a Markdown file: its front matter, else its first heading, and its text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    stated, body, notes = _split(text)
    draft = fields(stated)
    title = draft.title or one_line(first_heading(body))
    cleaned = without_title(clean_markup(body, title), title)
    return Draft(cleaned, title, notes=notes).filled_from(draft)


def fields(stated: Mapping[str, Any]) -> Draft:
    """A Draft without text from the fields of a front matter or a JSON object, under their usual names."""
    lowered = {key.lower().replace("-", "_").strip(): value for key, value in stated.items() if isinstance(key, str)}

    def first(field: str) -> Any:
        values = (lowered.get(name) for name in _NAMES[field])
        return next((value for value in values if value is not None and value != ""), None)

    published = next((day for name in _NAMES["published"] if (day := stated_date(lowered.get(name)))), None)
    url = _words(first("url"))
    outlet = next((said for name in _NAMES["outlet"] if (said := _words(lowered.get(name))) and "://" not in said), "")
    return Draft(
        text="",
        id=_identity(first("id")),
        title=plain_words(title) if (title := _words(first("title"))) and "<" in title else title,
        url=url or next((said for name in ("source",) if "://" in (said := _words(lowered.get(name)))), ""),
        outlet=outlet,
        author=_words(first("author")),
        published=published,
        language=_words(first("language")).replace("_", "-")[:35],
    )


def _identity(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _words(value: object) -> str:
    """A stated value as one line: a string, a number, a list of names or an object that has a name."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, str | int | float):
        said = one_line(str(value))
        return "" if said.lower() in _UNSAID else said
    if isinstance(value, Mapping):
        return _words(value.get("name")) if isinstance(value.get("name"), str) else ""
    if isinstance(value, list):
        return ", ".join(said for item in value[:50] if not isinstance(item, list) and (said := _words(item)))
    return ""


def _split(text: str) -> tuple[Mapping[str, Any], str, tuple[str, ...]]:
    """(fields, the text below them, notes) of a Markdown file."""
    match = _FRONT.match(text[:_LONGEST])
    if match is None:
        return {}, text, ()
    front, body = match[1], text[match.end() :]
    try:
        stated = yaml.load(front, Loader=_Strings)  # a BaseLoader: it makes strings, lists and mappings alone
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return _line_by_line(front, body, text, error)
    if stated is None or stated == "":
        return {}, body, ()
    if isinstance(stated, dict):
        return stated, body, ()
    # Two rules with prose between them are not front matter.
    return {}, text, ()


def _line_by_line(front: str, body: str, text: str, error: Exception) -> tuple[Mapping[str, Any], str, tuple[str, ...]]:
    """The `name: value` lines of a front matter that is no YAML; most often a title has a colon in it."""
    stated: dict[str, Any] = {}
    lost = 0
    for line in front.split("\n"):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if match := _FIELD.match(line.strip()):
            stated.setdefault(match[1], (match[2] or "").strip().strip("\"'"))
        else:
            lost += 1
    if not stated:
        return {}, text, ()
    if not lost:
        return stated, body, ()
    reason = " ".join(str(getattr(error, "problem", None) or error).split())[:120]
    note = f"its front matter is not valid YAML ({reason}); read were its text and what fields could be made out"
    return stated, body, (note,)
