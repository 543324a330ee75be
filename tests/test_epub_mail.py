"""Books and mail messages: their words in order, who wrote them, and files that are broken, locked or hostile."""

import sys
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from rag import Document, DocumentError
from rag.documents.blocks import assemble
from rag.documents.formats.epub import read_epub
from rag.documents.formats.mail.reader import read_mail

CONTAINER = """<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
PACKAGE = """<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Pond</dc:title><dc:creator>Ann Bell</dc:creator>
<dc:creator>Bo Cho</dc:creator><dc:date>2019-05-04T00:00:00+00:00</dc:date></metadata><manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="two" href="text/ch%202.xhtml" media-type="application/xhtml+xml"/>
<item id="one" href="text/ch1.xhtml" media-type="application/xhtml+xml"/>
<item id="css" href="style.css" media-type="text/css"/></manifest>
<spine><itemref idref="nav"/><itemref idref="one"/><itemref idref="two"/></spine></package>"""
CHAPTER = """<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN"
"http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd"><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>{}
</body></html>"""
LOCK = """<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<e:EncryptedData xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptionMethod Algorithm="{}"/>
<e:CipherData><e:CipherReference URI="{}"/></e:CipherData></e:EncryptedData></encryption>"""
BOOK = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": CONTAINER,
    "OEBPS/content.opf": PACKAGE,
    "OEBPS/nav.xhtml": CHAPTER.format("<p>Contents</p>"),
    "OEBPS/text/ch1.xhtml": CHAPTER.format("<h1>One</h1><p>Caf&eacute;, wa&shy;ter &amp; reeds.<a id='x'/> More.</p>"),
    "OEBPS/text/ch 2.xhtml": CHAPTER.format("<h1>Two</h1><h2>Tea</h2><ol><li>Boil.</li><li>Pour.</li></ol>"),
}


def read_book(folder: Path, **changed: str) -> Document:
    path = folder / "book.epub"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (BOOK | changed).items():
            archive.writestr(name, content)
    return assemble("book.epub", read_epub(path))


def find_sections(document: Document) -> list[tuple[str | None, str]]:
    return [(section.heading, document.text[section.start : section.end]) for section in document.sections]


def test_a_book_is_read_in_its_order_below_its_headings(tmp_path: Path) -> None:
    document = read_book(tmp_path)
    assert find_sections(document) == [("One", "Café, water & reeds. More."), ("Two › Tea", "1. Boil.\n2. Pour.")]
    assert (document.title, document.author, document.date) == ("The Pond", "Ann Bell, Bo Cho", "2019-05-04")


@pytest.mark.parametrize(
    ("chapter", "text"),
    [
        ("<p>broken <b>html<p>two & three", "broken html\n\ntwo & three"),
        (CHAPTER.format("<div>" * 3000 + "deep" + "</div>" * 3000), "deep"),
        ('<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/hostname">]><html><p>see &x; end</p></html>', "see &x; end"),
        ('<!DOCTYPE html [<!ENTITY a "aaa"><!ENTITY b "&a;&a;">]><html><p>see &b; end</p></html>', "see &b; end"),
    ],
)
def test_a_broken_or_hostile_chapter_is_read_without_what_it_fetches(tmp_path: Path, chapter: str, text: str) -> None:
    document = read_book(tmp_path, **{"OEBPS/text/ch1.xhtml": chapter})
    assert document.text.startswith(text + "\n\nTwo")


def test_an_entity_in_the_package_fetches_no_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    package = PACKAGE.replace('<?xml version="1.0"?>', f'<!DOCTYPE p [<!ENTITY x SYSTEM "{tmp_path}/secret">]>')
    document = read_book(tmp_path, **{"OEBPS/content.opf": package.replace("The Pond", "&x; Pond")})
    assert "secret" not in document.title


def test_a_locked_book_is_refused_and_one_with_locked_fonts_is_read(tmp_path: Path) -> None:
    lock = LOCK.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "OEBPS/text/ch%202.xhtml")
    with pytest.raises(DocumentError, match="DRM"):
        read_book(tmp_path, **{"META-INF/encryption.xml": lock})
    fonts = LOCK.format("http://www.idpf.org/2008/embedding", "OEBPS/text/font.otf")
    assert read_book(tmp_path, **{"META-INF/encryption.xml": fonts}).title == "The Pond"


def test_a_date_that_nobody_knows_is_none_and_a_missing_chapter_is_passed_over(tmp_path: Path) -> None:
    package = PACKAGE.replace("2019-05-04", "0101-01-01").replace("text/ch1.xhtml", "gone.xhtml")
    document = read_book(tmp_path, **{"OEBPS/content.opf": package})
    assert document.date is None
    assert document.text.startswith("Two")


# Chapters whose headings are only styled; the first words of the second are a line of a poem, and those of a list.
STYLED = {
    "OEBPS/text/ch1.xhtml": CHAPTER.format("<p class='big'><b>One</b></p><p>Reeds.</p>"),
    "OEBPS/text/ch 2.xhtml": CHAPTER.format(
        "<p>Tea</p><div class='big'>TWO</div><p>One</p><ul><li><p>Tea</p></li></ul>"
        "<div id='tea'><p class='big'><a href='#x'/>Tea</p><p>Boil.</p></div>"
    ),
}
NCX = """<?xml version="1.0"?><ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>
<navPoint><navLabel><text>One</text></navLabel><content src="text/ch1.xhtml"/></navPoint>
<navPoint><navLabel><text>Two</text></navLabel><content src="text/ch%202.xhtml"/>
<navPoint><navLabel><text>Tea</text></navLabel><content src="text/ch%202.xhtml#tea"/></navPoint>
</navPoint></navMap></ncx>"""
NCX_ITEM = '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/></manifest>'
NAV = """<nav epub:type="toc" xmlns:epub="http://www.idpf.org/2007/ops"><ol><li><a href="text/ch1.xhtml">One</a></li>
<li><a href="text/ch%202.xhtml">Two</a><ol><li><a href="text/ch%202.xhtml#tea"> Tea </a></li></ol></li></ol></nav>"""


@pytest.mark.parametrize(
    "contents",
    [
        {"OEBPS/content.opf": PACKAGE.replace("</manifest>", NCX_ITEM), "OEBPS/toc.ncx": NCX},
        {"OEBPS/nav.xhtml": CHAPTER.format(NAV)},
    ],
)
def test_the_table_of_contents_names_headings_that_are_only_styled(tmp_path: Path, contents: dict[str, str]) -> None:
    document = read_book(tmp_path, **STYLED, **contents)
    assert find_sections(document) == [
        ("One", "Reeds.\n\nTea"),
        ("TWO", "One\n\nTea"),
        ("TWO › Tea", "Boil."),
    ]


@pytest.mark.parametrize("contents", ["", "<ncx", "<ncx><navMap><navPoint/></navMap></ncx>"])
def test_a_book_with_a_damaged_table_of_contents_is_read(tmp_path: Path, contents: str) -> None:
    package = PACKAGE.replace("</manifest>", NCX_ITEM).replace("nav.xhtml", "gone.xhtml")
    document = read_book(tmp_path, **STYLED, **{"OEBPS/content.opf": package, "OEBPS/toc.ncx": contents})
    assert find_sections(document)[0][0] is None


def test_what_is_no_book_is_refused(tmp_path: Path) -> None:
    for container in ("<x/>", "<x", CONTAINER.replace("content.opf", "gone.opf")):
        with pytest.raises(DocumentError, match="not a valid EPUB"):
            read_book(tmp_path, **{"META-INF/container.xml": container})
    book = tmp_path / "book.epub"
    read_book(tmp_path, **{"OEBPS/text/ch1.xhtml": CHAPTER.format("<p>reeds</p>")})
    for data in (b"no archive", book.read_bytes().replace(b"reeds", b"weeds"), book.read_bytes()[:-30]):
        book.write_bytes(data)
        with pytest.raises(DocumentError, match="not a valid EPUB"):
            read_epub(book)


def read_message(folder: Path, data: bytes) -> Document:
    (folder / "letter.eml").write_bytes(data)
    return assemble("letter.eml", read_mail(folder / "letter.eml"))


def test_a_message_has_a_sender_a_date_recipients_and_paragraphs(tmp_path: Path) -> None:
    document = read_message(
        tmp_path,
        b"From: Zara Khan <zara@example.org>\r\nTo: Bob <bob@example.org>, ann@example.org\r\n"
        b"Subject: =?utf-8?q?Caf=C3=A9_meeting?=\r\n =?utf-8?q?_tomorrow?=\r\nDate: Wed, 12 Mar 2025 23:30:00 -0500\r\n"
        b"\r\nHello Bob,\r\n\r\nsee you\r\nat nine.\r\n",
    )
    assert (document.title, document.author, document.date) == ("Café meeting tomorrow", "Zara Khan", "2025-03-12")
    assert document.text == "To: Bob, ann@example.org\n\nHello Bob,\n\nsee you\nat nine."


@pytest.mark.parametrize(
    "date", ["Mon, 1 Jan 99999999999999999999 10:00:00 +0000", "Mon, 1 Jan 2020 10:00:00 +9999999999"]
)
def test_a_date_with_an_absurd_number_costs_no_message(tmp_path: Path, date: str) -> None:
    assert read_message(tmp_path, f"From: a@example.org\nDate: {date}\n\nAt nine.\n".encode()).text == "At nine."


def test_what_a_message_quotes_is_of_whom_it_quotes(tmp_path: Path) -> None:
    document = read_message(
        tmp_path,
        b"From: Zara <z@example.org>\n\nAt nine.\n\nOn Tue, 11 Mar 2025 at 10:12, Bob Miller <b@example.org> wrote:\n\n"
        b"> When do we\n> meet?\n\nBye\n",
    )
    authors = {document.text[s.start : s.end].splitlines()[0]: s.author for s in document.sections}
    assert authors == {"At nine.": "Zara", "> When do we": "Bob Miller", "Bye": "Zara"}


@pytest.mark.parametrize(
    "data",
    [
        b"Subject: =?iso-8859-1?Q?Gr=FC=DFe?=\nContent-Type: text/plain; charset=iso-8859-1\n"
        b"Content-Transfer-Encoding: quoted-printable\n\nGr=FC=\n=DFe",
        "Subject: Grüße\nContent-Type: text/plain; charset=x-unknown\n\nGrüße".encode(),
        "Subject: Grüße\nContent-Type: text/plain; charset=utf-8\n\nGrüße".encode("windows-1252"),
        b"Subject: =?utf-8?b?R3LDvMOfZQ==?=\nContent-Type: text/plain; charset=utf-8\n"
        b"Content-Transfer-Encoding: base64\n\nR3LDvMOfZQ==\n",
        b"Subject: =?utf-8?b?R3LDvMOfZQ==?=\nContent-Type: text/html; charset=utf-8\n\n<p>Gr&uuml;&szlig;e</p>",
    ],
)
def test_letters_are_right_however_they_were_sent(tmp_path: Path, data: bytes) -> None:
    document = read_message(tmp_path, data)
    assert (document.title, document.text) == ("Grüße", "Grüße")


def test_html_is_read_where_the_plain_text_says_little_and_attachments_are_named(tmp_path: Path) -> None:
    message = EmailMessage()
    message["From"] = "news@example.org"
    message.set_content("View this in your browser: https://example.org/1")
    message.add_alternative(
        """<html><head><style>p {}</style></head><body><div style="display:none">Preview</div><table><tr><td>
        <h1>The pond is open again</h1><p>Tickets are sold at the gate, for three euros each, all week.</p>
        <table><tr><th>Day</th><th>Hours</th></tr><tr><td>Monday</td><td>9 to 5</td></tr></table></td></tr></table>
        <div>On Tue, 11 Mar 2025 at 10:12, Bob &lt;b@x.org&gt; wrote:<blockquote>Is it open?</blockquote></div>""",
        subtype="html",
    )
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Gezeiten März.pdf")
    attached = EmailMessage()
    attached["Subject"] = "An older letter"
    attached.set_content("Words of the older letter.")
    message.add_attachment(attached)
    document = read_message(tmp_path, message.as_bytes())
    assert document.text.split("\n\n") == [
        "The pond is open again",
        "Tickets are sold at the gate, for three euros each, all week.",
        "Day: Monday; Hours: 9 to 5",
        "On Tue, 11 Mar 2025 at 10:12, Bob <b@x.org> wrote:",
        "> Is it open?",
        "Attachment: Gezeiten März.pdf (not read: it is damaged)",
        "Attachment: An older letter",
        "Words of the older letter.",
    ]


def test_broken_headers_and_bodies_are_read_as_they_stand(tmp_path: Path) -> None:
    document = read_message(
        tmp_path,
        b'From: "a" <>,,;; (x\nSubject: =?bad?x?y?=\nDate: Thu, 99 Foo 2025\nTo: undisclosed-recipients:;\n'
        b'Content-Type: text/plain; charset="utf-8\nContent-Transfer-Encoding: x-none\n\nWords.',
    )
    assert (document.title, document.author, document.date) == ("=?bad?x?y?=", "a", "Thu, 99 Foo 2025")
    assert document.text == "Words."


def test_what_is_no_message_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"Just words.\nNo headers.\n", b"\x89PNG\r\n\x1a\n\x00"):
        with pytest.raises(DocumentError, match="not a mail message"):
            read_message(tmp_path, data)
    levels = range(sys.getrecursionlimit())  # the parser calls itself for each
    parts = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in levels)
    with pytest.raises(DocumentError, match="nested too deeply"):
        read_message(tmp_path, b"Subject: x\n" + parts)
