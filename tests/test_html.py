"""Web pages: the main text in order, the readers' comments apart, nothing of the site around them."""

import re
from pathlib import Path

import pytest
from lxml.html import fromstring
from trafilatura.settings import Document as Found

from rag import Document, DocumentError
from rag.documents.blocks import assemble
from rag.documents.formats.html.contacts import SIGNS
from rag.documents.formats.html.reader import extract_html, read_html

ARTICLE = """
<article class="post"><h1>Harbour bridge reopens</h1>
<div class="byline">By <a rel="author" href="/mara">Mara Lindqvist</a>,
<time datetime="2025-03-14T09:30">today</time></div>
<div class="share-buttons"><a href="#">Share on Facebook</a> <a href="#">Tweet</a></div>
<div class="entry-content">
<p>The harbour bridge reopened on Friday, nine months after cracks were found in two of its eleven piers.</p>
<div class="ad-slot">Advertisement <a href="#">Buy new tyres now</a></div>
<p>The repairs cost 41 million euros, six million more than planned, the engineer told the Herald.</p>
<h2>Why it took so long</h2>
<p>No reason for the delay in January was given. Two members of the council suspect that a supplier went bankrupt.</p>
<ul><li>Pier 4: two new steel jackets</li><li>Pier 7: a new foundation</li></ul>
<h3>Tolls</h3>
<table><thead><tr><th>Vehicle</th><th>Old toll</th><th>New toll</th></tr></thead>
<tr><td>Car</td><td>2.00</td><td>2.50</td></tr><tr><td>Lorry</td><td>6.00</td><td>9.00</td></tr></table>
<h2>What comes next</h2>
<ol><li>A load test in June.</li><li>A last inspection in the autumn.</li></ol>
<p style="display:none">A hidden paragraph that nobody sees on the page.</p></div>
<section class="related-posts"><h3>Related stories</h3><ul><li><a href="/x">Ferry line to close</a></li></ul>
</section>
</article>"""


def make_page(comments: str = "", article: str = ARTICLE) -> str:
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8">
<title>Harbour bridge reopens | Coastal Herald</title><meta property="og:site_name" content="Coastal Herald">
<meta property="article:published_time" content="2025-03-14T09:30:00+00:00"><style>p {{ color: red }}</style></head>
<body class="single comments-open"><div id="cookie-banner"><p>We use cookies to make this site better for you.</p>
</div>
<header><nav><ul><li><a href="/n">News</a></li><li><a href="/s">Sport</a></li></ul></nav></header>
<main>{article}{comments}</main>
<aside><ul id="recentcomments"><li class="recentcomments">Bob on <a href="/z">Another story</a></li></ul></aside>
<footer><p>© 2025 Coastal Herald. All rights reserved.</p></footer><script>var x = "script words";</script></body>
</html>"""


def read(html: bytes | str) -> Document:
    return assemble("page.html", extract_html(html))


def find_comments(document: Document) -> list[tuple[str | None, str | None, str | None, str]]:
    return [
        (section.author, section.date, section.reply_to, document.text[section.start : section.end])
        for section in document.sections
        if section.voice == "comment"
    ]


def find_article(document: Document) -> list[tuple[str | None, str]]:
    return [
        (section.heading, document.text[section.start : section.end])
        for section in document.sections
        if section.voice == "article"
    ]


def test_an_article_is_read_in_order_below_its_headings_and_nothing_else_of_the_page() -> None:
    document = read(make_page())
    assert find_article(document) == [
        (
            None,
            "The harbour bridge reopened on Friday, nine months after cracks were found in two of its eleven piers.\n\n"
            "The repairs cost 41 million euros, six million more than planned, the engineer told the Herald.",
        ),
        (
            "Why it took so long",
            "No reason for the delay in January was given. Two members of the council suspect that a supplier went "
            "bankrupt.\n\nPier 4: two new steel jackets\nPier 7: a new foundation",
        ),
        (
            "Why it took so long › Tolls",
            "Vehicle: Car; Old toll: 2.00; New toll: 2.50\nVehicle: Lorry; Old toll: 6.00; New toll: 9.00",
        ),
        ("What comes next", "1. A load test in June.\n2. A last inspection in the autumn."),
    ]
    assert find_comments(document) == []


@pytest.mark.parametrize(
    "heading",
    [
        '<h2>Why it took so long<span class="x">[<a href="/edit">edit</a>]</span></h2>',
        '<div><h2>Why it took so long</h2><span>[<a href="/e">edit</a> | <a href="/s">source</a>]</span></div>',
    ],
)
def test_the_links_of_a_heading_in_brackets_are_not_read(heading: str) -> None:
    document = read(make_page(article=ARTICLE.replace("<h2>Why it took so long</h2>", heading)))
    assert "edit" not in document.text
    assert "Harbour bridge reopens" in document.title
    assert any((section.heading or "").endswith("Why it took so long") for section in document.sections)


def test_code_in_an_article_keeps_its_lines_and_blanks() -> None:
    code = "def toll(car):\n    if car:\n        return 2.5\n\n    return 9"
    text = read(make_page(article=ARTICLE.replace("<h2>What", f"<pre><code>{code}</code></pre><h2>What"))).text
    assert f"\n\n{code}\n\n" in text


def test_a_page_says_its_title_outlet_author_and_date() -> None:
    document = read(make_page())
    assert (document.title, document.outlet) == ("Harbour bridge reopens", "Coastal Herald")
    assert (document.author, document.date) == ("Mara Lindqvist", "2025-03-14")


def test_cells_that_span_keep_their_column_and_a_row_its_label() -> None:
    page = """<p>Before.</p><table><caption>Prices</caption><tr><th rowspan=2>Tea<th colspan=2>Price<tr>
<th>2024<th>2025
    <tr><td rowspan=2>Green<td>1<td>2<tr><td>3<td>4<tr><td colspan=2>Sum<td>9</table>
    <table><tr><th>Capital<td>Lima<tr><th>People<td>10 million</table><table><tr><td>One column.</table>"""
    assert read(page).text.split("\n\n")[1:] == [
        "Prices",
        "Tea: Green; Price 2024: 1; Price 2025: 2\nTea: Green; Price 2024: 3; Price 2025: 4\nTea: Sum; Price 2025: 9\n"
        "Capital: Lima\nPeople: 10 million",
        "One column.",
    ]


@pytest.mark.parametrize(
    ("table", "text"),
    [
        # A cell that spans rows keeps its column below a cell that spans columns.
        (
            "<tr><th>A<th>B<th>C<tr><td>1<td rowspan=3>2<td>3<tr><td colspan=2>4<td>5<tr><td>6<td>7",
            "A: 1; B: 2; C: 3\nA: 4; B: 2; C: 5\nA: 6; B: 2; C: 7",
        ),
        # Labels that no row repeats.
        ("<tr><th>A<th>B<tr><td colspan=2>1", "B\nA: 1"),
        ("<tr><th>A<th>B<tr><td rowspan=2>1<tr>", "B\nA: 1\nA: 1"),
        (f"<tr><th>{'long ' * 30}<th>B<tr><td>1<td>2", f"{'long ' * 29}long\n1; B: 2"),
        ("<tr><th>A<td><td>1<tr><th>B<td>", "A: 1\nB"),
        # Words and cells that are not in a row.
        ("before<tr><form><td>1</td><td>2</td></form>after", "before after\n\n1; 2"),
        ("<td>1<td>2", "1; 2"),
    ],
)
def test_no_text_of_a_table_is_lost(table: str, text: str) -> None:
    assert read(f"<p>Before.</p><table>{table}</table>").text.removeprefix("Before.\n\n") == text


@pytest.mark.parametrize(
    "hidden",
    ["<p hidden>Gone.</p>", '<p style="display: none">Gone.</p>', '<i aria-hidden="true">★</i>']
    + [f"<{tag}>Gone.</{tag}>" for tag in ("script", "style", "noscript", "template", "button", "nav")],
)
def test_what_is_not_shown_is_not_read(hidden: str) -> None:
    assert read(f"<body><p>Shown.</p>{hidden}<p>Also shown.</p></body>").text == "Shown.\n\nAlso shown."


@pytest.mark.parametrize("tag", ["del", "s", "strike"])
def test_words_that_are_struck_out_are_not_read(tag: str) -> None:
    assert read(f"<body><p>It costs <{tag}>90</{tag}> 60 euros.</p></body>").text == "It costs 60 euros."


@pytest.mark.parametrize(
    ("heading", "items"),
    [
        ("Latest dates", '<li><a href="/x">Choir</a></li><li><a href="/y">Market</a></li>'),
        ("Related duties", '<li><a href="/x">Keep the gate</a></li>'),
        ("Latest", '<li><a href="/x">Choir</a> sings in the hall on 3 May, doors open at seven</li>'),
    ],
)
def test_links_with_other_words_beside_or_above_them_are_read(heading: str, items: str) -> None:
    page = read(f"<body><h1>Harbour</h1><p>Text.</p><h2>{heading}</h2><ul>{items}</ul></body>")
    words = re.sub("<.*?>", " ", items).split()
    assert "".join(page.text.split()).endswith("".join(words))
    assert any((section.heading or "").endswith(heading) for section in page.sections)


@pytest.mark.parametrize("heading", ["Related", "Latest news", "Most read:", "You may also like", "More stories"])
def test_links_to_other_pages_below_their_heading_are_not_read(heading: str) -> None:
    links = f'<h3>{heading}</h3><ul><li><a href="/x">Ferry line to close</a></li></ul>'
    assert "Ferry" not in read(f"<body><p>Shown.</p>{links}<p>Also shown.</p></body>").text


def test_a_page_behind_a_dialog_is_read() -> None:
    assert read('<body aria-hidden="true"><main aria-hidden="true"><p>Shown.</p></main></body>').text == "Shown."


@pytest.mark.parametrize(
    "data",
    [
        b'<meta charset="iso-8859-1"><p>caf\xe9 \x93q\x94</p>',
        b'<meta http-equiv="Content-Type" content="text/html; charset=windows-1252"><p>caf\xe9 \x93q\x94</p>',
        '<meta charset="iso-8859-1"><p>café “q”</p>'.encode(),
        b'<meta charset="utf-16"><p>caf&eacute; &ldquo;q&rdquo;</p>',
        "<p>café “q”</p>".encode("utf-8-sig"),
        "<p>café “q”</p>".encode("utf-16"),
        '<meta charset="none-such"><p>café “q”</p>'.encode("windows-1252"),
        b'<?xml version="1.0" encoding="iso-8859-1"?><html><p>caf\xe9 &#147;q&#148;</p></html>',
    ],
)
def test_letters_are_right_in_every_encoding(data: bytes) -> None:
    assert read(data).text == "café “q”"


def test_a_fragment_and_an_empty_page_are_read(tmp_path: Path) -> None:
    assert read("Just words, <b>no</b> page&shy;.").text == "Just words, no page."
    assert read("<title>T</title><main>Words.</main>").text == "Words."
    assert [read(html).text for html in ("", " ", "<!-- nothing -->", "<br>")] == [""] * 4
    (tmp_path / "page.html").write_bytes(b"<title>T</title><p>Words.")
    assert assemble("x", read_html(tmp_path / "page.html")).text == "Words."


COMMENT = pytest.param("div class=comment", marks=pytest.mark.slow)


@pytest.mark.parametrize("tag", ["div", "p", "b", "table><tr><td", "ul><li", "blockquote", "form", COMMENT])
def test_no_depth_is_too_much_and_no_text_is_lost(tag: str) -> None:
    document = read("<p>before</p>" + f"<{tag}>" * 5_000 + "deep<p>later</p>")
    assert document.text.split() == ["before", "deep", "later"]


@pytest.mark.slow
def test_long_texts_and_endless_spans_are_read() -> None:
    assert len(read("<p>" + "word " * 2_100_000).text) == 10_499_999
    table = "<table><tr>" + "<td rowspan=60000 colspan=60000>x" * 300 + "<tr><td>a" * 3000 + "</table>"
    assert len(read(table).text) < 100_000


def test_binary_data_with_the_name_of_a_page_is_refused() -> None:
    with pytest.raises(DocumentError, match="binary"):
        read(b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")


LIBRARY = (
    "<!DOCTYPE html>\n<html><head><title>Opening hours</title></head>\n<body><h1>Opening hours</h1>\n"
    "<p>The library is open from nine to six on weekdays.</p></body>\n</html>\n"
)


@pytest.mark.parametrize("rest", ["<script>var t = 1;</script>", '<div id="ad"></div>', "<html><body></body></html>"])
def test_what_is_behind_the_end_of_a_page_takes_nothing_away(rest: str) -> None:
    document = read(LIBRARY + rest)
    assert (document.title, document.text) == ("Opening hours", "The library is open from nine to six on weekdays.")


def test_words_behind_the_end_of_a_page_are_read() -> None:
    text = "The library is open from nine to six on weekdays.\n\nScanned by the mail gateway."
    assert read(f"{LIBRARY}<p>Scanned by the mail gateway.</p>").text == text


def test_the_main_part_is_read_inside_a_banner_that_is_not_closed() -> None:
    page = (
        '<body><header role="banner"><nav><a href="/">Home</a></nav><section id="main" role="main"><h1>Ferry times</h1>'
        "<p>The last ferry leaves at 22:40 from pier three.</p></section></header></body>"
    )
    assert read(page).text == "The last ferry leaves at 22:40 from pier three."


ANSWER = "Dogs are welcome on the terrace."


@pytest.mark.parametrize(
    "entry",
    [
        "<details><summary>May I bring a dog?</summary>{}</details>",
        '<button aria-expanded="false" aria-controls="a">May I bring a dog?</button><div id="a" hidden>{}</div>',
        '<h3><button data-bs-toggle="collapse">May I bring a dog?</button></h3><div class="x">{}</div>',
        '<h3>May I bring a dog?</h3><div class="x">{}</div>',
        '<button aria-expanded="false">May I bring a dog</button><div class="x">{}</div>',
        '<p>May I bring a dog?</p><div style="max-height:0;overflow:hidden">{}</div>',
        '<script src="fold.js"></script><h3>May I bring a dog</h3><div style="display:none">{}</div>',
    ],
)
def test_folded_answers_are_read_with_their_questions(entry: str) -> None:
    page = f"<style>.x {{ display:none }}</style><p>The cafe is by the harbour.</p>{entry.format(ANSWER)}"
    text = read(page).text
    assert "May I bring a dog" in text
    assert text.endswith(ANSWER)


def test_the_number_of_an_item_stands_before_its_paragraph() -> None:
    page = "<h1>Coming home</h1><ol start=3><li><p>Lock the door.</p></li><li><p>Turn on the heating.</p></li></ol>"
    assert read(page).text == "3. Lock the door.\n4. Turn on the heating."


def test_terms_stand_before_their_meanings() -> None:
    page = (
        "<h1>Words</h1><dl><dt>Preorder:</dt><dd>The game is not out yet.</dd><dt>B-stock</dt><dt>Dents</dt>"
        "<dd>The box has dents.</dd><dd>The game is complete.</dd><dt>Used</dt></dl>"
    )
    assert read(page).text == (
        "Preorder: The game is not out yet.\nB-stock, Dents: The box has dents.; The game is complete.\nUsed"
    )


def test_a_page_that_trafilatura_reads_as_one_paragraph_has_its_blocks() -> None:
    page = (
        "<body><h1>Bike shop</h1><p>We sell bikes of all kinds, and repair them in two days at most, all year.</p>"
        '<table><tr><th>Part<th>Price<tr><td>Wheel<td>30<tr><td>Saddle<td>20</table><a href="/x">Terms</a></body>'
    )
    assert list(filter(None, read(page).text.splitlines())) == [
        "We sell bikes of all kinds, and repair them in two days at most, all year.",
        "Part: Wheel; Price: 30",
        "Part: Saddle; Price: 20",
        "Terms",
    ]


def test_a_manual_without_a_site_around_it_is_read_whole() -> None:
    steps = "".join(
        f"<h2>{i}. Step {i}</h2><p>Turn the blue wheel of the pump {i} times to the left.</p>" for i in range(9)
    )
    page = (
        '<body><h1>Pump manual</h1><p><a href="/index.html">Up</a> <a href="/next.html">Next part</a></p>'
        f"{steps}<dl><dt>valve</dt><dd><p>Lets oil in.</p><p>Is red.</p></dd></dl></body>"
    )
    text = read(page).text
    assert all(f"{i}. Step {i}" in text for i in range(9))
    assert "valve\n\nLets oil in." in text


def test_menus_made_of_boxes_are_not_read() -> None:
    menu = "".join(f'<li><a href="/{i}">Ward {i}</a></li>' for i in range(12))
    page = (
        f'<body><div class="top">Brandon Courier<ul>{menu}</ul></div><div class="text"><h1>Pier to be rebuilt</h1>'
        "<p>The council voted on Monday to rebuild the ferry pier in concrete, at a cost of 3.2 million pounds.</p>"
        "<h2>Work</h2><p>Work begins in October and takes two winters, said the engineer. In summer the ferry may use"
        " one half.</p></div>"
        '<div class="right"><h3>Recent posts</h3><ul><li><a href="/a">Bull wins at Lanark</a></li></ul></div>'
        '<div class="end"><a href="/i">Imprint</a> · <a href="/t">Terms of use</a></div></body>'
    )
    text = read(page).text
    assert "The council voted" in text
    assert "Work begins in October" in text
    assert not re.search("Ward|Courier|Recent|Lanark|Imprint|Terms", text)


def test_a_manual_with_a_date_keeps_its_headings_and_terms() -> None:
    parts = "".join(
        f"<h2>{i}. Part {i}</h2><dl><dt>key-{i}</dt><dd><p>Turns wheel {i} to the left.</p><p>Once.</p></dd></dl>"
        for i in range(9)
    )
    page = (
        '<head><meta name="author" content="Petra Holm"></head><body><div id="header"><h1>Loom driver</h1>'
        f'<ul><li><a href="#a">All the parts of the driver</a></li></ul></div><div id="content">{parts}'
        "<p>The driver connects a shaft loom to a computer over a serial line.</p></div></body>"
    )
    text = read(page).text
    assert all(f"{i}. Part {i}\n\nkey-{i}" in text for i in range(9))


@pytest.mark.parametrize(
    ("name", "heading"),
    [("The Post | Bridge opens", "Bridge opens"), ("Type notes / Old signs", "Old signs"), ("Soup » Salt", "Salt")],
)
def test_the_only_main_heading_is_the_title_behind_the_name_of_the_site(name: str, heading: str) -> None:
    assert read(f"<title>{name}</title><h1>{heading}</h1><p>It is here.</p>").title == heading


def test_a_title_of_two_parts_before_the_name_of_the_site_stays_whole() -> None:
    page = "<title>B - Oil and water - Pump Book</title><h1>Pump Book</h1><h2>Appendix B: Oil</h2><p>Use little.</p>"
    assert read(page).title == "B - Oil and water"
    assert read("<title>Part 3: Oil</title><h1>Oil</h1><p>Use little.</p>").title == "Part 3: Oil"


def test_terms_above_meanings_of_several_paragraphs_are_headings() -> None:
    page = "<h1>Words</h1><dl><dt>-p</dt><dt>--preorder:</dt><dd><p>Not out yet.</p><p>Paid later.</p></dd></dl>"
    document = read(page)
    assert document.sections[-1].heading == "-p, --preorder"
    assert document.text == "-p, --preorder\n\nNot out yet.\nPaid later."


@pytest.mark.parametrize("box", ["{}", "<div>{}</div>"])
def test_a_paragraph_below_a_list_of_terms_is_not_part_of_the_last_term(box: str) -> None:
    terms = box.format("<dl><dt>-p</dt><dd><p>Not out yet.</p><p>Paid later.</p></dd></dl>")
    document = read(f"<h1>Orders</h1><h2>Options</h2>{terms}<p>All orders are final.</p>")
    assert document.text == "Options\n\n-p\nNot out yet.\nPaid later.\n\nAll orders are final."
    assert [section.heading for section in document.sections][-1] == "Options"


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ("<tr><th>Name<th>Signature<tr><td><td>", "Name; Signature"),
        ("<tr><th>Task<th>Owner<th>Due<tr><td>Paint<td><td><tr><td>Clean", "Owner; Due\nTask: Paint\nTask: Clean"),
        ("<tr><td colspan=2><img><tr><th>Area<td>37 km<tr><th>Islands<td>14", "Area: 37 km\nIslands: 14"),
    ],
)
def test_the_labels_of_blank_forms_and_empty_columns_are_read(rows: str, text: str) -> None:
    assert read(f"<table>{rows}</table>").text == text


def test_the_words_of_a_drawing_are_read_and_those_of_an_icon_are_not() -> None:
    chart = (
        "<svg><title>Rainfall by month</title><text>March: 48 mm</text><text>April: <tspan>61 mm</tspan></text></svg>"
    )
    page = f"<h1>Rainfall</h1><p>See the chart.<svg><title>Share</title><path d='M0 0'/></svg></p>{chart}"
    assert read(page).text == "See the chart.\n\nRainfall by month\n\nMarch: 48 mm\n\nApril: 61 mm"


def test_facts_in_the_footer_are_read_and_its_links_are_not() -> None:
    page = (
        '<header role="banner"><a href="/">Home</a></header><main><h1>Jobs</h1><p>We look for a gardener who likes old '
        'trees.</p></main><footer><div><h4>Visit us</h4><p>Nursery Birk</p><p>Lindenweg 4</p><p><a href="tel:+49555">'
        '+49 555 123 456</a></p></div><ul><li><a href="/a">About us</a><li><a href="/b">Press</a></ul>'
        "<p>Mon–Fri 9:00–17:00</p><p>© 2024 Nursery Birk</p></footer>"
    )
    document = read(page)
    assert [text.split("\n") for _, text in find_article(document)] == [
        ["We look for a gardener who likes old trees."],
        ["Nursery Birk", "Lindenweg 4", "+49 555 123 456", "Mon–Fri 9:00–17:00"],
    ]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("telephone", "Tel. 0555 014 222"),
        ("international number", "+44 (0)20 7946 0000"),
        ("mail address", "post@cafe.example"),
        ("hours", "Mo - Fr: 9 - 17 Uhr"),
        ("hours of every day", "Open daily 10 am to 11 pm"),
        ("street", "12 Old Harbour Street"),
        ("street with the number behind", "Hauptstraße 5"),
        ("street of the south", "14, rue du Port"),
        ("town", "Cafe Lund, 4020 Holm"),
        ("town of Britain", "London SW1A 1AA"),
        ("town of America", "Springfield, IL 62704"),
    ],
)
def test_each_sign_of_a_contact_has_a_line(name: str, line: str) -> None:
    assert SIGNS[name].search(line)
    assert not SIGNS[name].search("This page was last edited on 3 May 2024 by 12 people.")


def test_raised_digits_stay_apart_and_marks_of_footnotes_go(tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    page.write_text(
        "<article><h1>Lake</h1><p>It is a reservoir since 1931<sup id='r'><a href='#n'>[1]</a></sup> and holds"
        " 10<sup>6</sup> m<sup>3</sup> on its 1<sup>st</sup> day, says the brook<a role='doc-noteref' href='#m'>2</a>"
        " beside it. It is long.</p></article>",
        encoding="utf-8",
    )
    text = " ".join(block.text for block in read_html(page).blocks)
    assert "since 1931 and holds 10⁶ m³ on its 1st day, says the brook beside it." in text


def test_a_table_of_contents_is_left_out_and_a_list_that_a_sentence_introduces_stays() -> None:
    links = "".join(f'<li><a href="#s{n}">Which step is {word}?</a></li>' for n, word in enumerate(("A", "B", "C")))
    text = "<h2 id=s0>Which step is A?</h2><p id=s1>The first step is A, and it takes an hour.</p><a name=s2></a>"
    document = read(f"<body><h1>Steps</h1><p>Table of contents</p><ol>{links}</ol>{text}</body>")
    assert document.text.count("Which step is") == 1
    others = links.replace("#", "b.html#b")
    document = read(f"<body><h1>Steps</h1><p>Other pages</p><ol>{others}</ol>{text}</body>")
    assert document.text.count("Which step is") == 4
    document = read(f"<body><h1>Steps</h1><p>These steps are free:</p><ol>{links}</ol>{text}</body>")
    assert document.text.count("Which step is") == 4


def test_a_text_of_which_only_a_part_is_found_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    part = "<p>The pump is red and it stands in the yard.</p>"
    found = Found()
    found.body = fromstring(f"<body>{part}</body>")
    monkeypatch.setattr("rag.documents.formats.html.reader._find_article", lambda _: found)
    text = "All pumps of this town are old, and some are red. " * 4
    menu = "<div><a href=/a>Ponds and pools of the town</a></div>"
    page = f"<body>{menu}<div><p>{text}</p><div>{part}</div></div></body>"
    assert [block.text for block in extract_html(page).blocks] == [
        text.strip(),
        "The pump is red and it stands in the yard.",
    ]


def test_the_heading_of_the_site_is_no_title() -> None:
    page = "<title>Pump hums - Garden</title><h1><a href=/>Garden</a></h1><p>My pump hums, and it is old.</p>"
    assert read(page).title == "Pump hums"
