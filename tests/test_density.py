"""Decisions are counted as tests/density.py says."""

import ast

from tests.density import count_decisions, find_functions

CODE = """
def choose(items):
    if not items or len(items) > 3 and items[0]:
        return []
    for item in items:
        try:
            yield item if item else None
        except ValueError:
            assert item
    match items:
        case [one]:
            pass
    def inner():
        return [x for x in items if x if x > 1]
def list_names(items):
    named = filter(None, map(str, items))
    return list(takewhile(str.isalpha, named)), pool.map(str, items)
class Holder:
    def get(self):
        return self
"""


def test_each_kind_of_decision_counts_once() -> None:
    choose, list_names, get = find_functions(ast.parse(CODE))
    # if, or, and; for; if else; except; assert; case; a comprehension with two conditions.
    assert count_decisions(choose) == 3 + 1 + 1 + 1 + 1 + 1 + 3
    assert count_decisions(list_names) == 3  # `filter`, `map` and `takewhile`, and no method of that name
    assert count_decisions(get) == 0
