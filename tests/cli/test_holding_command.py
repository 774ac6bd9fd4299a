"""``nvsignal holding``, and where a report shows the shares: to their owner and nobody else."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

import config
from engine.cli.main import build
from engine.decision.holding import Position
from engine.errors import InputError
from engine.report.blocks import Note
from engine.report.i18n import voice
from engine.report.render import OWN_FORMS, Form, render
from engine.report.sections.holding import holding_blocks
from tests.engine.report.sample_report import sample_report

LOTS = """\
country = "FR"
[[lots]]
bought_on = 2023-05-25
shares = 10
cost_per_share = 385.0
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))
    copied = tmp_path / "config"
    shutil.copytree(Path(config.__file__).parent, copied)
    return copied


def told(capsys: pytest.CaptureFixture[str], *asked: str) -> Any:
    build()(args=[*asked, "--as-of", "2025-08-22", "--json"], standalone_mode=False)
    return json.loads(capsys.readouterr().out)


def test_shares_in_euro_and_what_selling_brings(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """100 shares after the split at 177.99 USD and 1.1608 USD per euro; 3 850 USD at 1.0735."""
    (folder / "holding.toml").write_text(LOTS)
    found = told(capsys, "holding", "--config", str(folder))

    value, cost = 100 * 177.99 / 1.1608, 3850 / 1.0735
    tax = 0.30 * (value * 0.9995 - cost)
    assert found["shares"] == 100
    assert found["value_eur"] == pytest.approx(value)
    assert found["gain_eur"] == pytest.approx(value - cost)
    assert found["tax_if_sold_eur"] == pytest.approx(tax)
    assert found["net_if_sold_eur"] == pytest.approx(value * 0.9995 - tax)
    assert found["break_even_fall_pct"] == pytest.approx(
        100 * (1 - (value * 0.9995 - tax) * 0.9995 / value)
    )


def test_without_a_holding_the_remedy_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match=r"holding\.toml"):
        build()(args=["holding", "--config", str(folder)], standalone_mode=False)


def test_the_decision_and_its_hashes_do_not_see_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report for programs is byte for byte the same with the shares and without."""
    asked = ("report", "--offline", "--config", str(folder))
    before = told(capsys, *asked)
    (folder / "holding.toml").write_text(LOTS)
    after = told(capsys, *asked)
    build()(args=[*asked, "--as-of", "2025-08-22"], standalone_mode=False)
    shown = capsys.readouterr().out

    assert after == before
    assert "Your shares" in shown


POSITION = Position(
    as_of_on=date(2025, 8, 22), shares=31_415, price_usd=180.0, price_on=None, usd_per_eur=1.2,
    rate_on=None,
    value_eur=4_712_250.0, cost_eur=1.0, gain_eur=4_712_249.0, tax_rate_pct=30.0,
    tax_source="a law", tax_confidence="high", tax_if_sold_eur=1.0, order_cost_eur=1.0,
    net_if_sold_eur=1.0, break_even_fall_pct=20.0, break_even_if_back_pct=0.1, half_net_eur=1.0,
    half_tax_eur=1.0, half_kept_eur=1.0,
)  # fmt: skip


@pytest.mark.parametrize("form", get_args(Form))
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_shares_are_on_the_terminal_and_the_owners_page_only(form: str, lang: str) -> None:
    report = sample_report()
    mine = replace(report, parts={**report.parts, "holding": POSITION})
    shown = "".join(c for c in render(mine, form, lang) if c.isdigit())

    assert ("4712250" in shown) == (form in OWN_FORMS)
    if form not in OWN_FORMS:
        assert render(mine, form, lang) == render(report, form, lang)


@pytest.mark.parametrize(("asked_on", "told_so"), [(8, False), (9, True)])
def test_old_prices_are_said_to_be_old(asked_on: int, told_so: bool) -> None:
    """More than a week: a close of August 1 on the 8th and on the 9th."""
    old = replace(
        POSITION,
        as_of_on=date(2025, 8, asked_on),
        price_on=date(2025, 8, 1),
        rate_on=date(2025, 8, 1),
    )
    notes = [b.text for b in holding_blocks(old, voice("en")) if isinstance(b, Note)]

    assert any("days old" in text for text in notes) == told_so


def test_both_ways_of_being_wrong_are_said_for_these_shares() -> None:
    """The medians of the sample's forecast, +8.1 and -6.3 %, of 4,712,250 EUR."""
    report = sample_report()
    shown = replace(report, parts={**report.parts, "holding": POSITION})
    text = " ".join(render(shown, "text").split())

    assert "SELL all and wrong: 1 EUR of tax now" in text
    assert "miss more than 381,692 EUR" in text
    assert "lose more than 296,872 EUR; the worst twentieth 1,079,105 EUR" in text
    assert "SELL all and wrong" not in render(replace(shown, stale=True), "text")
    assert "SELL all and wrong" not in render(shown, "mail_text")
