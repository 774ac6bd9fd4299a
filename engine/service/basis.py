"""What every page and command says beneath a history: fills, costs, hindsight, what was unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from config.frozen import FROZEN_ON, unseen
from engine.phrases import Phrase, paragraph, phrase, plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from backtests.benchmarks import AfterTax, Yardstick
    from engine.service.history import Window


def fills(window: Window) -> Phrase:
    """When decisions were filled, and at which price."""
    at_close = int(window.market.at_close.sum())
    filled = phrase(
        "Decided before the open, filled at the open of the same session ({n:int} sessions).",
        n=len(window.market),
    )
    if not at_close:
        return filled
    missing = phrase(
        "{n:int} sessions without a known open would be filled at their close.", n=at_close
    )
    return paragraph(filled, missing)


def costs(window: Window) -> Phrase:
    """Fee, tax, interest and dividends."""
    paid = window.market.costs
    said = phrase(
        "Costs: {fee:sig3} bp of the traded value per fill, short fee {borrow:pct1} a year, "
        "tax {tax:share0} of realised gains; cash earns the effective federal funds rate as "
        "known each morning.",
        fee=paid.fee * 10_000,
        borrow=paid.borrow_pct,
        tax=paid.tax_rate,
    )
    counted = plural(
        "{n} dividend counts, reinvested at the open of its ex-date.",
        "{n} dividends count, each reinvested at the open of its ex-date.",
        n=window.dividends,
    )
    return paragraph(said, counted)


def foresight(first: date, last: date) -> tuple[Phrase, ...]:
    """What was known of these sessions when the rules were set: everything, or not the prices."""
    said = []
    if first <= FROZEN_ON:
        said.append(
            phrase(
                "Up to {day:date} lines, weights and priors were set with the prices in view, and "
                "the curated events were picked with hindsight: no figure of those years is proof.",
                day=FROZEN_ON,
            )
        )
    if unseen(last):
        said.append(
            phrase(
                "After {day:date}: prices unseen, releases seen. Held back, not forward.",
                day=FROZEN_ON,
            )
        )
    return tuple(said)


def notes(window: Window) -> tuple[Phrase, ...]:
    """Everything said beneath a replay of ``window``."""
    return (fills(window), costs(window), *foresight(window.first, window.last))


def plain_yardsticks(found: Sequence[Yardstick]) -> dict[str, Any]:
    """Yardsticks for programs, by name."""
    return {y.name: _plain(y) for y in found}


def _plain(y: Yardstick) -> dict[str, Any]:
    figures = y.figures
    return {
        "final_equity": figures.final_equity,
        "cagr_pct": figures.cagr_pct,
        "max_drawdown_pct": figures.max_drawdown_pct,
        "sharpe": figures.sharpe,
        "exposure_pct": figures.exposure_pct,
        "n_trades": figures.n_trades,
        "after_tax": plain_after_tax(y.after_tax),
        "rule_excess_cagr_pct": y.excess_pct,
        "rule_excess_cagr_interval_pct": None
        if y.interval is None
        else [y.interval.low_pct, y.interval.high_pct],
    }


def plain_after_tax(found: AfterTax) -> dict[str, Any]:
    """For programs."""
    return {
        "tax_rate": found.rate,
        "final_equity": found.final_equity,
        "cagr_pct": found.cagr_pct,
    }
