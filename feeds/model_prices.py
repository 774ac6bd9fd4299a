"""What models cost, as two public lists tell it; makers' own pages: ``feeds.price_pages``.

OpenRouter lists the models that can be asked through it, in USD per token, with the repository of
the weights; models.dev what each maker and cloud charges, in USD per million tokens. Each priced
model is one ``model_price`` fact. Neither list says since when a price holds: a price is known from
the poll that saw it, a cut is a new version of the fact. ``occurred_at`` is the day of the model.

Free variants and prices that depend on the request are left out: they are no list price.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from config.schema import Many, Strict
from engine.errors import FeedError
from engine.news.clean import clean_text
from engine.news.stamps import is_future, parse_stamp
from engine.phrases import phrase
from engine.record.readings import MODEL_PRICES, ModelPrice
from engine.values import Fact
from feeds.base import (
    MAX_ENTRIES,
    DocumentCollector,
    FeedConfig,
    Parsed,
    falls_due,
    list_in,
    newest_stamps,
    options_of,
    read_json,
)

HIGHEST_USD_PER_MTOK = 2_000.0
"""More than three times the dearest list price on record (600 for output, 2025): above it the unit
was mistaken."""

_ID = re.compile(r"[\w.~-]{1,64}/[\w.:@/+-]{1,120}\Z", re.A)
_HUB_ID = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}\Z", re.A)


class PriceOptions(Strict):
    """providers: whose models, by the part of their names before the stroke; by default any. orgs:
    the organisation on the hub that has a provider's weights, where the list names no repository.
    """

    providers: Many[str] = ()
    orgs: Mapping[str, str] = Field(default_factory=dict)


class OpenRouterPrices(DocumentCollector):
    """``https://openrouter.ai/api/v1/models``."""

    Options = PriceOptions
    accept = "application/json"

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """Facts ``model_price``; ``FeedError`` when the answer is no such list."""
        listed = list_in(read_json(body, feed), "data", feed, "list of models")
        if not listed:
            raise FeedError(feed.name, phrase("no list of models in the answer"))
        rows = (_routed(entry) for entry in listed if isinstance(entry, dict))
        return priced(rows, feed, fetched_at, options_of(feed, PriceOptions).providers)


class ModelsDevPrices(DocumentCollector):
    """``https://models.dev/api.json``."""

    Options = PriceOptions
    accept = "application/json"

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """Facts ``model_price``; ``FeedError`` when the answer is no such table."""
        answer = read_json(body, feed)
        if not isinstance(answer, dict) or not any(
            isinstance(p, dict) and isinstance(p.get("models"), dict) for p in answer.values()
        ):
            raise FeedError(feed.name, phrase("no table of providers in the answer"))
        options = options_of(feed, PriceOptions)
        return priced(_offered(answer, options.orgs), feed, fetched_at, options.providers)


# --- parsing (pure) -------------------------------------------------------------------------

Priced = Mapping[str, Any]
"""id, name, made (instant or None), input, output (USD per million tokens), hub_id, context;
by_maker where the list is the maker's own."""


def _routed(entry: Priced) -> Priced:
    pricing = entry.get("pricing")
    prices = pricing if isinstance(pricing, dict) else {}
    return {
        "id": str(entry.get("id", "")),
        "name": entry.get("name"),
        "made": _instant(entry.get("created")),
        "input": _usd(prices.get("prompt"), 1e6),
        "output": _usd(prices.get("completion"), 1e6),
        "hub_id": entry.get("hugging_face_id"),
        "context": entry.get("context_length"),
    }


def _offered(answer: Mapping[str, Any], orgs: Mapping[str, str]) -> Iterator[Priced]:
    for provider, told in answer.items():
        models = told.get("models") if isinstance(told, dict) else None
        for name, model in models.items() if isinstance(models, dict) else ():
            if not isinstance(model, dict):
                continue
            cost, limit = model.get("cost"), model.get("limit")
            prices = cost if isinstance(cost, dict) else {}
            yield {
                "id": f"{provider}/{name}",
                "name": model.get("name"),
                "made": parse_stamp(f"{str(model.get('release_date'))[:10]}T00:00:00Z"),
                "input": _usd(prices.get("input"), 1.0),
                "output": _usd(prices.get("output"), 1.0),
                "hub_id": f"{orgs[provider]}/{name}" if provider in orgs else None,
                "context": limit.get("context") if isinstance(limit, dict) else None,
            }


def _instant(created: Any) -> datetime | None:
    sound = isinstance(created, int | float) and 10**9 < created < 10**11  # from 2001 on
    return datetime.fromtimestamp(created, UTC) if sound else None


def _usd(value: Any, times: float) -> float | None:
    """A price per million tokens to six digits; None where none is told, NaN for nonsense."""
    if value is None or isinstance(value, bool):
        return None
    try:
        price = float(value) * times
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return float(f"{price:.6g}")


def priced(
    rows: Iterable[Priced], feed: FeedConfig, seen_at: datetime, providers: Iterable[str] = ()
) -> Parsed:
    """A fact of each row that tells a list price. providers: whose rows alone; empty for all."""
    providers = frozenset(providers)
    facts: list[Fact] = []
    problems: list[str] = []
    n_found = n_put_off = 0
    for row in rows:
        if providers and row["id"].partition("/")[0] not in providers:
            continue
        if row["id"].endswith(":free") or not _is_list_price(row):
            continue
        n_found += 1
        if n_found > MAX_ENTRIES:
            continue
        fault = _fault(row, seen_at)
        if fault:
            problems.append(
                phrase(
                    "{clean_text} {fault}", clean_text=clean_text(row["id"], limit=60), fault=fault
                )
            )
            n_put_off += row["made"] is not None and falls_due(row["made"], seen_at)
        else:
            facts.append(_fact(row, feed.source, seen_at))
    if n_found > MAX_ENTRIES:
        problems.insert(
            0, f"{n_found - MAX_ENTRIES} models beyond the first {MAX_ENTRIES}, not read"
        )
    return Parsed(
        facts=tuple(facts),
        problems=tuple(problems[:20]),
        stamps=newest_stamps(f.occurred_at for f in facts),
        put_off=n_put_off,
    )


def _is_list_price(row: Priced) -> bool:
    """Both prices told and neither free nor, as -1 says, left to the request."""
    prices = (row["input"], row["output"])
    return all(p is not None and (p > 0 or math.isnan(p)) for p in prices)


def _fault(row: Priced, seen_at: datetime) -> str:
    if not _ID.match(row["id"]):
        return "is not the name of a model"
    if not all(p <= HIGHEST_USD_PER_MTOK for p in (row["input"], row["output"])):  # NaN too
        return "has a price that no model has"
    if row["made"] is None or is_future(row["made"], seen_at):
        return "has no usable date"
    return ""


def _fact(row: Priced, source: str, seen_at: datetime) -> Fact:
    hub, context = row.get("hub_id"), row["context"]
    price = ModelPrice(
        id=row["id"],
        name=clean_text(row["name"], limit=120) if isinstance(row["name"], str) else "",
        input_usd_per_mtok=row["input"],
        output_usd_per_mtok=row["output"],
        hub_id=hub if isinstance(hub, str) and _HUB_ID.match(hub) else None,
        context_tokens=context if type(context) is int and 0 < context < 10**9 else None,
        by_maker=row.get("by_maker"),
        occurred_at=row["made"],
        known_at=seen_at,
        source=source,
    )
    return MODEL_PRICES.fact(
        price, occurred_at=row["made"], known_at=seen_at, source=source,
        key=f"{clean_text(source, limit=40)}:{price.id}",
    )  # fmt: skip
