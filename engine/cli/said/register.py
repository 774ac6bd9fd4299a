"""``nvsignal register`` and ``heldback`` in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from engine.cli.said import told
from engine.report.blocks import Block, Note, plain_table
from engine.report.i18n import Said
from engine.report.typography import clean

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.service.heldback import Run


def sealed_text(statements: Sequence[Mapping[str, Any]], head: str, voice: Speaker) -> str:
    """What was sealed, a line for each preset and the entry of the ledger that holds it."""
    _ = voice.say
    lines: list[str] = []
    for one in statements:
        label = _("held back") if one["label"] == "held back" else _("forward")
        lines.append(
            _(
                "{preset}: registered {first:date} to {last:date} ({label})",
                preset=one["preset"],
                first=_day(one["from"]),
                last=_day(one["until"]),
                label=label,
            )
        )
        sealed = _(
            "{n} decisions sealed as {hash}, prices seen until {day:date}",
            n=one["decisions"],
            hash=one["decisions_hash"][:16],
            day=_day(one["prices_seen_until"]),
        )
        lines.append(f"  {sealed}")
    return "\n".join([*lines, _("ledger head {head}", head=head)])


def _day(day: date | str) -> date:
    return date.fromisoformat(day[:10]) if isinstance(day, str) else day


def verified_text(preset: str, broken: bool, gone: Sequence[str], voice: Speaker) -> str:
    """Whether this version still decides what was sealed; gone: what moved, by its key."""
    word = voice.say("NOT reproduced") if broken else voice.say("decisions reproduced")
    said = voice.pair(clean(preset, limit=64), word)
    if not gone:
        return said
    return voice.say("{said}; moved: {names}", said=said, names=Said(", ".join(gone)))


def again_text(preset: str, same: bool, voice: Speaker) -> str:
    """That the months had been run before: the first run counts."""
    word = (
        voice.say("the same figures")
        if same
        else voice.say("OTHER FIGURES, which do not replace it")
    )
    return voice.say("{preset}: had been run before; {word}", preset=preset, word=word)


def run_text(runs: Sequence[Run], voice: Speaker) -> str:
    """The table of presets and benchmarks; 80 columns."""
    _, one = voice.say, runs[0]
    head = _(
        "HELD BACK, NOT FORWARD: {first:date} to {last:date}, {n} sessions",
        first=one.first_on,
        last=one.last_on,
        n=one.sessions,
    )
    seen = _("Prices unseen, releases seen. Costs of 5 bp a fill, cash at the effective rate.")
    notes = [Note(text=head, style="lead"), Note(text=seen)]
    return told(voice, ("", notes), *((run.preset, list(_run(run, voice))) for run in runs))


def _run(run: Run, voice: Speaker) -> Iterator[Block]:
    _ = voice.say
    said = {
        "day": _day(run.registered["registered_at"]),
        "hash": run.registered["entry_hash"][:12],
    }
    if run.registered["before_the_prices"]:
        yield Note(text=_("Registered {day:date} before the prices were here ({hash}).", **said))
    else:
        yield Note(text=_("Registered {day:date} AFTER the prices were here ({hash}).", **said))
    yield _figures(run, voice)
    for name, skill in run.skills.items():
        chance = _("chance {name}: {skill}", name=Said(name), skill=_skill(skill, voice))
        yield Note(text=chance, style="quiet")
    looks = [str(look.sessions) for look in run.looks]
    asked = ", ".join(looks) if looks else _("too few")
    ended = "; ".join(voice.tell(why) for why in run.withdrawn) or _("not met")
    rule = _("withdrawal rule, asked after {asked} sessions: {ended}", asked=asked, ended=ended)
    yield Note(text=rule, style="quiet")


def _figures(run: Run, voice: Speaker) -> Block:
    _ = voice.say
    heads = (
        "", _("a year"), _("fall"), "Sharpe", _("switches"), _("in the stock"),
        _("the rule above it, a year"),
    )  # fmt: skip
    f = run.figures
    own = (f["growth_pct"], f["fall_pct"], f["sharpe"], f["switches"], f["exposure_pct"])
    rows = [[clean(run.preset, limit=17), *_row(own, voice), ""]]
    for name, y in run.yardsticks.items():
        switches = max(0, y["n_trades"] - 1)
        cells = (y["cagr_pct"], y["max_drawdown_pct"], y["sharpe"], switches, y["exposure_pct"])
        rows.append([voice.tell(name), *_row(cells, voice), _excess(y, voice)])
    return plain_table(heads, rows)


def _row(figures: Sequence[float | None], voice: Speaker) -> list[str]:
    """Growth, fall, Sharpe, switches, share in the stock; a dash for none."""
    specs = ("+pct1", "pct1", ".2f", "int", "pct0")
    return [
        "–" if value is None else voice.number(value, spec)
        for value, spec in zip(figures, specs, strict=True)
    ]


def _excess(y: Mapping[str, Any], voice: Speaker) -> str:
    if y["rule_excess_cagr_pct"] is None:
        return ""
    span, said = y["rule_excess_cagr_interval_pct"], y["rule_excess_cagr_pct"]
    if span is None:
        return voice.number(said, "+.1f")
    return voice.say("{x:+.1f} ({low:+.1f} to {high:+.1f})", x=said, low=span[0], high=span[1])


def _skill(s: Mapping[str, Any], voice: Speaker) -> str:
    span = s["skill_interval"]
    skill = voice.number(s["skill"], "+.2f")
    if span is not None:
        skill = voice.say(
            "{skill} ({low:+.2f} to {high:+.2f})", skill=skill, low=span[0], high=span[1]
        )
    return voice.say(
        "Brier {brier:.3f}, base {base:.3f}, skill {skill}, n {n}, void {void}",
        brier=s["brier"],
        base=s["brier_base_rate"],
        skill=skill,
        n=s["n"],
        void=s["void"],
    )
