"""Reads data sets: documents, and questions with their accepted answers."""

import hashlib
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from rag.documents.find import QUESTIONS_FILE, find_files
from rag.documents.read import make_document, read_document
from rag.errors import DatasetError
from rag.files import write_file
from rag.formatting import join_first
from rag.index import read_documents
from rag.index.folder import is_index
from rag.llm.base import Message
from rag.types import Document, Filter, Outcome, Voice

CORPUS_FILE, PASSAGES_FILE = "corpus.jsonl", "passages.jsonl"
_SHOWN_PROBLEMS = 5


@dataclass(frozen=True, slots=True)
class Question:
    """A question and its expected answer; `answers` holds the accepted texts, none if it is unanswerable.

    `outcome` and `voice` are what the answer should have, or None. `source_passage_id` names the passage for
    which an unanswerable question was written. `history` holds the earlier turns, oldest first. `only` filters the
    search.
    """

    id: str
    question: str
    answerable: bool
    answers: tuple[str, ...] = ()
    gold_doc_ids: tuple[str, ...] = ()
    type: str = ""
    gold_passage_ids: tuple[str, ...] = ()
    source_passage_id: str | None = None
    reference_response: str | None = None
    history: tuple[Message, ...] = ()
    outcome: Outcome | None = None
    voice: Voice | None = None
    only: Filter | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch `[start, end)` of a document; questions name it as their source."""

    id: str
    doc_id: str
    start: int
    end: int


class Dataset(NamedTuple):
    """Documents, with their ids as `source`, and questions about them; `sha256` is of all content."""

    name: str
    documents: tuple[Document, ...]
    questions: tuple[Question, ...]
    passages: dict[str, Passage]
    sha256: str


@dataclass(frozen=True, slots=True)
class _Record:
    """A line of `corpus.jsonl`; its other fields, such as `url`, are not read."""

    id: str
    text: str
    title: str | None = None
    outlet: str | None = None
    author: str | None = None
    date: str | None = None
    voice: Voice | None = None


_T = TypeVar("_T", Question, Passage, _Record)


class _Problems(list[str]):
    """Collects the problems of a data set's files, so that one error can list them."""

    def add(self, path: Path, line: int, text: str) -> None:
        self.append(f"{path.name} line {line}: {text}")

    def stop(self, folder: Path) -> None:
        """Raise DatasetError if there is a problem."""
        if self:
            problems = join_first(self, _SHOWN_PROBLEMS, separator="; ")
            raise DatasetError(f"cannot use {folder}: {problems}; mend the lines")


def load_dataset(folder: str | Path, *, questions: str | Path | None = None) -> Dataset:
    """Return the data set in a folder: `questions.jsonl` (or `questions`), and `corpus.jsonl` or documents as files.

    An index's folder is a data set of the index's documents. The id of a document is its path in the folder, or its
    source in an index. `passages.jsonl` says where `gold_passage_ids` are; without the file they are ignored. Raises
    DatasetError with the number of each line that is malformed, repeats an id, or names an unknown document or passage.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DatasetError(f"no data set at {folder}: name a folder with {QUESTIONS_FILE}")
    problems = _Problems()
    documents = _load_documents(folder, problems)
    texts = list_texts(documents)
    passages = _load_passages(folder / PASSAGES_FILE, texts, problems)
    path = Path(questions) if questions else folder / QUESTIONS_FILE
    asked = []
    for line, question in _read_lines(path, Question, problems):
        asked.append(question)
        for problem in _find_problems(question, texts, passages):
            problems.add(path, line, problem)
    if not problems and not asked:
        problems.append(f"{path.name} has no questions")
    problems.stop(folder)
    content = repr((documents, asked, passages)).encode()
    return Dataset(folder.resolve().name, documents, tuple(asked), passages, hashlib.sha256(content).hexdigest())


def list_texts(documents: Iterable[Document]) -> dict[str, str]:
    """Return the texts of documents by their ids."""
    return {document.source: document.text for document in documents}


def make_passages(doc_ids: Iterable[str]) -> dict[str, Passage]:
    """Return documents as passages from start to end, by the documents' ids."""
    return {name: Passage(name, name, 0, sys.maxsize) for name in doc_ids}


def find_passages(names: Iterable[str], passages: Mapping[str, Passage]) -> dict[str, Passage]:
    """Return the passages with these ids, without unknown ones."""
    return {name: passages[name] for name in names if name in passages}


def _load_passages(path: Path, texts: Mapping[str, str], problems: _Problems) -> dict[str, Passage]:
    passages: dict[str, Passage] = {}
    if not path.is_file():
        return passages
    for line, passage in _read_lines(path, Passage, problems):
        passages[passage.id] = passage
        text = texts.get(passage.doc_id)
        if text is None:
            problems.add(path, line, f"unknown doc_id {passage.doc_id!r}")
        elif not 0 <= passage.start < passage.end <= len(text):
            problems.add(path, line, f"[{passage.start}, {passage.end}) is not in the document")
    return passages


def add_question(folder: Path, question: Question) -> Path:
    """Write a question into the data set in `folder`, replacing the one with its id; return the file.

    Raises DatasetError if the file cannot be written.
    """
    path = folder / QUESTIONS_FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        others = [line for line in lines if json.loads(line)["id"] != question.id]
        write_file(path, "\n".join([*others, *_format_lines(Question, [question])]) + "\n")
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise DatasetError(f"cannot add to {path}: {exc}; mend the file") from exc
    return path


def sample_questions(questions: Sequence[Question], limit: int | None, *, seed: int) -> tuple[Question, ...]:
    """Return at most `limit` questions, in their order; each type keeps its share (by largest remainders).

    None returns all of them.
    """
    if limit is None or limit >= len(questions):
        return tuple(questions)
    by_type: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for position, question in enumerate(questions):
        by_type[question.type, question.answerable].append(position)
    shares = {key: limit * len(positions) / len(questions) for key, positions in by_type.items()}
    counts = Counter({key: int(share) for key, share in shares.items()})
    counts.update(sorted(shares, key=lambda key: counts[key] - shares[key])[: limit - counts.total()])
    chosen = random.Random(seed)  # noqa: S311  # a sample, not a secret
    sampled = chain.from_iterable(chosen.sample(positions, counts[key]) for key, positions in by_type.items())
    return tuple(questions[position] for position in sorted(sampled))


def _load_documents(folder: Path, problems: _Problems) -> tuple[Document, ...]:
    if is_index(folder):
        return tuple(read_documents(folder))
    if (folder / CORPUS_FILE).is_file():
        return tuple(_load_corpus(folder / CORPUS_FILE, problems))
    files = find_files([folder]).files
    root = folder.resolve()
    return tuple(replace(read_document(file), source=file.relative_to(root).as_posix()) for file in files)


def _load_corpus(path: Path, problems: _Problems) -> Iterator[Document]:
    for line, record in _read_lines(path, _Record, problems):
        if not record.text.strip():
            problems.add(path, line, "text is empty")
            continue
        known: dict[str, Any] = {name: getattr(record, name) for name in ("title", "outlet", "author", "date", "voice")}
        yield make_document(record.id, record.text, **known)


def _find_problems(question: Question, texts: Mapping[str, str], passages: Mapping[str, Passage]) -> Iterator[str]:
    if not question.question.strip():
        yield "question is empty"
    if question.answerable and not any([question.answers, question.reference_response]):
        yield "answerable, but neither answers nor reference_response"
    if question.answers and not question.answerable:
        yield "not answerable, but has answers"
    yield from _find_unknown("gold_doc_ids", question.gold_doc_ids, texts)
    if passages:
        yield from _find_unknown("gold_passage_ids", question.gold_passage_ids, passages)


def _find_unknown(field: str, names: Iterable[str], known: Container[str]) -> Iterator[str]:
    for name in names:
        if name not in known:
            yield f"unknown {field} {name!r}"


def _read_lines(path: Path, record: type[_T], problems: _Problems) -> Iterator[tuple[int, _T]]:
    """Yield the number and the record of each line; note malformed lines and repeated ids as problems."""
    adapter = TypeAdapter(record)
    seen: dict[str, int] = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError as exc:
        raise DatasetError(f"cannot read {path}: {exc.strerror}") from exc
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            # With `strict`, a string does not pass as a truth value, nor a number as text.
            entry = adapter.validate_json(line, strict=True)
        except ValidationError as exc:
            problems.add(path, number, _describe(exc.errors()[0]))
            continue
        if entry.id in seen:
            problems.add(path, number, f"id {entry.id!r} was in line {seen[entry.id]} already")
        seen.setdefault(entry.id, number)
        yield number, entry


def _describe(error: Any) -> str:
    where = ".".join(map(str, error["loc"]))
    return f"{where}: {error['msg']}" if where else str(error["msg"])


def convert_squad2(file: Path, folder: Path) -> Dataset:
    """Write a data set from the official SQuAD 2.0 file, one document for each article, and return it.

    A paragraph is a passage. Raises DatasetError if the file is not SQuAD 2.0 or the folder holds a data set.
    """
    if (folder / QUESTIONS_FILE).exists():
        raise DatasetError(f"{folder} holds a data set already: name another folder with --out")
    documents: list[_Record] = []
    passages: list[Passage] = []
    questions: list[Question] = []
    try:
        for article in json.loads(file.read_bytes())["data"]:
            name, text = article["title"], ""
            for number, paragraph in enumerate(article["paragraphs"]):
                start = len(text)
                text += paragraph["context"]
                passages.append(Passage(f"{name}#{number}", name, start, len(text)))
                text += "\n\n"
                questions += [_convert_question(qa, passages[-1]) for qa in paragraph["qas"]]
            documents.append(_Record(name, text.removesuffix("\n\n"), title=name.replace("_", " ")))
    except OSError as exc:
        raise DatasetError(f"cannot read {file}: {exc.strerror}") from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise DatasetError(f"cannot read {file}: not a SQuAD 2.0 file ({type(exc).__name__}: {exc})") from exc
    folder.mkdir(parents=True, exist_ok=True)
    _write_lines(folder / CORPUS_FILE, _Record, documents)
    _write_lines(folder / PASSAGES_FILE, Passage, passages)
    _write_lines(folder / QUESTIONS_FILE, Question, questions)
    return load_dataset(folder)


def _convert_question(qa: dict[str, Any], passage: Passage) -> Question:
    """Return a question of SQuAD that was written for a passage."""
    question = Question(
        qa["id"], qa["question"].strip(), answerable=False, type="unanswerable", source_passage_id=passage.id
    )
    if qa["is_impossible"]:
        return question
    return replace(
        question,
        answerable=True,
        answers=tuple(dict.fromkeys(answer["text"] for answer in qa["answers"])),
        gold_doc_ids=(passage.doc_id,),
        gold_passage_ids=(passage.id,),
        type="extractive_span",
    )


def _write_lines(path: Path, kind: type[_T], records: Iterable[_T]) -> None:
    path.write_text("".join(f"{line}\n" for line in _format_lines(kind, records)), encoding="utf-8")


def _format_lines(kind: type[_T], records: Iterable[_T]) -> list[str]:
    """Return records of one kind as lines of JSON, without the fields that have their usual value."""
    adapter = TypeAdapter(kind)
    values = [adapter.dump_python(record, mode="json", exclude_defaults=True) for record in records]
    return [json.dumps(value, ensure_ascii=False) for value in values]
