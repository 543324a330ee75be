"""Opens XML and zip archives that may be damaged or hostile."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar, cast

from rag.errors import DocumentError

if TYPE_CHECKING:
    from lxml.etree import _Element

    Tree = TypeVar("Tree", bound=_Element)

# The first bytes of a compound file: an Office file with a password, or of a program before 2007.
_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
# The stream that holds another file, encrypted.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MEGABYTE = 1_000_000
_MOST_BYTES = 50 * _MEGABYTE  # in one part of an archive


def is_compound(data: bytes) -> bool:
    """Return whether a file, or its first eight bytes, is a compound file."""
    return data.startswith(_COMPOUND)


def has_password(data: bytes) -> bool:
    """Return whether a compound file holds an Office file with a password."""
    return _ENCRYPTED in data


def read_part(archive: zipfile.ZipFile, name: str, *, invalid: str, most_bytes: int = _MOST_BYTES) -> bytes:
    """Return a part of an archive; raises DocumentError, with the reason `invalid` if the part is missing."""
    try:
        with archive.open(name) as file:
            data = file.read(most_bytes + 1)
    except (KeyError, OSError) as exc:  # a place outside of the file
        raise DocumentError(invalid) from exc
    except RuntimeError as exc:  # zipfile raises it for a missing password
        raise DocumentError("it is locked with a password") from exc
    if len(data) > most_bytes:
        raise DocumentError(f"its part {name} is larger than {most_bytes // _MEGABYTE} MB")
    return data


def parse_xml(data: bytes, *, invalid: str) -> "_Element":
    """Return the tree of an XML file; raises DocumentError with the reason `invalid`.

    Entities are not expanded, and nothing is fetched.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(data, parser=parser)
    except (etree.XMLSyntaxError, ValueError) as exc:
        raise DocumentError(invalid) from exc


def drop_namespaces(tree: "Tree") -> "Tree":
    """Remove the namespaces from the tags of a tree, and return it."""
    for element in tree.iter("*"):
        element.tag = element.tag.rpartition("}")[2]
    return tree


def find_elements(tree: "_Element", path: str) -> "list[_Element]":
    """Return the elements at a path (XPath)."""
    return cast("list[_Element]", tree.xpath(path))


def get_text(element: "_Element") -> str:
    """Return all words in an element, with one space between two of them."""
    return " ".join("".join(map(str, element.itertext())).split())


def take_title(root: "_Element") -> str | None:
    """Return the words of a file's own title, and remove them, so that they are not read twice; None without one."""
    title = root.find("title")
    if title is None:
        return None
    words = get_text(title)
    clear(title)
    return words


def clear(element: "_Element") -> None:
    """Remove the words and children of an element, but not the words after it."""
    element.text = None
    del element[:]


@contextmanager
def name_errors(program: str) -> Iterator[None]:
    """Turn any error of a library into a DocumentError: the fault is in the file."""
    try:
        yield
    except (DocumentError, MemoryError, FileNotFoundError, ModuleNotFoundError, PermissionError):
        raise
    except Exception as exc:
        raise DocumentError(f"it is not a valid {program} file") from exc
