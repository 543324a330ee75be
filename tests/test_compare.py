"""A comparison looks for each of its sides by itself."""

from pathlib import Path

import pytest

from rag import Assistant, Index, Sentence, Settings, build_index
from rag.answer.gather.compare import COMPARED, PartAnswer, join_replies
from rag.answer.gather.split import split_question
from rag.answer.prompt import load_prompts
from rag.answer.quote.cite import HitSpan, cite_spans
from rag.answer.understand.query import Query
from tests.fakes import HashingEmbedder, ScriptedLLM

QUESTION = "Which is longer, the Aller bridge or the Bern bridge?"
SPLIT = "How long is the Aller bridge?\nHow long is the Bern bridge?"
UNSPLIT = ("Which is longer, the Aller bridge?", "Which is longer, the Bern bridge?")


def split(question: str, written: str) -> tuple[str, ...]:
    return split_question(Query(question), llm=ScriptedLLM(split=written), prompts=load_prompts("split"))


@pytest.mark.parametrize(
    ("written", "questions"),
    [
        (SPLIT, tuple(SPLIT.splitlines())),
        ("How long is the Aler bridge?\nHow long is the Bern bridge?", UNSPLIT),
        ("How long is the Aller bridge?", UNSPLIT),
        ("How long is the Aller bridge?\nHow long is the Aller bridge of iron?", UNSPLIT),
        ("How long is the Aller bridge?\nHow long is the Bern bridge in Oslo?", UNSPLIT),
        ("How long is the Aller bridge?\nThe Bern bridge is long.", UNSPLIT),
        ("What is the Aller bridge?\nWhat is the Bern bridge?", UNSPLIT),
        ("When was the Aller bridge built?\nWhen was the Bern bridge built?", UNSPLIT),
        ("How long is the Aller bridge?\nIs the Bern bridge longer?", UNSPLIT),
        ("How long is the Aller bridge?\nHow long is the Bern bridge?\nHow long is the Cosa bridge?", ()),
    ],
    ids=[
        "each",
        "a name misspelt",
        "one side",
        "one side twice",
        "a name that nobody said",
        "no question",
        "no length",
        "another property",
        "two ways to ask",
        "three sides",
    ],
)
def test_a_comparison_is_split_into_a_question_about_each_side(written: str, questions: tuple[str, ...]) -> None:
    assert split(QUESTION, written) == questions


@pytest.mark.parametrize(
    ("question", "written"),
    [
        ("Is the Aller bridge longer than the Bern bridge?", SPLIT),
        ("How did the rent change from 2021 to 2024?", "What was the rent in 2021?\nWhat was the rent in 2024?"),
        ("how long does garlic keep compared to onions", "How long does garlic keep?\nHow long do onions keep?"),
        ("Is Aller cheaper than Bern?", "What is the price of Aller?\nWhat is the price of Bern?"),
        ("Is the Aller bridge older than the mill?", "When was the Aller bridge built?\nWhen was the mill built?"),
    ],
)
def test_two_things_are_compared_in_many_wordings(question: str, written: str) -> None:
    assert split(question, written) == tuple(written.splitlines())


@pytest.mark.parametrize(
    ("question", "written"),
    [
        ("Who was here earlier, and who is the singer or player?", "Who was here?"),
        (
            "How did sales change from the year before to 2024?",
            "What were sales in 2024?\nWhat were sales the year before?",
        ),
        ("What is different about the two pools, cost and size?", "What does the pool cost?\nHow big is the pool?"),
        ("What river is longer than the Thames?", "How long is the river?\nHow long is the Thames?"),
        ("In 2023, did bread cost more than rice?", "What did bread cost?\nWhat did rice cost?"),
    ],
    ids=["no names", "a year named by the other", "two properties", "an unknown thing", "a year lost"],
)
def test_other_questions_are_left_whole(question: str, written: str) -> None:
    assert split(question, written) == ()


def test_each_question_has_to_be_about_another_side() -> None:
    written = "Who was cheaper?\nWho could deliver sooner?"
    assert split("Ostra vs Halden, who was cheaper and could deliver sooner", written) == (
        "Ostra, who was cheaper and could deliver sooner",
        "Halden, who was cheaper and could deliver sooner",
    )


def test_both_questions_keep_the_year() -> None:
    written = "What did Acme earn with bread?\nWhat did Acme earn with rice?"
    assert split("In 2023, did Acme earn more with bread or with rice?", written) == (
        "In 2023, did Acme earn more with bread?",
        "In 2023, did Acme earn more with rice?",
    )


@pytest.mark.parametrize(
    ("question", "written"),
    [
        ("Is tea or coffee served?", "Is tea served?\nIs coffee served?"),
        ("Who wrote the letter or the paper?", "Who wrote the letter?\nWho wrote the paper?"),
        ("How many different cats or dogs are there?", "How many cats are there?\nHow many dogs are there?"),
    ],
)
def test_a_question_that_compares_nothing_is_left_whole(question: str, written: str) -> None:
    assert split(question, written) == ()


@pytest.fixture
def bridges(tmp_path: Path, settings: Settings) -> Index:
    texts = {"aller": "The Aller bridge is 74 metres long.", "bern": "The Bern bridge is 84 metres long."}
    for name, text in texts.items():
        (tmp_path / f"{name}.txt").write_text(f"{text} It is of iron and was painted green.", encoding="utf-8")
    files = [tmp_path / f"{name}.txt" for name in texts]
    build_index(files, settings=settings, embedder=HashingEmbedder())
    return Index(settings.index_dir / "test", HashingEmbedder())


def test_both_sides_of_a_comparison_are_quoted(bridges: Index, settings: Settings) -> None:
    llm = ScriptedLLM("74 metres", "84 metres", split=SPLIT)
    answer = Assistant(bridges, llm, settings).ask(QUESTION)
    assert [c.quote for c in answer.citations] == [
        "The Aller bridge is 74 metres long.",
        "The Bern bridge is 84 metres long.",
    ]
    assert (answer.question, answer.note) == (QUESTION, None)


def test_the_llm_does_not_choose_between_two_amounts(bridges: Index, settings: Settings) -> None:
    llm = ScriptedLLM("74 metres", "84 metres", reply="The Bern bridge", split=SPLIT)
    assert Assistant(bridges, llm, settings).ask(QUESTION).reply == ()


def test_each_side_has_its_own_reply(bridges: Index, settings: Settings) -> None:
    replies = {"Aller bridge?": "74 metres", "Bern bridge?": "84 metres"}
    llm = ScriptedLLM("74 metres", "84 metres", reply=replies, split=SPLIT)
    answer = Assistant(bridges, llm, settings).ask(QUESTION)
    assert [(sentence.text, sentence.citations) for sentence in answer.reply] == [
        ("Aller: 74 metres.", (1,)),
        ("Bern: 84 metres.", (2,)),
    ]


def test_a_reply_from_quotes_about_the_other_side_is_dropped(bridges: Index) -> None:
    hits = bridges.search("How long is the Aller bridge?", k=1)
    quotes = cite_spans([HitSpan(hits[0], 0, len("The Aller bridge is 74 metres long."))], hits)
    reply = [Sentence("74 metres", (1,))]
    parts = [PartAnswer(question, quotes, reply) for question in SPLIT.splitlines()]
    assert join_replies(parts, quotes) == ()


def test_a_side_that_the_documents_do_not_have_is_named(bridges: Index, settings: Settings) -> None:
    odds = {"Aller bridge is": 9.0}
    llm = ScriptedLLM("74 metres", reply="The Aller bridge", split=SPLIT, log_odds=odds)
    answer = Assistant(bridges, llm, settings).ask(QUESTION)
    assert (answer.outcome, answer.reply) == ("answered", ())
    assert answer.note == "The documents do not say: How long is the Bern bridge?"


def test_if_the_documents_have_neither_side_nothing_is_found(bridges: Index, settings: Settings) -> None:
    answer = Assistant(bridges, ScriptedLLM(split=SPLIT, log_odds=-9.0), settings).ask(QUESTION)
    assert (answer.outcome, answer.citations, answer.note) == ("not_found", (), None)


def test_what_is_compared_in_general_is_quoted_for_each_without_the_llm(bridges: Index, settings: Settings) -> None:
    llm = ScriptedLLM()
    answer = Assistant(bridges, llm, settings).ask(
        "What is the difference between the Aller bridge and the Bern bridge?"
    )
    named = {"The Aller bridge is 74 metres long.", "The Bern bridge is 84 metres long."}
    assert {c.quote for c in answer.citations} == {*named, "It is of iron and was painted green."}
    assert (answer.confidence, answer.note, llm.compared, llm.asked) == (None, COMPARED, [], [])


def test_what_is_compared_in_general_is_quoted_where_there_is_no_llm(bridges: Index, settings: Settings) -> None:
    answer = Assistant(bridges, None, settings).ask(
        "What is the difference between the Aller bridge and the Bern bridge?"
    )
    assert answer.note == COMPARED
    assert {c.source.rpartition("/")[2] for c in answer.citations} == {"aller.txt", "bern.txt"}
