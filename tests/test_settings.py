"""Settings: where they come from, what is refused, and in which words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import ValidationError

from index.errors import SettingsError
from rag.settings import Settings, load

ROOT = Path(__file__).resolve().parent.parent


def test_defaults() -> None:
    settings = load()
    assert settings.data_dir == Path(".dateline")
    assert (settings.embedder, settings.host, settings.port) == ("minilm", "127.0.0.1", 7860)
    assert (settings.openai_api_key.get_secret_value(), settings.openai_base_url) == ("", "")
    assert settings.log_level == "WARNING"


def test_keyword_beats_environment_beats_file_beats_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("PORT=1111\n")
    assert load().port == 1111
    monkeypatch.setenv("PORT", "2222")
    assert load().port == 2222
    assert load(port=3333).port == 3333


def test_empty_counts_as_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("PORT=\nEMBEDDER=''\nOPENAI_API_KEY=from-file\n")
    monkeypatch.setenv("LOG_LEVEL", "")
    settings = load(data_dir=None)
    assert (settings.port, settings.embedder, settings.log_level) == (7860, "minilm", "WARNING")
    assert settings.data_dir == Path(".dateline")
    # An empty keyword still beats the file: that is how a caller asks for no key at all.
    assert load(openai_api_key="").openai_api_key.get_secret_value() == ""


def test_env_file_with_bom_crlf_comments_and_export(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfHOST=0.0.0.0\r\n# a note\r\nexport PORT=8000 # why\r\n")
    settings = load()
    assert (settings.host, settings.port) == ("0.0.0.0", 8000)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("EMBEDER=minilm", ["EMBEDER", "line 3", "Did you mean EMBEDDER?"]),
        ("OPENAI_APIKEY=sk-secret", ["OPENAI_APIKEY", "Did you mean OPENAI_API_KEY?"]),
        ("QQQQ=1", ["QQQQ", "The settings are DATA_DIR, EMBEDDER"]),
        ("PORT 8000", ["Line 3", "NAME=value"]),
        ("OPENAI_API_KEY='sk-secret", ["Line 3", "NAME=value"]),
        ("PORT", ["Line 3", "NAME=value"]),
    ],
)
def test_unknown_and_unreadable_lines_of_the_file_are_refused(tmp_path: Path, line: str, said: list[str]) -> None:
    (tmp_path / ".env").write_text(f"# mine\n\n{line}\n")
    with pytest.raises(SettingsError) as refusal:
        load()
    for words in said:
        assert words in str(refusal.value)
    assert "sk-secret" not in str(refusal.value)


def test_a_file_that_is_not_text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"HOST=\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"\.env cannot be read"):
        load()


def test_unknown_keyword_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"embeder is not a setting\. Did you mean embedder\?"):
        load(embeder="minilm")


def test_other_programs_variables_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDER", "x")
    assert load().embedder == "minilm"


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("PORT", "abc", "a whole number from 1 to 65535"),
        ("PORT", "0", "a whole number from 1 to 65535"),
        ("PORT", "65536", "a whole number from 1 to 65535"),
        ("EMBEDDER", "minilm:x", "openai:text-embedding-3-small"),
        ("EMBEDDER", "openai:", "openai:text-embedding-3-small"),
        ("EMBEDDER", "bert", "openai:text-embedding-3-small"),
        ("HOST", "http://127.0.0.1", "the address or name"),
        ("HOST", "a b", "the address or name"),
        ("OPENAI_BASE_URL", "localhost:8000", "http://localhost:8000/v1"),
        ("OPENAI_BASE_URL", "http://[", "http://localhost:8000/v1"),
        ("OPENAI_BASE_URL", "http://...@host:8000/v1", "without a password"),
        ("ALLOWED_HOSTS", "http://news.internal", "names of hosts with commas"),
        ("ALLOWED_HOSTS", "a,b c", "names of hosts with commas"),
        ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ],
)
def test_a_bad_value_is_named_with_where_it_stands_and_what_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    monkeypatch.setenv(name, value)
    _refused(name, value, "in the environment", allowed)
    monkeypatch.delenv(name)
    (tmp_path / ".env").write_text(f"{name}={value}\n")
    _refused(name, value, "in .env", allowed)
    (tmp_path / ".env").unlink()
    _refused(name, value, "as given", allowed, **{name.lower(): value})


def _refused(name: str, *said: str, **overrides: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load(**overrides)
    for words in (name, *said):
        assert words in str(refusal.value)
    for dump in ("pydantic", "validation error", "\n", "type="):
        assert dump not in str(refusal.value)


def test_the_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " sk-secret\n")
    settings = load()
    assert settings.openai_api_key.get_secret_value() == "sk-secret"
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.model_dump())):
        assert "sk-secret" not in shown
    with pytest.raises(SettingsError) as refusal:
        load(openai_api_key=["sk-secret"])
    assert "OPENAI_API_KEY" in str(refusal.value)
    assert "sk-secret" not in str(refusal.value)
    assert refusal.value.__context__ is None


@pytest.mark.parametrize(
    "key", ["sk-secret\nsk-secret", "“sk-secret”", "sk secret", "sk-secret\u200b", "sk-\x00secret", "ключ"]
)
def test_a_key_that_no_request_can_carry_is_refused(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load(openai_api_key=key)
    assert str(refusal.value).startswith("OPENAI_API_KEY cannot be used (as given). It must be one key in plain letters")
    assert "secret" not in str(refusal.value) and "ключ" not in str(refusal.value)


def test_other_bad_settings_do_not_show_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with pytest.raises(SettingsError) as refusal:
        load(port="sk-no")
    assert "sk-secret" not in str(refusal.value)


def test_accepted_spellings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/reader")
    monkeypatch.setenv("USERPROFILE", "/home/reader")
    settings = load(
        data_dir="~/news",
        embedder=" openai:text-embedding-3-small ",
        openai_base_url="http://localhost:8000/v1/",
        log_level="debug",
        allowed_hosts=" news.internal, [::1]:8000 ,",
    )
    assert settings.data_dir == Path("/home/reader/news")
    assert settings.embedder == "openai:text-embedding-3-small"
    assert settings.openai_base_url == "http://localhost:8000/v1"
    assert settings.log_level == "DEBUG"
    assert settings.allowed_hosts == "news.internal,[::1]:8000"


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        load().port = 1


def test_nothing_is_read_at_import(tmp_path: Path, subprocess_env: dict[str, str]) -> None:
    (tmp_path / ".env").write_text("NO_SUCH_SETTING=1\n")
    code = """
import sys
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
import rag.settings
print([name for name in opened if name.endswith(".env")])
"""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**subprocess_env, "PORT": "nonsense"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout) == (0, "[]\n"), ran.stderr


def test_the_example_names_every_setting_and_its_default(tmp_path: Path) -> None:
    example = dotenv_values(ROOT / ".env.example")
    assert sorted(example) == sorted(name.upper() for name in Settings.model_fields)
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text(encoding="utf-8"))
    assert load() == Settings(_env_file=None)
