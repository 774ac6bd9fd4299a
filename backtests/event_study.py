"""What one share did around many events that overlap, and how sure that is.

The market model ``r = a + b m + e`` is fitted on the sessions before each event; what the share did
beyond it inside the window is the abnormal return, its sum over the window the CAR. Everything is
keyed by event. Events whose reaction falls in the same session are one occurrence: their returns
are the same number and must not be counted twice.

A CAR is a linear combination of the firm's daily disturbances: plus one on the window's sessions,
minus the estimator's weights on the estimation sessions. Two things follow exactly. Its variance is
``s^2 (L + L^2/n + (sum(m_t - mean))^2 / S_mm)``, where summing daily variances would miss what the
days share; and the correlation of two events' CARs is the cosine of their weights, which is what
overlapping windows do to a study of one firm.

Sources: MacKinlay (1997) "Event Studies in Economics and Finance", J. Econ. Lit. 35; Patell (1976)
J. Accounting Research 14; Boehmer, Musumeci and Poulsen (1991) J. Financial Econ. 30; Kolari and
Pynnonen (2010) Rev. Financial Studies 23; Corrado (1989) J. Financial Econ. 23, for several days
Campbell and Wasley (1993) J. Financial Econ. 33; Cowan (1992) Rev. Quant. Finance Acc. 2; Politis
and Romano (1994) J. Am. Stat. Assoc. 89.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import NormalDist

import numpy as np

from backtests.overfitting import bootstrap_rows
from backtests.replay import RawPrices, prices_over
from engine.errors import DataError, InputError, OutOfRangeError, UnknownNameError
from engine.phrases import Phrase, paragraph, phrase
from engine.record.asof import actions_at, bars_at, known
from engine.record.history import History
from engine.record.readings import BARS
from engine.values import FloatArray

Window = tuple[int, int]
"""First and last session of a window, counted from the event's session, both included."""

DEFAULT_ESTIMATION = 120
LEAST_ESTIMATION, MOST_ESTIMATION = 20, 500
GAP = 10
"""Sessions between estimation and window, so that an early leak does not enter the estimate."""
MOST_WINDOW = 60
DRAWS = 2_000
SEED = 20250822
LEVEL = 0.95
LARGE_FALL_PCT = -2.0
PATH: Window = (-5, 10)
_NORMAL = NormalDist()


# --- the market --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Returns:
    """Simple close-to-close returns of the firm and its benchmark, (T,), row 0 NaN."""

    sessions_on: tuple[date, ...]
    firm: FloatArray
    market: FloatArray
    firm_symbol: str
    benchmark: str


def returns_at(
    history: History, at: datetime, *, firm: str = "NVDA", benchmark: str = "QQQ"
) -> Returns:
    """Split- and dividend-adjusted returns over the sessions on which both have a bar, as known.

    An unknown symbol is an ``UnknownNameError``; an index in points, or the firm itself, is no
    benchmark.
    """
    symbols = {bar.symbol for bar in known(history, BARS, at).values()}
    others = sorted(symbols - {firm, "VIX"})
    if benchmark not in others:
        raise UnknownNameError(phrase("benchmark"), benchmark, others)
    if firm not in symbols:
        raise UnknownNameError(phrase("symbol"), firm, symbols)
    bars = {symbol: bars_at(history, symbol, at) for symbol in (firm, benchmark)}
    common = tuple(day for day in bars[firm] if day in bars[benchmark])
    if len(common) < 2:
        pair = {"firm": firm, "benchmark": benchmark}
        raise InputError(phrase("{firm} and {benchmark} share {n} sessions", n=len(common), **pair))
    simple = {
        symbol: _simple(prices_over(own, actions_at(history, symbol, at), common, symbol=symbol))
        for symbol, own in bars.items()
    }
    return Returns(
        sessions_on=common,
        firm=simple[firm],
        market=simple[benchmark],
        firm_symbol=firm,
        benchmark=benchmark,
    )


def _simple(p: RawPrices) -> FloatArray:
    worth = (p.close_usd + p.dividend_usd) * p.split
    return np.concatenate(([np.nan], worth[1:] / p.close_usd[:-1] - 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """Events that the market could react to in one session. rating: the highest threat score."""

    session_on: date
    names: tuple[str, ...]
    rating: float | None = None


def occurrences(found: Iterable[tuple[date, str, float | None]]) -> tuple[Occurrence, ...]:
    """One occurrence a session, in order; ``found`` holds (session, name, rating)."""
    by_day: dict[date, list[tuple[str, float | None]]] = {}
    for day, name, rating in found:
        by_day.setdefault(day, []).append((name, rating))
    return tuple(
        Occurrence(
            session_on=day,
            names=tuple(sorted(name for name, _ in by_day[day])),
            rating=max((r for _, r in by_day[day] if r is not None), default=None),
        )
        for day in sorted(by_day)
    )


# --- one event ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """One event. window_rows, estimation_rows: places in the series. residuals (n,), abnormal
    (L,): what the model leaves. sigma: with n - 2 degrees of freedom. scale: ``car_sd / sigma``.
    weights: the CAR as a combination of daily disturbances, over estimation then window.
    """

    occurrence: Occurrence
    estimation_rows: range
    window_rows: range
    alpha: float
    beta: float
    sigma: float
    residuals: FloatArray
    abnormal: FloatArray
    scale: float
    weights: FloatArray

    @property
    def n(self) -> int:
        """Sessions of the estimation."""
        return len(self.estimation_rows)

    @property
    def car(self) -> float:
        """Cumulative abnormal return, a fraction."""
        return float(self.abnormal.sum())

    @property
    def z(self) -> float:
        """CAR over its standard deviation, with the spread of an estimated sigma taken out.

        The ratio follows Student's t with n - 2 degrees of freedom, variance (n - 2) / (n - 4);
        z has variance one.
        """
        return self.scar * math.sqrt((self.n - 4) / (self.n - 2))

    @property
    def scar(self) -> float:
        """CAR over its estimated standard deviation."""
        return self.car / (self.sigma * self.scale)


def fit(
    series: Returns, occurrence: Occurrence, row: int, window: Window, estimation: int, gap: int
) -> Fit:
    """Market model before the event of ``row`` and abnormal returns in its window."""
    first = row + window[0] - gap - estimation
    before = range(first, first + estimation)
    inside = range(row + window[0], row + window[1] + 1)
    r, m = series.firm[first : before.stop], series.market[first : before.stop]
    mean = float(m.mean())
    s_mm = float(((m - mean) ** 2).sum())
    if not s_mm > 0:
        raise DataError(
            phrase(
                "{benchmark} does not move before {day}",
                benchmark=series.benchmark,
                day=str(occurrence.session_on),
            )
        )
    beta = float(((m - mean) * (r - r.mean())).sum()) / s_mm
    alpha = float(r.mean()) - beta * mean
    residuals = r - alpha - beta * m
    in_window = series.market[inside.start : inside.stop]
    off = float((in_window - mean).sum())
    length = len(inside)
    used = -(length / estimation + off * (m - mean) / s_mm)
    return Fit(
        occurrence=occurrence,
        estimation_rows=before,
        window_rows=inside,
        alpha=alpha,
        beta=beta,
        sigma=math.sqrt(float((residuals**2).sum()) / (estimation - 2)),
        residuals=residuals,
        abnormal=series.firm[inside.start : inside.stop] - alpha - beta * in_window,
        scale=math.sqrt(length + length**2 / estimation + off**2 / s_mm),
        weights=np.concatenate((used, np.ones(length))),
    )


def correlation(fits: Sequence[Fit], sessions: int) -> FloatArray:
    """(N, N): correlation of the CARs under independent daily disturbances, exact."""
    calendar = np.zeros((len(fits), sessions))
    for place, f in enumerate(fits):
        calendar[place, f.estimation_rows.start : f.estimation_rows.stop] = f.weights[: f.n]
        calendar[place, f.window_rows.start : f.window_rows.stop] = f.weights[f.n :]
    unit = calendar / np.sqrt((calendar**2).sum(axis=1))[:, None]
    return np.asarray(np.clip(unit @ unit.T, -1.0, 1.0))


# --- tests over events -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One test of "no abnormal return": its statistic and two-sided p-value.

    None: too few events.
    """

    name: str
    statistic: float | None
    p_value: float | None

    __test__ = False  # a statistic, whatever pytest thinks of the name


def patell(fits: Sequence[Fit]) -> float:
    """Sum of SCARs over the root of their summed variances; independent events."""
    spread = sum((f.n - 2) / (f.n - 4) for f in fits)
    return sum(f.scar for f in fits) / math.sqrt(spread)


def boehmer(fits: Sequence[Fit]) -> float | None:
    """BMP: the mean SCAR over its own cross-sectional error, so event days may be wilder."""
    scars = np.array([f.scar for f in fits])
    if scars.size < 2 or not scars.std(ddof=1) > 0:
        return None
    return float(scars.mean() * math.sqrt(scars.size) / scars.std(ddof=1))


def kolari_pynnonen(fits: Sequence[Fit], mean_correlation: float) -> float | None:
    """BMP corrected for correlated events: t sqrt((1 - r) / (1 + (N - 1) r))."""
    plain = boehmer(fits)
    spread = 1.0 + (len(fits) - 1) * mean_correlation
    if plain is None or not spread > 0:
        return None
    return plain * math.sqrt((1.0 - mean_correlation) / spread)


def corrado_rank(fits: Sequence[Fit], overlap: float) -> float:
    """Rank test over the window, for any distribution of returns.

    Ranks of each event's abnormal returns among its estimation and window, as K/(M+1) - 1/2,
    averaged over events in event time. overlap: variance of a mean over shared sessions against
    one over separate sessions (``overlap_factor``).
    """
    centred = np.array([_ranks(np.concatenate((f.residuals, f.abnormal))) for f in fits])
    centred = centred / (centred.shape[1] + 1.0) - 0.5
    mean = centred.mean(axis=0)
    deviation = math.sqrt(float((mean**2).mean()))
    length = len(fits[0].abnormal)
    return float(mean[-length:].sum()) / (math.sqrt(length * overlap) * deviation)


def generalised_sign(fits: Sequence[Fit], correlations: FloatArray) -> float | None:
    """Number of positive CARs against the share of positive residuals before the events.

    Signs of normal variables with correlation r correlate with 2/pi asin(r).
    """
    positive = sum(f.car > 0 for f in fits)
    expected = float(np.mean([(f.residuals > 0).mean() for f in fits]))
    if not 0 < expected < 1:
        return None
    n = len(fits)
    shared = (2.0 / math.pi * np.arcsin(correlations)).sum() / n
    spread = n * expected * (1.0 - expected) * max(float(shared), 1.0 / n)
    return (positive - n * expected) / math.sqrt(spread)


def overlap_factor(fits: Sequence[Fit], sessions: int) -> float:
    """Sum of squared cover counts over the number of window sessions; 1 without overlap."""
    cover = np.zeros(sessions)
    for f in fits:
        cover[f.window_rows.start : f.window_rows.stop] += 1.0
    return float((cover**2).sum() / cover.sum())


def _ranks(values: FloatArray) -> FloatArray:
    """1 to n, ties sharing the mean of their places."""
    order = np.sort(values)
    low = np.searchsorted(order, values, side="left")
    high = np.searchsorted(order, values, side="right")
    return np.asarray((low + high + 1) / 2.0, dtype=np.float64)


def _normal_p(z: float | None) -> float | None:
    return None if z is None else 2.0 * (1.0 - _NORMAL.cdf(abs(z)))


def _student_p(t: float | None, freedom: int) -> float | None:
    if t is None:
        return None
    from scipy.special import stdtr

    return float(2.0 * stdtr(freedom, -abs(t)))


# --- bootstrap ---------------------------------------------------------------------------------


def calendar_means(
    rows: Sequence[int], values: FloatArray, mean_block: float, draws: int, seed: int
) -> FloatArray:
    """(draws,): mean of ``values`` (N,) with calendar sessions resampled in blocks.

    A resampled session brings its events with it, so that clusters and overlaps stay together.
    Draws that hold no event are left out.
    """
    first, last = min(rows), max(rows)
    span = last - first + 1
    total, count = np.zeros(span), np.zeros(span)
    np.add.at(total, np.asarray(rows) - first, values)
    np.add.at(count, np.asarray(rows) - first, 1.0)
    sample = bootstrap_rows(span, mean_block, draws, np.random.default_rng(seed))
    events = count[sample].sum(axis=1)
    held = events > 0
    return np.asarray(total[sample].sum(axis=1)[held] / events[held])


def calendar_excess(
    rows: Sequence[int], every: FloatArray, mean_block: float, draws: int, seed: int
) -> FloatArray:
    """(draws,): mean of ``every`` on the events' sessions minus its mean on all, resampled.

    every: (span,), one value a session from the first event to the last.
    """
    first = min(rows)
    count = np.zeros(every.size)
    np.add.at(count, np.asarray(rows) - first, 1.0)
    sample = bootstrap_rows(every.size, mean_block, draws, np.random.default_rng(seed))
    weights, values = count[sample], every[sample]
    events = weights.sum(axis=1)
    held = events > 0
    mean = (weights * values).sum(axis=1)[held] / events[held]
    return np.asarray(mean - values.mean(axis=1)[held])


def spearman(x: FloatArray, y: FloatArray) -> float | None:
    """Rank correlation, ties averaged; None where one of the two does not vary."""
    a, b = _ranks(x), _ranks(y)
    a, b = a - a.mean(), b - b.mean()
    size = math.sqrt(float(a @ a) * float(b @ b))
    return None if size == 0 else float(a @ b) / size


@dataclass(frozen=True, slots=True, kw_only=True)
class RankCorrelation:
    """Spearman's rho of threat score and CAR with a bootstrap interval; n occurrences."""

    rho: float
    low: float
    high: float
    n: int


def rank_correlation(fits: Sequence[Fit], mean_block: float, seed: int) -> RankCorrelation | None:
    """None with fewer than ten rated occurrences, or where nothing varies.

    Events in their order are resampled in blocks, so that neighbours that share sessions stay
    together.
    """
    pairs = [(f.occurrence.rating, f.car) for f in fits if f.occurrence.rating is not None]
    if len(pairs) < 10:
        return None
    x, y = np.array(pairs, dtype=np.float64).T
    rho = spearman(x, y)
    if rho is None:
        return None
    rng = np.random.default_rng(seed)
    found = [spearman(x[s], y[s]) for s in bootstrap_rows(len(pairs), mean_block, DRAWS, rng)]
    low, high = _interval(np.array([r for r in found if r is not None]))
    return RankCorrelation(rho=rho, low=low, high=high, n=len(pairs))


def _interval(values: FloatArray) -> tuple[float, float]:
    tail = 100.0 * (1.0 - LEVEL) / 2.0
    low, high = np.percentile(values, [tail, 100.0 - tail]).tolist()
    return low, high


# --- the study ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRate:
    """Plain close-to-close returns of a set of sessions, %."""

    n: int
    mean_pct: float
    median_pct: float
    sd_pct: float
    large_fall_share: float


def base_rate(returns: FloatArray) -> BaseRate:
    """Of ``returns`` (n,), fractions; a large fall is below ``LARGE_FALL_PCT``."""
    pct = 100.0 * returns[np.isfinite(returns)]
    if pct.size == 0:
        raise DataError(phrase("no returns to describe"))
    return BaseRate(
        n=int(pct.size),
        mean_pct=float(pct.mean()),
        median_pct=float(np.median(pct)),
        sd_pct=float(pct.std(ddof=1)) if pct.size > 1 else 0.0,
        large_fall_share=float((pct < LARGE_FALL_PCT).mean()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCar:
    """One occurrence's CAR over a window, %; z: in standard deviations (variance one)."""

    session_on: date
    names: tuple[str, ...]
    rating: float | None
    car_pct: float
    z: float
    beta: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowResult:
    """One window. Interval and error by the calendar bootstrap, all in %.

    usual_car_pct: mean CAR of every session from the first event to the last, by the same model. A
    share that has just risen much more than its market is expected to go on rising so, and falls
    short of that on any day; excess_low_pct, excess_high_pct: interval of the events' mean minus
    the usual one, which is free of it.
    mean_correlation: of the CARs, from shared sessions. overlap: see ``overlap_factor``.
    detectable_pct: drift that would be found four times in five (5 % two-sided).
    """

    window: Window
    n: int
    mean_car_pct: float
    median_car_pct: float
    low_pct: float
    high_pct: float
    error_pct: float
    p_bootstrap: float
    usual_car_pct: float
    excess_low_pct: float
    excess_high_pct: float
    negative_share: float
    detectable_pct: float
    mean_correlation: float
    overlap: float
    tests: tuple[Test, ...]
    events: tuple[EventCar, ...]

    def test(self, name: str) -> Test:
        """The test called ``name``."""
        return next(t for t in self.tests if t.name == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """Mean cumulative abnormal return by session around the event, %, with its interval."""

    offsets: tuple[int, ...]
    mean_pct: tuple[float, ...]
    low_pct: tuple[float, ...]
    high_pct: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """A study of one kind of event. left_out: reason -> occurrences.

    base: returns of every event session with a price, studied or not; all_sessions: of every
    session from the first to the last of them. rank: None without ratings. path: None where too few
    events have the room.
    """

    kind: str
    what: str
    firm: str
    benchmark: str
    estimation: int
    gap: int
    n_events: int
    n_occurrences: int
    left_out: Mapping[str, int]
    first_on: date
    last_on: date
    base: BaseRate
    all_sessions: BaseRate
    windows: tuple[WindowResult, ...]
    rank: RankCorrelation | None
    path: Path | None
    sentences: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """What was found, in one paragraph; the first sentence is the claim."""
        return paragraph(*self.sentences)


def study(
    series: Returns,
    events: Sequence[Occurrence],
    *,
    kind: str,
    what: str,
    windows: Sequence[Window] = ((0, 0), (0, 1), (0, 5)),
    estimation: int = DEFAULT_ESTIMATION,
    gap: int = GAP,
    n_events: int | None = None,
) -> StudyResult:
    """Study ``events``; the last window carries the verdict.

    what: the kind in words, for sentences. n_events: events told, if several shared a session.
    """
    check_design(series, windows, estimation, gap)
    place = {day: row for row, day in enumerate(series.sessions_on)}
    usable, left_out = _usable(events, place, series, windows, estimation, gap)
    if not usable:
        raise InputError(
            phrase(
                "no {kind} event has {estimation} sessions of prices before and its window after",
                kind=kind,
                estimation=estimation,
            ),
            remedy=phrase(
                "prices run from {first} to {last}",
                first=str(series.sessions_on[0]),
                last=str(series.sessions_on[-1]),
            ),
        )
    found = tuple(_window(series, usable, place, w, estimation, gap) for w in windows)
    last = [fit(series, o, place[o.session_on], windows[-1], estimation, gap) for o in usable]
    priced = sorted(row for o in events if (row := place.get(o.session_on, 0)) > 0)
    base = base_rate(series.firm[priced])
    every = base_rate(series.firm[priced[0] : priced[-1] + 1])
    return StudyResult(
        kind=kind,
        what=what,
        firm=series.firm_symbol,
        benchmark=series.benchmark,
        estimation=estimation,
        gap=gap,
        n_events=len(events) if n_events is None else n_events,
        n_occurrences=len(usable),
        left_out=left_out,
        first_on=usable[0].session_on,
        last_on=usable[-1].session_on,
        base=base,
        all_sessions=every,
        windows=found,
        rank=rank_correlation(last, _events_together(found[-1]), SEED),
        path=_path(series, usable, place, estimation, gap),
        sentences=sentences_of(found, base, every, what, series),
    )


def check_design(series: Returns, windows: Sequence[Window], estimation: int, gap: int) -> None:
    """Refuse a study that cannot be made, naming the number and what is allowed."""
    if not LEAST_ESTIMATION <= estimation <= MOST_ESTIMATION:
        raise OutOfRangeError(
            "--estimation",
            estimation,
            phrase("{low} to {high} sessions", low=LEAST_ESTIMATION, high=MOST_ESTIMATION),
        )
    if gap < 0:
        raise OutOfRangeError("gap", gap, phrase("0 sessions or more"))
    if not windows:
        raise InputError(phrase("no window to study"), remedy=phrase("for example --window 0,5"))
    for first, last in windows:
        window = f"{first},{last}"
        if first > last:
            raise InputError(phrase("the window {window} ends before it begins", window=window))
        length = last - first + 1
        have = len(series.sessions_on) - 1
        if length + estimation + gap > have:
            raise InputError(
                phrase(
                    "the window {window} with {estimation} sessions of estimation and "
                    "a gap of {gap} is longer than the data",
                    window=window,
                    estimation=estimation,
                    gap=gap,
                ),
                remedy=phrase("there are {have} returns", have=have),
            )
        if length > MOST_WINDOW or max(abs(first), abs(last)) > MOST_WINDOW:
            raise OutOfRangeError(
                "--window", window, phrase("at most {most} sessions", most=MOST_WINDOW)
            )


def _usable(
    events: Sequence[Occurrence],
    place: Mapping[date, int],
    series: Returns,
    windows: Sequence[Window],
    estimation: int,
    gap: int,
) -> tuple[list[Occurrence], dict[str, int]]:
    """Occurrences with room for every window, and why the others are left out."""
    first, last = min(w[0] for w in windows), max(w[1] for w in windows)
    kept: list[Occurrence] = []
    out = {"before enough prices": 0, "window ends after the last price": 0, "no price": 0}
    for event in sorted(events, key=lambda o: o.session_on):
        row = place.get(event.session_on)
        if row is None:
            late = event.session_on > series.sessions_on[-1]
            early = event.session_on < series.sessions_on[0]
            reason = "window ends after the last price" if late else "no price"
            out["before enough prices" if early else reason] += 1
        elif row + first - gap - estimation < 1:
            out["before enough prices"] += 1
        elif row + last >= len(series.sessions_on):
            out["window ends after the last price"] += 1
        else:
            kept.append(event)
    return kept, {reason: n for reason, n in out.items() if n}


def _window(
    series: Returns,
    events: Sequence[Occurrence],
    place: Mapping[date, int],
    window: Window,
    estimation: int,
    gap: int,
) -> WindowResult:
    rows = [place[o.session_on] for o in events]
    fits = [fit(series, o, r, window, estimation, gap) for o, r in zip(events, rows, strict=True)]
    cars = np.array([100.0 * f.car for f in fits])
    together = correlation(fits, len(series.sessions_on))
    n = len(fits)
    mean_correlation = float((together.sum() - n) / (n * (n - 1))) if n > 1 else 0.0
    overlap = overlap_factor(fits, len(series.sessions_on))
    draws = calendar_means(rows, cars, block_of(window), DRAWS, SEED)
    low, high = _interval(draws)
    error = float(draws.std(ddof=1))
    every = _every_car(series, rows, window, estimation, gap)
    excess = calendar_excess(rows, every, block_of(window), DRAWS, SEED)
    excess_low, excess_high = _interval(excess)
    return WindowResult(
        window=window,
        n=n,
        mean_car_pct=float(cars.mean()),
        median_car_pct=float(np.median(cars)),
        low_pct=low,
        high_pct=high,
        error_pct=error,
        p_bootstrap=_bootstrap_p(draws, float(cars.mean())),
        usual_car_pct=float(every.mean()),
        excess_low_pct=excess_low,
        excess_high_pct=excess_high,
        negative_share=float((cars < 0).mean()),
        detectable_pct=(_NORMAL.inv_cdf(0.975) + _NORMAL.inv_cdf(0.8)) * error,
        mean_correlation=mean_correlation,
        overlap=overlap,
        tests=_tests(fits, together, mean_correlation, overlap),
        events=tuple(_event_car(f) for f in fits),
    )


def _every_car(
    series: Returns, rows: Sequence[int], window: Window, estimation: int, gap: int
) -> FloatArray:
    """(span,): CAR in % of every session from the first event to the last, events included."""
    days = series.sessions_on
    return np.array(
        [
            100.0
            * fit(series, Occurrence(session_on=days[r], names=()), r, window, estimation, gap).car
            for r in range(rows[0], rows[-1] + 1)
        ]
    )


def block_of(window: Window) -> float:
    """Mean block in sessions: twice the window, at least ten, so that most overlaps survive."""
    return max(10.0, 2.0 * (window[1] - window[0] + 1))


def _bootstrap_p(draws: FloatArray, mean: float) -> float:
    """P(a mean this far from zero | no drift), draws recentred; the study counts as one draw."""
    return float((1 + (np.abs(draws - mean) >= abs(mean)).sum()) / (1 + draws.size))


def _tests(
    fits: Sequence[Fit], together: FloatArray, mean_correlation: float, overlap: float
) -> tuple[Test, ...]:
    n = len(fits)
    z, t = patell(fits), boehmer(fits)
    adjusted = z / math.sqrt(max(1.0 + (n - 1) * mean_correlation, 1.0 / n))
    corrected = kolari_pynnonen(fits, mean_correlation)
    rank = corrado_rank(fits, overlap) if n > 1 else None
    sign = generalised_sign(fits, together)
    return (
        Test(name="Patell", statistic=z, p_value=_normal_p(z)),
        Test(name="Patell, correlated", statistic=adjusted, p_value=_normal_p(adjusted)),
        Test(name="BMP", statistic=t, p_value=_student_p(t, n - 1)),
        Test(name="Kolari-Pynnonen", statistic=corrected, p_value=_student_p(corrected, n - 1)),
        Test(name="Corrado rank", statistic=rank, p_value=_normal_p(rank)),
        Test(name="generalised sign", statistic=sign, p_value=_normal_p(sign)),
    )


def _event_car(f: Fit) -> EventCar:
    return EventCar(
        session_on=f.occurrence.session_on,
        names=f.occurrence.names,
        rating=f.occurrence.rating,
        car_pct=100.0 * f.car,
        z=f.z,
        beta=f.beta,
    )


def _events_together(result: WindowResult) -> float:
    """Mean number of neighbouring events that hang together, for blocks of events."""
    return max(1.0, min(2.0 * result.overlap, result.n / 3.0))


def _path(
    series: Returns,
    events: Sequence[Occurrence],
    place: Mapping[date, int],
    estimation: int,
    gap: int,
) -> Path | None:
    """Mean CAR from five sessions before to ten after, with its interval session by session."""
    roomy, _ = _usable(events, place, series, (PATH,), estimation, gap)
    if len(roomy) < 2:
        return None
    rows = [place[o.session_on] for o in roomy]
    cars = np.array(
        [
            100.0 * np.cumsum(fit(series, o, r, PATH, estimation, gap).abnormal)
            for o, r in zip(roomy, rows, strict=True)
        ]
    )
    bands = [_interval(calendar_means(rows, c, block_of(PATH), DRAWS, SEED)) for c in cars.T]
    return Path(
        offsets=tuple(range(PATH[0], PATH[1] + 1)),
        mean_pct=tuple(cars.mean(axis=0).tolist()),
        low_pct=tuple(low for low, _ in bands),
        high_pct=tuple(high for _, high in bands),
    )


# --- in words ----------------------------------------------------------------------------------


def sentences_of(
    windows: Sequence[WindowResult], base: BaseRate, every: BaseRate, what: str, series: Returns
) -> tuple[Phrase, ...]:
    """What the numbers say: the claim of the last window first, exceptions of others after it."""
    result = windows[-1]
    return (
        _claim(result, base, every, what),
        _plain_returns(base, every, series),
        _numbers(result, series),
        _usual(result),
        *(_exception(w, series) for w in windows[:-1] if _loss(w) and not _loss(result)),
        _worst(result),
        *(_power(w) for w in windows[:-1]),
    )


def _agreed(r: WindowResult) -> bool:
    corrected = r.test("Kolari-Pynnonen").p_value
    return corrected is not None and corrected < 1.0 - LEVEL


def _loss(r: WindowResult) -> bool:
    """Both intervals below zero, and the corrected test agrees."""
    return r.high_pct < 0 and r.excess_high_pct < 0 and _agreed(r)


def _exception(r: WindowResult, series: Returns) -> Phrase:
    return phrase(
        "Taken alone, the window from session {first} to {last} does show a shortfall against "
        "{benchmark} beyond chance, {mean:+pct1}; one window in twenty would by luck.",
        first=str(r.window[0]),
        last=str(r.window[1]),
        benchmark=series.benchmark,
        mean=r.mean_car_pct,
    )


def _claim(r: WindowResult, base: BaseRate, every: BaseRate, what: str) -> Phrase:
    """Beyond chance only where both intervals and the corrected test agree.

    Else no drift could be shown, which is not to say that there is none: the sentence names the
    window and the least drift that it would have found.
    """
    if _loss(r):
        return phrase("{what}: followed by a loss beyond chance.", what=what)
    if r.low_pct > 0 and r.excess_low_pct > 0 and _agreed(r):
        return phrase("{what}: followed by a gain beyond chance.", what=what)
    usual = every.mean_pct - every.sd_pct / math.sqrt(base.n)
    told = {"what": what, "first": str(r.window[0]), "last": str(r.window[1])}
    if base.mean_pct >= max(0.0, usual):
        return phrase(
            "{what}: no drift could be shown from session {first} to {last}; one smaller than "
            "{least:pct1} could not have been told from chance.",
            **told,
            least=r.detectable_pct,
        )
    return phrase(
        "{what}: a loss on average, but no drift could be shown from session {first} to {last}; "
        "one smaller than {least:pct1} could not have been told from chance.",
        **told,
        least=r.detectable_pct,
    )


def _plain_returns(base: BaseRate, every: BaseRate, series: Returns) -> Phrase:
    return phrase(
        "In {n} such sessions {firm} closed {mean:+pct1} on average against {usual:+pct1} in all "
        "sessions; {share:share0} fell more than 2 %, against {often:share0}.",
        n=base.n,
        firm=series.firm_symbol,
        mean=base.mean_pct,
        usual=every.mean_pct,
        share=base.large_fall_share,
        often=every.large_fall_share,
    )


def _numbers(r: WindowResult, series: Returns) -> Phrase:
    return phrase(
        "From session {first} to {last} around {n} of them it moved {mean:+pct1} on average beyond "
        "what {benchmark} explains (95 % interval {low:+pct1} to {high:+pct1}); {negative:share0} "
        "of these moves were negative.",
        n=r.n,
        mean=r.mean_car_pct,
        benchmark=series.benchmark,
        first=str(r.window[0]),
        last=str(r.window[1]),
        low=r.low_pct,
        high=r.high_pct,
        negative=r.negative_share,
    )


def _usual(r: WindowResult) -> Phrase:
    return phrase(
        "Any session of that time shows {usual:+pct1} by the same measure; the events differ from "
        "it by {excess:+pct1} ({low:+pct1} to {high:+pct1}).",
        usual=r.usual_car_pct,
        excess=r.mean_car_pct - r.usual_car_pct,
        low=r.excess_low_pct,
        high=r.excess_high_pct,
    )


def _worst(r: WindowResult) -> Phrase:
    worst = min(r.events, key=lambda e: e.car_pct)
    return phrase(
        "The largest fall was {car:+pct1} from {day:date} ({name}).",
        car=worst.car_pct,
        day=worst.session_on,
        name=", ".join(worst.names)[:120],
    )


def _power(r: WindowResult) -> Phrase:
    return phrase(
        "From session {first} to {last} a drift smaller than {least:pct1} could not have been told "
        "from chance with so few.",
        first=str(r.window[0]),
        last=str(r.window[1]),
        least=r.detectable_pct,
    )
