"""``holding.toml``: what the investor holds. It moves lines in money, never a decision."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from config.schema import FaultsError, Many, Strict
from engine.phrases import phrase

TEMPLATE = """\
# What you hold. It moves lines in money (what selling would bring and cost), never a decision.
# Nothing here is required; take the mark off the lines you want.

# account_type = "taxable"          # taxable (a French CTO), deferred or exempt; a US share
#                                     # cannot be held in a PEA
# order_cost_bp = 5                 # what one order costs, of its value; 100 bp are 1 %
# country = "FR"                    # where you pay tax
# dividend_withholding_pct = 15      # what the US keeps of a dividend; 15 for France by treaty
# share_of_wealth_pct = 20          # NVDA as a part of all you own, in per cent
# sold_into = "money market fund"   # where the money would go
# programs_may_read = true          # else neither 'nvsignal mcp' nor the page's /api tells it

# One stanza a purchase; shares as counted on that day, before later splits; cost with fees.
# [[lots]]
# bought_on = 2023-05-25
# shares = 100
# cost_per_share = 385.00
# currency = "USD"

# What a gain is taxed with from a year on, and who says so. The French flat tax is known without.
# [[tax]]
# year = 2025
# country = "BE"
# gains_rate_pct = 10
# source = "your tax adviser, on that day"

# What you did, in your own words; shares (minus: sold) to be told what it brought.
# [[done]]
# on = 2025-01-28
# note = "sold 20 shares"
# shares = -20
"""
"""A ``holding.toml`` to start from; as it stands, nothing is held."""

_Country = Annotated[
    str,
    Field(pattern=r"^[A-Z]{2}$"),
    Field(description=phrase('a country in two letters, such as "FR"')),
]
_Currency = Annotated[
    str,
    Field(pattern=r"^[A-Z]{3}$"),
    Field(description=phrase('a currency in three letters, such as "USD"')),
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
    """``[[tax]]``: what a gain is taxed with from one year on, and who says so.

    The rule of the latest year counts. known_on: day from which the rule could be known; None for
    always.
    """

    year: Annotated[int, Field(ge=1990, le=2100)]
    country: _Country
    gains_rate_pct: _Percent
    source: Annotated[str, Field(min_length=3, max_length=500)]
    known_on: date | None = None
    confidence: Literal["high", "medium", "low"] = "high"


FRENCH_FLAT_TAX = (
    TaxRule(
        year=2018,
        country="FR",
        gains_rate_pct=30,
        source="finance law for 2018 (30 December 2017), article 28: 12.8 % income tax and "
        "17.2 % social levies",
        known_on=date(2017, 12, 31),
    ),
    TaxRule(
        year=2025,
        country="FR",
        gains_rate_pct=31.4,
        source="social security financing law for 2026 (30 December 2025), article 12: social "
        "levies of 18.6 %, for securities sold in 2025 too; by tax lawyers' notes of early 2026",
        known_on=date(2025, 12, 31),
        confidence="medium",
    ),
)
"""Gains on securities in a taxable account. The law of December 2025 reaches back to sales of 2025,
because such gains are income from assets; what could be known during 2025 was 30 %. The exceptional
levy on high incomes (3 to 4 %) and the choice of the progressive scale are left out."""


US_WITHHOLDING_PCT = 15.0
"""Of dividends to a resident of France who owns below a tenth: convention between the United States
and France of 31 August 1994, article 10 (2) (b). Without form W-8BEN 30 % are withheld."""


class StepNoted(Strict):
    """``[[done]]``: what the investor did, in his words.

    shares: bought, or sold where negative, as counted on that day; None: not told, and nothing is
    said of what it brought.
    """

    on: date
    note: Annotated[str, Field(min_length=1, max_length=500)]
    shares: Annotated[float, Field(ge=-1e9, le=1e9)] | None = None


def _account(value: object) -> object:
    """The French names of accounts too; a PEA takes shares of European companies only."""
    name = value.strip().lower() if isinstance(value, str) else value
    if name in ("pea", "pea-pme"):
        raise ValueError('a US share cannot be held in a PEA; write "taxable" for a CTO')
    return "taxable" if name == "cto" else value


class Holding(Strict):
    """The whole file; every key is optional, and without the file there is no holding."""

    lots: Many[Lot] = ()
    account_type: Annotated[Literal["taxable", "deferred", "exempt"], BeforeValidator(_account)] = (
        "taxable"
    )
    country: _Country | None = None
    tax: Many[TaxRule] = ()
    share_of_wealth_pct: _Percent | None = None
    dividend_withholding_pct: _Percent | None = None
    order_cost_bp: Annotated[float, Field(ge=0, le=1000)] = 5.0
    sold_into: Annotated[str, Field(max_length=120)] = ""
    programs_may_read: bool = False
    done: Many[StepNoted] = ()

    def tax_rule(self, on: date) -> TaxRule | None:
        """The rule for a sale on ``on`` as known that day, the file's own first; None for none."""
        named = {rule.country for rule in self.tax}
        country = self.country or (named.pop() if len(named) == 1 else None)
        for rules in (self.tax, FRENCH_FLAT_TAX):
            found = [
                rule
                for rule in rules
                if rule.country == country
                and rule.year <= on.year
                and (rule.known_on is None or rule.known_on <= on)
            ]
            if found:
                return max(found, key=lambda rule: rule.year)
        return None

    def withholding_pct(self) -> float | None:
        """What is withheld of a dividend at its source; None where neither file nor treaty says."""
        if self.dividend_withholding_pct is not None:
            return self.dividend_withholding_pct
        return US_WITHHOLDING_PCT if self.country == "FR" else None

    def tax_rate(self, rule: TaxRule | None) -> float | None:
        """What a sale now takes of a gain, of one; None where no rule is known."""
        if self.account_type != "taxable":
            return 0.0  # a deferred account is taxed when money leaves it, not by a sale
        return None if rule is None else rule.gains_rate_pct / 100

    @model_validator(mode="after")
    def _one_rule_a_year(self) -> Self:
        seen: set[tuple[str, int]] = set()
        found = []
        for order, rule in enumerate(self.tax):
            if (rule.country, rule.year) in seen:
                text = phrase(
                    "a second rule for {country} in {year}",
                    country=rule.country,
                    year=str(rule.year),
                )
                found.append((("tax", order), text))
            seen.add((rule.country, rule.year))
        if found:
            raise FaultsError(found)
        return self
