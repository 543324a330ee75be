"""The layout and the look of the page."""

from pathlib import Path

import gradio as gr

from rag.models.registry import load_registry
from rag.settings import NO_LLM, Settings
from rag.web.chat import MAX_QUESTION_CHARACTERS, View
from rag.web.render import render, render_sources
from rag.web.workspace import Workspace

_FOLDER = Path(__file__).parent
CSS = _FOLDER.joinpath("page.css").read_text(encoding="utf-8")
HEAD = f"<script>{_FOLDER.joinpath('page.js').read_text(encoding='utf-8')}</script>"
_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")  # installed fonts: the page downloads none
THEME = gr.themes.Base(
    primary_hue="teal", neutral_hue="slate", radius_size="md", font=_SANS, font_mono=("monospace",)
).set(
    color_accent="*primary_700",
    border_color_accent="*primary_700",
    slider_color="*primary_700",
    checkbox_background_color_selected="*primary_700",
    checkbox_background_color_selected_dark="*primary_600",
    checkbox_border_color_selected="*primary_700",
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_300",
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_300",
    block_title_text_color="*neutral_800",
    block_title_text_color_dark="*neutral_100",
    block_label_text_color="*neutral_700",
    block_label_text_color_dark="*neutral_200",
    input_placeholder_color="*neutral_500",
    input_placeholder_color_dark="*neutral_400",
    input_background_fill="white",
    button_secondary_background_fill="white",
    button_secondary_border_color="*neutral_300",
    button_border_width="1px",
    button_medium_text_weight="500",
    button_large_text_size="*text_md",
    button_large_text_weight="500",
)
_EDIT = """
document.addEventListener('click', event => {
    const link = event.target.closest('a.fn-edit');
    if (!link) return;
    event.preventDefault();
    trigger('edit', {turn: Number(link.getAttribute('href').replace('#edit-', ''))});
    document.querySelector('#fn-question textarea').focus();
});
"""
_REMOVE = """
element.addEventListener('click', event => {
    const button = event.target.closest('.fn-remove');
    if (button && confirm('Remove ' + button.dataset.source + ' from the index?'))
        trigger('delete', {source: button.dataset.source});
});
"""


class Parts:
    """The parts of the page that handlers read or change, laid out in the open Blocks.

    `options` are the options of a question that the user can choose, and `view` the parts that show a `View`.
    """

    def __init__(self, workspace: Workspace, *, can_sign_out: bool) -> None:
        self.conversation = gr.Textbox(visible="hidden", elem_id="fn-conversation")
        self.editing = gr.Textbox(visible="hidden", elem_id="fn-editing")
        self.timer = gr.Timer(1)
        with gr.Sidebar(width=280):
            self._lay_sidebar()
            if can_sign_out:
                gr.HTML("<form method='post' action='logout'><button class='fn-sign-out'>Sign out</button></form>")
        self.status = gr.HTML(elem_id="fn-status")
        with gr.Tab("Ask", id="ask"):
            self._lay_chat()
        with gr.Tab("Documents", id="documents"):
            self._lay_documents(workspace.settings)
        with gr.Tab("Settings", id="settings"), gr.Column(elem_id="fn-settings"):
            self._lay_settings(workspace)
        self.options = [self.index, self.passages, self.caution, self.max_answer_tokens]
        self.view = list(View(self.chat, self.sources, self.question, self.conversation, self.editing))

    def _lay_sidebar(self) -> None:
        gr.HTML(
            "<h1 class='fn-brand'>Footnote</h1>"
            "<p class='fn-quiet'>Ask your documents. Every sentence has its source.</p>"
        )
        self.new = gr.Button("New conversation", variant="secondary", size="md")
        self.words = gr.Textbox(
            label="Search conversations",
            placeholder="Search conversations",
            value="",
            container=False,
            elem_id="fn-words",
        )
        self.listed = gr.Radio([], label="Conversations", elem_id="fn-listed")
        with gr.Accordion("This conversation", open=False):
            self.title = gr.Textbox(label="Title", max_lines=1, submit_btn="Rename")
            self.exports = gr.HTML(render("exports", conversation=""))
            self.delete = gr.Button("Delete this conversation", variant="stop", size="sm")

    def _lay_chat(self) -> None:
        with gr.Row(elem_id="fn-ask"):
            with gr.Column(scale=3, min_width=360):
                self.chat = gr.Chatbot(
                    label="Answers",
                    show_label=False,
                    buttons=[],
                    layout="panel",
                    height=None,
                    elem_id="fn-chat",
                    latex_delimiters=[],
                    group_consecutive_messages=False,
                    placeholder="<h2>What do you want to know?</h2><p>The answer comes only from your documents.</p>",
                )
                self._lay_form()
                self.question = gr.Textbox(
                    label="Question",
                    show_label=False,
                    placeholder="Ask your documents   ( / )",
                    lines=1,
                    max_lines=6,
                    max_length=MAX_QUESTION_CHARACTERS,
                    submit_btn=True,
                    elem_id="fn-question",
                    autofocus=True,
                )
            with gr.Column(scale=2, min_width=320):
                self.sources = gr.HTML(
                    render_sources([]), apply_default_css=False, js_on_load=_EDIT, elem_id="fn-sources"
                )
        # Not a gr.State: the server forgets the oldest of many sessions.
        self.number = gr.Number(0, precision=0, visible="hidden")

    def _lay_form(self) -> None:
        with gr.Group(visible=False) as self.form:
            self.comment = gr.Textbox(label="What was good or wrong?", lines=2)
            self.send = gr.Button("Save the comment", size="sm")
            self.wanted = gr.Textbox(
                label="A right answer contains",
                info="One accepted text per line. Leave it empty if the documents do not answer the question.",
                lines=2,
            )
            self.make_test = gr.Button("Make it a test", size="sm")

    def _lay_documents(self, settings: Settings) -> None:
        gr.HTML(
            "<p class='fn-quiet'>Web pages, PDF, Office files, e-books, mail, tables, text and code, up to "
            f"{settings.max_file_mb} MB each. The page copies them into the index's folder on this machine.</p>"
        )
        self.upload = gr.File(label="Add documents", file_count="multiple", height=140, elem_id="fn-upload")
        self.folder = gr.UploadButton("Add a folder", file_count="directory", size="sm", elem_id="fn-folder")
        self.progress = gr.HTML(elem_id="fn-progress")
        with gr.Row(equal_height=True):
            hint = "Words in a title, outlet or path"
            self.find = gr.Textbox(label="Search documents", placeholder=hint, container=False, scale=4, value="")
            self.update = gr.Button("Reread changed files", scale=1, size="md")
        self.documents = gr.HTML(apply_default_css=False, js_on_load=_REMOVE, elem_id="fn-documents")

    def _lay_settings(self, workspace: Workspace) -> None:
        settings = workspace.settings
        self.index = gr.Dropdown(
            workspace.list_indexes(),
            value=settings.index or settings.name,
            label="Index",
            info="Answers come from the documents of this index.",
            elem_id="fn-index",
        )
        with gr.Row(equal_height=True):
            self.name = gr.Textbox(label="New index", placeholder="Name", max_lines=1, scale=3)
            self.create = gr.Button("Create", scale=1)
        self.llm = gr.Dropdown(
            list_llms(settings),
            value=settings.llm,
            label="LLM",
            info="The model that writes the answers, for all users of this page. Larger models are better and slower.",
        )
        hint = "Number of passages to find. The LLM reads only as many as it needs."
        self.passages = gr.Slider(1, 20, settings.passages, step=1, label="Passages", info=hint)
        hint = "The confidence that an answer needs: 0 always tries, 1 always refuses."
        self.caution = gr.Slider(0.0, 1.0, settings.caution, step=0.01, label="Caution", info=hint)
        hint = "In tokens; a word has one or two."
        longest = settings.max_answer_tokens
        self.max_answer_tokens = gr.Slider(16, 1024, longest, step=16, label="Longest answer", info=hint)


def list_llms(settings: Settings) -> list[tuple[str, str]]:
    """Return the labels and names of the LLMs on this machine; the last entry is for no LLM."""
    there = [m for m in load_registry().values() if m.kind == "llm" and m.is_fetched(settings.home)]
    labels = {m.name: f"{m.name} ({m.bytes / 1e6:,.0f} MB)" for m in there}
    labels.setdefault(settings.llm, settings.llm)
    labels[NO_LLM] = "None: quote the best sentences"
    return [(label, name) for name, label in labels.items()]
