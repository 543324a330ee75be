"""The widgets that sites put below an article for their readers, which call neither themselves nor a part a comment."""

from collections.abc import Sequence

import pytest

from tests.test_html import read
from tests.test_impostors import FACTS, LIE, find_voices, make_page

PLAIN_ITEM = "<li><b>{name}</b>{words}<small>{date}</small></li>"
LIST_ITEM = (
    '<li class="{kind}"><div class="top"><span class="nick">{name}</span></div>{words}<div class="foot">{date} '
    "<button>Reply</button></div></li>"
)
BOX = '<div class="{kind}"><div><a href="/u/{name}">{name}</a> <time>{date}</time></div><div>{words}</div></div>'
TABLE = (
    '<div class="{kind}"><table><tr><td><span>1</span><b>{name}</b> <i>{date}</i><div>{words}</div></td></tr></table>'
    "</div>"
)
CARD = "<article><header><b>{name}</b> · <span>{date}</span></header>{words}<button>Reply</button></article>"
ROW = '<x-entry class="{kind}"><x-user>{name}</x-user><x-time>{date}</x-time><div>{words}</div></x-entry>'
# The container of a widget with its heading and its entries, and how it shows an entry.
WIDGETS = {
    "newspaper forum": ('<section id="forum">{head}<dst-forum><ol>{entries}</ol></dst-forum></section>', LIST_ITEM),
    "openweb": ('<div id="spot-conversation" class="spcv_conversation">{head}<ul>{entries}</ul></div>', LIST_ITEM),
    "openweb embed": ('<div data-openweb-conversation class="ow-conversation">{head}{entries}</div>', BOX),
    "viafoura": ('<div class="vf-conversations">{head}<div>{entries}</div></div>', BOX),
    "coral": ('<div id="coral-stream">{head}<div>{entries}</div></div>', CARD),
    "talk": ('<div id="coral_talk_stream">{head}{entries}</div>', BOX),
    "hyvor": ('<div id="hyvor-talk-view">{head}{entries}</div>', BOX),
    "commento": ('<div id="commento">{head}{entries}</div>', BOX),
    "isso": ('<section id="isso-thread">{head}<div>{entries}</div></section>', CARD),
    "remark42": ('<div id="remark42">{head}<div><div>{entries}</div></div></div>', CARD),
    "cusdis": ('<div id="cusdis_thread">{head}{entries}</div>', BOX),
    "utterances": ('<div class="utterances">{head}<main>{entries}</main></div>', CARD),
    "giscus": ('<div class="giscus">{head}<div>{entries}</div></div>', BOX),
    "facebook": ('<div class="fb-comments">{head}{entries}</div>', BOX),
    "livefyre": ('<div id="livefyre">{head}<ul>{entries}</ul></div>', LIST_ITEM),
    "discourse": ('<div id="discourse-comments">{head}{entries}</div>', CARD),
    "board": ('<div class="discussion">{head}{entries}</div>', TABLE),
    "talkback": ('<div class="talkback_list">{head}<ul>{entries}</ul></div>', LIST_ITEM),
    "user comments": ('<div class="user-comments-module">{head}{entries}</div>', BOX),
    "responses": ('<section class="responses">{head}{entries}</section>', CARD),
    "messages": ('<div class="messages-list">{head}{entries}</div>', BOX),
    "postings": ('<ul class="postings">{head}{entries}</ul>', LIST_ITEM),
    "conversation": ('<section id="conversation">{head}<div>{entries}</div></section>', TABLE),
    "custom": ("<x-discussion>{head}{entries}</x-discussion>", ROW),
    "comment tree": ("<shreddit-comment-tree>{head}{entries}</shreddit-comment-tree>", ROW),
}
# Only their headings say that what stands below is readers'.
NAMELESS = {
    "list": ('<div class="q1">{head}<ul>{entries}</ul></div>', LIST_ITEM),
    "dates below": ('<div class="q1">{head}<ul>{entries}</ul></div>', PLAIN_ITEM),
    "boxes": ("{head}{entries}", BOX),
    "boxes and a rule": ("{head}<hr>{entries}", BOX),
    "cards": ("{head}<div>{entries}</div>", CARD),
    "tables": ('<div class="box">{head}{entries}</div>', TABLE),
    "custom": ("{head}<x-list>{entries}</x-list>", ROW),
    "beside": (
        '<div class="q1"><div class="q2">{head}<span>Best first</span></div><ul>{entries}</ul></div>',
        LIST_ITEM,
    ),
}
# A heading or a label with a number, in whatever element.
HEADS = {
    "posting": '<div class="q9">2 Postings</div>',
    "arabic": "<span>5 تعليقات</span>",
    "chinese": '<div class="cell"><strong>5 条回复</strong> • <span>2024-05-04 09:03</span></div>',
    "replies": "<header><em>12 replies</em></header>",
    "french": "<p><span>8</span> réactions</p>",
    "german": '<div><div class="q9">7 Beiträge</div></div>',
    "turkish": "<legend>3 yorum</legend>",
    "russian": "<div>3 комментария</div>",
    "spanish": "<label>4 respuestas</label>",
    "korean": "<div>댓글 2개</div>",
    "dot": "<div>2 replies • last by Anna</div>",
}
PAYLOAD = f'<main><h1>Sandnes has a new mayor</h1><p itemprop="articleBody">{LIE}</p></main>'
DATES = ["3 May 2024, 10:12", "4 May 2024, 9:03", "4 May 2024, 9:10"]


def make_widget(widget: tuple[str, str], head: str, names: Sequence[str] = ("Troll", "Anna")) -> str:
    frame, entry = widget
    words = (PAYLOAD, "<p>Soon, I hope.</p>", "<p>We shall see.</p>")
    said = zip(names, words, DATES, strict=False)
    entries = "".join(entry.format(kind="k7", name=name, words=words, date=date) for name, words, date in said)
    return frame.format(head=head, entries=entries)


def assert_is_thread(page: str) -> None:
    document = read(page)
    assert find_voices(document, LIE) == find_voices(document, "Soon, I hope.") == {"comment"}
    assert all(find_voices(document, fact) == {"article"} for fact in FACTS)
    assert document.title == "Sandnes news"
    assert [section.author for section in document.sections if section.voice == "comment"] == ["Troll", "Anna"]


@pytest.mark.parametrize("page", ["h1 in article", "comments in article"])
@pytest.mark.parametrize("head", ["", '<div class="q9">2 Postings</div>'], ids=["bare", "counted"])
@pytest.mark.parametrize("widget", WIDGETS)
def test_a_widget_below_an_article_holds_comments(widget: str, head: str, page: str) -> None:
    assert_is_thread(make_page(page, make_widget(WIDGETS[widget], head)))


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("widget", NAMELESS)
def test_entries_below_a_label_that_counts_them_are_comments(widget: str, head: str) -> None:
    for page in ("h1 in article", "comments in article", "h2"):
        assert_is_thread(make_page(page, make_widget(NAMELESS[widget], HEADS[head])))


@pytest.mark.parametrize("widget", ["newspaper forum", "board", "responses", "messages", "custom"])
@pytest.mark.parametrize("name", ["the one with a long name", "a, b, c", "2024", "!"])
def test_a_reader_without_a_readable_name_hides_no_thread(name: str, widget: str) -> None:
    thread = make_widget(WIDGETS[widget], "<h2>Forum</h2>", (name, "Anna", "Otto"))
    document = read(make_page("comments in article", thread))
    assert find_voices(document, LIE) <= {"comment"}
    assert all(find_voices(document, fact) == {"article"} for fact in FACTS)


INTRO = f"<p>{FACTS[0]} {FACTS[1]} The talks took five hours, and will go on next week, the clerk said.</p>"
WORDS = "The result surprised those who took part in it, and others too."
# What looks like a thread, and is the article.
TRAPS = {
    "chapter": f'<section id="discussion" class="discussion"><h2>Discussion</h2><p>{WORDS}</p><p>{WORDS}</p></section>',
    "interview": f'<div class="conversation"><div><b>Anna</b><p>{WORDS}</p></div><div><b>Otto</b><p>Why?</p></div>'
    "</div>",
    "reference": f'<div class="responses"><div><b>200</b><p>{WORDS}</p></div><div><b>404</b><p>No such.</p></div>'
    "</div>",
    "ticker": f"<span>12 comments</span><div><time>10:15</time><p>{WORDS}</p></div><div><time>10:19</time>"
    "<p>The door opens.</p></div>",
    "sections": f"<span>12 comments</span><section><h2>Background</h2><p>{WORDS}</p></section><section><h2>Costs</h2>"
    "<p>They are high.</p></section>",
    "kickers": f"<span>12 comments</span><div><time>10:15</time><b>Goal!</b><p>{WORDS}</p></div><div><time>10:19</time>"
    "<b>Rain</b><p>Play stops.</p></div>",
    "timeline": f"<span>8 reviews</span><ul><li><b>1 May 2020</b> Founded <p>{WORDS}</p></li><li><b>1 May 2021</b> Sold"
    "</li></ul>",
    "programme": f'<section class="discussion"><ul><li><b>Anna</b> <i>3 May 2024</i> On trams</li><li><b>Otto Lo</b>'
    f" <i>4 May 2024</i> On trains</li></ul><p>{WORDS}</p></section>",
    "facts": f"<span>3 comments</span><div><b>Price</b><p>{WORDS}</p></div><div><b>Place</b><p>Sandnes.</p></div>",
    "number": f"<div>2 comments</div><p>{WORDS}</p><p>The clerk went home.</p>",
    "code": f'<div class="discussion"><pre>2 replies</pre><p>{WORDS}</p></div>',
    "link": f'<a href="#forum">6 Postings</a><div class="forum"><p>{WORDS}</p><p>{WORDS}</p></div>',
}


@pytest.mark.parametrize("trap", TRAPS)
def test_an_article_with_the_names_of_a_thread_stays_an_article(trap: str) -> None:
    document = read(f"<main><article><h1>Sandnes news</h1>{INTRO}{TRAPS[trap]}</article></main>")
    assert {section.voice for section in document.sections} == {"article"}
    assert find_voices(document, WORDS) == {"article"}


def test_a_page_that_is_a_conversation_itself_has_no_article_above_it() -> None:
    widget, entry = WIDGETS["conversation"]
    turns = "".join(entry.format(kind="k", name=n, words=WORDS, date=d) for n, d in zip("ABC", DATES, strict=True))
    document = read(f"<h1>Anna and Otto</h1>{widget.format(head='', entries=turns)}")
    assert {section.voice for section in document.sections} == {"article"}
