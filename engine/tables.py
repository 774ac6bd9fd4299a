"""The one reader of CSV: whatever is wrong is one line that names file, row and remedy.

Text comes in, rows come out; nothing is converted here. ``decoded`` turns the bytes of a file into
text, ``csv_cells`` a text into rows of cells, ``csv_rows`` a text with a heading into mappings.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engine.errors import InputError, TableError
from engine.files import read_bytes
from engine.phrases import phrase
from engine.plain import one_line

MAX_CELL_CHARS = 131_072  # the limit of Python's reader, which is for the whole process

Row = Mapping[str, str]


def decoded(raw: bytes, name: str, *, legacy: bool = False) -> tuple[str, str]:
    """(text, encoding) of a file: UTF-8 or UTF-16, with or without byte-order mark.

    legacy: what is neither is read as Windows-1252, the Latin-1 of spreadsheets. Otherwise it is
    refused with the remedy (``InputError``). encoding: as a reader knows it, such as ``UTF-16``.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _as(raw, "utf-16", name), "UTF-16"
    for encoding, zero in (("utf-16-le", raw[1:200:2]), ("utf-16-be", raw[:200:2])):
        if len(zero) > 3 and zero.count(0) > 0.8 * len(zero):
            return _as(raw, encoding, name), "UTF-16"
    try:
        return raw.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError as error:
        if legacy and b"\0" not in raw:
            return raw.decode("cp1252", errors="replace"), "Windows-1252"
        raise InputError(
            phrase(
                "'{name}' is not UTF-8 text (byte {start})",
                name=name,
                start=str(error.start + 1),
            ),
            remedy=phrase("save it as UTF-8"),
        ) from None


def _as(raw: bytes, encoding: str, name: str) -> str:
    try:
        return raw.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise InputError(
            phrase("'{name}' is damaged UTF-16 text", name=name),
            remedy=phrase("save it as UTF-8"),
        ) from None


def csv_cells(text: str, name: str, *, separator: str = ",") -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of every row that is not blank, cells stripped; lines count from 1.

    Raises ``TableError`` with ``name:line`` for a cell beyond ``MAX_CELL_CHARS``, an open quotation
    mark or a NUL.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise TableError(
            phrase(
                "{name}:{x}: {error}",
                name=name,
                x=str(max(1, reader.line_num)),
                error=_reason(error),
            )
        ) from None


def _reason(error: csv.Error) -> str:
    said = str(error)
    if "field larger" in said:
        return phrase(
            "a cell has more than {most:int} characters (a quotation mark left open?)",
            most=MAX_CELL_CHARS,
        )
    return phrase("not a CSV row: {said}", said=said)


def csv_rows(
    text: str, name: str, *, needs: Sequence[str] = (), fold: bool = False
) -> Iterator[tuple[int, Row]]:
    """(line, row) of a table with a heading; every row is as wide as the heading.

    fold: the heading is read in lower case, as people write it as they like.
    Raises ``TableError`` with ``name:line`` for a missing column, a column named twice, or a row
    with more or fewer cells.
    """
    found = csv_cells(text, name)
    line, heading = next(found, (1, []))
    heading = [cell.lower() for cell in heading] if fold else heading
    if not heading:
        raise TableError(phrase("'{name}' is empty", name=name))
    missing = [column for column in needs if column not in heading]
    if missing:
        raise TableError(
            phrase(
                "{name}:{line}: no column '{missing}'",
                name=name,
                line=str(line),
                missing=str(missing[0]),
            ),
            remedy=phrase("it has {x}", x=", ".join(one_line(c, limit=40) for c in heading[:12])),
        )
    twice = next((c for c in heading if heading.count(c) > 1), None)
    if twice is not None:
        raise TableError(
            phrase(
                "{name}:{line}: column '{twice}' comes twice",
                name=name,
                line=str(line),
                twice=one_line(twice, limit=40),
            )
        )
    for line, row in found:
        if len(row) != len(heading):
            raise TableError(
                phrase(
                    "{name}:{line}: {row} cells under {heading} columns",
                    name=name,
                    line=str(line),
                    row=str(len(row)),
                    heading=str(len(heading)),
                ),
                remedy=phrase("put a comma for each blank cell, and quote cells that hold commas"),
            )
        yield line, dict(zip(heading, row, strict=True))


def read_rows(path: Path, *, needs: Sequence[str] = ()) -> list[Row]:
    """All rows of the UTF-8 or UTF-16 table at ``path``, under the rules of ``csv_rows``."""
    text, _ = decoded(read_bytes(path), path.name)
    return [row for _, row in csv_rows(text, path.name, needs=needs)]
