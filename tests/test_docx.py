from __future__ import annotations

import zipfile
from pathlib import Path

from docx import Document
from docx.enum.style import WD_STYLE_TYPE

from index.read import read
from index.types import Article, Failure

LEAD = "Engineers reopened the northern bridge on Tuesday after eleven weeks of repairs, the harbour authority said."


def one(path: Path) -> Article:
    (found,) = read(path)
    assert isinstance(found, Article), found
    return found


def test_everything_a_reader_sees_in_the_body_is_read_in_order(tmp_path: Path) -> None:
    document = Document()
    made = document.styles.add_style("House headline", WD_STYLE_TYPE.PARAGRAPH)
    made.base_style = document.styles["Heading 2"]
    document.add_paragraph("The tunnel", style="House headline")
    document.add_paragraph(LEAD)
    document.add_paragraph("First, the bridge.", style="List Number")
    document.add_paragraph("Then, the tunnel.", style="List Bullet 2")
    layout = document.add_table(1, 2)
    layout.cell(0, 0).text = "Beside the figures stands a remark."
    inner = layout.cell(0, 1).add_table(2, 3)
    for cell, said in zip((c for row in inner.rows for c in row.cells), "Year Cars Boats 2019 6,100 12".split(), strict=True):
        cell.text = said
    merged = document.add_table(1, 3)
    merged.cell(0, 0).merge(merged.cell(0, 1)).text = "Both"
    merged.cell(0, 2).text = "One"
    document.core_properties.title = "Bridge reopens"
    document.core_properties.author = "Ada Moor; Ben Cole"
    document.core_properties.language = "en-GB"
    document.save(str(tmp_path / "a.docx"))
    article = one(tmp_path / "a.docx")
    assert article.text == (
        f"The tunnel\n\n{LEAD}\n\n• First, the bridge.\n• Then, the tunnel.\n\nBeside the figures stands a remark.\n\n"
        "Year | Cars | Boats\n2019 | 6,100 | 12\nBoth: One"
    )
    assert (article.title, article.author, article.language) == ("Bridge reopens", "Ada Moor; Ben Cole", "en-GB")
    assert article.published is None


def test_a_document_with_damaged_properties_gets_none(tmp_path: Path) -> None:
    document = Document()
    document.add_paragraph(LEAD)
    document.save(str(tmp_path / "a.docx"))
    with zipfile.ZipFile(tmp_path / "a.docx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name != "docProps/core.xml"}
    parts["_rels/.rels"] = parts["_rels/.rels"].replace(b"docProps/core.xml", b"docProps/app.xml")
    with zipfile.ZipFile(tmp_path / "b.docx", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    article = one(tmp_path / "b.docx")
    assert (article.title, article.author, article.published) == ("", "", None)


def test_an_entity_bomb_in_a_document_does_not_go_off(tmp_path: Path) -> None:
    document = Document()
    document.add_paragraph(LEAD)
    document.save(str(tmp_path / "a.docx"))
    with zipfile.ZipFile(tmp_path / "a.docx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    bomb = "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True))
    body = parts["word/document.xml"].decode().replace("<w:document ", f'<!DOCTYPE w [<!ENTITY a "lol">{bomb}]><w:document ', 1)
    parts["word/document.xml"] = body.replace(LEAD, f"{LEAD} &i;").encode()
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    (found,) = read(tmp_path / "a.docx")
    assert isinstance(found, Failure) or "lol" not in found.text
