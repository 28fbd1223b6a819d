"""What happens to a dropped file's name and bytes. Needs no browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.errors import DatelineError
from index.read import read
from ui.uploads import LONGEST_NAME, LONGEST_TEXT, forget, kept, pasted, safe_name


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


def test_a_pasted_text_is_read_as_it_is(tmp_path: Path) -> None:
    text = "title: not front matter\n\n# No heading, 2 * 3 * 4 < 30 & [1] *stars*.\n\nÅ second paragraph “here”."
    with pasted(
        text, tmp_path / "kept", title="A  title", outlet="The Post", published="2022-11-13", url="https://a.example/"
    ) as file:
        (article,) = read(file)
    assert article.text == text, "nothing of it is markup"  # type: ignore[union-attr]
    assert (article.title, article.outlet, str(article.published), article.url) == (  # type: ignore[union-attr]
        "A title", "The Post", "2022-11-13", "https://a.example/",
    )  # fmt: skip
    assert file.parent == tmp_path / "kept" and file.name == "A title.json"
    with (
        pasted("Another text.", tmp_path / "kept", title="A title") as other,
        pasted("Another text.", tmp_path / "kept", title="A title") as again,
    ):
        assert other == again == tmp_path / "kept" / "A title (2).json"


def test_a_day_may_be_written_in_words(tmp_path: Path) -> None:
    with pasted("A text.", tmp_path / "kept", published="13 November 2022") as file:
        (article,) = read(file)
    assert str(article.published) == "2022-11-13"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "said", "why"),
    [
        ("", {}, "no text to add"),
        (" ?! ", {}, "no text to add"),
        ("x" * (LONGEST_TEXT + 1), {}, "at most 2,000,000"),
        ("x", {"published": "13.11.2022"}, "'13.11.2022' is not a day"),
        ("x", {"url": "javascript:alert(1)"}, "no web address"),
        ("x", {"title": "x" * 3000}, "title has 3,000 characters"),
    ],
)
def test_what_cannot_be_pasted_is_told_and_leaves_nothing(tmp_path: Path, text: str, said: dict[str, str], why: str) -> None:
    with pytest.raises(DatelineError, match=why), pasted(text, tmp_path / "kept", **said):
        pass
    assert not (tmp_path / "kept").exists()


def test_a_pasted_text_that_could_not_be_added_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), pasted("text", tmp_path / "kept"):
        raise RuntimeError
    assert contents(tmp_path / "kept") == {}


def test_only_what_was_kept_here_is_ever_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with kept([dropped(tmp_path / "1", "a.txt", "one")], folder) as ((copy,), _):
        pass
    for elsewhere in (str(tmp_path / "1" / "a.txt"), "https://a.example/kept/a.txt", str(folder), str(folder / "no.txt"), ""):
        assert not forget(elsewhere, folder)
    assert (tmp_path / "1" / "a.txt").exists() and copy.exists()
    assert forget(str(copy), folder) and not copy.exists()
