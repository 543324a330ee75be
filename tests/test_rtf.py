"""Reading RTF files; those in tests/files were saved by LibreOffice 7.4, without the styles that they do not use."""

from pathlib import Path

import pytest

from rag.documents.blocks import Block
from rag.documents.formats.rtf.reader import read_rtf
from rag.errors import DocumentError

FILES = Path(__file__).parent / "files"
FONTS = r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}{\f2\fcharset2 Symbol;}{\f3\fcharset128 Mincho;}}"
COLORS = r"{\colortbl;\red255\green255\blue255;\red0\green0\blue128;}"


def read(folder: Path, body: str, head: str = FONTS + COLORS) -> list[Block]:
    path = folder / "file.rtf"
    path.write_bytes(rf"{{\rtf1\ansi\ansicpg1252\deff0{head}{body}}}".encode("latin-1"))
    return [block for block in read_rtf(path).blocks if block.text]


def texts(blocks: list[Block]) -> list[str]:
    return [block.text for block in blocks]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"\f0 Caf\'e9", "Café"),
        (r"\f1 \'cc\'e8\'f0", "Мир"),
        (r"\f3 \'93\'fa\'96\'7b", "日本"),
        (r"\u1052?\u1080?\uc2\u1088??.", "Мир."),
        (r"{\uc0\u-10179\u-8704}!", "😀!"),
        (r"\f2 a\f0 b", "b"),
        (r"a\~b\_c\-d\{e\}\\", "a\u00a0b-cd{e}\\"),
        ("a\nb\\line c\\tab d\\emdash e", "ab\nc\td—e"),
        (r"\ansicpg99999 Caf\'e9", "Café"),
        (r"{\field{\*\fldinst HYPERLINK secret}{\fldrslt link}}", "link"),
        (r"{\pict\pngblip 89504e47}a{\*\unknown secret}b{\header secret}", "ab"),
        (r"a{\pict\bin5 }}}}}}b", "ab"),
        (r"{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt In the box.\par}}{\shprslt secret}}Around.", "Around."),
    ],
)
def test_letters_are_right_and_what_is_no_text_is_left_out(tmp_path: Path, body: str, text: str) -> None:
    assert texts(read(tmp_path, body + r"\par"))[0].startswith(text)


@pytest.mark.parametrize("hidden", [r"\v", r"\deleted", r"\fs2", r"\cf1", r"\cf2\highlight2", r"\webhidden"])
def test_words_that_readers_do_not_see_are_left_out(tmp_path: Path, hidden: str) -> None:
    assert texts(read(tmp_path, rf"Seen {{{hidden} unseen }}words.\par")) == ["Seen words."]


def test_white_words_on_a_dark_cell_are_read_and_a_marked_header_names_its_columns(tmp_path: Path) -> None:
    header = r"\trowd\trhdr\clcbpat2\cellx1\clcbpat2\cellx2\pard\intbl{\cf1 City}\cell{\cf1 Size}\cell\row"
    row = r"\trowd\cellx1\cellx2\pard\intbl Bern\par Berne\cell 5\cell\row"
    assert texts(read(tmp_path, rf"{header}{row}\pard The end.\par")) == ["City: Bern Berne; Size: 5", "The end."]


def make_table_row(*cells: tuple[str, str]) -> str:
    """Return a row from the words that define each cell, and from its text."""
    shapes = "".join(shape for shape, _ in cells)
    texts = "".join(rf"\pard\intbl {text}\cell" for _, text in cells)
    return rf"\trowd{shapes}{texts}\row"


def test_the_label_of_cells_merged_down_is_in_each_of_their_rows(tmp_path: Path) -> None:
    header = make_table_row((r"\cellx1000", "Region"), (r"\cellx2000", "Month"), (r"\cellx3000", "Visitors"))
    first = make_table_row((r"\clvmgf\cellx1000", "North"), (r"\cellx2000", "January"), (r"\cellx3000", "120"))
    second = make_table_row((r"\clvmrg\cellx1010", ""), (r"\cellx2005", "February"), (r"\cellx3000", "130"))
    third = make_table_row((r"\cellx1000", ""), (r"\cellx2000", "March"), (r"\cellx3000", "140"))
    assert texts(read(tmp_path, rf"{header}{first}{second}{third}\pard\par")) == [
        "Region: North; Month: January; Visitors: 120",
        "Region: North; Month: February; Visitors: 130",
        "Month: March; Visitors: 140",
    ]


@pytest.mark.parametrize(
    "years",
    [
        [(r"\cellx3004", "Year 2023"), (r"\cellx5000", "Year 2024")],
        [
            (r"\clmgf\cellx2000", "Year 2023"),
            (r"\clmrg\cellx3000", ""),
            (r"\cellx4000", "Year 2024"),
            (r"\clmrg\cellx5000", ""),
        ],
    ],
)
def test_a_header_of_two_rows_names_the_columns_in_full(tmp_path: Path, years: list[tuple[str, str]]) -> None:
    edges = (r"\cellx1000", r"\cellx2000", r"\cellx3000", r"\cellx4000", r"\cellx5000")
    header = make_table_row((r"\clvmgf\cellx1000", "Station"), *years)
    labels = ("", "Ships", "Tons", "Ships", "Tons")
    second = make_table_row((r"\clvmrg\cellx1000", ""), *zip(edges[1:], labels[1:], strict=True))
    first_row = make_table_row(*zip(edges, ("Holm", "12", "34", "56", "78"), strict=True))
    second_row = make_table_row(*zip(edges, ("Ambery", "21", "43", "65", "87"), strict=True))
    assert texts(read(tmp_path, rf"{header}{second}{first_row}{second_row}\pard\par")) == [
        "Station: Holm; Year 2023 Ships: 12; Year 2023 Tons: 34; Year 2024 Ships: 56; Year 2024 Tons: 78",
        "Station: Ambery; Year 2023 Ships: 21; Year 2023 Tons: 43; Year 2024 Ships: 65; Year 2024 Tons: 87",
    ]


def test_headings_are_found_by_style_and_by_level_and_contents_are_left_out(tmp_path: Path) -> None:
    styles = r"{\stylesheet{\s1{\*\keycode\ctrl n}heading 1;}{\s2\outlinelevel1 House;}{\s3 toc 1;}{\*\cs4 Other;}}"
    body = r"\pard\s1 One\par\pard\s2 Two\par\pard\s3 Unseen\par\pard\outlinelevel2 Three\par\pard Words.\par"
    blocks = read(tmp_path, body, styles)
    assert [(block.kind, block.level, block.text) for block in blocks[:3]] == [
        ("heading", 1, "One"),
        ("heading", 2, "Two"),
        ("heading", 3, "Three"),
    ]
    assert (blocks[3].kind, len(blocks)) == ("paragraph", 4)


def test_without_marked_headings_a_bold_line_above_text_is_one(tmp_path: Path) -> None:
    body = r"{\b The harbour}\par It is {\b deep}.\par{\b A bold sentence.}\par{\b The end}\par"
    kinds = [block.kind for block in read(tmp_path, body)]
    assert kinds == ["heading", "paragraph", "paragraph", "paragraph"]


def test_a_comment_has_its_author_and_date_and_stands_at_the_end(tmp_path: Path) -> None:
    packed = 112 << 20 | 10 << 16 | 5 << 11
    comment = rf"{{\*\atnauthor Ann Lee}}\chatn{{\*\annotation{{\*\atndate {packed}}}\pard Is this sure?}}"
    blocks = read(tmp_path, rf"The visit{comment} was cancelled.\par More.\par")
    assert texts(blocks) == ["The visit was cancelled.", "More.", "Is this sure?"]
    assert (blocks[-1].voice, blocks[-1].author, blocks[-1].date) == ("comment", "Ann Lee", "2012-10-05")


def test_properties_that_mean_nothing_are_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "file.rtf"
    path.write_text(r"{\rtf1{\info{\title Untitled}{\author user}{\creatim\yr2012\mo99\dy4}}Words.}")
    extract = read_rtf(path)
    assert (extract.title, extract.author, extract.date) == (None, None, None)


@pytest.mark.parametrize(
    "data",
    [
        b"{\\rtf1 " + b"{" * 100_000 + b"deep",
        b"{\\rtf1 deep}" + b"}" * 100_000,
        b"{\\rtf1 deep\\bin999999999 x\\u9999999999 \\'8",
        b"{\\rtf1 deep\\cell\\row\\f99\\s99\\cf99\\",
    ],
)
def test_a_damaged_or_hostile_file_is_read_as_far_as_it_goes(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file.rtf"
    path.write_bytes(data)
    assert texts(list(read_rtf(path).blocks))[-1] == "deep"


def test_another_file_is_no_valid_one(tmp_path: Path) -> None:
    path = tmp_path / "file.rtf"
    for data in (b"", b"Just a text.", b"PK\x03\x04"):
        path.write_bytes(data)
        with pytest.raises(DocumentError, match="not a valid RTF file"):
            read_rtf(path)
