"""``holding.toml``: what the investor holds. It moves lines in money, never a decision."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config.schema import FaultsError, Many, Strict

TEMPLATE = """\
# What you hold. It moves lines in money (what selling would bring and cost), never a decision.
# Nothing here is required; take the mark off the lines you want.

# account_type = "taxable"          # taxable, deferred or exempt
# country = "FR"                    # where you pay tax
# share_of_wealth_pct = 20          # NVDA as a part of all you own, in per cent
# sold_into = "money market fund"   # where the money would go

# One stanza a purchase; shares as counted on that day, before later splits; cost with fees.
# [[lots]]
# bought_on = 2023-05-25
# shares = 100
# cost_per_share = 385.00
# currency = "USD"

# What a gain is taxed with, by year, and who says so.
# [[tax]]
# year = 2025
# country = "FR"
# gains_rate_pct = 30
# source = "service-public.fr, flat tax on securities"

# What you did, in your own words.
# [[done]]
# on = 2025-01-28
# note = "sold 20 shares"
"""
"""A ``holding.toml`` to start from; as it stands, nothing is held."""

_Country = Annotated[
    str, Field(pattern=r"^[A-Z]{2}$"), Field(description='a country in two letters, such as "FR"')
]
_Currency = Annotated[
    str,
    Field(pattern=r"^[A-Z]{3}$"),
    Field(description='a currency in three letters, such as "USD"'),
]
_Percent = Annotated[float, Field(ge=0, le=100)]


class Lot(Strict):
    """``[[lots]]``: one purchase. shares: as counted on the day, before later splits.

    cost_per_share: in ``currency``, fees included.
    """

    bought_on: date
    shares: Annotated[float, Field(gt=0, le=1e9)]
    cost_per_share: Annotated[float, Field(ge=0, le=1e6)]
    currency: _Currency = "USD"


class TaxRule(Strict):
    """``[[tax]]``: what a gain is taxed with in one year, and who says so."""

    year: Annotated[int, Field(ge=1990, le=2100)]
    country: _Country
    gains_rate_pct: _Percent
    source: Annotated[str, Field(min_length=3, max_length=500)]


class Step(Strict):
    """``[[done]]``: what the investor did, in his words."""

    on: date
    note: Annotated[str, Field(min_length=1, max_length=500)]


class Holding(Strict):
    """The whole file; every key is optional, and without the file there is no holding."""

    lots: Many[Lot] = ()
    account_type: Literal["taxable", "deferred", "exempt"] = "taxable"
    country: _Country | None = None
    tax: Many[TaxRule] = ()
    share_of_wealth_pct: _Percent | None = None
    sold_into: Annotated[str, Field(max_length=120)] = ""
    done: Many[Step] = ()

    @model_validator(mode="after")
    def _one_rule_a_year(self) -> Self:
        seen: set[tuple[str, int]] = set()
        found = []
        for order, rule in enumerate(self.tax):
            if (rule.country, rule.year) in seen:
                text = f"a second rule for {rule.country} in {rule.year}"
                found.append((("tax", order), text))
            seen.add((rule.country, rule.year))
        if found:
            raise FaultsError(found)
        return self
