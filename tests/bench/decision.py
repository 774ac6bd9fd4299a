"""Every figure that is asked of the decision, in one go: ``python -m tests.bench.decision``.

Falls and intervals of five stocks (prices of ``../shared/data``, or ``--panel FOLDER``), the
default preset beside plain yardsticks, the stress table, 10,000 sets of the full rule on the real
features, and flips asked again. Some minutes; ``--only NAME`` for one part.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PANEL = ROOT.parent / "shared" / "data" / "prices"
FIRST, LAST = date(2022, 1, 3), date(2025, 9, 30)
SETS, MORNINGS, SEED = 10_000, 24, 15
_AXES = (
    "decision.exit_below=-0.5,-0.13",
    "decision.enter_above=-0.05,0.2",
    "trend.weight=0,1",
    "fp8_threat.weight=0,1",
    "demand.weight=0,1",
)


def falls(panel: Path) -> str:
    """Brier skill, weight, coverage and CRPS, walk-forward."""
    if not (panel / "VIX.csv").is_file():
        return command("risk") + f"\n(no prices of other stocks in {panel.name}: NVDA alone)"
    return command("risk", "--panel", str(panel))


def yardsticks(_: Path) -> str:
    """Growth and deepest fall of ``balanced``, of holding and of constant mixes."""
    span = ("--from", str(FIRST), "--to", str(LAST))
    told = json.loads(command("backtest", "--strategy", "balanced", *span, "--json"))
    out = [f"{FIRST} to {LAST}", "                     growth a year  deepest fall  exposure"]
    for name, row in {"balanced": told, **told["benchmarks"]}.items():
        out.append(
            f"{name:20s} {row['cagr_pct']:+12.1f} % {row['max_drawdown_pct']:+11.1f} % "
            f"{row['exposure_pct']:7.1f} %"
        )
    return "\n".join([*out, *map(str, told["foresight"])])


def stress(_: Path) -> str:
    """Scenarios times presets, lines crossed, and what each preset said."""
    return command("stress")


def sets(_: Path) -> str:
    """CPU seconds of a sweep of the full rule: risk, floor, chance, extremes, one source."""
    from backtests import sweep
    from backtests.replay import Costs
    from engine.clock import now
    from engine.service import history, wiring
    from engine.service.bind import load

    config = load(ROOT / "config", "balanced")
    with wiring.open_record(config) as store:
        window = history.open_window(store, config, Costs(), FIRST, LAST, now=now())
    axes = [sweep.parse_axis(text) for text in _AXES]
    drawn, names = sweep.random_sets(axes, SETS, seed=SEED), [axis.name for axis in axes]
    start = time.process_time()
    job = sweep.make_job(
        config.blend, names, drawn, window.features, window.market, start=window.start
    )
    ready = time.process_time()
    sweep.run(job)
    spent = time.process_time() - ready
    return (
        f"{SETS:,} sets of balanced, six voices, {len(window.market)} sessions of the record: "
        f"{spent:.2f} CPU-s and {ready - start:.2f} to set up (aim 2)"
    )


def flips(_: Path) -> str:
    """Each printed flip of random mornings asked again on either side of its level."""
    from engine.clock import end_of_day
    from engine.decision.decide import evaluate
    from engine.service import wiring
    from engine.service.bind import load

    features, out = None, []
    for preset in ("cautious", "balanced", "conviction"):
        config = load(ROOT / "config", preset)
        if features is None:
            with wiring.open_record(config) as store:
                world = wiring.world_at(store, config, end_of_day(LAST))
            features = wiring.assess(world, config).features
        found = evaluate(config.blend, features)
        rows = np.flatnonzero(found.known)
        drawn = np.random.default_rng(SEED).choice(rows, MORNINGS, replace=False)
        told = [verified(config.blend, found, int(t)) for t in sorted(drawn)]
        printed, right = (sum(column) for column in zip(*told, strict=True))
        out.append(
            f"{preset:10s} {MORNINGS} mornings, {printed} flips, {right} right on both sides"
        )
    return "\n".join(out)


def verified(blend: Any, found: Any, t: int) -> tuple[int, int]:
    """How many flips row ``t`` prints, and how many hold when the decision is made again."""
    from engine.decision.decide import evaluate_levels
    from engine.decision.explain import flips_at

    names = [voice.strategy.name for voice in blend.voices]

    def holds(strategy: str, level: str, value: float) -> bool:
        levels = tuple({k: v.copy() for k, v in lv.items()} for lv in found.levels)
        levels[names.index(strategy)][level][t] = value
        return bool(evaluate_levels(blend, levels, found.bearing).holding[t])

    printed = [flip for flip in flips_at(blend, found, t) if flip.flips_at is not None]
    right = 0
    for flip in printed:
        at, now = float(flip.flips_at or 0.0), float(flip.current or 0.0)
        step = 1e-6 * max(1.0, abs(at)) * np.sign(at - now)
        near, beyond = (holds(flip.strategy, flip.input, at + s) for s in (-step, step))
        right += (near, beyond) == (bool(found.holding[t]), not found.holding[t])
    return len(printed), right


PARTS: Mapping[str, Callable[[Path], str]] = {
    part.__name__: part for part in (falls, yardsticks, stress, sets, flips)
}


def command(*args: str) -> str:
    """What ``nvsignal`` prints; an error is raised as it came."""
    from typer.testing import CliRunner

    from engine.cli.main import build

    done = CliRunner().invoke(build(), args, env={"COLUMNS": "100"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def main(args: list[str]) -> None:
    """Print the parts, each under its name."""
    given = dict(zip(args[::2], args[1::2], strict=True))
    panel, only = Path(given.get("--panel", PANEL)), given.get("--only")
    for name, part in PARTS.items():
        if only in (None, name):
            print(f"== {name}: {part.__doc__}\n", flush=True)
            print(part(panel), end="\n\n", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NVSIGNAL_DATA"] = folder
        main(sys.argv[1:])
