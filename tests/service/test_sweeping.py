"""Whoever computes the chunks, the bytes are the same, and what was finished is kept."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import pytest

from backtests import sweep
from backtests.accounts import Chunk
from engine.errors import InputError, NvsignalError, OutOfRangeError
from engine.service import sweeping
from engine.service.sweeping import Checkpoint, run_sweep, spread
from tests.backtests.sweep_world import synthetic_features, synthetic_market, three_voices

SETS = 3 * sweep.CHUNK + 100


def small_job(n_sets: int = SETS, sessions: int = 64) -> sweep.SweepJob:
    axes = [sweep.parse_axis(a) for a in ("decision.exit_below=-0.5,-0.1", "trend.weight=0,1")]
    return sweep.make_job(
        three_voices(),
        [a.name for a in axes],
        sweep.random_sets(axes, n_sets, seed=3),
        synthetic_features(sessions),
        synthetic_market(sessions),
    )


def assert_same_bytes(ours: sweep.SweepResult, theirs: sweep.SweepResult) -> None:
    for f in fields(Chunk):
        a, b = getattr(ours.totals, f.name), getattr(theirs.totals, f.name)
        assert a.tobytes() == b.tobytes(), f.name


def test_two_processes_give_the_same_bytes() -> None:
    job = small_job()

    assert_same_bytes(run_sweep(job, workers=2), sweep.run(job))


def _environment_of(_: int) -> bytes:
    return Path(f"/proc/{os.getpid()}/environ").read_bytes()


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_no_secret_stands_in_a_worker_s_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As anybody on the machine with our rights would read it; ours is whole again afterwards."""
    monkeypatch.setenv("NVSIGNAL_MAIL_URL", "mailtos://me:PLANTED@host")
    monkeypatch.setenv("SOME_FEED_KEY", "PLANTED")
    seen: list[bytes] = []

    spread(lambda n: (_environment_of, n), [1, 2], lambda _, told: seen.append(told), workers=2)

    assert len(seen) == 2
    assert all(b"PLANTED" not in told and b"PATH=" in told for told in seen)
    assert os.environ["SOME_FEED_KEY"] == "PLANTED"


def test_a_sweep_that_would_fill_the_disk_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.files.SPARE_BYTES", 10**15)
    job = small_job()

    with pytest.raises(InputError, match="the sweep needs"):
        run_sweep(job, checkpoint=Checkpoint(tmp_path, job, "code"))
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_sweep_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Ctrl-C after two chunks: they are on disk, the rest is computed, the folder is gone."""
    job = small_job()
    checkpoint = Checkpoint(tmp_path, job, "code")

    def interrupt(number: int, chunk: Chunk) -> None:
        if number == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(job, checkpoint=checkpoint, on_chunk=interrupt)
    assert sorted(checkpoint.load()) == [0, 1]
    told: list[int] = []
    result = run_sweep(job, checkpoint=checkpoint, on_chunk=lambda n, _: told.append(n))

    assert_same_bytes(result, sweep.run(job))
    assert told == [0, 1, 2, 3]
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_chunk_is_computed_again(tmp_path: Path) -> None:
    job = small_job()
    checkpoint = Checkpoint(tmp_path, job, "code")
    checkpoint.save(0, sweep.run_chunk(job, 0))
    file = next(checkpoint.folder.glob("*.npz"))
    file.write_bytes(file.read_bytes()[:500])

    assert checkpoint.load() == {}
    assert_same_bytes(run_sweep(job, checkpoint=checkpoint), sweep.run(job))


def test_another_job_does_not_use_these_chunks(tmp_path: Path) -> None:
    """Other sets, other prices or other code are another job."""
    here = small_job(10)
    Checkpoint(tmp_path, here, "old code").save(0, sweep.run_chunk(here, 0))

    assert Checkpoint(tmp_path, here, "new code").load() == {}
    assert sorted(Checkpoint(tmp_path, here, "old code").load()) == [0]

    assert here.digest == small_job(10).digest
    assert here.digest != small_job(11).digest
    assert here.digest != small_job(10, sessions=65).digest


@pytest.mark.parametrize("deaths", [5, 6])
def test_lost_processes_are_replaced_five_times(
    monkeypatch: pytest.MonkeyPatch, deaths: int
) -> None:
    """What was done before is not done again; the sixth loss ends the sweep."""
    left, asked = [deaths], list[list[int]]()

    class Pool:
        def __init__(self, workers: int, context: Any) -> None:
            assert (workers, context.get_start_method()) == (2, "spawn")

        def __enter__(self) -> Pool:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    def flow(pool: Any, task: Any, todo: list[int]) -> Iterator[tuple[int, Any]]:
        asked.append(list(todo))
        for number in list(todo):
            if left[0] and len(asked) <= deaths and number != asked[-1][0]:
                left[0] -= 1
                raise BrokenProcessPool
            yield number, number * 10

    monkeypatch.setattr(sweeping, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(sweeping, "_flow", flow)
    found: dict[int, int] = {}
    numbers = list(range(8))
    if deaths == 6:
        with pytest.raises(NvsignalError, match="worker processes were killed 6 times") as failed:
            spread(lambda n: (int, n), numbers, found.__setitem__, workers=2)
        assert failed.value.remedy == "use fewer --workers; finished chunks are kept"
        return
    spread(lambda n: (int, n), numbers, found.__setitem__, workers=2)
    assert found == {n: n * 10 for n in numbers}
    assert asked[:3] == [numbers, numbers[1:], numbers[2:]]
    assert len(asked) == 6


def test_an_interrupted_pool_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[dict[str, bool]] = []
    pool = Thing(shutdown=lambda **given: closed.append(given))
    monkeypatch.setattr(sweeping, "ProcessPoolExecutor", lambda *given: nullcontext(pool))
    monkeypatch.setattr(sweeping, "_flow", lambda pool, task, todo: iter([(1, 10)]))

    def interrupt(number: int, told: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spread(lambda n: (int, n), [1, 2], interrupt, workers=2)
    assert closed == [{"wait": False, "cancel_futures": True}]


def test_sixteen_chunks_are_handed_out_at_a_time() -> None:
    handed: list[int] = []
    done: list[int] = []
    most = [0]

    def submit(call: Any, number: int) -> Future[int]:
        handed.append(-number)
        most[0] = max(most[0], len(handed) - len(done))
        future: Future[int] = Future()
        future.set_result(call(number))
        return future

    pool: Any = Thing(submit=submit)
    for number, told in sweeping._flow(pool, lambda n: (abs, -n), list(range(20))):
        done.append(number)
        assert told == number
    assert (sorted(done), handed, most) == (list(range(20)), list(range(20)), [16])
    assert list(sweeping._flow(pool, lambda n: (abs, n), [])) == []


def test_chunks_beyond_the_job_are_left_out_and_told_chunks_come_first(tmp_path: Path) -> None:
    job = small_job()
    checkpoint = Checkpoint(tmp_path, job, "code")
    chunk = sweep.run_chunk(job, 1)
    for number in (1, 3, 4):
        checkpoint.save(number, chunk)
    assert job.n_chunks == 4
    assert sorted(checkpoint.load()) == [1, 3]
    names = sorted(p.name for p in checkpoint.folder.iterdir())
    assert names == ["chunk-000001.npz", "chunk-000003.npz", "chunk-000004.npz"]
    told: list[int] = []
    run_sweep(job, checkpoint=checkpoint, on_chunk=lambda n, _: told.append(n))
    assert told == [1, 3, 0, 2]


def test_workers_out_of_range_are_refused() -> None:
    with pytest.raises(OutOfRangeError, match="workers"):
        run_sweep(small_job(10), workers=0)


@pytest.mark.filterwarnings("ignore")
def test_no_scheduler_is_said_in_one_line() -> None:
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")

    with pytest.raises(InputError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:1'"):
        run_sweep(small_job(10), cluster="tcp://127.0.0.1:1")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_loses_a_worker_loses_nothing() -> None:
    """A real local cluster, one of two workers killed midway: every chunk, the same bytes."""
    distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    job = small_job(12 * sweep.CHUNK, sessions=400)
    killed: list[int] = []

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs=50,
        ) as cluster:
            victim = next(iter(cluster.workers.values())).pid

            def kill_once(number: int, chunk: Chunk) -> None:
                if not killed:
                    os.kill(victim, signal.SIGKILL)
                    killed.append(number)

            result = run_sweep(job, cluster=cluster.scheduler_address, on_chunk=kill_once)

    assert killed
    assert_same_bytes(result, sweep.run(job))
