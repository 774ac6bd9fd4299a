"""What a laboratory says of its own model: the card (``README.md``) of a repository.

Read are the scores of the model itself, from tables in Markdown or HTML that set it beside others,
from the typed ``model-index`` of the hub where there is one, and the sentences that name the chips
it was trained on or runs on. Everything else of a card is left. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from engine.news.clean import clean_text
from engine.threat.evidence import read_hardware
from engine.threat.hub import family
from feeds.model_scores import benchmark_of

MAX_CARD_CHARS = 400_000
"""Of a card read; the longest seen, with pictures in the text, had 120,000."""

_Table = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """scores: benchmark (as ``ModelScore``) -> per cent. training_hardware: the sentence that names
    the chips, None where none does. served_at_home: True where it says to run on home-grown chips.
    """

    scores: Mapping[str, float] = field(default_factory=dict)
    training_hardware: str | None = None
    served_at_home: bool | None = None


def read_card(text: str, repository: str) -> ModelCard:
    """The card of ``repository`` (``org/name``)."""
    text = text[:MAX_CARD_CHARS]
    own = family(repository.rpartition("/")[2])
    scores: dict[str, float] = {}
    for table in (*_piped(text), *_marked_up(text)):
        for benchmark, value in _own_scores(table, own):
            scores.setdefault(benchmark, value)
    training, served = _hardware(text)
    return ModelCard(scores=scores, training_hardware=training, served_at_home=served)


def indexed_scores(index: Any) -> dict[str, float]:
    """Scores in the ``model-index`` of a repository, as the hub gives it; shares and per cents."""
    found: dict[str, float] = {}
    for result in _listed(index, "results"):
        dataset = result.get("dataset")
        named = dataset.get("name") if isinstance(dataset, dict) else None
        for metric in _listed([result], "metrics"):
            names = (metric.get("type"), metric.get("name"), named)
            benchmark = next(filter(None, (benchmark_of(str(n)) for n in names if n)), None)
            value = _percent(str(metric.get("value")))
            if benchmark and value is not None:
                found.setdefault(benchmark, value * 100 if value <= 1.0 else value)
    return found


def _listed(rows: Any, name: str) -> Iterator[Mapping[str, Any]]:
    for row in rows[:50] if isinstance(rows, list) else ():
        inner = row.get(name) if isinstance(row, dict) else None
        yield from (x for x in (inner if isinstance(inner, list) else ())[:200] if _is_row(x))


def _is_row(value: Any) -> bool:
    return isinstance(value, dict)


# --- tables -----------------------------------------------------------------------------------


def _piped(text: str) -> Iterator[_Table]:
    rows: list[list[str]] = []
    for line in (*text.splitlines(), ""):
        bare = line.strip()
        if "|" in bare:
            rows.append([cell.strip() for cell in bare.strip("|").split("|")])
        elif rows:
            yield rows
            rows = []


class _Tables(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables and self.tables[-1]:
            self.tables[-1][-1].append("")
            self._open = True
        elif tag == "br" and self._open:
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag not in ("td", "th", "tr", "table")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.tables[-1][-1][-1] += data


def _marked_up(text: str) -> Iterator[_Table]:
    reader = _Tables()
    start = text.find("<table")
    if start >= 0:
        reader.feed(text[start:])
    yield from reader.tables


def _own_scores(table: _Table, own: str) -> Iterator[tuple[str, float]]:
    """From a table of benchmarks by models, or of models by benchmarks."""
    if not table:
        return
    heading, *rows = table
    column = next((i for i, cell in enumerate(heading) if _names(cell, own)), None)
    across = {i: benchmark_of(_plain(cell)) for i, cell in enumerate(heading)}
    for row in rows:
        if column is not None and column < len(row):
            benchmark = next(filter(None, (benchmark_of(_plain(c)) for c in row[:column])), None)
            value = _percent(row[column])
            if benchmark and value is not None:
                yield benchmark, value
        elif column is None and any(_names(cell, own) for cell in row[:2]):
            for i, cell in enumerate(row):
                value, benchmark = _percent(cell), across.get(i)
                if benchmark and value is not None:
                    yield benchmark, value


def _names(cell: str, own: str) -> bool:
    words = _plain(cell)
    return bool(words) and len(words) <= 80 and family(words) == own


def _plain(cell: str) -> str:
    """Without marks, links, pictures and footnotes."""
    bare = re.sub(r"<sup>.*?</sup>|<[^>]{0,200}>|!?\[([^\]]{0,80})\]\([^)]{0,300}\)", r"\1", cell)
    return re.sub(r"[*`†‡\\]", "", bare).strip()[:120]


def _percent(cell: str) -> float | None:
    """A single figure from 0 to 100; None for a dash, two figures or anything else."""
    found = re.fullmatch(r"(\d{1,3}(?:\.\d{1,3})?)\s*%?", _plain(cell))
    value = float(found[1]) if found else -1.0
    return value if 0.0 < value <= 100.0 else None


# --- hardware ---------------------------------------------------------------------------------

_TRAINED = re.compile(r"\b(?:pre-?|post-?)?train(?:ed|ing)\b", re.I)
_SERVED = re.compile(
    r"\b(?:inference|deploy\w*|serv(?:e|es|ed|ing)|runs? on|adapted (?:to|for))\b", re.I
)
_NOT_OF_THIS = re.compile(r"\b(?:will|plan\w*|future|coming|todo|soon)\b|\?", re.I)


def _hardware(text: str) -> tuple[str | None, bool | None]:
    """(the sentence on training hardware, whether home-grown chips are said to serve it)."""
    training, served = None, None
    for sentence in re.split(r"(?<=[.!?])\s+|\n+", re.sub(r"<[^>]{0,200}>", " ", text)):
        if not 10 <= len(sentence) <= 600 or _NOT_OF_THIS.search(sentence):
            continue
        if _TRAINED.search(sentence):
            named = read_hardware(sentence)
            if training is None and (named.vendor is not None or named.nvidia):
                training = clean_text(sentence, limit=200).replace("|", "/")
        elif _SERVED.search(sentence) and read_hardware(sentence).vendor is not None:
            served = True
    return training, served
