"""Where this installation keeps its data."""

from __future__ import annotations

import os
from pathlib import Path

from engine.files import at_home


def data_folder() -> Path:
    """NVSIGNAL_DATA, or the user's data folder after the XDG convention."""
    given = os.environ.get("NVSIGNAL_DATA")
    if given:
        return at_home(given)
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return at_home(base) / "nvsignal"
