"""Where the classifier comes from: fitted from the labelled headlines, then kept as arrays.

The stored model sits in the data folder under a name that holds the hash of the labelled file, of
the rules and of the library versions; another file, rule or version is another name, so that a
stale model is never used. The file holds arrays and text only and is read without pickle.
"""

from __future__ import annotations

import io
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import DataError, InputError
from engine.files import read_bytes, write_file
from engine.phrases import phrase
from engine.tables import csv_rows, decoded

if TYPE_CHECKING:
    from engine.news.classify import Classifier, LabelledHeadline
    from engine.report.i18n import Speaker

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

    raw = read_bytes(path)
    text, _ = decoded(raw, path.name)
    return raw, parse_labelled(
        [row for _, row in csv_rows(text, path.name, needs=HEADLINE_COLUMNS)]
    )


def load_classifier(
    data_folder: Path, config_folder: Path | None = None, voice: Speaker | None = None
) -> Classifier:
    """The classifier of the labelled headlines: from the data folder, fitted when it is not there.

    A data folder that cannot be written costs a fit each time and nothing else.
    voice: in which a fit is announced on standard error; None says it in English.
    """
    from engine.news.classify import fit, model_key

    raw, rows = read_labelled(labelled_file(config_folder))
    key = model_key(raw)
    path = data_folder / "models" / f"headlines-{key[:24]}.npz"
    stored = _load(path, key)
    if stored is not None:
        return stored
    said = phrase("learning the headlines, once; this takes some seconds")
    sys.stderr.write(f"nvsignal: {said if voice is None else voice.tell(said)}\n")
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
    import numpy as np

    buffer = io.BytesIO()
    np.savez_compressed(buffer, **model.to_arrays())  # type: ignore[arg-type]
    with suppress(InputError, OSError):
        write_file(path, buffer.getvalue(), private=True, make_folder=True)
        _forget_old(path)


def _forget_old(path: Path) -> None:
    kept = sorted(path.parent.glob("headlines-*.npz"), key=lambda p: (-p.stat().st_mtime, p.name))
    for old in [p for p in kept if p != path][_KEPT_MODELS - 1 :]:
        old.unlink(missing_ok=True)
