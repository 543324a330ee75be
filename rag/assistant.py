"""The whole path from a question to a checked answer: search, prompt, generate, cite."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from rag.answer.cite import cite_answer
from rag.answer.prompt import REFUSAL, build_messages, find_prompts, load_prompts
from rag.errors import QuestionError
from rag.index.index import Index, open_index
from rag.llm.llama import LLM, open_llm
from rag.retrieve import retrieve
from rag.settings import Settings
from rag.types import Answer, Hit, Sentence


class Assistant:
    """Answers questions from one index with one LLM."""

    def __init__(self, index: Index, llm: LLM, settings: Settings) -> None:
        self.index = index
        self.llm = llm
        self.settings = settings
        self._prompts = load_prompts(find_prompts())

    @classmethod
    def open(cls, folder: str | Path | None = None, *, settings: Settings | None = None) -> Self:
        """Open the index in `folder` (default: the one that the settings name) with the settings' models.

        Raises CatalogError or ModelError, saying what to run.
        """
        settings = settings or Settings.load()
        index = open_index(Path(folder or settings.index_dir / settings.name), settings)
        return cls(index, open_llm(settings), settings)

    def ask(self, question: str, *, hits: tuple[Hit, ...] | None = None) -> Answer:
        """Return the answer to a question, from `hits` if given; raises QuestionError if it is empty or too long."""
        *_, answer = self.stream(question, hits=hits)
        assert isinstance(answer, Answer)
        return answer

    def stream(self, question: str, *, hits: tuple[Hit, ...] | None = None) -> Iterator[tuple[Hit, ...] | str | Answer]:
        """Yield the hits, then the draft piece by piece as the LLM writes it, and last the checked answer.

        `hits` are the passages to answer from, instead of those that a search finds.

        Raises QuestionError if the question is empty or too long for the LLM's context.
        """
        question = question.strip()
        if not question:
            raise QuestionError("the question is empty: ask something")
        settings, llm = self.settings, self.llm
        started = time.perf_counter()
        if hits is None:
            hits = retrieve(self.index, question, passages=settings.passages)
        searched = time.perf_counter()
        yield hits
        if not hits:
            yield Answer(question, REFUSAL, "not_found", (Sentence(REFUSAL, ()),), (), (), llm.name, 0, 0)
            return
        messages, shown = build_messages(
            question,
            hits,
            prompts=self._prompts,
            count_tokens=llm.count_tokens,
            max_prompt_tokens=llm.context_size - settings.max_answer_tokens,
        )
        pieces: list[str] = []
        first_token = None
        for piece in llm.stream(
            messages, max_tokens=settings.max_answer_tokens, temperature=settings.temperature, seed=settings.seed
        ):
            first_token = first_token or time.perf_counter()
            pieces.append(piece)
            yield piece
        written = time.perf_counter()
        cited = cite_answer("".join(pieces), hits[:shown])
        read = first_token or written
        yield Answer(
            question=question,
            answer=cited.text,
            outcome=cited.outcome,
            sentences=cited.sentences,
            citations=cited.citations,
            hits=hits[:shown],
            model=llm.name,
            prompt_tokens=llm.count_tokens(messages),
            answer_tokens=len(pieces),
            seconds={
                "search": searched - started,
                "read": read - searched,
                "write": written - read,
                "check": time.perf_counter() - written,
            },
        )
