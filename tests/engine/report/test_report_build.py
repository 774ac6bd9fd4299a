"""What goes into a report: chosen by rule, dated honestly, missing left out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import pytest

from engine.clock import parse_as_of
from engine.record.asof import closes_at
from engine.record.history import History
from engine.record.readings import Bar
from engine.report.build import (
    _price_figures,
    claims_about,
    standing_at,
    table_health,
    track_record,
    unconfirmed_notices,
    upcoming,
)
from engine.shown import FeedState
from feeds.bars import bar_fact
from tests.reference import frozen_facts


@lru_cache(maxsize=1)
def history() -> History:
    return History(frozen_facts())


def test_closes_are_adjusted_for_splits_known_by_then() -> None:
    """Before the split the close of 2024-06-07 reads 1208.9, after it 120.9."""
    before = closes_at(history(), "NVDA", parse_as_of("2024-06-07"))
    after = closes_at(history(), "NVDA", parse_as_of("2024-06-10"))

    assert before[date(2024, 6, 7)] == pytest.approx(1208.9, abs=0.5)
    assert after[date(2024, 6, 7)] == pytest.approx(120.89, abs=0.05)


def test_changes_are_over_sessions_and_none_reaches_across_a_hole() -> None:
    """A close fourteen months after the one before gives no change of a day, week or year."""
    days = [date(2025, 9, 22) + timedelta(days=k) for k in range(12)]
    sessions = [day for day in days if day.weekday() < 5]
    closes = {day: 100.0 + k for k, day in enumerate(sessions)}

    whole = _price_figures(closes, sessions)
    assert whole["change_1d_pct"] == pytest.approx(100 * (109 / 108 - 1))
    assert whole["change_5d_pct"] == pytest.approx(100 * (109 / 104 - 1))

    holed = {day: close for day, close in closes.items() if day != sessions[-2]}
    assert "change_1d_pct" not in _price_figures(holed, sessions)
    assert _price_figures(holed, sessions)["change_5d_pct"] == whole["change_5d_pct"]

    alone = _price_figures({sessions[0]: 100.0, sessions[-1]: 80.0}, sessions)
    assert alone == {"nvda_close_usd": 80.0, "drawdown_pct": pytest.approx(-20.0)}


def test_a_close_that_is_not_believed_is_said() -> None:
    bar = Bar(symbol="NVDA", session_on=date(2025, 10, 1), close=298.5)
    told_at = datetime(2025, 10, 1, 20, 30, tzinfo=UTC)
    wrong = bar_fact(bar, known_at=told_at, source="Yahoo (polled)", backfilled=False)

    at = parse_as_of("2025-10-01")
    (said,) = unconfirmed_notices(standing_at(History([*history(), wrong]), at, ()), at)

    assert "The close of NVDA of" in str(said)
    assert unconfirmed_notices(standing_at(history(), at, ()), at) == ()


def test_the_calendar_holds_what_was_scheduled_by_then() -> None:
    """On 2025-08-22: Nvidia's results on the 27th, the Fed on 2025-09-17 and 10-29."""
    found = [(u.on, u.kind) for u in upcoming(history(), parse_as_of("2025-08-22"))]

    assert (date(2025, 8, 27), "earnings") in found
    assert (date(2025, 9, 17), "fomc") in found
    assert found == sorted(found)
    assert all(day > date(2025, 8, 22) for day, _ in found)


def test_tables_age_into_stale() -> None:
    """Prices of September 2025 are stale in 2026; without facts a table was never reached."""
    then = {s.name: s.state for s in table_health(history(), parse_as_of("2025-08-22"))}
    later = {s.name: s.state for s in table_health(history(), parse_as_of("2026-06-01"))}
    never = table_health(History(()), datetime(2025, 1, 1, tzinfo=UTC))

    assert then["prices"] is FeedState.OK
    assert later["prices"] is FeedState.STALE
    assert {s.state for s in never} == {FeedState.NEVER}


def test_a_claim_is_shown_only_beside_its_model_and_once_known() -> None:
    """The 7 % claim of 2025-08-21 with its low confidence."""
    told = claims_about(history(), "DeepSeek-V3.1", parse_as_of("2025-08-22"))

    assert len(told) == 1
    assert told[0].confidence == 0.4
    assert claims_about(history(), "DeepSeek-R1", parse_as_of("2025-08-22")) == ()
    assert claims_about(history(), "DeepSeek-V3.1", parse_as_of("2025-08-20")) == ()


def entry(day: str, verdict: str = "HOLD") -> dict[str, object]:
    return {"acts_on": day, "decision": verdict, "score": 0.1}


def test_a_call_is_followed_until_the_next_one() -> None:
    """Each call carries NVDA's return from its session to the next call's; the last to today."""
    start = date(2025, 1, 6)
    closes = {start + timedelta(days=i): 100.0 + i for i in range(5)}
    calls = track_record([entry("2025-01-06"), entry("2025-01-08", "SELL")], closes)

    assert [c.verdict for c in calls] == ["HOLD", "SELL"]
    assert calls[0].nvda_return_pct == pytest.approx(2.0)
    assert calls[1].nvda_return_pct == pytest.approx(100 * (104 / 102 - 1))


def test_a_call_without_later_prices_has_no_outcome_yet() -> None:
    """Not known is not zero."""
    closes = {date(2025, 1, 6): 100.0}

    assert track_record([entry("2025-01-06")], closes)[0].nvda_return_pct is None
    assert track_record([entry("2025-01-09")], closes)[0].nvda_return_pct is None
