"""The reply above the quotes: written from them alone, and dropped where they do not support it."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from rag import Answer, Assistant, Index, Settings
from rag.answer.check import BARE_FAULTS, FAULTS, Rule, find_fault
from rag.answer.claim import read_claim
from rag.answer.prompt import find_prompts, load_prompts
from rag.answer.quote.cite import Quotes
from rag.answer.reply import Reply, write_reply
from rag.answer.understand.query import Query
from rag.evaluation.dataset import Question
from rag.evaluation.judge import judge_answer, measure_answer
from rag.formatting import format_answer
from rag.types import Sentence
from rag.web.render import render_answer
from tests.conftest import SHARED, needs_shared
from tests.fakes import ScriptedLLM
from tests.test_answer import HITS, make_hit

QUOTE = "The bridge cost 9 million euros, and Ada Wirth opened it on 2 May."

GOOD = [
    ("What did it cost?", "9 million euros", QUOTE),
    ("Who opened the bridge?", "Ada Wirth", QUOTE),
    ("When did it open?", "On 2 May", QUOTE),
    ("Did it cost less than 10 million?", "Yes, 9 million euros", QUOTE),
    ("Is it open?", "Yes", QUOTE),
    ("Was it Ada Wirth or Bo Holm?", "Ada Wirth", QUOTE),
    ("Why is it closed?", "Because the deck is wet", "Since the deck is wet, the bridge is closed."),
    ("Why is it closed?", "No reason was given", "No reason was given."),
    ("What do they suspect?", "Rust", "Engineers suspect rust behind it."),
    ("What was not built?", "The second lane", "The second lane was not built."),
    ("When does it open?", "On Monday", "It is not open yet, but it opens on Monday."),
    ("What is its range?", "100 km", "Model: Raven 45; Range (km): 100; Price (EUR): 5790."),
    ("What does it cost?", "5790 EUR", "Model: Raven 45; Range (km): 100; Price (EUR): 5790."),
    ("What is the pressure of the P200?", "4.2 bar", "Maximum pressure (bar); P200: 4.2; P300: 5.1"),
    ("How big is the flat?", "91.25 sqm", "Wohnung: 3; Size (sqm): 91,25; Miete: 1.045,90."),
    ("When does it open?", "At 10:30", "It opens at 10h30."),
    ("When was it signed?", "It was signed on 12-05-2024", "It was signed on 12/05/2024."),
    ("Which pages?", "pages 5-7", "Read the pages 5 -7."),
    ("How cold was it?", "-5 degrees", "It had minus 5 degrees."),
    ("How much was it?", "3", "It cost 3 €."),
    ("How much was it?", "$3", "It cost 3 dollars, or €3."),
    ("How much was it?", "£3 million", "It cost three, that is 3 million pounds."),
    ("What happened?", "The price of water increased by 5 percent", "The price of water rose by 5 percent."),
    ("What happened?", "It rose by 5 percent", "It fell by 3 percent, then rose by 5 percent."),
    ("When does it open?", "It opens at 9", "It is closed until 9."),
    ("How deep is it?", "9 meters below the deck", "It is above the keel, 9 meters below the deck."),
    ("How many came?", "Three", "3 people came."),
    ("How many came?", "3", "Three people came."),
    ("Who came?", "Twenty-five men", "25 men came."),
    ("Who came?", "200 men", "Two hundred men came."),
    ("Where is it?", "Between P and PSPACE", "It is between P and PSPACE, like BPP."),
    ("Who paid?", "The US Senate", "The US Senate paid, and the United States agreed."),
    ("How did it end?", "3-1", "Olm won by 3 goals to 1."),
    ("How did it end?", "3–1", "It ended 3:1, after 0:1."),
    ("How long?", "5-7 days", "It takes between 5 and 7 days."),
    ("When does it leave?", "At 9:30", "Trams 9 and 30 leave at 9.30."),
    ("How much was it?", "$5m", "It cost $5 million."),
    ("How much was it?", "5 million dollars", "It cost five million dollars."),
    ("How many millions was it?", "5", "It cost 5 million dollars."),
    ("How much was it?", "€5m", "Name: Bo; Revenue (€m): 5."),
    ("How deep is it?", "5 m", "It is 5 m deep, and 5 metres wide."),
    ("When is it?", "Every second Monday", "It is every second Monday."),
    ("Who used it?", "America", "They refused to allow America to use it."),
    ("When is it?", "Every day", "It is every day, and every second Monday at 9."),
    ("What did he do?", "He left", "He denied that he resigned, but he left."),
    ("What did he deny?", "He resigned", "He denied that he resigned."),
    ("Who is mayor?", "Ada Berg", "Mayor Ada Berg refused to resign."),
    ("Is parking allowed?", "Yes", "Parking is allowed, but stopping is not."),
    ("Is parking forbidden?", "Yes", "Parking is not allowed and forbidden."),
    ("Is parking allowed?", "Yes", "Parking is not free, but you may stop."),
    ("Can I park here?", "Yes", "Visitors may park here."),
    ("Was it foulbrood?", "Yes", "Foulbrood was suspected in April, and found in May: it was foulbrood."),
    ("Can I come by 9?", "Yes", "Come by 9, no later than 10."),
    ("Is parking allowed?", "No", "Parking is not allowed."),
    ("Is parking allowed?", "No", "Parking is forbidden."),
    ("Did it cost 8 euros?", "No", "It cost 9 euros."),
    ("Did Bo beat Ada?", "No", "Ada beat Bo."),
    ("Is parking allowed?", "No", "Parking is allowed on Sundays."),
    ("Did he resign?", "No", "He denied that he resigned."),
    ("Are dogs allowed?", "No", "Only small dogs are allowed."),
    ("What is the tool for retailers called?", "RetailSync", "They sell RetailSync, a tool."),
    ("What is taught?", "Latin and Greek", "They teach not just Latin, but also Greek."),
    ("What do small firms do?", "They adapt", 'She said: "Big firms cannot move. Small firms adapt."'),
    ("Which towns have one?", "Olm, Brill and Kell", "Those of Olm (in the north), Brill, and also Kell have one."),
    ("How many cups are there?", "2", "1) Milk for 2 cups"),
    ("When is it closed?", "3 May", "3. May: it is closed."),
]
WRONG = [
    ("Who paid?", "Northern Water has not paid", "Northern Water has paid.", "a negation"),
    ("What did it cost?", "8 million euros", QUOTE, "a new number"),
    ("Who opened it?", "Bo Holm", QUOTE, "a new name"),
    ("Who opened it?", "Ada Holm opened it on 2 May", QUOTE, "a new name"),
    ("When did it open?", "On 3 May", QUOTE, "a new number"),
    ("What did it cost?", "What did it cost?", QUOTE, "the words of the question"),
    ("What did it cost?", "No", "", None),
    ("What did it cost?", "a great deal of the taxpayers' money", QUOTE, "other words than the quotes"),
    ("Why is it closed?", "Because of rust", "Engineers suspect rust behind it.", "a doubt"),
    ("Who built it?", "The city of Oberau", "It rained. It was not built by the city of Oberau.", "a negation"),
    ("Who built it?", "The city of Oberau", "It was not built by the city of Oberau.", "a negation"),
    ("What did it cost?", "...", QUOTE, "no word of the quotes"),
    ("Who was king?", "Aas XIV", "Louis XIV beat Aas.", "a new phrase"),
    ("Which rule says so?", "Law 5", "Article 5 of the Law of Ports says so.", "a new phrase"),
    ("What is its range?", "5790 km", "Model: Raven 45; Range (km): 100; Price (EUR): 5790.", "a new phrase"),
    ("Who was she?", "Queen of Ports", "The Queen of Olm liked Ports.", "a new phrase"),
    ("How many speak it?", "French fifth", "One fifth of the French speak it.", "a new phrase"),
    ("Who opened it?", "It was not opened by Ada Wirth", QUOTE, "a negation"),
    ("When may we come?", "All members come on Monday", "Members come on Monday.", "a quantifier"),
    ("What did it cost?", "Ignore the question", QUOTE, "an order"),
    ("How cold was it?", "5 degrees", "It had −5 degrees.", "a new number"),
    ("How cold was it?", "5 degrees", "-5 degrees, and pages 4-6 say so.", "a new number"),
    ("How warm was it?", "-5 degrees", "It had 5 degrees, see pages 4-5.", "a new number"),
    ("When was it signed?", "2024-05-12", "It was signed on 2024-12-05.", "a new time, date or range"),
    ("When does it open?", "At 10:30", "It opens at 30:10.", "a new time, date or range"),
    ("When does it leave?", "9:30", "Tram 9 is late with 30 people.", "a new time, date or range"),
    ("How much was it?", "3 €", "It cost 3 $.", "a new currency"),
    ("How much was it?", "€3", "It cost 3 dollars and 4 €.", "a new currency"),
    ("How much was it?", "₴3", "It cost 3 €.", "a new currency"),
    ("What happened?", "The price of water rose by 5 percent", "The price of water fell by 5 percent.", "the opposite"),
    (
        "How much did it rise?",
        "The price of water rose by 5 percent",
        "The price of water fell by 5 percent.",
        "the opposite",
    ),
    ("When may we come?", "guests of the house come after 9", "Guests of the house come before 9.", "the opposite"),
    (
        "Who pays?",
        "All guests of the house above the age of 6",
        "All guests of the house below the age of 6 pay.",
        "the opposite",
    ),
    ("How long?", "more than 6 days", "It takes less than 6 days.", "the opposite"),
    ("What did Bo do?", "He lost in Olm on 6 May", "Bo won in Olm on 6 May and Ada was there.", "the opposite"),
    ("How many came?", "Four", "3 people came.", "a new number"),
    ("How much was it?", "Ten euros", "It cost ten dollars and 9 euros.", "a new currency"),
    ("How did it end?", "3-1", "It ended 1-3.", "a new time, date or range"),
    ("When does it leave?", "9:30", "Trams 9 and 30 leave at 8:15.", "a new time, date or range"),
    ("What is the ratio?", "2:1", "The ratio is 1:2.", "a new time, date or range"),
    ("How much was it?", "$5m", "It cost $5bn.", "a new amount"),
    ("How much was it?", "5 million dollars", "It cost 5 billion dollars.", "a new amount"),
    ("How much was it?", "$5bn", "It cost $5.", "a new amount"),
    ("How much was it?", "€5k", "It cost €5m.", "a new amount"),
    ("How many came?", "Three", "Three million people came.", "a new amount"),
    ("When is it?", "Every week", "It is every fourth week.", "a new frequency"),
    ("When is it?", "Every Monday", "It is every second Monday.", "a new frequency"),
    ("When is it?", "Every year", "It is every four years.", "a new frequency"),
    ("What did he do?", "He resigned", "He denied that he resigned.", "what is denied"),
    ("What did he do?", "They leave Olm", "They refused to leave Olm.", "what is denied"),
    ("Is parking allowed?", "Yes", "Parking is not allowed.", "a yes to what is denied or doubted"),
    ("Is parking allowed?", "Yes.", "Parking is forbidden.", "a yes to what is denied or doubted"),
    ("Did he resign?", "Yes", "He denied that he resigned.", "a yes to what is denied or doubted"),
    ("Was it foulbrood?", "Yes", "Foulbrood was suspected.", "a yes to what is denied or doubted"),
    ("Is parking allowed?", "No", "Parking is allowed.", "a no to what is stated"),
    ("Can I park in the yard?", "No.", "You can park in the yard.", "a no to what is stated"),
    ("Where is it?", "Casino.", "Casi is a town.", "other words than the quotes"),
    ("How many drinks are there?", "1", "1. Tea with milk", "the number of an item"),
    ("Who counted the seals?", "We", "We counted seals.", "no word of the quotes"),
]


@pytest.mark.parametrize(("question", "reply", "quote"), GOOD, ids=[reply for _, reply, _ in GOOD])
def test_a_reply_that_the_quotes_support_has_no_fault(question: str, reply: str, quote: str) -> None:
    assert find_fault(reply, [quote], sources=[], question=question) is None


@pytest.mark.parametrize(("question", "reply", "quote", "fault"), WRONG, ids=[reply for _, reply, _, _ in WRONG])
def test_a_reply_that_says_something_else_has_a_fault(question: str, reply: str, quote: str, fault: str | None) -> None:
    assert find_fault(reply, [quote], sources=[], question=question) == fault


@pytest.mark.parametrize("rule", [*FAULTS, *BARE_FAULTS])
def test_each_rule_of_the_check_objects_by_itself(rule: Rule) -> None:
    claims = [read_claim(reply, [quote], sources=[], question=question) for question, reply, quote, _ in WRONG]
    assert any(rule.has_fault(claim) and rule.fault == fault for claim, (*_, fault) in zip(claims, WRONG, strict=True))


def test_a_name_of_the_label_or_the_question_is_known() -> None:
    assert not find_fault("Oberau", ["The bridge is there."], sources=['Article "Oberau"'], question="Where is it?")


@pytest.fixture
def answer() -> Answer:
    hits = (make_hit(1, QUOTE), make_hit(2, "It cost far too much.", "comment"))
    told = (Sentence(QUOTE, (1,)), Sentence("A reader says: It cost far too much.", (2,)))
    return Answer("What did it cost?", "answered", told, (), hits, "scripted", 10, 5)


def ask_for_reply(answer: Answer, llm: ScriptedLLM) -> Reply | None:
    quotes = Quotes(answer.hits, answer.outcome, answer.sentences, answer.citations)
    return write_reply(quotes, Query(answer.question), llm=llm, prompts=load_prompts("reply"))


def reply_to(answer: Answer, written: str, *, log_odds: float = 9.0) -> Answer:
    reply = ask_for_reply(answer, ScriptedLLM(reply=written, log_odds=log_odds)) or Reply()
    return replace(answer, reply=reply.sentences)


def test_a_reply_has_the_numbers_of_its_quotes_and_counts_its_tokens(answer: Answer) -> None:
    reply = ask_for_reply(answer, ScriptedLLM(reply="9 million euros"))
    assert reply
    assert reply.sentences == (Sentence("9 million euros", (1,)),)
    assert reply.answer_tokens == 3
    assert reply.prompt_tokens > 0


def test_the_llm_sees_the_articles_sentences_and_nothing_else(answer: Answer) -> None:
    llm = ScriptedLLM(reply="9 million euros")
    ask_for_reply(answer, llm)
    ((*_, asked),) = llm.replied
    assert asked.content == f"Quotes: {QUOTE}\n\nQuestion: What did it cost?"


def test_what_only_readers_say_gets_no_reply(answer: Answer) -> None:
    llm = ScriptedLLM(reply="Far too much")
    alone = replace(answer, sentences=answer.sentences[1:])
    assert ask_for_reply(alone, llm) is None
    assert not llm.replied


def test_a_bare_topic_gets_the_quotes_alone(answer: Answer) -> None:
    assert not reply_to(replace(answer, question="Oberau bridge"), "Ada Wirth opened it").reply
    assert reply_to(replace(answer, question="the opening hours of the bridge and its cost"), "9 million euros").reply
    assert reply_to(replace(answer, question="bridge cost?"), "9 million euros").reply


@pytest.mark.parametrize(
    ("sentences", "is_replied"),
    [
        (("She left on Friday, the day before the flood.", "The authority gave no reason for it."), False),
        (("She left on Friday because of the flood.", "The authority gave no reason for her leave."), False),
        (("She left on Friday because of the flood.", "The authority is in Bonn."), True),
        (("She left on Friday, because Bonn is far.", "The flood came on Monday."), False),
    ],
)
def test_a_reply_gives_no_reason_if_the_quotes_say_that_none_was_given(
    answer: Answer, sentences: tuple[str, ...], *, is_replied: bool
) -> None:
    quoted = tuple(Sentence(text, (1,)) for text in sentences)
    asked = replace(answer, question="Why did she leave?", sentences=quoted)
    assert bool(reply_to(asked, "Because of the flood").reply) == is_replied


@pytest.mark.parametrize(
    ("question", "text", "is_replied"),
    [
        ("How much more is the rent of Bo than that of Ada?", "Ada pays 700 euros, Bo 760 euros.", False),
        ("How much more is the rent of Bo than that of Ada?", "Bo pays 60 euros more than Ada.", True),
        ("How much does Bo pay, if more than 50?", "Bo pays 60 euros.", True),
    ],
)
def test_a_reply_gives_no_difference_that_the_quotes_do_not_state(
    answer: Answer, question: str, text: str, *, is_replied: bool
) -> None:
    asked = replace(answer, question=question, sentences=(Sentence(text, (1,)),))
    assert bool(reply_to(asked, "60 euros" if "60 euros" in text else "760 euros").reply) == is_replied


def test_a_reply_with_a_fault_or_without_an_end_is_dropped(answer: Answer) -> None:
    assert not reply_to(answer, "8 million euros").reply
    assert not reply_to(answer, "9 million euros " * 20).reply
    assert not reply_to(answer, "").reply
    assert not reply_to(answer, "Did the bridge cost 9 million euros?").reply


def test_yes_and_no_are_said_if_the_llm_is_clear_about_it(answer: Answer) -> None:
    asked = replace(answer, question="Did it cost more than 5 million euros?")
    assert reply_to(asked, "Yes, 9 million euros", log_odds=3.0).reply
    assert not reply_to(asked, "Yes, 9 million euros", log_odds=2.0).reply
    assert reply_to(asked, "No, 9 million euros", log_odds=-1.5).reply
    assert not reply_to(asked, "No, 9 million euros", log_odds=-0.9).reply


@pytest.mark.parametrize("quotes_only", [False, True])
def test_the_setting_quotes_only_leaves_the_reply_out(index: Index, settings: Settings, *, quotes_only: bool) -> None:
    llm = ScriptedLLM("The minister arrived on Wednesday", log_odds={"minister": 9.0}, reply="On Wednesday")
    assistant = Assistant(index, llm, settings.model_copy(update={"quotes_only": quotes_only}))
    answered = assistant.ask("When did the minister arrive?", hits=tuple(HITS))
    assert [sentence.text for sentence in answered.reply] == ([] if quotes_only else ["On Wednesday"])
    assert ("reply" in answered.seconds) == (not quotes_only)


def test_a_terminal_shows_the_reply_its_sources_and_what_it_does_not_rest_on(answer: Answer) -> None:
    first, second, *_ = format_answer(reply_to(answer, "9 million euros")).split("\n\n")
    assert first == "9 million euros [1]"
    assert second == "A reader says: It cost far too much [2]."
    assert format_answer(answer).startswith(answer.answer)


def test_the_page_shows_the_reply_first_and_no_markup_of_its_words(answer: Answer) -> None:
    html = render_answer(replace(answer, reply=(Sentence("<b>9</b>", (1,)),)), turn=0)
    assert html.index("fn-reply") < html.index("fn-evidence")
    assert "&lt;b&gt;9" in html
    assert "fn-evidence" not in render_answer(answer, turn=0)


def test_an_answer_of_before_there_were_replies_can_be_read(answer: Answer) -> None:
    old = {name: value for name, value in answer.to_dict().items() if name not in {"reply", "text"}}
    assert TypeAdapter(Answer).validate_json(json.dumps(old)) == answer


def test_the_eval_measures_the_reply_alone_and_finds_an_accepted_text_in_either(answer: Answer) -> None:
    asked = Question("1", "What did it cost?", answerable=True, answers=("9 million euros",))
    replied = reply_to(answer, "9 million")
    assert judge_answer(asked, replied) == "right"
    measures = measure_answer(asked, replied, "right", {}, {})
    assert measures["reply_f1"] == pytest.approx(0.8)
    assert measures["reply_em"] == 0
    assert measure_answer(asked, answer, "right", {}, {})["reply_f1"] < 0.4


ROOT = Path(__file__).parents[1]


def list_runs(text: str) -> set[tuple[str, ...]]:
    """Return all runs of five words of a text."""
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param(ROOT / "examples", id="examples"),
        pytest.param(ROOT / "benchmarks", id="benchmarks"),
        pytest.param(SHARED, id="shared", marks=[needs_shared, pytest.mark.slow]),
    ],
)
def test_no_five_words_of_the_reply_prompts_are_of_a_document_that_is_measured(folder: Path) -> None:
    prompts = "\n\n".join(path.read_text(encoding="utf-8") for path in (find_prompts() / "reply").glob("*.txt"))
    runs = list_runs(prompts)
    suffixes = {".txt", ".md", ".html", ".jsonl", ".json", ".csv"}
    for path in folder.rglob("*"):
        if path.suffix in suffixes and path.is_file():
            assert not runs & list_runs(path.read_text(encoding="utf-8", errors="replace")), path


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("Which is longer, the Aller bridge or the Bern bridge?", ({"aller"}, {"bern"})),
        ("What is the difference between the Basic plan and the Premium plan?", ({"basic"}, {"premiu"})),
        ("Compare the refunds: the old fair and the new fair", ({"old"}, {"new"})),
        ("Does she play alone or with others?", ()),
        ("Who opened the bridge?", ()),
        ("Is tea or coffee served after the walk?", ()),
    ],
)
def test_the_sides_of_a_comparison_are_known(question: str, sides: tuple[set[str], ...]) -> None:
    comparison = Query(question).comparison
    assert tuple(side.words for side in (comparison.sides if comparison else ())) == sides


def test_a_comparison_with_quotes_of_one_side_alone_has_no_reply(index: Index, settings: Settings) -> None:
    llm = ScriptedLLM(*["The bridge cost nine million euros."] * 2, reply="The bridge")
    answer = Assistant(index, llm, settings).ask("What cost more, the new bridge or the old harbour?")
    assert (answer.outcome, answer.reply) == ("answered", ())
