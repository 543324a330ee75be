"""Check the plain English of the documentation, docstrings, comments and help texts.

Run it as `python tests/prose.py [FILES]`. It prints `file:line: rule: the words` and exits with 1 if it finds anything.
"""

import ast
import inspect
import io
import os
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ("*.md", "docs/*.md", "prompts/README.md", "index/README.md", "benchmarks/questions/README.md")
SOURCES = ("ui.py", "rag/**/*.py", "benchmarks/*.py")
HELP = {"help", "short_help", "description"}  # arguments that hold a text for `--help`


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern that a sentence must not match, in any case, and what to write instead."""

    name: str
    pattern: str
    instead: str


RULES = (
    # A few words above the aim of 25, so that the rule finds only sentences that need a second reading.
    Rule("long sentence", r"(?:\b[a-z][\w'’-]*[^a-z?]+?){31}", "two sentences, at most 25 words each"),
    Rule("headless clause", r"(?:^|; (?:and |but )?)\W*(?:who|what)(?:ever)?\b(?!.*\?)", "name the actor or thing"),
    Rule("preposition and who", r"\b(?:to|of|by|for|from|with) who\b", "name the person: the user, the reader"),
    Rule("of it", r"(?:^|[,;(] ?)of (?:it|which it)\b", "put the noun first"),
    Rule("so many", r"\bso many\b(?! that)|\bso much (?:less|more)\b|\btimes so much\b", "give the number"),
    Rule("told", r"\b(?:is|are|was|were|be|been|being|not|and) (?:\w+ly )?told\b", "shown, said, separated, detected"),
    Rule("tell", r"\btells? (?:of|what|which|whether|where|how|when|that)\b", "return, detect, say or show"),
    Rule("stands", r"\b(?:stands?|stood|standing)\b(?! (?:for|out|alone|in for))", "is"),
    Rule("old word", r"\b(?:anew|thereof|whereby|wherein|therein|thereby|at which)\b", "again, of it, by which, where"),
    Rule("as such", r"\bas such\b", "say what it is"),
    Rule("there are … which", r"\bthere (?:is|are|was|were) [^,;]{1,50}\bwhich\b", "make the noun the subject"),
    Rule("is no", r"(?<!there )\b(?:is|are|was|were) no (?!longer|more|\w+er\b|other|match|such)", "is not a"),
    Rule("became of", r"\bbec[ao]mes? of\b", "say what happened"),
    Rule("behind", r"(?<!nothing )(?<!left )\bbehind\b(?! a proxy)", "after, below"),
    Rule("by ourselves", r"\bby ourselves\b|\bof our own\b", "say who does it, or leave it out"),
    Rule("of first", r"(?-i:^Of) (?:all |the |these |those )?(?:first |other )?\d", "31 of the 40 questions …"),
    Rule("place first", r"(?-i:^(?:In|On|Below|Above)) (?:it|them|(?:the|a) \w+) (?:is|are|was)\b", "noun first"),
    Rule("as did", r", as (?:did|was|were)\b(?!.*\?)", "name both: Footnote and markitdown"),
    Rule("by this", r"(?-i:^By) (?:this|these|it)\b", "so"),
    Rule("word twice", r"\b([a-z]+) \1\b", "another verb: continue on the next page"),
)  # fmt: skip
_SPACED = re.compile(r"`[^`]*`|\"[^\"]{1,300}\"|“[^”]{1,300}”|https?://\S+|(?<=\])\([^)\s]*\)|<[^>\s]+>")
# Names in a row count as one word: "FAISS, SQLite and Milvus".
_NAMES = re.compile(r"(?:(?<![.!?] )\b[A-Z_][\w.-]*(?:, | and | or |, and )){2,}[A-Z_][\w.-]*")
_END = re.compile(r"(?<=[.!?:])[\"”*_)\]]*\s+")


def check_text(text: str) -> Iterator[tuple[int, Rule, str]]:
    """Yield the line (from 0), the rule and the words of each finding in one paragraph."""
    plain = _NAMES.sub(_blank, _SPACED.sub(_blank, text))
    starts = [0, *(match.end() for match in _END.finditer(plain))]
    for start, end in zip(starts, [*starts[1:], len(plain)], strict=True):
        sentence = " ".join(plain[start:end].split())
        for rule in RULES:
            match = re.search(rule.pattern, sentence, re.IGNORECASE)
            if match:
                yield plain.count("\n", 0, start), rule, " ".join(match[0].split()[:8])


def _blank(match: re.Match[str]) -> str:
    return "_" + "\n" * match[0].count("\n")


def read_paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Yield the first line (from 0) and the text of each paragraph and list item of Markdown."""
    lines: list[str] = []
    first, fenced = 0, False
    for number, line in enumerate([*text.splitlines(), ""]):
        fenced ^= line.startswith("```")
        item = re.match(r"(?:[-*]|\d+\.) ", line)
        code = not lines and line.startswith("    ")
        skipped = fenced or code or not line.strip() or line.startswith(("#", "|", "```"))
        if lines and (skipped or item):
            yield first, "\n".join(lines)
            lines = []
        if not skipped:
            first = first if lines else number
            lines.append(line[item.end() :] if item else line)


def read_source(text: str) -> Iterator[tuple[int, str]]:
    """Yield the first line (from 0) and the text of each docstring, comment and help text of Python."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            if docstring := ast.get_docstring(node, clean=False):
                yield node.body[0].lineno - 1, inspect.cleandoc(docstring)
        elif isinstance(node, ast.keyword) and node.arg in HELP and isinstance(node.value, ast.Constant):
            yield node.value.lineno - 1, str(node.value.value)
    comments: dict[int, list[str]] = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            last = max(comments, default=0)
            joined = last + len(comments.get(last, [])) == token.start[0]
            comments.setdefault(last if joined else token.start[0], []).append(token.string.lstrip("#: "))
    yield from ((first - 1, "\n".join(lines)) for first, lines in comments.items())


def check_file(path: Path) -> Iterator[str]:
    """Yield a line of output for each finding in a Markdown or Python file."""
    text = path.read_text(encoding="utf-8")
    parts = read_source(text) if path.suffix == ".py" else [(0, text)]
    for part_line, part in parts:
        for line, paragraph in read_paragraphs(part):
            for offset, rule, words in check_text(paragraph):
                place = f"{os.path.relpath(path)}:{part_line + line + offset + 1}"
                yield f"{place}: {rule.name}: {words} (write: {rule.instead})"


if __name__ == "__main__":
    default = [path for pattern in (*PAGES, *SOURCES) for path in sorted(ROOT.glob(pattern))]
    findings = [line for path in map(Path, sys.argv[1:] or default) for line in check_file(path)]
    sys.stdout.writelines(f"{line}\n" for line in findings)
    sys.exit(bool(findings))
