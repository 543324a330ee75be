"""Guesses the language of a text from its letters and its most frequent words, and knows the ends of sentences."""

import re

# Signs that end a question or a sentence, in any script; full-width, Arabic, Devanagari, Armenian.
QUESTION_MARKS = ("?", "？", "؟")
SENTENCE_ENDS = (*QUESTION_MARKS, ".", "!", "…", "。", "！", "۔", "।", "։")
_LONGEST_SAMPLE = 1000
# A word of letters only.
LETTERS = re.compile(r"[^\W\d_]+")
_ENGLISH = "en"
# English has this many votes from the beginning: one foreign word may be a name.
_HEAD_START = 1
# Languages with letters of their own.
_LETTERS = {
    "ru": re.compile(r"[а-яё]"),
    "ar": re.compile(r"[\u0621-\u064a]"),
    "el": re.compile(r"[α-ωά-ώ]"),
}
# Languages in Latin letters, by words that are frequent in one and rare in the others.
FREQUENT_WORDS = {
    _ENGLISH: "the of and to in is that was for with on as are by from",
    "de": "der die das und ist nicht ein eine mit auf für von den dem zu im am wurde auch",
    "es": "el los las del una por con para es se su y más como",
    "fr": "le les une est dans pour qui du et sur au par",
    "it": "il di che è della non gli nel sono anche",
    "nl": "het een van niet dat op te zijn voor met aan bij",
    "pl": "na się nie jest że przez oraz jak",
    "pt": "o os não uma em ao à são dos pelo também",
    "tr": "ve bir bu için ile olarak olan daha sonra",
}
_LANGUAGES = {word: language for language, words in FREQUENT_WORDS.items() for word in words.split()}


def guess_language(text: str) -> str:
    """Return the likely language of a text's beginning as ISO 639-1 code, "en" if unclear."""
    sample = text[:_LONGEST_SAMPLE].lower()
    for language, letter in _LETTERS.items():
        if len(letter.findall(sample)) > len(sample) / 3:
            return language
    votes = dict.fromkeys(FREQUENT_WORDS, 0)
    votes[_ENGLISH] = _HEAD_START
    for word in LETTERS.findall(sample):
        if word in _LANGUAGES:
            votes[_LANGUAGES[word]] += 1
    return max(votes, key=votes.__getitem__)  # English is first, so it wins a tie
