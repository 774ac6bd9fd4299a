"""The one CSV reader: one line that names file, row and remedy, whatever comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError, TableError
from engine.tables import csv_cells, csv_rows, decoded

TABLE = "date,close\n2025-10-01,189.00\n"


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (TABLE.encode(), "UTF-8"),
        (b"\xef\xbb\xbf" + TABLE.encode(), "UTF-8"),
        (TABLE.encode("utf-16"), "UTF-16"),
        (TABLE.encode("utf-16-le"), "UTF-16"),
        (TABLE.encode("utf-16-be"), "UTF-16"),
        (b"\xfe\xff" + TABLE.encode("utf-16-be"), "UTF-16"),
    ],
)
def test_every_unicode_file_reads_alike(raw: bytes, encoding: str) -> None:
    assert decoded(raw, "x.csv") == (TABLE, encoding)


def test_an_older_encoding_is_read_when_allowed_and_refused_with_the_remedy_else() -> None:
    raw = "Date;Clôture".encode("latin-1")

    assert decoded(raw, "x.csv", legacy=True) == ("Date;Clôture", "Windows-1252")
    with pytest.raises(InputError, match=r"'x.csv' is not UTF-8 text \(byte 8\) \(save it as"):
        decoded(raw, "x.csv")
    with pytest.raises(InputError, match="damaged UTF-16"):
        decoded(TABLE.encode("utf-16") + b"x", "x.csv")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'t.csv' is empty"),
        ("\n \n", "'t.csv' is empty"),
        ("day,close\n", "t.csv:1: no column 'date' (it has day, close)"),
        ("date,close\n2025-10-01\n", "t.csv:2: 1 cells under 2 columns"),
        ("date,close\n2025-10-01,1,2\n", "t.csv:2: 3 cells under 2 columns"),
        ("date,close,date\n", "t.csv:1: column 'date' comes twice"),
        (f"date,close\n2025-10-01,{'1' * 200_000}\n", "t.csv:2: a cell has more than 131,072"),
        ('date,close\n"2025-10-01,1\n', "not a CSV row"),
    ],
)
def test_each_fault_is_one_line_with_its_place(text: str, said: str) -> None:
    with pytest.raises(TableError) as refusal:
        list(csv_rows(text, "t.csv", needs=("date",)))

    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert refusal.value.exit_code == 2


def test_rows_know_their_lines_and_blank_ones_are_none() -> None:
    text = "date;close\r\n\r\n;\r\n2025-10-01; 189,00 \r\n"

    assert list(csv_cells(text, "t.csv", separator=";")) == [
        (1, ["date", "close"]),
        (4, ["2025-10-01", "189,00"]),
    ]


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    """Whatever the text, rows or a ``TableError``: nothing else."""
    try:
        found = list(csv_rows(text, "t.csv"))
    except TableError as error:
        said = error.message
    else:
        said = "t.csv:"
        assert all(isinstance(cell, str) for _, row in found for cell in row.values())
    assert said.startswith(("t.csv:", "'t.csv' is empty"))
