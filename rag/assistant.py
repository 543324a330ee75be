"""The whole path from a question to a checked answer: rewrite, search, read, write, cite."""

import hashlib
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple, Self

from rag.answer.gather.collection import answer_at_once
from rag.answer.gather.compare import PartAnswer, join_quotes, join_replies
from rag.answer.gather.complete import complete_quotes
from rag.answer.gather.find import gather
from rag.answer.gather.request import Gathered, Request, Search
from rag.answer.gather.split import split_question
from rag.answer.prompt import BEGIN, build_question, find_prompts, load_prompts
from rag.answer.quote.cite import HitSpan, Quotes, cite_spans, quote_evidence
from rag.answer.quote.constraints import hold_to_question
from rag.answer.quote.reading import Reader
from rag.answer.reply import write_reply
from rag.answer.understand.places import find_place
from rag.answer.understand.query import Query
from rag.answer.understand.restate import correct_typos, restate
from rag.answer.understand.rewrite import join_to_last, rewrite_question, stands_alone
from rag.errors import QuestionError
from rag.index.index import Index, open_index
from rag.llm import open_llm
from rag.llm.base import LLM, Message
from rag.metadata import Where, make_filter
from rag.retrieve import find_evidence, retrieve
from rag.settings import NO_LLM, Settings
from rag.text import repair_text
from rag.types import Answer, Answered, Drafted, Event, Filter, Hit, Retrieved, Sentence

# The score of a passage whose document the question names. Few passages score higher by their words alone.
_NAMED_SCORE = 1.1
_LEAST_SCORE = 0.1
# Half of the caution suffices if the question names its document, or for each side of a comparison. A little more is
# needed for other answers that documents seldom state as clearly as a fact: several sentences, yes or no.
_NAMED_CAUTION, _OPEN_CAUTION = 0.5, 0.75
# The highest confidence if the quotes are about another year or code than the question, or about the opposite.
_OTHERWISE = 0.05
# The LLM reads at most this many hits for each thing that a question compares.
_HITS_PER_SIDE = 2


class Assistant:
    """Answers questions from one index with one LLM; without an LLM it quotes the best sentences."""

    def __init__(
        self,
        index: Index,
        llm: LLM | None,
        settings: Settings,
        *,
        prompts: str | Path | None = None,
        on_event: Callable[[Event], object] | None = None,
    ) -> None:
        """Take the models, the folder of the prompts, and a function to call with each event; raises PromptError."""
        folder = Path(prompts) if prompts else find_prompts()
        self.index = index
        self.llm = llm
        self.settings = settings
        self._on_event = on_event
        self._answer_prompts = load_prompts("answer", folder / "answer")
        self._reply_prompts = load_prompts("reply", folder / "reply")
        self._rewrite_prompts = load_prompts("rewrite", folder / "rewrite")
        self._split_prompts = load_prompts("split", folder / "split")
        self.prompts_hash = _hash_prompts(folder)

    @classmethod
    def open(cls, location: str | Path | None = None, *, settings: Settings | None = None) -> Self:
        """Open the index in a folder or at an address (default: the settings' own) with the settings' models.

        Raises StoreError or ModelError, saying what to run.
        """
        settings = settings or Settings.load()
        with ThreadPoolExecutor(1) as pool:
            llm = pool.submit(open_llm, settings)
            index = open_index(location or settings.location, settings)
            return cls(index, llm.result(), settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the index, and free the LLM's memory; the assistant cannot be used again."""
        self.index.store.close()
        if self.llm:
            self.llm.close()

    def ask(
        self,
        question: str,
        *,
        where: Where | None = None,
        history: Sequence[Message] = (),
        hits: tuple[Hit, ...] | None = None,
    ) -> Answer:
        """Return the answer to a question; the arguments and errors are those of `stream`."""
        return get_answer(self.stream(question, where=where, history=history, hits=hits))

    def stream(
        self,
        question: str,
        *,
        where: Where | None = None,
        history: Sequence[Message] = (),
        hits: tuple[Hit, ...] | None = None,
    ) -> Iterator[Event]:
        """Yield `Retrieved`, then a `Drafted` for each piece that the LLM writes, and last `Answered`.

        `where` limits the search, by the fields of `Filter` or by metadata. `history` has the messages so far, oldest
        first: a follow-up is understood from them. If `hits` are given, there is no search, and the answer is from
        these passages alone: no list or section is completed, and nothing is summarised or compared. Raises
        QuestionError if the question is empty or too long for the LLM's context, or if nothing passes the filter.
        """
        for event in self._stream(question, make_filter(where), history, hits):
            if self._on_event:
                self._on_event(event)
            yield event

    def _stream(
        self, question: str, where: Filter | None, history: Sequence[Message], hits: tuple[Hit, ...] | None
    ) -> Iterator[Event]:
        question = check_question(question)
        direct = answer_at_once(question, self.index)
        if direct:
            yield Retrieved(direct.quotes.hits)
            yield Answered(_answer_directly(question, direct))
            return
        clock = _Clock()
        complete = self.rewrite(question, history)
        if complete:
            clock.stop("rewrite")
        query = Query(restate(complete or question))
        if hits is None:
            query, found = self._search_corrected(question, query, where=where)
            clock.stop("search")
            asked = _Asked(question, query, found, partial(self._search, where=where))
        else:
            asked = _Asked(question, query, find_evidence(question, hits), search=None)
        yield Retrieved(asked.hits)
        gathered = gather(Request(asked.wanted, asked.hits, self.index, asked.search)) if asked.search else None
        if gathered:
            finding = _Finding(gathered.quotes, gathered.reply)
            yield Retrieved(finding.quotes.hits)
        elif self.llm and asked.hits:
            finding = yield from self._read(self.llm, asked, clock)
        else:
            finding = _Finding(quote_evidence(asked.hits))
        yield Answered(self._make_answer(asked, finding, clock))

    def _make_answer(self, asked: "_Asked", finding: "_Finding", clock: "_Clock") -> Answer:
        quotes = finding.quotes
        return Answer(
            asked.question,
            quotes.outcome,
            quotes.sentences,
            quotes.citations,
            quotes.hits,
            model=self.llm.name if self.llm else NO_LLM,
            prompt_tokens=finding.prompt_tokens,
            answer_tokens=finding.answer_tokens,
            confidence=finding.confidence,
            rewritten=asked.rewritten,
            note=quotes.note,
            seconds=clock.seconds,
            reply=finding.reply,
        )

    def _read(self, llm: LLM, asked: "_Asked", clock: "_Clock") -> Generator[Retrieved | Drafted, None, "_Finding"]:
        """Yield the LLM's words piece by piece; return what it found, with its reply."""
        sides = split_question(asked.wanted, llm=llm, prompts=self._split_prompts) if asked.search else ()
        if asked.search and sides:
            clock.stop("split")
            finding = yield from self._read_sides(llm, sides, asked.search, clock)
            yield Retrieved(finding.quotes.hits)
            return finding
        share = _OPEN_CAUTION if asked.wanted.is_open else 1.0
        if asked.names_file:
            share = _NAMED_CAUTION
        finding = yield from self._quote(
            llm, asked.wanted, asked.hits, clock, caution_share=share, may_add_hits=asked.search is not None
        )
        return self._add_reply(llm, finding, asked.wanted, clock)

    def _add_reply(self, llm: LLM, finding: "_Finding", question: Query, clock: "_Clock") -> "_Finding":
        """Return what the LLM found with its reply from the quotes, if it writes one that they support."""
        quotes = finding.quotes
        may_reply = quotes.outcome == "answered" and not quotes.is_pieced
        if not may_reply or self.settings.quotes_only:
            return finding
        reply = write_reply(quotes, question, llm=llm, prompts=self._reply_prompts)
        if reply is None:
            return finding
        clock.stop("reply")
        return finding._replace(
            reply=reply.sentences,
            prompt_tokens=finding.prompt_tokens + reply.prompt_tokens,
            answer_tokens=finding.answer_tokens + reply.answer_tokens,
        )

    def _read_sides(
        self, llm: LLM, questions: Sequence[str], search: Search, clock: "_Clock"
    ) -> Generator[Drafted, None, "_Finding"]:
        """Search and read for each question of a comparison; yield the LLM's words, return what it found as one."""
        findings = []
        for query in map(Query, questions):
            hits = search(query.text)[:_HITS_PER_SIDE]
            clock.stop("search")
            found = yield from self._quote(llm, query, hits, clock, caution_share=_NAMED_CAUTION, may_add_hits=True)
            findings.append(self._add_reply(llm, found, query, clock))
        parts = [PartAnswer(q, f.quotes, f.reply) for q, f in zip(questions, findings, strict=True)]
        quotes = join_quotes(parts)
        return _Finding(
            quotes,
            join_replies(parts, quotes),
            confidence=min(finding.confidence or 0.0 for finding in findings),
            prompt_tokens=sum(finding.prompt_tokens for finding in findings),
            answer_tokens=sum(finding.answer_tokens for finding in findings),
        )

    def _quote(
        self,
        llm: LLM,
        query: Query,
        hits: tuple[Hit, ...],
        clock: "_Clock",
        *,
        caution_share: float,
        may_add_hits: bool,
    ) -> Generator[Drafted, None, "_Finding"]:
        """Yield the LLM's words, and return the sentences of the hits that these words mean.

        `caution_share` multiplies the setting `caution`. With `may_add_hits`, text beside the hits may be quoted too.
        """
        room = llm.context_size - self.settings.max_answer_tokens
        least = self.settings.caution * caution_share
        reader = Reader(query, hits, llm=llm, prompts=self._answer_prompts, caution=least, room=room)
        quotes, spans, tokens = Quotes(hits), list[HitSpan](), 0
        for judged in reader.choose():
            clock.stop("read")
            if spans:
                yield Drafted("\n")
            pieces: list[str] = []
            written = llm.stream(
                reader.get_messages(judged),
                max_tokens=self.settings.max_answer_tokens,
                temperature=self.settings.temperature,
                seed=self.settings.seed,
                begin=BEGIN,
            )
            for piece in written:
                yield Drafted(piece if pieces else piece.lstrip())
                pieces.append(piece)
            clock.stop("write")
            located = reader.locate(judged, "".join(pieces))
            spans += located
            quotes = cite_spans(spans, hits)
            tokens += len(pieces)
            clock.stop("check")
            if quotes.outcome == "answered" and not reader.leaves_open(judged, located):
                break
        clock.stop("read")
        if may_add_hits:
            quotes = complete_quotes(quotes, query, self.index)
        held = hold_to_question(quotes, query)
        return _Finding(
            held,
            confidence=reader.confidence if held is quotes else min(reader.confidence, _OTHERWISE),
            prompt_tokens=reader.prompt_tokens,
            answer_tokens=tokens,
        )

    def _search_corrected(self, question: str, query: Query, *, where: Filter | None) -> tuple[Query, tuple[Hit, ...]]:
        """Return a question with its misspelt words as the documents spell them, and its hits."""
        hits = self._search(question, query, where=where)
        corrected = Query(correct_typos(query.text, hits, count_tokens=self.index.embedder.count_tokens))
        if corrected != query:
            hits = self._search(question, corrected, where=where)
        return corrected, hits

    def _search(self, question: str, query: Query | None = None, *, where: Filter | None) -> tuple[Hit, ...]:
        """Return the hits of a question, by its own wording and the one of the query, if that is another.

        If it names a file of the index, or a place in one, these are only hits of there.
        """
        query = query or Query(question)
        find = partial(retrieve, self.index, passages=self.settings.passages, is_in_place=find_place(query))
        if query.file_name and not (where and where.source):
            within = replace(where or Filter(), source=query.file_name)
            with suppress(QuestionError):
                return _raise_scores(find(query.without_file_name.text, where=within))
        rewritten = query.text if query.text != question else None
        return find(question, where=where, rewritten=rewritten)

    def find(self, question: str, *, where: Where | None = None, history: Sequence[Message] = ()) -> tuple[Hit, ...]:
        """Return the hits for a question with their evidence, without asking the LLM.

        A follow-up is searched together with the question before it. Raises as `stream` does.
        """
        question = check_question(question)
        direct = answer_at_once(question, self.index)
        if direct:
            return direct.quotes.hits
        joined = None if stands_alone(question) else join_to_last(question, history)
        return self._search(question, Query(joined or restate(question)), where=make_filter(where))

    def build_prompts(self, question: str, hits: Sequence[Hit]) -> list[list[Message]]:
        """Return the messages that ask the LLM about each hit; it answers sooner if `LLM.read` has read them ahead."""
        return [build_question(restate(question), hit, prompts=self._answer_prompts) for hit in hits]

    def rewrite(self, question: str, history: Sequence[Message]) -> str | None:
        """Return a follow-up as a question that stands alone; None if it already does, or without history or LLM."""
        if self.llm is None:
            return None
        return rewrite_question(question, history, llm=self.llm, prompts=self._rewrite_prompts)

    def chat(self) -> "Chat":
        """Return a new conversation."""
        return Chat(self)


def _hash_prompts(folder: Path) -> str:
    """Return the SHA-256 of the names and the contents of a folder's prompts."""
    files = sorted(folder.glob("*/*.txt"))
    contents = [(file.relative_to(folder).as_posix(), file.read_bytes()) for file in files]
    return hashlib.sha256(repr(contents).encode()).hexdigest()


def check_question(question: str) -> str:
    """Return the question as text that can be stored; raises QuestionError if it is empty."""
    question = repair_text(question).strip()
    if not question:
        raise QuestionError("the question is empty: ask something")
    return question


def _raise_scores(hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """Raise the scores of hits: the question names their file."""
    factor = max(1.0, _NAMED_SCORE / max(hits[0].score, _LEAST_SCORE))
    return tuple(replace(hit, score=hit.score * factor) for hit in hits)


def _answer_directly(question: str, direct: Gathered) -> Answer:
    """Return the answer to a question about the collection, which asked no LLM."""
    quotes = direct.quotes
    return Answer(
        question, quotes.outcome, quotes.sentences, quotes.citations, quotes.hits, model=NO_LLM, reply=direct.reply
    )


def get_answer(events: Iterable[object]) -> Answer:
    """Return the answer that a stream of events ends with."""
    return next(event.answer for event in events if isinstance(event, Answered))


def make_turn(answer: Answer) -> list[Message]:
    """Return the messages that an answer adds to a conversation: the question as it was understood, and the quotes."""
    text = " ".join(sentence.text for sentence in answer.sentences)
    return [Message("user", answer.rewritten or answer.question), Message("assistant", text)]


class Chat:
    """A conversation: `history` keeps the messages so far, and a follow-up is understood from them."""

    def __init__(self, assistant: Assistant) -> None:
        self.history: list[Message] = []
        self._assistant = assistant

    def ask(self, question: str, *, where: Where | None = None) -> Answer:
        """Return the answer to a question or follow-up; raises as `Assistant.stream` does."""
        return get_answer(self.stream(question, where=where))

    def stream(self, question: str, *, where: Where | None = None) -> Iterator[Event]:
        """Yield the events that `Assistant.stream` yields."""
        for event in self._assistant.stream(question, where=where, history=self.history):
            if isinstance(event, Answered):
                self.history += make_turn(event.answer)
            yield event


@dataclass(frozen=True)
class _Asked:
    """A question as the user typed it and as it is understood, and the hits to answer it from.

    `search` finds other hits; None: the caller gave the hits, and no others may be quoted.
    """

    question: str
    query: Query
    hits: tuple[Hit, ...]
    search: Search | None

    @property
    def rewritten(self) -> str | None:
        """The question as it is understood; None if it was not changed."""
        return self.query.text if self.query.text != self.question else None

    @cached_property
    def names_file(self) -> bool:
        """Whether the question names the file that all hits are of."""
        name = self.query.file_name
        return name is not None and all(name.lower() in hit.chunk.source.lower() for hit in self.hits)

    @cached_property
    def wanted(self) -> Query:
        """The question as the passages are to answer it: without the name of their file."""
        return self.query.without_file_name if self.names_file else self.query


class _Finding(NamedTuple):
    """The quotes for a question, and the reply above them; the LLM's confidence, and the tokens it read and wrote."""

    quotes: Quotes
    reply: tuple[Sentence, ...] = ()
    confidence: float | None = None
    prompt_tokens: int = 0
    answer_tokens: int = 0


class _Clock:
    """Sums up the wall time of steps that follow one another, in seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def stop(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step] = self.seconds.get(step, 0.0) + now - self._last
        self._last = now
