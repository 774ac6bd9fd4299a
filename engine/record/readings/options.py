"""Option chains as quoted: one fact an expiry, compact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from engine.errors import DataError
from engine.phrases import phrase
from engine.record.readings.base import Kind, need_range

MOST_STRIKES = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionChain:
    """The quotes of one expiry at one instant, which ``occurred_at`` is.

    Arrays are (K,), by ascending strike; 0 where nothing is quoted, as no option is given away.
    strikes, bids, asks and spot in USD a share; ``*_iv_pct`` as the source works it out, a year;
    ``*_open_interest`` in contracts.
    """

    symbol: str
    expires_on: date
    quoted_on: date
    spot_usd: float
    strikes_usd: tuple[float, ...]
    call_bids_usd: tuple[float, ...]
    call_asks_usd: tuple[float, ...]
    put_bids_usd: tuple[float, ...]
    put_asks_usd: tuple[float, ...]
    call_iv_pct: tuple[float, ...] = ()
    put_iv_pct: tuple[float, ...] = ()
    call_open_interest: tuple[float, ...] = ()
    put_open_interest: tuple[float, ...] = ()
    occurred_at: datetime
    known_at: datetime
    source: str = ""

    def __post_init__(self) -> None:
        need_range(self, "spot_usd", 0.0, 1e6, open_low=True)
        strikes = self.strikes_usd
        if not 0 < len(strikes) <= MOST_STRIKES or strikes[0] <= 0:
            raise DataError(phrase("no strikes, or too many"))
        if any(b <= a for a, b in pairwise(strikes)):
            raise DataError(phrase("strikes do not ascend"))
        if self.expires_on < self.quoted_on:
            raise DataError(phrase("expired before it was quoted"))
        for name in ("call_bids_usd", "call_asks_usd", "put_bids_usd", "put_asks_usd"):
            quotes = getattr(self, name)
            if len(quotes) != len(strikes) or not all(0 <= q < 1e6 for q in quotes):
                raise DataError(phrase("{name} are not one sound quote a strike", name=name))


OPTION_CHAINS = Kind(
    name="option_chain",
    of=OptionChain,
    key=lambda c: f"{c.symbol}:{c.expires_on.isoformat()}:{c.quoted_on.isoformat()}",
)
