"""Judged real streams: what a careful reader says about real mornings, and how we compare.

    python -m tests.streams               days that may be looked at, with the wrong calls
    python -m tests.streams --untouched     the twenty days kept back: figures only
    python -m tests.streams --all
    python -m tests.streams --fresh         the stream of 2022 and 2023: figures only
    python -m tests.streams --web           twenty headlines of the web: figures only

The judging rule is in ``tests/data/stream_labels.md``. The streams are third-party data outside the
project; without them everything here says so and stops.
"""

from __future__ import annotations

import csv
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.news.clean import make_item
from engine.values import Item

if TYPE_CHECKING:
    from engine.macro.sessions import Sessions

ROOT = Path(__file__).resolve().parents[1]
NEWS = ROOT / "../shared/data/news"
FILES = (
    "nvda_headlines_alphavantage_2024-10_2025-02.csv",
    "nvda_headlines_rss_reddit_2025-03_2025-05.csv",
)
FRESH = "nvda_headlines_gnews_2022_2023.csv"
"""Dated headlines of which none was read before its own labels were written."""
WEB = "ai_chip_headlines_from_web_2023-10_2025-08.csv"
"""Twenty headlines by date, most of which tell a step."""
WEB_LABELS = ROOT / "tests" / "data" / "web_labels.csv"
LABELS = ROOT / "tests" / "data" / "stream_labels.csv"
FRESH_LABELS = ROOT / "tests" / "data" / "fresh_labels.csv"
DAYS = ROOT / "tests" / "data" / "stream_days.csv"
LAG = timedelta(minutes=10)
"""From publication to our first sight, as a half-hourly feed has it on the lucky side."""

VOICES: Mapping[str, str] = {
    "export_restriction": "policy",
    "export_relief": "policy",
    "china_purchase_ban": "policy",
    "regulatory_probe": "policy",
    "domestic_chip_launch": "domestic",
    "domestic_chip_adoption": "domestic",
    "training_failure": "domestic",
    "release_delay": "domestic",
    "price_war": "domestic",
    "capex_increase": "capex",
    "capex_cut": "capex",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A judged title: moves is ``yes``, ``echo`` or ``no``; see the rule."""

    day: date
    title: str
    moves: str
    type: str
    sign: int
    mood: str
    untouched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An item of a stream, the session it belongs to and its label; None does not move."""

    day: date
    item: Item
    label: Label | None
    untouched: bool


def available() -> str:
    """Empty, or why the streams cannot be read here."""
    missing = [name for name in FILES if not (NEWS / name).is_file()]
    return f"the shared streams are not beside the repository ({missing[0]})" if missing else ""


def title_key(title: str) -> str:
    """The name of a title in the labels."""
    return sha256(title.encode()).hexdigest()[:16]


@cache
def labels(path: Path = LABELS) -> Mapping[str, Label]:
    """Judged titles by key."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["title"]: Label(
                day=date.fromisoformat(row["day"]),
                title=row["title"],
                moves=row["moves"],
                type=row["type"],
                sign=int(row["sign"]),
                mood=row["mood"],
                untouched=row["untouched"] == "yes",
            )
            for row in csv.DictReader(file)
        }


@cache
def days() -> Mapping[date, bool]:
    """Judged sessions, and whether each is kept back."""
    with DAYS.open(encoding="utf-8", newline="") as file:
        return {date.fromisoformat(r["day"]): r["untouched"] == "yes" for r in csv.DictReader(file)}


@cache
def stream() -> tuple[Judged, ...]:
    """Every item of both streams in the order in which it became known."""
    from engine.macro.sessions import load_sessions

    sessions = load_sessions(date(2024, 10, 1), date(2025, 6, 10), time(8, 30))
    rows: list[Judged] = []
    for name in FILES:
        with (NEWS / name).open(encoding="utf-8", newline="") as file:
            rows += [judged for row in csv.DictReader(file) if (judged := _judged(row, sessions))]
    return tuple(sorted(rows, key=lambda j: (j.item.known_at, j.item.title, j.item.url)))


def _judged(row: Mapping[str, str], sessions: Sessions) -> Judged | None:
    published = datetime.fromisoformat(row["published_utc"])
    source = row.get("specific_source") or row.get("source") or "Alpha Vantage"
    item = make_item(
        source=source,
        title=row["title"],
        url=row["url"],
        published_at=published,
        known_at=published + LAG,
    )
    if item is None:
        return None
    day = sessions.on[sessions.index_at_or_after(item.known_at)]
    key = title_key(row["title"])
    return Judged(day=day, item=item, label=labels().get(key), untouched=days().get(day, False))


@cache
def fresh() -> tuple[Judged, ...]:
    """Every title of the stream kept back, in the order of the file: known at the end of its day.

    The stream gives a date and a publisher, neither time nor address.
    """
    from engine.macro.sessions import load_sessions

    sessions = load_sessions(date(2022, 1, 3), date(2024, 1, 12), time(8, 30))
    known = labels(FRESH_LABELS) if FRESH_LABELS.is_file() else {}
    rows: list[Judged] = []
    with (NEWS / FRESH).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            end = datetime.fromisoformat(f"{row['date']}T00:00:00+00:00") + timedelta(days=1)
            key = title_key(row["title"])
            item = make_item(
                source=row["publisher_name"],
                title=row["title"],
                url=f"{row['publisher_url']}/{key}",
                published_at=end,
                known_at=end,
            )
            if item is not None:
                day = sessions.on[sessions.index_at_or_after(end)]
                rows.append(Judged(day=day, item=item, label=known.get(key), untouched=True))
    return tuple(rows)


def web() -> tuple[Judged, ...]:
    """The headlines of the web, known at the end of their day."""
    known = labels(WEB_LABELS)
    rows: list[Judged] = []
    with (NEWS / WEB).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            day = date.fromisoformat(row["published_date"])
            end = datetime.fromisoformat(f"{day}T00:00:00+00:00") + timedelta(days=1)
            item = make_item(
                source=row["publisher"],
                title=row["headline"],
                url=row["url"],
                published_at=end,
                known_at=end,
            )
            if item is not None:
                label = known.get(title_key(row["headline"]))
                rows.append(Judged(day=day, item=item, label=label, untouched=True))
    return tuple(rows)


def fresh_digest() -> str:
    """One name for all titles of the stream kept back: SHA-256 of their sorted keys."""
    with (NEWS / FRESH).open(encoding="utf-8", newline="") as file:
        keys = sorted({title_key(row["title"]) for row in csv.DictReader(file)})
    return sha256("\n".join(keys).encode()).hexdigest()


def outcome(label: Label | None, event_type: str, sign: int) -> str:
    """``right``, ``echo``, ``flipped`` or ``wrong``: one call that moves the score."""
    if label is None or VOICES.get(label.type) != VOICES.get(event_type):
        return "wrong"
    if label.sign == -sign:
        return "flipped"
    if label.sign != sign or label.moves == "no":
        return "wrong"
    return "right" if label.moves == "yes" else "echo"


def moving_types(config: Path = ROOT / "config") -> frozenset[str]:
    """The types that the shipped configuration lets move the score."""
    found = tomllib.loads((config / "events.toml").read_text(encoding="utf-8"))
    return frozenset(
        name for table in found.values() if isinstance(table, dict) for name in table
    ) & frozenset(VOICES)


def measure(judged: Iterable[Judged], model: Any) -> tuple[Counter[str], list[tuple[str, Any]]]:
    """Counts of outcomes, of truly moving items and of those found; and the calls that miss.

    Each title counts once. A call moves the score as ``weighs`` says, as in the decision.
    """
    moving = moving_types()
    unique = {title_key(j.item.title): j for j in judged}
    found = model.classify([j.item.title for j in unique.values()])
    counts: Counter[str] = Counter()
    misses: list[tuple[str, Any]] = []
    for j, call in zip(unique.values(), found, strict=True):
        wanted = j.label is not None and j.label.moves == "yes" and j.label.type in moving
        counts["moving"] += wanted
        result = "silent"
        if weighs(call) and call.event_type in moving:
            result = outcome(j.label, call.event_type, call.direction)
            counts[result] += 1
        if result in ("wrong", "flipped") or (wanted and result != "right"):
            misses.append((result, (j, call)))
    return counts, misses


@cache
def least_confidence(config: Path = ROOT / "config") -> float:
    """The confidence below which the shipped configuration lets no headline move anything."""
    found = tomllib.loads((config / "events.toml").read_text(encoding="utf-8"))
    return float(found["certainty"]["least"])


def weighs(call: Any) -> bool:
    """Whether this headline moves anything: weighs, has a sign, and is sure enough of its type."""
    return bool(call.weighs and call.direction and call.confidence >= least_confidence())


def figures(counts: Counter[str]) -> str:
    """Precision, share found and sign flips in one line each."""
    right, echo = counts["right"], counts["echo"]
    strict = right + counts["wrong"] + counts["flipped"]
    calls = strict + echo
    share = lambda part, whole: f"{part}/{whole} = {part / whole:.2f}" if whole else "none"  # noqa: E731
    return (
        f"precision of score-moving calls, echoes aside: {share(right, strict)}\n"
        f"the same with echoes of the right sign as right: {share(right + echo, calls)}\n"
        f"truly moving items found: {share(right, counts['moving'])}\n"
        f"sign flips among score-moving calls: {share(counts['flipped'], calls)}"
    )


def main(arguments: Sequence[str]) -> int:
    """Print the figures; the titles of misses only for days that may be looked at."""
    if why := available():
        print(why)
        return 1
    from engine.service.classifier import load_classifier
    from engine.service.folders import data_folder

    untouched, everything = "--untouched" in arguments, "--all" in arguments
    if back := "--web" in arguments:
        chosen = list(web())
    elif back := "--fresh" in arguments:
        if not FRESH_LABELS.is_file():
            print(f"nobody has judged {FRESH} yet")
            return 1
        chosen = list(fresh())
    else:
        chosen = [j for j in stream() if everything or j.untouched == untouched]
    counts, misses = measure(chosen, load_classifier(data_folder()))
    n_days = len({j.day for j in chosen})
    print(f"{len(chosen)} items of {n_days} days\n{figures(counts)}")
    for result, (j, call) in () if untouched or everything or back else misses:
        label = f"{j.label.moves} {j.label.type} {j.label.sign:+d}" if j.label else "-"
        said = f"{call.event_type} {call.direction:+d} {call.confidence:.2f}"
        print(f"{j.day} {result:8} said {said:34} true {label:32} {j.item.title[:90]}")
    return 0


def untouched_days(judged: Iterable[date], n: int = 20) -> frozenset[date]:
    """The ``n`` days whose ISO date has the smallest SHA-256."""
    ranked = sorted(judged, key=lambda day: sha256(day.isoformat().encode()).hexdigest())
    return frozenset(ranked[:n])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
