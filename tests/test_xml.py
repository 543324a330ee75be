"""Reading FictionBook, SVG and XML of any kind."""

from pathlib import Path

import pytest

from rag.documents.blocks import Block, assemble
from rag.documents.formats import FORMATS
from rag.documents.formats.fb2 import read_fb2
from rag.documents.formats.svg import read_svg
from rag.documents.formats.xml import read_xml
from rag.errors import DocumentError

READERS = {"fb2": read_fb2, "svg": read_svg, "xml": read_xml}
BOOK = """<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0" xmlns:l="http://www.w3.org/1999/xlink">
<description><title-info><author><first-name>Ann</first-name><last-name>Bell</last-name></author><author><nickname>bo
</nickname></author><book-title>The Pond</book-title><date value="2019-05-04">May 2019</date></title-info></description>
<body><epigraph><p>Still waters.</p></epigraph><section><title><p>One</p><p>The reeds</p></title><p>It was
<emphasis>deep</emphasis><a l:href="#n1" type="note">[1]</a>.</p><subtitle>* * *</subtitle><subtitle>Later</subtitle>
<p>Dry.</p><section><title><p>Frogs</p></title><poem><title><p>Song</p></title><stanza><v>Green</v><v>and loud</v>
</stanza></poem><table><tr><th>Frog</th><th>Size</th></tr><tr><td>Kermit</td><td>big</td></tr></table></section></section>
</body><body name="notes"><section id="n1"><title><p>1</p></title><p>Four metres.</p></section><section id="n2">
<p>Another note.</p></section></body><binary id="x">AAAA</binary></FictionBook>"""
ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def read(folder: Path, suffix: str, text: str) -> list[Block]:
    path = folder / f"file.{suffix}"
    path.write_text(text, encoding="utf-8")
    return [block for block in READERS[suffix](path).blocks if block.text]


def shown(blocks: list[Block]) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in blocks]


def test_a_book_has_its_sections_poems_tables_and_notes(tmp_path: Path) -> None:
    path = tmp_path / "book.fb2"
    path.write_text(BOOK, encoding="utf-8")
    document = assemble("book.fb2", read_fb2(path))
    assert (document.title, document.author, document.date) == ("The Pond", "Ann Bell, bo", "2019-05-04")
    assert [(s.heading, document.text[s.start : s.end]) for s in document.sections] == [
        (None, "Still waters."),
        ("One The reeds", "It was deep.\n\nFour metres."),
        ("One The reeds › Later", "Dry."),
        ("One The reeds › Frogs", "Song\n\nGreen\nand loud\n\nFrog: Kermit; Size: big\n\nAnother note."),
    ]


def test_a_book_in_another_encoding_is_read(tmp_path: Path) -> None:
    path = tmp_path / "book.fb2"
    text = '<?xml version="1.0" encoding="windows-1251"?><FictionBook><body><p>Мир</p></body></FictionBook>'
    path.write_bytes(text.encode("cp1251"))
    assert [block.text for block in read_fb2(path).blocks] == ["Мир"]


def test_records_have_names_and_text_has_none(tmp_path: Path) -> None:
    text = """<catalog version="2"><title>Books</title><book id="b1"><author>Ann</author><price>3</price></book>
    <tag>red</tag><point lat="1" lon="2"/><section id="s"><title>Intro</title><para>Some <b>mixed</b> text.</para>
    <section><title>Inner</title><line>Second.</line></section></section>
    <html>&lt;p&gt;Escaped &lt;b&gt;words&lt;/b&gt;&lt;/p&gt;</html></catalog>"""
    blocks = read(tmp_path, "xml", text)
    assert shown(blocks) == [
        ("item", "id: b1; author: Ann; price: 3"),
        ("item", "tag: red"),
        ("item", "lat: 1; lon: 2"),
        ("heading", "Intro"),
        ("paragraph", "Some mixed text."),
        ("heading", "Inner"),
        ("paragraph", "Second."),
        ("paragraph", "Escaped words"),
    ]
    assert [block.level for block in blocks if block.kind == "heading"] == [1, 2]
    assert read_xml(tmp_path / "file.xml").title == "Books"


def test_xml_of_a_known_kind_is_read_by_its_reader(tmp_path: Path) -> None:
    page = "<html xmlns='http://www.w3.org/1999/xhtml'><body><h1>A page</h1><p>Its words are these.</p></body></html>"
    assert ("heading", "Frogs") in shown(read(tmp_path, "xml", BOOK))
    assert ("paragraph", "Pier") in shown(read(tmp_path, "xml", "<svg><text>Pier</text></svg>"))
    assert any("Its words are these." in block.text for block in read(tmp_path, "xml", page))


def test_a_drawing_has_its_title_and_the_words_that_are_seen(tmp_path: Path) -> None:
    text = """<svg xmlns="http://www.w3.org/2000/svg"><title>Map</title><desc>A map of the port</desc><defs><text>unseen
    </text></defs><g><text x="1"><tspan>Pier</tspan> <tspan>one</tspan></text><text style="display: none">unseen</text>
    <text opacity="0">unseen</text><text font-size="0px">unseen</text><g visibility="hidden"><text>unseen</text></g>
    <foreignObject><div xmlns="http://www.w3.org/1999/xhtml">Gate</div></foreignObject></g></svg>"""
    assert [block.text for block in read(tmp_path, "svg", text)] == ["A map of the port", "Pier one", "Gate"]
    assert read_svg(tmp_path / "file.svg").title == "Map"


def test_an_entity_fetches_no_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the secret", encoding="utf-8")
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    for suffix, text in (("xml", "<c>see &e; end</c>"), ("svg", "<svg><text>see &e; end</text></svg>")):
        (block,) = read(tmp_path, suffix, entity + text)
        assert "secret" not in block.text and block.text.startswith("see") and block.text.endswith("end")


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize(
    "text",
    [f"{ENTITIES}]><c>&i;</c>", f"{ENTITIES}]><c a='&i;'>x</c>", "<a>" * 9000, "<a><b></a>", "", "Just a text."],
    ids=["entities", "attribute", "deep", "broken", "empty", "text"],
)
def test_a_hostile_or_broken_file_is_no_valid_one(tmp_path: Path, suffix: str, text: str) -> None:
    with pytest.raises(DocumentError, match=r"^it is not (a )?valid (XML|SVG file|FictionBook file)$"):
        read(tmp_path, suffix, text)


def test_another_kind_of_xml_is_no_book_and_no_drawing(tmp_path: Path) -> None:
    assert any(".xml" in file_format.suffixes for file_format in FORMATS)
    for suffix in ("fb2", "svg"):
        with pytest.raises(DocumentError, match="not a valid"):
            read(tmp_path, suffix, "<x><title>Words</title></x>")


def test_the_values_of_an_invoice_have_the_names_of_their_parts(tmp_path: Path) -> None:
    text = """<Invoice xmlns:b="urn:b"><b:ID>RE-7</b:ID><Supplier><Party><Name>Vester Print</Name></Party></Supplier>
    <Customer><Party><Name>Ambery Library</Name></Party></Customer><Total><Net currency="EUR">920.00</Net>
    <PayableAmount currencyID="EUR">1094.80</PayableAmount></Total></Invoice>"""
    assert [words for _, words in shown(read(tmp_path, "xml", text))] == [
        "ID: RE-7",
        "Supplier Name: Vester Print",
        "Customer Name: Ambery Library",
        "Net: 920.00 (currency: EUR); Payable Amount: 1094.80 (currency ID: EUR)",
    ]
