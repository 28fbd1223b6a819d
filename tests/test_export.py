"""Exported conversations: hostile text stays text in every format, and what is exported can be checked later."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from commands import Run
from markdown_it import MarkdownIt

import rag
from index.errors import ExportError
from index.library import Library
from index.types import Article
from rag import export, recheck
from rag.conversations import FILE, Conversations, signed_in
from rag.kept import Conversation, Exchange
from rag.recheck import Verification, nearest_words
from rag.record import VERSION, Record, link, parse, record
from rag.types import Answer, Citation, Claim, Verdict
from ui import actions

ROOT = Path(__file__).resolve().parent.parent
FORMATS = ("md", "html", "json")
EXPORTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src="https://evil.example/x.png" onerror="alert(1)">',
    "' onmouseover='alert(1)",
    "--><script>alert(1)</script><!-- --!><b>",
    "<!-- dateline-record\n{}\n-->",
    "</title></style></head><body onload=alert(1)>",
    "](javascript:alert(1)) ![x](https://evil.example/x.png) [a](https://evil.example) [x]: https://evil.example",
    "<https://evil.example> https://evil.example www.evil.example",
    "`code` **bold** _em_ ~~gone~~ | a | b | $x$ {{ 7 * 7 }} {% raw %}",
    "\n\n# heading\n\n- item\n\n1. one\n\n> quote\n\n    code\n\n```\nfence\n",
    "\n---\n\n===\n",
    "&lt;script&gt; &#60;b&#62; &amp;",
    "\x1b[31mred\x07 \u202egnp.exe \x00 \u2028 \u2066",
    "@import url(https://evil.example); expression(alert(1))",
)


def conversation(text: str = "plain") -> Conversation:
    """A conversation in which `text` stands wherever someone else's words can."""
    quote = f"It says {text}."
    article = Article(
        text, text, f"Before. {quote} After.", f"/home/{text}/{text}.md", text, text, text, date(2022, 11, 13), text, text
    )
    citation = Citation(1, article, 8, 8 + len(quote), quote)
    near = Citation(2, replace(article, url=f"https://news.example/a?b={text}"), 8, 8 + len(quote), quote)
    claims = (
        Claim(quote, (citation,), Verdict("quoted", 1.0, (text,), text), lead=text),
        Claim(text, (citation, near), Verdict("contradicted", 0.1, (text, text)), opens=True),
    )
    told = Answer(text, f"searched {text}", text, claims, (citation, near), (), True, "model", 0.1, model=text, notice=text)
    refusal = Answer(text, text, f"{text}\n\nThe nearest passages:", (), (near,), (), False, "quote", 0.1)
    asked = "2025-11-22T10:15:00.123456+00:00"
    exchanges = (
        Exchange("e1", text, told, asked, thumb="down", word=text),
        Exchange("e2", text, refusal, asked),
        Exchange("e3", text, None, asked, note=text),
    )
    return Conversation("id", text, asked, asked, exchanges)


def made(text: str, form: str) -> str:
    return export.FORMATS[form](record(conversation(text), EXPORTED))


# --- what a reader sees -----------------------------------------------------------------------------------


def test_every_format_says_everything() -> None:
    for form in FORMATS:
        written = made("plain", form)
        for word in ("It says plain.", "https://news.example/a?b=plain", "2022-11-13", "plain.md", "contradicted", "1.0"):
            assert word in written, (form, word)
        assert "/home/" not in written
        assert "Before." not in written
    shown = made("plain", "md").partition("<!--")[0]
    for word in (
        "“It says plain.” \\[1\\]",
        "plain, plain, 13 November 2022",
        "characters 8 to 22",
        "a bad answer",
        "searched plain",
    ):
        assert word in shown, word


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text_in_html(text: str) -> None:
    html = made(text, "html")
    page = lxml.html.document_fromstring(html.encode())
    tags = {element.tag for element in page.iter() if isinstance(element.tag, str)}
    allowed = "html head meta title style body h1 h2 h3 p br a ol li cite div blockquote span"
    assert tags <= set(allowed.split())
    for element in page.iter():
        if not isinstance(element.tag, str):
            continue
        for name, value in element.attrib.items():
            assert name in ("charset", "http-equiv", "content", "name", "lang", "class", "id", "href", "rel"), name
            if name == "href":
                assert value.startswith("#source-") or value.startswith("https://news.example/a?b=")
            else:
                assert "evil" not in value
    (style,) = page.iter("style")
    assert style.text == export._STYLE
    assert "url(" not in style.text and "@import" not in style.text
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert len(page.xpath("//comment()")) == 1
    shown = " ".join(page.text_content().split())
    assert " ".join(export.line(text).split()) in shown
    assert not set("\x00\x07\x1b\u202e\u2066\u2028") & set(html)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text_in_markdown(text: str) -> None:
    markdown = made(text, "md")
    rendered = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown)
    page = lxml.html.document_fromstring(f"<html><meta charset=utf-8><body>{rendered}</body></html>".encode())
    tags = {element.tag for element in page.iter() if isinstance(element.tag, str)}
    assert tags <= set("html head meta body h1 h2 h3 p br a ul li strong em blockquote".split())
    for anchor in page.iter("a"):
        assert anchor.get("href").startswith("https://news.example/a?b=")
    assert {name for element in page.iter("*") for name in element.attrib} <= {"href", "charset"}
    assert len(page.xpath("//comment()")) == 1
    assert " ".join(export.line(text).split()) in " ".join(page.text_content().split())
    assert [heading.text_content()[:2] for heading in page.iter("h2")] == ["1.", "2.", "3."]
    assert not set("\x00\x07\x1b\u202e\u2066\u2028") & set(markdown)


@pytest.mark.parametrize("text", [*HOSTILE, "\ud800 half"])
def test_every_format_comes_back_as_it_was(text: str) -> None:
    kept = record(conversation(text), EXPORTED)
    for form in FORMATS:
        written = export.FORMATS[form](kept)
        again, shown = recheck.read(written.encode())
        assert again == kept
        if shown is not None:
            assert recheck.difference(again, shown) == ""
    assert made(text, "json").isascii()


def test_only_web_addresses_are_links() -> None:
    def of(url: str, source: str = "a.md") -> str:
        return link(Article("a", "", "", source, url))

    assert of("https://news.example/x?y#z") == "https://news.example/x?y#z"
    assert of("", "http://news.example/") == "http://news.example/"
    for url in (
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//evil.example",
        "https://",
        "https://a b",
        "http://[",
        "x",
    ):
        assert of(url) == ""


def test_what_a_version_writes_does_not_change() -> None:
    # Files are compared with what their record makes: when this fails, rag.record.VERSION must grow with the change.
    written = "".join(made("plain", form) for form in FORMATS)
    assert hashlib.sha256(written.encode()).hexdigest()[:16] == "c423bdd782e8d473"


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_asked_back_is_whole(tmp_path: Path, form: str) -> None:
    readings = ("Who is the minister of *Norland*?", "Who is the minister of Sudmark?")
    asked = "2025-11-22T10:15:00.123456+00:00"
    text = "Who or what is meant by “the minister”? The articles speak of **several**:\n\n- Who is the minister of Sudmark?"
    back = Answer("Who is the minister?", "Who is the minister?", text, (), (), (), False, "quote", 0.1, readings=readings)
    kept = Conversation("id", "T", asked, asked, (Exchange("e1", back.question, back, asked),))
    written = export.FORMATS[form](record(kept, EXPORTED))
    shown = json.loads(written)["exchanges"][0]["said"] if form == "json" else written.partition("<!--")[0]
    assert "The articles speak of several:" in shown
    assert all(reading in shown.replace("\\*", "*") for reading in readings)
    assert all(reading in actions.plain(back) for reading in readings)
    mine = Conversations(tmp_path / FILE).of(signed_in("alice"))
    mine.add(mine.begin(), "Who is it?", back)
    assert mine.search("Norland Sudmark")


# --- hostile files ----------------------------------------------------------------------------------------


def changed(path: str, value: Any) -> str:
    """The JSON export with the value at a path such as "exchanges.0.asked" replaced."""
    values = json.loads(made("plain", "json"))
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = values
    for step in way:
        place = place[step]
    place[last] = value
    return json.dumps(values)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00",
        b"# Notes\n\nnothing of ours",
        b"{",
        b"{}",
        b"[]",
        b'{"format": "dateline conversation"}',
        b'{"a":' * 100_000,
        b"[" * 1_000_000,
        b'{"format": ' + b"9" * 100_000 + b"}",
        made("plain", "md").replace("<!-- dateline-record", "<!-- dateline-record {} --> <!-- dateline-record").encode(),
        made("plain", "html").replace("dateline-record\n{", "dateline-record\n[{").encode(),
        changed("extra", 1).encode(),
        changed("title", 7).encode(),
        changed("title", "x" * 5_000).encode(),
        changed("exported", "yesterday").encode(),
        changed("exchanges", {}).encode(),
        changed("exchanges.0.sources.0.start", -1).encode(),
        changed("exchanges.0.sources.0.start", "8").encode(),
        changed("exchanges.0.sources.0.start", 8.5).encode(),
        changed("exchanges.0.sources.0.end", 10**30).encode(),
        changed("exchanges.0.sources.0.quote", "").encode(),
        changed("exchanges.0.sources.0.published", "2022-02-31").encode(),
        changed("exchanges.0.sources.0.verdicts", ["true"]).encode(),
        changed("exchanges.0.sentences.0.score", 1e999).encode().replace(b"Infinity", b"1e999"),
        changed("exchanges.0.thumb", "<b>").encode(),
        changed("exchanges.0.sources", [json.loads(made("plain", "json"))["exchanges"][0]["sources"][0]] * 501).encode(),
    ],
)
def test_hostile_files_are_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(ExportError) as refusal:
        recheck.read(data)
    assert 40 < len(str(refusal.value)) < 700
    assert str(refusal.value).endswith(".")


def test_a_file_of_another_version_is_named_as_such() -> None:
    with pytest.raises(ExportError, match="another version"):
        parse(changed("version", VERSION + 1))


def test_what_is_no_file_or_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(tmp_path / "library.db")
    monkeypatch.setattr(recheck, "LARGEST", 1000)
    (tmp_path / "large.json").write_text("x" * 1001)
    for name, said in (("", "is a folder"), ("none.md", "is not there"), ("large.json", "MB")):
        with pytest.raises(ExportError, match=said):
            recheck.verify(tmp_path / name, library)
    if Path("/dev/zero").exists():
        with pytest.raises(ExportError, match="device"):
            recheck.verify(Path("/dev/zero"), library)
    library.close()


def test_looking_for_near_words_takes_no_time_whatever_it_is_given() -> None:
    begun = datetime.now()
    assert nearest_words("the " * 100_000, "the " * 50_000) is not None
    assert nearest_words("a b " * 50_000, "b c d " * 50_000) is None
    assert (datetime.now() - begun).total_seconds() < 5


@pytest.mark.parametrize(
    ("quote", "now"),
    [
        ("Some 2,000 mines were cleared on Saturday.", "Some 1,950 mines were cleared on Saturday."),
        ("Some mines were cleared there last Saturday.", "Some 1,950 mines were cleared on Saturday."),
        ("“Nobody” was hurt", "Nobody was hurt!"),
        ("MINES WERE CLEARED", "mines were cleared"),
        ("The moon is made of green cheese.", None),
        ("?!", None),
    ],
)
def test_near_words(quote: str, now: str | None) -> None:
    text = "The bridge is closed. Some 1,950 mines were cleared on Saturday. Nobody was hurt! It rained."
    found = nearest_words(text, quote)
    assert (text[found[0] : found[1]] if found else None) == now


def test_near_words_without_spaces() -> None:
    found = nearest_words("今日は雨です。橋は閉まっています。", "橋は開いています。")
    assert found is not None
    assert "橋は閉まっています" in "今日は雨です。橋は閉まっています。"[found[0] : found[1]]


# --- against a collection ---------------------------------------------------------------------------------

QUESTIONS = (
    "How many mines were cleared in Kherson?",
    "What did Iran admit about drones?",
    "Where did Banksy paint a mural?",
    "Who won the chess tournament in Reykjavik in 1972?",
)
SEEDS = ("kherson-demining.md", "iran-admits-supplying-drones.md", "banksy-mural-in-borodianka.md", "kherson-offensive.md")


@dataclass
class Collection:
    folder: Path
    data: Path
    chat: rag.Chat
    conversation: str

    def article(self, name: str, change: Callable[[str], str]) -> None:
        path = self.folder / name
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
        self.chat.add(self.folder)

    def exported(self, form: str) -> Path:
        path = self.data / f"out.{form}"
        path.write_bytes(self.chat.conversations.of(signed_in("alice")).export(self.conversation, form).encode())
        return path

    def verify(self, path: Path) -> Verification:
        return rag.verify_export(path, self.data)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some of the seeds, indexed, with one conversation about them: made once, put back for each test."""
    root = tmp_path_factory.mktemp("filled")
    (root / "seeds").mkdir()
    for name in SEEDS:
        shutil.copy(ROOT / "seeds" / name, root / "seeds" / name)
    with rag.open_chat(root / "data") as chat:
        chat.add(root / "seeds")
        mine = chat.conversations.of(signed_in("alice"))
        id = mine.begin()
        for question in QUESTIONS:
            mine.add(id, question, chat.ask(question))
    for name in ("seeds", "data"):
        shutil.copytree(root / name, root / "as made" / name)
    return root


@pytest.fixture
def seeds(filled: Path) -> Iterator[Collection]:
    for name in ("seeds", "data"):
        shutil.rmtree(filled / name)
        shutil.copytree(filled / "as made" / name, filled / name)
    with rag.open_chat(filled / "data") as chat:
        (kept,) = chat.conversations.of(signed_in("alice")).recent()
        yield Collection(filled / "seeds", filled / "data", chat, kept.id)


def outcomes(verification: Verification) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for finding in verification.findings:
        if finding.turn == len(QUESTIONS):
            continue  # what comes near a question that is not answered is of any article
        found.setdefault(finding.title, set()).add(finding.outcome)
    return found


def test_all_holds_until_something_changes(seeds: Collection) -> None:
    for form in FORMATS:
        verification = seeds.verify(seeds.exported(form))
        assert verification.ok
        assert len(verification.findings) >= 6
        assert {finding.turn for finding in verification.findings} == {1, 2, 3, 4}
        assert all(finding.outcome == "holds" and not finding.note for finding in verification.findings)


def test_moved_changed_gone(seeds: Collection) -> None:
    path = seeds.exported("html")
    mines, iran, banksy = (
        "Kherson is Ukrainian again, and the search for mines goes on",
        "Iran admits it supplied drones, but says this was before the offensive",
        "Banksy confirms a mural on a bombed building in Borodianka",
    )
    assert {mines, iran, banksy} <= outcomes(seeds.verify(path)).keys()
    seeds.article("kherson-demining.md", lambda text: text.replace("2,000 mines", "2,150 mines"))
    seeds.article(
        "iran-admits-supplying-drones.md",
        lambda text: text.replace("Iran now says", "Much has happened since. Iran now says", 1),
    )
    (gone,) = [article for article in seeds.chat.articles() if article.title == banksy]
    seeds.chat.remove(gone.id)
    verification = seeds.verify(path)
    assert not verification.ok
    assert verification.altered == ""
    found = outcomes(verification)
    assert found.pop(mines) == {"changed"}
    assert found.pop(iran) == {"moved"}
    assert found.pop(banksy) == {"gone"}
    assert all(kind == {"holds"} for kind in found.values())
    for finding in verification.findings:
        if finding.outcome == "changed":
            assert finding.now == finding.quote.replace("2,000", "2,150")
            assert "still held" in finding.note
        if finding.outcome == "moved":
            text = seeds.chat.article(finding.article).text
            assert text[finding.start : finding.end] == finding.quote
        assert not finding.wrong


def test_a_change_elsewhere_in_the_article_is_told_and_holds(seeds: Collection) -> None:
    path = seeds.exported("json")
    seeds.article("kherson-demining.md", lambda text: text + "\n\nOne more line.\n")
    verification = seeds.verify(path)
    assert verification.ok
    assert verification.findings[0].note == "The article has changed, but not these words."


def test_words_rewritten_are_gone_although_the_article_is_there(seeds: Collection) -> None:
    path = seeds.exported("md")
    seeds.article(
        "kherson-demining.md", lambda text: text.partition("\n---\n")[0] + "\n---\n\nA recipe for pancakes follows here.\n"
    )
    (finding,) = [one for one in seeds.verify(path).findings if one.turn == 1]
    assert finding.outcome == "gone"
    assert finding.note.startswith("Its article is there, but says nothing like it.")


@pytest.mark.slow
def test_an_article_is_known_again_under_another_id(seeds: Collection, tmp_path: Path) -> None:
    path = seeds.exported("json")
    # The same article in another collection, read from JSONL, which gives the ids.
    cited = seeds.chat.article(seeds.verify(path).findings[0].article)
    fields = ("title", "text", "outlet", "language", "published")
    row = {"id": "other", **{name: cited.to_dict()[name] for name in fields}}
    (tmp_path / "same.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    with rag.open_chat(tmp_path / "elsewhere") as other:
        other.add(tmp_path / "same.jsonl")
    first, *others = rag.verify_export(path, tmp_path / "elsewhere").findings
    assert first.ok
    assert first.note == "The article is here under the id other."
    assert "gone" in {finding.outcome for finding in others}


@pytest.mark.slow
def test_the_words_in_another_article_are_pointed_out(seeds: Collection, tmp_path: Path) -> None:
    path = seeds.exported("json")
    (old,) = [article for article in seeds.chat.articles() if article.title.startswith("Kherson is Ukrainian")]
    seeds.chat.remove(old.id)
    (tmp_path / "copy.md").write_text(f"---\ntitle: A copy\n---\n\nReprinted.\n\n{old.text}\n", encoding="utf-8")
    seeds.chat.add(tmp_path / "copy.md")
    finding = seeds.verify(path).findings[0]
    assert finding.outcome == "gone"
    assert "The same words stand in “A copy”" in finding.note


@pytest.mark.parametrize("form", ["md", "html"])
def test_a_file_that_shows_other_words_than_its_record_is_told(seeds: Collection, form: str) -> None:
    path = seeds.exported(form)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("2,000 mines", "20,000 mines", 1), encoding="utf-8")
    verification = seeds.verify(path)
    assert not verification.ok
    assert "20,000 mines" in verification.altered
    path.write_text(text.replace("2,000 mines", "20,000 mines"), encoding="utf-8")  # in the record as well
    verification = seeds.verify(path)
    assert verification.altered == ""
    assert verification.findings[0].outcome == "changed"
    # What editors do unasked is no edit.
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    assert seeds.verify(path).ok


def test_who_said_it_is_checked_with_the_words(seeds: Collection) -> None:
    kept = record(seeds.chat.conversations.of(signed_in("alice")).load(seeds.conversation))
    first = kept.exchanges[0]
    forged = first.sources[0].model_copy(update={"outlet": "The Times", "published": date(2023, 1, 1)})
    entry = first.model_copy(update={"sources": (forged, *first.sources[1:])})
    path = seeds.data / "forged.html"
    path.write_bytes(export.as_html(kept.model_copy(update={"exchanges": (entry, *kept.exchanges[1:])})).encode())
    verification = seeds.verify(path)
    finding = verification.findings[0]
    assert verification.altered == ""
    assert (finding.outcome, finding.ok, verification.ok) == ("holds", False, False)
    assert finding.wrong == (
        "outlet: “The Times” in the file, “Dateline seeds” in the collection",
        "published: “2023-01-01” in the file, “2022-11-12” in the collection",
    )


def test_nothing_to_check_against(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(made("plain", "json"))
    with pytest.raises(rag.DatelineError, match="no collection"):
        rag.verify_export(tmp_path / "x.json", tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


# --- the commands -----------------------------------------------------------------------------------------


def test_list_search_export_verify_delete(run: Run, seeds: Collection, tmp_path: Path) -> None:
    where = ("--data-dir", str(seeds.data))
    code, out, _ = run("conversations", *where)
    (row,) = out.splitlines()
    id, _, count, owner, title = row.split("\t")
    assert (code, count, owner, title) == (0, "4", "user:alice", QUESTIONS[0])
    assert json.loads(run("conversations", "--json", *where)[1])[0]["id"] == id
    code, out, _ = run("conversations", "--search", "reykjavik", *where)
    assert code == 0
    assert "chess tournament" in out.splitlines()[1]
    assert run("conversations", "--search", "quokka", *where)[0] == 3

    for form in FORMATS:
        code, out, err = run("conversations", "export", id, "--format", form, *where)
        assert (code, err) == (0, "")
        (tmp_path / "piped").write_text(out, encoding="utf-8")
        code, out, _ = run("verify", "piped", *where)
        assert code == 0
        assert out.endswith("citations stand word for word at their place.\n")
    assert run("conversations", "export", id, "-o", "out.html", "--format", "html", *where)[:2] == (0, "")
    assert run("conversations", "export", id, "--format", "pdf", *where)[0] == 2
    assert run("conversations", "export", "f" * 32, *where)[0] == 1

    seeds.article("kherson-demining.md", lambda text: text.replace("2,000 mines", "2,150\x1b[31m mines"))
    code, out, _ = run("verify", "out.html", *where)
    assert code == 3
    assert out.startswith("changed: question 1 [1] Kherson is Ukrainian again")
    assert "now: “So far 2,150" in out
    assert "\x1b" not in out
    code, out, _ = run("verify", "out.html", "--json", *where)
    assert code == 3
    assert json.loads(out)["ok"] is False
    assert json.loads(out)["findings"][0]["outcome"] == "changed"

    assert run("conversations", "delete", id, *where)[:2] == (0, f"Deleted {id}: {QUESTIONS[0]}\n")
    assert b"eykjavik" not in (seeds.data / FILE).read_bytes()
    code, _, err = run("conversations", "delete", id, *where)
    assert code == 1
    assert id in err
    assert run("conversations", *where)[:2] == (0, "")


def test_verify_refuses_in_a_sentence(run: Run, seeds: Collection) -> None:
    where = ("--data-dir", str(seeds.data))
    for name in ("missing.md", str(seeds.folder), str(seeds.folder / "kherson-demining.md")):
        code, out, err = run("verify", name, *where)
        assert (code, out) == (1, "")
        assert err.startswith("dateline: ")
        assert "Traceback" not in err


def test_commands_that_only_look_make_nothing(run: Run, tmp_path: Path) -> None:
    assert run("conversations", "--data-dir", str(tmp_path / "none"))[0] == 0
    assert list(tmp_path.iterdir()) == []


def test_hostile_titles_do_not_steer_the_terminal(run: Run, tmp_path: Path) -> None:
    mine = Conversations(tmp_path / FILE).of(signed_in("\x1b[2Jmallory"))
    id = mine.begin("\x1b[31m\u202etitle\tx")
    mine.add(id, "\x1b]0;question\x07", None)
    _, out, _ = run("conversations", "--search", "question", "--data-dir", str(tmp_path))
    assert not set("\x1b\x07\u202e") & set(out)
    assert len(out.splitlines()[0].split("\t")) == 5


def test_the_record_is_what_the_types_say() -> None:
    assert isinstance(recheck.read(made("plain", "md").encode())[0], Record)
