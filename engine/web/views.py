"""What each page shows, every word already said in the reader's language."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from engine.clock import NEW_YORK
from engine.report.charts import Axis, AxisSpan, padded_axis
from engine.report.i18n import Speaker
from engine.report.retold import retold
from engine.report.sections.decision import acts, beside
from engine.report.sections.health import BACKFILLED
from engine.report.sections.stress import scenario_name
from engine.report.typography import clean
from engine.report.words import stance_word, verdict_code, verdict_word
from engine.shown import FeedState, Report, SourceHealth
from engine.values import CHANNELS, Evidence, ModelRelease, Observed

if TYPE_CHECKING:
    from engine.decision.scenarios import StressRow
    from engine.record.chain import LedgerEntry
    from engine.service.stressing import StressTable
    from engine.values import ThreatRating
    from engine.web.trial import TrialOutcome

_LOW_CONFIDENCE = 0.5
_SCORE_AXIS = Axis(low=-25, high=100)


# --- releases ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPart:
    """One channel of a score, or one strategy of a decision."""

    label: str
    shown: str
    tone: int
    span: AxisSpan
    observed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceLine:
    """One line of evidence; ``tag`` is empty unless it is weak or not observed."""

    text: str
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """One row of the league."""

    place: int
    title: str
    lab: str
    released: str
    score: str
    band: str
    span: AxisSpan
    at: float
    reasons: str
    parts: tuple[ShownPart, ...]
    proofs: tuple[EvidenceLine, ...]


def league_rows(
    league: Sequence[tuple[ModelRelease, ThreatRating]], voice: Speaker
) -> tuple[Rated, ...]:
    """The league, in the order given."""
    return tuple(_rated(i, *pair, voice) for i, pair in enumerate(league, start=1))


def _rated(place: int, release: ModelRelease, rating: ThreatRating, voice: Speaker) -> Rated:
    _ = voice.say
    return Rated(
        place=place,
        title=clean(release.model, limit=80),
        lab=clean(release.lab, limit=80),
        released=voice.on(release.released_on),
        score=voice.number(rating.score, "int") if rating.rateable else "?",
        band=_("{low:int} to {high:int}", low=rating.score_low, high=rating.score_high),
        span=_SCORE_AXIS.span(rating.score_low, rating.score_high),
        at=_SCORE_AXIS.at(rating.score),
        reasons=voice.tell(rating.reasons, limit=1_200),
        parts=_parts(rating.channels, voice),
        proofs=tuple(_proof(e, voice) for e in rating.evidence),
    )


def _parts(channels: Mapping[str, float], voice: Speaker) -> tuple[ShownPart, ...]:
    axis = padded_axis([0.0, *channels.values()])
    return tuple(
        ShownPart(
            label=voice.label(name),
            shown=voice.number(channels[name], "+.1f"),
            tone=(channels[name] < 0) - (channels[name] > 0),  # a threat is bad for Nvidia
            span=axis.span(0, channels[name]),
        )
        for name in CHANNELS
        if name in channels
    )


def _proof(evidence: Evidence, voice: Speaker) -> EvidenceLine:
    tag = ""
    if evidence.observed is not Observed.PRESENT:
        tag = voice.label(evidence.observed.value)
    elif evidence.confidence is not None and evidence.confidence < _LOW_CONFIDENCE:
        tag = voice.say("low confidence")
    return EvidenceLine(text=voice.tell(evidence.text), tag=tag)


# --- the archive ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One entry of the ledger. link: the report of that instant under the same rules."""

    number: int
    acts: str
    strategy: str
    verdict: str
    code: str
    score: str
    target: str
    stands: bool
    made: str
    link: str


def noted(entry: LedgerEntry, presets: Collection[str], voice: Speaker) -> Noted:
    """``entry`` as a row; what an older version did not write stays *not observed*.

    presets: names whose rules can be looked at again.
    """
    payload: Mapping[str, Any] = entry.payload
    code = str(payload.get("decision", ""))
    target = _number(payload.get("target_weight"))
    asked = {"as_of": entry.made_at.isoformat().replace("+00:00", "Z")}
    if entry.strategy in presets:
        asked["preset"] = entry.strategy
    return Noted(
        number=entry.seq,
        acts=voice.on(entry.acts_on),
        strategy=clean(entry.strategy, limit=60),
        verdict=_verdict(code, voice),
        code=code if code in ("HOLD", "SELL") else "",
        score=voice.number(_number(payload.get("score")), "+.2f"),
        target=voice.number(target, "share0"),
        stands=entry.stands,
        made=voice.at(entry.made_at),
        link="/archive?" + urlencode(asked),
    )


def _verdict(code: str, voice: Speaker) -> str:
    if code == "SELL":
        return verdict_word("SELL", voice)
    return verdict_word("HOLD", voice) if code == "HOLD" else clean(code, limit=20)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


# --- feeds ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One source with its health."""

    name: str
    state: str
    ok: bool
    idle: bool
    tier: int
    last_ok: str
    newest: str
    entries: str
    note: str


def feed_rows(sources: Sequence[SourceHealth], voice: Speaker) -> tuple[Feed, ...]:
    """Sources that need attention first."""
    ordered = sorted(sources, key=lambda s: (s.state is FeedState.OK, s.tier, s.name))
    return tuple(_feed(source, voice) for source in ordered)


def _feed(source: SourceHealth, voice: Speaker) -> Feed:
    _ = voice.say
    last, newest = source.last_ok_at, source.newest_at
    return Feed(
        name=voice.tell(source.name, limit=60),
        state=voice.label(source.state.value),
        ok=source.state is FeedState.OK,
        idle=source.state is FeedState.NEVER,
        tier=source.tier,
        last_ok=_("never") if last is None else voice.at(last),
        newest=_("none") if newest is None else voice.on(newest),
        entries=voice.number(source.n_facts, "int"),
        note="" if source.note == BACKFILLED else retold(source.note, voice),
    )


# --- a decision in brief, for two side by side ------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One configuration's decision on a few lines."""

    name: str
    code: str
    verdict: str
    kept: str
    score: str
    acts: str
    thresholds: str
    parts: tuple[ShownPart, ...]
    zero: float


def briefs(reports: Sequence[tuple[str, Report]], voice: Speaker) -> tuple[Brief, ...]:
    """Decisions by the name of their rules, drawn on one axis so that bars can be compared."""
    moved = [c.contribution for _, r in reports for c in r.decision.contributions]
    axis = padded_axis([0.0, *moved], least=0.05)
    return tuple(_brief(name, report, axis, voice) for name, report in reports)


def _brief(name: str, report: Report, axis: Axis, voice: Speaker) -> Brief:
    _, d = voice.say, report.decision
    return Brief(
        name=name,
        code=verdict_code(report),
        verdict=stance_word(d.stance, voice),
        kept=beside(report, voice),
        score=voice.number(d.score, "+.2f"),
        acts=acts(report, voice),
        thresholds=_(
            "SELL below {exit:+.2f}, HOLD again above {enter:+.2f}",
            exit=d.exit_below,
            enter=d.enter_above,
        ),
        parts=tuple(
            ShownPart(
                label=voice.label(c.name),
                shown=voice.number(None if c.value is None else c.contribution, "+.3f"),
                tone=(c.contribution > 0) - (c.contribution < 0),
                span=axis.span(0, c.contribution),
                observed=c.value is not None,
            )
            for c in d.contributions
        ),
        zero=axis.at(0),
    )


# --- the tear sheet ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlined:
    """The short tear sheet of a trial: its inside as HTML, and the names of its rules."""

    inside: str
    names: tuple[str, ...]
    basis: str


def tear_sheet(outcome: TrialOutcome, voice: Speaker) -> Outlined:
    """The whole of ``outcome``: the rules beside each other and beside holding."""
    from backtests.sheet_page import page_of
    from engine.report.forms.html import inner_html

    sheets = [trial.sheet for trial in outcome.trials]
    return Outlined(
        inside=inner_html(page_of(sheets, voice), short=True),
        names=tuple(voice.tell(sheet.strategy, limit=60) for sheet in sheets),
        basis=_basis(outcome, voice),
    )


def _basis(outcome: TrialOutcome, voice: Speaker) -> str:
    _ = voice.say
    said: str = _(
        "{n:int} sessions, decided before each open and filled at it, half of a quoted spread of "
        "{spread:sig3} bp paid per trade, cash at the policy rate, before tax.",
        n=len(outcome.holding.sessions_on),
        spread=outcome.spread_bps,
    )
    if outcome.at_close:
        said += " " + _(
            "{n:int} sessions have no recorded open and were filled at the close.",
            n=outcome.at_close,
        )
    return said


def stress_notes(found: StressTable, voice: Speaker) -> list[str]:
    """What stands beneath the table: what it cannot say, and what was seen of its days before."""
    from engine.report.sections.stress import cannot_say

    unsaid = [
        voice.say("{rules}: {said}", rules=clean(preset, limit=40), said=cannot_say(voice))
        for preset in found.unjudged
    ]
    return [*unsaid, *(voice.tell(said) for said in found.foresight)]


def new_york_day(instant: datetime) -> date:
    """The day in New York at ``instant``."""
    return instant.astimezone(NEW_YORK).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stressed:
    """A scenario under one preset, in words. turned: it says something else."""

    scenario: str
    severity: str
    preset: str
    before: str
    after: str
    turned: bool
    kept: str
    sells_on: str
    less_on: str


def stress_rows(found: StressTable, voice: Speaker) -> tuple[Stressed, ...]:
    """The table of scenarios, in the order given; a dash where nothing is known."""
    from engine.report.sections.stress import Stress

    speaker = Stress().voice(voice)

    def share(value: float | None) -> str:
        return "–" if value is None else speaker.number(value, "share0")

    def judged(row: StressRow) -> bool:
        return row.preset not in found.unjudged

    def stance(row: StressRow, word: str) -> str:
        return stance_word(word, speaker) if judged(row) else "–"

    return tuple(
        Stressed(
            scenario=scenario_name(row.scenario, speaker),
            severity=Stress().voice(speaker).label(f"severity_{row.severity}"),
            preset=clean(row.preset, limit=40),
            before=stance(row, row.before),
            after=stance(row, row.after),
            turned=judged(row) and row.after != row.before,
            kept=share(row.target_after if judged(row) else None),
            sells_on=share(row.share_of_known_days),
            less_on=share(row.share_reduced),
        )
        for row in found.rows
    )
