"""Releases read off a hub of models, on small made-up repositories, prices and scores."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from engine.record.readings import (
    MODEL_PRICES,
    MODEL_SCORES,
    RELEASES,
    REPOSITORIES,
    ModelPrice,
    ModelScore,
    Repository,
)
from engine.threat import hub
from engine.threat.hub import Lab, release_facts
from engine.values import Fact, ModelRelease
from tests.builders import make_release

NOW = datetime(2025, 8, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def repository(name: str = "deepseek-ai/Made-3", **changes: Any) -> Repository:
    """Made a day before we saw it, with 200 B parameters."""
    fields: dict[str, Any] = {
        "id": name, "occurred_at": NOW - DAY, "known_at": NOW, "source": "hub",
        "total_params": 200e9, **changes,
    }  # fmt: skip
    return Repository(**fields)


def seen(told: Repository) -> Fact:
    return REPOSITORIES.fact(
        told, occurred_at=told.occurred_at, known_at=told.known_at, source="hub"
    )


def price(asked_in: float, asked_out: float, days: float = 0, **changes: Any) -> ModelPrice:
    at = NOW + days * DAY
    fields: dict[str, Any] = {
        "id": "made-3", "input_usd_per_mtok": asked_in, "output_usd_per_mtok": asked_out,
        "occurred_at": at, "known_at": at, "source": "list", "hub_id": "deepseek-ai/Made-3",
        **changes,
    }  # fmt: skip
    return ModelPrice(**fields)


def listed(told: ModelPrice) -> Fact:
    return MODEL_PRICES.fact(
        told, occurred_at=told.occurred_at, known_at=told.known_at, source=told.source
    )


def score(benchmark: str, value: float, days: float = 0, **changes: Any) -> ModelScore:
    at = NOW + days * DAY
    fields: dict[str, Any] = {
        "model": "Made-3", "benchmark": benchmark, "value": value, "occurred_at": at,
        "known_at": at, "source": "card", "tier": 1, **changes,
    }  # fmt: skip
    return ModelScore(**fields)


def scored(told: ModelScore) -> Fact:
    return MODEL_SCORES.fact(
        told, occurred_at=told.occurred_at, known_at=told.known_at, source=told.source
    )


def released(
    *repositories: Repository,
    known: tuple[Fact, ...] = (),
    prices: tuple[ModelPrice, ...] = (),
    scores: tuple[ModelScore, ...] = (),
) -> list[ModelRelease]:
    facts = release_facts(
        map(seen, repositories), known, hub.LABS, map(listed, prices), map(scored, scores)
    )
    return [RELEASES.read(fact) for fact in facts]


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "lab", "family", "shown"),
    [
        ("DeepSeek-V3.1-Base", "DeepSeek", "deepseekv3.1", "DeepSeek-V3.1"),
        ("Qwen3_235B-A22B-Instruct-FP8", "Alibaba", "qwen3235ba22b", "Qwen3-235B-A22B"),
        ("Tencent-Hunyuan-Large", "Tencent", "hunyuanlarge", "Tencent-Hunyuan-Large"),
        ("MiniMax-M1-80k", "MiniMax", "minimaxm1", "MiniMax-M1"),
        ("Base", "X", "base", "Base"),
        ("Tencent", "Tencent", "tencent", "Tencent"),
    ],
)
def test_builds_of_one_model_share_a_family(name: str, lab: str, family: str, shown: str) -> None:
    assert hub.family(name, lab) == family
    assert hub.shown_name(name) == shown


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("Qwen3-480B-A35B", 35.0), ("M-A3.5B-Chat", 3.5), ("M-480B", None), ("M-XA35B", None),
        ("M-A0B", None), ("M-A35Bx", None),
    ],
)  # fmt: skip
def test_active_parameters_are_read_off_the_name(name: str, billions: float | None) -> None:
    assert hub.active_params_b(name) == billions


@pytest.mark.parametrize(
    ("told", "precision"),
    [
        ({"quant_method": "fp8", "scale_fmt": "ue8m0"}, "fp8-ue8m0"),
        ({"quant_method": "FP8", "scale_fmt": "E8M0"}, "fp8-ue8m0"),
        ({"fmt": "fp8_e4m3", "block": (128, 128)}, "fp8-e4m3-128x128"),
        ({"quant_method": "fp8", "block": (128, 64)}, "fp8"),
        ({"quant_method": "fp8", "expert_fmt": "FP4"}, "fp4+fp8"),
        ({"quant_method": "fp8", "expert_fmt": "mxfp4"}, "fp4+fp8"),
        ({"quant_method": "mxfp4"}, "mxfp4"),
        ({"fmt": "mxfp4"}, "mxfp4"),
        ({"quant_method": "compressed-tensors", "fmt": "int4"}, "int4"),
        ({"quant_method": "compressed-tensors"}, None),
        ({"quant_method": "gptq", "fmt": "int4"}, None),
        ({}, None),
    ],
)
def test_the_stored_precision_is_told_in_the_catalogues_words(
    told: dict[str, Any], precision: str | None
) -> None:
    assert hub.weight_precision(repository(**told)) == precision


def test_stanzas_add_laboratories() -> None:
    found = hub.labs_of(
        [{"org": "NewOrg", "lab": "New", "country": "USA"}, {"org": "x"}, {"org": 1, "lab": "y"},
         {"org": "z", "lab": ""}, {"org": "home", "lab": "L" * 90}]
    )  # fmt: skip
    assert found["neworg"] == Lab(name="New", country="US")
    assert found["home"] == Lab(name="L" * 80, country="CN")
    assert not {"x", "y", "z"} & found.keys()
    assert found.keys() - hub.LABS.keys() == {"neworg", "home"}


# --- which repositories are releases -------------------------------------------------------------


def test_a_new_large_repository_is_a_release_with_what_it_tells() -> None:
    told = repository(
        "moonshotai/Made-K-1000B-A32B-Instruct", config_params=1000.4e9, total_params=600e9,
        active_params=31.1234567e9, context_tokens=131_072, license="mit", quant_method="fp8",
        scale_fmt="ue8m0", training_hardware="Ascend 910C", served_at_home=True,
    )  # fmt: skip
    (fact,) = release_facts([seen(told)], [])
    (made,) = released(told)

    assert (made.model, made.lab, made.country) == ("Made-K-1000B-A32B", "Moonshot AI", "CN")
    assert (made.total_params_b, made.active_params_b, made.context_k) == (1000.4, 32.0, 128.0)
    assert (made.weight_precision, made.scale_format) == ("fp8-ue8m0", "ue8m0")
    assert (made.open_weights, made.license, made.hardware_named) == (True, "mit", "Ascend 910C")
    assert (made.inference_domestic, made.confidence) == (True, 0.6)
    assert made.released_on == date(2025, 8, 20)
    assert made.source.endswith("Made-K-1000B-A32B-Instruct, created 2025-08-20")
    assert (fact.known_at, fact.occurred_at, fact.source) == (NOW, NOW - DAY, "hub")
    assert (made.price_input_usd_per_mtok, made.gpqa_diamond_pct) == (None, None)


def test_active_parameters_that_are_counted_stand_where_no_name_tells_them() -> None:
    (counted,) = released(repository(active_params=17.1234567e9, context_tokens=None))
    (absurd,) = released(repository(active_params=201e9))
    (equal,) = released(repository(active_params=200e9))

    assert (counted.active_params_b, counted.context_k) == (17.123, None)
    assert (absurd.active_params_b, equal.active_params_b) == (None, 200.0)


@pytest.mark.parametrize(
    ("changes", "is_one"),
    [
        ({}, True),
        ({"total_params": 100e9}, False),  # not more than a flagship's
        ({"total_params": 101e9}, True),
        ({"total_params": 60e9, "config_params": 120e9}, True),
        ({"total_params": None}, False),
        ({"occurred_at": NOW - 30 * DAY}, True),
        ({"occurred_at": NOW - 30 * DAY - timedelta(seconds=1)}, False),
        ({"id": "deepseek-ai/Made-3-VL"}, False),
        ({"id": "deepseek-ai/Made-3-Math"}, False),
        ({"id": "nobody/Made-3"}, False),
        ({"id": "DeepSeek-AI/Made-3"}, True),
        ({"pipeline_tag": "text-generation"}, True),
        ({"pipeline_tag": "image-text-to-text"}, True),
        ({"pipeline_tag": "text-to-image"}, False),
        ({"library_name": "diffusers"}, False),
        ({"library_name": "transformers"}, True),
    ],
)
def test_a_fresh_flagship_of_a_known_laboratory_is_a_release(
    changes: dict[str, Any], is_one: bool
) -> None:
    assert bool(released(repository(**changes))) is is_one


def test_builds_are_one_release_of_the_plainest_large_name_from_when_one_is_large() -> None:
    small = repository("deepseek-ai/Made-3-Base", total_params=90e9)
    build = repository(
        "deepseek-ai/Made-3-FP8", known_at=NOW + DAY, quant_method="fp8", block=(128, 128)
    )
    plain = repository("deepseek-ai/Made-3", known_at=NOW + 2 * DAY)
    found = released(small, build, plain)

    # first large on the second day, as the build; what comes later does not rename it
    assert [r.known_at for r in found] == [NOW + DAY]
    assert found[0].source.startswith("Hugging Face repository deepseek-ai/Made-3-FP8")
    together = released(replace(plain, known_at=NOW + DAY), build)
    assert together[0].source.startswith("Hugging Face repository deepseek-ai/Made-3,")
    assert together[0].weight_precision == "fp8-e4m3-128x128"  # its own builds say so


def test_a_four_bit_build_beside_whole_weights_is_a_copy() -> None:
    copy = repository("deepseek-ai/Made-3-w4a16", quant_method="compressed-tensors", fmt="int4")
    (found,) = released(repository(), copy)
    (alone,) = released(copy)

    assert found.weight_precision is None
    assert alone.weight_precision == "int4"


def test_what_the_catalogue_holds_is_no_second_release() -> None:
    told = make_release("Made 3", lab="DeepSeek", known_at=NOW - 9 * DAY)

    def kept(source: str = "table", own: str = "table") -> Fact:
        one = replace(told, source=own)
        return RELEASES.fact(one, occurred_at=NOW, known_at=told.known_at, source=source)

    assert released(repository(), known=(kept(),)) == []
    assert len(released(repository(), known=(kept(own=hub.PROVENANCE + "x"),))) == 1
    assert len(released(repository(), known=(kept(source="a list" + hub.LISTED),))) == 1
    other = RELEASES.fact(
        replace(told, lab="Zhipu"), occurred_at=NOW, known_at=told.known_at, source="table"
    )
    assert len(released(repository(), known=(other,))) == 1


# --- prices --------------------------------------------------------------------------------------


def test_a_price_makes_a_version_of_its_own_day_and_the_same_again_none() -> None:
    found = released(
        repository(), prices=(price(1.0, 4.0, 1), price(1.0, 4.0, 2), price(0.5, 2.0, 3))
    )
    told = [
        (r.known_at - NOW, r.price_input_usd_per_mtok, r.price_output_usd_per_mtok) for r in found
    ]

    assert told == [(0 * DAY, None, None), (DAY, 1.0, 4.0), (3 * DAY, 0.5, 2.0)]


def test_a_version_holds_what_its_own_day_knew_whatever_the_order_of_the_facts() -> None:
    """The repository says its context anew on even days, a list its price on the odd ones."""
    even = [repository(known_at=NOW + n * DAY, context_tokens=1024 * n) for n in range(2, 20, 2)]
    odd = [price(40.0 - n, 50.0, n) for n in range(3, 20, 2)]
    found = released(*even[::-1], prices=tuple(odd[::-1]))

    told = [((r.known_at - NOW).days, r.context_k, r.price_input_usd_per_mtok) for r in found]
    assert told == [
        (n, n - n % 2, 40.0 - (n - 1 + n % 2) if n > 2 else None) for n in range(2, 20)
    ]  # fmt: skip


def test_the_list_that_told_first_stays_and_the_makers_own_of_one_hour() -> None:
    first, other = price(1.0, 4.0), price(3.0, 9.0, 1, source="a list")
    assert hub._price_at([other, first], NOW + 2 * DAY) == first
    own = price(2.0, 8.0, source="z page", by_maker=True)
    assert hub._price_at([first, own], NOW) == own
    assert hub._price_at([first], NOW - DAY) is None
    assert hub._price_at([first, price(0.9, 3.6, 5)], NOW + 5 * DAY).input_usd_per_mtok == 0.9  # type: ignore[union-attr]
    longer = price(9.0, 9.0, id="made-3-turbo")
    assert hub._price_at([longer, first], NOW) == first
    rival = price(7.0, 7.0, id="made-4")
    assert hub._price_at([rival, first], NOW) == first  # of equal length the first by name


@pytest.mark.parametrize(
    ("asked", "said"),
    [((1.0, 4.2), ""), ((1.0, 4.27), "list b 1 / 4.27"), ((1.0, 3.7), "list b 1 / 3.7")],
)
def test_a_list_that_asks_otherwise_is_named(asked: tuple[float, float], said: str) -> None:
    """5.00 against 5.20, 5.27 and 4.70: more than a twentieth of the larger."""
    chosen, other = price(1.0, 4.0), price(*asked, source="list b")
    found = hub._elsewhere([chosen, other], chosen, NOW)

    assert (found or "") == said
    assert hub._elsewhere([chosen, other], chosen, NOW - DAY) is None


def test_three_other_lists_are_named_by_name_and_no_more() -> None:
    chosen = price(1.0, 4.0)
    others = [price(1.0, 9.0, source=f"list {n}") for n in "dbca"]
    told = hub._elsewhere([*others, chosen], chosen, NOW)
    assert told == "list a 1 / 9; list b 1 / 9; list c 1 / 9"


def catalogued(asked: tuple[float | None, float | None] = (2.0, 8.0)) -> Fact:
    told = make_release(
        "Made-3", lab="DeepSeek", known_at=NOW - 9 * DAY, price_input_usd_per_mtok=asked[0],
        price_output_usd_per_mtok=asked[1], source="table", confidence=0.8,
    )  # fmt: skip
    return RELEASES.fact(
        told, occurred_at=NOW, known_at=told.known_at, source="table", confidence=0.8
    )


def cuts(*prices: ModelPrice, asked: tuple[float | None, float | None] = (2.0, 8.0)) -> list[Any]:
    facts = release_facts([], [catalogued(asked)], hub.LABS, map(listed, prices))
    read = [RELEASES.read(fact) for fact in facts]
    return [
        (r.known_at - NOW, r.price_input_usd_per_mtok, r.price_output_usd_per_mtok) for r in read
    ]


def test_a_list_that_falls_cuts_a_catalogued_price_until_it_rises_again() -> None:
    """10.00 first; 9.50 is no news, 9.40 is; back at 10.00 the catalogue's own price stands."""
    found = cuts(
        price(2.0, 8.0), price(2.0, 7.5, 1), price(2.0, 7.4, 2), price(2.0, 7.4, 3),
        price(2.0, 8.0, 4), price(2.0, 8.0, 5), price(1.0, 4.0, 6),
    )  # fmt: skip

    assert found == [(2 * DAY, 2.0, 7.4), (4 * DAY, 2.0, 8.0), (6 * DAY, 1.0, 4.0)]


def test_no_cut_is_told_above_the_catalogues_own_price_nor_without_one() -> None:
    assert cuts(price(8.0, 30.0), price(3.0, 7.0, 1)) == []  # fell to what it asked already
    assert cuts(price(8.0, 30.0), price(3.0, 6.9, 1)) == [(DAY, 3.0, 6.9)]
    assert cuts(price(2.0, 8.0), price(1.0, 4.0, 1), asked=(None, None)) == []
    assert cuts(price(2.0, 8.0), price(1.0, 4.0, 1), asked=(None, 8.0)) == [(DAY, 1.0, 4.0)]
    assert cuts(price(2.0, 8.0, -20), price(1.0, 4.0, -10)) == []  # before the release itself


def test_another_list_is_no_fall() -> None:
    assert cuts(price(2.0, 8.0, hub_id="nobody/Made-3"), price(1.0, 4.0, 1)) == []
    facts = release_facts([], [catalogued()], hub.LABS, map(listed, (price(2, 8), price(1, 4, 1))))
    assert [(f.source, f.confidence) for f in facts] == [("list (list price)", 0.8)]


# --- scores --------------------------------------------------------------------------------------


def test_scores_come_into_their_own_fields() -> None:
    told = [
        score("gpqa_diamond", 71.0), score("mmlu_pro", 72.0), score("swe_bench_verified", 73.0),
        score("lmarena", 1400.0), score("aime_2024", 74.0),
    ]  # fmt: skip
    found = hub._scores_at(told, NOW)

    assert found == {
        "gpqa_diamond_pct": 71.0, "mmlu_pro_pct": 72.0, "swe_bench_verified_pct": 73.0,
        "lmarena_elo": 1400.0, "aime_pct": 74.0, "aime_year": 2024,
    }  # fmt: skip
    newer = hub._scores_at([*told, score("aime_2025", 60.0)], NOW)
    assert (newer["aime_pct"], newer["aime_year"]) == (60.0, 2025)
    none = hub._scores_at(told, NOW - DAY)
    assert set(none.values()) == {None}


def test_the_makers_card_tells_before_tables_and_of_its_efforts_the_best() -> None:
    card, table = score("mmlu_pro", 70.0), score("mmlu_pro", 80.0, -1, source="a", tier=2)
    other = score("mmlu_pro", 81.0, -2, source="b", tier=2)
    assert hub._scores_at([card, table, other], NOW)["mmlu_pro_pct"] == 70.0
    assert hub._scores_at([other, table], NOW)["mmlu_pro_pct"] == 80.0  # the first by name
    high = score("mmlu_pro", 75.0, model="Made-3 (high)")
    corrected = score("mmlu_pro", 65.0, 1)
    assert hub._scores_at([card, high], NOW)["mmlu_pro_pct"] == 75.0
    assert hub._scores_at([corrected, card], NOW + DAY)["mmlu_pro_pct"] == 65.0


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"model": "deepseek/Made-3"}, True),
        ({"model": "Made-4"}, False),
        ({"released_on": date(2025, 8, 20) - timedelta(days=60)}, True),
        ({"released_on": date(2025, 8, 20) - timedelta(days=61)}, False),
        ({"released_on": date(2025, 8, 20) + timedelta(days=61)}, False),
    ],
)
def test_a_score_belongs_to_the_model_of_its_name_and_days(
    changes: dict[str, Any], counts: bool
) -> None:
    found = released(repository(), scores=(score("mmlu_pro", 70.0, 1, **changes),))

    assert [r.mmlu_pro_pct for r in found] == ([None, 70.0] if counts else [None])


def test_of_several_builds_the_plainest_name_tells_the_precision() -> None:
    """The shortest, then the first of the alphabet; one that does not say, or int4, is passed."""
    long, short, next_one = (f"deepseek-ai/{n}" for n in ("A-made-3-x", "Made-3-b", "Made-3-c"))
    int4 = {"quant_method": "compressed-tensors", "fmt": "int4"}
    for other in (long, next_one):
        builds = [repository(other, fmt="mxfp4"), repository(short, quant_method="fp8")]
        assert hub._precision_of(builds) == hub._precision_of(builds[::-1]) == "fp8"
    passed = [repository("deepseek-ai/M", **int4), repository("deepseek-ai/N")]
    assert hub._precision_of([*passed, repository(long, fmt="mxfp4")]) == "mxfp4"
    assert hub._precision_of(passed) is None
