from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest
from pdf_files import Put, drawn_pdf, placed_pdf

from index.read import read
from index.types import Article, Failure

LEFT, RIGHT = 60.0, 312.0
FILLER = (
    "Engineers reopened the northern bridge on Tuesday after eleven weeks of repairs, the harbour authority said there. "
    "Traffic had been sent through the old tunnel since the storm of 3 March, which tore away two of the six pylons. "
    "A councillor called the celebration premature and the money spent on it a scandal. "
)


def set_in(text: str, x: float, y: float, *, letters: int = 46, indent: float = 10.0, size: float = 10.0) -> list[Put]:
    """A paragraph set in lines of about `letters`, its first line indented."""
    lines: list[Put] = []
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > letters:
            lines.append(Put(x + (0 if lines else indent), y - 12 * len(lines), line, size))
            line = ""
        line = f"{line} {word}" if line else word
    return [*lines, Put(x + (0 if lines else indent), y - 12 * len(lines), line, size)]


def column(name: str, x: float, y: float, paragraphs: int = 3, **how: float) -> tuple[list[Put], list[str]]:
    """Paragraphs in one column from `y` down, and their texts."""
    puts: list[Put] = []
    texts = []
    for number in range(paragraphs):
        text = f"{name} {number} begins. {FILLER}So it was in {name}, and so it ended, said {name}."
        text = text.replace("Tuesday", f"{name} day")
        texts.append(text)
        puts += set_in(text, x, y - 12 * len(puts), **how)  # type: ignore[arg-type]
    return puts, texts


def by_row(puts: Iterable[Put]) -> list[Put]:
    """The same lines from above, left before right: the order in which some programs write columns."""
    return sorted(puts, key=lambda put: (-put.y, put.x))


def word_by_word(puts: Iterable[Put]) -> list[Put]:
    found = []
    for put in puts:
        x = put.x
        for word in put.text.split():
            found.append(Put(x, put.y, word, put.size, put.font))
            x += (0.5 if put.font == "F1" else 0.6) * put.size * (len(word) + 1)
    return found


def one(folder: Path, data: bytes) -> Article:
    (folder / "a.pdf").write_bytes(data)
    (found,) = read(folder / "a.pdf")
    assert isinstance(found, Article), found
    return found


ORDERS = {
    "in order": list,
    "row by row": by_row,
    "from below": lambda puts: by_row(puts)[::-1],
    "word by word": lambda puts: word_by_word(by_row(puts)),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("relative", [False, True])
def test_columns_are_read_one_after_the_other(tmp_path: Path, order: str, relative: bool) -> None:
    left, said_left = column("Left", LEFT, 700)
    right, said_right = column("Right", RIGHT, 700)
    article = one(tmp_path, placed_pdf([ORDERS[order]([*left, *right])], relative=relative))
    assert article.text.split("\n\n") == [*said_left, *said_right]


@pytest.mark.parametrize("order", ORDERS)
def test_lines_over_both_columns_stand_where_they_are(tmp_path: Path, order: str) -> None:
    headline = [Put(LEFT, 750, "A bridge over the harbour that storms tore", 24), Put(LEFT, 722, "down is open again", 24)]
    standfirst = [
        Put(
            LEFT,
            700,
            "It took eleven weeks and all the money that the council had, and nobody in town agrees on its good, yet.",
        ),
        Put(LEFT, 688, "Two pylons are new."),
    ]
    upper, said_upper = zip(column("Upper left", LEFT, 665, 1), column("Upper right", RIGHT, 665, 1), strict=True)
    heading = Put(150, 540, "What the engineers of the harbour found in the mud below", 14, "F2")
    lower, said_lower = zip(column("Lower left", LEFT, 505, 2), column("Lower right", RIGHT, 505, 2), strict=True)
    puts = [*headline, *standfirst, *upper[0], *upper[1], heading, *lower[0], *lower[1]]
    article = one(tmp_path, placed_pdf([ORDERS[order](puts)]))
    assert article.title == "A bridge over the harbour that storms tore down is open again"
    assert article.text.split("\n\n") == [
        f"{standfirst[0].text} {standfirst[1].text}",
        *said_upper[0], *said_upper[1], heading.text, *said_lower[0], *said_lower[1],
    ]  # fmt: skip


def test_three_columns(tmp_path: Path) -> None:
    columns = [column(name, x, 700, letters=30) for name, x in (("One", 50.0), ("Two", 225.0), ("Three", 400.0))]
    article = one(tmp_path, placed_pdf([by_row(put for puts, _ in columns for put in puts)]))
    assert article.text.split("\n\n") == [text for _, texts in columns for text in texts]


def test_a_paragraph_goes_on_over_a_column_and_a_page(tmp_path: Path) -> None:
    lines = set_in(FILLER * 5, 0, 0, indent=0)
    left = [Put(LEFT, 700 - 12 * at, line.text) for at, line in enumerate(lines[:10])]
    right = [Put(RIGHT, 700 - 12 * at, line.text) for at, line in enumerate(lines[10:20])]
    # The rest fills three lines of the second page's first column and one of its second: too few to be seen alone.
    last = [Put(LEFT, 700 - 12 * at, line.text) for at, line in enumerate(lines[20:])]
    article = one(tmp_path, placed_pdf([by_row([*left, *right]), last]))
    assert article.text == (FILLER * 5).strip()


def test_a_few_lines_in_the_last_pages_second_column_are_a_column_still(tmp_path: Path) -> None:
    left, said_left = column("Left", LEFT, 700)
    right, said_right = column("Right", RIGHT, 700)
    last, said_last = column("Last", LEFT, 700)
    end = set_in("Right at the end stand two lines more, and they are short, but they are the end.", RIGHT, 700)
    article = one(tmp_path, placed_pdf([by_row([*left, *right]), by_row([*last, *end])]))
    ending = " ".join(put.text for put in end)
    assert article.text.split("\n\n") == [*said_left, *said_right, *said_last, ending]


def test_a_page_of_one_column_and_a_table_are_left_in_their_order(tmp_path: Path) -> None:
    text, said = column("Wide", LEFT, 700, letters=105)
    rows = [("Year", "Cars"), ("2018", "5,900"), ("2019", "6,100"), ("2020", "2,050"), ("2021", "4,400"), ("2022", "6,000")]
    table = [Put(x, 400 - 14 * at, cell) for at, row in enumerate(rows) for x, cell in zip((LEFT, 250.0), row, strict=True)]
    article = one(tmp_path, placed_pdf([[*text, *table]]))
    assert article.text.split("\n\n")[:3] == said
    assert "2018 5,900" in article.text
    assert article.text.index("6,100") < article.text.index("2020")


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("All the infor-\nmation was there for us.", "All the information was there for us."),
        ("A well-known man met a well-\nknown woman.", "A well-known man met a well-known woman."),
        ("The wellknown man met a well-\nknown woman.", "The wellknown man met a wellknown woman."),
        ("It is Anglo-\nSaxon and COVID-\n19 too.", "It is Anglo-Saxon and COVID-19 too."),
        ("The state-of-the-\nart bridge is open to all.", "The state-of-the-art bridge is open to all."),
        ("The north bank and\nan eastern one: the east is far, the north-\neast is not.", None),
        ("He went with his\nmen out, and out again, with-\nout a word, into the night.", None),
        ("They saw the har\u00ad\nbour of the town.", "They saw the harbour of the town."),
        ("It rose by ten -\nor twelve - metres in all.", "It rose by ten - or twelve - metres in all."),
    ],
)
def test_words_broken_at_a_lines_end(tmp_path: Path, text: str, joined: str | None) -> None:
    puts = [Put(LEFT, 700 - 12 * at, line) for at, line in enumerate(text.split("\n"))]
    found = one(tmp_path, placed_pdf([puts])).text
    if joined is None:
        assert "with-out" not in found
        assert "northeast" in found or "north-east" in found or "without" in found
    else:
        assert found == joined


def test_a_soft_hyphen_that_a_browser_drew_as_a_blank_is_none(tmp_path: Path) -> None:
    unseen = "/Span <</ActualText <FEFF00AD>>> BDC ( ) Tj EMC"
    shown = "/Span <</ActualText <FEFF0026>>> BDC (and) Tj EMC"
    drawn = f"/F1 11 Tf 60 760 Td (The har) Tj {unseen} (bour authority opened the north ) Tj {shown} ( the south bridge.) Tj"
    assert one(tmp_path, drawn_pdf(drawn)).text == "The harbour authority opened the north and the south bridge."


def test_running_heads_and_feet_go_wherever_the_file_has_them(tmp_path: Path) -> None:
    pages = []
    said = []
    for number in range(1, 7):
        name = "abcdef"[number - 1] * number
        left, said_left = column(f"Left {name}", LEFT, 700)
        right, said_right = column(f"Right {name}", RIGHT, 700)
        head = Put(LEFT, 760, "The Harbour News") if number % 2 else Put(420, 760, "Saturday 4 July 2020")
        foot = [Put(290, 40, f"– {number} –"), Put(LEFT, 30, f"https://n.example/bridge?page={number}")]
        # The foot comes first in the file, and the head last.
        pages.append([*foot, *by_row([*left, *right]), head])
        said += [*said_left, *said_right]
    assert one(tmp_path, placed_pdf(pages)).text.split("\n\n") == said


def test_what_repeats_inside_the_pages_stays(tmp_path: Path) -> None:
    pages = [[*column(f"A {number}", LEFT, 700)[0], Put(LEFT, 500, "Never again, she said.")] for number in range(4)]
    pages = [[*page, *[Put(LEFT, 400 - 12 * at, put.text) for at, put in enumerate(set_in(FILLER, 0, 0))]] for page in pages]
    assert one(tmp_path, placed_pdf(pages)).text.count("Never again, she said.") == 4


def test_headings_in_larger_or_bold_type_are_paragraphs(tmp_path: Path) -> None:
    first, second = set_in(FILLER, LEFT, 700, letters=100), set_in(FILLER, LEFT, 600, letters=100)
    bold = Put(
        LEFT, 620, "The tunnel and the storm and the people who had to live with both of them for many months", font="F2"
    )
    article = one(tmp_path, placed_pdf([[*first, bold, *second]]))
    assert article.text.split("\n\n") == [FILLER.strip(), bold.text, FILLER.strip()]
    larger = Put(LEFT, 750, "Bridge reopens", 20)
    properties = "/CreationDate (D:20200519083000Z)"
    article = one(tmp_path, placed_pdf([[larger, *first, bold, *second]], properties))
    assert (article.title, article.published) == ("Bridge reopens", None)
    assert article.text.startswith("Engineers")
    assert one(tmp_path, placed_pdf([[larger, *first]], "/Title (The bridge)")).title == "The bridge"


@pytest.mark.slow
def test_a_page_of_far_too_many_lines_takes_no_time(tmp_path: Path) -> None:
    puts = [Put(50 + (at * 37) % 500, 780 - (at * 13) % 760, f"word {at}") for at in range(8_000)]
    (tmp_path / "a.pdf").write_bytes(placed_pdf([puts]))
    begun = time.monotonic()
    assert len(list(read(tmp_path / "a.pdf"))) == 1
    assert time.monotonic() - begun < 10


def test_places_that_are_no_places_do_no_harm(tmp_path: Path) -> None:
    for matrix in ("0 0 0 0 0 0", "1e30 0 0 1e30 1e30 1e30", "1 0 0 1 -9e99 9e99", "nan inf 1 1 1 1", "0 1 -1 0 300 300"):
        data = placed_pdf([[Put(LEFT, 700 - 12 * at, line) for at, line in enumerate([FILLER] * 12)]])
        data = data.replace(b"1 0 0 1 60.00 700.00", matrix.encode())
        (tmp_path / "a.pdf").write_bytes(data)
        (found,) = read(tmp_path / "a.pdf")
        assert isinstance(found, Article | Failure)


def test_the_day_a_pdf_was_made_is_not_its_day(tmp_path: Path) -> None:
    made = "/CreationDate (D:20200519083000Z) /ModDate (D:20200519083000Z)"
    assert one(tmp_path, placed_pdf([set_in(FILLER, LEFT, 700)], made)).published != date(2020, 5, 19)
