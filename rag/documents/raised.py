"""Writes raised digits as signs that stay apart from a number: "10⁶", not "106"."""

RAISED_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_RAISED = str.maketrans("0123456789+-−n", f"{RAISED_DIGITS}⁺⁻⁻ⁿ")


def raise_digits(text: str) -> str:
    """Return a text with its digits, "+", "-" and "n" raised: "⁷" for "7"."""
    return text.translate(_RAISED)
