"""Writes numbers and times as the format of a cell or chart shows them: "004217", "1,284.50 €", "112:15"."""

import re
from datetime import time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import chain
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
_UNSHOWN = ("space", "setting", "thousands")
_ELAPSED = re.compile(r"\[([hms])", re.IGNORECASE)
_UNITS = {"h": (3600, 24), "m": (60, 60), "s": (1, 60)}  # in seconds, and how many make the next larger one
_TIME_SIGN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[(?P<elapsed>h+|m+|s+)\]|(?P<unit>h+|m+|s+)|[_*].|\[[^\]]*\]|\.0+'
    r"|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)


class _Sign(NamedTuple):
    """A sign of a code, and the words that it shows; those of digits are their places."""

    kind: str
    text: str


def format_number(value: float, code: str) -> str:
    """Return a number as a format shows it; with all its digits if the format is unknown, or has none."""
    plain = f"{value:.15g}"
    sections = _read_code(code)
    if not sections or abs(value) >= _LARGEST:
        return plain
    number = _find_section(value, len(sections))
    section = sections[number]
    if any(sign.kind == "unknown" for sign in section):
        return plain
    # A section for negative numbers has their sign.
    is_signed = value < 0 and number == 0
    shown = _write(section, Decimal(repr(abs(value))))
    return f"-{shown}" if is_signed and _NOT_ZERO.search(shown) else shown


def _find_section(value: float, sections: int) -> int:
    """Return the number of the section for a value: positive numbers, negative ones, and zero have their own."""
    if value < 0 and sections > 1:
        return 1
    return 2 if value == 0 and sections > 2 else 0


@lru_cache(maxsize=1000)
def _read_code(code: str) -> list[list[_Sign]]:
    """Return the signs of each section of a code; none for a code without effect."""
    if len(code) > _LONGEST_CODE or code.lower() in _NO_CODES:
        return []
    return [[_read_sign(sign) for sign in _SIGN.finditer(section)] for section in _SECTION.findall(code)[:3]]


def _read_sign(sign: re.Match[str]) -> _Sign:
    kinds = [name for name, _ in _SIGNS if sign[name] is not None]
    words = [group for group in sign.groups() if group is not None]
    # The group of the words is inside that of the kind.
    return _Sign(kinds[0], "" if kinds[0] in _UNSHOWN else words[-1])


def _write(section: list[_Sign], value: Decimal) -> str:
    """Return a number with the words around it."""
    digits = [number for number, sign in enumerate(section) if sign.kind in ("whole", "decimals", "general")]
    if not digits:
        return _join(section)
    first, last = digits[0], digits[-1]
    value *= 100 ** sum(sign.kind == "percent" for sign in section)
    value /= 1000 ** sum(sign.kind == "thousands" for sign in section)
    if section[first].kind == "general":
        number = f"{value.normalize():f}"
    else:
        number = _write_digits(section[first : last + 1], value)
    return f"{_join(section[:first])}{number}{_join(section[last + 1 :])}".strip()


def _join(signs: list[_Sign]) -> str:
    return "".join(sign.text for sign in signs).strip("\t\n")


def _write_digits(signs: list[_Sign], value: Decimal) -> str:
    """Return the digits of a number in their places; words between them, as in "000-00", stay."""
    decimals = next((sign.text[1:] for sign in signs if sign.kind == "decimals"), "")
    rounded = abs(value.quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP))
    whole, _, fraction = f"{rounded:f}".partition(".")
    fraction = fraction[: len(decimals)]
    while fraction and fraction[-1] == "0" and decimals[len(fraction) - 1] != "0":
        fraction = fraction[:-1]
    whole = _place_whole([sign for sign in signs if sign.kind != "decimals"], whole)
    return f"{whole}.{fraction}" if fraction else whole


def _place_whole(signs: list[_Sign], digits: str) -> str:
    """Return the digits before the point in their places, from the right."""
    places = "".join(sign.text for sign in signs if sign.kind == "whole")
    if "," in places:
        digits = digits.zfill(places.count("0"))
        return f"{int(digits):,}" if len(digits) == len(digits.lstrip("0")) else digits
    digits = ("" if digits == "0" else digits).zfill(places.count("0"))
    text = ""
    for number, sign in reversed(list(enumerate(signs))):
        if sign.kind != "whole":
            text = sign.text + text
        elif any(other.kind == "whole" for other in signs[:number]):
            text = digits[-len(sign.text) :] + text
            digits = digits[: -len(sign.text)]
        else:
            text = digits + text
    return text


def is_date(code: str) -> bool:
    """Return whether a format shows a number as a day or a time of day."""
    return any(sign.kind == "unknown" and sign.text in "YyMmDdHhSs" for sign in chain.from_iterable(_read_code(code)))


def is_elapsed(code: str) -> bool:
    """Return whether a format shows a time as a duration: "[h]:mm"."""
    return _ELAPSED.search(code) is not None


def format_duration(duration: timedelta, code: str) -> str:
    """Return a duration as a format shows it: "112:15"."""
    seconds = round(abs(duration).total_seconds())

    def write(sign: re.Match[str]) -> str:
        unit = sign["elapsed"] or sign["unit"]
        if not unit:
            return sign["quoted"] or sign["escaped"] or sign["other"] or ""
        length, around = _UNITS[unit[0].lower()]
        count = seconds // length if sign["elapsed"] else seconds // length % around
        return f"{count:0{min(len(unit), 2)}}"

    shown = _TIME_SIGN.sub(write, code.partition(";")[0][:_LONGEST_CODE]).strip()
    return f"-{shown}" if duration < timedelta(0) else shown


def format_time(moment: time, code: str) -> str:
    """Return a time of day, with seconds if the format shows them or there are some."""
    shows_seconds = "s" in code.lower() or moment.second
    return moment.isoformat("seconds" if shows_seconds else "minutes")
