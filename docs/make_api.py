"""Writes the reference in docs/api.md from the docstrings of what `rag` exports: `python docs/make_api.py`."""

import ast
import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import rag

PAGE = Path(__file__).with_name("api.md")
MARK = "<!-- docs/make_api.py writes the rest of this page. -->\n"
# The handle comes first, and then what it returns.
FIRST = ("Collection", "Answer", "Sentence", "Citation", "Hit", "Chunk", "Origin")
# The types that the signatures name, by their modules.
TYPES = {
    "rag.types": ("Voice", "Outcome", "Event"),
    "rag.metadata": ("Where",),
    "rag.index.build": ("OnFile",),
    "rag.index.embedder": ("Vectors",),
    "rag.index.vectors": ("Ids",),
    "rag.evaluation.run": ("Context", "Stage"),
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def find_definition(name: str) -> ast.ClassDef | ast.FunctionDef:
    """Return the source of an exported name, as it stands in its module."""
    module = importlib.import_module(getattr(rag, name).__module__)
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return node
    raise LookupError(name)


def describe(name: str) -> Iterator[str]:
    """Yield the lines about one exported name."""
    node = find_definition(name)
    yield f"### {name}\n"
    if isinstance(node, ast.FunctionDef):
        yield f"`{format_call(name, node)}`\n"
    yield f"{format_docstring(node)}\n"
    if isinstance(node, ast.ClassDef):
        members = [line for line in map(describe_member, node.body) if line]
        members += [f"- The fields of `{base}`." for base in list_bases(node)]
        yield from [*members, ""] if members else []


def list_bases(node: ast.ClassDef) -> list[str]:
    """Return the names of the exported records whose fields a class has too."""
    names = [ast.unparse(base) for base in node.bases]
    return [name for name in names if dataclasses.is_dataclass(getattr(rag, name, None))]


def describe_member(node: ast.stmt) -> str | None:
    """Return the line about a field, a method or a property of a class; None if it is nobody else's business."""
    if isinstance(node, ast.AnnAssign):
        return f"- `{ast.unparse(node)}`"
    if not isinstance(node, Function) or not ast.get_docstring(node):
        return None
    if node.name == "__init__":
        return f"- `{format_call('', node)}`: {format_docstring(node)}"
    if node.name.startswith("_"):
        return None
    is_property = any(isinstance(name, ast.Name) and name.id == "property" for name in node.decorator_list)
    shown = f".{node.name}" if is_property else format_call(f".{node.name}", node)
    return f"- `{shown}`: {format_docstring(node)}"


def format_call(name: str, node: Function) -> str:
    """Return a call as its module writes it, without `self`."""
    arguments = ast.unparse(node.args).removeprefix("self, ").removeprefix("cls, ").removeprefix("self")
    returned = f" -> {ast.unparse(node.returns)}" if node.returns and node.name != "__init__" else ""
    return f"{name}({arguments}){returned}"


def format_docstring(node: ast.ClassDef | Function) -> str:
    """Return a docstring as one paragraph."""
    return " ".join((ast.get_docstring(node) or "").split())


def describe_type(module: str, name: str) -> str:
    """Return the line about a type: its definition, and the comment above it."""
    source = inspect.getsource(importlib.import_module(module))
    definition = re.search(rf"((?:^# .*\n)*)^({name} = .+)$", source, re.MULTILINE)
    if not definition:
        raise LookupError(name)
    comment, statement = definition.groups()
    return f"- `{statement}`: {' '.join(comment.replace('# ', '').split())}"


def make_page(page: str) -> str:
    """Return the page with the reference as the docstrings have it now."""
    classes = [name for name in rag.__all__ if inspect.isclass(getattr(rag, name))]
    errors = [name for name in classes if issubclass(getattr(rag, name), Exception)]
    others = [name for name in classes if name not in (*errors, *FIRST)]
    groups = {
        "The handle, and what it returns": FIRST,
        "Functions": [name for name in rag.__all__ if name not in classes],
        "Other classes": others,
        "Errors": errors,
    }
    lines = []
    for title, members in groups.items():
        lines.append(f"## {title}\n")
        for name in members:
            lines += describe(name)
    lines += ["## Types\n", *(describe_type(module, name) for module, names in TYPES.items() for name in names)]
    return page.partition(MARK)[0] + MARK + "\n" + "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(make_page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
