"""How much of a result could be luck: computed with every backtest and every sweep.

* the deflated Sharpe ratio (``metrics``) against the number of attempts in the trial ledger;
* the probability of backtest overfitting by combinatorially symmetric cross-validation, Bailey,
  Borwein, Lopez de Prado and Zhu (2017), J. Computational Finance 20(4), from block sums alone;
* the stationary bootstrap of Politis and Romano (1994), J. Am. Stat. Assoc. 89, with the block
  length of Politis and White (2004), Econometric Reviews 23(1), corrected by Patton, Politis and
  White (2009), Econometric Reviews 28(4);
* random timing: the same spells in and out of the stock, at random places;
* Hansen's (2005) test of superior predictive ability, J. Business & Economic Statistics 23(4), from
  the optional package ``arch``.

All random numbers come from a fixed seed, so a verdict can be had again.
"""

from __future__ import annotations

import itertools
import math
import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backtests.accounts import final_equities
from backtests.metrics import LEAST_ACTIVE, SESSIONS_A_YEAR
from backtests.replay import Replay, UnitValues
from engine.errors import DataError, NotObservedError
from engine.phrases import Phrase, paragraph, phrase, plural
from engine.values import FloatArray

SEED = 20_250_127
DRAWS = 2_000
"""Resamples: the error of a 5 % tail probability is then about 0.5 points."""
LEVEL = 0.95
MOST_PBO = 0.1
"""A judgement, stricter than the coin toss of 0.5: one split in ten may contradict the choice."""
TIE = 1e-9
"""Sharpe ratios (per observation) closer than this are equal: sets that trade alike within a half
differ by rounding only."""
_SPLITS_AT_ONCE = 64
MOST_SPA_MODELS = 100
LEAST_ARRANGEMENTS = 100
"""Orders of the same spells below which random timing is no test: a p-value of 5 % needs twenty."""


# --- probability of backtest overfitting --------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overfitting:
    """pbo: share of splits in which the winner of one half is no better than the median of the
    other. logits: (splits,) in lexicographic order of the halves."""

    pbo: float
    logits: FloatArray


def overfitting_probability(
    block_sums: FloatArray, block_squares: FloatArray, block_rows: npt.NDArray[np.int64]
) -> Overfitting:
    """PBO of ``P`` sets from sums and sums of squares of returns in ``B`` blocks, (B, P) each.

    block_rows: (B,), sessions in each block; B even, P at least 2. The measure is the Sharpe ratio
    of the half; a half without variation (spent in cash) counts 0. **Ties**: values within ``TIE``
    are equal; in sample the first set wins, out of sample it gets the mean of the tied ranks. The
    logit is that of rank / (P + 1), and a split counts as overfit when it is zero or less.
    """
    blocks, sets = block_sums.shape
    if blocks % 2 or blocks < 2 or sets < 2 or block_squares.shape != block_sums.shape:
        raise DataError(
            phrase(
                "{blocks} blocks of {sets} sets: an even number and two sets are needed",
                blocks=blocks,
                sets=sets,
            )
        )
    # Of a split and its mirror image, the one that holds block 0 comes in the first half of the
    # lexicographic order and its mirror at the same distance from the end.
    halves = list(itertools.combinations(range(blocks), blocks // 2))
    first = np.zeros((len(halves) // 2, blocks))
    for row, half in enumerate(halves[: len(halves) // 2]):
        first[row, half] = 1.0
    logits = np.empty(len(halves))
    for start in range(0, len(first), _SPLITS_AT_ONCE):
        chosen = first[start : start + _SPLITS_AT_ONCE]
        ours = _half_sharpe(chosen, block_sums, block_squares, block_rows)
        theirs = _half_sharpe(1.0 - chosen, block_sums, block_squares, block_rows)
        rows = np.arange(start, start + len(chosen))
        logits[rows] = _logits(ours, theirs)
        logits[len(halves) - 1 - rows] = _logits(theirs, ours)
    return Overfitting(pbo=float((logits <= 0).mean()), logits=logits)


def _half_sharpe(
    chosen: FloatArray, sums: FloatArray, squares: FloatArray, rows: npt.NDArray[np.int64]
) -> FloatArray:
    """(splits, P): Sharpe ratio over the chosen blocks."""
    n = (chosen @ rows)[:, None]
    mean = chosen @ sums
    mean /= n
    variance = chosen @ squares
    floor = variance * 1e-13  # below this the variance is rounding of a constant series
    variance -= n * mean * mean
    still = variance <= floor
    np.maximum(variance, 1e-300, out=variance)
    variance /= n - 1.0
    np.sqrt(variance, out=variance)
    mean /= variance
    mean[still] = 0.0
    return mean


def _logits(inside: FloatArray, outside: FloatArray) -> FloatArray:
    """(splits,): logit of the rank outside of the winner inside."""
    best = inside.max(axis=1, keepdims=True)
    winner = np.argmax(inside >= best - TIE, axis=1)
    value = np.take_along_axis(outside, winner[:, None], axis=1)
    below = np.count_nonzero(outside < value - TIE, axis=1)
    up_to = np.count_nonzero(outside <= value + TIE, axis=1)
    rank = (below + up_to + 1) / 2.0
    omega = rank / (outside.shape[1] + 1.0)
    return np.asarray(np.log(omega / (1.0 - omega)))


# --- bootstrap ------------------------------------------------------------------------------------


def block_length(returns: FloatArray) -> float:
    """Best mean block length of the stationary bootstrap for the mean of ``returns`` (n,)."""
    n = returns.size
    if n < 20:
        raise DataError(
            phrase("{n} returns are too few for a bootstrap", n=str(n)),
            remedy=phrase("at least 20 are needed"),
        )
    centred = returns - returns.mean()
    if not float(centred @ centred) > 0:
        return 1.0
    quiet = max(5, int(math.log10(n)))
    most = math.ceil(math.sqrt(n)) + quiet
    lag, covariance = _first_quiet_lag(centred, quiet, most)
    bandwidth = most if lag is None else min(2 * max(lag, 1), most)
    k = np.arange(1, bandwidth + 1)
    window = np.minimum(1.0, 2.0 * (1.0 - k / bandwidth))  # trapezoidal (flat-top)
    long_run = covariance[0] + 2.0 * float(window @ covariance[1 : bandwidth + 1])
    slope = 2.0 * float((window * k) @ covariance[1 : bandwidth + 1])
    if long_run == 0.0:
        return 1.0
    best = math.pow(slope**2 / long_run**2 * n, 1.0 / 3.0)
    return max(1.0, min(best, math.ceil(min(3.0 * math.sqrt(n), n / 3.0))))


def _first_quiet_lag(centred: FloatArray, quiet: int, most: int) -> tuple[int | None, FloatArray]:
    """The lag from which ``quiet`` autocorrelations in a row are insignificant; covariances."""
    n = centred.size
    limit = 2.0 * math.sqrt(math.log10(n) / n)
    covariance, small = np.empty(most + 1), 0
    found: int | None = None
    for lag in range(most + 1):
        if lag >= quiet and found is None and small >= quiet:
            found = lag - quiet
        product = float(centred[lag:] @ centred[: n - lag])
        covariance[lag] = product / n
        # The scale leaves out one more observation at each end, as the reference estimator does.
        early, late = centred[: n - lag - 1], centred[lag + 1 :]
        scale = math.sqrt(float(early @ early) * float(late @ late))
        small = small + 1 if abs(product) < limit * scale else 0
    return found, covariance


def bootstrap_rows(
    n: int, mean_block: float, draws: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """(draws, n): rows of stationary bootstrap samples.

    Each place starts a new block at a random row with probability 1 / ``mean_block``, else it goes
    on with the next row, round the end. Random numbers are drawn sample by sample.
    """
    if mean_block < 1:
        raise DataError(phrase("mean block length {mean_block} is below 1", mean_block=mean_block))
    rows = np.empty((draws, n), dtype=np.int64)
    place = np.arange(n)
    for draw in range(draws):
        start = rng.integers(n, size=n)
        fresh = rng.random(n) <= 1.0 / mean_block
        fresh[0] = True
        since = np.maximum.accumulate(np.where(fresh, place, 0))
        rows[draw] = (start[since] + place - since) % n
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapInterval:
    """A bootstrap interval at ``LEVEL``, with the mean block length used. Per cent a year."""

    low_pct: float
    high_pct: float
    block_length: float


def excess_growth_interval(
    run: Replay, holding: Replay, *, draws: int = DRAWS
) -> BootstrapInterval:
    """Percentile interval of the growth above holding, both paths resampled together."""
    ours, theirs = np.log1p(run.returns), np.log1p(holding.returns)
    length = block_length(ours - theirs)
    rows = bootstrap_rows(ours.size, length, draws, np.random.default_rng(SEED))
    excess = _growth_pct(ours[rows].mean(axis=1)) - _growth_pct(theirs[rows].mean(axis=1))
    tail = 100.0 * (1.0 - LEVEL) / 2.0
    low, high = np.percentile(excess, [tail, 100.0 - tail]).tolist()
    return BootstrapInterval(low_pct=low, high_pct=high, block_length=length)


def _growth_pct(mean_log_return: FloatArray) -> FloatArray:
    return 100.0 * np.expm1(SESSIONS_A_YEAR * mean_log_return)


# --- random timing --------------------------------------------------------------------------------


def random_timing_p_value(
    world: UnitValues, target_weight: FloatArray, *, draws: int = DRAWS
) -> float | None:
    """P(random timing ends at least as high), one-sided, the rule itself counted as one draw.

    A random path visits the same weights in the same order, as often and for as many sessions in
    all, so exposure and number of trades are the same; only when is random. None where there are
    too few such paths for a test, as with a rule that changed once.
    """
    if arrangements(target_weight) < LEAST_ARRANGEMENTS:
        return None
    states, levels = random_timing(target_weight, draws)
    own = np.searchsorted(levels, target_weight).astype(np.uint8)[:, None]
    final = final_equities(world, levels, np.concatenate([own, states], axis=1))
    # Equal paths may differ by rounding; they count as equal.
    return (1 + int(np.count_nonzero(final[1:] >= final[0] * (1.0 - 1e-12)))) / (draws + 1)


def arrangements(target_weight: FloatArray) -> int:
    """How many paths visit the same weights in the same order, as often and as long in all."""
    state = np.unique(target_weight, return_inverse=True)[1]
    order = state[np.flatnonzero(np.diff(state, prepend=-1))]
    return math.prod(
        math.comb(int(np.count_nonzero(state == level)) - 1, int((order == level).sum()) - 1)
        for level in set(order.tolist())
    )


def random_timing(
    target_weight: FloatArray, draws: int
) -> tuple[npt.NDArray[np.uint8], FloatArray]:
    """(T, draws) states and the (k,) levels they stand for; no draws when nothing ever changes."""
    levels, state = np.unique(target_weight, return_inverse=True)
    starts = np.flatnonzero(np.diff(state, prepend=-1))
    if starts.size < 2:
        return np.empty((state.size, 0), dtype=np.uint8), levels
    order = state[starts]
    rng = np.random.default_rng(SEED)
    lengths = np.empty((draws, order.size), dtype=np.int64)
    for level in range(levels.size):
        spells = np.flatnonzero(order == level)
        total = int(np.count_nonzero(state == level))
        lengths[:, spells] = _random_parts(total, spells.size, draws, rng)
    out = np.empty((state.size, draws), dtype=np.uint8)
    for draw in range(draws):
        out[:, draw] = np.repeat(order, lengths[draw])
    return out, levels


def _random_parts(
    total: int, parts: int, draws: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """(draws, parts): whole numbers from 1 that sum to ``total``, all ways equally likely."""
    cuts = np.zeros((draws, parts + 1), dtype=np.int64)
    cuts[:, -1] = total
    for draw in range(draws):
        cuts[draw, 1:-1] = np.sort(rng.choice(total - 1, parts - 1, replace=False) + 1)
    return np.diff(cuts, axis=1)


# --- superior predictive ability ------------------------------------------------------------------


def superior_ability_p_value(
    holding: FloatArray, models: FloatArray, *, draws: int = 1_000
) -> float:
    """Consistent p-value that none of ``models`` (T, k) beats ``holding`` (T,), returns each.

    Needs the optional extra ``stats``; raises ``NotObservedError`` without it.
    """
    try:
        from arch.bootstrap import SPA
    except ImportError:
        raise NotObservedError(
            phrase("test of superior ability skipped: package 'arch' is not installed"),
            remedy=phrase("pip install '.[stats]' in nvsignal's folder"),
        ) from None
    moving = np.ptp(models - holding[:, None], axis=0) > 1e-12
    if not moving.any():
        return 1.0
    best = models[:, moving]
    size = max(1, round(block_length(best[:, int(np.argmax(best.mean(axis=0)))] - holding)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        test = SPA(-holding, -best, block_size=size, reps=draws, seed=SEED)
        test.compute()
    return float(test.pvalues["consistent"])


# --- the verdict ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEvidence:
    """What speaks for and against a rule, and what it comes to.

    interval: of growth above holding, % a year. p_value_random_timing: None where random timing
    cannot be tested. dsr: None where it does not exist. pbo, spa_p_value: None where not computed.
    n_trials: attempts on sessions of this window so far, this one included. active_sessions: those
    with anything in the stock; None where not counted.
    """

    excess_cagr_pct: float | None
    interval: BootstrapInterval
    p_value_random_timing: float | None
    n_trials: int
    dsr: float | None
    pbo: float | None = None
    spa_p_value: float | None = None
    never_left: bool = False
    active_sessions: int | None = None


def objections(evidence: RuleEvidence) -> tuple[Phrase, ...]:
    """Every reason why the result may be luck; empty when there is none."""
    found = []
    excess = evidence.excess_cagr_pct
    if evidence.never_left:
        return (phrase("it never left the stock, so it is holding"),)
    if excess is None or excess <= 0:
        found.append(phrase("it grew {excess:+pct1} a year against holding", excess=excess))
    elif evidence.interval.low_pct <= 0:
        found.append(
            phrase(
                "the 95% interval of its growth above holding, {low:+pct1} to {high:+pct1} a year, "
                "holds zero",
                low=evidence.interval.low_pct,
                high=evidence.interval.high_pct,
            )
        )
    active = evidence.active_sessions
    if active is not None and active < LEAST_ACTIVE:
        found.append(
            plural(
                "it was in the stock in {n} session, too few to judge",
                "it was in the stock in {n} sessions, too few to judge",
                n=active,
            )
        )
    timing = evidence.p_value_random_timing
    if timing is None:
        found.append(
            phrase("it changed too seldom for a test against the same changes at random times")
        )
    elif timing > 1 - LEVEL:
        found.append(phrase("random timing did as well in {p:share0} of draws", p=timing))
    if evidence.dsr is not None and evidence.dsr < LEVEL:
        found.append(
            plural(
                "after {n} attempt the deflated Sharpe ratio is {dsr:.2f}, below 0.95",
                "after {n} attempts the deflated Sharpe ratio is {dsr:.2f}, below 0.95",
                n=evidence.n_trials,
                dsr=evidence.dsr,
            )
        )
    if evidence.pbo is not None and evidence.pbo > MOST_PBO:
        found.append(
            phrase(
                "the best set of one half fails in the other in {p:share0} of splits",
                p=evidence.pbo,
            )
        )
    if evidence.spa_p_value is not None and evidence.spa_p_value > 1 - LEVEL:
        found.append(
            phrase("the test of superior ability gives p = {p:.2f}", p=evidence.spa_p_value)
        )
    return tuple(found)


def claims_edge(evidence: RuleEvidence) -> bool:
    """Whether anything may be said to beat holding: nothing speaks against it.

    The one owner of that claim; ``nvsignal worlds`` measures how often it errs.
    """
    return not objections(evidence)


def verdict(evidence: RuleEvidence) -> Phrase:
    """Whether it beats holding, in one plain sentence."""
    against = objections(evidence)
    if claims_edge(evidence):
        return plural(
            "Evidence that this beats holding: {excess:+pct1} a year (95% interval "
            "{low:+pct1} to {high:+pct1}), also after {n} attempt",
            "Evidence that this beats holding: {excess:+pct1} a year (95% interval "
            "{low:+pct1} to {high:+pct1}), also after {n} attempts",
            n=evidence.n_trials,
            excess=evidence.excess_cagr_pct,
            low=evidence.interval.low_pct,
            high=evidence.interval.high_pct,
        )
    reasons = against[0]
    for reason in against[1:]:
        reasons = phrase("{first}; {second}", first=reasons, second=reason)
    return paragraph(phrase("No evidence that this beats holding: {reasons}.", reasons=reasons))
