"""Low-precision numbers, bit for bit: what an FP8 checkpoint stores, loses and costs in bytes.

The front door; the rooms behind it are ``fp8_formats`` (what every byte means, one number at a
time: the readable definition), ``fp8_codec`` (the same for arrays, fast) and ``fp8_blocks`` (block
scaling, presets, measures).

* ``encode``, ``decode``: E4M3 (``e4m3fn``), E5M2, E8M0, both FNUZ types, HiF8 and E2M1.
* ``quantize_blocks``, ``dequantize_blocks``, ``fake_quantize_blocks``, and ``quantize`` with the
  presets ``mxfp8``, ``mxfp4``, ``nvfp4``, ``deepseek_v3``, ``deepseek_v31``, ``per_tensor``.
* ``bytes_per_parameter``, ``scale_overhead``, ``clipped_share``, ``sqnr_db``.

UE8M0 is a format for *scales*, not for values: a model "in UE8M0" still holds E4M3 numbers. And the
path for Nvidia's Blackwell needs the same scales, so the format alone says little about the chip.

**How fast, and why not faster.** numpy makes one pass over memory per operation. Encoding takes
eleven passes, the fused MXFP8 path about sixteen (five of them on bytes); at some 40 GB/s per pass
within a second-level cache the ceiling is near 3 GB/s of float32 for either. A copy is one pass.
All work is done in pieces of 256 KiB with preallocated scratch, so the passes stay in cache; what
is left is the price of not compiling. ``tests/bench/bench_fp8.py`` measures it.
"""

from __future__ import annotations

from engine.threat.fp8_blocks import (
    PRESETS,
    RULES,
    Quantized,
    Scheme,
    bytes_per_parameter,
    clipped_share,
    dequantize_blocks,
    fake_quantize_blocks,
    nvfp4_tensor_scale,
    preset,
    quantize,
    quantize_blocks,
    scale_bytes,
    scale_overhead,
    scales_shape,
    sqnr_db,
)
from engine.threat.fp8_codec import decode, encode
from engine.threat.fp8_formats import FORMATS, Format, byte_of, format_of, value_of

__all__ = [
    "FORMATS",
    "PRESETS",
    "RULES",
    "Format",
    "Quantized",
    "Scheme",
    "byte_of",
    "bytes_per_parameter",
    "clipped_share",
    "decode",
    "dequantize_blocks",
    "encode",
    "fake_quantize_blocks",
    "format_of",
    "nvfp4_tensor_scale",
    "preset",
    "quantize",
    "quantize_blocks",
    "scale_bytes",
    "scale_overhead",
    "scales_shape",
    "sqnr_db",
    "value_of",
]
