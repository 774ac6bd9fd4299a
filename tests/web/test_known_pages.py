"""Known answers of the handlers without a server: what each page asks for and what it shows."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import DataError, InputError, NvsignalError, OutOfRangeError, StoreError
from engine.record.chain import LedgerEntry
from engine.report.blocks import Page
from engine.report.forms.html import render_html
from engine.report.i18n import voice
from engine.report.page import compose
from engine.report.section import sections
from engine.service.stressing import StressTable
from engine.shown import FeedState, SourceHealth
from engine.web import pages, presets, views
from engine.web.guard import DOCUMENT_CSP, BrowserSessions
from engine.web.jobs import Job
from engine.web.pages import Pages
from engine.web.trial import TrialOutcome
from tests.engine.report.sample_report import rating, sample_report, stress_rows, v31
from tests.web.site import asked

EN = voice("en", minus="\u2212")
NOW = datetime(2025, 8, 22, 22, 0, tzinfo=UTC)
EVENING = datetime(2025, 8, 21, 20, 0, tzinfo=UTC)
PAST = datetime(2025, 3, 15, 3, 59, tzinfo=UTC)  # still the 14th in New York
HX = {"hx_request": "true"}


def source(name: str, state: FeedState = FeedState.OK) -> SourceHealth:
    return SourceHealth(
        name=name, state=state, last_ok_at=None, newest_at=None, n_facts=1, tier=1, note=""
    )


class Desk:
    """Answers at once with what it was given; notes what it is asked."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, "store"
        self.asked: list[tuple[Any, ...]] = []
        self.entries: tuple[LedgerEntry, ...] = ()
        self.job = Job(job_id="s", title="stress")
        self.made = sample_report()

    def clock(self) -> datetime:
        return NOW

    def instant(self, as_of: str | None) -> datetime:
        self.asked.append(("instant", as_of))
        if as_of and as_of.startswith("2031"):
            raise InputError("it lies ahead", remedy="ask later")
        return {"last": EVENING, "2025-03-14": PAST}.get(as_of or "", NOW)

    def config(self, name: str | None = None) -> Any:
        return Thing(name=name or "balanced", strategy_path=Path("/s/balanced.toml"))

    def report(self, as_of: datetime, config: Any = None) -> Any:
        self.asked.append(("report", as_of, config and config.name))
        return self.made

    def ledger(self) -> tuple[LedgerEntry, ...]:
        return self.entries

    def ledger_problem(self) -> str:
        return "entry 7\x07 is broken"

    def stored_reports(self) -> tuple[str, ...]:
        return ("b.html", "a.json")

    def stored_report(self, name: str) -> bytes:
        return f"<p>{name}</p>".encode()

    def feed_health(self) -> tuple[SourceHealth, ...]:
        return (source("wire"), source("down", FeedState.ERROR), source("edgar"))

    def league(self, instant: datetime) -> Any:
        self.asked.append(("league", instant))
        return ((v31(), rating()),)

    def stress(self, instant: datetime) -> Job:
        self.asked.append(("stress", instant))
        return self.job

    def record(self, instant: datetime) -> Any:
        return ("record", instant)


class Bare(Pages):
    """Pages that keep what they would lay out."""

    desk: Any

    def __init__(self, folder: Path, **given: Any) -> None:
        super().__init__(Desk(folder), given.pop("language", "en"), **given)  # type: ignore[arg-type]
        self.told: list[tuple[str, int, dict[str, Any]]] = []

    def page(self, request: Request, name: str, status: int = 200, /, **shown: Any) -> Response:
        self.told.append((name, status, shown))
        return Response(name, status)


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    """Pages over a folder with two presets, the second of them edited here."""
    folder = tmp_path / "strategies"
    folder.mkdir()
    for name in ("balanced", "cautious"):
        (folder / f"{name}.toml").write_text(f'name = "{name}"\ndescription = "{name}!"\n')
    return Bare(tmp_path)


def shown(bare: Bare, handler: str, request: Request) -> tuple[str, int, dict[str, Any]]:
    """What the page ``handler`` shows."""
    asyncio.run(getattr(bare, handler)(request))
    return bare.told[-1]


def at(path: dict[str, Any], **given: Any) -> Request:
    """A request whose address holds ``path``."""
    request = asked(**given)
    request.scope["path_params"] = path
    return request


def posted(form: Mapping[str, str], **headers: str) -> Request:
    """A form as the guard leaves it."""
    request = asked(method="POST", **headers)
    request.scope["state"]["form"] = dict(form)
    return request


# --- language, frame ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "cookie", "liked", "configured", "lang"),
    [
        ("lang=fr", "en", "en", "en", "fr"), ("lang=xx", "fr", "en", "en", "fr"),
        ("", "xx", "fr", "en", "fr"), ("", "", "", "fr", "fr"), ("", "", "de", "en", "en"),
        ("", "en", "fr", "fr", "en"),
    ],
)  # fmt: skip
def test_a_language_is_asked_for_remembered_liked_or_configured(
    bare: Bare, query: str, cookie: str, liked: str, configured: str, lang: str
) -> None:
    bare.language = configured
    headers = {"accept_language": liked} | ({"cookie": f"nvsignal_lang={cookie}"} if cookie else {})
    speaker = bare.voice(asked(query=query, **headers))
    assert speaker.lang == lang
    assert speaker.number(-1, "int").startswith("\u2212")


class Frame:
    """Stands for the templates: keeps what one is given."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}

    def get_template(self, name: str) -> Any:
        self.given["template"] = name
        return Thing(render=self.render)

    def render(self, **shown: Any) -> str:
        self.given |= shown
        return "\n <html>"


@pytest.mark.parametrize(
    ("query", "sessions", "signed_in", "locked"), [("", None, True, False), ("lang=fr", 1, 0, True)]
)
def test_a_page_knows_its_reader_its_title_and_its_section(
    tmp_path: Path, query: str, sessions: Any, signed_in: Any, locked: bool
) -> None:
    whole = Pages(Desk(tmp_path), "en")  # type: ignore[arg-type]
    frame = Frame()
    whole._env = frame  # type: ignore[assignment]
    request = asked("/x", query)
    request.scope["state"] = {"csrf": "c", "sessions": sessions, "signed_in": signed_in}
    answer = whole.page(request, "feeds", 201, more=7)
    lang, other = ("fr", "en") if query else ("en", "fr")
    given = frame.given
    assert [callable(given.pop(key)) for key in ("_", "pair", "pgettext")] == [True] * 3
    assert given == {
        "template": "feeds.html.j2", "lang": lang, "csrf": "c", "section": "feeds", "title": "",
        "sections": pages.SECTIONS, "other_lang": {other: f"/x?lang={other}"}, "locked": locked,
        "signed_in": signed_in, "more": 7,
    }  # fmt: skip
    assert (answer.status_code, bytes(answer.body)) == (201, b"<html>")
    assert answer.headers["content-language"] == lang
    assert answer.headers["vary"] == "Cookie, HX-Request"
    assert answer.headers.get("set-cookie") == (
        "nvsignal_lang=fr; HttpOnly; Max-Age=31536000; Path=/; SameSite=strict" if query else None
    )  # a year of 365 days
    assert whole.page(request, "error").status_code == 200
    whole.page(request, "error", title="T", section="S")
    assert (given["title"], given["section"]) == ("T", "S")


def test_templates_escape_and_miss_nothing(tmp_path: Path) -> None:
    env = Pages(Desk(tmp_path), "en")._env  # type: ignore[arg-type]
    assert env.from_string("{{ x }}").render(x="<") == "&lt;"
    assert env.from_string("  {% if 1 %}\na\n  {% endif %}\nb").render() == "a\nb"
    with pytest.raises(Exception, match="'y' is undefined"):
        env.from_string("{{ y }}").render()


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [(InputError("no", remedy="do"), 400, "no (do)"), (StoreError("away"), 503, "away"),
     (OutOfRangeError("x", 1, "2"), 400, "x = 1 is not allowed (allowed: 2)")],
)  # fmt: skip
def test_a_mistake_is_a_page_or_its_fragment(
    bare: Bare, error: NvsignalError, status: int, line: str
) -> None:
    rest = {"problems": (line,), "good": "", "link": "", "section": ""}
    for headers, name in (({}, "error"), (HX, "said"), ({"hx_request": "false"}, "error")):
        asyncio.run(bare.failed(asked(**headers), error))
        assert bare.told[-1] == (name, status, rest)


def test_what_is_refused_missing_or_broken_is_a_page(bare: Bare) -> None:
    rest = {"good": "", "link": "", "section": ""}
    asyncio.run(bare.missing(asked(), ValueError("secret")))
    asyncio.run(bare.broken(asked(), ValueError("secret")))
    bare.refused(asked(), 421, "not here")
    assert bare.told == [
        ("error", 404, {"title": "There is no page at this address", "problems": (), **rest}),
        ("error", 500, {"problems": [
            "An error that should not happen (ValueError); reload"], **rest}),
        ("error", 421, {"problems": ["not here"], **rest}),
    ]  # fmt: skip


# --- reading --------------------------------------------------------------------------------------


def test_the_inside_of_a_report_with_its_title(bare: Bare) -> None:
    stale = replace(sample_report(), stale=True)
    bare.desk.made = stale
    page = compose(stale, EN, sections())
    assert bare._report(PAST, EN) == (pages.inside(render_html(page)), page.title, True)
    bare._report(NOW, EN, "cautious")
    assert bare.desk.asked == [("report", PAST, None), ("report", NOW, "cautious")]
    bare.warm()
    assert bare.desk.asked[-1] == ("report", NOW, None)


def stand_in(bare: Bare) -> None:
    """The report in three words."""
    bare._report = lambda at, speaker, preset=None: (  # type: ignore[method-assign, assignment]
        f"{at:%m-%d} {preset}", f"title {speaker.lang}", preset is None)  # fmt: skip


def test_today_is_the_report_of_now(bare: Bare) -> None:
    stand_in(bare)
    assert shown(bare, "today", asked(query="lang=fr&as_of=2025-03-14")) == (
        "today", 200, {"report": "08-22 None", "title": "title fr", "stale": True},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "day", "report", "title", "problems"),
    [
        ("", "", "", "", ()),
        ("as_of=2025-03-14", "2025-03-14", "03-15 None", "title en", ()),
        ("as_of=2025-03-14&preset=cautious", "2025-03-14", "03-15 cautious", "title en", ()),
        ("as_of=2025-08-22T10:00Z", "2025-08-22", "08-22 None", "title en", ()),
        ("as_of=soon", "", "08-22 None", "title en", ()),
        ("as_of=2031-01-01", "2031-01-01", "", "", ("it lies ahead (ask later)",)),
    ],
)
def test_the_archive_shows_the_day_asked_for(
    bare: Bare, query: str, day: str, report: str, title: str, problems: tuple[str, ...]
) -> None:
    stand_in(bare)
    entry = LedgerEntry(
        seq=7, acts_on=date(2025, 8, 25), revision=0, strategy="cautious", made_at=NOW,
        previous_hash="", entry_hash="a", payload_text="{}",
    )  # fmt: skip
    bare.desk.entries = (entry,)
    assert shown(bare, "archive", asked(query=query)) == ("archive", 200, {
        "entries": [views.noted(entry, ["balanced", "cautious"], EN)],
        "broken": "entry 7 is broken", "files": ("b.html", "a.json"), "asked": day,
        "latest": "2025-08-22", "report": report, "title": title, "problems": problems,
    })  # fmt: skip


def test_sixty_characters_of_a_day_are_read() -> None:
    assert pages._asked(asked(query=f"as_of=%20{'x' * 60}")) == "x" * 59
    assert pages._asked(asked(query=f"as_of={'x' * 60}")) == "x" * 60
    assert pages._asked(asked()) == ""


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.html", "text/html"), ("a.md", "text/plain"), ("a.json", "text/plain")],
)
def test_a_stored_report_is_locked_up(bare: Bare, name: str, kind: str) -> None:
    answer = asyncio.run(bare.stored(at({"name": name})))
    assert bytes(answer.body) == f"<p>{name}</p>".encode()
    assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
    assert answer.headers["content-security-policy"] == DOCUMENT_CSP
    assert answer.status_code == 200


def test_the_tables_are_the_sources_that_no_feed_asks(bare: Bare) -> None:
    bare.desk.made = Thing(data_health=(source("edgar"), source("prices"), source("fomc")))
    name, status, told = shown(bare, "feeds", asked())
    assert (name, status, told["well"]) == ("feeds", 200, 2)
    assert [row.name for row in told["feeds"]] == ["down", "edgar", "wire"]
    assert [row.name for row in told["tables"]] == ["fomc", "prices"]
    assert bare.desk.asked == [("report", NOW, None)]


def test_the_league_of_a_day(bare: Bare) -> None:
    rows = views.league_rows([(v31(), rating())], EN)
    days = {"latest": "2025-08-22", "rows": rows}
    assert shown(bare, "releases", asked(query="as_of=2025-03-14")) == (
        "releases", 200, {"asked": "2025-03-14", "shown_on": "Mar 14, 2025", **days},
    )  # fmt: skip
    assert ("league", PAST) in bare.desk.asked
    assert shown(bare, "releases", asked()) == (
        "releases", 200, {"asked": "2025-08-22", "shown_on": "Aug 22, 2025", **days},
    )  # fmt: skip


def test_scenarios_are_laid_over_the_last_evening_unless_asked(bare: Bare) -> None:
    table = StressTable(as_of=NOW, rows=stress_rows()[:2], lines=(), foresight=("seen",))
    job = bare.desk.job
    assert shown(bare, "stress", asked()) == ("stress", 200, {
        "job": bare._progress(job, EN), "rows": (), "notes": (), "asked": "2025-08-21",
        "latest": "2025-08-22", "shown_on": "Aug 21, 2025",
    })  # fmt: skip
    job.state, job.result = "done", table
    assert shown(bare, "stress", asked(query="as_of=2025-03-14")) == ("stress", 200, {
        "job": bare._progress(job, EN), "rows": views.stress_rows(table, EN),
        "notes": ["seen"], "asked": "2025-03-14", "latest": "2025-08-22",
        "shown_on": "Mar 14, 2025",
    })  # fmt: skip
    assert [a for a in bare.desk.asked if a[0] == "stress"] == [
        ("stress", EVENING),
        ("stress", PAST),
    ]
    job.result, job.failure = None, DataError("no scenario")
    with pytest.raises(DataError, match="no scenario"):
        asyncio.run(bare.stress(asked()))
    job.failure, job.state = None, "cancelled"
    with pytest.raises(NvsignalError, match="the scenarios were stopped"):
        asyncio.run(bare.stress(asked()))


@pytest.mark.parametrize(
    ("query", "programs", "instant", "day", "link"),
    [
        ("", True, EVENING, "2025-08-21", "/api/track?as_of=last"),
        ("as_of=2025-03-14", True, PAST, "2025-03-14", "/api/track?as_of=2025-03-14"),
        ("", False, EVENING, "2025-08-21", ""),
    ],
)
def test_what_was_said_and_what_came_of_it(
    bare: Bare, monkeypatch: pytest.MonkeyPatch, query: str, programs: bool, instant: datetime,
    day: str, link: str,
) -> None:  # fmt: skip
    made: list[Any] = []

    def page_of(record: Any, speaker: Any) -> Page:
        made.append((record, speaker.lang))
        return Page(lang="en", title="T", code="", parts=(), disclaimer="")

    def inner(page: Page, *, short: bool) -> str:
        return f"{page.title} {short}"

    monkeypatch.setattr("engine.report.record_page.page_of", page_of)
    monkeypatch.setattr("engine.report.forms.html.inner_html", inner)
    bare.programs = programs
    assert shown(bare, "track", asked(query=query)) == ("track", 200, {
        "record": "T False", "title": "T", "asked": day, "latest": "2025-08-22", "program": link,
    })  # fmt: skip
    assert made == [(("record", instant), "en")]


# --- rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "left", "right"),
    [("", "balanced", "cautious"), ("preset=cautious", "cautious", "balanced"),
     ("left=cautious", "balanced", "cautious")],
)  # fmt: skip
def test_the_form_to_try_rules_holds_the_preset_chosen(
    bare: Bare, query: str, left: str, right: str
) -> None:
    listed = presets.presets(bare.desk.folder)
    assert shown(bare, "backtest", asked(query=query)) == ("backtest", 200, {
        "job": None, "presets": listed, "left": left, "right": right,
        "rules": f'name = "{left}"\ndescription = "{left}!"\n', "loaded": left,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("query", "left", "right", "day", "instant"),
    [
        ("", "balanced", "cautious", "2025-08-22", NOW),
        ("left=cautious", "cautious", "balanced", "2025-08-22", NOW),
        ("right=balanced", "balanced", "balanced", "2025-08-22", NOW),
        (
            "left=cautious&right=cautious&as_of=2025-03-14",
            "cautious",
            "cautious",
            "2025-03-14",
            PAST,
        ),
    ],
)
def test_two_presets_are_compared_on_a_day(
    bare: Bare, query: str, left: str, right: str, day: str, instant: datetime
) -> None:
    name, status, told = shown(bare, "compare", asked(query=query))
    names = list(dict.fromkeys((left, right)))
    briefs = told.pop("briefs")
    assert (name, status) == ("compare", 200)
    assert told == {
        "job": None, "presets": presets.presets(bare.desk.folder), "left": left, "right": right,
        "asked": day, "latest": "2025-08-22",
    }  # fmt: skip
    assert briefs == views.briefs([(n, sample_report()) for n in names], EN)
    asked_for = [a for a in bare.desk.asked if a[0] == "report"]
    assert asked_for == [("report", instant, n) for n in names]


def test_one_preset_stands_beside_itself_and_none_is_told(bare: Bare) -> None:
    folder = bare.desk.folder / "strategies"
    (folder / "balanced.toml").unlink()
    _, _, told = shown(bare, "backtest", asked())  # the rules that decide are not on the list
    assert (told["left"], told["right"]) == ("cautious", "cautious")
    (folder / "cautious.toml").unlink()
    with pytest.raises(InputError, match=r"there is no preset \(see config/strategies\)"):
        asyncio.run(bare.backtest(asked()))


def test_a_backtest_at_work_is_shown_beside_the_form(bare: Bare) -> None:
    go = threading.Event()
    job = bare.jobs.start("one", lambda job: go.wait(10))
    try:
        assert shown(bare, "backtest", asked())[2]["job"]["id"] == job.job_id
    finally:
        go.set()
        ended(bare)


def test_the_editor_is_filled_checked_and_saved(
    bare: Bare, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[Any, ...]] = []
    monkeypatch.setattr(presets, "checked", lambda *given: done.append(("checked", *given)))
    monkeypatch.setattr(
        presets, "save", lambda *given, replace: done.append(("saved", *given, replace))
    )
    folder, text = bare.desk.folder, 'name = "cautious"\ndescription = "cautious!"\n'
    assert shown(bare, "rules", asked(query="preset=cautious")) == (
        "editor", 200, {"rules": text, "loaded": "cautious"},
    )  # fmt: skip
    rest = {"problems": (), "section": ""}
    sound = {"title": "The rules are sound.", "good": "The rules are sound.", "link": "", **rest}
    assert shown(bare, "check", posted({"rules": "r"}, **HX)) == ("said", 200, sound)
    assert shown(bare, "check", posted({})) == ("error", 200, sound)
    kept = {"title": "Saved as mine.", "good": "Saved as mine.", "link": "/backtest?preset=mine"}
    form = {"name": " mine ", "rules": "r"}
    assert shown(bare, "save", posted(form, **HX)) == ("said", 200, {**kept, **rest})
    shown(bare, "save", posted({**form, "replace": "yes"}))
    shown(bare, "save", posted({**form, "replace": "no"}))
    assert done == [
        ("checked", folder, "r"), ("checked", folder, ""), ("saved", folder, "mine", "r", False),
        ("saved", folder, "mine", "r", True), ("saved", folder, "mine", "r", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ({"left": "balanced", "right": "cautious"}, ["balanced", "cautious"]),
        ({"right": "cautious", "preset": "balanced"}, ["balanced"]),
        ({"left": "cautious", "preset": "balanced"}, ["balanced"]),
        ({"preset": "cautious", "loaded": "cautious", "rules": "x = 1"}, ["cautious, edited"]),
        ({"preset": "cautious", "loaded": "balanced", "rules": "x = 1"}, ["cautious"]),
        ({"preset": "cautious", "rules": "x = 1"}, ["cautious"]),
        ({"preset": "cautious", "loaded": "cautious",
          "rules": 'name = "cautious"\r\ndescription = "cautious!"'}, ["cautious"]),
    ],
)  # fmt: skip
def test_the_rules_to_replay(
    bare: Bare, monkeypatch: pytest.MonkeyPatch, form: dict[str, str], names: list[str]
) -> None:
    monkeypatch.setattr(
        presets, "checked", lambda folder, text: Thing(name=f"{folder.name} {text}")
    )
    found = bare._rules_of(form)
    assert [str(name) for name, _ in found] == names
    edited = f"{bare.desk.folder.name} x = 1"
    assert [c.name for _, c in found] == [  # type: ignore[attr-defined]
        edited if name.endswith(", edited") else name for name in names
    ]


def test_the_same_rules_on_both_sides_are_refused(bare: Bare) -> None:
    with pytest.raises(InputError, match=rf"^'{'x' * 60}' is on both sides \(choose two presets\)"):
        bare._rules_of({"left": "x" * 70, "right": "x" * 70})


def ended(bare: Bare) -> None:
    """Wait for the thread that works off the queue."""
    until = time.monotonic() + 20
    while bare.jobs._at_work:
        assert time.monotonic() < until
        time.sleep(0.005)


def test_a_backtest_begins_with_what_the_form_says(
    bare: Bare, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def run(store: Any, rules: Any, **more: Any) -> None:
        given.append((store, [name for name, _ in rules], more))

    monkeypatch.setattr(pages, "run_trials", run)
    form = {"left": "balanced", "right": "cautious", "first": "2025-01-02", "last": "2025-06-30",
            "spread_bps": "5"}  # fmt: skip
    answer = asyncio.run(bare.start(posted(form)))
    (job,) = bare.jobs._jobs.values()
    ended(bare)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/jobs/{job.job_id}")
    assert job.title == "balanced, cautious"
    assert given == [("store", ["balanced", "cautious"], {
        "first": date(2025, 1, 2), "last": date(2025, 6, 30), "spread_bps": 5.0, "now": NOW,
        "step": job.step,
    })]  # fmt: skip
    asyncio.run(bare.start(posted({"preset": "cautious"}, **HX)))
    ended(bare)
    assert bare.told[-1][0] == "job"


# --- jobs -----------------------------------------------------------------------------------------


def kept(bare: Bare, state: Any = "done", result: Any = None) -> Job:
    job = Job(job_id="j", title="n" * 101, state=state, result=result)
    bare.jobs._jobs["j"] = job
    return job


def outcome(*names: str) -> TrialOutcome:
    trials: Any = tuple(Thing(sheet=name) for name in names)
    nothing: Any = None
    return TrialOutcome(
        first=NOW.date(), last=NOW.date(), data_hash="", spread_bps=10.0, trials=trials,
        holding=nothing, holding_figures=nothing, at_close=0,
    )  # fmt: skip


def test_a_job_is_shown_with_its_tear_sheet_once_it_is_done(
    bare: Bare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "tear_sheet", lambda result, speaker: (result, speaker.lang))
    found = outcome("a")
    job, here = kept(bare, "running"), {"job_id": "j"}

    def rest(sheet: Any) -> dict[str, Any]:
        return {"job": bare._progress(job, EN), "sheet": sheet, "section": "backtest"}

    assert shown(bare, "job", at(here)) == ("job_page", 200, rest(None))
    job.result = found
    assert shown(bare, "job", at(here)) == ("job_page", 200, rest(None))
    job.state = "done"
    assert shown(bare, "job", at(here, **HX)) == ("job", 200, rest((found, "en")))
    job.result = "other"
    assert shown(bare, "job", at(here)) == ("job_page", 200, rest(None))
    with pytest.raises(InputError, match=r"this backtest is no longer kept \(run it again\)"):
        asyncio.run(bare.job(at({"job_id": "k"})))


def test_a_whole_tear_sheet_is_one_of_those_there_are(
    bare: Bare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backtests.sheet_page.render", lambda sheet, lang: f"{sheet} {lang}")
    job = kept(bare, result=outcome("first", "second"))
    for number, text in ((0, b"first en"), (1, b"second en")):
        answer = asyncio.run(bare.whole_sheet(at({"job_id": "j", "number": number})))
        assert (answer.status_code, bytes(answer.body)) == (200, text)
        assert answer.headers["content-security-policy"] == DOCUMENT_CSP
    for number, result in ((2, job.result), (-1, job.result), (0, "other")):
        job.result = result
        with pytest.raises(InputError, match="no such tear sheet"):
            asyncio.run(bare.whole_sheet(at({"job_id": "j", "number": number})))


def test_a_job_is_stopped_and_shown(bare: Bare) -> None:
    job = kept(bare, "running")
    answer = asyncio.run(bare.cancel(at({"job_id": "j"}, method="POST")))
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs/j")
    assert job.stop.is_set()
    job.stop.clear()
    assert shown(bare, "cancel", at({"job_id": "j"}, method="POST", **HX))[0] == "job"
    assert job.stop.is_set()


def test_progress_in_whole(bare: Bare) -> None:
    job = kept(bare, "running")
    job.step("Replaying the decisions with costs", 0.125)
    job.seconds = 12.34
    assert bare._progress(job, voice("fr")) == {
        "id": "j", "title": "n" * 99 + "…", "state": "running",
        "stage": voice("fr").say("Replaying the decisions with costs"), "over": False,
        "percent": 12, "stopping": False, "failure": "", "seconds": "12,3",
    }  # fmt: skip


# --- signing in -----------------------------------------------------------------------------------

TOKEN = "t" * 16


def door(sessions: Any, signed_in: bool, method: str = "GET", **form: str) -> Request:
    request = asked("/login", method=method)
    request.scope["state"] = {
        "sessions": sessions,
        "signed_in": signed_in,
        "form": form,
        "csrf": "",
    }
    return request


def test_the_door_of_a_page_with_a_token(bare: Bare) -> None:
    sessions, wrong = BrowserSessions(TOKEN), "That is not the token."
    for request in (door(None, False), door(None, True), door(sessions, True)):
        answer = asyncio.run(bare.login(request))
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert bare.told == []
    assert shown(bare, "login", door(sessions, False)) == (
        "login", 200, {"problem": "", "section": ""},
    )  # fmt: skip
    assert shown(bare, "login", door(sessions, False, "POST")) == (
        "login", 401, {"problem": wrong, "section": ""},
    )  # fmt: skip
    answer = asyncio.run(bare.login(door(sessions, False, "POST", token=TOKEN)))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    name, value = answer.headers["set-cookie"].split("; ")[0].split("=", 1)
    assert name == "nvsignal_session"
    assert sessions.holds(value)
    assert answer.headers["set-cookie"].endswith("; SameSite=Strict; Max-Age=43200")
    secure = door(sessions, False, "POST", token=TOKEN)
    secure.scope["scheme"] = "https"
    assert asyncio.run(bare.login(secure)).headers["set-cookie"].endswith("; Secure")
    out = asked("/logout", method="POST", cookie=f"nvsignal_session={value}")
    out.scope["state"] = {"sessions": sessions}
    answer = asyncio.run(bare.logout(out))
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert not sessions.holds(value)
    out.scope["state"] = {"sessions": None}
    assert asyncio.run(bare.logout(out)).status_code == 303
    for _ in range(9):
        sessions.sign_in("guess")
    assert shown(bare, "login", door(sessions, False, "POST", token=TOKEN)) == (
        "login", 429, {"problem": "Too many wrong tokens; wait a minute.", "section": ""},
    )  # fmt: skip
