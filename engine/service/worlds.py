"""How often the verdict claims an edge where there is none, and misses one that was planted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from engine.errors import OutOfRangeError
from engine.phrases import phrase
from engine.record.history import History

if TYPE_CHECKING:
    from backtests.replay import UnitValues
    from engine.macro.sessions import Sessions
    from engine.service.bind import Bound
    from engine.values import FloatArray

SEED = 20_251_001
SHARPE = 1.5
"""A year, of the planted rule against holding."""
MOST_CLAIMED, LEAST_FOUND = 16 / 200, 160 / 200
"""Bounds: of worlds without edge that may be told to have one, and of planted ones to be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What every world is made of. configs: the rules that are judged in it."""

    history: History
    as_of: datetime
    configs: tuple[Bound, ...]
    ratings: tuple[Any, ...]
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was said in one world. claimed: the rules of which an edge was claimed."""

    number: int
    kind: str
    claimed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Worlds judged, and in how many of them any verdict claims an edge."""

    worlds: int
    claimed: int
    by_kind: dict[str, tuple[int, int]]
    judged: tuple[Judged, ...]

    @property
    def share(self) -> float:
        """Of the worlds, 0 to 1."""
        return self.claimed / self.worlds


def given_at(history: History, as_of: datetime, configs: Sequence[Bound], seed: int) -> Given:
    """Rate once: no rating looks at a price that is drawn anew."""
    from engine.decision.events import known_events
    from engine.service import wiring

    world = wiring.world_of(history, configs[0], as_of)
    ratings = wiring.rate_releases(world, configs[0], known_events(world.history, as_of))
    return Given(
        history=world.history, as_of=as_of, configs=tuple(configs), ratings=ratings, seed=seed
    )


def without_edge(given: Given, number: int) -> Judged:
    """World ``number``: every rule tried in it in turn, as somebody at a terminal would."""
    import numpy as np

    from backtests.worlds import KINDS, redrawn
    from engine.decision.decide import evaluate
    from engine.service import wiring

    rng = np.random.default_rng([given.seed, number])
    kind = KINDS[number % len(KINDS)]
    history = History(redrawn(list(given.history), kind, rng))
    first = given.configs[0]
    world = wiring.world_of(history, first, given.as_of, load=_sessions)
    found = wiring.assess(world, first, ratings=given.ratings, version="world")
    market, rows = _market(history, found.features, given.as_of)
    tried: list[float] = []
    claimed = [
        config.strategy.name
        for config in given.configs
        if _claims(market, evaluate(config.blend, found.features).target_weight[rows], tried)
    ]
    return Judged(number=number, kind=kind, claimed=tuple(claimed))


@lru_cache(maxsize=4)
def _sessions(first: date, last: date, clock_time: time) -> Sessions:
    """Every world has the same calendar, and building one takes a tenth of judging a world."""
    from engine.macro.sessions import load_sessions

    return load_sessions(first, last, clock_time)


def with_edge(given: Given, number: int) -> Judged:
    """World ``number`` with an invented rule that has ``SHARPE`` against holding."""
    import numpy as np

    from backtests.replay import Costs, market, prices_over
    from backtests.worlds import planted
    from engine.record.asof import actions_at, bars_at

    rng = np.random.default_rng([given.seed, number, 1])
    bars = bars_at(given.history, "NVDA", given.as_of)
    first_on = given.configs[0].settings.decision.first_on
    days = [day for day in sorted(bars) if day >= first_on]
    prices = prices_over(bars, actions_at(given.history, "NVDA", given.as_of), days)
    made = planted(prices, rng, sharpe=SHARPE)
    found = _claims(market(made.prices, 0.0, Costs()), made.target_weight, [])
    return Judged(number=number, kind="planted", claimed=("planted",) if found else ())


def _market(history: History, features: Any, as_of: datetime) -> tuple[UnitValues, slice]:
    from backtests.replay import Costs, market, prices_over
    from engine.record.asof import actions_at, bars_at

    bars = bars_at(history, "NVDA", as_of)
    days = [day for day in features.sessions_on if day in bars]
    start = features.sessions_on.index(days[0])
    rows = slice(start, start + len(days))
    prices = prices_over(bars, actions_at(history, "NVDA", as_of), days)
    return market(prices, features.values["effr_pct"][rows], Costs()), rows


def _claims(market: UnitValues, target: FloatArray, tried: list[float]) -> bool:
    """Judge one rule as ``nvsignal backtest`` does; ``tried`` is this world's ledger."""
    import numpy as np

    from backtests.metrics import excess_returns, moments, summarise
    from backtests.overfitting import claims_edge
    from backtests.replay import buy_and_hold, replay
    from engine.service.history import Attempts, evidence_of

    run = replay(market, target)
    tried.append(moments(excess_returns(run)).sharpe or 0.0)
    ours, theirs = summarise(run).cagr_pct, summarise(buy_and_hold(market)).cagr_pct
    if ours is None or theirs is None or ours <= theirs:
        return False  # the first objection; the draws need not be made
    variance = float(np.var(tried, ddof=1)) if len(tried) > 1 else 0.0
    attempts = Attempts(count=len(tried), variance=variance)
    return claims_edge(evidence_of(market, run, target, attempts)[0])


def tally(
    judge: Callable[[Given, int], Judged],
    given: Given,
    worlds: int,
    *,
    workers: int = 1,
    cluster: str | None = None,
    on_world: Callable[[Judged], None] = lambda judged: None,
) -> Tally:
    """Judge ``worlds`` of them, here, in processes or on a cluster; the same result."""
    from engine.service.sweeping import spread

    if not 1 <= worlds <= 10_000:
        raise OutOfRangeError("--worlds", worlds, phrase("{low} to {high}", low="1", high="10000"))
    found: dict[int, Judged] = {}

    def keep(number: int, judged: Judged) -> None:
        found[number] = judged
        on_world(judged)

    numbers = list(range(worlds))
    spread(lambda number: (judge, given, number), numbers, keep, workers, cluster)
    judged = tuple(found[number] for number in numbers)
    by_kind: dict[str, tuple[int, int]] = {}
    for one in judged:
        claimed, total = by_kind.get(one.kind, (0, 0))
        by_kind[one.kind] = (claimed + bool(one.claimed), total + 1)
    return Tally(
        worlds=worlds,
        claimed=sum(bool(one.claimed) for one in judged),
        by_kind=by_kind,
        judged=judged,
    )


def kept(without: Tally, edge: Tally) -> bool:
    """Both bounds."""
    return without.share <= MOST_CLAIMED and edge.share >= LEAST_FOUND


def presets(config_dir: str | None) -> tuple[Bound, ...]:
    """Every shipped or own rule, by name."""
    from config.settings import config_folder
    from engine.service.bind import load

    folder = config_folder(config_dir)
    names = sorted(path.stem for path in (folder / "strategies").glob("*.toml"))
    return tuple(load(folder, name) for name in names)
