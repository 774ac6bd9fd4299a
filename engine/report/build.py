"""The ``Report`` of one decision: everything a reader wants, gathered from what was known then.

Pure: the decision, the history behind it, ratings and health come in as values. Rendering adds no
fact to what is put together here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from engine.clock import NEW_YORK, from_micros
from engine.decision.events import EventLog, recent
from engine.decision.options import option_outlook
from engine.decision.overdue import Overdue, calendar_ends_on, overdue_at
from engine.decision.rates import EFFR, YIELD_MAX_AGE_DAYS, expectations_at
from engine.news.sentinel import USUAL_DAYS, floods
from engine.phrases import fiscal, phrase
from engine.record.asof import closes_at, counting, known, unconfirmed_at
from engine.record.history import Entry, History
from engine.record.readings import (
    EARNINGS,
    EARNINGS_DATES,
    FED_DECISIONS,
    INSPECTIONS,
    MEETINGS,
    OBSERVATIONS,
    PRESS_CLAIMS,
    RELEASES,
    RULES,
    USD_PER_EURO,
)
from engine.report.inputs import Inputs, Standing
from engine.report.section import sections
from engine.report.sections.health import BACKFILLED
from engine.shown import (
    FeedState,
    PricePoint,
    Report,
    SourceHealth,
    TrackedCall,
    Upcoming,
)
from engine.values import (
    Event,
    Evidence,
    ModelRelease,
    RateExpectation,
    ThreatRating,
)

EVENTS_SHOWN = 14
EVENTS_DAYS = 10
CARDS_SHOWN = 3
CARD_DAYS = 75
WAITING_SHOWN, WAITING_DAYS = 3, 30
CHART_SESSIONS = 252
UPCOMING_DAYS = 75
STALE_SESSIONS = 2
YEAR_SESSIONS = 252
UNCONFIRMED_DAYS = 14


def build(inputs: Inputs) -> Report:
    """The report; byte-identical for equal inputs."""
    standing = inputs.standing
    closes = standing.closes
    stale = _is_stale(inputs, closes)
    return Report(
        as_of=inputs.as_of,
        decision=inputs.decision,
        releases=inputs.cards,
        rates=_next_meetings(standing.rates),
        events=standing.recent,
        data_health=(*standing.tables, *inputs.polled),
        market=market_figures(inputs, closes, stale=stale),
        prices=_price_points(inputs, closes),
        upcoming=standing.upcoming,
        track_record=track_record(inputs.past, closes),
        stale=stale,
        notices=(
            *inputs.notices,
            *map(overdue_notice, standing.late),
            *unconfirmed_notices(standing, inputs.as_of),
        ),
        receipt={
            "config_hash": inputs.decision.config_hash,
            "data_hash": inputs.decision.data_hash,
            "code_version": inputs.decision.code_version,
            "strategy_file": inputs.decision.strategy_file,
        },
        parts=gathered(inputs),
        present_on=inputs.present_on,
    )


def gathered(inputs: Inputs) -> dict[str, Any]:
    """What sections need beyond the report's own fields, by section, where there is any."""
    found = {section.name: section.gather(inputs) for section in sections()}
    return {name: value for name, value in found.items() if value is not None}


def standing_at(history: History, at: datetime, events: Sequence[Event]) -> Standing:
    """``Standing`` of ``history`` and of the ``events`` told in it at ``at``."""
    late, log = overdue_at(history, at), EventLog.of(events)
    return Standing(
        closes=closes_at(history, "NVDA", at),
        rates=expectations_at(history, at),
        late=late,
        unconfirmed=tuple(
            (symbol, day)
            for symbol in ("NVDA", "QQQ", "VIX")
            for day in unconfirmed_at(history, symbol, at)
        ),
        recent=recent(log, after=at - timedelta(days=EVENTS_DAYS), at=at)[:EVENTS_SHOWN],
        floods=floods(log.between(at - timedelta(days=USUAL_DAYS + 2), at), at),
        tables=table_health(history, at, late),
        upcoming=upcoming(history, at),
        options=option_outlook(history, at),
    )


def unconfirmed_notices(standing: Standing, at: datetime) -> tuple[str, ...]:
    """A line for each close of the last days that counts for nothing until somebody repeats it."""
    recent_on = at.astimezone(NEW_YORK).date() - timedelta(days=UNCONFIRMED_DAYS)
    return tuple(
        phrase(
            "The close of {symbol} of {on:date} is too far from the one before to be believed; it "
            "counts as not observed until another source, or a later poll, repeats it",
            symbol=symbol,
            on=day,
        )
        for symbol, day in standing.unconfirmed
        if day >= recent_on
    )


def overdue_notice(missing: Overdue) -> str:
    """A line for what should have come and did not: what rests on it is silent."""
    if missing.what == "results":
        return phrase(
            "Nvidia's results of {on:date} should have come {n:int} days ago and are missing: what "
            "rests on them says nothing until they come",
            on=missing.on,
            n=missing.days,
        )
    return phrase(
        "The Fed's decision of {on:date} has been missing for {n:int} days: the rates voice says "
        "nothing until it comes",
        on=missing.on,
        n=missing.days,
    )


def market_figures(
    inputs: Inputs, closes: Mapping[date, float], *, stale: bool
) -> dict[str, float]:
    """Figures of the market box; what was not observed is left out."""
    figures: dict[str, float] = {}
    if closes and not stale:
        figures |= _price_figures(closes, inputs.features.sessions_on)
    named = {
        "realised_volatility_pct": "volatility_pct",
        "market_cap_usd_tn": "market_cap_usd_tn",
        "implied_growth_pct": "implied_growth_pct",
        "delivered_growth_pct": "delivered_growth_pct",
        "vix": "vix",
        "dff_pct": "effr_pct",
    }
    for name, feature in named.items():
        value = float(inputs.features.values[feature][-1])
        if np.isfinite(value):
            figures[name] = value
    if inputs.ceiling_usd_tn is not None:
        figures["ceiling_usd_tn"] = inputs.ceiling_usd_tn
    return figures


def _price_figures(closes: Mapping[date, float], sessions_on: Sequence[date]) -> dict[str, float]:
    """Changes over sessions, not over the closes that happen to be there: an end may lack one."""
    last_on, last = max(closes.items())
    figures = {"nvda_close_usd": last}
    past = [day for day in sessions_on if day < last_on]
    starts = {
        "change_1d_pct": past[-1:],
        "change_5d_pct": past[-5:-4],
        "change_ytd_pct": [day for day in past if day.year < last_on.year][-1:],
    }
    for name, start in starts.items():
        if start and start[0] in closes:
            figures[name] = 100.0 * (last / closes[start[0]] - 1.0)
    year = [closes[day] for day in [*past[-YEAR_SESSIONS + 1 :], last_on] if day in closes]
    figures["drawdown_pct"] = 100.0 * (last / max(year) - 1.0)
    return figures


def _is_stale(inputs: Inputs, closes: Mapping[date, float]) -> bool:
    """No price, or none within the last sessions before the one acted on."""
    if not closes:
        return True
    recent_sessions = inputs.features.sessions_on[-1 - STALE_SESSIONS : -1]
    return bool(recent_sessions) and max(closes) < recent_sessions[0]


def _price_points(inputs: Inputs, closes: Mapping[date, float]) -> tuple[PricePoint, ...]:
    held = dict(zip(inputs.features.sessions_on, inputs.target_weight.tolist(), strict=True))
    shown = list(closes.items())[-CHART_SESSIONS:]
    return tuple(
        PricePoint(session_on=day, close=close, target_weight=held.get(day)) for day, close in shown
    )


def _next_meetings(told: tuple[RateExpectation, ...]) -> tuple[RateExpectation, ...]:
    return told[:4]


def choose_cards(
    rated: Sequence[tuple[ModelRelease, ThreatRating]], as_of: datetime
) -> list[tuple[ModelRelease, ThreatRating]]:
    """The newest release and the most threatening of the last weeks, newest first.

    And what came lately and cannot be rated yet: that it was seen is the news.
    """
    window = [p for p in rated if p[0].known_at > as_of - timedelta(days=CARD_DAYS)]
    if not window:
        return []
    newest = max(window, key=lambda p: (p[0].known_at, p[1].score))
    others = sorted((p for p in window if p is not newest), key=lambda p: -p[1].score)
    chosen = [newest, *others[: CARDS_SHOWN - 1]]
    waiting = [
        p
        for p in window
        if not p[1].rateable
        and p not in chosen
        and p[0].known_at > as_of - timedelta(days=WAITING_DAYS)
    ]
    return _newest([*chosen, *_newest(waiting)[:WAITING_SHOWN]])


def _newest(
    rated: Iterable[tuple[ModelRelease, ThreatRating]],
) -> list[tuple[ModelRelease, ThreatRating]]:
    return sorted(rated, key=lambda p: (p[0].known_at, p[0].model), reverse=True)


def claims_about(history: History, model: str, at: datetime) -> tuple[Evidence, ...]:
    """Press claims on a model, shown beside the engine's own estimate and never used."""
    return tuple(
        Evidence(
            text=phrase(
                "Press claim, confirmed by no source: {pct:pct0} cheaper than closed models of "
                "comparable quality; the engine's own estimate stands above and does not use it",
                pct=claim.value,
            ),
            confidence=fact.confidence,
        )
        for fact, claim in counting(history, PRESS_CLAIMS, at).values()
        if (claim.model, claim.claim) == (model, "cost_below_closed_models")
    )


def release_versions(history: History, at: datetime) -> dict[str, ModelRelease]:
    """model -> the release as told by ``at``."""
    return {release.model: release for release in known(history, RELEASES, at).values()}


# --- calendar, health, track record ---------------------------------------------------------


def upcoming(history: History, at: datetime) -> tuple[Upcoming, ...]:
    """Fed meetings, Nvidia reports and rules that take effect ahead, in order."""
    today = at.astimezone(NEW_YORK).date()
    last = today + timedelta(days=UPCOMING_DAYS)
    found = []
    for meeting in known(history, MEETINGS, at).values():
        if today < meeting.meeting_end <= last:
            what = (
                phrase("Fed decision, with projections")
                if meeting.sep_meeting == "Y"
                else phrase("Fed decision")
            )
            found.append(Upcoming(on=meeting.meeting_end, what=what, kind="fomc"))
    for due in known(history, EARNINGS_DATES, at).values():
        day = due.report_on
        if today < day <= last or (day == today and due.occurred_at > at):
            what = phrase(
                "Nvidia reports {quarter}, after the close", quarter=fiscal(due.fiscal_quarter)
            )
            found.append(Upcoming(on=day, what=what, kind="earnings"))
    found += _rules_ahead(history, at, after=today, until=last)
    return tuple(sorted(found, key=lambda u: (u.on, u.kind)))


def _rules_ahead(history: History, at: datetime, *, after: date, until: date) -> list[Upcoming]:
    """Export rules whose effective day lies ahead, each once."""
    from engine.news.official import is_ours

    starts: dict[str, Upcoming] = {}
    for kind in (INSPECTIONS, RULES):
        for key, rule in known(history, kind, at).items():
            day = rule.effective_on
            if day is not None and after < day <= until and is_ours(rule):
                what = phrase("{rule}", rule=rule.title[:200])
                starts[key] = Upcoming(on=day, what=what, kind="rule")
    return list(starts.values())


_TABLES: Mapping[str, tuple[str, int, int]] = {
    "bar": ("prices", 5, 1),
    "observation": ("rates", 7, 1),
    "headline": ("curated events", 45, 1),
    "model_release": ("model releases", 60, 2),
    EARNINGS.name: ("Nvidia results", 110, 2),
    "availability": ("China availability", 200, 2),
    "supply_estimate": ("domestic chip supply", 200, 2),
    FED_DECISIONS.name: ("Fed decisions", 75, 2),
}
"""kind -> (name, days after which the newest fact makes the table stale, tier)."""
_DUE: Mapping[str, str] = {EARNINGS.name: "results", FED_DECISIONS.name: "fed_decision"}
"""kind -> what ``overdue_at`` calls it: stale as soon as it should have come and did not."""


def table_health(
    history: History, at: datetime, late: Sequence[Overdue] = ()
) -> tuple[SourceHealth, ...]:
    """One line per kind of fact a decision rests on; ``late``: what is overdue at ``at``."""
    lines, missing = [], {told.what for told in late}
    for kind, (name, max_days, tier) in _TABLES.items():
        facts = _facts_of_table(history, kind, at)
        newest = from_micros(facts[-1].known_at_us) if facts else None
        if newest is None:
            state = FeedState.NEVER
        else:
            old = at - newest > timedelta(days=max_days) or _DUE.get(kind) in missing
            old = old or bool(_overnight_note(facts, kind, at))
            state = FeedState.STALE if old else FeedState.OK
        lines.append(
            SourceHealth(
                name=name,
                state=state,
                last_ok_at=newest,
                newest_at=newest,
                n_facts=len(facts),
                tier=tier,
                note=_ending_note(history, kind, at)
                or _overnight_note(facts, kind, at)
                or _backfilled_note(facts),
            )
        )
    return tuple(lines)


def _facts_of_table(history: History, kind: str, at: datetime) -> Sequence[Entry]:
    """The facts of one kind that a decision reads: the euro's rate moves money lines only."""
    told = history.all_versions(kind, at)
    if kind != OBSERVATIONS.name:
        return told
    return [entry for entry in told if not entry.key.startswith(f"{USD_PER_EURO}:")]


def _ending_note(history: History, kind: str, at: datetime) -> str:
    last = calendar_ends_on(history, at) if kind == FED_DECISIONS.name else None
    return phrase("the calendar ends with the meeting of {on:date}", on=last) if last else ""


def _overnight_note(facts: Sequence[Entry], kind: str, at: datetime) -> str:
    """That the overnight rate has ended, whatever else of rates is fresh: no yield speaks then."""
    if kind != OBSERVATIONS.name:
        return ""
    days = [
        date.fromisoformat(day)
        for series, _, day in (entry.key.partition(":") for entry in facts)
        if series in EFFR
    ]
    last = max(days, default=None)
    age = None if last is None else (at.astimezone(NEW_YORK).date() - last).days
    if age is None or age <= YIELD_MAX_AGE_DAYS:
        return ""
    return phrase("the overnight rate ends on {on:date}", on=last)


def _backfilled_note(facts: Sequence[Entry]) -> str:
    if facts and all(f.backfilled for f in facts):
        return BACKFILLED
    return ""


def track_record(
    past: Sequence[Mapping[str, Any]], closes: Mapping[date, float]
) -> tuple[TrackedCall, ...]:
    """Past decisions with NVDA's close-to-close return until the next one, or until today."""
    days = list(closes)
    calls = []
    ordered = sorted(past, key=lambda p: str(p["acts_on"]))
    for i, entry in enumerate(ordered):
        start = date.fromisoformat(str(entry["acts_on"]))
        end = date.fromisoformat(str(ordered[i + 1]["acts_on"])) if i + 1 < len(ordered) else None
        first = next((d for d in days if d >= start), None)
        last = next((d for d in days if end and d >= end), days[-1] if days else None)
        known = first is not None and last is not None and last > first
        calls.append(
            TrackedCall(
                acts_on=start,
                verdict=entry["decision"],
                score=float(entry["score"]),
                until_on=last if known else None,
                nvda_return_pct=100.0 * (closes[last] / closes[first] - 1.0)
                if known and first and last
                else None,
            )
        )
    return tuple(calls)
