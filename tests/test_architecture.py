"""The shape of the program: what may import what, and what must not be loaded early."""

from __future__ import annotations

import ast
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("index", "rag", "ui")
MAY_IMPORT = {"index": {"index"}, "rag": {"index", "rag"}, "ui": {"index", "rag", "ui"}}
FILES = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]

BY_CALL = ("__import__", "importlib.import_module")
HEAVY = ("llama_index", "chromadb", "openai", "gradio", "onnxruntime", "numpy")


def relative(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), relative(file))


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything that is imported, wherever it stands, also by a call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute here"
            yield node.lineno, node.module or ""
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in BY_CALL:
            # A name that is worked out comes from a string somewhere in the same file.
            strings = [part for part in ast.walk(tree) if isinstance(part, ast.Constant)]
            yield from ((one.lineno, one.value) for one in strings if isinstance(one.value, str))


def test_the_arrow_points_one_way() -> None:
    for file in FILES:
        package = file.relative_to(ROOT).parts[0]
        for line, name in imported(tree_of(file)):
            top = name.partition(".")[0]
            assert top not in PACKAGES or top in MAY_IMPORT[package], (
                f"{relative(file)}:{line} imports {name}, against the arrow ui -> rag -> index"
            )
            assert top != "tests", f"{relative(file)}:{line} imports {name}"


def test_every_file_says_what_it_is() -> None:
    for file in FILES:
        docstring = ast.get_docstring(tree_of(file))
        assert docstring and len(docstring) > 20, f"{relative(file)} has no docstring worth the name"


def test_nothing_prints() -> None:
    for file in FILES:
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in ("print", "input", "breakpoint"), (
                    f"{relative(file)}:{node.lineno} talks to the terminal; log, yield or return instead"
                )


def test_no_catch_all_names() -> None:
    for file in FILES:
        assert file.stem not in ("utils", "util", "helpers", "helper", "common", "misc", "manager", "base"), relative(file)


def test_only_settings_reads_settings_from_the_environment() -> None:
    from rag.settings import Settings

    names = {name.upper() for name in Settings.model_fields}
    nodes = ((file, node) for file in FILES if file.stem != "settings" for node in ast.walk(tree_of(file)))
    for file, node in nodes:
        text = ""
        if isinstance(node, ast.Subscript):
            text = ast.unparse(node)
        elif isinstance(node, ast.Call):
            text = ast.unparse(node)
            assert "load_dotenv" not in ast.unparse(node.func), f"{relative(file)}:{node.lineno}"
        if text.startswith(("os.environ", "os.getenv", "environ", "getenv")):
            read = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
            assert not read & names, f"{relative(file)}:{node.lineno} reads {read & names}; rag.settings does that"


def loaded_by(code: str, env: dict[str, str], *arguments: str) -> set[str]:
    """The top-level names of the modules that a fresh Python holds after running `code`."""
    report = "\nimport sys; sys.stderr.write('LOADED ' + ' '.join(sorted(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", code + report, *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return {name.partition(".")[0] for name in ran.stderr.rpartition("LOADED ")[2].split()}


def test_importing_rag_loads_nothing_heavy(subprocess_env: dict[str, str]) -> None:
    assert loaded_by("import rag", subprocess_env).isdisjoint(HEAVY)


def test_the_whole_public_api_loads_nothing_heavy(subprocess_env: dict[str, str]) -> None:
    code = "import rag\nfor name in rag.__all__: getattr(rag, name)"
    assert loaded_by(code, subprocess_env).isdisjoint(set(HEAVY) - {"numpy"})


def test_help_loads_nothing_heavy(subprocess_env: dict[str, str]) -> None:
    code = "import ui.cli\ntry: ui.cli.main()\nexcept SystemExit as done: assert not done.code"
    for arguments in (["--help"], ["--version"], ["ask", "--help"], ["chat", "--help"]):
        assert loaded_by(code, subprocess_env, *arguments).isdisjoint(HEAVY)


def test_the_tests_themselves_reach_nobody(network_attempts: list[str]) -> None:
    with socket.socket() as one, pytest.raises(RuntimeError, match=r"reached for 192\.0\.2\.1:80"):
        one.connect(("192.0.2.1", 80))
    with pytest.raises(RuntimeError, match=r"reached for example\.invalid"):
        socket.create_connection(("example.invalid", 80))
    assert network_attempts == ["192.0.2.1:80", "example.invalid"]
    network_attempts.clear()


def test_the_tests_may_talk_to_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5).close()
