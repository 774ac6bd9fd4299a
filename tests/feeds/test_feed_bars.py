"""The one door for prices: what a source may do to the record, and what not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from engine.clock import at_new_york
from engine.record.asof import bars_at, unconfirmed_at
from engine.record.history import History
from engine.record.readings import ACTIONS, BAR_SIGHTINGS, Bar, CorporateAction
from engine.values import Fact
from feeds.bars import Sound, bar_fact, last_session, sound_bars
from feeds.base import FeedConfig
from feeds.collect import FeedResult, MemorySink, collect
from feeds.yahoo import RawBar, RawHistory, YahooBars

FIRST = date(2025, 9, 15)  # a Monday
FEED = FeedConfig(
    name="yahoo", kind="feeds.yahoo:YahooBars", label="Yahoo", options={"symbols": ["NVDA"]}
)


def weekdays(first: date, last: date) -> set[date]:
    """A calendar without holidays: the exchange's own is tested where it is read."""
    days = (first + timedelta(days=k) for k in range((last - first).days + 1))
    return {day for day in days if day.weekday() < 5}


def session(n: int) -> date:
    return sorted(weekdays(FIRST, FIRST + timedelta(days=3 * n + 9)))[n]


def close_of(n: int) -> float:
    return round(186.58 * 1.001**n, 2)


def at(day: date, hour: int = 17) -> datetime:
    return at_new_york(day, time(hour))


def table(n: int, **changes: object) -> list[Fact]:
    """The curated closes of the first n sessions."""
    return [told(k, close_of(k), "reference table", known_at=at(session(k))) for k in range(n)]


def told(n: int, close: float, source: str, *, known_at: datetime, backfilled: bool = True) -> Fact:
    bar = Bar(symbol="NVDA", session_on=session(n), close=close)
    return bar_fact(bar, known_at=known_at, source=source, backfilled=backfilled)


def door(facts: list[Fact], record: list[Fact], now: datetime, *, vouched: bool = False) -> Sound:
    return sound_bars(facts, History(record), now=now, sessions=weekdays, vouched=vouched)


def closes(record: list[Fact], now: datetime) -> dict[date, float]:
    return {day: bar.close for day, bar in bars_at(History(record), "NVDA", now).items()}


def test_only_sessions_that_are_over_come_in_once_each() -> None:
    now = at(session(1), 12)
    saturday = replace_day(told(0, 186.0, "t", known_at=now), date(2025, 9, 13))
    monday = told(0, 186.0, "t", known_at=now)
    tuesday = told(1, 187.0, "t", known_at=now)

    sound = door([saturday, monday, monday, tuesday], [], now)

    assert [f.key for f in sound.facts] == [monday.key]
    assert sound.left_out == (
        "NVDA 2025-09-13: no session of the exchange",
        "NVDA 2025-09-15: comes twice",
        "NVDA 2025-09-16: the session is not over",
    )


def test_the_exchanges_own_calendar_knows_closures_and_half_days() -> None:
    """2025-01-09 (a day of mourning) and Thanksgiving are none; the half day after is one."""
    now = datetime(2025, 12, 1, tzinfo=UTC)
    told_on = [date(2025, 1, 9), date(2025, 11, 27), date(2025, 11, 28)]
    facts = [replace_day(told(0, 180.0, "t", known_at=now), day) for day in told_on]

    sound = sound_bars(facts, History([]), now=now)

    assert [f.payload["session_on"] for f in sound.facts] == ["2025-11-28"]


def replace_day(fact: Fact, day: date) -> Fact:
    bar = Bar(symbol="NVDA", session_on=day, close=float(fact.payload["close"]))
    return bar_fact(bar, known_at=fact.known_at, source=fact.source, backfilled=True)


def test_an_answer_in_other_terms_is_refused_whole() -> None:
    """Euro for dollars, hundredfold, ten days times 0.7: the majority gives it away."""
    record, now = table(10), at(session(10))
    for factor in (0.85, 100.0, 0.7):
        facts = [
            told(k, close_of(k) * factor, "Yahoo (polled)", known_at=now) for k in range(2, 11)
        ]
        sound = door(facts, record, now)
        assert sound.facts == ()
        assert (
            f"8 of 8 sessions differ from the record, by a factor of {factor:.3g}"
            in (sound.refused["NVDA"])
        )


def test_one_odd_session_of_many_is_no_reason_to_refuse_the_others() -> None:
    record, now = table(10), at(session(10))
    facts = [told(k, close_of(k), "Yahoo (polled)", known_at=now) for k in range(4, 11)]
    facts[2] = told(6, 93.0, "Yahoo (polled)", known_at=now)

    sound = door(facts, record, now)

    assert [f.payload["session_on"] for f in sound.facts] == [session(10).isoformat()]
    assert "Yahoo (polled) says 93, the record's 187.7" in sound.left_out[0]


def test_what_agrees_with_a_curated_bar_adds_nothing() -> None:
    """The float noise of a first poll does not rewrite the past (186.58 against 186.6118)."""
    record, now = table(3), at(session(3))
    first = told(0, 186.6118, "Yahoo (polled)", known_at=at(session(0), 21))

    assert door([first], record, now).facts == ()
    assert closes(record, now)[session(0)] == 186.58


def test_a_correction_is_known_when_it_came() -> None:
    live = told(3, 160.0, "Yahoo (polled)", known_at=at(session(3)), backfilled=False)
    record, now = [*table(3), live], at(session(4))
    (right,) = door([told(3, 187.0, "Yahoo (polled)", known_at=at(session(3)))], record, now).facts

    assert (right.known_at, right.backfilled) == (now, False)
    assert closes([*record, right], at(session(4), 16))[session(3)] == 160.0
    assert closes([*record, right], now)[session(3)] == 187.0


def test_a_file_that_corrects_a_file_takes_its_place_in_the_past_too() -> None:
    """A wrong file and then the right one: every reading after the close has the right one."""
    wrong = told(3, 160.0, "imported from wrong.csv", known_at=at(session(3)))
    record, now = [*table(3), wrong], at(session(40))
    (right,) = door(
        [told(3, 187.0, "imported from r.csv", known_at=at(session(3)))], record, now
    ).facts

    assert right.known_at == wrong.known_at + timedelta(microseconds=1)
    assert closes([*record, right], at(session(4), 8))[session(3)] == 187.0


def test_a_close_beyond_belief_waits_and_a_second_look_of_twelve_hours_confirms() -> None:
    record = table(5)
    evening, night, morning = at(session(5)), at(session(5), 23), at(session(6), 8)
    high = [told(5, 298.53, "Yahoo (polled)", known_at=evening, backfilled=False)]

    first = door(high, record, evening)
    assert first.waiting == (
        f"NVDA {session(5)}: close 298.53 after 187.33 is beyond a factor of 1.3 and waits until "
        "another source, or a poll twelve hours from now, repeats it",
    )
    record += first.facts
    assert session(5) not in closes(record, evening)

    second = door(high, record, night)
    record += second.facts
    assert session(5) not in closes(record, night)
    assert len(second.waiting) == 1

    third = door(high, record, evening + timedelta(hours=12))
    record += third.facts
    assert third.waiting == ()
    assert session(5) not in closes(record, night)
    assert closes(record, morning)[session(5)] == 298.53


def test_another_source_confirms_at_once_and_the_same_file_twice_does_not() -> None:
    record, now = table(5), at(session(6))
    file = [told(5, 298.53, "imported from a.csv", known_at=at(session(5)))]
    record += door(file, record, now).facts
    for name in ("a.csv", "copy of a.csv"):
        again = [told(5, 298.53, f"imported from {name}", known_at=at(session(5)))]
        record += door(again, record, now + timedelta(days=2)).facts
        assert unconfirmed_at(History(record), "NVDA", now + timedelta(days=2)) == (session(5),)

    polled = [told(5, 298.5, "Yahoo (polled)", known_at=now)]
    record += door(polled, record, now).facts
    assert session(5) in closes(record, now)


def test_the_user_may_vouch_for_a_jump() -> None:
    record, now = table(5), at(session(6))
    file = [told(5, 298.53, "imported from a.csv", known_at=at(session(5)))]

    sound = door(file, record, now, vouched=True)

    assert sound.waiting == ()
    assert closes([*record, *sound.facts], now)[session(5)] == 298.53


def test_a_split_that_comes_along_explains_the_fall() -> None:
    record, now = table(5), at(session(6))
    action = CorporateAction(symbol="NVDA", ex_on=session(5), action="split", value=10.0)
    split = ACTIONS.fact(action, occurred_at=at(session(5), 9), known_at=now, source="Yahoo")
    bar = told(5, 18.7, "Yahoo (polled)", known_at=now)

    assert door([bar, split], record, now).waiting == ()
    assert len(door([bar], record, now).waiting) == 1


def test_a_hole_to_what_is_known_is_said() -> None:
    record, now = table(5), at(session(9))

    sound = door([told(8, 187.0, "imported from a.csv", known_at=now)], record, now)

    assert sound.holes == (f"NVDA: 3 sessions have no bar, the first {session(5)}",)


# --- through a whole poll -------------------------------------------------------------------


class Desk:
    """A record and a feed that is polled into it; Yahoo says what the test says."""

    def __init__(self, known: list[Fact]):
        from feeds.base import Parsed

        self.sink = MemorySink()
        self.sink.documents.append(("table", Parsed(facts=tuple(known))))

    def poll(self, now: datetime, *rows: RawBar) -> FeedResult:
        def history(symbol: str, start: date, end: date) -> RawHistory:
            inside = tuple(row for row in rows if start <= row.session_on < end)
            return RawHistory(symbol=symbol, currency="USD", bars=inside)

        make: Callable[[str], YahooBars] = lambda kind: YahooBars(history)  # noqa: E731
        return collect(
            [FEED], None, self.sink, now, force=True, collectors=make, sessions=weekdays
        ).results[0]  # type: ignore[arg-type]

    def closes(self, now: datetime) -> dict[date, float]:
        return {d: b.close for d, b in bars_at(self.sink.prices(now), "NVDA", now).items()}


def row(n: int, close: float, *, split: float = 0.0) -> RawBar:
    return RawBar(
        session_on=session(n), open=close, high=close, low=close, close=close, volume=1e6,
        split=split,
    )  # fmt: skip


@pytest.mark.parametrize("factor", [1.3, 1.6, 2.0, 2.9, 0.5, 0.4, 0.1, 100.0])
def test_one_wrong_close_never_keeps_the_right_ones_out(factor: float) -> None:
    """Wrong once, right from the next day on, polled every evening: no true close is refused."""
    desk = Desk(table(10))
    for n in range(10, 22):
        rows = [row(k, close_of(k)) for k in range(n + 1)]
        if n == 10:
            rows[-1] = row(10, close_of(10) * factor)
        result = desk.poll(at(session(n)), *rows)
        assert result.status == "new", result.why
        found = desk.closes(at(session(n)))
        if n == 10 and not 1 / 1.35 < factor < 1.35:
            assert session(10) not in found
        if n > 10:
            assert found[session(10)] == close_of(10)
            assert found[session(n)] == close_of(n)


def test_a_holiday_row_of_yahoo_stays_out() -> None:
    """Labor Day, between 174.18 and 170.78, at 140: no session, whatever the price."""
    saturday = RawBar(
        session_on=session(4) + timedelta(days=1), open=140, high=140, low=140, close=140, volume=1
    )
    desk = Desk(table(5))
    result = desk.poll(at(session(5)), row(4, close_of(4)), saturday, row(5, close_of(5)))

    assert "no session of the exchange" in result.problems[0]
    assert saturday.session_on not in desk.closes(at(session(5)))
    assert desk.closes(at(session(5)))[session(5)] == close_of(5)


def test_the_answer_of_the_hour_before_the_close_is_read_again_after_it() -> None:
    desk = Desk(table(2))
    rows = (row(1, close_of(1)), row(2, close_of(2)))
    desk.poll(datetime.combine(session(2), time(20, 10), UTC), *rows)
    assert session(2) not in desk.closes(at(session(2), 18))

    desk.poll(datetime.combine(session(2), time(22, 10), UTC), *rows)
    assert desk.closes(at(session(2), 19))[session(2)] == close_of(2)


def test_a_first_poll_ever_on_the_morning_of_a_split() -> None:
    desk = Desk([])
    divided = [row(k, round(1208.88 / 10 + k / 100, 3)) for k in range(5)]
    desk.poll(at(session(5), 11), *divided, row(5, 121.79, split=10.0))
    assert desk.closes(at(session(5), 12))[session(0)] == 1208.88

    desk.poll(at(session(5), 18), *divided, row(5, 121.79, split=10.0))
    found = desk.closes(at(session(5), 18))
    assert (found[session(4)], found[session(5)]) == (1209.28, 121.79)


def test_a_first_poll_with_one_wrong_row_believes_the_others() -> None:
    """First, middle or last: the odd one out is left out, whatever stands first."""
    for wrong in (0, 3, 6):
        rows = [row(k, close_of(k) * (100 if k == wrong else 1)) for k in range(7)]
        desk = Desk([])
        result = desk.poll(at(session(7)), *rows)
        assert result.status == "new"
        assert desk.closes(at(session(7))) == {
            session(k): close_of(k) for k in range(7) if k != wrong
        }


def test_an_unannounced_split_is_not_a_crash_until_it_is_repeated() -> None:
    desk = Desk(table(8))
    rows = [row(k, close_of(k)) for k in range(8)]
    result = desk.poll(at(session(8)), *rows, row(8, 46.7))

    assert "waits until another source" in result.problems[0]
    assert session(8) not in desk.closes(at(session(8)))


MISBEHAVIOUR: dict[str, tuple[Callable[[int, float], float | None], str]] = {
    "hundredfold, the last row": (lambda k, close: close * (100 if k == 10 else 1), "waits until"),
    "hundredfold, every row": (lambda k, close: close * 100, "by a factor of 100"),
    "a hundredth, the last row": (lambda k, close: close / (100 if k == 10 else 1), "waits until"),
    "no close in the last row": (lambda k, close: None if k == 10 else close, "without a close"),
    "a negative close": (lambda k, close: -close if k == 10 else close, "is outside"),
    "a split of four unannounced": (lambda k, close: close / (4 if k == 10 else 1), "waits until"),
    "a split of ten unannounced": (lambda k, close: close / (10 if k == 10 else 1), "waits until"),
    "half of the past adjusted": (lambda k, close: close / (4 if k < 5 else 1), "the record's"),
}
"""Yahoo's bad days (review of 2026-09): what it does to each row, and what is said of it."""


@pytest.mark.parametrize("what", sorted(MISBEHAVIOUR))
def test_a_misbehaving_yahoo_moves_no_close_and_is_told(what: str) -> None:
    """The closes on record stay what they are; the last session is right or not observed."""
    change, said = MISBEHAVIOUR[what]
    desk = Desk(table(10))
    rows = [replace(row(k, 1.0), close=change(k, close_of(k))) for k in range(11)]
    rows = [replace(r, open=r.close, high=r.close, low=r.close) for r in rows]
    result = desk.poll(at(session(10)), *rows)
    told = [*result.problems, result.why]

    expected = {session(k): close_of(k) for k in range(10)}
    found = desk.closes(at(session(10)))
    assert found in (expected, expected | {session(10): close_of(10)})
    assert any(said in line for line in told), told


def test_a_month_away_leaves_no_hole() -> None:
    desk = Desk(table(5))
    desk.poll(at(session(5)), *(row(k, close_of(k)) for k in range(6)))
    desk.poll(at(session(45)), *(row(k, close_of(k)) for k in range(46)))

    assert sorted(desk.closes(at(session(45)))) == [session(k) for k in range(46)]


# --- the door, case by case -----------------------------------------------------------------------


def action(value: float, source: str, now: datetime, kind: str = "dividend") -> Fact:
    told_ = CorporateAction(symbol="NVDA", ex_on=session(1), action=kind, value=value)  # type: ignore[arg-type]
    curated = source == "reference table"
    return ACTIONS.fact(
        told_, occurred_at=at(session(1), 9), known_at=now, source=source, backfilled=curated
    )


@pytest.mark.parametrize(
    ("held", "coming", "value", "passes", "said"),
    [
        ("reference table", "Yahoo (polled)", 0.01, False, ""),
        ("reference table", "Yahoo (polled)", 0.01049, False, ""),
        ("reference table", "Yahoo (polled)", 0.0106, False,
         "says 0.0106, the record's 0.01 from 'reference table' stands"),
        ("Yahoo (polled)", "Yahoo (polled)", 0.02, True, ""),
        ("Yahoo (polled)", "reference table", 0.02, True, ""),
        (None, "Yahoo (polled)", 0.02, True, ""),
    ],
)  # fmt: skip
def test_an_action_adds_unless_a_better_source_has_told_it(
    held: str | None, coming: str, value: float, passes: bool, said: str
) -> None:
    now = at(session(6))
    record = [*table(2), *([action(0.01, held, at(session(1)))] if held else [])]
    told_ = action(value, coming, now)
    sound = door([told_], record, now)
    assert sound.facts == ((told_,) if passes else ())
    key = f"NVDA:{session(1)}:dividend"
    assert sound.left_out == ((f"{key}: {coming} {said}",) if said else ())


def test_facts_that_are_no_bars_pass_and_a_refused_symbol_keeps_its_actions_out() -> None:
    record, now = table(4), at(session(6))
    other = replace(action(0.01, "x", now), kind="headline", payload={"a": 1})
    split = action(2.0, "Yahoo (polled)", now, "split")
    wrong = [told(k, 3 * close_of(k), "Yahoo (polled)", known_at=now) for k in range(4)]
    sound = door([other, split, *wrong], record, now)
    assert sound.facts == (other,)
    assert list(sound.refused) == ["NVDA"]
    assert sound.problems == (sound.refused["NVDA"],)


@pytest.mark.parametrize(
    ("n", "n_other", "refused"),
    [(2, 2, False), (3, 1, False), (3, 2, True), (4, 2, False), (5, 3, True)],
)
def test_a_majority_of_three_sessions_or_more_speaks(n: int, n_other: int, refused: bool) -> None:
    record, now = table(n), at(session(n + 1))
    facts = [
        told(k, close_of(k) * (2 if k < n_other else 1), "Yahoo (polled)", known_at=now)
        for k in range(n)
    ]
    sound = door(facts, record, now)
    assert bool(sound.refused) is refused
    if refused:
        assert sound.refused["NVDA"] == (
            f"NVDA: {n_other} of {n} sessions differ from the record, by a factor of 2: another "
            "currency, or adjusted otherwise"
        )


@pytest.mark.parametrize(
    ("off", "refused"), [(1.0049, False), (1.0051, True), (0.9951, False), (0.9949, True)]
)
def test_half_a_per_cent_is_another_price(off: float, refused: bool) -> None:
    record, now = table(3), at(session(4))
    facts = [told(k, close_of(k) * off, "Yahoo (polled)", known_at=now) for k in range(3)]
    assert bool(door(facts, record, now).refused) is refused


def test_a_correction_replaces_by_its_rank_and_the_same_again_adds_nothing() -> None:
    """Polled over polled, table over polled; the very same fact keeps its hour."""
    live = told(3, 180.0, "Yahoo (polled)", known_at=at(session(3)), backfilled=False)
    record, now = [*table(3), live], at(session(5))
    assert door([live], record, now).facts == ()
    polled = told(3, 187.0, "Yahoo (polled)", known_at=at(session(4)))
    assert door([polled], record, now).facts == (replace(polled, known_at=now, backfilled=False),)
    curated = told(3, 187.0, "reference table", known_at=at(session(4)))
    assert door([curated], record, now).facts == (replace(curated, known_at=now),)
    file = told(0, 187.5, "imported from a.csv", known_at=at(session(0)))
    after = replace(file, known_at=at(session(0)) + timedelta(microseconds=1))
    assert door([file], record, now).facts == (after,)
    later = told(0, 187.5, "Yahoo (polled)", known_at=at(session(0)))
    sound = door([later], record, now)
    assert sound.facts == ()
    assert sound.left_out == (
        f"NVDA {session(0)}: Yahoo (polled) says 187.5, the record's 186.58 from "
        "'reference table' stands",
    )


def test_holes_are_counted_from_what_is_known_to_what_came() -> None:
    now = at(session(12))
    one = door([told(6, 187.0, "imported from a", known_at=now)], table(5), now)
    assert one.holes == (f"NVDA: 1 session has no bar, the first {session(5)}",)
    assert door([told(5, 187.0, "imported from a", known_at=now)], table(5), now).holes == ()
    pair = [told(k, 187.0, "imported from a", known_at=now) for k in (6, 9)]
    assert door(pair, [], now).holes == (f"NVDA: 2 sessions have no bar, the first {session(7)}",)
    assert door(pair, table(5), now).holes == (
        f"NVDA: 3 sessions have no bar, the first {session(5)}",
    )
    before = [*table(2), *table(10)[8:]]
    assert door(pair[:1], before, now).holes == (
        f"NVDA: 4 sessions have no bar, the first {session(2)}",
    )


def test_a_sighting_notes_the_close_the_source_and_the_hour() -> None:
    record, now = table(5), at(session(5))
    high = told(5, 298.53, "Yahoo (polled)", known_at=now, backfilled=False)
    bar, seen = door([high], record, now).facts
    assert bar == high
    assert (seen.kind, seen.source, seen.known_at, seen.occurred_at) == (
        BAR_SIGHTINGS.name, "Yahoo (polled)", now, high.occurred_at,
    )  # fmt: skip
    noted = BAR_SIGHTINGS.read(seen)
    assert (noted.symbol, noted.session_on, noted.close, noted.nth) == (
        "NVDA", session(5), 298.53, 1,
    )  # fmt: skip
    vouched = door([high], record, now, vouched=True).facts[1]
    assert BAR_SIGHTINGS.read(vouched).nth == 2
    first = door([told(0, 187.0, "Yahoo (polled)", known_at=now)], [], now)
    assert first.waiting == ()
    for hours, nth in ((11, None), (12, 2)):
        later = now + timedelta(hours=hours)
        again = [f for f in door([high], [*record, bar, seen], later).facts if f.kind == seen.kind]
        assert [BAR_SIGHTINGS.read(f).nth for f in again] == ([nth] if nth else [])


def test_the_newest_session_is_that_of_its_symbol_by_then() -> None:
    record = History([*table(3), told(3, 500.0, "x", known_at=at(session(4)))])
    assert last_session(record, "NVDA", at(session(4))) == session(3)
    assert last_session(record, "NVDA", at(session(3))) == session(2)
    assert last_session(record, "AMD", at(session(4))) is None
    other = Bar(symbol="AMD", session_on=session(9), close=1.0)
    mixed = History(
        [*record, bar_fact(other, known_at=at(session(4)), source="x", backfilled=False)]
    )
    assert last_session(mixed, "NVDA", at(session(9))) == session(3)
    assert last_session(mixed, "AMD", at(session(9))) == session(9)
