"""English on a French page: words of our own English sentences that no French sentence of ours has.

Names stay as they are: models, laboratories, chips, feeds, presets, sources, and whatever stands
between French quotation marks, which is somebody else's wording.
"""

from __future__ import annotations

import csv
import re
import tomllib
from functools import lru_cache
from html import unescape
from pathlib import Path

from engine.report import catalogue

CONFIG = Path(__file__).resolve().parents[1] / "config"
SHORTEST = 3
_WORD = re.compile(r"[^\W\d_]+(?:’[^\W\d_]+)?")
_PLACEHOLDER = re.compile(r"\{[^}]*\}|--[\w-]+")  # and an option, which is the same word in French
_NAME_COLUMNS = (
    "model", "lab", "chip", "vendor", "name", "actor", "source", "claimant", "actors", "symbol",
    "hardware_named", "license", "licence", "series", "org", "chip_family", "domestic_chip",
    "weight_precision",
)  # fmt: skip
_KEYS = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
"""Keys of files, parameters and kinds, which programs read."""
_SHARED = frozenset(
    "nvda nvidia brier backtest new york fed logits benchmark patell corrado sharpe alpha beta "
    "crps vix put call spread json markdown html token tokens".split()
)
"""The field's own terms, which French uses as well."""


def words(text: str) -> set[str]:
    """Words of ``text`` in lower case, elisions opened."""
    parts = (part for word in _WORD.findall(text) for part in word.split("’"))
    return {part.lower() for part in parts if len(part) >= SHORTEST}


def _plain_words(template: str) -> set[str]:
    return words(_PLACEHOLDER.sub(" ", template.replace("'", "’")))


@lru_cache(maxsize=1)
def english_only() -> frozenset[str]:
    """Words of the catalogue's messages that stand in none of its French sentences."""
    told, said = set[str](), set[str]()
    for message in catalogue.read("fr"):
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        told |= {w for text in ids for w in words(_PLACEHOLDER.sub(" ", text.replace("'", "’")))}
        said |= {
            w for text in strings for w in words(_PLACEHOLDER.sub(" ", text.replace("'", "’")))
        }
    return frozenset(told - said - _SHARED)


@lru_cache(maxsize=1)
def names() -> re.Pattern[str]:
    """Every name of the tables and of the configuration, the longest first."""
    found: set[str] = set()
    for path in (CONFIG / "facts").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(line for line in file if not line.startswith("#")):
                found |= {row[c] for c in _NAME_COLUMNS if row.get(c)}
                for told in filter(None, (row.get("source"), row.get("sources"))):
                    left = told.removeprefix("general knowledge").strip(" ;()")
                    found |= {cut for n in (59, 119) for cut in (told[:n], left[:n])}
    feeds = tomllib.loads((CONFIG / "feeds.toml").read_text(encoding="utf-8"))
    found |= {feed["name"] for feed in feeds["feed"]}
    found |= {path.stem for path in (CONFIG / "strategies").glob("*.toml")}
    found.add("SWE-bench Verified")
    kept = sorted((n for n in found if len(n) >= SHORTEST), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, kept)))


_BESIDE = re.compile(
    r"«[^»]*»|“[^”]*”"  # quoted
    r"|\S*[\w-]+\.(?:toml|csv|sqlite3|com|org|net|io|info|news|cafe|fr|gov|ai|html|md|json)\b\S*"
    r"|(?:/[\w.-]+){2,}"  # paths
    r"|--[\w-]+|\bNVSIGNAL_\w+|\[\[?\w+\]\]?|\bnvsignal(?: [a-z]+)?",
    re.DOTALL,
)


def of_html(text: str) -> str:
    """What a reader reads, and what a screen reader says, of a page."""
    text = re.sub(r"(?s)<(style|script|head|textarea|code|pre)\b.*?</\1>", " ", text)
    spoken = " ".join(re.findall(r'(?:aria-label|title|alt|placeholder)="([^"]*)"', text))
    text = re.sub(r'(?s)<(\w+)[^>]* lang="(?!fr")[^"]*"[^>]*>.*?</\1>', " ", text)
    return unescape(re.sub(r"<[^>]+>", " ", text) + " " + spoken)


def english_in(text: str) -> list[str]:
    """Each English word with what stands around it; empty for a French text."""
    flat = names().sub(" ", " ".join(text.split()))  # names first: a source may hold an address
    kept = _KEYS.sub(" ", _BESIDE.sub(" ", flat))
    found = []
    for match in _WORD.finditer(kept):
        if words(match[0]) & english_only():
            found.append(f"{match[0]}: …{kept[max(0, match.start() - 40) : match.end() + 30]}…")
    return found
