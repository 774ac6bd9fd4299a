"""A learned voice: logistic regression on the same features, trained strictly on the past.

What it assumes about the world: that the relation between today's features and the sign of the next
month's return is stable enough to be learnt from a few hundred sessions. There is little reason to
believe so, which is why no preset but ``learned`` gives it a say: it must earn its place against
the priors (``nvsignal backtest --strategy learned``).

How look-ahead is kept out. At each refit row r the training rows end at r - horizon - embargo, so
that every label (the return over ``horizon`` sessions after a row) was known before r: purging and
embargo after López de Prado 2018, *Advances in Financial Machine Learning*, ch. 7. The last fifth
of the training rows, again purged, calibrates the probabilities (Platt 1999). Before the first fit
(``min_train_sessions``) the voice is silent: not observed, not neutral.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from engine.errors import InputError
from engine.phrases import phrase
from engine.values import BoolArray, Evidence, FloatArray
from strategies.base import Level, Param, Params, Strategy

INPUTS = (
    "threat_impulse_pct",
    "domestic_impulse_pct",
    "policy_impulse_pct",
    "expected_path_bps",
    "fed_surprise_bps",
    "implied_growth_pct",
    "trend_gap_pct",
    "volatility_pct",
    "vix",
)
MEMORY_SESSIONS = 21
"""Impulses are summed over a month, so that a single day's news is visible to a monthly label."""
IMPULSES = frozenset(name for name in INPUTS if "impulse" in name or "surprise" in name)


class Learned(Strategy):
    """Score = 2 p - 1, p the calibrated probability of a positive return over the horizon."""

    name: ClassVar[str] = "learned"
    needs: ClassVar[frozenset[str]] = frozenset({*INPUTS, "nvda_return"})
    params: ClassVar[Mapping[str, Param]] = MappingProxyType(
        {
            "horizon_sessions": Param(
                default=21, low=1, high=126, unit="sessions", source="judgement: one month"
            ),
            "embargo_sessions": Param(
                default=5, low=0, high=126, unit="sessions", source="judgement: one week"
            ),
            "refit_sessions": Param(
                default=63, low=5, high=504, unit="sessions", source="judgement: each quarter"
            ),
            "min_train_sessions": Param(
                default=378, low=120, high=2520, unit="sessions", source="judgement: 18 months"
            ),
            "inverse_penalty": Param(
                default=0.1,
                low=0,
                high=100,
                unit="",
                open_low=True,
                source="judgement: strong shrinkage for a few hundred overlapping labels",
            ),
        }
    )
    levels_spec: ClassVar[Mapping[str, Level]] = MappingProxyType(
        {"learned_probability": Level(low=0, high=1, unit="", meaning="P(positive return)")}
    )

    def levels(self, features: Mapping[str, FloatArray], p: Params) -> dict[str, FloatArray]:
        """The calibrated probability at each row, NaN before ``trained_until``."""
        matrix = design_matrix(features)
        returns = features["nvda_return"]
        return {"learned_probability": walk(matrix, returns, whole_numbers(p))}

    def score(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """2 p - 1."""
        return 2.0 * levels["learned_probability"] - 1.0

    def doubt(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """0.5: a few hundred overlapping labels know little."""
        return np.full(np.shape(levels["learned_probability"]), 0.5)

    def evidence(self, levels: Mapping[str, float], p: Params) -> tuple[Evidence, ...]:
        """The probability."""
        return (
            Evidence(
                text=phrase(
                    "A model trained on the past alone gives a {probability:share0} chance of a "
                    "gain over the next {sessions:int} sessions",
                    probability=levels["learned_probability"],
                    sessions=float(np.asarray(p["horizon_sessions"])),
                ),
                source="strategies.learned",
                confidence=0.3,
            ),
        )


def whole_numbers(p: Params) -> dict[str, float]:
    """Parameters as single numbers; a sweep over them is refused, because each is a refit."""
    plain = {}
    for name, value in p.items():
        distinct = np.unique(np.asarray(value, dtype=np.float64))
        if distinct.size != 1:
            raise InputError(
                f"learned.{name} cannot be swept: every value means training again",
                remedy="run one backtest per value",
            )
        plain[name] = float(distinct[0])
    return plain


def design_matrix(features: Mapping[str, FloatArray]) -> FloatArray:
    """(T, 2 K): each input, impulses summed over a month, and a flag where it was not observed.

    Missing is not zero: the flag lets the model tell the two apart; the value itself is set to the
    running mean of what was seen so far, which no later row can change.
    """
    columns = []
    for name in INPUTS:
        raw = features[name]
        column = _running_sum(raw, MEMORY_SESSIONS) if name in IMPULSES else raw
        missing = np.isnan(column)
        columns += [np.where(missing, _running_mean(column), column), missing.astype(np.float64)]
    return np.column_stack(columns)


def _running_sum(x: FloatArray, window: int) -> FloatArray:
    total = np.concatenate(([0.0], np.cumsum(np.nan_to_num(x))))
    start = np.maximum(np.arange(x.size) + 1 - window, 0)
    return np.where(np.isnan(x), np.nan, total[1:] - total[start])


def _running_mean(x: FloatArray) -> FloatArray:
    count = np.cumsum(~np.isnan(x))
    total = np.cumsum(np.nan_to_num(x))
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), 0.0))


def walk(matrix: FloatArray, returns: FloatArray, p: Mapping[str, float]) -> FloatArray:
    """Probability at each row from the newest model trained before it; shape (T,)."""
    n = matrix.shape[0]
    out = np.full(n, np.nan)
    horizon, embargo = int(p["horizon_sessions"]), int(p["embargo_sessions"])
    step, first = int(p["refit_sessions"]), int(p["min_train_sessions"])
    labels, known = forward_gain(returns, horizon)
    for refit in range(first, n, step):
        trained_until = refit - horizon - embargo
        usable = known[:trained_until]
        rows = np.flatnonzero(usable)
        model = _fit(matrix[rows], labels[rows], horizon, p["inverse_penalty"])
        if model is not None:
            block = matrix[refit : refit + step]
            out[refit : refit + step] = _predict(block, model)
    return out


def forward_gain(returns: FloatArray, horizon: int) -> tuple[BoolArray, BoolArray]:
    """Whether the sum of the next ``horizon`` returns is positive, and whether it is known.

    The return of row t+1 is the first one a decision at row t could earn.
    """
    n = returns.size
    level = np.concatenate(([0.0], np.cumsum(np.nan_to_num(returns))))
    gain = np.zeros(n, dtype=np.bool_)
    known = np.zeros(n, dtype=np.bool_)
    last = n - horizon
    if last > 0:
        gain[:last] = level[1 + horizon : n + 1] > level[1 : last + 1]
        known[:last] = True
    return gain, known


Model = tuple[FloatArray, FloatArray, FloatArray, float, float, float]


def _fit(x: FloatArray, y: BoolArray, horizon: int, inverse_penalty: float) -> Model | None:
    """Weights on standardised inputs and the calibration line; None without both classes."""
    from sklearn.linear_model import LogisticRegression

    cut = int(0.8 * y.size)
    train, held = slice(0, max(0, cut - horizon)), slice(cut, y.size)
    if len(set(y[train].tolist())) < 2 or len(set(y[held].tolist())) < 2:
        return None
    mean, spread = x[train].mean(axis=0), x[train].std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    inner = LogisticRegression(C=inverse_penalty).fit((x[train] - mean) / spread, y[train])
    raw = inner.decision_function((x[held] - mean) / spread)
    outer = LogisticRegression(C=1.0).fit(raw[:, None], y[held])
    weights, bias = inner.coef_[0], float(inner.intercept_[0])
    # A calibration that turns the model round has found noise; it is flattened instead.
    slope = max(0.0, float(outer.coef_[0, 0]))
    return mean, spread, weights, bias, slope, float(outer.intercept_[0])


def _predict(x: FloatArray, model: Model) -> FloatArray:
    mean, spread, weights, bias, slope, intercept = model
    out = np.empty(x.shape[0])
    for row in range(x.shape[0]):  # one dot product a row: the same bits for any block length
        raw = float(np.dot((x[row] - mean) / spread, weights)) + bias
        out[row] = 1.0 / (1.0 + np.exp(-(slope * raw + intercept)))
    return out
