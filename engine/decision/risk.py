"""How far NVDA may fall: a forecast distribution of the next sessions, from prices alone.

Volatility. The daily variance of a session is the squared overnight gap plus the range estimate
(Parkinson 1980, Journal of Business 53); its logarithm over the coming ``H`` sessions is forecast
from the day, week and month before (HAR; Corsi 2009, Journal of Financial Econometrics 7) and,
where it is known, from the VIX. The coefficients are refitted on the past every month, shrunk
towards ``PRIOR``.

Shapes. What is left after dividing past windows by their own forecast is kept and used again
(filtered historical simulation; Barone-Adesi, Giannopoulos and Vosper 1999, Journal of Futures
Markets 19), blended with Student paths while the past is short. No normal distribution anywhere.

Calendar. Sessions on which results or the Fed are due count as several ordinary ones.

A *fall of X within H* is the house's: the lowest close of the next H sessions against the last
close known. Chances are shrunk towards how often it has happened so far, by what the model has
proved against that yardstick; the weight is part of the answer.

Row t knows the closes up to the session before t and nothing else; a longer record changes no
earlier row, bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from engine.decision.counted import Counted
from engine.values import BoolArray, Features, FloatArray

HORIZONS = (5, 21, 63)
"""A week, a month and a quarter of sessions."""
DAY, WEEK, MONTH = 1, 5, 22
"""The three memories of HAR, in sessions (Corsi 2009)."""
PRIOR = (0.15, 0.30, 0.40)
"""Slopes of day, week and month towards which the fit is shrunk: between the daily and the monthly
regressions of Corsi 2009, table 3, rounded."""
PRIOR_WITH_VIX = (0.10, 0.20, 0.30, 0.30)
"""The same with the VIX taking a third of the sum (judgement)."""
PRIOR_WEIGHT = 63.0
"""How many sessions the prior slopes weigh: a quarter (judgement)."""
REFIT = 21
FIRST_FIT = 126
"""Completed windows before the first fit; until then the prior slopes are used (judgement)."""
SURPRISE_CAP = 16.0
"""A session counts for at most so many times the month's median variance: four ordinary standard
deviations, so that one wrong price cannot set the forecast."""
LEAST_DAILY = 0.002
"""Floor of daily volatility: 0.2 % (no large stock was calmer for long)."""
RESULTS_VARIANCE = 8.0
"""Variance of the session after Nvidia's results over that of an ordinary one: standard deviations
of 9.1 and 3.2 % over 14 reports from 2022-05 to 2025-08 and the days between."""
FOMC_VARIANCE = 1.3
"""The same for Fed decisions: 30 decisions from 2022-01 to 2025-09."""
TAIL_DF = 4.0
"""Degrees of freedom of the Student paths: daily stock returns have about four (Cont 2001,
Quantitative Finance 1)."""
TAIL_PATHS = 4_000
TAIL_STEP = 10
"""Every tenth of the sorted Student paths stands for its neighbours in a sample."""
TAIL_WINDOWS = 10.0
"""How many independent windows the Student paths weigh (judgement)."""
PRIOR_TRUST = 0.5
"""Weight of the model against the base rate before it has a scored past (judgement)."""
SEED = 20250930
_LN_RANGE = 4.0 * math.log(2.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriceHistory:
    """What is known of the stock at each row, all (T,), NaN where not observed.

    log_return: of the last known close on the one before. log_range: ln(high / low) of that
    session. log_gap: ln(open / close before). vix: points. results_due, fomc_due: horizon ->
    how many such sessions lie among the next H. later: what each row knows of the session before
    its last one, by the names above without "vix", and of both together as "two"; may be empty.
    """

    log_return: FloatArray
    log_range: FloatArray
    log_gap: FloatArray
    vix: FloatArray
    results_due: Mapping[int, FloatArray]
    fomc_due: Mapping[int, FloatArray]
    later: Mapping[str, FloatArray] = field(default_factory=dict)


def history_from(features: Features) -> PriceHistory:
    """The price history of a record, its warm-up first: row t of the features is W + t of it."""

    def whole(name: str) -> FloatArray:
        before = features.warm.get(name)
        return features.values[name] if before is None else np.append(before, features.values[name])

    return PriceHistory(
        log_return=whole("nvda_return"),
        log_range=whole("nvda_range"),
        log_gap=whole("nvda_gap"),
        vix=whole("vix"),
        results_due={h: whole(f"results_within_{h}") for h in HORIZONS},
        fomc_due={h: whole(f"fomc_within_{h}") for h in HORIZONS},
        later={
            name: whole(f"nvda_{told}")
            for name, told in _LATER.items()
            if f"nvda_{told}" in features.values
        },
    )


_LATER = {
    "log_return": "return_before", "log_range": "range_before", "log_gap": "gap_before",
    "two": "return_two",
}  # fmt: skip


SAME_FIGURE = 1e-9
"""Logarithms that differ by less are the same figure in shares of another day."""
_FIGURES = ("log_return", "log_range", "log_gap")


def mended(history: PriceHistory) -> PriceHistory:
    """Each session as the next row knows it, where that differs from what its own row knew.

    A figure that came, or was corrected, a session later is taken as it is told then. One that is
    no longer believed, or never came, leaves a hole: both sessions share what the close moved
    across them, their ranges at least as wide as that or as the second one's. Holes of one
    session only. What the row itself says must come of what it knew: ``forecast`` sees to that.
    """
    if not history.later:
        return history
    told = {name: np.append(array[1:], np.nan) for name, array in history.later.items()}
    out = {name: _as_told(getattr(history, name), told[name]) for name in _FIGURES}
    rest = told["two"] - np.append(out["log_return"][1:], np.nan)
    out["log_return"] = np.where(np.isnan(out["log_return"]), rest, out["log_return"])
    missing = np.isnan(out["log_return"])
    first = missing & np.append(missing[1:], False) & ~np.isnan(told["two"])
    for row in np.flatnonzero(first).tolist():
        both, across = slice(row, row + 2), float(told["two"][row])
        out["log_return"][both] = across / 2.0
        wide = abs(across) * math.sqrt(_LN_RANGE / 2.0)
        out["log_range"][both] = np.fmax(wide, out["log_range"][row + 1])
        out["log_gap"][both] = 0.0
    return replace(
        history,
        log_return=out["log_return"],
        log_range=out["log_range"],
        log_gap=out["log_gap"],
    )


def _as_told(own: FloatArray, told: FloatArray) -> FloatArray:
    """``own`` with what the next row tells otherwise; the last row has none and keeps its own."""
    out = np.where(np.abs(own - told) <= SAME_FIGURE, own, told)
    out[-1:] = own[-1:]
    return out


def _changed(history: PriceHistory, later: PriceHistory) -> list[int]:
    """The rows of which ``later`` holds another figure than they knew themselves; ascending."""
    changed = np.zeros(history.log_return.size, dtype=np.bool_)
    for name in _FIGURES:
        own, out = getattr(history, name), getattr(later, name)
        changed |= ~((own == out) | (np.isnan(own) & np.isnan(out)))
    return [int(row) for row in np.flatnonzero(changed)]


def _cut(history: PriceHistory, rows: int) -> PriceHistory:
    """What was known at row ``rows`` - 1."""

    def each(arrays: Mapping[Any, FloatArray]) -> dict[Any, FloatArray]:
        return {name: array[:rows] for name, array in arrays.items()}

    return PriceHistory(
        log_return=history.log_return[:rows],
        log_range=history.log_range[:rows],
        log_gap=history.log_gap[:rows],
        vix=history.vix[:rows],
        results_due=each(history.results_due),
        fomc_due=each(history.fomc_due),
        later=each(history.later),
    )


def rows_before(features: Features) -> int:
    """W: sessions of the warm-up."""
    return len(features.warm.get("nvda_return", ()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """The distribution of the next ``horizon`` sessions at each row.

    sigma: (T,), standard deviation of the log return over the horizon, NaN before prices are
    known. unit: (T,), the same as the prices known later have it. slopes: (T, 5) coefficients in
    force: constant, day, week, month, VIX. end, low: (T,), final return and lowest point of the
    window that starts at each row, in its unit, NaN where it is not over within the data. scale:
    (T,), by how much squared returns have exceeded their forecast so far, as a standard deviation;
    the Student paths are stretched by it. unsaid: (T,), rows whose last session was not known in
    time: nothing is said there, though later rows may know it by now. own: row -> what it said
    when it was the last, for the rows whose session was corrected afterwards: sigma, slopes and
    scale of that row alone, and no paths, which are those of the whole.
    """

    horizon: int
    sigma: FloatArray
    unit: FloatArray
    slopes: FloatArray
    end: FloatArray
    low: FloatArray
    scale: FloatArray
    tail_end: FloatArray
    tail_low: FloatArray
    unsaid: BoolArray
    own: Mapping[int, Forecast] = field(default_factory=dict)

    def came(self, *, low: bool = True) -> FloatArray:
        """(T,): lowest (low) or final log level of the window that starts at each row; NaN where
        it is not over, or its row or its last one did not know its own session."""
        shapes = self.low if low else self.end
        out: FloatArray = np.where(self.unsaid, np.nan, shapes * self.unit)
        over = max(0, out.size - self.horizon)
        out[:over][self.unsaid[self.horizon :]] = np.nan
        return out

    def chance_below(self, log_level: FloatArray | float, *, low: bool = True) -> FloatArray:
        """(…, T): chance that the lowest close (low) or the last one lies at or below a level.

        log_level: log of price over last close, e.g. ln 0.9; a number, (T,) or (P, 1).
        """
        level = np.asarray(log_level, dtype=np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            out = self._counted(low=low).share_below(level / self.sigma)
        for row in self.own:
            then = level[..., row : row + 1] if level.shape[-1:] == self.sigma.shape else level
            out[..., row] = self._alone(row).chance_below(then, low=low)[..., -1]
        return out

    def quantile(self, chance: FloatArray | float, *, low: bool = True) -> FloatArray:
        """(…, T): the log level that is undershot with ``chance``; by bisection, so causal."""
        chance = np.asarray(chance, dtype=np.float64)
        shape = np.broadcast_shapes(chance.shape, self.sigma.shape)
        lower, upper = np.full(shape, -12.0), np.full(shape, 0.0 if low else 12.0)
        counted = self._counted(low=low)
        for _ in range(40):
            middle = 0.5 * (lower + upper)
            below = counted.share_below(middle) < chance
            lower, upper = np.where(below, middle, lower), np.where(below, upper, middle)
        out: FloatArray = np.where(np.isnan(self.sigma), np.nan, upper * self.sigma)
        for row in self.own:
            out[..., row] = self._alone(row).quantile(chance, low=low)[..., -1]
        return out

    def _alone(self, row: int) -> Forecast:
        """What ``row`` said when it was the last, ready to be asked."""
        return replace(self.own[row], tail_end=self.tail_end, tail_low=self.tail_low)

    def sample(self, t: int) -> tuple[FloatArray, FloatArray]:
        """Final log returns and their weights at row ``t``: the distribution itself, unsorted."""
        if t in self.own:
            return self._alone(t).sample(-1)
        past = _completed(self.end, self.horizon)[: range(self.end.size)[t] + 1]
        past = past[~np.isnan(past)]
        tail = self.tail_end[TAIL_STEP // 2 :: TAIL_STEP] * self.scale[t]
        windows = past.size / self.horizon
        each = np.full(past.size, windows / max(past.size, 1))
        rest = np.full(tail.size, TAIL_WINDOWS / tail.size)
        weights = np.concatenate((each, rest)) / (windows + TAIL_WINDOWS)
        return np.concatenate((past, tail)) * self.sigma[t], weights

    def expected_shortfall(self, t: int, chance: float = 0.05) -> float:
        """Mean simple return in the worst ``chance`` of outcomes at row ``t``, a fraction."""
        values, weights = self.sample(t)
        order = np.argsort(values, kind="stable")
        before = np.cumsum(weights[order]) - weights[order]
        taken = np.clip(chance - before, 0.0, weights[order])
        return float((taken * np.expm1(values[order])).sum() / chance)

    def _counted(self, *, low: bool) -> Counted:
        past, tail = (self.low, self.tail_low) if low else (self.end, self.tail_end)
        over = _completed(past, self.horizon)
        made = Counted.of if over.size == self.sigma.size else Counted.of_last
        return made(over, self.horizon, tail, self.scale, tail_windows=TAIL_WINDOWS)


def _completed(per_start: FloatArray, horizon: int) -> FloatArray:
    """What a window told, moved to the first row at which it is over."""
    out = np.full(per_start.shape, np.nan)
    out[horizon:] = per_start[:-horizon]  # nothing, where there are fewer rows
    return out


def forecast(history: PriceHistory, horizon: int) -> Forecast:
    """The distribution over the next ``horizon`` sessions at every row.

    Every row reads the sessions before it as they are known now; where the next row knows one
    otherwise, the row itself says what it said when it was the last.
    """
    later, paths = mended(history), _student_shapes(horizon)
    said = _forecast(later, horizon, paths)
    unsaid, own = said.unsaid.copy(), {}
    for row in _changed(history, later):
        then = mended(_cut(history, row + 1))
        if np.isnan(daily_variance(then)[-1]):
            unsaid[row] = True
        elif _changed(then, _cut(later, row + 1)):
            own[row] = _last_alone(_forecast(then, horizon, paths), unsaid[: row + 1].copy())
    sigma, slopes, scale = said.sigma.copy(), said.slopes.copy(), said.scale.copy()
    sigma[unsaid] = np.nan
    for row, alone in own.items():
        sigma[row], slopes[row], scale[row] = alone.sigma[-1], alone.slopes[-1], alone.scale[-1]
    return replace(said, sigma=sigma, slopes=slopes, scale=scale, unsaid=unsaid, own=own)


def _forecast(
    history: PriceHistory, horizon: int, paths: tuple[FloatArray, FloatArray]
) -> Forecast:
    """The same where every row knew its session as the last one knows it; with Student paths."""
    variance = daily_variance(history)
    busy = event_factor(history, horizon)
    inputs = memories(variance, history.vix)
    slopes = _walk(inputs, _target(variance, horizon) - np.log(busy), horizon)
    sigma = sigma_from(slopes, inputs, busy, horizon)
    end, low = _shapes(history.log_return, sigma, horizon)
    unsaid = np.isnan(variance)
    return Forecast(
        horizon=horizon,
        sigma=np.where(unsaid, np.nan, sigma),
        unit=sigma,
        slopes=slopes,
        end=end,
        low=low,
        scale=_stretch(history.log_return, sigma, horizon),
        tail_end=paths[0],
        tail_low=paths[1],
        unsaid=unsaid,
    )


def _last_alone(said: Forecast, unsaid: BoolArray) -> Forecast:
    """``said`` for its last row: the others are not asked again, and who asks has the paths."""
    none = np.array([])
    return replace(
        said,
        sigma=said.sigma[-1:],
        slopes=said.slopes[-1:],
        scale=said.scale[-1:],
        tail_end=none,
        tail_low=none,
        unsaid=unsaid,
    )


def daily_variance(history: PriceHistory) -> FloatArray:
    """(…, T): variance of the last known session, from gap and range, else the squared return."""
    ranged = history.log_gap**2 + history.log_range**2 / _LN_RANGE
    raw = np.where(np.isnan(ranged), history.log_return**2, ranged)
    raw = np.maximum(raw, LEAST_DAILY**2)
    usual = _trailing_median(raw, MONTH)
    return np.where(np.isnan(usual), raw, np.minimum(raw, SURPRISE_CAP * usual))


def _trailing_median(x: FloatArray, window: int) -> FloatArray:
    """Median of the ``window`` values before each; NaN while fewer than half are known."""
    padded = np.concatenate((np.full((*x.shape[:-1], window), np.nan), x), axis=-1)
    views = sliding_window_view(padded, window, axis=-1)[..., :-1, :]
    known = (~np.isnan(views)).sum(axis=-1)
    ordered = np.sort(views, axis=-1)  # NaN last
    middle = np.maximum(known - 1, 0) // 2
    chosen = np.take_along_axis(ordered, middle[..., None], axis=-1)[..., 0]
    return np.where(known >= window // 2, chosen, np.nan)


def event_factor(history: PriceHistory, horizon: int) -> FloatArray:
    """(T,): variance of the next H sessions over that of H ordinary ones, by the calendar.

    A calendar that is not known counts as no event.
    """
    results = np.where(np.isnan(history.results_due[horizon]), 0.0, history.results_due[horizon])
    fomc = np.where(np.isnan(history.fomc_due[horizon]), 0.0, history.fomc_due[horizon])
    extra = results * (RESULTS_VARIANCE - 1.0) + fomc * (FOMC_VARIANCE - 1.0)
    return np.asarray(1.0 + extra / horizon)


def memories(variance: FloatArray, vix: FloatArray) -> FloatArray:
    """(…, T, 5): one, log variance of day, week and month, and of the VIX; NaN not observed."""
    parts = [np.ones(variance.shape)]
    parts += [np.log(_trailing_mean(variance, window)) for window in (DAY, WEEK, MONTH)]
    parts.append(2.0 * np.log(np.broadcast_to(vix, variance.shape) / 100.0) - math.log(252.0))
    return np.stack(parts, axis=-1)


def _trailing_mean(x: FloatArray, window: int) -> FloatArray:
    """Mean over the last ``window`` known values, from a third of them on; else NaN."""
    padded = np.concatenate((np.full((*x.shape[:-1], window - 1), np.nan), x), axis=-1)
    total, known = np.zeros(x.shape), np.zeros(x.shape)
    for shift in range(window):  # one after the other: the same bits for any length
        part = padded[..., shift : shift + x.shape[-1]]
        seen = ~np.isnan(part)
        total = total + np.where(seen, part, 0.0)
        known = known + seen
    return np.where(known * 3 >= window, total / np.maximum(known, 1.0), np.nan)


def _target(variance: FloatArray, horizon: int) -> FloatArray:
    """Log of the mean daily variance of the next ``horizon`` sessions; NaN where not over."""
    out = np.full(variance.shape, np.nan)
    mean = _trailing_mean(variance, horizon)
    out[: max(0, variance.size - horizon)] = np.log(mean[horizon:])
    return out


def _walk(inputs: FloatArray, target: FloatArray, horizon: int) -> FloatArray:
    """(T, 5): coefficients in force at each row, fitted on windows that were over by then."""
    rows = target.size
    out = np.full((rows, 2, 5), np.nan)
    for kind, (names, prior) in enumerate(((slice(0, 4), PRIOR), (slice(0, 5), PRIOR_WITH_VIX))):
        x = inputs[:, names]
        good = ~(np.isnan(x).any(axis=1) | np.isnan(target))
        fits = _expanding_fits(x, target, good, prior, horizon)
        out[:, kind, :] = 0.0
        out[:, kind, names] = fits
    with_vix = ~(np.isnan(inputs[:, 4]) | np.isnan(out[:, 1, 0]))  # a fit comes a month later
    return np.where(with_vix[:, None], out[:, 1], out[:, 0])


def _expanding_fits(
    x: FloatArray, y: FloatArray, good: BoolArray, prior: tuple[float, ...], horizon: int
) -> FloatArray:
    """(T, k): ridge towards ``prior`` around the means of what was over by each refit."""
    rows, k = x.shape[0], x.shape[1] - 1
    out = np.full((rows, k + 1), np.nan)
    clean, told = np.where(good[:, None], x[:, 1:], 0.0), np.where(good, y, 0.0)
    count = np.cumsum(good)
    sums, total = np.cumsum(clean, axis=0), np.cumsum(told)
    cross = np.cumsum(clean[:, :, None] * clean[:, None, :], axis=0)
    with_y = np.cumsum(clean * told[:, None], axis=0)
    known: BoolArray = ~np.asarray(np.isnan(x).any(axis=1))
    levels, seen = np.cumsum(np.where(known[:, None], x[:, 1:], 0.0), axis=0), np.cumsum(known)
    for row in range(0, rows, REFIT):
        last = row - horizon  # the newest window that is over
        n = int(count[last]) if last >= 0 else 0
        slopes = np.array(prior)
        if n >= FIRST_FIT:
            mean_x, mean_y = sums[last] / n, total[last] / n
            spread = cross[last] / n - mean_x[:, None] * mean_x[None, :]
            common = with_y[last] / n - mean_x * mean_y
            penalty = PRIOR_WEIGHT / n * np.diag(np.diag(spread))
            slopes = np.linalg.solve(spread + penalty, common + penalty @ np.array(prior))
            constant = mean_y - float((slopes * mean_x).sum())
        elif seen[row] > 0:
            level = levels[row] / seen[row]
            constant = float(level[2]) - float((slopes * level).sum())
        else:
            continue
        out[row : row + REFIT, 0] = constant
        out[row : row + REFIT, 1:] = slopes
    return out


def sigma_from(
    slopes: FloatArray, inputs: FloatArray, busy: FloatArray, horizon: int
) -> FloatArray:
    """(…, T): standard deviation over the horizon from coefficients (T, 5) and inputs (…, T, 5)."""
    used = np.where((slopes == 0.0) | np.isnan(slopes), 0.0, inputs)
    log_variance = np.zeros(used.shape[:-1])
    for name in range(used.shape[-1]):
        log_variance = log_variance + slopes[..., name] * used[..., name]
    return np.sqrt(np.exp(log_variance) * busy * horizon)


def _shapes(
    log_return: FloatArray, sigma: FloatArray, horizon: int
) -> tuple[FloatArray, FloatArray]:
    """Final and lowest log level of the window after each row, over its own forecast."""
    end, low = np.full(sigma.shape, np.nan), np.full(sigma.shape, np.nan)
    last = max(0, sigma.size - horizon)
    level, lowest = np.zeros(last), np.full(last, np.inf)
    for step in range(1, horizon + 1):
        level = level + log_return[step : step + last]
        lowest = np.minimum(lowest, level)
    end[:last], low[:last] = level / sigma[:last], lowest / sigma[:last]
    return end, low


def _stretch(log_return: FloatArray, sigma: FloatArray, horizon: int) -> FloatArray:
    """(T,): root of realised over forecast variance in the windows over by each row."""
    ratio = np.full(sigma.shape, np.nan)
    last = max(0, sigma.size - horizon)
    realised = np.zeros(last)
    for step in range(1, horizon + 1):
        realised = realised + log_return[step : step + last] ** 2
    ratio[:last] = realised / sigma[:last] ** 2
    known = _completed(ratio, horizon)
    seen = ~np.isnan(known)
    prior = TAIL_WINDOWS * horizon
    total = np.cumsum(np.where(seen, known, 0.0)) + prior
    return np.asarray(np.sqrt(total / (np.cumsum(seen) + prior)))


def _student_shapes(horizon: int) -> tuple[FloatArray, FloatArray]:
    """Sorted final and lowest points of Student walks of unit variance over the horizon."""
    rng = np.random.default_rng(SEED)
    steps = rng.standard_t(TAIL_DF, size=(TAIL_PATHS, horizon))
    steps *= math.sqrt((TAIL_DF - 2.0) / TAIL_DF / horizon)
    walks = np.cumsum(steps, axis=1)
    return np.sort(walks[:, -1]), np.sort(walks.min(axis=1))


# --- chances ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chance:
    """The chance of one event at each row, all (T,).

    chance: what is said. base: how often it has happened so far. model: what the model alone says.
    weight: of the model against the base rate, 0 to 1, from its own scored past. outcome: 1 or 0
    for the window that starts at each row, NaN where it is not over. scored: windows over by then.
    """

    horizon: int
    chance: FloatArray
    base: FloatArray
    model: FloatArray
    weight: FloatArray
    outcome: FloatArray
    scored: FloatArray

    def after(self, rows: int) -> Chance:
        """The same without the first ``rows`` rows."""
        names = ("chance", "base", "model", "weight", "outcome", "scored")
        return replace(self, **{name: getattr(self, name)[rows:] for name in names})


def chance_of_fall(said: Forecast, fall: float) -> Chance:
    """The chance that the lowest close of the horizon lies ``fall`` (0.1 for 10 %) or more down."""
    level = math.log1p(-fall)
    model = said.chance_below(level)
    whole = calibrated(model, _fell(said, level), said.horizon)
    for row, alone in said.own.items():
        then = calibrated(model[: row + 1], _fell(alone, level), said.horizon)
        for name in ("chance", "base", "weight", "scored"):
            getattr(whole, name)[row] = getattr(then, name)[-1]
    return whole


def _fell(said: Forecast, level: float) -> FloatArray:
    """(T,): 1 where the window that starts at a row reached ``level``, else 0; NaN as in came."""
    lowest = said.came()
    return np.where(np.isnan(lowest), np.nan, (lowest <= level).astype(np.float64))


def calibrated(model: FloatArray, outcome: FloatArray, horizon: int) -> Chance:
    """``model`` drawn towards the expanding base rate as far as its scored past does not bear it.

    model: (T,), in [0, 1] or NaN. outcome: (T,), 1 or 0 by the row at which the window starts.
    """
    told = _completed(outcome, horizon)
    seen = ~np.isnan(told)
    n = np.cumsum(seen)
    base = (np.cumsum(np.where(seen, told, 0.0)) + 0.5) / (n + 1.0)  # Jeffreys
    weight = np.clip(_trust(model - base, outcome - base, horizon), 0.0, 1.0)
    mixed = np.where(np.isnan(model), base, base + weight * (model - base))
    mixed = np.where(n > 0, mixed, model)
    return Chance(
        horizon=horizon,
        chance=mixed,
        base=base,
        model=model,
        weight=weight,
        outcome=outcome,
        scored=n.astype(np.float64),
    )


def _trust(x: FloatArray, y: FloatArray, horizon: int) -> FloatArray:
    """(T,): posterior mean of the slope of ``y`` on ``x`` in what was over by each row.

    The prior is ``PRIOR_TRUST`` with that standard deviation too: half-way between a model that
    says nothing and one that is right, and open to both.
    """
    out = np.full(x.size, PRIOR_TRUST)
    for row, slope, error in refits(x, y, horizon):
        if error > 0.0:
            told, held = error**-2, PRIOR_TRUST**-2
            out[row : row + REFIT] = (slope * told + PRIOR_TRUST * held) / (told + held)
    return out


def proven_slope(x: FloatArray, y: FloatArray, horizon: int) -> FloatArray:
    """(T,): slope of ``y`` on ``x`` through zero in what was over, shrunk by its own t.

    Multiplied by max(0, 1 - 1/t^2) (James and Stein 1961): nothing before it is proven.
    """
    out = np.zeros(x.size)
    for row, slope, error in refits(x, y, horizon):
        if error > 0.0 and slope != 0.0:
            out[row : row + REFIT] = slope * max(0.0, 1.0 - (error / slope) ** 2)
    return out


def refits(x: FloatArray, y: FloatArray, horizon: int) -> Iterator[tuple[int, float, float]]:
    """Row, slope and standard error at each refit, from the windows that were over by then.

    x: known at the row; y: of the window that starts there, NaN where it is not over. Nothing
    before ``FIRST_FIT`` windows.
    """
    good = ~(np.isnan(x) | np.isnan(y))
    x, y = np.where(good, x, 0.0), np.where(good, y, 0.0)
    for row in range(0, x.size, REFIT):
        last = max(0, row - horizon + 1)
        if int(good[:last].sum()) >= FIRST_FIT:
            yield row, *slope_and_error(x[:last], y[:last], horizon)


def slope_and_error(x: FloatArray, y: FloatArray, lags: int) -> tuple[float, float]:
    """Least squares through zero with Newey and West's standard error; (0, 0) without variation."""
    square = float((x * x).sum())
    if square <= 0.0:
        return 0.0, 0.0
    slope = float((x * y).sum()) / square
    score = x * (y - slope * x)
    long_run = float((score * score).sum())
    for lag in range(1, min(lags, x.size - 1) + 1):
        share = 1.0 - lag / (lags + 1.0)
        long_run += 2.0 * share * float((score[lag:] * score[:-lag]).sum())
    return slope, math.sqrt(max(long_run, 0.0)) / square


# --- how much to hold ---------------------------------------------------------------------------


def bearable_share(
    said: Forecast, fall: FloatArray | float, chance: FloatArray | float
) -> FloatArray:
    """(…, T): largest share of the holding at which it loses ``fall`` with ``chance`` at most.

    fall: fraction of the holding that may be lost within the horizon; chance: with which
    probability; floats or (P, 1). At most 1; NaN before prices are known.
    """
    return share_of(fall, said.quantile(chance))


def share_of(fall: FloatArray | float, log_level: FloatArray) -> FloatArray:
    """Largest share at which a stock at ``log_level`` costs ``fall`` of the holding, at most 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.minimum(1.0, fall / -np.expm1(log_level))


def stepped(want: FloatArray, band: FloatArray | float) -> FloatArray:
    """(…, T): ``want`` followed only when it has moved by more than ``band``, and to 1 at once.

    Against fidgeting: every trade costs and is taxed. Starts at 1, the whole holding; NaN changes
    nothing.
    """
    bands = np.asarray(band, dtype=np.float64)
    out: FloatArray = np.empty(np.broadcast_shapes(want.shape, bands.shape))
    width = bands[..., 0] if bands.ndim else bands
    held = np.ones(out.shape[:-1])
    for t in range(out.shape[-1]):
        asked = want[..., t]
        far = (np.abs(asked - held) > width) | (asked >= 1.0)  # False where NaN
        held = np.where(far, asked, held)
        out[..., t] = held
    return out


def below_until(share: FloatArray, least: float, back: float) -> BoolArray:
    """(…, T): True once ``share`` was below ``least`` twice running, until it is above ``back``.

    Twice, so that no single price, right or wrong, sells.
    """
    out = np.empty(share.shape, dtype=np.bool_)
    inside, before = np.zeros((2, *share.shape[:-1]), dtype=np.bool_)
    for t in range(share.shape[-1]):
        now = share[..., t] < least
        inside = np.where(inside, ~(share[..., t] > back), now & before)  # NaN changes nothing
        before = now | (before & np.isnan(share[..., t]))
        out[..., t] = inside
    return out
