"""The installed `dateline` script: every command of `rag.cli`, and `chat`, which starts the page.

`chat` lives here so that `rag` never imports `ui`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli import DataDir, app, main, say, say_empty, session

if TYPE_CHECKING:
    from rag.chat import Chat

__all__ = ["app", "main"]


@app.command()
def chat(
    host: Annotated[str, typer.Option(metavar="NAME", help="Otherwise HOST, or 127.0.0.1.")] = "",
    port: Annotated[str, typer.Option(metavar="N", help="Otherwise PORT, or 7860.")] = "",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
    starter: Annotated[
        list[str] | None,
        typer.Option(metavar="SOURCE", help="Add these articles first when the collection is empty."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Open the page: ask, and see the words behind each sentence.

    Ctrl-C stops it.
    """
    with session(data_dir, host=host or None, port=port or None) as settings:
        from ui.serve import listen, serve

        # A port that is taken is told now, not after the seconds it takes to load the rest.
        listen(settings.host, settings.port).close()

        from rag.open import open_chat

        with open_chat(data_dir) as opened:
            if starter and not opened.overview().articles:
                _fill(opened, starter)
            count = opened.overview().articles
            if not count:
                say_empty()

            def ready(url: str) -> None:
                articles = f"{count:,} article{'' if count == 1 else 's'}"
                typer.echo(f"Dateline is ready, with {articles}: {url}  (Ctrl-C stops it)")

            try:
                serve(
                    opened,
                    host=settings.host,
                    port=settings.port,
                    folders=_allowed(settings.allowed_folders),
                    open_browser=not no_browser and _before_a_person(os.environ),
                    ready=ready,
                )
            except KeyboardInterrupt:
                # The way to stop a page is no failure.
                say("Stopped.")


# The page is what most people come for, so it leads the list of commands.
app.registered_commands.insert(0, app.registered_commands.pop())


def _fill(opened: Chat, sources: list[str]) -> None:
    from rag.terminal import console, progress_on, show_report

    with progress_on(console(sys.stderr)) as progress:
        report = opened.add(*sources, progress=progress)
    show_report(console(sys.stderr), report)


def _allowed(written: str) -> list[Path]:
    """The folders that the page may read, as ALLOWED_FOLDERS names them."""
    from ui.folders import by_default

    named = [Path(folder).expanduser() for folder in written.split(os.pathsep) if folder]
    return named or by_default(Path.cwd(), Path.home())


def _before_a_person(environment: Mapping[str, str]) -> bool:
    """Whether someone may be looking at this machine's own screen: not over ssh, not in CI."""
    return not any(environment.get(name) for name in ("CI", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"))
