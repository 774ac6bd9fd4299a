"""Known answers of the commands: what words on the command line mean, and how figures are said."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import pytest

from config.feeds import FeedConfig, FeedsConfig
from engine.cli import address, answers, output, searches
from engine.cli.commands import (
    audit,
    classify,
    collect,
    cost,
    deliver,
    fp8,
    rate,
    rates,
    report,
    study,
)
from engine.cli.main import _given, build, main
from engine.cli.output import kept_output, to_json, write_out
from engine.cli.said import collect as said
from engine.errors import DataError, InputError, NvsignalError, StoreError, UnknownNameError
from engine.macro.sessions import load_sessions
from engine.report.i18n import voice
from engine.service.ingest import Ingested
from engine.shown import FeedState, SourceHealth
from feeds.collect import FeedResult, RoundSummary

EN = voice("en")

NOW = datetime(2025, 8, 22, 12, 31, tzinfo=UTC)

# --- the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "kept", "found"),
    [
        (["a", "--db", "postgresql://u:pw@h/d", "b"], ["a", "b"], "postgresql://u:pw@h/d"),
        (["--db=postgresql://u:pw@h/d"], [], "postgresql://u:pw@h/d"),
        (["--db", "postgresql://u@h/d"], ["--db", "postgresql://u@h/d"], ""),
        (["--db", "postgresql://h/d?password=x"], [], "postgresql://h/d?password=x"),
        (["--db", "postgresql://h/d?a=1&sslkey=x"], [], "postgresql://h/d?a=1&sslkey=x"),
        (["--db", "postgresql://u:pw@h/d", "--db", "sqlite:///a"], [], "sqlite:///a"),
        (["--db"], ["--db"], ""),
        (["x", "--dbx", "postgresql://u:pw@h/d"], ["x", "--dbx", "postgresql://u:pw@h/d"], ""),
    ],
)
def test_a_password_leaves_the_command_line(words: list[str], kept: list[str], found: str) -> None:
    assert address.without_password(words) == (kept, found)


def test_the_process_begins_anew_only_to_hide_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Any] = []
    monkeypatch.setattr("os.execv", lambda *given: begun.append(given))
    environment: dict[str, str] = {}
    monkeypatch.setattr("sys.orig_argv", ["python", "-m", "x", "--db", "sqlite:///a"])
    address.hide_password(environment)
    assert (begun, environment) == ([], {})
    monkeypatch.setattr("sys.orig_argv", ["python", "-m", "x", "--db", "postgresql://u:p@h/d"])
    address.hide_password(environment)
    assert environment == {"NVSIGNAL_DB": "postgresql://u:p@h/d"}
    assert begun[0][1][1:] == ["-m", "x"]


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["--lang", "fr"], "fr"), (["--lang=fr"], "fr"), (["--lang", "en", "--lang", "fr"], "fr"),
        (["--language", "fr"], None), ([], None), (["a", "--lang"], None),
    ],
)  # fmt: skip
def test_an_option_is_found_on_the_command_line(words: list[str], value: str | None) -> None:
    assert _given("--lang", words) == value


def test_one_command_is_registered_alone_unless_it_answers_for_all() -> None:
    def names(first: str) -> set[str]:
        app = build(first)
        named = {c.name or c.callback.__name__ for c in app.registered_commands if c.callback}
        return {str(n).replace("_", "-") for n in named}

    assert names("track") == {"track"}
    assert {"report", "track", "serve", "mcp"} <= names("serve") & names("mcp") & names("nonsense")
    assert names("") == names("--help")


def test_errors_end_with_their_code_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fp8", "decode", "--format", "nonsense", "/nowhere/x.csv"])
    assert ended.value.code in (1, 2)
    told = capsys.readouterr().err
    assert told.startswith("nvsignal: ")
    assert told.count("\n") == 1
    with pytest.raises(SystemExit) as ended:
        main(["track", "--as-of", "2025-13-01"])
    assert ended.value.code == 2


# --- what is printed ------------------------------------------------------------------------------


def test_output_ends_with_one_line_end_and_can_be_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_out("a")
    write_out("b\n")
    assert capsys.readouterr().out == "a\nb\n"
    with kept_output() as told:
        write_out("c")
        write_out("d\n")
    write_out("e")
    assert told == ["c\n", "d\n"]
    assert capsys.readouterr().out == "e\n"
    assert to_json({"b": "é", "a": 1}) == '{\n  "b": "é",\n  "a": 1\n}'


def test_a_closed_output_is_said_and_a_reader_that_left_ends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(output, "_give_up_output", lambda: None)
    monkeypatch.setattr("sys.stdout", output.ClosedOutput())
    with pytest.raises(StoreError, match="cannot write to standard output"):
        write_out("a")
    with pytest.raises(SystemExit) as ended, output.standard_output():
        raise BrokenPipeError
    assert ended.value.code == 141
    with pytest.raises(SystemExit) as ended, output.standard_output():
        raise SystemExit(3)
    assert ended.value.code == 3


def test_piped_input_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    def piped(content: bytes) -> None:
        monkeypatch.setattr("sys.stdin", Thing(buffer=io.BytesIO(content)))

    piped(b"12345")
    assert output.read_piped("it", at_most=5) == b"12345"
    piped(b"123456")
    with pytest.raises(InputError, match="it is larger than 5 bytes"):
        output.read_piped("it", at_most=5)
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(InputError, match="it cannot be read"):
        output.read_piped("it", at_most=5)


def test_remarks_and_unforeseen_errors_are_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output.remark("a\x1b[31mb")
    told = capsys.readouterr().err
    assert told.startswith("nvsignal: a")
    assert told.endswith("b\n")
    assert "\x1b" not in told
    monkeypatch.setenv("MY_TOKEN", "abcdefgh1")
    assert output.unexpected(ValueError("a\n b abcdefgh1")) == "unexpected ValueError: a b ***"
    assert output.unexpected(ValueError()) == "unexpected ValueError: no reason given"


# --- what programs may ask ------------------------------------------------------------------------


class Root:
    """Keeps what it is asked and prints it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.asked = error, list[list[str]]()

    def main(self, *, args: Any, standalone_mode: bool) -> None:
        assert standalone_mode is False
        self.asked.append(list(args))
        if self.error is not None:
            raise self.error
        write_out("{}")


@pytest.mark.parametrize(
    ("question", "asked", "words"),
    [
        ("report", {}, ["report", "--json", "--as-of=now", "--"]),
        ("report", {"as_of": "last", "strategy": "cautious"},
         ["report", "--json", "--as-of=last", "--strategy=cautious", "--"]),
        ("feeds", {}, ["feeds", "--json", "--"]),
        ("events", {"days": "3"}, ["events", "--json", "--as-of=now", "--days=3", "--"]),
        ("rate", {"models": "R1, V3"}, ["rate", "--json", "--as-of=now", "--", "R1", "V3"]),
        ("rate", {"models": ["R1"]}, ["rate", "--json", "--as-of=now", "--", "R1"]),
        ("rate", {"models": "x" * 130}, ["rate", "--json", "--as-of=now", "--", "x" * 120]),
        ("stress", {"as_of": ""}, ["stress", "--json", "--as-of=now", "--"]),
    ],
)  # fmt: skip
def test_a_question_is_the_command(question: str, asked: Any, words: list[str]) -> None:
    root = Root()
    assert answers.Answers(root=root)(question, asked) == "{}\n"
    assert root.asked == [words]


def test_record_configuration_and_rules_are_the_hosts_own() -> None:
    root = Root()
    ask = answers.Answers(root=root, db="sqlite:///a", config="/c", strategy="mine.toml")
    ask("track", {})
    assert root.asked[-1] == [
        "track", "--json", "--as-of=now", "--strategy=mine.toml", "--db=sqlite:///a",
        "--config=/c", "--",
    ]  # fmt: skip
    ask("track", {"strategy": "balanced"})
    assert "--strategy=balanced" in root.asked[-1]


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("daily", {}),
        ("feeds", {"as_of": "now"}),
        ("report", {"models": "R1"}),
        ("report", {"strategy": "/etc/x.toml"}),
        ("report", {"strategy": "-x"}),
        ("report", {"strategy": "x" * 62}),
        ("rate", {"models": "a,b,c"}),
        ("holding", {}),
    ],
)
def test_what_is_not_on_the_list_is_refused(question: str, asked: dict[str, str]) -> None:
    root = Root()
    with pytest.raises(InputError):
        answers.Answers(root=root)(question, asked)
    assert root.asked == []


def test_what_goes_wrong_inside_is_one_line() -> None:
    class RefusedError(Exception):
        def format_message(self) -> str:
            return "no such option"

    for error, kind, words in (
        (DataError("away"), DataError, "away"),
        (RefusedError(), InputError, "no such option"),
        (ValueError("x"), NvsignalError, "unexpected ValueError: x"),
    ):
        with pytest.raises(kind, match=words):
            answers.Answers(root=Root(error))("feeds", {})


# --- cost -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("14.8T", 14.8e12), ("900b", 900e9), ("1e6", 1e6), ("1e15", 1e15), (" 2 T ", 2e12),
     ("1.5e+9", 1.5e9)],
)  # fmt: skip
def test_tokens_in_words(text: str, tokens: float) -> None:
    assert cost.parse_tokens(text) == pytest.approx(tokens)
    for wrong in ("", "T", "999999", "1001T", "-5T", "1.2.3T", "5M", "1e999"):
        with pytest.raises(InputError):
            cost.parse_tokens(wrong)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.012345, "0.0123"), (1.0, "1"), (99.94, "99.9"), (99.96, "100"), (100.4, "100"),
     (1234.5, "1,230"), (123456.0, "123,000"), (999_999.0, "1,000,000"), (1e12, "1.00e+12"),
     (9.99e11, "999,000,000,000")],
)  # fmt: skip
def test_a_figure_has_three_digits(value: float, shown: str) -> None:
    assert cost._figure(value) == shown


def test_a_source_in_brief() -> None:
    assert cost._brief("one, two; three") == "one"
    assert cost._brief("x" * 60) == "x" * 60
    assert cost._brief("x" * 61) == "x" * 59 + "…"


# --- numbers of few bits --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1.5", 1.5), ("0x3f800000", 1.0), ("0Xbf800000", -1.0), ("-inf", -float("inf"))],
)
def test_a_number_is_decimal_or_bits(cell: str, value: float) -> None:
    assert fp8._number(cell) == value
    for wrong in ("0x3f8", "x", ""):
        with pytest.raises(ValueError, match="float32 bits"):
            fp8._number(wrong)


@pytest.mark.parametrize(
    ("text", "block"), [("32", 32), ("128x64", (128, 64)), ("tensor", None), ("999999", 999_999)]
)
def test_a_block_is_a_length_or_a_rectangle(text: str, block: Any) -> None:
    assert fp8._block(text) == block
    for wrong in ("", "x", "1x", "1x2x3", "1000000", "-1"):
        with pytest.raises(InputError):
            fp8._block(wrong)
    assert [fp8._byte(c) for c in ("7e", "0x7E", "f")] == [126, 126, 15]
    for wrong in ("100", "0x", "g"):
        with pytest.raises(ValueError, match="a byte"):
            fp8._byte(wrong)


def run_fp8(tmp_path: Path, text: str, *words: str) -> str:
    from typer.testing import CliRunner

    path = tmp_path / "in.csv"
    path.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(build("fp8"), ["fp8", words[0], str(path), *words[1:]])
    if done.exit_code:
        assert done.exception is not None
        raise done.exception
    return done.stdout


def test_codes_of_eight_bits_by_hand(tmp_path: Path) -> None:
    """E4M3: 1 is 0x38, 448 the largest 0x7e; more saturates, or is NaN where asked."""
    assert run_fp8(tmp_path, "value\n1\n448\n1000\n-0.5\n", "encode") == (
        "input,float32_hex,byte_hex,decoded\n1,0x3f800000,0x38,1.0\n448,0x43e00000,0x7e,448.0\n"
        "1000,0x447a0000,0x7e,448.0\n-0.5,0xbf000000,0xb0,-0.5\n"
    )
    told = run_fp8(tmp_path, "1000\n", "encode", "--overflow", "nonsaturate", "--json")
    assert json.loads(told)["rows"][0]["byte_hex"] == "0x7f"
    told = run_fp8(tmp_path, "other,float32_hex\nx,0x3f800000\n", "encode", "--format", "e5m2")
    assert told.splitlines()[1] == "0x3f800000,0x3f800000,0x3c,1.0"
    decoded = run_fp8(tmp_path, "byte_hex\n0x38\n7e\n", "decode")
    assert decoded == ("byte_hex,float32_hex,decoded\n0x38,0x3f800000,1.0\n0x7e,0x43e00000,448.0\n")


def test_a_table_is_quantized_block_by_block(tmp_path: Path) -> None:
    """Two blocks of two: the largest of each, 448 and 896, sets its power of two."""
    text = "a,b,c,d\n448,1,896,2\n"
    told = json.loads(run_fp8(tmp_path, text, "quantize", "--block", "2", "--json"))
    assert told["shape"] == [1, 4]
    assert told["codes_hex"] == [["0x7e", "0x38", "0x7e", "0x38"]]
    assert told["scales"] == [[127, 128]]
    assert told["reconstructed"] == [[448.0, 1.0, 896.0, 2.0]]
    assert told["clipped_share"] == 0.0
    lines = run_fp8(tmp_path, text, "quantize", "--block", "2").splitlines()
    assert lines[1] == "0,0,448.0,0x7e,0x7f,448.0"
    assert lines[4] == "0,3,2.0,0x38,0x80,2.0"


@pytest.mark.parametrize(
    ("command", "text", "said"),
    [
        ("encode", "other\n1\n", "no column 'value' or 'float32_hex'"),
        ("encode", "value\n1\nx\n", "line 3, column 'value': 'x'"),
        ("decode", "byte_hex\n100\n", "line 2"),
        ("quantize", "1,2\n3\n", "line 2: 1 cells where 2"),
        ("quantize", "a,b\n", "no numbers"),
        ("quantize", "a,b\n1,x\n", "line 2, column 2"),
    ],
)
def test_a_cell_that_is_none_is_named(tmp_path: Path, command: str, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        run_fp8(tmp_path, text, command)


# --- words of other commands ----------------------------------------------------------------------


def test_numbers_of_dates_and_windows() -> None:
    assert [audit._dates(t) for t in (" ALL ", "1", " 25 ")] == ["all", 1, 25]
    for wrong in ("0", "-1", "x", "1.5", ""):
        with pytest.raises(InputError):
            audit._dates(wrong)
    assert study._windows(None) == ((0, 0), (0, 1), (0, 5))
    assert study._windows(["-1,3", "0,10"]) == ((-1, 3), (0, 10))
    assert study._types("a, b,a,") == ("a", "b")
    for wrong in ("1", "a,b", "1,2,3", ""):
        with pytest.raises(InputError):
            study._windows([wrong])
    with pytest.raises(InputError):
        study._types(" , ")


@pytest.mark.parametrize(
    ("form", "out", "found"),
    [
        (None, None, "text"), (None, "a.html", "html"), (None, "a.HTM", "html"),
        (None, "a.txt", "text"), (None, "a.md", "md"), (None, "a.json", "json"),
        (None, "a.pdf", "text"), ("json", "a.html", "json"),
    ],
)  # fmt: skip
def test_a_form_is_asked_for_or_told_by_the_files_name(
    form: str | None, out: str | None, found: str
) -> None:
    assert report._format(form, Path(out) if out else None) == found
    with pytest.raises(UnknownNameError):
        report._format("pdf", None)


@pytest.mark.parametrize(("columns", "width"), [(10, 60), (60, 60), (100, 100), (500, 120)])
def test_a_report_is_sixty_to_a_hundred_and_twenty_wide(
    columns: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.get_terminal_size", lambda given: Thing(columns=columns))
    assert report._width() == width


def test_prices_of_contracts_as_typed() -> None:
    near = date(2025, 8, 22)
    assert rates._given_prices(["ZQU25=95.76", "zqv25=95.9"], near) == {
        date(2025, 9, 1): 95.76, date(2025, 10, 1): 95.9,
    }  # fmt: skip
    for wrong in (["ZQU25"], ["ZQU25=x"], ["ZQU25=95", "ZQU25=96"], ["ABC=95"], ["ZQU25=5"]):
        with pytest.raises(InputError):
            rates._given_prices(wrong, near)


def test_headlines_are_a_file_a_column_or_the_words_themselves(tmp_path: Path) -> None:
    assert classify.read_headlines(" Nvidia falls ") == ["Nvidia falls"]
    assert classify.read_headlines("台积电因地震停产") == ["台积电因地震停产"]
    for missing in ("头条.txt", "headlines", "头.csv"):
        with pytest.raises(InputError, match="there is no file"):
            classify.read_headlines(missing)
    lines = tmp_path / "h.txt"
    lines.write_text("\ufeffone\n\n two \n", encoding="utf-8")
    assert classify.read_headlines(str(lines)) == ["one", "two"]
    table = tmp_path / "h.csv"
    table.write_text("Source,Title\na,one\nb\nc,\n", encoding="utf-8")
    assert classify.read_headlines(str(table)) == ["one"]
    lines.write_text("headline,x\none,1\n", encoding="utf-8")
    assert classify.read_headlines(str(lines)) == ["one"]
    for content in ("", "\n \n"):
        lines.write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match="no headlines"):
            classify.read_headlines(str(lines))
    table.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column 'headline'"):
        classify.read_headlines(str(table))


# --- collecting -----------------------------------------------------------------------------------


def result(feed: str, status: Any, **changes: Any) -> FeedResult:
    return FeedResult(feed=feed, status=status, state=FeedState.OK, **changes)


def collected(*results: FeedResult, **told: int) -> Any:
    summary = RoundSummary(results=results, now=NOW, seconds=1.26049)
    return Thing(summary=summary, offline=False, ingested=Ingested(**told))


ROUND = (
    result("alpha", "new", new=1_234, changed=2, unchanged=3, seconds=0.98765),
    result("b", "unchanged", unchanged=7),
    result("c", "failed", why="c: it is away"),
    result("d", "deferred", why="later"),
    result("e", "not_due", why="due at 12:00"),
    result("f", "new", new=1, problems=("one line", "two")),
)


def test_a_round_in_words() -> None:
    text = said.summary_text(
        collected(*ROUND, classified=9, irrelevant=1, abstained=2, unread=3, archive=1, stories=1,
                  grown=1, releases=2, updated=1),
        EN,
    )  # fmt: skip
    assert text.splitlines() == [
        "feed   result       new  changed  same",
        "alpha  new        1,234        2     3",
        "b      unchanged      ·        ·     7",
        "c      failed         ·        ·     ·",
        "    it is away",
        "d      deferred       ·        ·     ·",
        "    later",
        "f      new            1        ·     ·",
        "    one line",
        "3 answered, 1 failed, 1 put off, 1 not due, in 1.3 s",
        "9 items read: 1 new story, 1 grown",
        "7 told nothing (2 unsure, 3 unread, 1 told already or too old)",
        "2 new model releases, 1 updated",
    ]
    for told, line in (
        ({"releases": 0, "updated": 2}, "0 new model releases, 2 updated"),
        ({"releases": 1, "updated": 0}, "1 new model release, 0 updated"),
    ):
        assert said.summary_text(collected(ROUND[1], **told), EN).splitlines()[-1] == line
    assert "model release" not in said.summary_text(collected(ROUND[1]), EN)
    waiting = said.summary_text(collected(ROUND[4]), EN)
    assert (
        waiting == "0 answered, 0 failed, 0 put off, 1 not due, in 1.3 s  (--force asks them too)"
    )


def test_a_round_for_programs() -> None:
    told = collect.summary_of(collected(*ROUND))
    assert told["totals"] == {
        "new": 1_235, "changed": 2, "unchanged": 10, "failed": 1, "deferred": 1, "not_due": 1,
    }  # fmt: skip
    assert told["seconds"] == 1.26  # to the millisecond
    assert told["feeds"][0] | {"why": ""} == {
        "feed": "alpha", "status": "new", "state": FeedState.OK, "new": 1_234, "changed": 2,
        "unchanged": 3, "why": "", "problems": [], "seconds": 0.988,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("statuses", "nothing"),
    [(("failed",), True), (("failed", "new"), False), (("failed", "unchanged"), False),
     ((), False), (("not_due",), False)],
)  # fmt: skip
def test_a_round_in_which_nothing_worked(statuses: tuple[str, ...], nothing: bool) -> None:
    done = collected(*(result(f"f{n}", s) for n, s in enumerate(statuses)))
    assert collect._nothing_worked(done) is nothing


def stanza(name: str, **changes: Any) -> FeedConfig:
    return FeedConfig.model_validate({"name": name, "kind": "feeds.rss:RssCollector", **changes})


def source(name: str, state: FeedState, tier: int = 2, **changes: Any) -> SourceHealth:
    given: dict[str, Any] = {
        "last_ok_at": None, "newest_at": None, "n_facts": 3, "note": "", "tier": tier,
    }  # fmt: skip
    return SourceHealth(name=name, state=state, **(given | changes))


def test_ill_sources_come_first_with_what_their_silence_costs() -> None:
    known = FeedsConfig(
        feed=(
            stanza("well"), stanza("ill", tier=1, fallback="well", when_silent="no news"),
            stanza("minor", tier=3, fallback="well"), stanza("off"), stanza("new"),
        )
    )  # fmt: skip
    health = [
        source("well", FeedState.OK, last_ok_at=NOW),
        source("minor", FeedState.ERROR, 3, note="no"),
        source("ill", FeedState.ERROR, 1, note="away"), source("new", FeedState.NEVER),
    ]  # fmt: skip
    due = {"well": NOW + timedelta(hours=1)}
    assert said.health_text(known, health, due, EN).splitlines() == [
        "feed   tier  state          last ok      next",
        "ill    1     error          never        never",
        "    away; meanwhile well; no news",
        "new    2     never reached  never        never",
        "minor  3     error          never        never",
        "    no",
        "well   2     up to date     08-22 12:31  08-22 13:31",
        "1 of 4 sources up to date; times are UTC",
    ]
    rows = collect.health_rows(known, health, due)
    assert [r["state"] for r in rows][3] == "off"
    assert rows[0]["next_due_at"] == NOW + timedelta(hours=1)
    assert (rows[1]["fallback"], rows[1]["when_silent"], rows[1]["entries"]) == (
        "well",
        "no news",
        3,
    )
    assert rows[3]["entries"] is None


def test_a_test_of_the_channels_in_words() -> None:
    found = {
        "tried": [
            {"channel": "mail", "reached": ["a"], "not_reached": {"b": "no"}, "error": ""},
            {"channel": "push", "reached": [""], "not_reached": {}, "error": ""},
            {"channel": "bad", "reached": [], "not_reached": {}, "error": "away"},
        ],
        "unusable": ["none"],
    }
    assert deliver._told(found, EN).splitlines() == [
        "mail: sent to a", "mail: not taken for b: no", "push: sent", "bad: NOT sent: away",
        "cannot be used: none",
    ]  # fmt: skip


# --- searches -------------------------------------------------------------------------------------


def test_the_best_sets_and_the_folds_as_tables() -> None:
    top = {"sharpe": 1.234, "final_equity": 2.0, "max_drawdown_pct": -12.34, "n_trades": 7,
           "params": {"decision.exit_below": -0.25, "trend.weight": 0.5}}  # fmt: skip
    result_ = {"top": [top], "n_left_out": 1_500, "spa_note": "skipped", "n_sets": 2_000}
    (part,) = searches.search_parts(result_, EN)
    table, left, note = part.blocks
    assert [c.text for c in table.rows[0]] == [  # type: ignore[attr-defined]
        "1.23", "2.000", "-12.3%", "7", "exit_below=-0.25, trend.weight=0.5",
    ]  # fmt: skip
    assert [c.number for c in table.columns] == [False, True, True, True, False]  # type: ignore[attr-defined]
    assert left.text == "1,500 sets left out: their thresholds make no rule."  # type: ignore[attr-defined]
    assert note.text == "skipped"  # type: ignore[attr-defined]
    assert part.title == "2,000 parameter sets, best by Sharpe ratio"
    (bare,) = searches.search_parts(result_ | {"n_left_out": 0, "spa_note": ""}, EN)
    assert len(bare.blocks) == 1
    fold = {"test_from": "2025-01-02", "test_to": "2025-03-31", "sharpe_in_sample": None,
            "final": 1.01, "params": {"decision.exit_below": -0.3}}  # fmt: skip
    (part,) = searches.fold_parts({"folds": [fold]}, EN)
    assert [c.text for c in part.blocks[0].rows[0]] == [  # type: ignore[attr-defined]
        "2025-01-02", "2025-03-31", "–", "1.0100", "exit_below=-0.3",
    ]  # fmt: skip


# --- names and days -------------------------------------------------------------------------------


def test_a_name_that_means_several_is_shown_in_part() -> None:
    names = [f"model-{n}" for n in range(rate.MOST_SHOWN + 2)]
    said = str(rate._several("m" * 70, names))
    assert said.startswith(f"'{'m' * 60}' begins {len(names)} names: model-0, ")
    assert f"model-{rate.MOST_SHOWN - 1} (+2)" in said
    assert "(+" not in str(rate._several("m", names[: rate.MOST_SHOWN]))


def test_the_market_reacts_in_the_session_in_which_it_could() -> None:
    """The day itself before the first session of the prices, and from the last close on."""
    sessions = load_sessions(date(2026, 11, 23), date(2026, 11, 25))
    close = datetime(2026, 11, 25, 21, tzinfo=UTC)
    for at, on in (
        (datetime(2026, 11, 22, 15, tzinfo=UTC), date(2026, 11, 22)),
        (datetime(2026, 11, 23, 15, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 11, 23, 22, tzinfo=UTC), date(2026, 11, 24)),
        (close - timedelta(seconds=1), date(2026, 11, 25)),
        (close, date(2026, 11, 25)),
        (close + timedelta(days=3), date(2026, 11, 28)),
    ):
        assert study._reacts_on(sessions, at) == on
