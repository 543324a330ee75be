"""Other frameworks get the passages and the answers of an index."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import rag
from rag.collection import Collection
from tests.fakes import AnsweringLLM, HashingEmbedder

RENT = "The rent is due on the first day of each month."


@pytest.fixture
def notes(tmp_path: Path) -> Iterator[Collection]:
    llm = AnsweringLLM({"rent": RENT})
    with rag.open(tmp_path / "notes", create=True, embedder=HashingEmbedder(), llm=llm) as notes:
        notes.add_text(f"{RENT} It is 900 euros.", id="memo-1", metadata={"team": "ops"})
        notes.add_text("The house was built in 1911.", id="memo-2", metadata={"team": "law"})
        yield notes


def test_langchain_gets_the_passages(notes: Collection) -> None:
    pytest.importorskip("langchain_core", reason="the LangChain adapter is not tested: no langchain-core")
    from rag.adapters.langchain import FootnoteRetriever

    (document,) = FootnoteRetriever(collection=notes, where={"team": "ops"}).invoke("When is the rent due?")
    assert document.page_content.startswith(RENT)
    assert document.metadata["source"] == "memo-1"
    assert len(FootnoteRetriever(collection=notes, k=1).invoke("house")) == 1


def test_llama_index_gets_the_answer_with_its_quotes(notes: Collection) -> None:
    pytest.importorskip("llama_index.core", reason="the LlamaIndex adapter is not tested: no llama-index-core")
    from rag.adapters.llama_index import FootnoteQueryEngine

    response = FootnoteQueryEngine(collection=notes, where={"team": "ops"}).query("When is the rent due?")
    assert response.response == f"{RENT[:-1]} [1]."
    assert [node.node.text for node in response.source_nodes] == [RENT]
    assert response.metadata["outcome"] == "answered"
    assert FootnoteQueryEngine(collection=notes).query("Who owns it?").source_nodes == []
