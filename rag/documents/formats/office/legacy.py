"""Reads files of office programs from before 2007, which LibreOffice converts, and Apple's by the preview in them."""

import os
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rag.documents.blocks import Extract, pick_first
from rag.documents.formats.office.reader import read_docx, read_pptx, read_xlsx
from rag.documents.formats.pdf.reader import read_pdf
from rag.documents.formats.rtf.reader import read_rtf
from rag.documents.formats.untrusted import has_password, read_part
from rag.documents.read import check_unpacked
from rag.errors import DocumentError
from rag.system import IS_WINDOWS, limit_processor_time

_PROGRAMS = ("soffice", "libreoffice")
# Where installers put LibreOffice without telling the shell.
_PLACES = (
    "/usr/lib/libreoffice/program/soffice",
    "/usr/lib64/libreoffice/program/soffice",
    "/opt/libreoffice/program/soffice",
    "/snap/bin/libreoffice",
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    r"C:\Program Files\LibreOffice\program\soffice.exe",
)
# Less than the usual time limit for a file, so that this limit ends LibreOffice too.
_MOST_SECONDS = 50
_MOST_MEGABYTES = 100
_PREVIEWS = ("quicklook/preview.pdf", "preview.pdf")
_NO_PREVIEW = "it has no preview as PDF; export it as PDF, or in a format of Office"
# LibreOffice's settings: it runs no macros, follows no links and reaches no other machine.
_SETTINGS = (
    ("Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Writer/Content/Update", "Link", "0"),
    ("Calc/Content/Update", "Link", "2"),
    ("Inet/Settings", "ooInetProxyType", "2"),
    ("Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPSProxyPort", "9"),
)
_SETTING = (
    '<item oor:path="/org.openoffice.Office.{}"><prop oor:name="{}" oor:op="fuse"><value>{}</value></prop></item>'
)
_PROFILE = (
    '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry">{}</oor:items>'
)


class _Kind(NamedTuple):
    """The newer format into which LibreOffice converts an old one, and its reader."""

    suffix: str
    filter: str
    read: Callable[[Path], Extract]


_WORD = _Kind("docx", "MS Word 2007 XML", read_docx)
_EXCEL = _Kind("xlsx", "Calc MS Excel 2007 XML", read_xlsx)
_POWERPOINT = _Kind("pptx", "Impress MS PowerPoint 2007 XML", read_pptx)
_KINDS = {
    **dict.fromkeys((".doc", ".dot"), _WORD),
    **dict.fromkeys((".xls", ".xlt"), _EXCEL),
    **dict.fromkeys((".ppt", ".pps", ".pot"), _POWERPOINT),
}


def read_legacy(path: Path) -> Extract:
    """Return the content of a file from before 2007; raises DocumentError if LibreOffice is missing, or fails.

    A newer file with an old name, and one in Rich Text Format, needs no LibreOffice.
    """
    kind = _KINDS[path.suffix.lower()]
    with path.open("rb") as file:
        head = file.read(5)
    if head.startswith(b"{\\rtf"):
        return read_rtf(path)
    if head.startswith(b"PK"):
        return kind.read(path)
    with TemporaryDirectory(prefix="rag-", ignore_cleanup_errors=True) as folder:
        converted = _convert(path, kind, Path(folder))
        check_unpacked(converted, max_mb=_MOST_MEGABYTES)
        extract = kind.read(converted)
        return extract._replace(blocks=list(extract.blocks))


def _find_program() -> str:
    """Return the path of LibreOffice; raises DocumentError if it is not installed."""
    program = pick_first(map(shutil.which, (*_PROGRAMS, *_PLACES)), None)
    if program is None:
        raise DocumentError(
            "files from before 2007 need LibreOffice, which is not installed; or save it in a newer form"
        )
    return program


def _convert(path: Path, kind: _Kind, folder: Path) -> Path:
    """Return the path of the newer file that LibreOffice makes in a folder; its profile and copy are there too."""
    source = folder / f"source{path.suffix.lower()}"
    shutil.copyfile(path, source)
    if has_password(source.read_bytes()):
        raise DocumentError("it has a password; save it without one")
    program = _find_program()
    profile = _write_profile(folder)
    target = folder / "converted"
    _run([
        program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore", "--nolockcheck", "--nologo",
        "--nodefault", "--convert-to", f"{kind.suffix}:{kind.filter}", "--outdir", str(target), str(source),
    ])  # fmt: skip
    converted = target / f"source.{kind.suffix}"
    if not converted.is_file():
        raise DocumentError("LibreOffice cannot convert it; it may be damaged, or have a password")
    return converted


def _write_profile(folder: Path) -> Path:
    """Write LibreOffice's settings, and return the folder that it takes for the user's."""
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True)
    items = "".join(_SETTING.format(*setting) for setting in _SETTINGS)
    (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE.format(items), encoding="utf-8")
    return profile


def _run(command: list[str]) -> None:
    """Run LibreOffice; raises DocumentError if it cannot start, or takes too long. It ends with all that it started."""
    environment = {
        **os.environ,
        "no_proxy": "",
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
    }
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
    except OSError as exc:
        raise DocumentError(f"LibreOffice does not start: {exc.strerror}") from exc
    limit_processor_time(process.pid, _MOST_SECONDS)
    try:
        process.wait(_MOST_SECONDS)
    except subprocess.TimeoutExpired:
        raise DocumentError(f"LibreOffice takes longer than {_MOST_SECONDS} s to convert it") from None
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process, and where the system has groups of processes all that it started."""
    if not IS_WINDOWS:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def read_preview(path: Path) -> Extract:
    """Return the text of a file from Pages, Numbers or Keynote, as the PDF preview inside of it shows it."""
    try:
        with zipfile.ZipFile(path) as archive:
            name = next((name for name in archive.namelist() if name.lower() in _PREVIEWS), "")
            data = read_part(archive, name, invalid=_NO_PREVIEW)
    except zipfile.BadZipFile as exc:
        raise DocumentError("it is not a valid file of Pages, Numbers or Keynote") from exc
    with TemporaryDirectory(prefix="rag-") as folder:
        preview = Path(folder, "preview.pdf")
        preview.write_bytes(data)
        extract = read_pdf(preview)
        return extract._replace(blocks=list(extract.blocks))
