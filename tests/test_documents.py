"""Reading, voices, chunking."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Document, DocumentError, Section
from rag.documents.chunk import split_document
from rag.documents.metadata import find_metadata, parse_date
from rag.documents.read import find_files, read_document
from rag.documents.voices import find_sections
from tests.fakes import HashingEmbedder

SEED = Path(__file__).parents[2] / "shared/data/seed/putin-visit-postponed.txt"


def test_metadata_lines_are_read_and_are_not_text(docs: Path) -> None:
    document = read_document(docs / "visit.txt")
    assert (document.title, document.outlet) == ("Minister arrives after summit is called off", "Test Times")
    assert (document.author, document.date) == ("A. Writer", "2012-10-04")
    assert document.text[document.sections[0].start :].lstrip().startswith("The minister arrived")


def test_comments_are_sections_of_their_own_with_author_and_date(docs: Path) -> None:
    document = read_document(docs / "visit.txt")
    voices = [(s.voice, s.author, s.date, document.text[s.start : s.end].strip()) for s in document.sections[1:]]
    assert voices == [
        ("comment", "Zara", "2012-10-05", "The pipeline contract was surely not ready."),
        ("comment", None, None, "I like good relations."),
    ]


def test_a_markdown_heading_is_the_title(docs: Path) -> None:
    assert read_document(docs / "bridge.md").title == "A new bridge"


@pytest.mark.parametrize(
    "heading", ["COMMENTS (14)", "Comments", "Comments:", "## Readers' comments", "User comments (3)"]
)
def test_a_comments_heading_begins_the_comments(heading: str) -> None:
    text = f"The article.\n\n{heading}\n\nFirst words.\n\nSecond\nwords.\n"
    sections = find_sections(text, find_metadata(text))
    assert [(s.voice, text[s.start : s.end].strip()) for s in sections] == [
        ("article", "The article."),
        ("comment", "First words."),
        ("comment", "Second\nwords."),
    ]


def test_the_word_comments_in_a_sentence_begins_nothing() -> None:
    text = "The minister had no comments.\nComments on the plan were few.\n"
    assert [s.voice for s in find_sections(text, find_metadata(text))] == ["article"]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("October 4th, 2012", "2012-10-04"),
        ("2012-10-04", "2012-10-04"),
        ("October 2012", "October 2012"),
        ("soon", "soon"),
    ],
)
def test_only_full_dates_are_normalised(text: str, date: str) -> None:
    assert parse_date(text) == date


@pytest.mark.skipif(not SEED.is_file(), reason="the seed article is not part of the project")
def test_the_seed_page_has_one_article_its_date_and_its_comments_apart() -> None:
    document = read_document(SEED)
    article = "".join(document.text[s.start : s.end] for s in document.sections if s.voice == "article")
    comments = [document.text[s.start : s.end] for s in document.sections if s.voice == "comment"]
    assert (document.outlet, document.date) == ("The Express Tribune", "2012-10-04")
    assert "Some Pakistani officials suspect" in article
    assert "Published in" not in article
    assert comments[0].startswith("Closer economic relations")
    assert not any("moderated" in comment for comment in comments)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.txt", b"", "empty"),
        ("blank.txt", b" \n\n", "empty"),
        ("photo.txt", b"\x89PNG\r\n\x1a\n\x00\x00", "binary"),
        ("zeros.txt", b"abc\x00\x01", "binary"),
        ("head.txt", b"Title: only\n", "no text"),
        ("movie.mp4", b"abc", "only these are read: .txt"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DocumentError, match=reason):
        read_document(tmp_path / name)


def test_a_missing_path_and_an_empty_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no such file"):
        list(find_files([tmp_path / "nothing"]))
    with pytest.raises(DocumentError, match=r"no file in .* can be read"):
        list(find_files([tmp_path]))


words = st.text(alphabet="abcé.,!? \n😀字", max_size=400)


@given(text=words, limit=st.integers(16, 64))
def test_chunks_are_in_order_within_the_limit_and_lose_no_word(text: str, limit: int) -> None:
    count = HashingEmbedder().count_tokens
    document = Document("x", text, "x", (Section(0, len(text), "article"),))
    chunks = list(split_document(document, chunk_tokens=limit, count_tokens=count))
    assert all(count(text[c.start : c.end]) <= limit for c in chunks)
    assert all(a.end <= b.start for a, b in pairwise(chunks))
    covered = "".join(text[c.start : c.end] for c in chunks)
    assert "".join(covered.split()) == "".join(text.split())
