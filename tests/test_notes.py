"""Notebooks, subtitles, calendars, markup languages, and the front matter and links of notes."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from rag import Settings, build_index
from rag.documents.read import read_document
from rag.errors import DocumentError
from rag.index import read_entries
from rag.metadata import LONGEST_VALUE
from rag.types import Document
from tests.fakes import HashingEmbedder


def read(folder: Path, name: str, text: str) -> Document:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_document(path)


def list_sections(document: Document) -> list[tuple[str | None, str]]:
    return [(s.heading, document.text[s.start : s.end].strip()) for s in document.sections]


def make_notebook(*cells: dict[str, Any]) -> str:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_text_code_and_short_outputs_of_a_notebook_are_read(tmp_path: Path) -> None:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["mean 3.2 m\n"]},
        {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo=", "text/plain": ["<Figure>"]}},
        {"output_type": "stream", "name": "stdout", "text": "noise " * 1000},
        {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["\x1b[31mnoise"]},
    ]
    notebook = make_notebook(
        {"cell_type": "markdown", "source": ["# Tides\n", "High water is at 04:10.\n", "## Code\n"]},
        {"cell_type": "code", "source": ['# not a heading\nprint("mean 3.2 m")'], "outputs": outputs},
        {
            "cell_type": "markdown",
            "source": "<!-- hidden --> The end. ![a](attachment:a.png)",
            "attachments": {"a.png": {}},
        },
    )
    document = read(tmp_path, "n.ipynb", notebook)
    assert document.title == "Tides"
    assert list_sections(document) == [
        ("Tides", "High water is at 04:10."),
        (
            "Tides › Code",
            '# not a heading\nprint("mean 3.2 m")\n\nmean 3.2 m\n\n<Figure>\n\n'
            "(An output of 6,000 characters is left out.)\n\nThe end. a",
        ),
    ]


def test_an_old_notebook_is_read(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "heading", "level": 1, "source": ["Tides"]},
        {"cell_type": "code", "input": ["x = 1"], "outputs": [{"output_type": "pyout", "text": ["1"]}]},
    ]
    document = read(tmp_path, "n.ipynb", json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3}))
    assert list_sections(document) == [("Tides", "x = 1\n\n1")]


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[" * 100_000, "[]", "3", "{}", '{"cells": 3}', '{"worksheets": 3}', '{"cells": [3, null, {}]}',
        make_notebook({"cell_type": "code", "source": 3, "outputs": [{"data": 3}, {"text": [3]}, 3]}),
    ],
)  # fmt: skip
def test_what_is_no_notebook_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(DocumentError, match=r"n\.ipynb: it (?:is not a valid notebook|has no cells|is empty)$"):
        read(tmp_path, "n.ipynb", text)


TRANSCRIPT = """\
WEBVTT

NOTE A remark that nobody sees

1
00:00:01.000 --> 00:00:04.000
<v Zara Khan>The budget for the bridge is

2
00:00:04.000 --> 00:00:07.000 align:start
<v.loud Zara Khan>four <b>million</b> euros.</v>

3
00:00:08.000 --> 00:00:10.000
<v Omar Ali>When does the work begin?

4
01:00:08.000 --> 01:00:10.000
<v Zara Khan>In May &amp; June.</v>
<v Omar Ali>Good.</v>
"""


def test_a_transcript_has_the_speakers_and_the_times_of_its_paragraphs(tmp_path: Path) -> None:
    assert list_sections(read(tmp_path, "call.vtt", TRANSCRIPT)) == [
        ("0:01", "Zara Khan: The budget for the bridge is four million euros.\nOmar Ali: When does the work begin?"),
        ("1:00:08", "Zara Khan: In May & June.\nOmar Ali: Good."),
    ]


def test_subtitles_without_speakers_are_paragraphs(tmp_path: Path) -> None:
    cues = [
        (1, "The budget for the bridge is"),
        (4, "{\\an8}<i>four million euros.</i>"),
        (7, "ZARA: It is too much."),
        (10, "OMAR: Why?"),
        (60, "Later."),
    ]
    blocks = (
        f"{n}\r\n00:00:{s - 1:02},000 --> 00:00:{s + 1:02},000\r\n{text}\r\n" for n, (s, text) in enumerate(cues, 1)
    )
    document = read(tmp_path, "call.srt", "\r\n".join(blocks))
    assert list_sections(document) == [
        ("0:00", "The budget for the bridge is four million euros.\nZARA: It is too much.\nOMAR: Why?"),
        ("0:59", "Later."),
    ]


def test_words_that_rolling_subtitles_repeat_are_read_once(tmp_path: Path) -> None:
    lines = ("so today", "so today\nwe look at<00:00:02.000><c> bees</c>", "we look at bees")
    cues = (f"00:0{n}.000 --> 00:0{n + 1}.000\n{words}" for n, words in enumerate(lines))
    document = read(tmp_path, "a.vtt", "WEBVTT\n\n" + "\n\n".join(cues).replace("00:0", "00:00:0"))
    assert list_sections(document) == [("0:00", "so today we look at bees")]


def test_a_long_speech_is_divided_at_sentences(tmp_path: Path) -> None:
    cues = (f"00:{n:02}:00.000 --> 00:{n:02}:59.000\n{'word ' * 25}{'.' if n % 2 else ','}" for n in range(20))
    sections = list_sections(read(tmp_path, "a.vtt", "WEBVTT\n\n" + "\n\n".join(cues)))
    assert [heading for heading, _ in sections] == ["0:00", "6:00", "12:00", "18:00"]
    assert all(text.endswith(".") for _, text in sections)


@pytest.mark.parametrize(
    "text", ["", "WEBVTT\n", "words", "1\n00:00:01,000 --> 00:00:02,000\n\n", "9" * 5000 + ":00.0 --> 1"]
)
def test_what_are_no_subtitles_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DocumentError, match="it has no subtitles"):
        read(tmp_path, "a.srt", text)


CALENDAR = """\
BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
SUMMARY:Board meeting\\, spring
DTSTART;TZID=Europe/Berlin:20250303T100000
DTEND;TZID=Europe/Berlin:20250303T113000
LOCATION:Room 4
ORGANIZER;CN="Khan, Zara":mailto:zara@example.org
ATTENDEE;CN=Omar Ali;PARTSTAT=ACCEPTED:mailto:omar@example.org
ATTENDEE:mailto:ben@example.org
RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20250630T000000Z
DESCRIPTION:The budget for the bri
 dge.\\n\\nBring the plan.
BEGIN:VALARM
DESCRIPTION:Reminder
TRIGGER:-PT15M
END:VALARM
STATUS:CANCELLED
END:VEVENT
BEGIN:VEVENT
SUMMARY:Holiday
DTSTART;VALUE=DATE:20250418
DTEND;VALUE=DATE:20250422
RRULE:FREQ=YEARLY;BYSETPOS=1
END:VEVENT
BEGIN:VTODO
SUMMARY:Pay the rent
DUE:20250401
END:VTODO
BEGIN:VEVENT
DTSTART:20250501T080000Z
DURATION:PT1H30M
RRULE:FREQ=DAILY;COUNT=3
END:VEVENT
END:VCALENDAR
"""


def test_events_have_their_time_place_people_and_description(tmp_path: Path) -> None:
    document = read(tmp_path, "a.ics", CALENDAR.replace("\n", "\r\n"))
    assert list_sections(document) == [
        (
            "Board meeting, spring",
            "When: 2025-03-03 10:00 to 2025-03-03 11:30 (Europe/Berlin)\n"
            "Repeats: every 2 weeks on Monday, Wednesday, until 2025-06-30 00:00 UTC\nWhere: Room 4\n"
            "Organizer: Khan, Zara\nInvited: Omar Ali, ben@example.org\nStatus: cancelled\n\n"
            "The budget for the bridge.\n\nBring the plan.",
        ),
        ("Holiday", "When: 2025-04-18, until before 2025-04-22\nRepeats: irregularly"),
        ("Pay the rent", "Due: 2025-04-01"),
        ("No title", "When: 2025-05-01 08:00 UTC for 1 hour 30 minutes\nRepeats: every day, 3 times"),
    ]
    assert [section.date for section in document.sections] == ["2025-03-03", "2025-04-18", "2025-04-01", "2025-05-01"]


@pytest.mark.parametrize("text", ["", "words", "BEGIN:VCALENDAR\nEND:VCALENDAR\n", "\0\1"])
def test_a_calendar_without_events_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DocumentError, match=r"it has no events|binary"):
        read(tmp_path, "a.ics", text)


def test_latex_is_read_as_prose(tmp_path: Path) -> None:
    text = r"""
        \documentclass[11pt]{article} % hidden
        \title{The \emph{old} harbour}
        \author{Ada Example \and Ben K\"onig}
        \date{3 March 2025}
        \begin{document}
        \maketitle
        \section{Opening hours}\label{sec:o}
        The harbour opens at~\textbf{six \emph{sharp}}, see \cite{smith2020}. It costs 5\,\% more%
        , they say. % hidden words
        \subsection*{In winter}
        \begin{itemize}
          \item It opens at eight\footnote{Except on Sundays.}.
          \item Dogs are ``not'' allowed --- ever.\\[2pt]
        \end{itemize}
        \begin{equation}
          a \\ b
        \end{equation}
        \begin{verbatim}
          % \section{x}
        \end{verbatim}
        Se\~nor Fran\c{c}ois, \href{http://example.org}{the page}.
        \end{document}
        after
        """
    document = read(tmp_path, "a.tex", dedent(text))
    assert (document.title, document.author, document.date) == (
        "The old harbour",
        "Ada Example, Ben König",
        "2025-03-03",
    )
    assert list_sections(document) == [
        (None, "Author: Ada Example, Ben König"),
        ("Opening hours", "The harbour opens at six sharp, see [smith2020]. It costs 5 % more, they say."),
        (
            "Opening hours › In winter",
            "- It opens at eight (Except on Sundays.).\n- Dogs are “not” allowed — ever.\n\n"
            "\\begin{equation}\n  a \\\\ b\n\\end{equation}\n\n% \\section{x}\n\nSeñor François, the page.",
        ),
    ]


def test_tables_and_plain_formulas_of_latex_are_words(tmp_path: Path) -> None:
    text = r"""
        \author{Runa Dahl\thanks{Institute of Coasts} \and Piers Ode}
        \begin{document}
        The kite has 2.3 m$^2$ ($n = 37$); $\alpha$ costs \$5.

        \begin{tabular}{l@{ }rr}\toprule Site & Flights & Note \\ \midrule Skarv & 14 & \\ Tern \& Rock & 23 & \\[2pt]
        \bottomrule\end{tabular}
        \begin{tabular}{ll}a & b \\ c & d\end{tabular}
        \end{document}"""
    document = read(tmp_path, "a.tex", dedent(text))
    assert document.author == "Runa Dahl (Institute of Coasts), Piers Ode"
    assert document.text.split("\n") == [
        "Author: Runa Dahl (Institute of Coasts), Piers Ode",
        "",
        "The kite has 2.3 m² (n = 37); $\\alpha$ costs $5.",
        "",
        "Note",
        "Site: Skarv; Flights: 14",
        "Site: Tern & Rock; Flights: 23",
        "a: b",
        "c: d",
    ]


def test_commands_that_latex_defines_are_words(tmp_path: Path) -> None:
    text = r"""
        \title{Minutes of the \board}
        \newcommand{\board}{Harbour Board}
        \newcommand{\decision}[2]{\textbf{Decision #1:} #2}
        \newcommand{\endless}{\endless more}
        \newcommand{\be}{\begin{equation}}
        \begin{document}
        \hypertarget{top}{\section{Fees}}
        The \board\ met. \decision{1}{Fees stay.} \other{Ann}{Bob} \endless
        \end{document}"""
    document = read(tmp_path, "a.tex", dedent(text))
    assert document.title == "Minutes of the Harbour Board"
    assert list_sections(document) == [("Fees", "The Harbour Board met. Decision 1: Fees stay. Ann Bob more")]


def test_a_cell_of_latex_may_span_columns(tmp_path: Path) -> None:
    rows = r"\multicolumn{2}{c}{Boat} & Price \\\cmidrule(lr){1-2}\hline Skiff & \multicolumn{1}{r}{wood} & 900 \\"
    document = read(tmp_path, "a.tex", rf"\begin{{tabular}}{{llr}}{rows}\end{{tabular}}")
    assert document.text == "Boat: Skiff; Boat: wood; Price: 900"


@pytest.mark.parametrize("end", ["\\verb", "\\section", "\\newcommand", "\\begin{verbatim}", "{", "\\title", "\\", "$"])
def test_latex_may_end_anywhere(tmp_path: Path, end: str) -> None:
    assert read(tmp_path, "a.tex", f"The last words. {end}").text.startswith("The last words.")


@pytest.mark.parametrize("inside", ["{", "\\emph{", "\\begin{center}", "$", "\\item["])
def test_latex_is_read_however_deep_it_is_nested(tmp_path: Path, inside: str) -> None:
    assert "The last words." in read(tmp_path, "a.tex", f"{inside * 5000} The last words.").text


def test_what_latex_switches_off_is_not_read(tmp_path: Path) -> None:
    text = r"The rent is 5 euros.\iffalse It was 4.\fi{} It is due in May. \iffalse It rises."
    assert read(tmp_path, "a.tex", text).text == "The rent is 5 euros. It is due in May."


def test_a_chapter_of_latex_without_a_beginning_is_read_whole(tmp_path: Path) -> None:
    document = read(tmp_path, "a.tex", "\\chapter{Bees}\nThey fly.\n\n\\section{Honey}\nIt is sweet.\n")
    assert list_sections(document) == [("Bees", "They fly."), ("Bees › Honey", "It is sweet.")]


def test_restructured_text_is_read_as_prose(tmp_path: Path) -> None:
    text = """\
        .. _top:

        =======
        Harbour
        =======

        :Author: Ada Example
        :Date: 2025-03-03

        .. contents:: Table
           :depth: 2

        Opening hours
        -------------

        It opens at **six**, see `the page <https://example.org>`_ and :ref:`Winter <w>`; run ``make`` [1]_::

            make all

              now

        .. a hidden comment
           over two lines

        .. note:: Dogs are *not* allowed.

        .. code-block:: python
           :linenos:

           Title
           -----

        In winter
        ~~~~~~~~~

        It opens at eight.

        .. [1] A footnote.

        Prices
        ------

        Five euros.
        """
    document = read(tmp_path, "a.rst", dedent(text))
    assert (document.title, document.author, document.date) == ("Harbour", "Ada Example", "2025-03-03")
    assert list_sections(document) == [
        ("Harbour", ":Author: Ada Example\n:Date: 2025-03-03"),
        (
            "Harbour › Opening hours",
            "It opens at six, see the page and Winter; run make [1]:\n\nmake all\n\n  now\n\n"
            "Note: Dogs are not allowed.\n\nTitle\n-----",
        ),
        ("Harbour › Opening hours › In winter", "It opens at eight.\n\n[1] A footnote."),
        ("Harbour › Prices", "Five euros."),
    ]


def test_org_is_read_as_prose(tmp_path: Path) -> None:
    text = """\
        #+TITLE: Harbour
        #+AUTHOR: Ada Example
        #+DATE: <2025-03-03 Mon>
        # hidden
        * Opening hours    :work:
        :PROPERTIES:
        :ID: 12
        :END:
        It opens at *six*, see [[https://example.org][the page]] and /usr/share/doc; a_b_c, =make=.
        #+BEGIN_SRC python
        x = 1
        * no heading
        #+END_SRC
        ** In winter
        - It opens at /eight/.
        #+BEGIN_QUOTE
        Quoted words.
        #+END_QUOTE
        """
    document = read(tmp_path, "a.org", dedent(text))
    assert (document.title, document.author, document.date) == ("Harbour", "Ada Example", "2025-03-03")
    assert list_sections(document) == [
        (None, "Author: Ada Example"),
        ("Opening hours", "It opens at six, see the page and /usr/share/doc; a_b_c, make.\n\nx = 1\n* no heading"),
        ("Opening hours › In winter", "- It opens at eight.\n\nQuoted words."),
    ]


def test_asciidoc_is_read_as_prose(tmp_path: Path) -> None:
    text = """\
        = Harbour guide
        Ada Example <ada@example.org>
        v1.0, 2025-03-03
        :toc: left

        First words.

        == Opening hours

        // hidden
        It opens at *six*, see https://example.org[the page] and <<winter,the winter>>; run `make`. A a_b_c, 2 * 3 * 4.

        [source,python]
        ----
        == no heading
        ----

        [[winter]]
        === In winter

        NOTE: It opens at _eight_.

        ////
        hidden
        ////
        * an *old* item
        """
    document = read(tmp_path, "a.adoc", dedent(text))
    assert (document.title, document.author, document.date) == ("Harbour guide", "Ada Example", "2025-03-03")
    assert list_sections(document) == [
        ("Harbour guide", "Author: Ada Example\n\nFirst words."),
        (
            "Harbour guide › Opening hours",
            "It opens at six, see the page and the winter; run make. A a_b_c, 2 * 3 * 4.\n\n== no heading",
        ),
        ("Harbour guide › Opening hours › In winter", "NOTE: It opens at eight.\n\n* an old item"),
    ]


def test_terms_and_numbered_items_of_restructured_text_stay_with_their_words(tmp_path: Path) -> None:
    text = "Terms\n=====\n\nCold copy\n    A copy\n    by night.\n\n#. Stop it.\n#. Go on.\n\n- A list\n  goes on.\n"
    document = read(tmp_path, "a.rst", text)
    assert document.text.startswith("Terms\n\nCold copy: A copy\n    by night.\n\n- Stop it.\n- Go on.")
    assert document.text.endswith("- A list\n  goes on.")


@pytest.mark.parametrize("suffix", [".tex", ".rst", ".org", ".adoc"])
def test_unclosed_marks_are_read_to_the_end(tmp_path: Path, suffix: str) -> None:
    marks = "\\begin{verbatim} \\emph{ \\[ ` :a:`b ** [[ <<  #+begin_src\n----\n.. code::\n\n  x\n"
    assert "The last words." in read(tmp_path, f"a{suffix}", f"Words.\n\n{marks}\nThe last words.\n").text
    (tmp_path / f"b{suffix}").write_bytes(b"\0\1\2")
    with pytest.raises(DocumentError, match="binary data"):
        read_document(tmp_path / f"b{suffix}")


NOTE = """\
---
title: "Bees"
authors:
  - Ada Example
  - Ben Example
date: 2025-03-03
tags: [honey, 'hives']   # a remark
aliases:
  - apiary
Client Name: Acme
voice: comment
nested:
  key: value
---
# Bees

They like [[Garden#Roses|the roses]], [[Clover]] and `[[code]]`. ![[photo.png|300]]![[Honey]]

```
[[code]]
```
"""


def test_front_matter_is_metadata_and_can_be_found(tmp_path: Path) -> None:
    document = read(tmp_path, "bees.md", NOTE)
    assert (document.title, document.author, document.date) == ("Bees", "Ada Example, Ben Example", "2025-03-03")
    assert document.metadata == {"aliases": "apiary", "client_name": "Acme", "tags": "honey, hives"}
    (_, front), (_, text) = list_sections(document)
    assert "tags: [honey, 'hives']" in front
    assert text == "They like the roses, Clover and `[[code]]`. Honey\n\n```\n[[code]]\n```"


@pytest.mark.parametrize("name", ["bees.md", "bees.txt"])
def test_front_matter_may_end_with_dots_and_follow_a_blank_line(tmp_path: Path, name: str) -> None:
    document = read(tmp_path, name, "\n---\ntitle: Bees\nby: Ada Example\n...\n\nThey fly.\n\n---\n\nThey sleep.\n")
    assert (document.title, document.author) == ("Bees", "Ada Example")
    ((_, text),) = list_sections(document)
    assert text == "They fly.\n\n---\n\nThey sleep."


@pytest.mark.parametrize(
    ("lines", "title", "value"),
    [
        ("title: Bees: a guide", "Bees: a guide", None),
        ("title: Bees\nmood: [a", "Bees", "[a"),
        ("title: Bees\nmood: &a [*a]", "Bees", "&a [*a]"),
        ("title: Bees\n\t- @x", "Bees - @x", None),
        ("title: Bees\nmood: " + "[" * 9000, "Bees", "[" * LONGEST_VALUE),
    ],
)
def test_a_fault_in_front_matter_spoils_no_other_value(tmp_path: Path, lines: str, title: str, value: str) -> None:
    document = read(tmp_path, "bees.md", f"---\n{lines}\nby: Ada\ntags: [hives]\n---\n\nThey fly.\n")
    assert lines in document.text
    assert (document.title, document.author) == (title, "Ada")
    assert document.metadata == {"tags": "hives"} | ({"mood": value} if value else {})


def test_a_comment_in_front_matter_is_not_a_title(tmp_path: Path) -> None:
    assert read(tmp_path, "bees.md", "---\n# hidden\n---\n\nThey fly.\n").title == ""


def test_a_text_without_front_matter_has_no_metadata(tmp_path: Path) -> None:
    for text in (
        "# Bees\n\nThey fly.\n",
        "---\n\nThey: fly.\n",
        "---\ntitle: Bees\n---\n\nThey fly.\n",
        "---\n---\nA.\n",
    ):
        document = read(tmp_path, "bees.md", text)
        assert document.metadata == {}
        assert len(document.sections) == 1


def test_front_matter_is_kept_beside_what_the_user_gives(
    tmp_path: Path, settings: Settings, embedder: HashingEmbedder
) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    note = folder / "bees.md"
    note.write_text("---\ntags: honey\nteam: own\n---\nThey fly.\n", encoding="utf-8")

    def index(metadata: dict[str, str] | None) -> tuple[int, dict[str, str]]:
        report = build_index([folder], settings=settings, embedder=embedder, metadata=metadata)
        (entry,) = read_entries(settings.location)
        return report.indexed, entry.metadata

    assert index(None) == (1, {"tags": "honey", "team": "own"})
    assert index({"team": "ops"}) == (1, {"tags": "honey", "team": "ops"})
    assert index({"team": "ops"}) == (0, {"tags": "honey", "team": "ops"})
    note.write_text("---\ntags: wax\n---\nThey fly.\n", encoding="utf-8")
    assert index(None) == (1, {"tags": "wax", "team": "ops"})


TABLES = """# Prices

| Drink | Small | Large | Note |
|:------|---:|---|--|
| [Tea](https://example.org/(a)?b=c "t") | 2.00 | 3.00 | |
| Coffee \\| milk | `a` | 3.50 |

Term | Meaning
--- | ---
foo | bar
> | A | B |
> |---|---|
> | 1 | 2 |

a | b
-----
"""
CODE = """```
| x | y |
|---|---|
| 1 | [2](z) ==3== |
```"""


def test_rows_of_markdown_have_their_headers_words(tmp_path: Path) -> None:
    assert list_sections(read(tmp_path, "prices.md", TABLES + CODE)) == [
        (
            None,
            "Note\nDrink: Tea; Small: 2.00; Large: 3.00\nDrink: Coffee | milk; Small: `a`; Large: 3.50\n\n"
            "Term: foo; Meaning: bar\n> A: 1; B: 2\n\na | b\n-----\n" + CODE,
        )
    ]


def test_rows_of_org_have_their_headers_words(tmp_path: Path) -> None:
    text = "* Prices\n| Drink | Small |\n|-------+-------|\n| Tea   |  2.00 |\n"
    assert list_sections(read(tmp_path, "prices.org", text)) == [("Prices", "Drink: Tea; Small: 2.00")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See [the list](https://example.org/a?b=c&d=e).", "See the list."),
        ("![A cat](cat.png) and [![built](b.svg)](http://ci)", "A cat and built"),
        ("> [!warning]+ Decision\n> The lamps go.", "> Warning: Decision\n> The lamps go."),
        ("> [!note]\n> The lamps go.", "> Note\n> The lamps go."),
        ("supplier:: Lumiteq", "supplier: Lumiteq"),
        ("It is ==due today==. ^abc123", "It is due today. "),
        ("`a:: [b](c)` and std::vector, a == b == c [1]", "`a:: [b](c)` and std::vector, a == b == c [1]"),
    ],
)
def test_links_and_marks_of_notes_are_shown_as_words(tmp_path: Path, text: str, shown: str) -> None:
    assert read(tmp_path, "a.md", text).text == shown


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("| Name | Price |\n| --- | --- |\n| Tea | 3 |\n| Milk | 2 |\n\nThe prices are in euros.\n", ""),
        ("## Shopping list\n\n- milk\n- bread\n\nThe shop closes at seven.\n", "Shopping list"),
        ("**Shopping list**\n\nThe shop closes at seven.\n", "Shopping list"),
        ("```\nmake install\n```\n\nRun it as root.\n", ""),
        ("- milk\n- bread\n\nThe shop closes at seven.\n", ""),
        ("| a | b |\n\nThe shop closes at seven.\n", ""),
        ("“Shop” opens\n\nThe shop closes at seven.\n", "“Shop” opens"),
    ],
)
def test_a_title_has_no_marks(tmp_path: Path, text: str, title: str) -> None:
    assert read(tmp_path, "a.md", text).title == title


CARDS = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;Eva
item1.TEL;CELL:+49 555 1
TEL;TYPE=WORK;TYPE=FAX:+49 555 2
EMAIL;TYPE=INTERNET,HOME:e@x.org
ADR;TYPE=home:;;Lindenweg 4;Holm;;4020;
ORG:Weir Ltd;Boats
BDAY:19750211
PHOTO;ENCODING=b:AAAA
NOTE:Call\\, then\\n wait,
  please
END:VCARD
BEGIN:VCARD
FN:Bo Lund
END:VCARD
"""


def test_cards_have_names_numbers_and_addresses(tmp_path: Path) -> None:
    assert read(tmp_path, "people.vcf", CARDS).text.split("\n\n") == [
        "Müller Eva",
        "Organization: Weir Ltd, Boats\nPhone (cell): +49 555 1\nPhone (work, fax): +49 555 2\nMail (home): e@x.org\n"
        "Address (home): Lindenweg 4, Holm, 4020\nBirthday: 1975-02-11\nNote: Call, then wait, please",
        "Bo Lund",
    ]


def test_an_address_book_without_cards_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="it has no cards"):
        read(tmp_path, "people.vcf", "words")


MESSAGES = [
    {"type": "message", "user": "U1", "text": "<@U2> can you look at it? &lt;3", "ts": "1709625600.000100"},
    {"type": "message", "user": "U2", "text": "<@U2> has joined", "ts": "1709625601.000100", "subtype": "channel_join"},
    {
        "type": "message",
        "user": "U2",
        "text": "See <http://birch.example|the *wifi*> in <#C1|general> <!here> until *2 April*",
        "ts": "1709625602.000100",
        "files": [{"name": "plan.pdf"}],
    },
    {"type": "message", "user": "U9", "text": "", "ts": "1709625603.000100"},
]


def test_a_day_of_a_channel_is_a_conversation_with_names(tmp_path: Path) -> None:
    people = [{"id": "U1", "profile": {"real_name": "Kaija Lehto"}}, {"id": "U2", "name": "ruben"}, "odd"]
    (tmp_path / "users.json").write_text(json.dumps(people), encoding="utf-8")
    (tmp_path / "office").mkdir()
    document = read(tmp_path / "office", "2024-03-05.json", json.dumps(MESSAGES))
    assert (document.title, document.date) == ("#office", "2024-03-05")
    assert document.text.splitlines() == [
        "Kaija Lehto: @ruben can you look at it? <3",
        "ruben: See the wifi in #general @here until 2 April (file: plan.pdf)",
    ]


def test_a_day_of_a_channel_without_the_list_of_people_has_ids(tmp_path: Path) -> None:
    document = read(tmp_path, "2024-03-05.json", json.dumps(MESSAGES[:1]))
    assert document.text == "U1: @U2 can you look at it? <3"


@pytest.mark.parametrize("data", [[{"ts": "1709625600.1", "text": "a"}], [{"type": "message", "ts": 5, "text": "a"}]])
def test_other_records_are_no_conversation(tmp_path: Path, data: list[dict[str, object]]) -> None:
    assert read(tmp_path, "a.json", json.dumps(data)).text.startswith("a")


def test_a_note_of_front_matter_alone_is_read(tmp_path: Path) -> None:
    document = read(tmp_path, "a.md", "---\ntitle: Pump\nstatus: on hold\n---\n")
    assert (document.title, document.metadata) == ("Pump", {"status": "on hold"})
    assert list_sections(document) == [(None, "title: Pump\nstatus: on hold")]
