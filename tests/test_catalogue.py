"""The list of a collection: pages without texts, what they are sorted and chosen by, and the versions of an article."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import rag
from index.catalogue import overview
from rag import Chat, DatelineError

FILLER = "The town has a mill, a river and a railway station that nobody uses any more on Sundays."


def write(file: Path, *articles: dict[str, Any]) -> Path:
    file.write_text("".join(json.dumps(article) + "\n" for article in articles), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    folder = tmp_path_factory.mktemp("catalogue")
    with rag.open_chat(folder / "data") as opened:
        opened.add(
            write(
                folder / "one.jsonl",
                {"id": "a", "title": "Zebra crossing", "text": f"A zebra walked over it. {FILLER}", "outlet": "The Post",
                 "published": "2021-05-01"},
                {"id": "b", "title": "A 100% rise", "text": f"Prices of bread rose. {FILLER}", "outlet": "THE POST",
                 "published": "2022-05-01"},
                {"id": "c", "title": "bread in the morning", "text": f"Bakers rise early. {FILLER}", "outlet": "Ärzteblatt"},
            )
        )  # fmt: skip
        opened.add(
            write(
                folder / "two.jsonl",
                {"id": "d", "title": "", "text": f"Bread.\n\n{FILLER}\n\nThe price of zebras.", "published": "2020-01-01"},
            )
        )
        yield opened


def ids(chat: Chat, **query: Any) -> str:
    return "".join(entry.article.id for entry in chat.listing(**query).entries)


@pytest.mark.parametrize(
    ("order", "expected"), [("newest", "badc"), ("oldest", "dabc"), ("title", "bcad"), ("outlet", "bacd"), ("added", "dcba")]
)
def test_orders(chat: Chat, order: Any, expected: str) -> None:
    assert ids(chat, order=order) == expected


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("bread", "bdc"),
        ("Zebra price", "d"),
        ("zebra bread", "d"),
        ("the zebras", "ad"),
        ("100%", "b"),
        ("%", "b"),
        ("_", ""),
        ("morning bread", "c"),
        ("in the mor", "c"),
        ("submarine", ""),
        ("  ", "badc"),
    ],
)
def test_words_are_searched_in_titles_and_texts(chat: Chat, search: str, expected: str) -> None:
    assert ids(chat, search=search) == expected


def test_dates_and_outlets_choose(chat: Chat) -> None:
    assert ids(chat, since=date(2021, 5, 1)) == "ba"
    assert ids(chat, since=date(2021, 5, 1), until=date(2021, 12, 31)) == "a"
    assert ids(chat, until=date(2021, 1, 1)) == "d"
    assert ids(chat, outlet="the post") == "ba"
    assert ids(chat, outlet="ärzteblatt") == "c"
    assert ids(chat, outlet="nobody") == ""
    assert ids(chat, search="bread", outlet="the post", since=date(2022, 1, 1)) == "b"


def test_pages(chat: Chat) -> None:
    first, second = chat.listing(limit=3), chat.listing(limit=3, offset=3)
    assert (len(first.entries), len(second.entries), first.total, second.total) == (3, 1, 4, 4)
    assert chat.listing(limit=-1).total == 4 and len(chat.listing(limit=0).entries) == 1
    assert chat.listing(offset=99).entries == ()


def test_a_list_holds_no_texts_and_is_json(chat: Chat) -> None:
    entry = chat.listing(search="zebra crossing").entries[0]
    assert entry.article.text == "" and entry.versions == 1 and entry.added == entry.changed
    assert json.loads(json.dumps(entry.to_dict()))["title"] == "Zebra crossing"
    assert entry.article == chat.article("a").without_text()
    source = entry.article.source
    assert ids(chat, source=source, order="oldest") == "abc"


def test_the_overview_is_that_of_the_articles(chat: Chat) -> None:
    assert replace(chat.overview(), outlets=()) == replace(overview(chat.articles()), outlets=())
    assert sorted(chat.outlets()) == [("THE POST", 1), ("The Post", 1), ("Ärzteblatt", 1)]
    assert (chat.overview().articles, chat.overview().dated) == (4, 3)


def test_what_cannot_be_listed_is_told(chat: Chat) -> None:
    with pytest.raises(DatelineError, match="newest, oldest"):
        chat.listing(order="size")  # type: ignore[arg-type]
    with pytest.raises(DatelineError, match="characters"):
        chat.listing(search="x" * 5000)


def test_versions_stay_until_the_article_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "bridge.txt"
    with rag.open_chat(tmp_path / "data") as chat:
        for state in ("closed", "open"):
            file.write_text(f"The bridge\n\nThe bridge is {state} today. {FILLER}\n")
            report = chat.add(file)
        (id,) = report.changed
        newest, oldest = chat.versions(id)
        assert (newest.number, newest.current, oldest.number, oldest.current) == (2, True, 1, False)
        assert newest.article.text == "" and newest.added >= oldest.added
        assert "closed" in chat.article(id, version=1).text and "open" in chat.article(id, version=2).text
        assert chat.article(id) == chat.article(id, version=2)
        assert chat.listing().entries[0].versions == 2
        for number in (0, 3, -1):
            with pytest.raises(DatelineError, match=f"no version {number}"):
                chat.article(id, version=number)
        assert chat.listing(search="closed").total == 0, "an earlier version is not found"
        chat.remove(id)
        with pytest.raises(DatelineError, match="No article has the id"):
            chat.versions(id)
        assert chat.listing() == rag.Listing((), 0) and chat.overview().articles == 0


@pytest.mark.slow
def test_a_library_from_before_lists_work_too(tmp_path: Path) -> None:
    import sqlite3

    file = tmp_path / "bridge.txt"
    file.write_text(f"The bridge\n\nIt is open. {FILLER}\n")
    with rag.open_chat(tmp_path / "data") as chat:
        chat.add(file)
    with sqlite3.connect(tmp_path / "data" / "library.db") as connection:
        connection.execute("DROP INDEX versions_listed")
    connection.close()
    with rag.open_chat(tmp_path / "data") as chat:
        assert chat.listing(search="bridge").total == 1
