"""Parameters counted from configs of the shapes that eight laboratories write.

The dimensions are those the laboratories published; expected are the totals and active parameters
of their own announcements, not of this code.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model_config import size_of

DEEPSEEK = {
    "model_type": "deepseek_v3", "hidden_size": 7168, "num_hidden_layers": 61, "vocab_size": 129280,
    "num_attention_heads": 128, "num_key_value_heads": 128, "q_lora_rank": 1536,
    "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
    "intermediate_size": 18432, "moe_intermediate_size": 2048, "n_routed_experts": 256,
    "n_shared_experts": 1, "num_experts_per_tok": 8, "first_k_dense_replace": 3,
    "moe_layer_freq": 1, "num_nextn_predict_layers": 1, "max_position_embeddings": 163840,
    "tie_word_embeddings": False,
}  # fmt: skip
QWEN = {
    "model_type": "qwen3_moe", "hidden_size": 4096, "num_hidden_layers": 94, "vocab_size": 151936,
    "num_attention_heads": 64, "num_key_value_heads": 4, "head_dim": 128,
    "intermediate_size": 12288, "moe_intermediate_size": 1536, "num_experts": 128,
    "num_experts_per_tok": 8,
    "decoder_sparse_step": 1, "mlp_only_layers": [], "max_position_embeddings": 40960,
    "tie_word_embeddings": False,
}  # fmt: skip
KIMI = {"text_config": {
    **DEEPSEEK, "model_type": "kimi_k2", "vocab_size": 163840, "num_attention_heads": 64,
    "num_key_value_heads": 64, "n_routed_experts": 384, "first_k_dense_replace": 1,
    "num_nextn_predict_layers": 0, "max_position_embeddings": 262144},
    "vision_config": {},
}  # fmt: skip
GLM = {
    "model_type": "glm4_moe", "hidden_size": 5120, "num_hidden_layers": 92, "vocab_size": 151552,
    "num_attention_heads": 96, "num_key_value_heads": 8, "head_dim": 128,
    "intermediate_size": 12288, "moe_intermediate_size": 1536, "n_routed_experts": 160,
    "n_shared_experts": 1,
    "num_experts_per_tok": 8, "first_k_dense_replace": 3, "num_nextn_predict_layers": 1,
    "max_position_embeddings": 131072, "tie_word_embeddings": False,
}  # fmt: skip
MINIMAX = {
    "model_type": "minimax_m2", "hidden_size": 3072, "num_hidden_layers": 62, "vocab_size": 200064,
    "num_attention_heads": 48, "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 1536,
    "num_local_experts": 256, "num_experts_per_tok": 8, "shared_intermediate_size": 0,
    "max_position_embeddings": 196608, "tie_word_embeddings": False,
}  # fmt: skip
MIMO = {
    "model_type": "mimo_v2_flash", "hidden_size": 4096, "num_hidden_layers": 48,
    "vocab_size": 152576, "num_attention_heads": 64, "num_key_value_heads": 4, "head_dim": 192,
    "v_head_dim": 128, "swa_num_attention_heads": 64, "swa_num_key_value_heads": 8,
    "swa_head_dim": 192, "swa_v_head_dim": 128,
    "hybrid_layer_pattern": [0, *([1, 1, 1, 1, 1, 0] * 7), 1, 1, 1, 1, 0], "n_shared_experts": None,
    "n_routed_experts": 256, "num_experts_per_tok": 8, "moe_intermediate_size": 2048,
    "intermediate_size": 16384, "moe_layer_freq": [0] + [1] * 47,
    "max_position_embeddings": 262144, "tie_word_embeddings": False,
}  # fmt: skip
HUNYUAN = {
    "model_type": "hunyuan_v1_moe", "hidden_size": 4096, "num_hidden_layers": 32,
    "vocab_size": 128167, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
    "intermediate_size": 3072, "moe_intermediate_size": [3072] * 32, "num_experts": 64,
    "moe_topk": [8] * 32, "num_shared_expert": [1] * 32, "max_position_embeddings": 32768,
    "tie_word_embeddings": True,
}  # fmt: skip
STEP = {"text_config": {
    "model_type": "step3_text", "hidden_size": 7168, "num_hidden_layers": 61, "vocab_size": 128815,
    "num_attention_heads": 64, "num_attention_groups": 1, "head_dim": 256, "share_q_dim": 2048,
    "intermediate_size": 18432, "moe_num_experts": 48, "moe_top_k": 3,
    "moe_intermediate_size": 5120, "share_expert_dim": 5120, "max_seq_len": 65536,
    "moe_layers_enum": ",".join(str(n) for n in range(4, 60)), "tie_word_embeddings": False},
}  # fmt: skip

GLM_AIR = {
    **GLM, "hidden_size": 4096, "num_hidden_layers": 46, "intermediate_size": 10944,
    "moe_intermediate_size": 1408, "n_routed_experts": 128, "first_k_dense_replace": 1,
}  # fmt: skip
ERNIE = {
    "model_type": "ernie4_5_moe", "hidden_size": 8192, "num_hidden_layers": 54,
    "vocab_size": 103424, "num_attention_heads": 64, "num_key_value_heads": 8,
    "intermediate_size": 28672, "moe_intermediate_size": 3584, "moe_num_experts": 64, "moe_k": 8,
    "moe_num_shared_experts": 0, "moe_layer_start_index": 3, "moe_layer_end_index": 53,
    "moe_layer_interval": 1, "max_position_embeddings": 131072, "tie_word_embeddings": False,
}  # fmt: skip
MINIMAX_M1 = {
    "model_type": "minimax_m1", "hidden_size": 6144, "num_hidden_layers": 80, "vocab_size": 200064,
    "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 9216,
    "num_local_experts": 32, "num_experts_per_tok": 2, "shared_intermediate_size": 0,
    "attn_type_list": [0, 0, 0, 0, 0, 0, 0, 1] * 10, "max_position_embeddings": 10240000,
    "tie_word_embeddings": False,
}  # fmt: skip

LONGCAT = {
    "model_type": "longcat_flash", "hidden_size": 6144, "num_layers": 28, "vocab_size": 131072,
    "num_attention_heads": 64, "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64, "v_head_dim": 128, "ffn_hidden_size": 12288,
    "expert_ffn_hidden_size": 2048, "n_routed_experts": 512, "zero_expert_num": 256,
    "zero_expert_type": "identity", "moe_topk": 12, "max_position_embeddings": 131072,
}  # fmt: skip
LLAMA_4 = {"text_config": {
    "model_type": "llama4_text", "hidden_size": 5120, "num_hidden_layers": 48, "vocab_size": 202048,
    "num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128,
    "intermediate_size": 8192, "intermediate_size_mlp": 16384, "num_local_experts": 128,
    "num_experts_per_tok": 1, "interleave_moe_layer_step": 2, "max_position_embeddings": 1048576},
    "model_type": "llama4",
}  # fmt: skip
GPT_OSS = {
    "model_type": "gpt_oss", "hidden_size": 2880, "num_hidden_layers": 36, "vocab_size": 201088,
    "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64, "intermediate_size": 2880,
    "num_local_experts": 128, "num_experts_per_tok": 4, "max_position_embeddings": 131072,
    "tie_word_embeddings": False, "quantization_config": {"quant_method": "mxfp4"},
}  # fmt: skip
LING = {
    "model_type": "bailing_moe_v2", "hidden_size": 8192, "num_hidden_layers": 80,
    "vocab_size": 157184, "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 128,
    "intermediate_size": 18432, "moe_intermediate_size": 2048, "num_experts": 256,
    "num_shared_experts": 1, "num_experts_per_tok": 8, "first_k_dense_replace": 4,
    "max_position_embeddings": 32768,
}  # fmt: skip
GLM_5 = {
    "model_type": "glm_moe_dsa", "hidden_size": 6144, "num_hidden_layers": 78, "vocab_size": 154880,
    "num_attention_heads": 64, "q_lora_rank": 2048, "kv_lora_rank": 512, "qk_nope_head_dim": 192,
    "qk_rope_head_dim": 64, "v_head_dim": 256, "intermediate_size": 12288,
    "moe_intermediate_size": 2048, "n_routed_experts": 256, "n_shared_experts": 1,
    "num_experts_per_tok": 8, "first_k_dense_replace": 3, "index_n_heads": 32,
    "index_head_dim": 128, "max_position_embeddings": 202752,
}  # fmt: skip

PUBLISHED = {
    "LongCat-Flash": (LONGCAT, 560, 27, 131072),
    "gpt-oss-120b": (GPT_OSS, 116.8, 5.1, 131072),
    "Ling-1T": (LING, 1_000, 50, 32768),
    "GLM-5": (GLM_5, 744, 40, 202752),
    "DeepSeek-V3": (DEEPSEEK, 671, 37, 163840),
    "Qwen3-235B-A22B": (QWEN, 235, 22, 40960),
    "Kimi-K2": (KIMI, 1_026, 32, 262144),
    "GLM-4.5": (GLM, 355, 32, 131072),
    "MiniMax-M2": (MINIMAX, 230, 10, 196608),
    "MiMo-V2-Flash": (MIMO, 309, 15, 262144),
    "Hunyuan-A13B": (HUNYUAN, 80, 13, 32768),
    "Step-3": (STEP, 316, 38, 65536),
    "GLM-4.5-Air": (GLM_AIR, 106, 12, 131072),
    "ERNIE-4.5-300B-A47B": (ERNIE, 300, 47, 131072),
    "MiniMax-M1": (MINIMAX_M1, 456, 45.9, 10240000),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_totals_lie_within_two_per_cent_of_what_was_announced(name):
    """Billions of parameters without the layers that only predict ahead."""
    config, total_b, _, context = PUBLISHED[name]
    size = size_of(config)

    assert size.total / 1e9 == pytest.approx(total_b, rel=0.02)
    assert size.context_tokens == context


@pytest.mark.parametrize("name", PUBLISHED)
def test_active_parameters_agree_with_what_was_announced(name):
    """Within 2 %, or within the rounding to whole billions in which they are announced."""
    config, _, active_b, _ = PUBLISHED[name]

    within = pytest.approx(active_b, rel=0.02, abs=0.5)
    assert size_of(config).active / 1e9 == within


def test_dense_layers_of_another_width_between_sparse_ones_are_counted_each():
    """Llama 4 Maverick: 400 billion; of the announced 17 active its look-up table is a part."""
    size, inner = size_of(LLAMA_4), LLAMA_4["text_config"]
    table = inner["vocab_size"] * inner["hidden_size"]

    assert size.total / 1e9 == pytest.approx(400, rel=0.02)
    assert (size.active + table) / 1e9 == pytest.approx(17, abs=0.5)


def test_layers_of_two_kinds_of_attention_are_counted_each():
    """Qwen3-Next: three gated delta nets to one full attention; 80 billion, 3 of them active."""
    config = {
        "hidden_size": 2048, "num_hidden_layers": 48, "vocab_size": 151936,
        "num_attention_heads": 16, "num_key_value_heads": 2, "head_dim": 256,
        "attn_output_gate": True, "full_attention_interval": 4, "linear_num_key_heads": 16,
        "linear_key_head_dim": 128, "linear_num_value_heads": 32, "linear_value_head_dim": 128,
        "linear_conv_kernel_dim": 4, "intermediate_size": 5120, "moe_intermediate_size": 512,
        "shared_expert_intermediate_size": 512, "num_experts": 512, "num_experts_per_tok": 10,
        "decoder_sparse_step": 1, "mlp_only_layers": [],
    }  # fmt: skip
    size = size_of(config)

    assert size.total / 1e9 == pytest.approx(80, rel=0.02)
    assert size.active / 1e9 == pytest.approx(3, abs=0.6)


VALUES = (
    st.none() | st.booleans() | st.integers(-5, 10**12) | st.floats() | st.text(max_size=5)
    | st.lists(st.integers(-2, 10**6), max_size=4)
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(sorted({**DEEPSEEK, **MIMO, **STEP["text_config"]})), VALUES)
)
def test_no_config_makes_the_counting_fail(config):
    """Half a config, damaged figures: a size or None."""
    size = size_of({**GLM, **config})

    assert size is None or 0 <= size.active <= size.total or size.total == 0


def test_a_config_that_says_too_little_has_no_size():
    """Not zero: None."""
    assert size_of({}) is None
    assert size_of({k: v for k, v in QWEN.items() if k != "hidden_size"}) is None
    assert size_of({**QWEN, "num_hidden_layers": 10**8}) is None
