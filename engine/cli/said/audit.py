"""``nvsignal audit`` in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.cli.said import told
from engine.report.blocks import Block, Note, plain_table
from engine.report.labels import N_
from engine.report.typography import clean

if TYPE_CHECKING:
    from backtests.audit import AuditResult, Leak
    from backtests.experiments import Effect
    from engine.report.i18n import Said, Speaker
    from engine.service.histories import Apart, Histories

CHECKS = {
    "access": N_("access"),
    "determinism": N_("determinism"),
    "memory": N_("memory"),
    "truncation": N_("truncation"),
    "order": N_("order"),
    "poison": N_("poison"),
    "parity": N_("parity"),
    "peeking": N_("peeking"),
    "remembering": N_("remembering"),
    "reading": N_("reading"),
}
"""What is compared, and the runs that leak on purpose."""
SHOWN_LEAKS = 10


def text_of(result: AuditResult, apart: Histories | None, voice: Speaker) -> str:
    """The verdict, the leaks, the experiments, the histories of the news; 80 columns."""
    _ = voice.say
    effects = (*result.delays, *result.dropped, result.observed_only)
    late, thin = (result.base, *result.delays), (*result.dropped, result.observed_only)
    blocks: list[Block] = [
        Note(text=_head(result, voice), style="lead"),
        Note(text=voice.tell(result.verdict)),
        *_proof(result, voice),
        *(_leaks(result, voice) if result.leaks else ()),
        _table(_("all news later"), late, voice),
        _table(_("without"), thin, voice),
        *(Note(text=_note(effect, voice)) for effect in effects if effect.note),
    ]
    news = () if apart is None else ((_("Histories of the news"), histories_of(apart, voice)),)
    return told(voice, ("", blocks), *news)


def _head(result: AuditResult, voice: Speaker) -> str:
    given = {"strategy": result.strategy, "first": result.first_on, "last": result.last_on}
    if result.clean:
        return voice.say("CLEAN: strategy {strategy}, {first:date} to {last:date}", **given)
    if result.leak_count:
        return voice.say("LOOK-AHEAD: strategy {strategy}, {first:date} to {last:date}", **given)
    return voice.say("INCONCLUSIVE: strategy {strategy}, {first:date} to {last:date}", **given)


def _proof(result: AuditResult, voice: Speaker) -> Iterator[Block]:
    """What was compared, and whether the audit proved able to find a leak."""
    _ = voice.say
    made = ", ".join(
        _("{what} {n:int}", what=_check(name, voice), n=count)
        for name, count in result.checked.items()
    )
    yield Note(text=_("Comparisons: {made}.", made=made))
    caught = ", ".join(
        _("{what} {answer}", what=_check(name, voice), answer=_("yes") if yes else _("no"))
        for name, yes in result.canaries.items()
    )
    yield Note(text=_("Runs that leak on purpose, caught: {caught}.", caught=caught))
    if result.doubt:
        yield Note(text=voice.tell(result.doubt))
    share = result.backfilled_share
    yield Note(text=_("Facts with an assumed known_at: {share:share0}.", share=share))


def _check(name: str, voice: Speaker) -> Said:
    return voice.say(CHECKS[name]) if name in CHECKS else voice.tell(name)


def _leaks(result: AuditResult, voice: Speaker) -> Iterator[Block]:
    yield Note(
        text=voice.count(
            "{n} difference, the first ones:", "{n} differences, the first ones:",
            n=result.leak_count,
        )
    )  # fmt: skip
    for leak in result.leaks[:SHOWN_LEAKS]:
        yield Note(text=_leak(leak, voice))


def _leak(leak: Leak, voice: Speaker) -> str:
    return voice.say(
        "{decided:date}, {check}: {where} of {session:date}: {full} / {cut}",
        decided=leak.decided_on,
        check=_check(leak.check, voice),
        where=clean(leak.where, limit=80),
        session=leak.session_on,
        full=clean(leak.full, limit=24),
        cut=clean(leak.cut, limit=24),
    )


def _table(title: str, effects: tuple[Effect, ...], voice: Speaker) -> Block:
    _ = voice.say
    heads = (
        title, "|Δscore|", _("verdicts"), _("new SELL"), _("in SELL"), _("cover"), _("equity"),
        _("Sharpe"),
    )  # fmt: skip
    return plain_table(heads, (_cells(effect, voice) for effect in effects))


def _cells(effect: Effect, voice: Speaker) -> list[str]:
    def shown(value: float | None, spec: str) -> str:
        return "–" if value is None else voice.number(value, spec)

    return [
        voice.tell(effect.name),
        shown(effect.score_change, ".4f"),
        voice.number(effect.verdicts_changed, "int"),
        voice.number(effect.new_sells, "int"),
        voice.number(effect.sell_sessions, "int"),
        shown(effect.coverage, ".2f"),
        shown(effect.final_equity, ".3f"),
        shown(effect.sharpe, ".2f"),
    ]


def _note(effect: Effect, voice: Speaker) -> str:
    return voice.pair(voice.tell(effect.name), voice.tell(effect.note))


# --- the histories of the news -----------------------------------------------------------------


def histories_of(found: Histories, voice: Speaker) -> list[Block]:
    """How far the news by hand, as read and live lie apart, in a few sentences."""
    _, r = voice.say, found.reading
    lines = [
        _(
            "Curated headlines through the classifier: of {steps:int} that move a voice, "
            "{same:int} keep their sense, {silent:int} fall silent, {turned:int} turn and "
            "{added:int} are added.",
            steps=r.steps, same=r.same, silent=r.silent, turned=r.turned, added=r.added,
        ),
        _(
            "Policy news adds up to {by_hand_pct:+pct1} of the price by hand and "
            "{as_read_pct:+pct1} as read.",
            by_hand_pct=r.by_hand_pct, as_read_pct=r.as_read_pct,
        ),
        _(
            "The faded sums lie at most {gap_pct:pct1} apart, on {widest:date}.",
            gap_pct=r.widest_gap_pct, widest=r.widest_on,
        ),
        _("Decisions of {preset} against those by hand:", preset=found.preset),
        *_apart(_("as read"), found.as_read, voice),
    ]  # fmt: skip
    if found.live is None:
        lines.append(_("Live: no feed has brought news yet."))
    else:
        lines += _apart(_("live"), found.live, voice)
    return [Note(text=line) for line in lines]


def _apart(name: str, found: Apart, voice: Speaker) -> list[Said]:
    _ = voice.say
    if found.score_mean is None:
        return [_("{history}: no session is scored in both.", history=name)]
    scores = _(
        "{history} from {first:date}, {sessions:int} sessions: score off by {mean:.3f} on average, "
        "at most {most:.3f} on {most_on:date}.",
        history=name, first=found.first_on, sessions=found.sessions, mean=found.score_mean,
        most=found.score_most, most_on=found.most_on,
    )  # fmt: skip
    days = voice.count(
        "The share to keep differs on {n} day.", "The share to keep differs on {n} days.",
        n=found.share_days,
    )  # fmt: skip
    if not found.verdict_days:
        return [scores, _("No verdict differs."), days]
    verdicts = voice.count(
        "{n} verdict differs, on {first:date}.", "{n} verdicts differ, first on {first:date}.",
        n=found.verdict_days, first=found.first_verdict_on,
    )  # fmt: skip
    return [scores, verdicts, days]
