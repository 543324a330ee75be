"""The records that the parts exchange; character offsets are half-open, `[start, end)`."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from rag.language import SENTENCE_ENDS

# A stretch of a text: the offsets of its first character, and after its last one.
Span = tuple[int, int]
# A text is the document's own, or a reader's comment on it.
Voice = Literal["article", "comment"]
# "auto" reads pages without text by OCR, "always" reads all pages.
OcrMode = Literal["auto", "never", "always"]
# "unconfirmed": only comments state the answer. "not_found": the documents do not state it. "aside": the question is a
# greeting, or about the collection.
Outcome = Literal["answered", "unconfirmed", "not_found", "aside"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The origin of words in a document: their voice, author and date, and the place where they are.

    `heading` is the path of headings, from the widest ("Terms › Refunds"). `page` counts from 1; text that continues on
    the next page belongs to its first page. `reply_to` names the person whom a comment answers. `ocr` is the mean
    confidence of OCR, in per cent, if the words were read from a scan or picture.
    """

    voice: Voice
    author: str | None = None
    date: str | None = None
    heading: str | None = None
    page: int | None = None
    reply_to: str | None = None
    ocr: int | None = None

    def get_origin(self) -> dict[str, Any]:
        """Return the fields of `Origin` by their names, without the fields that a class adds."""
        return {name: getattr(self, name) for name in ORIGIN_FIELDS}


ORIGIN_FIELDS = tuple(field.name for field in fields(Origin))


@dataclass(frozen=True, slots=True)
class Section(Origin):
    """A stretch of a document with one voice, below one heading, on one page."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """A file's text, its metadata and its sections; `date` is ISO 8601 if it could be read.

    `title` is empty if the file has none. `metadata` are names and values from the user, or from a file's front matter.
    """

    source: str
    text: str
    title: str
    sections: tuple[Section, ...]
    outlet: str | None = None
    author: str | None = None
    date: str | None = None
    metadata: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Chunk(Origin):
    """A stored slice of a document: `text` equals the document's text `[start:end)`; `metadata` is the document's."""

    id: int
    document_id: int
    source: str
    title: str
    outlet: str | None
    start: int
    end: int
    text: str
    metadata: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter for the search: a chunk must match every field that is given.

    `outlet`, `author` and the values of `metadata` match in any case. `source` is a part of the source, and `date` the
    beginning of the date ("2012-10").
    """

    outlet: str | None = None
    author: str | None = None
    voice: Voice | None = None
    source: str | None = None
    date: str | None = None
    metadata: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of a hit, `[start, end)` in the document, and its share of the question's words, 0 to 1.

    Rare words weigh more.
    """

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that a search found, and the sentences in it that share words with the question.

    `score` is how well the chunk fits, by `Index.search`; the confidence of an answer is estimated from it. `bonus` is
    what the comparison word by word adds, which only orders the hits. `rank` is the place in that order, from 1.
    """

    chunk: Chunk
    score: float
    rank: int
    evidence: tuple[Evidence, ...] = ()
    bonus: float = 0.0

    @property
    def relevance(self) -> float:
        """The score with the bonus: the most relevant hit comes first, unless a reranker orders the hits."""
        return self.score + self.bonus


@dataclass(frozen=True, slots=True)
class Citation(Origin):
    """A hit that the answer uses: its number `[n]`, and the exact words `[start:end)` that support one sentence.

    Sentences that use different words of the same hit have a citation each, with the same number.
    """

    number: int
    document_id: int
    chunk_id: int
    source: str
    title: str
    outlet: str | None
    quote: str
    start: int
    end: int
    metadata: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer, without its marks, and the numbers of its passages."""

    text: str
    citations: tuple[int, ...]

    @property
    def marked(self) -> str:
        """The sentence with the numbers of its passages before its full stop: "It cost nine million euros [1]."."""
        if not self.citations:
            return self.text
        marks = "".join(f"[{n}]" for n in self.citations)
        if self.text.endswith(SENTENCE_ENDS):
            return f"{self.text[:-1]} {marks}{self.text[-1]}"
        return f"{self.text} {marks}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A question with its answer and the evidence; `seconds` maps each step to its wall time.

    `sentences` are the evidence: the documents' own words, to the letter. `reply` is the short answer; each of its
    sentences has the numbers of the passages that support it. Without a reply the evidence stands alone. `confidence`
    is the estimated probability, 0 to 1, that the passages answer the question; None: not estimated. `rewritten` is a
    follow-up question, made complete; None if it was not changed. `note` is a remark for the user, or None.
    """

    question: str
    outcome: Outcome
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    model: str
    prompt_tokens: int = 0
    answer_tokens: int = 0
    confidence: float | None = None
    rewritten: str | None = None
    note: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    reply: tuple[Sentence, ...] = ()

    @property
    def text(self) -> str:
        """The reply, or the quotes if there is no reply, with the numbers of their passages."""
        return " ".join(sentence.marked for sentence in self.reply or self.sentences)

    @property
    def answer(self) -> str:
        """The evidence with the numbers of its passages."""
        return " ".join(sentence.marked for sentence in self.sentences)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain data: its fields, `text` and `answer`."""
        return asdict(self) | {"text": self.text, "answer": self.answer}


@dataclass(frozen=True, slots=True)
class Retrieved:
    """An event of `Assistant.stream`: the hits for the answer, with the evidence in them."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Drafted:
    """An event of `Assistant.stream`: the next piece of what the LLM writes; nothing has checked it yet."""

    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The last event of `Assistant.stream`: the checked answer."""

    answer: Answer


# The events of a streamed answer, in this order; a comparison has several of the first two.
Event = Retrieved | Drafted | Answered
