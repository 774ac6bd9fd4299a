"""A file of ``config/strategies``: the voices and the rule that listens to them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config.schema import FaultsError, Many, Place, Strict
from engine.phrases import phrase

Percent = Annotated[float, Field(ge=0, le=100)]


class RiskWords(Strict):
    """``[risk]``: what the investor can bear, in his own words.

    The holding may lose ``bear_fall_pct`` within ``within_sessions`` (5, 21 or 63: a week, a month,
    a quarter) with a chance of ``with_chance_pct``; the share to keep follows. band_pct: a change
    smaller than that, in points of the holding, is not worth a trade. sell_share_below_pct: SELL
    when the words allow less than this share. tax_rate_pct: of the gain in what is sold;
    gain_share_pct: how much of it is gain (50: a holding that has doubled). Both widen the band,
    and nothing else: a SELL does not wait for the tax.
    """

    bear_fall_pct: Annotated[float, Field(ge=1, le=95)]
    with_chance_pct: Annotated[float, Field(ge=1, le=50)] = 10.0
    within_sessions: Literal[5, 21, 63] = 21
    band_pct: Annotated[float, Field(ge=0, le=50)] = 10.0
    sell_share_below_pct: Percent = 0.0
    tax_rate_pct: Annotated[float, Field(ge=0, le=75)] = 0.0
    gain_share_pct: Percent = 50.0


class Rule(Strict):
    """``[decision]``: lines of the score, in [-1, +1], and shares of the holding.

    exit_below: SELL below it, when the chance of being below is above ``sell_chance``. enter_above:
    back to the full share. reduce_below: ``reduce_weight`` at most below it; None: no such line.
    extreme_below: a single voice at or below it reduces as well, and never sells; None: none does.
    hold_weight, sell_weight: the full share, and the floor that is kept under SELL.
    observe_at_least: share of the weight that must be observed, else the evidence cannot say.
    good_counts: by what a voice that argues for holding is multiplied. The share cannot exceed the
    whole, so good news only offsets bad; 0.5: a loss weighs twice a gain (Tversky and Kahneman
    1992, Journal of Risk and Uncertainty 5, found 2.25).
    """

    exit_below: Annotated[float, Field(ge=-1, le=1)]
    enter_above: Annotated[float, Field(ge=-1, le=1)]
    min_sessions_between_changes: Annotated[int, Field(ge=0, le=252)] = 5
    hold_weight: Annotated[float, Field(ge=0, le=2)] = 1.0
    sell_weight: Annotated[float, Field(ge=-1, le=1)] = 0.0
    reduce_below: Annotated[float, Field(ge=-1, le=1)] | None = None
    reduce_weight: Annotated[float, Field(ge=0, le=1)] = 0.5
    extreme_below: Annotated[float, Field(ge=-1, lt=0)] | None = None
    good_counts: Annotated[float, Field(ge=0, le=1)] = 1.0
    sell_chance: Annotated[float, Field(ge=0.5, lt=1)] = 0.5
    observe_at_least: Annotated[float, Field(ge=0, le=1)] = 0.0

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        found: list[tuple[Place, str]] = []
        if not self.exit_below < self.enter_above:
            told = phrase(
                "exit_below = {exit:sig6} is not below enter_above = {enter:sig6}; the gap between "
                "them is what keeps the decision from fluttering",
                exit=self.exit_below,
                enter=self.enter_above,
            )
            found.append((("exit_below",), told))
        if self.reduce_below is not None and self.reduce_below <= self.exit_below:
            told = phrase(
                "reduce_below = {reduce:sig6} is not above exit_below = {exit:sig6}; it would "
                "never act",
                reduce=self.reduce_below,
                exit=self.exit_below,
            )
            found.append((("reduce_below",), told))
        if found:
            raise FaultsError(found)
        return self


class Use(Strict):
    """Where a strategy's class is, and its parameters."""

    use: Annotated[
        str,
        Field(pattern=r"^[a-zA-Z_][\w.]*:[A-Za-z_]\w*$", max_length=200),
        Field(description='"module:Class"'),
    ]
    params: dict[str, float | int | str] = Field(default_factory=dict)


class Valuation(Use):
    """``[valuation]``: a strategy outside the score; the more stretched it calls the price, the
    less of the floor is kept.

    ask_again_on: from that day on every report asks whether its numbers still hold; None: never.
    """

    ask_again_on: date | None = None


class VoiceSettings(Use):
    """``[[strategy]]``: a voice of the score, with its share of the say."""

    weight: Annotated[float, Field(ge=0, le=1)]


class StrategyFile(Strict):
    """The whole file.

    risk: None keeps the whole holding whatever prices do. valuation: None keeps the whole floor.
    """

    name: Annotated[str, Field(min_length=1, max_length=60)]
    description: Annotated[str, Field(max_length=2_000)] = ""
    risk: RiskWords | None = None
    decision: Rule
    valuation: Valuation | None = None
    strategy: Annotated[Many[VoiceSettings], Field(min_length=1)]
