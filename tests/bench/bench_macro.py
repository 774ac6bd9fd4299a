"""Speed of the macro engine: years of daily curves and valuations against the definitions.

Processor seconds, the best of several rounds in one run. The definitions are timed on a part of the
days and scaled, which the notes say.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from engine.macro.fedwatch import distributions, expectations, steps_over_time
from engine.macro.valuation import Assumptions, implied_growth, implied_growth_by_bisection

YEARS = range(2017, 2028)
DAYS = 2520
PART = 100
FACTS = Path(__file__).resolve().parents[2] / "config" / "facts"


def rows() -> list[dict[str, object]]:
    """One row per figure: ours and theirs in processor seconds, ratio theirs / ours."""
    return [*_fedwatch(), *_valuation(), _sessions()]


def _fedwatch() -> list[dict[str, object]]:
    """Ten years of daily curves of 24 contracts each, eight meetings a year."""
    meetings = [date(y, m, 15) for y in YEARS for m in (1, 3, 5, 6, 7, 9, 11, 12)]
    months = [date(y, m, 1) for y in YEARS for m in range(1, 13)]
    days = [date(2017, 1, 3) + timedelta(days=round(k * 365.25 / 252)) for k in range(DAYS)]
    prices = _curves(days, months)

    def fast() -> None:
        distributions(steps_over_time(prices, months, meetings, days), 6)

    def slow() -> None:
        for t in range(0, DAYS, DAYS // PART):
            curve = {m: float(p) for m, p in zip(months, prices[t], strict=True) if p == p}
            expectations(curve, meetings, days[t], range_bps=(425, 450))

    ours, theirs = _cpu_s(fast, 5), _cpu_s(slow, 1) * DAYS / len(range(0, DAYS, DAYS // PART))
    return [
        _row("FedWatch, ten years of daily curves", ours, theirs, "< 1 s", "definition scaled"),
        {
            "what": "FedWatch, worst miss of 16 published readings",
            "ours": f"{_worst_miss_pp():.4f} pp",
            "theirs": "CME",
            "ratio": "",
            "target": "<= 0.05 pp",
            "note": "fedwatch_published.csv, rows with quoted or recovered prices",
        },
    ]


def _curves(
    days: list[date], months: list[date]
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    prices = 95 + np.random.default_rng(0).normal(0, 0.02, (len(days), len(months))).cumsum(axis=1)
    first = np.array([(d.year - YEARS[0]) * 12 + d.month - 1 for d in days])
    column = np.arange(len(months))
    prices[(column < first[:, None]) | (column >= first[:, None] + 24)] = np.nan
    return prices


def _worst_miss_pp() -> float:
    from engine.macro.fedwatch import parse_contract, parse_published, parse_range

    with (FACTS / "fomc_meetings.csv").open(encoding="utf-8") as file:
        meetings = [date.fromisoformat(r["meeting_end"]) for r in csv.DictReader(file)]
    worst = 0.0
    with (FACTS / "fedwatch_published.csv").open(encoding="utf-8") as file:
        readings = [
            r for r in csv.DictReader(file) if r["zq_inputs"] and "mid" not in r["zq_inputs"]
        ]
    for row in readings:
        text = row["observed"]
        on = date(2022, 9, 1) if "article" in text else date.fromisoformat(text)
        pairs = (pair.split("=") for pair in row["zq_inputs"].split(";"))
        prices = {parse_contract(code, near=on): float(price) for code, price in pairs}
        bounds = parse_range(row["range_at_observation_bp"])
        found = expectations(prices, meetings, on, range_bps=bounds)
        meeting = next(e for e in found if str(e.meeting_on) == row["meeting"])
        ours = {o.range_bps: o.probability for o in meeting.outcomes}
        theirs = parse_published(row["published_pct"])
        worst = max(worst, *(abs(ours.get(k, 0) - theirs.get(k, 0)) for k in ours.keys() | theirs))
    return 100 * worst


def _valuation() -> list[dict[str, object]]:
    caps = np.random.default_rng(1).uniform(500, 6000, DAYS)
    assumptions = Assumptions()

    def slow() -> None:
        for cap in caps[:PART]:
            implied_growth_by_bisection(float(cap), 72.0, assumptions)

    ours = _cpu_s(lambda: implied_growth(caps, 72.0, assumptions), 20)
    theirs = _cpu_s(slow, 1) * DAYS / PART
    return [_row("implied growth, ten years of days", ours, theirs, "", "bisection scaled")]


def _sessions() -> dict[str, object]:
    """The whole cost of sessions in a fresh process, import of the calendar included."""
    load = (
        "import time; from datetime import date; from engine.macro.sessions import load_sessions;"
        "load_sessions(date(2016, 1, 4), date(2026, 12, 31)); print(time.process_time())"
    )
    bare = "import time, pandas; print(time.process_time())"
    ours, theirs = _fresh_cpu_s(load), _fresh_cpu_s(bare)
    return {
        "what": "eleven years of sessions, fresh process",
        "ours": round(ours, 2),
        "theirs": round(theirs, 2),
        "ratio": round(theirs / ours, 2),
        "target": "< 3 s",
        "note": "against importing pandas alone, which is most of it",
    }


def _fresh_cpu_s(code: str) -> float:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def _row(what: str, ours: float, theirs: float, target: str, note: str) -> dict[str, object]:
    return {
        "what": what,
        "ours": round(ours, 5),
        "theirs": round(theirs, 3),
        "ratio": round(theirs / ours, 1),
        "target": target,
        "note": f"processor seconds; {note}",
    }


def _cpu_s(work: Callable[[], object], rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best
