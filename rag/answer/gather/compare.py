"""Answers a question that compares two things by joining one answer about each."""

from collections.abc import Sequence
from typing import NamedTuple

from rag.answer.gather.request import Gathered, Request
from rag.answer.gather.select import select_sentences
from rag.answer.prompt import label_chunk
from rag.answer.quote.cite import HitSpan, Quotes, cite_spans
from rag.language import QUESTION_MARKS
from rag.text import content_words
from rag.types import Hit, Sentence

# The note of an answer to a comparison in general.
COMPARED = "Pieced together from what the documents say of each."

# A comparison in general quotes at most this many sentences about each thing.
_MOST_OF_SIDE = 3
_PUNCTUATION = ".,;:!?"
# A thing is named in a passage that has at least half of its words.
_NAMED = 0.5
_QUESTION_MARKS = "".join(QUESTION_MARKS)


class PartAnswer(NamedTuple):
    """The answer to a question about one of two things: quotes and a reply, which may be empty."""

    question: str
    quotes: Quotes
    reply: Sequence[Sentence] = ()

    @property
    def text(self) -> str:
        """The text of the reply."""
        return " ".join(sentence.text for sentence in self.reply)


def compare_in_general(request: Request) -> Gathered | None:
    """Return the documents' sentences about each of two things, if the question asks for no property of them."""
    comparison = request.question.comparison
    if not comparison or not comparison.is_general:
        return None
    parts = []
    for side in comparison.sides:
        hits = request.search(side.name)
        spans = select_sentences(hits, naming=side.words, most=_MOST_OF_SIDE)
        parts.append(PartAnswer(side.name, cite_spans(spans, hits)))
    joined = join_quotes(parts)
    return Gathered(joined._replace(note=joined.note or COMPARED))


def join_quotes(parts: Sequence[PartAnswer]) -> Quotes:
    """Return the quotes of several answers as one; the note names the questions without an answer, if not all."""
    hits: list[Hit] = []
    spans: dict[tuple[int, int], HitSpan] = {}  # each sentence once
    lines: list[str] = []
    for question, quotes, _ in parts:
        hits += quotes.hits
        spans |= {(span.hit.chunk.id, span.start): span for span in quotes.spans}
        if not quotes.citations:
            lines.append(f"The documents do not say: {question}")
    note = " ".join(lines) if 0 < len(lines) < len(parts) else None
    return cite_spans([*spans.values()], hits)._replace(note=note)


def join_replies(parts: Sequence[PartAnswer], joined: Quotes) -> tuple[Sentence, ...]:
    """Return the replies of two answers, each after the thing that it is about: "Aller: 74 metres. Bern: 84 metres."

    They cite the joined quotes. Both have to differ, and each has to be from passages that name its thing: otherwise
    both are mostly about one thing.
    """
    one, other = parts
    if one.text == other.text or not _is_about_its_own(one, other) or not _is_about_its_own(other, one):
        return ()
    return _label_reply(one, other, joined), _label_reply(other, one, joined)


def _label_reply(part: PartAnswer, other: PartAnswer, joined: Quotes) -> Sentence:
    """Return the reply of a part after the name of its thing, citing the joined quotes."""
    numbers = {hit.chunk.id: hit.rank for hit in joined.hits}
    cited = dict.fromkeys(numbers[hit.chunk.id] for hit in part.quotes.cited_hits)
    name = _name_thing(part.question, other.question)
    return Sentence(f"{name}: {part.text.rstrip('.')}.", tuple(cited))


def _name_thing(question: str, other: str) -> str:
    """Return the words of a question from the first to the last that another one does not have."""
    words, others = question.rstrip(_QUESTION_MARKS).split(), other.rstrip(_QUESTION_MARKS).split()
    own = [place for place, word in enumerate(words) if word not in others]
    name = " ".join(words[own[0] : own[-1] + 1]).strip(_PUNCTUATION)
    return name[:1].upper() + name[1:]


def _is_about_its_own(part: PartAnswer, other: PartAnswer) -> bool:
    """Return whether there is a reply, and the passages that it is from name the thing that only this part is about."""
    words = content_words(part.question) - content_words(other.question)
    passages = [f"{label_chunk(hit.chunk)} {hit.chunk.text}" for hit in part.quotes.cited_hits]
    said = content_words(" ".join(passages))
    return part.text != "" and len(words & said) >= _NAMED * len(words)
