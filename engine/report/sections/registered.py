"""Rules sealed before the months they are judged on: what came, and what would end them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from engine.report.blocks import Block, Note
from engine.report.labels import N_
from engine.report.section import Section

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.report.inputs import Inputs
    from engine.shown import RegisteredRule, Report


class Registered(Section):
    """One paragraph for each statement; an alert when its own rule ended it."""

    name, order, title = "registered", 84, N_("What was registered beforehand")
    labels: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "growth below its constant mix": N_("its growth is below that of its constant mix"),
            "fell deeper than holding": N_("it fell deeper than holding"),
            "chances worse than the base rate": N_("its chances were worse than the base rate"),
        }
    )

    def gather(self, inputs: Inputs) -> tuple[RegisteredRule, ...] | None:
        """The statements as they were handed in; None without any."""
        return inputs.registered or None

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """What was sealed and what came, one after the other."""
        for rule in report.parts.get(self.name) or ():
            ended = rule.state == "withdrawn"
            text = f"{_sealed(rule, voice)} {_came(rule, voice)}"
            yield Note(text=text, style="alert" if ended else "")


def _sealed(rule: RegisteredRule, voice: Speaker) -> str:
    said = {"on": rule.registered_on, "first": rule.first_on, "until": rule.until_on}
    if rule.held_back:
        return voice.say(
            "Sealed on {on:date} for {first:date} to {until:date}, held back and not forward: "
            "prices unseen, releases seen.",
            **said,
        )
    return voice.say("Sealed on {on:date} for {first:date} to {until:date}, forward.", **said)


def _came(rule: RegisteredRule, voice: Speaker) -> str:
    if rule.state == "changed":
        return voice.say("The rule has been changed since, so it is not judged by what was sealed.")
    if rule.total_pct is None:
        return voice.say("No session of it is over.")
    came = voice.count(
        "{n} session so far: {own:+pct1}, a constant mix of the same exposure {mix:+pct1}; deepest "
        "fall {fall:pct1}, of holding {holding:pct1}.",
        "{n} sessions so far: {own:+pct1}, a constant mix of the same exposure {mix:+pct1}; "
        "deepest fall {fall:pct1}, of holding {holding:pct1}.",
        n=rule.sessions,
        own=rule.total_pct,
        mix=rule.mix_total_pct,
        fall=rule.fall_pct,
        holding=rule.holding_fall_pct,
    )
    return f"{came} {_ending(rule, voice)}"


def _ending(rule: RegisteredRule, voice: Speaker) -> str:
    if rule.met:
        reasons = "; ".join(voice.label(reason) for reason in rule.met)
        return voice.say(
            "By the rule written before, this preset ended on {on:date}: {why}.",
            on=rule.ended_on,
            why=reasons,
        )
    if not rule.looks:
        return voice.say(
            "What would end it is first asked after session {n:int}.", n=rule.next_look
        )
    return voice.count(
        "What would end it was asked once and has not come.",
        "What would end it was asked {n} times and has not come.",
        n=rule.looks,
    )
