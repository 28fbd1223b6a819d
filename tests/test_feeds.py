"""Pages, feeds and sitemaps as sources: what is read out of them, and what `chat.add` makes of them."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
import time
from collections.abc import Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from fake_site import Site
from longer import longer
from pdf_files import pdf

import rag
from index.errors import ReadError
from index.gather import MOST_ARTICLES
from index.lock import writer_lock
from index.reading.feeds import read_feed
from rag import Chat, Progress

HERE = "http://news.test/feed.xml"
LEAD = "Engineers reopened the northern bridge on Tuesday after eleven weeks of repairs, the harbour authority said."
SECOND = "Traffic had been sent through the old tunnel since the storm of 3 March, which tore away two of the six pylons."
BLURB = "Of this one the feed says only that the mayor resigned on Thursday."


def page(title: str = "Bridge reopens", lead: str = LEAD, head: str = "") -> str:
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title>"
        f'<meta property="og:site_name" content="The River Post">{head}</head><body><nav><a href="/">Home</a></nav>'
        f"<article><h1>{title}</h1><p>{lead}</p><p>{SECOND}</p></article></body></html>"
    )


def rss(*items: tuple[str, str, str], head: str = "") -> str:
    """A feed of (title, link, description)."""
    listed = "".join(
        f"<item><title>{title}</title><link>{link}</link><description>{text}</description></item>"
        for title, link, text in items
    )
    return f'<?xml version="1.0"?>{head}<rss version="2.0"><channel><title>River Post</title>{listed}</channel></rss>'


# --- what is read out of a feed -----------------------------------------------------------------------------


def test_rss_with_everything() -> None:
    feed = read_feed(
        b"""<?xml version="1.0" encoding="ISO-8859-1"?>
        <!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/rss-0.91.dtd">
        <rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <channel><title>Caf\xe9 &amp; Fl&ucirc;ss</title><language>en_GB</language>
        <item><title>Older &lt;b&gt;one&lt;/b&gt;</title><link> /older?a=1&amp;b=2 </link>
          <description>AT&amp;amp;T said so.</description><pubDate>Tue, 15 Nov 2022 23:30:00 -0500</pubDate>
          <author>ada@n.example (Ada Moor)</author></item>
        <item><title>Newer</title><guid>https://n.example/newer</guid><description>Short.</description>
          <content:encoded><![CDATA[<p>The long text&nbsp;of it.</p><p>In two paragraphs.</p>]]></content:encoded>
          <dc:creator>Ben Cole</dc:creator><dc:date>2022-11-16</dc:date></item>
        </channel></rss>""",
        HERE,
    )
    assert feed is not None and feed.title == "Café & Flûss"
    newer, older = feed.entries
    assert (newer.link, older.link) == ("https://n.example/newer", "http://news.test/older?a=1&b=2")
    assert newer.blurb.text == "The long text of it.\n\nIn two paragraphs."
    assert (newer.blurb.author, newer.blurb.published) == ("Ben Cole", date(2022, 11, 16))
    assert (older.blurb.title, older.blurb.text, older.blurb.author) == ("Older one", "AT&T said so.", "Ada Moor")
    assert (older.blurb.published, older.blurb.outlet, older.blurb.language) == (date(2022, 11, 15), "Café & Flûss", "en-GB")


def test_rss_1_and_atom() -> None:
    feed = read_feed(
        b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
        <channel rdf:about="x"><title>Old</title></channel><item rdf:about="http://n.example/1"><title>One</title></item></rdf:RDF>""",
        HERE,
    )
    assert feed is not None and (feed.title, [entry.link for entry in feed.entries]) == ("Old", ["http://n.example/1"])
    feed = read_feed(
        b"""\xef\xbb\xbf<?xml version="1.0"?><!-- hello --><feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://n.example/b/">
        <title type="html">Har&amp;amp;bour</title><entry><title>T</title><link rel="self" href="/self"/><link href="e1"/>
        <id>urn:1</id><updated>2023-01-02T00:00:00Z</updated><published>2023-01-01T10:00:00Z</published>
        <author><name>X Y</name></author><author><name>Z</name></author><summary>Brief.</summary>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>First <b>bold</b> one.</p><p>Second.</p></div>
        </content>
        </entry></feed>""",
        HERE,
    )
    assert feed is not None and feed.title == "Har&bour"
    (entry,) = feed.entries
    assert (entry.link, entry.key) == ("http://n.example/b/e1", "urn:1")
    assert (entry.blurb.text, entry.blurb.author) == ("First bold one.\n\nSecond.", "X Y, Z")
    assert entry.blurb.published == date(2023, 1, 1)


def test_json_feed() -> None:
    item = {
        "id": 7, "url": "/7", "title": "Seven", "content_html": "<p>The text.</p>", "date_published": "2022-11-13T01:00:00Z",
        "authors": [{"name": "Ada"}],
    }  # fmt: skip
    written = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [item, "x", {"id": 8}]})
    feed = read_feed(written.encode(), HERE)
    assert feed is not None
    first = feed.entries[0]
    assert (first.link, first.blurb.text, first.blurb.author) == ("http://news.test/7", "The text.", "Ada")
    assert read_feed(b'{"articles": []}', HERE) is None


def test_half_characters_in_a_json_feed_can_be_fetched_and_stored() -> None:
    item = {"id": "x\ud83d", "url": "/\ud83d", "content_text": "The text.", "authors": [{"name": "A\ud83d"}]}
    feed = read_feed(json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [item]}).encode(), HERE)
    assert feed is not None and all(said.encode() for said in (feed.entries[0].link, feed.entries[0].key))


def test_sitemaps_newest_first() -> None:
    feed = read_feed(
        b"""<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
        <url><loc>http://n.example/old</loc><lastmod>2020-01-01</lastmod></url><url><loc> http://n.example/undated </loc></url>
        <url><loc>http://n.example/new</loc><news:news><news:publication><news:name>Post</news:name><news:language>en</news:language>
        </news:publication><news:publication_date>2022-11-13T08:00:00Z</news:publication_date><news:title>T</news:title></news:news></url>
        </urlset>""",
        HERE,
    )
    assert feed is not None
    assert [entry.link.rpartition("/")[2] for entry in feed.entries] == ["new", "old", "undated"]
    blurb = feed.entries[0].blurb
    assert (blurb.title, blurb.outlet, blurb.language, blurb.published) == ("T", "Post", "en", date(2022, 11, 13))
    listed = b"<sitemap><loc>/a.xml</loc></sitemap><sitemap><loc>/b.xml</loc><lastmod>2022</lastmod></sitemap>"
    feed = read_feed(b"<sitemapindex>" + listed + b"</sitemapindex>", HERE)
    assert feed is not None and feed.sitemaps == ("http://news.test/b.xml", "http://news.test/a.xml")


@pytest.mark.parametrize(
    "data", [b"", b"plain", page().encode(), b"<?xml version='1.0'?><html><rss/></html>", b"%PDF-1.4", b"{}", b"{"]
)
def test_other_things_are_no_feeds(data: bytes) -> None:
    assert read_feed(data, HERE) is None


BOMB = "<!DOCTYPE r [<!ENTITY a 'ha'>" + "".join(f"<!ENTITY a{n} '{f'&a{n - 1 or str()};' * 20}'>" for n in range(1, 9)) + "]>"


@pytest.mark.parametrize(
    "head",
    [
        BOMB,
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1/x">%p;]>',
    ],
    ids=["bomb", "file", "parameter"],
)
def test_a_feed_that_declares_entities_is_refused(head: str) -> None:
    with pytest.raises(ReadError, match="entities of its own"):
        read_feed(rss(("&a8;&x;", "http://n.example/", ""), head=head).encode(), HERE)


@pytest.mark.parametrize(
    "data",
    [
        rss(("T", "http://n.example/", "")).replace("<channel>", f"<channel>{BOMB}&a8;").encode(),
        b"<rss><channel>" + b"<item>" * 50_000, b"<rss" + b" a='1'" * 50_000, b"<rss>" + b"<!--" * 50_000,
        b"<rss><![CDATA[" * 9999,
        b" " * 8000 + b"<", b"<!---->" * 1100 + b"<", b"<?a?>" * 1600 + b"<", b"<!DOCTYPE a>" * 600 + b"<",
        b"<rss>" + b"\x00\xff" * 9999,
        b"<rss><channel><item><title>" + b"x" * 12_000_000, b"<rss>&" + b"a" * 1_000_000 + b";", b"<feed>" + b"&nbsp" * 200_000,
    ],
)  # fmt: skip
def test_hostile_xml_is_harmless_and_quick(data: bytes) -> None:
    begun = time.perf_counter()
    try:
        feed = read_feed(data, HERE)
    except ReadError:
        feed = None
    assert feed is None or len(str(feed)) < len(data) + 1000
    assert time.perf_counter() - begun < 2


def test_an_external_entity_loads_nothing(network_attempts: list[str]) -> None:
    dtd = '<!DOCTYPE rss SYSTEM "http://203.0.113.1/x.dtd">'
    feed = read_feed(rss(("T &eacute; &unknown; a & b", "http://n.example/", ""), head=dtd).encode(), HERE)
    assert feed is not None and feed.entries[0].blurb.title.startswith("T é &unknown; a")
    assert network_attempts == []


# --- what becomes of it -------------------------------------------------------------------------------------


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as opened:
        yield opened


@pytest.fixture
def chat(site: Site, tmp_path: Path) -> Iterator[Chat]:
    with rag.open_chat(tmp_path / "data", fetcher=site.fetcher()) as opened:
        yield opened


def titles(chat: Chat) -> list[str]:
    return sorted(article.title for article in chat.articles())


def test_a_page_its_304_its_change_and_its_removal(site: Site, chat: Chat) -> None:
    head = (
        '<link rel="canonical" href="http://www.news.test/bridge"><meta property="article:published_time" content="2022-11-15">'
    )
    head += '<meta name="author" content="Ada Moor">'
    url = site.put("/bridge?utm_source=x", page(head=head))
    (added,) = chat.add(url).added
    article = chat.article(added)
    assert (article.title, article.outlet, article.author) == ("Bridge reopens", "The River Post", "Ada Moor")
    assert (article.published, article.source, article.url) == (date(2022, 11, 15), url, "http://www.news.test/bridge")
    assert LEAD in article.text and "Home" not in article.text
    assert chat.search("northern bridge repairs")[0].article.id == added

    site.forget()
    assert chat.add(url).unchanged == (added,)
    assert site.asked[-1].headers["if-none-match"]
    # By another address of the same page it is the same article.
    assert chat.add(site.put("/bridge", page(head=head))).unchanged == (added,)

    site.put("/bridge?utm_source=x", page(lead="The northern bridge is closed again, the authority said on Friday.", head=head))
    assert chat.add(url).changed == (added,)
    assert "closed again" in chat.article(added).text and len(chat.articles()) == 1

    # What was removed comes back when it is added again, although its page has not changed. Till then no trace stays.
    chat.remove(added)
    assert b"/bridge" not in (chat.data_dir / "library.db").read_bytes()
    site.forget()
    chat.add(url, progress=lambda progress: None)
    assert "if-none-match" not in site.asked[-1].headers and len(chat.articles()) == 1


def test_a_feed_its_articles_and_the_blurbs_of_those_that_cannot_be_had(site: Site, chat: Chat) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /no\n", "text/plain")
    site.put("/a", page("First", head='<meta property="article:published_time" content="2022-11-15">'))
    site.put("/thin", "<html><body><p>Please accept our cookies.</p></body></html>")
    long = f"{LEAD} {SECOND}"
    feed = site.put(
        "/feed",
        rss(("First", "/a", "x"), ("First again", "/a?utm_source=feed", "x"), ("Gone", "/gone", BLURB),
            ("Kept out", "/no", BLURB + " Really."), ("Inside", "http://169.254.169.254/", BLURB + " Honestly."),
            ("Thin", "/thin", long), ("No text", "/gone2", "")),
        "application/rss+xml",
    )  # fmt: skip
    report = chat.add(feed)
    assert titles(chat) == ["First", "Gone", "Inside", "Kept out", "Thin"] and len(report.added) == 5
    by_title = {article.title: article for article in chat.articles()}
    assert LEAD in by_title["First"].text and by_title["First"].source == site.url("/a")
    assert (by_title["Gone"].text, by_title["Gone"].outlet, by_title["Gone"].source) == (BLURB, "River Post", feed)
    assert by_title["Thin"].text == long
    said = {failure.source.removeprefix(site.url("")): failure.reason for failure in report.failed}
    assert set(said) == {"/gone", "/no", "http://169.254.169.254/", "/thin", "/gone2"}
    assert all(("what its feed says of it was added instead" in reason) == (path != "/gone2") for path, reason in said.items())
    assert "robots.txt" in said["/no"] and "link-local" in said["http://169.254.169.254/"] and "only" in said["/thin"]

    # What is settled is not asked for again: one 304, and everything is as it was.
    site.forget()
    again = chat.add(feed)
    assert site.paths() == ["/feed"] and set(again.unchanged) == set(report.added) and not again.failed

    # A new entry, and another one that says something new: those two are asked for, the rest is not.
    site.put("/b", page("Second", SECOND))
    site.put("/gone", page("Gone", "The mayor resigned on Thursday after a long night in the council, " + LEAD))
    items = [
        ("First", "/a", "x"),
        ("Gone", "/gone", BLURB + " More."),
        ("Second", "/b", "x"),
        ("Kept out", "/no", BLURB + " Really."),
    ]
    site.put("/feed", rss(*items), "application/rss+xml")
    site.forget()
    third = chat.add(feed, prune=True)
    assert site.paths() == ["/feed", "/gone", "/b"]
    assert third.changed == (by_title["Gone"].id,) and len(third.added) == 1 and not third.removed
    assert "long night" in chat.article(by_title["Gone"].id).text
    assert chat.article(by_title["Gone"].id).url == site.url("/gone")


@pytest.mark.slow
def test_what_may_pass_is_tried_again(site: Site, chat: Chat) -> None:
    site.put("/a", page("First"))
    site.put("/busy", status=500)
    feed = site.put("/feed", rss(("First", "/a", "x"), ("Busy", "/busy", "")), "text/xml")
    assert len(chat.add(feed).failed) == 1
    site.put("/busy", page("Busy", SECOND))
    site.forget()
    assert len(chat.add(feed).added) == 1
    assert site.paths() == ["/feed", "/busy"] and "if-none-match" not in site.asked[0].headers


def test_a_broken_feed_takes_nothing_away(site: Site, chat: Chat) -> None:
    site.put("/a", page("First"))
    feed = site.put("/feed", rss(("First", "/a", "x")), "application/xml")
    chat.add(feed)
    for body, says in (
        (rss(), "no articles"),
        (rss(head=BOMB), "entities of its own"),
        ("<rss", "no articles|cannot be read|text"),
    ):
        site.put("/feed", body, "application/xml")
        report = chat.add(feed, prune=True)
        assert titles(chat) == ["First"] and not report.removed
        assert len(report.failed) == 1 and any(one in report.failed[0].reason for one in says.split("|")), report
    site.put("/feed", status=404)
    assert chat.add(feed, prune=True).failed and titles(chat) == ["First"]


@pytest.mark.slow
def test_no_feed_writes_over_anothers_articles(site: Site, chat: Chat) -> None:
    site.put("/story", page("Story"))
    (story,) = chat.add(site.url("/story")).added
    site.put("/story", status=500)
    evil = site.put("/evil", rss(("Story", "/story", "The mayor of the town is a liar and a thief.")), "text/xml")
    report = chat.add(evil)
    assert "is kept" in report.failed[0].reason and len(chat.articles()) == 1
    # A link of theirs that led to the story once, and to their own words later.
    site.put("/story", page("Story"))
    site.put("/evil", rss(("Story", "/theirs", "x")), "text/xml")
    site.put("/theirs", status=302, Location="/story")
    assert chat.add(evil).unchanged == (story,)
    site.put("/theirs", page("Story", "The mayor of the town is a liar and a thief, and everyone knows it by now."))
    chat.add(site.url("/theirs"))
    assert LEAD in chat.article(story).text and len(chat.articles()) == 2


@pytest.mark.slow
def test_a_sitemap_index_and_a_limit_on_how_much_is_taken_at_once(site: Site, chat: Chat) -> None:
    for number in range(MOST_ARTICLES + 3):
        site.put(f"/{number}", f"Story number {number} is that the bridge has {number} pylons.", "text/plain")
    listed = "".join(f"<url><loc>/{n}</loc><lastmod>2022-01-{n + 1:02}</lastmod></url>" for n in range(30))
    site.put("/old.xml.gz", gzip.compress(f"<urlset>{listed}</urlset>".encode()), "application/x-gzip")
    listed = "".join(f"<url><loc>/{n}</loc><lastmod>2022-03</lastmod></url>" for n in range(30, MOST_ARTICLES + 3))
    site.put("/new.xml", f"<urlset>{listed}</urlset>", "text/xml")
    site.put("/nested.xml", "<sitemapindex><sitemap><loc>/new.xml</loc></sitemap></sitemapindex>", "text/xml")
    index = site.put(
        "/sitemap.xml",
        "<sitemapindex><sitemap><loc>/old.xml.gz</loc><lastmod>2022-01</lastmod></sitemap><sitemap><loc>/new.xml</loc><lastmod>2022-03"
        "</lastmod></sitemap><sitemap><loc>/nested.xml</loc></sitemap></sitemapindex>",
        "text/xml",
    )
    steps: list[Progress] = []
    report = chat.add(index, progress=steps.append)
    assert len(report.added) == MOST_ARTICLES
    assert [failure.source for failure in report.failed] == [site.url("/nested.xml")]
    assert site.url("/0") not in {article.source for article in chat.articles()}, "the oldest are for another time"
    fetching = [step for step in steps if step.phase == "fetching"]
    assert any("lists 3 more" in step.note for step in fetching)
    assert max(step.done for step in fetching) <= max(step.total for step in fetching)
    site.forget()
    report = chat.add(index)
    assert len(report.added) == 3 and len(report.unchanged) == MOST_ARTICLES and len(chat.articles()) == MOST_ARTICLES + 3
    assert len([path for path in site.paths() if path.strip("/").isdecimal()]) == 3


@pytest.mark.slow
def test_every_entry_of_a_long_list_gets_its_turn(site: Site, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.gather.MOST_ARTICLES", 5)
    monkeypatch.setattr("index.gather.LOOK_AGAIN", timedelta(0))
    for number in range(12):
        site.put(f"/{number}", f"Story number {number} is that the bridge has {number} pylons.", "text/plain")
    listed = "".join(f"<url><loc>/{number}</loc></url>" for number in range(12))
    sitemap = site.put("/sitemap.xml", f"<urlset>{listed}</urlset>", "text/xml", ETag="")
    looks = []
    for _ in range(6):
        site.forget()
        report = chat.add(sitemap)
        looks.append([int(path.strip("/")) for path in site.paths()[1:]])
        assert not report.failed
    # Though all those that were had are due again each time. Then they take turns.
    assert looks == [
        [0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [0, 1, 2, 10, 11], [3, 4, 5, 6, 7], [0, 1, 2, 8, 9], [3, 4, 5, 10, 11],
    ]  # fmt: skip
    assert len(chat.articles()) == 12 and len(report.unchanged) == 12


def test_what_is_not_fetched_takes_no_ones_place(site: Site, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.gather.MOST_ARTICLES", 5)
    site.put("/a", page("Paged"))
    items = [(f"Item {number}", "", f"{BLURB} Town {number}.") for number in range(12)]
    nowhere = [(f"Nowhere {number}", f"ftp://n.test/{number}", "") for number in range(12)]
    feed = site.put("/feed", rss(*nowhere, *items, ("Paged", "/a", "x")), "text/xml")
    steps: list[Progress] = []
    report = chat.add(feed, progress=steps.append)
    assert titles(chat) == sorted(["Paged", *(title for title, _, _ in items)])
    assert len(report.failed) == 4 and not any("more" in step.note for step in steps)


@pytest.mark.parametrize("guid", longer("", "<guid isPermaLink='false'>g{0}</guid>", "<guid>/notes#d{0}</guid>"))
def test_notes_on_one_page_are_told_apart(site: Site, chat: Chat, guid: str) -> None:
    site.put("/notes", page("All notes"))

    def item(number: int, link: str, title: str, text: str) -> str:
        told = guid.format(number).replace("/notes", site.url("/notes"))
        return f"<item><link>{link}</link>{told}<title>{title}</title><description>{text}</description></item>"

    notes = [item(number, f"/notes#d{number}", f"Note {number}", f"{BLURB} Town {number}.") for number in range(4)]
    # The same story again: its title or its text is another's.
    twice = [item(7, "/notes#d7", "Note 2", "Other words."), item(8, "/notes#d8", "Other", f"{BLURB} Town 3.")]
    feed = site.put("/feed", rss().replace("</channel>", "".join([*notes, *twice]) + "</channel>"), "text/xml", ETag="")
    report = chat.add(feed)
    assert titles(chat) == ["All notes", "Note 1", "Note 2", "Note 3"] and not report.failed
    assert {article.url for article in chat.articles()} == {site.url("/notes")}
    site.forget()
    assert set(chat.add(feed).unchanged) == set(report.added) and site.paths() == ["/feed"]


@pytest.mark.slow
def test_a_wall_that_all_entries_lead_to_is_no_article(site: Site, chat: Chat) -> None:
    site.put("/consent", page("Before you continue"))
    site.put("/story", page("Story"))
    site.put("/short", status=302, Location="/story")
    site.put("/shorter", status=302, Location="/story")
    for number in range(5):
        site.put(f"/{number}", status=302, Location=f"/consent?utm_source={number}")
    site.pages |= {f"/consent?utm_source={number}": site.pages["/consent"] for number in range(5)}
    items = [(f"Town {number}", f"/{number}", f"{BLURB} Town {number}.") for number in range(3)]
    # Two short addresses of one story are no wall.
    stories = [("Story", "/short", "x"), ("Story", "/shorter", "x")]
    feed = site.put("/feed", rss(*items, *stories), "text/xml")
    report = chat.add(feed)
    walled = ["Story", "Town 0", "Town 1", "Town 2"]
    assert titles(chat) == walled
    assert [failure.source for failure in report.failed] == [site.url(f"/{number}") for number in range(3)]
    told = re.compile(
        r"it leads to \S+/consent\S*, as other entries of its feed do; what its feed says of it was added instead"
    )
    assert all(told.fullmatch(failure.reason) for failure in report.failed)

    # Known again when one comes alone: another story, or something new of an old one.
    items[1] = ("Town 1", "/1", f"{BLURB} Town 1, and more.")
    site.put("/feed", rss(("Town 3", "/3", f"{BLURB} Town 3."), *items, *stories), "text/xml")
    report = chat.add(feed)
    assert titles(chat) == [*walled, "Town 3"] and len(report.failed) == 2
    assert len(report.changed) == 1 and "and more" in chat.article(report.changed[0]).text

    # And when the wall is gone, the story takes its blurb's place.
    site.put("/2", page("Town 2", "The council of town 2 met for a whole night before the mayor resigned, its clerk said."))
    items[2] = ("Town 2", "/2", f"{BLURB} Town 2, at last.")
    site.put("/feed", rss(*items, *stories), "text/xml")
    (changed,) = chat.add(feed).changed
    assert "whole night" in chat.article(changed).text


@pytest.mark.slow
def test_a_kill_in_mid_feed_loses_nothing_that_is_not_fetched_again(site: Site, chat: Chat) -> None:
    site.put("/a", page("First"))
    site.put("/b", page("Second", SECOND))
    feed = site.put("/feed", rss(("First", "/a", "x"), ("Second", "/b", "x")), "text/xml")

    def interrupt(progress: Progress) -> None:
        if progress.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        chat.add(feed, progress=interrupt)
    report = chat.add(feed)
    assert titles(chat) == ["First", "Second"] and not report.failed
    assert not any("if-none-match" in asked.headers for asked in site.asked)


def test_odd_pages_and_other_formats(site: Site, chat: Chat) -> None:
    free: list[bool] = []

    def slow(request: BaseHTTPRequestHandler) -> None:
        # Whoever waits for a site must not keep others from writing.
        with writer_lock(chat.data_dir, "something else"):
            free.append(True)
        body = page("Slow").encode()
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    lines = "\n".join(json.dumps({"id": f"n:{n}", "title": f"Story {n}", "text": f"{LEAD} Part {n}."}) for n in (1, 2))
    sentence = "Инженеры снова открыли северный мост во вторник. "
    russian = f"<html><head><title>Мост</title></head><body><article><p>{sentence * 3}</p></article>"
    japanese = "北の橋は火曜日に再び開通したと港湾局が発表した。"
    blob = pdf([["Ferries sail to the northern island again, the harbour authority said."]])
    report = chat.add(
        site.act("/slow", slow),
        site.put("/evil", page("Evil", head='<link rel="canonical" href="https://good.test/story">')),
        site.put("/fan", page("Fan", head='<link rel="alternate" type="application/rss+xml" href="/feed">')),
        site.put("/doc?id=1", pdf([[LEAD, SECOND]]), "application/pdf"),
        site.put("/blob", blob, "application/octet-stream"),
        site.put("/note.md", f"---\ntitle: A note\n---\n\n{SECOND}", "text/plain"),
        site.put("/list", lines, "application/x-ndjson"),
        site.put("/ru", russian.encode("cp1251"), "text/html; charset=windows-1251"),
        site.put("/old", page("Won’t go").encode("cp1252"), "text/html; charset=ISO-8859-1"),
        site.put("/jp.txt", japanese.encode("iso-2022-jp"), "text/plain; charset=iso-2022-jp"),
    )
    assert not report.failed and len(report.added) == 11 and free == [True]
    assert "/feed" not in site.paths()
    stored = {article.source.removeprefix(site.url("")): article for article in chat.articles()}
    # A page that says it is another site's is shown where it was read.
    assert stored["/evil"].url == site.url("/evil")
    assert SECOND[:40] in stored["/doc?id=1"].text.replace("\n", " ") and stored["/doc?id=1"].url == site.url("/doc?id=1")
    assert stored["/note.md"].title == "A note"
    assert "Инженеры" in stored["/ru"].text
    assert stored["/old"].title == "Won’t go" and japanese in stored["/jp.txt"].text
    assert {"n:1", "n:2"} <= {article.id for article in chat.articles()}


def test_failures_are_told_and_the_collection_stays(site: Site, chat: Chat) -> None:
    empty = site.put("/empty", "<html><body></body></html>")
    addresses = [
        empty, empty, site.put("/gone", status=410), site.put("/x.png", b"\x89PNG\r\n\x1a\n", "text/plain"),
        site.put("/blob", b"\x01\x02", "application/octet-stream"), "http://10.0.0.1/", "http://user:pw@news.test/",
    ]  # fmt: skip
    reasons = [
        "no text of an article", "no text of an article", "(410)", "PNG image", "octet-stream", "a private address",
        "a user name or a password",
    ]  # fmt: skip
    report = chat.add(*addresses)
    assert [failure.source for failure in report.failed] == addresses
    for failure, reason in zip(report.failed, reasons, strict=True):
        assert reason in failure.reason
    assert not (report.added or report.changed or report.removed or report.unchanged)
    # A page that failed is asked for again as if for the first time.
    assert not any("if-none-match" in asked.headers for asked in site.asked)


def test_one_hostile_entry_costs_itself_only(site: Site, tmp_path: Path) -> None:
    def resolve(host: str, port: int) -> list[str]:
        if host == "odd.test":
            raise RuntimeError("nobody foresaw this")
        return site.resolve(host, port)

    site.put("/a", page("First"))
    site.put("/b", page("Last", SECOND))
    site.put("/late", status=429, Retry_After="Mon, 01 Jan 2024 00:00:00 +99999999999999999999")
    site.put("/long", "x", Content_Length="9" * 5_000)
    half = "\ud800"
    entries = [
        {"id": 1, "url": "/a"}, {"id": 2, "url": f"/{half}"}, {"id": 3, "url": "http://odd.test:8080/", "title": "Odd"},
        {"id": f"4{half}", "title": f"Half{half}", "content_text": f"{BLURB}{half}"}, {"id": 5, "url": "/long"},
        {"id": 6, "url": "/b"}, {"id": 8, "url": "/" + "é" * 2_000, "title": "Too long"}, {"id": 7, "url": "/late"},
    ]  # fmt: skip
    written = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": half, "items": entries})
    feed = site.put("/feed.json", written, "application/feed+json")
    with rag.open_chat(tmp_path / "data", fetcher=site.fetcher(resolve=resolve)) as chat:
        report = chat.add("http://odd.test:8080/", feed)
        assert titles(chat) == ["First", "Half\ufffd", "Last"] and len(report.added) == 3
    said = {failure.source.removeprefix(site.url("")): failure.reason for failure in report.failed}
    assert set(said) == {"/%EF%BF%BD", "http://odd.test:8080/", "/long", "/late", "/" + "é" * 2_000}
    assert "asks for fewer requests" in said["/late"] and "RuntimeError" in said["http://odd.test:8080/"]


def test_a_library_from_before_web_addresses_gets_its_table(site: Site, tmp_path: Path) -> None:
    rag.open_chat(tmp_path / "old").close()
    library = sqlite3.connect(tmp_path / "old" / "library.db")
    library.executescript("DROP TABLE visits_gave; DROP TABLE visits;")
    library.close()
    with rag.open_chat(tmp_path / "old", fetcher=site.fetcher()) as chat:
        chat.add(site.put("/a", page()))
        assert len(chat.add(site.url("/a")).unchanged) == 1
