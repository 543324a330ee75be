"""Files that LibreOffice writes for the tests."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

needs_office = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice (soffice) is not installed")
# A conversion takes 2 to 10 seconds. LibreOffice may hang as it starts; then it is started once more.
_LIMIT_S = 60


def convert(path: Path, suffix: str, folder: Path | None = None) -> Path:
    """Return the file as LibreOffice writes it in another format, in `folder` or else in a folder beside the file."""
    folder = folder or path.parent / "converted"
    arguments = ["--headless", "--convert-to", suffix, "--outdir", str(folder), str(path)]
    with suppress(subprocess.TimeoutExpired):
        _run(path.parent / "profile", arguments)
        return folder / f"{path.stem}.{suffix}"
    _run(path.parent / "second-profile", arguments)
    return folder / f"{path.stem}.{suffix}"


def _run(profile: Path, arguments: list[str]) -> None:
    """Run LibreOffice, and end it with all that it started; raises subprocess.TimeoutExpired."""
    command = ["soffice", f"-env:UserInstallation={profile.as_uri()}", *arguments]
    nothing = subprocess.DEVNULL  # its second process would keep a pipe open
    process = subprocess.Popen(command, stdout=nothing, stderr=nothing, start_new_session=True)
    try:
        assert process.wait(_LIMIT_S) == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
