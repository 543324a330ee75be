"""A short run of benchmarks/abuse.py: the page is there for others while it is abused."""

import os
import runpy
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("gradio")

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
SERVE = """
import sys, time
from pathlib import Path
from rag import Settings, build_index
from rag.web.workspace import Workspace, Models
from rag.web.launch import launch_page
from rag.web.page import build_page
from tests.fakes import AnsweringLLM, HashingEmbedder

folder, embedder = Path(sys.argv[1]), HashingEmbedder()
(folder / "bridge.md").write_text("The bridge cost nine million euros.")
settings = Settings.load(index_dir=folder / "index", chunk_tokens=32)
build_index([folder / "bridge.md"], settings=settings, embedder=embedder)
llm = AnsweringLLM({"cost": "The bridge cost nine million euros."})
workspace = Workspace(settings, lambda _: Models(embedder, llm))
launch_page(workspace, build_page(workspace))
time.sleep(600)
"""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[tuple[str, int, Path]]:
    """The address of a page, the number of its process, and its log."""
    log = tmp_path / "log"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", SERVE, str(tmp_path)]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, env=environment) as process:
        while process.poll() is None and "Footnote is at" not in log.read_text():
            time.sleep(0.1)
        yield log.read_text().split()[-1], process.pid, log
        process.kill()


def test_the_page_is_there_for_others_while_it_is_abused(page: tuple[str, int, Path]) -> None:
    address, pid, log = page
    abuse = runpy.run_path(str(ROOT / "benchmarks" / "abuse.py"))
    attacks = [
        lambda: abuse["hold_connections"](address, 700, 4),
        lambda: abuse["send_bodies"](address, 20),
        lambda: abuse["open_sessions"](address, 40),
        lambda: abuse["ask_all_the_time"](address, 10, 4),
    ]
    assert abuse["measure"](address, pid, attacks, log)
