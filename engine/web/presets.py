"""Strategy files as a browser may see and add to them: listed, checked, saved, never replaced.

Text typed into a page is held to more than a file on disk: it is small, and its ``use`` lines may
only name strategies that are installed here, because naming a class means importing and calling it.
"""

from __future__ import annotations

import pkgutil
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.schema import parse_toml, read_text
from engine.errors import ConfigError, InputError, UnknownNameError
from engine.files import write_file
from engine.phrases import phrase

if TYPE_CHECKING:
    from engine.service.bind import Bound

MAX_TOML_BYTES = 100_000
MAX_PRESETS = 200
SAVED_MARK = "# Saved from the local page."
"""First line of what was saved here; only such a file may be replaced."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}\Z")
_NAME_LINE = re.compile(r"^name\s*=.*$", re.MULTILINE)
_EDITED = "edited.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A strategy file. ours: it was saved from this page and may be replaced."""

    name: str
    description: str
    ours: bool


def presets(folder: Path) -> tuple[Preset, ...]:
    """The strategy files of a configuration folder whose names are plain, by name."""
    files = sorted((folder / "strategies").glob("*.toml"))[:MAX_PRESETS]
    return tuple(_preset(path) for path in files if _NAME.match(path.stem) and path.is_file())


def _preset(path: Path) -> Preset:
    try:
        text = read_text(path)
        described = parse_toml(text, path.name).get("description", "")
    except ConfigError:
        return Preset(name=path.stem, description="", ours=False)
    return Preset(name=path.stem, description=str(described), ours=text.startswith(SAVED_MARK))


def preset_path(folder: Path, name: str) -> Path:
    """The file of a listed preset; any other text, paths above all, is an unknown name."""
    known = [preset.name for preset in presets(folder)]
    if name not in known:
        raise UnknownNameError(phrase("strategy preset"), name, known)
    return folder / "strategies" / f"{name}.toml"


def preset_text(folder: Path, name: str) -> str:
    """What stands in a preset, without the mark of having been saved here."""
    text = preset_path(folder, name).read_text(encoding="utf-8")
    return text.removeprefix(SAVED_MARK).lstrip("\n")


def same_text(one: str, other: str) -> bool:
    """True when two texts differ at most in line ends and in blanks around them."""
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()


def checked(folder: Path, text: str) -> Bound:
    """The configuration with ``text`` as its strategy file; ``ConfigError`` lists every problem."""
    from engine.service.bind import load

    text = _bounded(text)
    _need_installed(folder, text)
    with tempfile.TemporaryDirectory(prefix="nvsignal-") as place:
        path = Path(place) / _EDITED
        write_file(path, text)
        return load(folder, str(path))


def save(folder: Path, name: str, text: str, *, replace: bool = False) -> Path:
    """Write ``text`` as the preset ``name``; its ``name`` line is made to say so.

    Raises ``InputError`` for an unsafe name, ``ConfigError`` for a text that does not check, and
    refuses to touch a file that was not saved from here.
    """
    if not _NAME.match(name):
        raise InputError(
            phrase("'{name}' is not a name for a preset", name=name[:60]),
            remedy=phrase("a letter, then letters, digits, - and _, lower-case, at most 40"),
        )
    path = folder / "strategies" / f"{name}.toml"
    _need_replaceable(path, replace=replace)
    text = renamed(_bounded(text), name)
    checked(folder, text)
    _write(path, f"{SAVED_MARK}\n{text}")
    return path


def renamed(text: str, name: str) -> str:
    """``text`` with its top-level ``name`` set, so that no ledger mixes two strategies up."""
    head, bracket, rest = text.partition("\n[")
    line = f'name = "{name}"'
    head, found = _NAME_LINE.subn(line, head, count=1)
    return (head if found else f"{line}\n{head}") + bracket + rest


def installed(folder: Path) -> frozenset[str]:
    """Every ``module:Class`` of the package ``strategies`` and of the strategy files on disk."""
    import importlib

    import strategies
    from engine.service.bind import is_strategy

    found: set[str] = set()
    for info in pkgutil.iter_modules(strategies.__path__):
        module = importlib.import_module(f"strategies.{info.name}")
        found |= {
            f"{module.__name__}:{name}"
            for name, value in vars(module).items()
            if is_strategy(value) and value.__module__ == module.__name__
        }
    for path in (folder / "strategies").glob("*.toml"):
        try:
            found |= set(_uses(parse_toml(read_text(path), path.name)))
        except ConfigError:
            continue  # `nvsignal config check` tells; here it only offers no names
    return frozenset(found)


def _uses(data: dict[str, Any]) -> Iterable[str]:
    rows = data.get("strategy", ())
    if isinstance(rows, list):
        for row in rows:
            if isinstance(row, dict) and isinstance(row.get("use"), str):
                yield row["use"]


def _need_installed(folder: Path, text: str) -> None:
    try:
        data = parse_toml(text, "preset")
    except ConfigError:
        return  # the loader says where
    known = installed(folder)
    for use in _uses(data):
        if use not in known:
            raise UnknownNameError(phrase("strategy"), use, known)


def _bounded(text: str) -> str:
    text = text.replace("\r\n", "\n")
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_TOML_BYTES:
        raise InputError(
            phrase("the rules are {size} bytes long", size=f"{size:,}"),
            remedy=phrase("at most {max_toml_bytes}", max_toml_bytes=f"{MAX_TOML_BYTES:,}"),
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ConfigError([phrase("{edited}: is not UTF-8 text", edited=_EDITED)]) from None
    return text if text.endswith("\n") else text + "\n"


def _need_replaceable(path: Path, *, replace: bool) -> None:
    if not (path.exists() or path.is_symlink()):
        return
    if path.is_symlink() or not _preset(path).ours:
        raise InputError(
            phrase("'{stem}' was not saved from this page", stem=str(path.stem)),
            remedy=phrase("choose another name"),
        )
    if not replace:
        raise InputError(
            phrase("there is a preset '{stem}' already", stem=str(path.stem)),
            remedy=phrase("choose another name, or ask to replace it"),
        )


def _write(path: Path, text: str) -> None:
    try:
        write_file(path, text)
    except InputError as error:
        raise InputError(
            error.message, remedy=phrase("use a configuration folder of your own: NVSIGNAL_CONFIG")
        ) from None
