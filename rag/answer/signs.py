"""Lists the English words and patterns that the answer path shares, and functions that test for them.

A text in another language has no sign: a question counts as one of fact, a sentence as one that stands alone.
"""

import re

from rag.text import content_words


def compile_any(*patterns: str) -> re.Pattern[str]:
    """Return the pattern of a text that has one of some patterns, in any case."""
    return re.compile("|".join(patterns), re.IGNORECASE)


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

# --- Totals (calculation.py, totals.py, complete.py) and superlatives (calculation.py, constraints.py, negation.py) ---

TOTAL = (
    r"(?:totals?|sums?|altogether|summen?|gesamt\w*|insgesamt|totaux|somme|suma|totale|somma|totaal|toplam|итого|всего)"
)
# Superlatives of high and of low values, and what they may compare: "cheapest" compares prices.
SUPERLATIVES = (
    ("highest", "lowest", ""),
    ("largest|biggest", "smallest", ""),
    ("most expensive|dearest", "least expensive|cheapest", "price"),
    ("greatest", "least", ""),
    ("heaviest", "lightest", "weight"),
    ("longest|tallest", "shortest", "length height"),
    ("deepest", "shallowest", "depth"),
    ("widest", "narrowest", "width"),
    ("fastest", "slowest", "speed"),
    ("strongest", "weakest", "strength"),
    ("oldest", "youngest", "age"),
    ("nearest", "farthest|furthest", "distance"),
    ("earliest", "latest", "time"),
)
ANY_SUPERLATIVE = "|".join(f"{high}|{low}" for high, low, _ in SUPERLATIVES)

# --- Questions ---

_ASKING = "who|whom|whose|what|when|where|which|why|how"
ASKS_TWO = compile_any(rf"\b(?:and|or)\b[^?]*\b(?:{_ASKING})\b")
ASKS = compile_any(rf"\b(?:{_ASKING}|is|are|was|were|do|does|did|can|could|will|would|should|has|have)\b")
BEGINS_QUESTION = compile_any(rf"(?:{_ASKING}|if|whether)\b")
# "I want my money back" asks for no thing.
BEGINS_THING = compile_any(r"(?:the|an?)\b")
# "I need the …", "Can you tell me when …", "I don't know how …"
WISH = compile_any(
    r"\W*(?:(?:please|hi|hello|hey|sorry|excuse me)\W+)*"
    r"(?:i(?:'m| am)? (?:need(?: to know)?|want(?: to know)?|would like(?: to (?:know|have))?"
    r"|looking for|wonder(?:ing)?(?: about)?|search(?:ing)? for|(?:do not|don['’]?t) (?:know|understand))"
    r"|(?:can|could|would|will) you (?:please )?(?:tell|give|show) me|(?:tell|give|show|get|find) me)\s+"
    r"(?!(?:a |an |the )?(?:more|summary|overview|gist|story)\b|about\b)",
)
# These words ask for an action, not for a thing: "my money back", "the door fixed", "the landlord to pay".
WANTS_ACTION = re.compile(
    r"\b(?:back|off|out|up|down|away|over|again|done|gone|paid|sent|made|cut|shut|put|\w{2,}[^\We]ed)$"
    r"|\bto (?!(?:the|an?|my|your|our|his|her|its|their)\b)[a-z]",
)
# A word that points back to the turn before, or goes on from it.
FOLLOWS_UP = compile_any(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|then|ones?|former|latter"
    r"|same|others?|another|else|both|either|neither|above|again|too|instead)\b",
    r"^\W*(?:and|but|so|or|also|what about|how about|yes|yeah|no|nope|ok|okay)\b",
    r"\bi meant?\b|\b(?:tell|give|show)(?: me| us)? more\b",
)

# A question that lists or compares over all documents.
ASKS_ABOUT_ALL = compile_any(
    r"^\W*(?:please )?(?:list|name|show|give(?: me)?|count|summari[sz]e|compare)\b.*\b(?:all|every|each)\b",
    r"\b(?:all|every|each)(?: of)?(?: the| my| these)? (?:documents?|files?|articles?|pages?|reports?|readers?)\b",
)

# --- Parts of the signs of a kind of question (kinds.py) ---

_PART_WORDS = "section|clause|chapter|part|point|article|paragraph"
PART_NAME = rf"(?:{_PART_WORDS}|§)"
# A numbered part of a document: "section 4.2", "§ 7", or the part about a version: "4.2.0".
_VERSION = r"(?<![\w.])v?(?=\d{1,2}\.(?!0\d)\d+\.\d{1,3}\b(?!\.\d))"
PART = rf"(?:(?:\b|(?=§)){PART_NAME}\s?|{_VERSION})(?P<number>\d{{1,9}}(?:\.\d{{1,9}})*)\b"
# A page of a document, or a slide, by its number.
PAGE = r"\b(?:pages?|slide|seite|folie|página|pagina|sayfa|страниц\w{1,2})\s(?P<number>\d{1,4})\b"
TEXT = (
    rf"(?:{_PART_WORDS}|document|report|letter|mail|post|page|text|file|notice"
    r"|contract|agreement|lease|book|story|film|song|study|paper|policy|law|minutes|memo|newsletter|speech|interview"
    r"|leaflet|brochure)"
)
PLEASE = r"(?:^|[.!?]\s)\W*(?:(?:please|can you|could you|can i|i would like|i want|give me|show me)\s+)*"
AUXILIARY = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|may)"
# A word of a noun with those before it, and such a word that may be a plural.
NOUN = rf"(?!{AUXILIARY}\b)\w+"
PLURAL = rf"(?!{AUXILIARY}\b)\w{{2,}}[^s\W]s\b"
# A word before these is rather a verb than a plural: "which team plays the", "what happens if".
OBJECT = r"(?:the|an?|for|to|from|in|at|on|with|if|when|that|after|us|me|him|it|them|our|my|your|his|her|their|its)\b"
WHOSE = r"(?:the|all|some|his|her|its|their|your|my|our)"

# --- Comparisons (comparison.py, split.py) ---

_COMPARATIVES = (
    "more less fewer better worse first bigger brighter broader cheaper cleaner closer colder cooler darker dearer"
    " deeper earlier easier faster further greater harder heavier higher larger later lighter longer louder lower"
    " nearer newer older quieter richer safer shorter simpler slower smaller sooner stronger taller thicker thinner"
    " warmer weaker wider younger"
)
# These words always compare.
VERSUS = r"compar\w+|versus|vs\.?|what speaks for"
_CHANGES = r"chang|grow|gr[eo]w|ris|rose|fall|fell|increas|decreas|drop|rais|(?:go|went|gone|come|came) (?:up|down)"
# A question with such words may compare two things.
COMPARES = compile_any(
    rf"\b(?:{VERSUS}|differ(?:s|ed|ences?)?|pros and cons)\b",
    # "Is it older than the bridge?", but "What is longer than the Rhine?" names one thing.
    rf"(?:^|[,.;:])\W*(?:{AUXILIARY}|how)\b[^.?!]{{0,200}}\bthan\b",
    rf"\A(?=.*\bor\b)(?=.*\b(?:{_COMPARATIVES.replace(' ', '|')})\b)",
    rf"\A(?=.*\b(?:{_CHANGES}))(?=.*\b(?:from|between|since)\b.{{0,20}}\d)",
)
# The words that only say that things are compared.
COMPARING = content_words("please compare comparison differ between versus vs against")
# The words for what a comparative is about, if they do not begin as it does.
_PROPERTIES = {
    "older newer younger": "age built opened founded born begun",
    "cheaper dearer": "price cost much expensive",
    "more less fewer": "much many",
    "further": "far",
}
PROPERTIES = {
    comparative: content_words(words)
    for comparatives, words in _PROPERTIES.items()
    for comparative in content_words(comparatives)
}
# A thing with such a word is named by another one: "the year before", "its successor".
RELATIVE = content_words(
    "before after previous prior earlier later preceding following last next successor predecessor"
)
# How a question names its two sides, each in at most 99 letters; the first of these that fits holds.
SIDES = [
    compile_any(pattern)
    for pattern in (
        r"\b(?:in|on) (?P<one>\d[\w.-]*) (?:and|than|or|to|with) (?:(?:in|on|that of) )?(?P<other>\d[\w.-]*)",
        # "with the old bridge or with the new one"
        r"\b(?P<before>in|on|at|for|with|from|by|against) (?P<one>(?:(?! (?P=before) )[^,?:;]){1,99}?)"
        r" or (?P=before) (?P<other>[^,?:;]{1,99}?)(?=[,?:;]|$)",
        r"(?:^|[,?:;–-])(?P<one>[^,?:;–-]{1,99}?) (?:or|vs\.?|versus) (?P<other>[^,?:;–]{1,99}?)(?= [–-] |[,?:;–]|$)",
        r"\bbetween (?!\d)(?P<one>[^?]{1,99}?) and (?P<other>[^?.,:;]+)",
        r"\bcompare (?:[^:]{1,99}: )?(?P<one>[^?:]{1,99}?) (?:and|with|to) (?P<other>[^?.,:;]+)",
        r"\bhow (?:do|does|did) (?P<one>[^?]{1,99}?) and (?P<other>[^?]{1,99}?) differ",
    )
]

# --- Words that ask for a summary and do not name a topic (summary.py) ---

SUMMARY_WORDS = content_words(
    "please can could you give me summarise summarize summary sum up outline describe explain overview gist story tell"
    " about know happened what's going few sentences words short article document page text post blog section clause"
    " whole main points key topics ideas message findings discussion discussed discuss meeting"
    " tl dr tldr nutshell brief pls"
)

# --- Courtesies, and questions about the collection (collection.py) ---

_FILES = r"(?:documents?|files?|articles?|texts?|sources?)"
_INDEX = r"(?:the|this|my) (?:index|collection)"
_THERE = (
    rf"(?:\s+(?:do you (?:have|know)|have you(?: got)?|are there|are they|(?:are )?in {_INDEX}|is in {_INDEX}"
    rf"|does {_INDEX} (?:have|hold|contain)|did i add|(?:are|is) indexed))?"
)
GREETING = compile_any(
    r"\W*(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|greetings)(?:\s+(?:there|all|everyone|footnote))?\W*",
)
THANKS = compile_any(
    r"\W*(?:ok(?:ay)?\W+|great\W+)?(?:thanks?|thank you|thx|cheers)(?:\s+(?:a lot|you|so much|very much))*\W*",
    r"\W*(?:bye|goodbye|see you)\W*",
)
ABILITIES = compile_any(
    r"\W*(?:what (?:can|do) you do|who are you|what are you|how do(?:es)? (?:you|this) work|help(?: me)?"
    r"|what can i ask(?: you)?)\W*",
)
LIST_FILES = compile_any(
    r"\W*(?:how many|which|what|(?:please )?(?:list|show|name)(?: me)?(?: all)?(?: the| my| your)?)"
    rf" {_FILES}{_THERE}\W*",
)
WHEN_INDEXED = compile_any(
    r"\W*when (?:was|were|did (?:you|i|we)) (?=.*\b(?:add|index|upload))(?:(?:add|index|upload) )?(?P<name>.+?)"
    rf"(?: (?:last )?(?:added|indexed|uploaded))?(?: to {_INDEX})?\W*",
)
MENTIONS = compile_any(
    rf"\W*(?:(?:which|what|how many)(?: of the)? {_FILES} (?:mentions?|names?|contains?|refers? to|talks? (?:about|of))"
    r"\s+(?P<phrase>.+?)(?:\s+mentioned)?|where (?:is|are)\s+(?P<place>.+?)\s+mentioned)\W*",
)

# --- Sentences ---

QUANTIFIER = compile_any(r"\b(?:all|every|everyone|everybody|always|most|only|any|each)\b")
REASON = compile_any(
    r"\b(?:because|since|owing|(?<!was )(?<!were )(?<!is )(?<!are )due"
    r"|reasons?|caus\w+|blam\w+|therefore|so that|in order|as a result|led to)\b",
)
# A plan or a state of the past, which may have changed: the next sentence often says to what.
OUTDATED = compile_any(
    r"\b(?:(?:was|were) (?:to (?:be|have|take|begin|start|open)|planned|scheduled|supposed|due|meant)"
    r"|originally|formerly|previously|used to|until (?:then|now|recently))\b",
)
_ORDER = compile_any(
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
)
# "IT" is not a pronoun.
_POINTS_BACK = compile_any(r"\W*(?:\w+\W+){0,2}(?:he|she|(?-i:[Ii]t)|they|this|these|those|his|her|its|their)\b")
_GOES_ON = compile_any(
    r"\W*(?:however|but|both|instead|yet|still|also|therefore|otherwise|moreover|nor"
    r"|that (?:is|was|were|had|has|meant))\b",
)
# '"It rained," she said.'
_SPOKEN = compile_any(r"[,.!?][\"”’]\s+(?:he|she|they)\b")


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
