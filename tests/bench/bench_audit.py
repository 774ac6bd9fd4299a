"""The audit against leaks that were planted and honest strategies that resemble them."""

from __future__ import annotations

from collections.abc import Iterator

from tests.backtests.planted_leaks import FURTHER, table


def rows() -> Iterator[dict[str, object]]:
    """One row a case, then the count."""
    caught, accused = [0, 0], 0
    further = {case.__name__ for case in FURTHER}
    for name, leaks, found in table():
        checks = ", ".join(sorted({leak.check for leak in found.leaks}))
        if leaks:
            caught[name in further] += bool(found.leaks)
        else:
            accused += not found.clean
        what = "planted" if leaks else "clean"
        said = f"caught by {checks}" if checks else "passed" if found.clean else "inconclusive"
        yield {"what": name, "note": f"{what}: {said}"}
    yield {"what": "planted leaks caught", "ours": f"{caught[0]} of 20", "target": "20 of 20"}
    yield {"what": "further leaks caught", "ours": f"{caught[1]} of {len(further)}"}
    yield {"what": "clean ones accused", "ours": f"{accused} of 20", "target": "0 of 20"}
