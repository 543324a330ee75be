"""Lists the English words and patterns that the answer path uses, and three functions that test for them.

A text in another language has no sign: a question counts as one of fact, a sentence as one that stands alone.
"""

import re
from collections.abc import Sequence

from rag.text import WORD, content_words, drop_plural

# --- Currencies (constraints.py, numbers.py, columns.py) ---

# The sign of each currency, and the words for it.
CURRENCIES = {
    "euro": "€ euro euros eur",
    "dollar": "$ dollar dollars usd",
    "pound": "£ pound pounds gbp",
    "yen": "¥ yen jpy",
    "franc": "₣ franc francs chf",
    "rupee": "₹ rupee rupees inr",
    "ruble": "₽ ruble rubles rouble roubles rub",
    "lira": "₺ lira liras try",
    "won": "₩ krw",  # "5 won" may be five winners
    "shekel": "₪ shekel shekels ils",
    "hryvnia": "₴ hryvnia hryvnias uah",
}
CURRENCY_NAMES = {word: name for name, words in CURRENCIES.items() for word in words.split()}
CURRENCY_SIGNS = "".join(words[0] for words in CURRENCIES.values())
_CURRENCY_WORDS = "|".join(word for word in CURRENCY_NAMES if word.isalpha())
ANY_CURRENCY = rf"[{CURRENCY_SIGNS}]|\b(?:{_CURRENCY_WORDS})\b"

# --- Questions ---

ASKS_TWO = re.compile(r"\b(?:and|or)\b[^?]*\b(?:who|whom|whose|what|when|where|which|why|how)\b", re.IGNORECASE)
ASKS = re.compile(
    r"\b(?:who|whom|whose|what|when|where|which|why|how|is|are|was|were|do|does|did|can|could|will|would|should|has|have)\b",
    re.IGNORECASE,
)
BEGINS_QUESTION = re.compile(r"(?:who|whom|whose|what|when|where|which|why|how|if|whether)\b", re.IGNORECASE)
ARTICLE = re.compile(r"(?:the|a|an|my|your|our|his|her|its|their)\b", re.IGNORECASE)
_POLITE = r"(?:(?:please|hi|hello|hey|sorry|excuse me)\W+)*"
# "I need the …", "Can you tell me when …"
WISH = re.compile(
    rf"\W*{_POLITE}(?:i(?:'m| am)? (?:need(?: to know)?|want(?: to know)?|would like(?: to (?:know|have))?"
    r"|looking for|wonder(?:ing)?(?: about)?|search(?:ing)? for)"
    r"|(?:can|could|would|will) you (?:please )?(?:tell|give|show) me|(?:tell|give|show|get|find) me)\s+"
    r"(?!(?:a |an |the )?(?:more|summary|overview|gist|story)\b|about\b)",
    re.IGNORECASE,
)
# These words ask for an action, not for a thing: "my money back", "the door fixed", "the landlord to pay".
WANTS_ACTION = re.compile(
    r"\b(?:back|off|out|up|down|away|over|again|done|gone|paid|sent|made|cut|shut|put|\w{2,}[^\We]ed)$"
    r"|\bto (?!(?:the|an?|my|your|our|his|her|its|their)\b)[a-z]",
)
# A word that points back to the turn before, or goes on from it.
FOLLOWS_UP = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|then|ones?|former|latter"
    r"|same|others?|another|else|both|either|neither|above|again|too|instead)\b"
    r"|^\W*(?:and|but|so|or|also|what about|how about)\b",
    re.IGNORECASE,
)
_THINGS = r"(?:documents?|files?|articles?|pages?|reports?|comments?|readers?|sources?|passages?|times)"
# A question that counts, lists or compares over all documents.
ASKS_ABOUT_ALL = re.compile(
    rf"\bhow (?:many|often) (?:\w+ ){{0,2}}?{_THINGS}\b"
    rf"|\b(?:which|what) (?:of the )?{_THINGS} (?:mention|say|contain|name|talk|discuss|refer)"
    r"|^\W*(?:please )?(?:list|enumerate|name|show|give(?: me)?|count|summari[sz]e|compare)\b.*\b(?:all|every|each)\b"
    rf"|\b(?:all|every|each)(?: of)?(?: the| my| these)? {_THINGS}\b",
    re.IGNORECASE,
)

# --- Parts of the signs of a kind of question (kinds.py) ---

_PART_WORDS = "section|clause|chapter|part|point|article|paragraph"
PART_NAME = rf"(?:{_PART_WORDS}|§)"
# A numbered part of a document: "section 4.2", "§ 7".
PART = rf"(?:\b|(?=§)){PART_NAME}\s?(?P<number>\d+(?:\.\d+)*)\b"
# A page of a document, or a slide, by its number.
PAGE = r"\b(?:pages?|slide|seite|folie|página|pagina|sayfa|страниц\w{1,2})\s(?P<number>\d{1,4})\b"
TEXT = (
    rf"(?:{_PART_WORDS}|document|report|letter|mail|post|page|text|file|notice"
    r"|contract|agreement|lease|book|story|film|song|study|paper|policy|law)"
)
PLEASE = r"(?:^|[.!?]\s)\W*(?:(?:please|can you|could you|can i|i would like|i want|give me|show me)\s+)*"
AUXILIARY = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|may)"
# These words end as a plural does and are not plurals.
NO_PLURAL = (
    r"(?:this|his|was|is|does|has|us|its|always|perhaps|comes|makes|happens|means|takes|gives|goes|says|gets|helps|allows"
    r"|becomes|includes|contains|remains|provides|refers|describes|represents|determines)\b"
)
WHOSE = r"(?:the|all|some|his|her|its|their|your|my|our)"

# --- Constraints (constraints.py) ---

# Passages need not have the number of a bound: "over 100", "between 2001 and 2003", "after 1999".
# "About 2019" may name a year.
BOUND = re.compile(
    r"\b(?:(?:over|under|above|below|around|within|after|before|since|until|till|by|between|than|exceeding|nearly|almost"
    r"|(?:up|close) to|at (?:least|most)|from (?=\d+ (?:to|until|till|and)\b))|about (?!(?:1[0-9]|20)\d\d\b))\s*"
    rf"[{CURRENCY_SIGNS}]?\d[\d.,]*(?: (?:and|to|until|till) [{CURRENCY_SIGNS}]?\d[\d.,]*)?",
    re.IGNORECASE,
)

# --- Comparisons (query.py) ---

# "Which is longer, the old bridge or the new one?"
COMPARATIVE = re.compile(
    r"\b(?:more|less|fewer|better|worse|first|(?!other|over|under|after|ever)\w{2,}er)\b", re.IGNORECASE
)
# The words that only say that things are compared.
COMPARING = content_words(
    "compare compared comparison difference differ different between versus vs one which more less what's please"
    " better speaks pros cons"
)
# How a question names its two sides; the first of these that fits holds.
SIDES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:in|on) (?P<one>\d[\w.-]*) (?:and|than|or|to|with) (?:(?:in|on|that of) )?(?P<other>\d[\w.-]*)",
        r"\bbetween (?P<one>[^?]+?) and (?P<other>[^?.,:;]+)",
        r"(?P<one>[^,?:;–-]+?) (?:or|vs\.?|versus) (?P<other>[^,?:;–]+?)(?= [–-] |[,?:;–]|$)",
        r"\bcompare (?:[^:]+: )?(?P<one>[^?:]+?) (?:and|with|to) (?P<other>[^?.,:;]+)",
        r"\bhow (?:do|does|did) (?P<one>[^?]+?) and (?P<other>[^?]+?) differ",
    )
]

# --- Words that ask for a summary and do not name a topic (summary.py) ---

SUMMARY_WORDS = content_words(
    "please can could you give me summarise summarize summary sum up outline describe explain overview gist story tell"
    " about know happened what's going few sentences words short article document page text post blog section clause"
    " whole main points key topics ideas message findings discussion discussed discuss meeting"
)

# --- Courtesies, and questions about the collection (collection.py) ---

_FILES = r"(?:documents?|files?|articles?|texts?|sources?)"
_THERE = (
    r"(?:\s+(?:do you (?:have|know)|have you(?: got)?|are there|are (?:they|in (?:the|this|my) (?:index|collection))"
    r"|(?:does|is in) (?:the|this|my) (?:index|collection)(?: (?:have|hold|contain))?|did i add|(?:are|is) indexed))?"
)
GREETING = re.compile(
    r"\W*(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|greetings)(?:\s+(?:there|all|everyone|footnote))?\W*",
    re.IGNORECASE,
)
THANKS = re.compile(
    r"\W*(?:ok(?:ay)?\W+|great\W+)?(?:thanks?|thank you|thx|cheers)(?:\s+(?:a lot|you|so much|very much))*\W*"
    r"|\W*(?:bye|goodbye|see you)\W*",
    re.IGNORECASE,
)
ABILITIES = re.compile(
    r"\W*(?:what (?:can|do) you do|who are you|what are you|how do(?:es)? (?:you|this) work|help(?: me)?"
    r"|what can i ask(?: you)?)\W*",
    re.IGNORECASE,
)
COUNT_FILES = re.compile(rf"\W*how many {_FILES}{_THERE}\W*", re.IGNORECASE)
LIST_FILES = re.compile(
    rf"\W*(?:(?:which|what) {_FILES}{_THERE}"
    rf"|(?:please )?(?:list|show|name)(?: me)?(?: all)?(?: the| my| your)? {_FILES}(?: in (?:the|this|my) index)?)\W*",
    re.IGNORECASE,
)
WHEN_INDEXED = re.compile(
    r"\W*when (?:was|were|did (?:you|i|we)) (?=.*\b(?:add|index|upload))(?:(?:add|index|upload) )?(?P<name>.+?)"
    r"(?: (?:last )?(?:added|indexed|uploaded))?(?: to (?:the|this|my) (?:index|collection))?\W*",
    re.IGNORECASE,
)
MENTIONS = re.compile(
    rf"\W*(?:(?:which|what|how many)(?: of the)? {_FILES} (?:mentions?|names?|contains?|refers? to|talks? (?:about|of))"
    r"\s+(?P<phrase>.+?)(?:\s+mentioned)?|where (?:is|are)\s+(?P<place>.+?)\s+mentioned)\W*",
    re.IGNORECASE,
)

# --- Tables (task.py, table.py) ---

# "Can you compute …" wants no yes or no.
COURTESY = re.compile(r"^\W*(?:(?:please|(?:can|could|would|will) you)\W+)+", re.IGNORECASE)
_ROWS = r"(?:rows|entries|records|lines)"
COUNTS_ROWS = re.compile(rf"\bhow many {_ROWS}\b|\b(?:total )?number of {_ROWS}\b", re.IGNORECASE)
# "What does E4 mean?" asks for no mean.
MEAN = re.compile(r"\baverage\b|\b(?:the|arithmetic) mean\b|\bmean (?:of|value)\b|^\W*mean\b", re.IGNORECASE)
SUM = re.compile(r"\b(?:sum|total|totals|altogether|add(?:s|ed)? up(?: to)?)\b", re.IGNORECASE)
_PRICES = "price cost fee rent"
# Superlatives, whether they mean the highest value, and the words for what they compare, if they say it. "The max" is
# the highest, and "Max" is a name.
SUPERLATIVES = [
    (re.compile(rf"\b(?:{words})\b", re.IGNORECASE), is_highest, frozenset(content_words(measures)))
    for words, is_highest, measures in (
        ("highest|largest|biggest|greatest|maximum|(?-i:(?<=the )max)", True, ""),
        ("lowest|smallest|minimum|(?-i:(?<=the )min)", False, ""),
        ("most expensive|dearest", True, _PRICES),
        ("least expensive|cheapest", False, _PRICES),
        ("heaviest", True, "weight mass"),
        ("lightest", False, "weight mass"),
        ("tallest", True, "height length"),
        ("shortest", False, "height length"),
        ("fastest", True, "speed"),
        ("slowest", False, "speed"),
    )
]
# "Which city has the total?" asks for a row, and a sum is of no row.
ASKS_FOR_ROW = re.compile(r"\b(?:which|who|whose)\b", re.IGNORECASE)
# "How many rows have a price in total?" asks for no sum either.
ASKS_FOR_ELSE = re.compile(rf"{ASKS_FOR_ROW.pattern}|{COUNTS_ROWS.pattern}", re.IGNORECASE)
# "How many cities have the highest price?" and "Which are the highest prices?" do not ask for the highest one.
COUNTS_THINGS = re.compile(r"\b(?:how many|are|were|have)\b", re.IGNORECASE)
# "Amounts > 100", "price * pieces".
ARITHMETIC = re.compile(r"[<>=≤≥±+*×÷^%~−–—]|\s[/-]\s")
# The beginning of a row below a table that adds up the others, or is their mean.
TOTAL = re.compile(
    r"\W*(?:(?:grand |net |in |sub-?)?(?:total|totals|sums?)|average|mean|(?:zwischen|gesamt)?summen?|gesamt\w*"
    r"|insgesamt|durchschnitt|mittelwert|totaux|somme|moyenne|suma|totale|somma|totaal|toplam|итого|всего)\b"
    r"|\W*(?:altogether|tot|[Σ∑])\W*$",
    re.IGNORECASE,
)
# The beginning of such a row, or its empty name, if its numbers add up too: "All" may be the name of a detergent.
LIKE_TOTAL = re.compile(r"\W*(?:(?:overall|all|combined|together|everything|everyone)\b|$)", re.IGNORECASE)
# Words of a label whose numbers are not added: prices per kilo, limits and changes are not amounts of a thing.
_RATIO = r"\b(?:per|each|unit|rate|ratio|share|limit|max(?:imum)?|min(?:imum)?|change|growth|average|mean|median)\b"
RATIO = re.compile(rf"{_RATIO}|[%‰/]", re.IGNORECASE)
# The highest rank is the lowest number.
RANK = re.compile(r"\b(?:rank|ranking|place|placing|position|priority|grade)\b", re.IGNORECASE)
# The unit at the end of a label, which a question need not name: "(kg)", "in EUR", but not "(per kg)".
UNIT = re.compile(
    rf"\((?!.*{_RATIO})[^()]*\)|\[(?!.*{_RATIO})[^][]*\]"
    rf"|(?<=\w)\W+(?:in )?\b(?:{_CURRENCY_WORDS})\W*$",
    re.IGNORECASE,
)
# The last words of labels whose numbers name things and measure nothing.
IDENTIFIERS = frozenset(
    WORD.findall(
        "id no nr number code zip zipcode plz postcode postleitzahl phone telephone tel telefon mobile fax year jahr"
        " année año"
    )
)
# Words of a question that ask for a value of a table and do not restrict its rows; "not", "over" and "from" do.
TABLE_WORDS = frozenset(
    map(
        drop_plural,
        WORD.findall(
            "a an the of in for on is are was were be do does did has have had s what which who how many much number"
            " all across with csv xlsx give me there please calculate compute show tell"
        ),
    )
)
# Other parts of a question that say nothing more: "of all rows", "in the table", "which entry", "the lowest value".
_TABLE = r"(?:document|table|sheet|spreadsheet|workbook|file)"
OF_TABLE = re.compile(
    rf"\b(?:(?:in|of|across) (?:the|this|my) {_TABLE}|(?:does|do) (?:the|this|my) {_TABLE} have"
    rf"|(?:of|across) (?:all )?(?:the )?{_ROWS}|which (?:row|entry|record|line)|column"
    r"|(?:the|all)\s+values?)\b",
    re.IGNORECASE,
)

# --- Sentences ---

NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|nobody|nothing|nowhere|without|cannot|unable|\w+n['’]t)\b", re.IGNORECASE
)
QUANTIFIER = re.compile(r"\b(?:all|every|everyone|everybody|always|most|only|any|each)\b", re.IGNORECASE)
HEDGE = re.compile(
    r"\b(?:(?-i:may)|might|could|perhaps|possibly|probably|likely|unclear|unknown|reportedly|allegedly|apparently"
    r"|suspect\w*|believ\w+|rumou?r\w*|speculat\w+|suggest\w*|guess\w*)\b",
    re.IGNORECASE,
)
REASON = re.compile(
    r"\b(?:because|since|owing|(?<!was )(?<!were )(?<!is )(?<!are )due"
    r"|reasons?|caus\w+|blam\w+|therefore|so that|in order|as a result|led to)\b",
    re.IGNORECASE,
)
# A plan or a state of the past, which may have changed: the next sentence often says to what.
OUTDATED = re.compile(
    r"\b(?:(?:was|were) (?:to (?:be|have|take|begin|start|open)|planned|scheduled|supposed|due|meant)"
    r"|originally|formerly|previously|used to|until (?:then|now|recently))\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    "|".join(
        [
            r"\b(?:ignore|disregard|forget|override)\b[^.]{0,40}\bthe\s+(?:above|question)\b(?!-)",
            r"\b(?:ignore|disregard|forget|override)\b[^.]{0,40}\b(?:above|all|any|earlier|previous|prior|the|these|your)"
            r"\s+instructions?\b",
            r"(?:^\W*|[:,;!]\s*|\b(?:please|now|and|then|must|should)\s+)(?:ignore|disregard|forget|override)\b[^.]{0,60}"
            r"\b(?:above|previous|earlier|instructions?|rules|question)\b(?!-)",
            r"(?:\b(?:AIs?|(?:AI |dear )assistants?|language models?|LLMs?|chatbots?)\b|^assistants?:)[^.]{0,60}"
            r"(?:[:,]\s*|\b(?:must|should|please|you)\s+(?:\w+\s+){0,2})"
            r"(?:say|state\s+that|answer|reply|respond|print|begin|finish|tell|mention)\b",
            r"\b(?:answer|reply|respond)\s+(?:(?:only|just)\s|to\s+every|yes\s+to|with\s+the\s+words?)",
            r"\b(?:begin|end|finish)\s+(?:every|each|all|your)\s+(?:answers?|repl(?:y|ies))",
            r"\bif\s+(?:any|some)(?:body|one)\s+asks\b[^.]{0,80}\b(?:answer|say|reply|tell)\b",
            r"\byou are now (?:(?-i:[A-Z])|an? (?:\w+ )?(?:AI|assistant|bot|model)\b)",
            r"^(?-i:yes):",
        ]
    ),
    re.IGNORECASE,
)
# "IT" is not a pronoun.
_POINTS_BACK = re.compile(
    r"\W*(?:\w+\W+){0,2}(?:he|she|(?-i:[Ii]t)|they|this|these|those|his|her|its|their)\b", re.IGNORECASE
)
_GOES_ON = re.compile(
    r"\W*(?:however|but|both|instead|yet|still|also|therefore|otherwise|moreover|nor"
    r"|that (?:is|was|were|had|has|meant))\b",
    re.IGNORECASE,
)
# '"It rained," she said.'
_SPOKEN = re.compile(r"[,.!?][\"”’]\s+(?:he|she|they)\b", re.IGNORECASE)
# A numbered sentence of a paragraph: "The first is heat."
OPENS_ITEM = re.compile(
    r"\W*(?:the )?(?:first|second|third|fourth|fifth)(?:ly)?\b"
    r"(?! (?:years?|weeks?|months?|days?|times?|floor|half|quarter|century|of)\b)"
    r"|\W*(?:the )?(?:last|other)(?= is\b| are\b| one\b|,|:)|\W*(?:finally|lastly)\b",
    re.IGNORECASE,
)
# A sentence that says that no reason was given.
UNEXPLAINED = re.compile(
    r"\b(?:no|not|neither|nor|never|without|declined|refused|unclear|unknown|\w+n['’]t)\b[^.,;]*?"
    r"\b(?:statements?|reasons?|expla\w+|comment(?:ed)?|announce\w*|say|said|disclos\w+|know\w*|clear|why)\b",
    re.IGNORECASE,
)

# --- Replies (check.py, yes_no.py) ---

# "No, only on Mondays", but not "No reason was given".
YES_OR_NO = re.compile(r"\A(?:Yes|No)(?=$|[,.;:!])[,.;:!]?\s*", re.IGNORECASE)
# Verbs that deny what follows them, or only report it.
DENIAL = re.compile(
    "|".join(
        [
            r"\b(?:deny|denie[sd]|denying|disput(?:e[sd]?|ing) that|avoid(?:s|ed|ing)?|rul(?:e[sd]?|ing) out)\b",
            r"\b(?:refus(?:e[sd]?|ing)|fail(?:s|ed|ing)?|declin(?:e[sd]?|ing)|threaten(?:s|ed|ing)?) to\b",
            r"\b(?:pretend(?:s|ed|ing)?|alleg(?:e[sd]?|ing)|accus(?:e[sd]?|ing)|claim(?:s|ed|ing)? (?:that|to))\b",
        ]
    ),
    re.IGNORECASE,
)
_FORBIDDEN = r"forbid(?:s|den)?|prohibit(?:s|ed)?|banned"
FORBIDDEN = re.compile(rf"\b(?:{_FORBIDDEN})\b", re.IGNORECASE)


def _compile_pairs(pairs: Sequence[tuple[str, str]], after: str) -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """Return the patterns of pairs of opposites; the group of a pattern is what makes two places comparable."""
    return tuple(
        (re.compile(rf"\b(?:{one})\b{after}", re.IGNORECASE), re.compile(rf"\b(?:{other})\b{after}", re.IGNORECASE))
        for one, other in pairs
    )


# Opposite directions, which are comparable wherever they are.
DIRECTIONS = _compile_pairs(
    [
        (
            r"rises?|rose|risen|rising|rais(?:e[sd]?|ing)|increas\w+|grow(?:s|n|ing|th)?|grew|climb\w*|higher",
            r"falls?|fell|fallen|falling|lower(?:s|ed|ing)?|decreas\w+|drop(?:s|ped|ping)?|declin\w+|reduc\w+|shr[aiu]nk\w*",
        ),
        (r"gain(?:s|ed)?|profits?|surplus(?:es)?", r"loss(?:es)?|deficits?"),
    ],
    "()",
)
# Opposite states: a question about one of them may be answered from the other.
STATES = _compile_pairs(
    [
        (r"open(?:s|ed|ing)?", r"clos(?:e[sd]?|ing)|shut(?:s|ting)?"),
        (r"w[io]n(?:s|ning)?", r"los(?:es?|t|ing)"),
        (r"allow(?:s|ed)?", _FORBIDDEN),
    ],
    "()",
)
# Opposite sides, which are comparable if the same word follows: "above 5" and "below 5".
SIDES_OF = _compile_pairs(
    [
        (r"above|over|more|exceeding", r"below|under|less|fewer"),
        (r"after|later", r"before|earlier"),
        (r"up", r"down"),
        (r"at least|minimum", r"at most|maximum"),
    ],
    r"\s+(?:(?:than|the|an?|by|of)\s+){0,2}(\w+)",
)
OPPOSITES = (*STATES, *DIRECTIONS, *SIDES_OF)


def is_order(text: str) -> bool:
    """Return whether a sentence looks like an order to an LLM (prompt injection): it is never evidence."""
    return bool(_ORDER.search(text))


def points_back(sentence: str) -> bool:
    """Return whether a sentence begins with a word like "he" or "this", for something named in the one before it."""
    return bool(_POINTS_BACK.match(sentence))


def needs_context(sentence: str) -> bool:
    """Return whether a sentence cannot be quoted alone: it points back, or continues the one before it ("But …")."""
    is_spoken = _SPOKEN.search(sentence) is not None
    return points_back(sentence) or is_spoken or bool(_GOES_ON.match(sentence))
