"""Variants of a test that the default run leaves out: it has three minutes."""

from __future__ import annotations

from typing import Any

import pytest


def longer(*values: Any) -> list[Any]:
    """Values for `pytest.mark.parametrize` that are tried with `-m slow` only, as .ci/run does."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]
