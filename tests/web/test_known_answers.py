"""Known answers of the page without a server: who may ask, how long, how much, in what form."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import numpy as np
import pytest

from engine.decision.scenarios import StressRow
from engine.errors import InputError, UnknownNameError
from engine.record.chain import LedgerEntry
from engine.report.i18n import voice
from engine.service.stressing import StressTable
from engine.shown import FeedState, SourceHealth
from engine.values import Evidence, Observed
from engine.web import guard, jobs, pages, presets, views, wire
from engine.web.api import Api
from engine.web.desk import Kept
from engine.web.guard import Admission, BrowserSessions, host_name, is_loopback, need_token
from engine.web.jobs import Job, Jobs, free_bytes, held_bytes
from tests.engine.report.sample_report import rating, sample_report, v31
from tests.web.site import asked

EN = voice("en")
NOW = datetime(2025, 8, 22, 12, 31, tzinfo=UTC)


# --- the door -------------------------------------------------------------------------------------


def test_the_bounds_of_the_door_are_as_promised() -> None:
    assert (guard.MAX_BODY_BYTES, guard.MAX_FIELDS, guard.MIN_TOKEN_CHARS) == (400_000, 20, 16)
    assert (guard.SESSION_SECONDS, guard.MAX_SESSIONS) == (43_200, 32)
    assert guard.WRONG_TOKENS_A_MINUTE == 10


def test_what_only_this_machine_can_reach() -> None:
    for host in ("localhost", "127.0.0.1", "127.9.9.9", "::1"):
        assert is_loopback(host)
    for host in ("0.0.0.0", "192.168.1.1", "e.org", "::"):
        assert not is_loopback(host)


@pytest.mark.parametrize(
    ("host", "token", "found"),
    [
        ("127.0.0.1", None, None),
        ("127.0.0.1", "", None),
        ("127.0.0.1", "t" * 16, "t" * 16),
        ("0.0.0.0", "t" * 16, "t" * 16),
    ],
)
def test_a_token_is_asked_for_where_others_reach_us(
    host: str, token: str | None, found: str | None
) -> None:
    assert need_token(host, token) == found
    for other, wrong in (("0.0.0.0", None), ("0.0.0.0", "t" * 15), ("127.0.0.1", "t" * 15)):
        with pytest.raises(InputError):
            need_token(other, wrong)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("LocalHost:8377", "localhost"), ("localhost.", "localhost"), ("[::1]:80", "::1"),
        ("127.0.0.1", "127.0.0.1"), ("", None), ("a@b", None), ("a/b", None), ("a?b", None),
        ("a#b", None), ("a\\b", None), ("a b", None), ("a,b", None), ("a:x", None),
        ("a:99999", None),
    ],
)  # fmt: skip
def test_the_name_in_a_host_header(header: str, name: str | None) -> None:
    assert host_name(header) == name


def test_our_names_and_bare_addresses_are_known() -> None:
    ours = Admission(names=frozenset({"localhost"}))
    others = replace(ours, token="t" * 16)
    asking = ("localhost:1", "127.0.0.1", "[::1]", "192.168.1.5", "x")
    assert [ours.knows_host(h) for h in asking] == [True, True, True, False, False]
    assert others.knows_host("192.168.1.5:80")
    assert not others.knows_host("x")


def test_a_session_ends_after_twelve_hours_and_the_oldest_makes_room() -> None:
    clock = [0.0]
    sessions = BrowserSessions("secret", lambda: clock[0])
    first = sessions.sign_in("secret")
    assert first is not None
    clock[0] = 43_199.9
    assert sessions.holds(first)
    clock[0] = 43_200.0
    assert not sessions.holds(first)
    clock[0] = 0.0
    held = [sessions.sign_in("secret") or "" for _ in range(31)]
    assert sessions.holds(first)
    held.append(sessions.sign_in("secret") or "")
    assert not sessions.holds(first)
    assert all(map(sessions.holds, held))
    sessions.sign_out(held[0])
    assert not sessions.holds(held[0])


def test_ten_wrong_tokens_in_a_minute_are_too_many() -> None:
    clock = [0.0]
    sessions = BrowserSessions("secret", lambda: clock[0])
    for _ in range(9):
        assert sessions.sign_in("guess") is None
    assert not sessions.weary
    clock[0] = 30.0
    sessions.sign_in("guess")
    assert sessions.weary
    clock[0] = 59.9
    assert sessions.weary
    clock[0] = 60.0  # the nine of the first instant no longer count
    assert not sessions.weary


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"origin": "http://localhost"}, True),
        ({"origin": "https://LOCALHOST"}, True),
        ({"origin": "http://localhost", "sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "same-origin"}, True),
        ({}, False),
        ({"origin": "http://e.org"}, False),
        ({"origin": "null"}, False),
        ({"origin": "ftp://localhost"}, False),
        ({"origin": "http://localhost://x"}, False),
        ({"origin": "http://localhost", "sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "same-site"}, False),
    ],
)
def test_a_form_comes_from_our_own_page(headers: dict[str, str], ours: bool) -> None:
    if ours:
        guard._need_own_origin(asked(**headers))
        return
    with pytest.raises(guard.RefusedError) as error:
        guard._need_own_origin(asked(**headers))
    assert error.value.status == 403


URLENCODED = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (URLENCODED, b"a=1&b=", None),
        (URLENCODED.upper() + "; charset=utf-8", b"a=1&b=", None),
        ("text/plain", b"a=1", 415),
        ("", b"a=1", 415),
        (URLENCODED, b"a=1&a=2", 400),
        (URLENCODED, b"a=%ff", 400),
        (URLENCODED, b"a=\xff", 400),
        (URLENCODED, b"&".join(b"f%d=" % n for n in range(20)), None),
        (URLENCODED, b"&".join(b"f%d=" % n for n in range(21)), 400),
    ],
)
def test_a_form_is_small_and_plain(kind: str, body: bytes, status: int | None) -> None:
    request = asked(content_type=kind)
    if status is None:
        found = guard._form(request, body)
        assert len(found) == len(body.split(b"&"))
        return
    with pytest.raises(guard.RefusedError) as error:
        guard._form(request, body)
    assert error.value.status == status


@pytest.mark.parametrize(
    ("length", "claimed", "status"),
    [
        (400_000, None, None), (400_001, None, 413), (5, "400000", None), (5, "400001", 413),
        (5, "five", 400), (5, "-5", 400),
    ],
)  # fmt: skip
def test_a_body_is_bounded_by_claim_and_by_count(
    length: int, claimed: str | None, status: int | None
) -> None:
    headers = {} if claimed is None else {"content_length": claimed}
    request = asked(method="POST", body=b"x" * length, **headers)
    if status is None:
        assert len(asyncio.run(guard._bounded_body(request))) == length
        return
    with pytest.raises(guard.RefusedError) as error:
        asyncio.run(guard._bounded_body(request))
    assert error.value.status == status


def test_cookies_are_for_us_alone() -> None:
    assert guard.cookie("a", "b", secure=False) == "a=b; Path=/; HttpOnly; SameSite=Strict"
    told = guard.cookie("a", "b", secure=True, seconds=5)
    assert told == "a=b; Path=/; HttpOnly; SameSite=Strict; Max-Age=5; Secure"
    for value, sound in (("v" * 16, True), ("v" * 15, False), ("v" * 64, True), ("v" * 65, False),
                         ("v" * 15 + "é", False), ("v" * 15 + ";", False)):  # fmt: skip
        assert guard._sound_visit(value) is sound
    paths = ("/login", "/static/a.css", "/", "/login/x", "/staticx")
    assert [guard._is_open(p) for p in paths] == [True, True, False, False, False]


# --- connections ----------------------------------------------------------------------------------


def test_the_bounds_of_a_connection_are_as_promised() -> None:
    assert (wire.HEADER_SECONDS, wire.BODY_SECONDS, wire.READ_SECONDS) == (5.0, 10.0, 20.0)
    assert (wire.MOST_PER_ADDRESS, wire.MOST_OPEN, wire.GRACE_SECONDS) == (32, 256, 0.25)


class Line(wire.Connection):
    """A connection without a socket."""

    def __init__(self, host: str, since: float, others: set[Any], cycle: Any = None) -> None:
        self.client, self._since, self.cycle = (host, 1), since, cycle
        self.connections = others
        self.was_cut = False
        others.add(self)

    def cut(self) -> None:
        self.connections.discard(self)
        self.was_cut = True


def test_room_is_made_by_those_that_wait_longest() -> None:
    open_now: set[Any] = set()
    busy = Thing(response_complete=False, more_body=False)
    answered = Thing(response_complete=True, more_body=False)
    lines = [Line("a", float(n), open_now) for n in range(31)]
    served = Line("a", -9.0, open_now, answered)
    working = Line("a", -8.0, open_now, busy)
    other = Line("b", -7.0, open_now)
    assert len(open_now) == 34
    served._make_room()  # 33 of one address: one too many
    assert [line.was_cut for line in lines[:3]] == [True, False, False]
    assert not served.was_cut
    assert not working.was_cut
    assert not other.was_cut
    served._make_room()
    assert sum(line.was_cut for line in lines) == 1
    assert [served.waits, working.waits, other.waits] == [True, False, True]
    working.cycle = Thing(response_complete=False, more_body=True)
    assert working.waits


def test_beyond_all_bounds_the_largest_holder_makes_room() -> None:
    open_now: set[Any] = set()
    for host in range(9):
        for n in range(28 if host else 32):
            Line(f"h{host}", float(n), open_now)
    assert len(open_now) == 256
    any_line = next(iter(open_now))
    any_line._make_room()
    assert len(open_now) == 256
    one_more = Line("h9", 99.0, open_now)
    one_more._make_room()
    assert len(open_now) == 256
    assert sum(c.host == "h0" for c in open_now) == 31


# --- work in the background -----------------------------------------------------------------------


def test_the_bounds_of_the_queue_are_as_promised() -> None:
    assert (jobs.KEPT, jobs.KEPT_BYTES, jobs.MOST_WAITING) == (8, 16_000_000, 8)
    assert (jobs.NEEDED_BYTES, jobs.MEMORY_SECONDS) == (300_000_000, 30.0)


def job(state: Any = "done", n_bytes: int = 0, name: str = "j") -> Job:
    made = Job(job_id=name, title=name)
    made.state, made.n_bytes = state, n_bytes
    return made


def test_a_share_is_held_between_nothing_and_all() -> None:
    one = job("running")
    found = []
    for share in (-1.0, 0.0, 0.4, 1.0, 2.0):
        one.step("s", share)
        found.append(one.share)
    assert found == [0.0, 0.0, 0.4, 1.0, 1.0]
    assert [job(s).over for s in ("waiting", "running", "done", "failed", "cancelled")] == [
        False, False, True, True, True,
    ]  # fmt: skip
    one.stop.set()
    with pytest.raises(jobs.CancelledError):
        one.step("s", 0.5)


def forgotten(*sizes: int) -> list[str]:
    """The names left of ended jobs of these sizes, oldest first."""
    queue = Jobs(lambda: None)
    queue._jobs = {f"j{n}": job(n_bytes=size, name=f"j{n}") for n, size in enumerate(sizes)}
    queue._forget()
    return list(queue._jobs)


def test_results_are_kept_by_number_and_by_bytes() -> None:
    assert forgotten(*[1] * 8) == [f"j{n}" for n in range(8)]
    assert forgotten(*[1] * 10) == [f"j{n}" for n in range(2, 10)]
    assert forgotten(8_000_000, 8_000_000) == ["j0", "j1"]
    assert forgotten(8_000_001, 8_000_000) == ["j1"]
    assert forgotten(1, 99_000_000) == ["j1"]  # the newest stays whatever its size


def test_those_who_wait_know_how_many_come_before_them() -> None:
    queue = Jobs(lambda: None)
    waiting = [job("waiting", name=f"w{n}") for n in range(3)]
    queue._jobs = {j.job_id: j for j in [job("running", name="r"), *waiting]}
    queue._waiting = [(j, lambda j: None) for j in waiting]
    queue._count()
    assert [j.ahead for j in waiting] == [1, 2, 3]
    queue.cancel(waiting[1])
    assert (waiting[1].state, waiting[2].ahead) == ("cancelled", 2)
    assert queue.running() is queue.get("r")
    assert queue.get("x") is None


def test_a_piece_begins_with_room_and_not_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MEMORY_SECONDS", -1.0)
    for left, fine in ((None, True), (300_000_000, True), (299_999_999, False)):
        one = job("running")
        jobs._run(one, lambda j: "made", lambda left=left: left)  # type: ignore[misc]
        assert one.result == ("made" if fine else None)
        assert one.state == ("done" if fine else "failed")
    assert "only 300 MB" in str(one.failure) or "300 MB are needed" in str(one.failure)


def test_free_memory_is_the_least_of_what_is_told(tmp_path: Path) -> None:
    info, group = tmp_path / "meminfo", tmp_path / "group"
    assert free_bytes(info, group) is None
    info.write_text("MemTotal: 9 kB\nMemAvailable:   1000 kB\n")
    assert free_bytes(info, group) == 1_024_000
    group.mkdir()
    (group / "memory.max").write_text("900000\n")
    (group / "memory.current").write_text("600000\n")
    assert free_bytes(info, group) == 300_000
    (group / "memory.stat").write_text("active_file 5\ninactive_file 50000\n")
    assert free_bytes(info, group) == 350_000
    (group / "memory.max").write_text("max\n")
    assert free_bytes(info, group) == 1_024_000


def test_what_a_value_holds_is_counted_once() -> None:
    array = np.zeros(10_000)
    assert 80_000 <= held_bytes(array) < 81_000
    assert held_bytes([array, array]) < 82_000
    assert held_bytes({"a": array}) > 80_000
    assert held_bytes({("a", 1): [np.zeros(10_000), np.zeros(10_000)]}) > 160_000


# --- the desk, programs ---------------------------------------------------------------------------


def test_the_last_few_results_are_kept() -> None:
    made: list[str] = []
    kept: Kept[str] = Kept(2)

    def get(key: str) -> str:
        return kept.get(key, lambda: made.append(key) or key)  # type: ignore[func-returns-value]

    for key in ("a", "b", "a", "c", "a", "b"):
        assert get(key) == key
    assert made == ["a", "b", "c", "b"]  # "a" was asked for last, so "b" made room


def test_a_program_asks_with_five_short_options() -> None:
    told: list[tuple[str, dict[str, str]]] = []

    def answers(question: str, given: Any) -> str:
        told.append((question, dict(given)))
        if question == "bad":
            raise InputError("no\x1b such\nthing" + "x" * 2_000)
        if question == "down":
            from engine.errors import DataError

            raise DataError("away")
        return '{"a": 1}'

    def ask(question: str, query: str) -> tuple[int, bytes]:
        request = asked(query=query)
        request.scope["path_params"] = {"question": question}
        answer = asyncio.run(Api(answers).answer(request))
        return answer.status_code, bytes(answer.body)

    many = "&".join(f"k{n}=v" for n in range(7)) + f"&{'k' * 60}=1"
    assert ask("q" * 50, many) == (200, b'{"a": 1}')
    assert told[-1] == ("q" * 40, {f"k{n}": "v" for n in range(5)})
    ask("report", f"{'k' * 60}={'v' * 300}")
    assert told[-1] == ("report", {"k" * 40: "v" * 250})
    status, body = ask("bad", "")
    assert status == 400
    assert body.startswith(b'{"error": "no')
    assert b"\x1b" not in body
    assert len(body) < 1_100
    assert ask("down", "")[0] == 503


# --- what is shown --------------------------------------------------------------------------------


def test_a_row_of_the_league() -> None:
    release, told = v31(), rating()
    told = replace(told, evidence=(
        Evidence(text="sure", confidence=0.9), Evidence(text="weak", confidence=0.1),
        Evidence(text="blind", observed=Observed.NOT_OBSERVED),
    ))  # fmt: skip
    first, second = views.league_rows(
        [(release, told), (release, replace(told, rateable=False))], EN
    )
    assert (first.place, second.place) == (1, 2)
    assert first.score == str(round(told.score))
    assert second.score == "?"
    assert first.band == f"{told.score_low:.0f} to {told.score_high:.0f}"
    assert [line.tag.lower() for line in first.proofs] == ["", "low confidence", "not observed"]
    bad = [p for p in first.parts if p.shown.startswith("+")]
    assert all(p.tone == -1 for p in bad)
    assert all(p.tone == 1 for p in first.parts if p.shown.startswith("-"))
    assert bad


def entry(**changes: Any) -> LedgerEntry:
    given: dict[str, Any] = {
        "seq": 7, "acts_on": date(2025, 8, 25), "revision": 0, "strategy": "balanced",
        "made_at": NOW, "previous_hash": "", "entry_hash": "a" * 64,
        "payload": {"decision": "SELL", "score": -0.25, "target_weight": 0.1},
    }  # fmt: skip
    told = given | changes
    return LedgerEntry(payload_text=json.dumps(told.pop("payload")), **told)


def test_an_entry_of_the_ledger_as_a_row() -> None:
    row = views.noted(entry(), ["balanced"], EN)
    assert (row.number, row.verdict, row.code, row.score, row.target) == (
        7, "SELL", "SELL", "-0.25", "10%",
    )  # fmt: skip
    assert row.link == "/archive?as_of=2025-08-22T12%3A31%3A00Z&preset=balanced"
    assert views.noted(entry(), [], EN).link == "/archive?as_of=2025-08-22T12%3A31%3A00Z"
    bare = views.noted(entry(payload={"decision": "WAIT\x1b", "score": True}), [], EN)
    assert (bare.verdict, bare.code, bare.score, bare.target) == (
        "WAIT", "", "not observed", "not observed",
    )  # fmt: skip


def source(name: str, state: FeedState, tier: int = 1) -> SourceHealth:
    return SourceHealth(
        name=name, state=state, last_ok_at=None, newest_at=None, n_facts=1_234, tier=tier, note=""
    )


def test_sources_that_need_attention_come_first() -> None:
    given = [
        source("d", FeedState.OK), source("c", FeedState.NEVER, 2), source("b", FeedState.STALE, 1),
        source("a", FeedState.ERROR, 2),
    ]  # fmt: skip
    rows = views.feed_rows(given, EN)
    assert [r.name for r in rows] == ["b", "a", "c", "d"]
    assert [r.ok for r in rows] == [False, False, False, True]
    assert [r.idle for r in rows] == [False, False, True, False]
    assert (rows[0].last_ok, rows[0].newest, rows[0].entries) == ("never", "none", "1,234")
    well = views.feed_rows([replace(given[0], last_ok_at=NOW, newest_at=NOW)], EN)[0]
    assert (well.last_ok, well.newest) == ("Aug 22, 2025, 08:31 (New York)", "Aug 22, 2025")


def test_two_decisions_are_drawn_on_one_axis() -> None:
    one = sample_report()
    parts = tuple(replace(c, contribution=c.contribution / 2) for c in one.decision.contributions)
    half = replace(one.decision, contributions=parts, score=one.decision.score / 2)
    first, second = views.briefs([("a", one), ("b", replace(one, decision=half))], EN)
    assert first.zero == second.zero
    for whole, part in zip(first.parts, second.parts, strict=True):
        assert part.span.width == pytest.approx(whole.span.width / 2, abs=2e-3)
        assert part.tone == whole.tone
    seen = [(p.observed, c.value is not None) for p, c in zip(
        first.parts, one.decision.contributions, strict=True)]  # fmt: skip
    assert all(a == b for a, b in seen)
    assert first.thresholds == (
        f"SELL below {one.decision.exit_below:+.2f}, "
        f"HOLD again above {EN.number(one.decision.enter_above, '+.2f')}"
    )


def test_a_scenario_in_words() -> None:
    from tests.engine.report.sample_report import stress_rows

    row: StressRow = stress_rows()[0]
    other = "SELL" if row.before != "SELL" else "HOLD"
    row = replace(row, target_after=0.25, share_of_known_days=0.5, share_reduced=None)
    rows = (replace(row, after=row.before), replace(row, after=other))
    table = StressTable(as_of=NOW, rows=rows, lines=())
    same, turned = views.stress_rows(table, EN)
    assert (same.turned, turned.turned) == (False, True)
    assert (same.kept, same.sells_on, same.less_on) == ("25%", "50%", "–")


# --- rules ----------------------------------------------------------------------------------------


def test_a_preset_is_renamed_at_its_head_only() -> None:
    text = 'description = "x"\nname = "old"\n\n[decision]\nname = "inner"\n'
    assert presets.renamed(text, "new") == (
        'description = "x"\nname = "new"\n\n[decision]\nname = "inner"\n'
    )
    bare = '[decision]\nname = "inner"\n'
    assert presets.renamed("a = 1\n" + bare, "new").startswith('name = "new"\na = 1\n[decision]')
    assert presets.same_text("a\r\nb\n", " a\nb")
    assert not presets.same_text("a\nb", "a\n\nb")


def test_presets_are_those_with_plain_names(tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir()
    (folder / "a.toml").write_text('description = "first"\n', encoding="utf-8")
    (folder / "b.toml").write_text(f"{presets.SAVED_MARK}\nbroken = =", encoding="utf-8")
    (folder / "c.toml").write_text(f"{presets.SAVED_MARK}\nx = 1\n", encoding="utf-8")
    (folder / "Not plain.toml").write_text("", encoding="utf-8")
    found = presets.presets(tmp_path)
    assert [(p.name, p.description, p.ours) for p in found] == [
        ("a", "first", False), ("b", "", False), ("c", "", True),
    ]  # fmt: skip
    assert presets.preset_text(tmp_path, "c") == "x = 1\n"
    for name in ("Not plain", "../a", "d"):
        with pytest.raises(UnknownNameError):
            presets.preset_path(tmp_path, name)


def test_rules_are_at_most_a_hundred_kilobytes() -> None:
    assert presets.MAX_TOML_BYTES == 100_000
    assert presets._bounded("a\r\nb") == "a\nb\n"
    assert len(presets._bounded("é" * 50_000)) == 50_001
    with pytest.raises(InputError):
        presets._bounded("é" * 50_000 + "x")


# --- what was asked -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        ("fr", "fr"), ("de,fr;q=0.5", "fr"), ("fr;q=0.4,en;q=0.5", "en"), ("en;q=0", ""),
        ("fr-CA,en;q=0.9", "fr"), ("", ""), ("de", ""), ("en,fr", "en"), ("fr;q=x,en;q=0.9", "fr"),
        ("en;q=0.5,fr;q=0.5", "en"),
    ],
)  # fmt: skip
def test_the_language_a_browser_likes_best(header: str, lang: str) -> None:
    assert pages._liked(asked(accept_language=header)) == lang


def test_the_other_languages_of_a_page_keep_what_was_asked() -> None:
    found = pages._other(asked("/archive", "as_of=2025-08-22&lang=en"), "en")
    assert found == {"fr": "/archive?as_of=2025-08-22&lang=fr"}
    assert pages._other(asked("/rules/save", method="POST"), "fr") == {"en": "/?lang=en"}
    many = "&".join(f"k{n}={'v' * 300}" for n in range(12))
    told = pages._other(asked("/", many), "en")["fr"]
    assert told.count("=") == 11
    assert "v" * 200 in told
    assert "v" * 201 not in told


def test_the_inside_of_a_page() -> None:
    page = '<body><main id="m" class="sell x">a</main>b</main></body>'
    assert pages.inside('<main class="sell">a<b>c</b></main>') == (
        '<div class="report sell">a<b>c</b></div>'
    )
    assert pages.inside(page).endswith(">a</main>b</div>")
    assert pages.inside("<main>a</main>") == '<div class="report ">a</div>'


@pytest.mark.parametrize(
    ("text", "spread"), [("", 10.0), (" 7,5 ", 7.5), ("0", 0.0), ("1000", 1000.0)]
)
def test_a_spread_of_the_form(text: str, spread: float) -> None:
    assert pages._spread({"spread_bps": text}) == spread
    for wrong in ("x", "-1", "1000.1", "nan", "inf"):
        with pytest.raises(InputError):
            pages._spread({"spread_bps": wrong})
    assert pages._day({"first": " 2025-08-22 "}, "first") == date(2025, 8, 22)
    assert pages._day({}, "first") is None


def test_the_progress_of_a_piece_of_work() -> None:
    one = job("running", name="n")
    one.step("Reading", 0.256)
    shown = pages.Pages._progress(one, EN)
    assert (shown["percent"], shown["stage"], shown["over"], shown["stopping"]) == (
        26, "Reading", False, False,
    )  # fmt: skip
    one.stop.set()
    assert pages.Pages._progress(one, EN)["stopping"] is True
    one.state = "cancelled"
    assert pages.Pages._progress(one, EN)["stopping"] is False
    waiting = job("waiting")
    waiting.ahead = 3
    assert pages.Pages._progress(waiting, EN)["stage"] == "Waiting; jobs before it: 3"
    failed = job("failed")
    failed.failure, failed.seconds = InputError("no", remedy="do"), 1.26
    shown = pages.Pages._progress(failed, EN)
    assert (shown["failure"], shown["seconds"]) == ("no (do)", "1.3")


def test_a_lock_of_its_own_keeps_results_apart() -> None:
    """Two askers of one thing at once make it once."""
    kept: Kept[int] = Kept(2)
    made: list[int] = []
    gate = threading.Event()

    def slow() -> int:
        made.append(1)
        gate.wait(5)
        return 7

    threads = [threading.Thread(target=lambda: kept.get("k", slow)) for _ in range(3)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join(5)
    assert kept.get("k", lambda: 9) == 7
    assert len(made) == 1
