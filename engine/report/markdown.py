"""The report in Markdown (CommonMark with tables).

Every expression of the template is escaped unless it is a link made here, so no outside text can
open a tag, a link, an image, a heading or a table cell.
"""

from __future__ import annotations

import re
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from engine.report.i18n import Voice
from engine.report.typography import safe_url
from engine.report.view import View

_SPECIAL = re.compile(r"([\\`*_\[\]{}|~#!])")
_OPENING = re.compile(r"(?:(?<=\A)|(?<=\A\s))([-+=>]|\d{1,9}(?=[.)]\s))(?=[\s.)=-])")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


class Made(str):
    """Markdown made by us: not escaped again."""

    __slots__ = ()


def escape(text: object) -> str:
    """``text`` as literal Markdown; ``Made`` passes."""
    if isinstance(text, Made):
        return text
    plain = re.sub(r"[&<>]", lambda m: _HTML[m[0]], str(text).replace("\n", " "))
    safe = _SPECIAL.sub(r"\\\1", plain)
    return _OPENING.sub(r"\\\1", safe)


def link(text: str, url: str) -> Made:
    """``[text](<url>)``, or the text alone when the link is not plain http(s)."""
    target = safe_url(url)
    return Made(f"[{escape(text)}](<{target}>)" if target else escape(text))


def bar(width: float, cells: int = 20) -> Made:
    """A bar of ``width`` percent in block characters."""
    return Made("█" * round(width * cells / 100))


def render_markdown(view: View, voice: Voice) -> str:
    """The report as Markdown."""
    text = _template().render(v=view, _=voice.say, pair=voice.pair, link=link, bar=bar)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


@lru_cache
def _template() -> Template:
    env = Environment(
        loader=PackageLoader("engine.report"),
        autoescape=False,  # noqa: S701 - not HTML: ``finalize`` escapes Markdown
        finalize=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return env.get_template("report.md.j2")
