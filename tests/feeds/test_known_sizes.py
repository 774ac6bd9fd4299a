"""Parameters counted by hand: a model of two dimensions for each kind of layer."""

from __future__ import annotations

from typing import Any

import pytest

from feeds.model_config import MAX_LAYERS, size_of

BASE: dict[str, Any] = {
    "num_hidden_layers": 1,
    "hidden_size": 10,
    "vocab_size": 100,
    "num_attention_heads": 2,
    "intermediate_size": 30,
}
TABLE = 1_000
ATTENTION = 10 * (2 * 5 + 2 * (5 + 5) + 2 * 5)  # queries, keys and values of two groups, output
DENSE = 3 * 10 * 30


def size(**changes: Any) -> tuple[int, int]:
    found = size_of({**BASE, **changes})
    assert found is not None
    return found.total - 2 * TABLE, found.active - TABLE


@pytest.mark.parametrize(
    ("changes", "attention"),
    [
        ({}, ATTENTION),
        ({"head_dim": 7}, 10 * (14 + 2 * 14 + 14)),
        ({"num_key_value_heads": 1}, 10 * (10 + 10 + 10)),
        ({"v_head_dim": 3}, 10 * (10 + 2 * 8 + 6)),
        ({"attn_output_gate": True}, ATTENTION + 10 * 10),
        ({"attn_output_gate": 1}, ATTENTION),
        # Half of the layers look through a window with widths of their own.
        (
            {"hybrid_layer_pattern": [1], "swa_head_dim": 4, "swa_num_key_value_heads": 1},
            10 * (8 + 1 * (4 + 4) + 8),
        ),
        ({"hybrid_layer_pattern": [0], "swa_head_dim": 4}, ATTENTION),
        # Latent: queries 10 x 2 x (3 + 2), latent 10 x (4 + 2) + 4 x 2 x (3 + 6), output 120.
        (
            {"kv_lora_rank": 4, "qk_rope_head_dim": 2, "qk_nope_head_dim": 3, "v_head_dim": 6},
            100 + 60 + 72 + 120,
        ),
        # Queries through a rank of 8, and an indexer of two heads of five.
        (
            {
                "kv_lora_rank": 4, "qk_rope_head_dim": 2, "qk_nope_head_dim": 3, "v_head_dim": 6,
                "q_lora_rank": 8, "index_n_heads": 2, "index_head_dim": 5,
            },
            8 * (10 + 2 * 5) + 60 + 72 + 120 + (8 * 2 * 5 + 10 * (5 + 2)),
        ),
        # Gated delta net: keys 2 x 3, values 4 x 5, a convolution of four.
        (
            {
                "layer_types": ["linear_attention"], "linear_num_key_heads": 2,
                "linear_key_head_dim": 3, "linear_num_value_heads": 4, "linear_value_head_dim": 5,
            },
            10 * (12 + 40 + 8) + (12 + 20) * 4 + 200,
        ),
        # Matrix factorisation: shared queries of six, one group.
        (
            {"share_q_dim": 6, "head_dim": 5},
            60 + 6 * 10 + 2 * 10 * 5 + 10 * 10,
        ),
        ({"attn_type_list": [0]}, 5 * 10 * 2 * 5),
        ({"attn_type_list": [1]}, ATTENTION),
        ({"attn_type_list": [0], "head_dim": 7}, 5 * 10 * 2 * 7),
    ],
)  # fmt: skip
def test_attention_by_hand(changes: dict[str, Any], attention: int) -> None:
    assert size(**changes) == (attention + DENSE, attention + DENSE)


def experts(**changes: Any) -> tuple[int, int]:
    """All and used beyond attention, of four experts of width seven of which two are used."""
    given = {"num_experts": 4, "moe_intermediate_size": 7, "num_experts_per_tok": 2, **changes}
    total, active = size(**given)
    return total - ATTENTION, active - ATTENTION


EACH, ROUTER = 3 * 10 * 7, 10 * 4


@pytest.mark.parametrize(
    ("changes", "every", "used"),
    [
        ({}, 4 * EACH + ROUTER, 2 * EACH + ROUTER),
        ({"num_experts_per_tok": 9}, 4 * EACH + ROUTER, 4 * EACH + ROUTER),
        ({"n_shared_experts": 2}, 6 * EACH + ROUTER, 4 * EACH + ROUTER),
        ({"shared_expert_intermediate_size": 5}, 4 * EACH + 150 + ROUTER, 2 * EACH + 150 + ROUTER),
        ({"share_expert_dim": 0, "n_shared_experts": 2}, 4 * EACH + ROUTER, 2 * EACH + ROUTER),
        ({"mlp_only_layers": [0]}, DENSE, DENSE),
        ({"mlp_only_layers": [1]}, 4 * EACH + ROUTER, 2 * EACH + ROUTER),
        ({"first_k_dense_replace": 1}, DENSE, DENSE),
        ({"first_k_dense_replace": 0}, 4 * EACH + ROUTER, 2 * EACH + ROUTER),
        ({"moe_layers_enum": "1, 2"}, DENSE, DENSE),
        ({"moe_layers_enum": "0, 2"}, 4 * EACH + ROUTER, 2 * EACH + ROUTER),
        ({"moe_layer_freq": [0]}, DENSE, DENSE),
        ({"moe_layer_freq": [1]}, 4 * EACH + ROUTER, 2 * EACH + ROUTER),
        ({"moe_layer_freq": 2}, DENSE, DENSE),  # every second layer, the second first
    ],
)
def test_experts_by_hand(changes: dict[str, Any], every: int, used: int) -> None:
    assert experts(**changes) == (every, used)


def test_layers_are_counted_each_by_its_own() -> None:
    """Three layers: linear, linear, full; sparse from the second on, every second."""
    linear = {
        "linear_num_key_heads": 2, "linear_key_head_dim": 3, "linear_num_value_heads": 4,
        "linear_value_head_dim": 5, "linear_conv_kernel_dim": 2,
    }  # fmt: skip
    one = 10 * (12 + 40 + 8) + (12 + 20) * 2 + 200
    total, _ = size(num_hidden_layers=3, full_attention_interval=3, **linear)
    assert total == 2 * one + ATTENTION + 3 * DENSE
    sparse = {"num_experts": 4, "moe_intermediate_size": 7, "num_experts_per_tok": 2}
    total, active = size(num_hidden_layers=4, decoder_sparse_step=2, **sparse)
    assert total == 4 * ATTENTION + 2 * DENSE + 2 * (4 * EACH + ROUTER)
    assert active == 4 * ATTENTION + 2 * DENSE + 2 * (2 * EACH + ROUTER)
    total, _ = size(num_hidden_layers=4, moe_layer_start_index=1, moe_layer_end_index=2, **sparse)
    assert total == 4 * ATTENTION + 2 * DENSE + 2 * (4 * EACH + ROUTER)
    widths = size(num_hidden_layers=3, intermediate_size=[30, 60])
    assert widths[0] == 3 * ATTENTION + DENSE + 2 * 2 * DENSE  # the last width goes on


@pytest.mark.parametrize(
    ("changes", "tables", "active"),
    [
        ({}, 2, 1),
        ({"tie_word_embeddings": True}, 1, 1),
        ({"tie_word_embeddings": "true"}, 2, 1),
        ({"model_type": "glm4_moe"}, 2, 0),
        ({"model_type": "minimax_m1"}, 2, 0),
        ({"model_type": "my_glm4"}, 2, 1),
    ],
)
def test_vocabulary_tables(changes: dict[str, Any], tables: int, active: int) -> None:
    found = size_of({**BASE, **changes})
    assert found is not None
    assert found.total == tables * TABLE + ATTENTION + DENSE
    assert found.active == active * TABLE + ATTENTION + DENSE


def test_the_text_part_of_a_model_that_sees_is_counted() -> None:
    inner = {"hidden_size": 10, "vocab_size": 100}
    assert size_of({**BASE, "hidden_size": 99, "text_config": inner}) == size_of(BASE)
    told = size_of({**BASE, "max_position_embeddings": 4096})
    assert told is not None
    assert told.context_tokens == 4096
    assert size_of({**BASE, "max_seq_len": 2048}).context_tokens == 2048  # type: ignore[union-attr]
    assert size_of(BASE).context_tokens is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "value", "known"),
    [
        ("num_hidden_layers", 0, False),
        ("num_hidden_layers", MAX_LAYERS, True),
        ("num_hidden_layers", MAX_LAYERS + 1, False),
        ("hidden_size", 10**9, False),
        ("hidden_size", 10**9 - 1, True),
        ("hidden_size", -1, False),
        ("hidden_size", True, False),
        ("hidden_size", "10", False),
        ("vocab_size", None, False),
        ("num_attention_heads", 0, False),
    ],
)
def test_what_no_model_has_gives_no_size(name: str, value: object, known: bool) -> None:
    assert MAX_LAYERS == 1_000
    assert (size_of({**BASE, name: value}) is not None) is known


# --- every name that a laboratory writes ----------------------------------------------------------

NAMES: list[tuple[str, tuple[str, ...], dict[str, Any]]] = [
    ("num_hidden_layers", ("num_layers",), {}),
    ("intermediate_size", ("ffn_hidden_size", "intermediate_size_mlp"), {}),
    ("num_experts", ("n_routed_experts", "num_local_experts", "moe_num_experts"), {}),
    (
        "num_experts_per_tok",
        ("num_experts_per_token", "moe_topk", "moe_top_k", "moe_k"),
        {},
    ),
    ("moe_intermediate_size", ("expert_ffn_hidden_size",), {}),
    (
        "n_shared_experts",
        ("num_shared_experts", "num_shared_expert", "moe_num_shared_experts"),
        {"n_shared_experts": 2},
    ),
    ("shared_expert_intermediate_size", ("share_expert_dim",), {
        "shared_expert_intermediate_size": 5, "n_shared_experts": 2}),
    ("first_k_dense_replace", ("moe_layer_start_index",), {
        "first_k_dense_replace": 2, "num_hidden_layers": 3}),
    ("decoder_sparse_step", ("moe_layer_freq", "moe_layer_interval", "interleave_moe_layer_step"), {
        "decoder_sparse_step": 2, "num_hidden_layers": 3}),
    ("max_position_embeddings", ("max_seq_len",), {"max_position_embeddings": 4_096}),
]  # fmt: skip
SPARSE = {**BASE, "num_experts": 4, "moe_intermediate_size": 7, "num_experts_per_tok": 2}


@pytest.mark.parametrize(("name", "others", "given"), NAMES)
def test_another_laboratorys_name_says_the_same(
    name: str, others: tuple[str, ...], given: dict[str, Any]
) -> None:
    told = {**SPARSE, **given}
    usual = size_of(told)
    assert usual is not None
    bare = {key: value for key, value in told.items() if key != name}
    for other in others:
        assert size_of({**bare, other: told[name]}) == usual
    if name not in BASE or name == "num_hidden_layers":
        assert size_of(bare) != usual


@pytest.mark.parametrize(
    "needed", ["num_hidden_layers", "hidden_size", "vocab_size", "num_attention_heads"]
)
def test_a_config_without_a_needed_figure_has_no_size(needed: str) -> None:
    assert size_of({key: value for key, value in BASE.items() if key != needed}) is None
    assert size_of({**BASE, needed: 10**9}) is None


@pytest.mark.parametrize("used", ["num_experts_per_tok", "moe_intermediate_size"])
def test_experts_of_no_width_or_number_are_counted_by_what_is_there(used: str) -> None:
    """Without a width of their own they have the dense one; without a number none is known."""
    bare = {key: value for key, value in SPARSE.items() if key != used}
    found = size_of(bare)
    if used == "num_experts_per_tok":
        assert found is None
        return
    assert found is not None
    assert found.total == 2 * TABLE + ATTENTION + 4 * DENSE + ROUTER
    assert found.active == TABLE + ATTENTION + 2 * DENSE + ROUTER


def test_experts_that_compute_nothing_are_chosen_like_the_others() -> None:
    """Four of seven and two idle ones: of three chosen two work on average; a router of six."""
    every, used = experts(num_experts_per_tok=3, zero_expert_num=2)
    assert (every, used) == (4 * EACH + 60, 3 * EACH * 4 // 6 + 60)


def test_a_layer_of_longcat_has_two_blocks_and_its_experts() -> None:
    total, active = size(model_type="longcat_flash", num_experts=4, moe_intermediate_size=7,
                         num_experts_per_tok=2)  # fmt: skip
    twice = 2 * (ATTENTION + DENSE)
    assert (total, active) == (twice + 4 * EACH + ROUTER, twice + 2 * EACH + ROUTER)


def test_llama_4_has_one_shared_expert_that_its_config_does_not_tell() -> None:
    every, used = experts(model_type="llama4_text")
    assert (every, used) == (5 * EACH + ROUTER, 3 * EACH + ROUTER)


def test_figures_told_layer_by_layer() -> None:
    """Widths 7 and 9, experts 4 and 5, used 2 and 3, shared 1 and 0: then the last goes on."""
    changes = {
        "num_hidden_layers": 3, "moe_intermediate_size": [7, 9], "num_experts": [4, 5],
        "moe_topk": [2, 3], "num_shared_expert": [1, 0], "num_experts_per_tok": None,
    }  # fmt: skip
    total, active = size(**changes)
    assert total == 3 * ATTENTION + (5 * 210 + 40) + 2 * (5 * 270 + 50)
    assert active == 3 * ATTENTION + (3 * 210 + 40) + 2 * (3 * 270 + 50)
    assert size_of({**SPARSE, "moe_intermediate_size": []}) is None


@pytest.mark.parametrize(
    ("changes", "sparse"),
    [
        ({"first_k_dense_replace": 2}, "..xx"),
        ({"moe_layer_start_index": 1, "moe_layer_end_index": 2}, ".xx."),
        ({"moe_layer_end_index": 0}, "x..."),
        ({"decoder_sparse_step": 2}, ".x.x"),
        ({"decoder_sparse_step": 3}, "..x."),
        ({"decoder_sparse_step": 1}, "xxxx"),
        ({"decoder_sparse_step": 0}, "xxxx"),
        ({"decoder_sparse_step": 2, "mlp_only_layers": [3]}, ".x.."),
        ({"decoder_sparse_step": 2, "first_k_dense_replace": 2}, "...x"),
        ({"moe_layers_enum": "0,3", "first_k_dense_replace": 4}, "x..x"),
        ({"moe_layers_enum": "13"}, "...."),
        ({"moe_layer_freq": [0, 1, 1]}, ".xx."),
        ({"mlp_only_layers": "0"}, "xxxx"),
        ({"mlp_only_layers": [0, 2], "moe_layer_freq": [1, 1, 1, 1]}, "xxxx"),
    ],
)
def test_which_layers_have_experts(changes: dict[str, Any], sparse: str) -> None:
    """A stroke for a dense layer; 210 for each of four experts, 900 for a dense layer."""
    total, _ = size(
        num_hidden_layers=4, num_experts=4, moe_intermediate_size=7, num_experts_per_tok=2,
        **changes,
    )  # fmt: skip
    n = sparse.count("x")
    assert total == 4 * ATTENTION + n * (4 * EACH + ROUTER) + (4 - n) * DENSE


@pytest.mark.parametrize(
    ("changes", "linear"),
    [
        ({"full_attention_interval": 2}, "x.x."),
        ({"full_attention_interval": 2, "num_hidden_layers": 3}, "x.x"),
        ({"full_attention_interval": 4, "num_hidden_layers": 3}, "xxx"),
        ({"full_attention_interval": 4}, "xxx."),
        ({"full_attention_interval": 0}, "...."),
        ({}, "...."),
        ({"layer_types": ["linear_attention", "full_attention"]}, "x..."),
        ({"layer_types": ["full_attention"] * 4, "full_attention_interval": 2}, "...."),
        ({"layer_types": "linear_attention"}, "...."),
    ],
)
def test_which_layers_have_linear_attention(changes: dict[str, Any], linear: str) -> None:
    """Keys 6, values 20, heads 4: 10 x (12 + 40 + 8) + 32 x 4 + 200 = 928."""
    told = {
        "linear_num_key_heads": 2, "linear_key_head_dim": 3, "linear_num_value_heads": 4,
        "linear_value_head_dim": 5,
    }  # fmt: skip
    total, _ = size(**{"num_hidden_layers": 4, **told, **changes})
    n = linear.count("x")
    assert total == n * 928 + (len(linear) - n) * ATTENTION + len(linear) * DENSE


def test_widths_of_a_window_stand_beside_the_usual_ones() -> None:
    """Of two layers the first looks through a window: heads 4 x 3, groups 2 x (3 + 6), 4 x 6."""
    changes = {
        "num_hidden_layers": 2, "hybrid_layer_pattern": [1, 0], "swa_num_attention_heads": 4,
        "swa_num_key_value_heads": 2, "swa_head_dim": 3, "swa_v_head_dim": 6,
    }  # fmt: skip
    assert size(**changes)[0] == 10 * (12 + 2 * 9 + 24) + ATTENTION + 2 * DENSE
    gate = size(hybrid_layer_pattern=[1], swa_head_dim=3, attn_output_gate=True)
    assert gate[0] == 10 * (6 + 6 + 2 * 6 + 6) + DENSE


def test_matrix_factorisation_has_groups() -> None:
    """Step-3: 10 x 6 + 6 x 10 + 2 x 10 x 3 x 5 + 10 x 10."""
    found = size(share_q_dim=6, head_dim=5, num_attention_groups=3)
    assert found[0] == 60 + 60 + 300 + 100 + DENSE
    assert size_of({**BASE, "share_q_dim": 6}) is None


@pytest.mark.parametrize("lacks", ["qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim"])
def test_latent_attention_needs_its_widths(lacks: str) -> None:
    told = {"kv_lora_rank": 4, "qk_rope_head_dim": 2, "qk_nope_head_dim": 3, "v_head_dim": 6}
    assert size_of({**BASE, **told}) is not None
    assert size_of({**BASE, **told, lacks: None}) is None
