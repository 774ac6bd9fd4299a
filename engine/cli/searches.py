"""What a sweep and a walk-forward say beside the tear sheet: the sets tried, the folds chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.plain import to_plain

if TYPE_CHECKING:
    from engine.report.blocks import Part, Table
    from engine.report.i18n import Speaker


def search_parts(result: dict[str, Any], voice: Speaker) -> tuple[Part, ...]:
    """The best sets of a sweep, and what was left out."""
    from engine.report.blocks import Block, Note, Part

    rows = [
        (
            _number(t["sharpe"], voice),
            voice.number(t["final_equity"], ".3f"),
            voice.number(t["max_drawdown_pct"], "pct1"),
            voice.number(t["n_trades"], "int"),
            _params(t["params"]),
        )
        for t in to_plain(result["top"])
    ]
    _ = voice.say
    heads = ("Sharpe", _("final value"), _("fall"), _("trades"), _("parameters"))
    blocks: list[Block] = [_rows_table(heads, rows)]
    if result["n_left_out"]:
        said = _("{n:int} sets left out: their thresholds make no rule.", n=result["n_left_out"])
        blocks.append(Note(text=said, style="quiet"))
    if result["spa_note"]:
        blocks.append(Note(text=voice.tell(result["spa_note"]), style="quiet"))
    title = _("{n:int} parameter sets, best by Sharpe ratio", n=result["n_sets"])
    return (Part(name="search", title=title, blocks=tuple(blocks)),)


def fold_parts(result: dict[str, Any], voice: Speaker) -> tuple[Part, ...]:
    """The folds of a walk-forward with what each chose."""
    from engine.report.blocks import Part

    rows = [
        (
            f["test_from"],
            f["test_to"],
            _number(f["sharpe_in_sample"], voice),
            voice.number(f["final"], ".4f"),
            _params(f["params"]),
        )
        for f in to_plain(result["folds"])
    ]
    _ = voice.say
    heads = (_("tested from"), _("until"), _("Sharpe before"), _("value after"), _("chosen"))
    title = _("Chosen on the past, followed afterwards")
    return (Part(name="folds", title=title, blocks=(_rows_table(heads, rows),)),)


def _rows_table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    from engine.report.blocks import Cell, Column, Table

    return Table(
        columns=tuple(Column(head=h, number=0 < i < len(heads) - 1) for i, h in enumerate(heads)),
        rows=tuple(tuple(Cell(text=text) for text in row) for row in rows),
    )


def _number(value: float | None, voice: Speaker) -> str:
    return "–" if value is None else voice.number(value, ".2f")


def _params(params: dict[str, float]) -> str:
    return ", ".join(f"{k.removeprefix('decision.')}={v:g}" for k, v in params.items())
