"""What the threat rating is unsure about: read, checked in one pass, drawn once for all releases.

``parse_parameters`` turns the text of ``config/threat.toml`` into ``ThreatParameters``; ``sample``
draws them. Draws are a Latin hypercube: parameter ``i`` visits each of the n equal slices of its
distribution once, in an order seeded by the seed *and its own name*, so that adding a parameter
moves no other one, and every release of a run meets the same worlds (common random numbers): a
difference between two ratings is a difference between releases, not luck.
"""

from __future__ import annotations

import math
import re
import tomllib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np

from engine.errors import ConfigError, nearest
from engine.values import FloatArray

UNCERTAIN_NAMES = (
    "customer_over_billing",
    "unknown_china_share",
    "inference_share",
    "export_reach",
    "demand_growth",
    "h20_price_usd",
    "grey_premium",
    "grey_supply_share",
    "licence_friction",
    "discouraged_friction",
    "h20_equivalents_per_chip",
    "other_vendor_uplift",
    "unknown_supply_units",
    "unknown_demand_units",
    "supply_realised",
    "serving_cost_ratio",
    "training_cost_ratio",
    "throughput_error",
    "software_penalty_inference",
    "software_penalty_training",
    "connectivity_penalty_inference",
    "connectivity_penalty_training",
    "switch_width",
    "training_prior",
    "inference_prior",
    "training_success_weight",
    "vendor_factor",
    "training_failure_weight",
    "inference_support_weight",
    "training_helps_inference",
    "one_stack_share",
    "delay_weight",
    "format_penalty_inference",
    "format_penalty_training",
    "setback_half_life_days",
    "elasticity",
    "compute_part",
    "efficiency_exposure",
    "supply_headroom",
    "buyer_funding_share",
    "capex_response",
    "price_trend",
    "comparability",
    "quality_width",
    "adoption_open",
    "adoption_closed",
    "input_token_share",
    "output_over_input_price",
    "unknown_price_ratio",
)
NOISE_NAMES = ("release_quality", "supply_spread", "demand_spread", "adoption_unknown")
"""Uniform draws that spread what the record, not the config, is unsure about."""

_PROBABILITIES = frozenset(
    {
        "unknown_china_share",
        "inference_share",
        "grey_supply_share",
        "training_prior",
        "inference_prior",
        "vendor_factor",
        "training_helps_inference",
        "one_stack_share",
        "format_penalty_inference",
        "format_penalty_training",
        "compute_part",
        "efficiency_exposure",
        "buyer_funding_share",
        "capex_response",
        "adoption_open",
        "adoption_closed",
        "input_token_share",
    }
)
BENCHMARK_NAMES = (
    "gpqa_diamond",
    "mmlu_pro",
    "swe_bench_verified",
    "aime_2024",
    "aime_2025",
    "lmarena",
)
_BENCHMARK_KEYS = ("intercept", "slope", "noise", "sd_intercept", "sd_slope")
_QUALITY_KEYS = ("prior_mean", "prior_sd", "unscored_offset", "unscored_sd", "settled_sd")
_SCORE_KEYS = ("loss_scale", "loss_threshold")
_UNCERTAIN_KEYS = ("low", "mode", "high", "scale", "unit", "source", "date")


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain:
    """A figure nobody knows: triangular on [low, high] with its peak at ``mode``.

    log_scale: triangular in the logarithm. dated_on: when the source or judgement was made.
    """

    name: str
    low: float
    mode: float
    high: float
    unit: str
    source: str
    dated_on: date
    log_scale: bool = False

    def quantile(self, u: FloatArray) -> FloatArray:
        """Inverse distribution function at ``u`` in [0, 1]; elementwise, any shape."""
        low, mode, high = self.low, self.mode, self.high
        if self.log_scale:
            low, mode, high = math.log(low), math.log(mode), math.log(high)
        value = triangular(u, low, mode, high)
        return np.exp(value) if self.log_scale else value


def triangular(u: FloatArray, low: float, mode: float, high: float) -> FloatArray:
    """Quantile of the triangular distribution; a point mass where low = high."""
    if low == high:
        return np.full_like(u, low)
    turn = (mode - low) / (high - low)
    rising = low + np.sqrt(u * (high - low) * (mode - low))
    falling = high - np.sqrt((1 - u) * (high - low) * (high - mode))
    return np.where(u < turn, rising, falling)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkPrior:
    """How a benchmark reads latent quality, in logits: intercept + slope * quality + noise."""

    name: str
    intercept: float
    slope: float
    noise: float
    sd_intercept: float
    sd_slope: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreatParameters:
    """Everything ``config/threat.toml`` says. Shares and probabilities are fractions of one."""

    model_version: str
    loss_scale: float
    loss_threshold: float
    prior_mean: float
    prior_sd: float
    unscored_offset: float
    unscored_sd: float
    settled_sd: float
    benchmarks: tuple[BenchmarkPrior, ...]
    uncertain: tuple[Uncertain, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Draws of everything uncertain, each of shape (draws,).

    values: parameter name -> draws. noise: noise name -> uniform draws. names and ranks: rows of
    centred ranks of unit length, shape (names, draws), for rank correlations.
    """

    draws: int
    seed: int
    values: Mapping[str, FloatArray]
    noise: Mapping[str, FloatArray]
    names: tuple[str, ...]
    ranks: FloatArray

    def __getitem__(self, name: str) -> FloatArray:
        return self.values[name]


DEFAULT_DRAWS = 4096
DEFAULT_SEED = 20250127


def sample(
    params: ThreatParameters, *, draws: int = DEFAULT_DRAWS, seed: int = DEFAULT_SEED
) -> Sample:
    """``draws`` worlds. The same seed and parameters give the same bits."""
    uniform = {
        name: _stratified(name, draws, seed)
        for name in (*(u.name for u in params.uncertain), *NOISE_NAMES)
    }
    values = {u.name: u.quantile(uniform[u.name]) for u in params.uncertain}
    noise = {name: uniform[name] for name in NOISE_NAMES}
    names = tuple(uniform)
    return Sample(
        draws=draws,
        seed=seed,
        values=MappingProxyType(values),
        noise=MappingProxyType(noise),
        names=names,
        ranks=np.stack([unit_ranks(uniform[name]) for name in names]),
    )


def _stratified(name: str, draws: int, seed: int) -> FloatArray:
    rng = np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))
    slices: FloatArray = (rng.permutation(draws) + rng.random(draws)) / draws
    return slices


def unit_ranks(x: FloatArray) -> FloatArray:
    """Ranks of ``x``, centred, of unit length: their dot product is Spearman's correlation."""
    ranks = np.empty(x.size)
    ranks[np.argsort(x, kind="stable")] = np.arange(x.size)
    ranks -= (x.size - 1) / 2
    return ranks / max(float(np.sqrt(ranks @ ranks)), 1e-300)


def standard(u: FloatArray) -> FloatArray:
    """Uniform draws as a bounded bell of mean 0 and deviation 1 (triangular on ±sqrt 6)."""
    return triangular(u, -math.sqrt(6), 0.0, math.sqrt(6))


def parse_parameters(text: str, *, where: str = "threat.toml") -> ThreatParameters:
    """Read and check the text of the file; ``ConfigError`` with every problem found."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{where}: {error}"]) from None
    return _Reader(text, where).read(raw)


class _Reader:
    """One pass over the raw tables, collecting problems with their lines."""

    def __init__(self, text: str, where: str) -> None:
        self.lines, self.where = text.splitlines(), where
        self.problems: list[str] = []

    def read(self, raw: Mapping[str, Any]) -> ThreatParameters:
        self._names(raw, ("model_version", "score", "quality", "benchmarks", "uncertain"), "")
        score = self._numbers(raw, "score", _SCORE_KEYS, least=1e-6)
        quality = self._numbers(raw, "quality", _QUALITY_KEYS, least=-10)
        marks = self._tables(raw, "benchmarks", BENCHMARK_NAMES)
        figures = self._tables(raw, "uncertain", UNCERTAIN_NAMES)
        benchmarks = [self._benchmark(name, table) for name, table in marks.items()]
        uncertain = [self._uncertain(name, table) for name, table in figures.items()]
        version = raw.get("model_version", "1")
        if not isinstance(version, str):
            self._say("model_version must be a text in quotes", "model_version")
        if self.problems:
            raise ConfigError(self.problems)
        ordered = {u.name: u for u in uncertain if u is not None}
        return ThreatParameters(
            model_version=version,
            **score,
            **quality,
            benchmarks=tuple(b for b in benchmarks if b is not None),
            uncertain=tuple(ordered[name] for name in UNCERTAIN_NAMES),
        )

    def _say(self, problem: str, *path: str) -> None:
        line = self._line(*path)
        place = self.where if line is None else f"{self.where}:{line}"
        self.problems.append(f"{place}: {problem}")

    def _line(self, *path: str) -> int | None:
        """Line of the deepest part of ``path`` that the text holds."""
        header, key = ".".join(path[:-1]), path[-1] if path else ""
        section, found = "", None
        for number, line in enumerate(self.lines, start=1):
            if match := re.match(r"\s*\[([^\]]+)\]", line):
                section = match[1].strip()
                if section in (header, ".".join(path)):
                    found = number
            elif section == header and re.match(rf"\s*{re.escape(key)}\s*=", line):
                return number
        return found

    def _names(self, table: Mapping[str, Any], known: tuple[str, ...], path: str) -> None:
        for name in table:
            if name not in known:
                close = nearest(name, known)
                hint = f"; did you mean '{close}'?" if close else ""
                parts = (*path.split("."), name) if path else (name,)
                self._say(f"unknown key '{name[:80]}'{hint}", *parts)

    def _tables(
        self, raw: Mapping[str, Any], section: str, known: tuple[str, ...]
    ) -> dict[str, Mapping[str, Any]]:
        table = raw.get(section)
        if not isinstance(table, Mapping):
            self._say(f"[{section}] is missing", section)
            return {}
        self._names(table, known, section)
        for name in known:
            if not isinstance(table.get(name), Mapping):
                self._say(f"[{section}.{name}] is missing", section, name)
        return {n: t for n, t in table.items() if n in known and isinstance(t, Mapping)}

    def _numbers(
        self, raw: Mapping[str, Any], section: str, keys: tuple[str, ...], *, least: float
    ) -> dict[str, float]:
        table = raw.get(section)
        if not isinstance(table, Mapping):
            self._say(f"[{section}] is missing", section)
            return {}
        self._names(table, keys, section)
        found = {key: self._number(table, key, section) for key in keys}
        for key, value in found.items():
            if value is not None and value < least:
                self._say(f"{section}.{key} = {value} is below {least}", section, key)
        return {key: value for key, value in found.items() if value is not None}

    def _number(self, table: Mapping[str, Any], key: str, path: str) -> float | None:
        value = table.get(key)
        if value is None:
            self._say(f"{path}.{key} is missing", *path.split("."), key)
            return None
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            self._say(f"{path}.{key} = {value!r} is not a finite number", *path.split("."), key)
            return None
        return float(value)

    def _text(self, table: Mapping[str, Any], key: str, path: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value.strip():
            self._say(f"{path}.{key} is missing or empty", *path.split("."), key)
            return ""
        return value

    def _benchmark(self, name: str, table: Mapping[str, Any]) -> BenchmarkPrior | None:
        path = f"benchmarks.{name}"
        self._names(table, (*_BENCHMARK_KEYS, "source"), path)
        numbers = {key: self._number(table, key, path) for key in _BENCHMARK_KEYS}
        source = self._text(table, "source", path)
        for key in ("slope", "noise", "sd_intercept", "sd_slope"):
            value = numbers[key]
            if value is not None and value <= 0:
                self._say(f"{path}.{key} = {value} is not above 0", *path.split("."), key)
        if any(value is None for value in numbers.values()):
            return None
        return BenchmarkPrior(
            name=name, source=source, **{k: v for k, v in numbers.items() if v is not None}
        )

    def _uncertain(self, name: str, table: Mapping[str, Any]) -> Uncertain | None:
        path = f"uncertain.{name}"
        before = len(self.problems)
        self._names(table, _UNCERTAIN_KEYS, path)
        low, mode, high = (self._number(table, key, path) for key in ("low", "mode", "high"))
        unit, source = self._text(table, "unit", path), self._text(table, "source", path)
        dated = self._date(table.get("date"), path)
        log_scale = table.get("scale", "linear") == "log"
        if table.get("scale", "linear") not in ("linear", "log"):
            self._say(f"{path}.scale must be 'linear' or 'log'", "uncertain", name, "scale")
        if low is not None and mode is not None and high is not None:
            self._order(name, low, mode, high, log_scale=log_scale)
        if len(self.problems) > before or low is None or mode is None or high is None or not dated:
            return None
        return Uncertain(
            name=name,
            low=low,
            mode=mode,
            high=high,
            unit=unit,
            source=source,
            dated_on=dated,
            log_scale=log_scale,
        )

    def _order(self, name: str, low: float, mode: float, high: float, *, log_scale: bool) -> None:
        where = ("uncertain", name, "low")
        if not low <= mode <= high:
            self._say(
                f"uncertain.{name}: low {low}, mode {mode}, high {high} are not in order", *where
            )
        if low < 0 or (log_scale and low == 0):
            self._say(
                f"uncertain.{name}.low = {low} must be {'above' if log_scale else 'at least'} 0",
                *where,
            )
        if name in _PROBABILITIES and high > 1:
            self._say(
                f"uncertain.{name}.high = {high} is a share and cannot exceed 1",
                "uncertain",
                name,
                "high",
            )

    def _date(self, value: object, path: str) -> date | None:
        try:
            if isinstance(value, str):
                return date.fromisoformat(value)
        except ValueError:
            pass
        if type(value) is date:
            return value
        self._say(f"{path}.date = {value!r} is not a date (2025-08-22)", *path.split("."), "date")
        return None
