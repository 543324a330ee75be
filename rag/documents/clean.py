"""Makes a document safe to store, whatever its file holds."""

from dataclasses import replace

from rag.types import Document

# A title, a name or a path of headings is cut to this many characters: each chunk repeats it.
LONGEST_FIELD = 1000


def clean_document(document: Document) -> Document:
    """Return a document whose text and fields can be stored, at the same offsets.

    Half a surrogate pair, which JSON can hold and UTF-8 cannot, becomes a question mark. Title, author and the other
    fields are cut to `LONGEST_FIELD` characters.
    """
    sections = tuple(
        replace(
            section,
            author=_clean_field(section.author),
            date=_clean_field(section.date),
            heading=_clean_field(section.heading),
            reply_to=_clean_field(section.reply_to),
        )
        for section in document.sections
    )
    return replace(
        document,
        text=_clean(document.text),
        title=_clean(document.title)[:LONGEST_FIELD],
        sections=sections,
        outlet=_clean_field(document.outlet),
        author=_clean_field(document.author),
        date=_clean_field(document.date),
    )


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _clean_field(text: str | None) -> str | None:
    return None if text is None else _clean(text[:LONGEST_FIELD])
