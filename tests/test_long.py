"""Texts that would take quadratic time: reading and chunking one ends in seconds."""

import time
from pathlib import Path

import pytest

from rag.documents.blocks import Block, Extract, assemble
from rag.documents.chunk import describe_context, split_document
from rag.documents.clean import LONGEST_FIELD, clean_document
from rag.documents.read import make_document, read_document
from rag.text import split_lines, split_sentences
from rag.types import Document, Section
from tests.fakes import HashingEmbedder

MILLION = 1_000_000
FILLERS = {
    "words": "word ",
    "letters": "a",
    "digits": "1 ",
    "spaces": " ",
    "wide spaces": "\xa0",
    "dashes": "- ",
    "quotes": "'",
    "hashes": "#",
    "colons": "a:",
}
count = HashingEmbedder().count_tokens


def fill(name: str, size: int) -> str:
    filler = FILLERS[name]
    return f"a{filler * (size // len(filler))}b"


def chunk(document: Document) -> int:
    """Return the number of a document's chunks, having described the context of each."""
    sections = list(split_document(document, chunk_tokens=96, sentence_tokens=190, count_tokens=count))
    for section in sections:
        describe_context(document, section, max_tokens=254, count_tokens=count)
    return len(sections)


def test_a_context_is_cut_to_the_words_that_fit_however_long_the_title_is() -> None:
    title = " ".join(f"word{n}" for n in range(100_000))
    document = Document("a", "text", title, (Section(0, 4, voice="article"),))
    started = time.perf_counter()
    context = describe_context(document, document.sections[0], max_tokens=256, count_tokens=count)
    assert time.perf_counter() - started < 1
    assert context == " ".join(f"word{n}" for n in range(64))


def test_a_context_of_one_word_without_end_is_cut_by_its_characters() -> None:
    document = Document("a", "text", "a" * MILLION, (Section(0, 4, voice="article"),))
    context = describe_context(document, document.sections[0], max_tokens=256, count_tokens=count)
    assert 0 < len(context) <= 64 * 32


@pytest.mark.slow
@pytest.mark.parametrize("filler", FILLERS)
@pytest.mark.parametrize(
    "template",
    [
        "Title: {}\nAuthor: {}\nDate: {}\n\nThe text.",
        "{}\nBy {}\n\nThe text.",
        "# {}\n\nThe text.\n\n## {}\n\nMore of it.",
        "The text.\n\nComments (2)\n\nZara (5 October 2012): {}\n\n{}\n5 October 2012\n@{}",
        "The text.\n\ncomments{}\n\nPublished in {}, {}.",
    ],
    ids=["fields", "head", "headings", "comments", "lines"],
)
def test_a_long_line_is_read_in_seconds(template: str, filler: str) -> None:
    text = template.replace("{}", fill(filler, 50_000))
    started = time.process_time()
    document = clean_document(make_document("a.md", text, markdown=True))
    assert chunk(document) > 0
    assert time.process_time() - started < 3
    fields = [document.title, document.author, document.date, *(section.heading for section in document.sections)]
    assert all(len(value or "") <= LONGEST_FIELD for value in fields)


def test_a_heading_that_is_too_long_for_one_is_text() -> None:
    document = assemble("a", Extract([Block("word " * 1000, "heading"), Block("Below it.")]))
    assert [(s.start, s.heading) for s in document.sections] == [(0, None)]
    assert "Below it." in document.text[: document.sections[0].end]
    markdown = make_document("a.md", f"# {'word ' * 1000}\n\nBelow it.", markdown=True)
    assert [(s.start, s.heading) for s in markdown.sections] == [(0, None)]


MAIL = b"From: a@example.org\nSubject: s\nContent-Type: text/plain; charset=utf-8\n\nHello.\n\n"
LONG_FILES = {
    "spaces.eml": MAIL + b"\xc2\xa0" * MILLION + b"\n\nBye.",
    "subject.eml": MAIL.replace(b"s\n", b"word " * 200_000 + b"\n", 1),
    "url.html": b"<h1>A page</h1><p>See <a href='http://a/" + b"b" * MILLION + b"'>this</a>.</p>",
    "title.html": b"<title>a" + "\xa0".encode() * MILLION + b"b</title><p>The text.</p>",
    "meta.html": b"<meta name=author content='" + b"(" * MILLION + b"'><title>A page</title><p>The text.</p>",
    "author.html": b"<p>Text.</p><div class=comment><span class=author>a"
    + b", - " * 250_000
    + b"b</span><p>Hi.</p></div>",
    "cell.csv": b'name,price\n"' + b"word " * 200_000 + b'",3\n',
    "date.json": b'{"date": "' + b"a" * MILLION + b'", "author": "' + b"x " * 500_000 + b'", "text": "It says so."}',
    "quotes.jsonl": b'{"text": "' + b"'" * (MILLION // 5) + b'"}',
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG_FILES)
def test_a_long_field_of_a_file_is_read_in_seconds(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(LONG_FILES[name])
    started = time.process_time()
    assert chunk(read_document(tmp_path / name)) > 0
    assert time.process_time() - started < 15


@pytest.mark.slow
def test_many_code_blocks_and_headings_are_told_apart_in_seconds() -> None:
    text = "```\n# code\n```\n\n# Heading\n\nText.\n\n" * 20_000
    started = time.process_time()
    document = make_document("a.md", text, markdown=True)
    assert time.process_time() - started < 15
    assert len(document.sections) == 20_001
    assert document.sections[1].heading == "Heading"


def test_a_sentence_that_goes_on_behind_a_piece_of_a_long_line_is_whole() -> None:
    sentence = "The quick brown fox of the county jumped over the lazy dog of number {}."
    text = " ".join(sentence.format(n) for n in range(1000))
    assert [text[a:b] for a, b in split_sentences(text)] == [sentence.format(n) for n in range(1000)]


def test_a_text_without_blank_lines_is_split_in_its_lines() -> None:
    text = "A line of words.\n" * 100_000 + "  \n\n The last one."
    spans = split_lines(text)
    assert len(spans) == 100_001
    assert text[slice(*spans[-1])] == "The last one."


def test_tables_in_tables_are_walked_once(tmp_path: Path) -> None:
    from docx import Document as Word

    word = Word()
    cell = word.add_table(2, 2).cell(1, 1)
    for _ in range(20):
        cell = cell.add_table(2, 2).cell(1, 1)
    cell.text = "word " * 300
    word.save(str(tmp_path / "deep.docx"))
    started = time.process_time()
    assert "word word" in read_document(tmp_path / "deep.docx").text
    assert time.process_time() - started < 5
