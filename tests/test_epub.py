from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from index.read import read
from index.types import Article, Failure

LEAD = "Engineers reopened the northern bridge on Tuesday after eleven weeks of repairs, the harbour authority said."
SECOND = "Traffic had been sent through the old tunnel since the storm of 3 March, which tore away two of the six pylons."
CONTAINER = (
    '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    '<rootfile full-path="{}" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
BOOK = (
    "<dc:title>The Storm</dc:title><dc:creator opf:role='aut'>Ada Moor</dc:creator>"
    "<dc:creator opf:role='ill'>Some Painter</dc:creator><dc:publisher>Moor Press</dc:publisher>"
    "<dc:date>2020-05-19</dc:date><dc:language>en-GB</dc:language>"
)


def chapter(body: str, title: str = "", attributes: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        f"<head><title>{title}</title></head><body {attributes}>{body}</body></html>"
    )


def nav(*entries: tuple[str, str]) -> str:
    items = "".join(f'<li><a href="{href}">{title}</a></li>' for href, title in entries)
    return chapter(f'<nav epub:type="toc"><h1>Contents</h1><ol>{items}</ol></nav>')


def epub(
    folder: Path,
    chapters: Mapping[str, str | bytes],
    *,
    metadata: str = BOOK,
    contents: str = "",
    guide: str = "",
    more: Mapping[str, str | bytes] | None = None,
    spine: str = "",
    name: str = "a.epub",
) -> Path:
    """An EPUB 3 with the given chapters; `contents` is its navigation document."""
    items = "".join(f'<item id="i{n}" href="{href}" media-type="x"/>' for n, href in enumerate(chapters))
    items += '<item id="nav" href="nav.xhtml" properties="nav" media-type="x"/>' if contents else ""
    listed = spine or "".join(f'<itemref idref="i{n}"/>' for n in range(len(chapters)))
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">'
        f"{metadata}</metadata><manifest>{items}</manifest><spine>{listed}</spine><guide>{guide}</guide></package>"
    )
    parts: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER.format("OPS/b.opf"),
    }
    parts |= {"OPS/b.opf": package, **{f"OPS/{href}": text for href, text in chapters.items()}}
    if contents:
        parts["OPS/nav.xhtml"] = contents
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, text in {**parts, **(more or {})}.items():
            archive.writestr(part, text)
    return path


def articles(path: Path) -> list[Article]:
    found = list(read(path))
    assert all(isinstance(item, Article) for item in found), [str(item) for item in found if isinstance(item, Failure)]
    return [item for item in found if isinstance(item, Article)]


def refused(path: Path) -> str:
    (found,) = read(path)
    assert isinstance(found, Failure), found
    assert found.source.startswith(str(path))
    return found.reason


def test_a_book_is_one_article_a_chapter(tmp_path: Path) -> None:
    path = epub(
        tmp_path,
        {
            "cover.xhtml": chapter('<img src="c.jpg" alt=""/>'),
            "title.xhtml": chapter("<h1>The Storm</h1><p>Ada Moor</p>", attributes='epub:type="titlepage"'),
            "c1.xhtml": chapter(f"<h2>1</h2><h2>The bridge</h2><p>{LEAD}</p><p>{SECOND}</p>"),
            "c2.xhtml": chapter(f"<h2>The tunnel</h2><ul><li>One pylon.</li><li>Two.</li></ul><p>{SECOND}&nbsp;&mdash; A.</p>"),
        },
        contents=nav(("c1.xhtml", "1. The bridge"), ("c2.xhtml", "The tunnel")),
    )
    first, second = articles(path)
    assert (first.title, first.text) == ("The Storm: 1. The bridge", f"{LEAD}\n\n{SECOND}")
    assert (second.title, second.text) == ("The Storm: The tunnel", f"• One pylon.\n• Two.\n\n{SECOND} — A.")
    for one in (first, second):
        assert (one.author, one.outlet, one.published, one.language) == ("Ada Moor", "Moor Press", date(2020, 5, 19), "en-GB")
        assert one.source == str(path)
    assert first.id != second.id


def test_an_issue_of_a_newspaper_is_one_article_a_story_as_calibre_makes_them(tmp_path: Path) -> None:
    metadata = (
        "<dc:title>The Harbour News [Tue, 19 May 2020]</dc:title><dc:creator>calibre</dc:creator>"
        "<dc:publisher>calibre</dc:publisher><dc:date>2020-05-19T06:00:00+00:00</dc:date><dc:language>en</dc:language>"
        '<meta name="calibre:publication_type" content="periodical:unknown"/>'
    )
    bar = '<div class="calibre_navbar"><a href="../x.html">Next</a> | <a href="../y.html">Section menu</a></div>'
    ending = (
        "<div><hr/><p>This article was downloaded by <strong>calibre</strong> from "
        '<a rel="calibre-downloaded-from" href="https://n.example/bridge">https://n.example/bridge</a></p></div>'
    )
    path = epub(
        tmp_path,
        {
            "feed_0/index.html": chapter(
                '<h1>Town</h1><ul><li><a href="article_0/index.html">Bridge reopens</a></li>'
                '<li><a href="article_1/index.html">Tunnel closes</a></li><li><a href="x">More</a></li></ul>'
            ),
            "feed_0/article_0/index.html": chapter(f"{bar}<h1>Bridge reopens</h1><p>{LEAD}</p>{ending}", "Bridge reopens"),
            "feed_0/article_1/index.html": chapter(f"{bar}<h1>Tunnel closes</h1><p>{SECOND}</p>", "Tunnel closes"),
        },
        metadata=metadata,
    )
    first, second = articles(path)
    assert (first.title, first.text, first.url) == ("Bridge reopens", LEAD, "https://n.example/bridge")
    assert (second.title, second.text, second.url) == ("Tunnel closes", SECOND, "")
    assert {(one.outlet, one.author, one.published) for one in (first, second)} == {("The Harbour News", "", date(2020, 5, 19))}


def test_a_chapter_cut_into_files_is_one_again_and_a_file_of_several_is_several(tmp_path: Path) -> None:
    path = epub(
        tmp_path,
        {
            "c1_000.html": chapter(f"<h1>One</h1><p>{LEAD}</p>"),
            "c1_001.html": chapter(f"<p>{SECOND}</p>"),
            "c2.html": chapter(
                f"<p>The end of the first chapter stands at the top of the second file, as it happens. {SECOND}</p>"
                f'<h1 id="two">Two</h1><p>{SECOND}</p><div><h1><a id="three"/>Three</h1><p>{LEAD}</p></div>'
            ),
        },
        contents=nav(("c1_000.html", "One"), ("c2.html#two", "Two"), ("c2.html#three", "Three")),
    )
    found = articles(path)
    assert [one.title for one in found] == ["The Storm: One", "The Storm: Two", "The Storm: Three"]
    assert found[0].text.startswith(f"{LEAD}\n\n{SECOND}\n\nThe end of the first chapter")
    assert [one.text for one in found[1:]] == [SECOND, LEAD]


def test_the_contents_of_an_epub_2_name_the_chapters_and_its_sections_cut_nothing(tmp_path: Path) -> None:
    point = '<navPoint><navLabel><text>{}</text></navLabel><content src="{}"/>{}</navPoint>'
    ncx = f"<ncx><navMap>{point.format('Chapter One', 'c1.html', point.format('A section', 'c1.html#s', ''))}</navMap></ncx>"
    package = (
        '<package><metadata><dc:title xmlns:dc="d">The Storm</dc:title><dc:date xmlns:dc="d" xmlns:o="o" o:event="creation">'
        '2021-01-01</dc:date></metadata><manifest><item id="a" href="c1.html"/><item id="n" href="toc.ncx"/></manifest>'
        '<spine toc="n"><itemref idref="a"/></spine></package>'
    )
    path = epub(
        tmp_path,
        {"c1.html": chapter(f'<p>{LEAD}</p><h2 id="s">A section</h2><p>{SECOND}</p>')},
        more={"OPS/b.opf": package, "OPS/toc.ncx": ncx},
    )
    (article,) = articles(path)
    assert (article.title, article.published) == ("The Storm", None)
    assert article.text == f"{LEAD}\n\nA section\n\n{SECOND}"


def test_numbers_of_notes_and_pages_do_not_stand_in_the_text(tmp_path: Path) -> None:
    body = (
        '<p>Engineers reopened<a epub:type="noteref" href="#n1">1</a> the northern bridge on<sup><a href="#n2">2</a></sup> '
        'Tuesday <span epub:type="pagebreak" id="p12">12</span>after 10<sup>6</sup> weeks of repairs.</p>'
    )
    (article,) = articles(epub(tmp_path, {"c.xhtml": chapter(body)}))
    assert article.text == "Engineers reopened the northern bridge on Tuesday after 106 weeks of repairs."


@pytest.mark.parametrize(
    ("dates", "day"),
    [
        ("<dc:date>0101-01-01T00:00:00+00:00</dc:date>", None),
        ("<dc:date>2020</dc:date>", None),
        ('<meta property="dcterms:modified">2020-05-19T00:00:00Z</meta>', None),
        ('<dc:date opf:event="modification">2020-05-19</dc:date>', None),
        (
            '<dc:date opf:event="conversion">2021-01-01</dc:date><dc:date opf:event="publication">2020-05-19</dc:date>',
            date(2020, 5, 19),
        ),
    ],
)
def test_the_day_of_making_an_epub_is_not_its_publication(tmp_path: Path, dates: str, day: date | None) -> None:
    (article,) = articles(epub(tmp_path, {"c.xhtml": chapter(f"<p>{LEAD}</p>")}, metadata=dates))
    assert article.published == day


def test_a_chapter_that_is_no_xml_is_read_as_a_browser_would(tmp_path: Path) -> None:
    (article,) = articles(epub(tmp_path, {"c.html": f"<html><body><p>{LEAD}&nbsp;<p>{SECOND}</body>"}))
    assert article.text == f"{LEAD}\n\n{SECOND}"


def test_a_missing_chapter_is_named_and_the_rest_read(tmp_path: Path) -> None:
    spine = '<itemref idref="i0"/><itemref idref="i1"/><itemref idref="gone"/>'
    path = epub(tmp_path, {"c1.xhtml": chapter(f"<p>{LEAD}</p>"), "c2.xhtml": b"\x89PNG\r\n\x1a\n"}, spine=spine)
    failures = [item for item in read(path) if isinstance(item, Failure)]
    (article,) = [item for item in read(path) if isinstance(item, Article)]
    assert article.text == LEAD
    assert [item.source for item in failures] == [f"{path}, OPS/c2.xhtml"]


def test_what_is_no_epub_says_so(tmp_path: Path) -> None:
    (tmp_path / "b.epub").write_bytes(b"\x89PNG\r\n\x1a\n000")
    assert "seems to be a PNG" in refused(tmp_path / "b.epub")
    (tmp_path / "c.epub").write_bytes(b"PK\x03\x04 broken")
    assert "cannot be opened" in refused(tmp_path / "c.epub")
    whole = epub(tmp_path, {"c.xhtml": chapter(f"<p>{LEAD}</p>")}).read_bytes()
    (tmp_path / "d.epub").write_bytes(whole[: len(whole) // 2])
    assert "damaged" in refused(tmp_path / "d.epub")
    with zipfile.ZipFile(tmp_path / "e.epub", "w") as archive:
        archive.writestr("notes.txt", LEAD)
    assert "no EPUB" in refused(tmp_path / "e.epub")
    assert "no chapter with a text" in refused(epub(tmp_path, {"c.xhtml": chapter("<img/>")}, name="f.epub"))
    assert "lists no chapters" in refused(epub(tmp_path, {}, name="g.epub"))
    assert "not valid XML" in refused(epub(tmp_path, {}, more={"OPS/b.opf": "<package"}, name="h.epub"))


def test_a_book_under_copy_protection_says_so(tmp_path: Path) -> None:
    locked = '<encryption><CipherReference URI="OPS/{}"/></encryption>'
    chapters = {"c.xhtml": chapter(f"<p>{LEAD}</p>")}
    path = epub(tmp_path, chapters, more={"META-INF/encryption.xml": locked.format("c.xhtml")})
    assert "DRM" in refused(path)
    path = epub(tmp_path, chapters, more={"META-INF/encryption.xml": locked.format("font.otf")})
    assert articles(path)[0].text == LEAD


@pytest.mark.parametrize(
    "href", ["../../secret.txt", "/etc/passwd", "file:///etc/passwd", "https://n.example/x", "..%2f..%2fx"]
)
def test_no_path_leads_out_of_an_epub(tmp_path: Path, href: str) -> None:
    (tmp_path / "secret.txt").write_text("the secret")
    assert "secret" not in refused(epub(tmp_path, {href: chapter("<p>x</p>")}))
    container = CONTAINER.format(href)
    path = epub(tmp_path, {"c.xhtml": chapter(f"<p>{LEAD}</p>")}, more={"META-INF/container.xml": container})
    assert "no package" in refused(path)


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(tmp_path: Path) -> None:
    zeros = bytes(25 * 1024 * 1024)
    path = epub(tmp_path, {"c.xhtml": zeros, "d.xhtml": chapter(f"<p>{LEAD}</p>")})
    found = {type(item): item for item in read(path)}
    assert "too much for an article" in str(found[Failure])
    assert isinstance(found[Article], Article)
    with zipfile.ZipFile(tmp_path / "b.epub", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(14):
            archive.writestr(f"{number}", zeros)
    assert "350 MB" in refused(tmp_path / "b.epub")
    with zipfile.ZipFile(tmp_path / "many.epub", "w") as archive:
        for number in range(20_001):
            archive.writestr(f"{number}", b"")
    assert "20,001 parts" in refused(tmp_path / "many.epub")


def test_one_file_named_many_times_is_read_once(tmp_path: Path) -> None:
    spine = '<itemref idref="i0"/>' * 20_000
    assert len(articles(epub(tmp_path, {"c.xhtml": chapter(f"<p>{LEAD}</p>")}, spine=spine))) == 1


def test_entities_neither_grow_nor_read_files(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("the secret")
    bomb = "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True))
    doctype = f'<!DOCTYPE html [<!ENTITY a "lol">{bomb}<!ENTITY x SYSTEM "{(tmp_path / "secret.txt").as_uri()}">]>'
    text = chapter(f'<p title="&i;">{LEAD} &i; &x;</p>').replace("<!DOCTYPE html>", doctype)
    found = list(read(epub(tmp_path, {"c.xhtml": text})))
    assert all("secret" not in str(item) and "lollol" not in str(item) for item in found)
    package = f"{doctype}<package><metadata>&i;</metadata></package>"
    assert refused(epub(tmp_path, {}, more={"OPS/b.opf": package}))


def test_deep_nesting_does_no_harm(tmp_path: Path) -> None:
    deep = "<div>" * 50_000 + LEAD + "</div>" * 50_000
    assert len(list(read(epub(tmp_path, {"c.xhtml": chapter(deep)})))) == 1


def test_a_locked_archive_says_so(tmp_path: Path) -> None:
    data = bytearray(epub(tmp_path, {"c.xhtml": chapter(f"<p>{LEAD}</p>")}).read_bytes())
    # The flag that says a part is encrypted, in each entry of the directory.
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 4)
    (tmp_path / "b.epub").write_bytes(bytes(data))
    assert "password" in refused(tmp_path / "b.epub")


def test_rubbish_in_an_archive_is_refused_in_words(tmp_path: Path) -> None:
    buffer = io.BytesIO(epub(tmp_path, {"c.xhtml": chapter(f"<p>{LEAD}</p>")}).read_bytes())
    whole = buffer.getvalue()
    for at in range(40, len(whole), max(1, len(whole) // 40)):
        (tmp_path / "x.epub").write_bytes(whole[:at] + os.urandom(12) + whole[at + 12 :])
        for item in read(tmp_path / "x.epub"):
            assert isinstance(item, Article) or (item.reason and "Traceback" not in item.reason)
