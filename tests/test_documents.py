"""Reading, voices, chunking."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import DocumentError
from rag.documents.blocks import assemble
from rag.documents.chunk import describe_context, limit_chunk, split_document
from rag.documents.comments.plaintext import find_thread_start
from rag.documents.comments.sections import find_sections
from rag.documents.comments.words import find_addressee
from rag.documents.dates import find_date, parse_date
from rag.documents.find import find_files
from rag.documents.formats import FORMATS
from rag.documents.formats.plain.metadata import find_metadata
from rag.documents.read import make_document, read_document
from rag.text import split_blocks, split_sentences
from tests.conftest import SEED, needs_seed
from tests.fakes import HashingEmbedder


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


@pytest.mark.parametrize("header", ["Tea | Price", "Title | Author", "Date | Price"])
@pytest.mark.parametrize("below", ["The shop closes.", "4 May 2024\n\nThe shop closes."])
def test_a_row_of_a_markdown_table_is_no_title_and_stays_text(tmp_path: Path, header: str, below: str) -> None:
    path = tmp_path / "table.md"
    path.write_text(f"| {header} |\n|---|---|\n| Green | 3 |\n\n{below}\n", encoding="utf-8")
    document = read_document(path)
    assert (document.title, document.author, document.date) == ("", None, None)
    (section,) = document.sections
    assert "Green" in document.text[section.start : section.end]


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


REPORT = "The house.\n\nCosts rose.\n\n{}\n\nThe heating cost 9,000 euros.\n\n{}\n\nRents stay as they are.\n"


@pytest.mark.parametrize(
    ("heading", "following"),
    [
        ("2. Comments", "3. Outlook"),
        ("2. Comments", "The end"),
        ("2) Kommentare", "3) Ausblick"),
        ("2.1 Comments", "2.2 Outlook"),
        ("## 2. Comments", "## 3. Outlook"),
        ("2 Comments", "3 Outlook"),
    ],
)
@pytest.mark.parametrize("markdown", [True, False])
def test_a_chapter_with_a_number_begins_no_comments(heading: str, following: str, *, markdown: bool) -> None:
    text = REPORT.format(heading, following)
    assert find_thread_start(text, markdown=markdown) == (len(text), len(text))


CHAPTERS = (
    "{}\n\nThe heating cost 9,000 euros.\n\n{}\n\nRents stay as they are.\n",
    "{}\nThe heating cost 9,000 euros.\n\n{}\nRents stay as they are.\n\n{}\nWe asked all tenants.\n",
    "{}\n\nThe costs rose.\n\nHeating: 9,000 euros.\n\n{}\n\nRents stay.\n\n{}\n\nWe asked all.\n",
)


@pytest.mark.parametrize("chapters", CHAPTERS)
@pytest.mark.parametrize("headings", [("Comments", "Outlook", "Method"), ("COMMENTS", "OUTLOOK", "METHOD")])
def test_a_bare_heading_above_others_of_its_form_begins_no_comments(chapters: str, headings: tuple[str, ...]) -> None:
    text = "The house.\n\nCosts rose.\n\n" + chapters.format(*headings)
    assert find_thread_start(text) == (len(text), len(text))


@pytest.mark.parametrize(
    "thread",
    [
        "First words.\n\nSecond words.\n",
        "Anna\n\nI agree.\n\nBob Ray\n\nSo do I.\n",
        "Anna\nI agree.\n\nBob Ray\nSo do I.\n\nNot me\n\nIt is too late.\n",
        "I agree.\n- Anna\n\nSo do I.\n- Bob\n\nNot me\n\nIt is too late.\n- Cleo\n",
        "Anna: I agree.\nBob: So do I.\n\nSee also\n\nHow the town pays for its bridges.\n",
        "I agree.\n\n@Anna Why is that?\n\nNot me\n\nIt is too late.\n",
        "4 May 2024\nI agree.\n\n5 May 2024\nSo do I.\n\nNot me\n\nIt is too late.\n",
    ],
)
def test_a_bare_heading_above_posts_begins_comments(thread: str) -> None:
    text = f"The bridge\n\nIt opened on Monday.\n\nComments\n\n{thread}"
    assert find_thread_start(text)[0] == text.index("Comments")


@pytest.mark.parametrize("heading", ["Comments (12)", "3 Comments", "1.204 comments"])
@pytest.mark.parametrize("following", ["4 years ago", "Nice!", "3 Outlook is poor."])
def test_a_heading_that_counts_comments_begins_them(heading: str, following: str) -> None:
    text = REPORT.format(heading, following)
    assert find_thread_start(text)[0] == text.index(heading)


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
        ("Montag, 3. Mai 2024, 14:05 Uhr", "2024-05-03"),
        ("4 de mayo de 2024", "2024-05-04"),
        ("4 мая 2024 г.", "2024-05-04"),
        ("٤ مايو ٢٠٢٤", "2024-05-04"),
        ("2024年5月4日", "2024-05-04"),
        ("5월 4일", "5월 4일"),
        ("vor 3 Stunden", "vor 3 Stunden"),
    ],
)
def test_only_full_dates_are_normalised(text: str, date: str) -> None:
    assert parse_date(text) == date


@pytest.mark.parametrize("text", ["1 April 24", "1. April 24", "01.04.24"])
def test_a_year_of_two_digits_is_read_where_a_date_is_alone(text: str) -> None:
    assert (parse_date(text), find_date(text)) == ("2024-04-01", "2024-04-01")
    assert find_date(f"{text} people came") is None


@pytest.mark.parametrize("text", ["2024-02-31", "31.02.2024", "2024-02-31 10:00"])
def test_a_day_that_no_month_has_is_no_date(text: str) -> None:
    front = f"---\ntitle: Fees\ndate: {text}\n---\nThe fees rose.\n"
    assert find_metadata(front).date is None


@needs_seed
def test_the_seed_page_has_one_article_its_date_and_its_comments_apart() -> None:
    document = read_document(SEED / "putin-visit-postponed.txt")
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
        ("movie.mp4", b"abc", "only these are read: .txt"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DocumentError, match=reason):
        read_document(tmp_path / name)


def test_a_missing_path_and_an_empty_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no such file"):
        find_files([tmp_path / "nothing"])
    with pytest.raises(DocumentError, match=r"no file in .* can be read"):
        find_files([tmp_path])


words = st.text(alphabet="abcé.,!? \n😀字", max_size=400)
# What pages are made of: metadata, headings, wrapped and long lines, lists, comments with their authors.
lines = st.sampled_from(
    [
        "",
        "Title: A page",
        "By Jane Doe",
        "March 3, 2025",
        "# One",
        "## Two",
        "COMMENTS (3)",
        "Sana K. · 6 October 2012",
        "@Sana K. No, it is not so.",
        "Reply",
        "- an item of a list",
        "Gen. Kayani met Dr. Khan at 5 p.m. on Friday. Neither said why. It was late.",
        "This line goes on for so long that it was broken before its end, where it is to",
        "be read on in the next one. And so on.",
        "word " * 60,
        "x" * 500,
        "字" * 90,
    ]
)
pages = st.lists(lines, max_size=25).map("\n".join) | words


@given(text=pages, limit=st.integers(16, 64), markdown=st.booleans())
def test_chunks_of_any_page_are_exact_in_order_within_the_limit_and_cut_no_sentence(
    text: str, limit: int, markdown: bool
) -> None:
    count = HashingEmbedder().count_tokens
    document = make_document("x", text, markdown=markdown)
    chunks = list(split_document(document, chunk_tokens=limit, sentence_tokens=2 * limit, count_tokens=count))
    for part in [text[c.start : c.end] for c in chunks]:
        assert count(part) <= limit or (count(part) <= 2 * limit and len(split_sentences(part)) == 1)
    assert all(a.end <= b.start for a, b in pairwise(chunks))
    assert all(a.end <= b.start for a, b in pairwise(document.sections))
    for section in document.sections:
        inside = [c for c in chunks if section.start <= c.start and c.end <= section.end]
        assert {(c.voice, c.author, c.date, c.heading) for c in inside} == {
            (section.voice, section.author, section.date, section.heading)
        }
        part = text[section.start : section.end]
        assert "".join("".join(text[c.start : c.end] for c in inside).split()) == "".join(part.split())
        for start, end in split_sentences(part):
            whole = any(c.start <= section.start + start and section.start + end <= c.end for c in inside)
            assert whole or count(part[start:end]) > 2 * limit or end - start > 64 * limit


@given(text=pages, title=st.text(max_size=300), author=st.text(max_size=100))
def test_what_is_embedded_fits_the_embedder(text: str, title: str, author: str) -> None:
    embedder = HashingEmbedder()
    document = make_document("x", text, title=title)
    limit = limit_chunk(500, max_tokens=64)
    for chunk in split_document(
        document, chunk_tokens=limit, sentence_tokens=limit, count_tokens=embedder.count_tokens
    ):
        comment = replace(chunk, voice="comment", author=author)
        for section in (chunk, comment):
            context = describe_context(document, section, max_tokens=64, count_tokens=embedder.count_tokens)
            assert embedder.count_tokens(f"{context}\n{text[chunk.start : chunk.end]}") <= embedder.max_tokens


def test_a_comment_is_embedded_with_whose_it_is_and_of_what(docs: Path) -> None:
    document = read_document(docs / "visit.txt")
    context = describe_context(
        document, document.sections[1], max_tokens=256, count_tokens=HashingEmbedder().count_tokens
    )
    assert context == "Reader's comment by Zara, 2012-10-05, Minister arrives after summit is called off"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Harbour Gas plc\n\nDear shareholders.", "Harbour Gas plc"),
        ("Harbour Gas plc\nAnnual report 2024\n\nDear shareholders.", "Harbour Gas plc, Annual report 2024"),
        (f"Harbour Gas plc\n{'Report ' * 16}\n\nDear shareholders.", "Harbour Gas plc"),
        ("The gas works were sold in the year\nafter the war.\n\nNobody knows why.", ""),
        ("One\nTwo\nThree\nFour\n\nFive", ""),
        ("One\nTwo", ""),
    ],
)
def test_a_heading_of_some_lines_is_the_title_and_stays_text(text: str, title: str) -> None:
    document = make_document("x", text)
    assert document.title == title
    assert [(s.start, s.end) for s in document.sections] == [(0, len(text))]


NAMED_COMMENTS = """Mayor resigns over tram
By Jane Doe
March 3, 2025

The mayor resigned.

3 Comments

Sana K.
March 4, 2025 at 9:12 am
I think he was tired.

Really tired.
Reply

Posted by Dan de Vries on 5 March 2025:
@Sana K. No way.
Like (3)
Reply

anna_b says:
3 hours ago
@Dan: why not
Leave a comment
"""


def test_comments_with_their_authors_on_lines_of_their_own_are_told_apart() -> None:
    document = make_document("x", NAMED_COMMENTS)
    assert (document.title, document.author, document.date) == ("Mayor resigns over tram", "Jane Doe", "2025-03-03")
    told = [(s.voice, s.author, s.date, s.reply_to, document.text[s.start : s.end].strip()) for s in document.sections]
    assert told == [
        ("article", "Jane Doe", "2025-03-03", None, "The mayor resigned."),
        ("comment", "Sana K.", "2025-03-04", None, "I think he was tired.\n\nReally tired."),
        ("comment", "Dan de Vries", "2025-03-05", "Sana K.", "@Sana K. No way."),
        ("comment", "anna_b", "3 hours ago", "Dan", "@Dan: why not"),
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("@Gratgy I fully agree.", "Gratgy"),
        ("@Zafar Rao You missed it.", "Zafar Rao"),
        ("@akbar malik UUSR was a state.", "akbar malik"),
        ("@Gratgy If Russia has it.", "Gratgy"),
        ("@Kashif: no.", "Kashif"),
        ("@old_hand then why?", "old_hand"),
        ("Mail me@home.org", None),
    ],
)
def test_whom_a_comment_answers_is_read_from_its_beginning(text: str, name: str | None) -> None:
    assert find_addressee(text, set()) == name


def test_markdown_headings_name_what_is_below_them_and_a_bare_one_is_text() -> None:
    text = "---\ntitle: Rules\n---\nIntro.\n\n# A\n\nOne.\n\n## B\n\n```\n# code\n```\n\n# Nothing below\n"
    document = make_document("x", text, markdown=True)
    assert document.title == "Rules"
    assert [(s.heading, text[s.start : s.end].strip()) for s in document.sections] == [
        (None, "Intro."),
        ("A", "One."),
        ("A › B", "```\n# code\n```"),
        (None, "# Nothing below"),
    ]


def test_wrapped_lines_are_one_sentence_and_lines_that_end_are_not() -> None:
    text = (
        "The minister arrived on Wednesday at the airport of the capital with a\n"
        "delegation of twelve. Nobody said why.\nShort line\nAnother line\n- an item\n- and one more"
    )
    found = [text[start:end] for start, end in split_sentences(text)]
    assert found[0].endswith("with a\ndelegation of twelve.")
    assert found[1:] == ["Nobody said why.", "Short line", "Another line", "- an item", "- and one more"]


def test_lines_with_keys_are_records_but_a_wrapped_line_may_begin_with_one() -> None:
    records = "name: the old lighthouse; owner: a family of beekeepers\nname: the new one; owner: nobody"
    assert len(split_sentences(records)) == 2
    wrapped = "Of these questions nearly half still get an answer from what is\nnear: read the quote that is below it."
    assert len(split_sentences(wrapped)) == 1


def test_the_example_of_a_new_format_in_the_docs_reads_a_list_of_literature(tmp_path: Path) -> None:
    text = (Path(__file__).parents[1] / "docs/extending.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert example
    names: dict[str, Any] = {}
    exec(example[1], names)  # noqa: S102  # the documentation's own code
    book = tmp_path / "bridges.ris"
    book.write_text("TY  - BOOK\nTI  - Bridges\nER  - \nTY  - BOOK\nTI  - Ferries\nER  - \n")
    document = assemble(str(book), names["read_ris"](book))
    assert document.text == "TY  - BOOK\nTI  - Bridges\n\nTY  - BOOK\nTI  - Ferries"
    book.write_text("words\n")
    with pytest.raises(DocumentError, match="it has no entries"):
        names["read_ris"](book)


def test_each_suffix_has_one_reader_that_can_be_loaded() -> None:
    suffixes = [suffix for file_format in FORMATS for suffix in file_format.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert all(callable(file_format.load_reader()) for file_format in FORMATS)


def test_a_note_of_lines_that_look_like_metadata_is_text_too(tmp_path: Path) -> None:
    text = "Title: Dentist\nDate: 3 May 2025\nSource: call with the practice\n"
    (tmp_path / "note.txt").write_text(text, encoding="utf-8")
    document = read_document(tmp_path / "note.txt")
    assert (document.title, document.date) == ("Dentist", "2025-05-03")
    assert [document.text[s.start : s.end] for s in document.sections] == [text]


CODE = """```python
def check(name: str, password: str, *, store) -> str:
    # The store is slow. Ask it once, and only
    raise LoginError("wrong name. Try again.")
```"""


def test_code_is_split_into_its_lines_and_kept_in_one_chunk() -> None:
    text = f"Run it. It needs Python.\n\n{CODE}\n\nThe end. Really."
    sentences = [text[start:end] for start, end in split_sentences(text)]
    lines = [line.strip() for line in CODE.splitlines()]
    assert sentences == ["Run it.", "It needs Python.", *lines, "The end.", "Really."]
    assert [text[start:end] for start, end in split_blocks(text)] == [
        "Run it. It needs Python.",
        CODE,
        "The end. Really.",
    ]


@pytest.mark.parametrize(
    "line", ['raise LoginError("wrong. Try again.")', 'print("A. B")', 'const a = "x. Y";', "if (a.B. C) {"]
)
def test_a_line_that_has_the_form_of_code_is_one_sentence(line: str) -> None:
    assert split_sentences(line) == [(0, len(line))]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("on 3 May 1830 hours", None),
        ("14 June 2015 Uhr", None),
        ("May 4, 1930h", None),
        ("3 May 2024 at 10", "2024-05-03"),
        ("12.05.2024: closed", "2024-05-12"),
        ("3. Mai 2024 am Bahnhof", "2024-05-03"),
    ],
)
def test_a_time_beside_a_date_is_no_year(text: str, date: str | None) -> None:
    assert find_date(text) == date
