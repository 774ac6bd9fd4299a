"""A configuration folder of the user's own, which no upgrade of the program touches."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config.holding import TEMPLATE
from config.settings import PACKAGED
from engine.errors import InputError
from engine.files import real, write_file
from engine.phrases import phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFiles:
    """What ``init`` did, as names inside the folder."""

    new: tuple[str, ...]
    kept: tuple[str, ...]


def init(folder: Path) -> WrittenFiles:
    """Write every file the investor edits into ``folder``; one that is there stays as it is.

    The tables of ``facts`` are left with the program, so that an upgrade brings newer ones.
    ``InputError`` when the folder cannot be written or is the program's own.
    """
    if real(folder) == PACKAGED:
        raise InputError(
            phrase("'{folder}' is the program's own configuration", folder=str(folder)),
            remedy=phrase("give a folder of your own"),
        )
    new, kept = [], []
    for name, text in _files():
        path = folder / name
        if path.exists() or path.is_symlink():
            kept.append(name)
            continue
        write_file(path, text, make_folder=True)
        new.append(name)
    return WrittenFiles(new=tuple(new), kept=tuple(kept))


def _files() -> list[tuple[str, str]]:
    found = [p for pattern in ("*.toml", "*/*.toml") for p in sorted(PACKAGED.glob(pattern))]
    shipped = [(p.relative_to(PACKAGED).as_posix(), p.read_text(encoding="utf-8")) for p in found]
    return [*shipped, ("holding.toml", TEMPLATE)]
