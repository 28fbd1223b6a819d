from __future__ import annotations

import gzip
import io
import json
import os
import re
import zipfile
from datetime import date
from pathlib import Path

import pytest
from docx import Document
from pdf_files import pdf

from index.read import fingerprint, read
from index.reading.formats import holds_many
from index.types import Article, Failure

LEAD = (
    "Engineers reopened the northern bridge on Tuesday after eleven weeks of repairs, "
    "the harbour authority said in a statement."
)
SECOND = "Traffic had been sent through the old tunnel since the storm of 3 March, which tore away two of the six pylons."


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def one(path: Path) -> Article:
    (found,) = read(path)
    assert isinstance(found, Article), found
    return found


def refused(path: Path | str) -> str:
    (found,) = read(path)
    assert isinstance(found, Failure), found
    return found.reason


def html(head: str = "", body: str = "", lang: str = "en") -> str:
    menu = "<nav><ul><li><a href=/>Home</a></li><li><a href=/s>Sport</a></li></ul></nav>"
    return (
        f"<!doctype html><html lang='{lang}'><head><meta charset=utf-8><title>Bridge reopens</title>"
        f"{head}</head>"
        f"<body>{menu}"
        f"<article><h1>Bridge reopens</h1>{body}<p>{LEAD}</p><h2>The tunnel</h2><p>{SECOND}</p></article>"
        "<footer>© 2019 The Harbour News</footer></body></html>"
    )


# --- plain text -------------------------------------------------------------------------------------------


def test_plain_text_with_a_headline(tmp_path: Path) -> None:
    article = one(put(tmp_path, "a.txt", f"\ufeffBridge reopens\r\n\r\n{LEAD}\r\n\r\n{SECOND}\r\n"))
    assert (article.title, article.text) == ("Bridge reopens", f"{LEAD}\n\n{SECOND}")
    assert article.source == str(tmp_path / "a.txt")
    assert (article.url, article.outlet, article.author, article.published, article.language) == (
        "",
        "",
        "",
        None,
        "",
    )


def test_the_id_comes_from_the_content_and_not_from_the_place(tmp_path: Path) -> None:
    first, second = one(put(tmp_path, "a.txt", LEAD)), one(put(tmp_path, "b/c.txt", LEAD))
    assert first.id == second.id == "a" + first.sha256[:16]
    assert first.sha256 == fingerprint(first)
    assert one(put(tmp_path, "d.txt", SECOND)).id != first.id


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_other_encodings(tmp_path: Path, encoding: str) -> None:
    text = "Die Brücke ist seit Dienstag wieder geöffnet – „endlich“, sagte der Bürgermeister der Stadt."
    assert one(put(tmp_path, "a.txt", text.encode(encoding))).text == text


def test_stray_nuls_and_soft_hyphens_are_taken_out(tmp_path: Path) -> None:
    assert one(put(tmp_path, "a.txt", f"{LEAD}\x00 The har\u00adbour is calm.")).text == f"{LEAD} The harbour is calm."


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is empty"),
        (b" \r\n\t\n", "white space"),
        (b"\xef\xbb\xbf", "white space"),
        (b"%PDF-1.4 ...", "PDF document"),
        (b"\x89PNG\r\n\x1a\n0000", "PNG image"),
        (b"PK\x03\x04aaaa", "ZIP archive"),
        (b"\x7fELF\x02\x01", "ELF"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (bytes(range(256)) * 40, "binary"),
        (os.urandom(5000).replace(b"\x00", b"\x01"), "binary|readable"),
    ],
)
def test_what_is_no_text_is_refused_by_name(tmp_path: Path, content: bytes, says: str) -> None:
    path = put(tmp_path, "a.txt", content)
    (found,) = read(path)
    assert isinstance(found, Failure)
    assert found.source == str(path)
    assert re.search(says, found.reason)


def test_a_file_too_large_for_one_article_says_how_large_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    reason = refused(path)
    assert "50 MB" in reason
    assert ".jsonl" in reason


# --- Markdown ---------------------------------------------------------------------------------------------


def test_front_matter(tmp_path: Path) -> None:
    front = (
        "title: Bridge reopens\npublished: 2020-05-19T08:30:00+02:00\npublisher: The Harbour News\n"
        "authors: [Ada Moor, Ben Cole]\nlink: https://n.example/bridge\nlang: en_GB\nid: 007\n"
    )
    article = one(put(tmp_path, "a.md", f"---\n{front}---\n\n# Bridge reopens\n\n{LEAD} *{SECOND}*\n"))
    assert article.text == f"{LEAD} {SECOND}"
    assert (article.id, article.title, article.outlet) == ("007", "Bridge reopens", "The Harbour News")
    assert (article.author, article.url, article.language) == (
        "Ada Moor, Ben Cole",
        "https://n.example/bridge",
        "en-GB",
    )
    assert article.published == date(2020, 5, 19)


@pytest.mark.parametrize(
    ("stated", "day"),
    [
        ("2020-05-19", date(2020, 5, 19)),
        ("2020/5/19", date(2020, 5, 19)),
        ("19 May 2020", date(2020, 5, 19)),
        ("May 19, 2020", date(2020, 5, 19)),
        ("Tue, 19 May 2020 08:30:00 GMT", date(2020, 5, 19)),
        ("20200519", date(2020, 5, 19)),
        ("2020-13-45", None),
        ("2020-02-30", None),
        ("05/06/2020", None),
        ("last Tuesday", None),
        ("2020", None),
        ("0001-01-01", None),
        ("", None),
    ],
)
def test_a_date_is_taken_only_if_it_is_one(tmp_path: Path, stated: str, day: date | None) -> None:
    assert one(put(tmp_path, "a.md", f"---\ntitle: T\ndate: {stated}\n---\n{LEAD}")).published == day


def test_the_first_heading_is_the_title_where_no_front_matter_says_it(tmp_path: Path) -> None:
    article = one(put(tmp_path, "a.md", f"# Bridge **reopens**\n\n{LEAD}\n\n## Tunnel\n\n{SECOND}"))
    assert (article.title, article.text) == ("Bridge reopens", f"{LEAD}\n\nTunnel\n\n{SECOND}")
    assert one(put(tmp_path, "b.md", f"{LEAD}\n\n# Later\n\n{SECOND}")).title == ""


def test_a_colon_in_a_title_is_forgiven(tmp_path: Path) -> None:
    article = one(put(tmp_path, "a.md", f"---\ntitle: Bridge: open at last\ndate: 2020-05-19\n---\n{LEAD}"))
    assert (article.title, article.published) == ("Bridge: open at last", date(2020, 5, 19))


def test_broken_front_matter_is_told_and_the_text_still_read(tmp_path: Path) -> None:
    path = put(tmp_path, "a.md", f"---\ntitle: [Bridge\n  what is this\n}}\n---\n{LEAD}")
    article, failure = read(path)
    assert isinstance(article, Article)
    assert article.text == LEAD
    assert isinstance(failure, Failure)
    assert "front matter" in failure.reason


def test_two_rules_are_no_front_matter(tmp_path: Path) -> None:
    assert one(put(tmp_path, "a.md", f"---\n{LEAD}\n---\n{SECOND}")).text.startswith(LEAD)


def test_a_yaml_bomb_does_not_go_off(tmp_path: Path) -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    results = list(read(put(tmp_path, "a.md", f"---\n{bomb}title: *i\n---\n{LEAD}")))
    assert isinstance(results[0], Article)
    assert results[0].text == LEAD
    deep = "[" * 50_000
    assert isinstance(next(read(put(tmp_path, "b.md", f"---\ntitle: {deep}\n---\n{LEAD}"))), Article)


# --- HTML -------------------------------------------------------------------------------------------------


def test_html_with_its_metadata(tmp_path: Path) -> None:
    head = (
        '<meta property="og:site_name" content="The Harbour News"><meta name="author" content="Ada Moor">'
        '<link rel="canonical" href="https://n.example/bridge">'
        '<meta property="article:published_time" content="2020-05-19T23:30:00-05:00">'
    )
    article = one(put(tmp_path, "a.html", html(head, lang="en-GB")))
    assert article.text == f"{LEAD}\n\nThe tunnel\n\n{SECOND}"
    assert (article.title, article.outlet, article.author) == (
        "Bridge reopens",
        "The Harbour News",
        "Ada Moor",
    )
    assert (article.url, article.language) == ("https://n.example/bridge", "en-GB")
    assert article.published == date(2020, 5, 19)


def test_the_heading_that_the_page_title_agrees_with_is_the_headline(tmp_path: Path) -> None:
    page = html().replace("<nav>", "<h1>Keyboard help</h1><nav>").replace("</title>", " | The Harbour News</title>")
    assert one(put(tmp_path, "a.html", page)).title == "Bridge reopens"


LINKED = '<script type="application/ld+json">{}</script>'


@pytest.mark.parametrize(
    ("head", "body", "day"),
    [
        (
            LINKED.format(json.dumps({"@graph": [{"@type": "NewsArticle", "datePublished": "2020-05-19"}]})),
            "",
            date(2020, 5, 19),
        ),
        (LINKED.format('{"@type": "NewsArticle", "dateModified": "2020-05-19"}'), "", None),
        (LINKED.format("{not json"), "", None),
        ('<meta name="DC.date.issued" content="2020-05-19">', "", date(2020, 5, 19)),
        ("", '<time datetime="2020-05-19T08:00">Tuesday</time>', date(2020, 5, 19)),
        ("", '<time datetime="2020-05-19">a</time><time datetime="2021-01-01">b</time>', None),
        ("", '<p class="meta">By Ada Moor in Oberau, <time datetime="2020-05-19">19 May 2020</time></p>', date(2020, 5, 19)),
        ("", '<a href="/x"><time class="entry-date published updated" datetime="2020-05-19">x</time></a>', date(2020, 5, 19)),
        (
            "",
            '<time class="published" datetime="2020-05-19">x</time><time class="updated" datetime="2021-01-01">y</time>',
            date(2020, 5, 19),
        ),
        ("", '<time itemprop="dateModified" datetime="2020-05-19">Tuesday</time>', None),
        ("", '<time class="updated" datetime="2020-05-19">Tuesday</time>', None),
        ("", '<p>Last updated: <time datetime="2020-05-19">Tuesday</time></p>', None),
        ("", '<p><b>Updated</b> <time datetime="2020-05-19">Tuesday</time></p>', None),
        ("", '<p>The vote will be on <time datetime="2020-05-19">19 May</time>.</p>', None),
        ("", f'<p>{LEAD} On <time datetime="2020-05-19">19 May</time> it follows</p>', None),
        ("", '<div class="related"><a href="/x">Another</a> <time datetime="2020-05-19">19 May</time></div>', None),
        ("", '<ul><li><h3><a href="/x">Another</a></h3><time datetime="2020-05-19">19 May</time></li></ul>', None),
        ('<meta name="date" content="1401-08-22">', "", None),
        ('<meta name="date" content="2565-11-13">', "", None),
        ('<meta name="date" content="1665-11-13">', "", date(1665, 11, 13)),
        ("", "<p>Published on 19 May 2020</p>", None),
        ("", '<a href="https://n.example/2020/05/19/bridge">here</a>', None),
        ('<link rel="canonical" href="https://n.example/2020/05/19/bridge">', "", None),
        ('<meta property="article:modified_time" content="2020-05-19">', "", None),
        ('<meta name="date" content="05/06/2020">', "", None),
        ("", "", None),
    ],
)
def test_the_date_of_a_page_is_stated_or_none(tmp_path: Path, head: str, body: str, day: date | None) -> None:
    assert one(put(tmp_path, "a.html", html(head, body))).published == day


def test_the_charset_a_page_names_is_used(tmp_path: Path) -> None:
    text = "Мост через реку снова открыт для движения, сообщили во вторник власти города."
    page = f"<html><head><meta charset='windows-1251'></head><body><p>{text}</p></body></html>"
    assert one(put(tmp_path, "a.htm", page.encode("cp1251"))).text == text


@pytest.mark.parametrize(
    ("named", "really", "text"),
    [
        ("iso-8859-1", "cp1252", "The minister won’t go – “never”, she said… The café’s owner paid 3 €."),
        ("latin1", "cp1252", "The minister won’t go – “never”, she said… The café’s owner paid 3 €."),
        ("us-ascii", "cp1252", "The minister won’t go – “never”, she said… The café’s owner paid 3 €."),
        ("iso-8859-9", "cp1254", "İstanbul’da şehirde ışıklar söndü – “yeni dönem” dedi."),
        ("iso-2022-jp", "iso-2022-jp", "北の橋は火曜日に再び開通したと港湾局が発表した。"),
        ("iso-2022-jp", "utf-8", "北の橋は火曜日に再び開通したと港湾局が発表した。"),
        ("iso-8859-1", "shift_jis", "北の橋は火曜日に再び開通したと港湾局が発表した。町の住民は喜んでいる。"),
    ],
)
def test_a_charset_is_taken_for_what_is_written_under_its_name(tmp_path: Path, named: str, really: str, text: str) -> None:
    page = f"<html><head><meta charset='{named}'></head><body><p>{text}</p></body></html>"
    assert one(put(tmp_path, "a.html", page.encode(really))).text == text


def test_a_byte_that_a_charset_does_not_have_is_one_character_lost(tmp_path: Path) -> None:
    text = "Die Brücke ist seit Dienstag geöffnet – „endlich“, sagte die Bürgermeisterin in Zürich, überrascht. " * 4
    page = f"<html><head><meta charset='iso-8859-1'></head><body><p>{text}</p></body></html>".encode("cp1252")
    assert one(put(tmp_path, "a.html", page.replace(b"Dienstag", b"Dien\x9dstag", 1))).text == text.strip().replace(
        "Dienstag", "Dien\ufffdstag", 1
    )


def test_tables_lists_and_entities_of_a_page_are_read(tmp_path: Path) -> None:
    body = (
        "<ul><li>Two pylons are new &amp; painted.</li><li>One is <b>old</b>.</li></ul>"
        "<table><tr><th>Year</th><th>Cars</th></tr><tr><td>2019</td><td>6,100</td></tr></table>"
    )
    text = one(put(tmp_path, "a.html", html(body=body))).text
    assert "• Two pylons are new & painted.\n• One is old." in text
    assert "Year: Cars\n2019: 6,100" in text


@pytest.mark.parametrize("page", ["<html><body></body></html>", "<html><body><script>var a = 1;</script></body></html>"])
def test_a_page_without_text_is_refused(tmp_path: Path, page: str) -> None:
    assert "no text of an article" in refused(put(tmp_path, "a.html", page))


def test_a_title_that_is_markup_stays_text(tmp_path: Path) -> None:
    page = html().replace("Bridge reopens", "&lt;img src=x onerror=alert(1)&gt; reopens")
    assert one(put(tmp_path, "a.html", page)).title == "<img src=x onerror=alert(1)> reopens"


def test_deeply_nested_html_does_no_harm(tmp_path: Path) -> None:
    assert len(list(read(put(tmp_path, "a.html", "<div>" * 50_000 + LEAD + "</div>" * 50_000)))) == 1


def test_no_external_entity_is_read(tmp_path: Path) -> None:
    put(tmp_path, "secret", "the secret")
    entity = f'<!DOCTYPE html [<!ENTITY x SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    page = f"{entity}<html><body><p>{LEAD} &x;</p></body></html>"
    assert "the secret" not in one(put(tmp_path, "a.html", page)).text


# --- PDF and Word -----------------------------------------------------------------------------------------

PAGE = [
    "Engineers reopened the northern bridge on Tuesday after eleven weeks of",
    "repairs, the harbour authority said in a statement. It called the infor-",
    "mation of the day well-known, and a well-",
    "known man agreed.",
    "Traffic had been sent through the old tunnel since the storm of 3 March,",
    "which tore away two of the six pylons.",
]


def test_pdf_lines_become_paragraphs(tmp_path: Path) -> None:
    properties = "/Title (Bridge reopens) /Author (Ada Moor) /CreationDate (D:20200519083000Z)"
    article = one(put(tmp_path, "a.pdf", pdf([PAGE], properties)))
    first, second = article.text.split("\n\n")
    assert first.startswith("Engineers reopened the northern bridge on Tuesday after eleven weeks of repairs, the harbour")
    assert first.endswith("the information of the day well-known, and a well-known man agreed.")
    assert second.endswith("3 March, which tore away two of the six pylons.")
    assert (article.title, article.author, article.published) == ("Bridge reopens", "Ada Moor", None)


@pytest.mark.parametrize("title", ["Microsoft Word - bridge.docx", "untitled", "bridge_final.pdf", "Document1", "-"])
def test_what_a_program_puts_for_a_title_is_no_title(tmp_path: Path, title: str) -> None:
    assert one(put(tmp_path, "a.pdf", pdf([PAGE], f"/Title ({title})"))).title == ""


def test_running_heads_and_page_numbers_of_a_pdf_go(tmp_path: Path) -> None:
    bodies = (
        "The first page tells of the bridge and",
        "of the storm that broke it, which took a night, and",
        "of the end.",
    )
    pages = [["The Harbour News", body, str(number)] for number, body in enumerate(bodies, 1)]
    assert one(put(tmp_path, "a.pdf", pdf(pages))).text == " ".join(bodies)


def test_pdfs_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    from pypdf import PdfReader, PdfWriter

    assert "OCR" in refused(put(tmp_path, "scan.pdf", pdf([[]])))
    assert "seems to be a PNG" in refused(put(tmp_path, "image.pdf", b"\x89PNG\r\n\x1a\n000"))
    assert refused(put(tmp_path, "cut.pdf", pdf([PAGE])[:60]))
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([PAGE]))))
    writer.encrypt("secret", algorithm="RC4-128")
    locked = io.BytesIO()
    writer.write(locked)
    assert "password" in refused(put(tmp_path, "locked.pdf", locked.getvalue()))


def docx(folder: Path, name: str = "a.docx", title: str = "") -> Path:
    document = Document()
    document.core_properties.title = title
    document.core_properties.author = "Ada Moor"
    document.add_heading("Bridge reopens", 0)
    document.add_paragraph(LEAD)
    document.add_heading("The tunnel", 1)
    document.add_paragraph("Two pylons are new.", style="List Bullet")
    table = document.add_table(2, 2)
    for cell, said in zip((cell for row in table.rows for cell in row.cells), ("Year", "Cars", "2019", "6,100"), strict=True):
        cell.text = said
    document.add_paragraph(SECOND)
    document.save(str(folder / name))
    return folder / name


def test_word_in_order(tmp_path: Path) -> None:
    article = one(docx(tmp_path))
    assert article.text == f"{LEAD}\n\nThe tunnel\n\n• Two pylons are new.\n\nYear: Cars\n2019: 6,100\n\n{SECOND}"
    assert (article.title, article.author, article.published) == ("Bridge reopens", "Ada Moor", None)
    assert one(docx(tmp_path, title="The bridge")).title == "The bridge"


def test_word_text_that_was_deleted_is_gone_and_inserted_text_is_there(tmp_path: Path) -> None:
    path = docx(tmp_path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    run = "<w:r><w:t>Two pylons are new.</w:t></w:r>"
    changed = (
        '<w:del w:id="1" w:author="x"><w:r><w:delText>Three</w:delText></w:r></w:del>'
        f'<w:ins w:id="2" w:author="x">{run}</w:ins>'
    )
    body = parts["word/document.xml"].decode()
    assert run in body
    parts["word/document.xml"] = body.replace(run, changed).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    text = one(path).text
    assert "• Two pylons are new." in text
    assert "Three" not in text


def test_word_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    assert "old Office" in refused(put(tmp_path, "old.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600))
    assert "damaged" in refused(put(tmp_path, "cut.docx", docx(tmp_path).read_bytes()[:3000]))
    with zipfile.ZipFile(tmp_path / "zip.docx", "w") as archive:
        archive.writestr("a.txt", "hello")
    assert "no Word document" in refused(tmp_path / "zip.docx")
    with (
        zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("word/document.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(320):
            part.write(bytes(1024 * 1024))
    assert "unpacks to 320 MB" in refused(tmp_path / "bomb.docx")


# --- JSON and JSON Lines ----------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [lambda a: a, lambda a: [a], lambda a: {"articles": [a]}])
def test_json_in_its_three_shapes(tmp_path: Path, wrap: object) -> None:
    stated = {
        "id": "harbour:0007", "title": "Bridge reopens", "content": LEAD, "url": "https://n.example/bridge",
        "outlet": "The Harbour News", "author": [{"name": "Ada Moor"}], "published": "2020-05-19T08:00:00Z",
        "language": "en",
    }  # fmt: skip
    assert callable(wrap)
    article = one(put(tmp_path, "a.json", json.dumps(wrap(stated))))
    assert (article.id, article.title, article.text) == ("harbour:0007", "Bridge reopens", LEAD)
    assert (article.url, article.outlet, article.author) == (
        "https://n.example/bridge",
        "The Harbour News",
        "Ada Moor",
    )
    assert (article.published, article.language) == (date(2020, 5, 19), "en")


@pytest.mark.parametrize(
    ("stated", "day"),
    [
        (1589875200, date(2020, 5, 19)),
        (1589875200000, date(2020, 5, 19)),
        (20200519, date(2020, 5, 19)),
        (2020, None),
        (0, None),
        (True, None),
        (None, None),
        ("soon", None),
        ({"year": 2020}, None),
    ],
)
def test_dates_in_json(tmp_path: Path, stated: object, day: date | None) -> None:
    assert one(put(tmp_path, "a.json", json.dumps({"text": LEAD, "published": stated}))).published == day


def test_a_bad_line_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    lines = [
        json.dumps({"id": "one", "text": LEAD}),
        "",
        "{broken",
        json.dumps({"id": "none", "title": "no text"}),
        json.dumps(["a list"]),
        json.dumps({"id": "empty", "text": "   "}),
        "[" * 100_000,
        json.dumps({"id": 7, "text": SECOND}),
    ]
    path = put(tmp_path, "a.jsonl", "\ufeff" + "\r\n".join(lines))
    found = list(read(path))
    assert [item.id for item in found if isinstance(item, Article)] == ["one", "7"]
    assert {item.source for item in found if isinstance(item, Article)} == {str(path)}
    failed = [item for item in found if isinstance(item, Failure)]
    assert [item.source.removeprefix(f"{path}, ") for item in failed] == [
        "line 3",
        "line 4",
        "line 5",
        "line 6",
        "line 7",
    ]
    assert "not valid JSON" in failed[0].reason
    assert "text" in failed[1].reason


def test_a_record_without_id_gets_one_from_its_content(tmp_path: Path) -> None:
    article = one(put(tmp_path, "a.ndjson", json.dumps({"id": "", "text": LEAD})))
    assert article.id == "a" + article.sha256[:16]


def test_lone_surrogates_in_json_can_be_stored(tmp_path: Path) -> None:
    article = one(put(tmp_path, "a.jsonl", '{"text": "' + LEAD + ' \\ud800", "title": "\\udfff T"}'))
    assert article.text.encode()
    assert article.title.encode()


def test_a_line_too_long_for_an_article_is_left_and_the_next_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.reading.records.LONGEST_LINE", 1000)
    long, short = json.dumps({"text": "x " * 2000}), json.dumps({"text": LEAD})
    failure, article = read(put(tmp_path, "a.jsonl", f"{long}\n{short}"))
    assert isinstance(failure, Failure)
    assert "too long" in failure.reason
    assert isinstance(article, Article)


def test_json_lines_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        "a.jsonl",
        "".join(json.dumps({"id": str(n), "text": LEAD}) + "\n" for n in range(5)) + "{broken",
    )
    articles = read(path)
    first = next(articles)
    assert isinstance(first, Article)
    assert first.id == "0"


@pytest.mark.parametrize("content", ["{", "[]", "3", '{"title": "x"}', "null", "[" * 100_000])
def test_json_that_holds_no_article_is_refused(tmp_path: Path, content: str) -> None:
    assert refused(put(tmp_path, "a.json", content))


def test_json_of_other_things_is_one_failure_when_named_and_left_in_a_folder(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", LEAD)
    path = put(tmp_path, "questions.jsonl", "".join(json.dumps({"question": f"Why {n}?"}) + "\n" for n in range(40)))
    put(tmp_path, "settings.json", '{"name": "x", "version": 3}')
    assert "none of its 40 records is an article" in refused(path)
    assert [type(item) for item in read(tmp_path)] == [Article]
    put(tmp_path, "other.jsonl", json.dumps({"article_text": LEAD * 4}))
    assert [item.source.rsplit("/", 1)[1] for item in read(tmp_path)] == ["a.txt", "other.jsonl, line 1"]


def test_records_without_text_before_an_article_are_named_one_by_one(tmp_path: Path) -> None:
    lines = [json.dumps({"id": "x"}), json.dumps({"id": "y"}), json.dumps({"text": LEAD})]
    assert [type(item) for item in read(put(tmp_path, "a.jsonl", "\n".join(lines)))] == [
        Failure,
        Failure,
        Article,
    ]


# --- gzip -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt.gz", LEAD),
        ("a.md.gz", LEAD),
        ("a.html.gz", f"<p>{LEAD}</p>"),
        ("a.json.gz", json.dumps({"text": LEAD})),
        ("a.jsonl.gz", json.dumps({"text": LEAD})),
    ],
)
def test_text_formats_may_be_gzipped(tmp_path: Path, name: str, content: str) -> None:
    assert one(put(tmp_path, name, gzip.compress(content.encode()))).text == LEAD


def test_damaged_and_hostile_gzip_is_refused(tmp_path: Path) -> None:
    assert "no gzip" in refused(put(tmp_path, "a.txt.gz", LEAD))
    packed = gzip.compress(os.urandom(2000))
    assert "damaged" in refused(put(tmp_path, "cut.txt.gz", packed[: len(packed) // 2]))
    assert "20 MB" in refused(put(tmp_path, "bomb.txt.gz", gzip.compress(os.urandom(1024 * 1024) * 21, 1)))
    assert "200 times" in refused(put(tmp_path, "b.jsonl.gz", gzip.compress(b"a" * (40 * 1024 * 1024))))


# --- folders and names ------------------------------------------------------------------------------------


def test_a_folder_is_read_in_order_and_what_is_hidden_or_unknown_is_left(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.md", "a/.hidden.txt", ".git/x.txt", "picture.png", "notes.csv", "c.TXT"):
        put(tmp_path, name, f"{LEAD} {name}")
    put(tmp_path, "bad.txt", b"")
    found = list(read(tmp_path))
    assert [item.source for item in found] == [f"{tmp_path}/{name}" for name in ("a/z.md", "b.txt", "bad.txt", "c.TXT")]
    assert [type(item) for item in found] == [Article, Article, Failure, Article]


def test_the_source_begins_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "news/a.txt", LEAD)
    monkeypatch.chdir(tmp_path)
    for given, source in (
        ("news", "news/a.txt"),
        ("news/", "news/a.txt"),
        ("./news", "./news/a.txt"),
        (".", "./news/a.txt"),
    ):
        assert [item.source for item in read(given)] == [source]


def test_links_are_not_followed_out_of_a_folder_or_in_circles(tmp_path: Path) -> None:
    put(tmp_path, "outside/x.txt", SECOND)
    put(tmp_path, "news/a.txt", LEAD)
    (tmp_path / "news/loop").symlink_to(tmp_path / "news")
    (tmp_path / "news/out").symlink_to(tmp_path / "outside")
    (tmp_path / "news/gone.txt").symlink_to(tmp_path / "nowhere.txt")
    found = list(read(tmp_path / "news"))
    assert [item.source.rsplit("/", 1)[1] for item in found] == ["a.txt", "gone.txt"]
    assert isinstance(found[1], Failure)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert "pipe" in refused(tmp_path / "pipe.txt")


@pytest.mark.parametrize("name", ["a b.txt", "ä…字.txt", "a\nb.txt", "<img src=x>.txt", "-rf.txt", "a'b\"c.txt"])
def test_odd_names_are_only_names(tmp_path: Path, name: str) -> None:
    assert one(put(tmp_path, name, LEAD)).source == str(tmp_path / name)


@pytest.mark.skipif(os.name == "nt" or os.uname().sysname == "Darwin", reason="names are always text on this system")
def test_a_name_that_is_not_text_gives_a_source_that_is(tmp_path: Path) -> None:
    with open(os.path.join(os.fsencode(tmp_path), b"a\xff.txt"), "wb") as file:  # noqa: PTH118, PTH123
        file.write(LEAD.encode())
    (found,) = read(tmp_path)
    assert found.source.encode().endswith("a\ufffd.txt".encode())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("ftp://n.example/bridge", "only http:// and https:// ones are fetched"),
        ("/no/such/place", "no such file"),
        ("", "it is empty"),
        ("a\x00b", "not a path|no such file"),
    ],
)
def test_what_is_no_file_is_one_failure(given: str, says: str) -> None:
    assert re.search(says, refused(given))


def test_an_unknown_kind_of_file_is_refused_when_it_was_named(tmp_path: Path) -> None:
    assert ".png files are not read here" in refused(put(tmp_path, "a.png", b"x"))
    assert "save it as .docx" in refused(put(tmp_path, "a.doc", b"x"))
    assert one(put(tmp_path, ".hidden.txt", LEAD)).text == LEAD


def test_a_folder_without_articles_says_so(tmp_path: Path) -> None:
    put(tmp_path, "a.png", b"x")
    assert "holds no file that can be read" in refused(tmp_path)


def test_any_failure_of_a_reader_is_one_files_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(data: bytes) -> str:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("index.reading.formats.decode", breaks)
    put(tmp_path, "a.txt", LEAD)
    put(tmp_path, "b.jsonl", json.dumps({"text": LEAD}))
    found = list(read(tmp_path))
    assert isinstance(found[0], Failure)
    assert "oops" in found[0].reason
    assert isinstance(found[1], Article)


def test_nothing_is_said_on_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, "a.html", "<html></html>")
    put(tmp_path, "b.pdf", pdf([PAGE])[:-90])
    put(tmp_path, "c.docx", b"PK\x03\x04 no")
    list(read(tmp_path))
    assert capfd.readouterr() == ("", "")


def test_which_files_hold_many_articles() -> None:
    assert [holds_many(name) for name in ("a.jsonl.gz", "a.json", "a.txt", "a.pdf", "a.png")] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "https://", "file:///etc/passwd"])
def test_an_address_that_nobody_may_follow_is_none(tmp_path: Path, url: str) -> None:
    (tmp_path / "one.jsonl").write_text(json.dumps({"title": "Bridge", "text": "The bridge was closed.", "url": url}))
    (article,) = read(tmp_path / "one.jsonl")
    assert isinstance(article, Article) and article.url == ""


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Why <b> beats <strong>", "Why <b> beats <strong>"),
        ("<p><i class='x'>Titanic</i> found &amp; raised</p>", "Titanic found & raised"),
        ("The sea<br/>rises", "The sea rises"),
    ],
)
def test_only_tags_that_belong_together_are_taken_off_a_title(tmp_path: Path, written: str, title: str) -> None:
    (tmp_path / "one.jsonl").write_text(json.dumps({"title": written, "text": "The bridge was closed."}))
    (article,) = read(tmp_path / "one.jsonl")
    assert isinstance(article, Article) and article.title == title
