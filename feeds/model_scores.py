"""Scores of models, from tables that others than their makers keep.

Epoch AI runs benchmarks (CC BY 4.0), LMArena publishes its ratings as a data set (CC BY 4.0),
Artificial Analysis measures by itself (a key of one's own, credit required). Each score is one
``model_score`` fact, known from the poll that saw it. Where a table tells several efforts of one
model, its best counts, as makers report it.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from config.schema import Many, Strict
from engine.errors import DataError, FeedError
from engine.news.clean import clean_text
from engine.news.stamps import is_future
from engine.phrases import phrase
from engine.record.readings import MODEL_SCORES, ModelScore
from engine.tables import csv_cells
from engine.values import Fact
from feeds.base import (
    MAX_ENTRIES,
    DocumentCollector,
    FeedConfig,
    Parsed,
    Poll,
    fetch_document,
    joined,
    list_in,
    newest_stamps,
    options_of,
    read_json,
)
from feeds.wire import Fetched

MAX_PAGES = 8
"""Of a table in pages of a hundred rows or more; LMArena lists some four hundred models."""

MAX_TABLE_BYTES = 8_000_000
"""Of one table inside an archive, unpacked; the largest of Epoch's had 0.4 MB in 2026-09."""

_EFFORT = re.compile(
    r"(?:[_ -]?\((?:none|minimal|low|medium|high|xhigh|max|(?:non-)?reasoning|thinking)\)"
    r"|_(?:none|minimal|low|medium|high|xhigh|max|unknown|\d{1,3}k))\Z",
    re.I,
)
_NAME = re.compile(r"[\w .()'+:/@-]{2,120}\Z", re.A)


class ScoreOptions(Strict):
    """labs: whose models, as the source spells the maker; by default any."""

    labs: Many[str] = ()


# --- what a benchmark is called ---------------------------------------------------------------

_CALLED: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("gpqa_diamond", re.compile(r"gpqa(?!.*(?:main|extended|experts))")),
    ("mmlu_pro", re.compile(r"mmlu-?pro(?!x)")),
    ("swe_bench_verified", re.compile(r"swe-?(?:bench)?-?verified(?!.*multi)")),
    ("aime_2024", re.compile(r"aime-?(?:20)?24")),
    ("aime_2025", re.compile(r"aime-?(?:20)?25")),
)
_HELPED = re.compile(r"tool|python|search|agentless|cons@|maj@|heavy")
"""Rows of a card beside the plain one: other conditions than the catalogue's."""


def benchmark_of(words: str) -> str | None:
    """The benchmark that ``words`` name, in the words of ``ModelScore``; None for any other.

    >>> benchmark_of("SWE Verified (Resolved)"), benchmark_of("AIME 2025 (w/ Python)")
    ('swe_bench_verified', None)
    """
    folded = re.sub(r"[\s_*`]+", "-", words.lower()).strip("-")[:80]
    if _HELPED.search(folded):
        return None
    return next((name for name, called in _CALLED if called.match(folded)), None)


# --- the sources ------------------------------------------------------------------------------


class EpochBenchmarks(DocumentCollector):
    """``https://epoch.ai/data/benchmark_data.zip``: a table a benchmark, scores from 0 to 1."""

    Options = ScoreOptions
    accept = "application/zip"

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """Facts ``model_score``; ``FeedError`` when this is no such archive."""
        tables = unzipped(body, feed, tuple(_EPOCH_TABLES))
        problems: list[str] = []
        rows = [row for name, text in tables.items() for row in _epoch_rows(name, text, problems)]
        return scored(rows, feed, fetched_at, problems)


_EPOCH_TABLES = {"gpqa_diamond.csv": "gpqa_diamond", "swe_bench_verified.csv": "swe_bench_verified"}
"""Epoch's own runs of these two; its tables of others' figures tell them as those others do."""


class ArenaRatings(DocumentCollector):
    """Ratings of LMArena, as the data viewer of the hub gives them, a hundred rows a page."""

    Options = ScoreOptions
    accept = "application/json"

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """Facts ``model_score`` of one page; ``FeedError`` when this is no such table."""
        rows = list_in(read_json(body, feed), "rows", feed, "rows")
        inner = (row.get("row") for row in rows if isinstance(row, dict))
        return scored([_arena_row(row) for row in inner if isinstance(row, dict)], feed, fetched_at)

    def follow(self, poll: Poll, fetched: Fetched, parsed: Parsed) -> Parsed:
        """The pages after the first, until all the rows that it counts are read."""
        total = read_json(fetched.body, poll.feed).get("num_rows_total")
        rows = min(total, MAX_PAGES * _PAGE) if type(total) is int else 0
        for start in range(_PAGE, rows, _PAGE):
            parsed = joined(parsed, self._page(poll, start))
        return parsed

    def _page(self, poll: Poll, start: int) -> Parsed:
        url = re.sub(r"([?&]offset=)\d+", rf"\g<1>{start}", self.url(poll))
        body = fetch_document(poll, url, self.accept, plain=True).body
        return self.parse(body, poll.feed, poll.now)


_PAGE = 100
"""The most that the viewer gives at once."""


class ArtificialAnalysis(DocumentCollector):
    """``/api/v2/language/models/free``: asked with the reader's own key (``key_env``)."""

    Options = ScoreOptions
    accept = "application/json"

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """Facts ``model_score`` of one page; ``FeedError`` when this is no list of models."""
        models = list_in(read_json(body, feed), "data", feed, "list of models")
        if not models:
            raise FeedError(feed.name, phrase("no list of models in the answer"))
        rows = [row for model in models if isinstance(model, dict) for row in _measured(model)]
        return scored(rows, feed, fetched_at)

    def follow(self, poll: Poll, fetched: Fetched, parsed: Parsed) -> Parsed:
        """The pages after the first, as many as it says there are."""
        told = read_json(fetched.body, poll.feed).get("pagination")
        pages = told.get("total_pages") if isinstance(told, dict) else 1
        for page in range(2, (min(pages, MAX_PAGES) if type(pages) is int else 1) + 1):
            url = f"{self.url(poll)}{'&' if '?' in self.url(poll) else '?'}page={page}"
            body = fetch_document(poll, url, self.accept, plain=True).body
            parsed = joined(parsed, self.parse(body, poll.feed, poll.now))
        return parsed


# --- parsing (pure) ---------------------------------------------------------------------------

_Row = Mapping[str, Any]
"""model, lab, benchmark, value (as ``ModelScore``, NaN for nonsense), released_on, told_on."""


def unzipped(body: bytes, feed: FeedConfig, wanted: Iterable[str]) -> dict[str, str]:
    """The texts of the tables ``wanted`` that an archive holds, each of bounded size.

    ``FeedError`` when it is no archive, or holds none of them.
    """
    found: dict[str, str] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            held = {info.filename: info for info in archive.infolist()[:1_000]}
            for name in wanted:
                info = held.get(name)
                if info is None or info.file_size > MAX_TABLE_BYTES:
                    continue
                with archive.open(info) as stream:
                    found[name] = stream.read(MAX_TABLE_BYTES).decode("utf-8-sig", "replace")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, zlib.error):
        raise FeedError(feed.name, phrase("the answer is no archive that can be read")) from None
    if not found:
        raise FeedError(
            feed.name, phrase("none of {wanted} in the archive", wanted=str(", ".join(wanted)))
        )
    return found


def table_rows(name: str, text: str, problems: list[str]) -> Iterator[dict[str, str]]:
    """Rows of a table by its heading; a row of another width, or damage, is one problem."""
    try:
        cells = csv_cells(text, name)
        _, heading = next(cells, (1, []))
        for line, row in cells:
            if len(row) == len(heading):
                yield dict(zip(heading, row, strict=True))
            else:
                problems.append(
                    phrase(
                        "{name}:{line}: {n_row} cells under {n_heading} columns",
                        name=name,
                        line=str(line),
                        n_row=str(len(row)),
                        n_heading=len(heading),
                    )
                )
    except DataError as error:
        problems.append(error.message)


def day_in(text: Any) -> date | None:
    """The day that a cell starts with; None where there is none."""
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def _epoch_rows(name: str, text: str, problems: list[str]) -> Iterator[_Row]:
    for row in table_rows(name, text, problems):
        told = row.get("Best score (across scorers)") or row.get("mean_score")
        if not told:
            continue
        yield {
            "model": row.get("Model version", ""),
            "lab": row.get("Organization", ""),
            "benchmark": _EPOCH_TABLES[name],
            "value": number_in(told, times=100.0),
            "released_on": day_in(row.get("Release date")),
            "told_on": day_in(row.get("Started at")),
        }


def _arena_row(row: Mapping[str, Any]) -> _Row:
    return {
        "model": str(row.get("model_name", "")),
        "lab": str(row.get("organization") or ""),
        "benchmark": "lmarena",
        "value": number_in(row.get("rating")),
        "released_on": None,
        "told_on": day_in(row.get("leaderboard_publish_date")),
    }


_MEASURED = {
    "gpqa_diamond": ("gpqa_diamond", "gpqa"), "mmlu_pro": ("mmlu_pro",),
    "aime_2025": ("aime_25", "aime_2025"), "aime_2024": ("aime_24", "aime"),
    "swe_bench_verified": ("swe_bench_verified",),
}  # fmt: skip


def _measured(model: Mapping[str, Any]) -> Iterator[_Row]:
    told, maker = model.get("evaluations"), model.get("model_creator")
    told = told if isinstance(told, dict) else {}
    for benchmark, names in _MEASURED.items():
        value = next((told[name] for name in names if told.get(name) is not None), None)
        if value is not None:
            yield {
                "model": str(model.get("name") or model.get("slug") or ""),
                "lab": str(maker.get("name", "")) if isinstance(maker, dict) else "",
                "benchmark": benchmark,
                "value": number_in(value, times=100.0),
                "released_on": day_in(model.get("release_date")),
                "told_on": None,
            }


def number_in(value: Any, times: float = 1.0) -> float:
    """``value`` times ``times``, to six digits; NaN for what is no number."""
    try:
        return float(f"{float(value) * times:.6g}")
    except (TypeError, ValueError, OverflowError):
        return math.nan


def scored(
    rows: Iterable[_Row], feed: FeedConfig, seen_at: datetime, problems: Iterable[str] = ()
) -> Parsed:
    """Rows as facts: one a model and benchmark, its best effort; a bad row is one problem."""
    labs = {_folded(lab) for lab in options_of(feed, ScoreOptions).labs}
    said, best = list(problems), dict[str, Fact]()
    for row in rows:
        if labs and _folded(row["lab"]) not in labs:
            continue
        try:
            fact = _fact(row, feed, seen_at)
        except DataError as error:
            said.append(f"{clean_text(row['model'], limit=60)}: {error.message}")
            continue
        held = best.get(fact.key)
        if held is None or held.payload["value"] < fact.payload["value"]:
            best[fact.key] = fact
    facts = tuple(best.values())[:MAX_ENTRIES]
    if len(best) > MAX_ENTRIES:
        said.insert(0, f"{len(best) - MAX_ENTRIES} scores beyond the first {MAX_ENTRIES}, not read")
    return Parsed(
        facts=facts,
        problems=tuple(said[:20]),
        stamps=newest_stamps(fact.occurred_at for fact in facts),
    )


def _fact(row: _Row, feed: FeedConfig, seen_at: datetime) -> Fact:
    name = clean_text(row["model"], limit=120)
    if not _NAME.match(name):
        raise DataError(phrase("is not the name of a model"))
    on = row["released_on"] or row["told_on"]
    at = seen_at if on is None else datetime.combine(on, time(0), tzinfo=UTC)
    if is_future(at, seen_at):
        raise DataError(phrase("is dated ahead"))
    score = ModelScore(
        model=_EFFORT.sub("", name),
        benchmark=row["benchmark"],
        value=row["value"],
        lab=clean_text(row["lab"], limit=80),
        tier=feed.tier,
        released_on=row["released_on"],
        occurred_at=at,
        known_at=seen_at,
        source=feed.source,
    )
    return MODEL_SCORES.fact(score, occurred_at=at, known_at=seen_at, source=feed.source)


def _folded(lab: str) -> str:
    return re.sub(r"[^a-z0-9]", "", lab.lower())
