"""Items become events and repositories releases: once, in any portions, when they came."""

from __future__ import annotations

import csv
import itertools
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.clock import to_micros
from engine.decision.events import known_events, live
from engine.decision.features import build
from engine.decision.grid import Grid
from engine.news import reading as readings
from engine.news.classify import Classification
from engine.news.stories import NEWS_AGE, cluster
from engine.news.taxonomy import EVENT_TYPES
from engine.news.tellings import ToldItem
from engine.record.history import History
from engine.record.readings import REPOSITORIES
from engine.record.store import Store
from engine.service.bind import load
from engine.service.ingest import BOOKMARK, Ingested, ingest, ingest_news, ingest_releases
from engine.threat.hub import (
    FLAGSHIP_PARAMS,
    FRESH,
    LABS,
    PROVENANCE,
    Lab,
    active_params_b,
    family,
    labs_of,
    release_facts,
    weight_precision,
)
from engine.values import REPEAT, Fact, Item, Stage, release_of, release_payload
from tests.builders import T0, at, make_fact, make_item, make_release

CONFIG = Path(__file__).resolve().parents[2] / "config"
HOURS = timedelta(hours=1)


@dataclass
class Keywords:
    """A classifier with a known answer for every headline; keeps what it was asked."""

    version: str = "keywords-1"
    types: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def classify(self, headlines: Iterable[str]) -> tuple[Classification, ...]:
        told = list(headlines)
        self.asked += told
        return tuple(map(self._one, told))

    def _one(self, headline: str) -> Classification:
        low = headline.lower()
        known = {"bans": "export_restriction", "allows": "export_relief", "fed": "rates"}
        kind = next((t for word, t in {**self.types, **known}.items() if word in low), "irrelevant")
        return Classification(
            headline=headline,
            event_type=kind,
            direction={"export_restriction": -1, "export_relief": 1}.get(kind, 0),
            actor="US government",
            stage=Stage.ANNOUNCED,
            confidence=0.3 if "unsure" in low else 0.9,
            relevant=kind != "irrelevant",
            abstained="unsure" in low,
            reading=readings.read(headline),
        )


def news(title: str, n: int, hours: float, source: str = "wire", **changes: Any) -> Item:
    """An item published half an hour before we saw it, ``hours`` after T0."""
    seen = at(hours=hours)
    fields = {"published_at": seen - HOURS / 2, "known_at": seen, **changes}
    return make_item(n, title=title, source=source, **fields)


@pytest.fixture
def new_store(tmp_path: Path) -> Callable[[], Store]:
    serial = itertools.count()
    return lambda: Store.open(f"sqlite:///{tmp_path / str(next(serial))}.db")


def read(store: Store, now: datetime, model: Keywords | None = None) -> Ingested:
    chosen: Any = model or Keywords()
    return ingest_news(store, now, classifier=lambda: chosen)


def events(store: Store) -> list[Fact]:
    """Versions of events, without what was old when it came."""
    return [f for f in store.facts(("event",)) if f.payload.get("ended") != REPEAT]


# --- events ------------------------------------------------------------------------------------


def test_an_item_becomes_an_event_known_when_the_item_was(new_store: Callable[[], Store]) -> None:
    with new_store() as store:
        store.record_items([news("US bans H20 sales to China", 1, 0)])
        done = read(store, at(hours=5))

        (fact,) = events(store)
        assert fact.known_at == at()
        assert fact.occurred_at == at() - HOURS / 2
        assert live(fact).direction == -1
        assert (done.classified, done.stories) == (1, 1)


def test_nothing_is_classified_twice(new_store: Callable[[], Store]) -> None:
    """Irrelevant, unsure and told items alike are handled once; a quiet run asks no classifier."""
    model = Keywords()
    with new_store() as store:
        store.record_items(
            [
                news("US bans H20 sales to China", 1, 0),
                news("Gardening in autumn", 2, 0),
                news("Unsure whether US bans anything", 3, 0),
            ]
        )
        first = read(store, at(hours=1), model)
        store.record_items([news("More gardening", 4, 1.5)])
        read(store, at(hours=2), model)
        second = read(store, at(hours=2), model)

        assert (first.classified, first.irrelevant, first.abstained) == (3, 1, 1)
        assert second == Ingested()
        assert len([h for h in model.asked if "ardening" in h or "nsure" in h]) == 3


def test_low_confidence_and_undated_items_never_become_events(
    new_store: Callable[[], Store],
) -> None:
    with new_store() as store:
        store.record_items(
            [
                news("Unsure whether US bans H20", 1, 0),
                news("US bans A800 sales to China", 2, 0, published_at=None),
            ]
        )
        read(store, at(hours=1))

        assert events(store) == []


def test_archive_is_not_news(new_store: Callable[[], Store]) -> None:
    """A feed asked for the first time gives weeks of items; the old ones tell nothing."""
    with new_store() as store:
        old, fresh = at() - NEWS_AGE - HOURS, at() - NEWS_AGE + HOURS
        store.record_items(
            [
                news("US bans A100 sales to China", 1, 0, published_at=old),
                news("US bans H20 sales to China", 2, 0, published_at=fresh),
            ]
        )
        done = read(store, at(hours=1))

        assert done.archive == 1
        assert [f.payload["headline"] for f in events(store)] == ["US bans H20 sales to China"]


def test_late_items_tell_only_what_nobody_told(new_store: Callable[[], Store]) -> None:
    """A feed met days later repeats old news; after an outage the same item is the first."""
    old = {"published_at": at(hours=-2)}
    late = news("Washington bans H20 exports to China", 2, 24 * 5, "b", **old)
    with new_store() as store, new_store() as after_outage:
        store.record_items([news("US bans H20 sales to China", 1, 0, "a")])
        read(store, at(hours=1))
        store.record_items([late])
        done = read(store, late.known_at)
        after_outage.record_items([late])
        first = read(after_outage, late.known_at)

        assert (done.stories, done.grown, done.archive) == (0, 0, 1)
        assert (first.stories, first.archive) == (1, 0)


def test_a_late_item_does_not_repeat_the_curated_table(new_store: Callable[[], Store]) -> None:
    """Beyond three sessions the features would count it again."""
    ban = "US bans Nvidia from selling H20 chips to China"
    with new_store() as store:
        store.record([curated(ban, 2)])
        store.record_items([news(ban, 1, 24 * 5, published_at=at())])
        done = read(store, at(days=6))

        assert (done.stories, done.archive) == (0, 1)


def test_a_growing_story_is_a_correction_with_more_sources(
    new_store: Callable[[], Store],
) -> None:
    """Same key, later known_at, first member's date; the decision keeps the first version."""
    with new_store() as store:
        store.record_items([news("US bans H20 sales to China", 1, 0, "a")])
        read(store, at(hours=1))
        store.record_items([news("Washington bans H20 exports to China", 2, 30, "b")])
        done = read(store, at(hours=31))

        first, grown = events(store)
        assert first.key == grown.key
        assert (first.known_at, grown.known_at) == (at(), at(hours=30))
        assert (first.payload["n_sources"], grown.payload["n_sources"]) == (1, 2)
        assert first.occurred_at == grown.occurred_at
        assert (done.stories, done.grown) == (0, 1)
        (event,) = known_events(History(store.facts()), at(hours=40))
        assert event.known_at == at()


def test_a_story_closes_after_ninety_six_hours(new_store: Callable[[], Store]) -> None:
    """From its first item: the middle of a closed story does not keep it open."""
    with new_store() as store:
        titles = (
            "US bans H20 sales to China",
            "Washington bans H20 exports",
            "White House bans H20",
        )
        for n, (title, hours) in enumerate(zip(titles, (0, 60, 100), strict=True)):
            store.record_items([news(title, n, hours, f"s{n}")])
            read(store, at(hours=hours))

        told = [(f.known_at, len(f.payload["item_ids"])) for f in events(store)]
        assert told == [(at(), 1), (at(hours=60), 2), (at(hours=100), 1)]


TITLES = (
    "US bans H20 sales to China",
    "Washington bans H20 exports to China",
    "US bans A800 sales to China",
    "US allows H20 sales to China",
    "Fed holds rates",
    "Fed cuts rates by 25 basis points",
    "Gardening in autumn",
    "Unsure whether US bans anything",
)
a_stream = st.lists(
    st.tuples(st.sampled_from(TITLES), st.integers(0, 40), st.sampled_from("abc")),
    min_size=1,
    max_size=14,
)


@settings(max_examples=40)
@given(stream=a_stream, cuts=st.sets(st.integers(0, 40), max_size=5), seed=st.integers(0, 99))
def test_any_portions_and_any_order_end_in_the_same_record(
    stream: list[tuple[str, int, str]], cuts: set[int], seed: int
) -> None:
    """One run over everything, or a run after any polls, with kills between: the same events."""
    items = [news(title, n, 6.0 * slot, source) for n, (title, slot, source) in enumerate(stream)]
    random.Random(seed).shuffle(items)
    with Store.open("sqlite://") as once, Store.open("sqlite://") as often:
        once.record_items(items)
        read(once, at(days=30))
        for stop in [*sorted(cuts), 41]:
            ready = [i for i in items if i.known_at <= at(hours=6.0 * stop)]
            often.record_items(ready)
            read(often, at(hours=6.0 * stop))

        model = Keywords()
        assert often.data_hash() == once.data_hash()
        assert read(often, at(days=40), model) == Ingested()
        assert model.asked == []
        assert latest(often) == at_one_go(items)


def latest(store: Store) -> dict[str, tuple[object, ...]]:
    """Members and independent sources of every story at its last version."""
    told = {f.key: live(f) for f in events(store)}
    return {key: (event.item_ids, event.n_sources) for key, event in told.items()}


def at_one_go(items: list[Item]) -> dict[str, tuple[object, ...]]:
    """The same by clustering everything together: no windows, no portions, no record."""
    labels = Keywords().classify([item.title for item in items])
    told = cluster(map(ToldItem.of, items, labels))
    return {event.event_id: (event.item_ids, event.n_sources) for event in told}


def test_an_item_written_late_by_another_process_is_still_read(
    new_store: Callable[[], Store],
) -> None:
    """Fetched before the last run's newest item, written after that run."""
    with new_store() as store:
        store.record_items([news("Fed holds rates", 1, 2)])
        read(store, at(hours=2))
        store.record_items([news("US bans H20 sales to China", 2, 1)])
        read(store, at(hours=3))

        assert {f.payload["event_type"] for f in events(store)} == {"rates", "export_restriction"}


def test_a_new_classifier_rewrites_no_history_and_keeps_stories_together(
    new_store: Callable[[], Store],
) -> None:
    """Old items keep their filing; the next member joins the story as it was filed."""
    with new_store() as store:
        store.record_items([news("US bans H20 sales to China", 1, 0, "a")])
        read(store, at(hours=1))
        later = Keywords(version="keywords-2", types={"us bans": "regulatory_probe"})
        store.record_items([news("Washington bans H20 exports to China", 2, 5, "b")])
        done = read(store, at(hours=6), later)

        assert (done.classified, done.stories, done.grown) == (1, 0, 1)
        assert [f.payload["classifier"] for f in events(store)] == ["keywords-1", "keywords-2"]


def test_a_damaged_bookmark_repeats_work_and_nothing_else(
    new_store: Callable[[], Store],
) -> None:
    with new_store() as store:
        store.record_items([news("US bans H20 sales to China", 1, 0)])
        read(store, at(hours=1))
        state = store.poll_state(BOOKMARK)
        assert state is not None
        store.save_poll_states([replace(state, health={"since": "yesterday"})])
        digest = store.data_hash()
        done = read(store, at(hours=2))

        assert (done.classified, done.stories, done.grown) == (1, 0, 0)
        assert store.data_hash() == digest


# --- what counts ---------------------------------------------------------------------------------


def impulses(facts: Sequence[Fact]) -> float:
    """Sum of the policy impulses of a fortnight of sessions with the shipped weights."""
    days = [at(days=d) for d in range(14)]
    grid = Grid(
        sessions_on=tuple(day.date() for day in days),
        decide_at_us=np.array([to_micros(day) for day in days]),
    )
    history = History(facts)
    told = known_events(history, days[-1])
    weights = load(CONFIG, "balanced").events
    values = build(history, grid, ratings=(), events=told, weights=weights).values
    return float(np.nansum(values["policy_impulse_pct"]))


def curated(headline: str, hours: float) -> Fact:
    payload = {"headline": headline, "event_type": "export_restriction", "actor": "US government"}
    return make_fact(
        "headline", f"row:{headline}", payload=payload, known_at=at(hours=hours), confidence=0.9
    )


def test_a_story_that_the_curated_table_tells_too_counts_once(
    new_store: Callable[[], Store],
) -> None:
    """Same type and sense within three sessions: the larger of the two counts, not the sum."""
    with new_store() as store:
        store.record_items([news("US bans Nvidia from selling H20 chips to China", 1, 20)])
        read(store, at(hours=21))
        by_wire = events(store)
        by_hand = [curated("US bans Nvidia from selling H20 chips to China", 2)]

        alone = impulses(by_hand)
        assert alone < 0
        assert impulses(by_wire) < 0
        assert impulses([*by_hand, *by_wire]) == pytest.approx(min(alone, impulses(by_wire)))


@pytest.mark.parametrize("echo", ["other", "valuation_milestone", "rates", "model_release"])
def test_echoes_of_the_price_move_no_score(new_store: Callable[[], Store], echo: str) -> None:
    """Events of types without a weight are shown and score nothing."""
    assert echo in EVENT_TYPES
    model = Keywords(types={"falls": echo})
    with new_store() as store:
        store.record_items([news("Nvidia falls five per cent", 1, 0)])
        read(store, at(hours=1), model)

        assert len(events(store)) == 1
        assert impulses(events(store)) == 0.0


# --- releases ----------------------------------------------------------------------------------


def repository(name: str = "deepseek-ai/DeepSeek-V9", hours: float = 0, **changes: Any) -> Fact:
    payload = {
        "id": name, "total_params": 800 * 10**9, "quant_method": None, "fmt": None,
        "scale_fmt": None, "block": None, "sha": "0", "downloads": 1, "likes": 1,
        "license": "mit", **changes,
    }  # fmt: skip
    return make_fact(
        "hf_repository", name, payload=payload, known_at=at(hours=hours), occurred_at=at(days=-1)
    )


def catalogue(model: str, lab: str = "DeepSeek") -> Fact:
    release = make_release(model, lab=lab, source="paper")
    return make_fact("model_release", f"{lab}/{model}", payload=release_payload(release))


FP8 = {"quant_method": "fp8", "fmt": "e4m3", "scale_fmt": "ue8m0", "block": [128, 128]}


def test_a_flagship_repository_is_a_release_with_what_it_says_and_no_more() -> None:
    (fact,) = release_facts([repository(**FP8)], [])
    release = release_of(fact)

    assert (release.lab, release.model, release.country) == ("DeepSeek", "DeepSeek-V9", "CN")
    assert release.total_params_b == 800.0
    assert release.weight_precision == "fp8-ue8m0"
    assert release.scale_format == "ue8m0"
    assert release.released_on == (T0 - timedelta(days=1)).date()
    assert fact.known_at == T0
    assert release.source.startswith(PROVENANCE)
    assert release.active_params_b is None
    assert release.price_input_usd_per_mtok is None
    assert release.mmlu_pro_pct is None


def test_a_repository_with_a_config_is_a_release_with_both_counts() -> None:
    """What the config counts goes before what is stored; the name's own words before both."""
    counted = {"config_params": 671 * 10**9, "active_params": 37 * 10**9, "context_tokens": 163840}
    (fact,) = release_facts([repository(**counted)], [])
    release = release_of(fact)

    assert (release.total_params_b, release.active_params_b) == (671.0, 37.0)
    assert release.context_k == 160.0


def test_packed_weights_do_not_hide_a_flagship() -> None:
    """A trillion parameters of four bits, packed by eight into whole numbers."""
    packed = {"total_params": 90 * 10**9, "config_params": 1_026 * 10**9}
    (fact,) = release_facts([repository(**packed)], [])

    assert release_of(fact).total_params_b == 1026.0


@pytest.mark.parametrize(
    ("tags", "counts"),
    [
        ({"pipeline_tag": "text-to-video"}, False),
        ({"pipeline_tag": "image-to-3d"}, False),
        ({"library_name": "diffusers"}, False),
        ({"pipeline_tag": "text-generation", "library_name": "transformers"}, True),
        ({"pipeline_tag": "image-text-to-text"}, True),
        ({}, True),
    ],
)
def test_only_language_models_are_releases(tags: dict[str, str], counts: bool) -> None:
    """By the hub's own tags where it gives them."""
    assert len(release_facts([repository("tencent/HunyuanVideo", **tags)], [])) == counts


@pytest.mark.parametrize(
    ("name", "active"),
    [
        ("Qwen9-480B-A35B-Instruct", 35.0),
        ("Qwen3-30B-A3.5B", 3.5),
        ("DeepSeek-V9", None),
        ("Model-BA35B", None),
        ("Ling-1T", None),
    ],
)
def test_active_parameters_are_those_the_name_tells(name: str, active: float | None) -> None:
    assert active_params_b(name) == active


@pytest.mark.parametrize(
    ("config", "precision"),
    [
        (FP8, "fp8-ue8m0"),
        ({**FP8, "scale_fmt": None}, "fp8-e4m3-128x128"),
        ({**FP8, "scale_fmt": None, "block": None}, "fp8"),
        ({"quant_method": "mxfp4"}, "mxfp4"),
        ({"quant_method": "compressed-tensors", "fmt": "pack-quantized"}, None),
        ({}, None),
    ],
)
def test_precision_is_said_in_the_words_of_the_catalogue(
    config: dict[str, Any], precision: str | None
) -> None:
    fact = Fact(
        kind="hf_repository", key="a/b", occurred_at=T0, known_at=T0, source="t",
        payload={"id": "a/b", **config},
    )  # fmt: skip
    assert weight_precision(REPOSITORIES.read(fact)) == precision


def test_copies_of_a_model_are_one_release() -> None:
    """Base, instruct, chat and quantised builds, in any order of arrival within a poll."""
    names = ("", "-Base", "-Instruct", "-GGUF", "-AWQ", "-FP8", "-NVFP4", "-Int4", "-bf16")
    for order in itertools.islice(itertools.permutations(names), 0, 40_000, 5_000):
        told = release_facts([repository(f"deepseek-ai/DeepSeek-V9{n}") for n in order], [])
        assert [f.key for f in told] == ["DeepSeek/DeepSeek-V9"]


def test_a_copy_that_comes_later_renames_nothing_and_adds_no_row() -> None:
    early = [repository("deepseek-ai/DeepSeek-V9-Base", 0)]
    late = [*early, repository("deepseek-ai/DeepSeek-V9", 5), repository("deepseek-ai/V8-GGUF", 6)]

    assert release_facts(late, [])[:1] == release_facts(early, [])
    assert [f.key for f in release_facts(late, [])] == ["DeepSeek/DeepSeek-V9", "DeepSeek/V8"]


def test_a_build_in_fp8_tells_the_precision_of_its_family_as_a_correction() -> None:
    told = release_facts(
        [repository(hours=0), repository("deepseek-ai/DeepSeek-V9-FP8", 5, **FP8)], []
    )

    assert [release_of(f).weight_precision for f in told] == [None, "fp8-ue8m0"]
    assert [f.known_at for f in told] == [at(), at(hours=5)]


@pytest.mark.parametrize(
    ("catalogued", "lab", "listed"),
    [
        ("DeepSeek-V3.1", "DeepSeek", "deepseek-ai/DeepSeek-V3.1-Base"),
        ("Kimi K2", "Moonshot AI", "moonshotai/Kimi-K2-Instruct"),
        ("Qwen2.5-72B-Instruct", "Alibaba", "Qwen/Qwen2.5-72B-Instruct-AWQ"),
        ("Qwen3-235B-A22B-Instruct-2507", "Alibaba", "Qwen/Qwen3-235B-A22B-Instruct-2507-FP8"),
        ("Hunyuan-Large", "Tencent", "tencent/Tencent-Hunyuan-Large"),
        ("GLM-5.2", "Zhipu", "zai-org/GLM-5.2-FP8"),
        ("ERNIE-4.5-300B-A47B", "Baidu", "baidu/ERNIE-4.5-300B-A47B-PT"),
    ],
)
def test_a_model_of_the_catalogue_makes_no_second_release(
    catalogued: str, lab: str, listed: str
) -> None:
    known = [catalogue(catalogued, lab)]

    assert release_facts([repository(listed)], known) == ()
    assert len(release_facts([repository(listed)], [])) == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"total_params": int(FLAGSHIP_PARAMS) // 2}, "too small"),
        ({"total_params": None}, "size unknown"),
        ({"name": "deepseek-ai/DeepSeek-V9-OCR"}, "another trade"),
        ({"name": "deepseek-ai/DeepSeek-R9-Distill-Llama-405B"}, "a derivative"),
        ({"name": "somebody/DeepSeek-V9"}, "not a tracked laboratory"),
    ],
)
def test_what_is_not_a_new_flagship_makes_no_release(changes: dict[str, Any], why: str) -> None:
    assert release_facts([repository(**changes)], []) == (), why


def test_an_old_repository_met_late_is_not_todays_news() -> None:
    old = replace(repository(), occurred_at=T0 - FRESH - HOURS)
    fresh = replace(repository(), occurred_at=T0 - FRESH)

    assert release_facts([old], []) == ()
    assert len(release_facts([fresh], [])) == 1


def test_counters_that_tick_are_no_correction(new_store: Callable[[], Store]) -> None:
    """Downloads, likes and commits move; the release on record does not."""
    with new_store() as store:
        store.record([repository(downloads=n, sha=str(n), hours=n) for n in range(5)])
        first = ingest(store, at(hours=9), classifier=_never)
        second = ingest(store, at(hours=9), classifier=_never)

        assert (first.releases, first.updated) == (1, 0)
        assert (second.releases, second.updated) == (0, 0)
        assert store.counts()["model_release"] == 1


def _never() -> Any:
    raise AssertionError("nothing to classify, nobody to ask")


def test_the_catalogue_itself_has_no_two_models_of_one_family() -> None:
    """Else the join would hide one of them: names must differ by more than their builds."""
    with (CONFIG / "facts" / "model_releases.csv").open(encoding="utf-8") as file:
        names = [(r["lab"], r["model"]) for r in csv.DictReader(file) if r["role"] == "tracked"]
    families = [(lab, family(model, lab)) for lab, model in names]

    assert len(set(families)) == len(families)
    assert {lab.name for lab in LABS.values()} <= {lab for lab, _ in names}


def test_a_stanza_adds_a_laboratory() -> None:
    labs = labs_of([{"org": "NewLab", "lab": "New Lab", "country": "CN"}, {"symbols": ["NVDA"]}])

    assert labs["newlab"] == Lab(name="New Lab", country="CN")
    (fact,) = release_facts([repository("NewLab/N1")], [], labs)
    assert release_of(fact).lab == "New Lab"


def test_a_price_that_comes_later_makes_a_version_of_the_release(
    new_store: Callable[[], Store],
) -> None:
    """No repository changed, and yet there is something to read; afterwards nothing is."""
    price = make_fact(
        "model_price",
        "OpenRouter:deepseek/v9",
        payload={
            "id": "deepseek/v9", "hub_id": "deepseek-ai/DeepSeek-V9",
            "input_usd_per_mtok": 0.27, "output_usd_per_mtok": 1.1,
        },
        known_at=at(hours=5),
        occurred_at=T0,
    )  # fmt: skip
    with new_store() as store:
        store.record([repository()])
        assert ingest_releases(store) == (1, 0)
        store.record([price])
        assert ingest_releases(store) == (0, 1)
        assert ingest_releases(store) == (0, 0)
        latest = max(store.facts(kinds=("model_release",)), key=lambda f: f.known_at)

    assert (release_of(latest).price_output_usd_per_mtok, latest.known_at) == (1.1, at(hours=5))
