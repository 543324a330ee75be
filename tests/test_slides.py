"""Reading what slides show beside plain texts: charts, diagrams, comments, texts side by side, merged cells."""

from pathlib import Path
from typing import Any

import pptx
import pytest
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.oxml import parse_xml
from pptx.presentation import Presentation
from pptx.slide import Slide
from pptx.util import Inches

from rag.documents.blocks import Block
from rag.documents.formats.office.reader import read_pptx

RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def read(presentation: Presentation, folder: Path) -> list[Block]:
    presentation.save(str(folder / "talk.pptx"))
    return list(read_pptx(folder / "talk.pptx").blocks)


def add_slide(presentation: Presentation, layout: int = 5, title: str = "Sales") -> Slide:
    slide = presentation.slides.add_slide(presentation.slide_layouts[layout])
    slide.shapes.title.text = title
    return slide


def make_chart(kind: str) -> tuple[Any, Any]:
    if kind == "points":
        points = XyChartData()
        series = points.add_series("Depth")
        series.add_data_point(1, 2.5)
        series.add_data_point(3, 4)
        return XL_CHART_TYPE.XY_SCATTER, points
    data = CategoryChartData(number_format="0.0%" if kind == "shares" else "General")
    if kind == "years":
        for year in ("2023", "2024"):
            data.add_category(year).add_sub_category("East")
    else:
        data.categories = ("East", "West")
    data.add_series("Sales 2024", (0.192, 0.214))
    data.add_series("Sales 2025", (0.2, None))
    return XL_CHART_TYPE.COLUMN_CLUSTERED, data


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("plain", ["East; Sales 2024: 0.192; Sales 2025: 0.2", "West; Sales 2024: 0.214"]),
        ("shares", ["East; Sales 2024: 19.2%; Sales 2025: 20.0%", "West; Sales 2024: 21.4%"]),
        ("years", ["2023 East; Sales 2024: 0.192; Sales 2025: 0.2", "2024 East; Sales 2024: 0.214"]),
        ("points", ["1; Depth: 2.5", "3; Depth: 4"]),
    ],
)
def test_a_chart_is_its_titles_and_values(tmp_path: Path, kind: str, rows: list[str]) -> None:
    presentation = pptx.Presentation()
    place = (Inches(1), Inches(2), Inches(5), Inches(4))
    chart = add_slide(presentation).shapes.add_chart(make_chart(kind)[0], *place, make_chart(kind)[1]).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Sales in million euros"
    chart.value_axis.has_title = True
    chart.value_axis.axis_title.text_frame.text = "euros"
    assert [block.text for block in read(presentation, tmp_path)] == ["Sales", "Sales in million euros", "euros", *rows]


def add_part(presentation: Presentation, owner: Any, name: str, kind: str, xml: str) -> str:
    part = Part(PackURI(name), "application/xml", presentation.part.package, xml.encode())
    relation: str = owner.relate_to(part, f"{RELATIONS}/{kind}")
    return relation


DIAGRAM = (
    '<dgm:dataModel xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><dgm:ptLst><dgm:pt modelId="0" type="doc"/>'
    '{}<dgm:pt modelId="9" type="parTrans"/></dgm:ptLst><dgm:cxnLst>'
    '<dgm:cxn srcId="0" destId="2" srcOrd="1"/><dgm:cxn srcId="0" destId="1" srcOrd="0"/>'
    '<dgm:cxn srcId="1" destId="3" srcOrd="0"/><dgm:cxn type="presOf" srcId="3" destId="1" srcOrd="0"/></dgm:cxnLst>'
    "</dgm:dataModel>"
)


def test_a_diagram_is_read_from_the_top_down(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    slide = add_slide(presentation)
    words = {"2": "Second", "1": "First", "3": "Below the first"}
    nodes = "".join(
        f'<dgm:pt modelId="{number}"><dgm:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:t></dgm:pt>'
        for number, text in words.items()
    )
    name = add_part(presentation, slide.part, "/ppt/diagrams/data1.xml", "diagramData", DIAGRAM.format(nodes))
    table = slide.shapes.add_table(1, 1, 0, 0, 9, 9)
    graphic = table._element.graphic.graphicData
    graphic.clear()
    graphic.set("uri", "http://schemas.openxmlformats.org/drawingml/2006/diagram")
    prefixes = f'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" xmlns:r="{RELATIONS}"'
    graphic.append(parse_xml(f'<dgm:relIds {prefixes} r:dm="{name}"/>'))
    texts = [block.text for block in read(presentation, tmp_path)]
    assert texts == ["Sales", "First", "Below the first", "Second"]


OLD_COMMENTS = (
    '<p:cmLst xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main">'
    '<p:cm authorId="3" dt="2012-10-05T08:00:00"><p:text>Is this sure?</p:text></p:cm></p:cmLst>'
)
OLD_AUTHORS = (
    '<p:cmAuthorLst xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main">'
    '<p:cmAuthor id="3" name="Ann Lee"/></p:cmAuthorLst>'
)
NEW_COMMENTS = (
    '<n:cmLst xmlns:n="http://schemas.microsoft.com/office/powerpoint/2018/8/main"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><n:cm authorId="x" created="2012-10-05T08:00:00">'
    '<n:replyLst><n:reply authorId="y" created="2012-10-06T08:00:00"><n:txBody><a:p><a:r><a:t>Yes.</a:t></a:r></a:p>'
    "</n:txBody></n:reply></n:replyLst><n:txBody><a:p><a:r><a:t>Is this </a:t></a:r><a:r><a:t>sure?</a:t></a:r></a:p>"
    "</n:txBody></n:cm></n:cmLst>"
)
NEW_AUTHORS = (
    '<n:authorLst xmlns:n="http://schemas.microsoft.com/office/powerpoint/2018/8/main">'
    '<n:author id="x" name="Ann Lee"/><n:author id="y" name="Ben"/></n:authorLst>'
)


@pytest.mark.parametrize(
    ("comments", "authors", "kind", "replies"),
    [
        (OLD_COMMENTS, OLD_AUTHORS, "commentAuthors", []),
        (NEW_COMMENTS, NEW_AUTHORS, "authors", [("comment", "Ben", "2012-10-06", 1, "Yes.")]),
    ],
)
def test_reviewers_comments_are_comments(
    tmp_path: Path, comments: str, authors: str, kind: str, replies: list[object]
) -> None:
    presentation = pptx.Presentation()
    slide = add_slide(presentation)
    add_part(presentation, slide.part, "/ppt/comments/comment1.xml", "comments", comments)
    add_part(presentation, presentation.part, "/ppt/authors.xml", kind, authors)
    read_comments = [(b.voice, b.author, b.date, b.page, b.text) for b in read(presentation, tmp_path)[1:]]
    assert read_comments == [("comment", "Ann Lee", "2012-10-05", 1, "Is this sure?"), *replies]


def test_a_heading_is_followed_by_the_text_below_it(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    slide = add_slide(presentation, layout=4, title="Comparison")
    for number, text in ((1, "Before"), (2, "Slow\nDear"), (3, "After"), (4, "Fast\nCheap")):
        slide.placeholders[number].text = text
    assert [block.text for block in read(presentation, tmp_path)] == [
        "Comparison", "Before", "Slow", "Dear", "After", "Fast", "Cheap",
    ]  # fmt: skip


def test_texts_at_nearly_the_same_height_are_read_from_left_to_right(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    slide = add_slide(presentation)
    for text, left, top in (("right", 5, 2.01), ("left", 1, 1.99), ("below", 1, 4)):
        slide.shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(1)).text_frame.text = text
    assert [block.text for block in read(presentation, tmp_path)] == ["Sales", "left", "right", "below"]


def test_a_shape_beside_a_title_and_its_text_comes_after_the_text_unless_it_ends_above_it(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    slide = add_slide(presentation, layout=7)
    slide.placeholders[1].text = "beside"
    slide.placeholders[2].text = "below"
    assert [block.text for block in read(presentation, tmp_path)] == ["Sales", "below", "beside"]
    slide.placeholders[1].height = Inches(0.5)
    assert [block.text for block in read(presentation, tmp_path)] == ["Sales", "beside", "below"]


def test_without_a_title_the_place_of_the_layouts_title_counts_except_in_a_group(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    slide = add_slide(presentation, layout=7)
    slide.shapes.title.element.getparent().remove(slide.shapes.title.element)
    slide.placeholders[1].text = "beside"
    slide.placeholders[2].text = "below"
    group = slide.shapes.add_group_shape()
    for text, left, top in (("first", 5, 0.3), ("second", 1, 1.2)):
        group.shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(5)).text_frame.text = text
    group.top = Inches(6)
    assert [block.text for block in read(presentation, tmp_path)] == ["Slide 1", "below", "beside", "first", "second"]


def test_merged_labels_of_a_table_are_in_each_row_and_column(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    rows = [["Region", "Sales", ""], ["", "2023", "2024"], ["North", "1", "2"], ["", "3", "4"], ["South", "", ""]]
    table = add_slide(presentation).shapes.add_table(5, 3, 0, 0, Inches(5), Inches(3)).table
    for i, row in enumerate(rows):
        for j, text in enumerate(row):
            table.cell(i, j).text = text
    for one, other in (((0, 0), (1, 0)), ((0, 1), (0, 2)), ((2, 0), (3, 0))):
        table.cell(*one).merge(table.cell(*other))
    assert [block.text for block in read(presentation, tmp_path)][1:] == [
        "Region: North; Sales 2023: 1; Sales 2024: 2",
        "Region: North; Sales 2023: 3; Sales 2024: 4",
        "Region: South",
    ]


def test_the_numbers_of_paragraphs_are_in_the_text(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    frame = add_slide(presentation, layout=1, title="Steps").placeholders[1].text_frame
    paragraphs = [
        ("Fill", 0, "arabicPeriod"),
        ("water", 1, "alphaLcParenR"),
        ("oil", 1, "alphaLcParenR"),
        ("", 0, "arabicPeriod"),
        ("Start", 0, "arabicPeriod"),
        ("Note", 0, ""),
        ("Stop", 0, "romanUcParenBoth"),
    ]
    for text, level, form in paragraphs:
        paragraph = frame.add_paragraph()
        paragraph.text, paragraph.level = text, level
        if form:
            name = "http://schemas.openxmlformats.org/drawingml/2006/main"
            paragraph._p.get_or_add_pPr().append(parse_xml(f'<a:buAutoNum xmlns:a="{name}" type="{form}"/>'))
    assert [block.text for block in read(presentation, tmp_path)] == [
        "Steps", "1. Fill", "a) water", "b) oil", "2. Start", "Note", "(I) Stop",
    ]  # fmt: skip
