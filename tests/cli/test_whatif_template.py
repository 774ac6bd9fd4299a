"""The printed what-if file can be asked as it is, and with its marks taken off."""

from __future__ import annotations

import re
import tomllib
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from config.whatif import TEMPLATE, WhatIf
from engine.cli.main import build
from engine.cli.said.whatif import text_of
from engine.errors import ConfigError, InputError
from engine.report.i18n import voice
from engine.service import wiring
from engine.threat.whatif import parse_whatif


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


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('country = "US"', "country = 'US' is not CN"),
        ('country = "China"', "country = 'China' is not CN"),
        ("is_comparison = true", "unknown key 'is_comparison'"),
    ],
)
def test_what_is_never_rated_is_refused_in_the_file(line: str, told: str) -> None:
    """A rival of the frontier has no rating; the command broke down looking for it."""
    with pytest.raises(ConfigError, match=re.escape(told)):
        parse_whatif(f'model = "X"\nlab = "Y"\nreleased_on = 2025-09-15\n{line}\n')


def test_a_day_before_nvidias_first_report_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prices begin years before the first report: the stretch between gave a bare StopIteration."""
    (tmp_path / "new.toml").write_text(TEMPLATE, encoding="utf-8")
    monkeypatch.setattr(wiring, "open_record", lambda *_: nullcontext())
    monkeypatch.setattr(wiring, "instant_at", lambda *_: None)
    monkeypatch.setattr(wiring, "world_at", lambda *_: None)
    monkeypatch.setattr(wiring, "hypothesis", lambda *_: ([], "Example-V9"))
    monkeypatch.setattr(wiring, "with_facts", lambda *_: None)
    monkeypatch.setattr(wiring, "assess", lambda *_: SimpleNamespace(ratings=()))
    with pytest.raises(InputError, match=r"'Example-V9' cannot be rated.*later --as-of"):
        build()(args=["whatif", "--release", str(tmp_path / "new.toml")], standalone_mode=False)
