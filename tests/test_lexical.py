"""The lexical index: what it finds, and that it always holds what the library holds."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from longer import longer

from index import words
from index.doctor import examine
from index.filter import Filter
from index.index import Index
from index.lexical import FOLDER, GENERATION
from index.minilm import minilm

STORIES = [
    {"id": "ferry", "title": "The ferry", "outlet": "Østersø Post", "published": "2024-03-01",
     "text": "The ferry to Bornholm was late. Passengers waited in Ystad for two hours."},
    {"id": "tram", "title": "The tram", "outlet": "City Mail", "published": "2024-04-01",
     "text": "The tram to the harbour was late. Nobody waited for the tram, and the tram did not wait."},
    {"id": "owl", "title": "An owl", "outlet": "City Mail", "text": "An owl was seen in the harbour at 2,000 metres."},
]  # fmt: skip


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "stories.jsonl"
    write(path, STORIES)
    return path


@pytest.fixture
def index(tmp_path: Path, source: Path) -> Iterator[Index]:
    with Index(tmp_path / "data", minilm()) as opened:
        opened.add([source])
        yield opened


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """The same, for tests that only read it."""
    folder = tmp_path_factory.mktemp("unchanged")
    write(folder / "stories.jsonl", STORIES)
    with Index(folder / "data", minilm()) as opened:
        opened.add([folder / "stories.jsonl"])
        yield opened


def write(path: Path, stories: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(story) + "\n" for story in stories), encoding="utf-8")


def found(index: Index, query: str, only: Filter | None = None) -> list[str]:
    ranked = index.search_words(query, 10, only or Filter())
    passages = index.passages([passage for passage, _ in ranked])
    return [passages[passage][1].id for passage, _ in ranked]


def lexical_folder(index: Index) -> Path:
    return index.data_dir / FOLDER / (index.library.meta(GENERATION) or "none")


def test_the_telling_word_and_the_frequent_one_count_most(unchanged: Index) -> None:
    assert found(unchanged, "late ferries of Bornholm") == ["ferry", "tram"]
    assert found(unchanged, "tram or owl in the harbour")[:2] == ["owl", "tram"]
    assert found(unchanged, "at 2000 metres") == ["owl"]
    assert found(unchanged, "submarine") == [] == found(unchanged, "")


def test_scores_are_those_of_bm25(unchanged: Index) -> None:
    # Robertson and Zaragoza 2009, k1 1.2 and b 0.75, with the idf ln(1 + (N - n + 0.5) / (n + 0.5)).
    (_, owl), *_ = unchanged.search_words("owl", 1)
    headings = [f"{story['title']} {day}" for story, day in zip(STORIES, ("1 March 2024", "1 April 2024", ""), strict=True)]
    lengths = [len(words.terms(f"{head} {story['text']}")) for head, story in zip(headings, STORIES, strict=True)]
    idf = 0.9808292530117262  # ln(1 + 2.5 / 1.5)
    frequency, norm = 2, 1.2 * (0.25 + 0.75 * lengths[2] / (sum(lengths) / 3))
    assert owl == pytest.approx(idf * frequency * 2.2 / (frequency + norm), rel=0.02)


def test_filters_hold_inside_the_search(unchanged: Index) -> None:
    assert found(unchanged, "late harbour", Filter(outlet="østersø POST")) == ["ferry"]
    assert found(unchanged, "late harbour", Filter(since=date(2024, 3, 2))) == ["tram"]
    assert found(unchanged, "late harbour", Filter(until=date(2024, 3, 1))) == ["ferry"]
    assert found(unchanged, "late harbour", Filter(since=date(2024, 1, 1), outlet="city mail")) == ["tram"]
    assert found(unchanged, "late harbour", Filter(until=date(2020, 1, 1))) == []


def test_document_frequency_counts_passages(unchanged: Index) -> None:
    assert unchanged.document_frequency(words.terms("harbour owls submarine")) == {"harbour": 2, "owl": 1, "submarin": 0}


def test_a_changed_article_is_found_by_its_new_words_only(index: Index, source: Path) -> None:
    write(source, [*STORIES[:2], {**STORIES[2], "text": "A heron was seen in the port."}])
    index.add([source])
    assert found(index, "heron") == ["owl"]
    assert found(index, "metres") == []
    assert examine(index.data_dir).ok


def test_what_an_unfinished_transaction_left_is_replaced(index: Index, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lexical index is written before the library's transaction ends, and that may never happen."""
    new = {"id": "goat", "title": "A goat", "text": "A goat swam to Bornholm."}
    write(source, [*STORIES, new])

    def killed(connection: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("index.library._bump", killed)
        index.add([source])
    assert found(index, "goat") == []
    write(source, [*STORIES, {**new, "id": "seal", "text": "A seal swam to Bornholm."}])
    index.add([source])
    assert found(index, "goat swam") == ["seal"]
    assert index.document_frequency(["goat"]) == {"goat": 1}  # its headline has stayed
    assert examine(index.data_dir).ok


@pytest.mark.parametrize("damage", ["garbage", *longer("gone", "empty", "altered")])
def test_a_damaged_lexical_index_is_rebuilt_by_itself(index: Index, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    folder = lexical_folder(index)
    index.close()
    if damage == "gone":
        shutil.rmtree(folder)
    elif damage == "garbage":
        (folder / "meta.json").write_bytes(b"not json")
    elif damage == "altered":
        # What they hold, not the checksum in the last 150 bytes: opening succeeds, searching panics.
        for file in folder.glob("*.idx"):
            data = file.read_bytes()
            assert len(data) > 200
            file.write_bytes(data[:4] + bytes(255 - byte for byte in data[4:-150]) + data[-150:])
    else:
        for file in folder.glob("*.store"):
            file.unlink()
    with Index(index.data_dir, minilm()) as reopened:
        diagnosis = examine(index.data_dir)
        if damage in ("gone", "garbage"):
            assert not diagnosis.ok and any(check.name == "lexical index" and not check.ok for check in diagnosis.checks)
        found(reopened, "owl")
        deadline = time.monotonic() + 30
        while lexical_folder(reopened).name == folder.name and time.monotonic() < deadline:
            time.sleep(0.05)
        assert found(reopened, "owl") == ["owl"]
        assert any("damaged" in record.message for record in caplog.records)
    assert examine(index.data_dir).ok


def test_adding_to_a_damaged_lexical_index_mends_it(index: Index, source: Path) -> None:
    (lexical_folder(index) / "meta.json").write_bytes(b"not json")
    write(source, [*STORIES, {"id": "goat", "title": "A goat", "text": "A goat swam to Bornholm."}])
    index.add([source])
    assert set(found(index, "Bornholm owl")) == {"goat", "ferry", "owl"}
    assert examine(index.data_dir).ok and len(list((index.data_dir / FOLDER).iterdir())) == 1


def test_removing_leaves_no_trace_of_its_words(index: Index) -> None:
    old = lexical_folder(index)
    index.remove(["owl"])
    # What is only marked as deleted would still be counted.
    assert index.document_frequency(["owl", "harbour"]) == {"owl": 0, "harbour": 1}
    assert not old.exists()
    assert found(index, "harbour") == ["tram"]


@pytest.mark.slow
def test_another_process_sees_what_is_added(index: Index, source: Path) -> None:
    with Index(index.data_dir, minilm()) as other:
        assert found(other, "goat") == []
        write(source, [*STORIES, {"id": "goat", "title": "A goat", "text": "A goat swam to Bornholm."}])
        index.add([source])
        assert found(other, "goat") == ["goat"]
        index.remove(["goat"])
        assert found(other, "goat") == []


def test_stored_terms_keep_order_and_the_heading_apart() -> None:
    import numpy as np

    stored = np.frombuffer(words.stored_terms("An owl", "Owls fly."), words.KEY).tolist()
    assert stored == [words.key("an"), words.key("owl"), 0, words.key("owl"), words.key("fli")]
    assert words.stored_terms("", "") == bytes(4)
