"""What happens to a dropped file's name and bytes. Needs no browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from ui.uploads import LONGEST_NAME, kept, safe_name


@pytest.mark.parametrize(
    ("given", "kept_as"),
    [
        ("article.md", "article.md"),
        ("Ärger – 13. Nov.html", "Ärger – 13. Nov.html"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/etc/cron.d/x.txt", "x.txt"),
        ("..", "article"),
        (".env", "env"),
        ("a\x00b\u202e.md", "ab.md"),
        ('a<b>:"|?*.md', "a-b------.md"),
        ("CON.txt", "article-CON.txt"),
        ("news.jsonl.gz", "news.jsonl.gz"),
        ("", "article"),
    ],
)
def test_a_name_stays_in_its_folder(given: str, kept_as: str) -> None:
    assert safe_name(given) == kept_as


@pytest.mark.parametrize("name", ["x" * 500 + ".md", "ж" * 500 + ".md", "x." + "y" * 500])
def test_a_long_name_is_cut_and_keeps_its_extension(name: str) -> None:
    assert len(safe_name(name).encode()) <= LONGEST_NAME
    assert Path(safe_name(name)).suffix[:3] == Path(name).suffix[:3]


def dropped(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}


def test_a_newer_version_takes_the_place_of_the_older(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with kept([dropped(tmp_path / text, "a.txt", text)], tmp_path / "kept") as (copies, _):
            assert copies == [tmp_path / "kept" / "a.txt"]
    assert contents(tmp_path / "kept") == {"a.txt": "new"}


def test_two_files_of_one_drop_never_share_a_copy(tmp_path: Path) -> None:
    files = [dropped(tmp_path / "1", "a.txt", "one"), dropped(tmp_path / "2", "A.txt", "two")]
    with kept(files, tmp_path / "kept"):
        pass
    assert contents(tmp_path / "kept") == {"a.txt": "one", "A (2).txt": "two"}


def test_what_was_of_no_use_is_not_kept_but_an_older_version_is(tmp_path: Path) -> None:
    with kept([dropped(tmp_path / "1", "a.txt", "one")], tmp_path / "kept"):
        pass
    files = [dropped(tmp_path / "2", "a.txt", "newer"), dropped(tmp_path / "2", "b.txt", "bad")]
    with kept(files, tmp_path / "kept") as (copies, discard):
        discard([*copies, tmp_path / "2" / "b.txt"])
    assert contents(tmp_path / "kept") == {"a.txt": "newer"}
    assert (tmp_path / "2" / "b.txt").exists(), "only copies are discarded"


def test_a_failure_leaves_nothing_new_behind(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError),
        kept([dropped(tmp_path / "1", "a.txt", "one")], tmp_path / "kept"),
    ):
        raise RuntimeError
    assert contents(tmp_path / "kept") == {}
