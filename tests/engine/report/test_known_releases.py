"""Known answers of a release's card: facts, costs, channels and risk, each figure in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.phrases import paragraph
from engine.report.blocks import Card, Cell, Details, ItemList, Line, Lines, Note, Table
from engine.report.charts import AxisSpan
from engine.report.i18n import voice
from engine.report.sections import releases
from engine.report.sections.releases import SLIGHT, Releases
from engine.values import Interval, ThreatRating
from tests.engine.report.sample_report import card, rating, sample_report, v31

EN = voice("en")


def scored(score: float, **changes: Any) -> ThreatRating:
    return rating(score=score, score_low=0.0, channels={"residual": score}, **changes)


def laid(*cards: Any) -> list[Any]:
    return list(Releases().blocks(replace(sample_report(), releases=cards), EN))


def test_a_score_under_one_point_is_a_line_and_not_a_card() -> None:
    """Cards first, the first of them open; their list has a heading only beside a card."""
    on_line = replace(card(), rating=scored(1.0))
    below = replace(card(), rating=scored(0.999, score_high=3.0))
    assert SLIGHT == 1.0
    first, second, others = laid(on_line, below, replace(card(), rating=rating()))
    assert [type(block) for block in (first, second, others)] == [Card, Card, ItemList]
    assert [len(one.blocks) for one in (first, second)] == [3, 2]
    assert others.title == "Other releases"
    assert [item.text for item in others.items] == [
        "DeepSeek-V3.1 · DeepSeek, Aug 21, 2025 · Threat 1 of 100 (5–95% interval: 0 to 3) · "
        "moderate confidence"
    ]
    (alone,) = laid(below)
    assert (alone.title, len(alone.items)) == ("", 1)


def test_the_first_reason_of_the_first_card_is_open_and_the_others_folded() -> None:
    told = replace(card(), rating=rating(reasons=paragraph("One.", "Two.", "Three.")))
    first, second, _ = laid(told, replace(told))
    lead = Note(text="Threat 18 of 100 (5–95% interval: 6 to 41)", style="lead")
    assert first.title == second.title == "DeepSeek-V3.1"
    assert first.note == "DeepSeek, Aug 21, 2025 · moderate confidence"
    assert first.blocks[:-1] == (lead, Note(text="One."))
    assert second.blocks[:-1] == (lead,)
    for one, rest in ((first, "Two. Three."), (second, "One. Two. Three.")):
        folded = one.blocks[-1]
        assert isinstance(folded, Details)
        assert folded.blocks[0] == Note(text=rest)
    brief, _ = laid(replace(card(), rating=rating(reasons=paragraph("One."))))
    assert isinstance(brief.blocks[-1].blocks[0], Lines)


def test_what_cannot_be_rated_has_no_score() -> None:
    assert releases._score(rating(rateable=False), EN) == (
        "Seen, cannot be rated yet: neither price nor scores are known"
    )


def values(**changes: Any) -> list[str]:
    lines = releases._facts(replace(card(), release=replace(v31(), **changes)), EN)
    assert [line.label for line in lines] == [
        "Parameters", "Active", "Precision", "Scale format", "Hardware named", "Context",
        "Price per million tokens, in / out", "Weights",
    ]  # fmt: skip
    return [line.value for line in lines]


def test_facts_of_a_release_in_their_units() -> None:
    """Context is on record in thousands of tokens."""
    assert values() == [
        "671 billion", "37 billion", "FP8 E4M3", "UE8M0", "not disclosed", "128,000 tokens",
        "$0.27 / $1.10", "open, MIT",
    ]  # fmt: skip
    unknown = dict.fromkeys(
        ("total_params_b", "active_params_b", "weight_precision", "scale_format", "context_k",
         "price_input_usd_per_mtok", "price_output_usd_per_mtok", "open_weights", "license")
    )  # fmt: skip
    assert values(**unknown) == ["not disclosed"] * 8
    assert values(hardware_named="H800")[4] == "H800"
    assert values(total_params_b=None, active_params_b=None)[:6] == [
        "not disclosed", "not disclosed", "FP8 E4M3", "UE8M0", "not disclosed", "128,000 tokens",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("is_open", "licence", "said"),
    [
        (True, "MIT", "open, MIT"), (True, None, "open"), (False, "MIT", "closed"),
        (None, "MIT", "MIT"), (None, None, "not disclosed"),
    ],
)  # fmt: skip
def test_weights_are_open_closed_or_not_told(
    is_open: bool | None, licence: str | None, said: str
) -> None:
    assert values(open_weights=is_open, license=licence)[7] == said


def test_prices_of_today_of_the_rating_and_of_other_lists() -> None:
    """One half of a price may be missing; a list that is no price is left out."""
    assert values(price_output_usd_per_mtok=None)[6] == "$0.27 / not observed"
    assert values(price_input_usd_per_mtok=None)[6] == "not observed / $1.10"
    then = replace(v31(), price_input_usd_per_mtok=0.5)
    told = releases._prices(replace(card(), rated=then), "none", EN)
    assert told == "$0.27 / $1.10; $0.50 / $1.10 when rated"
    assert releases._prices(replace(card(), rated=v31()), "none", EN) == "$0.27 / $1.10"
    elsewhere = "Azure 0.3 / 1.2; rubbish; AWS EU 1e-2 / 12.345678; x 1 / 123456"
    assert values(price_elsewhere=elsewhere)[6] == (
        "$0.27 / $1.10; Azure asks $0.30 / $1.20; AWS EU asks $0.01 / $12.35"
    )


def costs(ours: Interval | None, theirs: Interval | None) -> Any:
    return replace(card(), usd_per_mtok_nvidia=ours, usd_per_mtok_domestic=theirs)


def at(mid: float) -> Interval:
    return Interval(low=mid / 2, mid=mid, high=mid * 2)


def test_two_costs_are_drawn_on_one_scale() -> None:
    """0.30 of 0.40 is three quarters of the frame; a chip's rack is not part of its name."""
    given = replace(costs(at(0.3), at(0.4)), nvidia_chip="GB200 (system)")
    table = releases._costs(given, EN)
    assert table.title == "Modelled cost of a million tokens"
    assert [(c.bar, c.number) for c in table.columns] == [(False, False), (True, False),
                                                          (False, True)]  # fmt: skip
    assert table.rows == (
        (Cell(text="Nvidia", note="GB200"), Cell(span=AxisSpan(left=0, width=75.0)),
         Cell(text="$0.30", note="$0.15 to $0.60", style="strong")),
        (Cell(text="Domestic", note="Ascend 910C"), Cell(span=AxisSpan(left=0, width=100.0)),
         Cell(text="$0.40", note="$0.20 to $0.80", style="strong")),
    )  # fmt: skip
    _, missing = releases._costs(replace(costs(at(0.3), None), domestic_chip=None), EN).rows
    assert missing == (
        Cell(text="Domestic"), Cell(observed=False), Cell(text="not observed", style="quiet"),
    )  # fmt: skip
    free = releases._costs(costs(at(0.0), at(0.0)), EN).rows
    assert [row[1].span for row in free] == [AxisSpan(left=0, width=0.0)] * 2


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        (0.4, 0.3, "Serving on the domestic chip costs 25% less."),
        (0.4, 0.4, "Serving on the domestic chip costs 1.00 times as much."),
        (0.4, 0.6, "Serving on the domestic chip costs 1.50 times as much."),
        (0.0, 0.3, "Without both costs there is no comparison."),
        (None, 0.3, "Without both costs there is no comparison."),
        (0.4, None, "Without both costs there is no comparison."),
    ],
)
def test_the_domestic_chip_is_dearer_or_cheaper(
    ours: float | None, theirs: float | None, said: str
) -> None:
    given = costs(None if ours is None else at(ours), None if theirs is None else at(theirs))
    assert releases._cost_note(given, EN) == said


def test_what_is_at_risk_line_by_line() -> None:
    assert releases._risk(rating(), EN) == (
        Line(label="At risk within a year", value="2.1%",
             note="of data-centre revenue ($155bn); change, 5–95%: -8.3% to +4.7%"),
        Line(label="Value at risk", value="$5.8bn",
             note="present value of three years’ gross profit, 5–95%: $1.2bn to $14.0bn"),
        Line(label="Chance of losing over 5%", value="13%"),
    )  # fmt: skip


def test_channels_are_drawn_from_zero_and_more_threat_is_bad() -> None:
    """Parts of 6, -2 and 0 on an axis from -2 to 6: zero is at a quarter of it."""
    given = rating(
        channels={"substitution": 6.0, "efficiency": -2.0, "residual": 0.0}, score=4.0,
        score_low=0.0,
        channel_usd_bn={"substitution": -1.6, "efficiency": 1.0},
    )  # fmt: skip
    table = releases._channels(given, EN)
    assert table.title == "Where the 4 points come from"
    assert [(c.head, c.bar, c.number) for c in table.columns] == [
        ("channel", False, False), ("", True, False), ("part of the score", False, True),
    ]  # fmt: skip
    assert [row[1:] for row in table.rows] == [
        (Cell(span=AxisSpan(left=25.0, width=75.0), tone=-1),
         Cell(text="+6.0", note="-$1.6bn", style="strong")),
        (Cell(span=AxisSpan(left=0.0, width=25.0), tone=1),
         Cell(text="-2.0", note="+$1.0bn", style="strong")),
        (Cell(span=AxisSpan(left=25.0, width=0.0), tone=0),
         Cell(text="0.0", note="not observed", style="strong")),
    ]  # fmt: skip
    assert [row[0].text for row in table.rows] == [
        EN.label(name) for name in ("substitution", "efficiency", "residual")
    ]
    (small,) = releases._channels(scored(0.5), EN).rows
    assert (small[1].tone, small[1].span) == (-1, AxisSpan(left=0.0, width=100.0))
    flat = releases._channels(scored(0.0), EN)
    assert flat.rows[0][1].span == AxisSpan(left=0.0, width=0.0)


def test_details_stand_in_their_order() -> None:
    """Evidence as it is, claims tagged as such, the release it is closest to at the end."""
    found = releases._details(card(), EN)
    assert [type(block) for block in found] == [
        Lines, Lines, Table, Table, Note, ItemList, ItemList, Note,
    ]  # fmt: skip
    evidence, claims = found[5], found[6]
    assert isinstance(evidence, ItemList)
    assert isinstance(claims, ItemList)
    assert (evidence.depth, evidence.title, evidence.boxed) == ("full", "", False)
    assert [item.tag for item in evidence.items] == ["", "not observed"]
    assert (claims.title, claims.boxed) == ("Claims, beside the estimate", True)
    assert [item.tag for item in claims.items] == ["claim, low confidence"]
    assert found[7] == Note(text="Closest earlier release: DeepSeek-R1-0528.", style="quiet")
    bare = releases._closest(rating(closest_earlier=""), EN)
    assert bare == "No comparable earlier release on record"


def test_the_machine_readable_release_has_its_costs_by_chip() -> None:
    (told,) = Releases().data(replace(sample_report(), releases=(card(),)), EN)["ratings"]
    assert told["cost"] == {
        "nvidia_chip": "H20", "usd_per_mtok_nvidia": Interval(low=0.21, mid=0.34, high=0.58),
        "domestic_chip": "Ascend 910C",
        "usd_per_mtok_domestic": Interval(low=0.29, mid=0.51, high=1.02),
    }  # fmt: skip
    assert (told["release"], told["claims"], told["score"]) == (v31(), card().claims, 18.0)
