"""What identifiers are called in print, in English; the catalogue has the other languages.

Identifiers stay English and stable in configuration, JSON and the record. A name that is not here
is shown with its underscores opened, so a new strategy or market figure needs no change here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType


def N_(message: str) -> str:  # noqa: N802 - the customary marker for extraction
    """Mark ``message`` for translation later."""
    return message


LABELS: Mapping[str, str] = MappingProxyType(
    {
        # strategies
        "fp8_threat": N_("AI model threat"),
        "rate_path": N_("Fed rate path"),
        "export_policy": N_("Export policy"),
        "valuation_cap": N_("Valuation ceiling"),
        "demand": N_("Demand"),
        "guided_growth_pct": N_("Guide on the quarter reported"),
        "buyers_news_pct": N_("News on buyers and other chips"),
        "earnings_surprise": N_("Earnings surprise"),
        "trend": N_("Price trend"),
        "buy_and_hold": N_("Buy and hold"),
        # inputs that can flip a decision
        "revenue_at_risk_pct": N_("Data-centre revenue at risk"),
        "expected_path_bps": N_("Expected change of the policy rate"),
        "surprise_effect_pct": N_("Fading effect of Fed surprises"),
        "policy_pressure_pct": N_("Pressure of export-policy news"),
        "china_access": N_("Access to China"),
        "us_gate": N_("US permission to sell to China"),
        "cn_gate": N_("Chinese willingness to buy"),
        "guide_surprise_pct": N_("Guidance against consensus"),
        "trend_gap_pct": N_("Price against its 200-session mean"),
        "volatility_pct": N_("Volatility"),
        # market figures
        "nvda_close_usd": N_("NVDA close"),
        "change_1d_pct": N_("Change, 1 session"),
        "change_5d_pct": N_("Change, 5 sessions"),
        "change_ytd_pct": N_("Change since 1 January"),
        "nvda_change_1d_pct": N_("Change, 1 session"),
        "nvda_change_5d_pct": N_("Change, 5 sessions"),
        "nvda_change_ytd_pct": N_("Change since 1 January"),
        "drawdown_pct": N_("Against its 52-week high"),
        "realised_volatility_pct": N_("Realised volatility, 20 sessions"),
        "market_cap_usd_tn": N_("Market value"),
        "implied_growth_pct": N_("Growth the price implies, ten years"),
        "delivered_growth_pct": N_("Growth delivered, last quarter"),
        "ceiling_usd_tn": N_("Valuation ceiling assumed"),
        "forward_pe_x": N_("Price to expected earnings"),
        "shares_outstanding_bn": N_("Shares outstanding, billions"),
        "smh_relative_5d_pct": N_("Against semiconductors, 5 sessions"),
        "vix": N_("VIX"),
        "dgs2_pct": N_("US Treasury yield, 2 years"),
        "dgs10_pct": N_("US Treasury yield, 10 years"),
        "dff_pct": N_("Effective fed funds rate"),
        # channels of the threat rating
        "substitution": N_("Substitution by domestic chips"),
        "efficiency": N_("Efficiency against rebound"),
        "price_pressure": N_("Price pressure"),
        "openness": N_("Open weights"),
        "residual": N_("What no channel knows"),
        # event types
        "model_release": N_("Model release"),
        "domestic_chip_adoption": N_("Domestic chip adopted"),
        "domestic_chip_launch": N_("Domestic chip launched"),
        "competitor_chip": N_("Competing chip"),
        "capex_increase": N_("Capital spending raised"),
        "capex_cut": N_("Capital spending cut"),
        "export_restriction": N_("Export restriction"),
        "export_relief": N_("Export relief"),
        "china_purchase_ban": N_("Chinese purchase curb"),
        "nvidia_product": N_("Nvidia product"),
        "nvidia_earnings": N_("Nvidia earnings"),
        "regulatory_probe": N_("Regulatory probe"),
        "rates": N_("Interest rates"),
        "price_war": N_("Price war"),
        "training_failure": N_("Training failure"),
        "release_delay": N_("Release delay"),
        "valuation_milestone": N_("Valuation milestone"),
        "other": N_("Other"),
        "irrelevant": N_("Irrelevant"),
        # stages
        "rumour": N_("rumour"),
        "announced": N_("announced"),
        "effective": N_("in force"),
        "reversed": N_("reversed"),
        # feed states
        "ok": N_("up to date"),
        "empty": N_("empty"),
        "stale": N_("stale"),
        "frozen": N_("frozen"),
        "blocked": N_("blocked"),
        "undated": N_("undated"),
        "unknown_org": N_("unknown organisation"),
        "error": N_("error"),
        "never": N_("never reached"),
        # three-valued evidence
        "present": N_("present"),
        "absent": N_("absent"),
        "not_observed": N_("not observed"),
        # rungs of the rate ladder
        "fed_funds_futures": N_("fed funds futures"),
        "zq": N_("fed funds futures"),
        "zq_neighbour": N_("fed funds futures, from neighbouring months"),
        "neighbour_chain": N_("fed funds futures, from neighbouring months"),
        "sr1": N_("one-month SOFR futures"),
        "sr3": N_("three-month SOFR futures"),
        "bills": N_("Treasury bills"),
        "two_year": N_("two-year yield against the fed funds rate"),
        "two_year_minus_effr": N_("two-year yield against the fed funds rate"),
        "unknown": N_("unknown"),
        "none": N_("unknown"),
        # kinds of calendar entries
        "fomc": N_("Fed meeting"),
        "earnings": N_("Earnings"),
        "rule": N_("Rule takes effect"),
        "cpi": N_("US consumer prices"),
        "jobs": N_("US employment"),
        "product": N_("Product"),
        # receipt
        "config_hash": N_("Configuration"),
        "data_hash": N_("Data"),
        "code_version": N_("Code version"),
        "strategy_file": N_("Strategy file"),
        "model_version": N_("Rating model"),
        "classifier": N_("Classifier"),
        "ledger_head": N_("Ledger"),
        "seed": N_("Random seed"),
    }
)

MARKET_ORDER = (
    "nvda_close_usd",
    "change_1d_pct",
    "nvda_change_1d_pct",
    "change_5d_pct",
    "nvda_change_5d_pct",
    "change_ytd_pct",
    "nvda_change_ytd_pct",
    "drawdown_pct",
    "realised_volatility_pct",
    "market_cap_usd_tn",
    "ceiling_usd_tn",
    "implied_growth_pct",
    "delivered_growth_pct",
    "forward_pe_x",
)
"""Figures of the market box in reading order; others follow alphabetically."""

WORDS = frozenset(
    {
        # what the feeds' health says of one
        N_("never"),
        N_("empty"),
        N_("stale"),
        N_("frozen"),
        N_("blocked"),
        N_("undated"),
        N_("error"),
        N_("never asked"),
        N_("nothing at the moment"),
        N_("gone for good (410)"),
        # inputs and channels named inside sentences of the threat rating
        N_("substitution by home-grown chips"),
        N_("efficiency"),
        N_("price pressure"),
        N_("open weights"),
        N_("what no channel knows"),
        N_("list price"),
        N_("benchmark scores"),
        N_("an earlier offer"),
        N_("openness of the weights"),
        N_("size"),
        N_("training hardware"),
        N_("inference hardware"),
        N_("China's share of revenue"),
        N_("home-grown chip supply"),
        # notes of the rate ladder
        N_("expected path; two meetings share a quarter"),
        N_("no rate source was observed"),
        N_("no recent overnight rate was observed; without it no yield says where the Fed's goes"),
        # who says how gains are taxed in France (``config.holding``)
        N_(
            "finance law for 2018 (30 December 2017), article 28: 12.8 % income tax and "
            "17.2 % social levies"
        ),
        N_(
            "social security financing law for 2026 (30 December 2025), article 12: social "
            "levies of 18.6 %, for securities sold in 2025 too; by tax lawyers' notes of early 2026"
        ),
        # what the system says of a file or an address
        N_("No such file or directory"),
        N_("Permission denied"),
        N_("Operation not permitted"),
        N_("Is a directory"),
        N_("Not a directory"),
        N_("File exists"),
        N_("File name too long"),
        N_("Read-only file system"),
        N_("No space left on device"),
        N_("Input/output error"),
        N_("Too many levels of symbolic links"),
        N_("Too many open files"),
        N_("Bad file descriptor"),
        N_("Device or resource busy"),
        N_("Invalid argument"),
        N_("Address already in use"),
        N_("Cannot assign requested address"),
        N_("Connection refused"),
        N_("Name or service not known"),
        # what Python's tomllib says most often
        N_("Invalid value"),
        N_("Invalid statement"),
        N_("Expected newline or end of document after a statement"),
        N_("Expected '=' after a key in a key/value pair"),
        N_("Expected ']' at the end of a table declaration"),
        N_("Cannot overwrite a value"),
        N_("Unclosed array"),
        N_("Unterminated string"),
        # what ends a registered rule
        N_("growth below its constant mix"),
        N_("fell deeper than holding"),
        N_("chances worse than the base rate"),
        # what a name can be unknown as
        N_("key"),
        N_("column"),
        N_("release"),
        N_("event type"),
        N_("strategy preset"),
        N_("strategy"),
        N_("language"),
        N_("format"),
        N_("question"),
        N_("option"),
        # tests of an event study, and why an event is left out of one
        N_("Patell, correlated"),
        N_("Corrado rank"),
        N_("generalised sign"),
        N_("before enough prices"),
        N_("window ends after the last price"),
        N_("no price"),
        # why a story weighs nothing any more
        N_("withdrawn"),
        N_("corrected"),
        N_("refuted"),
        # actors of the curated tables that are no names
        N_("China"),
        N_("China customs"),
        N_("Chinese cloud firms"),
        N_("Chinese regulators"),
        N_("Federal Reserve"),
        N_("French competition authority"),
        N_("Global chip sector"),
        N_("Nvidia suppliers"),
        N_("US"),
        N_("US authorities"),
        N_("US chip sector"),
        N_("US Commerce"),
        N_("US Congress"),
        N_("US government"),
        N_("US House committee"),
        N_("US jobs"),
        N_("US official"),
        N_("US tech sector"),
        # tables of the record
        N_("prices"),
        N_("rates"),
        N_("curated events"),
        N_("model releases"),
        N_("Nvidia results"),
        N_("China availability"),
        N_("domestic chip supply"),
        N_("Fed decisions"),
    }
)
"""Bare words that other modules put into sentences: translated where they stand alone or in a
comma-separated list. Anything longer or with a number in it should be a phrase of its own."""
