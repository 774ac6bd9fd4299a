"""Chips: what a table row means, what runs at which peak, what an hour costs."""

from __future__ import annotations

import csv
from datetime import date

import numpy as np
import pytest

from engine.errors import DataError, InputError, OutOfRangeError, UnknownNameError
from engine.threat.chips import (
    FACTS,
    chip_arrays,
    find_chip,
    hour_price,
    load_accelerators,
    on_sale,
    ownership_usd_per_hour,
    parse_accelerators,
    parse_number,
    peak_flops,
    power_kw,
    scale_up_domain,
)
from engine.values import Accelerator


@pytest.fixture(scope="module")
def chips() -> tuple[Accelerator, ...]:
    return load_accelerators()


RUBIN = "NVIDIA VR200 NVL72 (per Rubin GPU)"
"""Nobody has published a measured point of this generation."""
ROW = {"chip": "Iluvatar BI-V150", "vendor": "Iluvatar CoreX", "country": "CN"}


def test_a_chinese_chip_of_a_new_vendor_is_home_grown() -> None:
    """Origin is a column: no list of vendors has to know the newcomer."""
    (chip,) = parse_accelerators([ROW])
    assert chip.domestic
    assert chip.platform == "domestic-other"


@pytest.mark.parametrize("country", ["", "China", "cn"])
def test_a_chip_without_a_country_is_refused_not_taken_for_foreign(country: str) -> None:
    with pytest.raises(DataError, match=r"Iluvatar BI-V150: country .* is none of CN, US, other"):
        parse_accelerators([{**ROW, "country": country}])


def test_a_platform_nobody_calibrated_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="blackwell"):
        parse_accelerators([{**ROW, "platform": "blackwel"}])


@pytest.mark.parametrize("text", ["soon", "2025-13", "2025-02-30", "2025"])
def test_a_sale_date_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="not a date"):
        parse_accelerators([{**ROW, "on_sale_from": text}])


@pytest.mark.parametrize(("text", "expected"), [("4.10-5.34", 4.72), ("312", 312.0), ("", None)])
def test_a_range_stands_for_its_middle_and_a_blank_for_the_unknown(
    text: str, expected: float | None
) -> None:
    assert parse_number(text, field="rent_usd_per_hour", row="x") == (
        None if expected is None else pytest.approx(expected)
    )


@pytest.mark.parametrize("text", ["-3", "0", "nan", "inf", "1e99", "1.2.3", "many", "3 TB"])
def test_a_bad_number_names_row_field_value_and_range(text: str) -> None:
    with pytest.raises(OutOfRangeError, match=r"Chip X: memory_gb.*above 0 to 100,000"):
        parse_number(text, field="memory_gb", row="Chip X")


def test_every_row_of_the_table_becomes_a_chip_and_a_blank_stays_unknown(
    chips: tuple[Accelerator, ...],
) -> None:
    with (FACTS / "accelerators.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [chip.chip for chip in chips] == [row["chip"] for row in rows]
    for chip, row in zip(chips, rows, strict=True):
        assert (chip.tdp_w is None) == (row["tdp_w"] == "")
        assert (chip.price_usd is None) == (row["price_usd"] == "")
    assert sum(chip.domestic for chip in chips) == 26


def test_a_repeated_or_nameless_chip_is_refused() -> None:
    with pytest.raises(DataError, match="twice"):
        parse_accelerators([ROW, ROW])
    with pytest.raises(DataError, match="no chip name"):
        parse_accelerators([{"chip": " "}])


def test_a_whole_system_is_read_per_device(chips: tuple[Accelerator, ...]) -> None:
    system, part = find_chip(chips, "CloudMatrix384"), find_chip(chips, "910C")
    assert system.bf16_tflops == pytest.approx(part.bf16_tflops)
    assert system.memory_gb == pytest.approx(part.memory_gb)
    assert system.price_usd == pytest.approx(8_200_000 / 384)
    assert system.tdp_w == pytest.approx(559_000 / 384)


@pytest.mark.parametrize(
    ("name", "asked", "runs_as", "tflops"),
    [
        ("H800", "fp8", "fp8", 1979),
        ("H800", "mxfp8", "fp8", 1979),  # no E8M0 in hardware: scales in software
        ("H800", "bf16", "bf16", 989),
        ("H800", "int4", "fp8", 1979),
        ("NVIDIA B200", "mxfp8", "mxfp8", 4500),
        ("NVIDIA B200", "nvfp4", "nvfp4", 9000),
        ("910C", "fp8", "int8", 1504),
        ("910B", "mxfp8", "int8", 708),
        ("950DT", "hif8", "hif8", 865),
        ("950DT", "nvfp4", "mxfp4", 1730),
        ("MI300X", "fp8", "fp8-fnuz", 2614.9),
        ("A100", "fp8", "int8", 624),
    ],
)
def test_a_format_runs_at_the_peak_of_what_the_chip_really_computes_in(
    chips: tuple[Accelerator, ...], name: str, asked: str, runs_as: str, tflops: float
) -> None:
    peak = peak_flops(find_chip(chips, name), asked)
    assert peak is not None
    assert (peak.runs_as, peak.flops) == (runs_as, pytest.approx(tflops * 1e12))


def test_four_bit_weights_stay_four_bit_where_only_eight_are_computed(
    chips: tuple[Accelerator, ...],
) -> None:
    peak = peak_flops(find_chip(chips, "910C"), "int4")
    assert peak is not None
    assert (peak.weight_format, peak.runs_as) == ("int4", "int8")


def test_a_chip_without_published_peaks_has_none(chips: tuple[Accelerator, ...]) -> None:
    assert peak_flops(find_chip(chips, "910D"), "fp8") is None
    assert np.isnan(chip_arrays([find_chip(chips, "910D")], "fp8").peak).all()


def test_an_unknown_precision_lists_the_known_ones(chips: tuple[Accelerator, ...]) -> None:
    with pytest.raises(OutOfRangeError, match=r"fp9.*bf16, fp8"):
        peak_flops(chips[0], "fp9")


def test_ownership_follows_epochs_formula(chips: tuple[Accelerator, ...]) -> None:
    """28,000 USD x 1.64 / (5 x 8,766 h) / 0.81 and 1.19 kW at 0.0826 USD."""
    own = ownership_usd_per_hour(find_chip(chips, "H100"))
    assert own == pytest.approx(28_000 * 1.64 / 43_830 / 0.81 + 1.194375 * 0.0826, rel=1e-6)


def test_an_h800_server_draws_the_handbook_power(chips: tuple[Accelerator, ...]) -> None:
    """0.7 kW x 1.82 x 0.75 x 1.25 = 1.19 kW: DeepSeek-V3's 2.79 M hours make 3.3 GWh."""
    power = power_kw(find_chip(chips, "H800"))
    assert power == pytest.approx(1.19, abs=0.01)
    assert 2.788e6 * power / 1e6 == pytest.approx(3.3, abs=0.05)


def test_list_prices_far_above_ownership_are_no_cost(chips: tuple[Accelerator, ...]) -> None:
    ascend, hopper = hour_price(find_chip(chips, "910B")), hour_price(find_chip(chips, "H100"))
    assert ascend is not None
    assert hopper is not None
    assert (ascend.basis, hopper.basis) == ("ownership", "rent")
    assert ascend.usd < 1.0
    assert hopper.usd == 2.35
    assert hour_price(find_chip(chips, "950DT")) is None


def test_system_prices_carry_no_server_overhead(chips: tuple[Accelerator, ...]) -> None:
    """CloudMatrix: 8.2 M USD over 384 devices and five years, plus 559 kW with cooling."""
    price = hour_price(find_chip(chips, "CloudMatrix384"))
    assert price is not None
    energy = 559 / 384 * 0.75 * 1.25 * 0.0826
    assert price.usd == pytest.approx(8_200_000 / 384 / 43_830 + energy, rel=1e-9)


def test_names_match_as_whole_words_and_errors_offer_the_nearest(
    chips: tuple[Accelerator, ...],
) -> None:
    assert find_chip(chips, "nvidia h800 sxm").chip == "NVIDIA H800 SXM"
    assert find_chip(chips, "B200").chip == "NVIDIA B200"  # not GB200
    with pytest.raises(UnknownNameError, match="did you mean 'V900'"):
        find_chip(chips, "H900")
    with pytest.raises(InputError, match=r"several chips.*950PR"):
        find_chip(chips, "950PR")


def test_a_chip_cannot_be_used_before_it_is_sold(chips: tuple[Accelerator, ...]) -> None:
    assert find_chip(chips, "H800", as_of=date(2023, 3, 21))
    with pytest.raises(InputError, match=r"not on sale on 2023-03-20.*2023-03-21"):
        find_chip(chips, "H800", as_of=date(2023, 3, 20))
    with pytest.raises(InputError, match="no sale date"):
        find_chip(chips, "950DT", as_of=date(2030, 1, 1))
    assert not on_sale(find_chip(chips, "910D"), date(2030, 1, 1))


def test_each_chip_has_a_calibrated_or_declared_platform(chips: tuple[Accelerator, ...]) -> None:
    platforms = {chip.chip: chip.platform for chip in chips}
    assert platforms["NVIDIA H20 96GB"] == "hopper"
    assert platforms["NVIDIA GB300 (per GPU in NVL72)"] == "blackwell"
    assert platforms["Huawei Ascend 950DT"] == "ascend"
    assert platforms["Kunlunxin P800"] == "domestic-other"
    assert {c for c, p in platforms.items() if p == "unknown"} == {RUBIN}


def test_scale_up_domains_follow_the_machines(chips: tuple[Accelerator, ...]) -> None:
    sizes = {name: scale_up_domain(find_chip(chips, name)) for name in ("H800", "GB200", "910C")}
    assert sizes == {"H800": 8, "GB200": 72, "910C": 384}


def test_arrays_have_one_row_per_chip_and_nan_where_unknown(
    chips: tuple[Accelerator, ...],
) -> None:
    arrays = chip_arrays(chips, "fp8")
    assert arrays.peak.shape == (len(chips), 1)
    for row, chip in enumerate(chips):
        assert np.isnan(arrays.bandwidth[row, 0]) == (chip.memory_bw_tbs is None)
    h800 = arrays.names.index("NVIDIA H800 SXM")
    assert arrays.scale_up[h800, 0] == 200e9  # one direction
    assert arrays.scale_out[h800, 0] == 50e9
    assert arrays.weight_bytes[h800, 0] == pytest.approx(1.0002, abs=1e-4)
