"""What works without the extras, and what the user sees where one is missing."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

import rag
from rag import DatasetError, DocumentError, ModelError, Settings, StoreError, build_index
from rag.documents.read import read_document
from rag.extras import EXTRAS, explain_missing, is_installed
from rag.index.embedder import open_embedder
from rag.index.reranker import open_reranker
from rag.llm import open_llm
from tests.fakes import HashingEmbedder

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
GROUPS: dict[str, list[str]] = PROJECT["optional-dependencies"]


def needs(extra: str) -> str:
    return f"needs the extra '{extra}': run `pip install 'footnote-rag[{extra}]'`"


def run_without(modules: list[str], script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script of Python where these modules are not installed."""
    missing = f"import sys\nfor name in {modules}: sys.modules[name] = None\n"
    command = [sys.executable, "-c", missing + script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)})


@pytest.fixture(scope="module")
def packages() -> Mapping[str, list[str]]:
    """Return the packages that bring each module; to find them takes a while."""
    return packages_distributions()


@pytest.mark.parametrize("module", EXTRAS)
def test_the_extra_of_a_library_brings_it(module: str, packages: Mapping[str, list[str]]) -> None:
    names = {module, *packages[module]}
    core, extra = (" ".join(group).replace("-", "_") for group in (PROJECT["dependencies"], GROUPS[EXTRAS[module]]))
    assert any(name.replace("-", "_") in extra for name in names)
    assert not any(name.replace("-", "_") in core for name in names)


def test_development_needs_every_extra() -> None:
    assert GROUPS["dev"][0] == "footnote-rag[all,mcp,milvus,torch]"
    assert GROUPS["all"] == ["footnote-rag[eval,ocr,office,openai,ui,watch]"]
    assert GROUPS.keys() == {*EXTRAS.values(), "all", "dev", "docs", "langchain", "llama-index", "peers"}


def test_other_missing_modules_are_not_explained() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), explain_missing("this"):
        import no_such_module  # type: ignore[import-not-found]  # noqa: F401


def test_a_module_that_is_missing_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_installed("gradio")
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert not is_installed("gradio")


DEFAULTS = """
from pathlib import Path
from rag import Assistant, Index, Settings, build_index
from rag.cli import main
from rag.doctor import check_store
from rag.index.embedder import open_embedder
from rag.index.reranker import open_reranker
from rag.llm.llama import LlamaCpp
from tests.fakes import HashingEmbedder

settings, embedder = Settings.load(name="test", index_dir="index"), HashingEmbedder()
report = build_index(["docs"], settings=settings, embedder=embedder)
assert report.indexed == 3, report
with Index(settings.location, embedder) as index:
    print(Assistant(index, None, settings).ask("What did the bridge cost?").answer)
"""


@pytest.mark.slow
def test_indexing_and_asking_take_no_extra_and_no_torch(docs: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(docs / "plan.pdf"))
    canvas.drawString(72, 700, "The plan has two parts.")
    canvas.save()
    result = run_without([*EXTRAS, "torch", "transformers"], DEFAULTS)
    assert result.returncode == 0, result.stderr
    assert "nine million euros" in result.stdout


@pytest.mark.model
def test_the_default_embedder_takes_no_torch(docs: Path) -> None:
    home = str(Settings.load().home)
    script = "from rag.cli import main; main(['index', 'docs', '--home', sys.argv[1]])"
    result = run_without([*EXTRAS, "torch", "transformers"], script, home)
    assert result.returncode == 0, result.stderr


def _make_office_file(path: Path) -> None:
    from docx import Document
    from openpyxl import Workbook
    from pptx import Presentation

    makers: dict[str, Callable[[], Any]] = {".docx": Document, ".pptx": Presentation, ".xlsx": Workbook}
    makers[path.suffix]().save(str(path))


@pytest.mark.parametrize(("suffix", "module"), [(".docx", "docx"), (".pptx", "pptx"), (".xlsx", "openpyxl")])
def test_an_office_file_names_its_extra(
    suffix: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make_office_file(tmp_path / f"a{suffix}")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DocumentError) as error:
        read_document(tmp_path / f"a{suffix}")
    assert str(error.value) == f"cannot read {tmp_path / f'a{suffix}'}: reading {suffix} {needs('office')}"


def test_an_office_file_is_skipped_and_the_others_are_indexed(
    docs: Path, settings: Settings, embedder: HashingEmbedder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from docx import Document

    document = Document()
    document.add_paragraph("The rent is due in May.")
    document.save(str(docs / "rent.docx"))
    library = tmp_path / "library" / "docx.py"  # the process that reads files finds it first
    library.parent.mkdir()
    library.write_text("raise ModuleNotFoundError('No module named docx', name='docx')")
    monkeypatch.syspath_prepend(str(library.parent))
    report = build_index([docs], settings=settings, embedder=embedder)
    assert report.indexed == 2
    assert report.skipped == [f"cannot read {docs / 'rent.docx'}: reading .docx {needs('office')}"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "arguments", "extra"),
    [
        ("gradio", ["ui", "--port", "1024"], "ui"),
        ("mcp", ["ui", "--mcp", "--port", "1024"], "mcp"),
        ("ir_measures", ["eval", str(ROOT / "examples")], "eval"),
        ("watchfiles", ["watch", "docs", "--embedder", "./none"], "watch"),
        ("pymilvus", ["list", "--index", "milvus:http://127.0.0.1:1/docs"], "milvus"),
    ],
)
def test_a_command_names_its_extra_in_one_line(module: str, arguments: list[str], extra: str, docs: Path) -> None:
    result = run_without([module], "from rag.cli import main; main(sys.argv[1:])", *arguments)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert line.endswith(needs(extra))


def test_an_evaluation_from_python_names_its_extra() -> None:
    script = "import rag\ntry: rag.evaluate\nexcept rag.DatasetError as exc: print(exc)"
    assert run_without(["ir_measures"], script).stdout == f"the evaluation {needs('eval')}\n"
    assert issubclass(DatasetError, rag.RagError)


def test_a_server_names_its_extra(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ModelError, match=r"^openai:http://localhost:1/v1 needs the extra 'openai'"):
        open_llm(settings.model_copy(update={"llm": "openai:http://localhost:1/v1"}))
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(StoreError, match=r"^milvus:http://localhost:1/a needs the extra 'milvus'"):
        build_index([__file__], settings=settings.model_copy(update={"index": "milvus:http://localhost:1/a"}),
                    embedder=HashingEmbedder())  # fmt: skip


def test_other_embedders_and_rerankers_name_their_extra(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    other = {"embedder": str(tmp_path), "reranker": str(tmp_path)}
    with pytest.raises(ModelError) as error:
        open_embedder(settings.model_copy(update=other))
    assert str(error.value) == f"the embedder {tmp_path} {needs('torch')}"
    with pytest.raises(ModelError, match="the reranker needs the extra 'torch'"):
        open_reranker(settings.model_copy(update=other))


def test_a_damaged_embedder_says_so_and_names_no_extra(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match=r"cannot load the embedder in .*: Expecting .*; run `rag models verify`"):
        open_embedder(settings.model_copy(update={"embedder": str(tmp_path)}))


def test_the_setup_of_an_evaluation_lists_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    from rag.evaluation import run

    versions = {package: run._find_version(package) for package in run._PACKAGES}
    assert json.dumps(versions)
    assert run._find_version("no-such-package") == "none"
