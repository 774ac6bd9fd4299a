"""``events.toml``: what an event counts for, by type."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from config.schema import Many, Strict

Factor = Annotated[float, Field(ge=0, le=1)]
_Percent = Annotated[float, Field(ge=0, le=50)]


class RepeatWindow(Strict):
    """``[repeat]``: the sliding window in which the same actor, object and direction is one."""

    within_sessions: Annotated[int, Field(ge=0, le=60)] = 20


class StageFactors(Strict):
    """``[stage]``: by what an event's size is multiplied."""

    rumour: Factor = 0.5
    announced: Factor = 1.0
    effective: Factor = 1.0
    reversed: Factor = 1.0

    def of(self, stage: str) -> float:
        """The factor of ``stage``; 1 for a stage without one."""
        return float(getattr(self, stage, 1.0))


class OwnerFactors(Strict):
    """``[owner]``: at most how much of its size one unconfirmed owner moves."""

    alone: Factor = 0.5


class Certainty(Strict):
    """``[certainty]``: the least confidence in its type with which a headline moves anything."""

    least: Factor = 0.7


class Fade(Strict):
    """``[fade]``: half-lives, in sessions, by which what has ended leaves a faded sum."""

    policy_sessions: Annotated[float, Field(gt=0, le=252)] = 5.0
    domestic_sessions: Annotated[float, Field(gt=0, le=756)] = 63.0
    demand_sessions: Annotated[float, Field(gt=0, le=756)] = 63.0


class Impulse(Strict):
    """Size of one type of event, in per cent, and where the figure comes from.

    with_acceptance_pct: the size while China takes what it may buy; None: the same. usual_sign:
    the sense for NVDA of an event whose wording gives none; 0: it counts for nothing. unless: words
    (any case) in which the usual sign is not taken, because a rival is hit.
    """

    impulse_pct: _Percent
    with_acceptance_pct: _Percent | None = None
    usual_sign: Literal[-1, 0, 1] = 0
    unless: Many[str] = ()
    source: Annotated[str, Field(min_length=3)]

    def sign_of(self, direction: Literal[-1, 0, 1], headline: str) -> Literal[-1, 0, 1]:
        """``direction`` by wording, else the usual sign."""
        told = headline.lower()
        if direction or any(word.lower() in told for word in self.unless):
            return direction
        return self.usual_sign

    def size_pct(self, *, accepted: bool) -> float:
        """The size, given whether China takes the best part it may buy."""
        larger = self.with_acceptance_pct
        return larger if accepted and larger is not None else self.impulse_pct


class EventWeights(Strict):
    """The whole file. policy: in % of the share price. domestic, demand: of data-centre revenue."""

    repeat: RepeatWindow = RepeatWindow()
    stage: StageFactors = StageFactors()
    owner: OwnerFactors = OwnerFactors()
    certainty: Certainty = Certainty()
    fade: Fade = Fade()
    policy: dict[str, Impulse]
    domestic: dict[str, Impulse]
    demand: dict[str, Impulse] = Field(default_factory=dict)
