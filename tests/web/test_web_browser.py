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
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
REACHABLE = """
new Set([...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
  .filter(e => e.checkVisibility({contentVisibilityAuto: true}))
  .filter(e => !e.disabled && e.type !== 'hidden')
  .map(e => [e.tagName, e.name || e.textContent.trim().slice(0, 20)].join())).size
"""
"""How many different places a keyboard should reach, named as ``_STOPS`` names them."""
MOST_STOPS = 90
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
    looked_at(window, f"{address}{path}", links=8)


@pytest.fixture(scope="module")
def result(window: Tab, address: str) -> str:
    """Address of a backtest that is over, with its sheet, run without a script's help."""
    window.look(width=1280)
    window.open(f"{address}/backtest?lang=en")
    window.run("document.querySelector('[name=first]').value = '2024-09-03'")
    window.run("document.querySelector('[name=last]').value = '2025-03-31'")
    window.click("form.try button.main")
    window.wait("!!document.querySelector('#sheet')", "the tear sheet")
    link = window.run("document.querySelector('#sheet a').getAttribute('href')")
    return f"{address}{link}"


def test_what_came_of_a_backtest_is_looked_at_like_every_page(window: Tab, result: str) -> None:
    """The short sheet within the page, and the whole one, a document of its own."""
    looked_at(window, result.partition("/sheet/")[0], links=8)
    looked_at(window, result, links=0)


def looked_at(window: Tab, address: str, *, links: int) -> None:
    """Width, contrast, the keyboard's place; ``links``: of the bar, none where there is none."""
    between = "&" if "?" in address else "?"
    for lang in ("en", "fr"):
        window.look(width=390)
        window.open(f"{address}{between}lang={lang}")
        window.wait("!document.querySelector('meta[http-equiv=refresh]')", "the page as it stays")
        assert window.run("document.documentElement.lang") == lang
        assert window.run(TOO_WIDE) == 0, address
        assert window.run("document.querySelectorAll('header.bar nav a').length") == links
        for dark in (False, True):
            window.look(width=390, dark=dark)
            read, faint = json.loads(window.run(FAINT))
            assert read > 8
            assert faint == []
    stops = stops_of(window)
    assert len(set(stops)) >= window.run(REACHABLE) - 1, stops
    assert all(stop.endswith("|true") for stop in stops), stops


def stops_of(window: Tab) -> list[str]:
    """Every place to which the tabulator leads from the top, once round, and whether it is seen."""
    window.run("document.activeElement.blur(); scrollTo(0, 0)")
    window.run("getSelection().collapse(document.body, 0)")  # where the next press begins
    stops: list[str] = []
    for _ in range(MOST_STOPS):
        for kind in ("keyDown", "keyUp"):
            window.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab",
                        windowsVirtualKeyCode=9)  # fmt: skip
        stop = str(window.run(_STOPS))
        if not stop or (len(stops) > 1 and stop == stops[0]):
            break
        stops.append(stop)
    return stops


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        ("p { color: #999 !important; }", "faint"),
        (":root { --muted: #8a9098 !important; }", "faint"),
        (".row, form.row { width: 30rem; }", "wide"),
        ("main > .lead { width: 30rem; max-width: none; }", "wide"),
        (":focus-visible, :root *:focus-visible { outline: none !important; }", "lost"),
    ],
)
def test_each_check_sees_what_it_is_for(window: Tab, address: str, broken: str, what: str) -> None:
    """A page that was sound, with one rule of style too many."""
    window.look(width=390)
    window.open(f"{address}/archive?lang=en")

    def found() -> set[str]:
        _read, faint = json.loads(window.run(FAINT))
        seen = {"faint": bool(faint), "wide": window.run(TOO_WIDE) > 0,
                "lost": any(stop.endswith("|false") for stop in stops_of(window))}  # fmt: skip
        return {name for name, bad in seen.items() if bad}

    assert found() == set()
    style = f"const s = new CSSStyleSheet(); s.replaceSync({json.dumps(broken)});"
    window.run(f"(() => {{ {style} document.adoptedStyleSheets.push(s); }})()")
    assert found() == {what}


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
