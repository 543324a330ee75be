"""Finds the indexes in folders, by their databases."""

from pathlib import Path

from rag.files import is_plain

DATABASE_FILE = "catalog.sqlite"


def list_indexes(index_dir: Path) -> list[str]:
    """Return the names of the indexes in a folder."""
    return sorted(file.parent.name for file in index_dir.glob(f"*/{DATABASE_FILE}") if is_plain(file))


def is_index(folder: Path) -> bool:
    """Return whether there is an index in `folder`."""
    return is_plain(folder / DATABASE_FILE)
