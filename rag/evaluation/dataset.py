"""Reads a data set: documents, and questions with the answers that are accepted."""

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from rag.documents.find import QUESTIONS_FILE, find_files
from rag.documents.read import make_document, read_document
from rag.errors import DatasetError
from rag.files import write_file
from rag.index.sqlite import SqliteCatalog, is_index
from rag.llm.base import Message
from rag.types import Document, Filter, Outcome, Voice

CORPUS_FILE, PASSAGES_FILE = "corpus.jsonl", "passages.jsonl"
_SHOWN_PROBLEMS = 5


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and what is wanted of its answer; `answers` holds the accepted texts, none if it is unanswerable.

    `outcome` and `voice` are what the answer should have, where that was laid down; `source_passage_id` is the passage
    that an unanswerable question was written against; `history` holds the earlier turns, oldest first; `only` filters
    what is searched.
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
    """A stretch `[start, end)` of a document that questions name as their source."""

    id: str
    doc_id: str
    start: int
    end: int


class Dataset(NamedTuple):
    """Documents, by id as their `source`, and questions about them; `sha256` is of all that was read."""

    name: str
    documents: tuple[Document, ...]
    questions: tuple[Question, ...]
    passages: dict[str, Passage]
    sha256: str


@dataclass(frozen=True, slots=True)
class _Record:
    id: str
    text: str
    title: str | None = None
    source: str | None = None
    outlet: str | None = None
    author: str | None = None
    date: str | None = None
    url: str | None = None
    voice: Voice | None = None


_T = TypeVar("_T", Question, Passage, _Record)


class _Problems(list[str]):
    """Collects what is wrong, to be told at once."""

    def add(self, path: Path, line: int, text: str) -> None:
        self.append(f"{path.name} line {line}: {text}")

    def stop(self, folder: Path) -> None:
        if self:
            more = f"; and {len(self) - _SHOWN_PROBLEMS} more" if len(self) > _SHOWN_PROBLEMS else ""
            raise DatasetError(f"cannot use {folder}: {'; '.join(self[:_SHOWN_PROBLEMS])}{more}; mend the lines")


def load_dataset(folder: str | Path, *, questions: str | Path | None = None) -> Dataset:
    """Return the data set in a folder: `questions.jsonl` (or `questions`), and `corpus.jsonl` or documents as files.

    The folder of an index is one too, of the documents in it. The id of a document in a file is its path in the folder,
    in an index its source. `passages.jsonl` says where `gold_passage_ids` lie; without it they are not used. Raises
    DatasetError with the number of each line that is malformed, repeats an id, or names a document or passage that is
    not there.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DatasetError(f"no data set at {folder}: name a folder with {QUESTIONS_FILE}")
    problems = _Problems()
    documents = _load_documents(folder, problems)
    sources = {document.source: document for document in documents}
    passages = {}
    if (folder / PASSAGES_FILE).is_file():
        for line, passage in _read_lines(folder / PASSAGES_FILE, Passage, problems):
            passages[passage.id] = passage
            document = sources.get(passage.doc_id)
            if not document:
                problems.add(folder / PASSAGES_FILE, line, f"unknown doc_id {passage.doc_id!r}")
            elif not 0 <= passage.start < passage.end <= len(document.text):
                problems.add(folder / PASSAGES_FILE, line, f"[{passage.start}, {passage.end}) is not in the document")
    path = Path(questions) if questions else folder / QUESTIONS_FILE
    asked = []
    for line, question in _read_lines(path, Question, problems):
        asked.append(question)
        for problem in _find_problems(question, sources, passages):
            problems.add(path, line, problem)
    if not problems and not asked:
        problems.append(f"{path.name} has no questions")
    problems.stop(folder)
    content = repr((documents, asked, passages)).encode()
    return Dataset(folder.resolve().name, documents, tuple(asked), passages, hashlib.sha256(content).hexdigest())


def add_question(folder: Path, question: Question) -> Path:
    """Write a question into the data set in `folder`, in the place of one with its id; return the file.

    Raises DatasetError if the file cannot be written.
    """
    path = folder / QUESTIONS_FILE
    known = {field.name: field.default for field in fields(Question)}
    record = {name: value for name, value in asdict(question).items() if value != known[name]}
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        kept = [line for line in lines if json.loads(line)["id"] != question.id]
        write_file(path, "\n".join([*kept, json.dumps(record, ensure_ascii=False)]) + "\n")
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise DatasetError(f"cannot add to {path}: {exc}; mend the file") from exc
    return path


def sample_questions(questions: Sequence[Question], limit: int, *, seed: int) -> tuple[Question, ...]:
    """Return at most `limit` questions, in their order, each type with its share (largest remainders)."""
    if limit >= len(questions):
        return tuple(questions)
    by_type: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for position, question in enumerate(questions):
        by_type[question.type, question.answerable].append(position)
    shares = {key: limit * len(positions) / len(questions) for key, positions in by_type.items()}
    counts = {key: int(share) for key, share in shares.items()}
    for key in sorted(shares, key=lambda key: counts[key] - shares[key])[: limit - sum(counts.values())]:
        counts[key] += 1
    chosen = random.Random(seed)  # noqa: S311  # a sample, not a secret
    kept = {p for key, positions in by_type.items() for p in chosen.sample(positions, counts[key])}
    return tuple(question for position, question in enumerate(questions) if position in kept)


def _load_documents(folder: Path, problems: _Problems) -> tuple[Document, ...]:
    if is_index(folder):
        with closing(SqliteCatalog(folder)) as catalog, catalog.snapshot():
            return tuple(catalog.list_documents())
    if not (folder / CORPUS_FILE).is_file():
        files = find_files([folder]).files
        return tuple(replace(read_document(f), source=f.relative_to(folder.resolve()).as_posix()) for f in files)
    documents = []
    for line, record in _read_lines(folder / CORPUS_FILE, _Record, problems):
        if not record.text.strip():
            problems.add(folder / CORPUS_FILE, line, "text is empty")
            continue
        documents.append(
            make_document(
                record.id,
                record.text,
                title=record.title,
                outlet=record.outlet,
                author=record.author,
                date=record.date,
                voice=record.voice,
            )
        )
    return tuple(documents)


def _find_problems(question: Question, sources: dict[str, Document], passages: dict[str, Passage]) -> Iterator[str]:
    if not question.question.strip():
        yield "question is empty"
    if question.answerable and not (question.answers or question.reference_response):
        yield "answerable, but neither answers nor reference_response"
    if not question.answerable and question.answers:
        yield "not answerable, but has answers"
    for doc_id in question.gold_doc_ids:
        if doc_id not in sources:
            yield f"unknown gold_doc_ids {doc_id!r}"
    for passage_id in question.gold_passage_ids if passages else ():
        if passage_id not in passages:
            yield f"unknown gold_passage_ids {passage_id!r}"


def _read_lines(path: Path, record: type[_T], problems: _Problems) -> Iterator[tuple[int, _T]]:
    """Yield the line number and the record of each line that has one, and note the others, and ids that come again."""
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
            # `strict`: a string is no truth value, a number no text.
            found = adapter.validate_json(line, strict=True)
        except ValidationError as exc:
            problems.add(path, number, _describe(exc.errors()[0]))
            continue
        if found.id in seen:
            problems.add(path, number, f"id {found.id!r} was in line {seen[found.id]} already")
        seen.setdefault(found.id, number)
        yield number, found


def _describe(error: Any) -> str:
    where = ".".join(map(str, error["loc"]))
    return f"{where}: {error['msg']}" if where else str(error["msg"])


def convert_squad2(file: Path, folder: Path) -> Dataset:
    """Write a data set from the official SQuAD 2.0 file, one document an article, and return it.

    A paragraph is a passage. Raises DatasetError if the file is not SQuAD 2.0 or the folder holds a data set.
    """
    if (folder / QUESTIONS_FILE).exists():
        raise DatasetError(f"{folder} holds a data set already: name another folder with --out")
    try:
        articles = json.loads(file.read_bytes())["data"]
        corpus, passages, questions = [], [], []
        for article in articles:
            doc_id = article["title"]
            texts = [paragraph["context"] for paragraph in article["paragraphs"]]
            corpus.append({"id": doc_id, "title": doc_id.replace("_", " "), "text": "\n\n".join(texts)})
            start = 0
            for number, paragraph in enumerate(article["paragraphs"]):
                passage_id = f"{doc_id}#{number}"
                end = start + len(paragraph["context"])
                passages.append({"id": passage_id, "doc_id": doc_id, "start": start, "end": end})
                start = end + len("\n\n")
                questions += [_convert_question(qa, doc_id, passage_id) for qa in paragraph["qas"]]
    except OSError as exc:
        raise DatasetError(f"cannot read {file}: {exc.strerror}") from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise DatasetError(f"cannot read {file}: not a SQuAD 2.0 file ({type(exc).__name__}: {exc})") from exc
    folder.mkdir(parents=True, exist_ok=True)
    for name, records in ((CORPUS_FILE, corpus), (PASSAGES_FILE, passages), (QUESTIONS_FILE, questions)):
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        (folder / name).write_text(lines, encoding="utf-8")
    return load_dataset(folder)


def _convert_question(qa: dict[str, Any], doc_id: str, passage_id: str) -> dict[str, Any]:
    answerable = not qa["is_impossible"]
    return {
        "id": qa["id"],
        "question": qa["question"].strip(),
        "answers": list(dict.fromkeys(answer["text"] for answer in qa["answers"])) if answerable else [],
        "answerable": answerable,
        "gold_doc_ids": [doc_id] if answerable else [],
        "gold_passage_ids": [passage_id] if answerable else [],
        "source_passage_id": passage_id,
        "type": "extractive_span" if answerable else "unanswerable",
    }
