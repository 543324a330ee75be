"""The modules of the package import one another in one direction."""

import ast
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def list_imports(path: Path) -> set[str]:
    """Return the names of the package's modules that a file imports, at once or later."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("rag"):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_no_module_imports_itself_by_way_of_others() -> None:
    files = {path: path.relative_to(ROOT).with_suffix("") for path in (ROOT / "rag").rglob("*.py")}
    modules = {".".join(name.parts).removesuffix(".__init__"): path for path, name in files.items()}
    imports = {name: list_imports(path) & modules.keys() - {"rag"} for name, path in modules.items()}
    del imports["rag"]  # its names are imported when they are asked for
    assert len(list(TopologicalSorter(imports).static_order())) == len(modules) - 1


def test_the_wheel_has_every_package_and_every_folder_of_prompts() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    modules = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "rag").rglob("__init__.py")}
    prompts = {f"rag.prompts.{path.name}" for path in (ROOT / "prompts").iterdir() if path.is_dir()}
    assert set(setuptools["packages"]) == modules | prompts
    assert setuptools["package-dir"].keys() == prompts
    assert prompts <= setuptools["package-data"].keys()


def test_both_lock_files_name_the_same_versions() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()[1:]
    pairs = [line.split("==") for line in lines]
    pinned: dict[str, str] = {canonicalize_name(name): version for name, version in pairs}
    del pinned["pip"]  # the one that made the file
    packages = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    locked = {package["name"]: package["version"] for package in packages if package["name"] in pinned}
    assert locked == pinned
