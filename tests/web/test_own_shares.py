"""The page shows the owner his shares, as the terminal does, and its guard keeps others out."""

from __future__ import annotations

from pathlib import Path

from tests.web.site import TOKEN, browser, make_site

LOTS = """\
country = "FR"
[[lots]]
bought_on = 2023-05-25
shares = 31415
cost_per_share = 385.0
"""


def test_the_box_is_behind_the_guard(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    with site.store:
        for token, shown in ((None, True), (TOKEN, False)):
            (site.folder / "holding.toml").write_text(LOTS)
            with browser(site.app(token)) as visitor:
                text = visitor.get("/?lang=en").text
            assert ("Your shares" in text) == shown
            assert ("314150" in "".join(c for c in text if c.isdigit())) == shown
