"""Reads subtitles and the transcripts of meetings: the words, the speakers, and the time of each paragraph."""

import html
import re
from collections.abc import Iterator
from itertools import groupby, takewhile
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from rag.documents.blocks import Block, Extract
from rag.documents.comments.words import read_name
from rag.documents.formats.plain.decode import decode
from rag.documents.sequences import split_runs
from rag.errors import DocumentError
from rag.language import SENTENCE_ENDS

_TIME = r"(?:\d{1,4}:)?\d{1,4}:\d\d[.,]\d{1,3}"
_TIMES = re.compile(rf"^[ \t]*({_TIME})[ \t]*-->[ \t]*({_TIME})[^\n]*$", re.MULTILINE)
_SPEAKER = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+(?P<name>[^>]+)>")
_BEFORE_SPEAKER = re.compile(r"(?=<v[. \t])")
_TAG = re.compile(r"<(?!v[. \t])/?[a-zA-Z\d:.][^<>]*>|\{\\[^{}]*\}")
_NAMED = re.compile(r"(?P<name>[^\n:]{1,40}):[ \t]+(?=\S)")
# A paragraph ends after this many characters, with the sentence; or before a pause of this many seconds.
_PARAGRAPH_CHARACTERS, _PAUSE_S = 600, 8.0


class _Cue(NamedTuple):
    """Words that are shown together, from `start` to `end` in seconds, and the speaker if known."""

    start: float
    end: float
    speaker: str
    words: str


def read_subtitles(path: Path) -> Extract:
    """Return the words in paragraphs, each below the time of its beginning; raises DocumentError without any."""
    cues = list(_list_cues(decode(path.read_bytes())))
    if not cues:
        raise DocumentError("it has no subtitles")
    return Extract(_write_blocks(cues))


def _list_cues(text: str) -> Iterator[_Cue]:
    """Yield the cues with words; a line that the cue before has shown too is left out."""
    _, *parts = _TIMES.split(text)
    shown: set[str] = set()
    for start, end, below in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        lines = _list_lines(below)
        new = " ".join(line for line in lines if line not in shown)
        shown = set(lines)
        for part in _BEFORE_SPEAKER.split(new):
            speaker, words = _split_speaker(part)
            if words:
                yield _Cue(_read_seconds(start), _read_seconds(end), speaker, words)


def _list_lines(text: str) -> list[str]:
    """Return the lines below the times of a cue, up to a blank line, without marks for their look."""
    lines = map(str.strip, _TAG.sub("", text).removeprefix("\n").split("\n"))
    return list(takewhile(bool, lines))


def _split_speaker(line: str) -> tuple[str, str]:
    """Return the speaker of a line, empty if unknown, and the words without marks."""
    marked = _SPEAKER.search(line)
    words = " ".join(html.unescape(_SPEAKER.sub("", line)).split())
    if marked:
        return " ".join(marked["name"].split()), words
    named = _NAMED.match(words)
    if named and read_name(named["name"]):
        return named["name"], words[named.end() :]
    return "", words


def _read_seconds(time: str) -> float:
    seconds = 0.0
    for number in time.replace(",", ".").split(":"):
        seconds = seconds * 60 + float(number)
    return seconds


def _write_blocks(cues: list[_Cue]) -> Iterator[Block]:
    """Yield each paragraph and the time above it; a paragraph has a line for each speaker in turn."""
    for paragraph in split_runs(cues, _begins_paragraph):
        lines: list[str] = []
        for speaker, cues_in_turn in groupby(paragraph, key=attrgetter("speaker")):
            words = " ".join(cue.words for cue in cues_in_turn)
            lines.append(f"{speaker}: {words}" if speaker else words)
        yield Block(_show_time(paragraph[0].start), "heading")
        yield Block("\n".join(lines))


def _begins_paragraph(before: list[_Cue], cue: _Cue) -> bool:
    last = before[-1]
    is_long = sum(len(said.words) for said in before) >= _PARAGRAPH_CHARACTERS
    is_ended = last.words.endswith(SENTENCE_ENDS) or last.speaker != cue.speaker
    return cue.start - last.end >= _PAUSE_S or (is_long and is_ended)


def _show_time(seconds: float) -> str:
    """Return a time as players show it: "0:08", "1:02:03"."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
