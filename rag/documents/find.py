"""Finds the files in folders that can be read, and counts what it passes over."""

import logging
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from rag.documents.read import SHOWN_SUFFIXES, SUFFIXES
from rag.errors import DocumentError
from rag.system import IS_MACOS, IS_WINDOWS

# In the folder of a data set this file has what is asked of the documents beside it, and the answers.
QUESTIONS_FILE = "questions.jsonl"
# Of two rules for one path the later one holds.
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
# A folder that holds one of these files was made by a program, which can make it again.
_MARKS = {"pyvenv.cfg": "as a virtual environment", "CACHEDIR.TAG": "as a cache"}
_LINK_OUT, _SECRET = "as a link out of the folder", "as a file of keys or passwords"
# How Windows marks a folder that is a link to another, and what is hidden.
_JUNCTION, _HIDDEN = 0xA0000003, stat.FILE_ATTRIBUTE_HIDDEN
# Matching takes long with more stars in a rule, or more rules.
_MOST_STARS, _MOST_RULES, _MOST_CHARACTERS = 3, 1000, 100_000

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Search:
    """The files that a search found, in order, the folders it was made in, and what it passed over.

    `passed_over` counts files and folders by the reason. `problems` has a line for each path that cannot be searched or
    has no file: what was indexed from there before may still exist.
    """

    files: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    problems: dict[Path, str] = field(default_factory=dict)


def find_files(paths: Iterable[Path]) -> Search:
    """Return the files at `paths`, and in folders all readable ones, each resolved, in order of name.

    A path that is named is always searched. In folders the search passes over hidden files, links that lead out, what
    a .gitignore or .ragignore names, installed packages, caches, files of passwords and a data set's questions. Raises
    DocumentError if there is no file at all.
    """
    search = Search()
    for path in paths:
        place = Path(os.path.realpath(path))
        try:
            _add_path(search, path, place, path.stat().st_mode)
        except FileNotFoundError:
            search.problems[place] = f"no such file or folder: {path}; check the spelling"
        except OSError as exc:
            search.problems[place] = f"cannot read {path}: {exc.strerror}"
    if not search.files:
        raise DocumentError("; ".join(search.problems.values()))
    return search


def _add_path(search: Search, path: Path, place: Path, mode: int) -> None:
    if stat.S_ISREG(mode):
        search.files.append(place)
    elif stat.S_ISDIR(mode):
        search.folders.append(place)
        inner = Search()
        _Walk(inner, place).walk()
        if not inner.files:
            # A disk that is not mounted leaves an empty folder: that is no sign that its documents were deleted.
            passed_over = "".join(f"; {count} passed over {why}" for why, count in inner.passed_over.items())
            inner.problems.setdefault(
                place,
                f"no file in {path} can be read ({SHOWN_SUFFIXES}{passed_over}); name another folder, or run "
                f"`rag remove {path}` if its documents are to go",
            )
        search.files.extend(inner.files)
        search.passed_over.update(inner.passed_over)
        search.problems.update(inner.problems)
    else:
        search.problems[place] = f"cannot read {path}: it is no file; name a file or a folder"


class _Rules(NamedTuple):
    """The rules of an ignore file, which hold in its folder."""

    folder: str
    name: str
    spec: GitIgnoreSpec

    def judge(self, path: str) -> bool | None:
        """Return whether the file at `path`, or the folder if it ends with a slash, is to be ignored.

        None: no rule speaks of it.
        """
        return self.spec.check_file(path[len(self.folder) :].replace(os.sep, "/").lstrip("/")).include


class _Walk:
    """Walks through a folder; of links it follows those to files in the folder alone."""

    def __init__(self, search: Search, root: Path) -> None:
        self._search = search
        self._root = root

    def walk(self) -> None:
        """Add the files, those of a folder before those of the folders in it."""
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
                continue
            except DocumentError as exc:
                self._search.problems[Path(folder)] = str(exc)
                continue
            marks = [why for name, why in _MARKS.items() if name in entries]
            if marks and folder != str(self._root):
                self._pass_over(folder, marks[0])
                continue
            folders += reversed([(inner, rules) for inner in self._visit(entries.values(), rules)])

    def _visit(self, entries: Iterable[os.DirEntry[str]], rules: tuple[_Rules, ...]) -> Iterator[str]:
        """Add the files among a folder's entries, and yield the folders."""
        for entry in entries:
            if _is_hidden(entry):
                continue
            if _is_link(entry):
                self._visit_link(entry, rules)
            elif _is_folder(entry):
                why = f"as {entry.name}" if entry.name in _PACKAGES else _find_rule(f"{entry.path}/", rules)
                if why:
                    self._pass_over(entry.path, why)
                else:
                    yield entry.path
            elif _is_file(entry):
                self._visit_file(entry, Path(entry.path), rules)

    def _visit_link(self, entry: os.DirEntry[str], rules: tuple[_Rules, ...]) -> None:
        target = Path(os.path.realpath(entry.path))
        mode = _get_mode(target)
        is_folder = stat.S_ISDIR(mode)
        is_file = stat.S_ISREG(mode) and _is_readable(entry.name)
        if not is_folder and not is_file:
            return
        if not target.is_relative_to(self._root):
            self._pass_over(entry.path, _LINK_OUT)
        elif not is_folder:  # a folder in this one is searched anyway
            self._visit_file(entry, target, rules)

    def _visit_file(self, entry: os.DirEntry[str], target: Path, rules: tuple[_Rules, ...]) -> None:
        if not _is_readable(entry.name):
            return
        is_secret = any(_SECRETS.match_file(name.lower()) for name in {entry.name, target.name})
        why = _SECRET if is_secret else _find_rule(entry.path, rules)
        if why:
            self._pass_over(entry.path, why)
        else:
            self._search.files.append(target)

    def _pass_over(self, path: str, why: str) -> None:
        logger.debug("passed over %r %s", path, why)
        self._search.passed_over[why] += 1


def _list_folder(folder: str) -> dict[str, os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return {entry.name: entry for entry in sorted(entries, key=lambda entry: entry.name)}


def _get_mode(path: Path) -> int:
    """Return the type and permissions of a file; 0 if there is none that can be reached."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _is_hidden(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry's name begins with a dot, or it has the mark of macOS or Windows for what is hidden."""
    if entry.name.startswith("."):
        return True
    if not (IS_MACOS or IS_WINDOWS):
        return False
    status = _get_status(entry)
    marks = getattr(status, "st_flags", 0) & stat.UF_HIDDEN, getattr(status, "st_file_attributes", 0) & _HIDDEN
    return any(marks)


def _is_link(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a link; a junction of Windows is one too, to a folder."""
    is_junction = IS_WINDOWS and getattr(_get_status(entry), "st_reparse_tag", 0) == _JUNCTION
    return is_junction or entry.is_symlink()


def _get_status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:
        return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file(follow_symlinks=False)
    except OSError:
        return True  # whoever reads it says what is wrong


def _is_readable(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES and name != QUESTIONS_FILE


def _find_rule(path: str, rules: tuple[_Rules, ...]) -> str | None:
    """Return why a path is to be ignored; of two rules the one of the inner folder, or the later file, holds."""
    for rule in reversed(rules):
        is_ignored = rule.judge(path)
        if is_ignored is not None:
            return f"by {rule.name}" if is_ignored else None
    return None


def _read_rules(folder: str, entries: dict[str, os.DirEntry[str]]) -> Iterator[_Rules]:
    """Yield the rules of a folder's ignore files; raises OSError or DocumentError if they cannot be known."""
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
    """Yield a pattern for each line; like Git leave out a line that is no rule."""
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
