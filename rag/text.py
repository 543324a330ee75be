"""Words and sentences: what the retrieval and the checks compare."""

import re

import sentencex

WORD = re.compile(r"\w+(?:[.,]\d+)*")
STOP_WORDS = frozenset(
    WORD.findall(
        "a an and are as at be been but by did do does for from had has have he her his in is it its no not of on or s"
        " said say says she so that the their them there these they this to was were what when which who why will with"
        " would reader readers"
    )
)


def normalise(text: str) -> str:
    """Return a text's words in lower case, with single spaces."""
    return " ".join(WORD.findall(text.lower()))


def stem(word: str) -> str:
    """Return the first six letters, in lower case: "cancelled" meets "cancellation", "officials" meets "official"."""
    return word.lower()[:6]


def content_words(text: str) -> set[str]:
    """Return the stems of a text's words, less those that carry no content."""
    return {stem(word) for word in WORD.findall(text.lower()) if word not in STOP_WORDS}


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Return the offsets of a text's sentences, without the white space around them; a line's end ends one."""
    spans = []
    for line in re.finditer(r"\S.*", text):
        for found in sentencex.get_sentence_boundaries("en", line[0]):
            start, end = line.start() + found["start_index"], line.start() + found["end_index"]
            stripped = text[start:end].strip()
            if stripped:
                start += text[start:end].index(stripped)
                spans.append((start, start + len(stripped)))
    return spans
