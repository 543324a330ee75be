"""A question about one year, code or number is not answered with that of another."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rag import Answer, Assistant, Hit, Index, Settings
from rag.answer.quote.answer_type import find_missing_type
from rag.answer.quote.cite import HitSpan, Quotes, cite_spans
from rag.answer.quote.constraints import find_unmet, hold_to_question
from rag.answer.quote.opposites import asks_for_exception, find_opposite
from rag.answer.understand.query import Query
from rag.formatting import format_answer
from rag.text import list_sentences
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
    ("Who led the choir in 1990?", "From 1968 to 1981 Ada led the choir.", "1990", ("1968", "1981")),
    ("Who won the cup of 1599?", "Ada won the cup of 1601.", "1599", ("1601",)),
    ("What does Newton's third law say?", "Newton's second law is about mass.", "3rd law", ("2nd law",)),
    ("Which visa do Indian citizens need?", "Chinese citizens need a visa.", "Indian citizens", ("Chinese citizens",)),
    ("Who ruled in the 18th century?", "Bo ruled from the nineteenth century on.", "18th century", ("19th century",)),
    ("What is the third album called?", "The fourth album is due on 3 May.", "3rd album", ("4th album",)),
    ("When was Leon Berg born?", "The singer Anna Berg was born in May.", "Leon Berg", ("Anna Berg",)),
    ("Who rules the South Sea?", "Ada rules it. North Sea ports are hers.", "South Sea", ("North Sea",)),
    ("What does the ferry to Harlow cost?", "Marlow: the ferry to Marlow costs 5 euros.", "Harlow", ("Marlow",)),
    ("Who served as an African envoy?", "An American envoy was here.", "African envoy", ("American envoy",)),
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
    ("What did the Second World War end?", "World War II ended more than the First World War."),
    ("When was the 22nd amendment made?", "The twenty-second amendment was made in May, the 22nd in June."),
    ("Who came third?", "Ada was second."),
    ("Which visa do Spanish citizens need?", "In Spain, French citizens need none."),
    ("Which visa do French citizens need?", "In France, Spanish citizens need none."),
    ("When did the First World War begin?", "World War I began in 1914, the Second World War in 1939."),
    ("Which polish cloth is soft?", "The Danish cloth is soft."),
    ("Who won from 2001 to 2003?", "Ada won in 2002."),
    ("Who led the choir in 1975?", "From 1968 to 1981 Ada led the choir."),
    ("What fell on 3rd May?", "Snow fell on May 3, and rain on the 4th May."),
    ("What does President Berg say?", "Anna Berg says no."),
    ("Who was the mother of Ögedei Khan?", "Ogedei Khan was a son of Genghis Khan."),
    ("Who was the mother of Margret Berg?", "Margaret Berg was a sister of Anna Berg."),
    ("Who signed the Highway Designated Act?", "Ada signed the Designation Act."),
]


@pytest.mark.parametrize(("question", "text", "wanted", "others"), UNMET, ids=[wanted for _, _, wanted, _ in UNMET])
def test_what_the_texts_have_of_another_year_code_or_number_is_named(
    question: str, text: str, wanted: str, others: tuple[str, ...]
) -> None:
    assert find_unmet(question, [text]) == (wanted, others)


@pytest.mark.parametrize(("question", "text"), MET, ids=[text for _, text in MET])
def test_what_the_texts_have_or_have_nothing_like_is_no_objection(question: str, text: str) -> None:
    assert find_unmet(question, [text]) is None


OPPOSITES = [
    ("What is the lowest fee?", "The highest fee is 90 euros.", "lowest", "highest"),
    ("Who is the youngest of them?", "The oldest is Ada.", "youngest", "oldest"),
    (
        "Which drugs are unsuitable for children?",
        "Drugs that are suitable for children: A, B.",
        "unsuitable",
        "suitable",
    ),
    ("When is the pump deactivated?", "Its activation takes place at 9.", "deactivated", "activation"),
    (
        "What must I do after the exam?",
        "Before the exam, switch off your telephone.",
        "after the exam",
        "Before the exam",
    ),
    ("Who is an official speaker?", "Ada is their unofficial speaker.", "official", "unofficial"),
]
NOT_OPPOSITES = [
    ("What is the lowest fee?", "The highest fee is 90 euros, the lowest 3."),
    ("Which is larger, the old or the smaller one?", "The old one is larger."),
    ("Where is smoking forbidden?", "Smoking is not allowed in the hall."),
    ("Who was unable to come?", "Ada could not come, though she was able to call."),
    ("What was discovered?", "Snow covered a well."),
    ("How old is the new bridge?", "The bridge is 9 years old."),
    ("Who sold the house?", "Ada bought it from Bo."),
    ("How long is the shop open?", "It closes at 6 pm."),
    ("Who won?", "Bonn lost to Essen."),
    ("What is the maximum size?", "At most 10 MB are sent; the minimum is 1 MB."),
    ("What must I do after the exam?", "Before the meal, switch off your telephone."),
]


@pytest.mark.parametrize(
    ("question", "quote", "wanted", "other"), OPPOSITES, ids=[wanted for _, _, wanted, _ in OPPOSITES]
)
def test_the_opposite_of_what_is_asked_is_named(question: str, quote: str, wanted: str, other: str) -> None:
    assert find_opposite(question, [quote], [f"Article: {quote}"]) == (wanted, (other,))
    assert find_opposite(question, [quote], [f"{quote} Another one is {wanted}."]) is None


@pytest.mark.parametrize(("question", "quote"), NOT_OPPOSITES, ids=[quote for _, quote in NOT_OPPOSITES])
def test_other_words_are_no_opposites(question: str, quote: str) -> None:
    assert find_opposite(question, [quote], [quote]) is None


@pytest.mark.parametrize(
    ("question", "quote", "asks"),
    [
        ("What does the insurance not cover?", "The insurance covers fire, theft and storms.", True),
        ("Which rooms can guests never enter?", "Guests can enter the hall and the garden.", True),
        ("What doesn't the fee include?", "The fee includes water and heating for all.", True),
        ("What does the insurance not cover?", "The insurance covers no damage by war.", False),
        ("What does the insurance not cover?", "Damage by war is excluded from the insurance.", False),
        ("What is not covered?", "War and floods.", False),
        ("What does the insurance not cover?", "Damage by floods is at your own cost in every case.", False),
        ("Who did not come?", "Ann came; Ben was ill and stayed at home.", False),
        ("What happens if the pump does not start?", "The lamp turns red and a bell rings.", False),
        ("Who asked about fire and not about theft?", "Ada asked about the fire in the hall.", False),
        ("What did she cost, taxes not counted?", "The ship cost nine million euros in all.", False),
    ],
)
def test_what_is_so_is_no_answer_to_what_is_not(question: str, quote: str, asks: bool) -> None:
    assert asks_for_exception(question, [quote]) == asks


@pytest.mark.parametrize(
    ("question", "quote", "missing"),
    [
        ("When must the van be returned?", "The van is returned with a full tank.", "time"),
        ("In which year did she marry?", "She married Bo.", "time"),
        ("How many rooms are there?", "The rooms are bright.", "number"),
        ("How much does it cost?", "It has to be paid in cash.", "amount"),
        ("When must the van be returned?", "The van is returned before noon.", None),
        ("When is the gate locked?", "The gate is locked if it rains.", None),
        ("When it rains, what is locked?", "The gate is locked.", None),
        ("How many rooms are there?", "Both rooms are bright.", None),
        ("How much does it cost?", "It is free.", None),
        ("How many of them came?", "Nobody came.", None),
        ("How many voted against it?", "It was carried unanimously.", None),
        ("Who came?", "Ada came.", None),
        ("When must I pay?", "You pay on receipt of the invoice.", None),
        ("How much salt is in it?", "Add a pinch of salt.", None),
        ("When is the concert?", "Das Konzert findet am Montag statt und ist nicht teuer.", None),
    ],
)
def test_the_quotes_have_a_number_or_a_time_if_the_question_asks_for_one(
    question: str, quote: str, missing: str | None
) -> None:
    assert find_missing_type(question, ["Yes.", quote]) == missing


def test_a_question_for_the_opposite_is_refused_with_the_reason(index: Index, settings: Settings) -> None:
    for question, text, note in (
        ("What is the lowest fee?", "The highest fee is 90 euros.", 'say "highest", not "lowest".'),
        ("When is the fee due?", "The fee is paid in cash.", "give no time."),
        (
            "What does the fee not include?",
            "The fee includes water and heating.",
            "exclude nothing.",
        ),
    ):
        answer = ask(index, settings, question, make_hit(1, text))
        assert (answer.outcome, answer.citations, answer.reply) == ("not_found", (), ())
        assert answer.note is not None
        assert answer.note.endswith(note)
        assert answer.confidence is not None
        assert answer.confidence < settings.caution


@pytest.mark.parametrize(
    ("question", "text", "outcome"),
    [
        ("Which station has the most passengers?", "Station: Olm; Passengers: 40", "not_found"),
        ("Which station has the oldest lift?", "Station: Olm; Lift: 1990; Trains: 4", "not_found"),
        ("Which station has the oldest lift?", "Station: Olm; Note: the oldest lift", "answered"),
        ("Which station has the oldest lift?", "Olm has a lift of 1990.", "answered"),
        ("Which station has at most 40 passengers?", "Station: Olm; Passengers: 40", "answered"),
        ("How many passengers has Olm?", "Station: Olm; Passengers: 40", "answered"),
    ],
)
def test_a_row_alone_is_not_the_highest(
    index: Index, settings: Settings, question: str, text: str, outcome: str
) -> None:
    assert ask(index, settings, question, make_hit(1, text)).outcome == outcome


@pytest.mark.parametrize(
    ("question", "text", "outcome"),
    [
        ("How loud is it?", "How loud is it?", "not_found"),
        ("Is it loud?", "Is it loud?", "not_found"),
        ("What did Ada ask?", "How loud is it?", "answered"),
    ],
)
def test_a_question_is_no_answer(index: Index, settings: Settings, question: str, text: str, outcome: str) -> None:
    assert ask(index, settings, question, make_hit(1, text)).outcome == outcome


def ask(index: Index, settings: Settings, question: str, hit: Hit) -> Answer:
    llm = ScriptedLLM(hit.chunk.text, reply="Ada")
    return Assistant(index, llm, settings).ask(question, hits=(hit,))


def test_the_neighbour_of_what_was_asked_is_told_as_no_answer(index: Index, settings: Settings) -> None:
    hit = make_hit(1, "Ada won the cup in 2021.")
    hit = replace(hit, chunk=replace(hit.chunk, date="2021-05-01"))
    answer = ask(index, settings, "Who won the cup in 2019?", hit)
    assert (answer.outcome, answer.citations, answer.reply) == ("not_found", (), ())
    assert 'The passages found say "2021", not "2019".' in format_answer(answer)
    assert ask(index, settings, "Who won the cup in 2021?", hit).outcome == "answered"


def test_the_date_of_the_document_counts(index: Index, settings: Settings) -> None:
    hit = make_hit(1, "Ada won the cup, as in 2009.")  # its date is of 2012
    assert ask(index, settings, "Who won the cup in 2012?", hit).outcome == "answered"


def test_a_question_for_yes_or_no_is_let_through(index: Index, settings: Settings) -> None:
    hit = make_hit(1, "Ada won the cup in 2021.")
    assert ask(index, settings, "Did Ada win the cup in 2019?", hit).outcome == "answered"


def test_a_comparison_may_be_answered_from_the_other_side(index: Index, settings: Settings) -> None:
    hit = make_hit(1, "The old bridge cost less than the new one.")
    assert ask(index, settings, "Which cost more, the old bridge or the new one?", hit).outcome == "answered"


def test_a_refusal_stays_as_it_is() -> None:
    refusal = Quotes(())
    assert hold_to_question(refusal, Query("When in 2019?")) == refusal


def test_a_row_of_a_table_is_held_to_the_question_by_itself(index: Index, settings: Settings) -> None:
    rows = "Power (W); P100: 450; P200: 750\nPressure (bar); P200: 4.2; P300: 5.1"
    for question, outcome in (("What is the pressure of the P100?", "not_found"), ("the P200?", "answered")):
        llm = ScriptedLLM("Pressure (bar); P200: 4.2; P300: 5.1", log_odds=9.0, reply="4.2")
        answer = Assistant(index, llm, settings).ask(question, hits=(make_hit(1, rows),))
        assert answer.outcome == outcome


def test_another_authors_quotes_are_kept_and_some_of_the_near_misses_refused() -> None:
    file = Path(__file__).parents[1] / "benchmarks/questions/near_misses.jsonl"
    kept: dict[bool, list[bool]] = {True: [], False: []}
    for pair in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
        hit = make_hit(1, pair["quote"])
        quotes = cite_spans([HitSpan(hit, *span) for _, span in list_sentences(hit.chunk)])
        kept[pair["answers"]].append(hold_to_question(quotes, Query(pair["question"])) is quotes)
    assert kept[True].count(False) <= 2
    assert kept[False].count(False) >= 18
