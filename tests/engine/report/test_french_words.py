"""French words that have gone wrong before: one English word with two meanings, plurals, leftovers.

The right sentences were written down by hand; what is asserted is what a reader sees.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from engine.phrases import Phrase
from engine.report import catalogue
from engine.report.blocks import Table, flat
from engine.report.i18n import voice
from engine.report.sections.stress import scenario_name
from engine.report.sections.track import Track
from tests.engine.report.sample_report import sample_report
from tests.french import words

CONFIG = Path(__file__).resolve().parents[3] / "config"
NBSP, THIN = "\u00a0", "\u202f"


def french(text: str) -> str:
    return text.replace(NBSP, " ").replace(THIN, " ").replace("\u2019", "'")


@pytest.mark.parametrize(
    ("context", "word", "meant"),
    [
        ("weights", "open", "ouverts"),
        ("call", "open", "en cours"),
        ("fill", "open", "à l'ouverture"),
        ("fill", "close", "à la clôture"),
    ],
)
def test_one_english_word_is_said_as_it_is_meant(context: str, word: str, meant: str) -> None:
    assert french(voice("fr").pgettext(context, word)) == meant
    assert voice("en").pgettext(context, word) == word


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("never asked", "jamais interrogée"),
        ("nothing at the moment", "rien pour le moment"),
        ("gone for good (410)", "supprimée définitivement (410)"),
    ],
)
def test_what_a_feed_says_of_itself_is_translated(word: str, meant: str) -> None:
    assert french(voice("fr").tell(word)) == meant


@pytest.mark.parametrize(
    ("template", "args", "meant"),
    [
        (
            "{model}: {part:pct1} of that revenue still at risk",
            {"model": "V3", "part": 0.5},
            "V3 : 0,5 % de ce chiffre d'affaires encore menacé",
        ),
        ("{a:share0} to {b:share0}", {"a": 1.0, "b": 0.5}, "de 100 % à 50 %"),
        (
            "NVDA stands {gap:+pct1} from its 200-session mean, at {vol:pct0} volatility",
            {"gap": 29.1, "vol": 31.0},
            "NVDA s'écarte de +29,1 % de sa moyenne mobile à 200 séances, avec une volatilité de "
            "31 %",
        ),
        (
            "5–95% interval: {low:int} to {high:int}",
            {"low": 1, "high": 9},
            "intervalle à 90 % : de 1 à 9",
        ),
        ("Acts at the open of {day}", {"day": "lundi 4"}, "À appliquer à l'ouverture du lundi 4"),
        ("Evening of {day}", {"day": "vendredi"}, "Après la clôture du vendredi"),
        ("Growth a year", {}, "Performance annualisée"),
        ("Worst fall", {}, "Perte maximale"),
        ("Receipt", {}, "Traçabilité"),
        ("That did not work", {}, "L'opération a échoué"),
    ],
)
def test_sentences_are_as_an_editor_wrote_them(
    template: str, args: dict[str, object], meant: str
) -> None:
    assert french(voice("fr").tell(Phrase(template, args))) == meant


def test_the_running_call_has_a_word_of_its_own() -> None:
    calls = Track().blocks(sample_report(), voice("fr"))
    cells = [c.text for b in flat(calls) if isinstance(b, Table) for row in b.rows for c in row]

    assert "en cours" in [french(text) for text in cells]
    assert "ouverts" not in cells


def test_the_shipped_scenarios_have_french_names() -> None:
    """Each, as the files name it; a reader's own keeps the name he gave."""
    files = sorted((CONFIG / "scenarios").glob("*.toml"))
    names = [tomllib.loads(f.read_text(encoding="utf-8"))["name"] for f in files]
    assert len(names) > 10
    for name in names:
        told = scenario_name(name, voice("en"))
        assert told.startswith(name.replace(" %", "%")), name  # print has no space before it
        assert scenario_name(name, voice("fr")) != name, name
    assert scenario_name("My own fear", voice("fr")) == "My own fear"


BOTH = frozenset(
    "question option format configuration contact journal score substitution points licence absent "
    "source sources contribution module table verdicts correction type".split()
)
"""Words that are French as they stand."""
NAMES = frozenset(
    "vix new york nvda nvidia sqlite nvsignal register date sharpe chmod macro".split()
)


def test_no_sentence_is_its_own_translation() -> None:
    """Left in English it would also teach the scan of the pages that its words are French."""
    left = {}
    for message in catalogue.read("fr"):
        ids, said = (m if isinstance(m, tuple) else (m,) for m in (message.id, message.string))
        for told, meant in zip(ids, said, strict=False):
            rest = words(re.sub(r"\{[^}]*\}|--[\w-]+", " ", told)) - BOTH - NAMES
            if told and told == meant and rest:
                left[told] = rest
    assert left == {}
