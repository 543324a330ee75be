"""Detects a negation, a doubt, a reason, an order to machines, or a pronoun that points back, by the words.

The signs are English; a sentence in another language has none.
"""

import re

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
# A plan or a state of the past, which may have changed: the next sentence often says how.
OUTDATED = re.compile(
    r"\b(?:(?:was|were) (?:to (?:be|have|take|begin|start|open)|planned|scheduled|supposed|due|meant)"
    r"|originally|formerly|previously|used to|until (?:then|now|recently))\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    "|".join(
        [
            r"\b(?:ignore|disregard|forget|override)\b[^.]{0,40}\bthe\s+(?:above|question)\b",
            r"\b(?:ignore|disregard|forget|override)\b[^.]{0,40}\b(?:above|all|any|earlier|previous|prior|the|these|your)"
            r"\s+instructions?\b",
            r"(?:^\W*|[:,;!]\s*|\b(?:please|now|and|then|must|should)\s+)(?:ignore|disregard|forget|override)\b[^.]{0,60}"
            r"\b(?:above|previous|earlier|instructions?|rules|question)\b",
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
# "IT" is no pronoun.
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
# A sentence that is one of several in a paragraph that counts: "The first is heat."
OPENS_ITEM = re.compile(
    r"\W*(?:the )?(?:first|second|third|fourth|fifth)(?:ly)?\b"
    r"(?! (?:years?|weeks?|months?|days?|times?|floor|half|quarter|century|of)\b)"
    r"|\W*(?:the )?(?:last|other)(?= is\b| are\b| one\b|,|:)|\W*(?:finally|lastly)\b",
    re.IGNORECASE,
)
# A sentence that says that no reason was given.
UNTOLD = re.compile(
    r"\b(?:no|not|neither|nor|never|without|declined|refused|unclear|unknown|\w+n['’]t)\b[^.,;]*?"
    r"\b(?:statements?|reasons?|expla\w+|comment(?:ed)?|announce\w*|say|said|disclos\w+|know\w*|clear|why)\b",
    re.IGNORECASE,
)


def is_order(text: str) -> bool:
    """Return whether a sentence gives orders to machines that read the documents: it is data, but no evidence."""
    return bool(_ORDER.search(text))


def points_back(sentence: str) -> bool:
    """Return whether a sentence begins with somebody or something that the one before it has named."""
    return bool(_POINTS_BACK.match(sentence))


def needs_context(sentence: str) -> bool:
    """Return whether a sentence cannot be quoted alone: it points back, or goes on from the one before ("But …")."""
    is_spoken = _SPOKEN.search(sentence) is not None
    return points_back(sentence) or is_spoken or bool(_GOES_ON.match(sentence))
