"""Archives: what is read of them, what is named, and attacks."""

import io
import os
import stat
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from rag import Settings
from rag.documents.find import find_files
from rag.documents.formats import archive as archive_module
from rag.documents.read import read_document
from rag.documents.worker import DocumentReader
from rag.errors import DocumentError
from rag.types import Document

FILES = {
    "notes/tide.txt": b"High water is at 04:10.",
    "notes/lease.md": b"# Lease\n\n## Deposit\n\nThe deposit is 900 euros.\n",
    "prices.csv": b"Boat,Price\nCanoe,5\n",
}
TEXTS = {
    "notes/tide.txt": "High water is at 04:10.",
    "notes/lease.md: Lease › Deposit": "The deposit is 900 euros.",
    "prices.csv": "Boat: Canoe; Price: 5",
}


def pack_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def pack_tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz" if path.suffix in (".gz", ".tgz") else "w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def pack(path: Path, files: dict[str, bytes]) -> Path:
    return pack_zip(path, files) if path.suffix == ".zip" else pack_tar(path, files)


def map_sections(document: Document) -> dict[str | None, str]:
    return {section.heading: document.text[section.start : section.end].strip() for section in document.sections}


NAMES = ("all.zip", "all.tar", "all.tgz", "all.tar.gz", "ALL.TAR.GZ")


@pytest.mark.parametrize("name", NAMES)
def test_each_file_of_an_archive_is_below_its_name(tmp_path: Path, name: str) -> None:
    path = pack(tmp_path / name.lower(), FILES).rename(tmp_path / name)
    sections = map_sections(read_document(path))
    assert {heading: sections[heading] for heading in TEXTS} == TEXTS
    assert find_files([tmp_path]).files == [path]


def test_an_archive_that_tar_made_is_read(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    subprocess.run(["tar", "czf", "all.tgz", "notes", "prices.csv"], cwd=tmp_path, check=True)  # noqa: S607
    assert TEXTS.items() <= map_sections(read_document(tmp_path / "all.tgz")).items()


def test_files_that_cannot_be_read_are_counted_and_named(tmp_path: Path) -> None:
    others = {
        "photo.gif": b"\x89PNG",
        "inner.zip": b"PK",
        "broken.pdf": b"%PDF",
        ".hidden.txt": b"x",
        "site-packages/a.txt": b"x",
        "keys/id_rsa": b"x",
        "../out.txt": b"x",
        "/etc/passwd.txt": b"x",
    }
    document = read_document(pack_zip(tmp_path / "all.zip", {**FILES, **others}))
    assert document.text.startswith("Files that cannot be read: 8: photo.gif (its format is not read), ")
    for words in (
        "inner.zip (it is inside of another file)",
        ".hidden.txt (passed over as a hidden file)",
        "site-packages/a.txt (passed over as site-packages)",
        "keys/id_rsa (passed over as a file of keys or passwords)",
        "../out.txt (its path leads out of the archive)",
        "/etc/passwd.txt (its path leads out of the archive)",
    ):
        assert words in document.text
    assert str(tmp_path) not in document.text
    assert "/tmp" not in document.text  # noqa: S108
    assert TEXTS.items() <= map_sections(document).items()


def test_links_and_encrypted_files_are_only_named(tmp_path: Path) -> None:
    path = tmp_path / "all.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (
            ("link.txt", tarfile.SYMTYPE),
            ("hard.txt", tarfile.LNKTYPE),
            ("pipe.txt", tarfile.FIFOTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    with pytest.raises(DocumentError, match=r"none of its files can be read: 3: link.txt \(it is a link\), hard.txt"):
        read_document(path)
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(link, "/etc/passwd")
        packed.writestr("secret.txt", "words")
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[data.rindex(b"PK\1\2") + 8] |= 1  # the mark of an encrypted file
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(DocumentError, match=r"2: link.txt \(it is a link\), secret.txt \(it is encrypted\)"):
        read_document(tmp_path / "a.zip")


def test_archives_that_unpack_to_much_more_are_refused(tmp_path: Path) -> None:
    bomb = {f"{n}.txt": b"0" * 20_000_000 for n in range(3)}
    for name in ("bomb.zip", "bomb.tgz"):
        with pytest.raises(DocumentError, match=r"it unpacks to more than 1[0-9] MB; unpack it"):
            read_document(pack(tmp_path / name, bomb))


def test_archives_with_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "_MOST_MEMBERS", 2)
    with pytest.raises(DocumentError, match="it has more than 2 files; unpack it"):
        read_document(pack_zip(tmp_path / "all.zip", FILES))


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz"])
def test_what_is_no_archive_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for data in (b"", b"words", b"PK\3\4", b"\x1f\x8b\x08\0"):
        path.write_bytes(data)
        with pytest.raises(DocumentError, match=r"not a valid|has no files"):
            read_document(path)
    pack(path, {})
    with pytest.raises(DocumentError, match="it has no files"):
        read_document(path)


def test_a_damaged_file_costs_no_other_one(tmp_path: Path) -> None:
    path = pack_zip(tmp_path / "all.zip", {"good.txt": b"Good words.", "bad.txt": os.urandom(100).hex().encode()})
    data = bytearray(path.read_bytes())
    data[data.index(b"bad.txt") + 20] ^= 0xFF
    path.write_bytes(data)
    document = read_document(path)
    assert document.text.startswith("Files that cannot be read: 1: bad.txt (it is damaged)")
    assert map_sections(document)["good.txt"] == "Good words."


def test_nothing_is_left_behind_when_the_process_is_killed(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    pack_zip(tmp_path / "all.zip", FILES)
    with DocumentReader(settings) as reader:
        assert TEXTS.items() <= map_sections(reader.read(tmp_path / "all.zip")).items()
        (folder,) = (tmp_path / "temporary").iterdir()
        (folder / "left").write_text("x", encoding="utf-8")
    assert list((tmp_path / "temporary").iterdir()) == []
