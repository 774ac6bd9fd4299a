"""The event study against slow definitions, simulation, other libraries and the known base rate."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date, time
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.stats
from typer.testing import CliRunner

from backtests import event_study as es
from engine.cli.commands.study import occasions, returns_of, studies
from engine.clock import at_new_york, parse_as_of
from engine.errors import InputError, OutOfRangeError, UnknownNameError
from engine.macro.sessions import load_sessions
from engine.record.history import History
from engine.record.readings import ACTIONS, BARS, Bar, CorporateAction
from engine.report.i18n import voice
from engine.service.bind import load
from engine.service.wiring import world_of
from feeds.facts import Lags, read_tables

CONFIG = Path(__file__).resolve().parents[2] / "config"
DAYS = tuple(date.fromordinal(date(2015, 1, 1).toordinal() + i) for i in range(4_000))


def series(n: int = 400, seed: int = 1, alpha: float = 0.001, beta: float = 1.4) -> es.Returns:
    """A firm that follows its market with noise of 2 % a session."""
    rng = np.random.default_rng(seed)
    market = rng.normal(0.0, 0.012, n)
    firm = alpha + beta * market + rng.normal(0.0, 0.02, n)
    market[0] = firm[0] = np.nan
    return es.Returns(
        sessions_on=DAYS[:n], firm=firm, market=market, firm_symbol="F", benchmark="M"
    )


def event(row: int, rating: float | None = None) -> es.Occurrence:
    return es.Occurrence(session_on=DAYS[row], names=(f"event {row}",), rating=rating)


def fits(s: es.Returns, rows: list[int], window: es.Window, n: int = 60) -> list[es.Fit]:
    return [es.fit(s, event(r), r, window, n, 5) for r in rows]


# --- one event ---------------------------------------------------------------------------------


def test_the_market_model_is_least_squares_on_the_sessions_before_the_gap() -> None:
    """Alpha, beta, sigma and abnormal returns equal numpy's regression on the same rows."""
    s = series()
    f = es.fit(s, event(200), 200, (-1, 3), 60, 5)
    x = np.column_stack((np.ones(60), s.market[134:194]))
    (alpha, beta), sse, *_ = np.linalg.lstsq(x, s.firm[134:194], rcond=None)

    assert f.estimation_rows == range(134, 194)
    assert (f.alpha, f.beta) == pytest.approx((alpha, beta), rel=1e-12)
    assert f.sigma == pytest.approx(math.sqrt(sse[0] / 58), rel=1e-12)
    assert f.abnormal == pytest.approx(s.firm[199:204] - alpha - beta * s.market[199:204])


def test_the_variance_of_a_car_is_the_forecast_variance_of_a_regression() -> None:
    """scale^2 = 1'(I + X (X0'X0)^-1 X')1, the textbook's covariance summed over the window."""
    s = series()
    f = es.fit(s, event(200), 200, (0, 9), 60, 5)
    before = np.column_stack((np.ones(60), s.market[135:195]))
    inside = np.column_stack((np.ones(10), s.market[200:210]))
    covariance = np.eye(10) + inside @ np.linalg.inv(before.T @ before) @ inside.T

    assert f.scale**2 == pytest.approx(covariance.sum(), rel=1e-10)
    assert (f.weights**2).sum() == pytest.approx(f.scale**2, rel=1e-10)


def test_a_car_is_the_weighted_sum_of_the_returns() -> None:
    """The weights that give the correlations really are those of the estimator."""
    s = series()
    f = es.fit(s, event(200), 200, (0, 4), 60, 5)
    used = np.concatenate((s.firm[135:195], s.firm[200:205]))

    # the market's own part and alpha cancel exactly in the weights
    assert float(f.weights @ used) == pytest.approx(f.car, rel=1e-9)


@pytest.mark.parametrize("n", [30, 120])
def test_z_has_unit_variance_over_an_eleven_session_window(n: int) -> None:
    """Simulated without drift: var(z) is 1; the sum of daily variances would be far above."""
    rng = np.random.default_rng(n)
    z, naive = [], []
    for _ in range(4_000):
        market = rng.normal(0.0005, 0.012, n + 12)
        firm = 0.001 + 1.6 * market + rng.normal(0.0, 0.02, n + 12)
        s = es.Returns(
            sessions_on=DAYS[: n + 12], firm=firm, market=market, firm_symbol="F", benchmark="M"
        )
        f = es.fit(s, event(n + 1), n + 1, (0, 10), n, 0)
        z.append(f.z)
        m = market[1 : n + 1]
        daily = 1 + 1 / n + (market[n + 1 :] - m.mean()) ** 2 / ((m - m.mean()) ** 2).sum()
        naive.append(f.car / (f.sigma * math.sqrt(daily.sum())))
    error = math.sqrt(2 / 4_000) * 1.3  # Student's t has fatter tails than the normal

    assert np.var(z) == pytest.approx(1.0, abs=3 * error)
    assert np.var(naive) > 1.0 + (0.08 if n == 120 else 0.35)


def test_correlations_of_overlapping_cars_are_those_of_simulation() -> None:
    """Exact cosines of the weights against 6,000 simulated pairs of CARs."""
    rng = np.random.default_rng(3)
    market = rng.normal(0, 0.012, 120)
    rows, found = [80, 83, 100], []
    for _ in range(6_000):
        firm = market + rng.normal(0, 0.02, 120)
        s = es.Returns(
            sessions_on=DAYS[:120], firm=firm, market=market, firm_symbol="F", benchmark="M"
        )
        found.append([f.car for f in fits(s, rows, (0, 5), n=40)])
    exact = es.correlation(fits(s, rows, (0, 5), n=40), 120)

    assert exact == pytest.approx(np.corrcoef(np.array(found).T), abs=0.04)
    assert exact[0, 1] == pytest.approx(0.5, abs=0.15)  # three of six sessions shared
    assert exact[0, 2] < 0  # the later event's estimation holds the earlier one's window


# --- tests over events -------------------------------------------------------------------------


def test_patell_and_bmp_equal_their_published_formulas() -> None:
    """Written out the slow way, one term after the other."""
    found = fits(series(), [100, 150, 200, 250, 300], (0, 2))
    scars = [f.car / (f.sigma * f.scale) for f in found]
    spread = math.sqrt(sum((60 - 2) / (60 - 4) for _ in found))
    t = scipy.stats.ttest_1samp(scars, 0.0)

    assert es.patell(found) == pytest.approx(sum(scars) / spread)
    assert es.boehmer(found) == pytest.approx(t.statistic)
    assert es._student_p(es.boehmer(found), 4) == pytest.approx(t.pvalue)


def test_kolari_pynnonen_shrinks_with_correlation() -> None:
    """Uncorrelated: BMP itself; correlated: BMP sqrt((1 - r) / (1 + (N - 1) r))."""
    found = fits(series(), [100, 150, 200, 250], (0, 2))
    plain = es.boehmer(found)

    assert es.kolari_pynnonen(found, 0.0) == plain
    assert es.kolari_pynnonen(found, 0.2) == pytest.approx(plain * math.sqrt(0.8 / 1.6))


def test_ranks_average_ties() -> None:
    """Agrees with scipy on values with ties."""
    x = np.array([3.0, 1.0, 3.0, 2.0, 1.0, 1.0])

    assert es._ranks(x).tolist() == scipy.stats.rankdata(x).tolist()


def test_spearman_agrees_with_scipy() -> None:
    """With ties, and None where one side does not vary."""
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 5, 40).astype(float), rng.normal(size=40)

    assert es.spearman(x, y) == pytest.approx(scipy.stats.spearmanr(x, y).statistic)
    assert es.spearman(np.ones(5), np.arange(5.0)) is None


def null_statistics(repeats: int, rows: list[int], window: es.Window) -> dict[str, np.ndarray]:
    """Every test on ``repeats`` simulated firms without any drift."""
    found: dict[str, list[float]] = {}
    for seed in range(repeats):
        s = series(260, seed=1_000 + seed)
        made = fits(s, rows, window)
        together = es.correlation(made, 260)
        n = len(rows)
        r = float((together.sum() - n) / (n * (n - 1)))
        for t in es._tests(made, together, r, es.overlap_factor(made, 260)):
            found.setdefault(t.name, []).append(t.statistic)  # type: ignore[arg-type]
    return {name: np.array(values) for name, values in found.items()}


def test_corrected_tests_keep_their_size_under_overlap_and_the_plain_ones_do_not() -> None:
    """Twelve events, windows of six that overlap heavily, 400 firms without drift."""
    rows = [100 + 2 * i for i in range(12)]
    found = null_statistics(400, rows, (0, 5))

    assert found["Patell"].std() > 1.35  # what keying by event alone would report
    assert found["Patell, correlated"].std() == pytest.approx(1.0, abs=0.12)
    assert found["generalised sign"].std() == pytest.approx(1.0, abs=0.15)
    assert found["Corrado rank"].std() == pytest.approx(1.0, abs=0.25)


def test_without_overlap_every_test_has_unit_spread() -> None:
    """The same with windows far apart."""
    found = null_statistics(300, [80 + 15 * i for i in range(11)], (0, 2))

    for name in ("Patell", "Patell, correlated", "Corrado rank", "generalised sign"):
        assert found[name].std() == pytest.approx(1.0, abs=0.15), name


# --- the study ---------------------------------------------------------------------------------


def with_drift(size: float, rows: list[int], length: int = 3) -> es.Returns:
    s = series(600, seed=9)
    firm = s.firm.copy()
    for row in rows:
        firm[row : row + length] += size / length
    return replace(s, firm=firm)


ROWS = [160 + 11 * i for i in range(38)]


def run(s: es.Returns, rows: list[int] = ROWS, **given: object) -> es.StudyResult:
    events = [event(r, rating=float(r % 7)) for r in rows]
    options: dict[str, object] = {"windows": ((0, 2),), "kind": "test", "what": "Test events"}
    return es.study(s, events, **(options | given))  # type: ignore[arg-type]


def test_a_planted_loss_is_found_by_every_test_and_said() -> None:
    """Three per cent lost at each event: all p-values small, the sentence plain."""
    found = run(with_drift(-0.03, ROWS))
    w = found.windows[0]

    assert w.mean_car_pct == pytest.approx(-3.0, abs=0.9)
    assert w.high_pct < 0
    assert all(t.p_value < 0.01 for t in w.tests)  # type: ignore[operator]
    assert "followed by a loss beyond chance" in found.verdict


def test_without_drift_it_says_so() -> None:
    """No planted drift: the interval holds zero; none could be shown, with window and power."""
    found = run(with_drift(0.0, ROWS))
    w = found.windows[0]
    said, last = " ".join(voice("en").tell(found.verdict).split()), found.windows[-1]

    assert w.low_pct < 0 < w.high_pct
    assert "followed by" not in found.verdict
    assert f"no drift could be shown from session {last.window[0]} to {last.window[1]}" in said
    assert f"smaller than {last.detectable_pct:.1f}" in said
    assert "carry" not in said
    assert "aucune dérive" in voice("fr").tell(found.verdict)
    assert found.rank is not None
    assert found.rank.low < 0 < found.rank.high


def test_a_rating_that_ranks_the_moves_has_a_rank_correlation() -> None:
    """Moves planted in proportion to the rating: rho is far from zero."""
    s = with_drift(0.0, [])
    firm = s.firm.copy()
    for row in ROWS:
        firm[row] -= 0.02 * (row % 7)
    found = run(replace(s, firm=firm)).rank

    assert found is not None
    assert found.rho < -0.7
    assert found.high < -0.5


def test_the_calendar_bootstrap_has_the_error_of_independent_events() -> None:
    """Far-apart events without overlap: the error is sd / sqrt(N), as it should be."""
    rng = np.random.default_rng(4)
    rows = list(range(0, 6_000, 30))
    values = rng.normal(0, 2.0, len(rows))
    draws = es.calendar_means(rows, values, 10.0, 2_000, 1)

    assert draws.std() == pytest.approx(2.0 / math.sqrt(len(rows)), rel=0.2)


def test_the_calendar_bootstrap_keeps_clusters_together() -> None:
    """Ten copies of each value on neighbouring days say no more than one: the error grows."""
    rng = np.random.default_rng(4)
    values = np.repeat(rng.normal(0, 2.0, 60), 5)
    rows = [40 * (i // 5) + i % 5 for i in range(300)]
    apart = es.calendar_means(rows, values, 1.0, 1_000, 1).std()
    together = es.calendar_means(rows, values, 40.0, 1_000, 1).std()

    assert together > 1.6 * apart


def test_a_share_past_its_run_is_not_blamed_on_the_events() -> None:
    """A long rise that ends leaves every session short of its trend, events or not.

    Against the model alone the events look like losses; against any session of that time they do
    not, so no loss beyond chance is claimed.
    """
    s = series(700, seed=12)
    firm = s.firm.copy()
    firm[1:] += np.linspace(0.02, -0.02, 699)  # each estimate expects more than the window gives
    rows = list(range(200, 600, 5))
    w = run(replace(s, firm=firm), rows=rows, windows=((0, 5),), gap=0).windows[0]

    assert w.high_pct < 0
    assert w.usual_car_pct < 0
    assert w.excess_low_pct < 0 < w.excess_high_pct
    assert "followed by" not in str(run(replace(s, firm=firm), rows=rows).verdict)


def test_events_of_one_session_are_one_occurrence() -> None:
    """The same return is never counted twice; the highest rating stands."""
    day = DAYS[10]
    found = es.occurrences([(day, "b", 1.0), (day, "a", 7.0), (DAYS[11], "c", None)])

    assert [o.names for o in found] == [("a", "b"), ("c",)]
    assert [o.rating for o in found] == [7.0, None]


def test_overlapping_windows_count_every_session_they_share() -> None:
    """Two windows of four that share two sessions: (2*1 + 2*4 + 2*1) / 8."""
    found = fits(series(), [200, 202], (0, 3))

    assert es.overlap_factor(found, 400) == pytest.approx(12 / 8)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"estimation": 5}, "--estimation"),
        ({"windows": ((3, 1),)}, "ends before it begins"),
        ({"windows": ((0, 590),)}, "longer than the data"),
        ({"windows": ((0, 80),)}, "--window"),
        ({"windows": ()}, "no window"),
    ],
)
def test_a_study_that_cannot_be_made_is_refused_by_name(
    given: dict[str, object], named: str
) -> None:
    with pytest.raises(InputError, match=named):
        run(with_drift(0.0, []), **given)


def test_events_without_room_are_counted_by_reason() -> None:
    """Too early, too late: left out and said, never silently."""
    found = run(with_drift(0.0, []), rows=[20, 300, 599])

    assert found.n_occurrences == 1
    assert found.left_out == {"before enough prices": 1, "window ends after the last price": 1}
    assert found.windows[0].test("BMP").statistic is None


def test_splits_and_dividends_do_not_look_like_returns() -> None:
    """A 10:1 split and a dividend change the price, not the return."""
    facts = [
        BARS.fact(
            Bar(symbol=s, session_on=d, close=c),
            occurred_at=at_new_york(d, time(16)),
            known_at=at_new_york(d, time(16, 30)),
            source="t",
        )
        for s, closes in (("NVDA", (1000.0, 101.0, 100.0)), ("QQQ", (50.0, 51.0, 51.0)))
        for d, c in zip(DAYS[:3], closes, strict=True)
    ]
    facts += [
        ACTIONS.fact(
            CorporateAction(symbol="NVDA", ex_on=day, action=action, value=value),  # type: ignore[arg-type]
            occurred_at=at_new_york(day, time(9, 30)),
            known_at=at_new_york(day, time(4)),
            source="t",
        )
        for day, action, value in ((DAYS[1], "split", 10.0), (DAYS[2], "dividend", 2.01))
    ]
    late = at_new_york(DAYS[3], time(16))
    found = es.returns_at(History(facts), late)

    assert found.firm[1:] == pytest.approx([0.01, 1.01 / 101.0])
    with pytest.raises(UnknownNameError, match="QQQ"):
        es.returns_at(History(facts), late, benchmark="QQQQ")


# --- the reference record ----------------------------------------------------------------------


@lru_cache(maxsize=1)
def reference() -> SimpleNamespace:
    config = load(CONFIG, "balanced")
    history = History(read_tables(CONFIG / "facts", Lags()))
    return SimpleNamespace(
        config=config, world=world_of(history, config, parse_as_of("2025-09-30"))
    )


@lru_cache(maxsize=4)
def studied(kind: str) -> es.StudyResult:
    r = reference()
    return studies(r.world, r.config, (kind,), ((0, 0), (0, 5)), "QQQ", 120, "CN")[0]


def test_the_base_rate_of_chinese_releases_is_the_known_one() -> None:
    """60 sessions, mean +0.5, median +0.3, sd 2.6, 13 % below -2; all 478: +0.4, 0.4, 3.2, 18 %."""
    base, every = studied("model_release").base, studied("model_release").all_sessions

    assert base.n == 60
    assert (round(base.mean_pct, 1), round(base.median_pct, 1)) == (0.5, 0.3)
    assert (round(base.sd_pct, 1), round(base.large_fall_share, 2)) == (2.6, 0.13)
    assert every.n == 478
    assert (round(every.mean_pct, 1), round(every.median_pct, 1)) == (0.4, 0.4)
    assert (round(every.sd_pct, 1), round(every.large_fall_share, 2)) == (3.2, 0.18)


def test_chinese_releases_show_no_drift_and_the_power_is_told() -> None:
    """What history says, said in a plain sentence: not shown is not the same as none."""
    assert studied("model_release").verdict.startswith(
        "Chinese releases: no drift could be shown from session 0 to 5; one smaller than 2."
    )


def test_export_restrictions_do_carry_one() -> None:
    """The same tests are able to find a loss in the same record."""
    found = studied("export_restriction")

    assert "followed by a loss beyond chance" in found.verdict
    assert found.windows[0].mean_car_pct < -1.0


def test_each_event_moves_in_the_session_that_could_react() -> None:
    """After-close and weekend news counts in the next session: the H20 licence, R1, H20 relief."""
    r = reference()
    sessions = load_sessions(date(2022, 1, 3), date(2025, 10, 10))
    restricted, _ = occasions(r.world, r.config, sessions, "export_restriction", "CN")
    relief, _ = occasions(r.world, r.config, sessions, "export_relief", "CN")
    released, _ = occasions(r.world, r.config, sessions, "model_release", "CN")

    assert date(2025, 4, 16) in {o.session_on for o in restricted}
    assert date(2025, 7, 15) in {o.session_on for o in relief}
    by_name = {name: o.session_on for o in released for name in o.names}
    assert by_name["DeepSeek-R1"] == date(2025, 1, 21)  # released on a US holiday


def test_an_unknown_type_or_benchmark_is_named_with_what_is_known() -> None:
    r = reference()
    with pytest.raises(InputError, match=r"export_restrict.*did you mean 'export_restriction'"):
        studies(r.world, r.config, ("export_restrict",), ((0, 0),), "QQQ", 120, "CN")
    with pytest.raises(UnknownNameError, match="SMHH"):
        returns_of(r.world, "SMHH")
    with pytest.raises(UnknownNameError, match="country"):
        studies(r.world, r.config, ("model_release",), ((0, 0),), "QQQ", 120, "XX")


def test_the_command_refuses_a_window_that_is_not_two_numbers() -> None:
    from engine.cli.main import build

    found = CliRunner().invoke(build(), ["study", "--window", "five"])

    assert isinstance(found.exception, InputError)
    assert "five" in str(found.exception)


def test_the_estimation_limit_is_named() -> None:
    r = reference()
    with pytest.raises(OutOfRangeError, match="--estimation = 10"):
        studies(r.world, r.config, ("model_release",), ((0, 0),), "QQQ", 10, "CN")


def test_the_command_prints_tables_and_writes_a_page(tmp_path: Path) -> None:
    """Text within 80 columns, JSON with the verdict, and a page that fetches nothing."""
    from engine.cli.main import build

    base = ["study", "--types", "export_restriction", "--window", "0,1", "--as-of", "2025-10-01"]
    base += ["--db", f"sqlite:///{tmp_path / 'r.sqlite3'}"]
    text = CliRunner().invoke(build(), base)
    seen = "no figure of those years is proof"
    told = CliRunner().invoke(build(), [*base, "--json", "--html", str(tmp_path / "s.html")])
    found = json.loads(told.stdout)["studies"][0]

    assert (text.exit_code, told.exit_code) == (0, 0)
    assert max(map(len, text.stdout.splitlines())) <= 80
    assert " ".join(text.stdout.split()).count(found["verdict"].replace(" %", "%")) == 1
    assert [w["window"] for w in found["windows"]] == [[0, 1]]
    assert seen in " ".join(text.stdout.split())
    assert any(seen in said for said in json.loads(told.stdout)["foresight"])
    assert seen in " ".join((tmp_path / "s.html").read_text(encoding="utf-8").split())
    assert "<script" not in (tmp_path / "s.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (date(2025, 9, 30), ["no figure of those years is proof"]),
        (date(2025, 11, 3), ["no figure of those years is proof", "prices unseen, releases seen"]),
    ],
)
def test_a_study_says_what_was_seen_of_its_sessions(last: date, said: list[str]) -> None:
    """Before and after the day on which rules were frozen."""
    from engine.cli.commands.study import seen_beforehand

    result = replace(studied("export_restriction"), last_on=last)
    notes = seen_beforehand((result,))

    assert len(notes) == len(said)
    assert all(part in str(note) for part, note in zip(said, notes, strict=True))
