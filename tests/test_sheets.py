"""Reading the tables, forms and values of workbooks."""

import zipfile
from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from rag.documents.formats.office.reader import read_xlsx


def read_sheet(folder: Path, rows: Iterable[Any], change: Callable[[Worksheet], object] = str) -> list[str]:
    """Return the texts of a sheet's blocks without its name."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in rows:
        sheet.append(row)
    change(sheet)
    workbook.save(folder / "book.xlsx")
    return [block.text for block in read_xlsx(folder / "book.xlsx").blocks][1:]


def test_a_sheet_of_names_and_values_has_no_header(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["Tenant", "Ada Example"],
        ["Monthly rent:", 900],
        ["Deposit", 1800],
        ["Start", "1 April 2025"],
        ["Signed"],
    ]
    expected = ["Tenant: Ada Example", "Monthly rent: 900", "Deposit: 1800", "Start: 1 April 2025", "Signed"]
    assert read_sheet(tmp_path, rows) == expected
    assert read_sheet(tmp_path, [[None, *row] for row in rows]) == expected


@pytest.mark.parametrize(
    ("rows", "change"),
    [
        ([["Item", "Price"], ["Tea", 3], ["Coffee", 4]], str),
        ([["Item", "Price"], ["Tea", "on request"], ["Coffee", "4 a cup"]], lambda s: embolden(s, 1)),
    ],
)
def test_two_columns_have_a_header_if_it_is_bold_or_above_numbers(
    tmp_path: Path, rows: list[list[Any]], change: Callable[[Worksheet], object]
) -> None:
    assert read_sheet(tmp_path, rows, change)[0] == f"Item: Tea; Price: {rows[1][1]}"


def embolden(sheet: Worksheet, row: int) -> None:
    for cell in sheet[row]:
        cell.font = Font(bold=True)


def test_each_table_of_a_sheet_has_its_own_header(tmp_path: Path) -> None:
    rows = [
        ["Drinks"],
        ["Item", "Price"],
        ["Tea", 3],
        [],
        ["Staff"],
        ["Name", "Shift"],
        ["Ada", 2],
        [],
        ["See the board."],
    ]
    assert read_sheet(tmp_path, rows) == [
        "Drinks",
        "Item: Tea; Price: 3",
        "Staff",
        "Name: Ada; Shift: 2",
        "See the board.",
    ]


def test_a_form_below_a_table_does_not_wear_its_header(tmp_path: Path) -> None:
    rows = [["Item", "Price", "Stock"], ["Tea", 3, 7], [], ["Checked by", "Ada"], ["Approved by", "Ben"]]
    assert read_sheet(tmp_path, rows) == ["Item: Tea; Price: 3; Stock: 7", "Checked by: Ada", "Approved by: Ben"]


def test_names_and_values_above_a_table_are_lines(tmp_path: Path) -> None:
    rows = [["Order", "A-17"], ["Customer:", "Ada"], ["Item", "Price", "Sum"], ["Tea", 3, 6], ["Coffee", 4, 8]]
    assert read_sheet(tmp_path, rows)[:3] == ["Order: A-17", "Customer: Ada", "Item: Tea; Price: 3; Sum: 6"]


def test_rows_after_an_empty_one_go_on_with_the_header_if_they_are_alike(tmp_path: Path) -> None:
    rows = [["Item", "Price", "Stock"], ["Tea", 3, 7], [], ["Coffee", 4, 9], ["Cocoa", 5, 2]]
    assert read_sheet(tmp_path, rows)[1:] == ["Item: Coffee; Price: 4; Stock: 9", "Item: Cocoa; Price: 5; Stock: 2"]


def test_a_header_that_is_repeated_is_no_row(tmp_path: Path) -> None:
    rows = [["Item", "Price", "Stock"], ["Tea", 3, 7], ["Item", "Price", "Stock"], ["Coffee", 4, 9]]
    assert read_sheet(tmp_path, rows) == ["Item: Tea; Price: 3; Stock: 7", "Item: Coffee; Price: 4; Stock: 9"]


def test_a_header_of_two_rows_and_merged_labels_are_in_each_row(tmp_path: Path) -> None:
    def merge(sheet: Worksheet) -> None:
        for cells in ("A1:A2", "B1:C1", "D1:E1", "A3:A4"):
            sheet.merge_cells(cells)

    rows = [
        ["Region", "Sales", None, "Costs", None],
        [None, 2023, 2024, 2023, 2024],
        ["North", 1, 2, 3, 4],
        [None, 5, 6, 7, 8],
    ]
    assert read_sheet(tmp_path, rows, merge) == [
        "Region: North; Sales 2023: 1; Sales 2024: 2; Costs 2023: 3; Costs 2024: 4",
        "Region: North; Sales 2023: 5; Sales 2024: 6; Costs 2023: 7; Costs 2024: 8",
    ]


@pytest.mark.parametrize(
    ("rows", "texts"),
    [
        (
            [["Item", "Place", "Owner", "Note"], ["Lamp", "Hall", "Ada", "x"], [], ["Checked", "Ada"], ["Seen", "Ben"]],
            ["Item: Lamp; Place: Hall; Owner: Ada; Note: x", "Checked: Ada", "Seen: Ben"],
        ),
        ([["Tenant", "Ada"], ["Start", "May"], [], ["End", "June"]], ["Tenant: Ada", "Start: May", "End: June"]),
        (
            [[None, "Spring", "Autumn"], ["North", 1, 2], ["South", 3, 4]],
            ["North; Spring: 1; Autumn: 2", "South; Spring: 3; Autumn: 4"],
        ),
        (
            [
                ["Item", "Place", "Key"],
                ["Lamp", "Hall", "no"],
                [],
                ["Staff"],
                ["Name", "Town", "Role"],
                ["Ada", "Bern", "cook"],
            ],
            ["Item: Lamp; Place: Hall; Key: no", "Staff", "Name: Ada; Town: Bern; Role: cook"],
        ),
    ],
)
def test_forms_titled_tables_and_headers_with_an_empty_label_are_found(
    tmp_path: Path, rows: list[list[Any]], texts: list[str]
) -> None:
    assert read_sheet(tmp_path, rows) == texts


def test_a_header_of_two_rows_may_have_two_labels(tmp_path: Path) -> None:
    def merge(sheet: Worksheet) -> None:
        sheet.merge_cells("A1:A2")
        sheet.merge_cells("B1:C1")

    rows = [["Region", "Sales", None], [None, 2023, 2024], ["North", 1, 2], ["South", 5, 6]]
    assert read_sheet(tmp_path, rows, merge) == [
        "Region: North; Sales 2023: 1; Sales 2024: 2",
        "Region: South; Sales 2023: 5; Sales 2024: 6",
    ]


def test_labels_of_empty_columns_are_kept(tmp_path: Path) -> None:
    assert read_sheet(tmp_path, [["Task", "Owner", "Due"], ["Paint"], ["Clean"]], lambda s: embolden(s, 1)) == [
        "Task: Paint",
        "Task: Clean",
        "Owner; Due",
    ]


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (4217, "000000", "004217"),
        (1284.5, '#,##0.00\\ "€"', "1,284.50 €"),
        (-63.2, "#,##0.00 [$€-407]", "-63.20 €"),
        (-1284.5, '_-* #,##0.00\\ "€"_-;-* #,##0.00\\ "€"_-;_-* "-"??\\ "€"_-;_-@_-', "-1,284.50 €"),
        (-5, '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)', "($5.00)"),
        (0, '0;-0;"none"', "none"),
        (0.075, "0.0%", "7.5%"),
        (0.075, "0%", "8%"),
        (1_234_567, '0.0,,"M"', "1.2M"),
        (5_551_234, "000-0000", "555-1234"),
        (123, "#-####", "-123"),
        (12.5, ".00", "12.50"),
        (12, 'General" kg"', "12 kg"),
        (0.1 + 0.2, "General", "0.3"),
        (2.5, "# ?/?", "2.5"),
        (5, "[<10]0;00", "5"),
        (1e20, "0", "1e+20"),
        (timedelta(days=4, hours=16, minutes=15), "[h]:mm", "112:15"),
        (timedelta(minutes=95), '[m]" min"', "95 min"),
        (time(5, 45), "h:mm", "05:45"),
        (datetime(2012, 10, 5, 8, 15), "d.m.yyyy h:mm", "2012-10-05 08:15"),
    ],
)
def test_a_value_is_read_as_the_format_of_its_cell_shows_it(tmp_path: Path, value: Any, code: str, shown: str) -> None:
    rows = [["Value", "Note"], [value, "x"], [value, "y"]]

    def set_format(sheet: Worksheet) -> None:
        embolden(sheet, 1)
        sheet["A2"].number_format = code

    assert read_sheet(tmp_path, rows, set_format)[0] == f"Value: {shown}; Note: x"


def test_notes_boxes_and_titles_of_charts_are_read(tmp_path: Path) -> None:
    def decorate(sheet: Worksheet) -> None:
        sheet["B3"].comment = Comment("Ada Example:\nIt rises to 5 in May.", "Ada Example")
        sheet["C2"].comment = Comment("In a hidden column.", "Ada Example")
        sheet.column_dimensions["C"].hidden = True
        chart = BarChart()
        chart.title = "Prices in the canteen"
        chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3), titles_from_data=True)
        sheet.add_chart(chart, "E2")

    rows = [["Item", "Price", "Cost"], ["Tea", 3, 1], ["Coffee", 4, 2]]
    assert read_sheet(tmp_path, rows, decorate) == [
        "Item: Tea; Price: 3",
        "Item: Coffee; Price: 4",
        "Prices in the canteen",
        "Coffee (B3): It rises to 5 in May.",
    ]
    comment = list(read_xlsx(tmp_path / "book.xlsx").blocks)[-1]
    assert (comment.voice, comment.author) == ("comment", "Ada Example")


THREADS = (
    '<ThreadedComments xmlns="http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments">'
    '<threadedComment ref="B2" dT="2012-10-05T08:00:00.00" personId="1" id="2"><text>Is this sure?</text>'
    "</threadedComment>"
    '<threadedComment ref="B2" dT="2012-10-06T08:00:00.00" personId="3" id="4" parentId="2"><text>Yes.</text>'
    "</threadedComment></ThreadedComments>"
)
PEOPLE = (
    '<personList xmlns="http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments">'
    '<person displayName="Ann Lee" id="1"/><person displayName="Ben" id="3"/></personList>'
)
DRAWING = (
    '<xdr:wsDr xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><xdr:sp><xdr:nvSpPr><xdr:cNvPr id="1" name="a"/>'
    "</xdr:nvSpPr><xdr:txBody><a:p><a:r><a:t>Order by </a:t></a:r><a:r><a:t>Friday.</a:t></a:r></a:p></xdr:txBody>"
    '</xdr:sp><xdr:sp><xdr:nvSpPr><xdr:cNvPr id="2" name="b" hidden="1"/></xdr:nvSpPr><xdr:txBody><a:p><a:r>'
    "<a:t>Hidden.</a:t></a:r></a:p></xdr:txBody></xdr:sp></xdr:wsDr>"
)


def test_threads_of_comments_stand_for_the_notes_of_older_versions(tmp_path: Path) -> None:
    def comment(sheet: Worksheet) -> None:
        sheet["B2"].comment = Comment("[Threaded comment] Your version of Excel …", "tc=1")

    read_sheet(tmp_path, [["Item", "Price"], ["Tea", 3]], comment)
    relation = '<Relationship Id="x{}" Type="http://x.org/{}" Target="/{}"/></Relationships>'
    relations = {"threadedComment": "xl/threadedComments/t.xml", "drawing": "xl/drawings/d.xml"}
    with zipfile.ZipFile(tmp_path / "book.xlsx") as book, zipfile.ZipFile(tmp_path / "more.xlsx", "w") as more:
        for name in book.namelist():
            text = book.read(name)
            if name == "xl/worksheets/_rels/sheet1.xml.rels":
                for number, (kind, target) in enumerate(relations.items()):
                    text = text.replace(b"</Relationships>", relation.format(number, kind, target).encode())
            more.writestr(name, text)
        for name, part in zip((*relations.values(), "xl/persons/person.xml"), (THREADS, DRAWING, PEOPLE), strict=True):
            more.writestr(name, part)
    blocks = list(read_xlsx(tmp_path / "more.xlsx").blocks)[2:]
    assert [(block.author, block.date, block.text) for block in blocks] == [
        (None, None, "Order by Friday."),
        ("Ann Lee", "2012-10-05", "Tea (B2): Is this sure?"),
        ("Ben", "2012-10-06", "Tea (B2): Yes."),
    ]
