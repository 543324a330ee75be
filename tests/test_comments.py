"""Readers' comments and the posts of forums in web pages: who wrote them, when, to whom, and what is none."""

import pytest

from tests.test_html import find_article, find_comments, make_page, read

WORDPRESS = """<div id="comments" class="comments-area"><h2 class="comments-title">3 thoughts on “Harbour bridge”</h2>
<ol class="comment-list"><li id="comment-11" class="comment even depth-1 parent">
<article id="div-comment-11" class="comment-body"><footer class="comment-meta">
<div class="comment-author vcard"><b class="fn"><a href="#">Zara Khan</a></b> <span class="says">says:</span></div>
<div class="comment-metadata"><a><time datetime="2025-03-14T11:02:00+00:00">March 14, 2025 at 11:02 am</time></a>
</div>
<em class="comment-awaiting-moderation">Your comment is awaiting moderation.</em></footer>
<div class="comment-content"><p>Surely the supplier took the money.</p><p>Everyone knows it.</p></div>
<div class="reply"><a class="comment-reply-link" href="#">Reply</a></div></article>
<ol class="children"><li id="comment-12" class="comment byuser depth-2"><article class="comment-body">
<footer class="comment-meta"><div class="comment-author vcard"><b class="fn">Omar</b> <span class="says">says:</span>
</div>
<time datetime="2025-03-15T08:00:00+00:00">March 15</time></footer><div class="comment-content"><p>No proof.</p></div>
</article></li></ol></li>
<li id="comment-13" class="comment depth-1"><article class="comment-body"><footer class="comment-meta">
<div class="comment-author"><b class="fn">old_ferryman</b></div><time datetime="2025-03-16T08:00">March 16</time>
</footer>
<div class="comment-content"><p>@Zara Khan: prove it.</p></div></article></li></ol>
<div id="respond" class="comment-respond"><h3>Leave a Reply</h3><form><p>Your email address will not be published.</p>
<textarea></textarea></form></div><p class="no-comments">Comments are closed.</p></div>"""
OLD_WORDPRESS = """<h3 id="comments">2 Responses to Harbour bridge</h3><ol class="commentlist">
<li class="alt" id="comment-5"><cite>Zara Khan</cite> Says:<br><small class="commentmetadata">
<a>March 14th, 2025 at 9:40
am</a></small><p>Surely the supplier took the money.</p><p>Everyone knows it.</p><ul><li id="comment-6">
<cite>Omar</cite>
Says:<br><small class="commentmetadata">March 15th, 2025 at 10 am</small><p>No proof.</p></li></ul></li>
<li id="comment-7"><cite><a href="#">old_ferryman</a></cite> Says:<br>
<small class="commentmetadata">March 16th, 2025</small>
<p>@Zara Khan: prove it.</p></li></ol><h3 id="respond">Leave a Reply</h3><form><textarea></textarea></form>"""
MICRODATA = """<section class="css-1a2b"><h2>Comments</h2>
<div itemprop="comment" itemscope itemtype="https://schema.org/Comment"><div><span itemprop="author" itemscope
itemtype="https://schema.org/Person"><span itemprop="name">Zara Khan</span></span><meta itemprop="dateCreated"
content="2025-03-14T20:00:00Z"> <span>3 hours ago</span></div><div itemprop="text">
<p>Surely the supplier took the money.</p>
<p>Everyone knows it.</p></div><div>Like 3 Reply</div>
<div itemprop="comment" itemscope itemtype="https://schema.org/Comment"><b itemprop="author">Omar</b>
<time itemprop="datePublished" datetime="2025-03-15">yesterday</time><p itemprop="text">No proof.</p></div></div>
<div itemprop="comment" itemscope itemtype="https://schema.org/Comment"><b itemprop="author">old_ferryman</b>
<time itemprop="datePublished" datetime="2025-03-16">now</time><p itemprop="text">@Zara Khan: prove it.</p></div>
</section>"""
BEM = """<section class="comments"><h2 class="comments__title">Readers' comments <span>(3)</span></h2>
<div class="comments__sort">Sort by: newest</div>
<p>Comments are moderated and generally will be posted if on-topic.</p>
<div class="comment"><span class="comment__author">Zara Khan</span><span class="comment__date">14 Mar 2025</span>
<div class="comment__text"><p>Surely the supplier took the money.</p><p>Everyone knows it.</p></div>
<div class="comment__actions"><button>Reply</button><span class="comment__likes">12 likes</span></div>
<div class="comment__replies"><div class="comment comment--reply"><span class="comment__author">Omar</span>
<span class="comment__date">15 Mar 2025</span><div class="comment__text">No proof.</div></div></div></div>
<article class="comment"><h4 class="comment__author">old_ferryman</h4><time datetime="2025-03-16T10:00">Sun</time>
<div class="comment-text"><p>@Zara Khan: prove it.</p></div><a href="#">Like</a> <a href="#">Report abuse</a>
</article></section>"""
BESIDE = """<div class="Comments_root__3xYz1"><div class="thread"><div class="Comment_comment__a8Xb2">
<span class="Comment_userName__77aXz">Zara Khan</span> <span class="Comment_time__Zz91a">Mar 14, 2025</span>
<div class="Comment_text__1aBcD"><p>Surely the supplier took the money.</p><p>Everyone knows it.</p></div>
<button>Reply</button></div><div class="replies"><div class="reply"><span class="user-name">Omar</span>
<span class="reply-date">Mar 15, 2025</span><div class="reply-text">No proof.</div></div></div></div>
<div class="thread"><div class="Comment_comment__a8Xb2"><div class="left"><span class="user-name">old_ferryman</span>
</div>
<div class="comment-main"><span class="date">16/03/2025</span><div class="body">@Zara Khan: prove it.</div></div>
</div></div>
</div>"""
DISQUS = """<div id="disqus_thread"><ul class="post-list"><li class="post"><div class="post-content"><header>
<span class="post-byline"><span class="author"><a href="#">Zara Khan</a></span></span>
<a class="time-ago" title="Friday, March 14, 2025 4:00 PM">3 days ago</a></header><div class="post-message-container">
<div class="post-message"><p>Surely the supplier took the money.</p><p>Everyone knows it.</p></div></div>
<footer><ul><li class="voting">4</li><li class="reply"><a>Reply</a></li></ul></footer></div>
<ul class="children"><li class="post"><header><span class="author">Omar</span> <a class="parent-link">Zara Khan</a>
<a class="time-ago" title="March 15, 2025">2 days ago</a></header><div class="post-message"><p>No proof.</p></div>
</li></ul></li>
<li class="post"><header><span class="author">old_ferryman</span>
<a class="time-ago" title="March 16, 2025">1 day ago</a>
</header><div class="post-message"><p>@Zara Khan: prove it.</p></div></li></ul></div>"""
JSON_LD = """<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Harbour bridge reopens",
"comment": [{"@type": "Comment", "text": "Surely the supplier took the money.\\n\\nEveryone knows it.",
"dateCreated": "2025-03-14", "author": {"@type": "Person", "name": "Zara Khan"},
"comment": {"@type": "Comment", "text": "No <b>proof</b>.",
"author": "Omar", "datePublished": "2025-03-15T08:00:00Z"}}, {"@type": "Comment", "text": "@Zara Khan: prove it.",
"author": [{"name": "old_ferryman"}], "dateCreated": "2025-03-16"}]}</script>
<div class="q1"><div class="q2"><i>Zara Khan</i> <i>1d</i><div><p>Surely the supplier took the money.</p>
<p>Everyone knows
it.</p></div>Reply</div><div class="q2"><i>Omar</i><p>No <b>proof</b>.</p></div>
<div class="q2"><i>old_ferryman</i><p>@Zara Khan: prove it.</p></div></div>"""
THREADS = {
    "wordpress": WORDPRESS,
    "old wordpress": OLD_WORDPRESS,
    "microdata": MICRODATA,
    "bem": BEM,
    "beside": BESIDE,
    "disqus": DISQUS,
    "json-ld": JSON_LD,
}


@pytest.mark.parametrize("thread", THREADS.values(), ids=THREADS.keys())
def test_comments_are_told_apart_with_author_date_and_whom_they_answer(thread: str) -> None:
    document = read(make_page(thread))
    assert find_comments(document) == [
        ("Zara Khan", "2025-03-14", None, "Surely the supplier took the money.\n\nEveryone knows it."),
        ("Omar", "2025-03-15", "Zara Khan", "No proof."),
        ("old_ferryman", "2025-03-16", "Zara Khan", "@Zara Khan: prove it."),
    ]
    assert find_article(document) == find_article(read(make_page()))


def test_a_comment_without_marks_of_its_own_is_still_no_article() -> None:
    thread = (
        '<div id="comments"><h3>2 comments</h3><p>First words.</p><p>More words.</p><form>Leave a reply</form></div>'
    )
    document = read(make_page(thread))
    assert [text for *_, text in find_comments(document)] == ["First words.", "More words."]
    thread = '<div class="comment"><p>First words.</p></div><div class="comment"><p>More words.</p></div>'
    assert [text for *_, text in find_comments(read(make_page(thread)))] == ["First words.", "More words."]


def test_a_name_and_a_date_in_one_line_sign_a_comment() -> None:
    thread = (
        '<div class="comment"><p class="who">towpath_ted, 13 August, 18:05</p><p>I do not believe it.</p></div>'
        '<div class="comment"><p>K. Osei | 14 March 2025<br>Nor do I.</p></div>'
        '<div class="comment"><p>Ann (15 March 2025)</p><p>It is open.</p></div>'
        '<div class="comment"><p>In short, 3 May is too late.</p></div>'
    )
    assert find_comments(read(make_page(thread))) == [
        ("towpath_ted", "13 August, 18:05", None, "I do not believe it."),
        ("K. Osei", "2025-03-14", None, "Nor do I."),
        ("Ann", "2025-03-15", None, "It is open."),
        (None, None, None, "In short, 3 May is too late."),
    ]


def test_signed_paragraphs_below_a_heading_of_comments_are_comments() -> None:
    thread = (
        "<h3>COMMENTS (2)</h3><p>Comments are moderated and generally will be posted if they are on-topic.</p>"
        "<p>Sana K. (14 March 2025): I do not believe it.</p><p>Dan, 15 March 2025: Nor do I.</p>"
    )
    assert find_comments(read(make_page(thread))) == [
        ("Sana K.", "2025-03-14", None, "I do not believe it."),
        ("Dan", "2025-03-15", None, "Nor do I."),
    ]


def test_a_comment_without_a_box_is_read_only_as_a_comment() -> None:
    thread = "<h3>COMMENTS (2)</h3>Sana K. (14 March 2025): I do not believe it.<p>Dan, 15 March 2025: Nor do I.</p>"
    document = read(make_page(thread))
    assert [text for *_, text in find_comments(document)] == ["I do not believe it.", "Nor do I."]
    assert document.text.count("I do not believe it.") == 1


def test_a_chapter_about_comments_has_none() -> None:
    page = """<html><body><div role="main"><section id="comments"><h1>Comments</h1>
<p>A comment begins with a hash sign.</p>
    <pre><span class="comment"># a comment</span>\nx = 1  <span class="comment"># another</span></pre>
    <h2>Comments</h2><p>Comments are never nested.</p></section></div></body></html>"""
    document = read(page)
    assert find_comments(document) == []
    assert document.text == (
        "A comment begins with a hash sign.\n\n# a comment\nx = 1  # another\n\nComments\n\nComments are never nested."
    )


def test_a_chapter_named_after_its_heading_is_not_a_frame_for_comments() -> None:
    page = """<html><body><div role="main"><section id="syntax"><h1>Syntax</h1>
<p>A program is read by a parser. Its input is a stream of tokens, which the lexer makes.</p>
<section id="comments"><h2>Comments</h2><p>A comment ends at the end of the line.</p></section></section></div>"""
    document = read(page)
    assert find_comments(document) == []
    assert document.text.endswith("Comments\n\nA comment ends at the end of the line.")


def test_the_answers_to_frequent_questions_are_the_pages_own() -> None:
    page = """<title>Questions</title><main itemscope itemtype="https://schema.org/FAQPage">
    <div itemscope itemtype="https://schema.org/Question"><h2>When does it open?</h2>
    <div itemscope itemtype="https://schema.org/Answer"><p itemprop="text">At nine.</p></div></div></main>"""
    assert find_article(read(page)) == [("When does it open?", "At nine.")]


def test_what_a_comment_quotes_is_marked_and_names_whom_it_answers() -> None:
    thread = """<div class="comment"><b class="author">Bea</b><div class="comment-text"><blockquote>
<cite>Ali wrote:</cite>
    <p>It is closed.</p></blockquote><p>It is open.</p></div></div>"""
    assert find_comments(read(make_page(thread))) == [("Bea", None, "Ali", "> It is closed.\n\nIt is open.")]


FORUM = """<html><head><title>Pump makes noise - Garden forum</title></head><body class="section-viewtopic">
<h1>Garden forum</h1><div class="topic"><div class="post" id="p1"><dl class="profile"><dt><a class="username">ann</a>
</dt>
<dd>Posts: 12</dd></dl><div class="postbody"><h3><a href="#p1">Pump makes noise</a></h3><p class="author">by <b><a
class="username">ann</a></b> » Mon Mar 10, 2025 9:12 am</p><div class="content">My pump hums.<br>What can I do?</div>
</div></div>
<div class="post" id="p2"><dl class="profile"><dt><a class="username">Otto</a></dt></dl><div class="postbody">
<h3><a href="#p2">Re: Pump makes noise</a></h3>
<p class="author">by <a class="username">Otto</a> » Mon Mar 10, 2025</p>
<div class="content">Check the rotor.</div><div class="signature">Otto's ponds since 1999</div></div></div></div>
</body></html>"""


def test_the_first_post_of_a_forum_is_its_article_and_the_others_are_comments() -> None:
    document = read(FORUM)
    assert (document.title, document.author, document.date) == ("Pump makes noise", "ann", "2025-03-10")
    assert find_article(document) == [(None, "My pump hums.\nWhat can I do?")]
    assert find_comments(document) == [("Otto", "2025-03-10", None, "Check the rotor.")]


def test_the_posts_of_a_blog_are_no_forum() -> None:
    posts = "".join(
        f'<div class="post"><h3><a href="/{n}">Post {n}</a></h3><b class="author">Ann</b>'
        f'<div class="post-content">Words of post {n}.</div></div>'
        for n in range(3)
    )
    assert find_comments(read(f'<body class="topic-ponds"><div class="posts">{posts}</div></body>')) == []
    document = read(make_page(posts).replace('<body class="', '<body class="topic-ponds '))
    assert document.text.startswith("The harbour bridge reopened")
