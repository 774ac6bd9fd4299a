"""Our view: three sentences, each from the numbers, and never another verdict than the report's."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from engine.report.i18n import voice
from engine.report.render import render
from engine.report.sections.view import sentences
from engine.shown import Report
from engine.values import Contribution, Decision
from tests.engine.report.sample_report import sample_report
from tests.engine.report.test_report_render import sell_report
from tests.french import english_in


def told(report: Report, lang: str = "en") -> tuple[str, str, str]:
    return sentences(report, voice(lang))


def decided(**changes: object) -> Report:
    report = sample_report()
    return replace(report, decision=replace(report.decision, **changes))  # type: ignore[arg-type]


def parts(*amounts: float) -> tuple[Contribution, ...]:
    names = ("export_policy", "trend", "demand")
    return tuple(
        Contribution(name=name, weight=0.3, value=2 * amount, contribution=amount)
        for name, amount in zip(names, amounts, strict=False)
    )


@pytest.mark.parametrize(
    ("score", "lean"),
    [
        (0.0, "is balanced"), (-0.019, "is balanced"), (0.05, "slightly for"),
        (-0.05, "slightly against"), (0.2, "speaks for"), (-0.2, "speaks against"),
        (0.5, "strongly for"), (-0.5, "strongly against"),
    ],
)  # fmt: skip
def test_the_evidence_is_said_by_its_sign_and_size(score: float, lean: str) -> None:
    assert lean in told(decided(score=score, contributions=parts(score)))[0]


@pytest.mark.parametrize(
    ("amounts", "said", "unsaid"),
    [
        ((-0.3, 0.2, 0.1), ("Export policy weighs most against", "Price trend most for"), ()),
        ((-0.3, -0.2), ("Export policy weighs most against", "nothing for"), ("Price trend",)),
        ((0.1, 0.2), ("Price trend weighs most for", "nothing against"), ("Export policy",)),
        ((0.001, -0.001), ("no voice weighs",), ("Export policy", "Price trend")),
    ],
)
def test_the_heaviest_voice_of_each_side_is_named(
    amounts: tuple[float, ...], said: tuple[str, ...], unsaid: tuple[str, ...]
) -> None:
    first = told(decided(contributions=parts(*amounts), score=sum(amounts)))[0]
    assert all(text in first for text in said)
    assert not any(text in first for text in unsaid)


def test_where_too_little_is_seen_the_evidence_leans_nowhere() -> None:
    """A score of one voice in six is no view."""
    first = told(decided(known=False, coverage=0.15))[0]
    assert first == "Only 15% of what weighs is observed: the evidence cannot say."


def test_no_state_of_a_decision_is_contradicted() -> None:
    """SELL is never called keeping all, keeping never selling, and the share is the decision's."""
    d = sample_report().decision
    assert d.risk is not None
    states = product(("HOLD", "SELL"), (True, False), (0.0, 0.25, 0.5, 1.0), (0.2, -0.1),
                     (True, False))  # fmt: skip
    for verdict, known, share, margin, by_risk in states:
        risk = replace(d.risk, sells=by_risk and verdict == "SELL")
        report = decided(
            verdict=verdict, known=known, target_weight=share, margin=margin, risk=risk
        )
        last = told(report)[2]
        if not known:
            assert f"the last word, {verdict}, stands" in last
            continue
        assert ("rules sell" in last) == (verdict == "SELL"), last
        assert ("on risk alone" in last) == risk.sells
        assert ("all of it" in last) == (verdict == "HOLD" and share == 1.0 and margin >= 0)
        assert "all of it" in last or f"{share:.0%}" in last


def test_the_risk_is_told_against_how_often_it_came() -> None:
    d: Decision = sample_report().decision
    (fall,) = [c for c in d.chances if c.event == "fall" and c.fall_pct == 10.0]
    others = tuple(c for c in d.chances if c is not fall)

    def second(chance: float, base: float) -> str:
        return told(decided(chances=(*others, replace(fall, chance=chance, base=base))))[1]

    assert "about as likely as ever: 28%" in second(0.28, 0.30)
    assert "likelier than usual: 40% against 28%" in second(0.40, 0.28)
    assert "less likely than usual: 20% against 28%" in second(0.20, 0.28)
    assert "nothing is said" in told(replace(sample_report(), stale=True))[1]


def test_the_view_stands_in_report_and_mail_in_both_languages() -> None:
    for report in (sample_report(), sell_report()):
        for form, title in (("text", "Our view"), ("html", "Our view"), ("mail_html", "Our view")):
            assert title in render(report, form)
        assert english_in(" ".join(told(report, "fr"))) == []
