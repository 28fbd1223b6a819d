"""What the page says: answers, notices and the sources panel, as HTML."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest

from index.address import followable
from index.catalogue import Entry, Listing, Query, Version, overview
from index.types import Article, Failure, Passage, Progress, Report
from rag.feeds import Feed
from rag.find_quote import find
from rag.types import Answer, Citation, Claim, Label, Verdict
from rag.verbatim import WORD_FOR_WORD
from ui import library, quotes, render, sources

HOSTILE = "<img src=x onerror=alert(1)> & \"quoted\" 'too' {{this}} ${alert(2)} ![x](https://e.example/x.png)"
MOMENT = datetime(2022, 11, 14, 9, 30, tzinfo=UTC)
FEED = Feed("https://news.example/feed.xml", 3600.0, MOMENT)
QUOTED = Verdict("quoted", 1.0)

ARTICLE = Article(
    id="a1",
    title="The bridge reopens",
    text=("The bridge reopened on Monday. It had been closed for a year.\n\nTraffic 🚦 flows again. The bridge is new."),
    source="bridge.md",
    url="https://news.example/bridge",
    outlet="The Example",
    author="A. Writer",
    published=date(2022, 11, 13),
)


def cite(number: int, quote: str, article: Article = ARTICLE) -> Citation:
    start = article.text.index(quote)
    return Citation(number, article, start, start + len(quote), quote)


def answer(*claims: Claim, answered: bool = True, text: str = "", searched: str = "q") -> Answer:
    citations = tuple(citation for claim in claims for citation in claim.citations)
    return Answer("q", searched, text, claims if answered else (), citations, (), answered, "quote", 0.1)


def plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html)).replace("\u2060", "")


def current(html: str) -> str:
    return "".join(unescape(words) for words in re.findall(r'<mark class="current"[^>]*>([^<]*)</mark>', html))


def only_our_tags(html: str) -> None:
    assert "<img" not in html and "<script" not in html
    for tag in re.findall(r"<[^>]*>", html):
        assert not re.search(r"\son\w+\s*=(?!\S*&quot;)", re.sub(r'"[^"]*"', '""', tag)), tag


def test_a_day_is_printed_as_in_a_newspaper() -> None:
    assert render.day(date(2022, 11, 3)) == "3 November 2022"


def test_a_quotation_has_its_lead_its_marks_and_its_marker() -> None:
    citation = cite(1, "The bridge reopened on Monday.")
    claim = Claim(citation.quote, (citation,), QUOTED, "The bridge reopens, The Example, 13 November 2022:", ((23, 29),))
    html = render.answer(answer(claim), 4)
    assert plain(html) == ("The bridge reopens, The Example, 13 November 2022: “The bridge reopened on Monday.”[1]")
    assert "<cite>The bridge reopens</cite>, The Example" in html
    assert "<strong>Monday</strong>." in html
    assert '<a href="#src-4-1" class="cite" title="The bridge reopens: “The bridge reopened on Monday.”">[1]</a>' in html


def test_a_claim_without_a_lead_continues_the_paragraph() -> None:
    first, second, third = (
        cite(1, "The bridge reopened on Monday."),
        cite(2, "It had been closed for a year."),
        cite(3, "The bridge is new."),
    )
    html = render.answer(
        answer(
            Claim(first.quote, (first,), QUOTED, "The bridge reopens:"),
            Claim(second.quote, (second,), QUOTED),
            Claim(third.quote, (third,), QUOTED, "The bridge reopens:"),
        ),
        1,
    )
    assert html.count("<p>") == 2
    assert html.index("a year.") < html.index("</p>") < html.index("is new.")


@pytest.mark.parametrize("label", ["supported", "partly", "unsupported", "contradicted"])
def test_words_of_a_model_are_not_put_in_quotation_marks(label: Label) -> None:
    citation = cite(1, "The bridge is new.")
    claim = Claim("The bridge was rebuilt.", (citation,), Verdict(label, 0.4, ("says <b>less</b>",)))
    html = render.answer(answer(claim), 1)
    assert "“The bridge was" not in html
    said = {"partly": "partly supported", "unsupported": "not supported", "contradicted": "contradicted"}.get(label)
    assert (said in html) if said else "verdict" not in html
    assert "<b>less" not in html


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ((), "a&lt;b c"),
        (((0, 3),), "<strong>a&lt;b</strong> c"),
        (((4, 99),), "a&lt;b <strong>c</strong>"),
        (((0, 3), (1, 5)), "<strong>a&lt;b</strong><strong> c</strong>"),
    ],
)
def test_emphasis(spans: tuple[tuple[int, int], ...], expected: str) -> None:
    assert render.emphasised("a<b c", spans) == expected


def test_an_unanswered_question_is_told_as_such_with_the_nearest_passages() -> None:
    citation = cite(1, "The bridge reopened on Monday.")
    html = render.answer(
        replace(
            answer(answered=False, text="The articles do not say.\n\nNearest:\n\n- *T*: “The bridge” [1]"),
            citations=(citation,),
        ),
        2,
    )
    assert 'class="answer unanswered"' in html and "failure" not in html
    assert html.index("The articles do not say.") < html.index("nearest passages") < html.index("#src-2-1")
    assert '<cite>The bridge reopens</cite>, The Example, <span class="day">13 November 2022</span>' in html
    assert "Nearest:" not in html and html.count("The bridge reopened on Monday.") == 2


def test_an_article_without_a_title_goes_by_its_file_or_address() -> None:
    untitled = replace(ARTICLE, title="", source="/srv/secret/news.txt")
    html = sources.source([cite(1, "The bridge is new.", untitled)], 1, 1)
    assert ">news.txt</h2>" in html and "/srv" not in html
    assert render.headline(replace(untitled, source="https://news.example/a/b")) == "https://news.example/a/b"


def test_a_failure_does_not_look_like_an_answer() -> None:
    html = render.failure("The server is away. Try again.")
    assert "The server is away." in html and "answer" not in html.replace("The server", "")


def test_what_was_searched_is_told_when_it_differs() -> None:
    claim = Claim("x", (), QUOTED)
    assert "Searched for" not in render.answer(answer(claim), 1)
    assert "Searched for: bridge &lt;1&gt;" in render.answer(answer(claim, searched="bridge <1>"), 1)


def test_everything_is_escaped() -> None:
    article = replace(
        ARTICLE,
        title=HOSTILE,
        outlet=HOSTILE,
        author=HOSTILE,
        url="javascript:alert(1)",
        text=f"Before. {HOSTILE} After.",
    )
    citation = cite(1, HOSTILE, article)
    claim = Claim(HOSTILE, (citation,), Verdict("partly", 0.5, (HOSTILE,)), f"{HOSTILE}, {HOSTILE}:", ((0, 9),))
    failed = Report(added=(HOSTILE,), failed=(Failure(HOSTILE, HOSTILE),))
    for html in (
        render.question(HOSTILE),
        render.working(HOSTILE, ""),
        render.working("", HOSTILE),
        render.stopped(HOSTILE),
        render.failure(HOSTILE),
        render.answer(answer(claim, searched=HOSTILE), 1),
        render.answer(replace(answer(answered=False, text=HOSTILE), citations=(citation,)), 1),
        render.masthead(render.collection(overview([article]))),
        render.start(1, [HOSTILE]),
        render.progress(Progress("reading", 1, 2, note=HOSTILE)),
        render.added(failed, {HOSTILE: HOSTILE}),
        sources.source([citation], 1, 1, claims=[claim]),
        sources.article(article, [Version(1, article, MOMENT, True), Version(2, article, MOMENT, False)], place=(0, 5)),
        sources.removed(article, copy=True),
        sources.trouble(HOSTILE),
        library.filters([(HOSTILE, 3)]),
        library.entry(Entry(article, MOMENT, MOMENT, 2)),
        library.entry(Entry(replace(article, id=HOSTILE, outlet=""), MOMENT, MOMENT, 1)),
        library.feeds([replace(FEED, url=HOSTILE), replace(FEED, looked=MOMENT, error=HOSTILE)]),
        library.feeds([replace(FEED, looked=MOMENT, unread=2, failed=(HOSTILE,))]),
        quotes.results(find(HOSTILE, [(Passage("p", "a1", 0, 9, "x"), article)]), collection=1),
    ):
        only_our_tags(html)
        assert "onerror" in html, "the text itself is still shown"
    assert current(sources.source([citation], 1, 1)) == HOSTILE
    assert "javascript:" not in sources.source([citation], 1, 1)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "//news.example/x",
        "https:news",
        "http://",
        "java\nscript:alert(1)",
        "https://news.example/\nx",
        "https://[bad",
        "ftp://news.example",
        "\\\\host\\share",
        "",
    ],
)
def test_an_address_that_is_none_is_no_link(url: str) -> None:
    assert followable(url) == ""
    assert "<a " not in sources.source([cite(1, "The bridge is new.", replace(ARTICLE, url=url))], 1, 1)


def test_the_original_opens_elsewhere_and_learns_nothing() -> None:
    html = sources.source([cite(1, "The bridge is new.")], 1, 1)
    assert (
        '<a href="https://news.example/bridge" target="_blank" rel="noopener noreferrer nofollow">'
        "Read the original at news.example</a>"
    ) in html


def test_the_panel_marks_every_run_of_the_article_and_the_current_one_apart() -> None:
    cited = [cite(1, "The bridge reopened on Monday."), cite(2, "🚦 flows"), cite(3, "It had been")]
    html = sources.source(cited, 7, 2)
    assert current(html) == "🚦 flows"
    assert re.findall(r"<mark>([^<]*)</mark>", html) == ["The bridge reopened on Monday.", "It had been"]
    assert 'data-current="src-7-2"' in html
    assert re.findall(r'data-go="([^"]*)" aria-label="(\w+)', html) == [
        ("src-7-1", "Previous"),
        ("src-7-3", "Next"),
    ]
    assert "[2] of 3" in html
    text = html[html.index('class="text"') :]
    assert plain(text.split(">", 1)[1].replace("</p><p>", "\n\n")) == ARTICLE.text


def test_the_first_and_the_last_citation_have_an_end() -> None:
    cited = [cite(1, "The bridge reopened on Monday."), cite(2, "The bridge is new.")]
    assert re.findall(r"<button[^>]* disabled [^>]*>", sources.source(cited, 1, 1)) == [
        '<button type="button" class="step" disabled aria-label="Previous citation">'
    ]
    assert 'disabled aria-label="Next citation"' in sources.source(cited, 1, 2)


def test_a_run_over_paragraphs_and_over_another_run_is_whole() -> None:
    long = cite(1, "closed for a year.\n\nTraffic 🚦 flows")
    inner = cite(2, "year.\n\nTraffic")
    assert current(sources.source([long, inner], 1, 1)) == "closed for a year.Traffic 🚦 flows"
    html = sources.source([long, inner], 1, 2)
    assert current(html) == "year.Traffic"
    assert re.findall(r"<mark>([^<]*)</mark>", html) == ["closed for a ", " 🚦 flows"]


def test_only_runs_of_the_same_version_are_marked() -> None:
    newer = replace(ARTICLE, text="The bridge closed. " + ARTICLE.text)
    html = sources.source([cite(1, "The bridge is new."), cite(2, "The bridge closed.", newer)], 1, 1)
    assert html.count("<mark") == 1


def test_lines_are_paragraphs_where_there_are_no_blank_ones() -> None:
    lines = replace(ARTICLE, text="One line.\nAnother line.\nThe last.")
    assert sources.source([cite(1, "Another", lines)], 1, 1).count("<p>") == 3


def test_a_marker_of_no_citation_gives_the_empty_panel() -> None:
    assert sources.source([], 1, 1) == sources.EMPTY
    assert sources.source([cite(1, "The bridge is new.")], 1, 9) == sources.EMPTY


def test_a_long_article_is_cut_to_a_window_around_the_quote() -> None:
    text = "\n\n".join(f"Paragraph {number} of a very long article 🚦." for number in range(30_000))
    article = replace(ARTICLE, text=text)
    for quote in ("Paragraph 0 of", "Paragraph 15000 of", "Paragraph 29999 of a very long article 🚦."):
        citation = cite(1, quote, article)
        html = sources.source([citation], 1, 1)
        assert current(html) == quote
        assert len(html) < 40_000
        assert "Show the whole article" in html
    whole = sources.source([citation], 1, 1, whole=True)
    assert current(whole) == quote and "Paragraph 0 of" in whole and "Show the whole" not in whole


@pytest.mark.parametrize(
    ("length", "start", "end", "expected"),
    [
        (100, 10, 20, (0, 100)),
        (1000, 0, 10, (0, 200)),
        (1000, 990, 1000, (800, 1000)),
        (1000, 500, 510, (405, 605)),
        (1000, 100, 700, (100, 700)),
    ],
)
def test_the_window_holds_the_quote(length: int, start: int, end: int, expected: tuple[int, int]) -> None:
    assert sources.window(length, start, end, 200) == expected


def test_the_collection_in_a_line() -> None:
    other = replace(ARTICLE, id="a2", outlet="Another", published=date(2021, 2, 1))
    undated = replace(ARTICLE, id="a3", outlet="", published=None)
    assert render.collection(overview([])) == "No articles yet"
    assert render.collection(overview([ARTICLE])) == "1 article, 13 November 2022, from The Example"
    assert render.collection(overview([ARTICLE, other, ARTICLE])) == (
        "3 articles, 1 February 2021 – 13 November 2022, from The Example and Another"
    )
    assert render.collection(overview([undated, undated])) == "2 articles"
    assert render.collection(overview([ARTICLE, undated, other])) == (
        "3 articles, 2 of them dated 1 February 2021 – 13 November 2022, from Another and The Example"
    )
    many = [replace(ARTICLE, outlet=f"Outlet {number}") for number in range(9)]
    assert render.collection(overview(many)).endswith("from Outlet 0, Outlet 1 and 7 more outlets")


def test_an_empty_collection_says_how_to_fill_it() -> None:
    html = render.start(0, [])
    assert "dateline add FOLDER" in html and "Add articles</button>" in html and "suggestion" not in html


def test_progress_tells_what_is_known() -> None:
    assert plain(render.progress(Progress("reading", 3, 0))) == "Reading articles: 3"
    told = render.progress(Progress("embedding", 1200, 5000, 310.2, 12.4))
    assert plain(told) == "Indexing passages: 1,200 of 5,000, 310 a second, about 12 seconds left"
    assert 'max="5000" value="1200">' in told


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "a moment"), (1, "1 second"), (59, "59 seconds"), (61, "1 minute"), (7300, "2 hours")],
)
def test_a_duration_in_words(seconds: float, said: str) -> None:
    assert render.duration(seconds) == said


def test_what_was_added_is_listed_with_failures_and_reasons() -> None:
    report = Report(added=("a1",), unchanged=("a2",), failed=(Failure("/home/me/uploads/scan.pdf", "it has no text"),))
    html = render.added(report, {"a1": "The bridge reopens"})
    assert "Added (1)" in html and "The bridge reopens" in html and "a2" in html
    assert "scan.pdf: it has no text" in html and "/home/me" not in html
    assert "nothing to add" in render.added(Report(), {})


def test_a_very_long_list_is_cut() -> None:
    html = render.added(Report(added=tuple(f"id{number}" for number in range(5000))), {})
    assert "Added (5000)" in html and "and 4,960 more" in html and len(html) < 5000


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 10, "short"),
        ("a b\n\n c", 10, "a b c"),
        ("one two, three four", 10, "one two …"),
        ("x" * 30, 10, "x" * 10 + " …"),
    ],
)
def test_a_text_is_shortened_at_a_word(text: str, limit: int, expected: str) -> None:
    assert render.shorten(text, limit) == expected


# The check, in the panel


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("supported", "✓ Supported by these words probability that they support it: 40%"),
        ("partly", "~ Only partly supported"),
        ("unsupported", "? Not supported"),
        ("contradicted", "≠ Contradicted"),
    ],
)
def test_the_panel_tells_what_the_check_says_and_why(label: Label, said: str) -> None:
    first, second = cite(1, "The bridge is new."), cite(2, "It had been")
    claims = [
        Claim("The bridge was rebuilt.", (first,), Verdict(label, 0.4, ("the words say less", "another year"))),
        Claim("Closed for years.", (second,), Verdict("supported", 0.9)),
    ]
    html = sources.source([first, second], 1, 1, claims=claims)
    assert said in plain(html) and "The answer says: “The bridge was rebuilt.”" in plain(html)
    assert "<li>the words say less</li><li>another year</li>" in html and "Closed for years" not in html
    both = [replace(claim, citations=(first,)) for claim in claims]
    assert sources.source([first, second], 1, 1, claims=both).count("<aside") == 2


def test_a_quotation_needs_no_reasons_and_a_passage_near_to_the_question_says_what_it_is() -> None:
    citation = cite(1, "The bridge is new.")
    html = sources.source([citation], 1, 1, claims=[Claim(citation.quote, (citation,), QUOTED)])
    assert "Quoted word for word" in html and "certainty" not in html and "The answer says" not in html
    assert "The articles do not answer" in sources.source([citation], 1, 1, claims=[])
    assert 'class="check' not in sources.source([citation], 1, 1)


@pytest.mark.parametrize("label", ["partly", "unsupported", "contradicted"])
def test_a_doubtful_sentence_is_marked_by_more_than_words(label: Label) -> None:
    claim = Claim("The bridge was rebuilt.", (), Verdict(label, 0.4))
    assert f'<span class="words {label}">The bridge was rebuilt.</span>' in render.claim(claim, 1)


def test_who_the_article_has_say_it_is_shown_beside_the_sentence_and_in_the_panel() -> None:
    citation = cite(1, "The bridge is new.")
    verdict = Verdict("quoted", 1.0, (WORD_FOR_WORD, "the source has somebody say it: <b>"), "<b>")
    claim = Claim(citation.quote, (citation,), verdict)
    assert "[in the article: &lt;b&gt;]" in render.claim(claim, 1)
    panel = sources.source([citation], 1, 1, claims=[claim])
    assert "<li>the source has somebody say it: &lt;b&gt;</li>" in panel and WORD_FOR_WORD not in panel


# The library


def version(number: int, *, current: bool) -> Version:
    return Version(number, ARTICLE.without_text(), MOMENT + timedelta(days=number), current)


def test_an_article_of_the_library_with_its_versions() -> None:
    versions = [version(2, current=True), version(1, current=False)]
    html = sources.article(ARTICLE, versions)
    assert 'data-current="article/a1"' in html and "2 versions" in html and "<mark" not in html
    assert 'data-open="article/a1" aria-current="true">Version 2, the current one' in html
    assert "Taken in on 16 November 2022, 09:30 UTC" in html and "answers no more" not in html
    assert 'class="removal" role="group" aria-label="Remove this article?" hidden' in html
    earlier = sources.article(ARTICLE, versions, number=1)
    assert 'data-current="version/1/a1"' in earlier and "answers no more" in earlier
    assert 'data-open="version/1/a1" aria-current="true"' in earlier
    assert "versions</summary>" not in sources.article(ARTICLE, versions[:1])


def test_a_place_in_an_article_is_marked() -> None:
    start = ARTICLE.text.index("🚦 flows")
    html = sources.article(ARTICLE, [version(1, current=True)], place=(start, start + 7))
    assert current(html) == "🚦 flows" and f'data-current="quote/{start}/{start + 7}/a1"' in html


def test_what_was_removed_is_told() -> None:
    assert "The bridge reopens" in plain(sources.removed(ARTICLE, copy=False))
    assert "stays where it is" in sources.removed(ARTICLE, copy=False)
    assert "deleted too" in sources.removed(ARTICLE, copy=True)
    assert "bring it back" in sources.removed(replace(ARTICLE, source="https://news.example/feed"), copy=False)


def entries(count: int) -> tuple[Entry, ...]:
    return tuple(Entry(replace(ARTICLE, id=f"a{n}"), MOMENT, MOMENT, 1) for n in range(count))


def test_a_page_of_the_list() -> None:
    html = library.listing(Listing(entries(50), 120), Query(offset=50, limit=50), collection=120)
    assert "51 – 100 of 120 articles" in html and "Page 2 of 3" in html and html.count("<li>") == 50
    assert re.findall(r'data-offset="(\d+)"', html) == ["0", "100"]
    last = library.listing(Listing(entries(20), 120), Query(offset=100, limit=50), collection=120)
    assert "101 – 120 of 120" in last and '<button type="button" disabled>Next' in last
    one = library.listing(Listing(entries(1), 1), Query(), collection=1)
    assert ">1 article<" in one and "Pages" not in one
    assert "added 14 November 2022" in one and "13 November 2022" in one and 'data-open="article/a0"' in one
    assert "No article fits" in library.listing(Listing((), 0), Query(search="x"), collection=3)
    assert "no articles yet" in library.listing(Listing((), 0), Query(), collection=0)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, Query()),
        (
            {"search": "x", "since": "2022-01-01", "outlet": "O", "order": "title", "offset": "100"},
            Query("x", date(2022, 1, 1), None, "O", order="title", offset=100),
        ),
        ({"since": "yesterday", "order": "size", "offset": "-1"}, Query()),
        ({"offset": "9" * 40, "until": "2022-13-01"}, Query()),
    ],
)
def test_what_the_form_sends_is_read_with_care(sent: dict[str, str], expected: Query) -> None:
    assert library.query_of(sent, 50) == expected


def test_a_watched_feed_tells_how_it_is() -> None:
    now = MOMENT + timedelta(minutes=10)
    assert "No feed is watched" in library.feeds([])
    fresh = plain(library.feeds([FEED], now))
    assert "every hour · to be looked at in a moment" in fresh
    looked = replace(FEED, looked=MOMENT, due=MOMENT + timedelta(hours=1), added=3, changed=1, unread=12, failed=("a: gone",))
    told = plain(library.feeds([looked], now))
    assert "looked at 10 minutes ago · again in 50 minutes" in told and "3 new, 1 changed" in told
    assert "12 pages could not be had" in told and "a: gone" in told and "and 11 more" in told
    assert "being looked at now" in library.feeds([replace(looked, looking=True)], now)
    broken = plain(library.feeds([replace(looked, error="It is away.", failures=2)], now))
    assert "It could not be looked at" in broken and "It is away." in broken and "3 new" not in broken
    unread = library.feeds([replace(looked, added=0, changed=0, failures=1, failed=("It is away.",), unread=1)], now)
    assert "It could not be looked at" in unread and "nothing new" not in unread
    assert "every 5 minutes" in library.feeds([replace(FEED, every=300.0)], now)


def test_places_of_remembered_words() -> None:
    article = replace(ARTICLE, text="Before it. The bridge reopened on Monday. After it.")
    passage = Passage("p", "a1", 0, 50, "x")
    html = quotes.results(find("the bridge reopens on Monday", [(passage, article)]), collection=1)
    assert "Not found word for word, nearly the same words in 1 article" in html
    assert "<mark>The bridge reopened on Monday</mark>." in html and "Before it" not in html
    assert "“reopened” for your “reopens”" in html and 'data-open="quote/11/40/a1"' in html
    exact = quotes.results(find("The bridge reopened", [(passage, article)]), collection=1)
    assert "Found in 1 article" in exact and "Word for word" in exact
    assert "in none of the articles" in quotes.results([], collection=1)
    assert "no articles yet" in quotes.results([], collection=0)
