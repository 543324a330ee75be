"""Shows answers, passages, documents and lists as text."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from rag.types import Answer, Chunk, Citation, Span

# Nearest documents to name in a refusal.
_NEAREST = 2
# The signs with a meaning in a line of Markdown, with its extensions for links.
_MARKUP = re.compile(r"[!#$&()*+./:<=>@\[\\\]^_`{|}~-]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_NOT_ASCII = re.compile(r"[^\n -~]")


def format_answer(answer: Answer) -> str:
    """Return an answer as text: the reply, its sources with the quoted words, and the seconds of each step.

    The sentences that the reply does not use, such as readers' words, follow below it; without a reply, all sentences.
    """
    parts = [" ".join(sentence.marked for sentence in answer.reply), _format_evidence(answer)]
    if answer.outcome == "unconfirmed":
        parts.append("Not confirmed: only readers' comments say so.")
    if answer.note:
        parts.append(answer.note)
    if answer.outcome == "not_found" and answer.hits:
        nearest = dict.fromkeys(describe_source(hit.chunk) for hit in answer.hits)
        parts.append("Nearest, but not an answer\n" + "\n".join(f"  - {line}" for line in list(nearest)[:_NEAREST]))
    if answer.citations:
        parts.append("Sources\n" + "\n".join(_format_citations(answer.citations)))
    steps = " · ".join(f"{step} {seconds:.1f} s" for step, seconds in answer.seconds.items())
    parts.append(f"{answer.model} · {answer.prompt_tokens} + {answer.answer_tokens} tokens · {steps}")
    return show_text("\n\n".join(filter(None, parts)))


def _format_evidence(answer: Answer) -> str:
    """Return the sentences that the reply does not use; the sources have the quotes of the others."""
    covered = {number for sentence in answer.reply for number in sentence.citations}
    rest = [sentence.marked for sentence in answer.sentences if not covered.issuperset(sentence.citations)]
    return " ".join(rest) if answer.reply else answer.answer


def _format_citations(citations: Sequence[Citation]) -> Iterator[str]:
    for number, group in groupby(citations, key=lambda citation: citation.number):
        same = list(group)
        yield f"[{number}] {describe_source(same[0])}"
        yield from (f"    “{' '.join(citation.quote.split())}”" for citation in same)


def describe_source(source: Citation | Chunk) -> str:
    """Return the voice, the document and its path: "Article · Title · Outlet · 2012-10-04 · a.txt"."""
    return show_line(*describe_voice(source), show_path(source.source))


def describe_voice(source: Citation | Chunk) -> list[str]:
    """Return the voice, the title, the place and the date: ["Article", "Title", "p. 3", "2012-10-04"]."""
    is_comment = source.voice == "comment"
    parts = [
        "Reader's comment" if is_comment else "Article",
        f"by {source.author}" if is_comment and source.author else None,
        f"to {source.reply_to}" if source.reply_to else None,
        source.title,
        source.heading,
        f"p. {source.page}" if source.page else None,
        None if source.ocr is None else "read from a scan",
        source.outlet,
        source.date,
    ]
    return [part for part in parts if part]


def join_first(items: Sequence[str], most: int, *, separator: str = ", ") -> str:
    """Return the first items, and the number of the others: "Ann, Ben and 3 more"."""
    first = separator.join(items[:most])
    left = len(items) - most
    return f"{first} and {left:,} more" if left > 0 else first


class Part(NamedTuple):
    """A stretch of a text; `is_marked` if it is in one of the spans that are marked."""

    text: str
    is_marked: bool


def mark_spans(text: str, spans: Iterable[Span]) -> list[Part]:
    """Return a text in parts, with the spans marked; leave out spans outside the text."""
    parts, done = [], 0
    for start, end in sorted(spans):
        begin, stop = max(start, done), min(end, len(text))
        if begin < stop:
            parts += [Part(text[done:begin], is_marked=False), Part(text[begin:stop], is_marked=True)]
            done = stop
    parts.append(Part(text[done:], is_marked=False))
    return [part for part in parts if part.text]


def show_path(source: str) -> str:
    """Return a path relative to this folder, if it is inside."""
    path = Path(source)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def show_text(text: str) -> str:
    """Return lines without control characters, because documents may contain terminal codes."""
    return _CONTROL.sub("", text)


def escape_markdown(text: str) -> str:
    """Return a text on one line, with all Markdown and HTML escaped."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(show_text(text).split()))


def show_line(*parts: str) -> str:
    """Return the parts on one line; replace line ends and terminal codes in names."""
    return "".join(character if character.isprintable() else "?" for character in " · ".join(parts))


def show_json(value: object) -> str:
    """Return a value as JSON, with escapes for characters that a terminal does not print."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _NOT_ASCII.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text)
