"""``nvsignal fp8 encode | decode | quantize``: CSV in, CSV (or JSON) out, bit for bit."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.output import read_piped, to_json, write_out
from engine.errors import InputError, OutOfRangeError
from engine.files import read_bytes, write_file
from engine.phrases import phrase
from engine.plain import safe_text
from engine.tables import csv_cells, decoded

MAX_INPUT_BYTES = 64 << 20
_HEX_FLOAT = re.compile(r"0[xX][0-9a-fA-F]{8}\Z")
_HEX_BYTE = re.compile(r"(?:0[xX])?[0-9a-fA-F]{1,2}\Z")

File = Annotated[Path | None, typer.Argument(help="CSV file; standard input where absent or -.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write to this file.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of CSV.")]
Format = Annotated[
    str, typer.Option("--format", help="e4m3fn, e5m2, e8m0, e4m3fnuz, e5m2fnuz, hif8 or e2m1.")
]


def register(app: typer.Typer) -> None:
    """Add the family of commands to ``app``."""
    fp8 = typer.Typer(
        help="Low-precision number formats, bit for bit: CSV in, CSV out.", no_args_is_help=True
    )
    fp8.command()(encode)
    fp8.command()(decode)
    fp8.command()(quantize)
    app.add_typer(fp8, name="fp8")


def encode(
    file: File = None,
    fmt: Format = "e4m3fn",
    overflow: Annotated[str, typer.Option(help="saturate or nonsaturate.")] = "saturate",
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Bytes for a column of numbers (`value`, or `float32_hex` with bits as 0x3f800000)."""
    import numpy as np

    from engine.threat import fp8

    texts, numbers = _read_column(file, ("value", "float32_hex"), _number)
    x = np.array(numbers, np.float64)
    codes = fp8.encode(x, fmt, overflow)
    with np.errstate(over="ignore", under="ignore"):
        bits = _float32_bits(x, numbers)
    decoded = fp8.decode(codes, fmt)
    rows = [
        (text, f"0x{b:08x}", f"0x{code:02x}", _shown(value))
        for text, b, code, value in zip(texts, bits, codes, decoded, strict=True)
    ]
    _answer(rows, ("input", "float32_hex", "byte_hex", "decoded"), out, as_json, format=fmt)


def decode(
    file: File = None, fmt: Format = "e4m3fn", out: Out = None, as_json: Json = False
) -> None:
    """Values of a column of bytes (`byte_hex`, such as 0x7e)."""
    import numpy as np

    from engine.threat import fp8

    _, numbers = _read_column(file, ("byte_hex",), _byte)
    values = fp8.decode(np.array(numbers, np.uint8), fmt)
    bits = values.view(np.uint32)
    rows = [
        (f"0x{code:02x}", f"0x{b:08x}", _shown(value))
        for code, b, value in zip(numbers, bits, values, strict=True)
    ]
    _answer(rows, ("byte_hex", "float32_hex", "decoded"), out, as_json, format=fmt)


def quantize(
    file: File = None,
    preset: Annotated[str | None, typer.Option(help="mxfp8, mxfp4, nvfp4, deepseek_v3 …")] = None,
    element: Annotated[str | None, typer.Option(help="Element format; e4m3fn.")] = None,
    block: Annotated[str | None, typer.Option(help="32, 128x128 or tensor.")] = None,
    rule: Annotated[str | None, typer.Option(help="rceil, floor, even or ceil.")] = None,
    scale: Annotated[str | None, typer.Option(help="e8m0, float32 or e4m3fn.")] = None,
    strict: Annotated[bool, typer.Option(help="Refuse NaN and infinities.")] = False,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Block-scaled codes of a table of numbers: one row of the tensor per line, header optional.

    --element, --block, --rule and --scale change the preset (default mxfp8).
    """
    import dataclasses

    import numpy as np

    from engine.threat import fp8

    given = {"element": element, "rule": rule, "scale": scale}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if block is not None:
        changes["block"] = _block(block)
    scheme = dataclasses.replace(fp8.preset(preset or "mxfp8"), **changes)
    x = np.array(_read_table(file), np.float64)
    stored = fp8.quantize(x, scheme, strict=strict)
    read = stored.dequantize()
    summary = {
        "scheme": scheme,
        "shape": x.shape,
        "tensor_scale": stored.tensor_scale,
        "bytes_per_parameter": fp8.bytes_per_parameter(scheme, x.size),
        "clipped_share": fp8.clipped_share(x, scheme),
        "sqnr_db": fp8.sqnr_db(x, read),
    }
    hex_codes = [[f"0x{code:02x}" for code in line] for line in stored.codes]
    shown = stored.scales.tolist()
    if as_json:
        nested = {"codes_hex": hex_codes, "scales": shown, "reconstructed": read}
        _write(to_json(summary | nested), out)
        return
    rows = _quantized_rows(x, stored, read, scheme)
    _answer(rows, ("row", "column", "input", "byte_hex", "scale", "decoded"), out, as_json)


def _quantized_rows(x: Any, stored: Any, read: Any, scheme: Any) -> list[tuple[Any, ...]]:
    import numpy as np

    rows, columns = x.shape if scheme.block is None else scheme.block_shape
    scales = np.atleast_2d(stored.scales)
    is_byte = scales.dtype.kind == "u"

    def scale_at(i: int, j: int) -> str:
        scale = scales[i // rows, j // columns]
        return f"0x{int(scale):02x}" if is_byte else _shown(scale)

    return [
        (i, j, _shown(x[i, j]), f"0x{stored.codes[i, j]:02x}", scale_at(i, j), _shown(read[i, j]))
        for i in range(x.shape[0])
        for j in range(x.shape[1])
    ]


# --- reading and writing -------------------------------------------------------------------------


def _text_of(file: Path | None) -> tuple[str, str]:
    """(name for messages, text) of the file or of standard input."""
    name = "standard input" if file is None or str(file) == "-" else str(file)
    if name == "standard input":
        raw = read_piped(name, at_most=MAX_INPUT_BYTES)
    else:
        raw = read_bytes(Path(name), at_most=MAX_INPUT_BYTES)
    return name, decoded(raw, safe_text(name))[0]


def _lines(file: Path | None) -> tuple[str, list[tuple[int, list[str]]]]:
    """(name, [(line number, cells)]) of the lines that are not blank."""
    name, text = _text_of(file)
    return safe_text(name), list(csv_cells(text, safe_text(name)))


def _reads(parse: Callable[[str], float], cell: str) -> bool:
    try:
        parse(cell)
    except (ValueError, InputError):
        return False
    return True


def _read_column(
    file: Path | None, known: Sequence[str], parse: Callable[[str], float]
) -> tuple[list[str], list[Any]]:
    """(cells, parsed) of the first column whose header is one of ``known``.

    A single column whose first line is itself a value needs no header.
    """
    name, lines = _lines(file)
    wanted = " or ".join(f"'{column}'" for column in known)
    header = [cell.strip() for cell in lines[0][1]] if lines else []
    if len(header) == 1 and _reads(parse, header[0]):
        header, rows = [known[0]], lines
    else:
        rows = lines[1:]
    column = next((c for c in known if c in header), None)
    if column is None:
        found = safe_text(", ".join(header), limit=120) or "nothing"
        raise InputError(
            phrase("{name}: no column {wanted} in the header", name=name, wanted=str(wanted)),
            remedy=phrase("found: {found}", found=found),
        )
    at = header.index(column)
    texts, numbers = [], []
    for line, cells in rows:
        cell = cells[at].strip() if at < len(cells) else ""
        texts.append(cell)
        numbers.append(_parsed(parse, cell, name, line, f"column '{column}'"))
    return texts, numbers


def _read_table(file: Path | None) -> list[list[float]]:
    """A rectangle of numbers; a first line without any number is taken for a header."""
    name, lines = _lines(file)
    if lines and not any(_is_number(cell) for cell in lines[0][1]):
        lines = lines[1:]
    if not lines:
        raise InputError(phrase("{name}: no numbers", name=name))
    width = len(lines[0][1])
    for line, cells in lines:
        if len(cells) != width:
            raise InputError(
                phrase(
                    "{name}, line {line}: {n_cells} cells where {width} were expected",
                    name=name,
                    line=str(line),
                    n_cells=len(cells),
                    width=width,
                )
            )
    return [
        [
            _parsed(_number, cell.strip(), name, line, f"column {at}")
            for at, cell in enumerate(cells, start=1)
        ]
        for line, cells in lines
    ]


def _parsed(parse: Callable[[str], float], cell: str, name: str, line: int, column: str) -> float:
    try:
        return parse(cell)
    except ValueError as error:
        shown = safe_text(cell, limit=60)
        raise InputError(
            phrase(
                "{name}, line {line}, {column}: '{shown}' is not {error}",
                name=name,
                line=str(line),
                column=column,
                shown=shown,
                error=error,
            )
        ) from error


def _number(cell: str) -> float:
    import struct

    if _HEX_FLOAT.match(cell):
        return float(struct.unpack(">f", bytes.fromhex(cell[2:]))[0])
    try:
        return float(cell)
    except ValueError:
        raise ValueError("a number or float32 bits such as 0x3f800000") from None


def _is_number(cell: str) -> bool:
    try:
        _number(cell.strip())
    except ValueError:
        return False
    return True


def _byte(cell: str) -> int:
    if not _HEX_BYTE.match(cell):
        raise ValueError("a byte in hexadecimal such as 0x7e")
    return int(cell, 16)


def _block(text: str) -> int | tuple[int, int] | None:
    if text == "tensor":
        return None
    match = re.fullmatch(r"(\d{1,6})(?:x(\d{1,6}))?", text)
    if match is None:
        raise OutOfRangeError("block", safe_text(text, limit=40), phrase("32, 128x128 or tensor"))
    first, second = match.groups()
    return int(first) if second is None else (int(first), int(second))


def _float32_bits(x: Any, numbers: Iterable[float]) -> Any:
    import numpy as np

    return x.astype(np.float32).view(np.uint32)


def _shown(value: Any) -> str:
    """The shortest decimal that reads back as the same number."""
    return repr(float(value))


def _answer(
    rows: list[tuple[Any, ...]],
    header: Sequence[str],
    out: Path | None,
    as_json: bool,
    **facts: object,
) -> None:
    if as_json:
        table = [dict(zip(header, row, strict=True)) for row in rows]
        _write(to_json({**facts, "rows": table}), out)
        return
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    _write(buffer.getvalue(), out)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        write_out(text)
        return
    write_file(out, text if text.endswith("\n") else text + "\n")
