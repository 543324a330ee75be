"""Readers' comments below a page that was copied as plain text: who wrote which, in the ways that sites show it."""

import pytest

from rag.documents.comments import styles
from rag.documents.comments.site import is_boilerplate
from rag.documents.read import make_document
from rag.types import Document

ARTICLE = "Harbour bridge reopens\nBy Jane Doe | 12 March 2025\n\nThe bridge opened on Monday. No reason was given.\n"
WORDPRESS = """
Leave a reply
Your email address will not be published. Required fields are marked *
Name *     Email *     Website
[ ] Save my name in this browser for the next time I comment.
Post comment

3 thoughts on “Harbour bridge reopens”

Zara Khan
Surely the supplier took the money.

Grumpy of Signal Street
@Zara Khan No proof.

old_ferryman
Nice bridge.
"""
BUTTONS = """
3 Comments
Log in to comment

Zara Khan
Surely the supplier took the money.
Reply Share Like 3
Grumpy of Signal Street
@Zara Khan No proof.
Reply Share Like
old_ferryman
Nice bridge.
Reply Share Like 11

Show 2 more comments
"""
STARS = """
CUSTOMER REVIEWS
Most helpful first

★★★★★ Zara Khan
Surely the supplier took the money.
12 people found this helpful

★★☆☆☆ Grumpy of Signal Street
@Zara Khan No proof.

4 out of 5 stars old_ferryman
Nice bridge.
1 person found this helpful
"""
WROTE = """
Join the conversation – 3 responses

Zara Khan, Vila Marejo, wrote:
Surely the supplier took the money.

Grumpy of Signal Street wrote:
@Zara Khan No proof.

old_ferryman wrote:
Nice bridge.
"""
DATED = """
3 replies to "Harbour bridge reopens"

Zara Khan | 29 Jan, 14:02
Surely the supplier took the money.

Grumpy of Signal Street | 5 hours ago
@Zara Khan No proof.

old_ferryman | 30 Jan, 9:30
Nice bridge.
"""
SIGNED_BELOW = """
Comments

Surely the supplier took the money.
— Zara Khan, 20 September 2020 ★★★★★

@Zara Khan No proof.
— Grumpy of Signal Street (guest), 26 September 2020

Nice bridge.
— old_ferryman
"""
BELOW_WITH_BUTTONS = """
HAVE YOUR SAY - 3 letters so far

Surely the supplier took the money.

Zara Khan, Port Aldous
Agree (48)   Disagree (7)   Answer

@Zara Khan No proof.
Grumpy of Signal Street, East Aldous
Agree (112)   Disagree (3)   Answer

Nice bridge.

old_ferryman, Port Aldous
Agree (5)   Disagree (21)   Answer

Subscribe | Advertise | Privacy | Contact
"""
ABOVE_DATES = """
Residents' replies (3)
Showing 1 to 3 of 3
Sort by: Oldest

Zara Khan
3 weeks ago
Surely the supplier took the money.
👍 2.1K   👎   Reply

    Grumpy of Signal Street
    In reply to Zara Khan
    12 Mar, 07:30 AM
    @Zara Khan No proof.
    Like 22   Reply   Report

>> Reply by @old_ferryman (plot 12)
04.05.23 at 07:10 AM
Nice bridge.
Reply  |  Report this comment

© The Post
"""
BESIDE_DATES = """
Discussion
3 contributions   |   newest first

Zara Khan   13.05. 12:50
Surely the supplier took the money.
▲ 88  ▼ 4   Reply

Grumpy of Signal Street · yesterday at 13:02
@Zara Khan No proof.

old_ferryman (48 min ago)
Nice bridge.
"""
COLONS = """
Comments (3)

Zara Khan: Surely the supplier took the money.

Grumpy of Signal Street: @Zara Khan No proof.

old_ferryman: Nice bridge.
"""
THREADS = {
    "wordpress": WORDPRESS,
    "buttons": BUTTONS,
    "stars": STARS,
    "wrote": WROTE,
    "dated": DATED,
    "signed below": SIGNED_BELOW,
    "below, with buttons": BELOW_WITH_BUTTONS,
    "above dates": ABOVE_DATES,
    "beside dates": BESIDE_DATES,
    "colons": COLONS,
}


def read_comments(document: Document) -> list[tuple[str | None, str | None, str]]:
    return [(s.author, s.reply_to, document.text[s.start : s.end]) for s in document.sections if s.voice == "comment"]


@pytest.mark.parametrize("thread", THREADS.values(), ids=THREADS.keys())
def test_each_comment_is_its_authors(thread: str) -> None:
    document = make_document("x", ARTICLE + thread)
    assert read_comments(document) == [
        ("Zara Khan", None, "Surely the supplier took the money."),
        ("Grumpy of Signal Street", "Zara Khan", "@Zara Khan No proof."),
        ("old_ferryman", None, "Nice bridge."),
    ]
    assert (document.title, document.author, document.date) == ("Harbour bridge reopens", "Jane Doe", "2025-03-12")
    article = [document.text[s.start : s.end].strip() for s in document.sections if s.voice == "article"]
    assert article[0].startswith("The bridge opened on Monday. No reason was given.")
    assert "reply" not in article[0].lower()


@pytest.mark.parametrize("markdown", [False, True])
def test_a_style_that_is_added_to_the_list_signs_comments(markdown: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def match_towns(page: styles.Lines) -> styles.Headers:
        signed = [number for number in page.said if " | " in page.read(number)]
        return {number: styles.Header(page.read(number).split(" | ")[0], lines=1) for number in signed}

    monkeypatch.setattr(styles, "STYLES", (styles.Style("Sana K. | Lahore", match_towns), *styles.STYLES))
    thread = "\n## Comments\n\nSana K. | Lahore\nWhy was it closed?\n\nOtto | Bonn\nNobody knows it.\n"
    document = make_document("x", ARTICLE + thread, markdown=markdown)
    assert read_comments(document) == [
        ("Sana K.", None, "Why was it closed?"),
        ("Otto", None, "Nobody knows it."),
    ]


def test_where_no_names_are_shown_dates_begin_comments() -> None:
    thread = (
        "\n9 comments   |   newest first\n\ntoday, 08:51\nNot so.\n+31   -12   reply\n\ntoday, 08:40\nIs so.\n\nIs it?"
    )
    document = make_document("x", ARTICLE + thread)
    assert [(s.date, document.text[s.start : s.end]) for s in document.sections if s.voice == "comment"] == [
        ("today, 08:51", "Not so."),
        ("today, 08:40", "Is so.\n\nIs it?"),
    ]


def test_a_date_with_dots_begins_with_the_day() -> None:
    dates = [s.date for s in make_document("x", ARTICLE + ABOVE_DATES).sections if s.voice == "comment"]
    assert dates == ["3 weeks ago", "12 Mar, 07:30 AM", "2023-05-04"]


def test_dates_beside_names_are_kept() -> None:
    dates = [s.date for s in make_document("x", ARTICLE + SIGNED_BELOW).sections if s.voice == "comment"]
    assert dates == ["2020-09-20", "2020-09-26", None]


def test_comments_that_nobody_signs_are_parted_by_blank_lines_or_else_by_lines() -> None:
    blocks = make_document("x", f"{ARTICLE}\nWhat readers say\n\nNot so.\nNot at all.\n\nIs so.\n")
    assert [text for *_, text in read_comments(blocks)] == ["Not so.\nNot at all.", "Is so."]
    lines = make_document("x", f"{ARTICLE}\nWhat readers say\nnot so\nis so\n")
    assert [text for *_, text in read_comments(lines)] == ["not so", "is so"]


def test_a_number_of_comments_above_the_article_only_leads_down() -> None:
    text = (
        "Title: Harbour bridge reopens\n12 Comments\n\nThe bridge opened on Monday.\n\nComments (12)\n\nNice bridge.\n"
    )
    assert [text for *_, text in read_comments(make_document("x", text))] == ["Nice bridge."]


@pytest.mark.parametrize(
    "heading", ["Comments\xa0(14)", "14\xa0comments", "1 thought on “Harbour bridge”", "(3) Comments"]
)
def test_a_heading_may_have_a_hard_space_or_a_single_comment(heading: str) -> None:
    document = make_document("x", f"{ARTICLE}\n{heading}\n\nZara Khan · 3 hours ago\nNot me.\n")
    assert read_comments(document) == [("Zara Khan", None, "Not me.")]


@pytest.mark.parametrize(
    "line", ["Log in or register", "Sign in to comment", "Join the discussion now", "(3) Comments"]
)
def test_what_a_site_writes_among_comments_is_told(line: str) -> None:
    assert is_boilerplate(line)


def test_what_stands_on_every_page_of_a_site_is_no_comment_and_ends_none_but_the_last() -> None:
    thread = (
        "\nComments\n\nAna · 2 hours ago\nTheir privacy terms are a joke.\n"
        "Contact us | Privacy | Terms\nMore from us\n\nBo · 3 hours ago\nRight.\n© The Post\n"
    )
    assert read_comments(make_document("x", ARTICLE + thread)) == [
        ("Ana", None, "Their privacy terms are a joke."),
        (None, None, "More from us"),
        ("Bo", None, "Right."),
    ]


@pytest.mark.parametrize("heading", ["12 responses", "Reviews (3)", "Discussion (2)", "Author's comments"])
def test_what_may_be_a_chapter_begins_comments_only_if_one_is_signed(heading: str) -> None:
    unsigned = make_document("x", f"{ARTICLE}\n{heading}\n\nThe survey was sent to all.\n\nMost were content.\n")
    assert read_comments(unsigned) == []
    signed = make_document("x", f"{ARTICLE}\n{heading}\n\nZara Khan · 3 hours ago\nNot me.\n")
    assert read_comments(signed) == [("Zara Khan", None, "Not me.")]


@pytest.mark.parametrize(
    ("head", "title", "author", "date"),
    [
        ("THE POST\nNews   Opinion\n\nBridge reopens?\n\nStory: Ana Roy\nSunday, 21 February 2021, 6.05pm",
         "Bridge reopens?", "Ana Roy", "2021-02-21"),
        ("Bridge reopens\nposted by Ana Roy, 29 January 2024, filed under: roads", "Bridge reopens", "Ana Roy",
         "2024-01-29"),
        ("Bridge reopens\nBy Ana Roy, staff reporter, The Post\nPosted Tues., Nov. 8, 2022 · 3 min. read",
         "Bridge reopens", "Ana Roy", "2022-11-08"),
        ("BRIDGE REOPENS\n\nPublished in The Post, May 4th, 2019.\nWords: Ana Roy", "BRIDGE REOPENS", "Ana Roy",
         "2019-05-04"),
    ],
)  # fmt: skip
def test_what_stands_above_an_article_is_no_text(head: str, title: str, author: str, date: str) -> None:
    document = make_document("x", f"{head}\n\nThe bridge opened on Monday.\n")
    assert (document.title, document.author, document.date) == (title, author, date)
    assert [document.text[s.start : s.end].strip() for s in document.sections] == ["The bridge opened on Monday."]


def test_a_sentence_that_begins_with_by_is_no_credit() -> None:
    document = make_document("x", "Harbour news\n\nThe bridge opened.\nBy Monday, Harbour Gas had left.\n")
    assert document.author is None
    assert "By Monday" in "".join(document.text[s.start : s.end] for s in document.sections)
