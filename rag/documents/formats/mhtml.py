"""Reads web archives: a saved page, with its pictures and styles, in the form of a mail."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from rag.documents.blocks import Extract
from rag.documents.formats.html.reader import extract_html
from rag.documents.formats.mail.body import decode_part
from rag.documents.formats.mail.headers import find_header
from rag.errors import DocumentError


def read_mhtml(path: Path) -> Extract:
    """Return the page in a web archive; raises DocumentError if there is none."""
    try:
        message: EmailMessage = message_from_bytes(path.read_bytes(), policy=policy.default)
        pages = [part for part in message.walk() if part.get_content_type() == "text/html"]
    except RecursionError as exc:
        raise DocumentError("its parts are nested too deeply") from exc
    if not pages:
        raise DocumentError("it has no web page")
    extract = extract_html(decode_part(pages[0]))
    return extract._replace(title=extract.title or find_header(message, "subject"))
