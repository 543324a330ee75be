"""Records of answers: what stands in them, and that the same inputs give the same."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from rag import Answer, Assistant, Index, Settings, SettingsError
from rag.answer.prompt import find_prompts
from rag.provenance import check_format, make_record, save_answer
from tests.fakes import ScriptedLLM

WRITTEN = "The bridge cost nine million euros. The king wept."


@pytest.fixture
def assistant(index: Index, settings: Settings) -> Assistant:
    llm = ScriptedLLM(WRITTEN, WRITTEN, log_odds={"officials": 9.0})
    llm.fingerprint = {"name": "scripted", "sha256": "f" * 64}
    return Assistant(index, llm, settings.model_copy(update={"caution": 0.0}))


def ask(assistant: Assistant) -> Answer:
    return assistant.ask("What did the bridge cost?")


def test_a_record_has_the_answer_and_the_hashes_of_what_it_rests_on(assistant: Assistant, tmp_path: Path) -> None:
    answer = ask(assistant)
    save_answer(answer, tmp_path / "answer.json", assistant=assistant)
    record = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
    assert record["answer"]["citations"][0]["quote"] == "The bridge cost nine million euros."
    assert record["sha256"]["llm"] == "f" * 64
    texts = [hit["chunk"]["text"] for hit in record["answer"]["hits"]]
    assert record["sha256"]["passages"] == [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    assert record["settings"]["seed"] == 0


def test_the_same_inputs_give_the_same_record_but_for_the_times(assistant: Assistant) -> None:
    records = [make_record(assistant.ask("What did the bridge cost?"), assistant=assistant) for _ in range(2)]
    for record in records:
        del record["answer"]["seconds"]
    assert records[0] == records[1]


def test_a_record_has_the_hash_of_the_prompts_in_use(index: Index, settings: Settings, tmp_path: Path) -> None:
    folder = shutil.copytree(find_prompts(), tmp_path / "prompts")
    changed = min((folder / "answer").iterdir())
    changed.write_text(changed.read_text(encoding="utf-8") + "Be brief.", encoding="utf-8")
    usual, own = Assistant(index, None, settings), Assistant(index, None, settings, prompts=folder)
    assert usual.prompts_hash != own.prompts_hash
    assert make_record(ask(own), assistant=own)["sha256"]["prompts"] == own.prompts_hash


def test_a_record_as_markdown_has_no_markup_of_documents(assistant: Assistant, tmp_path: Path) -> None:
    save_answer(ask(assistant), tmp_path / "answer.md", assistant=assistant)
    text = (tmp_path / "answer.md").read_text(encoding="utf-8")
    assert text.startswith("# What did the bridge cost?\n\n    The bridge cost nine million euros [")
    assert "- SHA-256, prompts: " in text


def test_what_cannot_be_saved_is_said_before_anything_is_asked(assistant: Assistant, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"ends in \.json or \.md"):
        check_format(Path("answer.pdf"))
    answer = assistant.ask("What did the bridge cost?")
    with pytest.raises(SettingsError, match="cannot write"):
        save_answer(answer, tmp_path / "none" / "answer.md", assistant=assistant)
