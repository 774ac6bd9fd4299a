"""What must hold of releases nobody made: each property over whole ranges, whatever is known.

``python -m tests.engine.threat.test_hypotheticals`` tries several hundred and prints what fails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest

from engine.threat.parameters import Sample, sample
from engine.threat.rating import rate
from engine.threat.world import World
from engine.values import ModelRelease, ThreatRating
from tests.engine.threat.hypotheticals import at_prices, hypothetical
from tests.engine.threat.test_behaviour import FIELDS, many
from tests.engine.threat.test_behaviour_all import CASES, better, opener
from tests.engine.threat.threat_world import params, supply

FEW: Sample = sample(params(), draws=512)
SOME, MANY = range(14), range(14, 414)
MEASURES: dict[str, tuple[Callable[[ThreatRating], float], float]] = {
    "score": (lambda r: r.score, 0.1),
    "year": (lambda r: 100.0 * r.loss_share, 0.006),
    "value": (lambda r: 100.0 * r.value_share, 0.003),
}
"""What is reported, and by how much its median wavers over the draws."""

Case = tuple[ModelRelease, World]
PRICES = (100.0, 10.0, 3.0, 1.0, 0.1, 0.01, 0.0)


def cheaper(case: Case) -> list[Case]:
    """From a hundred dollars to free."""
    new, around = case
    return [(made, around) for made in at_prices(new, PRICES)]


def dearer_told(case: Case) -> list[Case]:
    """No price at all, then the same at every price: none may be less than when nobody told it."""
    new, around = case
    silent = replace(new, price_input_usd_per_mtok=None, price_output_usd_per_mtok=None)
    return [(silent, around), *cheaper(case)] if cheaper(case) else []


def versions(make: Callable[[ModelRelease], list[ModelRelease]], case: Case) -> list[Case]:
    """The release's own steps in its world."""
    return [(made, case[1]) for made in make(case[0])]


def more_counted(case: Case) -> list[Case]:
    """Home-grown chips' share of all from a hundredth to all but one."""
    new, around = case
    shares = (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)
    return [
        (new, replace(around, shares=tuple(replace(c, share=s) for c in around.shares)))
        for s in shares
    ]


def more_supplied(case: Case) -> list[Case]:
    """A thousand to a hundred million chips assumed."""
    new, around = case
    assumed = [replace(supply(n), known_at=around.as_of) for n in (1e3, 1e5, 1e6, 3e6, 1e7, 1e8)]
    return [(new, replace(around, supply=(*around.supply, a))) for a in assumed]


RISING: dict[str, Callable[[Case], list[Case]]] = {
    "cheaper": cheaper,
    "price told": dearer_told,
    "better": partial(versions, better),
    "opener": partial(versions, opener),
    "share of home-grown chips": more_counted,
    "supply of home-grown chips": more_supplied,
}


def fall(steps: Sequence[Case]) -> dict[str, list[float]]:
    """Measure -> its values along ``steps``, of those that fall by more than they waver.

    Few draws first; where these fall, enough to tell a fall from luck.
    """
    found: dict[str, list[float]] = {}
    for drawn in (FEW, many()):
        ratings = [rate(new, around, params(), drawn=drawn) for new, around in steps]
        found = {}
        for name, (read, slack) in MEASURES.items():
            values = [read(r) for r in ratings]
            if any(v < max(values[: i + 1]) - slack for i, v in enumerate(values)):
                found[name] = [round(v, 3) for v in values]
        if not found:
            return {}
    return found


def falls(
    rising: str, cases: Sequence[Case]
) -> tuple[int, list[tuple[str, dict[str, list[float]]]]]:
    """How many of ``cases`` could be tried, and which fell where they must rise."""
    made = [(case[0].model, RISING[rising](case)) for case in cases]
    tried = [(name, steps) for name, steps in made if len(steps) > 1]
    return len(tried), [(name, told) for name, steps in tried if (told := fall(steps))]


@pytest.mark.parametrize("rising", RISING)
def test_no_hypothetical_threatens_less_for_more(rising: str) -> None:
    least = {"cheaper": 7, "price told": 7, "better": 7}.get(rising, len(SOME))

    tried, told = falls(rising, [hypothetical(n) for n in SOME])

    assert tried >= least
    assert told == []


@pytest.mark.long
@pytest.mark.parametrize("rising", RISING)
def test_no_hypothetical_of_several_hundred_threatens_less_for_more(rising: str) -> None:
    assert falls(rising, [hypothetical(n) for n in MANY])[1] == []


def test_a_price_that_is_told_never_lowers_the_rating_of_a_release_on_record() -> None:
    """Not its own, nor one of a hundred dollars."""
    made = [(case, dearer_told(case)) for case in CASES]
    told = [[steps[0], steps[1], case] for case, steps in made if steps]
    assert len(told) >= 80
    assert [(steps[2][0].model, f) for steps in told if (f := fall(steps))] == []


def widenings(case: Case, dropped: str) -> dict[str, tuple[float, float]]:
    """Measure -> (shift, widening) without a field, of score and value, where it moves too far."""
    new, around = case
    gone = dict.fromkeys(FIELDS[dropped])
    if all(getattr(new, name) is None for name in gone):
        return {}
    full, less = (rate(r, around, params(), drawn=FEW) for r in (new, replace(new, **gone)))
    moved = {
        "score": (
            less.score - full.score,
            (less.score_high - less.score_low) - (full.score_high - full.score_low),
        ),
        "value": (
            less.value_loss_usd_bn - full.value_loss_usd_bn,
            (less.value_high_usd_bn - less.value_low_usd_bn)
            - (full.value_high_usd_bn - full.value_low_usd_bn),
        ),
    }
    return {k: (s, w) for k, (s, w) in moved.items() if not (w > 0 and abs(s) <= 0.5 * w)}


@pytest.mark.parametrize("dropped", ["context", "licence"])
def test_what_only_widens_moves_no_hypothetical(dropped: str) -> None:
    told = {n: widenings(hypothetical(n), dropped) for n in SOME}
    assert {n: t for n, t in told.items() if t} == {}


def test_every_interval_holds_its_centre() -> None:
    for new, around in (*CASES, *(hypothetical(n) for n in SOME)):
        told = rate(new, around, params(), drawn=FEW)
        assert told.score_low <= told.score <= told.score_high
        assert told.value_low_usd_bn <= told.value_loss_usd_bn <= told.value_high_usd_bn
        assert -told.net_high_share <= told.loss_share <= -told.net_low_share


def _report() -> None:
    cases = [hypothetical(n) for n in (*SOME, *MANY)]
    for rising in RISING:
        tried, told = falls(rising, cases)
        print(f"{rising}: {len(told)} of {tried} fall")
        for name, where in told:
            print("   ", name, where)
    for dropped in FIELDS:
        wrong = [(c[0].model, w) for c in cases if (w := widenings(c, dropped))]
        print(
            f"without {dropped}: {len(wrong)} of {len(cases)} move by more than half the widening"
        )


if __name__ == "__main__":
    _report()
