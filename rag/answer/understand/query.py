"""A question, and what its words say about the answer that it wants."""

import re
from dataclasses import dataclass
from functools import cached_property

from rag.answer.signs import ASKS, ASKS_ABOUT_ALL, ASKS_TWO, AUXILIARY, PAGE, PART
from rag.answer.understand.comparison import Comparison, find_comparison
from rag.answer.understand.kinds import FACT, KINDS, REASON, SUMMARY, Kind
from rag.answer.understand.restate import find_file_name, forget_file_name
from rag.language import QUESTION_MARKS
from rag.text import content_words, count_words

# A bare topic has no more words than this.
_TOPIC_WORDS = 2
# A phrase has no more words than this, and no question word.
_PHRASE_WORDS = 8
_CLAUSE = re.compile(r"(?<=[.!?,;:])\s+")
_YES_NO = re.compile(rf"\W*{AUXILIARY}\b", re.IGNORECASE)
_PART = re.compile(PART, re.IGNORECASE)
_PAGE = re.compile(PAGE, re.IGNORECASE)


@dataclass(frozen=True)
class Query:
    """A question in its full wording; the properties follow from the words alone."""

    text: str

    @cached_property
    def words(self) -> set[str]:
        """The words that do more than join others."""
        return content_words(self.text)

    @cached_property
    def kind(self) -> Kind:
        """The kind of answer that the question wants; the bare name of something wants a summary."""
        for kind in KINDS:
            if kind.has_sign(self.text):
                return kind
        return SUMMARY if self.is_topic else FACT

    @cached_property
    def is_yes_no(self) -> bool:
        """Whether the question asks for yes or no, or for one of two things."""
        *_, last_clause = _CLAUSE.split(self.text.strip())
        return bool(_YES_NO.match(last_clause))

    @property
    def is_open(self) -> bool:
        """Whether documents seldom state the answer as clearly as a fact."""
        return self.is_yes_no or self.kind.is_open

    @cached_property
    def is_phrase(self) -> bool:
        """Whether the question is a phrase that asks nothing outright: "opening hours on Sunday"."""
        is_short = count_words(self.text) <= _PHRASE_WORDS
        asks = self.text.rstrip().endswith(QUESTION_MARKS) or ASKS.search(self.text)
        return is_short and not asks

    @property
    def is_topic(self) -> bool:
        """Whether the question is the bare name of something, which asks nothing that a reply could answer."""
        return self.is_phrase and count_words(self.text) <= _TOPIC_WORDS

    @cached_property
    def asks_why(self) -> bool:
        """Whether the question asks for a reason."""
        return REASON.has_sign(self.text)

    @property
    def asks_two(self) -> bool:
        """Whether the question asks two things: "who came, and when?"."""
        return bool(ASKS_TWO.search(self.text))

    @property
    def asks_about_all(self) -> bool:
        """Whether the question counts, lists or compares over all documents; a few passages give no full answer."""
        return bool(ASKS_ABOUT_ALL.search(self.text))

    @cached_property
    def part_number(self) -> str | None:
        """The number of the part of a document that the question is about ("4.2" of "section 4.2"), or None."""
        part = _PART.search(self.text)
        return part["number"] if part else None

    @cached_property
    def page_number(self) -> int | None:
        """The number of the page or slide that the question is about, or None."""
        page = _PAGE.search(self.text)
        return int(page["number"]) if page else None

    @cached_property
    def file_name(self) -> str | None:
        """The name of a file with a readable format in the question, or None."""
        return find_file_name(self.text)

    @property
    def without_file_name(self) -> "Query":
        """The question with "the document" in place of the file's name."""
        return Query(forget_file_name(self.text, self.file_name)) if self.file_name else self

    @cached_property
    def comparison(self) -> Comparison | None:
        """The things that the question compares, unless it asks for a reason or a summary."""
        return None if self.asks_why or self.kind is SUMMARY else find_comparison(self.text)
