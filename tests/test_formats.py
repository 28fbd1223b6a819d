from __future__ import annotations

import gzip
from email.message import EmailMessage
from pathlib import Path

import pytest

import rag
from index.read import read
from index.reading.formats import FORMATS, format_of, holds_many
from index.types import Article, Failure
from tests.test_epub import LEAD, SECOND, chapter, epub


def letter(text: str, subject: str = "Bridge reopens") -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"] = "The Harbour Letter <n@h.example>", subject
    message.set_content(text)
    return bytes(message)


def test_each_format_has_one_reader_and_endings_of_its_own() -> None:
    endings = [ending for found in FORMATS for ending in found.endings]
    assert len(endings) == len(set(endings))
    for found in FORMATS:
        assert sum(reader is not None for reader in (found.reader, found.records, found.stream)) == 1
        assert (found.largest == 0) == (found.stream is not None)
        assert holds_many(f"a{found.endings[0]}") == (found.reader is None)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.eml.gz", letter(LEAD)),
        ("a.mbox.gz", b"From a@b Tue May 19 08:30:00 2020\n" + letter(LEAD)),
        ("a.mht.gz", b"Subject: x\nContent-Type: text/html\n\n<p>" + LEAD.encode()),
        ("a.XHTML", chapter(f"<p>{LEAD}</p>").encode()),
    ],
)
def test_letters_and_saved_pages_may_be_gzipped(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    (article,) = read(tmp_path / name)
    assert isinstance(article, Article)
    assert article.text == LEAD


def test_what_is_packed_already_is_not_read_from_gzip(tmp_path: Path) -> None:
    assert format_of("a.epub.gz") is None
    (tmp_path / "a.epub.gz").write_bytes(gzip.compress(b"PK"))
    (failure,) = read(tmp_path / "a.epub.gz")
    assert isinstance(failure, Failure)
    assert "all but .pdf, .docx and .epub also as .gz" in failure.reason


@pytest.mark.parametrize(("name", "advice"), [("a.mobi", ".epub"), ("a.msg", ".eml"), ("a.odt", ".docx"), ("a.csv", ".jsonl")])
def test_formats_that_are_not_read_say_what_to_do(tmp_path: Path, name: str, advice: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    (failure,) = read(tmp_path / name)
    assert isinstance(failure, Failure)
    assert f"{name[1:]} files are not read here; " in failure.reason
    assert advice in failure.reason.split(". Read are")[0]


@pytest.mark.slow
def test_a_book_that_loses_a_chapter_loses_its_article_and_the_rest_is_unchanged(tmp_path: Path) -> None:
    chapters = {"c1.xhtml": chapter(f"<h1>One</h1><p>{LEAD}</p>"), "c2.xhtml": chapter(f"<h1>Two</h1><p>{SECOND}</p>")}
    news = tmp_path / "news"
    news.mkdir()
    epub(news, {**chapters, "c3.xhtml": chapter(f"<h1>Three</h1><p>{LEAD} {SECOND}</p>")})
    (news / "bad.eml").write_bytes(b"\x89PNG\r\n\x1a\n")
    (news / "b.eml").write_bytes(letter(SECOND))
    with rag.open_chat(data_dir=tmp_path / "data") as chat:
        report = chat.add(news)
        assert (len(report.added), [failure.source for failure in report.failed]) == (4, [f"{news}/bad.eml"])
        epub(news, chapters)
        again = chat.add(news, prune=True)
        assert (len(again.added), len(again.unchanged), len(again.removed)) == (0, 3, 1)
        assert {article.title for article in chat.articles()} == {"The Storm: One", "The Storm: Two", "Bridge reopens"}
        for article in chat.articles():
            for hit in chat.search(article.title, k=5):
                assert hit.article.text[hit.passage.start : hit.passage.end] == hit.passage.text
