"""Writes numbers as letters or Roman numerals, as the items of lists have them, and as raised digits."""

from collections.abc import Callable

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
RAISED_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_RAISED = str.maketrans("0123456789+-−n", f"{RAISED_DIGITS}⁺⁻⁻ⁿ")
_HIGHEST_ROMAN = 3999
_LETTERS = 26
# Word repeats a letter at most so often.
_MOST_REPEATED = 30


def format_letters(number: int) -> str:
    """Return "a" for 1, "z" for 26, "aa" for 27, "ab" for 28."""
    letters = ""
    while number > 0:
        number, letter = divmod(number - 1, _LETTERS)
        letters = chr(ord("a") + letter) + letters
    return letters


def repeat_letter(number: int) -> str:
    """Return "a" for 1, "z" for 26, "aa" for 27, "bb" for 28."""
    copies, letter = divmod(max(0, number - 1), _LETTERS)
    return chr(ord("a") + letter) * min(copies + 1, _MOST_REPEATED)


def format_roman(number: int) -> str:
    """Return "iv" for 4; a number without Roman numeral stays as it is."""
    if not 0 < number <= _HIGHEST_ROMAN:
        return str(number)
    letters = ""
    for value, sign in _ROMAN:
        count, number = divmod(number, value)
        letters += sign * count
    return letters


WRITERS: dict[str, Callable[[int], str]] = {
    "1": str,
    "a": format_letters,
    "A": lambda number: format_letters(number).upper(),
    "i": format_roman,
    "I": lambda number: format_roman(number).upper(),
}


def format_ordinal(number: int) -> str:
    """Return "1st" for 1, "11th" for 11."""
    is_teen = 10 < number % 100 < 20
    ending = "th" if is_teen else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def raise_digits(text: str) -> str:
    """Return a text with its digits, "+", "-" and "n" raised: "10⁷" stays apart from "107"."""
    return text.translate(_RAISED)
