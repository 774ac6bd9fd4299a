"""Published dimensions of models: what a roofline needs to price one token."""

from __future__ import annotations

from dataclasses import dataclass

from engine.record.readings.base import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimensions:
    """One row of ``model_architectures.csv``; counts, None where the kind has no such thing."""

    model: str
    aliases: tuple[str, ...]
    attention_kind: str
    total_params: float
    active_params: float
    layers: int
    hidden: int
    heads: int
    kv_heads: int | None
    head_dim: int
    v_head_dim: int
    rope_dim: int | None
    kv_lora_rank: int | None
    moe_layers: int
    experts_routed: int
    experts_per_token: int
    moe_intermediate: int
    vocab: int
    full_attention_layers: int
    index_heads: int | None
    index_head_dim: int | None
    index_topk: int | None
    sliding_window: int | None
    kv_elements_per_token: float
    mtp_depth: int
    max_context: int | None
    source: str
    confidence: str


ARCHITECTURES = Kind(name="architecture", of=Dimensions, key=lambda dims: dims.model)
