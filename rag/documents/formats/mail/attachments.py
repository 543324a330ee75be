"""Makes blocks of the files that are attached to a mail."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from rag.documents.blocks import Block
from rag.errors import DocumentError
from rag.types import Document


class Attachment(NamedTuple):
    """An attached file or message: its name, and the function that returns its document or raises DocumentError."""

    name: str
    read: Callable[[], Document]


def read_attachments(attachments: Iterable[Attachment]) -> list[Block]:
    """Return the attachments: first the unreadable ones with the reasons, and then the others' content."""
    blocks = map(_read, attachments)
    return sorted(filter(None, blocks), key=lambda block: block.kind == "heading")


def _read(attachment: Attachment) -> Block | None:
    """Return a name as a heading with the content below, or as an item if the content cannot be read."""
    name = " ".join(attachment.name.split())
    if not name:
        return None
    label = f"Attachment: {name}"
    try:
        return Block(label, "heading", part=attachment.read())
    except DocumentError as exc:
        return Block(f"{label} (not read: {exc})", "item")
