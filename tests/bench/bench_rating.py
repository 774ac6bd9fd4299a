"""Ratings: the whole catalogue, and one release beside a loop over draws."""

from __future__ import annotations

import math
from time import process_time

from engine.clock import parse_as_of
from engine.service.reference import read_parameters, read_world
from engine.threat.parameters import sample
from engine.threat.rating import _case as case_of
from engine.threat.rating import _setting as setting_of
from engine.threat.rating import rate_all

_LOOP_DRAWS = 256


def rows() -> list[dict[str, object]]:
    """CPU seconds; ``theirs`` is the same frontier written as a plain loop, scaled to all draws."""
    world, params = read_world(parse_as_of("2026-08-26")), read_parameters()
    started = process_time()
    rated = len(rate_all(world.releases, world, params))
    everything = process_time() - started
    return [
        {
            "what": f"rate {rated} releases, 4,096 draws each",
            "ours": round(everything, 2),
            "theirs": "",
            "ratio": "",
            "target": "under 3 CPU-s",
            "note": "one core, tables already read",
        },
        _against_a_loop(world, params),
    ]


def _against_a_loop(world: object, params: object) -> dict[str, object]:
    """The price frontier of V3.2-Exp: arrays over draws against a loop over draws and offers."""
    from engine.threat.parameters import ThreatParameters
    from engine.threat.world import World

    assert isinstance(world, World)
    assert isinstance(params, ThreatParameters)
    drawn = sample(params)
    release = next(r for r in world.releases if r.model == "DeepSeek-V3.2-Exp")
    setting = setting_of(release, world, params)
    started = process_time()
    case = case_of(release, world, params, setting, drawn)
    fast = process_time() - started
    started = process_time()
    for i in range(_LOOP_DRAWS):
        share, trend = drawn["input_token_share"][i], math.log(drawn["price_trend"][i])
        min(
            math.log(
                share * (o.price_input_usd_per_mtok or 1.0)
                + (1 - share) * (o.price_output_usd_per_mtok or 1.0)
            )
            + drawn["comparability"][i] * max(0.0, case.quality[i] - o.quality)
            - o.age_days / 365.25 * trend
            for o in setting.offers
        )
    slow = (process_time() - started) * drawn.draws / _LOOP_DRAWS
    return {
        "what": f"all draws of one release against {len(setting.offers)} offers",
        "ours": f"{1000 * fast:.0f} ms",
        "theirs": f"{1000 * slow:.0f} ms",
        "ratio": round(slow / fast, 1),
        "target": "",
        "note": "ours holds every channel's inputs, the loop the frontier alone",
    }
