"""Divides neighbouring items into runs, joins them, and chains what a function returns for each."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


def split_runs(items: Iterable[ItemT], begins: Callable[[list[ItemT], ItemT], bool]) -> list[list[ItemT]]:
    """Return the items in runs; `begins` gets the run before an item and the item: does it begin another run?"""
    runs: list[list[ItemT]] = []
    for item in items:
        if not runs or begins(runs[-1], item):
            runs.append([])
        runs[-1].append(item)
    return runs


def merge_runs(
    items: Iterable[ItemT], is_part: Callable[[ItemT, ItemT], bool], join: Callable[[ItemT, ItemT], ItemT]
) -> list[ItemT]:
    """Return the items; each that is a part of the one before is joined to it."""
    merged: list[ItemT] = []
    for item in items:
        if merged and is_part(merged[-1], item):
            merged[-1] = join(merged[-1], item)
        else:
            merged.append(item)
    return merged


def flat_map(function: Callable[[ItemT], Iterable[ResultT]], items: Iterable[ItemT]) -> Iterator[ResultT]:
    """Yield the results that a function returns for each of the items."""
    return chain.from_iterable(map(function, items))
