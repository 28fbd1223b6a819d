"""Dateline's settings, and the only place that reads the environment or a `.env` file.

Nothing is read when this module is imported: `load` reads when it is called. What a keyword says
beats the environment, which beats `.env` in the current folder, which beats the default.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from index.address import AllowedHosts
from index.errors import DatelineError, SettingsError

ENV_FILE = ".env"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class Settings(BaseSettings):
    """Every setting, checked and frozen. Build it with `load`, whose errors are for people.

    A field's description says what is allowed, and is quoted by the error that refuses a value.
    """

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        env_file_encoding="utf-8-sig",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    data_dir: Path = Field(Path(".dateline"), description="a folder, made when it is not there yet")
    embedder: str = Field(
        "minilm",
        description='"minilm" (built in), "openai:" and a model, as in openai:text-embedding-3-small, or "onnx:" and a '
        "model's folder or name",
    )
    reranker: str = Field("", description='"onnx:" and the folder or name of a cross-encoder, or empty')
    openai_api_key: SecretStr = Field(
        SecretStr(""),
        description="one key in plain letters, digits and signs, as its server shows it, without spaces, line ends or curly "
        "quotation marks",
    )
    openai_base_url: str = Field("", description="an address such as http://localhost:8000/v1, without a password in it")
    chat_model: str = Field("", description="a model's name, quote for none, or empty")
    chat_temperature: float = Field(0.0, ge=0, le=2, description="a number from 0 to 2")
    chat_timeout: float = Field(60.0, gt=0, le=3600, description="seconds, up to 3600")
    chat_retries: int = Field(2, ge=0, le=10, description="a whole number from 0 to 10")
    context_window: int = Field(16_000, ge=1_024, le=10_000_000, description="a whole number of tokens, at least 1024")
    unsupported: Literal["flag", "drop", "strict"] = Field("flag", description="flag, drop or strict")
    verifier: str = Field("", description='"model", "onnx:" and the folder or name of an entailment model, or empty')
    allowed_hosts: str = Field(
        "",
        description="names of hosts with commas between them, each with a port or without, as in news.internal, "
        "localhost:8000, or empty",
    )
    allowed_folders: str = Field(
        "",
        description=f"folders that the page may read, with {os.pathsep!r} between them, or empty for the one it is started in",
    )
    host: str = Field("127.0.0.1", description="the address or name the page listens on, such as 127.0.0.1")
    port: int = Field(7860, ge=1, le=65535, description="a whole number from 1 to 65535")
    dateline_auth: SecretStr = Field(
        SecretStr(""),
        description="name:hash as `dateline password` prints it, several with commas between them, or a file with one a line",
    )
    dateline_open: bool = Field(False, description="yes or no")
    dateline_names: str = Field("", description="host names with commas between them, as in news.example.org, or empty")
    log_level: str = Field("WARNING", description="one of " + ", ".join(LOG_LEVELS))

    @field_validator("data_dir")
    @classmethod
    def _home(cls, value: Path) -> Path:
        if "\0" in str(value):
            raise ValueError
        # A shell opens "~"; nobody does so for a line of .env.
        return value.expanduser()

    @field_validator("embedder")
    @classmethod
    def _embedder(cls, value: str) -> str:
        kind, colon, model = value.strip().partition(":")
        if (kind, colon, model) == ("minilm", "", ""):
            return kind
        if kind in ("openai", "onnx") and model.strip():
            return f"{kind}:{model.strip()}"
        raise ValueError

    @field_validator("reranker")
    @classmethod
    def _reranker(cls, value: str) -> str:
        kind, _, model = value.strip().partition(":")
        if kind == "onnx" and model.strip():
            return f"{kind}:{model.strip()}"
        if value.strip():
            raise ValueError
        return ""

    @field_validator("verifier")
    @classmethod
    def _verifier(cls, value: str) -> str:
        kind, _, model = value.strip().partition(":")
        if kind == "model" and not model:
            return kind
        if kind == "onnx" and model.strip():
            return f"{kind}:{model.strip()}"
        if value.strip():
            raise ValueError
        return ""

    @field_validator("chat_model")
    @classmethod
    def _chat_model(cls, value: str) -> str:
        return value.strip()

    @field_validator("openai_api_key")
    @classmethod
    def _key(cls, value: SecretStr) -> SecretStr:
        # A pasted key often brings a line end along, which no HTTP header may hold.
        key = value.get_secret_value().strip()
        if not all("!" <= character <= "~" for character in key):
            raise ValueError
        return SecretStr(key)

    @field_validator("openai_base_url")
    @classmethod
    def _base_url(cls, value: str) -> str:
        value = value.strip()
        address = urlsplit(value)
        if value and (address.scheme not in ("http", "https") or not address.hostname or "@" in address.netloc):
            raise ValueError
        return value.rstrip("/")

    @field_validator("allowed_hosts")
    @classmethod
    def _allowed_hosts(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",") if name.strip()]
        try:
            AllowedHosts.of(names)
        except DatelineError:
            raise ValueError from None
        return ",".join(names)

    @field_validator("allowed_folders")
    @classmethod
    def _allowed_folders(cls, value: str) -> str:
        if "\0" in value:
            raise ValueError
        return os.pathsep.join(folder.strip() for folder in value.split(os.pathsep) if folder.strip())

    @field_validator("host")
    @classmethod
    def _host(cls, value: str) -> str:
        value = value.strip()
        if not value or any(character.isspace() or character in "/@?#" for character in value):
            raise ValueError
        return value

    @field_validator("dateline_auth")
    @classmethod
    def _auth(cls, value: SecretStr) -> SecretStr:
        return SecretStr(value.get_secret_value().strip())

    @field_validator("dateline_names")
    @classmethod
    def _names(cls, value: str) -> str:
        names = [name.strip().lower().rstrip(".") for name in value.split(",") if name.strip()]
        if not all(re.fullmatch(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*", name) for name in names):
            raise ValueError
        return ",".join(names)

    @field_validator("log_level")
    @classmethod
    def _log_level(cls, value: str) -> str:
        if value.strip().upper() not in LOG_LEVELS:
            raise ValueError
        return value.strip().upper()


def load(**overrides: Any) -> Settings:
    """The settings as they are now; `overrides` are fields of `Settings` by name.

    An override that is None counts as not given, an empty one as the default; an empty variable
    counts as not set. Raises SettingsError for an unknown override, an unknown or unreadable line
    of `.env`, and a value that is not allowed.
    """
    fields = Settings.model_fields
    for name in overrides:
        if name not in fields:
            raise SettingsError(f"{name} is not a setting.{_nearest(name, fields)}")
    given = {name: fields[name].default if value == "" else value for name, value in overrides.items() if value is not None}
    in_file = _names_in(Path(ENV_FILE))
    try:
        return Settings(**given)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
    # Outside the `except`: pydantic's error would stay attached as context, and may hold the key.
    raise _refusal(str(problem["loc"][0]), problem["input"], given, in_file)


def _refusal(name: str, value: object, given: Iterable[str], in_file: Iterable[str]) -> SettingsError:
    variable = name.upper()
    if name in given:
        where = "as given"
    elif any(key.upper() == variable for key in os.environ):
        where = "in the environment"
    else:
        where = f"in {ENV_FILE}" if name in in_file else "by default"
    field = Settings.model_fields[name]
    # A secret is named, never shown; nor is one inside an address.
    what = "used" if field.annotation is SecretStr else repr(re.sub(r"//[^/]*@", "//...@", str(value)))
    default = f"; left out, it is {_said(field.default)}" if str(field.default) else ", or left out"
    return SettingsError(f"{variable} cannot be {what} ({where}). It must be {field.description}{default}.")


def _names_in(file: Path) -> set[str]:
    """The fields that a `.env` file sets, after a check of every line; none when there is no such file."""
    if not file.is_file():
        return set()
    try:
        with file.open(encoding="utf-8-sig") as stream:
            lines = list(parse_stream(stream))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}. It must be a text file in UTF-8.") from None
    for line in lines:
        # The line itself is not shown: it may hold the key.
        number = line.original.line + _blank_lines(line.original.string)
        if line.error or (line.key is not None and line.value is None):
            raise SettingsError(f"Line {number} of {file} is not of the form NAME=value.")
        if line.key is not None and line.key.lower() not in Settings.model_fields:
            nearest = _nearest(line.key, [name.upper() for name in Settings.model_fields])
            raise SettingsError(f"{line.key} (line {number} of {file}) is not a setting.{nearest}")
    return {line.key.lower() for line in lines if line.key is not None}


def _said(default: object) -> str:
    return {True: "yes", False: "no"}[default] if isinstance(default, bool) else str(default)


def _blank_lines(text: str) -> int:
    return text[: len(text) - len(text.lstrip())].count("\n")


def _nearest(name: str, known: Iterable[str]) -> str:
    names = list(known)
    same_case = str.upper if names and names[0].isupper() else str.lower
    if close := difflib.get_close_matches(same_case(name), names, n=1, cutoff=0.6):
        return f" Did you mean {close[0]}?"
    return f" The settings are {', '.join(names)}."
