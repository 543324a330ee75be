"""Lists the English words that deny, doubt or reverse what a text says: "not", "perhaps", "fell" for "rose"."""

import re
from collections.abc import Iterable
from itertools import chain, permutations

from rag.answer.signs import SUPERLATIVES, compile_any

# --- Not ---

NO = r"no(?:t|ne|body|thing|where)?"
_NOT = rf"{NO}|nor|neither|never|without|cannot|unable|\w*n['’]t"
# "Not only Bo" denies nothing.
NEGATION = compile_any(rf"\b(?:{_NOT})\b(?! (?:only|just|merely)\b)")
# "No, only on Mondays", but not "No reason was given".
YES_OR_NO = compile_any(r"\A(?:Yes|No)(?=$|[,.;:!])[,.;:!]?\s*")
# "No", "Nobody", "Not yet".
BEGINS_WITH_NO = compile_any(rf"\A{NO}\b")
# Verbs that deny what follows them, or only report it.
DENIAL = compile_any(
    r"\b(?:deny|denie[sd]|denying|disput(?:e[sd]?|ing) that|avoid(?:s|ed|ing)?|rul(?:e[sd]?|ing) out)\b",
    r"\b(?:refus(?:e[sd]?|ing)|fail(?:s|ed|ing)?|declin(?:e[sd]?|ing)|threaten(?:s|ed|ing)?) to\b",
    r"\b(?:pretend(?:s|ed|ing)?|alleg(?:e[sd]?|ing)|accus(?:e[sd]?|ing)|claim(?:s|ed|ing)? (?:that|to))\b",
)
_FORBIDDEN = r"forb[ia]d\w*|prohibit\w*|ban(?:s|ned)?"
FORBIDDEN = compile_any(rf"\b(?:{_FORBIDDEN})\b")
# A sentence that says that no reason was given.
UNEXPLAINED = compile_any(
    rf"\b(?:{_NOT}|declined|refused|unclear|unknown)\b[^.,;]*?"
    r"\b(?:statements?|reasons?|expla\w+|comment(?:ed)?|announce\w*|say|said|disclos\w+|know\w*|clear|why)\b",
)
_DENIES = compile_any(NEGATION.pattern, DENIAL.pattern, FORBIDDEN.pattern)
# Words with which a sentence says that something is not so, or not wholly.
EXCLUSION = compile_any(
    _DENIES.pattern,
    r"\b(?:hardly|rarely|seldom|lack\w*|absen\w*|fail\w*|miss\w*|refus\w*|reject\w*|exclu\w*|except\w*|exempt\w*"
    r"|barred|limit\w*|restrict\w*|only|free|too|few|unless|until|instead|rather|outside|other than|but|although"
    r"|however|against|oppos\w*|un\w{4,}|non-?\w+|dis(?:allow|qualif)\w+|in(?:eligible|valid))\b",
)

# --- Perhaps ---

_DOUBTS = (
    r"perhaps|possibly|probably|likely|unclear|unknown|reportedly|allegedly|apparently|suspect\w*|believ\w+|rumou?r\w*"
    r"|speculat\w+|suggest\w*|guess\w*"
)
DOUBT = compile_any(rf"\b(?:{_DOUBTS})\b")
# "May" and "could" may also permit something.
HEDGE = compile_any(rf"\b(?:(?-i:may)|might|could|{_DOUBTS})\b")

# --- Opposites ---

_FALLS = (
    r"falls?|fell|fallen|falling|lower(?:s|ed|ing)?|decreas\w+|drop(?:s|ped|ping)?|declin\w+|reduc\w+|shr[aiu]nk\w*"
)
_LOSSES = r"loss(?:es)?|deficits?"
_LOSES = r"los(?:es?|t|ing)"
# The patterns of two opposites.
Opposites = tuple[re.Pattern[str], re.Pattern[str]]


def _compile_pairs(after: str, *pairs: tuple[str, str]) -> list[Opposites]:
    """Return the patterns of pairs of opposites; two places are compared if their groups are equal."""
    return [(compile_any(rf"\b(?:{one})\b{after}"), compile_any(rf"\b(?:{other})\b{after}")) for one, other in pairs]


# Opposite states: a question about one of them may be answered from the other, "Who won?" by "Bonn lost to Essen".
STATES = _compile_pairs(
    "()",
    (r"open(?:s|ed|ing)?", r"clos(?:e[sd]?|ing)|shut(?:s|ting)?"),
    (r"w[io]n(?:s|ning)?", _LOSES),
    (r"allow(?:s|ed)?", _FORBIDDEN),
)
# Opposite directions, which are comparable wherever they are.
CHANGES = _compile_pairs(
    "()",
    (r"rises?|rose|risen|rising|rais(?:e[sd]?|ing)|increas\w+|grow(?:s|n|ing|th)?|grew|climb\w*|higher", _FALLS),
    (r"gain(?:s|ed)?|profits?|surplus(?:es)?", _LOSSES),
)
# Opposite sides, which are comparable if the same word follows: "above 5" and "below 5".
BOUNDS = _compile_pairs(
    r"\s+(?:(?:than|the|an?|by|of)\s+){0,2}(\w+)",
    (r"above|over|more|exceeding", r"below|under|less|fewer"),
    (r"after|later", r"before|earlier"),
    (r"up", r"down"),
    (r"at least|minimum", r"at most|maximum"),
)
# Opposite qualities. The check of a reply leaves them out: "A is north of B" follows from "B is south of A". "Bought"
# and "sold" are not here: they may be one event.
QUALITIES = _compile_pairs(
    "()",
    ("accepted", "rejected"), ("best", "worst"), ("eastern", "western"), ("easy", "difficult"),
    ("external", "internal"), ("failure", "success"), ("female", "male"), ("inner", "outer"), ("inside", "outside"),
    ("larger", "smaller"), ("men", "women"), ("negative", "positive"), ("north", "south"), ("northern", "southern"),
    ("private", "public"), ("strong", "weak"), ("stronger", "weaker"),
    *((high, low) for high, low, _ in SUPERLATIVES),
)  # fmt: skip


def is_unsure(text: str) -> bool:
    """Return whether a text has a doubt or a negation."""
    return bool(HEDGE.search(text) or NEGATION.search(text))


def denies(text: str) -> bool:
    """Return whether a text has a negation, or a verb that denies or forbids."""
    return bool(_DENIES.search(text))


def find_reversal(pairs: Iterable[Opposites], text: str, *, known: str, quoted: str) -> tuple[str, str] | None:
    """Return a word of a text that is not known, with its opposite, which it lacks, in the quotes; or None."""
    for one, other in chain.from_iterable(map(permutations, pairs)):
        said = set(one.findall(text)) - set(one.findall(known)) - set(other.findall(text))
        if not said.isdisjoint(other.findall(quoted)):
            return next(one.finditer(text))[0], next(other.finditer(quoted))[0]
    return None
