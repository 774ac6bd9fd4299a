"""A feed that re-issues its items under new addresses and dates changes no voice.

``python -m tests.service.test_news_replay`` runs the property over 200 random histories.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.events import EventWeights
from config.settings import load
from engine.clock import to_micros
from engine.decision.events import known_events
from engine.decision.features import _news
from engine.decision.grid import Grid
from engine.record.history import History
from engine.record.store import Store
from engine.service.classifier import load_classifier
from engine.service.ingest import ingest_news
from engine.values import Item
from tests.builders import at, make_item

CONFIG = Path(__file__).resolve().parents[2] / "config"
SESSIONS = 90
SAYINGS = (
    "US bans Nvidia H20 exports to China",
    "UPDATE 2-US bans Nvidia H20 exports to China",
    "Washington bars Nvidia from selling H20 chips to China",
    "US may restrict H20 sales, sources say",
    "US allows Nvidia to sell H20 chips to China again",
    "White House denies it barred H20 sales to China",
    "RETRACTED: US bans Nvidia H20 exports to China",
    "China bans purchase of Nvidia H20 chips",
    "China tells firms to stop buying Nvidia RTX PRO 6000D",
    "US opens antitrust probe into Nvidia",
    "DeepSeek trains V4 on Huawei Ascend chips",
    "Huawei launches Ascend 950 AI chip",
    "DeepSeek delays release of R2",
    "Alibaba cuts prices of Qwen models",
    "Fed holds rates",
    "Nvidia reports record revenue",
)
HOUSES = ("Reuters", "Yahoo Finance", "WSJ", "Barron's", "Wire", "Reddit", "SEC EDGAR")
WEIGHTS: EventWeights = load(CONFIG, "balanced").events


@cache
def model() -> Any:
    """The classifier as shipped, fitted once into the tests' data folder."""
    from engine.service.folders import data_folder

    return load_classifier(data_folder())


def history(rng: random.Random) -> list[Item]:
    """Items over two months, now and then edited at their address."""
    items = []
    for n in range(rng.randint(3, 14)):
        seen = at(hours=rng.randint(0, 24 * 60))
        published = seen - timedelta(hours=rng.choice((0.5, 2, 100, 24 * 20)))
        item = make_item(
            n, title=rng.choice(SAYINGS), source=rng.choice(HOUSES), known_at=seen,
            published_at=published,
        )  # fmt: skip
        items.append(item)
        if rng.random() < 0.25:
            later = seen + timedelta(hours=rng.randint(1, 60))
            items.append(replace(item, title=rng.choice(SAYINGS), known_at=later))
    return items


def delivered_again(rng: random.Random, items: Sequence[Item]) -> list[Item]:
    """Every item up to five times more: any address, any owner, any later date."""
    more = []
    for n, item in enumerate(items):
        for k in range(rng.randint(1, 5)):
            seen = item.known_at + timedelta(hours=rng.choice((1, 30, 144, 24 * 25, 24 * 70)))
            more.append(
                replace(
                    item,
                    url=f"https://{rng.choice('abc')}.example/{n}?p={k}",
                    source=rng.choice(HOUSES),
                    known_at=seen,
                    published_at=seen - timedelta(hours=rng.choice((0, 1, 24 * 9))),
                )
            )
    return [*items, *more]


def voices(items: Sequence[Item], cuts: Sequence[float] = ()) -> dict[str, Any]:
    """The impulses of the news when the items are read in portions that end at ``cuts`` (days)."""
    end = at(days=SESSIONS + 60)
    with Store.open("sqlite://") as store:
        for stop in [*map(at, cuts), end]:
            store.record_items([i for i in items if i.known_at <= stop])
            ingest_news(store, stop, classifier=model)
        facts = store.facts(("event",))
    days = [at(days=d) for d in range(SESSIONS + 60)]
    grid = Grid(
        sessions_on=tuple(day.date() for day in days),
        decide_at_us=np.array([to_micros(day) for day in days]),
    )
    gates = {"china_gate": np.ones(len(days))}
    told = _news(grid, known_events(History(facts), end), WEIGHTS, gates, 0)
    return {name: np.nan_to_num(array) for name, array in told.items()}


def changed(seed: int) -> list[str]:
    """Names of the voices that differ once the history of ``seed`` is delivered again, and of what
    rests on one owner: whoever delivers words again did not write them."""
    rng = random.Random(seed)
    items = history(rng)
    again = delivered_again(rng, items)
    rng.shuffle(again)
    once, often = voices(items), voices(again, cuts=sorted(rng.uniform(0, 90) for _ in range(3)))
    return [name for name in once if not np.array_equal(once[name], often[name])]


@pytest.mark.parametrize("seed", range(8))
def test_items_delivered_again_change_no_voice(seed: int) -> None:
    assert changed(seed) == []


def test_the_property_is_not_empty() -> None:
    """Histories move voices; otherwise nothing was shown above."""
    moved = [voices(history(random.Random(seed))) for seed in range(4)]
    assert any(np.any(array) for found in moved for array in found.values())


FOUR = (
    "US bans Nvidia H20 exports to China",
    "China bans purchase of Nvidia H20 chips",
    "DeepSeek trains V4 on Huawei Ascend chips",
    "US opens antitrust probe into Nvidia",
)


def issue(title: str, day: float, address: str, **changes: Any) -> Item:
    seen = at(days=day)
    fields = {"published_at": seen - timedelta(hours=1), "known_at": seen, "source": "Wire"}
    return make_item(1, title=title, url=f"https://ex.org/{address}", **{**fields, **changes})


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return all(np.array_equal(a[name], b[name]) for name in a)


def test_one_article_reissued_eight_times_every_six_days_is_told_once() -> None:
    once = [issue(title, 0, str(n)) for n, title in enumerate(FOUR)]
    again = [issue(t, 6.0 * k, f"{n}?p={k}") for k in range(8) for n, t in enumerate(FOUR)]
    assert same(voices(once), voices(again))


BAN = "US bans Nvidia H20 exports to China"


@pytest.mark.parametrize(
    "title",
    [
        BAN,
        f"UPDATE 3-{BAN}",
        f"{BAN} - WSJ",
        f"{BAN}, Reuters reports",
        f"{BAN}: SEC EDGAR",
        f"{BAN}!",
        "US bans Nvidia's H20 exports to China",
        "U.S. bans Nvidia H20 exports to China, sources say",
    ],
)
@pytest.mark.parametrize("source", ["Reuters", "WSJ", "SEC EDGAR", "NVIDIA newsroom"])
def test_no_delivery_turns_one_source_into_two(title: str, source: str) -> None:
    """Whatever label, credit or address is put on the words, they rest on who wrote them first."""
    once = voices([issue(BAN, 2.1, "1")])
    again = issue(title, 3.2, "copy", source=source)
    forged = replace(again, url="https://www.sec.gov.a.example/Archives/1")
    assert np.any(once["policy_alone_pct"])
    for copy in (again, forged):
        told = voices([issue(BAN, 2.1, "1"), copy])
        assert np.array_equal(told["policy_alone_pct"], once["policy_alone_pct"])
        assert np.array_equal(told["policy_impulse_pct"], once["policy_impulse_pct"])


@pytest.mark.parametrize(
    ("title", "source", "address"),
    [
        (BAN, "SEC EDGAR", "https://ex.org/1"),
        (f"{BAN}: SEC EDGAR", "Wire", "https://ex.org/1"),
        (BAN, "Reddit", "https://www.sec.gov/Archives/1"),
    ],
)
def test_neither_label_nor_title_nor_link_alone_is_the_word_of_a_regulator(
    title: str, source: str, address: str
) -> None:
    told = voices([replace(issue(title, 2.1, "1", source=source), url=address)])
    assert np.any(told["policy_alone_pct"])


def test_the_page_of_a_regulator_under_its_own_label_rests_on_itself() -> None:
    page = replace(issue(BAN, 2.1, "1", source="SEC EDGAR"), url="https://www.sec.gov/1")
    assert not np.any(voices([page])["policy_alone_pct"])


def level(told: dict[str, Any], day: int) -> float:
    """What is left of policy news at a row."""
    array, half_life = told["policy_impulse_pct"], WEIGHTS.fade.policy_sessions
    rows = np.arange(day + 1)
    return float(np.sum(array[: day + 1] * np.exp2(-(day - rows) / half_life)))


@pytest.mark.parametrize(
    "back",
    [
        "RETRACTED: US bans Nvidia from selling H20 chips to China",
        "Reuters withdraws story on H20 sales ban",
        "White House denies it barred H20 sales to China",
        "Report of H20 ban is false, White House says",
        "Nvidia calls report of H20 sales ban untrue",
        "CORRECTION: US has not barred H20 sales to China",
    ],
)
def test_a_report_taken_back_leaves_nothing(back: str) -> None:
    """Between two mornings, under another address: from the next morning on it weighs nothing."""
    ban = issue("US bans Nvidia from selling H20 chips to China", 2.1, "1")
    assert level(voices([ban]), 4) < -0.5
    taken_back = voices([ban, issue(back, 3.2, "2", source="AFP")])
    assert level(taken_back, 3) < -0.5
    assert level(taken_back, 4) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    "title",
    [
        "On this day: US banned A100 exports to China in 2022",
        "What if the US bans Nvidia H20 exports to China?",
        "Opinion: The US should ban Nvidia H20 exports to China",
    ],
)
def test_what_might_or_did_once_happen_moves_nothing(title: str) -> None:
    told = voices([issue(title, 5.0 * n, str(n)) for n in range(4)])
    assert not any(np.any(array) for array in told.values())


def test_a_rumour_that_is_confirmed_weighs_as_the_confirmation_alone() -> None:
    rumour = issue(
        "US may ban Nvidia H20 exports to China, sources say", 2.1, "1", source="Reuters"
    )
    ban = issue("US bans Nvidia H20 exports to China", 2.3, "2", source="Bloomberg")
    both, alone = level(voices([rumour, ban]), 3), level(voices([ban]), 3)
    assert both <= alone < 0


def main(arguments: Sequence[str]) -> int:
    """How many of so many random histories change a voice when they are delivered again."""
    n = int(arguments[0]) if arguments else 200
    found = {seed: names for seed in range(n) if (names := changed(seed))}
    print(f"{len(found)} of {n} random histories changed a voice: {found}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
