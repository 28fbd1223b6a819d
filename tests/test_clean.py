from __future__ import annotations

import time

import pytest

from index.errors import ReadError
from index.reading.characters import decode, normalise
from index.reading.clean import clean_markup, clean_plain, has_markup, headline_and_text
from index.reading.records import readable

LEAD = (
    "Engineers reopened the northern bridge on Tuesday after eleven weeks of repairs, "
    "the harbour authority said in a statement."
)
SECOND = "Traffic had been sent through the old tunnel since the storm of 3 March, which tore away two of the six pylons."
MENU = "".join(f"*   [{name}](https://news.example/{name.lower()})\n" for name in ("Home", "World", "Sport", "Arts"))


def page(*middle: str) -> str:
    """A web page turned to Markdown: a menu, the article, a list of links and a footer."""
    return "\n\n".join(
        [
            "Bridge reopens | The Harbour News\n\n===============",
            "The Wayback Machine - https://web.example/2020/bridge",
            "[Skip to content](https://news.example/#main)",
            MENU,
            "![Image 12: logo](https://news.example/logo.png)",
            *middle,
            "#### Share this:",
            "*   [Facebook](https://f.example)\n*   [Twitter](https://t.example)",
            "### Related stories",
            "[Tunnel closed for the summer](https://news.example/1)\n\n[Ferry prices rise](https://news.example/2)",
            "© 2020 The Harbour News. All rights reserved.",
        ]
    )


def test_a_page_becomes_its_article_and_nothing_else() -> None:
    cleaned = clean_markup(page("Bridge reopens\n------", LEAD, SECOND), "Bridge reopens")
    assert cleaned == f"{LEAD}\n\n{SECOND}"


@pytest.mark.parametrize(
    "kept",
    [
        "He resigned.",
        "“Never again,” she said.",
        "Who paid for it?",
        "We all knew it would come to this, our mayor said.",
        "The ministry wants sites to ask before they set cookies, and parliament agrees.",
        "桥梁于周二重新开放。",
        "Log in to the control room.",
    ],
)
def test_short_prose_stays_wherever_it_stands(kept: str) -> None:
    assert kept in clean_markup(page(LEAD, kept, SECOND))
    assert kept in clean_markup(page(LEAD, SECOND, kept))


@pytest.mark.parametrize(
    "junk",
    [
        "We use cookies to improve your experience. By continuing to browse you agree to our use of cookies.",
        "[Sign in](https://news.example/in) or [subscribe](https://news.example/sub)",
        "Advertisement",
        "Read more",
        "32 comments",
        "[Home](https://n.example) > [News](https://n.example/n) > [Harbour](https://n.example/h)",
    ],
)
def test_what_belongs_to_the_page_goes(junk: str) -> None:
    cleaned = clean_markup(page(junk, LEAD, SECOND))
    assert LEAD in cleaned
    assert junk.split("]")[0].strip("[") not in cleaned


def test_headings_stay_over_text_and_go_over_links() -> None:
    cleaned = clean_markup(f"{LEAD}\n\n## The tunnel\n\n{SECOND}\n\n## More from us\n\n{MENU}")
    assert "\n\nThe tunnel\n\n" in cleaned
    assert "More from us" not in cleaned


def test_a_list_of_facts_stays_each_on_its_line() -> None:
    facts = "- Two pylons are new.\n- Eleven weeks of work\n- [The authority](https://h.example) paid 4 million."
    assert "• Two pylons are new.\n• Eleven weeks of work\n• The authority paid 4 million." in clean_markup(
        f"{LEAD}\n\n{facts}\n\n{SECOND}"
    )


def test_a_list_of_links_stays_where_a_sentence_introduces_it() -> None:
    links = "".join(f"- [{name}](https://n.example/{name})\n" for name in ("Ferries", "Tunnels", "Bridges"))
    introduced = f"{LEAD}\n\nThe authority runs the following:\n\n{links}\n{SECOND}"
    assert "following:\n\n• Ferries\n• Tunnels\n• Bridges" in clean_markup(introduced)
    assert "Ferries" not in clean_markup(f"{LEAD}\n\n{links}\n{SECOND}")


def test_byline_and_standfirst_under_the_headline_stay() -> None:
    standfirst = "Six thousand cars a day return to the northern shore"
    middle = (
        "# Bridge reopens",
        standfirst,
        "By [Ada Moor](https://n.example/ada)",
        "May 19, 2020",
        MENU,
        LEAD,
        SECOND,
    )
    cleaned = clean_markup(page(*middle), "Bridge reopens")
    assert cleaned.split("\n\n")[:3] == [standfirst, "By Ada Moor", "May 19, 2020"]


def test_links_without_prose_around_them_are_better_than_nothing() -> None:
    assert clean_markup("[Tunnel closed](https://n.example/1)\n\n[Prices rise](https://n.example/2)")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("The **bridge** is _open_ again.", "The bridge is open again."),
        ("See [the *report*](https://x.example/a_(b)) now.", "See the report now."),
        ("A ![chart](https://x.example/c.png) here.", "A here."),
        ("[![logo](https://x.example/l.png)The report](https://x.example) came out on Monday, he said.",
         "The report came out on Monday, he said."),
        ("one&nbsp;&amp;&#8212;two", "one &—two"),
        ("2 * 3 * 4 is 24 and snake_case_name stays.", "2 * 3 * 4 is 24 and snake_case_name stays."),
        ("Prices <b>rose</b> while a < b and c > d.", "Prices rose while a < b and c > d."),
        (r"Not \*stressed\* and not \[linked\].", "Not *stressed* and not [linked]."),
        ("**_The Bridge_**has been open since [May](https://x.example)according to him.",
         "The Bridge has been open since May according to him."),
        ("Two [bus](https://x.example)es came.", "Two buses came."),
        ("See [the report][1] now.\n\n[1]: https://x.example/report", "See the report now."),
        ("> He said so.\n> Twice.", "He said so. Twice."),
        ("Wrapped at\nthe margin of a page.", "Wrapped at the margin of a page."),
        ("A line.  \nAnother line.", "A line.\nAnother line."),
        ("A line.<br>Another line.", "A line.\nAnother line."),
        ("```\ncode = *x*\n```", "code = *x*"),
        ("这座桥在经过十一周的维修之后于周二上午重新开放并且\n恢复了通车。",
         "这座桥在经过十一周的维修之后于周二上午重新开放并且恢复了通车。"),
    ],
)  # fmt: skip
def test_markdown_is_read_as_a_reader_sees_it(written: str, read: str) -> None:
    assert clean_markup(written).replace("\n\n", "\n") == read


def test_tables_keep_their_values() -> None:
    table = "| Year | Cars | Toll |\n| --- | --- | --- |\n| 2019 | 6,100 | 2.5 |\n\n| Length | 840 m |\n|--|--|"
    cleaned = clean_markup(f"{LEAD}\n\n{table}")
    assert "Year | Cars | Toll\n2019 | 6,100 | 2.5" in cleaned
    assert "Length: 840 m" in cleaned


def test_markup_is_told_from_plain_text() -> None:
    assert has_markup("See [this](https://x.example) for more.")
    assert has_markup("<p>One.</p><p>Two.</p>")
    assert not has_markup("The * marks a footnote, and 5 > 3 (see [1]).")
    assert not has_markup("# is the number sign, he said. C# is a language.")


def test_plain_text_in_a_record_keeps_its_stars_and_its_html_is_read() -> None:
    assert readable("Rated *** by 3 of 4 critics, and a_b_c stays.", "") == "Rated *** by 3 of 4 critics, and a_b_c stays."
    assert readable(f"<p>{LEAD}</p><p>{SECOND} <a href='/x'>More</a></p>", "") == f"{LEAD}\n\n{SECOND} More"


def test_hard_wrapped_paragraphs_are_joined_and_verse_is_not() -> None:
    wrapped = (
        "Engineers reopened the northern bridge on Tuesday after eleven\n"
        "weeks of repairs, the harbour authority said in a statement to\n"
        "the press.\n\n"
        "Traffic had been sent through the old tunnel since the storm of\n"
        "3 March."
    )
    assert clean_plain(wrapped).count("\n") == 2
    assert "eleven weeks" in clean_plain(wrapped)
    verse = "The bridge is down,\nthe river wide,\nand no one left\nto cross the tide."
    assert clean_plain(verse) == verse


def test_paragraphs_parted_by_one_line_break_are_paragraphs() -> None:
    assert clean_plain(f"{LEAD}\n{SECOND}") == f"{LEAD}\n\n{SECOND}"


def test_a_bulleted_line_stays_on_its_own() -> None:
    assert clean_plain(f"{LEAD}\n\n  • The tunnel stays open\n\n{SECOND}").split("\n\n")[1] == "• The tunnel stays open"


def test_a_slug_at_the_end_and_a_menu_at_the_start_of_plain_text_go() -> None:
    assert clean_plain(f"{LEAD}\n\n{SECOND}\n\n\nhbr-general-02") == f"{LEAD}\n\n{SECOND}"
    assert clean_plain(f"Home\nWorld\nSport\nArts\nWeather\n\n{LEAD}\n\n{SECOND}") == f"{LEAD}\n\n{SECOND}"
    names = "Norway\nFrance\nChina\nGhana\nPeru"
    assert clean_plain(f"{LEAD}\n\n{names}").endswith(names)


@pytest.mark.parametrize("first", ["Bridge reopens after eleven weeks", "Who will pay for the bridge?", "大桥重新开放"])
def test_a_headline_is_taken_and_not_said_twice(first: str) -> None:
    assert headline_and_text(f"{first}\n\n{LEAD}\n\n{SECOND}") == (first, f"{LEAD}\n\n{SECOND}")


@pytest.mark.parametrize(
    "first",
    [
        "The bridge is open.",
        "By Ada Moor",
        "19 May 2020",
        "• Bridge",
        "https://n.example/bridge",
        "Dear reader,",
        LEAD,
    ],
)
def test_what_is_no_headline_stays_text(first: str) -> None:
    assert headline_and_text(f"{first}\n\n{SECOND}") == ("", f"{first}\n\n{SECOND}")


def test_a_shorn_headline_under_the_headline_goes() -> None:
    text = f"Bridge: it's open, at last\n\nBridge its open\n\n{LEAD}"
    assert headline_and_text(text) == ("Bridge: it's open, at last", LEAD)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("\ufeffa\r\nb\rc", "a\nb\nc"),
        ("co\u00adop\u200berate\x00\x07", "cooperate"),
        ("a\u00a0b\u2009c", "a b c"),
        ("e\u0301", "é"),
        ("ﬁve ½ ² “quoted” – so…", "ﬁve ½ ² “quoted” – so…"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क\u094d\u200dष", "क\u094d\u200dष"),
        ("a\u200db", "ab"),
        ("👩\u200d🚒", "👩\u200d🚒"),
        ("a  \n\n\n\n\n\nb", "a\n\n\nb"),
        ("\ud800x", "\ufffdx"),
    ],
)
def test_invisible_characters_go_and_visible_ones_stay(raw: str, clean: str) -> None:
    assert normalise(raw) == clean


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_encodings_are_recognised(encoding: str) -> None:
    text = "Der Fluss trat über die Ufer – „so hoch wie nie“, sagte der Bürgermeister. " * 5
    assert decode(text.encode(encoding)).lstrip("\ufeff") == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Мост через реку снова открыт для движения, сообщили во вторник власти города. " * 5),
        (
            "shift_jis",
            "橋は火曜日に再び開通したと市当局が発表した。これまで十一週間にわたり工事が行われていた。" * 5,
        ),
        ("gb18030", "桥梁于周二重新开放，市政府表示，此前进行了十一周的维修工作，每天有六千辆汽车通过。" * 5),
        ("koi8-r", "Мост через реку снова открыт для движения, сообщили во вторник власти города. " * 5),
    ],
)
def test_encodings_of_other_scripts_are_recognised(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_one_broken_byte_does_not_spoil_a_text() -> None:
    text = "Größe, Übermut, Fähre, Brücke und noch mehr Wörter mit Umlauten, für die Prüfung. " * 20
    assert decode(text.encode() + b"\xff") == text + "\ufffd"


def test_rubbish_is_no_text() -> None:
    with pytest.raises(ReadError, match="binary"):
        decode(bytes(range(256)) * 40)


@pytest.mark.parametrize("piece", ["[", "](", '[a](b "c', "<!--", "<a ", "**a", "_a", "`", "|a|\n", "a\n", " ", "> ", "&"])
def test_hostile_markup_takes_linear_time(piece: str) -> None:
    hostile = piece * (100_000 // len(piece))
    started = time.perf_counter()
    readable(hostile, "title")
    clean_markup(hostile)
    clean_markup(f"A text. [a]({hostile}x")
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("line", ["_" * 70 + " (signed)", "a_" * 38 + "!", "a-" * 38 + "!"])
def test_a_line_to_sign_on_takes_no_time(line: str) -> None:
    started = time.perf_counter()
    assert line in readable(f"The letter begins here and says what it has to say.\n\n{line}", "title")
    assert time.perf_counter() - started < 1
