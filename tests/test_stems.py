"""The word stems that a search compares, in the language of each document."""

import pytest

from rag import Document, Section, Settings
from rag.index.build import index_documents
from rag.index.stems import stem_question, stem_text
from tests.fakes import HashingEmbedder

TEXTS = {
    "de": "Die Kündigungen sind schriftlich an den Vermieter zu richten, und die Fristen sind lang.",
    "en": "The cancellations of the ministers were announced in the evening, and nobody was told.",
    "ru": "Министр отменил поездки, и никто не знает причины.",
    "tr": "Bakan bu gezileri iptal etti ve bir neden daha vermedi, çünkü olan biten için de susuyordu.",
    "zh": "部长取消了访问，没有说明原因。",
}


@pytest.mark.parametrize(
    ("text", "language", "stems"),
    [
        ("Ministers were ARRIVING, cafés!", "en", "minist were arriv cafe"),
        ("", "en", ""),
        ("9 contracts", "en", "9 contract"),
        ("Kündigungen, Kuendigung", "de", "kundig kundig"),
        ("取消访问", "en", "取 消 访 问"),
        ("PayableAmount", "en", "payableamount payabl amount"),
    ],
)
def test_a_text_is_cut_into_stems(text: str, language: str, stems: str) -> None:
    assert stem_text(text, language) == stems


def test_a_question_has_its_stems_in_each_language_once_and_no_stop_words() -> None:
    assert stem_question("Who was the Mieter?", ["de", "en"]) == ["miet", "mieter"]
    assert stem_question("Who was it?", ["en"]) == ["who", "was", "it"]
    assert stem_question('the "old bridge"', ["en"]) == ["old", "bridg", "old bridg"]
    assert stem_question("?!", ["en"]) == []


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("de", "Kuendigung Vermietern"),
        ("en", "Who cancelled the announcements?"),
        ("ru", "Какую поездку отменили?"),
        ("tr", "gezi nedenler"),
        ("zh", "访问的原因"),
    ],
)
def test_words_are_found_in_another_form_in_the_language_of_their_document(
    settings: Settings, language: str, question: str
) -> None:
    documents = [Document(name, text, name, (Section(0, len(text), voice="article"),)) for name, text in TEXTS.items()]
    with index_documents(documents, embedder=HashingEmbedder(), settings=settings) as index:
        (best, _), *_ = index.store.search_words(question, 5)
        (chunk,) = index.store.get_chunks([best])
    assert chunk.source == language
