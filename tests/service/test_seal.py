"""What was sealed before the unseen months is what this version still decides; and what came of it.

``config/registered/held_back.json`` is the statement, as ``nvsignal register --held-back --out``
wrote it; ``tests/data/held_back_run.json`` is the one run, as ``nvsignal heldback --json`` printed
it. A later commit must reproduce the decisions of both byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.clock import end_of_day
from engine.service import bind, judging, registering, wiring
from engine.service.registering import read_statements
from tests.stream_runs import CONFIG

SEALED = CONFIG / registering.FOLDER / "held_back.json"
RUN = Path(__file__).resolve().parents[1] / "data" / "held_back_run.json"
PRESETS = ("balanced", "cautious", "conviction")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The reference record, with releases rated once for all presets: no rating knows a preset."""
    folder, rate, rated = tmp_path_factory.mktemp("seal"), wiring.rate_releases, {}

    def once(world: Any, config: Any, events: Any, *_: Any) -> Any:
        if world.data_hash not in rated:
            rated[world.data_hash] = rate(world, config, events)
        return rated[world.data_hash]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NVSIGNAL_DATA", str(folder))
        patch.setattr(wiring, "rate_releases", once)
        with wiring.open_record(bind.load(CONFIG), f"sqlite:///{folder}/record.sqlite3") as opened:
            yield opened


def sealed() -> dict[str, dict[str, Any]]:
    if not SEALED.is_file():
        pytest.skip("config/registered/held_back.json is not there yet: nothing has been sealed")
    return {told["preset"]: told for told in read_statements(SEALED)}


@pytest.mark.parametrize("preset", PRESETS)
def test_every_committed_seal_is_reproduced(store: Any, preset: str) -> None:
    """``nvsignal register --verify config/registered/FILE`` says so at a terminal."""
    assert sealed()[preset]["label"] == registering.HELD_BACK
    config = bind.load(CONFIG, preset)
    for path in sorted(SEALED.parent.glob("*.json")):
        for told in read_statements(path):
            if told["preset"] == preset:
                found = registering.differences(told, store, config)
                assert not registering.breaks(found), (path.name, found)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_one_run_of_the_unseen_months_is_reproduced(store: Any, preset: str) -> None:
    """Every decision of these months, and the figures as far as they do not hang on rounding."""
    if not RUN.is_file():
        pytest.skip("tests/data/held_back_run.json is not there yet: the months were not run")
    told = sealed()[preset]
    (run,) = (r for r in json.loads(RUN.read_text(encoding="utf-8")) if r["preset"] == preset)
    config = bind.load(CONFIG, preset)
    world = wiring.world_at(store, config, end_of_day(date.fromisoformat(run["last_on"])))
    found = judging.measure(wiring.assess(world, config), told)

    assert found.decisions_hash == run["decisions_hash"]
    assert found.sessions == run["sessions"]
    assert list(found.withdrawn) == run["withdrawn"]
    for name, value in found.figures.items():
        assert value == pytest.approx(run["figures"][name], rel=1e-9)
