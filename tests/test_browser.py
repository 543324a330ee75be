"""The page in a real browser, with a scripted LLM: what is done with mouse and keys, and what is seen."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("gradio")
pytest.importorskip("playwright")

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from reportlab.pdfgen.canvas import Canvas

from rag import Settings, build_index
from rag.web.launch import launch_page
from rag.web.page import build_page
from rag.web.workspace import Models, Workspace
from tests.conftest import ARTICLE
from tests.fakes import AnsweringLLM, HashingEmbedder, wait_until

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

REPLIES = {
    "new bridge cost": "The bridge cost nine million euros. It was painted by the king.",
    "officials suspect": "Some officials suspect that a rival power was behind the cancellation.",
    "pipeline contract": "A reader says that the pipeline contract was surely not ready.",
    "it cost": "What did the new bridge cost?",
    "zebra": "The zebra escaped on Monday.",
    "ferry": "The ferry sank on Monday.",
    "bridge take": "The bridge took long. " * 60,
    "evil": "The evil file has a picture.",
}
COST, LONG, SUSPECT, PIPELINE, NOWHERE = (
    "What did the new bridge cost?",
    "How long did the new bridge take?",
    "What do officials suspect about the cancelled visit?",
    "Was the pipeline contract ready?",
    "Who painted the ceiling of the town hall?",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def llm() -> AnsweringLLM:
    return AnsweringLLM(REPLIES, delay_s=0.05)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, llm: AnsweringLLM) -> Iterator[str]:
    root = tmp_path_factory.mktemp("browser")
    docs, embedder = root / "docs", HashingEmbedder()
    docs.mkdir()
    (docs / "visit.txt").write_text(ARTICLE, encoding="utf-8")
    (docs / "bridge.md").write_text("# A new bridge\n\nThe bridge cost nine million euros.\n", encoding="utf-8")
    settings = Settings.load(index_dir=root / "index", name="test", chunk_tokens=32)
    build_index([docs], settings=settings, embedder=embedder)
    workspace = Workspace(settings, lambda _: Models(embedder, llm))
    yield launch_page(workspace, build_page(workspace), quiet=True)
    workspace.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page of its own browser, which may ask this machine alone."""
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        asked: list[str] = []
        errors: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        expect(page.locator("#fn-question textarea")).to_be_visible()
        expect(page.locator("#fn-status")).to_contain_text("scripted")
        yield page
        assert not errors
        assert not [url for url in asked if not url.startswith((address, "data:", "blob:"))]


def ask(page: Page, question: str) -> Locator:
    """Ask, and return the answer when it is there."""
    before = page.locator(".fn-outcome").count()
    page.locator("#fn-question textarea").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".fn-outcome")).to_have_count(before + 1)
    return page.locator(".fn-answer").last


def test_while_a_question_is_typed_its_first_passage_is_read(page: Page, llm: AnsweringLLM) -> None:
    del llm.read_ahead[:]
    box = page.locator("#fn-question textarea")
    box.press_sequentially("What did")
    page.wait_for_timeout(500)
    assert not llm.read_ahead
    box.press_sequentially(" the new bridge cost?", delay=20)
    wait_until(lambda: bool(llm.read_ahead))
    passage = llm.read_ahead[-1][-1]
    assert "The bridge cost nine million euros." in passage.content[: passage.shared]


def test_evidence_comes_first_then_a_draft_then_the_checked_answer(page: Page) -> None:
    page.locator("#fn-question textarea").fill(COST)
    page.keyboard.press("Enter")
    expect(page.locator(".fn-evidence q").first).to_have_text("The bridge cost nine million euros.")
    expect(page.locator(".fn-draft")).to_contain_text("not checked yet")
    assert "[1]" not in page.locator(".fn-draft").inner_text()
    page.locator("#fn-question textarea").fill("The next question")
    answer = page.locator(".fn-answered")
    expect(answer).to_contain_text("The bridge cost nine million euros. [1]")
    expect(answer).not_to_contain_text("It was painted by the king.")
    expect(page.locator(".fn-draft")).to_have_count(0)
    expect(page.locator("#fn-question textarea")).to_have_value("The next question")


def test_nothing_jumps_while_an_answer_is_written(page: Page) -> None:
    ask(page, COST)
    page.evaluate(
        """() => { window.shifted = 0; new PerformanceObserver(list => {
            list.getEntries().forEach(entry => { window.shifted += entry.value; });
        }).observe({type: 'layout-shift'}); }"""
    )
    ask(page, SUSPECT)
    assert page.evaluate("window.shifted") < 0.05  # half of what web.dev/cls calls good


def test_a_number_lights_up_its_card_with_the_quote_also_of_an_earlier_answer(page: Page) -> None:
    ask(page, COST)
    answer = ask(page, SUSPECT)
    expect(answer.locator(".fn-cite")).to_have_count(1)
    quote = page.locator(".fn-turn:visible .fn-card mark").first
    expect(quote).to_have_text("Some officials suspect that a rival power was behind the cancellation.")
    page.locator("a.fn-cite").first.click()
    card = page.locator(".fn-card.fn-lit")
    expect(card).to_be_in_viewport()
    expect(card.locator("mark")).to_have_text("The bridge cost nine million euros.")
    expect(quote.locator("visible=true")).not_to_contain_text("officials")


def test_a_comment_is_unconfirmed_and_looks_it(page: Page) -> None:
    answer = ask(page, PIPELINE)
    expect(answer).to_contain_text("Not confirmed: only readers' comments say so")
    card = page.locator(".fn-card.fn-comment").first
    expect(card).to_contain_text(re.compile("reader’s comment by Zara", re.IGNORECASE))


def test_a_link_opens_the_whole_document_at_the_quote(page: Page) -> None:
    ask(page, PIPELINE)
    with page.context.expect_page() as opened:
        page.locator(".fn-card.fn-comment a").first.click()
    whole = opened.value
    expect(whole.locator("h1")).to_have_text("Minister arrives after summit is called off")
    expect(whole.locator("section.fn-comment mark#quote")).to_be_in_viewport()


def test_a_follow_up_is_understood(page: Page) -> None:
    ask(page, "When did the minister arrive in the town?")
    answer = ask(page, "What did it cost?")
    expect(answer).to_contain_text("Understood as: What did the new bridge cost?")
    expect(answer).to_contain_text("nine million")


def test_what_the_documents_do_not_say_has_no_sources(page: Page) -> None:
    expect(ask(page, NOWHERE)).to_contain_text("Not in the documents")
    expect(page.locator(".fn-turn:visible h2")).to_have_text("Near, but not an answer")
    expect(page.locator(".fn-turn:visible .fn-number")).to_have_count(0)


def test_stop_ends_the_writing_and_gives_the_question_back(page: Page, llm: AnsweringLLM) -> None:
    stopped = llm.stopped
    ways: list[Callable[[], None]] = [
        lambda: page.keyboard.press("Escape"),
        lambda: page.locator("#fn-question .stop-button").click(),
    ]
    for stop in ways:
        page.locator("#fn-question textarea").fill(LONG)
        page.keyboard.press("Enter")
        expect(page.locator(".fn-draft")).to_contain_text("not checked yet")
        stop()
        expect(page.locator(".fn-draft")).to_have_count(0)
        expect(page.locator("#fn-question textarea")).to_have_value(LONG)
        stopped += 1
        wait_until(lambda: llm.stopped == stopped)  # noqa: B023
    expect(page.locator(".fn-outcome")).to_have_count(0)
    expect(ask(page, COST)).to_contain_text("nine million")


def test_a_question_sent_twice_is_asked_once_and_one_sent_right_after_a_stop_is_answered(page: Page) -> None:
    question = page.locator("#fn-question textarea")
    question.fill(COST)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator(".fn-outcome")).to_have_count(1)
    question.fill(LONG)
    page.keyboard.press("Enter")
    expect(page.locator(".fn-draft")).to_contain_text("not checked yet")
    page.keyboard.press("Escape")
    expect(question).to_have_value(LONG)
    question.fill(SUSPECT)
    page.keyboard.press("Enter")
    expect(page.locator(".fn-outcome")).to_have_count(2)


def test_a_closed_tab_stops_its_answer(browser: Browser, address: str, llm: AnsweringLLM) -> None:
    stopped = llm.stopped
    tab = browser.new_page()
    tab.goto(address)
    tab.locator("#fn-question textarea").fill(LONG)
    tab.keyboard.press("Enter")
    expect(tab.locator(".fn-draft")).to_contain_text("not checked yet")
    tab.close()
    wait_until(lambda: llm.stopped == stopped + 1)


def test_an_answer_is_asked_again_edited_copied_and_rated(page: Page) -> None:
    ask(page, COST)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("a.fn-copy").click()
    expect(page.locator("a.fn-copy")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("The bridge cost nine million euros [1].")
    assert "“The bridge cost nine million euros.”" in copied
    page.get_by_label("Retry").click()
    # It looks at each frame: the draft is there for half a second, which `expect` can miss.
    page.wait_for_function("document.querySelector('.fn-draft')")
    expect(page.locator(".fn-outcome")).to_have_count(1)
    ask(page, SUSPECT)
    page.locator("a.fn-edit").first.click()
    expect(page.locator("#fn-question textarea")).to_have_value(COST)
    page.locator("#fn-question textarea").fill(PIPELINE)
    page.keyboard.press("Enter")
    expect(page.locator(".fn-unconfirmed .fn-outcome")).to_have_count(1)
    expect(page.locator(".fn-outcome")).to_have_count(1)
    page.get_by_label("Dislike").click()
    page.get_by_label("A right answer contains").fill("never signed")
    page.get_by_role("button", name="Make it a test").click()
    expect(page.get_by_text("Written to questions.jsonl")).to_be_visible()


def test_a_reload_shows_the_same_conversation_which_can_be_found_renamed_exported_and_deleted(page: Page) -> None:
    ask(page, NOWHERE)
    ask(page, COST)
    shown = page.get_by_role("log").inner_text()
    card = page.locator(".fn-turn:visible .fn-card").first.inner_text()
    expect(page).to_have_url(re.compile(r"\?c="))
    page.reload()
    expect(page.locator(".fn-outcome")).to_have_count(2)
    expect(page.locator(".fn-turn:visible .fn-card").first).to_be_visible()
    assert page.get_by_role("log").inner_text() == shown
    assert page.locator(".fn-turn:visible .fn-card").first.inner_text() == card
    page.get_by_role("button", name="This conversation").click()
    expect(page.locator("#fn-listed input:checked")).to_have_count(1)  # all that loads has come
    expect(page.get_by_label("Title")).to_have_value(NOWHERE)
    page.get_by_label("Title").fill("")
    page.get_by_label("Title").press_sequentially("About the town hall", delay=20)  # Enter may overtake a filled text
    page.keyboard.press("Enter")
    expect(page.locator("#fn-listed")).to_contain_text("About the town hall")
    with page.expect_download() as download:
        page.get_by_role("link", name="Markdown").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert text.startswith(f"## {NOWHERE}")
    assert "“The bridge cost nine million euros.”" in text
    page.locator("#fn-words input, #fn-words textarea").fill("ceiling hall nine")
    expect(page.locator("#fn-listed label")).to_have_count(1)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".fn-outcome")).to_have_count(0)
    expect(page.locator("#fn-listed input:checked")).to_have_count(0)  # a click on what is chosen does nothing
    page.locator("#fn-listed label").first.click()
    expect(page.locator(".fn-outcome")).to_have_count(2)
    page.get_by_role("button", name="Delete this conversation").click()
    expect(page.locator(".fn-outcome")).to_have_count(0)
    expect(page.locator("#fn-listed label")).to_have_count(0)


def test_a_question_that_is_left_for_another_conversation_is_answered_and_kept_in_its_own(page: Page) -> None:
    page.locator("#fn-question textarea").fill(LONG)
    page.keyboard.press("Enter")
    expect(page.locator(".fn-draft")).to_contain_text("took long")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".fn-answer")).to_have_count(0)
    page.locator("#fn-question textarea").fill(COST)
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 question before yours")).to_be_visible()
    expect(page.locator(".fn-answered")).to_contain_text("nine million euros", timeout=60_000)
    expect(page.locator(".fn-answer")).to_have_count(1)
    expect(page.locator("#fn-listed label").first).to_have_text(COST)
    page.locator("#fn-listed label", has_text=LONG).click()
    expect(page.locator(".fn-answer")).to_have_count(1)
    expect(page.get_by_role("log")).to_contain_text(LONG)


def test_a_conversation_that_is_deleted_while_it_is_answered_is_gone(page: Page) -> None:
    ask(page, COST)
    page.locator("#fn-question textarea").fill(LONG)
    page.keyboard.press("Enter")
    expect(page.locator(".fn-draft")).to_contain_text("took long")
    kept = page.locator("#fn-listed label").count()
    page.get_by_role("button", name="This conversation").click()
    page.get_by_role("button", name="Delete this conversation").click()
    expect(page.locator(".fn-answer")).to_have_count(0)
    expect(page.locator("#fn-listed label")).to_have_count(kept - 1)
    expect(page.locator("#fn-question textarea")).to_have_value("")
    expect(page.locator("#fn-question .submit-button")).to_be_visible()  # before, Enter may be lost
    expect(ask(page, NOWHERE)).to_contain_text("Not in the documents")
    expect(page.locator("#fn-listed label").first).to_have_text(NOWHERE)
    assert page.locator("#fn-listed label").count() == kept


def make_pdf(path: Path, line: str) -> Path:
    canvas = Canvas(str(path))
    canvas.drawString(72, 720, line)
    canvas.save()
    return path


def test_a_pdf_is_added_asked_and_removed(page: Page, tmp_path: Path) -> None:
    expect(ask(page, "When did the zebra escape?")).to_contain_text("Not in the documents")
    page.get_by_role("tab", name="Documents").click()
    files = [make_pdf(tmp_path / "zoo.pdf", "The zebra escaped on Monday."), tmp_path / "broken.pdf"]
    files[1].write_bytes(b"no pdf")
    page.locator("#fn-upload input[type=file]").set_input_files(files)
    expect(page.locator("#fn-progress")).to_contain_text("1 added or changed, 1 refused")
    expect(page.locator("#fn-progress li")).to_contain_text("broken.pdf")
    row = page.locator("#fn-documents tr", has_text="zoo.pdf")
    expect(row).to_have_count(1)
    page.get_by_role("tab", name="Ask").click()
    expect(ask(page, "When did the zebra escape?")).to_contain_text("The zebra escaped on Monday. [1]")
    expect(page.locator(".fn-turn:visible .fn-card").first).to_contain_text("p. 1")
    page.get_by_role("tab", name="Documents").click()
    page.once("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button").click()
    expect(page.locator("#fn-progress")).to_contain_text("zoo.pdf is removed")
    expect(row).to_have_count(0)
    page.get_by_role("tab", name="Ask").click()
    expect(ask(page, "When did the zebra escape?")).to_contain_text("Not in the documents")
    page.reload()
    expect(page.locator(".fn-outcome")).to_have_count(3)
    expect(page.locator(".fn-stale")).to_have_text("This source is no longer in the index.")


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_a_quote_is_seen_on_the_page_of_its_file(page: Page, tmp_path: Path, size: tuple[int, int]) -> None:
    page.get_by_role("tab", name="Documents").click()
    pdf = make_pdf(tmp_path / "ferry.pdf", "The ferry sank on Monday.")
    page.locator("#fn-upload input[type=file]").set_input_files(pdf)
    expect(page.locator("#fn-progress")).to_contain_text(re.compile("1 added|1 unchanged"))
    page.get_by_role("tab", name="Ask").click()
    ask(page, "When did the ferry sink?")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="See the page").first.click()
    source = opened.value
    source.set_viewport_size({"width": size[0], "height": size[1]})
    expect(source.locator("figcaption")).to_have_text("Page 1 of the file, with the quote marked.", timeout=60_000)
    expect(source.locator("figure img")).to_be_in_viewport()
    expect(source.locator("mark#quote")).to_have_text("The ferry sank on Monday.")
    assert source.evaluate("document.documentElement.scrollWidth") <= size[0]
    _, _, copy = source.locator("header").inner_text().rpartition(" · ")
    Path(copy).unlink()
    source.reload()
    expect(source.locator("figure")).to_contain_text("ferry.pdf is gone. Here is its text as it was indexed.")


def test_a_folder_is_added_and_a_file_that_changed_is_read_again(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "zoo"
    (folder / "house").mkdir(parents=True)
    (folder / "lion.txt").write_text("The lion slept.")
    (folder / "house" / "ape.txt").write_text("The ape ate.")
    page.get_by_role("tab", name="Documents").click()
    page.locator("#fn-folder input[type=file], input[type=file][webkitdirectory]").first.set_input_files(folder)
    expect(page.locator("#fn-progress")).to_contain_text("2 added or changed")
    expect(page.locator("#fn-documents tr", has_text=re.compile(r"(lion|ape)\.txt"))).to_have_count(2)
    page.get_by_role("button", name="Reread changed files").click()
    expect(page.locator("#fn-progress")).to_contain_text("unchanged")
    page.get_by_label("Search documents").fill("APE")
    expect(page.locator("#fn-documents tbody tr")).to_have_count(1)
    page.reload()  # the box is empty again
    page.get_by_role("tab", name="Documents").click()
    for name in ("lion.txt", "ape.txt"):
        page.once("dialog", lambda dialog: dialog.accept())
        page.locator("#fn-documents tr", has_text=name).get_by_role("button").click()
        expect(page.locator("#fn-progress")).to_contain_text(f"{name} is removed")


def test_another_index_is_made_filled_and_asked(page: Page, tmp_path: Path) -> None:
    page.get_by_role("tab", name="Settings").click()
    page.get_by_label("New index").fill("../etc")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("setting name cannot be")).to_be_visible()
    page.get_by_label("New index").fill("zoo")
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#fn-status")).to_contain_text("index zoo")
    page.get_by_role("tab", name="Ask").click()
    page.locator("#fn-question textarea").fill("When did the zebra escape?")
    page.keyboard.press("Enter")
    expect(page.locator(".fn-problem")).to_contain_text("index zoo has no documents yet: add some under Documents")
    page.get_by_role("tab", name="Documents").click()
    expect(page.locator("#fn-documents")).to_contain_text("No documents yet")
    page.locator("#fn-upload input[type=file]").set_input_files(
        make_pdf(tmp_path / "zoo.pdf", "The zebra escaped on Monday.")
    )
    expect(page.locator("#fn-progress")).to_contain_text("1 added")
    page.get_by_role("tab", name="Ask").click()
    expect(ask(page, "When did the zebra escape?")).to_contain_text("escaped on Monday. [1]")


def test_markup_in_a_file_stays_text_and_nothing_is_fetched(page: Page, tmp_path: Path) -> None:
    evil = tmp_path / "<img src=x onerror=alert(1)>.txt"
    evil.write_text(
        "Title: <script>alert(1)</script>\n\nThe evil file has a picture ![x](http://example.org/x.png)"
        " <img src=http://example.org/y.png onerror=alert(2)> <script>alert(3)</script>.\n"
    )
    page.on("dialog", lambda _: pytest.fail("a script of a document ran"))
    page.get_by_role("tab", name="Documents").click()
    page.locator("#fn-upload input[type=file]").set_input_files(evil)
    expect(page.locator("#fn-progress")).to_contain_text("1 added")
    expect(page.locator("#fn-documents")).to_contain_text("<script>alert(1)</script>")
    page.get_by_role("tab", name="Ask").click()
    expect(ask(page, "What has the evil file?")).to_contain_text("The evil file has a picture")
    expect(page.locator(".fn-card").first).to_contain_text("![x](http://example.org/x.png)")
    assert page.locator("img[src*='example.org'], .fn-card script, #fn-chat script, .fn-card img").count() == 0
    ask(page, "![x](http://example.org/q.png) <script>alert(4)</script> new bridge cost?")
    expect(page.locator(".fn-question").last).to_contain_text(
        "![x](http://example.org/q.png) <script>alert(4)</script>"
    )


def test_two_browsers_ask_at_once_and_each_has_its_own_answer(browser: Browser, address: str) -> None:
    pages = []
    for question in (COST, SUSPECT):
        tab = browser.new_context().new_page()
        tab.goto(address)
        expect(tab.locator("#fn-status")).to_contain_text("scripted")
        tab.locator("#fn-question textarea").fill(question)
        pages.append(tab)
    for tab in pages:
        tab.locator("#fn-question textarea").press("Enter")
    for tab in pages:  # the second one has its evidence while the first is answered
        expect(tab.locator(".fn-evidence q").first).to_be_visible()
    expect(pages[0].locator(".fn-answered")).to_contain_text("nine million")
    expect(pages[1].locator(".fn-answered")).to_contain_text("rival power")
    for tab in pages:
        expect(tab.locator(".fn-outcome")).to_have_count(1)
        tab.context.close()


def test_the_keyboard_is_enough(page: Page) -> None:
    page.get_by_role("tab", name="Ask").focus()
    page.keyboard.press("/")
    expect(page.locator("#fn-question textarea")).to_be_focused()
    page.keyboard.type(COST)
    page.keyboard.press("Enter")
    expect(page.locator(".fn-outcome")).to_have_count(1)
    for _ in range(30):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.classList.contains('fn-cite')"):
            break
    page.keyboard.press("Enter")
    expect(page.locator(".fn-card.fn-lit")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.href").endswith("#quote")
    page.keyboard.press("/")
    page.keyboard.type("One line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("and another")
    expect(page.locator("#fn-question textarea")).to_have_value("One line\nand another")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(page: Page, address: str, theme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.goto(f"{address}?__theme={theme}")
    expect(page.locator("#fn-status")).to_contain_text("scripted")
    ask(page, COST)
    ask(page, PIPELINE)
    page.get_by_label("Dislike").last.click()
    for tab in ("Ask", "Documents", "Settings"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(500)
        found = Axe().run(page).response["violations"]
        serious = [
            f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:200]}"
            for one in found
            for node in one["nodes"]
            if one["impact"] in ("serious", "critical")
        ]
        assert not serious, "\n".join(serious)


def test_a_narrow_screen_stacks_the_sources_below(browser: Browser, address: str) -> None:
    phone = browser.new_page(viewport={"width": 390, "height": 844})
    phone.goto(address)
    expect(phone.locator(".sidebar.open")).to_have_count(0)
    ask(phone, COST)
    chat, sources = phone.locator("#fn-chat").bounding_box(), phone.locator("#fn-sources").bounding_box()
    assert chat is not None
    assert sources is not None
    assert sources["y"] >= chat["y"] + chat["height"]
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.close()


@pytest.mark.model
def test_the_real_llm_answers_in_the_page(browser: Browser, tmp_path: Path) -> None:
    settings = Settings.load(index_dir=tmp_path, name="examples")
    build_index([Path(__file__).parents[1] / "examples"], settings=settings)
    workspace = Workspace(settings)
    tab = browser.new_page()
    tab.goto(launch_page(workspace, build_page(workspace), quiet=True))
    # Asked at once: the question waits for the models, and has its evidence before the answer.
    tab.locator("#fn-question textarea").fill("Why was Putin's visit cancelled?")
    tab.keyboard.press("Enter")
    expect(tab.locator(".fn-evidence q").first).to_be_visible(timeout=120_000)
    expect(tab.locator(".fn-answered .fn-outcome")).to_have_count(1, timeout=600_000)
    tab.locator("a.fn-cite").first.click()
    expect(tab.locator(".fn-card.fn-lit mark")).to_contain_text("Neither the Kremlin nor the Russian foreign ministry")
    assert tab.locator(".fn-answer .fn-cite").count() >= 2
    tab.close()
    workspace.close()
