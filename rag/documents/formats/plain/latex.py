"""Reads LaTeX: its sections and tables, the text without commands, formulas and code to the letter."""

import re
from collections.abc import Iterator
from itertools import groupby, islice
from pathlib import Path
from textwrap import dedent
from typing import Any

from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexwalker import LatexGroupNode, LatexMathNode
from pylatexenc.macrospec import MacroSpec

from rag.documents.blocks import Block, Extract, squeeze
from rag.documents.formats.grid import walk_table
from rag.documents.formats.numerals import raise_digits
from rag.documents.formats.plain.decode import decode
from rag.documents.formats.plain.latex_commands import CODE, FORMULAS, LEVELS, TABLES, make_syntax, make_texts, parse
from rag.documents.formats.plain.markup import make_extract, split_paragraphs
from rag.documents.formats.rows import MOST_COLUMNS_SPANNED, Cell
from rag.documents.sequences import flat_map

_Node = Any  # pylatexenc has no types

_BEGIN = r"\begin{document}"
# A comment, or a command that sets a value for the whole document.
_SETTING = re.compile(r"(?<!\\)%.*|\\(?P<name>title|author|date|(?:new|renew|provide)command)(?![A-Za-z])")
_FIELDS = ("title", "author", "date")
_LONGEST_SETTING, _MOST_SETTINGS = 1000, 300
# Formulas such as "n = 37" and "2.3 m$^2$" are words.
_POWER = re.compile(r"\^(\d|n|\{\d+\})")
_PLAIN_FORMULA = re.compile(r"[\w =<>+*/.,()-]+")
# Text that is never set.
_SWITCHED_OFF = re.compile(r"\\iffalse(?![A-Za-z]).*?(?:\\fi(?![A-Za-z])|\Z)", re.DOTALL)
# The sides on which a line below cells is shorter.
_TRIM = re.compile(r"(?<=\\cmidrule)\([lr]*\)")
_CELL_END = ("&",)
_ROW_ENDS = (r"\\", r"\tabularnewline")
_LINES = (r"\hline", r"\midrule", r"\endfirsthead", r"\endhead")
# How many columns a cell spans, or how many arguments a command has; larger numbers are a fault.
_COUNTS = {str(count): count for count in range(1, MOST_COLUMNS_SPANNED + 1)}
# Without these signs, nothing is inside of anything.
_NESTING = str.maketrans("{}[]()$", " " * 7)


def read_latex(path: Path) -> Extract:
    """Return the text between the beginning and the end of a document, or the whole text of a part of one."""
    text = _SWITCHED_OFF.sub("", _TRIM.sub("", decode(path.read_bytes())))
    try:
        return _Reader().read(text)
    except RecursionError:
        return _Reader().read(text.translate(_NESTING))


class _Reader(LatexNodes2Text):  # type: ignore[misc]
    """Turns LaTeX into blocks. It knows the title, author and date, and the commands that the text defines."""

    def __init__(self) -> None:
        super().__init__(make_texts(), strict_latex_spaces=True)
        self._fields: dict[str, str] = {}
        self._definitions: dict[str, str] = {}
        self._syntax: list[MacroSpec] = []

    def read(self, text: str) -> Extract:
        """Return the blocks and the fields of a text."""
        self._read_settings(text)
        begin = text.find(_BEGIN)
        nodes, *_ = parse(text, make_syntax(self._syntax)).get_latex_nodes(max(0, begin))
        blocks = self._walk(nodes if begin < 0 else nodes[0].nodelist)
        return make_extract(list(blocks), self._fields)

    def _read_settings(self, text: str) -> None:
        r"""Note the values of commands such as "\title"; one that is not closed is passed over."""
        syntax = make_syntax([])
        settings = islice((match for match in _SETTING.finditer(text) if match["name"]), _MOST_SETTINGS)
        for match in sorted(settings, key=lambda match: match["name"] in _FIELDS):  # a title has defined commands
            part = text[match.start() : match.start() + _LONGEST_SETTING]
            (node, *_), *_ = parse(part, syntax).get_latex_nodes(read_max_nodes=1)
            if not _list_arguments(node) or node.len > len(part):
                continue
            if match["name"] in _FIELDS:
                self._fields.setdefault(match["name"], squeeze(self.node_arg_to_text(node, 1)).replace(" ,", ","))
            else:
                self._define(node)

    def _define(self, node: _Node) -> None:
        """Note the words of a command, in which "#1" is the first argument."""
        _, name, _, default, _ = _list_arguments(node)
        command = name.latex_verbatim().strip("{}\\ ")
        arguments = "{" * _COUNTS.get(self.node_arg_to_text(node, 2), 0)
        self._syntax.append(MacroSpec(command, "[" + arguments[1:] if default else arguments))
        self._definitions[command] = self.node_arg_to_text(node, 4)

    def apply_simplify_repl(self, node: _Node, simplify_repl: Any, what: str) -> str:
        """Return what a reader sees of a command; nothing if its arguments are missing."""
        takes_arguments = isinstance(simplify_repl, str) and "%" in simplify_repl
        if takes_arguments and not _list_arguments(node):
            return ""
        return str(super().apply_simplify_repl(node, simplify_repl, what))

    def macro_node_to_text(self, node: _Node) -> str:
        """Return what a reader sees of a command."""
        if node.macroname not in self._definitions:
            return str(super().macro_node_to_text(node))
        words = self._definitions[node.macroname]
        for index, _ in enumerate(_list_arguments(node)):
            words = words.replace(f"#{index + 1}", self.node_arg_to_text(node, index))
        return words

    def group_node_to_text(self, node: _Node) -> str:
        """Return the words between braces, apart from words in braces right after them."""
        words = str(super().group_node_to_text(node))
        is_apart = node.parsing_state.s.startswith("{", node.pos + node.len)
        return f"{words} " if is_apart else words

    def math_node_to_text(self, node: _Node) -> str:
        """Return a formula to the letter, or a plain one as words."""
        formula: str = node.latex_verbatim()
        words = _POWER.sub(lambda power: raise_digits(power[1].strip("{}")), formula.strip("$"))
        return words if _PLAIN_FORMULA.fullmatch(words) else formula

    def _walk(self, nodes: list[_Node]) -> Iterator[Block]:
        for stands_alone, group in groupby(nodes, _stands_alone):
            if stands_alone:
                yield from flat_map(self._read_block, group)
            else:
                lines = self.nodelist_to_text(list(group)).split("\n")
                yield from split_paragraphs("\n".join(map(squeeze, lines)))

    def _read_block(self, node: _Node) -> Iterator[Block]:
        """Yield the blocks of a node that is not part of a paragraph."""
        name = getattr(node, "environmentname", "")
        if _is_heading(node):
            yield Block(squeeze(self.node_to_text(node)), "heading", 1 + LEVELS.index(node.macroname))
        elif name in FORMULAS or isinstance(node, LatexMathNode):
            yield Block(node.latex_verbatim())
        elif name in CODE:
            options, _, code = node.nodeargd.verbatim_text.partition("\n")
            yield Block(dedent(code or options))
        elif name in TABLES:
            yield from self._read_table(node.nodelist)
        elif name != "comment":
            yield from self._walk(node.nodelist)

    def _read_table(self, nodes: list[_Node]) -> Iterator[Block]:
        """Yield the rows of a table; a single row above its first line is the header."""
        parts = list(filter(None, map(self._read_rows, _split(nodes, _LINES))))
        is_headed = len(parts) > 1 and len(parts[0]) == 1
        return walk_table(flat_map(iter, parts), is_headed=is_headed)

    def _read_rows(self, nodes: list[_Node]) -> list[list[Cell]]:
        rows = [list(map(self._read_cell, _split(row, _CELL_END))) for row in _split(nodes, _ROW_ENDS)]
        return [row for row in rows if any(cell.text for cell in row)]

    def _read_cell(self, nodes: list[_Node]) -> Cell:
        """Return a cell, which may be the argument of a command that says how many columns it spans."""
        wide = next((node for node in nodes if _get_name(node) == r"\multicolumn"), None)
        width = self.node_arg_to_text(wide, 0) if wide else ""
        return Cell(squeeze(self.nodelist_to_text(nodes)), _COUNTS.get(width, 1))


def _stands_alone(node: _Node) -> bool:
    """Return whether a node is a heading, an environment, a formula on lines of its own, or has one between braces."""
    if isinstance(node, LatexGroupNode):
        return any(map(_stands_alone, node.nodelist))
    is_display = getattr(node, "displaytype", "") == "display"
    return is_display or hasattr(node, "environmentname") or _is_heading(node)


def _is_heading(node: _Node) -> bool:
    """Return whether a node is a heading; its words are in braces."""
    return _get_name(node)[1:] in LEVELS and any(isinstance(part, LatexGroupNode) for part in _list_arguments(node))


def _list_arguments(node: _Node) -> list[_Node]:
    """Return the arguments of a command, and None for a missing option; nothing for a command at the end of a text."""
    return node.nodeargd.argnlist if node.nodeargd else []


def _get_name(node: _Node) -> str:
    r"""Return the name of a command, such as "\item", or a sign that has a meaning, such as "&"."""
    if hasattr(node, "macroname"):
        return f"\\{node.macroname}"
    return str(getattr(node, "specials_chars", ""))


def _split(nodes: list[_Node], names: tuple[str, ...]) -> list[list[_Node]]:
    """Return the nodes in parts; commands with some names are between them."""
    parts: list[list[_Node]] = [[]]
    for node in nodes:
        if _get_name(node) in names:
            parts.append([])
        else:
            parts[-1].append(node)
    return parts
