"""Known answers of the world a decision knows: first and last sessions, warm-up, its hour."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import numpy as np
import pytest

from backtests.replay import Costs
from config.settings import Lags
from engine.errors import InputError
from engine.macro.sessions import Schedule, Sessions, read_schedule, sessions_within
from engine.record.history import History
from engine.record.readings import ACTIONS
from engine.record.store import Store
from engine.service import history, wiring
from engine.values import Fact
from feeds.bars import bar_fact
from tests.builders import make_bar, make_fact, make_split

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)  # a Tuesday, 08:00 in New York


def bars(*days: date, symbol: str = "NVDA") -> list[Fact]:
    return [
        bar_fact(
            replace(make_bar(day), symbol=symbol), source="s", backfilled=False,
            known_at=datetime.combine(day, time(22), tzinfo=UTC),
        )
        for day in days
    ]  # fmt: skip


@lru_cache(maxsize=1)
def schedule() -> Schedule:
    return read_schedule(date(2026, 10, 1), date(2026, 12, 31))


def sessions(first: date, last: date, clock: time) -> Sessions:
    return sessions_within(schedule(), first, last, clock)


def config(first_on: date) -> Any:
    return Thing(settings=Thing(decision=Thing(first_on=first_on, clock_time=time(8, 30))))


def world(
    first_on: date = date(2026, 11, 18), at: datetime = NOW, since: date = date(2026, 11, 16)
) -> wiring.KnownWorld:
    days = [d for d in (since + n * DAY for n in range(60)) if d.weekday() < 5]
    return wiring.world_of(History(bars(*days)), config(first_on), at, load=sessions)


@pytest.mark.parametrize(
    ("at", "last"),
    [
        (NOW, date(2026, 11, 24)),
        (NOW + timedelta(minutes=30), date(2026, 11, 24)),
        (NOW + timedelta(minutes=30, seconds=1), date(2026, 11, 25)),
        (datetime(2026, 11, 25, 18, tzinfo=UTC), date(2026, 11, 27)),  # the next day is a holiday
    ],
)
def test_the_last_row_is_the_session_that_acts_on_the_instant(at: datetime, last: date) -> None:
    found = world(at=at)
    assert (found.grid.sessions_on[0], found.grid.sessions_on[-1]) == (date(2026, 11, 18), last)
    assert len(found.grid.decide_at_us) == len(found.grid.sessions_on)
    assert found.sessions.last == at.date() + wiring.CALENDAR_AHEAD
    assert max(f.known_at for f in found.history) <= at


def test_decisions_begin_with_the_prices_or_on_the_day_set() -> None:
    early = world(first_on=date(2026, 11, 2))
    assert early.grid.sessions_on[0] == date(2026, 11, 16)
    assert early.warm is None
    assert world(first_on=date(2026, 11, 24)).grid.sessions_on == (date(2026, 11, 24),)
    at = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
    for n in (24, 25):  # the evening before counts as before
        with pytest.raises(InputError, match=f"decisions begin on 2026-11-{n}"):
            world(first_on=date(2026, 11, n), at=at)
    with pytest.raises(InputError, match="no price is known by 2026-11-13"):
        world(at=datetime(2026, 11, 13, 22, tzinfo=UTC))


@pytest.mark.parametrize(
    ("since", "warm"),
    [(date(2026, 11, 11), 0), (date(2026, 11, 10), 6), (date(2026, 11, 9), 7)],
)
def test_more_than_a_week_of_prices_before_the_first_decision_is_warm_up(
    since: date, warm: int
) -> None:
    found = world(since=since)
    if not warm:
        assert found.warm is None
        return
    assert found.warm is not None
    assert (found.warm.sessions_on[0], found.warm.sessions_on[-1]) == (since, date(2026, 11, 17))
    assert len(found.warm.sessions_on) == len(found.warm.decide_at_us) == warm


def test_more_facts_make_another_world_with_the_same_sessions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = world()
    read: list[Any] = []

    def counted(*given: Any) -> Sessions:
        read.append(given)
        return sessions(*given)

    monkeypatch.setattr("engine.macro.sessions.load_sessions", counted)
    more = bars(date(2026, 11, 23), symbol="SMH")
    memo: Any = object()
    given = replace(before, memo=memo, kept=Path("kept"))
    after = wiring.with_facts(given, config(date(2026, 11, 18)), more)
    assert after.sessions is before.sessions
    assert after.kept == Path("kept")
    assert (after.data_hash == before.data_hash, after.memo is memo) == (False, True)
    assert not read
    keys = {before.key("c", "v"), before.key("c", "w"), before.key("d", "v"), after.key("c", "v")}
    assert len(keys) == 4


def test_a_kept_morning_is_named_by_everything_it_rests_on() -> None:
    """Another first or last session with the same instant, another hour, another moment asked."""
    one = world()
    on, us = one.grid.sessions_on, one.grid.decide_at_us
    others = (
        replace(one, data_hash="0"),
        replace(one, read_hash="0"),
        replace(one, as_of=NOW + timedelta(microseconds=1)),
        replace(one, grid=replace(one.grid, sessions_on=(on[0] - DAY, *on[1:]))),
        replace(one, grid=replace(one.grid, sessions_on=(*on[:-1], on[-1] + DAY))),
        replace(one, grid=replace(one.grid, decide_at_us=np.array([*us[:-1], us[-1] + 1]))),
    )
    assert len({w.key("c", "v") for w in (one, *others)}) == 7
    assert one.key("c", "v") == world().key("c", "v") != one.key("v", "c")


def test_prices_begin_with_the_first_session_whenever_it_was_told() -> None:
    """A bar of the 11th joins on the 20th, and one of the 10th after the instant."""
    (late,) = bars(date(2026, 11, 11), symbol="SMH")
    (later,) = bars(date(2026, 11, 10))
    held = History([
        *bars(date(2026, 11, 18), date(2026, 11, 17)),
        replace(late, known_at=datetime(2026, 11, 20, tzinfo=UTC)),
        replace(later, known_at=NOW + timedelta(seconds=1)),
    ])  # fmt: skip
    assert wiring.first_bar_of(held, NOW) == date(2026, 11, 11)
    assert wiring.first_bar_of(held, datetime(2026, 11, 19, tzinfo=UTC)) == date(2026, 11, 17)
    with pytest.raises(InputError, match="no price is known by 2026-11-16"):
        wiring.first_bar_of(held, datetime(2026, 11, 17, 3, tzinfo=UTC))


def test_what_a_record_held_is_kept_by_its_address_and_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under one signature for both; the third instant lets the first go where two are kept."""
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path))
    monkeypatch.setattr(Store, "signature", lambda self, present: "still")
    monkeypatch.setattr(wiring, "MOST_OPENED", 2)
    read: list[datetime] = []
    whole = wiring._whole_world

    def counted(store: Any, config: Any, as_of: datetime, load: Any) -> wiring.KnownWorld:
        read.append(as_of)
        return whole(store, config, as_of, load)

    monkeypatch.setattr(wiring, "_whole_world", counted)
    path, own = tmp_path / "derived" / "opened.json", config(date(2026, 11, 18))
    with (
        Store.open(f"sqlite:///{tmp_path}/a.db") as a,
        Store.open(f"sqlite:///{tmp_path}/b.db") as b,
    ):
        a.record(bars(date(2026, 11, 16), date(2026, 11, 17), date(2026, 11, 18)))
        b.record(bars(date(2026, 11, 17)))

        def look(store: Store, at: datetime = NOW) -> wiring.KnownWorld:
            return wiring._world_on_demand(store, own, at, sessions, NOW)

        one, other, again = look(a), look(b), look(a)
        assert read == [NOW, NOW]
        assert "_rows" not in vars(again.history)  # nobody has asked for a fact
        assert again.grid.sessions_on == one.grid.sessions_on
        assert again.data_hash == one.data_hash != other.data_hash
        assert again.read_hash == one.read_hash != other.read_hash
        kept = json.loads(path.read_text().partition("\n")[2])
        assert sorted(kept.values(), key=lambda told: -int(told["last_id"])) == [
            {
                "data_hash": one.data_hash,
                "read_hash": one.read_hash,
                "first_bar_on": "2026-11-16",
                "last_id": 3,
            },
            {
                "data_hash": other.data_hash,
                "read_hash": other.read_hash,
                "first_bar_on": "2026-11-17",
                "last_id": 1,
            },
        ]
        look(a, NOW + DAY)
        assert len(json.loads(path.read_text().partition("\n")[2])) == 2
        assert len(read) == 3
        monkeypatch.setattr(wiring, "code_version", lambda: "another")
        look(a, NOW + DAY)
        assert len(read) == 4


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'record.db'}") as opened:
        yield opened


def test_the_instant_of_a_command(store: Store) -> None:
    present = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
    with pytest.raises(InputError, match="no NVDA price"):
        wiring.instant_at(store, "last", present)
    store.record(bars(date(2026, 11, 19), date(2026, 11, 20)) + bars(date(2026, 11, 23),
                                                                     symbol="SMH"))  # fmt: skip
    evening = datetime(2026, 11, 21, 4, 59, 59, 999_999, tzinfo=UTC)
    assert wiring.last_evening(store) == evening
    for text in ("last", " LAST "):
        assert wiring.instant_at(store, text, present) == evening
    assert wiring.instant_at(store, "last", evening - DAY) == evening - DAY
    assert wiring.instant_at(store, None, present) == present
    said = str(wiring._before_the_record(store, datetime(2026, 11, 1, tzinfo=UTC)))
    assert "no price is known by 2026-10-31; prices begin on 2026-11-19" in said


def test_reference_tables_are_read_when_they_or_the_lags_change(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Lags] = []

    def tables(folder: Path, lags: Lags) -> list[Fact]:
        read.append(lags)
        return bars(date(2026, 11, 20))

    monkeypatch.setattr("feeds.facts.files", lambda: ("a.csv", "b.csv"))
    monkeypatch.setattr("feeds.facts.read_tables", tables)
    (tmp_path / "a.csv").write_text("1")

    def load(lags: Lags | None = None) -> bool:
        given: Any = Thing(facts=tmp_path, settings=Thing(lags=lags or Lags()))
        return wiring.load_reference(store, given)

    assert [load(), load()] == [True, False]
    (tmp_path / "a.csv").write_text("2")
    assert [load(), load()] == [True, False]
    (tmp_path / "b.csv").write_text("2")
    assert [load(), load(), load(Lags(close_minutes=11))] == [True, False, True]
    assert len(read) == 4
    assert store.counts()["bar"] == 1


@pytest.mark.parametrize(
    ("first", "last", "span", "start", "earlier"),
    [
        (None, None, (18, 23), 0, 2),
        (date(2026, 11, 19), date(2026, 11, 20), (19, 20), 1, 3),
        (date(2026, 11, 21), None, (23, 23), 3, 5),
        (date(2026, 11, 18), date(2026, 11, 22), (18, 20), 0, 2),
    ],
)
def test_a_window_is_the_sessions_with_a_price_between_two_days(
    first: date | None, last: date | None, span: tuple[int, int], start: int, earlier: int
) -> None:
    found = window(first, last)
    assert (found.first.day, found.last.day) == span
    assert (found.start, len(found.earlier)) == (start, earlier)
    assert found.rows == slice(start, start + len(found.market))
    assert found.earlier == pytest.approx([150.0] * earlier)
    part = found.part(slice(0, 1))
    assert (part.first, part.last, part.start) == (found.first, found.first, start)
    if len(found.market) > 1:
        later = found.part(slice(1, 2))
        assert (later.start, len(later.earlier)) == (start + 1, earlier + 1)


def window(first: date | None, last: date | None) -> history.Window:
    known = world()
    rates = np.arange(float(len(known.grid.sessions_on)))
    assessment: Any = Thing(
        world=known, features=Thing(values={"effr_pct": rates}), config="config"
    )
    return history.window_of(assessment, Costs(), first, last)


def test_closes_before_a_window_are_on_its_scale_and_nights_earn_what_was_known() -> None:
    """150 before a split of 10 for 1 is 15 on the scale of the days after it."""
    days = [date(2026, 11, n) for n in (16, 17, 18, 19, 20, 23)]
    prices = [
        bar_fact(
            make_bar(day, 150.0 if n == 0 else 15.0 + n), source="s", backfilled=False,
            known_at=datetime.combine(day, time(22), tzinfo=UTC),
        )
        for n, day in enumerate(days)
    ]  # fmt: skip
    acts = [make_split(days[1], 10.0), replace(make_split(days[4], 0.5), action="dividend")]
    actions = [
        make_fact(
            ACTIONS.name, f"NVDA:{act.ex_on}:{act.action}", payload=ACTIONS.payload(act),
            occurred_at=NOW - 30 * DAY, known_at=NOW - 30 * DAY,
        )
        for act in acts
    ]  # fmt: skip
    known = wiring.world_of(History([*prices, *actions]), config(days[2]), NOW, load=sessions)
    rates = np.array([36.0, 3.6, 7.2, 36.0, 36.0])
    features = Thing(values={"effr_pct": rates})
    assessment: Any = Thing(world=known, features=features, config="config")
    found = history.window_of(assessment, Costs(borrow_pct=3.0), days[3], days[4])
    assert found.earlier.tolist() == [15.0, 16.0, 17.0]
    assert found.market.sessions_on == (days[3], days[4])
    assert found.market.cash.tolist() == pytest.approx([1.0, 1.0001])  # 3.6 % over 360 days
    assert found.market.costs == Costs(borrow_pct=3.0)
    parts: list[Any] = [found.config, found.features, found.data_hash, found.start]
    assert parts == ["config", features, known.data_hash, 1]
    assert found.dividend_on == (days[4],)
    assert found.dividends == 1


def test_more_facts_may_bring_other_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bars from before: the calendar is read anew, with the hour of the decision."""
    known = world(first_on=date(2026, 11, 2), since=date(2026, 11, 17))
    asked: list[Any] = []

    def load(*given: Any) -> Sessions:
        asked.append(given)
        return sessions(*given)

    monkeypatch.setattr("engine.macro.sessions.load_sessions", load)
    more = wiring.with_facts(known, config(date(2026, 11, 2)), bars(date(2026, 11, 16)))
    assert more.grid.sessions_on[0] == date(2026, 11, 16)
    assert asked == [(date(2026, 11, 16), known.sessions.last, time(8, 30))]


def test_releases_are_rated_by_the_configured_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.decision.ratings.rate_all", lambda *given: given)
    monkeypatch.setattr("engine.decision.ratings.Reference", lambda *, params: ("params", params))
    monkeypatch.setattr("engine.service.bind.bound", lambda given: Thing(threat=("of", given)))
    seen: Any = Thing(history="h", grid="g")
    given: Any = "config"
    events: Any = "events"
    memo: Any = "memo"
    reference = ("params", ("of", "config"))
    found: Any = wiring.rate_releases(seen, given, events, memo)
    assert found == ("h", "g", "events", reference, "memo")
    bare: Any = wiring.rate_releases(seen, given, events)
    assert bare[-1] is None


def test_a_window_without_a_price_is_refused() -> None:
    with pytest.raises(InputError):
        window(date(2026, 11, 24), None)
    with pytest.raises(InputError, match="there is 2026-11-18 to 2026-11-23"):
        window(date(2026, 11, 1), date(2026, 12, 31))
    with pytest.raises(InputError, match="--from '1/2' is not a date"):
        history.parse_day("1/2", "--from")
    found = replace(window(None, None), dividend_on=tuple(date(2026, 11, n) for n in range(17, 25)))
    assert found.dividends == 5  # those after the first session, up to the last
