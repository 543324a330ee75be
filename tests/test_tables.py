"""Reading tables and records in text."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from rag.documents.blocks import Block, assemble
from rag.documents.formats.records import read_csv, read_jsonl
from rag.documents.formats.slack import read_json
from rag.errors import DocumentError


def read_table(folder: Path, text: str) -> list[str]:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return [block.text for block in read_csv(path).blocks]


def read_records(folder: Path, data: Any) -> list[Block]:
    path = folder / "records.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return list(read_json(path).blocks)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_rows_have_the_words_of_the_header_whatever_parts_the_cells(tmp_path: Path, delimiter: str) -> None:
    with (tmp_path / "table.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([["City", "Note"], ["Bern", "wet, cold; dark | long"], ["Basel", 'a "port"'], ["Rome", "1,5"]])
    blocks = list(read_csv(tmp_path / "table.csv").blocks)
    assert [(b.kind, b.text) for b in blocks] == [
        ("item", "City: Bern; Note: wet, cold; dark | long"),
        ("item", 'City: Basel; Note: a "port"'),
        ("item", "City: Rome; Note: 1,5"),
    ]


def test_decimal_commas_part_no_cells(tmp_path: Path) -> None:
    assert read_table(tmp_path, "Tag;Preis\nMontag;1,5\nDienstag;2,5\n") == [
        "Tag: Montag; Preis: 1,5",
        "Tag: Dienstag; Preis: 2,5",
    ]


def test_a_bank_statement_has_lines_above_its_table_and_decimal_commas(tmp_path: Path) -> None:
    statement = (
        'Account:;"XX40 / Giro"\nFrom;"01.04.2024"\n\nDay;"To";"Purpose";"Amount";\n'
        '02.04.2024;"Court";"Rent";"-760,00";\n'
        '05.04.2024;"Port";"Pay";"2.914,37";\n'
    )
    assert read_table(tmp_path, statement) == [
        "Account: XX40 / Giro",
        "From: 01.04.2024",
        "Day: 02.04.2024; To: Court; Purpose: Rent; Amount: -760,00",
        "Day: 05.04.2024; To: Port; Purpose: Pay; Amount: 2.914,37",
    ]


def test_a_line_for_excel_names_the_delimiter(tmp_path: Path) -> None:
    assert read_table(tmp_path, "sep=;\r\nFlat;Rent\r\n1;812,40\r\n2;598,00\r\n") == [
        "Flat: 1; Rent: 812,40",
        "Flat: 2; Rent: 598,00",
    ]


def test_labels_of_empty_columns_are_kept(tmp_path: Path) -> None:
    assert read_table(tmp_path, "Task,Owner,Due\nPaint,,\nClean,,\n") == ["Task: Paint", "Task: Clean", "Owner; Due"]


def test_a_quoted_cell_may_have_several_lines(tmp_path: Path) -> None:
    assert read_table(tmp_path, 'name,note\nAnn,"first\nsecond"\n') == ["name: Ann; note: first second"]


def test_rows_may_be_shorter_or_longer_than_the_header(tmp_path: Path) -> None:
    rows = "name,age\nAnn,3\n\nBob\nCid,5,blue\nDan,6\nEve,7\n"
    assert read_table(tmp_path, rows) == [
        "name: Ann; age: 3",
        "name: Bob",
        "name: Cid; age: 5; blue",
        "name: Dan; age: 6",
        "name: Eve; age: 7",
    ]


@pytest.mark.parametrize(
    "rows",
    [
        ["1,2,3", "4,5,6"],
        ["2012-10-04,Bern", "2012-10-05,Basel"],
        ["Ann,yes", "Bob,yes"],
        ["The bridge is open.,x", "The road is not.,y"],
        ["1999,2000", "2001,2002"],
    ],
)
def test_without_a_header_cells_are_bare(tmp_path: Path, rows: list[str]) -> None:
    assert read_table(tmp_path, "\n".join(rows)) == [row.replace(",", "; ") for row in rows]


def test_years_may_be_in_a_header_and_what_is_above_it_is_a_paragraph(tmp_path: Path) -> None:
    assert read_table(tmp_path, "Exports,,\nCountry,1999,2000\nChad,3,4\nMali,5,6\n") == [
        "Exports",
        "Country: Chad; 1999: 3; 2000: 4",
        "Country: Mali; 1999: 5; 2000: 6",
    ]


def test_a_cell_may_be_longer_than_the_csv_module_allows(tmp_path: Path) -> None:
    long = "word " * 40_000
    assert read_table(tmp_path, f"name,note\nAnn,{long}\n") == [f"name: Ann; note: {long.strip()}"]


def test_one_column_stays_as_it_is(tmp_path: Path) -> None:
    assert read_table(tmp_path, "Bern\nBasel, on the Rhine\nRome\n") == ["Bern", "Basel, on the Rhine", "Rome"]


def test_a_table_in_an_old_encoding_is_read(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_bytes("Straße;Größe\nKönigsallee;3\n".encode("cp1252"))
    assert [b.text for b in read_csv(tmp_path / "old.csv").blocks] == ["Straße: Königsallee; Größe: 3"]


def test_records_are_sections_with_title_author_date_and_voice(tmp_path: Path) -> None:
    path = tmp_path / "news.json"
    records = [
        {
            "title": "Visit off",
            "author": "A. Writer",
            "date": "October 4th, 2012",
            "text": "It was called off.",
            "id": 7,
        },
        {"voice": "comment", "user": {"name": "Zara"}, "created_at": 1349424000, "body": "Surely the pipeline."},
        {"voice": "comment", "from": "Yan", "timestamp": 1349424000000, "message": "No.", "subject": "Re: visit"},
    ]
    path.write_text(json.dumps(records), encoding="utf-8")
    document = assemble("news.json", read_json(path))
    assert [(s.voice, s.author, s.date, s.heading, document.text[s.start : s.end]) for s in document.sections] == [
        ("article", "A. Writer", "2012-10-04", "Visit off", "It was called off.\n\nid: 7"),
        ("comment", "Zara", "2012-10-05", None, "Surely the pipeline."),
        ("comment", "Yan", "2012-10-05", None, "Re: visit\nNo."),
    ]


def test_values_are_lines_with_the_path_to_them(tmp_path: Path) -> None:
    record = {"city": "Bern", "size": {"people": 134000, "area": {"km2": 51.6}}, "rivers": ["Aare", None], "open": True}
    assert [b.text for b in read_records(tmp_path, [record])] == [
        "city: Bern\nsize.people: 134000\nsize.area.km2: 51.6\nrivers: Aare\nopen: true",
    ]


def test_an_object_gives_the_document_its_title_author_and_date(tmp_path: Path) -> None:
    path = tmp_path / "article.json"
    comments = [{"author": "Zara", "text": "I doubt it."}]
    article = {"title": "Visit off", "author": "A. Writer", "date": "2012-10-04", "text": "Off.", "comments": comments}
    path.write_text(json.dumps(article), encoding="utf-8")
    document = assemble("article.json", read_json(path))
    assert (document.title, document.author, document.date) == ("Visit off", "A. Writer", "2012-10-04")
    assert [(s.voice, s.author, document.text[s.start : s.end]) for s in document.sections] == [
        ("article", "A. Writer", "Off."),
        ("comment", "Zara", "I doubt it."),
    ]


def test_a_record_is_not_below_the_heading_of_the_one_before(tmp_path: Path) -> None:
    records = {"towns": [{"name": "Bern", "people": 1}, {"people": 2}]}
    blocks = [(b.kind, b.level, b.text) for b in read_records(tmp_path, records)]
    assert blocks == [
        ("heading", 2, "towns"),
        ("heading", 3, "Bern"),
        ("paragraph", 1, "people: 1"),
        ("heading", 3, "Record 2"),
        ("paragraph", 1, "people: 2"),
    ]


def test_lists_of_words_and_of_lists_are_items(tmp_path: Path) -> None:
    blocks = read_records(tmp_path, ["Bern", 3.0, None, ["Basel", 2], [["deep"]]])
    assert [b.text for b in blocks if b.text] == ["Bern", "3", "Basel, 2", "deep"]
    assert [b.text for b in read_records(tmp_path, "alone")] == ["alone"]


def test_each_line_is_a_record_and_a_broken_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"text": "One\u2028and on."}\n\n{"text": "Two."}\n', encoding="utf-8")
    assert [b.text for b in read_jsonl(path).blocks] == ["One\u2028and on.", "Two."]
    path.write_text('{"text": "One."}\n\n{"text": \n', encoding="utf-8")
    with pytest.raises(DocumentError, match=r"^line 3 is not valid JSON"):
        list(read_jsonl(path).blocks)


def test_broken_json_is_said_to_be_so_with_the_place(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"a": 1,}', encoding="utf-8")
    with pytest.raises(DocumentError, match=r"^it is not valid JSON: .*line 1 column 9"):
        read_json(tmp_path / "broken.json")


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 60 + "1" + "}" * 60, "[" * 60 + "1" + "]" * 60, '[{"a":' * 60 + "1" + "}]" * 60]
)
@pytest.mark.parametrize("reader", [read_json, read_jsonl])
def test_what_is_nested_too_deeply_is_an_error_of_the_document(tmp_path: Path, text: str, reader: Any) -> None:
    (tmp_path / "deep.json").write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError, match="nested more than 50 deep"):
        list(reader(tmp_path / "deep.json").blocks)
