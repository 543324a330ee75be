"""The commands and environments of LaTeX: their arguments, and the words that a reader of the page sees."""

from typing import Any

from pylatexenc.latex2text import MacroTextSpec
from pylatexenc.latex2text import get_default_latex_context_db as get_texts
from pylatexenc.latexwalker import LatexCharsNode, LatexWalker
from pylatexenc.latexwalker import get_default_latex_context_db as get_syntax
from pylatexenc.macrospec import EnvironmentSpec, LatexContextDb, MacroSpec, ParsedVerbatimArgs, VerbatimArgsParser

LEVELS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph")
# pylatexenc writes an argument as "{", an option as "[" and a star as "*"; "%(2)s" is the second of these. Of commands
# that are not here, pylatexenc knows what is seen, or the words in braces after them are shown.
_COMMANDS = (
    (" ".join(LEVELS), "*[{", "%(3)s"),
    ("title author date", "[{", ""),
    ("newcommand renewcommand providecommand", "*{[[{", ""),
    ("label index nocite pagestyle thispagestyle bibliographystyle addbibresource hypertarget cline cmidrule", "{", ""),
    ("bibliography input include includegraphics selectlanguage hypersetup color pagenumbering", "[{", ""),
    ("hspace vspace", "*{", ""),
    ("setlength addtolength setcounter addtocounter markboth DeclareMathOperator", "{{", ""),
    ("addcontentsline", "{{{", ""),
    ("maketitle today", "", ""),
    ("ref eqref autoref cref Cref pageref url texttt textsf textmd textup mbox", "{", "%s"),
    ("caption", "*[{", "%(3)s"),
    ("href raisebox setkomavar", "{{", "%(2)s"),
    ("footnote thanks", "[{", " (%(2)s)"),
    ("cite citet citep citealp citeauthor citeyear parencite textcite autocite footcite", "*[[{", "[%(4)s]"),
    ("item", "[", "- %(1)s "),
    ("bibitem", "[{", "[%(2)s] "),
    ("multicolumn multirow", "{{{", "%(3)s"),
    ("enquote", "{", "“%s”"),
    ("glqq", "", "„"),
    ("grqq", "", "“"),
    ("S", "", "§"),
    ("euro EUR", "", "€"),
    ("TeX", "", "TeX"),
    ("LaTeX", "", "LaTeX"),
    ("and", "", ", "),
)
CODE = ("verbatim", "verbatim*", "Verbatim", "lstlisting", "minted", "alltt")
_FORMULAS = ("equation", "align", "gather", "multline", "flalign", "eqnarray", "displaymath")
FORMULAS = (*_FORMULAS, *(f"{name}*" for name in _FORMULAS))
TABLES = {"tabular": "[{", "tabular*": "{[{", "tabularx": "{[{", "longtable": "[{"}
_OTHERS = {"minipage": "[{", "multicols": "{", "column": "{", "thebibliography": "{", "frame": "["}
# pylatexenc fails if the last command of a text is its end, so an empty comment follows.
_END = "\n%"
# The parts of pylatexenc's own list that are needed. The options of theorems are words, so these are not.
_KNOWN = ["latex-base", "nonascii-specials", "verbatim", "enumitem", "natbib"]


class _CodeParser(VerbatimArgsParser):  # type: ignore[misc]  # pylatexenc has no types
    """Reads the code in an environment to its end, or to the end of the text."""

    def __init__(self, name: str) -> None:
        super().__init__("verbatim-environment")
        self._end = rf"\end{{{name}}}"

    def parse_args(self, w: Any, pos: int, parsing_state: Any = None) -> tuple[ParsedVerbatimArgs, int, int]:
        """Return the code, and where it begins and how long it is."""
        end = w.s.find(self._end, pos)
        code = w.s[pos:].removesuffix(_END) if end < 0 else w.s[pos:end]
        node = w.make_node(LatexCharsNode, parsing_state=parsing_state, chars=code, pos=pos, len=len(code))
        return ParsedVerbatimArgs(node), pos, len(code)


def parse(text: str, syntax: LatexContextDb) -> LatexWalker:
    """Return the parser of a text."""
    return LatexWalker(text + _END, latex_context=syntax)


def make_syntax(definitions: list[MacroSpec]) -> LatexContextDb:
    """Return the arguments of all commands and environments; `definitions` are those of a text itself."""
    macros = [MacroSpec(name, arguments) for names, arguments, _ in _COMMANDS for name in names.split()]
    environments = [EnvironmentSpec(name, _CodeParser(name)) for name in (*CODE, "comment")]
    environments += [EnvironmentSpec(name, is_math_mode=True) for name in FORMULAS]
    environments += [EnvironmentSpec(name, arguments) for name, arguments in (TABLES | _OTHERS).items()]
    syntax = get_syntax().filter_context(keep_categories=_KNOWN)
    syntax.add_context_category("shown", macros + definitions, environments, prepend=True)
    return syntax


def make_texts() -> LatexContextDb:
    """Return what a reader sees of each command."""
    macros = [MacroTextSpec(name, shown) for names, _, shown in _COMMANDS for name in names.split()]
    macros.append(MacroTextSpec("verb", "%s"))
    texts = get_texts()
    texts.add_context_category("shown", macros, prepend=True)
    texts.set_unknown_macro_spec(MacroTextSpec("", discard=False))
    return texts
