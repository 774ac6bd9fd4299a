"""Lists of prices: our own figures in the shapes that OpenRouter and models.dev send."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from engine.errors import FeedError
from engine.record.readings import MODEL_PRICES, RELEASES
from engine.threat.changes import PRICE_CUT, kind_of_change
from engine.threat.hub import release_facts
from engine.values import RATED_AT_LAST, Fact, ModelRelease
from feeds.base import FeedConfig
from feeds.collect import MemorySink, collect
from feeds.model_prices import ModelsDevPrices, OpenRouterPrices
from feeds.wire import Fetched

NOW = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)
ROUTER = FeedConfig(name="or", kind="x:Y", label="OpenRouter", url="https://openrouter.ai/m")
DEV = FeedConfig(name="dev", kind="x:Y", label="models.dev", url="https://models.dev/api.json")


def routed(prompt: object = "0.00000027", completion: object = "0.0000011", **changes: object):
    return {
        "id": "deepseek/deepseek-v9",
        "canonical_slug": "deepseek/deepseek-v9-0820",
        "hugging_face_id": "deepseek-ai/DeepSeek-V9",
        "name": "DeepSeek: <b>DeepSeek V9</b>",
        "created": 1_755_660_000,
        "description": "Made up.",
        "context_length": 163_840,
        "architecture": {"modality": "text->text", "tokenizer": "DeepSeek"},
        "pricing": {"prompt": prompt, "completion": completion, "request": "0", "image": "0"},
        "top_provider": {"context_length": 163_840, "is_moderated": False},
        "supported_parameters": ["tools"],
        **changes,
    }


def parsed(*entries: object, feed: FeedConfig = ROUTER, at: datetime = NOW):
    return OpenRouterPrices().parse(json.dumps({"data": entries}).encode(), feed, at)


def test_a_routed_model_has_its_price_by_the_million_tokens():
    """Told per token, in text; known when seen, dated to the day of the model."""
    (fact,) = parsed(routed()).facts
    price = MODEL_PRICES.read(fact)

    assert (fact.kind, fact.key) == ("model_price", "OpenRouter:deepseek/deepseek-v9")
    assert (price.input_usd_per_mtok, price.output_usd_per_mtok) == (0.27, 1.1)
    assert (price.hub_id, price.context_tokens) == ("deepseek-ai/DeepSeek-V9", 163_840)
    assert (price.name, price.known_at) == ("DeepSeek: DeepSeek V9", NOW)
    assert price.occurred_at == datetime(2025, 8, 20, 3, 20, tzinfo=UTC)


def test_models_dev_tells_prices_by_the_million():
    """By provider; a model without a price is none for nothing."""
    answer = {
        "deepseek": {"id": "deepseek", "env": ["K"], "name": "DeepSeek", "models": {
            "deepseek-chat": {
                "id": "deepseek-chat", "name": "DeepSeek Chat", "open_weights": True,
                "release_date": "2025-08-20", "cost": {"input": 0.28, "output": 0.42},
                "limit": {"context": 128_000, "output": 8_192}},
            "unpriced": {"id": "unpriced", "release_date": "2025-08-20"},
            "monthly": {"release_date": "2025-08", "cost": {"input": 1, "output": 2}}}},
    }  # fmt: skip
    told = ModelsDevPrices().parse(json.dumps(answer).encode(), DEV, NOW)
    (fact,) = told.facts

    assert fact.key == "models.dev:deepseek/deepseek-chat"
    assert fact.payload["input_usd_per_mtok"] == 0.28
    assert fact.payload["output_usd_per_mtok"] == 0.42
    assert fact.payload["context_tokens"] == 128_000
    assert told.problems == ("deepseek/monthly has no usable date",)


@pytest.mark.parametrize(
    "entry",
    [
        routed("-1", "-1"),
        routed("0", "0"),
        routed(id="deepseek/deepseek-v9:free"),
        routed(None),
        routed(pricing=None),
        routed(id="elsewhere/x"),
        "no row",
    ],
)
def test_what_is_no_list_price_of_these_makers_is_passed_over(entry):
    """Left to the request, free, not told, somebody else's: nothing, and no complaint."""
    feed = ROUTER.model_copy(update={"options": {"providers": ["deepseek"]}})
    told = parsed(entry, feed=feed)

    assert (told.facts, told.problems) == ((), ())


@pytest.mark.parametrize(
    "entry",
    [
        routed("0.27", "1.1"),
        routed("cheap", "1"),
        routed("NaN", "1e-6"),
        routed("1e-6", "1e999"),
        routed(id="deepseek/'; DROP"),
        routed(created=None),
        routed(created=10**15),
        routed(created=True),
        routed(created=int((NOW + timedelta(days=400)).timestamp())),
    ],
)
def test_a_strange_row_is_a_problem_not_a_fact(entry):
    """Another unit, no number, no name, no day."""
    told = parsed(entry, routed(id="deepseek/sound"))

    assert [fact.key for fact in told.facts] == ["OpenRouter:deepseek/sound"]
    assert len(told.problems) == 1


@pytest.mark.parametrize(
    "body", [b"<!doctype html>", b"{}", b'{"data": []}', b"[1]", b"", b'{"a": 1}']
)
def test_what_is_no_list_is_an_error(body):
    """An empty list of all models in the world is a fault of the source."""
    for collector, feed in ((OpenRouterPrices(), ROUTER), (ModelsDevPrices(), DEV)):
        with pytest.raises(FeedError):
            collector.parse(body, feed, NOW)


class Lists:
    """The list of the moment."""

    def __init__(self):
        self.entries: list[object] = []

    def get(self, request, now):
        return Fetched(url=request.url, body=json.dumps({"data": self.entries}).encode())


def test_a_price_cut_arrives_as_a_change_of_the_release():
    """Repository first, price later, cut later still: seen, rated at last, price cut; each once."""
    weights = Fact(
        kind="hf_repository", key="deepseek-ai/DeepSeek-V9", source="Hugging Face", known_at=NOW,
        occurred_at=NOW - timedelta(days=1),
        payload={"id": "deepseek-ai/DeepSeek-V9", "total_params": 684 * 10**9, "license": "mit"},
    )  # fmt: skip
    web, sink = Lists(), MemorySink()
    counts = []
    for days, rows in (
        (1, [routed()]),
        (2, [routed()]),
        (3, [routed("0.000000135", "0.00000055")]),
        (4, [routed("0.000000135", "0.00000055", context_length=128_000)]),
    ):
        web.entries = rows
        at = NOW + timedelta(days=days)
        one = collect(
            [ROUTER], web, sink, at, force=True, collectors=lambda kind: OpenRouterPrices()
        )
        counts.append((one.new, one.changed))
    prices = [fact for _, document in sink.documents for fact in document.facts]

    told = release_facts([weights], [], prices=prices)

    assert counts == [(1, 0), (0, 0), (0, 1), (0, 1)]
    assert [fact.known_at - NOW for fact in told] == [timedelta(days=n) for n in (0, 1, 3)]
    seen, priced, cut = map(RELEASES.read, told)
    assert seen.price_output_usd_per_mtok is None
    assert (priced.price_input_usd_per_mtok, priced.price_output_usd_per_mtok) == (0.27, 1.1)
    assert cut.price_output_usd_per_mtok == 0.55
    assert kind_of_change(seen, priced) == RATED_AT_LAST
    assert kind_of_change(priced, cut) == PRICE_CUT


def test_another_model_of_the_family_does_not_change_the_price():
    """A dearer "thinking" build listed later is not a rise, a cheaper one no cut."""
    weights = Fact(
        kind="hf_repository", key="deepseek-ai/DeepSeek-V9", source="Hugging Face", known_at=NOW,
        occurred_at=NOW - timedelta(days=1),
        payload={"id": "deepseek-ai/DeepSeek-V9", "total_params": 684 * 10**9},
    )  # fmt: skip
    build = routed("1e-7", "2e-7", id="deepseek/deepseek-v9-chat",
                   hugging_face_id="deepseek-ai/DeepSeek-V9-Chat")  # fmt: skip
    facts = (
        *parsed(routed()).facts,
        *parsed(routed(), build, at=NOW + timedelta(days=1)).facts,
    )

    assert len(release_facts([weights], [], prices=facts)) == 1


def test_a_cut_of_a_catalogued_model_is_an_event_by_itself():
    """A list seen before asks less: the catalogue's release gets a later version, and only then.

    A first look below the catalogue's price is none, nor a fall that ends above it; a price that
    rises again goes back to the catalogue's own; told twice it is told once.
    """
    row = ModelRelease(
        model="DeepSeek-V9", lab="DeepSeek", country="CN", released_on=NOW.date(), known_at=NOW,
        source="catalogue", price_input_usd_per_mtok=0.27, price_output_usd_per_mtok=1.1,
    )  # fmt: skip
    base = RELEASES.fact(row, occurred_at=NOW, known_at=NOW, source="catalogue", backfilled=True)

    def told(*asked: tuple[str, str], known: list[Fact] | None = None) -> tuple[Fact, ...]:
        facts = [
            fact
            for n, (prompt, completion) in enumerate(asked, 1)
            for fact in parsed(routed(prompt, completion), at=NOW + timedelta(days=n)).facts
        ]
        return release_facts([], known or [base], prices=facts)

    falls = (("2.7e-7", "1.1e-6"), ("1e-7", "4e-7"), ("1e-7", "4e-7"), ("2.7e-7", "1.1e-6"))
    cut, back = told(*falls)

    lower, own = RELEASES.read(cut), RELEASES.read(back)
    assert (cut.key, lower.source) == (base.key, "catalogue")
    assert (lower.price_input_usd_per_mtok, lower.price_output_usd_per_mtok) == (0.1, 0.4)
    assert (own.price_input_usd_per_mtok, own.price_output_usd_per_mtok) == (0.27, 1.1)
    assert [f.known_at - NOW for f in (cut, back)] == [timedelta(days=2), timedelta(days=4)]
    assert kind_of_change(row, lower) == PRICE_CUT
    assert kind_of_change(lower, own) is None
    assert told(*falls, known=[base, cut, back]) == (cut, back)
    assert told(("1e-7", "4e-7")) == ()
    assert told(("9e-7", "4e-6"), ("6e-7", "2e-6")) == ()
    assert told(("2.7e-7", "1.1e-6"), ("2.65e-7", "1.08e-6")) == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"prompt": "0.002"}, ""),  # two thousand dollars a million tokens
        ({"prompt": "0.0020001"}, "has a price that no model has"),
        ({"completion": "0.0020001"}, "has a price that no model has"),
        ({"id": "x" * 64 + "/m"}, ""),
        ({"id": "x" * 65 + "/m"}, "is not the name of a model"),
        ({"id": "x/" + "m" * 120}, ""),
        ({"id": "x/" + "m" * 121}, "is not the name of a model"),
        ({"created": int(NOW.timestamp())}, ""),
        ({"created": int(NOW.timestamp()) + 86_400}, "has no usable date"),
    ],
)
def test_a_price_has_bounds_a_name_and_a_day(changes, said):
    pricing = {key: changes.pop(key) for key in ("prompt", "completion") if key in changes}
    found = parsed(routed(**pricing, **changes))
    assert len(found.facts) == (not said)
    assert [problem.endswith(said) for problem in found.problems] == ([True] if said else [])
    assert found.put_off == (said == "has no usable date")


@pytest.mark.parametrize(
    ("context", "kept"),
    [(1, 1), (0, None), (-1, None), (10**9 - 1, 10**9 - 1), (10**9, None), (True, None),
     ("8", None), (8.0, None)],
)  # fmt: skip
def test_a_context_is_a_whole_number_of_tokens(context, kept):
    (fact,) = parsed(routed(context_length=context)).facts
    assert fact.payload.get("context_tokens") == kept


@pytest.mark.parametrize(
    ("hub", "kept"), [("org/M", "org/M"), ("org", None), ("a/b/c", None), (7, None), (None, None)]
)
def test_weights_lie_in_a_repository(hub, kept):
    (fact,) = parsed(routed(hugging_face_id=hub, name=7)).facts
    assert fact.payload.get("hub_id") == kept
    assert MODEL_PRICES.read(fact).name == ""


def test_providers_and_their_organisations_are_chosen_by_the_stanza():
    """Of two providers the one asked for; its weights lie with the organisation named."""
    model = {"name": "M", "release_date": "2025-08-20", "cost": {"input": 0.5, "output": 2}}
    answer = {
        "a": {"models": {"m-1": model, "odd": 3}}, "b": {"models": {"m-2": model}},
        "c": {"models": []}, "d": 3,
    }  # fmt: skip
    for options, keys in (
        ({}, ["a/m-1", "b/m-2"]),
        ({"providers": ["b"], "orgs": {"b": "org-b", "a": "org-a"}}, ["b/m-2"]),
    ):
        feed = DEV.model_copy(update={"options": options})
        told = ModelsDevPrices().parse(json.dumps(answer).encode(), feed, NOW).facts
        assert [fact.payload["id"] for fact in told] == keys
        assert told[-1].payload.get("hub_id") == ("org-b/m-2" if options else None)
        assert told[-1].occurred_at == datetime(2025, 8, 20, tzinfo=UTC)
