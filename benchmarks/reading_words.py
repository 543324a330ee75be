"""Scores how many words of any files readers keep; the right words come from the format itself.

    python -m benchmarks.reading_words FOLDER [--markitdown VENV/bin/python]

The folder may be the test files of other projects. In a sheet only cells with words count, because a reader may show
numbers and dates in another way. A PDF file holds no words, so its figures are the agreement with pdftotext.
"""

import argparse
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import openpyxl
from click import echo as say
from lxml import etree

from benchmarks.reading import (
    Count,
    Reader,
    add_up,
    find_readers,
    find_words,
    open_markitdown,
    read_with_plain_pdftotext,
)
from rag.errors import DocumentError

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# Text that a file has twice, that was moved, or that nobody sees.
UNSEEN = ("Fallback", "moveFrom", "del", "tracked-changes", "annotation")
PARAGRAPHS = ("p", "h")
BREAKS = ("tab", "br", "cr", "s", "line-break")
# A file with fewer words says little.
LEAST_WORDS = 20
LOWEST = 10


class Result(NamedTuple):
    """Pairs of numbers: words that were kept, of the file's words; right words, of the words read."""

    path: Path
    kept: Count
    right: Count
    lost: Counter[str]


def show_docx(path: Path) -> Iterator[str]:
    yield from show_parts(path, r"word/(document|footnotes|endnotes)\.xml")


def show_pptx(path: Path) -> Iterator[str]:
    yield from show_parts(path, r"ppt/slides/slide\d+\.xml")


def show_opendocument(path: Path) -> Iterator[str]:
    yield from show_parts(path, r"content\.xml")


def show_parts(path: Path, pattern: str) -> Iterator[str]:
    """Yield the paragraphs in the parts of a zip archive whose names match a pattern."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if re.fullmatch(pattern, name):
                root = etree.fromstring(archive.read(name), etree.XMLParser(recover=True, resolve_entities=False))
                if root.get("show") != "0":
                    yield from show_paragraphs(root)


def show_paragraphs(root: etree._Element) -> Iterator[str]:
    """Yield the text of each paragraph; boxes inside a paragraph come separately."""
    for paragraph in root.iter("{*}p", "{*}h"):
        if not any(get_name(outer) in UNSEEN for outer in paragraph.iterancestors()):
            yield "".join(show_text(paragraph))


def show_text(element: etree._Element) -> Iterator[str]:
    """Yield the pieces of text in a paragraph: all text in OpenDocument, elements `t` in Office files."""
    is_text = get_name(element) == "t" or "opendocument" in str(element.tag)
    yield " " if get_name(element) in BREAKS else ""
    yield (element.text or "") if is_text else ""
    for inner in element:
        is_apart = get_name(inner) in (*PARAGRAPHS, *UNSEEN) or is_hidden(inner)
        if not is_apart:
            yield from show_text(inner)
        if "opendocument" in str(element.tag):
            yield inner.tail or ""


def is_hidden(run: etree._Element) -> bool:
    return run.find(f"{WORD}rPr/{WORD}vanish") is not None


def get_name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def show_xlsx(path: Path) -> Iterator[str]:
    """Yield the words in the cells of the visible sheets."""
    book = openpyxl.load_workbook(path, data_only=True)
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible":
            yield from (cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str))


def show_pdf(path: Path) -> Iterator[str]:
    yield read_with_plain_pdftotext(path).text


TRUTHS: dict[str, Callable[[Path], Iterator[str]]] = {
    ".docx": show_docx,
    ".pptx": show_pptx,
    ".xlsx": show_xlsx,
    ".odt": show_opendocument,
    ".odp": show_opendocument,
    ".ods": show_opendocument,
    ".pdf": show_pdf,
}


def compare(path: Path, wanted: Counter[str], read: str) -> Result:
    found = Counter(find_words(read))
    kept = wanted & found
    right = sum(count for word, count in found.items() if word in wanted)
    return Result(path, (kept.total(), wanted.total()), (right, found.total()), wanted - found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--markitdown", metavar="PYTHON", help="a Python that has markitdown")
    options = parser.parse_args()
    markitdown = open_markitdown(options.markitdown) if options.markitdown else None
    paths = [path for path in sorted(options.folder.rglob("*")) if path.suffix in TRUTHS]
    for suffix, show_truth in TRUTHS.items():
        readers = find_readers(suffix[1:], markitdown)
        results: dict[str, list[Result]] = {name: [] for name in readers}
        for path in (path for path in paths if path.suffix == suffix):
            wanted = find_truth(show_truth, path)
            if wanted.total() >= LEAST_WORDS:
                for name, read in readers.items():
                    results[name].append(compare(path, wanted, read_or_nothing(read, path)))
        show_results(suffix, results)
    return 0


def find_truth(show_truth: Callable[[Path], Iterator[str]], path: Path) -> Counter[str]:
    """Return the words that a file holds, none if it is damaged or has a password."""
    try:
        return Counter(find_words(" ".join(show_truth(path))))
    except (zipfile.BadZipFile, subprocess.CalledProcessError, KeyError):
        return Counter()


def read_or_nothing(read: Reader, path: Path) -> str:
    """Return the text of a file; an empty one if the reader cannot read it."""
    try:
        return read(path).text
    except (DocumentError, subprocess.CalledProcessError) as exc:
        say(f"{path.name}: {exc}", err=True)
        return ""


def show_results(suffix: str, results: dict[str, list[Result]]) -> None:
    for name, files in results.items():
        kept, of = add_up(result.kept for result in files)
        right, read = add_up(result.right for result in files)
        say(f"| {suffix} | {len(files)} | {name} | {kept / max(of, 1):.3f} | {right / max(read, 1):.3f} |")
    own = sorted(results.get("Footnote", []), key=lambda result: result.lost.total(), reverse=True)
    for result in own[:LOWEST]:
        if not result.lost:
            break
        words = " ".join(word for word, _ in result.lost.most_common(12))
        say(f"    {result.path.name}: {result.kept[0]} of {result.kept[1]}; lost: {words}")


if __name__ == "__main__":
    sys.exit(main())
