"""Due runs of jobs, and who executes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from engine.record import schema
from engine.record.tables.database import Database

RunStatus = Literal["running", "done", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRun:
    """One due run of one job. finished_at None: still running, or its owner was killed."""

    job: str
    scheduled_for: datetime
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None
    owner: str
    attempts: int
    detail: str


class Runs(Database):
    """The table of job runs."""

    def claim(
        self,
        job: str,
        scheduled_for: datetime,
        owner: str,
        now: datetime,
        *,
        stale_after: timedelta | None = None,
        retry_after: timedelta | None = None,
    ) -> bool:
        """Try to become the one who executes this run; True for exactly one caller.

        stale_after: also take over a run still marked running that started this long ago or more
        (its owner was killed). retry_after: also one that failed this long ago or more.
        """
        table = schema.job_run
        row = {
            "job": job,
            "scheduled_for": scheduled_for,
            "status": "running",
            "started_at": now,
            "finished_at": None,
            "owner": owner,
            "attempts": 1,
            "detail": "",
        }
        insert = self._insert(table).values(row)
        takeover = _takeover(now, stale_after=stale_after, retry_after=retry_after)
        statement = insert.on_conflict_do_nothing()
        if takeover is not None:
            statement = insert.on_conflict_do_update(
                index_elements=["job", "scheduled_for"],
                set_={
                    **{k: row[k] for k in ("status", "started_at", "finished_at", "owner")},
                    "attempts": table.c.attempts + 1,
                },
                where=takeover,
            )
        with self._writing() as connection:
            return connection.execute(statement.returning(table.c.job)).first() is not None

    def finish(
        self,
        job: str,
        scheduled_for: datetime,
        owner: str,
        now: datetime,
        *,
        status: Literal["done", "failed"] = "done",
        detail: str = "",
    ) -> bool:
        """Mark a run as done or failed; False when it is no longer this owner's run."""
        table = schema.job_run
        mine = (
            (table.c.job == job)
            & (table.c.scheduled_for == scheduled_for)
            & (table.c.owner == owner)
            & (table.c.status == "running")
        )
        outcome = {"status": status, "finished_at": now, "detail": detail}
        with self._writing() as connection:
            return connection.execute(sa.update(table).where(mine).values(outcome)).rowcount == 1

    def job_runs(self, job: str | None = None, *, limit: int = 100) -> list[JobRun]:
        """The newest runs of one job or of all, newest first."""
        table = schema.job_run
        query = sa.select(table).order_by(table.c.scheduled_for.desc(), table.c.job).limit(limit)
        if job is not None:
            query = query.where(table.c.job == job)
        with self._reading() as connection:
            return [JobRun(**row) for row in connection.execute(query).mappings()]


def _takeover(
    now: datetime, *, stale_after: timedelta | None, retry_after: timedelta | None
) -> sa.ColumnElement[bool] | None:
    table = schema.job_run
    allowed = []
    if stale_after is not None:
        allowed.append((table.c.status == "running") & (table.c.started_at <= now - stale_after))
    if retry_after is not None:
        allowed.append((table.c.status == "failed") & (table.c.finished_at <= now - retry_after))
    return sa.or_(*allowed) if allowed else None
