"""300 single wrong prices on any day by any door: verdicts moved, true prices kept out."""

from __future__ import annotations

from tests.service.bad_bars import figures, vix_moved

ALTERATIONS, OF_VIX, SEED, PRESETS = 300, 60, 17, ("balanced", "cautious")


def rows() -> list[dict[str, object]]:
    """Counts of alterations."""
    found = figures(ALTERATIONS, SEED, PRESETS)
    presets = " and ".join(PRESETS)
    return [
        {
            "what": f"{found.n} wrong prices of any factor: true ones kept out by",
            "ours": found.kept_out,
            "target": "0",
        },
        {
            "what": f"{found.n} beyond 1.35: verdict of {presets} moved by",
            "ours": found.moved,
            "target": "0",
            "note": f"{found.moved_by_more_than_its_absence} where the same record without that "
            "price moves none",
        },
        {
            "what": f"{found.n} beyond 1.35: true ones kept out by",
            "ours": found.beyond_kept_out,
            "target": "0",
        },
        {
            "what": f"{OF_VIX} of VIX beyond 1.35: verdict of {presets} moved by",
            "ours": vix_moved(OF_VIX, SEED, PRESETS),
            "target": "0",
        },
    ]
