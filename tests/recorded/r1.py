"""A release told piece by piece: its repository, its price, its card, the crowd's vote.

DeepSeek-R1 in January 2025, with the catalogue's row of it taken out of the record, by answers in
the shapes of the real sources. ``python -m tests.recorded.r1`` prints each rating beside the one of
the catalogue.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config.settings import PACKAGED, Lags
from engine.decision.rated import of_releases
from engine.decision.ratings import rate_history
from engine.record.history import History
from engine.record.store import Store
from engine.service import bind
from engine.values import ThreatRating
from feeds.facts import read_tables
from tests.recorded.runner import World, ask, stanza

MODEL, END = "DeepSeek-R1", datetime(2025, 1, 27, tzinfo=UTC)
NAME = "deepseek-ai/DeepSeek-R1"
LIST = "https://huggingface.co/api/models*"
CONFIG = f"https://huggingface.co/{NAME}/resolve/main/config.json"
CARD = f"https://huggingface.co/{NAME}/resolve/main/README.md"
PRICES = "https://openrouter.ai/api/v1/models"
ARENA = "https://datasets-server.huggingface.co/filter*"

DIMENSIONS = {
    "architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3", "hidden_size": 7168,
    "num_hidden_layers": 61, "vocab_size": 129280, "num_attention_heads": 128,
    "num_key_value_heads": 128, "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64, "v_head_dim": 128, "intermediate_size": 18432,
    "moe_intermediate_size": 2048, "n_routed_experts": 256, "n_shared_experts": 1,
    "num_experts_per_tok": 8, "first_k_dense_replace": 3, "moe_layer_freq": 1,
    "num_nextn_predict_layers": 1, "max_position_embeddings": 163840, "tie_word_embeddings": False,
    "quantization_config": {"activation_scheme": "dynamic", "fmt": "e4m3", "quant_method": "fp8",
                            "weight_block_size": [128, 128]},
}  # fmt: skip
README = """---
license: mit
library_name: transformers
---
# DeepSeek-R1

| Category | Benchmark (Metric) | GPT-4o 0513 | DeepSeek V3 | OpenAI o1-1217 | DeepSeek R1 |
|----------|-------------------|----------|--------|--------|-----------|
| | # Total Params | - | 671B | - | 671B |
| English | MMLU-Pro (EM) | 72.6 | 75.9 | - | **84.0** |
| | GPQA-Diamond (Pass@1) | 49.9 | 59.1 | **75.7** | 71.5 |
| Code | SWE Verified (Resolved) | 38.8 | 42.0 | 48.9 | **49.2** |
| | SWE Verified (Agentless) | 30.0 | 30.0 | 30.0 | 30.0 |
| Math | AIME 2024 (Pass@1) | 9.3 | 39.2 | 79.2 | **79.8** |
"""


def repository(sha: str) -> dict[str, Any]:
    """One entry of the hub's list."""
    return {
        "_id": "0" * 24, "id": NAME, "createdAt": "2025-01-20T03:46:07.000Z", "sha": sha,
        "pipeline_tag": "text-generation", "library_name": "transformers", "likes": 12,
        "downloads": 0, "tags": ["transformers", "safetensors", "license:mit"],
        "safetensors": {"parameters": {"BF16": 3_918_786_560, "F8_E4M3": 680_571_043_840},
                        "total": 684_531_386_000},
    }  # fmt: skip


PRICED = {"data": [{
    "id": "deepseek/deepseek-r1", "hugging_face_id": NAME, "name": "DeepSeek: R1",
    "created": 1737381095, "context_length": 163840,
    "pricing": {"prompt": "0.00000055", "completion": "0.00000219"},
}]}  # fmt: skip
VOTED = {"rows": [{"row": {
    "model_name": "deepseek-r1", "organization": "deepseek", "license": "MIT", "rating": 1357.0,
    "category": "overall", "leaderboard_publish_date": "2025-01-24"}}],
    "num_rows_total": 1}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What stood after one round: the rating by then."""

    told: str
    at: datetime
    rating: ThreatRating


def steps(database: Path) -> Iterator[Step]:
    """The rating after each round of the live sources."""
    hub, router, arena = map(stanza, ("hf-deepseek", "openrouter-prices", "lmarena-ratings"))
    first = {LIST: {"json": [repository("a" * 40)]}, CONFIG: {"json": DIMENSIONS}}
    carded = {LIST: {"json": [repository("b" * 40)]}, CONFIG: {"json": DIMENSIONS},
              CARD: {"text": README}}  # fmt: skip
    rounds: tuple[tuple[str, Any, dict[str, Any], datetime], ...] = (
        ("repository", hub, first, datetime(2025, 1, 20, 15, tzinfo=UTC)),
        ("price", router, {PRICES: {"json": PRICED}}, datetime(2025, 1, 21, 15, tzinfo=UTC)),
        ("scores", hub, carded, datetime(2025, 1, 22, 15, tzinfo=UTC)),
        ("vote", arena, {ARENA: {"json": VOTED}}, datetime(2025, 1, 25, 15, tzinfo=UTC)),
    )
    with Store.open(f"sqlite:///{database}") as store:
        store.record(f for f in read_tables(PACKAGED / "facts", Lags()) if not _is_of_it(f.key))
        for told, feed, answers, at in rounds:
            (result,) = ask(store, [feed], World(answers), at)
            assert result.status == "new", result.why
            yield Step(told=told, at=at, rating=_standing(History(store.facts()).cut(at)))


def by_the_catalogue() -> ThreatRating:
    """The rating of the shipped record on the same day."""
    return _standing(History(read_tables(PACKAGED / "facts", Lags())).cut(END))


def _is_of_it(key: str) -> bool:
    return key == f"DeepSeek/{MODEL}"


def _standing(history: History) -> ThreatRating:
    ratings = rate_history(history, (), bind.load(PACKAGED).threat)
    return next(r for r in of_releases(ratings) if r.model == MODEL)


def main() -> None:
    """One line a step."""
    with tempfile.TemporaryDirectory() as folder:
        for step in steps(Path(folder) / "r1.db"):
            print(line(step.told, step.rating))
    print(line("catalogue", by_the_catalogue()))


def line(told: str, rating: ThreatRating) -> str:
    """Score, its interval, and whether it counts as rated."""
    rated = "rated" if rating.rateable else "cannot be rated yet"
    low, high = rating.score_low, rating.score_high
    return f"{told:<12} {rating.score:6.1f} of 100   90 %: {low:5.1f} to {high:5.1f}   {rated}"


if __name__ == "__main__":
    main()
