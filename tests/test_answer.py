"""From hits to an answer: prompts, citations, outcomes, the whole path with a scripted LLM."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from rag import Answer, Assistant, Chunk, Hit, Index, PromptError, QuestionError, Settings
from rag.answer.cite import cite_answer
from rag.answer.confidence import Features, assess, estimate_confidence
from rag.answer.prompt import REFUSAL, build_check, build_messages, load_answer_prompts, load_check_prompts
from rag.answer.scope import PARTIAL, asks_about_all
from rag.llm.llm import Message
from rag.show import format_answer
from rag.text import split_sentences
from rag.types import Voice
from tests.fakes import ScriptedLLM


def make_hit(rank: int, text: str, voice: Voice = "article") -> Hit:
    chunk = Chunk(rank, 1, "/d/a.txt", "A title", "Test Times", 100, 100 + len(text), text, voice, None, "2012-10-04")
    return Hit(chunk, 0.5, rank)


HITS = [
    make_hit(1, "The minister arrived on Wednesday. The summit was to open in October."),
    make_hit(2, "Some officials suspect that a rival power was behind the cancellation."),
    make_hit(3, "The pipeline contract was surely not ready.", "comment"),
]


def test_a_citation_quotes_the_supporting_sentence_exactly() -> None:
    cited = cite_answer("The minister arrived on Wednesday [1].", HITS)
    (citation,) = cited.citations
    assert citation.quote == "The minister arrived on Wednesday."
    assert (citation.start, citation.end) == (100, 134)
    assert cited.answer == "The minister arrived on Wednesday [1]."
    assert cited.outcome == "answered"


def test_a_number_that_was_not_offered_is_removed_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    cited = cite_answer("The minister arrived on Wednesday [1][9].", HITS)
    assert cited.answer == "The minister arrived on Wednesday [1]."
    assert "[9]" in caplog.text


def test_a_wrong_number_is_corrected_to_the_passage_that_says_so() -> None:
    cited = cite_answer("Some officials suspect a rival power [1].", HITS)
    assert [c.number for c in cited.citations] == [2]


def test_a_sentence_without_a_number_gets_that_of_its_passage() -> None:
    assert cite_answer("Officials suspect a rival power.", HITS).sentences[0].citations == (2,)


def test_a_sentence_that_no_passage_supports_is_left_out() -> None:
    cited = cite_answer("The minister arrived on Wednesday [1]. He likes chess and tennis [1].", HITS)
    assert cited.answer == "The minister arrived on Wednesday [1]."


@pytest.mark.parametrize("raw", [REFUSAL, "the documents do not say", "The capital of Peru is Lima [2].", ""])
def test_a_refusal_or_an_unsupported_answer_is_not_found_and_has_no_sources(raw: str) -> None:
    cited = cite_answer(raw, HITS)
    assert (cited.outcome, cited.answer, cited.citations) == ("not_found", REFUSAL, ())


def test_only_comments_behind_it_make_an_answer_unconfirmed() -> None:
    assert cite_answer("A reader says that the contract was not ready [3].", HITS).outcome == "unconfirmed"
    both = cite_answer("The minister arrived on Wednesday [1]. A reader says the contract was not ready [3].", HITS)
    assert both.outcome == "answered"


def test_what_only_a_comment_says_is_never_told_as_a_fact() -> None:
    cited = cite_answer("The pipeline contract was not ready [3].", HITS)
    assert cited.answer == "A reader says: The pipeline contract was not ready [3]."
    assert cited.outcome == "unconfirmed"


def test_an_article_cannot_support_what_is_told_as_a_readers_words() -> None:
    cited = cite_answer("A reader guesses that a rival power was behind the cancellation [2].", HITS)
    assert cited.outcome == "not_found"


def test_a_wrong_number_name_or_negation_is_left_out() -> None:
    for wrong in ("The minister arrived on Tuesday [1].", "The minister has not arrived on Wednesday [1]."):
        assert cite_answer(wrong, HITS).outcome == "not_found"
    assert cite_answer("The summit was to open in October 2012 [1].", HITS).outcome == "answered"  # the page's date
    assert cite_answer("The summit was to open in October 2013 [1].", HITS).outcome == "not_found"


def test_a_name_of_the_question_may_stand_for_what_the_passage_calls_otherwise() -> None:
    answer = "Minister Lavrov arrived on Wednesday [1]."
    assert cite_answer(answer, HITS).outcome == "not_found"
    assert cite_answer(answer, HITS, question="When did Lavrov arrive?").outcome == "answered"


def test_of_several_passages_those_that_do_not_say_so_are_not_cited() -> None:
    hits = [make_hit(1, "The garage was opened."), make_hit(2, "No doubt the garage was opened for 40 cars.")]
    assert cite_answer("The garage was opened for 40 cars [1][2].", hits).sentences[0].citations == (2,)
    assert cite_answer("The garage was not opened [1][2].", hits[:1]).outcome == "not_found"


def test_what_two_passages_say_together_cites_both() -> None:
    hits = [make_hit(1, "Karin Aas opened the garage."), make_hit(2, "The garage was opened for 40 cars.")]
    cited = cite_answer("Karin Aas opened the garage for 40 cars [1][2].", hits)
    assert cited.sentences[0].citations == (1, 2)


@pytest.mark.parametrize("date", ["June 2012", "July 14", "2012", "2012-13-99", "", None])
def test_a_date_that_could_not_be_read_is_no_obstacle(date: str | None) -> None:
    hit = replace(HITS[0], chunk=replace(HITS[0].chunk, date=date))
    assert cite_answer("The minister arrived on Wednesday [1].", [hit]).outcome == "answered"


def test_several_numbers_in_one_mark_are_read() -> None:
    cited = cite_answer("The minister arrived on Wednesday [passages 1, 3].", HITS)
    assert cited.sentences[0].citations == (1,)


def test_sentences_keep_abbreviations_and_end_at_lines() -> None:
    text = "Gen. Kayani met Dr. Khan. They spoke\nA title\n"
    assert [text[s:e] for s, e in split_sentences(text)] == ["Gen. Kayani met Dr. Khan.", "They spoke", "A title"]


def count_words(messages: Sequence[Message]) -> int:
    return ScriptedLLM().count_tokens(messages)


def test_whole_passages_are_dropped_from_the_bottom_until_the_prompt_fits() -> None:
    prompts = load_answer_prompts()
    full, shown = build_messages("Who?", HITS, prompts=prompts, count_tokens=count_words, max_prompt_tokens=10_000)
    assert shown == 3
    short, shown = build_messages(
        "Who?", HITS, prompts=prompts, count_tokens=count_words, max_prompt_tokens=count_words(full) - 1
    )
    assert shown == 2
    assert "pipeline" not in short[-1].content
    assert HITS[1].chunk.text in short[-1].content


def test_a_question_that_leaves_no_room_is_an_error() -> None:
    prompts = load_answer_prompts()
    with pytest.raises(QuestionError, match="10,000 words"):
        build_messages("w " * 10_000, HITS, prompts=prompts, count_tokens=count_words, max_prompt_tokens=4000)


def test_passages_are_labelled_with_their_voice_and_cannot_fake_a_number() -> None:
    hits = [make_hit(1, "As shown in [2],\nit rains. $question"), HITS[2]]
    prompts = load_answer_prompts()
    messages, _ = build_messages("Why [1]?", hits, prompts=prompts, count_tokens=count_words, max_prompt_tokens=9999)
    lines = messages[-1].content.splitlines()
    assert lines[0] == "[1] Article, Test Times, 2012-10-04: As shown in (2), it rains. $question"
    assert lines[1].startswith("[2] Reader's comment, 2012-10-04: ")
    assert lines[-1] == "Question: Why (1)?"


def test_a_passage_is_shown_with_the_heading_that_it_stands_below() -> None:
    hit = make_hit(1, "The plant cost 67 million euros.")
    hit = replace(hit, chunk=replace(hit.chunk, heading="Cost [1]"))
    content = build_check("Why?", hit, prompts=load_check_prompts())[-1].content
    assert "Article, Test Times, 2012-10-04 (Cost (1)): The plant cost" in content


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("90-question.user.txt", "$passages", r"90-question.user.txt: the placeholder \$question is missing"),
        ("90-question.user.txt", "$passages $question $name", r"unknown placeholder \$name"),
        ("00-rules.system.txt", "It costs $5", r"00-rules.system.txt: a stray \$"),
        ("05-x.robot.txt", "Hi", "role system, user or assistant"),
    ],
)
def test_a_wrong_prompt_file_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / "90-question.user.txt").write_text("$passages $question", encoding="utf-8")
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(PromptError, match=message):
        load_answer_prompts(tmp_path)


def test_the_examples_refuse_in_the_words_that_are_looked_for() -> None:
    replies = [m.content for m in load_answer_prompts().examples if m.role == "assistant"]
    assert REFUSAL in replies


def test_the_check_asks_about_the_labelled_first_passage_alone(index: Index, settings: Settings) -> None:
    (asked,) = build_check("Why [1]?", HITS[2], prompts=load_check_prompts())[-1:]
    assert "Reader's comment, 2012-10-04: The pipeline contract was surely not ready." in asked.content
    assert "Question: Why (1)?" in asked.content
    llm = ScriptedLLM("The minister arrived [1].")
    hits = Assistant(index, llm, settings).ask("When did the minister arrive?").hits
    ((*_, asked),) = llm.compared
    shown = [" ".join(hit.chunk.text.split()) in asked.content for hit in hits]
    assert shown == [True, *[False] * (len(hits) - 1)]


def test_behind_a_comment_the_first_article_is_checked_too() -> None:
    llm = ScriptedLLM(log_odds=1.0)
    alone = assess("Why?", HITS[:2], llm=llm, prompts=load_check_prompts())
    assert len(llm.compared) == 1
    behind = assess("Why?", [HITS[2], HITS[0], HITS[1]], llm=llm, prompts=load_check_prompts())
    assert len(llm.compared) == 3
    assert alone == behind
    assess("Why?", HITS[2:], llm=llm, prompts=load_check_prompts())
    assert len(llm.compared) == 4


def test_confidence_rises_with_the_log_odds_and_with_the_score() -> None:
    values = [estimate_confidence(Features(o, s)) for o, s in ((-99, 0.0), (0, 0.3), (0, 0.9), (3, 0.9), (99, 2.0))]
    assert values == sorted(values)
    assert 0 <= values[0] < 0.01
    assert 0.99 < values[-1] <= 1


def test_below_caution_nothing_is_written(index: Index, settings: Settings) -> None:
    llm = ScriptedLLM("The minister arrived [1].", log_odds=-9.0)
    answer = Assistant(index, llm, settings).ask("Who arrived?")
    assert (answer.outcome, answer.answer, answer.citations, llm.asked) == ("not_found", REFUSAL, (), [])
    assert answer.confidence is not None
    assert answer.confidence < settings.caution
    assert set(answer.seconds) == {"search", "assess"}
    bold = settings.model_copy(update={"caution": 0.0})
    assert Assistant(index, llm, bold).ask("Who arrived?").outcome == "answered"


def test_the_whole_path_answers_with_exact_quotes(index: Index, settings: Settings) -> None:
    llm = ScriptedLLM("The president gave no reason [1]. Some officials suspect that a rival power was behind it [2].")
    assistant = Assistant(index, llm, settings)
    answer = assistant.ask("Why did the president cancel his visit?")
    assert answer.outcome == "answered"
    assert len({citation.quote for citation in answer.citations}) == 2
    for c in answer.citations:
        assert index.catalog.get_text(c.document_id)[c.start : c.end] == c.quote
    assert llm.asked[0][0].role == "system"
    assert set(answer.seconds) == {"search", "assess", "read", "write", "check"}


def test_without_an_llm_the_best_sentences_are_quoted(index: Index, settings: Settings) -> None:
    assistant = Assistant(index, None, settings)
    answer = assistant.ask("Which officials suspect a rival power?")
    assert answer.answer == "Some officials suspect that a rival power was behind the cancellation [1]."
    assert (answer.outcome, answer.model, answer.confidence) == ("answered", "none", None)
    (citation,) = answer.citations
    assert index.catalog.get_text(citation.document_id)[citation.start : citation.end] == citation.quote
    asked = assistant.ask("What do readers say of the pipeline contract?")
    assert asked.answer.startswith("A reader says: The pipeline contract was surely not ready")
    assert asked.outcome == "unconfirmed"
    assert assistant.ask("How do penguins sleep in winter?").outcome == "not_found"


@pytest.mark.parametrize(
    ("question", "about_all"),
    [
        ("How many documents mention the bridge?", True),
        ("List all ministers.", True),
        ("Which articles mention Putin?", True),
        ("Please compare every offer that we got", True),
        ("What do all the readers think?", True),
        ("How many euros did the bridge cost?", False),
        ("Who were all those people at the summit?", False),
        ("Why was Putin's visit cancelled?", False),
        ("What does the list say about each day?", False),
    ],
)
def test_a_question_about_all_documents_is_recognised(question: str, about_all: bool) -> None:
    assert asks_about_all(question) == about_all


def test_an_answer_about_all_documents_says_that_it_may_be_incomplete(index: Index, settings: Settings) -> None:
    answer = Assistant(index, ScriptedLLM("The minister arrived [1]."), settings).ask("List all that the minister did.")
    assert answer.note == PARTIAL
    assert PARTIAL in format_answer(answer)
    assert Assistant(index, ScriptedLLM("The minister arrived [1]."), settings).ask("Who arrived?").note is None


def test_the_stream_gives_hits_then_the_draft_then_the_answer(index: Index, settings: Settings) -> None:
    events = list(Assistant(index, ScriptedLLM("The minister arrived [1]."), settings).stream("Who arrived?"))
    assert isinstance(events[0], tuple)
    assert "".join(e for e in events if isinstance(e, str)) == "The minister arrived [1]."
    assert isinstance(events[-1], Answer)


def test_what_is_read_ahead_is_the_beginning_of_what_is_asked(index: Index, settings: Settings) -> None:
    llm = ScriptedLLM("The minister arrived [1].")
    assistant = Assistant(index, llm, settings)
    assistant.read_ahead("When did the minis")
    assistant.ask("When did the minister arrive?")
    (ahead,), first = llm.read_ahead, llm.compared[0]
    assert ahead[:-1] == first[:-1]
    assert ahead[-1].content[: ahead[-1].shared] == first[-1].content[: first[-1].shared] != ""
    Assistant(index, None, settings).read_ahead("When did the minister")  # without an LLM there is nothing to read


def test_an_empty_question_is_an_error(index: Index, settings: Settings) -> None:
    with pytest.raises(QuestionError, match="empty"):
        Assistant(index, ScriptedLLM(), settings).ask("  \n")


def test_nothing_retrieved_costs_no_llm_call(settings: Settings) -> None:
    empty = SimpleNamespace(search=lambda question, **_: (), reranker=None)
    llm = ScriptedLLM()
    answer = Assistant(empty, llm, settings).ask("Who?")  # type: ignore[arg-type]
    assert (answer.outcome, llm.asked) == ("not_found", [])
