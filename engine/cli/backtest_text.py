"""Backtests as text for a terminal of 80 columns."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from engine.phrases import Kind, english

WIDTH = 80
_SHOWN_TRADES = 12

# key, label, format: what the table of figures shows, in this order.
_ROWS: tuple[tuple[str, str, Kind], ...] = (
    ("final_equity", "Final equity", Kind("f", 4, False)),
    ("cagr_pct", "Growth a year", Kind("pct", 2, True)),
    ("volatility_pct", "Volatility a year", Kind("pct", 1, False)),
    ("sharpe", "Sharpe ratio", Kind("f", 2, False)),
    ("sharpe_se", "  its standard error", Kind("f", 2, False)),
    ("sortino", "Sortino ratio", Kind("f", 2, False)),
    ("max_drawdown_pct", "Deepest fall", Kind("pct", 1, False)),
    ("max_drawdown_days", "Longest time under water, days", Kind("int", 0, False)),
    ("exposure_pct", "Mean share in the stock", Kind("pct", 1, False)),
    ("turnover_per_year", "Turnover a year", Kind("f", 2, False)),
    ("n_trades", "Trades", Kind("int", 0, False)),
    ("psr", "P(Sharpe > 0)", Kind("f", 3, False)),
)


def backtest_text(result: Mapping[str, Any]) -> str:
    """Figures beside those of holding, how far luck goes, the trades, and the verdict."""
    title = f"{result['strategy']}: {result['from']} to {result['to']}"
    parts = [title, "=" * min(len(title), WIDTH), _figures("This rule", result), ""]
    parts += [*_luck(result), "", *_trades(result), "", _wrapped(str(result["verdict"]))]
    parts += ["", _wrapped(str(result["fills"])), _wrapped(str(result["costs_text"]))]
    return "\n".join(parts)


def sweep_text(result: Mapping[str, Any]) -> str:
    """The best sets, the best one's figures, and the verdict on the whole search."""
    title = (
        f"{result['strategy']}: {result['n_sets']:,} parameter sets, "
        f"{result['from']} to {result['to']}"
    )
    parts = [title, "=" * min(len(title), WIDTH), "", "Best by Sharpe ratio", _best(result["top"])]
    if result["n_left_out"]:
        parts.append(f"{result['n_left_out']:,} sets left out: their thresholds make no rule.")
    parts += ["", _figures("Best set", result["best"] | {"benchmark": result["benchmark"]}), ""]
    parts += [*_luck(result), "", _wrapped(str(result["verdict"]))]
    if result.get("spa_note"):
        parts.append(_wrapped(str(result["spa_note"])))
    return "\n".join(parts)


def walk_forward_text(result: Mapping[str, Any]) -> str:
    """The folds with what each chose, then the stitched path beside holding."""
    title = f"{result['strategy']}: walk-forward, {result['from']} to {result['to']}"
    parts = [title, "=" * min(len(title), WIDTH), ""]
    rows = [
        (
            f["test_from"],
            f["test_to"],
            _number(f["sharpe_in_sample"]),
            f"{f['final']:.4f}",
            _params(f["params"]),
        )
        for f in result["folds"]
    ]
    head = ("tested from", "to", "Sharpe before", "equity after", "chosen")
    parts += [_table(head, rows), "", _figures("Stitched", result), "", *_luck(result), ""]
    return "\n".join([*parts, _wrapped(str(result["verdict"]))])


def _figures(name: str, result: Mapping[str, Any]) -> str:
    holding = result["benchmark"]
    lines = [f"{'':<32}{name:>16}{'Holding':>16}"]
    for key, label, kind in _ROWS:
        ours, theirs = (_shown(r.get(key), kind) for r in (result, holding))
        lines.append(f"{label:<32}{ours:>16}{theirs:>16}")
    return "\n".join(lines)


def _shown(value: Any, kind: Kind) -> str:
    return "-" if value is None else english(value, kind)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _luck(result: Mapping[str, Any]) -> list[str]:
    low, high = result["excess_cagr_interval_pct"]
    excess = _shown(result["excess_cagr_pct"], Kind("pct", 2, True))
    lines = [f"{'Growth above holding':<32}{excess:>16}   95% interval {low:+.1f}% to {high:+.1f}%"]
    for key, label in (
        ("p_value_random_timing", "p against random timing"),
        ("dsr", "Deflated Sharpe ratio (DSR)"),
        ("pbo", "P(backtest overfitting) (PBO)"),
        ("spa_p_value", "p, superior ability (SPA)"),
    ):
        if result.get(key) is not None:
            lines.append(f"{label:<32}{result[key]:>16.3f}")
    lines.append(f"{'Attempts on these data so far':<32}{result['n_trials']:>16,}")
    return lines


def _trades(result: Mapping[str, Any]) -> list[str]:
    trades = list(result["trades"])
    hidden = len(trades) - _SHOWN_TRADES
    head = ("session", "share before", "after", "price", "at", "cost", "tax")
    rows = [
        (
            str(t["session_on"]),
            f"{t['from_weight']:.2f}",
            f"{t['to_weight']:.2f}",
            f"{t['price_usd']:,.2f}",
            str(t["filled_at"]),
            f"{t['cost']:.5f}",
            f"{t['tax']:.5f}",
        )
        for t in trades[-_SHOWN_TRADES:]
    ]
    note = [f"({hidden} earlier trades in --json)"] if hidden > 0 else []
    return [_table(head, rows), *note]


def _best(top: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            _number(t["sharpe"]),
            f"{t['final_equity']:.3f}",
            f"{t['max_drawdown_pct']:.1f}%",
            str(t["n_trades"]),
            _params(t["params"]),
        )
        for t in top
    ]
    return _table(("Sharpe", "equity", "fall", "trades", "parameters"), rows)


def _params(params: Mapping[str, float]) -> str:
    return ", ".join(f"{k.removeprefix('decision.')}={v:g}" for k, v in params.items())


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, name in enumerate(head):
        last = number == len(head) - 1 and name in ("parameters", "chosen")
        table.add_column(name, justify="left" if number == 0 or last else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    out = io.StringIO()
    Console(file=out, width=WIDTH, no_color=True, highlight=False).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines())


def _wrapped(text: str) -> str:
    import textwrap

    return textwrap.fill(text, WIDTH)
