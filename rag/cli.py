"""The command line; answers to stdout, progress and logs to stderr."""

import functools
import logging
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from rag.errors import RagError
from rag.formatting import describe_source, format_answer, show_json, show_line, show_path, show_text
from rag.process import quiet_libraries
from rag.settings import ANSWER_SETTINGS, NO_LLM, PASSWORD_VARIABLE, TOKEN_VARIABLE, Settings
from rag.system import write_utf8

if TYPE_CHECKING:
    from rag.evaluation.report import Report
    from rag.index.build import IndexReport
    from rag.index.store import Entry
    from rag.types import Answer, Event, Filter

logger = logging.getLogger(__name__)


class _Commands(click.Group):
    """Shows any error as one line, and the traceback only with --debug."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RagError as exc:
            raise click.ClickException(_show_error(exc)) from exc
        except (click.exceptions.Exit, click.Abort, click.ClickException):
            raise
        except BrokenPipeError:
            ctx.exit(0)
        except Exception as exc:
            if ctx.params.get("debug"):
                raise
            logger.debug("unforeseen", exc_info=exc)
            raise click.ClickException(
                f"{type(exc).__name__}: {_show_error(exc)} (run with `rag --debug` for the traceback)"
            ) from exc


def _show_error(error: Exception) -> str:
    return show_line(" ".join(str(error).split()))


def _settings_options(*names: str, opens_models: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for each of these settings, and pass the `settings` to it."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(**arguments: Any) -> None:
            given = {name: arguments.pop(name) for name in names}
            settings = Settings.load(**{name: value for name, value in given.items() if value is not None})
            if opens_models:
                quiet_libraries(uses_hub=bool(settings.from_hub))
            command(settings=settings, **arguments)

        for name in reversed(names):
            field = Settings.model_fields[name]
            # Settings checks the type, so that a bad value gets the same message wherever it came from.
            names_of = (f"--{name.replace('_', '-')}", *_ALIASES.get(name, ()))
            shown_default = f" [{field.default}]" if field.default != "" else ""
            if field.annotation is bool:
                click.option(*names_of, name, is_flag=True, default=None, help=field.description)(run)
            else:
                metavar = _METAVARS.get(field.annotation, "TEXT")
                click.option(*names_of, name, metavar=metavar, help=f"{field.description}{shown_default}")(run)
            if name == "llm":
                click.option("--no-llm", name, flag_value=NO_LLM, help="Quote the best sentences, without an LLM.")(run)
        return run

    return decorate


_METAVARS: dict[object, str] = {int: "NUMBER", float: "NUMBER", Path: "PATH"}
_ALIASES = {"passages": ("--k",)}
_MODELS = ("home", "llm", "llm_requests", "embedder", "reranker", "context", "threads", "gpu_layers")


@click.group(cls=_Commands)
@click.version_option(package_name="footnote-rag", prog_name="rag")
@click.option("--debug", is_flag=True, help="Log everything, and show tracebacks.")
def main(debug: bool) -> None:
    """Ask your own documents; every sentence of the answer is cited."""
    write_utf8(sys.stdout, sys.stderr)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("rag").setLevel(logging.DEBUG if debug else logging.WARNING)


_WHERE = ("index", "name", "index_dir")
_INDEXING = (*_WHERE, "home", "embedder", "chunk_tokens", "max_file_mb", "read_timeout_s", "read_memory_mb", "ocr")
_PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))


def _read_filter(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> "Filter | None":
    from rag.metadata import make_filter

    return make_filter(_read_pairs(given))


def _read_pairs(given: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(text.partition("=")[::2] for text in given)
    if not all(pairs.values()):
        raise click.BadParameter("write NAME=VALUE")
    return pairs


def _read_metadata(
    _context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, str] | None:
    from rag.metadata import check_metadata

    return check_metadata(_read_pairs(given)) or None


def _read_shard(_context: click.Context, _parameter: click.Parameter, given: str) -> tuple[int, int]:
    number, _, count = given.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise click.BadParameter(f"write NUMBER/COUNT, such as 3/16, not {given!r}")
    return int(number), int(count)


@main.command()
@_PATHS
@click.option(
    "--shard",
    default="1/1",
    callback=_read_shard,
    metavar="3/16",
    help="Index one share of the files, such as the third of sixteen. Each machine takes another share.",
)
@click.option(
    "--metadata",
    multiple=True,
    callback=_read_metadata,
    metavar="NAME=VALUE",
    help="Metadata for the documents, for use with --filter. Can be repeated.",
)
@_settings_options(*_INDEXING)
def index(paths: tuple[Path, ...], shard: tuple[int, int], metadata: dict[str, str] | None, settings: Settings) -> None:
    """Index the files at PATHS, and in folders; skip unchanged files, and remove deleted ones.

    The command always reads a file that you name. In folders it skips hidden files, links that lead out of the folder,
    node_modules, virtual environments, caches, and files of keys or passwords. It also skips formats that it cannot
    read, and files that a .gitignore or .ragignore (same syntax) names. `rag --debug index` names each skipped file.
    """
    from rag.index.build import build_index

    with _continuing("finished documents are kept"):
        report = build_index(paths, settings=settings, shard=shard, metadata=metadata)
    _echo_report(report, settings)
    if report.skipped:
        sys.exit(1)


@contextmanager
def _continuing(kept: str) -> Iterator[None]:
    """If the user stops the block, say what is kept, and end the process."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"\nstopped; {kept}: run the same command again to continue", err=True)
        sys.exit(130)


def _echo_report(report: "IndexReport", settings: Settings) -> None:
    same = f"{report.duplicates} the same as another, " if report.duplicates else ""
    click.echo(
        f"{settings.location}: {report.indexed} indexed, {same}{report.unchanged} unchanged, "
        f"{report.removed} removed, {len(report.skipped)} skipped; {report.chunks} chunks"
    )
    passed_over = [f"{count} {why}" for why, count in report.passed_over.items()]
    if passed_over:
        click.echo(f"passed over: {', '.join(passed_over)} (see `rag index --help`)", err=True)
    for reason in report.skipped:
        click.echo(f"skipped: {show_line(reason)}", err=True)
    for note in report.notes:
        click.echo(f"note: {show_line(note)}", err=True)


@main.command()
@_PATHS
@_settings_options(*_INDEXING)
def watch(paths: tuple[Path, ...], settings: Settings) -> None:
    """Index PATHS, and again after each change there. Ctrl-C stops it; see `rag index --help`."""
    from rag.index.build import build_index
    from rag.index.embedder import open_embedder
    from rag.index.watch import wait_for_changes

    embedder = open_embedder(settings)
    is_first, problem = True, ""
    try:
        for has_changed in wait_for_changes(paths, ignored=settings.index_dir):
            if not has_changed and not problem:
                continue
            try:
                _echo_report(build_index(paths, settings=settings, embedder=embedder), settings)
                problem = ""
            except Exception as exc:
                if is_first:
                    raise
                # The next change, or time, may fix the cause of the error.
                logger.debug("not indexed", exc_info=exc)
                if _show_error(exc) != problem:
                    click.echo(f"not indexed: {_show_error(exc)}", err=True)
                problem = _show_error(exc)
            is_first = False
    except KeyboardInterrupt:
        click.echo("\nstopped watching", err=True)


@main.command("copy")
@click.argument("source")
@click.argument("target")
def copy_index(source: str, target: str) -> None:
    """Copy the index at SOURCE to TARGET. Both are folders or addresses (milvus:...). Nothing is embedded again."""
    from rag.index.migrate import copy_index

    click.echo(f"{target}: {copy_index(source, target, progress=True)} documents")


@main.command("list")
@click.argument("words", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print the documents as one JSON array.")
@_settings_options(*_WHERE)
def list_documents(words: tuple[str, ...], as_json: bool, settings: Settings) -> None:
    """List the documents of the index; with WORDS, only documents with all WORDS in title, outlet or path."""
    from rag.index import read_entries
    from rag.index.folder import list_indexes
    from rag.index.store import filter_entries

    entries = filter_entries(read_entries(settings.location), words)
    if as_json:
        click.echo(show_json([asdict(entry) for entry in entries]))
        return
    for entry in entries:
        click.echo(_describe_entry(entry))
    total = sum(entry.chunks for entry in entries)
    others = [name for name in list_indexes(settings.index_dir) if name != settings.name]
    click.echo(f"{settings.location}: {len(entries)} documents, {total} chunks", err=True)
    if others:
        click.echo(f"other indexes (--name): {', '.join(others)}", err=True)


def _describe_entry(entry: "Entry") -> str:
    size = f"{entry.chunks} chunk{'s' * (entry.chunks != 1)}"
    voices = f"{entry.comments} of comments" if entry.comments else ""
    metadata = [f"{name}={value}" for name, value in entry.metadata.items()]
    parts = (entry.title, entry.outlet, entry.date, size, voices, *metadata, *map(show_path, entry.sources))
    return show_line(*filter(None, parts))


@main.command()
@click.argument("paths", nargs=-1, required=True)
@_settings_options(*_WHERE)
def remove(paths: tuple[str, ...], settings: Settings) -> None:
    """Remove the files at PATHS, or in folders, from the index. The files themselves stay."""
    from rag.index.build import remove_sources

    removed = remove_sources(settings.location, paths)
    click.echo(f"{settings.location}: {removed} removed")


@main.command()
@_settings_options(*_WHERE, *_MODELS, "passages", "chunk_tokens")
def doctor(settings: Settings) -> None:
    """Check models, index, offline use and speed. Each problem comes with its remedy."""
    from rag.doctor import examine

    problems = 0
    for finding in examine(settings):
        problems += not finding.ok
        click.echo(f"{'ok' if finding.ok else 'WRONG':7}{finding.subject}: {finding.text}")
        if finding.remedy:
            click.echo(f"{'':7}{finding.remedy}")
    if problems:
        raise click.ClickException(f"{problems} of these are wrong: each line says what to do")


_FILTER = click.option(
    "--filter",
    "where",
    multiple=True,
    callback=_read_filter,
    metavar="NAME=VALUE",
    help="Search only this outlet, author, voice (article or comment), part of a source, date (2012-10), or metadata.",
)


@main.command()
@click.argument("question")
@_FILTER
@click.option("--json", "as_json", is_flag=True, help="Print the answer as one JSON object.")
@click.option(
    "--save",
    type=click.Path(path_type=Path),
    help="Write the answer, with the hashes of its passages, prompts and LLM, to a .json or .md file.",
)
@_settings_options(*_WHERE, *_MODELS, *ANSWER_SETTINGS)
def ask(question: str, where: "Filter | None", as_json: bool, save: Path | None, settings: Settings) -> None:
    """Answer QUESTION from the index, with sources."""
    from rag.assistant import Assistant
    from rag.provenance import check_format, save_answer

    if not question.strip():
        raise click.UsageError("the question is empty: ask something")
    if save:
        check_format(save)
    started = time.perf_counter()
    assistant = Assistant.open(settings=settings)
    loaded = time.perf_counter() - started
    answer = _watch(assistant.stream(question, where=where))
    total = time.perf_counter() - started
    answer = replace(answer, seconds={"load": loaded, **answer.seconds, "total": total})
    click.echo(show_json(answer.to_dict()) if as_json else format_answer(answer))
    if save:
        save_answer(answer, save, assistant=assistant)


@main.command()
@click.argument("question")
@_FILTER
@click.option("--json", "as_json", is_flag=True, help="Print the hits as one JSON array.")
@_settings_options(*_WHERE, "home", "embedder", "reranker", "passages")
def search(question: str, where: "Filter | None", as_json: bool, settings: Settings) -> None:
    """Show the passages found for QUESTION. This needs no LLM."""
    from rag.collection import Collection

    with Collection(settings=settings) as collection:
        hits = collection.search(question, where=where)
    if as_json:
        click.echo(show_json([asdict(hit) for hit in hits]))
        return
    for hit in hits:
        words = show_text(" ".join(hit.chunk.text.split()))
        click.echo(f"{hit.rank}. {describe_source(hit.chunk)} ({hit.relevance:.2f})\n   {words}\n")


@main.command("eval")
@click.argument("dataset", required=False, type=click.Path(path_type=Path))
@click.option("--questions", type=click.Path(path_type=Path), help="Questions to ask instead of DATASET's own.")
@click.option("--limit", type=click.IntRange(1), help="Size of a sample with each type's share, drawn with --seed.")
@click.option("--stage", type=click.Choice(["retrieval", "answers"]), default="answers", show_default=True)
@click.option(
    "--context",
    type=click.Choice(["retrieved", "gold", "none"]),
    default="retrieved",
    show_default=True,
    help="The passages for the answers: the ones found, the gold ones, or none.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the report [eval/DATASET-STAGE-CONTEXT].")
@click.option("--baseline", type=click.Path(path_type=Path), help="Earlier report (report.json or its folder).")
@click.option("--min-score", type=float, help="Exit with status 1 if the score is lower.")
@click.option(
    "--make", type=(click.Choice(["squad2"]), click.Path(path_type=Path)), help="Make a data set from a SQuAD 2.0 file."
)
# Not the setting `context`: here the name means something else.
@_settings_options(
    "index", "index_dir", "chunk_tokens", *[name for name in _MODELS if name != "context"], *ANSWER_SETTINGS
)
def evaluate(
    dataset: Path | None,
    questions: Path | None,
    limit: int | None,
    stage: Literal["retrieval", "answers"],
    context: Literal["retrieved", "gold", "none"],
    out: Path | None,
    baseline: Path | None,
    min_score: float | None,
    make: tuple[str, Path] | None,
    settings: Settings,
) -> None:
    """Ask the questions of DATASET, and report how many are right.

    DATASET is a folder with questions.jsonl and documents. The folder of an index is a data set too: the chat page
    writes questions there.

    To continue a stopped run, run the same command again.
    """
    from rag.evaluation.dataset import load_dataset, sample_questions

    if make:
        _, squad_file = make
        _make_dataset(squad_file, out or Path(squad_file.stem))
        return
    if dataset is None:
        raise click.UsageError("name a data set: a folder with questions.jsonl")
    needs_answers = min_score is not None or context != "retrieved"
    if stage == "retrieval" and needs_answers:
        raise click.UsageError("--min-score and --context need --stage answers: retrieval alone has no answers")
    data = load_dataset(dataset, questions=questions)
    data = data._replace(questions=sample_questions(data.questions, limit, seed=settings.seed))

    # These load the models' libraries, so mistakes in the command or the data set are shown first.
    from rag.evaluation import run
    from rag.evaluation.page import PAGE_FILE
    from rag.evaluation.report import format_report, load_report
    from rag.evaluation.session import name_folder, open_assistant

    folder = out or name_folder(data, stage=stage, context=context)
    earlier = load_report(baseline) if baseline else None
    with _continuing(f"{folder} keeps the finished part"):
        assistant = open_assistant(dataset, data, settings=settings, stage=stage)
        with assistant.index:
            report = run.evaluate(
                assistant, data, context=context, stage=stage, folder=folder, baseline=earlier, progress=True
            )
    click.echo(format_report(report))
    click.echo(f"{folder / PAGE_FILE}: every question, for a browser")
    if min_score is not None:
        _check_score(report, min_score)


def _make_dataset(squad_file: Path, folder: Path) -> None:
    from rag.evaluation.dataset import convert_squad2

    made = convert_squad2(squad_file, folder)
    click.echo(f"{folder}: {len(made.documents)} documents, {len(made.questions)} questions")


def _check_score(report: "Report", least: float) -> None:
    score = report.measures.get("score")
    if score and score.value < least:
        raise click.ClickException(f"the score {score.value:.3f} is below --min-score {least}")


def _read_name(_context: click.Context, _parameter: click.Parameter, given: str | None) -> str | None:
    if given and ":" in given:
        raise click.BadParameter(
            "other users can see a password on the command line: write --auth NAME alone, and give the "
            f"password when asked, with --password-file, or in {PASSWORD_VARIABLE}"
        )
    return given


def _read_hosts(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for name in given:
        if not re.fullmatch(r"([\w.-]+|\[[\da-fA-F:.]+\])(:\d+)?", name):
            raise click.BadParameter(f"write a host name, such as docs.example.org, not {name!r}")
    return given


def _read_password(file: Path | None) -> str:
    """Return the password from a file, the environment or the user; processes that read documents never see it."""
    kept = os.environ.pop(PASSWORD_VARIABLE, "")
    if file:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    if kept:
        return kept
    if not sys.stdin.isatty():
        raise click.UsageError(f"--auth needs a password: set {PASSWORD_VARIABLE}, or give --password-file")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address that the page listens on.")
@click.option("--port", default=7860, show_default=True, type=click.IntRange(1, 65535), help="Port of the page.")
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME[:PORT]",
    callback=_read_hosts,
    help="Another name by which browsers may call the page, such as this machine's. Can be repeated.",
)
@click.option("--auth", metavar="NAME", callback=_read_name, help="Require this name and a password.")
@click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the password of --auth.",
)
@click.option(
    "--no-login",
    is_flag=True,
    help="Confirm a --host without login: everybody may read and change everything.",
)
@click.option("--share", is_flag=True, help="Get a public address from Gradio; needs --auth.")
@click.option("--mcp", is_flag=True, help="Also serve MCP tools; needs pip install 'footnote-rag[mcp]'.")
@_settings_options(*_WHERE, *_MODELS, *ANSWER_SETTINGS)
def ui(
    host: str,
    port: int,
    hosts: tuple[str, ...],
    auth: str | None,
    password_file: Path | None,
    no_login: bool,
    share: bool,
    mcp: bool,
    settings: Settings,
) -> None:
    """Open the chat page.

    Browsers reach it as localhost, by its address, and by the names of --allow-host. Other websites cannot use it.

    Other machines reach it with --host 0.0.0.0, which needs --auth. The command asks for the password, or takes it from
    --password-file or the variable RAG_PASSWORD. Programs and MCP clients then send the header "Authorization: Bearer
    TOKEN". The token is RAG_TOKEN, or a new one that the command prints at the start.
    """
    from rag.web.access import Access
    from rag.web.net import is_loopback
    from rag.web.serve import serve_page

    access = None
    token = os.environ.pop(TOKEN_VARIABLE, "")
    if auth is not None:
        access = Access(auth, _read_password(password_file), token=token)
        if not token:
            click.echo(f"token for programs (set {TOKEN_VARIABLE} to keep one): {access.token}", err=True)
    elif no_login and not is_loopback(host):
        click.secho(
            f"WARNING: {host} has no login: everybody who reaches it can read and change everything", fg="red", err=True
        )
    serve_page(settings, host=host, port=port, names=hosts, access=access, no_login=no_login, share=share, mcp=mcp)


@main.group()
def models() -> None:
    """List, download and verify the models."""


@models.command("list")
@_settings_options("home", opens_models=False)
def list_models(settings: Settings) -> None:
    """List the known models. Shows size, context, licence, and whether they are on this machine."""
    from rag.models.registry import load_registry

    for model in load_registry().values():
        there = "downloaded" if model.is_fetched(settings.home) else "-"
        click.echo(
            f"{model.name:20} {model.kind:9} {model.bytes / 1e6:7,.0f} MB  {model.context:6,} tokens  "
            f"{model.license:11} {there}"
        )


@models.command("pull")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_settings_options("home", "llm", "embedder", opens_models=False)
def pull_models(names: tuple[str, ...], settings: Settings) -> None:
    """Download and verify models. Without NAME: the LLM and the embedder of the settings."""
    from rag.models.fetch import pull_model
    from rag.models.registry import get_model

    usual = [settings.embedder]
    if settings.has_llm_file:
        usual.append(settings.llm)
    for model in [get_model(name) for name in names or usual]:
        click.echo(f"{model.name}: {pull_model(model, home=settings.home)}")


@models.command("verify")
@_settings_options("home", opens_models=False)
def verify_models(settings: Settings) -> None:
    """Check the SHA-256 of every downloaded model."""
    from rag.models.fetch import verify_model
    from rag.models.registry import load_registry

    wrong = []
    fetched = [m for m in load_registry().values() if m.folder(settings.home).exists()]
    for model in fetched:
        bad = verify_model(model, home=settings.home)
        click.echo(f"{model.name}: {'wrong: ' + ', '.join(bad) if bad else 'ok'}")
        if bad:
            wrong.append(model)
    if wrong:
        folders = " ".join(str(model.folder(settings.home)) for model in wrong)
        names = " ".join(model.name for model in wrong)
        raise click.ClickException(f"delete {folders} and run `rag models pull {names}`")
    if not fetched:
        click.echo("no model is downloaded: run `rag models pull`")


def _watch(events: "Iterator[Event]") -> "Answer":
    """Return the answer; until then show the best sentence found, and then the draft, on the status line."""
    from rag.answer.quote.cite import rank_evidence
    from rag.types import Answered, Drafted

    draft = ""
    for event in events:
        if isinstance(event, Answered):
            _show_status("")
            return event.answer
        if isinstance(event, Drafted):
            draft += event.text
            _show_status(draft)
        else:
            found = [sentence.words for sentence, _ in rank_evidence(event.hits)[:1]]
            _show_status(next(iter(found), "reading …"))
    raise AssertionError("a stream ends with an answer")


def _show_status(text: str) -> None:
    """Replace the terminal's status line by the end of a text."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        click.echo(f"\r\033[K{show_line(' '.join(text.split()))[-width:]}", nl=False, err=True)
