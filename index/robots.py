"""PURE: a site's robots.txt -> what may be fetched of it, as RFC 9309 has it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

LONGEST = 500 * 1024
"""Bytes of a robots.txt that are read; the rest of a longer one is not looked at."""

_ESCAPED = re.compile(r"%([0-9a-fA-F]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules for one program: (path pattern, may it be fetched), and the seconds it should wait between requests."""

    rules: tuple[tuple[str, bool], ...] = ()
    delay: float = 0.0

    def allows(self, target: str) -> bool:
        """May this path (with its query) be fetched? The longest rule that fits decides, and of two the one that allows."""
        path = _normal(target)
        if path == "/robots.txt":
            return True
        fitting = [(len(pattern), allowed) for pattern, allowed in self.rules if _fits(pattern, path)]
        return max(fitting)[1] if fitting else True


ALL_ALLOWED = Robots()


def parse_robots(text: str, agent: str) -> Robots:
    """The rules for the program named `agent` (a product's name, "dateline"), else those for every program."""
    groups: dict[str, list[tuple[str, str]]] = {}
    current: list[str] = []
    naming = False
    for line in text.lstrip("\ufeff").splitlines():
        name, colon, value = line.partition("#")[0].partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon:
            continue
        if name == "user-agent":
            current = [*current, value.lower()] if naming else [value.lower()]
            naming = True
            for who in current:
                groups.setdefault(who, [])
        elif name in ("allow", "disallow", "crawl-delay"):
            naming = False
            for who in current:
                groups[who].append((name, value))
    named = groups.get(agent.lower(), groups.get("*", []))
    rules = [(_normal(value), name == "allow") for name, value in named if name != "crawl-delay" and value]
    delays = [float(value) for name, value in named if name == "crawl-delay" and re.fullmatch(r"\d{1,6}(\.\d{1,3})?", value)]
    return Robots(tuple(rules), max(delays, default=0.0))


def _normal(path: str) -> str:
    """One spelling of a path: what need not be escaped is not, what must be is, with capitals."""

    def plain(escaped: re.Match[str]) -> str:
        char = chr(int(escaped[1], 16))
        return char if _UNRESERVED.fullmatch(char) else escaped[0].upper()

    return _ESCAPED.sub(plain, quote(path, safe="/%:@!$&'()*+,;=~?-._#[]"))


def _fits(pattern: str, path: str) -> bool:
    # By hand, without a regular expression: a pattern of many stars would take one for ever.
    whole = pattern.endswith("$")
    first, *rest = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    if not rest:
        return not whole or at == len(path)
    for part in rest[:-1]:
        at = path.find(part, at)
        if at < 0:
            return False
        at += len(part)
    if whole:
        return len(path) - at >= len(rest[-1]) and path.endswith(rest[-1])
    return path.find(rest[-1], at) >= 0
