"""The track record in words: what was said and what came of it, for terminal and page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from engine.phrases import paragraph
from engine.report.blocks import Block, Cell, Note, Page, Part, Table, plain_table
from engine.report.i18n import Said
from engine.report.sections.registered import Registered
from engine.report.sections.scored import chance_of
from engine.report.typography import clean
from engine.report.words import stance_word

if TYPE_CHECKING:
    from engine.report.i18n import Speaker


def page_of(found: dict[str, Any], voice: Speaker) -> Page:
    """Both records, one after the other. found: of ``judging.whole_record``."""
    _ = voice.say
    head = _(
        "Track record of {rules}, as of {on:date}",
        rules=Said(found["strategy"]),
        on=found["as_of"],
    )
    parts: list[tuple[str, list[Block]]] = [("", [Note(text=head, style="lead")])]
    for name, title in (("live", _("Live")), ("replayed", _("Replayed"))):
        parts.append((title, _record(found[name], voice)))
    if found["replayed"]["distribution"]:
        parts[-1][1].append(Note(text=_distribution(found["replayed"]["distribution"], voice)))
    parts[-1][1].extend(Note(text=voice.tell(said)) for said in found["replayed"]["foresight"])
    worst = _("What the rules say of the mornings of the worst ten sessions (replayed)")
    parts.append((worst, [_worst(found["replayed"]["worst_days"], voice)]))
    if found["registered"]:
        sealed = [block for one in found["registered"] for block in _statement(one, voice)]
        parts.append((_("Registered beforehand"), sealed))
    laid = tuple(Part(name="", title=said, blocks=tuple(blocks)) for said, blocks in parts)
    return Page(lang=voice.lang, title=head, code="", parts=laid, disclaimer="")


def _record(record: dict[str, Any], voice: Speaker) -> list[Block]:
    return [Note(text=_verdicts(record["outcomes"], voice)), *_chances(record["chances"], voice)]


def _verdicts(o: dict[str, Any], voice: Speaker) -> str:
    _ = voice.say
    head = _(
        "Verdicts after {n:int} sessions: {over:int} over, {open:int} open, {void:int} void.",
        n=o["expires_after_sessions"], over=o["n"], open=o["open"], void=o["void"],
    )  # fmt: skip
    if o["share_right"] is None:
        return paragraph(head, _("Too few for a rate."))
    low, high = o["share_right_interval"]
    rate = _(
        "Right {right:share0} ({low:share0} to {high:share0} if they were independent, which they "
        "are not); always HOLD: {hold:share0}.",
        right=o["share_right"], low=low, high=high, hold=o["share_always_hold"],
    )  # fmt: skip
    return paragraph(head, rate)


def _chances(chances: Sequence[dict[str, Any]], voice: Speaker) -> Iterator[Block]:
    """A line for each chance, then what was said against what came."""
    _ = voice.say
    if not chances:
        return
    counts = [
        (key, head)
        for key, head in (("n", _("over")), ("open", _("open")), ("void", _("void")))
        if key != "void" or any(c[key] for c in chances)  # a column of noughts tells nothing
    ]
    heads = (
        _("chance of"), *(head for _key, head in counts), "Brier", _("base rate"), _("skill"),
    )  # fmt: skip
    keys = [key for key, _head in counts]
    yield plain_table(heads, (_chance(c, keys, voice) for c in chances))
    scored = [c for c in chances if c["brier"] is not None]
    if scored:
        yield Note(text=_("Said, and how often it then came"), style="lead")
    for c in scored:
        pairs = " ; ".join(
            _("{said:share0} → {came:share0}", said=b["said"], came=b["came"])
            for b in c["reliability"]
        )
        yield Note(text=voice.pair(_event(c, voice), Said(pairs)))


def _chance(c: dict[str, Any], keys: Sequence[str], voice: Speaker) -> list[str | Cell]:
    counts = [voice.number(c[key], "int") for key in keys]
    if c["brier"] is None:
        return [_event(c, voice), *counts, "", "", voice.say("too few for a rate")]
    span = c["skill_interval"]
    inside = (
        "" if span is None else voice.say("{low:+.2f} to {high:+.2f}", low=span[0], high=span[1])
    )
    skill = Cell(text=voice.number(c["skill"], "+.2f"), note=f"({inside})" if inside else "")
    briers = [voice.number(c[key], ".3f") for key in ("brier", "brier_base_rate")]
    return [_event(c, voice), *counts, *briers, skill]


def _distribution(d: dict[str, Any], voice: Speaker) -> str:
    """The forecast of the coming month against what came, and against the past as it was."""
    _ = voice.say
    skill = voice.number(d["skill"], "+.3f")
    if d["low"] is not None:
        skill = _(
            "{x:+.3f} ({low:+.3f} to {high:+.3f})", x=d["skill"], low=d["low"], high=d["high"]
        )
    return _(
        "Forecast of the month, {n:int} times: its 90% interval held {held:share1}; CRPS "
        "{crps:.4f}, of the past alone {past:.4f}, skill {skill}.",
        n=d["n"],
        held=d["coverage"],
        crps=d["crps"],
        past=d["crps_of_base"],
        skill=Said(skill),
    )


def _event(c: dict[str, Any], voice: Speaker) -> str:
    kind, _, fall = str(c["event"]).partition("_")
    within = c["within_sessions"]
    return chance_of(kind, float(fall) if fall else None, within, voice)


def _worst(days: Sequence[dict[str, Any]], voice: Speaker) -> Table:
    _ = voice.say
    heads = (
        _("day"), _("decision"), "NVDA", _("share kept"), voice.pgettext("column", "score"),
        _("chance of a fall of 10%"),
    )  # fmt: skip
    rows = (
        [
            voice.on(d["session_on"]),
            stance_word(d["decision"], voice),
            voice.number(d["return_pct"], "+pct1"),
            voice.number(d["target_weight"], "share0"),
            voice.number(d["score"], "+.2f"),
            voice.number(d["chance_of_fall"], "share0"),
        ]
        for d in days
    )
    found = plain_table(heads, rows, words=2)
    return replace(found, columns=(replace(found.columns[0], whole=True), *found.columns[1:]))


def _statement(sealed: dict[str, Any], voice: Speaker) -> Iterator[Block]:
    """A statement registered beforehand, what came so far, and whether its rule ended it."""
    _ = voice.say
    yield Note(
        text=_(
            "Sealed on {on:date} for {first:date} to {last:date} ({label}), {seal}",
            on=_day(sealed["registered_at"]),
            first=_day(sealed["from"]),
            last=_day(sealed["until"]),
            label=voice.quote(clean(sealed["label"], limit=40)),
            seal=Said(sealed["entry_hash"][:12]),
        ),
        style="lead",
    )
    if sealed["state"] == "changed":
        yield Note(
            text=_("The rule has been changed since; what is sealed there is not judged here.")
        )
        return
    so_far, rule = sealed["so_far"], sealed["withdrawal"]
    if so_far is None:
        yield Note(text=paragraph(_("Not begun."), _ending(rule, None, voice)))
        return
    yield from (Note(text=text) for text in _so_far(sealed, voice))
    if ended := so_far["withdrawn"]:
        why = Said("; ".join(Registered().voice(voice).label(met) for met in ended))
        on = next(look["on"] for look in so_far["looks"] if look["met"])
        text = _("Withdrawn by the rule written before, on {on:date}: {why}.", on=_day(on), why=why)
        yield Note(text=text, style="alert")
    else:
        yield Note(text=_ending(rule, so_far, voice))


def _day(told: str | date) -> date:
    """The day of an ISO date or instant."""
    return date.fromisoformat(str(told)[:10])


def _so_far(sealed: dict[str, Any], voice: Speaker) -> Iterator[str]:
    """What came of a statement until now."""
    _ = voice.say
    so_far, rule, live = sealed["so_far"], sealed["withdrawal"], sealed["said_otherwise"]
    mix, holding = (so_far["yardsticks"][rule[k]] for k in ("excess_over", "fall_deeper_than"))
    own = so_far["figures"]
    yield _(
        "{n:int} sessions to {last:date}: {own:+pct1}, constant mix {mix:+share1}, holding "
        "{holding:+share1}.",
        n=so_far["sessions"], last=_day(so_far["last_on"]), own=own["total_pct"],
        mix=mix["final_equity"] - 1, holding=holding["final_equity"] - 1,
    )  # fmt: skip
    yield _("A year above its constant mix: {excess}.", excess=_excess(mix, voice))
    yield _(
        "Deepest fall {own:pct1}, of holding {holding:pct1}; skill of its 10% fall: {skill}.",
        own=own["fall_pct"], holding=holding["max_drawdown_pct"],
        skill=_skill(so_far["skills"].get("fall_10", {}), voice),
    )  # fmt: skip
    yield _(
        "Live mornings: {live:int}, of another verdict than this replay: {otherwise:int}.",
        live=live["live"], otherwise=live["otherwise"],
    )  # fmt: skip


def _ending(rule: dict[str, Any], so_far: dict[str, Any] | None, voice: Speaker) -> str:
    """What ends the preset, and when that is asked."""
    looks = 0 if so_far is None else len(so_far["looks"])
    asked = voice.say("Asked after every {n:int} sessions and after the last.", n=rule["sessions"])
    if looks:
        asked = voice.count("Asked {n} time, not met.", "Asked {n} times, not met.", n=looks)
    ends = voice.say(
        "What ends it: growth surely below its constant mix; a fall more than {margin:pct0} deeper "
        "than of holding; from session {late:int} on, chances of a fall surely worse than the base "
        "rate.",
        margin=rule["fall_deeper_by_points"],
        late=rule["chance_sessions"],
    )
    return paragraph(ends, asked)


def _excess(mix: dict[str, Any], voice: Speaker) -> str:
    span = mix["rule_excess_cagr_interval_pct"]
    if span is None:
        return voice.say("too few sessions")
    return voice.say(
        "{x:+.1f} points ({low:+.1f} to {high:+.1f})",
        x=mix["rule_excess_cagr_pct"], low=span[0], high=span[1],
    )  # fmt: skip


def _skill(fall: dict[str, Any], voice: Speaker) -> str:
    skill = fall.get("skill")
    if skill is None:
        return voice.say("too few outcomes")
    span = fall["skill_interval"]
    if span is None:
        return voice.number(skill, "+.2f")
    return voice.say("{x:+.2f} ({low:+.2f} to {high:+.2f})", x=skill, low=span[0], high=span[1])
