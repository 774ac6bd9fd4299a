"""Export policy: two gates, Washington's permission and Beijing's acceptance.

What it assumes about the world: a new restriction costs about 3 % of the share price at once and
fades with a half-life of a week; relief counts little unless both gates open. Once Nvidia's
guidance excludes China, further news about it weighs a third to a half (judgement).
Evidence: median return beyond twice the index over 24 dated steps to 2025-09-30: restrictions
-2.1 %, permissions +1.6 %; in August and September 2025 permission without acceptance moved little.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from engine.phrases import phrase
from engine.values import Evidence, FloatArray
from strategies.base import Level, Param, Params, Strategy, decay, only_where, squash


class ExportPolicy(Strategy):
    """Score = tanh(pressure / scale) less a term for how far the two gates are closed."""

    name: ClassVar[str] = "export_policy"
    needs: ClassVar[frozenset[str]] = frozenset(
        {
            "policy_impulse_pct",
            "policy_alone_pct",
            "us_gate",
            "china_gate",
            "china_excluded",
        }
    )
    params: ClassVar[Mapping[str, Param]] = MappingProxyType(
        {
            "half_life_sessions": Param(
                default=5,
                low=0,
                high=252,
                unit="sessions",
                open_low=True,
                source="handbook 3.5, judgement",
            ),
            "scale_pct": Param(
                default=6,
                low=0,
                high=50,
                unit="% of price",
                open_low=True,
                effect=True,
                source="twice the prior of a new sales stop (-3 %)",
            ),
            "excluded_multiplier": Param(
                default=0.4,
                low=0,
                high=1,
                unit="",
                source="handbook 3.5: 0.3-0.5 once guidance excludes China",
            ),
            "access_weight": Param(
                default=0.6,
                low=0,
                high=1,
                unit="",
                effect=True,
                source="judgement: a market lost for good is worth more than a day's news, less "
                "than the most; it was a fifth to a quarter of revenue in 2022-2023",
            ),
        }
    )
    levels_spec: ClassVar[Mapping[str, Level]] = MappingProxyType(
        {
            "policy_pressure_pct": Level(
                low=-60, high=60, unit="%", meaning="faded sum of policy news, % of price"
            ),
            "china_access": Level(
                low=0, high=1, unit="", meaning="permission times acceptance of the best part"
            ),
        }
    )

    lone: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"policy_pressure_pct": "policy_alone_pct"}
    )

    def levels(self, features: Mapping[str, FloatArray], p: Params) -> dict[str, FloatArray]:
        """Fading pressure, damped once guidance excludes China, and the product of both gates."""
        excluded = features["china_excluded"]
        damp = np.where(excluded > 0, p["excluded_multiplier"], 1.0)
        impulse = features["policy_impulse_pct"]
        pressure = decay(damp * impulse, p["half_life_sessions"])
        return {
            "policy_pressure_pct": only_where(impulse, pressure),
            "policy_alone_pct": damp * features["policy_alone_pct"],
            "china_access": features["us_gate"] * features["china_gate"],
            "us_gate": features["us_gate"],
            "china_gate": features["china_gate"],
            "china_excluded": excluded,
        }

    def score(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """News moves it most; closed gates weigh down to ``-access_weight``, open ones nothing.

        Unknown while the news or a gate is.
        """
        damp = np.where(levels["china_excluded"] > 0, p["excluded_multiplier"], 1.0)
        standing = p["access_weight"] * damp * (1.0 - levels["china_access"])
        return np.clip(squash(levels["policy_pressure_pct"] / p["scale_pct"]) - standing, -1, 1)

    def doubt(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """0.2: dates and acceptance rest on press reports."""
        return np.full(np.shape(levels["china_access"]), 0.2)

    def evidence(self, levels: Mapping[str, float], p: Params) -> tuple[Evidence, ...]:
        """Pressure and gates."""
        sentences = [
            Evidence(
                text=phrase(
                    "Faded policy news is worth {pressure:pct1} of the share price",
                    pressure=levels["policy_pressure_pct"],
                ),
                source="chip_events, export_policy_events",
            )
        ]
        if np.isfinite(levels["china_access"]):
            sentences.append(
                Evidence(
                    text=phrase(
                        "Gates for sales to China: US permission {us:share0} open, Chinese "
                        "acceptance {cn:share0} open",
                        us=levels["us_gate"],
                        cn=levels["china_gate"],
                    ),
                    source="china_availability",
                )
            )
        return tuple(sentences)
