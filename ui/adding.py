"""One reader's articles at a time: a job that adds them goes on whoever watches it, and says how far it has come."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from index.errors import DatelineError, IndexBusyError
from index.types import Progress
from ui import render

log = logging.getLogger(__name__)

SHOWN_SECONDS = 0.25
"""Between two views of a job's progress."""

WAIT_SECONDS = 120.0
"""How long a job waits for another writer, such as a watched feed, before it gives up."""

RATED_SECONDS = 1.0
"""How long a phase has gone on before its rate is worth telling."""

Tell = Callable[[Progress], None]
Work = Callable[[Tell], str]
"""Does the work, tells how far it has come, and returns what came of it as HTML."""


class AlreadyAddingError(DatelineError):
    """Articles are being added already."""


@dataclass(slots=True)
class Job:
    """Articles that are being added: `what` says which, for people; `html` is what came of it, once it is `done`."""

    what: str
    since: datetime = field(default_factory=datetime.now)
    progress: Progress = field(default_factory=lambda: Progress("reading", 0, 0))
    html: str = ""
    done: threading.Event = field(default_factory=threading.Event)


class Desk:
    """Where articles are added: one job at a time, in a thread of its own, for everyone at this server."""

    def __init__(self, *, wait: float = WAIT_SECONDS) -> None:
        self._lock = threading.Lock()
        self._wait = wait
        self.job: Job | None = None

    @property
    def running(self) -> Job | None:
        """The job that is not done."""
        job = self.job
        return job if job is not None and not job.done.is_set() else None

    def begin(self, what: str, work: Work, apology: str) -> Job:
        """Start a job; `apology` is what is told of an error that is nobody's fault but ours. Raises AlreadyAddingError."""
        with self._lock:
            other = self.running
            if other is not None:
                raise AlreadyAddingError(
                    f"{other.what} {'are' if other.what.endswith('s') else 'is'} being added since {other.since:%H:%M:%S} "
                    "o’clock, and one thing is added at a time. Nothing of yours was lost: add it again when that is done."
                )
            self.job = job = Job(what)
        threading.Thread(target=self._run, args=(job, work, apology), name="adding articles", daemon=True).start()
        return job

    def _run(self, job: Job, work: Work, apology: str) -> None:
        meter = Meter(job)
        try:
            job.html = self._patiently(work, meter)
        except DatelineError as error:
            job.html = render.failure(str(error))
        except Exception:
            log.exception("Articles could not be added.")
            job.html = render.failure(apology)
        finally:
            job.done.set()

    def _patiently(self, work: Work, tell: Tell) -> str:
        until = time.monotonic() + self._wait
        while True:
            try:
                return work(tell)
            except IndexBusyError as error:
                if time.monotonic() >= until:
                    raise
                tell(Progress("waiting", 0, 0, note=str(error)))
                time.sleep(1.0)


class Meter:
    """Notes a job's progress, with a rate and the time left also where its source knows none."""

    def __init__(self, job: Job, clock: Callable[[], float] = time.monotonic) -> None:
        self._job = job
        self._clock = clock
        self._phase, self._begun, self._first = "", 0.0, 0

    def __call__(self, progress: Progress) -> None:
        """Take one step."""
        now = self._clock()
        if progress.phase != self._phase:
            self._phase, self._begun, self._first = progress.phase, now, progress.done
        passed, done = now - self._begun, progress.done - self._first
        if not progress.rate and progress.total and done > 0 and passed >= RATED_SECONDS:
            rate = done / passed
            progress = replace(progress, rate=rate, left=max(0, progress.total - progress.done) / rate)
        self._job.progress = progress


async def follow(job: Job) -> AsyncIterator[str]:
    """The job as HTML, again and again: how far it has come, at last what came of it."""
    shown = ""
    while not job.done.is_set():
        html = render.progress(job.progress)
        if html != shown:
            shown = html
            yield html
        await asyncio.sleep(SHOWN_SECONDS)
    yield job.html
