"""Accelerators as facts: a chip is what was published of it by the day, price and rent included.

Every step (announced, on sale, a price, a rent) is a version of its own, so that history never
prices a chip with a rent quoted years later.
"""

from __future__ import annotations

from engine.record.readings.base import Kind
from engine.values import Accelerator

CHIPS = Kind(name="accelerator", of=Accelerator, key=lambda chip: chip.chip)
