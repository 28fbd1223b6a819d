"""The page that asks for name and password: no script, nothing from another host, readable without its style."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ui.guard import caller
from ui.readers import Readers, TooOftenError, session_in, set_session

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

HERE_ONLY = re.compile(r"/(?![/\\])[^\s\\]*")
"""Where a reader may be sent after signing in: a path of this server."""

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    # A form on a page that sends no referrer would come without an origin, as another site's might.
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
WRONG = "That name and password do not belong together. Check both and try again."

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fffdf9; --sheet: #f7f3ea; --ink: #1d1b18; --faint: #655f56; --edge: #857c6d; --rule: #cfc5b1;
  --accent: #8f1d1d; --accent-deep: #701414; --on-accent: #fffdf9;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, Charter, Georgia, "Liberation Serif", serif;
  --sans: -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #191816; --sheet: #22201d; --ink: #ebe6dc; --faint: #a89f91; --edge: #8b8273; --rule: #4b463e;
    --accent: #e59a8b; --accent-deep: #f0b5a9; --on-accent: #191816;
  }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; background: var(--paper); color: var(--ink); font: 17px/1.5 var(--sans); }
header { padding: 13px 28px 11px; border-bottom: 3px double var(--rule); }
header p { margin: 0; font: 700 30px/1.2 var(--serif); letter-spacing: -.01em; }
main { max-width: 24rem; margin: 12vh auto 0; padding: 0 20px 40px; }
h1 { margin: 0 0 6px; font: 700 32px/1.2 var(--serif); letter-spacing: -.01em; }
main p { margin: 0 0 22px; color: var(--faint); }
main p.wrong { padding: 10px 14px; border-left: 4px solid var(--accent); background: var(--sheet); color: var(--ink); }
label { display: block; margin: 0 0 5px; font-weight: 600; font-size: 15px; }
input {
  display: block; width: 100%; margin: 0 0 18px; padding: 10px 12px; border: 1px solid var(--edge); border-radius: 4px;
  background: var(--sheet); color: var(--ink); font: inherit;
}
button {
  padding: 10px 22px; border: 0; border-radius: 4px; background: var(--accent); color: var(--on-accent);
  font: 600 17px/1.5 var(--sans); cursor: pointer;
}
button:hover { background: var(--accent-deep); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
"""


def routes(readers: Readers) -> list[BaseRoute]:
    """`GET` and `POST /login`, and `POST /logout`."""

    async def show(request: Request) -> Response:
        return _page(_next(request.query_params.get("next", "")))

    async def sign_in(request: Request) -> Response:
        given = _fields(await request.body())
        back = _next(given("next"))
        name, host = given("name").strip(), request.headers.get("host", "")
        try:
            secret = await readers.sign_in(name, given("password"), caller(request.scope))
        except TooOftenError as error:
            return _page(back, name, str(error), status=429, wait=error.seconds)
        if secret is None:
            return _page(back, name, WRONG, status=401)
        old = session_in(request.headers.get("cookie", ""), host)
        if old:
            readers.sign_out(old)
        return _redirect(back, set_session(secret, host, https=request.url.scheme == "https"))

    async def sign_out(request: Request) -> Response:
        host = request.headers.get("host", "")
        readers.sign_out(session_in(request.headers.get("cookie", ""), host))
        return _redirect("/login", set_session("", host, https=request.url.scheme == "https"))

    return [
        Route("/login", show, methods=["GET"]),
        Route("/login", sign_in, methods=["POST"]),
        Route("/logout", sign_out, methods=["POST"]),
    ]


def _page(back: str, name: str = "", wrong: str = "", status: int = 200, wait: int = 0) -> HTMLResponse:
    told = (
        f'<p class="wrong" role="alert" id="wrong">{escape(wrong)}</p>'
        if wrong
        else "<p>This collection is for its readers.</p>"
    )
    about = ' aria-describedby="wrong" aria-invalid="true"' if wrong else ""
    first, second = (" autofocus", "") if not name else ("", " autofocus")
    html = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Sign in · Dateline</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
</head>
<body>
<header><p>Dateline</p></header>
<main>
<h1>Sign in</h1>
{told}
<form method="post" action="/login">
<input type="hidden" name="next" value="{escape(back)}">
<label for="who">Name</label>
<input id="who" name="name" value="{escape(name)}" maxlength="64" autocomplete="username" autocapitalize="none"
 spellcheck="false" required{first}{about}>
<label for="password">Password</label>
<input id="password" name="password" type="password" maxlength="1024" autocomplete="current-password" required{second}{about}>
<button>Sign in</button>
</form>
</main>
</body>
</html>
"""
    headers = {**HEADERS, **({"retry-after": str(wait)} if wait else {})}
    return HTMLResponse(html, status_code=status, headers=headers)


def _redirect(to: str, cookie: str) -> RedirectResponse:
    return RedirectResponse(to, status_code=303, headers={"set-cookie": cookie, "cache-control": "no-store"})


def _next(path: str) -> str:
    return path if len(path) <= 2_000 and HERE_ONLY.fullmatch(path) else "/"


def _fields(body: bytes) -> Callable[[str], str]:
    """A form's fields by name, as text; empty for one that is not there."""
    try:
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        fields = {}
    return lambda name: fields.get(name, [""])[0]
