"""The run-time packages as an SBOM and as a licence list, from ``requirements.lock``.

``make lock`` writes ``.ci/sbom.json`` (CycloneDX 1.6) and ``.ci/licences.txt``. Both are made of
the lock and of the packages' own metadata alone: no time, serial, path or index stands in them, so
the same lock gives the same bytes on any machine. A package whose licence cannot be told ends the
run.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from cyclonedx.model.bom import Bom

ROOT = Path(__file__).parent.parent
LOCK, SBOM, LICENCES = ROOT / "requirements.lock", ".ci/sbom.json", ".ci/licences.txt"

SHORT = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""Other names for licences of the SPDX list; "BSD License" alone does not say which."""

TEXTS = (
    (r"Permission is hereby granted, free of charge", "MIT"),
    (r"(?s)Redistributions? .*(Neither|names of its contributors may)", "BSD-3-Clause"),
    (r"Redistributions? (of source|in binary)", "BSD-2-Clause"),
)
"""What a licence's own words say, the first that is met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """One line of the lock. marker: where it is used; empty for everywhere."""

    name: str
    version: str
    marker: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A pinned package, its licence as SPDX, and the names that it needs."""

    pinned: Pinned
    licence: str
    needs: tuple[str, ...] = ()


def pins(lock: str) -> Iterator[Pinned]:
    """Every package of a lock, in its order."""
    for line in lock.splitlines():
        found = re.match(r"([a-z0-9][a-z0-9._-]*)==(\S+)(?: ; (.*?))?\s*\\?$", line)
        if found:
            yield Pinned(name=found[1], version=found[2], marker=found[3] or "")


def licence(dist: metadata.Distribution) -> str:
    """The licence by its SPDX name; ``SystemExit`` where the package does not tell it."""
    told = dist.metadata
    if expression := told.get("License-Expression"):
        return expression
    short = (told.get("License") or "").strip()
    if len(short) < 30 and re.fullmatch(r"[A-Z][A-Za-z0-9.-]*-?\d?[A-Za-z0-9.-]*", short):
        return SHORT.get(short, short)
    named = [c.split(" :: ")[-1] for c in told.get_all("Classifier") or () if "License ::" in c]
    for word in (short, *named):
        if word in SHORT:
            return SHORT[word]
    for text in (short, *_texts(dist)):
        for pattern, name in TEXTS:
            if re.search(pattern, text):
                return name
    if named == ["BSD License"]:
        return "BSD-3-Clause"
    raise SystemExit(f"{told['Name']} {dist.version} does not tell its licence: look it up")


def _texts(dist: metadata.Distribution) -> Iterator[str]:
    for path in sorted(dist.files or (), key=str):
        if ".dist-info" in str(path) and re.search("LICEN[CS]E|COPYING", str(path), re.I):
            yield Path(str(dist.locate_file(path))).read_text(encoding="utf-8", errors="replace")


def packages(pinned: Sequence[Pinned]) -> list[Package]:
    """The pinned packages with what their metadata say.

    What is not installed here, as it belongs to another system or Python, is fetched to be read.
    """
    with tempfile.TemporaryDirectory(prefix="nvsignal-supply-") as place:
        fetch([p for p in pinned if not _found(p, sys.path)], Path(place))
        paths = [*(str(p) for p in Path(place).iterdir()), *sys.path]
        return [_read(p, paths) for p in pinned]


def fetch(missing: Sequence[Pinned], place: Path) -> None:
    """Put each missing package, alone, into a folder of its own under ``place``."""
    command = ["uv", "pip", "install", "-q", "--no-deps", "--python-version", "3.13", "--target"]
    for p in missing:
        target = place / f"{p.name}-{p.version}"
        subprocess.run([*command, str(target), f"{p.name}=={p.version}"], check=True)  # noqa: S603


def _found(pinned: Pinned, paths: Sequence[str]) -> metadata.Distribution | None:
    found = metadata.distributions(name=pinned.name, path=list(paths))
    return next((d for d in found if d.version == pinned.version), None)


def _read(pinned: Pinned, paths: Sequence[str]) -> Package:
    dist = _found(pinned, paths)
    if dist is None:
        raise SystemExit(f"{pinned.name} {pinned.version} could not be fetched")
    asked = [Requirement(text) for text in dist.requires or ()]
    needs = {canonicalize_name(r.name) for r in asked if "extra ==" not in str(r.marker)}
    return Package(pinned=pinned, licence=licence(dist), needs=tuple(sorted(needs)))


def listed(found: Sequence[Package]) -> str:
    """The licence list: a line for each package."""
    lines = [f"{p.pinned.name} {p.pinned.version}: {p.licence}\n" for p in found]
    return "Licences of the run-time packages; made by make lock.\n\n" + "".join(lines)


def bill(found: Sequence[Package]) -> Bom:
    """The bill of materials: each package with its licence, and who needs whom."""
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    root = Component(name="nvsignal", type=ComponentType.APPLICATION, bom_ref="nvsignal")
    bom = Bom()
    bom.metadata.component = root
    parts = {}
    for package in found:
        p = package.pinned
        url = PackageURL("pypi", name=p.name, version=p.version)
        parts[p] = Component(
            name=p.name,
            version=p.version,
            purl=url,
            bom_ref=url.to_string(),
            licenses=[LicenseFactory().make_from_string(package.licence)],
            properties=[Property(name="environment-marker", value=p.marker)] if p.marker else (),
        )
        bom.components.add(parts[p])
    by_name = {p.name: [part for q, part in parts.items() if q.name == p.name] for p in parts}
    for package in found:
        needed = [part for name in package.needs for part in by_name.get(name, ())]
        bom.register_dependency(parts[package.pinned], needed)
    bom.register_dependency(root, parts.values())
    return bom


def written(bom: Bom) -> str:
    """The bill as JSON, without time and serial number."""
    import json

    from cyclonedx.output.json import JsonV1Dot6

    told = json.loads(JsonV1Dot6(bom).output_as_string())
    told.pop("serialNumber", None)
    told["metadata"].pop("timestamp", None)
    told["metadata"].pop("tools", None)
    return json.dumps(told, indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Write both files."""
    found = packages(list(pins(LOCK.read_text(encoding="utf-8"))))
    (ROOT / LICENCES).write_text(listed(found), encoding="utf-8")
    (ROOT / SBOM).write_text(written(bill(found)), encoding="utf-8")


if __name__ == "__main__":
    main()
