"""The table of file formats: which reader turns a file into blocks of text.

To add a format, write a module here and add a line to `FORMATS`; `docs/extending.md` has an example.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # blocks imports a module of this package
    from rag.documents.blocks import Extract


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: its suffixes, the usual one first, and its reader, a function of a module in this package.

    `is_zip`: the files are zip archives. One that unpacks to far more than the allowed size is refused unread.
    """

    suffixes: tuple[str, ...]
    reader: str
    is_zip: bool = False

    def load_reader(self) -> Callable[[Path], "Extract"]:
        """Return the reader; its module is imported now."""
        module, _, function = self.reader.rpartition(".")
        reader: Callable[[Path], Extract] = getattr(import_module(f"{__name__}.{module}"), function)
        return reader


FORMATS = (
    Format((".html", ".htm", ".xhtml"), "html.reader.read_html"),
    Format((".pdf",), "pdf.reader.read_pdf"),
    Format((".docx", ".docm", ".dotx", ".dotm"), "office.reader.read_docx", is_zip=True),
    Format((".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm"), "office.reader.read_pptx", is_zip=True),
    Format((".xlsx", ".xlsm", ".xltx", ".xltm"), "office.reader.read_xlsx", is_zip=True),
    Format((".odt", ".ott"), "opendocument.reader.read_opendocument", is_zip=True),
    Format((".ods", ".ots"), "opendocument.reader.read_opendocument", is_zip=True),
    Format((".odp", ".otp"), "opendocument.reader.read_opendocument", is_zip=True),
    Format((".fodt", ".fods", ".fodp"), "opendocument.reader.read_flat_opendocument"),
    Format((".doc", ".dot"), "office.legacy.read_legacy"),
    Format((".xls", ".xlt"), "office.legacy.read_legacy"),
    Format((".ppt", ".pps", ".pot"), "office.legacy.read_legacy"),
    Format((".pages",), "office.legacy.read_preview", is_zip=True),
    Format((".numbers",), "office.legacy.read_preview", is_zip=True),
    Format((".key",), "office.legacy.read_preview", is_zip=True),
    Format((".rtf",), "rtf.reader.read_rtf"),
    Format((".csv", ".tsv"), "records.read_csv"),
    Format((".json",), "slack.read_json"),
    Format((".jsonl", ".ndjson"), "records.read_jsonl"),
    Format((".epub",), "epub.read_epub", is_zip=True),
    Format((".fb2",), "fb2.read_fb2"),
    Format((".xml",), "xml.read_xml"),
    Format((".svg",), "svg.read_svg"),
    Format((".eml",), "mail.reader.read_mail"),
    Format((".mbox",), "mail.reader.read_mbox"),
    Format((".msg",), "mail.outlook.read_msg"),
    Format((".mhtml", ".mht"), "mhtml.read_mhtml"),
    Format((".ics",), "calendar.read_ics"),
    Format((".vcf",), "vcard.read_vcf"),
    Format((".vtt", ".srt"), "subtitles.read_subtitles"),
    Format((".ipynb",), "notebook.read_notebook"),
    Format((".tex",), "plain.latex.read_latex"),
    Format((".rst",), "plain.restructured.read_rst"),
    Format((".org",), "plain.org.read_org"),
    Format((".adoc",), "plain.asciidoc.read_asciidoc"),
    Format((".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"), "picture.read_picture"),
    Format((".zip",), "archive.read_zip", is_zip=True),
    Format((".tar", ".tgz", ".tar.gz"), "archive.read_tar"),
)
