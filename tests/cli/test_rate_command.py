"""``nvsignal rate``: the league table, one release, JSON and the page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from engine.cli.commands.rate import candidates, explained, find_name, meant
from engine.cli.main import main
from engine.cli.said.rate import detail_text, league_text
from engine.errors import InputError, UnknownNameError
from engine.report.i18n import voice
from engine.report.league import render as page
from tests.engine.threat.threat_world import DAY, drawn, end_of, facts, params, release, world

ENGLISH = voice("en")
AS_OF = ("--as-of", "2025-09-30")


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = 0
    try:
        main(["rate", *args])
    except SystemExit as stop:
        code = int(stop.code or 0)
    out = capsys.readouterr()
    return code, out.out, out.err


def test_league_puts_r1_first_and_fits_eighty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, *AS_OF)
    assert code == 0
    lines = out.splitlines()
    first = lines[next(n for n, line in enumerate(lines) if line.startswith("release")) + 1]
    assert first.startswith("DeepSeek-R1 ")
    assert "2025-01-20" in first
    assert max(map(len, out.splitlines())) <= 80
    assert "known by Sep 30, 2025" in out
    assert re.search(r"\d+ more with lower scores; --all shows them", out)


def test_why_adds_a_line_of_reason_for_the_highest_and_for_flagships_near_zero(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = run(capsys, "--why", "--as-of", "2025-08-22")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    told = " ".join(out[out.index("Why ") : out.index("Between releases")].split())
    assert re.search(r"DeepSeek-R1, Jan 20, 2025, 1\d\.\d: At its quality it costs \d+% of", told)
    assert re.search(r"Kimi K2, Jul 11, 2025, 0\.0: At its quality it is no cheaper than", told)
    assert "DeepSeek-V3.1, Aug 21, 2025, 0.0:" in told
    assert told.index("DeepSeek-R1,") < told.index("DeepSeek-V3,") < told.index("Kimi K2,")
    assert "Why " not in run(capsys, "--as-of", "2025-08-22")[1]


def test_the_flagships_told_are_each_laboratorys_newest_of_the_year_and_near_zero() -> None:
    from engine.threat.rating import rate

    base = rate(release(), world(), params(), drawn=drawn())

    def told(model: str, score: float, days: int, **given: object) -> tuple[object, object]:
        new = release(model, days, **given)
        parts = {**dict.fromkeys(base.channels, 0.0), "residual": score}
        rated = replace(base, model=model, score=score, channels=parts, score_high=99.0,
                        score_low=-99.0)  # fmt: skip
        return new, rated

    league = [told(f"High-{n}", 30.0 - n, -200 - n, lab="Firsts") for n in range(10)]
    league += [
        told("Alpha-2-Pro", 0.9, -20, lab="A", total_params_b=900),
        told("Alpha-2-Mini", 0.8, -20, lab="A", total_params_b=90),
        told("Alpha-2-Pro-0901", 0.7, -10, lab="A", total_params_b=900),
        told("Alpha-1", 0.6, -300, lab="A"),
        told("Beta-1", 1.5, -30, lab="B"),
        told("Gamma-1", 0.1, -400, lab="C"),
        told("Delta-1", -0.9, -30, lab="D"),
    ]

    found = [release.model for release, _ in explained(league, DAY.date())]  # type: ignore[arg-type]

    assert found == [*(f"High-{n}" for n in range(10)), "Alpha-2-Pro", "Delta-1"]


def test_all_lists_every_rateable_release_and_names_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, out, _ = run(capsys, "--all", "--as-of", "2025-01-22")
    rows = [line for line in out.splitlines() if re.search(r" 20\d\d-\d\d-\d\d ", line)]
    assert any("Doubao-1.5-pro" in row for row in rows)
    assert not any("Qwen2.5-Max" in row or "GPT-4o" in row for row in rows)
    assert "Seen, cannot be rated yet" in out
    assert "TeleChat2-115B" in out[out.index("Seen, cannot") :]
    found = [re.search(r" 20\d\d-\d\d-\d\d +(-?[\d.]+) ", row) for row in rows]
    scores = [float(match[1]) for match in found if match]
    assert scores == sorted(scores, reverse=True)


def test_the_league_tells_what_happened_between_releases(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, out, _ = run(capsys, *AS_OF)
    after = out[out.index("Between releases") :]
    assert re.search(r"2025-08-1[45]  failed run +R2", after)
    assert re.search(r"2025-02-0[12]  served on home-grown chips +DeepSeek-R1", after)


def test_detail_shows_channels_that_add_up_evidence_and_sensitivity(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = run(capsys, "deepseek-r1", *AS_OF)
    assert code == 0
    for word in ("efficiency", "together", "Evidence", "What it hangs on", "market pays"):
        assert word in out
    assert max(map(len, out.splitlines())) <= 80


def test_two_releases_stand_side_by_side_field_by_field(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = run(capsys, "DeepSeek-R1", "kimi k2", "--as-of", "2025-08-22")
    assert code == 0
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert re.match(r" +DeepSeek-R1 +Kimi K2$", lines[0])
    told = {line[:20].strip(): (line[20:50].strip(), line[50:].strip()) for line in lines}
    assert told["price out, USD"] == ("2.19", "2.5")
    assert told["GPQA Diamond"] == ("71.5", "75.1")
    assert told["trained on"][1] == "not disclosed"
    assert float(told["score"][0].split()[0]) > float(told["score"][1].split()[0])


def test_the_beginning_of_a_name_is_enough_when_one_name_begins_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = run(capsys, "Yi-Light", *AS_OF)
    assert code == 0
    assert out.startswith("Yi-Lightning (01.AI")
    assert run(capsys, "DeepSeek-V3", *AS_OF)[1].startswith("DeepSeek-V3 (")  # the whole name first
    code, _, err = run(capsys, "DeepSeek-V", *AS_OF)
    assert code == 2
    assert "begins" in err
    assert "DeepSeek-V2" in err


NAMES = ("DeepSeek-R1", "DeepSeek-R1-0528", "DeepSeek-V4-Pro", "DeepSeek-V4-Flash", "Kimi K2",
         "R1-Mini")  # fmt: skip


@pytest.mark.parametrize(
    ("said", "found"),
    [("deepseek-r1", "DeepSeek-R1"), ("k2", "Kimi K2"), ("v4-p", "DeepSeek-V4-Pro"),
     ("R1", "R1-Mini"), ("r1-05", "DeepSeek-R1-0528"), ("flash", "DeepSeek-V4-Flash")],
)  # fmt: skip
def test_a_name_is_found_without_its_family(said: str, found: str) -> None:
    """A name that begins so comes before one that goes on so."""
    assert find_name(said, NAMES, "release") == found


@pytest.mark.parametrize("said", ["v4", "deepseek", "", " "])
def test_what_begins_several_names_or_none_is_refused(said: str) -> None:
    with pytest.raises((InputError, UnknownNameError)):
        find_name(said, NAMES, "release")


def test_a_beginning_ends_with_a_word_before_it_ends_within_one() -> None:
    """V4 is no beginning of V4.1, while a name of V4 itself is there."""
    names = (*NAMES, "DeepSeek-V4.1-Flash")
    assert candidates("v4", names) == ["DeepSeek-V4-Pro", "DeepSeek-V4-Flash"]
    assert candidates("v4.", names) == ["DeepSeek-V4.1-Flash"]
    assert candidates("deepseek", names) == [n for n in names if n.startswith("DeepSeek")]
    assert candidates("nobody", names) == candidates(" ", names) == []


def test_of_one_runs_releases_the_largest_of_the_first_day_is_meant() -> None:
    small, large = release("Lab-V4-Flash", total_params_b=280), release("Lab-V4-Pro")
    later = release("Lab-V4-Pro-0813", 110, total_params_b=2000)
    assert meant("v4", [small, later, large], []) is large


def test_of_several_runs_each_is_offered_with_its_day_ready_to_be_copied() -> None:
    found = [release("Lab-2.0", 30), release("Lab-Flash")]
    with pytest.raises(InputError, match=r'names: "Lab-2\.0" 2025-09-20, "Lab-Flash" 2025-08-21'):
        meant("lab", found, [])
    many = [release(f"Lab-{n}.0") for n in range(20)]
    with pytest.raises(InputError, match=r"begins 20 names: .*\(\+12\)"):
        meant("lab", many, [])


def test_v4_against_r1_is_answered_and_what_was_taken_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every name of the catalogue that a list offers is one that is found."""
    code, out, err = run(capsys, "V4", "R1", "--as-of", "2026-09-29")
    assert code == 0
    assert re.match(r" +DeepSeek-V4-Pro +DeepSeek-R1$", out.splitlines()[0])
    assert re.search("V4. is taken for DeepSeek-V4-Pro; DeepSeek-V4-Flash, .* begin so too", err)
    assert "V4.1" not in err
    code, out, err = run(capsys, "LongCat", "--as-of", "2026-09-29")
    assert (code, out) == (2, "")
    offered = re.findall(r'"([^"]+)" 20\d\d-\d\d-\d\d', err)
    assert "LongCat-2.0" in offered
    assert len(offered) >= 3


def test_a_whole_name_means_itself() -> None:
    names = [r.model for r in facts(end_of("2026-09-29")).releases]
    assert len(names) >= 190
    assert {n: candidates(n.upper(), names)[0] for n in names} == {n: n for n in names}


def test_r1_alone_is_the_release_called_so() -> None:
    assert find_name("R1", NAMES[:-1], "release") == "DeepSeek-R1"


def test_json_of_one_release_adds_up_and_keeps_its_keys(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "DeepSeek-R1", *AS_OF, "--json")
    assert code == 0
    data = json.loads(out)
    assert sum(data["channels"].values()) == data["score"]
    assert data["rated_at"].startswith("2025-01-21T00:14:59")  # the day it was told, plus the lag
    assert {
        "model",
        "lab",
        "country",
        "released_on",
        "score",
        "score_low",
        "score_high",
        "loss_share",
        "value_loss_usd_bn",
        "value_share",
        "kind",
        "rateable",
        "net_mean_share",
        "p_loss_over_5pct",
        "channels",
        "channel_usd_bn",
        "reasons",
        "evidence",
        "sensitivity",
        "closest_earlier",
    } <= data.keys()


def test_json_of_the_league_is_ordered(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "--json", "--as-of", "2025-02-01")
    data = json.loads(out)
    scores = [r["score"] for r in data["ratings"] if r["rateable"]]
    assert [r["rateable"] for r in data["ratings"]] == sorted(
        (r["rateable"] for r in data["ratings"]), reverse=True
    )
    assert data["ratings"][0]["model"] == "DeepSeek-R1"
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("DeepSek-R1", *AS_OF), "did you mean"),
        (("DeepSeek-R2", "--as-of", "2024-12-31"), "unknown release"),
        (("a", "b", "c"), "name one, or two"),
        (("DeepSeek-R1", "--all"), "cannot be combined"),
        (("--as-of", "soon"), "not a date"),
    ],
)
def test_bad_input_is_one_line_and_a_non_zero_exit(
    capsys: pytest.CaptureFixture[str], args: tuple[str, ...], said: str
) -> None:
    code, out, err = run(capsys, *args)
    assert code == 2
    assert out == ""
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_a_day_before_everything_is_an_empty_table(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--as-of", "2023-01-01")
    assert code == 0
    assert "No release is known by then." in out


def test_page_is_one_file_with_a_picture_and_the_same_bytes_twice(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    paths = [tmp_path / "a.html", tmp_path / "b.html"]
    for path in paths:
        code, out, err = run(capsys, "--html", str(path), "--as-of", "2025-02-01")
        assert (code, out) == (0, "")
        assert "wrote" in err
    text = paths[0].read_text(encoding="utf-8")
    assert text == paths[1].read_text(encoding="utf-8")
    assert text.count('class="bar"') > 10
    assert "DeepSeek-R1" in text
    assert "<script" not in text
    assert not re.search(r'(href|src)="', text)


def test_the_page_speaks_french(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    run(capsys, "--html", str(path), "--as-of", "2025-02-01", "--lang", "fr")

    assert "Menace" in path.read_text(encoding="utf-8")


def test_hostile_names_cannot_act_in_the_page_or_the_table() -> None:
    from engine.threat.rating import rate

    hostile = release('<img src=x onerror="alert(1)">\x1b[31m\u202e $x$ \\frac')
    rating = rate(hostile, world(), params(), drawn=drawn())
    league = [(hostile, replace(rating, model=hostile.model))]
    text = page(league, DAY)
    assert "<img" not in text
    told = (league_text(league, DAY, None, (), ENGLISH), detail_text(*league[0], None, ENGLISH))
    for shown in told:
        assert "\x1b" not in shown
        assert "\u202e" not in shown


def test_an_unwritable_page_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    missing = tmp_path / "no" / "page.html"
    code, _, err = run(capsys, "--html", str(missing), "--as-of", "2025-02-01")
    assert code == 2
    assert "cannot write" in err
