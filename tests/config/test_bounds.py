"""Every number of the configuration has a lowest and a highest value, and both are kept."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo

import config
from config.schema import Strict
from config.strategy import RiskWords, Rule


def models() -> list[type[Strict]]:
    """Every model of every file of ``config``."""
    for module in pkgutil.iter_modules(config.__path__):
        importlib.import_module(f"config.{module.name}")
    found, waiting = [], [Strict]
    while waiting:
        below = waiting.pop().__subclasses__()
        found += [m for m in below if m.__module__.startswith("config.")]
        waiting += below
    return sorted(found, key=lambda m: (m.__module__, m.__name__))


def numbers() -> Iterator[tuple[str, FieldInfo, dict[str, Any]]]:
    """Name, field and JSON schema (without None) of every number in the models."""
    for model in models():
        for name, info in model.model_fields.items():
            adapter: TypeAdapter[Any] = TypeAdapter(field_type(info))
            try:
                schema = adapter.json_schema()
            except PydanticUserError:
                continue  # no JSON form: no plain number
            kinds = [k for k in schema.get("anyOf", [schema]) if k.get("type") != "null"]
            if len(kinds) == 1 and "enum" in kinds[0]:
                continue  # a list of values is its own bound
            if len(kinds) == 1 and kinds[0].get("type") in {"number", "integer"}:
                yield f"{model.__module__}.{model.__name__}.{name}", info, kinds[0]


def field_type(info: FieldInfo) -> Any:
    held: Any = info.annotation
    for part in info.metadata:
        held = Annotated[held, part]
    return held


NUMBERS = list(numbers())
IDS = [name for name, _, _ in NUMBERS]


def test_the_loop_sees_the_numbers() -> None:
    """The lines of the decision are among them: an empty loop proves nothing."""
    assert len(NUMBERS) > 90
    assert "config.strategy.Rule.exit_below" in IDS


@pytest.mark.parametrize(("name", "info", "schema"), NUMBERS, ids=[case[0] for case in NUMBERS])
def test_a_number_beyond_either_bound_is_refused(
    name: str, info: FieldInfo, schema: dict[str, Any]
) -> None:
    """It has both bounds; beyond them, and not finite, is refused; the bound itself counts."""
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    assert low is not None, f"{name} has no lowest value"
    assert high is not None, f"{name} has no highest value"
    whole = schema["type"] == "integer"
    below = low - 1 if whole else math.nextafter(low, -math.inf)
    above = high + 1 if whole else math.nextafter(high, math.inf)
    refused = [below, above, math.nan, math.inf, -math.inf]
    refused += [low] if "exclusiveMinimum" in schema else []
    refused += [high] if "exclusiveMaximum" in schema else []
    adapter: TypeAdapter[Any] = TypeAdapter(field_type(info))
    for value in refused:
        with pytest.raises(ValidationError):
            adapter.validate_python(value)
    for key, value in (("minimum", low), ("maximum", high)):
        if key in schema:
            assert adapter.validate_python(int(value) if whole else value) == value


def test_no_model_takes_what_is_not_finite() -> None:
    """Said once, for every file."""
    assert all(model.model_config.get("allow_inf_nan") is False for model in models())


@pytest.mark.parametrize(
    ("field", "allowed", "refused"),
    [
        ("exit_below", -1.0, -1.01),
        ("enter_above", 1.0, 5.0),  # after a SELL, HOLD would never come back
        ("sell_weight", 1.0, 1.5),
        ("sell_chance", 0.5, 0.49),
        ("sell_chance", 0.99, 1.0),
        ("good_counts", 0.0, -0.1),
        ("observe_at_least", 1.0, 1.1),
        ("min_sessions_between_changes", 252, 253),
    ],
)
def test_the_lines_of_the_decision_are_within_what_a_score_can_be(
    field: str, allowed: float, refused: float
) -> None:
    """By hand: what a score in [-1, 1] and a share of the holding can mean."""
    plain = {"exit_below": -0.2, "enter_above": 0.1}
    assert getattr(Rule.model_validate({**plain, field: allowed}), field) == allowed
    with pytest.raises(ValidationError):
        Rule.model_validate({**plain, field: refused})


def test_lines_in_the_wrong_order_are_refused() -> None:
    """A gap of nothing between SELL and HOLD flutters; a reduction below SELL never acts."""
    for changes in ({"enter_above": -0.2}, {"enter_above": -0.3}, {"reduce_below": -0.2}):
        with pytest.raises(ValidationError):
            Rule.model_validate({"exit_below": -0.2, "enter_above": 0.1, **changes})


@pytest.mark.parametrize("days", [4, 20, 22, 64])
def test_a_horizon_that_is_not_forecast_is_refused(days: int) -> None:
    """A week, a month or a quarter of sessions."""
    with pytest.raises(ValidationError):
        RiskWords.model_validate({"bear_fall_pct": 20, "within_sessions": days})
