"""Reads LaTeX: its sections, the text without the commands for its look, formulas and code to the letter."""

import re
import unicodedata
from pathlib import Path

from rag.documents.blocks import Extract
from rag.documents.dates import read_date
from rag.documents.formats.plain.decode import decode
from rag.documents.formats.plain.markup import Markup, read_markup
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
    "|autoref|cref|Cref|pageref|nolinkurl|caption|thanks"
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


_MARKS = (
    (re.compile(r"""\\(?:(["'`^~=.])|([cvHukr])(?=[ {]))[ ]?\{?\\?([A-Za-z])\}?"""), _compose),
    (re.compile(r"\{?\\(ss|ae|AE|oe|aa|AA|[oOlL])(?:\{\}|\}|(?![A-Za-z])[ ]?)"), lambda match: _LETTERS[match[1]]),
    (re.compile(rf"\\(?:{_UNSEEN})\*?\s*{_OPTION}\s*{_BRACES}(?:{_BRACES})?"), ""),
    (re.compile(rf"\\(?:{_SWITCHES})(?![A-Za-z])[ ]?"), ""),
    (re.compile(r"\\(?:begin|end)\{[^{}\n]*\}(?:\[[^\[\]\n]*\])?(?:\{[^{}\n]*\})?"), ""),
    (re.compile(rf"\\href\s*\{{[^{{}}]*\}}\s*{_BRACES}"), r"\1"),
    (re.compile(rf"[ ~]?\\footnote\s*{_BRACES}"), r" (\1)"),
    (re.compile(r"[ ~]?\\[a-zA-Z]*cite[a-zA-Z]*\*?(?:\[[^\[\]]*\]){0,2}\{([^{}]*)\}"), r" [\1]"),
    (re.compile(rf"\\(?:{_SHOWN})\*?\s*{_BRACES}"), r"\1"),
    (re.compile(r"\\item\s*\[([^\[\]]*)\][ ]?"), r"- \1 "),
    (re.compile(r"\\item(?![A-Za-z])[ ]?"), "- "),
    (re.compile(r"\\\\\*?(?:\[[^\[\]\n]*\])?[ ]?"), "\n"),
    (re.compile(r"``"), "“"),
    (re.compile(r"''"), "”"),
    (re.compile(r"(?<!-)---(?!-)"), "—"),
    (re.compile(r"(?<!-)--(?!-)"), "–"),
    (re.compile(r"(?<!\\)~|\\[,;:! ](?=\S)"), " "),
    (re.compile(r"\\([%&_#$])"), r"\1"),
    (re.compile(r"\n[^\S\n]*(?=\n)|\A\s+"), ""),
)


def _find_headings(text: str) -> list[Heading]:
    return [Heading(*m.span(), 1 + _LEVELS.index(m[1]), " ".join(m[2].split())) for m in _HEADING.finditer(text)]


_LATEX = Markup(_CODE, _COMMENT, _find_headings, _MARKS)


def read_latex(path: Path) -> Extract:
    """Return the text between the beginning and the end of a document, or the whole text of a part of one."""
    text = decode(path.read_bytes())
    body = _BODY.search(text)
    fields = {name: _LATEX.clean(value).strip() for name, value in _FIELD.findall(_COMMENT.sub("", text))}
    date = fields.get("date", "")
    return Extract(
        read_markup(body[1] if body else text, _LATEX),
        title=fields.get("title"),
        author=", ".join(re.split(r"\s*\\and\b\s*", fields.get("author", ""))) or None,
        date=None if date == r"\today" else read_date(date),
    )
