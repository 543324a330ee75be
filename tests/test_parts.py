"""A numbered part of a document is quoted whole, by its number."""

from dataclasses import replace
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from rag import Assistant, Index, Settings, build_index
from rag.answer.gather.blocks import MOST_WORDS
from rag.answer.gather.parts import CUT_OFF, find_part, find_span
from rag.answer.gather.request import Request
from rag.answer.understand.places import find_place
from rag.answer.understand.query import Query
from rag.retrieve import _narrow
from rag.types import Chunk, Hit
from tests.fakes import HashingEmbedder, ScriptedLLM

LEASE = """Lease of a garden

1. Parties
The club lets the garden to the tenant.

2. Use
2.1 The garden shall be used for vegetables.
2.2 One shed is permitted. It shall be painted green.

3. Rent
The rent is 40 euros a year.
"""


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1", "1. Parties\nThe club lets the garden to the tenant."),
        ("2.2", "2.2 One shed is permitted. It shall be painted green."),
        ("3", "3. Rent\nThe rent is 40 euros a year."),
        ("4", None),
        ("2.3", None),
    ],
)
def test_a_part_goes_on_until_the_next_number(number: str, text: str | None) -> None:
    span = find_span(LEASE, number)
    assert (LEASE[slice(*span)].strip() if span else None) == text


NEWS = """# News

## [4.2.1] - 2025-05-06
Repairs 4.2.0.

## v4.2.0 (9 April 2025)
New fonts.

## Version 4.1.0
New colours.
"""


def test_the_part_about_a_version_ends_before_an_older_one() -> None:
    span = find_span(NEWS, "4.2.0")
    assert span is not None
    assert NEWS[slice(*span)].strip() == "## v4.2.0 (9 April 2025)\nNew fonts."
    assert Query("what's new in 4.2.0").part_number == Query("Is it still in v4.2.0?").part_number == "4.2.0"
    for question in (
        "When did 10.0.0.1 fail?",
        "Who came on 4.2.2020?",
        "Who came on 12.05.24?",
        "Is it 192.168.0?",
        f"section {'9' * 5000}",
    ):
        assert Query(question).part_number is None


LETTER = """4 May 2024
Dear tenant, these are the rules.
1. Fire
In a fire:
1. Stop.
2. Look.
3. Listen.
4. Go.
2. Use
3. Rent
The rent is due on
5 May 2024
at noon.
4. Pets
Dogs are let in.
5. Noise
"""


def test_a_part_is_between_its_neighbours_and_no_date_or_item() -> None:
    span = find_span(LETTER, "4")
    assert span
    assert LETTER[slice(*span)] == "4. Pets\nDogs are let in.\n"


def test_a_date_is_no_part() -> None:
    assert find_span("4 May 2024\nDear tenant", "4") is None
    letter = "4 May 2024\nDear tenant\n4. Pets are let in."
    assert find_span(letter, "4") == (letter.index("4. Pets"), len(letter))


def open_index(tmp_path: Path, settings: Settings, text: str) -> Index:
    (tmp_path / "lease.txt").write_text(text, encoding="utf-8")
    build_index([tmp_path / "lease.txt"], settings=settings, embedder=HashingEmbedder())
    return Index(settings.index_dir / "test", HashingEmbedder())


@pytest.mark.parametrize("question", ["What does clause 2 of the lease say?", "section 2", "What is in point 2?"])
def test_a_part_is_quoted_whole_without_asking_the_llm(tmp_path: Path, settings: Settings, question: str) -> None:
    llm = ScriptedLLM()
    answer = Assistant(open_index(tmp_path, settings, LEASE), llm, settings).ask(question)
    assert (answer.outcome, answer.reply, llm.compared) == ("answered", (), [])
    quoted = " ".join(" ".join(citation.quote.split()) for citation in answer.citations)
    assert "2.1 The garden shall be used for vegetables." in quoted
    assert "It shall be painted green." in quoted
    assert "euros" not in quoted


def test_a_long_part_is_quoted_from_its_beginning(tmp_path: Path, settings: Settings) -> None:
    long = LEASE.replace("The rent is 40", "Bees fly over the hedge. " * MOST_WORDS + "The rent is 40")
    index = open_index(tmp_path, settings, long)
    answer = Assistant(index, ScriptedLLM(), settings).ask("What does section 3 say?")
    assert answer.note == CUT_OFF
    assert len(answer.answer.split()) < 2 * MOST_WORDS


def test_a_fact_in_a_part_is_asked_of_the_llm(tmp_path: Path, settings: Settings) -> None:
    llm = ScriptedLLM("The rent is 40 euros a year.")
    Assistant(open_index(tmp_path, settings, LEASE), llm, settings).ask("How much is the rent under clause 3?")
    assert llm.compared


def test_the_part_is_of_the_document_that_is_found_first(tmp_path: Path, settings: Settings) -> None:
    for name, text in (("lease", LEASE), ("rules", LEASE.replace("garden", "hall").replace("40", "70"))):
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    build_index([tmp_path / "lease.txt", tmp_path / "rules.txt"], settings=settings, embedder=HashingEmbedder())
    with Index(settings.index_dir / "test", HashingEmbedder()) as index:
        first, second = (index.search(words, k=1)[0] for words in ("lease of a garden", "lease of a hall"))
        hits = (replace(first, score=2.0), replace(second, score=1.5), replace(first, score=1.0))
        part = find_part(Request(Query("What does section 3 say?"), hits, index, lambda _: ()))
        assert part
        assert "40 euros" in part.quotes.sentences[-1].text


TEXT = "The tenant pays the rent of the garden on the first day of a month."


def make_chunk(number: int, *, heading: str | None = None, page: int | None = None, text: str = TEXT) -> Chunk:
    return Chunk(number, 1, "/d/a.pdf", "Lease", None, 0, len(text), text, voice="article", heading=heading, page=page)


@pytest.mark.parametrize(
    ("question", "chunk", "is_inside"),
    [
        ("What does page 3 say about rent?", make_chunk(1, page=3), True),
        ("How much is the rent on page 3?", make_chunk(1, page=13), False),
        ("Wie hoch ist die Miete auf Seite 3?", make_chunk(1, page=3), True),
        ("How much is the rent under section 4.2?", make_chunk(1, heading="4 Money › 4.2 Rent"), True),
        ("How much is the rent under section 4?", make_chunk(1, heading="4.2 Rent"), True),
        ("How much is the rent under § 4?", make_chunk(1, heading="§ 4 Rent"), True),
        ("How much is the rent under clause 4.2?", make_chunk(1, heading="4.21 Rent"), False),
        ("How much is the rent under clause 4?", make_chunk(1, text=f"3. Use\n4. {TEXT}"), True),
        ("How much is the rent under clause 4?", make_chunk(1, text="It costs 4 euros."), False),
        ("Does it print in 4.2.1?", make_chunk(1, heading="News › Tern v4.2.1"), False),
        ("Does it print in 4.2.1?", make_chunk(1, heading="News › v4.2.1 (May)"), True),
        ("Does it print in 4.2.1?", make_chunk(1, heading="News › v4.2.10"), False),
    ],
)
def test_a_question_names_a_place_of_a_document(question: str, chunk: Chunk, is_inside: bool) -> None:
    is_in_place = find_place(Query(question))
    assert is_in_place is not None
    assert is_in_place(chunk) is is_inside


@pytest.mark.parametrize("question", ["How much is the rent?", "How many pages has the lease?", "Who wrote 3 pages?"])
def test_a_question_without_a_number_of_a_part_names_no_place(question: str) -> None:
    assert find_place(Query(question)) is None


def test_only_passages_of_the_named_part_are_found(tmp_path: Path, settings: Settings) -> None:
    text = "# Rules\n\n## 1 Garden\n\nDogs are let in from May on.\n\n## 2 Hall\n\nDogs are never let in, they say.\n"
    (tmp_path / "rules.md").write_text(text, encoding="utf-8")
    build_index([tmp_path / "rules.md"], settings=settings, embedder=HashingEmbedder())
    assistant = Assistant(Index(settings.index_dir / "test", HashingEmbedder()), ScriptedLLM(), settings)
    assert [hit.chunk.heading for hit in assistant.find("Are dogs let in under section 2?")] == ["2 Hall"]
    assert len(assistant.find("Are dogs let in under section 7?")) == 2
    assert len(assistant.find("Are dogs let in?")) == 2


def test_only_places_in_the_nearest_documents_count() -> None:
    near, far = make_chunk(1, page=1), replace(make_chunk(2, page=3), document_id=2)
    hits = (Hit(near, 1.0, 1), Hit(far, 0.1, 2))
    assert _narrow(hits, lambda chunk: chunk.page == 3, passages=1) == hits
    assert _narrow(hits, lambda chunk: chunk.page == 3, passages=2) == (hits[1],)


@pytest.mark.parametrize("question", ["What is on page 2?", "What does page 2 say?", "page 2 of the document"])
def test_a_page_is_quoted_whole_without_asking_the_llm(tmp_path: Path, settings: Settings, question: str) -> None:
    canvas = Canvas(str(tmp_path / "rules.pdf"))
    for words in ("Dogs are let in from May on.", "The hall is let for parties. It costs 40 euros.", "Bees are kept."):
        canvas.drawString(72, 700, words)
        canvas.showPage()
    canvas.save()
    build_index([tmp_path / "rules.pdf"], settings=settings, embedder=HashingEmbedder())
    llm = ScriptedLLM()
    answer = Assistant(Index(settings.index_dir / "test", HashingEmbedder()), llm, settings).ask(question)
    assert [citation.quote for citation in answer.citations] == ["The hall is let for parties.", "It costs 40 euros."]
    assert llm.compared == []
