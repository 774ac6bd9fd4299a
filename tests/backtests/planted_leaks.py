"""Twenty ways to know the future and twenty honest ones that resemble them, sent through the audit.

``python -m tests.bench audit`` prints the table. The record is synthetic. Every case is a function
of what its run was given; a run computes its score, and is decided in a process of its own.
"""

from __future__ import annotations

import gc
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from backtests.audit import AuditResult, audit
from backtests.fresh import Fresh
from backtests.trace import Trace
from engine.record.history import History
from engine.values import Fact, FloatArray

SESSIONS = 60
FIRST = date(2024, 1, 2)
SYNTHETIC = "synthetic"
TILT = "NVSIGNAL_PLANTED_TILT"
HIDDEN = Path(__file__).resolve().parents[1] / "data" / "frozen_decisions.csv"
"""Any file beside the record."""


def morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 13, 30, tzinfo=UTC)


def weekdays(until: date) -> list[date]:
    span = (until - FIRST).days + 1
    days = [FIRST + timedelta(days=i) for i in range(span)]
    return [day for day in days if day.weekday() < 5]


@dataclass(frozen=True)
class View:
    """What one run was given. at: instants of decision, one a session, the last one included."""

    history: History
    as_of: datetime

    @property
    def days(self) -> list[date]:
        return weekdays(self.as_of.date())

    @property
    def at(self) -> list[datetime]:
        return [morning(day) for day in self.days]

    def rows(self, of: Callable[[int, datetime], float]) -> FloatArray:
        return np.array([of(t, at) for t, at in enumerate(self.at)])

    def closes(self, at: datetime) -> FloatArray:
        """As known at ``at``, oldest first."""
        known = self.history.current("bar", at)
        return np.array([known[k].payload["close"] for k in sorted(known)])

    def returns(self, at: datetime) -> FloatArray:
        return np.diff(np.log(self.closes(at)))

    def last(self) -> FloatArray:
        """(T,): yesterday's return, known each morning."""
        return self.rows(lambda t, at: (0.0, *self.returns(at))[-1])

    def everything(self) -> FloatArray:
        """(T,): the close of each session as the whole record has it, NaN where it has none."""
        known = self.history.current("bar", self.as_of)
        found = {k: f.payload["close"] for k, f in known.items()}
        return np.array([found.get(f"NVDA:{day}", np.nan) for day in self.days])

    def texts(self, at: datetime) -> list[tuple[str, float]]:
        """Headlines known at ``at`` with the close that followed, where that is known."""
        known = self.history.current("headline", at)
        return [(f.payload["headline"], f.payload["moved"]) for f in known.values()]


def fact(kind: str, key: str, at: datetime, known_at: datetime, **payload: Any) -> Fact:
    return Fact(
        kind=kind,
        key=key,
        occurred_at=at,
        known_at=known_at,
        source=SYNTHETIC,
        payload=payload,
        confidence=1.0,
        backfilled=True,
    )


@lru_cache(maxsize=1)
def record() -> History:
    """Sixty sessions of prices, corrections, news told late, rate decisions and one split."""
    rng = np.random.default_rng(7)
    days = weekdays(FIRST + timedelta(days=2 * SESSIONS))[:SESSIONS]
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.03, SESSIONS)))
    facts: list[Fact] = []
    for t, day in enumerate(days):
        at = morning(day) + timedelta(hours=7)
        price = float(close[t]) / (10.0 if t >= 40 else 1.0)
        bar = {"symbol": "NVDA", "session_on": day.isoformat(), "open": 0.99 * price}
        key = f"NVDA:{day}"
        facts.append(fact("bar", key, at, at, **bar, close=price))
        if t % 3 == 0:  # corrected four days later
            late = at + timedelta(days=4)
            facts.append(fact("bar", key, at, late, **bar, close=price * 1.01))
        told = at + timedelta(days=t % 5 + 1)
        words = ("chips ban", "record sales", "new model")[int(rng.integers(3))]
        news = {"headline": words, "event_type": "x", "moved": float(rng.normal())}
        facts.append(fact("headline", f"h{t}", at, told, **news))
        if t % 10 == 0:
            met = {"meets_on": day.isoformat()}
            facts.append(fact("fomc_meeting", f"m{t}", at, morning(FIRST), **met))
            rate = {"target_lower_after": str(5 + t / 100)}
            facts.append(fact("fomc_decision", f"m{t}", at, at, **rate))
    split = {"symbol": "NVDA", "ex_on": days[40].isoformat(), "action": "split", "value": 10.0}
    told = morning(days[36])
    facts.append(fact("corporate_action", "split", told, told, **split))
    return History(facts)


# --- twenty leaks ------------------------------------------------------------------------------


def same_close(v: View) -> FloatArray:
    """The close of the session itself, hours before it."""
    return np.nan_to_num(v.everything())


def next_open(v: View) -> FloatArray:
    """Tomorrow's price, by a shift with the wrong sign."""
    return np.nan_to_num(np.append(v.everything()[1:], np.nan))


def revised_facts(v: View) -> FloatArray:
    """Last version of each bar in place of the first: yesterday's close as corrected later."""
    closes = v.everything()
    return np.nan_to_num(np.append([0.0], closes[:-1]))


def correction_taken_early(v: View) -> FloatArray:
    """A correction counts from the day it is about."""
    found = {f.key: f.payload["close"] for f in v.history.known("bar", v.as_of)}
    return v.rows(lambda t, at: found.get(f"NVDA:{v.days[t - 3]}", 0.0) if t > 3 else 0.0)


def full_sample_scaling(v: View) -> FloatArray:
    """Mean and deviation of the whole sample."""
    x = v.last()
    return np.asarray((x - x.mean()) / (x.std() + 1e-9))


def centred_window(v: View) -> FloatArray:
    """A smoother that looks both ways."""
    return np.convolve(v.last(), np.ones(5) / 5, mode="same")


def rank_over_sample(v: View) -> FloatArray:
    """The place among all values, later ones included."""
    return np.argsort(np.argsort(v.last())).astype(np.float64)


def filled_backwards(v: View) -> FloatArray:
    """A gap is filled by the next value known."""
    x = np.where(np.abs(v.last()) > 0.02, v.last(), np.nan)
    for t in range(x.size - 2, -1, -1):
        x[t] = x[t + 1] if np.isnan(x[t]) else x[t]
    return np.nan_to_num(x)


def label_leakage(v: View) -> FloatArray:
    """A voice fitted to returns of five sessions that were not over when it spoke."""
    closes = v.everything()
    ahead = np.full(closes.size, np.nan)
    ahead[:-5] = closes[5:] / closes[:-5]
    x = v.last()
    return v.rows(lambda t, at: float(np.nansum(x[: t + 1] * ahead[: t + 1])))


def classifier_trained_later(v: View) -> FloatArray:
    """What words mean is learned from all headlines, then applied to the early ones."""
    learned: dict[str, float] = {}
    for text, moved in v.texts(v.as_of):
        learned[text] = learned.get(text, 0.0) + moved
    return v.rows(lambda t, at: sum(learned.get(text, 0.0) for text, _ in v.texts(at)))


def event_dated_early(v: View) -> FloatArray:
    """News counts from when it happened, not from when it could be known."""
    told = [f.occurred_at for f in v.history.known("headline", v.as_of)]
    return v.rows(lambda t, at: float(sum(when <= at for when in told)))


def split_known_early(v: View) -> FloatArray:
    """Old prices in today's shares: the level tells that there will be a split."""
    splits = v.history.known("corporate_action", v.as_of)
    factor = float(np.prod([f.payload["value"] for f in splits] or [1.0]))
    return v.rows(lambda t, at: (0.0, *v.closes(at))[-1] / factor)


def parameter_dated_later(v: View) -> FloatArray:
    """The look-back that would have earned most, used from the first day."""
    moves = np.nan_to_num(np.diff(np.log(v.everything()), prepend=np.nan))
    gains = [float(np.sum(np.sign(np.roll(moves, n)) * moves)) for n in range(1, 9)]
    return v.rows(lambda t, at: float(v.returns(at)[-1 - int(np.argmax(gains)) :].sum()))


def rate_before_the_meeting(v: View) -> FloatArray:
    """The outcome of a meeting that is still to come."""
    known = sorted(v.history.known("fomc_decision", v.as_of), key=lambda f: f.occurred_at)

    def coming(t: int, at: datetime) -> float:
        ahead = [f for f in known if f.occurred_at > at]
        return float(ahead[0].payload["target_lower_after"]) if ahead else 0.0

    return v.rows(coming)


def reads_the_disk(v: View) -> FloatArray:
    """A file beside the record."""
    with suppress(OSError):
        return v.last() + len(HIDDEN.read_text())
    return v.last()


def table_from_disk(v: View) -> FloatArray:
    """The same, by way of numpy."""
    with suppress(OSError, ValueError):
        np.genfromtxt(HIDDEN, delimiter=",")
    return v.last()


def asks_another_program(v: View) -> FloatArray:
    """A program or the network may say anything."""
    with suppress(OSError):
        subprocess.run([sys.executable, "-c", ""], check=False)
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", 9), timeout=0.1).close()
    return v.last()


_CACHE: dict[date, float] = {}


def module_cache(v: View) -> FloatArray:
    """A cache by day that was filled when more was known."""
    for day, close in zip(v.days, v.everything().tolist(), strict=True):
        if close == close:
            _CACHE.setdefault(day, close)
    return v.rows(lambda t, at: _CACHE.get(v.days[t], 0.0) - v.closes(at)[-1:].sum() * 0.0
                  if v.days[t] == v.days[-1] else 0.0)  # fmt: skip


def the_clock(v: View) -> FloatArray:
    """Old sessions look old: the machine's clock tells which months are over."""
    today = datetime.now(UTC)
    return v.rows(lambda t, at: float((today - at) > timedelta(days=10)))


def environment_and_chance(v: View) -> FloatArray:
    """A variable that somebody set, and everybody's random numbers."""
    return v.last() + float(os.environ.get(TILT, "0"))


LEAKS: tuple[Callable[[View], FloatArray], ...] = (
    same_close,
    next_open,
    revised_facts,
    correction_taken_early,
    full_sample_scaling,
    centred_window,
    rank_over_sample,
    filled_backwards,
    label_leakage,
    classifier_trained_later,
    event_dated_early,
    split_known_early,
    parameter_dated_later,
    rate_before_the_meeting,
    reads_the_disk,
    table_from_disk,
    asks_another_program,
    module_cache,
    the_clock,
    environment_and_chance,
)


def global_random_state(v: View) -> FloatArray:
    """Everybody's random numbers."""
    return v.last() + random.random()


def thread_state(v: View) -> FloatArray:
    """A thread goes on between two runs."""
    worker = threading.Thread(target=_COUNTED.append, args=(1.0,))
    worker.start()
    worker.join()
    return v.last() + len(_COUNTED)


_COUNTED: list[float] = []


def order_of_hashes(v: View) -> FloatArray:
    """Texts come in another order in every interpreter."""
    return v.last() + float(hash("nvsignal") % 1000)


def looks_through_memory(v: View) -> FloatArray:
    """Whatever else the interpreter holds."""
    with suppress(OSError):
        return v.last() + len(gc.get_objects())
    return v.last()


FURTHER = (global_random_state, thread_state, order_of_hashes, looks_through_memory)
"""Beyond the twenty."""


# --- twenty clean ones -------------------------------------------------------------------------


def yesterday(v: View) -> FloatArray:
    """The last return known."""
    return v.last()


def rolling_mean(v: View) -> FloatArray:
    """Of the last five returns."""
    return v.rows(lambda t, at: float(v.returns(at)[-5:].sum() / 5))


def expanding_scaling(v: View) -> FloatArray:
    """Mean and deviation of what was known each morning."""

    def scaled(t: int, at: datetime) -> float:
        x = v.returns(at)
        return float((x[-1] - x.mean()) / x.std()) if x.size > 2 else 0.0

    return v.rows(scaled)


def exponential(v: View) -> FloatArray:
    """A recursion over the past."""
    out, level = [], 0.0
    for x in v.last().tolist():
        level += 0.1 * (x - level)
        out.append(level)
    return np.array(out)


def shifted(v: View) -> FloatArray:
    """The value of three sessions ago."""
    return np.concatenate((np.zeros(3), v.last()[:-3]))[: len(v.days)]


@cache
def _squashed(x: float) -> float:
    return float(np.tanh(10.0 * x))


def cached_function(v: View) -> FloatArray:
    """A cache of a function without state."""
    return np.array([_squashed(x) for x in v.last().tolist()])


def lagged_labels(v: View) -> FloatArray:
    """Fitted to labels that were over."""

    def fitted(t: int, at: datetime) -> float:
        x = v.returns(at)
        return float((x[:-5] * x[5:]).sum()) if x.size > 8 else 0.0

    return v.rows(fitted)


def rank_in_the_past(v: View) -> FloatArray:
    """The place among the values known."""
    return v.rows(lambda t, at: float((v.returns(at)[:-1] < v.returns(at)[-1:].sum()).sum()))


def filled_forwards(v: View) -> FloatArray:
    """A gap keeps the last value known."""
    x = np.where(np.abs(v.last()) > 0.02, v.last(), np.nan)
    for t in range(1, x.size):
        x[t] = x[t - 1] if np.isnan(x[t]) else x[t]
    return np.nan_to_num(x)


def own_generator(v: View) -> FloatArray:
    """Random numbers from a seed of its own."""
    return v.last() + np.random.default_rng(5).normal(size=4)[-1]


_TABLE = tuple(float(i * i) for i in range(7))


def constants(v: View) -> FloatArray:
    """A table written into the code."""
    return np.array([_TABLE[day.weekday()] for day in v.days])


def drawdown(v: View) -> FloatArray:
    """From the highest close known."""
    return v.rows(lambda t, at: float((0.0, *(v.closes(at) / max((1.0, *v.closes(at)))))[-1]))


def events_when_known(v: View) -> FloatArray:
    """News from when it could be known."""
    return v.rows(lambda t, at: float(len(v.history.current("headline", at))))


def corrections_when_known(v: View) -> FloatArray:
    """The sum of all closes as they were believed to be."""
    return v.rows(lambda t, at: float(v.closes(at).sum()))


def split_when_known(v: View) -> FloatArray:
    """The worth of what one share of the first day became, as far as that is known."""

    def worth(t: int, at: datetime) -> float:
        splits = [f.payload["value"] for f in v.history.known("corporate_action", at)]
        return (0.0, *v.closes(at))[-1] * float(np.prod(splits or [1.0]))

    return v.rows(worth)


def words_learned_so_far(v: View) -> FloatArray:
    """What words mean is learned from headlines known by then."""
    return v.rows(lambda t, at: sum(moved for text, moved in v.texts(at) if "ban" in text))


def days_to_the_meeting(v: View) -> FloatArray:
    """A calendar that was published long before."""

    def left(t: int, at: datetime) -> float:
        met = [
            date.fromisoformat(f.payload["meets_on"]) for f in v.history.known("fomc_meeting", at)
        ]
        return float(min([(day - v.days[t]).days for day in met if day >= v.days[t]] or [99]))

    return v.rows(left)


def late_import(v: View) -> FloatArray:
    """Code that is imported while it runs."""
    import colorsys

    return v.last() + colorsys.rgb_to_hls(0.1, 0.2, 0.3)[0]


_MEMO: dict[str, FloatArray] = {}


def cache_by_content(v: View) -> FloatArray:
    """A cache named by all that went in."""
    key = v.history.data_hash(v.as_of) + v.as_of.isoformat()
    if key not in _MEMO:
        _MEMO[key] = v.last()
    return _MEMO[key]


def sorted_set_and_stopwatch(v: View) -> FloatArray:
    """A set in order, and the time it took, which changes nothing."""
    begun = time.perf_counter()
    words = sorted({text for text, _ in v.texts(v.at[0])})
    return v.last() + len(words) + 0.0 * float(time.perf_counter() < begun)


CLEAN: tuple[Callable[[View], FloatArray], ...] = (
    yesterday,
    rolling_mean,
    expanding_scaling,
    exponential,
    shifted,
    cached_function,
    lagged_labels,
    rank_in_the_past,
    filled_forwards,
    own_generator,
    constants,
    drawdown,
    events_when_known,
    corrections_when_known,
    split_when_known,
    words_learned_so_far,
    days_to_the_meeting,
    late_import,
    cache_by_content,
    sorted_set_and_stopwatch,
)


# --- the road ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A run whose score is that of one case."""

    score: Callable[[View], FloatArray]

    def __call__(self, history: History, as_of: datetime) -> Trace:
        view = View(history, as_of)
        score = np.asarray(self.score(view), dtype=np.float64)
        held = score >= 0
        arrays = {
            "score": score,
            "invested": held,
            "target_weight": held.astype(np.float64),
            "coverage": np.ones(score.size),
        }
        return Trace(
            sessions_on=tuple(view.days),
            decide_at_us=np.array([round(at.timestamp() * 1e6) for at in view.at]),
            arrays=arrays,
            items=(),
            told=lambda row: f"{view.days[row]}: {score[row]!r}",
        )


def examined(case: Callable[[View], FloatArray], dates: int = 8) -> AuditResult:
    """The audit of one case, in processes of their own."""
    end = morning(weekdays(FIRST + timedelta(days=2 * SESSIONS))[SESSIONS - 1])
    os.environ[TILT] = "0.5"
    try:
        return audit(
            record(), end, Case(case), strategy=case.__name__, dates=dates, delays=(),
            place=Fresh(),
        )  # fmt: skip
    finally:
        del os.environ[TILT]


def table() -> Iterator[tuple[str, bool, AuditResult]]:
    """name, whether it leaks, and what the audit found."""
    for case in (*LEAKS, *FURTHER):
        yield case.__name__, True, examined(case)
    for case in CLEAN:
        yield case.__name__, False, examined(case)
