"""Where the classifier comes from: fitted from the labelled headlines, then kept as arrays.

The stored model sits in the data folder under a name that holds the hash of the labelled file, of
the rules and of the library versions; another file, rule or version is another name, so that a
stale model is never used. The file holds arrays and text only and is read without pickle.
"""

from __future__ import annotations

import csv
import io
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import DataError, InputError

if TYPE_CHECKING:
    from engine.news.classify import Classifier, LabelledHeadline

LABELLED = "headlines.csv"
_KEPT_MODELS = 4


def labelled_file(config_folder: Path | None = None) -> Path:
    """The labelled headlines of ``config_folder``, or those that come with the package."""
    if config_folder is not None and (config_folder / LABELLED).is_file():
        return config_folder / LABELLED
    from importlib.resources import files

    return Path(str(files("config") / LABELLED))


def read_labelled(path: Path) -> tuple[bytes, tuple[LabelledHeadline, ...]]:
    """The bytes of a labelled CSV and its checked rows."""
    from engine.news.classify import HEADLINE_COLUMNS, parse_labelled

    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"labelled headlines '{path}' cannot be read: {error}") from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = set(HEADLINE_COLUMNS) - set(reader.fieldnames or ())
    if missing:
        raise InputError(f"labelled headlines '{path}': no column '{sorted(missing)[0]}'")
    return raw, parse_labelled(reader)


def load_classifier(data_folder: Path, config_folder: Path | None = None) -> Classifier:
    """The classifier of the labelled headlines: from the data folder, fitted when it is not there.

    A data folder that cannot be written costs a fit each time and nothing else.
    """
    from engine.news.classify import fit, model_key

    raw, rows = read_labelled(labelled_file(config_folder))
    key = model_key(raw)
    path = data_folder / "models" / f"headlines-{key[:24]}.npz"
    stored = _load(path, key)
    if stored is not None:
        return stored
    sys.stderr.write("nvsignal: learning the headlines, once; this takes some seconds\n")
    model = fit(rows, key=key)
    _store(path, model)
    return model


def _load(path: Path, key: str) -> Classifier | None:
    import zipfile

    import numpy as np

    from engine.news.classify import Classifier

    try:
        with np.load(path, allow_pickle=False) as arrays:
            model = Classifier.from_arrays(arrays)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, DataError):
        return None
    return model if model.key == key else None


def _store(path: Path, model: Classifier) -> None:
    """Write beside, then rename, so that no reader ever sees half a model."""
    import numpy as np

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, **model.to_arrays())  # type: ignore[arg-type]
        Path(name).replace(path)
        _forget_old(path)
    except OSError:
        return


def _forget_old(path: Path) -> None:
    kept = sorted(path.parent.glob("headlines-*.npz"), key=lambda p: (-p.stat().st_mtime, p.name))
    for old in [p for p in kept if p != path][_KEPT_MODELS - 1 :]:
        old.unlink(missing_ok=True)
