"""What benchmarks say of a model, one score a fact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from engine.record.readings.base import Kind, need_range

Benchmark = Literal[
    "gpqa_diamond", "mmlu_pro", "swe_bench_verified", "aime_2024", "aime_2025", "lmarena"
]
"""The columns of ``model_releases.csv`` that hold scores; the two years of AIME are two."""

BENCHMARKS: tuple[str, ...] = get_args(Benchmark)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelScore:
    """One score of one model as one source tells it.

    model: as the source spells it, without the effort it was run with. value: per cent of what was
    right; of ``lmarena`` Elo points. lab: the maker as the source spells it, "" where it does not
    say. tier: of the source, 1 for the maker's own card. released_on: the model's day by that
    source, None where it tells none. occurred_at: that day, else the day of the source's table.
    """

    model: str
    benchmark: Benchmark
    value: float
    occurred_at: datetime
    known_at: datetime
    source: str = ""
    lab: str = ""
    tier: int = 2
    released_on: date | None = None

    def __post_init__(self) -> None:
        elo = self.benchmark == "lmarena"
        need_range(self, "value", 500.0 if elo else 0.0, 2_500.0 if elo else 100.0, open_low=True)


MODEL_SCORES = Kind(
    name="model_score", of=ModelScore, key=lambda s: f"{s.source}:{s.model}:{s.benchmark}"
)
