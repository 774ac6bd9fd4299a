"""The pages: each reads what was asked, fetches it in a worker thread, and lays it out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime
from importlib import resources
from typing import Any, TypeVar
from urllib.parse import urlencode

import anyio.to_thread
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from engine.errors import InputError, NvsignalError, OutOfRangeError
from engine.phrases import phrase
from engine.report.faults import fault_lines
from engine.report.i18n import LANGUAGES, Speaker, voice
from engine.report.typography import clean
from engine.service.bind import Bound
from engine.web import presets, views
from engine.web.desk import Desk
from engine.web.guard import (
    DOCUMENT_CSP,
    SESSION_COOKIE,
    SESSION_SECONDS,
    BrowserSessions,
    cookie,
)
from engine.web.jobs import Job, Jobs
from engine.web.trial import TrialOutcome, run_trials

LANGUAGE_COOKIE = "nvsignal_lang"
MAX_SPREAD_BPS = 1_000.0
MOST_SLOW = 4
"""Requests for other days at work at once; the threads for all requests are forty."""
MOST_ASKED = 60
"""Characters of a day or an instant that are read."""
T = TypeVar("T")
SECTIONS = ("today", "archive", "feeds", "releases", "stress", "track", "backtest", "compare")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


class Pages:
    """The handlers. Holds the desk, the jobs and the templates; made once per server.

    programs: whether ``/api`` answers, which a page then links to.
    """

    def __init__(self, desk: Desk, language: str, *, programs: bool = False) -> None:
        self.desk, self.language, self.programs = desk, language, programs
        self.jobs = Jobs()
        self._slow = anyio.CapacityLimiter(MOST_SLOW)
        self._env = Environment(
            loader=PackageLoader("engine.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def warm(self) -> None:
        """Work out today's report before anybody asks for it.

        What is wrong with it is told to whoever asks.
        """
        with suppress(Exception):
            self._report(self.desk.clock(), voice(self.language, minus="\u2212"))

    async def _slowly(self, work: Callable[..., T], *given: Any) -> T:
        """What may take seconds for any day that is asked for: a few at a time.

        The others wait without a thread, so that today's report never waits for them.
        """
        return await anyio.to_thread.run_sync(work, *given, limiter=self._slow)

    # --- how a page is made -------------------------------------------------------------------

    def voice(self, request: Request) -> Speaker:
        """The reader's language: asked for, remembered, liked by his browser, configured."""
        for lang in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
            if lang in LANGUAGES:
                return voice(lang, minus="\u2212")
        return voice(_liked(request) or self.language, minus="\u2212")

    def page(self, request: Request, name: str, status: int = 200, /, **shown: Any) -> Response:
        """Template ``name`` for ``request``; remembers a language that was asked for."""
        speaker = self.voice(request)
        text = self._env.get_template(f"{name}.html.j2").render(
            _=speaker.say,
            pair=speaker.pair,
            pgettext=speaker.pgettext,
            lang=speaker.lang,
            csrf=request.scope["state"]["csrf"],
            section=shown.pop("section", name),
            title=shown.pop("title", ""),
            sections=SECTIONS,
            other_lang=_other(request, speaker.lang),
            locked=request.scope["state"]["sessions"] is not None,
            signed_in=request.scope["state"]["signed_in"],
            **shown,
        )
        response = HTMLResponse(text.lstrip(), status)
        response.headers["content-language"] = speaker.lang
        response.headers["vary"] = "Cookie, HX-Request"
        if request.query_params.get("lang") in LANGUAGES:
            response.set_cookie(
                LANGUAGE_COOKIE, speaker.lang, max_age=31_536_000, httponly=True, samesite="strict"
            )
        return response

    async def failed(self, request: Request, error: Exception) -> Response:
        """A mistake of the user's, or of the record's, told on a page or in its fragment."""
        assert isinstance(error, NvsignalError)
        status = 400 if isinstance(error, InputError) else 503
        name = "said" if _is_fragment(request) else "error"
        return self.page(
            request,
            name,
            status,
            problems=fault_lines(error, self.voice(request)),
            good="",
            link="",
            section="",
        )

    async def missing(self, request: Request, error: Exception) -> Response:
        """An address that nothing answers to."""
        title = self.voice(request).say("There is no page at this address")
        return self.page(
            request, "error", 404, title=title, problems=(), good="", link="", section=""
        )

    def refused(self, request: Request, status: int, line: str) -> Response:
        """A request that was turned away at the door."""
        said = [self.voice(request).tell(line)]
        return self.page(request, "error", status, problems=said, good="", link="", section="")

    async def broken(self, request: Request, error: Exception) -> Response:
        """An error that nobody foresaw: its kind, and nothing of what it says."""
        kind = type(error).__name__
        said = [
            self.voice(request).say("An error that should not happen ({kind}); reload", kind=kind)
        ]
        return self.page(request, "error", 500, problems=said, good="", link="", section="")

    # --- reading ------------------------------------------------------------------------------

    async def today(self, request: Request) -> Response:
        """The decision as of now."""
        speaker = self.voice(request)
        body, title, stale = await run_in_threadpool(self._report, self.desk.clock(), speaker)
        return self.page(request, "today", report=body, title=title, stale=stale)

    async def archive(self, request: Request) -> Response:
        """The ledger, stored reports, and the report as of a chosen day."""
        speaker = self.voice(request)
        asked = _asked(request)
        preset = request.query_params.get("preset")
        shown = await self._slowly(self._archive, asked, preset, speaker)
        return self.page(request, "archive", **shown)

    def _archive(self, asked: str, preset: str | None, speaker: Speaker) -> dict[str, Any]:
        known = [p.name for p in presets.presets(self.desk.folder)]
        entries = [views.noted(e, known, speaker) for e in self.desk.ledger()]
        present = self.desk.instant(None)
        body, title = "", ""
        problem: tuple[str, ...] = ()
        if asked:
            try:
                body, title, _stale = self._report(self.desk.instant(asked), speaker, preset)
            except NvsignalError as error:
                problem = fault_lines(error, speaker)
        return {
            "entries": entries,
            "broken": clean(self.desk.ledger_problem()),
            "files": self.desk.stored_reports(),
            "asked": asked[:10] if _DAY.match(asked[:10]) else "",
            "latest": views.new_york_day(present).isoformat(),
            "report": body,
            "title": title,
            "problems": problem,
        }

    async def stored(self, request: Request) -> Response:
        """A report file as it was written, locked into a sandbox."""
        name = request.path_params["name"]
        body = await run_in_threadpool(self.desk.stored_report, name)
        kind = "text/html" if name.endswith(".html") else "text/plain"
        headers = {"content-security-policy": DOCUMENT_CSP}
        return Response(body, media_type=f"{kind}; charset=utf-8", headers=headers)

    async def feeds(self, request: Request) -> Response:
        """Health of every live source, and of the tables behind the decision."""
        speaker = self.voice(request)
        polled = await run_in_threadpool(self.desk.feed_health)
        report = await run_in_threadpool(self.desk.report, self.desk.clock())
        names = {s.name for s in polled}
        tables = [s for s in report.data_health if s.name not in names]
        rows = views.feed_rows(polled, speaker)
        return self.page(
            request,
            "feeds",
            feeds=rows,
            tables=views.feed_rows(tables, speaker),
            well=sum(row.ok for row in rows),
        )

    async def releases(self, request: Request) -> Response:
        """The league of releases as of a day."""
        speaker = self.voice(request)
        asked = _asked(request)
        instant = self.desk.instant(asked)
        league = await self._slowly(self.desk.league, instant)
        return self.page(
            request,
            "releases",
            rows=views.league_rows(league, speaker),
            **self._days(instant),
            shown_on=speaker.on(instant),
        )

    async def stress(self, request: Request) -> Response:
        """Scenarios over a day and over the known days before it; the last evening unless asked."""
        speaker = self.voice(request)
        asked = _asked(request)
        instant = self.desk.instant(asked or "last")
        job = await self._slowly(self.desk.stress, instant)
        shown, made = self._progress(job, speaker), job.result
        if shown["over"] and made is None:
            raise job.failure or NvsignalError(phrase("the scenarios were stopped"))
        return self.page(
            request,
            "stress",
            job=shown,
            rows=views.stress_rows(made, speaker) if made is not None else (),
            notes=views.stress_notes(made, speaker) if made is not None else (),
            **self._days(instant),
            shown_on=speaker.on(instant),
        )

    async def track(self, request: Request) -> Response:
        """What was said and what came of it, as ``nvsignal track`` tells it."""
        speaker = self.voice(request)
        asked = _asked(request)
        instant = self.desk.instant(asked or "last")
        body, title = await self._slowly(self._track, instant, speaker)
        return self.page(
            request,
            "track",
            record=body,
            title=title,
            **self._days(instant),
            program="/api/track?" + urlencode({"as_of": asked or "last"}) if self.programs else "",
        )

    def _track(self, instant: datetime, speaker: Speaker) -> tuple[str, str]:
        from engine.report.forms.html import inner_html
        from engine.report.record_page import page_of

        page = page_of(self.desk.record(instant), speaker)
        return inner_html(page, short=False), page.title

    def _report(
        self, as_of: datetime, speaker: Speaker, preset: str | None = None
    ) -> tuple[str, str, bool]:
        """The inside of the report's page, its title, and whether it is stale."""
        from engine.report.forms.html import render_html
        from engine.report.page import compose
        from engine.report.section import sections

        config = self.desk.config(preset) if preset else None
        report = self.desk.report(as_of, config)
        page = compose(report, speaker, sections())
        return inside(render_html(page)), page.title, report.stale

    # --- trying rules -------------------------------------------------------------------------

    async def backtest(self, request: Request) -> Response:
        """The form to try rules on history."""
        chosen = request.query_params.get("preset", "")
        return await self._bench(request, "backtest", chosen, "", "")

    async def compare(self, request: Request) -> Response:
        """Two presets side by side: what they decide today, and the form to replay both."""
        left = request.query_params.get("left", "")
        right = request.query_params.get("right", "")
        asked = _asked(request)
        return await self._bench(request, "compare", left, right, asked)

    async def _bench(
        self, request: Request, name: str, left: str, right: str, asked: str
    ) -> Response:
        speaker = self.voice(request)
        shown = await self._slowly(self._bench_view, name, left, right, asked, speaker)
        running = self.jobs.running()
        return self.page(request, name, job=running and self._progress(running, speaker), **shown)

    def _bench_view(
        self, name: str, left: str, right: str, asked: str, speaker: Speaker
    ) -> dict[str, Any]:
        listed = presets.presets(self.desk.folder)
        names = [p.name for p in listed]
        if not names:
            raise InputError(phrase("there is no preset"), remedy=phrase("see config/strategies"))
        deciding = self.desk.config().strategy_path.stem
        first = left or (deciding if deciding in names else names[0])
        second = right or next((n for n in names if n != first), first)
        shown: dict[str, Any] = {"presets": listed, "left": first, "right": second}
        if name == "backtest":
            shown |= {"rules": presets.preset_text(self.desk.folder, first), "loaded": first}
            return shown
        instant = self.desk.instant(asked)
        reports = [
            (n, self.desk.report(instant, self.desk.config(n)))
            for n in dict.fromkeys((first, second))
        ]
        shown |= {
            "briefs": views.briefs(reports, speaker),
            **self._days(instant),
        }
        return shown

    def _days(self, instant: datetime) -> dict[str, str]:
        """The day shown and the last one that can be asked for."""
        return {
            "asked": views.new_york_day(instant).isoformat(),
            "latest": views.new_york_day(self.desk.instant(None)).isoformat(),
        }

    async def rules(self, request: Request) -> Response:
        """The editor with a preset's text."""
        name = request.query_params.get("preset", "")
        text = await run_in_threadpool(presets.preset_text, self.desk.folder, name)
        return self.page(request, "editor", rules=text, loaded=name)

    async def check(self, request: Request) -> Response:
        """Whether the text in the editor is sound."""
        form = request.scope["state"]["form"]
        await run_in_threadpool(presets.checked, self.desk.folder, form.get("rules", ""))
        return self._said(request, self.voice(request).say("The rules are sound."))

    async def save(self, request: Request) -> Response:
        """Keep the text in the editor as a preset."""
        form = request.scope["state"]["form"]
        name = form.get("name", "").strip()
        replace = form.get("replace", "") == "yes"
        folder = self.desk.folder
        await run_in_threadpool(presets.save, folder, name, form.get("rules", ""), replace=replace)
        line = self.voice(request).say("Saved as {name}.", name=name)
        return self._said(request, line, f"/backtest?preset={name}")

    def _said(self, request: Request, line: str, link: str = "") -> Response:
        name = "said" if _is_fragment(request) else "error"
        return self.page(request, name, title=line, problems=(), good=line, link=link, section="")

    # --- jobs ---------------------------------------------------------------------------------

    async def start(self, request: Request) -> Response:
        """Begin a backtest of one or two rules; answers with its progress."""
        form = request.scope["state"]["form"]
        job = await run_in_threadpool(self._start, form)
        if _is_fragment(request):
            return self._job_page(request, job, fragment=True)
        return RedirectResponse(f"/jobs/{job.job_id}", 303)

    def _start(self, form: Mapping[str, str]) -> Job:
        rules = self._rules_of(form)
        first, last = _day(form, "first"), _day(form, "last")
        spread = _spread(form)
        now = self.desk.clock()

        def work(job: Job) -> TrialOutcome:
            return run_trials(
                self.desk.store,
                rules,
                first=first,
                last=last,
                spread_bps=spread,
                now=now,
                step=job.step,
            )

        return self.jobs.start(", ".join(str(name) for name, _ in rules), work)

    def _rules_of(self, form: Mapping[str, str]) -> list[tuple[str, Bound]]:
        """Names and configurations to replay: two presets, or one that may have been edited."""
        if "left" in form and "right" in form:
            left, right = form["left"], form["right"]
            if left == right:
                raise InputError(
                    phrase("'{left}' is on both sides", left=left[:60]),
                    remedy=phrase("choose two presets"),
                )
            return [(left, self.desk.config(left)), (right, self.desk.config(right))]
        name, text = form.get("preset", ""), form.get("rules", "")
        kept = presets.preset_text(self.desk.folder, name)
        # Text that was loaded for another preset is left behind when the choice has moved on.
        edited = form.get("loaded") == name and not presets.same_text(text, kept)
        if not edited:
            return [(name, self.desk.config(name))]
        config = presets.checked(self.desk.folder, text)
        return [(phrase("{name}, edited", name=name), config)]

    async def job(self, request: Request) -> Response:
        """How far a job is, or what came out of it."""
        return self._job_page(request, self._find(request), fragment=_is_fragment(request))

    async def whole_sheet(self, request: Request) -> Response:
        """The full tear sheet of one rule: a document of its own, locked into a sandbox."""
        job, number = self._find(request), request.path_params["number"]
        trials = job.result.trials if isinstance(job.result, TrialOutcome) else ()
        if not 0 <= number < len(trials):
            raise InputError(
                phrase("there is no such tear sheet"), remedy=phrase("run the backtest again")
            )
        from backtests.sheet_page import render

        text = await run_in_threadpool(render, trials[number].sheet, lang=self.voice(request).lang)
        return HTMLResponse(text, headers={"content-security-policy": DOCUMENT_CSP})

    async def cancel(self, request: Request) -> Response:
        """Ask a job to stop at its next step."""
        job = self._find(request)
        self.jobs.cancel(job)
        if _is_fragment(request):
            return self._job_page(request, job, fragment=True)
        return RedirectResponse(f"/jobs/{job.job_id}", 303)

    def _find(self, request: Request) -> Job:
        job = self.jobs.get(request.path_params["job_id"])
        if job is None:
            raise InputError(
                phrase("this backtest is no longer kept"), remedy=phrase("run it again")
            )
        return job

    def _job_page(self, request: Request, job: Job, *, fragment: bool) -> Response:
        speaker = self.voice(request)
        sheet = None
        if isinstance(job.result, TrialOutcome) and job.state == "done":
            sheet = views.tear_sheet(job.result, speaker)
        name = "job" if fragment else "job_page"
        return self.page(
            request, name, job=self._progress(job, speaker), sheet=sheet, section="backtest"
        )

    @staticmethod
    def _progress(job: Job, speaker: Speaker) -> dict[str, Any]:
        stage = speaker.say(job.stage) if job.stage else ""
        if job.state == "waiting":
            stage = speaker.say("Waiting; jobs before it: {n}", n=job.ahead)
        return {
            "id": job.job_id,
            "title": clean(job.title, limit=100),
            "state": job.state,
            "stage": stage,
            "over": job.over,
            "percent": round(100 * job.share),
            "stopping": job.stop.is_set() and not job.over,
            "failure": " ".join(fault_lines(job.failure, speaker)) if job.failure else "",
            "seconds": speaker.number(job.seconds, ".1f"),
        }

    # --- signing in ---------------------------------------------------------------------------

    async def login(self, request: Request) -> Response:
        """The form for the token, and what follows from it."""
        sessions: BrowserSessions | None = request.scope["state"]["sessions"]
        if sessions is None or request.scope["state"]["signed_in"]:
            return RedirectResponse("/", 303)
        if request.method != "POST":
            return self.page(request, "login", problem="", section="")
        say = self.voice(request).say
        if sessions.weary:
            problem = say("Too many wrong tokens; wait a minute.")
            return self.page(request, "login", 429, problem=problem, section="")
        made = sessions.sign_in(request.scope["state"]["form"].get("token", ""))
        if made is None:
            problem = say("That is not the token.")
            return self.page(request, "login", 401, problem=problem, section="")
        response = RedirectResponse("/", 303)
        secure = request.url.scheme == "https"
        line = cookie(SESSION_COOKIE, made, secure=secure, seconds=SESSION_SECONDS)
        response.headers.append("set-cookie", line)
        return response

    async def logout(self, request: Request) -> Response:
        """Forget this browser."""
        sessions: BrowserSessions | None = request.scope["state"]["sessions"]
        if sessions is not None:
            sessions.sign_out(request.cookies.get(SESSION_COOKIE, ""))
        return RedirectResponse("/login", 303)


# --- reading what was asked ---------------------------------------------------------------------


def inside(page: str) -> str:
    """What stands in ``<main>`` of a rendered report, with its class.

    Safe to lay into another page: the report's own template wrote it with everything from outside
    escaped, so the only tags are the template's, ``</main>`` included.
    """
    start, end = page.index("<main"), page.rindex("</main>")
    opened = page.index(">", start) + 1
    name = re.search(r'class="(\w+)"', page[start:opened])
    return f'<div class="report {name[1] if name else ""}">{page[opened:end]}</div>'


def stylesheet() -> bytes:
    """The report's style and the page's own, as one file."""
    report = resources.files("engine.report").joinpath("templates/style.css.j2")
    own = resources.files("engine.web").joinpath("static/page.css")
    return report.read_bytes() + b"\n" + own.read_bytes()


def _asked(request: Request) -> str:
    """The day or instant a page is asked for; empty for none."""
    return request.query_params.get("as_of", "")[:MOST_ASKED].strip()


def _is_fragment(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def _liked(request: Request) -> str:
    """Our language that the browser likes best (RFC 9110, 12.5.4); empty when it likes none."""
    liked: list[tuple[float, str]] = []
    for entry in request.headers.get("accept-language", "")[:200].split(","):
        tag, _, quality = entry.strip().lower().partition(";q=")
        lang = tag.partition("-")[0]
        weight = float(quality) if re.fullmatch(r"[01](\.\d{1,3})?", quality) else 1.0
        if lang in LANGUAGES and weight > 0:
            liked.append((weight, lang))
    return max(liked, key=lambda pair: pair[0], default=(0.0, ""))[1]


def _other(request: Request, lang: str) -> Mapping[str, str]:
    """Where to read the same page in the other languages; a POST's page leads home."""
    path = request.url.path if request.method == "GET" else "/"
    given = [(k, v[:200]) for k, v in request.query_params.multi_items() if k != "lang"][:10]
    return {
        other: f"{path}?{urlencode([*given, ('lang', other)])}"
        for other in LANGUAGES
        if other != lang
    }


def _day(form: Mapping[str, str], name: str) -> date | None:
    from engine.service.history import parse_day

    return parse_day(form.get(name, "").strip() or None, name)


def _spread(form: Mapping[str, str]) -> float:
    text = form.get("spread_bps", "").strip().replace(",", ".") or "10"
    try:
        value = float(text)
    except ValueError:
        raise InputError(phrase("spread '{text}' is not a number", text=text[:20])) from None
    if not 0 <= value <= MAX_SPREAD_BPS:
        raise OutOfRangeError(
            "spread_bps", value, phrase("0 to {max_spread_bps:sig6}", max_spread_bps=MAX_SPREAD_BPS)
        )
    return value
