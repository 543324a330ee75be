"""Greetings, and questions about the collection: answered at once, without an LLM and without a search."""

import pytest

from rag import Assistant, Index, Settings
from rag.formatting import format_answer, join_first
from rag.index.store import get_today
from rag.web.render import render_answer
from tests.fakes import ScriptedLLM


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("Hello", "Hello! Ask me anything about your documents."),
        ("hi there!", "Hello! Ask me anything about your documents."),
        ("Thank you very much.", "You are welcome."),
        ("How many documents do you have?", "I have 2 documents: bridge.md, visit.txt."),
        ("how many files are in the index", "I have 2 documents: bridge.md, visit.txt."),
        ("Which files are in the index?", "I have 2 documents: bridge.md, visit.txt."),
        ("List all documents", "I have 2 documents: bridge.md, visit.txt."),
        ("When was bridge.md added?", f"bridge.md was last indexed on {get_today()}."),
        ("when did you index 'visit'", f"visit.txt was last indexed on {get_today()}."),
    ],
)
def test_what_asks_no_document_is_answered_at_once(index: Index, settings: Settings, question: str, told: str) -> None:
    llm = ScriptedLLM()
    answer = Assistant(index, llm, settings).ask(question)
    assert (answer.outcome, [sentence.text for sentence in answer.reply]) == ("aside", [told])
    assert (answer.hits, answer.citations, llm.compared) == ((), (), [])
    assert told in format_answer(answer)
    assert "Not in the documents" not in render_answer(answer, turn=0)


@pytest.mark.parametrize(
    "question",
    [
        "How many documents did the minister sign?",
        "Hello Dolly",
        "Which files did the thief take?",
        "What did you do?",
        "When was bridge.md?",
        "When was the bridge added to the map?",
    ],
)
def test_what_only_looks_so_asks_the_documents(index: Index, settings: Settings, question: str) -> None:
    answer = Assistant(index, ScriptedLLM(log_odds=-9.0), settings).ask(question)
    assert answer.outcome == "not_found"
    assert answer.hits


@pytest.mark.parametrize(
    "question", ["Which documents mention “nine million euros”?", "where is Nine million euros mentioned"]
)
def test_what_mentions_a_phrase_is_found_to_the_letter(index: Index, settings: Settings, question: str) -> None:
    answer = Assistant(index, None, settings).ask(question)
    assert answer.reply[0].text == "1 document: bridge.md"
    assert [citation.quote for citation in answer.citations] == ["The bridge cost nine million euros."]


def test_a_phrase_in_no_document_is_asked_of_the_documents(index: Index, settings: Settings) -> None:
    answer = Assistant(index, ScriptedLLM(log_odds=-9.0), settings).ask("Which documents mention the million nine?")
    assert answer.outcome == "not_found"


def test_a_long_list_says_how_many_it_leaves_out() -> None:
    assert join_first(["a", "b"], 2) == "a, b"
    assert join_first(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert join_first(["a", "b", "c"], 2, separator="; ") == "a; b and 1 more"
    assert join_first([], 2) == ""
