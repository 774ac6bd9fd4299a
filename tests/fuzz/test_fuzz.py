"""Three hundred hostile inputs in every run; ``make fuzz`` tries as many as asked."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest

import tests.fuzz.doors  # noqa: F401  adds its kinds
from tests.fuzz.hunt import HUNTS, Lab, fault_of, trial

SEED = 16_000_000
EACH = {
    "arguments": 60, "config": 40, "feeds": 40, "page": 40, "record": 40, "import": 40, "files": 20,
    "environment": 10, "programs": 10,
}  # fmt: skip
"""Of each kind, the cheap ones more: some twenty-five seconds of arithmetic in all."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    logging.disable(logging.CRITICAL)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NVSIGNAL_DATA", "XDG_CONFIG_HOME"):
            patch.setenv(name, os.environ.get(name, ""))
        patch.delenv("NVSIGNAL_DEBUG", raising=False)
        yield Lab(tmp_path_factory.mktemp("fuzz"))
    logging.disable(logging.NOTSET)


def test_every_kind_has_its_share_of_three_hundred() -> None:
    assert EACH.keys() == HUNTS.keys()
    assert sum(EACH.values()) == 300


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("fuzz")
@pytest.mark.parametrize("kind", sorted(EACH))
def test_no_hostile_input_meets_a_traceback(kind: str, lab: Lab) -> None:
    found = [trial(SEED + number, lab, kind) for number in range(EACH[kind])]

    assert [o for o in found if o.fault] == []
    assert len({o.code for o in found}) > 1, "all ended alike: nothing was tried"


def test_what_counts_as_a_fault_is_seen() -> None:
    """The judge itself: each kind of bad end is told apart from a good one."""

    def judge(code: int = 1, err: str = "x", out: str = "") -> str:
        return fault_of(["doctor"], code, "", err, out)

    assert judge() == ""
    assert judge(out="Traceback (most recent call last)") == "traceback"
    assert judge(err="nvsignal: unexpected KeyError: 1 (please report it)") == "last door"
    assert judge(code=9) == "exit code"
    assert judge(err="") == "silent"
    assert judge(err="\x1b[31m") == "control characters"
    assert judge(out="cut") == "endless"
