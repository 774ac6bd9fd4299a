"""The morning in one function: record → decision → ledger → report.

Used by ``nvsignal report``, by the scheduler and by the local page; the command line only parses
and prints.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.clock import NEW_YORK
from engine.plain import to_plain
from engine.service import wiring
from engine.shown import Report, SourceHealth
from engine.values import Decision, FallSkill

if TYPE_CHECKING:
    from config.holding import Holding
    from config.settings import Config
    from engine.decision.news_impulses import Weighed
    from engine.decision.scenarios import StressRow
    from engine.record.store import Store
    from engine.report.inputs import Standing
    from engine.service.wiring import Assessment
    from engine.shown import MeetingScore, Outcomes, RegisteredRule, ReleaseCard
    from engine.values import RateExpectation, ThreatRating


FALL_TOLD_PCT = 10.0
"""The fall whose chance stands in the first screen, and whose record is told with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Morning:
    """A report with the assessment it came from."""

    report: Report
    assessment: Assessment
    record_at: str = ""
    """File or address of the record, for the local user alone: never in a mail or an export."""


def prepare(
    store: Store,
    config: Config,
    as_of: datetime,
    *,
    record: bool,
    polled: Sequence[SourceHealth] = (),
    notices: Sequence[str] = (),
    holding: Holding | None = None,
    present: datetime | None = None,
) -> Morning:
    """Assess what is known at ``as_of``, note the decision when ``record``, build the report.

    record: only for decisions made live; a look at the past leaves no trace in the ledger. polled:
    health of the live feeds as the record tells it, never as the network is at this moment, so that
    the same record gives the same bytes. holding: for a report that its owner alone reads.
    present: the reader's instant, by which the report says how old it is; None: ``as_of``.
    """
    assessment = wiring.assessment_at(store, config, as_of, present=present)
    decision = assessment.decision
    head = note_decision(store, assessment, decision) if record else ""
    past = past_decisions(store, config, as_of)
    report = report_of(
        assessment,
        decision=decision,
        past=past,
        registered=registered_rules(store, assessment, past),
        polled=polled,
        notices=(*notices, *(_undelivered(store, as_of) if record else ())),
        holding=holding,
        present=present,
    )
    if head:
        # Printed with the report, so that `ledger verify --head` can show nothing was rewritten.
        report = replace(report, receipt={**report.receipt, "ledger_head": head})
    return Morning(report=report, assessment=assessment, record_at=store.address)


def _undelivered(store: Store, as_of: datetime) -> tuple[str, ...]:
    from engine.report.courier import delivery_problems

    return tuple(delivery_problems(store, as_of))


def note_decision(store: Store, assessment: Assessment, decision: Decision) -> str:
    """Append the decision to the ledger, where the first of a session stands; its entry's hash."""
    from engine.record import ledger

    entry = ledger.append(
        store,
        decision_payload(decision),
        acts_on=decision.acts_on,
        strategy=assessment.config.strategy.name,
        made_at=assessment.world.as_of,
    )
    return entry.entry_hash


def decision_payload(d: Decision) -> dict[str, Any]:
    """What the ledger keeps of a decision: enough to argue with it years later."""
    return {
        "acts_on": d.acts_on.isoformat(),
        "decision": d.verdict,
        "stance": d.stance,
        "known": d.known,
        "target_weight": d.target_weight,
        "score": d.score,
        "firm_share": d.firm_share,
        "chances": [to_plain(chance) for chance in d.chances],
        "coverage": d.coverage,
        "contributions": {c.name: c.contribution for c in d.contributions},
        "config_hash": d.config_hash,
        "data_hash": d.data_hash,
        "code_version": d.code_version,
    }


def past_decisions(store: Store, config: Config, as_of: datetime) -> tuple[dict[str, Any], ...]:
    """Standing ledger entries of this strategy made by ``as_of``, oldest first."""
    from engine.record import ledger

    return tuple(
        dict(e.payload)
        for e in ledger.entries(store, strategy=config.strategy.name)
        if e.stands and e.made_at <= as_of
    )


def report_of(
    assessment: Assessment,
    *,
    decision: Decision | None = None,
    past: Sequence[dict[str, Any]] = (),
    registered: Sequence[RegisteredRule] = (),
    polled: Sequence[SourceHealth] = (),
    notices: Sequence[str] = (),
    holding: Holding | None = None,
    present: datetime | None = None,
) -> Report:
    """The report of an assessment; ``decision`` instead of its own when given."""
    from engine.report.build import build
    from engine.report.inputs import Inputs
    from engine.service.tracking import scores_live

    beside = beside_of(assessment)
    return build(
        Inputs(
            as_of=assessment.world.as_of,
            history=assessment.world.history,
            features=assessment.features,
            decision=decision or assessment.decision,
            target_weight=assessment.evaluation.target_weight,
            standing=beside.standing,
            cards=beside.cards,
            polled=tuple(polled),
            past=tuple(past),
            stress=beside.stress,
            ceiling_usd_tn=_ceiling(assessment),
            notices=(*notices, *asks_again(assessment)),
            holding=holding,
            present_on=present.astimezone(NEW_YORK).date() if present else None,
            weighed=beside.weighed,
            changes=changes_of_ratings(assessment),
            outcomes=replace(
                beside.outcomes,
                chances=(*scores_live(assessment, past), *beside.outcomes.chances),
            ),
            fall_skill=beside.fall_skill,
            registered=tuple(registered),
            meeting=beside.meeting,
        )
    )


def registered_rules(
    store: Store, assessment: Assessment, past: Sequence[dict[str, Any]]
) -> tuple[RegisteredRule, ...]:
    """Statements about the preset made by ``as_of``, judged by what came since."""
    from engine.service import judging

    return tuple(judging.in_short(f) for f in judging.all_judged(store, assessment, past))


def fall_skill(assessment: Assessment) -> FallSkill | None:
    """What the chance of a fall of ``FALL_TOLD_PCT`` has proved by now; None with too few scored.

    Over every session with prices, those before the first decision too, once the forecast was
    fitted; a window counts when it is over.
    """
    from backtests.reliability import score_chance
    from engine.decision import risk
    from engine.errors import DataError

    chance = assessment.prospects.falls[FALL_TOLD_PCT]
    try:
        found = score_chance(chance, chance.scored >= risk.FIRST_FIT)
    except DataError:
        return None
    if found.low is None or found.high is None:
        return None
    return FallSkill(
        fall_pct=FALL_TOLD_PCT, skill=found.skill, low=found.low, high=found.high, scored=found.n
    )


def weighed_news(assessment: Assessment) -> tuple[Weighed, ...]:
    """The steps of news that weigh in the last session, the heaviest first."""
    from engine.decision.events import moving_versions
    from engine.decision.news_impulses import weighed

    weights = assessment.config.events
    types = weights.policy.keys() | weights.domestic.keys() | weights.demand.keys()
    moving = moving_versions(assessment.events, types)
    return weighed(assessment.world.grid, moving, weights, assessment.features.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledParts:
    """What a report shows besides the decision, settled by facts, configuration and code.

    stress, meeting: what the rule would say if; the decision itself is worked out each time.
    """

    cards: tuple[ReleaseCard, ...]
    weighed: tuple[Weighed, ...]
    fall_skill: FallSkill | None
    standing: Standing
    outcomes: Outcomes
    stress: tuple[StressRow, ...]
    meeting: tuple[MeetingScore, ...]


def beside_of(assessment: Assessment) -> SettledParts:
    """``SettledParts``, or what it was with the same facts, configuration and code."""
    from engine.service import kept

    world = assessment.world
    key = world.key(assessment.config.digest, assessment.version)
    return kept.remembered(world.kept, key, "beside", lambda: _settled(assessment))


def _settled(assessment: Assessment) -> SettledParts:
    from engine.report.build import standing_at
    from engine.service.tracking import outcomes_replayed

    world = assessment.world
    standing = standing_at(world.history, world.as_of, assessment.events)
    return SettledParts(
        cards=release_cards(assessment),
        weighed=weighed_news(assessment),
        fall_skill=fall_skill(assessment),
        standing=standing,
        outcomes=outcomes_replayed(assessment),
        stress=stress_today(assessment),
        meeting=meeting_scores(assessment, standing.rates),
    )


def changes_of_ratings(assessment: Assessment) -> tuple[ThreatRating, ...]:
    """Price cuts, ports, claims and failed runs of the last days."""
    from engine.decision.rated import between_releases
    from engine.report.sections.changes import recent

    found = between_releases(r.rating for r in assessment.ratings)
    return recent(found, assessment.world.as_of)


def stress_today(assessment: Assessment) -> tuple[StressRow, ...]:
    """Every scenario of the configuration laid over the last session alone."""
    from engine.decision.scenarios import complete, stress_at

    config = assessment.config
    return stress_at(
        config.blend,
        config.strategy.name,
        assessment.features,
        complete(config.scenarios),
        assessment.evaluation,
    )


def meeting_scores(
    assessment: Assessment, rates: Sequence[RateExpectation]
) -> tuple[MeetingScore, ...]:
    """The two likeliest outcomes of the next Fed meeting, each laid over the last session.

    An outcome moves the surprise of a Fed window by what it differs from the expected change; the
    path beyond the meeting stays. Empty where no odds are known or nothing is left to decide.
    """
    from config.scenario import Scenario
    from engine.decision.scenarios import stress_at
    from engine.shown import MeetingScore

    config, told = assessment.config, next(iter(rates), None)
    if told is None or told.meeting_on is None or told.expected_change_bps is None:
        return ()
    likely = sorted(told.outcomes, key=lambda o: -o.probability)[:2]
    surprises = [o.change_bps - told.expected_change_bps for o in likely]
    asked = [
        Scenario(name=f"outcome {n}", severity="mild", source="odds", fed_surprise_bps=surprise)
        for n, surprise in enumerate(surprises)
    ]
    rows = stress_at(
        config.blend, config.strategy.name, assessment.features, asked, assessment.evaluation
    )
    return tuple(
        MeetingScore(
            meeting_on=told.meeting_on,
            change_bps=outcome.change_bps,
            probability=outcome.probability,
            surprise_bps=surprise,
            score=row.score_after,
            after=row.after,
        )
        for outcome, surprise, row in zip(likely, surprises, rows, strict=True)
    )


def release_cards(assessment: Assessment) -> tuple[ReleaseCard, ...]:
    """Cards of the newest and the most threatening releases, with serving costs and claims."""
    from engine.decision.rated import of_releases
    from engine.decision.ratings import serving_costs
    from engine.report.build import choose_cards, claims_about, release_versions
    from engine.service.derived import Memo
    from engine.service.kept import KeptObjects
    from engine.shown import ReleaseCard

    world = assessment.world
    memo = None
    if world.kept is not None:
        memo = Memo(world.kept / "costs.json", assessment.version, most=MOST_COSTS)
    costs_before = None if memo is None else KeptObjects(memo)
    releases = release_versions(world.history, world.as_of)
    rated = [
        (releases[r.model], r)
        for r in of_releases(r.rating for r in assessment.ratings)
        if r.model in releases
    ]
    cards = []
    for release, rating in choose_cards(rated, world.as_of):
        costs = serving_costs(release, world.as_of, world.history, costs_before)
        cards.append(
            ReleaseCard(
                release=release,
                rating=rating,
                rated=release_versions(world.history, rating.rated_at).get(release.model),
                claims=claims_about(world.history, release.model, world.as_of),
                **costs,
            )
        )
    if memo is not None:
        memo.save()
    return tuple(cards)


MOST_COSTS = 200
"""Of models on chips, kept from other mornings: those of twenty cards a month for a while."""


def _ceiling(assessment: Assessment) -> float | None:
    """The ceiling of the day, drift with sales included; None without one."""
    from strategies.base import levels_of

    voice = assessment.config.blend.valuation
    if voice is None:
        return None
    levels = levels_of(voice.strategy, assessment.features.values, voice.params)
    ceiling = levels.get("ceiling_usd_tn")
    last = math.nan if ceiling is None else float(ceiling[-1])
    return last if math.isfinite(last) else None


def asks_again(assessment: Assessment) -> tuple[str, ...]:
    """A line once the day has come on which the investor wanted to be asked about his ceiling."""
    from engine.phrases import phrase

    valuation = assessment.config.strategy.valuation
    due = valuation.ask_again_on if valuation else None
    if due is None or assessment.features.sessions_on[-1] < due:
        return ()
    return (
        phrase(
            "You asked to be asked on {on:date} whether the ceiling of {preset} still holds: "
            "set it anew under [valuation], or move ask_again_on",
            on=due,
            preset=assessment.config.strategy.name,
        ),
    )
