"""A file of ``config/scenarios``: a turn of the world, by which the lines are set and tested.

A new scenario is a new file there; it names only what it changes::

    >>> import tomllib
    >>> from config.scenario import Scenario
    >>> grid = Scenario.model_validate(tomllib.loads('''
    ... name = "The grid is full"
    ... severity = "moderate"
    ... source = "judgement: a fifth of next year's data centres wait a year"
    ... demand_pct = -8.0
    ... '''))
    >>> grid.demand_pct, grid.price_pct
    (-8.0, 0.0)

To see it work: ``nvsignal config check``, then ``nvsignal stress``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from config.schema import Many, Strict

Severity = Literal["mild", "moderate", "severe", "extreme"]
_Change = Annotated[float, Field(ge=-100, le=100)]
_Basis = Annotated[float, Field(ge=-1_000, le=1_000)]
_Gate = Annotated[float, Field(ge=0, le=1)]


class Scenario(Strict):
    """The whole file: what would be known one morning, on top of what is.

    threat_pct: data-centre revenue that a release puts at risk, %. domestic_pct: news on home-grown
    chips, + good for NVDA, % of that revenue. policy_pct: export news, + good, % of price. us_gate,
    china_gate: where they would stand, 0 shut to 1 open. demand_pct: news on buyers' budgets and
    other chips, % of data-centre revenue. guide_surprise_pct, guided_growth_pct: results told that
    morning, guide against consensus and on the quarter reported, %. path_bps, fed_surprise_bps:
    added to the expected path and to the surprise of a Fed window. price_pct: fall or rise of the
    price spread evenly over the last price_sessions sessions; daily_vol_pct: volatility of each of
    them, % a day; vix: its level then. confirmed: whether more than one source tells its news.
    includes: names of files whose changes come as well.
    """

    name: Annotated[str, Field(min_length=1, max_length=60)]
    severity: Severity
    description: Annotated[str, Field(max_length=2_000)] = ""
    source: Annotated[str, Field(min_length=3, max_length=2_000)]
    includes: Many[str] = ()
    confirmed: bool = True
    threat_pct: Annotated[float, Field(ge=0, le=100)] = 0.0
    domestic_pct: _Change = 0.0
    policy_pct: _Change = 0.0
    us_gate: _Gate | None = None
    china_gate: _Gate | None = None
    demand_pct: _Change = 0.0
    guide_surprise_pct: _Change | None = None
    guided_growth_pct: _Change | None = None
    path_bps: _Basis = 0.0
    fed_surprise_bps: _Basis = 0.0
    price_pct: Annotated[float, Field(gt=-95, le=200)] = 0.0
    price_sessions: Annotated[int, Field(ge=1, le=63)] = 1
    daily_vol_pct: Annotated[float, Field(gt=0, le=30)] | None = None
    vix: Annotated[float, Field(gt=0, le=150)] | None = None
