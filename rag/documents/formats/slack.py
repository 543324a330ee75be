"""Reads JSON: a day of a channel that Slack exports as a conversation, and any other file as its records."""

import html
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from rag.documents.blocks import Block, Extract, format_row
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
_TIME = re.compile(r"\d{9,11}\.\d{1,6}")
_NAME_KEYS = ("real_name", "display_name", "name")
_EMPHASIS = list_emphasis("*_~`")


Message: TypeAlias = dict[str, Any]
Names: TypeAlias = Mapping[str, str]


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


def _load_messages(path: Path) -> list[Message]:
    """Return the messages in a file; none if it is not a day of a channel."""
    with path.open("rb") as file:
        beginning = file.read(_BEGINNING)
    values = _load(path) if _TIME_KEY in beginning else None
    messages = _list_dicts(values)
    are_messages = all(map(_is_message, messages))
    is_whole = isinstance(values, list) and len(values) == len(messages)
    return messages if are_messages and is_whole else []


def _load(path: Path) -> Any:
    """Return the values in a file of JSON; None if it is none, or a link."""
    try:
        if path.is_symlink() or path.stat().st_size > _LARGEST:
            return None
        return json.loads(decode(path.read_bytes()))
    except (OSError, ValueError, RecursionError, DocumentError):
        return None


def _list_dicts(values: Any) -> list[Message]:
    """Return the records in a list; none if it is not a list."""
    if not isinstance(values, list):
        return []
    return [value for value in values if isinstance(value, dict)]


def _is_message(record: Message) -> bool:
    time = record.get("ts")
    return record.get("type") == "message" and isinstance(time, str) and _TIME.fullmatch(time) is not None


def _load_names(path: Path) -> Names:
    """Return the name of each person by the id that the messages have."""
    people = _list_dicts(_load(path))
    names = {str(person.get("id")): _find_name(person.get("profile"), person) for person in people}
    return {person: name for person, name in names.items() if name}


def _find_name(*records: Any) -> str:
    """Return the first name in some records; empty without any."""
    known = [record for record in records if isinstance(record, dict)]
    values = [record.get(key) for record in known for key in _NAME_KEYS]
    words = filter(None, values)
    return next((value for value in words if isinstance(value, str)), "")


def _show_message(message: Message, names: Names) -> str:
    """Return a message after the name of its writer; empty for a notice of the program."""
    if _NOTICES.fullmatch(str(message.get("subtype", ""))):
        return ""
    words = show_marks(str(message.get("text") or ""), names)
    files = filter(None, map(_find_name, _list_dicts(message.get("files"))))
    shown = " ".join(filter(None, (words, *map("(file: {})".format, files))))
    return format_row([_find_writer(message, names)], [shown])


def _find_writer(message: Message, names: Names) -> str:
    """Return the name of a message's writer, or the id."""
    user = str(message.get("user", ""))
    own_name = _find_name(message.get("user_profile"))
    return names.get(user) or own_name or str(message.get("username", user))


def show_marks(text: str, names: Names) -> str:
    """Return a text of Slack with names in place of ids, the words of its links, and without its marks."""
    text = _MARK.sub(partial(_show_mark, names), text)
    for pattern, words in _EMPHASIS:
        text = pattern.sub(words, text)
    return html.unescape(text).strip()


def _show_mark(names: Names, mark: re.Match[str]) -> str:
    """Return the words of a link, or a person, a channel or a group after its sign."""
    words = mark["words"] or mark["id"]
    if not mark["sign"]:
        return words
    name = names.get(mark["id"]) or words.lstrip("#@")
    return f"{'#' if mark['sign'] == '#' else '@'}{name}"


def _find_day(messages: list[Message]) -> str:
    return datetime.fromtimestamp(float(messages[0]["ts"]), UTC).date().isoformat()
