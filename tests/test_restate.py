"""What a user typed, in the form in which the documents are asked."""

import pytest

from rag import Assistant, Index, Settings
from rag.answer.understand.restate import correct_typos, find_file_name, forget_file_name, restate
from rag.answer.understand.rewrite import is_faithful
from rag.text import spell_codes
from tests.fakes import ScriptedLLM
from tests.test_answer import make_hit

STORY = (
    "We moved into the flat in March and since then the boiler has been making noises every single night. "
    "My neighbour said that hers did the same last year and that it went away when somebody came to look at it. "
    "I would rather not pay. Who pays for repairs of the boiler?"
)


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("I need the price of a ticket", "What is the price of a ticket?"),
        ("Can you tell me when the gym opens?", "When the gym opens?"),
        ("Hello, I'm looking for the phone number of the office.", "What is the phone number of the office?"),
        ("Give me an overview of the lease", "Give me an overview of the lease"),
        ("Tell me about the lease", "Tell me about the lease"),
        ("Give me five reasons", "Give me five reasons"),
        ("I want my money back", "I want my money back"),
        ("I need the door fixed.", "I need the door fixed."),
        ("I want the landlord to pay", "I want the landlord to pay"),
        ("I need the way to the station", "What is the way to the station?"),
        ("I need the speed of the pump", "What is the speed of the pump?"),
        ("I do not know how to set up the heating", "How to set up the heating?"),
        ("I don't like the speed of the pump", "I don't like the speed of the pump"),
        ("I like to read about dogs. When is the next show?", "I like to read about dogs. When is the next show?"),
        ("Can I get some tea on the train?", "Can I get some tea on the train?"),
        ("What does it cost?", "What does it cost?"),
        ("How many came in the third quarter?", "How many came in the third quarter (Q3)?"),
        ("How many came in the 2nd quarter (Q2)?", "How many came in the 2nd quarter (Q2)?"),
        (STORY, "I would rather not pay. Who pays for repairs of the boiler?"),
        (f"{STORY} And who pays for the noise?", f"{STORY} And who pays for the noise?"),
    ],
)
def test_a_wish_and_a_story_are_asked_as_a_question(typed: str, asked: str) -> None:
    assert restate(typed) == asked


@pytest.mark.parametrize(
    ("question", "name", "asked"),
    [
        ("What is rent_2023-04.pdf about?", "rent_2023-04.pdf", "What is the document about?"),
        ('What does the file "lease.docx" say on pets?', "lease.docx", "What does the document say on pets?"),
        ("Who founded example.com?", None, None),
        ("What happened at 10.30?", None, None),
    ],
)
def test_a_file_is_known_by_its_name(question: str, name: str | None, asked: str | None) -> None:
    assert find_file_name(question) == name
    if name:
        assert forget_file_name(question, name) == asked


def test_a_question_that_names_a_file_is_answered_from_it(index: Index, settings: Settings) -> None:
    llm = ScriptedLLM("The bridge cost nine million euros.")
    answer = Assistant(index, llm, settings).ask("What does bridge.md say the new bridge cost?")
    assert {hit.chunk.title for hit in answer.hits} == {"A new bridge"}
    assert "What does the document say the new bridge cost?" in llm.compared[0][-1].content


def test_a_file_that_is_not_there_is_not_looked_for(index: Index, settings: Settings) -> None:
    answer = Assistant(index, ScriptedLLM(log_odds=-9.0), settings).ask("What did the minister say in bridges.md?")
    assert len({hit.chunk.document_id for hit in answer.hits}) == 2


def test_a_code_is_searched_in_both_spellings() -> None:
    assert spell_codes("error e0031") == "error e0031 e-0031"
    assert spell_codes("What is A-320?") == "What is A-320? A320"
    assert spell_codes("in 2019, 5G and COVID-19-free") == "in 2019, 5G and COVID-19-free"


@pytest.mark.parametrize(
    ("rewritten", "faithful"),
    [
        ("What does the Premium plan cost?", True),
        ("And the Premium plan costs 54 euros.", False),
        ("What did the Premium plan cost in 2019?", False),
        ("What does the Platinum plan cost?", False),
    ],
)
def test_a_rewritten_question_invents_nothing(rewritten: str, faithful: bool) -> None:
    said = "What does the Plus plan cost in 2024? The Plus plan costs 44 euros a month. and the Premium one?"
    assert is_faithful(rewritten, said) == faithful


TYPOS = [
    ("how do i remove the trasnport bolts", "how do i remove the transport bolts"),
    ("how do i remove the transport bolts", "how do i remove the transport bolts"),
    ("does the tram to marlow run", "does the tram to marlow run"),
    ("Who is Trasnport?", "Who is Trasnport?"),
    ("is the tram unbolted", "is the tram unbolted"),
    ("who is transporting it", "who is transporting it"),
]


@pytest.mark.parametrize(("question", "corrected"), TYPOS)
def test_a_misspelt_word_is_spelt_as_the_passages_have_it_and_no_name_is_taken_for_another(
    question: str, corrected: str
) -> None:
    hit = make_hit(1, "Undo the transport bolts with a spanner. The tram runs to Harlow when bolted.")
    assert correct_typos(question, [hit], count_tokens=lambda word: 2) == corrected


def test_a_word_that_the_embedder_knows_is_no_typo() -> None:
    hit = make_hit(1, "The transports are late.")
    assert correct_typos("transport bolts", [hit], count_tokens=lambda word: 1) == "transport bolts"
