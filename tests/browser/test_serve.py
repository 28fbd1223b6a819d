"""The server around the page: ports, hosts, headers. Needs no browser."""

from __future__ import annotations

import json
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from fake_chat import FakeChat
from served import in_a_loop

from index.errors import DatelineError
from ui.serve import address, application, listen, loopback


def get(url: str, method: str = "GET", data: bytes | None = None, **headers: str) -> tuple[int, Any, str]:
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.headers, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


@pytest.fixture(scope="module")
def url(serve: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(serve(FakeChat(tmp_path_factory.mktemp("data"))).url)


def test_it_answers_with_a_policy_that_shuts_other_hosts_out(url: str) -> None:
    status, headers, page = get(url + "/")
    assert status == 200 and "Dateline" in page
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy and "connect-src 'self'" in policy and "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_health_is_json(url: str) -> None:
    status, _, body = get(url + "/health")
    assert (status, json.loads(body)) == (200, {"status": "ok", "index": "readable"})


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/monitoring"])
def test_what_is_not_meant_for_readers_is_off(url: str, path: str) -> None:
    assert get(url + path)[0] in (403, 404)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "169.254.169.254", "localhost.evil.example", ""])
def test_another_hosts_name_for_this_machine_is_refused(url: str, host: str) -> None:
    status, _, body = get(url + "/", Host=host)
    assert status == 421 and "127.0.0.1" in body


@pytest.mark.parametrize("host", ["localhost", "localhost:1234", "127.0.0.1", "[::1]:7860"])
def test_this_machines_own_names_are_answered(url: str, host: str) -> None:
    assert get(url + "/health", Host=host)[0] == 200


def test_another_sites_page_may_not_upload(url: str) -> None:
    assert get(url + "/gradio_api/upload", "POST", b"x", Origin="https://evil.example")[0] == 403
    assert get(url + "/gradio_api/upload", "POST", b"x", Origin="null")[0] == 403
    assert get(url + "/gradio_api/upload", "POST", b"x", Origin=url)[0] != 403


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd", "http://example.org/"])
def test_files_of_this_machine_are_not_served(url: str, path: str) -> None:
    assert get(url + "/gradio_api/file=" + path)[0] in (403, 404)


def test_a_port_that_is_taken_is_told_with_the_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(DatelineError, match=rf"Port {port} is already taken.*--port"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 0), ("no such host", 0), ("127.0.0.1", 99_999)])
def test_an_address_that_is_not_ours_is_told(host: str, port: int, network_attempts: list[str]) -> None:
    with pytest.raises((DatelineError, RuntimeError), match=r"host|port|Tests talk"):
        listen(host, port)
    network_attempts.clear()


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        ("127.0.0.1", 7860, "http://127.0.0.1:7860"),
        ("0.0.0.0", 80, "http://127.0.0.1:80"),
        ("::1", 1, "http://[::1]:1"),
        ("::", 1, "http://[::1]:1"),
        ("localhost", 1, "http://localhost:1"),
    ],
)
def test_the_address_that_is_printed_can_be_opened(host: str, port: int, url: str) -> None:
    assert address(host, port) == url


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [(host, True) for host in ("127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST.", "::1")]
    + [(host, False) for host in ("0.0.0.0", "", "10.0.0.1", "localhost.evil.example", "::")],
)
def test_what_is_this_machine_alone(host: str, is_loopback: bool) -> None:
    assert loopback(host) is is_loopback


def test_gradio_is_told_to_keep_quiet_and_to_itself(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", "elsewhere")
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "True")

    async def built() -> None:
        application(FakeChat(tmp_path / "data"))

    in_a_loop(built())
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    assert os.environ["GRADIO_TEMP_DIR"].startswith(str((tmp_path / "data").resolve()))
