"""What a strategy is, the parameters it declares, and the causal array tools they share.

A strategy is one file here with a class like this, and a stanza with its weight in a preset of
``config/strategies``; the stanza's ``class`` names it as ``"strategies.calm:Calm"``::

    >>> import numpy as np
    >>> from strategies.base import Level, Param, Strategy, squash
    >>> class Calm(Strategy):
    ...     name, needs = "calm", frozenset({"vol_20d_ann"})
    ...     params = {"usual": Param(default=0.4, low=0.05, high=2, unit="a year", source="prior")}
    ...     levels_spec = {"vol_20d_ann": Level(low=0.05, high=2, unit="a year", meaning="width")}
    ...     def score(self, levels, p):
    ...         return squash(1 - levels["vol_20d_ann"] / p["usual"])
    ...     def doubt(self, levels, p):
    ...         return np.full(np.shape(levels["vol_20d_ann"]), 0.3)
    >>> Calm().score({"vol_20d_ann": np.array([0.4, 0.8, np.nan])}, {"usual": 0.4}).round(2)
    array([ 0.  , -0.76,   nan])

To see it work: ``nvsignal config check``, then ``nvsignal explain`` and ``nvsignal backtest``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from engine.errors import ConfigError, DataError, OutOfRangeError, nearest
from engine.phrases import phrase
from engine.values import Evidence, FloatArray

Params = Mapping[str, FloatArray | float]
"""Parameter name -> float, or array of shape (P, 1) in a sweep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """One tunable number: its default (a prior with a source), its range and its unit.

    effect: how large a cause the score needs, which a test of how firm a verdict is moves about;
    no level depends on it.
    """

    default: float
    low: float
    high: float
    unit: str
    source: str
    open_low: bool = False
    effect: bool = False

    def allows(self, value: float) -> bool:
        """Whether ``value`` is finite and inside the range."""
        above = value > self.low if self.open_low else value >= self.low
        return bool(np.isfinite(value) and above and value <= self.high)

    @property
    def allowed(self) -> str:
        """The range in words, for messages."""
        relation = "greater than" if self.open_low else "from"
        return f"{relation} {self.low:g} to {self.high:g} {self.unit}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One number a strategy looks at, with the plausible range in which a flip is searched.

    within_factor: the range is also bounded by the present value divided and multiplied by it; None
    where only the fixed bounds hold. asked: False for what only scales another level and says
    nothing for or against by itself: no flip of it is searched.
    """

    low: float
    high: float
    unit: str
    meaning: str
    within_factor: float | None = None
    asked: bool = True


class Strategy:
    """The contract, and what most strategies share. Instances hold no state; arrays in, arrays out.

    name: identity in reports and configs. needs: the features ``levels`` reads; the engine hands
    out these and no others. params: what can be tuned. levels_spec: the numbers the score depends
    on at one session, with ranges for the flip search. lone: for a voice that listens to news, a
    level -> the level that says how much of it, against the stock, one source alone tells.
    """

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]]
    params: ClassVar[Mapping[str, Param]] = MappingProxyType({})
    levels_spec: ClassVar[Mapping[str, Level]] = MappingProxyType({})
    lone: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def levels(self, features: Mapping[str, FloatArray], p: Params) -> dict[str, FloatArray]:
        """Features (T,) to levels (…, T); row t may use rows up to t only. NaN: not observed.

        By default the features needed, as they are.
        """
        return {name: features[name] for name in sorted(self.needs)}

    def score(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """Pointwise from levels (…, T) to a score in [-1, +1]; NaN where not observed."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to score")

    def doubt(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """Standard error of the score (…, T): how far reasonable people could disagree."""
        raise NotImplementedError(f"{type(self).__name__} does not say how much to doubt it")

    def evidence(self, levels: Mapping[str, float], p: Params) -> tuple[Evidence, ...]:
        """Sentences built from one session's levels; by default none."""
        return ()

    def confirmed(self, levels: Mapping[str, FloatArray]) -> Mapping[str, FloatArray]:
        """The levels without what one source alone tells; the very same where there is none."""
        parts = {name: levels[part] for name, part in self.lone.items()}
        heard = {name: np.nan_to_num(part) for name, part in parts.items() if np.any(part)}
        if not any(part.any() for part in heard.values()):
            return levels
        return {**levels, **{name: levels[name] - part for name, part in heard.items()}}


def levels_of(
    strategy: Strategy, features: Mapping[str, FloatArray], p: Params
) -> dict[str, FloatArray]:
    """``strategy.levels`` over the features it declares; ``DataError`` when it reads another."""
    return strategy.levels(_Declared(strategy, features), p)


class _Declared(Mapping[str, FloatArray]):
    """The features a strategy may read."""

    def __init__(self, strategy: Strategy, features: Mapping[str, FloatArray]) -> None:
        self._name, self._features = strategy.name, features
        self._open = strategy.needs & features.keys()

    def __getitem__(self, name: str) -> FloatArray:
        if name not in self._open:
            raise DataError(
                phrase(
                    "strategy '{name}' reads '{name2}' without declaring it",
                    name=self._name,
                    name2=name[:60],
                ),
                remedy=phrase("name it in the class's needs"),
            )
        return self._features[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._open))

    def __len__(self) -> int:
        return len(self._open)


def param_problem(strategy: Strategy, name: str, value: object) -> str | None:
    """What is wrong with one parameter: unknown, not a number, out of range; None when nothing."""
    spec = strategy.params.get(name)
    if spec is None:
        hint = nearest(name, strategy.params)
        suffix = f"; did you mean '{hint}'?" if hint else ""
        return f"{strategy.name} has no parameter '{name[:60]}'{suffix}"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not spec.allows(float(value)):  # type: ignore[arg-type]
        return f"{strategy.name}.{name} = {value!r}; allowed: {spec.allowed}"
    return None


def with_defaults(
    strategy: Strategy, given: Mapping[str, float], *, where: str
) -> dict[str, float]:
    """``given`` completed with defaults; every unknown key and value out of range in one error."""
    found = (param_problem(strategy, name, value) for name, value in given.items())
    problems = [f"{where}: {problem}" for problem in found if problem]
    if problems:
        raise ConfigError(problems)
    return {k: float(given.get(k, spec.default)) for k, spec in strategy.params.items()}


def decay(impulse: FloatArray, half_life_sessions: FloatArray | float) -> FloatArray:
    """Running sum in which what came in halves every ``half_life_sessions``.

    y[t] = y[t-1] * 2**(-1/h) + x[t]. impulse: (…, T), NaN counts as nothing coming in (coverage is
    the strategy's business). half_life_sessions: float, or (P, 1) giving (P, T). Refuses h <= 0.
    """
    half_life = np.asarray(half_life_sessions, dtype=np.float64)
    if not (half_life > 0).all():
        raise OutOfRangeError(
            "half_life_sessions", half_life_sessions, phrase("greater than 0 sessions")
        )
    keep = np.exp2(-1.0 / half_life)
    incoming = np.nan_to_num(impulse, nan=0.0)
    if keep.ndim == 0 and incoming.ndim == 1:
        return _decay_scalar(incoming, float(keep))
    shape = np.broadcast_shapes(incoming.shape, (*keep.shape[:-1], 1) if keep.ndim else ())
    out = np.empty(shape, dtype=np.float64)
    rate = keep[..., 0] if keep.ndim else keep
    state = np.zeros(shape[:-1], dtype=np.float64)
    for t in range(shape[-1]):
        state = state * rate + incoming[..., t]
        out[..., t] = state
    return out


def fade_latest(
    impulse: FloatArray, told: npt.NDArray[np.bool_], half_life_sessions: FloatArray | float
) -> FloatArray:
    """Like ``decay``, but what is told replaces what was there: a later word supersedes.

    y[t] = x[t] where ``told``, (…, T), else y[t-1] * 2**(-1/h).
    """
    half_life = np.asarray(half_life_sessions, dtype=np.float64)
    if not (half_life > 0).all():
        raise OutOfRangeError(
            "half_life_sessions", half_life_sessions, phrase("greater than 0 sessions")
        )
    rate = np.exp2(-1.0 / half_life)[..., 0] if half_life.ndim else np.exp2(-1.0 / half_life)
    lead = np.broadcast_shapes(impulse.shape[:-1], told.shape[:-1], rate.shape)
    out: FloatArray = np.empty((*lead, told.shape[-1]))
    state: FloatArray = np.zeros(lead)
    for t in range(out.shape[-1]):
        state = np.where(told[..., t], impulse[..., t], state * rate)
        out[..., t] = state
    return out


def _decay_scalar(incoming: FloatArray, keep: float) -> FloatArray:
    out, state = [], 0.0
    for x in incoming.tolist():
        state = state * keep + x
        out.append(state)
    return np.asarray(out, dtype=np.float64)


def squash(x: FloatArray) -> FloatArray:
    """tanh: near-linear for small arguments, never beyond one; NaN stays NaN."""
    return np.tanh(x)


def only_where(observed: FloatArray, value: FloatArray) -> FloatArray:
    """``value`` where ``observed`` is not NaN, NaN elsewhere."""
    return np.where(np.isnan(observed), np.nan, value)
