"""One wrong price and its consequences, by every door: ``python -m tests.service.bad_bars 300 17``.

An alteration is a session, a symbol, a factor and a door. The same sessions come in once right and
once with the one price wrong; right figures follow. Counted are the sessions whose verdict differs
(held or sold, over the whole history), those whose target differs, and the true bars that are not
believed afterwards.
"""

from __future__ import annotations

import math
import random
import sys
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from engine.clock import parse_as_of
from engine.decision.decide import evaluate
from engine.decision.market import price_features, valuation_features
from engine.record.asof import bars_at
from engine.record.history import History
from engine.record.quarantine import bound_of
from engine.record.readings import BARS
from engine.service import wiring
from engine.service.bind import Bound, load
from engine.service.derived import Memo
from engine.values import Fact, Features
from feeds.bars import KINDS, sound_bars

PRICED = {*KINDS, "shares"}
"""The kinds of facts that prices and what is made of them alone are read from."""
CONFIG = Path(__file__).resolve().parents[2] / "config"
DOORS = ("table", "file", "feed")
DOOR_DAYS = timedelta(days=180)
"""How much of the record the door is shown: it judges by the sessions around the one that comes."""
FOLLOWING = 5
"""True sessions that come in after the wrong one."""


@dataclass(frozen=True, kw_only=True)
class Alteration:
    """What is done to one price."""

    door: str
    symbol: str
    day: date
    factor: float


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """What came of it: rows of another verdict by each preset, of another target by any, true bars
    not believed."""

    verdicts: tuple[int, ...]
    targets: int
    refused: int


class Bench:
    """The reference record with its decisions, and the same with one price wrong."""

    def __init__(self, *presets: str, as_of: str = "2025-09-30") -> None:
        from engine.service.wiring import open_record

        bound = [load(CONFIG, preset) for preset in presets or ("balanced",)]
        self.config: Bound = bound[0]
        self.blends = [config.blend for config in bound]
        self.as_of = parse_as_of(as_of)
        with open_record(self.config, "sqlite://") as store:
            self.history = store.history(known_by=self.as_of)
        memo = Memo(Path(mkdtemp(prefix="nvsignal-")) / "memo.json", "bench")
        self.world = replace(wiring.world_of(self.history, self.config, self.as_of), memo=memo)
        whole = wiring.assess(self.world, self.config, version="bench")
        self.ratings, self.features = whole.ratings, whole.features
        self.priced = [fact for fact in self.history if fact.kind in PRICED]
        self.control = [evaluate(blend, whole.features) for blend in self.blends]
        self.sessions = frozenset(self.world.sessions.on)
        days = [BARS.read(f).session_on for f in self.history.known("bar", self.as_of)]
        self.days = sorted({day for day in days if day >= self.world.grid.sessions_on[0]})

    def draw(self, chance: random.Random, *, beyond: bool) -> Alteration:
        """beyond: by more than a third either way; else by any factor from 1/20 to 20."""
        size = math.exp(chance.uniform(math.log(1.35 if beyond else 1.0), math.log(20.0)))
        return Alteration(
            door=chance.choice(DOORS),
            symbol="NVDA" if chance.random() < 0.8 else "QQQ",
            day=chance.choice(self.days[:-FOLLOWING]),
            factor=size if chance.random() < 0.5 else 1 / size,
        )

    def consequence(self, alteration: Alteration) -> Consequence:
        """What the alteration does to every decision and to the bars after it.

        Releases keep the rating of the true record.
        """
        history, refused = self.altered(alteration)
        verdicts, targets = self._differing(history)
        return Consequence(verdicts=verdicts, targets=targets, refused=refused)

    def without(self, alteration: Alteration) -> tuple[int, ...]:
        """Rows of another verdict by each preset where that price never came: what is lost with a
        true price that nobody tells, which no rule about wrong ones can bring back."""
        day, symbol = alteration.day.isoformat(), alteration.symbol
        rest = (
            f
            for f in self.priced
            if not (
                f.kind == "bar" and f.payload["symbol"] == symbol and f.payload["session_on"] == day
            )
        )
        return self._differing(History(rest))[0]

    def _differing(self, history: History) -> tuple[tuple[int, ...], int]:
        """Rows of another verdict by each preset, and of another target by any."""
        made = self.features_of(history)
        verdicts, targets = [], 0
        for blend, control in zip(self.blends, self.control, strict=True):
            found = evaluate(blend, made)
            target = ~np.isclose(found.target_weight, control.target_weight, equal_nan=True)
            verdicts.append(int(np.count_nonzero(found.invested != control.invested)))
            targets += int(np.count_nonzero(target))
        return tuple(verdicts), targets

    def features_of(self, history: History) -> Features:
        """The features by the prices of ``history``; what is made of no price stays as it was, and
        so do the rows of the warm-up, which end before the first altered day."""
        grid, values = self.world.grid, dict(self.features.values)
        values |= price_features(history, grid)
        close, revenue = values["nvda_close_usd"], values["trailing_revenue_usd_bn"]
        return replace(
            self.features, values=values | valuation_features(history, grid, close, revenue)
        )

    def whole_features_of(self, history: History) -> Features:
        """The same the long way, from the whole record with these prices."""
        world = replace(self.world, history=self.record_with(history))
        return wiring.assess(world, self.config, ratings=self.ratings, version="bench").features

    def record_with(self, history: History) -> History:
        """The whole record with these prices."""
        return History([*(fact for fact in self.history if fact.kind not in PRICED), *history])

    def assessed(self, record: History, at: datetime) -> wiring.Assessment:
        """What a morning at ``at`` makes of ``record``."""
        world = replace(wiring.world_of(record, self.config, at), memo=self.world.memo)
        return wiring.assess(world, self.config, version="bench")

    def altered(self, alteration: Alteration) -> tuple[History, int]:
        """The facts of prices after the wrong price and the true ones that followed, and how many
        of the true ones are not believed."""
        facts = self.priced
        ours = [f for f in facts if f.kind == "bar" and f.payload["symbol"] == alteration.symbol]
        day = alteration.day.isoformat()
        true = next(f for f in ours if f.payload["session_on"] == day)
        wrong = replace(true, payload=_times(true, alteration.factor))
        if alteration.door == "table":
            history = History([wrong if f is true else f for f in facts])
        else:
            history = self._through_the_door(facts, ours, wrong, alteration)
        believed = bars_at(history, alteration.symbol, self.as_of)
        # A feed tells the right price of the wrong day as well, from the next day on.
        expected = [BARS.read(f) for f in ours if f is not true or alteration.door == "feed"]
        refused = sum(
            bar.session_on not in believed or believed[bar.session_on].close != bar.close
            for bar in expected
        )
        return history, refused

    def _through_the_door(
        self, facts: list[Fact], ours: list[Fact], wrong: Fact, alteration: Alteration
    ) -> History:
        """The record up to the day before; the wrong price and the true ones come in day by day,
        a feed telling the days before again, a file bringing each day by itself."""
        later = sorted(
            (f for f in ours if f.payload["session_on"] > wrong.payload["session_on"]),
            key=lambda f: str(f.payload["session_on"]),
        )
        coming, rest = [wrong, *later[:FOLLOWING]], later[FOLLOWING:]
        gone = {id(f) for f in ours if f.payload["session_on"] >= wrong.payload["session_on"]}
        held = [f for f in facts if id(f) not in gone]
        before = [f for f in ours if id(f) not in gone][-9:]
        prices = [
            f
            for f in held
            if f.kind in KINDS
            and f.payload["symbol"] == wrong.payload["symbol"]
            and f.payload.get("session_on", "9999") > str(alteration.day - DOOR_DAYS)
        ]
        true = next(f for f in ours if f.key == wrong.key)
        for n, fact in enumerate(coming):
            now = fact.known_at
            if alteration.door == "feed":
                told = [*before, *(true, *later)[:n], fact]
                told = [_told(f, "Yahoo Finance (polled)", now, backfilled=False) for f in told]
            else:
                told = [_told(fact, f"imported from {n}.csv", now, backfilled=True)]
            sound = sound_bars(told, History(prices), now=now, sessions=self._calendar)
            prices += sound.facts
            held += sound.facts
        return History([*held, *rest])

    def _calendar(self, first: date, last: date) -> set[date]:
        return {day for day in self.sessions if first <= day <= last}


def _times(fact: Fact, factor: float) -> dict[str, object]:
    scaled = {
        name: round(value * factor, 4)
        for name in ("open", "high", "low", "close")
        if (value := fact.payload.get(name)) is not None
    }
    return {**fact.payload, **scaled}


def _told(fact: Fact, source: str, now: datetime, *, backfilled: bool) -> Fact:
    return replace(fact, source=source, known_at=now, backfilled=backfilled)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of ``n`` alterations of any factor, how many kept true bars out; of ``n`` beyond a third, how
    many moved a verdict, and how many of these where the missing price itself moves none."""

    n: int
    kept_out: int
    beyond_kept_out: int
    moved: int
    moved_by_more_than_its_absence: int


def vix_moved(n: int, seed: int, presets: tuple[str, ...]) -> int:
    """How many of ``n`` wrong closes of VIX beyond a third move a verdict; half are no further off
    than its own bound, so that they are believed."""
    bench, chance, moved = Bench(*presets), random.Random(seed), 0
    for k in range(n):
        drawn = replace(bench.draw(chance, beyond=True), symbol="VIX")
        near = math.exp(chance.uniform(math.log(1.35), math.log(bound_of("VIX"))))
        a = replace(drawn, factor=near if drawn.factor > 1 else 1 / near) if k % 2 else drawn
        moved += any(bench.consequence(a).verdicts)
    return moved


def figures(n: int, seed: int, presets: tuple[str, ...]) -> Figures:
    """Measured, every alteration that moved a verdict or kept a true bar out told on the way."""
    bench = Bench(*presets)
    chance = random.Random(seed)
    drawn = [bench.draw(chance, beyond=False) for _ in range(n)]
    out = [(a, kept_out) for a in drawn if (kept_out := bench.altered(a)[1])]
    for a, kept_out in out[:20]:
        print(f"  {a.door} {a.symbol} {a.day} x{a.factor:.3f}: {kept_out} true bars kept out")
    moved = more = beyond_out = 0
    for k in range(1, n + 1):
        a = bench.draw(chance, beyond=True)
        c = bench.consequence(a)
        beyond_out += bool(c.refused)
        if any(c.verdicts) or c.refused:
            missing = bench.without(a)
            moved += any(c.verdicts)
            more += any(c.verdicts) and not any(missing)
            told = f"{c}, without the price {missing}"
            print(f"  {a.door} {a.symbol} {a.day} x{a.factor:.3f}: {told}", flush=True)
        if k % 50 == 0:
            print(f"{k} of {n}: {moved} moved a verdict", flush=True)
    return Figures(
        n=n,
        kept_out=len(out),
        beyond_kept_out=beyond_out,
        moved=moved,
        moved_by_more_than_its_absence=more,
    )


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    which = int(sys.argv[2]) if len(sys.argv) > 2 else 17
    print(figures(count, which, tuple(sys.argv[3:]) or ("balanced", "cautious")))
