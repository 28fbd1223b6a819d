"""`dateline` on the command line: parses, calls, and lets `rag.terminal` show.

`ui.cli` adds the `chat` command and is what the installed script runs. Everything heavy is
imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from index.address import is_web_address
from index.errors import DatelineError

if TYPE_CHECKING:
    from index.types import Report
    from rag.settings import Settings

OK, FAILED, NOT_ANSWERED, PARTLY_READ, INTERRUPTED = 0, 1, 3, 4, 130

app = typer.Typer(
    name="dateline",
    help="Ask a collection of articles. Every sentence of the answer shows the exact words that support it.",
    epilog="Exit codes: 0 done; 1 an error, told on stderr; 2 wrong usage; 3 the articles do not answer, "
    "nothing was found, or an export does not hold; 4 some sources could not be read.",
    no_args_is_help=True,
    add_completion=False,
    # Plain help: rich's panels cost start-up time and do not survive a pipe.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", metavar="FOLDER", help="The collection; otherwise DATA_DIR, or .dateline."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")]


def main() -> None:
    """Run the command line and exit; never shows a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # Titles come in every script, terminals do not.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="dateline")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


@contextmanager
def session(data_dir: Path | None, **overrides: Any) -> Iterator[Settings]:
    """The settings for one command, which turns what goes wrong in it into a sentence and an exit code.

    A DatelineError is shown as it is. Anything else goes to the log file of the data folder with its
    traceback, and the sentence says where that is.
    """
    folder = data_dir or Path(".dateline")
    try:
        from rag.settings import load

        settings = load(data_dir=data_dir, **overrides)
        folder = settings.data_dir
        _log_to_stderr(settings.log_level)
        threading.excepthook = _thread_died(folder)
        yield settings
    except DatelineError as error:
        say(f"dateline: {error}")
        raise typer.Exit(FAILED) from None
    except (typer.Exit, BrokenPipeError):
        raise
    except Exception as error:
        log = _log_to_file(folder, error)
        what = f"Something went wrong that should not have ({type(error).__name__})."
        say(f"dateline: {what} The details are in {log}")
        raise typer.Exit(FAILED) from None


def say(text: str) -> None:
    """Write a line for a person to stderr, made safe for a terminal."""
    from rag.terminal import clean

    typer.echo(clean(text), err=True)


@app.callback(invoke_without_command=True)
def dateline(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """What holds for every command."""
    if version:
        from importlib.metadata import PackageNotFoundError
        from importlib.metadata import version as installed

        try:
            typer.echo(f"dateline {installed('dateline')}")
        except PackageNotFoundError:
            typer.echo("dateline, not installed")
        raise typer.Exit(OK)


@app.command()
def add(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCES...", help="Files, folders, URLs, feeds.")],
    prune: Annotated[bool, typer.Option("--prune", help="Remove articles whose file is gone.")] = False,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Add articles, or update those that changed.

    What is already there costs nothing. Exits with 4 when some of the sources could not be read.
    """
    with session(data_dir):
        from rag.open import open_chat
        from rag.terminal import console, progress_on, show_report

        with open_chat(data_dir) as chat, progress_on(console(sys.stderr)) as progress:
            report = chat.add(*sources, prune=prune, progress=progress)
        if json:
            _dump(report.to_dict())
        else:
            show_report(console(sys.stdout), report)
        raise typer.Exit(PARTLY_READ if report.failed else OK)


@app.command()
def watch(
    feeds: Annotated[list[str], typer.Argument(metavar="FEED...", help="Addresses of feeds, sitemaps or pages.")],
    every: Annotated[str, typer.Option(metavar="TIME", help="How often: 15m, 2h, 1h30m; at least 1m.")] = "15m",
    once: Annotated[bool, typer.Option("--once", help="Look once, for cron and its like, and end.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Keep adding what is new in feeds.

    Shows what is new. A feed that fails is asked less often until it works again. Ends at Ctrl-C; with --once it exits
    with 4 when something could not be had.
    """
    pause = _pause(every)
    for feed in feeds:
        if not is_web_address(feed):
            raise typer.BadParameter(f"{feed!r} does not begin with http:// or https://.", param_hint="FEED...")
    with session(data_dir) as settings:
        from rag.open import open_chat
        from rag.terminal import console, duration, progress_on, show_failures, show_news
        from rag.watch import watch

        out, err = console(sys.stdout), console(sys.stderr)
        failed = False
        with open_chat(data_dir) as chat:

            def look(feed: str) -> Report:
                try:
                    with progress_on(err) as progress:
                        return chat.add(feed, progress=progress)
                except (DatelineError, BrokenPipeError):
                    raise
                except Exception as error:
                    # Whoever leaves a watch running for weeks wants it to be there after a bad night of the disk's.
                    log = _log_to_file(settings.data_dir, error)
                    raise DatelineError(f"Something went wrong ({type(error).__name__}). The details are in {log}") from None

            try:
                if not once:
                    many = f"{len(set(feeds))} feeds" if len(set(feeds)) > 1 else feeds[0]
                    say(f"Watching {many}, every {duration(pause)}. Ctrl-C ends it.")
                for seen in watch(look, feeds, pause, once=once):
                    show_news(out, "new", map(chat.article, seen.report.added))
                    show_news(out, "changed", map(chat.article, seen.report.changed))
                    sys.stdout.flush()
                    show_failures(err, seen.report)
                    if seen.error:
                        say(f"{seen.feed}: {seen.error}")
                    if seen.again > pause and not once:
                        say(f"{seen.feed} is looked at again in {duration(seen.again)}.")
                    failed = failed or bool(seen.error or seen.report.failed)
            except KeyboardInterrupt:
                say("Stopped; what was fetched stays.")
                raise typer.Exit(OK) from None
        raise typer.Exit(PARTLY_READ if failed else OK)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="One question, in quotes.")],
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Answer a question, with the words behind it.

    Exits with 3 when the articles do not answer it.
    """
    if not question.strip():
        raise typer.BadParameter("it is empty.", param_hint="QUESTION")
    with session(data_dir):
        from rag.open import open_chat
        from rag.terminal import console, show_answer

        with open_chat(data_dir) as chat:
            answer = chat.ask(question)
            empty = not answer.hits and not answer.citations and not chat.overview().articles
        if json:
            _dump(answer.to_dict(texts=False))
        else:
            show_answer(console(sys.stdout), answer)
        if empty:
            say_empty()
        raise typer.Exit(OK if answer.answered else NOT_ANSWERED)


@app.command()
def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Words, or a question.")],
    k: Annotated[int, typer.Option("-k", min=1, max=1000, metavar="N", help="Passages at most.")] = 10,
    since: Annotated[str, typer.Option(metavar="DATE", help="Published from this day on: 2022-11-01.")] = "",
    until: Annotated[str, typer.Option(metavar="DATE", help="Published up to this day.")] = "",
    outlet: Annotated[str, typer.Option(metavar="NAME", help="Published by this outlet.")] = "",
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Find passages, best first.

    Exits with 3 when nothing is found.
    """
    first, last = _day("--since", since), _day("--until", until)
    if first and last and first > last:
        raise typer.BadParameter(f"{until} is before --since {since}.", param_hint="--until")
    with session(data_dir):
        from rag.open import open_chat
        from rag.terminal import console, show_hits

        with open_chat(data_dir) as chat:
            hits = chat.search(query, k=k, since=first, until=last, outlet=outlet)
            empty = not hits and not chat.overview().articles
        if json:
            _dump([hit.to_dict(texts=False) for hit in hits])
        else:
            show_hits(console(sys.stdout), hits)
        if empty:
            say_empty()
        elif not hits:
            say("Nothing was found.")
        raise typer.Exit(OK if hits else NOT_ANSWERED)


@app.command()
def quote(
    words: Annotated[str, typer.Argument(metavar="WORDS", help="Words that you remember, in quotes.")],
    k: Annotated[int, typer.Option("-k", min=1, max=100, metavar="N", help="Places at most.")] = 10,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Find where remembered words stand, word for word or nearly.

    Exits with 3 when they stand nowhere.
    """
    if not words.strip():
        raise typer.BadParameter("it is empty.", param_hint="WORDS")
    with session(data_dir):
        from rag.open import open_chat
        from rag.terminal import console, show_quotes

        with open_chat(data_dir) as chat:
            found = chat.find_quote(words, k=k)
            empty = not found and not chat.overview().articles
        if json:
            _dump([one.to_dict(texts=False) for one in found])
        else:
            show_quotes(console(sys.stdout), found)
        if empty:
            say_empty()
        elif not found:
            say("These words stand in none of the articles, nor do nearly the same ones.")
        raise typer.Exit(OK if found else NOT_ANSWERED)


@app.command()
def articles(json: Json = False, data_dir: DataDir = None) -> None:
    """List the articles: id, date, outlet, title."""
    with session(data_dir):
        from rag.open import open_chat
        from rag.terminal import console, show_articles

        with open_chat(data_dir) as chat:
            found = chat.articles()
        if json:
            _dump([article.without_text().to_dict() for article in found])
        else:
            show_articles(console(sys.stdout), found)
        if not found:
            say_empty()


@app.command()
def remove(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="As `dateline articles` shows them.")],
    data_dir: DataDir = None,
) -> None:
    """Remove articles from the collection.

    Their files stay where they are.
    """
    with session(data_dir):
        from rag.open import open_chat
        from rag.terminal import line

        with open_chat(data_dir) as chat:
            wanted = [chat.article(id).id for id in dict.fromkeys(ids)]
            for id in wanted:
                typer.echo(f"Removed {id}: {line(chat.remove(id).title)}")


@app.command()
def rebuild(data_dir: DataDir = None) -> None:
    """Make the search indexes anew from the library.

    Needed after a change of EMBEDDER: the texts are then embedded again.
    """
    with session(data_dir):
        from rag.open import rebuild
        from rag.terminal import console, progress_on

        with progress_on(console(sys.stderr)) as progress:
            passages = rebuild(data_dir, progress=progress)
        typer.echo(f"Rebuilt {passages:,} passages.")


@app.command()
def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Put right what can be put right.")] = False,
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Check the collection and what Dateline needs.

    Exits with 1 when something is wrong.
    """
    with session(data_dir):
        from rag.open import doctor
        from rag.terminal import console, show

        diagnosis = doctor(data_dir, repair=repair)
        if json:
            _dump(diagnosis.to_dict())
        else:
            to = console(sys.stdout)
            for check in diagnosis.checks:
                show(to, f"{'ok ' if check.ok else 'BAD'} {check.name}: {check.detail}")
                if check.remedy and not check.ok:
                    show(to, f"What to do: {check.remedy}", indent=4)
        raise typer.Exit(OK if diagnosis.ok else FAILED)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An exported conversation: .md, .html or .json.")],
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Check that what an export quotes still stands.

    Exits with 3 when some of it has moved, changed or gone, or the file was edited.
    """
    with session(data_dir):
        from rag.open import verify_export
        from rag.terminal import console, show_verification

        verification = verify_export(file, data_dir)
        if json:
            _dump(verification.to_dict())
        else:
            show_verification(console(sys.stdout), verification)
        raise typer.Exit(OK if verification.ok else NOT_ANSWERED)


kept = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
app.add_typer(kept, name="conversations")


@kept.callback(invoke_without_command=True)
def conversations(
    context: typer.Context,
    search: Annotated[str, typer.Option(metavar="WORDS", help="Only those in which these words stand.")] = "",
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """List, search, export and delete what was asked.

    Everyone's, the latest first: id, when, questions, whose, title. A search that finds none exits with 3.
    """
    if context.invoked_subcommand:
        return
    with session(data_dir):
        from dataclasses import asdict

        from rag.open import open_conversations
        from rag.terminal import console, show_conversations

        all = open_conversations(data_dir).everyones()
        found = all.search(search) if search else all.recent()
        if json:
            _dump([asdict(one) for one in found])
        else:
            show_conversations(console(sys.stdout), found)
        if not found:
            say("Nothing was found." if search else "No conversations are kept here yet.")
        raise typer.Exit(NOT_ANSWERED if search and not found else OK)


Id = Annotated[str, typer.Argument(metavar="ID", help="As `dateline conversations` shows it.")]


@kept.command("export")
def export_conversation(
    id: Id,
    format: Annotated[str, typer.Option("--format", metavar="md|html|json", help="What to write.")] = "md",
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there, not to stdout.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Write a conversation with its sources."""
    if format not in ("md", "html", "json"):
        raise typer.BadParameter(f"{format!r} is not md, html or json.", param_hint="--format")
    with session(data_dir):
        from rag.open import open_conversations

        written = open_conversations(data_dir).everyones().export(id, format).encode()
        if output is None:
            # As bytes: a terminal's encoding must not change what will be verified.
            typer.echo(written, nl=False)
            return
        try:
            output.write_bytes(written)
        except OSError as error:
            raise DatelineError(f"{output} cannot be written ({error.strerror}).") from error


@kept.command("delete")
def delete_conversations(ids: Annotated[list[str], typer.Argument(metavar="ID...")], data_dir: DataDir = None) -> None:
    """Delete conversations without a trace."""
    with session(data_dir):
        from rag.open import open_conversations
        from rag.terminal import line

        all = open_conversations(data_dir).everyones()
        for conversation in [all.load(id) for id in dict.fromkeys(ids)]:
            all.delete(conversation.id)
            typer.echo(f"Deleted {conversation.id}: {line(conversation.title)}")


def say_empty() -> None:
    """Tell on stderr that the collection is empty, and how to fill it."""
    say("The collection is empty. Add articles with: dateline add FOLDER")


def _dump(values: Any) -> None:
    import json

    # ASCII: the same bytes in every locale, and nothing in it can steer a terminal.
    typer.echo(json.dumps(values, indent=2))


def _pause(every: str) -> float:
    """The seconds of --every."""
    from rag.watch import LEAST, seconds

    try:
        pause = seconds(every)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--every") from None
    if pause < LEAST:
        raise typer.BadParameter(f"{every} is less than a minute, too often for the sites.", param_hint="--every")
    return pause


def _day(option: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day such as 2022-11-01.", param_hint=option) from None


class _Stderr(logging.Handler):
    """Log records as safe lines, also above a progress bar (which swaps `sys.stderr`)."""

    def emit(self, record: logging.LogRecord) -> None:
        say(f"{record.levelname.lower()}: {record.getMessage()}")


def _log_to_stderr(level: str) -> None:
    root = logging.getLogger()
    if not any(isinstance(handler, _Stderr) for handler in root.handlers):
        root.addHandler(_Stderr())
    # What other libraries have to say is for whoever asked for all of it.
    root.setLevel(logging.DEBUG if level == "DEBUG" else logging.ERROR)
    for package in ("index", "rag", "ui"):
        logging.getLogger(package).setLevel(level)


def _thread_died(folder: Path) -> Callable[[threading.ExceptHookArgs], None]:
    """What to do when a background thread dies, instead of printing its traceback: log it."""

    def died(how: threading.ExceptHookArgs) -> None:
        _log_to_file(folder, how.exc_value)

    return died


def _log_to_file(folder: Path, error: BaseException | None) -> Path:
    """Append `error` with its traceback to the log of `folder`, or of the temporary folder; where it is."""
    import tempfile
    import traceback

    entry = f"{datetime.now().isoformat(timespec='seconds')} {' '.join(sys.argv)}\n"
    entry += "".join(traceback.format_exception(error)) + "\n"
    for place in (folder, Path(tempfile.gettempdir())):
        try:
            place.mkdir(parents=True, exist_ok=True)
            with (place / "dateline.log").open("a", encoding="utf-8", errors="replace") as log:
                log.write(entry)
        except OSError:
            continue
        return (place / "dateline.log").absolute()
    return Path("dateline.log (which could not be written)")
