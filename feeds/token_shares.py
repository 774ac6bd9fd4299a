"""Who is asked: the tokens that OpenRouter routed each day, by model (CC BY 4.0, own key).

``https://openrouter.ai/api/v1/datasets/rankings-daily`` gives the fifty most used models of each
day and one row for all others, as token counts; "Source: OpenRouter (openrouter.ai/rankings)".
Each whole day becomes one ``token_share`` fact: the part of Chinese makers, and a checksum of the
rows it was counted from, by which a restatement is told from a repetition. Tokens are those of each
maker's own tokenizer, and the users of one router are no market: evidence, not a measurement.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

from config.schema import Many, Strict
from engine.errors import FeedError
from engine.news.clean import clean_text
from engine.phrases import phrase
from engine.record.readings import TOKEN_SHARES, TokenShare
from engine.values import Fact
from feeds.base import (
    DocumentCollector,
    FeedConfig,
    Parsed,
    list_in,
    market_known_at,
    newest_stamps,
    options_of,
    read_json,
)

_SLUG = re.compile(r"[\w.~-]{1,64}/[\w.:@/+-]{1,120}\Z", re.A)
_OTHERS = "other"
_MOST_TOKENS = 1e18
MAX_DAYS, MAX_ROWS = 400, 30_000


class TokenOptions(Strict):
    """makers: whose models count as Chinese, by the part of their names before the stroke."""

    makers: Many[str]


class OpenRouterTokens(DocumentCollector):
    """Daily token totals, one fact a whole day."""

    Options = TokenOptions
    accept = "application/json"

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """Facts ``token_share``; ``FeedError`` when the answer is no such set."""
        answer = read_json(body, feed)
        rows = list_in(answer, "data", feed, "daily totals")
        if not rows:
            raise FeedError(feed.name, phrase("no daily totals in the answer"))
        makers = frozenset(options_of(feed, TokenOptions).makers)
        days, n_bad = _by_day(rows[:MAX_ROWS], _as_of(answer, fetched_at))
        facts = [_fact(on, told, makers, feed, fetched_at) for on, told in sorted(days.items())]
        return Parsed(
            facts=tuple(facts[-MAX_DAYS:]),
            problems=(f"{n_bad} rows without a day, a model or a count, skipped",) if n_bad else (),
            stamps=newest_stamps(fact.occurred_at for fact in facts),
        )


def _as_of(answer: Mapping[str, Any], seen_at: datetime) -> date:
    """The day that is still being counted: what is of it or later is left for another poll."""
    meta = answer.get("meta")
    try:
        told = datetime.fromisoformat(str(meta["as_of"])).astimezone(UTC).date()  # type: ignore[index]
    except (TypeError, KeyError, ValueError, OverflowError):
        told = seen_at.date()
    return min(told, seen_at.date())


def _by_day(rows: list[Any], until: date) -> tuple[dict[date, dict[str, int]], int]:
    """(whole days with the tokens of each model, rows that could not be read)."""
    days: defaultdict[date, dict[str, int]] = defaultdict(dict)
    n_bad = 0
    for row in rows:
        try:
            on, slug = date.fromisoformat(row["date"]), row["model_permaslug"]
            tokens = int(row["total_tokens"])
            sound = 0 <= tokens < _MOST_TOKENS and (slug == _OTHERS or _SLUG.match(slug))
        except (TypeError, KeyError, ValueError):
            sound = False
        if not sound:
            n_bad += 1
        elif on < until:
            days[on][slug] = tokens
    return {on: told for on, told in days.items() if sum(told.values())}, n_bad


def _fact(
    on: date, told: Mapping[str, int], makers: frozenset[str], feed: FeedConfig, seen_at: datetime
) -> Fact:
    total = sum(told.values())
    home = {slug: n for slug, n in told.items() if slug.partition("/")[0] in makers}
    first = max(home, key=lambda slug: (home[slug], slug), default="")
    at = datetime.combine(on, time(0), tzinfo=UTC)
    known_at, backfilled = market_known_at(at + timedelta(days=2), seen_at)
    share = TokenShare(
        on=on,
        chinese_share=round(sum(home.values()) / total, 6),
        others_share=round(told.get(_OTHERS, 0) / total, 6),
        total_tokens=float(total),
        top_model=clean_text(first, limit=120) or None,
        top_share=round(home[first] / total, 6) if first else None,
        checksum=sha256(json.dumps(sorted(told.items())).encode()).hexdigest(),
        known_at=known_at,
        source=feed.source,
    )
    return TOKEN_SHARES.fact(
        share, occurred_at=at, known_at=known_at, source=feed.source, backfilled=backfilled
    )
