"""Settings: their order, and what is said of a bad one."""

from pathlib import Path

import pytest

from rag import Settings, SettingsError


def test_argument_beats_variable_beats_file_beats_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load().passages == 4
    Path("rag.toml").write_text("passages = 5\nseed = 1\n", encoding="utf-8")
    assert Settings.load().passages == 5
    monkeypatch.setenv("RAG_PASSAGES", "6")
    assert Settings.load().passages == 6
    assert (Settings.load(passages=7).passages, Settings.load().seed) == (7, 1)


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


def test_a_file_that_is_not_toml_is_an_error() -> None:
    Path("rag.toml").write_text("passages = = 3", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"rag\.toml"):
        Settings.load()


def test_another_index_is_in_the_same_place_and_never_the_same() -> None:
    settings = Settings.load(index="milvus:http://host:19530/notes")
    assert settings.beside("eval-squad2.x").location == "milvus:http://host:19530/eval_squad2_x"
    assert Settings.load(name="notes").beside("eval-x").location == str(Path("index/eval-x"))
