"""Finds the readable files in folders, and counts the files and folders that it passes over."""

import codecs
import logging
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import NamedTuple, TypeVar

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from rag.documents.read import SHOWN_SUFFIXES, SUFFIXES, find_suffix
from rag.errors import DocumentError
from rag.system import IS_MACOS, IS_WINDOWS

# A data set's questions and their answers are in a file of this name, beside the documents.
QUESTIONS_FILE = "questions.jsonl"
# Of two rules for one path, the later file's holds.
_IGNORE_FILES = (".gitignore", ".ragignore")
# Well-known programs give these names to files of keys and passwords. The syntax is that of .gitignore.
_SECRETS = GitIgnoreSpec.from_lines((
    "id_rsa", "id_rsa.*", "id_dsa", "id_dsa.*", "id_ecdsa", "id_ecdsa.*", "id_ed25519", "id_ed25519.*", "*.ppk",
    "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", ".env", ".env.*", "*.env",
    ".netrc", "_netrc", ".pgpass", ".npmrc", ".pypirc", ".htpasswd", "htpasswd", ".git-credentials", "wp-config.php",
    "credentials", "credentials.*", "*_credentials.json", "client_secret*.json", "service[-_]account*.json",
    "token.json", "rootkey.csv", "*_accesskeys.csv", "secrets.*", "kubeconfig", "kubeconfig.*", "*.tfstate", "*.tfvars",
    "logins.json", "*passwords.csv", "*recovery-codes.txt", "bitwarden_export*",
))  # fmt: skip
_PACKAGES = frozenset(("node_modules", "bower_components", "site-packages", "__pycache__"))
# A program made the folders with one of these files, and can make them again.
_MARKS = {"pyvenv.cfg": "as a virtual environment", "CACHEDIR.TAG": "as a cache"}
# Browsers save a page's scripts and styles in a folder beside it, in the language of the system: "Prices_files".
_COMPANIONS = re.compile(
    r"(.+)(?:[_-](?:files|dateien|fichiers|archivos|ficheiros|file|bestanden|filer|pliki)|\.files)", re.I
)
_PAGES = (".html", ".htm", ".xhtml")
_COMPANION = "as files of a saved page"
_LINK_OUT, _SECRET = "as a link out of the folder", "as a file of keys or passwords"
# Windows' mark of a folder that is a link to another.
_JUNCTION = 0xA0000003
# Rules with more stars, or more rules, would make the matching slow.
_MOST_STARS, _MOST_RULES, _MOST_CHARACTERS = 3, 1000, 100_000

# A file without a suffix is text if this many bytes at its beginning are.
_BEGINNING = 1024

ResultT = TypeVar("ResultT")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Search:
    """The files that a search found, in order, and the folders that it searched.

    `passed_over` counts the files and folders that were left out, by the reason. `problems` has a line for each path
    that cannot be searched or has no file: files that were indexed from there may still exist.
    """

    files: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    problems: dict[Path, str] = field(default_factory=dict)


def find_files(paths: Iterable[Path]) -> Search:
    """Return the files at `paths`, and in folders all readable ones, each resolved, in order of name.

    The paths themselves are always searched. In folders the search passes over hidden files, links that lead out, and
    the files that a .gitignore or .ragignore names. It also passes over installed packages, caches, files of passwords
    and a data set's questions. Raises DocumentError if there is no file at all.
    """
    search = Search()
    for path in paths:
        real_path = Path(os.path.realpath(path))
        try:
            _add_path(search, path, real_path, path.stat().st_mode)
        except FileNotFoundError:
            search.problems[real_path] = f"no such file or folder: {path}; check the spelling"
        except OSError as exc:
            search.problems[real_path] = f"cannot read {path}: {exc.strerror}"
    if not search.files:
        raise DocumentError("; ".join(search.problems.values()))
    return search


def _add_path(search: Search, path: Path, real_path: Path, mode: int) -> None:
    if stat.S_ISREG(mode):
        search.files.append(real_path)
        return
    if not stat.S_ISDIR(mode):
        search.problems[real_path] = f"cannot read {path}: it is no file; name a file or a folder"
        return
    search.folders.append(real_path)
    inner = Search()
    _Walk(inner, real_path).walk()
    if not inner.files:
        # A disk that is not mounted leaves an empty folder: its documents may still exist.
        passed_over = "".join(f"; {count} passed over {why}" for why, count in inner.passed_over.items())
        inner.problems.setdefault(
            real_path,
            f"no file in {path} can be read ({SHOWN_SUFFIXES}{passed_over}); name another folder, or run "
            f"`rag remove {path}` if its documents are to go",
        )
    search.files.extend(inner.files)
    search.passed_over.update(inner.passed_over)
    search.problems.update(inner.problems)


def judge_name(path: PurePath) -> str | None:
    """Return why a search would pass over a file by its path alone; None if it would not."""
    if any(part.startswith(".") for part in path.parts):
        return "as a hidden file"
    packages = _PACKAGES.intersection(path.parts[:-1])
    if packages:
        return f"as {min(packages)}"
    return _SECRET if _SECRETS.match_file(path.name.lower()) else None


class _Rules(NamedTuple):
    """The rules of an ignore file; they hold in its folder."""

    folder: str
    name: str
    spec: GitIgnoreSpec

    def judge(self, path: str) -> bool | None:
        """Return whether to ignore the file at `path`, or the folder if it ends with a slash; None: no rule fits."""
        return self.spec.check_file(path[len(self.folder) :].replace(os.sep, "/").lstrip("/")).include


class _Walk:
    """Walks through a folder; it follows no links but those to files in the folder."""

    def __init__(self, search: Search, root: Path) -> None:
        self._search = search
        self._root = root

    def walk(self) -> None:
        """Add the files; a folder's own files come before its folders."""
        folders: list[tuple[str, tuple[_Rules, ...]]] = [(str(self._root), ())]
        while folders:
            folder, rules = folders.pop()
            try:
                entries = _list_folder(folder)
                rules = (*rules, *_read_rules(folder, entries))
            except FileNotFoundError:
                continue  # somebody has just deleted it
            except OSError as exc:
                self._search.problems[Path(folder)] = f"cannot read {exc.filename or folder}: {exc.strerror}"
            except DocumentError as exc:
                self._search.problems[Path(folder)] = str(exc)
            else:
                inner = list(self._visit_folder(folder, entries, rules))
                folders += [(name, rules) for name in reversed(inner)]

    def _visit_folder(
        self, folder: str, entries: dict[str, os.DirEntry[str]], rules: tuple[_Rules, ...]
    ) -> Iterator[str]:
        """Add the files of a folder, and yield the folders in it; one that a program made is passed over."""
        for name, why in _MARKS.items():
            if name in entries and folder != str(self._root):
                self._pass_over(folder, why)
                return
        for entry in entries.values():
            if _is_companion(entry.name, entries) and _is_folder(entry):
                self._pass_over(entry.path, _COMPANION)
            elif not _is_hidden(entry):
                yield from self._visit(entry, rules)

    def _visit(self, entry: os.DirEntry[str], rules: tuple[_Rules, ...]) -> Iterator[str]:
        if _is_link(entry):
            self._visit_link(entry, rules)
        elif _is_folder(entry):
            why = f"as {entry.name}" if entry.name in _PACKAGES else _find_rule(f"{entry.path}/", rules)
            if why:
                self._pass_over(entry.path, why)
            else:
                yield entry.path
        elif _ask(lambda: entry.is_file(follow_symlinks=False), default=True):  # the reader reports the error
            self._visit_file(entry, Path(entry.path), rules)

    def _visit_link(self, entry: os.DirEntry[str], rules: tuple[_Rules, ...]) -> None:
        target = Path(os.path.realpath(entry.path))
        mode = _ask(lambda: target.stat().st_mode, 0)
        is_file = stat.S_ISREG(mode)
        if target.is_relative_to(self._root):
            if is_file:  # the walk visits folders inside anyway
                self._visit_file(entry, target, rules)
        elif stat.S_ISDIR(mode) or (
            is_file and find_suffix(Path(entry.name)) in SUFFIXES
        ):  # a file outside is not opened
            self._pass_over(entry.path, _LINK_OUT)

    def _visit_file(self, entry: os.DirEntry[str], target: Path, rules: tuple[_Rules, ...]) -> None:
        if entry.name == QUESTIONS_FILE:
            return
        is_secret = any(_SECRETS.match_file(name.lower()) for name in {entry.name, target.name})
        why = _SECRET if is_secret else _find_rule(entry.path, rules)
        if why:
            self._pass_over(entry.path, why)
        elif not _is_readable(target, entry.name):
            self._pass_over(entry.path, _describe_format(entry.name))
        else:
            self._search.files.append(target)

    def _pass_over(self, path: str, why: str) -> None:
        logger.debug("passed over %r %s", path, why)
        self._search.passed_over[why] += 1


def _list_folder(folder: str) -> dict[str, os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return {entry.name: entry for entry in sorted(entries, key=lambda entry: entry.name)}


def _is_companion(name: str, entries: Mapping[str, os.DirEntry[str]]) -> bool:
    """Return whether a folder has a name for the scripts and styles of a page beside it."""
    companion = _COMPANIONS.fullmatch(name)
    return companion is not None and any(f"{companion[1]}{suffix}" in entries for suffix in _PAGES)


def _ask(ask: Callable[[], ResultT], default: ResultT) -> ResultT:
    """Return what the system says of a file, or a default if the file cannot be reached."""
    try:
        return ask()
    except OSError:
        return default


def _is_hidden(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry's name begins with a dot, or has the mark of macOS or Windows for hidden files."""
    return (
        entry.name.startswith(".")
        or _get_mark(entry, "st_flags") & stat.UF_HIDDEN != 0
        or _get_mark(entry, "st_file_attributes") & stat.FILE_ATTRIBUTE_HIDDEN != 0
    )


def _is_link(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a link; a junction of Windows is one too, to a folder."""
    return entry.is_symlink() or _get_mark(entry, "st_reparse_tag") == _JUNCTION


def _get_mark(entry: os.DirEntry[str], name: str) -> int:
    """Return a mark that macOS or Windows keeps of a file; 0 on other systems."""
    if not (IS_MACOS or IS_WINDOWS):
        return 0
    status = _ask(lambda: entry.stat(follow_symlinks=False), None)
    return int(getattr(status, name, 0))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return _ask(lambda: entry.is_dir(follow_symlinks=False), default=False)


def _is_readable(path: Path, name: str) -> bool:
    """Return whether a file has a readable format by its name; one without a suffix has if it is text."""
    suffix = find_suffix(Path(name))
    return suffix in SUFFIXES if suffix else _is_text(path)


def _is_text(path: Path) -> bool:
    """Return whether the beginning of a file is text in UTF-8."""
    try:
        with path.open("rb") as file:
            beginning = file.read(_BEGINNING)
        codecs.getincrementaldecoder("utf-8")().decode(beginning)  # the last character may be cut
    except (OSError, UnicodeDecodeError):
        return False
    return beginning.strip() != b"" and b"\0" not in beginning


def _describe_format(name: str) -> str:
    """Return why a file with this name is passed over: its format cannot be read."""
    suffix = find_suffix(Path(name))
    is_plain = re.fullmatch(r"\.\w{1,12}", suffix) is not None
    return f"of the unreadable format {suffix}" if is_plain else "of an unreadable format"


def _find_rule(path: str, rules: tuple[_Rules, ...]) -> str | None:
    """Return the rule by which a path is ignored, or None. The rules of inner folders and of later files come first."""
    for rule in reversed(rules):
        is_ignored = rule.judge(path)
        if is_ignored is not None:
            return f"by {rule.name}" if is_ignored else None
    return None


def _read_rules(folder: str, entries: dict[str, os.DirEntry[str]]) -> Iterator[_Rules]:
    """Yield the rules of a folder's ignore files; raises OSError or DocumentError for a file that cannot be used."""
    for name in _IGNORE_FILES:
        if name not in entries or not entries[name].is_file(follow_symlinks=False):
            continue
        with Path(folder, name).open(encoding="utf-8", errors="replace") as file:
            lines = file.read(_MOST_CHARACTERS).splitlines()
            is_long = len(lines) > _MOST_RULES or file.read(1) != ""
        if is_long:
            raise DocumentError(
                f"cannot read {folder}: its {name} has more than {_MOST_RULES:,} rules; shorten it, or name the files"
            )
        yield _Rules(folder, name, GitIgnoreSpec(_make_patterns(lines, f"{folder}/{name}")))


def _make_patterns(lines: Iterable[str], path: str) -> Iterator[GitIgnoreSpecPattern]:
    """Yield a pattern for each line; a line that is not a rule is left out, as in Git."""
    for number, line in enumerate(lines, 1):
        try:
            if _is_costly(line):
                raise ValueError("it has too many stars")
            yield GitIgnoreSpecPattern(line)
        except (ValueError, re.error):
            logger.warning("%r: line %d is no rule that can be followed; it is left out", path, number)


def _is_costly(rule: str) -> bool:
    """Return True for a rule whose stars would make the matching of a long name take minutes."""
    is_comment = rule.startswith("#")
    return not is_comment and max(rule.count("**/"), rule.replace("**/", "").count("*")) > _MOST_STARS
