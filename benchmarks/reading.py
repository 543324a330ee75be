"""Scores how readers keep the words, headings, tables and order of files whose parts are known.

    python -m benchmarks.reading [FOLDER] [--formats pdf docx] [--markitdown VENV/bin/python] [--seconds]

`benchmarks/reading_files.py` makes the files. Other readers take part if they are installed: pandoc, pdftotext, and
markitdown in another Python's environment. FOLDER keeps the files.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from time import perf_counter
from typing import NamedTuple

from click import echo as say

from benchmarks.reading_files import HEADINGS, RUNNING_HEAD, SUFFIXES, Part, Sample, Text, find_spans, run, write_files
from rag.documents.blocks import HEADING_SEPARATOR, assemble
from rag.documents.clean import clean_document
from rag.documents.formats import FORMATS
from rag.documents.read import read_document

PANDOC_READS = ("docx", "odt", "rtf", "html", "epub", "md")
MARKITDOWN_READS = ("pdf", "docx", "html", "epub", "md", "pptx", "xlsx")
# Reads a path a line, and writes a text a line, both as JSON; an empty text if it cannot read the file.
MARKITDOWN = """
import json, sys
from markitdown import MarkItDown
converter = MarkItDown()
for line in sys.stdin:
    try:
        text = converter.convert(json.loads(line)).text_content
    except Exception:
        text = ""
    print(json.dumps(text), flush=True)
"""
MARKDOWN_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
ROUNDS = 3
# The number of a list item and the mark of a footnote may have any form in the text.
MARK = re.compile(r"\d\d?")


class Content(NamedTuple):
    """The text that a reader made of a file, with a line for each row of a table, and its headings."""

    text: str
    headings: set[str]
    title: str = ""


Count = tuple[int, int]
Reader = Callable[[Path], Content]


class Score(NamedTuple):
    """For each measure, the number of items that the reader kept or got right, and of all items."""

    words: Count = (0, 0)
    right_words: Count = (0, 0)
    cells: Count = (0, 0)
    rows: Count = (0, 0)
    headings: Count = (0, 0)
    pairs: Count = (0, 0)
    wrong_headings: int = 0


def read_with_footnote(path: Path) -> Content:
    """Return Footnote's text of a file; the title of a page is not in it, and comes first here."""
    file_format = next((each for each in FORMATS if path.suffix in each.suffixes), None)
    if file_format:
        extract = file_format.load_reader()(path)
        blocks = list(extract.blocks)
        document = clean_document(assemble(str(path), extract._replace(blocks=blocks)))
        headings = {block.text for block in blocks if block.kind == "heading"}
    else:  # a Markdown file
        document = read_document(path)
        paths = (section.heading or "" for section in document.sections)
        headings = {heading for path in paths for heading in path.split(HEADING_SEPARATOR)}
    has_title = squeeze(document.title) in squeeze(document.text)
    return Content(document.text if has_title else f"{document.title}\n\n{document.text}", headings, document.title)


def read_with_pandoc(path: Path) -> Content:
    # In this form alone, wide tables keep each row on a line.
    return read_markdown(run(["pandoc", str(path), "-t", "gfm-raw_html+footnotes", "--wrap=none"]))


def read_with_pdftotext(path: Path) -> Content:
    return Content(run(["pdftotext", "-layout", str(path), "-"]), set())


def read_with_plain_pdftotext(path: Path) -> Content:
    return Content(run(["pdftotext", str(path), "-"]), set())


def open_markitdown(python: str) -> Reader:
    """Return a reader that sends paths to one process of markitdown, as a program that imports it would."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [python, "-W", "ignore", "-c", MARKITDOWN], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    )

    def read(path: Path) -> Content:
        assert process.stdin  # noqa: S101
        assert process.stdout  # noqa: S101
        process.stdin.write(json.dumps(str(path)) + "\n")
        process.stdin.flush()
        return read_markdown(json.loads(process.stdout.readline()))

    return read


def read_markdown(text: str) -> Content:
    return Content(text, set(MARKDOWN_HEADING.findall(text)))


def find_readers(suffix: str, markitdown: Reader | None) -> dict[str, Reader]:
    """Return the readers of a format that are installed, by their names."""
    readers: dict[str, Reader] = {"Footnote": read_with_footnote}
    if markitdown and suffix in MARKITDOWN_READS:
        readers["markitdown"] = markitdown
    if suffix in PANDOC_READS and shutil.which("pandoc"):
        readers["pandoc"] = read_with_pandoc
    if suffix == "pdf" and shutil.which("pdftotext"):
        readers |= {"pdftotext -layout": read_with_pdftotext, "pdftotext": read_with_plain_pdftotext}
    return readers


def find_words(text: str) -> list[str]:
    return re.findall(r"\w+", unicodedata.normalize("NFKC", text).lower())


def squeeze(text: str) -> str:
    """Return the letters and digits of a text, so that marks and line ends do not count."""
    return "".join(find_words(text))


def score(text: Text, content: Content) -> Score:
    lines = [squeeze(line) for line in content.text.split("\n")]
    tables = [part for part in text.parts if part.rows]
    rows = [(row, table) for table in tables for row in table.rows[table.headers :]]
    wanted = {squeeze(part.text) for part in text.parts if part.tag in HEADINGS}
    headings = {squeeze(heading) for heading in content.headings} - {""}
    found = headings | {squeeze(content.title)}
    places = list(find_places(text, squeeze(content.text)))
    pairs = [0 <= one < other for one, other in pairwise(places)]
    words, right_words = score_words(text, content.text)
    return Score(
        words,
        right_words,
        add_up([count_cells(row, table, lines) for row, table in rows]),
        (sum(is_kept(row, table, lines) for row, table in rows), len(rows)),
        (len(wanted & found), len(wanted)),
        (sum(pairs), len(pairs)),
        len(headings - wanted),
    )


def score_words(text: Text, read: str) -> tuple[Count, Count]:
    """Return how many words of a text were read, and how many of the read words are right.

    The labels of a table may be repeated in each row. Numbers of items and marks of notes are neither right nor wrong.
    """
    wanted = Counter(find_words(" ".join(show_words(text))))
    found = Counter(word for word in find_words(read) if word in wanted or not MARK.fullmatch(word))
    kept = wanted & found
    repeated = set(find_words(" ".join(show_labels(text))))
    right = sum(count if word in repeated else kept[word] for word, count in found.items())
    return (kept.total(), wanted.total()), (right, found.total())


def show_words(text: Text) -> Iterator[str]:
    """Yield the texts, notes and cells as a file shows them."""
    for part in text.parts:
        yield from (part.text, part.note)
        yield from (part.rows[row][column] for row, column in find_spans(part))


def show_labels(text: Text) -> Iterator[str]:
    """Yield words that the text may repeat: labels of tables, and running titles."""
    yield f"{RUNNING_HEAD} Page {text.name}"
    for part in text.parts:
        for number, row in enumerate(part.rows):
            yield from row if number < part.headers else row[:1]


def count_cells(row: Sequence[str], table: Part, lines: Sequence[str]) -> Count:
    """Return how many cells of a row are on a line with its first cell, and how many there are."""
    label, *cells = map(squeeze, row)
    others = [squeeze("".join(other)) for other in table.rows if other is not row]
    own_lines = [line for line in lines if label in line and not any(other in line for other in others)]
    values = [cell for cell in cells if cell]
    kept = sum(any(cell in line.partition(label)[2] for line in own_lines) for cell in values)
    return kept, len(values)


def is_kept(row: Sequence[str], table: Part, lines: Sequence[str]) -> bool:
    """Return whether a line has all cells of a row in their order, and no other row's."""
    others = [squeeze("".join(other)) for other in table.rows if other is not row]
    longest = 3 * len(squeeze("".join(row))) + 60  # with the words of the header
    for line in lines:
        is_alone = len(line) <= longest and not any(other in line for other in others)
        if is_alone and has_in_order(line, row):
            return True
    return False


def has_in_order(line: str, cells: Iterable[str]) -> bool:
    place = 0
    for cell in map(squeeze, cells):
        place = line.find(cell, place)
        if place < 0:
            return False
        place += len(cell)
    return True


def find_places(text: Text, everything: str) -> Iterator[int]:
    """Yield the offsets where the parts of a text begin in the read text; -1 for a broken or missing part."""
    place = 0
    for part in text.parts:
        words = part.text if not part.rows else part.rows[-1][0]
        place_now = everything.find(squeeze(words), max(place, 0))
        yield place_now
        place = max(place, place_now)


def add_up(counts: Iterable[Count]) -> Count:
    kept, of = zip((0, 0), *counts, strict=True)
    return sum(kept), sum(of)


def add_scores(scores: Sequence[Score]) -> Score:
    return Score(
        add_up(one.words for one in scores),
        add_up(one.right_words for one in scores),
        add_up(one.cells for one in scores),
        add_up(one.rows for one in scores),
        add_up(one.headings for one in scores),
        add_up(one.pairs for one in scores),
        sum(one.wrong_headings for one in scores),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--formats", nargs="+", choices=SUFFIXES, default=SUFFIXES)
    parser.add_argument("--markitdown", metavar="PYTHON", help="a Python that has markitdown")
    parser.add_argument("--seconds", action="store_true", help="read all files again, in turns, and show the times")
    parser.add_argument("--writers", action="store_true", help="show a line for each program that wrote files")
    options = parser.parse_args()
    markitdown = open_markitdown(options.markitdown) if options.markitdown else None
    with tempfile.TemporaryDirectory() as place:
        samples = write_files(options.folder or Path(place), options.formats)
        for suffix in options.formats:
            own = [sample for sample in samples if sample.path.suffix == f".{suffix}"]
            readers = find_readers(suffix, markitdown)
            show_scores(suffix, own, readers, by_writer=options.writers)
            if options.seconds:
                show_seconds(suffix, [sample.path for sample in own], readers)
    return 0


def show_scores(suffix: str, samples: Sequence[Sample], readers: dict[str, Reader], *, by_writer: bool) -> None:
    say(f"\n| {suffix}: {len(samples)} files | words | right words | cells | rows | headings | wrong | order |")
    say("| --- | --- | --- | --- | --- | --- | --- | --- |")
    writers = sorted({sample.writer for sample in samples}) if by_writer else []
    for name, read in readers.items():
        scores = [(sample.writer, score(sample.text, read(sample.path))) for sample in samples]
        say(show_score(name, [one for _, one in scores]))
        for writer in writers:
            say(show_score(f"{name}, files of {writer}", [one for own, one in scores if own == writer]))


def show_score(name: str, scores: Sequence[Score]) -> str:
    total = add_scores(scores)
    counts = (total.words, total.right_words, total.cells, total.rows, total.headings, total.pairs)
    shares = [f"{kept / of:.3f}" if of else "" for kept, of in counts]
    shares.insert(-1, str(total.wrong_headings))
    return f"| {name} | {' | '.join(shares)} |"


def show_seconds(suffix: str, paths: Sequence[Path], readers: dict[str, Reader]) -> None:
    """Show the seconds a file, as the median of some rounds; the readers take turns at each file."""
    rounds: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(ROUNDS):
        times: dict[str, list[float]] = {name: [] for name in readers}
        for path in paths:
            for name, read in readers.items():
                start = perf_counter()
                read(path)
                times[name].append(perf_counter() - start)
        for name, seconds in times.items():
            rounds[name].append(mean(seconds))
    say(f"{suffix}, seconds a file: " + ", ".join(f"{name} {median(seconds):.3f}" for name, seconds in rounds.items()))


if __name__ == "__main__":
    sys.exit(main())
