"""The data files are read as they are written, and what is wrong in them is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.errors import DataError, UnknownNameError
from engine.news import lexicon

WORDS: dict[str, Any] = {
    "entities": {"maker": "nvidia;  big   maker ;", "noise": "potato chip"},
    "topics": {"chip": "chip; gpu"},
    "verbs": {"ban": "bans", "idiom": "blue chip", "noise_verb": "bakes"},
    "clauses": {"behind": "after"},
    "moods": {"doubt": "may"},
    "implies": {"maker": "chip; ban"},
    "actors": {"Nvidia": "nvidia; nvda", "AMD": "amd"},
}
RULES: dict[str, Any] = {
    "groups": {"ours": "maker|chip", "not_used": "ban"},
    "votes": {"rates": [[2, "@ours, !ban"], [1.5, "chip|@ours,,"]], "other": [[1, "!@ours|ban"]]},
    "senses": {"rates": [[-1, "ban"], [1, "@ours"], [0, ""]]},
}


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, dict[str, Any]]]:
    """Data files made by hand, and nothing kept of the real ones meanwhile, nor of these after."""
    made = {
        "words.toml": {name: dict(part) for name, part in WORDS.items()},
        "rules.toml": {name: dict(part) for name, part in RULES.items()},
    }
    cached = (lexicon.lexicon, lexicon.rule_table, lexicon._groups)
    with monkeypatch.context() as patch:
        patch.setattr(lexicon, "read_data", made.__getitem__)
        for one in cached:
            patch.setattr(lexicon, one.__name__, one.__wrapped__)
        yield made


def test_words_are_read_section_by_section(files: dict[str, dict[str, Any]]) -> None:
    """Shields and verbs of noise say nothing that happened."""
    assert lexicon.lexicon() == lexicon.Lexicon(
        entries={
            "maker": ("nvidia", "big maker"), "noise": ("potato chip",), "chip": ("chip", "gpu"),
            "ban": ("bans",), "idiom": ("blue chip",), "noise_verb": ("bakes",),
            "behind": ("after",), "doubt": ("may",),
        },
        entities=frozenset({"maker", "noise"}),
        verbs=frozenset({"ban"}),
        implies={"maker": ("chip", "ban")},
        actors={"nvidia": "Nvidia", "nvda": "Nvidia", "amd": "AMD"},
    )  # fmt: skip
    assert lexicon.lexicon().codes == (
        "maker", "noise", "chip", "ban", "idiom", "noise_verb", "behind", "doubt",
    )  # fmt: skip


def test_rules_are_read_with_their_groups_written_out(files: dict[str, dict[str, Any]]) -> None:
    assert lexicon.rule_table() == lexicon.RuleTable(
        votes=(
            ("rates", 2.0, "maker|chip, !ban"),
            ("rates", 1.5, "chip|maker|chip"),
            ("other", 1.0, "!maker|chip|ban"),
        ),
        senses={"rates": ((-1, "ban"), (1, "maker|chip"), (0, ""))},
    )
    assert all(type(weight) is float for _, weight, _ in lexicon.rule_table().votes)
    assert lexicon.written_out(" !@ours | ban , chip ") == "!maker|chip|ban, chip"


def test_a_concept_of_two_sections_is_refused(files: dict[str, dict[str, Any]]) -> None:
    files["words.toml"]["moods"]["ban"] = "x"
    with pytest.raises(DataError, match="concept 'ban' stands in two sections"):
        lexicon.lexicon()


@pytest.mark.parametrize("implies", [{"mker": "chip"}, {"chip": "mker"}])
def test_a_concept_that_does_not_exist_is_named_with_the_nearest(
    files: dict[str, dict[str, Any]], implies: dict[str, str]
) -> None:
    files["words.toml"]["implies"] = implies
    with pytest.raises(UnknownNameError, match=r"concept in \[implies\] 'mker'") as told:
        lexicon.lexicon()
    assert told.value.suggestion == "maker"


@pytest.mark.parametrize("part", ["votes", "senses"])
def test_a_type_that_does_not_exist_is_named(files: dict[str, dict[str, Any]], part: str) -> None:
    files["rules.toml"][part]["ratez"] = []
    with pytest.raises(UnknownNameError, match=r"event type in rules.toml 'ratez'") as told:
        lexicon.rule_table()
    assert told.value.suggestion == "rates"


def test_a_group_that_does_not_exist_is_named(files: dict[str, dict[str, Any]]) -> None:
    with pytest.raises(UnknownNameError, match=r"group in rules.toml 'ourz'") as told:
        lexicon.written_out("@ourz")
    assert told.value.suggestion == "ours"
    assert lexicon.written_out("ourz") == "ourz"  # a concept, judged where it is parsed


def test_a_broken_file_is_named(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "bad.toml").write_text("a = ", encoding="utf-8")
    (tmp_path / "data" / "good.toml").write_text('a = "é"', encoding="utf-8")
    monkeypatch.setattr(lexicon, "files", {"engine.news": tmp_path}.__getitem__)

    with pytest.raises(DataError, match=r"engine/news/data/bad.toml: "):
        lexicon.read_data("bad.toml")
    assert lexicon.read_data("good.toml") == {"a": "é"}


def test_phrases_are_parted_by_semicolons() -> None:
    assert lexicon.phrases(" a  b;; c\n d ; ") == ("a b", "c d")
    assert lexicon.phrases("") == ()
