"""The reference of the API is that of the code, and its examples run."""

import re
import runpy
from pathlib import Path

import pytest

import rag
from rag.collection import Collection
from tests.fakes import AnsweringLLM, HashingEmbedder

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
REPLIES = {
    "rent due": "The rent is due on the first day of each month.",
    "memo": "The rent is due on the last day of each month.",
}


def test_the_reference_is_what_the_docstrings_say() -> None:
    make_page = runpy.run_path(str(ROOT / "docs" / "make_api.py"))["make_page"]
    assert make_page(PAGE) == PAGE, "run `python docs/make_api.py`"


def test_the_examples_run_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def open_with_fakes(location: str, *, llm: object = None, create: bool = False) -> Collection:
        return Collection(
            location,
            create=create,
            embedder=HashingEmbedder(),
            llm=llm or AnsweringLLM(REPLIES),  # type: ignore[arg-type]
        )

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rag, "open", open_with_fakes, raising=False)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "lease.txt").write_text("The rent is due on the first day of each month.")
    shown = []
    for example in EXAMPLES:
        exec(example, {})  # noqa: S102
        shown.append(capsys.readouterr().out)
    assert len(shown) == 4
    assert "lease.txt The rent is due on the first day of each month." in shown[0]
    assert "1 memo-1 The rent is due" in shown[1]
    assert "memo-2" in shown[1]
    assert "passages" in shown[2]
    assert shown[2].count("first day") == 2  # the draft, and the answer
    assert "Question: When is the rent due?" in shown[3]
