"""Reads the signs of a Word paragraph: letters, symbols, ticks of forms, raised marks of notes."""

from collections.abc import Callable, Iterable

from lxml.etree import _Element

from rag.documents.formats.numerals import raise_digits
from rag.documents.formats.office.paths import W, make_finder, make_reader, make_test, read_number

TICKED, UNTICKED = "[x]", "[ ]"
_FIXED = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
# The boxes of forms, and what fonts of symbols show in the place of private characters.
_SHOWN = str.maketrans({
    "☐": UNTICKED, "☑": TICKED, "☒": TICKED, "\uf0b7": "•", "\uf0a7": "•", "\uf0d8": "•", "\uf0fc": "✓", "\uf0e0": "→",
    "\uf0fe": TICKED, "\uf0a8": UNTICKED,
})  # fmt: skip
# The characters of fonts of symbols, from 0 to 255.
_WINGDINGS = {
    0x6C: "•", 0x6E: "•", 0x6F: UNTICKED, 0x71: UNTICKED, 0x76: "•", 0x9F: "•", 0xA7: "•", 0xA8: UNTICKED, 0xD8: "•",
    0xDF: "←", 0xE0: "→", 0xE8: "→", 0xFB: "✗", 0xFC: "✓", 0xFD: TICKED, 0xFE: TICKED,
}  # fmt: skip
_WINGDINGS_2 = {0x4F: "✗", 0x50: "✓", 0x51: TICKED, 0x52: TICKED, 0x53: TICKED, 0x54: TICKED, 0xA3: UNTICKED}
_GREEK = "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ"
_SMALL_GREEK = "αβχδεφγηιϕκλμνοπθρστυϖωξψζ"
_SYMBOL = {
    **dict(enumerate(_GREEK, 0x41)), **dict(enumerate(_SMALL_GREEK, 0x61)), 0xA3: "≤", 0xA5: "∞", 0xAB: "↔", 0xAC: "←",
    0xAD: "↑", 0xAE: "→", 0xAF: "↓", 0xB0: "°", 0xB1: "±", 0xB3: "≥", 0xB4: "×", 0xB7: "•", 0xB8: "÷", 0xB9: "≠",
    0xBA: "≡", 0xBB: "≈", 0xC6: "∅", 0xCE: "∈", 0xD2: "®", 0xD3: "©", 0xD4: "™", 0xD6: "√", 0xDE: "⇒", 0xE5: "∑",
}  # fmt: skip
_FONTS = {"wingdings": _WINGDINGS, "wingdings 2": _WINGDINGS_2, "symbol": _SYMBOL}

_find_ticks = make_finder("w:ffData/w:checkBox")
_is_ticked = make_test(
    "w:checked[not(@w:val = '0' or @w:val = 'false')]"
    " | self::*[not(w:checked)]/w:default[@w:val = '1' or @w:val = 'true']"
)
_find_choices = make_finder("w:ffData/w:ddList/w:listEntry")
_get_choice = make_reader("w:ffData/w:ddList/w:result/@w:val")
_is_raised = make_test("parent::w:r/w:rPr/w:vertAlign[@w:val = 'superscript']")


def join_signs(elements: Iterable[_Element]) -> str:
    """Return the text of a paragraph's signs; a raised number after a digit is kept apart from it: "2019¹"."""
    texts: list[str] = []
    last = ""
    for element in elements:
        text = _SIGNS.get(element.tag, _read_text)(element)
        if text.isdecimal() and last.isdecimal() and _is_raised(element):
            text = raise_digits(text)
        texts.append(text)
        last = text[-1:] or last
    return "".join(texts)


def _read_text(element: _Element) -> str:
    text = _FIXED.get(element.tag) or element.text or ""
    return text.translate(_SHOWN)


def _read_symbol(symbol: _Element) -> str:
    """Return the sign that a font of symbols has for a character; nothing if it is unknown."""
    font = _FONTS.get(symbol.get(f"{W}font", "").lower(), {})
    try:
        return font.get(int(symbol.get(f"{W}char", ""), 16) & 0xFF, "")
    except ValueError:
        return ""


def _read_field(field: _Element) -> str:
    """Return the tick of a form's box, or the choice of a form's list."""
    for box in _find_ticks(field):
        return TICKED if _is_ticked(box) else UNTICKED
    choices = [choice.get(f"{W}val", "") for choice in _find_choices(field)]
    number = read_number(_get_choice(field), 0)
    return choices[number] if number < len(choices) else ""


_SIGNS: dict[str, Callable[[_Element], str]] = {f"{W}sym": _read_symbol, f"{W}fldChar": _read_field}
