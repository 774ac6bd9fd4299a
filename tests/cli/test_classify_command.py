"""``nvsignal classify``: from file, from standard input, in training, on bad and hostile input."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from engine.cli.commands import classify as command
from engine.cli.main import build
from engine.errors import InputError
from engine.report.i18n import voice
from engine.service import classifier
from tests.french import english_in

KEYS = [
    "headline", "event_type", "direction", "actor", "stage", "confidence", "abstained",
    "relevant", "unread", "language", "mood", "cue", "weighs", "spans",
]  # fmt: skip
ROWS = "headline,event_type,direction,lang,synthetic,event_group,actor,stage\n" + "".join(
    f"{text} {i},{kind},{sense},en,true,{kind}{i},,announced\n"
    for i in range(4)
    for text, kind, sense in (
        ("US bans H20 exports to China", "export_restriction", "-1"),
        ("US allows H20 exports to China", "export_relief", "+1"),
        ("Football cup draw made", "irrelevant", "0"),
    )
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    (folder / "headlines.csv").write_text(ROWS, encoding="utf-8")
    return folder


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("NVSIGNAL_DATA", str(home / "data"))

    def call(*words: str, stdin: bytes | None = None) -> str:
        if stdin is not None:
            source = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
            monkeypatch.setattr("sys.stdin", source)
        build()(args=["classify", *words, "--config", str(home)], standalone_mode=False)
        return capsys.readouterr().out

    return call


def test_a_headline_in_quotes_is_read_itself(run, tmp_path: Path, monkeypatch) -> None:
    (row,) = json.loads(run("US bans H20 exports to China", "--json"))
    assert (row["headline"], row["direction"]) == ("US bans H20 exports to China", -1)
    assert json.loads(run("China " * 400, "--json"))[0]["headline"].startswith("China China")

    monkeypatch.chdir(tmp_path)
    Path("my news.txt").write_text("Football cup draw\n", encoding="utf-8")
    assert json.loads(run("my news.txt", "--json"))[0]["headline"] == "Football cup draw"
    with pytest.raises(InputError, match="nosuch"):
        run("nosuch.txt")


def test_json_has_the_documented_keys_in_order(run, tmp_path: Path) -> None:
    path = tmp_path / "news.txt"
    path.write_text("US bans H20 exports\n\nFootball cup draw\n", encoding="utf-8")
    found = json.loads(run(str(path), "--json"))
    assert [list(row) for row in found] == [KEYS, KEYS]
    assert [row["event_type"] for row in found] == ["export_restriction", "irrelevant"]
    assert [row["direction"] for row in found] == [-1, 0]
    span = next(s for s in found[0]["spans"] if s["code"] == "restrict")
    assert found[0]["headline"][span["start"] : span["end"]] == span["text"] == "bans"


def test_standard_input_and_a_headline_column_say_the_same(run, tmp_path: Path) -> None:
    path = tmp_path / "news.csv"
    path.write_text('date,Headline\n2025-01-01,"US bans H20 exports"\n', encoding="utf-8")
    piped = json.loads(run("--json", stdin=b"US bans H20 exports\n"))
    assert json.loads(run(str(path), "--json")) == piped
    assert json.loads(run("-", "--json", stdin=b"headline,x\nUS bans H20 exports,1\n")) == piped


def test_the_table_fits_eighty_columns(run) -> None:
    shown = run(stdin=b"US bans H20 exports to China " + b"and so on " * 20)
    assert max(map(len, shown.splitlines())) <= 80
    assert "Export restriction" in shown


def test_hostile_text_reaches_no_terminal(run) -> None:
    hostile = "US bans H20 \x1b[31m\x07\u202e [red]exports[/red] </script>\u200b"
    table = run(stdin=hostile.encode())
    data = run("--json", stdin=hostile.encode())
    for shown in (table, data):
        assert not any(c in shown for c in "\x1b\x07\u202e\u200b")
    assert "[red]" in " ".join(table.split())
    assert run("--json", stdin=b"\xff\xfe US bans \x00 H20\n")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.txt", None, "no file"),
        ("empty.txt", b"", "no headlines in"),
        ("blank.txt", b"\n \n\t\n", "no headlines in"),
        ("other.csv", b"a,b\n1,2\n", "no column 'headline'.*'a', 'b'"),
        ("void.csv", b"", "no column 'headline'"),
    ],
)
def test_bad_input_is_one_clear_error(
    run, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        run(str(path))


def test_a_folder_report_or_config_in_the_wrong_place_is_refused(run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        run(str(tmp_path))
    with pytest.raises(InputError, match="classify train"):
        run("--report", "x.md", stdin=b"x\n")
    with pytest.raises(InputError, match="not a folder"):
        build()(args=["classify", "--config", str(tmp_path / "none")], standalone_mode=False)
    with pytest.raises(InputError, match="there is no folder"):
        run("train", "--report", str(tmp_path / "no" / "x.md"))


def test_train_reports_figures_and_a_confusion_matrix(run, tmp_path: Path) -> None:
    report = tmp_path / "cv.md"
    figures = json.loads(run("train", "--json", "--report", str(report)))
    assert figures["rows"] == 12
    assert sum(map(sum, figures["confusion"])) == 12
    assert len(figures["types"]) == len(figures["confusion"]) == 19
    text = report.read_text(encoding="utf-8")
    assert "| macro-F1 over all types |" in text
    assert "Rows are true types" in text
    assert max(map(len, run("train").splitlines())) <= 81


def test_headlines_and_training_answer_in_french(run, tmp_path: Path) -> None:
    """Table, figures and the report of a training; JSON keeps its words."""
    given = b"US bans H20 exports to China\nChina may ban H20 exports\nFootball cup draw\n"
    table = run("--lang", "fr", stdin=given)
    assert "Restriction d’exportation" in table
    assert "en vigueur" in table or "annonc" in table
    headlines = re.compile("|".join(line for line in given.decode().splitlines()))
    assert english_in(headlines.sub(" ", table)) == []
    assert run("--json", stdin=given) == run("--json", "--lang", "fr", stdin=given)

    report = tmp_path / "cv.md"
    told = run("train", "--lang", "fr", "--report", str(report))
    assert english_in(told) == []
    assert max(map(len, told.splitlines())) <= 81
    assert english_in(re.sub(r"“.*”|`.*?`", " ", report.read_text("utf-8"))) == []


def test_learning_is_told_in_french(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classifier.load_classifier(tmp_path, home, voice("fr"))
    told = capsys.readouterr().err
    assert told.startswith("nvsignal: apprentissage")
    assert english_in(told) == []


def test_the_model_is_kept_under_the_hash_of_what_made_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = classifier.load_classifier(tmp_path, home)
    (kept,) = (tmp_path / "models").glob("*.npz")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("fitted again")

    with monkeypatch.context() as patch:
        patch.setattr("engine.news.classify.fit", never)
        again = classifier.load_classifier(tmp_path, home)
    headlines = ["US bans H20 exports", "rain"]
    assert again.classify(headlines) == first.classify(headlines)
    kept.write_bytes(b"PK not a model")
    assert classifier.load_classifier(tmp_path, home).key == first.key
    (home / "headlines.csv").write_text(ROWS.replace("Football", "Rugby"), encoding="utf-8")
    other = classifier.load_classifier(tmp_path, home)
    (home / "headlines.csv").write_text(ROWS, encoding="utf-8")
    assert other.key != first.key
    assert len(list((tmp_path / "models").glob("*.npz"))) == 2


def test_a_folder_that_cannot_be_written_costs_only_a_fit(home: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    assert classifier.load_classifier(blocked, home).classify(["US bans H20"])


def test_a_labelled_file_without_a_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "headlines.csv").write_text("headline,event_type\nx,rates\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column 'direction'"):
        classifier.load_classifier(tmp_path, tmp_path)


def test_more_headlines_than_the_bound_are_refused(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "MAX_HEADLINES", 1)
    with pytest.raises(InputError, match="more than 1 headlines"):
        run(stdin=b"a\nb\n")
