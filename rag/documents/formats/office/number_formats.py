"""Writes numbers and times as the format of a cell or chart shows them: "004217", "1,284.50 €", "112:15"."""

import re
from datetime import time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import NamedTuple

# Excel has no longer codes.
_LONGEST_CODE = 255
# Numbers from here on have more digits than Excel keeps.
_LARGEST = 1e15
_NO_CODES = ("", "general", "standard", "@")
_SECTION = re.compile(r'(?:"[^"]*"|\\.|\[[^\]]*\]|[^;"\\\[])+|(?<=;)(?=;|\Z)')
# The signs of a code. Those that are words are shown.
_SIGNS = (
    ("quoted", r'"([^"]*)"'),
    ("escaped", r"\\(.)"),
    ("space", r"[_*]."),
    ("currency", r"\[\$([^\]-]*)[^\]]*\]"),
    ("unknown", r"(\[[<>=][^\]]*\]|[EeYyMmDdHhSs/@])"),  # conditions, powers of ten, dates, fractions
    ("setting", r"\[[^\]]*\]"),
    ("general", r"(?i:general|standard)"),
    ("whole", r"[0#?](?:[0#?,]*[0#?])?"),
    ("decimals", r"\.[0#?]*"),
    ("thousands", r","),
    ("percent", r"(%)"),
    ("other", r"(.)"),
)
_SIGN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _SIGNS), re.DOTALL)
_NOT_ZERO = re.compile(r"[1-9]")
_DIGITS = ("whole", "decimals", "general")
_DATES = frozenset("YyMmDdHhSs")
# Before each group of three digits.
_GROUPS = re.compile(r"(?<=\d)(?=(?:\d{3})+\Z)")
_UNSHOWN = ("space", "setting", "thousands")
_ELAPSED = re.compile(r"\[([hms])", re.IGNORECASE)
_UNITS = {"h": (3600, 24), "m": (60, 60), "s": (1, 60)}  # in seconds, and how many make the next larger one
# The kinds of signs of a time that stand for numbers.
_COUNTED = ("elapsed", "unit")
_TIME_SIGN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[(?P<elapsed>h+|m+|s+)\]|(?P<unit>h+|m+|s+)|[_*].|\[[^\]]*\]|\.0+'
    r"|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)


class _Sign(NamedTuple):
    """A part of a number format, and the text that it shows; of digits, their places."""

    kind: str
    text: str


class _Section(NamedTuple):
    """The part of a code for numbers of one sign: the words around the digits, and the places of the digits.

    `unit` is the value of the last place. Zeros fill up the number to `fewest_digits` before the point, and
    `fewest_decimals` after it.
    """

    before: str
    whole: list[_Sign]
    is_grouped: bool
    fewest_digits: int
    unit: Decimal
    fewest_decimals: int
    after: str
    factor: Decimal
    is_known: bool
    is_general: bool
    has_date: bool


def format_number(value: float, code: str) -> str:
    """Return a number as a format shows it; with all its digits if the format is unknown, or has none."""
    sections = _read_code(code)
    number = _find_section(value, len(sections))
    is_known = bool(sections) and sections[number].is_known
    if not is_known or abs(value) >= _LARGEST:
        return f"{value:.15g}"
    shown = _write(sections[number], Decimal(repr(abs(value))))
    # A section for negative numbers has their sign.
    is_signed = value < 0 and number == 0
    return f"-{shown}" if is_signed and _NOT_ZERO.search(shown) else shown


def _find_section(value: float, sections: int) -> int:
    """Return the number of the section for a value: positive numbers, negative ones, and zero have their own."""
    own_section = 2 if value == 0 else int(value < 0)
    return own_section if own_section < sections else 0


@lru_cache(maxsize=1000)
def _read_code(code: str) -> list[_Section]:
    """Return the sections of a code; none for a code without effect."""
    if len(code) > _LONGEST_CODE or code.lower() in _NO_CODES:
        return []
    return list(map(_read_section, _SECTION.findall(code)[:3]))


def _read_section(text: str) -> _Section:
    signs = [_read_sign(sign) for sign in _SIGN.finditer(text)]
    kinds = [sign.kind for sign in signs]
    first, end = _find_digits(kinds)
    middle = signs[first:end]
    places = "".join(_pick_texts(middle, "whole"))
    decimals = "".join(_pick_texts(middle, "decimals")).strip(".")
    unknown = _pick_texts(signs, "unknown")
    return _Section(
        before=_join(signs[:first]),
        whole=[sign for sign in middle if sign.kind != "decimals"],
        is_grouped="," in places,
        fewest_digits=places.count("0"),
        unit=Decimal(1).scaleb(-len(decimals)),
        fewest_decimals=len(decimals.rstrip("#?")),
        after=_join(signs[end:]),
        factor=Decimal(100) ** kinds.count("percent") / Decimal(1000) ** kinds.count("thousands"),
        is_known=not unknown,
        is_general="general" in kinds,
        has_date=not _DATES.isdisjoint(unknown),
    )


def _find_digits(kinds: list[str]) -> tuple[int, int]:
    """Return where the digits of a section are, `[first, end)`; it may have none."""
    first = end = len(kinds)
    for number, kind in enumerate(kinds):
        if kind in _DIGITS:
            first = min(first, number)
            end = number + 1
    return first, end


def _pick_texts(signs: list[_Sign], kind: str) -> list[str]:
    return [sign.text for sign in signs if sign.kind == kind]


def _read_sign(sign: re.Match[str]) -> _Sign:
    kind = str(sign.lastgroup)
    # The group of the words is inside that of the kind.
    words = [text for text in sign.groups() if text is not None]
    return _Sign(kind, "" if kind in _UNSHOWN else words[-1])


def _join(signs: list[_Sign]) -> str:
    return "".join(sign.text for sign in signs)


def _write(section: _Section, value: Decimal) -> str:
    """Return a number with the words around it."""
    value *= section.factor
    digits = f"{value.normalize():f}" if section.is_general else _write_digits(section, value)
    return f"{section.before}{digits}{section.after}".strip()


def _write_digits(section: _Section, value: Decimal) -> str:
    """Return the digits of a number in their places; words between them, as in "000-00", stay."""
    rounded = value.quantize(section.unit, ROUND_HALF_UP)
    digits, _, decimals = f"{rounded:f}".partition(".")
    # A place "#" shows no zero at the end.
    fewest = section.fewest_decimals
    shown = decimals[:fewest] + decimals[fewest:].rstrip("0")
    whole = _place_whole(section, digits)
    return f"{whole}.{shown}" if shown else whole


def _place_whole(section: _Section, digits: str) -> str:
    """Return the digits before the point in their places, from the right; the first place has all that are left."""
    rest = digits.lstrip("0").zfill(section.fewest_digits)
    if section.is_grouped:
        return _GROUPS.sub(",", rest)
    text = ""
    for sign in reversed(section.whole[1:]):
        shown = sign.text
        if sign.kind == "whole":
            start = max(0, len(rest) - len(sign.text))
            rest, shown = rest[:start], rest[start:]
        text = f"{shown}{text}"
    return f"{rest}{text}"


def is_date(code: str) -> bool:
    """Return whether a format shows a number as a day or a time of day."""
    return any(section.has_date for section in _read_code(code))


def is_elapsed(code: str) -> bool:
    """Return whether a format shows a time as a duration: "[h]:mm"."""
    return _ELAPSED.search(code) is not None


def format_duration(duration: timedelta, code: str) -> str:
    """Return a duration as a format shows it: "112:15"."""
    seconds = round(abs(duration).total_seconds())

    def write(sign: re.Match[str]) -> str:
        kind = sign.lastgroup
        if kind is None:  # a space or a setting
            return ""
        if kind not in _COUNTED:
            return sign[kind]
        return _count_units(seconds, sign[kind], is_elapsed=kind == "elapsed")

    first_section = code.partition(";")[0]
    shown = _TIME_SIGN.sub(write, first_section[:_LONGEST_CODE]).strip()
    return f"-{shown}" if duration < timedelta(0) else shown


def _count_units(seconds: int, unit: str, *, is_elapsed: bool) -> str:
    """Return the number of hours, minutes or seconds: all that have elapsed, or those after the larger unit."""
    length, number_in_larger = _UNITS[unit[0].lower()]
    count = seconds // length
    if not is_elapsed:
        count %= number_in_larger
    digits = min(len(unit), 2)
    return f"{count:0{digits}}"


def format_time(moment: time, code: str) -> str:
    """Return a time of day, with seconds if the format shows them or there are some."""
    shows_seconds = "s" in code.lower() or moment.second
    return moment.isoformat("seconds" if shows_seconds else "minutes")
