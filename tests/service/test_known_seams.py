"""Known answers of small parts of the house: tables that end, the way out, stamps, pauses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import httpx
import pytest

from config.frozen import FROZEN_ON
from engine.decision.overdue import SOON
from engine.errors import InputError, LedgerError
from engine.service import (
    channels,
    heldback,
    judging,
    outside,
    registering,
    sheets,
    stamps,
    tables,
)
from engine.service.afterwards import PAUSE, Afterwards
from engine.service.outside import MAX_BYTES, OutsideError, exchange

NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
TODAY, DAY, SECOND = date(2026, 11, 24), timedelta(days=1), timedelta(seconds=1)
Patch = pytest.MonkeyPatch


# --- tables of things to come ---------------------------------------------------------------------


def write(folder: Path, name: str, *rows: str) -> None:
    (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.mark.parametrize(("ahead", "n"), [(SOON, 0), (SOON - DAY, 1)])
def test_a_calendar_that_ends_within_half_a_year_is_told(
    tmp_path: Path, ahead: timedelta, n: int
) -> None:
    write(tmp_path, "fomc_meetings.csv", "meeting_end,status", f"{TODAY},held",
          f"{TODAY + ahead},scheduled", f"{TODAY - DAY},decided")  # fmt: skip
    found = tables._meetings(tmp_path, TODAY)
    assert len(found) == n
    assert not n or f"the last meeting is that of {TODAY + ahead}" in found[0]
    write(tmp_path, "fomc_meetings.csv", "meeting_end,status")
    assert "there is no meeting" in tables._meetings(tmp_path, TODAY)[0]


def test_a_meeting_that_was_held_lacks_its_decision(tmp_path: Path) -> None:
    states = ("scheduled", "decided", "cancelled")
    rows = [f"{TODAY},scheduled", *(f"{TODAY - DAY},{state}" for state in states)]
    write(tmp_path, "fomc_meetings.csv", "meeting_end,status", *rows)
    (line,) = tables._decisions(tmp_path, TODAY)
    assert line.startswith(f"fomc_meetings.csv:3: the meeting of {TODAY - DAY} was held")


def test_results_that_were_reported_lack_their_figures(tmp_path: Path) -> None:
    head = "report_datetime_et,fiscal_quarter,revenue_usd_bn"
    write(tmp_path, "nvidia_earnings.csv", head, f"{TODAY - DAY}T16:20,Q1,", f"{TODAY}T16:20,Q2,",
          "2026-01-01T16:20,Q0,57.0")  # fmt: skip
    (line,) = tables._results(tmp_path, TODAY)
    assert line.startswith("nvidia_earnings.csv:2: Q1 was reported on 2026-11-23")
    write(tmp_path, "nvidia_earnings.csv", head, f"{TODAY - DAY}T16:20,Q1,57.0")
    assert "no report lies ahead" in tables._results(tmp_path, TODAY)[0]
    assert tables._once(["a.csv:1: x", "a.csv:1: y", "b.csv:1: x", "z"]) == [
        "a.csv:1: x", "b.csv:1: x", "z"]  # fmt: skip


# --- the way out ----------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: Patch) -> Iterator[list[httpx.Request]]:
    """Answers by path; every request is noted."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        size = request.url.params.get("size")
        if request.url.path == "/broken":
            raise httpx.ConnectError("no")
        if size is not None:
            return httpx.Response(200, stream=httpx.ByteStream(b"x" * int(size)))
        return httpx.Response(int(request.url.path[1:]), stream=httpx.ByteStream(b"told"))

    made: list[dict[str, Any]] = []

    def transport(**given: Any) -> httpx.MockTransport:
        made.append(given)
        return httpx.MockTransport(answer)

    monkeypatch.setattr("feeds.guard.GuardedTransport", transport)
    yield seen
    assert all(given["allow_private"] is False for given in made)
    assert all(given["monotonic"] is time.monotonic for given in made)
    for request in seen:
        assert 0.0 < request.extensions["deadline"] - time.monotonic() <= 5.0
        assert set(request.extensions["timeout"].values()) == {5.0}


def test_one_exchange_is_a_get_or_a_post(asked: list[httpx.Request]) -> None:
    assert exchange("https://e.org/200", allow_private=False) == b"told"
    exchange("https://e.org/201", allow_private=False, body=b"q", media_type="a/b")
    exchange("https://e.org/200", allow_private=False, body=b"")
    assert [r.method for r in asked] == ["GET", "POST", "POST"]
    assert (asked[1].content, asked[1].headers["content-type"]) == (b"q", "a/b")
    assert "content-type" not in asked[0].headers
    assert asked[0].headers["user-agent"] == "nvsignal"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://e.org/500?key=planted", "e.org answered 500"),
        ("https://e.org/302?key=planted", "e.org answered 302"),
        ("https://e.org/broken?key=planted", r"e.org could not be asked \(ConnectError\)"),
        (f"https://e.org/200?size={MAX_BYTES + 1}", "answered more than 200,?000 bytes"),
        ("ftp://e.org/planted", "not http"),
        ("https:///planted", "not http"),
        ("https://[planted", "not http"),
    ],
)
def test_an_exchange_that_fails_names_the_host_alone(
    asked: list[httpx.Request], url: str, said: str
) -> None:
    with pytest.raises(OutsideError, match=said) as failed:
        exchange(url, allow_private=False)
    assert "planted" not in str(failed.value)


def test_an_exchange_may_be_with_a_neighbour_where_that_is_allowed(monkeypatch: Patch) -> None:
    made: list[dict[str, Any]] = []

    def transport(**given: Any) -> httpx.MockTransport:
        made.append(given)
        return httpx.MockTransport(
            lambda request: httpx.Response(200, stream=httpx.ByteStream(b"a"))
        )

    monkeypatch.setattr("feeds.guard.GuardedTransport", transport)
    assert exchange("http://127.0.0.1/", allow_private=True) == b"a"
    assert made[0]["allow_private"] is True


def test_an_answer_may_be_as_large_as_the_bound(asked: list[httpx.Request]) -> None:
    whole = exchange(f"https://e.org/200?size={MAX_BYTES}", allow_private=False)
    assert len(whole) == MAX_BYTES
    assert outside._host(f"https://{'a' * 120}.org/") == "a" * 100


# --- stamps, and what follows a delivery ----------------------------------------------------------


@pytest.mark.parametrize(
    ("early", "fine"), [(stamps.EARLY, True), (stamps.EARLY + SECOND, False), (-DAY, True)]
)
def test_a_stamp_is_not_much_earlier_than_its_entry(
    monkeypatch: Patch, tmp_path: Path, early: timedelta, fine: bool
) -> None:
    (tmp_path / "abc.tsr").write_bytes(b"x")
    entry = Thing(entry_hash="abc", made_at=NOW)
    monkeypatch.setattr("engine.record.ledger.entries", lambda store: [entry])
    monkeypatch.setattr(stamps, "_roots", lambda settings: ())
    monkeypatch.setattr(stamps, "_library", lambda: Thing(VerifierBuilder=lambda: None))
    monkeypatch.setattr(stamps, "_verified", lambda told, digest, roots, builder: NOW - early)
    settings: Any = Thing(roots_file="r.pem")
    store: Any = None
    if fine:
        assert stamps.verify(store, settings, tmp_path) == 1
    else:
        with pytest.raises(LedgerError, match="made after its stamp"):
            stamps.verify(store, settings, tmp_path)
    assert (stamps.MAX_STAMP_BYTES, stamps.EARLY) == (200_000, 300 * SECOND)
    unlooked: Any = Thing(roots_file="")
    assert stamps.verify(store, unlooked, tmp_path) == 0
    assert stamps.verify(store, settings, tmp_path / "none") == 0
    (tmp_path / "abd.tsr").write_bytes(b"x")
    monkeypatch.setattr(stamps, "_verified", lambda *given: NOW)
    with pytest.raises(LedgerError, match="abd"):
        stamps.verify(store, settings, tmp_path)


def test_a_failed_ping_waits_ten_minutes_and_is_done_once(monkeypatch: Patch) -> None:
    monkeypatch.setenv("PING", " https://e.org/planted ")
    sent: dict[str, datetime] = {}
    pinged: list[str] = []
    said: list[str] = []

    def ping(address: str) -> None:
        pinged.append(address)
        if len(pinged) < 3:
            raise ValueError(address)

    def config(told: bool) -> Any:
        kinds = ["digest"] if told else ["event"]
        return Thing(settings=Thing(
            timestamp=Thing(url=""), watch=Thing(ping_url_env="PING", allow_private=False),
            delivery=Thing(channel=[Thing(name="c", kinds=kinds)]),
        ))  # fmt: skip

    monkeypatch.setattr("engine.report.courier.report_sent", lambda store, name, day: False)
    store: Any = Thing(sent_at=sent.get, mark_sent=sent.__setitem__)
    log: Any = Thing(
        redact=str, warning=lambda event, **more: said.append(f"{event} {more['why']}")
    )
    after = Afterwards(store=store, config=config(True), log=log, place=Path(), ping=ping)
    after(TODAY, NOW)
    assert not pinged  # the report has not gone out on the channel that carries it
    after.config = config(False)
    after(None, NOW)
    for wait in (
        timedelta(0),
        timedelta(0),
        PAUSE - SECOND,
        PAUSE,
        PAUSE + PAUSE - SECOND,
        2 * PAUSE,
        3 * PAUSE,
    ):
        after(TODAY, NOW + wait)
    assert pinged == ["https://e.org/planted"] * 3
    assert said == ["ping_failed ValueError"] * 2
    assert sent == {f"ping|{TODAY}": NOW + 2 * PAUSE}
    after(TODAY + DAY, NOW + 4 * PAUSE)
    assert len(pinged) == 4
    del pinged[1:]  # the next one fails; the clock is then set back, and it is tried at once
    for wait in (4 * PAUSE, 4 * PAUSE - SECOND):
        after(TODAY + 3 * DAY, NOW + wait)
    assert (len(pinged), len(said)) == (3, 3)
    monkeypatch.setenv("PING", " ")
    after(TODAY + 2 * DAY, NOW + 5 * PAUSE)
    assert "PING is not set" in said[-1]


def test_a_request_for_a_stamp_is_posted_as_one(monkeypatch: Patch) -> None:
    asked: list[Any] = []

    def told(*given: Any, **more: Any) -> bytes:
        asked.append((given, more))
        return b"answer"

    monkeypatch.setattr(outside, "exchange", told)
    settings: Any = Thing(url="https://e.org/", allow_private=True)
    assert stamps._asker(settings)(b"question") == b"answer"
    assert asked == [(("https://e.org/",), {
        "allow_private": True, "body": b"question", "media_type": "application/timestamp-query",
    })]  # fmt: skip


def test_each_of_the_two_that_follow_is_done_where_it_is_set(monkeypatch: Patch) -> None:
    """A stamp needs no delivery; a ping needs it on every channel that carries reports."""
    asked: list[Any] = []
    sent = {"a": True, "b": False}
    monkeypatch.setattr(
        "engine.report.courier.report_sent", lambda store, name, day: sent[name] and day == TODAY
    )

    def stamp(*given: Any) -> None:
        asked.append(given)

    monkeypatch.setattr(stamps, "stamp", stamp)

    def exchanged(*given: Any, **more: Any) -> None:
        asked.append((given, more))

    monkeypatch.setattr(outside, "exchange", exchanged)
    monkeypatch.setenv("PING", "https://e.org/")
    timestamp, watch = Thing(url="u"), Thing(ping_url_env="PING", allow_private=True)
    ways = [Thing(name=name, kinds=["digest"]) for name in sent]
    config: Any = Thing(
        settings=Thing(timestamp=timestamp, watch=watch, delivery=Thing(channel=ways))
    )
    marked: dict[str, datetime] = {}
    store: Any = Thing(sent_at=marked.get, mark_sent=marked.__setitem__)
    log: Any = None
    after = Afterwards(store=store, config=config, log=log, place=Path("p"), ask="ask")  # type: ignore[arg-type]
    after(TODAY, NOW)
    assert asked == [(store, timestamp, Path("p"), "ask")]
    assert marked == {f"stamp|{TODAY}": NOW}
    sent["b"] = True
    timestamp.url = ""
    after(TODAY, NOW)
    assert asked[1:] == [(("https://e.org/",), {"allow_private": True})]
    watch.ping_url_env = ""
    after(TODAY + DAY, NOW)
    assert len(asked) == 2
    assert set(marked) == {f"stamp|{TODAY}", f"ping|{TODAY}"}


# --- channels, held-back months, sheets -----------------------------------------------------------


def test_earlier_reports_are_those_made_before(monkeypatch: Patch) -> None:
    runs = [Thing(status=status, day=TODAY + n * DAY) for n, status in (
        (0, "done"), (-1, "failed"), (-2, "done"), (-4, "done"), (1, "done"))]  # fmt: skip
    asked: list[Any] = []
    monkeypatch.setattr("engine.service.schedule.session_of", lambda run: run.day)
    store: Any = Thing(job_runs=lambda job, limit: asked.append((job, limit)) or runs)
    assert channels._earlier(store, TODAY) == (TODAY - 4 * DAY, TODAY - 2 * DAY)
    assert asked == [("report", 11)]
    bare: Any = Thing(facts=lambda kinds: ())
    assert channels.live_events(bare) == ()


def test_a_held_back_run_needs_a_statement_of_the_same_rule(monkeypatch: Patch) -> None:
    first = heldback.FIRST_ON
    assert first - FROZEN_ON == DAY
    told = [
        {"label": "forward", "from": f"{first}", "rule": "r", "preset": "p"},
        {"label": registering.HELD_BACK, "from": f"{FROZEN_ON}", "rule": "r"},
        {"label": registering.HELD_BACK, "from": f"{first}", "rule": "r", "preset": "p"},
        {"label": registering.HELD_BACK, "from": f"{first + DAY}", "rule": "r"},
    ]
    config: Any = Thing(strategy=Thing(name="balanced"))
    store: Any = None
    monkeypatch.setattr(registering, "known_statements", lambda store, config: told)
    monkeypatch.setattr(registering, "rule_of", lambda config: "other")
    assert heldback.statement_for(store, config) is told[2]
    with pytest.raises(InputError, match="p is no longer the rule"):
        heldback.run(store, config, now=NOW)
    monkeypatch.setattr(registering, "rule_of", lambda config: "r")
    for evening, said in ((FROZEN_ON, "no price after"), (first, "read")):
        end = datetime(evening.year, evening.month, evening.day, 23, tzinfo=UTC)
        monkeypatch.setattr("engine.service.wiring.last_evening", lambda store, end=end: end)

        def world(store: Any, config: Any, at: datetime, end: datetime = end) -> Any:
            raise InputError(f"read at {at:%H:%M}" if at == end else "too late")

        monkeypatch.setattr("engine.service.wiring.world_at", world)
        with pytest.raises(InputError, match=said):
            heldback.run(store, config, now=NOW)
    del told[2:]
    with pytest.raises(InputError, match="balanced is not registered"):
        heldback.statement_for(store, config)


@pytest.mark.parametrize(
    ("last", "window"),
    [(date(2026, 3, 1), None), (date(2026, 3, 2), (2, 2)), (date(2026, 3, 9), (2, 6))],
)
def test_a_period_is_measured_up_to_its_end_or_the_last_price(
    monkeypatch: Patch, last: date, window: tuple[int, int] | None
) -> None:
    bars = {date(2026, 2, 27): 1, last: 1}
    monkeypatch.setattr("engine.record.asof.bars_at", lambda history, symbol, at: bars)
    monkeypatch.setattr(
        "engine.service.history.window_of",
        lambda assessment, costs, first, until: (first.day, until.day, asdict(costs)),
    )
    assessment: Any = Thing(world=Thing(history=None, as_of=NOW))
    told = {"from": "2026-03-02", "until": "2026-03-06"}
    if window is None:
        with pytest.raises(InputError, match="no price from 2026-03-02 on"):
            judging.window_for(assessment, told)
        return
    found: Any = judging.window_for(assessment, told)
    assert found[:2] == window
    bars.clear()
    with pytest.raises(InputError):
        judging.window_for(assessment, told)


def test_what_was_asked_for_is_written(monkeypatch: Patch, tmp_path: Path) -> None:
    monkeypatch.setattr("backtests.sheet_page.render", lambda sheet, lang: f"{sheet} in {lang}")
    monkeypatch.setattr("backtests.tearsheet.ledger_csv", lambda sheet: f"{sheet},1")
    sheet: Any = "a sheet"
    page, table = tmp_path / "a.html", tmp_path / "a.csv"
    assert sheets.write_sheet(sheet, html=None, ledger=None, lang="fr") == []
    assert sheets.write_sheet(sheet, html=page, ledger=table, lang="fr") == [page, table]
    assert (page.read_text(), table.read_text()) == ("a sheet in fr", "a sheet,1")


def test_statements_of_a_preset_come_from_the_ledger_and_from_its_folder(
    monkeypatch: Patch, tmp_path: Path
) -> None:
    """One that stands in both is the ledger's; another preset's is left out."""
    (tmp_path / registering.FOLDER).mkdir()
    own = {"preset": "p", "from": "2026-01-01"}
    read = {"a.json": [own, {**own, "from": "2026-02-01", "registered_at": "x"}],
            "b.json": [{**own, "preset": "q"}]}  # fmt: skip
    for name in read:
        (tmp_path / registering.FOLDER / name).write_text("")
    monkeypatch.setattr(registering, "read_statements", lambda path: read[path.name])
    monkeypatch.setattr(
        registering, "statements",
        lambda store, name: [{**own, "entry_hash": "h", "registered_at": "t", "revision": 1}],
    )  # fmt: skip
    config: Any = Thing(folder=tmp_path, strategy=Thing(name="p"))
    store: Any = None
    first, second = registering.known_statements(store, config)
    assert first["entry_hash"] == "h"
    assert (second["from"], second["file"], len(second["entry_hash"])) == (
        "2026-02-01", "a.json", 64)  # fmt: skip
