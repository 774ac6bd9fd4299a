"""Backtests that were run, so that the best of many is not taken for the only one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from engine.record import content, schema
from engine.record.tables.database import Database, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One backtest that was run, kept so that the best of many is not taken for the only one.

    sharpe: per observation, not annualised; None when undefined. kurtosis: normal is 3.
    """

    data_hash: str
    strategy: str
    params: Mapping[str, Any]
    n_obs: int
    sharpe: float | None
    skewness: float | None
    kurtosis: float | None
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One idea that was tried, however often it was run. sharpe: of its last run, per session."""

    rule: str
    since: str
    sharpe: float | None


class Trials(Database):
    """The table of trials."""

    def add_trials(self, trials: Iterable[Trial]) -> int:
        """Record backtests; those already recorded on the same data count once. Returns the new."""
        table = schema.trial
        rows = list({_trial_key(row): row for row in map(_trial_row, trials)}.values())
        if not rows:
            return 0
        with self._writing() as connection:
            before = _count(connection, table)
            connection.execute(self._insert(table).on_conflict_do_nothing(), rows)
            return _count(connection, table) - before

    def tried_on(self, first: date, last: date) -> list[Tried]:
        """Every idea tried on any session from ``first`` to ``last``, each once.

        An idea is a rule from a first session on: run again with a day more, a revised price or a
        new headline it is the same one. Entries that name no window count, since they may overlap.
        """
        columns = schema.trial.c
        query = sa.select(columns.params, columns.params_hash, columns.sharpe).order_by(
            columns.made_at, columns.data_hash, columns.strategy, columns.params_hash
        )
        found: dict[tuple[str, str], float | None] = {}
        with self._reading() as connection:
            for params, key, sharpe in connection.execute(query):
                told = json.loads(params)
                since, until = str(told.get("from", "")), str(told.get("to", ""))
                if (not since or since <= last.isoformat()) and (
                    not until or until >= first.isoformat()
                ):
                    found[str(told.get("rule", key)), since] = sharpe
        return [Tried(rule=r, since=s, sharpe=x) for (r, s), x in found.items()]

    def trials(self, *, data_hash: str | None = None, strategy: str | None = None) -> list[Trial]:
        """The recorded trials, ordered by data, strategy and parameters."""
        query = sa.select(schema.trial).where(*_trial_filter(data_hash, strategy))
        with self._reading() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
            trials = []
            for row in sorted(rows, key=_trial_key):
                del row["params_hash"]
                trials.append(Trial(**{**row, "params": json.loads(row["params"])}))
            return trials


def _count(connection: Connection, table: Table, *where: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(*where)
    return connection.execute(query).scalar_one()


def _trial_row(trial: Trial) -> Row:
    params = content.canonical_json(dict(trial.params))
    return {
        "data_hash": trial.data_hash,
        "strategy": trial.strategy,
        "params_hash": content.digest(params),
        "params": params,
        "n_obs": trial.n_obs,
        "sharpe": _finite(trial.sharpe),
        "skewness": _finite(trial.skewness),
        "kurtosis": _finite(trial.kurtosis),
        "made_at": trial.made_at,
    }


def _finite(number: float | None) -> float | None:
    """NaN and infinities are *undefined*, which the database spells NULL on both engines."""
    return None if number is None or not abs(number) < float("inf") else float(number)


def _trial_key(row: Row) -> tuple[str, str, str]:
    return row["data_hash"], row["strategy"], row["params_hash"]


def _trial_filter(data_hash: str | None, strategy: str | None) -> Sequence[sa.ColumnElement[bool]]:
    columns = schema.trial.c
    wanted = ((columns.data_hash, data_hash), (columns.strategy, strategy))
    return [column == value for column, value in wanted if value is not None]
