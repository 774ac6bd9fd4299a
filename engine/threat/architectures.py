"""Model dimensions reduced to what a roofline needs: work, cache and traffic coefficients.

Every attention kind becomes the same handful of coefficients, so that one elementwise equation
covers dense, grouped-query, latent (MLA), sparse (DSA, block-sparse, compressed), sliding-window
and linear layers. Formulas: the DeepSeek-V2/V3/V3.2 reports, the model cards in the table's source
column, and ``2 FLOP`` per multiply-add.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from engine.errors import DataError, OutOfRangeError, UnknownNameError
from engine.phrases import phrase
from engine.record.readings import Dimensions
from engine.tables import read_rows
from engine.threat.chips import FACTS
from engine.values import BoolArray, FloatArray

Number = float | FloatArray

CSA_COMPRESSION, HCA_COMPRESSION = 4, 128
"""DeepSeek-V4: tokens per cached entry of its two compressed attentions (model card, 2026-04)."""
GROUPED_KINDS = frozenset({"mha", "gqa", "linear-hybrid"})
NOVEL_KINDS = frozenset({"dsa", "linear-hybrid"})
LINEAR_STATE_WIDTH = 128
"""Width of a linear-attention head's state (Qwen3-Next, MiniMax-Text-01 configurations)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arch:
    """Coefficients of one model, or of several stacked along a first axis (see ``stack``).

    Parameters are counts. ``*_flops`` are FLOP per token and per context token (``window_flops``
    and ``sparse_flops`` per attended position up to their cap; ``dense_flops`` what the sparse
    layers cost a prompt when they attend to everything, the cheaper way for a short one);
    ``kv_*`` cached elements per context token; ``state_*`` per sequence. ``estimated``
    is 1 where dimensions were inferred. ``grouped`` is 1 where heads keep keys and values of their
    own (multi-head, grouped-query), 0 for a latent cache, 1/2 where unknown; ``novel`` is 1 for
    sparse and linear attention, whose kernels are young.
    """

    total: Number
    active: Number
    routed: Number
    experts: Number
    per_token: Number
    moe_layers: Number
    layers: Number
    hidden: Number
    prefill_flops: Number
    decode_flops: Number
    index_flops: Number
    window_flops: Number
    window: Number
    sparse_flops: Number
    dense_flops: Number
    topk: Number
    state_flops: Number
    kv_full: Number
    kv_index: Number
    kv_sparse: Number
    kv_window: Number
    kv_state: Number
    estimated: Number
    grouped: Number
    novel: Number

    def prefill_attention(self, prompt: Number) -> FloatArray:
        """Attention FLOP per token, averaged over a prompt of ``prompt`` tokens."""
        seen = np.asarray(prompt) / 2
        chosen = self.sparse_flops * np.minimum(seen, self.topk)
        chosen = np.minimum(chosen, np.where(self.dense_flops, self.dense_flops * seen, np.inf))
        return self._attention(self.prefill_flops, seen, chosen)

    def decode_attention(self, context: Number) -> FloatArray:
        """Attention FLOP per generated token at ``context`` tokens (MLA in absorbed form)."""
        seen = np.asarray(context)
        chosen = np.asarray(self.sparse_flops * np.minimum(seen, self.topk))
        return self._attention(self.decode_flops, seen, chosen)

    def _attention(self, full: Number, seen: FloatArray, chosen: FloatArray) -> FloatArray:
        near = self.window_flops * np.minimum(seen, self.window)
        return np.asarray((full + self.index_flops) * seen + near + chosen + self.state_flops)

    def cache_elements(self, context: Number) -> FloatArray:
        """Elements a sequence of ``context`` tokens keeps in memory."""
        seen = np.asarray(context)
        grows = (self.kv_full + self.kv_index + self.kv_sparse) * seen
        near = self.kv_window * np.minimum(seen, self.window)
        return np.asarray(grows + near + self.kv_state)

    def cache_read(self, context: Number) -> FloatArray:
        """Elements one decoding step reads for a sequence of ``context`` tokens."""
        seen = np.asarray(context)
        chosen = self.kv_sparse * np.minimum(seen, self.topk)
        near = self.kv_window * np.minimum(seen, self.window)
        grows = (self.kv_full + self.kv_index) * seen
        return np.asarray(grows + chosen + near + 2 * self.kv_state)

    @property
    def other(self) -> Number:
        """Parameters outside the routed experts."""
        return self.total - self.routed

    @property
    def is_moe(self) -> BoolArray:
        """True where tokens are routed to experts."""
        return np.asarray(np.asarray(self.experts) > 1)


def stack(archs: Sequence[Arch]) -> Arch:
    """``archs`` as one with arrays of shape (models, 1, 1), to broadcast with (chips, draws)."""
    return Arch(
        **{
            f.name: np.array([getattr(a, f.name) for a in archs], dtype=float).reshape(-1, 1, 1)
            for f in fields(Arch)
        }
    )


def arch_of(dims: Dimensions) -> Arch:
    """The coefficients of a model whose dimensions are known."""
    zero = dict.fromkeys(
        ("prefill_flops", "decode_flops", "index_flops", "window_flops", "window", "sparse_flops",
         "dense_flops", "topk", "state_flops", "kv_full", "kv_index", "kv_sparse", "kv_window",
         "kv_state"), 0.0
    )  # fmt: skip
    attention = _ATTENTION[dims.attention_kind](dims)
    return Arch(
        total=dims.total_params,
        active=dims.active_params,
        routed=_routed(dims),
        experts=float(max(dims.experts_routed, 1)),
        per_token=float(max(dims.experts_per_token, 1)),
        moe_layers=float(dims.moe_layers),
        layers=float(max(dims.layers, dims.full_attention_layers)),
        hidden=float(dims.hidden),
        estimated=0.0,
        grouped=float(dims.attention_kind in GROUPED_KINDS),
        novel=float(dims.attention_kind in NOVEL_KINDS),
        **(zero | attention),
    )


def _routed(dims: Dimensions) -> float:
    """Routed expert parameters: the published total less what every token uses.

    The rest is the published active count without its share of experts, plus the input embedding,
    which vendors leave out; so MTP layers and rounding of a total end up with the experts.
    """
    if dims.experts_routed <= 1:
        return 0.0
    each = 3.0 * dims.moe_layers * dims.hidden * dims.moe_intermediate
    rest = max(dims.active_params - each * dims.experts_per_token, 0.05 * dims.active_params)
    embedding = float(dims.vocab * dims.hidden)
    return max(dims.total_params - rest - embedding, 0.05 * dims.total_params)


def _grouped(dims: Dimensions) -> dict[str, float]:
    """Dense, grouped-query and multi-head attention, with windows or linear layers beside."""
    per_layer = 2.0 * dims.heads * (dims.head_dim + dims.v_head_dim)
    rest = dims.layers - dims.full_attention_layers
    full = dims.full_attention_layers * per_layer
    found = {
        "prefill_flops": full,
        "decode_flops": full,
        "kv_full": dims.kv_elements_per_token,
    }
    if rest > 0 and dims.sliding_window:
        found["window"] = float(dims.sliding_window)
        found["window_flops"] = rest * per_layer
        found["kv_window"] = (
            rest * (dims.kv_heads or dims.heads) * (dims.head_dim + dims.v_head_dim)
        )
    elif rest > 0:  # linear layers: a fixed state, read and updated for every token
        state = 2.0 * rest * dims.hidden * LINEAR_STATE_WIDTH
        found["state_flops"] = 6.0 * state / 2
        found["kv_state"] = 2.0 * state  # FP32 state in two-byte elements
    return found


def _latent(dims: Dimensions) -> dict[str, float]:
    """MLA: expanded heads in prefill, the absorbed form over the latent cache in decode."""
    rank, rope = dims.kv_lora_rank or 0, dims.rope_dim or 0
    wide = dims.head_dim + rope + dims.v_head_dim
    return {
        "prefill_flops": 2.0 * dims.full_attention_layers * dims.heads * wide,
        "decode_flops": 2.0 * dims.full_attention_layers * dims.heads * (2 * rank + rope),
        "kv_full": dims.kv_elements_per_token,
    }


def _sparse(dims: Dimensions) -> dict[str, float]:
    """An indexer scans every token, attention reads the chosen ones."""
    if dims.sliding_window:
        return _compressed(dims)
    sparse_layers = dims.layers - dims.full_attention_layers
    key_dim = dims.index_head_dim or 0
    if dims.kv_lora_rank:
        rope = dims.rope_dim or 0
        stored = sparse_layers * (dims.kv_lora_rank + rope)
        per_layer = 2.0 * dims.heads * (2 * dims.kv_lora_rank + rope)
        full_kv = 0
        dense = 2.0 * dims.heads * (dims.head_dim + rope + dims.v_head_dim)
    else:
        wide = dims.head_dim + dims.v_head_dim
        per_layer = dense = 2.0 * dims.heads * wide
        stored = sparse_layers * (dims.kv_heads or dims.heads) * wide
        full_kv = dims.full_attention_layers * (dims.kv_heads or dims.heads) * wide
    index_keys = max(dims.kv_elements_per_token - stored - full_kv, 0.0)
    return {
        "prefill_flops": dims.full_attention_layers * per_layer,
        "decode_flops": dims.full_attention_layers * per_layer,
        "sparse_flops": sparse_layers * per_layer,
        "dense_flops": sparse_layers * dense,
        "topk": float(dims.index_topk or 0),
        "index_flops": 2.0 * (dims.index_heads or 0) * index_keys,
        "kv_full": float(full_kv),
        "kv_sparse": float(stored),
        "kv_index": index_keys if key_dim else 0.0,
    }


def _compressed(dims: Dimensions) -> dict[str, float]:
    """DeepSeek-V4: CSA layers pick among 4x compressed entries, HCA layers read 128x ones.

    The table gives the cache per token; the number of layers of each kind follows from it.
    """
    width, key = dims.head_dim, dims.index_head_dim or 0
    csa = int(dims.kv_elements_per_token // ((width + key) / CSA_COMPRESSION))
    left = dims.kv_elements_per_token - csa * (width + key) / CSA_COMPRESSION
    hca = round(left / (width / HCA_COMPRESSION))
    per_entry = 2.0 * dims.heads * (dims.head_dim + dims.v_head_dim)
    full = hca * per_entry / HCA_COMPRESSION
    return {
        "prefill_flops": full,
        "decode_flops": full,
        "sparse_flops": csa * per_entry / CSA_COMPRESSION,
        "topk": float(CSA_COMPRESSION * (dims.index_topk or 0)),
        "index_flops": csa * 2.0 * (dims.index_heads or 0) * key / CSA_COMPRESSION,
        "window": float(dims.sliding_window or 0),
        "window_flops": dims.layers * per_entry,
        "kv_full": hca * width / HCA_COMPRESSION,
        "kv_sparse": csa * width / CSA_COMPRESSION,
        "kv_index": csa * key / CSA_COMPRESSION,
        "kv_window": float(dims.layers * width),
    }


_ATTENTION = {
    "mha": _grouped,
    "gqa": _grouped,
    "linear-hybrid": _grouped,
    "mla": _latent,
    "dsa": _sparse,
}


def estimate_arch(total_params: float, active_params: float) -> Arch:
    """Coefficients inferred from parameter counts alone (``estimated`` = 1).

    Shape rules read off the table: width 128 x depth with 12 x depth x width^2 active parameters;
    45 % of a mixture's active parameters outside the experts, 8 experts a token; a cache of 2,048
    elements per layer for dense models and 1,100 (between MLA and GQA) for mixtures.
    Raises ``OutOfRangeError`` on absurd counts.
    """
    check_params(total_params, active_params)
    depth = (active_params / (12 * 128.0**2)) ** (1 / 3)
    hidden = 128.0 * depth
    moe = total_params > 1.3 * active_params
    routed = total_params - 0.45 * active_params if moe else 0.0
    attention = 4.0 * depth * hidden
    return Arch(
        total=total_params,
        active=active_params,
        routed=routed,
        experts=8 * routed / (0.55 * active_params) if moe else 1.0,
        per_token=8.0 if moe else 1.0,
        moe_layers=depth if moe else 0.0,
        layers=depth,
        hidden=hidden,
        prefill_flops=attention,
        decode_flops=attention,
        index_flops=0.0,
        window_flops=0.0,
        window=0.0,
        sparse_flops=0.0,
        dense_flops=0.0,
        topk=0.0,
        state_flops=0.0,
        kv_full=depth * (1_100.0 if moe else 2_048.0),
        kv_index=0.0,
        kv_sparse=0.0,
        kv_window=0.0,
        kv_state=0.0,
        estimated=1.0,
        grouped=0.5,
        novel=0.0,
    )


def check_params(total_params: float, active_params: float) -> None:
    """Raise ``OutOfRangeError`` unless 0 < active <= total <= 100 trillion."""
    if not 1e6 <= total_params <= 1e14:
        raise OutOfRangeError(
            "total_params_b", total_params / 1e9, phrase("0.001 to 100000 (billions)")
        )
    if not 1e6 <= active_params <= total_params:
        allowed = f"0.001 to total_params_b = {total_params / 1e9:g} (billions)"
        raise OutOfRangeError("active_params_b", active_params / 1e9, allowed)


def parse_architectures(rows: Iterable[Mapping[str, str]]) -> tuple[Dimensions, ...]:
    """One ``Dimensions`` per row. Raises ``DataError`` naming model and field."""
    return tuple(_parse_row(row) for row in rows)


def _parse_row(row: Mapping[str, str]) -> Dimensions:
    name = (row.get("model") or "").strip()

    def number(field: str) -> float | None:
        text = (row.get(field) or "").strip()
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            raise DataError(
                phrase(
                    "{name}: {field} = '{text}' is no number",
                    name=name or "a model",
                    field=field,
                    text=text[:40],
                )
            ) from None
        if not 0 <= value < 1e9:
            raise DataError(
                phrase(
                    "{name}: {field} = {text} is outside [0, 1e9)",
                    name=name,
                    field=field,
                    text=text[:40],
                )
            )
        return value

    def need(field: str) -> float:
        value = number(field)
        if not value:
            raise DataError(
                phrase("{name}: {field} is missing", name=name or "a model", field=field)
            )
        return value

    def whole(field: str) -> int | None:
        value = number(field)
        return None if value is None else int(value)

    kind = (row.get("attention_kind") or "").strip()
    if kind not in _ATTENTION:
        raise DataError(
            phrase("{name}: attention_kind = '{kind}'", name=name, kind=kind),
            remedy=", ".join(_ATTENTION),
        )
    total, active = need("total_params_b") * 1e9, need("active_params_b") * 1e9
    check_params(total, active)
    layers = int(need("layers"))
    full = number("full_attention_layers")
    return Dimensions(
        model=name,
        aliases=tuple(a.strip() for a in (row.get("aliases") or "").split("|") if a.strip()),
        attention_kind=kind,
        total_params=total,
        active_params=active,
        layers=layers,
        hidden=int(need("hidden")),
        heads=int(need("heads")),
        kv_heads=whole("kv_heads"),
        head_dim=int(need("head_dim")),
        v_head_dim=int(number("v_head_dim") or need("head_dim")),
        rope_dim=whole("rope_dim"),
        kv_lora_rank=whole("kv_lora_rank"),
        moe_layers=int(number("moe_layers") or 0),
        experts_routed=int(number("experts_routed") or 0),
        experts_per_token=int(number("experts_per_token") or 0),
        moe_intermediate=int(number("moe_intermediate") or 0),
        vocab=int(number("vocab") or 0),
        full_attention_layers=layers if full is None else int(full),
        index_heads=whole("index_heads"),
        index_head_dim=whole("index_head_dim"),
        index_topk=whole("index_topk"),
        sliding_window=whole("sliding_window"),
        kv_elements_per_token=need("kv_elements_per_token"),
        mtp_depth=int(number("mtp_depth") or 0),
        max_context=whole("max_context"),
        source=(row.get("source") or "").strip(),
        confidence=(row.get("confidence") or "").strip(),
    )


def load_architectures(path: Path | None = None) -> tuple[Dimensions, ...]:
    """The table of ``config/facts`` (or ``path``). For the edges: this opens a file."""
    return parse_architectures(read_rows(path or FACTS / "model_architectures.csv"))


def match_architecture(table: Sequence[Dimensions], name: str) -> Dimensions | None:
    """The row whose model or alias is ``name`` (case ignored), or None."""
    wanted = name.strip().lower()
    for dims in table:
        if wanted in (n.lower() for n in (dims.model, *dims.aliases)):
            return dims
    return None


def find_architecture(table: Sequence[Dimensions], name: str) -> Dimensions:
    """As ``match_architecture``; raises ``UnknownNameError`` with the nearest name."""
    found = match_architecture(table, name)
    if found is None:
        raise UnknownNameError(
            phrase("model"), name, [n for d in table for n in (d.model, *d.aliases)]
        )
    return found
