"""``render``: one report, one reader, one form. Pure: equal input gives equal bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

from engine.errors import UnknownNameError
from engine.phrases import phrase
from engine.report.i18n import voice
from engine.report.page import compose
from engine.report.section import sections

if TYPE_CHECKING:
    from engine.report.section import Section
    from engine.shown import Report

Form = Literal["text", "html", "md", "json", "mail_html", "mail_text", "push"]
FORMS: tuple[str, ...] = get_args(Form)

OWN_FORMS = ("text", "html")
"""Forms in which private sections are shown, where the report was made with what they need."""

MAIL_TEXT_WIDTH = 72


def render(
    report: Report,
    fmt: str = "text",
    lang: str = "en",
    width: int = 80,
    *,
    color: bool = False,
    listed: Sequence[Section] | None = None,
) -> str:
    """``report`` in the form ``fmt`` for a reader of ``lang``; ``listed`` instead of all sections.

    width and color matter for "text" only; "json" is English by design, whatever ``lang`` says.
    Raises ``UnknownNameError`` for an unknown form or language.
    """
    if fmt not in FORMS:
        raise UnknownNameError(phrase("report format"), fmt, FORMS)
    speaker = voice(lang, minus="\u2212" if fmt in ("html", "mail_html") else "-")
    if fmt == "json":
        from engine.report.forms.json import render_json

        return render_json(report, voice("en"), listed)
    if listed is None and fmt in OWN_FORMS:
        listed = sections()
    page = compose(report, speaker, listed)
    if fmt == "html":
        from engine.report.forms.html import render_html

        return render_html(page)
    if fmt == "mail_html":
        from engine.report.forms.mail import render_mail

        return render_mail(page)
    if fmt == "md":
        from engine.report.forms.markdown import render_markdown

        return render_markdown(page)
    if fmt == "push":
        from engine.report.forms.push import render_push

        return render_push(page)
    from engine.report.forms.text import render_text

    if fmt == "mail_text":
        return render_text(page, width=MAIL_TEXT_WIDTH, color=False)
    return render_text(page, width=width, color=color)


def subject(report: Report, lang: str = "en") -> str:
    """A mail's subject: one clean line with the decision and the day."""
    speaker = voice(lang)
    title = compose(report, speaker).title
    stale = speaker.say("STALE")
    return f"[{stale}] {title}" if report.stale else title
