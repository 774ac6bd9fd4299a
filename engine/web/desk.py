"""What the pages ask for, without a word of HTTP: reports, ratings, ledger, feeds, backtests.

Everything here may take seconds and is called from worker threads. Nothing here writes to the
record.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from engine.clock import NEW_YORK, at_new_york, to_micros
from engine.errors import InputError, NvsignalError
from engine.phrases import error_phrase, phrase
from engine.web.jobs import Job, Jobs

if TYPE_CHECKING:
    from engine.record.chain import LedgerEntry
    from engine.record.store import Store
    from engine.service.bind import Bound
    from engine.service.wiring import Assessment, KnownWorld
    from engine.shown import Report, SourceHealth
    from engine.values import ModelRelease, ThreatRating

WORLDS_KEPT = 4
ASSESSMENTS_KEPT = 16
MAX_FILES = 400
MAX_FILE_BYTES = 5_000_000
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(?:html|md|txt|json)\Z")
_V = TypeVar("_V")


class Kept(Generic[_V]):
    """The last few results of something slow; two askers of the same thing compute it once.

    One is made at a time, which bounds the memory; what is kept waits for none of them.
    """

    def __init__(self, most: int) -> None:
        self._most, self._lock, self._making = most, threading.Lock(), threading.Lock()
        self._values: OrderedDict[Hashable, _V] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], _V]) -> _V:
        """The value of ``key``, made now when it is not kept."""
        found = self._kept(key)
        if found:
            return found[0]
        with self._making:
            found = self._kept(key)  # somebody may have made it meanwhile
            if found:
                return found[0]
            made = make()
            with self._lock:
                self._values[key] = made
                while len(self._values) > self._most:
                    self._values.popitem(last=False)
            return made

    def _kept(self, key: Hashable) -> tuple[_V] | None:
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return (self._values[key],)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """A report that ``nvsignal run`` or ``report --save`` left in the folder of reports."""

    name: str
    n_bytes: int


class Desk:
    """The record and the configuration behind the pages."""

    def __init__(
        self, store: Store, folder: Path, strategy: str | None, clock: Callable[[], datetime]
    ) -> None:
        self.store, self.folder, self.strategy, self.clock = store, folder, strategy, clock
        self._worlds: Kept[KnownWorld] = Kept(WORLDS_KEPT)
        self._assessments: Kept[Assessment] = Kept(ASSESSMENTS_KEPT)
        self.jobs = Jobs()
        self._stressing, self._stressed = threading.Lock(), dict[Hashable, Job]()

    def config(self, name: str | None = None) -> Bound:
        """The configuration with the preset ``name``, else with the one that decides."""
        from engine.service.bind import load
        from engine.web.presets import preset_path

        if name is None:
            return load(self.folder, self.strategy)
        return load(self.folder, str(preset_path(self.folder, name)))

    def instant(self, as_of: str | None) -> datetime:
        """The instant meant by a page's ``as_of``, as the command means it; empty is now."""
        from engine.service import wiring

        return wiring.instant_at(self.store, as_of or None, self.clock())

    def assessment(self, config: Bound, as_of: datetime) -> Assessment:
        """The decision as of ``as_of``; kept by configuration, facts known then, and session."""
        from engine.service import wiring

        world = self._world(config, as_of)
        key = (config.digest, config.strategy_path.name, *self._moment(config, as_of, world))
        return self._assessments.get(key, lambda: wiring.assess(world, config))

    def _world(self, config: Bound, as_of: datetime) -> KnownWorld:
        from engine.service import wiring

        known = self.store.data_hash(as_of)
        day = as_of.astimezone(NEW_YORK).date()
        decide_at = at_new_york(day, config.settings.decision.clock_time)
        key = (known, day, as_of <= decide_at, config.settings.decision.decide_at)
        return self._worlds.get(key, lambda: wiring.world_at(self.store, config, as_of))

    @staticmethod
    def _moment(config: Bound, as_of: datetime, world: KnownWorld) -> tuple[Hashable, ...]:
        return (world.data_hash, to_micros(world.as_of), config.settings.decision.decide_at)

    def report(self, as_of: datetime, config: Bound | None = None) -> Report:
        """The report as of ``as_of``, with the health of the feeds when that is today.

        The owner's shares are in it: whoever passed the guard is taken for him.
        """
        from engine.service import morning

        chosen = config or self.config()
        assessment = self.assessment(chosen, as_of)
        today = as_of.astimezone(NEW_YORK).date() == self.clock().astimezone(NEW_YORK).date()
        polled = self.feed_health() if today else ()
        past = morning.past_decisions(self.store, chosen, as_of)
        return morning.report_of(
            assessment,
            past=past,
            registered=morning.registered_rules(self.store, assessment, past),
            polled=polled,
            holding=chosen.holding,
            present=self.clock(),
        )

    def record(self, as_of: datetime) -> dict[str, Any]:
        """What the rules said until ``as_of`` and what came of it; ``judging.whole_record``."""
        from engine.service import judging, morning

        chosen = self.config()
        assessment = self.assessment(chosen, as_of)
        past = morning.past_decisions(self.store, chosen, as_of)
        return judging.whole_record(self.store, assessment, past, as_of)

    def stress(self, as_of: datetime) -> Job:
        """The work that makes scenarios times presets as of ``as_of``, begun now or before.

        Its result is a ``StressTable``, kept while facts and files stay as they are; what failed is
        told once, and begun again by the next asker.
        """
        from engine.service.stressing import PRESETS, stress_table

        configs = tuple(self.config(name).digest for name in PRESETS)
        key = (self.store.data_hash(as_of), to_micros(as_of), configs)
        with self._stressing:
            job = self._stressed.get(key)
            if job is None:
                job = self.jobs.start(
                    "stress",
                    lambda job: stress_table(self.store, self.folder, as_of, step=job.step),
                )
                self._stressed[key] = job
                ended = [k for k, told in self._stressed.items() if told.over]
                for old in ended[: max(0, len(self._stressed) - WORLDS_KEPT)]:
                    del self._stressed[old]
            elif job.state in ("failed", "cancelled"):
                del self._stressed[key]
            return job

    def feed_health(self) -> tuple[SourceHealth, ...]:
        """How each configured feed is doing now; empty when ``feeds.toml`` is not there."""
        from engine.service import collecting

        config = self.config()
        if not (config.folder / "feeds.toml").is_file():
            return ()
        return collecting.feed_health(self.store, config, self.clock())

    def league(self, as_of: datetime) -> tuple[tuple[ModelRelease, ThreatRating], ...]:
        """Chinese releases rated on their own day, the highest score first, then the newer."""
        from engine.decision.rated import of_releases
        from engine.report.build import release_versions

        assessment = self.assessment(self.config(), as_of)
        releases = release_versions(assessment.world.history, assessment.world.as_of)
        rated = [
            (releases[r.model], r)
            for r in of_releases(r.rating for r in assessment.ratings)
            if r.model in releases
        ]
        newest_first = sorted(rated, key=lambda pair: pair[1].rated_at, reverse=True)
        return tuple(sorted(newest_first, key=lambda p: (not p[1].rateable, -p[1].score)))

    def ledger(self) -> tuple[LedgerEntry, ...]:
        """Decisions made live, newest first."""
        return tuple(reversed(self.store.ledger_entries()))

    def ledger_problem(self) -> str:
        """Why the ledger's chain does not hold; empty when it does."""
        from engine.record import ledger

        try:
            ledger.verify(self.store)
        except NvsignalError as error:
            return error_phrase(error)
        return ""

    # --- stored reports -----------------------------------------------------------------------

    def reports_folder(self) -> Path:
        """Where ``nvsignal run`` leaves its reports."""
        from engine.service.runner import report_folder

        return report_folder(self.config())

    def stored_reports(self) -> tuple[StoredReport, ...]:
        """Report files with plain names, the latest name first; links are left out."""
        folder = self.reports_folder()
        if not folder.is_dir():
            return ()
        files = [
            StoredReport(name=p.name, n_bytes=p.stat().st_size)
            for p in folder.iterdir()
            if _FILE.match(p.name) and p.is_file() and not p.is_symlink()
        ]
        return tuple(sorted(files, key=lambda f: f.name, reverse=True)[:MAX_FILES])

    def stored_report(self, name: str) -> bytes:
        """The bytes of a listed report; any other name is refused."""
        if name not in {f.name for f in self.stored_reports()}:
            raise InputError(phrase("no stored report '{name}'", name=name[:60]))
        path = self.reports_folder() / name
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(
                phrase(
                    "'{name}' is larger than {max_file_bytes} bytes",
                    name=name,
                    max_file_bytes=f"{MAX_FILE_BYTES:,}",
                )
            )
        return path.read_bytes()
