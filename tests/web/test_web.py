"""The local page: who is let in, what it refuses, and that it shows what the report says."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html

from engine.cli import main as cli
from engine.cli.commands import serve
from engine.errors import ConfigError, InputError, UnknownNameError
from engine.report.forms.html import render_html
from engine.report.i18n import voice
from engine.report.page import compose
from engine.service import wiring
from engine.values import Fact, ModelRelease, ThreatRating
from engine.web import guard, presets, wire
from engine.web.app import create_app, listen, static_files
from engine.web.desk import Kept
from engine.web.guard import MAX_BODY_BYTES, Admission, BrowserSessions, need_token
from engine.web.pages import MOST_SLOW, inside
from tests.engine.report.sample_report import HOSTILE, rating, sample_report, v31
from tests.web.site import (
    NOW,
    ORIGIN,
    TOKEN,
    Site,
    Visitor,
    browser,
    csrf_of,
    make_site,
    token_of,
)

PAGES = ("/", "/archive", "/archive?as_of=2025-03-14", "/feeds", "/releases", "/backtest",
         "/compare", "/rules?preset=balanced")  # fmt: skip
OWN = {"origin": ORIGIN}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = make_site(tmp_path_factory.mktemp("site"))
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[Visitor]:
    """One server with one visitor; tests here do not depend on each other's traces."""
    with browser(site.app()) as opened:
        yield opened


def post(client: Visitor, path: str, headers: dict[str, str] = OWN, **form: str) -> Any:
    if "csrf" not in form:
        form["csrf"] = token_of(client)
    return client.post(path, data=form, headers=headers)


# --- who is let in --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "localhost@evil.example",
     "evil.example:8377", "192.168.1.5", "169.254.169.254", "[fe80::1]", "[::1", "localhost:x",
     "localhost, evil.example", "local host"],
)  # fmt: skip
def test_a_foreign_host_name_is_refused(client: Visitor, host: str) -> None:
    """A name that was made to resolve to this machine does not reach the record."""
    answer = client.get("/", headers={"host": host})

    assert answer.status_code == 421
    assert "NVDA" not in answer.text


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:9000", "localhost.", "127.0.0.1:8377", "[::1]:8377"]
)
def test_this_machine_is_served_by_any_of_its_names(client: Visitor, host: str) -> None:
    assert client.get("/static/page.css", headers={"host": host}).status_code == 404
    assert client.get("/static/style.css", headers={"host": host}).status_code == 200


def test_with_a_token_an_address_is_a_name_but_a_foreign_name_is_not() -> None:
    admission = Admission(names=frozenset({"box.lan"}), token=TOKEN)

    assert admission.knows_host("192.168.1.5:8377")
    assert admission.knows_host("box.lan")
    assert not admission.knows_host("evil.example")


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "null"}, {"origin": "http://evil.example"}, {"origin": "http://localhost:99"},
     {"origin": "http://localhost.evil.example"}, {"origin": "file://localhost"},
     {"origin": ORIGIN, "sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
     {"sec-fetch-site": "none"}],
)  # fmt: skip
def test_a_form_from_another_site_is_refused(client: Visitor, headers: dict[str, str]) -> None:
    assert post(client, "/rules/check", headers, rules="x = 1").status_code == 403


@pytest.mark.parametrize("headers", [OWN, {"sec-fetch-site": "same-origin"}])
def test_our_own_form_is_taken(client: Visitor, site: Site, headers: dict[str, str]) -> None:
    rules = presets.preset_text(site.folder, "balanced")

    assert post(client, "/rules/check", headers, rules=rules).status_code == 200


def test_every_post_needs_the_visitors_own_token(client: Visitor, site: Site) -> None:
    """None, a wrong one, and another visitor's are refused on every path that takes a form."""
    with browser(site.app()) as other:
        foreign = token_of(other)
    for path in ("/backtest", "/rules/check", "/rules/save", "/jobs/x/cancel", "/login", "/logout"):
        for token in ("", "0" * 64, foreign):
            assert post(client, path, csrf=token).status_code == 403, (path, token)


def test_a_token_without_its_cookie_is_refused(client: Visitor, site: Site) -> None:
    token = token_of(client)
    with browser(client.app) as bare:
        assert bare.post("/rules/check", data={"csrf": token}, headers=OWN).status_code == 403


def test_a_body_beyond_the_bound_is_refused_whatever_its_header_claims(client: Visitor) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded", **OWN}
    big = b"rules=" + b"a" * MAX_BODY_BYTES

    def in_pieces() -> Iterator[bytes]:
        for start in range(0, len(big), 50_000):
            yield big[start : start + 50_000]

    assert client.post("/rules/check", content=big, headers=kind).status_code == 413
    assert client.post("/rules/check", content=in_pieces(), headers=kind).status_code == 413


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data", ""])
def test_only_plain_forms_are_read(client: Visitor, kind: str) -> None:
    headers = {"content-type": kind, **OWN}

    assert client.post("/rules/check", content=b"{}", headers=headers).status_code == 415


def test_a_repeated_field_or_too_many_are_refused(client: Visitor) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", **OWN}
    for body in (b"csrf=a&csrf=b", b"&".join(b"f%d=1" % i for i in range(50)), b"rules=%ff"):
        assert client.post("/rules/check", content=body, headers=headers).status_code == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_only_get_and_post_are_understood(client: Visitor, method: str) -> None:
    assert client.request(method, "/").status_code == 405


# --- signing in -----------------------------------------------------------------------------------


def test_beyond_loopback_a_token_is_needed() -> None:
    assert need_token("127.0.0.1", None) is None
    assert need_token("::1", None) is None
    assert need_token("0.0.0.0", TOKEN) == TOKEN
    for host in ("0.0.0.0", "::", "192.168.1.5", "box.lan"):
        with pytest.raises(InputError, match="NVSIGNAL_WEB_TOKEN is not set"):
            need_token(host, None)
    with pytest.raises(InputError, match="has 5 characters"):
        need_token("0.0.0.0", "short")


def test_nothing_is_shown_before_signing_in(site: Site) -> None:
    with browser(site.app(TOKEN)) as stranger:
        for path in (*PAGES, "/archive/file/x.html", "/jobs/x", "/jobs/x/sheet/0", "/nowhere"):
            answer = stranger.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, "/login"), path
        token = csrf_of(stranger.get("/login").text)
        for path in ("/backtest", "/rules/save", "/logout"):
            assert post(stranger, path, csrf=token).status_code == 401, path


def test_the_right_token_signs_in_and_out(site: Site) -> None:
    with browser(site.app(TOKEN)) as visitor:
        token = csrf_of(visitor.get("/login").text)
        wrong = post(visitor, "/login", csrf=token, token="not it")
        assert wrong.status_code == 401
        assert "That is not the token." in wrong.text
        right = post(visitor, "/login", csrf=token, token=TOKEN)
        assert right.status_code == 303
        line = right.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(line.split("; "))
        assert TOKEN not in line
        assert visitor.get("/backtest").status_code == 200
        assert post(visitor, "/logout", csrf=token).status_code == 303
        assert visitor.get("/backtest").status_code == 303


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests of equal length go through ``compare_digest``; nothing else looks at the token."""
    seen: list[tuple[int, int]] = []
    real = guard.hmac.compare_digest

    def spy(a: bytes, b: bytes) -> bool:
        seen.append((len(a), len(b)))
        return real(a, b)

    monkeypatch.setattr(guard.hmac, "compare_digest", spy)
    sessions = BrowserSessions(TOKEN)

    assert sessions.sign_in("x") is None
    assert sessions.sign_in(TOKEN) is not None
    assert seen == [(32, 32), (32, 32)]


def test_guessing_tokens_tires_the_server_for_a_minute() -> None:
    now = [100.0]
    sessions = BrowserSessions(TOKEN, clock=lambda: now[0])
    for _ in range(guard.WRONG_TOKENS_A_MINUTE):
        assert not sessions.weary
        sessions.sign_in("guess")

    assert sessions.weary
    now[0] += 61
    assert not sessions.weary


def test_a_session_ends_after_half_a_day() -> None:
    now = [0.0]
    sessions = BrowserSessions(TOKEN, clock=lambda: now[0])
    cookie = sessions.sign_in(TOKEN)
    assert cookie is not None

    assert sessions.holds(cookie)
    now[0] += guard.SESSION_SECONDS + 1
    assert not sessions.holds(cookie)
    assert not sessions.holds("")


# --- what a browser may do ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/nowhere", 404), ("/static/htmx.min.js", 200), ("/releases?as_of=x", 400),
     ("/login", 303)],
)  # fmt: skip
def test_every_answer_carries_the_policy(client: Visitor, path: str, status: int) -> None:
    answer = client.get(path)

    assert answer.status_code == status
    policy = dict(
        p.strip().split(" ", 1) for p in answer.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_pages_hold_no_inline_script_or_style_and_load_nothing_from_elsewhere(
    client: Visitor, lang: str
) -> None:
    for path in PAGES:
        answer = client.get(f"{path}{'&' if '?' in path else '?'}lang={lang}")
        assert answer.status_code == 200, path
        root = lxml_html.document_fromstring(answer.text)
        for node in root.iter():
            if not isinstance(node.tag, str):
                continue
            assert node.tag not in ("style", "iframe", "object", "embed", "base"), path
            if node.tag == "script":
                assert node.get("src") == "/static/htmx.min.js"
                assert not node.text
            for name, value in node.attrib.items():
                assert not name.startswith(("on", "hx-on")), (path, name)
                if name in ("src", "action", "hx-get", "hx-post", "formaction"):
                    assert re.match(r"/(?!/)", value), (path, value)
        for form in root.iter("form"):
            if form.get("method") == "post":
                assert form.xpath(".//input[@name='csrf' and string-length(@value)=64]"), path


def test_htmx_is_shipped_with_its_licence_and_may_not_evaluate(client: Visitor) -> None:
    script, licence = static_files()["htmx.min.js"], static_files()["htmx.LICENSE.txt"]

    assert len(script[0]) > 40_000
    assert b"Zero-Clause BSD" in licence[0]
    page = client.get("/backtest").text
    for setting in (
        '"allowEval":false',
        '"includeIndicatorStyles":false',
        '"selfRequestsOnly":true',
    ):
        assert setting in page


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/guard.py", "/static/page.css",
     "/static/", "/static/..%5capp.py", "/static/%00", "/static//etc/passwd"],
)  # fmt: skip
def test_static_files_are_those_shipped_and_no_others(client: Visitor, path: str) -> None:
    assert client.get(path).status_code in (307, 404)


def test_a_stored_report_is_shown_in_a_sandbox_and_no_other_file_is(
    client: Visitor, site: Site
) -> None:
    folder = site.folder.parent / "reports"
    folder.mkdir(exist_ok=True)
    (folder / "2025-08-22.html").write_text("<script>alert(1)</script>kept")
    (folder / ".hidden.html").write_text("secret")
    (folder / "secret.toml").write_text("secret")
    (folder.parent / "outside.html").write_text("secret")
    (folder / "link.html").symlink_to(folder.parent / "outside.html")

    found = client.get("/archive/file/2025-08-22.html")
    assert found.status_code == 200
    assert found.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "2025-08-22.html" in client.get("/archive").text
    for name in ("link.html", ".hidden.html", "secret.toml", "..%2foutside.html", "%2e%2e",
                 "..%2f..%2fetc%2fpasswd", "x" * 300):  # fmt: skip
        answer = client.get(f"/archive/file/{name}")
        assert answer.status_code in (400, 404), name
        assert "secret" not in answer.text.replace("secret.toml", "")


# --- what the pages say ---------------------------------------------------------------------------


def test_todays_page_is_the_report(client: Visitor, site: Site) -> None:
    """Word for word what ``nvsignal report`` renders for the same instant."""
    desk = client.app.state.pages.desk
    speaker = voice("en", minus="\u2212")
    rendered = inside(render_html(compose(desk.report(NOW), speaker)))

    page = client.get("/?lang=en").text
    assert rendered in page
    assert "HOLD" in page
    assert "Evening of Friday, August 22, 2025" in page


def test_only_the_inside_of_the_report_is_taken() -> None:
    speaker = voice("fr")
    page = render_html(compose(sample_report(), speaker))
    taken = inside(page)

    assert taken.startswith(('<div class="report hold">', '<div class="report sell">'))
    assert "<main" not in taken
    assert "<html" not in taken
    assert taken.count("<section>") == page.count("<section>")


def test_a_past_day_shows_what_was_known_then(client: Visitor) -> None:
    page = client.get("/archive?as_of=2025-01-21&lang=en").text

    assert "January 22, 2025" in page
    assert "DeepSeek-R1" in page
    assert "DeepSeek-V3.1" not in page


def test_a_stale_day_leads_to_the_last_evening_with_prices(site: Site) -> None:
    later = create_app(
        site.store,
        site.folder,
        admission=Admission(names=frozenset({"localhost"})),
        clock=lambda: datetime(2026, 11, 23, 19, tzinfo=UTC),
    )
    with browser(later) as visitor:
        today = visitor.get("/").text
        (link,) = lxml_html.document_fromstring(today).xpath("//p[@class='aside-note']/a/@href")
        evening = visitor.get(link).text

    assert "STALE" in today
    assert "Evening of Tuesday, September 30, 2025" in evening
    assert "STALE" not in evening


def test_a_day_ahead_or_no_day_is_said_and_not_shown(client: Visitor) -> None:
    for asked, said in (("2031-01-01", "lies ahead"), ("nonsense", "is not a date"),
                        ("1995-01-01", "no price is known")):  # fmt: skip
        page = client.get(f"/archive?as_of={asked}&lang=en").text
        assert said in page
        assert "What would make it" not in page


def test_decisions_on_record_lead_to_the_moment_they_were_made(tmp_path: Path) -> None:
    from engine.service import morning

    made = make_site(tmp_path)
    with made.store, browser(made.app()) as visitor:
        at = datetime(2025, 8, 21, 12, 30, tzinfo=UTC)
        desk = visitor.app.state.pages.desk
        assessment = desk.assessment(desk.config(), at)
        morning.note_decision(made.store, assessment, assessment.decision)
        cautious = desk.assessment(desk.config("cautious"), at)
        morning.note_decision(made.store, cautious, cautious.decision)
        page = visitor.get("/archive").text
        root = lxml_html.document_fromstring(page)
        other, link = root.xpath("//table//a/@href")
        again, under_other_rules = visitor.get(link).text, visitor.get(other).text

    assert "The chain of hashes holds" in page
    assert link == "/archive?as_of=2025-08-21T12%3A30%3A00Z&preset=balanced"
    assert "balanced.toml" in again
    assert "cautious.toml" in under_other_rules
    assert "August 21, 2025" in again


def test_the_league_is_ordered_by_threat_and_led_by_r1(client: Visitor) -> None:
    root = lxml_html.document_fromstring(client.get("/releases?lang=en").text)
    names = [n.text_content() for n in root.xpath("//ol[@class='league']//summary//b/bdi")]
    points = [str(n.text) for n in root.xpath("//span[@class='points']")]
    scores = [int(text) for text in points if text != "?"]

    assert names[0] == "DeepSeek-R1"
    assert "DeepSeek-V3.1" in names
    assert scores == sorted(scores, reverse=True)
    assert points[len(scores) :] == ["?"] * (len(points) - len(scores))  # not to be rated yet: last


def test_feeds_that_were_never_asked_are_not_called_broken(client: Visitor) -> None:
    root = lxml_html.document_fromstring(client.get("/feeds?lang=en").text)
    never = root.xpath("//p[contains(@class,'names')]/bdi")
    states = {n.text_content().strip() for n in root.xpath("//*[contains(@class,'state')]")}

    assert len(never) > 20
    assert f"Never asked so far: {len(never)}." in root.text_content()
    assert states == {"✓ up to date"}  # of the tables


def test_french_is_french_throughout_and_is_remembered(client: Visitor) -> None:
    first = client.get("/releases?lang=fr")
    assert 'lang="fr"' in first.text
    later = client.get("/backtest")
    assert later.headers["content-language"] == "fr"
    assert "Lancer le backtest" in later.text
    assert "Run the backtest" not in later.text
    assert client.get("/backtest?lang=en").headers["content-language"] == "en"
    assert client.get("/backtest?lang=xx").headers["content-language"] == "en"


@pytest.mark.parametrize("payload", HOSTILE[:20])
def test_hostile_names_in_the_league_stay_text(
    client: Visitor, monkeypatch: pytest.MonkeyPatch, payload: str
) -> None:
    from dataclasses import replace

    def league(_: datetime) -> tuple[tuple[ModelRelease, ThreatRating], ...]:
        return ((replace(v31(), model=payload, lab=payload), replace(rating(), reasons=payload)),)

    monkeypatch.setattr(client.app.state.pages.desk, "league", league)
    root = lxml_html.document_fromstring(client.get("/releases").text)

    assert [s.get("src") for s in root.iter("script")] == ["/static/htmx.min.js"]
    assert not list(root.iter("img", "iframe", "math", "object", "embed", "base", "style"))
    assert len(root.xpath("//ol[@class='league']/li")) == 1


# --- reading leaves no trace; slow work blocks nobody --------------------------------------------


def traces(site: Site) -> tuple[object, ...]:
    store = site.store
    return (store.data_hash(), store.counts(), store.item_count(), len(store.ledger_entries()),
            store.poll_states(), store.job_runs())  # fmt: skip


def finished(client: Visitor, address: str) -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        page = client.get(address, headers={"hx-request": "true"}).text
        if 'id="running"' not in page:
            return page
        time.sleep(0.05)
    pytest.fail("the backtest did not end")


def test_two_presets_side_by_side_and_no_page_writes_to_the_record(
    client: Visitor, site: Site
) -> None:
    before, tried = traces(site), len(site.store.trials())
    for path in PAGES:
        assert client.get(path).status_code == 200
    answer = post(client, "/backtest", left="balanced", right="cautious", spread_bps="5")
    assert answer.status_code == 303
    page = finished(client, answer.headers["location"])
    heads = lxml_html.fromstring(page).xpath("//article[@id='sheet']//table[1]//th/text()")
    whole = client.get(f"{answer.headers['location']}/sheet/1")

    assert heads[:3] == ["balanced", "cautious", "holding"]
    assert whole.status_code == 200
    assert whole.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert client.get(f"{answer.headers['location']}/sheet/7").status_code == 400
    assert traces(site) == before
    # Looking leaves no trace; trying two rules is two attempts, here as on the command line.
    assert len(site.store.trials()) == tried + 2


def test_an_assessment_is_made_once_and_again_when_a_fact_arrives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, count = make_site(tmp_path), [0]
    real = wiring.assess

    def counted(*args: Any, **named: Any) -> Any:
        count[0] += 1
        return real(*args, **named)

    monkeypatch.setattr(wiring, "assess", counted)
    with made.store, browser(made.app()) as visitor:
        first = visitor.get("/").text
        assert visitor.get("/").text.count("NVDA") == first.count("NVDA")
        assert count == [1]
        known = NOW - timedelta(minutes=1)
        made.store.record([headline("Fed cuts rates by surprise", known)])
        assert "Fed cuts rates by surprise" in visitor.get("/").text
        assert count == [2]
        visitor.get("/compare?left=balanced&right=cautious")
        assert count == [3]


def headline(text: str, known_at: datetime) -> Fact:
    payload = {"event_type": "rates", "actor": "x", "direction": 0, "stage": "announced",
               "confidence": 0.9, "headline": text}  # fmt: skip
    return Fact(kind="event", key=text[:40], occurred_at=known_at, known_at=known_at,
                source="test", payload=payload, confidence=0.9)  # fmt: skip


def test_a_slow_report_does_not_hold_up_other_requests(
    client: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, entered = threading.Event(), threading.Event()
    desk = client.app.state.pages.desk
    real = desk.report

    def slow(*args: Any) -> Any:
        entered.set()
        assert gate.wait(30)
        return real(*args)

    monkeypatch.setattr(desk, "report", slow)
    answers: list[int] = []
    reader = threading.Thread(target=lambda: answers.append(client.get("/").status_code))
    reader.start()
    try:
        assert entered.wait(30)
        assert client.get("/static/style.css").status_code == 200
        assert answers == []
    finally:
        gate.set()
        reader.join(30)
    assert answers == [200]


def test_many_slow_requests_leave_room_for_the_others(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than there are threads, for other days and under ``/api``; nobody waits for them."""
    gate, inside = threading.Event(), threading.Semaphore(0)

    def slow(*_: Any) -> Any:
        inside.release()
        gate.wait(60)
        raise InputError("enough")

    app = create_app(
        site.store,
        site.folder,
        admission=Admission(names=frozenset({"localhost"})),
        clock=lambda: NOW,
        answers=slow,
    )
    monkeypatch.setattr(app.state.pages, "_archive", slow)
    monkeypatch.setattr(wire, "MOST_PER_ADDRESS", 200)
    with browser(app) as client:
        paths = ["/archive?as_of=2025-03-03", "/api/report"] * 45
        held = [threading.Thread(target=client.get, args=(path,)) for path in paths]
        for thread in held:
            thread.start()
        try:
            assert all(inside.acquire(timeout=30) for _ in range(MOST_SLOW + 1))
            began = time.monotonic()
            assert client.get("/rules?preset=balanced").status_code == 200
            assert time.monotonic() - began < 10
        finally:
            gate.set()
            for thread in held:
                thread.join(60)


def test_what_is_kept_waits_for_nothing_that_is_being_made() -> None:
    kept: Kept[int] = Kept(2)
    gate, entered = threading.Event(), threading.Event()
    kept.get("old", lambda: 1)

    def slow() -> int:
        entered.set()
        assert gate.wait(30)
        return 2

    maker = threading.Thread(target=kept.get, args=("new", slow))
    maker.start()
    assert entered.wait(30)
    assert kept.get("old", lambda: 3) == 1
    gate.set()
    maker.join(30)
    assert kept.get("new", lambda: 4) == 2
    kept.get("third", lambda: 5)
    assert kept.get("old", lambda: 6) == 6, "the longest unused one went"


def test_the_first_report_is_worked_out_before_anybody_asks(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.errors import StoreError
    from engine.web.desk import Desk

    asked = []

    def broken(self: Desk, as_of: datetime, config: object = None) -> None:
        asked.append(as_of)
        raise StoreError("damaged")  # told to whoever asks, and to nobody before

    monkeypatch.setattr(Desk, "report", broken)
    site.app().state.pages.warm()

    assert asked == [NOW]


# --- trying rules ---------------------------------------------------------------------------------


def test_the_page_replays_to_the_digit_what_the_backtest_does(client: Visitor, site: Site) -> None:
    """The same final value as the rule's own replay through the library's functions."""
    from backtests.replay import Costs, replay
    from engine.decision.decide import evaluate
    from engine.service.bind import load
    from engine.service.history import open_window

    config = load(site.folder, "cautious")
    first, last = date(2024, 1, 2), date(2025, 6, 30)
    window = open_window(site.store, config, Costs(spread_bps=10), first, last, now=NOW)
    target = evaluate(config.blend, window.features).target_weight[window.rows]
    expected = replay(window.market, target).final_equity

    form = {"preset": "cautious", "first": "2024-01-02", "last": "2025-06-30"}
    answer = post(client, "/backtest", loaded="", **form)
    finished(client, answer.headers["location"])
    jobs = client.app.state.pages.jobs
    outcome = jobs.get(answer.headers["location"].rpartition("/")[2]).result

    assert outcome.trials[0].run.final_equity == expected
    assert (outcome.first, outcome.last) == (first, last)


def test_edited_rules_are_replayed_and_named_as_edited(client: Visitor, site: Site) -> None:
    text = presets.preset_text(site.folder, "cautious").replace("-0.20", "-0.25")
    form = {"preset": "cautious", "loaded": "cautious", "first": "2025-01-02"}
    answer = post(client, "/backtest", rules=text.replace("\n", "\r\n"), **form)
    assert "cautious, edited" in finished(client, answer.headers["location"])

    same = presets.preset_text(site.folder, "cautious").replace("\n", "\r\n")
    pages = client.app.state.pages
    assert [name for name, _ in pages._rules_of({**form, "rules": same})] == ["cautious"]
    left_behind = {**form, "loaded": "balanced", "rules": text}
    assert [name for name, _ in pages._rules_of(left_behind)] == ["cautious"]


@pytest.mark.parametrize("path", ["/backtest?preset=cautious", "/rules?preset=cautious"])
def test_the_editor_holds_the_file_line_for_line(client: Visitor, site: Site, path: str) -> None:
    root = lxml_html.document_fromstring(client.get(path).text)
    (area,) = root.xpath("//textarea[@name='rules']")

    assert area.text.removeprefix("\n") == presets.preset_text(site.folder, "cautious")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"preset": "../../etc/passwd"}, "unknown strategy preset"),
        ({"preset": "/etc/passwd.toml"}, "unknown strategy preset"),
        ({"preset": ""}, "unknown strategy preset"),
        ({"preset": "balanced", "first": "nonsense"}, "is not a date"),
        ({"preset": "balanced", "spread_bps": "nan"}, "is not allowed"),
        ({"preset": "balanced", "spread_bps": "-1"}, "is not allowed"),
        ({"preset": "balanced", "spread_bps": "much"}, "is not a number"),
        ({"left": "balanced", "right": "balanced"}, "on both sides"),
        ({"left": "balanced", "right": "nope"}, "unknown strategy preset"),
        ({"preset": "balanced", "loaded": "balanced", "rules": "x ="}, "edited.toml:1: "),
    ],
)
def test_a_mistake_is_told_in_one_line(client: Visitor, form: dict[str, str], said: str) -> None:
    answer = post(client, "/backtest", {**OWN, "hx-request": "true"}, **form)

    assert answer.status_code == 400
    assert said in answer.text
    assert "<html" not in answer.text


def test_an_unsound_window_ends_the_job_with_its_reason(client: Visitor) -> None:
    answer = post(client, "/backtest", preset="balanced", loaded="", first="2030-01-02")

    assert "longer than the data" in finished(client, answer.headers["location"]) or "before" in (
        finished(client, answer.headers["location"])
    )


def test_a_second_backtest_waits_and_can_be_taken_back(client: Visitor) -> None:
    gate = threading.Event()
    client.app.state.pages.jobs.start("the first", lambda _: gate.wait(60))
    try:
        answer = post(client, "/backtest", preset="balanced", loaded="", first="2025-01-02")
        place = answer.headers["location"]
        page = client.get(place).text
        post(client, f"{place}/cancel")
        after = client.get(place).text
    finally:
        gate.set()

    assert "Waiting; jobs before it: 1" in page
    assert "Stopped. Nothing was kept." in after


# --- saving a preset ------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration of the test's own, without a record."""
    import shutil

    shutil.copytree(
        Path(__file__).resolve().parents[2] / "config",
        tmp_path / "config",
        ignore=shutil.ignore_patterns("__pycache__", "*.py"),
    )
    return tmp_path / "config"


def test_a_saved_preset_is_sound_and_carries_its_own_name(folder: Path) -> None:
    """Its ``name`` line is its file's, so that two strategies never share a ledger."""
    from engine.service.bind import load

    path = presets.save(folder, "mine", presets.preset_text(folder, "cautious"))

    assert path == folder / "strategies" / "mine.toml"
    assert load(folder, "mine").strategy.name == "mine"
    assert load(folder, "mine").strategy.decision == load(folder, "cautious").strategy.decision
    assert presets.same_text(
        presets.preset_text(folder, "mine").replace('"mine"', '"cautious"'),
        presets.preset_text(folder, "cautious"),
    )


@pytest.mark.parametrize("name", ["balanced", "cautious", "conviction"])
@pytest.mark.parametrize("replace", [False, True])
def test_a_shipped_preset_is_never_replaced(folder: Path, name: str, replace: bool) -> None:
    path = folder / "strategies" / f"{name}.toml"
    before = path.read_bytes()
    with pytest.raises(InputError, match="not saved from this page"):
        presets.save(folder, name, presets.preset_text(folder, "balanced"), replace=replace)

    assert path.read_bytes() == before


def test_ones_own_preset_is_replaced_only_on_request(folder: Path) -> None:
    text = presets.preset_text(folder, "balanced")
    presets.save(folder, "mine", text)
    with pytest.raises(InputError, match="already"):
        presets.save(folder, "mine", text)
    presets.save(folder, "mine", text.replace("-0.22", "-0.25"), replace=True)

    assert "-0.25" in presets.preset_text(folder, "mine")


@pytest.mark.parametrize(
    "name",
    ["", "../x", "a/b", "a.toml", ".hidden", "A", "é", "x" * 41, "a b", "a\n", "-x", "con:", "a\0"],
)
def test_a_name_that_could_lead_elsewhere_is_refused(folder: Path, name: str) -> None:
    before = sorted(folder.rglob("*"))
    with pytest.raises(InputError, match="not a name for a preset"):
        presets.save(folder, name, presets.preset_text(folder, "balanced"))

    assert sorted(folder.rglob("*")) == before


def test_a_link_is_not_written_through(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "target.toml"
    target.write_text(f"{presets.SAVED_MARK}\n")
    (folder / "strategies" / "linked.toml").symlink_to(target)
    with pytest.raises(InputError, match="not saved from this page"):
        presets.save(folder, "linked", presets.preset_text(folder, "balanced"), replace=True)

    assert target.read_text() == f"{presets.SAVED_MARK}\n"


@pytest.mark.parametrize(
    "use",
    [
        "os:abort",
        "subprocess:Popen",
        "strategies.base:with_defaults",
        "antigravity:x",
        "strategies.base:Strategy",
    ],
)
def test_typed_rules_may_only_name_installed_strategies(
    folder: Path, use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Naming a class means importing and calling it; that is for files on disk alone."""
    import engine.service.bind

    def never(_: str) -> None:
        raise AssertionError("it was looked up")

    text = presets.preset_text(folder, "balanced").replace("strategies.trend:Trend", use)
    monkeypatch.setattr(engine.service.bind, "find_strategy", never)
    with pytest.raises(UnknownNameError, match="unknown strategy"):
        presets.checked(folder, text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("exit_below = -0.22", "exit_below = -7"), "exit_below"),
        (("exit_below", "exit_belw"), "did you mean 'exit_below'"),
        (("weight = 0.20", "weight = nan"), "weight"),
        (('name = "balanced"', 'name = "unclosed'), "line"),
    ],
)
def test_unsound_rules_are_explained_and_not_saved(
    folder: Path, change: tuple[str, str], said: str
) -> None:
    text = presets.preset_text(folder, "balanced").replace(*change, 1)
    with pytest.raises(ConfigError, match=said):
        presets.checked(folder, text)
    if change[0].startswith("name"):
        return
    with pytest.raises(ConfigError, match=said):
        presets.save(folder, "mine", text)
    assert not (folder / "strategies" / "mine.toml").exists()


def test_rules_beyond_100_kilobytes_are_refused(folder: Path) -> None:
    text = presets.preset_text(folder, "balanced")
    fill = "#" * (presets.MAX_TOML_BYTES - len(text.encode()) - 1)

    assert presets.checked(folder, f"{fill}\n{text}").strategy.name == "balanced"
    with pytest.raises(InputError, match="bytes long"):
        presets.checked(folder, f"#{fill}\n{text}")


def test_saving_through_the_page_writes_one_file(client: Visitor, site: Site) -> None:
    rules = presets.preset_text(site.folder, "conviction")
    answer = post(client, "/rules/save", {**OWN, "hx-request": "true"}, name="kept", rules=rules)
    again = post(client, "/rules/save", {**OWN, "hx-request": "true"}, name="kept", rules=rules)

    assert answer.status_code == 200
    assert 'href="/backtest?preset=kept"' in answer.text
    assert again.status_code == 400
    assert "already" in again.text
    assert "kept" in client.get("/backtest").text


# --- the command ----------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_named_with_a_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        with pytest.raises(
            InputError, match=f"port {port} on 127.0.0.1 is taken .*--port {port + 1}"
        ):
            listen("127.0.0.1", port)


def test_a_free_port_is_bound_on_loopback_only() -> None:
    with listen("127.0.0.1", 0) as bound:
        assert bound.getsockname()[0] == "127.0.0.1"


def ended(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[object, str]:
    with pytest.raises(SystemExit) as done:
        cli.main(["serve", *args])
    return done.value.code, capsys.readouterr().err


def test_serving_others_without_a_token_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NVSIGNAL_WEB_TOKEN", raising=False)
    code, said = ended(capsys, "--host", "0.0.0.0")

    assert code == 2
    assert said.count("\n") == 1
    assert "NVSIGNAL_WEB_TOKEN" in said


def test_without_the_extra_the_remedy_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "NEEDED", ("starlette", "no_such_server"))
    code, said = ended(capsys)

    assert code == 2
    assert "no_such_server" in said
    assert ".[web]" in said


def test_an_impossible_port_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = ended(capsys, "--port", "70000")

    assert code == 2
    assert "1 to 65535" in said


def test_an_unforeseen_error_is_a_plain_page(
    client: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback, no text of the error, and the page goes on."""

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("planted-secret-5512")

    monkeypatch.setattr("engine.web.pages.Pages._report", broken)

    told = client.get("/")

    assert told.status_code == 500
    assert "ZeroDivisionError" in told.text
    assert "planted-secret" not in told.text
    assert "Traceback" not in told.text


def test_an_address_that_nothing_answers_to_is_a_page_of_the_house(client: Visitor) -> None:
    told = client.get("/nope")

    assert told.status_code == 404
    assert "<main" in told.text
    assert "There is no page at this address" in told.text


def test_the_page_of_scenarios_is_the_table_of_the_command(
    client: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row for each scenario and preset, in the reader's language; synthetic rows."""
    from engine.decision.scenarios import StressRow
    from engine.service import stressing

    def row(after: str, share: float | None) -> StressRow:
        return StressRow(
            scenario="<b>made up", severity="severe", preset="balanced", before="HOLD", after=after,
            target_before=1.0, target_after=0.25, score_before=0.0, score_after=-0.5,
            share_of_known_days=share, share_reduced=0.97, known_days=9,
        )  # fmt: skip

    rows = (row("SELL", 0.93), row("HOLD", None))
    table = stressing.StressTable(as_of=NOW, rows=rows, lines=())
    monkeypatch.setattr(stressing, "stress_table", lambda *_, **__: table)
    for lang, sell, hold in (("en", "SELL", "HOLD"), ("fr", "Vendre", "Conserver")):
        root = lxml_html.document_fromstring(settled(client, f"/stress?lang={lang}"))
        found = [[c.text_content() for c in r.iter("td")] for r in root.iter("tr")][1:]
        assert [cells[3] for cells in found] == [sell, hold]
        assert [cells[5][:2] for cells in found] == ["93", "–"]
        assert found[0][0].startswith("<b>made up ")


REFRESH = '<meta http-equiv="refresh"'


def settled(client: Visitor, address: str, within_s: float = 20.0) -> str:
    """The page once it no longer renews itself."""
    until = time.monotonic() + within_s
    while REFRESH in (text := client.get(address).text):
        assert time.monotonic() < until, text
        time.sleep(0.02)
    return text


def test_scenarios_are_computed_once_behind_a_page_that_renews_itself(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answered at once, with what is being done; the second visitor finds it made."""
    from engine.service import stressing

    go, begun = threading.Event(), []
    empty = stressing.StressTable(as_of=NOW, rows=(), lines=())

    def slow(*_: object, step: stressing.Step) -> stressing.StressTable:
        begun.append(1)
        step("Laying scenarios over the known days", 0.75)
        assert go.wait(20)
        return empty

    monkeypatch.setattr(stressing, "stress_table", slow)
    with browser(site.app()) as client:
        while "Laying scenarios" not in (waits := client.get("/stress").text):
            assert REFRESH in waits
        assert 'value="75"' in waits
        assert "<table" not in waits
        go.set()
        assert "<table" in settled(client, "/stress")
        assert "<table" in client.get("/stress").text
    assert begun == [1]


def test_scenarios_that_fail_are_told_and_can_be_asked_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a page that renews itself for ever."""
    from engine.service import stressing

    go, begun = threading.Semaphore(0), []

    def fails(*_: object, step: stressing.Step) -> stressing.StressTable:
        begun.append(1)
        assert go.acquire(timeout=20)
        raise InputError("no scenario in 'made/up'")

    monkeypatch.setattr(stressing, "stress_table", fails)
    with browser(site.app()) as client:
        for times in (1, 2):
            assert REFRESH in client.get("/stress").text
            go.release()
            assert "no scenario in" in settled(client, "/stress")
            assert len(begun) == times


@pytest.mark.parametrize(
    ("liked", "lang"),
    [
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("en;q=0.2, fr;q=0.7", "fr"),
        ("de-DE", "en"),
        ("fr;q=0, en", "en"),
        ("fr;q=nan, \u00ff;;;", "fr"),
    ],
)
def test_a_browser_is_answered_in_the_language_it_likes(site: Site, liked: str, lang: str) -> None:
    """Unless the reader asked for another."""
    asked = {"accept-language": liked.encode("latin-1")}
    with browser(site.app()) as visitor:
        told = visitor.get("/feeds", headers=asked).headers["content-language"]
        other = visitor.get("/feeds?lang=en", headers=asked).headers["content-language"]
    assert (told, other) == (lang, "en")
