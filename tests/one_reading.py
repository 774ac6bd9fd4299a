"""A record full of corrections, and what report, ``rates``, ``rate`` and backtest read of it."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.cli.commands.rates import read
from engine.clock import from_micros, parse_as_of
from engine.decision.rates import PATH_MEETINGS
from engine.macro.sessions import Schedule, Sessions, read_schedule, sessions_within
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
    "supply_estimate": (),
    "accelerator": ("rent_usd_per_hour",),
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
    if fact.kind == "supply_estimate":  # bounds stay in their order
        return payload | {
            k: str(float(v) * factor) for k, v in payload.items() if "units_" in k and v
        }
    return (
        payload
        | {k: float(payload[k]) * factor for k in _FIGURES[fact.kind] if payload.get(k)}
        | {k: None for k in ("open", "high", "low") if k in payload}
    )


def backtest(history: History) -> Assessment:
    """Every session at once, every release rated."""
    return at_instant(history, END)


def at_instant(history: History, at: datetime) -> Assessment:
    """What a morning reads: nothing of it was computed before."""
    config = load(CONFIG, "balanced")
    return assess(world_of(history, config, at, load=_sessions), config, version="the same")


def _sessions(first: date, last: date, clock: time) -> Sessions:
    """As ``load_sessions``, the exchange calendar read once."""
    return sessions_within(_schedule(), first, last, clock)


@lru_cache(maxsize=1)
def _schedule() -> Schedule:
    return read_schedule(date(2015, 1, 1), date(2026, 11, 27))


def disagreements(
    history: History, whole: Assessment, rows: Sequence[int], *, tell: bool = False
) -> list[str]:
    """What differs between the backtest's row and what is read at its instant, anywhere."""
    found: list[str] = []
    for n, row in enumerate(rows, start=1):
        at = from_micros(int(whole.features.decide_at_us[row]))
        found += [f"{at:%Y-%m-%d} {what}" for what in _differing(history, whole, row, at)]
        if tell and n % 20 == 0:
            print(f"{n} of {len(rows)} instants, {len(found)} differences", flush=True)
    return found


def _differing(history: History, whole: Assessment, row: int, at: datetime) -> list[str]:
    morning = at_instant(history, at)
    then = {name: float(values[row]) for name, values in whole.features.values.items()}
    found = [
        f"feature {name}"
        for name, values in morning.features.values.items()
        if not _same(float(values[-1]), then[name])
    ]
    for name in ("score", "target_weight", "invested"):
        here, there = (getattr(a.evaluation, name) for a in (morning, whole))
        if not _same(float(here[-1]), float(there[row])):
            found.append(f"decision: {name}")
    return found + _rated(morning, whole, row) + _shown(history, morning, then, at)


def _rated(morning: Assessment, whole: Assessment, row: int) -> list[str]:
    """Ratings as ``nvsignal rate`` makes them of what is known, against the backtest's."""
    told = {(r.rating.model, r.rating.kind, r.rating.rated_at): repr(r) for r in morning.ratings}
    for r in whole.ratings:
        if r.row <= row:
            key = (r.rating.model, r.rating.kind, r.rating.rated_at)
            if told.pop(key, "") != repr(r):
                return [f"rating of {r.rating.model}"]
    return [f"rating of {model} alone" for model, _, _ in told]


def _shown(
    history: History, morning: Assessment, then: Mapping[str, float], at: datetime
) -> list[str]:
    """What the report shows and ``nvsignal rates`` says, against the row."""
    report, rates = report_of(morning), read(history.cut(at), as_of=at)
    shown = {"nvda_close_usd": "nvda_close_usd", "dff_pct": "effr_pct", "vix": "vix"}
    shown["market_cap_usd_tn"] = "market_cap_usd_tn"
    found = [
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
