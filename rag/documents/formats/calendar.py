"""Reads calendars: events and tasks with their time, place, description and invitees."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from rag.documents.blocks import Block, Extract, join_filled
from rag.documents.formats.plain.decode import decode
from rag.errors import DocumentError
from rag.formatting import join_first

_FOLD = re.compile(r"\n[ \t]")
_COMPONENT = re.compile(r"^BEGIN:(VEVENT|VTODO)$(.*?)(?:^END:\1$|\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE)
# A reminder inside of an event has a description of its own.
_INNER = re.compile(r"^BEGIN:(\w+)$.*?(?:^END:\1$|\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE)
_LINE = re.compile(r'^(?P<name>[\w-]+)(?P<parameters>(?:;(?:"[^"\n]*"|[^":\n])*)?):(?P<value>.*)$', re.MULTILINE)
_PARAMETER = re.compile(r';([\w-]+)(?:=("[^"]*"|[^;"]*))?')
_ESCAPE = re.compile(r"\\([\\;,nN])")
_DURATION = re.compile(r"P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,4})M)?(?:\d{1,4}S)?)?")
_DURATION_UNITS = ("week", "day", "hour", "minute")
_MOST_INVITEES = 50
_FREQUENCIES = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_DAYS = {
    "MO": "Monday", "TU": "Tuesday", "WE": "Wednesday", "TH": "Thursday", "FR": "Friday", "SA": "Saturday",
    "SU": "Sunday", "": "",
}  # fmt: skip
# The parts of a rule that `_describe_rule` puts into words. A rule with another part, such as "the last Friday", is
# only called irregular.
_RULE_PARTS = frozenset(("FREQ", "INTERVAL", "BYDAY", "UNTIL", "COUNT", "WKST"))
_STATUSES = {"CANCELLED": "cancelled", "TENTATIVE": "tentative", "COMPLETED": "completed"}


class Value(NamedTuple):
    """The value of a property, and its parameters by name in capitals."""

    text: str
    parameters: dict[str, str]


_Properties = dict[str, list[Value]]


def read_ics(path: Path) -> Extract:
    """Return each event and task below its name; raises DocumentError if the calendar has none."""
    text = _FOLD.sub("", decode(path.read_bytes()))
    blocks = [block for component in _COMPONENT.finditer(text) for block in _read_event(component[2])]
    if not blocks:
        raise DocumentError("it has no events")
    return Extract(blocks)


def _read_event(text: str) -> Iterator[Block]:
    properties = read_properties(_INNER.sub("", text))
    start = _show_moment(properties, "DTSTART") or _show_moment(properties, "DUE")
    date = start[: len("2025-03-03")]
    lines = [f"{label}: {value}" for label, value in _list_facts(properties) if value]
    yield Block(_show(properties, "SUMMARY") or "No title", "heading")
    yield Block("\n".join(lines), date=date)
    yield Block(_show(properties, "DESCRIPTION"), date=date)


def read_properties(text: str) -> _Properties:
    """Return the values of each property by its name in capitals, in the order of the text."""
    properties: _Properties = {}
    for line in _LINE.finditer(text):
        parameters: dict[str, str] = {}
        for name, value in _PARAMETER.findall(line["parameters"]):
            before = parameters.get(name.upper())
            parameters[name.upper()] = join_filled(",", (before, value.strip('"')))
        properties.setdefault(line["name"].upper(), []).append(Value(line["value"].strip(), parameters))
    return properties


def _list_facts(properties: _Properties) -> Iterator[tuple[str, str]]:
    """Yield what is known of an event, each with its label; the unknown is empty."""
    yield "When", _show_time(properties)
    yield "Due", _show_moment(properties, "DUE")
    yield "Repeats", _show_rule(properties)
    yield "Where", _show(properties, "LOCATION")
    yield "Organizer", ", ".join(map(_show_person, properties.get("ORGANIZER", [])))
    invited = [_show_person(person) for person in properties.get("ATTENDEE", [])]
    yield "Invited", join_first(invited, _MOST_INVITEES)
    yield "Status", _STATUSES.get(_show(properties, "STATUS").upper(), "")


def _show(properties: _Properties, name: str) -> str:
    """Return the first value of a property as text; empty if there is none."""
    values = properties.get(name)
    text = values[0].text if values else ""
    return unescape(text)


def unescape(text: str) -> str:
    """Return the text of a value, without the signs that protect its commas and line ends."""
    return _ESCAPE.sub(lambda escape: "\n" if escape[1] in "nN" else escape[1], text).strip()


def _show_person(person: Value) -> str:
    address = re.sub(r"^mailto:", "", person.text, flags=re.IGNORECASE)
    return person.parameters.get("CN") or address


def _show_time(properties: _Properties) -> str:
    """Return when an event is: "2025-03-03 10:00 to 2025-03-03 11:00 (Europe/Berlin)"."""
    start, end = _show_moment(properties, "DTSTART"), _show_moment(properties, "DTEND")
    if not start:
        return ""
    zone = properties["DTSTART"][0].parameters.get("TZID")
    length = _show_duration(_show(properties, "DURATION"))
    is_one_day = len(start) == len("2025-03-03")
    # A calendar gives the day after the last one as the end of an event of whole days.
    until = ", until before" if is_one_day else " to"
    endings = ((f"{until} {{}}", end), (" for {}", length), (" ({})", zone))
    return start + _join_known(endings)


def _join_known(phrases: Iterable[tuple[str, str | None]]) -> str:
    """Return the phrases that have a word, each with the word in the place of "{}"."""
    return "".join(phrase.format(word) for phrase, word in phrases if word)


def _show_moment(properties: _Properties, name: str) -> str:
    """Return a date, or a date and a time, as ISO 8601; empty if the event has none or it cannot be read."""
    return _format_moment(_show(properties, name))


def _format_moment(text: str) -> str:
    """Return "2025-03-03 10:00 UTC" for "20250303T100000Z", and "2025-03-03" for "20250303"."""
    day, _, time = text.upper().partition("T")
    zone = " UTC" if time.endswith("Z") else ""
    try:
        moment = datetime.strptime(day + (time.removesuffix("Z") or "000000"), "%Y%m%d%H%M%S")
    except ValueError:
        return ""
    return f"{moment:%Y-%m-%d %H:%M}{zone}" if time else f"{moment:%Y-%m-%d}"


def _show_duration(text: str) -> str:
    """Return "1 hour 30 minutes" for "PT1H30M"; empty for another text."""
    duration = _DURATION.fullmatch(text)
    if duration is None:
        return ""
    amounts = zip(duration.groups(), _DURATION_UNITS, strict=True)
    return " ".join(_count(int(amount), unit) for amount, unit in amounts if amount)


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _show_rule(properties: _Properties) -> str:
    """Return how an event repeats, in words; empty if it does not."""
    rule = dict(re.findall(r"(\w+)=([^;]*)", _show(properties, "RRULE").upper()))
    days = [_DAYS.get(day) for day in rule.get("BYDAY", "").split(",")]
    unit = _FREQUENCIES.get(rule.get("FREQ", ""))
    if not rule:
        return ""
    if unit is None or None in days or rule.keys() - _RULE_PARTS:
        return "irregularly"
    return _describe_rule(rule, unit, join_filled(", ", days))


def _describe_rule(rule: dict[str, str], unit: str, days: str) -> str:
    """Return a rule in words: "every 2 weeks on Monday, until 2025-06-30"."""
    interval = rule.get("INTERVAL", "1")
    every = f"every {unit}" if interval == "1" else f"every {interval} {unit}s"
    until = _format_moment(rule.get("UNTIL", ""))
    return every + _join_known(((" on {}", days), (", until {}", until), (", {} times", rule.get("COUNT"))))
