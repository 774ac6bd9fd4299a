"""One typed reading per kind of fact: its bounds, its key, how it is written and read back."""

from engine.record.readings.actions import ACTIONS, CorporateAction
from engine.record.readings.architectures import ARCHITECTURES, Dimensions
from engine.record.readings.bars import BAR_SIGHTINGS, BARS, Bar, BarSighting
from engine.record.readings.base import Kind
from engine.record.readings.china import (
    AVAILABILITY,
    CHIP_SHARES,
    SUPPLY,
    Availability,
    ChipShare,
    Supply,
)
from engine.record.readings.chips import CHIPS
from engine.record.readings.company import (
    CONSENSUS,
    EARNINGS,
    EARNINGS_DATES,
    SHARES,
    Consensus,
    Earnings,
    EarningsDate,
    ShareCount,
)
from engine.record.readings.events import (
    FILINGS,
    HEADLINES,
    INSPECTIONS,
    NEWS,
    POLICY_STEPS,
    RULES,
    FederalRule,
    Filing,
    Headline,
    News,
    PolicyStep,
)
from engine.record.readings.fed import FED_DECISIONS, MEETINGS, FedDecision, Meeting
from engine.record.readings.observations import (
    OBSERVATIONS,
    USD_PER_EURO,
    Observation,
)
from engine.record.readings.options import OPTION_CHAINS, OptionChain
from engine.record.readings.releases import (
    MODEL_PRICES,
    PRESS_CLAIMS,
    RELEASES,
    REPOSITORIES,
    TOKEN_SHARES,
    ModelPrice,
    PressClaim,
    Repository,
    TokenShare,
)
from engine.record.readings.scores import BENCHMARKS, MODEL_SCORES, Benchmark, ModelScore

__all__ = [
    "ACTIONS",
    "ARCHITECTURES",
    "AVAILABILITY",
    "BARS",
    "BAR_SIGHTINGS",
    "BENCHMARKS",
    "CHIPS",
    "CHIP_SHARES",
    "CONSENSUS",
    "EARNINGS",
    "EARNINGS_DATES",
    "FED_DECISIONS",
    "FILINGS",
    "HEADLINES",
    "INSPECTIONS",
    "MEETINGS",
    "MODEL_PRICES",
    "MODEL_SCORES",
    "NEWS",
    "OBSERVATIONS",
    "OPTION_CHAINS",
    "POLICY_STEPS",
    "PRESS_CLAIMS",
    "RELEASES",
    "REPOSITORIES",
    "RULES",
    "SHARES",
    "SUPPLY",
    "TOKEN_SHARES",
    "USD_PER_EURO",
    "Availability",
    "Bar",
    "BarSighting",
    "Benchmark",
    "ChipShare",
    "Consensus",
    "CorporateAction",
    "Dimensions",
    "Earnings",
    "EarningsDate",
    "FedDecision",
    "FederalRule",
    "Filing",
    "Headline",
    "Kind",
    "Meeting",
    "ModelPrice",
    "ModelScore",
    "News",
    "Observation",
    "OptionChain",
    "PolicyStep",
    "PressClaim",
    "Repository",
    "ShareCount",
    "Supply",
    "TokenShare",
]
