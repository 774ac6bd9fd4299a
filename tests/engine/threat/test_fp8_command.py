"""``nvsignal fp8``: the same bits as the library, and refusals that name the place."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from engine.cli.commands import fp8 as command
from engine.errors import NvsignalError
from engine.threat import fp8

VECTORS = Path(__file__).resolve().parents[2] / "data" / "fp8_element_vectors.csv"


def run(*arguments: str, text: str | None = None) -> str:
    app = typer.Typer()
    command.register(app)
    result = CliRunner().invoke(app, ["fp8", *arguments], input=text, catch_exceptions=True)
    if result.exception is not None:
        raise result.exception
    return result.output


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_encoding_the_published_bits_gives_the_published_bytes(tmp_path: Path) -> None:
    vectors = table(VECTORS.read_text())
    chosen = [v for v in vectors if (v["format"], v["overflow_mode"]) == ("e4m3fn", "nonsat")]
    source = tmp_path / "bits.csv"
    source.write_text("float32_hex\n" + "".join(f"{v['input_f32_hex']}\n" for v in chosen))
    answer = table(run("encode", "--format", "e4m3fn", "--overflow", "nonsaturate", str(source)))
    assert [row["byte_hex"] for row in answer] == [v["byte_hex"] for v in chosen]
    assert [row["float32_hex"] for row in answer] == [v["input_f32_hex"] for v in chosen]


def test_decimals_and_bits_mix_and_decode_undoes_encode() -> None:
    encoded = run("encode", text="value\n1.0625\n0x43e00000\n-0.0\n")
    assert [row["byte_hex"] for row in table(encoded)] == ["0x38", "0x7e", "0x80"]
    decoded = table(run("decode", text=encoded))
    assert [row["decoded"] for row in decoded] == ["1.0", "448.0", "-0.0"]


def test_quantize_gives_codes_scales_and_what_reads_back(tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((4, 64)).astype(np.float32)
    text = "\n".join(",".join(repr(float(v)) for v in line) for line in x)
    answer = json.loads(run("quantize", "--preset", "mxfp8", "--json", text=text))
    stored = fp8.quantize(x, "mxfp8")
    codes = [[int(code, 16) for code in line] for line in answer["codes_hex"]]
    assert codes == stored.codes.tolist()
    assert answer["scales"] == stored.scales.tolist()
    assert answer["reconstructed"] == stored.dequantize().tolist()
    out = tmp_path / "codes.csv"
    run("quantize", "--block", "2x2", "--rule", "floor", "--out", str(out), text="a,b\n1,2\n3,4\n")
    assert [row["decoded"] for row in table(out.read_text())] == ["1.0", "2.0", "3.0", "4.0"]


@pytest.mark.parametrize(
    ("arguments", "text", "message"),
    [
        (["encode"], "value\n1\nabc\n", "standard input, line 3, column 'value': 'abc' is not a"),
        (["encode"], "price\n1\n", "no column 'value' or 'float32_hex'"),
        (["encode"], "", "found: nothing"),
        (["encode", "--format", "e4m4fn"], "value\n1\n", "did you mean 'e4m3fn'"),
        (["encode", "--overflow", "wrap"], "value\n1\n", "saturate or nonsaturate"),
        (["encode", "--format", "e2m1"], "value\nnan\n", "1 NaN to encode"),
        (["decode"], "byte_hex\n0x1ff\n", "line 2, column 'byte_hex': '0x1ff' is not a byte"),
        (["decode", "--format", "e2m1"], "byte_hex\n0x10\n", "0 to 15"),
        (["quantize"], "1,2\n3\n", "line 2: 1 cells where 2 were expected"),
        (["quantize"], "1,2\n", "not made of whole blocks of 32"),
        (["quantize"], "1,x\n", "line 1, column 2: 'x' is not a number"),
        (["quantize"], "a,b\n", "no numbers"),
        (["quantize", "--block", "2", "--strict"], "1,inf\n", "inf at position (0, 1)"),
        (["quantize", "--block", "0"], "1,2\n", "sizes from 1 up"),
        (["quantize", "--block", "big"], "1,2\n", "32, 128x128 or tensor"),
        (["quantize", "--preset", "mxfp"], "1,2\n", "unknown preset 'mxfp'"),
        (["encode", "no-such-file.csv"], None, "there is no file 'no-such-file.csv'"),
    ],
)
def test_bad_input_is_refused_in_one_line(
    arguments: list[str], text: str | None, message: str
) -> None:
    with pytest.raises(NvsignalError) as refusal:
        run(*arguments, text=text)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_single_column_of_values_needs_no_header() -> None:
    """`echo 1.0 | nvsignal fp8 encode` is what one tries first."""
    assert [
        r["byte_hex"] for r in table(run("encode", "--format", "e4m3fn", text="1.0\n-0.0\n"))
    ] == [
        "0x38",
        "0x80",
    ]
    assert table(run("decode", "--format", "e4m3fn", text="0x7e\n"))[0]["decoded"] == "448.0"
