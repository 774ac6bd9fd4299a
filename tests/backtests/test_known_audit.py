"""Known answers of the audit: which rows, which leaks, in which order, in which words."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from backtests import audit as au
from backtests import fresh, surroundings
from backtests.trace import Difference, Trace, differences
from engine.errors import InputError, NvsignalError, OutOfRangeError
from engine.record.history import History
from tests.backtests.market_data import weekdays
from tests.builders import at, make_fact

ROWS = 6
INSTANTS = np.array([round(at(day).timestamp() * 1e6) for day in range(ROWS)])


def made(told: Callable[[int], str] = str, **arrays: Any) -> Trace:
    """Six sessions, decided on each of six days; scores 0 to 5 unless said."""
    return Trace(
        sessions_on=weekdays(ROWS), decide_at_us=INSTANTS, items=(), told=told,
        arrays={"score": np.arange(float(ROWS)), **{k: np.array(v) for k, v in arrays.items()}},
    )  # fmt: skip


def known_from(day: int) -> History:
    """A price a day, the first of them known on ``day``, a second before the decision."""
    return History(
        make_fact("bar", f"b{n}", known_at=at(n) - timedelta(seconds=1)) for n in range(day, ROWS)
    )


# --- where two traces part ------------------------------------------------------------------------


def test_a_difference_is_the_first_row_with_both_its_values() -> None:
    """Of two by six cells three differ within the first five rows, the first of them in row 2."""
    table = np.zeros((2, ROWS))
    other = table.copy()
    other[1, 2], other[0, 3], other[1, 4], other[0, 5] = 7.0, 8.0, 9.0, 10.0
    full, cut = made(x=table), made(x=other)
    assert differences(full, cut, 2) == []
    assert differences(full, cut, 5) == [
        Difference(where="x", row=2, full="0.0", other="7.0", cells=3)
    ]
    assert differences(cut, full, 3) == [
        Difference(where="x", row=2, full="7.0", other="0.0", cells=1)
    ]


def test_what_is_missing_on_either_side_differs_in_every_row() -> None:
    """By name, whatever their order."""
    whole = Difference(where="x", row=0, full="", other="missing", cells=4)
    a, b = made(x=np.zeros(ROWS)), made()
    assert differences(a, b, 4) == differences(b, a, 4) == [whole]
    both = differences(made(x=np.zeros(ROWS), a=np.zeros(ROWS)), b, 4)
    assert [d.where for d in both] == ["a", "x"]
    later = replace(b, sessions_on=weekdays(ROWS + 1)[1:])
    assert differences(b, later, 4) == [
        Difference(where="sessions", row=0, full="", other="", cells=4)
    ]


def test_items_count_from_their_row_on() -> None:
    """One told otherwise, one that only one of them has, one of a row that is not looked at."""
    full = replace(made(), items=((1, "a", "x" * 300), (2, "b", "same"), (4, "c", "late")))
    cut = replace(made(), items=((1, "a", "y"), (2, "b", "same"), (3, "d", "new")))
    assert differences(full, cut, 4) == [
        Difference(where="a", row=1, full="x" * 200, other="y", cells=1),
        Difference(where="d", row=3, full="absent", other="new", cells=1),
    ]
    assert differences(full, cut, 3)[1:] == differences(full, cut, 1) == []
    assert [d.where for d in differences(full, cut, 5)] == ["a", "c", "d"]


# --- which rows -----------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [0, 2, 5])
def test_rows_begin_with_the_first_decision_that_knew_a_price(day: int) -> None:
    assert au._first_row(known_from(day), made()) == day
    on_time = History([make_fact("bar", "b", known_at=at(day))])
    assert au._first_row(on_time, made()) == day


def test_a_record_without_prices_by_its_last_decision_is_refused() -> None:
    late = History([make_fact("bar", "b", known_at=at(ROWS - 1, micros=1))])
    for record in (History([]), late):
        with pytest.raises(InputError, match="holds no prices"):
            au._first_row(record, made())


def test_dates_are_drawn_by_the_seed_among_what_is_possible() -> None:
    """All of them where as many are asked for; two are the least that can be cut."""
    record = known_from(2)
    every = (2, 3, 4, 5)
    assert au._Choice("all", 1)(record, made()) == every
    assert au._Choice(4, 1)(record, made()) == au._Choice(99, 1)(record, made()) == every
    drawn = {au._Choice(2, seed)(record, made()) for seed in range(40)}
    assert drawn == {(a, b) for a in every for b in every if a < b}
    assert au._Choice("all", 1)(known_from(4), made()) == (4, 5)
    with pytest.raises(InputError, match="1 decision dates are too few"):
        au._Choice("all", 1)(known_from(5), made())
    assert au._Choice(1, 1).dates == 1
    for dates in (0, -1):
        with pytest.raises(OutOfRangeError):
            au._Choice(dates, 1)


@pytest.mark.parametrize(
    ("n", "most", "kept"),
    [
        (3, 4, (0, 10, 20)),
        (4, 4, (0, 10, 20, 30)),
        (7, 4, (0, 20, 40, 60)),
        (1, 4, (0,)),
        (9, 2, (0, 80)),
    ],
)
def test_some_of_many_rows_are_spread_from_first_to_last(
    n: int, most: int, kept: tuple[int, ...]
) -> None:
    assert au._spread([10 * k for k in range(n)], most) == kept


# --- comparing ------------------------------------------------------------------------------------


class Bench:
    """Runs that are told beforehand what to give back, in order."""

    as_of = at(9)

    def __init__(self, *traces: Trace) -> None:
        self.traces, self.asked, self.refused = list(traces), list[Any](), list[str]()
        self.choice = lambda history, full: (1, 3)

    def at(self, history: History, when: Any, *told: int) -> Trace:
        self.asked.append(([f.key for f in history], when, told))
        return self.traces.pop(0)

    def elsewhere(self, history: History) -> Trace:
        return self.traces.pop(0)

    def in_a_row(self, questions: Sequence[Any]) -> list[Trace]:
        self.asked += [(len(list(q.history)), q.as_of, q.told) for q in questions]
        return self.traces


def inquiry(*traces: Trace, full: Trace | None = None) -> tuple[au._Inquiry, Bench]:
    bench: Any = Bench(*traces)
    return au._Inquiry(known_from(0), full or made(), bench, seed=4), bench


def told(found: au._Inquiry) -> list[tuple[str, str, Any, Any, str, str, int]]:
    return [
        (k.check, k.where, k.decided_on, k.session_on, k.full, k.cut, k.cells) for k in found.leaks
    ]


DAYS = weekdays(ROWS)


def test_a_cut_shows_the_record_up_to_its_decision_in_another_order() -> None:
    found, bench = inquiry(made())
    found.cut_at(3)
    ((keys, when, rows),) = bench.asked
    assert sorted(keys) == ["b0", "b1", "b2", "b3"]
    assert (when, rows) == (at(3), (3,))
    assert found.leaks == []
    assert found.checked == {"truncation": 1, "order": 1, "parity": 1}


def test_a_difference_is_traced_to_the_cut_or_else_to_the_order() -> None:
    """The cut in its own order decides which; what differs behind the row counts for nothing."""
    other = made(score=[0.0, 1.0, 9.0, 3.0, 4.0, 5.0])
    found, bench = inquiry(other, other)
    found.cut_at(3)
    leak = ("score", DAYS[3], DAYS[2], "2.0", "9.0", 1)
    assert told(found) == [("truncation", *leak)]
    assert len(bench.asked) == 2
    assert bench.asked[1][0] == ["b0", "b1", "b2", "b3"]
    found, bench = inquiry(other, made(), other)
    found.cut_at(3)
    assert told(found) == [("order", *leak)]
    assert bench.asked[2][0] == bench.asked[0][0]
    found, _ = inquiry(made(score=[0.0, 1.0, 2.0, 9.0, 9.0, 9.0]))
    found.cut_at(2)
    assert found.leaks == []


def test_a_morning_that_says_otherwise_is_a_leak_of_parity() -> None:
    found, _ = inquiry(made(told=lambda row: "HOLD " * 99), full=made(told=lambda row: "SELL"))
    found.cut_at(1)
    ((check, where, decided, session, full, cut, cells),) = told(found)
    assert (check, where, decided, session, cells) == ("parity", "decision", DAYS[1], DAYS[1], 1)
    assert (full, cut) == ("SELL", ("HOLD " * 99)[:200])


def test_lies_are_told_behind_the_row_to_a_run_that_may_see_them() -> None:
    """Up to thirty sessions on, or to the last one; a second on where there is none behind."""
    found, bench = inquiry(made(), made(), made(score=[1.0] * ROWS))
    found.poison_behind(2)
    found.poison_behind(5)
    found.poison_behind(1)
    assert [when for _, when, _ in bench.asked] == [
        at(5), at(5) + timedelta(seconds=1), at(5),
    ]  # fmt: skip
    assert bench.asked[0][0].count("b1") == 2  # once in truth and once in lies
    assert "b5" in bench.asked[0][0]
    assert found.checked == {"poison": 3}
    assert told(found) == [("poison", "score", DAYS[1], DAYS[0], "0.0", "1.0", 1)]


def test_who_has_seen_everything_decides_as_before() -> None:
    """Rows accused already are not asked for again."""
    other = made(score=[0.0, 1.0, 2.0, 9.0, 4.0, 5.0])
    found, bench = inquiry(made(), made(), other)
    found.leaks.append(
        au.Leak(check="poison", decided_on=DAYS[2], where="x", session_on=DAYS[2], full="",
                cut="", cells=1)
    )  # fmt: skip
    found.remember([1, 2, 4])
    assert bench.asked == [(ROWS, bench.as_of, ()), (2, at(1), (1,)), (5, at(4), (4,))]
    assert found.checked == {"memory": 2}
    assert told(found)[1:] == [("memory", "score", DAYS[4], DAYS[3], "3.0", "9.0", 1)]
    found, _ = inquiry(made(), made(told=lambda row: "other"))
    found.remember([1])
    assert [leak.check for leak in found.leaks] == ["memory"]


def test_the_whole_run_elsewhere_is_the_same_to_the_last_word() -> None:
    """Words of the chosen rows are compared only where the figures are the same."""
    last = made(score=[0.0, 1.0, 2.0, 3.0, 4.0, 9.0])
    found, _ = inquiry(replace(last, told=lambda row: "other"))
    found.twice()
    assert told(found) == [("determinism", "score", DAYS[5], DAYS[5], "5.0", "9.0", 1)]
    found, _ = inquiry(made(told=lambda row: "other" if row == 3 else str(row)))
    found.twice()
    assert told(found) == [("determinism", "decision", DAYS[3], DAYS[3], "3", "other", 1)]
    assert found.checked == {"determinism": 1}


def test_what_was_asked_for_beside_the_record_is_named_once() -> None:
    found, bench = inquiry()
    bench.refused += ["open z", "open a", "open z"]
    found.accuse_of_access()
    assert told(found) == [
        ("access", name, DAYS[5], DAYS[5], "asked for", "refused", 1)
        for name in ("open a", "open z")
    ]
    assert found.checked == {"access": 1}


# --- the verdict ----------------------------------------------------------------------------------


def leak(check: Any, day: int, where: str = "score") -> au.Leak:
    return au.Leak(
        check=check, decided_on=DAYS[day], where=where, session_on=DAYS[day - 1], full="1.0",
        cut="2.0", cells=1,
    )  # fmt: skip


def said(*leaks: au.Leak, dates: int = 3, **canaries: bool) -> str:
    given: Any = SimpleNamespace(leaks=list(leaks))
    return str(au._verdict(given, {"a": True, **canaries}, dates, 9))


def test_a_verdict_names_the_first_leak_by_its_day_and_then_by_its_check() -> None:
    """Whatever was asked for beside the record goes before all."""
    days = (leak("order", 3), leak("poison", 2, "late"), leak("truncation", 2, "first"))
    assert said(*days, b=False) == (
        "Look-ahead or disorder at 2 decision dates. First seen on Jan 6, 2016 by truncation: "
        "first of Jan 5, 2016 is 1.0 with the whole record and 2.0 without its future."
    )
    assert said(leak("parity", 1)).startswith("Look-ahead or disorder at 1 decision date. First")
    assert said(*days, leak("access", 5, "open x")) == (
        "A strategy asked for something beside the record: open x."
    )


def test_a_clean_verdict_needs_every_canary() -> None:
    assert said().startswith("No look-ahead at the 3 decision dates audited, of 9. Cut there")
    assert said(dates=1).startswith("No look-ahead at the one decision date audited, of 9. Cut")
    assert said(b=False).startswith("Nothing was found, but of the runs that leak on purpose")


def test_steps_are_counted_from_none() -> None:
    heard: list[tuple[int, int, str]] = []
    steps = au._Steps(3, lambda *given: heard.append(given))
    steps.step("one")
    assert list(steps.each((5, 6), "of")) == [5, 6]
    assert [(done, total, str(what)) for done, total, what in heard] == [
        (0, 3, "one"), (1, 3, "of: 5"), (2, 3, "of: 6"),
    ]  # fmt: skip
    silent = au._Steps(1, None)
    silent.step("x")
    assert silent.done == 1


def test_a_run_that_broke_off_is_asked_again_unguarded() -> None:
    """What was refused is kept; without an answer even then, the run ends with its reason."""
    asked: list[tuple[bool, int, bool, Any]] = []

    def place(run: Any, questions: Any, around: Any, *, anew: bool = False) -> list[Any]:
        asked.append((around.refuse, around.seed, anew, around.clock_at))
        broken = around.refuse or len(asked) > 2
        return [SimpleNamespace(trace=None if broken else made(), refused=("open x",))]

    bench = au._Bench(place, None, at(9), None)  # type: ignore[arg-type]
    bench.elsewhere(History([]))
    years = at(9) + timedelta(days=11 * 365)
    assert asked == [(True, 2, True, years), (False, 2, True, years)]
    assert bench.refused == ["open x", "open x"]
    with pytest.raises(NvsignalError, match="a run broke off: open x"):
        bench.at(History([]), at(3))
    assert asked[2:] == [(False, 1, False, at(3))]


# --- surroundings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "flags", "code"),
    [
        ("/somewhere/module.py", os.O_RDONLY, True),
        ("/somewhere/module.py", os.O_WRONLY, False),
        ("/somewhere/module.py", os.O_RDWR, False),
        ("/somewhere/module.py", os.O_RDONLY | os.O_CREAT, False),
        ("/somewhere/module.py", os.O_RDONLY | os.O_TRUNC, False),
        (b"/somewhere/library.so", os.O_RDONLY, True),
        (Path("/somewhere/prices.csv"), os.O_RDONLY, False),
        ("/dev/null", os.O_RDONLY, True),
        ("/dev/urandom", os.O_RDONLY, True),
        ("/dev/random", os.O_RDONLY, False),
        ("/roots/zone", os.O_RDONLY, True),
        ("/rootsy/zone", os.O_RDONLY, False),
        (3, os.O_RDONLY, False),
        (None, os.O_RDONLY, False),
    ],
)
def test_a_run_may_read_code_and_nothing_else(path: object, flags: int, code: bool) -> None:
    assert surroundings._is_code(path, flags, ("/roots/",)) is code


def test_what_is_refused_is_noted_and_what_is_only_noted_passes() -> None:
    """A file, a host, a program; an event of another kind is nobody's business."""
    asked = [
        ("open", (b"/tmp/prices.csv", "r", os.O_RDONLY)),
        ("socket.connect", ("host", 80)),
        ("import", ("x",)),
        ("open", ("x.py", "r", os.O_RDONLY)),
    ]
    noted: list[str] = []
    watch = surroundings.watcher(noted, refuse=False)
    for event, args in asked:
        watch(event, args)
    assert noted == ["opens /tmp/prices.csv", "socket.connect host"]
    refused: list[str] = []
    watch = surroundings.watcher(refused, refuse=True)
    with pytest.raises(surroundings.OutsideRecordError, match=r"opens /tmp/prices\.csv"):
        watch(*asked[0])
    with pytest.raises(surroundings.OutsideRecordError, match=r"socket\.connect$"):
        watch("socket.connect", ())
    with pytest.raises(surroundings.OutsideRecordError):
        watch("open", ("x" * 300, "r", os.O_RDONLY))
    assert refused[1:] == ["socket.connect", f"opens {'x' * 194}"]
    assert surroundings._shown(object()) == "object"
    assert surroundings._shown(Path("a")) == "a"


def test_a_clock_tells_another_time_to_what_looks_like_the_real_one() -> None:
    """Noon of 2 January 2030; dates made before count as its own, and the other way round."""
    noon = datetime(2030, 1, 2, 12, tzinfo=UTC)
    day, instant = surroundings._dated(noon.timestamp)
    assert instant.now(UTC) == noon
    assert instant.utcnow() == noon.replace(tzinfo=None)
    assert instant.now().timestamp() == noon.timestamp()
    assert day.today() == instant.now().date()
    assert instant.today().timestamp() == noon.timestamp()
    assert isinstance(noon, instant)
    assert isinstance(noon, day)
    assert isinstance(date(2020, 1, 1), day)
    assert not isinstance(date(2020, 1, 1), instant)
    assert issubclass(datetime, day)
    assert not issubclass(date, instant)
    assert repr(day(2020, 1, 1)) == "datetime.date(2020, 1, 1)"


def test_each_question_has_its_own_answer_and_its_own_refusals() -> None:
    """What is told: rows named, or those that are chosen once the run is known."""
    refused: list[str] = []
    asked: list[Any] = []

    def run(history: History, as_of: Any) -> Trace:
        asked.append(as_of)
        refused.extend(["open a", "open b", "open a"] if as_of == at(1) else [])
        if as_of == at(2):
            raise surroundings.OutsideRecordError("refused")
        return made(told=lambda row: f"row {row}")

    record = known_from(0)
    questions = [
        fresh.Question(history=record, as_of=at(1), told=(2, 4)),
        fresh.Question(history=record, as_of=at(2), told=(1,)),
        fresh.Question(history=record, as_of=at(3), told=lambda history, full: (len(full) - 1,)),
    ]
    one, two, three = fresh.answers(run, questions, refused)
    assert asked == [at(1), at(2), at(3)]
    assert one.refused == ("open a", "open b")
    assert one.trace is not None
    assert [one.trace.told(row) for row in (2, 4)] == ["row 2", "row 4"]
    with pytest.raises(KeyError):
        one.trace.told(3)
    assert (two.trace, two.refused) == (None, ())
    assert three.trace is not None
    assert three.trace.told(ROWS - 1) == "row 5"


def test_a_module_imported_for_the_first_time_is_no_writing(tmp_path: Path) -> None:
    """With a folder for compiled copies that is still empty, as after an installation."""
    code = (
        "from datetime import datetime, UTC\n"
        "from backtests.surroundings import Surroundings, enter\n"
        "refused = enter(Surroundings(clock_at=datetime(2025, 1, 6, tzinfo=UTC), refuse=False))\n"
        "import colorsys\n"
        "print(refused)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=Path(__file__).parents[2],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
