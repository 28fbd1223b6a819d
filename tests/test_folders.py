"""Which folders may be read for the page: only allowed ones, and only for a reader at this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from index.errors import DatelineError
from rag.settings import load
from ui.access import Access
from ui.folders import by_default, check_folder, check_reader
from ui.passwords import Accounts


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("allowed/inside", "allowed/.hidden", "allowed/data/uploads", "allowed-not", "outside"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "allowed" / "link").symlink_to(tmp_path / "outside")
    return tmp_path


def test_what_lies_in_an_allowed_folder_may_be_read(root: Path) -> None:
    allowed, data = [root / "allowed"], root / "allowed" / "data"
    for written in ("allowed", "allowed/inside", "allowed/inside/", "outside/../allowed"):
        assert check_folder(str(root / written), allowed, data).is_dir()
    assert check_folder(f' "{root / "allowed"}" ', allowed, data) == root / "allowed"


@pytest.mark.parametrize(
    "written",
    ["outside", "allowed-not", "", "nowhere", "allowed/../outside", "allowed/link", "allowed/.hidden", "allowed/data",
     "allowed/data/uploads", "allowed/inside/../../outside"],
)  # fmt: skip
def test_nothing_else_may_and_nobody_learns_whether_it_is_there(root: Path, written: str) -> None:
    with pytest.raises(DatelineError, match="may not be read for the page") as refused:
        check_folder(str(root / written), [root / "allowed"], root / "allowed" / "data")
    assert "no folder" not in str(refused.value) and "ALLOWED_FOLDERS" in str(refused.value)


@pytest.mark.parametrize("written", ["/", "/etc", "~", "~root", "..", "a\0b"])
def test_the_rest_of_the_machine_is_out_of_reach(root: Path, written: str) -> None:
    with pytest.raises(DatelineError):
        check_folder(written, [root / "allowed"], root / "data")


def test_what_is_not_there_is_told_only_within(root: Path) -> None:
    with pytest.raises(DatelineError, match="There is no folder"):
        check_folder(str(root / "allowed" / "nowhere"), [root / "allowed"], root / "data")
    with pytest.raises(DatelineError, match="Write the path"):
        check_folder("  ", [root / "allowed"], root / "data")
    with pytest.raises(DatelineError, match="No folder may be read"):
        check_folder(str(root), [], root / "data")


def test_only_a_browser_at_this_machine_may_ask() -> None:
    check_reader("127.0.0.1", {"host": "localhost"}, is_loopback=True)
    for headers, here in (({}, False), ({"x-forwarded-for": "10.0.0.1"}, True), ({"via": "1.1 proxy"}, True)):
        with pytest.raises(DatelineError, match="only for a browser on the machine"):
            check_reader("10.0.0.1", headers, is_loopback=here)


def test_by_default_neither_a_whole_home_nor_a_whole_disk(root: Path) -> None:
    assert by_default(root / "allowed", root) == [root / "allowed"]
    assert by_default(root, root) == [] and by_default(Path(root.anchor), root) == []


def test_the_setting_names_folders(tmp_path: Path) -> None:
    assert load().allowed_folders == ""
    assert load(allowed_folders=f" /a {os.pathsep}{os.pathsep} /b c ").allowed_folders == f"/a{os.pathsep}/b c"
    with pytest.raises(DatelineError, match="ALLOWED_FOLDERS"):
        load(allowed_folders="a\0b")


@pytest.mark.parametrize(
    ("host", "access", "alone"),
    [
        ("127.0.0.1", Access(), True),
        ("localhost", Access(), True),
        ("0.0.0.0", Access(), False),
        ("127.0.0.1", Access(open=True), False),
        ("127.0.0.1", Access(names=frozenset({"news.example"})), False),
        ("127.0.0.1", Access(Accounts({})), False),
    ],
)
def test_folders_are_read_only_where_nobody_else_comes_in(host: str, access: Access, alone: bool) -> None:
    assert access.alone(host) is alone
