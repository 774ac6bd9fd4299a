"""Blocks as one HTML file.

The file is self-contained: inline style, inline SVG, no script, nothing fetched. Autoescape is on
for every template, links pass ``safe_url`` before they get here, and a content security policy
forbids what is not there anyway. ``templates/blocks.html.j2`` has one macro for each kind of block.
"""

from __future__ import annotations

import re
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from engine.report.blocks import Page, folds_only, shown

CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def render_html(page: Page) -> str:
    """The whole page, self-contained."""
    return laid_out("report.html.j2", page=page, short=False)


def inner_html(page: Page, *, short: bool) -> str:
    """The page's parts without a document around them, escaped, for the local page."""
    return laid_out("bare.html.j2", page=page, short=short)


def laid_out(name: str, **values: object) -> str:
    """A template of this package, filled; blank lines taken out."""
    return re.sub(r"\n\s*\n+", "\n", _template(name).render(csp=CSP, **values)).strip() + "\n"


@lru_cache
def _template(name: str) -> Template:
    env = Environment(
        loader=PackageLoader("engine.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals["shown"], env.globals["folds_only"] = shown, folds_only
    return env.get_template(name)
