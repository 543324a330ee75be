"""Sums, means, extremes and counts over the rows of a table, computed without an LLM."""

import time
from itertools import islice, permutations
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
TICKETS = """Ticket,By,Text,State
1041,Elin,The lift stops,closed
1042,Omar,The window does not close,open
1043,Elin,The radiator is cold,open
1044,Pia,The door is open,waiting
"""
PRICES = "Ware;Preis\nTee;3,50\nKaffee;7,25\nMilch;1,05\n"

QUESTIONS = [
    ("orders.csv", "How many rows does orders.csv have?", "4 rows"),
    ("orders.csv", "What is the sum of the amount?", "2,000.00, the sum of Amount (EUR) over 4 rows"),
    ("orders.csv", "What is the total amount for Berlin?", "1,320.00, the sum of Amount (EUR) over 2 rows"),
    ("orders.csv", "What is the total amount for Essen?", "600.00, the sum of Amount (EUR) over 1 row"),
    ("orders.csv", "What was the total amount in 2024?", "799.50, the sum of Amount (EUR) over 3 rows"),
    ("orders.csv", "What is the average number of pieces?", "4, the mean of Pieces over 4 rows"),
    ("orders.csv", "What is the mean of the pieces?", "4, the mean of Pieces over 4 rows"),
    ("orders.csv", "Which product has the highest amount?", "Kettle: Amount (EUR) 1,200.50"),
    ("bikes.csv", "Which bike is the cheapest?", "Finch Mini: Price (EUR) 1590"),
    ("bikes.csv", "Which bike is the heaviest?", "Heron Trek: Weight (kg) 25.6"),
    ("prices.csv", "What is the lowest Preis?", "Milch: Preis 1,05"),
    ("prices.csv", "What is the sum of Preis?", "11.80, the sum of Preis over 3 rows"),
    ("tickets.csv", "Which tickets are still open?", "1042, 1043"),
    ("tickets.csv", "How many tickets are open?", "2 rows: 1042, 1043"),
    ("tickets.csv", "Which tickets of Elin are closed?", "1041"),
    ("orders.csv", "Which city is the lamp in?", "Bonn"),
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
        tmp_path,
        settings,
        name,
        {"orders.csv": ORDERS, "bikes.csv": BIKES, "prices.csv": PRICES, "tickets.csv": TICKETS}[name],
        llm,
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


def test_of_several_tables_the_nearest_counts_and_the_note_says_so(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "tickets-2023.csv").write_text(TICKETS.replace("104", "99"), encoding="utf-8")
    build_index([tmp_path / "tickets-2023.csv"], settings=settings, embedder=HashingEmbedder())
    answer = open_assistant(tmp_path, settings, "tickets-2024.csv", TICKETS, ScriptedLLM()).ask(
        "Which tickets are open?"
    )
    assert [sentence.text for sentence in answer.reply] in (["1042, 1043"], ["992, 993"])
    assert answer.note
    assert answer.note.endswith("is counted; other documents have such a table too.")


@pytest.mark.parametrize(
    "question",
    [
        "Which tickets did Elin open?",  # "open" is no state
        "Which tickets are not open?",
        "Which tickets are urgent?",
        "Which tickets are there?",  # no cell
        "What is the total number of tickets?",  # its numbers name tickets
        "Which tickets come from Elin?",  # a verb may say another role
        "Who is closed?",
        "How many people are open?",
        "Which ticket is the state of Elin?",
        "List all of the tickets by us",
    ],
)
def test_rows_that_are_not_clearly_named_are_not_listed(tmp_path: Path, settings: Settings, question: str) -> None:
    answer = open_assistant(tmp_path, settings, "tickets.csv", TICKETS, ScriptedLLM(log_odds=-9.0)).ask(question)
    assert not answer.reply


@pytest.mark.parametrize("state", ["open - waiting", "not open"])
def test_rows_are_not_listed_if_another_cell_has_the_words_too(tmp_path: Path, settings: Settings, state: str) -> None:
    tickets = TICKETS.replace("waiting", state)
    answer = open_assistant(tmp_path, settings, "t.csv", tickets, ScriptedLLM(log_odds=-9.0)).ask(
        "Which tickets are open?"
    )
    assert not answer.reply


@pytest.mark.parametrize(
    ("cells", "total"),
    [
        (["5", "−2", "-1", "3"], "5"),
        (["$5.00", "$2.50", "$1.00"], "8.50 $"),
        (["1.200", "900", "10,50"], "2,110.50"),  # the comma says that the point is none
        (["1.250", "2.5", "3"], "6.750"),
        (["1,200", "900", "10"], "2,110"),
        (["5 km", "300 m", "2 km"], None),
        (["5 €", "3 $", "2 €"], None),
        (["1.200", "900", "100"], None),  # a thousand, or a little more than one
        (["5", "unknown", "3"], None),
        (["5.00 €", "2.50 €", "5.00 €"], "12.50 €"),
        (["1,250 kg", "0,500 kg", "2,125 kg"], "3.875 kg"),  # "0," is a decimal comma
        (["1,250 kg", "3,500 kg", "2,125 kg"], None),
        (["1,250,000", "3,500", "2,125"], "1,255,625"),
        (["1.200.000", "900", "10"], "1,200,910"),
        (["1234.567", "900", "10"], "2,144.567"),
        (["0.500", "2,50", "1"], None),
        (["10 20", "5", "3"], None),
        (["1 020", "5", "3"], "1,028"),
        (["1,20,5", "5", "3"], None),
        (["5", "(3)", "2"], None),
        (["~5", "3", "2"], None),
        (["01067", "10115", "20095"], None),
        (["1" * 30, "7" * 30, "3" * 30], None),  # codes, and more digits than `Decimal` has
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


def test_amounts_in_different_currencies_are_not_added(tmp_path: Path, settings: Settings) -> None:
    grants = "Project;Amount;Currency\nKelp;100;EUR\nOtter;50;EUR\nRadar;70;USD\n"
    assistant = open_assistant(tmp_path, settings, "a.csv", grants, ScriptedLLM(log_odds=-9.0))
    assert not assistant.ask("What is the total amount?").reply
    assert not assistant.ask("Which project has the highest amount?").reply
    (reply,) = assistant.ask("What is the total amount in EUR?").reply
    assert reply.text == "150, the sum of Amount over 2 rows"


INVOICES = "Invoice;Customer;Gross;Paid\nA-1;Acme;100;yes\nA-2;Bolt;50;no\nA-3;Acme;70;yes\n"
MEMBERS = (
    "Name;City;Fee;Since;Manager\nAda;Bonn;10;2019;Ida\nBen;Köln;20;2020;Uwe\nCy;Bonn;30;2021;Ida\nDee;Ulm;40;2022;\n"
)


LAMPS = "Lamp No;Goods;Pieces;Fat percent\n1;lamps;6;5\n2;chairs;4;7\n3;lamps;2;9\n"
CLASSES = "Class;Pupils;Teacher;Due\n5a;24;Max;2024-01-02\n5b;22;Ben;2024-02-03\n6a;26;Ida;2024-03-04\n"
CENSUS = "Town;Year;Population\nUlm;2019;120\nUlm;2020;130\nBonn;2019;30\nBonn;2020;35\n"
SPENT = "Category;Date;Amount\nFood;2024-01-03;2\nRent;2024-01-05;6\nFood;2024-02-07;1\n"
HOTELS = "Hotel;Fee;Price per night;Age\nAdler;5;90;40\nRitz;9;70;90\nPost;7;110;12\n"
PEOPLE = "Name;Height\nAnn;170\nBob;181\nEve;175\n"
RIVERS = "River;Length\nRhine;1233\nEms;371\nElbe;1094\n"
DOGS = "Owner;Dog;Age\nMax;Tom;41\nAnn;Rex;38\nEve;Bo;52\n"
TEAMS = "Name;Department;Manager\nEve;Sales;Max\nAnn;Stock;Bob\nUwe;IT;Ida\n"
RAILWAYS = "City;Lines\nBonn;4\nUlm;2\nKiel;1\n"
SHARES = "Region;Quarter;Sales;Agent\nNorth;Q1;100;Ann\nNorth;Q2;140;Bob\nSouth;Q1;80;Ann\nSouth;Q2;70;Bob\n"


@pytest.mark.parametrize(
    ("table", "question", "reply"),
    [
        (INVOICES, "What is the total gross of paid invoices?", "170, the sum of Gross over 2 rows"),
        (INVOICES, "Which invoices are paid?", "A-1, A-3"),
        (INVOICES, "How many invoices are paid in the list?", "2 rows: A-1, A-3"),
        (INVOICES, "Which invoices are not paid?", None),
        (INVOICES, "Which invoices are unpaid?", None),
        (INVOICES, "Which invoices of Bolt are paid?", None),
        (INVOICES, "Which invoice has the most gross?", "A-1: Gross 100"),
        (INVOICES, "Which invoice has at most gross 70?", None),
        (INVOICES, "Which invoice has the fewest gross?", "A-2: Gross 50"),
        (INVOICES, "Which customer has the most gross?", None),
        (INVOICES, "What is the paid gross of Bolt?", None),
        (INVOICES, "What is Bolt?", None),
        # The salary "of Uwe" may be that of the person he manages.
        (INVOICES, "What is the gross of Bolt?", None),
        (INVOICES, "What is the gross of A-2?", "50"),
        (MEMBERS, "What is the fee of Uwe?", None),
        (MEMBERS, "What is the fee of Ben?", "20"),
        # A column that is asked for has to name the rows.
        (MEMBERS, "What is the total fee of managers?", None),
        (SHARES, "What is the average sales of the regions?", None),
        (CLASSES, "What is the total number of pupils due?", None),
        # "No" is a part of a label, and a negation.
        (LAMPS, "Which lamp numbers are no chairs?", None),
        (LAMPS, "What is the lamp no of chairs?", "2"),
        # A number of things is not one of them, nor the number of their rows.
        (LAMPS, "How many lamps are there?", None),
        (LAMPS, "What are the pieces of 2 lamps?", None),
        (LAMPS, "What are the pieces of lamp 2?", None),
        (CLASSES, "Which pupils are in class 5a?", None),
        (LAMPS, "What is the total fat percent?", None),
        # The longest name counts, and a word is used once.
        (CLASSES, "What is the max number of pupils?", "6a: Pupils 26"),
        (SHARES, "Which regions have Ann as the agent in Q1?", None),
        (SHARES, "Which quarter has the highest sales with Ann as the agent?", None),
        (SHARES, "What are the total sales of agent Ann?", "180, the sum of Sales over 2 rows"),
        (SHARES, "What are the total sales of agents Ann and Bob?", None),
        (INVOICES, "What is the total gross?", "220, the sum of Gross over 3 rows"),
        (MEMBERS, "What is the number of members in Bonn?", "2 rows: Ada, Cy"),
        (MEMBERS, "Which managers are in Bonn?", None),
        (MEMBERS, "What is the total fee since 2020?", None),
        (MEMBERS, "Which manager has the highest fee?", None),
        (MEMBERS, "Which city has the lowest fee?", None),
        (MEMBERS, "Who has the highest fee?", "Dee: Fee 40"),
        (CLASSES, "Who has the most pupils?", None),
        (MEMBERS, "Who has the total fee?", None),
        # A year is not that of a start, nor are the values of several times a sum.
        (MEMBERS, "What was the total fee in 2020?", None),
        (MEMBERS, "How many members were there in 2020?", None),
        (MEMBERS, "What is the fee of members since 2020?", None),
        (CENSUS, "What is the total population?", None),
        (CENSUS, "What is the total population of Ulm?", None),
        (CENSUS, "What is the total population in 2020?", "165, the sum of Population over 2 rows"),
        (SPENT, "What is the total amount?", "9, the sum of Amount over 3 rows"),
        (CENSUS, "What is the average population of Ulm?", "125, the mean of Population over 2 rows"),
        (CENSUS, "Which town has the highest population?", None),
        (CENSUS, "Which town has the highest population in 2020?", "Ulm: Population 130"),
        # "Cheapest" compares prices, and neither fees nor parts of them.
        (HOTELS, "Which hotel is the cheapest?", None),
        (HOTELS, "Which hotel has the lowest price per night?", "Ritz: Price per night 70"),
        (HOTELS, "Which is the oldest hotel?", "Ritz: Age 90"),
        (HOTELS, "Which is the longest hotel?", None),
        # Both compare lengths or heights.
        (PEOPLE, "Who is the shortest?", "Ann: Height 170"),
        (RIVERS, "Which river is the shortest?", "Ems: Length 371"),
        # Cells beside the first column say nothing about the row that is meant.
        (DOGS, "What is the age of Tom?", None),
        (DOGS, "What is the age of Max?", "41"),
        (TEAMS, "Which department is Max in?", None),
        (TEAMS, "Which department is Eve in?", "Sales"),
        # "Lines" and "records" are rows unless a label says so.
        (RAILWAYS, "How many lines does Bonn have?", None),
        (RAILWAYS, "Which city has the most lines?", "Bonn: Lines 4"),
        (INVOICES, "How many lines are there?", "3 rows"),
    ],
)
def test_the_reading_of_a_question_is_not_a_guess(
    tmp_path: Path, settings: Settings, table: str, question: str, reply: str | None
) -> None:
    answer = open_assistant(tmp_path, settings, "members.csv", table, ScriptedLLM(log_odds=-9.0)).ask(question)
    assert [sentence.text for sentence in answer.reply] == ([reply] if reply else [])


TEA = "Item,Price,Stock\nTea,3,1\nMilk,tbd,20\nJam,5,30\n"
RENT = "Year;Rent\n2021;500\n2022;550\n2023;600\n"
SHOP = "Item;Price\nTea;3.50\nMilk;2.00\nJam;4.00\n"
CITIES = "City;Amount\nBerlin;10\nRome;20\nParis;100\n"
WEATHER = "City;Month;Temperature\nRome;May;20\nRome;June;24\nParis;May;15\nParis;June;18\n"
MONTHS = "Month;Net;Total\nMay;5;6\nJune;7;9\nJuly;1;2\n"
SCORES = "Team;Points\nA;3\nB;5\nC;7\n"
PAY = "Name;Pay\nAnn;10\nBob;20\nEve;30\n"
TEAS = "Product;Amount\nGreen tea;4\nBlack tea;2\nTea;3\nCocoa;9\n"
PHONES = "Name;Zip\nAnn;10115\nBob;20095\nEve;80331\n"
MANY = "Item;Price\nTea;2\n" + "".join(f"{name};5\n" for name in ("Jam", "Egg", "Ham", "Oil", "Rye", "Fig"))
TRADES = "Buyer;Seller;Amount\nMax;Ann;1\nAnn;Max;2\nBob;Eve;4\n"
DOORS = "Door;Way;Lock;City;Height\nNorth;in;yes;Rome;2.5\nSouth;in;no;Bonn;2.1\nWest;out;yes;Rome;2.2\n"
STAFF = "Person;Job;Manager\nAnn;clerk;Eve\nBob;account manager;Ann\nEve;head;Max\n"
CASES = [
    # The column that is named cannot be computed, or none is named.
    (TEA, "What is the average price?", None),
    (TEA, "Which item is the most expensive?", None),
    (TEA, "What is the total?", None),
    (TEA, "What is the total stock?", "51, the sum of Stock over 3 rows"),
    (TEA, "What is the total price and stock?", None),
    ("Item;Price;Stock\nTea;3 €;1\nMilk;4 $;20\nJam;5 €;30\n", "What is the average price?", None),
    ("Item;Income;Income\nTea;1;2\nMilk;3;4\nJam;5;6\n", "What is the total income?", None),
    (PHONES, "What is the total?", None),
    ("Name;Zip;Amount\nAnn;10115;4\nBob;20095;2\nEve;80331;3\n", "What is the total zip?", None),
    # A time that no row has, and a range.
    (RENT, "What is the total rent?", "1,650, the sum of Rent"),
    (RENT, "What is the total rent in 2022?", "550, the sum of Rent"),
    (RENT, "What is the total rent in 2019?", None),
    (RENT, "What is the total rent in May?", None),
    (RENT, "What is the total rent from 2021 to 2023?", None),
    (RENT, "What is the total rent in 2021-2023?", None),
    (RENT, "What is the highest rent in 2019?", None),
    # The amounts of things are not their number, and a column that is named is not another one.
    (CITIES, "What is the total?", None),
    (CITIES, "What is the total amount?", "130, the sum of Amount"),
    (CITIES, "What is the total number in a.csv?", None),
    (CITIES, "How many are there in total?", None),
    (CITIES, "What is the total of the cities?", None),
    (RENT, "What is the average year?", None),
    # A cell of common words alone has no name, and makes these words unclear.
    (DOORS, "Which doors have the way in?", None),
    (DOORS, "Which doors have no lock?", None),
    (DOORS, "Which doors are in Rome?", None),
    (DOORS, "What is the way in Rome?", None),
    (DOORS, "Which doors of Rome are in?", None),
    (DOORS, "What is the height of doors in Rome?", None),
    # A word of a cell may be another label; the longest name counts.
    (STAFF, "Who is the manager of Ann?", None),
    (STAFF, "What is the manager of Ann?", None),
    (STAFF, "What is the manager of Bob?", "Ann"),
    (STAFF, "Which person is account manager?", "Bob"),
    # Two operations.
    (WEATHER, "Which city has the highest average temperature?", None),
    (WEATHER, "What is the average temperature in Rome?", "22, the mean of Temperature over 2 rows"),
    (WEATHER, "Which city has the highest temperature?", None),
    (WEATHER, "Which city has the highest temperature in May?", "Rome: Temperature 20"),
    (MONTHS, "Which month has the lowest total?", "July: Total 2"),
    (WEATHER, "Which month has the lowest total?", None),
    (f"{MONTHS}Total;13;17\n", "Which month has the highest total?", "June: Total 9"),
    (SCORES, "How many total points does team A have?", "3, the sum of Points over 1 row"),
    (SCORES, "How many total points does A have?", "3, the sum of Points over 1 row"),
    (SCORES, "How many total points does D have?", None),
    (SCORES, "What is the highest and the lowest points value?", None),
    (CITIES, "What is the highest and lowest amount?", None),
    # Yes or no, and other measures.
    (SHOP, "Is tea the cheapest item?", None),
    (SHOP, "Which item is the cheapest?", "Milk: Price 2.00"),
    (MANY, "Which item is the most expensive?", "Jam, Egg, Ham, Oil, Rye, Fig: Price 5"),
    (SHOP, "Can you compute the average price?", "3.17, the mean of Price"),
    (SHOP, "Which item is the heaviest?", None),
    (SHOP, "Cheapest tea", "Tea: Price"),
    (SHOP, "Which item is the largest?", None),
    (PAY, "What is the pay of Max?", None),
    (PAY, "What is the max pay?", "Eve: Pay 30"),
    (PAY, "What is the total pay of Max?", None),
    # Words and signs that restrict the rows.
    *[
        (CITIES, question, None)
        for question in (
            "What is the total amount not from Berlin?",
            "What is the total amount except Berlin?",
            "What is the total amount without Berlin?",
            "How many rows over 100 are there?",
            "How many rows are over 100?",
            "What is the total of all amounts over 100?",
            "What is the total of all amounts > 10?",
            "What is the total amount below 20?",
            "What is the total of amounts between 10 and 20?",
            "What is the total amount before Rome?",
            "What is the average amount per city?",
            "What is the total amount for each city?",
            "How many cities have the highest amount?",
            "Which city has the total amount?",
        )
    ],
    (CITIES, "What is the total amount for Berlin?", "10, the sum of Amount over 1 row"),
    ("Item;Rent;Tax\nRent;5;1\nFood;4;7\nFuel;8;3\n", "What is the total rent?", None),
    # A word of a cell is not the cell.
    (TEAS, "What is the total amount of green tea?", "4, the sum of Amount over 1 row"),
    (TEAS, "What is the total amount of black?", None),
    (TRADES, "What is the total amount of Max?", None),
    # Totals, and parts of a table.
    *[
        (f"Item;Net\nTea;5\nMilk;4\nJam;3\n{last};12\n", "What is the sum of net?", "12, the sum of Net over 3 rows")
        for last in ("Total net", "Gesamt", "", "Sum for May")
    ],
    ("Item;Net\nTea;5\nTotal net;5\nMilk;4\nJam;3\n", "What is the sum of net?", None),
    ("Item;Net\nTea;5\nMilk;4\nJam;3\n\nHere is more\nEgg;2\nHam;2\n", "What is the sum of net?", "16, the sum of Net"),
    ("Item;Net\nTea;5\nMilk;4\nJam;3\n\nHere is more\nEgg;2\nHam;2\n", "How many rows are there?", None),
    (TEAS, "How many rows are there?", "4 rows"),
]


@pytest.mark.parametrize(("text", "question", "reply"), CASES, ids=[question for _, question, _ in CASES])
def test_only_a_question_that_is_understood_whole_is_computed(
    tmp_path: Path, settings: Settings, text: str, question: str, reply: str | None
) -> None:
    text = text.replace(";", ",")
    answer = open_assistant(tmp_path, settings, "a.csv", text, ScriptedLLM(log_odds=-9.0)).ask(question)
    found = " ".join(sentence.text for sentence in answer.reply)
    assert found.startswith(reply) if reply else not found


SCORES_AB = "Name;Score A;Score B\nAnn;1;30\nBob;2;40\nEve;3;50\n"
PLANS = "Name;Price;Price change (%)\nAnn;10;5\nBob;15;7\nEve;40;4\n"
PEOPLE = "City;Population (2021);Population (2022)\nRome;10;1\nParis;20;5\nBonn;45;9\n"
PAID = "Item;Amount paid;Amount not paid\nTea;10;7\nJam;20;8\nOil;45;3\n"
YEARS = "Year;Rent\n2021;500\n2021;550\n2022;600\n"


def make_rows(*names: str) -> str:
    """Return a table with a row for each name, with costs that do not add up."""
    rows = [f"{name};{cost}\n" for name, cost in zip(names, (10, 20, 45, 90), strict=False)]
    return "".join(["Item;Cost\n", *rows])


UNDERSTOOD_WHOLE = [
    # "A" may be a word.
    (SCORES_AB, "What is the total score A?", "6, the sum of Score A"),
    (SCORES_AB, "What is the total score B?", "120, the sum of Score B"),
    (SCORES_AB, "What is the total score?", None),
    ("Name;Score A;Score\nAnn;1;30\nBob;2;40\nEve;3;50\n", "What is the total score A?", "6, the sum of Score A"),
    ("Name;Score A\nAnn;4;\nBob;2\nEve;9\n", "What is the total of a score?", None),
    (make_rows("Team A", "Team B", "Team C"), "What is the total cost of a team?", None),
    (make_rows("Team A", "Team B", "Team C"), "What is the total cost of Team A?", "10, the sum of Cost over 1 row"),
    # A cell is named by its words and not by their beginnings.
    *[
        (make_rows(one, other, "Else"), f"What is the total cost of {other}?", "20, the sum of Cost over 1 row")
        for one, other in (
            ("Product", "Production"),
            ("Markets", "Marketing"),
            ("Transport", "Transportation"),
            ("Contract", "Contractor"),
            ("Northampton", "Northallerton"),
        )
    ],
    (make_rows("Internal fair", "International fair", "Else"), "What is the total cost of the internet fair?", None),
    (make_rows("Market", "Markets", "Else"), "What is the total cost of the market?", None),
    (make_rows("C", "C#", "C++"), "What is the total cost of C#?", None),
    ("Item;Costume;Coast\nTea;10;1\nJam;20;2\nOil;45;9\n", "What is the total costumes?", "75, the sum of Costume"),
    ("Item;Production;Stock\nTea;10;1\nJam;20;2\nOil;45;9\n", "What is the total product?", None),
    # A part of a label is not the label; ratios are not added, and the highest rank is the lowest number.
    ("Model;Weight limit (kg)\nA1;10\nB2;20\nC3;45\n", "Which model is the heaviest?", None),
    ("Model;Weight (max. kg)\nA1;10\nB2;20\nC3;45\n", "Which model is the heaviest?", None),
    ("Model;Weight limit (kg)\nA1;10\nB2;20\nC3;45\n", "Which model has the highest weight limit?", "C3: Weight limit"),
    ("Item;Shipping cost\nTea;10\nJam;20\nOil;45\n", "Which is the cheapest item?", None),
    ("Item;Price (EUR/kg)\nTea;10\nJam;20\nOil;45\n", "What is the total price?", None),
    ("Item;Price (per kg)\nTea;10\nJam;20\nOil;45\n", "Which item is the cheapest?", None),
    ("Item;Price ($)\nTea;10\nJam;20\nOil;45\n", "What is the total price in €?", None),
    ("Item;Price ($)\nTea;10\nJam;20\nOil;45\n", "What is the total price in $?", "75, the sum of Price ($)"),
    ("Item;Price\nTea;10 €\nJam;20 €\nOil;45 €\n", "What is the total price in €?", "75 €, the sum of Price"),
    ("Item;Price in EUR\nTea;10\nJam;20\nOil;45\n", "What is the total price?", "75, the sum of Price in EUR"),
    ("Item;Price change (%)\nTea;10\nJam;20\nOil;45\n", "What is the average price?", None),
    (PLANS, "What is the total price change?", None),
    (PLANS, "What is the total price?", "65, the sum of Price over 3 rows"),
    ("Item;Price;Weekly change\nTea;10;5\nJam;20;7\nOil;45;4\n", "What is the total price change?", None),
    ("Item;Unit price\nTea;10\nJam;20\nOil;45\n", "What is the total price?", None),
    ("Item;Unit price\nTea;10\nJam;20\nOil;45\n", "What is the total unit price?", None),
    ("Item;Units\nTea;10\nJam;20\nOil;45\n", "What are the total units?", "75, the sum of Units"),
    ("Item;Discount\nTea;10 %\nJam;20 %\nOil;45 %\n", "What is the total discount?", None),
    (PEOPLE, "What is the total population?", None),
    (PEOPLE, "What is the total population in 2022?", "15, the sum of Population (2022)"),
    (PAID, "What is the total amount paid?", "75, the sum of Amount paid"),
    (PAID, "What is the total amount not paid?", "18, the sum of Amount not paid"),
    (PAID, "What is the total amount?", None),
    ("Customer name;Net\nAnn;10\nBob;25\nEve;40\n", "Which customer has the highest net?", "Eve: Net 40"),
    ("Item;Sales;Number of sales\nTea;10;1\nJam;20;4\nOil;45;9\n", "What are the total sales?", None),
    ("Item;Number of sales\nTea;10\nJam;20\nOil;45\n", "What are the total sales?", "75, the sum of Number of sales"),
    ("Team;Rank\nReds;2\nBlues;1\nGreens;3\n", "Which team has the highest rank?", None),
    # A year counts only if rows have it; the file is rents-2023.csv.
    (YEARS, "What is the total rent in 2023?", None),
    (YEARS, "What is the total rent in 2021?", "1,050, the sum of Rent over 2 rows"),
    # The things of a table are not its amounts.
    *[
        (SHOP, question, None)
        for question in (
            "What is the total number of columns?",
            "How much is a document in total?",
            "How many rows have a price in total?",
            "What are the total rows?",
        )
    ],
    (SHOP, "What is the total number of rows?", "3 rows"),
    (SHOP, "What is the total of all rows?", None),
    (SHOP, "What is the total price of all rows?", "9.50, the sum of Price"),
    (SHOP, "What is the sum of the price in the table?", "9.50, the sum of Price"),
    (SHOP, "What is the sum of the price column?", "9.50, the sum of Price"),
    # A last row that adds up is a total, whatever its name; few digits may add up by chance.
    *[
        (f"Item;Net\nTea;5\nMilk;4\nJam;3\n{last};12\n", "What is the sum of net?", "12, the sum of Net over 3 rows")
        for last in ("Overall", "All", "Altogether", "Net total", "In total", "Combined", "Tot.", "Σ", "All items")
    ],
    ("Item;Net\nTea;51\nMilk;51\nJam;51\nResult;153\n", "What is the sum of net?", None),
    ("Item;Net\nTea;5\nMilk;4\nJam;3\n;7\n", "What is the sum of net?", None),
    ("Item;Net\nTea;5\nMilk;4\nJam;3\nAll;7\n", "What is the sum of net?", "19, the sum of Net over 4 rows"),
    ("Item;Net\nTea;5.10\nMilk;4.30\nJam;3.20\nResult;12.60\n", "What is the sum of net?", None),
    ("Item;Net\nTea;5.10\nMilk;4.35\nJam;3.20\nResult;4.22\n", "Which item has the highest net?", None),
    ("Item;Net;Tax\nTea;15;2\nMilk;4;1\nJam;3;1\nResult;22;4\n", "How many rows are there?", None),
    ("Item;Net;Tax\nTea;15;2\nMilk;4;1\nJam;3;1\nEgg;22;5\n", "How many rows are there?", "4 rows"),
    ("Year;Rent\n2021;500\n2022;600\n2023;550\n", "What is the total rent?", "1,650, the sum of Rent"),
    ("Item;Tax\nTea;19.5\nMilk;19.5\nJam;19.5\n", "What is the average tax?", "19.50, the mean of Tax"),
]


@pytest.mark.parametrize(
    ("text", "question", "reply"), UNDERSTOOD_WHOLE, ids=[question for _, question, _ in UNDERSTOOD_WHOLE]
)
def test_words_labels_cells_and_totals_are_understood_whole(
    tmp_path: Path, settings: Settings, text: str, question: str, reply: str | None
) -> None:
    assistant = open_assistant(tmp_path, settings, "rents-2023.csv", text, ScriptedLLM(log_odds=-9.0))
    found = " ".join(sentence.text for sentence in assistant.ask(question).reply)
    assert found.startswith(reply) if reply else not found


def test_the_parts_of_a_table_are_not_added_alone(tmp_path: Path, settings: Settings) -> None:
    rows = "| Tea | 5 |\n| Milk | 4 |\n| Jam | 3 |\n"
    header = "| Item | Net |\n| --- | --- |\n"
    text = f"# List\n\n{header}{rows}\nThe list goes on.\n\n{header}{rows}"
    answer = open_assistant(tmp_path, settings, "a.md", text, ScriptedLLM(log_odds=-9.0)).ask("What is the sum of net?")
    assert not answer.reply


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


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        (["Note", "Price"], ["see; Price: 9", "3"], [("Note", "see;Price: 9"), ("Price", "3")]),
        (["Time: UTC", "Net; tax"], ["a; 9: 30", "4"], [("Time:UTC", "a;9: 30"), ("Net;tax", "4")]),
        (["Time", "Price"], ["9: 30; 10", "3"], [("Time", "9: 30; 10"), ("Price", "3")]),
        (["", "P200"], ["Pressure (bar)", "4.2"], [("", "Pressure (bar)"), ("P200", "4.2")]),
        (["", ""], ["Pressure (bar)", "4.2"], []),
    ],
)
def test_the_cells_that_are_written_are_read_back(
    header: list[str], cells: list[str], expected: list[tuple[str, str]]
) -> None:
    assert split_row(format_row(header, cells)) == expected


def test_an_unlabelled_row_of_totals_is_not_added(tmp_path: Path, settings: Settings) -> None:
    text = ",Net,Unit\nTea,5,kg\nMilk,4,kg\nJam,3,kg\nTotal,12,\n"
    assistant = open_assistant(tmp_path, settings, "a.csv", text, ScriptedLLM(log_odds=-9.0))
    answer = assistant.ask("What is the sum of net?")
    assert answer.reply[0].text == "12, the sum of Net over 3 rows"


def test_the_time_grows_with_the_rows_and_not_with_their_square(tmp_path: Path, settings: Settings) -> None:
    rows = "".join(f"Thing {number},{number}\n" for number in range(6000))
    assistant = open_assistant(tmp_path, settings, "things.csv", f"Item,Amount\n{rows}", ScriptedLLM())
    started = time.process_time()
    answer = assistant.ask("What is the sum of the amount?")
    assert answer.reply[0].text == "17,997,000, the sum of Amount over 6,000 rows"
    assert time.process_time() - started < 3


def test_names_of_the_same_words_take_no_quadratic_time(tmp_path: Path, settings: Settings) -> None:
    names = islice(permutations(["oak", "elm", "ash", "fir", "yew", "box", "bay"]), 4000)
    rows = "".join(f"{' '.join(name)},{number}\n" for number, name in enumerate(names))
    llm = ScriptedLLM(log_odds=-9.0)
    assistant = open_assistant(tmp_path, settings, "trees.csv", f"Item,Amount\n{rows}", llm)
    started = time.process_time()
    answer = assistant.ask("What is the total amount of oak elm ash fir yew box bay?")
    assert not answer.reply
    assert time.process_time() - started < 3
