"""Chunks of a sweep carried out somewhere: on this core, in processes, or on a Dask cluster.

Whoever computes a chunk, its bytes are the same. A finished chunk is written to disk at once, so
that an interrupted sweep goes on where it stopped; a lost worker loses nothing but time.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from backtests.accounts import Chunk
from backtests.sweep import SweepJob, SweepResult, gather, only, run_chunk
from engine.bare import bare_environment
from engine.errors import InputError, NvsignalError, OutOfRangeError
from engine.files import need_room, write_file
from engine.phrases import phrase

IN_FLIGHT = 16
"""Chunks handed out at a time, so that memory does not grow with the sweep."""
CONNECT_S = 5
"""Seconds to wait for a scheduler to answer."""
LOST_WORKERS = 5
"""How many times lost processes are replaced before giving up."""

_FIGURES = 9
"""Figures of 8 bytes for each set in a ``Chunk``, beside two for each block."""

Done = Callable[[int, Any], None]
Task = Callable[[int], tuple[Any, ...]]
"""Number -> the function to call for it and its arguments, small enough to be sent."""


def code_digest() -> str:
    """Of the source files that a chunk's result depends on."""
    root = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for package in ("backtests", "strategies", "engine/decision"):
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


class Checkpoint:
    """Finished chunks of one job in a folder of its own, named by the job and the code.

    Other numbers, other prices or another version of the code are another folder.
    """

    def __init__(self, folder: Path, job: SweepJob, code: str) -> None:
        self.folder = folder / f"{job.digest[:24]}-{code[:8]}"
        self.job = job

    def load(self) -> dict[int, Chunk]:
        """What an earlier run finished; a damaged file counts as not finished."""
        found: dict[int, Chunk] = {}
        for path in sorted(self.folder.glob("chunk-*.npz")):
            number = int(path.stem.removeprefix("chunk-"))
            try:
                with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
                    found[number] = Chunk(**{f.name: data[f.name] for f in fields(Chunk)})
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
                path.unlink(missing_ok=True)
        return {n: c for n, c in found.items() if n < self.job.n_chunks}

    def save(self, number: int, chunk: Chunk) -> None:
        """Old or new, never half."""
        buffer = io.BytesIO()
        np.savez(buffer, **{f.name: getattr(chunk, f.name) for f in fields(Chunk)})
        path = self.folder / f"chunk-{number:06d}.npz"
        write_file(path, buffer.getvalue(), private=True, make_folder=True)

    def need_room(self, n_found: int) -> None:
        """Refuse a sweep whose chunks, ``n_found`` of them there, would not fit on the disk."""
        width = _FIGURES + 2 * self.job.blocks
        left = (self.job.n_chunks - n_found) * self.job.chunk_size * width * 8
        need_room(self.folder, left, "the sweep")

    def clear(self) -> None:
        """The sweep is done."""
        shutil.rmtree(self.folder, ignore_errors=True)


def run_sweep(
    job: SweepJob,
    *,
    workers: int = 1,
    cluster: str | None = None,
    checkpoint: Checkpoint | None = None,
    on_chunk: Done | None = None,
) -> SweepResult:
    """All chunks of ``job``; the same bytes whatever ``workers`` and ``cluster`` are.

    workers: processes on this machine. cluster: address of a dask.distributed scheduler.
    """
    found = checkpoint.load() if checkpoint else {}
    if checkpoint:
        checkpoint.need_room(len(found))

    def keep(number: int, chunk: Chunk) -> None:
        found[number] = chunk
        if checkpoint:
            checkpoint.save(number, chunk)
        if on_chunk:
            on_chunk(number, chunk)

    for number in sorted(found):
        if on_chunk:
            on_chunk(number, found[number])
    todo = [n for n in range(job.n_chunks) if n not in found]
    spread(lambda number: (run_chunk, only(job, number), 0), todo, keep, workers, cluster)
    result = gather(job, found)
    if checkpoint:
        checkpoint.clear()
    return result


def spread(
    task: Task, todo: list[int], keep: Done, workers: int = 1, cluster: str | None = None
) -> None:
    """Call ``task`` for every number here, in ``workers`` processes or on a cluster.

    keep: called with each result as it comes, in any order.
    """
    if not 1 <= workers <= 256:
        raise OutOfRangeError("workers", workers, phrase("{low} to {high}", low="1", high="256"))
    if cluster is not None:
        _on_cluster(task, todo, cluster, keep)
    elif workers > 1 and len(todo) > 1:
        _in_processes(task, todo, workers, keep)
    else:
        for number in todo:
            call, *given = task(number)
            keep(number, call(*given))


def _in_processes(task: Task, todo: list[int], workers: int, keep: Done) -> None:
    """A pool of processes, replaced when one of them is killed."""
    import multiprocessing

    left, losses = list(todo), 0
    while left:
        context = multiprocessing.get_context("spawn")
        with bare_environment(), ProcessPoolExecutor(workers, context) as pool:
            try:
                for number, chunk in _flow(pool, task, left):
                    keep(number, chunk)
                    left.remove(number)
            except BrokenProcessPool:
                losses += 1
                if losses > LOST_WORKERS:
                    raise NvsignalError(
                        phrase("worker processes were killed {losses} times", losses=losses),
                        remedy=phrase("use fewer --workers; finished chunks are kept"),
                    ) from None
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _flow(pool: ProcessPoolExecutor, task: Task, todo: list[int]) -> Iterator[tuple[int, Any]]:
    waiting = iter(list(todo))
    running: dict[Future[Any], int] = {}
    while True:
        for number in waiting:
            running[pool.submit(*task(number))] = number
            if len(running) >= IN_FLIGHT:
                break
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            number = running.pop(future)
            yield number, future.result()


def _on_cluster(task: Task, todo: list[int], address: str, keep: Done) -> None:
    """Every number as a task; the scheduler gives a lost worker's tasks to another."""
    with _client(address) as client:
        from distributed import as_completed

        waiting = iter(todo)
        numbers: dict[str, int] = {}
        futures = as_completed(loop=client.loop)

        def submit() -> None:
            number = next(waiting, None)
            if number is not None:
                future = client.submit(*task(number), pure=False, retries=3)
                numbers[future.key] = number
                futures.add(future)

        for _ in range(IN_FLIGHT):
            submit()
        for future in futures:
            keep(numbers.pop(future.key), future.result())
            future.release()
            submit()


@contextmanager
def _client(address: str) -> Iterator[Any]:
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            phrase("--cluster needs the package 'distributed'"),
            remedy=phrase("pip install '.[cluster]' in nvsignal's folder"),
        ) from None
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(
            phrase(
                "no Dask scheduler answers at '{address}' ({name})",
                address=address[:80],
                name=str(type(error).__name__),
            ),
            remedy=phrase("give its address, such as tcp://host:8786"),
        ) from None
    try:
        yield client
    finally:
        client.close()
