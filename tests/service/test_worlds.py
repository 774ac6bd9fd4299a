"""Verdicts in worlds that never were: no edge told where there is none, a planted one found."""

from __future__ import annotations

import os
import signal
import warnings
from collections import Counter
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from backtests.worlds import KINDS, redrawn, rows_of
from engine.clock import parse_as_of
from engine.record.history import History
from engine.service import worlds
from feeds.facts import Lags, read_tables

CONFIG = Path(__file__).resolve().parents[2] / "config"
AS_OF = parse_as_of("2025-09-30")


@lru_cache(maxsize=1)
def given() -> worlds.Given:
    history = History(read_tables(CONFIG / "facts", Lags()))
    return worlds.given_at(history, AS_OF, worlds.presets(str(CONFIG)), worlds.SEED)


def test_no_edge_is_told_where_there_is_none() -> None:
    """Six of the worlds that ``nvsignal worlds`` judges, two of each kind."""
    found = worlds.tally(worlds.without_edge, given(), 6)

    assert {kind: n for kind, (_, n) in found.by_kind.items()} == dict.fromkeys(KINDS, 2)
    assert found.claimed <= 1


def test_a_planted_edge_is_found() -> None:
    """At Sharpe 1.5 in at least eight of twelve; without an edge planted in far fewer."""
    found = worlds.tally(worlds.with_edge, given(), 12)

    assert found.claimed >= 8


def test_another_world_has_the_same_moves_in_another_order() -> None:
    """Drawn returns are those of the record, prices stay prices, and all else stays."""
    facts = list(given().history)
    other = History(redrawn(facts, "redrawn", np.random.default_rng(1)))
    closes = [
        np.array(
            [f.payload["close"] for f in h.known("bar", AS_OF) if f.payload["symbol"] == "SPY"]
        )
        for h in (given().history, other)
    ]
    true, drawn = (np.diff(np.log(c)).round(9) for c in closes)

    assert set(drawn) <= set(true)
    assert drawn.std() == pytest.approx(true.std(), rel=0.25)
    assert not np.array_equal(true, drawn)
    assert Counter(f.kind for f in other) == Counter(f.kind for f in facts)


def test_returns_moved_against_the_events_keep_their_order() -> None:
    rows = rows_of("shifted", 400, np.random.default_rng(3))

    assert sorted(rows) == list(range(400))
    assert ((np.diff(rows[1:]) - 1) % 399 == 0).all()
    assert rows[1] - 1 >= 60


def test_masked_headlines_say_what_others_said() -> None:
    facts = list(given().history)
    other = redrawn(facts, "masked", np.random.default_rng(2))
    was = {f.key: f.payload["headline"] for f in facts if f.kind == "headline"}
    says = {f.key: f.payload["headline"] for f in other if f.kind == "headline"}

    assert sorted(was.values()) == sorted(says.values())
    assert sum(was[k] != says[k] for k in was) > len(was) / 2


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_worlds_on_a_cluster_are_the_same_worlds() -> None:
    """A real local cluster; one of two workers is killed once a world without edge is judged."""
    distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            cluster = distributed.LocalCluster(
                n_workers=2,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                silence_logs=50,
            )
        except OSError as error:
            pytest.skip(f"no port for a local cluster: {error}")
        with cluster:
            victim = next(iter(cluster.workers.values())).pid
            killed: list[int] = []

            def kill_once(judged: worlds.Judged) -> None:
                if not killed:
                    os.kill(victim, signal.SIGKILL)
                    killed.append(judged.number)

            there = worlds.tally(
                worlds.without_edge,
                given(),
                2,
                cluster=cluster.scheduler_address,
                on_world=kill_once,
            )

    assert killed
    assert there == worlds.tally(worlds.without_edge, given(), 2)
