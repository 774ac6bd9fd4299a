"""A what-if file: a release that does not exist yet, and the world it would meet."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, time
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args, get_type_hints

from pydantic import AwareDatetime, Field, create_model, model_validator

from config.schema import FaultsError, Place, Strict
from engine.errors import NvsignalError
from engine.phrases import error_phrase
from engine.values import RELEASE_BOUNDS, ModelRelease


class _Release(Strict):
    """``[release]``: keys, kinds and bounds of ``ModelRelease``; required: model, lab, released_on.

    country is CN, as Chinese releases alone are rated; known_at is the end of the day of release
    (UTC) unless given.
    """

    @model_validator(mode="after")
    def _in_bounds(self) -> Self:
        """Each figure by itself first, so that every one out of range is told with its place."""
        given = {k: v for k, v in self.as_release_fields().items() if v is not None}
        needed = {k: given.pop(k) for k in _REQUIRED}
        alone = ((k, _fault({**needed, k: v})) for k, v in given.items())
        found: list[tuple[Place, str]] = [((k,), fault) for k, fault in alone if fault]
        together = None if found else _fault({**needed, **given})
        if together:
            found = [((), together)]
        if found:
            raise FaultsError(found)
        return self

    def as_release_fields(self) -> dict[str, Any]:
        """The fields of a ``ModelRelease``, defaults filled in."""
        fields = self.model_dump()
        if fields["known_at"] is None:
            fields["known_at"] = datetime.combine(fields["released_on"], time.max, tzinfo=UTC)
        return fields


def _fault(fields: dict[str, Any]) -> str | None:
    try:
        ModelRelease(**fields)
    except NvsignalError as error:
        return error_phrase(error)
    return None


_REQUIRED = ("model", "lab", "country", "released_on", "known_at")
_Text = Annotated[str, Field(max_length=400)]
_OWN: dict[str, Any] = {
    "model": (Annotated[str, Field(min_length=1, max_length=400)], ...),
    "lab": (Annotated[str, Field(min_length=1, max_length=400)], ...),
    "country": (Literal["CN"], "CN"),  # what else there is sets the frontier and is never rated
    "released_on": (date, ...),
    "known_at": (AwareDatetime | None, None),
}


_READ_ONLY = frozenset({"is_comparison", "price_elsewhere"})
"""Of a release, what tables and sources tell beside it: nothing to assume."""


def _fields() -> dict[str, Any]:
    """Every field of ``ModelRelease`` with its kind, so that no second list has to follow it."""
    hints = get_type_hints(ModelRelease)
    kinds: dict[Any, Any] = {str | None: _Text | None, str: _Text}
    for name, (least, most, open_low) in RELEASE_BOUNDS.items():
        bounds = Field(gt=least, le=most) if open_low else Field(ge=least, le=most)
        number = next(kind for kind in get_args(hints[name]) if kind is not NoneType)
        hints[name] = Annotated[number, bounds] | None
    rest = {
        f.name: (kinds.get(hints[f.name], hints[f.name]), f.default)
        for f in dataclasses.fields(ModelRelease)
        if f.name not in _OWN and f.name not in _READ_ONLY
    }
    return {**_OWN, **rest}


if TYPE_CHECKING:
    Release = _Release
else:
    Release = create_model("Release", __base__=_Release, **_fields())


class WhatIfWorld(Strict):
    """``[scenario]``: what else is assumed. domestic_supply_units: home-grown chips a year; None:
    as estimated.
    """

    china_sales: Literal["unchanged", "banned", "free"] = "unchanged"
    domestic_supply_units: Annotated[float, Field(ge=0, le=1e9)] | None = None


TEMPLATE = """\
# A release that does not exist yet: nvsignal whatif --release FILE. What is not known is left out.

[release]
model = "Example-V9"
lab = "Example lab"
released_on = 2025-09-15
# country = "CN"                    # Chinese releases alone are rated
# total_params_b = 671              # billions; active_params_b for a mixture of experts
# active_params_b = 37
# price_input_usd_per_mtok = 0.28
# price_output_usd_per_mtok = 0.42
# open_weights = true
# gpqa_diamond_pct = 85.0           # also mmlu_pro_pct, swe_bench_verified_pct
# hardware_named = "trained on Huawei Ascend 910C"   # whose chips trained it, in the source's words
# inference_domestic = true         # served on home-grown chips

# [scenario]
# china_sales = "banned"            # unchanged, banned or free
# domestic_supply_units = 1500000   # home-grown chips a year
"""
"""A what-if file to start from; made up, and named so."""


class WhatIf(Strict):
    """The whole file."""

    release: Release
    scenario: WhatIfWorld = WhatIfWorld()
