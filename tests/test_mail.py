from __future__ import annotations

import re
from datetime import date
from email.message import EmailMessage
from pathlib import Path

import pytest

from index.read import read
from index.types import Article, Failure

LEAD = "Engineers reopened the northern bridge on Tuesday after eleven weeks of repairs, the harbour authority said."
SECOND = "Traffic had been sent through the old tunnel since the storm of 3 March, which tore away two of the six pylons."
PAGE = f"<html><body><table><tr><td><h1>Bridge reopens</h1><p>{LEAD}</p><p>{SECOND}</p></td></tr></table></body></html>"


def put(folder: Path, content: str | bytes | EmailMessage, name: str = "a.eml") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else bytes(content))
    return path


def one(path: Path) -> Article:
    (found,) = read(path)
    assert isinstance(found, Article), found
    return found


def refused(path: Path) -> str:
    (found,) = read(path)
    assert isinstance(found, Failure), found
    assert found.source.startswith(str(path))
    return found.reason


def letter(text: str = "", page: str = "", **headers: str) -> EmailMessage:
    message = EmailMessage()
    stated = {
        "Subject": "Bridge reopens",
        "From": '"The Harbour Letter" <news@harbour.example>',
        "To": "reader@n.example",
        "Date": "Tue, 19 May 2020 23:30:00 -0500",
    }
    for name, value in {**stated, **headers}.items():
        if value:
            message[name] = value
    if text or not page:
        message.set_content(text)
    if page and text:
        message.add_alternative(page, subtype="html")
    elif page:
        message.set_content(page, subtype="html")
    return message


def test_a_newsletter(tmp_path: Path) -> None:
    page = (
        '<html><body><div style="display:none;max-height:0">A preview that nobody sees.</div><table><tr><td>'
        '<a href="https://n.example/v">View this email in your browser</a></td></tr>'
        f'<tr><td><h1>Bridge reopens</h1><p>{LEAD}</p><p>{SECOND} <a href="https://n.example/x">Read it</a> here, in full.</p>'
        f"<p>{SECOND} {LEAD} {LEAD} {SECOND}</p></td></tr>"
        "<tr><td><p>You are receiving this email because you signed up at our website.</p><p>1 Harbour Road, Moor</p>"
        '<p><a href="u">Unsubscribe</a> | <a href="p">Update your preferences</a></p><p>© 2020 The Harbour Letter</p></td></tr>'
        "</table></body></html>"
    )
    article = one(put(tmp_path, letter("See https://n.example/v", page)))
    assert (article.title, article.outlet, article.published) == ("Bridge reopens", "The Harbour Letter", date(2020, 5, 19))
    assert article.text == f"{LEAD}\n\n{SECOND} Read it here, in full.\n\n{SECOND} {LEAD} {LEAD} {SECOND}"


def test_plain_text_is_read_where_the_page_says_less(tmp_path: Path) -> None:
    wrapped = f"{LEAD[:60]}\n{LEAD[60:]}".replace(" \n", "\n")
    page = "<p>Your mail program cannot show this message.</p>"
    article = one(put(tmp_path, letter(f"{LEAD}\n\n{SECOND}\n\n-- \nThe Harbour Letter\nUnsubscribe: https://n.example", page)))
    assert article.text == f"{LEAD}\n\n{SECOND}"
    assert one(put(tmp_path, letter(f"{wrapped}\n\n{SECOND}"))).text.endswith(SECOND)


def test_headers_are_decoded_and_damage_in_them_forgiven(tmp_path: Path) -> None:
    article = one(put(tmp_path, letter(LEAD, Subject="Die Brücke ist „endlich“ offen", From="Zeitung für Köln <z@k.example>")))
    assert (article.title, article.outlet) == ("Die Brücke ist „endlich“ offen", "Zeitung für Köln")
    raw = (
        b"Subject: =?utf-8?Q?Br=FCcke?= =?nonsense?B?%%%?=\r\nFrom: =?iso-8859-1?q?K=F6ln?= <z@k.example>\r\n\r\n"
        + LEAD.encode()
    )
    article = one(put(tmp_path, raw))
    assert article.title.startswith("Brücke")
    assert article.outlet == "Köln"
    assert one(put(tmp_path, f"Subject: Brücke\nFrom: z@k.example\n\n{LEAD}")).title == "Brücke"
    assert one(put(tmp_path, f"Subject: Why are we here: a tale\nFrom: z@k.example\n\n{LEAD}")).outlet == "z@k.example"


@pytest.mark.parametrize(
    ("stated", "really"),
    [
        ("utf-8", "utf-8"),
        ("iso-8859-1", "cp1252"),
        ("windows-1251", "windows-1251"),
        ("us-ascii", "utf-8"),
        ("nonsense", "utf-8"),
        ("iso-2022-jp", "iso-2022-jp"),
    ],
)
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_charsets_as_they_are_and_not_as_they_are_said_to_be(tmp_path: Path, stated: str, really: str, kind: str) -> None:
    text = {
        "windows-1251": "Мост через реку снова открыт для движения.",
        "iso-2022-jp": "北の橋は火曜日に再び開通したと港湾局が発表した。",
    }.get(stated, "Die Brücke ist seit Dienstag wieder geöffnet – „endlich“, sagte die Bürgermeisterin.")
    written = f"<p>{text}</p>" if kind == "html" else text
    head = f"From: a@b.example\nSubject: x\nContent-Type: text/{kind}; charset={stated}\nContent-Transfer-Encoding: 8bit\n\n"
    assert one(put(tmp_path, head.encode() + written.encode(really))).text == text


def test_a_header_in_latin_1_keeps_its_quotation_marks(tmp_path: Path) -> None:
    head = "From: a@b.example\nSubject: =?iso-8859-1?Q?The_minister_won=92t_go?=\n\n"
    assert one(put(tmp_path, f"{head}{LEAD}")).title == "The minister won’t go"


@pytest.mark.parametrize("stated", ["Tue, 19 May 2020 08:30:00 GMT", "19 May 2020 08:30 +0200", "Tue, 19 May 20 08:30:00 GMT"])
def test_the_day_it_was_sent(tmp_path: Path, stated: str) -> None:
    assert one(put(tmp_path, f"From: a@b\nSubject: x\nDate: {stated}\n\n{LEAD}")).published == date(2020, 5, 19)


@pytest.mark.parametrize("stated", ["", "yesterday", "05/06/2020", "Thu, 1 Jan 1970 00:00:00 +0000"])
def test_no_day_is_made_up(tmp_path: Path, stated: str) -> None:
    received = "Received: from x by y; Wed, 20 May 2020 10:00:00 +0000\n"
    assert one(put(tmp_path, f"{received}From: a@b\nSubject: x\nDate: {stated}\n\n{LEAD}")).published is None


HEAD = "From: The Harbour Letter <n@h.example>\n{}: Tue, May 19, 2020 at 8:30 AM\nSubject: Bridge reopens\nTo: me\n"


@pytest.mark.parametrize(
    ("line", "day"), [("---------- Forwarded message ---------", "Date"), ("-----Original Message-----", "Sent")]
)
def test_a_letter_that_was_passed_on_keeps_its_first_sender_and_day(tmp_path: Path, line: str, day: str) -> None:
    text = f"Worth reading!\n\n{line}\n{HEAD.format(day)}\n\n{LEAD}\n\n{SECOND}\n"
    sent = {"Subject": "Fwd: FW: Bridge reopens", "From": "Me <me@n.example>", "Date": "Wed, 20 May 2020 09:00:00 +0000"}
    for message in (
        letter(text, **sent),
        letter(page=f"<div>{line}<br>{HEAD.format(day).replace('<', '&lt;').replace(chr(10), '<br>')}</div>{PAGE}", **sent),
    ):
        article = one(put(tmp_path, message))
        assert (article.title, article.outlet, article.published) == ("Bridge reopens", "The Harbour Letter", date(2020, 5, 19))
        assert article.text.endswith(f"{LEAD}\n\n{SECOND}")
        assert "Forwarded" not in article.text
        assert "me@" not in article.text


def test_a_letter_about_unsubscribing_is_not_cut_short(tmp_path: Path) -> None:
    about = (
        "To unsubscribe from every newsletter at once was the dream of the mayor, who had received four thousand of them since "
        "the bridge was closed, and who told the council on Tuesday that nobody reads what comes every day."
    )
    assert one(put(tmp_path, letter(f"{about}\n\n{LEAD}\n\n{SECOND}"))).text == f"{about}\n\n{LEAD}\n\n{SECOND}"


def test_attachments_are_left_alone(tmp_path: Path) -> None:
    message = letter(LEAD)
    message.add_attachment("The attached article is another one, and it has a sentence.", filename="b.txt")
    message.add_attachment(letter(SECOND, Subject="Another"))
    assert one(put(tmp_path, message)).text == LEAD
    empty = letter("")
    empty.add_attachment(letter(SECOND, Subject="Another"))
    assert "attachments" in refused(put(tmp_path, empty))


def test_what_is_no_letter_says_so(tmp_path: Path) -> None:
    assert "PNG" in refused(put(tmp_path, b"\x89PNG\r\n\x1a\n000"))
    assert "headers" in refused(put(tmp_path, LEAD))
    assert "no text" in refused(put(tmp_path, "From: a@b\nSubject: x\n\n"))


def test_hostile_letters_do_no_harm(tmp_path: Path) -> None:
    deep = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(3_000))
    assert len(list(read(put(tmp_path, f"From: a@b\nSubject: x\n{deep}\n\n{LEAD}")))) == 1
    wide = "Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n\nx\n" * 20_000 + "--b--\n"
    assert len(list(read(put(tmp_path, f"From: a@b\nSubject: x\n{wide}")))) == 1
    long = "From: " + "=?utf-8?b?" * 20_000 + "\nSubject: " + "(" * 100_000 + f"\nDate: {'9' * 100_000}\n\n{LEAD}"
    assert one(put(tmp_path, long)).text == LEAD
    broken = "From: a@b\nSubject: x\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n%%%%"
    assert refused(put(tmp_path, broken))
    page = letter(
        page=f"<script>alert(1)</script>{PAGE}<img src='https://n.example/pixel'>", Subject="<img src=x onerror=alert(1)>"
    )
    article = one(put(tmp_path, page))
    assert "alert" not in article.text
    assert article.title == "<img src=x onerror=alert(1)>"


# --- mailboxes --------------------------------------------------------------------------------------------

BETWEEN = b"From news@harbour.example Tue May 19 08:30:00 2020\n"


def test_a_mailbox_is_one_article_a_message(tmp_path: Path) -> None:
    escaped = f"{LEAD}\n\n>From the harbour came a cheer, said the mayor.\n\nFrom here on it was a feast, and all went home."
    box = BETWEEN + bytes(letter(escaped)) + b"\n" + BETWEEN + b"no header here\n\n" + BETWEEN + bytes(letter(page=PAGE))
    first, failure, second = read(put(tmp_path, box, "a.mbox"))
    assert isinstance(first, Article)
    assert isinstance(second, Article)
    assert first.text == escaped.replace(">From", "From")
    assert second.text == f"{LEAD}\n\n{SECOND}"
    assert isinstance(failure, Failure)
    assert failure.source.endswith("a.mbox, message 2")


def test_a_message_too_large_is_left_and_the_next_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.reading.mailbox.LARGEST_MESSAGE", 2_000)
    box = BETWEEN + bytes(letter(f"{SECOND}\n" * 100)) + b"\n" + BETWEEN + bytes(letter(LEAD))
    failure, article = read(put(tmp_path, box, "a.mbox"))
    assert isinstance(failure, Failure)
    assert "too much for one message" in failure.reason
    assert isinstance(article, Article)


@pytest.mark.parametrize(
    ("content", "says"), [(b"hello\n", "no mailbox"), (b"", "empty"), (b"\n\n", "empty"), (b"%PDF-1.4", "PDF")]
)
def test_what_is_no_mailbox_says_so(tmp_path: Path, content: bytes, says: str) -> None:
    assert says in refused(put(tmp_path, content, "a.mbox"))


# --- saved web pages --------------------------------------------------------------------------------------


def saved(page: bytes, *, head: str = "", kind: str = "text/html", encoding: str = "8bit") -> bytes:
    """A page as a browser saves it, with a frame before it and a picture after it."""
    part = (
        f"Content-Type: {kind}\r\nContent-ID: <page@x>\r\nContent-Transfer-Encoding: {encoding}\r\n"
        "Content-Location: https://n.example/bridge\r\n\r\n"
    )
    return (
        f"From: <Saved by Blink>\r\n{head}Subject: The page's title\r\nDate: Fri, 1 Jan 2021 00:00:00 GMT\r\n"
        'Content-Type: multipart/related; type="text/html"; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/html\r\nContent-Location: https://ads.example/frame\r\n\r\n<p>Buy a bridge, now!</p>\r\n"
        "--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b\r\n"
    ).encode() + part.encode() + page + b"\r\n--b--\r\n"  # fmt: skip


SNAPSHOT = "Snapshot-Content-Location: https://n.example/bridge\r\n"


@pytest.mark.parametrize("name", ["a.mhtml", "a.mht"])
def test_a_saved_page(tmp_path: Path, name: str) -> None:
    page = re.sub(rb"=", b"=3D", f"<html lang='en'><body><p>{LEAD}</p><p>{SECOND}</p></body></html>".encode())
    page = page.replace(b"Engineers", b"Engi=\r\nneers").replace(b"harbour", b"caf=C3=A9")
    article = one(put(tmp_path, saved(page, head=SNAPSHOT, encoding="quoted-printable"), name))
    assert article.text == f"{LEAD}\n\n{SECOND}".replace("harbour", "café")
    assert (article.title, article.url, article.language) == ("The page's title", "https://n.example/bridge", "en")
    assert article.published is None


def test_the_page_itself_is_known_among_its_frames(tmp_path: Path) -> None:
    start = 'X: y\r\nContent-Type: multipart/related; start="<page@x>"; boundary="b"\r\n'
    data = saved(f"<p>{LEAD}</p>".encode()).replace(
        b'Content-Type: multipart/related; type="text/html"; boundary="b"\r\n', start.encode()
    )
    assert one(put(tmp_path, data, "a.mht")).text == LEAD


def test_the_charset_of_a_saved_page(tmp_path: Path) -> None:
    text = "Мост через реку снова открыт для движения, сообщили во вторник власти города."
    data = saved(
        f"<html><body><p>{text}</p></body></html>".encode("cp1251"), head=SNAPSHOT, kind="text/html; charset=windows-1251"
    )
    assert one(put(tmp_path, data, "a.mht")).text == text
    page = f"<html><head><meta charset='windows-1251'></head><body><p>{text}</p></body></html>".encode("cp1251")
    assert one(put(tmp_path, saved(page, head=SNAPSHOT), "a.mht")).text == text


def test_a_page_that_was_not_saved_whole_says_so(tmp_path: Path) -> None:
    assert "no web page" in refused(put(tmp_path, "From: x\nContent-Type: text/plain\n\nhello", "a.mhtml"))
    assert "headers" in refused(put(tmp_path, PAGE, "a.mhtml"))
    assert "a title but no text" in refused(put(tmp_path, saved(b"<script>1</script>", head=SNAPSHOT), "a.mhtml"))
