"""Makes pages of the site from files outside docs/, for mkdocs.yml; links between all of them lead to the pages."""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
# A file of the repository, and the page that it becomes.
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "reporting.md",
    "prompts/README.md": "prompts.md",
}
FILES = {page: file for file, page in PAGES.items()}
_TARGET = re.compile(r"(?<=\]\()[^)\s#:]+(?=[)\s#])")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are made of files outside docs/."""
    for file, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / file).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Return the text of a page with its links as the site needs them."""
    source = page.file.src_uri
    folder = posixpath.dirname(FILES.get(source, f"docs/{source}"))

    def find_page(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, link[0]))
        return PAGES.get(target, target.removeprefix("docs/"))

    return _TARGET.sub(find_page, markdown)
