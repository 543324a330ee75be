"""Reads RTF files: the visible text, its headings, tables, notes and comments."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from rag.documents.blocks import Extract
from rag.documents.formats.rtf.flow import Flow, Paragraph, Style
from rag.documents.formats.rtf.row_collector import ROW_WORDS
from rag.documents.formats.rtf.tokens import CHARSETS, SYMBOLS, USUAL_ENCODING, Token, find_encoding, split_tokens
from rag.documents.formats.visibility import TINY, WHITE, Color, look_same
from rag.documents.properties import clean_properties
from rag.errors import DocumentError

_BEGINNING = re.compile(r"\s*\{\\rtf")
# Groups whose text is not the document's. Unknown groups that are marked as optional are left out too.
_LEFT_OUT = frozenset(
    re.findall(
        r"\w+",
        "pict object objdata nonshppict shprslt sp header headerl headerr headerf footer footerl footerr footerf"
        " fldinst ftnsep ftnsepc ftncn aftnsep aftnsepc aftncn listtable listoverridetable nonesttables nesttableprops"
        " xe tc txe rxe pn pntxta pntxtb filetbl revtbl operator subject keywords comment doccomm company category"
        " manager hlinkbase buptim printim revtim do background template private falt panose mmath",
    )
)
# Groups with text of another kind, by their word.
_PLACES = {
    "fonttbl": "fonts", "colortbl": "colors", "stylesheet": "styles", "title": "title", "author": "author",
    "creatim": "date", "listtext": "marker", "pntext": "marker", "atnauthor": "annotator", "atndate": "annotated",
    "info": "info",
}  # fmt: skip
_FLOWS = frozenset(("footnote", "annotation", "shptxt"))
# Groups that are marked as optional, and are read all the same.
_KNOWN = frozenset(("shpinst", "footnote", "annotation", "cs", "ds", "ts", "shppict", *_PLACES))
_SIGNS = {
    "line": "\n", "tab": "\t", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ", "qmspace": " ", "page": "\n", "column": "\n",
    "nestcell": " ", "nestrow": "\n", "~": "\u00a0", "_": "-", "-": "", "{": "{", "}": "}", "\\": "\\",
}  # fmt: skip
# The Unicode characters that stand for those of symbol fonts.
_FIRST_DRAWING, _LAST_DRAWING = 0xF000, 0xF0FF
_USUAL_SIZE = 24  # in half points
# The settings of letters by their words, and the usual number of each.
_SETTINGS = {
    "f": ("font", 0), "fs": ("size", _USUAL_SIZE), "cf": ("color", 0), "highlight": ("backdrop", 0),
    "cb": ("backdrop", 0), "chcbpat": ("backdrop", 0),
}  # fmt: skip
# Words with one of these are deleted, or hidden by the writer.
_HIDING = ("v", "webhidden", "deleted")


class _State(NamedTuple):
    """The settings that end with their group; `skip` is the number of characters that follow a Unicode character."""

    place: str = "body"
    font: int = -1
    skip: int = 1
    hiding: frozenset[str] = frozenset()
    is_bold: bool = False
    size: int = _USUAL_SIZE
    color: int = 0
    backdrop: int = 0
    is_new: bool = True
    is_optional: bool = False
    style_number: int | None = None
    style_level: int = 0


def read_rtf(path: Path) -> Extract:
    """Return the text, tables, notes and comments of an RTF file; raises DocumentError for any other file."""
    source = path.read_bytes().decode("latin-1")
    if not _BEGINNING.match(source):
        raise DocumentError("it is not a valid RTF file")
    reader = _Reader()
    reader.read(source)
    text = reader.flows[0]
    date = "{yr:04}-{mo:02}-{dy:02}".format_map(reader.numbers)
    properties = clean_properties(path, reader.texts.get("title"), reader.texts.get("author"), date)
    return properties._replace(blocks=text.finish(), title=text.title or properties.title)


class _Reader:
    """Follows the tokens of a file; `flows` are the text and the notes and boxes that are open, the innermost last."""

    def __init__(self) -> None:
        self.flows = [Flow()]
        self.texts: dict[str, str] = {}  # by place
        self._state = _State()
        self._stack: list[tuple[_State, bool]] = []  # with whether the group is a flow of its own
        self._encoding = USUAL_ENCODING
        self._encodings: dict[int, str | None] = {}
        self._usual_font = -1
        self._styles: dict[int, Style] = {}
        self._colors: list[Color] = []
        self._rgb = dict.fromkeys(("red", "green", "blue"), 0)
        self.numbers = {"yr": 0, "mo": 0, "dy": 0}  # of the day on which the document was made
        self._bytes: list[str] = []
        self._left_to_skip = 0
        self._has_background = False
        self._handlers = self._list_handlers()

    def read(self, source: str) -> None:
        """Read a whole file; text after the end of its outer group is left out."""
        for token in split_tokens(source):
            if token.kind == "text":
                self._add_bytes(token.value)
                continue
            self._flush()
            if token.kind == "open":
                self._stack.append((self._state, False))
                self._set(is_new=True, is_optional=False)
            elif token.kind == "close":
                self._close()
                if not self._stack:
                    break
            elif token.kind == "sign":
                self._read_sign(token.value)
            else:
                self._read_word(token)
        self._flush()

    def _close(self) -> None:
        """End a group, and the note, comment or box that it holds."""
        if self._state.place == "styles":
            self._add_style()
        elif self._state.place == "annotated":
            self._read_annotated()
        self._state, is_flow = self._stack.pop()
        if is_flow:
            flow = self.flows.pop()
            self.flows[-1].add_below(flow)
        self._left_to_skip = 0

    def _read_sign(self, sign: str) -> None:
        if sign == "*":
            self._set(is_optional=True)
        elif sign in "\r\n":
            self._end_paragraph(Token("word", "par"))
        else:
            self._add_sign(_SIGNS.get(sign, ""))

    def _read_word(self, token: Token) -> None:
        is_first = self._state.is_new
        is_optional = self._state.is_optional
        self._set(is_new=False, is_optional=False)
        word = token.value
        if self._state.place == "nothing":
            return
        if is_first:
            self._enter(word, is_optional=is_optional)
        handler = self._handlers.get(word)
        if handler:
            handler(token)
        elif word in _SIGNS:
            self._add_sign(_SIGNS[word])

    def _enter(self, word: str, *, is_optional: bool) -> None:
        """Begin a group that a word names."""
        is_known = word in _KNOWN or self._state.place == "styles"
        if word in _LEFT_OUT or (is_optional and not is_known):
            self._has_background |= word == "background"
            self._set(place="nothing")
        elif word in _PLACES:
            self._set(place=_PLACES[word])
        elif word in _FLOWS:
            self.flows.append(self._make_flow(word))
            self._stack[-1] = (self._stack[-1][0], True)
            self._state = _State(is_new=False, font=self._state.font, skip=self._state.skip)

    def _make_flow(self, word: str) -> Flow:
        if word != "annotation":
            return Flow(is_box=word == "shptxt")
        return Flow(is_comment=True, author=self.texts.pop("annotator", "").strip())

    def _list_handlers(self) -> dict[str, Callable[[Token], None]]:
        """Return what reads each control word."""
        return {
            **dict.fromkeys(("par", "sect"), self._end_paragraph),
            **dict.fromkeys(_HIDING, self._read_hiding),
            **dict.fromkeys(("red", "green", "blue"), self._read_rgb),
            **dict.fromkeys(self.numbers, self._read_date_part),
            **dict.fromkeys(_SETTINGS, self._read_setting),
            "pard": lambda _: self._set_paragraph(**Paragraph()._asdict()),
            "plain": self._read_plain,
            "s": self._read_style,
            "outlinelevel": self._read_level,
            "intbl": lambda _: self._set_paragraph(is_in_table=True),
            "cbpat": lambda token: self._set_paragraph(is_shaded=token.amount != 0),
            **dict.fromkeys(ROW_WORDS, lambda token: self.flows[-1].table.note(token.value, token.amount)),
            "cell": lambda _: self.flows[-1].end_cell(),
            "row": lambda _: self.flows[-1].table.end_row(),
            **dict.fromkeys(("ansicpg", "deff"), self._read_default),
            "fcharset": self._read_charset,
            "b": lambda token: self._set(is_bold=token.number != 0),
            "uc": lambda token: self._set(skip=max(0, token.amount)),
            "u": self._add_unicode,
        }

    def _set(self, **settings: Any) -> None:
        self._state = self._state._replace(**settings)

    def _set_paragraph(self, **settings: Any) -> None:
        if self._state.place == "body":
            flow = self.flows[-1]
            flow.paragraph = flow.paragraph._replace(**settings)

    def _end_paragraph(self, _: Token) -> None:
        if self._state.place == "body":
            self.flows[-1].end_paragraph()

    def _read_hiding(self, token: Token) -> None:
        others = self._state.hiding - {token.value}
        self._set(hiding=others if token.number == 0 else others | {token.value})

    def _read_plain(self, _: Token) -> None:
        self._set(font=self._usual_font, hiding=frozenset(), is_bold=False, size=_USUAL_SIZE, color=0, backdrop=0)

    def _read_rgb(self, token: Token) -> None:
        self._rgb[token.value] = min(255, max(0, token.amount))

    def _read_date_part(self, token: Token) -> None:
        if self._state.place == "date":
            self.numbers[token.value] = token.amount

    def _read_setting(self, token: Token) -> None:
        name, usual = _SETTINGS[token.value]
        self._set(**{name: token.number or usual})

    def _read_style(self, token: Token) -> None:
        number = token.amount
        if self._state.place == "styles":
            self._set(style_number=number)
        else:
            self._set_paragraph(style=self._styles.get(number, Style()))

    def _read_level(self, token: Token) -> None:
        """Note the level of a heading; RTF counts from 0, and 9 means text."""
        number = token.amount
        level = number + 1 if 0 <= number < 9 else 0
        if self._state.place == "styles":
            self._set(style_level=level)
        else:
            self._set_paragraph(level=level)

    def _add_style(self) -> None:
        """Note the style of a group in the style sheet, whose text is its name."""
        name = self.texts.pop("styles", "").strip(" ;").lower()
        if self._state.style_number is not None:
            self._styles[self._state.style_number] = Style(name, self._state.style_level)

    def _read_default(self, token: Token) -> None:
        """Note the code page or the font of text without its own."""
        if token.value == "deff":
            self._usual_font = token.amount
        else:
            self._encoding = find_encoding(token.amount)

    def _read_charset(self, token: Token) -> None:
        if self._state.place == "fonts":
            self._encodings[self._state.font] = CHARSETS.get(token.amount)

    def _read_annotated(self) -> None:
        """Note the date of a comment: a number made of minute, hour, day, month and year."""
        digits = self.texts.pop("annotated", "").strip()
        number = int(digits[:10]) if digits.isdecimal() else 0
        try:
            day = date(1900 + (number >> 20 & 0x1FF), number >> 16 & 0xF, number >> 11 & 0x1F)
        except ValueError:
            return
        self.flows[-1].date = day.isoformat()

    def _add_unicode(self, token: Token) -> None:
        """Add a Unicode character; the characters after it, for old programs, are skipped."""
        number = token.amount % 0x10000
        if _FIRST_DRAWING <= number <= _LAST_DRAWING:
            self._add_drawing()
        else:
            self._add(chr(number))
        self._left_to_skip = self._state.skip

    def _add_bytes(self, text: str) -> None:
        skipped = min(len(text), self._left_to_skip)
        self._left_to_skip -= skipped
        self._bytes.append(text[skipped:])

    def _flush(self) -> None:
        """Decode the bytes that came since the last control word."""
        data = "".join(self._bytes)
        self._bytes.clear()
        if not data or self._state.place == "nothing":
            return
        self._set(is_new=False)
        encoding = self._encodings.get(self._state.font) or self._encoding
        if self._state.place == "colors":
            for _ in range(data.count(";")):
                self._colors.append((self._rgb["red"], self._rgb["green"], self._rgb["blue"]))
                self._rgb = dict.fromkeys(self._rgb, 0)
        elif encoding == SYMBOLS:
            self._add_drawing()
        else:
            self._add(data if data.isascii() else data.encode("latin-1").decode(encoding, "replace"))

    def _add_drawing(self) -> None:
        """Add a bullet for a character of a symbol font, but only where an item is marked."""
        if self._state.place == "marker":
            self._add("•")

    def _add_sign(self, sign: str) -> None:
        if self._left_to_skip:
            self._left_to_skip -= 1
        else:
            self._add(sign)

    def _add(self, text: str) -> None:
        """Add text in its place; words that readers do not see are left out of the document."""
        place = self._state.place
        if place == "body":
            if not self._is_hidden():
                self.flows[-1].add(text, is_bold=self._state.is_bold)
        elif place == "marker":
            self.flows[-1].marker += text
        elif place not in ("nothing", "fonts", "colors", "info"):
            self.texts[place] = self.texts.get(place, "") + text

    def _is_hidden(self) -> bool:
        """Return whether readers do not see words with the present settings."""
        is_tiny = self._state.size / 2 <= TINY
        is_lost = look_same(self._get_color(self._state.color), self._find_backdrop())
        return any((self._state.hiding, is_tiny, is_lost))

    def _get_color(self, number: int) -> Color | None:
        """Return a colour of the table; the first one is that of the system, and None is unknown."""
        return self._colors[number] if 0 < number < len(self._colors) else None

    def _find_backdrop(self) -> Color | None:
        """Return the background of the words; None if it is not known."""
        flow = self.flows[-1]
        if self._state.backdrop:
            return self._get_color(self._state.backdrop)
        is_in_shaded_row = flow.paragraph.is_in_table and flow.table.is_shaded
        is_unknown = any((flow.paragraph.is_shaded, is_in_shaded_row, flow.is_box, self._has_background))
        return None if is_unknown else WHITE
