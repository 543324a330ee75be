"""Texts that LibreOffice saved, the same in several formats."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rag.documents.blocks import Extract, assemble
from rag.documents.formats.opendocument.reader import read_opendocument
from rag.documents.formats.rtf.reader import read_rtf

FILES = Path(__file__).parent / "files"
EACH_FORMAT = pytest.mark.parametrize(("suffix", "read"), [(".odt", read_opendocument), (".rtf", read_rtf)])


@EACH_FORMAT
def test_a_text_has_headings_lists_tables_and_comments_and_no_hidden_words(
    suffix: str, read: Callable[[Path], Extract]
) -> None:
    document = assemble(f"report{suffix}", read(FILES / f"report{suffix}"))
    assert (document.title, document.author, document.date) == ("The harbour", "Jane Doe", "2012-10-04")
    assert [(s.heading, s.voice, s.author, document.text[s.start : s.end]) for s in document.sections] == [
        (None, "article", "Jane Doe", "The harbour opened in Zürich – “Café”."),
        ("Costs", "article", "Jane Doe", "It cost nine million euros."),
        (
            "Costs › Overruns",
            "article",
            "Jane Doe",
            "Steel became dearer.\n1. Order the crane.\n2. Dig the basin.\nYear: 2019; Cost: 3; Paid by: City\n"
            "Year: 2020; Cost: 6; Paid by: State\n\nThe end.",
        ),
        (None, "comment", "Ann Lee", "Is this sure?"),
    ]


@EACH_FORMAT
def test_a_footnote_is_below_its_paragraph(suffix: str, read: Callable[[Path], Extract]) -> None:
    texts = [block.text for block in read(FILES / f"note{suffix}").blocks]
    assert texts == ["It is disputed.", "See the report of 2011.", "Next."]
