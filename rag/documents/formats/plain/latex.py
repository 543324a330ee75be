"""Reads LaTeX: its sections, the text without the commands for its look, formulas and code to the letter."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from rag.documents.blocks import Extract, squeeze
from rag.documents.formats.grid import Labels
from rag.documents.formats.numerals import raise_digits
from rag.documents.formats.plain.decode import decode
from rag.documents.formats.plain.markup import Markup, change_outside, make_extract, read_markup
from rag.documents.headings import Heading

_LEVELS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph")
# A text between braces, which may have braces inside.
_BRACES = r"\{((?:[^{}\\]|\\.|\{[^{}]*\})*)\}"
_OPTION = r"(?:\[[^\[\]]*\])?"
_HEADING = re.compile(rf"\\({'|'.join(_LEVELS)})\*?\s*{_OPTION}\s*{_BRACES}")
_BODY = re.compile(r"\\begin\{document\}(.*?)(?:\\end\{document\}|\Z)", re.DOTALL)
_FIELD = re.compile(rf"\\(title|author|date)\s*{_OPTION}\s*{_BRACES}")
_VERBATIM = r"verbatim\*?|Verbatim|lstlisting|minted"
_FORMULA = r"equation\*?|align\*?|gather\*?|multline\*?|displaymath|math"
_CODE = re.compile(
    rf"\\begin\{{(?P<name>{_VERBATIM})\}}{_OPTION}(?:\{{\w+\}})?(?P<code>.*?)(?:\\end\{{(?P=name)\}}|\Z)"
    rf"|(?:\\begin\{{(?P<kind>{_FORMULA})\}}.*?(?:\\end\{{(?P=kind)\}}|\Z)|(?<!\\)\\\[.{1, 2000}?\\\])",
    re.DOTALL,
)
_COMMENT = re.compile(
    r"(?<!\\)%[^\n]*(?:\n[ \t]*(?=\S)|(?=\n)|\Z)|\\begin\{comment\}.*?(?:\\end\{comment\}|\Z)", re.DOTALL
)
_SHOWN = (
    "emph|text(?:bf|it|tt|sc|sf|rm|sl|up|md|normal)?|underline|enquote|mbox|textsuperscript|textsubscript|url|ref|eqref"
    "|autoref|cref|Cref|pageref|nolinkurl|caption"
)
_UNSEEN = (
    "label|vspace|hspace|includegraphics|bibliography|bibliographystyle|input|include|pagestyle|thispagestyle|setlength"
    "|addbibresource|usepackage|documentclass|index|nocite|setcounter"
)
_SWITCHES = (
    "maketitle|tableofcontents|noindent|indent|newpage|clearpage|centering|raggedright|small|footnotesize|large|Large"
    "|bfseries|itshape|ttfamily|hline|toprule|midrule|bottomrule|medskip|bigskip|smallskip|printbibliography|appendix"
)
_ACCENTS = dict(
    zip("\"'`^~=.cvHukr", "\u0308\u0301\u0300\u0302\u0303\u0304\u0307\u0327\u030c\u030b\u0306\u0328\u030a", strict=True)
)
_LETTERS = {"ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "aa": "å", "AA": "Å", "oe": "œ"}


def _compose(accent: re.Match[str]) -> str:
    """Return a letter with the accent that a command puts on it."""
    sign, letter = accent[1] or accent[2], accent[3]
    return unicodedata.normalize("NFC", letter + _ACCENTS[sign])


# Formulas of one letter or of plain signs, such as "m$^2$" and "$n = 37$"
_POWER = re.compile(r"(?<!\\)\$\^\{?([\dn]{1,3})\}?\$")
_PLAIN_FORMULA = re.compile(r"(?<!\\)\$(?=\S)([\w =<>+*/.,()-]{1,60})(?<=\S)\$")
_TABLE = re.compile(
    r"\\begin\{(?P<table>tabular[*xy]?|longtable)\}(?:\[[^\[\]\n]*\])?(?:\{(?:[^{}]|\{[^{}]*\})*\}){1,3}"
    r"(?P<body>.*?)\\end\{(?P=table)\}",
    re.DOTALL,
)
_RULES = re.compile(r"\\(?:midrule|hline|endfirsthead|endhead)(?![A-Za-z])")
_NO_CELLS = re.compile(
    r"\\(?:toprule|bottomrule|cmidrule(?:\([^()]*\))?\{[^{}]*\}|cline\{[^{}]*\}|endfoot|endlastfoot)"
)
_WIDE = re.compile(rf"\\multi(?:column|row)\s*(?:\[[^\[\]]*\])?\{{[^{{}}]*\}}\s*\{{[^{{}}]*\}}\s*{_BRACES}")
_MARKS = (
    (re.compile(r"""\\(?:(["'`^~=.])|([cvHukr])(?=[ {]))[ ]?\{?\\?([A-Za-z])\}?"""), _compose),
    (re.compile(r"\{?\\(ss|ae|AE|oe|aa|AA|[oOlL])(?:\{\}|\}|(?![A-Za-z])[ ]?)"), lambda match: _LETTERS[match[1]]),
    (re.compile(rf"\\(?:{_UNSEEN})\*?\s*{_OPTION}\s*{_BRACES}(?:{_BRACES})?"), ""),
    (re.compile(rf"\\(?:{_SWITCHES})(?![A-Za-z])[ ]?"), ""),
    (re.compile(r"\\(?:begin|end)\{[^{}\n]*\}(?:\[[^\[\]\n]*\])?(?:\{[^{}\n]*\})?"), ""),
    (re.compile(rf"\\href\s*\{{[^{{}}]*\}}\s*{_BRACES}"), r"\1"),
    (re.compile(rf"[ ~]?\\(?:footnote|thanks)\s*{_BRACES}"), r" (\1)"),
    (re.compile(r"[ ~]?\\[a-zA-Z]*cite[a-zA-Z]*\*?(?:\[[^\[\]]*\]){0,2}\{([^{}]*)\}"), r" [\1]"),
    (re.compile(rf"\\(?:{_SHOWN})\*?\s*{_BRACES}"), r"\1"),
    (re.compile(r"\\item\s*\[([^\[\]]*)\][ ]?"), r"- \1 "),
    (re.compile(r"\\item(?![A-Za-z])[ ]?"), "- "),
    (re.compile(r"\\\\\*?(?:\[[^\[\]\n]*\])?[ ]?"), "\n"),
    (_POWER, lambda match: raise_digits(match[1])),
    (_PLAIN_FORMULA, r"\1"),
    (re.compile(r"``"), "“"),
    (re.compile(r"''"), "”"),
    (re.compile(r"(?<!-)---(?!-)"), "—"),
    (re.compile(r"(?<!-)--(?!-)"), "–"),
    (re.compile(r"(?<!\\)~|\\[,;:! ](?=\S)"), " "),
    (re.compile(r"\\([%&_#$])"), r"\1"),
    (re.compile(r"\n[^\S\n]*(?=\n)|\A\s+"), ""),
)


def _find_headings(text: str) -> list[Heading]:
    return [Heading(*m.span(), 1 + _LEVELS.index(m[1]), squeeze(m[2])) for m in _HEADING.finditer(text)]


def _spell_out_tables(text: str) -> str:
    """Return a text whose tables are lines with the header's words."""
    return _TABLE.sub(lambda table: "\n".join(("", *_list_rows(table["body"]), "")), text)


def _list_rows(body: str) -> Iterator[str]:
    """Return the rows of a table in words; the row above its first line is the header."""
    parts = _RULES.split(_WIDE.sub(r"\1", _NO_CELLS.sub("", body)))
    above, *below = [*filter(str.strip, parts), ""]
    first = _split_rows(above)
    others = _split_rows(r" \\ ".join(below))
    is_headed = len(first) == 1 and others != []
    header, rows = (first[0], others) if is_headed else ([], [*first, *others])
    return filter(None, Labels(header).format_rows(rows))


def _split_rows(text: str) -> list[list[str]]:
    """Return the cells of each row that has any."""
    rows: list[list[str]] = []
    for row in re.split(r"\\\\(?:\[[^\[\]\n]*\])?", text):
        if row.strip():
            cells = re.split(r"(?<!\\)&", row)
            rows.append(list(map(str.strip, cells)))
    return rows


_LATEX = Markup(_CODE, _COMMENT, _find_headings, _MARKS)


def read_latex(path: Path) -> Extract:
    """Return the text between the beginning and the end of a document, or the whole text of a part of one."""
    text = change_outside(decode(path.read_bytes()), _CODE, _spell_out_tables)
    body = _BODY.search(text)
    fields = {name: _LATEX.clean(value).strip() for name, value in _FIELD.findall(_COMMENT.sub("", text))}
    fields["author"] = ", ".join(re.split(r"\s*\\and\b\s*", fields.get("author", "")))
    if fields.get("date") == r"\today":
        del fields["date"]
    return make_extract(list(read_markup(body[1] if body else text, _LATEX)), fields)
