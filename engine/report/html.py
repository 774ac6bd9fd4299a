"""The report as one HTML file, and as a mail.

The file is self-contained: inline style, inline SVG, no script, nothing fetched. Autoescape is on
for every template, links pass ``safe_url`` before they get here, and a content security policy
forbids what is not there anyway.
"""

from __future__ import annotations

import re
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from engine.report.i18n import Voice
from engine.report.view import View

CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
MAX_MAIL_BYTES = 100_000
MAX_MAIL_EVENTS = 8


def render_html(view: View, voice: Voice) -> str:
    """The whole report as a self-contained page."""
    return _render("report.html.j2", view, voice)


def render_mail(view: View, voice: Voice) -> str:
    """A shorter report for mail programs: tables, styles inlined, below 100 kB."""
    import css_inline

    page = _render("mail.html.j2", view, voice)
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False)
    return str(inliner.inline(page))


def _render(name: str, view: View, voice: Voice) -> str:
    page = _template(name).render(
        v=view, _=voice.say, pair=voice.pair, csp=CSP, max_events=MAX_MAIL_EVENTS
    )
    return re.sub(r"\n\s*\n+", "\n", page).strip() + "\n"


@lru_cache
def _template(name: str) -> Template:
    env = Environment(
        loader=PackageLoader("engine.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return env.get_template(name)
