"""Reads Jupyter notebooks: the text, the code, and what the code printed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.documents.blocks import Block, Extract
from rag.documents.formats.plain.decode import decode
from rag.documents.formats.plain.markdown import show_markdown
from rag.documents.formats.records import list_records
from rag.documents.headings import find_marked_headings
from rag.documents.sequences import flat_map
from rag.errors import DocumentError

# A longer output is a log or a table of data.
_LONGEST_OUTPUT = 2000


def read_notebook(path: Path) -> Extract:
    """Return the cells of a notebook in order; raises DocumentError if it is not one."""
    try:
        notebook = json.loads(decode(path.read_bytes()))
    except (ValueError, RecursionError) as exc:
        raise DocumentError("it is not a valid notebook") from exc
    cells = _list_cells(notebook)
    if not cells:
        raise DocumentError("it has no cells")
    blocks = list(flat_map(_read_cell, cells))
    title = next((block.text for block in blocks if block.kind == "heading"), None)
    return Extract(blocks, title=title)


def _list_cells(notebook: Any) -> list[dict[str, Any]]:
    """Return the cells; older notebooks keep them in worksheets."""
    if not isinstance(notebook, dict):
        return []
    cells = []
    for sheet in list_records(notebook.get("worksheets")) or [notebook]:
        cells += list_records(sheet.get("cells"))
    return cells


def _read_cell(cell: dict[str, Any]) -> Iterator[Block]:
    source = _join(cell.get("source", cell.get("input")))
    kind = cell.get("cell_type")
    if kind == "markdown":
        yield from _read_markdown(show_markdown(source))
    elif kind == "heading":
        level = cell.get("level")
        yield Block(source, "heading", level if isinstance(level, int) else 1)
    else:
        yield Block(source)
        for output in list_records(cell.get("outputs")):
            yield Block(_read_output(output))


def _join(lines: Any) -> str:
    """Return a text that a notebook stores as one string or as a list of lines."""
    if not isinstance(lines, list | str):
        return ""
    return "".join(line for line in lines if isinstance(line, str))


def _read_markdown(text: str) -> Iterator[Block]:
    start = 0
    for heading in find_marked_headings(text, len(text)):
        yield Block(text[start : heading.start])
        yield Block(heading.text, "heading", heading.level)
        start = heading.end
    yield Block(text[start:])


def _read_output(output: dict[str, Any]) -> str:
    """Return what a cell printed or returned as text; a note for a long output, and empty for pictures and errors."""
    data = output.get("data", output)
    shown = data.get("text/plain") if isinstance(data, dict) else None
    text = _join(output.get("text", shown))
    return text if len(text) <= _LONGEST_OUTPUT else f"(An output of {len(text):,} characters is left out.)"
