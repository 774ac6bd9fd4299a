"""A file of ``config/strategies``: the voices and the rule that listens to them."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from config.schema import FaultsError, Many, Strict


class Rule(Strict):
    """``[decision]``: thresholds of the score, in [-1, +1], and target weights.

    hold_weight, sell_weight: share of the position held under each verdict. reduce_below: while
    holding, a score below it means ``reduce_weight``; None switches grading off.
    """

    exit_below: Annotated[float, Field(ge=-1, le=1)]
    enter_above: Annotated[float, Field(ge=-1, le=1)]
    min_sessions_between_changes: Annotated[int, Field(ge=0, le=252)] = 5
    hold_weight: Annotated[float, Field(ge=0, le=2)] = 1.0
    sell_weight: Annotated[float, Field(ge=-1, le=1)] = 0.0
    reduce_below: Annotated[float, Field(ge=-1, le=1)] | None = None
    reduce_weight: Annotated[float, Field(ge=0, le=1)] = 0.5

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        found = []
        if not self.exit_below < self.enter_above:
            found.append(
                f"exit_below = {self.exit_below:g} is not below enter_above = "
                f"{self.enter_above:g}; the gap between them is what keeps the decision from "
                "fluttering"
            )
        if self.reduce_below is not None and self.reduce_below <= self.exit_below:
            found.append(
                f"reduce_below = {self.reduce_below:g} is not above exit_below = "
                f"{self.exit_below:g}; it would never act"
            )
        if found:
            raise FaultsError(((text.split()[0],), text) for text in found)
        return self


class VoiceSettings(Strict):
    """``[[strategy]]``: where the class is, its share of the say, its parameters."""

    use: Annotated[
        str,
        Field(pattern=r"^[a-zA-Z_][\w.]*:[A-Za-z_]\w*$", max_length=200),
        Field(description='"module:Class"'),
    ]
    weight: Annotated[float, Field(ge=0, le=1)]
    params: dict[str, float | int | str] = Field(default_factory=dict)


class StrategyFile(Strict):
    """The whole file."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    description: Annotated[str, Field(max_length=2_000)] = ""
    decision: Rule
    strategy: Annotated[Many[VoiceSettings], Field(min_length=1)]
