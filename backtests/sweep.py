"""Many parameter sets through the same strategies, blend, latch and account, a chunk at a time.

Each strategy's score is computed once for every different setting of its *own* parameters; the
blend is linear, so a parameter set is a row of weights over those scores. Sessions are walked once
per chunk of sets, with everything a chunk needs small enough for the processor's cache. Positions
equal ``decide.latch`` and equity equals ``replay`` bit for bit; tests hold both.

A chunk is the unit of work: fixed in size, a pure function of the job and its number, so that one
core, many processes or a cluster give the same bytes, and a finished chunk never has to be redone.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from backtests.accounts import Accounts, Chunk
from backtests.replay import LEAST_WEIGHT, MOST_WEIGHT, UnitValues
from backtests.votes import Blender, Column, Latches, Rules, Votes, heard_runs
from config.strategy import Rule
from engine.decision.decide import Bearing, bearing_of, score_pair
from engine.decision.evidence import Blend, Voice
from engine.errors import DataError, InputError, OutOfRangeError, UnknownNameError
from engine.phrases import phrase
from engine.values import BoolArray, Features, FloatArray
from strategies.base import levels_of

IntArray = npt.NDArray[np.int64]

CHUNK = 5_000
"""Parameter sets in a chunk: a row of float64 is 40 KB, and the dozen rows that a session touches
stay in a megabyte of L2 cache (measured: 4,096 and 6,000 are slower by up to a quarter)."""
BLOCKS = 16
"""Blocks of the combinatorially symmetric cross-validation (Bailey et al. 2017 use 16)."""
MOST_SETS = 1_000_000
"""A set's results take 0.4 KB, so the most take 0.4 GB."""
MOST_SETTINGS = 512
"""Settings of one strategy whose scores are kept for all chunks: 10 MB for ten years."""
SETTINGS_AT_ONCE = 128
_RULE_AXES = (
    "exit_below",
    "enter_above",
    "reduce_below",
    "min_sessions_between_changes",
    "hold_weight",
    "sell_weight",
    "reduce_weight",
)


# --- what to try ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridAxis:
    """One number to vary: ``decision.exit_below``, ``trend.weight`` or ``trend.scale_sd``."""

    name: str
    values: tuple[float, ...]


def parse_axis(text: str) -> GridAxis:
    """``name=0.1,0.3`` (a list) or ``name=low:high:count`` (evenly spaced, ends included)."""
    name, found, given = text.partition("=")
    name = name.strip()
    if not found or not name or not given.strip():
        raise InputError(
            phrase("--grid '{text}' names no values", text=text[:80]),
            remedy=phrase("write name=low:high:count or name=a,b"),
        )
    try:
        values = _spaced(given) if ":" in given else [float(v) for v in given.split(",")]
    except ValueError:
        raise InputError(
            phrase("--grid '{text}': not numbers", text=text[:80]),
            remedy=phrase("write name=low:high:count or name=a,b"),
        ) from None
    if not all(map(math.isfinite, values)):
        raise InputError(phrase("--grid '{text}': values must be finite", text=text[:80]))
    if len(set(values)) != len(values):
        raise InputError(phrase("--grid '{text}': a value comes twice", text=text[:80]))
    return GridAxis(name=name, values=tuple(values))


def _spaced(given: str) -> list[float]:
    low, high, count = given.split(":")
    if not 1 <= int(count) <= MOST_SETS:
        raise InputError(
            phrase("--grid '{given}' asks for {count} values", given=given[:60], count=str(count)),
            remedy=phrase("1 or more"),
        )
    # Rounded, so that -0.4:-0.1:7 says -0.35 and not -0.35000000000000003.
    return [round(float(v), 12) for v in np.linspace(float(low), float(high), int(count))]


def grid(axes: Sequence[GridAxis]) -> FloatArray:
    """Every combination, (P, A); the last axis varies fastest."""
    _refuse_repeats(axes)
    total = math.prod(len(a.values) for a in axes)
    if not axes or total == 0:
        raise InputError(
            phrase("the grid is empty"), remedy=phrase("give at least one --grid name=values")
        )
    if total > MOST_SETS:
        raise InputError(
            phrase("the grid has {total:int} sets", total=total),
            remedy=phrase("at most {most_sets:int}", most_sets=MOST_SETS),
        )
    return np.array(list(itertools.product(*(a.values for a in axes))), dtype=np.float64)


def random_sets(axes: Sequence[GridAxis], n: int, seed: int) -> FloatArray:
    """(n, A): uniform between each axis's least and greatest value, reproducible by ``seed``.

    An axis with one value stays fixed; whole numbers are drawn where all its values are whole
    (``min_sessions_between_changes``).
    """
    _refuse_repeats(axes)
    if not axes:
        raise InputError(
            phrase("the grid is empty"), remedy=phrase("give at least one --grid name=values")
        )
    if not 1 <= n <= MOST_SETS:
        raise OutOfRangeError("random", n, phrase("1 to {most_sets:int}", most_sets=MOST_SETS))
    rng = np.random.default_rng(seed)
    columns = []
    for axis in axes:
        low, high = min(axis.values), max(axis.values)
        if axis.name.endswith("min_sessions_between_changes"):
            columns.append(rng.integers(int(low), int(high), n, endpoint=True).astype(np.float64))
        else:
            columns.append(rng.uniform(low, high, n))
    return np.stack(columns, axis=1)


def _refuse_repeats(axes: Sequence[GridAxis]) -> None:
    names = [a.name for a in axes]
    for name in names:
        if names.count(name) > 1:
            raise InputError(phrase("--grid names '{name}' twice", name=name))


Tables = tuple[FloatArray, FloatArray, FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """One strategy's scores under each different setting of its own parameters.

    tables: scores, doubts and confirmed scores, (T, V) each, the last the first where nothing rests
    on one source; None when there are too many settings to keep and each chunk makes its own.
    place: (P,), the column of each set; None without tables.
    """

    tables: Tables | None
    place: IntArray | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SweepJob:
    """A sweep, whole: what every chunk needs and nothing else. Can be sent to another process.

    blend: the strategy file; axes and sets (P, A) say what differs from it. features: all rows,
    because recursions and the latch begin with the record; ``world`` covers rows ``start`` to
    ``start + len(world)``, over which the account is kept. curves: False for final equity only.
    Made by ``make_job``.
    """

    blend: Blend
    axes: tuple[str, ...]
    sets: FloatArray
    features: Features
    world: UnitValues
    start: int
    curves: bool
    blocks: int
    scores: tuple[Scores, ...]
    bearing: Bearing

    @property
    def chunk_size(self) -> int:
        """Sets in a chunk; without curves only booleans are walked, so more fit the cache."""
        return CHUNK if self.curves else 4 * CHUNK

    @property
    def n_chunks(self) -> int:
        """Chunks of ``chunk_size`` sets, the last one smaller."""
        return -(-len(self.sets) // self.chunk_size)

    def part(self, number: int) -> slice:
        """The sets of a chunk."""
        return slice(number * self.chunk_size, min((number + 1) * self.chunk_size, len(self.sets)))

    @property
    def digest(self) -> str:
        """Identity of the job: the same digest means the same results."""
        parts = hashlib.sha256(repr((self.axes, self.start, self.curves, self.blocks)).encode())
        rule = self.blend.rule.model_dump()
        parts.update(repr((rule, self.world.costs, self.features.sessions_on)).encode())
        for voice in self.blend.voices:
            text = (type(voice.strategy).__qualname__, voice.weight, sorted(voice.params.items()))
            parts.update(repr(text).encode())
        parts.update(repr((self.blend.risk, self.blend.valuation is not None)).encode())
        arrays = [
            self.sets,
            self.bearing.held,
            self.bearing.floor_scale,
            self.world.stock_fill,
            self.world.stock_close,
            self.world.cash,
        ]
        arrays += [self.features.values[k] for k in sorted(self.features.values)]
        for array in arrays:
            parts.update(np.ascontiguousarray(array).tobytes())
        return parts.hexdigest()


def make_job(
    blend: Blend,
    axes: Sequence[str],
    sets: FloatArray,
    features: Features,
    world: UnitValues,
    *,
    start: int = 0,
    curves: bool = True,
    blocks: int = BLOCKS,
) -> SweepJob:
    """Check everything and compute each strategy's scores once per setting of its own.

    Raises ``InputError`` for an empty grid, unknown names (with the nearest), values out of range
    or rules that contradict themselves, each naming the axis or the set.
    """
    rows = len(features.sessions_on)
    if sets.ndim != 2 or sets.shape[1] != len(axes) or not sets.size:
        raise InputError(
            phrase("the grid is empty"), remedy=phrase("give at least one --grid name=values")
        )
    if not 0 <= start <= rows - len(world):
        raise DataError(phrase("the account's window does not fit the {rows} sessions", rows=rows))
    if world.costs.tax_rate:
        raise InputError(
            phrase("a sweep takes no tax rate"), remedy=phrase("use nvsignal backtest for that")
        )
    if curves and len(world) < 2 * blocks:
        raise InputError(
            phrase("{n} sessions are too few for {blocks} blocks", n=len(world), blocks=blocks),
            remedy=phrase("choose a longer window"),
        )
    _check_axes(blend, axes, sets)
    _check_rules(blend, axes, sets)
    job = SweepJob(
        blend=blend,
        axes=tuple(axes),
        sets=sets,
        features=features,
        world=world,
        start=start,
        curves=curves,
        blocks=blocks,
        scores=(),
        bearing=bearing_of(blend, features),
    )
    return replace(job, scores=tuple(_scores(job, v) for v in blend.voices))


def _check_axes(blend: Blend, axes: Sequence[str], sets: FloatArray) -> None:
    """Unknown names with the nearest one; values out of range."""
    known = axis_names(blend)
    for axis, column in zip(axes, sets.T, strict=True):
        if axis not in known:
            raise UnknownNameError(phrase("parameter"), axis, known)
        owner, _, name = axis.partition(".")
        for value in (float(column.min()), float(column.max())):
            if owner != "decision" and name != "weight":
                spec = _voice(blend, owner).strategy.params[name]
                if not spec.allows(value):
                    raise OutOfRangeError(axis, value, spec.allowed)
            elif name == "weight" and not 0 <= value <= 1_000:
                raise OutOfRangeError(axis, value, phrase("{low} to {high}", low="0", high="1000"))
            elif name in ("exit_below", "enter_above", "reduce_below") and not -1 <= value <= 1:
                raise OutOfRangeError(axis, value, phrase("{low} to {high}", low="-1", high="1"))


def rules_among(blend: Blend, axes: Sequence[str], sets: FloatArray) -> BoolArray:
    """(P,): which sets are rules at all; a grid may cross ``exit_below`` and ``enter_above``."""
    _check_axes(blend, axes, sets)
    levels = _rule_columns(blend, axes, sets)
    fits = levels["exit_below"] < levels["enter_above"]
    fits &= ~(levels["reduce_below"] <= levels["exit_below"])  # NaN: no grading
    heard = _raw_weights(blend, axes, sets).sum(axis=1) > 0
    return np.asarray(fits & heard)


def _check_rules(blend: Blend, axes: Sequence[str], sets: FloatArray) -> None:
    columns = _rule_columns(blend, axes, sets)
    fits = rules_among(blend, axes, sets)
    if not fits.all():
        row = int(np.argmin(fits))
        named = ("exit_below", "enter_above", "reduce_below")
        levels = ", ".join(f"{name} = {columns[name][row]:g}" for name in named)
        raise InputError(
            phrase("set {row} is no rule: {levels}", row=str(row), levels=levels),
            remedy=phrase("exit below enter, reduce above exit, some weight above zero"),
        )
    wait = columns["min_sessions_between_changes"]
    if not ((wait >= 0) & (wait <= 252) & (wait == np.floor(wait))).all():
        raise InputError(phrase("min_sessions_between_changes must be whole, from 0 to 252"))
    for name in ("hold_weight", "sell_weight", "reduce_weight"):
        if (columns[name] < LEAST_WEIGHT).any() or (columns[name] > MOST_WEIGHT).any():
            raise InputError(
                phrase(
                    "decision.{name} must lie from {low:sig6} to {high:sig6}",
                    name=name,
                    low=LEAST_WEIGHT,
                    high=MOST_WEIGHT,
                )
            )


def axis_names(blend: Blend) -> tuple[str, ...]:
    """Everything that can be varied, in the order of the strategy file."""
    names = [f"decision.{name}" for name in _RULE_AXES]
    for voice in blend.voices:
        names.append(f"{voice.strategy.name}.weight")
        names += [f"{voice.strategy.name}.{p}" for p in voice.strategy.params]
    return tuple(names)


def _voice(blend: Blend, name: str) -> Voice:
    return next(v for v in blend.voices if v.strategy.name == name)


def blend_of(job: SweepJob, row: int) -> Blend:
    """Parameter set ``row`` as an ordinary blend, for ``evaluate``."""
    given = dict(zip(job.axes, job.sets[row].tolist(), strict=True))
    rule = job.blend.rule.model_dump()
    rule |= {k.partition(".")[2]: v for k, v in given.items() if k.startswith("decision.")}
    rule["min_sessions_between_changes"] = int(rule["min_sessions_between_changes"])
    voices = []
    for voice in job.blend.voices:
        prefix = f"{voice.strategy.name}."
        own = {k.removeprefix(prefix): v for k, v in given.items() if k.startswith(prefix)}
        weight = own.pop("weight", voice.weight)
        voices.append(Voice(strategy=voice.strategy, weight=weight, params={**voice.params, **own}))
    return replace(job.blend, voices=tuple(voices), rule=Rule(**rule))


# --- results ----------------------------------------------------------------------------------


def join(chunks: Sequence[Chunk]) -> Chunk:
    """Chunks in their order as one."""
    return Chunk(
        **{f.name: np.concatenate([getattr(c, f.name) for c in chunks], -1) for f in fields(Chunk)}
    )


def only(job: SweepJob, number: int) -> SweepJob:
    """Chunk ``number`` as a job of its own: small enough to send to another process.

    Its chunk 0 has the bytes of chunk ``number`` of ``job``.
    """
    part = job.part(number)
    scores = tuple(s if s.place is None else replace(s, place=s.place[part]) for s in job.scores)
    return replace(job, sets=job.sets[part], scores=scores)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SweepResult:
    """All sets of a job. n_obs: sessions; rows of each block in ``block_rows``."""

    job: SweepJob
    totals: Chunk
    block_rows: IntArray

    @property
    def n_obs(self) -> int:
        """Sessions over which the accounts were kept."""
        return len(self.job.world)

    @property
    def sharpe(self) -> FloatArray:
        """(P,): per observation, of excess returns; NaN without variation."""
        n = self.n_obs
        total, squares = self.totals.moments[0], self.totals.moments[1]
        variance = (squares - total * total / n) / (n - 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = total / n / np.sqrt(variance)
        return np.where(variance > 1e-16 * squares / n, found, np.nan)

    def shape_of(self, row: int) -> tuple[float, float]:
        """Skewness and kurtosis of the excess returns of set ``row`` (population moments)."""
        n = self.n_obs
        m1, m2, m3, m4 = (self.totals.moments[:, row] / n).tolist()
        second = m2 - m1**2
        third = m3 - 3 * m1 * m2 + 2 * m1**3
        fourth = m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4
        return third / second**1.5, fourth / second**2

    @property
    def best(self) -> int:
        """The set with the highest Sharpe ratio; ties and all-undefined: the first."""
        found = self.sharpe
        return int(np.nanargmax(found)) if np.isfinite(found).any() else 0

    def params_of(self, row: int) -> dict[str, float]:
        """Axis name -> value."""
        return dict(zip(self.job.axes, self.job.sets[row].tolist(), strict=True))


def run(
    job: SweepJob,
    *,
    done: Mapping[int, Chunk] | None = None,
    on_chunk: Callable[[int, Chunk], None] | None = None,
) -> SweepResult:
    """Every chunk on this core, in order. done: chunks kept from before, not computed again."""
    found = dict(done or {})
    for number in range(job.n_chunks):
        if number not in found:
            found[number] = run_chunk(job, number)
            if on_chunk is not None:
                on_chunk(number, found[number])
    return gather(job, found)


def gather(job: SweepJob, found: Mapping[int, Chunk]) -> SweepResult:
    """The result from all chunks; a missing one is a ``DataError``."""
    missing = [n for n in range(job.n_chunks) if n not in found]
    if missing:
        raise DataError(phrase("{n} of {all} chunks are missing", n=len(missing), all=job.n_chunks))
    edges = block_edges(len(job.world), job.blocks)
    return SweepResult(
        job=job,
        totals=join([found[n] for n in range(job.n_chunks)]),
        block_rows=np.diff(edges),
    )


def block_edges(rows: int, blocks: int) -> IntArray:
    """Edges of ``blocks`` consecutive blocks, as equal as whole sessions allow."""
    return (np.arange(blocks + 1) * rows // blocks).astype(np.int64)


# --- one chunk --------------------------------------------------------------------------------


def run_chunk(job: SweepJob, number: int) -> Chunk:
    """Chunk ``number`` of ``job``: a pure function of the two."""
    if not 0 <= number < job.n_chunks:
        raise DataError(
            phrase("chunk {number} of {n_chunks}", number=str(number), n_chunks=job.n_chunks)
        )
    part = job.part(number)
    rules = _rules(job, part)
    books = Accounts(job.world, rules.levels, curves=job.curves)
    _walk(job, part, rules, books)
    return books.result()


def excess_returns_of(job: SweepJob, rows: Sequence[int]) -> FloatArray:
    """(T, k): returns above cash of the chosen sets, at most a chunk of them."""
    if len(rows) > CHUNK:
        raise DataError(
            phrase("{n_rows} curves asked for, at most {chunk}", n_rows=len(rows), chunk=CHUNK)
        )
    few = make_job(
        job.blend,
        job.axes,
        job.sets[np.asarray(rows, dtype=np.int64)],
        job.features,
        job.world,
        start=job.start,
        blocks=job.blocks,
    )
    rules = _rules(few, slice(None))
    kept = np.empty((len(job.world), len(rows)))
    books = Accounts(job.world, rules.levels, curves=True, keep=kept)
    _walk(few, slice(0, len(rows)), rules, books)
    return kept


def _walk(job: SweepJob, part: slice, rules: Rules, books: Accounts) -> None:
    """Session by session: votes, latch, account."""
    states = Latches(rules)
    stages = _stages(job, rules)
    if stages is not None:
        books.distinct = False  # a state may ask for the weight of another
    edges = set(block_edges(len(job.world), job.blocks)[1:].tolist())
    for first, sells, buys, weak in _votes(job, part, rules):
        for offset in range(len(sells)):
            t = first + offset - job.start
            state = states.step(sells[offset], buys[offset], None if weak is None else weak[offset])
            if t >= 0:
                changed = states.changed
                if stages is not None:
                    changed = changed | books.restage(stages.at(first + offset), state)
                books.session(t, state, changed)
                if t + 1 in edges:
                    books.close_block()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Stages:
    """Target weights of the three states as risk and valuation move them.

    base (3, n): the configured weights of sold, holding and reduced, n 1 where all sets agree.
    """

    base: FloatArray
    bearing: Bearing

    def at(self, row: int) -> FloatArray:
        """(3, n), as ``decide.target_weight`` has them."""
        bearing = self.bearing
        floor = self.base[0] * bearing.floor_scale[row]
        full = np.minimum(self.base[1], np.maximum(floor, bearing.held[row]))
        if bearing.sells[row]:
            full = floor
        if bearing.said is None:
            full = self.base[1]
        return np.stack([floor, full, np.minimum(full, self.base[2])])


def _stages(job: SweepJob, rules: Rules) -> _Stages | None:
    """None where nothing moves the weights."""
    still = job.bearing.said is None and bool((job.bearing.floor_scale == 1.0).all())
    if still and bool((rules.levels[2] <= rules.levels[1]).all()):
        return None
    same = bool((rules.levels == rules.levels[:, :1]).all())
    return _Stages(base=rules.levels[:, :1] if same else rules.levels, bearing=job.bearing)


def _rules(job: SweepJob, part: slice) -> Rules:
    found = _rule_columns(job.blend, job.axes, job.sets[part])
    reduce_below = found["reduce_below"]
    return Rules(
        exit_below=found["exit_below"],
        enter_above=found["enter_above"],
        reduce_below=None if np.isnan(reduce_below).any() else reduce_below,
        wait=found["min_sessions_between_changes"],
        levels=np.stack([found[n] for n in ("sell_weight", "hold_weight", "reduce_weight")]),
        extreme_below=job.blend.rule.extreme_below,
        sell_chance=job.blend.rule.sell_chance,
        observe_at_least=job.blend.rule.observe_at_least,
    )


def _rule_columns(blend: Blend, axes: Sequence[str], sets: FloatArray) -> dict[str, FloatArray]:
    """The rule's numbers, (p,) each, as configured or varied; NaN for None."""
    found = {}
    for name in _RULE_AXES:
        if f"decision.{name}" in axes:
            column = sets[:, list(axes).index(f"decision.{name}")]
        else:
            value = getattr(blend.rule, name)
            column = np.full(len(sets), math.nan if value is None else float(value))
        found[name] = np.ascontiguousarray(column)
    return found


# --- votes ------------------------------------------------------------------------------------


def _raw_weights(blend: Blend, axes: Sequence[str], sets: FloatArray) -> FloatArray:
    """(p, S), as configured or varied."""
    columns = []
    for voice in blend.voices:
        axis = f"{voice.strategy.name}.weight"
        if axis in axes:
            columns.append(sets[:, list(axes).index(axis)])
        else:
            columns.append(np.full(len(sets), float(voice.weight)))
    return np.stack(columns, axis=1)


def _own_axes(job: SweepJob, voice: Voice) -> list[tuple[str, int]]:
    """The voice's varied parameters with their columns in ``job.sets``."""
    prefix = f"{voice.strategy.name}."
    return [
        (name.removeprefix(prefix), column)
        for column, name in enumerate(job.axes)
        if name.startswith(prefix) and name != f"{prefix}weight"
    ]


def _scores(job: SweepJob, voice: Voice) -> Scores:
    own = _own_axes(job, voice)
    if not own:
        tables = _tables(job, voice, [], np.empty((1, 0)))
        return Scores(tables=tables, place=np.zeros(len(job.sets), dtype=np.int64))
    settings, place = np.unique(job.sets[:, [c for _, c in own]], axis=0, return_inverse=True)
    if len(settings) > MOST_SETTINGS:
        return Scores(tables=None, place=None)
    tables = _tables(job, voice, [n for n, _ in own], settings)
    return Scores(tables=tables, place=place.ravel())


def _tables(job: SweepJob, voice: Voice, names: Sequence[str], settings: FloatArray) -> Tables:
    """(T, V) each: score, doubt and confirmed score under each of ``settings`` (V, names)."""
    rows = len(job.features.sessions_on)
    table, doubts, apart = np.empty((3, rows, len(settings)))
    lone = False
    for first in range(0, len(settings), SETTINGS_AT_ONCE):
        group = settings[first : first + SETTINGS_AT_ONCE]
        try:
            score, doubt, confirmed = _score(job, voice, names, group)
        except Exception:
            for row, setting in enumerate(group):
                _score_or_name(job, voice, names, setting[None, :], first + row)
            raise
        part = slice(first, first + len(group))
        table[:, part] = np.broadcast_to(score, (len(group), rows)).T
        doubts[:, part] = np.broadcast_to(doubt, (len(group), rows)).T
        apart[:, part] = np.broadcast_to(confirmed, (len(group), rows)).T
        lone = lone or confirmed is not score
    return table, doubts, apart if lone else table


def _score(job: SweepJob, voice: Voice, names: Sequence[str], group: FloatArray) -> Tables:
    varied = {name: group[:, k, None] for k, name in enumerate(names)}
    params: dict[str, FloatArray | float] = {**voice.params, **varied}
    levels = levels_of(voice.strategy, job.features.values, params)
    score, confirmed = score_pair(voice, levels, params, job.blend.rule)
    return score, voice.strategy.doubt(levels, params), confirmed


def _score_or_name(
    job: SweepJob, voice: Voice, names: Sequence[str], setting: FloatArray, row: int
) -> None:
    """Find the setting a strategy raises on, and say which."""
    try:
        _score(job, voice, names, setting)
    except Exception as error:
        shown = ", ".join(f"{n} = {v:g}" for n, v in zip(names, setting[0], strict=True))
        raise DataError(
            phrase(
                "strategy {name} raised {kind}: {error} (setting {row}: {shown})",
                name=voice.strategy.name,
                kind=type(error).__name__,
                error=error,
                row=str(row),
                shown=shown or phrase("as configured"),
            )
        ) from error


def _columns(job: SweepJob, part: slice) -> list[Column]:
    """Per voice its tables (T, V) and the column of each set, None for all the same.

    Voices with very many settings are computed here, for the chunk alone.
    """
    found: list[Column] = []
    for voice, scores in zip(job.blend.voices, job.scores, strict=True):
        tables, place = scores.tables, None
        if tables is None or scores.place is None:
            own = _own_axes(job, voice)
            settings, inverse = np.unique(
                job.sets[part][:, [c for _, c in own]], axis=0, return_inverse=True
            )
            tables = _tables(job, voice, [n for n, _ in own], settings)
            place = inverse.ravel()
        else:
            place = scores.place[part]
        if (place == place[0]).all():
            tables, place = _one_column(tables, int(place[0])), None
        found.append((*tables, place))
    return found


def _one_column(tables: Tables, at: int) -> Tables:
    table, doubt, apart = (t[:, at][:, None] for t in tables)
    return table, doubt, table if tables[2] is tables[0] else apart


def _votes(job: SweepJob, part: slice, rules: Rules) -> Iterator[Votes]:
    """(first row, sells, buys, weak), each (rows, p), for a few sessions at a time."""
    columns = _columns(job, part)
    stop = job.start + len(job.world)
    seen = [~np.isnan(table[:stop]) for table, *_ in columns]
    raw = _raw_weights(job.blend, job.axes, job.sets[part])
    weights = (raw / raw.sum(axis=1, keepdims=True)).T
    plain = all(bool((s == s[:, :1]).all()) for s in seen)
    pattern = np.stack([s[:, 0] for s in seen], axis=1)
    blender = Blender(columns, np.ascontiguousarray(weights), rules)
    for first, last in heard_runs(pattern, stop):
        heard = tuple(pattern[first].tolist()) if plain else None
        sells, buys, weak = blender.votes(first, last, heard)
        yield first, sells, buys, weak
