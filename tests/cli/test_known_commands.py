"""Known answers of whole commands, whose work is done by stand-ins: what is asked of whom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import pytest

from engine.cli.commands import holding, ledger, rates, run, serve, whatif, worlds
from engine.cli.main import main
from engine.cli.output import to_json
from engine.cli.said import status
from engine.cli.said import whatif as whatif_said
from engine.errors import InputError, NvsignalError, OutOfRangeError
from engine.report.i18n import voice
from engine.service.schedule import AHEAD, RunKey
from tests.engine.report.sample_report import decision, rating
from tests.frozen import check

NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
DAY = date(2026, 11, 24)
Patch = pytest.MonkeyPatch
EN = voice("en")


@pytest.fixture
def asked(monkeypatch: Patch) -> list[tuple[Any, ...]]:
    """Folder, configuration and record are stand-ins; what is opened is noted."""
    calls: list[tuple[Any, ...]] = []

    def load(folder: Any, strategy: str | None = None) -> Any:
        calls.append(("load", str(folder), strategy))
        return Thing(folder=folder, holding=None, settings=Thing(timestamp="ts"))

    @contextmanager
    def opened(loaded: Any, db: Any) -> Iterator[Any]:
        calls.append(("open", db))
        yield Thing(name="store", history=lambda known_by: ("history", known_by))

    monkeypatch.setattr("config.settings.config_folder", lambda given: Path(given or "home"))
    monkeypatch.setattr("engine.service.bind.load", load)
    monkeypatch.setattr("engine.service.wiring.open_record", opened)
    monkeypatch.setattr("engine.service.wiring.tidy_up", lambda url: None)
    monkeypatch.setattr("engine.service.wiring.default_db_url", lambda loaded: "sqlite:///own")
    return calls


def call(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main([*args])
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


# --- db -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("same", [True, False])
def test_a_drill_says_whether_the_report_is_the_same(
    monkeypatch: Patch, capsys: pytest.CaptureFixture[str], asked: list[Any], same: bool
) -> None:
    given: list[Any] = []

    def drill(config: Any, url: str, file: Any) -> Any:
        given.append((url, file))
        return Thing(path=Path("b.db"), acts_on=DAY, n_bytes=12_345, same=same)

    monkeypatch.setattr("engine.service.copies.drill", drill)
    code, out, _ = call(capsys, "db", "drill", "--json")
    assert json.loads(out) == {
        "file": "b.db", "acts_on": "2026-11-24", "bytes": 12_345, "same": same}  # fmt: skip
    assert (code, given) == (0 if same else 1, [("sqlite:///own", None)])
    code, out, _ = call(capsys, "db", "drill", "x.db", "--db", "sqlite:///that", "--config", "c")
    assert (code, "12,345 bytes" in out, "NOT" in out) == (0 if same else 1, True, not same)
    assert given[1] == ("sqlite:///that", Path("x.db"))
    assert ("load", "c", None) in asked


def test_a_restore_replaces_only_when_told(
    monkeypatch: Patch, capsys: pytest.CaptureFixture[str], asked: list[Any]
) -> None:
    given: list[Any] = []

    def restore(file: Path, url: str, *, overwrite: bool) -> Any:
        given.append((file.name, url, overwrite))
        return Thing(path=Path("r.db"), kept=("2026-11-23", "2026-11-24") if overwrite else ())

    monkeypatch.setattr("engine.record.backup.restore", restore)
    _, out, _ = call(capsys, "db", "restore", "b.db", "--db", "u", "--config", "c")
    assert out == "r.db: restored from b.db\n"
    _, out, _ = call(capsys, "db", "restore", "b.db", "--db", "u", "--force")
    assert "written since stay: 2, for 2026-11-23, 2026-11-24" in out
    _, out, _ = call(capsys, "db", "restore", "b.db", "--db", "u", "--force", "--json")
    assert json.loads(out) == {"database": "r.db", "kept_entries": ["2026-11-23", "2026-11-24"]}
    assert given == [("b.db", "u", False), ("b.db", "u", True), ("b.db", "u", True)]
    assert not asked  # a broken configuration stops nobody who names the record


def test_a_backup_says_where_its_ledger_ends(
    monkeypatch: Patch, capsys: pytest.CaptureFixture[str], asked: list[Any], tmp_path: Path
) -> None:
    copy = tmp_path / "b.db"
    copy.write_bytes(b"x" * 1_234)
    given: list[Any] = []

    def backup(url: str, file: Path, *, overwrite: bool) -> Path:
        given.append((url, file.name, overwrite))
        return copy

    monkeypatch.setattr("engine.record.backup.backup", backup)
    heads = iter(["abc", "abc", ""])
    monkeypatch.setattr(
        "engine.service.copies.note_backup", lambda path, url: Thing(ledger_head=next(heads))
    )
    _, out, _ = call(capsys, "db", "backup", "b.db", "--db", "u", "--config", "c")
    assert out == f"{copy}: 1,234 bytes, checked; its ledger ends with abc\n"
    _, out, _ = call(capsys, "db", "backup", "b.db", "--db", "u", "--json", "--force")
    assert json.loads(out) == {"file": str(copy), "bytes": 1_234, "ledger_head": "abc"}
    _, out, _ = call(capsys, "db", "backup", "b.db", "--db", "u")
    assert out == f"{copy}: 1,234 bytes, checked\n"
    assert [g[2] for g in given] == [False, True, False]


def test_a_table_is_written_in_the_form_of_its_file(
    monkeypatch: Patch, capsys: pytest.CaptureFixture[str], asked: list[Any]
) -> None:
    given: list[Any] = []

    @contextmanager
    def opened(url: str, *, create: bool) -> Iterator[str]:
        given.append((url, create))
        yield "store"

    def export(store: Any, table: str, file: Path, form: str) -> int:
        given.append((table, file.name, form))
        return 1_000

    monkeypatch.setattr("engine.record.store.Store.open", opened)
    monkeypatch.setattr("engine.record.export.export", export)
    for words in (["a.csv"], ["a.parquet", "--table", "item"], ["a.parquet", "--format", "csv"]):
        _, out, _ = call(capsys, "db", "export", *words, "--db", "u", "--config", "c")
    assert out == "a.parquet: 1,000 rows of fact as csv\n"
    assert given[0] == ("u", False)
    assert given[1::2] == [("fact", "a.csv", "csv"), ("item", "a.parquet", "parquet"),
                           ("fact", "a.parquet", "csv")]  # fmt: skip


# --- import, ledger, worlds -----------------------------------------------------------------------


def test_an_import_counts_what_is_new(
    monkeypatch: Patch, capsys: pytest.CaptureFixture[str], asked: list[Any]
) -> None:
    done = Thing(what="NVDA", first_on=DAY, last_on=DAY + timedelta(days=1), new=1, changed=2,
                 unchanged=3, notes=("a note",))  # fmt: skip
    given: list[Any] = []

    def bars(store: Any, file: Path, symbol: str, now: datetime, **more: Any) -> Any:
        given.append((file.name, symbol, more["allow_gaps"], more["vouched"]))
        return done

    monkeypatch.setattr("engine.service.importing.import_bars", bars)
    monkeypatch.setattr("engine.service.importing.import_rates", lambda store, file, now: done)
    _, out, err = call(capsys, "import", "bars", "p.csv", "--allow-gaps", "--config", "c")
    check("cli_import", out.splitlines())
    assert "a note" in err
    call(capsys, "import", "bars", "p.csv", "--symbol", "SMH", "--allow-jumps")
    assert given == [("p.csv", "NVDA", True, False), ("p.csv", "SMH", False, True)]
    _, out, _ = call(capsys, "import", "rates", "r.csv", "--json", "--db", "u")
    assert json.loads(out) == {
        "what": "NVDA", "from": "2026-11-24", "to": "2026-11-25", "new": 1, "changed": 2,
        "unchanged": 3, "notes": ["a note"],
    }  # fmt: skip
    assert ("open", "u") in asked


def test_each_import_brings_its_own_rows(
    monkeypatch: Patch, capsys: pytest.CaptureFixture[str], asked: list[Any]
) -> None:
    done = Thing(what="w", first_on=DAY, last_on=DAY, new=1, changed=0, unchanged=0, notes=())
    given: list[Any] = []
    monkeypatch.setattr("engine.clock.now", lambda: NOW)
    for name in ("bars", "rates", "actions", "events"):
        monkeypatch.setattr(
            f"engine.service.importing.import_{name}",
            lambda store, *rest, **more: given.append((store.name, *rest, sorted(more))) or done,
        )
    file, options = Path("f.csv"), ["allow_gaps", "sessions", "vouched"]
    for words, rows, wanted in (
        (("bars",), "bar", ("store", file, "NVDA", NOW, options)),
        (("rates",), "figure", ("store", file, NOW, [])),
        (("actions", "--symbol", "SMH"), "action", ("store", file, "SMH", NOW, [])),
        (("events",), "event", ("store", file, NOW, [])),
    ):
        where = ("--db", "u", "--config", "c")
        _, out, _ = call(capsys, "import", words[0], "f.csv", *words[1:], *where)
        assert f": 1 new {rows}, 0 corrected" in out
        assert given[-1] == wanted
        assert asked[-2:] == [("load", "c", None), ("open", "u")]
        told = json.loads(call(capsys, "import", words[0], "f.csv", "--json")[1])
        assert (told["what"], told["new"]) == ("w", 1)


def test_a_line_of_the_ledger() -> None:
    entry: Any = Thing(
        seq=7, acts_on=DAY, strategy="balanced", revision=2, stands=False, made_at=NOW,
        entry_hash="0123456789abcdef", payload={"decision": "SELL", "score": -0.256},
    )  # fmt: skip
    standing: Any = Thing(**{**vars(entry), "stands": True, "payload": {}})
    check("cli_ledger", ledger._table([entry, standing], EN).splitlines())
    assert ledger._table([], EN) == "no decisions recorded yet"
    assert ledger._plain(entry) == {**vars(entry)}


def test_worlds_in_words() -> None:
    def tally(claimed: int, n: int, by_kind: dict[str, tuple[int, int]]) -> Any:
        judged = [Thing(claimed=i < claimed) for i in range(n)]
        return Thing(claimed=claimed, worlds=n, by_kind=by_kind, judged=judged)

    found = {"without": tally(2, 60, {"a": (1, 40), "b": (1, 20)}), "with": tally(45, 50, {})}
    check("cli_worlds", [*worlds._text(found, True, EN).splitlines(), "",
                         *worlds._text(found, False, EN).splitlines()])  # fmt: skip


# --- the page, the mornings -----------------------------------------------------------------------


@pytest.mark.parametrize(("port", "fine"), [(0, False), (1, True), (65_535, True), (65_536, False)])
def test_a_port_is_one_of_those_there_are(
    monkeypatch: Patch, capsys: pytest.CaptureFixture[str], port: int, fine: bool
) -> None:
    given: list[Any] = []
    monkeypatch.setattr(
        serve,
        "_serve",
        lambda host, port, names, answers, lang, json: given.append((host, port, names)),
    )
    code, _, err = call(capsys, "serve", "--port", str(port), "--name", "a", "--name", "b")
    assert (code == 0) == fine
    assert given == ([("127.0.0.1", port, ("a", "b"))] if fine else [])
    assert fine or "1 to 65535" in err


def test_what_the_page_needs_is_named(monkeypatch: Patch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=" and ".join(serve.NEEDED)):
        serve.need_web()


def key(job: Any, day: date | None = None) -> RunKey:
    return RunKey(job=job, scheduled_for=NOW, acts_on=day, as_of=NOW)


def test_one_morning_collects_first_and_counts_what_was_made(tmp_path: Path) -> None:
    done: list[Any] = []
    days = [DAY, DAY + timedelta(days=1)]

    class Runner:
        owner, folder = "me", tmp_path

        def due(self, *, ahead: timedelta = timedelta(0)) -> list[RunKey]:
            done.append(ahead)
            return [key("collect"), *(key("report", day) for day in days)]

        def execute(self, run: RunKey) -> None:
            done.append(run.job)

        def cycle(self, *, ahead: timedelta) -> list[RunKey]:
            done.append(ahead)
            return [key("collect"), key("report", days[0])]

        def newest_report(self) -> Any:
            return Thing(stale=True)

        def not_sent(self) -> list[str]:
            return ["mail: shut"]

        def ahead(self) -> dict[str, datetime]:
            return {"report": NOW + timedelta(days=1)}

    for name in ("2026-11-24.json", "2026-11-24.en.html", "2026-11-25.json"):
        (tmp_path / name).write_text("")
    found = run._one_morning(Runner())  # type: ignore[arg-type]
    assert done == [timedelta(0), "collect", AHEAD, AHEAD]
    assert [row["acts_on"] for row in found["reports"]] == [DAY]
    assert [Path(f).name for f in found["reports"][0]["files"]] == [
        "2026-11-24.en.html", "2026-11-24.json"]  # fmt: skip
    assert (found["failed"], found["stale"]) == (["2026-11-25"], True)
    rows = [{**row, "files": [Path(f).name for f in row["files"]]} for row in found["reports"]]
    check("cli_daily", run._told({**found, "reports": rows}, EN).splitlines())
    quiet = {**found, "reports": [], "failed": [], "not_sent": []}
    assert run._told(quiet, EN).splitlines()[0] == "nothing due"
    days.clear()
    Runner.cycle = lambda self, ahead: []  # type: ignore[assignment, method-assign]
    assert run._one_morning(Runner())["stale"] is False  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "code"),
    [({}, 0), ({"failed": ["x"]}, 1), ({"not_sent": ["x"]}, 1), ({"stale": True}, 3),
     ({"failed": ["x"], "stale": True}, 1)],
)  # fmt: skip
def test_a_day_ends_with_its_code(
    monkeypatch: Patch, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], code: int
) -> None:
    monkeypatch.setattr("config.settings.config_folder", lambda given: Path(given or "home"))
    seen: list[Any] = []
    lock = Thing(holder=lambda: Thing(name="other"))

    @contextmanager
    def runner(*given: Any, **more: Any) -> Iterator[Any]:
        seen.append((*given, more))
        yield Thing(lock=lock), None

    found = {"reports": [], "failed": [], "not_sent": [], "stale": False, "led_by": "me",
             "next": {"report": NOW}} | changes  # fmt: skip
    monkeypatch.setattr(run, "_runner", runner)
    monkeypatch.setattr(run, "_one_morning", lambda runner: found)
    monkeypatch.setattr("engine.service.lock.wait_for", lambda *given: seen.append(given) or True)
    words = ("--db", "u", "--config", "c", "--strategy", "s", "--offline")
    assert call(capsys, "daily", *words)[0] == code
    assert seen == [("u", "c", "s", {"offline": True}), (lock, 30.0)]
    assert json.loads(call(capsys, "daily", "--json")[1]) == json.loads(to_json(found))
    assert seen[2] == (None, None, None, {"offline": False})
    monkeypatch.setattr("engine.service.lock.wait_for", lambda lock, seconds: False)
    assert call(capsys, "daily")[:2] == (0, "nothing done: other leads\n")
    assert json.loads(call(capsys, "daily", "--json")[1]) == {"led_by": "other", "reports": []}
    lock.holder = lambda: None
    assert json.loads(call(capsys, "daily", "--json")[1]) == {"led_by": None, "reports": []}


def test_the_state_of_things_in_words() -> None:
    source = Thing(name="wire", state=Thing(value="blocked"), note="n" * 80)
    found = {
        "record": "r.db", "strategy": "balanced", "ledger_entries": 3, "items": 5, "led_by": None,
        "facts": [{"kind": "bar", "facts": 1_234, "newest_known_at": NOW, "age_days": 1.26}],
        "last_runs": [Thing(job="report", scheduled_for=NOW, status="done", detail="HOLD")],
        "next_runs": {"collect": NOW}, "feeds_asked": 2, "feeds": 9, "stale_feeds": [source],
    }  # fmt: skip
    check("cli_status", status.text_of(found, EN).splitlines())


# --- what was asked -------------------------------------------------------------------------------


def test_days_and_rates_as_typed() -> None:
    assert rates._parse_day("--x", " 2026-11-24 ") == DAY
    with pytest.raises(InputError, match="--x '24/11' is not a date"):
        rates._parse_day("--x", "24/11")
    known: Any = Thing(meetings=[date(2026, 12, 9), date(2026, 10, 28)])
    assert rates._calendar(known, ["2026-11-24"]) == (date(2026, 10, 28), DAY, date(2026, 12, 9))
    with pytest.raises(InputError, match="2026-12-09 is already"):
        rates._calendar(known, ["2026-12-09"])
    days = rates._calendar(known, ())
    assert rates._wanted("2026-12-09", days) == date(2026, 12, 9)
    with pytest.raises(InputError, match="the nearest is 2026-10-28"):
        rates._wanted("2026-11-01", days)
    for value in (-2.0, 25.0, None):
        assert rates._checked_effr(value) == value
    for value in (-2.01, 25.01):
        with pytest.raises(OutOfRangeError):
            rates._checked_effr(value)


def test_a_meeting_asked_for_on_its_own_day_is_not_yet_held(monkeypatch: Patch) -> None:
    monkeypatch.setattr("engine.macro.fedwatch.held_by", lambda as_of: "by rule")
    assert rates._held_by(NOW, DAY, DAY) == date(2026, 11, 23)
    for wanted in (None, date(2026, 11, 25), date(2026, 11, 23)):
        assert rates._held_by(NOW, DAY, wanted) == "by rule"


def test_what_was_said_on_a_morning_stands_above_what_would_have_been(monkeypatch: Patch) -> None:
    given: list[Any] = []
    made = Thing(
        features=Thing(sessions_on=[date(2026, 11, 23), DAY]),
        evaluation=Thing(target_weight=[1.0, 0.5]),
    )

    def assessed(store: Any, config: Any, at: Any) -> Any:
        given.append((store, config, at))
        return made

    monkeypatch.setattr("engine.service.wiring.assessment_at", assessed)
    monkeypatch.setattr(
        "engine.service.morning.past_decisions",
        lambda store, config, at: [{"acts_on": "2026-11-24", "target_weight": 0.25}],
    )
    found = holding._kept("store", "config", NOW)  # type: ignore[arg-type]
    assert found == {date(2026, 11, 23): 1.0, DAY: 0.25}
    assert given == [("store", "config", NOW)]


def test_a_release_that_is_assumed_is_told_before_and_after(tmp_path: Path) -> None:
    before: Any = Thing(decision=decision(), world=Thing(as_of=NOW))
    after: Any = Thing(decision=replace(decision(), verdict="SELL", exit_below=-0.2))
    told = whatif._plain(before, after, rating())
    assert (told["hypothetical"], told["as_of"], told["rating"]) == (True, NOW, rating())
    assert (told["before"]["decision"], told["after"]["decision"]) == ("HOLD", "SELL")
    assert (told["before"]["margin"], told["before"]["stance"]) == (decision().margin, "HOLD")
    check("cli_whatif", whatif_said.text_of(before, after, rating(), EN).splitlines())
    with pytest.raises(NvsignalError, match="cannot read"):
        whatif._read(tmp_path / "none")
    (tmp_path / "l1").write_bytes(b"caf\xe9")
    with pytest.raises(InputError, match="not UTF-8"):
        whatif._read(tmp_path / "l1")
    for size in (whatif.MAX_BYTES, whatif.MAX_BYTES + 1):
        (tmp_path / "big").write_bytes(b"x" * size)
        if size == whatif.MAX_BYTES:
            assert len(whatif._read(tmp_path / "big")) == size
    with pytest.raises(InputError, match="larger than"):
        whatif._read(tmp_path / "big")
