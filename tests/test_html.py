"""Web pages: the main text in order, the readers' comments apart, nothing of the site around them."""

from pathlib import Path

import pytest

from rag import Document, DocumentError
from rag.documents.blocks import assemble
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


@pytest.mark.parametrize("tag", ["div", "p", "b", "table><tr><td", "ul><li", "blockquote", "form", "div class=comment"])
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
