"""Reads JSON: a day of a channel that Slack exports as a conversation, and any other file as its records."""

import html
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rag.documents.blocks import Block, Extract
from rag.documents.formats.plain.decode import decode
from rag.documents.formats.plain.markup import list_emphasis
from rag.documents.formats.tables import read_json as read_records
from rag.errors import DocumentError

# The file with the names of the people, in the folder above those of the channels.
_PEOPLE, _LARGEST = "users.json", 20_000_000
# Every message has a time, so the first one is in this many bytes.
_TIME_KEY, _BEGINNING = b'"ts"', 20_000
# Messages of the program itself, such as "has joined the channel".
_NOTICES = re.compile(r"(?:channel|group|bot)_\w+|reminder_add|pinned_item|file_comment")
_MARK = re.compile(r"<(?P<sign>[@#!]?)(?P<id>[^<>|\s]{1,2000})(?:\|(?P<words>[^<>]{0,2000}))?>")
_EMPHASIS = list_emphasis("*_~`")


def read_json(path: Path) -> Extract:
    """Return the messages of a day in a channel, each after its writer's name, or the records of another file."""
    messages = _load_messages(path)
    if not messages:
        return read_records(path)
    names = _load_names(path.parent.parent / _PEOPLE)
    lines = [_show_message(message, names) for message in messages]
    return Extract(
        [Block(line, "item") for line in lines if line], title=f"#{path.parent.name}", date=_find_day(messages)
    )


def _load_messages(path: Path) -> list[dict[str, Any]]:
    """Return the messages in a file; none if it is not a day of a channel."""
    with path.open("rb") as file:
        if _TIME_KEY not in file.read(_BEGINNING):
            return []
    values = _load(path)
    if not isinstance(values, list) or not values:
        return []
    are_messages = all(isinstance(v, dict) and v.get("type") == "message" and _is_time(v.get("ts")) for v in values)
    return values if are_messages else []


def _load(path: Path) -> Any:
    """Return the values in a file of JSON; None if it is none, or a link."""
    try:
        if path.is_symlink() or path.stat().st_size > _LARGEST:
            return None
        return json.loads(decode(path.read_bytes()))
    except (OSError, ValueError, RecursionError, DocumentError):
        return None


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\d{9,11}\.\d{1,6}", value) is not None


def _load_names(path: Path) -> dict[str, str]:
    """Return the name of each person by the id that the messages have."""
    people = _load(path)
    names = {}
    for person in people if isinstance(people, list) else ():
        profile = person.get("profile") if isinstance(person, dict) else None
        known = [*_list_names(profile), *_list_names(person)]
        if known:
            names[str(person.get("id"))] = known[0]
    return names


def _list_names(record: Any) -> list[str]:
    if not isinstance(record, dict):
        return []
    values = [record.get(key) for key in ("real_name", "display_name", "name")]
    return [value for value in values if isinstance(value, str) and value]


def _show_message(message: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return a message after the name of its writer; empty for a notice of the program."""
    if _NOTICES.fullmatch(str(message.get("subtype", ""))):
        return ""
    words = show_marks(str(message.get("text") or ""), names)
    files = message.get("files")
    titles = [name for file in (files if isinstance(files, list) else ()) for name in _list_names(file)]
    shown = " ".join(filter(None, (words, *(f"(file: {title})" for title in titles))))
    user = str(message.get("user", ""))
    writers = [names.get(user, ""), *_list_names(message.get("user_profile")), str(message.get("username", "")), user]
    writer = next(filter(None, writers), "")
    return f"{writer}: {shown}" if shown and writer else shown


def show_marks(text: str, names: Mapping[str, str]) -> str:
    """Return a text of Slack with names in place of ids, the words of its links, and without its marks."""

    def show(mark: re.Match[str]) -> str:
        if mark["sign"] == "@":
            return "@" + (names.get(mark["id"]) or mark["words"] or mark["id"])
        if mark["sign"] == "":
            return mark["words"] or mark["id"]
        return ("#" if mark["sign"] == "#" else "@") + (mark["words"] or mark["id"]).lstrip("#@")

    text = _MARK.sub(show, text)
    for pattern, words in _EMPHASIS:
        text = pattern.sub(words, text)
    return html.unescape(text).strip()


def _find_day(messages: list[dict[str, Any]]) -> str:
    return datetime.fromtimestamp(float(messages[0]["ts"]), UTC).date().isoformat()
