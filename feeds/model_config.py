"""Parameters of a language model, counted from its ``config.json``.

The list of a hub counts stored tensors: packed four-bit weights come out too small, layers that
only predict ahead (MTP) are in it. The config says what the model is made of, under names that
differ by laboratory; here they are read into one shape and multiplied out. Norms and biases (below
0.01 %) are left out, MTP layers too, as the laboratories' own figures do. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_LAYERS = 1_000
"""More layers than this is no model: the counting below walks them one by one."""

_LARGEST = 10**9  # of any one dimension; what lies beyond is damage


_HEAD_NOT_COUNTED = ("glm4", "glm_moe", "minimax")
"""Of the figures of Zhipu and MiniMax neither vocabulary table is a part. Announced as active, in
billions: GLM-4.5 32, GLM-4.5-Air 12, MiniMax-M1 45.9; by their configs 32.1, 12.2 and 45.9 so, and
with the head 32.9, 12.8 and 47.2."""


_TWO_BLOCKS = "longcat"
"""A layer of LongCat-Flash (arXiv 2509.01322) has two blocks of attention and dense feed-forward
beside its experts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Parameters in all, and those that one token is multiplied with: not its look-up table.

    For a dense model both differ by that table only. Where a laboratory's own figures leave the
    last layer, onto the vocabulary, out of the active ones, these do too.
    """

    total: int
    active: int
    context_tokens: int | None = None


class _Config:
    """Typed look-ups under several names; ``KeyError`` when a needed number is not there."""

    def __init__(self, told: Mapping[str, Any]):
        inner = told.get("text_config")
        self._told = {**told, **inner} if isinstance(inner, dict) else dict(told)

    def get(self, *names: str) -> Any:
        return next((self._told[n] for n in names if self._told.get(n) is not None), None)

    def number(self, *names: str, default: int | None = None, layer: int = 0) -> int:
        value = self.get(*names)
        if isinstance(value, list) and value:  # one figure per layer
            value = value[min(layer, len(value) - 1)]
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LARGEST:
            if default is None:
                raise KeyError(names[0])
            return default
        return value


def size_of(told: Mapping[str, Any]) -> Size | None:
    """The size of the model that ``told`` describes; None when it does not say enough."""
    config = _Config(told)
    try:
        layers = config.number("num_hidden_layers", "num_layers")
        if not 0 < layers <= MAX_LAYERS:
            return None
        hidden = config.number("hidden_size")
        table = config.number("vocab_size") * hidden
        tied = config.get("tie_word_embeddings") is True
        told_type = str(config.get("model_type") or "")
        total = table if tied else 2 * table
        active = 0 if told_type.startswith(_HEAD_NOT_COUNTED) else table
        for layer in range(layers):
            shared = _attention(config, layer)
            every, used = _feed_forward(config, layer, layers)
            if told_type.startswith(_TWO_BLOCKS):
                shared = 2 * (shared + _dense(config, layer))
            total, active = total + shared + every, active + shared + used
    except (KeyError, ZeroDivisionError):
        return None
    context = config.number("max_position_embeddings", "max_seq_len", default=0)
    return Size(total=total, active=active, context_tokens=context or None)


# --- attention ------------------------------------------------------------------------------


def _attention(c: _Config, layer: int) -> int:
    if c.get("kv_lora_rank") is not None:
        return _latent(c)
    if _is_linear(c, layer):
        return _linear(c)
    if c.get("share_q_dim") is not None:
        return _factorised(c)
    if _pattern(c, "attn_type_list", layer) == 0:
        return _lightning(c)
    return _grouped(c, sliding=_pattern(c, "hybrid_layer_pattern", layer) == 1)


def _latent(c: _Config) -> int:
    """Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434), with V3.2's indexer."""
    hidden, heads = c.number("hidden_size"), c.number("num_attention_heads")
    rope, nope = c.number("qk_rope_head_dim"), c.number("qk_nope_head_dim")
    value, kv = c.number("v_head_dim"), c.number("kv_lora_rank")
    q = c.number("q_lora_rank", default=0)
    queries = q * (hidden + heads * (nope + rope)) if q else hidden * heads * (nope + rope)
    latent = hidden * (kv + rope) + kv * heads * (nope + value)
    n, width = c.number("index_n_heads", default=0), c.number("index_head_dim", default=0)
    indexer = q * n * width + hidden * (width + n) if n else 0
    return queries + latent + heads * value * hidden + indexer


def _grouped(c: _Config, *, sliding: bool) -> int:
    hidden, prefix = c.number("hidden_size"), "swa_" if sliding else ""

    def told(name: str, default: int | None = None) -> int:
        return c.number(prefix + name, name, default=default)

    heads = told("num_attention_heads")
    width = told("head_dim", default=hidden // heads)
    groups = told("num_key_value_heads", default=heads)
    value = told("v_head_dim", default=width)
    gate = heads * width if c.get("attn_output_gate") is True else 0
    return hidden * (heads * width + gate + groups * (width + value) + heads * value)


def _factorised(c: _Config) -> int:
    """Multi-matrix factorisation attention (Step-3, arXiv 2507.19427)."""
    hidden, shared = c.number("hidden_size"), c.number("share_q_dim")
    width = c.number("head_dim")
    out = c.number("num_attention_heads") * width
    groups = c.number("num_attention_groups", default=1)
    return hidden * shared + shared * out + 2 * hidden * groups * width + out * hidden


def _is_linear(c: _Config, layer: int) -> bool:
    if _pattern(c, "layer_types", layer) == "linear_attention":
        return True
    interval = c.number("full_attention_interval", default=0)
    return bool(interval) and c.get("layer_types") is None and (layer + 1) % interval != 0


def _linear(c: _Config) -> int:
    """Gated delta net (Qwen3-Next): queries, keys, values, gate, two scalars a head."""
    hidden = c.number("hidden_size")
    keys = c.number("linear_num_key_heads") * c.number("linear_key_head_dim")
    heads = c.number("linear_num_value_heads")
    values = heads * c.number("linear_value_head_dim")
    mixed = (2 * keys + values) * c.number("linear_conv_kernel_dim", default=4)
    return hidden * (2 * keys + 2 * values + 2 * heads) + mixed + values * hidden


def _lightning(c: _Config) -> int:
    """Lightning attention (MiniMax-01, arXiv 2501.08313): all heads have keys; a gate as wide."""
    hidden = c.number("hidden_size")
    heads = c.number("num_attention_heads")
    return 5 * hidden * heads * c.number("head_dim", default=hidden // heads)


# --- feed-forward ---------------------------------------------------------------------------


def _feed_forward(c: _Config, layer: int, layers: int) -> tuple[int, int]:
    """(all, used for one token): three matrices an expert, the router, what all tokens share."""
    hidden = c.number("hidden_size")
    experts = c.number(
        "n_routed_experts", "num_experts", "num_local_experts", "moe_num_experts", default=0,
        layer=layer,
    )  # fmt: skip
    if not experts or not _is_sparse(c, layer, layers):
        dense = _dense(c, layer)
        return dense, dense
    width = c.number(
        "moe_intermediate_size", "expert_ffn_hidden_size", "intermediate_size", layer=layer
    )
    used = c.number(
        "num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_top_k", "moe_k",
        layer=layer,
    )  # fmt: skip
    each = 3 * hidden * width
    idle = c.number("zero_expert_num", default=0)  # chosen like the others, they compute nothing
    always = 3 * hidden * _shared_width(c, width, layer) + hidden * (experts + idle)
    chosen = min(used, experts) * each * experts // (experts + idle)
    return experts * each + always, chosen + always


def _dense(c: _Config, layer: int) -> int:
    width = c.number("intermediate_size_mlp", "ffn_hidden_size", "intermediate_size", layer=layer)
    return 3 * c.number("hidden_size") * width


def _shared_width(c: _Config, width: int, layer: int) -> int:
    told = c.number("shared_expert_intermediate_size", "share_expert_dim", default=-1)
    if told >= 0:
        return told
    if str(c.get("model_type") or "").startswith("llama4"):  # its config does not say so
        return width
    names = (
        "n_shared_experts",
        "num_shared_experts",
        "num_shared_expert",
        "moe_num_shared_experts",
    )
    return width * c.number(*names, default=0, layer=layer)


def _is_sparse(c: _Config, layer: int, layers: int) -> bool:
    listed = c.get("moe_layers_enum")
    if isinstance(listed, str):
        return str(layer) in listed.replace(" ", "").split(",")
    frequency = c.get("moe_layer_freq")
    if isinstance(frequency, list):
        return bool(_pattern(c, "moe_layer_freq", layer))
    dense = c.get("mlp_only_layers")
    if isinstance(dense, list) and layer in dense:
        return False
    first = c.number("first_k_dense_replace", "moe_layer_start_index", default=0)
    last = c.number("moe_layer_end_index", default=layers - 1)
    step = c.number(
        "decoder_sparse_step", "moe_layer_freq", "moe_layer_interval", "interleave_moe_layer_step",
        default=1,
    )  # fmt: skip
    in_step = step <= 1 or (layer + 1) % step == 0
    return first <= layer <= last and in_step


def _pattern(c: _Config, name: str, layer: int) -> Any:
    listed = c.get(name)
    sound = isinstance(listed, Sequence) and not isinstance(listed, str) and layer < len(listed)
    return listed[layer] if sound else None
