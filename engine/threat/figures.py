"""From draws of the channels to the figures of a rating: centre, interval, parts, sensitivity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from config.threat import ScoreScale
from engine.threat import reasons
from engine.threat.channels import CHANNEL_ORDER, Case, all_channels, stretched
from engine.threat.parameters import Draws, Sample, unit_ranks
from engine.values import FloatArray

SENSITIVITY_SHOWN = 8
NO_SIGN_OF_LINK = 0.05
"""Three standard errors of a rank correlation of nothing over 4,096 draws (1 / sqrt(4095))."""
_AROUND = 0.1
"""Half width, in probability, of the draws around the median that show each channel's part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTotals:
    """Channels and totals of one event, in draws: shares of a year's revenue and of value.

    year: (channels, draws), the first year. value: (channels, draws), present value of the change
    in gross profit over that of three years. base_usd_bn: the latter, median.
    """

    year: FloatArray
    value: FloatArray
    base_usd_bn: float

    @property
    def total(self) -> FloatArray:
        """Change of a year's revenue, (draws,)."""
        result: FloatArray = self.year.sum(axis=0)
        return result

    @property
    def total_value(self) -> FloatArray:
        """Change of value, (draws,)."""
        result: FloatArray = self.value.sum(axis=0)
        return result


def outcome_of(case: Case, draws: Draws) -> ChannelTotals:
    """The channels of ``case``, summed over the years by what a dollar of each is worth."""
    shares = all_channels(case, draws)
    weight = case.stake.base * case.stake.worth
    whole = weight.sum(axis=0)
    return ChannelTotals(
        year=stretched(shares[:, 0], case.stretch),
        value=stretched((shares * (weight / whole)).sum(axis=1), case.stretch),
        base_usd_bn=float(np.median(whole)),
    )


def figures_of(
    outcome: ChannelTotals,
    scale: ScoreScale,
    revenue_usd_bn: float,
    told: ChannelTotals | None = None,
    free: ChannelTotals | None = None,
) -> reasons.Figures:
    """Every number of a rating that comes from the draws alone.

    The doubt is that of ``outcome``, in value as far as ``free`` reaches where that is given; the
    centre that of ``told``, the same as ``outcome`` unless it is given.
    """
    told = told or outcome
    year, value = -outcome.total, -outcome.total_value
    low, high = (float(q) for q in np.quantile(value, (0.05, 0.95)))
    if free is not None:
        high = max(high, float(np.quantile(-free.total_value, 0.95)))
    centre = float(np.median(-told.total_value))
    net_low, net_high = (float(q) for q in np.quantile(-year, (0.05, 0.95)))
    score = on_grid(to_score(centre, scale))
    means = outcome.year.mean(axis=1)
    return reasons.Figures(
        score=score,
        score_low=min(to_score(low, scale), score),
        score_high=max(to_score(high, scale), score),
        loss_share=float(np.median(-told.total)),
        impulse_share=float(np.median(year)),
        net_mean_share=float(-year.mean()),
        net_low_share=net_low,
        net_high_share=net_high,
        p_loss_over_5pct=float(np.mean(year > scale.loss_threshold)),
        revenue_usd_bn=revenue_usd_bn,
        value_loss_usd_bn=centre * outcome.base_usd_bn,
        value_low_usd_bn=low * outcome.base_usd_bn,
        value_high_usd_bn=high * outcome.base_usd_bn,
        value_share=centre,
        base_value_usd_bn=outcome.base_usd_bn,
        channels=MappingProxyType(channel_parts(told.value, score, centre)),
        channel_usd_bn=MappingProxyType(
            {n: float(m) * revenue_usd_bn for n, m in zip(CHANNEL_ORDER, means, strict=True)}
        ),
    )


def to_score(loss_share: float, scale: ScoreScale) -> float:
    """-100 to 100, saturating; ``loss_scale`` is the loss that scores 63."""
    return math.copysign(100.0 * -math.expm1(-abs(loss_share) / scale.loss_scale), loss_share)


def channel_parts(value: FloatArray, score: float, centre: float) -> dict[str, float]:
    """Parts of the score by channel, which add up to it *exactly*.

    value of shape (channels, draws); score on the grid of ``on_grid``; centre the median loss. A
    part is the channel's mean loss over the draws around the median, in points of the score; the
    residual, last of the channels, takes what is left.
    """
    total = value.sum(axis=0)
    low, high = np.quantile(total, (0.5 - _AROUND, 0.5 + _AROUND))
    chosen = (total >= low) & (total <= high)
    means = -(value * chosen).sum(axis=1) / max(int(chosen.sum()), 1)
    points = score / centre if abs(centre) > 1e-12 else 0.0
    parts = {n: on_grid(float(m) * points) + 0.0 for n, m in zip(CHANNEL_ORDER, means, strict=True)}
    last = CHANNEL_ORDER[-1]
    parts[last] = score - sum(part for name, part in parts.items() if name != last)
    return parts


def on_grid(x: float) -> float:
    """``x`` on the grid of 2^-32, where sums of numbers below a million are exact in binary64."""
    return round(x * 2.0**32) / 2.0**32


def sensitivity(total: FloatArray, drawn: Sample) -> tuple[tuple[str, float], ...]:
    """Spearman correlation of each uncertain parameter with the loss, the strongest first.

    Positive: the larger the parameter, the larger the loss. A constant total moves with nothing.
    """
    if float(np.ptp(total)) == 0.0:
        return ()
    rho = drawn.ranks @ unit_ranks(-total)
    order = np.argsort(-np.abs(rho), kind="stable")[:SENSITIVITY_SHOWN]
    return tuple((drawn.names[i], float(rho[i])) for i in order if abs(rho[i]) >= NO_SIGN_OF_LINK)
