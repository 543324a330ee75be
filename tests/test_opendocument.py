"""Reading OpenDocument files; those in tests/files were saved by LibreOffice 7.4."""

import zipfile
from pathlib import Path

import pytest

from rag.documents.blocks import Block, assemble
from rag.documents.formats.opendocument.lists import Counter
from rag.documents.formats.opendocument.reader import read_flat_opendocument, read_opendocument
from rag.documents.read import read_document
from rag.errors import DocumentError

FILES = Path(__file__).parent / "files"
PREFIXES = {
    "office": "office", "style": "style", "text": "text", "table": "table", "draw": "drawing",
    "fo": "xsl-fo-compatible", "presentation": "presentation", "svg": "svg-compatible", "meta": "meta",
    "manifest": "manifest",
}  # fmt: skip
NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for prefix, name in PREFIXES.items()
)
NAMESPACES += ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def make_content(body: str, *, kind: str = "text", styles: str = "", root: str = "document-content") -> str:
    automatic = f"<office:automatic-styles>{styles}</office:automatic-styles>"
    inside = f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"
    return f"<office:{root} {NAMESPACES}>{automatic}{inside}</office:{root}>"


def read(folder: Path, content: str, **parts: str) -> list[Block]:
    path = folder / "file.odt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in {"content.xml": content, **parts}.items():
            archive.writestr(name, part)
    return [block for block in read_opendocument(path).blocks if block.text]


def texts(blocks: list[Block]) -> list[str]:
    return [block.text for block in blocks]


def make_style(name: str, family: str = "text", kind: str = "text", **settings: str) -> str:
    attributes = " ".join(f'{key.replace("_", ":", 1).replace("_", "-")}="{value}"' for key, value in settings.items())
    properties = f"<style:{kind}-properties {attributes}/>"
    return f'<style:style style:name="{name}" style:family="{family}">{properties}</style:style>'


def test_a_workbook_has_its_visible_sheets_and_rows_with_values_as_shown() -> None:
    blocks = list(read_opendocument(FILES / "trips.ods").blocks)
    assert [(block.kind, block.text) for block in blocks] == [
        ("heading", "Trips"),
        ("paragraph", "All trips"),
        ("item", "City: Bern; Day: 2012-10-04; Hours: 3; Share: 25%; Price: 1,234.50 EUR; Paid: TRUE"),
        ("item", "City: Basel; Day: 2012-10-05 08:15:00; Hours: 0.5; Share: 7%; Price: 9.00 EUR"),
        ("heading", "Last"),
        ("item", "one; three"),
    ]


def test_slides_are_pages_with_titles_texts_in_reading_order_tables_and_notes() -> None:
    document = assemble("plan.odp", read_opendocument(FILES / "plan.odp"))
    assert (document.title, document.author) == ("A plan", "Jane Doe")
    assert [(s.page, s.heading, document.text[s.start : s.end]) for s in document.sections] == [
        (1, "Aims", "Build\nOpen\n\nNotes: Say it slowly."),
        (2, "Slide 2", "left\n\nright\n\nbottom"),
        (3, "Costs", "Year: 2020; Cost: 6"),
    ]


def test_a_heading_on_a_slide_is_followed_by_the_text_below_it(tmp_path: Path) -> None:
    places = {"Before": (1, 3), "After": (12, 3), "Slow": (1, 6), "Fast": (12, 6)}
    frames = "".join(
        f'<draw:frame svg:x="{x}cm" svg:y="{y}cm" svg:width="9cm" svg:height="2cm"><draw:text-box><text:p>{words}'
        "</text:p></draw:text-box></draw:frame>"
        for words, (x, y) in places.items()
    )
    content = make_content(f"<draw:page>{frames}</draw:page>", kind="presentation")
    assert texts(read(tmp_path, content)) == ["Slide 1", "Before", "Slow", "After", "Fast"]


def test_the_kind_of_a_file_is_what_it_holds_whatever_its_suffix(tmp_path: Path) -> None:
    for suffix in ("odt", "ott", "ods", "ots", "odp", "otp"):
        path = tmp_path / f"file.{suffix}"
        path.write_bytes((FILES / "note.odt").read_bytes())
        assert read_document(path).text.startswith("It is disputed.")


def test_a_file_that_is_one_xml_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file.fodt"
    path.write_text(make_content("<text:p>One <text:s text:c='2'/>file.</text:p>", root="document"), encoding="utf-8")
    assert texts(list(read_flat_opendocument(path).blocks)) == ["One   file."]


LIST_STYLE = """<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1"
style:num-suffix="." text:start-value="3"/><text:list-level-style-number text:level="2" style:num-format="a"
style:num-suffix=")"/><text:list-level-style-number text:level="3" style:num-format="1" text:display-levels="3"/>
</text:list-style><text:list-style style:name="B"><text:list-level-style-bullet text:level="1"/></text:list-style>"""


def test_items_have_the_numbers_that_their_list_gives_them(tmp_path: Path) -> None:
    deepest = "<text:list><text:list-item><text:p>deep</text:p></text:list-item></text:list>"
    inner = f"<text:list><text:list-item><text:p>inner</text:p>{deepest}</text:list-item></text:list>"
    body = (
        f'<text:list text:style-name="L"><text:list-item><text:p>one</text:p>{inner}</text:list-item>'
        "<text:list-item><text:p>two</text:p><text:p>more</text:p></text:list-item></text:list><text:p>Between.</text:p>"
        '<text:list text:style-name="L" text:continue-numbering="true"><text:list-item><text:p>three</text:p>'
        '</text:list-item></text:list><text:list text:style-name="L"><text:list-item text:start-value="9">'
        '<text:p>nine</text:p></text:list-item></text:list><text:list text:style-name="B"><text:list-item>'
        "<text:p>bullet</text:p></text:list-item></text:list>"
    )
    assert texts(read(tmp_path, make_content(body, styles=LIST_STYLE))) == [
        "3. one", "a) inner", "3.a.1 deep", "4. two", "more", "Between.", "5. three", "9. nine", "bullet",
    ]  # fmt: skip


def test_numbers_are_written_as_roman_and_as_letters() -> None:
    from lxml import etree

    def count(form: str, number: int) -> str:
        level = f'<text:list-level-style-number text:level="1" style:num-format="{form}"/>'
        style = etree.fromstring(f"<text:list-style {NAMESPACES}>{level}</text:list-style>")
        return Counter(style).count(1, number)

    assert [count(form, 28) for form in ("1", "a", "A", "i", "I")] == ["28", "ab", "AB", "xxviii", "XXVIII"]
    assert count("i", 5000) == "5000"


def test_numbered_headings_have_their_numbers(tmp_path: Path) -> None:
    outline = """<text:outline-style><text:outline-level-style text:level="1" style:num-format="1"/>
    <text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/></text:outline-style>"""
    body = "".join(
        f'<text:h text:outline-level="{level}"{more}>{words}</text:h>'
        for level, words, more in ((1, "A", ""), (2, "B", ""), (2, "C", ""), (1, "D", ' text:is-list-header="true"'))
    )
    blocks = read(tmp_path, make_content(body, styles=outline))
    assert [(block.level, block.text) for block in blocks] == [(1, "1 A"), (2, "1.1 B"), (2, "1.2 C"), (1, "D")]


@pytest.mark.parametrize(
    "settings",
    [
        {"text_display": "none"},
        {"fo_font_size": "1pt"},
        {"fo_color": "#ffffff"},
        {"fo_color": "#00ff00", "fo_background_color": "#00ff00"},
    ],
)
def test_words_that_readers_do_not_see_are_left_out(tmp_path: Path, settings: dict[str, str]) -> None:
    body = '<text:p>Seen <text:span text:style-name="T">unseen </text:span>words.</text:p>'
    assert texts(read(tmp_path, make_content(body, styles=make_style("T", **settings)))) == ["Seen words."]


def test_white_words_on_a_dark_cell_are_read(tmp_path: Path) -> None:
    styles = make_style("T", fo_color="#ffffff")
    styles += make_style("C", "table-cell", "table-cell", fo_background_color="#000080")
    cell = make_cell('<text:span text:style-name="T">Year</text:span>', 'table:style-name="C"')
    body = f"<table:table><table:table-row>{cell * 2}</table:table-row></table:table>"
    assert texts(read(tmp_path, make_content(body, styles=styles))) == ["Year: Year"]


@pytest.mark.parametrize(
    "hidden",
    [
        '<text:section text:display="none"><text:p>unseen</text:p></text:section>',
        '<text:section text:display="condition" text:is-hidden="true"><text:p>unseen</text:p></text:section>',
        '<text:p>unseen<text:hidden-paragraph text:is-hidden="true"/></text:p>',
        '<text:p><text:hidden-text text:is-hidden="true">unseen</text:hidden-text></text:p>',
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>unseen</text:p></text:deletion>"
        "</text:changed-region></text:tracked-changes>",
        "<text:table-of-content><text:index-body><text:p>unseen</text:p></text:index-body></text:table-of-content>",
        '<text:p><draw:frame draw:display="none"><draw:text-box><text:p>unseen</text:p></draw:text-box></draw:frame>'
        "</text:p>",
        "<text:p><text:ruby><text:ruby-base/><text:ruby-text>unseen</text:ruby-text></text:ruby></text:p>",
    ],
)
def test_hidden_parts_deleted_words_and_contents_are_left_out(tmp_path: Path, hidden: str) -> None:
    assert texts(read(tmp_path, make_content(f"{hidden}<text:p>Seen.</text:p>"))) == ["Seen."]


def test_a_text_box_stands_below_its_paragraph_and_a_conditional_section_is_read(tmp_path: Path) -> None:
    box = "<draw:frame><draw:text-box><text:p>In the box.</text:p></draw:text-box></draw:frame>"
    body = f'<text:section text:display="condition"><text:p>Around {box}it.</text:p></text:section>'
    assert texts(read(tmp_path, make_content(body))) == ["Around it.", "In the box."]


def make_cell(text: str, more: str = "") -> str:
    return f"<table:table-cell {more}><text:p>{text}</text:p></table:table-cell>"


def test_a_label_over_several_columns_is_in_each_and_hidden_columns_and_rows_in_none(tmp_path: Path) -> None:
    columns = "<table:table-column/><table:table-column table:visibility='collapse'/>"
    columns += "<table:table-column table:number-columns-repeated='2'/>"
    header = make_cell("City") + make_cell("Secret") + make_cell("Size") + "<table:covered-table-cell/>"
    rows = f"<table:table-header-rows><table:table-row>{header}</table:table-row></table:table-header-rows>"
    for more, city in (("", "Bern"), (' table:visibility="collapse"', "Rome")):
        cells = "".join(map(make_cell, (city, "x", "5 km", "9 mi")))
        rows += f"<table:table-row{more}>{cells}</table:table-row>"
    body = f"<table:table>{columns}{rows}</table:table>"
    assert texts(read(tmp_path, make_content(body))) == ["City: Bern; Size: 5 km; Size: 9 mi"]


def test_an_outline_that_readers_can_open_and_repeated_rows_are_read(tmp_path: Path) -> None:
    group = f"<table:table-row table:visibility='collapse'>{make_cell('a')}{make_cell('b')}</table:table-row>"
    cell = make_cell("c", "table:number-columns-repeated='2'")
    rows = f"<table:table-row-group table:display='false'>{group}</table:table-row-group>"
    rows += f"<table:table-row table:number-rows-repeated='2'>{cell}</table:table-row>"
    body = f'<table:table table:name="S">{rows}</table:table>'
    assert texts(read(tmp_path, make_content(body, kind="spreadsheet"))) == ["S", "a: b", "c: c", "c: c"]


def test_empty_cells_at_the_end_of_rows_are_no_copies(tmp_path: Path) -> None:
    end = "<table:table-cell table:number-columns-repeated='16380'/>"
    rows = f"<table:table-row>{make_cell('a')}{make_cell('b')}{end}</table:table-row>" * 3000
    rows += f"<table:table-row table:number-rows-repeated='1048576'>{end}</table:table-row>"
    body = f'<table:table table:name="S">{rows}</table:table>'
    assert texts(read(tmp_path, make_content(body, kind="spreadsheet")))[-1] == "a: b"


def test_hidden_sheets_with_their_comments_and_errors_are_left_out(tmp_path: Path) -> None:
    styles = make_style("H", "table", "table", table_display="false")
    note = "<office:annotation><text:p>noted</text:p></office:annotation>"
    cells = (
        make_cell("#N/A", 'table:formula="of:=NA()"') + f"<table:table-cell>{note}<text:p>b</text:p></table:table-cell>"
    )
    body = "".join(
        f"<table:table table:name='{name}' {more}><table:table-row>{cells}</table:table-row></table:table>"
        for name, more in (("Seen", ""), ("Unseen", 'table:style-name="H"'))
    )
    assert texts(read(tmp_path, make_content(body, kind="spreadsheet", styles=styles))) == ["Seen", "b", "b: noted"]


def test_hidden_slides_empty_placeholders_and_footers_are_left_out(tmp_path: Path) -> None:
    styles = make_style("H", "drawing-page", "drawing-page", presentation_visibility="hidden")
    frame = "<draw:frame {}><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
    shapes = (
        frame.format("", "Body")
        + frame.format('presentation:class="title"', "Title")
        + frame.format('presentation:class="footer"', "Footer")
        + frame.format('presentation:placeholder="true"', "Click here")
    )
    body = f'<draw:page draw:style-name="H">{shapes}</draw:page><draw:page>{shapes}</draw:page>'
    blocks = read(tmp_path, make_content(body, kind="presentation", styles=styles))
    assert [(block.page, block.kind, block.text) for block in blocks] == [
        (2, "heading", "Title"),
        (2, "paragraph", "Body"),
    ]


def test_a_file_with_a_password_says_so(tmp_path: Path) -> None:
    manifest = (
        f'<manifest:manifest {NAMESPACES}><manifest:file-entry manifest:full-path="content.xml">'
        "<manifest:encryption-data/></manifest:file-entry></manifest:manifest>"
    )
    with pytest.raises(DocumentError, match="it has a password; save it without one"):
        read(tmp_path, "locked", **{"META-INF/manifest.xml": manifest})


def test_cells_that_say_they_are_repeated_a_billion_times_are_refused(tmp_path: Path) -> None:
    cell = make_cell("x" * 10_000, "table:number-columns-repeated='1000000000'")
    row = f"<table:table-row table:number-rows-repeated='1000000000'>{cell}</table:table-row>"
    body = f'<table:table table:name="S">{row}</table:table>'
    with pytest.raises(DocumentError, match="repeat cells too often"):
        read(tmp_path, make_content(body, kind="spreadsheet"))
    assert texts(read(tmp_path, make_content(body))) != []


@pytest.mark.parametrize(
    "content",
    [
        f"{ENTITIES}]>{make_content('<text:p>&i;</text:p>')}",
        make_content(f"{'<text:section>' * 9000}{'</text:section>' * 9000}"),
        make_content("", kind="drawing"),
        "<office",
        "<x/>",
    ],
    ids=["entities", "deep", "drawing", "cut", "other"],
)
def test_a_hostile_or_other_file_is_no_valid_one(tmp_path: Path, content: str) -> None:
    with pytest.raises(DocumentError, match="not a valid OpenDocument file"):
        read(tmp_path, content)


def test_a_damaged_or_renamed_archive_is_no_valid_file(tmp_path: Path) -> None:
    whole = (FILES / "report.odt").read_bytes()
    path = tmp_path / "file.odt"
    for data in (whole[: len(whole) // 2], b"", b"Just a text.", whole.replace(b"content.xml", b"kontent.xml")):
        path.write_bytes(data)
        with pytest.raises(DocumentError, match="not a valid OpenDocument file"):
            read_opendocument(path)


def make_rows(*rows: str) -> str:
    return "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)


def make_cells(*words: str, span: str = "") -> str:
    return "".join(f"<table:table-cell {span}><text:p>{text}</text:p></table:table-cell>" for text in words)


def test_labels_that_span_rows_are_in_each_row(tmp_path: Path) -> None:
    spanning = '<table:table-cell table:number-rows-spanned="2"><text:p>North</text:p></table:table-cell>'
    rows = make_rows(
        make_cells("Region", "Month", "Sales", "Note"),
        spanning + make_cells("January", "120", ""),
        "<table:covered-table-cell/>" + make_cells("February", "130", ""),
        make_cells("South", "January", "90", ""),
    )
    table = f"<table:table table:name='Sales'>{rows}</table:table>"
    expected = [
        "Region: North; Month: January; Sales: 120",
        "Region: North; Month: February; Sales: 130",
        "Region: South; Month: January; Sales: 90",
    ]
    assert texts(read(tmp_path, make_content(table))) == ["Note", *expected]
    assert texts(read(tmp_path, make_content(table, kind="spreadsheet"))) == ["Sales", *expected, "Note"]


def test_spanned_labels_are_in_place_where_a_writer_left_the_covered_cells_out(tmp_path: Path) -> None:
    down, across = 'table:number-rows-spanned="2"', 'table:number-columns-spanned="2"'
    rows = make_rows(
        make_cells("Region") + make_cells("Visitors", span=across) + make_cells("Note"),
        make_cells("North", span=down) + make_cells("120", "40") + make_cells("ferry", span=down),
        make_cells("130", "50"),
        make_cells("South", "90", "60", ""),
    )
    assert texts(read(tmp_path, make_content(f"<table:table>{rows}</table:table>"))) == [
        "Region: North; Visitors: 120; Visitors: 40; Note: ferry",
        "Region: North; Visitors: 130; Visitors: 50; Note: ferry",
        "Region: South; Visitors: 90; Visitors: 60",
    ]


def test_comments_on_cells_and_slides_are_comments(tmp_path: Path) -> None:
    comment = "<office:annotation><dc:creator>Ann</dc:creator><text:p>Too dear.</text:p></office:annotation>"
    cells = f"<table:table-cell><text:p>Tea</text:p></table:table-cell><table:table-cell>{comment}<text:p>3</text:p>"
    sheet = f"<table:table table:name='A'><table:table-row>{cells}</table:table-cell></table:table-row></table:table>"
    blocks = read(tmp_path, make_content(sheet, kind="spreadsheet"))
    assert [(block.voice, block.author, block.text) for block in blocks[2:]] == [("comment", "Ann", "Tea: Too dear.")]
    slides = read(tmp_path, make_content(f"<draw:page>{comment}</draw:page>", kind="presentation"))
    assert [(block.voice, block.text) for block in slides] == [("comment", "Too dear.")]
