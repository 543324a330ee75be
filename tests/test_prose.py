"""The check of the plain English: each rule finds its bad sentence and passes its good one."""

import re
from pathlib import Path

import pytest

from tests.prose import PAGES, ROOT, RULES, check_file, check_text

SENTENCES = [
    (
        "long sentence",
        "The reader turns each file into a document, the chunker cuts it into pieces that the embedder can take, and "
        "the store keeps all of them with their vectors until a later run finds that the file has changed.",
        "The reader turns a file into a document. The store has `a`, `b` and SQLite, FAISS, Milvus and Gradio.",
    ),
    ("headless clause", "Who asks is shown the queue.", "Who wrote the report?"),
    ("headless clause", "Files are read; what is hidden is left out.", "The parser leaves out what is hidden."),
    ("preposition and who", "A server that is away is reported to who asks.", "The page reports it to users who ask."),
    ("of it", "It takes a minute, of it half for compiling.", "Half of it is spent on compiling."),
    ("so many", "The rarest letter weighs so much less.", "There are so many that the page shows ten."),
    ("told", "The users are told how many are before them.", "Ada told the court about it."),
    ("tell", "The function tells whether a line is a name.", "It can tell them apart."),
    ("stands", "The name stands below the comment.", "RAG stands for a method; the quotes stand alone."),
    ("old word", "The index is made anew.", "The index is made again."),
    ("as such", "Comments are labelled as such.", "Comments are labelled as comments."),
    ("there are … which", "There are rules which apply to comments.", "Some rules apply to comments."),
    ("is no", "A fragment is no sentence.", "There is no index. It is no longer needed."),
    ("became of", "It returns what became of each file.", "The garden became one of the best of the town."),
    ("behind", "The date is behind the name.", "Nothing is left behind, also behind a proxy."),
    ("by ourselves", "Comments are found by ourselves.", "Footnote finds comments itself."),
    (
        "of first",
        "Of the 40 questions it refused none.",
        "It refused none of the 40 questions. Of course it reads them.",
    ),
    ("place first", "In it are two tables.", "The file has two tables. In the file it finds both."),
    ("as did", "It ran in one process, as did pandoc.", "Both ran in one process, as the table shows."),
    ("by this", "By this the index stays whole.", "By then the index is whole."),
    ("word twice", "The table goes on on the next page.", "The table continues on the next page."),
]


@pytest.mark.parametrize(("name", "bad", "good"), SENTENCES)
def test_a_rule_finds_its_bad_sentence_and_passes_its_good_one(name: str, bad: str, good: str) -> None:
    assert name in [rule.name for _, rule, _ in check_text(bad)]
    assert [words for _, _, words in check_text(good)] == []


def test_every_rule_has_sentences() -> None:
    assert {rule.name for rule in RULES} == {name for name, _, _ in SENTENCES}


MARKDOWN = """# Who stands where

A line. A name
here. It stands
below.

    it stands in code

```
it stands
```

| it stands |

- "It stands", says `it stands`.
- One list item is anew.
"""
PYTHON = """\"\"\"A module.

It is made anew.
\"\"\"

# This is a comment whose end
# stands below.
OPTION = option(help="Who asks.")
TEXT = "it stands"
"""


@pytest.mark.parametrize(
    ("name", "text", "findings"),
    [
        ("page.md", MARKDOWN, ["4: stands: stands", "16: old word: anew"]),
        ("module.py", PYTHON, ["3: old word: anew", "8: headless clause: Who", "6: stands: stands"]),
    ],
)
def test_findings_name_the_line_and_leave_out_code_tables_and_quotes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, findings: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(text, encoding="utf-8")
    assert [line.removeprefix(f"{name}:").split(" (")[0] for line in check_file(tmp_path / name)] == findings


def find_anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [page for pattern in PAGES for page in sorted(ROOT.glob(pattern))], ids=str)
def test_the_links_of_a_page_lead_to_files_and_headings(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in find_anchors(target), link
