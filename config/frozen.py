"""The day up to which anything was looked at when rules, priors and weights were set."""

from __future__ import annotations

from datetime import date

FROZEN_ON = date(2025, 9, 30)
"""Last session of the prices and rates that lines, weights, priors and constants were chosen with.

Releases and news of later days were read while the engine was written; prices and rates were not.
What is replayed after this day is therefore *held back*, and is not a forward record.
"""


def unseen(last: date) -> bool:
    """Whether a history up to ``last`` reaches sessions whose prices no rule was set on."""
    return last > FROZEN_ON
