"""Asks LlamaIndex and txtai, at their documented defaults, the questions of `rag eval`, with the same models.

pip install -e '.[peers]'
python benchmarks/peers.py DATASET --questions FILE --limit 60
"""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from rag import Dataset, Settings, load_dataset
from rag.evaluation.dataset import sample_questions
from rag.evaluation.judge import judge_answer, measure_answer
from rag.evaluation.metrics import estimate, is_refusal
from rag.models import locate_model
from rag.types import Answer, Outcome, Sentence

SHOWN = ("score", "correct", "false_refusals", "refused", "reply_f1")


def open_llama_index(data: Dataset, llm: Path, embedder: Path) -> Callable[[str], str]:
    """Return a query engine at its defaults; the LLM follows the page of `llama-index-llms-llama-cpp`."""
    from llama_cpp import Llama
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter
    from llama_index.core import Document, VectorStoreIndex
    from llama_index.core.llms import ChatMessage
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.llms.llama_cpp import LlamaCPP

    vocabulary = Llama(str(llm), vocab_only=True, verbose=False)
    end = vocabulary.detokenize([vocabulary.token_eos()], special=True).decode()
    formatter = Jinja2ChatFormatter(vocabulary.metadata["tokenizer.chat_template"], eos_token=end, bos_token="")

    def messages_to_prompt(messages: Sequence[ChatMessage]) -> str:
        plain = [{"role": message.role.value, "content": message.content} for message in messages]
        return str(formatter(messages=plain).prompt)

    model = LlamaCPP(
        model_path=str(llm),
        temperature=0.1,
        max_new_tokens=256,
        context_window=3900,
        messages_to_prompt=messages_to_prompt,
        completion_to_prompt=lambda text: messages_to_prompt([ChatMessage(role="user", content=text)]),
        verbose=False,
    )
    documents = [Document(text=document.text, id_=document.source) for document in data.documents]
    index = VectorStoreIndex.from_documents(documents, embed_model=HuggingFaceEmbedding(model_name=str(embedder)))
    engine = index.as_query_engine(llm=model)
    return lambda question: str(engine.query(question))


def open_txtai(data: Dataset, llm: Path, embedder: Path) -> Callable[[str], str]:
    """Return the RAG pipeline with the prompt of its documentation, over paragraphs."""
    from txtai import RAG, Embeddings

    paragraphs = [part for document in data.documents for part in document.text.split("\n\n") if part.strip()]
    embeddings = Embeddings(path=str(embedder), content=True)
    embeddings.index(paragraphs)
    template = """
  Answer the following question using the provided context.

  Question:
  {question}

  Context:
  {context}
"""
    pipeline = RAG(embeddings, str(llm), template=template, output="flatten")
    return lambda question: str(pipeline(question, defaultrole="user"))


PEERS = {"llama-index": open_llama_index, "txtai": open_txtai}


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--questions", type=click.Path(path_type=Path), help="Questions to ask instead of DATASET's own.")
@click.option("--limit", type=click.IntRange(1), default=60, show_default=True, help="Size of the sample.")
@click.option("--peer", "names", type=click.Choice([*PEERS]), multiple=True, default=[*PEERS], show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("eval"), show_default=True)
def main(dataset: Path, questions: Path | None, limit: int, names: Sequence[str], out: Path) -> None:
    """Ask the sample of DATASET's questions that `rag eval --limit` asks, and print the measures."""
    settings = Settings.load()
    data = load_dataset(dataset, questions=questions)
    texts = {document.source: document.text for document in data.documents}
    out.mkdir(parents=True, exist_ok=True)
    llm = locate_model(settings.llm, kind="llm", home=settings.home)
    embedder = locate_model(settings.embedder, kind="embedder", home=settings.home)
    for name in names:
        ask = PEERS[name](data, llm, embedder)
        columns: dict[str, list[float]] = {}
        with (out / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            for question in sample_questions(data.questions, limit, seed=settings.seed):
                started = time.perf_counter()
                text = ask(question.question).strip()
                seconds = time.perf_counter() - started
                outcome: Outcome = "not_found" if is_refusal(text) else "answered"
                answer = Answer(question.question, outcome, (Sentence(text, ()),), (), (), name, 0, 0)
                verdict = judge_answer(question, answer)
                measures = measure_answer(question, answer, verdict, data.passages, texts)
                for measure, value in {**measures, "seconds": seconds}.items():
                    columns.setdefault(measure, []).append(value)
                line = {"id": question.id, "answer": text, "verdict": verdict, "seconds": round(seconds, 2)}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                file.flush()
        for measure in SHOWN:
            if measure in columns:
                value, low, high, count = estimate(columns[measure])
                click.echo(f"{name:12} {measure:15} {value:6.3f} [{low:6.3f}, {high:6.3f}] n={count}")
        ordered = sorted(columns["seconds"])
        click.echo(f"{name:12} seconds         {ordered[len(ordered) // 2]:6.1f} median")


if __name__ == "__main__":
    main()
