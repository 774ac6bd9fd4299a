"""Not one English word on a French page, names aside; a scan, with the words it looks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.cli.main import build
from engine.report.render import FORMS, render
from tests.french import english_in, english_only, names, of_html
from tests.service.test_seed_case import seed_report
from tests.web.site import ORIGIN, TOKEN, Site, Visitor, browser, make_site, token_of

PAGES = (
    "/", "/archive", "/archive?as_of=2025-03-14", "/archive?as_of=1890-01-01", "/feeds",
    "/releases", "/releases?as_of=2023-02-01", "/backtest", "/compare", "/compare?left=nobody",
    "/rules?preset=balanced", "/rules?preset=nobody", "/jobs/none", "/nowhere",
    "/archive/file/none.html", "/stress?as_of=2030-01-01", "/stress?as_of=soon", "/track",
    "/track?as_of=2024-03-01", "/track?as_of=soon",
)  # fmt: skip
COMMANDS = (
    "track", "track --strategy cautious", "rate", "rate --all", "rate R1", "rate R1 DeepSeek-V2",
    "rate --calibration", "rate R1 --calibration", "study", "study --types capex_cut,model_release",
    "stress --preset balanced", "risk --to", "events --days 60", "explain", "report --offline",
    "report --offline --format md", "doctor", "rate --as-of 2023-01-01",
)  # fmt: skip
WRITTEN = (
    "rate --html",
    "rate --calibration --html",
    "study --types capex_cut,model_release --html",
    "backtest --strategy cautious --html",
)
"""Commands that write a page."""
REFUSED = (
    "track --as-of soon", "rate --as-of 2030-01-01", "rate Nobody", "rate R1 R1 R1", "rate V2",
    "holding", "study --types nothing", "study --window 1", "report --as-of 1990-01-01 --offline",
    "explain --strategy nobody", "rate --html /nowhere/x.html",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = make_site(tmp_path_factory.mktemp("french"))
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def reader(site: Site) -> Iterator[Visitor]:
    with browser(site.app()) as opened:
        opened.headers["accept-language"] = "fr"
        yield opened


def test_the_scan_knows_english_and_lets_names_and_french_pass() -> None:
    assert len(english_only()) > 800
    assert {"the", "with", "price", "score"} - english_only() == {"score"}
    assert english_in("Le score de DeepSeek-R1, selon « the press of Reuters »") == []
    assert english_in("Le score was lower") != []
    assert english_in(of_html("<p>Menace</p><a title='good for NVDA'>x</a>".replace("'", '"')))
    assert names().search("Huawei Ascend 910C")


@pytest.mark.parametrize("form", sorted(FORMS))
def test_the_report_is_french_in_every_form(form: str) -> None:
    text = render(seed_report(), form, "fr")
    if form != "json":  # keys for programs, in English whatever the reader's language
        assert english_in(of_html(text) if "<" in text[:5] else text) == []


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_french(reader: Visitor, path: str) -> None:
    told = reader.get(path, headers={"accept": "text/html"})

    assert 'lang="fr"' in told.text or path.startswith("/rules")
    assert english_in(of_html(told.text)) == []


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/rules/check", {"rules": "x ="}),
        ("/rules/check", {"rules": "[decision]\nexit_below = 'x'\n"}),
        ("/rules/save", {"rules": "", "name": "Not A Name"}),
        ("/backtest", {"preset": "balanced", "first": "soon", "last": "2025-01-01"}),
        ("/backtest", {"preset": "balanced", "spread_bps": "x"}),
        ("/backtest", {"left": "balanced", "right": "balanced"}),
        ("/backtest", {"csrf": "old"}),
    ],
)
def test_what_the_page_refuses_it_refuses_in_french(
    reader: Visitor, path: str, form: dict[str, str]
) -> None:
    sent = {"csrf": token_of(reader), **form}
    told = reader.post(path, data=sent, headers={"origin": ORIGIN, "accept": "text/html"})

    assert told.status_code >= 400
    assert english_in(of_html(told.text)) == []


def test_the_door_speaks_french(site: Site) -> None:
    with browser(site.app(TOKEN)) as stranger:
        stranger.headers["accept-language"] = "fr"
        told = stranger.get("/login")
        assert english_in(of_html(told.text)) == []


@pytest.mark.long
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_with_a_language_answers_in_french(site: Site, command: str) -> None:
    asked = [*command.split(), "--lang", "fr", "--config", str(site.folder)]
    if command.startswith("risk"):
        asked.insert(2, "2025-08-22")
    elif "--as-of" not in command and command != "doctor":
        asked += ["--as-of", "2025-08-22"]
    done = CliRunner().invoke(build(), asked)

    assert done.exit_code == 0, done.output
    assert english_in(done.stdout) == []


@pytest.mark.long
@pytest.mark.parametrize("command", WRITTEN)
def test_every_page_that_a_command_writes_is_french(
    site: Site, command: str, tmp_path: Path
) -> None:
    asked = [*command.split(), str(tmp_path / "x.html"), "--lang", "fr"]
    if not command.startswith("backtest"):
        asked += ["--as-of", "2025-08-22"]
    done = CliRunner().invoke(build(), [*asked, "--config", str(site.folder)])

    assert done.exit_code == 0, done.output
    assert english_in(of_html((tmp_path / "x.html").read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("command", REFUSED)
def test_every_such_command_refuses_in_french(
    site: Site, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from engine.cli.main import main

    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--lang", "fr", "--config", str(site.folder)])

    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("nvsignal: ")
    assert english_in(told) == []


def test_two_presets_side_by_side_say_what_each_keeps_as_the_report_does(reader: Visitor) -> None:
    """Cautious keeps half of it that evening: that is no plain HOLD."""
    told = reader.get("/compare?left=balanced&right=cautious").text

    assert ">Conserver<" in told
    assert ">Réduire<" in told
