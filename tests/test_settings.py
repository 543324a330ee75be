"""Settings: their order, and what is said of a bad one."""

from pathlib import Path

import pytest

from rag import Settings, SettingsError
from rag.settings import locate_user_file


def test_argument_beats_variable_beats_file_beats_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load().passages == 4
    Path("rag.toml").write_text("passages = 5\nseed = 1\n", encoding="utf-8")
    assert Settings.load().passages == 5
    monkeypatch.setenv("RAG_PASSAGES", "6")
    assert Settings.load().passages == 6
    assert (Settings.load(passages=7).passages, Settings.load().seed) == (7, 1)


def write_user_file(text: str) -> None:
    path = locate_user_file()
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("llm", '"openai:http://host/v1"'),
        ("LLM", '"model.gguf"'),
        ("embedder", '"hf:owner/repo"'),
        ("reranker", '"folder"'),
        ("index", '"milvus:http://host:19530/notes"'),
        ("index_dir", '"/tmp"'),
        ("home", '"/tmp"'),
        ("max_file_mb", "100000"),
        ("read_memory_mb", "1000000"),
        ("read_timeout_s", "86400"),
    ],
)
def test_the_current_folder_cannot_send_data_elsewhere_or_load_files(name: str, value: str) -> None:
    Path("rag.toml").write_text(f"{name} = {value}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=rf"rag\.toml of the current folder may not set {name.lower()}") as refused:
        Settings.load()
    assert f"move the line to {locate_user_file()}, or set the variable RAG_{name.upper()}" in str(refused.value)
    Path("rag.toml").unlink()
    write_user_file(f"{name} = {value}\n")
    assert str(getattr(Settings.load(), name.lower())) == value.strip('"')


def test_what_the_user_chose_makes_the_folders_choice_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("rag.toml").write_text('llm = "openai:http://host/v1"\nhome = "/tmp"\n', encoding="utf-8")
    monkeypatch.setenv("RAG_HOME", "/var")
    assert Settings.load(llm="none").llm == "none"
    with pytest.raises(SettingsError, match="may not set llm,"):
        Settings.load()


def test_the_folder_beats_the_users_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write_user_file("passages = 5\nseed = 1\nllm = 'none'\n")
    Path("rag.toml").write_text("passages = 6\n", encoding="utf-8")
    settings = Settings.load()
    assert (settings.passages, settings.seed, settings.llm) == (6, 1, "none")
    monkeypatch.chdir(locate_user_file().parent)
    assert Settings.load().llm == "none"


def test_an_unknown_setting_names_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="unknown setting pasages: did you mean 'passages'"):
        Settings.load(pasages=3)
    Path("rag.toml").write_text("treads = 2\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="unknown setting treads: did you mean 'threads'"):
        Settings.load()
    Path("rag.toml").unlink()
    monkeypatch.setenv("RAG_SEEED", "1")
    with pytest.raises(SettingsError, match="unknown setting RAG_SEEED: did you mean 'seed'"):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("passages", 99, "at most 20, not 99: set it to 20"),
        ("passages", 0, "at least 1, not 0: set it to 1"),
        ("threads", "many", "threads cannot be 'many'"),
        ("name", "../escape", "name cannot be '../escape'"),
    ],
)
def test_an_out_of_range_setting_names_the_nearest_valid_one(name: str, value: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.load(**{name: value})


@pytest.mark.parametrize("content", [b"passages = = 3", b"\xff", b"a = " + b"[" * 100_000])
def test_a_file_that_is_not_toml_is_an_error(content: bytes) -> None:
    Path("rag.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"cannot read rag\.toml: .*; fix it or remove it"):
        Settings.load()


def test_another_index_is_in_the_same_place_and_never_the_same() -> None:
    settings = Settings.load(index="milvus:http://host:19530/notes")
    assert settings.beside("eval-squad2.x").location == "milvus:http://host:19530/eval_squad2_x"
    assert Settings.load(name="notes").beside("eval-x").location == str(Path("index/eval-x"))
