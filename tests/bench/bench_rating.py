"""Ratings: the whole catalogue, and one release beside a loop over draws."""

from __future__ import annotations

import math
from time import process_time

from engine.clock import parse_as_of
from engine.threat.catalogue import first_versions
from engine.threat.novelty import ReleaseStanding, expected_log_price
from engine.threat.parameters import sample, standard
from engine.threat.rating import at_instant, rate_all, setting_of
from engine.threat.world import World
from tests.engine.threat.threat_world import facts
from tests.engine.threat.threat_world import params as given

_LOOP_DRAWS = 256


def rows() -> list[dict[str, object]]:
    """CPU seconds; ``theirs`` is the same expectation written as a plain loop, scaled to all."""
    world, params = facts(parse_as_of("2026-09-30")), given()
    releases = first_versions(world.releases)
    started = process_time()
    rated = len(rate_all(releases, world, params))
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
        _against_a_loop(world),
    ]


def _against_a_loop(world: World) -> dict[str, object]:
    """What buyers expect of V3.2-Exp's price: arrays over draws against a loop."""
    params = given()
    release = next(r for r in world.releases if r.model == "DeepSeek-V3.2-Exp")
    then = at_instant(world, release.known_at)
    drawn = sample(params).at(then.as_of)
    setting = setting_of(release, then, params)
    z = standard(drawn.noise["release_quality"])
    own = ReleaseStanding(model=release.model, mean=setting.own.mean, doubt=0.0, z=z)
    started = process_time()
    expected_log_price(setting.offers, own, drawn)
    fast = process_time() - started
    started = process_time()
    for i in range(_LOOP_DRAWS):
        share, trend = drawn["input_token_share"][i], math.log(drawn["price_trend"][i])
        counted = [
            math.log(
                share * (o.price_input_usd_per_mtok or 1.0)
                + (1 - share) * (o.price_output_usd_per_mtok or 1.0)
            )
            + drawn["comparability"][i] * max(0.0, own.mean - o.quality)
            - o.age_days / 365.25 * trend
            for o in setting.offers
        ]
        low = min(counted)
        low - 0.35 * math.log(sum(math.exp((low - c) / 0.35) for c in counted))
    slow = (process_time() - started) * drawn.draws / _LOOP_DRAWS
    return {
        "what": f"all draws of one release against {len(setting.offers)} offers",
        "ours": f"{1000 * fast:.0f} ms",
        "theirs": f"{1000 * slow:.0f} ms",
        "ratio": round(slow / fast, 1),
        "target": "",
        "note": "the soft minimum of what buyers expect",
    }
