"""Names in the configuration are held to what there is: types, collectors, options, features."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.events import EventWeights
from config.feeds import FeedsConfig
from config.schema import read_file
from config.settings import PACKAGED, Settings
from config.strategy import StrategyFile
from config.tables import SHEETS
from config.threat import ESTIMATES
from engine.cli.main import build
from engine.errors import ConfigError, InputError, UnknownNameError
from engine.service import bind
from engine.service.bind import (
    blend_of,
    contradicting_hours,
    event_problems,
    feed_problems,
    find_strategy,
    load,
    warnings,
)
from strategies.trend import Trend
from strategies.valuation_cap import ValuationCap
from tests.config.mutate import check

NOW = datetime(2026, 11, 29, tzinfo=UTC)
USER_STRATEGY = """
from strategies.base import Strategy
class Mine(Strategy):
    name = "mine"
    needs = frozenset({"vxi"})
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "config"
    shutil.copytree(PACKAGED, copy, ignore=shutil.ignore_patterns("__pycache__", "*.py", "facts"))
    return copy


def edited(folder: Path, name: str, old: str, new: str) -> str:
    """The check's problems, one a line, after one edit of one file."""
    if name.startswith("facts/") and not (folder / "facts").is_dir():
        shutil.copytree(PACKAGED / "facts", folder / "facts")
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return "\n".join(check(folder))


def line_of(folder: Path, name: str, part: str) -> int:
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    return next(n for n, line in enumerate(lines, 1) if part in line)


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("events.toml", "[policy.export_restriction]", "[policy.export_restricton]",
         "unknown event type 'export_restricton' (did you mean 'export_restriction'?)"),
        ("events.toml", "[domestic.price_war]", "[domestic.nonsense_type]",
         "unknown event type 'nonsense_type'"),
        ("events.toml", "[domestic.price_war]", "[domestic.regulatory_probe]",
         "stands under policy as well"),
        ("feeds.toml", "feeds.rss:RssCollector", "feeds.rss:RssColector",
         "unknown collector in feeds.rss 'RssColector' (did you mean 'RssCollector'?)"),
        ("feeds.toml", "feeds.rss:RssCollector", "feeds.rrs:RssCollector",
         "unknown module 'feeds.rrs' (did you mean 'feeds.rss'?)"),
        ("feeds.toml", "must_match = 'nvidia'", "must_mach = 'nvidia'",
         "unknown key 'must_mach' (did you mean 'must_match'?)"),
        ("feeds.toml", "must_match = 'nvidia'", "must_match = ['nvidia']",
         "must_match is not text"),
        ("feeds.toml", "must_match = 'nvidia'", "must_match = '(nvidia'", "is not a pattern"),
        ("feeds.toml", "agencies =", "agences =", "did you mean 'agencies'?"),
        ("feeds.toml", 'symbols = ["NVDA"]', "symbols = []", "symbols"),
        ("nvsignal.toml", 'strategy = "balanced"', 'strategy = "balancd"',
         "unknown strategy preset 'balancd' (did you mean 'balanced'?)"),
        ("strategies/balanced.toml", "strategies.trend:Trend", "strategies.base:Level",
         "unknown strategy in strategies.base 'Level'"),
        ("strategies/balanced.toml", "strategies.trend:Trend", "strategies.base:Strategy",
         "unknown strategy in strategies.base 'Strategy'"),
        ("strategies/balanced.toml", "strategies.trend:Trend", "strategies.trend:Trned",
         "did you mean 'Trend'?"),
        ("strategies/balanced.toml", "weight = 0.20", "weight = 20", "a number from 0 to 1"),
        ("facts/chip_events.csv", ",export_restriction,", ",export_restricton,",
         "event_type 'export_restricton' is no event type (did you mean 'export_restriction'?)"),
        ("facts/china_availability.csv", ",licence,", ",license,", "did you mean 'licence'?"),
        ("facts/rates_daily.csv", "dgs2_pct", "dsg2_pct", "no column 'dgs2_pct' (is 'dsg2_pct'"),
        ("facts/market_closes.csv", "2022-01-03", "2022-13-03", "is not a date"),
        ("facts/fomc_meetings.csv", ",decided,", ",decide,", "did you mean 'decided'?"),
        ("facts/release_updates.csv", "GPT-4o,", "GPT-4p,",
         "unknown model 'GPT-4p' (did you mean 'GPT-4o'?)"),
        ("facts/release_updates.csv", "usd_per_mtok,2.5", "usd_per_mtok,1e400",
         "is not a number"),
        ("facts/accelerators.csv", ",CN,", ",CH,", "country 'CH' is not one of CN, US"),
        ("facts/model_architectures.csv", ",gqa,", ",gqq,", "did you mean 'gqa'?"),
        ("facts/release_updates.csv", "GPT-4o,2024-08-06T23:59:59,price", "o1-mini\nGPT-4o,price",
         "1 cells under"),
    ],
)  # fmt: skip
def test_a_wrong_name_is_told_with_its_line(
    folder: Path, file: str, old: str, new: str, told: str
) -> None:
    """Each of these passed the check once and changed the decision, or broke the next command."""
    problems = edited(folder, file, old, new)
    place = f"{Path(file).name}:{line_of(folder, file, new.splitlines()[0])}: "

    assert told in problems
    assert place in problems or "csv:1:" in problems or "model_releases.csv:" in problems


def test_every_table_that_ships_has_its_sheet() -> None:
    assert {path.name for path in (PACKAGED / "facts").glob("*.csv")} == set(SHEETS)


def test_what_the_check_refuses_the_loader_refuses(folder: Path) -> None:
    """A command never starts on what the check calls wrong."""
    edited(folder, "events.toml", "[policy.export_restriction]", "[policy.export_restricton]")
    edited(folder, "feeds.toml", "must_match = 'nvidia'", "must_mach = 'nvidia'")
    with pytest.raises(ConfigError) as error:
        load(folder)

    assert len(error.value.problems) == 2


def test_a_strategy_that_needs_an_unknown_feature_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a KeyError in the middle of ``explain``."""
    (tmp_path / "mine_for_bind.py").write_text(USER_STRATEGY)
    monkeypatch.syspath_prepend(str(tmp_path))
    problems = edited(
        folder, "strategies/balanced.toml", "strategies.trend:Trend", "mine_for_bind:Mine"
    )

    assert "unknown feature needed by Mine 'vxi' (did you mean 'vix'?)" in problems


def test_problems_of_all_files_come_in_one_pass(folder: Path) -> None:
    """One line for each of six faults in six files."""
    for file, old, new in (
        ("events.toml", "[policy.export_restriction]", "[policy.export_restricton]"),
        ("feeds.toml", "must_match = 'nvidia'", "must_mach = 'nvidia'"),
        ("nvsignal.toml", 'language = "en"', 'language = "de"'),
        ("strategies/cautious.toml", "Fp8Threat", "Fp8Thread"),
        ("facts/fomc_meetings.csv", ",decided,", ",decide,"),
    ):
        edited(folder, file, old, new)
    (folder / "holding.toml").write_text("[[lots]]\nshares = -1\n")
    told = check(folder)

    for file in "events feeds nvsignal cautious fomc_meetings holding".split():
        assert any(line.startswith(file) for line in told), told
    assert len(told) == 8  # the lot also lacks its date and its cost


def test_tables_that_end_soon_are_noted(folder: Path) -> None:
    """Half a year before the Fed's calendar runs out; results and decisions that are overdue."""
    (fed,) = (line for line in warnings(folder, NOW) if "fomc" in line)
    assert fed.endswith("the meeting of 2026-10-28 was held; fill in its decision")
    late = warnings(folder, datetime(2027, 9, 1, tzinfo=UTC))

    assert any("the last meeting is that of 2027-12-08" in line for line in late)
    assert any("FY2027Q3 was reported on 2026-11-18" in line for line in warnings(folder, NOW))


def test_weights_that_are_no_shares_are_noted(folder: Path) -> None:
    assert not any("weights" in line for line in warnings(folder, NOW))
    assert edited(folder, "strategies/balanced.toml", "weight = 0.20", "weight = 0.02") == ""

    assert any("the weights add up to 0.82, not 1" in line for line in warnings(folder, NOW))


def test_a_report_after_the_open_is_noted(folder: Path) -> None:
    """Of a decision at 08:30 that acts at the open, told at 22:30."""
    assert not any("after the open" in line for line in warnings(folder, NOW))
    new = 'report_at = "22:30"'
    assert edited(folder, "nvsignal.toml", 'report_at = "08:30"', new) == ""
    (told,) = (line for line in warnings(folder, NOW) if "after the open" in line)

    line = line_of(folder, "nvsignal.toml", new)
    assert told.startswith(f"nvsignal.toml:{line}: ")
    assert "reports at 22:30 New York come after the open at which they act" in told


def test_the_command_says_both(folder: Path) -> None:
    done = CliRunner().invoke(build(), ["config", "check", "--config", str(folder)])

    assert done.exit_code == 0
    assert "every file is in order" in done.stdout


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("threat.toml", "published = -1.21", "published = -1.12", "has -1.21 of 2026-06-30"),
        ("threat.toml", "known_on = 2026-06-30, study", "known_on = 2026-06-29, study",
         "is -1.21 of 2026-06-29 here, and elasticity_estimates.csv has -1.21 of 2026-06-30"),
        ("threat.toml", 'study = "Recursive Institute article"', 'study = "Another"',
         "has no such study"),
        ("threat.toml", ", published = -1.21", "", "study and published belong together"),
        ("facts/elasticity_estimates.csv", "-1.21", "-1.3", "has -1.3 of 2026-06-30"),
    ],
)  # fmt: skip
def test_a_weighed_estimate_agrees_with_the_table_of_estimates(
    folder: Path, file: str, old: str, new: str, told: str
) -> None:
    assert told in edited(folder, file, old, new)


def test_a_list_of_no_sources_is_a_warning(folder: Path) -> None:
    assert not any("feeds.toml" in line for line in warnings(folder, NOW))
    (folder / "feeds.toml").write_text("", encoding="utf-8")
    assert any("feeds.toml names no source" in line for line in warnings(folder, NOW))


def test_an_estimate_of_demand_that_nothing_weighs_is_a_warning(folder: Path) -> None:
    shutil.copytree(PACKAGED / "facts", folder / "facts")
    path = folder / "facts" / "elasticity_estimates.csv"
    row = "2026-10-01,A newer study,demand,,-0.9,,,,market,printed,low,\n"
    path.write_text(path.read_text(encoding="utf-8") + row, encoding="utf-8")

    assert check(folder) == []
    (told,) = [w for w in warnings(folder, NOW) if "weighs" in w]
    assert "A newer study" in told


def test_feeds_found_sound_are_not_asked_again_until_a_stanza_changes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found sound is kept by stanzas and code; a fault told once is told each time."""
    (tmp_path / "data" / "derived").mkdir(parents=True)
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))
    asked: list[int] = []
    real = bind.feed_problems

    def counted(feeds: FeedsConfig, path: Path) -> list[str]:
        asked.append(len(feeds.feed))
        return real(feeds, path)

    monkeypatch.setattr(bind, "feed_problems", counted)
    load(folder)
    load(folder)
    assert len(asked) == 1

    path = folder / "feeds.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("feeds.rss:RssCollector", "feeds.rss:RssColector", 1))
    for _ in range(2):
        with pytest.raises(ConfigError):
            load(folder)
    path.write_text(text)
    monkeypatch.setattr("engine.service.receipt.code_version", lambda: "another")
    load(folder)
    assert len(asked) == 4


def test_without_a_data_folder_feeds_are_asked_each_time_and_none_is_made(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "none"))
    load(folder)

    assert not (tmp_path / "none").exists()


def test_a_collector_of_the_user_s_own_is_asked_each_time(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its code is no part of the program's: it may have changed since it was found sound."""
    (tmp_path / "data" / "derived").mkdir(parents=True)
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))
    monkeypatch.syspath_prepend(str(tmp_path))
    own = tmp_path / "mine_collects.py"
    own.write_text("from feeds.rss import RssCollector as Mine\n", encoding="utf-8")
    path = folder / "feeds.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("feeds.rss:RssCollector", "mine_collects:Mine", 1))
    asked: list[Path] = []
    monkeypatch.setattr(bind, "feed_problems", lambda _, told: asked.append(told) or [])

    for _ in range(2):
        load(folder)
    assert asked == [path, path]
    assert not (tmp_path / "data" / "derived" / "feeds.json").exists()


def test_without_the_table_of_estimates_that_alone_is_told(folder: Path) -> None:
    """Nothing weighs what is not there, and nothing is noted of it either."""
    missing = shutil.ignore_patterns(ESTIMATES)
    shutil.copytree(PACKAGED / "facts", folder / "facts", ignore=missing)

    assert check(folder) == [f"{ESTIMATES} is missing from '{folder / 'facts'}'"]
    assert not any("weighs" in line for line in warnings(folder, NOW))


def test_what_is_bound_stays_as_it_is(folder: Path) -> None:
    held = load(folder, "cautious")
    assert bind.bound(held) is held
    assert (held.folder, held.strategy_path) == (folder, folder / "strategies" / "cautious.toml")
    assert held.strategy.name == read_file(held.strategy_path, StrategyFile).name
    assert held.blend.rule == held.strategy.decision


def test_a_folder_without_a_preset_is_told_so(folder: Path) -> None:
    shutil.rmtree(folder / "strategies")
    found = check(folder)
    assert f"{folder / 'strategies'}: no strategy file" in found
    assert any("unknown strategy preset 'balanced'" in line for line in found)


def test_a_preset_that_is_not_there_is_told_at_its_line(folder: Path) -> None:
    told = "unknown strategy preset 'blanced' (did you mean 'balanced'?)"
    found = edited(folder, "nvsignal.toml", 'strategy = "balanced"', 'strategy = "blanced"')
    line = line_of(folder, "nvsignal.toml", 'strategy = "blanced"')
    assert found == f"nvsignal.toml:{line}: decision: {told}"


# --- each name by itself -------------------------------------------------------------------------


def told_at(report_at: str, decide_at: str) -> list[tuple[str, str]]:
    return list(
        contradicting_hours(
            Settings.model_validate(
                {"schedule": {"report_at": report_at}, "decision": {"decide_at": decide_at}}
            )
        )
    )


EARLY = "set [schedule] report_at to [decision] decide_at or later"
LATE = "set [schedule] report_at before 09:30"
OF_THE_OPEN = "reports at {0} New York come after the open at which they act"


@pytest.mark.parametrize(
    ("report_at", "decide_at", "told"),
    [
        ("08:30", "08:30", []),
        ("08:29", "08:30", [("reports at 08:29 do not know what comes in until 08:30", EARLY)]),
        ("09:29", "08:30", []),
        ("09:30", "08:30", [(OF_THE_OPEN.format("09:30"), LATE)]),
        ("09:31", "09:32", [("reports at 09:31 do not know what comes in until 09:32", EARLY),
                            (OF_THE_OPEN.format("09:31"), LATE)]),
    ],
)  # fmt: skip
def test_a_report_comes_between_its_decision_and_the_open(
    report_at: str, decide_at: str, told: list[tuple[str, str]]
) -> None:
    assert told_at(report_at, decide_at) == told


PRESET = """\
name = "made up"

[decision]
exit_below = -0.2
enter_above = 0.1
{valuation}
[[strategy]]
use = "strategies.trend:Trend"
weight = {weight}
params = {{ {params} }}

[[strategy]]
use = "{other}"
weight = 0.25
"""
OTHER = "strategies.valuation_cap:ValuationCap"


def preset(
    tmp_path: Path, *, params: str = "", other: str = OTHER, weight: str = "0.75",
    valuation: str = "",
) -> tuple[StrategyFile, Path]:  # fmt: skip
    """A file of two voices, Trend and another."""
    path = tmp_path / "mine.toml"
    text = PRESET.format(params=params, other=other, weight=weight, valuation=valuation)
    path.write_text(text, encoding="utf-8")
    return read_file(path, StrategyFile), path


def test_voices_are_bound_in_their_order_with_weights_and_parameters(tmp_path: Path) -> None:
    """What the file does not set is the strategy's default; an amount in words is in trillions."""
    valuation = f'[valuation]\nuse = "{OTHER}"\nparams = {{ ceiling_usd_tn = "4,5 trillion" }}\n'
    chosen, path = preset(tmp_path, params="scale_sd = 2", valuation=valuation)
    problems: list[str] = []
    blend = blend_of(chosen, path, problems)

    assert problems == []
    assert blend is not None
    assert [(type(v.strategy), v.weight) for v in blend.voices] == [
        (Trend, 0.75), (ValuationCap, 0.25)
    ]  # fmt: skip
    assert blend.voices[0].params == {
        **{name: param.default for name, param in Trend.params.items()}, "scale_sd": 2.0
    }  # fmt: skip
    assert all(type(value) is float for value in blend.voices[0].params.values())
    assert blend.valuation is not None
    assert blend.valuation.params["ceiling_usd_tn"] == 4.5
    assert (type(blend.valuation.strategy), blend.valuation.weight) == (ValuationCap, 0.0)
    assert (blend.rule, blend.risk) == (chosen.decision, None)
    plain, path = preset(tmp_path)
    unscaled = blend_of(plain, path, problems)
    assert unscaled is not None
    assert unscaled.valuation is None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"params": "scale_dv = 1"},
         ["mine.toml:10: strategy 'strategies.trend:Trend'.params: trend has no parameter "
          "'scale_dv'; did you mean 'scale_sd'?"]),
        ({"params": "scale_sd = 11"},
         ["mine.toml:10: strategy 'strategies.trend:Trend'.params: trend.scale_sd = 11; allowed: "
          "greater than 0 to 10 standard deviations"]),
        ({"params": f'scale_sd = "{"1" * 70}"'},
         ["mine.toml:10: strategy 'strategies.trend:Trend'.params: trend.scale_sd = "
          f"'{'1' * 60}' is text (write a number without quotes)"]),
        ({"params": 'ceiling_usd_tn = "4 trillion"'},
         ["mine.toml:10: strategy 'strategies.trend:Trend'.params: trend.ceiling_usd_tn = "
          "'4 trillion' is text (write a number without quotes)"]),
        ({"params": "scale_sd = 11, calm_vol_pct = 0"},
         ["mine.toml:10: strategy 'strategies.trend:Trend'.params: trend.scale_sd = 11; allowed: "
          "greater than 0 to 10 standard deviations",
          "mine.toml:10: strategy 'strategies.trend:Trend'.params: trend.calm_vol_pct = 0; "
          "allowed: greater than 0 to 300 % a year"]),
        ({"other": "strategies.trend:Trned", "params": "scale_sd = 11"},
         ["mine.toml:10: strategy 'strategies.trend:Trend'.params: trend.scale_sd = 11; allowed: "
          "greater than 0 to 10 standard deviations",
          "mine.toml:13: strategy 'strategies.trend:Trned': unknown strategy in strategies.trend "
          "'Trned' (did you mean 'Trend'?)"]),
        ({"valuation": '[valuation]\nuse = "strategies.trnd:Trend"\n'},
         ["mine.toml:7: valuation: cannot import 'strategies.trnd' (No module named "
          "'strategies.trnd') (did you mean 'strategies.trend'?)"]),
        ({"other": "strategies.trend:Trend"},
         ["mine.toml: strategy 'trend' is listed twice"]),
    ],
)  # fmt: skip
def test_a_preset_with_faults_is_told_them_all_and_binds_nothing(
    tmp_path: Path, given: dict[str, str], told: list[str]
) -> None:
    problems = ["one of another file"]
    assert blend_of(*preset(tmp_path, **given), problems) is None  # type: ignore[arg-type]
    assert problems == ["one of another file", *told]


UNSOUND = """
from strategies.base import Strategy

class Whole(Strategy):
    name, needs = "whole", frozenset({"vix"})

class Nameless(Strategy):
    needs = frozenset()

class Needless(Strategy):
    name = "needless"

class Hungry(Whole):
    needs = frozenset({"vix", "abc", *(f"x{n}" for n in range(9))})

here = Whole()
"""


def test_a_strategy_is_a_finished_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a name and needs that exist; the nearest that is one is named."""
    (tmp_path / "mine_unsound.py").write_text(UNSOUND, encoding="utf-8")
    (tmp_path / "mine_broken.py").write_text(f"raise RuntimeError('{'e' * 200}')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert find_strategy("mine_unsound:Whole").name == "whole"
    for name in ("Nameless", "Needless", "here", "Strategy", "Whoel", ""):
        with pytest.raises(UnknownNameError) as error:
            find_strategy(f"mine_unsound:{name}")
        assert (error.value.what, error.value.name) == ("strategy in mine_unsound", name)
    with pytest.raises(UnknownNameError) as error:
        find_strategy("mine_unsound:Whoel")
    assert error.value.suggestion == "Whole"
    with pytest.raises(UnknownNameError) as error:
        find_strategy("mine_unsound:Hungry")
    assert (error.value.what, error.value.name) == ("feature needed by Hungry", "abc")

    with pytest.raises(InputError) as broken:
        find_strategy("mine_broken:X")
    assert broken.value.message == f"cannot import 'mine_broken' ({'e' * 160})"
    assert broken.value.remedy is None
    with pytest.raises(InputError) as missing:
        find_strategy(f"{'q' * 90}:X")
    assert missing.value.message.startswith(f"cannot import '{'q' * 80}' (")


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ((0.75, 0.25), None),
        ((0.7451, 0.25), None),  # 0.9951: within half a point
        ((0.7449, 0.25), "0.9949"),
        ((0.7549, 0.25), None),
        ((0.7551, 0.25), "1.0051"),
        ((0.0, 0.25), "0.25"),
    ],
)
def test_weights_count_as_shares_within_half_a_point(
    tmp_path: Path, weights: tuple[float, float], told: str | None
) -> None:
    chosen, path = preset(tmp_path, weight=str(weights[0]))
    said = f"mine.toml:9: strategy 'strategies.trend:Trend': the weights add up to {told}, not 1; "
    found = bind._weight_warnings(chosen, path)
    assert found == ([] if told is None else [f"{said}each counts as its part of that"])


def test_types_of_events_exist_and_are_weighed_once(tmp_path: Path) -> None:
    """Each of the three tables, by the line of its heading."""
    rule = 'impulse_pct = 1.0\nsource = "made up"\n'
    names = ("policy.export_restriction", "policy.nonsense", "domestic.price_war",
             "domestic.export_restriction", "demand.price_war")  # fmt: skip
    path = tmp_path / "events.toml"
    path.write_text("".join(f"[{name}]\n{rule}" for name in names), encoding="utf-8")

    assert event_problems(read_file(path, EventWeights), path) == [
        "events.toml:4: policy: unknown event type 'nonsense'",
        "events.toml:10: domestic: 'export_restriction' stands under policy as well",
        "events.toml:13: demand: 'price_war' stands under domestic as well",
    ]


def test_collectors_and_their_options_are_told_by_stanza(tmp_path: Path) -> None:
    good = 'kind = "feeds.rss:RssCollector"\nurl = "https://a.example/rss"\n'
    path = tmp_path / "feeds.toml"
    path.write_text(
        f'[[feed]]\nname = "a"\n{good}'
        '[[feed]]\nname = "b"\nkind = "feeds.rss:Rss"\n'
        f'[[feed]]\nname = "c"\n{good}[feed.options]\nmust_match = 1\nmine = 1\n',
        encoding="utf-8",
    )
    found = feed_problems(read_file(path, FeedsConfig), path)

    assert sorted(line.partition(": ")[0] for line in found) == [
        "feeds.toml:13", "feeds.toml:14", "feeds.toml:7"
    ]  # fmt: skip
    assert found[0] == (
        "feeds.toml:7: feed 'b': unknown collector in feeds.rss 'Rss' "
        "(did you mean 'RssCollector'?)"
    )
    assert all(line.partition(": ")[2].startswith("feed 'c'.options: ") for line in found[1:])
