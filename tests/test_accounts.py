"""Accounts: who comes in, who does not, and that nothing of them is left lying about."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gradio_client
import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from served import QUESTION, Served, in_a_loop, serving

import rag
from index.errors import DatelineError, SettingsError
from rag.settings import load
from ui import passwords, readers
from ui.access import Access, AddressError
from ui.passwords import Accounts, Kept
from ui.patience import Patience
from ui.sessions import Sessions

SCRIPT = "from ui.cli import main; main()"
PASSWORD, OTHER = "a quiet Tuesday, ñ", "another password"
HTML = {"accept": "text/html,*/*"}


def kept(password: str) -> Kept:
    """As cheap as is still allowed."""
    with cheaply():
        return Kept.of(password)


@contextmanager
def cheaply() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", 2**14)
        patch.setattr(passwords, "LANES", 1)
        yield


ACCOUNTS = f"anna:{kept(PASSWORD)},ben:{kept(OTHER)}"


@pytest.fixture(scope="module")
def chat(news_library: Path) -> Iterator[Any]:
    with rag.open_chat(news_library) as chat:
        yield chat


@pytest.fixture(scope="module")
def served(chat: Any) -> Iterator[Served]:
    with cheaply(), serving(chat, access=Access(Accounts.read(ACCOUNTS))) as running:
        yield running


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=20, trust_env=False) as client:
        yield client


@pytest.fixture
def token(chat: Any) -> str:
    accounts = Accounts.read(ACCOUNTS)
    assert accounts is not None
    return Sessions(chat.data_dir).begin("anna", accounts.seal("anna"), "token")


def sign_in(http: httpx.Client, name: str = "anna", password: str = PASSWORD, **more: str) -> httpx.Response:
    return http.post("/login", data={"name": name, "password": password, **more})


# --- what is guarded --------------------------------------------------------------------------------------

GUARDED = [
    "/api/articles", "/api/search?q=a", "/api/articles/b", "/api/openapi.json", "/api", "/config", "/info",
    "/gradio_api/info", "/gradio_api/file=news.jsonl", "/gradio_api/queue/data?session_hash=x", "/gradio_api/heartbeat/x",
    "/theme.css", "/static/img/logo.svg", "/assets/index.js", "/favicon.ico", "/user", "/token", "/logout", "/login/",
    "//health", "/health/", "/./login", "/login/../config", "/%6cogin/x", "/LOGIN", "/nothing",
]  # fmt: skip


@pytest.mark.parametrize("path", GUARDED)
def test_without_an_account_nothing_is_answered(served: Served, path: str) -> None:
    # A connection that sends the path as it is written, where a client would tidy it.
    place = urlsplit(served.url)
    for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
        with closing(HTTPConnection(str(place.hostname), place.port, timeout=10)) as connection:
            connection.request(method, path)
            response = connection.getresponse()
            assert response.status == 401
            assert b"Kherson" not in response.read()


def test_posting_needs_an_account_too(http: httpx.Client) -> None:
    assert http.post("/api/ask", json={"question": QUESTION}).status_code == 401
    assert http.post("/mcp", json={}).status_code == 401
    assert http.post("/gradio_api/upload", files={"files": b"x"}).status_code == 401
    assert http.post("/gradio_api/queue/join", json={}).status_code == 401
    assert http.post("/logout").status_code == 401


def test_health_needs_none_and_tells_nothing(http: httpx.Client) -> None:
    assert http.get("/health").json() == {"status": "ok", "index": "readable"}


def test_programs_are_told_how(http: httpx.Client) -> None:
    response = http.get("/api/articles", headers=HTML)
    assert response.status_code == 401
    assert "dateline token" in response.json()["error"]
    assert response.headers.get_list("www-authenticate") == ["Bearer", 'Basic realm="Dateline", charset="UTF-8"']


def test_gradios_client_needs_a_token(served: Served, token: str, network_attempts: list[str]) -> None:
    quiet = {"verbose": False, "analytics_enabled": False}
    with pytest.raises(Exception, match="credentials were not provided"):
        gradio_client.Client(served.url, **quiet)
    client = gradio_client.Client(served.url, headers={"Authorization": f"Bearer {token}"}, **quiet)
    try:
        assert client.config["username"] == "anna"
    finally:
        client.close()
    network_attempts.clear()  # the client asks its maker's site about itself; the server does not


# --- the page ---------------------------------------------------------------------------------------------


def test_a_browser_is_sent_to_sign_in_and_back(http: httpx.Client) -> None:
    response = http.get("/?about=a&b=c", headers=HTML)
    assert (response.status_code, response.headers["location"]) == (303, "/login?next=%2F%3Fabout%3Da%26b%3Dc")
    form = http.get(response.headers["location"])
    assert form.status_code == 200
    assert 'value="/?about=a&amp;b=c"' in form.text
    assert "script" not in form.text and "http" not in form.text
    assert "default-src 'none'" in form.headers["content-security-policy"]
    entered = sign_in(http, next="/?about=a&b=c")
    assert (entered.status_code, entered.headers["location"]) == (303, "/?about=a&b=c")
    assert http.get("/", headers=HTML).status_code == 200
    assert http.get("/api/articles").json()["total"] == 3
    assert http.get("/", headers=HTML).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "next", ["//evil.example", "/\\evil.example", "https://evil.example", "evil", "/\t/evil.example", "/" * 3000]
)
def test_signing_in_leads_to_no_other_site(http: httpx.Client, next: str) -> None:
    assert sign_in(http, next=next).headers["location"] == "/"


def test_the_cookie_is_for_this_server_alone(http: httpx.Client, served: Served) -> None:
    cookie = sign_in(http).headers["set-cookie"]
    assert cookie.startswith(f"dateline-{urlsplit(served.url).port}=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(re.split("; ?", cookie))
    assert "Domain" not in cookie and "Secure" not in cookie
    behind = http.post("/login", data={"name": "anna", "password": PASSWORD}, headers={"x-forwarded-proto": "https"})
    assert behind.headers["set-cookie"].endswith("; Secure")


def test_signing_out_ends_the_session_for_good(http: httpx.Client) -> None:
    sign_in(http)
    stolen = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
    assert stolen
    assert http.post("/logout").headers["location"] == "/login"
    assert not http.cookies
    assert http.get("/api/articles").status_code == 401
    assert http.get("/api/articles", headers={"cookie": stolen}).status_code == 401


def test_another_site_can_neither_sign_in_nor_out(http: httpx.Client) -> None:
    sign_in(http)
    evil = {"origin": "https://evil.example"}
    assert http.post("/logout", headers=evil).status_code == 403
    assert http.post("/login", data={"name": "ben", "password": OTHER}, headers=evil).status_code == 403
    assert http.post("/api/ask", json={"question": "x"}, headers=evil).status_code == 403
    assert http.get("/api/articles").status_code == 200


@pytest.mark.parametrize(
    ("name", "password"),
    [("anna", "wrong password"), ("nobody", PASSWORD), ("Anna", PASSWORD), ("", ""), ("ben", PASSWORD), ("<b>", "x" * 5000)],
)
def test_a_wrong_name_and_a_wrong_password_look_alike(served: Served, name: str, password: str) -> None:
    with fresh(served) as http:
        response = sign_in(http, name, password)
    assert response.status_code == 401
    assert "do not belong together" in response.text
    assert "set-cookie" not in response.headers and "<b>" not in response.text
    assert response.text.replace(f'value="{name}"', "").count(name or "?") <= 1


def fresh(served: Served) -> httpx.Client:
    """A client with an address of its own, as a proxy on this machine tells it."""
    fresh.count += 1  # type: ignore[attr-defined]
    address = f"198.51.100.{fresh.count}"  # type: ignore[attr-defined]
    return httpx.Client(base_url=served.url, headers={"x-forwarded-for": address}, timeout=20, trust_env=False)


fresh.count = 0  # type: ignore[attr-defined]


def test_who_fails_too_often_must_wait(served: Served) -> None:
    with fresh(served) as http:
        statuses = [sign_in(http, f"guess{n}", "x" * 12).status_code for n in range(8)]
        assert statuses[:6] == [401] * 6 and statuses[6:] == [429] * 2
        slowed = sign_in(http)
        assert slowed.status_code == 429 and int(slowed.headers["retry-after"]) >= 1
        assert "Try again in" in slowed.text
        assert http.get("/api/articles", auth=("anna", PASSWORD)).status_code == 429
    with fresh(served) as somebody_else:
        assert sign_in(somebody_else).status_code == 303


def test_waiting_grows_and_is_forgotten() -> None:
    now = 0.0
    patience = Patience(free=2, longest=10, clock=lambda: now)
    waits = []
    for _ in range(7):
        patience.attempt("a")
        waits.append(patience.wait("a"))
    assert waits == [0, 0, 1, 2, 4, 8, 10]
    assert patience.wait("b") == 0
    now = 9.0
    assert patience.wait("a") == 1
    now = 1000.0
    assert patience.wait("a") == 0
    patience.attempt("a")
    patience.forgive("a")
    assert patience.wait("a") == 0
    for n in range(20_000):
        patience.attempt(str(n))
    assert len(patience._failed) == 10_000


def test_a_name_nobody_has_takes_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[str] = []
    scrypt = passwords._scrypt
    monkeypatch.setattr(passwords, "_scrypt", lambda *given: (computed.append(given[0]), scrypt(*given))[1])
    accounts = Accounts.read(ACCOUNTS)
    assert accounts is not None
    assert [accounts.check(name, "some password") for name in ("anna", "nobody")] == [False, False]
    assert len(computed) == 2


def test_many_at_once_gain_nothing(served: Served) -> None:
    with fresh(served) as http:
        statuses: list[int] = []
        threads = [
            threading.Thread(target=lambda: statuses.append(sign_in(http, "anna", "guess " * 3).status_code)) for _ in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses.count(401) <= 6 and set(statuses) == {401, 429}


# --- programs ---------------------------------------------------------------------------------------------


def test_a_program_uses_name_and_password_or_a_token(http: httpx.Client, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bearer = {"authorization": f"Bearer {token}"}
    assert http.get("/api/articles", headers=bearer).json()["total"] == 3
    assert http.post("/api/ask", json={"question": QUESTION}, headers=bearer).json()["answered"] is True
    assert http.get("/api/articles", auth=("anna", PASSWORD)).status_code == 200
    # The second time nothing is computed.
    monkeypatch.setattr(Accounts, "check", None)
    assert http.get("/api/articles", auth=("anna", PASSWORD)).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer dateline_x", "Bearer", "Basic", "Basic !!", "Basic YW5uYQ==", "Digest x", "dateline_x",
        "Bearer \u00e9", "Basic /////w==",
    ],
)  # fmt: skip
def test_what_is_no_credential_lets_nobody_in(served: Served, authorization: str) -> None:
    with fresh(served) as http:
        assert http.get("/api/articles", headers={"authorization": authorization.encode("latin-1")}).status_code == 401


def test_a_session_is_no_token_and_a_token_no_session(http: httpx.Client, token: str) -> None:
    sign_in(http)
    ((name, secret),) = http.cookies.items()
    http.cookies.clear()
    assert http.get("/api/articles", headers={"authorization": f"Bearer {secret}"}).status_code == 401
    assert http.get("/api/articles", headers={"cookie": f"{name}={token}"}).status_code == 401


def test_assistants_send_a_token(served: Served, token: str) -> None:
    async def ask(**headers: str) -> Any:
        async with (
            httpx2.AsyncClient(headers=headers, trust_env=False) as http,
            Client(streamable_http_client(f"{served.url}/mcp", http_client=http)) as client,
        ):
            return await client.call_tool("ask", {"question": QUESTION})

    assert in_a_loop(ask(authorization=f"Bearer {token}")).structured_content["answered"] is True
    with pytest.raises(BaseException):  # noqa: B017 - a group, of what differs by version
        in_a_loop(ask())


@pytest.mark.slow
def test_sessions_outlive_a_restart_but_not_a_new_password(chat: Any, served: Served, token: str) -> None:
    with httpx.Client(base_url=served.url, trust_env=False) as http:
        cookie = sign_in(http).headers["set-cookie"].partition(";")[0].partition("=")[2]
    bearer = {"authorization": f"Bearer {token}"}

    def status(accounts: str) -> tuple[int, int]:
        with serving(chat, access=Access(Accounts.read(accounts))) as again, httpx.Client(base_url=again.url) as http:
            session = {"cookie": f"dateline-{urlsplit(again.url).port}={cookie}"}
            return http.get("/api/articles", headers=session).status_code, http.get("/api/articles", headers=bearer).status_code

    assert status(ACCOUNTS) == (200, 200)
    assert status(f"anna:{kept('quite another')}") == (401, 401)
    assert status(f"ben:{kept(OTHER)}") == (401, 401)


def test_nothing_of_an_account_is_in_the_log_or_in_the_clear(
    http: httpx.Client, chat: Any, token: str, caplog: pytest.LogCaptureFixture, served: Served
) -> None:
    caplog.set_level(logging.DEBUG)
    sign_in(http)
    (secret,) = http.cookies.values()
    http.get("/api/articles", headers={"authorization": f"Bearer {token}"})
    with fresh(served) as other:
        sign_in(other, "anna", "a wrong password")
        other.get("/api/articles", auth=("ben", OTHER))
    http.post("/logout")
    # What this test's own client logs of its requests does not count.
    said = "".join(record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore")))
    stored = b"".join(file.read_bytes() for file in Path(chat.data_dir).glob("sessions.db*"))
    for private in (PASSWORD, OTHER, "a wrong password", secret, token, "anna", "scrypt"):
        assert private not in said
        if private != "anna":
            assert private.encode() not in stored
    if sys.platform != "win32":
        assert (Path(chat.data_dir) / "sessions.db").stat().st_mode & 0o077 == 0


# --- settings and commands --------------------------------------------------------------------------------


def test_a_password_is_kept_as_a_hash_that_no_shell_touches() -> None:
    one, two = Kept.of(PASSWORD), Kept.of(PASSWORD)
    assert str(one) != str(two) and one.seal != two.seal
    assert re.fullmatch(r"[A-Za-z0-9._-]+", str(one)) and PASSWORD not in str(one)
    assert Kept.parse(str(one)) == one
    # The same letters, put together otherwise by another keyboard.
    assert one.is_for("a quiet Tuesday, n\u0303") and not one.is_for(PASSWORD + " ")


def test_accounts_come_in_line_or_from_a_file(tmp_path: Path) -> None:
    inline = Accounts.read(f" anna:{kept(PASSWORD)} ,\n ben: {kept(OTHER)}")
    assert inline is not None and "anna" in inline and "ben" in inline and len(inline) == 2
    file = tmp_path / "accounts"
    file.write_text(f"# readers\n\nanna:{kept(PASSWORD)}  # the editor\nben@example.org:{kept(OTHER)}\n")
    read = Accounts.read(str(file))
    assert read is not None and len(read) == 2
    assert read.check("anna", PASSWORD) and read.check("ben@example.org", OTHER) and not read.check("anna", OTHER)
    assert Accounts.read("  ") is None


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("nowhere.txt", "'nowhere.txt', is neither"),
        ("anna:hunter2hunter2", "is neither a list"),
        (f"anna:{kept('x' * 10)},ben:hunter2hunter2", "entry of ben"),
        (f"anna:{kept('x' * 10)},anna:{kept('y' * 10)}", "two entries for anna"),
        (f"a b:{kept('x' * 10)}", "Entry 1"),
        ("anna:scrypt.16.8.1.AAAAAAAAAAAAAAAA.AAAA", "entry of anna"),
        ("anna:scrypt.1073741824.8.1." + "A" * 22 + "." + "A" * 43, "entry of anna"),
        ("anna:scrypt.x", "entry of anna"),
    ],
    # A hash is another one in each process, and tests must be named alike in all of them.
    ids=["no file", "no hash", "one without", "twice", "a space", "weak", "too strong", "nonsense"],
)
def test_accounts_that_cannot_be_read_are_refused_and_not_repeated(setting: str, said: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)) as refused:
        Accounts.read(setting)
    assert "dateline password" in str(refused.value) or "Keep one" in str(refused.value)
    assert "hunter2" not in str(refused.value) and "scrypt." not in str(refused.value)


def test_the_setting_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_AUTH", f"{ACCOUNTS}\n")
    settings = load()
    assert Access.of(settings).accounts is not None
    assert "scrypt" not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("host", "settings", "refused"),
    [
        ("127.0.0.1", {}, False),
        ("localhost", {}, False),
        ("::1", {}, False),
        ("0.0.0.0", {}, True),
        ("::", {}, True),
        ("192.168.1.5", {}, True),
        ("", {}, True),
        ("news.lan", {}, True),
        ("0.0.0.0", {"dateline_auth": ACCOUNTS}, False),
        ("0.0.0.0", {"dateline_open": "yes"}, False),
        ("0.0.0.0", {"dateline_open": "no"}, True),
        # A proxy before it makes this machine's address everybody's.
        ("127.0.0.1", {"dateline_names": "news.example.org"}, True),
        ("127.0.0.1", {"dateline_names": "news.example.org", "dateline_auth": ACCOUNTS}, False),
    ],
)
def test_without_accounts_it_listens_to_this_machine_alone(host: str, settings: dict[str, str], refused: bool) -> None:
    access = Access.of(load(**settings))
    if not refused:
        access.check(host)
        return
    with pytest.raises(AddressError, match=r"dateline password.*DATELINE_AUTH.*DATELINE_OPEN=yes"):
        access.check(host)


@pytest.mark.parametrize("value", ["a b", "http://x", "x/y", "evil.example:80", "*"])
def test_names_are_names(value: str) -> None:
    with pytest.raises(SettingsError, match="DATELINE_NAMES"):
        load(dateline_names=value)


def test_open_means_yes_or_no() -> None:
    assert load(dateline_open="yes").dateline_open is True
    with pytest.raises(SettingsError, match=r"DATELINE_OPEN cannot be 'perhaps'.*yes or no.*left out, it is no"):
        load(dateline_open="perhaps")


def test_a_server_without_accounts_does_not_start_elsewhere(chat: Any) -> None:
    from ui.serve import server

    with pytest.raises(DatelineError, match="DATELINE_AUTH"):
        server(chat, host="0.0.0.0")


def command(env: dict[str, str], folder: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], env=env, cwd=folder, input=typed, capture_output=True, text=True, timeout=60
    )


def test_the_commands_make_an_account_and_a_token(subprocess_env: dict[str, str], tmp_path: Path) -> None:
    made = command(subprocess_env, tmp_path, "password", "anna", typed=PASSWORD + "\n")
    assert made.returncode == 0, made.stderr
    accounts = Accounts.read(made.stdout.strip())
    assert accounts is not None and accounts.check("anna", PASSWORD)
    assert "DATELINE_AUTH" in made.stderr and PASSWORD not in made.stdout + made.stderr

    env = {**subprocess_env, "DATELINE_AUTH": made.stdout.strip()}
    token = command(env, tmp_path, "token", "anna")
    assert re.fullmatch(r"dateline_\S{43}\n", token.stdout) and "once" in token.stderr
    sessions = Sessions(tmp_path / ".dateline")
    assert sessions.find(token.stdout.strip(), "token") == ("anna", accounts.seal("anna"))
    revoked = command(env, tmp_path, "token", "anna", "--revoke")
    assert revoked.stdout == "Ended 1 token of anna.\n"
    assert sessions.find(token.stdout.strip(), "token") is None
    sessions.close()


@pytest.mark.parametrize(
    ("arguments", "typed", "code", "said"),
    [
        (["password", "anna"], "short\n", 1, "10 to 1,024 characters; this one has 5"),
        (["password", "a,b"], "", 2, "make a name"),
        (["token", "ben"], "", 1, "dateline password ben"),
        (["chat", "--host", "0.0.0.0", "--no-browser"], "", 1, "DATELINE_OPEN=yes"),
    ],
)
def test_the_commands_refuse_in_words(
    subprocess_env: dict[str, str], tmp_path: Path, arguments: list[str], typed: str, code: int, said: str
) -> None:
    ran = command(subprocess_env, tmp_path, *arguments, typed=typed)
    assert (ran.returncode, ran.stdout) == (code, "")
    assert said in " ".join(ran.stderr.split()) and "Traceback" not in ran.stderr


def test_a_cookie_header_of_anything_is_no_session() -> None:
    for cookies in ("", "x", "dateline-1", 'dateline-1="', "dateline-1=; dateline-1=a", "a=b;" * 1000, "dateline-1=\udcff"):
        assert readers.session_in(cookies, "localhost:2") == ""
    assert readers.session_in("a=b; dateline-1=c", "localhost:1") == "c"
    assert readers.cookie_name("localhost:99999") == "dateline-0"
