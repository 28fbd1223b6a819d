"""The first version of the check: does a sentence stand in the words it cites?"""

from __future__ import annotations

import pytest

import rag

EVIDENCE = (
    "He said 2,000 mines had been cleared in Kherson, but called on residents to move with caution. The minister denied "
    "that any soldier was hurt."
)


@pytest.mark.parametrize(
    ("sentence", "label"),
    [
        ("He said 2,000 mines had been cleared in Kherson, but called on residents to move with caution.", "quoted"),
        ("In Kherson 2,000 mines had been cleared, he said. [1]", "supported"),
        ("In Kherson 20,000 mines had been cleared.", "contradicted"),
        ("The opera of Vienna reopened on Sunday.", "unsupported"),
        ("", "unsupported"),
    ],
)
def test_labels(sentence: str, label: str) -> None:
    verdict = rag.check(sentence, [EVIDENCE])
    assert verdict.label == label
    assert 0.0 <= verdict.score <= 1.0 and verdict.reasons


def test_a_contradiction_says_what_the_source_says() -> None:
    verdict = rag.check("In Kherson 20,000 mines had been cleared.", [EVIDENCE])
    assert "2000 mines" in verdict.reasons[0] and "20000" in verdict.reasons[0]


def test_a_name_that_is_not_there_is_told() -> None:
    verdict = rag.check("He said 2,000 mines had been cleared in Mariupol.", [EVIDENCE])
    assert verdict.label in ("partly", "unsupported")
    assert any("Mariupol" in reason for reason in verdict.reasons)


def test_no_evidence_is_no_support() -> None:
    assert rag.check("Anything at all.", []).label == "unsupported"
