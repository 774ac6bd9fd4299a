"""Known answers of the models: hours, rules of tax, pooled evidence, places in a file."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from config.events import EventWeights, Impulse, StageFactors
from config.feeds import FeedConfig, FeedsConfig, load_feeds
from config.frozen import FROZEN_ON, unseen
from config.holding import Holding
from config.schema import (
    MAX_CONFIG_BYTES,
    FileFaults,
    _toml_message,
    faults_in,
    parse_toml,
    places,
    read_model,
    read_text,
)
from config.settings import (
    PACKAGED,
    ChannelSettings,
    DecisionSettings,
    DeliverySettings,
    Lags,
    QuietHours,
    Read,
    ScheduleSettings,
    Settings,
    TimestampSettings,
    config_folder,
    facts_folder,
    strategy_path,
    strategy_paths,
    user_folder,
)
from config.strategy import Rule, StrategyFile
from config.threat import (
    PolicyMix,
    Range,
    Spread,
    ThreatParameters,
    Uncertain,
    Uncertainties,
    estimate_problems,
    unweighed,
)
from config.whatif import WhatIf
from engine.errors import ConfigError, InputError, UnknownNameError
from engine.values import RELEASE_BOUNDS


def told(model: type[BaseModel], data: dict[str, Any]) -> list[tuple[Any, str]]:
    return faults_in(data, model)


# --- nvsignal.toml --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "clock", "quiet"),
    [
        ("22:00", "06:30", "21:59", False),
        ("22:00", "06:30", "22:00", True),
        ("22:00", "06:30", "00:00", True),
        ("22:00", "06:30", "06:29", True),
        ("22:00", "06:30", "06:30", False),
        ("12:00", "14:00", "11:59", False),
        ("12:00", "14:00", "12:00", True),
        ("12:00", "14:00", "13:59", True),
        ("12:00", "14:00", "14:00", False),
        ("12:00", "12:00", "12:00", False),
    ],
)
def test_quiet_hours_take_their_start_and_leave_their_end(
    start: str, end: str, clock: str, quiet: bool
) -> None:
    """Tokyo has no summer time: nine hours before UTC."""
    hours = QuietHours(start=start, end=end, zone="Asia/Tokyo")
    at = datetime.fromisoformat(f"2025-08-22T{clock}:00+09:00").astimezone(UTC)
    assert hours.covers(at) is quiet


def test_quiet_hours_follow_the_summer_of_their_zone() -> None:
    """20:30 UTC is 22:30 in Paris in July and 21:30 in January."""
    assert QuietHours().covers(datetime(2025, 7, 1, 20, 30, tzinfo=UTC))
    assert not QuietHours().covers(datetime(2025, 1, 1, 20, 30, tzinfo=UTC))


def test_durations_and_clock_times_are_those_of_the_file() -> None:
    lags = Lags(scheduled_minutes=7, approximate_hours=3, close_minutes=11)
    assert lags.scheduled == timedelta(minutes=7)
    assert lags.approximate == timedelta(hours=3)
    assert lags.close == timedelta(minutes=11)
    assert DecisionSettings(decide_at="07:05").clock_time == time(7, 5)
    assert ScheduleSettings(report_at="09:15").clock_time == time(9, 15)


def test_a_channel_has_one_address_and_a_name_of_its_own() -> None:
    for given in ({}, {"url_env": "A", "url_file": "b"}):
        assert told(ChannelSettings, {"name": "mail", **given})
    first, other = ({"name": n, "url_env": "A"} for n in ("mail", "push"))
    assert told(DeliverySettings, {"channel": [first, other]}) == []
    assert told(DeliverySettings, {"channel": [other, first, first]}) == [
        (("channel", 2), "two channels are called 'mail'")
    ]


def test_words_that_nobody_knows_name_the_nearest() -> None:
    """Alert kinds and time zones."""
    (kind,) = told(ChannelSettings, {"name": "a", "url_env": "A", "kinds": ["digets"]})
    (wake,) = told(QuietHours, {"wake_for": ["tripwir"]})
    (zone,) = told(QuietHours, {"zone": "Europe/Pariss"})
    assert "did you mean 'digest'?" in kind[1]
    assert "did you mean 'tripwire'?" in wake[1]
    assert "did you mean 'Europe/Paris'?" in zone[1]


def test_a_stamp_needs_roots_only_where_there_is_an_authority() -> None:
    assert told(TimestampSettings, {"url": "https://tsa.example"})
    assert told(TimestampSettings, {"url": "https://tsa.example", "roots_file": "a"}) == []
    assert told(TimestampSettings, {"roots_file": "a"}) == []


def test_the_folder_in_force_is_the_first_that_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given, then the variable, then ./config, then the user's own, then the program's."""
    for name in ("given", "named", "here/config", "home/nvsignal"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "nvsignal.toml").touch()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NVSIGNAL_CONFIG", str(tmp_path / "named"))
    assert config_folder(str(tmp_path / "given")) == tmp_path / "given"
    assert config_folder() == tmp_path / "named"
    monkeypatch.delenv("NVSIGNAL_CONFIG")
    assert config_folder().resolve() == tmp_path / "here" / "config"
    monkeypatch.chdir(tmp_path)
    assert config_folder() == tmp_path / "home" / "nvsignal" == user_folder()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nowhere"))
    assert config_folder() == PACKAGED
    for wrong in (str(tmp_path), "~nobody-of-that-name/x", "a\0b", "x" * 5000):
        with pytest.raises(InputError, match=r"no nvsignal\.toml") as error:
            config_folder(wrong)
        assert len(str(error.value)) < 400


def test_a_folder_with_tables_reads_its_own(tmp_path: Path) -> None:
    assert facts_folder(tmp_path) == PACKAGED / "facts"
    (tmp_path / "facts").mkdir()
    assert facts_folder(tmp_path) == tmp_path / "facts"


def test_a_preset_is_a_name_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "strategies").mkdir()
    for file in ("strategies/mine.toml", "strategies/other.toml", "beside.toml"):
        (tmp_path / file).touch()
    assert strategy_path(tmp_path, "mine") == tmp_path / "strategies" / "mine.toml"
    assert strategy_path(tmp_path, "other.toml") == tmp_path / "strategies" / "other.toml"
    assert strategy_path(tmp_path, "beside.toml") == tmp_path / "beside.toml"
    absolute = str(tmp_path / "beside.toml")
    assert strategy_path(tmp_path / "strategies", absolute) == Path(absolute)
    for wrong, kind in (("mien", UnknownNameError), ("a\0b", UnknownNameError),
                        ("none.toml", InputError)):  # fmt: skip
        with pytest.raises(kind):
            strategy_path(tmp_path, wrong)


def test_of_files_with_one_name_the_nearest_to_the_reader_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where he stands, then the folder, then its presets; a long name is cut where it is told."""
    here, folder = tmp_path / "here", tmp_path / "folder"
    places = (here / "a.toml", folder / "a.toml", folder / "strategies" / "a.toml")
    for path in places:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(here)
    for path in places:
        assert strategy_path(folder, "a.toml").resolve() == path
        path.unlink()
    with pytest.raises(InputError) as error:
        strategy_path(folder, f"{'x' * 210}.toml")
    assert error.value.message == f"no strategy file '{'x' * 200}'"
    assert strategy_paths(folder) == []
    for name in ("b", "a"):
        (folder / "strategies" / f"{name}.toml").touch()
    (folder / "strategies" / "notes.txt").touch()
    assert [path.name for path in strategy_paths(folder)] == ["a.toml", "b.toml"]


def test_a_folder_that_holds_nothing_is_told_cut(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        config_folder("x" * 5000)
    assert error.value.message == f"no nvsignal.toml in '{'x' * 200}'"
    with pytest.raises(InputError) as error:
        config_folder(str(tmp_path))
    assert error.value.message == f"no nvsignal.toml in '{tmp_path}'"


def test_a_scenario_may_include_another_and_not_itself(tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    head = 'name = "{0}"\nseverity = "mild"\nsource = "made up"\n'
    for name, includes in (("a", '["b"]'), ("b", '["b"]'), ("c", '["d"]')):
        text = head.format(name) + f"includes = {includes}\n"
        (tmp_path / "scenarios" / f"{name}.toml").write_text(text, encoding="utf-8")
    read = Read(tmp_path)

    (tmp_path / "scenarios" / "d2.toml").write_text("name = 1\n", encoding="utf-8")

    assert list(read.scenarios()) == ["a", "b", "c"]
    assert [p for p in read.problems if not p.startswith("d2.toml")] == [
        "b.toml: unknown scenario 'b' (did you mean 'b'?)",
        "c.toml: unknown scenario 'd' (did you mean 'd2'?)",
    ]
    assert read.holding() is None
    (tmp_path / "holding.toml").symlink_to(tmp_path / "gone.toml")  # a link that leads nowhere
    assert read.holding() is None
    assert read.problems[-1].startswith(f"{tmp_path}/holding.toml: cannot be read")


# --- holding.toml ---------------------------------------------------------------------------------

BELGIAN = {"year": 2020, "country": "BE", "gains_rate_pct": 10, "source": "made up"}
LATER = {**BELGIAN, "year": 2024, "gains_rate_pct": 12, "known_on": date(2023, 12, 1)}


@pytest.mark.parametrize(
    ("holding", "on", "rate_pct"),
    [
        ({"country": "FR"}, date(2017, 12, 31), None),
        ({"country": "FR"}, date(2018, 1, 1), 30.0),
        ({"country": "FR"}, date(2025, 12, 30), 30.0),  # the law was of the next day
        ({"country": "FR"}, date(2025, 12, 31), 31.4),
        ({"country": "DE"}, date(2025, 1, 1), None),
        ({}, date(2025, 1, 1), None),
        ({"tax": [BELGIAN, LATER]}, date(2019, 12, 31), None),
        ({"tax": [BELGIAN, LATER]}, date(2023, 12, 31), 10.0),
        ({"tax": [BELGIAN, LATER]}, date(2024, 1, 1), 12.0),
        ({"tax": [LATER, BELGIAN]}, date(2024, 1, 1), 12.0),
        ({"tax": [BELGIAN, {**BELGIAN, "country": "NL"}]}, date(2024, 1, 1), None),  # whose?
        ({"country": "BE", "tax": [BELGIAN, {**BELGIAN, "country": "NL"}]}, date(2024, 1, 1), 10.0),
        ({"country": "FR", "tax": [{**BELGIAN, "country": "FR"}]}, date(2024, 1, 1), 10.0),
    ],
)
def test_the_rule_of_a_sale_is_the_latest_that_was_known(
    holding: dict[str, Any], on: date, rate_pct: float | None
) -> None:
    rule = Holding.model_validate(holding).tax_rule(on)
    assert (None if rule is None else rule.gains_rate_pct) == rate_pct


def test_a_sale_takes_of_a_gain_what_rule_and_account_say() -> None:
    french = Holding(country="FR")
    rule = french.tax_rule(date(2024, 1, 1))
    assert french.tax_rate(rule) == pytest.approx(0.30)
    assert french.tax_rate(None) is None
    for account in ("deferred", "exempt"):
        other = Holding.model_validate({"country": "FR", "account_type": account})
        assert other.tax_rate(rule) == 0.0
        assert other.tax_rate(None) == 0.0


def test_what_is_withheld_of_a_dividend() -> None:
    assert Holding(country="FR").withholding_pct() == 15.0
    assert Holding(country="FR", dividend_withholding_pct=0.0).withholding_pct() == 0.0
    assert Holding(country="BE").withholding_pct() is None
    assert Holding().withholding_pct() is None


def test_accounts_have_their_french_names_and_no_pea() -> None:
    assert Holding.model_validate({"account_type": " CTO"}).account_type == "taxable"
    for name in ("PEA", "pea-pme"):
        ((_, why),) = told(Holding, {"account_type": name})
        assert "cannot be held in a PEA" in why


def test_a_second_rule_of_a_country_and_year_is_told_by_its_place() -> None:
    assert told(Holding, {"tax": [BELGIAN, LATER, dict(BELGIAN)]}) == [
        (("tax", 2), "a second rule for BE in 2020")
    ]
    assert told(Holding, {"tax": [BELGIAN, {**BELGIAN, "country": "NL"}]}) == []


# --- events.toml, feeds.toml, frozen.py ----------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "headline", "sign"),
    [(1, "chips barred", 1), (0, "chips barred", -1), (0, "AMD chips barred", 0), (-1, "AMD", -1)],
)
def test_the_usual_sign_is_taken_where_wording_gives_none(
    direction: Any, headline: str, sign: int
) -> None:
    rule = Impulse(impulse_pct=2, usual_sign=-1, unless=("amd", "intel"), source="made up")
    assert rule.sign_of(direction, headline) == sign


def test_a_size_is_the_larger_while_china_buys() -> None:
    rule = Impulse(impulse_pct=2, with_acceptance_pct=0.0, source="made up")
    alone = Impulse(impulse_pct=2, source="made up")
    assert (rule.size_pct(accepted=True), rule.size_pct(accepted=False)) == (0.0, 2.0)
    assert (alone.size_pct(accepted=True), alone.size_pct(accepted=False)) == (2.0, 2.0)


def test_a_stage_without_a_factor_counts_in_full() -> None:
    stages = StageFactors(rumour=0.25, reversed=0.75)
    assert [stages.of(s) for s in ("rumour", "reversed", "announced", "")] == [0.25, 0.75, 1, 1]
    assert EventWeights(policy={}, domestic={}).demand == {}


def stanza(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "feeds.rss:RssCollector", **more}


def test_stanzas_have_names_of_their_own_and_fall_back_on_another() -> None:
    data = {
        "hosts": {"Bad.Host": {"per_second": 1.0}, "good.host": {"per_second": 1.0}},
        "feed": [stanza("a"), stanza("a"), stanza("b", fallback="b"), stanza("c", fallback="a")],
    }
    assert told(FeedsConfig, data) == [
        (("hosts", "Bad.Host"), "is not a lower-case host name"),
        (("feed", 1), "the name is used twice"),
        (("feed", 2), "fallback = 'b' is no other stanza of this file"),
    ]


def test_feeds_are_named_in_the_order_of_the_file() -> None:
    held = FeedsConfig.model_validate({"feed": [stanza(n) for n in "abc"]})
    assert [f.name for f in held.named(["c", "a"])] == ["a", "c"]
    assert held.feeds == held.feed
    with pytest.raises(UnknownNameError):
        held.named(["a", "d"])
    assert FeedConfig.model_validate(stanza("a", label="The A")).source == "The A"
    assert FeedConfig.model_validate(stanza("a")).source == "a"
    assert load_feeds(PACKAGED / "feeds.toml").feeds


def test_the_frozen_day_was_seen_and_the_next_was_not() -> None:
    assert date(2025, 9, 30) == FROZEN_ON
    assert not unseen(date(2025, 9, 30))
    assert unseen(date(2025, 10, 1))


# --- whatif ---------------------------------------------------------------------------------------


def test_a_release_is_known_at_the_end_of_its_day_unless_said() -> None:
    plain = {"model": "A", "lab": "B", "released_on": date(2025, 9, 15)}
    fields = WhatIf.model_validate({"release": plain}).release.as_release_fields()
    assert fields["known_at"] == datetime(2025, 9, 15, 23, 59, 59, 999999, tzinfo=UTC)
    assert fields["country"] == "CN"
    at = datetime(2025, 9, 14, 8, tzinfo=UTC)
    said = WhatIf.model_validate({"release": {**plain, "known_at": at}})
    assert said.release.as_release_fields()["known_at"] == at


@pytest.mark.parametrize("name", RELEASE_BOUNDS)
def test_a_figure_of_a_release_is_held_to_its_bounds_in_its_own_place(name: str) -> None:
    """The bounds of a release apply to one that does not exist yet, and None to each."""
    least, most, open_low = RELEASE_BOUNDS[name]
    plain = {"model": "A", "lab": "B", "released_on": date(2025, 9, 15)}

    def places_of(value: float | None) -> list[Any]:
        return [place for place, _ in told(WhatIf, {"release": {**plain, name: value}})]

    assert places_of(most) == places_of(None) == []
    for value in (most * 1.5 + 1, least if open_low else least - 1):
        assert places_of(value) == [("release", name)]


@pytest.mark.parametrize("name", ["is_comparison", "price_elsewhere"])
def test_what_tables_tell_beside_a_release_is_not_assumed(name: str) -> None:
    plain = {"model": "A", "lab": "B", "released_on": date(2025, 9, 15)}
    ((place, why),) = told(WhatIf, {"release": {**plain, name: True}})
    assert place == ("release", name)
    assert why.startswith(f"unknown key '{name}'")


def test_figures_of_a_release_are_told_one_by_one_and_then_together() -> None:
    plain = {"model": "A", "lab": "B", "released_on": date(2025, 9, 15)}
    both = {**plain, "total_params_b": 10.0, "active_params_b": 20.0}
    ((place, why),) = told(WhatIf, {"release": both})
    assert place == ("release",)
    assert "exceeds total_params_b" in why
    assert told(WhatIf, {"release": {**plain, "total_params_b": 1e5}}) == []
    ((place, _),) = told(WhatIf, {"release": {**plain, "total_params_b": 1.1e5}})
    assert place == ("release", "total_params_b")


# --- threat.toml ----------------------------------------------------------------------------------


def span(low: float, mode: float, high: float, **more: Any) -> dict[str, Any]:
    return {"low": low, "mode": mode, "high": high, "source": "made up", **more}


def test_a_triangular_deviation_by_hand() -> None:
    """(0, 3, 6): (0 + 9 + 36 - 0 - 0 - 18) / 18 = 1.5; the same for logarithms."""
    assert Spread(low=0, mode=3, high=6, log_scale=False).sd == pytest.approx(math.sqrt(1.5))
    logs = Spread(low=1, mode=math.e**3, high=math.e**6, log_scale=True)
    assert logs.on_scale == pytest.approx((0, 3, 6))
    assert logs.sd == pytest.approx(math.sqrt(1.5))
    skewed = Spread(low=1, mode=2, high=6, log_scale=False)  # (1+4+36-2-6-12)/18
    assert skewed.sd == pytest.approx(math.sqrt(21 / 18))


def test_prior_and_evidence_are_pooled_by_precision() -> None:
    """By hand: prior N(3, 1.5), evidence N(6, 1.5 + 0.5^2 x 4 years = 2.5): precision 2/3 + 0.4,
    centre (2 + 2.4) / (16/15) = 4.125, reach sqrt(6 / (16/15)) = 2.3717; the ceiling is 6."""
    known = span(3, 6, 9, known_on=date(2020, 1, 1))
    later = span(0, 0, 0, known_on=date(2024, 1, 2))
    figure = Uncertain.model_validate(
        {"unit": "x", "drift": 0.5, "prior": span(0, 3, 6), "evidence": [later, known]}
    )
    found = figure.spread(date(2024, 1, 1))

    assert (found.low, found.mode, found.high) == pytest.approx((1.753292, 4.125, 6.0), abs=1e-6)
    assert found.log_scale is False
    assert figure.spread(date(2019, 12, 31)) == Spread(low=0, mode=3, high=6, log_scale=False)
    assert [k.known_on.year for k in figure.known_by(date(2024, 1, 2))] == [2020, 2024]
    assert len(figure.known_by(date(2020, 1, 1))) == 1


def test_the_floor_of_the_prior_holds_too() -> None:
    """Evidence far below: centre (2 + 0.4 x -0) / ... would reach under 0."""
    figure = Uncertain.model_validate(
        {
            "unit": "x",
            "prior": span(2, 3, 4),
            "evidence": [span(0, 0, 1, known_on=date(2020, 1, 1))],
        }
    )
    assert figure.spread(date(2024, 1, 1)).low == 2.0


def test_a_logarithmic_figure_is_pooled_in_logarithms() -> None:
    """(0, 1, 2) twice: precision 12, centre 1, reach sqrt(0.5)."""
    e = math.e
    figure = Uncertain.model_validate(
        {
            "unit": "x",
            "scale": "log",
            "prior": span(1, e, e**2),
            "evidence": [span(1, e, e**2, known_on=date(2020, 1, 1))],
        }
    )
    found = figure.spread(date(2024, 1, 1))
    reach = math.sqrt(0.5)
    expected = (math.exp(1 - reach), e, math.exp(1 + reach))
    assert (found.low, found.mode, found.high) == pytest.approx(expected)


def test_two_points_weigh_alike_and_move_within_a_hundredth() -> None:
    """A point has a precision of 1e8, no more."""
    figure = Uncertain.model_validate(
        {
            "unit": "x",
            "prior": span(0, 1, 2),
            "evidence": [span(1.5, 1.5, 1.5, known_on=date(2020, 1, 1))],
        }
    )
    found = figure.spread(date(2024, 1, 1))
    assert found.mode == pytest.approx(1.5, abs=1e-6)
    assert found.high - found.mode == pytest.approx(math.sqrt(6e-8), rel=1e-3)


def test_ranges_in_disorder_and_logarithms_of_nothing_are_told_by_place() -> None:
    assert told(Range, span(2, 1, 3))
    assert told(Range, span(1, 3, 2))
    assert told(Range, span(1, 1, 1)) == []
    data = {
        "unit": "x",
        "scale": "log",
        "prior": span(1, 1, 1),
        "evidence": [
            span(1, 1, 1, known_on=date(2020, 1, 1)),
            span(0, 1, 1, known_on=date(2020, 1, 1)),
        ],
    }
    text = "must be above 0 on a logarithmic scale"
    assert told(Uncertain, data) == [(("evidence", 1, "low"), text)]
    assert told(Uncertain, {**data, "scale": "linear"}) == []


def parameters() -> dict[str, Any]:
    return parse_toml(read_text(PACKAGED / "threat.toml"), "threat.toml")


def test_a_study_and_its_figure_come_together() -> None:
    for alone in ({"study": "A"}, {"published": -1.0}):
        found = told(Uncertain, {"unit": "x", "prior": span(1, 1, 1), "evidence": [
            span(1, 1, 1, known_on=date(2020, 1, 1), **alone)
        ]})  # fmt: skip
        assert found == [(("evidence", 0), "study and published belong together")]


@pytest.mark.parametrize("end", ["low", "mode", "high"])
def test_a_range_is_in_order_and_each_end_is_told(end: str) -> None:
    ends = {"low": 3.0, "mode": 3.0, "high": 3.0}
    assert told(Range, {**ends, "source": "made up"}) == []
    wrong = {**ends, end: 4.0 if end != "high" else 2.0}
    ((_, why),) = told(Range, {**wrong, "source": "made up"})
    said = "low {low:g}, mode {mode:g}, high {high:g} are not in order".format(**wrong)
    assert why == said


def test_a_share_above_one_is_told_by_place() -> None:
    data = parameters()["uncertain"]
    data["gross_margin"]["prior"]["high"] = 1.01
    assert told(Uncertainties, data) == [
        (("gross_margin", "prior", "high"), "1.01 is a share above 1")
    ]
    data["gross_margin"]["prior"]["high"] = 1.0
    assert told(Uncertainties, data) == []
    data["gross_margin"]["evidence"] = [
        span(0, 0.5, 1, known_on=date(2020, 1, 1)), span(0, 0.5, 1.5, known_on=date(2021, 1, 1))
    ]  # fmt: skip
    assert told(Uncertainties, data) == [
        (("gross_margin", "evidence", 1, "high"), "1.5 is a share above 1")
    ]


def test_every_figure_named_a_share_is_held_to_one() -> None:
    """Counts, prices, ratios and years may be larger; these may not."""
    shares = set()
    for name in Uncertainties.model_fields:
        data = parameters()["uncertain"]
        data[name] = {"unit": "x", "prior": span(0.5, 0.5, 1.01)}
        shares |= {name} if told(Uncertainties, data) else set()
    assert shares == {
        "gross_margin", "nvidia_share_if_free", "inference_share", "policy_persistence",
        "open_licence", "open_barred", "open_discouraged", "open_blocked", "carrying_share",
        "format_penalty_inference", "format_penalty_training", "directed_share",
        "training_prior", "inference_prior", "vendor_factor", "training_helps_inference",
        "one_stack_share", "compute_part", "efficiency_exposure", "supply_headroom",
        "buyer_funding_share", "capex_response", "novelty_life", "adoption_open",
        "adoption_closed", "input_token_share",
    }  # fmt: skip


MIX = {"known_on": date(2024, 1, 1), "free": 0.2, "licensed": 0.5, "barred": 0.3}


def test_a_mix_of_policies_is_whole() -> None:
    rest = {"accepted": 0.5, "source": "made up"}
    assert told(PolicyMix, {**MIX, **rest}) == []
    for change in ({"free": 0.2 + 1e-6}, {"licensed": 0.4}, {"barred": 0.4}):
        assert told(PolicyMix, {**MIX, **rest, **change})


def test_the_view_of_a_day_is_the_newest_known_by_it() -> None:
    data = parameters()
    rest = {"accepted": 0.5, "source": "made up"}
    older = {**MIX, **rest, "known_on": date(2023, 1, 1)}
    data["policy_mix"] = [{**MIX, **rest}, older]
    held = ThreatParameters.model_validate(data)
    days = (date(2022, 12, 31), date(2023, 1, 1), date(2023, 12, 31), date(2024, 1, 1))
    found = [held.policy_as_of(day) for day in days]
    assert [m and m.known_on.year for m in found] == [None, 2023, 2023, 2024]
    assert set(held.spreads(date(2025, 1, 1))) == set(Uncertainties.model_fields)
    assert held.benchmarks["lmarena"] is held.benchmarks.lmarena


def test_estimates_and_their_table_agree_row_by_row() -> None:
    held = ThreatParameters.model_validate(parameters())
    weighed = {row.study: row for _, f in held.uncertain.items() for row in f.evidence if row.study}
    table = [
        {
            "study": s,
            "known_on": r.known_on.isoformat(),
            "value": str(r.published),
            "scope": "market",
        }
        for s, r in weighed.items()
    ]
    assert table
    assert estimate_problems(held, table, "t") == []
    assert unweighed(held, table) == []
    extra = [{"study": "x", "scope": "market"}, {"study": "y", "scope": "not a demand elasticity"}]
    assert unweighed(held, [*table, *extra]) == ["x"]
    for change in ({"value": "9"}, {"value": "no number"}, {"known_on": "1999-01-01"}):
        assert estimate_problems(held, [{**table[0], **change}, *table[1:]], "t")
    missing = estimate_problems(held, table[1:], "t")
    assert missing
    assert all("has no such study" in line for line in missing)


def test_an_estimate_that_differs_is_told_with_both_figures() -> None:
    row = span(0.5, 1, 2, known_on=date(2024, 3, 1), study="A", published=-1.25)
    data = parameters()
    for figure in data["uncertain"].values():
        figure["evidence"] = []
    data["uncertain"]["elasticity"]["evidence"] = [row]
    held = ThreatParameters.model_validate(data)
    table = {"study": "A", "known_on": "2024-03-01", "value": "-1.25", "scope": "market"}
    head = "t: uncertain.elasticity: 'A' is -1.25 of 2024-03-01 here, and "

    assert estimate_problems(held, [table], "t") == []
    for changes, has in (
        ({"value": "-1.5"}, "-1.5 of 2024-03-01"),
        ({"known_on": "2024-03-02"}, "-1.25 of 2024-03-02"),
        ({"study": "B"}, "no such study"),
    ):
        assert estimate_problems(held, [{**table, **changes}], "t") == [
            f"{head}elasticity_estimates.csv has {has}"
        ]


# --- strategies -----------------------------------------------------------------------------------


def test_each_line_out_of_order_is_told_under_its_own_key() -> None:
    rule = {"exit_below": -0.2, "enter_above": -0.3, "reduce_below": -0.25}
    assert [place for place, _ in told(Rule, rule)] == [("exit_below",), ("reduce_below",)]
    figures = [re.findall(r"= (-?[\d.]+)", str(text)) for _, text in told(Rule, rule)]
    assert figures == [["-0.2", "-0.3"], ["-0.25", "-0.2"]]
    flat = {"exit_below": -0.2, "enter_above": -0.2, "reduce_below": -0.2}
    assert len(told(Rule, flat)) == 2
    assert told(Rule, {"exit_below": -0.2, "enter_above": -0.19, "reduce_below": -0.19}) == []


def test_a_file_of_a_strategy_has_a_voice() -> None:
    plain = {"name": "a", "decision": {"exit_below": -0.2, "enter_above": 0.1}}
    voice = {"use": "strategies.trend:Trend", "weight": 1.0}
    assert told(StrategyFile, {**plain, "strategy": [voice]}) == []
    assert told(StrategyFile, {**plain, "strategy": []})


# --- where a mistake stands -----------------------------------------------------------------------

TEXT = """\
name = "x"

[decision]
exit_below = -0.2
"quoted key".part = 1

[[feed]]
name = "first"
[feed.options]
org = "a"

[[feed]]
  name = 'second'
[[feed.rule]]
a = 1
[[feed.rule]]
b = 2
[feed.rule.deep]
"""


def test_each_key_and_table_has_its_line() -> None:
    assert places(TEXT) == {
        ("name",): 1,
        ("decision",): 3,
        ("decision", "exit_below"): 4,
        ("decision", "quoted key", "part"): 5,
        ("feed",): 7,
        ("feed", 0): 7,
        ("feed", 0, "name"): 8,
        ("feed", 0, "options"): 9,
        ("feed", 0, "options", "org"): 10,
        ("feed", 1): 12,
        ("feed", 1, "name"): 13,
        ("feed", 1, "rule"): 14,
        ("feed", 1, "rule", 0): 14,
        ("feed", 1, "rule", 0, "a"): 15,
        ("feed", 1, "rule", 1): 16,
        ("feed", 1, "rule", 1, "b"): 17,
        ("feed", 1, "rule", 1, "deep"): 18,
    }


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("name",), "f:1: bad"),
        (("decision", "exit_below"), "f:4: decision: bad"),
        (("decision", "missing"), "f:3: decision: bad"),
        (("feed", 0, "options", "org"), "f:10: feed 'first'.options: bad"),
        (("feed", 1, "nothing"), "f:12: feed 'second': bad"),
        (("feed", 1), "f:12: feed 'second': bad"),
        (("feed", 1, "rule", 1, "b"), "f:17: feed 'second'.rule 2: bad"),
        (("nowhere",), "f: bad"),
        (("nowhere", "deep"), "f: nowhere: bad"),
        ((), "f: bad"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_tables_around_it(
    place: tuple[str | int, ...], line: str
) -> None:
    assert FileFaults("f", TEXT).line(place, "bad") == line


def test_long_names_around_a_mistake_are_cut() -> None:
    text = f'[[feed]]\nname = "{"n" * 200}"\n[{"t" * 200}]\n'
    faults = FileFaults("f", text)
    assert faults.line(("feed", 0, "x"), "bad") == f"f:1: feed '{'n' * 64}': bad"
    assert faults.line(("t" * 200, "x"), "bad") == f"f:3: {'t' * 80}: bad"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[lags]\nclose_minutes = 2000",
         "f:2: lags: close_minutes = 2000 is not a number from 0 to 1440"),
        ("[schedule]\ncatch_up_sessions = 1.5",
         "f:2: schedule: catch_up_sessions = 1.5 is not a whole number from 0 to 30"),
        ("[report]\nfolder = 1", "f:2: report: folder = 1 is not text"),
        ('[report]\nlanguage = "de"', "f:2: report: language = 'de' is not en, fr"),
        ('[schedule]\nreport_at = "8:30"',
         "f:2: schedule: report_at = '8:30' is not a time of day such as 08:30"),
        ("[watch]\nallow_private = 1", "f:2: watch: allow_private = 1 is not true or false"),
        ("[delivery]\nchannel = 1", "f:2: delivery: channel = 1 is not a list"),
        ("report = 1", "f:1: report = 1 is not a table"),
        ('[decision]\nfirst_on = "x"',
         "f:2: decision: first_on = 'x' is not a date such as 2026-11-23"),
        ("[report]\nlanguag = 'en'",
         "f:2: report: unknown key 'languag' (did you mean 'language'?)"),
        ("[[delivery.channel]]\nurl_env = 'A'", "f:1: delivery.channel 1: name is missing"),
        ("[[delivery.channel]]\nname = 'a'\nurl_env = 'pass word'",
         "f:3: delivery.channel 'a': url_env"),
        (f'[timestamp]\nurl = "{"x" * 90}"', f"f:2: timestamp: url = '{'x' * 73}"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_with_what_is_allowed(text: str, said: str) -> None:
    """And a value where a password may stand is not repeated."""
    with pytest.raises(ConfigError) as error:
        read_model(text, Settings, "f")
    assert error.value.problems[0].startswith(said)
    assert "pass word" not in str(error.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"daily_vol_pct": 0}, "daily_vol_pct = 0 is not a number above 0 to 30"),
        ({"name": ""}, "name = '' is not text of 1 to 60 characters"),
        ({"name": [1]}, "name is not text of 1 to 60 characters"),
    ],
)
def test_bounds_are_told_as_the_schema_has_them(data: dict[str, Any], said: str) -> None:
    from config.scenario import Scenario

    plain = {"name": "x", "severity": "mild", "source": "made up"}
    assert [text for _, text in told(Scenario, {**plain, **data})] == [said]


@pytest.mark.parametrize(
    ("model", "data", "found"),
    [
        (Settings, {"lags": {"clos": 1}},
         [(("lags", "clos"), "unknown key 'clos' (did you mean 'close_minutes'?)")]),
        (Settings, {"delivery": {"channel": [{"name": "a", "url_env": "A", "kind": ["digest"]}]}},
         [(("delivery", "channel", 0, "kind"), "unknown key 'kind' (did you mean 'kinds'?)")]),
        (Settings, {"qqq": 1}, [(("qqq",), "unknown key 'qqq'")]),
        (Settings, {"k" * 70: 1}, [(("k" * 70,), f"unknown key '{'k' * 60}'")]),
        (Settings, {"delivery": {"channel": [{"url_env": "A"}]}},
         [(("delivery", "channel", 0, "name"), "name is missing")]),
        (Settings, {"delivery": {"channel": [{"name": "a"}]}},
         [(("delivery", "channel", 0),
           "channel 'a' needs url_env or url_file, one of the two")]),
        (Settings, {"delivery": {"channel": [1]}},
         [(("delivery", "channel", 0), "is not a table")]),
        (Settings, {"delivery": {"channel": [{"name": "a", "url_file": "x", "kinds": ["no"]}]}},
         [(("delivery", "channel", 0, "kinds"), "kinds: unknown alert kind 'no'")]),
        (Settings, {"report": {"folder": "x" * 5, "language": "x" * 90}},
         [(("report", "language"), f"language = '{'x' * 68} is not en, fr")]),
        (Settings, {"watch": {"ping_url_env": "no name"}},
         [(("watch", "ping_url_env"),
           "ping_url_env = 'no name': String should match pattern '^([A-Za-z_]\\w*)?$'")]),
        (Settings, {"timestamp": {"url": "https://a.example"}},
         [(("timestamp",), "timestamp: [timestamp] url needs roots_file, or "
           "nothing could be verified")]),
        (Holding, {"account_type": "pea"},
         [(("account_type",), "account_type = 'pea': a US share cannot be held in a PEA; write "
           '"taxable" for a CTO')]),
        (Holding, {"country": "fr"},
         [(("country",), "country = 'fr' is not a country in two letters, such as \"FR\"")]),
        (Holding, {"tax": [{"year": 1989}]},
         [(("tax", 0, "year"), "year = 1989 is not a whole number from 1990 to 2100"),
          (("tax", 0, "country"), "country is missing"),
          (("tax", 0, "gains_rate_pct"), "gains_rate_pct is missing"),
          (("tax", 0, "source"), "source is missing")]),
        (Holding, {"share_of_wealth_pct": 101},
         [(("share_of_wealth_pct",),
           "share_of_wealth_pct = 101 is not a number from 0 to 100")]),
        (FeedConfig, {"name": "A", "kind": "feeds.rss:Rss"},
         [(("name",), "name = 'A' is not lower-case letters, digits, - and _, at most 64")]),
        (FeedConfig, {"name": "a", "kind": "x"}, [(("kind",),
          "kind = 'x' is not \"module:Class\"")]),
        (WhatIf, {"release": {"model": "A", "lab": "B", "country": "US",
                              "released_on": date(2025, 9, 15)}},
         [(("release", "country"), "country = 'US' is not CN")]),
        (WhatIf, {"release": {"model": "A", "lab": "B", "released_on": date(2025, 9, 15),
                              "known_at": datetime(2025, 9, 15)}},  # noqa: DTZ001 - on purpose
         [(("release", "known_at"), "known_at = datetime.datetime(2025, 9, 15, 0, 0) is not an "
           "instant with its zone")]),
    ],
)  # fmt: skip
def test_each_fault_has_its_place_and_its_words(
    model: type[BaseModel], data: dict[str, Any], found: list[tuple[Any, str]]
) -> None:
    assert told(model, data) == found


def test_problems_come_in_the_order_of_the_lines() -> None:
    text = "[watch]\nallow_private = 1\n[report]\nfolder = 1\n[lags]\nclose_minutes = -1\n"
    with pytest.raises(ConfigError) as error:
        read_model(text, Settings, "f")
    assert [p.split(":")[1] for p in error.value.problems] == ["2", "4", "6"]


def test_what_stands_nowhere_comes_before_the_first_line() -> None:
    with pytest.raises(ConfigError) as error:
        read_model("name = 1", StrategyFile, "f")
    assert error.value.problems == (
        "f: decision is missing",
        "f: strategy is missing",
        "f:1: name = 1 is not text of 1 to 60 characters",
    )


def test_what_is_no_toml_is_told_with_line_and_column() -> None:
    """Python's words, cut; without a place of its own, what TOML wants."""
    with pytest.raises(ConfigError) as error:
        parse_toml("a = 1\nb = = 2", "f")
    assert error.value.problems == ("f:2: Invalid value (line 2, column 5)",)
    with pytest.raises(ConfigError) as error:
        parse_toml("a = " + "9" * 5_000, "f")
    (problem,) = error.value.problems
    said = problem.removeprefix("f: ").removesuffix("; TOML wants key = value, text in quotes")
    assert said.startswith("Exceeds the limit (4300 digits)")
    assert len(said) <= 160
    with pytest.raises(ConfigError) as error:
        parse_toml('a = "' + "x" * 300, "f")
    assert len(error.value.problems[0]) < 400


def test_long_words_about_what_is_no_toml_are_cut() -> None:
    """At 160 characters."""
    said = _toml_message(ValueError("w" * 170), "f")
    assert said == f"f: {'w' * 160}; TOML wants key = value, text in quotes"


def test_what_is_no_toml_names_its_line() -> None:
    for text, said in (
        ("a = 1\nb = = 2", "f:2: "),
        ("a = " + "[" * 100_000, "f: brackets nested too deep"),
        ("a = " + "9" * 5_000, "f: "),
    ):
        with pytest.raises(ConfigError) as error:
            parse_toml(text, "f")
        assert str(error.value).startswith(said)
        assert len(str(error.value)) < 260


def test_a_file_is_bounded_and_text(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    assert MAX_CONFIG_BYTES == 1_000_000
    path.write_bytes(b"\xef\xbb\xbf" + b"#" * 999_997)
    assert read_text(path) == "#" * 999_997  # without the mark of its byte order
    path.write_text("é" * 3, encoding="utf-8")
    assert read_text(path) == "ééé"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"#" * 1_000_001, "a.toml: larger than 1,000,000 bytes"),
        (b"\xff\xfe", "a.toml: is not UTF-8 text"),
        (None, "{path}: cannot be read (No such file or directory)"),
    ],
)
def test_a_file_that_is_no_text_says_why(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "a.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        read_text(path)
    assert error.value.problems == (said.format(path=path),)
    with pytest.raises(ConfigError, match=f"^{tmp_path}: is not a file$"):
        read_text(tmp_path)


@pytest.mark.parametrize(
    ("barred", "whole"), [(0.3, True), (0.3 + 9.5e-10, True), (0.3 + 1.05e-9, False)]
)
def test_where_policy_may_stand_adds_up_to_one(barred: float, whole: bool) -> None:
    given = {"known_on": date(2026, 1, 2), "free": 0.2, "licensed": 0.5, "barred": barred,
             "accepted": 0.5, "source": "thought on that day"}  # fmt: skip
    if whole:
        assert PolicyMix.model_validate(given).barred == barred
    else:
        with pytest.raises(ValidationError, match="add up to 1"):
            PolicyMix.model_validate(given)
