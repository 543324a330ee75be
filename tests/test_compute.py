"""Sums, means, extremes and counts over the rows of a table, computed without an LLM."""

from pathlib import Path

import pytest

from rag import Assistant, Settings, build_index
from rag.index.index import Index
from rag.rows import format_row, is_row, split_row
from tests.fakes import HashingEmbedder, ScriptedLLM

ORDERS = """No,Product,City,Date,Amount (EUR),Pieces
1,Kettle,Berlin,2023-04-01,"1,200.50",3
2,Lamp,Bonn,2024-01-15,80.00,10
3,Chair,Berlin,2024-02-20,119.50,2
4,Desk,Essen,2024-03-02,600.00,1
,Total,,,"2,000.00",16
"""
BIKES = "Model,Weight (kg),Price (EUR)\nFinch Mini,16.2,1590\nHeron Trek,25.6,4190\nOwl Night,20.7,2590\n"
PRICES = "Ware;Preis\nTee;3,50\nKaffee;7,25\nMilch;1,05\n"

QUESTIONS = [
    ("orders.csv", "How many rows does orders.csv have?", "4 rows"),
    ("orders.csv", "What is the sum of the amount?", "2,000.00, the sum of Amount (EUR) over 4 rows"),
    ("orders.csv", "What is the total amount for Berlin?", "1,320.00, the sum of Amount (EUR) over 2 rows"),
    ("orders.csv", "What is the total amount for Essen?", "600.00, the sum of Amount (EUR) over 1 row"),
    ("orders.csv", "What was the total amount in 2024?", "799.50, the sum of Amount (EUR) over 3 rows"),
    ("orders.csv", "What is the average number of pieces?", "4.00, the mean of Pieces over 4 rows"),
    ("orders.csv", "What is the mean of the pieces?", "4.00, the mean of Pieces over 4 rows"),
    ("orders.csv", "Which product has the highest amount?", "Kettle: Amount (EUR) 1,200.50"),
    ("orders.csv", "Which city has the smallest amount?", "Bonn: Amount (EUR) 80.00"),
    ("bikes.csv", "Which e-bike is the cheapest?", "Finch Mini: Price (EUR) 1590"),
    ("bikes.csv", "Which bike is the heaviest?", "Heron Trek: Weight (kg) 25.6"),
    ("prices.csv", "What is the lowest Preis?", "Milch: Preis 1,05"),
    ("prices.csv", "What is the sum of Preis?", "11.80, the sum of Preis over 3 rows"),
]


def open_assistant(folder: Path, settings: Settings, name: str, text: str, llm: ScriptedLLM) -> Assistant:
    (folder / name).write_text(text, encoding="utf-8")
    build_index([folder / name], settings=settings, embedder=HashingEmbedder())
    return Assistant(Index(settings.index_dir / "test", HashingEmbedder()), llm, settings)


@pytest.mark.parametrize(("name", "question", "reply"), QUESTIONS, ids=[question for _, question, _ in QUESTIONS])
def test_the_rows_are_computed_and_quoted(
    tmp_path: Path, settings: Settings, name: str, question: str, reply: str
) -> None:
    llm = ScriptedLLM()
    assistant = open_assistant(
        tmp_path, settings, name, {"orders.csv": ORDERS, "bikes.csv": BIKES, "prices.csv": PRICES}[name], llm
    )
    answer = assistant.ask(question)
    assert [sentence.text for sentence in answer.reply] == [reply]
    assert answer.outcome == "answered"
    assert answer.citations
    assert all(citation.quote in assistant.index.store.get_text(1) for citation in answer.citations)
    assert not llm.compared


@pytest.mark.parametrize(
    "question",
    [
        "What is the total amount for Hamburg?",  # no row is about it
        "What is the highest mountain?",
        "What is the sum of the products?",  # a column of words
        "What is the total?",  # of the amounts or of the pieces?
        "What does the amount mean?",
    ],
)
def test_what_the_table_does_not_have_is_not_computed(tmp_path: Path, settings: Settings, question: str) -> None:
    answer = open_assistant(tmp_path, settings, "orders.csv", ORDERS, ScriptedLLM(log_odds=-9.0)).ask(question)
    assert not answer.reply


@pytest.mark.parametrize(
    ("cells", "total"),
    [
        (["5", "−2", "-1", "3"], "5"),
        (["$5.00", "$2.50", "$1.00"], "8.50"),
        (["1.200", "900", "10,50"], "2,110.50"),  # the comma says that the point is none
        (["1.250", "2.5", "3"], "6.750"),
        (["1,200", "900", "10"], "2,110"),
        (["5 km", "300 m", "2 km"], None),
        (["5 €", "3 $", "2 €"], None),
        (["1.200", "900", "100"], None),  # a thousand, or a little more than one
        (["5", "unknown", "3"], None),
    ],
)
def test_numbers_are_added_only_if_it_is_clear_what_they_are(
    tmp_path: Path, settings: Settings, cells: list[str], total: str | None
) -> None:
    names = ("Ash", "Birch", "Cedar", "Dogwood")
    rows = "".join(f'{name};"{cell}"\n' for name, cell in zip(names, cells, strict=False))
    llm = ScriptedLLM(log_odds=-9.0)
    answer = open_assistant(tmp_path, settings, "a.csv", f"Tree;Value\n{rows}", llm).ask(
        "What is the sum of the value?"
    )
    texts = [sentence.text for sentence in answer.reply]
    assert texts == ([f"{total}, the sum of Value over {len(cells)} rows"] if total else [])


def test_the_rows_of_a_long_table_are_counted_whole_and_quoted_from_its_beginning(
    tmp_path: Path, settings: Settings
) -> None:
    text = "Item,Price\n" + "".join(f"Thing {chr(97 + i % 26)}{chr(97 + i // 26)},{i}.25\n" for i in range(400))
    answer = open_assistant(tmp_path, settings, "long.csv", text, ScriptedLLM()).ask("What is the sum of the prices?")
    assert answer.reply[0].text == "79,900.00, the sum of Price over 400 rows"
    assert answer.note == "Computed from the rows of the table. The first 20 of 400 are shown."
    assert len(answer.sentences) <= 40


def test_prose_is_not_a_table(tmp_path: Path, settings: Settings) -> None:
    text = "Total cost: 9 million euros.\n\nThe bridge is long.\n\nOpened: 2021; by: Ada.\n\nNote: it is closed."
    answer = open_assistant(tmp_path, settings, "a.txt", text, ScriptedLLM(log_odds=-9.0)).ask(
        "What is the total cost?"
    )
    assert not answer.reply


def test_a_label_may_have_a_colon_inside() -> None:
    line = format_row(["Ratio 1:2", "Price"], ["0.5", "9"])
    assert is_row(line)
    assert split_row(line) == [("Ratio 1:2", "0.5"), ("Price", "9")]
