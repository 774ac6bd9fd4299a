"""Every form says the same decision, the same bytes every time, and adds no fact."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from lxml import html as lxml_html

from engine.errors import UnknownNameError
from engine.report.blocks import ItemList, ListItem, Page, Part
from engine.report.forms.text import render_text
from engine.report.i18n import voice
from engine.report.render import FORMS, render, subject
from engine.shown import Report
from engine.values import Contribution
from tests.engine.report.sample_report import decision, sample_report

ROOT = Path(__file__).resolve().parents[3]
READ_FORMS = [f for f in FORMS if f != "json"]


def sell_report() -> Report:
    base = sample_report()
    turned = decision(verdict="SELL", stance="SELL", target_weight=0.0, changed=True, margin=0.1)
    return replace(base, decision=turned)


def visible(report: Report, fmt: str, lang: str = "en") -> str:
    """The text a reader sees, single-spaced."""
    page = render(report, fmt, lang, 100)
    if fmt in ("html", "mail_html"):
        root = lxml_html.document_fromstring(page)
        page = root.find("body").text_content()
    return " ".join(page.split())


@pytest.mark.parametrize("fmt", READ_FORMS)
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_every_form_states_the_decision_with_its_share_and_distance(fmt: str, lang: str) -> None:
    words = {
        "en": ("HOLD", "keep 100%", "0.17 away from SELL"),
        "fr": ("Conserver", "100", "Vendre"),
    }
    text = visible(sample_report(), fmt, lang)
    if fmt == "push":
        assert re.search(r"HOLD 100%|Conserver 100.%", text)
        return
    for word in words[lang]:
        assert word in text


@pytest.mark.parametrize("fmt", [f for f in READ_FORMS if f != "push"])
def test_every_page_names_what_would_flip_it_and_what_was_not_observed(fmt: str) -> None:
    text = visible(sample_report(), fmt)
    for wanted in (
        "Data-centre revenue at risk", "≥ 14.8%", "not observed", "federal", "H20", "Ascend 910C",
        "$0.34", "$0.51", "UE8M0", "671 billion", "37 billion", "not disclosed", "85.1%",
        "fed funds futures", "claim, low confidence", "Nvidia reports the quarter",
        "Not investment advice", "6f1c0b1f5f0d4d6f",
    ):  # fmt: skip
        assert wanted in text.replace("\\_", "_"), wanted


@pytest.mark.parametrize("fmt", READ_FORMS)
def test_a_stale_report_says_so_first(fmt: str) -> None:
    stale = replace(sample_report(), stale=True, notices=("Prices end early.",))
    for lang, word in (("en", "STALE"), ("fr", "PÉRIMÉ")):
        assert word in visible(stale, fmt, lang)
        assert word not in visible(sample_report(), fmt, lang)
        assert word in subject(stale, lang)
    if fmt != "push":
        assert "Prices end early." in visible(stale, fmt)


@pytest.mark.parametrize("fmt", READ_FORMS)
def test_a_change_to_sell_is_told(fmt: str) -> None:
    text = visible(sell_report(), fmt)
    assert "SELL" in text
    assert ("it was HOLD" if fmt == "push" else "Changed today: it was HOLD") in text
    assert fmt == "push" or "0.10 away from HOLD" in text


def test_the_order_is_decision_risk_reasons_price_releases_rates_market_events_record() -> None:
    text = visible(sample_report(), "html")
    order = [
        "HOLD", "What would make it SELL", "weighs most against", "Your words", "for selling",
        "From $127.83", "DeepSeek-V3.1", "Fed meeting of", "Market value", "Powell opens",
        "Nvidia reports the quarter", "closed decisions", "sources up to date", "Random seed",
        "Not investment advice",
    ]  # fmt: skip
    places = [text.index(word) for word in order]
    # evidence under the waterfall may name the market early: search from the place before
    assert places[:6] == sorted(places[:6])
    tail = [text.index(word, places[5]) for word in order[6:]]
    assert tail == sorted(tail)


def test_a_morning_report_gives_the_hour_and_an_evening_report_does_not() -> None:
    morning = replace(sample_report(), as_of=datetime(2025, 8, 25, 12, 30, tzinfo=UTC))
    assert "Monday, August 25, 2025, 08:30 (New York)" in visible(morning, "text")
    assert "après la clôture du vendredi 22 août" in visible(sample_report(), "text", "fr").lower()


def test_json_contributions_sum_to_the_score_as_parsed() -> None:
    data = json.loads(render(sample_report(), "json"))
    total = sum(c["contribution"] for c in data["contributions"])
    assert abs(total - data["score"]) <= 1e-9
    for c in data["contributions"]:
        expected = 0.0 if c["value"] is None else c["weight"] * c["value"]
        assert c["contribution"] == pytest.approx(expected, abs=1e-12)


def test_json_has_its_documented_keys() -> None:
    data = json.loads(render(sample_report(), "json", "fr"))
    assert set(data) >= {
        "as_of", "acts_on", "decision", "target_weight", "score", "stance", "known",
        "contributions",
        "chances", "risk", "firm_share",
        "flips", "ratings", "rates", "events", "data_health", "receipt", "since_on", "changed",
        "margin", "coverage", "notices", "market", "upcoming", "track_record", "stale",
    }  # fmt: skip
    assert (data["decision"], data["as_of"]) == ("HOLD", "2025-08-23T03:59:59.999999Z")
    assert set(data["contributions"][0]) >= {"name", "weight", "value", "contribution", "evidence"}
    assert set(data["flips"][0]) >= {"input", "current", "flips_at"}
    assert set(data["rates"][0]) >= {"meeting_on", "outcomes", "rung"}
    assert set(data["rates"][0]["outcomes"][0]) >= {"change_bps", "probability"}
    assert set(data["receipt"]) >= {"config_hash", "data_hash", "code_version"}
    assert data["ratings"][0]["model"] == "DeepSeek-V3.1"


def test_json_is_english_whatever_the_language_and_keeps_null_for_missing() -> None:
    text = render(sample_report(), "json", "fr")
    assert text == render(sample_report(), "json", "en")
    data = json.loads(text)
    assert data["ratings"][0]["release"]["hardware_named"] is None
    assert data["contributions"][-1]["value"] is None
    assert "Releases put 5.4% of Nvidia's" in data["contributions"][0]["evidence"][0]["text"]


def test_nan_never_reaches_a_reader() -> None:
    broken = replace(sample_report(), market={"nvda_close_usd": float("nan")})
    assert json.loads(render(broken, "json"))["market"] == {"nvda_close_usd": None}
    for fmt in ("text", "html", "md"):
        assert "nan" not in visible(broken, fmt).lower().split()


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_text_keeps_its_width_and_its_colours_to_itself(width: int, lang: str) -> None:
    text = render(sample_report(), "text", lang, width)
    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text
    assert "\ue0a0" not in text
    assert "\ue02f" not in text


def test_the_head_of_an_entry_wraps_under_itself() -> None:
    long = ItemList(items=(ListItem(title="A title " * 6, about="who told it " * 6, text="what"),))
    page = Page(lang="en", title="", code="HOLD", disclaimer="",
                parts=(Part(name="x", title="", blocks=(long,)),))  # fmt: skip
    told = render_text(page, width=80).splitlines()
    (first,) = [n for n, line in enumerate(told) if "A title" in line]
    assert told[first].startswith("· A title")
    assert told[first + 1].startswith("  who") or told[first + 1].startswith("  told")


def test_a_price_that_changed_since_the_rating_stands_beside_the_rated_one() -> None:
    """The page said $1.32 in a table and $0.43 in the evidence below it (V4-Pro, 2026-08-20)."""
    report = sample_report()
    card = report.releases[0]
    dearer = replace(card.release, price_input_usd_per_mtok=7.77, price_output_usd_per_mtok=9.99)
    changed = replace(card, release=dearer, rated=card.release)
    told = visible(replace(report, releases=(changed,)), "text")
    assert "$7.77 / $9.99; $" in told
    assert "when rated" in told
    assert "when rated" not in visible(
        replace(report, releases=(replace(card, rated=None),)), "text"
    )


def test_a_sentence_on_hardware_is_quoted_in_another_language_and_a_name_is_not() -> None:
    report = sample_report()

    def told(hardware: str, lang: str) -> str:
        card = report.releases[0]
        named = replace(card, release=replace(card.release, hardware_named=hardware))
        return visible(replace(report, releases=(named,)), "text", lang)

    sentence = "50,000 home-grown chips for all of the training"
    assert f"« {sentence} »" in told(sentence, "fr").replace("\u202f", " ").replace("\xa0", " ")
    assert "« 2,048 H800 »" not in told("2,048 H800", "fr").replace("\xa0", " ")
    assert "«" not in told(sentence, "en")


def test_colour_only_adds_escape_sequences() -> None:
    import re

    plain = render(sample_report(), "text", color=False)
    painted = render(sample_report(), "text", color=True)
    assert "\x1b[" in painted
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", painted)
    assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()


def test_a_mail_stays_small_and_fetches_nothing() -> None:
    long = replace(sample_report(), events=sample_report().events * 20)
    page = render(long, "mail_html", "fr")
    assert len(page.encode()) < 100_000
    root = lxml_html.document_fromstring(page)
    assert not root.xpath("//img | //link | //style | //script")
    assert root.xpath("//td[contains(@style, 'background')]")  # styles were inlined


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_push_fits_a_lock_screen_with_age_verdict_and_reason(lang: str) -> None:
    """Whatever the state, and whichever two voices weigh most."""
    base = sample_report()
    voices = ("rate_path", "valuation_cap", "export_policy", "earnings_surprise", "fp8_threat")
    for first, second in permutations(voices, 2):
        parts = (
            Contribution(name=first, weight=0.5, value=-1.0, contribution=-0.5),
            Contribution(name=second, weight=0.5, value=0.5, contribution=0.25),
        )
        decided = replace(base.decision, contributions=parts, score=-0.25, changed=True)
        for decision_ in (decided, replace(decided, known=False)):
            dated = replace(base, decision=decision_)
            old = replace(dated, present_on=base.on + timedelta(days=425))
            for report in (dated, old, replace(old, stale=True), replace(dated, stale=True)):
                text = render(report, "push", lang)
                assert len(text) <= 120, text
                assert "\n" not in text
                age, verdict = text.index(":"), text.index("NVDA")
                assert age < verdict < text.index(str(voice(lang).label(first)))
                assert (re.search(r"\d+ (days? old|jours?)", text) is None) == (report is dated)


def test_a_push_says_the_age_in_words_first() -> None:
    told = render(replace(sample_report(), present_on=date(2026, 10, 21)), "push")
    assert re.match(r"\d+ days old, no decision for today: NVDA ", told)
    assert render(sample_report(), "push").startswith("For Aug 25, 2025: NVDA ")


def test_the_waterfall_bars_chain_from_zero_to_the_score() -> None:
    from engine.report.charts import waterfall

    parts = decision().contributions
    shape = waterfall(parts)
    at = 0.0
    for part, step in zip(parts, shape.steps, strict=True):
        ends = sorted((shape.axis.at(at), shape.axis.at(at + part.contribution)))
        assert step.left == pytest.approx(ends[0], abs=1e-3)
        assert step.left + step.width == pytest.approx(ends[1], abs=2e-3)
        at += part.contribution
    assert at == pytest.approx(decision().score)


@pytest.mark.parametrize("fmt", FORMS)
def test_a_bare_report_renders_without_a_crash(fmt: str) -> None:
    """First morning on a fresh machine: nothing observed."""
    empty = decision(
        contributions=(Contribution(name="trend", weight=0.0, value=None, contribution=0.0),),
        score=0.0,
        flips=(),
        previous_score=None,
        known=False,
        chances=(),
        risk=None,
        firm_share=None,
        worth_pct=None,
        silent_weight=1.0,
        coverage=0.0,
        margin=0.15,
        since_on=sample_report().decision.acts_on,
    )
    bare = Report(
        as_of=sample_report().as_of, decision=empty, releases=(), rates=(), events=(),
        data_health=(), market={}, prices=(),
    )  # fmt: skip
    for lang in ("en", "fr"):
        assert render(bare, fmt, lang)
    if fmt not in ("json", "push"):
        assert "First decision on record" in visible(bare, fmt)


_PROBE = """
import hashlib, sys
from tests.engine.report.sample_report import sample_report
from engine.report.i18n import voice
from engine.report.render import FORMS, render
for form in FORMS:
    for lang in ("en", "fr"):
        text = render(sample_report(), form, lang)
        print(form, lang, hashlib.sha256(text.encode()).hexdigest())
loaded = sorted({"matplotlib", "pandas", "sqlalchemy", "sklearn"} & set(sys.modules))
print("heavy", loaded)
"""


def test_bytes_do_not_depend_on_the_process_or_its_environment() -> None:
    outputs = []
    for seed, zone, columns in (("1", "UTC", "40"), ("2", "Asia/Tokyo", "200")):
        env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "COLUMNS": columns}
        env |= {"LANG": "fr_FR.UTF-8" if seed == "2" else "C", "FORCE_COLOR": seed}
        done = subprocess.run(
            [sys.executable, "-c", _PROBE], cwd=ROOT, env=env, capture_output=True, check=True
        )
        outputs.append(done.stdout.decode())
    assert outputs[0] == outputs[1]
    assert "heavy []" in outputs[0]


def test_an_unknown_form_or_language_is_refused_by_name() -> None:
    with pytest.raises(UnknownNameError, match="report format 'htlm'"):
        render(sample_report(), "htlm")
    for fmt in FORMS:
        with pytest.raises(UnknownNameError, match="language 'de'"):
            render(sample_report(), fmt, "de")
