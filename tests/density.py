"""Prints how many decisions 100 lines of functions hold, by folder: `python tests/density.py rag --limit 30`.

A decision is a branch, a loop, an `and` or `or`, a part of a comprehension, or a call such as `filter` that loops. It
exits with 1 if the package has more than the limit: a function is to be read once, so one line takes one decision at
most.
"""

import argparse
import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_BRANCHES = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.Assert, ast.match_case)
# Each of these functions hides a loop.
_LOOPS = {
    "dropwhile", "filter", "flat_map", "groupby", "join_filled", "map", "merge_runs", "pick_first", "split_runs",
    "starmap", "takewhile",
}  # fmt: skip


def count_decisions(function: ast.AST) -> int:
    """Return the number of decisions in a function, with those of the functions inside."""
    decisions = 0
    for node in ast.walk(function):
        if isinstance(node, _BRANCHES):
            decisions += 1
        elif isinstance(node, ast.BoolOp):
            decisions += len(node.values) - 1
        elif isinstance(node, ast.comprehension):
            decisions += 1 + len(node.ifs)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            decisions += node.func.id in _LOOPS
    return decisions


def find_functions(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions and methods below a node, but none that is inside another."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
        else:
            yield from find_functions(child)


def measure_package(package: Path) -> tuple[Counter[str], Counter[str]]:
    """Return the decisions and the lines of all functions, by folder."""
    decisions: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for path in sorted(package.rglob("*.py")):
        folder = path.parent.relative_to(package.parent).as_posix()
        for function in find_functions(ast.parse(path.read_text(encoding="utf-8"))):
            decisions[folder] += count_decisions(function)
            lines[folder] += (function.end_lineno or function.lineno) - function.lineno + 1
    return decisions, lines


def main() -> int:
    """Print the figures; return 1 if the package's is above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path)
    parser.add_argument("--limit", type=float, default=100.0, help="most decisions per 100 lines of the package")
    parser.add_argument("--folder-limit", type=float, default=100.0, help="most decisions per 100 lines of a folder")
    arguments = parser.parse_args()
    decisions, lines = measure_package(arguments.package)
    densities = {folder: 100 * decisions[folder] / lines[folder] for folder in sorted(lines)}
    for folder, density in densities.items():
        print(f"{density:5.1f}  {folder} ({lines[folder]} lines)")
    density = 100 * decisions.total() / lines.total()
    print(f"{density:5.1f}  in all ({lines.total()} lines); the limit is {arguments.limit:g}")
    too_dense = [folder for folder, density in densities.items() if density > arguments.folder_limit]
    if too_dense:
        print(f"above the limit of a folder, {arguments.folder_limit:g}: {', '.join(too_dense)}")
    return int(density > arguments.limit or bool(too_dense))


if __name__ == "__main__":
    sys.exit(main())
