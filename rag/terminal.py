"""What the command line shows: values in, text for a terminal out.

Article text is hostile input: whatever could steer a terminal is taken out of it, and nothing of it
is read as markup. Where the output is not a terminal there are no colours and no wrapped lines.
"""

from __future__ import annotations

import re
import textwrap
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

from index.types import Article, Hit, Progress, Report
from rag.types import Answer, Citation, Claim

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.text import Text

    from rag.find_quote import FoundQuote
    from rag.kept import Summary
    from rag.recheck import Verification

SNIPPET = 300
"""Characters of a passage shown by `search`."""

FAILURES = 20
"""Failures shown one by one by `add`."""

QUIET_SECONDS = 5.0
"""Where there is no bar, how long work goes on before its first line, and between two lines."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_DIRECTIONS = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """`text` without what steers a terminal or reorders a line; line ends and tabs stay.

    Control characters become U+FFFD, so that a reader sees that something stood there.
    """
    text = text.replace("\r\n", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", _DIRECTIONS.sub("", text))


def line(text: str) -> str:
    """`text` cleaned and on one line."""
    return " ".join(clean(text).split())


def console(stream: IO[str]) -> Console:
    """A rich console on `stream` that never interprets markup."""
    from rich.console import Console

    return Console(file=stream, markup=False, highlight=False, emoji=False)


def show(to: Console, text: Text | str, indent: int = 0) -> None:
    """Write one paragraph: wrapped and indented in a terminal, one line of any length elsewhere."""
    from rich.padding import Padding
    from rich.text import Text

    text = Text(text) if isinstance(text, str) else text
    if to.is_terminal:
        to.print(Padding(text, (0, 0, 0, indent), expand=False))
    else:
        to.file.write(textwrap.indent(text.plain, " " * indent) + "\n")


def byline(article: Article) -> str:
    """The outlet and the date of an article as one line, as far as they are known."""
    day = f"{article.published.day} {article.published:%B %Y}" if article.published else ""
    return ", ".join(part for part in (line(article.outlet), day) if part)


def show_answer(to: Console, answer: Answer) -> None:
    """Write an answer: its sentences with their markers, what else must be known, then what each marker stands for."""
    from rich.text import Text

    if answer.answered and answer.claims:
        for claim in answer.claims:
            show(to, _claim(claim))
    else:
        show(to, _plain(answer.text))
    if answer.notice:
        show(to, Text(f"\nNote: {line(answer.notice)}", style="yellow"))
    if not answer.citations:
        return
    show(to, "\nSources")
    for citation in answer.citations:
        # The text of an answer that is none has just quoted the nearest passages.
        _show_source(to, citation, quote=answer.answered)


def show_hits(to: Console, hits: Iterable[Hit]) -> None:
    """Write the passages that a search found, best first."""
    from rich.text import Text

    for number, hit in enumerate(hits, start=1):
        title = Text(f"{number}. ").append(line(hit.article.title) or "(no title)", style="bold")
        show(to, title)
        for detail in (byline(hit.article), line(hit.article.url or hit.article.source)):
            if detail:
                show(to, Text(detail, style="dim"), indent=3)
        show(to, textwrap.shorten(line(hit.passage.text), SNIPPET, placeholder=" …"), indent=3)


def show_quotes(to: Console, found: Iterable[FoundQuote]) -> None:
    """Write where remembered words stand: the sentence with them in bold, and how they were found."""
    from rich.text import Text

    for number, one in enumerate(found, start=1):
        show(to, Text(f"{number}. ").append(line(one.article.title) or "(no title)", style="bold"))
        for detail in (byline(one.article), line(one.article.url or one.article.source)):
            if detail:
                show(to, Text(detail, style="dim"), indent=3)
        begin, end = one.sentence
        text = one.article.text
        sentence = Text(_flat(text[begin : one.start])).append(_flat(one.quote), style="bold")
        show(to, Text("“") + sentence.append(_flat(text[one.end : end])) + Text("”"), indent=3)
        said = "; ".join(map(line, one.differences)) or "another form of a word"
        how = {"exact": "word for word", "same": "but for case or typography", "near": f"nearly: {said}"}[one.how]
        show(to, Text(f"({how}; characters {one.start:,} to {one.end:,})", style="dim"), indent=3)


def show_articles(to: Console, articles: Iterable[Article]) -> None:
    """Write a collection: a table in a terminal, elsewhere lines of id, date, outlet and title with tabs."""
    cells = [
        tuple(line(cell) for cell in (article.id, str(article.published or ""), article.outlet, article.title))
        for article in articles
    ]
    if not to.is_terminal:
        to.file.writelines("\t".join(row) + "\n" for row in cells)
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("id", style="dim", no_wrap=True, overflow="fold")
    table.add_column("date", no_wrap=True)
    table.add_column("outlet")
    table.add_column("title", style="bold")
    for row in cells:
        table.add_row(*row)
    to.print(table)


def show_conversations(to: Console, conversations: Iterable[Summary]) -> None:
    """Write a list of conversations: lines of id, when last added to (UTC), questions, owner and title with tabs."""
    for one in conversations:
        cells = (one.id, one.changed[:16].replace("T", " "), str(one.count), one.owner, one.title)
        show(to, "\t".join(line(cell) for cell in cells))
        if one.found:
            show(to, line(one.found), indent=4)


def show_verification(to: Console, verification: Verification) -> None:
    """Write what became of an export's citations: those that do not hold one by one, then the count."""
    if verification.altered:
        show(to, f"edited: {line(verification.altered)}")
    for finding in verification.findings:
        if finding.ok:
            continue
        mark = f"question {finding.turn} [{finding.number}]"
        show(to, f"{finding.outcome if finding.outcome != 'holds' else 'differs'}: {mark} {line(finding.title)}")
        show(to, f"quoted: “{line(finding.quote)}”", indent=4)
        if finding.now:
            show(to, f"now: “{line(finding.now)}”", indent=4)
        if finding.outcome == "moved":
            show(to, f"now at characters {finding.start} to {finding.end} of {line(finding.article)}", indent=4)
        for said in (*finding.wrong, finding.note):
            if said:
                show(to, line(said), indent=4)
    holding, count = sum(finding.ok for finding in verification.findings), len(verification.findings)
    if not count:
        show(to, "The file quotes nothing.")
    else:
        show(to, f"{holding:,} of {count:,} citation{'' if count == 1 else 's'} stand word for word at their place.")


def show_report(to: Console, report: Report) -> None:
    """Write what an `add` did, and the first failures, each with its reason."""
    show_failures(to, report)
    show(to, str(report)[:1].upper() + str(report)[1:] + ".")


def show_failures(to: Console, report: Report) -> None:
    """Write the first failures of an `add`, each with its reason."""
    for failure in report.failed[:FAILURES]:
        show(to, f"not read: {line(failure.source)}: {line(failure.reason)}")
    if (more := len(report.failed) - FAILURES) > 0:
        show(to, f"not read: {more:,} more; --json lists them all")


def show_news(to: Console, what: str, articles: Iterable[Article]) -> None:
    """Write a line for each article that a watched feed brought; `what` says what became of it ("new")."""
    for article in articles:
        said = ", ".join(part for part in (line(article.title) or "(no title)", byline(article)) if part)
        show(to, f"{what}: {said}  {line(article.url or article.source)}")


class Lines:
    """Progress where there is no terminal: a line now and then, none for work that is soon done."""

    def __init__(self, to: Console) -> None:
        self.to = to
        self.said = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        """Take one step; writes a line when there is a note or the last one is long ago."""
        now = time.monotonic()
        if not progress.note and now - self.said < QUIET_SECONDS:
            return
        self.said = now
        show(self.to, described(progress))


class Meter:
    """Progress in a terminal: one bar for each phase."""

    def __init__(self, to: Console) -> None:
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar

        self.bar: Bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[state]}", markup=False),
            console=to,
            transient=True,
        )
        self.phase = ""

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.bar.stop()

    def __call__(self, progress: Progress) -> None:
        """Take one step; a new phase gets a new bar, a note a line of its own above it."""
        if progress.phase != self.phase:
            for task in self.bar.task_ids:
                self.bar.remove_task(task)
            self.bar.add_task(progress.phase, total=None, state="")
            self.phase = progress.phase
        self.bar.update(
            self.bar.task_ids[0],
            completed=progress.done,
            total=progress.total or None,
            state=_state(progress),
        )
        if progress.note:
            show(self.bar.console, line(progress.note))


@contextmanager
def progress_on(to: Console) -> Iterator[Meter | Lines]:
    """A callable that takes a Progress and shows it on `to`: a bar in a terminal, else lines."""
    if not to.is_terminal:
        yield Lines(to)
        return
    with Meter(to) as meter:
        yield meter


def described(progress: Progress) -> str:
    """How far the work has come, as one line."""
    return ": ".join(part for part in (progress.phase, _state(progress), line(progress.note)) if part)


def duration(seconds: float) -> str:
    """A length of time as a person says it: "8 s", "2 min 5 s", "1 h 3 min"."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _state(progress: Progress) -> str:
    parts = []
    if progress.total:
        parts.append(f"{progress.done:,} of {progress.total:,}")
    elif progress.done:
        parts.append(f"{progress.done:,}")
    if progress.rate:
        parts.append(f"{progress.rate:,.{0 if progress.rate >= 10 else 1}f} a second")
    if progress.left is not None:
        parts.append(f"{duration(progress.left)} left")
    return ", ".join(parts)


def _claim(claim: Claim) -> Text:
    """A claim as one paragraph: lead, words with the answer in bold, markers, and a doubt if there is one."""
    from rich.text import Text

    paragraph = Text()
    if claim.lead:
        paragraph.append(line(claim.lead) + " ", style="dim")
    quoted = claim.verdict.label == "quoted"
    paragraph.append("“" if quoted else "")
    at = 0
    for start, end in sorted(claim.emphasis):
        paragraph.append(_flat(claim.text[at:start]))
        paragraph.append(_flat(claim.text[start:end]), style="bold")
        at = end
    paragraph.append(_flat(claim.text[at:]) + ("”" if quoted else ""))
    for number in dict.fromkeys(citation.number for citation in claim.citations):
        paragraph.append(f" [{number}]", style="cyan")
    if claim.verdict.label not in ("quoted", "supported"):
        said = "; ".join(line(reason) for reason in claim.verdict.reasons)
        paragraph.append(f" ({claim.verdict.label}{': ' if said else ''}{said})", style="yellow")
    elif claim.verdict.told:
        paragraph.append(f" (in the article: {line(claim.verdict.told)})")
    return paragraph


def _show_source(to: Console, citation: Citation, *, quote: bool) -> None:
    from rich.text import Text

    article, mark = citation.article, f"{citation.number}."
    head = Text(f"{mark} ").append(line(article.title) or "(no title)", style="bold")
    if said := byline(article):
        head.append(f", {said}")
    show(to, head)
    indent = len(mark) + 1
    show(to, Text(line(article.url or article.source), style="dim"), indent)
    if quote:
        show(to, f"“{line(citation.quote)}”", indent)


def _flat(text: str) -> str:
    """`text` cleaned, with its own spacing but on one line."""
    return re.sub(r"\s+", " ", clean(text))


def _plain(markdown: str) -> str:
    """Markdown without its emphasis and escapes, for a sentence or two."""
    return re.sub(r"\\(\W)|(?<!\\)\*{1,3}", lambda match: match.group(1) or "", clean(markdown))
