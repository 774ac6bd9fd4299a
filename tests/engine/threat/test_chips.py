"""Chips: what a table row means, what runs at which peak, what an hour costs."""

from __future__ import annotations

import csv
from dataclasses import asdict, replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from engine.errors import DataError, InputError, OutOfRangeError, UnknownNameError
from engine.threat.chips import (
    FACTS,
    chip_arrays,
    dies_per_device,
    error_sigma,
    find_chip,
    fnuz,
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
from tests.builders import make_accelerator


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


# --- made-up chips, worked by hand ---------------------------------------------------------------
FULL = {
    "chip": " X1 ", "vendor": " V ", "country": " US ", "platform": " amd ",
    "on_sale_from": " 2024-05-06 ", "bf16_dense_tflops": "100", "fp8_dense_tflops": "200",
    "int8_dense_tops": "300", "fp4_dense_tflops": "400", "fp8_native": "Y",
    "mx_e8m0_native": " n ", "hif8_native": "reported", "memory_gb": "80", "memory_bw_tbs": "3",
    "scaleup_gbs_bidir": "900", "scaleout_gbit_s": "50", "tdp_w": "700", "price_usd": "9000",
    "rent_usd_per_hour": "1-2", "export_status": " barred ", "notes": " new ",
    "confidence": " B ", "source": " a sheet ",
}  # fmt: skip
X1 = Accelerator(
    chip="X1", vendor="V", country="US", platform="amd", valid_from=date(2024, 5, 6),
    bf16_tflops=100, fp8_tflops=200, int8_tops=300, fp4_tflops=400, fp8_native=True,
    mx_native=False, hif8_native=None, memory_gb=80, memory_bw_tbs=3, scaleup_gbs_bidir=900,
    scaleout_gbit_s=50, tdp_w=700, price_usd=9000, rent_usd_per_hour=1.5, confidence="B",
    source="a sheet", note="barred; new",
)  # fmt: skip


def test_a_row_is_read_field_by_field() -> None:
    assert parse_accelerators([FULL]) == (X1,)


def test_what_a_row_leaves_out_is_not_known() -> None:
    (found,) = parse_accelerators([{"chip": "X2", "country": "other", "notes": "new"}])

    nothing = {f: None for f, value in asdict(X1).items() if value is not None}
    assert asdict(found) == asdict(X1) | nothing | {
        "chip": "X2", "vendor": "", "country": "other", "platform": "unknown", "confidence": "D",
        "source": "", "note": "new",
    }  # fmt: skip


def test_a_system_is_shared_by_its_devices_and_links_as_its_part_does() -> None:
    system = FULL | {"chip": "Huawei CloudMatrix384 (system)", "bf16_dense_tflops": "38400"}
    part = FULL | {"chip": "Huawei Ascend 910C", "scaleup_gbs_bidir": "7", "scaleout_gbit_s": "5"}
    whole, alone = (parse_accelerators(rows)[0] for rows in ([system, part], [system]))

    assert whole == replace(
        X1, chip=system["chip"], bf16_tflops=100, fp8_tflops=200 / 384, int8_tops=300 / 384,
        memory_gb=80 / 384, memory_bw_tbs=3 / 384, tdp_w=700 / 384, price_usd=9000 / 384,
        scaleup_gbs_bidir=7, scaleout_gbit_s=5, note="figures per device of 384; barred; new",
    )  # fmt: skip
    assert alone == replace(whole, scaleup_gbs_bidir=None, scaleout_gbit_s=None)
    (bare,) = parse_accelerators([system | {"memory_gb": ""}])
    assert bare.memory_gb is None


@pytest.mark.parametrize(
    ("field", "most"),
    [
        ("bf16_dense_tflops", 1e6), ("fp8_dense_tflops", 1e6), ("int8_dense_tops", 1e6),
        ("fp4_dense_tflops", 1e6), ("memory_gb", 1e5), ("memory_bw_tbs", 1e4),
        ("scaleup_gbs_bidir", 1e5), ("scaleout_gbit_s", 1e5), ("tdp_w", 1e6), ("price_usd", 1e8),
        ("rent_usd_per_hour", 1e4), ("else", 1e9),
    ],
)  # fmt: skip
def test_a_figure_is_taken_to_the_largest_believable_and_not_beyond(
    field: str, most: float
) -> None:
    assert parse_number(f"{most:.0f}", field=field, row="x") == most
    assert parse_number("2e3", field=field, row="x") == 2000
    with pytest.raises(OutOfRangeError):
        parse_number(f"{most * 1.01:.0f}", field=field, row="x")


@pytest.mark.parametrize(
    ("changes", "asked", "told"),
    [
        ({}, "bf16", ("bf16", 100, "bf16", "")),
        ({}, "int8", ("int8", 300, "int8", "")),
        ({"int8_tops": None}, "int8", ("bf16", 100, "bf16", "no eight-bit rate: computed in BF16")),
        ({}, "fp8", ("fp8", 200, "fp8", "")),
        ({"fp8_native": None}, "fp8", ("fp8", 200, "fp8", "FP8 is reported, not documented")),
        (
            {"fp8_native": False}, "fp8",
            ("fp8-fnuz", 200, "fp8-fnuz", "FNUZ bytes: OCP FP8 weights are converted"),
        ),
        (
            {"vendor": "AMD", "note": "FNUZ"}, "mxfp8",
            ("fp8-fnuz", 200, "fp8-fnuz", "FNUZ bytes: OCP FP8 weights are converted"),
        ),
        ({"hif8_native": True}, "hif8", ("hif8", 200, "hif8", "")),
        ({"hif8_native": True}, "fp8", ("fp8", 200, "fp8", "")),
        ({}, "hif8", ("fp8", 200, "fp8", "")),
        ({"mx_native": True}, "mxfp8", ("mxfp8", 200, "mxfp8", "")),
        ({"mx_native": True}, "fp8", ("fp8", 200, "fp8", "")),
        ({}, "mxfp8", ("fp8", 200, "fp8", "")),
        (
            {"fp8_tflops": None}, "fp8",
            ("int8", 300, "int8", "no FP8 units in the table: re-quantised to INT8"),
        ),
        (
            {"fp8_tflops": None, "int8_tops": None}, "fp8",
            ("bf16", 100, "bf16", "no eight-bit rate: computed in BF16"),
        ),
        ({}, "nvfp4", ("nvfp4", 400, "nvfp4", "")),
        ({}, "mxfp4", ("mxfp4", 400, "mxfp4", "")),
        ({"country": "CN"}, "nvfp4", ("mxfp4", 400, "mxfp4", "")),
        (
            {"fp4_tflops": None}, "nvfp4",
            ("bf16", 100, "nvfp4", "weights stored in nvfp4, computed in bf16"),
        ),
        ({}, "int4", ("fp8", 200, "int4", "weights stored in int4, computed in fp8")),
        (
            {"fp8_tflops": None}, "int4",
            ("int8", 300, "int4", "weights stored in int4, computed in int8"),
        ),
    ],
)  # fmt: skip
def test_what_runs_when_a_format_is_asked(
    changes: dict[str, Any], asked: str, told: tuple[str, float, str, str]
) -> None:
    peak = peak_flops(replace(X1, **changes), asked)
    assert peak is not None
    assert (peak.runs_as, peak.flops / 1e12, peak.weight_format, peak.reason) == told
    assert peak.asked == asked


def test_without_any_peak_nothing_runs() -> None:
    bare = replace(X1, bf16_tflops=None, fp8_tflops=None, int8_tops=None, fp4_tflops=None)
    assert {peak_flops(bare, p) for p in ("bf16", "int8", "fp8", "nvfp4", "int4")} == {None}
    assert fnuz(replace(X1, vendor="AMD", note="an FNUZ pair"))
    assert not fnuz(replace(X1, vendor="AMD"))
    assert not fnuz(replace(X1, note="FNUZ"))


def test_power_and_ownership_by_hand() -> None:
    """0.7 kW x 1.8 x 0.75 x 1.25 = 1.18125 kW; a TPU's server takes 1.56 at a load of 0.43."""
    own = 9000 * 1.64 / 0.81 / 43_830

    assert power_kw(X1) == pytest.approx(1.18125)
    assert power_kw(replace(X1, platform="tpu")) == pytest.approx(0.7 * 1.56 * 0.43 * 1.25)
    assert power_kw(replace(X1, platform="ampere")) == pytest.approx(0.7 * 2.03 * 0.75 * 1.25)
    assert power_kw(replace(X1, chip="Huawei Ascend 910C")) == pytest.approx(0.7 * 0.75 * 1.25)
    assert ownership_usd_per_hour(X1) == pytest.approx(own + 1.18125 * 0.0826)
    system = replace(X1, chip="NVIDIA B300 (HGX)")
    assert ownership_usd_per_hour(system) == pytest.approx(9000 / 43_830 + 1.18125 * 0.0826)
    for unknown in ({"price_usd": None}, {"tdp_w": None}):
        assert ownership_usd_per_hour(replace(X1, **unknown)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "usd", "basis"),
    [
        ({}, 1.5, "rent"),  # 0.51332 is owned, thrice that is 1.53996
        ({"rent_usd_per_hour": 1.5399}, 1.5399, "rent"),
        ({"rent_usd_per_hour": 1.54}, 0.513, "ownership"),
        ({"rent_usd_per_hour": None}, 0.513, "ownership"),
        ({"rent_usd_per_hour": 50.0, "price_usd": None}, 50.0, "rent"),
    ],
)
def test_a_rent_above_three_times_ownership_is_a_list_price(
    changes: dict[str, Any], usd: float, basis: str
) -> None:
    price = hour_price(replace(X1, **changes))
    assert price is not None
    assert (price.usd, price.basis) == (pytest.approx(usd, abs=1e-3), basis)
    assert hour_price(replace(X1, rent_usd_per_hour=None, price_usd=None)) is None


@pytest.mark.parametrize(
    ("name", "domain", "dies"),
    [
        ("X1", 8, 1), ("NVIDIA GB200 NVL72", 72, 1), ("NVIDIA GB300", 72, 1),
        ("Ascend 910C", 384, 2), ("CloudMatrix384", 384, 2), ("Ascend 950DT", 8192, 1),
        ("Ascend 950PR (server)", 8192, 1), ("Ascend 950PR", 8, 1), ("TPU v5p", 8960, 1),
        ("TPU v6e", 256, 1), ("TPU v7", 9216, 1), ("RTX PRO 6000", 1, 1), ("H100 PCIe", 1, 1),
    ],
)  # fmt: skip
def test_devices_on_one_link_and_dies_in_one_device(name: str, domain: int, dies: float) -> None:
    named = replace(X1, chip=name)
    assert (scale_up_domain(named), dies_per_device(named)) == (domain, dies)


@pytest.mark.parametrize(
    ("platform", "confidence", "sigma"),
    [
        ("hopper", "A", 0.14), ("ascend", "B", 0.14), ("blackwell", "", 0.14),
        ("moore-threads", "C", 0.14), ("amd", "A", 0.20), ("tpu", "A", 0.20),
        ("unknown", "A", 0.20), ("hopper", " d ", 0.40), ("amd", "D", 0.40),
    ],
)  # fmt: skip
def test_a_stranger_is_less_sure_than_a_measured_platform_and_surer_than_a_contested_chip(
    platform: str, confidence: str, sigma: float
) -> None:
    assert error_sigma(replace(X1, platform=platform, confidence=confidence)) == sigma


def test_columns_hold_chips_in_base_units() -> None:
    """Links one way: half of 900 GB/s, and 50 Gbit/s in bytes; four bits hold experts alone."""
    unknown = (
        "bf16_tflops", "fp8_tflops", "int8_tops", "memory_gb", "memory_bw_tbs", "tdp_w",
        "scaleup_gbs_bidir", "scaleout_gbit_s", "price_usd", "rent_usd_per_hour",
    )  # fmt: skip
    both = [X1, make_accelerator("Bare", **dict.fromkeys(unknown))]
    found = {n: v.tolist() if isinstance(v, np.ndarray) else v
             for n, v in asdict(chip_arrays(both, "nvfp4")).items()}  # fmt: skip
    none = pytest.approx(np.nan, nan_ok=True)

    assert found == {
        "names": ("X1", "Bare"), "platforms": ("amd", "unknown"), "runs_as": ("nvfp4", None),
        "peak": [[400e12], [none]], "peak_bf16": [[100e12], [none]],
        "peak_other": [[200e12], [none]], "weight_bytes": [[0.5625], [none]],
        "other_bytes": [[1 + 4 / 16_384], [none]], "memory": [[80e9], [none]],
        "bandwidth": [[3e12], [none]], "scale_up": [[450e9], [none]],
        "scale_out": [[6.25e9], [none]], "domain": [[8], [8]], "dies": [[1], [1]],
        "power_kw": [[pytest.approx(1.18125)], [none]], "usd_per_hour": [[1.5], [none]],
        "domestic": [[0], [0]], "error_sigma": [[0.2], [0.2]],
    }  # fmt: skip
    home = chip_arrays([replace(X1, country="CN")], "int8")
    assert (home.domestic.item(), home.peak_other.item(), home.other_bytes.item()) == (1, 300e12, 1)


@pytest.mark.parametrize(
    ("form", "size"),
    [("bf16", 2), ("fp8", 1 + 4 / 16_384), ("int8", 1), ("mxfp8", 33 / 32), ("nvfp4", 9 / 16),
     ("mxfp4", 17 / 32), ("int4", 9 / 16), ("hif8", 1)],
)  # fmt: skip
def test_a_weight_takes_its_bits_and_its_share_of_a_scale(form: str, size: float) -> None:
    chip = replace(X1, mx_native=True, hif8_native=True)
    assert chip_arrays([chip], form).weight_bytes.item() == size


def test_a_chip_is_on_sale_from_its_first_day_to_its_last() -> None:
    chip = replace(X1, valid_to=date(2024, 5, 8))
    days = [date(2024, 5, d) for d in (5, 6, 8, 9)]

    assert [on_sale(chip, day) for day in days] == [False, True, True, False]
    assert on_sale(X1, date(2099, 1, 1))
    with pytest.raises(InputError, match=r"not on sale on 2024-05-05.*from 2024-05-06"):
        find_chip([chip], "X1", as_of=date(2024, 5, 5))


def test_a_name_means_one_chip_or_is_refused() -> None:
    three = [replace(X1, chip=name) for name in ("A 7", "A 7 Pro", "B7")]

    assert find_chip(three, " a 7 ").chip == "A 7"
    assert find_chip(three, "pro").chip == "A 7 Pro"
    with pytest.raises(InputError, match=r"'a' fits several chips.*name one: 'A 7', 'A 7 Pro'"):
        find_chip(three, "a")
    many = [replace(X1, chip=f"A {n}") for n in range(5)]
    with pytest.raises(InputError, match=r"name one: 'A 0', 'A 1', 'A 2', 'A 3'\)$"):
        find_chip(many, "a")
    for name in ("", "7 P", "C9"):
        with pytest.raises(UnknownNameError):
            find_chip(three, name)
    with pytest.raises(UnknownNameError, match="did you mean 'B7'"):
        find_chip(three, "B8")
