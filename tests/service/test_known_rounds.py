"""Known answers of the rounds and mornings of the house, and of names bound to what they mean."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import numpy as np
import pytest

from backtests.benchmarks import AfterTax
from config.events import EventWeights, Impulse
from config.feeds import FeedConfig
from config.settings import Settings
from engine.cli.said import audit as said_audit
from engine.errors import InputError, LedgerError
from engine.report.i18n import voice
from engine.service import anchors, basis, bind, histories, morning, stressing
from engine.service import runner as running
from engine.service.collecting import (
    REPORT_SECONDS,
    Collected,
    _Budget,
    _Patient,
    _Witness,
    blind,
    mute,
    mute_line,
)
from engine.shown import FeedState
from engine.values import RateExpectation, RateOutcome
from feeds.base import PollState
from feeds.collect import Written
from feeds.wire import FetchFailedError
from strategies.base import Strategy
from tests.builders import make_event
from tests.engine.report.sample_report import decision

NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HASH, OTHER = "0" * 63 + "a", "0" * 63 + "b"


# --- a round --------------------------------------------------------------------------------------


def test_half_of_a_budget_is_for_beginning_and_half_for_one_question() -> None:
    at = [100.0]
    budget = _Budget(20.0, lambda: at[0])
    assert (REPORT_SECONDS, budget.question_seconds) == (20.0, 10.0)
    for now, ahead, fine in ((110.0, 0.0, True), (109.0, 1.0, True), (109.0, 1.1, False),
                             (110.1, 0.0, False)):  # fmt: skip
        at[0] = now
        if fine:
            budget.check("f", ahead)
            continue
        with pytest.raises(FetchFailedError) as failed:
            budget.check("f", ahead)
        assert (failed.value.reason, failed.value.wait_seconds) == ("deferred", 1.0)
    endless = _Budget(None, lambda: 1e12)
    endless.check("f", 1e12)
    assert endless.question_seconds == math.inf


def test_a_pause_that_would_outlast_the_round_is_not_slept(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("engine.service.collecting.time.sleep", slept.append)
    budget = _Budget(20.0, lambda: 0.0)
    budget.sleep(10.0)
    with pytest.raises(FetchFailedError):
        budget.sleep(10.5)
    assert slept == [10.0]


class Net:
    """Answers, or fails for the reason told."""

    def __init__(self, why: str) -> None:
        self.why = why

    def get(self, request: Any, now: datetime) -> Any:
        if self.why:
            raise FetchFailedError("f", "no", reason=self.why)  # type: ignore[arg-type]
        return "fetched"


@pytest.mark.parametrize(
    ("asked", "offline"),
    [
        ([("a", "network"), ("b", "timeout")], True),
        ([("a", "network"), ("a", "network")], False),
        ([("a", "network"), ("b", "network"), ("c", "")], False),
        ([("a", "network"), ("b", "network"), ("c", "not_found")], False),
        ([("a", "network"), ("b", "network"), ("c", "deferred"), ("d", "no_contact"),
          ("e", "refused_address")], True),
        ([("a", "deferred"), ("b", "deferred")], False),
        ([], False),
    ],
)  # fmt: skip
def test_two_hosts_out_of_reach_and_none_that_answers_is_offline(
    asked: list[tuple[str, str]], offline: bool
) -> None:
    net = Net("")
    witness = _Witness(net)
    for host, why in asked:
        net.why = why
        request: Any = Thing(url=f"https://{host}/x")
        if why:
            with pytest.raises(FetchFailedError):
                witness.get(request, NOW)
        else:
            assert witness.get(request, NOW) == "fetched"
    assert witness.offline == offline


def test_failures_are_kept_back_until_they_are_the_feeds_own() -> None:
    written: list[tuple[str, int, bool]] = []

    def write(feed: Any, state: Any, parsed: Any) -> Written:
        written.append((feed, state.failures, parsed is None))
        return Written(new=1)

    sink = _Patient(Thing(write=write))  # type: ignore[arg-type]
    ask: Any = sink.write
    assert ask("a", PollState(failures=2), None) == Written()
    assert ask("b", PollState(), None) == Written(new=1)
    assert ask("c", PollState(failures=1), object()) == Written(new=1)
    assert written == [("b", 0, True), ("c", 1, False)]
    sink.release()
    sink.release()
    assert written[2:] == [("a", 2, True)]


def test_what_is_blind_and_what_is_mute() -> None:
    def stanza(name: str, **more: Any) -> FeedConfig:
        return FeedConfig(name=name, kind="x:Y", url="https://e.org/", label=name.upper(), **more)

    feeds = (stanza("a", tier=1, needs_contact=True), stanza("b", tier=2, needs_contact=True),
             stanza("c", tier=1))  # fmt: skip

    def config(mail: str) -> Any:
        return Thing(settings=Thing(contact=Thing(mail=mail)), feeds=Thing(feeds=feeds))

    assert [f.name for f in mute(config(""))] == ["a"]
    assert mute(config("me@e.org")) == ()
    assert (mute_line(config(""))[-6:], mute_line(config("me@e.org"))) == (" A (a)", "")
    states = [Thing(tier=tier, state=state) for tier in (1, 2)
              for state in (FeedState.OK, FeedState.BLOCKED)]  # fmt: skip
    assert blind(states) == (states[1],)  # type: ignore[arg-type, comparison-overlap]


# --- the runner -----------------------------------------------------------------------------------


def test_a_round_in_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {"new": 1, "unchanged": 2, "failed": 4, "gone": 8}
    summary = Thing(count=lambda *names: sum(counts[n] for n in names), new=16, changed=32)
    asked: list[Any] = []

    def collected(*given: Any, **more: Any) -> Collected:
        asked.append(more)
        return Collected(  # type: ignore[call-arg]
            summary=summary, offline=len(asked) > 1, ingested=Thing(stories=64, releases=128)
        )  # fmt: skip

    monkeypatch.setattr("engine.service.collecting.collect_and_ingest", collected)
    told = dict(running.collect(None, None, NOW))  # type: ignore[arg-type]
    assert told == {"asked": 7, "failed": 4, "new": 16, "changed": 32, "stories": 64,
                    "releases": 128}  # fmt: skip
    assert running.collect(None, None, NOW)["offline"] == "yes"  # type: ignore[arg-type]
    assert asked[0] == {"budget_seconds": 480.0}
    assert (running.POLL_SECONDS, running.CLOCK_STEP) == (5.0, 30 * SECOND)


def test_channels_are_asked_every_minute_and_at_once_after_a_run() -> None:
    at, sent, said = [NOW], list[datetime](), list[str]()

    def deliver(report: Any, now: datetime, /) -> None:
        sent.append(now)
        raise ValueError("shut")

    config: Any = Thing(settings=Thing(delivery=Thing(channel=("one",))))
    store: Any = Thing(job_runs=lambda job, limit: ())
    log: Any = Thing(redact=lambda text: text, error=lambda event, **more: said.append(more["why"]))
    runner = running.Runner(
        store=store, config=config, lock=None, log=log, clock=lambda: at[0],  # type: ignore[arg-type]
        collect=None, prepare=None, deliver=deliver, folder=Path(), owner="o",  # type: ignore[arg-type]
    )  # fmt: skip
    for seconds, soon in (
        (0, False),
        (59, False),
        (60, False),
        (61, True),
        (60, False),
        (121, False),
    ):
        at[0] = NOW + seconds * SECOND
        runner._deliver_now(soon=soon)
    assert [(t - NOW).seconds for t in sent] == [0, 60, 61, 60, 121]
    assert said == ["ValueError: shut"]
    config.settings.delivery.channel = ()
    runner._deliver_now(soon=True)
    assert len(sent) == 5


def test_each_language_that_somebody_reads_has_its_file(tmp_path: Path) -> None:
    def config(own: str, *others: str) -> Any:
        channels = [Thing(language=lang) for lang in others]
        return Thing(settings=Thing(report=Thing(language=own), delivery=Thing(channel=channels)))

    assert running.report_languages(config("fr", "en", "fr")) == ("fr", "en")
    assert running.report_languages(config("en")) == ("en",)


# --- a morning ------------------------------------------------------------------------------------


def test_the_two_likeliest_outcomes_move_the_surprise(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def laid(blend: Any, name: str, features: Any, scenarios: Iterable[Any], found: Any) -> Any:
        asked.extend(scenarios)
        return [Thing(score_after=0.1, after="HOLD"), Thing(score_after=-0.2, after="SELL")]

    monkeypatch.setattr("engine.decision.scenarios.stress_at", laid)
    told = RateExpectation(
        meeting_on=date(2026, 12, 9), rung="futures", expected_change_bps=-15.0,
        outcomes=tuple(RateOutcome(change_bps=bps, range_bps=(300, 325), probability=p)
                       for bps, p in ((0, 0.35), (-25, 0.6), (-50, 0.05))),
    )  # fmt: skip
    assessment: Any = Thing(
        config=Thing(blend=None, strategy=Thing(name="balanced")), features=None, evaluation=None
    )
    found = morning.meeting_scores(assessment, [told])
    assert [(m.change_bps, m.probability, m.surprise_bps, m.score, m.after) for m in found] == [
        (-25, 0.6, -10.0, 0.1, "HOLD"), (0, 0.35, 15.0, -0.2, "SELL")]  # fmt: skip
    assert [s.fed_surprise_bps for s in asked] == [-10.0, 15.0]
    for gone in (replace(told, meeting_on=None), replace(told, expected_change_bps=None)):
        assert morning.meeting_scores(assessment, [gone]) == ()
    assert morning.meeting_scores(assessment, []) == ()


def test_the_investor_is_asked_again_from_the_day_on() -> None:
    def lines(due: date | None, last: date) -> int:
        valuation = None if due is None else Thing(ask_again_on=due)
        config = Thing(strategy=Thing(valuation=valuation, name="mine"))
        days = (date(2026, 1, 2), last)
        assessment: Any = Thing(config=config, features=Thing(sessions_on=days))
        return len(morning.asks_again(assessment))

    day = date(2026, 11, 24)
    assert [lines(day, day + n * timedelta(days=1)) for n in (-1, 0, 1)] == [0, 1, 1]
    assert lines(None, day) == 0


def test_a_sealed_decision_has_what_one_argues_with() -> None:
    d = decision()
    told = morning.decision_payload(d)
    assert {k: told[k] for k in ("acts_on", "decision", "stance", "known", "target_weight")} == {
        "acts_on": "2025-08-25", "decision": "HOLD", "stance": "HOLD", "known": True,
        "target_weight": 1.0,
    }  # fmt: skip
    assert (told["score"], told["firm_share"], told["coverage"]) == (d.score, 0.874, 0.91)
    assert told["contributions"] == {c.name: c.contribution for c in d.contributions}
    assert [c["chance"] for c in told["chances"]] == [0.64, 0.23]
    hashes = (told["config_hash"], told["data_hash"], told["code_version"])
    assert hashes == (d.config_hash, d.data_hash, d.code_version)
    assert len(told) == 13
    assert morning.FALL_TOLD_PCT == 10.0


# --- presets under stress, and three histories ----------------------------------------------------


def evaluated(**changes: Any) -> Any:
    """Four days, the third not observed by one voice."""
    given = {
        "scores": np.array([[0.1, 0.2, np.nan, 0.3], [0.0, 0.1, 0.2, 0.1]]),
        "score": np.array([-0.2, -0.1, -0.9, 0.5]),
        "invested": np.array([False, True, True, True]),
        "target_weight": np.array([0.0, 0.5, 0.5, 1.0]),
        "bearing": Thing(share=np.array([0.2, 0.3, 0.1, 0.9])),
    }  # fmt: skip
    return Thing(**(given | changes))


def test_lines_and_stances_count_the_days_that_every_voice_saw(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule = Thing(exit_below=-0.15, reduce_below=-0.1)
    blend: Any = Thing(rule=rule, risk=Thing(sell_share_below_pct=30.0))

    def told(blend: Any, found: Any) -> list[tuple[str, float, float, int]]:
        lines = stressing._lines(blend, "p", found)
        return [(line.line, line.at, line.share_beyond, line.known_days) for line in lines]

    assert told(blend, evaluated()) == [
        ("SELL", -0.15, 1 / 3, 3),
        ("REDUCE", -0.1, 1 / 3, 3),
        ("RISK", 30.0, 1 / 3, 3),
    ]
    alone: Any = Thing(rule=Thing(exit_below=-0.15, reduce_below=None), risk=None)
    unseen = evaluated(scores=np.full((2, 4), np.nan))
    assert told(alone, unseen) == [("SELL", -0.15, 0.0, 0)]
    monkeypatch.setattr(
        "engine.decision.outlook.stances", lambda found, rule: np.array([0.0, 1.0, 0.0, 2.0])
    )
    said = stressing._stances(blend, "p", evaluated())
    assert (said.sell, said.reduce, said.hold, said.known_days) == (1 / 3, 1 / 3, 1 / 3, 3)
    assert stressing._stances(blend, "p", unseen).hold == 0.0
    assert stressing.PRESETS == ("cautious", "balanced", "conviction")


def test_two_histories_are_compared_from_a_day_on() -> None:
    days = [date(2026, 11, n) for n in (20, 23, 24, 25)]
    base = evaluated()
    other = evaluated(
        score=np.array([0.9, -0.4, np.nan, 0.6]), invested=np.array([True, False, False, True]),
        target_weight=np.array([1.0, 0.5, 0.5 + 1e-10, 0.9]),
    )  # fmt: skip
    found = histories._apart("live", days, base, other, days[1], 7)
    assert (found.sessions, found.events, found.first_on) == (3, 7, days[1])
    assert found.score_mean == pytest.approx(0.2)
    assert (found.score_most, found.most_on) == (pytest.approx(0.3), days[1])
    assert (found.verdict_days, found.first_verdict_on, found.share_days) == (2, days[1], 1)
    blind_ = evaluated(score=np.full(4, np.nan))
    nothing = histories._apart("live", days, base, blind_, days[0], 0)
    assert (nothing.score_mean, nothing.score_most, nothing.most_on) == (None, None, None)
    assert (nothing.verdict_days, nothing.first_verdict_on, nothing.share_days) == (0, None, 0)
    said = [" ".join(map(str, said_audit._apart("live", f, voice("en")))) for f in (nothing, found)]
    assert "no session" in said[0]
    assert "2 verdicts differ, first on Nov 23, 2026" in said[1]


def test_steps_keep_their_sense_or_lose_turn_or_gain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = EventWeights(
        policy={"export_restriction": Impulse(impulse_pct=1.0, source="a study")}, domestic={}
    )
    sums = iter([np.array([0.0, -2.0, -1.0, 0.0]), np.array([0.0, -1.0, 0.0, -0.5])])
    monkeypatch.setattr(
        "engine.decision.news_impulses.impulses", lambda *given: {"policy": next(sums)}
    )
    monkeypatch.setattr("engine.decision.news_impulses.POLICY", "policy")

    def events(*directions: int) -> list[Any]:
        return [make_event(event_type="export_restriction", direction=d) for d in directions]

    grid: Any = Thing(sessions_on=[date(2026, 11, n) for n in (20, 23, 24, 25)])
    found = histories._reading(
        grid, weights, {}, events(1, 1, -1, 0, 0, -1), events(1, 0, 1, 1, 0, -1)
    )
    assert (found.steps, found.same, found.silent, found.turned, found.added) == (5, 2, 1, 1, 1)
    assert (found.by_hand_pct, found.as_read_pct) == (-3.0, -1.5)
    assert found.widest_on == date(2026, 11, 24)
    assert 1.8 < found.widest_gap_pct < 2.0


# --- what reports name ----------------------------------------------------------------------------


def test_a_head_is_found_in_every_form_of_a_report(tmp_path: Path) -> None:
    from engine.report.i18n import voice

    word = str(voice("en").label("ledger_head"))
    said = f"A report\n{word}: {HASH}".encode()
    in_json = json.dumps({"receipt": {"ledger_head": HASH}}).encode()
    broken = f"<td>{word}</td>\n<td> {HASH[:30]}\n  {HASH[30:]}</td>".encode()
    mail = b"Subject: x\nContent-Type: text/plain\n\n" + said
    box = b"From a\n" + mail + b"\n\nFrom b\n" + mail.replace(HASH.encode(), OTHER.encode())
    for content, heads in (
        (said, (HASH,)), (in_json, (HASH,)), (b"  " + in_json, (HASH,)), (broken, (HASH,)),
        (mail, (HASH,)), (box, (HASH, OTHER)), (said + b"\n" + said, (HASH,)),
        (said + b"0", ()), (b"other: " + HASH.encode(), ()), (b"{not json", ()), (b"[1]", ()),
        (json.dumps({"receipt": {"ledger_head": HASH.upper()}}).encode(), ()),
        (json.dumps({"ledger_head": HASH}).encode(), ()), (b"", ()),
    ):  # fmt: skip
        assert anchors.heads_in(content) == heads
    for name in ("b.html", "a.json", "c.log"):
        (tmp_path / name).write_bytes(said if name != "a.json" else in_json)
    assert [a.path.name for a in anchors.anchors(tmp_path)] == ["a.json", "b.html"]
    assert len(anchors.anchors_of(tmp_path)) == 2
    assert anchors.anchors_of(tmp_path / "c.log")[0].entry_hash == HASH
    (tmp_path / "c.log").write_bytes(b"nothing")
    with pytest.raises(InputError, match="names no entry"):
        anchors.anchors_of(tmp_path / "c.log")


def test_a_head_is_found_in_each_text_of_a_mail_and_nowhere_else() -> None:
    """A page in base64, a text in quoted-printable with a French word; no file that comes along."""
    from email.message import EmailMessage

    from engine.report.i18n import voice

    english, french = (str(voice(lang).label("ledger_head")) for lang in ("en", "fr"))
    assert english != french
    third, fourth = "a" * 64, "b" * 64
    made = EmailMessage()
    made.set_content(f"{french}\u202f: {HASH}", cte="quoted-printable")
    page = f"<b>{english}</b>&nbsp;<td class=x>{third[:40]} {third[40:]}</td> {english}: {HASH}"
    made.add_alternative(page, subtype="html", cte="base64")
    made.add_attachment(f"{english}: {fourth}".encode(), maintype="application", subtype="x")
    mail = made.as_bytes()
    assert third.encode() not in mail
    assert anchors.heads_in(mail) == (HASH, third)
    assert anchors.heads_in(b"x-odd: 1\n" + mail) == (HASH, third)
    assert anchors.heads_in(b"From here\n" + mail) == (HASH, third)
    strange = b"Content-Type: text/plain; charset=none\n\n" + f"{english}: {HASH}".encode()
    assert anchors.heads_in(strange) == (HASH,)


def test_reports_hold_the_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.service.copies.last_backup", lambda: None)
    store: Any = Thing(ledger_entries=lambda: [Thing(entry_hash=HASH)], url="sqlite://")
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps({"receipt": {"ledger_head": HASH}}))
    assert anchors.hold(store, tmp_path) == 2
    assert anchors.hold(store, tmp_path, [tmp_path / "a.json"]) == 2
    assert anchors.hold(store, tmp_path / "none") == 0
    (tmp_path / "b.json").write_text(json.dumps({"receipt": {"ledger_head": OTHER}}))
    with pytest.raises(LedgerError, match=r"b\.json names the entry 000000000000,"):
        anchors.hold(store, tmp_path)


@pytest.mark.parametrize(
    ("record", "head", "broken"),
    [
        ("here", OTHER, True),
        ("here", HASH, False),
        ("elsewhere", OTHER, False),
        ("here", "", False),
    ],
)
def test_the_last_backup_ends_with_an_entry_that_is_there(
    monkeypatch: pytest.MonkeyPatch, record: str, head: str, broken: bool
) -> None:
    last = Thing(record=record, ledger_head=head, path=Path("x.db"))
    monkeypatch.setattr("engine.service.copies.last_backup", lambda: last)
    monkeypatch.setattr("engine.service.copies.address", lambda url: "here")
    store: Any = Thing(url="sqlite://")
    if broken:
        with pytest.raises(LedgerError, match="ends with the entry"):
            anchors._hold_backup(store, {HASH})
    else:
        anchors._hold_backup(store, {HASH})


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("report_at", "decide_at", "n"),
    [("08:30", "08:30", 0), ("08:29", "08:30", 1), ("09:29", "08:30", 0), ("09:30", "08:30", 1),
     ("09:30", "09:45", 2)],
)  # fmt: skip
def test_reports_come_after_the_decision_and_before_the_open(
    report_at: str, decide_at: str, n: int
) -> None:
    chosen: Any = Thing(
        schedule=Thing(clock_time=time.fromisoformat(report_at)),
        decision=Thing(clock_time=time.fromisoformat(decide_at)),
    )
    assert len(list(bind.contradicting_hours(chosen))) == n
    assert time(9, 30) == bind.OPEN
    assert isinstance(Settings(), Settings)


@pytest.mark.parametrize(
    ("weights", "warned"),
    [((0.5, 0.5), False), ((0.5, 0.5049), False), ((0.5, 0.5051), True), ((0.5, 0.4949), True)],
)
def test_weights_that_are_no_shares_are_told(
    tmp_path: Path, weights: tuple[float, ...], warned: bool
) -> None:
    preset: Any = Thing(strategy=[Thing(weight=w) for w in weights])
    path = tmp_path / "p.toml"
    path.write_text("".join(f'[[strategy]]\nuse = "x"\nweight = {w}\n' for w in weights))
    found = bind._weight_warnings(preset, path)
    assert bool(found) == warned
    if warned:
        assert "p.toml:3" in found[0]
        assert f"{sum(weights):.6g}" in found[0]


def test_types_of_events_are_known_and_weighed_once(tmp_path: Path) -> None:
    path = tmp_path / "events.toml"
    path.write_text("[policy]\nexport_restriction = 1.0\nexport_restrictio = 2.0\n[demand]\n"
                    "export_restriction = 3.0\n")  # fmt: skip
    events: Any = Thing(policy={"export_restriction": 1.0, "export_restrictio": 2.0}, domestic={},
                        demand={"export_restriction": 3.0})  # fmt: skip
    found = bind.event_problems(events, path)
    assert len(found) == 2
    assert all(
        words in found[0] for words in ("events.toml:3", "export_restrictio", "export_restriction")
    )
    assert all(words in found[1] for words in ("events.toml:5", "under policy as well"))


def test_an_amount_in_trillions_may_be_written_in_words() -> None:
    strategy: Any = Thing(
        name="cap", params={"ceiling": Thing(unit="USD tn"), "speed": Thing(unit="")}
    )
    assert bind._in_money(strategy, "ceiling", 4) == 4
    assert bind._in_money(strategy, "ceiling", "4.5 trillion") == pytest.approx(4.5)
    for name in ("speed", "other"):
        with pytest.raises(InputError, match=f"cap.{name} = '4 trillion' is text"):
            bind._in_money(strategy, name, "4 trillion")


def test_a_strategy_is_a_finished_class_that_needs_what_there_is() -> None:
    found = bind.find_strategy("strategies.trend:Trend")
    assert isinstance(found, Strategy)
    for thing in (found, Strategy, int, "Trend", None):
        assert not bind.is_strategy(thing)
    assert bind.is_strategy(type(found))
    for reference, said in (
        ("strategies.trend:Tren", "Tren"), ("strategies.trnd:Trend", "cannot import"),
        ("strategies.trend", "strategy in strategies.trend"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=said):
            bind.find_strategy(reference)


# --- beneath a history ----------------------------------------------------------------------------


def test_what_stands_beneath_a_history_has_its_units() -> None:
    window: Any = Thing(
        market=Thing(
            at_close=np.array([True, False, True]), costs=Thing(fee=0.00025, borrow_pct=1.5,
            tax_rate=0.3), __len__=lambda self: 3,
        ),
        dividends=1,
    )  # fmt: skip

    class Market(list[int]):
        at_close = np.array([True, False, True])
        costs = Thing(fee=0.00025, borrow_pct=1.5, tax_rate=0.3)

    window.market = Market([1, 2, 3])
    assert "(3 sessions)" in str(basis.fills(window))
    assert "2 sessions without a known open" in str(basis.fills(window))
    said = str(basis.costs(window))
    for words in ("2.5 bp", "1.5% a year", "30% of realised", "1 dividend counts"):
        assert words in said.replace("\u202f", "").replace("\xa0", " "), said
    window.dividends = 2
    assert "2 dividends count," in str(basis.costs(window))
    Market.at_close = np.zeros(3, dtype=bool)
    assert "close" not in str(basis.fills(window))
    rows = basis.plain_after_tax(AfterTax(rate=0.3, final_equity=1.2, cagr_pct=5.0))
    assert rows == {"tax_rate": 0.3, "final_equity": 1.2, "cagr_pct": 5.0}
