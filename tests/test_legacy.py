"""Reading files from before 2007, and those of Pages, Numbers and Keynote."""

import os
import stat
import zipfile
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest

from rag.documents.formats.office import legacy
from rag.documents.formats.office.legacy import read_legacy, read_preview
from rag.documents.read import read_document
from rag.errors import DocumentError
from tests.libreoffice import convert, needs_office
from tests.test_pdf import write_lines

OLD = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(1000)
posix = pytest.mark.skipif(os.name != "posix", reason="the stand-in for LibreOffice is a shell script")
# It takes its arguments like LibreOffice, and "converts" any file to the newer one beside it.
STAND_IN = """#!/bin/sh
printf '%s\\n' "$@" > "{folder}/arguments"
cat "${{1#-env:UserInstallation=file://}}/user/registrymodifications.xcu" > "{folder}/settings"
while [ "$1" != "--outdir" ]; do shift; done
mkdir "$2"
cp "{folder}/new" "$2/source.{suffix}"
"""


def install(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program called soffice before all others."""
    programs = folder / "programs"
    programs.mkdir()
    program = programs / "soffice"
    program.write_text(script, encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


def write_new(path: Path, suffix: str) -> None:
    if suffix == "docx":
        document = docx.Document()
        document.add_paragraph("It was replaced in 2019.")
        document.save(str(path))
    elif suffix == "xlsx":
        book = openpyxl.Workbook()
        book.active.append(["It was replaced in 2019."])
        book.save(path)
    else:
        show = pptx.Presentation()
        show.slides.add_slide(show.slide_layouts[5]).shapes.title.text = "It was replaced in 2019."
        show.save(str(path))


@posix
@pytest.mark.parametrize(("old", "suffix"), [("doc", "docx"), ("dot", "docx"), ("XLS", "xlsx"), ("ppt", "pptx")])
def test_an_old_file_is_read_as_libreoffice_converts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, suffix: str
) -> None:
    write_new(tmp_path / "new", suffix)
    install(tmp_path, STAND_IN.format(folder=tmp_path, suffix=suffix), monkeypatch)
    path = tmp_path / f"report.{old}"
    path.write_bytes(OLD)
    assert "It was replaced in 2019." in read_document(path).text
    arguments = (tmp_path / "arguments").read_text(encoding="utf-8")
    assert f"--headless\n--norestore\n--nolockcheck\n--nologo\n--nodefault\n--convert-to\n{suffix}:" in arguments
    settings = (tmp_path / "settings").read_text(encoding="utf-8")
    assert "DisableMacrosExecution" in settings and "BlockUntrustedRefererLinks" in settings


@posix
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("#!/bin/sh\nexit 1\n", "LibreOffice cannot convert it; it may be damaged, or have a password"),
        ("#!/bin/sh\nsleep 60 &\nsleep 60\n", "LibreOffice takes longer than 1 s to convert it"),
        ("#!/no/such/shell\n", "LibreOffice does not start: No such file"),
    ],
)
def test_a_conversion_that_fails_gives_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    monkeypatch.setattr(legacy, "_MOST_SECONDS", 1)
    install(tmp_path, script, monkeypatch)
    (tmp_path / "a.doc").write_bytes(OLD)
    with pytest.raises(DocumentError, match=reason):
        read_legacy(tmp_path / "a.doc")


def test_without_libreoffice_the_reason_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(legacy, "_PLACES", ())
    (tmp_path / "a.doc").write_bytes(OLD)
    with pytest.raises(DocumentError, match="need LibreOffice, which is not installed"):
        read_document(tmp_path / "a.doc")


def test_new_files_with_old_names_need_no_libreoffice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legacy, "_PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    write_new(tmp_path / "a.doc", "docx")
    (tmp_path / "b.doc").write_bytes(rb"{\rtf1 It was replaced in 2019.}")
    assert read_document(tmp_path / "a.doc").text == "It was replaced in 2019."
    assert read_document(tmp_path / "b.doc").text == "It was replaced in 2019."


def test_an_old_file_with_the_package_of_a_new_one_has_a_password(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_bytes(OLD + "EncryptedPackage".encode("utf-16-le"))
    with pytest.raises(DocumentError, match="it has a password; save it without one"):
        read_legacy(tmp_path / "a.xls")


@pytest.mark.slow
@needs_office
@pytest.mark.parametrize(("suffix", "old"), [("docx", "doc"), ("xlsx", "xls"), ("pptx", "ppt")])
def test_libreoffice_reads_the_files_that_it_wrote(tmp_path: Path, suffix: str, old: str) -> None:
    write_new(tmp_path / f"report.{suffix}", suffix)
    convert(tmp_path / f"report.{suffix}", old, tmp_path)
    assert "It was replaced in 2019." in read_document(tmp_path / f"report.{old}").text


def write_bundle(folder: Path, name: str) -> Path:
    """Return a file of Pages with a PDF inside, below a name."""
    write_lines(folder / "a.pdf", [["It was replaced in 2019."]])
    with zipfile.ZipFile(folder / "report.pages", "w") as bundle:
        bundle.writestr("Index/Document.iwa", b"\0")
        bundle.write(folder / "a.pdf", name)
    return folder / "report.pages"


@pytest.mark.parametrize("name", ["QuickLook/Preview.pdf", "preview.pdf"])
def test_a_file_of_pages_is_read_by_its_preview(tmp_path: Path, name: str) -> None:
    assert read_document(write_bundle(tmp_path, name)).text == "It was replaced in 2019."


def test_a_file_of_pages_without_preview_says_so(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="it has no preview as PDF; export it as PDF"):
        read_document(write_bundle(tmp_path, "preview.jpg"))
    (tmp_path / "broken.key").write_bytes(b"a key")
    with pytest.raises(DocumentError, match="not a valid file of Pages, Numbers or Keynote"):
        read_preview(tmp_path / "broken.key")
