"""The command line as a test types it: see the fixture `run`."""

from __future__ import annotations

from collections.abc import Callable

Run = Callable[..., tuple[int, str, str]]
"""`run("ask", "...")` -> (exit code, stdout, stderr)."""
