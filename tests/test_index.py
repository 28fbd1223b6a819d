"""The index through its own door: adding, changing, pruning, removing, damage, and other processes."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from longer import longer

from index.errors import IndexBusyError, IndexDamagedError, IndexMismatchError, NotFoundError
from index.filter import Filter
from index.index import Index
from index.lock import writer_lock
from index.minilm import MiniLM, minilm
from index.types import Progress

ROOT = Path(__file__).resolve().parent.parent


class CountingMiniLM(MiniLM):
    """The built-in embedder, which notes how many texts it was given."""

    embedded = 0

    def embed_passages(self, texts):  # type: ignore[no-untyped-def]
        type(self).embedded += len(texts)
        return super().embed_passages(texts)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(scope="module")
def embedder() -> CountingMiniLM:
    return CountingMiniLM()


@pytest.fixture
def index(data_dir: Path, embedder: CountingMiniLM) -> Iterator[Index]:
    CountingMiniLM.embedded = 0
    with Index(data_dir, embedder) as opened:
        yield opened


@pytest.fixture
def news(tmp_path: Path) -> Path:
    folder = tmp_path / "news"
    folder.mkdir()
    write(
        folder / "dam.md",
        "A dam holds",
        "The dam above Oberau held through the night. Engineers measured 40 metres of water.",
        date="2021-03-04",
        outlet="Valley Post",
    )
    write(
        folder / "bees.md",
        "Bees return",
        "Beekeepers counted 3,000 hives in the valley. The bees came back in April.",
        date="2022-05-06",
        outlet="Hill Gazette",
    )
    write(folder / "choir.md", "A choir sings", "The choir of Oberau sang for two hours.")
    return folder  # fmt: skip


def write(path: Path, title: str, body: str, **front: str) -> None:
    lines = "".join(f"{name}: {value}\n" for name, value in front.items())
    path.write_text(f"---\ntitle: {title}\n{lines}---\n\n{body}\n", encoding="utf-8")


def found(index: Index, query: str, k: int = 5, only: Filter | None = None) -> list[str]:
    ranked = index.search_vectors(query, k, only or Filter())
    return [hit.article.title for hit in index.hits(ranked)]


def test_adding_twice_changes_nothing_and_embeds_nothing(index: Index, news: Path) -> None:
    first = index.add([news])
    assert len(first.added) == 3 and not first.failed
    embedded, state = CountingMiniLM.embedded, index.library.state()
    second = index.add([news])
    assert set(second.unchanged) == set(first.added) and not (second.added or second.changed)
    assert CountingMiniLM.embedded == embedded and index.library.state() == state


def test_the_same_file_by_another_path_is_the_same_article(index: Index, news: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index.add([news])
    monkeypatch.chdir(news.parent)
    assert len(index.add(["news"]).unchanged) == 3
    assert index.library.article_count() == 3


def test_a_moved_folder_is_not_added_again(index: Index, news: Path) -> None:
    index.add([news])
    moved = news.rename(news.with_name("elsewhere"))
    assert len(index.add([moved]).unchanged) == 3
    assert {article.source for article in index.library.articles()} == {
        f"{moved}/{name}" for name in ("dam.md", "bees.md", "choir.md")
    }


def test_a_changed_article_keeps_its_id_and_only_its_new_words_are_found(index: Index, news: Path) -> None:
    index.add([news])
    before = {article.title: article.id for article in index.library.articles()}
    write(news / "dam.md", "A dam breaks", "The dam gave way at dawn, and the lower town was flooded.")
    report = index.add([news])
    assert report.changed == (before["A dam holds"],) and len(report.unchanged) == 2
    assert index.library.article(before["A dam holds"]).title == "A dam breaks"
    assert not index.search_words("engineers measured metres", 5)
    assert "A dam holds" not in found(index, "did the dam hold?")
    assert index.library.check() == []


def test_a_failing_embedder_leaves_the_old_version_answering(index: Index, news: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index.add([news])
    write(news / "dam.md", "A dam breaks", "The dam gave way at dawn.")

    def fail(texts: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(index.embedder, "embed_passages", fail)
    with pytest.raises(RuntimeError):
        index.add([news])
    assert "A dam holds" in found(index, "did the dam hold?")


def test_vanished_files_are_pruned_when_asked_and_never_by_accident(index: Index, news: Path, tmp_path: Path) -> None:
    index.add([news])
    (news / "choir.md").unlink()
    assert not index.add([news]).removed
    assert index.library.article_count() == 3
    empty = tmp_path / "empty"
    empty.mkdir()
    assert not index.add([empty], prune=True).removed
    (news / "bees.md").write_bytes(b"")  # refused, but there
    report = index.add([news], prune=True)
    assert len(report.removed) == 1 and len(report.failed) == 1
    assert {article.title for article in index.library.articles()} == {"A dam holds", "Bees return"}
    for file in news.iterdir():
        file.unlink()
    assert not index.add([news], prune=True).removed
    assert index.library.article_count() == 2


@pytest.mark.slow
def test_lines_gone_from_a_collection_file_are_pruned_but_not_after_a_bad_line(index: Index, tmp_path: Path) -> None:
    path = tmp_path / "articles.jsonl.gz"

    def save(*lines: str) -> None:
        path.write_bytes(gzip.compress("\n".join(lines).encode()))

    one = json.dumps({"id": "n:1", "title": "One", "text": "The first article tells of a bridge over the river."})
    two = json.dumps({"id": "n:2", "title": "Two", "text": "The second article tells of a tunnel under the hill."})
    save(one, two)
    assert index.add([path]).added == ("n:1", "n:2")
    save(one, "{not json")
    report = index.add([path], prune=True)
    assert not report.removed and len(report.failed) == 1
    save(one)
    assert index.add([path], prune=True).removed == ("n:2",)


def message(number: int, body: str) -> str:
    head = f"From a@example.org Mon Mar  1 00:00:00 2021\nFrom: a@example.org\nMessage-ID: <{number}@example.org>"
    return f"{head}\nSubject: Letter {number}\n\n{body}\n\n"


@pytest.mark.parametrize("name", ["some.json", *longer("news, all, 2021.json", "letters.mbox")])
def test_what_cannot_be_read_of_a_file_of_several_is_not_gone_from_it(index: Index, tmp_path: Path, name: str) -> None:
    path = tmp_path / "news" / name
    path.parent.mkdir()

    def save(second: object) -> None:
        if path.suffix == ".mbox":
            path.write_text(message(1, "A bridge was opened over the river.") + message(2, str(second or "")))
            return
        texts = ["A bridge was opened over the river.", second]
        path.write_text(json.dumps([{"id": f"n:{number}", "text": text} for number, text in enumerate(texts)]))

    save("A tunnel was dug under the hill.")
    assert len(index.add([path.parent]).added) == 2
    save(None)
    report = index.add([path.parent], prune=True)
    assert not report.removed and len(report.unchanged) == 1 and len(report.failed) == 1, report
    assert index.library.article_count() == 2


@pytest.mark.parametrize("name", longer("all.jsonl#1.txt", "Report #1.txt", "#1/a.jsonl #2/b.txt"))
def test_a_file_with_a_hash_in_its_name_is_pruned_only_when_it_is_gone(index: Index, tmp_path: Path, name: str) -> None:
    path = tmp_path / "news" / name
    path.parent.mkdir(parents=True)
    path.write_text("The bridge over the river was opened on Monday.")
    (tmp_path / "news" / "b.txt").write_text("The tunnel under the hill was closed on Friday.")
    assert len(index.add([tmp_path / "news"]).added) == 2
    path.write_bytes(b"")
    assert not index.add([tmp_path / "news"], prune=True).removed
    path.unlink()
    assert len(index.add([tmp_path / "news"], prune=True).removed) == 1


@pytest.mark.slow
def test_nothing_of_a_folder_that_cannot_be_looked_into_is_pruned(
    index: Index, news: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut = news / "shut"
    shut.mkdir()
    write(shut / "owl.md", "An owl", "An owl was seen in the churchyard.")
    (shut / "all.jsonl").write_text(json.dumps({"id": "n:1", "text": "A bridge was opened over the river."}))
    index.add([news])
    write(news / "new.md", "A new one", "A comet stood above the valley.")
    # Refused as the system does it, as tests may be run by one who is refused nothing.
    scandir, stat = os.scandir, os.stat

    def refuse(call, path, *more, **named):  # type: ignore[no-untyped-def]
        if not isinstance(path, int) and os.fspath(path).startswith(str(shut)) and (call is scandir or Path(path) != shut):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return call(path, *more, **named)

    monkeypatch.setattr(os, "scandir", lambda *said, **named: refuse(scandir, *said, **named))
    monkeypatch.setattr(os, "stat", lambda *said, **named: refuse(stat, *said, **named))
    report = index.add([news], prune=True)
    assert not report.removed and [failure.source for failure in report.failed] == [str(shut)]
    assert len(report.added) == 1 and index.library.article_count() == 6


@pytest.mark.slow
def test_links_that_lead_to_themselves_stop_nothing(index: Index, news: Path) -> None:
    (news / "loop.txt").symlink_to("loop.txt")
    assert len(index.add([news], prune=True).added) == 3
    (news / "choir.md").unlink()
    assert len(index.add([news], prune=True).removed) == 1


@pytest.mark.parametrize("corrected", longer("a.txt", "b.txt"))
@pytest.mark.parametrize("first", ["b.txt", "a.txt"])
def test_a_correction_is_taken_in_though_a_copy_of_the_article_stands_elsewhere(
    index: Index, tmp_path: Path, first: str, corrected: str
) -> None:
    news = tmp_path / "news"
    news.mkdir()
    for name in (first, "a.txt", "b.txt"):
        (news / name).write_text("The bridge over the river was opened on Monday.")
        assert not index.add([news]).failed
    assert index.library.article_count() == 1
    (news / corrected).write_text("Corrected: the bridge over the river was opened on Sunday.")
    report = index.add([news], prune=True)
    # The first that was read is the article; the other one becomes an article of its own.
    assert len(report.added) == 1 and len(report.changed) == int(first == corrected), report
    assert not report.failed and not report.removed
    assert {Path(article.source).name: "Sunday" in article.text for article in index.library.articles()} == {
        name: name == corrected for name in ("a.txt", "b.txt")
    }
    assert len(set(index.add([news], prune=True).unchanged)) == 2


@pytest.mark.slow
def test_an_article_gone_from_one_file_is_not_pruned_while_its_copy_is_read(index: Index, tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"The {thing} was opened on Monday."}) for thing in ("bridge", "tunnel")]
    for name in ("b.jsonl", "a.jsonl"):
        (tmp_path / name).write_text("\n".join(lines))
        index.add([tmp_path / name])
    (tmp_path / "b.jsonl").write_text(lines[0])
    assert not index.add([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], prune=True).removed
    (tmp_path / "a.jsonl").write_text(lines[0])
    assert len(index.add([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], prune=True).removed) == 1


def test_what_went_from_one_source_to_the_next_is_not_pruned(index: Index, news: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    index.add([news])
    (news / "bees.md").rename(archive / "bees.md")
    assert not index.add([news, archive], prune=True).removed
    assert index.library.article_count() == 3


@pytest.mark.parametrize("target", longer("ab12", "all.jsonl"))
def test_a_link_to_a_file_of_several_gives_them_all(index: Index, tmp_path: Path, target: str) -> None:
    blobs, news = tmp_path / "blobs", tmp_path / "news"
    blobs.mkdir()
    news.mkdir()
    lines = [json.dumps({"id": f"n:{number}", "text": f"Ship {number} left the harbour on Monday."}) for number in range(3)]
    (blobs / target).write_text("\n".join(lines))
    (news / "news.jsonl").symlink_to(blobs / target)
    report = index.add([news])
    assert len(report.added) == 3 and not report.failed
    (blobs / target).write_text("\n".join(lines[:2]).replace("Monday", "Friday"))
    report = index.add([news])
    assert len(report.changed) == 2 and not report.failed


def test_an_id_that_is_no_text_stops_no_other_article(index: Index, tmp_path: Path) -> None:
    records = [{"id": "bad\ud83d", "text": "The bridge was opened."}, {"id": "\u200b", "text": "The tunnel was closed."}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)))
    report = index.add([tmp_path / "a.jsonl"])
    assert not report.failed and report.added[0] == "bad\ufffd" and report.added[1].startswith("a")


def test_one_id_for_two_articles_is_refused_and_the_first_kept(index: Index, tmp_path: Path) -> None:
    for name, word in (("a.jsonl", "bridge"), ("b.jsonl", "tunnel")):
        (tmp_path / name).write_text(json.dumps({"id": "1", "title": word, "text": f"The {word} was opened on Monday."}))
    assert index.add([tmp_path / "a.jsonl"]).added == ("1",)
    report = index.add([tmp_path / "b.jsonl"])
    assert "already belongs" in report.failed[0].reason
    assert index.library.article("1").title == "bridge"


def test_removing_leaves_no_trace_in_any_of_the_three(index: Index, news: Path, data_dir: Path) -> None:
    secret = "Quixotically flamboyant zymurgists brewed at Oberau."
    write(news / "secret.md", "Zymurgists", secret)
    index.add([news])
    ids = index.library.passage_ids()
    gone = next(article for article in index.library.articles() if article.title == "Zymurgists")
    index.remove([gone.id])
    assert not index.search_words("zymurgists quixotically", 5)
    assert "Zymurgists" not in found(index, "who brewed beer?", k=50)
    assert index._vectors is not None and index._vectors.holds(ids) == len(ids) - 1
    index.close()
    for file in data_dir.rglob("*"):
        if file.is_file():
            data = file.read_bytes().lower()
            assert b"zymurgist" not in data and b"quixotic" not in data, file


def test_removing_what_is_not_there_names_it(index: Index, news: Path) -> None:
    index.add([news])
    with pytest.raises(NotFoundError, match="'nope'"):
        index.remove(["nope"])
    assert index.library.article_count() == 3


def test_filters_hold_in_both_searches(index: Index, news: Path) -> None:
    index.add([news])
    late = Filter(since=date(2022, 1, 1))
    assert found(index, "What happened in the valley?", only=late) == ["Bees return"]
    assert found(index, "What happened in the valley?", only=Filter(outlet="valley post")) == ["A dam holds"]
    assert found(index, "dam", only=Filter(until=date(2021, 3, 4))) == ["A dam holds"]
    assert index.search_words("dam", 5, late) == []
    assert found(index, "dam", only=Filter(since=date(2023, 1, 1))) == []


@pytest.mark.slow
def test_a_filter_finds_the_one_in_hundreds(index: Index, tmp_path: Path) -> None:
    lines = [
        json.dumps({"id": f"n{n}", "title": f"Report {n}", "outlet": "Daily", "text": f"The harbour office counted {n} ships."})
        for n in range(300)
    ]
    lines.append(json.dumps({"id": "odd", "title": "Odd", "outlet": "Weekly", "text": "A poem about the moon and the sea."}))
    (tmp_path / "many.jsonl").write_text("\n".join(lines))
    index.add([tmp_path / "many.jsonl"])
    assert found(index, "how many ships did the harbour office count?", only=Filter(outlet="Weekly")) == ["Odd"]


def test_an_index_of_another_embedder_is_refused_with_the_command_and_rebuilt(index: Index, news: Path, data_dir: Path) -> None:
    index.add([news])
    index.close()
    other = MiniLM()
    other.name = "another"
    with pytest.raises(IndexMismatchError, match="dateline rebuild"):
        Index(data_dir, other)
    with Index(data_dir, other, check_stamp=False) as reopened:
        said: list[Progress] = []
        assert reopened.rebuild(tell=said.append) == 3
        assert {progress.phase for progress in said} == {"embedding", "publishing"}
    with Index(data_dir, other) as rebuilt:
        assert "A dam holds" in found(rebuilt, "did the dam hold?")
        assert rebuilt.library.check() == []


@pytest.mark.slow
def test_a_rebuild_with_the_same_embedder_embeds_nothing(index: Index, news: Path) -> None:
    index.add([news])
    embedded = CountingMiniLM.embedded
    index.rebuild()
    assert CountingMiniLM.embedded == embedded
    assert "Bees return" in found(index, "hives")


def wait_for(condition, seconds: float = 30.0) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.1)


@pytest.mark.parametrize("damage", ["rows", *longer("gone", "database", "manifest")])
def test_a_damaged_vector_index_is_rebuilt_by_itself_and_nothing_is_missed(
    index: Index, news: Path, data_dir: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    index.add([news])
    index.close()
    name = next((data_dir / "vectors").glob("gen-*"))
    if damage == "gone":
        shutil.rmtree(name)
    elif damage == "database":
        (name / "chroma.sqlite3").write_bytes(b"not a database" * 1000)
    elif damage == "rows":
        with sqlite3.connect(name / "chroma.sqlite3") as connection:
            connection.execute("DELETE FROM embeddings WHERE id IN (SELECT id FROM embeddings LIMIT 1)")
    else:
        (name / "manifest.json").write_text("{}")
    with Index(data_dir, minilm()) as reopened:
        assert "A dam holds" in found(reopened, "did the dam hold?")
        assert any("damaged" in record.message for record in caplog.records)
        wait_for(lambda: reopened.library.meta("generation") != name.name)
        assert "A dam holds" in found(reopened, "did the dam hold?")
        assert reopened._vectors is not None and not reopened._vectors.damage


def test_a_ruined_library_is_named_and_nothing_is_overwritten(index: Index, news: Path, data_dir: Path) -> None:
    index.add([news])
    index.close()
    ruined = b"this is no database " * 5000
    (data_dir / "library.db").write_bytes(ruined)
    with pytest.raises(IndexDamagedError, match="dateline doctor"):
        Index(data_dir, minilm())
    assert (data_dir / "library.db").read_bytes() == ruined


def test_a_second_writer_is_told_who_has_the_lock(index: Index, news: Path, data_dir: Path) -> None:
    with writer_lock(data_dir, "adding articles"), pytest.raises(IndexBusyError, match=f"process {os.getpid()}"):
        index.add([news])
    assert len(index.add([news]).added) == 3


ADD = """
import sys
from pathlib import Path
from index.index import Index
from index.minilm import MiniLM
with Index(Path(sys.argv[1]), MiniLM()) as index:
    print(index.add([sys.argv[2]]))
"""


def run_add(data_dir: Path, source: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ADD, str(data_dir), str(source)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_an_open_index_sees_what_another_process_adds(index: Index, news: Path, data_dir: Path, tmp_path: Path) -> None:
    index.add([news])
    assert "Comet" not in found(index, "a comet in the sky")
    write(tmp_path / "comet.md", "Comet", "A comet stood above the valley for six nights.")
    with run_add(data_dir, tmp_path / "comet.md") as process:
        assert process.communicate(timeout=60)[0].strip() == "1 added"
    assert found(index, "a comet in the sky")[0] == "Comet"


@pytest.mark.slow
def test_a_kill_in_the_middle_of_adding_loses_nothing_that_answered(
    index: Index, data_dir: Path, news: Path, tmp_path: Path
) -> None:
    index.add([news])
    many = tmp_path / "many.jsonl"
    many.write_text(
        "\n".join(
            json.dumps({"id": f"k{n}", "title": f"Kill {n}", "text": f"Article {n}. " + f"Sentence about matter {n}. " * 20})
            for n in range(300)
        )
    )
    with run_add(data_dir, many) as process:
        wait_for(lambda: index.library.article_count() > 3)
        process.kill()
    assert "A dam holds" in found(index, "did the dam hold?")
    assert index.library.check() == []
    before = index.library.article_count()
    report = index.add([many])
    assert len(report.added) == 303 - before and len(report.unchanged) == before - 3
    assert index.library.passage_count() == len(set(index.library.passage_ids()))


@pytest.mark.slow
def test_threads_that_end_leave_no_file_open(index: Index, news: Path) -> None:
    index.add([news])
    files = Path("/proc/self/fd")
    if not files.is_dir():
        pytest.skip("which files are open is read in /proc")
    before = len(list(files.iterdir()))
    for _ in range(30):
        thread = threading.Thread(target=index.library.passage_count)
        thread.start()
        thread.join()
    assert len(list(files.iterdir())) < before + 10


def test_too_many_open_files_are_no_damage(index: Index, news: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index.add([news])
    index.close()
    path = index.library.path
    path.rename(path.with_name("aside.db"))
    path.mkdir()  # SQLite cannot open it, as it cannot when a program has used up its files
    with pytest.raises(IndexDamagedError, match="too many files open") as raised:
        Index(index.data_dir, minilm())
    assert "move" not in str(raised.value)


def test_an_old_prints_letters_stop_no_other_article(index: Index, tmp_path: Path) -> None:
    old = "LONDON, ſeptember 5, 1920. Twenty-ſix men came to the houſe of Mr. Smith."
    (tmp_path / "old.txt").write_text(old, encoding="utf-8")
    (tmp_path / "new.txt").write_text("The mayor of Oberau opened the bridge on Monday.", encoding="utf-8")
    assert len(index.add([tmp_path / "old.txt", tmp_path / "new.txt"]).added) == 2


def test_threads_ask_while_one_adds(index: Index, news: Path, tmp_path: Path) -> None:
    index.add([news])
    problems: list[BaseException] = []
    done = threading.Event()

    def ask() -> None:
        try:
            while not done.is_set():
                assert "A dam holds" in found(index, "did the dam hold?", k=200)
                assert index.search_words("hives", 3)
        except BaseException as problem:
            problems.append(problem)

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    for n in range(3):
        write(tmp_path / f"more{n}.md", f"More {n}", f"More news, number {n}, came in from the coast.")
        index.add([tmp_path / f"more{n}.md"])
    done.set()
    for asker in askers:
        asker.join()
    assert not problems
    assert index.library.article_count() == 6


def test_chroma_alone_can_read_what_was_published(index: Index, news: Path, data_dir: Path) -> None:
    index.add([news])
    index.close()
    from index.vectors import COLLECTION, chroma_client

    client = chroma_client(next((data_dir / "vectors").glob("gen-*")))
    try:
        collection = client.get_collection(COLLECTION, embedding_function=None)
        assert collection.metadata["embedder"] == "minilm"
        rows = {row["title"]: row for row in collection.get(include=["metadatas"])["metadatas"]}
        dam = rows["A dam holds"]
        assert dam["outlet"] == "Valley Post" and dam["published"] == 20210304 and dam["source"].endswith("dam.md")
        assert dam["start"] == 0 and dam["end"] > 40
        assert "published" not in rows["A choir sings"]
    finally:
        client.close()


@pytest.mark.slow
def test_progress_has_a_rate_and_the_time_left(index: Index, tmp_path: Path) -> None:
    lines = [json.dumps({"id": f"r{n}", "text": f"Report {n} has words. " * 40}) for n in range(80)]
    (tmp_path / "many.jsonl").write_text("\n".join(lines))
    said: list[Progress] = []
    index.add([tmp_path / "many.jsonl"], tell=said.append)
    embedding = [progress for progress in said if progress.phase == "embedding"]
    assert embedding[-1].done == embedding[-1].total > 0
    assert any(progress.rate > 0 and progress.left is not None for progress in embedding)
    assert said[-1].phase == "publishing" and said[-1].done == said[-1].total
