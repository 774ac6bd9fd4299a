"""``render``: one report, one reader, one form. Pure: equal input gives equal bytes."""

from __future__ import annotations

from typing import Literal, get_args

from engine.errors import UnknownNameError
from engine.report.i18n import voice
from engine.report.present import present
from engine.values import Report

Form = Literal["text", "html", "md", "json", "mail_html", "mail_text", "push"]
FORMS: tuple[str, ...] = get_args(Form)

MAIL_TEXT_WIDTH = 72
MAX_PUSH_CHARS = 300


def render(
    report: Report, fmt: str = "text", lang: str = "en", width: int = 80, *, color: bool = False
) -> str:
    """``report`` in the form ``fmt`` for a reader of ``lang``.

    width and color matter for "text" only; "json" is English by design, whatever ``lang`` says.
    Raises ``UnknownNameError`` for an unknown form or language.
    """
    if fmt not in FORMS:
        raise UnknownNameError("report format", fmt, FORMS)
    if fmt == "json":
        from engine.report.jsonform import render_json

        voice(lang)
        return render_json(report)
    if fmt in ("html", "mail_html"):
        from engine.report.html import render_html, render_mail

        speaker = voice(lang, minus="\u2212")
        view = present(report, speaker)
        return render_html(view, speaker) if fmt == "html" else render_mail(view, speaker)
    speaker = voice(lang)
    view = present(report, speaker)
    if fmt == "md":
        from engine.report.markdown import render_markdown

        return render_markdown(view, speaker)
    if fmt == "push":
        return push_line(report, lang)
    from engine.report.text import render_text

    if fmt == "mail_text":
        return render_text(view, speaker, width=MAIL_TEXT_WIDTH, color=False)
    return render_text(view, speaker, width=width, color=color)


def push_line(report: Report, lang: str = "en") -> str:
    """The decision in one line of at most 300 characters, for phones and mail previews."""
    head = present(report, voice(lang)).headline
    _ = voice(lang).say
    parts = [f"NVDA {head.verdict}, {head.confidence_word} ({head.confidence})"]
    if report.stale:
        parts.insert(0, _("STALE"))
    parts += [_("Score {score}; {distance}", score=head.score, distance=head.distance), head.change]
    if head.flips:
        first = head.flips[0]
        parts.append(
            _(
                "{label}: {now}, flips at {level}",
                label=first.label,
                now=first.now,
                level=first.level,
            )
        )
    line = ". ".join(parts) + "."
    while len(line) > MAX_PUSH_CHARS and len(parts) > 1:
        parts.pop()
        line = ". ".join(parts) + "."
    return line[:MAX_PUSH_CHARS]


def subject(report: Report, lang: str = "en") -> str:
    """A mail's subject: one clean line with the decision and the day."""
    speaker = voice(lang)
    title = present(report, speaker).title
    return f"[{speaker.say('STALE')}] {title}" if report.stale else title
