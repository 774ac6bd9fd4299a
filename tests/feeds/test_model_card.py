"""Cards in the forms in which laboratories write them; our own text and figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model_card import indexed_scores, read_card
from feeds.model_scores import benchmark_of


@pytest.mark.parametrize(
    ("words", "benchmark"),
    [
        ("GPQA-Diamond (Pass@1)", "gpqa_diamond"),
        ("**GPQA**", "gpqa_diamond"),
        ("GPQA main", None),
        ("MMLU-Pro<sub>EM</sub>", "mmlu_pro"),
        ("MMLU-ProX", None),
        ("SWE-bench Verified", "swe_bench_verified"),
        ("SWE Verified (Agentless)", None),
        ("SWE-bench Multilingual", None),
        ("AIME 2025", "aime_2025"),
        ("AIME25 (w/ python)", None),
        ("AIME'24", None),
        ("Arena-Hard", None),
    ],
)
def test_a_benchmark_is_known_by_its_names(words: str, benchmark: str | None) -> None:
    assert benchmark_of(words) == benchmark


HTML = """
<table><thead><tr><th>Benchmark</th><th>Kimi K9 Base</th><th>Other<br>Model</th></tr></thead>
<tr><td colspan="3"><b>Reasoning</b></td></tr>
<tr><td>AIME 2025</td><td><strong>91.2</strong></td><td>80.0</td></tr>
<tr><td>GPQA-Diamond</td><td>85.5<sup>*</sup></td><td>-</td></tr>
<tr><td>SWE-bench Verified</td><td>70.1 / 76.0</td><td>60</td></tr></table>
"""
ACROSS = """
| Model | #Params | MMLU-Pro | GPQA Diamond |
|:--|--|--|--|
| Other | 70B | 70.0 | 50.0 |
| [Kimi-K9](https://example.org/x) | 1T | 86.0% | - |
"""


def test_tables_in_markup_and_across_are_read() -> None:
    """Two figures in a cell are none, nor is a dash."""
    scores = read_card(HTML + ACROSS, "moonshotai/Kimi-K9").scores

    assert scores == {"aime_2025": 91.2, "gpqa_diamond": 85.5, "mmlu_pro": 86.0}


@pytest.mark.parametrize(
    ("text", "training", "home"),
    [
        ("The model was trained entirely on Huawei Ascend 910C chips.", "Ascend", None),
        ("We trained it on 2,048 H800 GPUs over two months.", "H800", None),
        ("Inference on Ascend NPUs is supported from day one.", None, True),
        ("We will support inference on Ascend NPUs soon.", None, None),
        ("Weights use UE8M0 scales, for which inference kernels exist.", None, None),
        ("It deploys on eight H200 with vLLM.", None, None),
        ("It was trained on much text.", None, None),
    ],
)
def test_named_hardware_becomes_typed_fields(
    text: str, training: str | None, home: bool | None
) -> None:
    card = read_card(f"# X\n\n{text}\n", "deepseek-ai/X")

    assert card.served_at_home is home
    assert (card.training_hardware is None) == (training is None)
    assert training is None or training in (card.training_hardware or "")


def test_the_typed_index_of_the_hub_is_read() -> None:
    index = [{"name": "x", "results": [
        {"task": {"type": "evaluation"}, "dataset": {"name": "AA", "type": "artificial_analysis"},
         "metrics": [{"name": "Mmlu Pro", "type": "mmlu_pro", "value": 0.81},
                     {"name": "Index", "type": "artificial_analysis_intelligence_index",
                      "value": 52.1}]},
        {"dataset": {"name": "GPQA Diamond"}, "metrics": [{"type": "accuracy", "value": 71.5}]},
    ]}]  # fmt: skip

    assert indexed_scores(index) == {"mmlu_pro": 81.0, "gpqa_diamond": 71.5}
    assert indexed_scores([{"results": [None, {"metrics": "x"}]}, 7]) == {}


@given(st.text(max_size=300), st.sampled_from(("org/Name", "org/", "x")))
def test_no_card_makes_the_reading_fail(text: str, repository: str) -> None:
    card = read_card(f"|a|GPQA|\n<table><tr><td>{text}</td>|{text}|\n{text}", repository)

    assert all(0 < value <= 100 for value in card.scores.values())
