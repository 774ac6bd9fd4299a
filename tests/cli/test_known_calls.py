"""Known answers of commands over stand-ins: what each asks, in which order, and what it prints."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import pytest

from engine.errors import FeedError
from engine.phrases import phrase
from engine.report.i18n import voice
from engine.service import ics
from engine.service.morning import Morning
from engine.shown import Report, Upcoming
from engine.values import Event
from tests.builders import make_event
from tests.cli.conftest import NOW, Rooms
from tests.engine.report.sample_report import sample_report

EN = voice("en")
DAY = date(2026, 11, 24)
Patch = pytest.MonkeyPatch


# --- report ---------------------------------------------------------------------------------------


class Reports:
    """The morning's report, its forms and the feeds, all made up."""

    def __init__(self, rooms: Rooms, patch: Patch) -> None:
        self.rooms = rooms
        self.stale = self.offline = False
        self.statuses: tuple[str, ...] = ()
        rooms.loaded.holding = "mine"
        rooms.answer("engine.service.morning.prepare", self.prepare)
        rooms.answer("engine.service.collecting.feed_health", "polled")
        rooms.answer("engine.service.collecting.collect_and_ingest", self.collected)
        rooms.answer("engine.report.render.render", self.render)
        patch.setattr("engine.service.collecting.REPORT_SECONDS", 7.0)
        patch.setattr("shutil.get_terminal_size", lambda given: Thing(columns=given[0]))

    def prepare(self, *given: Any, **named: Any) -> Morning:
        made = replace(sample_report(), stale=self.stale, notices=("first",))
        assessment: Any = Thing(decision={"verdict": "HOLD"})
        return Morning(report=made, assessment=assessment, record_at="/r.db")

    def collected(self, *given: Any, **named: Any) -> Any:
        results = self.statuses
        summary = Thing(results=results, count=results.count)
        return Thing(summary=summary, offline=self.offline)

    def render(self, made: Any, form: str, *rest: Any, **named: Any) -> str:
        return '{"a": 1}' if form == "json" else f"{form}\n"


@pytest.fixture
def reports(rooms: Rooms, monkeypatch: Patch) -> Reports:
    return Reports(rooms, monkeypatch)


@pytest.mark.parametrize(
    ("words", "live", "collects", "instant"),
    [
        ((), True, True, NOW),
        (("--offline",), True, False, NOW),
        (("--as-of", "2025-03-14"), False, False, "2025-03-14"),
        (("--as-of", "2025-03-14", "--offline"), False, False, "2025-03-14"),
    ],
)
def test_a_live_report_asks_the_feeds_and_is_recorded(
    rooms: Rooms, reports: Reports, words: tuple[str, ...], live: bool, collects: bool, instant: Any
) -> None:
    code, out, err = rooms.call(
        "report", *words, "--strategy", "s", "--db", "u", "--config", "c", "--lang", "en"
    )
    assert (code, out, err) == (0, "text\n  Record: /r.db\n", "")
    assert rooms.calls[0] == ("load", "c", "s")
    assert rooms.asked("open") == [("u",)]
    assert rooms.asked("prepare") == [(rooms.store, rooms.loaded, instant, {
        "record": live, "polled": "polled" if live else (), "holding": "mine", "present": NOW,
    })]  # fmt: skip
    assert rooms.asked("feed_health") == [(rooms.store, rooms.loaded, NOW)] * live
    assert rooms.asked("collect_and_ingest") == [
        (rooms.store, rooms.loaded, NOW, {"budget_seconds": 7.0})
    ] * collects  # fmt: skip
    ((made, form, more),) = rooms.asked("render")
    assert isinstance(made, Report)
    assert (form, more) == ("text", {"lang": "en", "width": 80, "color": False})


@pytest.mark.parametrize(
    ("offline", "statuses", "said"),
    [
        (True, ("failed",), "nvsignal: offline: no source could be reached; the record is as it "
                            "was\n"),
        (False, ("failed", "new", "failed"), "nvsignal: 2 of 3 sources failed; see ‘nvsignal "
                                             "feeds’\n"),
        (False, ("new",), ""),
    ],
)  # fmt: skip
def test_what_became_of_the_feeds_is_said_beside_the_report(
    rooms: Rooms, reports: Reports, offline: bool, statuses: tuple[str, ...], said: str
) -> None:
    reports.offline, reports.statuses = offline, statuses
    assert rooms.call("report") == (0, "text\n  Record: /r.db\n", said)


@pytest.mark.parametrize(
    ("words", "code"), [((), 3), (("--offline",), 3), (("--as-of", "2025-03-14"), 0)]
)
def test_stale_prices_are_said_and_end_a_live_report_with_three(
    rooms: Rooms, reports: Reports, words: tuple[str, ...], code: int
) -> None:
    reports.stale = True
    assert rooms.call("report", *words)[::2] == (
        code, "nvsignal: STALE: prices end before the last sessions\n",
    )  # fmt: skip


def test_a_report_goes_where_and_in_which_form_it_is_wanted(
    rooms: Rooms, reports: Reports, tmp_path: Path, monkeypatch: Patch
) -> None:
    told = {"a": 1, "record": "/r.db"}
    assert json.loads(rooms.call("report", "--json")[1]) == told
    assert json.loads(rooms.call("report", "--format", "json")[1]) == told
    assert rooms.call("report", "--format", "html")[1] == "html\n"
    page, other, plain = (tmp_path / name for name in ("a.html", "b.md", "c"))
    words = ("--out", str(page), "--save", str(other), "--save", str(plain))
    code, out, err = rooms.call("report", *words)
    assert (code, out) == (0, "")
    assert err == f"wrote {other}\nwrote {plain}\nwrote {page}\n"
    assert [p.read_text() for p in (page, other, plain)] == ["html\n", "md\n", "text\n"]
    assert {type(asked[0]) for asked in rooms.asked("render")} == {Report}
    assert rooms.call("report", "--out", str(page), "--format", "md")[0] == 0
    assert page.read_text() == "md\n"
    assert rooms.call("report", "--format", "pdf")[0] == 2
    for no_color, terminal, coloured in (
        (None, True, True), ("1", True, False), (None, False, False),
    ):  # fmt: skip
        monkeypatch.delenv("NO_COLOR", raising=False)
        if no_color:
            monkeypatch.setenv("NO_COLOR", no_color)
        monkeypatch.setattr("sys.stdout.isatty", lambda seen=terminal: seen)
        rooms.call("report")
        assert rooms.asked("render")[-1][-1]["color"] is coloured
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    rooms.call("report", "--out", str(page))
    assert rooms.asked("render")[-1][-1]["color"] is False


def test_the_last_evening_is_named_unless_it_is_todays(
    rooms: Rooms, reports: Reports, monkeypatch: Patch
) -> None:
    """The instant lies on the 21st in New York, though it is the 22nd by UTC."""
    at = datetime(2025, 8, 22, 3, 59, tzinfo=UTC)
    rooms.answer("engine.service.wiring.instant_at", at)
    said = (
        "Shown as of Aug 21, 2025, the last evening with prices in the record; collect or import "
        "prices to bring it up to today"
    )
    alone = ["first"]
    for as_of, today, notices in (
        ("last", False, [said, *alone]), ("last", True, alone), ("2025-08-21", False, alone),
    ):  # fmt: skip
        monkeypatch.setattr(type(sample_report()), "for_today", property(lambda _, t=today: t))
        rooms.call("report", "--as-of", as_of)
        told = rooms.asked("render")[0][0].notices
        assert [EN.tell(line) for line in told] == notices


def test_an_explanation_shows_four_sections_and_leaves_no_trace(
    rooms: Rooms, reports: Reports
) -> None:
    code, out, err = rooms.call("explain", "--strategy", "s", "--db", "u", "--config", "c")
    assert (code, out, err) == (0, "text\n", "")
    assert rooms.asked("load")[-1] == ("c", "s")
    assert rooms.asked("open") == [("u",)]
    assert rooms.asked("collect_and_ingest") == []
    ((_, _, instant, more),) = rooms.asked("prepare")
    assert (instant, more["record"], more["polled"]) == (NOW, False, "polled")
    ((made, form, lang, width, more),) = rooms.asked("render")
    assert isinstance(made, Report)
    assert (form, lang, width) == ("text", "en", 80)
    assert sorted(s.name for s in more["listed"]) == ["decision", "risk", "view", "why"]
    assert json.loads(rooms.call("explain", "--json")[1]) == {"verdict": "HOLD"}


# --- events, calendar, track, risk ----------------------------------------------------------------


def event(name: str, known_at: datetime) -> Event:
    made = make_event("export_restriction", headline=name)
    return replace(made, event_id=name, known_at=known_at, occurred_at=known_at - timedelta(days=9))


def test_events_of_the_last_days_with_the_step_that_each_moved(
    rooms: Rooms, monkeypatch: Patch
) -> None:
    """Three days back to the second; the newest first."""
    edge = NOW - timedelta(days=3)
    told = [event("edge", edge), event("late", NOW), event("old", edge - timedelta(seconds=1))]
    made = Thing(events=told)
    steps = [Thing(event=told[1], voice="export_policy", told_pct=-2.0, left_pct=-0.5, alone=True)]
    rooms.answer("engine.service.wiring.assessment_at", made)
    rooms.answer("engine.service.morning.weighed_news", steps)
    rooms.answer("engine.cli.said.events.text_of", lambda *given: str([r.voice for r in given[0]]))
    code, out, _ = rooms.call(
        "events", "--days", "3", "--json", "--strategy", "s", "--db", "u", "--config", "c"
    )
    assert code == 0
    found = json.loads(out)
    assert (found["as_of"], found["days"]) == ("2026-11-24T13:30:00Z", 3)
    rows = found["events"]
    assert [row.pop("event")["event_id"] for row in rows] == ["late", "edge"]
    assert rows == [
        {"voice": "export_policy", "told_pct": -2.0, "left_pct": -0.5, "alone": True},
        {"voice": None, "told_pct": None, "left_pct": None, "alone": None},
    ]
    assert rooms.asked("load") == [("c", "s")]
    assert rooms.asked("open") == [("u",)]
    assert rooms.asked("assessment_at") == [(rooms.store, rooms.loaded, NOW)]
    assert rooms.asked("weighed_news") == [(made,)]
    assert rooms.call("events", "--days", "2", "--config", "c")[1] == "['export_policy']\n"
    assert rooms.asked("text_of")[0][1:3] == (NOW, 2)
    assert rooms.call("events")[1] == "['export_policy', None, None]\n"
    assert rooms.asked("text_of")[0][2] == 7
    assert [rooms.call("events", "--days", n)[0] for n in ("0", "1", "366", "367")] == [2, 0, 0, 2]


def test_days_ahead_as_a_table_a_file_or_data(rooms: Rooms, tmp_path: Path) -> None:
    ahead = [
        Upcoming(on=date(2026, 12, 9), what=phrase("Fed decision"), kind="fomc"),
        Upcoming(on=date(2027, 2, 24), what="Nvidia\x07 results", kind="earnings"),
    ]
    days = [
        ics.Day(uid="fomc-2026-12-09@nvsignal.invalid", on=date(2026, 12, 9),
                summary="Fed decision", categories="fomc"),
        ics.Day(uid="earnings-2027-02-24@nvsignal.invalid", on=date(2027, 2, 24),
                summary="Nvidia results", categories="earnings"),
    ]  # fmt: skip
    rooms.answer("engine.report.build.upcoming", lambda history, at: ahead)
    rooms.store.facts = lambda kinds, known_by: rooms.calls.append(("facts", kinds, known_by)) or []
    text = ics.calendar_text(days, NOW, name="NVDA")
    table = "2026-12-09  Fed decision\n2027-02-24  Nvidia results\n"
    assert rooms.call("calendar", "--as-of", "last", "--config", "c")[:2] == (0, table)
    assert rooms.asked("instant_at") == [(rooms.store, "last", NOW)]
    assert rooms.asked("facts") == [(("fomc_meeting", "earnings_date"), "last")]
    assert [asked[1] for asked in rooms.asked("upcoming")] == ["last"]
    assert json.loads(rooms.call("calendar", "--json", "--db", "u", "--config", "c")[1]) == [
        {"on": "2026-12-09", "what": "Fed decision", "kind": "fomc"},
        {"on": "2027-02-24", "what": "Nvidia results", "kind": "earnings"},
    ]
    assert (rooms.asked("load"), rooms.asked("open")) == ([("c", None)], [("u",)])
    assert rooms.call("calendar", "--ics")[1].splitlines() == text.splitlines()
    file = tmp_path / "a.ics"
    assert rooms.call("calendar", "--out", str(file))[1] == f"2 dates in {file}\n"
    assert file.read_bytes().decode() == text
    ahead.pop()
    assert rooms.call("calendar", "--out", str(file))[1] == f"1 date in {file}\n"
    ahead.pop()
    assert rooms.call("calendar")[1] == "nothing is scheduled on record\n"


def test_the_record_of_what_was_said(rooms: Rooms) -> None:
    rooms.answer("engine.service.wiring.assessment_at", "made")
    rooms.answer("engine.service.morning.past_decisions", "past")
    rooms.answer("engine.service.judging.whole_record", {"n": 1})
    rooms.answer("engine.report.record_page.page_of", lambda found, voice: (found, voice.lang))
    rooms.answer("engine.report.forms.text.render_text", lambda page: f"{page}")
    words = ("track", "--strategy", "s", "--as-of", "last", "--db", "u", "--config", "c")
    assert rooms.call(*words)[:2] == (0, "({'n': 1}, 'en')\n")
    assert [call for call in rooms.calls if call[0] not in ("page_of", "render_text")] == [
        ("load", "c", "s"), ("open", "u"), ("instant_at", rooms.store, "last", NOW),
        ("assessment_at", rooms.store, rooms.loaded, "last"),
        ("past_decisions", rooms.store, rooms.loaded, "last"),
        ("whole_record", rooms.store, "made", "past", "last"), ("close",),
    ]  # fmt: skip
    assert json.loads(rooms.call("track", "--json")[1]) == {"n": 1}


@pytest.mark.parametrize("warm", [True, False])
def test_the_forecast_of_falls_is_scored_over_the_sessions_asked_for(
    rooms: Rooms, monkeypatch: Patch, tmp_path: Path, warm: bool
) -> None:
    """Midnight by UTC is still the day before in New York."""
    first, last = (datetime(2025, 3, day, 4, tzinfo=UTC) for day in (3, 29))
    monkeypatch.setattr("engine.clock.instant_of", lambda text, now: {"A": first}[text])
    rooms.answer("engine.service.wiring.instant_at", last)
    world = Thing(warm=Thing(sessions_on=("w",)) if warm else None)
    rooms.answer("engine.service.wiring.world_at", world)
    rooms.answer("engine.service.wiring.assess", Thing(features="features"))
    rooms.answer("engine.service.risks.nvda_history", ("days", "history"))
    rooms.answer("engine.service.risks.score_stock", lambda symbol, *rest: f"{symbol} {rest[0]}")
    rooms.answer("engine.service.risks.history_of_file", lambda file, vix: (file.stem, "h"))
    rooms.answer("engine.cli.said.risk.text_of", lambda found, voice: f"{found} {voice.lang}")
    span = (date(2025, 3, 2), date(2025, 3, 29))
    assert (
        rooms.call("risk", "--from", "A", "--to", "B", "--db", "u", "--config", "c")[1]
        == "['NVDA days'] en\n"
    )
    assert (rooms.asked("load")[0], rooms.asked("open")) == (("c", None), [("u",)])
    assert rooms.asked("instant_at") == [(rooms.store, "B", NOW)]
    assert rooms.asked("world_at") == [(rooms.store, rooms.loaded, last)]
    assert rooms.asked("assess") == [(world, rooms.loaded, {"ratings": ()})]
    assert rooms.asked("nvda_history") == [("features", ("w",) if warm else ())]
    assert rooms.asked("score_stock") == [("NVDA", "days", "history", *span)]
    words = ("--from", "A", "--panel", str(tmp_path), "--symbols", "MU, ,AMD", "--json")
    found = json.loads(rooms.call("risk", *words)[1])
    assert found == {"stocks": ["NVDA days", "MU MU", "AMD AMD"]}
    assert rooms.asked("history_of_file")[0] == (tmp_path / "MU.csv", tmp_path / "VIX.csv")
    assert rooms.asked("score_stock")[1:] == [("MU", "MU", "h", *span), ("AMD", "AMD", "h", *span)]


def test_the_state_of_things_for_programs(rooms: Rooms, monkeypatch: Patch) -> None:
    """An age of 36.3 hours is 1.5125 days."""
    old = NOW - timedelta(hours=36, minutes=18)
    released: list[int] = []
    holder: list[Any] = [Thing(name="other")]
    lock = Thing(holder=lambda: holder[0], release=lambda: released.append(1))
    rooms.store.newest_known_at = lambda: {"bar": old, "event": NOW}
    rooms.store.counts = lambda: {"bar": 7, "event": 1}
    rooms.store.item_count = lambda: 5
    rooms.store.ledger_entries = lambda: ("a", "b")
    rooms.store.job_runs = lambda job, limit: [f"{job} {limit}"]
    rooms.answer("engine.service.lock.leader_lock", lock)
    rooms.answer("engine.service.wiring.default_db_url", "sqlite:///own")
    rooms.answer("engine.service.schedule.sessions_around", "sessions")
    rooms.answer("engine.service.schedule.next_runs", {"report": NOW})
    states = ("never", "ok", "empty", "stale", "error")
    rooms.answer("engine.service.collecting.health", [Thing(state=s) for s in states])
    rooms.answer("engine.cli.said.status.text_of", lambda found, voice: f"{found['led_by']}")
    rooms.answer("engine.cli.commands.status.to_json", lambda found: json.dumps(found, default=str))
    found = json.loads(rooms.call("status", "--json", "--config", "c")[1])
    stale = found.pop("stale_feeds")
    assert stale == ["namespace(state='stale')", "namespace(state='error')"]
    assert found == {
        "record": "r.db", "strategy": "balanced", "config_hash": "d", "items": 5,
        "facts": [
            {"kind": "bar", "facts": 7, "newest_known_at": str(old), "age_days": 1.5},
            {"kind": "event", "facts": 1, "newest_known_at": str(NOW), "age_days": 0.0},
        ],
        "ledger_entries": 2, "last_runs": ["report 3", "collect 2"],
        "next_runs": {"report": str(NOW)}, "led_by": "other", "feeds_asked": 4, "feeds": 5,
    }  # fmt: skip
    assert rooms.asked("leader_lock") == [("sqlite:///own",)]
    assert rooms.asked("sessions_around") == [(NOW, rooms.loaded)]
    assert rooms.asked("next_runs") == [(NOW, "sessions", "schedule")]
    assert rooms.asked("health") == [(rooms.store, rooms.loaded, NOW)]
    holder[0] = None
    assert rooms.call("status", "--db", "u", "--config", "c")[1] == "None\n"
    assert rooms.asked("leader_lock") == rooms.asked("open") == [("u",)]
    assert rooms.asked("load") == [("c", None)]
    assert released == [1, 1]


# --- the ledger, scenarios, shares, mail ----------------------------------------------------------


def test_the_ledger_is_listed_from_its_newest_entries(rooms: Rooms, monkeypatch: Patch) -> None:
    entries = [
        Thing(
            seq=n, acts_on=DAY, strategy="balanced", revision=0, stands=True, made_at=NOW,
            entry_hash="a" * 64, payload={},
        )
        for n in range(25)
    ]  # fmt: skip
    opened(rooms, monkeypatch)
    rooms.answer("engine.record.ledger.entries", entries)

    def seen(*words: str) -> list[int]:
        return [row["seq"] for row in json.loads(rooms.call("ledger", *words, "--json")[1])]

    assert seen() == list(range(5, 25))
    assert seen("--limit", "2", "--strategy", "s") == [23, 24]
    assert rooms.asked("entries") == [("store", {"strategy": "s"})]
    assert rooms.call("ledger", "--limit", "0")[0] == 2
    words = ("ledger", "--limit", "1", "--db", "u", "--config", "c")
    assert rooms.call(*words)[1].splitlines()[1].split()[0] == "24"
    assert rooms.asked("there") == [("u", False)]


def opened(rooms: Rooms, monkeypatch: Patch) -> None:
    """A record that is there already."""
    from contextlib import contextmanager

    @contextmanager
    def there(url: str, *, create: bool) -> Any:
        rooms.calls.append(("there", url, create))
        yield "store"

    monkeypatch.setattr("engine.record.store.Store.open", there)
    monkeypatch.setattr("engine.cli.commands.ledger.record_url", lambda db, config: db or "own")


@pytest.mark.parametrize(
    ("reports", "stamps", "said"),
    [
        (0, 0, "7 entries hold; head h"),
        (1, 0, "7 entries hold, and the 1 report that names one; head h"),
        (2, 1, "7 entries hold, and the 2 reports that name one, and 1 time stamp; head h"),
        (0, 3, "7 entries hold, and 3 time stamps; head h"),
    ],
)
def test_a_chain_that_holds_is_told_with_what_names_it(
    rooms: Rooms, monkeypatch: Patch, reports: int, stamps: int, said: str
) -> None:
    opened(rooms, monkeypatch)
    rooms.answer("engine.record.ledger.verify", Thing(n_entries=7, entry_hash="h"))
    rooms.answer("engine.service.anchors.hold", reports)
    rooms.answer("engine.service.stamps.verify", stamps)
    rooms.answer("engine.service.stamps.folder", "stamps")
    rooms.answer("engine.service.runner.report_folder", "reports")
    assert rooms.call("ledger", "verify", "--config", "c")[:2] == (0, f"{said}\n")
    calls = [c for c in rooms.calls if c[0] in ("there", "hold", "verify")]
    assert calls == [
        ("there", "own", False), ("verify", "store", {"head": None}),
        ("hold", "store", "reports", ()),
        ("verify", "store", "ts", "stamps"),
    ]  # fmt: skip
    words = ("a.eml", "b", "--head", "x", "--db", "u", "--config", "c", "--json")
    assert json.loads(rooms.call("ledger", "verify", *words)[1]) == {
        "ok": True, "entries": 7, "head": "h", "reports": reports, "time_stamps": stamps,
    }  # fmt: skip
    assert rooms.asked("load") == [("c", None)]
    assert rooms.asked("hold") == [("store", "reports", [Path("a.eml"), Path("b")])]
    assert rooms.asked("verify")[0] == ("store", {"head": "x"})
    assert rooms.asked("there") == [("u", False)]


def test_scenarios_are_laid_over_the_last_evening_with_every_preset(rooms: Rooms) -> None:
    rooms.answer("engine.service.stressing.stress_table", lambda *given, step: {"n": len(given)})
    rooms.answer("engine.cli.said.stress.text_of", lambda table, voice: f"{table} {voice.lang}")
    assert rooms.call("stress", "--config", "c")[1] == "{'n': 4} en\n"
    ((store, folder, instant, presets, _),) = rooms.asked("stress_table")
    assert (store, folder, instant) == (rooms.store, Path("c"), "last")
    assert presets == ("cautious", "balanced", "conviction")
    words = (
        "--preset",
        "a",
        "--preset",
        "b",
        "--as-of",
        "2025-03-14",
        "--config",
        "c",
        "--db",
        "u",
    )
    assert json.loads(rooms.call("stress", *words, "--json")[1]) == {"n": 4}
    assert rooms.asked("stress_table")[0][1:4] == (Path("c"), "2025-03-14", ("a", "b"))
    assert (rooms.asked("load"), rooms.asked("open")) == ([("c", None)], [("u",)])


@pytest.mark.parametrize("done", [(), ("a sale",)])
def test_shares_are_valued_where_there_are_any(
    rooms: Rooms, monkeypatch: Patch, done: tuple[str, ...]
) -> None:
    found: list[Any] = [{"value": 5}]
    rooms.answer("engine.decision.holding.position", lambda *given: found[0])
    rooms.answer("engine.cli.commands.holding._kept", "kept")
    rooms.answer("engine.cli.commands.holding._text", lambda made, voice: f"{made} {voice.lang}")
    none = "nvsignal: no holding is configured (name your lots in holding.toml; 'nvsignal config "
    for mine in (None, Thing(lots=(), done=())):
        rooms.loaded.holding = mine
        code, _, err = rooms.call("holding")
        assert (code, err.startswith(none)) == (2, True)
    rooms.loaded.holding = mine = Thing(lots=("lot",), done=done)
    assert rooms.call("holding", "--db", "u", "--config", "c")[1] == "{'value': 5} en\n"
    assert rooms.asked("position") == [
        (mine, ("history", NOW), NOW, "kept" if done else {})
    ]  # fmt: skip
    assert rooms.asked("_kept") == [(rooms.store, rooms.loaded, NOW)] * bool(done)
    assert (rooms.asked("load"), rooms.asked("open")) == ([("c", None)], [("u",)])
    assert json.loads(rooms.call("holding", "--json")[1]) == {"value": 5}
    found[0] = None
    rooms.answer("engine.service.wiring.instant_at", NOW)
    assert rooms.call("holding")[::2] == (
        2, "nvsignal: nothing had been bought by 2026-11-24\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reached", "missed", "error", "problems", "code"),
    [
        (("a",), {}, "", (), 0), (("a",), {"b": "no"}, "", (), 1), ((), {}, "away", (), 1),
        (("a",), {}, "", ("bad",), 1),
    ],
)  # fmt: skip
def test_a_test_message_goes_to_each_channel(
    rooms: Rooms, reached: Any, missed: dict[str, str], error: str, problems: Any, code: int
) -> None:
    def send(channel: Any, at: datetime) -> Any:
        if error and channel.name == "push":
            raise FeedError("push", error)
        return Thing(reached=reached, missed=missed)

    mail, push = Thing(name="mail"), Thing(name="push")
    rooms.answer(
        "engine.service.channels.channels_of", Thing(usable=(mail, push), problems=problems)
    )
    rooms.answer("engine.report.courier.send_test", send)
    row = {"channel": "mail", "reached": list(reached), "not_reached": missed, "error": ""}
    other = row | {"channel": "push"}
    if error:
        other |= {"reached": [], "not_reached": {}, "error": f"push: {error}"}
    told = rooms.call("deliver", "--test", "--json", "--config", "c")
    assert (told[0], json.loads(told[1])) == (
        code, {"tried": [row, other], "unusable": list(problems)},
    )  # fmt: skip
    assert rooms.asked("send_test") == [(mail, NOW), (push, NOW)]
    assert rooms.asked("load") == [("c", None)]
    assert rooms.call("deliver", "--test", "--config", "c")[0] == code
    assert rooms.call("deliver")[0] == 2
    rooms.answer("engine.service.channels.channels_of", Thing(usable=(), problems=("bad",)))
    assert rooms.call("deliver", "--test")[:2] == (1, "cannot be used: bad\n")
    rooms.answer("engine.service.channels.channels_of", Thing(usable=(), problems=()))
    code, _, err = rooms.call("deliver", "--test")
    assert (code, "no channel is configured" in err) == (2, True)


@pytest.mark.parametrize(("worst", "code"), [("ok", 0), ("warning", 0), ("error", 1)])
def test_an_examination_ends_with_one_on_an_error(rooms: Rooms, worst: str, code: int) -> None:
    rooms.answer("engine.service.doctor.examine", [1])
    rooms.answer("engine.service.doctor.worst", worst)
    rooms.answer("engine.cli.said.doctor.text_of", lambda found, voice: f"{found} {voice.lang}")
    assert rooms.call("doctor", "--db", "u", "--config", "c")[:2] == (code, "[1] en\n")
    assert rooms.asked("examine") == [(Path("c"), "u", NOW)]
    assert json.loads(rooms.call("doctor", "--json")[1]) == {"worst": worst, "findings": [1]}
