"""Imports ONNX Runtime with its telemetry switched off."""

import os
from typing import Any

_OPT_OUT = "ORT_DISABLE_TELEMETRY"


def import_onnxruntime() -> Any:
    """Return the module `onnxruntime`, so that it makes no device id, keeps no events and sends nothing.

    ONNX Runtime reads the variable once, at its first import. If the user's own code has imported it before, only the
    second call takes effect: it stops all further events, but not the first one, nor the device id.
    """
    # A library should set no variable of the process. This one is the only full opt-out, so Footnote sets it for the
    # import: https://github.com/microsoft/onnxruntime/blob/main/docs/Privacy.md
    before = os.environ.get(_OPT_OUT)
    os.environ[_OPT_OUT] = "1"
    try:
        import onnxruntime
    finally:
        if before is None:
            del os.environ[_OPT_OUT]
        else:
            os.environ[_OPT_OUT] = before
    onnxruntime.disable_telemetry_events()
    return onnxruntime
