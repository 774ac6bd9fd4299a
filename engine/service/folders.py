"""Where this installation keeps its data."""

from __future__ import annotations

import os
from pathlib import Path


def data_folder() -> Path:
    """NVSIGNAL_DATA, or the user's data folder after the XDG convention."""
    given = os.environ.get("NVSIGNAL_DATA")
    if given:
        return Path(given).expanduser()
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "nvsignal"
