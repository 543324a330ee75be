"""The chat page: it streams, lists what is cited, and shows documents' words as text."""

import dataclasses
from pathlib import Path

import pytest

pytest.importorskip("gradio")

from rag import Assistant, Index, Settings
from rag.web.page import build_page, format_markdown
from tests.fakes import ScriptedLLM

ROOT = Path(__file__).parents[1]


def test_an_answer_lists_its_cited_source_with_the_quote(index: Index, settings: Settings) -> None:
    answer = Assistant(index, ScriptedLLM("The bridge cost nine million euros [1]."), settings).ask("What did it cost?")
    text = format_markdown(answer)
    assert text.startswith("The bridge cost nine million euros &#91;1&#93;.")
    assert "<summary>[1] Article · A new bridge</summary>" in text
    assert "The bridge cost nine million euros.</blockquote>" in text


def test_a_comment_is_marked_as_a_readers(index: Index, settings: Settings) -> None:
    answer = Assistant(index, ScriptedLLM("A reader says that the pipeline contract was not ready."), settings).ask(
        "Was the pipeline contract ready?"
    )
    assert "<mark>Reader's comment</mark> · by Zara" in format_markdown(answer)
    assert "Not confirmed" in format_markdown(answer)


def test_a_refusal_shows_what_came_near_as_no_answer(index: Index, settings: Settings) -> None:
    answer = Assistant(index, ScriptedLLM(log_odds=-9.0), settings).ask("Who built the new bridge?")
    text = format_markdown(answer)
    assert text.startswith("The documents do not say.")
    assert "<summary>Near, but no answer: Article · A new bridge</summary>" in text
    assert "[1]" not in text


def test_markup_in_documents_and_answers_stays_text(index: Index, settings: Settings) -> None:
    answer = Assistant(index, ScriptedLLM("The bridge cost nine million euros [1]."), settings).ask("Cost?")
    evil = "<script>alert(1)</script> ![x](http://example.org/x.png)\n\n<b>"
    citation = dataclasses.replace(answer.citations[0], quote=evil, title=evil, author=evil)
    text = format_markdown(dataclasses.replace(answer, answer=evil, citations=(citation,)))
    assert "<script" not in text
    assert "![" not in text
    assert "<b>" not in text


def test_the_page_answers_through_its_endpoint(index: Index, settings: Settings) -> None:
    from gradio_client import Client

    llm = ScriptedLLM("The bridge cost nine million euros [1].", "Was the new bridge costly?", "It was [1].")
    page = build_page(Assistant(index, llm, settings))
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    try:
        client = Client(url, verbose=False)
        shown = client.predict("What did the new bridge cost?", api_name="/chat")
        follow_up = client.predict("Was it costly?", api_name="/chat")
    finally:
        page.close()
    assert "nine million euros" in str(shown)
    assert "Article · A new bridge" in str(shown)
    assert "Understood as: Was the new bridge costly?" in str(follow_up)


def test_ui_py_imports_only_the_library() -> None:
    lines = (ROOT / "ui.py").read_text(encoding="utf-8").splitlines()
    assert {line.split()[1].split(".")[0] for line in lines if line.startswith(("import ", "from "))} <= {
        "rag",
        "gradio",
    }
