"""Conversations: which questions are follow-ups, what the LLM is told of the turns before, what is remembered."""

import pytest

from rag import Assistant, Index, Settings
from rag.answer.prompt import load_prompts
from rag.answer.understand.rewrite import rewrite_question, stands_alone
from rag.llm.base import Message
from tests.fakes import ScriptedLLM

BEFORE = [Message("user", "Who opened the bridge?"), Message("assistant", "Anna Berg opened the bridge.")]


@pytest.mark.parametrize(
    ("question", "alone"),
    [
        ("What did the new bridge cost?", True),
        ("How many people live in Islamabad now?", True),
        ("What did it cost the town to build?", False),
        ("And how much did the bridge cost?", False),
        ("What about the second one of the two?", False),
        ("why?", False),
        ("Any awards", False),
        ("No, the bridge in the harbour of Olm", False),
        ("Sorry, I meant the bridge in the harbour", False),
        ("Tell me more about the new bridges", False),
        ("Nobody came to the party of the mayor?", True),
    ],
)
def test_a_follow_up_is_told_by_its_words(question: str, alone: bool) -> None:
    assert stands_alone(question) == alone


def test_a_question_that_stands_alone_or_comes_first_costs_no_llm_call() -> None:
    llm, prompts = ScriptedLLM(), load_prompts("rewrite")
    assert rewrite_question("What did the new bridge cost?", BEFORE, llm=llm, prompts=prompts) is None
    assert rewrite_question("What did it cost?", [], llm=llm, prompts=prompts) is None
    assert llm.asked == []


def test_the_history_is_bounded_and_the_latest_turns_stay() -> None:
    history = [Message("user", f"Question {n} " + "word " * 300) for n in range(100)] + BEFORE
    llm = ScriptedLLM("When did Anna Berg open the bridge?\nIt was in May.")
    written = rewrite_question("When did she?", history, llm=llm, prompts=load_prompts("rewrite"))
    assert written == "When did Anna Berg open the bridge?"
    ((*_, asked),) = llm.asked
    assert len(asked.content.split()) < 600
    assert asked.content.endswith("Assistant: Anna Berg opened the bridge.\n\nLast question: When did she?")


def test_a_history_that_leaves_no_room_is_cut_by_whole_turns_or_not_used() -> None:
    prompts = load_prompts("rewrite")
    room = ScriptedLLM().count_tokens(prompts.examples) + 64 + 30
    llm = ScriptedLLM("When did Anna Berg open the bridge?", context_size=room)
    history = [Message("user", "word " * 20), Message("assistant", "word " * 20), *BEFORE]
    assert rewrite_question("When did she?", history, llm=llm, prompts=prompts)
    assert "word" not in llm.asked[0][-1].content
    full = ScriptedLLM("When?", context_size=room - 30)
    assert rewrite_question("When did she?", history, llm=full, prompts=prompts) is None
    assert full.asked == []


def test_a_rewriting_that_was_cut_off_gives_way_to_the_question_before() -> None:
    llm = ScriptedLLM("word " * 100)
    written = rewrite_question("When did she?", BEFORE, llm=llm, prompts=load_prompts("rewrite"))
    assert written == "Who opened the bridge? When did she?"


def test_a_chat_understands_a_follow_up_and_forgets_nothing(index: Index, settings: Settings) -> None:
    llm = ScriptedLLM("The minister arrived.", "What did the new bridge cost?", "It cost nine million euros.")
    chat = Assistant(index, llm, settings).chat()
    assert chat.ask("When did the minister arrive in the town?").rewritten is None
    answer = chat.ask("What did it cost?")
    assert (answer.question, answer.rewritten) == ("What did it cost?", "What did the new bridge cost?")
    assert "rewrite" in answer.seconds
    assert "nine million" in answer.hits[0].chunk.text
    assert [m.content for m in chat.history] == [
        "When did the minister arrive in the town?",
        "The minister arrived on Wednesday.",
        "What did the new bridge cost?",
        "The bridge cost nine million euros.",
    ]


def test_an_empty_rewriting_leaves_the_question_as_it_was(index: Index, settings: Settings) -> None:
    llm = ScriptedLLM("", "The minister arrived on Wednesday.")
    answer = Assistant(index, llm, settings).ask("When did he arrive?", history=BEFORE)
    assert answer.rewritten is None
    assert answer.outcome == "answered"
