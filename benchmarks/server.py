"""Measures how many questions an inference server answers, one by one and all at once, and how many it mixes up.

    python benchmarks/server.py INDEX [--llm openai:URL#MODEL] [--questions FILE] [--count 16] [--at-once 16]

Without --llm, the program starts llama-cpp-python's own server with smollm2-135m on this machine. It asks the same
questions one by one and then all at once, through the queue of the chat page. An answer is mixed up if it belongs to
another question and not to its own.
"""

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

from click import echo as say

from rag import Settings
from rag.assistant import get_answer
from rag.index.embedder import open_embedder
from rag.llm import open_llm
from rag.models import locate_model
from rag.web.workspace import Models, Options, Workspace


@contextlib.contextmanager
def run_server() -> Iterator[str]:
    """Run a server until the end of the block; yield the address of its LLM."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = locate_model("smollm2-135m", kind="llm", home=Settings.load().home)
    options = {"model": path, "model_alias": "smollm2-135m", "port": port, "n_ctx": 4096}
    # With all logits it would read many times more slowly.
    options |= {"interrupt_requests": False, "logits_all": False, "n_threads": len(os.sched_getaffinity(0))}
    command = [sys.executable, "-m", "llama_cpp.server", *(str(w) for k, v in options.items() for w in (f"--{k}", v))]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(120):
            with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=5):
                break
            time.sleep(0.5)
        yield f"openai:http://127.0.0.1:{port}/v1#smollm2-135m"
    finally:
        process.terminate()
        process.wait(20)


def measure(llm: str, arguments: argparse.Namespace) -> None:
    """Print the line for each number of users."""
    settings = Settings.load(index_dir=arguments.index.parent, name=arguments.index.name, index="", llm=llm)
    settings = settings.model_copy(update={"llm_requests": arguments.at_once})
    lines = arguments.questions.read_text(encoding="utf-8").splitlines()
    questions = list(dict.fromkeys(json.loads(line)["question"] for line in lines))[: arguments.count]
    models = Models(open_embedder(settings), open_llm(settings))
    workspace = Workspace(settings, lambda _: models)

    def ask(question: str) -> tuple[str, int]:
        answer = get_answer(workspace.ask(question, index=settings.name, options=Options(2, 0.0, 32)))
        return answer.answer, answer.answer_tokens

    ask(questions[0])
    alone: dict[str, str] = {}
    say("| users | questions a minute | tokens written a second | differ from alone | mixed up |")
    say("| --- | --- | --- | --- | --- |")
    for askers in (1, arguments.at_once):
        started = time.perf_counter()
        with ThreadPoolExecutor(askers) as pool:
            replies = dict(zip(questions, pool.map(ask, questions), strict=True))
        seconds = time.perf_counter() - started
        alone = alone or {question: text for question, (text, _) in replies.items()}
        differ = [q for q, (text, _) in replies.items() if text != alone[q]]
        mixed = [q for q in differ if replies[q][0] in {text for other, text in alone.items() if other != q}]
        tokens = sum(count for _, count in replies.values())
        rates = f"{60 * len(questions) / seconds:.1f} | {tokens / seconds:.1f}"
        say(f"| {askers} | {rates} | {len(differ)} | {len(mixed)} |")
    workspace.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("--llm")
    parser.add_argument("--questions", type=Path, default=Path("examples/questions.jsonl"))
    parser.add_argument("--count", type=int, default=16)
    parser.add_argument("--at-once", type=int, default=16)
    arguments = parser.parse_args()
    with contextlib.nullcontext(arguments.llm) if arguments.llm else run_server() as llm:
        measure(llm, arguments)


if __name__ == "__main__":
    main()
