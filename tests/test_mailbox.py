"""Mailboxes, attachments, Outlook's messages, web archives and invitations."""

import base64
import io
import mailbox
import struct
import zipfile
from collections.abc import Mapping
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path

import pytest

from rag.documents.formats.mail.tnef import unpack_rtf
from rag.documents.read import read_document
from rag.errors import DocumentError
from rag.types import Document


def read(folder: Path, name: str, data: bytes | str) -> Document:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_document(path)


def list_sections(document: Document) -> list[tuple[str | None, str | None, str | None, str]]:
    return [(s.heading, s.author, s.date, document.text[s.start : s.end]) for s in document.sections]


FORWARDED = """\
From: Ada Example <ada@example.org>
To: Ben Example <ben@example.org>
Subject: Fwd: lease
Date: Mon, 3 Mar 2025 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

See attached.
--b
Content-Type: message/rfc822

From: Carl Example <carl@example.org>
To: Ada Example <ada@example.org>
Subject: lease
Date: Sun, 2 Mar 2025 09:00:00 +0000
Content-Type: text/plain; charset=utf-8

The lease ends on 30 June.
--b
Content-Type: text/plain; charset=utf-8; name="terms.txt"
Content-Disposition: attachment; filename="terms.txt"

The deposit is 900 euros.
--b--
"""


def test_attached_messages_and_texts_are_read_and_named(tmp_path: Path) -> None:
    document = read(tmp_path, "fwd.eml", FORWARDED)
    assert list_sections(document) == [
        (None, "Ada Example", "2025-03-03", "To: Ben Example\n\nSee attached."),
        (
            "Attachment: lease",
            "Carl Example",
            "2025-03-02",
            "From: Carl Example\nDate: 2025-03-02\nTo: Ada Example\n\nThe lease ends on 30 June.",
        ),
        ("Attachment: terms.txt", None, None, "The deposit is 900 euros."),
    ]


def test_attached_files_go_to_their_readers_and_the_others_are_named(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", "Words in the archive.")
    message = EmailMessage()
    message["From"] = "ada@example.org"
    message.set_content("See attached.")
    message.add_attachment("Boat,Price\nCanoe,5\n", subtype="csv", filename="prices.csv")
    message.add_attachment("<p>The <b>pond</b> is open.</p>", subtype="html", filename="page.html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="broken.pdf")
    message.add_attachment(packed.getvalue(), maintype="application", subtype="zip", filename="all.zip")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="gif", filename="photo.gif")
    document = read(tmp_path, "a.eml", message.as_bytes())
    assert document.text.split("\n\n") == [
        "See attached.",
        "Attachment: broken.pdf (not read: it is damaged)\n"
        "Attachment: all.zip (not read: it is inside of another file)\n"
        "Attachment: photo.gif (not read: its format is not read)",
        "Attachment: prices.csv",
        "Boat: Canoe; Price: 5",
        "Attachment: page.html",
        "The pond is open.",
    ]


def test_a_file_without_a_name_is_read_by_its_type_and_a_signature_is_not_named(tmp_path: Path) -> None:
    message = EmailMessage()
    message["From"] = "ada@example.org"
    message.set_content("See attached.")
    message.add_attachment("The deposit is 900 euros.")
    message.add_attachment(b"\0", maintype="application", subtype="octet-stream")
    message.add_attachment(b"abc", maintype="application", subtype="pgp-signature")
    assert read(tmp_path, "a.eml", message.as_bytes()).text.strip().split("\n\n") == [
        "See attached.",
        "Attachment: a file without a name, application/octet-stream (not read: it holds binary data, not text)",
        "Attachment: file.txt",
        "The deposit is 900 euros.",
    ]


# The example of [MS-OXRTFCP].
COMPRESSED = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232 0af32068656c090020627705b06c647d0a800fa0"
)


def pack_attribute(level: int, number: int, value: bytes) -> bytes:
    return struct.pack("<BII", level, number, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def pack_property(number: int, value: bytes, kind: int = 0x001E) -> bytes:
    return struct.pack("<HHII", kind, number, 1, len(value)) + value + bytes(-len(value) % 4)


def wrap(*attributes: bytes) -> bytes:
    message = EmailMessage()
    message["From"] = "ada@example.org"
    data = struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)
    message.add_attachment(data, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    return message.as_bytes()


FILE = (
    pack_attribute(2, 0x00069002, bytes(14)),
    pack_attribute(2, 0x00018010, b"TERMS~1.TXT\0"),
    pack_attribute(2, 0x0006800F, b"The deposit is 900 euros."),
    pack_attribute(
        2, 0x00069005, struct.pack("<I", 1) + pack_property(0x3707, "terms for é.txt\0".encode("utf-16-le"), 0x001F)
    ),
)


def test_the_words_and_files_that_outlook_wraps_are_read(tmp_path: Path) -> None:
    body = pack_attribute(1, 0x0002800C, b"See attached.\0")
    assert read(tmp_path, "a.eml", wrap(body, *FILE)).text.split("\n\n") == [
        "See attached.",
        "Attachment: terms for é.txt",
        "The deposit is 900 euros.",
    ]


def test_words_that_outlook_wraps_in_compressed_rtf_are_read(tmp_path: Path) -> None:
    numbers = struct.pack("<HHI", 0x0003, 0x3FDE, 1252) + pack_property(0x1009, COMPRESSED, 0x0102)
    named = struct.pack("<HH16sIII", 0x0003, 0x8001, bytes(16), 0, 7, 42)
    properties = struct.pack("<I", 3) + named + numbers
    document = read(tmp_path, "a.eml", wrap(pack_attribute(1, 0x00069003, properties)))
    assert document.text == "Attachment: message.rtf\n\nhello world"
    assert unpack_rtf(COMPRESSED) == rb"{\rtf1\ansi\ansicpg1252\pard hello world}" + b"\r\n"


@pytest.mark.parametrize("data", [b"", b"words", struct.pack("<IH", 0x223E9F78, 1) + b"\1\3\x90\6\0\4\0\0\0\7\7\7\7"])
def test_a_damaged_winmail_is_named(tmp_path: Path, data: bytes) -> None:
    message = EmailMessage()
    message["From"] = "ada@example.org"
    message.set_content("Hello.")
    message.add_attachment(data, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    text = read(tmp_path, "a.eml", message.as_bytes()).text
    assert text == "Hello.\n\nAttachment: winmail.dat (not read: its format is not read)"


def test_a_line_of_a_mail_that_begins_with_from_and_a_time_begins_no_mail(tmp_path: Path) -> None:
    box = (
        "From ines@example.org Mon Mar  4 18:00:00 2024\nFrom: Ines <ines@example.org>\nSubject: New time\n\n"
        "From next week on we rehearse at 19:30 in the hall.\n\n"
        "From bo@example.org 2024-03-05 07:10:00\nFrom: Bo <bo@example.org>\nSubject: Notes\n\nSee below.\n"
    )
    words = [text.rpartition("\n\n")[2] for _, _, _, text in list_sections(read(tmp_path, "choir.mbox", box))]
    assert words == ["From next week on we rehearse at 19:30 in the hall.", "See below."]


def test_words_in_another_encoding_than_the_label_are_read(tmp_path: Path) -> None:
    head = "From: =?gb2312?B?{}?= <a@example.org>\nContent-Type: text/plain; charset={}\n\n"
    name, text = "朱镕基", "Hi! I’m Ihor from the café; the offer is 5 €."
    label = base64.b64encode(name.encode("gb18030")).decode()
    for charset, encoding in (("ISO-8859-1", "utf-8"), ("iso-8859-1", "cp1252")):
        document = read(tmp_path, "a.eml", head.format(label, charset).encode() + text.encode(encoding))
        assert (document.author, document.text) == (name, text)
    japanese = "㈱例は①番です。"
    data = head.format(label, "shift_jis").encode() + japanese.encode("cp932")
    assert read(tmp_path, "a.eml", data).text == japanese


def test_an_invitation_without_a_name_is_read(tmp_path: Path) -> None:
    message = EmailMessage()
    message["From"] = "ada@example.org"
    message.set_content("Please come.")
    event = "BEGIN:VEVENT\nSUMMARY:Board meeting\nDTSTART:20250303T100000Z\nEND:VEVENT\n"
    message.add_alternative(event, subtype="calendar")
    sections = list_sections(read(tmp_path, "a.eml", message.as_bytes()))
    assert sections[-1] == (
        "Attachment: invitation.ics › Board meeting",
        None,
        "2025-03-03",
        "When: 2025-03-03 10:00 UTC",
    )


def test_messages_inside_of_messages_are_only_named_from_a_depth_on(tmp_path: Path) -> None:
    message = EmailMessage()
    message.set_content("Words of level 0.")
    for level in range(1, 9):
        outer = EmailMessage()
        outer["Subject"] = f"Level {level}"
        outer.set_content(f"Words of level {level}.")
        outer.add_attachment(message)
        message = outer
    text = read(tmp_path, "a.eml", message.as_bytes()).text
    assert "Words of level 3." in text
    assert "Attachment: Level 2" in text
    assert "Words of level 2." not in text


@pytest.mark.parametrize(
    ("label", "encoding"),
    [("iso-8859-1", "utf-8"), ("us-ascii", "utf-8"), ("iso-8859-1", "windows-1252"), ("utf-8", "windows-1252")],
)
def test_a_wrong_label_of_the_encoding_does_not_matter(tmp_path: Path, label: str, encoding: str) -> None:
    words = "Hi! I’m Ihor from the café; the offer is 5 €."
    head = f"From: a@example.org\nContent-Type: text/plain; charset={label}\nContent-Transfer-Encoding: 8bit\n\n"
    assert read(tmp_path, "a.eml", head.encode() + words.encode(encoding)).text == words


def test_a_japanese_text_in_seven_bits_follows_its_label(tmp_path: Path) -> None:
    head = b"From: a@example.org\nContent-Type: text/plain; charset=iso-2022-jp\n\n"
    assert read(tmp_path, "a.eml", head + "船が出る".encode("iso-2022-jp")).text == "船が出る"


def test_each_mail_of_a_mailbox_is_below_its_subject(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box.mbox")
    for number, words in (
        (1, "The lease ends on 30 June.\n\nFrom now on, pay Ben.\n"),
        (2, "The deposit is 900 euros.\n"),
    ):
        message = EmailMessage()
        message["From"], message["To"] = f"Writer {number} <w{number}@example.org>", "Ben <ben@example.org>"
        message["Subject"], message["Date"] = f"Lease {number}", f"Mon, {number} Mar 2025 10:00:00 +0000"
        message.set_content(words)
        box.add(message)
    box.close()
    document = read_document(tmp_path / "box.mbox")
    assert list_sections(document) == [
        (
            "Lease 1",
            "Writer 1",
            "2025-03-01",
            "From: Writer 1\nDate: 2025-03-01\nTo: Ben\n\nThe lease ends on 30 June.\n\nFrom now on, pay Ben.",
        ),
        (
            "Lease 2",
            "Writer 2",
            "2025-03-02",
            "From: Writer 2\nDate: 2025-03-02\nTo: Ben\n\nThe deposit is 900 euros.",
        ),
    ]


def test_a_mailbox_says_how_many_mails_it_cannot_read(tmp_path: Path) -> None:
    line = "From - Mon Mar  3 10:00:00 2025\n"
    box = f"{line}Subject: One\n\nWords.\n\n{line}no header\n\n{line}\nSubject: none\n"
    document = read(tmp_path, "a.mbox", box)
    assert document.text == "One\n\nWords.\n\nMails that cannot be read: 2"


@pytest.mark.parametrize("data", [b"", b"Subject: x\n\nWords.", b"\x89PNG\r\n\x1a\n\x00"])
def test_what_is_no_mailbox_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(DocumentError, match="not a mailbox"):
        read(tmp_path, "a.mbox", data)


ARCHIVED = """\
From: <Saved by Blink>
Snapshot-Content-Location: https://example.org/pond
Subject: The pond
Date: Mon, 3 Mar 2025 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/related; type="text/html"; boundary="b"

--b
Content-Type: text/html
Content-Transfer-Encoding: quoted-printable
Content-Location: https://example.org/pond

<html><head><title>The pond</title></head><body><h1>The pond</h1><h2>Hours=E2=80=A6</h2><p>From nine to five, all w=
eek.</p></body></html>
--b
Content-Type: text/css
Content-Location: https://example.org/a.css

p { color: red }
--b--
"""


@pytest.mark.parametrize("suffix", [".mht", ".mhtml"])
def test_the_page_in_a_web_archive_is_read(tmp_path: Path, suffix: str) -> None:
    document = read(tmp_path, f"page{suffix}", ARCHIVED)
    assert document.title == "The pond"
    assert list_sections(document) == [("Hours…", None, None, "From nine to five, all week.")]


def test_a_web_archive_without_a_page_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"Subject: x\n\nWords.", b"\x00\xff" * 50):
        with pytest.raises(DocumentError, match="no web page"):
            read(tmp_path, "a.mht", data)


SECTOR, MINI_SECTOR, CUTOFF = 512, 64, 4096
END, FREE, NO_STREAM = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFF


def write_compound_file(streams: Mapping[str, bytes]) -> bytes:
    """Return a compound file with small streams, by [MS-CFB]; a name "folder/name" is in a storage."""
    folders = sorted({name.partition("/")[0] for name in streams if "/" in name})
    mini, mini_fat, starts = bytearray(), list[int](), dict[str, int]()
    for name, data in streams.items():
        count = -(-len(data) // MINI_SECTOR)
        starts[name] = len(mini_fat) if count else END
        mini_fat += [*range(len(mini_fat) + 1, len(mini_fat) + count), END] if count else []
        mini += data.ljust(count * MINI_SECTOR, b"\0")
    entries = ["Root Entry", *folders, *streams]

    def chain(names: list[str]) -> dict[str, int]:
        """Return the right sibling of each entry of a folder: a tree that is a list, in the order of MS-CFB."""
        order = sorted(names, key=lambda name: (len(name.rpartition("/")[2]), name.rpartition("/")[2].upper()))
        return {name: entries.index(after) for name, after in pairwise(order)} | {"": entries.index(order[0])}

    top = chain([*folders, *(name for name in streams if "/" not in name)])
    inner = {folder: chain([name for name in streams if name.startswith(f"{folder}/")]) for folder in folders}
    right = top | {name: number for siblings in inner.values() for name, number in siblings.items() if name}
    directory = bytearray()
    for name in entries:
        kind = 5 if name == "Root Entry" else 1 if name in folders else 2
        child = top[""] if kind == 5 else inner[name][""] if kind == 1 else NO_STREAM
        start, size = (1, len(mini)) if kind == 5 else (0, 0) if kind == 1 else (starts[name], len(streams[name]))
        label = name.rpartition("/")[2].encode("utf-16-le") + b"\0\0"
        directory += struct.pack(
            "<64sHBBIII16sIQQIQ",
            label,
            len(label),
            kind,
            1,
            NO_STREAM,
            right.get(name, NO_STREAM),
            child,
            b"",
            0,
            0,
            0,
            start,
            size,
        )
    mini += bytes(-len(mini) % SECTOR)
    directory += bytes(-len(directory) % SECTOR)
    minis = struct.pack(f"<{len(mini_fat)}I", *mini_fat)
    minis += b"\xff" * (-len(minis) % SECTOR)
    counts = [1, len(mini) // SECTOR, len(directory) // SECTOR, len(minis) // SECTOR]
    fat = [0xFFFFFFFD]
    for count in counts[1:]:
        fat += [*range(len(fat) + 1, len(fat) + count), END]
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(SECTOR, b"\xff")
    directory_start = 1 + counts[1]
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, b"", 0, 1,
        directory_start, 0, CUTOFF, directory_start + counts[2], counts[3], END, 0,
    )  # fmt: skip
    difat = struct.pack("<109I", 0, *[FREE] * 108)
    return header + difat + table + mini + directory + minis


def make_outlook(**changes: bytes) -> bytes:
    sent = struct.pack("<HHIQ", 0x40, 0x0039, 6, 133854768000000000)  # 2025-03-03
    attached = "__attach_version1.0_#00000000"
    streams = {
        "__properties_version1.0": bytes(32) + sent,
        "__substg1.0_0037001F": "Lease".encode("utf-16-le"),
        "__substg1.0_0C1A001F": "Carl Éxample".encode("utf-16-le"),
        "__substg1.0_0E04001F": "Ada Example; Ben Example".encode("utf-16-le"),
        "__substg1.0_1000001F": "The lease ends on 30 June.\r\n\r\nCarl".encode("utf-16-le"),
        f"{attached}/__substg1.0_3707001F": "terms.txt".encode("utf-16-le"),
        f"{attached}/__substg1.0_37010102": b"The deposit is 900 euros.",
    }
    return write_compound_file({name: data for name, data in {**streams, **changes}.items() if data})


def test_a_message_of_outlook_is_read_with_its_attachments(tmp_path: Path) -> None:
    pytest.importorskip("olefile")
    document = read(tmp_path, "a.msg", make_outlook())
    assert document.title == "Lease"
    assert list_sections(document) == [
        (None, "Carl Éxample", "2025-03-03", "To: Ada Example, Ben Example\n\nThe lease ends on 30 June.\n\nCarl"),
        ("Attachment: terms.txt", None, None, "The deposit is 900 euros."),
    ]


def test_html_and_the_code_page_of_a_message_of_outlook_are_read(tmp_path: Path) -> None:
    pytest.importorskip("olefile")
    page = struct.pack("<HHIQ", 3, 0x3FFD, 6, 1251)
    changes = {
        "__properties_version1.0": bytes(32) + page,
        "__substg1.0_0037001F": b"",
        "__substg1.0_0037001E": "Аренда".encode("cp1251"),
        "__substg1.0_1000001F": b"",
        "__substg1.0_10130102": b"<p>It ends on <b>30 June</b>.</p>",
    }
    document = read(tmp_path, "a.msg", make_outlook(**changes))
    assert (document.title, document.date) == ("Аренда", None)
    assert "It ends on 30 June." in document.text


def test_damaged_messages_of_outlook_are_refused_in_one_line(tmp_path: Path) -> None:
    pytest.importorskip("olefile")
    whole = make_outlook()
    for data in (
        b"",
        b"words",
        whole[:600],
        whole[:512] + b"\xff" * 512 + whole[1024:],
        make_outlook(__properties_version1=b""),
    ):
        try:
            read(tmp_path, "a.msg", data)
        except DocumentError as exc:
            assert "\n" not in str(exc)


def test_a_line_after_the_end_of_the_html_of_a_mail_takes_nothing_away(tmp_path: Path) -> None:
    page = "<html><head><title>Hours</title></head>\n<body><p>Open from nine to six.</p></body>\n</html>\n"
    head = "From: ada@example.org\nContent-Type: text/html; charset=utf-8\n\n"
    document = read(tmp_path, "a.eml", f"{head}{page}<p>Scanned by the mail gateway.</p>\n")
    assert document.text == "Open from nine to six.\n\nScanned by the mail gateway."
