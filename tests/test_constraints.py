"""A question about one year, code or number is not answered with that of another."""

from dataclasses import replace

import pytest

from rag import Answer, Assistant, Hit, Index, Settings
from rag.answer.quote.cite import Quotes
from rag.answer.quote.constraints import find_unmet, hold_to_question
from rag.answer.understand.query import Query
from rag.formatting import format_answer
from tests.fakes import ScriptedLLM
from tests.test_answer import make_hit

UNMET = [
    ("Who won the cup in 2019?", "Ada won the cup in 2021.", "2019", ("2021",)),
    ("What does E4 mean?", "E3: the coil is wet. E5: the fan is blocked.", "E4", ("E3", "E5")),
    ("When is the launch of Tern-3?", "Tern-2 starts in May.", "Tern-3", ("Tern-2",)),
    ("what does clause 12 say", "Clause 11 is about pets.", "clause 12", ("Clause 11",)),
    ("Who has room 7 for over 3 days?", "Ada has room 8 for over 3 days.", "room 7", ("room 8",)),
    ("What is the revenue from 2019?", "The revenue from 2021 was small.", "2019", ("2021",)),
    ("What do they say about 2018?", "Ada spoke about 2021.", "2018", ("2021",)),
    ("Who was king in 1066?", "Ada was queen in 1087.", "1066", ("1087",)),
    ("Who won the cup of 1599?", "Ada won the cup of 1601.", "1599", ("1601",)),
]
MET = [
    ("Which rent of 1200 is due?", "Since 2020 the rent is 1,200."),
    ("Which rent of 1250 is due?", "Since 2020 the rent is low."),
    ("Which rent of 1600 is due?", "Since 2020 the rent is 1,600."),
    ("Which rent of 1600 is due?", "Since 2020 the rent is 1.600."),
    ("Which rent of €1600 is due?", "Since 2020 the rent is low."),
    ("Which rent of 1600 euros is due?", "Since 2020 the rent is low."),
    ("What does clause 12 say?", "Clause twelve is as clause 11."),
    ("Who has 5 children?", "She has 3."),
    ("Who can lift 90 kg and 50 kg?", "She can lift 90 kg and 40 kg."),
    ("Who won the cup in 2019?", "Ada won the cup in 2019, and Bo in 2021."),
    ("Who won the cup in 2019?", "Ada won the cup."),
    ("What does E-4 mean?", "E4: the coil is wet. E5: the fan is blocked."),
    ("what does clause 12 say", "12. Pets. As in clause 11, no dogs."),
    ("Who has 20 ships?", "The firm of 1950 has 20 ships."),
    ("Who won the cup?", "Ada won the cup in 2021."),
    ("Who paid over 100 euros?", "Ada, who is over 90 years old, paid it."),
    ("Who paid about 50 euros?", "Ada paid about 30 euros."),
    ("Who pays within 14 days?", "Ada pays within 30 days."),
    ("Who paid more than 100?", "Ada has more than 20 ships."),
    ("Who won after 1999?", "Ada won in 2001."),
    ("Who won between 2001 and 2003?", "Ada won in 2002."),
    ("Who won from 2001 to 2003?", "Ada won in 2002."),
]


@pytest.mark.parametrize(("question", "text", "wanted", "others"), UNMET, ids=[wanted for _, _, wanted, _ in UNMET])
def test_what_the_texts_have_of_another_year_code_or_number_is_named(
    question: str, text: str, wanted: str, others: tuple[str, ...]
) -> None:
    assert find_unmet(question, [text]) == (wanted, others)


@pytest.mark.parametrize(("question", "text"), MET, ids=[text for _, text in MET])
def test_what_the_texts_have_or_have_nothing_like_is_no_objection(question: str, text: str) -> None:
    assert find_unmet(question, [text]) is None


def ask(index: Index, settings: Settings, question: str, hit: Hit) -> Answer:
    llm = ScriptedLLM(hit.chunk.text, reply="Ada")
    return Assistant(index, llm, settings).ask(question, hits=(hit,))


def test_the_neighbour_of_what_was_asked_is_told_as_no_answer(index: Index, settings: Settings) -> None:
    hit = make_hit(1, "Ada won the cup in 2021.")
    hit = replace(hit, chunk=replace(hit.chunk, date="2021-05-01"))
    answer = ask(index, settings, "Who won the cup in 2019?", hit)
    assert (answer.outcome, answer.citations, answer.reply) == ("not_found", (), ())
    assert "The passages found speak of 2021, not of 2019." in format_answer(answer)
    assert ask(index, settings, "Who won the cup in 2021?", hit).outcome == "answered"


def test_the_date_of_the_document_counts(index: Index, settings: Settings) -> None:
    hit = make_hit(1, "Ada won the cup, as in 2009.")  # its date is of 2012
    assert ask(index, settings, "Who won the cup in 2012?", hit).outcome == "answered"


def test_a_question_for_yes_or_no_is_let_through(index: Index, settings: Settings) -> None:
    hit = make_hit(1, "Ada won the cup in 2021.")
    assert ask(index, settings, "Did Ada win the cup in 2019?", hit).outcome == "answered"


def test_a_refusal_stays_as_it_is() -> None:
    refusal = Quotes(())
    assert hold_to_question(refusal, Query("When in 2019?")) == refusal


def test_a_row_of_a_table_is_held_to_the_question_by_itself(index: Index, settings: Settings) -> None:
    rows = "Power (W); P100: 450; P200: 750\nPressure (bar); P200: 4.2; P300: 5.1"
    for question, outcome in (("What is the pressure of the P100?", "not_found"), ("the P200?", "answered")):
        llm = ScriptedLLM("Pressure (bar); P200: 4.2; P300: 5.1", log_odds=9.0, reply="4.2")
        answer = Assistant(index, llm, settings).ask(question, hits=(make_hit(1, rows),))
        assert answer.outcome == outcome
