"""The voices of 40 invented pages in eight languages, whose author had not seen the readers (`benchmarks/comments`)."""

import json
from pathlib import Path
from typing import Any

import pytest

from rag.documents.read import read_document
from rag.types import Voice

FOLDER = Path(__file__).parents[1] / "benchmarks/comments"
PAGES = [
    (half, json.loads(line))
    for half in ("tune", "held")
    for line in (FOLDER / half / "expected.jsonl").read_text(encoding="utf-8").splitlines()
]
# Shorter ones ("+1", "Danke!") stand in other sentences too.
_FEWEST_CHARACTERS = 13
# A reader may lose a line of an article that looks like the site's own.
_LEAST_SHARE = 0.8


def read_voice(path: Path, voice: Voice) -> str:
    document = read_document(path)
    parts = [document.text[s.start : s.end] for s in document.sections if s.voice == voice]
    return " ".join(" ".join(parts).split())


@pytest.mark.parametrize(("half", "page"), PAGES, ids=[page["file"] for _, page in PAGES])
def test_no_comment_of_a_page_is_read_as_its_article(half: str, page: dict[str, Any]) -> None:
    article = read_voice(FOLDER / half / page["file"], "article")
    comments = [text for text in page["comment_sentences"] if len(text) >= _FEWEST_CHARACTERS]
    assert [text for text in comments if text in article] == []
    sentences = page["article_sentences"]
    assert sum(text in article for text in sentences) >= _LEAST_SHARE * len(sentences)
