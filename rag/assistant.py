"""The whole path from a question to a checked answer: search, prompt, generate, cite."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from rag.answer.cite import cite_answer
from rag.answer.confidence import estimate_confidence, measure_features
from rag.answer.prompt import REFUSAL, build_messages, load_answer_prompts, load_check_prompts
from rag.errors import QuestionError
from rag.index.index import Index, open_index
from rag.llm.llama import LLM, open_llm
from rag.retrieve import retrieve
from rag.settings import Settings
from rag.types import Answer, Filter, Hit, Sentence


class Assistant:
    """Answers questions from one index with one LLM."""

    def __init__(self, index: Index, llm: LLM, settings: Settings) -> None:
        self.index = index
        self.llm = llm
        self.settings = settings
        self._answer_prompts = load_answer_prompts()
        self._check_prompts = load_check_prompts()

    @classmethod
    def open(cls, folder: str | Path | None = None, *, settings: Settings | None = None) -> Self:
        """Open the index in `folder` (default: the one that the settings name) with the settings' models.

        Raises CatalogError or ModelError, saying what to run.
        """
        settings = settings or Settings.load()
        index = open_index(Path(folder or settings.index_dir / settings.name), settings)
        return cls(index, open_llm(settings), settings)

    def ask(self, question: str, *, only: Filter | None = None, hits: tuple[Hit, ...] | None = None) -> Answer:
        """Return the answer to a question; the arguments and errors are those of `stream`."""
        *_, answer = self.stream(question, only=only, hits=hits)
        assert isinstance(answer, Answer)
        return answer

    def stream(
        self, question: str, *, only: Filter | None = None, hits: tuple[Hit, ...] | None = None
    ) -> Iterator[tuple[Hit, ...] | str | Answer]:
        """Yield the hits, then the draft piece by piece as the LLM writes it, and last the checked answer.

        `only` filters what is searched; `hits` are the passages to answer from, instead of those that a search finds.
        Raises QuestionError if the question is empty or too long for the LLM's context, or nothing passes the filter.
        """
        question = question.strip()
        if not question:
            raise QuestionError("the question is empty: ask something")
        settings, llm = self.settings, self.llm
        started = time.perf_counter()
        if hits is None:
            hits = retrieve(self.index, question, passages=settings.passages, only=only)
        searched = time.perf_counter()
        yield hits
        if not hits:
            yield _refuse(question, hits, llm.name, None, {"search": searched - started})
            return
        messages, shown = build_messages(
            question,
            hits,
            prompts=self._answer_prompts,
            count_tokens=llm.count_tokens,
            max_prompt_tokens=llm.context_size - settings.max_answer_tokens,
        )
        features = measure_features(question, hits[0], llm=llm, prompts=self._check_prompts)
        confidence = estimate_confidence(features)
        assessed = time.perf_counter()
        if confidence < settings.caution:
            seconds = {"search": searched - started, "assess": assessed - searched}
            yield _refuse(question, hits, llm.name, confidence, seconds)
            return
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
            confidence=confidence,
            seconds={
                "search": searched - started,
                "assess": assessed - searched,
                "read": read - assessed,
                "write": written - read,
                "check": time.perf_counter() - written,
            },
        )


def _refuse(
    question: str, hits: tuple[Hit, ...], model: str, confidence: float | None, seconds: dict[str, float]
) -> Answer:
    """Return the answer that the documents do not say, made without asking the LLM for one."""
    refusal = (Sentence(REFUSAL, ()),)
    return Answer(question, REFUSAL, "not_found", refusal, (), hits, model, 0, 0, confidence, seconds)
