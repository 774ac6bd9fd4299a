"""Speed of the low-precision engine, side by side with the plain library cast, in one run.

GB/s of float32 numbers (input of an encoder, output of a decoder) per second of processor time, the
best of several alternating rounds, 64 MiB, one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import ml_dtypes
import numpy as np

from engine.threat import fp8

ROUNDS = 5
SHAPE = (4096, 4096)


def rows() -> list[dict[str, object]]:
    """One row per operation: ours and theirs in GB/s per processor second, and ours / theirs."""
    x = np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)
    out, codes = np.empty_like(x), fp8.encode(x, "e4m3fn")
    e4m3 = codes.view(ml_dtypes.float8_e4m3fn)
    speed = _gb_per_cpu_s(
        {
            "memcpy": lambda: np.copyto(out, x),
            "cast": lambda: x.astype(ml_dtypes.float8_e4m3fn),
            "cast back": lambda: e4m3.astype(np.float32),
            "naive": lambda: _naive_mxfp8(x),
            "fused": lambda: fp8.fake_quantize_blocks(x, "mxfp8", out=out),
            "fused floor": lambda: fp8.fake_quantize_blocks(x, fp8.Scheme(rule="floor"), out=out),
            "quantise": lambda: fp8.quantize_blocks(x),
            "encode": lambda: fp8.encode(x, "e4m3fn", out=codes),
            "decode": lambda: fp8.decode(codes, "e4m3fn", out=out),
        },
        x.nbytes,
    )
    compared = [
        ("fused MXFP8 (round up) / ml_dtypes E4M3 cast", "fused", "cast", ">= 2"),
        ("fused MXFP8 (round up) / MXFP8 by way of that cast", "fused", "naive", ""),
        ("fused MXFP8 (floor) / ml_dtypes E4M3 cast", "fused floor", "cast", ""),
        ("MXFP8 to bytes and scales / ml_dtypes E4M3 cast", "quantise", "cast", ""),
        ("encode E4M3 / ml_dtypes E4M3 cast", "encode", "cast", "> 1"),
        ("decode E4M3 / ml_dtypes cast back", "decode", "cast back", "> 1"),
        ("fused MXFP8 / memcpy (the limit of one pass)", "fused", "memcpy", ""),
    ]
    return [
        {
            "what": what,
            "ours": round(speed[ours], 2),
            "theirs": round(speed[theirs], 2),
            "ratio": round(speed[ours] / speed[theirs], 2),
            "target": target,
            "note": "GB/s of float32 per processor second",
        }
        for what, ours, theirs, target in compared
    ]


def _gb_per_cpu_s(jobs: dict[str, Callable[[], object]], n_bytes: int) -> dict[str, float]:
    best = dict.fromkeys(jobs, float("inf"))
    for _ in range(ROUNDS):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            best[name] = min(best[name], time.process_time() - start)
    return {name: n_bytes / seconds / 1e9 for name, seconds in best.items()}


def _naive_mxfp8(x: np.ndarray) -> np.ndarray:
    """MXFP8 as one would write it with the library cast: correct, and a temporary per step."""
    blocks = x.reshape(-1, 32)
    amax = np.abs(blocks).max(axis=1, keepdims=True)
    scale = np.exp2(np.ceil(np.log2(amax / 448))).astype(np.float32)
    return (blocks / scale).astype(ml_dtypes.float8_e4m3fn).astype(np.float32) * scale


if __name__ == "__main__":
    for row in rows():
        print(row)
