"""Coefficients of made-up models, small enough to be worked by hand."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from engine.errors import DataError, OutOfRangeError
from engine.record.readings import Dimensions
from engine.threat.architectures import (
    arch_of,
    estimate_arch,
    find_architecture,
    match_architecture,
    parse_architectures,
    stack,
)

MADE = Dimensions(
    model="Made", aliases=("Made-Chat", "Made-2"), attention_kind="gqa", total_params=1000.0,
    active_params=500.0, layers=5, hidden=6, heads=4, kv_heads=2, head_dim=3, v_head_dim=7,
    rope_dim=None, kv_lora_rank=None, moe_layers=3, experts_routed=8, experts_per_token=2,
    moe_intermediate=4, vocab=10, full_attention_layers=5, index_heads=None, index_head_dim=None,
    index_topk=None, sliding_window=None, kv_elements_per_token=11.0, mtp_depth=1,
    max_context=4096, source="s", confidence="high",
)  # fmt: skip
LATENT: dict[str, Any] = {"kv_lora_rank": 6, "rope_dim": 2, "full_attention_layers": 2}
INDEXED: dict[str, Any] = {
    "attention_kind": "dsa", "full_attention_layers": 2, "index_heads": 3, "index_head_dim": 4,
    "index_topk": 5,
}  # fmt: skip
NAMES = (
    "prefill_flops", "decode_flops", "index_flops", "window_flops", "window", "sparse_flops",
    "dense_flops", "topk", "state_flops", "kv_full", "kv_index", "kv_sparse", "kv_window",
    "kv_state",
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        # 2 x 4 heads x (3 + 7) = 80 FLOP a layer and context token, five layers
        ({}, {"prefill_flops": 400, "decode_flops": 400, "kv_full": 11}),
        # three layers of five look back on 9 tokens, with 2 heads of 3 + 7 each in the cache
        (
            {"full_attention_layers": 2, "sliding_window": 9},
            {"prefill_flops": 160, "decode_flops": 160, "kv_full": 11, "window": 9,
             "window_flops": 240, "kv_window": 60},
        ),
        (
            {"full_attention_layers": 2, "sliding_window": 9, "kv_heads": None},
            {"prefill_flops": 160, "decode_flops": 160, "kv_full": 11, "window": 9,
             "window_flops": 240, "kv_window": 120},
        ),
        ({"sliding_window": 9}, {"prefill_flops": 400, "decode_flops": 400, "kv_full": 11}),
        # linear layers: a state of 2 x 3 layers x 6 wide x 128 = 4,608 numbers, each read and
        # updated by 3 FLOP; in FP32, which is two of the cache's two-byte elements
        (
            {"attention_kind": "linear-hybrid", "full_attention_layers": 2},
            {"prefill_flops": 160, "decode_flops": 160, "kv_full": 11, "state_flops": 13_824,
             "kv_state": 9_216},
        ),
        # latent: 2 layers x 2 x 4 heads x (3 + 2 + 7) expanded, x (2 x 6 + 2) absorbed
        (
            {"attention_kind": "mla", **LATENT},
            {"prefill_flops": 192, "decode_flops": 224, "kv_full": 11},
        ),
        # without a part for positions: 2 x 2 x 4 x (3 + 7), and x 2 x 6
        (
            {"attention_kind": "mla", **LATENT, "rope_dim": None},
            {"prefill_flops": 160, "decode_flops": 192, "kv_full": 11},
        ),
        # without a latent there is nothing to absorb
        (
            {"attention_kind": "mla", **LATENT, "kv_lora_rank": None},
            {"prefill_flops": 192, "decode_flops": 32, "kv_full": 11},
        ),
        (
            {**INDEXED, **LATENT, "rope_dim": None, "kv_elements_per_token": 34.0},
            {"prefill_flops": 192, "decode_flops": 192, "sparse_flops": 288, "dense_flops": 240,
             "topk": 5, "index_flops": 96, "kv_sparse": 18, "kv_index": 16},
        ),
        # sparse over a latent cache: 112 FLOP absorbed, 96 expanded; of 40 elements three layers
        # hold 6 + 2 each, the rest are keys for an indexer of three heads
        (
            {**INDEXED, **LATENT, "kv_elements_per_token": 40.0},
            {"prefill_flops": 224, "decode_flops": 224, "sparse_flops": 336, "dense_flops": 288,
             "topk": 5, "index_flops": 96, "kv_sparse": 24, "kv_index": 16},
        ),
        # sparse over grouped heads: three layers of 2 x (3 + 7), two full ones, 30 left
        (
            {**INDEXED, "kv_elements_per_token": 130.0},
            {"prefill_flops": 160, "decode_flops": 160, "sparse_flops": 240, "dense_flops": 240,
             "topk": 5, "index_flops": 180, "kv_full": 40, "kv_sparse": 60, "kv_index": 30},
        ),
        (
            {**INDEXED, "kv_heads": None, "kv_elements_per_token": 230.0},
            {"prefill_flops": 160, "decode_flops": 160, "sparse_flops": 240, "dense_flops": 240,
             "topk": 5, "index_flops": 180, "kv_full": 80, "kv_sparse": 120, "kv_index": 30},
        ),
        # no keys left in the table's figure, and no head to read them
        (
            {**INDEXED, "kv_elements_per_token": 99.0},
            {"prefill_flops": 160, "decode_flops": 160, "sparse_flops": 240, "dense_flops": 240,
             "topk": 5, "kv_full": 40, "kv_sparse": 60},
        ),
        # blocks chosen without an indexer
        (
            {**INDEXED, "index_heads": None, "index_head_dim": None, "index_topk": None,
             "kv_elements_per_token": 130.0},
            {"prefill_flops": 160, "decode_flops": 160, "sparse_flops": 240, "dense_flops": 240,
             "kv_full": 40, "kv_sparse": 60},
        ),
        # compressed, 8 wide with keys of 4: a layer of the first kind caches 12 / 4, of the second
        # 8 / 128: 6.1875 are two of one and three of the other; 2 x 4 x (8 + 7) = 120 FLOP
        (
            {**INDEXED, "head_dim": 8, "sliding_window": 9, "kv_elements_per_token": 6.1875},
            {"prefill_flops": 2.8125, "decode_flops": 2.8125, "sparse_flops": 60, "topk": 20,
             "index_flops": 12, "window": 9, "window_flops": 600, "kv_full": 0.1875,
             "kv_sparse": 4, "kv_index": 2, "kv_window": 40},
        ),
        # the same without an indexer: 4.1875 are two layers of 8 / 4 and three of 8 / 128
        (
            {**INDEXED, "head_dim": 8, "sliding_window": 9, "kv_elements_per_token": 4.1875,
             "index_heads": None, "index_head_dim": None, "index_topk": None},
            {"prefill_flops": 2.8125, "decode_flops": 2.8125, "sparse_flops": 60, "window": 9,
             "window_flops": 600, "kv_full": 0.1875, "kv_sparse": 4, "kv_window": 40},
        ),
    ],
)  # fmt: skip
def test_attention_by_hand(changes: dict[str, Any], told: dict[str, float]) -> None:
    found = asdict(arch_of(replace(MADE, **changes)))

    assert {name: found[name] for name in NAMES if found[name]} == told


def test_everything_else_of_a_model_by_hand() -> None:
    """Each expert of three layers has 3 x 6 x 4 parameters, 216 in all; beside two of them a token
    uses 68, and 60 are the embedding: 872 of 1,000 are routed."""
    found = arch_of(MADE)

    assert (found.total, found.active, found.routed, found.other) == (1000, 500, 872, 128)
    assert (found.experts, found.per_token, found.moe_layers) == (8, 2, 3)
    assert (found.layers, found.hidden, found.estimated) == (5, 6, 0)
    assert arch_of(replace(MADE, full_attention_layers=7)).layers == 7
    kinds = {
        kind: (one.grouped, one.novel)
        for kind in ("mha", "gqa", "linear-hybrid", "mla", "dsa")
        for one in [arch_of(replace(MADE, attention_kind=kind))]
    }
    assert kinds == {
        "mha": (1, 0), "gqa": (1, 0), "linear-hybrid": (1, 1), "mla": (0, 0), "dsa": (0, 1),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "routed"),
    [
        ({"experts_routed": 1}, 0),
        ({"experts_routed": 0}, 0),
        ({"experts_routed": 2}, 872),
        ({"active_params": 300.0}, 1000 - 15 - 60),  # 300 - 432 is none: a twentieth stays
        ({"total_params": 100.0, "active_params": 90.0, "vocab": 20}, 5),  # 100 - 4.5 - 120
    ],
)
def test_routed_parameters_are_what_is_left_of_the_total(
    changes: dict[str, Any], routed: float
) -> None:
    assert arch_of(replace(MADE, **changes)).routed == routed


def test_a_dense_model_has_one_expert_that_every_token_uses() -> None:
    found = arch_of(replace(MADE, experts_routed=0, experts_per_token=0))

    assert (found.experts, found.per_token) == (1, 1)
    assert not found.is_moe
    assert arch_of(replace(MADE, experts_routed=2)).is_moe


BARE = replace(
    arch_of(MADE), prefill_flops=1.0, decode_flops=2.0, index_flops=0.5, window_flops=10.0,
    window=8.0, sparse_flops=100.0, dense_flops=30.0, topk=4.0, state_flops=1000.0, kv_full=3.0,
    kv_index=5.0, kv_sparse=7.0, kv_window=11.0, kv_state=13.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("context", "prefill", "decode", "cached", "read"),
    [
        # at 3 tokens nothing is cut: 1.5 x 1.5 + 15 + 30 x 1.5 + 1,000 (half seen, dense)
        (3.0, 1062.25, 7.5 + 30 + 300 + 1000, 45 + 33 + 13, 24 + 21 + 33 + 26),
        # at 10 attention chooses 4 and sees 8 in its window; of the prompt 5, 150 FLOP if dense
        (10.0, 7.5 + 50 + 150 + 1000, 25 + 80 + 400 + 1000, 150 + 88 + 13, 80 + 28 + 88 + 26),
        # at 40 the choice of 4 costs the prompt less than 20 densely
        (40.0, 30 + 80 + 400 + 1000, 100 + 80 + 400 + 1000, 600 + 88 + 13, 320 + 28 + 88 + 26),
    ],
)
def test_work_and_cache_of_a_context_by_hand(
    context: float, prefill: float, decode: float, cached: float, read: float
) -> None:
    assert BARE.prefill_attention(context) == prefill
    assert BARE.decode_attention(context) == decode
    assert BARE.cache_elements(context) == cached
    assert BARE.cache_read(context) == read


def test_without_a_dense_way_a_prompt_pays_for_its_choice() -> None:
    only = replace(BARE, dense_flops=0.0)

    assert only.prefill_attention(10.0) == 7.5 + 50 + 400 + 1000
    assert only.prefill_attention(4.0) == 3 + 20 + 200 + 1000


def test_models_are_stacked_along_the_first_of_three_axes() -> None:
    both = stack([BARE, replace(BARE, total=7.0)])

    assert np.asarray(both.total).tolist() == [[[1000.0]], [[7.0]]]
    assert both.prefill_attention(10.0).tolist() == [[[1207.5]], [[1207.5]]]


def test_shapes_follow_from_counts() -> None:
    """12 x 10 x (128 x 10)^2 = 196,608,000 active parameters: ten layers, 1,280 wide, which do
    4 x 10 x 1,280 FLOP; 0.45 of a mixture's active parameters are outside its experts."""
    active = 196_608_000.0
    dense = estimate_arch(active, active)
    mixture = estimate_arch(1e9, active)

    nothing = dict.fromkeys(NAMES, 0.0)
    plain = nothing | {
        "total": active, "active": active, "routed": 0.0, "experts": 1.0, "per_token": 1.0,
        "moe_layers": 0.0, "layers": 10.0, "hidden": 1280.0, "prefill_flops": 51_200.0,
        "decode_flops": 51_200.0, "kv_full": 20_480.0, "estimated": 1.0, "grouped": 0.5,
        "novel": 0.0,
    }  # fmt: skip
    assert asdict(dense) == pytest.approx(plain)
    routed = 1e9 - 88_473_600
    assert asdict(mixture) == pytest.approx(plain | {
        "total": 1e9, "routed": routed, "experts": 8 * routed / 108_134_400, "per_token": 8.0,
        "moe_layers": 10.0, "kv_full": 11_000.0,
    })  # fmt: skip


@pytest.mark.parametrize(("total", "is_moe"), [(1.2e9, False), (1.3e9, False), (1.31e9, True)])
def test_a_mixture_has_more_than_three_tenths_beside_what_it_uses(
    total: float, is_moe: bool
) -> None:
    assert bool(estimate_arch(total, 1e9).is_moe) is is_moe


def test_counts_are_taken_to_their_bounds_and_not_beyond() -> None:
    for total, active in ((1e6, 1e6), (1e14, 1e6), (1e14, 1e14)):
        assert estimate_arch(total, active).total == total
    with pytest.raises(OutOfRangeError, match=r"total_params_b = 0\.00099.*0\.001 to 100000"):
        estimate_arch(0.99e6, 0.99e6)
    with pytest.raises(OutOfRangeError, match="total_params_b = 101000"):
        estimate_arch(1.01e14, 1e9)
    with pytest.raises(OutOfRangeError, match=r"active_params_b = 2.*0\.001 to total_params_b = 1"):
        estimate_arch(1e9, 2e9)
    with pytest.raises(OutOfRangeError, match="active_params_b"):
        estimate_arch(1e9, 0.99e6)


ROW = {
    "model": " Made ", "aliases": " Made-Chat | |Made-2", "attention_kind": "mla",
    "total_params_b": "671", "active_params_b": "37.5", "layers": "61", "hidden": "7168",
    "heads": "128", "kv_heads": "64", "head_dim": "32", "v_head_dim": "16", "rope_dim": "8",
    "kv_lora_rank": "512", "moe_layers": "58", "experts_routed": "256", "experts_per_token": "4",
    "moe_intermediate": "2048", "vocab": "129280", "full_attention_layers": "0",
    "index_heads": "2", "index_head_dim": "3", "index_topk": "5", "sliding_window": "7",
    "kv_elements_per_token": "4924.5", "mtp_depth": "1", "max_context": "163840",
    "source": " a card ", "confidence": " high ",
}  # fmt: skip


def test_a_row_is_read_field_by_field() -> None:
    (found,) = parse_architectures([ROW])

    assert found == Dimensions(
        model="Made", aliases=("Made-Chat", "Made-2"), attention_kind="mla", total_params=671e9,
        active_params=37.5e9, layers=61, hidden=7168, heads=128, kv_heads=64, head_dim=32,
        v_head_dim=16, rope_dim=8, kv_lora_rank=512, moe_layers=58, experts_routed=256,
        experts_per_token=4, moe_intermediate=2048, vocab=129280, full_attention_layers=0,
        index_heads=2, index_head_dim=3, index_topk=5, sliding_window=7,
        kv_elements_per_token=4924.5, mtp_depth=1, max_context=163840, source="a card",
        confidence="high",
    )  # fmt: skip


def test_what_a_row_leaves_out_is_none_nought_or_what_is_usual() -> None:
    """Values are as wide as keys, every layer attends to everything, nothing is routed."""
    told = ("model", "attention_kind", "total_params_b", "active_params_b", "layers", "hidden",
            "heads", "head_dim", "kv_elements_per_token")  # fmt: skip
    (found,) = parse_architectures([{name: ROW[name] for name in told}])

    assert found == Dimensions(
        model="Made", aliases=(), attention_kind="mla", total_params=671e9, active_params=37.5e9,
        layers=61, hidden=7168, heads=128, kv_heads=None, head_dim=32, v_head_dim=32,
        rope_dim=None, kv_lora_rank=None, moe_layers=0, experts_routed=0, experts_per_token=0,
        moe_intermediate=0, vocab=0, full_attention_layers=61, index_heads=None,
        index_head_dim=None, index_topk=None, sliding_window=None, kv_elements_per_token=4924.5,
        mtp_depth=0, max_context=None, source="", confidence="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("heads", "many", "Made: heads = 'many' is no number"),
        ("heads", "", "Made: heads is missing"),
        ("heads", "0", "Made: heads is missing"),
        ("vocab", "-1", r"Made: vocab = -1 is outside \[0, 1e9\)"),
        ("vocab", "1e9", r"Made: vocab = 1e9 is outside \[0, 1e9\)"),
        ("vocab", "nan", r"Made: vocab = nan is outside"),
        ("attention_kind", " ", "Made: attention_kind = ''.*mha, gqa, linear-hybrid, mla, dsa"),
        ("kv_elements_per_token", "", "Made: kv_elements_per_token is missing"),
    ],
)
def test_a_bad_cell_is_named_with_its_model(field: str, text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        parse_architectures([ROW | {field: text}])
    with pytest.raises(DataError, match="a model: "):
        parse_architectures([ROW | {"model": "", "heads": "x"}])


def test_active_parameters_above_the_total_are_refused_in_a_row_too() -> None:
    with pytest.raises(OutOfRangeError, match="active_params_b = 700"):
        parse_architectures([ROW | {"active_params_b": "700"}])
    (most,) = parse_architectures([ROW | {"vocab": "999999999"}])
    assert most.vocab == 999_999_999


def test_a_model_goes_by_its_name_and_by_each_alias() -> None:
    other = replace(MADE, model="Other", aliases=())

    for name in ("made", " MADE-2 ", "Made-Chat"):
        assert match_architecture([other, MADE], name) is MADE
        assert find_architecture([other, MADE], name) is MADE
    assert match_architecture([other, MADE], "Made-3") is None
