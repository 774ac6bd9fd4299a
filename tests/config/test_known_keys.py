"""What may stand in a file, what holds without it, and what a cell of a table may be: all known."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.schema import Strict
from config.strategy import RiskWords
from config.tables import KINDS, SHEETS, table_problems


@pytest.mark.parametrize(
    "given",
    [
        {"bear_fall_pct": "20"},  # text is no number
        {"bear_fall_pct": True},
        {"bear_fall_pct": 20, "band": 1},  # no such key
        {"bear_fall_pct": float("nan")},
    ],
)
def test_nothing_is_converted_or_ignored(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RiskWords.model_validate(given)


def test_what_was_read_cannot_be_changed() -> None:
    """A decision's configuration is the one whose hash is printed."""
    words = RiskWords.model_validate({"bear_fall_pct": 20.0})
    with pytest.raises(ValidationError):
        words.bear_fall_pct = 30.0  # type: ignore[misc]
    assert Strict.model_config["extra"] == "forbid"


GOOD_AND_BAD = {
    "date": ("1990-01-01 2100-12-31 2025-08-22", "1989-12-31 2101-01-01 20250822 2025-13-01 x"),
    "instant": (
        "2025-08-22T14:30Z 2025-08-22T14:30:59+02:00 2025-08-22 1990-01-01T00:00Z",
        "1989-12-31T23:59Z 2025-08-22T25:00Z x",
    ),
    "clock": ("00:00 14:30 23:59:59", "24:00 14:60 2pm x"),
    "number": ("-1000000 0 1e6 -0.5", "-1000001 1000001 nan inf -inf 1e400 x 1,5"),
    "percent": ("-200 200", "-200.01 200.01 nan x"),
    "rate": ("-5 25", "-5.01 25.01 nan x"),
    "share": ("0 100", "-0.01 100.01 nan x"),
    "amount": ("0.000001 1e12", "0 -1 1.1e12 nan inf x"),
    "count": ("0 1e12", "-0.01 1.1e12 nan x"),
}


def cells(which: int) -> list[tuple[str, str]]:
    return [(kind, cell) for kind, pair in GOOD_AND_BAD.items() for cell in pair[which].split()]


def test_every_kind_of_cell_has_its_examples() -> None:
    assert GOOD_AND_BAD.keys() == KINDS.keys()


@pytest.mark.parametrize(("kind", "cell"), cells(0))
def test_a_cell_on_its_bound_is_taken(kind: str, cell: str) -> None:
    assert KINDS[kind](cell) is None


@pytest.mark.parametrize(("kind", "cell"), cells(1))
def test_a_cell_beyond_its_bound_is_refused(kind: str, cell: str) -> None:
    assert KINDS[kind](cell)


@pytest.mark.parametrize(
    ("kind", "cell", "told"),
    [
        ("share", "101", "is not a number from 0 to 100"),
        ("amount", "0", "is not a number above 0 to 1e+12"),
        ("count", "x", "is not a number"),
        ("date", "x", "is not a date such as 2025-08-22"),
    ],
)
def test_a_refused_cell_is_told_what_is_allowed(kind: str, cell: str, told: str) -> None:
    assert KINDS[kind](cell) == told


def test_a_column_that_is_kept_to_a_kind_is_a_column_of_its_table() -> None:
    """A rule under a misspelt column would hold nothing; so would a kind that does not exist."""
    for file, sheet in SHEETS.items():
        columns = sheet.columns.split()
        assert set(sheet.needs.split()) <= set(columns), file
        assert sheet.kinds.keys() <= set(columns), file
        assert len(columns) == len(set(columns)), file
        for kind in sheet.kinds.values():
            assert kind in KINDS or kind == "event" or "|" in kind or kind == "America/New_York"


HEAD = "observed_on,dff_pct,dgs2_pct,dgs10_pct,dtb3_pct,source,confidence"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{HEAD}\n2025-08-22,4.3,,,,fed,high\n", []),
        (f"{HEAD}\n,4.3,,,,fed,high\n", [(2, "column 'observed_on' is blank")]),
        (f"{HEAD}\n2025-08-22,4.3,,,,fed\n", [(2, "6 cells under 7 columns")]),
        (
            f"{HEAD}\n2025-08-22,99,,,,,hihg\n",
            [
                (2, "dff_pct '99' is not a number from -5 to 25"),
                (
                    2,
                    "confidence 'hihg' is not one of high, medium, low, none "
                    "(did you mean 'high'?)",
                ),
            ],
        ),
        (f"{HEAD}\n2025-08-22,4.3,,,,,zzz\n",
         [(2, "confidence 'zzz' is not one of high, medium, low, none")]),
        (
            HEAD.replace("dff_pct", "dff_pc"),
            [
                (1, "no column 'dff_pct' (is 'dff_pc' meant?)"),
                (1, "unknown column 'dff_pc' (did you mean 'dff_pct'?)"),
            ],
        ),
        (HEAD.removesuffix(",confidence"), [(1, "no column 'confidence'")]),
        (f"{HEAD},source", [(1, "a column comes twice")]),
        (f"{HEAD}\n2025-08-22,{'9' * 70},,,,,\n",
         [(2, f"dff_pct '{'9' * 60}' is not a number from -5 to 25")]),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_table_is_told_by_line(text: str, told: list[tuple[int, str]]) -> None:
    assert list(table_problems("rates_daily.csv", text, {})) == told
