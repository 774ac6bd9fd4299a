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
