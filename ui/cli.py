"""The installed `dateline` script: every command of `rag.cli`, and those of the server: the page, its accounts, its tools.

They live here so that `rag` never imports `ui`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index.errors import SettingsError
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
        from ui.access import Access
        from ui.serve import listen, serve

        access = Access.of(settings)
        access.check(settings.host)
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
                    access=access,
                    folders=_allowed(settings.allowed_folders),
                    open_browser=not no_browser and _before_a_person(os.environ),
                    ready=ready,
                )
            except KeyboardInterrupt:
                # The way to stop a page is no failure.
                say("Stopped.")


# The page is what most people come for, so it leads the list of commands.
app.registered_commands.insert(0, app.registered_commands.pop())


@app.command()
def mcp(data_dir: DataDir = None) -> None:
    """Offer the articles to an assistant, over MCP on stdio.

    The page's server offers the same tools at /mcp.
    """
    with session(data_dir):
        import asyncio

        from rag.open import open_chat
        from ui.tools import serve_stdio

        with open_chat(data_dir) as opened:
            asyncio.run(serve_stdio(opened))


@app.command()
def password(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name to sign in with.")],
    data_dir: DataDir = None,
) -> None:
    """Print what DATELINE_AUTH needs for an account.

    Asks for the password twice, or reads it from a pipe. Changing a password ends that name's sessions and tokens.
    """
    from ui.passwords import LONGEST, NAME, SHORTEST, Kept

    if not NAME.fullmatch(name):
        raise typer.BadParameter("letters, digits and . _ @ + - make a name, up to 64 of them.", param_hint="NAME")
    with session(data_dir):
        if sys.stdin.isatty():
            given = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        else:
            given = sys.stdin.readline().rstrip("\r\n")
        if not SHORTEST <= len(given) <= LONGEST:
            raise SettingsError(f"A password has {SHORTEST} to {LONGEST:,} characters; this one has {len(given)}.")
        typer.echo(f"{name}:{Kept.of(given)}")
        say("Put this line into DATELINE_AUTH (several with commas between them), or into the file it names. Then start anew.")


@app.command()
def token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose account the program uses.")],
    revoke: Annotated[bool, typer.Option("--revoke", help="End every token of this name instead.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Print a token with which a program uses an account.

    It holds until it is revoked or the password changes.
    """
    with session(data_dir) as settings:
        from ui.access import Access
        from ui.sessions import Sessions

        accounts = Access.of(settings).accounts
        with closing(Sessions(settings.data_dir)) as sessions:
            if revoke:
                ended = sessions.revoke(name)
                typer.echo(f"Ended {ended} token{'' if ended == 1 else 's'} of {name}.")
                return
            if accounts is None or name not in accounts:
                raise SettingsError(f"{name} has no account. Make one with: dateline password {name}")
            typer.echo(sessions.begin(name, accounts.seal(name), "token"))
            say("This is shown once. A program sends it as: Authorization: Bearer TOKEN")


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
