"""From a ``Report`` to a ``View``: every number said in the reader's language, no fact added."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, time

from engine.clock import NEW_YORK
from engine.report.charts import Axis, price_chart, runs, waterfall
from engine.report.i18n import Said, Voice
from engine.report.labels import MARKET_ORDER, N_
from engine.report.typography import clean, host_of, safe_url
from engine.report.view import (
    Bar,
    Call,
    Card,
    Cost,
    FlipLine,
    Happening,
    Headline,
    Health,
    Line,
    Meeting,
    Odds,
    Prices,
    Reason,
    Steps,
    View,
)
from engine.values import (
    Contribution,
    Decision,
    Event,
    Evidence,
    FeedState,
    Flip,
    Interval,
    ModelRelease,
    Observed,
    RateExpectation,
    RateOutcome,
    ReleaseCard,
    Report,
    SourceHealth,
    ThreatRating,
    TrackedCall,
    Upcoming,
    Verdict,
)

MAX_CALLS = 20
_CLOSE = time(16, 0)
_SCORE_AXIS = Axis(low=-1, high=1)
_RATING_AXIS = Axis(low=0, high=100)
_LOW, _HIGH = 0.5, 0.75  # where confidence starts to be called moderate and high: a convention


def present(report: Report, voice: Voice) -> View:
    """The view of ``report``; the same report and voice always give the same view."""
    _ = voice.say
    decision = report.decision
    happenings = _happenings(report.events, voice)
    return View(
        lang=voice.lang,
        title=_(
            "NVDA: {verdict}, {on:date}",
            verdict=verdict_word(decision.verdict, voice),
            on=report.as_of,
        ),
        banner=_banner(report, voice),
        notices=tuple(voice.tell(n) for n in report.notices),
        headline=_headline(report, voice),
        steps=_steps(decision, voice),
        notes=tuple(voice.tell(n) for n in decision.notes),
        prices=_prices(report, happenings, voice),
        cards=tuple(_card(c, voice) for c in report.releases),
        meetings=tuple(_meeting(r, voice) for r in report.rates),
        market=_market(report.market, voice),
        happenings=happenings,
        upcoming=tuple(_upcoming(u, voice) for u in _by_day(report.upcoming)),
        calls=tuple(_call(c, voice) for c in _latest(report.track_record)),
        calls_summary=_calls_summary(report.track_record, voice),
        health=tuple(_health(s, voice) for s in _worst_first(report.data_health)),
        health_summary=_health_summary(report.data_health, voice),
        receipt=_receipt(report, voice),
        disclaimer=_(
            "Not investment advice: the output of a published rule on public data, which can be "
            "wrong."
        ),
    )


def verdict_word(verdict: Verdict, voice: Voice) -> str:
    """HOLD and SELL as the reader says them."""
    if verdict == "SELL":
        return voice.pgettext("verdict", "SELL")
    return voice.pgettext("verdict", "HOLD")


def _banner(report: Report, voice: Voice) -> str:
    if not report.stale:
        return ""
    return voice.say(
        "STALE: the market data stop before {on:date}. Read this as a report on the past, "
        "not as today's decision.",
        on=report.as_of,
    )


# --- the decision -------------------------------------------------------------------------------


def _headline(report: Report, voice: Voice) -> Headline:
    d, _ = report.decision, voice.say
    word = verdict_word(d.verdict, voice)
    other = verdict_word("HOLD" if d.verdict == "SELL" else "SELL", voice)
    flips = tuple(_flip(f, voice) for f in d.flips if f.flips_at is not None)
    complete = d.coverage >= 1 - 1e-9 and not _blind_spots(report)
    return Headline(
        code=d.verdict,
        verdict=word,
        other=other,
        when=_moment(report.as_of, voice),
        acts=_("Acts at the open of {day}", day=voice.long_on(d.acts_on)),
        acts_short=_("Acts at the open of {on:date}", on=d.acts_on),
        confidence=voice.number(d.confidence, "share0"),
        confidence_word=_confidence_word(d.confidence, voice),
        confidence_pct=round(100 * d.confidence, 3),
        score=voice.number(d.score, "+.2f"),
        score_at=_SCORE_AXIS.at(d.score),
        sell_zone=_SCORE_AXIS.span(-1, d.exit_below),
        wait_zone=_SCORE_AXIS.span(d.exit_below, d.enter_above),
        exit_at=_SCORE_AXIS.at(d.exit_below),
        exit=voice.number(d.exit_below, "+.2f"),
        enter_at=_SCORE_AXIS.at(d.enter_above),
        enter=voice.number(d.enter_above, "+.2f"),
        since=_("{verdict} since {on:date}", verdict=word, on=d.since_on),
        change=_change(d, other, voice),
        distance=_distance(d, other, voice),
        evidence=_evidence_line(report, complete, voice),
        evidence_complete=complete,
        target=_("Target position: {share:share0} of the NVDA holding", share=d.target_weight),
        flips=flips,
        no_flips=""
        if flips
        else _(
            "No single input, moved within its plausible range, makes it {other}.",
            other=other,
        ),
    )


def _moment(instant: datetime, voice: Voice) -> str:
    """The day as a reader calls it: an evening after the close, else with New York's clock."""
    local = instant.astimezone(NEW_YORK)
    day = voice.long_on(instant)
    if local.time() >= _CLOSE:
        return voice.say("Evening of {day}", day=day)
    return voice.say("{day}, {clock} (New York)", day=day, clock=f"{local:%H:%M}")


def _confidence_word(confidence: float | None, voice: Voice) -> str:
    _ = voice.say
    if confidence is None:
        return _("confidence not stated")
    if confidence >= _HIGH:
        return _("high confidence")
    return _("moderate confidence") if confidence >= _LOW else _("low confidence")


def _change(d: Decision, other: str, voice: Voice) -> str:
    _ = voice.say
    if d.changed:
        return _("Changed today: it was {other}", other=other)
    if d.previous_score is None:
        return _("First decision on record")
    moved = _largest_move(d)
    if moved is not None:
        name, part = moved
        return _(
            "Unchanged; score moved {by:+.2f}, most of it by {name} ({part:+.2f})",
            by=d.score - d.previous_score,
            name=voice.label(name),
            part=part,
        )
    return _("Unchanged; score moved {by:+.2f}", by=d.score - d.previous_score)


_WORTH_SAYING = 0.005
"""Half a point of the second decimal, which is what is shown."""


def _largest_move(d: Decision) -> tuple[str, float] | None:
    """The strategy whose contribution changed most since the session before, if it shows."""
    moves = [
        (c.name, c.contribution - c.previous) for c in d.contributions if c.previous is not None
    ]
    name, part = max(moves, key=lambda m: abs(m[1]), default=("", 0.0))
    return (name, part) if abs(part) >= _WORTH_SAYING else None


def _distance(d: Decision, other: str, voice: Voice) -> str:
    _ = voice.say
    line = d.exit_below if d.verdict == "HOLD" else d.enter_above
    if d.margin < 0 and d.verdict == "HOLD" and d.coverage < 1 - 1e-9:
        return _(
            "The score has passed the line of {line:+.2f}, but too much is not observed: {other} "
            "is only said when the missing evidence could not change it",
            line=line,
            other=other,
        )
    if d.margin < 0:
        return _(
            "The score has passed the line of {line:+.2f}; the rule on time between changes "
            "delays {other}",
            line=line,
            other=other,
        )
    return _(
        "{margin:.2f} away from {other}: the line is at {line:+.2f}",
        margin=d.margin,
        other=other,
        line=line,
    )


def _blind_spots(report: Report) -> tuple[str, ...]:
    """Tier-1 sources that could not be read."""
    seen = (FeedState.OK, FeedState.EMPTY)
    return tuple(s.name for s in report.data_health if s.tier == 1 and s.state not in seen)


def _evidence_line(report: Report, complete: bool, voice: Voice) -> str:
    _ = voice.say
    if complete:
        return _("Evidence complete")
    blind = ", ".join(voice.tell(name, limit=60) for name in _blind_spots(report))
    coverage = report.decision.coverage
    if not blind:
        return _("Evidence incomplete: {share:share0} of the weight observed", share=coverage)
    return _(
        "Evidence incomplete: {share:share0} of the weight observed; out of reach: {names}",
        share=coverage,
        names=Said(blind),
    )


def _flip(flip: Flip, voice: Voice) -> FlipLine:
    level = _by_unit(flip.flips_at, flip.unit, voice)
    if flip.current is not None and flip.flips_at is not None:
        level = ("≥ " if flip.flips_at > flip.current else "≤ ") + level
    now = _by_unit(flip.current, flip.unit, voice)
    return FlipLine(label=voice.label(flip.input), now=now, level=level)


def _by_unit(value: float | None, unit: str, voice: Voice) -> str:
    kinds = {"%": "pct1", "pct": "pct1", "bp": "+bps", "bps": "+bps", "": ".2f"}
    kinds |= {"USD": "usd2", "USD tn": "usdtn2", "USD bn": "usdbn1"}
    if unit in kinds:
        return voice.number(value, kinds[unit])
    return f"{voice.number(value, 'sig3')} {clean(unit, limit=24)}"


# --- the waterfall ------------------------------------------------------------------------------


def _steps(decision: Decision, voice: Voice) -> Steps:
    _ = voice.say
    parts = sorted(
        decision.contributions, key=lambda c: (c.value is None, -abs(c.contribution), c.name)
    )
    line = decision.exit_below if decision.verdict == "HOLD" else decision.enter_above
    shape = waterfall(parts, also=(line,))
    other = verdict_word("SELL" if decision.verdict == "HOLD" else "HOLD", voice)
    bars = tuple(
        Bar(
            label=voice.label(part.name),
            value=part.contribution,
            shown=_contribution(part, voice),
            working=_working(part, voice),
            observed=part.value is not None,
            span=span,
            reasons=tuple(_reason(e, voice) for e in part.evidence),
        )
        for part, span in zip(parts, shape.steps, strict=True)
    )
    total = Bar(
        label=_("Score"),
        value=decision.score,
        shown=voice.number(decision.score, "+.3f"),
        working="",
        observed=True,
        span=shape.total,
    )
    return Steps(
        bars=bars,
        zero=shape.zero,
        threshold=shape.axis.at(line),
        threshold_label=_("{other} line {line:+.2f}", other=other, line=line),
        total=total,
        summary=_steps_summary(bars, voice),
    )


def _contribution(part: Contribution, voice: Voice) -> str:
    if part.value is None:
        return voice.label(Observed.NOT_OBSERVED.value)
    return voice.number(part.contribution, "+.3f")


def _working(part: Contribution, voice: Voice) -> str:
    if part.value is None:
        return voice.say("left out of the score; lowers confidence")
    return voice.say("weight {weight:share0} × {value:+.2f}", weight=part.weight, value=part.value)


def _steps_summary(bars: Sequence[Bar], voice: Voice) -> str:
    """Strongest bar for and against, in one sentence."""
    _ = voice.say
    up = [b for b in bars if b.value > 0]
    down = [b for b in bars if b.value < 0]
    if up and down:
        return _(
            "Strongest for: {good}. Strongest against: {bad}.",
            good=Said(f"{up[0].label} ({up[0].shown})"),
            bad=Said(f"{down[0].label} ({down[0].shown})"),
        )
    if up or down:
        top = (up or down)[0]
        return _("Strongest input: {name}.", name=Said(f"{top.label} ({top.shown})"))
    return _("No input pulls either way.")


def _reason(evidence: Evidence, voice: Voice, *, claim: bool = False) -> Reason:
    _ = voice.say
    tag = ""
    if evidence.observed is not Observed.PRESENT:
        tag = voice.label(evidence.observed.value)
    elif claim:
        tag = _("claim, low confidence")
    elif evidence.confidence is not None and evidence.confidence < _LOW:
        tag = _("low confidence")
    return Reason(
        text=_ended(voice.tell(evidence.text)), tag=tag, source=clean(evidence.source, limit=120)
    )


def _ended(sentence: str) -> str:
    """``sentence`` with a full stop unless it has its own end."""
    return sentence if not sentence or sentence[-1] in ".!?…:;" else sentence + "."


# --- the price chart ----------------------------------------------------------------------------


def _prices(report: Report, happenings: Sequence[Happening], voice: Voice) -> Prices | None:
    _ = voice.say
    points = report.prices
    days = [e.occurred_at.astimezone(NEW_YORK).date() for e in _newest_first(report.events)]
    numbered = [(h.number, day, h.tone) for h, day in zip(happenings, days, strict=True)]
    chart = price_chart(points, numbered)
    if chart is None:
        return None
    first, last = points[0], points[-1]
    return Prices(
        chart=chart,
        price_labels=tuple(voice.number(float(t.value), "usd0") for t in chart.prices),  # type: ignore[arg-type]
        month_labels=tuple(voice.month(t.value) for t in chart.months),  # type: ignore[arg-type]
        mark_labels=tuple(runs(m.numbers) for m in chart.marks),
        end_label=voice.number(last.close, "usd2"),
        summary=_(
            "From {start:usd2} on {start_on:date} to {end:usd2} on {end_on:date}: {move:+pct1}.",
            start=first.close,
            start_on=first.session_on,
            end=last.close,
            end_on=last.session_on,
            move=100 * (last.close / first.close - 1),
        ),
        spark=tuple(p.close for p in points),
        has_sell=bool(chart.bands),
    )


# --- releases -----------------------------------------------------------------------------------


def _card(card: ReleaseCard, voice: Voice) -> Card:
    _ = voice.say
    rating = card.rating
    return Card(
        title=clean(card.release.model, limit=80),
        lab=_(
            "{lab}, {on:date}", lab=clean(card.release.lab, limit=80), on=card.release.released_on
        ),
        facts=_facts(card.release, voice),
        costs=_costs(card, voice),
        cost_note=_cost_note(card, voice),
        score=voice.number(rating.score, "int"),
        score_band=_(
            "5–95% interval: {low:int} to {high:int}",
            low=rating.score_low,
            high=rating.score_high,
        ),
        score_span=_RATING_AXIS.span(rating.score_low, rating.score_high),
        score_at=_RATING_AXIS.at(rating.score),
        risk=_risk(rating, voice),
        channels=_channels(rating, voice),
        reasons=voice.tell(rating.reasons, limit=1_200),
        evidence=tuple(_reason(e, voice) for e in rating.evidence),
        claims=tuple(_reason(c, voice, claim=True) for c in card.claims),
        closest=_closest(rating, voice),
        confidence=_confidence_word(rating.confidence, voice),
    )


def _facts(r: ModelRelease, voice: Voice) -> tuple[Line, ...]:
    _ = voice.say
    undisclosed = _("not disclosed")

    def text(value: str | None) -> str:
        return undisclosed if not value else voice.tell(value, limit=160)

    def number(value: float | None, template: str) -> str:
        return undisclosed if value is None else voice.say(template, x=value)

    thousands = None if r.context_k is None else 1000 * r.context_k
    return (
        Line(label=_("Parameters"), value=number(r.total_params_b, N_("{x:sig3} billion"))),
        Line(label=_("Active"), value=number(r.active_params_b, N_("{x:sig3} billion"))),
        Line(label=_("Precision"), value=text(r.weight_precision)),
        Line(label=_("Scale format"), value=text(r.scale_format)),
        Line(label=_("Hardware named"), value=text(r.hardware_named)),
        Line(label=_("Context"), value=number(thousands, N_("{x:int} tokens"))),
        Line(
            label=_("Price per million tokens, in / out"), value=_list_price(r, undisclosed, voice)
        ),
        Line(label=_("Weights"), value=_weights(r, undisclosed, voice)),
    )


def _list_price(r: ModelRelease, undisclosed: str, voice: Voice) -> str:
    if r.price_input_usd_per_mtok is None and r.price_output_usd_per_mtok is None:
        return undisclosed
    return voice.say(
        "{a:usd2} / {b:usd2}",
        a=r.price_input_usd_per_mtok,
        b=r.price_output_usd_per_mtok,
    )


def _weights(r: ModelRelease, undisclosed: str, voice: Voice) -> str:
    _ = voice.say
    licence = clean(r.license or "", limit=60)
    if r.open_weights is None:
        return licence or undisclosed
    if not r.open_weights:
        return _("closed")
    return _("open, {licence}", licence=licence) if licence else _("open")


def _costs(card: ReleaseCard, voice: Voice) -> tuple[Cost, ...]:
    """The two modelled costs on one scale, so that their bars can be compared."""
    _ = voice.say
    pairs = (
        (_("Nvidia"), card.nvidia_chip, card.usd_per_mtok_nvidia),
        (_("Domestic"), card.domestic_chip, card.usd_per_mtok_domestic),
    )
    most = max((i.mid for _w, _c, i in pairs if i is not None), default=0.0)
    return tuple(_cost(who, chip, cost, most, voice) for who, chip, cost in pairs)


def _cost(who: str, chip: str | None, cost: Interval | None, most: float, voice: Voice) -> Cost:
    _ = voice.say
    name = clean(chip or "", limit=60)
    if cost is None:
        missing = voice.label(Observed.NOT_OBSERVED.value)
        return Cost(who=who, chip=name, mid=missing, span="", width=0.0)
    return Cost(
        who=who,
        chip=name,
        mid=voice.number(cost.mid, "usd2"),
        span=_("{low:usd2} to {high:usd2}", low=cost.low, high=cost.high),
        width=round(100 * cost.mid / most, 3) if most > 0 else 0.0,
    )


def _cost_note(card: ReleaseCard, voice: Voice) -> str:
    _ = voice.say
    ours, theirs = card.usd_per_mtok_nvidia, card.usd_per_mtok_domestic
    if ours is None or theirs is None or ours.mid <= 0:
        return _("Without both costs there is no comparison.")
    ratio = theirs.mid / ours.mid
    if ratio >= 1:
        return _("Serving on the domestic chip costs {ratio:.2f} times as much.", ratio=ratio)
    return _("Serving on the domestic chip costs {less:share0} less.", less=1 - ratio)


def _risk(rating: ThreatRating, voice: Voice) -> tuple[Line, ...]:
    _ = voice.say
    return (
        Line(
            label=_("Expected loss"),
            value=voice.number(rating.expected_loss_share, "share1"),
            note=_(
                "of data-centre revenue over twelve months ({usd:usdbn0})",
                usd=rating.revenue_usd_bn,
            ),
        ),
        Line(
            label=_("Net mean effect"),
            value=voice.number(rating.net_mean_share, "+share1"),
            note=_(
                "5–95%: {low:+share1} to {high:+share1}",
                low=rating.net_low_share,
                high=rating.net_high_share,
            ),
        ),
        Line(
            label=_("Chance of losing over 5%"),
            value=voice.number(rating.p_loss_over_5pct, "share0"),
        ),
    )


def _channels(rating: ThreatRating, voice: Voice) -> tuple[Bar, ...]:
    """Parts of the score in their given order; red is more threat, so the tone is turned."""
    values = [0.0, *rating.channels.values()]
    axis = Axis(low=min(values), high=max(max(values), min(values) + 1e-9))
    return tuple(
        Bar(
            label=voice.label(name),
            value=-part,
            shown=voice.number(part, "+.1f"),
            working=voice.number(rating.channel_usd_bn.get(name), "+usdbn1"),
            observed=True,
            span=axis.span(0, part),
        )
        for name, part in rating.channels.items()
    )


def _closest(rating: ThreatRating, voice: Voice) -> str:
    if not rating.closest_earlier:
        return voice.say("No comparable earlier release on record")
    return voice.say(
        "Closest earlier release: {model}", model=clean(rating.closest_earlier, limit=80)
    )


# --- rates and market ---------------------------------------------------------------------------


def _meeting(rate: RateExpectation, voice: Voice) -> Meeting:
    _ = voice.say
    title = (
        _("Path of the policy rate")
        if rate.meeting_on is None
        else _("Fed meeting of {on:date}", on=rate.meeting_on)
    )
    likeliest = max((o.probability for o in rate.outcomes), default=0.0)
    expected = (
        _("expected change not observed")
        if rate.expected_change_bps is None
        else _("expected change {bps:+bps}", bps=rate.expected_change_bps)
    )
    return Meeting(
        title=title,
        odds=tuple(_odds(o, likeliest, voice) for o in rate.outcomes),
        expected=expected,
        rung=voice.label(rate.rung),
        note=voice.tell(rate.note),
    )


def _odds(outcome: RateOutcome, likeliest: float, voice: Voice) -> Odds:
    _ = voice.say
    change = outcome.change_bps
    low, high = (bps / 100 for bps in outcome.range_bps)
    return Odds(
        change=_("{bps:+bps}", bps=change) if change else _("no change"),
        range=_("{low:.2f}–{high:pct2}", low=low, high=high),
        probability=voice.number(outcome.probability, "share1"),
        width=round(100 * outcome.probability, 3),
        likeliest=outcome.probability == likeliest,
    )


_SUFFIXES = (
    ("_usd_tn", "usdtn2"),
    ("_usd_bn", "usdbn1"),
    ("_usd", "usd2"),
    ("_bps", "+bps"),
    ("_share", "share1"),
    ("_pct", "pct1"),
    ("_x", ".1f"),
)


def _market(market: Mapping[str, float], voice: Voice) -> tuple[Line, ...]:
    rank = {name: i for i, name in enumerate(MARKET_ORDER)}
    names = sorted(market, key=lambda name: (rank.get(name, len(rank)), name))
    return tuple(_figure(name, market[name], voice) for name in names)


def _figure(name: str, value: float, voice: Voice) -> Line:
    spec = next((spec for suffix, spec in _SUFFIXES if name.endswith(suffix)), "sig4")
    moves = "change" in name or "drawdown" in name or "relative" in name
    tone = 0
    if moves and math.isfinite(value):
        spec, tone = "+" + spec.lstrip("+"), (value > 0) - (value < 0)
    return Line(label=voice.label(name), value=voice.number(value, spec), tone=tone)


# --- events, calendar, record -------------------------------------------------------------------


def _newest_first(events: Sequence[Event]) -> list[Event]:
    return sorted(events, key=lambda e: (-e.known_at.timestamp(), e.event_id))


def _happenings(events: Sequence[Event], voice: Voice) -> tuple[Happening, ...]:
    numbered = enumerate(_newest_first(events), start=1)
    return tuple(_happening(number, event, voice) for number, event in numbered)


def _happening(number: int, event: Event, voice: Voice) -> Happening:
    _ = voice.say
    senses = {1: _("good for NVDA"), -1: _("bad for NVDA"), 0: _("neutral for NVDA")}
    return Happening(
        number=number,
        kind=voice.label(event.event_type),
        actor=clean(event.actor, limit=80),
        headline=clean(event.headline, limit=300),
        url=safe_url(event.url),
        host=host_of(event.url) or clean(event.source, limit=60),
        tone=event.direction,
        sense=senses[event.direction],
        stage=voice.label(event.stage.value),
        sources=voice.count("{n} source", "{n} sources", n=event.n_sources),
        when=voice.at(event.known_at),
        confidence=_("{share:share0} sure of the type", share=event.confidence),
    )


def _by_day(upcoming: Sequence[Upcoming]) -> list[Upcoming]:
    return sorted(upcoming, key=lambda u: (u.on, u.kind, u.what))


def _upcoming(entry: Upcoming, voice: Voice) -> Line:
    return Line(
        label=voice.on(entry.on), value=voice.tell(entry.what), note=voice.label(entry.kind)
    )


def _latest(calls: Sequence[TrackedCall]) -> list[TrackedCall]:
    return sorted(calls, key=lambda c: c.acts_on, reverse=True)[:MAX_CALLS]


def was_right(call: TrackedCall) -> bool | None:
    """HOLD is right when NVDA rose, SELL when it fell; None while open or without a move."""
    if call.nvda_return_pct is None or call.nvda_return_pct == 0:
        return None
    return (call.nvda_return_pct > 0) == (call.verdict == "HOLD")


def _call(call: TrackedCall, voice: Voice) -> Call:
    _ = voice.say
    right = was_right(call)
    words = {True: _("right"), False: _("wrong"), None: _("open")}
    return Call(
        acts=voice.on(call.acts_on),
        code=call.verdict,
        verdict=verdict_word(call.verdict, voice),
        until="" if call.until_on is None else voice.on(call.until_on),
        result="" if right is None else voice.number(call.nvda_return_pct, "+pct1"),
        outcome=words[right],
        tone={True: 1, False: -1, None: 0}[right],
    )


def _calls_summary(calls: Sequence[TrackedCall], voice: Voice) -> str:
    judged = [right for right in map(was_right, calls) if right is not None]
    if not judged:
        return voice.say("No decision has run its course yet.")
    low, high = wilson(sum(judged), len(judged))
    return voice.count(
        "{hits} of {n} closed decision was right (95% interval {low:share0} to {high:share0}).",
        "{hits} of {n} closed decisions were right (95% interval {low:share0} to {high:share0}).",
        n=len(judged),
        hits=sum(judged),
        low=low,
        high=high,
    )


def wilson(hits: int, n: int, *, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's 95 % score interval for a share (Wilson 1927, JASA 22): two fractions of one."""
    share = hits / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return (centre - half) / scale, (centre + half) / scale


def _worst_first(sources: Sequence[SourceHealth]) -> list[SourceHealth]:
    return sorted(sources, key=lambda s: (s.state is FeedState.OK, s.tier, s.name))


def _health(source: SourceHealth, voice: Voice) -> Health:
    _ = voice.say
    last, newest = source.last_ok_at, source.newest_at
    return Health(
        name=voice.tell(source.name, limit=60),
        state=voice.label(source.state.value),
        ok=source.state is FeedState.OK,
        last_ok=_("never") if last is None else voice.at(last),
        newest="" if newest is None else voice.on(newest),
        facts=voice.number(source.n_facts, "int"),
        note=voice.tell(source.note),
    )


def _health_summary(sources: Sequence[SourceHealth], voice: Voice) -> str:
    good = sum(s.state is FeedState.OK for s in sources)
    return voice.count(
        "{good} of {n} source up to date.",
        "{good} of {n} sources up to date.",
        n=len(sources),
        good=good,
    )


def _receipt(report: Report, voice: Voice) -> tuple[Line, ...]:
    d = report.decision
    entries = {
        "config_hash": d.config_hash,
        "data_hash": d.data_hash,
        "code_version": d.code_version,
        "strategy_file": d.strategy_file,
    }
    entries |= dict(report.receipt)
    lines = [Line(label=voice.label(k), value=clean(v, limit=100)) for k, v in entries.items()]
    return (Line(label=voice.say("As of"), value=voice.at(report.as_of)), *lines)
