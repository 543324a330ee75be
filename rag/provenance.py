"""Saves an answer with the hashes of its inputs, so that others can check and repeat it."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rag.assistant import Assistant
from rag.errors import SettingsError
from rag.formatting import escape_markdown, format_answer
from rag.settings import ANSWER_SETTINGS
from rag.types import Answer

FORMATS = (".json", ".md")
# The settings that affect an answer.
_SETTINGS = ("embedder", "reranker", "context", *ANSWER_SETTINGS)


def save_answer(answer: Answer, path: Path, *, assistant: Assistant) -> None:
    """Write an answer's record to a .json or .md file; raises SettingsError if it cannot be written."""
    record = make_record(answer, assistant=assistant)
    as_json = path.suffix.lower() == ".json"
    text = json.dumps(record, ensure_ascii=False, indent=2) if as_json else _format(answer, record)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as exc:
        raise SettingsError(f"cannot write {path}: {exc.strerror}; name another file") from exc


def check_format(path: Path) -> None:
    """Raise SettingsError if a file does not have the suffix of a record."""
    if path.suffix.lower() not in FORMATS:
        raise SettingsError(f"cannot save an answer as {path.name}: name a file that ends in {' or '.join(FORMATS)}")


def make_record(answer: Answer, *, assistant: Assistant) -> dict[str, Any]:
    """Return the answer, and the SHA-256 of each passage, of the prompts and of the LLM's file, with the settings."""
    fingerprint = assistant.llm.fingerprint if assistant.llm else {}
    return {
        "version": version("footnote-rag"),
        "answer": asdict(answer),
        "sha256": {
            "passages": [hashlib.sha256(hit.chunk.text.encode()).hexdigest() for hit in answer.hits],
            "prompts": assistant.prompts_hash,
            "llm": fingerprint.get("sha256"),
        },
        "settings": {name: getattr(assistant.settings, name) for name in _SETTINGS},
    }


def _format(answer: Answer, record: dict[str, Any]) -> str:
    known = {**record["settings"], **{f"SHA-256, {name}": value for name, value in record["sha256"].items()}}
    details = [f"- {name}: {', '.join(value) if isinstance(value, list) else value}" for name, value in known.items()]
    return "\n".join(
        [
            f"# {escape_markdown(answer.question)}",
            "",
            *_indent(format_answer(answer).splitlines()),
            "",
            "## Made with",
            "",
            *details,
        ]
    )


def _indent(lines: Iterable[str]) -> list[str]:
    """Return lines as a code block, where the words of documents are not markup."""
    return [f"    {line}" for line in lines]
