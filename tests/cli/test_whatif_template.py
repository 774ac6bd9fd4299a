"""The printed what-if file can be asked as it is, and with its marks taken off."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from config.whatif import TEMPLATE, WhatIf
from engine.cli.main import build
from engine.cli.said.whatif import text_of
from engine.errors import InputError
from engine.report.i18n import voice


def test_the_template_is_printed_and_sound(capsys: pytest.CaptureFixture[str]) -> None:
    build()(args=["whatif", "--template"], standalone_mode=False)
    printed = capsys.readouterr().out

    assert printed == TEMPLATE
    plain = WhatIf.model_validate(tomllib.loads(printed))
    whole = WhatIf.model_validate(tomllib.loads(TEMPLATE.replace("\n# ", "\n").split("\n", 1)[1]))
    assert plain.scenario.china_sales == "unchanged"
    assert whole.scenario.china_sales == "banned"
    assert whole.release.total_params_b == 671
    assert whole.release.hardware_named is not None  # what proves most has to be found here


def test_without_a_file_the_remedy_is_named() -> None:
    with pytest.raises(InputError, match="--template"):
        build()(args=["whatif"], standalone_mode=False)


def test_the_day_is_new_yorks_and_what_is_left_out_is_said() -> None:
    """The evening of 22 August in New York is the 23rd in UTC, and was told as that."""
    decision = SimpleNamespace(verdict="HOLD", score=-0.1, exit_below=-0.22)
    world = SimpleNamespace(as_of=datetime(2025, 8, 23, 3, 59, tzinfo=UTC))
    morning: Any = SimpleNamespace(world=world, decision=decision)
    rating: Any = SimpleNamespace(
        model="X", score=1.0, score_low=0.0, score_high=2.0, loss_share=0.0, value_loss_usd_bn=0.0,
        reasons="",
    )  # fmt: skip
    told = text_of(morning, morning, rating, voice("en"))
    assert "as if told on Aug 22, 2025" in told
    assert "nvsignal stress" in " ".join(told.split())
