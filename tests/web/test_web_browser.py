"""The page in a real browser: every page opens, rules are replayed, hostile headlines lie still."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from engine.values import Fact
from tests.engine.report.sample_report import HOSTILE
from tests.web.chrome import FAINT, Tab, chrome
from tests.web.site import NOW, Site, make_site, served

pytestmark = pytest.mark.xdist_group("browser")

SHOWN = 12
"""Headlines in each batch: fewer than the report shows of one evening."""
_DOM = """
(() => {
  const bad = [];
  for (const n of document.querySelectorAll('*')) {
    const t = n.tagName.toLowerCase();
    if (t === 'script' && n.getAttribute('src') !== '/static/htmx.min.js') bad.push(n.outerHTML);
    if (/^(iframe|object|embed|base|img|math|mtext|mglyph)$/.test(t)) bad.push(n.outerHTML);
    for (const a of n.attributes)
      if (/^on/i.test(a.name) || /^\\s*javascript:/i.test(a.value)) bad.push(n.outerHTML);
  }
  return bad.join(' ');
})()
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = make_site(tmp_path_factory.mktemp("site"))
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    with served(site.app()) as port:
        yield f"http://localhost:{port}"


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with chrome(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def tab(window: Tab, address: str) -> Tab:
    """The one browser of this file, wide and English, with nothing said yet."""
    window.look(width=1280)
    window.open(f"{address}/backtest?lang=en")
    window.said.clear()
    return window


def test_a_morning_at_the_page(tab: Tab, address: str) -> None:
    """Open it, walk through every page by its links, replay a rule, and read on in French."""
    tab.open(f"{address}/")
    assert "HOLD" in tab.text()
    for link, said in (
        ("/archive", "Decisions on record"),
        ("/feeds", "Live sources"),
        ("/releases", "DeepSeek-R1"),
        ("/compare", "Compare two sets of rules"),
        ("/backtest", "Run the backtest"),
        ("/", "HOLD"),
    ):
        tab.follow(f"nav a[href='{link}']")
        assert said in tab.text(), link
    _pick_a_day(tab)
    _run_a_backtest(tab)
    tab.follow(".aside a[hreflang='fr']")
    assert "Lancer le backtest" in tab.text()
    tab.follow("nav a[href='/']")
    assert "Conserver" in tab.text()

    assert tab.said == []


def _pick_a_day(tab: Tab) -> None:
    tab.follow("nav a[href='/archive']")
    tab.run("document.querySelector('[name=as_of]').value = '2025-01-27'")
    tab.follow("form button")
    assert "January 28, 2025" in tab.text()


def _run_a_backtest(tab: Tab) -> None:
    """Choose a preset, change a threshold, check it, run it; each step without loading a page."""
    tab.follow("nav a[href='/backtest']")
    tab.run("window.same = true")
    tab.run(
        "(() => { const s = document.querySelector('[name=preset]'); s.value = 'cautious';"
        " s.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )
    tab.wait("document.querySelector('[name=loaded]').value === 'cautious'", "loading a preset")
    tab.click(".rules summary")
    tab.run(
        "(() => { const r = document.querySelector('[name=rules]');"
        " r.value = r.value.replace('exit_below = -0.20', 'exit_below = -0.15'); })()"
    )
    tab.click("[formaction='/rules/check']")
    tab.wait("!!document.querySelector('#said .fine')", "checking the rules")
    tab.click("form.try button.main")
    tab.wait("!!document.querySelector('#running progress')", "progress")
    tab.wait("!!document.querySelector('#sheet')", "the tear sheet")
    said = tab.text()
    assert "cautious, edited" in said
    assert "Sharpe ratio" in said
    assert tab.run("window.same") is True


_STOPS = """
(() => { const e = document.activeElement, s = getComputedStyle(e);
  return e === document.body ? '' : [e.tagName, e.name || e.textContent.trim().slice(0, 20),
    s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2].join('|'); })()
"""
LOOKED_AT = (
    "/archive", "/feeds", "/releases", "/backtest", "/compare", "/jobs/none", "/nowhere",
    "/archive?as_of=1890-01-01", "/stress", "/track",
)  # fmt: skip
"""The report's own page is looked at in test_look and in the morning above."""


@pytest.mark.parametrize("path", LOOKED_AT)
def test_every_page_fits_a_phone_stands_out_and_shows_where_the_keyboard_is(
    window: Tab, address: str, path: str
) -> None:
    """In both languages, light and dark; no page is wider than 390 px, its forms included."""
    between = "&" if "?" in path else "?"
    for lang in ("en", "fr"):
        window.look(width=390)
        window.open(f"{address}{path}{between}lang={lang}")
        window.wait("!document.querySelector('meta[http-equiv=refresh]')", "the page as it stays")
        assert window.run("document.documentElement.lang") == lang
        over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert window.run(over) == 0, path
        assert window.run("document.querySelectorAll('header.bar nav a').length") == 8
        for dark in (False, True):
            window.look(width=390, dark=dark)
            read, faint = json.loads(window.run(FAINT))
            assert read > 8
            assert faint == []
    stops = []
    for _ in range(9):
        for kind in ("keyDown", "keyUp"):
            window.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab",
                        windowsVirtualKeyCode=9)  # fmt: skip
        stops.append(window.run(_STOPS))
    assert len({stop for stop in stops if stop}) >= 6
    assert all(stop.endswith("|true") for stop in stops if stop), stops


@pytest.mark.parametrize(("dark", "paper"), [(False, "250, 249, 246"), (True, "19, 22, 25")])
def test_the_page_is_dark_for_those_who_like_it_dark(
    tab: Tab, address: str, dark: bool, paper: str
) -> None:
    tab.look(width=1280, dark=dark)
    tab.open(f"{address}/feeds")

    assert tab.run("getComputedStyle(document.body).backgroundColor") == f"rgb({paper})"


def test_sixty_hostile_headlines_lie_still(tab: Tab, address: str, site: Site) -> None:
    """Each is read as text on the page; none opens a dialog, loads, or becomes an element."""
    told = _record_hostile(site)
    assert told >= 60
    seen: set[str] = set()
    for end in range(SHOWN, told + SHOWN, SHOWN):
        instant = (NOW - timedelta(hours=3, seconds=told - min(end, told))).isoformat()
        tab.open(f"{address}/archive?as_of={instant.replace('+00:00', 'Z')}")
        tab.run("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert tab.run(_DOM) == ""
        marks = tab.run(
            "[...document.querySelectorAll('.events bdi')].map(b => b.innerText)"
            ".filter(t => t.startsWith('hostile ')).map(t => t.split(' ')[1]).join()"
        )
        seen |= set(marks.split(","))
    assert tab.run("document.title").startswith("NVDA")

    assert seen == {str(number) for number in range(told)}
    assert tab.said == []


def _record_hostile(site: Site) -> int:
    """One headline a second, numbered, hostile in every field that is shown."""
    last = len(HOSTILE) - 1
    for number, text in enumerate(HOSTILE):
        known = NOW - timedelta(hours=3, seconds=last - number)
        payload = {
            "event_type": "rates",
            "actor": text,
            "direction": -1,
            "stage": "announced",
            "confidence": 0.9,
            "headline": f"hostile {number} {text}",
            "url": text,
        }
        fact = Fact(
            kind="event",
            key=f"hostile {number}",
            occurred_at=known,
            known_at=known,
            source=f"hostile {number}",
            payload=payload,
            confidence=0.9,
        )
        site.store.record([fact])
    return len(HOSTILE)


def test_the_browser_would_have_told(tab: Tab, address: str) -> None:
    """The witness itself can speak: a dialog and a breach of the policy are both noticed."""
    tab.open(f"{address}/backtest")
    tab.run("setTimeout(() => alert('heard'), 0)")
    tab.wait("true", "the dialog")
    tab.run(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        " document.body.append(s); })()"
    )
    tab.wait("true", "the refusal")

    assert "dialog: heard" in tab.said
    assert any("Content Security Policy" in line for line in tab.said)
    assert tab.run("window.ran") is None
