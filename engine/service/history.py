"""A stretch of history made ready to replay: record, features, prices, costs, and the ledger."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.clock import end_of_day
from engine.errors import DataError, InputError
from engine.files import read_bytes
from engine.phrases import error_phrase, phrase
from engine.record.asof import bars_at
from engine.service import wiring
from engine.tables import Row, csv_rows, decoded

if TYPE_CHECKING:
    from backtests.metrics import Summary
    from backtests.overfitting import RuleEvidence
    from backtests.replay import Costs, Replay, UnitValues
    from backtests.sweep import SweepResult
    from engine.decision.evidence import Blend
    from engine.record.readings import Bar, CorporateAction
    from engine.record.store import Store
    from engine.service.bind import Bound
    from engine.values import Features, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """Everything a backtest needs. market covers the window; features the whole record up to it.

    start: row of ``features`` at which the window begins. data_hash: of what was known at its end.
    earlier: (k,), closes before the first session on the scale of ``market.stock_close``, for
    yardsticks that look back. dividend_on: ex-dates whose dividends are counted.
    """

    config: Bound
    features: Features
    market: UnitValues
    start: int
    data_hash: str
    earlier: FloatArray
    dividend_on: tuple[date, ...] = ()

    @property
    def rows(self) -> slice:
        """The window in rows of ``features``."""
        return slice(self.start, self.start + len(self.market))

    @property
    def first(self) -> date:
        """First session."""
        return self.market.sessions_on[0]

    @property
    def last(self) -> date:
        """Last session."""
        return self.market.sessions_on[-1]

    def part(self, rows: slice) -> Window:
        """``rows`` of this window, counted from its first session."""
        return replace(
            self,
            market=self.market.part(rows),
            start=self.start + rows.start,
            earlier=np.concatenate((self.earlier, self.market.stock_close[: rows.start])),
        )

    @property
    def dividends(self) -> int:
        """How many dividends the account counts."""
        return sum(self.first < day <= self.last for day in self.dividend_on)


def parse_day(text: str | None, name: str) -> date | None:
    """An ISO date; ``InputError`` names the option."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InputError(
            phrase("{name} '{text}' is not a date", name=str(name), text=text[:40]),
            remedy=phrase("use 2022-01-03"),
        ) from None


def open_window(
    store: Store,
    config: Bound,
    costs: Costs,
    first: date | None,
    last: date | None,
    *,
    now: datetime,
    rate: bool = True,
) -> Window:
    """Load the record as known at the end of ``last`` and price the window.

    first, last: None for the first and last session with a price. rate: False leaves out the
    threat ratings, for work that uses prices alone.
    """
    end = end_of_day(last) if last else wiring.last_evening(store)
    world = wiring.world_at(store, config, min(end, now))
    assessed = wiring.assess(world, config, ratings=None if rate else (), version="backtest")
    return window_of(assessed, costs, first, last)


def window_of(
    assessment: wiring.Assessment, costs: Costs, first: date | None, last: date | None
) -> Window:
    """The sessions from ``first`` to ``last`` of what was assessed, priced.

    first, last: None for the first and last session with a price; ``last`` cuts off only what
    prices would show, the record behind it is that of the assessment. Raises ``InputError`` where
    no session with a price lies between them.
    """
    from backtests.replay import market, prices_over, rows_between
    from engine.record.asof import actions_at

    world, features = assessment.world, assessment.features
    bars = bars_at(world.history, "NVDA", world.as_of)
    if not bars:
        raise InputError(
            phrase("the record holds no NVDA price"), remedy=phrase("nvsignal import bars FILE")
        )
    known = [d for d in world.grid.sessions_on if min(bars) <= d <= max(bars)]
    inside = rows_between(known, first or known[0], last or known[-1])
    sessions = known[inside]
    start = world.grid.sessions_on.index(sessions[0])
    actions = actions_at(world.history, "NVDA", world.as_of)
    prices = prices_over(bars, actions, sessions)
    cash_rate = features.values["effr_pct"][start : start + len(sessions)]
    priced = market(prices, np.asarray(cash_rate), costs)
    return Window(
        config=assessment.config,
        features=features,
        market=priced,
        start=start,
        data_hash=world.data_hash,
        earlier=_earlier(bars, actions, priced),
        dividend_on=tuple(a.ex_on for a in actions if a.action != "split"),
    )


def _earlier(
    bars: Mapping[date, Bar], actions: Iterable[CorporateAction], priced: UnitValues
) -> FloatArray:
    """(k,): closes of the sessions before those of ``priced``, on its scale."""
    from backtests.replay import Costs, market, prices_over

    first = priced.sessions_on[0]
    days = [*sorted(day for day in bars if day < first), first]
    whole = market(prices_over(bars, actions, days), 0.0, Costs())
    scale = priced.stock_close[0] / whole.stock_close[-1]
    return np.asarray(whole.stock_close[:-1] * scale)


# --- the trial ledger -----------------------------------------------------------------------------


def rule_numbers(blend: Blend) -> dict[str, float | None]:
    """Every number of a rule, flat, under the names that a grid uses."""
    found: dict[str, Any] = {f"decision.{n}": v for n, v in blend.rule}
    found |= {f"risk.{n}": v for n, v in blend.risk or ()}
    if blend.valuation is not None:
        found |= {f"valuation.{n}": v for n, v in blend.valuation.params.items()}
    for voice in blend.voices:
        found[f"{voice.strategy.name}.weight"] = voice.weight
        found |= {f"{voice.strategy.name}.{k}": v for k, v in voice.params.items()}
    return {k: float(v) if v is not None else None for k, v in found.items()}


def identity(numbers: Mapping[str, float | None], window: Window) -> dict[str, str]:
    """What makes an attempt this one: its numbers, as a digest to keep the ledger small, and when.

    The same rule met by a backtest and inside a sweep is one attempt.
    """
    return named(repr(sorted(numbers.items())).encode(), window)


def named(rule: bytes, window: Window) -> dict[str, str]:
    """The identity of any rule that ``rule`` spells out: its digest and the sessions it met."""
    digest = hashlib.sha256(rule).hexdigest()
    return {"rule": digest[:32], "from": window.first.isoformat(), "to": window.last.isoformat()}


def note_run(
    store: Store,
    window: Window,
    strategy: str,
    params: Mapping[str, Any],
    run: Replay,
    now: datetime,
) -> None:
    """Write one attempt into the trial ledger."""
    from backtests.metrics import excess_returns, moments
    from engine.record.store import Trial

    found = moments(excess_returns(run))
    store.add_trials(
        [
            Trial(
                data_hash=window.data_hash,
                strategy=strategy,
                params=params,
                n_obs=found.n,
                sharpe=found.sharpe,
                skewness=found.skewness,
                kurtosis=found.kurtosis,
                made_at=now,
            )
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """How many ideas met these sessions, and how much their Sharpe ratios varied (per session)."""

    count: int
    variance: float


def attempts(store: Store, window: Window) -> Attempts:
    """All attempts recorded on sessions of the window, by command or page, at any time.

    By overlap, not by what the record knew: a new day or a new headline does not start the count
    anew. A judgement that errs on the strict side: one shared session is an overlap.
    """
    trials = store.tried_on(window.first, window.last)
    sharpes = [t.sharpe for t in trials if t.sharpe is not None]
    variance = float(np.var(sharpes, ddof=1)) if len(sharpes) > 1 else 0.0
    return Attempts(count=max(1, len(trials)), variance=variance)


def evidence_of(
    window_market: UnitValues,
    run: Replay,
    target: FloatArray,
    tried: Attempts,
    *,
    pbo: float | None = None,
    spa_p_value: float | None = None,
) -> tuple[RuleEvidence, Summary, Summary]:
    """The evidence on one path, its figures and those of holding."""
    from backtests.metrics import (
        LEAST_ACTIVE,
        deflated_sharpe,
        excess_returns,
        moments,
        summarise,
    )
    from backtests.overfitting import RuleEvidence, excess_growth_interval, random_timing_p_value
    from backtests.replay import buy_and_hold

    holding = buy_and_hold(window_market, capital=run.capital)
    ours, theirs = summarise(run), summarise(holding)
    found = moments(excess_returns(run))
    dsr = None
    if ours.active_sessions < LEAST_ACTIVE:
        pass
    elif found.sharpe is not None and found.skewness is not None and found.kurtosis is not None:
        dsr = deflated_sharpe(
            found.sharpe,
            found.n,
            found.skewness,
            found.kurtosis,
            n_trials=tried.count,
            variance=tried.variance,
        )
    excess = None
    if ours.cagr_pct is not None and theirs.cagr_pct is not None:
        excess = ours.cagr_pct - theirs.cagr_pct
    evidence = RuleEvidence(
        excess_cagr_pct=excess,
        interval=excess_growth_interval(run, holding),
        p_value_random_timing=random_timing_p_value(window_market, target),
        n_trials=tried.count,
        dsr=dsr,
        pbo=pbo,
        spa_p_value=spa_p_value,
        never_left=bool((target == 1.0).all()),
        active_sessions=ours.active_sessions,
    )
    return evidence, ours, theirs


# --- files of the user ----------------------------------------------------------------------------


def read_table(path: Path, needs: Sequence[str]) -> list[tuple[str, Row]]:
    """(place for messages, row) of a user's table, column names in lower case."""
    text, _ = decoded(read_bytes(path), path.name)
    found = csv_rows(text, path.name, needs=needs, fold=True)
    rows = [(f"{path.name}:{line}", row) for line, row in found]
    if not rows:
        raise InputError(phrase("'{name}' has no rows", name=path.name))
    return rows


def _cell(row: Mapping[str, str], name: str, place: str) -> float:
    try:
        return float(row[name])
    except ValueError:
        raise DataError(
            phrase(
                "{place}: {name} = '{row}' is not a number",
                place=str(place),
                name=str(name),
                row=row[name][:40],
            )
        ) from None


def _day(row: Mapping[str, str], place: str, before: date | None) -> date:
    try:
        day = date.fromisoformat(row["date"][:10])
    except ValueError:
        raise DataError(
            phrase("{place}: date '{date}' is not a date", place=str(place), date=row["date"][:40])
        ) from None
    if before is not None and day == before:
        raise DataError(phrase("{place}: {day} comes twice", place=str(place), day=str(day)))
    if before is not None and day < before:
        raise DataError(
            phrase(
                "{place}: {day} is before {before}; rows must be in order",
                place=str(place),
                day=str(day),
                before=str(before),
            )
        )
    return day


def read_positions(path: Path, sessions_on: Sequence[date]) -> FloatArray:
    """Target weights over ``sessions_on`` from a CSV of date,weight.

    A weight holds from its date (from the next session where that is none) until the next row;
    before the first row the account is in cash. Refuses dates after the window and weights outside
    the limits, by row.
    """
    from backtests.replay import LEAST_WEIGHT, MOST_WEIGHT

    out = np.zeros(len(sessions_on))
    before: date | None = None
    ordinals = np.array([d.toordinal() for d in sessions_on])
    for place, row in read_table(path, ("date", "weight")):
        before = _day(row, place, before)
        weight = _cell(row, "weight", place)
        if not (math.isfinite(weight) and LEAST_WEIGHT <= weight <= MOST_WEIGHT):
            raise DataError(
                phrase("{place}: weight = {weight}", place=str(place), weight=str(weight)),
                remedy=phrase(
                    "allowed: {least_weight} to {most_weight}",
                    least_weight=f"{LEAST_WEIGHT:g}",
                    most_weight=f"{MOST_WEIGHT:g}",
                ),
            )
        if before > sessions_on[-1]:
            raise DataError(
                phrase(
                    "{place}: {before} is after the window's end {sessions_on}",
                    place=str(place),
                    before=str(before),
                    sessions_on=str(sessions_on[-1]),
                )
            )
        out[int(np.searchsorted(ordinals, before.toordinal())) :] = weight
    return out


# --- judging a search -----------------------------------------------------------------------------

MOST_PBO_SETS = 2_000
"""Sets that enter PBO: 0.4 CPU-seconds; of more, evenly spaced ones with the best among them."""


def note_sweep(store: Store, window: Window, found: SweepResult, now: datetime) -> None:
    """Write every set into the trial ledger; sets tried before on these data count once."""
    from engine.record.store import Trial

    sharpes = found.sharpe
    strategy = window.config.strategy.name
    numbers, axes = rule_numbers(window.config.blend), found.job.axes
    batch: list[Trial] = []
    for row, values in enumerate(found.job.sets.tolist()):
        sharpe = float(sharpes[row])
        known = math.isfinite(sharpe)
        skewness, kurtosis = found.shape_of(row) if known else (None, None)
        batch.append(
            Trial(
                data_hash=window.data_hash,
                strategy=strategy,
                params=identity(numbers | dict(zip(axes, values, strict=True)), window),
                n_obs=found.n_obs,
                sharpe=sharpe if known else None,
                skewness=skewness,
                kurtosis=kurtosis,
                made_at=now,
            )
        )
        if len(batch) == 5_000:
            store.add_trials(batch)
            batch = []
    store.add_trials(batch)


def chosen_sets(found: SweepResult, most: int) -> list[int]:
    """At most ``most`` rows, evenly spaced, the best one among them."""
    total = len(found.job.sets)
    if total <= most:
        return list(range(total))
    spaced = np.linspace(0, total - 1, most).astype(int).tolist()
    return sorted({*spaced[:-1], found.best})


def search_overfitting(found: SweepResult) -> float | None:
    """PBO of the search; None for a single set."""
    from backtests.overfitting import overfitting_probability

    rows = chosen_sets(found, MOST_PBO_SETS)
    if len(rows) < 2:
        return None
    totals = found.totals
    return overfitting_probability(
        totals.block_sums[:, rows], totals.block_squares[:, rows], found.block_rows
    ).pbo


def superior_ability(window: Window, found: SweepResult) -> tuple[float | None, str]:
    """SPA p-value against holding, or None with the line that says why it was skipped."""
    from backtests.metrics import excess_returns
    from backtests.overfitting import MOST_SPA_MODELS, superior_ability_p_value
    from backtests.replay import buy_and_hold
    from backtests.sweep import excess_returns_of
    from engine.errors import NotObservedError

    rows = chosen_sets(found, MOST_SPA_MODELS)
    holding = excess_returns(buy_and_hold(window.market))
    try:
        value = superior_ability_p_value(holding, excess_returns_of(found.job, rows))
    except NotObservedError as error:
        return None, error_phrase(error)
    all_sets = len(found.job.sets)
    if len(rows) == all_sets:
        return value, ""
    return value, phrase("SPA over {n} of {all} sets.", n=len(rows), all=all_sets)


def top_sets(found: SweepResult, most: int = 10) -> list[dict[str, Any]]:
    """The best sets by Sharpe ratio, annualised; of sets that trade alike, the first."""
    from backtests.metrics import SESSIONS_A_YEAR

    sharpe = found.sharpe
    totals = found.totals
    paths = np.stack([totals.final_equity, totals.moments[1], totals.n_trades], axis=1)
    _, first = np.unique(paths, axis=0, return_index=True)
    ranked = np.nan_to_num(sharpe[np.sort(first)], nan=-np.inf)
    order = np.sort(first)[np.argsort(-ranked, kind="stable")][:most]
    return [
        {
            "params": found.params_of(int(row)),
            "sharpe": float(sharpe[row]) * SESSIONS_A_YEAR**0.5
            if math.isfinite(float(sharpe[row]))
            else None,
            "final_equity": float(totals.final_equity[row]),
            "max_drawdown_pct": 100.0 * float(totals.max_drawdown[row]),
            "exposure_pct": 100.0 * float(totals.exposure[row]),
            "n_trades": int(totals.n_trades[row]),
        }
        for row in order
    ]
