"""The message catalogues: extract from the sources, merge into the translations, compile.

``python -m engine.report.catalogue`` from the repository's root does all three; what it could not
find a translation for is listed and makes it exit with 1. A test holds that the committed files
are what this produces and that nothing is untranslated or fuzzy.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from engine.files import write_file
from engine.report.i18n import DOMAIN, KEYWORDS, LANGUAGES, LOCALE_DIR

SOURCES = ("engine", "strategies", "feeds", "backtests", "config")
_TEMPLATE = LOCALE_DIR / "messages.pot"
_MAPPING = Path(__file__).with_name("babel.cfg")
_IDLE_HEADERS = tuple(
    f'"{name}:'
    for name in (
        "Project-Id-Version",
        "Report-Msgid-Bugs-To",
        "POT-Creation-Date",
        "PO-Revision-Date",
        "Last-Translator",
        "Language-Team",
        "Generated-By",
    )
)
_UNDATED = datetime(2025, 1, 1, tzinfo=UTC)


def extract(root: Path) -> Any:
    """A Babel ``Catalog`` of every message under ``root``, with files but without line numbers."""
    from babel.messages.catalog import Catalog
    from babel.messages.extract import extract_from_dir

    methods, options = _mapping()
    catalog = Catalog(
        project=DOMAIN, charset="utf-8", header_comment="# nvsignal: messages.", fuzzy=False
    )
    for folder in SOURCES:
        found = extract_from_dir(
            root / folder,
            methods,
            options,
            keywords=KEYWORDS,
            comment_tags=(),
            strip_comment_tags=True,
        )
        for name, _line, message, _comments, context in sorted(found, key=lambda f: (f[0], f[1])):
            place = (f"{folder}/{Path(name).as_posix()}", 1)
            catalog.add(message, locations=[place], context=context)
    return catalog


_SHIPPED = re.compile(rb'^(?:when_silent|description) = "([^"\\\\]+)"', re.MULTILINE)


def shipped_sentences(
    file: BinaryIO, keywords: Any, comment_tags: Any, options: Any
) -> Iterator[tuple[int, None, str, list[str]]]:
    """Babel's extractor for the shipped TOML files; ``Speaker.shipped`` says what it finds."""
    for found in _SHIPPED.finditer(file.read()):
        yield 1, None, found[1].decode("utf-8"), []


def _mapping() -> Any:
    from babel.messages.frontend import parse_mapping_cfg

    with _MAPPING.open(encoding="utf-8") as file:
        return parse_mapping_cfg(file)


def po_path(lang: str) -> Path:
    """Where the translations of ``lang`` are."""
    return LOCALE_DIR / lang / "LC_MESSAGES" / f"{DOMAIN}.po"


def read(lang: str) -> Any:
    """The committed catalogue of ``lang``; an empty one when there is none yet."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po

    if not po_path(lang).exists():
        return Catalog(locale=lang)
    with po_path(lang).open("rb") as file:
        catalog = read_po(file, locale=lang)
    catalog.header_comment, catalog.fuzzy = f"# nvsignal: messages in {lang}.", False
    return catalog


def merged(lang: str, template: Any) -> Any:
    """The catalogue of ``lang`` brought to ``template``; English says every message as it is."""
    catalog = read(lang)
    catalog.update(deepcopy(template), no_fuzzy_matching=True)  # Babel shares the messages
    catalog.obsolete.clear()
    if lang == "en":
        for message in catalog:
            if message.id:
                message.string = message.id
    return catalog


def missing(catalog: Any) -> list[str]:
    """Messages without a complete translation, and fuzzy ones."""
    out = []
    for message in catalog:
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id and (message.fuzzy or not all(strings)):
            out.append(str(message.id))
    return out


def po_bytes(catalog: Any) -> bytes:
    """The catalogue as a .po file without a date, so that equal content gives equal bytes."""
    from babel.messages.pofile import write_po

    out = io.BytesIO()
    write_po(out, catalog, width=98, sort_by_file=False, include_lineno=False, omit_header=False)
    lines = out.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_IDLE_HEADERS)).encode()


def mo_bytes(catalog: Any) -> bytes:
    """The catalogue compiled."""
    from babel.messages.mofile import write_mo

    catalog.creation_date = catalog.revision_date = _UNDATED  # else Babel writes the present
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def main() -> int:
    """Rewrite template, translations and compiled files; 1 when a translation is missing."""
    template = extract(Path.cwd())
    write_file(_TEMPLATE, po_bytes(template))
    gaps = 0
    for lang in LANGUAGES:
        catalog = merged(lang, template)
        write_file(po_path(lang), po_bytes(catalog), make_folder=True)
        write_file(po_path(lang).with_suffix(".mo"), mo_bytes(read(lang)))
        for text in missing(catalog):
            sys.stderr.write(f"{lang}: untranslated: {text}\n")
            gaps += 1
    return 1 if gaps else 0


if __name__ == "__main__":
    sys.exit(main())
