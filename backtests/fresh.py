"""A run in a process that has seen nothing else, so that nothing can be left over from another.

The process is forked from one that has only imported the code (``forkserver``), or is a new
interpreter altogether; it gets the record it may see and the instant, and gives back what it
computed and what was refused to it.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any, Protocol

from backtests.surroundings import OutsideRecordError, Surroundings, enter
from backtests.trace import Run, Trace
from engine.errors import InputError, NvsignalError
from engine.phrases import phrase
from engine.record.history import History

PRELOADED = ("backtests.audit",)
"""Imported once, before any record is seen."""


Choice = tuple[int, ...] | Callable[[History, Trace], Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is the run to decide? told: which rows' decisions are put into words."""

    history: History
    as_of: datetime
    told: Choice = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """trace: None where the run broke off. refused: what it asked for besides the record."""

    trace: Trace | None
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowAnswers:
    """What was said of the rows that were asked for."""

    words: Mapping[int, str]

    def __call__(self, row: int) -> str:
        """The words of ``row``; a ``KeyError`` where it was not asked for."""
        return self.words[row]


class Place(Protocol):
    """Where runs are decided: all ``questions`` in one process, one after the other.

    at_once: how many callers it serves at a time.
    """

    at_once: int

    def __call__(
        self,
        run: Run,
        questions: Sequence[Question],
        surroundings: Surroundings,
        *,
        anew: bool = False,
    ) -> list[Answer]:
        """anew: in a new interpreter, with hashes of its own."""
        ...


class Fresh:
    """Processes of their own. preload: further modules imported before any record is seen."""

    def __init__(self, preload: Iterable[str] = ()) -> None:
        self.preload = (*PRELOADED, *preload)
        self.at_once = os.cpu_count() or 1
        self.method = "spawn"
        if "forkserver" in multiprocessing.get_all_start_methods():
            self.method = "forkserver"
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(["__main__", *self.preload])

    def __call__(
        self,
        run: Run,
        questions: Sequence[Question],
        surroundings: Surroundings,
        *,
        anew: bool = False,
    ) -> list[Answer]:
        """Raises what the run raised where that has a message of ours."""
        context: Any = multiprocessing.get_context("spawn" if anew else self.method)
        ours, theirs = context.Pipe(duplex=False)
        given = (theirs, self.preload, run, tuple(questions), surroundings)
        process = context.Process(target=_answer, args=given, daemon=True)
        process.start()
        theirs.close()
        try:
            found = ours.recv()
        except (EOFError, ConnectionResetError):
            found = NvsignalError(
                phrase("the process of a run ended without an answer"),
                remedy=phrase("see above for its own words; too little memory is the usual reason"),
            )
        finally:
            ours.close()
            process.join()
        if isinstance(found, Exception):
            raise found
        return list(found)


def answers(
    run: Run, questions: Sequence[Question], refused: list[str] | None = None
) -> list[Answer]:
    """Answer in this process; ``refused`` is what a guard fills."""
    noted = [] if refused is None else refused
    found = []
    for question in questions:
        noted.clear()
        trace = None
        try:
            trace = run(question.history, question.as_of)
            told = question.told
            rows = told if isinstance(told, tuple) else told(question.history, trace)
            trace = replace(trace, told=RowAnswers({row: trace.told(row) for row in rows}))
        except OutsideRecordError:
            trace = None
        found.append(Answer(trace=trace, refused=tuple(dict.fromkeys(noted))))
    return found


def _answer(
    pipe: Connection,
    preload: Sequence[str],
    run: Run,
    questions: Sequence[Question],
    surroundings: Surroundings,
) -> None:
    try:
        for name in preload:
            importlib.import_module(name)
        found: Any = answers(run, questions, enter(surroundings))
    except NvsignalError as error:  # as its plainest kind: the others cannot all be sent
        kind = InputError if isinstance(error, InputError) else NvsignalError
        found = kind(error.message, remedy=error.remedy)
    except Exception as error:
        found = NvsignalError(f"the run failed: {type(error).__name__}: {error}"[:300])
    pipe.send(found)
    pipe.close()
