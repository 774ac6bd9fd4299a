"""Daily prices of one symbol, raw: splits and dividends are facts of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engine.errors import DataError
from engine.phrases import phrase
from engine.record.readings.base import Kind, need_range


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One session of one symbol, raw (unadjusted) USD; VIX in index points.

    open, high, low, volume may be None (reference closes carry none); close never is.
    """

    symbol: str
    session_on: date
    close: float
    open: float | None = None
    high: float | None = None
    low: float | None = None
    volume: float | None = None

    def __post_init__(self) -> None:
        for name in ("open", "high", "low", "close"):
            need_range(self, name, 0, 1e7, open_low=True)
        need_range(self, "volume", 0, 1e15)
        if self.high is not None and self.low is not None and self.high < self.low:
            raise DataError(
                phrase(
                    "{symbol} {session_on}: high {high} < low {low}",
                    symbol=self.symbol,
                    session_on=str(self.session_on),
                    high=self.high,
                    low=self.low,
                )
            )


BARS = Kind(name="bar", of=Bar, key=lambda bar: f"{bar.symbol}:{bar.session_on.isoformat()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BarSighting:
    """A close too far off to be believed at once, seen for the ``nth`` time by one source.

    nth 2 means seen again after long enough, or that the user vouched for it: it counts.
    """

    symbol: str
    session_on: date
    close: float
    nth: int

    def __post_init__(self) -> None:
        need_range(self, "close", 0, 1e7, open_low=True)
        need_range(self, "nth", 1, 2)


BAR_SIGHTINGS = Kind(
    name="bar_sighting",
    of=BarSighting,
    key=lambda s: f"{s.symbol}:{s.session_on.isoformat()}:{s.close!r}:{s.nth}",
)
