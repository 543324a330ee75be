"""Has the LLM write a few questions that an index answers, for an empty page, while the LLM is idle."""

import json
import logging
import threading
import time
from pathlib import Path

from rag.answer.prompt import load_prompts
from rag.answer.suggest import suggest_question
from rag.errors import RagError
from rag.files import is_plain, make_folder, write_file
from rag.types import Chunk
from rag.web.workspace import Workspace

logger = logging.getLogger(__name__)

COUNT = 3
_FILE = "suggestions.json"
_TICK_S = 0.5
# A passage with fewer words holds too little for a question.
_LEAST_WORDS = 12


class Suggestions:
    """The suggested questions for each index of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._writing: set[str] = set()
        self._given_up: set[str] = set()

    def get(self, index: str) -> list[str] | None:
        """Return the questions for an index, [] if there are none; None while the LLM writes them."""
        if self._workspace.loading:
            return None
        try:
            if not self._workspace.models.llm:
                return []
            with self._workspace.open_index(index).browse() as store:
                generation = store.generation
        except RagError:
            return []
        path = self._workspace.get_folder(index) / _FILE
        try:
            kept = json.loads(path.read_text(encoding="utf-8") if is_plain(path) else "")
            if kept["generation"] == generation:
                return [str(question) for question in kept["questions"]]
        except (OSError, ValueError, KeyError, TypeError):
            logger.debug("no suggestions in %s", path)
        if index in self._given_up:
            return []
        with self._lock:
            if index not in self._writing:
                self._writing.add(index)
                threading.Thread(target=self._write, args=(index, generation, path), daemon=True).start()
        return None

    def _write(self, index: str, generation: int, path: Path) -> None:
        try:
            llm, prompts = self._workspace.models.llm, load_prompts("suggest")
            questions = []
            for chunk in self._choose(index):
                while len(self._workspace.queue):
                    time.sleep(_TICK_S)
                with self._workspace.queue.join() as place:
                    for _ in place.wait():
                        pass
                    if llm:
                        questions.append(suggest_question(chunk, llm=llm, prompts=prompts))
            make_folder(path.parent)
            written = [question for question in questions if question]
            write_file(path, json.dumps({"generation": generation, "questions": written}))
        except (RagError, OSError) as exc:
            logger.warning("no questions are suggested for the index %s: %s", index, exc)
            self._given_up.add(index)
        finally:
            self._writing.discard(index)

    def _choose(self, index: str) -> list[Chunk]:
        """Return the first passage worth a question from each of a few documents spread over the list."""
        entries = self._workspace.list_documents(index)
        chosen = [entries[len(entries) * n // COUNT] for n in range(min(COUNT, len(entries)))]
        chunks: list[Chunk] = []
        for entry in chosen:
            _, all_of_it = self._workspace.read_document(index, entry.sources[0])
            good = [c for c in all_of_it if c.voice == "article" and len(c.text.split()) >= _LEAST_WORDS]
            chunks += good[:1]
        return chunks
