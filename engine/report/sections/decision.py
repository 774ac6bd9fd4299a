"""The decision: word, share to keep, how long it should stand, how firm, what would flip it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from engine.clock import NEW_YORK
from engine.report.blocks import Block, Cell, Column, Details, Gauge, Note, Table, Verdict
from engine.report.charts import Axis
from engine.report.i18n import Said
from engine.report.section import Section
from engine.report.words import by_unit, ended, other_word, stance_word, verdict_code, verdict_word

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.shown import Report
    from engine.values import Contribution, Decision, Flip, RiskView

_CLOSE = time(16, 0)
_AXIS = Axis(low=-1, high=1)
_EVEN = 0.5
"""The chance at which the line itself is the margin."""
MOST_ALERTS = 2
"""Warnings that a phone shows at once."""
NAMED = 4
"""Sources out of reach that are named in the warning; data health names them all."""
_WORTH_SAYING = 0.005
"""Half a point of the second decimal, which is what is shown."""


class DecisionSection(Section):
    """The first screen."""

    name, order = "decision", 0

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """The verdict, warnings, how sure it is, the table of flips."""
        d = report.decision
        yield _verdict(report, voice)
        other = other_word(d.verdict, voice)
        complete, lacking = _evidence(report, voice)
        yield from _alerts((*lacking, *map(voice.tell, report.notices)), voice)
        told = (_standing(d, other, voice), *complete, _change(report, other, voice))
        yield Note(text=" ".join(f"{line}." for line in told))
        stands = () if report.stale else _stands(d, voice)  # of prices that are not known
        for line in _alone(d, voice):
            yield Note(text=line + ".")
        yield _flips(report, voice)
        firm = tuple(Note(text=line + ".") for line in (*stands, *_firm(d, voice)))
        yield Details(title=voice.say("How likely it stands, and how firm it is"), blocks=firm)

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """The decision's fields at the top level."""
        d = report.decision
        names = (
            "decided_at stance known target_weight floor_weight score silent_weight margin "
            "chance_beyond coverage since_on changed previous_score exit_below enter_above "
            "reduce_below sell_chance extreme one_source firm_share worth_pct contributions flips "
            "notes"
        ).split()
        return {
            "as_of": report.as_of,
            "acts_on": d.acts_on,
            "decision": d.verdict,
            **{name: getattr(d, name) for name in names},
            "stale": report.stale,
            "for_today": report.for_today,
            "age_days": report.age_days,
            "notices": report.notices,
        }


def _alerts(lines: Sequence[str], voice: Speaker) -> Iterable[Block]:
    """What is wrong with the evidence; one line, and the others behind their number."""
    alerts = tuple(Note(text=ended(line), style="alert") for line in lines)
    if len(alerts) <= MOST_ALERTS:
        yield from alerts
        return
    yield alerts[0]
    title = voice.count("{n} more warning", "{n} more warnings", n=len(alerts) - 1)
    yield Details(title=title, blocks=alerts[1:], printed=True)


def age_in_words(report: Report, voice: Speaker) -> str:
    """Why this decides nothing for the reader's day, how old it is first; empty where it does."""
    present = report.present_on or report.on
    if report.stale:
        if report.prices_end_on is None:
            return voice.say("STALE, no price is known: no decision for today.")
        days = (present - report.prices_end_on).days
        return voice.count(
            "STALE, prices {n:int} day old: no decision for today.",
            "STALE, prices {n:int} days old: no decision for today.",
            n=days,
        )
    if report.for_today:
        return ""
    return voice.count(
        "Example, {n:int} day old: no decision for today.",
        "Example, {n:int} days old: no decision for today.",
        n=report.age_days,
    )


def _verdict(report: Report, voice: Speaker) -> Verdict:
    """The first screen: at most sixty words."""
    d, _ = report.decision, voice.say
    word = stance_word(d.stance, voice)
    since = _since(d, voice)
    if not d.known:
        since = _("The evidence cannot say; its last word stands: {verdict}", verdict=Said(since))
    age = age_in_words(report, voice)
    return Verdict(
        code=verdict_code(report),
        word=word,
        subject="NVDA",
        when=_moment(report.as_of, voice),
        beside=beside(report, voice),
        acts=acts(report, voice) + ".",
        lead=f"{since}. {_reason(d, voice)}." if d.known else f"{since}.",
        age=age,
        gauge=_gauge(d, voice.number(d.score, "+.2f"), voice),
        push=_push(report, word, voice),
    )


def _since(d: Decision, voice: Speaker) -> str:
    """How long the verdict stands; a part that is kept is no plain HOLD."""
    if d.known and d.verdict == "HOLD" and d.stance == "REDUCE":
        return voice.say(
            "No {other} since {on:date}", other=other_word(d.verdict, voice), on=d.since_on
        )
    return voice.say(
        "{verdict} since {on:date}", verdict=verdict_word(d.verdict, voice), on=d.since_on
    )


def _push(report: Report, word: str, voice: Speaker) -> tuple[str, ...]:
    """Age in words first, verdict, then what changed and why, most important first."""
    d, _ = report.decision, voice.say
    said = _("NVDA {verdict} {share:share0}", verdict=Said(word), share=d.target_weight)
    if not d.known:
        said = _("cannot say, last word {stance}", stance=said)
    parts: list[str] = [_("{age}: {said}", age=_age_in_short(report, voice), said=said)]
    if d.changed and d.known and report.for_today:
        parts.append(_("it was {other}", other=other_word(d.verdict, voice)))
    return (*parts, *_reasons(d, voice))


def _age_in_short(report: Report, voice: Speaker) -> str:
    """The open it is for, or how old it is."""
    if report.for_today and not report.stale:
        return voice.say("For {day}", day=voice.on(report.decision.acts_on))
    present = report.present_on or report.on
    since = report.prices_end_on if report.stale else report.on
    if since is None:
        return voice.say("STALE, no price known, no decision")
    n = (present - since).days
    if report.stale:
        return voice.count(
            "STALE, prices {n:int} day old",
            "STALE, prices {n:int} days old",
            n=n,
        )
    return voice.count(
        "{n:int} day old, no decision for today",
        "{n:int} days old, no decision for today",
        n=n,
    )


def _reasons(d: Decision, voice: Speaker) -> Iterable[str]:
    """What weighs most, one by one; risk alone where it sets the share."""
    risk = d.risk
    if risk is not None and risk.allowed_share is not None and _risk_binds(d, risk):
        yield voice.say("your words on risk allow {share:share0}", share=risk.allowed_share)
        return
    for part in _heard(d)[:_REASONS]:
        yield voice.say("{name} {part:+.2f}", name=voice.label(part.name), part=part.contribution)


def _heard(d: Decision) -> list[Contribution]:
    """Voices that weigh, the heaviest first."""
    heard = [c for c in d.contributions if abs(c.contribution) >= _WORTH_SAYING]
    return sorted(heard, key=lambda c: -abs(c.contribution))


def beside(report: Report, voice: Speaker) -> str:
    """The share to keep; the last word on it where nothing new can be said."""
    keep = voice.say("keep {share:share0}", share=report.decision.target_weight)
    if report.decision.known and not report.stale:
        return keep
    last = voice.say("last word: {share}", share=Said(keep))
    return last if report.decision.known else " · ".join((voice.say("cannot say"), last))


def acts(report: Report, voice: Speaker) -> str:
    """Which open it is for, in the tense of the reader's day."""
    acts_on, _ = report.decision.acts_on, voice.say
    day = voice.long_on(acts_on)
    if report.for_today:
        return _("Acts at the open of {day}", day=day)
    if (report.present_on or report.on) > acts_on:
        return _("Was for the open of {day}", day=day)
    return _("Would be for the open of {day}", day=day)


def _standing(d: Decision, other: str, voice: Speaker) -> str:
    """The score, and how far it is from the other verdict."""
    told = {"score": voice.number(d.score, "+.2f"), "distance": Said(_distance(d, other, voice))}
    if d.silent_weight <= _WORTH_SAYING:
        return voice.say("Score {score}; {distance}", **told)
    return voice.say(
        "Score {score}, anywhere from {low:+.2f} to {high:+.2f} with what is not observed; "
        "{distance}",
        low=d.score - d.silent_weight,
        high=d.score + d.silent_weight,
        **told,
    )


def _risk_binds(d: Decision, risk: RiskView) -> bool:
    """Whether the share to keep is what risk leaves, and not what the evidence asks for."""
    held = risk.held_share
    return risk.sells or (held is not None and held < 1.0 and d.target_weight == held)


_REASONS = 2


def _reason(d: Decision, voice: Speaker) -> str:
    """What weighs most, the sign with it."""
    if d.risk is not None and d.risk.allowed_share is not None and _risk_binds(d, d.risk):
        return voice.say(
            "Main reason: your words on risk allow {share:share0} of it",
            share=d.risk.allowed_share,
        )
    told = ", ".join(_reasons(d, voice))
    if not told:
        return voice.say("Main reason: nothing weighs in the score")
    return voice.say("Main reasons: {reasons}", reasons=Said(told))


def _stands(d: Decision, voice: Speaker) -> Iterable[str]:
    """Whether the stance will be the same when it is asked again."""
    for chance in d.chances:
        if chance.event == "stands":
            yield voice.say(
                "Chance that it says the same {n:int} sessions from now: {chance:share0} (so far "
                "{base:share0})",
                chance=chance.chance,
                base=chance.base,
                n=chance.within_sessions,
            )


def _firm(d: Decision, voice: Speaker) -> Iterable[str]:
    if d.firm_share is not None:
        yield voice.say(
            "Firm: {share:share0} of 500 presets with every weight and effect size off by up to a "
            "third say the same",
            share=d.firm_share,
        )


def _alone(d: Decision, voice: Speaker) -> Iterable[str]:
    if d.one_source:
        yield voice.say(
            "The evidence would say SELL, but rests on one source ({names}): nothing is sold on it "
            "alone",
            names=Said(", ".join(voice.label(name) for name in d.one_source)),
        )
    if d.extreme and d.verdict == "HOLD":
        yield voice.say(
            "At its worst, and capping the share by itself: {names}",
            names=Said(", ".join(voice.label(name) for name in d.extreme)),
        )


def _gauge(d: Decision, score: str, voice: Speaker) -> Gauge:
    _ = voice.say
    return Gauge(
        at=_AXIS.at(d.score),
        label=_("Score {score}", score=score),
        limit=_AXIS.at(d.exit_below),
        limit_label=_("SELL below {line}", line=voice.number(d.exit_below, "+.2f")),
        danger=_AXIS.span(-1, d.exit_below),
        wait=_AXIS.span(d.exit_below, d.enter_above),
        ends=(voice.number(-1.0, "int"), voice.number(1.0, "+int")),
    )


def _moment(instant: datetime, voice: Speaker) -> str:
    """The day as a reader calls it: an evening after the close, else with New York's clock."""
    local = instant.astimezone(NEW_YORK)
    day = voice.long_on(instant)
    if local.time() >= _CLOSE:
        return voice.say("Evening of {day}", day=day)
    return voice.say("{day}, {clock} (New York)", day=day, clock=f"{local:%H:%M}")


def _change(report: Report, other: str, voice: Speaker) -> str:
    d, _ = report.decision, voice.say
    if d.changed and report.for_today:
        return _("Changed today: it was {other}", other=other)
    if d.changed:
        return _("Changed on that day: it was {other}", other=other)
    if d.previous_score is None and d.since_on == d.acts_on:
        return _("First decision on record")
    if d.previous_score is None:  # nothing was observed the session before
        return _("Unchanged")
    by = d.score - d.previous_score
    moved = _largest_move(d) if abs(by) >= _WORTH_SAYING else None
    if moved is not None:
        name, part = moved
        if any(c.name == name and c.value is None for c in d.contributions):
            return _(
                "Unchanged; score moved {by:+.2f}, mostly because {name} is no longer observed "
                "({part:+.2f})",
                by=by,
                name=voice.label(name),
                part=part,
            )
        return _(
            "Unchanged; score moved {by:+.2f}, most of it by {name} ({part:+.2f})",
            by=by,
            name=voice.label(name),
            part=part,
        )
    return _("Unchanged; score moved {by:+.2f}", by=by)


def _largest_move(d: Decision) -> tuple[str, float] | None:
    """The strategy whose contribution changed most since the session before, if it shows."""
    moves = [
        (c.name, c.contribution - c.previous) for c in d.contributions if c.previous is not None
    ]
    name, part = max(moves, key=lambda m: abs(m[1]), default=("", 0.0))
    return (name, part) if abs(part) >= _WORTH_SAYING else None


def _distance(d: Decision, other: str, voice: Speaker) -> str:
    _ = voice.say
    if not d.known:
        return _("{share:share0} of the weight is observed, too little to judge", share=d.coverage)
    line = d.exit_below if d.verdict == "HOLD" else d.enter_above
    told = {"margin": d.margin, "line": line, "other": other}
    if d.risk is not None and d.risk.sells:
        return _("risk sells whatever the evidence says")
    if d.margin < 0:
        return _(
            "The score has passed the line of {line:+.2f}; the rule on time between changes "
            "delays {other}",
            **told,
        )
    if d.verdict == "HOLD" and d.sell_chance != _EVEN:
        return _(
            "{margin:.2f} away from {other}, which asks for a chance of {chance:share0} of lying "
            "below {line:+.2f}",
            chance=d.sell_chance,
            **told,
        )
    return _("{margin:.2f} away from {other}: the line is at {line:+.2f}", **told)


def _evidence(report: Report, voice: Speaker) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """That all is seen, else what is not: one of the two is empty."""
    _ = voice.say
    blind = [s.name for s in report.data_health if s.tier == 1 and s.state.blind]
    d = report.decision
    if d.coverage >= 1 - 1e-9 and not blind:
        return (_("Evidence complete"),), ()
    silent = [voice.label(c.name) for c in d.contributions if c.value is None]
    if len(silent) == len(d.contributions):
        said = _("Evidence missing: none of the weight is observed")
    elif silent:
        said = _(
            "Evidence incomplete: {share:share0} of the weight observed; silent: {names}",
            share=d.coverage,
            names=Said(", ".join(silent)),
        )
    else:
        said = _("Evidence incomplete: {share:share0} of the weight observed", share=d.coverage)
    if not blind:
        return (), (said,)
    names = ", ".join(voice.tell(name, limit=60) for name in blind[:NAMED])
    more = len(blind) - NAMED
    if more > 0:
        names = voice.count(
            "{names} and {n} more", "{names} and {n} more", n=more, names=Said(names)
        )
    reach = _("Out of reach: {names}", names=Said(names))
    return (), (f"{said}. {reach}",)


# --- what would flip it --------------------------------------------------------------------------


def _flips(report: Report, voice: Speaker) -> Block:
    d, _ = report.decision, voice.say
    other = other_word(d.verdict, voice)
    found = [flip for flip in d.flips if flip.flips_at is not None]
    if not found and not d.known:
        return Note(
            text=_("Too little is observed to say what would make it {other}.", other=other)
        )
    if not found:
        return Note(
            text=_(
                "No single input, moved within its plausible range, makes it {other}.", other=other
            )
        )
    return Table(
        columns=(
            Column(head=_("What would make it {other}", other=other)),
            Column(head=_("today") if report.for_today else _("on that day"), number=True),
            Column(head=_("flips at"), number=True),
        ),
        rows=tuple(
            (
                Cell(text=voice.label(flip.input)),
                Cell(text=by_unit(flip.current, flip.unit, voice), style="quiet"),
                Cell(text=_level(flip, voice), style="strong"),
            )
            for flip in found
        ),
    )


def _level(flip: Flip, voice: Speaker) -> str:
    level = by_unit(flip.flips_at, flip.unit, voice)
    if flip.current is not None and flip.flips_at is not None:
        return ("≥ " if flip.flips_at > flip.current else "≤ ") + level
    return level
