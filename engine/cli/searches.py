"""What a sweep and a walk-forward say beside the tear sheet: the sets tried, the folds chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.plain import to_plain

if TYPE_CHECKING:
    from engine.report.blocks import Part, Table


def search_parts(result: dict[str, Any]) -> tuple[Part, ...]:
    """The best sets of a sweep, and what was left out."""
    from engine.report.blocks import Block, Note, Part

    rows = [
        (
            _number(t["sharpe"]),
            f"{t['final_equity']:.3f}",
            f"{t['max_drawdown_pct']:.1f}%",
            str(t["n_trades"]),
            _params(t["params"]),
        )
        for t in to_plain(result["top"])
    ]
    heads = ("Sharpe", "equity", "fall", "trades", "parameters")
    blocks: list[Block] = [_rows_table(heads, rows)]
    if result["n_left_out"]:
        said = f"{result['n_left_out']:,} sets left out: their thresholds make no rule."
        blocks.append(Note(text=said, style="quiet"))
    if result["spa_note"]:
        blocks.append(Note(text=str(result["spa_note"]), style="quiet"))
    title = f"{result['n_sets']:,} parameter sets, best by Sharpe ratio"
    return (Part(name="search", title=title, blocks=tuple(blocks)),)


def fold_parts(result: dict[str, Any]) -> tuple[Part, ...]:
    """The folds of a walk-forward with what each chose."""
    from engine.report.blocks import Part

    rows = [
        (
            f["test_from"],
            f["test_to"],
            _number(f["sharpe_in_sample"]),
            f"{f['final']:.4f}",
            _params(f["params"]),
        )
        for f in to_plain(result["folds"])
    ]
    heads = ("tested from", "to", "Sharpe before", "equity after", "chosen")
    title = "Chosen on the past, followed afterwards"
    return (Part(name="folds", title=title, blocks=(_rows_table(heads, rows),)),)


def _rows_table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    from engine.report.blocks import Cell, Column, Table

    return Table(
        columns=tuple(Column(head=h, number=0 < i < len(heads) - 1) for i, h in enumerate(heads)),
        rows=tuple(tuple(Cell(text=text) for text in row) for row in rows),
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _params(params: dict[str, float]) -> str:
    return ", ".join(f"{k.removeprefix('decision.')}={v:g}" for k, v in params.items())
