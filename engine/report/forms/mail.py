"""Blocks as a mail: tables, styles inlined, below 100 kB, nothing fetched."""

from __future__ import annotations

from engine.report.blocks import Page
from engine.report.forms.html import laid_out

MAX_BYTES = 100_000


def render_mail(page: Page) -> str:
    """A shorter page for mail programs: what is marked as full is left out."""
    import css_inline

    html = laid_out("mail.html.j2", page=page, short=True)
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False)
    return str(inliner.inline(html))
