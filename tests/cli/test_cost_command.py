"""``nvsignal cost`` and ``nvsignal validate``: what they print and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.cli.commands.cost import parse_tokens
from engine.cli.main import main
from engine.errors import OutOfRangeError

FIGURES = (
    "training_flops", "training_chip_hours", "training_usd", "energy_mwh",
    "prefill_tok_s_per_chip", "decode_tok_s_per_chip", "usd_per_mtok_prefill",
    "usd_per_mtok_decode", "usd_per_mtok_blended",
)  # fmt: skip
V3 = ("cost", "DeepSeek-V3", "--chip", "NVIDIA H800 SXM", "--prompt-tokens", "4989")


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(list(args))
    out, err = capsys.readouterr()
    code = left.value.code
    return (code if isinstance(code, int) else 0), out, err


def as_json(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    code, out, err = run(capsys, *args, "--json")
    assert code == 0, err
    parsed: dict[str, Any] = json.loads(out)
    return parsed


def test_every_figure_has_an_ordered_interval_and_its_assumptions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = as_json(capsys, *V3, "--batch", "64")
    assert (found["model"], found["chip"]) == ("DeepSeek-V3", "NVIDIA H800 SXM")
    assert found["precision"] == "fp8"
    for figure in FIGURES:
        assert 0 < found[figure]["low"] <= found[figure]["mid"] <= found[figure]["high"], figure
    assert found["training_chip_hours"]["low"] < 2.664e6 < found["training_chip_hours"]["high"]
    assert found["training_chip_hours"]["mid"] == pytest.approx(2.664e6, rel=0.1)
    assert {"name", "value", "source"} == set(found["assumptions"][0])
    assert found["batch"] == 64


def test_the_same_command_gives_the_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, *V3, "--json") == run(capsys, *V3, "--json")


def test_a_model_is_found_by_what_follows_its_family_as_rate_finds_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = as_json(capsys, "cost", "R1", "--chip", "H800")
    assert found["model"] == "DeepSeek-R1"


def test_an_ascend_runs_an_fp8_model_in_int8_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = as_json(capsys, "cost", "DeepSeek-V3", "--chip", "910C", "--precision", "fp8")
    assert (found["precision"], found["precision_asked"], found["computes_in"]) == (
        "int8", "fp8", "int8",
    )  # fmt: skip
    assert any("INT8" in a["value"] for a in found["assumptions"])


def test_a_closed_model_has_no_figures_rather_than_invented_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = as_json(capsys, "cost", "GPT-4o", "--chip", "H800")
    assert all(found[figure] is None for figure in FIGURES)
    assert any("not disclosed" in a["value"] for a in found["assumptions"])


def test_flags_replace_what_the_tables_say(capsys: pytest.CaptureFixture[str]) -> None:
    plain = as_json(capsys, *V3, "--batch", "32", "--devices", "32")
    twice = as_json(capsys, *V3, "--batch", "32", "--devices", "32", "--tokens-trained", "29.6T")
    dear = as_json(capsys, *V3, "--batch", "32", "--devices", "32", "--usd-per-hour", "4")
    hits = as_json(capsys, *V3, "--batch", "32", "--devices", "32", "--cache-hit-share", "0.5")
    idle = as_json(capsys, *V3, "--batch", "32", "--devices", "32", "--duty", "0.5")
    far = as_json(capsys, *V3, "--batch", "32", "--devices", "32", "--context", "20000")
    mid = {name: found["decode_tok_s_per_chip"]["mid"] for name, found in
           {"plain": plain, "idle": idle, "far": far}.items()}  # fmt: skip
    assert twice["training_usd"]["mid"] == pytest.approx(2 * plain["training_usd"]["mid"])
    assert dear["usd_per_mtok_decode"]["mid"] == pytest.approx(
        2 * plain["usd_per_mtok_decode"]["mid"]
    )
    assert hits["usd_per_mtok_prefill"]["mid"] == pytest.approx(
        plain["usd_per_mtok_prefill"]["mid"] / 2
    )
    assert mid["idle"] == pytest.approx(mid["plain"] / 2)
    assert mid["far"] < mid["plain"]


def test_a_batch_beyond_memory_is_cut_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(capsys, *V3, "--batch", "5000")
    assert found["batch"] == found["max_batch"] < 5000
    assert any("5000 asked" in a["value"] for a in found["assumptions"])


def test_a_model_and_a_chip_may_come_from_files(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    model, chip = tmp_path / "model.toml", tmp_path / "chip.toml"
    model.write_text(
        'name = "Nova"\ntotal_params_b = 900\nactive_params_b = 30\ntraining_tokens_t = 20\n'
        'weight_precision = "fp8-ue8m0"\n'
    )
    chip.write_text(
        '[chip]\nchip = "Z1"\nvendor = "Z"\ncountry = "CN"\n'
        'on_sale_from = "2026-01-31"\nbf16_dense_tflops = 500\n'
        "fp8_dense_tflops = 1000\nfp8_native = true\nmemory_gb = 128\nmemory_bw_tbs = 4\n"
        "scaleup_gbs_bidir = 800\ntdp_w = 500\nprice_usd = 10000\n"
    )
    found = as_json(capsys, "cost", "--model-file", str(model), "--chip-file", str(chip))
    assert (found["model"], found["chip"], found["precision"]) == ("Nova", "Z1", "fp8")
    assert all(found[figure] is not None for figure in FIGURES)
    assert any("estimated from 900B" in a["value"] for a in found["assumptions"])


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("cost", "DeepSeek-V9", "--chip", "H800"), "unknown model 'DeepSeek-V9'"),
        (("cost", "DeepSeek-V3", "--chip", "H900"), "did you mean 'V900'"),
        (("cost", "DeepSeek-V3"), "no chip given"),
        (("cost", "--chip", "H800"), "no model given"),
        ((*V3, "--batch", "-1"), "batch = -1"),
        ((*V3, "--precision", "fp9"), "precision = 'fp9'"),
        ((*V3, "--cache-hit-share", "2"), "cache_hit_share = 2"),
        ((*V3, "--duty", "0"), "duty = 0"),
        ((*V3, "--devices", "2"), "at least 10"),
        ((*V3, "--tokens-trained", "lots"), "tokens_trained = 'lots'"),
        ((*V3, "--usd-per-hour", "-2"), "usd_per_hour = -2"),
        ((*V3, "--as-of", "2020-01-01"), "not on sale on 2020-01-01"),
        ((*V3, "--as-of", "yesterday"), "--as-of 'yesterday' is not a date"),
        (("cost", "--model-file", "no/such.toml", "--chip", "H800"), "cannot be read"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_two(
    capsys: pytest.CaptureFixture[str], args: tuple[str, ...], words: str
) -> None:
    code, out, err = run(capsys, *args)
    assert code == 2
    assert out == ""
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("text", ["name = ", "x = " + "9" * 5000, "x = " + "[" * 5000])
def test_a_broken_file_is_said_to_be_broken(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str
) -> None:
    broken = tmp_path / "model.toml"
    broken.write_text(text)
    code, _, err = run(capsys, "cost", "--model-file", str(broken), "--chip", "H800")
    assert code == 2
    assert err.startswith("nvsignal: model.toml:")
    assert err.count("\n") == 1


@pytest.mark.parametrize("args", [V3, ("validate",)])
def test_text_fits_eighty_columns(capsys: pytest.CaptureFixture[str], args: tuple[str]) -> None:
    code, out, _ = run(capsys, *args)
    assert code == 0
    assert max(len(line) for line in out.splitlines()) <= 80


def test_validate_prints_every_target_with_its_error(capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(capsys, "validate")
    targets = {row["target"].rstrip("abcd") for row in found["outcomes"]}
    assert {f"T{n}" for n in range(1, 22)} <= targets
    assert not [t for t in found["misses"] if t.startswith("T")]
    assert found["covered"] / found["banded"] > 0.85


@pytest.mark.parametrize(
    ("text", "tokens"), [("14.8T", 14.8e12), ("900b", 9e11), ("14.8e12", 14.8e12)]
)
def test_tokens_are_read_with_their_unit(text: str, tokens: float) -> None:
    assert parse_tokens(text) == pytest.approx(tokens)


@pytest.mark.parametrize("text", ["14.8", "-3T", "nan", "1e20", "T", ""])
def test_unlikely_token_counts_are_refused(text: str) -> None:
    with pytest.raises(OutOfRangeError, match="tokens_trained"):
        parse_tokens(text)
