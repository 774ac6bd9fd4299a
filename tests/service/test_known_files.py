"""Known answers of what files bring in, and of what is sealed and judged by it later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import numpy as np
import pytest

from config.frozen import FROZEN_ON
from engine.errors import DataError, InputError, NvsignalError, TableError
from engine.record import ledger
from engine.record.readings import ACTIONS, BARS
from engine.record.readings.observations import sound_range
from engine.record.store import Store
from engine.service import heldback, history, importing, judging, registering, risks
from engine.service.importing import Imported, import_actions, import_bars, import_events
from engine.shown import RegisteredRule
from engine.values import Fact
from tests.builders import make_bar, make_fact

NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)  # a Tuesday, 08:30 in New York
DAY, MINUTE, MICRO = timedelta(days=1), timedelta(minutes=1), timedelta(microseconds=1)
Patch = pytest.MonkeyPatch
NOTHING: Any = None


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'record.db'}") as opened:
        yield opened


def written(tmp_path: Path, *rows: str, name: str = "f.csv") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


# --- prices ---------------------------------------------------------------------------------------

HEAD = "Date,Open,High,Low,Close,Volume"
THURSDAY, FRIDAY, MONDAY = "2026-11-19,10,11,9,10,5", "2026-11-20,10,11,9,10,5", (
    "2026-11-23,10,12,9,11,6"
)  # fmt: skip


def calendar(first: date, last: date) -> list[date]:
    days = (first + n * DAY for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5]


def bars_in(store: Store) -> dict[str, Fact]:
    return {fact.key: fact for fact in store.facts(kinds=("bar",))}


def test_a_file_of_prices_is_known_half_an_hour_after_each_close(
    store: Store, tmp_path: Path
) -> None:
    """The close is at 21:00 UTC; a file read ten minutes after it is known when it was read."""
    early = datetime(2026, 11, 23, 21, 10, tzinfo=UTC)
    file = written(tmp_path, HEAD, MONDAY, FRIDAY)
    found = import_bars(store, file, "nvda", early, sessions=calendar)
    (read_as,) = found.notes
    assert found == Imported(
        what="NVDA", first_on=date(2026, 11, 20), last_on=date(2026, 11, 23), n_rows=2, new=2,
        changed=0, notes=(read_as,),
    )  # fmt: skip
    assert read_as.startswith("read as ")
    facts = bars_in(store)
    assert facts["NVDA:2026-11-20"].known_at == datetime(2026, 11, 20, 21, 30, tzinfo=UTC)
    assert facts["NVDA:2026-11-23"].known_at == early
    assert facts["NVDA:2026-11-23"].occurred_at == datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
    assert {(f.source, f.backfilled) for f in facts.values()} == {("imported from f.csv", True)}
    again = import_bars(store, file, "NVDA", NOW, sessions=calendar)
    assert (again.n_rows, again.new, again.changed, again.unchanged) == (2, 0, 0, 2)


@pytest.mark.parametrize(
    ("close_at", "known_at"),
    [
        (NOW - MICRO, NOW),
        (NOW, NOW),
        (NOW + MICRO, NOW + MICRO),  # not over: the door refuses it, so it is dated as it is
    ],
)
def test_a_bar_of_a_session_that_is_not_over_is_not_dated_back(
    store: Store, tmp_path: Path, monkeypatch: Patch, close_at: datetime, known_at: datetime
) -> None:
    seen: list[Any] = []

    def door(facts: Any, record: Any, **more: Any) -> Any:
        seen.append((facts, more))
        return Thing(refused={}, left_out=(), holes=("a hole",), waiting=("w",), facts=told)

    told = [
        BARS.fact(
            make_bar(date(2026, 11, 23), 11.0), occurred_at=NOW, known_at=NOW, source="x",
            backfilled=True,
        ),
        make_fact(known_at=NOW),
    ]  # fmt: skip
    monkeypatch.setattr(importing, "at_new_york", lambda day, clock: close_at)
    monkeypatch.setattr("feeds.bars.sound_bars", door)
    found = import_bars(
        store, written(tmp_path, HEAD, MONDAY), "^smh", NOW, sessions=calendar, allow_gaps=True
    )
    ((fact,), more) = seen[0]
    assert (fact.known_at, fact.key) == (known_at, "SMH:2026-11-23")
    assert more == {"now": NOW, "sessions": calendar, "vouched": False}
    # Two facts were new, one of them a bar.
    assert (found.what, found.n_rows, found.new) == ("SMH", 1, 1)
    assert found.notes[1:] == (
        "w", "a hole", "SMH is kept; no decision reads it (NVDA, QQQ, VIX are read)",
    )  # fmt: skip
    import_bars(
        store, written(tmp_path, HEAD, MONDAY), "QQQ", NOW, sessions=calendar, allow_gaps=True,
        vouched=True,
    )  # fmt: skip
    assert seen[1][1]["vouched"] is True


def test_a_file_with_a_gap_or_a_day_that_is_no_session_is_refused(
    store: Store, tmp_path: Path
) -> None:
    wednesday = THURSDAY.replace("19", "18")
    gap = written(tmp_path, HEAD, wednesday, FRIDAY)
    with pytest.raises(DataError, match=r"f\.csv: .*") as failed:
        import_bars(store, gap, "NVDA", NOW, sessions=calendar)
    assert failed.value.remedy == "complete it, or use --allow-gaps"
    found = import_bars(store, gap, "NVDA", NOW, sessions=calendar, allow_gaps=True)
    assert (found.new, len(found.notes)) == (2, 2)
    saturday, sunday = FRIDAY.replace("20,", "21,"), FRIDAY.replace("20,", "22,")
    for rows, more in (((saturday,), ""), ((saturday, sunday), " (and 1 more)")):
        file = written(tmp_path, HEAD, *rows)
        with pytest.raises(DataError) as failed:
            import_bars(store, file, "NVDA", NOW, sessions=calendar, allow_gaps=True)
        assert failed.value.message == f"f.csv: NVDA 2026-11-21: no session of the exchange{more}"
        assert failed.value.remedy == "nothing was recorded"
    assert len(bars_in(store)) == 2
    assert importing._more(["a", "b", "c"]) == " (and 2 more)"
    assert importing._more(["a"]) == importing._more([]) == ""


def test_a_split_worked_into_a_file_is_undone_and_told(store: Store, tmp_path: Path) -> None:
    split = "ex_date,kind,split_ratio\n2026-11-23,split,10:1\n"
    (tmp_path / "s.csv").write_text(split)
    import_actions(store, tmp_path / "s.csv", "NVDA", NOW)
    file = written(tmp_path, HEAD, FRIDAY, MONDAY)
    found = import_bars(store, file, "NVDA", NOW, sessions=calendar)
    assert found.notes[1:] == ("adjusted for splits, undone: 10 for 1 of 2026-11-23",)
    friday = BARS.read(bars_in(store)["NVDA:2026-11-20"])
    assert (friday.open, friday.high, friday.low, friday.close) == (100.0, 110.0, 90.0, 100.0)
    assert friday.volume == 0.5


# --- rates, actions, events -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "said", "remedy"),
    [
        (("date,series,value", "2026-11-25,DFF,3.63"), r"f\.csv:2: 2026-11-25 lies ahead", None),
        (("date,series,value", "2026-11-20,XXX,3"), r"f\.csv:2: series 'XXX' is not known", "DFF,"),
        (("date,series,value", "2026-11-20,DFF,99"), r"DFF = 99 is not between -?\d", None),
        (("date,series,value", "2026-11-20,DFF,x"), "'x' is not a number", "use a point: 4.33"),
        (("date,series,value", "2026-11-20,DFF,inf"), "'inf' is not a number", "use a point: 4.33"),
        (("date,series,value", "soon,DFF,3"), "'soon' is not a date", "use 2025-10-01"),
        (
            ("day,series,value", "2026-11-20,DFF,3"),
            "no column 'date'",
            "columns: day, series, valu",
        ),
        (
            ("date,other", "2026-11-20,3"),
            r"f\.csv:2: no column of a known series",
            "DFF, EFFR, DGS",
        ),
        (("date,series,value",), r"'f\.csv' has no rows", None),
        (("date,series,value", "2026-11-20,DFF,."), "the file holds no figure", None),
    ],
)
def test_a_file_of_rates_is_refused_by_its_first_wrong_row(
    store: Store, tmp_path: Path, rows: tuple[str, ...], said: str, remedy: str | None
) -> None:
    with pytest.raises(NvsignalError, match=said) as failed:
        importing.import_rates(store, written(tmp_path, *rows), NOW)
    if remedy is None:
        assert failed.value.remedy is None
    else:
        assert str(failed.value.remedy).startswith(remedy)
    assert list(store.facts()) == []


def test_each_rate_has_the_instants_of_its_kind(store: Store, tmp_path: Path) -> None:
    """Of Monday 23: a contract half an hour after the close, a rate on Tuesday at 09:15 New York,
    which has not come at 08:30, so now."""
    file = written(
        tmp_path, "observed_on,series,value", "2026-11-20,dff,3.63", "2026-11-23,DGS2,3.5",
        "2026-11-23,ZQZ26,96.4", "2026-11-24,USDEUR,1.1", "2026-11-24,DGS10,n/a",
    )  # fmt: skip
    found = importing.import_rates(store, file, NOW)
    assert found == Imported(
        what="rates", first_on=date(2026, 11, 20), last_on=date(2026, 11, 24), n_rows=4, new=4,
        changed=0,
    )  # fmt: skip
    facts = {f.payload["series"]: f for f in store.facts(kinds=("observation",))}
    assert {series: f.known_at for series, f in facts.items()} == {
        "DFF": datetime(2026, 11, 23, 14, 15, tzinfo=UTC),
        "DGS2": NOW,
        "ZQZ26": datetime(2026, 11, 23, 21, 30, tzinfo=UTC),
        "USDEUR": NOW,
    }
    assert facts["DFF"].occurred_at == datetime(2026, 11, 20, 5, tzinfo=UTC)
    assert facts["DFF"].payload["value"] == 3.63
    assert {(f.source, f.backfilled) for f in facts.values()} == {("imported from f.csv", True)}


@pytest.mark.parametrize("value", [-0.0, 3.63])
def test_a_figure_may_lie_on_its_bounds(value: float) -> None:
    low, high = sound_range("DFF")
    assert importing._figure("DFF", str(low), "f:2") == low
    assert importing._figure("DFF", str(high), "f:2") == high
    for beyond in (low - 1e-6, high + 1e-6):
        with pytest.raises(TableError):
            importing._figure("DFF", str(beyond), "f:2")
    assert importing._figure("DFF", str(value), "f:2") == value


def test_a_correction_is_known_right_after_what_it_corrects(store: Store) -> None:
    """Right after a back-filled fact; now, where what it corrects was met live."""

    def fact(key: str, value: float, known_at: datetime, *, backfilled: bool) -> Fact:
        return make_fact(
            key=key, payload={"value": value}, known_at=known_at, backfilled=backfilled,
            occurred_at=datetime(2026, 11, 18, 5, tzinfo=UTC),
        )  # fmt: skip

    past = NOW - 5 * DAY
    store.record([fact(k, 1.0, past, backfilled=k != "live") for k in ("filed", "late", "same")])
    store.record([fact("live", 1.0, past, backfilled=False)])
    told = [
        fact("filed", 2.0, past - DAY, backfilled=True),
        fact("late", 2.0, past + DAY, backfilled=True),
        fact("same", 1.0, past - DAY, backfilled=True),
        fact("live", 2.0, past - DAY, backfilled=True),
        fact("new", 2.0, past - DAY, backfilled=True),
    ]
    found = importing._record(store, "rates", told, NOW)
    day = date(2026, 11, 18)
    assert found == Imported(
        what="rates", first_on=day, last_on=day, n_rows=5, new=1, changed=3,
    )  # fmt: skip
    assert found.unchanged == 1
    known = {f.key: f.known_at for f in store.facts() if f.payload["value"] == 2.0}
    assert known == {
        "filed": past + MICRO, "late": past + DAY, "live": NOW, "new": past - DAY,
    }  # fmt: skip
    with pytest.raises(InputError, match="the file holds no figure"):
        importing._record(store, "rates", [], NOW)


def test_actions_have_their_dates_and_the_name_of_their_stock(store: Store, tmp_path: Path) -> None:
    file = written(
        tmp_path, "ex_on,action,value,declared_on", "2026-09-10,Dividend,0.01,2026-08-20",
        "2026-12-10,dividend,0.02,", "2026-09-11,split,3:2,2026-08-20",
    )  # fmt: skip
    found = import_actions(store, file, "^nvda", NOW)
    assert (found.what, found.n_rows, found.new) == ("NVDA actions", 3, 3)
    assert (found.first_on, found.last_on) == (date(2026, 9, 10), date(2026, 12, 10))
    facts = {f.payload["ex_on"]: f for f in store.facts(kinds=(ACTIONS.name,))}
    # 09:30 in New York: summer time in September, winter time in December.
    assert facts["2026-09-10"].occurred_at == datetime(2026, 9, 10, 13, 30, tzinfo=UTC)
    assert facts["2026-12-10"].occurred_at == datetime(2026, 12, 10, 14, 30, tzinfo=UTC)
    told = {day: ACTIONS.read(fact) for day, fact in facts.items()}
    assert (told["2026-12-10"].symbol, told["2026-12-10"].action) == ("NVDA", "dividend")
    assert (told["2026-12-10"].value, told["2026-09-11"].value) == (0.02, 1.5)
    assert {(f.source, f.backfilled) for f in facts.values()} == {("imported from f.csv", True)}
    with pytest.raises(TableError, match=r"f\.csv:2: 'soon' is not a date"):
        import_actions(
            store, written(tmp_path, "date,kind,amount,declared_on", "2026-09-10,dividend,1,soon"),
            "NVDA", NOW,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"kind": "split", "split_ratio": "ten"}, "split 'ten' is no ratio.*such as 10:1"),
        ({"kind": "split", "split_ratio": "-2"}, "is no ratio"),
        ({"kind": "split"}, "split '' is no ratio"),
        ({"kind": "merger"}, "'merger' is neither split nor dividend"),
        ({"kind": "dividend"}, "'' is not a number"),
        ({"dividends": "x"}, "'x' is not a number"),
    ],
)
def test_an_action_that_is_none_says_why(row: dict[str, str], said: str) -> None:
    with pytest.raises(TableError, match=f"f:2: .*{said}"):
        importing._actions(row, "f:2")
    assert importing._actions({"dividends": "0.01", "stock splits": "4"}, "f:2") == [
        ("dividend", 0.01), ("split", 4.0),
    ]  # fmt: skip
    assert importing._actions({"kind": "split", "split_ratio": "1:4"}, "f:2") == [("split", 0.25)]


def test_events_have_their_instants_sources_and_words(store: Store, tmp_path: Path) -> None:
    """Without an hour at the end of the day in UTC; with one after the lag of a rough time."""
    from config.settings import Lags

    file = written(
        tmp_path, "date,time,event_type,headline,actor,source",
        "2026-11-20,,export_restriction,a ban,US government,a paper",
        "2026-11-23,14:30,export_relief,a licence,,", "2026-11-24,13:29,rates,a cut,,",
    )  # fmt: skip
    found = import_events(store, file, NOW)
    assert (found.what, found.n_rows, found.new, found.changed) == ("events", 3, 3, 0)
    facts = {f.payload["headline"]: f for f in store.facts(kinds=("headline",))}
    at = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    assert facts["a licence"].occurred_at == at
    assert facts["a licence"].known_at == min(NOW, at + Lags().approximate)
    assert facts["a ban"].known_at == datetime(2026, 11, 21, tzinfo=UTC)
    assert facts["a cut"].known_at == NOW
    assert facts["a ban"].source == "a paper"
    assert facts["a licence"].source == "imported from f.csv"
    assert facts["a ban"].payload["event_type"] == "export_restriction"
    assert facts["a ban"].payload["actor"] == "US government"
    by_name = written(tmp_path, "date_utc,time_utc,event_type,headline", "2026-11-20,14:30,rates,x")
    import_events(store, by_name, NOW)
    (told,) = [f for f in store.facts(kinds=("headline",)) if f.payload["headline"] == "x"]
    assert told.occurred_at == datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2026-11-25,,rates,x", r"f\.csv:2: 2026-11-25 lies ahead"),
        ("2026-11-20,,rats,x", "rats"),
        ("2026-11-20,,rates,", r"f\.csv:2: no headline"),
        ("2026-11-20,soon,rates,x", r"f\.csv:2: .*soon"),
    ],
)
def test_an_event_that_does_not_hold_says_why(
    store: Store, tmp_path: Path, row: str, said: str
) -> None:
    file = written(tmp_path, "date,time,event_type,headline", "2026-11-24,,rates,y", row)
    file.write_text(file.read_text().replace("2026-11-24,,rates,y\n", ""))
    with pytest.raises(NvsignalError, match=said):
        import_events(store, file, NOW)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("2025-01-07,2.01", r"f\.csv:2: weight = 2\.01 \(allowed: -1 to 2\)"),
        ("2025-01-07,nan", "weight = nan"),
        ("2025-01-07,x", r"f\.csv:2: weight = 'x' is not a number"),
        ("soon,1", r"f\.csv:2: date 'soon' is not a date"),
        ("2025-01-07,1\n2025-01-07,0", r"f\.csv:3: 2025-01-07 comes twice"),
        ("2025-01-08,1\n2025-01-07,0", "2025-01-07 is before 2025-01-08; rows must be in order"),
        ("2025-01-10,1", "2025-01-10 is after the window's end 2025-01-09"),
        ("", r"'f\.csv' has no rows"),
    ],
)
def test_a_file_of_weights_is_refused_by_its_row(tmp_path: Path, rows: str, said: str) -> None:
    days = [date(2025, 1, d) for d in (6, 7, 8, 9)]
    with pytest.raises(NvsignalError, match=said):
        history.read_positions(written(tmp_path, "date,weight", rows), days)


def test_a_day_may_be_written_with_its_hour(tmp_path: Path) -> None:
    day = date(2025, 1, 7)
    assert importing._iso("2025-01-07T16:00:00", "f:2") == day
    assert history._day({"date": "2025-01-07 16:00"}, "f:2", None) == day
    file = written(tmp_path, "Date,Open,High,Low,Close", "2025-01-07 00:00:00-05:00,1,2,1,2")
    assert risks._bars(file)[0] == [day]


# --- forecasts of risk from a file ----------------------------------------------------------------


def test_a_stock_is_scored_for_each_fall_and_each_horizon(monkeypatch: Patch) -> None:
    days = [date(2026, 11, n) for n in (19, 20, 23, 24)]
    monkeypatch.setattr("engine.decision.risk.HORIZONS", (1, 21))
    monkeypatch.setattr("engine.decision.risk.forecast", lambda h, horizon: (h, horizon))
    monkeypatch.setattr("engine.decision.risk.chance_of_fall", lambda said, share: (said, share))
    monkeypatch.setattr("backtests.reliability.score_chance", lambda c, rows: (c, rows.tolist()))
    monkeypatch.setattr(
        "backtests.reliability.score_distribution", lambda f, rows: (f, rows.tolist())
    )
    past: Any = "h"
    found: Any = risks.score_stock("NVDA", days, past, days[1], days[2])
    inside = [False, True, True, False]
    assert (found.symbol, found.first_on, found.last_on) == ("NVDA", days[1], days[2])
    assert [(fall.fall_pct, fall.score) for fall in found.falls] == [
        (pct, ((("h", 21), pct / 100), inside)) for pct in (5.0, 10.0, 15.0, 20.0)
    ]
    assert found.distributions == ((1, (("h", 1), inside)), (21, (("h", 21), inside)))
    with pytest.raises(InputError, match="NVDA: no session between 2026-11-21 and 2026-11-22"):
        risks.score_stock("NVDA", days, past, date(2026, 11, 21), date(2026, 11, 22))
    monkeypatch.setattr("engine.decision.risk.history_from", lambda features: ("of", features))
    features: Any = Thing(sessions_on=days)
    before: Any = risks.nvda_history(features, [date(2026, 11, 18)])
    assert before == ([date(2026, 11, 18), *days], ("of", features))


def test_a_file_of_prices_for_risk_has_a_size_and_its_columns(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    path = written(tmp_path, "Date,Open,High,Low,Close", "2025-01-06,1,2,0.5,1.5")
    days, bars = risks._bars(path)
    assert days == [date(2025, 1, 6)]
    assert bars.tolist() == [[1.0, 2.0, 0.5, 1.5]]
    assert risks._closes(path) == (days, [1.5])
    size = path.stat().st_size
    monkeypatch.setattr(risks, "MAX_BYTES", size)
    risks._bars(path)
    monkeypatch.setattr(risks, "MAX_BYTES", size - 1)
    with pytest.raises(InputError, match=rf"'f\.csv' is larger than {size - 1} bytes"):
        risks._bars(path)
    monkeypatch.setattr(risks, "MAX_BYTES", 10**6)
    for wrong in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError, match=r"cannot read .*\(a CSV of daily prices\)"):
            risks._bars(wrong)


# --- statements -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "until", "held_back", "said", "remedy"),
    [
        (
            date(2026, 11, 26),
            date(2026, 11, 25),
            False,
            r"ends \(2026-11-25\) before it begins",
            "",
        ),
        (FROZEN_ON, date(2027, 1, 1), False, "prices up to .* in view", "begins after"),
        (
            date(2026, 11, 24),
            date(2027, 1, 1),
            False,
            "has already begun",
            "begin after 2026-11-24",
        ),
        (date(2026, 11, 25), date(2027, 1, 1), True, "so it is forward", "leave out --held-back"),
    ],
)
def test_a_period_that_cannot_be_registered_says_why(
    first: date, until: date, held_back: bool, said: str, remedy: str
) -> None:
    with pytest.raises(InputError, match=said) as failed:
        registering.check_period(first, until, NOW, held_back=held_back)
    assert remedy in str(failed.value.remedy or "")


def test_today_is_that_of_new_york() -> None:
    late = datetime(2026, 11, 25, 4, 59, tzinfo=UTC)  # still the 24th there
    registering.check_period(date(2026, 11, 25), date(2026, 11, 25), late, held_back=False)
    with pytest.raises(InputError):
        registering.check_period(
            date(2026, 11, 25), date(2026, 11, 25), late + MINUTE, held_back=False
        )


def test_a_statement_says_what_makes_and_what_ends_the_rule(monkeypatch: Patch) -> None:
    evening = datetime(2026, 11, 21, 4, 59, tzinfo=UTC)
    monkeypatch.setattr("engine.service.wiring.last_evening", lambda store: evening)
    monkeypatch.setattr(registering, "rule_of", lambda config: {"a": 1.0})
    monkeypatch.setattr(registering, "seal", lambda store, config: {"decisions": 3})
    monkeypatch.setattr(registering, "code_version", lambda: "1+a")
    monkeypatch.setattr(registering, "code_digest", lambda: "digest")
    config: Any = Thing(strategy=Thing(name="balanced"))

    def told(first: date, *, held_back: bool) -> dict[str, Any]:
        return registering.statement(
            NOTHING, config, first=first, until=date(2027, 11, 24), now=NOW, held_back=held_back
        )

    found = told(date(2026, 11, 25), held_back=False)
    withdrawal, measures = found.pop("withdrawal"), found.pop("measures")
    assert found == {
        "kind": "registered", "label": "forward", "preset": "balanced", "from": "2026-11-25",
        "until": "2027-11-24", "registered_at": "2026-11-24T13:30:00+00:00",
        "prices_seen_until": "2026-11-20", "rule": {"a": 1.0}, "code_version": "1+a",
        "benchmarks": ["holding", "cash", "constant_mix", "constant_60", "half", "trend_200",
                       "volatility_target"],
        "code_hash": "digest", "decisions": 3,
    }  # fmt: skip
    assert withdrawal["sessions"] == 126
    assert len(withdrawal) == 7
    assert len(measures) == 3
    assert told(date(2026, 11, 24), held_back=True)["label"] == "held back, not forward"
    with pytest.raises(InputError):
        told(date(2026, 11, 25), held_back=True)


def test_a_seal_is_of_the_frozen_evening(monkeypatch: Patch) -> None:
    asked: list[Any] = []

    def assessed(store: Any, config: Any, at: datetime) -> Any:
        asked.append(at)
        return Thing(
            features=Thing(sessions_on=[date(2022, 1, 3), date(2022, 1, 4)]),
            evaluation=Thing(invested=[True, False], target_weight=[1, 0], score=[0.5, -0.5]),
            world=Thing(data_hash="data"),
        )

    monkeypatch.setattr("engine.service.wiring.assessment_at", assessed)
    config: Any = Thing(digest="config")
    lines = "2022-01-03,HOLD,1.000000,0.500000\n2022-01-04,SELL,0.000000,-0.500000"
    found = registering.seal(NOTHING, config)
    assert found == {
        "config_hash": "config", "record_hash": "data", "decided_as_of": asked[0].isoformat(),
        "decisions": 2, "decisions_from": "2022-01-03",
        "decisions_hash": hashlib.sha256(lines.encode()).hexdigest(),
    }  # fmt: skip
    assert (asked[0] + MICRO).date() == FROZEN_ON + DAY
    assert found["decided_as_of"].startswith(f"{FROZEN_ON + DAY}T03:59:59.999999")


def test_what_moved_since_a_statement_is_told_by_name(monkeypatch: Patch) -> None:
    sealed = {"decisions": 1, "decisions_from": "f", "decisions_hash": "h", "config_hash": "c",
              "record_hash": "r"}  # fmt: skip
    monkeypatch.setattr(registering, "seal", lambda store, config: sealed | {"more": 1})
    monkeypatch.setattr(registering, "rule_of", lambda config: {"a": 1})
    told: dict[str, Any] = {**sealed, "kind": "registered", "rule": {"a": 1}}

    def moved(**changes: Any) -> Any:
        return registering.differences(told | changes, NOTHING, NOTHING)

    assert moved() == {}
    found = moved(rule={"a": 2}, record_hash="x")
    assert found == {"rule": ({"a": 2}, {"a": 1}), "record_hash": ("x", "r")}
    assert registering.breaks(found)
    assert not registering.breaks(moved(record_hash="x", config_hash="y"))
    for name in (*registering.SEALED, *registering.TOLD):
        with pytest.raises(DataError, match="this is no registered statement"):
            registering.differences({k: v for k, v in told.items() if k != name}, NOTHING, NOTHING)
    with pytest.raises(DataError):
        moved(kind="other")


def test_a_statement_stands_in_the_ledger_once_under_a_name_of_its_own(store: Store) -> None:
    told = {"preset": "p", "from": "2026-12-01", "registered_at": "earlier", "rule": {"a": 1}}
    entry = registering.register(store, told, NOW)
    again = registering.register(store, {**told, "registered_at": "later"}, NOW + DAY)
    assert entry == again
    assert (entry.acts_on, entry.strategy, entry.made_at) == (
        date(2026, 12, 1), "registered: p", NOW,
    )  # fmt: skip
    changed = registering.register(store, {**told, "rule": {"a": 2}}, NOW + DAY)
    registering.register(store, {**told, "preset": "q"}, NOW)
    bare = {k: v for k, v in told.items() if k != "registered_at"}
    assert registering.statements(store, "p") == [
        {**bare, "entry_hash": entry.entry_hash, "revision": 0, "registered_at": NOW.isoformat()},
        {**bare, "rule": {"a": 2}, "entry_hash": changed.entry_hash, "revision": 1,
         "registered_at": (NOW + DAY).isoformat()},
    ]  # fmt: skip
    text = registering._bare({**bare, "registered_at": "x", "entry_hash": "y", "revision": 1,
                              "file": "z"})  # fmt: skip
    assert json.loads(text) == bare


def test_files_that_hold_no_statement_say_so(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    for text, said in (("{", "is not JSON"), ("{}", "holds no registered"), ("[1]", "holds no")):
        path.write_text(text)
        with pytest.raises(DataError, match=rf"s\.json {said}"):
            registering.read_statements(path)
    path.write_text("[]")
    assert registering.read_statements(path) == []
    assert registering.statement_text([{"b": 1, "a": "é"}]) == (
        '[\n {\n  "a": "\\u00e9",\n  "b": 1\n }\n]\n'
    )


# --- judged ---------------------------------------------------------------------------------------


def test_a_statement_is_judged_while_its_rule_stands_and_its_period_has_a_price(
    monkeypatch: Patch,
) -> None:
    told = {"rule": {"a": 1}, "until": "2026-11-20", "label": "x"}
    assessment: Any = Thing(config="c")
    monkeypatch.setattr(registering, "rule_of", lambda config: {"a": 1})
    monkeypatch.setattr(judging, "_last_session", lambda day: day)
    monkeypatch.setattr(judging, "said_otherwise", lambda a, found, past: {"live": past})
    measured = Thing(withdrawn=(), last_on=date(2026, 11, 19))
    monkeypatch.setattr(judging, "measure", lambda a, t: measured)
    monkeypatch.setattr("engine.plain.to_plain", lambda found: {"plain": found})

    def judged(**changes: Any) -> Any:
        past: Any = "past"
        return judging.judged(assessment, told | changes, past)

    assert judged() == told | {
        "state": "running", "so_far": {"plain": measured}, "said_otherwise": {"live": "past"},
    }  # fmt: skip
    blank = {"so_far": None, "said_otherwise": None}
    assert judged(rule={"a": 2}) == told | {"rule": {"a": 2}, "state": "changed"} | blank

    def too_early(a: Any, t: Any) -> Any:
        raise InputError("no price")

    monkeypatch.setattr(judging, "measure", too_early)
    assert judged() == told | {"state": "not begun"} | blank


def test_statements_made_by_the_instant_are_judged(monkeypatch: Patch) -> None:
    known = [{"n": n, "registered_at": (NOW + n * MICRO).isoformat()} for n in (-1, 0, 1)]
    monkeypatch.setattr(registering, "known_statements", lambda store, config: known)
    monkeypatch.setattr(judging, "judged", lambda a, told, past: (told["n"], past))
    monkeypatch.setattr(judging, "track", lambda a, past: {"live": past})
    assessment: Any = Thing(world=Thing(as_of=NOW), config=Thing(strategy=Thing(name="p")))
    past: Any = ["past"]
    found = judging.whole_record(NOTHING, assessment, past, NOW + DAY)
    assert found == {
        "as_of": NOW + DAY, "strategy": "p", "live": past,
        "registered": [(-1, past), (0, past)],
    }  # fmt: skip


def measured(**changes: Any) -> dict[str, Any]:
    looks = [{"on": "2026-06-30", "met": []}, {"on": "2026-09-30", "met": ["x"]},
             {"on": "2026-11-20", "met": ["y"]}]  # fmt: skip
    given = {
        "figures": {"total_pct": 3.0, "fall_pct": -9.0}, "sessions": 252, "looks": looks,
        "yardsticks": {"mix": {"final_equity": 1.25}, "hold": {"max_drawdown_pct": -11.0}},
        "withdrawn": ["x"],
    }  # fmt: skip
    return {
        "label": "forward", "registered_at": "2026-01-05T12:00:00+00:00", "from": "2026-01-06",
        "until": "2027-01-05", "state": "running", "so_far": given | changes,
        "withdrawal": {"sessions": 126, "excess_over": "mix", "fall_deeper_than": "hold"},
    }  # fmt: skip


def test_a_judged_statement_in_short() -> None:
    found = judging.in_short(measured())
    whole = RegisteredRule(
        held_back=False, registered_on=date(2026, 1, 5), first_on=date(2026, 1, 6),
        until_on=date(2027, 1, 5), state="running", sessions=252, looks=3, next_look=378,
        total_pct=3.0, mix_total_pct=25.0, fall_pct=-9.0, holding_fall_pct=-11.0, met=("x",),
        ended_on=date(2026, 9, 30),
    )  # fmt: skip
    assert found == whole
    early = judging.in_short({**measured(), "so_far": None, "label": registering.HELD_BACK})
    assert early == RegisteredRule(
        held_back=True, registered_on=date(2026, 1, 5), first_on=date(2026, 1, 6),
        until_on=date(2027, 1, 5), state="running", sessions=0, looks=0, next_look=126,
        total_pct=None, mix_total_pct=None, fall_pct=None, holding_fall_pct=None, met=(),
        ended_on=None,
    )  # fmt: skip


def test_figures_of_a_period_have_their_units() -> None:
    """1.25 of one is 25 %; the purchase at the start is no switch."""
    ours: Any = Thing(cagr_pct=9.0, final_equity=1.25, max_drawdown_pct=-8.0, sharpe=0.7,
                      n_trades=5, exposure_pct=80.0)  # fmt: skip
    assert judging._figures(ours) == {
        "growth_pct": 9.0, "total_pct": 25.0, "fall_pct": -8.0, "sharpe": 0.7, "switches": 4.0,
        "exposure_pct": 80.0,
    }  # fmt: skip


def looked(monkeypatch: Patch, *, interval: Any, skill: Any) -> tuple[Any, list[Any]]:
    asked: list[Any] = []

    def part(rows: slice) -> Any:
        asked.append(("part", rows.stop))
        return Thing(market=f"m{rows.stop}", rows=slice(0, rows.stop), earlier="e",
                     last=date(2026, 1, rows.stop))  # fmt: skip

    def sticks(market: Any, account: Any, earlier: Any, *, intervals: Sequence[str]) -> Any:
        asked.append(("sticks", market, account, earlier, intervals))
        figures = Thing(max_drawdown_pct=-20.0)
        return [Thing(name="constant_mix", interval=interval, figures=None),
                Thing(name="holding", interval=None, figures=figures)]  # fmt: skip

    def skills(outlook: Any, rows: Any) -> Any:
        asked.append(("rows", rows))
        return {"fall_10": {"skill_interval": skill}} if skill != "none" else {}

    monkeypatch.setattr("backtests.replay.replay", lambda m, w: (m, w.tolist()))
    monkeypatch.setattr("backtests.benchmarks.yardsticks", sticks)
    monkeypatch.setattr(
        "backtests.metrics.summarise", lambda account: Thing(max_drawdown_pct=-22.5)
    )
    monkeypatch.setattr(judging, "rows_of", lambda window: window.market)
    monkeypatch.setattr(judging, "skills_of", skills)
    assessment: Any = Thing(
        evaluation=Thing(target_weight=np.arange(30.0)),
        outlook=Thing(falls={10.0: Thing(horizon=21)}),
    )
    told = {
        "withdrawal": {
            name: getattr(registering.Withdrawal(), name)
            for name in registering.Withdrawal.__slots__
        } | {"sessions": 5, "chance_sessions": 24}
    }  # fmt: skip
    window: Any = Thing(part=part)
    return lambda n: judging._look(assessment, window, told, n), asked


def test_a_look_knows_what_was_over_by_then(monkeypatch: Patch) -> None:
    """After 25 sessions the chances of the first four count: 25 less 21."""
    look, asked = looked(monkeypatch, interval=Thing(high_pct=-0.1), skill=[-0.4, -0.2])
    found = look(25)
    assert found == judging.Look(
        sessions=25, on=date(2026, 1, 25), excess_high_pct=-0.1, fall_pct=-22.5,
        holding_fall_pct=-20.0, skill_high=-0.2,
        met=("growth below its constant mix", "fell deeper than holding",
             "chances worse than the base rate"),
    )  # fmt: skip
    weights = [float(n) for n in range(25)]
    assert asked == [
        ("part", 25), ("sticks", "m25", ("m25", weights), "e", ("constant_mix",)),
        ("part", 4), ("rows", "m4"),
    ]  # fmt: skip
    look, asked = looked(monkeypatch, interval=None, skill=None)
    found = look(5)
    assert (found.excess_high_pct, found.skill_high) == (None, None)
    assert found.met == ("fell deeper than holding",)
    assert asked[-1] == ("rows", "m1")  # at least one row
    look, _ = looked(monkeypatch, interval=None, skill="none")
    assert look(5).skill_high is None


def test_a_period_is_measured_by_what_its_statement_names(monkeypatch: Patch) -> None:
    asked: list[Any] = []

    def sticks(market: Any, account: Any, earlier: Any, *, intervals: Any) -> Any:
        asked.append((market, account, earlier, intervals))
        return "sticks"

    days = [date(2026, 11, n) for n in (17, 18, 19, 20)]
    window = Thing(
        market=[1, 2], rows=slice(1, 3), earlier="e", first=days[1], last=days[2],
        features=Thing(sessions_on=days),
    )  # fmt: skip
    looks = {1: Thing(met=()), 2: Thing(met=("a",)), 3: Thing(met=("b",))}
    monkeypatch.setattr(
        judging, "window_for", lambda *given: given == (assessment, told) and window
    )
    monkeypatch.setattr(judging, "looks_of", lambda *given: given == (window, told) and (1, 2, 3))
    monkeypatch.setattr(
        judging, "_look", lambda *given: given[:3] == (assessment, window, told) and looks[given[3]]
    )
    monkeypatch.setattr(judging, "_figures", lambda ours: {"of": ours})
    monkeypatch.setattr(judging, "skills_of", lambda outlook, rows: {outlook: rows})
    monkeypatch.setattr(judging, "rows_of", lambda w: "rows")
    monkeypatch.setattr("backtests.benchmarks.yardsticks", sticks)
    monkeypatch.setattr("backtests.metrics.summarise", lambda account: ("summary", account))
    monkeypatch.setattr("backtests.replay.replay", lambda m, w: tuple(w))
    monkeypatch.setattr("engine.service.basis.plain_yardsticks", lambda found: {"plain": found})
    evaluation = Thing(invested=[True] * 4, target_weight=[0.0, 0.5, 1.0, 0.0], score=[0.0] * 4)
    assessment: Any = Thing(evaluation=evaluation, outlook="o")
    told = {"withdrawal": {"excess_over": "constant_mix"}}
    found: Any = judging.measure(assessment, told)
    lines = "2026-11-18,HOLD,0.500000,0.000000\n2026-11-19,HOLD,1.000000,0.000000"
    account = (0.5, 1.0)
    assert found == judging.Measured(
        first_on=days[1], last_on=days[2], sessions=2, figures={"of": ("summary", account)},  # type: ignore[dict-item]
        yardsticks={"plain": "sticks"}, skills={"o": "rows"}, looks=tuple(looks.values()),  # type: ignore[arg-type]
        withdrawn=("a",), decisions_hash=hashlib.sha256(lines.encode()).hexdigest(),
    )  # fmt: skip
    assert asked == [([1, 2], account, "e", ("constant_mix",))]
    judging.measure(assessment, told, intervals=["x"])
    assert asked[1][3] == ["x"]
    monkeypatch.setattr(judging, "looks_of", lambda w, told: (1,))
    assert judging.measure(assessment, told).withdrawn == ()


def test_rows_of_a_window_are_those_of_the_features() -> None:
    window: Any = Thing(features=Thing(sessions_on=range(5)), rows=slice(1, 3))
    assert judging.rows_of(window).tolist() == [False, True, True, False, False]


@pytest.mark.parametrize(("n", "told"), [(30, True), (29, False)])
def test_a_score_is_told_from_thirty_outcomes_on(n: int, told: bool) -> None:
    score: Any = Thing(n=n, rate=0.1, said=0.2, brier=0.3, brier_of_base=0.4, skill=0.5, low=-0.6,
                       high=0.7)  # fmt: skip
    rates: dict[str, Any] = {
        "came": 0.1, "said": 0.2, "brier": 0.3, "brier_base_rate": 0.4, "skill": 0.5,
        "skill_interval": [-0.6, 0.7],
    }  # fmt: skip
    if not told:
        rates = dict.fromkeys(rates)
    assert judging._plain(score) == {"n": n, **rates}
    for name in ("low", "high"):
        bare = Thing(**{**vars(score), name: None})
        assert judging._plain(bare)["skill_interval"] is None  # type: ignore[arg-type]


# --- the months held back -------------------------------------------------------------------------


def run_of(**changes: Any) -> heldback.Run:
    given: dict[str, Any] = {
        "first_on": date(2026, 1, 2), "last_on": date(2026, 2, 2), "sessions": 20,
        "figures": {"growth_pct": 1.0}, "yardsticks": {}, "skills": {}, "looks": (),
        "withdrawn": (), "decisions_hash": "h", "preset": "p", "registered": {"entry_hash": "e"},
    }  # fmt: skip
    return heldback.Run(**(given | changes))


def test_a_held_back_run_is_kept_and_a_different_one_stands_beside_it(store: Store) -> None:
    assert heldback.keep(store, run_of(), NOW) == (True, True)
    assert heldback.keep(store, run_of(), NOW + DAY) == (False, True)
    assert heldback.keep(store, run_of(sessions=21), NOW + DAY) == (False, False)
    first, second = ledger.entries(store, strategy="held back: p")
    assert (first.acts_on, first.made_at) == (date(2026, 1, 2), NOW)
    assert first.payload["label"] == "held back, not forward"
    assert (first.payload["sessions"], second.payload["sessions"]) == (20, 21)
    assert set(run_of().plain()) == {"label", *heldback.Run.__dataclass_fields__}


@pytest.mark.parametrize(("seen_until", "before"), [(FROZEN_ON, True), (FROZEN_ON + DAY, False)])
def test_a_held_back_run_says_whether_its_statement_came_before_the_prices(
    monkeypatch: Patch, seen_until: date, before: bool
) -> None:
    end, asked = datetime(2026, 9, 1, tzinfo=UTC), list[Any]()
    told = {"rule": "r", "preset": "p", "entry_hash": "e", "registered_at": "at",
            "prices_seen_until": f"{seen_until}"}  # fmt: skip
    monkeypatch.setattr(heldback, "statement_for", lambda store, config: told)
    monkeypatch.setattr(registering, "rule_of", lambda config: "r")
    monkeypatch.setattr("engine.service.wiring.last_evening", lambda store: end)
    monkeypatch.setattr(
        "engine.service.wiring.world_at",
        lambda store, config, at: asked.append(at) or "w",  # type: ignore[func-returns-value]
    )
    monkeypatch.setattr(
        "engine.service.wiring.assess", lambda world, config, version: (world, version)
    )

    def measure(assessment: Any, statement: Any, *, intervals: Any) -> Any:
        assert (assessment, statement) == (("w", "held back"), told)
        assert intervals == registering.BENCHMARKS
        return run_of()

    monkeypatch.setattr(judging, "measure", measure)
    found = heldback.run(NOTHING, NOTHING, now=NOW)
    assert found == run_of(
        registered={"entry_hash": "e", "registered_at": "at", "prices_seen_until": f"{seen_until}",
                    "before_the_prices": before},
    )  # fmt: skip
    heldback.run(NOTHING, NOTHING, now=end - DAY)
    assert asked == [end, end - DAY]
