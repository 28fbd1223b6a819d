"""The documentation, checked against the program."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(markdown: str, *languages: str) -> list[str]:
    """The fenced blocks of a document that are in one of the languages."""
    return re.findall(rf"^```(?:{'|'.join(languages)})\n(.*?)^```", markdown, re.MULTILINE | re.DOTALL)


def commands(markdown: str, program: str) -> Iterator[list[str]]:
    """The words after `program` wherever a document shows it as a command."""
    shown = blocks(markdown, "sh", "bash", "console") + re.findall(r"`([^`\n]+)`", markdown)
    for line in "\n".join(shown).splitlines():
        if found := re.match(rf"\s*(?:\$ )?(?:\.venv/bin/)?{program}\s+([^#|;&]+)", line):
            yield found[1].split()


def rag_names(python: str) -> set[str]:
    """The names that a snippet takes from `rag`."""
    names = set()
    for node in ast.walk(ast.parse(python)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "rag":
            names.add(node.attr)
        if isinstance(node, ast.ImportFrom) and node.module == "rag":
            names.update(alias.name for alias in node.names)
    return names


def test_the_readme_shows_python() -> None:
    assert blocks(read("README.md"), "python")


def test_the_names_in_the_readme_are_public() -> None:
    import rag

    for block in blocks(read("README.md"), "python"):
        assert rag_names(block) <= set(rag.__all__)


@pytest.mark.slow
def test_the_readmes_python_runs(tmp_path: Path, subprocess_env: dict[str, str]) -> None:
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    # One program, as a reader would paste it: a later block may use what an earlier one made.
    program = "\n".join(blocks(read("README.md"), "python"))
    ran = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program],
        env=subprocess_env, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", timeout=180,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_commands_in_the_documents_exist(document: Path) -> None:
    from ui.cli import app

    text = document.read_text(encoding="utf-8")
    known = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    for words in commands(text, "dateline"):
        assert words[0] in known | {"--help", "--version"}, f"{document.name}: dateline {' '.join(words)}"
    targets = set(re.findall(r"^([\w-]+):", read("Makefile"), re.MULTILINE))
    for words in commands(text, "make"):
        assert words[0] in targets, f"{document.name}: make {' '.join(words)}"


def test_the_readme_names_every_command() -> None:
    named = {words[0] for words in commands(read("README.md"), "dateline")}
    assert {"chat", "add", "ask", "search", "articles", "remove", "rebuild", "doctor"} <= named


def test_the_options_in_the_readme_exist() -> None:
    for words in commands(read("README.md"), "dateline"):
        options = {word for word in words if re.fullmatch(r"--[a-z-]+", word)}
        source = read("rag/cli.py") + read("ui/cli.py")
        for option in options - {"--help"}:
            name = option.removeprefix("--")
            parameter = rf"^    {name.replace('-', '_')}: Annotated"
            assert option in source or re.search(parameter, source, re.MULTILINE), option


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_files_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text):
        link = (target[0] or target[1]).partition("#")[0]
        if link and not link.startswith(("http://", "https://", "mailto:")):
            assert (document.parent / link).exists(), f"{document.name} links to {link}"


def name_of(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement)[0].lower()


def test_every_dependency_has_a_reason() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    extras = project.get("optional-dependencies", {}).values()
    required = [*project["dependencies"], *(requirement for extra in extras for requirement in extra)]
    rows = re.findall(r"^\| ([\w.-]+) (?:\| [^|]+ ){4}\|$", read("docs/dependencies.md"), re.MULTILINE)
    assert {name.lower() for name in rows} - {"package"} == {name_of(requirement) for requirement in required}


def test_what_is_imported_is_declared_or_brought_by_what_is() -> None:
    brought_by = {
        "charset_normalizer": "trafilatura",
        "dotenv": "pydantic-settings",
        "fastapi": "gradio",
        "httpx": "openai",
        "huggingface_hub": "gradio",
        "lxml": "trafilatura",
        "mcp_types": "mcp",
        "pydantic": "pydantic-settings",
        "starlette": "gradio",
        "uvicorn": "gradio",
    }
    declared = {name_of(one) for one in tomllib.loads(read("pyproject.toml"))["project"]["dependencies"]}
    owners = packages_distributions()
    for name, bringer in brought_by.items():
        brought = {name_of(one).replace("-", "_") for one in requires(bringer) or ()}
        assert brought & {owner.lower().replace("-", "_") for owner in owners[name]}, f"{bringer} brings {name}?"
    for file in [path for package in ("index", "rag", "ui") for path in (ROOT / package).rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for top in {name.partition(".")[0] for name in names}:
                if top in sys.stdlib_module_names or top in ("index", "rag", "ui"):
                    continue
                packages = {owner.lower() for owner in owners.get(top, ())} | {brought_by.get(top, "")}
                assert packages & declared, f"{file.relative_to(ROOT)} imports {top}, which nothing declares"


def test_the_lock_files_hold_every_dependency_and_name_no_place() -> None:
    def pinned(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==(\S+)", read(name), re.MULTILINE))

    project = tomllib.loads(read("pyproject.toml"))["project"]
    run, dev = pinned("requirements.lock"), pinned("requirements-dev.lock")
    assert {name_of(requirement) for requirement in project["dependencies"]} <= run.keys(), "run: make lock"
    for extra in project["optional-dependencies"].values():
        assert {name_of(requirement) for requirement in extra} <= dev.keys(), "run: make lock"
    assert run.items() <= dev.items()
    for name in ("requirements.lock", "requirements-dev.lock"):
        assert "://" not in read(name)
        assert not re.search(r"^--", read(name), re.MULTILINE)


def test_the_licence_is_whole() -> None:
    text = read("LICENSE")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
