"""``python -m tests.fuzz --n 1000 --seed 1``: hostile inputs by the thousand; faults are told.

``make fuzz N=1000 SEED=7`` runs it. Exit code 1 when any input met a fault.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections import Counter
from pathlib import Path

import tests.fuzz.doors  # noqa: F401  adds its kinds
from tests.fuzz.hunt import HUNTS, Lab, trial


def main() -> int:
    """Run the inputs and say what came of them."""
    asked = argparse.ArgumentParser(description="Hostile inputs from a seed.")
    asked.add_argument("--n", type=int, default=1000, help="how many")
    asked.add_argument("--seed", type=int, default=1, help="which thousand")
    asked.add_argument("--kind", choices=sorted(HUNTS), help="only these")
    asked.add_argument("--only", type=int, help="one input again, by its number")
    given = asked.parse_args()
    logging.disable(logging.CRITICAL)
    first = given.seed * 1_000_000
    numbers = [given.only] if given.only is not None else range(first, first + given.n)
    seen: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory(prefix="nvsignal-fuzz-") as place:
        lab = Lab(Path(place))
        for number in numbers:
            found = trial(number, lab, given.kind)
            seen[found.kind, found.fault or "well"] += 1
            if found.fault or given.only is not None:
                print(
                    f"{found.seed} {found.kind} {found.fault}: {found.asked}\n  {found.told}",
                    flush=True,
                )
    for (kind, fault), n in sorted(seen.items()):
        print(f"{kind:10} {fault:12} {n}")
    faults = sum(n for (_, fault), n in seen.items() if fault != "well")
    print(f"{sum(seen.values())} inputs of seed {given.seed}: {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
