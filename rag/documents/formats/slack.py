"""Reads JSON: a day of a channel that Slack exports as a conversation, and any other file as its records."""

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from rag.documents.blocks import Block, Extract, pick_first
from rag.documents.formats.plain.markup import list_emphasis
from rag.documents.formats.records import list_records, load_json, read_values
from rag.errors import DocumentError
from rag.rows import format_row

# The file with the names of the people, in the folder above those of the channels.
_PEOPLE, _LARGEST = "users.json", 20_000_000
# Messages of the program itself, such as "has joined the channel".
_NOTICES = re.compile(r"(?:channel|group|bot)_\w+|reminder_add|pinned_item|file_comment")
_MARK = re.compile(r"<(?P<sign>[@#!]?)(?P<id>[^<>|\s]{1,2000})(?:\|(?P<words>[^<>]{0,2000}))?>")
_TIME = re.compile(r"\d{9,11}\.\d{1,6}")
_SIGNS = {"@": "@", "#": "#", "!": "@", "": ""}
_NAME_KEYS = ("real_name", "display_name", "name")
_EMPHASIS = list_emphasis(*"*_~`")


Message: TypeAlias = dict[str, Any]
Names: TypeAlias = Mapping[str, str]


def read_json(path: Path) -> Extract:
    """Return the messages of a day in a channel, each after its writer's name, or the records of another file."""
    values = load_json(path)
    messages = list_records(values)
    is_channel = messages == values and all(map(_is_message, messages))
    if not messages or not is_channel:
        return read_values(values)
    names = _load_names(path.parent.parent / _PEOPLE)
    blocks = [Block(_show_message(message, names), "item") for message in messages]
    day = datetime.fromtimestamp(float(messages[0]["ts"]), UTC).date()
    return Extract(blocks, title=f"#{path.parent.name}", date=day.isoformat())


def _is_message(record: Message) -> bool:
    """Return whether a record has the kind and the time of a message."""
    time = str(record.get("ts"))
    has_kind = record.get("type") == "message"
    return has_kind and _TIME.fullmatch(time) is not None


def _load_names(path: Path) -> Names:
    """Return the name of each person by the id that the messages have."""
    names: dict[str, str] = {}
    try:
        # A link may lead anywhere.
        people = None if path.is_symlink() or path.stat().st_size > _LARGEST else load_json(path)
    except (OSError, DocumentError):
        return names
    for person in list_records(people):
        name = _find_name(person.get("profile")) or _find_name(person)
        if name:
            names[str(person.get("id"))] = name
    return names


def _find_name(record: Any) -> str:
    """Return the first name in a record; empty without any."""
    if not isinstance(record, dict):
        return ""
    return str(pick_first(map(record.get, _NAME_KEYS), ""))


def _show_message(message: Message, names: Names) -> str:
    """Return a message after the name of its writer; empty for a notice of the program."""
    subtype = str(message.get("subtype", ""))
    if _NOTICES.fullmatch(subtype):
        return ""
    text = str(message.get("text") or "")
    files = [f"(file: {_find_name(file)})" for file in list_records(message.get("files"))]
    writer = _find_writer(message, names)
    return format_row([writer], [" ".join([show_marks(text, names), *files])])


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
    sign = _SIGNS[mark["sign"]]
    if sign == "":
        return words
    name = names.get(mark["id"], words.lstrip("#@"))
    return f"{sign}{name}"
