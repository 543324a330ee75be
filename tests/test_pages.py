"""The page of a source in the browser: who gets it, for which files, and what it says if there is none."""

import http.client
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

pytest.importorskip("gradio")

from rag import Settings, build_index
from rag.index import open_store
from rag.web.access import Access
from rag.web.launch import launch_page
from rag.web.page import build_page
from rag.web.render import link_picture
from rag.web.workspace import Models, Workspace
from tests.conftest import SharedReader
from tests.fakes import AnsweringLLM, HashingEmbedder
from tests.test_guard import Reply
from tests.test_page_picture import write_pdf

TOKEN = "a token of enough characters"  # noqa: S105


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    root = tmp_path_factory.mktemp("pages")
    embedder = HashingEmbedder()
    write_pdf(root / "zoo.pdf", ["The zebra escaped on Monday."])
    (root / "note.txt").write_text("The lion slept.", encoding="utf-8")
    write_pdf(root / "answers.pdf", ["Is the zebra old? No.", "Is the lion old? No."])
    settings = Settings.load(index_dir=root / "index", name="test", chunk_tokens=32)
    build_index([root / "zoo.pdf", root / "note.txt", root / "answers.pdf"], settings=settings, embedder=embedder)
    workspace = Workspace(settings, lambda _: Models(embedder, AnsweringLLM({})))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rag.web.pages.DocumentReader", SharedReader)
        yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def place(workspace: Workspace) -> str:
    return urlsplit(launch_page(workspace, build_page(workspace), quiet=True)).netloc


def send(place: str, path: str, **headers: str) -> Reply:
    """Ask for an address; to draw a page takes long on a busy machine."""
    connection = http.client.HTTPConnection(place, timeout=200)
    connection.request("GET", path, headers={"host": place, **headers})
    return Reply(connection.getresponse())


def find_zoo(workspace: Workspace) -> Path:
    sources = [source for entry in workspace.list_documents("test") for source in entry.sources]
    return Path(next(source for source in sources if source.endswith("zoo.pdf")))


def link(workspace: Workspace) -> str:
    _, chunks = workspace.read_document("test", str(find_zoo(workspace)))
    return "/" + link_picture("test", chunks, [(0, 28)])


def test_a_document_links_to_the_picture_of_its_page_and_the_address_has_no_path(
    workspace: Workspace, place: str
) -> None:
    query = urlencode({"index": "test", "source": find_zoo(workspace), "quotes": "0-28"})
    html = send(place, f"/document?{query}").text
    (address,) = re.findall('data-picture="(.*?)"', html)
    assert "zoo" not in address
    reply = send(place, "/" + address.replace("&amp;", "&"))
    assert reply.status == 200
    assert 'src="data:image/png;base64,iVBOR' in reply.text
    assert "Page 1 of the file, with the quote marked." in reply.text
    assert reply.headers["cache-control"] == "no-store"
    assert "data-picture" not in send(place, f"/document?{query}".replace("0-28", "")).text


def test_of_equal_quotes_on_a_page_the_cited_one_is_marked(workspace: Workspace, place: str) -> None:
    _, chunks = workspace.read_document("test", str(find_zoo(workspace).with_name("answers.pdf")))
    start = chunks[0].text.rindex("No.")
    address = link_picture("test", chunks, [(start, start + 3)])
    (top,) = re.findall(r'style="top: ([\d.]+)%"', send(place, f"/{address}").text)
    assert float(top) == pytest.approx(26, abs=1)  # the first "No." is at 24


def test_only_files_of_the_index_are_shown(workspace: Workspace, place: str) -> None:
    _, chunks = workspace.read_document("test", str(find_zoo(workspace).with_name("note.txt")))
    for asked, reason in (
        (f"index=test&document={chunks[0].document_id}&quotes=0-5", "There is no picture of this page."),
        (link(workspace).partition("?")[2].replace("0-28", "900-999"), "There is no picture of this page."),
        ("index=test&document=9999999999999999999&quotes=0-5", "is no longer in the index"),
        ("index=test&document=/etc/a.pdf&quotes=0-5", "There is no such document."),
        ("index=../test&document=1&quotes=0-5", "setting name cannot be"),
        ("", "There is no such document."),
    ):
        reply = send(place, f"/page?{asked}")
        assert (reply.status, reply.text.count("\n")) == (404, 0)
        assert reason in reply.text


def test_a_file_that_changed_or_is_gone_is_not_shown(workspace: Workspace, place: str, tmp_path: Path) -> None:
    path, address = find_zoo(workspace), link(workspace)
    indexed = path.read_bytes()
    try:
        write_pdf(path, ["A private letter."])
        reply = send(place, address)
        assert reply.status == 404
        assert "has changed since it was indexed" in reply.text
        path.unlink()
        assert "zoo.pdf is gone" in send(place, address).text
        copy = tmp_path / "copy.pdf"
        copy.write_bytes(indexed)
        path.symlink_to(copy)
        assert "zoo.pdf is gone" in send(place, address).text
    finally:
        path.unlink(missing_ok=True)
        path.write_bytes(indexed)
    assert send(place, address).status == 200


def test_without_a_login_there_is_no_picture(workspace: Workspace) -> None:
    access = Access("ann", "secret", token=TOKEN)
    guarded = urlsplit(launch_page(workspace, build_page(workspace), access=access, quiet=True)).netloc
    assert send(guarded, link(workspace)).status == 401
    assert send(guarded, link(workspace), authorization=f"Bearer {TOKEN}").status == 200


def test_the_hash_of_a_file_decides_and_not_the_name_in_the_store(workspace: Workspace, place: str) -> None:
    """A store on a server can name any file of this machine."""
    zoo, address = find_zoo(workspace), link(workspace)
    secret = write_pdf(zoo.with_name("secret.pdf"), ["A private letter."])
    with closing(open_store(workspace.locate("test"))) as opened, opened.lock(lambda _: True) as store:
        file_hash, document_id = store.get_sources()[str(zoo)]
        store.put_source(str(secret), file_hash=file_hash, document_id=document_id)
        store.remove_source(str(zoo))
    assert "has changed since it was indexed" in send(place, address).text
