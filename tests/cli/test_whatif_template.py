"""The printed what-if file can be asked as it is, and with its marks taken off."""

from __future__ import annotations

import tomllib

import pytest

from config.whatif import TEMPLATE, WhatIf
from engine.cli.main import build
from engine.errors import InputError


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
