"""A record as large as years of use make it, invented from a seed: load tests only.

``python -m tests.load.generate --years 10 --per-day 600 --db sqlite:////tmp/load.sqlite3``

Every source is called *synthetic*. The record holds what the daily path would have left behind:
news items; the stories that classification makes of a tenth of them, one version for each item
that joined; daily bars of five symbols; official rates; a curve of fed funds futures. It ends on
``LAST_ON``; the reference tables join it when a command opens it.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256

from engine.clock import at_new_york
from engine.news.story_record import event_payload
from engine.record.store import Store
from engine.values import Event, Fact, Item, Stage

LAST_ON = date(2025, 8, 22)
SOURCE = "synthetic"
STORY_SHARE = 0.03
"""Stories over items: assumed. A tenth of the items tell one, so each is told 3.3 times."""
TOLD = (2, 3, 3, 4, 5)
"""Items per story, drawn evenly: 3.4 on average, 10 % of the items with ``STORY_SHARE``."""
SYMBOLS = {"NVDA": 30.0, "SPY": 470.0, "QQQ": 400.0, "SMH": 150.0, "VIX": 17.0}
MONTH_LETTERS = "FGHJKMNQUVXZ"
CURVE_MONTHS = 12
DAYS_A_WRITE = 7

TYPES: tuple[tuple[str, int], ...] = (
    ("other", 22),
    ("nvidia_product", 12),
    ("model_release", 12),
    ("rates", 12),
    ("capex_increase", 8),
    ("competitor_chip", 8),
    ("valuation_milestone", 5),
    ("nvidia_earnings", 4),
    ("export_restriction", 4),
    ("export_relief", 3),
    ("domestic_chip_launch", 3),
    ("domestic_chip_adoption", 3),
    ("regulatory_probe", 1),
    ("capex_cut", 1),
    ("china_purchase_ban", 1),
    ("price_war", 1),
)
"""Type and weight. One in six moves a score; none proves or refutes home-grown training."""

_WORDS = (
    "Nvidia chips export licence China data centre model price cloud demand supply quarter margin "
    "Blackwell server factory order capacity software rival memory network power report plan"
).split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much to invent: ``years`` back from ``LAST_ON``, ``per_day`` items a day."""

    years: float
    per_day: int

    @property
    def days(self) -> list[date]:
        """Every calendar day, oldest first."""
        n = round(365.25 * self.years)
        return [LAST_ON - timedelta(days=back) for back in range(n - 1, -1, -1)]


def generate(store: Store, size: Size, *, items: bool = True, seed: int = 20250822) -> int:
    """Fill ``store``; returns the number of items. items False: only the facts made of them."""
    draw = random.Random(seed)
    store.record(_market(size, draw))
    written = 0
    days = size.days
    for start in range(0, len(days), DAYS_A_WRITE):
        made: list[Item] = []
        facts: list[Fact] = []
        for day in days[start : start + DAYS_A_WRITE]:
            made += _items(day, size.per_day, draw)
            facts += _stories(day, size.per_day, draw)
        store.record(facts)
        if items:
            written += store.record_items(made).new
    return written


# --- news -----------------------------------------------------------------------------------


def _items(day: date, per_day: int, draw: random.Random) -> list[Item]:
    """``per_day`` items of ``day``, evenly spread, seen two minutes after publication."""
    midnight = datetime.combine(day, time(0), tzinfo=UTC)
    step = timedelta(seconds=80_000 / per_day)
    return [
        Item(
            source=f"{SYNTHETIC_FEED}{n % 40}",
            title=f"{_headline(draw)} {day.toordinal()}-{n}",
            url=f"https://example.org/{day}/{n}",
            published_at=midnight + n * step,
            known_at=midnight + n * step + timedelta(minutes=2),
            summary="Invented text of a story that nobody wrote. " * 5,
        )
        for n in range(per_day)
    ]


SYNTHETIC_FEED = f"{SOURCE} feed "


def _headline(draw: random.Random) -> str:
    return " ".join(draw.choices(_WORDS, k=8))


def _stories(day: date, per_day: int, draw: random.Random) -> Iterator[Fact]:
    """The event facts of stories that begin on ``day``: one for each item that joined."""
    midnight = datetime.combine(day, time(0), tzinfo=UTC)
    names, weights = zip(*TYPES, strict=True)
    for n in range(round(STORY_SHARE * per_day)):
        kind = draw.choices(names, weights)[0]
        known_at = midnight + timedelta(seconds=draw.randrange(70_000))
        members = [sha256(f"{day}/{n}/{m}".encode()).hexdigest() for m in range(draw.choice(TOLD))]
        headline, direction = _headline(draw), draw.choice((-1, -1, 0, 1))
        for told in range(1, len(members) + 1):
            event = Event(
                event_id=members[0][:16],
                event_type=kind,
                actor="Federal Reserve" if kind == "rates" else "Synthetic Works",
                direction=direction,
                stage=draw.choice(tuple(Stage)),
                confidence=round(draw.uniform(0.5, 1.0), 3),
                occurred_at=known_at,
                known_at=known_at + timedelta(minutes=30 * (told - 1)),
                headline=headline,
                source=SOURCE,
                n_sources=told,
                item_ids=tuple(members[:told]),
                classifier="synthetic",
            )
            if event.known_at.date() <= LAST_ON:
                yield _event_fact(event)


def _event_fact(event: Event) -> Fact:
    return Fact(
        kind="event",
        key=event.event_id,
        occurred_at=event.occurred_at,
        known_at=event.known_at,
        source=event.source,
        confidence=event.confidence,
        payload=event_payload(event),
    )


# --- markets --------------------------------------------------------------------------------


def _market(size: Size, draw: random.Random) -> Iterator[Fact]:
    days = [day for day in size.days if day.weekday() < 5]
    level = dict(SYMBOLS)
    for day in days:
        for symbol in SYMBOLS:
            level[symbol] *= 1.0 + draw.gauss(0.0003, 0.015)
            yield _bar(symbol, day, level[symbol])
    yield from _meetings(days[0], days[-1])
    rate = 4.0
    for day in days:
        rate = min(max(rate + draw.gauss(0.0, 0.01), 0.25), 5.5)
        series = {"DFF": rate, "DGS2": rate - 0.2, "DGS10": rate + 0.3, "DTB3": rate - 0.1}
        yield from (_observation(s, day, round(v, 2), time(9, 15)) for s, v in series.items())
        yield from _curve(day, rate)


def _fact(kind: str, key: str, at: datetime, payload: dict[str, object]) -> Fact:
    return Fact(kind=kind, key=key, occurred_at=at, known_at=at, source=SOURCE, payload=payload)


def _bar(symbol: str, day: date, close: float) -> Fact:
    payload: dict[str, object] = {
        "symbol": symbol,
        "session_on": day.isoformat(),
        "close": round(close, 2),
    }
    return _fact("bar", f"{symbol}:{day}", at_new_york(day, time(16, 30)), payload)


def _observation(series: str, day: date, value: float, clock: time) -> Fact:
    payload: dict[str, object] = {
        "series": series,
        "observed_on": day.isoformat(),
        "value": value,
    }
    return _fact("observation", f"{series}:{day}", at_new_york(day, clock), payload)


def _curve(day: date, rate: float) -> Iterator[Fact]:
    """Twelve contracts that price a slow fall of the rate."""
    for ahead in range(CURVE_MONTHS):
        years, month = divmod(day.month - 1 + ahead, 12)
        name = f"ZQ{MONTH_LETTERS[month]}{(day.year + years) % 100:02d}"
        price = round((100.0 - rate + 0.05 * ahead) / 0.0025) * 0.0025
        yield _observation(name, day, round(price, 4), time(16, 30))


def _meetings(first: date, last: date) -> Iterator[Fact]:
    """Eight meetings a year up to the reference tables, which begin in 2020, and their outcome."""
    for year in range(first.year, min(last.year + 1, 2020)):
        for month in (1, 3, 5, 6, 7, 9, 11, 12):
            end = date(year, month, 18)
            stated = at_new_york(end, time(14))
            plan: dict[str, object] = {
                "meeting_start": (end - timedelta(days=1)).isoformat(),
                "meeting_end": end.isoformat(),
                "statement_time": "14:00",
                "sep_meeting": "Y" if month % 3 == 0 else "N",
            }
            done: dict[str, object] = {
                "meeting_end": end.isoformat(),
                "action_bp": "0",
                "target_lower_after": "4.00",
                "target_upper_after": "4.25",
            }
            published = stated - timedelta(days=400)
            plan_fact = _fact("fomc_meeting", end.isoformat(), stated, plan)
            yield Fact(
                kind=plan_fact.kind,
                key=plan_fact.key,
                occurred_at=stated,
                known_at=published,
                source=SOURCE,
                payload=plan,
            )
            yield _fact("fomc_decision", end.isoformat(), stated, done)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--years", type=float, default=10.0)
    parser.add_argument("--per-day", type=int, default=600)
    parser.add_argument("--db", required=True, help="sqlite:///file, made when it does not exist")
    parser.add_argument("--facts-only", action="store_true", help="leave the news items out")
    given = parser.parse_args(arguments)
    size = Size(years=given.years, per_day=given.per_day)
    with Store.open(given.db) as store:
        n_items = generate(store, size, items=not given.facts_only)
        n_facts = sum(store.counts().values())
    print(f"{n_items:,} synthetic items and {n_facts:,} facts in {given.db}")


if __name__ == "__main__":
    main()
