"""A record full of corrections, and what report, ``rates`` and backtest read of it."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.cli.commands.rates import read
from engine.clock import from_micros, parse_as_of
from engine.decision.rates import PATH_MEETINGS
from engine.record.history import History
from engine.service.bind import load
from engine.service.morning import report_of
from engine.service.wiring import Assessment, assess, world_of
from engine.values import Fact
from feeds.facts import Lags, read_tables

CONFIG = Path(__file__).resolve().parents[1] / "config"
END = parse_as_of("2025-09-30T12:30Z")
DELAYS = (timedelta(minutes=20), timedelta(hours=3), timedelta(days=1), timedelta(days=9))


@lru_cache(maxsize=1)
def tables() -> tuple[Fact, ...]:
    """The shipped reference facts."""
    return read_tables(CONFIG / "facts", Lags())


def corrections(n: int, seed: int) -> list[Fact]:
    """``n`` facts of the tables told again with other figures, minutes to days later."""
    rng = random.Random(seed)
    chosen = rng.sample([f for f in tables() if f.kind in _FIGURES and f.known_at < END], n)
    return [
        replace(fact, known_at=fact.known_at + rng.choice(DELAYS), payload=_altered(fact, rng))
        for fact in chosen
    ]


_FIGURES = {
    "bar": ("close",),
    "observation": ("value",),
    "shares": ("shares_bn",),
    "earnings": ("revenue_usd_bn", "guide_vs_consensus_pct"),
    "availability": (),
    "earnings_date": (),
    "fomc_decision": ("target_lower_after", "target_upper_after"),
}


def _altered(fact: Fact, rng: random.Random) -> dict[str, Any]:
    factor, payload = rng.choice((0.97, 1.02, 1.1)), dict(fact.payload)
    if fact.kind == "availability":
        return payload | {"us_permission": rng.choice(("allowed", "licence", "barred"))}
    if fact.kind == "earnings_date":
        moved = date.fromisoformat(payload["report_on"]) + timedelta(days=rng.choice((-1, 7)))
        return payload | {"report_on": moved.isoformat()}
    if fact.kind == "fomc_decision":  # a range stays a range
        shift = rng.choice((-0.25, 0.25))
        return payload | {k: float(payload[k]) + shift for k in _FIGURES[fact.kind]}
    return (
        payload
        | {k: float(payload[k]) * factor for k in _FIGURES[fact.kind] if payload.get(k)}
        | {k: None for k in ("open", "high", "low") if k in payload}
    )


def backtest(history: History) -> Assessment:
    """Every session at once."""
    return assess(world_of(history, load(CONFIG, "balanced"), END), load(CONFIG), ratings=())


def disagreements(history: History, whole: Assessment, rows: Sequence[int]) -> list[str]:
    """What differs between the backtest's row and what is read at its instant, anywhere."""
    found = []
    for row in rows:
        at = from_micros(int(whole.features.decide_at_us[row]))
        found += [f"{at:%Y-%m-%d} {what}" for what in _differing(history, whole, row, at)]
    return found


def _differing(history: History, whole: Assessment, row: int, at: datetime) -> list[str]:
    config = load(CONFIG)
    morning = assess(world_of(history, config, at), config, ratings=())
    then = {name: float(values[row]) for name, values in whole.features.values.items()}
    found = [
        f"feature {name}"
        for name, values in morning.features.values.items()
        if not _same(float(values[-1]), then[name])
    ]
    report, rates = report_of(morning), read(history.cut(at), as_of=at)
    shown = {"nvda_close_usd": "nvda_close_usd", "dff_pct": "effr_pct", "vix": "vix"}
    shown["market_cap_usd_tn"] = "market_cap_usd_tn"
    found += [
        f"report {name}"
        for name, feature in shown.items()
        if not report.stale and not _same(report.market.get(name, math.nan), then[feature])
    ]
    if report.rates != rates.found[: len(report.rates)]:
        found.append("rates of report and command")
    if not _same(_path(rates.found, then["expected_path_bps"]), then["expected_path_bps"]):
        found.append("path of command and backtest")
    if not _same(math.nan if rates.effr_pct is None else rates.effr_pct, then["effr_pct"]):
        found.append("effective rate of command and backtest")
    return found


def _path(found: Sequence[Any], feature: float) -> float:
    """What the feature says of a year ahead, from the command's answer.

    A curve of fewer meetings names no year: there the feature stands on the two-year yield, of
    which the command does not speak, and nothing can be compared.
    """
    if found[0].rung == "two_year":
        return float(found[0].expected_change_bps)
    if found[0].rung != "zq":
        return math.nan
    short = len(found) < PATH_MEETINGS
    return feature if short else float(found[PATH_MEETINGS - 1].expected_change_bps)


def _same(one: float, other: float) -> bool:
    return bool(np.array_equal(one, other, equal_nan=True))
