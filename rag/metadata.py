"""Checks the metadata that a user gives to documents, and makes filters from it."""

import json
import re
from collections.abc import Mapping
from typing import Any, get_args

from rag.errors import DocumentError, QuestionError
from rag.types import Filter, Voice

# A filter, or its values by name: the names are fields of `Filter`, or names of metadata.
Where = Filter | Mapping[str, str]
NAME = re.compile(r"[^\W\d]\w{0,63}")
LONGEST_VALUE = 1000
# Filters have fields of these names, so metadata cannot use them.
FIELDS = tuple(name for name in Filter.__match_args__ if name != "metadata")


def check_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata of a document in the order of its names; raises DocumentError if it cannot be stored."""
    for name, value in metadata.items():
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise DocumentError(f"metadata cannot be named {name!r}: use letters, digits and '_', at most 64")
        if name in FIELDS:
            raise DocumentError(f"metadata cannot be named {name!r}: every document has a field of this name")
        if not isinstance(value, str) or len(value) > LONGEST_VALUE:
            raise DocumentError(f"metadata {name} must be a text of at most {LONGEST_VALUE:,} characters")
    return dict(sorted(metadata.items()))


def make_filter(where: Where | None) -> Filter | None:
    """Return the filter for passages with all of these values; None lets everything pass.

    The names are fields of `Filter`, or names of metadata. Raises QuestionError for an empty value or an unknown
    voice.
    """
    if where is None or isinstance(where, Filter):
        return where
    if not isinstance(where, Mapping):
        raise QuestionError(f"a filter maps names to values, such as {{'team': 'ops'}}: {where!r} does not")
    _check_values(where)
    metadata = dict(where)
    fields: dict[str, Any] = {name: metadata.pop(name) for name in FIELDS if name in metadata}
    return Filter(**fields, metadata=metadata) if where else None


def _check_values(where: Mapping[str, str]) -> None:
    for name, value in where.items():
        if not value or not isinstance(value, str):
            raise QuestionError(f"the filter {name} must be a text that is not empty, not {value!r}")
    if where.get("voice", "article") not in get_args(Voice):
        raise QuestionError(f"a voice is {' or '.join(get_args(Voice))}, not {where['voice']!r}")


def dump_metadata(metadata: Mapping[str, str]) -> str:
    """Return metadata as an index stores it."""
    return json.dumps(metadata, ensure_ascii=False, sort_keys=True)


def load_metadata(stored: str) -> dict[str, str]:
    """Return the metadata that an index stored; raises ValueError if it is damaged."""
    metadata = json.loads(stored)
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("metadata is not an object of texts")
    return metadata


def has_metadata(metadata: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Return whether metadata has all the wanted values, in any case."""
    return all(metadata.get(name, "").casefold() == value.casefold() for name, value in wanted.items())
