"""EDGE. What an anonymous browser is known by: a secret in a cookie, which the server gives it with the page.

A cookie that no script can read, rather than Gradio's BrowserState: that one keeps its value where every script of the
page reaches it, and sends it as an ordinary input, which whoever calls the page's functions by hand may leave out or make up.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from starlette.requests import cookie_parser

if TYPE_CHECKING:
    import gradio as gr

NAME = "dateline"
LONG = 400 * 24 * 3600
"""Seconds. Browsers keep no cookie for longer; each look at the page begins them anew."""

SECRET = re.compile(r"[A-Za-z0-9_-]{43}")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Callable[[], Awaitable[Message]], Send], Awaitable[None]]


def sent(*headers: str) -> dict[str, str]:
    """The cookies of a request's Cookie headers by their names; of two with one name the last.

    Read as Gradio reads them: a browser sends along whatever others on its host have set, and Python's own parser stops at
    the first that is not as it should be, so that those after it would be there for the one and not for the other.
    """
    return {name: value for header in headers for name, value in cookie_parser(header).items()}


def with_secret(app: App) -> App:
    """The app, whose pages give the browser its secret, or keep the one it has for longer."""

    async def giving(scope: Scope, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        if scope["type"] != "http" or scope.get("method") != "GET":
            await app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                headers = list(message.get("headers", ()))
                if any(name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in headers):
                    # What carries someone's secret must not be handed to the next one by a cache.
                    headers = [one for one in headers if one[0].lower() != b"cache-control"]
                    headers += [(b"set-cookie", _cookie(scope).encode()), (b"cache-control", b"no-store")]
                    message["headers"] = headers
            await send(message)

        await app(scope, receive, send_with_cookie)

    return giving


def owner(request: gr.Request | None) -> str:
    """Whose conversations the sender of a request may reach: the signed-in user's, else the browser's.

    Empty for a browser that sends no cookie.
    """
    from rag.conversations import browser, signed_in

    if request is None:
        return ""
    if request.username:
        return signed_in(request.username)
    cookies = request.cookies
    for name in (f"__Host-{NAME}", NAME):
        # Gradio hands out a mapping here and an object there.
        secret = cookies.get(name, "") if isinstance(cookies, dict) else getattr(cookies, name, "")
        if isinstance(secret, str) and SECRET.fullmatch(secret):
            return browser(secret)
    return ""


def _cookie(scope: Scope) -> str:
    from rag.conversations import new_secret

    secure = scope.get("scheme") == "https"
    # The prefix has the browser refuse such a cookie from a neighbouring host, or from http.
    name = f"__Host-{NAME}" if secure else NAME
    secret = sent(*(value.decode("latin-1") for header, value in scope["headers"] if header == b"cookie")).get(name, "")
    if not SECRET.fullmatch(secret):
        secret = new_secret()
    return f"{name}={secret}; Path=/; Max-Age={LONG}; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"
