"""A phrase is plain English to everyone and a template to the renderer."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import dataclass
from datetime import date

import pytest

from engine.errors import DataError
from engine.phrases import Phrase, paragraph, phrase, plural


@pytest.mark.parametrize(
    ("template", "value", "said"),
    [
        ("{x:.2f}", 1234.5, "1,234.50"),
        ("{x:int}", 1234.5, "1,234"),
        ("{x:int}", 1235.5, "1,236"),
        ("{x:sig3}", 0.55123, "0.551"),
        ("{x:sig3}", 671.0, "671"),
        ("{x:sig3}", 12345.0, "12,345"),
        ("{x:pct1}", 3.14, "3.1%"),
        ("{x:+pct1}", 3.14, "+3.1%"),
        ("{x:+pct1}", -0.01, "0.0%"),
        ("{x:share1}", 0.0314, "3.1%"),
        ("{x:usd2}", -1234.5, "-$1,234.50"),
        ("{x:usdbn1}", 12.34, "$12.3bn"),
        ("{x:usdtn2}", 4.331, "$4.33tn"),
        ("{x:+bps}", 25, "+25 bp"),
        ("{x:date}", date(2025, 8, 2), "Aug 2, 2025"),
        ("{x}", "R1", "R1"),
        ("{x}", 12000, "12,000"),
        ("{x}", None, "not observed"),
        ("{x:usd2}", float("nan"), "not observed"),
        ("{{{x}}}", "a", "{a}"),
    ],
)
def test_each_kind_of_placeholder_is_said_in_english(
    template: str, value: object, said: str
) -> None:
    assert phrase(template, x=value) == said


def test_a_phrase_is_a_string_everywhere_a_string_goes() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Holder:
        text: str

    line = phrase("costs {usd:usd2}", usd=0.5)

    assert line == "costs $0.50"
    assert hash(line) == hash("costs $0.50")
    assert Holder(text=line) == Holder(text="costs $0.50")
    assert json.loads(json.dumps({"a": line})) == {"a": "costs $0.50"}


@pytest.mark.parametrize(
    "again", [lambda p: pickle.loads(pickle.dumps(p)), copy.copy, copy.deepcopy]
)
def test_a_copy_keeps_template_and_arguments(again) -> None:  # type: ignore[no-untyped-def]
    twin = again(plural("{n} source by {who}", "{n} sources by {who}", n=2, who="x"))

    assert isinstance(twin, Phrase)
    assert twin == "2 sources by x"
    assert (twin.template, twin.args, twin.n) == (
        "{n} source by {who}",
        {"n": 2, "who": "x"},
        2,
    )


def test_plural_follows_the_count() -> None:
    assert plural("{n} source", "{n} sources", n=1) == "1 source"
    assert plural("{n} source", "{n} sources", n=0) == "0 sources"


def test_a_paragraph_keeps_its_sentences() -> None:
    text = paragraph(phrase("One {x:int}.", x=1), "", "Two.")

    assert text == "One 1. Two."
    assert text.args["s0"].template == "One {x:int}."


@pytest.mark.parametrize(
    "template", ["{x:zz}", "{x:usd}", "{x:int2}", "{x.a}", "{0}", "{x!r}", "{x", "{y}"]
)
def test_a_malformed_template_is_refused_where_it_is_written(template: str) -> None:
    with pytest.raises(DataError):
        phrase(template, x=1)


def test_hostile_arguments_are_never_read_as_templates() -> None:
    assert phrase("by {who}", who="{x.__class__} {who}") == "by {x.__class__} {who}"
