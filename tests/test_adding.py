"""One job at a time, how far it has come, and what becomes of one that fails."""

from __future__ import annotations

import re
import threading

import pytest
from served import in_a_loop

from index.errors import DatelineError, IndexBusyError
from index.types import Progress
from ui.adding import AlreadyAddingError, Desk, Job, Meter, Tell, follow
from ui.stocking import addresses_in

APOLOGY = "Something went wrong."


def test_a_job_tells_how_far_it_has_come_and_what_came_of_it() -> None:
    def work(tell: Tell) -> str:
        tell(Progress("embedding", 3, 9))
        going.wait(30)
        return "<p>done</p>"

    async def scene() -> list[str]:
        told = []
        async for html in follow(desk.begin("3 files", work, APOLOGY)):
            told.append(html)
            if "3 of 9" in html:
                going.set()
        return told

    desk, going = Desk(), threading.Event()
    told = in_a_loop(scene())
    assert any("3 of 9" in html for html in told) and told[-1] == "<p>done</p>" and desk.running is None


def test_a_second_one_is_refused_in_words_until_the_first_is_done() -> None:
    going = threading.Event()
    desk = Desk()
    first = desk.begin("3 files", lambda tell: str(going.wait(30)), APOLOGY)
    for what in ("A text", "1 file"):
        with pytest.raises(AlreadyAddingError, match=r"3 files are being added since \d\d:\d\d:\d\d"):
            desk.begin(what, lambda tell: "", APOLOGY)
    going.set()
    assert first.done.wait(30)
    assert desk.begin("1 file", lambda tell: "x", APOLOGY).done.wait(30)


@pytest.mark.parametrize(
    ("error", "said"), [(IndexBusyError("Process 7 has it."), "Process 7 has it."), (RuntimeError("secret"), APOLOGY)]
)
def test_a_job_that_fails_says_so(error: Exception, said: str, caplog: pytest.LogCaptureFixture) -> None:
    def work(tell: Tell) -> str:
        raise error

    job = Desk(wait=0).begin("x", work, APOLOGY)
    assert job.done.wait(30) and said in job.html and "secret" not in job.html
    assert ("secret" in caplog.text) is isinstance(error, RuntimeError)


def test_a_job_waits_for_another_writer() -> None:
    tried: list[int] = []

    def work(tell: Tell) -> str:
        tried.append(1)
        if len(tried) == 1:
            raise IndexBusyError("Process 7 has it.")
        return "done"

    job = Desk().begin("x", work, APOLOGY)
    assert job.done.wait(30) and job.html == "done"
    assert (job.progress.phase, job.progress.note) == ("waiting", "Process 7 has it.")


def test_a_rate_and_the_time_left_are_told_also_where_the_source_knows_none() -> None:
    now = 0.0
    job = Job("x")
    meter = Meter(job, clock=lambda: now)
    meter(Progress("fetching", 0, 10))
    now = 4.0
    meter(Progress("fetching", 2, 10))
    assert (job.progress.rate, job.progress.left) == (0.5, 16.0)
    meter(Progress("embedding", 2, 10, 7.0, 1.0))
    assert (job.progress.rate, job.progress.left) == (7.0, 1.0)
    meter(Progress("publishing", 5, 10))
    assert job.progress.rate == 0.0, "nothing is known of a phase that has just begun"


def test_one_line_that_is_no_address_leaves_the_others() -> None:
    found, failed = addresses_in("https://news.example/a\n\nfile:///etc/passwd\nnews.example/b \nhttps://news.example/a\n")
    assert found == ["https://news.example/a", "https://news.example/b"]
    assert [one.source for one in failed] == ["file:///etc/passwd"]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("", "Write the address"),
        ("javascript:alert(1)\nfile:///x", "'javascript:alert(1)' is no web address"),
        ("\n".join(f"https://news.example/{number}" for number in range(51)), "These are 51 addresses"),
    ],
)
def test_addresses_that_are_none_are_refused_in_words(written: str, told: str) -> None:
    with pytest.raises(DatelineError, match=re.escape(told)):
        addresses_in(written)
