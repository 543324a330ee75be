"""What an LLM has read is kept, never torn, and never that of another model."""

from pathlib import Path

from rag.llm.prompt_cache import PromptCache


def get(cache: PromptCache, tokens: list[int]) -> bytes:
    return bytes(cache.get(tokens) or b"")


def test_a_state_is_there_for_its_tokens_and_its_model_alone(tmp_path: Path) -> None:
    PromptCache(tmp_path, model="a").put([1, 2, 3], b"state", on_disk=True)
    assert get(PromptCache(tmp_path, model="a"), [1, 2, 3]) == b"state"
    assert PromptCache(tmp_path, model="a").get([1, 2]) is None
    assert PromptCache(tmp_path, model="b").get([1, 2, 3]) is None


def test_a_damaged_state_is_not_used(tmp_path: Path) -> None:
    PromptCache(tmp_path, model="a").put([1], b"state" * 100, on_disk=True)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert PromptCache(tmp_path, model="a").get([1]) is None
    file.write_bytes(b"")
    assert PromptCache(tmp_path, model="a").get([1]) is None


def test_only_the_latest_are_kept(tmp_path: Path) -> None:
    cache = PromptCache(tmp_path, model="a")
    for token in range(20):
        cache.put([token], b"state", on_disk=True)
    assert len(list(tmp_path.iterdir())) == 8
    assert get(cache, [19]) == b"state"
    assert cache.get([0]) is None


def test_a_folder_that_cannot_be_written_to_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = PromptCache(tmp_path / "file", model="a")
    cache.put([1], b"state", on_disk=True)
    assert get(cache, [1]) == b"state"


def test_of_those_in_memory_alone_the_longest_unused_goes(tmp_path: Path) -> None:
    cache = PromptCache(tmp_path, model="a")
    for token in range(8):
        cache.put([token], b"state", on_disk=False)
    assert get(cache, [0]) == b"state"
    cache.put([8], b"state", on_disk=False)
    assert get(cache, [0]) == b"state"
    assert cache.get([1]) is None
    assert not list(tmp_path.iterdir())
