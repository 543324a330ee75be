"""What docs/scaling.md and its Compose file say: the commands exist, the file parses and its parts fit."""

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from rag.cli import main

DOCS = Path(__file__).parents[1] / "docs"


def test_the_compose_file_parses_and_its_parts_refer_to_each_other() -> None:
    compose = yaml.safe_load((DOCS / "compose.yaml").read_text(encoding="utf-8"))
    services = compose["services"]
    assert {"milvus", "vllm"} <= services.keys()
    for service in services.values():
        assert re.fullmatch(r"[\w./-]+:v?[\w.-]+", service["image"])
        assert service["image"].rpartition(":")[2] != "latest"
        for name, needed in service.get("depends_on", {}).items():
            assert needed["condition"] != "service_healthy" or "healthcheck" in services[name]
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in compose["volumes"]
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")  # nobody else's until somebody decides so
    hosts = [
        value.partition(":")[0] for value in services["milvus"]["environment"].values() if value.endswith(("79", "00"))
    ]
    assert set(hosts) <= services.keys()


@pytest.mark.parametrize(
    "line",
    [
        line.partition("#")[0] if " #" in line else line
        for line in (DOCS / "scaling.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("    rag ")
    ],
)
def test_each_command_of_the_page_exists_with_its_options(line: str) -> None:
    words = shlex.split(line.rstrip("& "), comments=line.count(" # ") > 0)[1:]
    command = main.commands[words[0]]
    assert isinstance(command, click.Command)
    command.make_context(words[0], [word for word in words[1:] if word != "&"])
