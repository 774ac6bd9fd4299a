"""Known answers behind the pages: what is kept and listed, how it is served, rules on history."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import pytest

from engine.decision.rated import of_releases
from engine.errors import DataError, InputError, LedgerError
from engine.values import ThreatRating
from engine.web import app as door
from engine.web import desk as desks
from engine.web import trial, wire
from engine.web.app import LastDoor, create_app, server, static_files
from engine.web.desk import Desk, StoredReport
from engine.web.guard import Admission
from engine.web.jobs import Job
from tests.engine.report.sample_report import rating, v31
from tests.web.site import asked

NOW = datetime(2025, 8, 22, 12, 31, tzinfo=UTC)
DECIDES = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)  # 08:30 in New York, in summer
SECOND = timedelta(seconds=1)
Patch = pytest.MonkeyPatch


class Store:
    """A record whose facts are counted by their hash."""

    facts = "f"

    def data_hash(self, as_of: datetime) -> str:
        return self.facts

    def ledger_entries(self) -> tuple[int, ...]:
        return (1, 2, 3)


class Rooms:
    """The desk's helpers, which note what they are asked."""

    def __init__(self, patch: Patch, place: Path) -> None:
        self.made: list[tuple[Any, ...]] = []
        self.digest, self.decide_at, self.file = "d", "08:30", place / "balanced.toml"
        patch.setattr("engine.service.bind.load", self.load)
        patch.setattr("engine.service.wiring.world_at", self.world)
        patch.setattr("engine.service.wiring.assess", self.assess)

    def load(self, folder: Path, strategy: str | None = None) -> Any:
        self.made.append(("load", strategy))
        return self.config()

    def config(self) -> Any:
        decides = datetime.strptime(self.decide_at, "%H:%M").time()  # noqa: DTZ007
        return Thing(
            folder=self.file.parent, digest=self.digest, strategy_path=self.file, holding="mine",
            settings=Thing(decision=Thing(clock_time=decides, decide_at=self.decide_at)),
        )  # fmt: skip

    def world(self, store: Any, config: Any, as_of: datetime) -> Any:
        self.made.append(("world", as_of))
        return Thing(data_hash=store.facts, as_of=as_of)

    def assess(self, world: Any, config: Any) -> Any:
        self.made.append(("assess", world.as_of, config.digest))
        return Thing(world=world, config=config)

    def count(self, what: str) -> int:
        return sum(made[0] == what for made in self.made)


@pytest.fixture
def rooms(monkeypatch: Patch, tmp_path: Path) -> Rooms:
    return Rooms(monkeypatch, tmp_path)


@pytest.fixture
def desk(rooms: Rooms, tmp_path: Path) -> Any:
    return Desk(Store(), tmp_path, "mine.toml", lambda: NOW)  # type: ignore[arg-type]


# --- what is kept ---------------------------------------------------------------------------------


def test_a_world_is_made_once_before_and_once_after_the_hour_of_the_decision(
    desk: Any, rooms: Rooms
) -> None:
    """Up to 08:30 in New York it acts on today's session, from then on the next one."""
    config = rooms.config()
    for as_of, worlds in (
        (DECIDES - SECOND, 1), (DECIDES, 1), (DECIDES + SECOND, 2), (NOW, 2),
        (datetime(2025, 8, 23, 3, 59, tzinfo=UTC), 2),  # 23:59 of the same day
        (datetime(2025, 8, 23, 4, 0, tzinfo=UTC), 3),  # midnight, and before the hour again
    ):  # fmt: skip
        desk._world(config, as_of)
        assert rooms.count("world") == worlds
    desk.store.facts = "g"
    desk._world(config, NOW)
    assert rooms.count("world") == 4
    rooms.decide_at = "08:35"
    desk._world(rooms.config(), NOW)
    assert rooms.count("world") == 5


def test_a_decision_is_kept_by_rules_file_facts_and_instant(desk: Any, rooms: Rooms) -> None:
    first = desk.assessment(rooms.config(), NOW)
    assert desk.assessment(rooms.config(), NOW) is first
    assert rooms.count("assess") == 1
    rooms.digest = "e"
    assert desk.assessment(rooms.config(), NOW).config.digest == "e"
    rooms.file = rooms.file.with_name("cautious.toml")
    desk.assessment(rooms.config(), NOW)
    assert rooms.count("assess") == 3
    desk.store.facts = "g"
    assert desk.assessment(rooms.config(), NOW).world.data_hash == "g"
    desk.assessment(rooms.config(), NOW - timedelta(days=1))
    assert rooms.count("assess") == 5
    rooms.decide_at = "08:35"
    desk.assessment(rooms.config(), NOW)
    assert rooms.count("assess") == 6


def test_four_worlds_and_sixteen_decisions_are_kept(desk: Any) -> None:
    assert (desks.WORLDS_KEPT, desks.ASSESSMENTS_KEPT) == (4, 16)
    assert (desk._worlds._most, desk._assessments._most) == (4, 16)
    assert (desks.MAX_FILES, desks.MAX_FILE_BYTES) == (400, 5_000_000)


def test_the_configuration_is_the_deciding_one_or_a_preset(
    desk: Any, rooms: Rooms, tmp_path: Path
) -> None:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "cautious.toml").write_text("")
    desk.config()
    desk.config("cautious")
    file = tmp_path / "strategies" / "cautious.toml"
    assert rooms.made == [("load", "mine.toml"), ("load", str(file))]


def test_an_empty_day_is_now(desk: Any, monkeypatch: Patch) -> None:
    monkeypatch.setattr("engine.service.wiring.instant_at", lambda *given: given)
    assert desk.instant("") == desk.instant(None) == (desk.store, None, NOW)
    assert desk.instant("last") == (desk.store, "last", NOW)


@pytest.mark.parametrize(
    ("as_of", "polled"),
    [
        (NOW, ("health",)),
        (datetime(2025, 8, 23, 3, 59, tzinfo=UTC), ("health",)),  # New York's day is the same
        (datetime(2025, 8, 22, 3, 59, tzinfo=UTC), ()),
    ],
)
def test_a_report_knows_the_feeds_only_when_it_is_todays(
    desk: Any, rooms: Rooms, monkeypatch: Patch, as_of: datetime, polled: tuple[str, ...]
) -> None:
    monkeypatch.setattr(
        "engine.service.morning.past_decisions", lambda store, config, at: (config.digest, at)
    )
    monkeypatch.setattr(
        "engine.service.morning.registered_rules",
        lambda store, made, past: (made.world.as_of, past),
    )
    monkeypatch.setattr("engine.service.morning.report_of", lambda made, **more: (made, more))
    monkeypatch.setattr(desk, "feed_health", lambda: ("health",))
    made, told = desk.report(as_of)
    assert made.world.as_of == as_of
    assert told == {
        "past": ("d", as_of), "registered": (as_of, ("d", as_of)), "polled": polled,
        "holding": "mine", "present": NOW,
    }  # fmt: skip
    assert rooms.count("load") == 1
    other = rooms.config()
    other.digest = "other"
    assert desk.report(as_of, other)[1]["past"] == ("other", as_of)
    assert rooms.count("load") == 1


def test_the_record_of_what_was_said_until_a_day(desk: Any, monkeypatch: Patch) -> None:
    monkeypatch.setattr(
        "engine.service.morning.past_decisions", lambda store, config, at: ("past", store, at)
    )
    monkeypatch.setattr("engine.service.judging.whole_record", lambda *given: given)
    store, made, past, at = desk.record(NOW)
    assert (store, made.world.as_of, past, at) == (desk.store, NOW, ("past", desk.store, NOW), NOW)


def test_feeds_are_asked_for_where_they_are_configured(
    desk: Any, monkeypatch: Patch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "engine.service.collecting.feed_health",
        lambda store, known, now: (store, known.digest, now),
    )
    assert desk.feed_health() == ()
    (tmp_path / "feeds.toml").write_text("")
    assert desk.feed_health() == (desk.store, "d", NOW)


def test_the_highest_score_comes_first_then_the_newer_release(
    desk: Any, monkeypatch: Patch
) -> None:
    def rated(name: str, score: float, day: int, **more: Any) -> ThreatRating:
        more |= {"rated_at": NOW + timedelta(days=day), "score_low": -99.0, "score_high": 99.0}
        parts = {**dict.fromkeys(rating().channels, 0.0), "residual": score}
        return replace(rating(), model=name, score=score, channels=parts, **more)

    ratings = [
        rated("low", 1.0, 0), rated("older", 5.0, 1), rated("newer", 5.0, 2), rated("high", 9.0, 0),
        rated("foreign", 99.0, 0), rated("blind", 50.0, 0, rateable=False),
    ]  # fmt: skip
    told = {r.model: replace(v31(), model=r.model) for r in ratings if r.model != "foreign"}
    monkeypatch.setattr("engine.report.build.release_versions", lambda history, at: told)
    monkeypatch.setattr(
        desk,
        "assessment",
        lambda config, at: Thing(
            world=Thing(history="h", as_of=at), ratings=[Thing(rating=r) for r in ratings]
        ),
    )
    league = desk.league(NOW)
    assert [pair[1].model for pair in league] == ["high", "newer", "older", "low", "blind"]
    assert all(release.model == r.model for release, r in league)
    assert len(list(of_releases(ratings))) == 6


def test_the_ledger_is_shown_from_its_end_and_its_fault_in_words(
    desk: Any, monkeypatch: Patch
) -> None:
    assert desk.ledger() == (3, 2, 1)
    monkeypatch.setattr("engine.record.ledger.verify", lambda store: None)
    assert desk.ledger_problem() == ""

    def broken(store: Any) -> None:
        raise LedgerError("entry 2 is not the one that was written")

    monkeypatch.setattr("engine.record.ledger.verify", broken)
    assert desk.ledger_problem() == "entry 2 is not the one that was written"


def test_stored_reports_are_listed_from_the_latest_name_and_read_up_to_a_size(
    desk: Any, monkeypatch: Patch, tmp_path: Path
) -> None:
    folder = tmp_path / "reports"
    monkeypatch.setattr("engine.service.runner.report_folder", lambda config: folder)
    assert desk.stored_reports() == ()
    folder.mkdir()
    for name, size in (("2025-08-21.html", 3), ("2025-08-22.json", 5), (".x.md", 1), ("a.exe", 1)):
        (folder / name).write_bytes(b"x" * size)
    (folder / "b.html").symlink_to(folder / "2025-08-21.html")
    (folder / "c.html").mkdir()
    latest, first = (
        StoredReport(name="2025-08-22.json", n_bytes=5),
        StoredReport(name="2025-08-21.html", n_bytes=3),
    )
    assert desk.stored_reports() == (latest, first)
    monkeypatch.setattr(desks, "MAX_FILES", 1)
    assert desk.stored_reports() == (latest,)
    monkeypatch.setattr(desks, "MAX_FILE_BYTES", 5)
    assert desk.stored_report("2025-08-22.json") == b"xxxxx"
    with pytest.raises(InputError, match=r"no stored report '2025-08-21.html'"):
        desk.stored_report("2025-08-21.html")
    with pytest.raises(InputError, match=f"^no stored report '{'x' * 60}'$"):
        desk.stored_report("x" * 70)
    monkeypatch.setattr(desks, "MAX_FILE_BYTES", 4)
    with pytest.raises(InputError, match=r"'2025-08-22.json' is larger than 4 bytes"):
        desk.stored_report("2025-08-22.json")


def test_scenarios_begun_are_shared_and_the_oldest_that_ended_are_forgotten(
    desk: Any, monkeypatch: Patch
) -> None:
    begun: list[Job] = []

    def start(title: str, work: Any) -> Job:
        begun.append(Job(job_id=str(len(begun)), title=title))
        return begun[-1]

    monkeypatch.setattr(desk.jobs, "start", start)
    monkeypatch.setattr(desk, "config", lambda name: Thing(digest=name))
    day = timedelta(days=1)
    jobs = [desk.stress(NOW + n * day) for n in range(6)]
    assert [desk.stress(NOW + n * day) for n in range(6)] == jobs == begun
    assert jobs[0].title == "stress"
    for job in jobs[1:4]:
        job.state = "done"
    desk.stress(NOW + 6 * day)  # seven are kept, three of them ended: three make room
    assert list(desk._stressed.values()) == [jobs[0], *jobs[4:], begun[6]]
    jobs[4].state = "done"
    jobs[5].state = "done"
    desk.stress(NOW + 7 * day)  # five, of which one may go: the older one that ended
    assert list(desk._stressed.values()) == [jobs[0], jobs[5], *begun[6:]]
    for state in ("failed", "cancelled"):
        again = desk.stress(NOW)
        again.state = state
        assert desk.stress(NOW) is again  # told once, and begun again by the next
        assert desk.stress(NOW) is not again
    desk.store.facts = "g"
    n = len(begun)
    desk.stress(NOW)
    assert len(begun) == n + 1


def test_scenarios_are_laid_over_the_desks_own_record(
    desk: Any, monkeypatch: Patch, tmp_path: Path
) -> None:
    kept: list[Any] = []
    monkeypatch.setattr(
        desk.jobs, "start", lambda title, work: kept.append(work) or Thing(over=False)
    )
    monkeypatch.setattr(desk, "config", lambda name: Thing(digest=name))
    monkeypatch.setattr(
        "engine.service.stressing.stress_table", lambda *given, step: (*given, step)
    )
    desk.stress(NOW)
    assert kept[0](Thing(step="s")) == (desk.store, tmp_path, NOW, "s")


# --- how it is served -----------------------------------------------------------------------------


def test_the_server_is_quiet_and_lets_nobody_wait() -> None:
    config = server(Thing()).config  # type: ignore[arg-type]
    assert (config.http, config.log_level, config.ws) == (wire.Connection, "error", "none")
    assert (config.access_log, config.server_header, config.proxy_headers) == (False, False, False)
    assert (config.timeout_keep_alive, config.timeout_graceful_shutdown) == (5, 3)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.EADDRINUSE, "port 80 on h is taken (another program has it: stop it, or use "
                           "--port 81)"),
        (errno.EACCES, "port 80 may not be used (choose one above 1023)"),
        (errno.EADDRNOTAVAIL, f"cannot listen on h:80 ({os.strerror(errno.EADDRNOTAVAIL)})"),
    ],
)  # fmt: skip
def test_a_port_that_cannot_be_had_is_explained(code: int, said: str) -> None:
    assert str(door._cannot_listen("h", 80, OSError(code, os.strerror(code)))) == said


def test_an_address_of_either_kind_is_bound() -> None:
    with door.listen("127.0.0.1", 0) as four:
        assert four.family == socket.AF_INET
        assert four.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
    with pytest.raises(InputError, match=r"cannot listen on 192.0.2.1:0"):
        door.listen("192.0.2.1", 0)  # an address of documentation, never ours (RFC 5737)
    with suppress(InputError), door.listen("::1", 0) as six:  # a machine may have none of them
        assert six.family == socket.AF_INET6


def test_static_files_have_their_kinds() -> None:
    found = static_files()
    assert {name: kind for name, (_, kind) in found.items()} == {
        "style.css": "text/css", "htmx.min.js": "text/javascript",
        "htmx.LICENSE.txt": "text/plain", "icon.svg": "image/svg+xml",
    }  # fmt: skip
    report, own = (door.resources.files("engine") / name for name in (
        "report/templates/style.css.j2", "web/static/page.css"))  # fmt: skip
    assert found["style.css"][0] == report.read_bytes() + b"\n" + own.read_bytes()


def test_programs_are_answered_only_where_there_is_an_answer(tmp_path: Path) -> None:
    def addresses(answers: Any) -> set[str]:
        admission = Admission(names=frozenset({"localhost"}))
        made = create_app(
            Store(),  # type: ignore[arg-type]
            tmp_path,
            admission=admission,
            clock=lambda: NOW,
            strategy="s",
            language="fr",
            answers=answers,
        )
        pages = made.state.pages
        assert pages.programs is (answers is not None)
        assert (pages.language, pages.desk.strategy, pages.desk.folder) == ("fr", "s", tmp_path)
        return {route.path for route in made.routes}  # type: ignore[attr-defined]

    assert addresses(lambda q, a: "") - addresses(None) == {"/api/{question}"}


def test_the_end_of_the_server_stops_what_runs(tmp_path: Path) -> None:
    made = create_app(
        Store(),  # type: ignore[arg-type]
        tmp_path,
        admission=Admission(names=frozenset()),
        clock=lambda: NOW,
    )
    jobs = [Job(job_id="a", title="a", state="running") for _ in range(2)]
    made.state.pages.jobs._jobs["a"], made.state.pages.desk.jobs._jobs["a"] = jobs

    async def live() -> list[bool]:
        async with made.router.lifespan_context(made):
            return [job.stop.is_set() for job in jobs]

    assert asyncio.run(live()) == [False, False]
    assert [job.stop.is_set() for job in jobs] == [True, True]


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("kind", ["http", "lifespan"])
def test_half_an_answer_is_not_begun_again(begun: bool, kind: str) -> None:
    """Only a request is answered, and only one that was not answered yet."""
    sent: list[Any] = []

    async def failing(scope: Any, receive: Any, send: Any) -> None:
        if begun:
            await send({"type": "http.response.start"})
        raise ValueError("no")

    async def broken(request: Any, error: Exception) -> Any:
        async def answer(scope: Any, receive: Any, send: Any) -> None:
            await send(str(error))

        return answer

    async def send(message: Any) -> None:
        sent.append(message)

    last = LastDoor(failing, Thing(broken=broken))  # type: ignore[arg-type]
    scope = asked().scope | {"type": kind}
    if kind == "lifespan":
        with pytest.raises(ValueError, match="no"):
            asyncio.run(last(scope, None, send))  # type: ignore[arg-type]
    else:
        asyncio.run(last(scope, None, send))  # type: ignore[arg-type]
    assert sent == [{"type": "http.response.start"}] * begun + ["no"] * (
        kind == "http" and not begun
    )


# --- rules on history -----------------------------------------------------------------------------


class Bench:
    """Every room that a trial calls, each noting what it is given."""

    def __init__(self, patch: Patch) -> None:
        self.steps: list[tuple[str, float]] = []
        self.calls: dict[str, list[Any]] = {}
        market = Thing(at_close=Thing(sum=lambda: 3))
        self.window = trial_window(market)
        for place, name, answer in (
            ("backtests.benchmarks", "after_tax", "taxed"),
            ("backtests.benchmarks", "yardsticks", "yardsticks"),
            ("backtests.metrics", "summarise", "summary"),
            ("backtests.overfitting", "verdict", "verdict"),
            ("backtests.reliability", "score_falls", "chances"),
            ("backtests.replay", "replay", "run"),
            ("backtests.replay", "buy_and_hold", "holding"),
            ("backtests.tearsheet", "sheet_of", "sheet"),
            ("engine.decision.decide", "evaluate", Thing(target_weight=Weights())),
            ("engine.service.basis", "notes", ["note"]),
            ("engine.service.history", "open_window", self.window),
            ("engine.service.history", "rule_numbers", "numbers"),
            ("engine.service.history", "identity", "identity"),
            ("engine.service.history", "note_run", None),
            ("engine.service.history", "attempts", "tried"),
            ("engine.service.history", "evidence_of", ("evidence", "figures", "theirs")),
        ):
            patch.setattr(f"{place}.{name}", self.noting(name, answer))

    def noting(self, name: str, answer: Any) -> Any:
        def called(*given: Any, **more: Any) -> Any:
            self.calls.setdefault(name, []).append((given, more))
            return answer

        return called

    def step(self, stage: str, share: float) -> None:
        self.steps.append((stage, round(share, 6)))


class Weights:
    """Targets of the whole record, cut to the rows of the window."""

    def __getitem__(self, rows: Any) -> Any:
        return Thing(rows=rows, tolist=lambda: [1.0, 0.5])


def trial_window(market: Any) -> Any:
    from dataclasses import make_dataclass

    names = "config market features rows earlier first last data_hash"
    fixed = ("c", market, "features", "rows", "earlier", date(2025, 1, 2), date(2025, 6, 30), "h")
    return make_dataclass("Window", names.split(), frozen=True)(*fixed)


def rules(name: str, folder: str = "f") -> Any:
    rule = Thing(exit_below=-0.2, enter_above=0.1)
    blend = Thing(voices=[Thing(strategy=Thing(name=f"{name} voice"))], rule=rule)
    return name, Thing(
        folder=folder, blend=blend, digest=f"{name} d", strategy=Thing(name=f"{name}!")
    )


def tried(bench: Bench, *chosen: Any, **changes: Any) -> trial.TrialOutcome:
    given: Any = {"first": date(2025, 1, 1), "last": date(2025, 7, 1), "spread_bps": 7.0,
                  "now": NOW, "step": bench.step} | changes  # fmt: skip
    return trial.run_trials("store", chosen, **given)  # type: ignore[arg-type]


def test_a_trial_asks_each_room_for_its_part(monkeypatch: Patch) -> None:
    bench = Bench(monkeypatch)
    a, b = rules("a"), rules("b")
    found = tried(bench, a, b)
    ((given, more),) = bench.calls["open_window"]
    assert given[:2] == ("store", a[1])
    assert (given[2].spread_bps, *given[3:]) == (7.0, date(2025, 1, 1), date(2025, 7, 1))
    assert more == {"now": NOW}
    assert (found.first, found.last, found.data_hash) == (date(2025, 1, 2), date(2025, 6, 30), "h")
    assert (found.spread_bps, found.holding, found.holding_figures, found.at_close) == (
        7.0, "holding", "summary", 3,
    )  # fmt: skip
    assert [t.name for t in found.trials] == ["a", "b"]
    one = found.trials[1]
    assert (one.run, one.figures, one.evidence, one.target_weight, one.sheet) == (
        "run", "figures", "evidence", (1.0, 0.5), "sheet",
    )  # fmt: skip
    own = replace(bench.window, config=b[1])
    market, (target,) = own.market, [bench.calls["replay"][1][0][1]]
    assert target.rows == "rows"
    calls = {name: made[-1] for name, made in bench.calls.items()}
    assert calls["replay"] == ((market, target), {})
    assert calls["evaluate"] == ((b[1].blend, "features"), {})
    assert calls["rule_numbers"] == ((b[1].blend,), {})
    assert calls["identity"] == (("numbers", own), {})
    assert calls["note_run"] == (("store", own, "b!", "identity", "run", NOW), {})
    assert calls["attempts"] == (("store", own), {})
    assert calls["evidence_of"] == ((market, "run", target, "tried"), {})
    assert calls["verdict"] == (("evidence",), {})
    assert calls["yardsticks"] == ((market, "run", "earlier"), {})
    assert calls["after_tax"] == ((market, target), {})
    assert calls["score_falls"] == (("features", "rows"), {})
    assert calls["summarise"] == (("holding",), {})
    given, more = calls["sheet_of"]
    assert given == (market, "run", "holding", target)
    assert more.pop("evaluation").target_weight
    assert more == {
        "strategy": "b", "verdict": "verdict", "names": ["b voice"], "rows": "rows",
        "evidence": "evidence", "yardsticks": "yardsticks", "after_tax": "taxed",
        "notes": ["note"], "chances": "chances", "exit_below": -0.2, "enter_above": 0.1,
        "receipt": {"config_hash": "b d", "data_hash": "h"},
    }  # fmt: skip


def test_the_bar_of_a_trial_moves_on(monkeypatch: Patch) -> None:
    """A window takes 70 % of the time; what is left is shared by the rules: 0.7, 0.7 + 0.3/2."""
    read = "Reading the record and rating the releases of its time"
    play, luck = "Replaying the decisions with costs", "Asking how much of the result could be luck"
    bench = Bench(monkeypatch)
    tried(bench, rules("a"), rules("b"))
    assert bench.steps == [(read, 0.05), (play, 0.7), (luck, 0.75), (play, 0.85), (luck, 0.9)]
    bench.steps.clear()
    tried(bench, rules("a"))
    assert bench.steps == [(read, 0.05), (play, 0.7), (luck, 0.75)]


def test_one_or_two_rules_of_one_folder_are_tried(monkeypatch: Patch) -> None:
    bench = Bench(monkeypatch)
    for n in (0, 3):
        with pytest.raises(InputError, match=rf"^{n} rules at once \(1 to 2\)$"):
            tried(bench, *(rules("a") for _ in range(n)))
    with pytest.raises(InputError, match="two configuration folders cannot share one window"):
        tried(bench, rules("a"), rules("b", "g"))

    def stop(stage: str, share: float) -> None:
        raise DataError("stopped")

    with pytest.raises(DataError, match="stopped"):
        tried(bench, rules("a"), step=stop)
