"""The league table as a page: one picture of scores, intervals and channels, drawn as SVG."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from engine.plain import safe_text
from engine.values import ModelRelease, ThreatRating

SHOWN = 20
_COLOURS = {  # Okabe and Ito's set, told apart by readers with any colour vision
    "substitution": "#D55E00",
    "efficiency": "#0072B2",
    "price_pressure": "#E69F00",
    "setbacks": "#009E73",
}
_LABELS = {
    "substitution": "substitution",
    "efficiency": "efficiency",
    "price_pressure": "price pressure",
    "setbacks": "setbacks",
}
League = Sequence[tuple[ModelRelease, ThreatRating]]


def page(league: League, as_of: datetime) -> str:
    """A whole HTML page without scripts or outside references; equal input, equal bytes."""
    top = [pair for pair in league[:SHOWN] if pair[1].score > 0]
    title = f"Threat ratings known by {as_of:%Y-%m-%d}"
    picture = _picture(top) if top else "<p>No release scores above zero.</p>"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n<style>body{{font-family:sans-serif;max-width:60rem;"
        "margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}"
        "td,th{padding:.2rem .5rem;text-align:left;border-bottom:1px solid #ccc}"
        "svg{max-width:100%;height:auto}</style>\n</head>\n<body>\n"
        f"<h1>{title}</h1>\n<p>Score 0 to 100 from the expected loss of Nvidia's data-centre "
        "revenue over twelve months. Bars show the channels' parts, lines the 5 to 95 % interval."
        f"</p>\n{picture}\n{_table(league)}\n</body>\n</html>\n"
    )


def _table(league: League) -> str:
    rows = "\n".join(
        f"<tr><td>{html.escape(safe_text(release.model, limit=60))}</td>"
        f"<td>{release.released_on.isoformat()}</td><td>{rating.score:.1f}</td>"
        f"<td>{rating.score_low:.0f} to {rating.score_high:.0f}</td>"
        f"<td>{html.escape(safe_text(rating.reasons))}</td></tr>"
        for release, rating in league[:SHOWN]
    )
    head = "<tr><th>Release</th><th>Day</th><th>Score</th><th>5 to 95 %</th><th>Why</th></tr>"
    return f"<table>\n{head}\n{rows}\n</table>"


def _picture(league: League) -> str:
    """Stacked bars of the channels with the score's interval, as an inline SVG element."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "nvsignal", "svg.fonttype": "none"}):
        figure = Figure(figsize=(9, 0.8 + 0.32 * len(league)), layout="constrained")
        FigureCanvasSVG(figure)
        _draw(figure.add_subplot(), league)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    drawing = text[text.index("<svg") :]
    said = 'role="img" aria-label="Scores by channel with their intervals, as in the table"'
    return drawing.replace("<svg", f"<svg {said}", 1)


def _draw(axes: Any, league: League) -> None:
    places = range(len(league))
    left = [0.0] * len(league)
    right = [0.0] * len(league)
    for name, colour in _COLOURS.items():
        parts = [rating.channels[name] for _, rating in league]
        start = [r if part >= 0 else m for part, r, m in zip(parts, right, left, strict=True)]
        axes.barh(places, parts, left=start, color=colour, label=_LABELS[name], height=0.6)
        right = [r + max(p, 0.0) for r, p in zip(right, parts, strict=True)]
        left = [m + min(p, 0.0) for m, p in zip(left, parts, strict=True)]
    for place, (_, rating) in zip(places, league, strict=True):
        axes.plot([rating.score_low, rating.score_high], [place, place], color="#333", linewidth=1)
        axes.plot([rating.score], [place], marker="o", markersize=4, color="#333")
    names = [
        safe_text(f"{release.model}  {release.released_on.isoformat()}", limit=50).replace("$", "")
        for release, _ in league
    ]
    axes.set_yticks(list(places), names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(right=100)
    axes.set_xlabel("score")
    axes.legend(loc="lower right", frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
