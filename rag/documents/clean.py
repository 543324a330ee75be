"""Makes a document safe to store, whatever its file holds."""

from dataclasses import replace
from typing import Any

from rag.types import Document, Section

# A title, a name or a path of headings is cut to this many characters: each chunk repeats it.
LONGEST_FIELD = 1000


def clean_document(document: Document) -> Document:
    """Return a document whose text and fields can be stored, at the same offsets.

    Half a surrogate pair, which JSON can hold and UTF-8 cannot, becomes a question mark. Title, author and the other
    fields are cut to `LONGEST_FIELD` characters; an empty one is None, but the title.
    """
    title = _clean(document.title[:LONGEST_FIELD])
    fields = _clean_fields(document, "outlet", "author", "date")
    sections = [
        replace(section, **_clean_fields(section, "author", "date", "heading", "reply_to"))
        for section in document.sections
    ]
    return replace(document, text=_clean(document.text), title=title, sections=tuple(sections), **fields)


def _clean_fields(record: Document | Section, *names: str) -> dict[str, Any]:
    """Return the values of fields, cut and without half surrogate pairs; None for a field without a text."""
    texts = {name: getattr(record, name) for name in names}
    return {name: _clean(text[:LONGEST_FIELD]) if text else None for name, text in texts.items()}


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
